"""The local service without a network: a transport that calls its application."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from qir.submitters import connect
from qir.submitters.retry import Clock
from qir.submitters.transport import Request, Response, Timeouts

__all__ = ["InProcess", "client", "service"]


class InProcess:
    """A transport that calls the local service's application, without a network."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def send(self, request: Request, timeouts: Timeouts) -> Response:
        parts = urlsplit(request.url)
        headers = dict(request.headers) | {k: v.reveal() for k, v in request.secret_headers.items()}
        body = request.secret_body.reveal().encode() if request.secret_body else request.body or b""
        scope = {
            "type": "http", "method": request.method, "path": parts.path, "raw_path": parts.path.encode(), "root_path": "",
            "query_string": parts.query.encode(), "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        }  # fmt: skip
        found: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def reply(message: Any) -> None:
            found.append(message)

        asyncio.run(self.app(scope, receive, reply))
        content = b"".join(m.get("body", b"") for m in found[1:])
        return Response(found[0]["status"], {k.decode(): v.decode() for k, v in found[0]["headers"]}, content)


@pytest.fixture(scope="module")
def service() -> Iterator[InProcess]:
    pytest.importorskip("starlette")
    pytest.importorskip("uvicorn")
    from qir.serve.app import make_app

    yield InProcess(make_app())


def client(vendor: str, service: InProcess) -> Any:
    clock = Clock(sleep=lambda seconds: time.sleep(0.005))
    return connect(vendor, "http://localhost" + ("/v0.4" if vendor == "ionq" else ""), transport=service, clock=clock)
