"""Random programs through the whole compiler, for every target and level: verified, verified again, and simulated.

    python tests/fuzz.py --minutes 10 [--seed N] [--targets qpu.forte-1,ibm_fez]

`tests/test_fuzz_compile.py` runs a few of them in every test run; this command runs many.  Each failure is printed with the
arguments of `check` that bring it back.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter

import numpy as np

import qir
from qir.builder import CircuitBuilder
from qir.circuit import Circuit, For, Switch, Variable, While
from qir.errors import InternalError
from qir.expressions import INT, Expr, bit, constant, register
from qir.gates import GATES
from qir.journal import Journal
from qir.params import AngleLike, angle
from qir.pipeline import Context, run
from qir.targets import find
from qir.verify import equivalent

__all__ = ["KINDS", "TARGETS", "Failure", "allowed", "check", "program"]

KINDS = ("static", "dynamic", "symbolic")
TARGETS = ("qpu.forte-1", "qpu.aria-1", "simulator", "local", "ibm_fez", "ibm_sherbrooke")
"""IonQ with zz and with ms, its ideal simulator, the built-in one, and IBM with cz and with ecr."""
SHOTS = 2000
_NAMES = ["h", "x", "s", "tdg", "sx", "rx", "ry", "rz", "p", "u", "cx", "cy", "cz", "ch", "swap", "rzz", "rxx", "cp", "crx",
          "ecr", "iswap", "ccx", "cswap", "rccx"]  # fmt: skip
_SPECIAL = [0.0, np.pi / 2, np.pi, -np.pi / 4, 2 * np.pi, 4 * np.pi, 1e-9]
_MOST_WIRES = 14
"""Circuits that touch more wires are not compared as states."""


class Failure(AssertionError):
    """The compiler did something it must not do."""


class _Maker:
    """Makes one random program; the same seed gives the same program."""

    def __init__(self, seed: int, kind: str) -> None:
        self.rng = np.random.default_rng(seed)
        self.kind = kind
        self.width = int(self.rng.integers(2, 5))
        self.builder = CircuitBuilder(self.width, self.width)
        self.loops = 0

    def angle(self) -> AngleLike:
        rng = self.rng
        number = float(rng.choice(_SPECIAL)) if rng.random() < 0.5 else float(rng.uniform(-7, 7))
        if self.kind != "symbolic" or rng.random() < 0.4:
            return number
        symbol = angle(f"t{rng.integers(3)}") * float(rng.choice([1, -1, 0.5, 2]))
        return symbol + number if rng.random() < 0.5 else symbol

    def gate(self, target: CircuitBuilder) -> None:
        row = GATES[_NAMES[int(self.rng.integers(len(_NAMES)))]]
        if row.num_qubits <= self.width:
            values = [self.angle() for _ in range(row.num_params)]
            target.append(row.name, self.rng.permutation(self.width)[: row.num_qubits].tolist(), values)

    def body(self) -> CircuitBuilder:
        inner = self.builder.block()
        for _ in range(int(self.rng.integers(1, 4))):
            self.gate(inner)
        return inner

    def effect(self) -> None:
        """A measurement, a reset, or control flow."""
        rng, builder = self.rng, self.builder
        qubit, clbit = int(rng.integers(self.width)), int(rng.integers(self.width))
        match int(rng.integers(8)):
            case 0 | 1:
                builder.measure(qubit, clbit)
            case 2:
                builder.reset(qubit)
            case 3:
                builder.if_((clbit, int(rng.integers(2))), self.body())
            case 4:
                builder.if_((clbit, 1), self.body(), self.body())
            case 5:
                labels = ((0,), (1, int(rng.integers(2, 4))))
                builder.control("switch", Switch(register("c", self.width), labels), *(self.body().build() for _ in range(3)))
            case 6:
                # Ends with certainty: the body clears the bit that keeps it going.
                inner = self.body().reset(qubit).measure(qubit, clbit)
                builder.control("while", While(bit(clbit)), inner.build())
            case _:
                self.loops += 1
                turns = Expr("range", None, (constant(0), constant(1), constant(int(rng.integers(3)))))
                builder.control("for", For(Variable(f"i{self.loops}", INT), turns), self.body().build())

    def program(self) -> Circuit:
        rng, builder = self.rng, self.builder
        for _ in range(int(rng.integers(1, 18))):
            choice = rng.random()
            if self.kind == "dynamic" and choice < 0.35:
                self.effect()
            elif choice < 0.4:
                builder.pauliexp("".join(rng.choice(list("XYZ"), 2)), self.angle(), 0, 1)
            elif choice < 0.45:
                a, b = rng.permutation(self.width)[:2].tolist()
                builder.controlled("sx", [a], [b], state=str(rng.integers(2)), power=float(rng.integers(-2, 4)))
            elif choice < 0.48:
                builder.barrier()
            else:
                self.gate(builder)
        if self.kind == "dynamic" or rng.random() < 0.5:
            for q in range(self.width):
                builder.measure(q, q)
        return builder.build()


def program(seed: int, kind: str) -> Circuit:
    """A random circuit on 2 to 4 qubits; angles are often special.  Kinds: `KINDS`."""
    return _Maker(seed, kind).program()


def allowed(kind: str, target: str) -> bool:
    """Whether a target takes programs of a kind as they are."""
    return kind == "static" or target == "local" or target.startswith("ibm") or (kind == "symbolic" and target != "simulator")


def check(seed: int, kind: str, target: str, level: int) -> None:
    """Compile one program and hold everything about the result against its source.  Failure says what does not fit."""
    source = program(seed, kind)
    text = str(source)
    again = qir.loads(text)
    if not equivalent(source, again).equivalent:
        raise Failure(f"the printed program is another one: {equivalent(source, again)}")
    values = {name: 0.37 + 0.61 * k for k, name in enumerate(source.parameters)}
    given = values if values and target.startswith("qpu") else None
    if given:
        # A job for IonQ binds its values first: the passes are to be right for symbols too.
        _symbolic(source, values, target, level)
    try:
        done = qir.compile(source, target, optimization_level=level, shots=SHOTS, parameter_values=given)
    except InternalError:
        raise
    except qir.CompileError as refused:
        if kind == "static":
            raise Failure(f"refused: {refused}") from refused
        return
    report = done.report.circuits[0].verification
    if report.verdict != "proved" and not (kind == "dynamic" and report.verdict == "tested"):
        raise Failure(f"the compile is {report.verdict}: {report.detail}")
    if qir.compile(source, target, optimization_level=level, shots=SHOTS, parameter_values=given).to_json() != done.to_json():
        raise Failure("the same input gave two results")
    meant = source.bind(values) if values else source
    result = done.circuit
    bound = result.bind({n: v for n, v in values.items() if n in result.parameters}) if values else result
    found = equivalent(meant, bound)
    if found.verdict == "refuted":
        raise Failure(f"compared as circuits: {found}")
    wires = len(result.touched_qubits)
    if found.verdict == "unchecked" and wires <= 8 and kind != "dynamic":
        raise Failure(f"compared as circuits: {found}")
    if "measure" in meant.count_ops() and wires <= _MOST_WIRES:
        _same_counts(qir.simulate(bound, shots=SHOTS).counts, qir.simulate(meant, shots=SHOTS, seed=1).counts)


def _symbolic(source: Circuit, values: dict[str, float], target: str, level: int) -> None:
    """The passes alone, on symbols: proved by the journal, and right at some values."""
    journal = Journal()
    result = run(source, Context(target=find(target), level=level, journal=journal))
    found = equivalent(source, result, journal=journal)
    if found.verdict != "proved":
        raise Failure(f"with symbols: {found}")
    bound = result.bind({n: v for n, v in values.items() if n in result.parameters})
    found = equivalent(source.bind(values), bound)
    if not found.equivalent:
        raise Failure(f"with symbols, bound: {found}")


def _same_counts(sent: dict[str, int] | None, meant: dict[str, int] | None) -> None:
    if sent is None or meant is None:
        raise Failure("a measured program gave no counts")
    for key in {*sent, *meant}:
        p = (sent.get(key, 0) + meant.get(key, 0)) / (2 * SHOTS)
        if abs(sent.get(key, 0) - meant.get(key, 0)) > 6 * np.sqrt(2 * SHOTS * p * (1 - p)) + 2:
            raise Failure(f"{key} was seen {sent.get(key, 0)} times, not {meant.get(key, 0)}, in {SHOTS} shots")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=0, help="of the first program; the next ones follow")
    parser.add_argument("--targets", default=",".join(TARGETS))
    parser.add_argument("--levels", default="0,1,2,3")
    options = parser.parse_args()
    done: Counter[str] = Counter()
    failures = 0
    end = time.monotonic() + 60 * options.minutes
    seed = options.seed
    while time.monotonic() < end:
        for kind in KINDS:
            for target in options.targets.split(","):
                for level in map(int, options.levels.split(",")):
                    if not allowed(kind, target) or time.monotonic() > end:
                        continue
                    done[f"{kind} {target}"] += 1
                    try:
                        check(seed, kind, target, level)
                    except Exception as failure:
                        failures += 1
                        print(f"check({seed}, {kind!r}, {target!r}, {level}): {type(failure).__name__}: {failure}"[:600])
                        if not isinstance(failure, Failure):
                            traceback.print_exc(limit=-3)
                        sys.stdout.flush()
        seed += 1
    print("\n".join(f"{name}: {count} compiles" for name, count in sorted(done.items())))
    print(f"{sum(done.values())} compiles of programs {options.seed} to {seed - 1}, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
