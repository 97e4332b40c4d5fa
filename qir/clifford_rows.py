"""Clifford gates read from the columns of a circuit, many rows at once.

Every kind of gate (opcode and angles) is looked up once; what it is made of is then copied to all its rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from qir.columns import NAMES
from qir.execution import Rows
from qir.gates import GATES
from qir.params import Angle
from qir.tableau import MOVES, clifford_moves

__all__ = ["Moves", "row_moves"]

Int = npt.NDArray[np.int64]
_ARITY = np.array([gate.num_params for gate in GATES.values()])


class Moves(NamedTuple):
    """Moves in order: numbers of their kinds (places in `tableau.MOVES`) and their wires, the first again for
    those on one wire."""

    kinds: Int
    first: Int
    second: Int


def row_moves(rows: Rows) -> Moves | None:
    """A stretch of plain rows as moves on the wires; None when a gate is not seen to be Clifford."""
    columns, start, stop = rows.circuit.columns, rows.start, rows.stop
    codes, qubits = columns.opcode[start:stop], columns.qubits[start:stop].astype(np.int64)
    angles = columns.params[start:stop]
    if not angles.any():
        # Angles are columns of their own for few circuits; the opcode alone is a shorter key.
        kinds, place = np.unique(codes, return_inverse=True)
        keys = [(int(code), (0.0, 0.0, 0.0)) for code in kinds]
    else:
        table = np.concatenate([codes[:, None].astype(np.float64), angles], axis=1)
        distinct, place = np.unique(table, axis=0, return_inverse=True)
        if len(distinct) > _MAX_KINDS:
            return None
        keys = [(int(row[0]), tuple(row[1:].tolist())) for row in distinct]
    found: list[tuple[Int, int, Int, Int]] = []
    order = np.argsort(place.ravel(), kind="stable")
    ends = np.searchsorted(place.ravel()[order], np.arange(len(keys) + 1))
    for (code, values), low, high in zip(keys, ends, ends[1:]):
        count = int(_ARITY[code])
        moves = clifford_moves(NAMES[code], tuple(Angle(v) for v in values[:count]), (0, 1, 2))
        if moves is None:
            return None
        where = order[low:high]
        for step, (name, wires) in enumerate(moves):
            on = qubits[where]
            found.append((where * _STEPS + step, MOVES.index(name), on[:, wires[0]], on[:, wires[-1]]))
    if not found:
        return Moves(*(np.zeros(0, np.int64) for _ in range(3)))
    sequence = np.argsort(np.concatenate([at for at, _, _, _ in found]))
    kind = np.concatenate([np.full(len(at), move) for at, move, _, _ in found])
    first, second = (np.concatenate([row[k] for row in found]) for k in (2, 3))
    return Moves(kind[sequence], first[sequence], second[sequence])


_MAX_KINDS = 4096
_STEPS = 256
"""No gate of the table is made of so many moves."""
