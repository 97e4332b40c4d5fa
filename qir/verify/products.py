"""Windows of gates with numeric angles, multiplied out many at a time.

Windows on one qubit become quaternions, those of diagonal gates phases; other matrices are multiplied
once per different window.  Every gate is evaluated from its definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.gates import GATES
from qir.verify.arrays import places, ranges
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
        counts = self.count.take(windows) * same
        left, number = ranges(self.start.take(windows), counts)
        right = left + (self.start.take(others) - self.start.take(windows)).take(number)
        same[number[self.opcode.take(left) != self.opcode.take(right)]] = False
        assert self.local is not None
        for values in (self.local, self.params):
            bad = (values.take(left, axis=0) != values.take(right, axis=0)).ravel()
            same[number[places(bad) // 3]] = False
        return same

    def lone_gates(self, windows: Index) -> Index | None:
        """A number for the gate and operands of each window, when each is a single gate without angles; else None."""
        if (self.count.take(windows) != 1).any():
            return None
        rows = self.start.take(windows)
        if _turning()[self.opcode.take(rows)].any():
            return None
        return self._kind(rows)

    def within(self, windows: Index) -> tuple[Index, Index]:
        """The rows of some windows, and the position among `windows` each belongs to."""
        if len(windows) == len(self.count):
            return np.arange(len(self.number)), self.number
        return ranges(self.start.take(windows), self.count.take(windows))

    def product(self, windows: Index) -> Complex:
        """The matrices of some windows, later operations on the left."""
        size = 2**self.k
        rows, _ = self.within(windows)
        if not len(rows):
            return np.broadcast_to(np.eye(size, dtype=np.complex128), (len(windows), size, size))
        count = self.count.take(windows)
        factors = _reduce(self._matrices(rows), count, lambda first, second: second @ first, 0)
        if len(factors) == len(windows):
            return factors
        result = np.broadcast_to(np.eye(size, dtype=np.complex128), (len(windows), size, size)).copy()
        result[count > 0] = factors
        return result

    def spins(self) -> Real:
        """The quaternions (4, m) of windows on one qubit, later operations on the left."""
        code = self.opcode
        factors = np.empty((4, len(code)))
        used = places(np.bincount(code)).tolist()
        turning = [c for c in used if GATES[_NAMES[c]].num_params and GATES[_NAMES[c]].num_qubits]
        if len(turning) < len(used):
            for row, values in zip(factors, _still()):
                values.take(code, out=row, mode="clip")
        for c in turning:
            if len(used) == 1:
                factors = quaternions(_NAMES[c], self.params)
            else:
                rows = places(code == c)
                for row, values in zip(factors, quaternions(_NAMES[c], self.params.take(rows, axis=0))):
                    row[rows] = values
        if len(code):
            factors = _reduce(factors, self.count, then, 1)
        if factors.shape[1] == len(self.count):
            return factors
        result = np.zeros((4, len(self.count)))
        result[0] = 1
        _put(result, places(self.count), factors, 1)
        return result

    def diagonal(self) -> Mask:
        """Windows with nothing but diagonal gates."""
        result = np.ones(len(self.count), np.bool_)
        for c in places(np.bincount(self.opcode)).tolist():
            if not is_diagonal(_NAMES[c]):
                result[self.number[self.opcode == c]] = False
        return result

    def phases(self, windows: Index) -> Real:
        """The phases (2**k, m) of the diagonals of some windows of diagonal gates, in radians."""
        rows, _ = self.within(windows)
        result = np.zeros((2**self.k, len(windows)))
        if len(rows):
            kind = self._kind(rows)
            used = places(np.bincount(kind))
            tables = [phases(*_of_kind(number), self.k) for number in used.tolist()]
            place = np.zeros(int(used[-1]) + 1, np.int64)
            place[used] = np.arange(len(used))
            place = place.take(kind)
            angles = np.ascontiguousarray(self.params[:, 0]).take(rows)
            found = np.empty((2**self.k, len(rows)))
            for row, rates, offsets in zip(found, np.transpose([t[0] for t in tables]), np.transpose([t[1] for t in tables])):
                np.multiply(angles, rates.take(place), out=row)
                row += offsets.take(place)
            count = self.count.take(windows)
            _put(result, places(count), _reduce(found, count, np.add, 1), 1)
        return result

    def _kind(self, rows: Index) -> Index:
        """A number for the gate and the operands of each row."""
        assert self.local is not None
        first, second, third = self.local.take(rows, axis=0).astype(np.int64).T
        return (self.opcode.take(rows) << 6) + (first << 4) + (second << 2) + third + 21

    def _kinds(self, rows: Index) -> Iterator[tuple[str, tuple[int, ...], Index]]:
        """Rows with the same gate on the same operands: its name, those, and the places in `rows`."""
        kind = self._kind(rows).astype(np.int16)
        order = np.argsort(kind, kind="stable")
        ordered = kind.take(order)
        edges = places(ordered[1:] != ordered[:-1]) + 1
        for group in np.split(order, edges):
            yield (*_of_kind(int(kind[group[0]])), group)

    def _matrices(self, rows: Index) -> Complex:
        size = 2**self.k
        result = np.empty((len(rows), size, size), np.complex128)
        for name, operands, group in self._kinds(rows):
            angles = list(self.params.take(rows.take(group), axis=0).T[: GATES[name].num_params])
            result[group] = embedded_matrices(name, angles, operands, self.k)
        return result


def _of_kind(kind: int) -> tuple[str, tuple[int, ...]]:
    """The gate and the operands that a number of `Rows._kind` stands for."""
    operands = (kind >> 4 & 3) - 1, (kind >> 2 & 3) - 1, (kind & 3) - 1
    return _NAMES[kind >> 6], tuple(q for q in operands if q >= 0)


@cache
def _turning() -> Mask:
    """Which gates, by opcode, have angles."""
    return np.array([row.num_params > 0 for row in GATES.values()])


@cache
def _still() -> Real:
    """Quaternions (4, gates) of the gates without angles by opcode; the identity for `gphase`, nothing for all others."""
    table = np.full((4, len(_NAMES)), np.nan)
    for c, name in enumerate(_NAMES):
        if GATES[name].num_qubits == 1 and not GATES[name].num_params:
            table[:, c] = quaternions(name, np.zeros((1, 3)))[:, 0]
        elif not GATES[name].num_qubits:
            table[:, c] = 1, 0, 0, 0
    return table


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
        chosen = places(flat)
        if len(chosen):
            multiplied += len(chosen)
            bad[chosen] = _phases_differ(a, b, turns, chosen)
            rest = places(~flat)
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


def _reduce(factors: Any, count: Index, times: Callable[[Any, Any], Any], axis: int) -> Any:
    """The product of each window's factors (`count` of them, window after window), for the windows that have any."""
    most = int(count.max())
    if most <= 1:
        return factors
    start = count.cumsum() - count
    filled = places(count)
    start, count = start.take(filled), count.take(filled)
    result = factors.take(start, axis=axis)
    for i in range(1, min(most, _SHORT)):
        longer = places(count > i)
        following = factors.take(start.take(longer) + i, axis=axis)
        if len(longer) == len(count):
            result = times(result, following)
        else:
            _put(result, longer, times(result.take(longer, axis=axis), following), axis)
    if most > _SHORT:
        longer = places(count > _SHORT)
        rest = count.take(longer) - _SHORT
        tails = _halve(factors.take(ranges(start.take(longer) + _SHORT, rest)[0], axis=axis), rest, times, axis)
        _put(result, longer, times(result.take(longer, axis=axis), tails), axis)
    return result


def _halve(factors: Any, count: Index, times: Callable[[Any, Any], Any], axis: int) -> Any:
    """The products of long runs of factors, `count` in each: neighbours are multiplied until one is left."""
    place, number = ranges(np.zeros(len(count), np.int64), count)
    while (count > 1).any():
        even = places((place & 1) == 0)
        has = places(place.take(even) + 1 < count.take(number.take(even)))
        kept = factors.take(even, axis=axis)
        _put(kept, has, times(kept.take(has, axis=axis), factors.take(even.take(has) + 1, axis=axis)), axis)
        factors, number, place = kept, number.take(even), place.take(even) // 2
        count = (count + 1) // 2
    return factors


def _put(target: Any, places: Index, values: Any, axis: int) -> None:
    """Assign along the first or second axis; row by row for the second, which is quicker than all at once."""
    if axis == 0:
        target[places] = values
    else:
        for row, value in zip(target, values):
            row[places] = value


def _phases_differ(a: Rows, b: Rows, turns: Turns | None, windows: Index) -> Mask:
    """Which windows of diagonal gates differ by more than a phase."""
    gap = b.phases(windows)
    gap -= a.phases(windows)
    if turns is not None:
        # Diagonal gates let what is owed through, so only its change counts.
        change = turns[1].take(windows, axis=0) - turns[0].take(windows, axis=0)
        for q in range(a.k) if change.any() else ():
            for i, row in enumerate(gap):
                row += change[:, q] * (0.5 if i >> q & 1 else -0.5)
    first, largest = gap[0], np.zeros(len(windows))
    for row in gap[1:]:
        row -= first
        row -= np.round(row / (2 * np.pi)) * (2 * np.pi)
        # For small angles the phase is the difference of the entries.
        np.maximum(largest, np.abs(row), out=largest)
    result: Mask = ~(largest <= TOLERANCE)
    return result


def _representatives(a: Rows, b: Rows, turns: Turns | None, windows: Index) -> Index:
    """Some of the windows, such that every other one has the same rows as one of them."""
    if len(windows) < _FEW:
        return windows
    gates = a.lone_gates(windows) if turns is None else None
    if gates is not None:
        # Many windows are one gate without angles: what replaced it is most often the same everywhere.
        first = np.full(int(gates.max()) + 1, -1)
        first[gates[::-1]] = np.arange(len(windows))[::-1]
        other = windows.take(first.take(gates))
        same = b.same_as(windows, other)
        kept = np.unique(first[first >= 0])
        same[kept] = True
        return np.concatenate([windows.take(kept), windows[~same]])
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
