"""Angles: a number plus, perhaps, a linear combination of symbols.

Every angle in the compiler has the normal form

    constant + sum(coefficient * symbol)

where a symbol is an `Expr` that is not itself a sum, a difference, or a multiple: a parameter,
or a product, quotient or function of parameters.  Two angles add by adding numbers and
coefficients, which is all that merging rotations needs; `rz(pi + theta)` followed by
`rz(pi/2)` is `rz(3*pi/2 + theta)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Union

from qir.expressions import FLOAT, Expr, constant, fold, variable

__all__ = ["Angle", "AngleLike", "angle", "apply", "evaluate", "format_float", "from_expr"]

_FUNCTIONS: dict[str, Callable[..., float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "floor": math.floor,
    "ceiling": math.ceil,
    "mod": math.fmod,
}


@dataclass(frozen=True, slots=True)
class Angle:
    """`constant + sum(coefficient * symbol)`; immutable, hashable, closed under + - and scaling.

    The unit is that of the gate it is given to: radians, or turns for IonQ's native gates.
    `terms` is sorted by the symbols' text and has no zero coefficients.
    """

    constant: float = 0.0
    terms: tuple[tuple[Expr, float], ...] = ()

    @property
    def is_number(self) -> bool:
        return not self.terms

    @property
    def symbolic(self) -> Angle:
        """The part without the constant."""
        return Angle(0.0, self.terms)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters it depends on, sorted."""
        return tuple(sorted({name for symbol, _ in self.terms for name in symbol.variables}))

    def __add__(self, other: AngleLike) -> Angle:
        other = angle(other)
        if not other.terms:
            return Angle(self.constant + other.constant, self.terms)
        sums: dict[Expr, float] = dict(self.terms)
        for symbol, coefficient in other.terms:
            sums[symbol] = sums.get(symbol, 0.0) + coefficient
        return Angle(self.constant + other.constant, _sorted(sums))

    __radd__ = __add__

    def __neg__(self) -> Angle:
        return self * -1.0

    def __sub__(self, other: AngleLike) -> Angle:
        return self + -angle(other)

    def __rsub__(self, other: AngleLike) -> Angle:
        return angle(other) + -self

    def __mul__(self, factor: float) -> Angle:
        if factor == 0:
            return Angle()
        return Angle(self.constant * factor, tuple((s, c * factor) for s, c in self.terms))

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Angle:
        return Angle(self.constant / divisor, tuple((s, c / divisor) for s, c in self.terms))

    def __float__(self) -> float:
        if self.terms:
            raise TypeError(f"the angle {self} has parameters without values")
        return self.constant

    def bind(self, values: Mapping[str, AngleLike]) -> Angle:
        """The angle with some parameters replaced by numbers or other angles."""
        result = Angle(self.constant)
        for symbol, coefficient in self.terms:
            if any(name in values for name in symbol.variables):
                result = result + _bind(symbol, values) * coefficient
            else:
                result = result + Angle(0.0, ((symbol, coefficient),))
        return result

    def to_expr(self) -> Expr:
        """The angle as an expression tree."""
        total: Expr | None = constant(self.constant) if self.constant or not self.terms else None
        for symbol, coefficient in self.terms:
            size = abs(coefficient)
            term = symbol if size == 1 else Expr("*", None, (constant(size), symbol))
            if total is None:
                total = term if coefficient > 0 else Expr("neg", None, (term,))
            else:
                total = Expr("+" if coefficient > 0 else "-", None, (total, term))
        assert total is not None
        return total

    def __str__(self) -> str:
        return expr_text(self.to_expr())


AngleLike = Union[Angle, float, int, str]


def angle(value: AngleLike) -> Angle:
    """An angle from a number, a parameter's name, or an angle."""
    if isinstance(value, Angle):
        return value
    if isinstance(value, str):
        return Angle(0.0, ((variable(value), 1.0),))
    return Angle(float(value))


def _sorted(sums: Mapping[Expr, float]) -> tuple[tuple[Expr, float], ...]:
    kept = [(s, c) for s, c in sums.items() if c != 0]
    return tuple(sorted(kept, key=lambda term: expr_text(term[0]))) if len(kept) > 1 else tuple(kept)


def from_expr(expression: Expr) -> Angle:
    """The normal form of an expression over parameters."""
    return fold(expression, _combine)


def _opaque(node: Expr) -> bool:
    """Whether a node is no arithmetic of real numbers: an element, an extern's result, an operation
    of integers that has another value for real numbers, a classical bit."""
    op = node.op
    if op == "call":
        return node.value not in _FUNCTIONS
    if op in ("/", "%", "**", "<<", ">>", "&", "|", "^", "~", "cast"):
        return node.type.kind in ("int", "uint", "bit", "bool")
    return op in ("index", "bit", "register", "range", "!", "&&", "||", "==", "!=", "<", "<=", ">", ">=")


def _bind(symbol: Expr, values: Mapping[str, AngleLike]) -> Angle:
    def combine(node: Expr, arguments: list[Angle]) -> Angle:
        if node.op == "var" and node.value in values:
            return angle(values[str(node.value)])
        if node.args and _opaque(node) and any(name in values for name in node.variables):
            parts = tuple(c if c.op == "const" else a.to_expr() for c, a in zip(node.args, arguments))
            return Angle(0.0, ((Expr(node.op, node.value, parts, node.type), 1.0),))
        return _combine(node, arguments)

    return fold(symbol, combine)


def _combine(node: Expr, arguments: list[Angle]) -> Angle:
    op = node.op
    if op == "const" and isinstance(node.value, (int, float)):
        return Angle(float(node.value))
    if _opaque(node):
        return Angle(0.0, ((node, 1.0),))
    if op == "+":
        return arguments[0] + arguments[1]
    if op == "-":
        return arguments[0] - arguments[1]
    if op == "neg":
        return -arguments[0]
    if op == "*":
        if arguments[0].is_number:
            return arguments[1] * arguments[0].constant
        if arguments[1].is_number:
            return arguments[0] * arguments[1].constant
    if op == "/" and arguments[1].is_number and arguments[1].constant != 0:
        return arguments[0] / arguments[1].constant
    if op == "cast" and node.type.kind in ("float", "angle"):
        return arguments[0]
    if arguments and all(a.is_number for a in arguments):
        return Angle(apply(node, [a.constant for a in arguments]))
    # The width of a float does not matter to an angle; integers divide differently.
    type = FLOAT if node.type.kind == "float" else node.type
    return Angle(0.0, ((Expr(op, node.value, tuple(a.to_expr() for a in arguments), type), 1.0),))


def apply(node: Expr, values: list[float]) -> float:
    """The value of an arithmetic node whose operands are numbers."""
    op = node.op
    if op == "+":
        return values[0] + values[1]
    if op == "-":
        return values[0] - values[1]
    if op == "*":
        return values[0] * values[1]
    if op == "/":
        return values[0] / values[1]
    if op == "**":
        return float(values[0] ** values[1])
    if op == "%":
        return math.fmod(values[0], values[1])
    if op == "neg":
        return -values[0]
    if op == "cast":
        return values[0]
    if op == "call" and node.value in _FUNCTIONS:
        return float(_FUNCTIONS[str(node.value)](*values))
    raise ValueError(f"the operation {op!r} has no value here")


def evaluate(expression: Expr, values: Mapping[str, float]) -> float:
    """The value of an arithmetic expression; KeyError when a parameter has none."""

    def combine(node: Expr, arguments: list[float]) -> float:
        if node.op == "const" and isinstance(node.value, (int, float)):
            return float(node.value)
        if node.op == "var":
            return float(values[str(node.value)])
        return apply(node, arguments)

    return fold(expression, combine)


_DENOMINATORS = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64)


def format_float(value: float) -> str:
    """The shortest text that reads back to the same double; simple fractions of pi by name."""
    if value == 0:
        return "0"
    ratio = value / math.pi
    for denominator in _DENOMINATORS if abs(ratio) < 65 else ():
        numerator = round(ratio * denominator)
        if numerator and abs(numerator) <= 64 and _pi_fraction(numerator, denominator) == value:
            sign = "-" if numerator < 0 else ""
            head = "pi" if abs(numerator) == 1 else f"{abs(numerator)}*pi"
            return sign + (head if denominator == 1 else f"{head}/{denominator}")
    return repr(value)


def _pi_fraction(numerator: int, denominator: int) -> float:
    # Evaluated as a reader evaluates `-3*pi/4`: sign, product, quotient.
    value = float(abs(numerator)) * math.pi / denominator
    return -value if numerator < 0 else value


_PRECEDENCE = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, "<=": 7, ">": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10, "neg": 11, "!": 11, "~": 11, "**": 12,
}  # fmt: skip


def expr_text(
    expression: Expr, names: Callable[[Expr], str] | None = None, *, float_format: Callable[[float], str] = format_float
) -> str:
    """OpenQASM 3 text of an expression.  `names` prints `bit` and `register` leaves."""

    def combine(node: Expr, parts: list[tuple[str, int]]) -> tuple[str, int]:
        op = node.op
        if op == "const":
            return _constant_text(node, float_format)
        if op == "var":
            return str(node.value), 99
        if op in ("bit", "register"):
            return (names(node) if names else f"{op}({node.value})"), 99
        if op == "cast":
            return f"{node.type}({parts[0][0]})", 99
        if op == "call" and node.value == "array":
            return f"{{{', '.join(p for p, _ in parts)}}}", 99
        if op == "call":
            return f"{node.value}({', '.join(p for p, _ in parts)})", 99
        if op == "index":
            return f"{parts[0][0]}[{', '.join(p for p, _ in parts[1:])}]", 99
        if op == "range":
            texts = [p for p, _ in parts]
            return ":".join(texts[::2] if len(texts) == 3 and not texts[1] else texts), 0
        level = _PRECEDENCE[op]
        if op in ("neg", "!", "~"):
            text, inner = parts[0]
            return ("-" if op == "neg" else op) + (f"({text})" if inner < level else text), level
        (left, left_level), (right, right_level) = parts
        if left_level < level or (op == "**" and left_level <= level):
            left = f"({left})"
        if right_level < level or (right_level == level and op != "**") or right.startswith("-"):
            right = f"({right})"
        space = "" if op in ("*", "/", "**") else " "
        return f"{left}{space}{op}{space}{right}", level

    return fold(expression, combine)[0]


def _constant_text(node: Expr, float_format: Callable[[float], str]) -> tuple[str, int]:
    value = node.value
    if value is None:
        return "", 99
    if isinstance(value, bool):
        return ("true" if value else "false"), 99
    if isinstance(value, str):
        return (value if node.type.kind == "duration" else f'"{value}"'), 99
    if isinstance(value, complex):
        return f"({value.real!r} + {value.imag!r}im)", 99
    if isinstance(value, float):
        text = float_format(value)
        return text, 11 if text.startswith("-") else (10 if "/" in text or "*" in text else 99)
    return str(value), 11 if isinstance(value, int) and value < 0 else 99
