"""What a step of kind `frames` owes: z rotations carried along the wires, before and after every operation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qir.columns import OPERATIONS
from qir.journal import Step
from qir.params import Angle
from qir.verify.arrays import places
from qir.verify.legs import Legs
from qir.verify.result import Unjustified

__all__ = ["Owed"]

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Real = npt.NDArray[np.float64]
TOLERANCE = 1e-8
_MEASURE, _RESET = OPERATIONS["measure"], OPERATIONS["reset"]


class Owed:
    """Radians of the Rz owed on the wires of the old circuit.

    leaving, entering: (n, 3) on each operand after and before each operation.
    """

    def __init__(self, step: Step, legs: Legs, old: Index, size: int) -> None:
        columns = step.before.columns
        if step.pending is None or step.pending.shape != (len(columns), 3):
            raise Unjustified("what is owed does not fit the circuit")
        if not np.isfinite(step.pending).all():
            raise Unjustified("what is owed is not a number")
        op, wire, leg, place = legs.op, legs.wire, legs.leg, legs.place
        if len(wire) and wire[-1] >= step.before.num_qubits:
            upto = int(np.searchsorted(wire, step.before.num_qubits))
            op, wire, leg, place = op[:upto], wire[:upto], leg[:upto], place[:upto]
        narrow = (leg < 3) & (columns.qubits.ravel().take(place) == wire)
        value = np.ascontiguousarray(step.pending).ravel().take(place)
        value[~narrow] = 0.0
        came = np.zeros(len(value))
        came[1:] = np.where(wire[1:] == wire[:-1], value[:-1], 0.0)
        self.leaving, self.entering = np.zeros((len(columns), 3)), np.zeros((len(columns), 3))
        if not narrow.all():
            place, value_there, came_there = place[narrow], value[narrow], came[narrow]
        else:
            value_there, came_there = value, came
        self.leaving.ravel()[place] = value_there
        self.entering.ravel()[place] = came_there
        self._legs = op, wire, value, came
        self._old, self._size = old, size
        self._last: tuple[Index, Real] | None = None

    def touched(self, step: Step) -> Mask:
        """Windows on whose wires something is owed, but for measurements and resets alone."""
        op, _, value, came = self._legs
        due = np.zeros(self._size, np.bool_)
        due[self._old.take(op[(value != 0) | (came != 0)])] = True
        codes = step.before.columns.opcode
        firm = np.zeros(self._size, np.bool_)
        firm[self._old[(codes != _MEASURE) & (codes != _RESET)]] = True
        return due & firm

    def around(self, wire: Index, window: Index) -> tuple[Real, Real]:
        """What is owed on wires before the given windows, and once they are done."""
        if self._last is None:
            op, wires, value, _ = self._legs
            key = wires.astype(np.int64) * (self._size + 1) + self._old.take(op)
            last = np.ones(len(key), np.bool_)
            last[:-1] = key[1:] != key[:-1]
            self._last = key[last], value[last]
        key, value = self._last
        if not len(key):
            return np.zeros(len(wire)), np.zeros(len(wire))
        wanted = wire * (self._size + 1) + window
        place = np.searchsorted(key, wanted)
        earlier = np.maximum(place - 1, 0)
        known = (place > 0) & (key[earlier] >= wire * (self._size + 1))
        entering = np.where(known, value[earlier], 0.0)
        place = np.minimum(place, len(key) - 1)
        return entering, np.where(key[place] == wanted, value[place], entering)

    def check_end(self, step: Step) -> None:
        """Unjustified unless the new circuit's frames are the old ones and what is owed at the end of each wire."""
        _, wire, value, _ = self._legs
        end = np.zeros(step.before.num_qubits)
        last = places(np.append(wire[1:] != wire[:-1], True)) if len(wire) else wire
        end[wire[last]] = value[last]
        was = step.before.frames or (Angle(),) * step.before.num_qubits
        now = step.after.frames or (Angle(),) * step.after.num_qubits
        for w, owed in enumerate(end.tolist()):
            gap = now[w] - was[w] - owed
            if gap.terms or abs(np.exp(1j * gap.constant) - 1) > TOLERANCE:
                raise Unjustified(f"the frame pending on wire {w} is not what is owed there")
