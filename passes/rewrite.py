"""Assembling a rewritten circuit: rows gathered under window numbers, sorted, justified.

A pass gives every operation of the old circuit a window number that never falls along a wire
(its row, or the row of the first operation of its window), hands replacement rows to a
`Rewriter` under those numbers, and calls `finish`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Extra
from qir.columns import Columns
from qir.gates import Row, opcode
from qir.params import Angle, angle

if TYPE_CHECKING:
    from .base import Context

__all__ = ["Rewriter", "Rule"]

Index = npt.NDArray[np.integer[Any]]
Real = npt.NDArray[np.float64]
Rule = Callable[..., Sequence[Row]]
"""Maps the angles of a gate (numbers, arrays or `Angle`) to the rows that replace it."""


class Rewriter:
    """Collects the rows of the new circuit; see the module's docstring.

    Rows under one number stand in the order in which they were added.  `labels` are the window
    numbers of the new circuit's operations, once it is finished.
    """

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.phase = circuit.global_phase
        self.labels: Index = np.zeros(0, np.int64)
        self.extras: list[Extra] = list(circuit.extras)
        self._angles: dict[Angle, int] = {a: i + 1 for i, a in enumerate(circuit.angles)}
        self._parts: list[tuple[Index, Columns]] = []
        self._single: list[tuple[int, int, tuple[int, ...], tuple[Angle, ...], int, int, int]] = []

    # -- adding rows -----------------------------------------------------------------------

    def turn(self, phase: float) -> None:
        """Add to the global phase (radians)."""
        self.phase = self.phase + math.remainder(phase, 2 * math.pi)

    def keep(self, rows: Index, labels: Index | None = None) -> None:
        """Old rows, unchanged."""
        self._flush()
        if len(rows):
            self._parts.append((rows if labels is None else labels, self.circuit.columns.take(rows)))

    def add(self, labels: Index, columns: Columns) -> None:
        """Ready-made rows."""
        self._flush()
        if len(labels):
            self._parts.append((labels, columns))

    def gates(self, labels: Index, name: str, qubits: npt.NDArray[np.int32], params: Sequence[npt.ArrayLike],
              span: Index) -> None:  # fmt: skip
        """One gate of the table per label; `qubits` (n,) or (n, k)."""
        count = len(labels)
        if not count:
            return
        columns = Columns.empty(count)
        columns.opcode[:] = opcode(name)
        pairs = qubits.reshape(count, -1)
        columns.qubits[:, : pairs.shape[1]] = pairs
        for i, value in enumerate(params):
            columns.params[:, i] = value
        columns.span[:] = span
        self.add(labels, columns)

    def rule(self, rows: Index, rule: Rule, num_params: int) -> None:
        """Plain rows of one opcode by the lines of a rule, all at once where no angle is symbolic."""
        if not len(rows):
            return
        self._flush()
        columns = self.circuit.columns
        if columns.terms is not None:
            symbolic = columns.terms[rows].any(axis=1)
            for row in rows[symbolic].tolist():
                self.lines(row, rule(*self.circuit.row_angles(row)), self.circuit.operands(row), int(columns.span[row]))
            self._flush()
            rows = rows[~symbolic]
            if not len(rows):
                return
        lines = rule(*(columns.params[rows, i] for i in range(num_params)))
        inner = [line for line in lines if line[0] != "gphase"]
        for _, angles, _ in (line for line in lines if line[0] == "gphase"):
            self.phase = self.phase + float(np.sum(np.broadcast_to(angles[0], len(rows))))
        size, count = len(inner), len(rows)
        if not size:
            return
        made = Columns.empty(count * size)
        qubits, params = made.qubits.reshape(count, size, 3), made.params.reshape(count, size, 3)
        made.opcode.reshape(count, size)[:] = [opcode(name) for name, _, _ in inner]
        made.span.reshape(count, size)[:] = columns.span[rows][:, None]
        for k, (_, angles, operands) in enumerate(inner):
            for leg, operand in enumerate(operands):
                qubits[:, k, leg] = columns.qubits[rows, operand]
            for i, value in enumerate(angles):
                params[:, k, i] = value
        self._parts.append((np.repeat(rows, size), made))

    def lines(self, label: int, lines: Sequence[Row], operands: Sequence[int], span: int) -> None:
        """The lines of a definition on given operands, one by one."""
        for name, angles, local in lines:
            self.append(label, opcode(name), [operands[k] for k in local], angles, span)

    def append(self, label: int, code: int, qubits: Sequence[int], angles: Sequence[Any] = (), span: int = -1,
               extra: Extra | None = None, clbit: int = -1) -> None:  # fmt: skip
        """One row; `gphase` without controls goes to the global phase."""
        values = tuple(angle(a) for a in angles)
        if code == 0 and extra is None:
            self.phase = self.phase + values[0]
            return
        if len(qubits) > 3 or len(values) > 3:
            extra = replace(
                extra or Extra(),
                qubits=tuple(qubits) if len(qubits) > 3 else None,
                params=values if len(values) > 3 else None,
            )
        elif extra is not None:
            extra = replace(extra, params=None, qubits=tuple(qubits) if extra.blocks else None)
        index = -1
        if extra is not None:
            index = len(self.extras)
            self.extras.append(extra)
        wide = extra is not None and extra.qubits is not None
        narrow = () if wide else tuple(qubits)
        self._single.append((label, code, narrow, values if len(values) <= 3 else (), span, index, clbit))

    def _flush(self) -> None:
        if not self._single:
            return
        rows, self._single = self._single, []
        made = Columns.empty(len(rows), symbolic=True)
        labels = np.empty(len(rows), np.int64)
        for i, (label, code, qubits, angles, span, extra, clbit) in enumerate(rows):
            labels[i] = label
            made.opcode[i] = code
            made.span[i] = span
            made.extra[i] = extra
            made.clbit[i] = clbit
            made.qubits[i, : len(qubits)] = qubits
            for k, value in enumerate(angles):
                made.params[i, k] = value.constant
                if value.terms:
                    assert made.terms is not None
                    made.terms[i, k] = self.term(value)
        if made.terms is not None and not made.terms.any():
            made = replace(made, terms=None)
        self._parts.append((labels, made))

    def term(self, value: Angle) -> int:
        """The number of an angle's symbolic part in the new circuit's table; 0 for a number."""
        return self._angles.setdefault(value.symbolic, len(self._angles) + 1) if value.terms else 0

    # -- the result ------------------------------------------------------------------------

    def finish(self, context: Context, name: str, old: Index | None = None, **changes: Any) -> Circuit:
        """The new circuit; `old` are the window numbers of the old operations (default: their rows)."""
        self._flush()
        before = self.circuit
        if self._parts:
            labels = np.concatenate([np.asarray(labels, np.int64) for labels, _ in self._parts])
            order = np.argsort(labels, kind="stable")
            columns = Columns.concatenate([c for _, c in self._parts]).take(order)
            labels = labels[order]
        else:
            columns, labels = Columns.empty(), np.zeros(0, np.int64)
        self.labels = labels
        terms = columns.terms
        if terms is not None and not terms.any():
            columns = replace(columns, terms=None)
        angles = tuple(self._angles) if columns.terms is not None else ()
        after = before.with_columns(
            columns, extras=tuple(self.extras), angles=angles, global_phase=self.phase, **changes
        )
        if context.journal is not None:
            context.journal.windows(name, before, after, np.arange(len(before.columns)) if old is None else old, labels)
        return after
