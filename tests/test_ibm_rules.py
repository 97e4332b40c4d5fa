"""Lint rules of IBM jobs: the shared corpus, and one fixture per rule that triggers and one that does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reference_findings import EQUIVALENT

from qir.codes import CODES
from qir.diagnostics import Diagnostic
from qir.frontends.ibm_json import read
from qir.lint.ibm_rules import IBM_RULES, check
from qir.lint.rule import manual
from qir.source import Source
from qir.targets import find
from qir.targets.ibm import with_fractional
from qir.targets.target import Target

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "ibm"
HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
X = HEAD + "bit[1] c;\nx $0;\nc[0] = measure $0;\n"
BARE = HEAD + "x $0;\n"
TWO = HEAD + "input float[64] b;\ninput float[64] a;\nbit[1] c;\nrz(a) $0;\nrz(b) $0;\nc[0] = measure $0;\n"
RZZ = "gate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; }\n"

def findings(payload: Any, target: Target | None = None) -> list[Diagnostic]:
    program = read(Source(json.dumps(payload, indent=1), "job.json"))
    return [*program.diagnostics, *check(program, target)]


def entries() -> list[Any]:
    manifest = CORPUS / "manifest.json"
    if not manifest.is_file():
        return []
    found: list[Any] = [e for e in json.loads(manifest.read_text())["entries"] if e["kind"] == "job"]
    return found


@pytest.mark.skipif(not entries(), reason="the shared corpus is not at hand")
def test_the_corpus_is_judged_right(capsys: pytest.CaptureFixture[str]) -> None:
    wrong: list[str] = []
    found_right = invalid = flagged = 0
    for entry in entries():
        data = json.loads((CORPUS / entry["file"]).read_text())
        target = find(data["payload"]["backend"])
        all_found = findings(data["payload"], with_fractional(target) if data["fractional"] else target)
        slugs = {str(d.severity): {e.slug for e in all_found if e.severity == d.severity} for d in all_found}
        errors = slugs.get("error", set())
        invalid += not entry["valid"]
        flagged += bool(errors)
        found_right += bool(errors) and not entry["valid"]
        if entry["valid"] and errors:
            wrong.append(f"{entry['id']}: valid, but {sorted(errors)}")
        for code in entry["codes"]:
            if not errors & EQUIVALENT[code]:
                wrong.append(f"{entry['id']}: {code} not among {sorted(errors)}")
        for code in data["expect"]["warnings"]:
            if not (slugs.get("warning", set()) | errors) & EQUIVALENT[code]:
                wrong.append(f"{entry['id']}: warning {code} not among {slugs}")
        assert all(d.pointer is not None for d in all_found), entry["id"]
    with capsys.disabled():
        print(f" precision {found_right}/{flagged}, recall {found_right}/{invalid} ", end="")
    assert wrong == []


def sampler(*pubs: Any, options: Any = None, **params: Any) -> dict[str, Any]:
    inside = {"pubs": list(pubs), "version": 2, **({"options": options} if options is not None else {}), **params}
    return {"program_id": "sampler", "backend": "ibm_fez", "params": inside}


def estimator(*pubs: Any, **params: Any) -> dict[str, Any]:
    return {**sampler(*pubs, **params), "program_id": "estimator"}


CLEAN: list[Any] = [
    sampler([X]),
    sampler([TWO, {"a": 1, "b": 2}, 100]),
    sampler([TWO.replace("$0", "$155"), {"a": [1, 2], "b": 2}, 100], shots=100),
    estimator([BARE, "Z"], [HEAD + "x $0;\nbarrier $3;\n", {"ZZII": 0.5}], resilience_level=2, precision=0.1),
    estimator(
        [HEAD + "input float a;\nrz(a) $0;\n", [["Z"], ["X"]], {"a": [1, 2, 3]}, 0.1], options={"default_precision": 0.1}
    ),
    sampler([HEAD + "bit[2] c;\nc[0] = measure $0;\nif (c[0]) { x $1; } else { sx $1; }\nc[1] = measure $1;\n"]),
    sampler([HEAD + "bit[1] c;\ndelay[100ns] $0;\nreset $0;\nc[0] = measure $0;\n"]),
]


@pytest.mark.parametrize("payload", CLEAN)
def test_clean_jobs_have_no_findings(payload: Any) -> None:
    wide = [d for d in findings(payload) if d.slug != "job.shots"]
    assert [str(d) for d in wide] == []


FLOW = HEAD + "bit[40] c;\nc[0] = measure $0;\n{}\n"
FINDINGS: list[tuple[str, Any, str, str, str]] = [
    ("no backend", {"program_id": "sampler", "params": {"pubs": [[X]]}}, "job.required", "error", ""),
    ("unknown machine", {**sampler([X]), "backend": "ibm_atlantis"}, "target.unknown", "warning", "/backend"),
    ("retired machine", {**sampler([X]), "backend": "ibm_kyiv"}, "target.retired", "warning", "/backend"),
    ("unknown program", {**sampler([X]), "program_id": "qaoa"}, "job.program", "error", "/program_id"),
    ("version 1", sampler([X], version=1), "job.type", "error", "/params/version"),
    ("shots as text", sampler([X, None, "10"]), "job.shots", "error", "/params/pubs/0/2"),
    ("shots as float", sampler([X, None, 10.0]), "job.shots", "error", "/params/pubs/0/2"),
    ("too many shots", sampler([X, None, 10**6]), "job.shots", "error", "/params/pubs/0/2"),
    ("default shots 0", sampler([X], options={"default_shots": 0}), "job.options", "error", "/params/options/default_shots"),
    ("params shots 0", sampler([X], shots=0), "job.shots", "error", "/params/shots"),
    ("precision 0", estimator([BARE, "Z", None, 0]), "job.shots", "error", "/params/pubs/0/3"),
    ("precision mixed", estimator([BARE, "Z", None, 0.1], [BARE, "Z"]), "job.shots", "warning", "/params/pubs"),
    ("precision for the sampler", sampler([X], precision=0.1), "job.extra", "error", "/params/precision"),
    ("resilience level 3", estimator([BARE, "Z"], resilience_level=3), "job.type", "error", "/params/resilience_level"),
    ("level in options", estimator([BARE, "Z"], options={"resilience_level": 1}), "job.options", "error",
     "/params/options/resilience_level"),
    ("executions", sampler([TWO, {"a": [0.0] * 100, "b": 1}, 60_000]), "job.size", "error", "/params/pubs"),
    ("no values", sampler([TWO]), "job.values", "error", "/params/pubs/0"),
    ("names", sampler([TWO, {"a": 1, "z": 2}]), "job.values", "error", "/params/pubs/0/1"),
    ("too few values", sampler([TWO, [1]]), "job.values", "error", "/params/pubs/0/1"),
    ("order of values", sampler([TWO, [1, 2]]), "job.values", "warning", "/params/pubs/0/1"),
    ("shapes", estimator([HEAD + "input float a;\nrz(a) $0;\n", ["Z", "X"], {"a": [1, 2, 3]}]), "job.values", "error",
     "/params/pubs/0/2"),
    ("observable as wide as the machine", estimator([BARE, "I" * 155 + "Z"]), "target.observable", "error", "/params/pubs/0/1"),
    ("projector", estimator([BARE, {"0": 1}]), "target.observable", "error", "/params/pubs/0/1"),
    ("virtual qubits", sampler([HEAD + "qubit[1] q;\nbit[1] c;\nx q[0];\nc[0] = measure q[0];\n"]), "target.dialect", "error",
     "/params/pubs/0/0"),
    ("Python keyword", sampler([HEAD + "bit[1] lambda;\nx $0;\nlambda[0] = measure $0;\n"]), "target.dialect", "error",
     "/params/pubs/0/0"),
    ("single bit", sampler([HEAD + "bit c;\nx $0;\nc = measure $0;\n"]), "target.dialect", "warning", "/params/pubs/0/0"),
    ("id", sampler([HEAD + "bit[1] c;\nid $0;\nc[0] = measure $0;\n"]), "target.gate", "error", "/params/pubs/0/0"),
    ("not connected", sampler([HEAD + "bit[1] c;\ncz $0, $2;\n"]), "target.connectivity", "error", "/params/pubs/0/0"),
    ("too wide", sampler([HEAD + "bit[1] c;\nx $156;\n"]), "target.qubits", "error", "/params/pubs/0/0"),
    ("controlled twice", sampler([HEAD + "bit[1] c;\nctrl(2) @ z $0, $1, $2;\n"]), "target.gate", "error", "/params/pubs/0/0"),
    ("else if", sampler([FLOW.format("if (c[0]) { x $1; } else if (c[1]) { x $2; }")]), "target.control-flow", "error",
     "/params/pubs/0/0"),
    ("while", sampler([FLOW.format("while (c[0]) { x $1; c[0] = measure $0; }")]), "target.control-flow", "error",
     "/params/pubs/0/0"),
    ("reset in a branch", sampler([FLOW.format("if (c[0]) { reset $1; }")]), "target.control-flow", "error",
     "/params/pubs/0/0"),
    ("40 bits compared", sampler([FLOW.format("if (c == 3) { x $1; }")]), "target.control-flow", "error", "/params/pubs/0/0"),
    ("for", sampler([FLOW.format("for int i in [0:1] { x $1; }")]), "target.control-flow", "error", "/params/pubs/0/0"),
    ("no control flow", {**sampler([FLOW.format("if (c[0]) { x $1; }")]), "backend": "ibm_miami"}, "target.control-flow",
     "error", "/params/pubs/0/0"),
    ("no reset", {**sampler([FLOW.format("reset $0;")]), "backend": "ibm_berlin"}, "target.mid-circuit", "error",
     "/params/pubs/0/0"),
    ("a delay off the grid", {**sampler([FLOW.format("delay[3dt] $0;")]), "backend": "ibm_brisbane"}, "target.delay", "warning",
     "/params/pubs/0/0"),
    ("a rounded delay", sampler([FLOW.format("delay[3ns] $0;")]), "target.delay", "warning", "/params/pubs/0/0"),
    ("a switch", sampler([FLOW.format("switch (c[0:1]) { case 0 { x $1; } }")]), "target.dialect", "error", "/params/pubs/0/0"),
    ("estimator ignores measurements", estimator([X, "Z"]), "job.program", "warning", "/params/pubs/0/0"),
    ("nothing to run", sampler(), "job.empty", "warning", "/params/pubs"),
    ("nothing measured", sampler([BARE]), "job.empty", "warning", "/params/pubs/0"),
    ("delay between runs", sampler([X], options={"execution": {"rep_delay": 1.0}}), "job.options", "warning",
     "/params/options/execution/rep_delay"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "slug", "severity", "pointer"), [row[1:] for row in FINDINGS], ids=[row[0] for row in FINDINGS]
)
def test_what_triggers(payload: Any, slug: str, severity: str, pointer: str) -> None:
    found = [(d.slug, str(d.severity), d.pointer) for d in findings(payload)]
    assert (slug, severity, pointer) in found, found


def test_fractional_gates() -> None:
    target = with_fractional(find("ibm_fez"))
    text = HEAD + RZZ + "input float[64] u;\nbit[1] c;\nrzz(u) $0, $1;\n"
    ok = sampler([text, [0.5]])
    bad = sampler([text, [[0.5], [2.0]]])
    assert not [d for d in findings(ok, target) if d.severity == "error"]
    assert [d.slug for d in findings(bad, target) if d.severity == "error"] == ["target.angle"]
    assert "target.gate" in {d.slug for d in findings(ok)}
    for options in ({"twirling": {"enable_gates": True}},):
        assert "job.options" in {d.slug for d in findings(sampler([text, [0.5]], options=options), target)}
    for resilience in ({"pec_mitigation": True}, {"zne_mitigation": True, "zne": {"amplifier": "pea"}}):
        payload = estimator([HEAD + RZZ + "rzz(0.5) $0, $1;\n", "ZZ"], options={"resilience": resilience})
        assert "job.options" in {d.slug for d in findings(payload, target)}


def test_places_inside_a_circuit_count_within_it() -> None:
    payload = sampler([HEAD + "bit[1] c;\nh $0;\nc[0] = measure $0;\n"])
    (found,) = [d for d in findings(payload) if d.severity == "error"]
    assert found.span is not None and (found.span.line, found.span.column) == (4, 1)
    assert found.pointer == "/params/pubs/0/0" and found.span.source.name == "job.json"


def test_repeated_findings_are_told_once() -> None:
    payload = sampler([HEAD + "bit[1] c;\n" + "h $0;\n" * 500])
    errors = [d for d in findings(payload) if d.severity == "error"]
    assert len(errors) == 1 and "499 more" in errors[0].message


@pytest.mark.parametrize("rule", IBM_RULES, ids=lambda rule: rule.__name__)
def test_every_rule_has_a_manual_page(rule: Any) -> None:
    page = manual(rule)
    assert rule.slug in CODES and ("What it does" in page or "Why it matters" in page)
