"""Two-qubit gates and T gates on the arithmetic benchmark suite, beside peers and the best published counts.

    python benchmarks/optima.py FOLDER [--peers PYTHON] [--only NAME...]

FOLDER holds OpenQASM 2 files and `optimality.json` with the published counts; PYTHON is an interpreter that has pyzx,
qiskit and pytket.  Every circuit is counted the same way, whoever made it: operations on two qubits, and rotations by
other than multiples of a quarter turn (T gates, in circuits of Clifford and T; `qir.passes.pauli_regions`).

qir: without a machine (rotations count as much as two-qubit gates), and for `qpu.forte-1`, where two-qubit gates are by any
angle; the zz of a T-like angle on two qubits is one gate there and two cx with a T between elsewhere.  `cz`: for a
made-up machine of IBM's gates on which every pair is coupled, so that counts are those of cx circuits.
Peers: PyZX's full_reduce and extraction, and its phase teleportation, both with basic_optimization; Qiskit O3 to cx and to
rzz; pytket's FullPeepholeOptimise to cx and to TK2.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

PEERS = ("zx-reduce", "zx-teleport", "qiskit-cx", "qiskit-rzz", "pytket-cx", "pytket-tk2")


def worker(path: str) -> None:
    """In the peers' interpreter: OpenQASM 2 texts of one circuit by each of `PEERS`."""
    makers: dict[str, Callable[[str], str]] = {
        "zx-reduce": zx_reduce, "zx-teleport": zx_teleport,
        "qiskit-cx": lambda p: qiskit(p, ["cx", "rz", "h", "sx", "x"]), "qiskit-rzz": lambda p: qiskit(p, ["rzz", "rx", "rz"]),
        "pytket-cx": lambda p: pytket(p, tk2=False), "pytket-tk2": lambda p: pytket(p, tk2=True),
    }  # fmt: skip
    result: dict[str, str] = {}
    for name, make in makers.items():
        try:
            result[name] = make(path)
        except Exception as error:  # a peer that cannot is shown as such
            print(f"{name}: {error}", file=sys.stderr)
    print(json.dumps(result))


def zx_reduce(path: str) -> str:
    import pyzx

    graph = pyzx.Circuit.load(path).to_basic_gates().to_graph()
    pyzx.full_reduce(graph)
    circuit = pyzx.extract_circuit(graph).to_basic_gates()
    return str(pyzx.basic_optimization(circuit).to_basic_gates().to_qasm())


def zx_teleport(path: str) -> str:
    import pyzx

    graph = pyzx.simplify.teleport_reduce(pyzx.Circuit.load(path).to_basic_gates().to_graph())
    circuit = pyzx.Circuit.from_graph(graph).to_basic_gates()
    return str(pyzx.basic_optimization(circuit).to_basic_gates().to_qasm())


def qiskit(path: str, basis: list[str]) -> str:
    from qiskit import qasm2, transpile

    circuit = qasm2.load(path, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    return str(qasm2.dumps(transpile(circuit, basis_gates=basis, optimization_level=3, seed_transpiler=0)))


def pytket(path: str, tk2: bool) -> str:
    from pytket import OpType
    from pytket.passes import AutoRebase, FullPeepholeOptimise
    from pytket.qasm import circuit_from_qasm, circuit_to_qasm_str

    circuit = circuit_from_qasm(path, maxwidth=1000)
    FullPeepholeOptimise(target_2qb_gate=OpType.TK2 if tk2 else OpType.CX).apply(circuit)
    AutoRebase({OpType.ZZPhase if tk2 else OpType.CX, OpType.Rz, OpType.Rx}).apply(circuit)
    return str(circuit_to_qasm_str(circuit, header="qelib1"))


def main() -> None:
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2])
        return
    import qir
    from qir.circuit import Circuit
    from qir.passes.base import Context
    from qir.passes.inline import Inline
    from qir.passes.pauli_regions import count_rotations

    def counts(circuit: Circuit) -> tuple[int, int]:
        inlined = Inline().run(circuit, Context())
        return int((inlined.widths[inlined.columns.opcode < 256] >= 2).sum()), count_rotations(inlined)

    def compiled(circuit: Circuit, target: Any, level: int) -> Circuit:
        return qir.compile(circuit, target, optimization_level=level).circuit

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", default="")
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    published = json.loads((options.folder / "optimality.json").read_text(encoding="utf-8"))["circuits"]
    names = [*published, *(p.stem for p in sorted(options.folder.glob("gf2_*.qasm")))]
    head = ["circuit", "given", "qir -O2", "qir -O3", "Forte -O3", "cz -O3"]
    head += [*(PEERS if options.peers else ()), "published cx", "published T"]
    print("two-qubit gates / rotations (T)\n\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    losses: list[str] = []
    for name in names:
        path = options.folder / f"{name}.qasm"
        if (options.only and name not in options.only) or not path.exists():
            continue
        circuit = qir.load(path)
        coupling = [list(pair) for pair in permutations(range(circuit.num_qubits), 2)]
        machine = qir.Target.from_ibm({
            "backend_name": "every_pair", "n_qubits": circuit.num_qubits, "basis_gates": ["cz", "id", "rz", "sx", "x"],
            "coupling_map": coupling,
        })  # fmt: skip
        ours = [counts(compiled(circuit, None, 2)), counts(compiled(circuit, None, 3))]
        forte = counts(compiled(circuit, "qpu.forte-1", 3))[0]
        cz = counts(compiled(circuit, machine, 3))
        peers: dict[str, tuple[int, int]] = {}
        if options.peers:
            command = [options.peers, __file__, "--worker", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=3600)
            texts = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 and done.stdout else {}
            peers = {peer: counts(qir.loads(text)) for peer, text in texts.items()}
        known = published.get(name, {})
        ts = list((known.get("alphatensor_t") or {}).values())
        ts += [known[k]["t"] for k in ("nam_after_heavy", "tpar") if k in known]
        best_cx = known.get("best_known_cx")
        cells = [name, "{}/{}".format(*counts(circuit)), *("{}/{}".format(*c) for c in ours), str(forte), "{}/{}".format(*cz)]
        if options.peers:
            cells += ["{}/{}".format(*peers[p]) if p in peers else "failed" for p in PEERS]
        cells += [f"{best_cx} ({known.get('best_known_cx_source')})" if best_cx else "", str(min(ts)) if ts else ""]
        print("| " + " | ".join(cells) + " |", flush=True)
        if peers:
            two, rotations = min(c[0] for c in peers.values()), min(c[1] for c in peers.values())
            if min(ours[1][0], forte) > two:
                losses.append(f"{name}: {min(ours[1][0], forte)} two-qubit gates, a peer has {two}")
            if ours[1][1] > rotations:
                losses.append(f"{name}: {ours[1][1]} rotations, a peer has {rotations}")
            if cz[0] > min([peers[p][0] for p in ("zx-reduce", "zx-teleport", "qiskit-cx", "pytket-cx") if p in peers]):
                losses.append(f"{name}: {cz[0]} cz, a peer has fewer cx")
    print("\n" + ("\n".join(losses) if losses else "no peer is below in either count"))


if __name__ == "__main__":
    main()
