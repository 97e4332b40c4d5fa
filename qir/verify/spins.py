"""Cheap forms of the commonest windows: quaternions for one qubit, phases for what is diagonal.

Both come from the definitions that `qir.verify.definitions` evaluates and are held against them when they
are first needed; a global phase is no part of either.  A quaternion (w, x, y, z) stands for
w - i (x X + y Y + z Z), and its negative for the same.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from qir.gates import GATES
from qir.verify.definitions import basis, circle, embedded_waves, gate_matrices

__all__ = ["is_diagonal", "phases", "quaternions", "spins_differ", "then", "turned"]

Complex = npt.NDArray[np.complex128]
Real = npt.NDArray[np.float64]
_CLOSE = 1e-13


def quaternions(name: str, params: Real) -> Real:
    """A one-qubit gate of the table at n settings of its angles (n, 3), as quaternions (4, n)."""
    count = GATES[name].num_params
    if not count:
        return np.broadcast_to(_fixed(name)[:, None], (4, len(params)))
    if count == 1:
        fitted = _waves(name)
        if fitted is not None:
            return fitted[1].T @ basis(params[:, 0], fitted[0]).T
    if count == 3 and _is_euler(name):
        return _euler(params)
    return _of(gate_matrices(name, list(params.T[:count]))).T


def then(first: Real, second: Real) -> Real:
    """Products (4, n): `second` applied after `first`."""
    a, b, c, d = second
    w, x, y, z = first
    result = np.empty_like(first)
    result[0] = a * w - b * x - c * y - d * z
    result[1] = a * x + b * w + c * z - d * y
    result[2] = a * y - b * z + c * w + d * x
    result[3] = a * z + b * y - c * x + d * w
    return result


def turned(spins: Real, before: Real, after: Real) -> Real:
    """Rz(after) B Rz(-before) for quaternions B (4, n), angles in radians.

    With k for the unit of z, B = u + v i and u, v complex in k: the rotations turn u by half the difference
    of the angles and v by half their sum.
    """
    result = np.empty_like(spins)
    for (real, imaginary), angle in (((0, 3), (after - before) / 2), ((1, 2), (after + before) / 2)):
        cos, sin = circle(angle)
        result[real] = cos * spins[real] - sin * spins[imaginary]
        result[imaginary] = sin * spins[real] + cos * spins[imaginary]
    return result


def spins_differ(a: Real, b: Real, tolerance: float) -> npt.NDArray[np.bool_]:
    """Which pairs of quaternions (4, n) differ by more than a sign: an entry of the matrices by more than the tolerance."""
    sign = np.copysign(1.0, a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3])
    gap = np.square(a - sign * b)
    limit = tolerance * tolerance
    return ~((gap[0] + gap[3] <= limit) & (gap[1] + gap[2] <= limit))


def _of(matrices: Complex) -> Real:
    """Quaternions of unitaries (n, 2, 2)."""
    root = np.sqrt(matrices[:, 0, 0] * matrices[:, 1, 1] - matrices[:, 0, 1] * matrices[:, 1, 0])
    left, down = matrices[:, 0, 0] / root, matrices[:, 1, 0] / root
    return np.stack([left.real, -down.imag, down.real, -left.imag], axis=1)


@cache
def _fixed(name: str) -> Real:
    return _of(gate_matrices(name, []))[0]


@cache
def _waves(name: str) -> tuple[float, Real] | None:
    """A gate with one angle as a combination of the functions of `basis` (5, 4), and their rate; None if it is none."""
    rate = 2 * np.pi if GATES[name].unit == "turns" else 1.0
    points = np.linspace(-2 * np.pi, 2 * np.pi, 129)[:128] / rate
    values = _of(gate_matrices(name, [points]))
    # The sign of a quaternion is free: follow it along the angle.
    flips = np.einsum("ij,ij->i", values[1:], values[:-1]) < 0
    values[1:] *= np.where(np.cumsum(flips) % 2, -1.0, 1.0)[:, None]
    coefficients = np.linalg.lstsq(basis(points[::2], rate), values[::2], rcond=None)[0].astype(np.float64)
    coefficients[np.abs(coefficients) < 1e-15] = 0
    other = np.linspace(-50, 50, 97) / rate
    if spins_differ((basis(other, rate) @ coefficients).T, _of(gate_matrices(name, [other])).T, _CLOSE).any():
        return None
    return rate, coefficients


def _euler(params: Real) -> Real:
    """Rz(phi) Ry(theta) Rz(lambda) for rows (theta, phi, lambda)."""
    theta, phi, lam = params.T
    phi, lam = phi / 2, lam / 2
    (cos, sin), (w, z), (y, x) = circle(theta / 2), circle(phi + lam), circle(phi - lam)
    result = np.empty((4, len(params)))
    np.multiply(cos, w, out=result[0])
    np.multiply(sin, x, out=result[1])
    np.negative(result[1], out=result[1])
    np.multiply(sin, y, out=result[2])
    np.multiply(cos, z, out=result[3])
    return result


@cache
def _is_euler(name: str) -> bool:
    """Whether a gate with three angles is `U` up to a phase."""
    points = np.stack([np.linspace(-9, 9, 61), np.linspace(-5, 8, 61) ** 2 / 7, np.linspace(7, -8, 61)], axis=1)
    return not spins_differ(_euler(points), _of(gate_matrices(name, list(points.T))).T, _CLOSE).any()


# -- diagonal gates -----------------------------------------------------------------------------


@cache
def is_diagonal(name: str) -> bool:
    """Whether a gate without or with one angle is diagonal at every angle."""
    row = GATES[name]
    if row.num_params > 1 or (row.num_params and not embedded_waves(name, tuple(range(row.num_qubits)), row.num_qubits)[0]):
        return False
    parts = embedded_waves(name, tuple(range(row.num_qubits)), row.num_qubits)[1]
    return not parts[:, ~np.eye(2**row.num_qubits, dtype=np.bool_)].any()


def phases(name: str, operands: tuple[int, ...], width: int) -> tuple[Real, Real]:
    """A gate that `is_diagonal` on some of `width` qubits: its diagonal is exp(i (rates angle + offsets)).

    Two arrays (2**width,), the rates all 0 for a gate without angles.
    """
    rates, offsets = _phases(name)
    # Entry b of the wide diagonal is that of the gate at the bits of b that are its operands.
    index = np.arange(2**width)
    local = sum(((index >> q & 1) << k for k, q in enumerate(operands)), np.zeros_like(index))
    return rates[local], offsets[local]


@cache
def _phases(name: str) -> tuple[Real, Real]:
    row = GATES[name]
    points = np.linspace(-1, 1, 65) * (0.999 / 2 if row.unit == "turns" else 0.999 * np.pi)
    given = [points] if row.num_params else []
    values = np.diagonal(gate_matrices(name, given), axis1=1, axis2=2)
    offsets = np.angle(values[len(values) // 2])
    if not row.num_params:
        return np.zeros_like(offsets), offsets
    # From point to point no phase turns by as much as half a circle.
    steps = np.angle(values[1:] * values[:-1].conj())
    rates = steps.mean(axis=0) / (points[1] - points[0])
    other = np.linspace(-50, 50, 97) / (2 * np.pi if row.unit == "turns" else 1)
    expected = np.diagonal(gate_matrices(name, [other]), axis1=1, axis2=2)
    if np.abs(np.exp(1j * (other[:, None] * rates + offsets)) - expected).max() > 1e-12:
        raise AssertionError(f"the diagonal of {name} does not turn evenly with its angle")
    return rates, offsets
