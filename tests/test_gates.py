"""The gate table, walked: every fact of a row is held against its matrix."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qir.builder import CircuitBuilder
from qir.dense import apply, pauli_matrix
from qir.gates import ALIASES, GATES, STDGATES, Gate, controlled, gate, opcode
from qir.params import Angle

ROWS = list(GATES.values())
PAULI = {
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]).astype(complex),
}
angles = st.floats(-7, 7, allow_nan=False)


def matrix(row: Gate, params: list[float]) -> Any:
    return row.matrix(*[np.array([p]) for p in params])[0]


def from_definition(name: str, params: tuple[Any, ...]) -> Any:
    """A gate's matrix from `U`, `gphase` and `ctrl` alone."""
    controls = 0
    while name.startswith("ctrl "):
        name, controls = name[5:], controls + 1
    row = GATES[name]
    if row.define is None:
        result = matrix(row, [float(p) for p in params])
    else:
        result = np.eye(2**row.num_qubits, dtype=complex)
        for inner, inner_params, qubits in row.define(*params):
            result = apply(result, from_definition(inner, inner_params), qubits, row.num_qubits)
    return controlled(result[None], "1" * controls)[0] if controls else result


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
@settings(max_examples=20)
@given(data=st.data())
def test_row_is_consistent(row: Gate, data: st.DataObject) -> None:
    params = data.draw(st.lists(angles, min_size=row.num_params, max_size=row.num_params))
    u = matrix(row, params)
    size = 2**row.num_qubits
    assert u.shape == (size, size)
    np.testing.assert_allclose(u @ u.conj().T, np.eye(size), atol=1e-9)
    inverse = GATES[row.inverse]
    np.testing.assert_allclose(matrix(inverse, list(row.invert(*params))) @ u, np.eye(size), atol=1e-9)
    if row.define is not None:
        np.testing.assert_allclose(from_definition(row.name, tuple(params)), u, atol=1e-9)
    if row.symmetric:
        order = [0, 2, 1, 3] if row.num_qubits == 2 else [0, 2, 1, 3, 4, 6, 5, 7]
        np.testing.assert_allclose(u[np.ix_(order, order)], u, atol=1e-9)
    for operand, letter in enumerate(row.basis):
        if letter == "-":
            continue
        full = np.eye(1)
        for k in range(row.num_qubits):
            full = np.kron(PAULI[letter] if k == operand else np.eye(2), full)
        np.testing.assert_allclose(full @ u, u @ full, atol=1e-9)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_bases_are_complete_and_cliffords_are_cliffords(row: Gate) -> None:
    rng = np.random.default_rng(1)
    params = list(rng.uniform(0.3, 1.2, row.num_params))
    u = matrix(row, params)
    strings = []
    for operand in range(row.num_qubits):
        for letter, pauli in PAULI.items():
            full = np.eye(1)
            for k in range(row.num_qubits):
                full = np.kron(pauli if k == operand else np.eye(2), full)
            if row.basis[operand] == "-":
                assert not np.allclose(full @ u, u @ full), f"{row.name} commutes with {letter} on operand {operand}"
            strings.append(u @ full @ u.conj().T)
    if row.num_params == 0 and row.num_qubits:
        basis = [pauli_matrix("".join(p)) for p in itertools.product("IXYZ", repeat=row.num_qubits)]
        weights = [[abs(np.trace(b @ s)) / len(s) for b in basis] for s in strings]
        assert all(np.isclose(max(w), 1) for w in weights) == row.clifford


def test_definitions_take_symbolic_angles() -> None:
    for row in ROWS:
        if row.define is not None:
            rows = row.define(*(Angle(0.0, ((a.terms[0]),)) for a in _symbols(row.num_params)))
            assert all(isinstance(p, (Angle, float)) for _, params, _ in rows for p in params)


def _symbols(count: int) -> list[Angle]:
    from qir.params import angle

    return [angle(f"p{i}") for i in range(count)]


def test_names_are_unique_and_aliases_resolve() -> None:
    assert not set(ALIASES) & set(GATES)
    for name, meaning in ALIASES.items():
        assert gate(name) is GATES[meaning]
        assert opcode(name) == list(GATES).index(meaning)
    assert len(STDGATES - {"U", "gphase"}) == 32


def test_every_gate_is_a_builder_method() -> None:
    for row in ROWS:
        builder = CircuitBuilder(max(1, row.num_qubits))
        getattr(builder, row.name)(*([0.25] * row.num_params), *range(row.num_qubits))
        circuit = builder.build()
        if row.name == "gphase":
            assert circuit.global_phase == Angle(0.25)
        else:
            assert [op.name for op in circuit.ops] == [row.name]


QISKIT = {
    "x": "XGate", "cx": "CXGate", "ccx": "CCXGate", "rz": "RZGate", "rxx": "RXXGate", "cu": "CUGate", "ecr": "ECRGate",
    "iswap": "iSwapGate", "csx": "CSXGate", "rccx": "RCCXGate", "sxdg": "SXdgGate", "cu3": "CU3Gate", "rzx": "RZXGate",
    "dcx": "DCXGate", "r": "RGate", "cswap": "CSwapGate", "ch": "CHGate", "u": "UGate", "xx_plus_yy": "XXPlusYYGate",
}  # fmt: skip


@pytest.mark.parametrize("name", QISKIT)
def test_matrices_agree_with_qiskit(name: str) -> None:
    library = pytest.importorskip("qiskit.circuit.library")
    row = GATES[name]
    params = [0.3, 0.5, 0.7, 0.9][: row.num_params]
    theirs = getattr(library, QISKIT[name])(*params).to_matrix()
    np.testing.assert_allclose(matrix(row, params), theirs, atol=1e-12)
