"""The linter: every rule on a fixture that triggers it and one that does not; outputs, fixes, settings."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

import qir
from qir.cli.main import run as qcompile
from qir.codes import CODES
from qir.diagnostics import Severity
from qir.lint import RULES
from qir.lint.fixes import apply_fixes, fix_all
from qir.lint.formats import github, sarif
from qir.lint.rule import manual
from qir.linter import lint_source
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


FIXTURE_TEXTS = sorted(p for p in FIXTURES.glob("*.qasm"))


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("file", FIXTURE_TEXTS, ids=lambda p: p.stem)
def test_fixing_ends_and_safe_fixes_keep_the_meaning(file: Path, unsafe: bool) -> None:
    source = Source(file.read_text(encoding="utf-8"), file.name)
    fixed, left, count = fix_all(source, lint_plain, unsafe=unsafe)
    assert not any(d.fix is not None and (unsafe or d.fix.safe) for d in left)
    assert fix_all(fixed, lint_plain, unsafe=unsafe)[2] == 0
    if count and not unsafe:
        assert qir.equivalent(qir.loads(source.text), qir.loads(fixed.text)).equivalent


def lint_plain(source: Source) -> list[qir.Diagnostic]:
    return lint_source(source, None)


HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
SLIPS = [
    ("OPENQASM 3.0;\nqubit[2] q;\nh q[0];\ncx q[0], q[1];\n", True,
     'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nh q[0];\ncx q[0], q[1];\n'),
    ("// a comment\nqubit q;\nh q;\n", True, 'OPENQASM 3.1;\ninclude "stdgates.inc";\n// a comment\nqubit q;\nh q;\n'),
    ("OPENQASM 2.0;\nqreg q[1];\nh q[0];\n", True, 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nh q[0];\n'),
    ("OPENQASM 3.0;\r\nqubit q;\r\nh q;\r\n", True, 'OPENQASM 3.0;\r\ninclude "stdgates.inc";\r\nqubit q;\r\nh q;\r\n'),
    (HEAD + "qreg q[1];\ncreg c[1];\nx q[0];\nmeasure q -> c;\n", True,
     HEAD + "qubit[1] q;\nbit[1] c;\nx q[0];\nc = measure q;\n"),
    (HEAD + "qubit q;\nreset q;\nx q;\n", True, HEAD + "qubit q;\nx q;\n"),
    (HEAD + "qubit q;\nhh q;\n", False, HEAD + "qubit q;\nh q;\n"),
    (HEAD + "qubit quantum;\nx quantun;\n", False, HEAD + "qubit quantum;\nx quantum;\n"),
    (HEAD + "qubit q;\nx q // flip\ny q;\n", False, HEAD + "qubit q;\nx q; // flip\ny q;\n"),
    (HEAD + "qubit q;\nrx(90) q;\n", False, HEAD + "qubit q;\nrx(pi/2) q;\n"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "safe", "after"), SLIPS)
def test_common_slips_are_put_right(before: str, safe: bool, after: str) -> None:
    fixed, left, _ = fix_all(Source(before), lint_plain, unsafe=not safe)
    assert fixed.text == after
    assert [str(d) for d in left if d.severity is not Severity.INFO] == []
    if not safe:
        assert fix_all(Source(before), lint_plain)[2] == 0


SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "additionalProperties": False,
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "informationUri": {"type": "string", "format": "uri"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "properties": {
                                                "id": {"type": "string"},
                                                "name": {"type": "string"},
                                                "shortDescription": {"$ref": "#/$defs/message"},
                                                "fullDescription": {"$ref": "#/$defs/message"},
                                                "help": {"$ref": "#/$defs/message"},
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
                },
            },
        },
    },
    "additionalProperties": False,
    "$defs": {
        "message": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}},
        "artifact": {
            "type": "object",
            "additionalProperties": False,
            "required": ["uri"],
            "properties": {
                "uri": {"type": "string", "pattern": "^([A-Za-z0-9._~/-]|%[0-9A-F]{2})+$|^file:///"},
                "uriBaseId": {"type": "string"},
            },
        },
        "region": {
            "type": "object",
            "additionalProperties": False,
            "required": ["startLine"],
            "properties": {k: {"type": "integer", "minimum": 1} for k in ("startLine", "startColumn", "endLine", "endColumn")},
        },
        "result": {
            "type": "object",
            "additionalProperties": False,
            "required": ["message"],
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": {"$ref": "#/$defs/message"},
                "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                "locations": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "physicalLocation": {
                                "type": "object",
                                "additionalProperties": False,
                                "properties": {
                                    "artifactLocation": {"$ref": "#/$defs/artifact"},
                                    "region": {"$ref": "#/$defs/region"},
                                },
                            },
                            "logicalLocations": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "properties": {"fullyQualifiedName": {"type": "string"}, "kind": {"type": "string"}},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
"""The part of the SARIF 2.1.0 schema (OASIS standard, section 3) that is written, closed against anything else."""

REPORTED = [
    ("a b/ü.qasm", 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit θ;\nrx(90) θ;\nh r;\nx θ'),
    ("/abs/jobs/a b.json", '{"type": "ionq.circuit.v1", "backend": "nowhere", "input": {"gateset": "qis", "qubits": 0}}'),
    ("empty.qasm", ""),
    ("C:\\jobs\\a.qasm", "OPENQASM 3.0;\nx $0;\n"),
]


def test_sarif_keeps_to_the_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    rows = [(name, d) for name, text in REPORTED for d in qir.lint(text)]
    log = json.loads(sarif(rows, "0"))
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    assert len(run["results"]) == len(rows)
    prints = [r["partialFingerprints"]["qcompile/v1"] for r in run["results"]]
    assert len(set(prints)) == len(prints)
    for result in run["results"]:
        physical = result["locations"][0]["physicalLocation"]
        absolute = physical["artifactLocation"]["uri"].startswith("file:")
        assert absolute != ("uriBaseId" in physical["artifactLocation"])
        if region := physical.get("region"):
            assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])
    assert json.loads(sarif([], "0"))["runs"][0]["results"] == []


def test_the_formats_of_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "a.qasm").write_text(HEAD + "qubit q;\nhh q;\n")
    (tmp_path / "deep" / "er" / "b.json").write_text('{"backend": "simulator", "input": {"gateset": "qis"},}')
    (tmp_path / "deep" / "package.json").write_text('{"name": "a", "version": "1"}')
    (tmp_path / "deep" / ".venv").mkdir()
    (tmp_path / "deep" / ".venv" / "c.qasm").write_text("x q;")
    (tmp_path / "deep" / "notes.txt").write_text("nothing")
    assert "::error file=deep/a.qasm,line=4" in run("deep", "--format", "github", cwd=tmp_path).stdout
    names = {r["file"] for r in json.loads(run("deep", "--format", "json", cwd=tmp_path).stdout)}
    assert names == {"deep/a.qasm", "deep/er/b.json"}
    names = {r["file"] for r in json.loads(run("deep/*/*.json", "--format", "json", cwd=tmp_path).stdout)}
    assert names == {"deep/er/b.json"}
    log = json.loads(run("deep", "--format", "sarif", cwd=tmp_path).stdout)
    assert log["version"] == "2.1.0"
    text = run("deep", "--statistics", cwd=tmp_path)
    assert text.returncode == 1
    assert "deep/a.qasm:4:1: error[Q121]" in text.stdout
    assert "^^" in text.stdout
    assert "\x1b[" not in text.stdout
    assert re.search(r"1\s+Q121\s+name.undeclared-gate", text.stderr)
    assert "2 errors" in text.stderr


def test_exit_statuses(tmp_path: Path) -> None:
    (tmp_path / "good.qasm").write_text(HEAD + "qubit q;\nx q;\n")
    (tmp_path / "doubtful.qasm").write_text(HEAD + "qubit q;\nrx(90) q;\n")
    (tmp_path / "wrong.qasm").write_text(HEAD + "qubit q;\nx r;\n")
    assert run("good.qasm", cwd=tmp_path).returncode == 0
    assert run("doubtful.qasm", cwd=tmp_path).returncode == 0
    assert run("wrong.qasm", "good.qasm", cwd=tmp_path).returncode == 1
    assert run("nowhere.qasm", cwd=tmp_path).returncode == 2
    partly = run("nowhere.qasm", "wrong.qasm", cwd=tmp_path)
    assert partly.returncode == 2
    assert "Q120" in partly.stdout
    assert run("good.qasm", "-t", "nowhere", cwd=tmp_path).returncode == 2
    assert run("good.qasm", "--format", "xml", cwd=tmp_path).returncode == 2
    assert run(cwd=tmp_path).returncode == 2
    assert run("-", "--fix", cwd=tmp_path, stdin="OPENQASM 3.0;\nqreg q[1];\n").stdout == "OPENQASM 3.0;\nqubit[1] q;\n"


def test_programs_inside_jobs_are_located_by_pointer_and_by_their_own_line() -> None:
    program = HEAD + "bit[1] c;\nx $0;\nc[0] = measure r;\n"
    job = {"program_id": "sampler", "backend": "ibm_fez", "params": {"version": 2, "pubs": [[program]]}}
    (found,) = [d for d in qir.lint(json.dumps(job, indent=1)) if d.slug == "name.undeclared"]
    assert found.pointer == "/params/pubs/0/0"
    assert found.span is not None
    assert (found.span.line, found.span.column, found.span.text) == (5, 16, "r")


def test_fixes_are_for_the_file_itself() -> None:
    """Nothing is cut out of JSON, and no edit has the offsets of a program inside a string."""
    program = HEAD + "bit[1] c;\nhh $0;\nreset $0;\nc[0] = measure $0;\n"
    job = {"program_id": "sampler", "backend": "ibm_fez", "params": {"version": 2, "pubs": [[program]]}}
    assert [d for d in qir.lint(json.dumps(job)) if d.fix] == []
    gates = [{"gate": "nop", "target": 0, "time": 1.0}, {"gate": "hh", "target": 0}]
    for circuit in ([gates[0]], gates):
        ionq = {"type": "ionq.circuit.v1", "backend": "simulator", "shots": 100,
                "input": {"gateset": "qis", "qubits": 1, "circuit": circuit}}  # fmt: skip
        fixed, _, _ = fix_all(Source(json.dumps(ionq)), lint_plain, unsafe=True)
        assert len(json.loads(fixed.text)["input"]["circuit"]) == len(circuit)


def test_estimates_show_formula_source_and_date() -> None:
    rows = {d.slug: d for d in qir.lint(HEAD + "qubit[2] q;\nh q[0];\ncx q[0], q[1];\n", "qpu.forte-1", shots=1000)}
    assert re.search(r"USD for 1000 shots .*\*.* with .*, \d{4}-\d\d-\d\d$", rows["estimate.cost"].message)
    assert "1 - error" in rows["estimate.success"].message
    assert " us" in rows["estimate.duration"].message


def test_without_a_machine_neither_compiler_nor_passes_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "bell.qasm").write_text(HEAD + "qubit[2] q;\nh q[0];\ncx q[0], q[1];\n")
    code = (
        "import sys\nfrom qir.cli.main import run\nassert run(['lint', 'bell.qasm']) == 0\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('networkx', 'pygls', 'numba', 'rich')"
        " or m.startswith(('qir.passes', 'qir.compiler', 'qir.verify', 'qir.emitters', 'qir.pipeline'))])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_no_pattern_goes_astray() -> None:
    """Texts on which a careless pattern would take exponential or quadratic time."""
    for text in ("/**/" * 1000 + "x;", "// \n" * 20_000 + "h q;", "OPENQASM 3.0;\n" + "measure q " * 5_000, "qreg a[" * 5_000,
                 " " * 50_000 + "x", "end;" * 5_000, "return " * 5_000, "/*" * 20_000):  # fmt: skip
        begin = time.process_time()
        qir.lint(text)
        assert time.process_time() - begin < 2
