"""Runs of flat statements into columns.

Each shape in a run is resolved once into a plan; the plan fills the rows of all its statements at
once and says which of them are beyond doubt.  Every other statement is parsed again from its own
text and lowered the ordinary way, in its place: so whatever there is to report is reported there.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from qir.columns import OPERATIONS, USER, Columns, distinct
from qir.expressions import FLOAT
from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3.parse import parse_statement
from qir.frontends.openqasm3.resolve import Bits, Entity, Gate, Qubits, Variable, walk
from qir.frontends.openqasm3.shapes import Run, Shape
from qir.gates import GATES, opcode

if TYPE_CHECKING:
    from qir.frontends.openqasm3.lower import Lowering

__all__ = ["Plan", "hardware_node", "lower_run", "plan"]

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Numbers = Callable[[int], Float64]
"""The values of one number of a shape, over all its statements."""

_ANY = np.zeros(0, np.int64)
_EXACT = 2.0**26
"""Products of integers below this are exact as floats."""


@dataclass(slots=True)
class _Operand:
    """One qubit or bit: wires[index], the index being a number of the shape; without `slot`, wires[0].
    With `_ANY` wires the number is a hardware qubit: all of them were looked at before."""

    wires: npt.NDArray[np.int64]
    slot: int = -1

    def fill(self, numbers: Numbers, good: Bool) -> npt.NDArray[np.int64] | int:
        if self.slot < 0:
            return int(self.wires[0])
        index = numbers(self.slot)
        if self.wires is _ANY:
            return index.astype(np.int64)
        inside = index < len(self.wires)
        good &= inside
        if not len(self.wires):
            return -1
        return self.wires[np.where(inside, index, 0).astype(np.int64)]


@dataclass(slots=True)
class Plan:
    """How the statements of a shape become rows.

    code: opcode.    size: gates it expands to.    angles: functions of the numbers; they may switch
    rows off.    bit: the bit a measurement writes.    entities: what its names meant, by text.
    """

    code: int
    size: int
    operands: list[_Operand]
    angles: list[Callable[[Numbers, Bool], Float64 | float]] = field(default_factory=list)
    bit: _Operand | None = None
    definition: int = -1
    entities: dict[str, Entity | None] = field(default_factory=dict)

    def fill(self, columns: Columns, rows: npt.NDArray[np.int64], numbers: Numbers) -> Bool:
        """Fill the rows; returns which of them are right."""
        good = np.ones(len(rows), np.bool_)
        columns.opcode[rows] = self.code
        wires = [operand.fill(numbers, good) for operand in self.operands]
        for i, wire in enumerate(wires):
            columns.qubits[rows, i] = wire
            for other in wires[:i]:
                good &= np.not_equal(wire, other)
        for i, angle in enumerate(self.angles):
            columns.params[rows, i] = angle(numbers, good)
        if self.bit is not None:
            columns.clbit[rows] = self.bit.fill(numbers, good)
        return good


def lower_run(lowering: Lowering, run: Run) -> Generator[Any, None, None]:
    """Lower a run; yields the work of statements that are lowered one by one."""
    position, count = 0, len(run)
    order = np.argsort(run.ids, kind="stable")
    bounds = np.searchsorted(run.ids[order], np.arange(len(run.shapes) + 1))
    columns = Columns.empty(count)
    good = np.zeros(count, np.bool_)
    sizes = np.ones(count, np.int64)
    plans: dict[int, Plan | None] = {}
    retry: set[int] = set()
    limit = lowering.limits.operations
    while position < count:
        for number, shape in enumerate(run.shapes):
            rows = order[bounds[number] : bounds[number + 1]]
            if (number in plans and number not in retry) or not len(rows):
                continue
            made = plans[number] = plan(shape, lowering.find, lowering.version)
            retry.discard(number)
            if made is None:
                if isinstance(shape.node, s.GateCall) and lowering.find(shape.node.name.text) is None:
                    retry.add(number)  # the first call may make the gate known
                continue
            rows = rows[rows >= position]
            if not len(rows):
                continue
            first = run.first[rows]
            good[rows] = made.fill(columns, rows, lambda slot, first=first: run.values[first + slot])  # type: ignore[misc]
            sizes[rows] = made.size
            if good[rows].any():
                _note_uses(lowering, made, run, int(rows[0]))
        if limit is not None and lowering.operations + int(sizes[good].sum()) > limit:
            good[:] = False
            retry.clear()
        rest = np.flatnonzero(~good[position:]) + position
        stop = count
        for row, node in _one_by_one(lowering, run, rest):
            _extend(lowering, run, columns, sizes, position, row)
            yield lowering.block([node])
            position = row + 1
            if lowering.errors and lowering.limits.errors is not None and len(lowering.diagnostics) >= lowering.limits.errors:
                return
            if int(run.ids[row]) in retry:
                call = run.shapes[run.ids[row]].node
                if isinstance(call, s.GateCall) and lowering.find(call.name.text) is not None:
                    stop = position
                    break
        else:
            _extend(lowering, run, columns, sizes, position, count)
        position = stop


def hardware_node(lowering: Lowering, index: int) -> s.Hardware | None:
    """The first place in a run where a hardware qubit is named."""
    for run in lowering.statements:
        if isinstance(run, Run) and run.last_hardware() >= index:
            for row in range(len(run)):
                if index in run.values[run.first[row] : run.first[row] + len(run.shapes[run.ids[row]].kinds)]:
                    for node in walk(_nodes(lowering, run, np.array([row]))):
                        if isinstance(node, s.Hardware) and node.index == index:
                            return node
    return None


def _extend(lowering: Lowering, run: Run, columns: Columns, sizes: npt.NDArray[np.int64], low: int, high: int) -> None:
    """Append the rows from `low` to `high`, which are all right."""
    if low >= high:
        return
    part = columns.take(np.arange(low, high)) if high - low < len(columns) else columns
    spans = lowering.wiring.spans
    part.span[:] = np.arange(len(spans), len(spans) + high - low)
    spans.extend(run.begins[low:high], run.ends[low:high])
    lowering.operations += int(sizes[low:high].sum())
    lowering.rows.extend(part)
    measured = part.clbit[part.clbit >= 0]
    if len(measured):
        lowering.forget_bits(tuple(distinct(measured).tolist()))
    if lowering.rows.max_definition < len(lowering.definitions) - 1:
        used = part.opcode[part.opcode >= USER]
        if len(used):
            lowering.rows.max_definition = max(lowering.rows.max_definition, int(used.max()) - USER)


def _one_by_one(lowering: Lowering, run: Run, rows: npt.NDArray[np.int64]) -> Iterator[tuple[int, s.Statement]]:
    """Rows with their statements, parsed some at a time: the first errors may be the last ones wanted."""
    low, size = 0, 64
    while low < len(rows):
        batch = rows[low : low + size]
        yield from zip(batch.tolist(), _nodes(lowering, run, batch))
        low, size = low + size, min(2 * size, 8192)


def _nodes(lowering: Lowering, run: Run, rows: npt.NDArray[np.int64]) -> list[s.Statement]:
    """The statements of some rows, as the whole text would give them."""
    text = lowering.source.text
    begins, ends = run.begins[rows].tolist(), run.ends[rows].tolist()
    pieces = [text[a:b] for a, b in zip(begins, ends)]
    statements = parse_statement("".join(pieces), version=lowering.version, limits=lowering.limits).statements
    offset = 0
    for node, begin, piece in zip(statements, begins, pieces):
        shift(node, begin - offset)
        offset += len(piece)
    return statements


def shift(root: s.Statement, distance: int) -> None:
    """Move a syntax tree to another place in the text."""
    for node in walk([root]):
        node.start += distance
        node.end += distance
        if isinstance(node, s.Binary):
            node.at += distance


def _note_uses(lowering: Lowering, made: Plan, run: Run, row: int) -> None:
    """Every name in a run counts as used, at its first place."""
    for name, entity in made.entities.items():
        if entity is not None and entity.declared is not None and not entity.uses:
            begin = int(run.begins[row])
            found = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)").search(lowering.source.text, begin, int(run.ends[row]))
            if found is not None:
                entity.uses[found.start()] = found.end()


def plan(shape: Shape, find: Callable[[str], Entity | None], version: int) -> Plan | None:
    """The plan of a shape in the present scope; None when its statements are read one by one."""
    planner = _Planner(shape, find, version)
    try:
        made = planner.statement(shape.node)
    except _NotPlain:
        return None
    made.entities = planner.entities
    return made


class _NotPlain(Exception):
    """The statement is left to the ordinary way."""


class _Planner:
    def __init__(self, shape: Shape, find: Callable[[str], Entity | None], version: int) -> None:
        self.places = shape.places
        self.kinds = shape.kinds
        self.resolve = find
        self.version = version
        self.entities: dict[str, Entity | None] = {}

    def find(self, name: s.Name) -> Entity | None:
        found = self.entities[name.text] = self.resolve(name.text)
        return found

    def slot(self, node: s.Expression) -> int:
        """Which of the numbers a literal is; in parentheses it begins before its number."""
        return bisect_left(self.places, node.start)

    def statement(self, node: s.Statement) -> Plan:
        if isinstance(node, s.GateCall):
            return self.gate_call(node)
        if isinstance(node, s.Reset):
            return Plan(OPERATIONS["reset"], 1, [self.operand(node.operand, Qubits)])
        if isinstance(node, s.Measure) and node.target is not None:
            return self.measure(node.operand, node.target)
        if isinstance(node, s.Assignment) and not node.op and isinstance(node.value, s.MeasureExpression):
            return self.measure(node.value.operand, node.target)
        raise _NotPlain

    def measure(self, qubit: s.Expression, target: s.Expression) -> Plan:
        made = Plan(OPERATIONS["measure"], 1, [self.operand(qubit, Qubits)])
        made.bit = self.operand(target, Bits)
        return made

    def gate_call(self, node: s.GateCall) -> Plan:
        gate = self.find(node.name)
        arguments = node.arguments or []
        plain = isinstance(gate, Gate) and not (gate.controls or gate.macro or node.modifiers or node.duration is not None)
        if not plain or not isinstance(gate, Gate) or len(arguments) != gate.num_params or len(arguments) > 3:
            raise _NotPlain
        if len(node.operands) != gate.num_qubits or not 0 < gate.num_qubits <= 3:
            raise _NotPlain
        if gate.table is not None:
            code = opcode(gate.table)
            row = GATES[gate.table]
            if (row.num_params, row.num_qubits) != (gate.num_params, gate.num_qubits):
                raise _NotPlain
        elif gate.definition >= 0:
            code = USER + gate.definition
        else:
            raise _NotPlain
        made = Plan(code, gate.size, [self.operand(q, Qubits) for q in node.operands])
        made.angles = [self.angle(a) for a in arguments]
        made.definition = gate.definition if gate.table is None else -1
        return made

    def operand(self, node: s.Expression, kind: type[Qubits] | type[Bits]) -> _Operand:
        if isinstance(node, s.Index) and isinstance(node.base, s.Name) and len(node.items) == 1:
            found, item = self.find(node.base), node.items[0]
            number = isinstance(item, s.Literal) and item.kind == "int"
            if number and type(found) is kind and not found.scalar and _plain(found):
                return _Operand(_wires(found), self.slot(item))
        elif isinstance(node, s.Name):
            found = self.find(node)
            if type(found) is kind and found.scalar and _plain(found):
                return _Operand(_wires(found))
        elif isinstance(node, s.Hardware) and kind is Qubits:
            return _Operand(_ANY, self.slot(node))
        raise _NotPlain

    # -- angles ----------------------------------------------------------------------------

    def angle(self, node: s.Expression) -> Callable[[Numbers, Bool], Float64 | float]:
        """An expression of numbers and constants as a function of arrays.

        It computes what the evaluator computes, operation by operation; where integers would have
        to be treated as such (a quotient, a large product) it switches the row off.
        """
        program: list[tuple[str, Any]] = []
        kinds: list[str] = []
        for item, ready in _postorder(node):
            if not ready:
                continue
            if isinstance(item, s.Literal) and item.kind in ("int", "float"):
                program.append(("number", self.slot(item)))
                kinds.append(item.kind)
            elif isinstance(item, s.Name):
                found = self.find(item)
                if not (isinstance(found, Variable) and found.role == "const" and found.value is not None):
                    raise _NotPlain
                known = found.value.known
                if type(known) is not float or found.value.type != FLOAT:
                    raise _NotPlain
                program.append(("constant", known))
                kinds.append("float")
            elif isinstance(item, s.Unary) and item.op == "neg":
                program.append(("neg", None))
            elif isinstance(item, s.Binary) and item.op in ("+", "-", "*", "/"):
                right, left = kinds.pop(), kinds.pop()
                both = left == right == "int"
                if both and item.op == "/" and self.version == 3:
                    raise _NotPlain
                program.append((item.op, both))
                kinds.append("int" if both and item.op != "/" else "float")
            else:
                raise _NotPlain
        if program[0][0] == "number" and len(program) == 1:
            slot = program[0][1]
            return lambda numbers, good: numbers(slot)
        return lambda numbers, good: _compute(program, numbers, good)


def _compute(program: list[tuple[str, Any]], numbers: Numbers, good: Bool) -> Float64 | float:
    stack: list[Any] = []
    with np.errstate(all="ignore"):
        for op, detail in program:
            if op == "number":
                stack.append(numbers(detail))
            elif op == "constant":
                stack.append(detail)
            elif op == "neg":
                stack[-1] = -stack[-1]
            else:
                right = stack.pop()
                left = stack.pop()
                if detail:
                    good &= (np.abs(left) < _EXACT) & (np.abs(right) < _EXACT)
                if op == "+":
                    stack.append(left + right)
                elif op == "-":
                    stack.append(left - right)
                elif op == "*":
                    stack.append(left * right)
                else:
                    good &= right != 0
                    stack.append(np.divide(left, right))
        result: Float64 | float = stack[0]
        good &= np.isfinite(result)
    return result


def _postorder(root: s.Expression) -> list[tuple[s.Expression, bool]]:
    order: list[tuple[s.Expression, bool]] = []
    stack = [root]
    while stack:
        node = stack.pop()
        order.append((node, True))
        stack.extend(node.children)
    order.reverse()
    return order


def _plain(found: Qubits | Bits) -> bool:
    return isinstance(found, Qubits) or found.io != "input"


def _wires(found: Any) -> npt.NDArray[np.int64]:
    return np.array(found.wires if isinstance(found, Qubits) else found.bits, np.int64)
