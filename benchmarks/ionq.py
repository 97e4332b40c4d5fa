"""Counts on IonQ's machines, circuit by circuit: ours against the recorded best of the peers.

    python benchmarks/ionq.py FOLDER [--level 2] [--target qpu.forte-1] [--verify] [--live] [--only NAME...]

FOLDER holds OpenQASM 2 files.  `peers_ionq.json` beside this file has the two-qubit gates and pulses of other
compilers on the same circuits; `--live` runs Qiskit (O1-O3 to rzz, rx, rz) beside ours instead of reading its
record.  Counts are exact; times are for ratios.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

import qir
from qir.journal import Journal
from qir.pipeline import Context, run
from qir.verify import equivalent


def counts(circuit: Any) -> tuple[int, int]:
    """Two-qubit gates and pulses of a native circuit."""
    widths = circuit.widths[circuit.columns.opcode < 256]
    return int((widths >= 2).sum()), int((widths == 1).sum())


def live(path: Path) -> dict[str, Any]:
    """Qiskit's transpile to {rzz, rx, rz}, best of its levels."""
    from qiskit import qasm2, transpile

    circuit = qasm2.load(str(path), custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    best: dict[str, Any] = {}
    for level in (1, 2, 3):
        seconds = math.inf
        for _ in range(3 if level == 2 else 1):
            begin = time.process_time()
            out = transpile(circuit, basis_gates=["rzz", "rx", "rz"], optimization_level=level, seed_transpiler=0)
            seconds = min(seconds, time.process_time() - begin)
        ops = out.count_ops()
        if not best or ops.get("rzz", 0) < best["two"]:
            best = {"two": int(ops.get("rzz", 0)), "one": int(ops.get("rx", 0))}
        best[f"seconds_{level}"] = seconds
    return best


def geometric(values: list[float]) -> float:
    return math.exp(float(np.mean(np.log(values)))) if values else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--level", type=int, default=2)
    parser.add_argument("--target", default="qpu.forte-1")
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    target = qir.target(options.target)
    recorded = json.loads((Path(__file__).parent / "peers_ionq.json").read_text(encoding="utf-8"))
    two_ratio: list[float] = []
    one_ratio: list[float] = []
    without_zero: list[float] = []
    time_ratio: list[float] = []
    print(f"{'circuit':22} {'2q':>6} {'best':>6} {'ratio':>6} {'pulses':>7} {'peer':>6} {'ratio':>6} {'ms':>8}  verdict")
    for path in sorted(options.folder.glob("*.qasm")):
        if options.only and path.stem not in options.only:
            continue
        circuit = qir.load(path)
        journal = Journal() if options.verify else None
        seconds = math.inf
        # Best of three runs, of one when the journal is kept; so are the peers' times.
        for _ in range(1 if options.verify or options.level == 3 else 3):
            begin = time.process_time()
            out = run(circuit, Context(target=target, gateset="native", level=options.level, journal=journal))
            seconds = min(seconds, time.process_time() - begin)
        two, one = counts(out)
        verdict = ""
        if journal is not None:
            result = equivalent(circuit, out, journal=journal)
            verdict = f"{result.verdict} {result.method}"
        record = recorded.get(path.stem, {})
        best, peer = record.get("two"), record.get("one")
        if options.live:
            mine = live(path)
            best, peer = min(best or mine["two"], mine["two"]), min(peer or mine["one"], mine["one"])
        if best:
            two_ratio.append(max(two, 0.5) / best)
            if two:
                without_zero.append(two / best)
        if options.live:
            time_ratio.append(seconds / mine["seconds_2"])
        if peer:
            one_ratio.append(max(one, 0.5) / peer)
        print(f"{path.stem:22} {two:6} {best or 0:6} {two / best if best else 0:6.3f} {one:7} {peer or 0:6} "
              f"{one / peer if peer else 0:6.3f} {seconds * 1e3:8.1f}  {verdict}", flush=True)  # fmt: skip
    print(f"geometric mean: two-qubit {geometric(two_ratio):.4f}, pulses {geometric(one_ratio):.4f}; "
          f"at or below the best: {sum(r <= 1 for r in two_ratio)} of {len(two_ratio)}")  # fmt: skip
    print(f"no gate left counts as half of one; without such circuits: two-qubit {geometric(without_zero):.4f}")
    if time_ratio:
        print(f"CPU time over Qiskit O2: {geometric(time_ratio):.3f}, less than it: "
              f"{sum(r < 1 for r in time_ratio)} of {len(time_ratio)}")  # fmt: skip


if __name__ == "__main__":
    main()
