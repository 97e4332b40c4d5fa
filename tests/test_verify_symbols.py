"""Circuits with symbolic angles are proved for all values of their symbols, and faults in them refuted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qir.builder import CircuitBuilder
from qir.circuit import Circuit
from qir.gates import GATES
from qir.journal import Journal
from qir.limits import DEFAULT_LIMITS
from qir.params import Angle, angle
from qir.passes.base import Context
from qir.pipeline import run
from qir.targets import find
from qir.verify import equivalent
from qir.verify.symbols import _band, _carriers

B = CircuitBuilder
LARGE = replace(DEFAULT_LIMITS, exact_work=0)
TARGETS = ("qpu.forte-1", "qpu.aria-1", "simulator", "local", "ibm_fez")


def ansatz(seed: int, width: int = 6, count: int = 40) -> Circuit:
    rng = np.random.default_rng(seed)
    builder = B(width)
    names = ["rx", "ry", "rz", "p", "rzz", "rxx", "crx", "cp", "u", "h", "cx", "t", "swap"]
    for _ in range(count):
        row = GATES[names[int(rng.integers(len(names)))]]
        values: list[Any] = []
        for _ in range(row.num_params):
            symbol = angle(f"t{rng.integers(5)}") * float(rng.choice([1, -1, 0.5, 2])) + float(rng.choice([0, 0.3, np.pi / 2]))
            values.append(symbol if rng.random() < 0.6 else float(rng.uniform(-3, 3)))
        builder.append(row.name, rng.permutation(width)[: row.num_qubits].tolist(), values)
    return builder.build()


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("target", TARGETS)
def test_an_ansatz_is_proved_by_its_journal(target: str, level: int) -> None:
    source = ansatz(level)
    journal = Journal()
    result = run(source, Context(target=find(target), journal=journal, level=level))
    found = equivalent(source, result, journal=journal, limits=LARGE)
    assert (found.verdict, found.method) == ("proved", "rewrites"), str(found)
    values = {name: 0.1 + 0.7 * k for k, name in enumerate(source.parameters)}
    bound = result.bind({n: v for n, v in values.items() if n in result.parameters})
    if target != "ibm_fez":
        assert equivalent(source.bind(values), bound).verdict == "proved"


def changed(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    """A symbol halved, negated or replaced in one row."""
    columns = circuit.columns
    if columns.terms is None or not columns.terms.any():
        return None
    rows, legs = np.nonzero(columns.terms)
    k = int(rng.integers(len(rows)))
    old = circuit.angles[int(columns.terms[rows[k], legs[k]]) - 1]
    new = [old * 0.5, old * -1.0, angle("t0").symbolic, old + angle("t1") * 0.25][int(rng.integers(4))]
    if new == old:
        return None
    terms = columns.terms.copy()
    terms[rows[k], legs[k]] = len(circuit.angles) + 1
    return replace(circuit, columns=replace(columns, terms=terms), angles=(*circuit.angles, new))


@pytest.mark.parametrize("target", TARGETS[:2])
def test_a_wrong_symbol_in_any_step_spoils_the_proof(target: str) -> None:
    source = ansatz(7, 4, 24)
    journal = Journal()
    result = run(source, Context(target=find(target), journal=journal, level=2))
    spoiled = 0
    for number, step in enumerate(journal.steps):
        rng = np.random.default_rng(number)
        for _ in range(4):
            mutant = changed(step.after, rng)
            if mutant is None or equivalent(step.after, mutant).verdict != "refuted":
                continue
            steps = list(journal.steps)
            steps[number] = replace(step, after=mutant)
            last = number + 1 == len(steps)
            if not last:
                steps[number + 1] = replace(steps[number + 1], before=mutant)
            found = equivalent(source, mutant if last else result, journal=Journal(steps), limits=LARGE)
            assert found.method != "rewrites" or found.verdict != "proved", f"step {number} ({step.name}): {found}"
            spoiled += 1
    assert spoiled >= 10


def test_a_wrong_symbol_that_is_owed_spoils_the_proof() -> None:
    source = ansatz(3, 4, 24)
    journal = Journal()
    result = run(source, Context(target=find("qpu.forte-1"), journal=journal, level=2))
    number = next(i for i, s in enumerate(journal.steps) if s.kind == "frames")
    step = journal.steps[number]
    assert step.pending_terms is not None
    assert step.pending_terms.any()
    wrong = [
        replace(step, pending_angles=tuple(a * 2.0 for a in step.pending_angles)),
        replace(step, pending_angles=step.pending_angles[1:] + step.pending_angles[:1]),
        replace(step, pending_terms=np.zeros_like(step.pending_terms)),
        replace(step, pending_terms=step.pending_terms + 10**6),
        replace(step, pending_terms=None, pending_angles=()),
        replace(step, pending_angles=tuple(a + 0.5 for a in step.pending_angles)),
        replace(step, pending_angles=(Angle(0.0, angle("elsewhere").terms), *step.pending_angles[1:])),
    ]
    for other in wrong:
        steps = [*journal.steps[:number], other, *journal.steps[number + 1 :]]
        assert equivalent(source, result, journal=Journal(steps), limits=LARGE).method != "rewrites"


def step_of(a: Circuit, b: Circuit) -> Journal:
    """One window over everything."""
    journal = Journal()
    journal.windows("all", a, b, np.zeros(len(a.columns), np.int64), np.zeros(len(b.columns), np.int64))
    return journal


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (B(1).rz("a", 0).rz("b", 0), B(1).rz(angle("a") + angle("b"), 0), True),
        (B(1).rz("a", 0).rz("b", 0), B(1).rz(angle("a") - angle("b"), 0), False),
        (B(1).u("a", "b", "c", 0), B(1).rz("c", 0).ry("a", 0).rz("b", 0), True),
        (B(1).u("a", "b", "c", 0), B(1).rz("b", 0).ry("a", 0).rz("c", 0), False),
        (B(2).crx("a", 0, 1), B(2).h(1).crz("a", 0, 1).h(1), True),
        (B(2).crx("a", 0, 1), B(2).rx("a", 1), False),
        (B(2).cp("a", 0, 1), B(2).p(angle("a") / 2, 0).p(angle("a") / 2, 1).rzz(angle("a") / -2, 0, 1), True),
        (B(2).cp("a", 0, 1), B(2).p(angle("a") / 2, 0).rzz(angle("a") / -2, 0, 1), False),
        # They agree where sin(a) = 0 and at many other values; three points would not tell them apart.
        (B(1).rx(angle("a") * 6, 0), B(1), False),
        (B(1).rx(angle("a") * 6, 0).rx(angle("a") * -6, 0), B(1), True),
        (B(1).gpi2(angle("a") / (2 * np.pi), 0), B(1).rz(angle("a") * -1, 0).gpi2(0, 0).rz("a", 0), True),
        (B(1).gpi2(angle("a") / np.pi, 0), B(1).rz(angle("a") * -1, 0).gpi2(0, 0).rz("a", 0), False),
        (B(2).ms("a", 0, 0.25, 0, 1), B(2).ms(0, "a", 0.25, 0, 1), False),
    ],
)
def test_windows_are_proved_for_all_values(a: CircuitBuilder, b: CircuitBuilder, same: bool) -> None:
    first, second = a.build(), b.build()
    found = equivalent(first, second, journal=step_of(first, second), limits=LARGE)
    assert found.equivalent is same
    if same:
        assert (found.verdict, found.method) == ("proved", "rewrites")
        assert "all values" in found.detail


def test_what_depends_on_no_single_unit_is_not_called_proved() -> None:
    """rz(a) and rz(sqrt(2) a) have no common period: no finite grid decides, random values do not prove."""
    odd = angle("a") * float(np.sqrt(2))
    first = B(1).rx("a", 0).ry(odd, 0).build()
    second = B(1).h(0).rz("a", 0).h(0).ry(odd, 0).build()
    found = equivalent(first, second, journal=step_of(first, second), limits=LARGE)
    assert found.equivalent
    assert found.method != "rewrites" or found.verdict == "tested" or "whole" in found.detail or "as circuits" in found.detail


@pytest.mark.parametrize("name", [n for n, g in GATES.items() if g.num_params])
def test_every_gate_has_finitely_many_frequencies(name: str) -> None:
    for index in range(GATES[name].num_params):
        band = _band(name, index)
        assert band is not None
        rate = 2 * np.pi if GATES[name].unit == "turns" else 1.0
        assert (0 if name == "gphase" else 0.5) <= band[0] / rate <= 4


def test_phases_that_carry_z_rotations() -> None:
    assert _carriers("gpi") == {0: 0}
    assert _carriers("gpi2") == {0: 0}
    assert _carriers("ms") == {0: 0, 1: 1}
    assert _carriers("rx") == {}


def test_a_symbol_owed_on_a_wire_that_only_the_new_window_has() -> None:
    """An x appears on a wire on which Rz(a) is owed, and goes again: right only for special values of a."""
    before = B(2).rz("a", 1).h(0).h(0).build()
    after = B(2).h(0).x(1).h(0).x(1).build()
    after = replace(after, frames=(Angle(), angle("a")))
    journal = Journal()
    pending_terms = np.zeros((3, 3), np.int32)
    pending_terms[0, 0] = 1
    old, new = np.array([0, 1, 2]), np.array([1, 1, 2, 2])
    journal.frames("wrong", before, after, old, new, np.zeros((3, 3)), pending_terms, (angle("a"),))
    assert equivalent(before, after, journal=journal, limits=LARGE).method != "rewrites"
    one = replace(journal.steps[0], new=np.array([1, 1, 1, 1]), old=np.array([0, 1, 1]))
    assert equivalent(before, after, journal=Journal([one]), limits=LARGE).method != "rewrites"
