"""Circuits onto IBM machines: qir beside Qiskit, circuit by circuit, in one process.

    python benchmarks/ibm.py [--machine torino|fez|sherbrooke] [--levels 2,3] [--qiskit 1,2,3] [--seeds 3] [--only NAME,...]

The machine is the snapshot that qiskit-ibm-runtime carries; the circuits are the OpenQASM 2 files of a
corpus folder (`--corpus`).  For each circuit the table shows two-qubit gates / two-qubit depth / sx + x /
CPU milliseconds, Qiskit's counts as the median over seeds; below, geometric means over Qiskit's level 3.
Times are for ratios only: reading is left out on both sides, and every kernel is compiled before.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import qiskit
import qiskit_ibm_runtime
from qiskit import QuantumCircuit, transpile
from qiskit_ibm_runtime import fake_provider
from qiskit_ibm_runtime.utils.utils import is_isa_circuit

import qir
from qir import kernels
from qir.circuit import Circuit
from qir.pipeline import Context, run
from qir.targets.ibm_files import from_files
from qir.targets.target import Target

CORPUS = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus" / "performance"


class Row(NamedTuple):
    """What one compile gave."""

    two_qubit: float
    depth: float
    pulses: float
    milliseconds: float


def snapshot(name: str) -> tuple[Target, Any]:
    """The machine for qir, from the files of the snapshot, and for Qiskit."""
    folder = Path(qiskit_ibm_runtime.__file__).parent / "fake_provider" / "backends" / name
    files = [json.loads((folder / f"{kind}_{name}.json").read_text()) for kind in ("conf", "props")]
    return from_files(*files, fractional=False), getattr(fake_provider, f"Fake{name.capitalize()}")()


def ours(circuit: Circuit, target: Target, level: int, seed: int) -> tuple[Row, Circuit]:
    begin = time.process_time()
    done = run(circuit, Context(target=target, level=level, seed=seed))
    spent = time.process_time() - begin
    counts = done.count_ops()
    two = counts.get("cz", 0) + counts.get("ecr", 0) + counts.get("rzz", 0)
    pulses = counts.get("sx", 0) + counts.get("x", 0) + counts.get("rx", 0)
    return Row(two, done.depth(two_qubit=True), pulses, 1000 * spent), done


def theirs(circuit: QuantumCircuit, backend: Any, level: int, seeds: int) -> Row:
    rows = []
    for seed in range(seeds):
        begin = time.process_time()
        done = transpile(circuit, backend, optimization_level=level, seed_transpiler=seed)
        spent = time.process_time() - begin
        two = sum(1 for i in done.data if i.operation.num_qubits == 2 and i.operation.name != "barrier")
        pulses = sum(1 for i in done.data if i.operation.name in ("sx", "x", "rx"))
        depth = done.depth(lambda i: i.operation.num_qubits == 2 and i.operation.name != "barrier")
        rows.append(Row(two, depth, pulses, 1000 * spent))
    return Row(*(median(values) for values in zip(*rows)))


def to_qiskit(circuit: Circuit) -> QuantumCircuit:
    result = QuantumCircuit(circuit.num_qubits, circuit.num_clbits)
    for op in circuit.ops:
        if op.name == "measure":
            result.measure(op.qubits[0], op.clbits[0])
        elif op.name == "barrier":
            result.barrier(*op.qubits)
        elif op.name == "reset":
            result.reset(op.qubits[0])
        else:
            getattr(result, op.name)(*op.params, *op.qubits)
    return result


def mean(values: Sequence[float]) -> float:
    """Geometric mean; a circuit that needs nothing at all has no ratio and is left out."""
    kept = [math.log(v) for v in values if v > 0]
    return math.exp(sum(kept) / len(kept)) if kept else math.nan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machine", default="torino")
    parser.add_argument("--levels", default="2,3")
    parser.add_argument("--qiskit", default="1,2,3")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    options = parser.parse_args()
    target, backend = snapshot(options.machine)
    levels = [int(v) for v in options.levels.split(",") if v]
    peers = [int(v) for v in options.qiskit.split(",") if v]
    wanted = set(options.only.split(",")) - {""}
    warm(target)
    columns = [f"qir O{v}" for v in levels] + [f"qiskit O{v}" for v in peers]
    table: dict[str, list[Row]] = {}
    print(f"{options.machine}: qir {qir.__version__}, qiskit {qiskit.__version__}; two-qubit / depth / sx+x / ms")
    print(f"{'circuit':24s}" + "".join(f"{c:>28s}" for c in columns))
    for path in sorted(options.corpus.glob("*.qasm")):
        if wanted and path.stem not in wanted:
            continue
        circuit = qir.load(path)
        if circuit.num_qubits > target.num_qubits:
            continue
        reference = QuantumCircuit.from_qasm_file(str(path))
        rows = []
        for level in levels:
            row, done = ours(circuit, target, level, 0)
            rows.append(row)
            problem = is_isa_circuit(to_qiskit(done), backend.target)
            if problem:
                print(f"{path.stem}: the client refuses it: {problem}")
        rows += [theirs(reference, backend, level, options.seeds) for level in peers]
        table[path.stem] = rows
        cells = "".join(f"{r.two_qubit:8.0f}{r.depth:6.0f}{r.pulses:7.0f}{r.milliseconds:7.0f}" for r in rows)
        print(f"{path.stem:24s}{cells}", flush=True)
    if not peers or not table:
        return
    base = [rows[-1] for rows in table.values()]
    print(f"\ngeometric mean over {columns[-1]}: two-qubit, depth, sx+x, time; share at or below its two-qubit count")
    for index, column in enumerate(columns):
        mine = [rows[index] for rows in table.values()]
        ratios = [mean([max(a[k], 1) / max(b[k], 1) for a, b in zip(mine, base)]) for k in range(4)]
        share = sum(a.two_qubit <= b.two_qubit for a, b in zip(mine, base)) / len(base)
        print(f"{column:12s}" + "".join(f"{r:8.3f}" for r in ratios) + f"{share:8.0%}")


def warm(target: Target) -> None:
    """Compile the kernels, where numba is installed, and fill the caches."""
    kernels.warm()
    builder = qir.CircuitBuilder(4)
    for a in range(4):
        for b in range(a):
            builder.h(a).cx(a, b)
    run(builder.build(), Context(target=target, level=2))


if __name__ == "__main__":
    main()
