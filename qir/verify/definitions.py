"""Matrices of gates evaluated from their definitions, down to `U`, `gphase` and control.

The checker's own arithmetic: `Gate.matrix` (what passes and simulators use) is never looked at, so
a wrong matrix in the table shows as a disagreement.  Little-endian as everywhere: bit k of a matrix
index is operand k, controls are the first operands.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.gates import GATES, Row
from qir.params import angle

__all__ = [
    "add_controls", "apply", "basis", "circle", "embedded_matrices", "embedded_waves", "gate_matrices", "matrix_power",
    "pauli_rotation", "shell",
]  # fmt: skip

Complex = npt.NDArray[np.complex128]
Real = npt.NDArray[np.float64]


def _u(theta: Real, phi: Real, lam: Real) -> Complex:
    """`U` of the OpenQASM 3 specification: half of (1 + e^it, -i e^il (1 - e^it); ...)."""
    turn = np.exp(1j * theta)
    result = np.empty((len(theta), 2, 2), np.complex128)
    result[:, 0, 0] = 1 + turn
    result[:, 0, 1] = -1j * np.exp(1j * lam) * (1 - turn)
    result[:, 1, 0] = 1j * np.exp(1j * phi) * (1 - turn)
    result[:, 1, 1] = np.exp(1j * (phi + lam)) * (1 + turn)
    return result / 2


def add_controls(matrices: Complex, controls: str) -> Complex:
    """Controlled forms of matrices (n, d, d); the first character is the first operand, '0' acts when clear."""
    for state in reversed(controls):
        count, size, _ = matrices.shape
        result = np.zeros((count, size, 2, size, 2), np.complex128)
        on = 1 if state == "1" else 0
        result[:, :, on, :, on] = matrices
        result[:, :, 1 - on, :, 1 - on] = np.eye(size)
        matrices = result.reshape(count, 2 * size, 2 * size)
    return matrices


def apply(gates: Complex, states: Complex, operands: Sequence[int]) -> Complex:
    """Multiply arrays (n, 2**k, m) from the left by gates (n or 1, d, d) on the given bits of their rows."""
    count, rows, _ = states.shape
    k = rows.bit_length() - 1
    width = len(operands)
    if width == 0:
        return states * gates[:, :1, :1]
    tensor = states.reshape(count, *(2,) * k, -1)
    axes = [k - q for q in reversed(operands)]
    moved = np.moveaxis(tensor, axes, range(1, width + 1))
    shape = moved.shape
    product = gates @ np.ascontiguousarray(moved).reshape(count, 2**width, -1)
    return np.ascontiguousarray(np.moveaxis(product.reshape(shape), range(1, width + 1), axes)).reshape(states.shape)


def gate_matrices(name: str, angles: Sequence[Any]) -> Complex:
    """Matrices (n, d, d) of a gate of the table at n settings of its angles (n = 1 without angles)."""
    if not angles:
        return _fixed(name)
    return _define(name, np.broadcast_arrays(*(np.atleast_1d(np.asarray(a, np.float64)) for a in angles)))


@cache
def _fixed(name: str) -> Complex:
    result = _define(name, [])
    result.flags.writeable = False
    return result


def embedded_matrices(name: str, angles: Sequence[Real], operands: tuple[int, ...], width: int) -> Complex:
    """Like `gate_matrices`, as matrices on `width` qubits (n or 1, d, d) with the gate on some of them."""
    size = 2**width
    if len(angles) > 1:
        gates = gate_matrices(name, angles)
        return apply(gates, np.broadcast_to(np.eye(size, dtype=np.complex128), (len(gates), size, size)), operands)
    rate, parts = embedded_waves(name, operands, width)
    if not angles:
        return parts
    if not rate:
        gates = gate_matrices(name, angles)
        return apply(gates, np.broadcast_to(np.eye(size, dtype=np.complex128), (len(gates), size, size)), operands)
    return (basis(angles[0], rate) @ parts.reshape(5, -1)).reshape(-1, size, size)


@cache
def embedded_waves(name: str, operands: tuple[int, ...], width: int) -> tuple[float, Complex]:
    """A gate without angles on `width` qubits, or the parts of one with one angle (and the rate of its waves, else 0)."""
    rate, parts = 0.0, _fixed(name) if not GATES[name].num_params else np.zeros((0, 1, 1), np.complex128)
    if GATES[name].num_params:
        fitted = _waves(name)
        if fitted is None:
            return 0.0, parts
        rate, parts = fitted[0], fitted[1].reshape(5, *(2 ** GATES[name].num_qubits,) * 2)
    eye = np.broadcast_to(np.eye(2**width, dtype=np.complex128), (len(parts), 2**width, 2**width))
    return rate, apply(parts, eye, operands)


def basis(angles: Real, rate: float) -> Real:
    """1, cos, sin of half the angle (times `rate`), and the cosine's square and product with the sine: (n, 5)."""
    result = np.empty((5, len(angles)))
    result[0] = 1
    result[1], result[2] = cos, sin = circle(angles * (rate / 2))
    np.multiply(cos, cos, out=result[3])
    np.multiply(sin, cos, out=result[4])
    return result.T


def circle(angles: Real) -> tuple[Real, Real]:
    """Cosines and sines, from the tangent of the half: one call of a quick function in place of two slow ones."""
    tangent = np.tan(angles * 0.5)
    scale = tangent * tangent
    scale += 1
    np.divide(2, scale, out=scale)
    tangent *= scale
    scale -= 1
    return scale, tangent


@cache
def _waves(name: str) -> tuple[float, Complex] | None:
    """A gate with one angle as a combination of 1, cos, sin of the angle and of half of it.

    The coefficients come from the definition at 16 angles and are held against it at 16 others; None when
    the gate has another form.
    """
    rate = 2 * np.pi if GATES[name].unit == "turns" else 1.0
    points = np.linspace(-2 * np.pi, 2 * np.pi, 33)[:32] * 0.97 / rate
    values = _define(name, [points]).reshape(32, -1)
    coefficients = np.linalg.lstsq(basis(points[::2], rate), values[::2], rcond=None)[0]
    coefficients[np.abs(coefficients) < 1e-15] = 0
    if np.abs(basis(points, rate) @ coefficients - values).max() > 1e-13:
        return None
    return rate, coefficients.astype(np.complex128)


def _define(name: str, angles: Sequence[Real]) -> Complex:
    if name == "gphase":
        return np.exp(1j * angles[0])[:, None, None]
    if name == "U":
        return _u(angles[0], angles[1], angles[2])
    row = GATES[name]
    assert row.define is not None
    count = len(angles[0]) if angles else 1
    result = np.broadcast_to(np.eye(2**row.num_qubits, dtype=np.complex128), (count, 2**row.num_qubits, 2**row.num_qubits))
    for inner, values, operands in row.define(*angles):
        controls = ""
        while inner.startswith("ctrl "):
            inner, controls = inner[5:], controls + "1"
        matrices = gate_matrices(inner, values)
        result = apply(add_controls(matrices, controls), result, operands)
    return result


def shell(rows: Sequence[Row]) -> int:
    """How many rows at the end of a definition undo as many at its beginning: under controls these need none."""
    count = 0
    while count < len(rows) // 2 and _opposite(rows[count], rows[-1 - count]):
        count += 1
    return count


def _opposite(first: Row, last: Row) -> bool:
    name = first[0]
    return (
        first[2] == last[2] and name in GATES and GATES[name].inverse == last[0]
        and tuple(angle(v) for v in GATES[name].invert(*first[1])) == tuple(angle(v) for v in last[1])
    )  # fmt: skip


def pauli_rotation(paulis: str, theta: Real) -> Complex:
    """exp(-i theta/2 P), shape (n, d, d); the rightmost letter is the first operand."""
    size = 2 ** len(paulis)
    x = int("".join("1" if p in "XY" else "0" for p in paulis) or "0", 2)
    z = int("".join("1" if p in "ZY" else "0" for p in paulis) or "0", 2)
    column = np.arange(size)
    parity = np.array([(int(c) & z).bit_count() for c in column])
    values = (-1.0) ** parity * 1j ** sum(p == "Y" for p in paulis)
    pauli = np.zeros((size, size), np.complex128)
    pauli[column ^ x, column] = values
    half = np.asarray(theta, np.float64)[:, None, None] / 2
    result: Complex = np.cos(half) * np.eye(size) - 1j * np.sin(half) * pauli
    return result


def matrix_power(matrix: Complex, power: float) -> Complex:
    """A power of one unitary (d, d); a fractional one is principal (eigenphases in (-pi, pi])."""
    if float(power).is_integer():
        base: Complex = matrix if power >= 0 else matrix.conj().T
        result = np.eye(len(matrix), dtype=np.complex128)
        count = abs(int(power))
        while count:
            if count & 1:
                result = result @ base
            base = base @ base
            count >>= 1
        return result
    # U = A + iB with A, B Hermitian and commuting; a generic combination has U's eigenvectors.
    a: Any = (matrix + matrix.conj().T) / 2
    b: Any = (matrix - matrix.conj().T) / 2j
    _, vectors = np.linalg.eigh(a * 0.8310472 + b * 1.1393125)
    phases = np.angle(np.diagonal(vectors.conj().T @ matrix @ vectors))
    phases = np.where(phases < -np.pi + 1e-10, np.pi, phases)
    fractional: Complex = (vectors * np.exp(1j * power * phases)) @ vectors.conj().T
    return fractional
