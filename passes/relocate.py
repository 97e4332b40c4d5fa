"""Move a routed circuit to a better part of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qir.circuit import Circuit
from qir.columns import OPERATIONS, is_gate

from .base import Context
from .layout import on_wires, usable_qubits
from .layout import relocation as find

__all__ = ["Relocate"]


@dataclass(frozen=True)
class Relocate:
    """Rename the hardware qubits of a routed circuit so that it errs least, or else sits lowest.

    Needs: every two-qubit gate on an edge, and a layout that the compiler chose.  Keeps: everything but
    names.  A machine whose errors are all alike gives no reason to prefer a place; low numbers then keep
    observables and simulations narrow.  Method: as Qiskit's VF2PostLayout, embed the used part of the
    coupling graph once more.
    """

    name: ClassVar[str] = "relocate"
    idempotent: ClassVar[bool] = False

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        target = context.target
        if target is None or target.edges is None or circuit.layout is None or context.layout is not None:
            return circuit
        used = circuit.touched_qubits
        allowed = usable_qubits(target, target.coupling, len(used))
        places = find(_pairs(circuit), _worth(circuit, used), target, allowed, seed=context.seed, effort=1 + 2 * context.level)
        if places is None:
            return circuit
        taken = set(places.values())
        free = iter(q for q in range(circuit.num_qubits) if q not in taken)
        wires = [places[q] if q in places else next(free) for q in range(circuit.num_qubits)]
        moved = on_wires(circuit, wires, circuit.num_qubits)
        if context.journal is not None:
            context.journal.relabel(self.name, circuit, moved, np.array(wires))
        return moved


def _worth(circuit: Circuit, used: Sequence[int]) -> dict[int, float]:
    """How often each wire in use is measured; once each when nothing is, as then observables are."""
    measured = circuit.columns.opcode == OPERATIONS["measure"]
    counts = np.bincount(circuit.columns.qubits[measured, 0], minlength=circuit.num_qubits).tolist()
    return {q: float(counts[q] if measured.any() else 1) for q in used}


def _pairs(circuit: Circuit) -> dict[tuple[int, int], int]:
    """How often each pair of wires (low, high) is coupled, blocks included."""
    counts: dict[tuple[int, int], int] = {}
    stack = [circuit]
    while stack:
        block = stack.pop()
        stack.extend(b for e in block.extras for b in e.blocks)
        rows = np.flatnonzero((block.widths == 2) & is_gate(block.columns.opcode))
        narrow = np.sort(block.columns.qubits[rows, :2], axis=1)
        for row, pair in zip(rows.tolist(), narrow.tolist()):
            a, b = pair if pair[0] >= 0 else sorted(block.operands(row))
            counts[a, b] = counts.get((a, b), 0) + 1
    return counts
