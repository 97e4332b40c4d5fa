"""The syntax tree: what `parse` makes and the lowering reads.

Every node has `start` and `end`, character offsets into the text it was parsed from.  Operators
are already resolved by precedence.  A parenthesised expression is the expression itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = [
    "Alias", "ArrayLiteral", "ArrayType", "Assignment", "Barrier", "Binary", "Block", "Box", "Break", "Calibration", "Call",
    "Case", "Cast", "Concatenation", "ConstDeclaration", "Continue", "Declaration", "DefStatement", "Delay", "DurationOf",
    "End", "Expression", "ExpressionStatement", "ExternStatement", "ForStatement", "GateCall", "GateStatement", "Hardware",
    "IfStatement", "Include", "Index", "Literal", "Measure", "MeasureExpression", "Modifier", "Name", "Node", "Nop",
    "Parameter", "Pragma", "QuantumCall", "QuantumDeclaration", "Range", "RegisterDeclaration", "Reset", "Return",
    "ScalarType", "SetLiteral", "Statement", "SwitchStatement", "Token", "Unary", "Version", "WhileStatement",
]  # fmt: skip


class Token(NamedTuple):
    """A word of the text."""

    text: str
    start: int
    end: int


@dataclass(slots=True, repr=False, eq=False)
class Node:
    """A piece of the text."""

    start: int
    end: int


# -- expressions ----------------------------------------------------------------------------


@dataclass(slots=True, repr=False, eq=False)
class Expression(Node):
    """Any expression.  `children` are its operands; `order`, when set, caches its nodes from the
    leaves up (see `evaluate`)."""

    order: Any = field(default=None, init=False, repr=False, compare=False)

    @property
    def children(self) -> tuple[Expression, ...]:
        return ()


@dataclass(slots=True, repr=False, eq=False)
class Literal(Expression):
    """A literal.  kind: int, float, imaginary (value is the factor), bits (text without
    underscores), bool, or timing (value is a number and `unit` says of what)."""

    kind: str
    value: Any
    unit: str = ""


@dataclass(slots=True, repr=False, eq=False)
class Name(Expression):
    """An identifier."""

    text: str


@dataclass(slots=True, repr=False, eq=False)
class Hardware(Expression):
    """A hardware qubit, `$index`."""

    index: int


@dataclass(slots=True, repr=False, eq=False)
class Call(Expression):
    """A function, subroutine or extern in an expression; also the head of a gate call."""

    name: Name
    arguments: list[Expression]

    @property
    def children(self) -> tuple[Expression, ...]:
        return tuple(self.arguments)


@dataclass(slots=True, repr=False, eq=False)
class Range(Expression):
    """`first:step:last`, both ends included; None where left out."""

    first: Expression | None
    step: Expression | None
    last: Expression | None


@dataclass(slots=True, repr=False, eq=False)
class SetLiteral(Expression):
    """`{items}`, of an index or a `for`."""

    items: list[Expression]


@dataclass(slots=True, repr=False, eq=False)
class Index(Expression):
    """`base[items]`; one item may be a `SetLiteral`."""

    base: Expression
    items: list[Expression]

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.base,)


@dataclass(slots=True, repr=False, eq=False)
class Unary(Expression):
    """op: neg, ! or ~.  `closed` when it stood in parentheses."""

    op: str
    operand: Expression
    closed: bool = False

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.operand,)


@dataclass(slots=True, repr=False, eq=False)
class Binary(Expression):
    """`left op right`."""

    op: str
    left: Expression
    right: Expression
    at: int = 0
    """Offset of the operator."""

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.left, self.right)


@dataclass(slots=True, repr=False, eq=False)
class ScalarType(Node):
    """A classical type; `size` is its designator, for complex that of its float."""

    kind: str
    size: Expression | None = None


@dataclass(slots=True, repr=False, eq=False)
class ArrayType(Node):
    """`array[base, dims]`; for parameters `access` is readonly or mutable, and `rank` the
    expression of `#dim = rank`."""

    base: ScalarType
    dims: list[Expression]
    access: str = ""
    rank: Expression | None = None


@dataclass(slots=True, repr=False, eq=False)
class Cast(Expression):
    """`type(operand)`."""

    type: ScalarType
    operand: Expression

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.operand,)


@dataclass(slots=True, repr=False, eq=False)
class Concatenation(Expression):
    """`a ++ b ++ c`."""

    parts: list[Expression]


@dataclass(slots=True, repr=False, eq=False)
class ArrayLiteral(Expression):
    """`{items}` of an array's initial value."""

    items: list[Expression]


@dataclass(slots=True, repr=False, eq=False)
class MeasureExpression(Expression):
    """`measure operand` as a value."""

    operand: Expression


@dataclass(slots=True, repr=False, eq=False)
class QuantumCall(Expression):
    """A subroutine call with its qubits after the parentheses (3.2 draft)."""

    head: Expression
    operands: list[Expression]


@dataclass(slots=True, repr=False, eq=False)
class DurationOf(Expression):
    """`durationof({...})`."""

    body: Block


# -- statements -----------------------------------------------------------------------------


@dataclass(slots=True, repr=False, eq=False)
class Statement(Node):
    """Any statement.  `annotations` are the texts bound to it, from `@` on."""

    annotations: tuple[str, ...] = field(default=(), init=False)


@dataclass(slots=True, repr=False, eq=False)
class Block(Statement):
    """`{ statements }`, or the single statement in its place."""

    statements: list[Statement]


@dataclass(slots=True, repr=False, eq=False)
class Version(Statement):
    """`OPENQASM version;`."""

    version: Token


@dataclass(slots=True, repr=False, eq=False)
class Include(Statement):
    """`include "path";`."""

    path: Token
    """With its quotes."""


@dataclass(slots=True, repr=False, eq=False)
class Pragma(Statement):
    """`pragma text`."""

    text: str


@dataclass(slots=True, repr=False, eq=False)
class Calibration(Statement):
    """cal, defcal or defcalgrammar, kept as text.  `name` is the gate that a defcal calibrates."""

    kind: str
    text: str
    name: str = ""


@dataclass(slots=True, repr=False, eq=False)
class QuantumDeclaration(Statement):
    """qubit or qreg."""

    name: Token
    size: Expression | None


@dataclass(slots=True, repr=False, eq=False)
class RegisterDeclaration(Statement):
    """creg."""

    name: Token
    size: Expression | None


@dataclass(slots=True, repr=False, eq=False)
class Declaration(Statement):
    """A classical variable.  io: "", input or output."""

    type: ScalarType | ArrayType
    name: Token
    value: Expression | None
    io: str = ""


@dataclass(slots=True, repr=False, eq=False)
class ConstDeclaration(Statement):
    """`const type name = value;`."""

    type: ScalarType
    name: Token
    value: Expression | None


@dataclass(slots=True, repr=False, eq=False)
class Alias(Statement):
    """`let name = value;`."""

    name: Token
    value: Expression


@dataclass(slots=True, repr=False, eq=False)
class GateStatement(Statement):
    """A gate definition; `body` is None for an opaque one."""

    name: Token
    params: list[Token]
    qubits: list[Token]
    body: Block | None


@dataclass(slots=True, repr=False, eq=False)
class Parameter(Node):
    """A formal parameter.  type: a classical type, or "qubit" with a `size`."""

    name: Token
    type: ScalarType | ArrayType | None
    size: Expression | None = None


@dataclass(slots=True, repr=False, eq=False)
class DefStatement(Statement):
    """`def name(parameters) -> type { body }`."""

    name: Token
    parameters: list[Parameter]
    returns: ScalarType | None
    body: Block


@dataclass(slots=True, repr=False, eq=False)
class ExternStatement(Statement):
    """`extern name(types) -> type;`."""

    name: Token
    parameters: list[ScalarType | ArrayType]
    returns: ScalarType | None


@dataclass(slots=True, repr=False, eq=False)
class Modifier(Node):
    """kind: inv, pow, ctrl or negctrl."""

    kind: str
    argument: Expression | None = None


@dataclass(slots=True, repr=False, eq=False)
class GateCall(Statement):
    """`modifiers name(arguments)[duration] operands;`, also of a global phase (`gphase`)."""

    modifiers: list[Modifier]
    name: Name
    arguments: list[Expression] | None
    operands: list[Expression]
    duration: Expression | None = None


@dataclass(slots=True, repr=False, eq=False)
class Measure(Statement):
    """`measure operand -> target;` or `target = measure operand;`."""

    operand: Expression
    target: Expression | None


@dataclass(slots=True, repr=False, eq=False)
class Reset(Statement):
    """`reset operand;`."""

    operand: Expression


@dataclass(slots=True, repr=False, eq=False)
class Barrier(Statement):
    """`barrier operands;`; None stands for every qubit."""

    operands: list[Expression] | None


@dataclass(slots=True, repr=False, eq=False)
class Nop(Statement):
    """`nop operands;`."""

    operands: list[Expression] | None


@dataclass(slots=True, repr=False, eq=False)
class Delay(Statement):
    """`delay[duration] operands;`."""

    duration: Expression
    operands: list[Expression] | None


@dataclass(slots=True, repr=False, eq=False)
class Box(Statement):
    """`box[duration] { body }`."""

    duration: Expression | None
    body: Block


@dataclass(slots=True, repr=False, eq=False)
class Assignment(Statement):
    """`target op= value`; op is "" for a plain one."""

    target: Expression
    op: str
    value: Expression


@dataclass(slots=True, repr=False, eq=False)
class ExpressionStatement(Statement):
    """`value;`."""

    value: Expression


@dataclass(slots=True, repr=False, eq=False)
class IfStatement(Statement):
    """`if (condition) { ... } else { ... }`."""

    condition: Expression
    then: Block
    orelse: Block | None


@dataclass(slots=True, repr=False, eq=False)
class WhileStatement(Statement):
    """`while (condition) { body }`."""

    condition: Expression
    body: Block


@dataclass(slots=True, repr=False, eq=False)
class ForStatement(Statement):
    """`for type name in values { body }`."""

    type: ScalarType
    name: Token
    values: Expression
    body: Block


@dataclass(slots=True, repr=False, eq=False)
class Case(Node):
    """labels is None for the default."""

    labels: list[Expression] | None
    body: Block


@dataclass(slots=True, repr=False, eq=False)
class SwitchStatement(Statement):
    """`switch (subject) { cases }`."""

    subject: Expression
    cases: list[Case]


@dataclass(slots=True, repr=False, eq=False)
class Break(Statement):
    """`break;`."""


@dataclass(slots=True, repr=False, eq=False)
class Continue(Statement):
    """`continue;`."""


@dataclass(slots=True, repr=False, eq=False)
class End(Statement):
    """`end;`."""


@dataclass(slots=True, repr=False, eq=False)
class Return(Statement):
    """`return value;`."""

    value: Expression | None
