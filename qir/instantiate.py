"""Unitaries on a few qubits by circuits of a given shape, in bulk: angles found numerically.

A shape is a sequence of pairs of qubits, by their numbers in `pairs(num_qubits)`.  Its circuits are a layer of one-qubit
gates and, for each pair in turn, one rzz of any angle and a one-qubit gate on both of its qubits: 3 n + 5 k free angles
for k pairs of n qubits.

Method: Levenberg-Marquardt on the group.  With A the part of the circuit after some place, turning a gate there by
a small angle d about P multiplies the whole by exp(-i d/2 A P A^-1) from the left; so the matrices A P A^-1 / 2 are the
columns of the Jacobian of the logarithm of circuit times target^-1, and give the gradient of the overlap exactly.
A turn about z right after an rzz can be taken before it, so each gate but the first on its wire has two free directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qir.euler import multiply, to_matrix

__all__ = ["EXACT", "Angles", "build", "crossings", "crossings_needed", "fit", "pairs", "random_angles"]

Complex = npt.NDArray[np.complexfloating[Any, Any]]
Index = npt.NDArray[np.integer[Any]]
Mask = npt.NDArray[np.bool_]
Real = npt.NDArray[np.float64]

EXACT = 1e-11
"""A circuit with no entry of its difference from the target above this is a solution."""
_PATIENCE, _PROGRESS, _NEAR = 5, 0.8, 1e-6
"""Every so many rounds, runs are given up that did not come closer by this factor and are not near: they are at
another minimum, and few of them would leave it."""


class _Space(NamedTuple):
    """Tables for n qubits: `pairs` (p, 2); diagonals of Z (n, d) and ZZ (p, d); for each wire and column the column with
    that bit turned (n, d); what Y adds to X (n, d); rows and columns of the entries above the diagonal."""

    pairs: Index
    z: Real
    zz: Real
    turned: Index
    y: Complex
    upper: tuple[Index, Index]


@cache
def _space(num_qubits: int) -> _Space:
    found = np.array(list(combinations(range(num_qubits), 2)))
    states, wires = np.arange(2**num_qubits)[None, :], np.arange(num_qubits)[:, None]
    z = np.asarray(1.0 - 2.0 * (states >> wires & 1), np.float64)
    return _Space(found, z, z[found[:, 0]] * z[found[:, 1]], states ^ (1 << wires), 1j * z, np.triu_indices(2**num_qubits, 1))


def pairs(num_qubits: int) -> Index:
    """The pairs of qubits (p, 2), ascending, by their number in a shape."""
    return _space(num_qubits).pairs


@dataclass
class Angles:
    """Circuits of shapes (m, k): `gates` (m, k + 1, n, 4) quaternions, layer by layer and wire by wire (identity where
    a layer has no gate on a wire), and `theta` (m, k), radians of the rzz after the first k layers."""

    gates: Real
    theta: Real

    def take(self, rows: Any) -> Angles:
        return Angles(self.gates[rows], self.theta[rows])

    @property
    def num_qubits(self) -> int:
        return int(self.gates.shape[2])


def random_angles(shapes: Index, num_qubits: int, random: np.random.Generator) -> Angles:
    """Circuits of shapes (m, k) with gates and angles drawn evenly."""
    count, steps = shapes.shape
    used = np.zeros((count, steps + 1, num_qubits), np.bool_)
    used[:, 0] = True
    legs = pairs(num_qubits)[shapes]
    for leg in (0, 1):
        np.put_along_axis(used[:, 1:], legs[:, :, leg, None], True, axis=2)
    gates = random.normal(size=(count, steps + 1, num_qubits, 4))
    gates /= np.linalg.norm(gates, axis=-1, keepdims=True)
    gates[~used] = (1.0, 0.0, 0.0, 0.0)
    return Angles(gates, random.uniform(-np.pi, np.pi, size=(count, steps)))


def _layers(angles: Angles) -> Complex:
    """The matrices (m, k + 1, d, d) of the layers of one-qubit gates."""
    count, layers, wires, _ = angles.gates.shape
    small = to_matrix(angles.gates.reshape(-1, 4)).reshape(-1, wires, 2, 2)
    whole = small[:, wires - 1]
    for wire in range(wires - 2, -1, -1):
        size = 2 * whole.shape[1]
        whole = (whole[:, :, None, :, None] * small[:, wire, None, :, None, :]).reshape(-1, size, size)
    return whole.reshape(count, layers, 2**wires, 2**wires)


def _phases(shapes: Index, angles: Angles) -> Complex:
    """The diagonals (m, k, d) of the rzz."""
    result: Complex = np.exp(-0.5j * angles.theta[:, :, None] * _space(angles.num_qubits).zz[shapes])
    return result


def build(shapes: Index, angles: Angles) -> Complex:
    """The unitaries (m, d, d) of circuits."""
    layers, phases = _layers(angles), _phases(shapes, angles)
    result: Complex = layers[:, 0]
    for step in range(shapes.shape[1]):
        result = layers[:, step + 1] @ (phases[:, step, :, None] * result)
    return result


def _cuts(num_qubits: int) -> list[tuple[int, ...]]:
    """One side of every way to part some qubits in two, at most half of them."""
    half = num_qubits // 2
    sides = [side for size in range(1, half + 1) for side in combinations(range(num_qubits), size)]
    return [side for side in sides if 2 * len(side) < num_qubits or side[0] == 0]


def crossings(shapes: Sequence[Sequence[int]], num_qubits: int) -> Index:
    """How many pairs of shapes of any lengths lie across each cut of the qubits, (m, cuts)."""
    apart = [[(int(a) in side) != (int(b) in side) for a, b in pairs(num_qubits)] for side in _cuts(num_qubits)]
    counts = np.array([np.bincount(np.asarray(s, np.int64), minlength=len(apart[0])) for s in shapes])
    return np.asarray(counts @ np.array(apart, np.int64).T)


def crossings_needed(unitaries: Complex) -> Index:
    """How many rzz across each cut unitaries (m, d, d) take at the least, (m, cuts).

    One rzz at most doubles the number of terms it takes to write a unitary as a sum of products (the operator Schmidt
    rank: Nielsen et al., quant-ph/0208077).
    """
    count, size = unitaries.shape[:2]
    wires = size.bit_length() - 1
    result = []
    for side in _cuts(wires):
        # Axis 1 + i of the tensor is qubit wires - 1 - i.
        ours = [1 + wires - 1 - q for q in side]
        axes = ours + [wires + a for a in ours]
        rest = [a for a in range(1, 2 * wires + 1) if a not in axes]
        tensor = unitaries.reshape(count, *[2] * (2 * wires)).transpose(0, *axes, *rest)
        values = np.linalg.svd(tensor.reshape(count, 4 ** len(side), -1), compute_uv=False)
        result.append(np.ceil(np.log2((values > 1e-6 * values[:, :1]).sum(axis=1))).astype(np.int64))
    return np.stack(result, axis=1)


def _flat(hermitian: Complex, space: _Space) -> Real:
    """Hermitian matrices (..., d, d) as real vectors (..., d * d) with the same inner products."""
    upper = hermitian[..., space.upper[0], space.upper[1]] * np.sqrt(2.0)
    return np.concatenate([upper.real, upper.imag, np.einsum("...ii->...i", hermitian).real], axis=-1)


def _linearise(shapes: Index, angles: Angles) -> tuple[Real, Complex]:
    """The Jacobian transposed (m, 3 n + 5 k, d * d) and the unitaries of circuits.

    Its rows: X and Y turns of the first layer's wires, then their Z turns; for each pair X, X, Y, Y turns of its two
    wires and the rzz.
    """
    count, steps = shapes.shape
    wires = angles.num_qubits
    space = _space(wires)
    layers, phases = _layers(angles), _phases(shapes, angles)
    size = 2**wires
    jacobian = np.empty((count, 3 * wires + 5 * steps, size * size))
    after: Complex = np.broadcast_to(np.eye(size, dtype=np.complex128), (count, size, size))
    rows = np.arange(count)[:, None]
    for step in range(steps, -1, -1):
        after = after @ layers[:, step]
        on = space.pairs[shapes[:, step - 1]] if step else np.broadcast_to(np.arange(wires), (count, wires))
        x = after[:, :, space.turned].transpose(0, 2, 1, 3)[rows, on]
        z = after[:, None] * (space.zz[shapes[:, step - 1], None, None] if step else space.z[None, :, None])
        stacked = np.concatenate([x, x * space.y[on][:, :, None, :], z], axis=1)
        number = stacked.shape[1]
        moved = stacked.reshape(count, number * size, size) @ after.conj().transpose(0, 2, 1)
        begin = 3 * wires + 5 * (step - 1) if step else 0
        jacobian[:, begin : begin + number] = _flat(moved.reshape(count, number, size, size), space) * 0.5
        if step:
            after = after * phases[:, step - 1, None, :]
    return jacobian, after


def _difference(whole: Complex, inverse: Complex, space: _Space) -> tuple[Real, Real]:
    """What circuits differ by from targets whose inverses are given: residuals (m, d * d), and 1 - overlap (m,)."""
    product = whole @ inverse
    trace = np.einsum("nii->n", product)
    size: Real = np.abs(trace)
    product *= (trace.conj() / np.maximum(size, 1e-300))[:, None, None]
    return _flat((product - product.conj().transpose(0, 2, 1)) * -0.5j, space), 1.0 - size / whole.shape[1]


def _turn(shapes: Index, angles: Angles, delta: Real) -> Angles:
    """Circuits with their gates turned by `delta`, in the order of the Jacobian's rows."""
    count, steps = shapes.shape
    wires = angles.num_qubits
    gates = angles.gates.copy()
    first = delta[:, : 3 * wires].reshape(count, 3, wires).transpose(0, 2, 1)
    gates[:, 0] = multiply(gates[:, 0], _exponential(first))
    rest = delta[:, 3 * wires :].reshape(count, steps, 5)
    legs = pairs(wires)[shapes]
    rows, columns = np.arange(count)[:, None], np.arange(1, steps + 1)[None, :]
    turn = np.zeros((count, steps, 3))
    for leg in (0, 1):
        turn[:, :, 0], turn[:, :, 1] = rest[:, :, leg], rest[:, :, 2 + leg]
        here = rows, columns, legs[:, :, leg]
        gates[here] = multiply(gates[here], _exponential(turn))
    gates /= np.linalg.norm(gates, axis=-1, keepdims=True)
    return Angles(gates, angles.theta + rest[:, :, 4])


def _exponential(turn: Real) -> Real:
    """exp(-i turn . (X, Y, Z) / 2) as quaternions."""
    angle = np.linalg.norm(turn, axis=-1)
    return np.concatenate([np.cos(angle / 2)[..., None], turn * (0.5 * np.sinc(angle / (2 * np.pi)))[..., None]], axis=-1)


def fit(targets: Complex, shapes: Index, angles: Angles, rounds: int = 60, *, fixed: bool = False) -> tuple[Mask, Angles]:
    """Circuits of shapes (m, k) fitted to unitaries (m, d, d) up to a phase, from given angles, in at most `rounds` rounds.

    Returns which of them are solutions (to `EXACT`), and the circuits.  Runs that get nowhere are given up early.
    fixed: leave the rzz at their angles.
    """
    space = _space(angles.num_qubits)
    inverse = targets.conj().transpose(0, 2, 1)
    best = angles.take(slice(None))
    solved = np.zeros(len(targets), np.bool_)
    damping = np.full(len(targets), 0.1)
    live = np.arange(len(targets))
    jacobian, whole = _linearise(shapes, best)
    error, cost = _difference(whole, inverse, space)
    before = np.full(len(targets), np.inf)
    for number in range(rounds):
        solved[live] = (np.abs(error).max(axis=1) < EXACT) & (cost < EXACT)
        keep = ~solved[live]
        if number and number % _PATIENCE == 0:
            keep &= (cost < _PROGRESS * before[live]) | (cost < _NEAR)
            before[live] = cost
        if not keep.all():
            live, jacobian, error, cost = live[keep], jacobian[keep], error[keep], cost[keep]
        if not len(live):
            break
        if fixed:
            jacobian[:, 3 * angles.num_qubits + 4 :: 5] = 0.0
        normal = jacobian @ jacobian.transpose(0, 2, 1)
        index = np.arange(normal.shape[1])
        normal[:, index, index] += damping[live][:, None]
        delta = np.asarray(np.linalg.solve(normal, jacobian @ error[:, :, None])[:, :, 0], np.float64)
        tried = _turn(shapes[live], best.take(live), delta)
        moved, whole = _linearise(shapes[live], tried)
        after, price = _difference(whole, inverse[live], space)
        # At the end the overlap has no digits left to tell a better circuit by.
        better = (price < cost) | ((price < EXACT) & (np.abs(after).max(axis=1) < np.abs(error).max(axis=1)))
        rows = live[better]
        best.gates[rows], best.theta[rows] = tried.gates[better], tried.theta[better]
        jacobian[better], error[better], cost[better] = moved[better], after[better], price[better]
        damping[live] = np.clip(damping[live] * np.where(better, 0.2, 5.0), 1e-13, 1e4)
    return solved, best
