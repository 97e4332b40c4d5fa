"""Opening a circuit into single operations: gates of the table, Pauli exponentials, and effects.

User gates and boxes are opened; effects are what is not a gate (measurements, resets, classical statements,
control flow).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Union

import numpy as np

from qir.circuit import Circuit, Extra
from qir.columns import NAMES, OPERATIONS, USER
from qir.gates import GATES, NUM_GATES
from qir.params import Angle

__all__ = ["Effect", "Item", "Leaf", "Rows", "Unsupported", "leaves"]

_SKIPPED = frozenset(OPERATIONS[name] for name in ("barrier", "delay", "pragma"))
_BOX, _PAULIEXP = OPERATIONS["box"], OPERATIONS["pauliexp"]
_MAX_DEPTH = 256


class Unsupported(Exception):
    """The circuit cannot be run this way; the text says why."""


class Leaf(NamedTuple):
    """A gate of the table or `pauliexp` (with `payload`, its Paulis), controls first; `matrix` for a
    power of a user gate that has no other form."""

    name: str
    qubits: tuple[int, ...]
    angles: tuple[Angle, ...] = ()
    controls: str = ""
    power: float = 1.0
    payload: str = ""
    body: Circuit | None = None


class Effect(NamedTuple):
    """What is not a gate: `kind` is the operation's name."""

    kind: str
    qubits: tuple[int, ...]
    clbit: int = -1
    extra: Extra | None = None


class Rows(NamedTuple):
    """A stretch of plain rows: gates of the table with numbers for angles and nothing else to them."""

    circuit: Circuit
    start: int
    stop: int


Item = Union[Leaf, Effect, Rows]
_STRETCH = 8
"""From so many plain rows on, a stretch is handed over as such when that is asked for."""


def leaves(circuit: Circuit, *, limit: int = 50_000_000, rows: bool = False) -> Iterator[Item]:
    """The operations of a circuit with user gates and boxes opened, its global phase first.

    rows: whether to hand over long stretches of plain rows as `Rows`, which is much faster.

    Unsupported when it opens to more than `limit` operations or calls an opaque gate.
    """
    budget = [limit]
    if circuit.global_phase != Angle():
        yield Leaf("gphase", (), (circuit.global_phase,))
    yield from _leaves(circuit, budget, 0, rows)


def _stretches(circuit: Circuit) -> Iterator[tuple[int, int, bool]]:
    """The rows of a circuit cut into long stretches of plain ones and what lies between."""
    columns = circuit.columns
    plain = (columns.opcode < NUM_GATES) & (columns.extra < 0)
    if columns.terms is not None:
        plain &= ~columns.terms.any(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], plain, [False]]).astype(np.int8))).reshape(-1, 2)
    last = 0
    for start, stop in edges[edges[:, 1] - edges[:, 0] >= _STRETCH].tolist():
        if last < start:
            yield last, start, False
        yield start, stop, True
        last = stop
    if last < len(columns):
        yield last, len(columns), False


def _leaves(circuit: Circuit, budget: list[int], depth: int, rows: bool) -> Iterator[Item]:
    if not rows:
        yield from _single(circuit, 0, len(circuit.columns), budget, depth, rows)
        return
    for start, stop, plain in _stretches(circuit):
        if plain:
            budget[0] -= stop - start
            if budget[0] < 0:
                raise Unsupported("it opens to too many operations")
            yield Rows(circuit, start, stop)
        else:
            yield from _single(circuit, start, stop, budget, depth, rows)


def _single(circuit: Circuit, start: int, stop: int, budget: list[int], depth: int, rows: bool) -> Iterator[Item]:
    if depth > _MAX_DEPTH:
        raise Unsupported("gates call one another too deeply")
    columns = circuit.columns if stop - start == len(circuit.columns) else circuit.columns.take(np.arange(start, stop))
    budget[0] -= len(columns)
    if budget[0] < 0:
        raise Unsupported("it opens to too many operations")
    codes, extras = columns.opcode.tolist(), columns.extra.tolist()
    qubits, params, clbits = columns.qubits.tolist(), columns.params.tolist(), columns.clbit.tolist()
    terms = None if columns.terms is None else columns.terms.tolist()
    sizes = [(g.num_qubits, g.num_params) for g in GATES.values()]
    for at, code in enumerate(codes):
        row, index = start + at, extras[at]
        if code < NUM_GATES and index < 0:
            width, count = sizes[code]
            if terms is None or not any(terms[at]):
                angles = tuple([Angle(v) for v in params[at][:count]])
            else:
                angles = circuit.row_angles(row)
            yield Leaf(NAMES[code], tuple(qubits[at][:width]), angles)
            continue
        if code in _SKIPPED:
            continue
        extra = circuit.extras[index] if index >= 0 else None
        operands = circuit.operands(row)
        if code == _BOX:
            assert extra is not None
            block = extra.blocks[0]
            if block.global_phase != Angle():
                yield Leaf("gphase", (), (block.global_phase,))
            yield from _leaves(block, budget, depth + 1, rows)
        elif code >= USER:
            yield from _call(circuit, row, operands, extra, budget, depth)
        elif code < NUM_GATES or code == _PAULIEXP:
            payload = extra.payload if extra is not None and isinstance(extra.payload, str) else ""
            controls, power = (extra.controls, extra.power) if extra is not None else ("", 1.0)
            yield Leaf(NAMES[code], operands, circuit.row_angles(row), controls, power, payload)
        else:
            yield Effect(NAMES[code], operands, clbits[at], extra)


def _call(circuit: Circuit, row: int, operands: tuple[int, ...], extra: Extra | None, budget: list[int], depth: int
          ) -> Iterator[Item]:  # fmt: skip
    definition = circuit.definitions[int(circuit.columns.opcode[row]) - USER]
    if definition.body is None:
        raise Unsupported(f"the gate {definition.name} is opaque")
    body = definition.body
    if definition.params:
        body = body._bind(dict(zip(definition.params, circuit.row_angles(row))))
    controls, power = (extra.controls, extra.power) if extra is not None else ("", 1.0)
    head, wires = operands[: len(controls)], operands[len(controls) :]
    if not float(power).is_integer():
        yield Leaf("matrix", operands, (), controls, power, "", body)
        return
    items: list[Leaf] = []
    for item in leaves(body, limit=budget[0]):
        assert not isinstance(item, Rows)
        if isinstance(item, Effect):
            raise Unsupported(f"the gate {definition.name} has a {item.kind} in its body")
        items.append(item)
    if power < 0:
        items = [item._replace(power=-item.power) for item in reversed(items)]
    budget[0] -= len(items) * abs(int(power))
    if budget[0] < 0:
        raise Unsupported("it opens to too many operations")
    opened = [
        item._replace(qubits=(*head, *(wires[q] for q in item.qubits)), controls=controls + item.controls) for item in items
    ]
    for _ in range(abs(int(power))):
        yield from opened
