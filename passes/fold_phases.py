"""Merge rotations across a whole circuit, where they stand."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from qir.circuit import Circuit
from qir.gates import opcode
from qir.params import Angle
from qir.symplectic import LETTERS

from .base import Context
from .pauli_form import Value, extract, quarter_turns, symbolic
from .pauli_merge import absorb, join
from .pauli_regions import regions, touched_by
from .pauli_rules import RULES, Rule
from .rewrite import Rewriter

__all__ = ["FoldPhases"]

_NAMES = {"X": "rx", "Y": "ry", "Z": "rz", "XX": "rxx", "YY": "ryy", "ZZ": "rzz"}


def _name(letters: tuple[int, ...]) -> str | None:
    """The gate that is a rotation about some letters, if there is one."""
    return _NAMES.get("".join(LETTERS[p] for p in letters))


def _can_be_written(rule: Rule) -> bool:
    """Whether a gate's steps are gates, not more than one of them on two qubits."""
    pairs = sum(len(step.operands) > 1 for step in rule.steps)
    return pairs <= 1 and all(step.clifford or _name(step.letters) for step in rule.steps)


_WRITABLE = {code for code, rule in RULES.items() if _can_be_written(rule)}


@dataclass(frozen=True)
class FoldPhases:
    """Merge rotations that are one as Pauli rotations, whatever Cliffords and commuting rotations lie between.

    The first of them takes the sum of the angles, the others go; nothing else of the circuit changes, but that gates
    which are several rotations (`u3`, `cp`) are written as those where some of them merge.  So a circuit of Clifford and
    T gates keeps as many T as its Pauli rotations take.  To be followed by `Fuse`.
    most: stretches of more gates are left alone.    rotations: so are those with more rotations; what it takes to
    prove that a stretch means the same grows with their square.
    Needs: no particular basis; gates that are not written as rotations stay as they are, user gates end a stretch.
    Keeps: everything, exactly; never more two-qubit gates.
    Method: phase teleportation (Kissinger and van de Wetering, arXiv 1903.10477), as merging of Pauli rotations modulo
    commutation (Zhang and Chen, arXiv 1903.12456).
    """

    name: ClassVar[str] = "fold_phases"
    most: int = 5_000
    rotations: int = 500

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        labels, stretches = regions(circuit)
        changed: dict[int, list[Value]] = {}
        phase = 0.0
        for rows in stretches:
            if 1 < len(rows) <= self.most:
                phase += _fold(circuit, rows, changed, self.rotations)
        if not changed:
            return circuit
        rewriter = Rewriter(circuit)
        rewriter.phase = rewriter.phase + phase
        stay = np.ones(len(circuit.columns), np.bool_)
        stay[list(changed)] = False
        rewriter.keep(np.flatnonzero(stay))
        for row, angles in changed.items():
            _write(rewriter, row, angles)
        after = rewriter.finish(replace(context, journal=None), self.name)
        if context.journal is not None:
            context.journal.windows(self.name, circuit, after, labels, labels[rewriter.labels])
        return after


def _fold(circuit: Circuit, rows: list[int], changed: dict[int, list[Value]], most: int) -> float:
    """The angles of all rotations of the rows where some change; returns the phase of those that are full turns now."""
    columns = circuit.columns
    form = extract(circuit, rows, touched_by(circuit, rows))
    every = list(form.rotations)
    if len(every) > most:
        return 0.0
    codes, extras = columns.opcode.tolist(), columns.extra.tolist()
    for r in every:
        r.fixed = codes[r.row] not in _WRITABLE or extras[r.row] >= 0
    given = [r.angle * r.sign for r in every]
    phase = 0.0
    again = True
    while again:
        before = form.phase
        again = join(form)
        # Of full turns; quarter turns stay where they are, whatever `absorb` makes of them.
        phase += (form.phase - before).constant
        if again:
            absorb(form)
    merged = {r.row for r, angle in zip(every, given) if r.angle * r.sign != angle}
    for r in every if merged else ():
        if r.row in merged:
            changed.setdefault(r.row, []).append(r.angle * r.sign)
    return math.remainder(phase, 2 * math.pi)


def _write(rewriter: Rewriter, row: int, angles: list[Value]) -> None:
    """The steps of a row, its rotations by other angles."""
    circuit = rewriter.circuit
    rule, values = RULES[int(circuit.columns.opcode[row])], circuit.row_angles(row)
    operands, span = circuit.operands(row), int(circuit.columns.span[row])
    rewriter.phase = rewriter.phase + symbolic(rule.phase, values)
    rotations = iter(angles)
    for step in rule.steps:
        on = [operands[k] for k in step.operands]
        if step.clifford:
            rewriter.append(row, opcode(step.clifford), on, (), span)
            continue
        angle = symbolic(step.angle, values)
        if quarter_turns(angle) is None:
            angle = next(rotations)
        if isinstance(angle, Angle) or angle != 0.0:
            name = _name(step.letters)
            assert name is not None
            rewriter.append(row, opcode(name), on, [angle], span)
