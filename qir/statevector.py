"""Dense states: gates fused into small matrices and applied in place.

A state is an array of shape (2**n, m): bit q of the row index is qubit q, the m columns are
independent states (one for a simulation, all basis states for a unitary).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["apply", "expectation", "fuse", "small"]

Complex = npt.NDArray[np.complexfloating[Any, Any]]
Gate = tuple[Complex, tuple[int, ...]]


def small(matrix: Complex, target: Complex, operands: Sequence[int]) -> Complex:
    """A gate times a small matrix (2**k, m), on bits `operands` of its rows."""
    k = len(target).bit_length() - 1
    width = len(operands)
    if width == 0:
        return target * matrix[0, 0]
    if width == k and tuple(operands) == tuple(range(k)):
        result: Complex = matrix @ target
        return result
    tensor = target.reshape(*(2,) * k, -1)
    axes = [k - 1 - q for q in reversed(operands)]
    rest = [a for a in range(k + 1) if a not in axes]
    order = axes + rest
    moved = tensor.transpose(order)
    product = (matrix @ moved.reshape(2**width, -1)).reshape(moved.shape)
    back = [order.index(a) for a in range(k + 1)]
    return np.ascontiguousarray(product.transpose(back)).reshape(target.shape)


def fuse(gates: Iterable[Gate], width: int = 4) -> list[Gate]:
    """Combine gates into matrices on at most `width` qubits (a wider gate stays alone).

    A gate joins the last group on any of its wires when the union is small enough: no other group
    stands in between on those wires, so the product keeps its meaning.  Operands come out ascending
    by their first use.
    """
    operands: list[list[int]] = []
    members: list[list[Gate]] = []
    latest: dict[int, int] = {}
    for matrix, qubits in gates:
        found = max((latest.get(q, -1) for q in qubits), default=-1)
        if found >= 0:
            wires = operands[found]
            new = [q for q in qubits if q not in wires]
            if len(wires) + len(new) <= width:
                wires.extend(new)
                members[found].append((matrix, qubits))
                for q in new:
                    latest[q] = found
                continue
        elif not qubits and operands:
            members[0].append((matrix, qubits))
            continue
        for q in qubits:
            latest[q] = len(operands)
        operands.append(list(qubits))
        members.append([(matrix, qubits)])
    return [_combine(wires, group) for wires, group in zip(operands, members)]


def _combine(wires: list[int], group: list[Gate]) -> Gate:
    if len(group) == 1 and list(group[0][1]) == wires:
        return group[0][0], tuple(wires)
    place = {q: i for i, q in enumerate(wires)}
    result: Complex = np.eye(2 ** len(wires), dtype=np.complex128)
    for matrix, qubits in group:
        result = small(matrix, result, [place[q] for q in qubits])
    return result, tuple(wires)


def apply(state: Complex, matrix: Complex, qubits: Sequence[int]) -> Complex:
    """Apply a gate to a state; returns the state, which may be the same array changed in place."""
    rows, columns = state.shape
    n = rows.bit_length() - 1
    width = len(qubits)
    if width == 0:
        state *= matrix[0, 0]
        return state
    if rows * columns <= 1 << 10 or width > 8:
        return small(matrix, state, qubits)
    # Operands in descending order, so that the array splits into runs (high, 2, middle, 2, ..., low).
    order = sorted(range(width), key=lambda i: -qubits[i])
    shape, last = [], n
    for i in order:
        shape += [2 ** (last - 1 - qubits[i]), 2]
        last = qubits[i]
    shape.append(2**last * columns)
    if order != list(range(width - 1, -1, -1)):
        dims = matrix.reshape((2,) * (2 * width))
        axes = [width - 1 - i for i in order]
        matrix = dims.transpose(axes + [width + a for a in axes]).reshape(2**width, 2**width)
    _multiply(state.reshape(shape), np.ascontiguousarray(matrix), width)
    return state


_BLOCK = 1 << 16
_scratch: list[Complex] = []


def _multiply(view: Complex, matrix: Complex, width: int) -> None:
    """Multiply in place along axes 1, 3, 5 ... of a view whose other axes are the runs between operands.

    Works in blocks that stay in the cache, each a stack of small products: a single large one would make the
    BLAS start threads, which costs more than it gives when cores are shared.
    """
    if not _scratch:
        _scratch.extend(np.empty(_BLOCK, np.complex128) for _ in range(2))
    size = 2**width
    tile = max(_BLOCK // (4 * size * size), 32)
    sizes = view.shape[::2]
    # The innermost dimension of the product takes from the lowest runs until it is long enough.
    inside, length = [1] * len(sizes), 1
    for at in range(width, -1, -1):
        inside[at] = math.gcd(sizes[at], tile // length)
        length *= inside[at]
        if length >= 16:
            break
    outside = [whole // part for whole, part in zip(sizes, inside)]
    # As many of the outer runs as fit a block are taken at once, the others in a loop.
    room, cut = max(_BLOCK // (size * length), 1), width + 1
    while cut and outside[cut - 1] <= room:
        cut -= 1
        room //= outside[cut]
    shape = [n for pair in zip(outside, inside) for n in (*pair, 2)][:-1]
    axes = range(3 * width + 2)
    moved = view.reshape(shape).transpose(*axes[::3], *axes[2::3], *axes[1::3])
    if cut and room > 1:
        # Split the run that does not fit.
        dims = moved.shape
        room = math.gcd(room, dims[cut - 1])
        moved = moved.reshape(*dims[: cut - 1], dims[cut - 1] // room, room, *dims[cut:])
    total = int(np.prod(moved.shape[cut:], dtype=np.int64))
    first, second = (s[:total].reshape(-1, size, length) for s in _scratch)
    for index in np.ndindex(*moved.shape[:cut]):
        block = moved[index]
        np.copyto(first.reshape(block.shape), block)
        np.matmul(matrix, first, out=second)
        np.copyto(block, second.reshape(block.shape))


def expectation(state: Complex, paulis: str) -> npt.NDArray[np.float64]:
    """<P> in every column; the rightmost letter acts on qubit 0."""
    n = len(state).bit_length() - 1
    flip = sum(1 << i for i, p in enumerate(reversed(paulis)) if p in "XY")
    sign = sum(1 << i for i, p in enumerate(reversed(paulis)) if p in "YZ")
    index = np.arange(2**n)
    phase = np.where(np.bitwise_count(index & sign) & 1, -1.0, 1.0) * 1j ** paulis.count("Y")
    result: npt.NDArray[np.float64] = np.einsum("im,i,im->m", state[index ^ flip].conj(), phase, state).real
    return result
