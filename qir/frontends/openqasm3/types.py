"""Classical values and the rules of types: conversions, casts, operators.

A `Value` is known (a Python value) or an expression of run time.  Known values are held as

| type | Python |
|---|---|
| bool | bool |
| bit, bit[n], int, uint | int (bit[n] unsigned, bit 0 least significant) |
| float, angle | float (radians) |
| complex | complex |
| duration | `Time` |
| arrays | nested lists |

Rules: OpenQASM 3.1, "Types and Casting".  What real programs write and the text does not allow
(an integer for an angle, a register compared with a number) is let through here; the caller warns.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from qir.expressions import BIT, BOOL, FLOAT, INT, ClassicalType, Expr, constant

__all__ = [
    "ANGLE", "COMPLEX", "DURATION", "Time", "TypeProblem", "Value", "binary", "cast", "convert", "describe", "literal", "truth",
    "unary",
]  # fmt: skip

ANGLE = ClassicalType("angle")
COMPLEX = ClassicalType("complex")
DURATION = ClassicalType("duration")
UINT = ClassicalType("uint")
_RANK = {"bool": 0, "bit": 0, "int": 1, "uint": 2, "float": 3, "complex": 4}
_UNITS = {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0}


class TypeProblem(Exception):
    """A rule of types is broken: (slug, message)."""

    def __init__(self, slug: str, message: str) -> None:
        super().__init__(slug, message)
        self.slug, self.message = slug, message


class Time(NamedTuple):
    """A duration: nanoseconds plus machine cycles.  `unit` is the one it was written in."""

    ns: float
    dt: float = 0.0
    unit: str = "ns"

    @property
    def amount(self) -> float:
        """The number in `unit`."""
        return self.dt if self.unit == "dt" else self.ns / _UNITS[self.unit]

    @staticmethod
    def of(value: float, unit: str) -> Time:
        return Time(0.0, value, "dt") if unit == "dt" else Time(value * _UNITS[unit], 0.0, unit)

    def expr(self) -> Expr:
        # The leaf of a duration carries its unit in a call-like node that prints as a literal.
        parts = []
        if self.ns or not self.dt:
            unit = self.unit if self.unit != "dt" else "ns"
            parts.append(Expr("const", f"{self.ns / _UNITS[unit]!r}{unit}", (), DURATION))
        if self.dt:
            parts.append(Expr("const", f"{self.dt!r}dt", (), DURATION))
        return parts[0] if len(parts) == 1 else Expr("+", None, (parts[0], parts[1]), DURATION)


@dataclass(slots=True)
class Value:
    """A classical value.  `known` is None when it is only known at run time: then `expr` says how.

    const: it is a constant expression of the language.
    """

    type: ClassicalType
    known: Any = None
    expr: Expr | None = None
    const: bool = False

    def to_expr(self) -> Expr:
        """The value as an expression of run time."""
        if self.known is None:
            assert self.expr is not None
            return self.expr
        if isinstance(self.known, Time):
            return self.known.expr()
        if isinstance(self.known, list):
            return _array_expr(self.known, self.type)
        kind, width = self.type.kind, self.type.width
        if kind == "bit":
            if width is None:
                return constant(int(self.known), BIT)
            return constant(format(self.known, f"0{width}b") if width else "", self.type)
        if kind == "float" or kind == "angle":
            return constant(float(self.known), self.type)
        return constant(self.known, self.type)


def _array_expr(items: list[Any], type: ClassicalType) -> Expr:
    inner = ClassicalType(type.kind, type.width, type.dims[1:])
    elements = tuple(_array_expr(i, inner) if isinstance(i, list) else Value(inner, i).to_expr() for i in items)
    return Expr("call", "array", elements, type)


def literal(value: Any) -> Value:
    """A constant from a Python value."""
    if isinstance(value, bool):
        return Value(BOOL, value, None, True)
    if isinstance(value, int):
        return Value(INT, value, None, True)
    if isinstance(value, complex):
        return Value(COMPLEX, value, None, True)
    return Value(FLOAT, float(value), None, True)


def describe(type: ClassicalType) -> str:
    return f"`{type}`"


# -- conversions ----------------------------------------------------------------------------


def wrap(value: int, type: ClassicalType) -> int:
    """An integer as the type holds it."""
    if type.width is None:
        return value if type.kind != "uint" or value >= 0 else value % 2**32
    if type.kind == "int":
        half = 1 << (type.width - 1)
        return ((value + half) % (1 << type.width)) - half
    return value % (1 << type.width)


def quantise(value: float, width: int | None) -> float:
    """A float as an angle: to the nearest of 2**width steps, ties to even, modulo 2 pi.  Without a
    width an angle is kept as it is: rotations by theta/2 tell theta from theta + 2 pi."""
    if width is None or width > 52:
        return value
    steps = 1 << width
    return (round(value / (2 * math.pi) * steps) % steps) * 2 * math.pi / steps


def angle_bits(value: float, width: int) -> int:
    """The bit pattern of an angle[width]."""
    steps = 1 << width
    return round(value / (2 * math.pi) * steps) % steps


def _put(value: Any, source: ClassicalType, target: ClassicalType) -> Any:
    """A known value of one type in another; the pair is already allowed."""
    kind = target.kind
    if kind == "bool":
        return bool(value)
    if kind in ("int", "uint"):
        if source.kind == "bit" and source.width and kind == "int" and source.width == target.width:
            return wrap(value, target)
        return wrap(int(value), target)
    if kind == "float":
        return float(value)
    if kind == "angle":
        if source.kind == "bit" and source.width:
            return value * 2 * math.pi / (1 << source.width)
        return quantise(float(value), target.width)
    if kind == "complex":
        return complex(value)
    if kind == "bit":
        if target.width is None:
            return int(bool(value))
        if source.kind == "angle":
            return angle_bits(value, target.width)
        return int(value) % (1 << target.width)
    return value


def _result(value: Value, target: ClassicalType, *, const: bool | None = None) -> Value:
    is_const = value.const if const is None else const
    if value.known is not None:
        try:
            return Value(target, _put(value.known, value.type, target), None, is_const)
        except (OverflowError, ValueError):
            raise TypeProblem("const.value", f"the value does not fit {describe(target)}") from None
    assert value.expr is not None
    if value.type == target or (target.width is None and value.type.kind == target.kind and target.kind != "bit"):
        return Value(target, None, value.expr, is_const)
    return Value(target, None, Expr("cast", None, (value.expr,), target), is_const)


def convert(value: Value, target: ClassicalType) -> Value:
    """A value in a declaration, assignment, argument or return of type `target`, by the implicit
    conversions.  TypeProblem(type.mismatch, type.width, duration.type, array.shape)."""
    source = value.type
    if source == target:
        if value.known is not None and target.kind in ("int", "uint", "angle") and not target.dims:
            return _result(value, target)
        return value
    if source.dims or target.dims:
        if source.dims != target.dims:
            raise TypeProblem("array.shape", f"{describe(source)} does not have the shape of {describe(target)}")
        if source.kind != target.kind or source.width != target.width:
            raise TypeProblem("type.mismatch", f"{describe(source)} is not {describe(target)}")
        return value
    a, b = source.kind, target.kind
    if b in ("duration", "stretch") or a in ("duration", "stretch"):
        if {a, b} <= {"duration", "stretch"} and b == "duration":
            return Value(target, value.known, value.expr, value.const)
        raise TypeProblem("duration.type", f"{describe(source)} does not convert to {describe(target)}")
    if b == "bit" and target.width is not None:
        if a == "bit" and source.width is not None:
            raise TypeProblem("type.width", f"{describe(source)} does not fit {describe(target)}")
        if a in ("int", "uint", "bool", "bit"):
            if value.known is not None and not 0 <= int(value.known) < (1 << target.width):
                raise TypeProblem("type.width", f"{value.known} does not fit {describe(target)}")
            return _result(value, target)
        raise TypeProblem("type.mismatch", f"{describe(source)} does not convert to {describe(target)}")
    if a == "bit" and source.width is not None:
        # Legal only as a cast and for equal widths; Qiskit assigns registers to wider integers.
        if b in ("int", "uint") and (target.width is None or source.width <= target.width):
            return _result(value, target)
        if b in ("int", "uint"):
            raise TypeProblem("type.width", f"{describe(source)} does not fit {describe(target)}")
        if b == "bool" or (b == "bit" and source.width == 1):
            return _result(value, target)
        if b == "angle" and source.width == target.width:
            return _result(value, target)
        raise TypeProblem("type.mismatch", f"{describe(source)} does not convert to {describe(target)}")
    if a in _RANK and b in _RANK:
        if a in ("float", "complex") and b in ("int", "uint", "bool", "bit"):
            raise TypeProblem("type.mismatch", f"{describe(source)} does not convert to {describe(target)} by itself")
        if a == "complex" and b != "complex":
            raise TypeProblem("type.mismatch", f"{describe(source)} does not convert to {describe(target)} by itself")
        return _result(value, target)
    if b == "angle" and a in ("bool", "int", "uint", "float", "angle"):
        return _result(value, target)
    if a == "angle" and b in ("float", "bool", "bit"):
        if b == "float":
            return _result(value, target)
        return _result(value, BOOL if b == "bool" else BIT)
    raise TypeProblem("type.mismatch", f"{describe(source)} does not convert to {describe(target)}")


_CASTS: dict[str, frozenset[str]] = {
    "bool": frozenset({"bool", "int", "uint", "float", "bit"}),
    "int": frozenset({"bool", "int", "uint", "float", "bit", "angle"}),
    "uint": frozenset({"bool", "int", "uint", "float", "bit", "angle"}),
    "float": frozenset({"bool", "int", "uint", "float", "angle"}),
    "angle": frozenset({"bool", "bit", "angle", "float"}),
    "bit": frozenset({"bool", "int", "uint", "angle", "bit"}),
    "complex": frozenset({"complex"}),
    "duration": frozenset(),
    "stretch": frozenset(),
}


def cast(value: Value, target: ClassicalType) -> Value:
    """An explicit cast.  TypeProblem(type.cast, type.width)."""
    source = value.type
    if source.dims or target.kind not in _CASTS.get(source.kind, frozenset()):
        if target.kind == "complex" and source.kind in _RANK and not source.dims:
            return _result(value, target)
        raise TypeProblem("type.cast", f"{describe(source)} cannot be cast to {describe(target)}")
    if source.kind == "bit" and source.width is not None and target.kind not in ("bool",):
        if target.kind == "bit" and target.width is None:
            raise TypeProblem("type.cast", f"{describe(source)} cannot be cast to {describe(target)}")
        if target.width is not None and target.width != source.width:
            raise TypeProblem("type.width", f"{describe(source)} and {describe(target)} differ in width")
    if target.kind == "bit" and target.width is not None and source.kind in ("int", "uint", "angle"):
        if source.width is not None and source.width != target.width:
            raise TypeProblem("type.width", f"{describe(source)} and {describe(target)} differ in width")
    if source.kind == "bit" and source.width is None and target.kind == "angle":
        raise TypeProblem("type.cast", f"{describe(source)} cannot be cast to {describe(target)}")
    return _result(value, target)


def truth(value: Value) -> Value:
    """A value as a condition.  TypeProblem(type.condition)."""
    if value.type.dims or value.type.kind in ("duration", "stretch", "void", "complex"):
        raise TypeProblem("type.condition", f"{describe(value.type)} is not a truth value")
    if value.known is not None:
        return Value(BOOL, bool(value.known), None, value.const)
    assert value.expr is not None
    if value.type.kind == "bool" or (value.type.kind == "bit" and value.type.width is None):
        return Value(BOOL, None, value.expr)
    return Value(BOOL, None, Expr("!=", None, (value.expr, constant(0)), BOOL))


# -- operators ------------------------------------------------------------------------------


def unary(op: str, value: Value) -> Value:
    """A unary operator.  TypeProblem(type.operand)."""
    kind = value.type.kind
    if value.type.dims:
        raise TypeProblem("type.operand", f"`{_sign(op)}` is not defined for {describe(value.type)}")
    if op == "!":
        if kind in ("duration", "stretch", "complex"):
            raise TypeProblem("type.operand", f"`!` is not defined for {describe(value.type)}")
        return _build(op, BOOL, (value,), lambda a: not a)
    if op == "~":
        if kind not in ("int", "uint", "bit", "angle", "bool"):
            raise TypeProblem("type.operand", f"`~` is not defined for {describe(value.type)}")
        if kind == "bool" or (kind == "bit" and value.type.width is None):
            return _build("!" if kind == "bool" else "~", value.type, (value,), lambda a: type(a)(not a))
        if kind == "angle":
            width = value.type.width or 32
            steps = 1 << width
            return _build(op, value.type, (value,), lambda a: (steps - 1 - angle_bits(a, width)) * 2 * math.pi / steps)
        return _build(op, value.type, (value,), lambda a: wrap(~a, value.type))
    if kind == "bit":
        raise TypeProblem("type.operand", f"`-` is not defined for {describe(value.type)}")
    if kind in ("duration", "stretch"):
        return _build("neg", DURATION, (value,), lambda a: Time(-a.ns, -a.dt, a.unit))
    target = INT if kind == "bool" else (ClassicalType("int", value.type.width) if kind == "uint" else value.type)
    return _build("neg", target, (value,), operator.neg)


def _sign(op: str) -> str:
    return "-" if op == "neg" else op


def _build(op: str, type: ClassicalType, values: tuple[Value, ...], apply: Callable[..., Any]) -> Value:
    const = all(v.const for v in values)
    if all(v.known is not None for v in values):
        return Value(type, _finite(apply(*(v.known for v in values)), op), None, const)
    sized = type.kind in ("int", "uint") and type.width is not None
    return Value(type, None, Expr(op, None, tuple(_sized_leaf(v) if sized else _leaf(v) for v in values), type), const)


def _sized_leaf(value: Value) -> Expr:
    """An operand that gives the result its width: a bare literal would read back as unsized."""
    leaf = _leaf(value)
    if leaf.op == "const" and value.type.kind in ("int", "uint") and value.type.width is not None:
        return Expr("cast", None, (leaf,), value.type)
    return leaf


def _leaf(value: Value) -> Expr:
    """An operand of an operator of run time; a known scalar as the literal that prints it."""
    if value.known is None or value.type.dims or value.type.kind in ("bool", "complex", "duration"):
        return value.to_expr()
    if value.type.kind == "bit" and value.type.width is not None:
        return value.to_expr()
    return constant(float(value.known)) if value.type.kind in ("float", "angle") else constant(int(value.known))


def _finite(value: Any, op: str) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeProblem("const.value", f"the result of `{_sign(op)}` is not a finite number")
    return value


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_BITWISE: dict[str, Callable[[Any, Any], Any]] = {"&": operator.and_, "|": operator.or_, "^": operator.xor}


def binary(op: str, left: Value, right: Value, *, real: bool = False, bits: int | None = 256) -> Value:
    """A binary operator.  real: OpenQASM 2, where all numbers are real.  bits: limit for integers.

    TypeProblem(type.operand, type.width, const.value, limit.exceeded).
    """
    a, b = left.type, right.type
    if a.dims or b.dims:
        raise _undefined(op, a, b)
    if op in ("&&", "||"):
        return _logical(op, left, right)
    if op in _COMPARE:
        return _comparison(op, left, right)
    if "duration" in (a.kind, b.kind) or "stretch" in (a.kind, b.kind):
        return _durations(op, left, right)
    if op in _BITWISE:
        return _bitwise(op, left, right)
    if op in ("<<", ">>"):
        return _shift(op, left, right, bits)
    if (a.kind == "bit" and a.width is not None) or (b.kind == "bit" and b.width is not None):
        raise _undefined(op, a, b)
    if "angle" in (a.kind, b.kind):
        return _angles(op, left, right)
    rank = max(_RANK[a.kind], _RANK[b.kind])
    if rank <= 2 and not real:
        return _integers(op, left, right, rank, bits)
    if rank == 4:
        return _complex(op, left, right)
    return _build(op, FLOAT if a.kind != "float" or a.width is None else a, (left, right), _FLOAT_OPS[op])


def _undefined(op: str, a: ClassicalType, b: ClassicalType) -> TypeProblem:
    return TypeProblem("type.operand", f"`{op}` is not defined for {describe(a)} and {describe(b)}")


def _logical(op: str, left: Value, right: Value) -> Value:
    for value in (left, right):
        if value.type.kind in ("duration", "stretch", "complex"):
            raise TypeProblem("type.operand", f"`{op}` is not defined for {describe(value.type)}")
    sides = [truth(left), truth(right)]
    settles = op == "||"
    for first, second in (sides, sides[::-1]):
        if first.known is not None:
            return Value(BOOL, settles, None, left.const and right.const) if first.known == settles else second
    return _build(op, BOOL, (sides[0], sides[1]), lambda x, y: x and y)


def _comparison(op: str, left: Value, right: Value) -> Value:
    a, b = left.type.kind, right.type.kind
    times = {"duration", "stretch"}
    if (a in times) != (b in times) or ("complex" in (a, b) and op not in ("==", "!=")):
        raise _undefined(op, left.type, right.type)
    if a == b == "bit" and left.type.width and right.type.width and left.type.width != right.type.width:
        raise TypeProblem("type.width", f"{describe(left.type)} and {describe(right.type)} differ in width")
    compare = _COMPARE[op]
    if a in times:
        if left.known is not None and right.known is not None and bool(left.known.dt) != bool(right.known.dt):
            return Value(BOOL, None, Expr(op, None, (_leaf(left), _leaf(right)), BOOL), left.const and right.const)
        return _build(op, BOOL, (left, right), lambda x, y: compare((x.ns, x.dt), (y.ns, y.dt)))
    return _build(op, BOOL, (left, right), compare)


def _durations(op: str, left: Value, right: Value) -> Value:
    times = ("duration", "stretch")
    a, b = left.type.kind in times, right.type.kind in times
    if op in ("+", "-") and a and b:
        sign = 1 if op == "+" else -1

        def add(x: Time, y: Time) -> Time:
            unit = x.unit if x.unit != "dt" or not y.ns else y.unit
            dt, ns = x.dt + sign * y.dt, x.ns + sign * y.ns
            return Time(ns, dt, "dt" if not ns and dt else (unit if unit != "dt" else "ns"))

        return _build(op, DURATION, (left, right), add)
    number = right.type if a else left.type
    if op == "*" and a != b and number.kind in ("int", "uint", "float"):
        def scale(x: Any, y: Any) -> Time:
            time, factor = (x, y) if isinstance(x, Time) else (y, x)
            return Time(time.ns * factor, time.dt * factor, time.unit)

        return _build(op, DURATION, (left, right), scale)
    if op == "/" and a and not b and number.kind in ("int", "uint", "float"):
        def divide(x: Time, y: float) -> Time:
            if y == 0:
                raise TypeProblem("const.value", "division by zero")
            return Time(x.ns / y, x.dt / y, x.unit)

        return _build(op, DURATION, (left, right), divide)
    if op == "/" and a and b:
        both = left.known is not None and right.known is not None
        if both and bool(left.known.dt) == bool(right.known.dt) and (right.known.ns or right.known.dt):
            ratio = left.known.dt / right.known.dt if right.known.dt else left.known.ns / right.known.ns
            return Value(FLOAT, ratio, None, left.const and right.const)
        return Value(FLOAT, None, Expr("/", None, (_leaf(left), _leaf(right)), FLOAT), left.const and right.const)
    raise _undefined(op, left.type, right.type)


def _bitwise(op: str, left: Value, right: Value) -> Value:
    a, b = left.type, right.type
    allowed = ("bool", "bit", "int", "uint", "angle")
    if a.kind not in allowed or b.kind not in allowed:
        raise _undefined(op, a, b)
    apply = _BITWISE[op]
    if a == b == BIT:
        for value, other in ((left, right), (right, left)):
            if value.known is not None and other.known is None and (op == "&") == bool(value.known):
                return other
    if a.kind == "bit" and b.kind == "bit":
        if a.width != b.width:
            if a.width is not None and b.width is not None:
                raise TypeProblem("type.width", f"{describe(a)} and {describe(b)} differ in width")
            return _build(op, a if a.width is not None else b, (left, right), apply)
        return _build(op, a, (left, right), apply)
    if "angle" in (a.kind, b.kind):
        if a.kind != b.kind or a.width != b.width or a.width is None:
            raise _undefined(op, a, b)
        width = a.width
        steps = 1 << width
        return _build(op, a, (left, right),
                      lambda x, y: apply(angle_bits(x, width), angle_bits(y, width)) * 2 * math.pi / steps)  # fmt: skip
    if a.kind == "bool" and b.kind == "bool":
        return _build(op, BOOL, (left, right), apply)
    if {a.kind, b.kind} <= {"bool", "bit"}:
        return _build(op, BIT, (left, right), lambda x, y: int(apply(int(x), int(y))))
    wide = a if _RANK[a.kind] >= _RANK[b.kind] else b
    return _build(op, wide, (left, right), lambda x, y: apply(int(x), int(y)))


def _shift(op: str, left: Value, right: Value, bits: int | None) -> Value:
    a, b = left.type, right.type
    shiftable = a.kind in ("int", "uint", "angle") or (a.kind == "bit" and a.width is not None)
    if not shiftable or b.kind not in ("int", "uint", "bool"):
        raise _undefined(op, a, b)

    def shift(x: Any, y: int) -> Any:
        if y < 0:
            raise TypeProblem("const.value", "a shift by a negative number")
        if op == "<<" and a.width is None and bits is not None and y + int(x).bit_length() > bits:
            raise TypeProblem("limit.exceeded", f"this integer has more than {bits} bits")
        if a.kind == "angle":
            width = a.width or 32
            steps = 1 << width
            pattern = angle_bits(x, width)
            moved = (pattern << min(y, width)) % steps if op == "<<" else pattern >> min(y, width)
            return moved * 2 * math.pi / steps
        y = min(y, 1 << 16) if a.width is None else min(y, a.width)
        return wrap(x << y if op == "<<" else x >> y, a)

    return _build(op, a, (left, right), shift)


def _angles(op: str, left: Value, right: Value) -> Value:
    a, b = left.type, right.type
    both = a.kind == b.kind == "angle"
    if op == "**" or op == "%" or {a.kind, b.kind} & {"complex"}:
        raise _undefined(op, a, b)
    wide = a if a.kind == "angle" else b
    if both and a.width is not None and b.width is not None:
        wide = a if a.width >= b.width else b
    if both and op == "/":
        return _build(op, UINT, (left, right), lambda x, y: int(_divide(x, y)))
    if both and op == "*":
        raise _undefined(op, a, b)
    result = _build(op, wide, (left, right), _FLOAT_OPS[op])
    if result.known is not None:
        result.known = quantise(result.known, wide.width)
    return result


def _integers(op: str, left: Value, right: Value, rank: int, bits: int | None) -> Value:
    widths = [v.type.width for v in (left, right) if v.type.kind in ("int", "uint")]
    width = max((w for w in widths if w is not None), default=None) if None not in widths else None
    target = ClassicalType("uint" if rank == 2 else "int", width)
    if op == "**" and right.known is not None and right.known < 0:
        return _build(op, FLOAT, (left, right), _FLOAT_OPS[op])

    def apply(x: int, y: int) -> int:
        x, y = int(x), int(y)
        if op in ("/", "%") and y == 0:
            raise TypeProblem("const.value", "division by zero")
        size = x.bit_length() * y if op == "**" else (x.bit_length() + y.bit_length() if op == "*" else 0)
        if abs(x) > 1 or op != "**":
            if bits is not None and size > 4 * bits:
                raise TypeProblem("limit.exceeded", f"this integer has more than {bits} bits")
        result = _INT_OPS[op](x, y)
        if bits is not None and result.bit_length() > max(bits, x.bit_length() + 1, y.bit_length() + 1):
            raise TypeProblem("limit.exceeded", f"this integer has more than {bits} bits")
        return wrap(result, target)

    return _build(op, target, (left, right), apply)


def _truncated(x: int, y: int) -> int:
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


_INT_OPS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": _truncated,
    "%": lambda x, y: x - y * _truncated(x, y), "**": operator.pow,
}  # fmt: skip


def _divide(x: float, y: float) -> float:
    if y == 0:
        raise TypeProblem("const.value", "division by zero")
    return x / y


def _modulo(x: float, y: float) -> float:
    if y == 0:
        raise TypeProblem("const.value", "division by zero")
    return math.fmod(x, y)


def _power(x: float, y: float) -> float:
    try:
        result = float(x) ** float(y)
    except OverflowError:
        raise TypeProblem("const.value", "the result is too large for a float") from None
    except ZeroDivisionError:
        raise TypeProblem("const.value", "division by zero") from None
    if isinstance(result, complex):
        raise TypeProblem("const.value", "a fractional power of a negative number is not real")
    return result


def _float(apply: Callable[[float, float], float]) -> Callable[[Any, Any], float]:
    def guarded(x: Any, y: Any) -> float:
        try:
            return apply(float(x), float(y))
        except OverflowError:
            raise TypeProblem("const.value", "the result is too large for a float") from None

    return guarded


_FLOAT_OPS: dict[str, Callable[[Any, Any], float]] = {
    "+": _float(operator.add), "-": _float(operator.sub), "*": _float(operator.mul), "/": _float(_divide),
    "%": _float(_modulo), "**": _float(_power),
}  # fmt: skip


def _complex(op: str, left: Value, right: Value) -> Value:
    if op not in ("+", "-", "*", "/", "**"):
        raise _undefined(op, left.type, right.type)
    functions: dict[str, Callable[[Any, Any], Any]] = {
        "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
    }  # fmt: skip

    def apply(x: Any, y: Any) -> complex:
        try:
            return complex(functions[op](complex(x), complex(y)))
        except (ZeroDivisionError, OverflowError):
            raise TypeProblem("const.value", "this has no finite value") from None

    wide = left.type if left.type.kind == "complex" else right.type
    return _build(op, wide, (left, right), apply)
