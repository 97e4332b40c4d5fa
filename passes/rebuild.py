"""Rebuild runs of gates on one pair of qubits with the fewest rzz."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import Columns, edges
from qir.euler import PI, TOLERANCE, conjugate, multiply, product_of_runs, rotation, to_matrix
from qir.gates import opcode
from qir.kak import entanglers, kak, kron

from .base import Context
from .flip import numeric_rzz
from .legs import Legs, as_gates, one_qubit_rows, quaternions
from .rewrite import Rewriter

__all__ = ["RebuildPairs", "block_heads"]

Complex = npt.NDArray[np.complexfloating[Any, Any]]
Index = npt.NDArray[np.integer[Any]]
Real = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_RZZ = opcode("rzz")
_IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
_SAME = np.arange(3)
_NEVER = 100
_TO_Z = np.array([rotation(2, -PI / 2), rotation(1, PI / 2), _IDENTITY])
"""Rotations that bring the X, Y and Z axis to the z axis."""
_FROM_Z = conjugate(_TO_Z)
_BETWEEN = multiply(_TO_Z[None], _FROM_Z[:, None])
"""What lies between rzz about one axis and rzz about another: [before, after]."""


@dataclass(frozen=True)
class RebuildPairs:
    """Replace a run of rzz on one pair, with one-qubit gates between, by the fewest rzz that can do it.

    Only where that is fewer, or as few with fewer pulses between them.  Needs: one-qubit gates and rzz.
    To be followed by `Fuse`.  Keeps: everything, exactly.
    Method: batched KAK; as many rzz as there are coordinates that are not 0.
    """

    name: ClassVar[str] = "rebuild_pairs"
    inner: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        columns = circuit.columns
        legs = Legs(circuit)
        one = one_qubit_rows(circuit)
        heads, events = block_heads(circuit, legs, one)
        sizes = np.bincount(heads[heads >= 0], minlength=len(columns))
        chosen = np.flatnonzero((heads >= 0) & (sizes[heads] > 1))
        if not len(chosen):
            return circuit
        order = np.lexsort((chosen, heads[chosen]))
        rows = chosen[order]
        new = edges(heads[rows])
        block = np.cumsum(new) - 1
        first = rows[new]
        gaps, gap_block = _gaps(circuit, legs, one, events, rows, new, heads)
        inside_pulses = np.bincount(block, weights=_pulses(gaps[0]) + _pulses(gaps[1]))
        # Two rzz become one only when the gates between keep the z axis of a wire: the rest needs no KAK.
        worth = (sizes[first] > 2) | (inside_pulses > 2)
        for gap in gaps:
            turned = ~((np.hypot(gap[:, 1], gap[:, 2]) < TOLERANCE) | (np.hypot(gap[:, 0], gap[:, 3]) < TOLERANCE))
            worth |= np.bincount(block, weights=turned) == 0
        worth &= ~_settled(gaps, np.flatnonzero(new), sizes[first])
        if not worth.any():
            return circuit
        if not worth.all():
            kept = worth[block]
            rows, gaps = rows[kept], [gap[kept] for gap in gaps]
            gap_block = np.where(worth[np.searchsorted(first, gap_block) % len(first)], gap_block, -1)
            block = np.cumsum(new[kept]) - 1
            first, inside_pulses = first[worth], inside_pulses[worth]
        qubits = columns.qubits[first, :2]
        low, high = qubits.min(axis=1), qubits.max(axis=1)
        theta = columns.params[rows, 0]
        matrices = kron(to_matrix(gaps[0]), to_matrix(gaps[1]))
        half = np.exp(-0.5j * theta)
        matrices *= np.stack([half, half.conj(), half.conj(), half], 1)[:, :, None]
        found = kak(_products(matrices, block))
        count = entanglers(found.coordinates)
        # As many, but with fewer pulses between them: a rebuilt run has quarter turns there.
        better = (count < sizes[first]) | ((count == sizes[first]) & (inside_pulses > 2 * (count - 1)))
        if not better.any():
            return circuit
        rewriter = Rewriter(circuit)
        replaced = np.zeros(len(columns), np.bool_)
        replaced[rows[better[block]]] = True
        inner = np.flatnonzero(gap_block >= 0)
        owner = np.searchsorted(first, gap_block[inner])
        inside = better[owner]
        replaced[inner[inside]] = True
        phase, _ = quaternions(columns.opcode[inner[inside]], columns.params[inner[inside]])
        rewriter.turn(phase.sum() + found.phase[better].sum())
        rewriter.keep(np.flatnonzero(~replaced))
        self._emit(rewriter, columns, first[better], low[better], high[better], [f[better] for f in found[1:]])
        old = None
        if context.journal is not None:
            old = np.arange(len(columns))
            old[rows] = np.where(better[block], first[block], rows)
            old[inner[inside]] = gap_block[inner[inside]]
        return rewriter.finish(context, self.name, old)

    def _emit(self, rewriter: Rewriter, columns: Columns, label: Index, low: Any, high: Any, found: list[Real]) -> None:
        coordinates = found[0]
        left, right = np.stack(found[1:3]), np.stack(found[3:5])
        axes, count = _order(coordinates, left, right)
        every = np.arange(len(label))
        some = np.flatnonzero(count)
        final = axes[every, np.maximum(count - 1, 0)]
        opening = multiply(_TO_Z[axes[some, 0]], right[:, some])
        closing = multiply(left, _FROM_Z[final])
        bare = np.flatnonzero(count == 0)
        if len(bare):
            closing[:, bare] = multiply(left[:, bare], right[:, bare])
        # Per part the blocks, the wires, and quaternions, or None for rzz about an axis.
        parts: list[tuple[Index, Index, Real | None]] = []
        for place in range(3):
            mine = some if place == 0 else np.flatnonzero(count > place)
            if len(mine):
                gaps = opening if place == 0 else [_BETWEEN[axes[mine, place - 1], axes[mine, place]]] * 2
                parts += [(mine, low[mine], gaps[0]), (mine, high[mine], gaps[1]), (mine, low[mine], None)]
        parts += [(every, low, closing[0]), (every, high, closing[1])]
        # All of them at once, in this order under their labels.
        member = np.concatenate([part[0] for part in parts])
        single = np.repeat([part[2] is not None for part in parts], [len(part[0]) for part in parts])
        made = Columns.empty(len(member))
        made.qubits[:, 0] = np.concatenate([part[1] for part in parts])
        products = np.concatenate([part[2] for part in parts if part[2] is not None])
        identity = np.abs(products[:, 1:]).max(axis=1) < TOLERANCE
        rewriter.turn(PI * int((identity & (products[:, 0] < 0)).sum()))
        made.opcode[single], made.params[single] = as_gates(products)
        double = np.flatnonzero(~single)
        made.opcode[double] = _RZZ
        made.qubits[double, 1] = high[member[double]]
        at = np.concatenate([np.zeros(0, np.int64), *(np.full(int((count > k).sum()), k) for k in range(3))])
        made.params[double, 0] = -2 * coordinates[member[double], axes[member[double], at]]
        made.span[:] = columns.span[label][member]
        stay = np.ones(len(member), np.bool_)
        stay[single] = ~identity
        rewriter.add(label[member[stay]], made.take(np.flatnonzero(stay)))


def _order(coordinates: Real, left: Real, right: Real) -> tuple[Index, Index]:
    """The axes of the rzz of each block in order (n, 3), and how many they are.

    They commute: the first and the last are those for which the gates before and after them, given as quaternions
    (2, n, 4) on both wires, cost fewest pulses.
    """
    active = np.abs(coordinates) > TOLERANCE
    count = active.sum(axis=1)
    # A gate before rzz about an axis costs nothing up to z rotations when it takes z to that axis.
    price = _steps(_pole(right, 1.0))[:, :, None] + _steps(_pole(left, -1.0))[:, None, :]
    price[~active] = price.swapaxes(1, 2)[~active] = _NEVER
    price[:, _SAME, _SAME] += np.where(count > 1, _NEVER, 0)[:, None]
    axes = np.empty((len(count), 3), np.int64)
    first, last = np.divmod(price.reshape(-1, 9).argmin(axis=1), 3)
    axes[:, 0], axes[:, 2] = first, 3 - first - last
    axes[:, 1] = np.where(count == 3, axes[:, 2], last)
    axes[:, 2] = last
    return axes, count


def _pole(gates: Real, sign: float) -> Real:
    """Where quaternions (2, n, 4) take the z axis: (2, n, 3); with sign -1, where their inverses do."""
    w, x, y, z = gates[..., 0] * sign, gates[..., 1], gates[..., 2], gates[..., 3]
    result = np.empty((*w.shape, 3))
    result[..., 0], result[..., 1] = 2 * (x * z + w * y), 2 * (y * z - w * x)
    result[..., 2] = 2 * (w * w + z * z) - 1
    return result


def _steps(cosines: Real) -> npt.NDArray[np.int64]:
    """Pulses on both wires of gates that turn a pole by angles of these cosines (2, n, 3): (n, 3)."""
    pulses = np.where(np.abs(cosines) < TOLERANCE, 1, 2)
    pulses[cosines > 1 - TOLERANCE] = 0
    pulses[cosines < TOLERANCE - 1] = 1
    return np.asarray(pulses.sum(axis=0))


def block_heads(circuit: Circuit, legs: Legs, one: Any) -> tuple[Index, Index]:
    """Per row the first rzz of the run on one pair it belongs to (-1 for other rows), and the places of
    the legs that are not one-qubit gates."""
    columns = circuit.columns
    rzz = numeric_rzz(circuit)
    events = np.flatnonzero(~one[legs.op])
    op, wire = legs.op[events], legs.wire[events]
    before = np.full(len(events), -1, np.int64)
    same = wire[1:] == wire[:-1]
    before[1:][same] = op[:-1][same]
    previous = np.full((len(columns), 2), -1, np.int64)
    mine = rzz[op]
    previous[op[mine], legs.leg[events][mine]] = before[mine]
    link = np.where((previous[:, 0] == previous[:, 1]) & (previous[:, 0] >= 0) & rzz, previous[:, 0], -1)
    link[link >= 0] = np.where(rzz[link[link >= 0]], link[link >= 0], -1)
    heads = np.where(link >= 0, link, np.arange(len(columns)))
    while True:
        further = heads[heads]
        if np.array_equal(further, heads):
            break
        heads = further
    return np.where(rzz, heads, -1), events


def _gaps(circuit: Circuit, legs: Legs, one: Any, events: Index, rows: Index, new: Any,
          heads: Index) -> tuple[list[Real], Index]:  # fmt: skip
    """Quaternions before each member on its lower and higher wire (identity for heads), and per
    one-qubit row the head of the block it is inside, or -1."""
    columns = circuit.columns
    inner = np.full(len(columns), -1, np.int64)
    result = [np.tile(_IDENTITY, (len(rows), 1)) for _ in range(2)]
    slot = np.full(len(columns), -1, np.int64)
    slot[rows[~new]] = np.flatnonzero(~new)
    member = one[legs.op]
    places = np.flatnonzero(member)
    following = np.searchsorted(events, places)
    ok = following < len(events)
    places, following = places[ok], following[ok]
    target = events[following]
    ok = (legs.wire[target] == legs.wire[places]) & (slot[legs.op[target]] >= 0)
    places, target = places[ok], target[ok]
    if not len(places):
        return result, inner
    begin = edges(target)
    run = np.cumsum(begin) - 1
    ops = legs.op[places]
    _, q = quaternions(columns.opcode[ops], columns.params[ops])
    product = product_of_runs(q, run)
    at = target[begin]
    row = legs.op[at]
    side = (legs.wire[at] == columns.qubits[row, :2].max(axis=1)).astype(np.int64)
    for which in (0, 1):
        mine = side == which
        result[which][slot[row[mine]]] = product[mine]
    inner[ops] = heads[legs.op[target]]
    return result, inner


def _settled(gaps: list[Real], heads: Index, sizes: Index) -> Mask:
    """Which blocks are three rzz about three axes at right angles to each other, on both wires: none fewer will do."""
    result = np.zeros(len(heads), np.bool_)
    three = np.flatnonzero(sizes == 3)
    if len(three):
        second = heads[three] + 1
        result[three] = True
        for gap in gaps:
            for turned in (gap[second], gap[second + 1], multiply(gap[second + 1], gap[second])):
                square = turned * turned
                result[three] &= np.abs(square[:, 0] + square[:, 3] - 0.5) < TOLERANCE
    return result


def _pulses(gaps: Real) -> npt.NDArray[np.int64]:
    """Pulses of one-qubit unitaries up to z rotations: 0, 1, 1, 2 for polar angles 0, pi/2, pi, other."""
    square = gaps * gaps
    keeps, turns = square[..., 0] + square[..., 3], square[..., 1] + square[..., 2]
    whole = np.minimum(keeps, turns) < TOLERANCE**2 / 4
    single = whole | (np.abs(keeps - turns) < TOLERANCE)
    return np.where(whole & (turns < keeps), 0, np.where(single, 1, 2))


def _products(matrices: Complex, run: Index) -> Complex:
    """The product of each run of matrices, the first of a run applied first."""
    count = int(run[-1]) + 1
    while len(run) != count:
        head = edges(run)
        first = np.flatnonzero(head)
        odd = ((np.arange(len(run)) - first[run]) & 1).astype(np.bool_)
        late = np.flatnonzero(odd)
        merged = matrices[late] @ matrices[late - 1]
        keep = ~odd
        matrices = matrices[keep]
        matrices[(late - 1) - np.cumsum(odd)[late - 1]] = merged
        run = run[keep]
    return matrices
