"""Subroutines: checked where they are defined, inlined where they are called."""

from __future__ import annotations

from copy import copy
from typing import Any

from qir.circuit import Extra
from qir.columns import OPERATIONS
from qir.expressions import ClassicalType, Expr
from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3.evaluate import UNKNOWN, Operand
from qir.frontends.openqasm3.flow import Flow, Frame
from qir.frontends.openqasm3.resolve import Bits, Entity, Extern, Failure, Qubits, Scope, Subroutine, Variable, walk
from qir.frontends.openqasm3.rows import Rows
from qir.frontends.openqasm3.types import TypeProblem, Value, convert, describe

__all__ = ["Calls"]

class Calls(Flow):
    """Lowers subroutine definitions, calls and returns."""

    # -- definitions -----------------------------------------------------------------------

    def def_statement(self, node: s.DefStatement) -> None:
        if not self.at_global:
            self.poison(node.name)
            raise self.fail("decl.scope", "a subroutine can only be defined at the top level", node.name)
        entity = Subroutine(node.name.text, node=node, source=self.source)
        seen: set[str] = set()
        for parameter in node.parameters:
            if parameter.name.text in seen:
                self.report("name.redeclared", f"`{parameter.name.text}` stands twice among the arguments", parameter.name)
                entity.broken = True
            seen.add(parameter.name.text)
        try:
            entity.returns = None if node.returns is None else self.resolve_type(node.returns)
        except Failure:
            entity.broken = True
        self.declare(node.name, entity)
        entity.weight = self._weight(node)
        errors = self.errors
        self._check(entity)
        if self.errors > errors:
            entity.broken = True

    def _check(self, routine: Subroutine) -> None:
        """Lower a body for its errors only, with nothing known of its arguments."""
        node = routine.node
        assert node is not None
        kept = (self.rows, self.wiring, self.operations, self.scopes, self.bit_values, self.bit_stored, self.journals,
                self.depth, self.dynamic, self._cells, self.loops, self.frames, self.pending, self.exit, self.iterations,
                self.definitions)  # fmt: skip
        self.rows, self.scopes = Rows(), [self.scopes[0], Scope("def")]
        self.wiring = copy(self.wiring)
        for name in ("qregs", "cregs", "variables"):
            setattr(self.wiring, name, list(getattr(self.wiring, name)))
        self.bit_values, self.bit_stored = list(self.bit_values), list(self.bit_stored)
        self.journals, self.depth, self._cells, self.definitions = [], 0, set(self._cells), list(self.definitions)
        frame = Frame(node.name.text, routine.returns, 0)
        self.loops, self.frames, self.pending, self.exit = [], [frame], [], None
        self.checking += 1
        try:
            for parameter in node.parameters:
                try:
                    self._declare_formal(parameter, self._unknown(parameter))
                except Failure:
                    self.poison(parameter.name)
            self.run_body(node.body)
        finally:
            self.checking -= 1
            (self.rows, self.wiring, self.operations, self.scopes, self.bit_values, self.bit_stored, self.journals, self.depth,
             self.dynamic, self._cells, self.loops, self.frames, self.pending, self.exit, self.iterations,
             self.definitions) = kept  # fmt: skip
        if routine.returns is not None and not any(isinstance(n, s.Return) for n in walk(node.body.statements)):
            self.report("return.type", f"`{node.name.text}` must return {describe(routine.returns)} and never does", node.name)

    def _declare_formal(self, parameter: s.Parameter, entity: Entity) -> None:
        entity.declared = self.span(parameter.name)
        self.scopes[-1].names[parameter.name.text] = entity
        self.entities.append(entity)

    def _unknown(self, parameter: s.Parameter) -> Entity:
        """A formal parameter when nothing is known of its argument."""
        name = parameter.name.text
        if parameter.type is None:
            size = None if parameter.size is None else self._formal_size(parameter.size)
            start, count = self.wiring.num_qubits, 1 if size is None else size
            self.wiring.num_qubits += count
            return Qubits(name, wires=tuple(range(start, start + count)), scalar=size is None)
        type = self.formal_type(parameter.type)
        variable = Variable(name, type=type, role="parameter", cell=self.cell_name(name))
        variable.value = Value(type, None, Expr("var", variable.cell, (), type))
        variable.readonly = isinstance(parameter.type, s.ArrayType) and parameter.type.access == "readonly"
        return variable

    def _formal_size(self, node: s.Expression) -> int:
        size = self.integer(node, bad="type.size", what="a size")
        limit = self.limits.qubits
        if size < 0 or (limit is not None and size > limit):
            raise self.fail("type.size", f"a register cannot have size {size}", node)
        return size

    def formal_type(self, node: s.ScalarType | s.ArrayType) -> ClassicalType:
        if isinstance(node, s.ArrayType) and node.rank is not None:
            base = self.resolve_type(node.base)
            rank = self.integer(node.rank, bad="array.dims", what="the number of dimensions")
            if not 1 <= rank <= 7:
                raise self.fail("array.dims", f"an array has 1 to 7 dimensions, not {rank}", node.rank)
            return ClassicalType(base.kind, base.width, (UNKNOWN,) * rank)
        return self.resolve_type(node)

    # -- calls -----------------------------------------------------------------------------

    def call_subroutine(self, node: s.Call, routine: Subroutine, arguments: list[Operand]) -> Value | None:
        """Inline a call."""
        definition = routine.node
        assert definition is not None
        wanted = len(definition.parameters)
        if len(arguments) != wanted:
            raise self.fail("call.arity", f"`{routine.name}` takes {wanted} arguments, not {len(arguments)}", node)
        source, scopes = self.source, self.scopes
        formals: list[Entity] = []
        failed = False
        used: dict[int, str] = {}
        for parameter, operand, part in zip(definition.parameters, arguments, node.arguments):
            try:
                formals.append(self._bind(routine, parameter, operand, part, used))
            except Failure:
                failed = True
        if failed or routine.broken:
            raise Failure
        if self.checking:
            if routine.returns is None:
                return None
            return Value(routine.returns, None, Expr("call", routine.name, (), routine.returns))
        limit = self.limits.call_depth
        if limit is not None and len(self.frames) >= limit:
            raise self.fail("call.recursive", f"`{routine.name}` calls itself more than {limit} deep", node,
                            "a recursion must end for values that are known when compiling")  # fmt: skip
        self._count_calls(routine, node)
        frame = Frame(routine.name, routine.returns, self.depth)
        loops, pending, exit = self.loops, self.pending, self.exit
        assert routine.source is not None
        if source is self.main_source and routine.source is not source:
            self.current_span = self.mark(node)
        self.source, self.loops, self.pending, self.exit = routine.source, [], [], None
        self.scopes = [scopes[0], Scope("def")]
        self.frames.append(frame)
        errors = self.errors
        try:
            for parameter, entity in zip(definition.parameters, formals):
                if entity.declared is None:
                    self._declare_formal(parameter, entity)
                else:
                    self.scopes[-1].names[parameter.name.text] = entity
            self.run_body(definition.body)
        finally:
            self.frames.pop()
            self.source, self.scopes, self.loops, self.pending = source, scopes, loops, pending
            ended = self.exit == "end"
            self.exit = "end" if ended else exit
        if self.errors > errors:
            raise Failure
        if frame.done is not None:
            if frame.bits is not None:
                return self.read_bits(frame.bits)
            return None if frame.cell is None else Value(frame.cell.type, None, self.materialise(frame.cell))
        if routine.returns is not None and frame.result is None:
            if ended:
                raise Failure
            raise self.fail("return.type", f"`{routine.name}` ends without returning {describe(routine.returns)}", node)
        return frame.result

    def _bind(self, routine: Subroutine, parameter: s.Parameter, operand: Operand, part: s.Expression,
              used: dict[int, str]) -> Entity:  # fmt: skip
        """What a formal parameter is in one call.  Failure with call.type, qubit.duplicate."""
        name = parameter.name.text
        scopes, self.scopes = self.scopes, [self.scopes[0]]
        source, self.source = self.source, routine.source or self.source
        try:
            size = None
            if parameter.type is None:
                size = None if parameter.size is None else self._formal_size(parameter.size)
                type = None
            else:
                type = self.formal_type(parameter.type)
        finally:
            self.scopes, self.source = scopes, source
        if type is None:
            if not isinstance(operand, Qubits):
                raise self.fail("call.type", f"`{name}` of `{routine.name}` is a qubit, `{self.text(part)}` is not", part)
            given = None if operand.scalar else len(operand.wires)
            if given != size:
                wanted = "one qubit" if size is None else f"{size} qubits"
                has = "one qubit" if given is None else f"a register of {given}"
                raise self.fail("call.type", f"`{name}` of `{routine.name}` takes {wanted}, not {has}", part)
            for wire in operand.wires:
                if wire in used:
                    raise self.fail("qubit.duplicate", f"`{self.text(part)}` is given to `{routine.name}` twice", part)
                used[wire] = name
            return Qubits(name, wires=operand.wires, scalar=operand.scalar, alias=True)
        if isinstance(operand, Qubits):
            message = f"`{name}` of `{routine.name}` is {describe(type)}, `{self.text(part)}` is a qubit"
            raise self.fail("call.type", message, part)
        if type.dims:
            return self._bind_array(routine, parameter, operand, part, type)
        try:
            value = convert(self.read(operand, part), type)
        except TypeProblem as problem:
            raise self.fail("call.type", f"`{name}` of `{routine.name}`: {problem.message}", part) from None
        value.const = False
        return Variable(name, type=type, role="parameter", value=value, level=self.depth)

    def _bind_array(self, routine: Subroutine, parameter: s.Parameter, operand: Operand, part: s.Expression,
                    type: ClassicalType) -> Entity:  # fmt: skip
        value = self.read(operand, part)
        given = value.type
        fits = (given.kind, given.width) == (type.kind, type.width) and len(given.dims) == len(type.dims)
        if not fits or (UNKNOWN not in type.dims and UNKNOWN not in given.dims and given.dims != type.dims):
            message = f"`{parameter.name.text}` of `{routine.name}` takes {describe(type)}, not {describe(given)}"
            raise self.fail("call.type", message, part)
        readonly = isinstance(parameter.type, s.ArrayType) and parameter.type.access == "readonly"
        entity = self.find(part.text) if isinstance(part, s.Name) else None
        if not readonly:
            if not isinstance(entity, Variable):
                raise self.fail("feature.unsupported", "a part of an array cannot be given to a mutable parameter", part)
            if entity.readonly or entity.role in ("const", "input"):
                raise self.fail("array.readonly", f"`{entity.name}` is readonly", part)
            return entity
        made = Variable(parameter.name.text, type=given, role="parameter", value=value, level=self.depth)
        made.readonly = True
        return made

    def extern_arguments(self, node: s.Call, extern: Extern, arguments: list[Any]) -> list[Value]:
        wanted = len(extern.parameters)
        if len(arguments) != wanted:
            raise self.fail("call.arity", f"`{extern.name}` takes {wanted} arguments, not {len(arguments)}", node)
        values = []
        for type, operand, part in zip(extern.parameters, arguments, node.arguments):
            try:
                values.append(convert(self._argument(operand, part), type))
            except TypeProblem as problem:
                raise self.fail("call.type", f"`{extern.name}`: {problem.message}", part) from None
        return values

    def _count_calls(self, routine: Subroutine, node: s.Node) -> None:
        """Refuse before inlining what would never end: calls that multiply."""
        limit = self.limits.loop_iterations
        if limit is not None and routine.weight > limit:
            raise self.fail("limit.exceeded", f"`{routine.name}` expands to more than {limit} calls", node)
        self.iterations += 1

    def _weight(self, node: s.DefStatement) -> int:
        """How many bodies inlining a subroutine makes, at least; those it calls come before it."""
        total = 1
        for inner in walk(node.body.statements):
            entity = self.scopes[0].names.get(inner.name.text) if isinstance(inner, s.Call) else None
            if isinstance(entity, Subroutine) and entity.node is not node:
                total += entity.weight
        return total

    # -- return ----------------------------------------------------------------------------

    def right_side(self, node: s.Expression) -> Value:
        raise NotImplementedError

    def return_statement(self, node: s.Return) -> None:
        if not self.frames or self.in_gate:
            raise self.fail("flow.return", "a return outside a subroutine", node)
        frame = self.frames[-1]
        if frame.returns is None:
            if node.value is not None:
                raise self.fail("return.type", f"`{frame.name}` returns nothing", node.value,
                                "give it a return type: `def … -> type`")  # fmt: skip
            value = None
        else:
            if node.value is None:
                raise self.fail("return.type", f"`{frame.name}` returns {describe(frame.returns)}", node)
            value = self.right_side(node.value)
            try:
                value = convert(value, frame.returns)
            except TypeProblem as problem:
                raise self.fail("return.type", problem.message, node.value) from None
            value = Value(value.type, value.known, value.expr)
        inside = self.loops and not self.loops[-1].unrolled
        if self.depth == frame.depth and not inside:
            frame.result = value
            self.exit = "return"
            return
        if frame.done is None:
            frame.done = self.new_flag("_returned", frame.depth)
        self.current_span = self.mark(node)
        if value is not None:
            self._store_result(frame, value)
        self.set_flag(frame.done, True)
        self.pending.append(frame.done)
        if inside:
            self.rows.add(OPERATIONS["break"], (), (), -1, Extra(), self.mark(node))
        self.exit = "stop"

    def _store_result(self, frame: Frame, value: Value) -> None:
        """Keep a result that is given under a condition of run time."""
        type = value.type
        if type.kind == "bit":
            if frame.bits is None:
                found = self.new_bits("_result", type.width, None)
                register = None if type.width is None else self.wiring.cregs[-1].name
                frame.bits = Bits("_result", bits=found, scalar=type.width is None, register=register)
            self.write_bits(frame.bits, value)
            return
        if frame.cell is None:
            frame.cell = Variable("_result", type=type, level=0)
        self.emit_assign(self.materialise(frame.cell), value.to_expr(), ())
