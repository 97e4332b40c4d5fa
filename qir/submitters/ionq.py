"""IonQ's API, v0.4."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from qir.errors import SubmitError, UsageError
from qir.submitters.client import Client
from qir.submitters.credentials import IonqCredentials, ionq_credentials
from qir.submitters.secret import Secret
from qir.submitters.transport import Request, Response
from qir.targets import find
from qir.targets.target import Target

__all__ = ["FINAL", "IonqClient", "calibrated"]

FINAL = frozenset({"completed", "failed", "canceled"})
_MAX_PAGES = 50
_SLACK = 48 * 3600.0
_TOKEN_KEY = "qir_token"  # noqa: S105

# Registers apart lose how they go together; shots keep it.  Without registers a table says it all.
_TABLE_FIRST = tuple(f"ionq.result.{kind}.json.{v}" for kind in ("probabilities", "histogram", "shots") for v in ("v2", "v1"))
_JOINT_FIRST = tuple(f"ionq.result.{kind}.json.{v}" for v in ("v2", "v1") for kind in ("shots", "histogram", "probabilities"))


@dataclass
class IonqClient(Client):
    """Jobs, results, sessions, backends of IonQ.  `Authorization: apiKey <key>`."""

    credentials: IonqCredentials | None = None
    vendor: str = "ionq"

    @staticmethod
    def connect(url: str | None = None, **settings: Any) -> IonqClient:
        """A client with credentials from the environment."""
        credentials = ionq_credentials(url)
        return IonqClient(credentials.url, credentials=credentials, **settings)

    def secret_headers(self) -> dict[str, Secret]:
        if self.credentials is None:
            return {}
        return {"Authorization": Secret(f"apiKey {self.credentials.key.reveal()}")}

    # -- what `submission` asks ------------------------------------------------------------

    def job_request(self, body: bytes) -> Request:
        return self.request("POST", "/jobs", body=body)

    def unsigned_job_request(self, body: bytes) -> Request:
        headers = self.headers() | {"Content-Type": "application/json", "Authorization": "***"}
        return Request("POST", self.url + "/jobs", headers, body=body)

    def with_token(self, payload: dict[str, Any], token: str) -> dict[str, Any]:
        metadata = dict(payload.get("metadata") or {})
        if _TOKEN_KEY not in metadata and len(metadata) >= 10:
            raise UsageError("the job has 10 metadata keys, the most IonQ takes; one is needed to find the job again")
        return payload | {"metadata": metadata | {_TOKEN_KEY: token}}

    def created_id(self, response: Response) -> str | None:
        data = response.json()
        found = data.get("id") if isinstance(data, dict) else None
        return found if isinstance(found, str) and found else None

    def find(self, token: str, since: float) -> str | None:
        """The API has no filter by metadata: look through the pages from the newest to those older than the
        request.  SubmitError when there are too many to say that the job is not there."""
        cursor: str | None = None
        for _ in range(_MAX_PAGES):
            page = self.call("GET", "/jobs", query={"limit": 100, "next": cursor})
            if not isinstance(page, dict) or not isinstance(page.get("jobs"), list):
                raise SubmitError("the service's list of jobs has a shape that is not known")
            rows = [job for job in page["jobs"] if isinstance(job, dict)]
            for job in rows:
                metadata = job.get("metadata")
                if isinstance(metadata, dict) and metadata.get(_TOKEN_KEY) == token and isinstance(job.get("id"), str):
                    return str(job["id"])
            cursor = page.get("next")
            # Much slack: our clock may be wrong, or in another zone than it believes.
            times = [t for job in rows if (t := _seconds(job.get("submitted_at"))) is not None]
            if not cursor or (times and max(times) < since - _SLACK):
                return None
        raise SubmitError(f"the job is not among the newest {_MAX_PAGES * 100}; there are more")

    # -- jobs ------------------------------------------------------------------------------

    def job(self, job_id: str) -> dict[str, Any]:
        return self.call_object("GET", f"/jobs/{job_id}")

    def status(self, job_id: str) -> str:
        return self.status_of(self.job(job_id))

    def status_of(self, job: dict[str, Any]) -> str:
        return str(job.get("status"))

    def is_final(self, status: str) -> bool:
        return status in FINAL

    def failure(self, job: dict[str, Any]) -> str | None:
        """The service's reason for a failed job, in either of its spellings."""
        failure = job.get("failure")
        if not isinstance(failure, dict):
            return None
        return f"{failure.get('message') or failure.get('error') or 'no reason given'} ({failure.get('code')})"

    def cancel(self, job_id: str) -> None:
        self.call("PUT", f"/jobs/{job_id}/status/cancel")

    def results(self, job_id: str) -> dict[str, Any]:
        """`{"artifacts": {format: data}}` of one circuit, or `{"probabilities": {...}}` where the service
        keeps no artifacts, or `{"children": {job id: ...}}` of several circuits."""
        job = self.job(job_id)
        if job.get("child_job_ids"):
            return {"children": {child: self.results(child) for child in job["child_job_ids"]}}
        results = job.get("results")
        rows = {n: r for n, r in (results if isinstance(results, dict) else {}).items() if isinstance(r, dict) and r.get("id")}
        order = _JOINT_FIRST if job.get("type") == "ionq.qasm3.v1" else _TABLE_FIRST
        for form in order:
            if form in rows:
                return {"artifacts": {form: self.call("GET", f"/jobs/{job_id}/artifacts/{rows[form]['id']}", large=True)}}
        return {"probabilities": self.call("GET", f"/jobs/{job_id}/results/probabilities", large=True)}

    def cost(self, job_id: str) -> dict[str, Any]:
        return self.call_object("GET", f"/jobs/{job_id}/cost")

    def estimate(self, backend: str, *, qubits: int, shots: int, one_qubit: int, two_qubit: int) -> dict[str, Any]:
        """The service's own estimate for a job of these counts."""
        query = {
            "backend": backend, "type": "ionq.circuit.v1", "qubits": qubits, "shots": shots, "1q_gates": one_qubit,
            "2q_gates": two_qubit,
        }  # fmt: skip
        return self.call_object("GET", "/jobs/estimate", query=query)

    # -- machines and sessions -------------------------------------------------------------

    def backends(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/backends")
        return found

    def characterizations(self, backend: str, limit: int = 10) -> dict[str, Any]:
        return self.call_object("GET", f"/backends/{backend}/characterizations", query={"limit": limit})

    def session(self, session_id: str) -> dict[str, Any]:
        return self.call_object("GET", f"/sessions/{session_id}")

    def open_session(
        self, backend: str, *, job_count_limit: int | None = None, duration_limit_min: int | None = None,
        cost_limit: tuple[float, str] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Open a session on a machine; its "id" goes into jobs as `session_id`.

        cost_limit: an amount and its unit, "usd" or "credit".  Sent once: an answer that is lost is an
        error, never a second session.
        """
        settings: dict[str, Any] = {}
        if job_count_limit is not None:
            settings["job_count_limit"] = job_count_limit
        if duration_limit_min is not None:
            settings["duration_limit_min"] = duration_limit_min
        if cost_limit is not None:
            settings["cost_limit"] = {"value": cost_limit[0], "unit": cost_limit[1]}
        body = {"backend": backend} | ({"settings": settings} if settings else {})
        return self.call_once("POST", "/sessions", body)

    def sessions(self) -> list[dict[str, Any]]:
        """The sessions that are open."""
        found = self.call("GET", "/sessions", query={"active": "true"})
        rows: list[dict[str, Any]] = found.get("sessions", []) if isinstance(found, dict) else found
        return rows

    def end_session(self, session_id: str) -> None:
        self.call("POST", f"/sessions/{session_id}/end")

    def target(self, name: str) -> Target:
        """The machine with the rates and times of its newest characterization."""
        target = find(name)
        page: Any = self.characterizations(name, 1)
        rows = page.get("characterizations") if isinstance(page, dict) else page
        row = rows[0] if isinstance(rows, list) and rows else None
        return target if not isinstance(row, dict) else calibrated(target, row)


def calibrated(target: Target, characterization: dict[str, Any]) -> Target:
    """A target with a characterization's medians (fidelities as errors, times in seconds) in place of the table's."""
    fidelity, timing = (characterization.get(k) or {} for k in ("fidelity", "timing"))
    errors, durations = dict(target.errors), dict(target.durations)
    groups = {"1q": [g for g in target.gates if g in ("gpi", "gpi2")], "2q": [target.entangler], "spam": ["measure"]}
    for kind, names in groups.items():
        found = fidelity.get(kind)
        median = found.get("median") if isinstance(found, dict) else None
        for name in names:
            if isinstance(median, (int, float)):
                errors[name, ()] = 1.0 - median
            if kind != "spam" and isinstance(timing.get(kind), (int, float)) and timing[kind] > 0:
                durations[name, ()] = float(timing[kind])
    source = f"{target.source}; characterization {characterization.get('id')} of {characterization.get('date')}"
    return replace(target, errors=errors, durations=durations, source=source)


def _seconds(value: Any) -> float | None:
    """A time as seconds since 1970: a number, or ISO 8601."""
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
    except (AttributeError, ValueError):
        return None
