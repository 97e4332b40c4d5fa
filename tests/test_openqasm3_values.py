"""Values known when compiling: literals, operators, casts, functions, arrays, bits.

A value is read off the angle of a rotation.
"""

from __future__ import annotations

import math

import pytest

from qir.circuit import Circuit
from qir.frontends.openqasm3 import read
from qir.source import Source

HEAD = 'OPENQASM 3.1;\ninclude "stdgates.inc";\nqubit[4] q;\n'


def load(text: str, head: str = HEAD) -> Circuit:
    program = read(Source(head + text))
    assert not program.has_errors, [str(d) for d in program.diagnostics]
    return program.circuits[0]


def value(expression: str, before: str = "") -> float:
    (operation,) = load(f"{before}\nrx({expression}) q[0];").ops
    return float(operation.params[0])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 / 2", 0), ("-7 / 2", -3), ("7 / -2", -3), ("-7 % 3", -1), ("7 % -3", 1), ("1.0 / 2", 0.5), ("2 ** 3 ** 2", 512),
        ("2 ** -1", 0.5), ("-2 ** 2", -4), ("7.5 % 2", 1.5), ("0x1F + 0b1_0 + 0o17 + 1_000", 31 + 2 + 15 + 1000),
        (".5 + 1. + 1.5e-1", 1.65), ("pi / 2 + τ - π", 1.5 * math.pi), ("ℇ - euler", 0), ("1 << 4 >> 1", 8),
        ("5 & 3 | 8 ^ 12", (5 & 3) | (8 ^ 12)), ("~5", -6), ("true + 1", 2), ("3 > 2", 1), ("!(3 > 2) || 1 == 1", 1),
        ("sin(pi / 2) + cos(0) + tan(0)", 2), ("arcsin(1) + arccos(1) + arctan(0)", math.pi / 2), ("exp(1)", math.e),
        ("log(euler)", 1), ("sqrt(2) ** 2", 2), ("floor(2.7) + ceiling(2.1)", 5), ("mod(7, 4) + mod(7.5, 2)", 4.5),
        ("popcount(uint[8](255))", 8), ("real(2 + 3im) * imag((2 + 3 im) * 2)", 12), ("int[8](127) + int[8](1)", -128),
        ("uint[8](250) + uint[8](10)", 4), ("int(-2.7)", -2), ("float(1) / 2", 0.5), ("int[4](\"1111\")", -1),
        ("uint[4](\"1111\")", 15), ("bool(3)", 1), ("1us / 500ns", 2), ("(10ns + 2 * 20ns) / 25ns", 2),
    ],
)  # fmt: skip
def test_expressions(expression: str, expected: float) -> None:
    assert value(expression) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("before", "expression", "expected"),
    [
        ("const int n = 3; const float w = n / 2.0;", "w", 1.5),
        ("int n = 3; n += 4; n *= 2; n -= 1; n /= 2; n %= 4; n <<= 2; n |= 1; n ^= 3; n &= 14;", "n", 10),
        ("int n = 1; { int n = 5; n += 1; } n += 1;", "n", 2),
        ("uint[8] n = 5; n[1] = 1; n[0:0] = \"0\";", "n", 6),
        ("uint[8] n = 200;", "n[7] + n[3] * 2 + n[-1] * 4", 7),
        ("bit[4] b = \"0110\"; b[3] = 1; b = b >> 1;", "int[4](b)", 7),
        ("bit[4] b = \"0110\"; b = rotl(b, 3);", "uint[4](b)", 3),
        ("bit[4] b = \"0110\"; b ^= \"1111\"; b[0:1] = \"10\";", "uint[4](b)", 10),
        ("array[int[8], 2, 3] a = {{1, 2, 3}, {4, 5, 6}};", "a[1, 2] * 10 + a[0][-1]", 63),
        ("array[int[8], 2, 3] a = {{1, 2, 3}, {4, 5, 6}}; a[0] = a[1]; a[1, 0:1] = {7, 8};", "a[0, 0] * 100 + a[1, 1]", 408),
        ("array[float, 3] a; a[1] = 0.5;", "a[1] + sizeof(a)", 3.5),
        ("array[int, 2] a = {1, 2}; array[int, 4] b = a ++ a;", "b[3] + b[2] * 10", 12),
        ("angle[4] a = pi / 2; angle[4] b = a + pi;", "b", 1.5 * math.pi),
        ("angle[4] a = pi;", "uint[4](bit[4](a))", 8),
        ("bool t1 = false; t1 = !t1 && 2 > 1;", "t1", 1),
        ("complex[float[64]] w = 1 + 2im; w = w * w;", "real(w) + imag(w) * 10", 37),
        ("duration d = 100ns; d = d / 4 + 5ns;", "d / 10ns", 3),
    ],
)
def test_variables(before: str, expression: str, expected: float) -> None:
    assert value(expression, before) == pytest.approx(expected, abs=1e-12)


def wires(text: str) -> list[tuple[int, ...]]:
    return [op.qubits for op in load(text).ops]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x q[1:2];", [(1,), (2,)]), ("x q[-3:-1];", [(1,), (2,), (3,)]), ("x q[:1];", [(0,), (1,)]),
        ("x q[2:];", [(2,), (3,)]),
        ("x q[2:-1:0];", [(2,), (1,), (0,)]), ("x q[0:2:3];", [(0,), (2,)]), ("x q[{3, 0}];", [(3,), (0,)]),
        ("x q[{1, 2}][0];", [(1,)]), ("let a = q[1:2] ++ q[0]; x a[2]; let b = a[1:]; x b;", [(0,), (2,), (0,)]),
        ("cx q[0:1], q[2:3];", [(0, 2), (1, 3)]), ("cx q[0], q[1:3];", [(0, 1), (0, 2), (0, 3)]), ("x q[3:2];", []),
        ("qubit[0] none; x none;", []), ("for int i in {3, 1} { x q[i]; }", [(3,), (1,)]),
        ("for uint i in [3:-2:0] { x q[i]; }", [(3,), (1,)]), ("for int i in [1:0] { x q[i]; }", []),
        ("array[int, 2] a = {2, 0}; for int i in a { x q[i]; }", [(2,), (0,)]),
        ("int i = 0; while (i < 2) { x q[i]; i += 1; }", [(0,), (1,)]),
        ("for int i in [0:3] { if (i == 1) continue; if (i == 3) break; x q[i]; }", [(0,), (2,)]),
        ("switch (2) { case 1 { x q[1]; } case 2, 3 { x q[2]; } default { x q[0]; } }", [(2,)]),
        ("x q[0]; end; x q[1];", [(0,)]),
        ("def f(qubit a, int n) -> int { if (n == 0) { return 1; } x a; return 2 * f(a, n - 1); } x q[f(q[3], 1)];",
         [(3,), (2,)]),
        ("def f(mutable array[int, #dim = 1] a) { a[0] = 2; } array[int, 2] v = {0, 1}; f(v); x q[v[0]];", [(2,)]),
    ],
)  # fmt: skip
def test_qubits_loops_and_subroutines(text: str, expected: list[tuple[int, ...]]) -> None:
    assert wires(text) == expected


def test_a_sum_of_thousands_of_terms_needs_no_deep_stack() -> None:
    import sys

    limit = sys.getrecursionlimit()
    depth = len(__import__("inspect").stack())
    sys.setrecursionlimit(depth + 120)
    try:
        circuit = load("rx(" + "+".join(["0.5"] * 2000) + ") q[0]; rx(" + "(" * 200 + "1" + ")" * 200 + ") q[0];")
    finally:
        sys.setrecursionlimit(limit)
    assert [op.params for op in circuit.ops] == [(1000.0,), (1.0,)]


def test_parameters_stay_symbolic() -> None:
    circuit = load("input float[64] w; input angle v; rx(2 * w + pi - v / 2) q[0]; gphase(w);")
    assert circuit.parameters == ("v", "w")
    bound = circuit.bind({"w": 0.25, "v": 1.0})
    assert [float(p) for op in bound.ops for p in op.params] == [pytest.approx(math.pi)]
    assert bound.global_phase.constant == 0.25


def test_version_2_reckons_with_real_numbers() -> None:
    head = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\n'
    circuit = load("rx(1/2) q[0]; ry(2^3^2 - ln(exp(1))) q[0]; rz(-2^2) q[0];", head)
    assert [op.params[0] for op in circuit.ops] == [0.5, 511.0, -4.0]
