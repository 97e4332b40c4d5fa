"""Statements to operations.

A statement's method does its work and returns None, or is a generator that yields the generators
of the blocks inside it: `run` keeps them on a stack of its own, so that nested blocks need no
recursion.  A statement that is wrong raises `Failure` after reporting, and the next one goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

from qir.circuit import Call, Circuit, Duration, Extra, Register
from qir.circuit import Variable as Cell
from qir.columns import OPERATIONS
from qir.expressions import ClassicalType, Expr
from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3 import types
from qir.frontends.openqasm3.calls import Calls
from qir.frontends.openqasm3.elements import assign_element
from qir.frontends.openqasm3.includes import include
from qir.frontends.openqasm3.remarks import layout, physical_qubits
from qir.frontends.openqasm3.resolve import Bits, Extern, Failure, Gate, Qubits, Scope, Variable, walk
from qir.frontends.openqasm3.rows import finish
from qir.frontends.openqasm3.runs import hardware_node, lower_run
from qir.frontends.openqasm3.shapes import Run
from qir.frontends.openqasm3.types import Time, TypeProblem, Value, convert, describe
from qir.frontends.openqasm3.version2 import check_statement
from qir.limits import Limits
from qir.source import Source

__all__ = ["Lowering"]

Work = Generator["Work", None, None]
_VERSIONS = ("3", "3.0", "3.1", "3.2", "2", "2.0")
_GATE_BODY = (s.GateCall, s.ForStatement, s.WhileStatement, s.IfStatement, s.Barrier, s.Block, s.Alias, s.Nop, s.Pragma,
              s.Include, s.GateStatement, s.DefStatement, s.Return, s.Break, s.Continue, s.ExternStatement)  # fmt: skip


class Lowering(Calls):
    """One program, from its statements to a circuit."""

    def __init__(self, source: Source, statements: list[s.Statement], version: int, limits: Limits) -> None:
        super().__init__(source, statements, version, limits)
        self.include_roots: tuple[Path, ...] = ()
        self.include_chain: list[Path] = []
        self.included_files = 0

    # -- the program -----------------------------------------------------------------------

    def program(self) -> Circuit:
        """Lower everything.  Look at `diagnostics` before using the result."""
        self.wiring.num_physical = self.wiring.num_qubits = physical_qubits(self.source.text, self.limits)
        if "$" in self.source.text:
            self._hardware_qubits()
        self.run(self.block(self.statements))
        if not self.errors:
            self.current_span = -1
            self.flush_outputs()
        definitions = tuple(self.definitions)
        circuit = finish(self.rows.circuit(self.wiring, definitions, self.main_source), self.wiring, definitions)
        found, warnings = layout(self.main_source, circuit)
        self.diagnostics += warnings
        return circuit if found is None else replace(circuit, layout=found)

    def _hardware_qubits(self) -> None:
        indices = [node.index for node in walk(self.statements) if isinstance(node, s.Hardware)]
        indices += [index for run in self.statements if isinstance(run, Run) and (index := run.last_hardware()) >= 0]
        if not indices:
            return
        count = max(*indices, self.wiring.num_physical - 1) + 1
        limit = self.limits.qubits
        if limit is not None and count > limit:
            node = next((n for n in walk(self.statements) if isinstance(n, s.Hardware) and n.index + 1 == count), None)
            node = node or hardware_node(self, count - 1)
            self.report("limit.exceeded", f"hardware qubit {count - 1} is over the limit of {limit} qubits", node)
            count = 0
        self.wiring.num_physical = self.wiring.num_qubits = count

    def run(self, work: Work) -> None:
        """Run a generator and those it yields, innermost first; what one raises goes to the one that
        yielded it."""
        stack = [work]
        problem: Exception | None = None
        while stack:
            try:
                if problem is None:
                    stack.append(next(stack[-1]))
                else:
                    raised, problem = problem, None
                    stack.append(stack[-1].throw(raised))
            except StopIteration:
                stack.pop()
            except Exception as raised_inside:
                stack.pop()
                if not stack:
                    raise
                problem = raised_inside

    def block(self, statements: list[s.Statement]) -> Work:
        """Lower statements in order, until one of them leaves the block."""
        handlers = _HANDLERS
        for position, statement in enumerate(statements):
            try:
                if self.version == 2:
                    check_statement(self, statement)
                if self.in_gate:
                    self._body_rules(statement)
                work = handlers[type(statement)](self, statement)
                if work is not None:
                    yield work
            except Failure:
                pass
            if self.exit is not None:
                return
            if self.pending:
                rest = statements[position + 1 :]
                if rest:
                    yield self.guarded(rest)
                return
            if self.errors and self.limits.errors is not None and len(self.diagnostics) >= self.limits.errors:
                return

    def scoped(self, body: s.Block) -> Work:
        """A block with a scope of its own."""
        self.scopes.append(Scope("block"))
        depth = len(self.scopes)
        try:
            yield self.block(body.statements)
        finally:
            del self.scopes[depth - 1 :]

    def run_body(self, body: s.Block) -> None:
        self.run(self.block(body.statements))

    def _body_rules(self, statement: s.Statement) -> None:
        """What may not stand in the body of a gate."""
        if self.in_gate and not isinstance(statement, _GATE_BODY):
            if isinstance(statement, s.ExpressionStatement) and isinstance(statement.value, s.Call):
                raise self.fail("gate.body-statement", "a gate body cannot call a subroutine", statement)
            kind = {s.Measure: "a measurement", s.Reset: "a reset", s.Delay: "a delay", s.Box: "a box"}.get(
                type(statement), "a declaration" if isinstance(statement, (
                    s.Declaration, s.ConstDeclaration, s.QuantumDeclaration, s.RegisterDeclaration)) else "this statement")
            raise self.fail("gate.body-statement", f"{kind} cannot stand in a gate body", statement,
                            "a gate body holds only gates and their control flow")  # fmt: skip

    # -- head ------------------------------------------------------------------------------

    def version_line(self, node: s.Version) -> None:
        first = next((x for x in self.statements if not isinstance(x, s.Pragma)), None)
        if node is not first:
            slug = "version.position"
            raise self.fail(slug, "the version line must be the first statement", node)
        if node.version.text not in _VERSIONS:
            raise self.fail("version.unsupported", f"version {node.version.text} of OpenQASM is not known", node.version,
                            "versions 2.0, 3.0, 3.1 and 3 are read")  # fmt: skip

    def include(self, node: s.Include) -> Work | None:
        return include(self, node)

    def pragma(self, node: s.Pragma) -> None:
        self.rows.add(OPERATIONS["pragma"], (), (), -1, Extra(payload=node.text, annotations=node.annotations), self.mark(node))

    def calibration(self, node: s.Calibration) -> None:
        if not self.at_global:
            raise self.fail("decl.scope", f"`{node.kind}` can only stand at the top level", node)
        if node.kind == "defcal":
            self.opaque_calibration(node)
        self.rows.add(OPERATIONS["pragma"], (), (), -1, Extra(payload=node.text, annotations=node.annotations), self.mark(node))

    # -- declarations ----------------------------------------------------------------------

    def qubit_declaration(self, node: s.QuantumDeclaration) -> None:
        if not self.at_global:
            self.poison(node.name)
            raise self.fail("decl.scope", "qubits can only be declared at the top level", node)
        try:
            size = None if node.size is None else self._register_size(node.size, self.limits.qubits, self.wiring.num_qubits)
        except Failure:
            self.poison(node.name)
            raise
        start, count = self.wiring.num_qubits, 1 if size is None else size
        self._check_total(node, start + count, self.limits.qubits, "qubits")
        entity = Qubits(node.name.text, wires=tuple(range(start, start + count)), scalar=size is None)
        before = self.errors
        self.declare(node.name, entity)
        if self.errors > before:
            return
        self.wiring.qregs.append(Register(self.cell_name(node.name.text), start, count, size is None))
        self.wiring.num_qubits += count

    def _check_total(self, node: s.Node, total: int, limit: int | None, what: str) -> None:
        if limit is not None and total > limit:
            self.poison(node.name)  # type: ignore[attr-defined]
            raise self.fail("limit.exceeded", f"the program has more than {limit} {what}", node, f"raise Limits.{what}")

    def _register_size(self, node: s.Expression, limit: int | None, present: int) -> int:
        size = self.integer(node, bad="type.size", what="a size")
        if size < 0:
            raise self.fail("type.size", f"a register cannot have size {size}", node)
        if limit is not None and size > limit:
            raise self.fail("limit.exceeded", f"a register of size {_brief(size)} is over the limit of {limit}", node)
        return size

    def register_declaration(self, node: s.RegisterDeclaration) -> None:
        try:
            size = None if node.size is None else self._register_size(node.size, self.limits.clbits, 0)
        except Failure:
            self.poison(node.name)
            raise
        self._declare_bits(node, size, None, "")

    def _declare_bits(self, node: Any, size: int | None, value: Value | None, io: str) -> Bits:
        self._check_total(node, self.wiring.num_clbits + (1 if size is None else size), self.limits.clbits, "clbits")
        entity = Bits(node.name.text, scalar=size is None, io=io)
        before = self.errors
        self.declare(node.name, entity)
        if self.errors > before:
            raise Failure
        entity.bits = self.new_bits(node.name.text, size, value)
        entity.register = None if size is None else self.wiring.cregs[-1].name
        if self.depth and value is not None and value.known is not None:
            self.write_bits(entity, value)
        if io == "output":
            self.wiring.variables.append(Cell(self.wiring.cregs[-1].name, entity.type, "output"))
        return entity

    def declaration(self, node: s.Declaration) -> None:
        if isinstance(node.type, s.ArrayType) and not self.at_global and not node.io:
            self.poison(node.name)
            raise self.fail("decl.scope", "arrays can only be declared at the top level", node)
        if node.io and not self.at_global:
            self.poison(node.name)
            raise self.fail("decl.scope", f"an {node.io} can only be declared at the top level", node)
        try:
            type = self.resolve_type(node.type)
            if type.kind == "bit" and node.io != "input":
                self._bit_declaration(node, type)
                return
            value = None
            if node.value is not None:
                value = self._initial(node, type)
        except Failure:
            self.poison(node.name)
            raise
        role = node.io or "local"
        entity = Variable(node.name.text, type=type, role=role, level=self.depth)
        if role == "input":
            entity.value = None
        before = self.errors
        self.declare(node.name, entity)
        if self.errors > before:
            return
        if role in ("input", "output"):
            self.current_span = self.mark(node)
            self.materialise(entity)
        if type.kind == "stretch":
            self.materialise(entity)
        if value is not None:
            self.current_span = self.mark(node) if value.known is None else -1
            self.assign(entity, value)

    def _initial(self, node: s.Declaration | s.ConstDeclaration, type: ClassicalType) -> Value:
        assert node.value is not None
        if type.dims:
            return self.array_value(node.value, type)
        if isinstance(node.value, s.MeasureExpression):
            if type.kind not in ("bool",):
                raise self.fail("type.mismatch", f"a measurement gives bits, not {describe(type)}", node.value)
            bits = self._hidden_bits(node.value, node.name.text)
            return convert(self.read_bits(bits), type)
        value = self.right_side(node.value)
        try:
            return convert(value, type)
        except TypeProblem as problem:
            raise self.problem(problem, node.value) from None

    def _hidden_bits(self, node: s.MeasureExpression, name: str) -> Bits:
        """Measure into bits that the program does not name."""
        qubits = self.qubits(node.operand)
        size = None if qubits.scalar else len(qubits.wires)
        found = self.new_bits(f"_{name}", size, None)
        bits = Bits(name, bits=found, scalar=qubits.scalar, register=None if size is None else self.wiring.cregs[-1].name)
        self._measure(node, qubits, bits)
        return bits

    def right_side(self, node: s.Expression) -> Value:
        """The value of the right side of a declaration, assignment or return."""
        if isinstance(node, s.MeasureExpression):
            return self.read_bits(self._hidden_bits(node, "m"))
        if isinstance(node, s.QuantumCall):
            call = node.head
            if isinstance(call, s.Name):
                call = s.Call(call.start, call.end, call, [])
            if not isinstance(call, s.Call):
                raise self.fail("call.not-callable", "a subroutine is called by its name", node)
            whole = s.Call(node.start, node.end, call.name, [*call.arguments, *node.operands])
            return self.value(whole)
        if isinstance(node, s.Concatenation):
            return self.concatenation(node)
        if isinstance(node, s.ArrayLiteral):
            raise self.fail("type.mismatch", "an array literal only gives a value to an array", node)
        return self.value(node)

    def concatenation(self, node: s.Concatenation) -> Value:
        """Arrays joined along their first dimension, or bits."""
        parts = [self.value(p) for p in node.parts]
        if all(p.type.kind == "bit" and not p.type.dims for p in parts) and all(p.known is not None for p in parts):
            pattern, width = 0, 0
            for p in parts:
                pattern |= int(p.known) << width
                width += p.type.width or 1
            return Value(ClassicalType("bit", width), pattern)
        if any(not p.type.dims for p in parts):
            raise self.fail("type.operand", "`++` joins arrays, or registers in an alias", node)
        first = parts[0].type
        if any((p.type.kind, p.type.width, p.type.dims[1:]) != (first.kind, first.width, first.dims[1:]) for p in parts):
            raise self.fail("array.shape", "the arrays joined by `++` do not fit together", node)
        total = ClassicalType(first.kind, first.width, (sum(p.type.dims[0] for p in parts), *first.dims[1:]))
        if all(p.known is not None for p in parts):
            return Value(total, [item for p in parts for item in p.known])
        raise self.fail("feature.unsupported", "joining arrays whose values are only known at run time is not compiled", node)

    def _bit_declaration(self, node: s.Declaration, type: ClassicalType) -> None:
        size = type.width
        if node.value is None or isinstance(node.value, s.MeasureExpression):
            qubits = None
            if isinstance(node.value, s.MeasureExpression):
                qubits = self.qubits(node.value.operand)
                self._check_measure(node.value, qubits, size, node.name.text)
            bits = self._declare_bits(node, size, None, node.io)
            if qubits is not None:
                self.annotated_measure(node, qubits, bits)
            return
        before = self.checkpoint()
        try:
            value = convert(self.right_side(node.value), type)
        except TypeProblem as problem:
            raise self.problem(problem, node.value) from None
        taken = self.take_measurements(value, before, ()) if value.known is None else []
        bits = self._declare_bits(node, size, value if value.known is not None else None, node.io)
        if taken:
            self.put_measurements(taken, bits.bits)
        elif value.known is None:
            self.current_span = self.mark(node)
            self.write_bits(bits, value)

    def const_declaration(self, node: s.ConstDeclaration) -> None:
        if node.value is None:
            self.poison(node.name)
            raise self.fail("const.uninitialised", f"the constant `{node.name.text}` has no value", node,
                            f"write `const … {node.name.text} = …;`")  # fmt: skip
        try:
            type = self.resolve_type(node.type)
            if isinstance(node.value, (s.MeasureExpression, s.QuantumCall)):
                raise self.fail("const.required", "the value of a constant must be known when compiling", node.value)
            value = self._initial(node, type)
            if not value.const:
                raise self.fail("const.required", "the value of a constant must be a constant", node.value,
                                "leave `const` out, or make what it depends on constant")  # fmt: skip
        except Failure:
            self.poison(node.name)
            raise
        self.declare(node.name, Variable(node.name.text, type=type, role="const", value=value, level=self.depth))

    def alias(self, node: s.Alias) -> None:
        try:
            entity = self._aliased(node.value)
        except Failure:
            self.poison(node.name)
            raise
        entity.name, entity.alias = node.name.text, True
        self.declare(node.name, entity)

    def _aliased(self, node: s.Expression) -> Qubits | Bits:
        parts = node.parts if isinstance(node, s.Concatenation) else [node]
        found: list[Qubits | Bits] = []
        for part in parts:
            if isinstance(part, (s.MeasureExpression, s.QuantumCall, s.ArrayLiteral)):
                raise self.fail("alias.type", "only qubits and bits can be given another name", part)
            operand = self.evaluate(part)
            if isinstance(operand, Value) or (isinstance(operand, Qubits) and operand.physical):
                what = "a hardware qubit" if isinstance(operand, Qubits) else describe(operand.type)
                raise self.fail("alias.type", f"only registers can be given another name, not {what}", part)
            if found and type(operand) is not type(found[0]):
                raise self.fail("alias.type", "an alias is of qubits or of bits, not of both", part)
            found.append(operand)
        scalar = len(found) == 1 and found[0].scalar
        if isinstance(found[0], Qubits):
            wires = tuple(w for q in found if isinstance(q, Qubits) for w in q.wires)
            self._overlap(wires, node)
            return Qubits("", wires=wires, scalar=scalar)
        bits = tuple(b for x in found if isinstance(x, Bits) for b in x.bits)
        self._overlap(bits, node)
        register = found[0].register if len(found) == 1 else None
        return Bits("", bits=bits, scalar=scalar, register=register)

    def _overlap(self, items: tuple[int, ...], node: s.Expression) -> None:
        if len(set(items)) != len(items):
            raise self.fail("alias.overlap", "this alias holds the same element twice", node)

    # -- quantum statements ----------------------------------------------------------------

    def measure(self, node: s.Measure) -> None:
        qubits = self.measured(node.operand)
        if node.target is None:
            self._measure(node, qubits, None)
            return
        self.measure_into(node, qubits, node.target)

    def measured(self, node: s.Expression) -> Qubits:
        return self.qubits(node)

    def measure_into(self, node: s.Statement, qubits: Qubits, target: s.Expression) -> None:
        """Measure into what a target names."""
        operand = self.evaluate(target)
        if isinstance(operand, Bits):
            self._check_measure(node, qubits, None if operand.scalar else len(operand.bits), self.text(target))
            if operand.io == "input":
                raise self.fail("const.assign", "an input is not assigned to", target)
            self.annotated_measure(node, qubits, operand)
            return
        if isinstance(operand, Qubits):
            raise self.fail("type.mismatch", f"`{self.text(target)}` is a qubit: a measurement goes into bits", target)
        entity = self.find(target.text) if isinstance(target, s.Name) else None
        kind = operand.type.kind
        if isinstance(entity, Variable) and kind == "bool" and qubits.scalar and entity.role != "const":
            hidden = self.new_bits(f"_{entity.name}", None, None)
            bits = Bits(entity.name, bits=hidden, scalar=True)
            self._measure(node, qubits, bits)
            self.current_span = self.mark(node)
            self.assign(entity, convert(self.read_bits(bits), entity.type))
            return
        if kind == "bit" and operand.known is None and operand.expr is not None and operand.expr.op == "index":
            hidden = self.new_bits("_m", None, None)
            bits = Bits("_m", bits=hidden, scalar=True)
            self._measure(node, qubits, bits)
            self.current_span = self.mark(node)
            self.emit_assign(operand.expr, self.read_bits(bits).to_expr(), ())
            return
        if isinstance(entity, Variable) and entity.role == "const":
            raise self.fail("const.assign", f"`{entity.name}` is a constant", target)
        raise self.fail("type.mismatch", f"a measurement gives bits, not {describe(operand.type)}", target)

    def _check_measure(self, node: s.Node, qubits: Qubits, size: int | None, name: str) -> None:
        given = None if qubits.scalar else len(qubits.wires)
        if given != size and given in (None, 1) and size in (None, 1):
            # A register of one against a single one: other readers, Qiskit's among them, take it.
            message = f"`{name}` is a register of one bit and a single qubit is measured, or the reverse"
            self.warn("style.dialect", message, node)
        elif given != size:
            left = "one bit" if size is None else f"{size} bits"
            right = "one qubit" if given is None else f"{given} qubits"
            raise self.fail("measure.size", f"`{name}` has {left} for {right}", node)

    def annotated_measure(self, node: s.Statement, qubits: Qubits, bits: Bits) -> None:
        self._measure(node, qubits, bits)

    def _measure(self, node: s.Node, qubits: Qubits, bits: Bits | None) -> None:
        self.count_operations(len(qubits.wires), node)
        span = self.mark(node)
        annotations = getattr(node, "annotations", ())
        extra = Extra(annotations=annotations) if annotations else None
        code = OPERATIONS["measure"]
        targets = bits.bits if bits is not None else (-1,) * len(qubits.wires)
        for wire, target in zip(qubits.wires, targets):
            self.rows.add(code, (wire,), (), target, extra, span)
        if bits is not None:
            self.forget_bits(bits.bits)
        self.dynamic = True

    def reset(self, node: s.Reset) -> None:
        qubits = self.qubits(node.operand)
        self.count_operations(len(qubits.wires), node)
        span = self.mark(node)
        extra = Extra(annotations=node.annotations) if node.annotations else None
        for wire in qubits.wires:
            self.rows.add(OPERATIONS["reset"], (wire,), (), -1, extra, span)

    def _wires(self, operands: list[s.Expression] | None) -> tuple[int, ...]:
        if operands is None:
            return tuple(range(self.wiring.num_qubits))
        wires: dict[int, None] = {}
        for operand in operands:
            wires |= dict.fromkeys(self.qubits(operand).wires)
        return tuple(wires)

    def barrier(self, node: s.Barrier) -> None:
        wires = self._wires(node.operands)
        self.rows.add(OPERATIONS["barrier"], (), (), -1, Extra(qubits=wires, annotations=node.annotations), self.mark(node))

    def nop(self, node: s.Nop) -> None:
        self._wires(node.operands)

    def delay(self, node: s.Delay) -> None:
        length = self.duration(node.duration)
        wires = self._wires(node.operands)
        span = self.mark(node)
        self.count_operations(len(wires), node)
        extra = Extra(payload=_duration(length), annotations=node.annotations)
        for wire in wires:
            self.rows.add(OPERATIONS["delay"], (wire,), (), -1, extra, span)

    def duration(self, node: s.Expression) -> Value:
        """A duration that may be used: not negative."""
        value = self.value(node)
        if value.type.dims or value.type.kind not in ("duration", "stretch"):
            raise self.fail("duration.type", f"a duration is expected, not {describe(value.type)}", node,
                            "give it a unit, as in `100ns`")  # fmt: skip
        if isinstance(value.known, Time) and (value.known.ns < 0 or value.known.dt < 0):
            raise self.fail("duration.negative", f"the duration `{self.text(node)}` is negative", node)
        return value

    def box(self, node: s.Box) -> Work:
        length = self.duration(node.duration) if node.duration is not None else None
        before, self.rows = self.rows, type(self.rows)()
        try:
            yield self.scoped(node.body)
        finally:
            inner, self.rows = self.rows, before
        self.rows.max_definition = max(self.rows.max_definition, inner.max_definition)
        payload = _duration(length) if length is not None else None
        self.add_control("box", payload, [inner], node, ())

    # -- classical statements --------------------------------------------------------------

    def assignment(self, node: s.Assignment) -> Work | None:
        value_node = node.value
        if isinstance(value_node, s.MeasureExpression) and not node.op:
            qubits = self.measured(value_node.operand)
            self.measure_into(node, qubits, node.target)
            return None
        target = node.target
        root = target
        while isinstance(root, s.Index):
            root = root.base
        if not isinstance(root, s.Name):
            raise self.fail("type.mismatch", "this cannot be assigned to", target)
        entity = self.lookup(root)
        if isinstance(entity, Variable):
            if entity.role == "const":
                raise self.fail("const.assign", f"`{entity.name}` is a constant", target)
            if entity.role == "input":
                raise self.fail("const.assign", f"`{entity.name}` is an input and is not assigned to", target)
            if entity.role == "parameter" and self.in_gate:
                raise self.fail("const.assign", f"`{entity.name}` is a gate's parameter and is not assigned to", target)
            if entity.readonly:
                raise self.fail("array.readonly", f"`{entity.name}` is readonly", target)
        elif not isinstance(entity, Bits):
            what = {"Qubits": "a qubit", "Gate": "a gate"}.get(type(entity).__name__, "no variable")
            raise self.fail("type.mismatch", f"`{entity.name}` is {what} and cannot be assigned to", target)
        if isinstance(target, s.Name) and isinstance(entity, Variable):
            if entity.type.dims:
                value = self.array_value(value_node, entity.type)
                if node.op:
                    raise self.fail("type.operand", f"`{node.op}=` is not defined for arrays", node)
            else:
                value = self._combined(node, entity.type)
            self.current_span = self.mark(node) if value.known is None or entity.level < self.depth else -1
            self.assign(entity, value)
            return None
        if isinstance(entity, Variable):
            assign_element(self, node, entity)
            return None
        operand = self.evaluate(target)
        if isinstance(operand, Bits):
            before = self.checkpoint()
            value = self._combined(node, operand.type, operand)
            if value.known is None and (taken := self.take_measurements(value, before, operand.bits)):
                self.put_measurements(taken, operand.bits)
                return None
            self.current_span = self.mark(node)
            self.write_bits(operand, value)
            return None
        assert isinstance(operand, Value)
        value = self._combined(node, operand.type)
        self.current_span = self.mark(node)
        self.emit_assign(operand.to_expr(), value.to_expr(), entity.bits)
        self.forget_bits(entity.bits)
        return None

    def _combined(self, node: s.Assignment, type: ClassicalType, bits: Bits | None = None) -> Value:
        """The value assigned, with the operator applied and converted to the target's type."""
        value = self.right_side(node.value)
        try:
            if node.op:
                current = self.read_bits(bits) if bits is not None else self.value(node.target)
                value = types.binary(node.op, current, value, bits=self.limits.integer_bits)
                if value.type.kind == "float" and type.kind in ("int", "uint") and node.op == "**":
                    raise TypeProblem("type.mismatch", "a negative power of an integer is no integer")
            return convert(value, type)
        except TypeProblem as problem:
            raise self.problem(problem, node if node.op else node.value) from None

    def expression(self, node: s.ExpressionStatement) -> None:
        value = node.value
        if isinstance(value, s.Call):
            arguments = [self.evaluate(a) for a in value.arguments]
            self.call(value, arguments)
            return
        if isinstance(value, s.Name) and isinstance(self.find(value.text), Gate):
            raise self.fail("gate.qubit-count", f"`{value.text}` is given no qubits", node)
        self.value(value)

    def call_extern(self, node: s.Call, extern: Extern, arguments: list[Any]) -> Value | None:
        values = self.extern_arguments(node, extern, arguments)
        expressions = tuple(v.to_expr() for v in values)
        if extern.returns is None:
            bits = {b for e in expressions for b in e.clbits}
            extra = Extra(clbits=tuple(sorted(bits)), payload=Call(extern.name, expressions))
            self.rows.add(OPERATIONS["call"], (), (), -1, extra, self.mark(node))
            self.dynamic = True
            return None
        return Value(extern.returns, None, Expr("call", extern.name, expressions, extern.returns))

    def extern(self, node: s.ExternStatement) -> None:
        if not self.at_global:
            raise self.fail("decl.scope", "an extern can only be declared at the top level", node)
        try:
            parameters = tuple(self.resolve_type(p) for p in node.parameters)
            returns = None if node.returns is None else self.resolve_type(node.returns)
        except Failure:
            self.poison(node.name)
            raise
        self.declare(node.name, Extern(node.name.text, parameters=parameters, returns=returns))

    def scope_statement(self, node: s.Block) -> Work:
        return self.scoped(node)

    def end(self, node: s.End) -> None:
        if self.in_gate:
            raise self.fail("gate.body-statement", "`end` cannot stand in a gate body", node)
        if self.depth == 0:
            self.exit = "end"
            return
        self.rows.add(OPERATIONS["end"], (), (), -1, Extra(), self.mark(node))
        self.exit = "stop"

    # -- helpers ---------------------------------------------------------------------------

    def array_value(self, node: s.Expression, type: ClassicalType) -> Value:
        """A value for an array of a type."""
        if isinstance(node, s.ArrayLiteral):
            return self._array_literal(node, type)
        value = self.right_side(node)
        try:
            return convert(value, type)
        except TypeProblem as problem:
            raise self.problem(problem, node) from None

    def _array_literal(self, node: s.ArrayLiteral, type: ClassicalType) -> Value:
        base = ClassicalType(type.kind, type.width)
        if len(node.items) != type.dims[0] and node.items:
            raise self.fail("array.shape", f"{len(node.items)} elements for a dimension of {type.dims[0]}", node)
        if not node.items:
            if type.dims[0] == 0:
                return Value(type, [], None, True)
            raise self.fail("array.shape", f"no elements for a dimension of {type.dims[0]}", node)
        inner = replace(type, dims=type.dims[1:])
        parts: list[Value] = []
        for item in node.items:
            if inner.dims:
                if not isinstance(item, s.ArrayLiteral):
                    value = self.value(item)
                    if value.type.dims != inner.dims:
                        raise self.fail("array.shape", "an array is expected here", item)
                    parts.append(value)
                else:
                    parts.append(self._array_literal(item, inner))
            else:
                if isinstance(item, s.ArrayLiteral):
                    raise self.fail("array.shape", "a single value is expected here", item)
                try:
                    parts.append(convert(self.value(item), base))
                except TypeProblem as problem:
                    raise self.problem(problem, item) from None
        const = all(p.const for p in parts)
        if all(p.known is not None for p in parts):
            return Value(type, [p.known for p in parts], None, const)
        return Value(type, None, Expr("call", "array", tuple(p.to_expr() for p in parts), type))


def _brief(size: int) -> str:
    return str(size) if size.bit_length() < 70 else "too many digits to print"


def _duration(value: Value) -> Duration:
    if isinstance(value.known, Time) and not (value.known.ns and value.known.dt):
        return Duration(value.known.amount, value.known.unit)
    return Duration(value.to_expr(), "")


_HANDLERS: dict[type, Callable[[Lowering, Any], Work | None]] = {
    s.Version: Lowering.version_line,
    s.Include: Lowering.include,
    s.Pragma: Lowering.pragma,
    s.Calibration: Lowering.calibration,
    s.QuantumDeclaration: Lowering.qubit_declaration,
    s.RegisterDeclaration: Lowering.register_declaration,
    s.Declaration: Lowering.declaration,
    s.ConstDeclaration: Lowering.const_declaration,
    s.Alias: Lowering.alias,
    s.GateStatement: Lowering.gate_definition,
    s.DefStatement: Lowering.def_statement,
    s.ExternStatement: Lowering.extern,
    s.GateCall: Lowering.gate_call,
    s.Measure: Lowering.measure,
    s.Reset: Lowering.reset,
    s.Barrier: Lowering.barrier,
    s.Nop: Lowering.nop,
    s.Delay: Lowering.delay,
    s.Box: Lowering.box,
    s.Assignment: Lowering.assignment,
    s.ExpressionStatement: Lowering.expression,
    s.IfStatement: Lowering.if_statement,
    s.WhileStatement: Lowering.while_statement,
    s.ForStatement: Lowering.for_statement,
    s.SwitchStatement: Lowering.switch_statement,
    s.Break: Lowering.break_statement,
    s.Continue: Lowering.continue_statement,
    s.End: Lowering.end,
    s.Return: Lowering.return_statement,
    s.Block: Lowering.scope_statement,
    Run: lower_run,
}
