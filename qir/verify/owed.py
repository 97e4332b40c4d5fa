"""What a step of kind `frames` owes: z rotations carried along the wires, before and after every operation."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qir.columns import OPERATIONS
from qir.journal import Step
from qir.params import Angle
from qir.verify.arrays import places
from qir.verify.result import Unjustified
from qir.verify.rows import Reading, skipped

__all__ = ["Owed"]

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Real = npt.NDArray[np.float64]
TOLERANCE = 1e-8
_MEASURE, _RESET = OPERATIONS["measure"], OPERATIONS["reset"]


class Owed:
    """Radians of the Rz owed on the wires of the old circuit.

    leaving, entering: (n, 3) on each operand after and before each operation.
    leaving_terms, entering_terms: the same for symbolic parts, as 1 + the place in `angles`; 0 for none.
    """

    def __init__(self, step: Step, before: Reading, old: Index, size: int) -> None:
        columns, legs = step.before.columns, before.legs
        if step.pending is None or step.pending.shape != (len(columns), 3):
            raise Unjustified("what is owed does not fit the circuit")
        if not np.isfinite(step.pending).all():
            raise Unjustified("what is owed is not a number")
        op, wire = legs.op[: legs.quantum], legs.wire[: legs.quantum]
        leg, place = legs.leg[: legs.quantum], legs.place[: legs.quantum]
        narrow = (leg < 3) & (columns.qubits.ravel().take(place) == wire)
        value = _along(np.ascontiguousarray(step.pending), place, narrow)
        came = _carried(value, wire)
        self.angles = step.pending_angles
        terms = np.zeros(len(place), np.int64)
        if step.pending_terms is not None:
            if step.pending_terms.shape != step.pending.shape:
                raise Unjustified("the symbols of what is owed do not fit the circuit")
            known = np.asarray(step.pending_terms, np.int64)
            if known.size and (known.min() < 0 or known.max() > len(self.angles)):
                raise Unjustified("a symbol that is owed is not there")
            if not {name for angle in self.angles for name in angle.parameters} <= set(step.before.parameters):
                raise Unjustified("what is owed depends on more than parameters")
            terms = _along(known, place, narrow)
        carried = _carried(terms, wire) if self.angles else terms
        spots = places(narrow)
        self.leaving, self.entering = (_spread(v, place, spots, len(columns)) for v in (value, came))
        self.leaving_terms: Index | None = None
        self.entering_terms: Index | None = None
        if self.angles:
            self.leaving_terms, self.entering_terms = (_spread(v, place, spots, len(columns)) for v in (terms, carried))
        self._legs = op, wire, value, came, terms, carried
        self._old, self._size = old, size
        self._last: tuple[Index, Real, Index] | None = None

    def touched(self, step: Step) -> Mask:
        """Windows on whose wires something is owed, but for measurements and resets alone."""
        op, _, value, came, terms, carried = self._legs
        due = np.zeros(self._size, np.bool_)
        owing = (value != 0) | (came != 0)
        if self.angles:
            owing |= (terms != 0) | (carried != 0)
        due[self._old.take(op[owing])] = True
        codes = step.before.columns.opcode
        firm = np.zeros(self._size, np.bool_)
        firm[self._old[(codes != _MEASURE) & (codes != _RESET) & ~skipped(codes)]] = True
        return due & firm

    def symbolic(self) -> Mask:
        """Windows on whose wires a symbolic angle is owed."""
        op, _, _, _, terms, carried = self._legs
        result = np.zeros(self._size, np.bool_)
        result[self._old.take(op[(terms != 0) | (carried != 0)])] = True
        return result

    def around(self, wire: Index, window: Index) -> tuple[Real, Real, Index, Index]:
        """What is owed on wires before the given windows, and once they are done; then the same for symbolic parts."""
        if self._last is None:
            op, wires, value, _, terms, _ = self._legs
            key = wires.astype(np.int64) * (self._size + 1) + self._old.take(op)
            last = np.ones(len(key), np.bool_)
            last[:-1] = key[1:] != key[:-1]
            self._last = key[last], value[last], terms[last]
        key, value, terms = self._last
        if not len(key):
            return np.zeros(len(wire)), np.zeros(len(wire)), np.zeros(len(wire), np.int64), np.zeros(len(wire), np.int64)
        wanted = wire * (self._size + 1) + window
        place = np.searchsorted(key, wanted)
        earlier = np.maximum(place - 1, 0)
        known = (place > 0) & (key[earlier] >= wire * (self._size + 1))
        entering, symbols = np.where(known, value[earlier], 0.0), np.where(known, terms[earlier], 0)
        place = np.minimum(place, len(key) - 1)
        here = key[place] == wanted
        return entering, np.where(here, value[place], entering), symbols, np.where(here, terms[place], symbols)

    def check_end(self, step: Step) -> None:
        """Unjustified unless the new circuit's frames are the old ones and what is owed at the end of each wire."""
        _, wire, value, _, terms, _ = self._legs
        end = [Angle()] * step.before.num_qubits
        for leg in places(np.append(wire[1:] != wire[:-1], True)).tolist() if len(wire) else ():
            symbol = self.angles[terms[leg] - 1] if terms[leg] else Angle()
            end[int(wire[leg])] = symbol + float(value[leg])
        was = step.before.frames or (Angle(),) * step.before.num_qubits
        now = step.after.frames or (Angle(),) * step.after.num_qubits
        for w, owed in enumerate(end):
            gap = now[w] - was[w] - owed
            if any(abs(c) > TOLERANCE for _, c in gap.terms) or abs(np.exp(1j * gap.constant) - 1) > TOLERANCE:
                raise Unjustified(f"the frame pending on wire {w} is not what is owed there")


def _along(table: npt.NDArray[Any], place: Index, narrow: Mask) -> npt.NDArray[Any]:
    """The entries (n, 3) of the legs; 0 for legs that are not in the columns."""
    found = table.ravel().take(place)
    if not narrow.all():
        found[~narrow] = 0
    return found


def _carried(value: npt.NDArray[Any], wire: npt.NDArray[np.int32]) -> npt.NDArray[Any]:
    """What the leg before it on the wire has; 0 for the first of a wire."""
    came = np.zeros_like(value)
    came[1:] = value[:-1] * (wire[1:] == wire[:-1])
    return came


def _spread(value: npt.NDArray[Any], place: Index, spots: Index, count: int) -> npt.NDArray[Any]:
    """Values of legs as a table (n, 3)."""
    table = np.zeros((count, 3), value.dtype)
    if len(spots) == len(place):
        table.ravel()[place] = value
    else:
        table.ravel()[place.take(spots)] = value.take(spots)
    return table
