"""What the check of a compile costs, and what it says.

    python benchmarks/verify.py                  random circuits of 30 to 10,000 gates (--large: to 1,000,000)
    python benchmarks/verify.py --corpus DIR     every program and job below DIR: verdicts, methods and times

CPU seconds, one thread.  `check / passes` is the check of the journal over the pipeline alone, without a journal;
`check / whole` is what the check takes of one compile from text to payload.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy starts its threads

import numpy as np  # noqa: E402

import qir  # noqa: E402
import qir.verify  # noqa: E402
from qir.builder import CircuitBuilder  # noqa: E402
from qir.circuit import Circuit  # noqa: E402
from qir.errors import QirError  # noqa: E402
from qir.gates import GATES  # noqa: E402
from qir.journal import Journal  # noqa: E402
from qir.pipeline import Context, run  # noqa: E402
from qir.targets import find  # noqa: E402
from qir.verify import equivalent  # noqa: E402

NAMES = ["h", "t", "sx", "rz", "u", "cx", "cx", "cz", "cp", "rzz", "swap", "ccx"]
SIZES = ((5, 30), (8, 100), (8, 1000), (20, 10_000), (30, 100_000), (36, 1_000_000))
CORPUS = {
    "local": (".qasm", ".qasm3"), "qpu.forte-1": (".qasm", ".qasm3", ".json"), "qpu.aria-1": (".qasm", ".qasm3", ".json"),
    "ibm_fez": (".qasm", ".qasm3"), "": (".json",),
}  # fmt: skip
"""Suffixes per target; the target "" is the job's own machine."""


def random_circuit(width: int, count: int) -> Circuit:
    rng = np.random.default_rng(count)
    builder = CircuitBuilder(width, width)
    for _ in range(count):
        row = GATES[NAMES[int(rng.integers(len(NAMES)))]]
        builder.append(row.name, rng.permutation(width)[: row.num_qubits].tolist(), rng.uniform(-3, 3, row.num_params).tolist())
    for q in range(width):
        builder.measure(q, q)
    return builder.build()


class Clock:
    """CPU seconds spent in `qir.verify.equivalent` by the compiles run inside `with`."""

    def __enter__(self) -> Clock:
        self.spent = 0.0
        self._kept: Callable[..., Any] = qir.verify.equivalent

        def timed(*args: Any, **options: Any) -> Any:
            begin = time.process_time()
            try:
                return self._kept(*args, **options)
            finally:
                self.spent += time.process_time() - begin

        qir.verify.equivalent = timed
        return self

    def __exit__(self, *_: object) -> None:
        qir.verify.equivalent = self._kept  # type: ignore[assignment]


def sizes(target: str, gates: list[int], level: int) -> None:
    for width, count in SIZES:
        if count not in gates:
            continue
        circuit, machine = random_circuit(width, count), find(target)
        text = str(circuit)
        bare = kept = checked = float("inf")
        whole = (float("inf"), 0.0)
        grown = 0.0
        for turn in range(3 if count <= 10_000 else 1):
            begin = time.process_time()
            run(circuit, Context(target=machine, level=level))
            bare = min(bare, time.process_time() - begin)
            journal = Journal()
            begin = time.process_time()
            done = run(circuit, Context(target=machine, level=level, journal=journal))
            middle = time.process_time()
            kept = min(kept, middle - begin)
            if not turn:
                grown = -_peak()
            found = equivalent(circuit, done, journal=journal)
            checked = min(checked, time.process_time() - middle)
            if not turn:
                grown += _peak()
            steps = len(journal.steps)
            del journal, done
            with Clock() as clock:
                begin = time.process_time()
                try:
                    qir.compile(text, target, optimization_level=level, shots=100)
                except qir.CompileError:
                    # A million gates are more than the service takes: all is done but the payload.
                    pass
                whole = min(whole, (time.process_time() - begin, clock.spent))
        passes = f"{1e3 * bare:.0f} | {1e3 * kept:.0f} | {1e3 * checked:.1f} | {checked / bare:.0%}"
        compile = f"{1e3 * whole[0]:.0f} | {whole[1] / whole[0]:.0%} | {grown:.0f}"
        print(f"| {target} | {width} | {count} | {passes} | {compile} | {found.verdict}, {found.method} | {steps} |")
        sys.stdout.flush()


def _peak() -> float:
    """The process's peak of resident memory in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Late(Exception):
    """A compile took longer than the run allows."""


def corpus(folder: Path, targets: list[str], levels: list[int], largest: int, patience: int) -> None:
    """Every compile of the corpus: verdicts by method, and what the checks cost."""
    tally: dict[tuple[str, int, str], list[tuple[float, float]]] = defaultdict(list)
    left_out: dict[str, int] = defaultdict(int)

    def late(*_: object) -> None:
        raise Late

    signal.signal(signal.SIGALRM, late)
    for path, target, level in _jobs(folder, targets, levels, largest, left_out):
        name = f"{path.relative_to(folder)} for {target or 'its own machine'} -O{level}"
        signal.alarm(patience)
        try:
            with Clock() as clock:
                begin = time.process_time()
                source = _source(path)
                shots = None if path.suffix == ".json" else 100
                done = qir.compile(source, target or None, optimization_level=level, shots=shots)
                spent = time.process_time() - begin
        except QirError as refused:
            signal.alarm(0)
            left_out["refused by the compiler"] += 1
            if type(refused).__name__ == "InternalError":
                print(f"internal error: {name}: {refused}", file=sys.stderr)
            continue
        except Late:
            left_out[f"not done in {patience} s"] += 1
            print(f"late: {name}", file=sys.stderr)
            continue
        except Exception as crash:
            signal.alarm(0)
            print(f"crash: {name}: {type(crash).__name__}: {crash}", file=sys.stderr)
            continue
        signal.alarm(0)
        if not done.report.circuits:
            left_out["without a circuit"] += 1
            continue
        share = (spent / len(done.report.circuits), clock.spent / len(done.report.circuits))
        for report in done.report.circuits:
            verdict = report.verification
            tally[(target or "own", level, f"{verdict.verdict}, {verdict.method}")].append(share)
            if verdict.verdict in ("unchecked", "tested"):
                print(f"{verdict.verdict}: {name}: {verdict.method} {verdict.detail[:300]}", file=sys.stderr)
    print("| target | level | verdict, method | circuits | compile s | check s | longest check ms |")
    print("|---|---|---|---|---|---|---|")
    for (target, level, verdict), spent in sorted(tally.items()):
        wholes, checks = zip(*spent)
        times = f"{sum(wholes):.2f} | {sum(checks):.2f} | {1e3 * max(checks):.0f}"
        print(f"| {target} | {level} | {verdict} | {len(spent)} | {times} |")
    print("\nLeft out: " + (", ".join(f"{count} {why}" for why, count in sorted(left_out.items())) or "none"))


def _source(path: Path) -> Path | str:
    """A file, or the job in one that also holds notes about it."""
    if path.suffix == ".json":
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            return path
        if isinstance(found, dict) and isinstance(found.get("payload"), dict):
            return json.dumps(found["payload"])
    return path


def _jobs(
    folder: Path, targets: list[str], levels: list[int], largest: int, left_out: dict[str, int]
) -> Iterator[tuple[Path, str, int]]:
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name == "manifest.json":
            continue
        fitting = [t for t in targets if path.suffix in CORPUS.get(t, (".qasm", ".qasm3"))]
        if not fitting:
            continue
        if path.stat().st_size > largest:
            left_out[f"files of more than {largest} bytes"] += 1
            continue
        for target in fitting:
            for level in levels:
                yield path, target, level


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--targets", help="separated by commas; for --corpus the empty name is the job's own machine")
    parser.add_argument("--levels", default="1,2,3", help="for --corpus, separated by commas")
    parser.add_argument("--largest", type=int, default=100_000, help="for --corpus, bytes of a file")
    parser.add_argument("--patience", type=int, default=120, help="for --corpus, seconds of one compile")
    parser.add_argument("--level", type=int, default=2, help="for the table by size")
    parser.add_argument("--gates", help="sizes of the table, separated by commas")
    parser.add_argument("--large", action="store_true", help="to 1,000,000 gates (100,000 on IBM's machines)")
    options = parser.parse_args()
    if options.corpus:
        targets = list(CORPUS) if options.targets is None else options.targets.split(",")
        corpus(options.corpus, targets, [int(v) for v in options.levels.split(",")], options.largest, options.patience)
        return
    times = "passes ms | with journal ms | check ms | check / passes | whole compile ms | check / whole"
    print(f"| target | qubits | gates | {times} | check MB | verdict, method | steps |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for target in (options.targets or "qpu.forte-1,ibm_fez").split(","):
        most = 10_000 if not options.large else 100_000 if find(target).vendor == "ibm" else 1_000_000
        gates = [count for _, count in SIZES if count <= most]
        if options.gates:
            gates = [int(v) for v in options.gates.split(",")]
        sizes(target, gates, options.level)


if __name__ == "__main__":
    main()
