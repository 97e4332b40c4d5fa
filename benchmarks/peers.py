"""Other compilers on IonQ's gates: one configuration per process, circuit by circuit, with a time limit.

    python benchmarks/peers.py CONFIGURATION SECONDS FILE...      one line of JSON per OpenQASM 2 file

A line has `two`, the two-qubit gates of the output; `one`, its one-qubit gates that are not diagonal, as the
tool left them; `pulses`, those of its runs of one-qubit gates when every run is played in the fewest gpi and
gpi2 (0, 1 or 2, up to a frame); and `seconds`, CPU time of the compilation, reading excluded.  Every gate of
`two` is one zz or ms, with any angle.  A circuit that takes more than SECONDS of CPU time ends the process;
`Worker` keeps one and starts it again.

All come with `pip install -e '.[bench]'`; UCC needs Python 3.12 or 3.13, and its rows say so elsewhere.
"""

from __future__ import annotations

import json
import math
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["CONFIGURATIONS", "PACKAGES", "Worker"]

Step = tuple[str, tuple[Any, ...], Any]
"""Name, qubits and, for a gate on one of them, its matrix (None for a measurement)."""
Compile = Callable[[], Any]
Peer = tuple[Callable[[str], Any], Callable[[Any], Any], Callable[[Any], Iterable[Step]]]
"""How to read a program's text, to compile what was read, and to list the output's steps."""

PACKAGES = ("qiskit", "qiskit-ionq", "pytket", "cirq-core", "cirq-ionq", "ucc", "pyzx")


# -- Qiskit, qiskit-ionq, UCC -----------------------------------------------------------------------


def _read_qiskit(text: str) -> Any:
    from qiskit import qasm2

    return qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)


def _unmeasured(text: str) -> Any:
    """Without barriers, measurements and classical bits, which some tools do not read or fail on."""
    from qiskit import QuantumCircuit

    circuit = _read_qiskit(text)
    plain = QuantumCircuit(circuit.num_qubits)
    for item in circuit.data:
        if item.operation.name not in ("barrier", "measure"):
            plain.append(item.operation, [circuit.find_bit(q).index for q in item.qubits])
    return plain


def _steps_qiskit(circuit: Any) -> Iterator[Step]:
    for item in circuit.data:
        qubits = tuple(circuit.find_bit(q).index for q in item.qubits)
        if item.operation.name in ("barrier", "delay"):
            continue
        matrix = item.operation.to_matrix() if len(qubits) == 1 and hasattr(item.operation, "to_matrix") else None
        yield item.operation.name, qubits, matrix


def _qiskit(level: int, *, zero: bool = True) -> Peer:
    """zero: Qiskit's default takes inputs for |0> and uses idle qubits as clean ones."""

    def compiled(circuit: Any) -> Any:
        from qiskit import transpile

        return transpile(circuit, basis_gates=["rzz", "rx", "rz"], optimization_level=level, seed_transpiler=0,
                         qubits_initially_zero=zero)  # fmt: skip

    return _read_qiskit, compiled, _steps_qiskit


def _qiskit_ionq(level: int, *, plugin: bool) -> Peer:
    def compiled(circuit: Any) -> Any:
        from qiskit import transpile
        from qiskit_ionq import IonQProvider
        from qiskit_ionq.ionq_backend import IonQBackend

        # The provider would ask the service for the machine's size.
        backend = IonQBackend(provider=IonQProvider("none"), name="ionq_qpu.forte-1", description="", gateset="native",
                              num_qubits=circuit.num_qubits, simulator=False)  # fmt: skip
        if not plugin:
            return transpile(circuit, backend=backend, optimization_level=level, seed_transpiler=0)
        from qiskit.transpiler import PassManagerConfig
        from qiskit_ionq.ionq_optimizer_plugin import TrappedIonOptimizerPlugin

        config = PassManagerConfig.from_backend(backend, seed_transpiler=0)
        return TrappedIonOptimizerPlugin().pass_manager(config, level).run(circuit)

    return _unmeasured if plugin else _read_qiskit, compiled, _steps_qiskit


def _ucc(gates: set[str] | None) -> Peer:
    def compiled(circuit: Any) -> Any:
        import ucc

        return ucc.compile(circuit, target_gateset=gates) if gates else ucc.compile(circuit)

    return _read_qiskit, compiled, _steps_qiskit


# -- pytket -------------------------------------------------------------------------------------------


def _read_pytket(text: str) -> Any:
    from pytket.passes import DecomposeBoxes, RemoveBarriers
    from pytket.qasm import circuit_from_qasm_str

    circuit = circuit_from_qasm_str(text, maxwidth=1 << 20)
    DecomposeBoxes().apply(circuit)
    RemoveBarriers().apply(circuit)
    return circuit


def _steps_pytket(circuit: Any) -> Iterator[Step]:
    for command in circuit:
        qubits = tuple(command.qubits)
        gate = command.op.is_gate() and len(qubits) == 1 and not command.bits
        yield command.op.type.name.lower(), qubits, command.op.get_unitary() if gate else None


def _pytket(kind: str) -> Peer:
    def compiled(circuit: Any) -> Any:
        from pytket import OpType, passes

        result = circuit.copy()
        if kind == "synth":
            passes.SynthesiseTket().apply(result)
        elif kind == "peephole-cx":
            passes.FullPeepholeOptimise(target_2qb_gate=OpType.CX).apply(result)
        elif kind == "peephole-tk2":
            passes.FullPeepholeOptimise(target_2qb_gate=OpType.TK2).apply(result)
            passes.NormaliseTK2().apply(result)
            passes.DecomposeTK2(allow_swaps=True, ZZPhase_fidelity=1.0).apply(result)
            passes.AutoRebase({OpType.ZZPhase, OpType.Rz, OpType.PhasedX}, allow_swaps=True).apply(result)
            passes.SquashRzPhasedX().apply(result)
        else:
            passes.AutoRebase({OpType.CX, OpType.H, OpType.Rz}).apply(result)
            passes.GreedyPauliSimp().apply(result)
            passes.SynthesiseTket().apply(result)
        return result

    return _read_pytket, compiled, _steps_pytket


# -- Cirq ---------------------------------------------------------------------------------------------


def _read_cirq(text: str) -> Any:
    from cirq.contrib.qasm_import import circuit_from_qasm
    from qiskit import qasm2, transpile

    # Cirq reads fewer gates: the others are written out first, without optimising.
    basis = ["id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "rx", "ry", "rz", "cx", "cz", "swap", "ccx"]
    plain = _unmeasured(text)
    return circuit_from_qasm(qasm2.dumps(transpile(plain, basis_gates=basis, optimization_level=0)))


def _steps_cirq(circuit: Any) -> Iterator[Step]:
    import cirq

    for operation in circuit.all_operations():
        yield "zz", operation.qubits, cirq.unitary(operation) if len(operation.qubits) == 1 else None


def _cirq(circuit: Any) -> Any:
    import cirq
    import cirq_ionq

    return cirq.optimize_for_target_gateset(circuit, gateset=cirq_ionq.ForteNativeGateset())


# -- PyZX ---------------------------------------------------------------------------------------------


def _read_pyzx(text: str) -> Any:
    from qiskit import qasm2, transpile

    plain = _unmeasured(text)
    basis = ["x", "z", "h", "s", "sdg", "t", "tdg", "rx", "rz", "cx", "cz"]
    import pyzx

    return pyzx.Circuit.from_qasm(qasm2.dumps(transpile(plain, basis_gates=basis, optimization_level=0)))


def _pyzx(circuit: Any) -> Any:
    import pyzx

    graph = circuit.to_graph()
    pyzx.full_reduce(graph, quiet=True)
    return pyzx.extract_circuit(graph, up_to_perm=True).to_basic_gates()


def _steps_pyzx(circuit: Any) -> Iterator[Step]:
    yield from _steps_qiskit(_read_qiskit(circuit.to_qasm()))


CONFIGURATIONS: dict[str, Peer] = {
    **{f"qiskit:rzz-O{k}": _qiskit(k) for k in (1, 2, 3)},
    "qiskit:rzz-O3, any input": _qiskit(3, zero=False),
    **{f"qiskit-ionq:O{k}": _qiskit_ionq(k, plugin=False) for k in (1, 2, 3)},
    **{f"qiskit-ionq:O{k}+plugin": _qiskit_ionq(k, plugin=True) for k in (1, 3)},
    **{f"pytket:{kind}": _pytket(kind) for kind in ("synth", "peephole-cx", "peephole-tk2", "greedypauli")},
    "ucc:default": _ucc(None),
    "ucc:rzz": _ucc({"rzz", "rx", "rz"}),
    "cirq:forte": (_read_cirq, _cirq, _steps_cirq),
    "pyzx:full_reduce": (_read_pyzx, _pyzx, _steps_pyzx),
}


# -- counting -----------------------------------------------------------------------------------------


def _turns(matrix: Any) -> int:
    """Pulses of a one-qubit gate up to a frame: none when diagonal, one for half a turn or a quarter, else two."""
    across = min(abs(matrix[1, 0]), 1.0)
    if across < 1e-9:
        return 0
    return 1 if abs(across - 1) < 1e-9 or abs(across - math.sqrt(0.5)) < 1e-9 else 2


_HADAMARD = np.array([[1, 1], [1, -1]]) / math.sqrt(2)
_DIAGONAL = {"zz", "rzz", "cz", "cp", "zzphase", "zzmax"}
"""Two-qubit gates that are one zz up to frames; a cx is one between two h on its target."""


def count(steps: Iterable[Step]) -> dict[str, int]:
    """`two`, `one` and `pulses` of an output."""
    two = one = pulses = 0
    pending: dict[Any, Any] = {}
    for name, qubits, matrix in steps:
        if len(qubits) == 1 and matrix is not None:
            one += int(abs(matrix[1][0]) > 1e-9)
            pending[qubits[0]] = np.asarray(matrix) @ pending.get(qubits[0], np.eye(2))
            continue
        if len(qubits) > 2:
            raise ValueError(f"a gate on {len(qubits)} qubits is left")
        if len(qubits) == 2:
            two += 1
            turned = name == "cx"
            if not turned and name not in _DIAGONAL:
                raise ValueError(f"the gate {name} is left")
            if turned:
                pending[qubits[1]] = _HADAMARD @ pending.get(qubits[1], np.eye(2))
        pulses += sum(_turns(pending.pop(q)) for q in qubits if q in pending)
        if len(qubits) == 2 and turned:
            pending[qubits[1]] = _HADAMARD
    pulses += sum(_turns(m) for m in pending.values())
    return {"two": two, "one": one, "pulses": pulses}


def measure(configuration: str, text: str) -> dict[str, Any]:
    """Compile one program; `error` says why it could not be."""
    read, compiled, steps = CONFIGURATIONS[configuration]
    try:
        source = read(text)
        begin = time.process_time()
        result = compiled(source)
        seconds = time.process_time() - begin
        return {**count(steps(result)), "seconds": round(seconds, 4)}
    except Exception as reason:
        return {"error": f"{type(reason).__name__}: {reason}"[:200]}


class Worker:
    """A process for one configuration; started again after a circuit that took too long."""

    def __init__(self, configuration: str, python: str, timeout: float) -> None:
        self.configuration, self.python, self.timeout = configuration, python, timeout
        self.process: subprocess.Popen[str] | None = None

    def __call__(self, path: Path) -> dict[str, Any]:
        """The counts of a file, or `error`."""
        if self.process is None:
            fixed = {
                "PYTHONHASHSEED": "0",
                **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1"),
            }
            command = [self.python, __file__, self.configuration, str(self.timeout)]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                            stderr=subprocess.DEVNULL, env={**os.environ, **fixed})  # fmt: skip
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{path}\n")
        stdin.flush()
        # The process watches its own CPU time; on a busy machine that takes longer.
        ready, _, _ = select.select([stdout], [], [], 20 * self.timeout)
        line = stdout.readline() if ready else ""
        if not line:
            slow = not ready or self.process.wait() == -signal.SIGPROF
            self.close()
            return {"error": f"more than {self.timeout:g} s" if slow else "the process ended"}
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def versions() -> dict[str, str]:
    """The versions of the peers that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def main() -> None:
    configuration, seconds, *files = sys.argv[1:]
    # The answers alone go to the pipe: what a tool prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if configuration == "versions":
        print(json.dumps(versions()), file=answers)
        return
    for line in files or sys.stdin:
        text = Path(line.strip()).read_text(encoding="utf-8")
        # Its action when nobody handles it is to end the process, also inside another language's code.
        signal.setitimer(signal.ITIMER_PROF, float(seconds))
        result = measure(configuration, text)
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    main()
