"""Simulation side by side: statevectors of 20 qubits, their memory, and stabilizer tableaux.

    python benchmarks/simulate.py [--qubits 20] [--kinds qft,random,...]    beside qiskit-aer, Cirq and stim, where installed
    python benchmarks/simulate.py --memory 20,22,24,26                       peak memory of `simulate` with shots

CPU seconds of one thread, best of some runs in turn.  Reading the programs is not counted.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import families

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

Rows = list[tuple[str, list[float], list[int]]]
Run = Callable[[], Any]


# -- circuits -----------------------------------------------------------------------------------------


def qft(width: int, rng: random.Random) -> Rows:
    return [row for row in families.qft(width, rng).gates if row[0] != "swap"]


def rzz_qaoa(width: int, rng: random.Random) -> Rows:
    found: Rows = [("h", [], [q]) for q in range(width)]
    for _ in range(3):
        found += [("rzz", [0.4], rng.sample(range(width), 2)) for _ in range(2 * width)]
        found += [("rx", [0.7], [q]) for q in range(width)]
    return found


def isa(width: int, rng: random.Random) -> Rows:
    """sx, rz and cz, as for IBM's machines."""
    found: Rows = []
    for layer in range(10):
        for q in range(width):
            found += [("rz", [rng.uniform(-3, 3)], [q]), ("sx", [], [q]), ("rz", [rng.uniform(-3, 3)], [q])]
        found += [("cz", [], [q, q + 1]) for q in range(layer % 2, width - 1, 2)]
    return found


def native(width: int, rng: random.Random) -> Rows:
    """gpi2 and ms with partial angles, as for IonQ's machines."""
    found: Rows = []
    for _ in range(10):
        found += [("gpi2", [rng.uniform(-3, 3)], [q]) for q in range(width)]
        order = rng.sample(range(width), width)
        found += [("ms", [rng.uniform(-3, 3), rng.uniform(-3, 3), rng.uniform(0, 1.5)], [a, b])
                  for a, b in zip(order[::2], order[1::2])]  # fmt: skip
    return found


def clifford(width: int, rng: random.Random) -> Rows:
    found: Rows = []
    for _ in range(20 * width):
        a, b = rng.sample(range(width), 2)
        found += [(rng.choice(["h", "s"]), [], [a]), ("cx", [], [a, b])]
    return found


KINDS: dict[str, Callable[[int, random.Random], Rows]] = {
    "qft": qft,
    "qft with swaps": lambda n, rng: families.qft(n, rng).gates,
    "random": lambda n, rng: families.random_u(n, 800, rng).gates,
    "qaoa": rzz_qaoa,
    "trotter": lambda n, rng: families.heisenberg(n, 3, rng).gates,
    "grover": lambda n, rng: families.grover(n // 2 + 1, 3, rng).gates,
    "mcx": lambda n, rng: families.multi_controlled(n, 60, rng).gates,
    "toffoli": lambda n, rng: families.reversible(n, 200, rng).gates,
    "isa": isa,
    "native": native,
    "clifford": clifford,
}


def rows(kind: str, width: int) -> Rows:
    """Gates of a benchmark circuit: name, angles, qubits."""
    return KINDS[kind](width, random.Random(width))


# -- simulators ---------------------------------------------------------------------------------------

_OTHER_NAMES = {"u3": "u", "cu1": "cp"}


def with_qir(gates: Rows, width: int) -> Run:
    from qir.builder import CircuitBuilder
    from qir.circuit import Extra
    from qir.simulator import simulate

    builder = CircuitBuilder(width)
    for name, angles, qubits in gates:
        if name in ("c3x", "c4x"):
            builder.append("x", qubits, extra=Extra(controls="1" * (len(qubits) - 1)))
        else:
            builder.append(_OTHER_NAMES.get(name, name), qubits, angles)
    circuit = builder.build()
    return lambda: simulate(circuit)


def with_aer(gates: Rows, width: int) -> Run:
    import numpy as np
    from qiskit import QuantumCircuit
    from qiskit_aer import AerSimulator

    from qir.gates import GATES

    circuit = QuantumCircuit(width)
    for name, angles, qubits in gates:
        if name in ("gpi2", "ms"):
            circuit.unitary(GATES[name].matrix(*(np.array([a]) for a in angles))[0], qubits)
        elif name in ("c3x", "c4x"):
            circuit.mcx(qubits[:-1], qubits[-1])
        else:
            getattr(circuit, _OTHER_NAMES.get(name, name))(*angles, *qubits)
    circuit.save_statevector()
    simulator = AerSimulator(method="statevector", max_parallel_threads=1)
    return lambda: simulator.run(circuit, shots=1).result().get_statevector()


def with_cirq(gates: Rows, width: int) -> Run:
    import cirq
    import numpy as np

    from qir.gates import GATES

    wires = cirq.LineQubit.range(width)
    plain = {"h": cirq.H, "x": cirq.X, "cx": cirq.CNOT, "s": cirq.S, "cz": cirq.CZ, "swap": cirq.SWAP, "ccx": cirq.CCX,
             "sx": cirq.X**0.5, "c3x": cirq.X.controlled(3), "c4x": cirq.X.controlled(4)}  # fmt: skip
    turned: dict[str, Callable[[float], Any]] = {
        "cu1": lambda t: cirq.CZPowGate(exponent=t / math.pi), "rzz": lambda t: cirq.ZZPowGate(exponent=t / math.pi),
        "rx": cirq.rx, "ry": cirq.ry, "rz": cirq.rz,
    }  # fmt: skip
    made: list[Any] = []
    for name, angles, qubits in gates:
        on = [wires[k] for k in qubits]
        if name in plain:
            made.append(plain[name](*on))
        elif name in turned:
            made.append(turned[name](angles[0])(*on))
        else:
            # The first operand is Cirq's most significant one.
            matrix = GATES["u" if name == "u3" else name].matrix(*(np.array([a]) for a in angles))[0]
            made.append(cirq.MatrixGate(matrix)(*reversed(on)))
    circuit = cirq.Circuit(made)
    simulator = cirq.Simulator(dtype=np.complex128)
    return lambda: simulator.simulate(circuit, qubit_order=wires)


def best(sides: dict[str, Run], repeat: int = 3) -> dict[str, float]:
    """CPU seconds of each side, in turn."""
    found = dict.fromkeys(sides, math.inf)
    for _ in range(repeat):
        for name, side in sides.items():
            begin = time.process_time()
            side()
            found[name] = min(found[name], time.process_time() - begin)
    return found


# -- tables -------------------------------------------------------------------------------------------


def statevectors(kinds: list[str], width: int) -> None:
    print(f"| {width} qubits | gates | qir | qiskit-aer | ratio | Cirq | ratio |\n|---|---|---|---|---|---|---|")
    makers = {"qiskit-aer": with_aer, "Cirq": with_cirq}
    for kind in kinds:
        gates = rows(kind, width)
        sides = {"qir": with_qir(gates, width)}
        for name, make in makers.items():
            try:
                sides[name] = make(gates, width)
            except ImportError:
                continue
        found = best(sides)
        cells = [f"{found[n]:.3f} | {found['qir'] / found[n]:.2f}" if n in found else "- | -" for n in makers]
        print(f"| {kind} | {len(gates)} | {found['qir']:.3f} | {' | '.join(cells)} |", flush=True)


def tableaux(widths: list[int]) -> None:
    import stim

    from qir.builder import CircuitBuilder
    from qir.simulator import simulate

    print("\n| Clifford circuit and 1000 samples | qir | stim | ratio |\n|---|---|---|---|")
    for width in widths:
        builder, other = CircuitBuilder(width), stim.Circuit()
        for name, _, qubits in rows("clifford", width):
            builder.append(name, qubits)
            other.append(name.upper(), qubits)
        other.append("M", range(width))
        circuit = builder.build()

        def ours(circuit: Any = circuit) -> Any:
            return simulate(circuit, shots=1000)

        def theirs(other: Any = other) -> Any:
            return other.compile_sampler().sample(1000)

        found = best({"qir": ours, "stim": theirs}, 5)
        print(f"| {width} qubits, {40 * width} gates | {found['qir']:.4f} | {found['stim']:.4f} "
              f"| {found['qir'] / found['stim']:.1f} |", flush=True)  # fmt: skip


def memory(width: int) -> None:
    """Peak memory above an idle process, in a process of its own."""
    import resource

    from qir.builder import CircuitBuilder
    from qir.simulator import simulate

    builder = CircuitBuilder(width)
    for name, angles, qubits in [*isa(width, random.Random(0))[: 6 * width], ("swap", [], [0, width - 1])]:
        builder.append(name, qubits, angles)
    circuit = builder.append("ccx", [0, 3, width - 1]).build()
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    simulate(circuit, shots=1000)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) / 1024
    state = 2**width * 16 / 2**20
    print(f"| {width} | {state:.0f} | {peak:.0f} | {peak / state:.2f} | {time.process_time() - begin:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qubits", type=int, default=20)
    parser.add_argument("--kinds", default=",".join(k for k in KINDS if k != "clifford"))
    parser.add_argument("--tableaux", default="100,400,1000")
    parser.add_argument("--memory", metavar="QUBITS,...")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        memory(options.one)
    elif options.memory:
        print("| qubits | state, MB | peak, MB | ratio | CPU s |\n|---|---|---|---|---|", flush=True)
        for width in options.memory.split(","):
            subprocess.run([sys.executable, __file__, "--one", width], check=True)
    else:
        statevectors([k for k in options.kinds.split(",") if k], options.qubits)
        if options.tableaux:
            tableaux([int(k) for k in options.tableaux.split(",")])


if __name__ == "__main__":
    main()
