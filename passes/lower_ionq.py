"""Lower to IonQ's native gates with virtual z rotations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import OPERATIONS, Columns, lengths
from qir.euler import PI, TOLERANCE, product_of_runs, wrap, zyz
from qir.gates import opcode
from qir.params import Angle

from .base import Context
from .legs import Legs, one_qubit_rows, quaternions, silent
from .rewrite import Rewriter

__all__ = ["LowerIonq"]

Real = npt.NDArray[np.float64]
_RZ, _RZZ, _RXX, _GPI, _GPI2, _ZZ, _MS = (opcode(n) for n in ("rz", "rzz", "rxx", "gpi", "gpi2", "zz", "ms"))
TURN = 2 * PI


@dataclass(frozen=True)
class LowerIonq:
    """Lower one-qubit gates, rz and rzz to gpi, gpi2 and zz (or, with `entangler` "ms", rxx to ms).

    Needs: one-qubit gates and rzz (rxx for ms) with angles in (-pi/2, pi/2], symbols only on rz and the
    entangler.  Establishes: only native gates; phases in [0, 1) turns; a one-qubit unitary costs 0, 1,
    1 or 2 pulses for polar angles 0, pi/2, pi, other.  Rotations about z are carried along the wires
    and what is left at the end is recorded in `frames`.  Barriers and delays are dropped.
    Method: Rz(phi) Ry(theta) Rz(lam) is one pulse, or two, between z rotations; gpi and gpi2 conjugated
    by z are themselves with another phase (McKay et al. 2017; IonQ's guide to native gates).
    """

    name: ClassVar[str] = "lower_ionq"
    entangler: str = "zz"

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        columns = circuit.columns
        count = len(columns)
        one = one_qubit_rows(circuit)
        legs = Legs(circuit)
        op, wire = legs.op, legs.wire
        member = one[op]
        starts = legs.starts(member)
        runs = np.flatnonzero(starts)
        rows = op[member]
        run = np.cumsum(starts[member]) - 1
        phase, quaternion = quaternions(columns.opcode[rows], columns.params[rows])
        theta, phi, lam = zyz(product_of_runs(quaternion, run)) if len(rows) else (np.zeros(0),) * 3
        total = float(phase.sum())
        # Classes: 0 nothing, 1 gpi2, 2 gpi, 3 two gpi2.
        kind = np.where(theta == 0, 0, np.where(theta == PI / 2, 1, np.where(theta == PI, 2, 3)))
        total -= PI / 2 * float((kind == 2).sum())
        # What each leg adds to the frame of its wire; runs add at their first leg.
        step = np.zeros(len(op))
        step[runs] = phi + lam - np.where(kind == 3, theta, 0.0)
        if columns.terms is not None:
            carried = np.flatnonzero((columns.opcode[op] == _RZ) & ~member & (columns.extra[op] < 0))
            step[carried] = columns.params[op[carried], 0]
        frame = _running(step, legs.first | (columns.opcode[op] == OPERATIONS["reset"]))
        before = frame[runs] - step[runs]
        symbolic = None if columns.terms is None else _symbolic_frames(circuit, legs)
        rewriter = Rewriter(circuit)
        rewriter.turn(total)
        head = op[runs]
        self._pulses(rewriter, circuit, head, wire[runs], kind, theta, lam + before, symbolic, runs)
        at = np.zeros((count, 3))
        narrow = legs.leg >= 0
        at[op[narrow], legs.leg[narrow] % 3] = frame[narrow]
        entangling = np.flatnonzero((columns.opcode == (_RZZ if self.entangler == "zz" else _RXX)) & (columns.extra < 0))
        self._entanglers(rewriter, circuit, entangling, at, symbolic, legs)
        drop = one | silent(columns.opcode)
        drop[entangling] = True
        if columns.terms is not None:
            drop |= (columns.opcode == _RZ) & (columns.extra < 0)
        rewriter.keep(np.flatnonzero(~drop))
        old = np.arange(count)
        old[rows] = head[run] if len(run) else 0
        ends = np.zeros(circuit.num_qubits)
        last = np.flatnonzero(np.append(legs.first[1:], True)) if len(op) else np.zeros(0, np.int64)
        ends[wire[last]] = frame[last]
        frames = [Angle(float(f)) for f in wrap(ends, 2 * TURN)]
        if circuit.frames is not None:
            frames = [a + b for a, b in zip(frames, circuit.frames)]
        if symbolic is not None:
            for w, leg in zip(wire[last].tolist(), last.tolist()):
                frames[w] = frames[w] + symbolic[leg]
        journal = context.journal
        after = rewriter.finish(replace(context, journal=None), self.name, old, frames=tuple(frames))
        if journal is not None:
            pending = np.zeros((count, 3))
            pending[op[narrow], legs.leg[narrow] % 3] = frame[narrow]
            pending[rows, 0] = frame[runs][run] if len(run) else 0.0
            terms: npt.NDArray[np.int32] | None = None
            angles: tuple[Angle, ...] = ()
            if symbolic is not None:
                numbers: dict[Angle, int] = {Angle(): 0}
                terms = np.zeros((count, 3), np.int32)
                found = np.array([numbers.setdefault(a, len(numbers)) for a in symbolic], np.int32)
                terms[op[narrow], legs.leg[narrow] % 3] = found[narrow]
                angles = tuple(numbers)[1:]
            journal.frames(self.name, circuit, after, old, rewriter.labels, pending, terms, angles)
        return after

    def _pulses(self, rewriter: Rewriter, circuit: Circuit, head: Any, wire: Any, kind: Any, theta: Real, lam: Real,
                symbolic: list[Angle] | None, runs: Any) -> None:  # fmt: skip
        span = circuit.columns.span[head]
        single = (kind == 1) | (kind == 2)
        double = kind == 3
        first = np.where(double, PI - lam, PI / 2 - lam) / TURN
        second = (theta - lam) / TURN
        labels = np.concatenate([head[single | double], head[double]])
        made = Columns.empty(len(labels))
        cut = int((single | double).sum())
        made.opcode[:cut] = np.where(kind[single | double] == 2, _GPI, _GPI2)
        made.opcode[cut:] = _GPI2
        made.qubits[:cut, 0], made.qubits[cut:, 0] = wire[single | double], wire[double]
        made.params[:cut, 0], made.params[cut:, 0] = turns(first[single | double]), turns(second[double])
        made.span[:cut], made.span[cut:] = span[single | double], span[double]
        if symbolic is not None and len(labels):
            terms = np.zeros((len(labels), 3), np.int32)
            places = np.concatenate([runs[single | double], runs[double]])
            terms[:, 0] = [rewriter.term(symbolic[p] * (-1 / TURN)) for p in places.tolist()]
            made = replace(made, terms=terms)
        rewriter.add(labels, made)

    def _entanglers(self, rewriter: Rewriter, circuit: Circuit, rows: Any, at: Real, symbolic: list[Angle] | None,
                    legs: Legs) -> None:  # fmt: skip
        columns = circuit.columns
        made = columns.take(rows)
        params = np.zeros((len(rows), 3))
        angle = made.params[:, 0] / TURN
        terms = None
        if made.terms is not None and symbolic is not None:
            terms = np.zeros((len(rows), 3), np.int32)
            column = 0 if self.entangler == "zz" else 2
            for i, row in enumerate(rows.tolist()):
                terms[i, column] = rewriter.term(circuit.row_angles(row)[0] / TURN)
        if self.entangler == "zz":
            params[:, 0] = angle
        else:
            # A half turn of one phase changes the sign, which only a number has.
            negative = (angle < 0) & ~made.symbolic
            params[:, 0] = turns(np.where(negative, 0.5, 0.0) - at[rows, 0] / TURN)
            params[:, 1] = turns(-at[rows, 1] / TURN)
            params[:, 2] = np.where(negative, -angle, angle)
            if terms is not None and symbolic is not None:
                place = {(o, l): i for i, (o, l) in enumerate(zip(legs.op.tolist(), legs.leg.tolist()))}
                for i, row in enumerate(rows.tolist()):
                    for leg in (0, 1):
                        terms[i, leg] = rewriter.term(symbolic[place[row, leg]] * (-1 / TURN))
        code = np.full(len(rows), _ZZ if self.entangler == "zz" else _MS, np.int32)
        rewriter.add(rows, Columns(code, made.qubits, params, made.clbit, made.extra, made.span, terms))


def turns(value: Real) -> Real:
    """Phases brought into [0, 1), snapped to 0."""
    result = value - np.floor(value)
    return np.where((result < TOLERANCE / TURN) | (result > 1 - TOLERANCE / TURN), 0.0, result)


def _running(step: Real, first: npt.NDArray[np.bool_]) -> Real:
    """Cumulative sums modulo 4 pi that begin anew where `first`.

    In fixed point, 2**64 to 4 pi, so that a million terms lose nothing and wrapping is free.
    """
    whole = 2 * TURN
    fraction = step / whole
    fraction -= np.round(fraction)
    fixed = (np.where(fraction >= 0.5, -0.5, fraction) * 2.0**64).astype(np.int64)
    total = np.cumsum(fixed)
    begin = np.flatnonzero(first)
    if len(begin):
        base = total[begin] - fixed[begin]
        total = total - np.repeat(base, lengths(begin, len(step)))
    return np.asarray(total.astype(np.float64) * (whole / 2.0**64))


def _symbolic_frames(circuit: Circuit, legs: Legs) -> list[Angle]:
    """Per leg the symbolic part of the frame after it (rz with symbols; their numbers count too)."""
    result: list[Angle] = []
    current = Angle()
    codes, terms = circuit.columns.opcode.tolist(), circuit.columns.symbolic.tolist()
    extra = circuit.columns.extra.tolist()
    for row, first in zip(legs.op.tolist(), legs.first.tolist()):
        if first:
            current = Angle()
        if terms[row] and codes[row] == _RZ and extra[row] < 0:
            current = current + circuit.row_angles(row)[0].symbolic
        result.append(current)
    return result

