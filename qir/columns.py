"""A circuit's operations as arrays, and what can be read off them in bulk.

Program order is a topological order of the DAG, so the DAG itself is never stored: wires
(previous and next operation per leg), layers and depth are derived from the columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.gates import GATES, NUM_GATES

__all__ = [
    "BASIS", "CLIFFORD", "CONTROL", "DIAGONAL", "NAMES", "NUM_PARAMS", "NUM_QUBITS", "OPERATIONS", "SYMMETRIC", "USER",
    "Columns",
    "Wires", "distinct", "edges", "is_gate", "layers", "lengths", "wires",
]  # fmt: skip

Int = npt.NDArray[np.int32]
Float = npt.NDArray[np.float64]

OPERATIONS: dict[str, int] = {
    name: 256 + i
    for i, name in enumerate(
        (
            "measure", "reset", "barrier", "delay", "pauliexp", "box", "if", "for", "while", "switch", "break", "continue",
            "end", "assign", "call", "return", "pragma",
        )
    )
}  # fmt: skip
"""Opcodes of what is not a plain gate.  `pauliexp` is exp(-i angle/2 P) on any number of qubits."""

USER = 512
"""Opcodes from here on are calls of `circuit.definitions[opcode - USER]`."""

CONTROL = frozenset(OPERATIONS[name] for name in ("box", "if", "for", "while", "switch"))
"""Operations that hold blocks."""

NAMES: dict[int, str] = dict(enumerate(GATES)) | {code: name for name, code in OPERATIONS.items()}
"""Opcode to name (user gates are named by their definition)."""

_ROWS = list(GATES.values())


def _table(values: Sequence[int | bool], dtype: type) -> npt.NDArray[np.generic]:
    array: npt.NDArray[np.generic] = np.zeros(USER, dtype=dtype)
    array[:NUM_GATES] = values
    array.flags.writeable = False
    return array


NUM_QUBITS = _table([g.num_qubits for g in _ROWS], np.int8)
NUM_PARAMS = _table([g.num_params for g in _ROWS], np.int8)
DIAGONAL = _table([g.diagonal for g in _ROWS], np.bool_)
SYMMETRIC = _table([g.symmetric for g in _ROWS], np.bool_)
CLIFFORD = _table([g.clifford for g in _ROWS], np.bool_)

BASIS = np.zeros((USER, 3), dtype=np.int8)
"""Per opcode and operand the Pauli it commutes with: 0 none, 1 X, 2 Y, 3 Z."""
for _i, _row in enumerate(_ROWS):
    for _j, _letter in enumerate(_row.basis):
        BASIS[_i, _j] = "-XYZ".index(_letter)
BASIS.flags.writeable = False


@dataclass(frozen=True, slots=True)
class Columns:
    """One row per operation, in program order.

    | column | shape, dtype | meaning |
    |---|---|---|
    | `opcode` | (n,) int32 | gate of the table, entry of `OPERATIONS`, or user gate from `USER` |
    | `qubits` | (n, 3) int32 | operands, -1 where there is none or where `extra` holds them |
    | `params` | (n, 3) float64 | constant part of the angles, 0 where there is none |
    | `clbit` | (n,) int32 | the bit a measurement writes, else -1 |
    | `extra` | (n,) int32 | row of `circuit.extras`, -1 for a plain operation |
    | `span` | (n,) int32 | row of the span table, -1 when made by no text |
    | `terms` | (n, 3) int32 or None | 1 + row of `circuit.angles`, the symbolic part; 0 none |

    A row with `extra` >= 0 is not plain: vectorised rules leave it alone, and it keeps its place
    on every wire it touches.
    """

    opcode: Int
    qubits: Int
    params: Float
    clbit: Int
    extra: Int
    span: Int
    terms: Int | None = None

    def __len__(self) -> int:
        return len(self.opcode)

    def take(self, rows: npt.NDArray[np.generic]) -> Columns:
        """The rows given by indices or by a mask, in that order."""
        return Columns(
            self.opcode[rows],
            self.qubits[rows],
            self.params[rows],
            self.clbit[rows],
            self.extra[rows],
            self.span[rows],
            None if self.terms is None else self.terms[rows],
        )

    @staticmethod
    def empty(count: int = 0, *, symbolic: bool = False) -> Columns:
        """`count` blank rows to be filled in (opcode 0, no operands)."""
        none = np.empty((6, count), np.int32)
        none.fill(-1)
        return Columns(
            np.zeros(count, np.int32),
            none[:3].reshape(count, 3),
            np.zeros((count, 3)),
            none[3],
            none[4],
            none[5],
            np.zeros((count, 3), np.int32) if symbolic else None,
        )

    @staticmethod
    def concatenate(parts: Sequence[Columns]) -> Columns:
        """Rows of all parts, one after the other."""
        symbolic = any(p.terms is not None for p in parts)
        terms = [np.zeros((len(p), 3), np.int32) if p.terms is None else p.terms for p in parts] if symbolic else None
        return Columns(
            np.concatenate([p.opcode for p in parts]),
            np.concatenate([p.qubits for p in parts]),
            np.concatenate([p.params for p in parts]),
            np.concatenate([p.clbit for p in parts]),
            np.concatenate([p.extra for p in parts]),
            np.concatenate([p.span for p in parts]),
            None if terms is None else np.concatenate(terms),
        )

    @property
    def plain(self) -> npt.NDArray[np.bool_]:
        """Which rows are gates of the table with their operands in the columns."""
        return np.asarray((self.opcode < NUM_GATES) & (self.extra < 0))

    @property
    def symbolic(self) -> npt.NDArray[np.bool_]:
        """Which rows have an angle with a symbolic part."""
        if self.terms is None:
            return np.zeros(len(self), dtype=np.bool_)
        return np.asarray(self.terms.any(axis=1))


def is_gate(opcode: Int) -> npt.NDArray[np.bool_]:
    """Which opcodes are unitary gates (table, user, or Pauli exponential)."""
    return np.asarray((opcode < NUM_GATES) | (opcode >= USER) | (opcode == OPERATIONS["pauliexp"]))


@dataclass(frozen=True, slots=True)
class Wires:
    """The legs of all operations, sorted by wire and, on a wire, by program order.

    Wire w < num_qubits is a qubit, num_qubits + c is classical bit c.  `op`, `wire` and `leg`
    have one entry per leg; `start` has one more entry than there are wires.
    """

    op: Int
    wire: Int
    leg: Int
    start: npt.NDArray[np.int64]

    @property
    def first(self) -> npt.NDArray[np.bool_]:
        """Which legs are the first of their wire."""
        mask = np.zeros(len(self.op), dtype=np.bool_)
        mask[self.start[:-1][self.start[:-1] < self.start[1:]]] = True
        return mask

    def previous(self) -> Int:
        """Per leg the operation before it on the wire, -1 at the beginning."""
        result = np.empty_like(self.op)
        result[1:] = self.op[:-1]
        result[self.first] = -1
        return result

    def next(self) -> Int:
        """Per leg the operation after it on the wire, -1 at the end."""
        result = np.empty_like(self.op)
        result[:-1] = self.op[1:]
        last = self.start[1:][self.start[:-1] < self.start[1:]] - 1
        result[last] = -1
        return result


def distinct(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The different values of an array of integers, ascending.  (`np.unique` imports numpy.ma, 10 ms.)"""
    ordered = np.sort(values, axis=None)
    return ordered[edges(ordered)]


def lengths(heads: npt.NDArray[np.integer[Any]], total: int) -> npt.NDArray[np.int64]:
    """How many entries each run has, when runs begin at `heads` (ascending) and the last ends at `total`."""
    result = np.empty(len(heads), np.int64)
    if len(heads):
        np.subtract(heads[1:], heads[:-1], out=result[:-1])
        result[-1] = total - heads[-1]
    return result


def edges(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where an array differs from the entry before, the first entry included."""
    result = np.empty(len(values), np.bool_)
    result[:1] = True
    np.not_equal(values[1:], values[:-1], out=result[1:])
    return result


def wires(op: Int, wire: Int, leg: Int, num_wires: int) -> Wires:
    """Sort unsorted legs into wires (stable, so program order is kept when `op` ascends)."""
    if len(op) and num_wires * (int(op.max()) + 1) < 2**62:
        order = np.argsort(wire.astype(np.int64) * (int(op.max()) + 1) + op, kind="stable")
    else:
        order = np.lexsort((op, wire))
    sorted_wire = wire[order]
    start = np.searchsorted(sorted_wire, np.arange(num_wires + 1))
    return Wires(op[order], sorted_wire, leg[order], start)


def layers(w: Wires, count: int, weight: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Int:
    """The layer each of `count` operations is in: 1 + that of its latest predecessor.

    An operation with weight k takes k layers; one with weight 0 stays in that of its latest
    predecessor (0 at the beginning).
    """
    legs = np.argsort(w.op, kind="stable")
    wire_of = w.wire[legs].tolist()
    counts = np.bincount(w.op, minlength=count).tolist()
    weights = weight.tolist()
    level = [0] * (int(w.wire[-1]) + 1 if len(w.wire) else 0)
    result = [0] * count
    position = 0
    for i in range(count):
        # Sequential by nature; 0.3 us a leg, and only run when a depth is asked for.
        end = position + counts[i]
        mine = wire_of[position:end]
        position = end
        if mine:
            depth = max([level[q] for q in mine]) + weights[i]
            for q in mine:
                level[q] = depth
            result[i] = depth
    long = max(result, default=0) >= 2**31  # weights may be times, see the estimate
    return np.array(result, dtype=np.int64 if long else np.int32)
