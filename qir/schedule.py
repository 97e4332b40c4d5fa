"""When each operation of a compiled circuit runs, as arrays in steps of the machine's clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import layers
from qir.errors import UsageError
from qir.estimate import row_seconds
from qir.targets.target import Target

__all__ = ["Schedule", "schedule"]

Steps = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Schedule:
    """start, length: of every operation, in units of dt.    total: of the whole circuit.    dt: in seconds."""

    start: Steps
    length: Steps
    total: int
    dt: float

    @property
    def end(self) -> Steps:
        """When every operation is over."""
        return self.start + self.length

    def idle(self, circuit: Circuit) -> npt.NDArray[Any]:
        """The windows in which a qubit waits: rows (qubit, operation before, operation after, begin, length).

        Waiting before the first operation of a qubit, and after the last, is not among them.
        """
        w = circuit.wires
        cut = int(w.start[circuit.num_qubits])
        op, wire = w.op[:cut].astype(np.int64), w.wire[:cut]
        inner = np.flatnonzero(wire[1:] == wire[:-1])
        before, after = op[inner], op[inner + 1]
        begin = self.end[before]
        length = self.start[after] - begin
        found = np.stack([wire[inner], before, after, begin, length], axis=1)
        result: npt.NDArray[Any] = found[length > 0]
        return result


def schedule(circuit: Circuit, target: Target, method: str = "alap") -> Schedule:
    """The circuit with every operation as late ("alap") or as early ("asap") as its predecessors and successors let it.

    UsageError when the machine's times, or the length of a delay, are not known.
    """
    if method not in ("alap", "asap"):
        raise UsageError(f"a schedule is alap or asap, not {method!r}")
    if target.timing is None or not target.durations:
        raise UsageError(f"the times of {target.name} are not known; load its properties")
    seconds = row_seconds(circuit, target)
    if np.isnan(seconds).any():
        raise UsageError(f"{target.name} does not say how long {circuit.ops[int(np.isnan(seconds).argmax())].name} takes")
    dt, count = target.timing.dt, len(circuit.columns)
    length = np.rint(seconds / dt).astype(np.int64)
    if method == "asap":
        end = layers(circuit.wires, count, length).astype(np.int64)
        return Schedule(end - length, length, int(end.max(initial=0)), dt)
    turned = circuit.with_columns(circuit.columns.take(np.arange(count)[::-1]))
    left = layers(turned.wires, count, length[::-1]).astype(np.int64)[::-1]
    total = int(left.max(initial=0))
    return Schedule(total - left, length, total, dt)
