"""IBM jobs read: the plain, strict and executor forms, values, observables, and what has no meaning."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qir.frontends.ibm_json import read
from qir.job import JobSpec
from qir.program import Program
from qir.source import Source
from qir.targets.ibm_arrays import pack_ndarray, pack_tensor

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
X = HEAD + "bit[1] c;\nx $0;\nc[0] = measure $0;\n"
TWO = HEAD + "input float[64] b;\ninput float[64] a;\nrz(a) $0;\nrz(b) $1;\n"


def job(params: Any, program: str | None = "sampler", **fields: Any) -> dict[str, Any]:
    return {**({"program_id": program} if program else {}), "backend": "ibm_fez", **fields, "params": params}


def program_of(data: Any) -> Program:
    return read(Source(data if isinstance(data, str) else json.dumps(data, indent=1), "job.json"))


def spec_of(data: Any) -> JobSpec:
    program = program_of(data)
    assert program.job is not None, [str(d) for d in program.diagnostics]
    return program.job


def errors(data: Any) -> list[tuple[str, str | None]]:
    program = program_of(data)
    assert program.circuits == () and program.job is None
    return [(d.slug, d.pointer) for d in program.diagnostics if d.severity == "error"]


def test_a_sampler_job() -> None:
    options = {"default_shots": 5}
    spec = spec_of(
        job(
            {"pubs": [[X], [TWO, {"a": 1, "b": [2, 3]}, 7], X], "shots": 9, "options": options, "version": 2},
            tags=["t"],
            private=True,
        )
    )
    assert (spec.vendor, spec.kind, spec.backend, spec.shots) == ("ibm", "sampler", "ibm_fez", 9)
    assert spec.options == options and spec.fields == {"tags": ["t"], "private": True, "version": 2}
    assert [c.shots for c in spec.circuits] == [None, 7, None]
    assert spec.circuits[1].parameter_values == {"a": 1, "b": [2, 3]}
    assert [c.pointer for c in spec.circuits] == ["/params/pubs/0/0", "/params/pubs/1/0", "/params/pubs/2"]
    assert spec.circuits[0].circuit.num_physical == 1 and spec.circuits[1].circuit.parameters == ("a", "b")


def test_an_estimator_job() -> None:
    pubs = [[TWO, ["ZZ", {"XX": 2}], [[1, 2], [3, 4]], 0.1], [X, "Z"], [X, [["Z"], ["X"]], None, None]]
    spec = spec_of(job({"pubs": pubs, "precision": 0.5, "resilience_level": 1}, "estimator"))
    assert spec.kind == "estimator" and spec.precision == 0.5 and spec.fields == {"resilience_level": 1}
    first, second, third = spec.circuits
    assert first.observables == [{"ZZ": 1.0}, {"XX": 2.0}] and first.parameter_values == [[1, 2], [3, 4]]
    assert first.precision == 0.1 and second.observables == {"Z": 1.0} and second.precision is None
    assert third.observables == [[{"Z": 1.0}], [{"X": 1.0}]]


def test_the_strict_form() -> None:
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    pubs: list[Any] = [[TWO, pack_ndarray(rows), 10], [X, pack_ndarray(np.zeros(0)), 20]]
    spec = spec_of(job({"pubs": pubs, "version": 2, "support_qiskit": True, "options": {}}))
    assert [c.parameter_values for c in spec.circuits] == [[[1.0, 2.0], [3.0, 4.0]], None]
    assert [c.shots for c in spec.circuits] == [10, 20]


def test_the_executor_form() -> None:
    program = {
        "shots": 64,
        "meas_level": "kerneled",
        "circuits": {"data": [X, TWO]},
        "items": [
            {"item_type": "circuit", "circuit_arguments": pack_tensor(np.array(v)), "shape": [], "chunk_size": "auto"}
            for v in ([], [[1.0, 2.0]])
        ],
    }
    options = {"init_qubits": False, "rep_delay": 1e-4}
    spec = spec_of(job({"schema_version": "v2.0", "options": options, "quantum_program": program}, "executor"))
    assert spec.kind == "executor" and spec.shots == 64
    assert spec.options == {"execution": {"init_qubits": False, "rep_delay": 1e-4, "meas_type": "kerneled"}}
    assert [c.parameter_values for c in spec.circuits] == [None, [[1.0, 2.0]]]


def test_params_alone_are_a_job_without_a_machine() -> None:
    spec = spec_of({"pubs": [[X]]})
    assert spec.backend is None and spec.kind == "sampler"
    assert spec_of({"pubs": [[X, "Z"]]}).kind == "estimator"
    assert spec_of(job({"pubs": [[X, {"Z": 1}]], "precision": 0.1}, None)).kind == "estimator"


def test_errors_in_a_circuit_have_their_own_lines_and_the_pointer() -> None:
    program = program_of(job({"pubs": [[X], [HEAD + "x $0\nrz(0.5) $1;\nfoo $2;\n"]]}))
    found = [d for d in program.diagnostics if d.severity == "error"]
    assert found and all(d.pointer == "/params/pubs/1/0" for d in found)
    assert found[0].span is not None and found[0].span.line in (3, 4) and found[0].span.source.name == "job.json"


QPY = {"__type__": "QuantumCircuit", "__value__": "eJwL9Az29gxVMA"}
REFUSED: list[tuple[str, Any, str, str | None]] = [
    ("no params", {"program_id": "sampler", "backend": "b"}, "json.missing", ""),
    ("not an object", "[1]", "json.type", ""),
    ("params a list", job([]), "json.type", "/params"),
    ("no pubs", job({}), "json.missing", "/params"),
    ("pubs an object", job({"pubs": {}}), "json.type", "/params/pubs"),
    ("options a list", job({"pubs": [], "options": [1]}), "json.type", "/params/options"),
    ("PUB a number", job({"pubs": [7]}), "ibm.pub", "/params/pubs/0"),
    ("PUB empty", job({"pubs": [[]]}), "ibm.pub", "/params/pubs/0"),
    ("PUB too long", job({"pubs": [[X, None, 1, 2]]}), "ibm.pub", "/params/pubs/0"),
    ("estimator PUB too short", job({"pubs": [[X]]}, "estimator"), "ibm.pub", "/params/pubs/0"),
    ("estimator PUB a text", job({"pubs": [X]}, "estimator"), "ibm.pub", "/params/pubs/0"),
    ("circuit a number", job({"pubs": [[3]]}), "ibm.pub", "/params/pubs/0/0"),
    ("circuit empty", job({"pubs": [[" "]]}), "ibm.pub", "/params/pubs/0/0"),
    ("QPY", job({"pubs": [[QPY]]}), "ibm.qpy", "/params/pubs/0/0"),
    ("QPY bare", job({"pubs": [QPY]}), "ibm.qpy", "/params/pubs/0"),
    ("QPY as text", job({"pubs": [["eJwL9Az29gxVMA=="]]}), "ibm.qpy", "/params/pubs/0/0"),
    ("observable a number", job({"pubs": [[X, 5]]}, "estimator"), "job.observable", "/params/pubs/0/1"),
    ("observable pairs", job({"pubs": [[X, [["Z", 1]]]]}, "estimator"), "job.observable", "/params/pubs/0/1/0/1"),
    ("observable null", job({"pubs": [[X, None]]}, "estimator"), "job.observable", "/params/pubs/0/1"),
    ("observables empty", job({"pubs": [[X, []]]}, "estimator"), "job.observable", "/params/pubs/0/1"),
    ("unknown letter", job({"pubs": [[X, {"Q": 1}]]}, "estimator"), "job.observable", "/params/pubs/0/1/Q"),
    ("coefficient a list", job({"pubs": [[X, {"Z": [1, 2]}]]}, "estimator"), "job.observable", "/params/pubs/0/1/Z"),
    ("values a text", job({"pubs": [[X, "abc"]]}), "job.values", "/params/pubs/0/1"),
    ("value a text", job({"pubs": [[TWO, {"a": "1", "b": 2}]]}), "job.values", "/params/pubs/0/1/a"),
    ("value true", job({"pubs": [[TWO, [True, 1]]]}), "job.values", "/params/pubs/0/1/0"),
    ("ragged values", job({"pubs": [[TWO, [[1, 2], [3]]]]}), "job.values", "/params/pubs/0/1"),
    ("broken array", job({"pubs": [[X, {"__type__": "ndarray", "__value__": "zzz"}, 1]]}), "job.values", "/params/pubs/0/1"),
    ("executor without circuits", job({"quantum_program": {"items": []}}, "executor"), "json.type",
     "/params/quantum_program/circuits"),
    ("executor QPY", job({"quantum_program": {"circuits": {"b64_data": "x"}, "items": []}}), "ibm.qpy",
     "/params/quantum_program/circuits"),
    ("executor counts", job({"quantum_program": {"circuits": {"data": [X]}, "items": []}}), "ibm.pub",
     "/params/quantum_program/items"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "slug", "pointer"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_has_no_meaning_is_refused_with_its_place(data: Any, slug: str, pointer: str | None) -> None:
    assert (slug, pointer) in errors(data)


def test_all_errors_are_reported_at_once() -> None:
    data = job({"pubs": [[3], [X, 5, 6, 7], [HEAD + "nosuch $0;"]]})
    assert [p for _, p in errors(data)] == ["/params/pubs/0/0", "/params/pubs/1", "/params/pubs/2/0"]


def test_parameter_values_in_place_of_observables_are_recognised() -> None:
    program = program_of(job({"pubs": [[TWO, {"a": 1, "b": 2}, 500]]}, "estimator"))
    (found,) = [d for d in program.diagnostics if d.slug == "job.observable"]
    assert "parameter values" in (found.help or "")


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(-1, 1), st.sampled_from(["", "Z", X, "a", "ndarray"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["params", "pubs", "options", "program_id", "backend", "shots", "__type__", "__value__", "Z", "a",
                             "quantum_program", "circuits", "data", "items", "circuit_arguments", "shape", "dtype"]),
            inner, max_size=4,
        ),
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.sampled_from(["sampler", "estimator", "executor", "other", 3]))
@settings(max_examples=200, deadline=None)
def test_any_json_gives_a_job_or_errors(params: Any, kind: Any) -> None:
    for data in (params, {"program_id": kind, "params": params}, {"program_id": kind, "params": {"pubs": params}}):
        program = program_of(json.dumps(data))
        assert (program.job is None) == program.has_errors
