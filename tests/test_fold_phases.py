"""Rotations merged across a circuit: counts that are known, symbols, and what must stay."""

from __future__ import annotations

import math

import pytest

from qir.builder import CircuitBuilder
from qir.circuit import Circuit
from qir.journal import Journal
from qir.passes.base import Context
from qir.passes.decompose import Decompose
from qir.passes.fold_phases import FoldPhases
from qir.passes.pauli_regions import count_rotations
from qir.pipeline import run
from qir.verify import equivalent


def folded(circuit: Circuit) -> Circuit:
    journal = Journal()
    after = FoldPhases().run(circuit, Context(journal=journal))
    assert equivalent(circuit, after, journal=journal).verdict == "proved"
    return after


def ladder(controls: int) -> Circuit:
    """Toffoli gates up and down a ladder of clean qubits: a gate with many controls."""
    builder = CircuitBuilder(2 * controls - 1)
    gates = [(0, 1, controls)] + [(k, controls + k - 2, controls + k - 1) for k in range(2, controls)]
    for gate in [*gates, *gates[-2::-1]]:
        builder.append("ccx", gate)
    return Decompose("two").run(builder.build(), Context())


@pytest.mark.parametrize("controls, before, after", [(3, 21, 15), (4, 35, 23), (5, 49, 31)])
def test_known_counts_of_t(controls: int, before: int, after: int) -> None:
    """As Amy, Maslov and Mosca have them for these (arXiv 1303.2042, table 1)."""
    circuit = ladder(controls)
    assert count_rotations(circuit) == before
    result = folded(circuit)
    assert count_rotations(result) == after
    assert int((result.widths == 2).sum()) == int((circuit.widths == 2).sum())
    for level in (2, 3):
        assert count_rotations(run(circuit, Context(level=level))) <= after


def test_a_rotation_that_merged_to_a_clifford_lets_others_pass() -> None:
    # t t = s turns X into Y: between h they are rotations about X.
    builder = CircuitBuilder(2).cx(0, 1).t(1).cx(0, 1).h(0).rz(0.3, 0).h(0).cx(0, 1).t(1).cx(0, 1)
    builder.cx(0, 1).t(1).cx(0, 1).cx(0, 1).t(1).cx(0, 1)
    circuit = builder.build()
    assert count_rotations(folded(circuit)) < count_rotations(circuit)


def test_symbols_merge_and_gates_of_several_rotations_are_split() -> None:
    builder = CircuitBuilder(2).rz("theta", 1).h(0).cx(0, 1).h(0).h(0).cx(0, 1).h(0).rz("theta", 1)
    result = folded(builder.build()).bind({"theta": 0.3})
    assert [float(op.params[0]) for op in result.ops if op.name == "rz"] == [0.6]
    result = folded(CircuitBuilder(2).cp(0.4, 0, 1).h(0).h(0).rzz(0.2, 0, 1).build())
    assert result.count_ops() == {"rz": 2, "h": 2}


def test_full_turns_leave_their_phase() -> None:
    circuit = CircuitBuilder(1).rz(math.pi + 0.2, 0).x(0).rz(-math.pi + 0.2, 0).x(0).build()
    after = folded(circuit)
    assert count_rotations(after) == 0
    assert abs(after.to_unitary() - circuit.to_unitary()).max() < 1e-12


def test_nothing_to_merge_changes_nothing() -> None:
    circuit = CircuitBuilder(2).t(0).h(0).t(0).cx(0, 1).t(1).build()
    assert FoldPhases().run(circuit, Context()) is circuit
