"""Fused passes over a statevector do what the gates do one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qir import dense, fusion
from qir.builder import CircuitBuilder
from qir.circuit import Extra
from qir.gates import GATES
from qir.simulator import simulate

SINGLE = ["h", "x", "t", "sx", "rz", "ry", "U"]
DOUBLE = ["cx", "cz", "cp", "rzz", "swap", "ecr", "rxx"]
TRIPLE = ["ccx", "ccz", "cswap"]


def random_gates(rng: np.random.Generator, n: int, count: int) -> list[fusion.Gate]:
    gates = []
    for _ in range(count):
        names = [SINGLE, DOUBLE, DOUBLE, TRIPLE][int(rng.integers(4))]
        row = GATES[names[int(rng.integers(len(names)))]]
        matrix = row.matrix(*(np.array([v]) for v in rng.uniform(-3, 3, row.num_params)))[0]
        gates.append((matrix, tuple(rng.permutation(n)[: row.num_qubits].tolist())))
    return gates


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(3, 12), st.integers(1, 60), st.integers(1, 5), st.sampled_from([1, 2, 3]))
def test_steps_are_the_gates_in_order(seed: int, n: int, count: int, width: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    gates = random_gates(rng, n, count)
    state = rng.normal(size=(2**n, columns)) + 1j * rng.normal(size=(2**n, columns))
    expected = state
    for matrix, qubits in gates:
        expected = dense.apply(expected, matrix, qubits, n)
    found = fusion.run(state.copy(), fusion.plan(gates, width))
    assert np.allclose(found, expected, atol=1e-10)


def test_gates_apart_may_share_a_pass() -> None:
    h, cz, t = GATES["h"].matrix()[0], GATES["cz"].matrix()[0], GATES["t"].matrix()[0]
    layer: list[fusion.Gate] = [(h, (q,)) for q in range(12)]
    assert len(fusion.plan(layer)) == 3
    phases: list[fusion.Gate] = [(cz, (a, b)) for a in range(12) for b in range(a)] + [(t, (q,)) for q in range(12)]
    assert len(fusion.plan(phases)) == 1
    assert len(fusion.plan(layer + phases + layer)) <= 7


def test_a_fourier_transform_takes_few_passes() -> None:
    gates: list[fusion.Gate] = []
    for q in reversed(range(16)):
        gates.append((GATES["h"].matrix()[0], (q,)))
        gates += [(GATES["cp"].matrix(np.array([0.1 * (q - t)]))[0], (t, q)) for t in range(q)]
    steps = fusion.plan(gates)
    assert len(steps) <= 10
    assert sum(isinstance(s, fusion.Dense) for s in steps) == 4


def test_swaps_only_rename() -> None:
    swap, h = GATES["swap"].matrix()[0], GATES["h"].matrix()[0]
    there_and_back: list[fusion.Gate] = [(swap, (0, 5)), (swap, (5, 3)), (h, (3,)), (swap, (3, 5)), (swap, (5, 0))]
    assert [type(s) for s in fusion.plan(there_and_back)] == [fusion.Dense]


def test_wires_that_only_control_are_no_part_of_the_matrix() -> None:
    (step,) = fusion.plan([(GATES["ccx"].matrix()[0], (7, 2, 4))])
    assert isinstance(step, fusion.Dense)
    assert step.qubits == (4,)
    assert sorted(step.controls) == [(2, 1), (7, 1)]


# -- the same through the simulator ---------------------------------------------------------------


@pytest.mark.parametrize("controls", ["1" * 7, "0110101", "1" * 12])
def test_many_controls(controls: str) -> None:
    n = len(controls) + 1
    builder = CircuitBuilder(n)
    for q in range(n):
        builder.ry(0.3 + 0.1 * q, q)
    builder.append("ry", list(range(n)), [0.7], extra=Extra(controls=controls))
    builder.append("p", list(range(n)), [0.9], extra=Extra(controls=controls))
    found = simulate(builder.build()).statevector
    assert found is not None
    expected: Any = np.array([1.0])
    for q in range(n):
        expected = np.kron([np.cos((0.3 + 0.1 * q) / 2), np.sin((0.3 + 0.1 * q) / 2)], expected)
    low = int(controls[::-1], 2)
    zero, one = low, low + 2 ** (n - 1)
    a, b, c, s = expected[zero], expected[one], np.cos(0.35), np.sin(0.35)
    expected = expected.astype(complex)
    expected[zero], expected[one] = c * a - s * b, np.exp(0.9j) * (s * a + c * b)
    assert np.allclose(found, expected)


@pytest.mark.parametrize("paulis", ["XYZZYXXIZY", "ZZIIIIIIIIIZ", "IIIIIIIIII"])
@pytest.mark.parametrize("controls", ["", "10"])
def test_wide_pauli_exponentials(paulis: str, controls: str) -> None:
    k = len(controls)
    n = len(paulis) + k
    builder = CircuitBuilder(n)
    rng = np.random.default_rng(3)
    for q in range(n):
        builder.u(*rng.uniform(-3, 3, 3).tolist(), q)
    before = simulate(builder.build()).statevector
    builder.append("pauliexp", list(range(n)), [0.8], extra=Extra(payload=paulis, controls=controls))
    found = simulate(builder.build()).statevector
    assert before is not None
    state: Any = before.reshape(-1, 1)
    for q, letter in enumerate(reversed(paulis)):
        state = dense.apply(state, dense.pauli_matrix(letter), (q + k,), n)
    turned = np.cos(0.4) * before - 1j * np.sin(0.4) * state[:, 0]
    held = np.arange(2**n) & (2**k - 1) == (int(controls[::-1], 2) if controls else 0)
    assert found is not None
    assert np.allclose(found, np.where(held, turned, before))
