"""The service as an ASGI application, and the server that runs it."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from qir.serve import ibm_api, ionq_api
from qir.serve.faults import CONNECTION, FaultInjector, parse_steps
from qir.serve.store import Store

__all__ = ["make_app", "serve"]


def make_app(
    store: Store | None = None, faults: str = "ok", latency: float = 0.0, *, fractional: bool = False
) -> FaultInjector:
    """The application: IonQ below `/v0.4`, IBM below `/v1` (and `/api/v1`), its token service at
    `/identity/token`, and `/faults` to change the scenario (`{"steps": "drop,ok"}`)."""
    store = store or Store()
    injector: list[FaultInjector] = []

    async def change_faults(request: Request) -> Response:
        injector[0].set(parse_steps((await request.json())["steps"]))
        return JSONResponse({})

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "pass"})

    routes = [
        Route("/faults", change_faults, methods=["PUT"]),
        Route("/health", health),
        *ionq_api.routes(store),
        *ibm_api.routes(store, fractional=fractional),
    ]
    injector.append(FaultInjector(Starlette(routes=routes), parse_steps(faults), latency))
    return injector[0]


class _Protocol(H11Protocol):
    """HTTP, with the connection within reach of the fault injector."""

    def data_received(self, data: bytes) -> None:
        CONNECTION.set(self.transport)
        super().data_received(data)


def serve(port: int = 8080, host: str = "127.0.0.1", **settings: Any) -> None:
    """Run the service until it is interrupted.  It listens on the local machine only unless told otherwise."""
    config = uvicorn.Config(make_app(**settings), host=host, port=port, http=_Protocol, log_level="warning", lifespan="off")
    asyncio.run(uvicorn.Server(config).serve())
