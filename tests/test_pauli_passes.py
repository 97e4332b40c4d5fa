"""The passes that see a circuit as Pauli rotations and a Clifford keep its unitary, phase included."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qir.builder import CircuitBuilder
from qir.circuit import Circuit
from qir.clifford_phase import phase
from qir.gates import GATES
from qir.journal import Journal
from qir.limits import Limits
from qir.passes.base import Context
from qir.passes.elide import ElideSwaps
from qir.passes.pauli_form import extract
from qir.passes.pauli_merge import merge_rotations
from qir.passes.pauli_simplify import SimplifyPaulis, two_qubit_cost
from qir.symplectic import LETTERS, TQE_CODE, TQE_PAULIS, Planes
from qir.verify import equivalent

ANGLES = st.sampled_from([0.3, -1.1, math.pi / 4, math.pi / 2, -math.pi / 2, math.pi, 7 * math.pi / 2, 0.25, 0.5])
FEW = ("h", "s", "t", "cx", "cx", "cz", "rz", "ccx", "rzz")
ALL = tuple(name for name in GATES if name not in ("cu", "gphase"))


@st.composite
def circuits(draw: st.DrawFn, names: tuple[str, ...] = FEW, max_qubits: int = 5, max_gates: int = 30) -> Circuit:
    n = draw(st.integers(1, max_qubits))
    builder = CircuitBuilder(n)
    fitting = [name for name in names if GATES[name].num_qubits <= n]
    for _ in range(draw(st.integers(0, max_gates))):
        gate = GATES[draw(st.sampled_from(fitting))]
        qubits = draw(st.permutations(range(n)))[: gate.num_qubits]
        builder.append(gate.name, qubits, [draw(ANGLES) for _ in range(gate.num_params)])
    return builder.build()


def matrix(circuit: Circuit) -> npt.NDArray[np.complexfloating]:
    """The unitary with outputs where `layout.final` says they are."""
    n = circuit.num_qubits
    result = circuit.to_unitary()
    if circuit.layout is not None:
        index = np.zeros(2**n, np.int64)
        for q, w in enumerate(circuit.layout.final):
            index |= ((np.arange(2**n) >> q) & 1) << w
        result = result[index]
    return result


@settings(max_examples=120, deadline=None)
@given(circuits(ALL), st.integers(1, 9))
def test_simplified_circuits_have_the_same_unitary(circuit: Circuit, trials: int) -> None:
    after = SimplifyPaulis(trials=trials).run(circuit, Context(seed=trials))
    np.testing.assert_allclose(matrix(after), matrix(circuit), atol=1e-9)
    elided = ElideSwaps().run(after, Context())
    np.testing.assert_allclose(matrix(elided), matrix(circuit), atol=1e-9)


@st.composite
def measured(draw: st.DrawFn) -> Circuit:
    """Gates, some measurements or a reset, perhaps more gates, a last measurement."""
    n = draw(st.integers(2, 4))
    builder = CircuitBuilder(n, n)

    def gates(most: int) -> None:
        for _ in range(draw(st.integers(0, most))):
            gate = GATES[draw(st.sampled_from(("h", "t", "cx", "cx", "cz", "rx", "rzz", "ccx")))]
            if gate.num_qubits <= n:
                qubits = draw(st.permutations(range(n)))[: gate.num_qubits]
                builder.append(gate.name, qubits, [draw(ANGLES) for _ in range(gate.num_params)])

    gates(20)
    for q in draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True)):
        builder.measure(q, q)
    if draw(st.booleans()):
        if draw(st.booleans()):
            builder.reset(draw(st.integers(0, n - 1)))
        gates(8)
        builder.measure(draw(st.integers(0, n - 1)), 0)
    return builder.build()


@settings(max_examples=80, deadline=None)
@given(measured())
def test_what_no_measurement_sees_goes_and_the_journal_proves_it(circuit: Circuit) -> None:
    journal = Journal()
    after = SimplifyPaulis(trials=3).run(circuit, Context(journal=journal))
    found = equivalent(circuit, after, journal=journal, limits=Limits(exact_work=0))
    assert found.verdict == "proved"
    assert found.method == "rewrites" or not journal.steps, found.detail
    assert equivalent(circuit, after).verdict == "proved"


@settings(max_examples=60, deadline=None)
@given(circuits(max_gates=20), st.integers(0, 8))
def test_two_qubit_gates_never_grow_and_runs_are_repeatable(circuit: Circuit, trials: int) -> None:
    rows = range(len(circuit.columns))
    step = SimplifyPaulis(trials=trials)
    after = step.run(circuit, Context())
    assert two_qubit_cost(after, range(len(after.columns))) <= two_qubit_cost(circuit, rows)
    assert step.run(circuit, Context()) == after


def test_symbolic_angles_go_through() -> None:
    builder = CircuitBuilder(3)
    builder.cx(0, 1).rz("a", 1).cx(0, 1).h(2).cx(1, 2).rx("b", 2).cx(1, 2).cx(0, 1).rz("a", 1).cx(0, 1).cp("b", 0, 2)
    circuit = builder.build()
    after = SimplifyPaulis(trials=3).run(circuit, Context())
    assert after.parameters == ("a", "b")
    assert two_qubit_cost(after, range(len(after.columns))) == 2
    values = {"a": 0.37, "b": -1.2}
    np.testing.assert_allclose(matrix(after.bind(values)), matrix(circuit.bind(values)), atol=1e-9)


@settings(max_examples=80, deadline=None)
@given(circuits(max_gates=40))
def test_merging_leaves_no_equal_neighbours(circuit: Circuit) -> None:
    """Two rotations about one Pauli are merged unless one between them anticommutes with it."""
    form = extract(circuit, range(len(circuit.columns)))
    merge_rotations(form)
    left = form.rotations
    for i, r in enumerate(left):
        for s in left[i + 1 :]:
            assert (r.x, r.z) != (s.x, s.z)
            if ((r.x & s.z).bit_count() + (r.z & s.x).bit_count()) & 1:
                break


def test_the_gate_count_of_an_adder_like_uncomputation() -> None:
    """A Toffoli and its inverse around a controlled gate share their phases: 16 rotations are left of 21."""
    circuit = CircuitBuilder(5).ccx(0, 1, 3).ccx(2, 3, 4).ccx(0, 1, 3).build()
    form = extract(circuit, range(3))
    merge_rotations(form)
    assert len(form.rotations) == 15
    after = ElideSwaps().run(SimplifyPaulis(trials=8).run(circuit, Context()), Context())
    assert two_qubit_cost(after, range(len(after.columns))) <= 14
    np.testing.assert_allclose(matrix(after), matrix(circuit), atol=1e-9)


@given(st.lists(st.tuples(st.integers(0, 31), st.integers(0, 31), st.integers(0, 1)), min_size=1, max_size=6))
def test_planes_hold_strings(rows: list[tuple[int, int, int]]) -> None:
    planes = Planes.of(rows, 5)
    assert planes.strings(len(rows)) == rows
    for x, z, _ in rows:
        clash = planes.clash(x, z)
        for j, (u, v, _) in enumerate(rows):
            assert clash >> j & 1 == ((x & v).bit_count() + (z & u).bit_count()) & 1


PAULI = (np.eye(2), np.array([[0, 1], [1, 0]]), np.diag([1, -1]), np.array([[0, -1j], [1j, 0]]))


@pytest.mark.parametrize("number", range(9))
def test_entangling_gates_conjugate_pairs_of_letters_as_tabled(number: int) -> None:
    """In the table of letters and in the bit planes alike."""
    p, q = TQE_PAULIS[number]
    one = np.eye(4)
    left, right = np.kron(PAULI[0], PAULI[p]), np.kron(PAULI[q], PAULI[0])
    gate = one - (one - left) @ (one - right) / 2
    strings = [(a & 1 | (b & 1) << 1, a >> 1 | (b >> 1) << 1, 0) for a in range(4) for b in range(4)]
    planes = Planes.of(strings, 2)
    planes.tqe(p, q, 0, 1)
    for code in range(16):
        a, b = divmod(code, 4)
        c, d = divmod(TQE_CODE[number][code], 4)
        sign = -1 if planes.sign >> code & 1 else 1
        np.testing.assert_allclose(gate @ np.kron(PAULI[b], PAULI[a]) @ gate, sign * np.kron(PAULI[d], PAULI[c]), atol=1e-12)
        assert (planes.letter(0, code), planes.letter(1, code)) == (c, d)


def test_letters_are_in_the_order_of_their_bits() -> None:
    assert LETTERS == "IXZY"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["h", "cx", "cz", "swap", "X", "YZ", "ZXY"]), st.permutations(range(3)),
                          st.integers(1, 3)), max_size=25))  # fmt: skip
def test_the_phase_of_a_clifford_and_its_inverse(steps: list[tuple[str, list[int], int]]) -> None:
    """A product with its inverse, written with other gates, is a phase: the one the matrix has."""
    builder, gates = CircuitBuilder(3), []

    def add(name: str, qubits: tuple[int, ...], turns: int = 0) -> None:
        gates.append((name, qubits, turns))
        if turns:
            builder.pauliexp(name[::-1], turns * math.pi / 2, *qubits)
        else:
            builder.append(name, qubits)

    written = []
    for name, order, turns in steps:
        width = {"h": 1, "cx": 2, "cz": 2, "swap": 2}.get(name, len(name))
        written.append((name, tuple(order[:width]), 0 if name in ("h", "cx", "cz", "swap") else turns))
    for gate in written:
        add(*gate)
    for name, qubits, turns in reversed(written):
        if name == "h":
            for letter in "ZXZ":
                add(letter, qubits, 1)
        elif name == "swap":
            for pair in (qubits, qubits[::-1], qubits):
                add("cx", pair)
        elif name in ("cx", "cz"):
            add("h", qubits[1:])
            add("cz" if name == "cx" else "cx", qubits)
            add("h", qubits[1:])
        else:
            add(name, qubits, 4 - turns)
    unitary = builder.build().to_unitary()
    np.testing.assert_allclose(unitary, np.exp(1j * phase(gates, 3)) * np.eye(8), atol=1e-9)
