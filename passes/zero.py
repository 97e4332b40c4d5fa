"""Remove what does nothing because it begins on |0>."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qir.circuit import Circuit
from qir.columns import NAMES
from qir.gates import GATES, NUM_GATES

from .base import Context

__all__ = ["RemoveZeroInput"]


@dataclass(frozen=True)
class RemoveZeroInput:
    """Under `assume_zero`, remove gates that act trivially because wires they begin on are still |0>: those with such
    a control, and those that only give a phase.

    Without `assume_zero` nothing is done.  Keeps: what the circuit does to |0...0>, exactly.  Idempotent.
    Method: the front of untouched wires moves on while what it meets can go.
    """

    name: ClassVar[str] = "remove_zero_input"
    idempotent: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        if not context.assume_zero:
            return circuit
        legs = circuit.wires
        bounds = legs.start.tolist()
        place = {q: bounds[q] for q in range(circuit.num_qubits)}
        dropped = np.zeros(len(circuit.columns), np.bool_)
        turned = 0.0
        front = sorted({int(legs.op[at]) for q, at in place.items() if at < bounds[q + 1]})
        queued = set(front)
        while front:
            row = heapq.heappop(front)
            operands = circuit.operands(row)
            fresh = [place[q] < bounds[q + 1] and legs.op[place[q]] == row for q in operands]
            phase = _phase(circuit, row, fresh)
            dropped[row] = phase is not None
            turned += phase or 0.0
            for q, untouched in zip(operands, fresh):
                if phase is None or not untouched:
                    place[q] = bounds[q + 1]
                    continue
                place[q] += 1
                if place[q] < bounds[q + 1] and (following := int(legs.op[place[q]])) not in queued:
                    queued.add(following)
                    heapq.heappush(front, following)
        if not dropped.any():
            return circuit
        after = circuit.with_columns(
            circuit.columns.take(np.flatnonzero(~dropped)), global_phase=circuit.global_phase + turned
        )
        if context.journal is not None:
            context.journal.remove(self.name, circuit, after, dropped.astype(np.int8), "zero-input")
        return after


def _phase(circuit: Circuit, row: int, fresh: list[bool]) -> float | None:
    """The phase (radians) a gate gives when the wires that are `fresh` hold |0>; None when it does more."""
    columns = circuit.columns
    code, extra = int(columns.opcode[row]), int(columns.extra[row])
    if code >= NUM_GATES or not any(fresh):
        return None
    if extra >= 0:
        controls = circuit.extras[extra].controls
        return 0.0 if any(state == "1" and untouched for state, untouched in zip(controls, fresh)) else None
    if columns.terms is not None and columns.terms[row].any():
        return None
    gate = GATES[NAMES[code]]
    matrix = gate.matrix(*(np.array([value]) for value in columns.params[row, : gate.num_params].tolist()))[0]
    held = sum(1 << k for k, untouched in enumerate(fresh) if untouched)
    index = np.array([i for i in range(len(matrix)) if not i & held])
    wanted = np.zeros((len(matrix), len(index)), np.complex128)
    wanted[index, np.arange(len(index))] = matrix[0, 0]
    if np.abs(matrix[:, index] - wanted).max() > 1e-12:
        return None
    return math.atan2(matrix[0, 0].imag, matrix[0, 0].real)
