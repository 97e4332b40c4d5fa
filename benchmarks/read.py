"""Readers side by side: CPU seconds and peak memory, text in, circuit (or syntax tree) out.

    python benchmarks/read.py [--gates 10000,100000,1000000] [--peers PYTHON] [--slow] [--markdown]

The same flat circuit (50 qubits, one- and two-qubit gates, angles of six digits, a final
measurement; fixed seed) is written as OpenQASM 3 and as OpenQASM 2.  Each reader runs in a process
of its own, three times; the best run counts.  Ratios are to Qiskit's Rust reader of the OpenQASM 2
text.  `--peers` names another interpreter for the readers that this one cannot import; `--slow` runs
the slow readers on large files, too.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

QUBITS = 50
BASE = "qiskit.qasm2 (Rust)"


class Reader(NamedTuple):
    """version: of the text it gets.    limit: the largest number of gates it is run on without --slow."""

    name: str
    version: int
    limit: int
    prepare: Callable[[], Callable[[str], Any]]


def _ours() -> Callable[[str], Any]:
    from qir.frontends import read
    from qir.source import Source

    def run(text: str) -> Any:
        program = read(Source(text))
        assert program.circuits and not program.has_errors
        return program

    return run


def _ours_ordinary() -> Callable[[str], Any]:
    from qir.frontends.openqasm3 import read
    from qir.source import Source

    return lambda text: read(Source(text), runs=False)


def _qasm2() -> Callable[[str], Any]:
    from qiskit import qasm2

    return lambda text: qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)


def _qasm3() -> Callable[[str], Any]:
    from qiskit import qasm3

    return qasm3.loads


def _qasm3_rust() -> Callable[[str], Any]:
    import warnings

    from qiskit import qasm3

    warnings.simplefilter("ignore")
    return qasm3.loads_experimental


def _mqt() -> Callable[[str], Any]:
    from mqt.core.ir import QuantumComputation

    return QuantumComputation.from_qasm_str


def _qdk() -> Callable[[str], Any]:
    import qdk.openqasm

    return qdk.openqasm.analyze


def _qdk_parse() -> Callable[[str], Any]:
    import qdk.openqasm

    return qdk.openqasm.parse


def _antlr() -> Callable[[str], Any]:
    import openqasm3

    return openqasm3.parse


READERS = (
    Reader("qir", 3, 10**7, _ours),
    Reader("qir, OpenQASM 2", 2, 10**7, _ours),
    Reader("qir, ordinary path", 3, 100_000, _ours_ordinary),
    Reader(BASE, 2, 10**7, _qasm2),
    Reader("mqt.core (C++)", 3, 10**7, _mqt),
    Reader("qdk parse (Rust, tree only)", 3, 10**7, _qdk_parse),
    Reader("qdk analyze (Rust)", 3, 10**7, _qdk),
    Reader("qiskit.qasm3.loads_experimental (Rust)", 3, 10**6, _qasm3_rust),
    Reader("openqasm3.parse (ANTLR, tree only)", 3, 10_000, _antlr),
    Reader("qiskit.qasm3.loads", 3, 10_000, _qasm3),
)


def write(gates: int, version: int) -> str:
    """The circuit as text."""
    random_ = random.Random(1234)
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{QUBITS}];", f"creg c[{QUBITS}];"]
    if version == 3:
        lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', f"qubit[{QUBITS}] q;", f"bit[{QUBITS}] c;"]
    for _ in range(gates):
        a, kind = random_.randrange(QUBITS), random_.random()
        if kind < 0.4:
            lines.append(f"{random_.choice(('h', 'x', 'y', 'z', 's', 'sdg', 't', 'tdg', 'sx'))} q[{a}];")
        elif kind < 0.65:
            lines.append(f"{random_.choice(('rx', 'ry', 'rz', 'p'))}({random_.uniform(-3.14, 3.14):.6f}) q[{a}];")
        else:
            b = (a + 1 + random_.randrange(QUBITS - 1)) % QUBITS
            name = random_.choice(("cx", "cx", "cx", "cz", "swap", "cp", "crz"))
            angle = f"({random_.uniform(-3.14, 3.14):.6f})" if name in ("cp", "crz") else ""
            lines.append(f"{name}{angle} q[{a}], q[{b}];")
    lines.append("measure q -> c;" if version == 2 else "c = measure q;")
    return "\n".join(lines) + "\n"


def child(name: str, path: str) -> None:
    """Measure one reader on one file, in this process."""
    reader = next(r for r in READERS if r.name == name)
    try:
        read = reader.prepare()
    except ImportError:
        print(json.dumps({"missing": True}))
        return
    text = Path(path).read_text(encoding="utf-8")
    small = write(10, reader.version)
    read(small)
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds: list[float] = []
    peak = 0
    while len(seconds) < 3 and sum(seconds) < 30:
        start = time.process_time()
        result = read(text)
        seconds.append(time.process_time() - start)
        peak = peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle
        del result
    print(json.dumps({"seconds": min(seconds), "megabytes": peak / 1024}))


def measure(reader: Reader, path: Path, pythons: list[str]) -> dict[str, float] | None:
    for python in pythons:
        done = subprocess.run(
            [python, __file__, "child", reader.name, str(path)], capture_output=True, text=True, check=False
        )
        if done.returncode == 0 and done.stdout.strip():
            result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
            if "missing" not in result:
                return result
        else:
            print(f"  {reader.name}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gates", default="10000,100000")
    parser.add_argument("--peers", help="another Python interpreter, with the readers missing here")
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--only", help="part of the readers' names")
    options = parser.parse_args()
    pythons = [sys.executable, *([options.peers] if options.peers else [])]
    with tempfile.TemporaryDirectory() as folder:
        for gates in map(int, options.gates.split(",")):
            paths = {}
            for version in (2, 3):
                paths[version] = Path(folder) / f"{gates}.{version}.qasm"
                paths[version].write_text(write(gates, version), encoding="utf-8")
            results = {}
            for reader in READERS:
                if (gates > reader.limit and not options.slow) or (options.only and options.only not in reader.name):
                    continue
                found = measure(reader, paths[reader.version], pythons)
                if found is not None:
                    results[reader.name] = found
            base = results.get(BASE)
            print(f"\n| {gates:,} gates | CPU seconds | ratio to {BASE} | peak MB | bytes per gate |\n|---|---|---|---|---|")
            for name, found in results.items():
                ratio = f"{found['seconds'] / base['seconds']:.2f}" if base else ""
                per_gate = found["megabytes"] * 2**20 / gates
                print(f"| {name} | {found['seconds']:.3f} | {ratio} | {found['megabytes']:.0f} | {per_gate:.0f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(*sys.argv[2:4])
    else:
        main()
