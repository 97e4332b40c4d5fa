"""Sending a job once.

The steps, each written to the ledger before the next one begins:

1. `intent`: token, digest, target.  Written and synced before anything is sent.
2. One POST, no retries, no redirects.
3. The outcome: `accepted` (an answer with an id), `refused` (the service said no, or the request never
   left), else *ambiguous*: a 5xx, a lost answer, an answer that is no answer.
4. Ambiguous: the service is asked for a job with the token, until it shows up or the patience ends.
   Found: `accepted`.  Not found: `unknown`; nothing is sent again unless a person says so.

A crash between any two steps leaves an open intent, which `reconcile` settles the same way.  It does
not go on for ever: a job that the service still does not list after an hour is `absent`.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import Any, Protocol

from qir.errors import QirError, SubmitError, UnknownOutcomeError
from qir.submitters.ledger import Intent, Ledger
from qir.submitters.retry import Clock, Policy, backoff, retry_after
from qir.submitters.transport import NoAnswerError, Request, Response, Timeouts, Transport

__all__ = ["Refusal", "Service", "Submission", "canonical", "new_token"]


class Refusal(SubmitError):
    """The service refused the job; none was created."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Service(Protocol):
    """What the state machine needs to know of a vendor."""

    vendor: str

    def job_request(self, body: bytes) -> Request:
        """The POST that creates a job."""
        ...

    def with_token(self, payload: dict[str, Any], token: str) -> dict[str, Any]:
        """The payload carrying the token where the service gives it back."""
        ...

    def created_id(self, response: Response) -> str | None:
        """The id in an answer to the POST; None when it has none."""
        ...

    def find(self, token: str, since: float) -> str | None:
        """The id of the job that carries the token, if the service has one.  `since` is wall time."""
        ...

    def refresh(self) -> bool:
        """Get a new credential after a 401; False when there is none to get."""
        ...

    def explain(self, response: Response) -> str:
        """The service's reason for refusing, as text."""
        ...


def new_token() -> str:
    """A token for one intent: time-ordered and random."""
    return f"qir-{uuid.uuid4()}"


def canonical(payload: dict[str, Any]) -> bytes:
    """The bytes of a payload: sorted keys, no blanks; equal payloads give equal bytes."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


@dataclass
class Submission:
    """Sends jobs to one service, each at most once.

    patience: seconds to look for a job after an ambiguous answer.    settled_after: seconds after
    which a job that the service does not list was never created.    base: reconcile intents of this
    base URL only, None those of any.
    """

    service: Service
    transport: Transport
    ledger: Ledger
    clock: Clock = field(default_factory=Clock)
    timeouts: Timeouts = field(default_factory=Timeouts)
    policy: Policy = field(default_factory=Policy)
    patience: float = 60.0
    settled_after: float = 3600.0
    base: str | None = None

    def submit(
        self, payload: dict[str, Any], *, target: str, shots: int | None, record: dict[str, Any] | None = None,
        token: str | None = None, again: bool = False, files: dict[str, bytes] | None = None,
    ) -> Intent:  # fmt: skip
        """Create one job.  Returns the accepted intent.  `files` are kept beside the payload, before it is sent.

        Refusal when the service said no; UnknownOutcomeError when a job may exist; SubmitError when the
        outcome of an equal payload is still unknown and `again` is not set.
        """
        digest = hashlib.sha256(canonical(payload)).hexdigest()
        if not again:
            self._refuse_repetition(digest)
        token = token or new_token()
        body = canonical(self.service.with_token(payload, token))
        request = self.service.job_request(body)
        for name, data in {**(files or {}), "payload.json": json.dumps(payload, indent=2).encode()}.items():
            self.ledger.keep(token, name, data)
        # When this fails, nothing was sent.
        self.ledger.append(
            "intent", token, digest=digest, vendor=self.service.vendor, target=target, url=request.url, shots=shots,
            record=record or {},
        )  # fmt: skip
        job_id, detail = self._post(token, body)
        if job_id is None:
            try:
                job_id = self._look_for(token)
            except SubmitError as problem:
                detail = f"{detail}; then {problem}"
        if job_id is None:
            self.ledger.append("unknown", token, detail=detail)
            raise UnknownOutcomeError(
                f"{detail}. A job may exist. Nothing was sent twice; run `qcompile jobs recover` to look for it again"
            )
        try:
            self.ledger.append("accepted", token, job_id=job_id)
        except SubmitError as problem:
            told = f"the job {job_id} was created, but {problem}. Make room and run `qcompile jobs recover`"
            raise UnknownOutcomeError(told) from None
        return self.ledger.intents()[token]

    def _refuse_repetition(self, digest: str) -> None:
        for known in self.ledger.intents().values():
            if known.digest == digest and known.is_open:
                raise SubmitError(
                    f"the same payload was sent before and its outcome is not known (intent {known.token}); "
                    "run `qcompile jobs recover`, or add --again to send it anyway"
                )

    def _post(self, token: str, body: bytes) -> tuple[str | None, str]:
        """The id of the created job, or None and why the outcome is ambiguous."""
        end = self.clock.now() + self.policy.deadline
        refreshed, attempt = False, 0
        while True:
            try:
                response = self.transport.send(self.service.job_request(body), self.timeouts)
            except NoAnswerError as problem:
                return None, str(problem)
            except QirError as problem:
                # Not sent: no connection, no token, an address or key that makes no request.
                self.ledger.append("refused", token, detail=str(problem))
                raise
            status = response.status
            if 200 <= status < 300:
                job_id = self.service.created_id(response)
                return job_id, f"the service answered {status} without a job id"
            if status == 401 and not refreshed and self._refreshed(token):
                refreshed = True
                continue
            if status == 429:
                attempt += 1
                asked = retry_after(response, self.clock)
                wait = backoff(attempt, self.policy, self.clock) if asked is None else asked
                wait += self.clock.random.uniform(0, 0.5)
                if attempt < self.policy.tries and self.clock.now() + wait <= end:
                    self.clock.sleep(wait)
                    continue
            if 300 <= status < 400:
                self.ledger.append("refused", token, detail=f"redirected ({status})")
                raise Refusal("the service redirected the request; it was not followed, so that no key leaves for another host")
            if 400 <= status < 500 and status != 408:
                detail = self.service.explain(response)
                self.ledger.append("refused", token, detail=detail)
                raise Refusal(detail, status)
            return None, f"the service answered {status}"

    def _refreshed(self, token: str) -> bool:
        try:
            return self.service.refresh()
        except SubmitError as problem:
            self.ledger.append("refused", token, detail=str(problem))
            raise

    def _look_for(self, token: str, patience: float | None = None) -> str | None:
        """Ask for the job until it shows up or the patience ends; lists may lag behind.

        SubmitError when the service never gave a whole answer: then nothing is known.
        """
        intent = self.ledger.intents()[token]
        end = self.clock.now() + (self.patience if patience is None else patience)
        attempt = 0
        while True:
            problem: SubmitError | None = None
            try:
                if found := self.service.find(token, intent.time):
                    return found
            except SubmitError as failed:
                problem = failed
            attempt += 1
            wait = min(10.0, 0.5 * 2**attempt)
            if self.clock.now() + wait > end:
                if problem is not None:
                    raise problem
                return None
            self.clock.sleep(wait)

    def settle(self, intent: Intent) -> Intent:
        """Look for the job of an open intent, and write down what was found.

        A job that the service lists nowhere an hour after the request is not there: the intent becomes
        `absent`, and is looked for no more.  Younger ones, and those the service could not be asked
        for, stay `unknown`.
        """
        age = self.clock.wall() - intent.time
        try:
            # An old job is in the list, or it never will be: one look is enough.
            found = self._look_for(intent.token, max(0.0, self.patience - max(0.0, age)))
        except SubmitError as problem:
            self.ledger.append("unknown", intent.token, detail=f"the service could not be asked: {problem}")
        else:
            if found is not None:
                self.ledger.append("accepted", intent.token, job_id=found)
            elif age > self.settled_after:
                detail = f"the service has no job with this token {age / 3600:.0f} h after the request"
                self.ledger.append("absent", intent.token, detail=detail)
            elif intent.outcome is None:
                self.ledger.append("unknown", intent.token, detail="no job with this token was found yet")
        return self.ledger.intents()[intent.token]

    def reconcile(self) -> list[Intent]:
        """Settle every open intent of this service as far as the service knows; returns them."""
        waiting = [i for i in self.ledger.intents().values() if i.is_open and i.vendor == self.service.vendor]
        return [self.settle(i) for i in waiting if self.base is None or i.url.startswith(self.base)]
