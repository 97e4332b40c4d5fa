"""Syntax nodes from reductions: one function per alternative of the grammar.

A function gets the symbols its alternative keeps, and the offsets where the alternative starts
and ends.  Tokens arrive as (text, start, end).
"""

from __future__ import annotations

from collections.abc import Callable
from math import isinf
from typing import Any

from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3.syntax import Token

__all__ = ["MAX_DIGITS", "PRECEDENCE", "Malformed", "actions"]

MAX_DIGITS = 4000
"""Integer literals up to this length are read (benchmarks compare registers of 300 bits)."""

PRECEDENCE = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, "<=": 7, ">": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10, "**": 12,
}  # fmt: skip
"""How tightly each binary operator binds; the unary ones are between `*` and `**`."""

_UNARY = 11
Values = list[Any]
Action = Callable[[Values, int, int], Any]


class Malformed(Exception):
    """A phrase that the grammar lets pass and the language does not: (slug, message, start, end)."""

    def __init__(self, slug: str, message: str, start: int, end: int) -> None:
        super().__init__(slug, message, start, end)
        self.slug, self.message, self.start, self.end = slug, message, start, end


def _token(value: Any) -> Token:
    return Token._make(value)


# -- lists ----------------------------------------------------------------------------------


def empty(v: Values, start: int, end: int) -> Any:
    return []


def none(v: Values, start: int, end: int) -> Any:
    return None


def one(v: Values, start: int, end: int) -> Any:
    return [v[0]]


def append(v: Values, start: int, end: int) -> Any:
    v[0].append(v[1])
    return v[0]


# -- expressions ----------------------------------------------------------------------------


def name(v: Values, start: int, end: int) -> Any:
    return s.Name(start, end, v[0][0])


def call(v: Values, start: int, end: int) -> Any:
    text, first, last = v[0]
    return s.Call(start, end, s.Name(first, last, text), v[1] if len(v) > 1 else [])


def index(v: Values, start: int, end: int) -> Any:
    return s.Index(start, end, v[0], v[1])


def index_set(v: Values, start: int, end: int) -> Any:
    return [s.SetLiteral(start, end, v[0])]


set_literal: Action = lambda v, start, end: s.SetLiteral(start, end, v[0])  # noqa: E731


def range_(v: Values, start: int, end: int) -> Any:
    return s.Range(start, end, v[0], None, v[1])


def range_step(v: Values, start: int, end: int) -> Any:
    return s.Range(start, end, v[0], v[1], v[2])


def integer(v: Values, start: int, end: int) -> Any:
    text = v[0][0]
    if len(text) > MAX_DIGITS:
        raise Malformed("limit.exceeded", f"an integer of {len(text)} digits is too long", start, end)
    text = text.replace("_", "")
    if text[:1] == "0" and len(text) > 1 and text[1] in "xXbBoO":
        return s.Literal(start, end, "int", int(text, 0))
    return s.Literal(start, end, "int", int(text))


def decimal(v: Values, start: int, end: int) -> Any:
    return s.Literal(start, end, "float", _float(v[0][0], start, end))


def _float(text: str, start: int, end: int) -> Any:
    value = float(text.replace("_", ""))
    if isinf(value):
        raise Malformed("lex.number", "this number is too large for a float", start, end)
    return value


def imaginary(v: Values, start: int, end: int) -> Any:
    return s.Literal(start, end, "imaginary", _float(v[0][0][:-2].rstrip(), start, end))


def timing(v: Values, start: int, end: int) -> Any:
    text = v[0][0]
    unit = text[-2:] if text[-2].isalpha() or text[-2] in "µμ" else text[-1:]
    value = _float(text[: -len(unit)].rstrip(), start, end)
    return s.Literal(start, end, "timing", value, "us" if unit in ("µs", "μs") else unit)


def bitstring(v: Values, start: int, end: int) -> Any:
    return s.Literal(start, end, "bits", v[0][0][1:-1].replace("_", ""))


def boolean(v: Values, start: int, end: int) -> Any:
    return s.Literal(start, end, "bool", v[0][0] == "true")


def hardware(v: Values, start: int, end: int) -> Any:
    digits = v[0][0][1:]
    if len(digits) > 9:
        raise Malformed("limit.exceeded", "there is no hardware qubit with so high a number", start, end)
    return s.Hardware(start, end, int(digits))


def parenthesis(v: Values, start: int, end: int) -> Any:
    inner = v[0]
    if type(inner) is s.Unary:
        inner.closed = True
    inner.start, inner.end = start, end
    return inner


def negative(v: Values, start: int, end: int) -> Any:
    return s.Unary(start, end, "neg", v[0])


def unary(v: Values, start: int, end: int) -> Any:
    return s.Unary(start, end, v[0][0], v[1])


def chain(v: Values, start: int, end: int) -> Any:
    return v


def chain_minus(v: Values, start: int, end: int) -> Any:
    # The minus itself was punctuation; its place is somewhere between the terms.
    return [v[0], ("-", v[0].end, v[1].start), v[1]]


def chain_more(v: Values, start: int, end: int) -> Any:
    v[0] += v[1:]
    return v[0]


def chain_more_minus(v: Values, start: int, end: int) -> Any:
    v[0] += (("-", v[0][-1].end, v[1].start), v[1])
    return v[0]


def _resolver(precedence: dict[str, int]) -> Action:
    """Builds the tree of `term op term op term ...` by precedence (shunting yard)."""

    def resolve(v: Values, start: int, end: int) -> Any:
        items = v[0]
        operands: list[Any] = []
        pending: list[tuple[int, str, int]] = []  # precedence, operator, offset

        def reduce(level: int) -> None:
            while pending and pending[-1][0] >= level:
                strength, op, at = pending.pop()
                if strength == _UNARY:
                    operand = operands[-1]
                    operands[-1] = s.Unary(at, operand.end, op, operand)
                else:
                    right = operands.pop()
                    left = operands[-1]
                    operands[-1] = s.Binary(left.start, right.end, op, left, right, at)

        for position, item in enumerate(items):
            if position % 2:
                level = precedence[item[0]]
                # `**` is right-associative: equal strength waits.
                reduce(level + (level == 12))
                pending.append((level, item[0], item[1]))
            else:
                while type(item) is s.Unary and not item.closed:
                    pending.append((_UNARY, item.op, item.start))
                    item = item.operand
                operands.append(item)
        reduce(0)
        return operands[0]

    return resolve


def cast(v: Values, start: int, end: int) -> Any:
    return s.Cast(start, end, v[0], v[1])


def durationof(v: Values, start: int, end: int) -> Any:
    return s.DurationOf(start, end, v[0])


def measure_expression(v: Values, start: int, end: int) -> Any:
    return s.MeasureExpression(start, end, v[0])


def quantum_call(v: Values, start: int, end: int) -> Any:
    return s.QuantumCall(start, end, v[0], v[1])


def concatenation(v: Values, start: int, end: int) -> Any:
    return s.Concatenation(start, end, [v[0], v[1]])


def concatenation_more(v: Values, start: int, end: int) -> Any:
    v[0].parts.append(v[1])
    v[0].end = end
    return v[0]


def array_literal(v: Values, start: int, end: int) -> Any:
    return s.ArrayLiteral(start, end, v[0] if v else [])


# -- types ----------------------------------------------------------------------------------


def scalar_type(v: Values, start: int, end: int) -> Any:
    return s.ScalarType(start, end, v[0][0], v[1] if len(v) > 1 else None)


def complex_type(v: Values, start: int, end: int) -> Any:
    if v and v[0].kind != "float":
        raise Malformed("type.mismatch", "a complex type is made of a float type", v[0].start, v[0].end)
    return s.ScalarType(start, end, "complex", v[0].size if v else None)


def creg_type(v: Values, start: int, end: int) -> Any:
    return s.ScalarType(start, end, "bit", v[0] if v else None)


def array_type(v: Values, start: int, end: int) -> Any:
    return s.ArrayType(start, end, v[0], v[1])


def array_reference(v: Values, start: int, end: int) -> Any:
    return s.ArrayType(start, end, v[1], v[2], v[0][0])


def array_reference_dim(v: Values, start: int, end: int) -> Any:
    return s.ArrayType(start, end, v[1], [], v[0][0], v[3])


def parameter(v: Values, start: int, end: int) -> Any:
    return s.Parameter(start, end, _token(v[1]), v[0])


def qubit_parameter(v: Values, start: int, end: int) -> Any:
    return s.Parameter(start, end, _token(v[-1]), None, v[0] if len(v) > 1 else None)


def qreg_parameter(v: Values, start: int, end: int) -> Any:
    return s.Parameter(start, end, _token(v[0]), None, v[1] if len(v) > 1 else None)


def creg_parameter(v: Values, start: int, end: int) -> Any:
    kind = s.ScalarType(start, end, "bit", v[1] if len(v) > 1 else None)
    return s.Parameter(start, end, _token(v[0]), kind)


# -- statements -----------------------------------------------------------------------------


def annotated(v: Values, start: int, end: int) -> Any:
    v[1].annotations = (v[0][0].rstrip(), *v[1].annotations)
    return v[1]


def pragma(v: Values, start: int, end: int) -> Any:
    return s.Pragma(start, end, v[0][0].rstrip())


def version(v: Values, start: int, end: int) -> Any:
    return s.Version(start, end, _token(v[0]))


def include(v: Values, start: int, end: int) -> Any:
    return s.Include(start, end, _token(v[0]))


def defcalgrammar(v: Values, start: int, end: int) -> Any:
    return s.Calibration(start, end, "defcalgrammar", f"defcalgrammar {v[0][0]};")


def cal(v: Values, start: int, end: int) -> Any:
    return s.Calibration(start, end, "cal", f"cal {v[0][0]}")


def defcal(v: Values, start: int, end: int) -> Any:
    head = v[0][0]
    words = head[6:].split("(")[0].split()
    return s.Calibration(start, end, "defcal", head + v[1][0], words[0] if words else "")


def qubit_declaration(v: Values, start: int, end: int) -> Any:
    return s.QuantumDeclaration(start, end, _token(v[-1]), v[0] if len(v) > 1 else None)


def qreg_declaration(v: Values, start: int, end: int) -> Any:
    return s.QuantumDeclaration(start, end, _token(v[0]), v[1] if len(v) > 1 else None)


def creg_declaration(v: Values, start: int, end: int) -> Any:
    return s.RegisterDeclaration(start, end, _token(v[0]), v[1] if len(v) > 1 else None)


def const_declaration(v: Values, start: int, end: int) -> Any:
    return s.ConstDeclaration(start, end, v[0], _token(v[1]), v[2] if len(v) > 2 else None)


def declaration(v: Values, start: int, end: int) -> Any:
    return s.Declaration(start, end, v[0], _token(v[1]), v[2] if len(v) > 2 else None)


def io_declaration(v: Values, start: int, end: int) -> Any:
    return s.Declaration(start, end, v[1], _token(v[2]), None, v[0][0])


def alias(v: Values, start: int, end: int) -> Any:
    return s.Alias(start, end, _token(v[0]), v[1])


def _tokens(values: list[Any]) -> list[Token]:
    return [Token._make(value) for value in values]


def gate_plain(v: Values, start: int, end: int) -> Any:
    return s.GateStatement(start, end, _token(v[0]), [], _tokens(v[1]), v[2])


def gate_angles(v: Values, start: int, end: int) -> Any:
    return s.GateStatement(start, end, _token(v[0]), _tokens(v[1]), _tokens(v[2]), v[3])


def opaque_plain(v: Values, start: int, end: int) -> Any:
    return s.GateStatement(start, end, _token(v[0]), [], _tokens(v[1]), None)


def opaque_angles(v: Values, start: int, end: int) -> Any:
    return s.GateStatement(start, end, _token(v[0]), _tokens(v[1]), _tokens(v[2]), None)


def def_plain(v: Values, start: int, end: int) -> Any:
    return s.DefStatement(start, end, _token(v[0]), [], v[1], v[2])


def def_parameters(v: Values, start: int, end: int) -> Any:
    return s.DefStatement(start, end, _token(v[0]), v[1], v[2], v[3])


def extern_plain(v: Values, start: int, end: int) -> Any:
    return s.ExternStatement(start, end, _token(v[0]), [], v[1])


def extern_types(v: Values, start: int, end: int) -> Any:
    return s.ExternStatement(start, end, _token(v[0]), v[1], v[2])


def block(v: Values, start: int, end: int) -> Any:
    return s.Block(start, end, v[0])


def scope(v: Values, start: int, end: int) -> Any:
    return v[0]


def body(v: Values, start: int, end: int) -> Any:
    return v[0] if type(v[0]) is s.Block else s.Block(start, end, [v[0]])


def if_statement(v: Values, start: int, end: int) -> Any:
    return s.IfStatement(start, end, v[0], v[1], v[2] if len(v) > 2 else None)


def while_statement(v: Values, start: int, end: int) -> Any:
    return s.WhileStatement(start, end, v[0], v[1])


def for_statement(v: Values, start: int, end: int) -> Any:
    return s.ForStatement(start, end, v[0], _token(v[1]), v[2], v[3])


def append_case(v: Values, start: int, end: int) -> Any:
    v[0].append(s.Case(v[1][0].start, end, v[1], v[2]))
    return v[0]


def append_default(v: Values, start: int, end: int) -> Any:
    v[0].append(s.Case(v[1].start, end, None, v[1]))
    return v[0]


def switch_statement(v: Values, start: int, end: int) -> Any:
    return s.SwitchStatement(start, end, v[0], v[1])


def break_statement(v: Values, start: int, end: int) -> Any:
    return s.Break(start, end)


def continue_statement(v: Values, start: int, end: int) -> Any:
    return s.Continue(start, end)


def end_statement(v: Values, start: int, end: int) -> Any:
    return s.End(start, end)


def return_statement(v: Values, start: int, end: int) -> Any:
    return s.Return(start, end, v[0] if v else None)


def box(v: Values, start: int, end: int) -> Any:
    return s.Box(start, end, v[0] if len(v) > 1 else None, v[-1])


def barrier(v: Values, start: int, end: int) -> Any:
    return s.Barrier(start, end, v[0] if v else None)


def nop(v: Values, start: int, end: int) -> Any:
    return s.Nop(start, end, v[0] if v else None)


def delay(v: Values, start: int, end: int) -> Any:
    return s.Delay(start, end, v[0], v[1] if len(v) > 1 else None)


def reset(v: Values, start: int, end: int) -> Any:
    return s.Reset(start, end, v[0])


def measure(v: Values, start: int, end: int) -> Any:
    return s.Measure(start, end, v[0], v[1] if len(v) > 1 else None)


def gphase(v: Values, start: int, end: int) -> Any:
    return s.Call(start, end, s.Name(start, start + 6, "gphase"), [v[0]])


def modifier_inv(v: Values, start: int, end: int) -> Any:
    return s.Modifier(start, end, "inv")


def modifier_pow(v: Values, start: int, end: int) -> Any:
    return s.Modifier(start, end, "pow", v[0])


def modifier_ctrl(v: Values, start: int, end: int) -> Any:
    return s.Modifier(start, end, v[0][0], v[1] if len(v) > 1 else None)


def _gate_call(modifiers: list[Any], head: Any, operands: list[Any], start: int, end: int) -> Any:
    duration = None
    if type(head) is s.Index:
        if len(head.items) != 1 or type(head.items[0]) in (s.Range, s.SetLiteral):
            raise Malformed("syn.statement", "a gate's duration is one expression in brackets", head.start, head.end)
        duration, head = head.items[0], head.base
    if type(head) is s.Name:
        return s.GateCall(start, end, modifiers, head, None, operands, duration)
    if type(head) is s.Call:
        return s.GateCall(start, end, modifiers, head.name, head.arguments, operands, duration)
    raise Malformed("syn.statement", "a gate is applied by its name", head.start, head.end)


def gate_call(v: Values, start: int, end: int) -> Any:
    return _gate_call([], v[0], v[1], start, end)


def modified_call(v: Values, start: int, end: int) -> Any:
    return _gate_call(v[0], v[1], v[2], start, end)


def gphase_call(v: Values, start: int, end: int) -> Any:
    return _gate_call([], v[0], v[1] if len(v) > 1 else [], start, end)


def modified_gphase(v: Values, start: int, end: int) -> Any:
    return _gate_call(v[0], v[1], v[2] if len(v) > 2 else [], start, end)


def assignment(v: Values, start: int, end: int) -> Any:
    return s.Assignment(start, end, v[0], "", v[1])


def compound_assignment(v: Values, start: int, end: int) -> Any:
    return s.Assignment(start, end, v[0], v[1][0][:-1], v[2])


def expression_statement(v: Values, start: int, end: int) -> Any:
    return s.ExpressionStatement(start, end, v[0])


def actions(version: int) -> dict[str, Action]:
    """Every action by name.  In OpenQASM 2 `^` is the power."""
    table: dict[str, Action] = {key: value for key, value in globals().items() if callable(value)}
    table["resolve"] = _resolver(PRECEDENCE | {"^": 12} if version == 2 else PRECEDENCE)
    return table
