"""The jobs of the local service: kept in memory, run one after the other on the built-in simulator."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from qir.errors import QirError

__all__ = ["Job", "Store"]


@dataclass
class Job:
    """One job.  state: "queued", "running", "done", "failed" or "canceled"."""

    id: str
    vendor: str
    body: dict[str, Any]
    created: float
    state: str = "queued"
    result: Any = None
    failure: str | None = None
    started: float | None = None
    ended: float | None = None
    children: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


class Store:
    """All jobs and sessions.  `queue_time` seconds pass before a job runs."""

    def __init__(self, queue_time: float = 0.0) -> None:
        self.queue_time = queue_time
        self.jobs: dict[str, Job] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="qir-serve")

    def add(self, vendor: str, body: dict[str, Any], run: Callable[[Job], Any] | None) -> Job:
        """Create a job and queue it; `run` gives its result, None leaves it queued (a dry run is done at once)."""
        job = Job(str(uuid.uuid4()), vendor, body, time.time())
        with self._lock:
            self.jobs[job.id] = job
        if run is not None:
            self._pool.submit(self._run, job, run)
        return job

    def _run(self, job: Job, run: Callable[[Job], Any]) -> None:
        if self.queue_time:
            time.sleep(self.queue_time)
        with self._lock:
            if job.state != "queued":
                return
            job.state, job.started = "running", time.time()
        try:
            result = run(job)
        except QirError as problem:
            self._finish(job, "failed", failure=str(problem))
        except Exception as bug:  # a job that breaks the service must end as a failed job
            self._finish(job, "failed", failure=f"internal error: {type(bug).__name__}: {bug}")
        else:
            self._finish(job, "done", result=result)

    def _finish(self, job: Job, state: str, *, result: Any = None, failure: str | None = None) -> None:
        with self._lock:
            if job.state == "canceled":
                return
            job.state, job.result, job.failure, job.ended = state, result, failure, time.time()

    def cancel(self, job: Job) -> bool:
        """Cancel a job that has not ended; False when it has."""
        with self._lock:
            if job.state not in ("queued", "running"):
                return False
            job.state, job.ended = "canceled", time.time()
            return True

    def newest(self, vendor: str) -> list[Job]:
        """Jobs of a vendor's API, the newest first."""
        with self._lock:
            return [j for j in reversed(self.jobs.values()) if j.vendor == vendor]
