"""Swaps become renamings of wires."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from qir.circuit import Circuit, Layout
from qir.columns import CONTROL
from qir.gates import opcode

from .base import Context

__all__ = ["ElideSwaps", "RestoreOrder"]

_SWAP = opcode("swap")


def _has_blocks(circuit: Circuit) -> bool:
    return bool(circuit.extras) and bool(np.isin(circuit.columns.opcode, list(CONTROL)).any())


@dataclass(frozen=True)
class ElideSwaps:
    """Drop swap gates and rename the wires after them; `layout.final` says where the qubits end.

    Circuits with blocks keep theirs.  Keeps: everything, through the layout.  Idempotent.
    """

    name: ClassVar[str] = "elide_swaps"
    idempotent: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        columns = circuit.columns
        swaps = np.flatnonzero((columns.opcode == _SWAP) & (columns.extra < 0))
        if not len(swaps) or _has_blocks(circuit):
            return circuit
        count = circuit.num_qubits
        place = np.arange(count + 1, dtype=np.int32)
        place[-1] = -1
        qubits = columns.qubits.copy()
        extras, extra_rows = list(circuit.extras), np.flatnonzero(columns.extra >= 0)
        new_extra = columns.extra.copy()
        bounds = [*swaps.tolist(), len(columns)]
        begin = 0
        for row in bounds:
            qubits[begin:row] = place[columns.qubits[begin:row]]
            for wide in extra_rows[np.searchsorted(extra_rows, begin) : np.searchsorted(extra_rows, row)].tolist():
                extra = extras[columns.extra[wide]]
                if extra.qubits is not None:
                    new_extra[wide] = len(extras)
                    extras.append(replace(extra, qubits=tuple(int(place[q]) for q in extra.qubits)))
            if row < len(columns):
                a, b = columns.qubits[row, :2].tolist()
                place[a], place[b] = place[b], place[a]
            begin = row + 1
        where = place.tolist()
        layout = circuit.layout or Layout.trivial(count)
        frames = circuit.frames
        if frames is not None:
            moved = list(frames)
            for w, angle in enumerate(frames):
                moved[where[w]] = angle
            frames = tuple(moved)
        stay = np.ones(len(columns), np.bool_)
        stay[swaps] = False
        after = circuit.with_columns(
            replace(columns, qubits=qubits, extra=new_extra).take(np.flatnonzero(stay)),
            extras=tuple(extras), frames=frames, layout=Layout(layout.initial, tuple(where[w] for w in layout.final)),
        )  # fmt: skip
        if context.journal is not None:
            context.journal.elide(self.name, circuit, after, (~stay).astype(np.int8))
        return after


@dataclass(frozen=True)
class RestoreOrder:
    """Rename the wires so that every qubit ends where the program says, and begins elsewhere.

    For machines whose pairs are all alike: results keep the user's order, and where a qubit begins does
    not matter, as all begin in |0>.  Keeps: everything, through the layout.  Idempotent.
    """

    name: ClassVar[str] = "restore_order"
    idempotent: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        layout = circuit.layout
        if layout is None or layout.final == tuple(range(len(layout.final))):
            return circuit
        if _has_blocks(circuit):
            return circuit
        count = circuit.num_qubits
        target = np.full(count + 1, -1, np.int32)
        target[list(layout.final)] = np.arange(len(layout.final), dtype=np.int32)
        spare = sorted(set(range(count)) - set(range(len(layout.final))))
        for w in range(count):
            if target[w] < 0:
                target[w] = spare.pop(0)
        where = target.tolist()
        extras = tuple(
            replace(e, qubits=tuple(where[q] for q in e.qubits)) if e.qubits is not None else e for e in circuit.extras
        )
        frames = circuit.frames
        if frames is not None:
            moved = list(frames)
            for w, angle in enumerate(frames):
                moved[where[w]] = angle
            frames = tuple(moved)
        new = Layout(tuple(where[w] for w in layout.initial), tuple(where[w] for w in layout.final))
        after = circuit.with_columns(
            replace(circuit.columns, qubits=target[circuit.columns.qubits]), extras=extras, frames=frames, layout=new
        )
        if context.journal is not None:
            context.journal.relabel(self.name, circuit, after, target[:-1])
        return after
