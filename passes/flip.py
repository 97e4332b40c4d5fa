"""Choose the signs of rzz angles by half turns about X around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import Columns, edges, lengths
from qir.euler import PI, TOLERANCE, product_of_runs, wrap
from qir.gates import opcode

from .base import Context
from .legs import Legs, Mask, axis_kinds, one_qubit_rows, quaternions
from .rewrite import Rewriter

__all__ = ["AlignFlips", "FoldAngles"]

Real = npt.NDArray[np.float64]
_RZZ = opcode("rzz")
_HALF_TURNS = np.array([0.0, PI / 2, PI, -PI / 2])


def numeric_rzz(circuit: Circuit) -> Mask:
    """Which rows are plain rzz with a number."""
    columns = circuit.columns
    result = (columns.opcode == _RZZ) & (columns.extra < 0)
    if columns.terms is not None:
        result &= ~columns.terms.any(axis=1)
    return result


def rewrite_rzz(circuit: Circuit, context: Context, name: str, rows: npt.NDArray[np.intp], theta: Real, flips: Mask,
                halves: Mask, phase: float) -> Circuit:  # fmt: skip
    """rzz rows with new angles, between x on the flipped legs (n, 2), followed by rz(pi) where `halves`; 0 is dropped."""
    rewriter = Rewriter(circuit)
    rewriter.phase = rewriter.phase + phase
    stay = np.ones(len(circuit.columns), np.bool_)
    stay[rows] = False
    rewriter.keep(np.flatnonzero(stay))
    qubits, span = circuit.columns.qubits[rows], circuit.columns.span[rows]
    for leg in (0, 1):
        chosen = flips[:, leg]
        rewriter.gates(rows[chosen], "x", qubits[chosen, leg], (), span[chosen])
    alive = theta != 0
    kept = circuit.columns.take(rows[alive])
    params = kept.params.copy()
    params[:, 0] = theta[alive]
    rewriter.add(rows[alive], Columns(kept.opcode, kept.qubits, params, kept.clbit, kept.extra, kept.span, kept.terms))
    for leg in (0, 1):
        chosen = flips[:, leg]
        rewriter.gates(rows[chosen], "x", qubits[chosen, leg], (), span[chosen])
    for leg in (0, 1):
        rewriter.gates(rows[halves], "rz", qubits[halves, leg], (PI,), span[halves])
    return rewriter.finish(context, name)


@dataclass(frozen=True)
class AlignFlips:
    """Turn rzz angles about so that one-qubit half turns (x, y) between them need not split a run of rzz.

    A gate that exchanges |0> and |1> on one leg of rzz(t) makes it rzz(-t): each rzz with an odd
    number of them before it, in the stretch of z-preserving gates it is in, is put between two x.
    Needs: one-qubit gates and rzz, fused.  To be followed by `Fuse`.  Keeps: everything, exactly.
    """

    name: ClassVar[str] = "align_flips"
    inner: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        one = one_qubit_rows(circuit)
        rows = np.flatnonzero(one)
        kind = np.zeros(len(circuit.columns), np.int8)  # 0 other, 1 diagonal, 2 exchanging
        kind[rows] = axis_kinds(circuit.columns.opcode[rows], circuit.columns.params[rows])
        if not (kind == 2).any():
            return circuit
        legs = Legs(circuit)
        rzz = (circuit.columns.opcode == _RZZ) & (circuit.columns.extra < 0)
        kind[rzz] = 1
        on_leg = kind[legs.op]
        stretch = np.cumsum(legs.first | (on_leg == 0))
        exchanged = np.cumsum(on_leg == 2)
        begin = np.flatnonzero(edges(stretch))
        base = exchanged[begin] - (on_leg[begin] == 2)
        odd = ((exchanged - np.repeat(base, lengths(begin, len(stretch)))) & 1).astype(np.bool_)
        is_rzz = rzz[legs.op]
        flips = np.zeros((len(circuit.columns), 2), np.bool_)
        flips[legs.op[is_rzz], legs.leg[is_rzz]] = odd[is_rzz]
        chosen = np.flatnonzero(flips.any(axis=1))
        if circuit.columns.terms is not None:
            chosen = chosen[~circuit.columns.terms[chosen].any(axis=1)]
        if not len(chosen):
            return circuit
        flip = flips[chosen]
        theta = circuit.columns.params[chosen, 0] * np.where(flip[:, 0] ^ flip[:, 1], -1.0, 1.0)
        return rewrite_rzz(circuit, context, self.name, chosen, theta, flip, np.zeros(len(chosen), np.bool_), 0.0)


@dataclass(frozen=True)
class FoldAngles:
    """Bring every rzz angle into (-pi/2, pi/2], and into (0, pi/2] where that is free.

    Half turns ZZ split off as rz(pi) on both wires; a negative angle is turned about by x before and
    after on one leg where that costs no pulse, with `positive` where it costs fewest, with `signed` never.
    Needs: one-qubit gates and rzz.  To be followed by `Fuse` or a lowering.  Keeps: everything, exactly.
    """

    name: ClassVar[str] = "fold_angles"
    signed: bool = False
    positive: bool = False

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        rows = np.flatnonzero(numeric_rzz(circuit))
        given = circuit.columns.params[rows, 0]
        theta = wrap(given, PI)
        turns = np.round((given - theta) / PI)
        outside = (theta != given) | (theta == 0)
        if not self.signed:
            outside |= theta < 0
        if not outside.any():
            return circuit
        odd = np.mod(turns, 2) != 0
        # exp(-i n pi/2 ZZ): a sign for even n, i sin(n pi/2) rz(pi) rz(pi) for odd n.
        phase = float(_HALF_TURNS[np.mod(turns, 4).astype(np.int64)].sum())
        flips = np.zeros((len(rows), 2), np.bool_)
        negative = np.flatnonzero(theta < 0)
        if len(negative) and not self.signed:
            flips[negative] = _choose(circuit, rows[negative], 2 if self.positive else 0)
        folded = np.where(flips.any(axis=1), -theta, theta)
        outside = (folded != given) | (folded == 0)
        if not outside.any():
            return circuit
        return rewrite_rzz(
            circuit, context, self.name, rows[outside], folded[outside], flips[outside], odd[outside], phase
        )


def _choose(circuit: Circuit, rows: npt.NDArray[np.intp], most: int) -> Mask:
    """The leg to flip per row, if it costs at most `most` pulses: one-qubit runs that keep or turn the z axis
    tie the signs of their neighbours together, other runs do not care."""
    legs = Legs(circuit)
    one = one_qubit_rows(circuit)
    member = one[legs.op]
    events = np.flatnonzero(~member)
    # Gap g lies before event g; one more per wire at its end is not needed for neighbours on the wire.
    gap_of = np.searchsorted(events, np.flatnonzero(member))
    begin_wire = legs.wire[events]
    new_wire = np.empty(len(events), np.bool_)
    new_wire[:1] = True
    new_wire[1:] = begin_wire[1:] != begin_wire[:-1]
    # Products of one-qubit runs; a run is cut where the wire changes.
    starts = legs.starts(member)[member]
    run = np.cumsum(starts) - 1
    hard_before = np.ones(len(events), np.int8)  # +1 keeps z, -1 turns it, 0 soft
    hard_last = np.ones(circuit.num_qubits, np.int8)
    if len(run):
        ops = legs.op[member]
        _, q = quaternions(circuit.columns.opcode[ops], circuit.columns.params[ops])
        product = product_of_runs(q, run)
        keeps = np.hypot(product[:, 1], product[:, 2]) < TOLERANCE
        turns = np.hypot(product[:, 0], product[:, 3]) < TOLERANCE
        kind = np.where(keeps, 1, np.where(turns, -1, 0)).astype(np.int8)
        gap = gap_of[starts]
        wire = legs.wire[member][starts]
        inside = gap < len(events)
        inside[inside] = begin_wire[gap[inside]] == wire[inside]
        hard_before[gap[inside]] = kind[inside]
        hard_last[wire[~inside]] = kind[~inside]
    # sign[e]: whether the event's leg is flipped (only rzz can be); neighbours before and after on the wire.
    last = np.empty(len(events), np.bool_)
    last[-1:] = True
    last[:-1] = new_wire[1:]
    event_at = np.full((len(circuit.columns), 3), -1, np.int64)
    narrow = legs.leg[events] < 3
    event_at[legs.op[events][narrow], legs.leg[events][narrow]] = np.flatnonzero(narrow)
    before, is_last = hard_before.tolist(), last.tolist()
    end = hard_last[begin_wire].tolist()
    flipped = [1] * len(events)
    result = np.zeros((len(rows), 2), np.bool_)
    places = event_at[rows, :2].tolist()

    def cost(e: int, sign: int) -> int:
        """How many pulses more a sign of event e needs than the other one."""
        total = before[e] * sign * (1 if e == 0 or begin[e] else flipped[e - 1])
        return total + (end[e] * sign if is_last[e] else before[e + 1] * sign * flipped[e + 1])

    begin = new_wire.tolist()
    for i, (a, b) in enumerate(places):
        more_a, more_b = cost(a, 1), cost(b, 1)
        if min(more_a, more_b) > most:
            continue
        leg = int(more_b < more_a)
        flipped[b if leg else a] = -1
        result[i, leg] = True
    return result
