"""Two-qubit unitaries in bulk: the KAK decomposition.

Every two-qubit unitary is

    exp(i phase) * (L1 x L0) * exp(i (x XX + y YY + z ZZ)) * (R1 x R0)

with one-qubit unitaries L, R (quaternions, see `qir.euler`; index 0 is operand 0, the least
significant bit).  The number of coordinates that are not 0 modulo pi/2 is the number of
partial-angle entanglers (rzz, rxx, ms) that it takes.

Method: in the magic basis local gates are real orthogonal, so M^T M is diagonalised by a real
orthogonal matrix (Makhlin 2002; Kraus and Cirac 2001).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qir.euler import TOLERANCE, from_matrix, multiply, to_matrix

__all__ = ["Kak", "canonical_matrix", "entanglers", "kak", "kron"]

Complex = npt.NDArray[np.complexfloating[Any, Any]]
Real = npt.NDArray[np.float64]

PI = np.pi
_MAGIC = np.array([[1, 0, 0, 1j], [0, 1j, 1, 0], [0, 1j, -1, 0], [1, 0, 0, -1j]]) / np.sqrt(2)
# Diagonals of XX, YY, ZZ in the magic basis; the phases of the eigenvalues are sums of these.
_SIGNS = np.array([[1, -1, 1], [1, 1, -1], [-1, -1, -1], [-1, 1, 1]], dtype=np.float64)
_NOISE = 1e-13
_PAULIS = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1],
                    [0, 0, 0, 1], [0, 0, -1, 0], [0, 1, 0, 0], [-1, 0, 0, 0]], dtype=np.float64)  # fmt: skip
"""Products of -i X, -i Y, -i Z, those of the set bits, as quaternions."""
_MIXES = (0.7390851332, 1.6180339887, 0.2718281828, 3.3598856662, 0.5671432904, 1.2824271291)


class Kak(NamedTuple):
    """phase (n,), coordinates (n, 3) in (-pi/4, pi/4], left0, left1, right0, right1 (n, 4) quaternions."""

    phase: Real
    coordinates: Real
    left0: Real
    left1: Real
    right0: Real
    right1: Real


def kron(low: Complex, high: Complex) -> Complex:
    """Batched product of one-qubit matrices; `low` acts on operand 0."""
    return np.einsum("nij,nkl->nikjl", high, low).reshape(-1, 4, 4)


def canonical_matrix(coordinates: Real) -> Complex:
    """exp(i (x XX + y YY + z ZZ)) for coordinates (n, 3)."""
    phases = np.exp(1j * coordinates @ _SIGNS.T)
    result: Complex = np.einsum("ij,nj,kj->nik", _MAGIC, phases, _MAGIC.conj())
    return result


def entanglers(coordinates: Real) -> npt.NDArray[np.int64]:
    """How many partial-angle entanglers the coordinates take."""
    return np.asarray((np.abs(coordinates) > TOLERANCE).sum(axis=1))


def kak(unitaries: Complex) -> Kak:
    """The decomposition of unitaries (n, 4, 4); see `Kak`."""
    count = len(unitaries)
    if count == 0:
        blank = np.zeros((0, 4))
        return Kak(np.zeros(0), np.zeros((0, 3)), blank, blank, blank, blank)
    phase = np.angle(np.linalg.det(unitaries)) / 4
    magic = _MAGIC.conj().T @ (unitaries * np.exp(-1j * phase)[:, None, None]) @ _MAGIC
    symmetric = magic.transpose(0, 2, 1) @ magic
    # Without this, rounding would choose the vectors of equal eigenvalues: local gates of no simple angles.
    parts = symmetric.view(np.float64)
    parts[np.abs(parts) < _NOISE] = 0.0
    vectors = _simplest(_diagonalise(symmetric), symmetric)
    vectors[:, :, 0] *= np.sign(np.linalg.det(vectors))[:, None]
    diagonal = np.einsum("nji,njk,nki->ni", vectors, symmetric, vectors)
    angles = np.angle(diagonal) / 2
    left = (magic @ vectors) * np.exp(-1j * angles)[:, None, :]
    # Half angles leave a sign open; `left` must be a rotation, so flip one eigenvalue where it is not.
    flip = np.linalg.det(left).real < 0
    angles[flip, 0] += PI
    left[flip, :, 0] *= -1
    # Not `@`: a BLAS that starts threads for such a product costs more than the product.
    coordinates = np.einsum("ni,ij->nj", angles, _SIGNS) / 4
    phase = phase + angles.sum(axis=1) / 4
    local = np.concatenate([left, vectors.transpose(0, 2, 1)])
    on0, on1, more = _split(_MAGIC @ local @ _MAGIC.conj().T)
    left0, left1, right0, right1 = on0[:count], on1[:count], on0[count:], on1[count:]
    phase = phase + more[:count] + more[count:]
    # exp(i pi/2 PP) = i PP: whole quarter turns are local.
    turns = np.round(coordinates / (PI / 2) - 1e-7)
    coordinates = coordinates - turns * (PI / 2)
    coordinates[np.abs(coordinates) < TOLERANCE] = 0.0
    coordinates = np.where(np.abs(np.abs(coordinates) - PI / 4) < TOLERANCE, np.sign(coordinates) * PI / 4, coordinates)
    # i P x P = (-i)(iP)(iP)... as quaternions -iP on both: (-iP)(-iP) = -PP, so i PP = -i (-iP)(-iP).
    odd = np.mod(turns, 2) != 0
    phase = phase + (np.where(odd, turns - 2, turns) * (PI / 2)).sum(axis=1)
    moved = np.flatnonzero(odd.any(axis=1))
    if len(moved):
        paulis = _PAULIS[odd[moved] @ (1, 2, 4)]
        left0[moved] = multiply(left0[moved], paulis)
        left1[moved] = multiply(left1[moved], paulis)
    return Kak(phase, coordinates, left0, left1, right0, right1)


def _diagonalise(symmetric: Complex) -> Real:
    """Real orthogonal eigenvectors of symmetric unitaries: those of a mix of the commuting real and
    imaginary parts; where a mix happens to join different eigenvalues, another is tried."""
    result: Real = np.linalg.eigh(symmetric.real + _MIXES[0] * symmetric.imag)[1]
    for mix in _MIXES[1:]:
        rotated = result.transpose(0, 2, 1) @ symmetric @ result
        rotated[:, range(4), range(4)] = 0
        bad = np.flatnonzero(np.abs(rotated).max(axis=(1, 2)) > 1e-11)
        if not len(bad):
            break
        again = np.linalg.eigh(symmetric[bad].real + mix * symmetric[bad].imag)[1]
        worse = again.transpose(0, 2, 1) @ symmetric[bad] @ again
        worse[:, range(4), range(4)] = 0
        better = np.abs(worse).max(axis=(1, 2)) < np.abs(rotated[bad]).max(axis=(1, 2))
        result[bad[better]] = again[better]
    return result


def _simplest(vectors: Real, symmetric: Complex) -> Real:
    """The vectors, but where three eigenvalues are equal (as in swap and the Heisenberg interaction) those that make
    the local gates on one operand trivial: the fourth vector, a quaternion in the magic basis, times 1, i, j, k."""
    values = np.einsum("nji,njk,nki->ni", vectors, symmetric, vectors)
    alike = np.abs(values[:, :, None] - values[:, None, :]) < TOLERANCE
    count = alike.sum(axis=2)
    rows = np.flatnonzero(((count == 3).sum(axis=1) == 3) & ((count == 1).sum(axis=1) == 1))
    if len(rows):
        vectors = vectors.copy()
        w, x, y, z = vectors[rows, :, count[rows].argmin(axis=1)].T
        vectors[rows] = np.array([[w, -x, -y, -z], [x, w, -z, y], [y, z, w, -x], [z, -y, x, w]]).transpose(2, 0, 1)
    return vectors


def _split(local: Complex) -> tuple[Real, Real, Real]:
    """Quaternions on operands 0 and 1 and the phase of products of one-qubit unitaries."""
    count = len(local)
    # Rows (i1 j1), columns (i0 j0): an outer product of the two factors.
    outer = local.reshape(count, 2, 2, 2, 2).transpose(0, 1, 3, 2, 4).reshape(count, 4, 4)
    n = np.arange(count)
    row, column = np.divmod(np.abs(outer).reshape(count, 16).argmax(axis=1), 4)
    high, low = outer[n, :, column], outer[n, row, :]
    pivot = outer[n, row, column]
    factor_high = np.linalg.norm(high, axis=1) / np.sqrt(2)
    factor_low = np.linalg.norm(low, axis=1) / np.sqrt(2)
    phase_high, q_high = from_matrix((high / factor_high[:, None]).reshape(count, 2, 2))
    phase_low, q_low = from_matrix((low / factor_low[:, None]).reshape(count, 2, 2))
    # outer = high low / pivot, and |pivot| equals the product of the two norms.
    return q_low, q_high, phase_high + phase_low - np.angle(pivot)


def matrix(decomposition: Kak) -> Complex:
    """The unitaries back, for checks."""
    d = decomposition
    left = kron(to_matrix(d.left0), to_matrix(d.left1))
    right = kron(to_matrix(d.right0), to_matrix(d.right1))
    result: Complex = left @ canonical_matrix(d.coordinates) @ right * np.exp(1j * d.phase)[:, None, None]
    return result
