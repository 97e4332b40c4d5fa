"""What every operation touches, wire by wire: the checker's own reading of a circuit's dependencies.

Wires are numbered: quantum wires, then classical bits, then one wire for all run-time variables.  Two
operations that share no wire commute; `end`, `return` and calls touch everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Assign, Call, Circuit, Extra, For, If, Switch, While
from qir.columns import OPERATIONS, USER
from qir.expressions import Expr
from qir.gates import NUM_GATES

__all__ = ["Keys", "Legs", "find_legs", "fixed", "row_keys", "skipped"]

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_SKIPPED = [OPERATIONS[name] for name in ("barrier", "delay", "pragma")]
_EVERYTHING = frozenset(OPERATIONS[name] for name in ("end", "return", "call", "break", "continue"))
_PAULIEXP = OPERATIONS["pauliexp"]


def skipped(circuit: Circuit) -> Mask:
    """Operations that mean nothing: barriers, delays, pragmas."""
    codes = circuit.columns.opcode
    return (codes == _SKIPPED[0]) | (codes == _SKIPPED[1]) | (codes == _SKIPPED[2])


def fixed(circuit: Circuit) -> Mask:
    """Operations that are not gates: measurements, resets, classical statements, control flow."""
    codes = circuit.columns.opcode
    return (codes >= NUM_GATES) & (codes < USER) & (codes != _PAULIEXP)


@dataclass(frozen=True)
class Legs:
    """Legs sorted by wire and, on a wire, by program order.  `leg` is the operand's number, -1 when classical."""

    op: Index
    wire: Index
    leg: Index
    num_wires: int

    def falls(self, labels: npt.NDArray[np.integer[Any]]) -> int | None:
        """The first wire along which labels fall, or None."""
        values = labels[self.op]
        bad = (values[1:] < values[:-1]) & (self.wire[1:] == self.wire[:-1])
        return int(self.wire[1:][bad][0]) if bad.any() else None


def find_legs(circuit: Circuit) -> Legs:
    """All legs of all operations that mean something."""
    columns, n, c = circuit.columns, circuit.num_qubits, circuit.num_clbits
    active = ~skipped(circuit)
    flat = columns.qubits.ravel()
    found = np.flatnonzero(flat >= 0) if active.all() else np.flatnonzero((flat >= 0) & np.repeat(active, 3))
    rows = found // 3
    ops, targets, places = [rows], [flat[found].astype(np.int64)], [found - 3 * rows]
    rows = np.flatnonzero((columns.clbit >= 0) & active)
    if len(rows):
        # Bits are wires of their own: their legs may follow those of the qubits.
        ops.append(rows)
        targets.append(columns.clbit[rows].astype(np.int64) + n)
        places.append(np.full(len(rows), -1))
    ordered = len(ops)
    memory = n + c
    special = columns.extra >= 0
    for code in _EVERYTHING:
        special |= columns.opcode == code
    for row in np.flatnonzero(special & active).tolist():
        index = int(columns.extra[row])
        extra = circuit.extras[index] if index >= 0 else Extra()
        if int(columns.opcode[row]) in _EVERYTHING:
            wide, classical = list(range(n)), list(range(n, memory + 1))
        else:
            reach = _reach(extra, circuit)
            if reach is None:
                wide, classical = list(range(n)), list(range(n, memory + 1))
            else:
                bits, variables, inner = reach
                wide = list(extra.qubits or ())
                if inner:
                    listed = set(columns.qubits[row].tolist()) | set(wide)
                    wide += sorted(inner - listed)
                classical = [n + b for b in sorted(bits)] + ([memory] if variables else [])
        held = set(columns.qubits[row].tolist())
        wide = [q for q in wide if q not in held]
        ops.append(np.full(len(wide) + len(classical), row))
        targets.append(np.array(wide + classical, np.int64))
        places.append(np.array([*range(len(wide)), *[-1] * len(classical)], np.int64))
    if columns.terms is not None:
        local = {v.name for v in circuit.variables if v.kind != "input"}
        loud = [i + 1 for i, a in enumerate(circuit.angles) if local.intersection(a.parameters)]
        if loud:
            rows = np.flatnonzero(np.isin(columns.terms, loud).any(axis=1) & active)
            ops.append(rows)
            targets.append(np.full(len(rows), memory))
            places.append(np.full(len(rows), -1))
    op, wire, place = np.concatenate(ops), np.concatenate(targets), np.concatenate(places)
    count = max(len(columns), 1)
    if memory < 2**15:
        if len(ops) > ordered:
            by_row = np.argsort(op, kind="stable")
            order = by_row[np.argsort(wire[by_row].astype(np.int16), kind="stable")]
        else:
            order = np.argsort(wire.astype(np.int16), kind="stable")
    else:
        order = np.argsort(wire * count + op, kind="stable")
    return Legs(op[order], wire[order], place[order], memory + 1)


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
    variables = isinstance(extra.payload, For)
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


# -- when two rows are the same -----------------------------------------------------------------


@dataclass(frozen=True)
class Keys:
    """Rows of a circuit in a form that can be compared with another's, see `row_keys`.

    numbers: arrays of integers, one entry per row; params: as in the columns.
    """

    numbers: tuple[npt.NDArray[np.integer[Any]], ...]
    params: npt.NDArray[np.float64]

    def equal(self, rows: Index, other: Keys, partners: Index) -> Mask:
        """Which rows equal their partners in another circuit."""
        same: Mask = np.ones(len(rows), np.bool_)
        for left, right in zip(self.numbers, other.numbers):
            same &= left[rows] == right[partners]
        for k in range(3):
            same &= self.params[rows, k] == other.params[partners, k]
        return same


def row_keys(a: Circuit, b: Circuit) -> tuple[Keys, Keys]:
    """Rows of two circuits with side tables numbered alike: equal keys mean equal operations."""
    table: dict[object, int] = {}
    by_object: dict[int, int] = {}

    def extra_number(extra: Extra) -> int:
        known = by_object.get(id(extra))
        if known is None:
            key = (
                extra.qubits, extra.clbits, extra.params, extra.controls, extra.power, tuple(id(x) for x in extra.blocks),
                extra.payload,
            )  # fmt: skip
            known = table.setdefault(key, len(table))
            by_object[id(extra)] = known
        return known

    symbols: dict[object, int] = {}
    both = (a, b)
    bits = any((c.columns.clbit >= 0).any() for c in both)
    special = any((c.columns.extra >= 0).any() for c in both)
    symbolic = any(c.columns.terms is not None for c in both)
    calls = a.definitions is not b.definitions and any((c.columns.opcode >= USER).any() for c in both)
    base = max(a.num_qubits, b.num_qubits) + 1
    result = []
    for circuit in both:
        columns = circuit.columns
        opcode = columns.opcode.astype(np.int64)
        if calls:
            user = columns.opcode >= USER
            keys = np.array([table.setdefault(("definition", id(d)), len(table)) for d in circuit.definitions], np.int64)
            opcode[user] = USER + keys[columns.opcode[user] - USER]
        parts: list[npt.NDArray[np.integer[Any]]] = []
        if base < 1 << 16:
            # Opcode and three operands fit one number.
            packed = opcode
            for k in range(3):
                packed = packed * base + columns.qubits[:, k] + 1
            parts.append(packed)
        else:
            parts += [opcode, *columns.qubits.T]
        if bits:
            parts.append(columns.clbit)
        if special:
            extras = np.array([extra_number(e) for e in circuit.extras] + [-1], np.int32)
            parts.append(extras[columns.extra])
        if symbolic:
            names = np.array([-1, *(symbols.setdefault(x.terms, len(symbols)) for x in circuit.angles)], np.int32)
            terms = np.zeros((len(columns), 3), np.int32) if columns.terms is None else columns.terms
            parts += list(names[terms].T)
        result.append(Keys(tuple(parts), columns.params))
    return result[0], result[1]
