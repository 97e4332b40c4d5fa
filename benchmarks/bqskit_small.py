"""Two-qubit gates beside BQSKit on small circuits.

    python benchmarks/bqskit_small.py FOLDER --peers PYTHON [--qubits 8] [--seconds 1200] [--gates rzz cx] [--record FILE]
        [--only NAME...]

FOLDER holds OpenQASM 2 files; PYTHON is an interpreter that has bqskit.  BQSKit compiles each circuit of at most so many
qubits at its optimization_level 3, seed 0, one worker, to rzz and u3 and to cx and u3, every run in a process of its own
that is stopped after some seconds.  Both sides compile the gates alone: measurements and barriers are left out, or one
would drop what no measurement sees and the other not.  With a record, runs found there are not repeated.  Ours is -O3
for `qpu.forte-1`, proved; two-qubit gates are zz by any angle, as is BQSKit's rzz.  Seconds are wall-clock time.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

GATE_SETS = ("rzz", "cx")


def gates_only(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not re.match(r"\s*(measure|barrier|creg)\b", line)) + "\n"


def worker(path: str, gate_set: str) -> None:
    """In the peer's interpreter: compile one file and print the counts."""
    from bqskit import Circuit, MachineModel, compile
    from bqskit.compiler import Compiler
    from bqskit.ir.gates import CNOTGate, RZZGate, U3Gate

    two = CNOTGate() if gate_set == "cx" else RZZGate()
    circuit = Circuit.from_file(path)
    model = MachineModel(circuit.num_qudits, gate_set={two, U3Gate()})
    begin = time.perf_counter()
    with Compiler(num_workers=1) as compiler:
        out = compile(circuit, model, optimization_level=3, compiler=compiler, seed=0)
    print(json.dumps({"two": out.count(two), "seconds": time.perf_counter() - begin}))


def peer(python: str, text: str, gate_set: str, seconds: float) -> dict[str, Any]:
    """BQSKit's two-qubit gates and seconds; None for the gates when it did not finish."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "circuit.qasm"
        path.write_text(text, encoding="utf-8")
        command = [python, __file__, "--worker", str(path), gate_set]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            return {"two": None, "seconds": seconds}
    if done.returncode:
        return {"two": None, "seconds": 0.0, "error": done.stderr.strip().splitlines()[-1:]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2], sys.argv[3])
        return
    import qir

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", default="")
    parser.add_argument("--qubits", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1200)
    parser.add_argument("--gates", nargs="*", choices=GATE_SETS, default=GATE_SETS)
    parser.add_argument("--record", type=Path)
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    record: dict[str, Any] = {}
    if options.record and options.record.exists():
        record = json.loads(options.record.read_text(encoding="utf-8"))
    print("| circuit | qubits | BQSKit rzz | BQSKit cx | qir -O3 | qir / best | BQSKit s | qir s | verdict |\n|" + "---|" * 9)
    ratios: list[float] = []
    for path in sorted(options.folder.glob("*.qasm")):
        text = gates_only(path)
        circuit = qir.loads(text)
        if circuit.num_qubits > options.qubits or (options.only and path.stem not in options.only):
            continue
        for gate_set in options.gates:
            key = f"{path.stem}:{gate_set}"
            if key not in record and options.peers:
                record[key] = peer(options.peers, text, gate_set, options.seconds)
                if options.record:
                    options.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        begin = time.perf_counter()
        compiled = qir.compile(circuit, "qpu.forte-1", optimization_level=3)
        seconds = time.perf_counter() - begin
        after = compiled.report.to_dict()["circuits"][0]
        ours = after["after"]["two_qubit"]
        found = [record.get(f"{path.stem}:{g}", {}) for g in GATE_SETS]
        known = [f["two"] for f in found if f.get("two") is not None]
        ratio = f"{max(ours, 0.5) / max(min(known), 0.5):.2f}" if known else ""
        if known:
            ratios.append(max(ours, 0.5) / max(min(known), 0.5))
        cells = ["not run" if not f else "not finished" if f["two"] is None else str(f["two"]) for f in found]
        spent = " / ".join(f"{f.get('seconds', 0):.0f}" for f in found)
        print(f"| {path.stem} | {circuit.num_qubits} | {cells[0]} | {cells[1]} | {ours} | {ratio} | {spent} | {seconds:.1f} "
              f"| {after['verification']['verdict']} |", flush=True)  # fmt: skip
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        least = sum(r <= 1 for r in ratios)
        print(f"\ngeometric mean over BQSKit's better: {mean:.3f}; at or below it: {least} of {len(ratios)}")


if __name__ == "__main__":
    main()
