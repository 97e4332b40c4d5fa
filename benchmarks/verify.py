"""What the check of a compile costs, and what it says.

    python benchmarks/verify.py                  random circuits, 100 to 10,000 gates (--large: to 100,000)
    python benchmarks/verify.py --corpus DIR     every OpenQASM file below DIR: verdicts and methods

CPU seconds of the pipeline alone and of the check of its journal, best of three; one thread.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy starts its threads

import numpy as np  # noqa: E402

import qir  # noqa: E402
from qir.circuit import Circuit, CircuitBuilder  # noqa: E402
from qir.errors import QirError  # noqa: E402
from qir.gates import GATES  # noqa: E402
from qir.journal import Journal  # noqa: E402
from qir.pipeline import Context, run  # noqa: E402
from qir.targets import find  # noqa: E402
from qir.verify import equivalent  # noqa: E402

NAMES = ["h", "t", "sx", "rz", "u", "cx", "cx", "cz", "cp", "rzz", "swap", "ccx"]


def random_circuit(width: int, count: int) -> Circuit:
    rng = np.random.default_rng(count)
    builder = CircuitBuilder(width, width)
    for _ in range(count):
        row = GATES[NAMES[int(rng.integers(len(NAMES)))]]
        builder.append(row.name, rng.permutation(width)[: row.num_qubits].tolist(), rng.uniform(-3, 3, row.num_params).tolist())
    for q in range(width):
        builder.measure(q, q)
    return builder.build()


def sizes(target: str, large: bool) -> None:
    for width, count in ((5, 30), (8, 100), (8, 1000), (20, 10_000), *(((30, 100_000),) if large else ())):
        circuit, machine = random_circuit(width, count), find(target)
        bare = checked = whole = float("inf")
        for _ in range(3 if count < 10_000 else 1):
            begin = time.process_time()
            run(circuit, Context(target=machine))
            bare = min(bare, time.process_time() - begin)
            journal = Journal()
            begin = time.process_time()
            done = run(circuit, Context(target=machine, journal=journal))
            middle = time.process_time()
            found = equivalent(circuit, done, journal=journal)
            checked = min(checked, time.process_time() - middle)
            whole = min(whole, middle - begin)
        print(f"| {target} | {width} | {count} | {1e3 * bare:.0f} | {1e3 * checked:.0f} | {checked / bare:.0%} | "
              f"{found.verdict}, {found.method} | {len(journal.steps)} |")  # fmt: skip
        sys.stdout.flush()


def corpus(folder: Path, targets: list[str], levels: list[int]) -> None:
    tally: Counter[tuple[str, int, str, str]] = Counter()
    for path in sorted(folder.rglob("*.qasm")):
        if path.stat().st_size > 100_000:
            continue
        for target in targets:
            for level in levels:
                try:
                    done = qir.compile(path, target, optimization_level=level, shots=100)
                except QirError:
                    continue
                except Exception as crash:
                    print(f"crash: {path} {target} -O{level}: {type(crash).__name__}: {crash}", file=sys.stderr)
                    continue
                for report in done.report.circuits:
                    verdict = report.verification
                    tally[(target, level, verdict.verdict, str(verdict.method))] += 1
                    if verdict.verdict == "unchecked":
                        print(f"unchecked: {path} {target} -O{level}: {verdict.detail[:200]}", file=sys.stderr)
    print("| target | level | verdict | method | circuits |\n|---|---|---|---|---|")
    for key, count in sorted(tally.items()):
        print(f"| {' | '.join(map(str, key))} | {count} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--targets", default="qpu.forte-1,ibm_fez", help="for --corpus, separated by commas")
    parser.add_argument("--levels", default="1,2,3", help="for --corpus, separated by commas")
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    if options.corpus:
        corpus(options.corpus, options.targets.split(","), [int(v) for v in options.levels.split(",")])
        return
    print("| target | qubits | gates | passes ms | check ms | check / passes | verdict | steps |")
    print("|---|---|---|---|---|---|---|---|")
    sizes("qpu.forte-1", options.large)
    sizes("ibm_fez", False)


if __name__ == "__main__":
    main()
