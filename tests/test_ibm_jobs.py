"""IBM jobs end to end: read, compiled, and held against IBM's own client."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import qir
from qir.targets import find
from qir.targets.ibm import with_fractional

SHARED = Path(__file__).resolve().parents[2] / "shared"
CORPUS = SHARED / "corpus" / "ibm"


def corpus(kind: str = "job") -> list[Any]:
    manifest = CORPUS / "manifest.json"
    if not manifest.is_file():
        return []
    found: list[Any] = [e for e in json.loads(manifest.read_text())["entries"] if e["kind"] == kind and e["valid"]]
    return found


@pytest.fixture(scope="module")
def client() -> ModuleType:
    """The reference checker around the real client; its machines are loaded once."""
    for name in ("qiskit_ibm_runtime", "qiskit_aer", "qiskit_qasm3_import"):
        pytest.importorskip(name)
    file = SHARED / "tools" / "ibm_check_pub.py"
    if not file.is_file():
        pytest.skip("the reference checker is not at hand")
    spec = importlib.util.spec_from_file_location("ibm_check_pub", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    machines: dict[tuple[str, bool], Any] = {}
    load = module.load_backend

    def cached(name: str, fractional: bool) -> Any:
        if (name, fractional) not in machines:
            machines[name, fractional] = load(name, fractional)
        return machines[name, fractional]

    module.load_backend = cached  # type: ignore[attr-defined]
    return module


def accepted(client: ModuleType, payload: Any, *, fractional: bool = False, run: bool = True) -> Any:
    """The results of a job in the client's ideal local mode, once its checks have passed."""
    report, results = client.check(json.loads(json.dumps(payload)), None, fractional, run=run, ideal=True)
    assert report.ok, report.items
    return results


@pytest.mark.parametrize("entry", corpus(), ids=lambda e: e["id"])
def test_valid_jobs_compile_to_jobs_the_client_accepts(entry: Any, client: ModuleType) -> None:
    data = json.loads((CORPUS / entry["file"]).read_text())
    target = find(data["payload"]["backend"])
    compiled = qir.compile(
        json.dumps(data["payload"]), with_fractional(target) if data["fractional"] else target, optimization_level=1
    )
    assert all(c.verification.verdict in ("proved", "tested") for c in compiled.report.circuits)
    expected = data["expect"].get("ideal_result")
    exact = bool(expected) and all(_certain(r) for r in expected)
    results = accepted(client, compiled.payload, fractional=data["fractional"], run=exact)
    if exact and entry["id"] != "creg-scalar-bit":  # whose single bit we write as a register
        assert results == expected


def _certain(result: Any) -> bool:
    """Whether a result does not depend on chance."""
    if "evs" in result:
        return isinstance(result["evs"], float) and result["stds"] == 0
    return all(len(counts) == 1 and "0" not in counts and all(isinstance(v, int) for v in counts.values())
               for counts in result.values())  # fmt: skip


PROGRAM = """OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta;
qubit[4] q;
bit[2] c;
bit flag;
def turn(qubit a, float[64] t) { ry(t) a; }
x q[0];
turn(q[1], sin(theta));
turn(q[1], -sin(theta));
cx q[0], q[3];
c[0] = measure q[0];
c[1] = measure q[1];
switch (c) { case 0, 2 { id q[2]; } case 1 { x q[2]; } default { h q[2]; } }
if (c[0] && !c[1]) { x q[1]; } else if (c[1]) { h q[3]; }
flag = measure q[2];
c[1] = measure q[1];
"""


def test_control_flow_and_functions_are_lowered_to_what_runs(client: ModuleType) -> None:
    compiled = qir.compile(PROGRAM, "ibm_fez", parameter_values={"theta": [0.3, 0.9]}, shots=100, optimization_level=1)
    (result,) = accepted(client, compiled.payload)
    names = compiled.names
    assert isinstance(names, dict)
    flag = next(key for key, user in names.items() if user == "flag").split("[")[0]
    assert result[flag] == {"(0,)": {"1": 100}, "(1,)": {"1": 100}}
    register = next(key for key, user in names.items() if user == "c[0]").split("[")[0]
    assert result[register] == {"(0,)": {"11": 100}, "(1,)": {"11": 100}}


def test_measurements_do_not_disturb_the_estimator(client: ModuleType) -> None:
    source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[1] c;\nh $0;\nrz(0.7) $0;\nry(0.4) $1;\nc[0] = measure $0;\n'
    compiled = qir.compile(source, "ibm_fez", observables=["IX", "ZI"], precision=0.005, optimization_level=1)
    (result,) = accepted(client, compiled.payload)
    assert result["evs"] == pytest.approx([math.cos(0.7), math.cos(0.4)], abs=0.03)


def test_routed_observables_are_those_of_the_program(client: ModuleType) -> None:
    source = (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[4] q;\nx q[0];\nry(0.6) q[2];\ncx q[0], q[3];\ncx q[3], q[1];\n'
        "cx q[1], q[2];\ncx q[2], q[0];\n"
    )
    compiled = qir.compile(
        source, "ibm_fez", observables=["IIIZ", "ZIII", "IZII"], precision=0.005, layout=[5, 3, 0, 4], optimization_level=1
    )
    (result,) = accepted(client, compiled.payload)
    assert result["evs"] == pytest.approx([math.cos(0.6), -1.0, -math.cos(0.6)], abs=0.03)


def test_the_executor_form_is_valid_by_ibms_model() -> None:
    models = pytest.importorskip("ibm_quantum_schemas.executor.version_2_0")
    source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float a;\nqubit q;\nbit c;\nrx(a) q;\nc = measure q;\n'
    compiled = qir.compile(source, "ibm_fez", parameter_values={"a": [0.0, 1.0]}, shots=10, wire="executor")
    models.ParamsModel.model_validate(compiled.payload["params"])
    assert compiled.payload["program_id"] == "executor"


def test_the_strict_form_is_valid_by_ibms_models() -> None:
    sampler = pytest.importorskip("ibm_quantum_schemas.sampler.version_0_1")
    estimator = pytest.importorskip("ibm_quantum_schemas.estimator.version_0_1")
    source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float a;\nqubit q;\nbit c;\nrx(a) q;\nc = measure q;\n'
    values = {"a": [0.0, 1.0]}
    compiled = qir.compile(source, "ibm_fez", parameter_values=values, shots=10, wire="strict")
    sampler.ParamsModel.model_validate(compiled.payload["params"])
    compiled = qir.compile(source, "ibm_fez", parameter_values=values, observables="Z", precision=0.1, wire="strict")
    estimator.ParamsModel.model_validate(compiled.payload["params"])
