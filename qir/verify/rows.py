"""Rows in a form in which circuits can be compared: equal numbers and angles mean equal operations."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Extra
from qir.columns import OPERATIONS, USER
from qir.gates import NUM_GATES
from qir.verify.arrays import places
from qir.verify.legs import Legs, find_legs
from qir.verify.result import Unjustified

__all__ = ["Reading", "Tables", "differing", "fixed", "pick", "skipped"]

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_SKIPPED = [OPERATIONS[name] for name in ("barrier", "delay", "pragma")]
_PAULIEXP = OPERATIONS["pauliexp"]
_OTHERS = OPERATIONS.values()
_WIRE_BITS, _BIT_BITS, _CODE_BITS = 12, 15, 12
_WIDE_BITS = 21


def skipped(codes: npt.NDArray[np.integer[Any]]) -> Mask:
    """Which opcodes mean nothing: barriers, delays, pragmas."""
    return (codes == _SKIPPED[0]) | (codes == _SKIPPED[1]) | (codes == _SKIPPED[2])


def fixed(codes: npt.NDArray[np.integer[Any]]) -> Mask:
    """Which opcodes are not gates: measurements, resets, classical statements, control flow."""
    result: Mask = (codes >= NUM_GATES) & (codes < USER) & (codes != _PAULIEXP)
    return result


class Tables:
    """Numbers for what side tables hold, shared by all circuits that are to be compared."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._known: dict[int, tuple[object, int]] = {}

    def entry(self, extra: Extra) -> int:
        known = self._known.get(id(extra))
        if known is None:
            key = (
                extra.qubits, extra.clbits, extra.params, extra.controls, extra.power, tuple(id(x) for x in extra.blocks),
                extra.payload,
            )  # fmt: skip
            # The entry is kept with its number: an id is only as good as its object's life, and so with its blocks.
            known = self._known[id(extra)] = (extra, self.number(key))
        return known[1]

    def number(self, key: Any) -> int:
        return self._numbers.setdefault(key, len(self._numbers))


class Reading:
    """What the checker derives from one circuit, each part once and when it is asked for."""

    def __init__(self, circuit: Circuit, tables: Tables) -> None:
        self.circuit, self.tables = circuit, tables
        columns = circuit.columns
        limits = (
            (columns.qubits, -1, min(circuit.num_qubits, (1 << _WIDE_BITS) - 2)), (columns.clbit, -1, circuit.num_clbits),
            (columns.opcode, 0, USER + len(circuit.definitions)), (columns.extra, -1, len(circuit.extras)),
            (columns.terms, 0, len(circuit.angles) + 1),
        )  # fmt: skip
        for column, least, end in limits:
            if column is not None and column.size and (int(column.min()) < least or int(column.max()) >= end):
                raise Unjustified("an operation names something that its circuit does not have")
        if len(columns) and int(columns.opcode.max()) >= NUM_GATES:
            others = columns.opcode[(columns.opcode >= NUM_GATES) & (columns.opcode < USER)]
            if others.size and (int(others.min()) < min(_OTHERS) or int(others.max()) > max(_OTHERS)):
                raise Unjustified("an operation is of no kind that there is")
        self.narrow = (
            circuit.num_qubits < (1 << _WIRE_BITS) - 1
            and circuit.num_clbits < (1 << _BIT_BITS) - 1
            and USER + len(circuit.definitions) < 1 << _CODE_BITS
        )

    @cached_property
    def active(self) -> Index | None:
        """The rows that mean something; None for all of them."""
        codes = self.circuit.columns.opcode
        if int(codes.max(initial=0)) < min(_SKIPPED):
            return None
        gone = skipped(codes)
        return places(~gone) if gone.any() else None

    @cached_property
    def legs(self) -> Legs:
        return find_legs(self.circuit, self.active)

    @cached_property
    def packed(self) -> Index:
        """Opcode, operands and bit of each row in one number; only where the circuit is `narrow`."""
        columns = self.circuit.columns
        return _pack(columns.opcode, columns.qubits, columns.clbit)

    @cached_property
    def spread(self) -> tuple[Index, Index]:
        """The same in two numbers, for circuits that are not narrow."""
        columns = self.circuit.columns
        qubits = columns.qubits.astype(np.int64) + 1
        operands = (qubits[:, 0] << 2 * _WIDE_BITS) | (qubits[:, 1] << _WIDE_BITS) | qubits[:, 2]
        return (columns.opcode.astype(np.int64) << 32) | (columns.clbit.astype(np.int64) + 1), operands

    @cached_property
    def special(self) -> bool:
        """Whether any row has an entry for what fits no column."""
        return int(self.circuit.columns.extra.max(initial=-1)) >= 0

    @cached_property
    def extras(self) -> Index | None:
        """Numbers of the entries for what fits no column, -1 for none; None when no row has one."""
        column = self.circuit.columns.extra
        if not self.special:
            return None
        return np.array([self.tables.entry(e) for e in self.circuit.extras] + [-1], np.int64).take(column, mode="wrap")

    @cached_property
    def symbols(self) -> Index | None:
        """A number for the symbolic parts of the three angles, -1 for none; None when all angles are numbers."""
        terms = self.circuit.columns.terms
        if terms is None:
            return None
        numbers = np.array([0, *(1 + self.tables.number(a.terms) for a in self.circuit.angles)], np.int64).take(terms)
        if numbers.max(initial=0) >= 1 << _WIDE_BITS:
            raise Unjustified("there are more different angles than the checker can number")
        packed: Index = ((numbers[:, 0] << _WIDE_BITS) | numbers[:, 1]) << _WIDE_BITS | numbers[:, 2]
        packed[packed == 0] = -1
        return packed

    @cached_property
    def calls(self) -> Index | None:
        """Which definition a row calls, -1 for none; None when no row calls one."""
        codes = self.circuit.columns.opcode
        if len(codes) == 0 or int(codes.max()) < USER:
            return None
        known = [self.tables.number(("definition", id(d))) for d in self.circuit.definitions]
        return np.array([*known, -1], np.int64)[np.where(codes >= USER, codes - USER, -1)]


def _pack(opcode: npt.NDArray[np.int32], qubits: npt.NDArray[np.int32], clbit: npt.NDArray[np.int32]) -> Index:
    packed: Index = opcode.astype(np.int64)
    for leg in range(3):
        packed <<= _WIRE_BITS
        packed += qubits[:, leg]
    packed <<= _BIT_BITS
    packed += clbit
    # Absent operands and bits are -1: one more everywhere, so that no field borrows from the next.
    packed += (((1 << _WIRE_BITS | 1) << _WIRE_BITS | 1) << _BIT_BITS) + 1
    return packed


def pick(values: npt.NDArray[Any], rows: Index | None) -> npt.NDArray[Any]:
    """Some entries (rows past the end give the last one), or all for None."""
    return values if rows is None else values.take(rows, axis=0, mode="clip")


def differing(a: Reading, left: Index | None, b: Reading, right: Index | None) -> Index:
    """The places at which rows `left` of one circuit differ from rows `right` of another (None: all, in order)."""
    pairs: list[tuple[npt.NDArray[Any] | None, npt.NDArray[Any] | None]] = [(a.symbols, b.symbols)]
    if a.circuit.extras is b.circuit.extras:
        # One side table for both: its places are as good as numbers for what it holds.
        if a.special or b.special:
            pairs.append((a.circuit.columns.extra, b.circuit.columns.extra))
    else:
        pairs.append((a.extras, b.extras))
    if a.narrow and b.narrow:
        pairs.append((a.packed, b.packed))
    else:
        pairs += zip(a.spread, b.spread)
    if a.circuit.definitions is not b.circuit.definitions:
        pairs.append((a.calls, b.calls))
    found = []
    for x, y in pairs:
        if x is None and y is None:
            continue
        bad: Mask = np.not_equal(-1 if x is None else pick(x, left), -1 if y is None else pick(y, right))
        found.append(places(bad))
    angles = a.circuit.columns.params, b.circuit.columns.params
    if angles[0] is not angles[1] or left is not None or right is not None:
        found.append(places((pick(angles[0], left) != pick(angles[1], right)).ravel()) // 3)
    return np.concatenate(found)
