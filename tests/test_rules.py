"""Every decomposition is its gate, global phase included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qir.builder import CircuitBuilder
from qir.gates import GATES, Row
from qir.passes.controls import controlled_phase, controlled_rotation, controlled_x
from qir.passes.rewrite import Rule
from qir.passes.rules import SYMBOLIC, TO_RZZ, TO_TWO

RULES: list[tuple[str, str, Rule]] = [
    (table, name, rule)
    for table, rules in (("two", TO_TWO), ("rzz", TO_RZZ), ("symbolic", SYMBOLIC))
    for name, rule in rules.items()
]


def unitary(rows: object, num_qubits: int) -> np.ndarray:
    builder = CircuitBuilder(num_qubits)
    for name, angles, wires in rows:  # type: ignore[attr-defined]
        builder.append(name, wires, angles)
    return builder.build().to_unitary()


@pytest.mark.parametrize("table, name, rule", RULES, ids=[f"{t}-{n}" for t, n, _ in RULES])
@pytest.mark.parametrize("seed", [0, 1])
def test_rule(table: str, name: str, rule: Rule, seed: int) -> None:
    gate = GATES[name]
    angles = np.random.default_rng(seed).uniform(-3, 3, gate.num_params).tolist()
    wanted = gate.matrix(*(np.array([a]) for a in angles))[0]
    assert np.allclose(unitary(rule(*angles), gate.num_qubits), wanted, atol=1e-12)


@pytest.mark.parametrize("table", [TO_RZZ, SYMBOLIC])
def test_rules_end(table: Mapping[str, Rule]) -> None:
    """Applied again and again, the rules of a table leave nothing they apply to."""
    for name in table:
        rows: list[Row] = [(name, (0.3,) * GATES[name].num_params, tuple(range(GATES[name].num_qubits)))]
        for _ in range(8):
            rows = [line for row in rows for line in _once(table, row)]
        assert all(row[0] in _BASE or row[0] not in table for row in rows)


_BASE = {"rx", "ry"}


def _once(table: Mapping[str, Rule], row: Row) -> Sequence[Row]:
    return table[row[0]](*row[1]) if row[0] in table and row[0] not in _BASE else [row]


SIZES = sorted({(k, min(spare, 8 - k)) for k in range(8) for spare in range(4)})
"""Controls and spare qubits, every case once."""


@pytest.mark.parametrize("k, spare", SIZES)
def test_multi_controlled_gates(k: int, spare: int) -> None:
    check_multi_controlled(k, spare, 2.3 - k - 0.7 * spare)


@given(size=st.sampled_from([(k, spare) for k, spare in SIZES if k + spare < 6]), theta=st.floats(-6, 6))
@settings(max_examples=40, deadline=None)
def test_multi_controlled_gates_of_any_angle(size: tuple[int, int], theta: float) -> None:
    check_multi_controlled(*size, theta)


def check_multi_controlled(k: int, spare: int, theta: float) -> None:
    n = k + 1 + spare
    controls, target, free = list(range(k)), k, list(range(k + 1, n))
    index = np.arange(2**n)
    active = (index & (2**k - 1)) == 2**k - 1
    bit = index >> k & 1
    flipped = np.eye(2**n)[np.where(active, index ^ (1 << k), index)]
    assert np.allclose(unitary(controlled_x(controls, target, free), n), flipped)
    phase = np.where(active & (bit == 1), np.exp(1j * theta), 1)
    assert np.allclose(unitary(controlled_phase(theta, [*controls, target], free), n), np.diag(phase))
    turn = np.where(active, np.exp(0.5j * theta * (2 * bit - 1)), 1)
    assert np.allclose(unitary(controlled_rotation(theta, controls, target, free), n), np.diag(turn))


@pytest.mark.parametrize("k", range(3, 12))
def test_counts_of_multi_controlled_gates(k: int) -> None:
    """In two-qubit gates: quadratic without borrowed wires, linear with one, and less with k - 2."""
    controls, target = list(range(k)), k
    most = {0: 2 * k * k, 1: 12 * k - 23, k - 2: 12 * k - 24}
    for spare, count in most.items():
        if k > 4 or not spare:
            assert _cost(controlled_x(controls, target, list(range(k + 1, k + 1 + spare)))) <= count
    assert _cost(controlled_phase(0.3, [*controls, target], ())) <= 2 * k * k
    assert _cost(controlled_rotation(0.3, controls, target, ())) <= (2**k if k < 5 else 24 * k)


def _cost(rows: Sequence[Row]) -> int:
    return sum({"ccx": 6, "rccx": 3}.get(name, int(len(wires) == 2)) for name, _, wires in rows)
