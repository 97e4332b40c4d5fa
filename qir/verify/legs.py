"""What every operation touches, wire by wire: the checker's own reading of a circuit's dependencies.

Wires are numbered: quantum wires, then classical bits, then one wire for all run-time variables.  Two
operations that share no wire commute; `end`, `return` and calls touch everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Assign, Call, Circuit, Extra, For, If, Switch, While
from qir.columns import OPERATIONS
from qir.expressions import Expr
from qir.params import Angle
from qir.verify.arrays import places

__all__ = ["Legs", "find_legs"]

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_EVERYTHING = frozenset(OPERATIONS[name] for name in ("end", "return", "call", "break", "continue"))
_MEASURE = OPERATIONS["measure"]


@dataclass(frozen=True)
class Legs:
    """Legs sorted by wire and, on a wire, by program order.

    place: three times the row, plus the operand's number where that is less than 3; leg: the number of the operand, -1 when
    classical (None: to be derived from `place`).
    """

    op: Index
    wire: npt.NDArray[np.int32]
    num_wires: int
    place: Index
    quantum: int
    """So many legs come first, on qubits."""
    _leg: Index | None = None

    @cached_property
    def leg(self) -> Index:
        """Per leg the operand's number, -1 when classical."""
        if self._leg is not None:
            return self._leg
        found: Index = self.place - 3 * self.op
        found[self.quantum :] = -1
        return found

    def falls(self, labels: npt.NDArray[np.integer[Any]]) -> int | None:
        """The first wire along which labels fall, or None."""
        values = labels.take(self.op)
        bad = (values[1:] < values[:-1]) & (self.wire[1:] == self.wire[:-1])
        return int(self.wire[1:][bad][0]) if bad.any() else None


def find_legs(circuit: Circuit, rows: Index | None = None) -> Legs:
    """All legs of some operations, given by their rows in program order (None: of all)."""
    columns, n, c = circuit.columns, circuit.num_qubits, circuit.num_clbits
    opcode, qubits, clbit, extra = columns.opcode, columns.qubits, columns.clbit, columns.extra
    if rows is not None:
        opcode, qubits, clbit, extra = (x.take(rows, axis=0) for x in (opcode, qubits, clbit, extra))
    flat = qubits.ravel()
    found = places(flat >= 0)
    wire = flat.take(found)
    special = _special(opcode, extra).tolist()
    n16 = n + c < 2**15
    writing = places(clbit >= 0)
    if not special and columns.terms is None and n16:
        order = np.argsort(wire.astype(np.int16), kind="stable")
        place = found.take(order)
        op, wire = place // 3, wire.take(order)
        if len(writing):
            # Bits are wires behind the qubits.
            written = clbit.take(writing)
            order = np.argsort(written.astype(np.int16), kind="stable")
            writing = writing.take(order)
            op, place = np.concatenate([op, writing]), np.concatenate([place, 3 * writing])
            wire = np.concatenate([wire, written.take(order) + np.int32(n)])
        if rows is not None:
            place, op = place - 3 * op + 3 * rows.take(op), rows.take(op)
        return Legs(op, wire, n + c + 1, place, len(found))
    row = found // 3
    ops: list[Index] = [row]
    targets: list[npt.NDArray[np.int32]] = [wire]
    legs: list[Index] = [found - 3 * row]
    if len(writing):
        # Their legs may follow those of the qubits.
        ops.append(writing)
        targets.append(clbit.take(writing) + np.int32(n))
        legs.append(np.full(len(writing), -1))
    ordered = len(ops)
    memory = n + c
    for i in special:
        index = int(extra[i])
        known = circuit.extras[index] if index >= 0 else Extra()
        reach = None if int(opcode[i]) in _EVERYTHING else _reach(known, circuit)
        if reach is None:
            wide, classical = list(range(n)), list(range(n, memory + 1))
        else:
            bits, variables, inner = reach
            wide = list(known.qubits or ())
            if inner:
                listed = set(qubits[i].tolist()) | set(wide)
                wide += sorted(inner - listed)
            classical = [n + b for b in sorted(bits)] + ([memory] if variables else [])
        held = set(qubits[i].tolist())
        wide = [q for q in wide if q not in held]
        ops.append(np.full(len(wide) + len(classical), i))
        targets.append(np.array(wide + classical, np.int32))
        legs.append(np.array([*range(len(wide)), *[-1] * len(classical)], np.int64))
    if columns.terms is not None:
        local = {v.name for v in circuit.variables if v.kind != "input"}
        kinds = [_reads(a, local) for a in circuit.angles]
        terms = columns.terms if rows is None else columns.terms.take(rows, axis=0)
        for kind, first in (("variable", memory), ("bit", n)):
            # An angle that reads a bit is taken to read them all.
            loud = [i + 1 for i, found in enumerate(kinds) if found == kind]
            if loud:
                reading = places(np.asarray(np.isin(terms, loud).any(axis=1)))
                width = memory + 1 - first
                ops.append(reading.repeat(width))
                targets.append(np.tile(np.arange(first, memory + 1, dtype=np.int32), len(reading)))
                legs.append(np.full(len(reading) * width, -1))
    op, wire, leg = np.concatenate(ops), np.concatenate(targets), np.concatenate(legs)
    if n16:
        # Sorting numbers of 16 bits is linear, and stable.
        if len(ops) > ordered:
            by_row = np.argsort(op, kind="stable")
            order = by_row[np.argsort(wire[by_row].astype(np.int16), kind="stable")]
        else:
            order = np.argsort(wire.astype(np.int16), kind="stable")
    else:
        order = np.argsort(wire.astype(np.int64) * max(len(opcode), 1) + op, kind="stable")
    op, leg = op.take(order), leg.take(order)
    if rows is not None:
        op = rows.take(op)
    wire = wire.take(order)
    return Legs(op, wire, memory + 1, 3 * op + np.clip(leg, 0, 2), int(np.searchsorted(wire, n)), leg)


def _reads(angle: Angle, local: set[str]) -> str | None:
    """Whether an angle depends on classical bits or on run-time variables: "bit", "variable", or None."""
    for symbol, _ in angle.terms:
        if any(node.op in ("bit", "register") for node in symbol.walk()):
            return "bit"
    return "variable" if local.intersection(angle.parameters) else None


def _special(opcode: npt.NDArray[np.int32], extra: npt.NDArray[np.int32]) -> Index:
    """Operations whose reach is not in the columns."""
    special = np.asarray(extra >= 0)
    if len(opcode) and int(opcode.max()) > _MEASURE:
        for code in _EVERYTHING:
            special |= opcode == code
    return places(special)


def _expressions(extra: Extra) -> Iterator[Expr]:
    payload = extra.payload
    if isinstance(payload, (If, While)):
        yield payload.condition
    elif isinstance(payload, Switch):
        yield payload.subject
    elif isinstance(payload, For):
        yield from payload.values if isinstance(payload.values, tuple) else (payload.values,)
    elif isinstance(payload, Assign):
        yield payload.target
        yield payload.value
    elif isinstance(payload, Expr):
        yield payload


def _reach(extra: Extra, circuit: Circuit) -> tuple[set[int], bool, set[int]] | None:
    """Bits, whether variables, and qubits of blocks that an operation reaches; None for everything."""
    bits: set[int] = set(extra.clbits)
    qubits: set[int] = set()
    variables = isinstance(extra.payload, For) or any(a.terms for a in extra.params or ())
    registers = {r.name: range(r.start, r.start + r.size) for r in circuit.cregs}
    stack: list[tuple[Extra, tuple[Circuit, ...]]] = [(extra, extra.blocks)]
    while stack:
        found, blocks = stack.pop()
        if isinstance(found.payload, Call):
            return None
        for expression in _expressions(found):
            for node in expression.walk():
                if node.op == "bit":
                    bits.add(int(str(node.value)))
                elif node.op == "register":
                    bits.update(registers.get(str(node.value), ()))
                elif node.op == "var":
                    variables = True
        variables = variables or isinstance(found.payload, For)
        bits.update(found.clbits)
        for block in blocks:
            columns = block.columns
            if _EVERYTHING.intersection(np.unique(columns.opcode).tolist()):
                return None
            qubits.update(columns.qubits[columns.qubits >= 0].tolist())
            bits.update(columns.clbit[columns.clbit >= 0].tolist())
            variables = variables or any(a.terms for a in block.angles)
            for inner in block.extras:
                qubits.update(inner.qubits or ())
                stack.append((inner, inner.blocks))
    return bits, variables, qubits
