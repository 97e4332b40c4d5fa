"""Circuits of many families as OpenQASM 2 files, to measure on what no corpus holds.

    python benchmarks/families.py FOLDER [--seed N]

Each family is a function of a size; the seed decides what is random in it (angles, graphs, strings).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from random import Random

PI = math.pi


class Program:
    """Lines of OpenQASM 2 on one register."""

    def __init__(self, size: int) -> None:
        self.size, self.lines = size, []
        self.measured = False

    def __call__(self, name: str, *qubits: int, angles: tuple[float, ...] = ()) -> Program:
        values = f"({','.join(repr(float(a)) for a in angles)})" if angles else ""
        self.lines.append(f"{name}{values} {','.join(f'q[{q}]' for q in qubits)};")
        return self

    def measure(self) -> Program:
        self.measured = True
        self.lines += [f"measure q[{q}] -> c[{q}];" for q in range(self.size)]
        return self

    def __str__(self) -> str:
        head = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{self.size}];"]
        return "\n".join(head + [f"creg c[{self.size}];"] * self.measured + self.lines) + "\n"

    # -- pieces ----------------------------------------------------------------------------

    def layer(self, name: str, *angles: float) -> Program:
        for q in range(self.size):
            self(name, q, angles=angles)
        return self

    def rzz(self, theta: float, a: int, b: int) -> Program:
        return self("cx", a, b)("rz", b, angles=(theta,))("cx", a, b)

    def ccz(self, a: int, b: int, c: int) -> Program:
        return self("h", c)("ccx", a, b, c)("h", c)

    def exponential(self, letters: dict[int, str], theta: float) -> Program:
        """exp(-i theta/2 P) by a ladder of cx."""
        order = sorted(letters)
        turn = {"X": [("h", ())], "Y": [("sdg", ()), ("h", ())], "Z": []}
        back = {"X": [("h", ())], "Y": [("h", ()), ("s", ())], "Z": []}
        for q in order:
            for name, angles in turn[letters[q]]:
                self(name, q, angles=angles)
        for a, b in pairwise(order):
            self("cx", a, b)
        self("rz", order[-1], angles=(theta,))
        for a, b in reversed(list(pairwise(order))):
            self("cx", a, b)
        for q in order:
            for name, angles in back[letters[q]]:
                self(name, q, angles=angles)
        return self

    def controlled_not(self, controls: list[int], target: int, spare: list[int]) -> Program:
        """An x with many controls over a ladder of clean spare qubits."""
        if len(controls) <= 2:
            return self(("x", "cx", "ccx")[len(controls)], *controls, target)
        steps = [(controls[0], controls[1], spare[0])]
        steps += [(c, spare[i], spare[i + 1]) for i, c in enumerate(controls[2:-1])]
        for step in steps:
            self("ccx", *step)
        self("ccx", controls[-1], spare[len(controls) - 3], target)
        for step in reversed(steps):
            self("ccx", *step)
        return self

    def qft(self, qubits: list[int], cut: int = 99, sign: float = 1.0) -> Program:
        for i in range(len(qubits) - 1, -1, -1):
            self("h", qubits[i])
            for j in range(i - 1, max(-1, i - 1 - cut), -1):
                self("cu1", qubits[j], qubits[i], angles=(sign * PI / 2 ** (i - j),))
        return self


def edges(kind: str, size: int, random: Random) -> list[tuple[int, int]]:
    """A graph: "regular" of degree 3, "sparse" at random, "star", "grid", "tree" or "full"."""
    if kind == "star":
        return [(0, i) for i in range(1, size)]
    if kind == "tree":
        return [((i - 1) // 2, i) for i in range(1, size)]
    if kind == "full":
        return list(combinations(range(size), 2))
    if kind == "grid":
        width = round(size**0.5)
        return [(i, i + 1) for i in range(size - 1) if (i + 1) % width] + [(i, i + width) for i in range(size - width)]
    if kind == "sparse":
        return [e for e in combinations(range(size), 2) if random.random() < 3.0 / size]
    while True:
        ends = [q for q in range(size) for _ in range(3)]
        random.shuffle(ends)
        found = {(min(a, b), max(a, b)) for a, b in zip(ends[::2], ends[1::2]) if a != b}
        if 2 * len(found) == 3 * size:
            return sorted(found)


# -- families: each takes a size and a source of random numbers -----------------------------


def ghz(kind: str) -> Callable[[int, Random], Program]:
    def make(size: int, random: Random) -> Program:
        p = Program(size)("h", 0)
        for a, b in edges(kind, size, random):
            p("cx", a, b)
        return p.measure()

    return make


def bernstein_vazirani(size: int, random: Random) -> Program:
    p = Program(size).layer("h")("z", size - 1)
    for q in range(size - 1):
        if random.random() < 0.75:
            p("cx", q, size - 1)
    return p.layer("h").measure()


def hidden_shift(size: int, random: Random) -> Program:
    p = Program(size).layer("h")
    shift = [q for q in range(size) if random.random() < 0.5]
    pairs = list(zip(range(0, size - 1, 2), range(1, size, 2)))
    inner = [(random.randrange(size // 2), random.randrange(size // 2), random.randrange(size // 2)) for _ in range(2)]
    for q in shift:
        p("x", q)
    for a, b in pairs:
        p("cz", a, b)
    for a, b, c in inner:
        if len({a, b, c}) == 3:
            p.ccz(2 * a, 2 * b, 2 * c)
    for q in shift:
        p("x", q)
    p.layer("h")
    for a, b in pairs:
        p("cz", a, b)
    for a, b, c in inner:
        if len({a, b, c}) == 3:
            p.ccz(2 * a + 1, 2 * b + 1, 2 * c + 1)
    return p.layer("h").measure()


def w_state(size: int, random: Random) -> Program:
    p = Program(size)("x", 0)
    for i in range(size - 1):
        theta = math.acos(math.sqrt(1 / (size - i)))
        p("ry", i + 1, angles=(-theta,))("cz", i, i + 1)("ry", i + 1, angles=(theta,))("cx", i + 1, i)
    return p


def grover(size: int, random: Random) -> Program:
    """Two iterations on `size` qubits, spare ones for the ladder."""
    spare = list(range(size, 2 * size - 3)) or [size]
    p = Program(size + max(1, size - 3))
    data = list(range(size))
    marked = random.randrange(2**size)
    for q in data:
        p("h", q)
    for _ in range(2):
        for flip in (marked, 0):
            for q in data:
                if flip == 0:
                    p("h", q)
                if not flip >> q & 1:
                    p("x", q)
            p("h", size - 1).controlled_not(data[:-1], size - 1, spare)("h", size - 1)
            for q in data:
                if not flip >> q & 1:
                    p("x", q)
                if flip == 0:
                    p("h", q)
    return p


def qft(cut: int) -> Callable[[int, Random], Program]:
    return lambda size, random: Program(size).qft(list(range(size)), cut)


def phase_estimation(size: int, random: Random) -> Program:
    p, theta = Program(size), random.uniform(0, 2 * PI)
    p("x", size - 1)
    for q in range(size - 1):
        p("h", q)("cu1", q, size - 1, angles=(theta * 2**q % (2 * PI),))
    lines = Program(size).qft(list(range(size - 1)), sign=-1.0).lines
    p.lines += reversed(lines)
    return p.measure()


def qaoa(kind: str, layers: int) -> Callable[[int, Random], Program]:
    def make(size: int, random: Random) -> Program:
        p, graph = Program(size).layer("h"), edges(kind, size, random)
        for _ in range(layers):
            gamma, beta = random.uniform(0, PI), random.uniform(0, PI)
            for a, b in graph:
                p.rzz(gamma, a, b)
            p.layer("rx", beta)
        return p.measure()

    return make


def ripple_adder(size: int, random: Random) -> Program:
    """Cuccaro's adder of two numbers of `size` bits."""
    p = Program(2 * size + 2)
    a, b = [2 * i + 2 for i in range(size)], [2 * i + 1 for i in range(size)]
    carry = [0, *a[:-1]]
    for c, y, x in zip(carry, b, a):
        p("cx", x, y)("cx", x, c)("ccx", c, y, x)
    p("cx", a[-1], 2 * size + 1)
    for c, y, x in reversed(list(zip(carry, b, a))):
        p("ccx", c, y, x)("cx", x, c)("cx", c, y)
    return p


def fourier_adder(size: int, random: Random) -> Program:
    p = Program(2 * size)
    low = list(range(size))
    p.qft(low)
    for i in range(size):
        for j in range(i + 1):
            p("cu1", size + j, i, angles=(PI / 2 ** (i - j),))
    p.lines += reversed(Program(2 * size).qft(low, sign=-1.0).lines)
    return p


def ansatz(kind: str, entangler: str) -> Callable[[int, Random], Program]:
    def make(size: int, random: Random) -> Program:
        p = Program(size)
        pairs = edges("full", size, random) if kind == "full" else [(i, i + 1) for i in range(size - 1)]
        if kind == "circular":
            pairs = [(size - 1, 0), *pairs]
        for layer in range(4):
            for q in range(size):
                p("ry", q, angles=(random.uniform(-PI, PI),))("rz", q, angles=(random.uniform(-PI, PI),))
            for a, b in pairs if layer < 3 else []:
                p(entangler, a, b)
        return p.measure()

    return make


def trotter(kind: str, letters: str, steps: int) -> Callable[[int, Random], Program]:
    def make(size: int, random: Random) -> Program:
        p, graph = Program(size), edges(kind, size, random) if kind != "line" else [(i, i + 1) for i in range(size - 1)]
        theta = random.uniform(0.1, 0.6)
        for _ in range(steps):
            for a, b in graph:
                for letter in letters:
                    p.exponential({a: letter, b: letter}, theta)
            p.layer("rx", theta / 2)
        return p

    return make


def uccsd(size: int, random: Random) -> Program:
    """Double excitations of half-filled orbitals, by Jordan and Wigner, a few of them."""
    p = Program(size)
    half = size // 2
    for q in range(half):
        p("x", q)
    doubles = [(i, j, a, b) for i, j in combinations(range(half), 2) for a, b in combinations(range(half, size), 2)]
    random.shuffle(doubles)
    for i, a in ((i, a) for i in range(half) for a in range(half, size) if (a - i) % half == 0):
        theta = random.uniform(-1, 1)
        between = dict.fromkeys(range(i + 1, a), "Z")
        p.exponential({**between, i: "X", a: "Y"}, theta).exponential({**between, i: "Y", a: "X"}, -theta)
    for i, j, a, b in doubles[: 2 + size // 4]:
        theta = random.uniform(-1, 1) / 8
        between = dict.fromkeys([*range(i + 1, j), *range(a + 1, b)], "Z")
        for word, sign in (
            ("XXXY", 1),
            ("XXYX", 1),
            ("XYXX", -1),
            ("YXXX", -1),
            ("YYYX", -1),
            ("YYXY", -1),
            ("YXYY", 1),
            ("XYYY", 1),
        ):
            p.exponential({**between, **dict(zip((i, j, a, b), word))}, sign * theta)
    return p


def pauli_gadgets(size: int, random: Random) -> Program:
    p = Program(size)
    for _ in range(3 * size):
        width = random.randint(2, min(size, 5))
        p.exponential({q: random.choice("XYZ") for q in random.sample(range(size), width)}, random.uniform(-PI, PI))
    return p


def volume(size: int, random: Random) -> Program:
    p = Program(size)
    for _ in range(size):
        order = random.sample(range(size), size)
        for a, b in zip(order[::2], order[1::2]):
            for _ in range(3):
                for q in (a, b):
                    p("u3", q, angles=(random.uniform(0, PI), random.uniform(-PI, PI), random.uniform(-PI, PI)))
                p("cx", a, b)
    return p


def random_gates(names: str) -> Callable[[int, Random], Program]:
    def make(size: int, random: Random) -> Program:
        p, choice = Program(size), names.split()
        for _ in range(12 * size):
            name = random.choice(choice)
            width = 3 if name in ("ccx", "cswap") else 2 if name in ("cx", "cz", "swap", "cu1", "ch") else 1
            angles = (random.uniform(-PI, PI),) if name in ("rz", "rx", "ry", "cu1") else ()
            p(name, *random.sample(range(size), width), angles=angles)
        return p.measure()

    return make


def toffolis(size: int, random: Random) -> Program:
    p = Program(size)
    for _ in range(2):
        for q in range(size - 2):
            p("ccx", q, q + 1, q + 2)
    return p


def many_controls(size: int, random: Random) -> Program:
    return Program(2 * size - 1).controlled_not(list(range(size)), size, list(range(size + 1, 2 * size - 1)))


def swap_test(size: int, random: Random) -> Program:
    p = Program(2 * size + 1)
    for q in range(1, 2 * size + 1):
        p("ry", q, angles=(random.uniform(0, PI),))
    p("h", 0)
    for q in range(size):
        p("cswap", 0, 1 + q, 1 + size + q)
    return p("h", 0).measure()


def graph_state(kind: str) -> Callable[[int, Random], Program]:
    def make(size: int, random: Random) -> Program:
        p = Program(size).layer("h")
        for a, b in edges(kind, size, random):
            p("cz", a, b)
        return p.layer("h").measure()

    return make


def iqp(size: int, random: Random) -> Program:
    p = Program(size).layer("h")
    for a, b in combinations(range(size), 2):
        if random.random() < 0.5:
            p("cu1", a, b, angles=(random.randrange(1, 8) * PI / 4,))
    for q in range(size):
        p("u1", q, angles=(random.randrange(8) * PI / 4,))
    return p.layer("h").measure()


def multiplexed(size: int, random: Random) -> Program:
    """State preparation by uniformly controlled rotations."""
    p = Program(size)
    for target in range(size):
        for k in range(2**target):
            p("ry", target, angles=(random.uniform(0, PI),))
            if target:
                low = ((k + 1) & -(k + 1)).bit_length() - 1
                p("cx", min(low, target - 1), target)
    return p


def walk(size: int, random: Random) -> Program:
    """A coined walk on a cycle: increments and decrements controlled by the coin."""
    coin = size - 1
    p = Program(2 * size)
    spare = list(range(size, 2 * size))
    for _ in range(2):
        p("h", coin)
        for flip in (False, True):
            if flip:
                p("x", coin)
            for q in range(size - 2, -1, -1):
                p.controlled_not([coin, *range(q)], q, spare)
            if flip:
                p("x", coin)
    return p


FAMILIES: dict[str, tuple[Callable[[int, Random], Program], tuple[int, ...]]] = {
    "ghz_star": (ghz("star"), (8, 20, 60)),
    "ghz_tree": (ghz("tree"), (15, 63)),
    "bv": (bernstein_vazirani, (6, 10, 19, 30, 70)),
    "hidden_shift": (hidden_shift, (8, 16, 30)),
    "w_state": (w_state, (5, 12, 36, 76)),
    "grover": (grover, (4, 5, 7)),
    "qft": (qft(99), (5, 10, 15, 24)),
    "aqft": (qft(4), (12, 30)),
    "qpe": (phase_estimation, (5, 8, 14)),
    "qaoa_regular": (qaoa("regular", 2), (6, 10, 16, 30)),
    "qaoa_sparse": (qaoa("sparse", 1), (9, 20, 40)),
    "qaoa_full": (qaoa("full", 1), (5, 8, 12)),
    "qaoa_grid": (qaoa("grid", 2), (9, 16, 36)),
    "ripple_adder": (ripple_adder, (3, 6, 14, 30)),
    "fourier_adder": (fourier_adder, (3, 5, 8)),
    "ansatz_line": (ansatz("line", "cx"), (8, 24)),
    "ansatz_circular": (ansatz("circular", "cx"), (5, 10, 20)),
    "ansatz_full": (ansatz("full", "cx"), (5, 9, 14)),
    "ansatz_full_cz": (ansatz("full", "cz"), (6, 12)),
    "trotter_xxz": (trotter("regular", "XYZ", 2), (8, 14)),
    "trotter_grid": (trotter("grid", "ZX", 3), (9, 25)),
    "trotter_line": (trotter("line", "XYZ", 4), (12, 50)),
    "trotter_tree": (trotter("tree", "Z", 3), (15, 31)),
    "uccsd": (uccsd, (4, 6, 8, 12)),
    "pauli_gadgets": (pauli_gadgets, (5, 8, 14)),
    "volume": (volume, (5, 8, 14, 24)),
    "random_universal": (random_gates("h t s rz rx cx cz"), (6, 12, 25)),
    "random_toffoli": (random_gates("x cx ccx swap h"), (6, 12)),
    "random_phase": (random_gates("h cu1 ch rz ry"), (6, 12)),
    "toffolis": (toffolis, (5, 10, 25)),
    "many_controls": (many_controls, (4, 7, 12)),
    "swap_test": (swap_test, (2, 5, 10)),
    "graph_regular": (graph_state("regular"), (10, 24, 50)),
    "graph_grid": (graph_state("grid"), (16, 49)),
    "iqp": (iqp, (6, 12, 20)),
    "multiplexed": (multiplexed, (3, 5, 7)),
    "walk": (walk, (4, 6)),
}  # fmt: skip
"""Families with the sizes that are written."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, (family, sizes) in FAMILIES.items():
        for size in sizes:
            program = family(size, Random(f"{options.seed}:{name}:{size}"))
            (options.folder / f"{name}_{program.size}.qasm").write_text(str(program))


if __name__ == "__main__":
    main()
