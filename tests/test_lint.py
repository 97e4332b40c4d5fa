"""The linter: every rule on a fixture that triggers it and one that does not; outputs, fixes, settings."""

from __future__ import annotations

import io
import json
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

import qir
from qir.cli.main import run as qcompile
from qir.codes import CODES
from qir.lint import RULES
from qir.lint.fixes import apply_fixes
from qir.lint.formats import github, sarif
from qir.lint.rule import manual
from qir.source import Source

FIXTURES = Path(__file__).resolve().parent / "fixtures" / "lint"
EXPECT = re.compile(r"// expect: ([Q\d, ]+)")
CIRCUIT_SLUGS = sorted({r.slug for r in RULES if r.slug.startswith("circuit.")})


def expected(text: str) -> list[tuple[int, str]]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if found := EXPECT.search(line):
            rows += [(number, code.strip()) for code in found[1].split(",")]
    return sorted(rows)


@pytest.mark.parametrize("slug", CIRCUIT_SLUGS)
def test_a_rule_triggers_where_it_should_and_nowhere_else(slug: str) -> None:
    bad, good = FIXTURES / f"{slug}.qasm", FIXTURES / f"{slug}.ok.qasm"
    found = sorted((d.span.line if d.span else 0, d.code) for d in qir.lint(bad))
    assert found == expected(bad.read_text())
    assert CODES[slug].code in {code for _, code in found}
    assert [str(d) for d in qir.lint(good)] == []


def test_every_rule_has_a_manual_page_and_a_code() -> None:
    for rule in RULES:
        text = manual(rule)
        assert CODES[rule.slug].code in text
        assert "How to fix it" in text, rule.slug
    numbers = [row.code for row in CODES.values()]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("slug", ["circuit.deprecated", "circuit.reset-fresh", "circuit.identity-gate"])
def test_fixes_are_idempotent_and_keep_the_meaning(slug: str) -> None:
    text = (FIXTURES / f"{slug}.qasm").read_text()
    source = Source(text)
    from qir.linter import lint_source

    fixed, count = apply_fixes(source, lint_source(source, None))
    assert count
    again = Source(fixed)
    assert apply_fixes(again, lint_source(again, None)) == (fixed, 0)
    assert qir.equivalent(qir.loads(text), qir.loads(fixed)).equivalent


def test_comments_silence_a_line() -> None:
    head = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit q;\n'
    assert [d.code for d in qir.lint(head + "rx(90) q;\n")] == ["Q211"]
    assert qir.lint(head + "rx(90) q; // qcompile: ignore[Q211]\n") == []
    assert qir.lint(head + "// qcompile: ignore\nrx(90) q;\n") == []
    assert [d.code for d in qir.lint(head + "rx(90) q; // qcompile: ignore[Q200]\n")] == ["Q211"]
    assert qir.lint(head + "rx(90) q;\n", ignore=["Q2"]) == []
    assert qir.lint(head + "rx(90) q;\n", select=["circuit.unused-qubit"]) == []


def findings() -> list[tuple[str, qir.Diagnostic]]:
    return [("a b/ü.qasm", d) for d in qir.lint('OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit θ;\nrx(90) θ;\nh r;\n')]


def test_sarif_is_valid() -> None:
    log = json.loads(sarif(findings(), "0"))
    (run,) = log["runs"]
    assert {r["ruleId"] for r in run["results"]} >= {"Q120"}
    location = run["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "a%20b/%C3%BC.qasm", "uriBaseId": "%SRCROOT%"}
    assert run["columnKind"] == "utf16CodeUnits"
    ids = [r["id"] for r in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert len(result["partialFingerprints"]["qcompile/v1"]) == 32


def test_columns_are_utf16_in_sarif() -> None:
    text = 'OPENQASM 3.0; include "stdgates.inc"; qubit q; /* 😀 */ h r;\n'
    (found,) = [d for d in qir.lint(text) if d.slug == "name.undeclared"]
    assert found.span is not None
    log = json.loads(sarif([("a.qasm", found)], "0"))
    region = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region["startColumn"] == found.span.column + 1


def test_github_annotations_are_escaped() -> None:
    lines = github(findings()).splitlines()
    assert all(line.startswith("::") for line in lines)
    assert any("line=5" in line for line in lines)


class Result(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, cwd: Path, stdin: str | None = None) -> Result:
    """What `qcompile lint` does in a folder, without a process of its own."""
    out, err = io.StringIO(), io.StringIO()
    source = io.TextIOWrapper(io.BytesIO((stdin or "").encode()), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        patch.setattr(sys, "stdin", source)
        status = qcompile(["lint", *arguments])
    return Result(status, out.getvalue(), err.getvalue())


def test_command_line(tmp_path: Path) -> None:
    file = tmp_path / "a.qasm"
    file.write_text('OPENQASM 3.0;\ninclude "stdgates.inc";\nqreg q[1];\nh r[0];\n')
    result = run(".", "--format", "json", cwd=tmp_path)
    rows = json.loads(result.stdout)
    assert result.returncode == 1
    assert {r["code"] for r in rows} >= {"Q120", "Q210"}
    assert {"code", "slug", "severity", "message", "file", "line", "column", "end_line", "end_column"} <= set(rows[0])
    assert run("a.qasm", "--select", "Q210", cwd=tmp_path).returncode == 0
    assert "-qreg q[1];" in run("a.qasm", "--diff", cwd=tmp_path).stdout
    assert "qreg" in file.read_text()
    run("a.qasm", "--fix", cwd=tmp_path)
    assert "qubit[1] q;" in file.read_text()
    named = run("-", "--stdin-filename", "b.qasm", "--format", "json", cwd=tmp_path, stdin="OPENQASM 3.0;\nx q;\n")
    assert {r["file"] for r in json.loads(named.stdout)} == {"b.qasm"}
    assert run("a.qasm", "--ignore", "Q999x", cwd=tmp_path).returncode == 2


def test_configuration(tmp_path: Path) -> None:
    (tmp_path / "a.qasm").write_text('OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit q;\nrx(90) q;\n')
    assert "Q211" in run("a.qasm", cwd=tmp_path).stdout
    (tmp_path / "pyproject.toml").write_text('[tool.qcompile]\nignore = ["Q211"]\n')
    assert run("a.qasm", cwd=tmp_path).stdout == ""
    (tmp_path / "qcompile.toml").write_text('target = "nowhere"\n')
    assert run("a.qasm", cwd=tmp_path).returncode == 2
    (tmp_path / "qcompile.toml").write_text("colour = 1\n")
    assert "unknown setting colour" in run("a.qasm", cwd=tmp_path).stderr
