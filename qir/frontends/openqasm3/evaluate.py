"""Expressions: to values where they are known, to typed `Expr` where they are not.

The tree of an expression is walked from the leaves up with an explicit stack, so its depth does
not matter.  An operand may be a `Value`, some `Qubits` or some `Bits`; indices resolve here, for
quantum and classical registers, arrays and the bits of integers alike.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any, NamedTuple, Union

from qir.circuit import Register
from qir.expressions import BIT, BOOL, FLOAT, INT, ClassicalType, Expr, bit, constant, register
from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3 import types
from qir.frontends.openqasm3.resolve import Bits, Extern, Failure, Gate, Poison, Qubits, Resolver, Subroutine, Variable
from qir.frontends.openqasm3.types import Time, TypeProblem, Value, describe
from qir.limits import Limits
from qir.source import Source

__all__ = ["UNKNOWN", "Evaluator", "Operand", "Slice"]

UNKNOWN = 2**31
"""Length of an array's dimension that only its caller knows."""

Operand = Union[Value, Qubits, Bits]
_SMALL = 2**31
"""Integers below this can be added and multiplied without a look at their width."""


class Slice(NamedTuple):
    """An index range, inclusive; None where open."""

    first: Value | None
    step: Value | None
    last: Value | None
    node: s.Node


class Selection(NamedTuple):
    """An index set."""

    items: list[Value]
    node: s.Node


class Unknown(Exception):
    """An index that is only known at run time."""


class Evaluator(Resolver):
    """Evaluates expressions in the scopes of the resolver."""

    def __init__(self, source: Source, statements: list[s.Statement], version: int, limits: Limits) -> None:
        super().__init__(source, statements, version, limits)
        self.bit_values: list[int | None] = []
        """Per classical bit what is known of it now."""
        self.bit_stored: list[int | None] = []
        """Per classical bit what the circuit's bit holds when it holds a known value."""
        self.in_angle = False

    # -- what the layers above provide -----------------------------------------------------

    def call_subroutine(self, node: s.Call, routine: Subroutine, arguments: list[Operand]) -> Value | None:
        raise NotImplementedError

    def call_extern(self, node: s.Call, extern: Extern, arguments: list[Operand]) -> Value | None:
        raise NotImplementedError

    def flush_bits(self, bits: tuple[int, ...]) -> None:
        raise NotImplementedError

    def register_of(self, bits: Bits) -> tuple[str, int, int] | None:
        """Register name, its first bit and size, when all the bits are in one register."""
        raise NotImplementedError

    def registers(self) -> list[Register]:
        """The classical registers of the circuit."""
        raise NotImplementedError

    def materialise(self, variable: Variable) -> Expr:
        raise NotImplementedError

    # -- evaluating ------------------------------------------------------------------------

    def value(self, node: s.Expression) -> Value:
        """A classical value.  Failure when it has none."""
        result = self.evaluate(node)
        return result if type(result) is Value else self.read(result, node)

    def evaluate(self, node: s.Expression) -> Operand:
        """A value, or the qubits or bits an expression names."""
        kind = type(node)
        if kind is s.Literal:
            return _literal(node)
        if kind is s.Name:
            return self.named(node)  # type: ignore[arg-type]
        order = node.order
        if order is None:
            order = node.order = _postorder(node)
        stack: list[Any] = []
        for item, count in order:
            kind = type(item)
            if kind is s.Literal:
                stack.append(_literal(item))
            elif kind is s.Name:
                stack.append(self.named(item))
            else:
                arguments = stack[len(stack) - count :] if count else []
                del stack[len(stack) - count :]
                stack.append(_DISPATCH[kind](self, item, arguments))
        result: Operand = stack[0]
        return result

    def read(self, operand: Any, node: s.Node) -> Value:
        """The classical value of an operand.  Failure for qubits."""
        if type(operand) is Value:
            return operand
        if isinstance(operand, Bits):
            return self.read_bits(operand)
        if isinstance(operand, Qubits):
            raise self.fail("type.mismatch", f"`{self.text(node)}` is a qubit, not a value", node)
        if isinstance(operand, (Slice, Selection)):
            raise self.fail("syn.statement", "a range only stands in an index", node)
        raise self.fail("type.mismatch", f"`{self.text(node)}` is not a value", node)

    def text(self, node: s.Node) -> str:
        """The text of a node, shortened; nothing of included files is quoted."""
        if self.source is not self.main_source:
            return "this"
        text = self.source.text[node.start : node.end]
        return text if len(text) <= 40 else text[:37] + "..."

    def named(self, node: s.Name) -> Operand:
        entity = self.lookup(node)
        if type(entity) is Variable:
            return self.read_variable(entity)
        if isinstance(entity, (Bits, Qubits)):
            return entity
        if isinstance(entity, Gate):
            raise self.fail("type.mismatch", f"`{node.text}` is a gate, not a value", node)
        raise self.fail("type.mismatch", f"`{node.text}` is not a value", node)

    def read_variable(self, variable: Variable) -> Value:
        value = variable.value
        if value is not None and (value.known is not None or value.expr is not None):
            return value if value.const == (variable.role == "const") else Value(
                value.type, value.known, value.expr, variable.role == "const")  # fmt: skip
        return Value(variable.type, None, self.materialise(variable))

    def read_bits(self, bits: Bits) -> Value:
        values = [self.bit_values[b] for b in bits.bits]
        if all(v is not None for v in values):
            return Value(bits.type, sum(v << i for i, v in enumerate(values) if v), None, False)
        if bits.scalar:
            return Value(BIT, None, bit(bits.bits[0]))
        if bits.register is not None:
            self.flush_bits(bits.bits)
            return Value(bits.type, None, register(bits.register, len(bits.bits)))
        self.flush_bits(bits.bits)
        home = self.register_of(bits)
        if home is not None and len(bits.bits) > 1:
            name, start, size = home
            steps = {b - a for a, b in zip(bits.bits, bits.bits[1:])}
            if steps == {1}:
                ends = constant(bits.bits[0] - start), constant(bits.bits[-1] - start)
                span = Expr("range", None, (ends[0], ends[1]), INT)
                return Value(bits.type, None, Expr("index", None, (register(name, size), span), bits.type))
        wide = ClassicalType("uint", max(len(bits.bits), 1))
        total: Expr | None = None
        for position, index in enumerate(bits.bits):
            part = Expr("cast", None, (bit(index),), wide)
            if position:
                part = Expr("<<", None, (part, constant(position)), wide)
            total = part if total is None else Expr("|", None, (total, part), wide)
        assert total is not None
        return Value(bits.type, None, Expr("cast", None, (total,), bits.type))

    # -- constants -------------------------------------------------------------------------

    def integer(self, node: s.Expression, *, slug: str = "const.required", bad: str = "type.mismatch", what: str) -> int:
        """A constant integer.  Failure with `bad` when it is no integer, `slug` when not constant."""
        value = self.value(node)
        if value.type.dims or value.type.kind not in ("int", "uint", "bool"):
            real = value.type.kind == "float" and self.version == 2 and value.known is not None
            if not real or value.known != int(value.known):
                raise self.fail(bad, f"{what} is an integer, not {describe(value.type)}", node)
        if value.known is None or not value.const:
            if value.known is not None and self.lenient_constant(node):
                return int(value.known)
            raise self.fail(slug, f"{what} must be a constant", node, "declare what it depends on with `const`")
        return int(value.known)

    def lenient_constant(self, node: s.Expression) -> bool:
        return False

    def resolve_type(self, node: s.ScalarType | s.ArrayType) -> ClassicalType:
        """A type with its sizes.  Failure with type.size, const.required, array.*."""
        if isinstance(node, s.ArrayType):
            base = self.resolve_type(node.base)
            if base.kind in ("bit", "stretch"):
                raise self.fail("array.base", f"an array cannot hold {describe(base)}", node.base)
            dims = [self.dimension(d) for d in node.dims]
            if len(dims) > 7:
                raise self.fail("array.dims", "an array has at most 7 dimensions", node)
            total = math.prod(dims)
            limit = self.limits.array_elements
            if limit is not None and total > limit:
                raise self.fail("limit.exceeded", f"an array of {total} elements is over the limit of {limit}", node)
            return ClassicalType(base.kind, base.width, tuple(dims))
        kind = node.kind
        if node.size is None:
            return ClassicalType(kind)
        width = self.integer(node.size, bad="type.size", what="a size")
        if width < (0 if kind == "bit" else 1):
            raise self.fail("type.size", f"a size of {width} is not possible for `{kind}`", node.size)
        limit = self.limits.clbits if kind == "bit" else 2**16
        if limit is not None and width > limit:
            raise self.fail("limit.exceeded", f"a size of {width} is over the limit of {limit}", node.size)
        return ClassicalType(kind, width)

    def dimension(self, node: s.Expression) -> int:
        size = self.integer(node, bad="array.dims", what="a dimension")
        if size < 0:
            raise self.fail("array.dims", "a dimension is not negative", node)
        return size

    # -- operators -------------------------------------------------------------------------

    def _unary(self, node: s.Unary, arguments: list[Any]) -> Value:
        value = arguments[0] if type(arguments[0]) is Value else self.operand_value(arguments[0], node, node.operand)
        if type(value.known) is float and node.op == "neg" and value.type is FLOAT:
            return Value(FLOAT, -value.known, None, value.const)
        try:
            return types.unary(node.op, value)
        except TypeProblem as problem:
            raise self.problem(problem, node) from None

    def operand_value(self, operand: Any, node: s.Node, part: s.Node) -> Value:
        if isinstance(operand, Qubits):
            raise self.fail("type.operand", f"`{self.text(part)}` is a qubit: no operator is defined for it", part)
        return self.read(operand, part)

    def _binary(self, node: s.Binary, arguments: list[Any]) -> Value:
        left, right = arguments
        if type(left) is not Value:
            left = self.operand_value(left, node, node.left)
        if type(right) is not Value:
            right = self.operand_value(right, node, node.right)
        op = node.op
        if left.type is INT and right.type is INT and op in "+-*" and self.version == 3 and op != "**":
            if left.known is not None and right.known is not None and abs(left.known) < _SMALL and abs(right.known) < _SMALL:
                a, b = left.known, right.known
                return Value(INT, a + b if op == "+" else a - b if op == "-" else a * b, None, left.const and right.const)
        try:
            if self.version == 2:
                return types.binary("**" if op == "^" else op, left, right, real=True, bits=self.limits.integer_bits)
            result = types.binary(op, left, right, bits=self.limits.integer_bits)
        except TypeProblem as problem:
            raise self.problem(problem, node) from None
        if self.in_angle:
            if op == "/" and result.type.kind in ("int", "uint") and right.known and left.known is not None:
                if left.known % right.known:
                    self.warn("style.integer-division", f"`{self.text(node)}` divides integers and is {result.known}", node,
                              "write one of them with a point, as in `1.0`")  # fmt: skip
            elif op == "^":
                self.warn("style.dialect", "`^` is exclusive or; the power is `**`", node)
        return result

    def _cast(self, node: s.Cast, arguments: list[Any]) -> Value:
        target = self.resolve_type(node.type)
        if isinstance(arguments[0], Qubits):
            raise self.fail("type.cast", f"a qubit cannot be cast to {describe(target)}", node)
        try:
            return types.cast(self.read(arguments[0], node.operand), target)
        except TypeProblem as problem:
            raise self.problem(problem, node) from None

    def _range(self, node: s.Range, arguments: list[Any]) -> Slice:
        values = iter([self.read(a, node) for a in arguments])
        first, step, last = (None if part is None else next(values) for part in (node.first, node.step, node.last))
        return Slice(first, step, last, node)

    def _set(self, node: s.SetLiteral, arguments: list[Any]) -> Selection:
        return Selection([self.read(a, n) for a, n in zip(arguments, node.items)], node)

    def _array(self, node: s.ArrayLiteral, arguments: list[Any]) -> Value:
        """An array literal has a list of values until a declaration gives it a type."""
        return Value(ClassicalType("array"), [a if type(a) is Value else self.read(a, node) for a in arguments], None, True)

    def _hardware(self, node: s.Hardware, arguments: list[Any]) -> Qubits:
        if any(scope.kind == "gate" for scope in self.scopes):
            raise self.fail("gate.physical-qubit", "a gate body cannot name a hardware qubit", node, "make it a parameter")
        return Qubits(f"${node.index}", wires=(node.index,), scalar=True, physical=True)

    def _durationof(self, node: s.DurationOf, arguments: list[Any]) -> Value:
        text = self.source.text[node.start : node.end]
        return Value(types.DURATION, None, Expr("const", text, (), types.DURATION), True)

    def _misplaced(self, node: s.Node, arguments: list[Any]) -> Value:
        raise self.fail("syn.statement", "this cannot be part of an expression", node)

    # -- indices ---------------------------------------------------------------------------

    def _index(self, node: s.Index, arguments: list[Any]) -> Operand:
        base, items = arguments[0], arguments[1:]
        if any(scope.kind == "gate" for scope in self.scopes) and isinstance(base, Qubits) and base.formal:
            message = f"`{self.text(node.base)}` is one qubit: a gate's arguments are not indexed"
            raise self.fail("gate.body-index", message, node)
        if isinstance(base, (Qubits, Bits)):
            if base.scalar:
                what = "qubit" if isinstance(base, Qubits) else "bit"
                raise self.fail("index.not-indexable", f"`{self.text(node.base)}` is a single {what}", node,
                                "leave the index out")  # fmt: skip
            if len(items) != 1:
                raise self.fail("index.not-indexable", "a register has one index", node)
            wires = base.wires if isinstance(base, Qubits) else base.bits
            try:
                chosen = self.positions(items[0], len(wires), node, node.base)
            except Unknown:
                return self._unknown_index(node, base, items[0])
            scalar = type(chosen) is int
            picked = (wires[chosen],) if isinstance(chosen, int) else tuple(wires[i] for i in chosen)
            if isinstance(base, Qubits):
                return Qubits(base.name, wires=picked, scalar=scalar, alias=True)
            return Bits(base.name, bits=picked, scalar=scalar, alias=True, io=base.io)
        value = self.read(base, node.base)
        if value.type.dims:
            return self._element(node, value, items)
        kind = value.type.kind
        if kind not in ("int", "uint", "angle", "bit") or (kind == "bit" and value.type.width is None) or len(items) != 1:
            raise self.fail("index.not-indexable", f"{describe(value.type)} has no elements", node)
        return self._bit_of(node, value, items[0])

    def _unknown_index(self, node: s.Index, base: Qubits | Bits, item: Any) -> Value:
        if isinstance(base, Qubits):
            if self.checking:
                raise Failure
            raise self.fail("const.required", "the index of a qubit must be known when compiling", node,
                            "use a loop with constant bounds")  # fmt: skip
        whole = self.read_bits(Bits(base.name, bits=base.bits, register=base.register))
        if type(item) is not Value:
            if self.checking:
                raise Failure
            raise self.fail("feature.unsupported", "a range whose ends are only known at run time is not compiled", node)
        return Value(BIT, None, Expr("index", None, (whole.to_expr(), item.to_expr()), BIT))

    def whole(self, value: Value, node: s.Node) -> int:
        """A known integer used as an index."""
        kind = value.type.kind
        if value.type.dims or (kind not in ("int", "uint", "bool") and (kind, value.type.width) != ("bit", None)):
            if not (self.version == 2 and value.known is not None and value.known == int(value.known)):
                raise self.fail("index.type", f"an index is an integer, not {describe(value.type)}", node)
        if value.known is None:
            raise Unknown
        return int(value.known)

    def positions(self, item: Any, size: int, node: s.Node, base: s.Node) -> int | list[int]:
        """The position, or positions, that an index means in `base`, which has `size` elements."""

        def place(value: Value) -> int:
            index = self.whole(value, node)
            if not -size <= index < size:
                allowed = f"it has {size} elements, 0 to {size - 1}" if size else "it has no elements"
                message = f"index {_brief(index)} is out of range for `{self.text(base)}`: {allowed}"
                raise self.fail("index.range", message, node)
            return index + size if index < 0 else index

        if isinstance(item, Slice):
            step = 1 if item.step is None else self.whole(item.step, item.node)
            if step == 0:
                raise self.fail("index.step-zero", "a range with step zero never ends", item.node)
            if size == 0 and item.first is None and item.last is None:
                return []
            first = place(item.first) if item.first is not None else (0 if step > 0 else size - 1)
            last = place(item.last) if item.last is not None else (size - 1 if step > 0 else 0)
            return list(range(first, last + (1 if step > 0 else -1), step))
        if isinstance(item, Selection):
            return [place(v) for v in item.items]
        if isinstance(item, (Qubits, Bits)):
            item = self.read(item, node)
        return place(item)

    def _element(self, node: s.Index, value: Value, items: list[Any]) -> Value:
        """An element or a slice of an array."""
        dims = value.type.dims
        if len(items) > len(dims):
            raise self.fail("array.dims", f"{len(items)} indices for an array of {len(dims)} dimensions", node)
        known = value.known
        shape: list[int] = []
        expressions: list[Expr] = []
        paths: list[Any] = []
        for item, size in zip(items, dims):
            if isinstance(item, Selection):
                raise self.fail("index.type", "an array is not indexed by a set", node)
            item = item if isinstance(item, Slice) else self.read(item, node)
            try:
                chosen = self.positions(item, size, node, node.base)
                if isinstance(chosen, list):
                    shape.append(len(chosen))
            except Unknown:
                known = None
                if isinstance(item, Slice):
                    if self.checking:
                        raise Failure from None
                    raise self.fail("feature.unsupported", "an array slice with run-time ends is not compiled", node) from None
                chosen = 0
            paths.append(chosen)
            expressions.append(_slice_expr(item) if isinstance(item, Slice) else item.to_expr())
        type = ClassicalType(value.type.kind, value.type.width, (*shape, *dims[len(items) :]))
        if known is not None:
            return Value(type, _dig(known, paths), None, False)
        return Value(type, None, Expr("index", None, (value.to_expr(), *expressions), type))

    def _bit_of(self, node: s.Index, value: Value, item: Any) -> Value:
        """Bits of an integer, angle or run-time bit register."""
        width = value.type.width or 64
        try:
            chosen = self.positions(item, width, node, node.base)
        except Unknown:
            if isinstance(item, (Slice, Selection)):
                raise self.fail("feature.unsupported", "a bit slice with run-time ends is not compiled", node) from None
            index = self.read(item, node).to_expr()
            return Value(BIT, None, Expr("index", None, (value.to_expr(), index), BIT))
        type = BIT if isinstance(chosen, int) else ClassicalType("bit", len(chosen))
        if value.expr is not None and value.expr.op == "register":
            start = next(r.start for r in self.registers() if r.name == value.expr.value)
            picked = (start + chosen,) if isinstance(chosen, int) else tuple(start + p for p in chosen)
            return self.read_bits(Bits("", bits=picked, scalar=isinstance(chosen, int)))
        if value.known is not None:
            pattern = types.angle_bits(value.known, width) if value.type.kind == "angle" else int(value.known)
            if isinstance(chosen, int):
                return Value(BIT, (pattern >> chosen) & 1, None, value.const)
            return Value(type, sum(((pattern >> p) & 1) << i for i, p in enumerate(chosen)), None, value.const)
        if isinstance(chosen, int):
            index = constant(chosen)
        else:
            step = chosen[1] - chosen[0] if len(chosen) > 1 else 1
            ends = [constant(chosen[0] if chosen else 0), constant(chosen[-1] if chosen else 0)]
            if step != 1:
                ends.insert(1, constant(step))
            index = Expr("range", None, tuple(ends), INT)
        return Value(type, None, Expr("index", None, (value.to_expr(), index), type))

    # -- calls -----------------------------------------------------------------------------

    def _call(self, node: s.Call, arguments: list[Any]) -> Value:
        result = self.call(node, arguments)
        if result is None:
            raise self.fail("call.type", f"`{node.name.text}` returns nothing", node)
        return result

    def call(self, node: s.Call, arguments: list[Any]) -> Value | None:
        """The result of a call; None when there is none."""
        name = node.name.text
        entity = self.find(name)
        if name == "sizeof" and node.arguments:
            # Only the type of the first argument counts: an array without values is not read.
            named = self.lookup(node.arguments[0]) if isinstance(node.arguments[0], s.Name) else None
            first = Value(named.type) if isinstance(named, Variable) else self.evaluate(node.arguments[0])
            arguments = [first, *arguments]
        if entity is None and name in self.functions:
            return self._function(node, [self._argument(a, n) for a, n in zip(arguments, node.arguments)])
        if entity is None:
            self.lookup(node.name, "call.undeclared", "subroutine or function")
        assert entity is not None
        if any(scope.kind == "gate" for scope in self.scopes) and isinstance(entity, (Subroutine, Extern)):
            raise self.fail("gate.body-statement", "a gate body cannot call a subroutine", node)
        entity = self.lookup(node.name)
        if isinstance(entity, Subroutine):
            return self.call_subroutine(node, entity, arguments)
        if isinstance(entity, Extern):
            return self.call_extern(node, entity, arguments)
        if isinstance(entity, Poison):
            raise Failure
        what = "a gate" if isinstance(entity, Gate) else "not a subroutine"
        raise self.fail("call.not-callable", f"`{name}` is {what}: it cannot be called", node.name,
                        "apply it to qubits: `name(angles) qubits;`" if isinstance(entity, Gate) else None)  # fmt: skip

    def _argument(self, operand: Any, node: s.Node) -> Value:
        if isinstance(operand, Qubits):
            raise self.fail("call.type", f"`{self.text(node)}` is a qubit, not a value", node)
        return self.read(operand, node)

    def _function(self, node: s.Call, values: list[Value]) -> Value:
        name = node.name.text
        low, high = {"mod": (2, 2), "rotl": (2, 2), "rotr": (2, 2), "sizeof": (1, 2)}.get(name, (1, 1))
        if not low <= len(values) <= high:
            wanted = str(low) if low == high else f"{low} or {high}"
            raise self.fail("call.arity", f"`{name}` takes {wanted} arguments, not {len(values)}", node)
        first = values[0]
        if name == "sizeof":
            return self._sizeof(node, values)
        for value, part in zip(values, node.arguments):
            bad = value.type.dims or value.type.kind in ("duration", "stretch")
            bits = name in ("popcount", "rotl", "rotr")
            if bits and value is first and value.type.kind not in ("bit", "int", "uint", "angle"):
                bad = True
            if not bits and value.type.kind == "bit" and value.type.width is not None:
                bad = True
            if bad or (name not in _COMPLEX and name not in ("real", "imag") and value.type.kind == "complex"):
                raise self.fail("call.type", f"`{name}` does not take {describe(value.type)}", part)
        const = all(v.const for v in values)
        if name in ("popcount", "rotl", "rotr"):
            return self._bit_function(node, name, values, const)
        if name in ("real", "imag"):
            result = FLOAT if first.type.width is None else ClassicalType("float", first.type.width)
            if first.known is not None:
                return Value(result, complex(first.known).real if name == "real" else complex(first.known).imag, None, const)
            return Value(result, None, Expr("call", name, (first.to_expr(),), result), const)
        integers = name == "mod" and all(v.type.kind in ("int", "uint", "bool") for v in values)
        integers |= name in ("ceiling", "floor") and first.type.kind in ("int", "uint")
        type = INT if integers else FLOAT
        if any(v.known is None for v in values):
            name = {"ln": "log", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}.get(name, name)
            return Value(type, None, Expr("call", name, tuple(v.to_expr() for v in values), type), const)
        try:
            if first.type.kind == "complex":
                return Value(first.type, _COMPLEX[name](first.known), None, const)
            result_value = _FUNCTIONS[name](*(v.known for v in values))
            if not math.isfinite(result_value):
                raise OverflowError
            return Value(type, int(result_value) if integers else float(result_value), None, const)
        except (ValueError, ZeroDivisionError, OverflowError):
            raise self.fail("const.value", f"`{self.text(node)}` has no value", node) from None

    def _sizeof(self, node: s.Call, values: list[Value]) -> Value:
        dims = values[0].type.dims
        if not dims:
            raise self.fail("call.type", f"`sizeof` takes an array, not {describe(values[0].type)}", node)
        unknown = Value(ClassicalType("uint"), None, Expr("call", "sizeof", (), ClassicalType("uint")), True)
        if len(values) == 1:
            return unknown if dims[0] == UNKNOWN else Value(ClassicalType("uint"), dims[0], None, True)
        index = values[1].known
        if values[1].type.kind not in ("int", "uint") or index is None:
            raise self.fail("call.type", "the dimension is a constant integer", node.arguments[1])
        if not 0 <= index < len(dims):
            raise self.fail("index.range", f"the array has {len(dims)} dimensions", node.arguments[1])
        return unknown if dims[index] == UNKNOWN else Value(ClassicalType("uint"), dims[index], None, True)

    def _bit_function(self, node: s.Call, name: str, values: list[Value], const: bool) -> Value:
        first = values[0]
        width = first.type.width or (1 if first.type.kind == "bit" else 64)
        type = ClassicalType("uint") if name == "popcount" else first.type
        if any(v.known is None for v in values):
            return Value(type, None, Expr("call", name, tuple(v.to_expr() for v in values), type), const)
        mask = (1 << width) - 1
        pattern = types.angle_bits(first.known, width) if first.type.kind == "angle" else int(first.known) & mask
        if name == "popcount":
            return Value(type, pattern.bit_count(), None, const)
        if values[1].type.kind not in ("int", "uint"):
            raise self.fail("call.type", "the distance is an integer", node.arguments[1])
        shift = int(values[1].known) % width if width else 0
        if name == "rotr":
            shift = (width - shift) % width
        turned = ((pattern << shift) | (pattern >> (width - shift))) & mask
        if first.type.kind == "angle":
            return Value(type, turned * 2 * math.pi / (1 << width), None, const)
        return Value(type, types.wrap(turned, first.type) if first.type.kind != "bit" else turned, None, const)


def _brief(index: int) -> str:
    return str(index) if abs(index) < 10**20 else "of that size"


def _slice_expr(item: Slice) -> Expr:
    parts = [item.first, item.step, item.last] if item.step is not None else [item.first, item.last]
    return Expr("range", None, tuple(constant(None) if p is None else p.to_expr() for p in parts), INT)


def _dig(items: Any, path: list[Any]) -> Any:
    """The element or copied slice of nested lists."""
    if not path:
        return items
    if isinstance(path[0], int):
        return _dig(items[path[0]], path[1:])
    return [_dig(items[i], path[1:]) for i in path[0]]


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "arccos": math.acos, "arcsin": math.asin, "arctan": math.atan, "ceiling": math.ceil, "cos": math.cos, "exp": math.exp,
    "floor": math.floor, "log": math.log, "mod": lambda x, y: x % y, "sin": math.sin, "sqrt": math.sqrt, "tan": math.tan,
    "ln": math.log, "asin": math.asin, "acos": math.acos, "atan": math.atan,
}  # fmt: skip
_COMPLEX: dict[str, Callable[[complex], complex]] = {
    "arccos": cmath.acos, "arcsin": cmath.asin, "arctan": cmath.atan, "cos": cmath.cos, "exp": cmath.exp, "log": cmath.log,
    "sin": cmath.sin, "sqrt": cmath.sqrt, "tan": cmath.tan,
}  # fmt: skip


def _literal(node: Any) -> Value:
    kind, value = node.kind, node.value
    if kind == "int":
        return Value(INT, value, None, True)
    if kind == "float":
        return Value(FLOAT, value, None, True)
    if kind == "bits":
        return Value(ClassicalType("bit", len(value)), int(value, 2), None, True)
    if kind == "bool":
        return Value(BOOL, value, None, True)
    if kind == "imaginary":
        return Value(types.COMPLEX, complex(0.0, value), None, True)
    return Value(types.DURATION, Time.of(value, node.unit), None, True)


def _children(node: s.Expression) -> tuple[s.Expression, ...]:
    kind = type(node)
    if kind is s.Index:
        return (node.base, *node.items)  # type: ignore[attr-defined]
    if kind is s.Range:
        return tuple(p for p in (node.first, node.step, node.last) if p is not None)  # type: ignore[attr-defined]
    if kind is s.Call and node.name.text == "sizeof":  # type: ignore[attr-defined]
        return tuple(node.arguments[1:])  # type: ignore[attr-defined]
    if kind is s.SetLiteral or kind is s.ArrayLiteral:
        return tuple(node.items)  # type: ignore[attr-defined]
    return node.children


def _postorder(root: s.Expression) -> list[tuple[s.Expression, int]]:
    order = []
    stack = [root]
    while stack:
        node = stack.pop()
        children = _children(node)
        order.append((node, len(children)))
        stack.extend(children)
    order.reverse()
    return order


_DISPATCH: dict[type, Callable[..., Any]] = {
    s.Unary: Evaluator._unary,
    s.Binary: Evaluator._binary,
    s.Cast: Evaluator._cast,
    s.Call: Evaluator._call,
    s.Index: Evaluator._index,
    s.Range: Evaluator._range,
    s.SetLiteral: Evaluator._set,
    s.ArrayLiteral: Evaluator._array,
    s.Hardware: Evaluator._hardware,
    s.DurationOf: Evaluator._durationof,
    s.MeasureExpression: Evaluator._misplaced,
    s.QuantumCall: Evaluator._misplaced,
    s.Concatenation: Evaluator._misplaced,
}
