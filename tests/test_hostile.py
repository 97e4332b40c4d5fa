"""Hostile and mistaken inputs: a clean diagnostic or a circuit, soon and in little memory; never a
hang, a crash, a traceback, or a word of a foreign file in a message.

The project's own cases are below; a larger collection is run as well where it is at hand.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType

import pytest

import qir

COLLECTION = Path(__file__).resolve().parents[2] / "shared" / "tools" / "hostile_inputs.py"

H3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
H2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
LAUGHS = "gate g0 a { x a; }\n" + "".join(f"gate g{i} a {{ {f'g{i - 1} a; ' * 8} }}\n" for i in range(1, 14))

REFUSED = {
    "nul": H3 + "qubit q;\nh\0 q;\n",
    "open comment": H3 + "/* " + "x " * 50_000,
    "open string": 'OPENQASM 3.0;\ninclude "std',
    "integer of a million digits": H3 + "const int a = " + "9" * 1_000_000 + ";\n",
    "overflowing angle": H3 + "qubit q; rz(1e999999) q;\n",
    "angle without value": H3 + "qubit q; rz(0.0/0.0) q;\n",
    "garbage": H3 + "@#$%^&?`~" * 20_000,
    "ten thousand parentheses": H3 + "qubit q; rz(" + "(" * 10_000 + "1" + ")" * 10_000 + ") q;\n",
    "two thousand blocks": H3 + "qubit q; bit c; " + "if (c) { " * 2000 + "x q; " + "} " * 2000,
    "open brackets": H3 + "const int a = " + "[" * 50_000,
    "power tower": H3 + "qubit q; const int a = 9**9**9**9**9; rz(a) q;\n",
    "shift": H3 + "const uint a = 1 << (1 << 40);\nqubit q; rz(a) q;\n",
    "a billion controls": H3 + "qubit[3] q; ctrl(1000000000) @ x q[0],q[1];\n",
    "laughs": H3 + LAUGHS + "qubit q; g13 q;\n",
    "gate of itself": H3 + "gate g a { g a; } qubit q; g q;\n",
    "a billion iterations": H3 + "qubit q; for int i in [0:1000000000] { x q; }\n",
    "nested loops": H3 + "qubit q; " + "".join(f"for int i{k} in [0:999] {{ " for k in range(5)) + "x q; " + "}" * 5,
    "a trillion qubits": H3 + "qubit[1099511627776] q; h q[0];\n",
    "a trillion bits": H3 + "bit[1099511627776] c; qubit q; h q;\n",
    "ten million broadcasts": H3 + "qubit[10000000] q; h q; h q; h q;\n",
    "negative size": H3 + "qubit[-1] q; h q;\n",
    "huge array": H3 + "array[int[32], 100000, 100000] a; qubit q; h q;\n",
    "subroutine of itself": H3 + "def f(qubit q) { f(q); } qubit q; f(q);\n",
    "twenty thousand errors": H3 + "foo bar;\n" * 20_000,
    "twenty thousand errors in a row of gates": H3 + "qubit[2] q;\n" + "cx q[1], q[1];\n" * 20_000,
    "absolute include": 'OPENQASM 3.0;\ninclude "/etc/passwd";\n',
    "include above": 'OPENQASM 3.0;\ninclude "../../../../../../etc/passwd";\n',
    "device include": 'OPENQASM 3.0;\ninclude "/dev/zero";\n',
    "network include": 'OPENQASM 3.0;\ninclude "http://127.0.0.1:9/x.inc";\n',
    "infinite delay": H3 + "qubit q; delay[1e308s] q; delay[-5ns] q;\n",
    "2: overflowing angle": H2 + "qreg q[1]; rz(1e999999) q[0];\n",
    "2: parentheses": H2 + "qreg q[1]; rz(" + "(" * 10_000 + "1" + ")" * 10_000 + ") q[0];\n",
    "2: power tower": H2 + "qreg q[1]; rz(9^9^9^9^9) q[0];\n",
    "2: qubits": H2 + "qreg q[2147483648]; h q[0];\n",
    "json: nesting": "[" * 100_000,
    "json: nan": '{"qubits": 1, "circuit": [{"gate": "rx", "target": 0, "rotation": NaN}]}',
    "json: duplicate key": '{"qubits": 1, "qubits": 2, "circuit": []}',
    "json: huge number": '{"qubits": ' + "9" * 1_000_000 + ', "circuit": []}',
}

ACCEPTED = {
    "empty": "",
    "carriage returns": (H3 + "qubit q;\nh q; // c\nx q;\n").replace("\n", "\r"),
    "two hundred parentheses": H3 + "qubit q; rz(" + "(" * 200 + "1" + ")" * 200 + ") q;\n",
    "two thousand terms": H3 + "qubit q; rz(" + "+".join(["0.001"] * 2000) + ") q;\n",
    "ten thousand iterations": H3 + "qubit q; for int i in [0:9999] { x q; }\n",
    "two thousand registers": H3 + "".join(f"qubit[1] r{i};\n" for i in range(2000)) + "h r0;\n",
    "a megabyte on one line": H3 + "qubit[4] q; " + "h q[0]; cx q[0],q[1]; " * 47_600,
}

EITHER = {
    "a hundred thousand signs": H3 + "qubit q; rz(" + "-" * 100_000 + "1) q;\n",
    "a hundred thousand terms": H3 + "qubit q; rz(" + "+".join(["1"] * 100_000) + ") q;\n",
    "ten thousand modifiers": H3 + "qubit q; " + "inv @ " * 10_000 + "x q;\n",
    "power of a power": H3 + "qubit q; gate g a { h a; t a; } pow(100000) @ pow(100000) @ g q;\n",
    "sixty controls": H3 + "qubit[70] q; " + "ctrl @ " * 60 + "x " + ",".join(f"q[{i}]" for i in range(61)) + ";\n",
    "an endless loop": H3 + "qubit q; while (true) { x q; }\n",
    "a million semicolons": H3 + ";" * 1_000_000,
    "a long name": H3 + "qubit " + "a" * 5_000_000 + ";",
}

SECONDS = 5.0
"""For one case; a fifth of it on a machine of its own."""


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Fail when the block takes longer, or needs a deep stack."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds * 4)
    start = time.process_time()
    try:
        yield
    except TimeoutError:
        pytest.fail(f"still running after {seconds * 4} s")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.process_time() - start < seconds


def read(text: str) -> list[str]:
    """The messages, empty when the text was accepted."""
    try:
        qir.loads(text)
    except qir.ParseError as problem:
        assert problem.diagnostics
        return [d.message for d in problem.diagnostics]
    return []


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name: str) -> None:
    with bounded(SECONDS):
        messages = read(REFUSED[name])
    assert messages
    assert len(messages) <= 200
    assert all(len(m) < 1000 for m in messages)
    assert not any("root:" in m for m in messages)


@pytest.mark.parametrize("name", ACCEPTED)
def test_is_accepted(name: str) -> None:
    with bounded(SECONDS):
        assert read(ACCEPTED[name]) == []


@pytest.mark.parametrize("name", EITHER)
def test_ends_soon(name: str) -> None:
    with bounded(SECONDS):
        messages = read(EITHER[name])
    assert all(len(m) < 1000 for m in messages)


def test_a_low_stack_is_enough() -> None:
    text = H3 + "qubit q; rz(" + "(" * 200 + "1" + ")" * 200 + "+" + "+".join(["0.001"] * 2000) + ") q;\n"
    read(text)
    depth, frame = 0, sys._getframe().f_back
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 100)
    try:
        assert read(text) == []
    finally:
        sys.setrecursionlimit(limit)


def _collection() -> ModuleType | None:
    if not COLLECTION.exists():
        return None
    spec = importlib.util.spec_from_file_location("hostile_inputs", COLLECTION)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["hostile_inputs"] = module
    spec.loader.exec_module(module)
    return module


_MODULE = _collection()
_CASES = {f"{c.dialect} {c.id}": c for c in _MODULE.all_cases()} if _MODULE is not None else {}


@pytest.mark.skipif(not _CASES, reason="the collection is not here")
@pytest.mark.parametrize("name", list(_CASES))
def test_the_collection(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _MODULE is not None
    case = _CASES[name]
    path = _MODULE.materialise(case, tmp_path)
    monkeypatch.chdir(path.parent)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    messages: list[str] = []
    with bounded(SECONDS if not case.big else SECONDS * max(1.0, len(case.data) / 1e6)):
        try:
            qir.load(os.path.basename(path))
        except qir.ParseError as problem:
            messages = [d.message for d in problem.diagnostics] or [str(problem)]
        if not messages and case.dialect == "ionq" and case.expect == "diag":
            # What the rules of the service forbid is no matter of reading: the linter says it.
            messages = [d.message for d in qir.lint(path) if d.severity != "info"]
    if case.expect != "either":
        assert bool(messages) == (case.expect == "diag"), messages[:3]
    assert not any("root:" in m or len(m) > 2000 for m in messages)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < (1 << 20 if case.big else 256 << 10), f"{grown >> 10} MiB"
