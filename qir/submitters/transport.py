"""One HTTP request at a time, and what is known when it fails.

    TransportError
    ├── NotSentError     no byte of the request reached the server
    └── NoAnswerError    it may have; nobody knows what the server did

The seam for tests and for other HTTP libraries is `Transport`: anything with `send`.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from qir.errors import SubmitError, UsageError
from qir.submitters.secret import Secret

if TYPE_CHECKING:
    import urllib3

__all__ = [
    "MAX_RESULTS", "NoAnswerError", "NotSentError", "Request", "Response", "Timeouts", "Transport", "TransportError",
    "Urllib3Transport",
]  # fmt: skip

_MAX_ANSWER = 8 * 2**20
MAX_RESULTS = 512 * 2**20
"""Bytes of an answer once unpacked: of most calls, and of results.  More is not read."""


class TransportError(SubmitError):
    """A request got no usable answer."""


class NotSentError(TransportError):
    """The connection failed before the request was sent: it had no effect."""


class NoAnswerError(TransportError):
    """The request was sent, and the answer was lost: it may have had an effect."""


@dataclass(frozen=True)
class Request:
    """A request.  `secret_headers` and `secret_body` are kept apart, so that nothing that prints a
    request shows them.  An answer of more than `max_answer` bytes, unpacked, is not read to its end."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    secret_headers: Mapping[str, Secret] = field(default_factory=dict)
    body: bytes | None = None
    secret_body: Secret | None = None
    max_answer: int = _MAX_ANSWER

    def masked(self) -> dict[str, Any]:
        """The request as data, secrets masked: what `--dry-run` prints."""
        body: Any = None if self.secret_body is None else "***"
        if self.body is not None:
            try:
                body = json.loads(self.body)
            except ValueError:
                body = self.body.decode("utf-8", "replace")
        return {
            "method": self.method,
            "url": self.url,
            "headers": {**self.headers, **dict.fromkeys(self.secret_headers, "***")},
            "body": body,
        }


@dataclass(frozen=True)
class Response:
    """An answer.  Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; None when it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, without a byte from the server, and for the whole request."""

    connect: float = 10.0
    read: float = 60.0
    total: float = 110.0


class Transport(Protocol):
    """Sends one request, once: no retries, no redirects."""

    def send(self, request: Request, timeouts: Timeouts) -> Response:
        """The answer, whatever its status.  NotSentError or NoAnswerError when there is none."""
        ...


class Urllib3Transport:
    """The transport on urllib3 (extra `submit`), with the environment's proxies and certificates."""

    def __init__(self, *, ca_bundle: str | None = None, proxy: str | None = None) -> None:
        try:
            import urllib3 as library
        except ModuleNotFoundError:
            raise UsageError("sending needs the package urllib3; install it with: pip install 'qir[submit]'") from None
        self._library = library
        self._ca_bundle = ca_bundle
        self._proxy = proxy
        self._pools: dict[str, urllib3.PoolManager] = {}

    def _pool(self, url: str) -> urllib3.PoolManager:
        import os
        from urllib.request import getproxies, proxy_bypass

        parts = urlsplit(url)
        proxy = self._proxy or getproxies().get(parts.scheme)
        if proxy and not self._proxy and parts.hostname and proxy_bypass(parts.hostname):
            proxy = None
        key = f"{parts.scheme}|{proxy}"
        if key not in self._pools:
            bundle = self._ca_bundle or os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
            settings: dict[str, Any] = {"retries": False, "cert_reqs": "CERT_REQUIRED"}
            if bundle:
                settings["ca_certs"] = bundle
            self._pools[key] = (
                self._library.ProxyManager(proxy, **settings) if proxy else self._library.PoolManager(**settings)
            )
        return self._pools[key]

    def send(self, request: Request, timeouts: Timeouts) -> Response:
        parts = urlsplit(request.url)
        if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise UsageError(f"refusing to send over {parts.scheme or 'no scheme'} to {parts.hostname}: https only")
        # A server that dribbles keeps every read within its own timeout, and name lookups have none:
        # only leaving the request to a thread of its own bounds the whole.
        found: queue.SimpleQueue[Response | BaseException] = queue.SimpleQueue()

        def work() -> None:
            try:
                found.put(self._exchange(request, timeouts))
            except BaseException as problem:
                found.put(problem)

        threading.Thread(target=work, name="qir-request", daemon=True).start()
        try:
            outcome = found.get(timeout=timeouts.total)
        except queue.Empty:
            raise NoAnswerError(f"no whole answer from {parts.hostname} within {timeouts.total:g} s") from None
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _exchange(self, request: Request, timeouts: Timeouts) -> Response:
        host = urlsplit(request.url).hostname
        errors = self._library.exceptions
        headers = dict(request.headers) | {k: v.reveal() for k, v in request.secret_headers.items()}
        content = request.body if request.secret_body is None else request.secret_body.reveal().encode()
        timeout = self._library.Timeout(connect=timeouts.connect, read=timeouts.read)
        try:
            answer = self._pool(request.url).request(
                request.method, request.url, body=content, headers=headers, timeout=timeout, retries=False,
                redirect=False, preload_content=False,
            )  # fmt: skip
        except (errors.NewConnectionError, errors.ConnectTimeoutError, errors.ProxyError) as problem:
            raise NotSentError(f"cannot reach {host}: {type(problem).__name__}") from None
        except errors.SSLError as problem:
            if "CERTIFICATE" in str(problem).upper():
                raise NotSentError(f"no trusted connection to {host}: its certificate was not accepted") from None
            raise NoAnswerError(f"no answer from {host}: {type(problem).__name__}") from None
        except (errors.HTTPError, OSError) as problem:
            raise NoAnswerError(f"no answer from {host}: {type(problem).__name__}") from None
        except ValueError:
            # The library's own message would print the header, and the key in it.
            raise UsageError("a header or the address holds characters that HTTP does not allow; is the key right?") from None
        end = time.monotonic() + timeouts.total
        chunks: list[bytes] = []
        size = 0
        try:
            for chunk in answer.stream(2**14, decode_content=True):
                chunks.append(chunk)
                size += len(chunk)
                if size > request.max_answer or time.monotonic() > end:
                    answer.close()
                    what = f"is larger than {request.max_answer} bytes" if size > request.max_answer else "takes too long"
                    raise NoAnswerError(f"the answer of {host} {what}")
        except (errors.HTTPError, OSError) as problem:
            raise NoAnswerError(f"the answer of {host} broke off: {type(problem).__name__}") from None
        finally:
            answer.release_conn()
        # A header given twice is one with both values (RFC 9110, 5.2).
        names = {name.lower() for name in answer.headers}
        return Response(answer.status, {n: ", ".join(answer.headers.getlist(n)) for n in sorted(names)}, b"".join(chunks))
