"""Remove what no measurement can see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import DIAGONAL, OPERATIONS, is_gate, lengths
from qir.gates import NUM_GATES

from .base import Context
from .legs import Legs, silent

__all__ = ["RemoveBeforeMeasure", "RemoveFreshResets", "RemoveUnmeasured"]

_MEASURE, _RESET = OPERATIONS["measure"], OPERATIONS["reset"]


def _drop(circuit: Circuit, context: Context, name: str, dropped: npt.NDArray[np.bool_], reason: str) -> Circuit:
    if not dropped.any():
        return circuit
    after = circuit.with_columns(circuit.columns.take(np.flatnonzero(~dropped)))
    if context.journal is not None:
        context.journal.remove(name, circuit, after, dropped.astype(np.int8), reason)
    return after


@dataclass(frozen=True)
class RemoveBeforeMeasure:
    """Remove diagonal gates followed by nothing but diagonal gates up to a measurement or reset on all wires.

    Keeps: the distribution of outcomes.  Idempotent.
    """

    name: ClassVar[str] = "remove_before_measure"
    idempotent: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        columns = circuit.columns
        code = columns.opcode
        ends = ((code == _MEASURE) | (code == _RESET)) & (columns.extra < 0)
        if not ends.any():
            return circuit
        diagonal = (code < NUM_GATES) & (columns.extra < 0)
        diagonal[diagonal] = DIAGONAL[code[diagonal]]
        diagonal &= columns.qubits[:, 0] >= 0
        legs = Legs(circuit)
        # Barriers and the like neither help nor hinder.
        through = (diagonal | silent(code))[legs.op]
        size = len(legs.op)
        index = np.where(through, size, np.arange(size))
        stop = np.minimum.accumulate(index[::-1])[::-1]
        found = stop < size
        good = np.zeros(size, np.bool_)
        good[found] = (legs.wire[stop[found]] == legs.wire[found]) & ends[legs.op[stop[found]]]
        bad = np.bincount(legs.op[~good], minlength=len(columns)) > 0
        return _drop(circuit, context, self.name, diagonal & ~bad, "before-measure")


@dataclass(frozen=True)
class RemoveUnmeasured:
    """Remove gates and resets that no later measurement depends on, when the program measures something.

    Keeps: the distribution of outcomes.  Idempotent.
    """

    name: ClassVar[str] = "remove_unmeasured"
    idempotent: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        columns = circuit.columns
        code = columns.opcode
        if not (code == _MEASURE).any():
            return circuit
        removable = is_gate(code) | (code == _RESET)
        mute = silent(code)
        legs = Legs(circuit)
        heard = ~mute[legs.op]
        last = np.flatnonzero(heard)
        if not len(last):
            return circuit
        reach = np.bincount(legs.op[last], minlength=len(code))
        last = last[np.append(legs.wire[last[1:]] != legs.wire[last[:-1]], True)]
        # Something goes only if some operation is the last on all of its wires.
        ends = np.bincount(legs.op[last], minlength=len(code))
        if not (removable & (ends > 0) & (ends == reach)).any():
            return circuit
        alive = [False] * circuit.num_qubits
        dropped = np.zeros(len(columns), np.bool_)
        can, quiet = removable.tolist(), mute.tolist()
        narrow = columns.qubits.tolist()
        wide = columns.extra.tolist()
        for row in range(len(columns) - 1, -1, -1):
            if quiet[row]:
                continue
            qubits: Any = circuit.operands(row) if wide[row] >= 0 else [q for q in narrow[row] if q >= 0]
            if not can[row] or any(alive[q] for q in qubits) or not qubits:
                for q in qubits:
                    alive[q] = True
            else:
                dropped[row] = True
        return _drop(circuit, context, self.name, dropped, "unmeasured")


@dataclass(frozen=True)
class RemoveFreshResets:
    """Remove resets of wires that nothing has touched.  Keeps: everything.  Idempotent."""

    name: ClassVar[str] = "remove_fresh_resets"
    idempotent: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        code = circuit.columns.opcode
        if not (code == _RESET).any():
            return circuit
        legs = Legs(circuit)
        quiet = (silent(code) | (code == _RESET))[legs.op]
        loud = np.cumsum(~quiet)
        begin = np.flatnonzero(legs.first)
        base = loud[begin] - ~quiet[begin]
        fresh = (loud - np.repeat(base, lengths(begin, len(loud)))) == 0
        dropped = np.zeros(len(code), np.bool_)
        dropped[legs.op[fresh & (code[legs.op] == _RESET)]] = True
        return _drop(circuit, context, self.name, dropped, "reset")
