"""The dialect IBM's service reads: our check of a text against the reader the service uses."""

from __future__ import annotations

import warnings

import pytest

from qir.lint.ibm_dialect import dialect_problems
from qir.source import Source

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'

LOADS = [
    "x $0;",
    "rz(pi/2) $0; rz(-2*pi + 1e-3) $1; rz((1 + 2)/3) $0;",
    "input float[64] theta; rz(theta/2 + pi) $0;",
    "input angle a; rz(a) $0;",
    "bit[2] c; c[0] = measure $0; c[1] = measure $1;",
    "creg c[2]; measure $0 -> c[0];",
    "bit[2] c; if (c[0]) { x $1; }",
    "bit[2] c; if (!c[0]) { x $1; } else { sx $1; }",
    "bit[2] c; if (~c[1]) x $1;",
    "bit[2] c; if (c[0] == true) { x $1; }",
    "bit[2] c; if (false == c[0]) { x $1; }",
    "bit[2] c; if (c == 3) { x $1; }",
    "bit[2] c; if (3 == c) { x $1; }",
    'bit[2] c; if (c == "11") { x $1; }',
    "bit[2] c; if ((c == 0x2)) { x $1; }",
    "gate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; } rzz(0.5) $0, $1;",
    "gate mine a { h a; } mine $0;",
    "ctrl @ z $0, $1; inv @ s $0; pow(2) @ rz(0.1) $0; negctrl @ x $0, $1;",
    "gphase(pi); barrier $0, $1; barrier; reset $0; delay[100ns] $0; delay[20dt] $0;",
    "U(0.1, 0.2, 0.3) $0; u3(0.1, 0.2, 0.3) $0; id $0;",
    "// a comment with const and switch\nx $0; /* def f() {} */",
    "rz(0x10) $0; rz(1_000) $0; rz(.5) $0; rz(tau) $0;",
    "box { x $0; }",
]

REFUSED = [
    "const float p = 0.5; rz(p) $0;",
    "int[8] i = 3; x $0;",
    "float f; x $0;",
    "def f(qubit q) { x q; } f($0);",
    "extern f(int) -> int;",
    "duration d = 100ns; delay[d] $0;",
    "stretch s; delay[s] $0;",
    "bit[2] c; switch (c) { case 0 { x $0; } }",
    'bit[2] c = "00"; x $0;',
    "bit c = 0; x $0;",
    "end;",
    "pragma qiskit off\nx $0;",
    'include "other.inc";',
    "rz(sin(0.5)) $0;",
    "rz(sqrt(2)) $0;",
    "rz(2 ** 3) $0;",
    "rz(7 % 3) $0;",
    "rz(float(1)) $0;",
    "input float[64] t; rz(t ** 2) $0;",
    "input float[64] x;",
    "input int n; x $0;",
    "input bool b; x $0;",
    "output bit[2] c;",
    "rzz(0.5) $0, $1;",
    "ecr $0, $1;",
    "sxdg $0;",
    "unknown $0;",
    "gate sx a { U(1, 2, 3) a; } sx $0;",
    "bit[2] c; if (c) { x $1; }",
    "bit[2] c; if (c[0] == 1) { x $1; }",
    "bit[2] c; if (c[0] == c[1]) { x $1; }",
    "bit[2] c; if (c != 3) { x $1; }",
    "bit[2] c; if (c < 3) { x $1; }",
    "bit[2] c; if (c[0] && c[1]) { x $1; }",
    "bit[2] c; if (c[0] || c[1]) { x $1; }",
    "bit[2] c; if (c[0] ^ c[1]) { x $1; }",
    "bit[2] c; if (true) { x $1; }",
    "bit[2] c; c[0] = 1;",
    "bit[2] c; c[0] = c[1];",
    "measure $0;",
    "qubit[2] q; x q[0]; x $0;",
    "bit[2] c; bit[2] c;",
    "array[int[8], 2] a;",
]


def loads(text: str) -> bool:
    """Whether the service's reader takes a text."""
    pytest.importorskip("qiskit_qasm3_import")
    qasm3 = pytest.importorskip("qiskit.qasm3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            qasm3.loads(text)
        except Exception:
            return False
    return True


@pytest.mark.parametrize("text", LOADS)
def test_what_the_service_reads_passes(text: str) -> None:
    assert [str(d) for d in dialect_problems(Source(HEAD + text)) if d.severity == "error"] == []
    assert loads(HEAD + text)


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_service_refuses_is_found(text: str) -> None:
    errors = [d for d in dialect_problems(Source(HEAD + text)) if d.severity == "error"]
    assert errors and all(d.slug == "target.dialect" and d.span is not None for d in errors)
    assert not loads(HEAD + text)


@pytest.mark.parametrize("call", ["pow(2) @ x $0;", "gate mine a { x a; } inv @ mine $0;", "for int i in [0:1] { x $0; }"])
def test_what_is_read_but_becomes_something_no_machine_runs(call: str) -> None:
    errors = [d.slug for d in dialect_problems(Source(HEAD + call)) if d.severity == "error"]
    assert errors in (["target.gate"], ["target.control-flow"])
    assert loads(HEAD + call)


def test_gates_without_the_include_are_unknown() -> None:
    (found,) = dialect_problems(Source("OPENQASM 3.0;\nx $0;\n"))
    assert found.span is not None and (found.span.line, found.span.column) == (2, 1)
    assert "stdgates" in (found.help or "")
    assert not loads("OPENQASM 3.0;\nx $0;\n")


def test_declared_qubits_are_refused_once() -> None:
    found = dialect_problems(Source(HEAD + "qubit[2] q;\nqubit r;\nx q[0];\n"))
    assert [d.span.line for d in found if d.span] == [3]


@pytest.mark.parametrize(
    ("declaration", "severity"),
    [("bit c;", "warning"), ("bit[1] Lambda;", "warning"), ("bit[1] é;", "warning"), ("bit[1] lambda;", "error"),
     ("bit[1] class;", "error"), ("bit[1] _meas;", "error"), ("bit[1] meas;", None), ("bit[1] c_1;", None)],
)  # fmt: skip
def test_names_of_registers(declaration: str, severity: str | None) -> None:
    found = dialect_problems(Source(HEAD + declaration))
    assert {str(d.severity) for d in found if d.severity == "error"} == ({"error"} if severity == "error" else set())
    assert bool(found) == (severity is not None)


def test_places_are_those_of_the_words() -> None:
    text = HEAD + "bit[2] c;\nif (c[0] && c[1]) { x $0; }\nrz(cos(1)) $0;\n"
    places = [(d.span.line, d.span.column) for d in dialect_problems(Source(text)) if d.span]
    assert places == [(4, 5), (5, 4)]
