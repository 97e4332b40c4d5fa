"""Two-qubit unitaries up to one-qubit gates: the Weyl chamber, and circuits of cz that reach a point of it.

Coordinates (x, y, z) are those of `qir.kak`: exp(i (x XX + y YY + z ZZ)).  In the chamber
pi/4 >= x >= y >= |z|, and z >= 0 when x = pi/4; every class of locally equivalent unitaries has one point.

Sources: Zhang et al. 2003 (Weyl chamber); Vidal and Dawson 2004, Vatan and Williams 2004 (three cx).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.euler import TOLERANCE, conjugate, multiply
from qir.gates import GATES, Row
from qir.kak import Kak, kak, kron

__all__ = ["chamber", "cz_count", "cz_frames", "cz_middle"]

Complex = npt.NDArray[np.complexfloating[Any, Any]]
Real = npt.NDArray[np.float64]
Count = npt.NDArray[np.int64]

PI = np.pi
_ROOT = np.sqrt(0.5)
_PAULIS = np.eye(4)[1:]
# One-qubit Cliffords (quaternions) that bring the axes into another order: row k of the map says
# which old axis becomes axis 0, 1, 2 under conjugation C P C^-1.
_ORDERS: dict[tuple[int, int, int], Real] = {
    (0, 1, 2): np.array([1.0, 0, 0, 0]),
    (1, 0, 2): np.array([0, _ROOT, _ROOT, 0]),
    (2, 1, 0): np.array([0, _ROOT, 0, _ROOT]),
    (0, 2, 1): np.array([0, 0, _ROOT, _ROOT]),
    (1, 2, 0): np.array([0.5, -0.5, -0.5, -0.5]),
    (2, 0, 1): np.array([0.5, 0.5, 0.5, 0.5]),
}


def chamber(found: Kak) -> Kak:
    """The same unitaries with coordinates in the Weyl chamber (the phase is not kept up)."""
    c = found.coordinates.copy()
    left0, left1, right0, right1 = (q.copy() for q in (found.left0, found.left1, found.right0, found.right1))
    order = np.argsort(-np.round(np.abs(c) / TOLERANCE), axis=1, kind="stable")
    for wanted, clifford in _ORDERS.items():
        mine = np.flatnonzero((order == np.array(wanted)).all(axis=1))
        if wanted == (0, 1, 2) or not len(mine):
            continue
        c[mine] = c[mine][:, list(wanted)]
        back = conjugate(clifford)
        for side in (left0, left1):
            side[mine] = multiply(side[mine], back)
        for side in (right0, right1):
            side[mine] = multiply(clifford, side[mine])

    def flip(rows: npt.NDArray[np.intp], axis: int) -> None:
        # Conjugation by a Pauli on operand 0 turns the signs of the other two axes.
        left0[rows] = multiply(left0[rows], _quaternion(axis))
        right0[rows] = multiply(_quaternion(axis), right0[rows])
        for other in range(3):
            if other != axis:
                c[rows, other] *= -1

    flip(np.flatnonzero((c[:, 0] < 0) & (c[:, 1] < 0)), 2)
    flip(np.flatnonzero((c[:, 0] < 0) & (c[:, 1] >= 0)), 1)
    flip(np.flatnonzero(c[:, 1] < 0), 0)
    edge = np.flatnonzero((c[:, 0] > PI / 4 - TOLERANCE) & (c[:, 2] < -TOLERANCE))
    if len(edge):
        # exp(i pi/4 XX) = i XX exp(-i pi/4 XX)
        for side in (left0, left1):
            side[edge] = multiply(side[edge], _quaternion(0))
        c[edge, 0] -= PI / 2
        flip(edge, 1)
    return Kak(found.phase, c, left0, left1, right0, right1)


def _quaternion(axis: int) -> Real:
    result = np.zeros(4)
    result[axis + 1] = 1.0
    return result


def cz_count(coordinates: Real) -> Count:
    """The fewest cz (or cx, ecr) for coordinates in the chamber: 0 to 3 (Shende, Bullock, Markov 2004)."""
    x, y, z = coordinates.T
    none = x < TOLERANCE
    one = (np.abs(x - PI / 4) < TOLERANCE) & (y < TOLERANCE) & (np.abs(z) < TOLERANCE)
    two = np.abs(z) < TOLERANCE
    return np.asarray(np.where(none, 0, np.where(one, 1, np.where(two, 2, 3))))


def cz_middle(coordinates: Real, count: int) -> tuple[Row, ...]:
    """Rows of a circuit with `count` cz that is locally equivalent to exp(i (x XX + y YY + z ZZ)).

    coordinates: (n, 3) in the chamber; the angles of the rows are arrays (n,).
    """
    x, y, z = coordinates.T
    cz = ("cz", (), (0, 1))
    if count == 0:
        return ()
    if count == 1:
        return (cz,)
    if count == 2:
        return (cz, ("rx", (2 * x,), (0,)), ("rx", (2 * y,), (1,)), cz)
    return (
        cz, ("h", (), (0,)), ("rz", (PI / 2 + 2 * x,), (0,)), ("ry", (PI / 2 + 2 * y,), (1,)), ("h", (), (1,)), cz,
        ("h", (), (0,)), ("h", (), (1,)), ("ry", (PI / 2 + 2 * z,), (1,)), cz,
    )  # fmt: skip


@cache
def cz_frames(count: int) -> Kak:
    """The one-qubit gates that lie between the point and the circuit of `cz_middle`: the same for all coordinates.

    They are those of some point: what is left open, Paulis on both qubits, commutes with all of them.
    """
    point = np.array([[(0.0, 0.0, 0.0), (PI / 4, 0.0, 0.0), (0.61, 0.37, 0.0), (0.61, 0.37, 0.19)][count]])
    unitary = np.eye(4, dtype=np.complex128)[None]
    identity = np.eye(2, dtype=np.complex128)[None]
    for name, angles, operands in cz_middle(point, count):
        matrix = np.asarray(GATES[name].matrix(*angles)).reshape(-1, *[2**GATES[name].num_qubits] * 2)
        if len(operands) == 1:
            matrix = kron(matrix, identity) if operands == (0,) else kron(identity, matrix)
        unitary = matrix @ unitary
    return chamber(kak(unitary))
