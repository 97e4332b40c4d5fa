"""Batches: cut at the services' limits, each part sent once, continued where they stopped; sessions; what is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fake_service import IBM_PAYLOAD, PAYLOAD, FakeService, FakeTime, ibm, ionq
from in_process import InProcess, client, service

import qir
import qir.submitters.parts as parts_module
from qir.errors import SubmitError, UnknownOutcomeError, UsageError
from qir.submitters import parts_of, submit, submit_batch
from qir.submitters.batch import Pace
from qir.submitters.ledger import Ledger
from qir.submitters.parts import Part, split, total_shots
from qir.submitters.submission import Submission

__all__ = ["service"]

CIRCUIT: dict[str, Any] = {"qubits": 1, "circuit": [{"gate": "x", "target": 0}]}


def many(count: int, gates: int = 1) -> dict[str, Any]:
    circuits = [{**CIRCUIT, "name": f"c{i}", "circuit": CIRCUIT["circuit"] * gates} for i in range(count)]
    entry = {"gateset": "qis", "circuits": circuits}
    return {"type": "ionq.multi-circuit.v1", "backend": "simulator", "shots": 10, "input": entry}


def names(parts: list[Part]) -> list[list[str]]:
    return [[c["name"] for c in p.payload["input"]["circuits"]] for p in parts]


@pytest.mark.parametrize(
    ("payload", "sizes"),
    [
        (many(5_000), [5_000]), (many(10_001), [5_000, 5_000, 1]), (many(7, gates=50_000), [3, 3, 1]),
        (many(2, gates=150_000), [1, 1]),
    ],
    ids=["as many as fit", "circuits", "gates", "one each"],
)  # fmt: skip
def test_jobs_are_cut_between_circuits_at_the_limits(payload: dict[str, Any], sizes: list[int]) -> None:
    parts = parts_of(payload)
    assert [len(p.payload["input"]["circuits"]) for p in parts] == sizes
    assert [len(p.record["qubits"]) for p in parts] == sizes
    assert [name for part in names(parts) for name in part] == [f"c{i}" for i in range(sum(sizes))]
    rest = [{k: v for k, v in p.payload.items() if k != "input"} for p in parts]
    assert rest == [{k: v for k, v in payload.items() if k != "input"}] * len(parts)


def test_jobs_are_cut_at_the_bytes_a_service_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert qir.target("ibm_fez").limits["bytes"] == 50_000_000
    monkeypatch.setitem(parts_module._LIMITS, "ibm", {"bytes": 6_000})
    pub = ["// " + "x" * 2_000]
    job = {"program_id": "sampler", "backend": "of tests", "params": {"pubs": [pub] * 5}}
    parts = split(Part(job, {"names": [{}] * 5}))
    assert [len(p.payload["params"]["pubs"]) for p in parts] == [2, 2, 1]
    assert [len(p.record["names"]) for p in parts] == [2, 2, 1]
    assert all(len(json.dumps(p.payload)) < 6_000 for p in parts)
    with pytest.raises(UsageError, match="single circuit"):
        split(Part({**job, "params": {"pubs": [["x" * 7_000]]}}, {}))


def test_submit_names_the_way_to_send_a_job_that_needs_parts(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="3 jobs"):
        submit(many(10_001), client=ionq(FakeService(), FakeTime()), ledger=Ledger(tmp_path))


def parts(count: int, base: dict[str, Any] = PAYLOAD) -> list[Part]:
    return [Part({**base, "shots": 100 + i} if base is PAYLOAD else base, {"qubits": [1]}) for i in range(count)]


def test_a_batch_continues_where_it_stopped(tmp_path: Path) -> None:
    service, time, ledger = FakeService("ok", "before:400", "ok", "gone", "ok"), FakeTime(), Ledger(tmp_path)
    told: list[str] = []
    batch = submit_batch(parts(5), ionq(service, time), ledger, progress=lambda i, n, s: told.append(f"{i}/{n} {s}"))
    assert [j is not None for j in batch.jobs] == [True, False, True, False, True]
    assert [type(p).__name__ for p in batch.problems if p] == ["Refusal", "UnknownOutcomeError"]
    assert batch.exit_status == 4
    assert [t[:12] for t in told] == ["1/5 accepted", "2/5 failed: ", "3/5 accepted", "4/5 failed: ", "5/5 accepted"]
    # What was accepted is not sent again, what was refused is, what is unknown is only looked for.
    again = submit_batch(parts(5), ionq(service, time), ledger)
    assert again.id == batch.id
    assert service.posts == 6
    assert [j is not None for j in again.jobs] == [True, True, True, False, True]
    done = submit_batch(parts(5), ionq(service, time), ledger, again=True)
    assert (done.exit_status, service.posts, len(service.jobs)) == (0, 7, 5)
    assert [j.intent.shots for j in done.jobs if j] == [100, 101, 102, 103, 104]
    # All of it was sent: the same command now means it once more.
    more = submit_batch(parts(5), ionq(service, time), ledger)
    assert (more.exit_status, service.posts, more.id != batch.id) == (0, 12, True)


def test_equal_parts_are_each_sent(tmp_path: Path) -> None:
    service = FakeService()
    batch = submit_batch(parts(3, IBM_PAYLOAD), ibm(service, FakeTime()), Ledger(tmp_path))
    assert (batch.exit_status, len(service.jobs)) == (0, 3)


def test_a_batch_of_which_nothing_was_accepted_says_why(tmp_path: Path) -> None:
    refused = submit_batch(parts(2), ionq(FakeService("before:400"), FakeTime()), Ledger(tmp_path / "a"))
    unknown = submit_batch(parts(2), ionq(FakeService("gone"), FakeTime()), Ledger(tmp_path / "b"))
    assert (refused.exit_status, unknown.exit_status) == (3, 5)


def test_five_jobs_a_minute_are_sent_and_no_more(tmp_path: Path) -> None:
    service, time = FakeService(), FakeTime()
    submit_batch(parts(12), ionq(service, time), Ledger(tmp_path), pace=Pace())
    assert time.slept == pytest.approx([60.0, 60.0])


def test_shots_are_counted_over_circuits() -> None:
    pubs = [["x"], ["y", None, 7]]
    assert total_shots(PAYLOAD) == 100
    assert total_shots(many(3)) == 30
    assert total_shots({"program_id": "sampler", "params": {"pubs": pubs, "shots": 5}}) == 12
    assert total_shots({"program_id": "sampler", "params": {"pubs": pubs}}) is None


def test_looking_for_a_job_comes_to_an_end(tmp_path: Path) -> None:
    service, time, ledger = FakeService("gone", "ok"), FakeTime(), Ledger(tmp_path)
    client = ionq(service, time)
    with pytest.raises(UnknownOutcomeError):
        submit(PAYLOAD, client=client, ledger=ledger)
    submission = Submission(client, service, ledger, client.clock)
    (intent,) = ledger.intents().values()
    for age, outcome, looks in ((120, "unknown", 1), (3700, "absent", 1), (9999, "absent", 0)):
        time.time = intent.time + age
        before = len(service.requests)
        submission.reconcile()
        assert [i.outcome for i in ledger.intents().values()] == [outcome]
        assert len(service.requests) - before == looks
    assert submit(PAYLOAD, client=client, ledger=ledger).id == "job-0"


def test_a_service_that_cannot_be_asked_settles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service, time, ledger = FakeService("gone"), FakeTime(), Ledger(tmp_path)
    client = ionq(service, time)
    with pytest.raises(UnknownOutcomeError):
        submit(PAYLOAD, client=client, ledger=ledger)
    time.time += 10**10

    def down(*arguments: Any) -> Any:
        return FakeService.answer(503, {"message": "down"})

    monkeypatch.setattr(service, "send", down)
    (intent,) = Submission(client, service, ledger, client.clock).reconcile()
    assert (intent.outcome, "could not be asked" in str(intent.detail)) == ("unknown", True)


# -- sessions, calibrations, rehearsals ------------------------------------------------------------


@pytest.mark.parametrize("mode", ["dedicated", "batch"])
def test_ibms_sessions_take_jobs_until_they_are_closed(mode: str, service: InProcess, tmp_path: Path) -> None:
    api = client("ibm", service)
    session = api.open_session("ibm_fez", mode=mode, max_ttl=600)
    text = 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; bit[1] c; x q[0]; c = measure q;'
    payload = qir.compile(text, "ibm_fez", shots=10).payload | {"session_id": session["id"]}
    job = submit(payload, client=api, ledger=Ledger(tmp_path), wait=True)
    assert api.job(job.id)["session_id"] == session["id"]
    assert api.session(session["id"])["mode"] == mode
    api.close_session(session["id"])
    with pytest.raises(SubmitError, match="closed"):
        submit(payload, client=api, ledger=Ledger(tmp_path))


def test_ionqs_sessions_take_jobs_until_they_end(service: InProcess, tmp_path: Path) -> None:
    api = client("ionq", service)
    session = api.open_session("simulator", job_count_limit=5, cost_limit=(10.0, "usd"))
    assert session["settings"] == {"job_count_limit": 5, "cost_limit": {"unit": "usd", "value": 10.0}}
    payload = PAYLOAD | {"session_id": session["id"]}
    assert submit(payload, client=api, ledger=Ledger(tmp_path), wait=True).result()[0].counts == {"q": {"1": 100}}
    assert session["id"] in [s["id"] for s in api.sessions()]
    api.end_session(session["id"])
    with pytest.raises(SubmitError, match="session"):
        submit(payload, client=api, ledger=Ledger(tmp_path))


def test_opening_a_session_is_sent_once(tmp_path: Path) -> None:
    class Down(FakeService):
        def post(self, request: Any) -> Any:
            return self.answer(200, {})

        def send(self, request: Any, timeouts: Any) -> Any:
            if "sessions" in request.url:
                self.posts += 1
                return self.answer(502, {"message": "bad gateway"})
            return super().send(request, timeouts)

    down = Down()
    for api in (ionq(down, FakeTime()), ibm(down, FakeTime())):
        before = down.posts
        with pytest.raises(SubmitError, match="bad gateway"):
            api.open_session("simulator")
        assert down.posts == before + 1


def test_machines_come_as_they_are_calibrated(service: InProcess) -> None:
    forte = client("ionq", service).target("qpu.forte-1")
    known = qir.target("qpu.forte-1")
    assert forte.errors == pytest.approx(dict(known.errors))
    assert forte.durations["zz", ()] == known.durations["zz", ()]
    assert "characterization" in forte.source
    fez = client("ibm", service).target("ibm_fez")
    assert (fez.num_qubits, fez.edges) == (156, qir.target("ibm_fez").edges)


def test_costs_and_usage_are_asked_for(service: InProcess, tmp_path: Path) -> None:
    api = client("ionq", service)
    job = submit(PAYLOAD, client=api, ledger=Ledger(tmp_path), wait=True)
    assert api.cost(job.id)["cost"] == {"value": 0, "unit": "usd"}
    found = api.estimate("qpu.forte-1", qubits=2, shots=100, one_qubit=3, two_qubit=1)
    assert found["estimate_context"]["1q_gates"] == "3"
    assert "usage_consumed_seconds" in client("ibm", service).usage()


def test_a_dry_run_has_no_results(service: InProcess, tmp_path: Path) -> None:
    job = submit(PAYLOAD | {"dry_run": True}, client=client("ionq", service), ledger=Ledger(tmp_path), wait=True)
    with pytest.raises(SubmitError, match="no results"):
        job.result()


@pytest.mark.parametrize("vendor", ["ionq", "ibm"])
def test_a_job_that_waits_can_be_canceled(vendor: str, tmp_path: Path) -> None:
    from qir.serve.app import make_app
    from qir.serve.store import Store

    api = client(vendor, InProcess(make_app(Store(queue_time=0.5))))
    text = 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; bit[1] c; x q[0]; c = measure q;'
    payload = PAYLOAD if vendor == "ionq" else qir.compile(text, "ibm_fez", shots=10).payload
    job = submit(payload, client=api, ledger=Ledger(tmp_path))
    assert job.status() in ("ready", "Queued")
    with pytest.raises(SubmitError, match="no results yet"):
        job.result()
    job.cancel()
    assert job.wait(timeout=60) in ("canceled", "Cancelled")
    with pytest.raises(SubmitError, match="canceled"):
        job.result()
    (kept,) = Ledger(tmp_path).intents().values()
    assert kept.status in ("canceled", "Cancelled")
