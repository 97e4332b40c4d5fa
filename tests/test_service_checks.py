"""The local service takes and refuses what the real ones do: the shared corpora, the published schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import qir

pytest.importorskip("starlette")
from qir.serve.execute import check

SHARED = Path(__file__).resolve().parents[2] / "shared"
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def ionq_cases() -> list[Any]:
    path = SHARED / "corpus" / "ionq" / "manifest.json"
    rows = json.loads(path.read_text()) if path.is_file() else []
    return [r for r in rows if r["kind"] == "job" and r["dialect"] == "v0.4"]


def ibm_cases() -> list[Any]:
    path = SHARED / "corpus" / "ibm" / "manifest.json"
    rows = json.loads(path.read_text())["entries"] if path.is_file() else []
    return [r for r in rows if r["kind"] == "job"]


@pytest.mark.skipif(not ionq_cases(), reason="the corpus is not here")
@pytest.mark.parametrize("case", ionq_cases(), ids=lambda c: str(c["id"]))
def test_jobs_for_ionq_get_the_verdict_of_the_manifest(case: dict[str, Any]) -> None:
    raw = (SHARED / "corpus" / "ionq" / case["file"]).read_bytes()
    body, problems = check(raw, "ionq")
    assert bool(problems) == (case["expect"] == "invalid"), problems
    assert (body is None) or json.loads(raw) == body


@pytest.mark.skipif(not ibm_cases(), reason="the corpus is not here")
@pytest.mark.parametrize("case", ibm_cases(), ids=lambda c: str(c["id"]))
def test_jobs_for_ibm_get_the_verdict_of_the_manifest(case: dict[str, Any]) -> None:
    data = json.loads((SHARED / "corpus" / "ibm" / case["file"]).read_text())
    _, problems = check(json.dumps(data["payload"]).encode(), "ibm", fractional=bool(data["fractional"]))
    assert bool(problems) == (not case["valid"]), problems


TEXT = 'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[2] a; bit b; h q[0]; ccx q[0], q[1], q[2]; ' \
       "a = measure q[0:1]; b = measure q[2];"  # fmt: skip
JOBS: dict[str, tuple[str, dict[str, Any]]] = {
    "ionq native": ("qpu.forte-1", {"shots": 100}),
    "ionq qis": ("simulator", {"shots": 100, "gateset": "qis"}),
    "ionq several": ("qpu.forte-1", {"shots": 100}),
    "ibm sampler": ("ibm_fez", {"shots": 100}),
    "ibm strict sampler": ("ibm_fez", {"shots": 100, "wire": "strict"}),
    "ibm executor": ("ibm_fez", {"shots": 100, "wire": "executor"}),
    "ibm estimator": ("ibm_fez", {"observables": ["ZZZ", "XXX"], "precision": 0.1}),
    "ibm strict estimator": ("ibm_fez", {"observables": ["ZZZ", "XXX"], "precision": 0.1, "wire": "strict"}),
}


def schema_of(name: str) -> tuple[Path, bool]:
    """The published schema of a form, and whether it describes `params` only."""
    ibm = SHARED / "schemas" / "ibm"
    table = {
        "ibm strict sampler": ibm / "sampler_params_v0_1.json",
        "ibm strict estimator": ibm / "estimator_params_v0_1.json",
        "ibm executor": ibm / "executor_params_v2_0.json",
    }
    if name.startswith("ionq"):
        return SHARED / "schemas" / "ionq" / "ionq_payload_v0.4_2026-10-01.schema.json", False
    return (table[name], True) if name in table else (ibm / "rest_create_job.json", False)


@pytest.mark.parametrize("name", JOBS)
def test_what_the_service_accepts_is_valid_by_the_published_schema(name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    path, params_only = schema_of(name)
    if not path.is_file():
        pytest.skip("the schemas are not here")
    target, settings = JOBS[name]
    payload = qir.compile([TEXT, TEXT] if name == "ionq several" else TEXT, target, **settings).payload
    body, problems = check(json.dumps(payload).encode(), name.split()[0])
    assert problems == []
    assert body == payload
    schema = json.loads(path.read_text())
    found = [e.message for e in jsonschema.validators.validator_for(schema)(schema).iter_errors(
        payload["params"] if params_only else payload)]  # fmt: skip
    assert found == []


def test_a_service_refuses_a_body_that_is_not_text() -> None:
    assert check(b"\xff\xfe", "ionq") == (None, ["the body is not UTF-8"])
