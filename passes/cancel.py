"""Cancel pairs of neighbouring gates that are each other's inverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qir.circuit import Circuit
from qir.columns import NUM_QUBITS, SYMMETRIC
from qir.gates import GATES, NUM_GATES, opcode

from .base import Context
from .legs import Legs
from .rewrite import Rewriter

__all__ = ["CancelInverses"]

_CCX = opcode("ccx")
_LARGE = 10_000
_INVERSE = np.full(1024, -1, np.int32)
for _code, _gate in enumerate(GATES.values()):
    if _gate.num_params == 0:
        _INVERSE[_code] = opcode(_gate.inverse)


@dataclass(frozen=True)
class CancelInverses:
    """Cancel gates on several qubits without angles that directly follow their inverse on all wires.

    Nested pairs go in rounds, as long as a round still removes a hundredth of a large circuit; rows with
    modifiers stay, one-qubit gates are for `Fuse`.  Keeps: everything, exactly.
    """

    name: ClassVar[str] = "cancel_inverses"
    inner: ClassVar[bool] = True
    rounds: int = 16

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        for _ in range(self.rounds):
            after = self._round(circuit, context)
            gone = len(circuit.columns) - len(after.columns)
            circuit = after
            if gone == 0 or gone * 100 < len(after.columns) > _LARGE:
                break
        return circuit

    def _round(self, circuit: Circuit, context: Context) -> Circuit:
        columns = circuit.columns
        count = len(columns)
        codes = np.minimum(columns.opcode, 1023)
        able = (columns.opcode < NUM_GATES) & (columns.extra < 0) & (_INVERSE[codes] >= 0) & (columns.qubits[:, 1] >= 0)
        if not able.any():
            return circuit
        legs = Legs(circuit)
        # The operation that follows on the wire of each leg.
        following = np.full((count, 3), -2, np.int64)
        next_op = np.append(legs.op[1:], -1)
        next_op[np.append(legs.first[1:], True)] = -1
        plain = able[legs.op]
        following[legs.op[plain], legs.leg[plain]] = next_op[plain]
        rows = np.flatnonzero(able & (following[:, 0] >= 0))
        mate = following[rows, 0]
        rows, mate = rows[able[mate]], mate[able[mate]]
        if not len(rows):
            return circuit
        ok = (_INVERSE[codes[rows]] == columns.opcode[mate])
        width = NUM_QUBITS[columns.opcode[rows]]
        ok &= ((following[rows] == mate[:, None]) | (following[rows] == -2)).all(axis=1)
        ok &= width == NUM_QUBITS[columns.opcode[mate]]
        rows, mate = rows[ok], mate[ok]
        first, second = columns.qubits[rows], columns.qubits[mate]
        same = (first == second).all(axis=1)
        # Operands may be exchanged where the gate says so (on three qubits the first two of ccx).
        code = columns.opcode[rows]
        free = SYMMETRIC[code]
        same |= free & (np.sort(first, axis=1) == np.sort(second, axis=1)).all(axis=1)
        same |= (code == _CCX) & (first[:, [1, 0, 2]] == second).all(axis=1)
        rows, mate = rows[same], mate[same]
        # In a chain of equal gates take every other pair.
        mated = np.zeros(count, np.bool_)
        mated[mate] = True
        heads = ~mated[rows]
        rows, mate = rows[heads], mate[heads]
        if not len(rows):
            return circuit
        stay = np.ones(count, np.bool_)
        stay[rows] = stay[mate] = False
        rewriter = Rewriter(circuit)
        rewriter.keep(np.flatnonzero(stay))
        old = np.arange(count)
        old[mate] = rows
        return rewriter.finish(context, self.name, old)
