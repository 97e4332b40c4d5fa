"""Merge rotations that commute past everything between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import DIAGONAL, NUM_QUBITS, Columns
from qir.euler import PI, wrap
from qir.gates import NUM_GATES, opcode
from qir.params import Angle

from .base import Context
from .legs import Legs
from .rewrite import Rewriter

__all__ = ["MergeRotations"]

Index = npt.NDArray[np.integer[Any]]
# exp(-i n pi/2 ZZ) over Z Z or 1, for n modulo 4; Z is i Rz(pi).
_HALF_TURNS = np.array([0.0, PI / 2, PI, -PI / 2])
_RZ, _RZZ = opcode("rz"), opcode("rzz")


@dataclass(frozen=True)
class MergeRotations:
    """Merge rz on one wire and rzz on one pair when only diagonal gates lie between, any number of them.

    Symbolic angles merge too.  rzz of a half turn becomes rz(pi) on both wires; zero angles vanish.
    Needs: one-qubit gates and rzz (others are kept and stop a stretch).  Keeps: everything, exactly.
    Method: wires are cut into stretches of diagonal gates, numbered once; gates with equal
    stretches on all legs commute with all between them (Qiskit's commutation analysis, in bulk).
    """

    name: ClassVar[str] = "merge_rotations"
    inner: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        columns = circuit.columns
        code = columns.opcode
        plain = (code < NUM_GATES) & (columns.extra < 0)
        diagonal = plain.copy()
        diagonal[diagonal] = DIAGONAL[code[diagonal]]
        rotations = plain & ((code == _RZ) | (code == _RZZ))
        if not rotations.any():
            return circuit
        legs = Legs(circuit)
        stretch = np.cumsum(legs.first | ~diagonal[legs.op])
        at = np.zeros((len(code), 2), np.int64)
        mine = rotations[legs.op]
        at[legs.op[mine], legs.leg[mine]] = stretch[mine]
        rows = np.flatnonzero(rotations)
        at = np.sort(at[rows], axis=1)
        key = at[:, 0] * (len(stretch) + 1) + at[:, 1]
        order = np.argsort(key, kind="stable")
        new = np.empty(len(rows), np.bool_)
        new[:1] = True
        new[1:] = key[order][1:] != key[order][:-1]
        group = np.cumsum(new) - 1
        heads = rows[order][new]
        sums = np.bincount(group, weights=columns.params[rows[order], 0])
        sizes = np.bincount(group)
        terms = np.zeros(len(heads), np.bool_)
        if columns.terms is not None:
            np.logical_or.at(terms, group, columns.terms[rows[order], 0] != 0)
        theta = wrap(sums, 4 * PI)
        pair = NUM_QUBITS[code[heads]] == 2
        # A sum that is a multiple of pi on a pair, of 2 pi on a wire, needs no rotation.
        period = np.where(pair, PI, 2 * PI)
        left = theta - period * np.round(theta / period)
        empty = (np.abs(left) < 1e-9) & ~terms
        change = (sizes > 1) | empty
        if not change.any():
            return circuit
        changed_rows = change[group]
        rewriter = Rewriter(circuit)
        stay = np.ones(len(code), np.bool_)
        stay[rows[order][changed_rows]] = False
        rewriter.keep(np.flatnonzero(stay))
        head_qubits, head_span = columns.qubits[heads], columns.span[heads]
        turns = np.round(theta / period).astype(np.int64)
        odd = change & empty & pair & (np.mod(turns, 2) != 0)
        phase = np.where(pair, _HALF_TURNS[turns % 4], np.where(turns % 2 != 0, PI, 0.0))
        rewriter.phase = rewriter.phase + float(phase[change & empty].sum())
        for leg in (0, 1):
            rewriter.gates(heads[odd], "rz", head_qubits[odd, leg], (PI,), head_span[odd])
        alive = np.flatnonzero(change & ~empty)
        made = Columns.empty(len(alive), symbolic=bool(terms[alive].any()))
        made.opcode[:] = code[heads[alive]]
        made.qubits[:] = head_qubits[alive]
        made.params[:, 0] = np.where(terms[alive], sums[alive], theta[alive])
        made.span[:] = head_span[alive]
        if made.terms is not None:
            self._symbols(rewriter, circuit, rows[order], group, alive, terms, made)
        rewriter.add(heads[alive], made)
        if context.journal is None:
            return rewriter.finish(context, self.name)
        # First bring the merged ones together, then merge.
        label = np.arange(len(code))
        label[rows[order]] = np.where(changed_rows, heads[group], rows[order])
        sequence = np.argsort(label, kind="stable")
        moved = circuit.with_columns(columns.take(sequence))
        context.journal.reorder(self.name, circuit, moved, sequence)
        after = rewriter.finish(replace(context, journal=None), self.name)
        context.journal.windows(self.name, moved, after, label[sequence], rewriter.labels)
        return after

    def _symbols(self, rewriter: Rewriter, circuit: Circuit, rows: Index, group: Index, alive: Index, terms: Any,
                 made: Columns) -> None:  # fmt: skip
        """Sums of symbolic angles; made.params and made.terms are filled in."""
        assert circuit.columns.terms is not None and made.terms is not None
        totals: dict[int, Angle] = {}
        wanted = terms & (np.bincount(group) > 0)
        for row, number in zip(rows.tolist(), group.tolist()):
            if wanted[number]:
                totals[number] = totals.get(number, Angle()) + circuit.row_angles(row)[0]
        for i, number in enumerate(alive.tolist()):
            if number in totals:
                made.params[i, 0] = totals[number].constant
                made.terms[i, 0] = rewriter.term(totals[number])
