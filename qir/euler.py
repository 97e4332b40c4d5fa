"""One-qubit unitaries in bulk: quaternions and Euler angles.

A quaternion (w, x, y, z) of unit length stands for the matrix w I - i (x X + y Y + z Z) of
determinant 1; `multiply(a, b)` is "b first, then a", as with matrices.  Arrays have shape
(n, 4), float64.  Angles are radians.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "TOLERANCE", "conjugate", "from_matrix", "from_zyz", "multiply", "product_of_runs", "rotation", "to_matrix", "wrap", "zyz",
]  # fmt: skip

Complex = npt.NDArray[np.complexfloating[Any, Any]]
Real = npt.NDArray[np.float64]
Index = npt.NDArray[np.integer[Any]]

TOLERANCE = 1e-9
"""Angles closer than this (radians) are the same angle."""

PI = np.pi


def multiply(a: Real, b: Real) -> Real:
    """Products of quaternions, b applied first."""
    w1, x1, y1, z1 = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    w2, x2, y2, z2 = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    result = np.empty(np.broadcast_shapes(a.shape, b.shape))
    result[..., 0] = w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2
    result[..., 1] = w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2
    result[..., 2] = w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2
    result[..., 3] = w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2
    return result


def conjugate(a: Real) -> Real:
    """Inverses of unit quaternions."""
    return a * np.array([1.0, -1.0, -1.0, -1.0])


def rotation(axis: int, theta: npt.ArrayLike) -> Real:
    """Rotations by `theta` about X (axis 1), Y (2) or Z (3)."""
    half = np.asarray(theta, dtype=np.float64) / 2
    result = np.zeros((*half.shape, 4))
    result[..., 0] = np.cos(half)
    result[..., axis] = np.sin(half)
    return result


def from_matrix(matrices: Complex) -> tuple[Real, Real]:
    """Phase (n,) and quaternion (n, 4) of unitaries (n, 2, 2): matrix = exp(i phase) * quaternion."""
    m = matrices
    phase = np.angle(m[:, 0, 0] * m[:, 1, 1] - m[:, 0, 1] * m[:, 1, 0]) / 2
    special = m * np.exp(-1j * phase)[:, None, None]
    result = np.empty((len(m), 4))
    result[:, 0] = (special[:, 0, 0] + special[:, 1, 1]).real / 2
    result[:, 1] = -(special[:, 0, 1] + special[:, 1, 0]).imag / 2
    result[:, 2] = (special[:, 1, 0] - special[:, 0, 1]).real / 2
    result[:, 3] = (special[:, 1, 1] - special[:, 0, 0]).imag / 2
    return phase, result / np.linalg.norm(result, axis=1)[:, None]


def to_matrix(quaternions: Real) -> Complex:
    """Matrices (n, 2, 2) of determinant 1."""
    w, x, y, z = (quaternions[:, i] for i in range(4))
    result = np.empty((len(quaternions), 2, 2), dtype=np.complex128)
    result[:, 0, 0] = w - 1j * z
    result[:, 1, 1] = w + 1j * z
    result[:, 0, 1] = -y - 1j * x
    result[:, 1, 0] = y - 1j * x
    return result


def zyz(quaternions: Real) -> tuple[Real, Real, Real]:
    """(theta, phi, lam) with quaternion = Rz(phi) Ry(theta) Rz(lam), sign included; theta in [0, pi].

    A theta within `TOLERANCE` of 0, pi/2 or pi is exactly that; lam is 0 for 0 and pi.
    """
    w, x, y, z = quaternions[:, 0], quaternions[:, 1], quaternions[:, 2], quaternions[:, 3]
    theta = 2 * np.arctan2(np.hypot(x, y), np.hypot(w, z))
    quarter = np.round(theta * (2 / PI))
    snapped = quarter * (PI / 2)
    theta = np.where(np.abs(theta - snapped) < TOLERANCE, snapped, theta)
    a = np.arctan2(z, w)
    b = np.arctan2(-x, y)
    b = np.where(theta == 0, a, b)
    a = np.where(theta == PI, b, a)
    return theta, a + b, a - b


def from_zyz(theta: npt.ArrayLike, phi: npt.ArrayLike, lam: npt.ArrayLike) -> Real:
    """The quaternion of Rz(phi) Ry(theta) Rz(lam)."""
    t, f, l = (np.asarray(v, dtype=np.float64) for v in (theta, phi, lam))
    c, s, a, b = np.cos(t / 2), np.sin(t / 2), (f + l) / 2, (f - l) / 2
    result = np.empty((*a.shape, 4))
    result[..., 0], result[..., 3] = c * np.cos(a), c * np.sin(a)
    result[..., 1], result[..., 2] = -s * np.sin(b), s * np.cos(b)
    return result


def wrap(theta: npt.ArrayLike, period: float = 2 * PI) -> Real:
    """Angles brought into (-period/2, period/2], snapped to 0 and period/2 within `TOLERANCE`."""
    t = np.asarray(theta, dtype=np.float64)
    t = t - period * np.round(t / period)
    t = np.where(np.abs(t) < TOLERANCE, 0.0, t)
    return np.where(np.abs(np.abs(t) - period / 2) < TOLERANCE, period / 2, t)


def product_of_runs(quaternions: Real, run: Index) -> Real:
    """The product of each run of quaternions, the first of a run applied first.

    `run` (n,) numbers the runs 0, 1, ... in ascending order without gaps.  Pairwise halving:
    about log2(longest run) vectorised steps, linear work.
    """
    if len(run) == 0 or int(run[-1]) + 1 == len(run):
        return quaternions
    count = int(run[-1]) + 1
    # The matrix is [[a, b], [-conj(b), conj(a)]]: four complex products make one quaternion product.
    a = quaternions[:, 0] - 1j * quaternions[:, 3]
    b = -quaternions[:, 2] - 1j * quaternions[:, 1]
    while len(run) != count:
        lengths = np.bincount(run)
        first = np.cumsum(lengths) - lengths
        odd = ((np.arange(len(run)) - first[run]) & 1).astype(np.bool_)
        late = odd.nonzero()[0]
        early = late - 1
        a1, b1, a2, b2 = a[late], b[late], a[early], b[early]
        a[early] = a1 * a2 - b1 * b2.conj()
        b[early] = a1 * b2 + b1 * a2.conj()
        keep = (~odd).nonzero()[0]
        a, b, run = a[keep], b[keep], run[keep]
    result = np.empty((count, 4))
    result[:, 0], result[:, 1], result[:, 2], result[:, 3] = a.real, -b.imag, -b.real, -a.imag
    return result / np.sqrt((result * result).sum(axis=1))[:, None]
