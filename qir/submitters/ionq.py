"""IonQ's API, v0.4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qir.errors import UsageError
from qir.submitters.client import Client
from qir.submitters.credentials import IonqCredentials, ionq_credentials
from qir.submitters.secret import Secret
from qir.submitters.transport import Request, Response

__all__ = ["FINAL", "IonqClient"]

FINAL = frozenset({"completed", "failed", "canceled"})
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
        """The API has no filter by metadata: look through the newest pages."""
        cursor: str | None = None
        for _ in range(10):
            page = self.call("GET", "/jobs", query={"limit": 100, "next": cursor})
            for job in page.get("jobs", []) if isinstance(page, dict) else []:
                if isinstance(job, dict) and (job.get("metadata") or {}).get(_TOKEN_KEY) == token:
                    return str(job["id"])
            cursor = page.get("next") if isinstance(page, dict) else None
            if not cursor:
                return None
        return None

    # -- jobs ------------------------------------------------------------------------------

    def job(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/jobs/{job_id}")
        return found

    def status(self, job_id: str) -> str:
        return str(self.job(job_id).get("status"))

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
                return {"artifacts": {form: self.call("GET", f"/jobs/{job_id}/artifacts/{rows[form]['id']}")}}
        return {"probabilities": self.call("GET", f"/jobs/{job_id}/results/probabilities")}

    def cost(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/jobs/{job_id}/cost")
        return found

    def estimate(self, backend: str, *, qubits: int, shots: int, one_qubit: int, two_qubit: int) -> dict[str, Any]:
        """The service's own estimate for a job of these counts."""
        query = {
            "backend": backend, "type": "ionq.circuit.v1", "qubits": qubits, "shots": shots, "1q_gates": one_qubit,
            "2q_gates": two_qubit,
        }  # fmt: skip
        found: dict[str, Any] = self.call("GET", "/jobs/estimate", query=query)
        return found

    # -- machines and sessions -------------------------------------------------------------

    def backends(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/backends")
        return found

    def characterizations(self, backend: str, limit: int = 10) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/backends/{backend}/characterizations", query={"limit": limit})
        return found

    def session(self, session_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/sessions/{session_id}")
        return found

    def end_session(self, session_id: str) -> None:
        self.call("POST", f"/sessions/{session_id}/end")
