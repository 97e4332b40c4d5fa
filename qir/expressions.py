"""Classical types and expressions that are not known at compile time.

An expression is an immutable tree of `Expr` nodes.  Trees may be very deep (a sum of
thousands of terms is legitimate), so nothing here recurses over them: use `fold`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["BIT", "BOOL", "FLOAT", "INT", "ClassicalType", "Expr", "bit", "constant", "fold", "register", "variable"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ClassicalType:
    """A classical type of OpenQASM 3.

    `kind` is one of bit, bool, int, uint, float, angle, complex, duration, stretch, void.
    `width` is its size in bits (for `bit` the length of the register), None when unsized.
    `dims` are the dimensions of an array, empty for a scalar.
    """

    kind: str
    width: int | None = None
    dims: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.kind == "complex":
            base = f"complex[float[{self.width}]]" if self.width else "complex"
        else:
            base = f"{self.kind}[{self.width}]" if self.width is not None else self.kind
        if self.dims:
            return f"array[{base}, {', '.join(map(str, self.dims))}]"
        return base


BIT = ClassicalType("bit")
BOOL = ClassicalType("bool")
INT = ClassicalType("int")
FLOAT = ClassicalType("float")


@dataclass(frozen=True, slots=True)
class Expr:
    """One node of an expression.

    | op | value | args |
    |---|---|---|
    | `const` | the number, bool or bit string; of a duration its text | |
    | `var` | the variable's name | |
    | `bit` | index of a classical bit | |
    | `register` | name of a classical register | |
    | `cast` | | the operand; `type` is the new type |
    | `call` | name of a function or extern | arguments |
    | `index` | | the value and the indices |
    | `range` | | start, step, stop of an index range; None ends are `const` None |
    | `+ - * / % ** << >> < <= > >= == != & ^ \\| && \\|\\|` | | two operands |
    | `neg`, `!`, `~` | | one operand |
    """

    op: str
    value: object = None
    args: tuple[Expr, ...] = ()
    type: ClassicalType = FLOAT

    def walk(self) -> Iterator[Expr]:
        """Every node, parents first."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.args))

    @property
    def clbits(self) -> tuple[int, ...]:
        """The classical bits named one by one, sorted (registers are not looked into)."""
        return tuple(sorted({node.value for node in self.walk() if node.op == "bit" and isinstance(node.value, int)}))

    @property
    def registers(self) -> tuple[str, ...]:
        """The classical registers named as a whole, sorted."""
        return tuple(sorted({str(node.value) for node in self.walk() if node.op == "register"}))

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables it reads, sorted by name."""
        return tuple(sorted({str(node.value) for node in self.walk() if node.op == "var"}))


def fold(expression: Expr, combine: Callable[[Expr, list[T]], T]) -> T:
    """Combine a tree from its leaves up, without recursion."""
    results: list[T] = []
    stack: list[tuple[Expr, bool]] = [(expression, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            count = len(node.args)
            arguments = results[len(results) - count :] if count else []
            del results[len(results) - count :]
            results.append(combine(node, arguments))
        else:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node.args))
    return results[0]


def constant(value: bool | int | float | complex | str | None, type: ClassicalType | None = None) -> Expr:
    """A literal.  A string is a bit string, rightmost character bit 0."""
    if type is None:
        if isinstance(value, bool):
            type = BOOL
        elif isinstance(value, int):
            type = INT
        elif isinstance(value, str):
            type = ClassicalType("bit", len(value))
        elif isinstance(value, complex):
            type = ClassicalType("complex")
        else:
            type = FLOAT
    return Expr("const", value, (), type)


def variable(name: str, type: ClassicalType = FLOAT) -> Expr:
    """A variable or input parameter."""
    return Expr("var", name, (), type)


def bit(index: int) -> Expr:
    """One classical bit of the circuit, by index."""
    return Expr("bit", index, (), BIT)


def register(name: str, size: int) -> Expr:
    """A whole classical register, read as an unsigned integer, bit 0 least significant."""
    return Expr("register", name, (), ClassicalType("bit", size))
