"""Windows of gates with numeric angles, multiplied out many at a time.

Windows on one qubit become quaternions, those of diagonal gates phases; other matrices are multiplied
once per different window.  Every gate is evaluated from its definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.gates import GATES
from qir.verify.definitions import embedded_matrices
from qir.verify.spins import is_diagonal, phases, quaternions, spins_differ, then, turned

__all__ = ["Rows", "Turns", "differ"]

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Real = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Turns = tuple[Real, Real]
"""Radians of the Rz owed on each qubit of each window, before it and after it: two arrays (m, k)."""

TOLERANCE = 1e-8
_SHORT = 8
_FEW = 32
_CHUNK = 2**19
_NAMES = list(GATES)


@dataclass
class Rows:
    """The rows of m windows on k qubits, window after window, operands numbered within the window.

    opcode (r,), local (r, 3) with -1 for none (None when k is at most 1), params (r, 3), number (r,) the window of
    each row; start and count (m,).
    """

    opcode: Index
    local: npt.NDArray[np.int8] | None
    params: Real
    number: Index
    start: Index
    count: Index
    k: int

    def hashes(self) -> npt.NDArray[np.uint64]:
        """A number per window that equal windows share (unequal ones may)."""
        bits = self.params.view(np.uint64)
        assert self.local is not None
        local = self.local.astype(np.int64) + 2
        mixed = (self.opcode | local[:, 0] << 10 | local[:, 1] << 13 | local[:, 2] << 16).view(np.uint64)
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        for i in range(3):
            mixed ^= bits[:, i]
            mixed *= np.uint64(0xBF58476D1CE4E5B9)
            mixed ^= mixed >> np.uint64(29)
        place = np.arange(len(mixed)) - self.start.take(self.number)
        mixed *= (2 * place + 0x2545F4914F6CDD1D).view(np.uint64)
        total = np.zeros(len(mixed) + 1, np.uint64)
        np.cumsum(mixed, out=total[1:])
        return total.take(self.start + self.count) - total.take(self.start) + self.count.view(np.uint64)

    def same_as(self, windows: Index, others: Index) -> Mask:
        """Per window: it has the rows of its partner."""
        same: Mask = self.count.take(windows) == self.count.take(others)
        counts = np.where(same, self.count.take(windows), 0)
        number = np.repeat(np.arange(len(windows)), counts)
        offset = np.arange(len(number)) - (np.cumsum(counts) - counts).take(number)
        left, right = self.start.take(windows).take(number) + offset, self.start.take(others).take(number) + offset
        same[number[self.opcode.take(left) != self.opcode.take(right)]] = False
        assert self.local is not None
        for values in (self.local, self.params):
            bad = (values.take(left, axis=0) != values.take(right, axis=0)).ravel()
            same[number[np.flatnonzero(bad) // 3]] = False
        return same

    def within(self, windows: Index) -> tuple[Index, Index]:
        """The rows of some windows, and the position among `windows` each belongs to."""
        if len(windows) == len(self.count):
            return np.arange(len(self.number)), self.number
        count = self.count.take(windows)
        number = np.repeat(np.arange(len(windows)), count)
        return np.arange(len(number)) + (self.start.take(windows) - np.cumsum(count) + count).take(number), number

    def product(self, windows: Index) -> Complex:
        """The matrices of some windows, later operations on the left."""
        size = 2**self.k
        rows, number = self.within(windows)
        if not len(rows):
            return np.broadcast_to(np.eye(size, dtype=np.complex128), (len(windows), size, size))
        count = self.count.take(windows)
        factors = _reduce(self._matrices(rows), number, count, lambda first, second: second @ first, 0)
        if len(factors) == len(windows):
            return factors
        result = np.broadcast_to(np.eye(size, dtype=np.complex128), (len(windows), size, size)).copy()
        result[count > 0] = factors
        return result

    def spins(self) -> Real:
        """The quaternions (4, m) of windows on one qubit, later operations on the left."""
        code = self.opcode
        factors = np.empty((4, len(code)))
        used = np.flatnonzero(np.bincount(code)).tolist()
        for c in used:
            rows = slice(None) if len(used) == 1 else np.flatnonzero(code == c)
            if GATES[_NAMES[c]].num_qubits:
                factors[:, rows] = quaternions(_NAMES[c], self.params[rows])
            else:
                factors[:, rows] = np.array([[1.0], [0.0], [0.0], [0.0]])
        if len(code):
            factors = _reduce(factors, self.number, self.count, then, 1)
        if factors.shape[1] == len(self.count):
            return factors
        result = np.zeros((4, len(self.count)))
        result[0] = 1
        result[:, self.count > 0] = factors
        return result

    def diagonal(self) -> Mask:
        """Windows with nothing but diagonal gates."""
        result = np.ones(len(self.count), np.bool_)
        for c in np.flatnonzero(np.bincount(self.opcode)).tolist():
            if not is_diagonal(_NAMES[c]):
                result[self.number[self.opcode == c]] = False
        return result

    def phases(self, windows: Index) -> Real:
        """The phases (m, 2**k) of the diagonals of some windows of diagonal gates, in radians."""
        rows, number = self.within(windows)
        result = np.zeros((len(windows), 2**self.k))
        if len(rows):
            found = np.empty((len(rows), 2**self.k))
            for name, operands, group in self._kinds(rows):
                rates, offsets = phases(name, operands, self.k)
                found[group] = self.params[rows.take(group), 0][:, None] * rates + offsets
            filled = np.flatnonzero(self.count.take(windows))
            result[filled] = _reduce(found, number, self.count.take(windows), np.add, 0)
        return result

    def _kinds(self, rows: Index) -> Iterator[tuple[str, tuple[int, ...], Index]]:
        """Rows with the same gate on the same operands: its name, those, and the places in `rows`."""
        assert self.local is not None
        local = self.local.take(rows, axis=0).astype(np.int16)
        kind = ((self.opcode.take(rows).astype(np.int16) * 4 + local[:, 0] + 1) * 4 + local[:, 1] + 1) * 4 + local[:, 2] + 1
        order = np.argsort(kind, kind="stable")
        ordered = kind.take(order)
        edges = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
        for group in np.split(order, edges):
            number = int(kind[group[0]])
            operands = (number >> 4 & 3) - 1, (number >> 2 & 3) - 1, (number & 3) - 1
            yield _NAMES[number >> 6], tuple(q for q in operands if q >= 0), group

    def _matrices(self, rows: Index) -> Complex:
        size = 2**self.k
        result = np.empty((len(rows), size, size), np.complex128)
        for name, operands, group in self._kinds(rows):
            chosen = rows.take(group)
            angles = [self.params[chosen, i] for i in range(GATES[name].num_params)]
            result[group] = embedded_matrices(name, angles, operands, self.k)
        return result


def differ(a: Rows, b: Rows, turns: Turns | None) -> tuple[Mask, int]:
    """Which windows mean something else in `b` than in `a` (up to a phase), and how many were multiplied out.

    With `turns`, what is compared is a Rz(before) = Rz(after) b.
    """
    count = len(a.count)
    if a.k == 1:
        first, second = a.spins(), b.spins()
        if turns is not None:
            second = turned(second, turns[0][:, 0], turns[1][:, 0])
        return spins_differ(first, second, TOLERANCE), count
    bad = np.zeros(count, np.bool_)
    multiplied = 0
    rest = np.arange(count)
    if a.k:
        flat = a.diagonal() & b.diagonal()
        chosen = np.flatnonzero(flat)
        if len(chosen):
            multiplied += len(chosen)
            bad[chosen] = _phases_differ(a, b, turns, chosen)
            rest = np.flatnonzero(~flat)
            if not len(rest):
                return bad, multiplied
    picked = _representatives(a, b, turns, rest)
    multiplied += len(picked)
    size = max(1, _CHUNK // 4**a.k)
    for begin in range(0, len(picked), size):
        part = picked[begin : begin + size]
        left, right = a.product(part), b.product(part)
        if turns is not None:
            right = _diagonal(turns[1][part])[:, :, None] * right * _diagonal(-turns[0][part])[:, None, :]
        bad[part] = _different(left, right)
    return bad, multiplied


def _reduce(factors: Any, number: Index, count: Index, times: Callable[[Any, Any], Any], axis: int) -> Any:
    """The product of each window's factors, for the windows that have any.

    `number` is the window of a factor, `count` the factors of each window.  In long windows neighbours are
    multiplied in rounds, as many as the length has bits.
    """
    whole = (slice(None),) * axis
    most = int(count.max())
    if most <= 1:
        return factors
    start = np.cumsum(count) - count
    if most <= _SHORT:
        windows = np.flatnonzero(count)
        start, count = start.take(windows), count.take(windows)
        result = factors.take(start, axis=axis)
        for i in range(1, most):
            chosen = np.flatnonzero(count > i)
            following = factors.take(start.take(chosen) + i, axis=axis)
            if len(chosen) == len(count):
                result = times(result, following)
            else:
                result[(*whole, chosen)] = times(result.take(chosen, axis=axis), following)
        return result
    place = np.arange(len(number)) - start.take(number)
    while (count > 1).any():
        even = np.flatnonzero((place & 1) == 0)
        has = np.flatnonzero(place.take(even) + 1 < count.take(number.take(even)))
        kept = factors.take(even, axis=axis)
        kept[(*whole, has)] = times(kept.take(has, axis=axis), factors.take(even.take(has) + 1, axis=axis))
        factors, number, place = kept, number.take(even), place.take(even) // 2
        count = (count + 1) // 2
    return factors


def _phases_differ(a: Rows, b: Rows, turns: Turns | None, windows: Index) -> Mask:
    """Which windows of diagonal gates differ by more than a phase."""
    gap = b.phases(windows) - a.phases(windows)
    if turns is not None:
        # Diagonal gates let what is owed through, so only its change counts.
        change = turns[1][windows] - turns[0][windows]
        for q in range(a.k) if change.any() else ():
            sign = np.where(np.arange(2**a.k) >> q & 1, 0.5, -0.5)
            gap += change[:, q, None] * sign
    gap -= gap[:, :1].copy()
    gap -= np.round(gap / (2 * np.pi)) * (2 * np.pi)
    # For small angles the phase is the difference of the entries.
    result: Mask = ~(np.abs(gap).max(axis=1) <= TOLERANCE)
    return result


def _representatives(a: Rows, b: Rows, turns: Turns | None, windows: Index) -> Index:
    """Some of the windows, such that every other one has the same rows as one of them."""
    if len(windows) < _FEW:
        return windows
    value = (a.hashes() * np.uint64(0xD6E8FEB86659FD93) + b.hashes())[windows]
    if turns is not None:
        for part in turns:
            for column in np.ascontiguousarray(part[windows].T):
                value = (value ^ column.view(np.uint64)) * np.uint64(0xBF58476D1CE4E5B9)
                value ^= value >> np.uint64(31)
    _, first, inverse = np.unique(value, return_index=True, return_inverse=True)
    if len(first) > len(windows) // 2:
        return windows
    other = windows.take(first.take(inverse))
    same = a.same_as(windows, other) & b.same_as(windows, other)
    if turns is not None:
        for part in turns:
            same &= (part[windows] == part[other]).all(axis=1)
    same[first] = True
    return np.concatenate([windows.take(first), windows[~same]])


def _diagonal(angles: Real) -> Complex:
    """The diagonal of Rz on every qubit of each window: (m, 2**k)."""
    result = np.ones((len(angles), 1), np.complex128)
    for column in angles.T:
        wave = np.exp(0.5j * column)
        both = np.stack([wave.conj(), wave], axis=1)
        result = (both[:, :, None] * result[:, None, :]).reshape(len(angles), -1)
    return result


def _different(a: Complex, b: Complex) -> Mask:
    """Which pairs of unitaries differ by more than a phase."""
    overlap = np.einsum("nij,nij->n", a.conj(), b)
    size = np.abs(overlap)
    phase = np.where(size > 1e-6, overlap / np.where(size > 1e-6, size, 1), 1)
    result: Mask = ~(np.abs(a * phase[:, None, None] - b).max(axis=(1, 2)) <= TOLERANCE)
    return result
