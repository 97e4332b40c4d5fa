"""Fault injection: what the service does to the next POSTs of jobs, one step each, the last repeats.

| step | effect |
|---|---|
| `ok` | none |
| `drop` | the job is created, then the connection is closed without a byte |
| `drop-before` | the connection is closed, nothing is created |
| `after:NNN` | the job is created, the answer is status NNN |
| `before:NNN` | nothing is created, the answer is status NNN (429 with `Retry-After: 1`) |
| `cut` | the job is created, the body of the answer is cut in half |
| `html` | the job is created, the answer is a page of HTML |
| `slow:S` | the job is created, the answer comes after S seconds |
| `hang` | the job is created, no answer ever comes |
| `dribble` | the job is created, the answer comes one byte a second |
| `bomb` | the job is created, the answer is a page that unpacks to 64 MB |
| `twice` | the job is created, headers of the answer are given twice |
| `lag:K` | the job is created, the connection closed, and the next K lists do not have it yet |
| `redirect` | nothing is created, the answer sends the client to another host |
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextvars import ContextVar
from typing import Any

from qir.errors import UsageError

__all__ = ["FaultInjector", "parse_steps"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_PLAIN = {"ok", "drop", "drop-before", "cut", "html", "hang", "redirect", "dribble", "bomb", "twice"}


def parse_steps(text: str) -> list[str]:
    """Steps from a list such as `drop,ok`; UsageError for an unknown one."""
    steps = [s.strip() for s in text.split(",") if s.strip()]
    for step in steps:
        kind, _, argument = step.partition(":")
        number = argument.replace(".", "", 1).isdigit()
        if not (step in _PLAIN or (kind in ("after", "before", "slow", "lag") and number)):
            known = ", ".join(sorted(_PLAIN))
            raise UsageError(f"there is no fault {step!r}; there are {known}, after:NNN, before:NNN, lag:K, slow:S")
    return steps or ["ok"]


CONNECTION: ContextVar[asyncio.Transport] = ContextVar("connection")
"""The connection a request came in on; set by the server's protocol, so that it can be cut."""


def _drop() -> None:
    """Close the connection without another byte."""
    CONNECTION.get().abort()
    # The server would log that nothing was answered; that is the point.
    logging.getLogger("uvicorn.error").disabled = True


class FaultInjector:
    """ASGI middleware around the service."""

    def __init__(self, app: App, steps: Iterable[str] = ("ok",), latency: float = 0.0) -> None:
        self.app = app
        self.latency = latency
        self.set(list(steps))

    def set(self, steps: list[str]) -> None:
        """Start a new scenario."""
        self._lag = 0
        self._steps = itertools.chain(steps, itertools.repeat(steps[-1]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._lag and scope.get("method") == "GET" and scope["path"].rstrip("/").endswith("/jobs"):
            self._lag -= 1
            await _answer(send, 200, json.dumps({"jobs": [], "count": 0}).encode(), [])
            return
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].rstrip("/").endswith("/jobs"):
            await self.app(scope, receive, send)
            return
        if self.latency:
            await asyncio.sleep(self.latency)
        kind, _, argument = next(self._steps).partition(":")
        if kind == "ok":
            await self.app(scope, receive, send)
        elif kind == "drop-before":
            await _read_all(receive)
            _drop()
        elif kind == "before":
            await _read_all(receive)
            headers = [(b"retry-after", b"1")] if argument == "429" else []
            await _answer(send, int(argument), json.dumps({"message": "injected"}).encode(), headers)
        elif kind == "redirect":
            await _read_all(receive)
            await _answer(send, 307, b"", [(b"location", b"https://elsewhere.invalid/jobs")])
        else:
            status, body = await self._create(scope, receive)
            if kind in ("drop", "lag"):
                self._lag = int(float(argument or 0))
                _drop()
                return
            if kind == "hang":
                await asyncio.sleep(3600)
            if kind == "slow":
                await asyncio.sleep(float(argument))
            if kind == "dribble":
                await _dribble(send, status, body)
            elif kind == "bomb":
                packed = gzip.compress(bytes(64 * 2**20))
                await _answer(send, status, packed, [(b"content-encoding", b"gzip")])
            elif kind == "twice":
                await _answer(send, status, body, [(b"retry-after", b"1"), (b"retry-after", b"2"), (b"server", b"a")])
            elif kind == "html":
                await _answer(send, status, b"<html><body>Welcome to the hotel network</body></html>", [])
            elif kind == "cut":
                await _answer(send, status, body[: len(body) // 2], [])
            elif kind == "after" and status < 300:
                await _answer(send, int(argument), json.dumps({"message": "injected"}).encode(), [])
            else:
                await _answer(send, status, body, [])

    async def _create(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        """Let the service answer, and keep the answer."""
        status, chunks = 500, []

        async def capture(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                chunks.append(message.get("body", b""))

        await self.app(scope, receive, capture)
        return status, b"".join(chunks)


async def _dribble(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for i in range(len(body)):
        await asyncio.sleep(1)
        await send({"type": "http.response.body", "body": body[i : i + 1], "more_body": i + 1 < len(body)})


async def _read_all(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    await send({
        "type": "http.response.start", "status": status,
        "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *headers],
    })  # fmt: skip
    await send({"type": "http.response.body", "body": body})
