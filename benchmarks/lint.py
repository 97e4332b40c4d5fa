"""How long linting takes: `python benchmarks/lint.py`.

CPU seconds of one core, the best of several runs:
- a fresh `qcompile lint bell.qasm`, and how much of it a bare `import numpy, lark, click` costs;
- a program of 10,000 lines, hand-written in style (few statements alike) and machine-written, after start;
- the language server's answer to a change in a program of 1,000 lines, over its own protocol, in wall-clock
  milliseconds from sending the change to receiving the diagnostics.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

BELL = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'


def machine_written(lines: int, seed: int = 0) -> str:
    """Gates in one-statement lines, as compilers print them."""
    rng = random.Random(seed)
    text = ['OPENQASM 3.0;', 'include "stdgates.inc";', "qubit[20] q;", "bit[20] c;"]
    while len(text) < lines - 1:
        a, b = rng.sample(range(20), 2)
        text.append(rng.choice((f"cx q[{a}], q[{b}];", f"rz({rng.uniform(-3, 3):.6f}) q[{a}];", f"sx q[{a}];", f"h q[{b}];")))
    return "\n".join([*text, "c = measure q;"]) + "\n"


def hand_written(lines: int, seed: int = 0) -> str:
    """Definitions, loops, branches, arithmetic, comments: few lines alike."""
    rng = random.Random(seed)
    text = ['OPENQASM 3.0;', 'include "stdgates.inc";', "qubit[20] q;", "bit[20] c;"]
    block = 0
    while len(text) < lines - 12:
        a, b = rng.sample(range(20), 2)
        text += [
            f"// step {block}",
            f"gate part{block}(t) x0, x1 {{",
            f"  rz(t / {rng.randint(2, 9)}) x0;",
            "  cx x0, x1;",
            "}",
            f"const float angle{block} = pi / {rng.randint(2, 99)};",
            f"part{block}(angle{block}) q[{a}], q[{b}];",
            f"for int i in [0:{rng.randint(1, 4)}] {{ ry(angle{block} * i) q[i]; }}",
            f"c[{a}] = measure q[{a}];",
            f"if (c[{a}]) {{ x q[{b}]; }}",
            f"ctrl @ h q[{a}], q[{b}];",
            f"U({rng.uniform(0, 3):.4f}, {rng.uniform(0, 3):.4f}, 0) q[{b}];",
        ]
        block += 1
    return "\n".join([*text, "c = measure q;"]) + "\n"


def wrong(lines: int, seed: int = 0) -> str:
    """A fault in every eighth block."""
    rows = hand_written(lines, seed).splitlines()
    for i, row in enumerate(rows):
        if row.startswith("// step") and int(row.split()[2]) % 8 == 0:
            rows[i] = f"cx q[{i % 20}], q[{i % 20}];" if i % 3 else f"hh q[{i % 20}];"
    return "\n".join(rows) + "\n"


def best(action: Callable[[], object], runs: int) -> float:
    """The least CPU time of several runs, in seconds."""
    times = []
    for _ in range(runs):
        begin = time.process_time()
        action()
        times.append(time.process_time() - begin)
    return min(times)


def fresh(command: list[str], runs: int) -> float:
    """The least CPU time of a process, in seconds."""
    times = []
    for _ in range(runs):
        before = os.times()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = os.times()
        times.append(after.children_user - before.children_user + after.children_system - before.children_system)
    return min(times)


class Client:
    """Speaks the language server protocol with a `qcompile lsp` of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "qir", "lsp"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdin is not None and self.process.stdout is not None
        self.sink: BinaryIO = self.process.stdin  # type: ignore[assignment]
        self.inbox: list[dict[str, Any]] = []
        self.arrived = threading.Condition()
        threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()

    def send(self, method: str, params: Any, id: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if id is None else {"id": id})
        body = json.dumps(message).encode()
        self.sink.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.sink.flush()

    def _listen(self, stream: BinaryIO) -> None:
        while header := stream.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                header = stream.readline()
            with self.arrived:
                self.inbox.append(json.loads(stream.read(length)))
                self.arrived.notify_all()

    def wait(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first message that is wanted; it leaves the inbox."""
        with self.arrived:
            while True:
                for i, message in enumerate(self.inbox):
                    if wanted(message):
                        return self.inbox.pop(i)
                if not self.arrived.wait(30):
                    raise TimeoutError


def spent(process: int) -> float:
    """CPU milliseconds a process has used; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _is_answer(version: int, message: dict[str, Any]) -> bool:
    return bool(message.get("params", {}).get("version") == version)


def answers(text: str, changes: int) -> tuple[list[float], float]:
    """Milliseconds from a change to its diagnostics, for changes all over a text; and the server's CPU
    milliseconds for one."""
    client = Client()
    client.send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 1)
    client.wait(lambda m: m.get("id") == 1)
    client.send("initialized", {})
    uri = "file:///a.qasm"
    document = {"uri": uri, "languageId": "openqasm", "version": 0, "text": text}
    client.send("textDocument/didOpen", {"textDocument": document})
    client.wait(lambda m: m.get("method") == "textDocument/publishDiagnostics")
    lines = text.count("\n")
    times = []
    before = spent(client.process.pid)
    for version in range(1, changes + 1):
        line = lines * version // (changes + 1)
        at = {"line": line, "character": 0}
        change = {"range": {"start": at, "end": at}, "text": "x q[0]; " if version % 2 else "x q[0] "}
        begin = time.perf_counter()
        client.send("textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]})
        client.wait(partial(_is_answer, version))
        times.append(1000 * (time.perf_counter() - begin))
    used = (spent(client.process.pid) - before) / changes
    client.process.kill()
    return sorted(times), used


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--lines", type=int, default=10_000)
    arguments = parser.parse_args()
    import qir

    with tempfile.TemporaryDirectory() as folder:
        bell = Path(folder) / "bell.qasm"
        bell.write_text(BELL)
        start = fresh([sys.executable, "-m", "qir", "lint", str(bell)], arguments.runs)
        bare = fresh([sys.executable, "-c", "import numpy, lark, click"], arguments.runs)
        print(f"fresh lint of a Bell pair        {1000 * start:8.0f} ms CPU ({start / bare:.2f} x a bare numpy, lark, click)")
    for name, make in (("machine-written", machine_written), ("hand-written", hand_written), ("with faults", wrong)):
        text = make(arguments.lines)
        seconds = best(partial(qir.lint, text), arguments.runs)
        print(f"{arguments.lines} lines, {name:<18}{1000 * seconds:10.0f} ms CPU, {len(qir.lint(text))} findings")
    for name, make in (("machine-written", machine_written), ("hand-written", hand_written), ("with faults", wrong)):
        times, used = answers(make(1000), 20)
        median = times[len(times) // 2]
        print(f"change, 1000 lines, {name:<16}{median:8.0f} ms median, {times[-1]:.0f} ms worst, {used:.0f} ms CPU")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
