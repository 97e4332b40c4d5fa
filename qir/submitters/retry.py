"""When a request may be sent again, and how long to wait before.

Only requests that can be repeated without harm go through here: reading, and what a service refused
before it did anything (429, 401).  A POST that creates a job never does; see `submission`.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime

from qir.submitters.transport import Request, Response, Timeouts, Transport, TransportError

__all__ = ["Clock", "Policy", "retry_after", "send_idempotent"]

TRANSIENT = frozenset({429, 500, 502, 503, 504, 520, 521, 522, 523, 524})


@dataclass
class Clock:
    """Time, so that tests need not wait."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    random: random.Random = field(default_factory=random.Random)


@dataclass(frozen=True, slots=True)
class Policy:
    """Exponential backoff with full jitter (seconds), and a deadline over all tries."""

    tries: int = 6
    base: float = 0.5
    cap: float = 30.0
    deadline: float = 120.0
    longest_wait: float = 300.0


def retry_after(response: Response, clock: Clock) -> float | None:
    """Seconds the server asks to wait (a number or an HTTP date; of several the longest), None when it does not say."""
    value = response.headers.get("retry-after")
    if value is None:
        return None
    try:
        longest = max(float(v) for v in value.split(","))
        return max(0.0, longest) if math.isfinite(longest) else None
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - clock.wall())
    except (TypeError, ValueError):
        return None


def backoff(attempt: int, policy: Policy, clock: Clock) -> float:
    """A random wait before try number `attempt` + 1."""
    return clock.random.uniform(0, min(policy.cap, policy.base * 2**attempt))


def send_idempotent(transport: Transport, request: Request, timeouts: Timeouts, policy: Policy, clock: Clock) -> Response:
    """Send until there is an answer that is not transient, or the policy ends.

    Returns the last answer; raises the last TransportError when there was none.
    """
    end = clock.now() + policy.deadline
    attempt = 0
    while True:
        problem: TransportError | None = None
        response: Response | None = None
        try:
            rest = max(0.001, end - clock.now())
            bounded = replace(timeouts, read=min(timeouts.read, rest), total=min(timeouts.total, rest))
            response = transport.send(request, bounded)
            if response.status not in TRANSIENT:
                return response
        except TransportError as failed:
            problem = failed
        attempt += 1
        wait = backoff(attempt, policy, clock)
        if response is not None and (asked := retry_after(response, clock)) is not None:
            wait = min(asked, policy.longest_wait) + clock.random.uniform(0, 0.5)
        if attempt >= policy.tries or clock.now() + wait > end:
            if response is not None:
                return response
            assert problem is not None
            raise problem
        clock.sleep(wait)
