"""The grammar and the machine that runs its tables."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3 import tables
from qir.frontends.openqasm3.parse import parse, parse_statement, version_of
from qir.limits import Limits
from qir.source import Source


def test_the_prepared_tables_are_those_of_the_grammar() -> None:
    prepared = json.loads(resources.files("qir.grammars").joinpath("openqasm3.json").read_text(encoding="utf-8"))
    made = json.loads(json.dumps(tables.generate(tables.grammar_text())))
    prepared.pop("lark")
    made.pop("lark")
    assert made == prepared, "run python -m qir.frontends.openqasm3.tables"


PROGRAM = """OPENQASM 3.1;
include "stdgates.inc";
const int[8] n = 0x1_f + 2 ** -1;
qubit[n] q; bit[4] c = "01_10"; array[float[64], 2] a = {1.5e-3, .5,};
gate g(x1, y1,) a1, b1 { rx(x1) a1; ctrl(2) @ negctrl @ inv @ pow(1 / 2) @ gphase(-pi / 4); barrier a1; }
def f(qubit[2] r, mutable array[int[8], #dim = 2] m, readonly array[int, 3] k) -> bit[2] { return measure r; }
extern h1(int, creg[3], complex[float[32]],) -> duration;
for uint i in [0:2:4] if (c[i] == 1 && !true) x q[{0, 1}]; else { y q[-1]; continue; }
while (a[0] < 3im) { c <<= 1; break; }
switch (int(c)) { case 1, 2 { end; } default { } }
let d = q[0:2] ++ q[:3]; box[100 ns] { delay[2 * 3us] q[0]; nop q; }
measure q -> c; reset q; c[0] = measure $3; g(1, 2)[10ns] q[0], q[1]; f(q)[0];
input angle w; output bool v; pragma anything { goes
@note keep # this
duration t2 = durationof({ x q[0]; });
"""


def test_lark_reads_the_same_language() -> None:
    lark = pytest.importorskip("lark")
    parser = lark.Lark(tables.grammar_text(), parser="lalr", lexer="contextual", maybe_placeholders=False)
    assert parse(Source(PROGRAM)).diagnostics == []
    parser.parse(PROGRAM)
    for broken in ("qubit q", "x q[;", "int a, b;", "for i in [0:1] {}", "if c {}"):
        assert parse(Source(broken)).diagnostics
        with pytest.raises(lark.exceptions.LarkError):
            parser.parse(broken)


def shown(node: object) -> str:
    """An expression with all its parentheses."""
    if isinstance(node, s.Binary):
        return f"({shown(node.left)}{node.op}{shown(node.right)})"
    if isinstance(node, s.Unary):
        return f"({'-' if node.op == 'neg' else node.op}{shown(node.operand)})"
    if isinstance(node, s.Literal):
        return str(node.value)
    assert isinstance(node, s.Name)
    return node.text


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("-2 ** 2", "(-(2**2))"),
        ("2 ** -1", "(2**(-1))"),
        ("2 ** -3 ** 2", "(2**(-(3**2)))"),
        ("2 ** 3 ** 2", "(2**(3**2))"),
        ("(-2) ** 2", "((-2)**2)"),
        ("a - b - c", "((a-b)-c)"),
        ("a + b * -c", "(a+(b*(-c)))"),
        ("-a * b", "((-a)*b)"),
        ("!a && b || c", "(((!a)&&b)||c)"),
        ("a | b ^ c & d == e << 1 + 2", "(a|(b^(c&(d==(e<<(1+2))))))"),
        ("a < b == c > d", "((a<b)==(c>d))"),
        ("~a ** 2 % 3", "((~(a**2))%3)"),
    ],
)
def test_operators_bind_as_the_specification_says(text: str, tree: str) -> None:
    (statement,) = parse(Source(f"{text};")).statements
    assert isinstance(statement, s.ExpressionStatement)
    assert shown(statement.value) == tree


def test_in_version_2_the_caret_is_the_power() -> None:
    (statement,) = parse_statement("rx(-a^2) q;", version=2).statements
    assert isinstance(statement, s.GateCall)
    assert statement.arguments is not None
    assert shown(statement.arguments[0]) == "(-(a^2))"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("OPENQASM 2.0;", 2),
        ("// note\n/* more */ OPENQASM  2.0;", 2),
        ("\ufeffOPENQASM 2.0;", 2),
        ("OPENQASM 3;", 3),
        ("", 3),
        ('include "qelib1.inc";\nqreg q[1];', 2),
        ('include "qelib1.inc";\nqubit q;', 3),
    ],
)
def test_the_version_is_found(text: str, version: int) -> None:
    assert version_of(text) == version


def test_nodes_know_their_place() -> None:
    source = Source("qubit[2] q;\n  cx q[0], q[1];")
    call = parse(source).statements[1]
    assert isinstance(call, s.GateCall)
    assert source.text[call.start : call.end] == "cx q[0], q[1];"
    assert source.text[call.operands[1].start : call.operands[1].end] == "q[1]"


def test_depth_is_limited_and_length_is_not() -> None:
    deep = parse(Source("rx(" + "(" * 10_000 + "1" + ")" * 10_000 + ") q;"))
    assert [d.slug for d in deep.diagnostics] == ["limit.exceeded"]
    assert parse(Source("rx(" + "(" * 200 + "1" + ")" * 200 + ") q;")).diagnostics == []
    assert parse(Source("rx(" + "(" * 300 + "1" + ")" * 300 + ") q;"), limits=Limits(nesting=400)).diagnostics == []
    signs = parse(Source("rx(" + "-" * 100_000 + "1) q;"))
    assert [d.slug for d in signs.diagnostics] == ["limit.exceeded"]
    assert parse(Source("rx(" + "+".join(["0.1"] * 20_000) + ") q;")).diagnostics == []


def test_calibrations_are_kept_as_text() -> None:
    text = "cal { play(d0, { nested }); // }\n }\ndefcal x(angle a) $0 -> bit { { } \"}\" }\nx $0;"
    cal, defcal, call = parse(Source(text)).statements
    assert isinstance(cal, s.Calibration)
    assert isinstance(defcal, s.Calibration)
    assert isinstance(call, s.GateCall)
    assert (cal.text, defcal.text) == (text[: text.index("\ndefcal")], text[text.index("defcal") : text.index("\nx $0")])
    assert defcal.name == "x"
