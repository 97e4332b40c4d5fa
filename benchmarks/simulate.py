"""Simulation side by side: statevectors of 20 qubits and stabilizer tableaux.

    python benchmarks/simulate.py                       qir, and qiskit-aer and stim where installed
    python benchmarks/simulate.py --cirq PYTHON         Cirq in another interpreter, where it is installed

CPU seconds of one thread, best of three.  Reading the programs is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

Rows = list[tuple[str, list[float], list[int]]]


def rows(kind: str, width: int) -> Rows:
    """Gates of a benchmark circuit: name, angles, qubits."""
    import random

    rng = random.Random(width)
    found: Rows = []
    if kind == "qft":
        for q in reversed(range(width)):
            found.append(("h", [], [q]))
            found += [("cp", [3.141592653589793 / 2 ** (q - t)], [t, q]) for t in reversed(range(q))]
    elif kind == "random":
        for _ in range(400):
            a, b = rng.sample(range(width), 2)
            found.append(("u", [rng.uniform(-3, 3) for _ in range(3)], [a]))
            found.append(("cx", [], [a, b]))
    elif kind == "qaoa":
        found += [("h", [], [q]) for q in range(width)]
        for _ in range(3):
            for _ in range(2 * width):
                a, b = rng.sample(range(width), 2)
                found.append(("rzz", [0.4], [a, b]))
            found += [("rx", [0.7], [q]) for q in range(width)]
    else:
        for _ in range(20 * width):
            a, b = rng.sample(range(width), 2)
            found.append((rng.choice(["h", "s"]), [], [a]))
            found.append(("cx", [], [a, b]))
    return found


def best(run: Callable[[], Any], repeat: int = 3) -> float:
    result = float("inf")
    for _ in range(repeat):
        begin = time.process_time()
        run()
        result = min(result, time.process_time() - begin)
    return result


def with_qir(kind: str, width: int) -> float:
    from qir.circuit import CircuitBuilder
    from qir.simulator import simulate

    builder = CircuitBuilder(width)
    for name, angles, qubits in rows(kind, width):
        builder.append(name, qubits, angles)
    circuit = builder.build()
    shots = 1000 if kind == "clifford" else None
    return best(lambda: simulate(circuit, shots=shots))


def with_aer(kind: str, width: int) -> float:
    from qiskit import QuantumCircuit
    from qiskit_aer import AerSimulator

    circuit = QuantumCircuit(width)
    for name, angles, qubits in rows(kind, width):
        getattr(circuit, name)(*angles, *qubits)
    circuit.save_statevector()
    simulator = AerSimulator(method="statevector", max_parallel_threads=1)
    return best(lambda: simulator.run(circuit, shots=1).result().get_statevector())


def with_stim(kind: str, width: int) -> float:
    import stim

    circuit = stim.Circuit()
    for name, _, qubits in rows(kind, width):
        circuit.append(name.upper(), qubits)
    circuit.append("M", range(width))
    return best(lambda: circuit.compile_sampler().sample(1000))


def with_cirq(kind: str, width: int) -> float:
    import cirq
    import numpy as np

    wires = cirq.LineQubit.range(width)
    gates: list[Any] = []
    for name, p, q in rows(kind, width):
        on = [wires[k] for k in q]
        if name == "u":
            gates += [cirq.rz(p[2])(*on), cirq.ry(p[0])(*on), cirq.rz(p[1])(*on)]
        elif name == "cp":
            gates.append(cirq.CZPowGate(exponent=p[0] / np.pi)(*on))
        elif name == "rzz":
            gates.append(cirq.ZZPowGate(exponent=p[0] / np.pi)(*on))
        elif name == "rx":
            gates.append(cirq.rx(p[0])(*on))
        else:
            gates.append({"h": cirq.H, "cx": cirq.CNOT, "s": cirq.S}[name](*on))
    circuit = cirq.Circuit(gates)
    simulator = cirq.Simulator(dtype=np.complex128)
    return best(lambda: simulator.simulate(circuit, qubit_order=wires), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cirq", metavar="PYTHON", help="interpreter that has Cirq")
    parser.add_argument("--qubits", type=int, default=20)
    parser.add_argument("--only", metavar="PEER:KIND:WIDTH", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        peer, kind, width = options.only.split(":")
        print(json.dumps({"cirq": with_cirq}[peer](kind, int(width))))
        return
    print(f"| circuit | qir | qiskit-aer | ratio | cirq | ratio |\n|---|---|---|---|---|---|  ({options.qubits} qubits, CPU s)")
    for kind in ("qft", "random", "qaoa"):
        ours, aer = with_qir(kind, options.qubits), with_aer(kind, options.qubits)
        other = "| - | - |"
        if options.cirq:
            command = [options.cirq, __file__, "--only", f"cirq:{kind}:{options.qubits}"]
            cirq = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            other = f"| {cirq:.2f} | {ours / cirq:.2f} |"
        print(f"| {kind} | {ours:.2f} | {aer:.2f} | {ours / aer:.2f} {other}")
        sys.stdout.flush()
    print("\n| Clifford circuit, 1000 samples | qir | stim | ratio |\n|---|---|---|---|")
    for width in (100, 400, 1000):
        ours, stim = with_qir("clifford", width), with_stim("clifford", width)
        print(f"| {width} qubits, {40 * width} gates | {ours:.3f} | {stim:.4f} | {ours / stim:.0f} |")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
