"""What the rules hold against IonQ jobs, beyond what the reader refuses; and the corpus of jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qir.diagnostics import Diagnostic
from qir.frontends.ionq_json import read
from qir.lint.ionq_rules import RULES, check, pages
from qir.source import Source
from qir.targets import find
from qir.targets.target import Target

CORPUS = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus" / "ionq"
CASES: list[dict[str, Any]] = json.loads((CORPUS / "manifest.json").read_text()) if CORPUS.exists() else []

GATES = [{"gate": "h", "target": 0}]
JOB: dict[str, Any] = {
    "type": "ionq.circuit.v1", "backend": "simulator", "shots": 100, "input": {"gateset": "qis", "qubits": 2, "circuit": GATES},
}  # fmt: skip


def judge(payload: Any, target: Target | None = None) -> list[Diagnostic]:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    program = read(Source(text, "job.json"))
    return [*program.diagnostics, *check(program, target)]


def found(payload: Any, target: str | None = None) -> list[tuple[str, str, str | None]]:
    return [(d.severity.value, d.slug, d.pointer) for d in judge(payload, None if target is None else find(target))]


def with_(**fields: Any) -> dict[str, Any]:
    return {**JOB, **fields}


def with_input(**fields: Any) -> dict[str, Any]:
    return {**JOB, "input": {**JOB["input"], **fields}}


def native(*gates: dict[str, Any], backend: str = "simulator", **rest: Any) -> dict[str, Any]:
    return {**JOB, "backend": backend, **rest, "input": {"gateset": "native", "qubits": 3, "circuit": list(gates)}}


MS = {"gate": "ms", "targets": [0, 1], "phases": [0, 0]}
ZZ = {"gate": "zz", "targets": [0, 1], "angle": 0.25}


@pytest.mark.parametrize(
    "payload",
    [
        JOB,
        with_(backend="qpu.forte-1", shots=10_000),
        with_(backend="qpu.forte-1", shots=500,
              settings={"error_mitigation": {"debiasing": True, "symmetry_verification": False}}),
        with_(noise={"model": "aria-1", "seed": 7}),
        with_(name="n", session_id="s", dry_run=False, metadata={"a": "b"}),
        with_input(qubits=29),
        native({**MS, "angle": 0.25}),
        native(MS, noise={"model": "aria-1"}),
        native(ZZ, backend="qpu.forte-enterprise-1"),
        native({"gate": "gpi", "target": 0, "phase": -1}, {"gate": "nop", "target": 0}),
        {"gateset": "qis", "qubits": 2, "circuit": GATES},
        {"type": "ionq.multi-circuit.v1", "backend": "simulator",
         "input": {"gateset": "native", "circuits": [{"gateset": "qis", "name": "a", "qubits": 1, "circuit": GATES,
                                                      "registers": {"c": [0]}}]}},
    ],
)  # fmt: skip
def test_sound_jobs_are_left_alone(payload: Any) -> None:
    assert found(payload) == []


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        ({k: v for k, v in JOB.items() if k != "type"}, ("error", "job.required", "")),
        ({k: v for k, v in JOB.items() if k != "backend"}, ("error", "job.required", "")),
        ({**JOB, "input": {"qubits": 2, "circuit": GATES}}, ("error", "job.required", "/input")),
        (with_(type="ionq.circuit.v2"), ("error", "job.program", "/type")),
        (with_(type=1), ("error", "job.type", "/type")),
        (with_(name=1), ("error", "job.type", "/name")),
        (with_(name=None), ("warning", "job.type", "/name")),
        (with_(dry_run="yes"), ("error", "job.type", "/dry_run")),
        (with_(dry_run=True), ("warning", "job.options", "/dry_run")),
        (with_(session_id=3), ("error", "job.type", "/session_id")),
        (with_(metadata=[]), ("error", "job.type", "/metadata")),
        (with_(metadata={"a": 1}), ("error", "job.metadata", "/metadata/a")),
        (with_(metadata={"k" * 41: "v"}), ("warning", "job.metadata", "/metadata/" + "k" * 41)),
        (with_(metadata={"k": "v" * 40_001}), ("warning", "job.metadata", "/metadata/k")),
        (with_(metadata={str(i): "" for i in range(11)}), ("warning", "job.metadata", "/metadata")),
        (with_(priority=1), ("error", "job.extra", "/priority")),
        (with_(lang="json"), ("warning", "job.extra", "/lang")),
        (with_(target="simulator"), ("error", "job.extra", "/target")),
        (with_input(registers={"c": [0]}), ("error", "job.extra", "/input/registers")),
        (with_input(name="x"), ("error", "job.extra", "/input/name")),
        (with_(shots="100"), ("warning", "job.shots", "/shots")),
        (with_(shots="many"), ("error", "job.shots", "/shots")),
        (with_(shots=1.5), ("error", "job.shots", "/shots")),
        (with_(shots=True), ("error", "job.shots", "/shots")),
        (with_(shots=0), ("error", "job.shots", "/shots")),
        (with_(shots=-5), ("error", "job.shots", "/shots")),
        (with_(shots=1_000_001), ("error", "job.shots", "/shots")),
        (with_(shots=20_000, backend="qpu.forte-1"), ("warning", "job.shots", "/shots")),
        (with_(noise={}), ("error", "job.required", "/noise")),
        (with_(noise="aria-1"), ("error", "job.type", "/noise")),
        (with_(noise={"model": "aria"}), ("error", "job.noise", "/noise/model")),
        (with_(noise={"model": 1}), ("error", "job.type", "/noise/model")),
        (with_(noise={"model": "ideal", "seed": None}), ("warning", "job.noise", "/noise/seed")),
        (with_(noise={"model": "ideal", "seed": 2**31}), ("error", "job.noise", "/noise/seed")),
        (with_(noise={"model": "ideal", "seed": 1.5}), ("error", "job.type", "/noise/seed")),
        (with_(noise={"model": "ideal", "level": 1}), ("error", "job.extra", "/noise/level")),
        (with_(noise={"model": "aria-1"}, backend="qpu.forte-1"), ("warning", "job.noise", "/noise")),
        (with_(settings={"error_mitigation": {"debiasing": True}}, backend="qpu.forte-1"),
         ("error", "job.mitigation", "/settings/error_mitigation/debiasing")),
        (with_(settings={"error_mitigation": {"debiasing": 1}}), ("error", "job.type", "/settings/error_mitigation/debiasing")),
        (with_(settings={"error_mitigation": {"debias": True}}),
         ("warning", "job.mitigation", "/settings/error_mitigation/debias")),
        (with_(settings={"error_mitigation": True}), ("error", "job.type", "/settings/error_mitigation")),
        (with_(settings={"compilation": {"opt": 1, "precision": "1E-3"}}), ("warning", "job.options", "/settings/compilation")),
        (with_(settings={"speed": 9}), ("warning", "job.options", "/settings/speed")),
        (with_(backend="qpu.aria-1"), ("warning", "target.retired", "/backend")),
        (with_(backend="qpu.harmony"), ("warning", "target.retired", "/backend")),
        (with_(backend="qpu"), ("warning", "target.unknown", "/backend")),
        (with_(backend="forte-1"), ("error", "target.unknown", "/backend")),
        (with_(backend="ibm_fez"), ("error", "target.unknown", "/backend")),
        (with_(backend=3), ("error", "job.type", "/backend")),
        (with_input(qubits=30), ("error", "target.qubits", "/input/qubits")),
        (with_input(circuit=[]), ("warning", "job.empty", "/input/circuit")),
        ({**with_input(qubits=12), "noise": {"model": "harmony"}}, ("error", "target.qubits", "/input/qubits")),
        ({**with_input(qubits=37), "backend": "qpu.forte-1"}, ("error", "target.qubits", "/input/qubits")),
        (with_input(circuit=[{"gate": "h", "target": 0, "phase": 0.5}]), ("error", "job.extra", "/input/circuit/0/phase")),
        (with_input(qubits=9, circuit=[{"gate": "x", "target": 8, "controls": list(range(8))}]),
         ("error", "target.gate", "/input/circuit/0/controls")),
        (with_input(qubits=3, circuit=[{"gate": "xx", "targets": [0, 1], "rotation": 1, "control": 2}]),
         ("warning", "target.gate", "/input/circuit/0")),
        (native(MS, backend="qpu.forte-1"), ("error", "target.gate", "/input/circuit/0/gate")),
        (native(ZZ, noise={"model": "aria-1"}), ("warning", "target.gate", "/input/circuit/0/gate")),
        (native({**MS, "angle": -0.1}), ("error", "target.angle", "/input/circuit/0/angle")),
        (native({**MS, "angle": 0.3}), ("error", "target.angle", "/input/circuit/0/angle")),
        (native({**MS, "phases": [0, 3.1]}), ("warning", "target.angle", "/input/circuit/0/phases/1")),
        (native({"gate": "gpi", "target": 0, "phase": 1.5}), ("warning", "target.angle", "/input/circuit/0/phase")),
        (native({**ZZ, "angle": -0.4}), ("warning", "target.angle", "/input/circuit/0/angle")),
        (native({"gate": "gpi", "target": 0, "phase": 0, "angle": 0.1}), ("warning", "ionq.angle", "/input/circuit/0/angle")),
        ({"type": "ionq.multi-circuit.v1", "backend": "simulator", "input": {"gateset": "qis", "circuits": []}},
         ("error", "job.empty", "/input/circuits")),
        ({"type": "ionq.multi-circuit.v1", "backend": "simulator",
          "input": {"gateset": "qis", "qubits": 1, "circuit": [], "circuits": [{"circuit": GATES}]}},
         ("error", "job.extra", "/input/circuit")),
        ({"type": "ionq.multi-circuit.v1", "backend": "simulator",
          "input": {"gateset": "qis", "qubits": 1, "circuits": [{"circuit": GATES, "shots": 3}]}},
         ("error", "job.extra", "/input/circuits/0/shots")),
        ({"type": "qctrl.qaoa.v1", "backend": "simulator", "input": {"problem_type": "maxcut", "problem": {}}},
         ("error", "job.required", "")),
    ],
    ids=lambda v: json.dumps(v)[:60] if isinstance(v, dict) else "",
)  # fmt: skip
def test_every_rule_strikes_at_its_place(payload: Any, wanted: tuple[str, str, str]) -> None:
    assert found(payload) == [wanted]


def test_the_machine_asked_for_goes_before_the_job_s_own() -> None:
    assert found(with_input(qubits=30), "qpu.forte-1") == []
    assert found(with_(shots=20_000), "qpu.forte-1") == [("warning", "job.shots", "/shots")]
    assert found({"gateset": "qis", "qubits": 37, "circuit": GATES}, "qpu.forte-1") == [("error", "target.qubits", "/qubits")]


def test_what_strikes_often_is_said_once() -> None:
    job = native(*[{"gate": "gpi", "target": 0, "phase": 3.0}] * 50)
    only = judge(job)
    assert len(only) == 1 and only[0].message.endswith("(50 times)")


def test_every_rule_has_a_manual_page() -> None:
    assert all(rule.__doc__ for rule in RULES)
    assert "500" in pages("job.mitigation")[0]
    reported = {"job.required", "job.extra", "job.type", "job.shots", "job.noise", "job.size", "target.angle", "target.gate"}
    assert all(pages(slug) for slug in reported)


def test_shots_as_text_can_be_mended() -> None:
    text = json.dumps(with_(shots="100"))
    (only,) = judge(text)
    assert only.fix is not None and only.fix.safe
    (edit,) = only.fix.edits
    mended = text[: edit.start] + edit.text + text[edit.end :]
    assert json.loads(mended) == JOB and judge(mended) == []


def test_the_size_of_a_job_is_bounded() -> None:
    entry = {"circuit": GATES}
    job: dict[str, Any] = {"type": "ionq.multi-circuit.v1", "backend": "simulator",
                           "input": {"gateset": "qis", "qubits": 1, "circuits": [entry] * 5001}}  # fmt: skip
    assert found(job) == [("error", "job.size", "/input/circuits")]
    job["input"]["circuits"] = [{"circuit": GATES * 50_001}] * 3
    assert found(job) == [("error", "job.size", "/input/circuits")]
    assert ("error", "job.size", "") in found(with_(metadata={str(i): "v" * 2_000_000 for i in range(6)}))


def energy(**data: Any) -> dict[str, Any]:
    ansatz = {"data": "OPENQASM 3.0;\nqubit[1] q;\n"}
    inner = {"hamiltonian": [{"pauli_string": "Z", "coefficient": 1}], "ansatz": ansatz, **data}
    data = {"type": "hamiltonian-energy", "data": inner}
    return {"type": "quantum-function", "backend": "simulator", "input": {"data": data}}


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ({"penalty": "x"}, ("error", "job.type", "/penalty")),
        ({"cvar_alpha": 1.5}, ("error", "job.options", "/cvar_alpha")),
        ({"linear_constraints": {}}, ("error", "job.type", "/linear_constraints")),
        ({"linear_constraints": [{"coeffs": [1]}]}, ("error", "job.required", "/linear_constraints/0")),
        ({"linear_constraints": [{"coeffs": ["1"], "rhs": 1}]}, ("error", "job.type", "/linear_constraints/0/coeffs")),
        ({"quadratic_constraints": [{"quadratic_coeff": [1], "linear_coeff": [], "rhs": 0}]},
         ("error", "job.type", "/quadratic_constraints/0/quadratic_coeff")),
    ],
)  # fmt: skip
def test_the_parts_of_a_hamiltonian_energy_have_their_shape(data: dict[str, Any], wanted: tuple[str, str, str]) -> None:
    severity, slug, place = wanted
    assert found(energy(**data)) == [(severity, slug, "/input/data/data" + place)]
    assert found(energy(penalty=None, cvar_alpha=0.5, linear_constraints=[{"coeffs": [1], "rhs": 1}])) == []


def test_openqasm_jobs_run_no_control_flow_and_take_no_hardware_qubits() -> None:
    def job(text: str, backend: str = "simulator") -> dict[str, Any]:
        head = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
        return {"type": "ionq.qasm3.v1", "backend": backend, "input": {"data": head + text}}

    assert found(job("qubit[1] q;\nbit[1] c;\nh q[0];\nc = measure q;\n")) == []
    branch = job("qubit[1] q;\nbit[1] c;\nc = measure q;\nif (c[0]) { x q[0]; }\n")
    assert found(branch) == [("error", "target.control-flow", "/input/data")]
    assert found(job("bit[1] c;\nc[0] = measure $0;\n")) == [("error", "target.layout", "/input/data")]
    again = job("qubit[1] q;\nbit[2] c;\nc[0] = measure q[0];\nh q[0];\nc[1] = measure q[0];\n", "qpu.forte-1")
    assert found(again) == [("warning", "target.mid-circuit", "/input/data")]


# -- jobs of others -----------------------------------------------------------------------------


@pytest.mark.skipif(not CASES, reason="the corpus is not here")
@pytest.mark.parametrize("case", CASES, ids=lambda c: str(c["id"]))
def test_the_corpus_is_judged_as_its_manifest_says(case: dict[str, Any]) -> None:
    text = (CORPUS / case["file"]).read_text(encoding="utf-8")
    program = read(Source(text, case["file"]))
    severities = {d.severity.value for d in [*program.diagnostics, *check(program, None)]}
    if case["expect"] == "invalid":
        assert "error" in severities
        return
    assert "error" not in severities
    assert case["expect"] == "valid" or "warning" in severities
    if case.get("unitary"):
        wanted = np.load(CORPUS / case["unitary"])
        got = program.circuits[0].to_unitary()
        assert got.shape == wanted.shape
        assert abs(abs(np.vdot(wanted, got)) - len(wanted)) < 1e-7


_SCALARS = st.sampled_from([None, True, -1, 0, 1, 2.5, "x", [], {}, [0], [0, 1], 1e9, 10**30, "qis", [[1]], {"a": 1}])


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_payload_breaks_the_reader_or_the_rules(data: st.DataObject) -> None:
    base = data.draw(st.sampled_from([JOB, native(MS, ZZ), energy(), with_(noise={"model": "ideal"}, metadata={"a": "b"})]))
    payload = json.loads(json.dumps(base))
    for _ in range(data.draw(st.integers(1, 3))):
        holder: Any = payload
        while isinstance(holder, (dict, list)) and holder and data.draw(st.booleans()):
            key = data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
            if not isinstance(holder[key], (dict, list)):
                break
            holder = holder[key]
        if isinstance(holder, dict):
            key = data.draw(st.sampled_from([*holder, "gate", "controls", "circuits", "noise", "registers", "qubits"]))
            holder[key] = json.loads(json.dumps(data.draw(_SCALARS)))
        else:
            holder.append(json.loads(json.dumps(data.draw(_SCALARS))))
    program = read(Source(json.dumps(payload)))
    assert program.has_errors or program.job is not None
    check(program, None)
