"""Control flow: followed where it is known, made operations with blocks where it is not.

Loops over known values are unrolled, also when a run-time condition leaves them early: a `break`,
`continue` or `return` under such a condition sets a flag, and what follows is guarded by it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from qir.circuit import Circuit, Extra, For, If, Switch, While
from qir.circuit import Variable as Cell
from qir.columns import OPERATIONS
from qir.expressions import BOOL, FLOAT, INT, ClassicalType, Expr, constant
from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3 import types
from qir.frontends.openqasm3.evaluate import Selection, Slice
from qir.frontends.openqasm3.gates import NeedsValue
from qir.frontends.openqasm3.memory import Memory
from qir.frontends.openqasm3.resolve import Bits, Failure, Qubits, Scope, Variable, walk
from qir.frontends.openqasm3.rows import Rows
from qir.frontends.openqasm3.types import TypeProblem, Value, convert, describe
from qir.limits import Limits
from qir.source import Source

__all__ = ["Flow", "Work"]

Work = Generator[Any, None, None]
_WHILE_WEIGHT = 32
"""A turn of a `while` cannot be counted beforehand: it counts as much as this many of a `for`."""


@dataclass(eq=False)
class Loop:
    """A loop around the current statement.  `flags` tell at run time that it was left."""

    unrolled: bool
    depth: int
    stop: Variable | None = None
    skip: Variable | None = None


@dataclass(eq=False)
class Frame:
    """A subroutine being inlined.  `done` tells at run time that it has returned."""

    name: str
    returns: ClassicalType | None
    depth: int
    result: Value | None = None
    cell: Variable | None = None
    bits: Bits | None = None
    done: Variable | None = None
    loops: list[Loop] = field(default_factory=list)


class Flow(Memory):
    """Lowers if, for, while, switch and what leaves them."""

    def __init__(self, source: Source, statements: list[s.Statement], version: int, limits: Limits) -> None:
        super().__init__(source, statements, version, limits)
        self.exit: str | None = None
        """How the current block was left: break, continue, return, end; or stop, where the circuit
        itself says so."""
        self.pending: list[Variable] = []
        """Flags that may be set by now, so that what follows must be guarded."""
        self.loops: list[Loop] = []
        self.frames: list[Frame] = []
        self.iterations = 0

    def block(self, statements: list[s.Statement]) -> Work:
        raise NotImplementedError

    def scoped(self, body: s.Block) -> Work:
        raise NotImplementedError

    @property
    def in_gate(self) -> bool:
        return len(self.scopes) > 1 and self.scopes[1].kind == "gate"

    # -- making operations -----------------------------------------------------------------

    def add_control(self, name: str, payload: Any, blocks: Sequence[Rows], node: s.Statement,
                    conditions: Sequence[Expr]) -> None:  # fmt: skip
        """An operation with blocks."""
        qubits: set[int] = set()
        clbits: set[int] = set()
        for block in blocks:
            _touched(block, qubits, clbits)
        for condition in conditions:
            clbits |= set(condition.clbits)
            names = condition.registers
            for found in self.wiring.cregs:
                if found.name in names:
                    clbits |= set(range(found.start, found.start + found.size))
        circuits = tuple(self._circuit(block) for block in blocks)
        extra = Extra(tuple(sorted(qubits)), tuple(sorted(clbits)), blocks=circuits, payload=payload,
                      annotations=node.annotations)  # fmt: skip
        self.rows.add(OPERATIONS[name], (), (), -1, extra, self.mark(node))

    def _circuit(self, rows: Rows) -> Circuit:
        return rows.circuit(self.wiring, (), self.main_source)

    def branch(self, work: Work, into: list[Rows], journals: list[dict[Any, Any]]) -> Work:
        """Lower something as a block that may not run."""
        before = self.enter_block()
        try:
            yield work
        finally:
            rows, journal = self.leave_block(before)
            into.append(rows)
            journals.append(journal)
            if self.exit is not None and self.exit != "end":
                self.exit = None
            elif self.exit == "end":
                self.exit = None

    def guarded(self, statements: list[s.Statement]) -> Work:
        """The rest of a block after something that may have left it."""
        flags = list(self.pending)
        done = self.frames[-1].done if self.frames else None
        if self.loops and not self.loops[-1].unrolled and done is not None and done in flags:
            # A return inside a loop of the circuit: leave that loop too.
            leave = Rows()
            leave.add(OPERATIONS["break"], (), (), -1, Extra(), -1)
            self._if(self.materialise(done), [leave], _NOWHERE)
            flags.remove(done)
        self.pending = []
        if not flags:
            yield self.block(statements)
            self.pending = [*([done] if done is not None else []), *self.pending]
            return
        rows: list[Rows] = []
        journals: list[dict[Any, Any]] = []
        yield self.branch(self.block(statements), rows, journals)
        self.settle(journals)
        if rows[0].count or rows[0].phase.terms or rows[0].phase.constant:
            self._if(self._none_of(flags), rows, statements[0])
        self.pending = list(dict.fromkeys([*flags, *self.pending]))

    def _none_of(self, flags: list[Variable]) -> Expr:
        condition: Expr | None = None
        for flag in flags:
            clear = Expr("!", None, (self.materialise(flag),), BOOL)
            condition = clear if condition is None else Expr("&&", None, (condition, clear), BOOL)
        assert condition is not None
        return condition

    def _if(self, condition: Expr, rows: list[Rows], node: s.Statement) -> None:
        self.dynamic = True
        self.add_control("if", If(condition), rows, node, (condition,))

    def new_flag(self, name: str, level: int) -> Variable:
        """A truth value, false at first, as if declared at a depth of run-time blocks."""
        return Variable(name, type=BOOL, level=level, value=Value(BOOL, False))

    def set_flag(self, flag: Variable, value: bool) -> None:
        self.assign(flag, Value(BOOL, value))

    # -- if --------------------------------------------------------------------------------

    def condition(self, node: s.Expression) -> Value:
        """A condition.  Failure with type.condition."""
        operand = self.evaluate(node)
        if isinstance(operand, Qubits):
            raise self.fail("type.condition", f"`{self.text(node)}` is a qubit, not a truth value", node,
                            "measure it into a bit first")  # fmt: skip
        try:
            return types.truth(self.read(operand, node))
        except TypeProblem as problem:
            raise self.problem(problem, node) from None

    def if_statement(self, node: s.IfStatement) -> Work:
        value = self.condition(node.condition)
        if value.known is not None:
            chosen = node.then if value.known else node.orelse
            if chosen is not None:
                yield self.scoped(chosen)
            return
        if self.in_gate:
            raise NeedsValue
        assert value.expr is not None
        rows: list[Rows] = []
        journals: list[dict[Any, Any]] = []
        flags: list[Variable] = list(self.pending)
        for body in (node.then, node.orelse):
            if body is None:
                continue
            self.pending = []
            yield self.branch(self.scoped(body), rows, journals)
            flags += [f for f in self.pending if f not in flags]
        self.pending = flags
        self.settle(journals)
        self._if(value.expr, rows, node)

    # -- for -------------------------------------------------------------------------------

    def for_statement(self, node: s.ForStatement) -> Work:
        type = self.resolve_type(node.type)
        values = self._loop_values(node, type)
        if values is None:
            if self.in_gate:
                raise NeedsValue
            yield self._runtime_for(node, type)
            return
        self._count_iterations(len(values), node)
        loop = Loop(True, self.depth)
        self._prepare_flags(loop, node.body)
        self.loops.append(loop)
        errors = self.errors
        try:
            for value in values:
                yield self._iteration(node, type, value, loop)
                if self.exit == "continue":
                    self.exit = None
                if self.exit is not None or self.errors > errors:
                    break
        finally:
            self.loops.pop()
        if self.exit == "break":
            self.exit = None
        self.pending = [f for f in self.pending if f is not loop.stop and f is not loop.skip]

    def _iteration(self, node: s.ForStatement, type: ClassicalType, value: Value, loop: Loop) -> Work:
        self.scopes.append(Scope("block"))
        depth = len(self.scopes)
        variable = Variable(node.name.text, type=type, role="loop", value=value, level=self.depth)
        self.declare(node.name, variable)
        if loop.skip is not None and loop.skip in self.pending:
            self.pending.remove(loop.skip)
            self.set_flag(loop.skip, False)
        try:
            if self.pending:
                yield self.guarded(node.body.statements)
            else:
                yield self.block(node.body.statements)
        finally:
            del self.scopes[depth - 1 :]

    def _loop_values(self, node: s.ForStatement, type: ClassicalType) -> list[Value] | None:
        """The values a loop runs over; None when they are only known at run time."""
        source = node.values
        if isinstance(source, s.Range):
            operand: Any = self.evaluate(source)
            assert isinstance(operand, Slice)
            return self._range_values(source, operand, type)
        operand = self.evaluate(source)
        if isinstance(operand, Selection):
            items = operand.items
        elif isinstance(operand, Qubits):
            raise self.fail("type.mismatch", "a loop runs over values, not over qubits", source)
        elif isinstance(operand, Bits) and not operand.scalar:
            items = [self.read_bits(Bits(operand.name, bits=(b,), scalar=True)) for b in operand.bits]
        else:
            value = self.read(operand, source)
            if value.type.dims:
                inner = ClassicalType(value.type.kind, value.type.width, value.type.dims[1:])
                if value.known is not None:
                    items = [Value(inner, item) for item in value.known]
                else:
                    items = [Value(inner, None, Expr("index", None, (value.to_expr(), constant(i)), inner))
                             for i in range(value.type.dims[0])]  # fmt: skip
            elif value.type.kind == "bit" and value.type.width is not None:
                items = [self._bit_of(_index_stub(source), value, types.literal(i)) for i in range(value.type.width)]
            else:
                raise self.fail("type.mismatch", f"a loop cannot run over {describe(value.type)}", source)
        try:
            return [convert(item, type) for item in items]
        except TypeProblem as problem:
            raise self.problem(problem, source) from None

    def _range_values(self, node: s.Range, range_: Slice, type: ClassicalType) -> list[Value] | None:
        if range_.first is None or range_.last is None:
            raise self.fail("syn.statement", "the range of a loop needs both ends", node)
        parts = [range_.first, range_.step or types.literal(1), range_.last]
        for part in parts:
            if part.type.dims or part.type.kind not in ("int", "uint", "bool", "float"):
                raise self.fail("index.type", f"the range of a loop is of integers, not {describe(part.type)}", node)
        if parts[1].known is not None and parts[1].known == 0:
            raise self.fail("index.step-zero", "a range with step zero never ends", node)
        if any(p.known is None for p in parts):
            return None
        first, step, last = (p.known for p in parts)
        if all(isinstance(p, int) for p in (first, step, last)):
            count = max(0, (last - first) // step + 1)
        else:
            count = max(0, int((last - first) / step + 1e-9) + 1) if abs((last - first) / step) < 2**62 else 2**62
        limit = self.limits.loop_iterations
        if limit is not None and count > limit:
            raise self.fail("limit.exceeded", f"this loop runs {_count_text(count)} times, over the limit of {limit}", node,
                            "raise Limits.loop_iterations if that is meant")  # fmt: skip
        kind = INT if isinstance(first, int) and isinstance(step, int) else FLOAT
        try:
            return [convert(Value(kind, first + i * step), type) for i in range(count)]
        except TypeProblem as problem:
            raise self.problem(problem, node) from None

    def _count_iterations(self, number: int, node: s.ForStatement) -> None:
        limit = self.limits.loop_iterations
        if limit is None:
            return
        self.iterations += number
        if self.iterations > limit or number * self._turns(node.body) > limit:
            raise self.fail("limit.exceeded", f"the loops of this program run more than {limit} times", node,
                            "raise Limits.loop_iterations if that is meant")  # fmt: skip

    def _turns(self, body: s.Block) -> int:
        """How often the innermost loops of a body run at least, as far as literals tell."""
        total = 1
        for node in walk(body.statements):
            if isinstance(node, s.ForStatement):
                inner = self._literal_count(node.values) * self._nested(node)
                total = max(total, inner)
        return total

    def _nested(self, node: s.ForStatement) -> int:
        best = 1
        chain = node
        while True:
            inner = next((n for n in chain.body.statements if isinstance(n, s.ForStatement)), None)
            if inner is None:
                return best
            best *= max(1, self._literal_count(inner.values))
            chain = inner

    def _literal_count(self, node: s.Expression) -> int:
        ends = []
        if not isinstance(node, s.Range):
            return 1
        for part in (node.first, node.last):
            if isinstance(part, s.Name):
                entity = self.find(part.text)
                value = entity.value.known if isinstance(entity, Variable) and entity.value is not None else None
            else:
                value = part.value if isinstance(part, s.Literal) else None
            if not isinstance(value, int):
                return 1
            ends.append(value)
        if node.step is not None:
            return 1
        return max(ends[1] - ends[0] + 1, 0)

    def _runtime_for(self, node: s.ForStatement, type: ClassicalType) -> Work:
        operand: Any = self.evaluate(node.values)
        parts = [p.to_expr() for p in (operand.first, operand.step, operand.last) if p is not None]
        values = Expr("range", None, tuple(parts), INT)
        cell = Cell(self.cell_name(node.name.text), type)
        variable = Variable(node.name.text, type=type, role="loop", cell=cell.name, level=self.depth + 1)
        variable.value = Value(type, None, Expr("var", cell.name, (), type))
        self.forget_assigned(node.body)
        rows: list[Rows] = []
        journals: list[dict[Any, Any]] = []
        self.loops.append(Loop(False, self.depth + 1))
        self.scopes.append(Scope("block"))
        depth = len(self.scopes)
        self.declare(node.name, variable)
        try:
            yield self.branch(self.block(node.body.statements), rows, journals)
        finally:
            del self.scopes[depth - 1 :]
            self.loops.pop()
        self.settle(journals)
        self.dynamic = True
        self.add_control("for", For(cell, values), rows, node, (values,))

    # -- while -----------------------------------------------------------------------------

    def while_statement(self, node: s.WhileStatement) -> Work:
        measured, leaves = _measured(node.body), _leaves(node.body)
        read = {n.text for n in walk([node.condition]) if isinstance(n, s.Name)}
        written = _assigned(node.body)
        runtime = bool(read & measured) or (bool(leaves) and bool(measured))
        runtime |= not leaves and not (read & written) and not any(isinstance(n, s.Call) for n in walk([node.condition]))
        loop = Loop(True, self.depth)
        if not runtime:
            self._prepare_flags(loop, node.body)
        self.loops.append(loop)
        turns = 0
        errors = self.errors
        limit = self.limits.loop_iterations
        try:
            while True:
                value = self.condition(node.condition)
                if value.known is not None and not value.known:
                    break
                if value.known is None or runtime:
                    break
                turns += 1
                self.iterations += _WHILE_WEIGHT
                if limit is not None and self.iterations > limit:
                    raise self.fail("limit.exceeded", f"this loop runs more than {turns - 1} times", node,
                                    "use a `for` loop, or raise Limits.loop_iterations")  # fmt: skip
                if self.pending:
                    yield self.guarded([node.body])
                else:
                    yield self.scoped(node.body)
                if self.exit == "continue":
                    self.exit = None
                if self.exit is not None or self.errors > errors:
                    break
        finally:
            self.loops.pop()
        if self.exit is not None or self.errors > errors:
            self.exit = None if self.exit == "break" else self.exit
            return
        self.pending = [f for f in self.pending if f is not loop.stop and f is not loop.skip]
        if value.known is not None and not value.known:
            return
        if self.in_gate:
            raise NeedsValue
        self.forget_assigned(node.body)
        value = self.condition(node.condition)
        rows: list[Rows] = []
        journals: list[dict[Any, Any]] = []
        self.loops.append(Loop(False, self.depth + 1))
        try:
            yield self.branch(self.scoped(node.body), rows, journals)
        finally:
            self.loops.pop()
        self.settle(journals)
        self.dynamic = True
        condition = value.to_expr()
        self.add_control("while", While(condition), rows, node, (condition,))

    def forget_assigned(self, body: s.Block) -> None:
        """Before a loop of the circuit: what its body assigns is only known at run time."""
        if self.frames and any(isinstance(node, s.Return) for node in walk(body.statements)):
            frame = self.frames[-1]
            if frame.done is None:
                frame.done = self.new_flag("_returned", frame.depth)
            self.flush(frame.done)
            self.forget(frame.done)
        for name in sorted(_assigned(body) | _measured(body)):
            entity = self.find(name)
            if isinstance(entity, Variable) and entity.role != "const":
                self.flush(entity)
                self.forget(entity)
            elif isinstance(entity, Bits):
                self.flush_bits(entity.bits)
                self.forget_bits(entity.bits)

    # -- switch ----------------------------------------------------------------------------

    def switch_statement(self, node: s.SwitchStatement) -> Work:
        if not any(c.labels is not None for c in node.cases):
            raise self.fail("switch.empty", "a switch needs at least one case", node)
        operand = self.evaluate(node.subject)
        if isinstance(operand, Qubits):
            raise self.fail("switch.type", "a switch is on an integer, not on a qubit", node.subject)
        subject = self.read(operand, node.subject)
        kind = subject.type.kind
        if subject.type.dims or kind not in ("int", "uint", "bit", "bool"):
            raise self.fail("switch.type", f"a switch is on an integer, not on {describe(subject.type)}", node.subject,
                            "cast it: `int(...)`")  # fmt: skip
        labels = self._labels(node)
        bodies = [case.body for case in node.cases]
        if subject.known is not None:
            value = int(subject.known)
            chosen = next((b for b, ls in zip(bodies, labels) if ls is not None and value in ls), None)
            if chosen is None:
                chosen = next((b for b, ls in zip(bodies, labels) if ls is None), None)
            if chosen is not None:
                yield self.scoped(chosen)
            return
        if self.in_gate:
            raise NeedsValue
        rows: list[Rows] = []
        journals: list[dict[Any, Any]] = []
        flags = list(self.pending)
        for body in bodies:
            self.pending = []
            yield self.branch(self.scoped(body), rows, journals)
            flags += [f for f in self.pending if f not in flags]
        self.pending = flags
        self.settle(journals)
        self.dynamic = True
        expression = subject.to_expr()
        payload = Switch(expression, tuple(tuple(ls) for ls in labels if ls is not None))
        self.add_control("switch", payload, rows, node, (expression,))

    def _labels(self, node: s.SwitchStatement) -> list[list[int] | None]:
        seen: dict[int, s.Expression] = {}
        result: list[list[int] | None] = []
        failed = default = False
        for case in node.cases:
            for inner in walk([case.body]):
                if isinstance(inner, (s.QuantumDeclaration, s.GateStatement, s.DefStatement)) or (
                    isinstance(inner, s.Declaration) and isinstance(inner.type, s.ArrayType)):  # fmt: skip
                    self.report("decl.scope", "this cannot be declared inside a switch", inner)
                    failed = True
            if case.labels is None:
                if default:
                    self.report("switch.default", "a switch has one default", case)
                    failed = True
                default = True
                result.append(None)
                continue
            if default:
                self.report("switch.default", "no case may follow the default", case)
                failed = True
            values: list[int] = []
            for label in case.labels:
                try:
                    value = self.value(label)
                    if value.type.kind == "bit" and value.known is not None:
                        number = int(value.known)
                    else:
                        number = self.integer(label, bad="switch.type", what="a case label")
                except Failure:
                    failed = True
                    continue
                if number in seen:
                    line = self.source.position(seen[number].start)[0]
                    self.report("switch.duplicate", f"the label {number} stands on line {line} already", label)
                    failed = True
                seen[number] = label
                values.append(number)
            result.append(values)
        if failed:
            raise Failure
        return result

    # -- leaving ---------------------------------------------------------------------------

    def _prepare_flags(self, loop: Loop, body: s.Block) -> None:
        """Inside blocks that repeat, flags start false each time the loop is begun."""
        if self.depth and (kinds := _leaves(body)):
            if s.Break in kinds:
                loop.stop = self.new_flag("_left", loop.depth)
                self.set_flag(loop.stop, False)
            if s.Continue in kinds:
                loop.skip = self.new_flag("_skipped", loop.depth)
                self.set_flag(loop.skip, False)

    def break_statement(self, node: s.Break) -> None:
        if not self.loops:
            raise self.fail("flow.break", "a break outside a loop", node)
        loop = self.loops[-1]
        if not loop.unrolled:
            self.rows.add(OPERATIONS["break"], (), (), -1, Extra(annotations=node.annotations), self.mark(node))
            self.exit = "stop"
        elif self.depth == loop.depth:
            self.exit = "break"
        else:
            if loop.stop is None:
                loop.stop = self.new_flag("_left", loop.depth)
            self.set_flag(loop.stop, True)
            self.pending.append(loop.stop)
            self.exit = "stop"

    def continue_statement(self, node: s.Continue) -> None:
        if not self.loops:
            raise self.fail("flow.continue", "a continue outside a loop", node)
        loop = self.loops[-1]
        if not loop.unrolled:
            self.rows.add(OPERATIONS["continue"], (), (), -1, Extra(annotations=node.annotations), self.mark(node))
            self.exit = "stop"
        elif self.depth == loop.depth:
            self.exit = "continue"
        else:
            if loop.skip is None:
                loop.skip = self.new_flag("_skipped", loop.depth)
            self.set_flag(loop.skip, True)
            self.pending.append(loop.skip)
            self.exit = "stop"


_NOWHERE = s.Block(0, 0, [])


def _index_stub(node: s.Expression) -> s.Index:
    return s.Index(node.start, node.end, node, [])


def _count_text(count: int) -> str:
    return str(count) if count < 10**20 else "too many"


def _touched(rows: Rows, qubits: set[int], clbits: set[int]) -> None:
    """Wires that the operations of some rows touch."""
    for triple in rows.qubits:
        qubits.update(triple)
    clbits.update(rows.clbit)
    for chunk in rows.chunks:
        qubits.update(chunk.qubits.ravel().tolist())
        clbits.update(chunk.clbit.tolist())
    for extra in rows.extras:
        qubits.update(extra.qubits or ())
        clbits.update(extra.clbits)
    qubits.discard(-1)
    clbits.discard(-1)


def _root(node: s.Expression) -> str | None:
    while isinstance(node, s.Index):
        node = node.base
    return node.text if isinstance(node, s.Name) else None


def _assigned(body: s.Block) -> set[str]:
    """Names that a body assigns to, or may change through a call."""
    names: set[str | None] = set()
    for node in walk(body.statements):
        if isinstance(node, s.Assignment):
            names.add(_root(node.target))
        elif isinstance(node, s.Measure) and node.target is not None:
            names.add(_root(node.target))
        elif isinstance(node, s.Call):
            names.update(a.text for a in node.arguments if isinstance(a, s.Name))
    return {n for n in names if n is not None}


def _measured(body: s.Block) -> set[str]:
    """Names that a body measures into, or gives the result of a call, and those that follow from them."""
    names: set[str | None] = set()
    flows: list[tuple[str | None, set[str]]] = []
    for node in walk(body.statements):
        if isinstance(node, (s.Assignment, s.Declaration)) and node.value is not None:
            target = _root(node.target) if isinstance(node, s.Assignment) else node.name.text
            parts = list(walk([node.value]))
            if any(isinstance(n, (s.MeasureExpression, s.QuantumCall, s.Call)) for n in parts):
                names.add(target)
            flows.append((target, {n.text for n in parts if isinstance(n, s.Name)}))
        elif isinstance(node, s.Measure) and node.target is not None:
            names.add(_root(node.target))
    before = -1
    while before != len(names):
        before = len(names)
        names |= {target for target, sources in flows if sources & names}
    return {n for n in names if n is not None}


def _leaves(body: s.Block) -> set[type]:
    """Which of Break, Continue, Return and End stand in a body, outside the loops in it."""
    found: set[type] = set()
    stack: list[Any] = list(body.statements)
    while stack:
        node = stack.pop()
        if isinstance(node, (s.Break, s.Continue, s.Return, s.End)):
            found.add(type(node))
        elif isinstance(node, s.Block):
            stack.extend(node.statements)
        elif isinstance(node, s.IfStatement):
            stack.extend(b for b in (node.then, node.orelse) if b is not None)
        elif isinstance(node, s.SwitchStatement):
            stack.extend(case.body for case in node.cases)
        elif isinstance(node, (s.ForStatement, s.WhileStatement)):
            if any(isinstance(n, (s.Return, s.End)) for n in walk([node.body])):
                found.add(s.Return)
    return found


