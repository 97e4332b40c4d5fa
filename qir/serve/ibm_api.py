"""IBM's Qiskit Runtime API, as far as a client needs it: token, jobs, sessions, backends.

Source of the shapes: the service's public API documents of March and April 2026.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from qir.serve.execute import check, ibm_results
from qir.serve.store import Job, Store
from qir.targets import all_targets
from qir.targets.target import Target

__all__ = ["routes"]

_STATE = {"queued": "Queued", "running": "Running", "done": "Completed", "failed": "Failed", "canceled": "Cancelled"}
TOKEN_LIFE = 3600


def routes(store: Store, *, fractional: bool = False) -> list[Route]:
    """The token service and the routes below `/v1`, also under `/api`."""
    tokens: dict[str, float] = {}

    def refused(status: int, message: str, code: int = 1000) -> Response:
        row = {"code": code, "message": message, "more_info": ""}
        return JSONResponse({"trace": str(uuid.uuid4()), "errors": [row]}, status)

    def authorised(request: Request) -> bool:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return kind == "Bearer" and tokens.get(token, 0) > time.time() and bool(request.headers.get("service-crn"))

    async def token(request: Request) -> Response:
        form = (await request.body()).decode("utf-8", "replace")
        if "apikey=" not in form:
            return JSONResponse({"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."}, 400)
        now = int(time.time())
        value = _token(now)
        tokens[value] = now + TOKEN_LIFE
        return JSONResponse({
            "access_token": value, "refresh_token": "not_supported", "token_type": "Bearer", "expires_in": TOKEN_LIFE,
            "expiration": now + TOKEN_LIFE, "scope": "ibm openid",
        })  # fmt: skip

    def find(request: Request) -> Job | None:
        job = store.jobs.get(request.path_params["id"])
        return job if job is not None and job.vendor == "ibm" else None

    async def create(request: Request) -> Response:
        if not authorised(request):
            return refused(401, "the token is missing or has expired", 1200)
        raw = await request.body()
        if len(raw) > 50 * 2**20:
            return refused(413, "the body is larger than 50 MB", 5302)
        body, problems = check(raw, "ibm", fractional=fractional)
        if problems or body is None:
            return refused(400, "; ".join(problems) or "no job", 1002)
        session = body.get("session_id")
        if session is not None and not store.sessions.get(session, {}).get("accepting_jobs", True):
            return refused(400, "the session is closed", 4001)
        job = store.add("ibm", body, ibm_results)
        return JSONResponse({"id": job.id, "backend": body.get("backend"), "session_id": body.get("session_id")}, 200)

    async def listed(request: Request) -> Response:
        if not authorised(request):
            return refused(401, "the token is missing or has expired", 1200)
        wanted = set(request.query_params.getlist("tags"))
        jobs = [j for j in store.newest("ibm") if wanted <= set(j.body.get("tags") or [])]
        start, limit = int(request.query_params.get("offset", 0)), int(request.query_params.get("limit", 200))
        rows = [_view(j, with_params=False) for j in jobs[start : start + limit]]
        return JSONResponse({"jobs": rows, "count": len(jobs), "limit": limit, "offset": start})

    async def one(request: Request) -> Response:
        job = find(request)
        if not authorised(request) or job is None:
            return refused(404 if authorised(request) else 401, "no such job", 1291)
        return JSONResponse(_view(job, with_params=request.query_params.get("exclude_params") != "true"))

    async def results(request: Request) -> Response:
        job = find(request)
        if job is None:
            return refused(404, "no such job", 1291)
        if job.state != "done":
            return Response(status_code=204)
        return JSONResponse(job.result)

    async def cancel(request: Request) -> Response:
        job = find(request)
        if job is None:
            return refused(404, "no such job", 1291)
        return Response(status_code=204) if store.cancel(job) else refused(409, "the job has ended", 1290)

    async def delete(request: Request) -> Response:
        job = find(request)
        if job is None:
            return refused(404, "no such job", 1291)
        if job.state in ("queued", "running"):
            return refused(409, "the job has not ended", 1290)
        del store.jobs[job.id]
        return Response(status_code=204)

    async def metrics(request: Request) -> Response:
        job = find(request)
        if job is None:
            return refused(404, "no such job", 1291)
        stamps = {"created": job.created, "running": job.started, "finished": job.ended}
        return JSONResponse({"timestamps": stamps, "usage": {"qpu_charge_time_seconds": 0, "status": "complete"}})

    async def open_session(request: Request) -> Response:
        data = json.loads(await request.body() or b"{}")
        if data.get("mode") not in ("dedicated", "batch"):
            return refused(400, "mode is dedicated or batch", 1002)
        row = {"id": str(uuid.uuid4()), "mode": data["mode"], "backend_name": data.get("backend"), "state": "open",
               "accepting_jobs": True, "max_ttl": data.get("max_ttl", 28800)}  # fmt: skip
        store.sessions[str(row["id"])] = row
        return JSONResponse(row)

    async def session(request: Request) -> Response:
        row = store.sessions.get(request.path_params["id"])
        return JSONResponse(row) if row is not None else refused(404, "no such session", 4000)

    async def close_session(request: Request) -> Response:
        row = store.sessions.get(request.path_params["id"])
        if row is None:
            return refused(404, "no such session", 4000)
        row["accepting_jobs"], row["state"] = False, "closed"
        return Response(status_code=204)

    async def backends(request: Request) -> Response:
        return JSONResponse({"devices": [_device(t) for t in _machines()]})

    async def backend(request: Request) -> Response:
        rows = [t for t in _machines() if t.name == request.path_params["id"]]
        if not rows:
            return refused(404, "no such backend", 1007)
        what = request.path_params["what"]
        if what == "configuration":
            return JSONResponse(_configuration(rows[0]))
        if what == "status":
            return JSONResponse({"state": True, "status": "active", "message": "available", "length_queue": 0})
        if what == "properties":
            return JSONResponse({"backend_name": rows[0].name, "qubits": [], "gates": [], "general": []})
        return refused(404, "no such page", 1007)

    async def usage(request: Request) -> Response:
        return JSONResponse({"usage_consumed_seconds": 0, "usage_limit_seconds": 600})

    async def logs(request: Request) -> Response:
        return PlainTextResponse("")

    found = [Route("/identity/token", token, methods=["POST"])]
    for base in ("/v1", "/api/v1"):
        found += [
            Route(f"{base}/jobs", create, methods=["POST"]),
            Route(f"{base}/jobs", listed, methods=["GET"]),
            Route(f"{base}/jobs/{{id}}", one, methods=["GET"]),
            Route(f"{base}/jobs/{{id}}", delete, methods=["DELETE"]),
            Route(f"{base}/jobs/{{id}}/results", results),
            Route(f"{base}/jobs/{{id}}/cancel", cancel, methods=["POST"]),
            Route(f"{base}/jobs/{{id}}/metrics", metrics),
            Route(f"{base}/jobs/{{id}}/logs", logs),
            Route(f"{base}/sessions", open_session, methods=["POST"]),
            Route(f"{base}/sessions/{{id}}", session, methods=["GET"]),
            Route(f"{base}/sessions/{{id}}", close_session, methods=["PATCH"]),
            Route(f"{base}/sessions/{{id}}/close", close_session, methods=["DELETE"]),
            Route(f"{base}/backends", backends),
            Route(f"{base}/backends/{{id}}/{{what}}", backend),
            Route(f"{base}/instances/usage", usage),
        ]
    return found


def _token(now: int) -> str:
    """An unsigned token of the shape that clients parse (RFC 7519)."""
    parts = [{"alg": "none", "typ": "JWT"}, {"iat": now, "exp": now + TOKEN_LIFE, "sub": "local", "jti": str(uuid.uuid4())}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + ".local"


def _view(job: Job, *, with_params: bool) -> dict[str, Any]:
    body = job.body
    status = _STATE[job.state]
    state: dict[str, Any] = {"status": status}
    if job.failure:
        state |= {"reason": job.failure, "reason_code": 9999}
    view = {
        "id": job.id,
        "backend": body.get("backend"),
        "status": status,
        "state": state,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(job.created)),
        "program": {"id": body.get("program_id")},
        "tags": body.get("tags") or [],
        "session_id": body.get("session_id"),
        "private": bool(body.get("private")),
    }
    return view | {"params": body.get("params")} if with_params else view


def _machines() -> list[Target]:
    return [t for t in all_targets() if t.vendor == "ibm" and not t.retired]


def _device(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "status": {"name": "online", "reason": "available"},
        "is_simulator": False,
        "qubits": target.num_qubits,
        "processor_type": {"family": target.family},
        "queue_length": 0,
    }


def _configuration(target: Target) -> dict[str, Any]:
    edges = target.edges or {}
    pairs = [list(e) for row in edges.values() for e in row]
    more = [name for feature, name in (("reset", "reset"), ("if", "if_else")) if feature in target.features]
    timing = target.timing
    return {
        "backend_name": target.name,
        "backend_version": "1.0.0",
        "n_qubits": target.num_qubits,
        "basis_gates": list(target.gates),
        "coupling_map": pairs,
        "gates": [{"name": n, "parameters": [], "coupling_map": [list(e) for e in row]} for n, row in edges.items()],
        "supported_instructions": [*target.gates, "measure", "delay", "barrier", *more],
        "dt": timing.dt * 1e9 if timing else None,
        "timing_constraints": {
            "granularity": timing.granularity, "min_length": timing.min_length, "pulse_alignment": timing.pulse_alignment,
            "acquire_alignment": timing.acquire_alignment,
        } if timing else {},
        "max_shots": int(target.limits.get("shots", 100_000)),
        "simulator": False,
        "local": False,
        "conditional": False,
        "open_pulse": False,
        "memory": True,
    }  # fmt: skip
