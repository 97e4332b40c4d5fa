"""One request against servers that misbehave below HTTP: every call ends in time, and says what is known."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from qir.errors import UsageError
from qir.submitters.retry import Clock, Policy, retry_after, send_idempotent
from qir.submitters.secret import Secret
from qir.submitters.transport import NoAnswerError, NotSentError, Request, Timeouts, Urllib3Transport

pytest.importorskip("urllib3")

QUICK = Timeouts(connect=1.0, read=0.4, total=0.8)
Handler = Callable[[socket.socket], None]


@contextmanager
def server(handler: Handler, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on a free port that hands each connection to `handler`."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                handler(context.wrap_socket(connection, server_side=True) if context else connection)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]


def get(port: int, **more: int) -> Request:
    return Request("GET", f"http://127.0.0.1:{port}/jobs", **more)  # type: ignore[arg-type]


def answer(*headers: str, body: bytes = b"{}") -> Handler:
    head = "\r\n".join(("HTTP/1.1 200 OK", f"Content-Length: {len(body)}", "Connection: close", *headers)) + "\r\n\r\n"

    def handler(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(head.encode() + body)

    return handler


def dribble(text: bytes, head: bytes = b"", pause: float = 0.1) -> Handler:
    def handler(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(head)
        for i in range(len(text)):
            connection.sendall(text[i : i + 1])
            time.sleep(pause)

    return handler


def silent(connection: socket.socket) -> None:
    connection.recv(65536)
    time.sleep(5)


SLOW: dict[str, Handler] = {
    "silent": silent,
    "the status line by the byte": dribble(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 100),
    "the body by the byte": dribble(b"x" * 99, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"),
    "chunks by the byte": dribble(b"1\r\nx\r\n" * 99, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
}


@pytest.mark.parametrize("kind", SLOW)
def test_a_call_ends_within_its_total_time(kind: str) -> None:
    assert Timeouts().total < 120
    with server(SLOW[kind]) as port:
        begin = time.monotonic()
        with pytest.raises(NoAnswerError):
            Urllib3Transport().send(get(port), QUICK)
        assert time.monotonic() - begin < 2 * QUICK.total


def test_tries_of_a_reading_call_share_one_deadline() -> None:
    with server(silent) as port:
        begin = time.monotonic()
        with pytest.raises(NoAnswerError):
            send_idempotent(Urllib3Transport(), get(port), Timeouts(1, 9, 9), Policy(deadline=0.7, base=0.01), Clock())
        assert time.monotonic() - begin < 1.5


def test_an_answer_that_unpacks_to_too_much_is_not_read() -> None:
    bomb = gzip.compress(bytes(32 * 2**20))
    with server(answer("Content-Encoding: gzip", body=bomb)) as port, pytest.raises(NoAnswerError, match="larger"):
        Urllib3Transport().send(get(port), Timeouts(1, 5, 10))
    with server(answer(body=b"x" * 1001)) as port, pytest.raises(NoAnswerError, match="larger"):
        Urllib3Transport().send(get(port, max_answer=1000), Timeouts(1, 5, 10))


def test_headers_given_twice_are_joined() -> None:
    with server(answer("Retry-After: 3", "Retry-After: 7", "X-A: 1")) as port:
        response = Urllib3Transport().send(get(port), QUICK)
    assert (response.headers["retry-after"], response.headers["x-a"]) == ("3, 7", "1")
    assert retry_after(response, Clock()) == 7


def test_what_was_not_sent_is_told_from_what_was_not_answered() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(NotSentError):
            Urllib3Transport().send(get(unused.getsockname()[1]), QUICK)
    with server(lambda c: c.close()) as port, pytest.raises(NoAnswerError):
        Urllib3Transport().send(get(port), QUICK)


def test_redirects_are_not_followed() -> None:
    def redirect(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 307 Away\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")

    with server(redirect) as port:
        assert Urllib3Transport().send(get(port), QUICK).status == 307


def test_keys_leave_over_https_only() -> None:
    request = Request("GET", "http://api.example.org/jobs", secret_headers={"Authorization": Secret("key")})
    with pytest.raises(UsageError, match="https only"):
        Urllib3Transport().send(request, QUICK)


def certificate(folder: Path, *, days: int) -> tuple[ssl.SSLContext, Path]:
    """A server's certificate for 127.0.0.1 that is valid until `days` from now, and the authority that signed it."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make certificates with")
    (folder / "ext").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("req", "-newkey", "rsa:2048", "-nodes", "-keyout")
    openssl(*key, "ca.key", "-x509", "-out", "ca.pem", "-days", "9", "-subj", "/CN=test")
    openssl(*key, "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
    made = ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem",
            "-extfile", "ext", "-days", str(days)]  # fmt: skip
    openssl(*made)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context, folder / "ca.pem"


@pytest.mark.parametrize("days", [5, -1])
def test_certificates_are_checked(days: int, tmp_path: Path) -> None:
    try:
        context, authority = certificate(tmp_path, days=days)
    except subprocess.CalledProcessError:
        pytest.skip("this openssl makes no certificates that have ended")
    with server(answer(), context) as port:
        request = Request("GET", f"https://127.0.0.1:{port}/jobs")
        with pytest.raises(NotSentError, match="certificate"):
            Urllib3Transport().send(request, Timeouts(2, 2, 4))
        trusting = Urllib3Transport(ca_bundle=str(authority))
        if days > 0:
            assert trusting.send(request, Timeouts(2, 2, 4)).json() == {}
        else:
            with pytest.raises(NotSentError, match="certificate"):
                trusting.send(request, Timeouts(2, 2, 4))


def test_a_proxy_is_used_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(answer(body=b'"through the proxy"')) as port:
        there = Request("GET", "http://localhost:9/jobs")
        assert Urllib3Transport(proxy=f"http://127.0.0.1:{port}").send(there, QUICK).json() == "through the proxy"
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert Urllib3Transport().send(there, QUICK).json() == "through the proxy"
        monkeypatch.setenv("no_proxy", "localhost")
        with pytest.raises(NotSentError):
            Urllib3Transport().send(there, QUICK)


def test_a_key_that_is_no_header_is_not_shown() -> None:
    with server(answer()) as port:
        request = Request("GET", f"http://127.0.0.1:{port}/", secret_headers={"Authorization": Secret("apiKey hid\nden")})
        with pytest.raises(UsageError) as caught:
            Urllib3Transport().send(request, QUICK)
    assert "hid" not in str(caught.value)
    assert caught.value.__suppress_context__
