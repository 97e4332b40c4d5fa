"""Change the entangler: rzz to rxx for machines with a Molmer-Sorensen gate; one-qubit gates to IonQ's QIS names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qir.circuit import Circuit
from qir.columns import Columns
from qir.euler import PI, TOLERANCE, wrap, zyz
from qir.gates import GATES, opcode

from .base import Context
from .legs import one_qubit_rows, quaternions
from .rewrite import Rewriter

__all__ = ["LowerQis", "RzzToRxx"]

_RZZ = opcode("rzz")
_QIS = [name for name, g in GATES.items() if g.ionq is not None]
_IS_QIS = np.zeros(1024, np.bool_)
_IS_QIS[[opcode(n) for n in _QIS]] = True
_FIXED = [name for name in _QIS if GATES[name].num_qubits == 1 and GATES[name].num_params == 0]
_NAMED = np.concatenate([quaternions(np.array([opcode(n)]), np.zeros((1, 3)))[1] for n in _FIXED])
_NAMED_PHASE = np.concatenate([quaternions(np.array([opcode(n)]), np.zeros((1, 3)))[0] for n in _FIXED])
_NAMED_CODE = np.array([opcode(n) for n in _FIXED], np.int32)


@dataclass(frozen=True)
class RzzToRxx:
    """Write rzz(t) as rxx(t) between h on both wires.  To be followed by a lowering.  Keeps: everything, exactly."""

    name: ClassVar[str] = "rzz_to_rxx"

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        rows = np.flatnonzero((circuit.columns.opcode == _RZZ) & (circuit.columns.extra < 0))
        if not len(rows):
            return circuit
        rewriter = Rewriter(circuit)
        stay = np.ones(len(circuit.columns), np.bool_)
        stay[rows] = False
        rewriter.keep(np.flatnonzero(stay))
        taken = circuit.columns.take(rows)
        middle = Columns(np.full(len(rows), opcode("rxx"), np.int32), taken.qubits, taken.params, taken.clbit, taken.extra,
                         taken.span, taken.terms)  # fmt: skip
        for part in (0, 1, 2):
            if part == 1:
                rewriter.add(rows, middle)
                continue
            for leg in (0, 1):
                rewriter.gates(rows, "h", taken.qubits[:, leg], (), taken.span)
        return rewriter.finish(context, self.name)


@dataclass(frozen=True)
class LowerQis:
    """Write one-qubit gates as IonQ QIS gates: a named gate where one fits, else rz ry rz without zero angles.

    Needs: one- and two-qubit gates; two-qubit gates of the QIS set stay.  Keeps: everything, exactly.  Idempotent.
    """

    name: ClassVar[str] = "lower_qis"
    idempotent: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        columns = circuit.columns
        rows = np.flatnonzero(one_qubit_rows(circuit) & ~_IS_QIS[np.minimum(columns.opcode, 1023)])
        if not len(rows):
            return circuit
        phase, q = quaternions(columns.opcode[rows], columns.params[rows])
        overlap = q @ _NAMED.T
        best = np.abs(overlap).argmax(axis=1)
        n = np.arange(len(rows))
        value = overlap[n, best]
        close = np.abs(q - np.sign(value)[:, None] * _NAMED[best]).max(axis=1) < TOLERANCE
        identity = np.abs(q[:, 1:]).max(axis=1) < TOLERANCE
        named = close & ~identity
        total = phase - np.where(named, _NAMED_PHASE[best], 0.0)
        total = total + np.where(named, np.where(value < 0, PI, 0.0), np.where(identity & (q[:, 0] < 0), PI, 0.0))
        rewriter = Rewriter(circuit)
        stay = np.ones(len(columns), np.bool_)
        stay[rows] = False
        rewriter.keep(np.flatnonzero(stay))
        target, span = columns.qubits[rows, 0], columns.span[rows]
        picked = np.flatnonzero(named)
        made = Columns.empty(len(picked))
        made.opcode[:] = _NAMED_CODE[best[picked]]
        made.qubits[:, 0] = target[picked]
        made.span[:] = span[picked]
        rewriter.add(rows[picked], made)
        rest = np.flatnonzero(~named & ~identity)
        theta, phi, lam = zyz(q[rest])
        # A rotation about x alone reads better so.
        pure = np.hypot(q[rest, 2], q[rest, 3]) < TOLERANCE
        angle_x = 2 * np.arctan2(q[rest, 1], q[rest, 0])
        rewriter.gates(rows[rest[pure]], "rx", target[rest[pure]], (angle_x[pure],), span[rest[pure]])
        other = rest[~pure]
        theta, phi, lam = theta[~pure], phi[~pure], lam[~pure]
        flat = theta == 0
        phi, lam = np.where(flat, phi + lam, phi), np.where(flat, 0.0, lam)
        for name, value in (("rz", lam), ("ry", theta), ("rz", phi)):
            needed = np.abs(value) > TOLERANCE
            short = wrap(value, 4 * PI)
            rewriter.gates(rows[other[needed]], name, target[other[needed]], (short[needed],), span[other[needed]])
        rewriter.turn(total.sum())
        return rewriter.finish(context, self.name)
