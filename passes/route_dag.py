"""What the router sees of a circuit: nodes, and per wire the groups of nodes that commute on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, If
from qir.columns import BASIS, CONTROL, NUM_QUBITS, OPERATIONS, is_gate
from qir.euler import TOLERANCE, wrap
from qir.gates import NUM_GATES, opcode

__all__ = ["Flow", "entangling_cost", "flow"]

PI = np.pi

_CZ_COST: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("cx", "cy", "cz", "ch", "ecr"), (1, 2)),
    **dict.fromkeys(("iswap", "iswapdg", "dcx", "dcxdg"), (2, 1)),
    "swap": (3, 0),
}
_ROTATIONS = [opcode(name) for name in ("rzz", "rxx", "ryy", "rzx", "cp", "crx", "cry", "crz", "cs", "csdg", "csx", "csxdg")]
_COSTS = {opcode(name): cost for name, cost in _CZ_COST.items()}
"""Entangling gates of a two-qubit gate alone and together with a swap; (2, 3) for all others."""

_RZZ = opcode("rzz")
_ALONE = np.full(NUM_GATES, 2, np.int64)
for _code, (_alone, _) in _COSTS.items():
    _ALONE[_code] = _alone


def entangling_cost(circuit: Circuit, rows: npt.NDArray[np.integer[Any]], fractional: bool) -> npt.NDArray[np.int64]:
    """How many entangling gates plain two-qubit rows take one by one: cz, or with `fractional` also rzz."""
    columns = circuit.columns
    codes = columns.opcode[rows]
    result = _ALONE[codes]
    rotations = np.flatnonzero(codes == _RZZ)
    if len(rotations):
        theta = columns.params[rows[rotations], 0]
        halves = np.abs(np.asarray(wrap(theta, PI)))
        price = np.where(halves < TOLERANCE, 0, np.where(np.abs(halves - PI / 2) < TOLERANCE, 1, 2))
        if columns.terms is not None:
            price = np.where(columns.terms[rows[rotations]].any(axis=1), 2, price)
        result[rotations] = price
    if fractional:
        result = np.where((result == 2) & np.isin(codes, _ROTATIONS), 1, result)
    return result


@dataclass(frozen=True)
class Flow:
    """The order that routing has to keep.

    rows: the operation behind each node.    first, second: its program qubits; second is -1 for what
    may run anywhere.    cost, mirror: see `route_kernel.search`.    node_start, node_group and
    member_start, member: groups of a node and nodes of a group, by offsets.    before, after: the
    neighbouring group on the wire, -1 at the ends.    leading: one-qubit gates before any node.
    trailing: those that follow once a group is done.
    """

    rows: list[int]
    first: list[int]
    second: list[int]
    cost: list[int]
    mirror: list[int]
    node_start: list[int]
    node_group: list[int]
    member_start: list[int]
    member: list[int]
    before: list[int]
    after: list[int]
    leading: list[int]
    trailing: list[list[int]]

    @cached_property
    def pairs(self) -> dict[tuple[int, int], int]:
        """How often each pair (low, high) of program qubits meets."""
        counts: dict[tuple[int, int], int] = {}
        for a, b in zip(self.first, self.second):
            if b >= 0:
                key = (a, b) if a < b else (b, a)
                counts[key] = counts.get(key, 0) + 1
        return counts

    def waiting(self, *, backward: bool = False) -> list[int]:
        """Per node the number of its groups that are not yet current at the beginning."""
        gate = self.after if backward else self.before
        start, groups = self.node_start, self.node_group
        return [sum(1 for k in range(start[i], start[i + 1]) if gate[groups[k]] >= 0) for i in range(len(self.rows))]

    @cached_property
    def sizes(self) -> list[int]:
        """Members per group."""
        return [b - a for a, b in zip(self.member_start, self.member_start[1:])]


def flow(circuit: Circuit, fractional: bool) -> Flow:
    """The nodes and groups of a circuit.  Plain one-qubit gates are no nodes: they travel with their wire.

    With `fractional`, a rotation by any angle is one entangling gate.
    """
    costs = _COSTS | dict.fromkeys(_ROTATIONS, (1, 3)) if fractional else _COSTS
    columns = circuit.columns
    codes, qubits = columns.opcode.tolist(), columns.qubits.tolist()
    clbits, extras = columns.clbit.tolist(), columns.extra.tolist()
    basis = BASIS.tolist()
    widths = NUM_QUBITS.tolist()
    num_qubits = circuit.num_qubits
    num_wires = num_qubits + circuit.num_clbits
    unitary = is_gate(columns.opcode).tolist()
    everywhere = _ordering_codes(circuit)
    quarter = _quarter_turns(circuit)
    current, current_basis = [-1] * num_wires, [0] * num_wires
    rows: list[int] = []
    first: list[int] = []
    second: list[int] = []
    cost: list[int] = []
    mirror: list[int] = []
    node_start, node_group = [0], []
    members: list[list[int]] = []
    before: list[int] = []
    after: list[int] = []
    leading: list[int] = []
    trailing: list[list[int]] = []
    for row, code in enumerate(codes):
        extra = extras[row]
        plain = extra < 0 and code < NUM_GATES
        if plain and widths[code] <= 1:
            if widths[code] == 0:
                leading.append(row)
                continue
            wire = qubits[row][0]
            group = current[wire]
            (leading if group < 0 else trailing[group]).append(row)
            if basis[code][0] != current_basis[wire]:
                current_basis[wire] = 0
            continue
        if plain:
            legs = [q for q in qubits[row] if q >= 0]
            letters = basis[code]
        else:
            legs = list(circuit.operands(row))
            if clbits[row] >= 0:
                legs.append(num_qubits + clbits[row])
            if extra >= 0:
                legs += [num_qubits + c for c in circuit.extras[extra].clbits]
            if code in everywhere:
                legs = list(range(num_wires))
            letters = [0] * len(legs)
        node = len(rows)
        rows.append(row)
        pair = len(legs) == 2 and unitary[row]
        first.append(legs[0] if legs else -1)
        second.append(legs[1] if pair else -1)
        own = (1, 2) if row in quarter else (costs.get(code, (2, 3)) if pair else (0, 0))
        cost.append(own[0])
        mirror.append(own[1])
        for leg, wire in enumerate(legs):
            letter = letters[leg]
            group = current[wire]
            if group < 0 or letter == 0 or letter != current_basis[wire]:
                fresh = len(members)
                members.append([])
                trailing.append([])
                before.append(group)
                after.append(-1)
                if group >= 0:
                    after[group] = fresh
                current[wire] = group = fresh
                current_basis[wire] = letter
            members[group].append(node)
            node_group.append(group)
        node_start.append(len(node_group))
    member_start = [0]
    for found in members:
        member_start.append(member_start[-1] + len(found))
    member = [node for found in members for node in found]
    nodes = (rows, first, second, cost, mirror, node_start, node_group)
    return Flow(*nodes, member_start, member, before, after, leading, trailing)


def _quarter_turns(circuit: Circuit) -> set[int]:
    """Rows of rzz that are one cz and z rotations."""
    rows = np.flatnonzero((circuit.columns.opcode == _RZZ) & (circuit.columns.extra < 0))
    if not len(rows):
        return set()
    return set(rows[entangling_cost(circuit, rows, False) == 1].tolist())


def _ordering_codes(circuit: Circuit) -> set[int]:
    """Opcodes that keep their place among all operations: what reads or writes run-time variables."""
    classical = {OPERATIONS[n] for n in ("assign", "call", "break", "continue", "end", "return", "while", "for", "switch")}
    present = set(circuit.columns.opcode.tolist())
    reads = any(isinstance(e.payload, If) and e.payload.condition.variables for e in circuit.extras)
    if not reads and not present & classical:
        return set()
    return classical | set(CONTROL)
