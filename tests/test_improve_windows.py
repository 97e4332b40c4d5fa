"""Numerical search on windows: the fit, the windows, and what it reaches."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qir.builder import CircuitBuilder
from qir.circuit import Circuit
from qir.instantiate import build, fit, pairs, random_angles
from qir.journal import Journal
from qir.passes.base import Context
from qir.passes.decompose import Decompose
from qir.passes.fuse import Fuse
from qir.passes.improve_windows import ImproveWindows
from qir.passes.windows import contracted, find_windows
from qir.verify import equivalent


def solutions(circuit: Circuit, rzz: int, starts: int = 2) -> int:
    """How many runs over all shapes of so many rzz end at a three-qubit circuit's unitary."""
    shapes = np.repeat(np.array(list(product(range(3), repeat=rzz))), starts, axis=0)
    targets = np.broadcast_to(circuit.to_unitary(), (len(shapes), 8, 8))
    start = random_angles(shapes, 3, np.random.default_rng(1))
    solved, angles = fit(targets, shapes, start)
    overlap = np.abs(np.einsum("nij,nij->n", build(shapes[solved], angles.take(solved)).conj(), targets[solved])) / 8
    assert (overlap > 1 - 1e-14).all()
    return int(solved.sum())


def test_toffoli_takes_five_and_fredkin_six() -> None:
    toffoli = CircuitBuilder(3).append("ccx", [0, 1, 2]).build()
    assert solutions(toffoli, 4) == 0  # as Yu, Duan and Ying prove (arXiv 1301.3372)
    assert solutions(toffoli, 5, starts=1) > 0
    fredkin = CircuitBuilder(3).append("cswap", [0, 1, 2]).build()
    assert solutions(fredkin, 5, starts=1) == 0
    assert solutions(fredkin, 6, starts=1) > 0


@given(seed=st.integers(0, 10**6), qubits=st.integers(2, 4), size=st.integers(0, 4))
@settings(max_examples=10, deadline=None)
def test_a_circuit_is_found_in_its_own_shape(seed: int, qubits: int, size: int) -> None:
    random = np.random.default_rng(seed)
    shapes = np.repeat(random.integers(0, len(pairs(qubits)), (1, size)), 24, axis=0)
    targets = np.repeat(build(shapes[:1], random_angles(shapes[:1], qubits, random)), 24, axis=0)
    solved, angles = fit(targets, shapes, random_angles(shapes, qubits, random))
    assert solved.any()
    found = build(shapes[solved], angles.take(solved))[0]
    assert abs(abs(np.vdot(found, targets[0])) / 2**qubits - 1) < 1e-13


def test_eleven_rzz_make_any_three_qubit_unitary() -> None:
    random = np.random.default_rng(5)
    unitary, _ = np.linalg.qr(random.normal(size=(8, 8)) + 1j * random.normal(size=(8, 8)))
    shapes = np.tile(np.arange(11) % 3, (8, 1))
    solved, _ = fit(np.tile(unitary, (8, 1, 1)), shapes, random_angles(shapes, 3, random), rounds=120)
    assert solved.any()


# -- windows ----------------------------------------------------------------------------------------


def rzz_circuit(num_qubits: int, *legs: tuple[int, int]) -> Circuit:
    builder = CircuitBuilder(num_qubits)
    for a, b in legs:
        builder.rzz(0.3, a, b).rx(0.2, a)
    return builder.build()


def rows_of(circuit: Circuit, width: int = 3, most: int = 12) -> list[tuple[tuple[int, ...], int]]:
    return sorted((w.wires, len(w.rows)) for w in find_windows(circuit, width, most))


def test_windows_reach_as_far_as_their_wires_are_free() -> None:
    circuit = rzz_circuit(4, (0, 1), (1, 2), (0, 1), (2, 3), (0, 1), (1, 2))
    # Of 0, 1, 2 the gate on 2 and 3 takes wire 2; the last gate on 0 and 1 is still free.
    assert ((0, 1, 2), 4) in rows_of(circuit)
    assert rows_of(circuit, most=2)[0] == ((0, 1, 2), 2)
    assert rows_of(circuit, width=4) == [((0, 1, 2, 3), 6)]
    assert rows_of(circuit, width=5) == []


def test_a_window_does_not_close_around_what_depends_on_it() -> None:
    # 0-1, then 1-3, then 3-2: what follows on 1 and 2 depends on the first through wire 3.
    circuit = rzz_circuit(4, (0, 1), (1, 3), (3, 2), (1, 2), (0, 2))
    assert all(len(w.rows) == 2 for w in find_windows(circuit, 3, 12) if w.wires == (0, 1, 2))


def test_windows_between_each_other_are_not_replaced_together() -> None:
    circuit = CircuitBuilder(4).rzz(1, 0, 1).rzz(1, 2, 3).rzz(1, 1, 2).rzz(1, 0, 3).build()
    # The first comes before the third on wire 1, the second before the last on wire 3.
    assert contracted(circuit, [[0, 3], [1, 2]]) is None
    labels = contracted(circuit, [[0, 2]])
    assert labels is not None
    assert labels[0] == labels[2] > labels[1]
    assert labels[3] > labels[0]


# -- the pass ---------------------------------------------------------------------------------------


def rzz_count(circuit: Circuit) -> int:
    return int((circuit.widths == 2).sum())


def test_parity_networks_shrink() -> None:
    builder = CircuitBuilder(3)
    for a, b in ((0, 1), (1, 2), (0, 1), (1, 2)):  # a cx from 0 to 2
        builder.cx(a, b)
    before = Fuse().run(Decompose("rzz").run(builder.build(), Context()), Context())
    journal = Journal()
    after = ImproveWindows().run(before, Context(journal=journal))
    assert rzz_count(after) == 1
    assert equivalent(before, after, journal=journal).verdict == "proved"


@pytest.mark.parametrize("width", [3, 4])
def test_any_length_on_three_or_four_qubits(width: int) -> None:
    random = np.random.default_rng(3)
    builder = CircuitBuilder(width)
    for _ in range(14 if width == 3 else 5):
        a, b = random.choice(width, 2, replace=False).tolist()
        for q in range(width):
            builder.u(*random.uniform(-3, 3, 3).tolist(), q)
        builder.rzz(float(random.uniform(-3, 3)), a, b)
    before = Fuse().run(builder.build(), Context())
    after = ImproveWindows(stages=((width, 0),)).run(before, Context())
    assert rzz_count(after) <= min(rzz_count(before), 11 if width == 3 else 5)
    assert equivalent(before, after).verdict == "proved"


def test_work_bounds_the_search() -> None:
    circuit = rzz_circuit(3, *[(0, 1), (1, 2)] * 4)
    assert ImproveWindows(work=0).run(circuit, Context()) is circuit
    seen: list[tuple[int, int]] = []
    ImproveWindows(work=50).run(circuit, Context(progress=lambda done, total: seen.append((done, total))))
    assert seen
    assert all(0 < done <= total <= 50 for done, total in seen)


def test_quarter_turns_stay_quarter_turns() -> None:
    builder = CircuitBuilder(3)
    for _ in range(2):
        for a, b in ((0, 1), (1, 2), (0, 1), (1, 2)):
            builder.cx(a, b).t(b)
    before = Fuse().run(Decompose("rzz").run(builder.rzz(0.3, 0, 1).build(), Context()), Context())
    after = ImproveWindows(quarter=True).run(before, Context())
    assert rzz_count(after) < rzz_count(before)
    angles = sorted(abs(float(op.params[0])) for op in after.ops if op.name == "rzz")
    assert angles[0] == 0.3
    assert np.allclose(angles[1:], np.pi / 2)
    assert equivalent(before, after).verdict == "proved"
