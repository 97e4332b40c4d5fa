"""Sending once: the ledger, the state machine, the two clients, on a transport that plays the service."""

from __future__ import annotations

import json
import os
import stat
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from fake_service import IBM_PAYLOAD, KEY, MAKERS, PAYLOAD, FakeService, FakeTime, ibm, ionq

import qir
from qir.errors import SubmitError, UnknownOutcomeError
from qir.submitters import credentials, submit
from qir.submitters.ibm_results import decode_ibm
from qir.submitters.ionq_results import decode_ionq
from qir.submitters.ledger import Ledger
from qir.submitters.results import Labels
from qir.submitters.retry import retry_after
from qir.submitters.submission import Refusal, Submission
from qir.submitters.transport import NoAnswerError, Request, Response, Timeouts

FAULTS = {
    "ok": ("accepted", 1),
    "lost": ("accepted", 1),
    "gone": ("unknown", 0),
    "after:500": ("accepted", 1),
    "after:502": ("accepted", 1),
    "after:503": ("accepted", 1),
    "after:504": ("accepted", 1),
    "after:522": ("accepted", 1),
    "before:500": ("unknown", 0),
    "before:503": ("unknown", 0),
    "cut": ("accepted", 1),
    "html": ("accepted", 1),
    "before:400": ("refused", 0),
    "before:413": ("refused", 0),
    "before:307": ("refused", 0),
    "not-sent": ("refused", 0),
}


@pytest.mark.parametrize("vendor", MAKERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_makes_two_jobs_or_loses_one(fault: str, vendor: str, tmp_path: Path) -> None:
    outcome, jobs = FAULTS[fault]
    service, time, ledger = FakeService(fault, "ok"), FakeTime(), Ledger(tmp_path / "state")
    make, payload = MAKERS[vendor]
    try:
        job = submit(payload, client=make(service, time), ledger=ledger)
        assert job.id in service.jobs
    except SubmitError as problem:
        assert isinstance(problem, UnknownOutcomeError) == (outcome == "unknown")
    (intent,) = ledger.intents().values()
    assert intent.outcome == outcome
    assert len(service.jobs) == jobs
    assert service.posts == 1


@pytest.mark.parametrize("vendor", MAKERS)
def test_busy_is_waited_out_as_asked(vendor: str, tmp_path: Path) -> None:
    service, time = FakeService("before:429", "before:429", "ok"), FakeTime()
    make, payload = MAKERS[vendor]
    submit(payload, client=make(service, time), ledger=Ledger(tmp_path))
    assert len(service.jobs) == 1
    assert len(time.slept) == 2
    assert all(2 <= s <= 2.5 for s in time.slept)


def test_an_expired_token_is_renewed_once(tmp_path: Path) -> None:
    service, time = FakeService("before:401", "ok"), FakeTime()
    submit(IBM_PAYLOAD, client=ibm(service, time), ledger=Ledger(tmp_path))
    assert len(service.jobs) == 1
    assert service.tokens == 2
    with pytest.raises(Refusal):
        submit({**IBM_PAYLOAD, "log_level": "info"}, client=ibm(FakeService("before:401"), time), ledger=Ledger(tmp_path))


def test_a_list_that_lags_is_asked_again(tmp_path: Path) -> None:
    service, time = FakeService("lost", lag=3), FakeTime()
    assert submit(PAYLOAD, client=ionq(service, time), ledger=Ledger(tmp_path)).id == "job-0"


def test_an_unknown_outcome_is_not_sent_again_unless_told(tmp_path: Path) -> None:
    service, time, ledger = FakeService("gone", "ok"), FakeTime(), Ledger(tmp_path)
    with pytest.raises(UnknownOutcomeError):
        submit(PAYLOAD, client=ionq(service, time), ledger=ledger)
    with pytest.raises(SubmitError, match="sent before"):
        submit(PAYLOAD, client=ionq(service, time), ledger=ledger)
    assert service.posts == 1
    submit(PAYLOAD, client=ionq(service, time), ledger=ledger, again=True)
    assert len(service.jobs) == 1


class Crash(BaseException):
    """A process that ends here."""


@pytest.mark.parametrize("step", range(4))
def test_a_crash_at_any_step_is_recovered(step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service, time, ledger = FakeService("ok"), FakeTime(), Ledger(tmp_path)
    client = ionq(service, time)
    submission = Submission(client, service, ledger, client.clock)
    if step in (0, 3):
        wanted = "intent" if step == 0 else "accepted"
        append = ledger.append

        def crash(event: str, token: str, **fields: Any) -> None:
            if event == wanted:
                raise Crash
            append(event, token, **fields)

        monkeypatch.setattr(ledger, "append", crash)
    else:
        send = service.send

        def crash_sending(request: Request, timeouts: Timeouts) -> Response:
            if step == 2:
                send(request, timeouts)
            raise Crash

        monkeypatch.setattr(service, "send", crash_sending)
    with pytest.raises(Crash):
        submission.submit(PAYLOAD, target="simulator", shots=100)
    monkeypatch.undo()
    ledger = Ledger(tmp_path)
    Submission(client, service, ledger, client.clock).reconcile()
    outcomes = [i.outcome for i in ledger.intents().values()]
    assert outcomes == {0: [], 1: ["unknown"], 2: ["accepted"], 3: ["accepted"]}[step]
    assert len(service.jobs) == (0 if step < 2 else 1)


def test_the_ledger_survives_a_torn_line_and_is_private(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "state")
    ledger.append("intent", "a", digest="d", vendor="ionq", target="t", url="u")
    with ledger.path.open("ab") as stream:
        stream.write(b'{"event": "acce')
    ledger.append("accepted", "a", job_id="j")
    assert ledger.intents()["a"].job_id == "j"
    if os.name != "nt":
        assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(ledger.folder.stat().st_mode) == 0o700


def test_a_full_disk_stops_before_sending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service, time, ledger = FakeService("ok"), FakeTime(), Ledger(tmp_path)

    def full(*arguments: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SubmitError, match="No space left"):
        submit(PAYLOAD, client=ionq(service, time), ledger=ledger)
    assert service.posts == 0


@pytest.mark.parametrize("vendor", MAKERS)
@pytest.mark.parametrize("fault", ["ok", "before:400", "gone", "before:307"])
def test_no_secret_is_written_anywhere(fault: str, vendor: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    service, time = FakeService(fault), FakeTime()
    make, payload = MAKERS[vendor]
    client = make(service, time)
    text = repr(client) + repr(client.credentials)
    try:
        submit(payload, client=client, ledger=Ledger(tmp_path))
    except SubmitError as problem:
        text += str(problem) + repr(problem)
    text += caplog.text + repr(service.requests) + json.dumps([r.masked() for r in service.requests])
    for path in tmp_path.rglob("*"):
        if path.is_file():
            text += path.read_text()
    assert KEY not in text
    assert "bearer-1" not in text


def test_the_api_key_goes_to_the_token_service_only(tmp_path: Path) -> None:
    class Down(FakeService):
        def send(self, request: Request, timeouts: Timeouts) -> Response:
            self.requests.append(request)
            return self.answer(503, {"errorMessage": "down"})

    service, time = Down(), FakeTime()
    with pytest.raises(SubmitError, match="token service"):
        submit(IBM_PAYLOAD, client=ibm(service, time), ledger=Ledger(tmp_path))
    assert {r.url for r in service.requests} == {"https://iam.test/identity/token"}


def test_retry_after_takes_seconds_and_dates() -> None:
    clock = FakeTime().clock()
    assert retry_after(Response(429, {"retry-after": "7"}, b""), clock) == 7
    assert retry_after(Response(429, {"retry-after": "Thu, 01 Jan 1970 00:16:50 GMT"}, b""), clock) == 10
    assert retry_after(Response(429, {"retry-after": "soon"}, b""), clock) is None


def test_ionq_results_come_back_under_the_users_names() -> None:
    names = [Labels({"0": "a[1]", "1": "a[0]", "2": "b[0]"})]
    (result,) = decode_ionq({"probabilities": {"1": 0.5, "6": 0.5}}, names, [3], 10)
    assert result.counts == {"a": {"01": 5, "10": 5}, "b": {"0": 5, "1": 5}}
    assert result.joined == {"0 10": 5, "1 01": 5}
    (v2,) = decode_ionq({"artifacts": {"probabilities.v2": {"output_all": {"100": 1.0}}}}, [Labels()], [3], 4)
    assert v2.counts == {"q": {"001": 4}}


def test_ibm_results_come_back_under_the_users_names() -> None:
    plain = {"results": [{"data": {"c_0": {"samples": ["0x1", "0x3", "0x1"], "num_bits": 2}}, "metadata": {}}]}
    (result,) = decode_ibm(plain, [Labels({"c_0[0]": "t[0]", "c_0[1]": "t[1]"})])
    assert result.counts == {"t": {"01": 2, "11": 1}}
    (evs,) = decode_ibm({"results": [{"data": {"evs": [0.5], "stds": [0.1]}}]}, [])
    assert evs.expectation_values == [0.5]


def test_submit_takes_job_bodies_only() -> None:
    with pytest.raises(qir.QirError, match="no job body"):
        submit({"hello": 1})


@pytest.mark.parametrize("vendor", MAKERS)
@pytest.mark.parametrize("wrong", [-40_000.0, 40_000.0])
def test_a_lost_job_is_found_although_our_clock_is_wrong(vendor: str, wrong: float, tmp_path: Path) -> None:
    class Dated(FakeService):
        def answer(self, status: int, data: Any, headers: dict[str, str] | None = None) -> Response:  # type: ignore[override]
            if isinstance(data, dict) and "jobs" in data:
                data = {"jobs": [job | {"submitted_at": "2026-10-01T12:00:00Z"} for job in data["jobs"]]}
            return FakeService.answer(status, data, headers)

    service, time = Dated("lost"), FakeTime()
    time.time = 1790856000.0 + wrong
    make, payload = MAKERS[vendor]
    assert submit(payload, client=make(service, time), ledger=Ledger(tmp_path)).id == "job-0"
    assert not [r for r in service.requests if "created_after" in r.url]


def test_pages_older_than_the_request_are_not_turned(tmp_path: Path) -> None:
    class Paged(FakeService):
        pages = 0

        def send(self, request: Request, timeouts: Timeouts) -> Response:
            if request.method != "GET":
                return super().send(request, timeouts)
            self.pages += 1
            stamp = 1790856000 - self.pages * 90_000
            return self.answer(200, {"jobs": [{"id": "old", "submitted_at": stamp}], "next": f"page-{self.pages}"})

    service, time = Paged(), FakeTime()
    time.time = 1790856000.0
    assert ionq(service, time).find("qir-none", time.time) is None
    assert service.pages == 2


def test_a_disk_that_fills_after_sending_leaves_a_job_to_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service, time, ledger = FakeService("ok"), FakeTime(), Ledger(tmp_path)
    real = os.fsync

    def full(handle: int) -> None:
        if service.posts:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnknownOutcomeError, match="job-0 was created"):
        submit(PAYLOAD, client=ionq(service, time), ledger=ledger)
    monkeypatch.undo()
    client = ionq(service, time)
    Submission(client, service, ledger, client.clock).reconcile()
    assert [i.job_id for i in ledger.intents().values()] == ["job-0"]


def test_keys_come_from_the_environment_the_account_file_and_the_keyring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*credentials.IONQ_KEYS, *credentials.IONQ_URLS, *credentials.IBM_KEYS, "QISKIT_IBM_INSTANCE", "IAM_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(qir.QirError, match="IONQ_API_KEY"):
        credentials.ionq_credentials()
    with pytest.raises(qir.QirError, match="QISKIT_IBM_TOKEN"):
        credentials.ibm_credentials()
    stored = types.SimpleNamespace(get_password=lambda service, name: f"{service}-{name}-key")
    monkeypatch.setitem(sys.modules, "keyring", stored)
    assert credentials.ionq_credentials().key.reveal() == "qir-ionq-key"
    crn = "crn:v1:bluemix:public:quantum-computing:eu-de:a/1:2::"
    (tmp_path / ".qiskit").mkdir()
    account = {"default-ibm-quantum-platform": {"token": "from-file", "instance": crn}}
    (tmp_path / ".qiskit" / "qiskit-ibm.json").write_text(json.dumps(account))
    found = credentials.ibm_credentials()
    assert (found.key.reveal(), found.url) == ("from-file", "https://eu-de.quantum.cloud.ibm.com/api")
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "from-environment")
    monkeypatch.setenv("IONQ_API_KEY", "from-environment")
    assert credentials.ibm_credentials().key.reveal() == "from-environment"
    assert credentials.ionq_credentials().key.reveal() == "from-environment"


@pytest.mark.parametrize("after", [0, 1])
def test_a_token_service_that_fails_leaves_nothing_open(after: int, tmp_path: Path) -> None:
    class Failing(FakeService):
        def send(self, request: Request, timeouts: Timeouts) -> Response:
            if request.url.endswith("/identity/token") and self.tokens >= after:
                raise NoAnswerError("no answer")
            return super().send(request, timeouts)

    service, ledger = Failing("before:401"), Ledger(tmp_path)
    with pytest.raises(SubmitError, match="token service did not answer"):
        submit(IBM_PAYLOAD, client=ibm(service, FakeTime()), ledger=ledger)
    assert [i.outcome for i in ledger.intents().values()] == ["refused"] * after
    assert service.jobs == {}
