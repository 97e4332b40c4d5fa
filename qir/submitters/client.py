"""What both vendors' clients have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from qir.errors import SubmitError
from qir.submitters.retry import Clock, Policy, send_idempotent
from qir.submitters.secret import Secret
from qir.submitters.submission import Refusal
from qir.submitters.transport import MAX_RESULTS, Request, Response, Timeouts, Transport, Urllib3Transport
from qir.version import VERSION

__all__ = ["Client"]


@dataclass
class Client:
    """Talks to one service.  Subclasses know its paths, its credentials and its shapes."""

    url: str
    transport: Transport = field(default_factory=Urllib3Transport)
    clock: Clock = field(default_factory=Clock)
    timeouts: Timeouts = field(default_factory=Timeouts)
    policy: Policy = field(default_factory=Policy)

    def headers(self) -> dict[str, str]:
        return {"Accept": "application/json", "User-Agent": f"qir/{VERSION}"}

    def secret_headers(self) -> dict[str, Secret]:
        return {}

    def refresh(self) -> bool:
        """Get a new credential after a 401; False when there is none to get."""
        return False

    def explain(self, response: Response) -> str:
        """The service's message in an error, without anything secret."""
        data = response.json()
        text = _message(data) or response.body[:200].decode("utf-8", "replace").strip() or "no reason given"
        for secret in self.secret_headers().values():
            text = secret.mask(text)
        return f"the service refused ({response.status}): {text}"

    def request(self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: bytes | None = None) -> Request:
        url = self.url + path
        if query:
            url += "?" + urlencode({k: v for k, v in query.items() if v is not None}, doseq=True)
        headers = self.headers()
        if body is not None:
            headers["Content-Type"] = "application/json"
        return Request(method, url, headers, self.secret_headers(), body)

    def unsigned_job_request(self, body: bytes) -> Request:
        """The POST that creates a job, with `***` in place of what authorises it: to be shown, not sent."""
        raise NotImplementedError

    def call(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, data: Any = None, large: bool = False
    ) -> Any:
        """An idempotent call: the JSON of a 2xx answer (None when it is empty).  Refusal otherwise.

        large: the answer may be as large as results are.
        """
        body = None if data is None else json.dumps(data).encode()

        def once() -> Response:
            request = self.request(method, path, query=query, body=body)
            request = replace(request, max_answer=MAX_RESULTS) if large else request
            return send_idempotent(self.transport, request, self.timeouts, self.policy, self.clock)

        response = once()
        if response.status == 401 and self.refresh():
            response = once()
        return self._content(response)

    def call_object(self, method: str, path: str, *, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """`call`, for an answer that is an object.  SubmitError when it is not."""
        return _object(self.call(method, path, query=query))

    def call_once(self, method: str, path: str, data: Any) -> dict[str, Any]:
        """A call that makes something, sent once; otherwise as `call`.  NoAnswerError when it may have had an effect."""
        request = self.request(method, path, body=json.dumps(data).encode())
        return _object(self._content(self.transport.send(request, self.timeouts)))

    def _content(self, response: Response) -> Any:
        if 200 <= response.status < 300:
            if not response.body:
                return None
            found = response.json()
            if found is None:
                raise SubmitError(f"the service answered {response.status} with something that is not JSON")
            return found
        if 300 <= response.status < 400:
            raise Refusal("the service redirected the request; it was not followed", response.status)
        raise Refusal(self.explain(response), response.status)


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise SubmitError("the answer of the service has a shape that is not known")
    return data


def _message(data: Any) -> str | None:
    """The message in any of the shapes the two services use."""
    if not isinstance(data, dict):
        return None
    errors = data.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        row = errors[0]
        return f"{row.get('message', '')} (code {row.get('code')})" if row.get("code") else str(row.get("message", ""))
    inner = data.get("error")
    if isinstance(inner, dict):
        return str(inner.get("message") or inner)
    for key in ("message", "errorMessage", "error"):
        if isinstance(data.get(key), str):
            return str(data[key])
    return None
