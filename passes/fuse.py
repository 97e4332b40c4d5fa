"""Fuse runs of one-qubit gates into one gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qir.circuit import Circuit
from qir.columns import Columns, lengths
from qir.euler import PI, TOLERANCE, product_of_runs

from .base import Context
from .legs import Legs, as_gates, one_qubit_rows, quaternions
from .rewrite import Rewriter

__all__ = ["Fuse"]

_NEAR = 1e-6


@dataclass(frozen=True)
class Fuse:
    """Fuse every run of one-qubit gates on a wire into one `rz` or `u3`, and drop identities.

    A run of one gate stays as it is, unless it is the identity.  Symbolic angles end a run.
    Keeps: everything, exactly.  Idempotent.  Method: quaternion products of all runs at once.
    """

    name: ClassVar[str] = "fuse"
    inner: ClassVar[bool] = True
    idempotent: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        one = one_qubit_rows(circuit)
        legs = Legs(circuit)
        member = one[legs.op]
        starts = legs.starts(member)
        rows = legs.op[member]
        if not len(rows):
            return circuit
        heads = np.flatnonzero(starts[member])
        alone = np.zeros(len(rows), np.bool_)
        alone[heads] = lengths(heads, len(rows)) == 1
        # A run of one gate stays unless it is the identity, which only a first angle of nearly 0 can make it.
        alone &= np.abs(np.sin(circuit.columns.params[rows, 0] / 2)) > _NEAR
        open_ = np.flatnonzero(~alone)
        if not len(open_):
            return circuit
        rows, begins = rows[open_], starts[member][open_]
        run = np.cumsum(begins) - 1
        head = rows[begins]
        phase, quaternion = quaternions(circuit.columns.opcode[rows], circuit.columns.params[rows])
        product = product_of_runs(quaternion, run)
        identity = np.abs(product[:, 0]) > 1 - TOLERANCE**2
        identity[identity] = np.abs(product[identity, 1:]).max(axis=1) < TOLERANCE
        change = (np.bincount(run) > 1) | identity
        if not change.any():
            return circuit
        changed = change[run]
        rewriter = Rewriter(circuit)
        dropped = identity & (product[:, 0] < 0)
        rewriter.turn(phase[changed].sum() + PI * dropped.sum())
        stay = np.ones(len(circuit.columns), np.bool_)
        stay[rows[changed]] = False
        rewriter.keep(np.flatnonzero(stay))
        made = np.flatnonzero(change & ~identity)
        columns = Columns.empty(len(made))
        columns.opcode[:], columns.params[:] = as_gates(product[made])
        columns.qubits[:, 0] = circuit.columns.qubits[head[made], 0]
        columns.span[:] = circuit.columns.span[head[made]]
        rewriter.add(head[made], columns)
        old = None
        if context.journal is not None:
            old = np.arange(len(circuit.columns))
            old[rows] = head[run]
        return rewriter.finish(context, self.name, old)
