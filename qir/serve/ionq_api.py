"""IonQ's API v0.4, as far as a client needs it.

Source of the shapes: the service's OpenAPI document of October 2026.
"""

from __future__ import annotations

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from qir.serve.execute import check, ionq_results
from qir.serve.store import Job, Store
from qir.targets import all_targets
from qir.targets.target import Target

__all__ = ["routes"]

_STATE = {"queued": "ready", "running": "started", "done": "completed", "failed": "failed", "canceled": "canceled"}

_V1 = "ionq.result.probabilities.json.v1"


def routes(store: Store) -> list[Route]:
    """The routes below `/v0.4`."""

    def refused(status: int, message: str, error: str = "Bad Request") -> Response:
        return JSONResponse({"statusCode": status, "error": error, "message": message}, status)

    def authorised(request: Request) -> bool:
        return request.headers.get("authorization", "").startswith("apiKey ")

    def find(request: Request) -> tuple[Job | None, int | None]:
        """The job, and which of its circuits when the id is that of a child."""
        name: str = request.path_params["id"]
        job, index = store.jobs.get(name), None
        if job is None and name.rpartition(".")[2].isdigit():
            parent, _, number = name.rpartition(".")
            job, index = store.jobs.get(parent), int(number)
        if job is None or job.vendor != "ionq" or (index is not None and index >= _count(job)):
            return None, None
        return job, index

    async def create(request: Request) -> Response:
        if not authorised(request):
            return refused(401, "no API key", "Unauthorized")
        raw = await request.body()
        if len(raw) > 10 * 2**20:
            return refused(413, "the body is larger than 10 MB", "Payload Too Large")
        body, problems = check(raw, "ionq")
        if problems or body is None:
            return refused(400, "; ".join(problems) or "no job")
        session = body.get("session_id")
        if session is not None and store.sessions.get(session, {}).get("status") not in ("created", "started"):
            return refused(400, "there is no such open session")
        job = store.add("ionq", body, None if body.get("dry_run") else ionq_results)
        if body.get("dry_run"):
            job.state = "done"
        return JSONResponse({"id": job.id, "status": "submitted", "session_id": body.get("session_id")}, 201)

    async def listed(request: Request) -> Response:
        if not authorised(request):
            return refused(401, "no API key", "Unauthorized")
        jobs = store.newest("ionq")
        start = int(request.query_params.get("next", 0))
        limit = int(request.query_params.get("limit", 25))
        page = jobs[start : start + limit]
        after = str(start + limit) if start + limit < len(jobs) else None
        return JSONResponse({"jobs": [_view(j) for j in page], "next": after})

    async def one(request: Request) -> Response:
        if not authorised(request):
            return refused(401, "no API key", "Unauthorized")
        job, index = find(request)
        return JSONResponse(_view(job, index)) if job is not None else refused(404, "no such job", "Not Found")

    async def probabilities(request: Request) -> Response:
        job, index = find(request)
        if job is None or job.result is None:
            return refused(404, "no results", "Not Found")
        if index is None and _count(job) > 1:
            return refused(404, "the results are those of the child jobs", "Not Found")
        return JSONResponse(job.result[index or 0][_V1])

    async def artifact(request: Request) -> Response:
        job, index = find(request)
        if not authorised(request):
            return refused(401, "no API key", "Unauthorized")
        found = {} if job is None or job.result is None else job.result[index or 0]
        form = request.path_params["artifact"]
        return JSONResponse(found[form]) if form in found else refused(404, "no such artifact", "Not Found")

    async def aggregated(request: Request) -> Response:
        job, _ = find(request)
        if job is None or job.result is None:
            return refused(404, "no results", "Not Found")
        return JSONResponse({name: found[_V1] for name, found in zip(_children(job), job.result)})

    async def cancel(request: Request) -> Response:
        job, _ = find(request)
        if job is None:
            return refused(404, "no such job", "Not Found")
        store.cancel(job)
        return JSONResponse({"id": job.id, "status": _STATE[job.state]})

    async def delete(request: Request) -> Response:
        job, _ = find(request)
        if job is None:
            return refused(404, "no such job", "Not Found")
        del store.jobs[job.id]
        return JSONResponse({"id": job.id, "status": "deleted"})

    async def backends(request: Request) -> Response:
        return JSONResponse([_backend(t) for t in all_targets() if t.vendor == "ionq"])

    async def backend(request: Request) -> Response:
        rows = [_backend(t) for t in all_targets() if t.vendor == "ionq" and t.name == request.path_params["id"]]
        return JSONResponse(rows[0]) if rows else refused(404, "no such backend", "Not Found")

    async def cost(request: Request) -> Response:
        job, _ = find(request)
        if job is None:
            return refused(404, "no such job", "Not Found")
        if job.body.get("dry_run"):
            return JSONResponse({"dry_run": True, "estimated_cost": {"value": 0, "unit": "usd"}})
        return JSONResponse({"dry_run": False, "cost": {"value": 0, "unit": "usd"}})

    async def estimate(request: Request) -> Response:
        query = request.query_params
        if not any(t.name == query.get("backend") for t in all_targets() if t.vendor == "ionq"):
            return refused(400, "backend is missing or unknown")
        return JSONResponse({
            "estimate_context": dict(query), "estimated_unit": "usd", "rate_card": {"id": "local", "rates": []},
            "estimated_total_cost": 0, "estimated_execution_time": 0, "current_predicted_queue_time": 0,
        })  # fmt: skip

    async def characterizations(request: Request) -> Response:
        rows = [t for t in all_targets() if t.vendor == "ionq" and t.name == request.path_params["id"]]
        return JSONResponse({"characterizations": [_characterization(t) for t in rows if t.errors], "pages": 1})

    async def open_session(request: Request) -> Response:
        if not authorised(request):
            return refused(401, "no API key", "Unauthorized")
        try:
            data = await request.json()
        except ValueError:
            data = None
        if not isinstance(data, dict) or not isinstance(data.get("backend"), str):
            return refused(400, "backend is missing")
        row = {"id": str(uuid.uuid4()), "backend": data["backend"], "status": "created", "active": True,
               "settings": data.get("settings") or {}}  # fmt: skip
        store.sessions[str(row["id"])] = row
        return JSONResponse(row, 201)

    async def sessions(request: Request) -> Response:
        wanted = request.query_params.get("active") == "true"
        rows = [s for s in store.sessions.values() if "backend" in s and (s["active"] or not wanted)]
        return JSONResponse({"sessions": rows})

    async def session(request: Request) -> Response:
        row = store.sessions.get(request.path_params["id"])
        if row is None:
            return refused(404, "no such session", "Not Found")
        if request.method == "POST":
            row |= {"status": "ended", "active": False}
        return JSONResponse(row)

    base = "/v0.4"
    return [
        Route(f"{base}/jobs", create, methods=["POST"]),
        Route(f"{base}/jobs", listed, methods=["GET"]),
        Route(f"{base}/jobs/estimate", estimate),
        Route(f"{base}/jobs/{{id}}", one, methods=["GET"]),
        Route(f"{base}/jobs/{{id}}", delete, methods=["DELETE"]),
        Route(f"{base}/jobs/{{id}}/results/probabilities", probabilities),
        Route(f"{base}/jobs/{{id}}/results/probabilities/aggregated", aggregated),
        Route(f"{base}/jobs/{{id}}/artifacts/{{artifact}}", artifact),
        Route(f"{base}/jobs/{{id}}/status/cancel", cancel, methods=["PUT"]),
        Route(f"{base}/backends", backends),
        Route(f"{base}/backends/{{id}}", backend),
        Route(f"{base}/backends/{{id}}/characterizations", characterizations),
        Route(f"{base}/jobs/{{id}}/cost", cost),
        Route(f"{base}/sessions", open_session, methods=["POST"]),
        Route(f"{base}/sessions", sessions, methods=["GET"]),
        Route(f"{base}/sessions/{{id}}", session, methods=["GET"]),
        Route(f"{base}/sessions/{{id}}/end", session, methods=["POST"]),
    ]


def _count(job: Job) -> int:
    """How many circuits a job has."""
    entry = job.body.get("input")
    circuits = entry.get("circuits") if isinstance(entry, dict) else None
    return len(circuits) if isinstance(circuits, list) else 1


def _children(job: Job) -> list[str]:
    return [f"{job.id}.{i}" for i in range(_count(job))]


def _view(job: Job, index: int | None = None) -> dict[str, Any]:
    body = job.body
    entry = body.get("input") if isinstance(body.get("input"), dict) else {}
    assert isinstance(entry, dict)
    several = index is None and body.get("type") == "ionq.multi-circuit.v1"
    view: dict[str, Any] = {
        "id": job.id if index is None else f"{job.id}.{index}",
        "type": body.get("type") if index is None else "ionq.circuit.v1",
        "status": _STATE[job.state],
        "backend": body.get("backend"),
        "name": body.get("name"),
        "metadata": body.get("metadata") or {},
        "shots": body.get("shots", 100),
        "session_id": body.get("session_id"),
        "dry_run": bool(body.get("dry_run")),
        "submitted_at": job.created,
        "stats": {"qubits": entry.get("qubits"), "circuits": _count(job) if index is None else 1},
        "results": None,
        "failure": {"code": "SimulationError", "message": job.failure} if job.failure else None,
    }
    if job.state == "done" and not body.get("dry_run"):
        # The links are the older form, which vendors' clients still follow; the artifacts the newer.
        link = f"/v0.4/jobs/{view['id']}/results/probabilities"
        forms = () if several else job.result[index or 0]
        view["results"] = {"probabilities": {"url": link}} | {
            f: {"id": f, "format": f, "media_type": "application/json"} for f in forms
        }
    return view | {"child_job_ids": _children(job)} if several else view


def _characterization(target: Target) -> dict[str, Any]:
    """The table's rates in the shape of a characterization: fidelities, seconds."""
    def median(gate: str) -> dict[str, float]:
        return {"median": 1.0 - target.errors.get((gate, ()), 0.0), "stderr": 0.0}

    times = {kind: target.durations.get((gate, ()), 0.0) for kind, gate in (("1q", "gpi"), ("2q", target.entangler))}
    return {
        "id": f"table-{target.name}", "date": "2026-10-01T00:00:00Z", "backend": target.name, "qubits": target.num_qubits,
        "fidelity": {"spam": median("measure"), "1q": median("gpi"), "2q": median(target.entangler)}, "timing": times,
    }  # fmt: skip


def _backend(target: Target) -> dict[str, Any]:
    native = [] if target.simulator else list(target.gates)
    return {
        "backend": target.name,
        "status": "retired" if target.retired else "available",
        "qubits": target.num_qubits,
        "average_queue_time": 0,
        "supported_native_gates": native,
    }
