"""Pauli strings as bits: letters, products, commutation, and conjugation by entangling Cliffords.

A letter is two bits, x + 2 z: 0 is I, 1 is X, 2 is Z, 3 is Y, so that the product of two letters, up to
phase, is their exclusive or.  A string is a pair of integers `x`, `z` with one bit per qubit; many strings
are bit planes, with one bit per string in two integers per qubit (`Planes`), so that what happens to all
of them takes a handful of operations on integers.  Signs are held apart, 1 for minus.

A TQE gate (two-qubit entangling gate, Schmitz et al., arXiv 2103.08602) is the Clifford
exp(i pi/4 (1 - P)(1 - Q)) for letters P and Q of two qubits: cz is that of Z and Z, cx that of Z and X.
Each is its own inverse.  The nine are numbered 3 (P - 1) + (Q - 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["LETTERS", "TQE_CODE", "TQE_PAULIS", "Planes", "Tally", "bits", "multiply", "sign_of"]

LETTERS = "IXZY"
"""The text of letter codes 0 to 3."""


def multiply(a: tuple[int, int, int], b: tuple[int, int, int]) -> tuple[int, int, int]:
    """The product of two Paulis (x, z, k), each meaning i**k times the product of X**x Z**z per qubit."""
    x1, z1, k1 = a
    x2, z2, k2 = b
    return x1 ^ x2, z1 ^ z2, (k1 + k2 + 2 * (z1 & x2).bit_count()) & 3


def sign_of(pauli: tuple[int, int, int]) -> int:
    """The sign (1 for minus) of a Hermitian Pauli (x, z, k) in terms of letters, where Y = i X Z."""
    x, z, k = pauli
    return ((k - (x & z).bit_count()) & 3) >> 1


TQE_PAULIS: tuple[tuple[int, int], ...] = tuple((p, q) for p in (1, 2, 3) for q in (1, 2, 3))
"""The letters P and Q of each TQE gate."""


def _after(t: int, a: int, b: int) -> int:
    p, q = TQE_PAULIS[t]
    return 4 * (a ^ (p if b and b != q else 0)) + (b ^ (q if a and a != p else 0))


TQE_CODE: tuple[tuple[int, ...], ...] = tuple(tuple(_after(t, a, b) for a in range(4) for b in range(4)) for t in range(9))
"""Per TQE gate and pair of letters (as 4 a + b): the pair after conjugation."""


class Planes:
    """Strings of letters as bit planes: bit r of `x[q]` and `z[q]` is the letter of string r on qubit q; `sign` has
    bit r set for a minus."""

    __slots__ = ("sign", "x", "z")

    def __init__(self, x: list[int], z: list[int], sign: int = 0) -> None:
        self.x, self.z, self.sign = x, z, sign

    @staticmethod
    def of(strings: Sequence[tuple[int, int, int]], num_qubits: int) -> Planes:
        """From strings (x, z, sign) with one bit per qubit."""
        if len(strings) >= _MANY and num_qubits <= _WORD:
            return _transposed(strings, num_qubits)
        x, z, sign = [0] * num_qubits, [0] * num_qubits, 0
        for r, (sx, sz, s) in enumerate(strings):
            bit = 1 << r
            while sx:
                low = sx & -sx
                x[low.bit_length() - 1] |= bit
                sx ^= low
            while sz:
                low = sz & -sz
                z[low.bit_length() - 1] |= bit
                sz ^= low
            if s:
                sign |= bit
        return Planes(x, z, sign)

    def copy(self) -> Planes:
        return Planes(self.x[:], self.z[:], self.sign)

    def clash(self, x: int, z: int) -> int:
        """The strings that anticommute with one given by its masks."""
        result = 0
        for q in bits(x):
            result ^= self.z[q]
        for q in bits(z):
            result ^= self.x[q]
        return result

    def strings(self, count: int) -> list[tuple[int, int, int]]:
        """The first `count` strings as (x, z, sign) with one bit per qubit."""
        xs, zs = [0] * count, [0] * count
        inside = (1 << count) - 1
        for q, (x, z) in enumerate(zip(self.x, self.z)):
            bit = 1 << q
            for r in bits(x & inside):
                xs[r] |= bit
            for r in bits(z & inside):
                zs[r] |= bit
        return [(xs[r], zs[r], self.sign >> r & 1) for r in range(count)]

    def turn(self, x: int, z: int, turns: int, mask: int) -> None:
        """Replace the strings A of a mask by R^-1 A R for the rotation R by 1 to 3 quarter turns about a string P.

        That is -i A P, -A or i A P for those that anticommute with P, and A for the others.
        """
        rows = self.clash(x, z) & mask
        if turns == 2:
            self.sign ^= rows
            return
        # The power of i in A P, letter by letter, in two bits per string.
        low = high = 0
        for q in bits(x | z):
            p = (x >> q & 1) | (z >> q & 1) << 1
            xa, za = self.x[q], self.z[q]
            if p == 1:
                other, plus = za & rows, ~xa
            elif p == 2:
                other, plus = xa & rows, za
            else:
                other, plus = (xa ^ za) & rows, xa
            high ^= (low & other) ^ (other & ~plus)
            low ^= other
            if p & 1:
                self.x[q] = xa ^ rows
            if p & 2:
                self.z[q] = za ^ rows
        self.sign ^= (high if turns == 1 else ~high) & rows

    def letter(self, q: int, r: int) -> int:
        """The letter of string r on qubit q."""
        return (self.x[q] >> r & 1) | (self.z[q] >> r & 1) << 1

    def support(self, r: int) -> list[tuple[int, int]]:
        """The qubits on which string r has a letter, ascending, with those letters."""
        return [(q, (x >> r & 1) | (z >> r & 1) << 1) for q, (x, z) in enumerate(zip(self.x, self.z)) if (x | z) >> r & 1]

    def tqe(self, p: int, q: int, a: int, b: int) -> None:
        """Conjugate every string by the TQE gate of letter p on qubit a and q on b."""
        x, z = self.x, self.z
        xa, za, xb, zb = x[a], z[a], x[b], z[b]
        from_a = za if p == 1 else (xa if p == 2 else xa ^ za)
        from_b = zb if q == 1 else (xb if q == 2 else xb ^ zb)
        both = from_a & from_b
        if both:
            # The letters times P and Q give i or -i each; the sign turns when they agree.
            plus_a = ~xa if p == 1 else (za if p == 2 else xa)
            plus_b = xb if q == 1 else (~zb if q == 2 else zb)
            self.sign ^= both & ~(plus_a ^ plus_b)
        if p & 1:
            x[a] = xa ^ from_b
        if p & 2:
            z[a] = za ^ from_b
        if q & 1:
            x[b] = xb ^ from_a
        if q & 2:
            z[b] = zb ^ from_a


class Tally:
    """A number per string, held as bit planes: bit r of plane k is binary digit k of the number of string r.

    Counting up or down for any set of strings takes a few operations on integers.
    """

    __slots__ = ("planes",)

    def __init__(self) -> None:
        self.planes: list[int] = []

    def add(self, mask: int, digit: int = 0) -> None:
        """Add 2**digit for every string of a mask."""
        planes = self.planes
        while mask:
            while digit >= len(planes):
                planes.append(0)
            held = planes[digit]
            planes[digit] = held ^ mask
            mask &= held
            digit += 1

    def subtract(self, mask: int, digit: int = 0) -> None:
        """Subtract 2**digit for every string of a mask; no number may become negative."""
        planes = self.planes
        while mask:
            held = planes[digit]
            planes[digit] = held ^ mask
            mask &= ~held
            digit += 1

    def least(self, mask: int) -> tuple[int, int]:
        """The smallest number of the strings of a mask, which is not empty, and the strings that have it."""
        number = 0
        for plane in reversed(self.planes):
            number <<= 1
            rest = mask & ~plane
            if rest:
                mask = rest
            else:
                number += 1
        return number, mask

    def groups(self, mask: int) -> list[tuple[int, int]]:
        """The numbers of the strings of a mask, ascending, each with the strings that have it."""
        found = [(0, mask)] if mask else []
        for plane in reversed(self.planes):
            split: list[tuple[int, int]] = []
            for number, members in found:
                high = members & plane
                if high != members:
                    split.append((2 * number, members ^ high))
                if high:
                    split.append((2 * number + 1, high))
            found = split
        return found


_MANY = 24
_WORD = 62


def _transposed(strings: Sequence[tuple[int, int, int]], num_qubits: int) -> Planes:
    """`Planes.of` in bulk, for strings that fit a machine word."""
    import numpy as np

    table = np.array(strings, np.int64)
    masks = np.concatenate([(table[:, :2].T[:, None, :] >> np.arange(num_qubits)[:, None]) & 1, table[:, 2:].T[None] & 1],
                           axis=None)  # fmt: skip
    packed = np.packbits(masks.astype(np.uint8).reshape(-1, len(strings)), axis=1, bitorder="little")
    planes = [int.from_bytes(row.tobytes(), "little") for row in packed]
    return Planes(planes[:num_qubits], planes[num_qubits:-1], planes[-1])


def bits(mask: int) -> Iterator[int]:
    """The positions of the set bits, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
