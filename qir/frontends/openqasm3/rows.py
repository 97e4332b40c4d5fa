"""Operations on their way into columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Definition, Extra, Register, Variable
from qir.columns import Columns
from qir.params import Angle
from qir.source import Source

__all__ = ["Rows", "Spans", "Wiring", "finish"]


class Spans:
    """A span table in the making: pairs of offsets, one by one or as arrays."""

    def __init__(self) -> None:
        self._pairs: list[tuple[int, int]] = []
        self._parts: list[npt.NDArray[np.int64]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, pair: tuple[int, int]) -> None:
        self._pairs.append(pair)
        self._count += 1

    def extend(self, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> None:
        """Many at once."""
        self._pack()
        self._parts.append(np.stack([starts, ends], axis=1))
        self._count += len(starts)

    def _pack(self) -> None:
        if self._pairs:
            self._parts.append(np.array(self._pairs, np.int64))
            self._pairs = []

    def table(self) -> npt.NDArray[np.int64] | None:
        """The (m, 2) table; None when it is empty."""
        self._pack()
        return np.concatenate(self._parts) if self._parts else None


@dataclass
class Wiring:
    """What all circuits of one program share; complete only at its end."""

    num_qubits: int = 0
    num_physical: int = 0
    num_clbits: int = 0
    qregs: list[Register] = field(default_factory=list)
    cregs: list[Register] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    spans: Spans = field(default_factory=Spans)


class Rows:
    """Collects the operations of one circuit or block.

    `add` appends one operation; `extend` appends many at once as columns whose `extra` and `terms`
    already refer to this collection's `extras` and `angles`.
    """

    def __init__(self) -> None:
        self.opcode: list[int] = []
        self.qubits: list[tuple[int, int, int]] = []
        self.params: list[tuple[float, float, float]] = []
        self.clbit: list[int] = []
        self.extra: list[int] = []
        self.span: list[int] = []
        self.terms: dict[int, tuple[int, int, int]] = {}
        self.extras: list[Extra] = []
        self.angles: dict[Angle, int] = {}
        self.phase = Angle()
        self.chunks: list[Columns] = []
        self.count = 0
        """Operations so far."""
        self.max_definition = -1

    def add(self, code: int, qubits: Sequence[int], params: Sequence[float | Angle], clbit: int, extra: Extra | None,
            span: int) -> None:  # fmt: skip
        """One operation.  More than three qubits or angles go into its `Extra`."""
        if len(qubits) > 3 or len(params) > 3:
            extra = extra or Extra()
            if len(qubits) > 3 and extra.qubits is None:
                extra = replace(extra, qubits=tuple(qubits))
            if len(params) > 3:
                extra = replace(extra, params=tuple(p if isinstance(p, Angle) else Angle(p) for p in params))
                params = ()
        if extra is None:
            self.extra.append(-1)
        else:
            if extra.qubits is not None:
                qubits = ()
            self.extra.append(len(self.extras))
            self.extras.append(extra)
        a, b, c = (*qubits, -1, -1, -1)[:3]
        self.qubits.append((a, b, c))
        if params:
            numbers = [p.constant if isinstance(p, Angle) else p for p in params] + [0.0, 0.0]
            self.params.append((numbers[0], numbers[1], numbers[2]))
            if any(isinstance(p, Angle) and p.terms for p in params):
                t = [self.term(p) for p in params] + [0, 0]
                self.terms[len(self.opcode)] = (t[0], t[1], t[2])
        else:
            self.params.append((0.0, 0.0, 0.0))
        self.opcode.append(code)
        self.clbit.append(clbit)
        self.span.append(span)
        self.count += 1

    def term(self, value: float | Angle) -> int:
        """1 + the row of an angle's symbolic part, 0 for a number."""
        if not isinstance(value, Angle) or not value.terms:
            return 0
        return self.angles.setdefault(value.symbolic, len(self.angles) + 1)

    def extend(self, columns: Columns) -> None:
        """Many operations at once."""
        self._pack()
        self.chunks.append(columns)
        self.count += len(columns)

    def _pack(self) -> None:
        if not self.opcode:
            return
        count = len(self.opcode)
        terms = None
        if self.terms:
            terms = np.zeros((count, 3), np.int32)
            rows = np.fromiter(self.terms, np.int64, len(self.terms))
            terms[rows] = np.array(list(self.terms.values()), np.int32)
        self.chunks.append(
            Columns(
                np.array(self.opcode, np.int32),
                np.array(self.qubits, np.int32).reshape(-1, 3),
                np.array(self.params, np.float64).reshape(-1, 3),
                np.array(self.clbit, np.int32),
                np.array(self.extra, np.int32),
                np.array(self.span, np.int32),
                terms,
            )
        )
        self.opcode, self.qubits, self.params, self.clbit, self.extra, self.span = [], [], [], [], [], []
        self.terms = {}

    def columns(self) -> Columns:
        """All operations as columns."""
        self._pack()
        if not self.chunks:
            return Columns.empty()
        if len(self.chunks) > 1:
            self.chunks = [Columns.concatenate(self.chunks)]
        return self.chunks[0]

    def circuit(self, wiring: Wiring, definitions: tuple[Definition, ...], source: Source | None) -> Circuit:
        """The circuit as far as it is known; `finish` completes it."""
        return Circuit(
            self.columns(),
            wiring.num_qubits,
            wiring.num_physical,
            tuple(wiring.qregs),
            tuple(wiring.cregs),
            tuple(self.angles),
            tuple(self.extras),
            definitions,
            tuple(wiring.variables),
            self.phase,
            source=source,
        )


def finish(circuit: Circuit, wiring: Wiring, definitions: tuple[Definition, ...]) -> Circuit:
    """A circuit and its nested blocks with the registers, variables, gates and spans of the whole
    program: a block may have been lowered before they were declared."""
    table = wiring.spans.table()
    qregs, cregs, variables = tuple(wiring.qregs), tuple(wiring.cregs), tuple(wiring.variables)

    def complete(block: Circuit, extras: tuple[Extra, ...]) -> Circuit:
        return replace(block, num_qubits=wiring.num_qubits, num_physical=wiring.num_physical, qregs=qregs, cregs=cregs,
                       variables=variables, definitions=definitions, extras=extras, span_table=table)  # fmt: skip

    # Breadth first, so that the blocks of a circuit follow it in one run; completed from the end.
    order = [circuit]
    first: list[int] = []
    for block in order:
        first.append(len(order))
        order.extend(inner for extra in block.extras for inner in extra.blocks)
    for row in range(len(order) - 1, -1, -1):
        position = first[row]
        extras = []
        for extra in order[row].extras:
            if extra.blocks:
                count = len(extra.blocks)
                extra = replace(extra, blocks=tuple(order[position : position + count]))
                position += count
            extras.append(extra)
        order[row] = complete(order[row], tuple(extras))
    return order[0]
