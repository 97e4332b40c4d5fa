"""Families of circuits, generated: the same name, size and seed give the same OpenQASM 2 text.

    python benchmarks/families.py FOLDER [--seed N] [--only NAME...]     writes the suite, one file a circuit

Only gates of qelib1.inc are used, so that every tool reads the files.  Nothing is measured.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, pairwise
from pathlib import Path

__all__ = ["SUITE", "Writer", "suite"]


class Writer:
    """Gates on one register; `w.cx(0, 1)` and `w.rz(0, angle=0.3)` append one."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.gates: list[tuple[str, list[float], list[int]]] = []

    def __getattr__(self, gate: str) -> Callable[..., None]:
        def append(*qubits: int, angle: float | Sequence[float] | None = None) -> None:
            angles = [] if angle is None else [angle] if isinstance(angle, (int, float)) else list(angle)
            self.gates.append((gate, angles, list(qubits)))

        return append

    def text(self) -> str:
        """As an OpenQASM 2 program."""
        lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{self.width}];"]
        for gate, angles, qubits in self.gates:
            values = f"({','.join(format(a, '.12g') for a in angles)})" if angles else ""
            lines.append(f"{gate}{values} {','.join(f'q[{q}]' for q in qubits)};")
        return "\n".join([*lines, ""])


Random = random.Random


# -- random gates -------------------------------------------------------------------------------


def clifford_t(width: int, gates: int, rng: Random) -> Writer:
    """Random h, s, t and cx: a third of the gates on two qubits, an eighth t."""
    w = Writer(width)
    for _ in range(gates):
        a, b = rng.sample(range(width), 2)
        kind = rng.choices(["cx", "h", "s", "t"], [8, 8, 5, 3])[0]
        getattr(w, kind)(*((a, b) if kind == "cx" else (a,)))
    return w


def random_u(width: int, gates: int, rng: Random) -> Writer:
    """Random u3 and cx between random qubits, alternating."""
    w = Writer(width)
    for _ in range(gates // 2):
        a, b = rng.sample(range(width), 2)
        w.u3(a, angle=[rng.uniform(-math.pi, math.pi) for _ in range(3)])
        w.cx(a, b)
    return w


def quantum_volume(width: int, layers: int, rng: Random) -> Writer:
    """Layers of two-qubit blocks on random pairs, each block three cx with random u3 around."""
    w = Writer(width)
    for _ in range(layers):
        order = rng.sample(range(width), width)
        for a, b in zip(order[::2], order[1::2]):
            for k in range(4):
                for q in (a, b):
                    w.u3(q, angle=[rng.uniform(-math.pi, math.pi) for _ in range(3)])
                if k < 3:
                    w.cx(a, b)
    return w


def redundant(width: int, gates: int, rng: Random) -> Writer:
    """Random gates, a third of which are undone after gates that commute with them."""
    w = Writer(width)
    for _ in range(gates // 4):
        a, b, c = rng.sample(range(width), 3)
        kind = rng.randrange(4)
        if kind == 0:
            w.cx(a, b)
            w.rz(a, angle=rng.uniform(-3, 3))
            w.cx(a, c)
            w.cx(a, b)
        elif kind == 1:
            w.h(a)
            w.cz(a, b)
            w.h(a)
            w.cx(b, a)
        elif kind == 2:
            w.cx(a, b)
            w.rx(b, angle=rng.choice([0.5, math.pi / 2, math.pi]))
            w.cx(c, b)
            w.cx(a, b)
        else:
            w.u3(a, angle=[rng.uniform(-3, 3) for _ in range(3)])
            w.swap(a, b)
    return w


def reversible(width: int, gates: int, rng: Random) -> Writer:
    """A random network of ccx, cx and x."""
    w = Writer(width)
    for _ in range(gates):
        a, b, c = rng.sample(range(width), 3)
        kind = rng.choices(["ccx", "cx", "x"], [4, 3, 1])[0]
        getattr(w, kind)(*{"ccx": (a, b, c), "cx": (a, b), "x": (a,)}[kind])
    return w


# -- simulation of physics ------------------------------------------------------------------------


def _grid(width: int, rows: int) -> list[tuple[int, int]]:
    columns = width // rows
    along = [(r * columns + c, r * columns + c + 1) for r in range(rows) for c in range(columns - 1)]
    return along + [(r * columns + c, (r + 1) * columns + c) for r in range(rows - 1) for c in range(columns)]


def _rzz(w: Writer, a: int, b: int, angle: float) -> None:
    w.cx(a, b)
    w.rz(b, angle=angle)
    w.cx(a, b)


def tfim(width: int, steps: int, rng: Random, *, rows: int = 1) -> Writer:
    """Second-order Trotter steps of the transverse-field Ising model on a chain or a grid."""
    w = Writer(width)
    field, coupling = rng.uniform(0.2, 0.6), rng.uniform(0.2, 0.6)
    for _ in range(steps):
        for q in range(width):
            w.rx(q, angle=field)
        for a, b in _grid(width, rows):
            _rzz(w, a, b, coupling)
        for q in range(width):
            w.rx(q, angle=field)
    return w


def heisenberg(width: int, steps: int, rng: Random, *, rows: int = 1) -> Writer:
    """Trotter steps of the XXZ model: xx, yy and zz on every edge, written with cx and a rotation."""
    w = Writer(width)
    x, z = rng.uniform(0.2, 0.6), rng.uniform(0.2, 0.6)
    for _ in range(steps):
        for a, b in _grid(width, rows):
            for before, after, angle in (("h", "h", x), ("rx+", "rx-", x), ("", "", z)):
                for q in (a, b):
                    _frame(w, before, q)
                _rzz(w, a, b, angle)
                for q in (a, b):
                    _frame(w, after, q)
        for q in range(width):
            w.rz(q, angle=0.3)
    return w


def _frame(w: Writer, name: str, q: int) -> None:
    if name == "h":
        w.h(q)
    elif name:
        w.rx(q, angle=math.pi / 2 if name == "rx+" else -math.pi / 2)


def _exponential(w: Writer, letters: dict[int, str], angle: float) -> None:
    """exp(-i angle/2 P) with a ladder of cx."""
    wires = sorted(letters)
    for q in wires:
        _frame(w, {"X": "h", "Y": "rx+", "Z": ""}[letters[q]], q)
    for a, b in pairwise(wires):
        w.cx(a, b)
    w.rz(wires[-1], angle=angle)
    for a, b in reversed(list(pairwise(wires))):
        w.cx(a, b)
    for q in wires:
        _frame(w, {"X": "h", "Y": "rx-", "Z": ""}[letters[q]], q)


def uccsd(width: int, rng: Random) -> Writer:
    """Jordan-Wigner singles and doubles of half filling, every excitation with one random amplitude."""
    w = Writer(width)
    filled = width // 2
    for q in range(filled):
        w.x(q)
    for i in range(filled):
        for a in range(filled, width):
            angle = rng.uniform(-1, 1)
            for first, last, sign in (("X", "Y", 1), ("Y", "X", -1)):
                _exponential(w, {i: first, a: last, **dict.fromkeys(range(i + 1, a), "Z")}, sign * angle)
    doubles = [(i, j, a, b) for i, j in combinations(range(filled), 2) for a, b in combinations(range(filled, width), 2)]
    for i, j, a, b in doubles:
        angle = rng.uniform(-1, 1) / 4
        between = dict.fromkeys((*range(i + 1, j), *range(a + 1, b)), "Z")
        for text, sign in (("XXXY", 1), ("XXYX", 1), ("XYXX", -1), ("YXXX", -1), ("YYYX", -1), ("YYXY", -1),
                           ("YXYY", 1), ("XYYY", 1)):  # fmt: skip
            _exponential(w, {**between, i: text[0], j: text[1], a: text[2], b: text[3]}, sign * angle)
    return w


def pauli_strings(width: int, count: int, rng: Random) -> Writer:
    """Exponentials of random Pauli strings."""
    w = Writer(width)
    for _ in range(count):
        wires = rng.sample(range(width), rng.randint(2, width))
        _exponential(w, {q: rng.choice("XYZ") for q in wires}, rng.uniform(-3, 3))
    return w


# -- algorithms -----------------------------------------------------------------------------------


def _qft(w: Writer, wires: Sequence[int], sign: int = 1, *, swaps: bool = True) -> None:
    for j in reversed(range(len(wires))):
        w.h(wires[j])
        for k in reversed(range(j)):
            w.cu1(wires[k], wires[j], angle=sign * math.pi / 2 ** (j - k))
    if swaps:
        for a, b in zip(wires[: len(wires) // 2], reversed(wires)):
            w.swap(a, b)


def qft(width: int, rng: Random) -> Writer:
    """The quantum Fourier transform with its swaps."""
    w = Writer(width)
    _qft(w, range(width))
    return w


def draper_adder(bits: int, rng: Random) -> Writer:
    """Addition by Fourier transform of two registers."""
    w = Writer(2 * bits)
    a, b = range(bits), range(bits, 2 * bits)
    _qft(w, b, swaps=False)
    for j in range(bits):
        for k in range(j + 1):
            w.cu1(a[k], b[j], angle=math.pi / 2 ** (j - k))
    for j in range(bits):
        for k in range(j):
            w.cu1(b[k], b[j], angle=-math.pi / 2 ** (j - k))
        w.h(b[j])
    return w


def phase_estimation(bits: int, rng: Random) -> Writer:
    """Phase estimation of a rotation with a random phase."""
    w = Writer(bits + 1)
    phase = rng.uniform(0, 2 * math.pi)
    w.x(bits)
    for k in range(bits):
        w.h(k)
        w.cu1(k, bits, angle=(phase * 2**k) % (2 * math.pi))
    for j in range(bits):
        for k in range(j):
            w.cu1(k, j, angle=-math.pi / 2 ** (j - k))
        w.h(j)
    return w


def qaoa(width: int, degree: int, layers: int, rng: Random) -> Writer:
    """QAOA for MaxCut on a random regular graph (the configuration model without repeated edges)."""
    w = Writer(width)
    edges: set[tuple[int, int]] = set()
    while len(edges) < width * degree // 2:
        ends = [q for q in range(width) for _ in range(degree)]
        rng.shuffle(ends)
        pairs = {(min(p), max(p)) for p in zip(ends[::2], ends[1::2]) if p[0] != p[1]}
        edges = pairs if len(pairs) > len(edges) else edges
        if len(pairs) >= width * degree // 2 - 2:
            break
    for q in range(width):
        w.h(q)
    for _ in range(layers):
        gamma, beta = rng.uniform(0, 3), rng.uniform(0, 3)
        for a, b in sorted(edges):
            _rzz(w, a, b, gamma)
        for q in range(width):
            w.rx(q, angle=beta)
    return w


def _controlled_x(w: Writer, controls: Sequence[int], target: int, spare: Sequence[int]) -> None:
    """An x under any number of controls, with clean spare qubits for more than four."""
    names = {0: "x", 1: "cx", 2: "ccx", 3: "c3x", 4: "c4x"}
    if len(controls) <= 4:
        getattr(w, names[len(controls)])(*controls, target)
        return
    steps = [(controls[0], controls[1], spare[0])]
    steps += [(controls[k + 1], spare[k - 1], spare[k]) for k in range(1, len(controls) - 2)]
    for step in steps:
        w.ccx(*step)
    w.ccx(controls[-1], spare[len(controls) - 3], target)
    for step in reversed(steps):
        w.ccx(*step)


def grover(bits: int, rounds: int, rng: Random) -> Writer:
    """Search for one marked string, with phases by a multi-controlled x."""
    w = Writer(bits + max(0, bits - 3))
    wires, spare = range(bits), range(bits, bits + max(0, bits - 3))
    marked = rng.randrange(2**bits)
    for q in wires:
        w.h(q)
    for _ in range(rounds):
        for pattern in (marked, 0):
            for q in wires:
                if pattern == 0:
                    w.h(q)
                if not pattern >> q & 1:
                    w.x(q)
            w.h(bits - 1)
            _controlled_x(w, wires[:-1], bits - 1, spare)
            w.h(bits - 1)
            for q in wires:
                if not pattern >> q & 1:
                    w.x(q)
                if pattern == 0:
                    w.h(q)
    return w


def bernstein_vazirani(width: int, rng: Random) -> Writer:
    """A random hidden string."""
    w = Writer(width)
    w.x(width - 1)
    for q in range(width):
        w.h(q)
    for q in range(width - 1):
        if rng.random() < 0.6:
            w.cx(q, width - 1)
    for q in range(width - 1):
        w.h(q)
    return w


def hidden_shift(width: int, triples: int, rng: Random) -> Writer:
    """The hidden shift of a Maiorana-McFarland bent function with ccz terms (Bravyi and Gosset, arXiv 1601.07601)."""
    w = Writer(width)
    half = width // 2
    shift = [q for q in range(width) if rng.random() < 0.5]
    terms = [rng.sample(range(half), 3) for _ in range(triples)]
    pairs = [rng.sample(range(half), 2) for _ in range(half)]

    def oracle(offset: int) -> None:
        for a, b, c in terms:
            w.h(offset + c)
            w.ccx(offset + a, offset + b, offset + c)
            w.h(offset + c)
        for a, b in pairs:
            w.cz(offset + a, offset + b)
        for q in range(half):
            w.cz(q, half + q)

    for q in range(width):
        w.h(q)
    for q in shift:
        w.x(q)
    oracle(0)
    for q in shift:
        w.x(q)
    for q in range(width):
        w.h(q)
    oracle(half)
    for q in range(width):
        w.h(q)
    return w


# -- arithmetic -----------------------------------------------------------------------------------


def ripple_adder(bits: int, rng: Random) -> Writer:
    """b += a with majority and unmajority (Cuccaro et al., quant-ph/0410184)."""
    w = Writer(2 * bits + 2)
    a, b, carry, out = list(range(bits)), list(range(bits, 2 * bits)), 2 * bits, 2 * bits + 1
    chain = [carry, *a]
    for k in range(bits):
        w.cx(a[k], b[k])
        w.cx(a[k], chain[k])
        w.ccx(chain[k], b[k], a[k])
    w.cx(a[-1], out)
    for k in reversed(range(bits)):
        w.ccx(chain[k], b[k], a[k])
        w.cx(a[k], chain[k])
        w.cx(chain[k], b[k])
    return w


def multiplier(bits: int, rng: Random) -> Writer:
    """Shift and add: partial products by ccx into spare qubits, rippled into the result, and undone."""
    w = Writer(5 * bits + 1)
    a, b = range(bits), range(bits, 2 * bits)
    result, partial = range(2 * bits, 4 * bits), range(4 * bits, 5 * bits)
    carry = 5 * bits
    for j in range(bits):
        for k in range(bits):
            w.ccx(a[j], b[k], partial[k])
        chain = [carry, *partial]
        for k in range(bits):
            w.cx(partial[k], result[j + k])
            w.cx(partial[k], chain[k])
            w.ccx(chain[k], result[j + k], partial[k])
        w.cx(partial[-1], result[j + bits])
        for k in reversed(range(bits)):
            w.ccx(chain[k], result[j + k], partial[k])
            w.cx(partial[k], chain[k])
            w.cx(chain[k], result[j + k])
        for k in range(bits):
            w.ccx(a[j], b[k], partial[k])
    return w


def comparator(bits: int, rng: Random) -> Writer:
    """The carry of a subtraction: is a larger than b?"""
    w = Writer(2 * bits + 2)
    a, b = range(bits), range(bits, 2 * bits)
    chain, out = [2 * bits, *range(bits)], 2 * bits + 1
    steps: list[tuple[str, tuple[int, ...]]] = []
    for k in range(bits):
        steps += [("x", (b[k],)), ("cx", (a[k], b[k])), ("cx", (a[k], chain[k])), ("ccx", (chain[k], b[k], a[k]))]
    for name, wires in steps:
        getattr(w, name)(*wires)
    w.cx(a[-1], out)
    for name, wires in reversed(steps):
        getattr(w, name)(*wires)
    return w


# -- states and ansatzes --------------------------------------------------------------------------


def ghz(width: int, rng: Random) -> Writer:
    """A chain of cx."""
    w = Writer(width)
    w.h(0)
    for q in range(width - 1):
        w.cx(q, q + 1)
    return w


def w_state(width: int, rng: Random) -> Writer:
    """Controlled rotations along a chain."""
    w = Writer(width)
    w.x(0)
    for q in range(width - 1):
        theta = math.acos(math.sqrt(1 / (width - q)))
        w.ry(q + 1, angle=-theta)
        w.cz(q, q + 1)
        w.ry(q + 1, angle=theta)
        w.cx(q + 1, q)
    return w


def hardware_efficient(width: int, layers: int, rng: Random, *, entangling: str = "circular") -> Writer:
    """Layers of ry and rz with cx in a chain, a ring, or between all pairs."""
    w = Writer(width)
    edges: Iterable[tuple[int, int]] = pairwise(range(width))
    if entangling == "full":
        edges = combinations(range(width), 2)
    edges = [*edges, (width - 1, 0)] if entangling == "circular" else list(edges)
    for layer in range(layers + 1):
        for q in range(width):
            w.ry(q, angle=rng.uniform(-3, 3))
            w.rz(q, angle=rng.uniform(-3, 3))
        if layer < layers:
            for a, b in edges:
                w.cx(a, b)
    return w


def phase_polynomial(width: int, terms: int, rng: Random) -> Writer:
    """IQP: random diagonal terms on up to four qubits between layers of h."""
    w = Writer(width)
    for q in range(width):
        w.h(q)
    for _ in range(terms):
        _exponential(w, dict.fromkeys(rng.sample(range(width), rng.randint(1, 4)), "Z"), math.pi / 4 * rng.randint(1, 7))
    for q in range(width):
        w.h(q)
    return w


def multi_controlled(width: int, gates: int, rng: Random) -> Writer:
    """Random x and phases under two to four controls."""
    w = Writer(width)
    for _ in range(gates):
        count = rng.randint(2, 4)
        *controls, target = rng.sample(range(width), count + 1)
        phase = rng.random() < 0.4
        if phase:
            w.h(target)
        _controlled_x(w, controls, target, ())
        if phase:
            w.h(target)
        else:
            w.ry(target, angle=rng.uniform(-3, 3))
    return w


def _row(make: Callable[..., Writer], *sizes: int, **options: object) -> Callable[[Random], Writer]:
    return lambda rng: make(*sizes, rng, **options)


SUITE: dict[str, Callable[[Random], Writer]] = {
    "adder_draper_4": _row(draper_adder, 4),
    "adder_ripple_4": _row(ripple_adder, 4),
    "adder_ripple_10": _row(ripple_adder, 10),
    "bv_16": _row(bernstein_vazirani, 16),
    "clifford_t_5_100": _row(clifford_t, 5, 100),
    "clifford_t_8_300": _row(clifford_t, 8, 300),
    "clifford_t_16_600": _row(clifford_t, 16, 600),
    "comparator_6": _row(comparator, 6),
    "ghz_24": _row(ghz, 24),
    "grover_4": _row(grover, 4, 3),
    "grover_6": _row(grover, 6, 2),
    "grover_8": _row(grover, 8, 1),
    "heisenberg_10": _row(heisenberg, 10, 3),
    "heisenberg_4x4": _row(heisenberg, 16, 2, rows=4),
    "hidden_shift_12": _row(hidden_shift, 12, 4),
    "hidden_shift_16": _row(hidden_shift, 16, 8),
    "ansatz_chain_10": _row(hardware_efficient, 10, 4, entangling="chain"),
    "ansatz_full_6": _row(hardware_efficient, 6, 3, entangling="full"),
    "ansatz_ring_12": _row(hardware_efficient, 12, 3),
    "iqp_8_60": _row(phase_polynomial, 8, 60),
    "iqp_12_150": _row(phase_polynomial, 12, 150),
    "mcx_7_12": _row(multi_controlled, 7, 12),
    "mcx_10_30": _row(multi_controlled, 10, 30),
    "multiplier_2": _row(multiplier, 2),
    "multiplier_3": _row(multiplier, 3),
    "pauli_strings_6_30": _row(pauli_strings, 6, 30),
    "pauli_strings_10_60": _row(pauli_strings, 10, 60),
    "qaoa_10_3_2": _row(qaoa, 10, 3, 2),
    "qaoa_16_5_3": _row(qaoa, 16, 5, 3),
    "qft_6": _row(qft, 6),
    "qft_12": _row(qft, 12),
    "qpe_8": _row(phase_estimation, 8),
    "qv_6": _row(quantum_volume, 6, 6),
    "qv_10": _row(quantum_volume, 10, 10),
    "random_u_6_100": _row(random_u, 6, 100),
    "random_u_12_400": _row(random_u, 12, 400),
    "redundant_6_120": _row(redundant, 6, 120),
    "redundant_12_400": _row(redundant, 12, 400),
    "reversible_6_40": _row(reversible, 6, 40),
    "reversible_12_120": _row(reversible, 12, 120),
    "tfim_12": _row(tfim, 12, 4),
    "tfim_4x4": _row(tfim, 16, 3, rows=4),
    "uccsd_4": _row(uccsd, 4),
    "uccsd_6": _row(uccsd, 6),
    "w_12": _row(w_state, 12),
}  # fmt: skip


def suite(seed: int = 0) -> Iterator[tuple[str, str]]:
    """Names and texts; each circuit has a random stream of its own."""
    for name, make in SUITE.items():
        yield name, make(random.Random(f"{name}:{seed}")).text()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=list(SUITE))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, text in suite(options.seed):
        if name in options.only:
            (options.folder / f"{name}.qasm").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
