"""Gates of a statevector gathered into few passes over it.

A pass over a large state costs about the same for one gate as for a dozen, so gates are combined where the
order allows: dense ones into matrices on a few wires, diagonal ones, which all commute, into tables of phases
on many.  Swaps only rename wires, and what is left of them at the end becomes exchanges of halves.

`plan` works on gates (matrix, qubits); `run` applies its steps to an array of shape (2**n, m), in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Union

import numpy as np
import numpy.typing as npt

from qir.statevector import apply, small

__all__ = ["Controlled", "Dense", "Diagonal", "Gate", "Step", "Swap", "plan", "run"]

Complex = npt.NDArray[np.complexfloating[Any, Any]]
WIDTH = 4
"""Wires of a dense matrix: its product takes about as long as reading and writing the state."""
_TABLE = 14
"""Wires of a table of phases: it must stay in the cache."""
_LOOK_BACK = 64


class Controlled(NamedTuple):
    """A gate with controls: `matrix` on `targets` where every wire of `controls` has its value."""

    matrix: Complex
    targets: tuple[int, ...]
    controls: tuple[tuple[int, int], ...]


class Dense(NamedTuple):
    """A matrix on a few wires (bit j of its index is `qubits[j]`), where every wire of `controls` has its value."""

    matrix: Complex
    qubits: tuple[int, ...]
    controls: tuple[tuple[int, int], ...] = ()


class Diagonal(NamedTuple):
    """Phases by the values of some wires: bit j of the table's index is `qubits[j]`, ascending."""

    table: Complex
    qubits: tuple[int, ...]


class Swap(NamedTuple):
    """Two wires change places."""

    a: int
    b: int


Step = Union[Dense, Diagonal, Swap]
Gate = tuple[Complex, tuple[int, ...]]


class _Group:
    """Gates that become one step: dense on a few wires, or diagonal on any number of them."""

    __slots__ = ("dense", "gates", "wires")

    def __init__(self, *, dense: bool) -> None:
        self.dense = dense
        self.gates: list[Gate | Controlled] = []
        self.wires: set[int] = set()

    def add(self, gates: Sequence[Gate | Controlled], wires: Iterable[int]) -> None:
        self.gates += gates
        self.wires.update(wires)


class _Placed(NamedTuple):
    """A gate on the wires where its operands are, and whether it is diagonal."""

    gate: Gate | Controlled
    wires: tuple[int, ...]
    diagonal: bool


def plan(gates: Iterable[Gate | Controlled], width: int = WIDTH) -> list[Step]:
    """The steps that do the same as the gates in order."""
    placed, moved = _without_swaps(gates)
    best = min((_grouped(placed, width, pull=pull) for pull in (False, True)), key=_cost)
    steps: list[Step] = []
    for group in best:
        steps += _dense(group) if group.dense else _tables(group)
    return steps + _exchanges(moved)


def _grouped(gates: list[_Placed], width: int, *, pull: bool) -> list[_Group]:
    groups = _gather(gates, width, pull=pull)
    for disjoint in (False, True):
        groups = _join(groups, width, disjoint=disjoint)
    return groups


def _cost(groups: list[_Group]) -> float:
    """Passes over a large state by what they take, in units of a table of phases."""
    return sum(1.5 + 2 ** (len(g.wires) - 2) if g.dense else 1 + len(g.wires) // _TABLE for g in groups)


_SWAP = np.eye(4)[[0, 2, 1, 3]]


def _without_swaps(gates: Iterable[Gate | Controlled]) -> tuple[list[_Placed], dict[int, int]]:
    """Gates with swaps carried out as renaming, and where each wire is in the end."""
    where: dict[int, int] = {}
    result: list[_Placed] = []
    for gate in gates:
        if isinstance(gate, Controlled):
            targets = tuple(where.get(q, q) for q in gate.targets)
            controls = tuple((where.get(q, q), value) for q, value in gate.controls)
            wires = (*targets, *(q for q, _ in controls))
            result.append(_Placed(Controlled(gate.matrix, targets, controls), wires, False))
            continue
        matrix, qubits = gate
        if matrix.shape == _SWAP.shape and np.array_equal(matrix, _SWAP):
            a, b = qubits
            where[a], where[b] = where.get(b, b), where.get(a, a)
            continue
        wires = tuple(where.get(q, q) for q in qubits)
        diagonal = np.count_nonzero(matrix) == len(matrix) and bool(matrix.diagonal().all())
        result.append(_Placed((matrix, wires), wires, diagonal))
    return result, where


def _gather(gates: list[_Placed], width: int, *, pull: bool) -> list[_Group]:
    """Groups in order.  A dense gate joins the last dense group on its wires when it fits and no diagonal gate is
    in between; with `pull` it takes such gates with it when they fit too.  Diagonal gates wait together."""
    groups: list[_Group] = []
    dense: dict[int, int] = {}  # wire to the last dense group on it
    waiting: dict[int, dict[int, int]] = {}  # wire to diagonal gates after that: number, and group
    home: dict[int, int] = {}  # diagonal gate to its group
    last = -1
    for number, (gate, wires, diagonal) in enumerate(gates):
        found = max((dense.get(q, -1) for q in wires), default=-1)
        if diagonal:
            if found >= 0 and groups[found].wires.issuperset(wires):
                groups[found].gates.append(gate)
                continue
            if last <= found:
                last = len(groups)
                groups.append(_Group(dense=False))
            home[number] = last
            for q in wires:
                waiting.setdefault(q, {})[number] = last
            continue
        between = {k: g for q in wires for k, g in waiting.get(q, {}).items()}
        if between and pull:
            found = max(found, *(dense.get(q, -1) for k in between for q in gates[k].wires))
        pulled = sorted(k for k, g in between.items() if g > found)
        union = {*wires, *(q for k in pulled for q in gates[k].wires)}
        if found < 0 or (pulled and not pull) or len(groups[found].wires | union) > width:
            found, pulled, union = len(groups), [], set(wires)
            groups.append(_Group(dense=True))
        groups[found].add([*(gates[k].gate for k in pulled), gate], union)
        for k in pulled:
            del home[k]
            for q in gates[k].wires:
                del waiting[q][k]
        for q in union:
            dense[q] = found
        for q in wires:
            waiting.pop(q, None)
    for number, at in home.items():
        groups[at].add([gates[number].gate], gates[number].wires)
    return [group for group in groups if group.gates]


def _join(groups: list[_Group], width: int, *, disjoint: bool) -> list[_Group]:
    """Move groups back into earlier ones that have room, when no group between forbids it."""
    done: list[_Group] = []
    for group in groups:
        best, overlap = None, -1 if disjoint else 0
        for other in reversed(done[-_LOOK_BACK:]):
            shared = len(group.wires & other.wires)
            if other.dense:
                if len(group.wires | other.wires) <= width and shared > overlap:
                    best, overlap = other, shared
            elif not group.dense:
                best, overlap = (other, width) if best is None else (best, overlap)
            if shared and (group.dense or other.dense):
                break
        if best is None:
            done.append(group)
        else:
            best.gates += group.gates
            best.wires |= group.wires
    return done


# -- groups to steps ----------------------------------------------------------------------------------


def _dense(group: _Group) -> list[Step]:
    if len(group.gates) == 1:
        gate = group.gates[0]
        return [Dense(*gate) if isinstance(gate, Controlled) else _split(*gate)]
    wires = sorted(group.wires)
    place = {q: i for i, q in enumerate(wires)}
    result: Complex = np.eye(2 ** len(wires), dtype=np.complex128)
    for gate in group.gates:
        matrix, qubits = _whole(gate) if isinstance(gate, Controlled) else gate
        result = small(matrix, result, [place[q] for q in qubits])
    return [_split(result, tuple(wires))]


def _whole(gate: Controlled) -> Gate:
    """The matrix of a gate with its controls, on all its wires."""
    size = len(gate.matrix)
    count = len(gate.controls)
    matrix: Complex = np.eye(size << count, dtype=np.complex128)
    offset = sum(value << i for i, (_, value) in enumerate(gate.controls)) * size
    matrix[offset : offset + size, offset : offset + size] = gate.matrix
    return matrix, (*gate.targets, *(q for q, _ in gate.controls))


def _split(matrix: Complex, qubits: tuple[int, ...]) -> Dense:
    """Take off the wires that only control."""
    controls: list[tuple[int, int]] = []
    wires = list(qubits)
    for q in qubits:
        if len(wires) == 1:
            break
        j, k = wires.index(q), len(wires)
        view = matrix.reshape(2 ** (k - 1 - j), 2, 2**j, 2 ** (k - 1 - j), 2, 2**j)
        half = len(matrix) // 2
        if view[:, 0, :, :, 1].any() or view[:, 1, :, :, 0].any():
            continue
        parts = [view[:, v, :, :, v].reshape(half, half) for v in (0, 1)]
        for value in (0, 1):
            if np.array_equal(parts[1 - value], np.eye(half)):
                controls.append((q, value))
                wires.remove(q)
                matrix = parts[value]
                break
    return Dense(matrix, tuple(wires), tuple(controls))


def _tables(group: _Group) -> list[Step]:
    """Phases gathered into tables, each gate in the first that has room."""
    sets: list[set[int]] = []
    members: list[list[Gate]] = []
    for gate in group.gates:
        assert not isinstance(gate, Controlled)
        qubits = set(gate[1])
        for wires, inside in zip(sets, members):
            if len(wires | qubits) <= _TABLE:
                wires |= qubits
                inside.append(gate)
                break
        else:
            sets.append(set(qubits))
            members.append([gate])
    return [_table(sorted(wires), inside) for wires, inside in zip(sets, members)]


def _table(wires: list[int], gates: list[Gate]) -> Step:
    k = len(wires)
    place = {q: i for i, q in enumerate(wires)}
    table: Complex = np.ones(2**k, np.complex128)
    view = table.reshape((2,) * k)
    for matrix, qubits in gates:
        phases = matrix.diagonal().tolist()
        for index, phase in enumerate(phases):
            if phase != 1:
                part: list[Any] = [slice(None)] * k
                for j, q in enumerate(qubits):
                    part[k - 1 - place[q]] = index >> j & 1
                view[tuple(part)] *= phase
    return Diagonal(table, tuple(wires))


def _exchanges(where: dict[int, int]) -> list[Step]:
    """Swaps that bring every wire's state home, from the place where renaming left it."""
    place = dict(where)
    steps: list[Step] = []
    for wire in sorted(place):
        at = place[wire]
        if at == wire:
            continue
        steps.append(Swap(wire, at))
        # What was at `wire` belongs to another wire, and is now at `at`.
        other = next(w for w, p in place.items() if p == wire)
        place[wire], place[other] = wire, at
    return steps


# -- steps on a state ---------------------------------------------------------------------------------


def run(state: Complex, steps: Sequence[Step]) -> Complex:
    """Apply steps; returns the state, which may be the same array changed in place."""
    for step in steps:
        if isinstance(step, Dense):
            if step.controls:
                _controlled(state, step)
            else:
                state = apply(state, step.matrix, step.qubits)
        elif isinstance(step, Diagonal):
            _multiply(state, step)
        else:
            _exchange(state, step)
    return state


def _controlled(state: Complex, step: Dense) -> None:
    n = len(state).bit_length() - 1
    fixed = dict(step.controls)
    shape: list[int] = []
    index: list[Any] = []
    last = n
    for q in sorted(fixed, reverse=True):
        shape += [2 ** (last - 1 - q), 2]
        index += [slice(None), fixed[q]]
        last = q
    view = state.reshape(*shape, 2**last, state.shape[1])[tuple(index)]
    place = {q: i for i, q in enumerate(q for q in range(n) if q not in fixed)}
    # A copy of this part, at most half of the state, is contiguous.
    part = view.copy().reshape(2 ** len(place), state.shape[1])
    view[...] = apply(part, step.matrix, [place[q] for q in step.qubits]).reshape(view.shape)


def _multiply(state: Complex, step: Diagonal) -> None:
    n = len(state).bit_length() - 1
    inside = set(step.qubits)
    # Runs of wires that the table has or has not, the highest first.
    shape, table = [], []
    q = n - 1
    while q >= 0:
        low = q
        while low > 0 and ((low - 1) in inside) == (q in inside):
            low -= 1
        size = 2 ** (q - low + 1)
        shape.append(size)
        table.append(size if q in inside else 1)
        q = low - 1
    view = state.reshape(*shape, state.shape[1])
    view *= step.table.reshape(*table, 1)


def _exchange(state: Complex, step: Swap) -> None:
    n = len(state).bit_length() - 1
    low, high = sorted((step.a, step.b))
    view = state.reshape(2 ** (n - 1 - high), 2, 2 ** (high - low - 1), 2, 2**low * state.shape[1])
    kept = view[:, 0, :, 1].copy()
    view[:, 0, :, 1] = view[:, 1, :, 0]
    view[:, 1, :, 0] = kept
