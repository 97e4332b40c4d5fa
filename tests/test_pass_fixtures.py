"""One program per pass, before and after: `fixtures/passes/NAME.qasm` and `NAME.expected`.

The first line of a program may name the passes that prepare it: `// after decompose:rzz fuse`.
Write the expected files anew with `pytest tests/test_pass_fixtures.py --update`, and read the difference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qir
from qir.circuit import Circuit
from qir.passes import PASSES
from qir.passes.base import Context, Pass

FOLDER = Path(__file__).parent / "fixtures" / "passes"
CASES = sorted(FOLDER.glob("*.qasm"))


def make(name: str) -> Pass:
    """A pass by name; `decompose:rzz` and `lower_ionq:ms` set its first option."""
    base, _, option = name.partition(":")
    maker: Any = PASSES[base]
    made: Pass = maker(option) if option else maker()
    return made


def result(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    circuit: Circuit = qir.loads(text)
    first = text.splitlines()[0]
    if first.startswith("// after "):
        for name in first.split()[2:]:
            circuit = make(name).run(circuit, Context())
    circuit = make(path.stem).run(circuit, Context())
    lines = [str(circuit)]
    if circuit.layout is not None:
        lines.append(f"// layout {list(circuit.layout.initial)} -> {list(circuit.layout.final)}\n")
    if circuit.frames is not None:
        lines.append(f"// frames {[round(float(f), 9) for f in circuit.frames]}\n")
    return "".join(lines)


def rounded(text: str) -> str:
    """The text with its numbers to nine places: platforms differ in the last bits."""
    return re.sub(r"\d+\.\d+(e-?\d+)?", lambda m: f"{float(m.group()):.9f}", text)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_pass(path: Path, golden: Callable[[str, Path], str]) -> None:
    found = result(path)
    assert rounded(found) == rounded(golden(found, path.with_suffix(".expected")))


def test_there_are_fixtures() -> None:
    assert {path.stem for path in CASES} >= {"inline", "decompose", "fuse", "cancel_inverses", "merge_rotations", "lower_ionq"}
