"""The main job, end to end: one program in, both vendors' jobs out, the same circuit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qir
from qir.builder import CircuitBuilder

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"


def qcompile(*arguments: str, stdin: str | None = None, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "qir", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=cwd, env=environment)


def after(name: str, target: str, **options: Any) -> dict[str, Any]:
    report = qir.compile(EXAMPLES / name, target, **options).report.to_dict()
    row: dict[str, Any] = report["circuits"][0]
    assert row["verification"]["verdict"] == "proved", row["verification"]
    return row["after"]


# -- IonQ ---------------------------------------------------------------------------------------


def test_bell_on_forte_takes_three_pulses_and_one_zz() -> None:
    result = qcompile(str(EXAMPLES / "bell.qasm"), "-t", "qpu.forte-1", "--shots", "100")
    assert result.returncode == 0, result.stderr
    job = json.loads(result.stdout)
    assert job["type"] == "ionq.circuit.v1"
    assert job["backend"] == "qpu.forte-1"
    assert job["shots"] == 100
    assert job["input"]["gateset"] == "native"
    gates = [g["gate"] for g in job["input"]["circuit"]]
    assert gates.count("zz") == 1
    assert len(gates) <= 4
    assert set(gates) <= {"gpi", "gpi2", "zz"}


def test_qft3_on_forte_takes_three_pulses_and_three_zz() -> None:
    counts = after("qft3.qasm", "qpu.forte-1")
    assert counts["two_qubit"] <= 3
    assert counts["pulses"] <= 3


def test_bell_on_aria_uses_ms() -> None:
    counts = after("bell.qasm", "qpu.aria-1")
    assert counts["two_qubit"] == 1
    assert counts["pulses"] <= 4


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("name", ["bell.qasm", "ghz.qasm", "qft3.qasm", "qft4.qasm", "ionq_qis.json", "ionq_native.json"])
@pytest.mark.parametrize("target", ["qpu.forte-1", "qpu.aria-1", "simulator", "local"])
def test_every_output_is_proved_the_same(name: str, target: str, level: int) -> None:
    compiled = qir.compile(EXAMPLES / name, target, optimization_level=level, shots=10)
    assert compiled.report.circuits[0].verification.verdict == "proved"


def test_several_sources_make_one_multi_circuit_job() -> None:
    result = qcompile(str(EXAMPLES / "bell.qasm"), str(EXAMPLES / "ghz.qasm"), "-t", "simulator", "--shots", "5")
    job = json.loads(result.stdout)
    assert job["type"] == "ionq.multi-circuit.v1"
    assert len(job["input"]["circuits"]) == 2


def test_a_job_keeps_its_fields_and_its_machine() -> None:
    compiled = qir.compile(EXAMPLES / "ionq_native.json")
    assert compiled.payload["backend"] == "qpu.forte-1"
    assert compiled.payload["name"] == "bell, native gates"
    assert compiled.payload["shots"] == 500
    assert qir.compile(EXAMPLES / "ionq_native.json", shots=7).payload["shots"] == 7


# -- IBM ----------------------------------------------------------------------------------------


def test_bell_on_fez() -> None:
    compiled = qir.compile(EXAMPLES / "bell.qasm", "ibm_fez", shots=100)
    assert compiled.payload["program_id"] == "sampler"
    assert compiled.payload["backend"] == "ibm_fez"
    (pub,) = compiled.payload["params"]["pubs"]
    assert "cz $" in pub[0]
    assert compiled.report.circuits[0].after.two_qubit == 1
    assert compiled.report.circuits[0].verification.verdict == "proved"


def test_an_ansatz_becomes_an_estimator_job() -> None:
    values = json.loads((EXAMPLES / "ansatz_values.json").read_text())
    compiled = qir.compile(EXAMPLES / "ansatz.qasm", "ibm_fez", observables="ZZ", parameter_values=values)
    assert compiled.payload["program_id"] == "estimator"
    assert compiled.circuit.parameters == ("alpha", "beta", "delta", "gamma")


# -- library ------------------------------------------------------------------------------------


def test_reading_and_printing_round_trip() -> None:
    circuit = qir.load(EXAMPLES / "qft3.qasm")
    assert qir.loads(qir.dumps(circuit)) == circuit


def test_without_a_target_the_circuit_is_optimised() -> None:
    circuit = CircuitBuilder(2).h(0).h(0).cx(0, 1).cx(0, 1).rz(0.5, 1).rz(-0.25, 1).build()
    compiled = qir.compile(circuit)
    assert compiled.payload == {}
    assert compiled.report.circuits[0].after.ops == 1
    np.testing.assert_allclose(abs(np.trace(compiled.circuit.to_unitary().conj().T @ circuit.to_unitary())), 4, atol=1e-9)


def test_the_same_input_gives_the_same_bytes() -> None:
    texts = {qir.compile(EXAMPLES / "qft4.qasm", "qpu.forte-1", seed=3).to_json() for _ in range(3)}
    assert len(texts) == 1


def test_parameters_are_bound_row_by_row_for_ionq() -> None:
    text = "OPENQASM 3.0; include 'stdgates.inc'; input float theta; qubit[1] q; rx(theta) q[0];"
    compiled = qir.compile(text, "qpu.forte-1", parameter_values={"theta": [0.1, 0.2, 0.3]}, shots=10)
    assert len(compiled.payload["input"]["circuits"]) == 3


@pytest.mark.parametrize("target", ["qpu.forte-1", "qpu.aria-1"])
def test_a_circuit_with_many_rows_of_values_is_searched_once(target: str) -> None:
    builder = CircuitBuilder(3)
    builder.h(0).h(1).h(2)
    for a, b in ((0, 1), (1, 2), (0, 2)):
        builder.cx(a, b).rz("gamma", b).cx(a, b)
    ansatz = builder.rx("beta", 0).rx("beta", 1).rx("beta", 2).build()
    values = np.random.default_rng(1).uniform(-7, 7, (12, 2))
    values[3] = 0.0
    job = qir.compile(ansatz, target, parameter_values=values.tolist(), shots=10)
    first, second = (r.passes for r in job.report.circuits[:2])
    assert "choose_view" in {p.name for p in first}
    assert "choose_view" not in {p.name for p in second}
    for row, circuit, report in zip(values.tolist(), job.circuits, job.report.circuits):
        assert report.verification.verdict == "proved"
        assert report.after.two_qubit <= 3
        assert qir.equivalent(ansatz.bind(dict(zip(("beta", "gamma"), row))), circuit).verdict == "proved"
    assert job.report.circuits[3].after.two_qubit == 0


# -- bad input ----------------------------------------------------------------------------------

BAD = {
    "syntax": ("OPENQASM 3.0;\nqubit[2] q\nbit c;\n", 1, ":2:"),
    "undeclared": ('OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nh r[0];\n', 1, ":4:3"),
    "range": ('OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nh q[2];\n', 1, ":4:"),
}


@pytest.mark.parametrize("case", ["syntax", "undeclared", "range"])
def test_an_error_is_located(case: str, tmp_path: Path) -> None:
    text, status, place = BAD[case]
    file = tmp_path / "bad.qasm"
    file.write_text(text)
    out = tmp_path / "out.json"
    result = qcompile(str(file), "-t", "qpu.forte-1", "-o", str(out))
    assert result.returncode == status
    assert f"bad.qasm{place}" in result.stderr
    assert "^" in result.stderr
    assert "Traceback" not in result.stderr
    assert not out.exists()
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("arguments", "content", "status", "words"),
    [
        (["missing.qasm", "-t", "simulator"], None, 2, "missing.qasm"),
        (["in.qasm", "-t", "qpu.fort-1"], b"OPENQASM 3.0; qubit q;", 2, "qpu.forte-1"),
        (["in.qasm", "-t", "simulator"], b"\x00\xff\xfe\x80binary", 2, "not text"),
        (["in.qasm", "-t", "simulator"], b"{}", 1, "error"),
        (["in.qasm", "--emit", "payload"], b"OPENQASM 3.0; qubit q;", 2, "needs a target"),
        (["in.qasm", "-t", "simulator", "--nonsense"], b"", 2, "--nonsense"),
        (["in.qasm", "--print-after", "nothing"], b"", 2, "no pass nothing"),
    ],
)
def test_wrong_usage_is_said_plainly(
    arguments: list[str], content: bytes | None, status: int, words: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "in.qasm").write_bytes(content)
    result = qcompile(*arguments, cwd=tmp_path)
    assert result.returncode == status, result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_an_empty_file_is_an_empty_program() -> None:
    assert qir.loads("").num_qubits == 0
    result = qcompile("-", "--emit", "openqasm3", stdin="")
    assert result.returncode == 0, result.stderr
    assert qir.loads(result.stdout) == qir.loads("")


def test_separate_jobs_and_partial_failure(tmp_path: Path) -> None:
    bad = tmp_path / "bad.qasm"
    bad.write_text("OPENQASM 3.0; nonsense")
    folder = tmp_path / "jobs"
    result = qcompile(str(EXAMPLES / "bell.qasm"), str(bad), "-t", "simulator", "--separate", "-o", str(folder))
    assert result.returncode == 4
    assert [p.name for p in folder.iterdir()] == ["bell.json"]


def test_help_teaches() -> None:
    result = qcompile("--help")
    assert result.returncode == 0
    assert "qcompile bell.qasm -t qpu.forte-1" in result.stdout
    assert "targets" in result.stdout
    assert "--gateset" in qcompile("compile", "--help").stdout
    assert qcompile("--version").stdout.startswith("qcompile ")
