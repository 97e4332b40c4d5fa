"""Classical memory at run time, and the value of expressions over it.

Used by what executes circuits: the simulator and the checker.  Values are Python bool, int, float,
complex, or nested lists of them; a bit register of n bits is an int in [0, 2**n), bit 0 least
significant.  Integers of a width wrap around as in C; division of integers truncates.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping, Sequence
from typing import Any

from qir.circuit import Register, Variable
from qir.expressions import ClassicalType, Expr, fold

__all__ = ["ClassicalError", "Memory", "cast"]


class ClassicalError(Exception):
    """An expression has no value (division by zero, index out of range, an extern)."""


def _wrap(value: int, width: int | None, *, signed: bool) -> int:
    if width is None:
        return value
    value &= (1 << width) - 1
    return value - (1 << width) if signed and value >> (width - 1) else value


def cast(value: Any, to: ClassicalType, of: ClassicalType | None = None) -> Any:
    """A value converted to a type as OpenQASM 3 does; `of` is the type it has."""
    if isinstance(value, list):
        inner = ClassicalType(to.kind, to.width, to.dims[1:])
        return [cast(v, inner, of) for v in value]
    kind = to.kind
    if isinstance(value, str):
        value = int(value or "0", 2)
    if kind == "bool":
        return bool(value)
    if kind in ("int", "uint", "bit"):
        if of is not None and of.kind == "angle" and isinstance(value, float):
            width = to.width or of.width or 64
            value = round(value / (2 * math.pi) * 2**width)
        if isinstance(value, float) and not math.isfinite(value):
            raise ClassicalError(f"{value} is no integer")
        if kind == "bit":
            return _wrap(int(value), to.width or 1, signed=False)
        return _wrap(int(value), to.width, signed=kind == "int")
    if kind == "float":
        return float(value)
    if kind == "angle":
        if of is not None and of.kind in ("bit", "uint") and to.width:
            value = value / 2**to.width * 2 * math.pi
        return float(value) % (2 * math.pi)
    if kind == "complex":
        return complex(value)
    return value


def _zero(type: ClassicalType) -> Any:
    if type.dims:
        return [_zero(ClassicalType(type.kind, type.width, type.dims[1:])) for _ in range(type.dims[0])]
    return cast(0, type)


def _rotl(value: int, distance: int, width: int) -> int:
    distance %= width
    return ((value << distance) | (value >> (width - distance))) & ((1 << width) - 1)


_FUNCTIONS: dict[str, Any] = {
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "arcsin": math.asin, "arccos": math.acos, "arctan": math.atan,
    "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "floor": math.floor, "ceiling": math.ceil,
    "popcount": lambda v: int(v).bit_count(), "real": lambda v: complex(v).real, "imag": lambda v: complex(v).imag,
    "mod": lambda a, b: _remainder(a, b), "pow": lambda a, b: a**b,
}  # fmt: skip


def _quotient(a: Any, b: Any, *, integral: bool) -> Any:
    if b == 0:
        raise ClassicalError("division by zero")
    if integral and not isinstance(a, float) and not isinstance(b, float):
        result = abs(int(a)) // abs(int(b))
        return result if (a >= 0) == (b >= 0) else -result
    return a / b


def _remainder(a: Any, b: Any) -> Any:
    if b == 0:
        raise ClassicalError("division by zero")
    if isinstance(a, float) or isinstance(b, float):
        return math.fmod(a, b)
    result = abs(int(a)) % abs(int(b))
    return result if a >= 0 else -result


_BINARY: dict[str, Any] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "**": lambda a, b: a**b, "%": _remainder,
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "&&": lambda a, b: bool(a) and bool(b),
    "||": lambda a, b: bool(a) or bool(b), "&": lambda a, b: int(a) & int(b), "|": lambda a, b: int(a) | int(b),
    "^": lambda a, b: int(a) ^ int(b), "<<": lambda a, b: int(a) << int(b), ">>": lambda a, b: int(a) >> int(b),
}  # fmt: skip

_MAX_SHIFT = 1 << 16


class Memory:
    """Bits and variables of one run.  `copy` is cheap: values are replaced, never changed in place."""

    __slots__ = ("bits", "registers", "types", "variables")

    def __init__(self, num_clbits: int, cregs: Sequence[Register]) -> None:
        self.bits = [0] * num_clbits
        self.variables: dict[str, Any] = {}
        self.types: dict[str, ClassicalType] = {}
        self.registers = {r.name: r for r in cregs}

    def copy(self) -> Memory:
        other = Memory.__new__(Memory)
        other.bits, other.variables = list(self.bits), dict(self.variables)
        other.types, other.registers = self.types, self.registers
        return other

    def key(self) -> tuple[Any, ...]:
        """What tells two memories apart."""
        return (tuple(self.bits), repr(sorted(self.variables.items())))

    def declare(self, variables: Sequence[Variable], values: Mapping[str, Any] | None = None) -> None:
        """Give variables their first values; inputs take theirs from `values` where it has them."""
        for v in variables:
            if v.name in self.types:
                continue
            self.types = {**self.types, v.name: v.type}
            if values and v.name in values:
                self.variables[v.name] = cast(values[v.name], v.type)
            elif v.initial is not None:
                self.variables[v.name] = cast(self.evaluate(v.initial), v.type, v.initial.type)
            elif v.kind != "input":
                self.variables[v.name] = _zero(v.type)

    def register(self, name: str) -> int:
        """The value of a register as an unsigned integer."""
        r = self.registers[name]
        return sum(bit << i for i, bit in enumerate(self.bits[r.start : r.start + r.size]))

    # -- expressions -----------------------------------------------------------------------

    def evaluate(self, expression: Expr) -> Any:
        """The value of an expression; ClassicalError when it has none."""
        try:
            return fold(expression, self._combine)
        except (ArithmeticError, ValueError, TypeError, IndexError, KeyError) as exc:
            raise ClassicalError(str(exc) or type(exc).__name__) from None

    def _combine(self, node: Expr, args: list[Any]) -> Any:
        op = node.op
        if op == "const":
            if isinstance(node.value, str):
                return int(node.value or "0", 2) if node.type.kind == "bit" else node.value
            return node.value
        if op == "bit":
            return self.bits[int(str(node.value))]
        if op == "register":
            return self.register(str(node.value))
        if op == "var":
            name = str(node.value)
            if name not in self.variables:
                raise ClassicalError(f"{name} has no value")
            return self.variables[name]
        if op == "cast":
            return cast(args[0], node.type, node.args[0].type)
        if op == "range":
            return ("range", *args)
        if op == "index":
            return self._index(node.args[0].type, args[0], args[1:])
        if op == "call":
            return self._call(node, args)
        if op == "neg":
            return self._fit(-args[0], node.type)
        if op == "!":
            return not args[0]
        if op == "~":
            width = node.type.width or node.args[0].type.width or 1
            return ~int(args[0]) & ((1 << width) - 1)
        if op == "/":
            return self._fit(_quotient(args[0], args[1], integral=node.type.kind in ("int", "uint", "bit")), node.type)
        if op in ("<<", "**") and isinstance(args[1], int) and args[1] > _MAX_SHIFT:
            raise ClassicalError("the value is too large")
        return self._fit(_BINARY[op](args[0], args[1]), node.type)

    @staticmethod
    def _fit(value: Any, type: ClassicalType) -> Any:
        if type.kind in ("int", "uint", "bit") and type.width and isinstance(value, int) and not isinstance(value, bool):
            return _wrap(value, type.width, signed=type.kind == "int")
        return value

    def _call(self, node: Expr, args: list[Any]) -> Any:
        name = str(node.value)
        if name in ("rotl", "rotr"):
            width = node.args[0].type.width or 1
            return _rotl(int(args[0]), int(args[1]) if name == "rotl" else -int(args[1]), width)
        if name == "sizeof":
            value = args[0]
            for _ in range(int(args[1]) if len(args) > 1 else 0):
                value = value[0]
            return len(value)
        function = _FUNCTIONS.get(name)
        if function is None:
            raise ClassicalError(f"the function {name} is not defined here")
        if any(isinstance(a, complex) for a in args) and hasattr(cmath, name):
            function = getattr(cmath, name)
        return function(*args)

    def _index(self, type: ClassicalType, value: Any, indices: list[Any]) -> Any:
        for index in indices:
            if isinstance(value, list):
                value = [value[i] for i in _positions(index, len(value))] if isinstance(index, tuple) else value[int(index)]
            else:
                width = type.width or 64
                if isinstance(index, tuple):
                    value = sum((int(value) >> p & 1) << i for i, p in enumerate(_positions(index, width)))
                else:
                    value = int(value) >> _position(int(index), width) & 1
        return value

    # -- statements ------------------------------------------------------------------------

    def assign(self, target: Expr, value: Any, of: ClassicalType | None = None) -> None:
        """Store a value in a variable, bit, register, or an element of one."""
        try:
            self._assign(target, value, of)
        except (ArithmeticError, ValueError, TypeError, IndexError, KeyError) as exc:
            raise ClassicalError(str(exc) or type(exc).__name__) from None

    def _assign(self, target: Expr, value: Any, of: ClassicalType | None) -> None:
        if target.op == "bit":
            self.bits[int(str(target.value))] = int(bool(cast(value, ClassicalType("bit", 1))))
        elif target.op == "register":
            r = self.registers[str(target.value)]
            number = cast(value, ClassicalType("bit", r.size), of)
            self.bits[r.start : r.start + r.size] = [number >> i & 1 for i in range(r.size)]
        elif target.op == "var":
            name = str(target.value)
            self.variables[name] = cast(value, self.types.get(name, target.type), of)
        elif target.op == "index":
            base = target.args[0]
            indices = [self.evaluate(i) for i in target.args[1:]]
            self._assign(base, self._store(base.type, self.evaluate(base), indices, value), None)
        else:
            raise ClassicalError(f"nothing can be stored in {target.op!r}")

    def _store(self, type: ClassicalType, old: Any, indices: list[Any], value: Any) -> Any:
        if not indices:
            return value
        index, rest = indices[0], indices[1:]
        if isinstance(old, list):
            result = list(old)
            if isinstance(index, tuple):
                for i, p in enumerate(_positions(index, len(old))):
                    result[p] = self._store(type, old[p], rest, value[i])
            else:
                result[int(index)] = self._store(type, old[int(index)], rest, value)
            return result
        width = type.width or 64
        positions = _positions(index, width) if isinstance(index, tuple) else [_position(int(index), width)]
        number = int(old) & ((1 << width) - 1)
        for i, p in enumerate(positions):
            number = number & ~(1 << p) | (int(value) >> i & 1) << p
        return number


def _position(index: int, width: int) -> int:
    if not -width <= index < width:
        raise ClassicalError(f"index {index} is out of range")
    return index % width


def _positions(index: tuple[Any, ...], width: int) -> list[int]:
    _, start, step, stop = index
    step = 1 if step is None else int(step)
    if step == 0:
        raise ClassicalError("a range with step 0")
    start = (0 if step > 0 else -1) if start is None else int(start)
    stop = (-1 if step > 0 else 0) if stop is None else int(stop)
    first, last = _position(start, width), _position(stop, width)
    return list(range(first, last + (1 if step > 0 else -1), step))
