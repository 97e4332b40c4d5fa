"""The language server, driven over its own protocol by a client in another process."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO, Any

import pytest

pytest.importorskip("pygls")

URI = "file:///bell.qasm"
GOOD = """OPENQASM 3.0;
include "stdgates.inc";
gate bell a, b { h a; cx a, b; }
qubit[2] q;
bit[2] c;
bell q[0], q[1];
c = measure q;
"""


class Client:
    """A client that sends requests and notifications, and keeps the diagnostics that arrive."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "qir", "lsp", *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.arrived = threading.Condition()
        self.answers: dict[int, dict[str, Any]] = {}
        self.published: dict[str, list[dict[str, Any]]] = {}
        self.next_id = 0
        self.version = 0
        threading.Thread(target=self._listen, daemon=True).start()
        self.capabilities = self.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})["capabilities"]
        self.notify("initialized", {})

    def _send(self, message: dict[str, Any]) -> None:
        stream = self.process.stdin
        assert stream is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        stream.flush()

    def _listen(self) -> None:
        stream: IO[bytes] | None = self.process.stdout
        assert stream is not None
        while line := stream.readline():
            length = 0
            while line.strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                line = stream.readline()
            message = json.loads(stream.read(length))
            with self.arrived:
                if "id" in message and "method" not in message:
                    self.answers[message["id"]] = message
                elif message.get("method") == "textDocument/publishDiagnostics":
                    self.published.setdefault(message["params"]["uri"], []).append(message["params"])
                self.arrived.notify_all()

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> Any:
        self.next_id += 1
        number = self.next_id
        self._send({"id": number, "method": method, "params": params})
        with self.arrived:
            assert self.arrived.wait_for(lambda: number in self.answers, 60), f"no answer to {method}"
        answer = self.answers.pop(number)
        assert "error" not in answer, answer
        return answer["result"]

    def diagnostics(self, uri: str = URI) -> list[dict[str, Any]]:
        """The next diagnostics of a document that arrive, in order of arrival."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: bool(self.published.get(uri)), 60), "no diagnostics"
            return list(self.published[uri].pop(0)["diagnostics"])

    def open(self, text: str, uri: str = URI) -> list[dict[str, Any]]:
        document = {"uri": uri, "languageId": "openqasm", "version": 0, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return self.diagnostics(uri)

    def change(self, start: tuple[int, int], end: tuple[int, int], text: str, uri: str = URI) -> list[dict[str, Any]]:
        self.version += 1
        change = {"range": {"start": place(*start), "end": place(*end)}, "text": text}
        document = {"uri": uri, "version": self.version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        return self.diagnostics(uri)

    def at(self, method: str, line: int, character: int, uri: str = URI, **more: Any) -> Any:
        where = {"textDocument": {"uri": uri}, "position": place(line, character), **more}
        return self.request(f"textDocument/{method}", where)

    def close(self, uri: str = URI) -> list[dict[str, Any]]:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        return self.diagnostics(uri)


def place(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.request("shutdown", None)
    client.notify("exit", None)
    assert client.process.wait(20) == 0


def test_it_says_what_it_can_do(client: Client) -> None:
    able = client.capabilities
    assert able["textDocumentSync"]["change"] == 2
    for ability in ("hoverProvider", "definitionProvider", "completionProvider", "codeActionProvider"):
        assert ability in able


def test_diagnostics_follow_the_text(client: Client) -> None:
    assert client.open(GOOD) == []
    (found,) = client.change((5, 5), (5, 9), "r[0]")
    assert (found["code"], found["severity"], found["source"]) == ("Q120", 1, "qcompile")
    assert found["range"] == {"start": place(5, 5), "end": place(5, 6)}
    assert client.change((5, 5), (5, 9), "q[0]") == []
    assert [d["code"] for d in client.change((6, 13), (6, 14), "")] == ["Q109"]
    assert client.close() == []


def test_hover_tells_matrices_definitions_and_types(client: Client) -> None:
    client.open(GOOD)
    standard = client.at("hover", 2, 17)
    assert "0.707107" in standard["contents"]["value"]
    assert standard["range"] == {"start": place(2, 17), "end": place(2, 18)}
    own = client.at("hover", 5, 2)["contents"]["value"]
    assert "gate" in own and "bell" in own
    assert "qubit" in client.at("hover", 5, 5)["contents"]["value"]
    assert client.at("hover", 1, 12) is None
    client.close()


def test_definitions_are_found(client: Client) -> None:
    client.open(GOOD)
    where = client.at("definition", 5, 1)
    assert where == {"uri": URI, "range": {"start": place(2, 5), "end": place(2, 9)}}
    assert client.at("definition", 6, 12)["range"]["start"] == place(3, 9)
    assert client.at("definition", 2, 17) is None
    client.close()


def test_names_are_completed(client: Client) -> None:
    client.open(GOOD)
    items = client.at("completion", 5, 0)
    labels = {item["label"] for item in (items if isinstance(items, list) else items["items"])}
    assert {"bell", "q", "c", "cx", "measure"} <= labels
    client.close()


def test_quick_fixes_apply(client: Client) -> None:
    text = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqreg q[2];\nhh q[0];\n'
    found = client.open(text)
    whole = {"start": place(0, 0), "end": place(4, 0)}
    params = {"textDocument": {"uri": URI}, "range": whole, "context": {"diagnostics": found}}
    actions = client.request("textDocument/codeAction", params)
    edits = {a["diagnostics"][0]["code"]: a["edit"]["changes"][URI] for a in actions}
    assert edits["Q210"] == [{"range": {"start": place(2, 0), "end": place(2, 10)}, "newText": "qubit[2] q;"}]
    assert edits["Q121"] == [{"range": {"start": place(3, 0), "end": place(3, 2)}, "newText": "h"}]
    assert {a["kind"] for a in actions} == {"quickfix"}
    client.close()


def test_positions_count_utf16_code_units(client: Client) -> None:
    text = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit ψ; /* 😀😀 */ h ψψ;\nh ψ;\n'
    (found,) = [d for d in client.open(text) if d["code"] == "Q120"]
    assert found["range"] == {"start": place(2, 22), "end": place(2, 24)}
    assert "qubit" in client.at("hover", 3, 2)["contents"]["value"]
    assert client.at("definition", 3, 2)["range"]["start"] == place(2, 6)
    assert [d["code"] for d in client.change((2, 23), (2, 24), "")] == ["Q206"]
    client.close()


def test_jobs_in_json_are_checked(client: Client) -> None:
    uri = "file:///job.json"
    job = {"type": "ionq.circuit.v1", "backend": "simulator", "shots": 100,
           "input": {"gateset": "qis", "qubits": 1, "circuit": [{"gate": "hh", "target": 0}]}}  # fmt: skip
    assert [d["code"] for d in client.open(json.dumps(job), uri)] == ["Q187"]
    client.close(uri)


def test_no_text_stops_the_server(client: Client) -> None:
    for text in ("", "\ufeff", "{", "qubit[", "\x00", "OPENQASM 9;", '{"params": 3}'):
        client.open(text)
        client.close()
    assert client.open(GOOD) == []
    client.close()


def test_it_lints_for_a_machine() -> None:
    client = Client("--target", "qpu.forte-1")
    found = client.open("OPENQASM 3.0;\nqubit[40] q;\nU(0, 0, 0) q[39];\n")
    assert "Q301" in {d["code"] for d in found}
    client.process.kill()


def test_of_changes_that_arrive_together_the_last_counts(client: Client) -> None:
    client.open(GOOD)
    for version in range(1, 31):
        change = {"range": {"start": place(5, 0), "end": place(5, 0)}, "text": "x q[0];\n" if version < 30 else "x r;\n"}
        document = {"uri": URI, "version": 100 + version}
        client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    assert client.at("hover", 5, 0) is not None
    with client.arrived:
        assert client.arrived.wait_for(lambda: any(p["version"] == 130 for p in client.published[URI]), 60)
    published = client.published.pop(URI)
    assert len(published) < 30
    assert "Q120" in {d["code"] for d in published[-1]["diagnostics"]}
    client.close()
