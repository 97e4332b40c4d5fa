"""The linter held against the corpora, where they are at hand: every wrong job and program is found, no
right one is blamed.  Precision and recall are printed with `-s`, and in the summary of a verbose run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reference_findings import EQUIVALENT

import qir
from qir.diagnostics import Severity
from qir.targets.ibm import with_fractional

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpora are not at hand")

IONQ_RULES: dict[str, set[str]] = {
    "job.required": {"job.required", "json.missing"},
    "json.syntax": {"json.syntax"},
    "json.nan": {"json.nan"},
    "gate.duplicate_qubit": {"ionq.qubits"},
    "gate.unknown": {"ionq.gate"},
    "gate.reset": {"ionq.gate"},
    "gate.swap.controls": {"ionq.gate"},
    "gate.control_and_controls": {"ionq.qubits"},
    "gate.arity": {"ionq.qubits"},
    "gate.rotation.type": {"ionq.angle"},
    "multi.gateset_inherit": {"ionq.gate"},
    "shots.range": {"job.shots"},
    "job.extra": {"job.extra"},
    "input.extra": {"job.extra"},
    "input.type": {"json.type"},
    "input.qubits.range": {"ionq.qubits"},
    "qubit.range": {"ionq.qubits"},
    "debiasing.shots": {"job.mitigation"},
    "noise.model": {"job.noise"},
    "backend.qubits": {"target.qubits"},
    "native.phases.arity": {"ionq.angle"},
    "native.angle.range": {"target.angle"},
    "native.angle.missing": {"ionq.angle"},
    "pauliexp.length": {"ionq.pauliexp"},
    "pauliexp.letter": {"ionq.pauliexp"},
}
"""What the corpus calls a rule, and the slugs that say the same."""

def manifest(folder: str) -> list[dict[str, Any]]:
    content = json.loads((CORPUS / folder / "manifest.json").read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = content if isinstance(content, list) else content.get("entries") or content["files"]
    return rows


def errors_of(found: list[qir.Diagnostic]) -> set[str]:
    return {d.slug for d in found if d.severity is Severity.ERROR}


class Score:
    """Counts, and what went wrong."""

    def __init__(self) -> None:
        self.right = self.flagged = self.invalid = 0
        self.wrong: list[str] = []

    def count(self, name: str, is_valid: bool, errors: set[str], wanted: list[set[str]]) -> None:
        self.invalid += not is_valid
        self.flagged += bool(errors)
        self.right += bool(errors) and not is_valid
        if is_valid and errors:
            self.wrong.append(f"{name} is valid, but {sorted(errors)}")
        if not is_valid and not errors:
            self.wrong.append(f"{name} is invalid, and nothing is found")
        if not is_valid and any(not errors & slugs for slugs in wanted):
            self.wrong.append(f"{name}: {wanted} not among {sorted(errors)}")

    def report(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        with capsys.disabled():
            precision, recall = self.right / max(1, self.flagged), self.right / max(1, self.invalid)
            print(f"\n{name}: precision {precision:.3f} ({self.right}/{self.flagged}), "
                  f"recall {recall:.3f} ({self.right}/{self.invalid})", end=" ")  # fmt: skip


def test_ionq_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    score = Score()
    for case in manifest("ionq"):
        errors = errors_of(qir.lint(CORPUS / "ionq" / case["file"]))
        valid = case["expect"] != "invalid"
        score.count(case["id"], valid, errors, [] if valid else [IONQ_RULES[r] for r in case["rules"]])
    score.report("ionq", capsys)
    assert score.wrong == []


def test_ibm_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    score = Score()
    for entry in manifest("ibm"):
        if entry["kind"] != "job":
            continue
        case = json.loads((CORPUS / "ibm" / entry["file"]).read_text(encoding="utf-8"))
        target = qir.target(case["payload"]["backend"])
        errors = errors_of(qir.lint(json.dumps(case["payload"]), with_fractional(target) if case["fractional"] else target))
        score.count(entry["id"], entry["valid"], errors, [] if entry["valid"] else [EQUIVALENT[c] for c in entry["codes"]])
    score.report("ibm", capsys)
    assert score.wrong == []


def test_wrong_programs_have_the_right_class_on_the_right_line(capsys: pytest.CaptureFixture[str]) -> None:
    missed: list[str] = []
    total = first = messages = 0
    for row in manifest("openqasm3"):
        if row["kind"] != "invalid":
            continue
        total += 1
        found = [d for d in qir.lint(CORPUS / "openqasm3" / row["file"]) if d.severity is Severity.ERROR]
        wanted = row.get("class") or row["error_class"]
        right = [d.slug == wanted and d.span is not None and d.span.line in row["error_lines_accepted"] for d in found]
        messages += len(found)
        first += right[:1] == [True]
        if not any(right):
            missed.append(row["file"])
    with capsys.disabled():
        print(f"\nopenqasm3: {total - len(missed)}/{total} located, {first} by the first message, {messages} messages", end=" ")
    assert len(missed) <= 0.02 * total, missed


def test_right_programs_have_no_errors() -> None:
    blamed = []
    for row in manifest("openqasm3"):
        if row["kind"] == "valid" and row.get("check") == "semantic" and Path(row["file"]).stem != "spec_t1":
            found = qir.lint(CORPUS / "openqasm3" / row["file"])
            blamed += [f"{row['file']}: {d}" for d in found if d.severity is Severity.ERROR]
    assert blamed == []
