"""Rebuild two-qubit blocks with fewer entangling gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import NAMES, NUM_PARAMS, NUM_QUBITS, distinct, edges
from qir.euler import PI, TOLERANCE, conjugate, multiply, to_matrix, wrap, zyz
from qir.gates import GATES, NUM_GATES, Row
from qir.kak import Kak, kak, kron
from qir.weyl import chamber, cz_count, cz_frames, cz_middle

from .base import Context
from .legs import Legs, one_qubit_rows, quaternions
from .rewrite import Rewriter
from .route_dag import entangling_cost

__all__ = ["Resynthesise"]

Complex = npt.NDArray[np.complexfloating[Any, Any]]
Index = npt.NDArray[np.integer[Any]]
Mask = npt.NDArray[np.bool_]
Real = npt.NDArray[np.float64]

_Piece = tuple[Index, Row]
"""One gate for some of the unitaries; its angles are arrays over those."""

_EXCHANGED = np.array([0, 2, 1, 3])


@dataclass(frozen=True)
class Resynthesise:
    """Replace every run of gates on one pair of qubits by the fewest cz that can do it, where that is fewer.

    Needs: nothing; gates with symbolic angles, on more qubits, or that are no gates end a run.
    Establishes: a run with numbers takes at most three entangling gates.  Never takes more of them than
    before.  A run that keeps its three cz is rebuilt too where that takes fewer one-qubit pulses (as far as can be
    seen: one-qubit runs should be fused).  Keeps: everything, exactly.  With fractional gates on the target
    the cost of a run is counted in rzz of any angle instead.
    Method: KAK of all runs at once (`qir.kak`, `qir.weyl`).
    """

    name: ClassVar[str] = "resynthesise"
    inner: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        fractional = context.target is not None and "rzz" in context.target.gates
        block, two = _blocks(circuit)
        rows = np.flatnonzero(block >= 0)
        if not len(rows):
            return circuit
        price = np.zeros(len(circuit.columns), np.int64)
        price[two] = entangling_cost(circuit, np.flatnonzero(two), fractional)
        heads, number = np.unique(block[rows], return_inverse=True)
        old = np.bincount(number, weights=price[rows]).astype(np.int64)
        candidate = old > 1
        if not candidate.any():
            return circuit
        rows = rows[candidate[number]]
        heads, number = np.unique(block[rows], return_inverse=True)
        old = old[candidate]
        order = np.lexsort((rows, number))
        rows, number = rows[order], number[order]
        unitaries = _products(_matrices(circuit, rows, circuit.columns.qubits[heads[number], :2]), number)
        found = chamber(kak(unitaries))
        if fractional:
            new = (np.abs(found.coordinates) > 1e-9).sum(axis=1)
        else:
            new = cz_count(found.coordinates)
        tried = new < old
        if not fractional:
            tried |= (new == 3) & (old == 3)
        better = np.flatnonzero(tried)
        if not len(better):
            return circuit
        pieces, phase, good = _synthesise(unitaries[better], _take(found, better), new[better], fractional)
        if not fractional:
            single = NUM_QUBITS[circuit.columns.opcode[rows]] == 1
            _, turned = quaternions(circuit.columns.opcode[rows[single]], circuit.columns.params[rows[single]])
            spent = np.bincount(number[single], weights=_pulses(zyz(turned)[0]), minlength=len(heads))
            takes = np.zeros(len(better))
            for chosen, (name, values, _) in pieces:
                takes[chosen] += 1.0 if name == "h" else (_pulses(np.asarray(values[0])) if name in ("u3", "rx", "ry") else 0.0)
            good = good & ((new < old)[better] | (takes - 2 < spent[better]))
        replaced = np.zeros(len(heads), np.bool_)
        replaced[better[good]] = True
        return self._write(circuit, context, block, heads, better, pieces, phase, replaced)

    def _write(self, circuit: Circuit, context: Context, block: Index, heads: Index, better: Index, pieces: list[_Piece],
               phase: Real, replaced: Mask) -> Circuit:  # fmt: skip
        rewriter = Rewriter(circuit)
        gone = (block >= 0) & np.isin(block, heads[replaced])
        rewriter.keep(np.flatnonzero(~gone))
        pairs, spans = circuit.columns.qubits[heads, :2], circuit.columns.span[heads]
        for chosen, (name, values, operands) in pieces:
            mine = better[chosen]
            good = replaced[mine]
            angles = [np.broadcast_to(v, len(mine))[good] for v in values]
            rewriter.gates(heads[mine][good], name, pairs[mine][good][:, list(operands)], angles, spans[mine][good])
        rewriter.turn(phase[replaced[better]].sum())
        old = None
        if context.journal is not None:
            old = np.where(gone, block, np.arange(len(block)))
        return rewriter.finish(context, self.name, old)


def _pulses(theta: Real) -> Real:
    """One-qubit pulses of gates with this polar angle: none when diagonal, one for a quarter or half turn, else two."""
    quarter = np.abs(np.asarray(wrap(theta, PI / 2))) < TOLERANCE
    diagonal = np.abs(np.asarray(wrap(theta, 2 * PI))) < TOLERANCE
    return np.asarray(np.where(diagonal, 0.0, np.where(quarter, 1.0, 2.0)))


def _take(found: Kak, rows: Index) -> Kak:
    return Kak(*(values[rows] for values in found))


def _blocks(circuit: Circuit) -> tuple[Index, Mask]:
    """Per row the first two-qubit gate of the run it belongs to, or -1; and which rows are such gates."""
    columns = circuit.columns
    count = len(columns)
    two = (columns.opcode < NUM_GATES) & (columns.extra < 0)
    two[two] = NUM_QUBITS[columns.opcode[two]] == 2
    if columns.terms is not None:
        two &= ~columns.terms.any(axis=1)
    block = np.full(count, -1, np.int64)
    if not two.any():
        return block, two
    one = one_qubit_rows(circuit)
    legs = Legs(circuit)
    size = len(legs.op)
    event = ~one[legs.op]
    index = np.arange(size)
    begin = circuit.wires.start[legs.wire]
    end = circuit.wires.start[legs.wire + 1]
    # The nearest leg before (after) that is not a one-qubit gate, on the same wire.
    latest = np.maximum.accumulate(np.where(event, index, -1))
    before = np.empty(size, np.int64)
    before[0] = -1
    before[1:] = latest[:-1]
    before[before < begin] = -1
    nearest = np.minimum.accumulate(np.where(event, index, size)[::-1])[::-1]
    after = np.where(nearest < end, nearest, -1)
    previous = np.where(before >= 0, legs.op[before], -1)
    following = np.where(after >= 0, legs.op[after], -1)
    mine = event & two[legs.op]
    by_leg = np.full((count, 2), -1, np.int64)
    by_leg[legs.op[mine], legs.leg[mine]] = previous[mine]
    joined = two & (by_leg[:, 0] >= 0) & (by_leg[:, 0] == by_leg[:, 1])
    joined[joined] = two[by_leg[joined, 0]]
    parent = np.arange(count)
    parent[joined] = by_leg[joined, 0]
    while True:
        further = parent[parent]
        if np.array_equal(further, parent):
            break
        parent = further
    block[two] = parent[two]
    single = ~event
    back, ahead = previous[single], following[single]
    has_back = (back >= 0) & two[back]
    has_ahead = (ahead >= 0) & two[ahead]
    block[legs.op[single]] = np.where(has_back, parent[back], np.where(has_ahead, parent[ahead], -1))
    return block, two


def _matrices(circuit: Circuit, rows: Index, pairs: Index) -> Complex:
    """Each row as a 4 x 4 matrix on its pair."""
    columns = circuit.columns
    codes = columns.opcode[rows]
    result = np.empty((len(rows), 4, 4), np.complex128)
    single = np.flatnonzero(NUM_QUBITS[codes] == 1)
    if len(single):
        phase, quaternion = quaternions(codes[single], columns.params[rows[single]])
        small = to_matrix(quaternion) * np.exp(1j * phase)[:, None, None]
        low = columns.qubits[rows[single], 0] == pairs[single, 0]
        identity = np.broadcast_to(np.eye(2), small.shape)
        result[single] = kron(np.where(low[:, None, None], small, identity), np.where(low[:, None, None], identity, small))
    for code in distinct(codes[NUM_QUBITS[codes] == 2]).tolist():
        mine = np.flatnonzero(codes == code)
        values = columns.params[rows[mine]]
        found = GATES[NAMES[code]].matrix(*(values[:, i] for i in range(int(NUM_PARAMS[code]))))
        found = np.broadcast_to(found, (len(mine), 4, 4))
        turned = columns.qubits[rows[mine], 0] != pairs[mine, 0]
        exchanged = found[:, _EXCHANGED][:, :, _EXCHANGED]
        result[mine] = np.where(turned[:, None, None], exchanged, found)
    return result


def _products(matrices: Complex, run: Index) -> Complex:
    """The product of each run of matrices, the first of a run applied first; `run` ascends without gaps."""
    values, count = matrices, int(run[-1]) + 1
    while len(run) != count:
        first = np.flatnonzero(edges(run))
        odd = ((np.arange(len(run)) - first[run]) & 1).astype(np.bool_)
        late = np.flatnonzero(odd)
        merged = values[late] @ values[late - 1]
        values = values[~odd]
        values[(late - 1) - np.cumsum(odd)[late - 1]] = merged
        run = run[~odd]
    return values


def _synthesise(unitaries: Complex, found: Kak, count: Index, fractional: bool) -> tuple[list[_Piece], Real, Mask]:
    """Rows on operands 0 and 1 for groups of the unitaries, the phases they lack, and where they are right."""
    size = len(unitaries)
    built = np.empty((size, 4, 4), np.complex128)
    pieces: list[_Piece] = []
    left, right = ([side.copy() for side in sides] for sides in ((found.left0, found.left1), (found.right0, found.right1)))
    for number in distinct(count).tolist():
        mine = np.flatnonzero(count == number)
        coordinates = found.coordinates[mine]
        if fractional:
            middle: tuple[Row, ...] = tuple(
                (name, (-2 * coordinates[:, axis],), (0, 1)) for axis, name in enumerate(("rxx", "ryy", "rzz")[:number])
            )
        else:
            middle = cz_middle(coordinates, number)
            frames = cz_frames(number)
            for k, (after, before) in enumerate(((frames.left0, frames.right0), (frames.left1, frames.right1))):
                left[k][mine] = multiply(left[k][mine], conjugate(after))
                right[k][mine] = multiply(conjugate(before), right[k][mine])
        built[mine] = _matrix(middle, len(mine))
        pieces += [(mine, row) for row in middle]
    whole = kron(to_matrix(left[0]), to_matrix(left[1])) @ built @ kron(to_matrix(right[0]), to_matrix(right[1]))
    overlap = np.einsum("nij,nij->n", whole.conj(), unitaries) / 4
    good = np.abs(np.abs(overlap) - 1) < 1e-11
    everything = np.arange(size)
    first: list[_Piece] = [(everything, ("u3", zyz(right[k]), (k,))) for k in (0, 1)]
    last: list[_Piece] = [(everything, ("u3", zyz(left[k]), (k,))) for k in (0, 1)]
    return first + pieces + last, np.angle(overlap), np.asarray(good)


def _matrix(rows: Sequence[Row], size: int) -> Complex:
    """The unitaries (size, 4, 4) of rows whose angles are arrays (size,)."""
    result: Complex = np.broadcast_to(np.eye(4, dtype=np.complex128), (size, 4, 4))
    identity = np.broadcast_to(np.eye(2, dtype=np.complex128), (size, 2, 2))
    for name, values, operands in rows:
        gate = GATES[name]
        matrix = np.broadcast_to(gate.matrix(*values), (size, 2**gate.num_qubits, 2**gate.num_qubits))
        if gate.num_qubits == 1:
            matrix = kron(matrix, identity) if operands == (0,) else kron(identity, matrix)
        result = matrix @ result
    return result
