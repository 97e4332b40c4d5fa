"""The local service: both APIs, fault injection, and the whole road from program to results."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import qir
from qir.errors import SubmitError, UnknownOutcomeError
from qir.submitters import connect, submit
from qir.submitters.ledger import Ledger

pytest.importorskip("uvicorn")
pytest.importorskip("starlette")
pytest.importorskip("urllib3")

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "qir", "serve", "--port", str(number)]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{number}/health", timeout=5).read()
                break
            except OSError:
                time.sleep(0.1)
        yield number
    finally:
        server.kill()
        server.wait()


def url(vendor: str, port: int) -> str:
    return f"http://127.0.0.1:{port}" + ("/v0.4" if vendor == "ionq" else "")


def faults(port: int, steps: str) -> None:
    data = json.dumps({"steps": steps}).encode()
    urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/faults", data, method="PUT"), timeout=5).read()


TARGETS = {"ionq": "qpu.forte-1", "ibm": "ibm_fez"}


@pytest.mark.parametrize("vendor", TARGETS)
def test_a_program_becomes_counts_under_its_own_names(vendor: str, port: int, tmp_path: Path) -> None:
    faults(port, "ok")
    text = """OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[2] first; bit second;
    x q[0]; cx q[0], q[2]; second = measure q[2]; first[0] = measure q[1]; first[1] = measure q[0];"""
    compiled = qir.compile(text, TARGETS[vendor], shots=50)
    job = submit(compiled, client=connect(vendor, url(vendor, port)), ledger=Ledger(tmp_path), wait=True)
    (result,) = job.result()
    assert result.counts == {"first": {"10": 50}, "second": {"1": 50}}
    assert result.joined == {"1 10": 50}
    kept = {p.name for p in (tmp_path / "jobs" / job.intent.token).iterdir()}
    assert {"payload.json", "report.json", "result.json"} <= kept


def test_an_estimator_job_gives_expectation_values(port: int, tmp_path: Path) -> None:
    faults(port, "ok")
    compiled = qir.compile(
        EXAMPLES / "ansatz.qasm", "ibm_fez", observables=["ZZ", "XI"],
        parameter_values={"alpha": 0.3, "beta": 0.0, "gamma": 0.0, "delta": 0.0},
    )  # fmt: skip
    job = submit(compiled, client=connect("ibm", url("ibm", port)), ledger=Ledger(tmp_path), wait=True)
    (result,) = job.result()
    expected = qir.simulate(
        EXAMPLES / "ansatz.qasm", observables=["ZZ", "XI"],
        parameter_values={"alpha": 0.3, "beta": 0.0, "gamma": 0.0, "delta": 0.0},
    ).expectation_values  # fmt: skip
    assert result.expectation_values == pytest.approx(list(expected))


@pytest.mark.parametrize("vendor", TARGETS)
@pytest.mark.parametrize(
    ("step", "jobs"),
    [
        ("drop", 1), ("drop-before", 0), ("after:502", 1), ("before:503", 0), ("cut", 1), ("html", 1), ("redirect", 0),
        ("before:429,ok", 1), ("lag:1", 1), ("bomb", 1), ("twice", 1),
    ],
)
def test_a_fault_makes_at_most_one_job(vendor: str, step: str, jobs: int, port: int, tmp_path: Path) -> None:
    compiled = qir.compile(EXAMPLES / "bell.qasm", TARGETS[vendor], shots=10)
    client = connect(vendor, url(vendor, port))
    before = number_of_jobs(client)
    faults(port, step)
    from qir.submitters.submission import Submission

    ledger = Ledger(tmp_path)
    submission = Submission(client, client.transport, ledger, patience=1.5)
    try:
        submission.submit(compiled.payload, target="t", shots=10)
        outcome = "accepted"
    except UnknownOutcomeError:
        outcome = "unknown"
    except SubmitError:
        outcome = "refused"
    faults(port, "ok")
    assert number_of_jobs(client) - before == jobs
    assert (outcome == "accepted") == (jobs == 1)
    assert [i.outcome for i in ledger.intents().values()] == [outcome]


def number_of_jobs(client: Any) -> int:
    if client.vendor == "ibm":
        return int(client.call("GET", "/v1/jobs", query={"limit": 1})["count"])
    count, cursor = 0, None
    while True:
        page = client.call("GET", "/jobs", query={"limit": 100, "next": cursor})
        count, cursor = count + len(page["jobs"]), page.get("next")
        if not cursor:
            return count


def test_bad_bodies_are_refused_with_reasons(port: int, tmp_path: Path) -> None:
    faults(port, "ok")
    payload = json.loads((EXAMPLES / "ionq_qis.json").read_text())
    payload["shots"] = 0
    with pytest.raises(SubmitError, match="shots"):
        submit(payload, client=connect("ionq", url("ionq", port)), ledger=Ledger(tmp_path))


def test_the_command_line_submits_follows_and_fetches(port: int, tmp_path: Path) -> None:
    faults(port, "drop,ok")

    def qcompile(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "QIR_STATE": str(tmp_path / "state")}
        command = [sys.executable, "-m", "qir", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    sent = qcompile("submit", "examples/bell.qasm", "-t", "qpu.forte-1", "--shots", "20", "--url", url("ionq", port))
    assert sent.returncode == 0, sent.stderr
    name = sent.stdout.strip()
    assert name in qcompile("jobs").stdout
    assert qcompile("jobs", "wait", name[:8]).stdout.strip() == "completed"
    fetched = json.loads(qcompile("jobs", "fetch", name).stdout)
    assert fetched[0]["counts"]["c"] == {"00": 10, "11": 10}
    dry = qcompile("submit", "examples/bell.qasm", "-t", "ibm_fez", "--shots", "20", "--url", url("ibm", port), "--dry-run")
    assert json.loads(dry.stdout)["headers"]["Authorization"] == "***"
    guarded = qcompile("submit", "examples/bell.qasm", "-t", "qpu.forte-1", "--shots", "20", "--max-cost", "1", "--yes")
    assert guarded.returncode == 2
    assert "--max-cost" in guarded.stderr


def test_ionqs_own_qiskit_client_reads_the_right_counts(port: int) -> None:
    faults(port, "ok")
    provider = pytest.importorskip("qiskit_ionq")
    qiskit = pytest.importorskip("qiskit")
    backend = provider.IonQProvider("key", url=url("ionq", port)).get_backend("ionq_simulator")
    circuit = qiskit.QuantumCircuit(3, 3)
    circuit.x(0)
    circuit.cx(0, 2)
    circuit.measure([0, 1, 2], [0, 1, 2])
    assert backend.run(circuit, shots=40).result().get_counts() == {"101": 40}


def test_cirqs_client_of_ionq_reads_the_right_counts(port: int) -> None:
    faults(port, "ok")
    client = pytest.importorskip("cirq_ionq")
    cirq = pytest.importorskip("cirq")
    service = client.Service(remote_host=f"http://127.0.0.1:{port}", api_key="key", default_target="simulator")
    a, b, c = cirq.LineQubit.range(3)
    circuit = cirq.Circuit(cirq.X(a), cirq.CNOT(a, c), cirq.measure(a, b, key="m"), cirq.measure(c, key="n"))
    result = service.run(circuit=circuit, repetitions=40)
    assert result.histogram(key="m") == {2: 40}
    assert result.histogram(key="n") == {1: 40}


@pytest.mark.parametrize("page", ["README.md", "docs/submitting.md"])
def test_the_submissions_of_the_pages_work(page: str, port: int, tmp_path: Path) -> None:
    faults(port, "ok")
    lines = re.findall(r"^\$ qcompile (submit .*|jobs)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert lines
    environment = {**os.environ, "QIR_STATE": str(tmp_path)}
    for line in lines:
        command = [sys.executable, "-m", "qir", *shlex.split(line.replace(":8080", f":{port}"))]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        if "--wait" in line:
            counts = json.loads(done.stdout.partition("\n")[2])[0]["counts"]["c"]
            assert set(counts) <= {"00", "11"}
            assert sum(counts.values()) == 100
        else:
            assert "qpu.forte-1" in done.stdout


def test_a_token_that_has_expired_is_renewed(port: int, tmp_path: Path) -> None:
    compiled = qir.compile(EXAMPLES / "bell.qasm", "ibm_fez", shots=10)
    client = connect("ibm", url("ibm", port))
    before = number_of_jobs(client)
    faults(port, "before:401,ok")
    submit(compiled, client=client, ledger=Ledger(tmp_path))
    assert number_of_jobs(client) == before + 1
