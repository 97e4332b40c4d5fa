"""IBM's Qiskit Runtime REST API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from qir.errors import SubmitError, UsageError
from qir.submitters.client import Client
from qir.submitters.credentials import IbmCredentials, ibm_credentials
from qir.submitters.retry import send_idempotent
from qir.submitters.secret import Secret
from qir.submitters.submission import Refusal
from qir.submitters.transport import Request, Response, TransportError
from qir.targets.target import Target

__all__ = ["API_VERSION", "FINAL", "IbmClient"]

API_VERSION = "2026-04-15"
"""Without the header the service falls back to its oldest, deprecated behaviour."""

FINAL = frozenset({"Completed", "Cancelled", "Cancelled - Ran too long", "Failed"})
_MAX_TAGS = 8


@dataclass
class IbmClient(Client):
    """Jobs, results, sessions, backends of IBM.

    The API key goes to the token service only, never anywhere else; the bearer token it gives is
    renewed before it expires, and once after a 401.
    """

    credentials: IbmCredentials | None = None
    vendor: str = "ibm"
    _token: Secret | None = field(default=None, repr=False)
    _expires: float = 0.0

    @staticmethod
    def connect(url: str | None = None, **settings: Any) -> IbmClient:
        """A client with credentials from the environment."""
        credentials = ibm_credentials(url)
        return IbmClient(credentials.url, credentials=credentials, **settings)

    def headers(self) -> dict[str, str]:
        extra = {"IBM-API-Version": API_VERSION}
        if self.credentials is not None:
            extra["Service-CRN"] = self.credentials.instance
        return super().headers() | extra

    def secret_headers(self) -> dict[str, Secret]:
        if self.credentials is None:
            return {}
        return {"Authorization": Secret(f"Bearer {self._bearer().reveal()}")}

    def _bearer(self) -> Secret:
        if self._token is None or self.clock.now() > self._expires:
            self._renew()
        assert self._token is not None
        return self._token

    def _renew(self) -> None:
        """Exchange the API key for a bearer token.  SubmitError when that fails: the key is not sent
        elsewhere instead."""
        assert self.credentials is not None
        form = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": self.credentials.key.reveal()}
        request = Request(
            "POST",
            self.credentials.iam_url + "/identity/token",
            {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            secret_body=Secret(urlencode(form)),
        )
        try:
            response = send_idempotent(self.transport, request, self.timeouts, self.policy, self.clock)
        except TransportError as problem:
            # Not to be taken for a job's lost answer.
            raise SubmitError(f"the token service did not answer: {problem}") from None
        data = response.json()
        token = data.get("access_token") if isinstance(data, dict) else None
        if response.status != 200 or not isinstance(token, str):
            raise SubmitError(f"the token service did not give a token ({response.status})")
        self._token = Secret(token)
        # Renewed at 80 % of its life, so that it does not expire on the way.
        asked = data.get("expires_in")
        life = float(asked) if isinstance(asked, (int, float)) and asked > 0 else 3600.0
        self._expires = self.clock.now() + 0.8 * life

    def refresh(self) -> bool:
        if self.credentials is None:
            return False
        self._renew()
        return True

    def explain(self, response: Response) -> str:
        data = response.json()
        errors = data.get("errors") if isinstance(data, dict) else None
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            row = errors[0]
            code = f" (code {row['code']})" if row.get("code") else ""
            return f"the service refused ({response.status}): {row.get('message', 'no reason given')}{code}"
        return super().explain(response)

    # -- what `submission` asks ------------------------------------------------------------

    def job_request(self, body: bytes) -> Request:
        return self.request("POST", "/v1/jobs", body=body)

    def unsigned_job_request(self, body: bytes) -> Request:
        headers = self.headers() | {"Content-Type": "application/json", "Authorization": "***"}
        return Request("POST", self.url + "/v1/jobs", headers, body=body)

    def with_token(self, payload: dict[str, Any], token: str) -> dict[str, Any]:
        tags = list(payload.get("tags") or [])
        if token not in tags and len(tags) >= _MAX_TAGS:
            raise UsageError(f"the job has {len(tags)} tags, the most IBM takes; one is needed to find the job again")
        return payload | {"tags": [*tags, token]}

    def created_id(self, response: Response) -> str | None:
        data = response.json()
        found = data.get("id") if isinstance(data, dict) else None
        return found if isinstance(found, str) and found else None

    def find(self, token: str, since: float) -> str | None:
        # The tag is enough; a filter by time would lose the job when our clock is wrong.
        page = self.call("GET", "/v1/jobs", query={"tags": token, "limit": 10})
        if not isinstance(page, dict) or not isinstance(page.get("jobs"), list):
            raise SubmitError("the service's list of jobs has a shape that is not known")
        for job in page["jobs"]:
            if isinstance(job, dict) and token in (job.get("tags") or []) and isinstance(job.get("id"), str):
                return str(job["id"])
        return None

    # -- jobs ------------------------------------------------------------------------------

    def job(self, job_id: str) -> dict[str, Any]:
        return self.call_object("GET", f"/v1/jobs/{job_id}", query={"exclude_params": "true"})

    def status(self, job_id: str) -> str:
        return self.status_of(self.job(job_id))

    def status_of(self, job: dict[str, Any]) -> str:
        state = job.get("state")
        return str(job.get("status") or (state.get("status") if isinstance(state, dict) else ""))

    def is_final(self, status: str) -> bool:
        return status in FINAL

    def failure(self, job: dict[str, Any]) -> str | None:
        """The service's reason for a failed job."""
        state = job.get("state")
        if not isinstance(state, dict) or not state.get("reason"):
            return None
        code = state.get("reason_code") or state.get("reasonCode")
        solution = f" {state['reason_solution']}" if state.get("reason_solution") else ""
        return f"{state['reason']}{f' (code {code})' if code else ''}{solution}"

    def cancel(self, job_id: str) -> None:
        self.call("POST", f"/v1/jobs/{job_id}/cancel")

    def results(self, job_id: str) -> dict[str, Any]:
        found = self.call("GET", f"/v1/jobs/{job_id}/results", large=True)
        if found is None:
            raise Refusal(f"the job {job_id} has no results yet", 204)
        return dict(found) if isinstance(found, dict) else {"results": found}

    def metrics(self, job_id: str) -> dict[str, Any]:
        return self.call_object("GET", f"/v1/jobs/{job_id}/metrics")

    # -- machines, sessions, usage ---------------------------------------------------------

    def backends(self) -> list[dict[str, Any]]:
        found = self.call("GET", "/v1/backends")
        rows: list[dict[str, Any]] = found.get("devices", []) if isinstance(found, dict) else []
        return rows

    def target(self, name: str) -> Target:
        """The machine as it is calibrated now."""
        configuration = self.call("GET", f"/v1/backends/{name}/configuration")
        return Target.from_ibm(configuration, self.call("GET", f"/v1/backends/{name}/properties"))

    def open_session(self, backend: str, *, mode: str = "dedicated", max_ttl: int | None = None) -> dict[str, Any]:
        """Open a session ("dedicated") or a batch ("batch"); its "id" goes into jobs as `session_id`.

        max_ttl: its longest life in seconds.  Sent once: an answer that is lost is an error, never a
        second session.
        """
        body = {"mode": mode, "backend": backend} | ({} if max_ttl is None else {"max_ttl": max_ttl})
        return self.call_once("POST", "/v1/sessions", body)

    def session(self, session_id: str) -> dict[str, Any]:
        return self.call_object("GET", f"/v1/sessions/{session_id}")

    def close_session(self, session_id: str) -> None:
        """No new jobs; queued ones still run."""
        self.call("PATCH", f"/v1/sessions/{session_id}", data={"accepting_jobs": False})

    def cancel_session(self, session_id: str) -> None:
        """Queued jobs do not run either."""
        self.call("DELETE", f"/v1/sessions/{session_id}/close")

    def usage(self) -> dict[str, Any]:
        return self.call_object("GET", "/v1/instances/usage")
