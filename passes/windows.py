"""Windows on a few qubits: runs of rzz, with one-qubit gates between, that can be drawn together and replaced as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.euler import PI, TOLERANCE, multiply
from qir.instantiate import Angles, pairs

from .flip import numeric_rzz
from .legs import Legs, one_qubit_rows, quaternions

__all__ = ["Window", "contracted", "find_windows"]

Index = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Window:
    """`wires` ascending; `rows` of its rzz; `inner`: rows of the one-qubit gates between them; their circuit as
    `shape` (k,) and `angles` of one (see `qir.instantiate`), and the phase that circuit lacks."""

    wires: tuple[int, ...]
    rows: tuple[int, ...]
    inner: tuple[int, ...]
    shape: tuple[int, ...]
    angles: Angles
    phase: float

    @property
    def all_rows(self) -> tuple[int, ...]:
        return self.rows + self.inner


_REACH = 500
"""So many gates after its first a window may reach."""

_Event = tuple[int, tuple[int, ...], bool]
"""Row, operands, and whether it is an rzz with a number."""


def find_windows(circuit: Circuit, width: int, most: int, *, quarter: bool = False) -> list[Window]:
    """For every rzz the windows on `width` wires that it begins: with each of the wires that its own next meet, and theirs.

    Windows end after `most` rzz; those inside a longer one are left out.  Only on connected wires, all of them used.
    quarter: only of rzz by a quarter turn (cz).
    """
    one = one_qubit_rows(circuit)
    rzz = numeric_rzz(circuit)
    if quarter:
        rzz &= np.abs(np.abs(circuit.columns.params[:, 0]) - PI / 2) < TOLERANCE
    # A walk over the gates after each rzz, in plain lists: what it may take depends on all it met before.
    events: list[_Event] = [(r, tuple(circuit.operands(r)), bool(rzz[r])) for r in np.flatnonzero(~one).tolist()]
    found: dict[tuple[tuple[int, ...], int], list[int]] = {}
    for begin, (_, operands, fits) in enumerate(events):
        if not fits:
            continue
        todo: list[frozenset[int]] = [frozenset(operands)]
        seen = set(todo)
        while todo:
            wires = todo.pop()
            taken, others = _grow(events, begin, wires, most)
            if len(wires) < width:
                wider = [wires | {other} for other in others]
                todo.extend(w for w in wider if w not in seen)
                seen.update(wider)
                continue
            if len({q for i in taken for q in events[i][1]}) == width:
                key = (tuple(sorted(wires)), taken[-1])
                if len(taken) > len(found.get(key, ())):
                    found[key] = taken
    facts = _Facts(circuit, one)
    return [facts.window(wires, [events[i][0] for i in taken]) for (wires, _), taken in found.items()]


def _grow(events: Sequence[_Event], begin: int, wires: frozenset[int], most: int) -> tuple[list[int], list[int]]:
    """The events of the window on some wires that begins with one, and the wires that could be added to it."""
    taken: list[int] = []
    others: list[int] = []
    started: set[int] = set()
    closed: set[int] = set()
    after: set[int] = set()  # Wires outside that depend on the window.
    for index in range(begin, min(len(events), begin + _REACH)):
        _, operands, fits = events[index]
        inside = [q for q in operands if q in wires]
        if not inside:
            if not after.isdisjoint(operands):
                after.update(operands)
            continue
        if fits and len(inside) == 2 and closed.isdisjoint(operands):
            taken.append(index)
            started.update(operands)
            if len(taken) == most:
                break
            continue
        if started.isdisjoint(operands) and closed.isdisjoint(operands) and after.isdisjoint(operands):
            continue
        other = next((q for q in operands if q not in wires), -1)
        if fits and len(inside) == 1 and inside[0] in started and inside[0] not in closed and other not in after:
            others.append(other)
        closed.update(inside)
        after.update(q for q in operands if q not in wires)
        if len(wires) - len(closed) < 2:
            break
    return taken, others


class _Facts:
    """What is looked up of a circuit for its windows."""

    def __init__(self, circuit: Circuit, one: npt.NDArray[np.bool_]) -> None:
        columns = circuit.columns
        legs = Legs(circuit)
        self.circuit = circuit
        self.qubits = columns.qubits.tolist()
        self.theta = columns.params[:, 0]
        self.one = one.tolist()
        self.op = legs.op.tolist()
        self.place = {(row, wire): i for i, (row, wire) in enumerate(zip(self.op, legs.wire.tolist()))}
        self.phase = np.zeros(len(columns))
        self.quaternion = np.zeros((len(columns), 4))
        singles = np.flatnonzero(one)
        self.phase[singles], self.quaternion[singles] = quaternions(columns.opcode[singles], columns.params[singles])

    def window(self, wires: tuple[int, ...], rows: list[int]) -> Window:
        local = {w: i for i, w in enumerate(wires)}
        number = {(int(a), int(b)): i for i, (a, b) in enumerate(pairs(len(wires)))}
        gates = np.zeros((1, len(rows) + 1, len(wires), 4))
        gates[..., 0] = 1.0
        shape: list[int] = []
        inner: list[int] = []
        touched: set[int] = set()
        layer = dict.fromkeys(wires, 0)
        for step, row in enumerate(rows):
            a, b, _ = self.qubits[row]
            x, y = sorted((local[a], local[b]))
            shape.append(number[x, y])
            for wire in (a, b):
                if wire in touched:
                    # Back along the wire to the rzz before.
                    place = self.place[row, wire] - 1
                    product = gates[0, layer[wire], local[wire]]
                    while self.one[self.op[place]]:
                        product = multiply(product, self.quaternion[self.op[place]])
                        inner.append(self.op[place])
                        place -= 1
                    gates[0, layer[wire], local[wire]] = product
                touched.add(wire)
                layer[wire] = step + 1
        angles = Angles(gates, self.theta[rows][None].copy())
        phase = float(self.phase[inner].sum())
        return Window(wires, tuple(rows), tuple(inner), tuple(shape), angles, phase)


def contracted(circuit: Circuit, groups: Sequence[Sequence[int]]) -> Index | None:
    """A number per row that never falls along a wire, the same for all rows of a group and for no others.

    None when there is none: when one group would have to come both before and after another.
    """
    count = len(circuit.columns)
    node = list(range(count))
    for group in groups:
        head = min(group)
        for row in group:
            node[row] = head
    wires = circuit.wires
    op, wire = np.asarray(node)[wires.op], wires.wire
    follows = (wire[1:] == wire[:-1]) & (op[1:] != op[:-1])
    later: list[list[int]] = [[] for _ in range(count)]
    waits = [0] * count
    for a, b in zip(op[:-1][follows].tolist(), op[1:][follows].tolist()):
        later[a].append(b)
        waits[b] += 1
    ready = [n for n in range(count) if node[n] == n and not waits[n]]
    heapify(ready)
    rank = np.full(count, -1, np.int64)
    done = 0
    while ready:
        n = heappop(ready)
        rank[n] = done
        done += 1
        for m in later[n]:
            waits[m] -= 1
            if not waits[m]:
                heappush(ready, m)
    if done < sum(1 for n in range(count) if node[n] == n):
        return None
    return rank[node]
