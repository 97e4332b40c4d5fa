"""A transport that plays both services, misbehaves as told, and keeps time that does not pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from qir.submitters.credentials import IbmCredentials, IonqCredentials
from qir.submitters.ibm import IbmClient
from qir.submitters.ionq import IonqClient
from qir.submitters.retry import Clock
from qir.submitters.secret import Secret
from qir.submitters.transport import NoAnswerError, NotSentError, Request, Response, Timeouts

__all__ = ["IBM_PAYLOAD", "KEY", "MAKERS", "PAYLOAD", "FakeService", "FakeTime", "ibm", "ionq"]

KEY = "super-secret-key-0123456789"
PAYLOAD: dict[str, Any] = {
    "type": "ionq.circuit.v1", "backend": "simulator", "shots": 100,
    "input": {"gateset": "qis", "qubits": 1, "circuit": [{"gate": "x", "target": 0}]},
}  # fmt: skip
IBM_PAYLOAD: dict[str, Any] = {
    "program_id": "sampler", "backend": "ibm_fez", "params": {"pubs": [["OPENQASM 3.0;"]], "version": 2},
}  # fmt: skip


class FakeService:
    """Keeps jobs as a service would, and misbehaves as told: one step per POST, the last one repeats."""

    def __init__(self, *steps: str, lag: int = 0) -> None:
        self.steps = list(steps) or ["ok"]
        self.jobs: dict[str, dict[str, Any]] = {}
        self.posts = 0
        self.tokens = 0
        self.lag = lag
        self.requests: list[Request] = []

    def send(self, request: Request, timeouts: Timeouts) -> Response:
        self.requests.append(request)
        path = request.url.split("?")[0]
        if path.endswith("/identity/token"):
            self.tokens += 1
            return self.answer(200, {"access_token": f"bearer-{self.tokens}", "expires_in": 3600})
        if request.method == "POST" and path.endswith("/jobs"):
            return self.post(request)
        if request.method == "GET" and path.endswith("/jobs"):
            if self.lag:
                self.lag -= 1
                return self.answer(200, {"jobs": []})
            return self.answer(200, {"jobs": list(self.jobs.values())})
        name = path.split("/jobs/")[-1].split("/")[0]
        return self.answer(200, self.jobs[name]) if name in self.jobs else self.answer(404, {"message": "no such job"})

    def post(self, request: Request) -> Response:
        step = self.steps[min(self.posts, len(self.steps) - 1)]
        self.posts += 1
        kind, _, argument = step.partition(":")
        if kind == "not-sent":
            raise NotSentError("cannot reach the service")
        if kind in ("ok", "lost", "after", "cut", "html"):
            name = f"job-{len(self.jobs)}"
            assert request.body is not None
            self.jobs[name] = {"id": name, "status": "completed", **json.loads(request.body)}
        if kind == "ok":
            return self.answer(201, {"id": name, "status": "submitted"})
        if kind in ("lost", "gone"):
            raise NoAnswerError("no answer")
        if kind == "cut":
            return Response(201, {}, b'{"id": "jo')
        if kind == "html":
            return Response(201, {}, b"<html>portal</html>")
        headers = {"retry-after": "2"} if argument == "429" else {}
        return self.answer(int(argument), {"message": f"because {argument}"}, headers)

    @staticmethod
    def answer(status: int, data: Any, headers: dict[str, str] | None = None) -> Response:
        return Response(status, headers or {}, json.dumps(data).encode())


class FakeTime:
    """A clock that does not wait."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def clock(self) -> Clock:
        return Clock(now=lambda: self.time, wall=lambda: self.time, sleep=self.sleep)


def ionq(service: FakeService, time: FakeTime) -> IonqClient:
    credentials = IonqCredentials(Secret(KEY), "https://ionq.test/v0.4")
    return IonqClient(credentials.url, transport=service, clock=time.clock(), credentials=credentials)


def ibm(service: FakeService, time: FakeTime) -> IbmClient:
    credentials = IbmCredentials(Secret(KEY), "crn:v1:x", "https://ibm.test/api", "https://iam.test")
    return IbmClient(credentials.url, transport=service, clock=time.clock(), credentials=credentials)


MAKERS: dict[str, tuple[Callable[[FakeService, FakeTime], Any], dict[str, Any]]] = {
    "ionq": (ionq, PAYLOAD),
    "ibm": (ibm, IBM_PAYLOAD),
}
