"""Submissions under any order of faults, crashes and recoveries: at most one job each, none lost."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from fake_service import KEY, MAKERS, FakeService, FakeTime
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from qir.errors import SubmitError
from qir.submitters.ledger import Ledger
from qir.submitters.submission import Submission
from qir.submitters.transport import Request, Response, Timeouts


class Crash(BaseException):
    """The process ends here."""


STEPS = st.sampled_from([
    "ok", "lost", "gone", "cut", "html", "not-sent", "after:500", "after:504", "before:500", "before:400", "before:429",
    "before:307",
])  # fmt: skip
FULL = st.sampled_from([None, None, "intent", "accepted"])
CRASHES = st.sampled_from([None, "intent", "intent written", "sending", "sent", "accepted", "accepted written"])


class Crashing(Ledger):
    """A ledger of a process that ends before or after writing an event, or whose disk is full."""

    crash: str | None = None
    full: str | None = None

    def append(self, event: str, token: str, **fields: Any) -> None:
        if event == self.crash:
            raise Crash
        if event == self.full:
            raise SubmitError("no space left")
        super().append(event, token, **fields)
        if f"{event} written" == self.crash:
            raise Crash


class Submissions(RuleBasedStateMachine):
    @initialize(vendor=st.sampled_from(sorted(MAKERS)))
    def start(self, vendor: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = Crashing(Path(self.folder.name))
        self.service, self.time = FakeService(), FakeTime()
        make, self.payload = MAKERS[vendor]
        self.client = make(self.service, self.time)
        self.sent = 0

    def submission(self) -> Submission:
        return Submission(self.client, self.client.transport, self.ledger, self.client.clock, patience=5.0)

    @rule(step=STEPS, crash=CRASHES, full=FULL, lag=st.integers(0, 12), again=st.booleans())
    def submit(self, step: str, crash: str | None, full: str | None, lag: int, again: bool) -> None:
        self.service.steps = [step] * (self.service.posts + 1)
        self.service.lag, self.ledger.crash, self.ledger.full = lag, crash, full
        real = self.service.send

        def send(request: Request, timeouts: Timeouts) -> Response:
            creating = request.method == "POST" and request.url.endswith("/jobs")
            if creating and crash == "sending":
                raise Crash
            response = real(request, timeouts)
            if creating and crash == "sent":
                raise Crash
            return response

        self.service.send = send  # type: ignore[method-assign]
        self.sent += 1
        try:
            self.submission().submit(self.payload, target="t", shots=1, again=again)
        except (Crash, SubmitError):
            pass
        finally:
            self.service.send = real  # type: ignore[method-assign]
            self.service.lag, self.ledger.crash, self.ledger.full = 0, None, None

    @rule(seconds=st.sampled_from([1.0, 600.0, 4000.0, -7200.0]))
    def clock_changes(self, seconds: float) -> None:
        self.time.time += seconds

    @rule()
    def recover(self) -> None:
        self.submission().reconcile()
        by_token = self.jobs()
        intents = self.ledger.intents()
        assert {t for t, i in intents.items() if i.outcome == "accepted"} == set(by_token)
        assert all(i.outcome is not None for i in intents.values())

    def jobs(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for job in self.service.jobs.values():
            found.update([*job.get("tags", []), *(job.get("metadata") or {}).values()])
        return found

    @invariant()
    def no_intent_has_two_jobs_and_no_job_is_without_one(self) -> None:
        if not hasattr(self, "service"):
            return
        jobs = self.jobs()
        assert set(jobs.values()) <= {1}
        assert set(jobs) <= set(self.ledger.intents())
        assert len(self.service.jobs) <= self.sent

    def teardown(self) -> None:
        if hasattr(self, "service"):
            self.recover()
            text = b"".join(p.read_bytes() for p in Path(self.folder.name).rglob("*") if p.is_file())
            assert KEY.encode() not in text
            self.folder.cleanup()


TestSubmissions = Submissions.TestCase
TestSubmissions.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
