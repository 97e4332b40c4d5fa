"""Gates and pulses on IonQ's machines, circuit by circuit, beside other compilers.

    python benchmarks/ionq.py [FOLDER] [--live [--record FILE]] [--levels 2,3] [--targets qpu.forte-1] [--verify]
                              [--times] [--markdown FILE] [--plot FILE] [--only NAME...]

FOLDER holds OpenQASM 2 files; without it the families of `families.py` are generated.  The peers are those of
`peers.py`: `--live` runs them now, each in a process of its own with a time limit, and `--record` keeps what they
gave; otherwise `peers_ionq.json` beside this file is read, which must be of the same circuits.  `--times` compares
the time of our passes with Qiskit's in this process.  Counts are exact; times are for ratios.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import math
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import families
import numpy as np
import peers

import qir
from qir.journal import Journal
from qir.pipeline import Context, run
from qir.verify import equivalent

HERE = Path(__file__).resolve().parent
Found = dict[str, dict[str, Any]]
"""Per configuration what it made of a circuit: `two`, `one`, `pulses`, `seconds`, or `error`."""

NOT_BEST = ("pyzx:full_reduce",)
"""Shown, but no part of the virtual best: it is made for another goal, and its order of work varies."""


# -- running ------------------------------------------------------------------------------------------


def digest(path: Path) -> str:
    """What tells whether a record is of this circuit."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def live(
    paths: Sequence[Path], names: Sequence[str], python: str, timeout: float, jobs: int, keep: Callable[[str, Found], None]
) -> None:
    """Every peer on every circuit; what one gave is kept when it is done, by circuit."""

    def one(name: str) -> None:
        worker = peers.Worker(name, python, timeout)
        found = {path.stem: worker(path) for path in paths}
        worker.close()
        keep(name, found)
        print(f"{name}: {sum('two' in run for run in found.values())} of {len(paths)}", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, names))


def ours(path: Path, target: str, level: int, *, verify: bool) -> dict[str, Any]:
    """Two-qubit gates and pulses of our native circuit, and CPU seconds of the passes."""
    circuit = qir.load(path)
    journal = Journal() if verify else None
    begin = time.process_time()
    out = run(circuit, Context(target=qir.target(target), gateset="native", level=level, journal=journal))
    seconds = time.process_time() - begin
    widths = out.widths[out.columns.opcode < 256]
    result: dict[str, Any] = {"two": int((widths >= 2).sum()), "pulses": int((widths == 1).sum()), "seconds": seconds}
    if journal is not None:
        found = equivalent(circuit, out, journal=journal)
        result["verdict"] = f"{found.verdict}, {found.method}"
    return result


def times(path: Path, target: str, level: int, rounds: int = 5) -> dict[str, float]:
    """CPU seconds of our passes, of Qiskit's `transpile`, and of a Qiskit pass manager built before; the best of
    some rounds in turn, garbage collected before each."""
    from qiskit import qasm2, transpile
    from qiskit.transpiler import generate_preset_pass_manager

    circuit = qir.load(path)
    machine = qir.target(target)
    theirs = qasm2.load(str(path), custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    basis = ["rzz", "rx", "rz"]
    manager = generate_preset_pass_manager(optimization_level=level, basis_gates=basis, seed_transpiler=0)
    sides: dict[str, Callable[[], Any]] = {
        "qir": lambda: run(circuit, Context(target=machine, gateset="native", level=level)),
        "transpile": lambda: transpile(theirs, basis_gates=basis, optimization_level=level, seed_transpiler=0),
        "manager": lambda: manager.run(theirs),
    }
    best = dict.fromkeys(sides, math.inf)
    for _ in range(rounds):
        for name, side in sides.items():
            gc.collect()
            begin = time.process_time()
            side()
            best[name] = min(best[name], time.process_time() - begin)
    return best


# -- tables -------------------------------------------------------------------------------------------


def geometric(values: Sequence[float]) -> float:
    """The geometric mean; no gate at all counts as half of one."""
    return math.exp(float(np.mean(np.log(values)))) if values else math.nan


def ratio(mine: float, other: float) -> float:
    return max(mine, 0.5) / max(other, 0.5)


def virtual_best(found: Found) -> tuple[int, str]:
    """The fewest two-qubit gates of any peer, and the first that reached them."""
    reached = [(run["two"], name) for name, run in found.items() if "two" in run and name not in NOT_BEST]
    best = min(two for two, _ in reached)
    return best, next(name for two, name in reached if two == best)


def best_pulses(found: Found) -> int:
    """The fewer pulses of Qiskit's and pytket's outputs for partial zz."""
    runs = [found.get(name, {}) for name in ("qiskit:rzz-O3", "pytket:peephole-tk2")]
    return min(run["pulses"] for run in runs if "pulses" in run)


def table(record: dict[str, Found], mine: dict[str, dict[str, Any]], label: str) -> list[str]:
    """One row a circuit, our counts beside the virtual best, and their means."""
    lines = [f"### {label}", "", "| circuit | two-qubit | virtual best (by) | ratio | pulses | best peer | ratio |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    two: list[float] = []
    one: list[float] = []
    for name, found in record.items():
        best, by = virtual_best(found)
        fewest = best_pulses(found)
        two.append(ratio(mine[name]["two"], best))
        one.append(ratio(mine[name]["pulses"], fewest))
        mark = " **above**" if two[-1] > 1 else ""
        lines.append(f"| {name} | {mine[name]['two']} | {best} ({by}) | {two[-1]:.3f}{mark} | {mine[name]['pulses']} "
                     f"| {fewest} | {one[-1]:.3f} |")  # fmt: skip
    some = [r for r, run in zip(two, mine.values()) if run["two"]]
    total = sum(run["seconds"] for run in mine.values())
    lines += ["", f"{label}: two-qubit over the virtual best {geometric(two):.3f} (without circuits that need none "
              f"{geometric(some):.3f}), at or below it {sum(r <= 1 for r in two)} of {len(two)}; pulses {geometric(one):.3f}; "
              f"{total:.1f} s in all, the longest {max(run['seconds'] for run in mine.values()):.2f} s"]  # fmt: skip
    verdicts = sorted(run.get("verdict", "") for run in mine.values())
    lines += [f"{verdict}: {verdicts.count(verdict)}" for verdict in dict.fromkeys(verdicts) if verdict]
    return [*lines, ""]


def configurations(record: dict[str, Found], mine: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    """One row a configuration over all circuits it finished."""
    lines = ["### Configurations", "", "| configuration | circuits | two-qubit over the virtual best | at or below it "
             "| pulses over Qiskit rzz-O3 | as it emits them | CPU ms, median |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    names = list(next(iter(record.values())))
    rows: dict[str, dict[str, dict[str, Any]]] = {name: {c: found[name] for c, found in record.items()} for name in names}
    for name, runs in {**mine, **rows}.items():
        done = {c: r for c, r in runs.items() if "two" in r}
        if not done:
            lines.append(f"| {name} | 0 of {len(record)} | | | | | |")
            continue
        two = [ratio(r["two"], virtual_best(record[c])[0]) for c, r in done.items()]
        base = {c: record[c]["qiskit:rzz-O3"] for c in done}
        pulses = [ratio(r["pulses"], base[c]["pulses"]) for c, r in done.items() if "pulses" in base[c]]
        native = name.startswith(("qiskit-ionq", "cirq"))
        emitted = [ratio(r["one"], base[c]["pulses"]) for c, r in done.items() if native and "pulses" in base[c]]
        middle = float(np.median([r["seconds"] for r in done.values()])) * 1e3
        sent = f"{geometric(emitted):.2f}" if emitted else ""
        lines.append(f"| {name} | {len(done)} of {len(record)} | {geometric(two):.3f} | {sum(r <= 1 for r in two)} "
                     f"| {geometric(pulses):.2f} | {sent} | {middle:.1f} |")  # fmt: skip
    return [*lines, ""]


def time_table(measured: dict[str, dict[str, float]], level: int) -> list[str]:
    lines = [f"### CPU time at -O{level}, ms", "", "| circuit | qir | transpile | ratio | built pass manager | ratio |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    ratios: dict[str, list[float]] = {"transpile": [], "manager": []}
    for name, best in measured.items():
        for other, values in ratios.items():
            values.append(best["qir"] / best[other])
        lines.append(f"| {name} | {best['qir'] * 1e3:.1f} | {best['transpile'] * 1e3:.1f} | {ratios['transpile'][-1]:.2f} "
                     f"| {best['manager'] * 1e3:.1f} | {ratios['manager'][-1]:.2f} |")  # fmt: skip
    lines.append("")
    for other, values in ratios.items():
        lines.append(f"over {other}: {geometric(values):.3f}, less than it on {sum(r < 1 for r in values)} of {len(values)}, "
                     f"at most {max(values):.2f}")  # fmt: skip
    return [*lines, ""]


def plot(record: dict[str, Found], mine: dict[str, dict[str, dict[str, Any]]], target: Path) -> None:
    """Two-qubit gates over the virtual best as a profile: which share of the circuits is at or below each ratio."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "qir"
    from matplotlib import pyplot

    shown = ("qiskit:rzz-O3", "qiskit-ionq:O3", "pytket:peephole-tk2", "pytket:greedypauli", "ucc:rzz", "cirq:forte")
    curves: dict[str, list[float]] = {}
    for name, runs in mine.items():
        curves[f"qir {name}"] = [ratio(r["two"], virtual_best(record[c])[0]) for c, r in runs.items()]
    for name in shown:
        curves[name] = [ratio(f[name]["two"], virtual_best(f)[0]) if "two" in f[name] else math.inf for f in record.values()]
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for name, values in curves.items():
        finite = sorted(v for v in values if v < math.inf)
        share = np.arange(1, len(finite) + 1) / len(values)
        axes.step(finite, share, where="post", label=name, linewidth=2.2 if name.startswith("qir") else 1.1)
    axes.axvline(1, color="0.7", linewidth=0.8)
    axes.set_xscale("log", base=2)
    axes.set_xlabel("two-qubit gates over the virtual best")
    axes.set_ylabel("share of the circuits at or below")
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(target, metadata={"Date": None})


# -- the command --------------------------------------------------------------------------------------


def _kept(path: Path, circuits: Sequence[Path]) -> dict[str, Found]:
    """The recorded runs of these very circuits, those there are."""
    kept = json.loads(path.read_text(encoding="utf-8"))["circuits"] if path.exists() else {}
    return {c.stem: kept[c.stem]["runs"] for c in circuits if kept.get(c.stem, {}).get("sha256") == digest(c)}


def _write(path: Path, circuits: Sequence[Path], record: dict[str, Found], python: str) -> None:
    """Keep these runs, and those of other circuits that are there already."""
    asked = subprocess.run([python, str(HERE / "peers.py"), "versions", "1"], capture_output=True, text=True, check=True)
    kept = json.loads(path.read_text(encoding="utf-8"))["circuits"] if path.exists() else {}
    kept.update({c.stem: {"sha256": digest(c), "runs": record[c.stem]} for c in circuits})
    rows = [f"  {json.dumps(name)}: {json.dumps(kept[name])}" for name in sorted(kept)]
    head = json.dumps(json.loads(asked.stdout))
    path.write_text('{\n "versions": ' + head + ',\n "circuits": {\n' + ",\n".join(rows) + "\n }\n}\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, default=0, help="of the generated families")
    parser.add_argument("--targets", default="qpu.forte-1")
    parser.add_argument("--levels", default="2")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--live", action="store_true", help="run the peers")
    parser.add_argument("--peers", help="with --live, which of them, separated by semicolons; the record keeps the others")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has them")
    parser.add_argument("--timeout", type=float, default=60, help="CPU seconds for a peer and a circuit")
    parser.add_argument("--jobs", type=int, default=1, help="peers at a time")
    parser.add_argument("--record", type=Path, default=HERE / "peers_ionq.json", help="where runs are kept")
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--times", action="store_true")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    folder = options.folder
    if folder is None:
        folder = Path(tempfile.mkdtemp())
        for name, text in families.suite(options.seed):
            (folder / f"{name}.qasm").write_text(text, encoding="utf-8")
    paths = [p for p in sorted(folder.glob("*.qasm")) if not options.only or p.stem in options.only]
    record = _kept(options.record, paths)
    if options.live:
        chosen = options.peers.split(";") if options.peers else list(peers.CONFIGURATIONS)
        lock = threading.Lock()

        def keep(name: str, found: Found) -> None:
            with lock:
                for circuit, result in found.items():
                    runs = {**record.get(circuit, {}), name: result}
                    record[circuit] = {known: runs[known] for known in peers.CONFIGURATIONS if known in runs}
                _write(options.record, paths, record, options.python)

        live(paths, chosen, options.python, options.timeout, options.jobs, keep)
    elif missing := [path.stem for path in paths if path.stem not in record]:
        sys.exit(f"{options.record.name} has no record of this {missing[0]}; run with --live")
    lines: list[str] = []
    mine: dict[str, dict[str, dict[str, Any]]] = {}
    for target in options.targets.split(","):
        for level in map(int, options.levels.split(",")):
            label = f"{target} -O{level}"
            mine[label] = {path.stem: ours(path, target, level, verify=options.verify) for path in paths}
            lines += table(record, mine[label], label)
    lines += configurations(record, mine)
    if options.times:
        target = options.targets.split(",")[0]
        for level in (k for k in map(int, options.levels.split(",")) if k < 3):
            lines += time_table({path.stem: times(path, target, level) for path in paths}, level)
    print("\n".join(lines))
    if options.markdown:
        options.markdown.write_text("\n".join(lines), encoding="utf-8")
    if options.plot:
        plot(record, mine, options.plot)


if __name__ == "__main__":
    main()
