"""The fast path for flat text reads what the ordinary path reads: circuits, places, diagnostics."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qir.frontends.openqasm3 import parse as parser
from qir.frontends.openqasm3 import read, shapes
from qir.limits import DEFAULT_LIMITS, Limits
from qir.program import Program
from qir.source import Source, Span

EXAMPLES = int(os.environ.get("QIR_FUZZ", "80"))
CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "openqasm3"

HEAD_3 = (
    "OPENQASM 3.0;\ninclude \"stdgates.inc\";\nqubit[4] q;\nqubit a;\nqubit[2] q1;\nbit[4] c;\nbit d;\n"
    "gate g2(x, y) u, v { rx(x) u; cx u, v; rz(y) v; }\ngate rzz(t) u, v { cx u, v; rz(t) v; cx u, v; }\n"
    "input float theta;\nconst float half = 0.5;\nconst int three = 3;\nlet al = q[1:2];\n"
)  # fmt: skip
HEAD_2 = (
    "OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[4];\nqreg q1[2];\nqreg a[1];\ncreg c[4];\ncreg d[1];\n"
    "gate g2(x, y) u, v { rx(x) u; cx u, v; rz(y) v; }\nopaque g3 u;\n"
)  # fmt: skip


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the fast path for everything it can take, in small chunks."""
    monkeypatch.setattr(parser, "MIN_TEXT", 0)
    monkeypatch.setattr(shapes, "MIN_RUN", 1)


def assert_same(text: str, *, limits: Limits = DEFAULT_LIMITS) -> Program:
    fast = read(Source(text), limits=limits)
    slow = read(Source(text), limits=limits, runs=False)
    assert _shown(fast) == _shown(slow)
    assert len(fast.circuits) == len(slow.circuits)
    for a, b in zip(fast.circuits, slow.circuits):
        assert a == b
        assert [_place(op.span) for op in a.ops] == [_place(op.span) for op in b.ops]
    unused = [{s.name for s in p.symbols if not s.uses} for p in (fast, slow)]
    assert unused[0] == unused[1]
    assert [(s.name, s.kind, s.detail) for s in fast.symbols] == [(s.name, s.kind, s.detail) for s in slow.symbols]
    return fast


def _place(span: Span | None) -> tuple[int, int] | None:
    return None if span is None else (span.start, span.end)


def _shown(program: Program) -> list[tuple[object, ...]]:
    return [(d.slug, d.message, d.help, _place(d.span)) for d in program.diagnostics]


numbers = st.one_of(
    st.integers(0, 5).map(str),
    st.sampled_from("0.5 1. .25 3.141592653589793 1.5707963267948966 0.7853981633974483 2.5e-3 1E2 00 007".split()),
    st.floats(0, 10).map(repr),
    st.sampled_from("1e999 123456789012345678901234567890 0x1F 1_0 1_0.5 9007199254740993 1e-400 2im 10ns".split()),
)
angles = st.recursive(
    st.one_of(numbers, st.sampled_from(["pi", "half", "three", "theta", "tau", "nothing"])),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", " / ", "**", "^", "%"]), inner).map("".join),
        inner.map(lambda x: f"-{x}"),
        inner.map(lambda x: f"({x})"),
        inner.map(lambda x: f"sin({x})"),
    ),
    max_leaves=4,
)
operands = st.one_of(
    st.builds("q[{}]".format, st.integers(0, 5)),
    st.builds("q[{}]".format, st.integers(0, 3)),
    st.sampled_from(["a", "q1[0]", "q1[1]", "q", "q1", "q[-1]", "al[0]", "$0", "$12", "c[0]", "nothing", "q[0:1]"]),
    st.sampled_from(["q [ 2 ]", "q[2.0]", "q[\n1\n]", "(q[1])", "q[(1)]"]),
)
bits = st.one_of(st.builds("c[{}]".format, st.integers(0, 4)), st.sampled_from(["d", "d[0]", "c", "a"]))
GATES = {
    "h": (0, 1), "x": (0, 1), "rx": (1, 1), "rz": (1, 1), "u2": (2, 1), "u3": (3, 1), "cx": (0, 2), "cp": (1, 2), "ccx": (0, 3),
    "g2": (2, 2), "rzz": (1, 2), "gpi": (1, 1), "zz": (1, 2), "cu": (4, 2), "swap": (0, 2), "u": (3, 1), "nogate": (0, 1),
    "g3": (0, 1), "CX": (0, 2), "U": (3, 1),
}  # fmt: skip
spaces = st.sampled_from(
    ["\n", "\n", " ", "", "\n\n", "\r\n", "\t", " // a comment\n", "\n// with ; inside\n", "/* ; h q[0]; */", "\n/* x */ "]
)


OTHERS = (
    "{ h q[0]; x q[1]; }", "ctrl @ x q[0], q[1];", "if (c[0]) { x q[0]; } else { y q[1]; }", "for int i in [0:1] { x q[i]; }",
    "bit extra;", "qubit more;", "c[0] = 1;", "end;",
)  # fmt: skip
MISTAKES = (
    "x q[0]", "h q[0]]; x q[1];", "cx q[0] q[1];", "@note\nx q[0];", "pragma x; y\n", "x;", ";", "gate q[0];", "h q[0]; }",
    "rx(0.5 q[0];", "rx() q[0];", "θ q[0];", "h 'q';",
)  # fmt: skip


@st.composite
def statements(draw: st.DrawFn, version: int) -> str:
    kind = draw(st.integers(0, 24))
    if kind < 14:
        name = draw(st.sampled_from(sorted(GATES)))
        params, width = GATES[name]
        params += draw(st.sampled_from([0] * 20 + [1, -1]))
        width += draw(st.sampled_from([0] * 20 + [1]))
        inside = draw(st.sampled_from([", ", ","])).join(draw(angles) for _ in range(params))
        joined = draw(st.sampled_from([", ", ","])).join(draw(operands) for _ in range(width))
        return f"{name}({inside}) {joined};" if params > 0 else f"{name} {joined};"
    if kind < 17:
        if version == 2 or draw(st.booleans()):
            return f"measure {draw(operands)} -> {draw(bits)};"
        return f"{draw(bits)} = measure {draw(operands)};"
    if kind == 17:
        return f"reset {draw(operands)};"
    if kind == 18:
        return f"barrier {draw(operands)}, {draw(operands)};"
    if kind == 19:
        return f"if ({draw(bits)} == {draw(st.integers(0, 3))}) x {draw(operands)};"
    if kind == 20:
        return draw(st.sampled_from(OTHERS))
    if kind == 21:
        return draw(st.sampled_from(MISTAKES))
    return f"h q[{draw(st.integers(0, 3))}];"


def programs(version: int) -> st.SearchStrategy[str]:
    head = HEAD_2 if version == 2 else HEAD_3
    row = st.tuples(statements(version), spaces).map("".join)
    return st.lists(row, max_size=14).map(lambda rows: head + "".join(rows))


thorough = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@thorough
@given(programs(3), st.sampled_from([40, 90, 200_000]))
def test_openqasm3_is_read_alike(text: str, chunk: int) -> None:
    before, shapes.CHUNK = shapes.CHUNK, chunk
    try:
        assert_same(text)
    finally:
        shapes.CHUNK = before


@thorough
@given(programs(2), st.sampled_from([40, 90, 200_000]))
def test_openqasm2_is_read_alike(text: str, chunk: int) -> None:
    before, shapes.CHUNK = shapes.CHUNK, chunk
    try:
        assert_same(text)
    finally:
        shapes.CHUNK = before


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=0), min_size=1, max_size=20))
def test_numbers_are_read_to_the_last_bit(values: list[float]) -> None:
    text = HEAD_3 + "".join(f"rx({v!r}) q[0];\nrz({v:.6f}) q[1];\n" for v in values)
    program = assert_same(text)
    (circuit,) = program.circuits
    assert circuit.columns.params[::2, 0].tolist() == values


def flat(count: int, seed: int = 5) -> str:
    source = random.Random(seed)
    rows = []
    for _ in range(count):
        a, b = source.sample(range(4), 2)
        angle = source.uniform(-3, 3)
        u3 = f"u3(0.1,pi/{a + 1},-2) q[{b}];"
        rows.append(source.choice([f"h q[{a}];", f"cx q[{a}],q[{b}];", f"rx({angle!r}) q[{a}];", u3]))
    return HEAD_3 + "\n".join(rows) + "\nc = measure q;\n"


def test_a_flat_program_is_one_run() -> None:
    text = flat(500)
    tree = parser.parse(Source(text), runs=True)
    runs = [node for node in tree.statements if isinstance(node, shapes.Run)]
    assert [len(run) for run in runs] == [501]
    assert len(runs[0].shapes) < 20


def test_runs_go_on_from_chunk_to_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "CHUNK", 500)
    text = flat(500)
    tree = parser.parse(Source(text), runs=True)
    assert [len(node) for node in tree.statements if isinstance(node, shapes.Run)] == [501]
    assert_same(text)


def test_one_wrong_statement_among_many_is_reported_where_it_stands() -> None:
    text = flat(300).replace("c = measure q;", "cx q[2], q[2];\nh q[4];\nrx(1/0) q[0];\nh q[0];\nc = measure q;")
    program = assert_same(text)
    assert [(d.slug, d.span.text) for d in program.diagnostics if d.span] == [
        ("qubit.duplicate", "cx q[2], q[2];"), ("index.range", "q[4]"), ("const.value", "1/0"),
    ]  # fmt: skip


def test_the_number_of_errors_is_limited_alike() -> None:
    assert_same(HEAD_3 + "cx q[1], q[1];\n" * 300)


@pytest.mark.parametrize("operations", [0, 3, 499, 500, 501, 505])
def test_the_number_of_operations_is_limited_alike(operations: int) -> None:
    assert_same(flat(500), limits=Limits(operations=operations))


def test_hardware_qubits_in_runs_are_counted() -> None:
    text = 'include "stdgates.inc";\n' + "h $3;\ncx $3, $17;\n" * 20
    (circuit,) = assert_same(text).circuits
    assert circuit.num_physical == 18
    assert_same('include "stdgates.inc";\n' + "h $3;\n" * 20 + "x $123456789;\n")


def test_short_texts_and_runs_are_left_to_the_ordinary_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    tree = parser.parse(Source(flat(3)), runs=True)
    assert not [node for node in tree.statements if isinstance(node, shapes.Run)]


def test_spans_are_exact() -> None:
    text = flat(200)
    (circuit,) = read(Source(text)).circuits
    assert circuit.span_table is not None
    table = circuit.span_table[circuit.columns.span]
    assert all(text[a:b].endswith(";") and text[a:b][0].isalpha() for a, b in table.tolist())
    assert np.all(np.diff(table[:, 0]) >= 0)


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
def test_every_program_of_the_corpus_is_read_alike() -> None:
    files = sorted(p for p in CORPUS.rglob("*") if p.suffix in (".qasm", ".qasm3", ".inc") and p.stat().st_size < 2_000)
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        assert_same(text)
