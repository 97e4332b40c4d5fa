"""Files with ten planted faults or more: each is found at its line and column, with at most two messages besides.

A comment `// fault: Q121 at 4` says what is wrong on its line, and the column where it is; the code is left
out where two readings are fair."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import qir
from qir.diagnostics import Severity

FILES = sorted((Path(__file__).resolve().parent / "fixtures" / "planted").glob("*.qasm"))
FAULT = re.compile(r"// fault: (Q\d+)? ?at (\d+)")


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_fault_is_found_in_its_place(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    planted = [(number, m[1], int(m[2])) for number, line in enumerate(lines, 1) if (m := FAULT.search(line))]
    assert len(planted) >= 10
    found = [d for d in qir.lint(file) if d.severity is Severity.ERROR]
    places = {(d.span.line, d.code, d.span.column) for d in found if d.span is not None}
    places |= {(line, "", column) for line, _, column in places}
    missed = [fault for fault in planted if (fault[0], fault[1] or "", fault[2]) not in places]
    assert missed == []
    assert len(found) <= len(planted) + 2, [str(d) for d in found]


def test_faults_in_a_job_are_found_by_pointer_and_line() -> None:
    file = FILES[0].parent / "job.json"
    found = [d for d in qir.lint(file) if d.severity is Severity.ERROR]
    gates = "/input/circuit"
    wanted = {
        (4, "job.shots", "/shots"),
        (5, "job.extra", "/priority"),
        (6, "job.metadata", "/metadata/run"),
        (7, "job.noise", "/noise/model"),
        (12, "ionq.qubits", f"{gates}/0/target"),
        (13, "ionq.qubits", f"{gates}/1"),
        (14, "ionq.gate", f"{gates}/2/gate"),
        (15, "ionq.angle", f"{gates}/3"),
        (16, "ionq.angle", f"{gates}/4/rotation"),
        (17, "ionq.qubits", f"{gates}/5/target"),
        (18, "ionq.qubits", f"{gates}/6"),
    }
    assert {(d.span.line, d.slug, d.pointer) for d in found if d.span is not None} >= wanted
    assert len(found) <= len(wanted) + 2, [str(d) for d in found]
