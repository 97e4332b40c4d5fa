"""Readers under damaged programs: whatever the text, a program or diagnostics, nothing else.

Programs of our own and random circuits are written out, then damaged token by token.  The run is
bounded to a few seconds; for a long one set QIR_FUZZ to the number of examples per test:

    QIR_FUZZ=100000 pytest tests/test_fuzz_readers.py
"""

from __future__ import annotations

import json
import os
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import STANDARD, circuits

from qir.emitters.openqasm3 import dumps
from qir.frontends import read
from qir.program import Program, has_errors
from qir.source import Source

EXAMPLES = int(os.environ.get("QIR_FUZZ", "60"))
bounded = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

SEEDS_3 = (
    "OPENQASM 3.1;\n",
    'include "stdgates.inc";\nqubit[3] q;\nbit[3] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n',
    "qubit q; const int n = 3; for int i in [0:n - 1] { U(pi / (i + 1), 0, 0) q; }\n",
    'include "stdgates.inc";\ngate g(a, b) x, y { rz(a) x; ctrl @ inv @ pow(2) @ ry(b / 2) x, y; }\nqubit[2] q;\n'
    "g(0.1, pi) q[0], q[1];\n",
    'include "stdgates.inc";\ninput float[64] theta;\noutput bit r;\nqubit[2] q;\nrx(2 * theta + pi) q[0];\nr = measure q[0];\n'
    "if (r == 1) { x q[1]; } else if (!r) { reset q[1]; } else { box { delay[10ns] q[0]; } }\n",
    "def f(qubit a, int[8] n) -> bit { bit b; b = measure a; return b; }\nqubit a; bit r; r = f(a, 3);\n",
    "qubit[4] q; let a = q[0:2] ++ q[{3}]; barrier a; array[int[32], 2, 2] m = {{1, 2}, {3, 4}}; int x = m[1, 0] << 2;\n",
    "bit[2] c; int i = 0; while (i < 3) { i += 1; switch (i) { case 1, 2 { c[0] = 1; } default { break; } } }\n",
    "pragma keep\n@note here\nqubit $x; extern f(int, float[64]) -> bit;\ncal { x } defcal g $0 { y }\n"
    "complex z = 2im * 3.5;\nduration d = 3 * 10us;\n",
)
SEEDS_2 = (
    'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\nu3(pi/2, -0.5, 2^2) q[0];\ncx q, q;\n'
    "measure q -> c;\nif (c == 3) x q[0];\n",
    "OPENQASM 2.0;\nopaque f(a) x;\ngate g(a) x, y { U(sin(a), 0, ln(2)) x; CX x, y; barrier x, y; }\nqreg q[2];\n"
    "g(.5) q[0], q[1];\nreset q;\n",
)
SEEDS_JSON = (
    {"type": "ionq.circuit.v1", "backend": "simulator", "shots": 100, "input": {
        "qubits": 2, "gateset": "qis", "circuit": [{"gate": "h", "target": 0}, {"gate": "rx", "targets": [1], "rotation": 0.5},
                                                   {"gate": "x", "controls": [0], "target": 1}]}},
    {"qubits": 2, "circuit": [{"gate": "ms", "targets": [0, 1], "phases": [0, 0.25], "angle": 0.1}], "gateset": "native"},
    {"program_id": "sampler", "backend": "ibm_fez", "params": {"version": 2, "pubs": [
        ['OPENQASM 3.0; include "stdgates.inc"; bit[1] c; rz(0.5) $0; c[0] = measure $0;', None, 100]]}},
)  # fmt: skip

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
_NOISE = (
    *"qubit bit gate measure if else for in while ctrl @ inv pow(0) - ** / [ ] { } ( ) ; , -> = ++ q q[9] c pi 0 1 -1".split(),
    *"1e308 1e999 99999999999999999999 0x 2im 10ns \" ' // /* */ \u202e é 💥 #dim $0 $ let def return end true NaN".split(),
    *": [0:1000000000] U h gphase(1) include sizeof".split(),
    "\0", "\n", "/ 0", "OPENQASM 3.0;", "OPENQASM 2.0;",
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """A text with up to five tokens removed, doubled, exchanged or replaced."""
    tokens = _TOKEN.findall(draw(texts))
    for _ in range(draw(st.integers(1, 5))):
        if not tokens:
            break
        i, j = draw(st.integers(0, len(tokens) - 1)), draw(st.integers(0, len(tokens) - 1))
        what = draw(st.integers(0, 5))
        if what == 0:
            del tokens[i : i + draw(st.integers(1, 3))]
        elif what == 1:
            tokens[i], tokens[j] = tokens[j], tokens[i]
        elif what == 2:
            tokens[i:i] = tokens[min(i, j) : max(i, j)][:30]
        elif what == 3:
            tokens[i] = draw(st.text(max_size=3))
        else:
            tokens[i : i + (what == 4)] = [draw(st.sampled_from(_NOISE))]
    return "".join(tokens)


def check(text: str, format: str) -> Program:
    """Read; then the program is whole, or its diagnostics say where it is not."""
    program = read(Source(text), format)
    assert not (program.circuits and has_errors(program.diagnostics))
    for found in program.diagnostics:
        assert found.message
        assert len(found.message) < 2000
        if found.span is not None and found.span.source.text == text:
            assert 0 <= found.span.start <= found.span.end <= len(text) + 1
    return program


CIRCUITS = circuits(
    max_qubits=3, max_ops=8, gates=STANDARD, measure=True, reset=True, barrier=True, delay=True, control_flow=True,
    variables=True, parameters=1, modifiers=True, user_gates=True, registers=True, annotations=True,
)  # fmt: skip


@bounded
@given(damaged(st.one_of(st.sampled_from(SEEDS_3), CIRCUITS.map(dumps))))
def test_openqasm3(text: str) -> None:
    program = check(text, "openqasm3")
    for circuit in program.circuits:
        again = read(Source(str(circuit)), "openqasm3")
        assert not has_errors(again.diagnostics), (str(circuit), again.diagnostics)
        assert again.circuits == (circuit,)


@bounded
@given(damaged(st.sampled_from(SEEDS_2)))
def test_openqasm2(text: str) -> None:
    check(text, "openqasm2")


@bounded
@given(damaged(st.sampled_from([json.dumps(seed) for seed in SEEDS_JSON])), st.sampled_from(["ionq", "ibm"]))
def test_json(text: str, format: str) -> None:
    check(text, format)


@bounded
@given(st.text(max_size=60), st.sampled_from([None, "openqasm3", "openqasm2", "ionq", "ibm"]))
def test_noise(text: str, format: str | None) -> None:
    read(Source(text), format)


@pytest.mark.parametrize("text", SEEDS_2)
def test_the_seeds_are_worth_damaging(text: str) -> None:
    assert len(_TOKEN.findall(text)) > 20
