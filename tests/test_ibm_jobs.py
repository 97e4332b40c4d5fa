"""IBM jobs end to end: read, compiled, and held against IBM's own client."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
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


def user_counts(results: dict[str, dict[str, int]], names: dict[str, str], registers: list[str]) -> dict[str, int]:
    """Counts of one circuit with one register in the user's bits: the registers named, the first leftmost.

    names: wire bit to the user's, a single bit by its name alone.
    """
    (wire, counts), = results.items()
    bits = {user if "[" in user else f"{user}[0]": int(bit.rsplit("[", 1)[1][:-1]) for bit, user in names.items()}
    order = [bits[user] for name in registers for user in sorted((b for b in bits if b.split("[")[0] == name), key=_number,
                                                                reverse=True)]  # fmt: skip
    found: dict[str, int] = {}
    for word, count in counts.items():
        key = "".join(word[len(word) - 1 - bit] for bit in order)
        found[key] = found.get(key, 0) + count
    assert {bit.split("[")[0] for bit in names} == {wire}
    return found


def _number(bit: str) -> int:
    return int(bit.rsplit("[", 1)[1][:-1])


def close(a: dict[str, int], b: dict[str, int]) -> bool:
    """Whether two sets of counts may be of one distribution: every share within five standard deviations."""
    total_a, total_b = sum(a.values()), sum(b.values())
    for key in a.keys() | b.keys():
        share_a, share_b = a.get(key, 0) / total_a, b.get(key, 0) / total_b
        middle = (a.get(key, 0) + b.get(key, 0)) / (total_a + total_b)
        if abs(share_a - share_b) > 5 * math.sqrt(middle * (1 - middle) * (1 / total_a + 1 / total_b)) + 1e-9:
            return False
    return True


@pytest.mark.parametrize("entry", [e for e in corpus() if e["id"] != "empty-pubs"], ids=lambda e: e["id"])
def test_results_are_those_of_the_source_run_locally(entry: Any, client: ModuleType) -> None:
    data = json.loads((CORPUS / entry["file"]).read_text())
    text, target = json.dumps(data["payload"]), find(data["payload"]["backend"])
    compiled = qir.compile(text, target.fractional() if data["fractional"] else target)
    assert all(c.verification.verdict in ("proved", "tested") for c in compiled.report.circuits)
    found = accepted(client, compiled.payload, fractional=data["fractional"])
    expected = qir.simulate(text, shots=20_000).results
    names = compiled.names if isinstance(compiled.names, list) else [compiled.names]
    assert len(found) == len(expected) == len(names)
    for result, source, wires in zip(found, expected, names):
        if "evs" in result:
            spread = 5 * np.asarray(result["stds"]) + 1e-9
            assert (np.abs(np.asarray(result["evs"]) - source.expectation_values) <= spread).all()
        elif wires:  # without a register there is nothing to compare
            assert source.counts is not None
            assert close(user_counts(result, wires, list(source.counts.registers)), dict(source.counts))


NAMED = """OPENQASM 3.0;
include "stdgates.inc";
qubit[5] data;
qubit spare;
bit[3] low;
bit[2] high;
bit sign;
ry(0.4) data[0];
ry(1.1) data[3];
cx data[0], data[4];
cx data[4], data[2];
cx data[2], data[0];
cry(0.9) data[3], data[1];
x spare;
cx data[1], data[4];
cp(0.3) spare, data[3];
ccx data[0], data[3], spare;
low[0] = measure data[4];
low[2] = measure data[0];
low[1] = measure data[2];
high = measure data[{3, 1}];
sign = measure spare;
"""


@pytest.mark.parametrize("machine", ["ibm_fez", "ibm_brisbane", "ibm_miami"])
@pytest.mark.parametrize("level", [0, 2, 3])
def test_registers_come_back_under_the_users_names_and_in_their_order(machine: str, level: int, client: ModuleType) -> None:
    compiled = qir.compile(NAMED, machine, shots=20_000, optimization_level=level)
    (result,) = accepted(client, compiled.payload)
    source = qir.simulate(NAMED, shots=20_000).counts
    names = compiled.names
    assert source is not None and isinstance(names, dict)
    shared: dict[str, dict[str, int]] = {}
    for bit in names:
        shared.setdefault(bit.split("[")[0], {})
    assert set(result) == set(shared)
    for register, counts in result.items():
        mine = {bit: user for bit, user in names.items() if bit.split("[")[0] == register}
        (user,) = {name.split("[")[0] for name in mine.values()}
        assert close(user_counts({register: counts}, mine, [user]), dict(source.registers[user]))


def test_a_noisy_machine_runs_a_job(client: ModuleType) -> None:
    bell = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] pair;\nh q[0];\ncx q[0], q[1];\npair = measure q;\n'
    compiled = qir.compile(bell, "ibm_torino", shots=2000)
    report, results = client.check(json.loads(compiled.to_json()), None, False, run=True, ideal=False)
    assert report.ok, report.items
    counts = results[0]["pair"]
    agree = counts.get("00", 0) + counts.get("11", 0)
    assert 0.75 < agree / 2000 < 1.0 and counts["00"] > 400 and counts["11"] > 400


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
