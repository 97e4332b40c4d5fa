"""Time and memory of large random circuits, ours beside Qiskit's: one measurement per process.

    python benchmarks/large.py WHAT GATES

WHAT is `O1` or `O2` (the passes to qpu.forte-1), `passes` (fusion and cancellation alone), `qiskit-O2` (transpile to
rzz, rx, rz) or `qiskit-passes` (Optimize1qGatesDecomposition and CommutativeCancellation on a DAGCircuit).
Memory is what the peak of resident memory grows by, the circuit excluded.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np

QUBITS = 50
NAMES = ("h", "t", "s", "rz", "rx", "x", "cx", "cz")


def table(count: int) -> tuple[Any, Any, Any, Any]:
    """Per gate its name's number, two different qubits, and an angle."""
    random = np.random.default_rng(0)
    kind = random.integers(0, len(NAMES), count)
    first = random.integers(0, QUBITS, count)
    second = (first + 1 + random.integers(0, QUBITS - 1, count)) % QUBITS
    return kind, first, second, random.uniform(-3, 3, count)


def ours(what: str, count: int) -> Callable[[], int]:
    import qir
    from qir.circuit import Circuit, Register
    from qir.columns import Columns
    from qir.gates import opcode
    from qir.passes.base import Context
    from qir.passes.cancel import CancelInverses
    from qir.passes.fuse import Fuse
    from qir.passes.merge import MergeRotations
    from qir.pipeline import run

    kind, first, second, angle = table(count)
    columns = Columns.empty(count)
    columns.opcode[:] = np.array([opcode(name) for name in NAMES])[kind]
    columns.qubits[:, 0] = first
    columns.qubits[kind >= 6, 1] = second[kind >= 6]
    turned = (kind == 3) | (kind == 4)
    columns.params[turned, 0] = angle[turned]
    circuit = Circuit(columns, QUBITS, qregs=(Register("q", 0, QUBITS),))
    if what == "passes":

        def passes() -> int:
            result = circuit
            for step in (Fuse(), CancelInverses(), MergeRotations()):
                result = step.run(result, Context())
            return len(result.columns)

        return passes
    context = Context(target=qir.target("qpu.forte-1"), gateset="native", level=int(what[1:]))
    return lambda: len(run(circuit, context).columns)


def theirs(what: str, count: int) -> Callable[[], int]:
    from qiskit import QuantumCircuit, transpile
    from qiskit.converters import circuit_to_dag
    from qiskit.transpiler.passes import CommutativeCancellation, Optimize1qGatesDecomposition

    circuit = QuantumCircuit(QUBITS)
    for kind, first, second, angle in zip(*(column.tolist() for column in table(count))):
        operands = (first, second) if kind >= 6 else (first,)
        getattr(circuit, NAMES[kind])(*((angle,) if kind in (3, 4) else ()), *operands)
    if what == "qiskit-passes":
        dag = circuit_to_dag(circuit)
        fuse = Optimize1qGatesDecomposition(basis=["u3", "rz"])
        cancel = CommutativeCancellation(basis_gates=["u3", "rz", "cx", "cz"])
        return lambda: int(cancel.run(fuse.run(dag)).size())
    basis = ["rzz", "rx", "rz"]
    return lambda: int(transpile(circuit, basis_gates=basis, optimization_level=2, seed_transpiler=0).size())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["O1", "O2", "passes", "qiskit-O2", "qiskit-passes"])
    parser.add_argument("gates", type=int)
    options = parser.parse_args()
    work = (theirs if options.what.startswith("qiskit") else ours)(options.what, options.gates)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin, wall = time.process_time(), time.perf_counter()
    left = work()
    begin, wall = time.process_time() - begin, time.perf_counter() - wall
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024
    print(f"{options.what} {options.gates}: {begin:.3f} s CPU, {wall:.3f} s, {memory} MB, {left} operations left")


if __name__ == "__main__":
    main()
