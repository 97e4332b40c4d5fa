"""Both circuits as maps from the program's qubits to records and states, ready to be compared.

A circuit is run on all basis states at once (or on given input states): its state is an array
(2**slots, copies * inputs), whose columns are not normalised, one copy per unrecorded outcome.
Slot k is relevant program qubit k at the start; wires no program qubit starts on begin in |0>.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Layout
from qir.classical import Memory
from qir.execution import Branch, Leaf, Unsupported, run
from qir.statevector import apply, fuse
from qir.verify.definitions import add_controls, gate_matrices, matrix_power, pauli_rotation

__all__ = ["Frame", "KrausEngine", "frame", "leaf_matrix", "outcome_blocks", "program_qubits", "propagate"]

Complex = npt.NDArray[np.complexfloating[Any, Any]]
_MAX_DENSE = 8
_NEGLIGIBLE = 1e-20


def leaf_matrix(leaf: Leaf) -> Complex:
    """The matrix of one gate with numeric angles, from its definition."""
    if leaf.name == "pauliexp":
        matrix = pauli_rotation(leaf.payload, np.array([leaf.angles[0].constant]))[0]
    elif leaf.name == "matrix":
        assert leaf.body is not None
        if leaf.body.num_qubits > _MAX_DENSE:
            raise Unsupported("a fractional power of a wide gate")
        matrix = _body_matrix(leaf.body)
    else:
        matrix = gate_matrices(leaf.name, [a.constant for a in leaf.angles])[0]
    if leaf.power != 1:
        matrix = matrix_power(matrix, leaf.power)
    return add_controls(matrix[None], leaf.controls)[0] if leaf.controls else matrix


def _body_matrix(body: Circuit) -> Any:
    state: Complex = np.eye(2**body.num_qubits, dtype=np.complex128)
    branch = Branch(Memory(0, ()), state)
    run(body, [branch], KrausEngine())
    return branch.state


class KrausEngine:
    """Dense states with many columns; outcomes keep their weight in the columns' norms."""

    def __init__(self, slots: dict[int, int] | None = None, *, width: int = 4, budget: int | None = None) -> None:
        self.slots = slots
        self.width = width
        self.budget = budget

    def place(self, wires: Sequence[int]) -> tuple[int, ...]:
        return tuple(wires) if self.slots is None else tuple(self.slots[w] for w in wires)

    def prepare(self, gates: list[Leaf]) -> list[tuple[Complex, tuple[int, ...]]]:
        """Matrices of the gates (those of a kind in one go), fused."""
        groups: dict[tuple[str, str, float], list[int]] = {}
        matrices: list[Any] = [None] * len(gates)
        for i, leaf in enumerate(gates):
            if leaf.payload or leaf.body is not None or len(leaf.controls) > _MAX_DENSE + 1 or len(leaf.qubits) > 3:
                if len(leaf.qubits) > 12:
                    raise Unsupported(f"a gate on {len(leaf.qubits)} qubits")
                matrices[i] = leaf_matrix(leaf)
            else:
                groups.setdefault((leaf.name, leaf.controls, leaf.power), []).append(i)
        for (name, controls, power), rows in groups.items():
            angles = np.array([[a.constant for a in gates[i].angles] for i in rows])
            found = gate_matrices(name, list(angles.T))
            if power != 1:
                found = np.array([matrix_power(m, power) for m in found])
            found = add_controls(found, controls)
            for k, i in enumerate(rows):
                matrices[i] = found[k if len(found) > 1 else 0]
        fused = fuse([(m, self.place(leaf.qubits)) for m, leaf in zip(matrices, gates)], self.width)
        return fused

    def apply(self, branch: Branch, prepared: list[tuple[Complex, tuple[int, ...]]]) -> None:
        if self.budget is not None:
            self.budget -= sum(2 ** len(q) for _, q in prepared) * branch.state.size
            if self.budget < 0:
                raise Unsupported("it takes more work than the limit for this method allows")
        for matrix, qubits in prepared:
            branch.state = apply(branch.state, matrix, qubits)

    def _split(self, branch: Branch, wire: int) -> tuple[Complex, Complex]:
        slot = self.place([wire])[0]
        view = branch.state.reshape(-1, 2, 2**slot, branch.state.shape[1])
        parts = []
        for outcome in (0, 1):
            part = np.zeros_like(view)
            part[:, outcome] = view[:, outcome]
            parts.append(part.reshape(branch.state.shape))
        return parts[0], parts[1]

    def measure(self, branch: Branch, wire: int) -> list[tuple[int, Branch]]:
        result = []
        for outcome, part in enumerate(self._split(branch, wire)):
            if np.vdot(part, part).real > _NEGLIGIBLE:
                result.append((outcome, Branch(branch.memory.copy(), part, branch.weight, list(branch.deferred), branch.flow)))
        return result

    def reset(self, branch: Branch, wire: int) -> list[Branch]:
        low, high = self._split(branch, wire)
        slot = self.place([wire])[0]
        view = high.reshape(-1, 2, 2**slot, high.shape[1])
        view[:, 0] = view[:, 1]
        view[:, 1] = 0
        kept = [part for part in (low, high) if np.vdot(part, part).real > _NEGLIGIBLE]
        inputs = int(branch.weight)
        # Copies of all inputs side by side: the outcome of a reset is not recorded.
        branch.state = np.concatenate([p.reshape(len(p), -1, inputs) for p in kept], axis=1).reshape(len(low), -1)
        if branch.state.size > 1 << 26:
            raise Unsupported("too many unrecorded outcomes")
        return [branch]


# -- what is compared ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Frame:
    """Where the relevant program qubits sit in one circuit: `start[k]`, `end[k]` are wires (-1: the circuit
    has no such qubit), `slots` the slot of every wire that matters."""

    start: tuple[int, ...]
    end: tuple[int, ...]
    slots: dict[int, int]


def _layout(circuit: Circuit) -> Layout:
    return circuit.layout or Layout.trivial(circuit.num_qubits)


def _touched(circuit: Circuit) -> set[int]:
    owed = {w for w, f in enumerate(circuit.frames or ()) if f.terms or f.constant}
    return owed | set(circuit.touched_qubits)


def program_qubits(a: Circuit, b: Circuit) -> list[int]:
    """Program qubits that either circuit touches or moves."""
    result: set[int] = set()
    for circuit in (a, b):
        layout, touched = _layout(circuit), _touched(circuit)
        for q, (first, last) in enumerate(zip(layout.initial, layout.final)):
            if first != last or first in touched:
                result.add(q)
    return sorted(result)


def frame(circuit: Circuit, qubits: Sequence[int]) -> Frame:
    """Slots for the relevant program qubits and then for every other wire in use."""
    layout = _layout(circuit)
    known = len(layout.initial)
    start = tuple(layout.initial[q] if q < known else -1 - q for q in qubits)
    end = tuple(layout.final[q] if q < known else -1 - q for q in qubits)
    slots = {w: i for i, w in enumerate(start)}
    for w in sorted(_touched(circuit) | set(end)):
        slots.setdefault(w, len(slots))
    return Frame(start, end, slots)


def propagate(
    circuit: Circuit, where: Frame, inputs: Complex, *, budget: int | None = None, width: int = 4
) -> list[Branch]:
    """Run on inputs (2**qubits, m) for the relevant program qubits; every branch with its states."""
    state: Complex = np.zeros((2 ** len(where.slots), inputs.shape[1]), np.complex128)
    state[: len(inputs)] = inputs
    branch = Branch(Memory(circuit.num_clbits, circuit.cregs), state, inputs.shape[1])
    engine = KrausEngine(where.slots, width=width, budget=budget)
    return run(circuit, [branch], engine, max_loops=2000, max_branches=4096)


def outcome_blocks(branch: Branch, where: Frame) -> tuple[list[int], Complex]:
    """The recorded bits that are still deferred, ascending, and the states by their value.

    The array has the shape (2**bits, rest, columns).
    """
    seen = sorted({c: w for c, w in branch.deferred if c is not None}.items())
    n = len(branch.state).bit_length() - 1
    slots = [where.slots[w] for _, w in seen]
    distinct = sorted(set(slots))
    tensor = branch.state.reshape(*(2,) * n, -1)
    axes = [n - 1 - s for s in reversed(distinct)]
    rest = [a for a in range(n + 1) if a not in axes]
    moved = tensor.transpose(axes + rest).reshape(2 ** len(distinct), -1, branch.state.shape[1])
    if slots == distinct:
        return [c for c, _ in seen], moved
    index = np.arange(2 ** len(seen))
    source = np.zeros(len(index), np.int64)
    consistent = np.ones(len(index), np.bool_)
    for i, s in enumerate(slots):
        source |= (index >> i & 1) << distinct.index(s)
    for i, s in enumerate(slots):
        consistent &= (index >> i & 1) == (index >> slots.index(s) & 1)
    return [c for c, _ in seen], np.where(consistent[:, None, None], moved[source], 0)
