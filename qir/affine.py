"""Affine spaces over GF(2), bit-packed: what measuring a stabilizer state can give.

The outcomes of measuring every qubit of a stabilizer state are a base point plus any combination of basis
vectors, all equally likely (Dehaene and De Moor, quant-ph/0304125).  Rows are held as 64-bit words, lowest bit
first, so that adding rows is one exclusive or of a few words.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["AffineSpace", "outcomes"]

Bits = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]


class AffineSpace(NamedTuple):
    """The points `base` + combinations of the rows of `basis`, of shapes (n,) and (k, n) with entries 0 and 1."""

    base: Bits
    basis: Bits

    def sample(self, count: int, rng: np.random.Generator) -> Bits:
        """Random points, shape (count, n)."""
        size = len(self.base)
        rows = _pack(self.basis)
        total = np.broadcast_to(_pack(self.base[None]), (count, rows.shape[1])).copy()
        # Eight rows at a time: a table of their 256 sums is read at random (the "four Russians").
        chosen = rng.integers(0, 256, (-(-len(rows) // 8), count), dtype=np.uint8)
        for number, pick in enumerate(chosen):
            table = np.zeros((1, rows.shape[1]), np.uint64)
            for row in rows[8 * number : 8 * number + 8]:
                table = np.concatenate([table, table ^ row])
            total ^= table[pick & (len(table) - 1)]
        return _unpack(total, size)


def outcomes(x: Bits, z: Bits, sign: Bits) -> AffineSpace:
    """What measuring all qubits gives in the state stabilized by Pauli strings.

    x, z: bits of n independent, commuting strings, shape (n, n).    sign: 1 for minus, shape (n,).
    """
    n = len(sign)
    quarter = 2 * sign.astype(np.int64) + np.bitwise_count(_pack(x) & _pack(z)).sum(axis=1, dtype=np.int64)
    words = np.concatenate([_pack(x), _pack(z)], axis=1)
    half = words.shape[1] // 2
    # Eliminate the X parts; rows are i^quarter X^x Z^z, multiplied from the right.
    rank = 0
    for column in range(n):
        if rank == n:
            break
        word, bit = column >> 6, np.uint64(1 << (column & 63))
        have = (words[rank:, word] & bit).nonzero()[0]
        if not len(have):
            continue
        first = rank + have[0]
        if first != rank:
            words[[rank, first]] = words[[first, rank]]
            quarter[[rank, first]] = quarter[[first, rank]]
        # The exchanged row had no bit here, the others of `have` stay where they are.
        others = rank + have[1:]
        if len(others):
            part = words[others]
            crossing = np.bitwise_count(part[:, half:] & words[rank, :half]).sum(axis=1, dtype=np.int64)
            quarter[others] += quarter[rank] + 2 * crossing
            part ^= words[rank]
            words[others] = part
        rank += 1
    basis = _unpack(words[:rank, :half].copy(), n)
    parity = ((quarter[rank:] % 4) // 2).astype(np.uint8)
    return AffineSpace(_solve(_unpack(words[rank:, half:].copy(), n), parity), basis)


def _solve(checks: Bits, parity: Bits) -> Bits:
    """One solution of checks @ v = parity; the rows of `checks` are independent."""
    count, n = checks.shape
    words = _pack(np.concatenate([checks, parity[:, None]], axis=1))
    pivots: list[int] = []
    for column in range(n):
        row = len(pivots)
        if row == count:
            break
        have = (words[:, column >> 6] & np.uint64(1 << (column & 63))).nonzero()[0]
        below = have[have >= row]
        if not len(below):
            continue
        if below[0] != row:
            words[[row, below[0]]] = words[[below[0], row]]
        others = have[(have != below[0]) & (have != row)]
        words[others] ^= words[row]
        pivots.append(column)
    result = np.zeros(n, np.uint8)
    result[pivots] = _unpack(words, n + 1)[: len(pivots), n]
    return result


def _pack(bits: Bits) -> Words:
    """Rows of bits as words, shape (rows, words)."""
    rows, n = bits.shape
    packed = np.zeros((rows, -(-n // 64) * 8), np.uint8)
    packed[:, : -(-n // 8)] = np.packbits(bits, axis=1, bitorder="little")
    return packed.view(np.uint64)


def _unpack(words: Words, n: int) -> Bits:
    return np.unpackbits(words.view(np.uint8), axis=1, count=n, bitorder="little")
