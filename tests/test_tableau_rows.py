"""Clifford circuits row by row, in bulk, and on a statevector."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qir.simulator
from qir.affine import outcomes
from qir.builder import CircuitBuilder
from qir.circuit import Circuit, Extra
from qir.clifford_rows import row_moves
from qir.execution import Leaf, Rows, leaves
from qir.simulator import simulate
from qir.tableau import MOVES, Tableau, clifford_moves

FIXED = {"h": 1, "s": 1, "sdg": 1, "x": 1, "y": 1, "z": 1, "sx": 1, "cx": 2, "cy": 2, "cz": 2, "swap": 2, "ecr": 2}
TURNED = {"rz": 1, "ry": 1, "rx": 1, "p": 1, "rzz": 2, "rxx": 2}


def clifford(seed: int, n: int, count: int) -> Circuit:
    rng = np.random.default_rng(seed)
    builder = CircuitBuilder(n)
    names = [*FIXED, *TURNED]
    for _ in range(count):
        name = names[int(rng.integers(len(names)))]
        size = FIXED.get(name) or TURNED[name]
        angles = [] if name in FIXED else [int(rng.integers(-4, 5)) * np.pi / 2]
        builder.append(name, rng.permutation(n)[:size].tolist(), angles)
        if rng.random() < 0.05:
            builder.append("x", rng.permutation(n)[:2].tolist(), extra=Extra(controls="0"))
    return builder.build()


def tableau(circuit: Circuit) -> Tableau:
    state = Tableau(circuit.num_qubits)
    for item in leaves(circuit):
        assert isinstance(item, Leaf)
        moves = clifford_moves(item.name, item.angles, item.qubits, item.controls, item.power)
        assert moves is not None
        state.apply(moves)
    return state


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(2, 7), st.integers(1, 60))
def test_outcomes_are_those_of_the_statevector(seed: int, n: int, count: int) -> None:
    circuit = clifford(seed, n, count)
    vector = simulate(circuit).statevector
    assert vector is not None
    space = outcomes(*tableau(circuit).rows(n, 2 * n))
    points = {
        int("".join(map(str, ((np.array(list(f"{k:0{max(len(space.basis), 1)}b}"), int)[: len(space.basis)] @ space.basis
                               + space.base) % 2)[::-1])), 2)
        for k in range(2 ** len(space.basis))
    }  # fmt: skip
    assert points == set(np.flatnonzero(np.abs(vector) > 1e-9).tolist())
    assert np.allclose(np.abs(vector[list(points)]) ** 2, 2.0 ** -len(space.basis))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(2, 9), st.integers(1, 80))
def test_rows_in_bulk_are_the_rows_one_by_one(seed: int, n: int, count: int) -> None:
    circuit = clifford(seed, n, count)
    bulk = Tableau(n)
    for item in leaves(circuit, rows=True):
        if isinstance(item, Rows):
            moves = row_moves(item)
            assert moves is not None
            bulk.apply_numbered(moves.kinds.tolist(), moves.first.tolist(), moves.second.tolist())
        else:
            assert isinstance(item, Leaf)
            found = clifford_moves(item.name, item.angles, item.qubits, item.controls, item.power)
            assert found is not None
            bulk.apply(found)
    single = tableau(circuit)
    assert (bulk.x, bulk.z, bulk.sign & (1 << 2 * n) - 1) == (single.x, single.z, single.sign & (1 << 2 * n) - 1)


def test_other_gates_are_seen_in_bulk() -> None:
    builder = CircuitBuilder(2)
    for _ in range(10):
        builder.h(0).rz(0.3, 1)
    (item,) = leaves(builder.build(), rows=True)
    assert isinstance(item, Rows)
    assert row_moves(item) is None


def test_samples_of_a_space_are_spread_evenly() -> None:
    rng = np.random.default_rng(0)
    circuit = clifford(5, 70, 700)
    space = outcomes(*tableau(circuit).rows(70, 140))
    found = space.sample(4000, rng)
    assert found.shape == (4000, 70)
    moving = space.basis.any(axis=0)
    assert (found[:, ~moving] == space.base[~moving]).all()
    assert np.abs(found[:, moving].mean(axis=0) - 0.5).max() < 0.05


@pytest.mark.parametrize("seed", range(4))
def test_expectations_agree(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = clifford(seed, 6, 40)
    rng = np.random.default_rng(seed)
    observables = ["".join(rng.choice(list("IXYZ"), 6)) for _ in range(20)] + ["ZIIIII", "IIIIIZ", "ZZZZZZ"]
    dense = simulate(circuit, observables=observables)
    monkeypatch.setattr(qir.simulator, "_SMALL", 0)
    flat = simulate(circuit, observables=observables)
    assert (dense.method, flat.method) == ("statevector", "stabilizer")
    assert np.allclose(dense.expectation_values, flat.expectation_values)


def test_unknown_moves_are_refused() -> None:
    with pytest.raises(ValueError, match="does not know t"):
        Tableau(1).apply([("t", (0,))])
    assert len(MOVES) == 9
