"""Engines of the simulator: states for `qir.execution.run`.

A branch carries its number of shots (or, for exact distributions, its probability) in `weight`; a
measurement in the middle splits it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from qir import fusion
from qir.circuit import Circuit
from qir.classical import Memory
from qir.clifford_rows import row_moves
from qir.dense import matrix_power, pauli_matrix
from qir.execution import Branch, Leaf, Rows, Unsupported, run
from qir.gates import GATES, controlled
from qir.params import Angle
from qir.statevector import Gate, apply, fuse
from qir.tableau import MOVES, Move, Tableau, clifford_moves

__all__ = ["DensityEngine", "StabilizerEngine", "TrajectoryEngine", "VectorEngine", "gate_matrix", "split_shots"]

Complex = npt.NDArray[np.complexfloating[Any, Any]]
_MAX_DENSE = 10
_BLOCK = 1 << 16
_LADDER, _HELD = 6, 4
"""From more qubits on, Pauli exponentials are written out, and controls kept apart."""
Rates = Mapping[int, float]
"""Depolarising probability after a gate on so many qubits."""


def gate_matrix(leaf: Leaf) -> Complex:
    """The matrix of one gate with numeric angles, from the gate table."""
    if len(leaf.qubits) > _MAX_DENSE:
        raise Unsupported(f"a gate on {len(leaf.qubits)} qubits has too large a matrix")
    if leaf.name == "pauliexp":
        half = leaf.angles[0].constant / 2
        pauli = pauli_matrix(leaf.payload)
        matrix: Complex = np.cos(half) * np.eye(len(pauli)) - 1j * np.sin(half) * pauli
    elif leaf.name == "matrix":
        assert leaf.body is not None
        matrix = _body_matrix(leaf.body)
    else:
        matrix = GATES[leaf.name].matrix(*(np.array([a.constant]) for a in leaf.angles))[0]
    if leaf.power != 1:
        matrix = matrix_power(matrix, leaf.power)
    return controlled(matrix[None], leaf.controls)[0] if leaf.controls else matrix


def _body_matrix(body: Circuit) -> Complex:
    branch = Branch(Memory(0, ()), np.eye(2**body.num_qubits, dtype=np.complex128))
    run(body, [branch], VectorEngine(np.random.default_rng(0)))
    result: Complex = branch.state
    return result


def _without_controls(leaf: Leaf) -> Leaf:
    return leaf._replace(qubits=leaf.qubits[len(leaf.controls) :], controls="")


def _ladder(leaf: Leaf) -> list[Leaf]:
    """A Pauli exponential on many qubits as one rotation between a change of basis and a ladder of cx."""
    count = len(leaf.controls)
    held, wires = leaf.qubits[:count], leaf.qubits[count:]
    letters = {q: p for q, p in zip(wires, reversed(leaf.payload)) if p != "I"}
    angle = Angle(leaf.angles[0].constant * leaf.power)
    if not letters:
        return [Leaf("gphase", held, (Angle(-angle.constant / 2),), leaf.controls)]
    turn = {"X": ("h", ()), "Y": ("rx", (Angle(np.pi / 2),))}
    there = [Leaf(turn[p][0], (q,), turn[p][1]) for q, p in letters.items() if p != "Z"]
    there += [Leaf("cx", pair) for pair in pairwise(letters)]
    back = [g._replace(angles=tuple(Angle(-a.constant) for a in g.angles)) for g in reversed(there)]
    return [*there, Leaf("rz", (*held, list(letters)[-1]), (angle,), leaf.controls), *back]


def unfold(gates: Sequence[Leaf]) -> list[Leaf]:
    """The gates, Pauli exponentials with too large a matrix written out."""
    wide = [len(g.qubits) > _LADDER and g.name == "pauliexp" for g in gates]
    if not any(wide):
        return list(gates)
    return [part for g, w in zip(gates, wide) for part in (_ladder(g) if w else [g])]


def matrices(gates: Sequence[Leaf]) -> list[Complex]:
    """Matrices of many gates, those of a kind in one go."""
    groups: dict[tuple[str, str, float], list[int]] = {}
    result: list[Any] = [None] * len(gates)
    for i, leaf in enumerate(gates):
        if leaf.payload or leaf.body is not None or len(leaf.qubits) > 4 or leaf.power != 1:
            result[i] = gate_matrix(leaf)
        else:
            groups.setdefault((leaf.name, leaf.controls, leaf.power), []).append(i)
    for (name, controls, _), rows in groups.items():
        angles = np.array([[a.constant for a in gates[i].angles] for i in rows])
        found = controlled(GATES[name].matrix(*angles.T), controls)
        for k, i in enumerate(rows):
            result[i] = found[k if len(found) > 1 else 0]
    return result


def split_shots(weight: float, p: float, rng: np.random.Generator, *, exact: bool) -> tuple[float, float]:
    """How a branch divides between an outcome of probability 1 - p and one of probability p."""
    p = min(max(p, 0.0), 1.0)
    if exact:
        return weight * (1 - p), weight * p
    ones = int(rng.binomial(int(weight), p))
    return weight - ones, ones


def _inside(probabilities: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Where points fall when the probabilities are laid end to end."""
    ends = np.cumsum(probabilities)
    return np.minimum(np.searchsorted(ends, points, side="right"), np.flatnonzero(probabilities)[-1])


class VectorEngine:
    """One statevector per branch, normalised; `slots` maps wires to its qubits."""

    def __init__(
        self,
        rng: np.random.Generator,
        slots: Mapping[int, int] | None = None,
        *,
        exact: bool = False,
    ) -> None:
        self.rng, self.slots, self.exact = rng, slots, exact

    def place(self, wires: Sequence[int]) -> tuple[int, ...]:
        return tuple(wires) if self.slots is None else tuple(self.slots[w] for w in wires)

    def prepare(self, gates: list[Leaf]) -> Any:
        gates = unfold(gates)
        # A gate with many controls acts on a small part of the state, and has too large a matrix.
        held = [len(g.qubits) > _HELD and len(g.controls) > 0 for g in gates]
        found: list[fusion.Gate | fusion.Controlled] = []
        for matrix, leaf, h in zip(matrices([_without_controls(g) if h else g for g, h in zip(gates, held)]), gates, held):
            wires, count = self.place(leaf.qubits), len(leaf.controls)
            values = tuple(zip(wires[:count], map(int, leaf.controls)))
            found.append(fusion.Controlled(matrix, wires[count:], values) if h else (matrix, wires))
        return fusion.plan(found)

    def apply(self, branch: Branch, prepared: Any) -> None:
        branch.state = fusion.run(branch.state, prepared)

    def _probability(self, branch: Branch, wire: int) -> float:
        slot = self.place([wire])[0]
        ones = branch.state.reshape(-1, 2, 2**slot)[:, 1]
        return float(np.vdot(ones, ones).real)

    def measure(self, branch: Branch, wire: int) -> Iterator[tuple[int, Branch]]:
        p = self._probability(branch, wire)
        slot = self.place([wire])[0]
        weights = split_shots(branch.weight, p, self.rng, exact=self.exact)
        live = [k for k in (0, 1) if weights[k] > 0 and (p, 1 - p)[1 - k] > 1e-14]
        for outcome in live:
            # The last outcome takes over the state, the memory and the waiting measurements.
            last = outcome == live[-1]
            state = branch.state if last else branch.state.copy()
            state.reshape(-1, 2, 2**slot)[:, 1 - outcome] = 0
            state /= np.sqrt(p if outcome else 1 - p)
            memory = branch.memory if last else branch.memory.copy()
            yield outcome, Branch(memory, state, weights[outcome], list(branch.deferred), branch.flow)

    def reset(self, branch: Branch, wire: int) -> Iterator[Branch]:
        slot = self.place([wire])[0]
        for outcome, b in self.measure(branch, wire):
            if outcome:
                view = b.state.reshape(-1, 2, 2**slot)
                view[:, 0] = view[:, 1]
                view[:, 1] = 0
            yield b

    def sample(self, branch: Branch, shots: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Basis states by their probabilities, in random order."""
        flat = branch.state[:, 0]
        blocks = [flat[start : start + _BLOCK] for start in range(0, len(flat), _BLOCK)]
        # Probabilities are only ever held for one block; those of whole blocks choose it.
        ends = np.cumsum([np.vdot(block, block).real for block in blocks])
        points = rng.random(shots) * ends[-1]
        order = np.argsort(points)
        cuts = np.searchsorted(points[order], ends[:-1], side="left")
        result = np.empty(shots, np.int64)
        for number, places in enumerate(np.split(order, cuts)):
            if len(places):
                block = blocks[number]
                start = ends[number - 1] if number else 0.0
                result[places] = number * _BLOCK + _inside(block.real**2 + block.imag**2, points[places] - start)
        return result

    def expectation(self, branch: Branch, paulis: dict[int, str]) -> float:
        """<P> for wires in use."""
        flat = branch.state[:, 0]
        flip = sign = ys = 0
        for wire, letter in paulis.items():
            bit = 1 << self.place([wire])[0]
            flip |= bit if letter in "XY" else 0
            sign |= bit if letter in "YZ" else 0
            ys += letter == "Y"
        total = 0.0
        for start in range(0, len(flat), 1 << 16):
            index = np.arange(start, min(start + (1 << 16), len(flat)))
            parity = np.where(np.bitwise_count(index & sign) & 1, -1.0, 1.0)
            total += float((flat[index ^ flip].conj() * parity * flat[index] * 1j**ys).sum().real)
        return total


class TrajectoryEngine(VectorEngine):
    """Depolarising noise as random Pauli errors after gates: one history for every course of errors that shots take,
    so that shots share all that comes before their first error."""

    def __init__(self, rng: np.random.Generator, slots: Mapping[int, int], rates: Rates) -> None:
        super().__init__(rng, slots)
        self.rates = rates

    def prepare(self, gates: list[Leaf]) -> list[Gate]:
        return [(m, self.place(leaf.qubits)) for m, leaf in zip(matrices(gates), gates)]

    def apply(self, branch: Branch, prepared: list[Gate]) -> None:
        """Without errors."""
        branch.state = fusion.run(branch.state, fusion.plan(prepared))

    def scatter(self, branch: Branch, prepared: list[Gate]) -> Iterator[Branch]:
        """Apply gates; the branches that errors split the shots into."""
        sizes = [len(qubits) for _, qubits in prepared]
        odds = np.array([self.rates.get(k, 0.0) * (1 - 4.0**-k) for k in sizes])
        waiting = [(0, branch)]
        while waiting:
            at, b = waiting.pop()
            hit = self.rng.binomial(int(b.weight), odds[at:])
            first = int(np.argmax(hit > 0)) if hit.any() else len(hit)
            upto = min(at + first + 1, len(prepared))
            self.apply(b, prepared[at:upto])
            if first == len(hit):
                yield b
                continue
            count, kinds = int(hit[first]), 4 ** sizes[upto - 1] - 1
            waiting.append((upto, b))
            for code, shots in enumerate(self.rng.multinomial(count, np.full(kinds, 1 / kinds)), start=1):
                if shots:
                    other = Branch(b.memory.copy(), b.state.copy(), int(shots), list(b.deferred), b.flow)
                    self._strike(other, prepared[upto - 1][1], code)
                    # Errors are followed before the rest, so that few states wait.
                    waiting.append((upto, other))
            b.weight -= count
            if not b.weight:
                waiting = [entry for entry in waiting if entry[1] is not b]

    @staticmethod
    def _strike(branch: Branch, qubits: tuple[int, ...], code: int) -> None:
        """A Pauli error: two bits of the code for each qubit."""
        for k, q in enumerate(qubits):
            letter = code >> (2 * k) & 3
            if letter:
                branch.state = apply(branch.state, pauli_matrix("IXYZ"[letter]), (q,))


class DensityEngine:
    """One density matrix per branch, as a state on 2n qubits (columns are the upper half): exact noise."""

    def __init__(self, rng: np.random.Generator, slots: Mapping[int, int], rates: Rates, *, exact: bool = False) -> None:
        self.rng, self.slots, self.rates, self.exact = rng, slots, rates, exact
        self.n = len(slots)

    def prepare(self, gates: list[Leaf]) -> list[Gate]:
        result = []
        for matrix, leaf in zip(matrices(gates), gates):
            qubits = tuple(self.slots[w] for w in leaf.qubits)
            size = len(matrix)
            channel: Complex = np.kron(matrix.conj(), matrix)
            rate = self.rates.get(len(qubits), 0.0)
            if rate:
                mixed = np.zeros((size, size, size, size))
                index = np.arange(size)
                mixed[index[:, None], index[:, None], index, index] = 1 / size
                channel = (1 - rate) * channel + rate * mixed.reshape(size * size, size * size) @ channel
            result.append((channel, (*qubits, *(q + self.n for q in qubits))))
        return fuse(result, 4)

    def apply(self, branch: Branch, prepared: list[Gate]) -> None:
        for matrix, qubits in prepared:
            branch.state = apply(branch.state, matrix, qubits)

    def sample(self, branch: Branch, shots: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Basis states by their probabilities, in random order."""
        probabilities = self.probabilities(branch)
        return _inside(probabilities, rng.random(shots) * probabilities.sum())

    def probabilities(self, branch: Branch) -> npt.NDArray[np.float64]:
        """Of all basis states."""
        diagonal = branch.state.reshape(2**self.n, 2**self.n).diagonal().real
        return np.maximum(diagonal, 0.0).astype(np.float64)

    def measure(self, branch: Branch, wire: int) -> list[tuple[int, Branch]]:
        slot = self.slots[wire]
        view = branch.state.reshape(2**self.n, 2**self.n)
        bits = np.arange(2**self.n) >> slot & 1
        p = float(self.probabilities(branch)[bits == 1].sum())
        weights = split_shots(branch.weight, p, self.rng, exact=self.exact)
        result = []
        for outcome in (0, 1):
            share = p if outcome else 1 - p
            if weights[outcome] > 0 and share > 1e-14:
                keep = bits == outcome
                state = np.where(keep[:, None] & keep, view, 0).reshape(-1, 1) / share
                result.append(
                    (outcome, Branch(branch.memory.copy(), state, weights[outcome], list(branch.deferred), branch.flow))
                )
        return result

    def reset(self, branch: Branch, wire: int) -> list[Branch]:
        low, high = self.slots[wire], self.slots[wire] + self.n
        view = branch.state.reshape(2 ** (self.n - 1 - self.slots[wire]), 2, 2 ** (self.n - 1), 2, 2**low)
        del high
        view[:, 0, :, 0] += view[:, 1, :, 1]
        view[:, 1] = 0
        view[:, 0, :, 1] = 0
        return [branch]

    def expectation(self, branch: Branch, paulis: dict[int, str]) -> float:
        """tr(P rho) for wires in use."""
        view = branch.state.reshape(2**self.n, 2**self.n)  # [column, row]
        flip = sign = ys = 0
        for wire, letter in paulis.items():
            bit = 1 << self.slots[wire]
            flip |= bit if letter in "XY" else 0
            sign |= bit if letter in "YZ" else 0
            ys += letter == "Y"
        row = np.arange(2**self.n)
        parity = np.where(np.bitwise_count(row & sign) & 1, -1.0, 1.0)
        # tr(P rho) = sum over r of <r ^ flip| P |r> <r| rho |r ^ flip>
        return float((parity * 1j**ys * view[row ^ flip, row]).sum().real)


_Numbered = tuple[list[int], list[int], list[int]]
"""Kinds and wires of moves, as `Tableau.apply_numbered` takes them."""


class StabilizerEngine:
    """One tableau per branch: Clifford circuits of any width."""

    def __init__(self, rng: np.random.Generator, slots: Mapping[int, int], *, exact: bool = False) -> None:
        self.rng, self.slots, self.exact = rng, slots, exact

    def prepare(self, gates: list[Leaf]) -> _Numbered:
        moves: list[Move] = []
        for leaf in gates:
            found = clifford_moves(leaf.name, leaf.angles, tuple(self.slots[w] for w in leaf.qubits), leaf.controls, leaf.power)
            if found is None:
                raise Unsupported(f"{leaf.name} is not a Clifford gate")
            moves += found
        return [MOVES.index(name) for name, _ in moves], [w[0] for _, w in moves], [w[-1] for _, w in moves]

    def prepare_rows(self, rows: Rows) -> _Numbered:
        """The same for a stretch of plain rows."""
        moves = row_moves(rows)
        if moves is None:
            raise Unsupported("a gate is not a Clifford gate")
        place = np.zeros(rows.circuit.num_qubits, np.int64)
        place[list(self.slots)] = list(self.slots.values())
        return moves.kinds.tolist(), place[moves.first].tolist(), place[moves.second].tolist()

    def apply(self, branch: Branch, prepared: _Numbered) -> None:
        branch.state.apply_numbered(*prepared)

    def measure(self, branch: Branch, wire: int) -> list[tuple[int, Branch]]:
        slot = self.slots[wire]
        state: Tableau = branch.state
        if not state.x[slot] >> state.n:
            return [(state.measure(slot, 0), branch)]
        weights = split_shots(branch.weight, 0.5, self.rng, exact=self.exact)
        live = [k for k in (0, 1) if weights[k] > 0]
        result = []
        for outcome in live:
            chosen = state.copy() if outcome != live[-1] else state
            chosen.measure(slot, outcome)
            result.append((outcome, Branch(branch.memory.copy(), chosen, weights[outcome], list(branch.deferred), branch.flow)))
        return result

    def reset(self, branch: Branch, wire: int) -> list[Branch]:
        # The outcome is not recorded, but both must be followed: they may differ elsewhere.
        result = []
        for outcome, b in self.measure(branch, wire):
            if outcome:
                b.state.apply([("x", (self.slots[wire],))])
            result.append(b)
        return result

    def expectation(self, branch: Branch, paulis: dict[int, str]) -> float:
        """<P> for wires in use."""
        return float(branch.state.expectation({self.slots[w]: p for w, p in paulis.items()}))
