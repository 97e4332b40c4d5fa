"""Windows with symbolic angles, proved for all values of their symbols by finitely many.

Every entry of a gate's matrix is a trigonometric polynomial of its angles: a sum of exp(i w t) with finitely many
frequencies w, multiples of 1/2.  With angles that are linear in symbols, so are the entries of the two sides A and
B of a window, and A and B are the same up to a phase if and only if all products A_ij conj(A_kl) and B_ij conj(B_kl)
are.  The frequencies of such a product in one symbol span at most the sum S of the spans of the gates' frequencies on its
side.  When they are all multiples of one base u, the difference of the two products is a trigonometric polynomial
of degree S/u, which vanishes everywhere when it does at 2 S/u + 1 points spaced evenly over a period 2 pi/u, in several
symbols on the grid of such points (Zygmund, Trigonometric Series, chapter X; the interpolation's norm grows only
as the logarithm of the degree, so small differences at the points are small everywhere).  Symbols that are no
plain parameters are taken as free, which can only make the proof harder.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product

import numpy as np
import numpy.typing as npt

from qir.expressions import Expr
from qir.gates import GATES
from qir.params import Angle
from qir.verify.arrays import ranges
from qir.verify.definitions import gate_matrices
from qir.verify.products import Rows, Turns, differ
from qir.verify.spins import is_diagonal

__all__ = ["differ_for_all_values"]

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Real = npt.NDArray[np.float64]
Terms = tuple[tuple[Expr, float], ...]
_MOST_POINTS = 1024
"""Points of one window; more are left to the methods for whole circuits."""
_SAMPLES = 64
_NAMES = list(GATES)


Band = tuple[float, float]
"""What separates the greatest from the least frequency of a matrix in an angle, and of what its frequencies are multiples."""
_Z_ROTATION: Band = (1.0, 0.5)


@cache
def _band(name: str, index: int) -> Band | None:
    """The frequencies of a gate's matrix in one of its angles, per unit of that angle.

    From the Fourier transform over two full turns, which resolves frequencies up to 15 in steps of 1/2 (definitions
    are a few `U`s deep); None when the matrix is no such polynomial.
    """
    row = GATES[name]
    rate = 2 * np.pi if row.unit == "turns" else 1.0
    points = np.arange(_SAMPLES) * (4 * np.pi / _SAMPLES / rate)
    frequencies = np.fft.fftfreq(_SAMPLES, 1 / _SAMPLES) / 2
    used = np.zeros(_SAMPLES, np.bool_)
    for other in (0.37, 1.91, -2.3):
        angles = [points if k == index else np.full(_SAMPLES, other / rate * (k + 1)) for k in range(row.num_params)]
        values = gate_matrices(name, angles).reshape(_SAMPLES, -1)
        used |= (np.abs(np.fft.fft(values, axis=0)) > 1e-10 * _SAMPLES).any(axis=1)
    found = frequencies[used]
    if np.abs(found).max() > _SAMPLES / 8:
        return None
    return float(found.max() - found.min()) * rate, 0.5 * rate


class _Window:
    """The symbols of one window and the points at which it is to be looked at."""

    def __init__(self) -> None:
        self.forms: dict[Terms, int] = {}
        self.spans: tuple[dict[Expr, float], dict[Expr, float]] = ({}, {})
        self.steps: dict[Expr, set[float]] = {}
        self.possible = True

    def add(self, terms: Terms, band: Band | None, side: int) -> None:
        """An angle of a gate (or of an Rz that is owed) on one side."""
        if band is None:
            self.possible = False
            return
        self.forms.setdefault(terms, len(self.forms))
        for symbol, coefficient in terms:
            spans = self.spans[side]
            spans[symbol] = spans.get(symbol, 0.0) + abs(coefficient) * band[0]
            self.steps.setdefault(symbol, set()).add(abs(coefficient) * band[1])

    def values(self) -> Real | None:
        """The value of each form at each point (forms, points); None when there would be too many points."""
        if not self.possible:
            return None
        axes = []
        pivots = self._pivots()
        for symbol in pivots:
            base = _common(self.steps[symbol])
            if base is None:
                return None
            degree = max(spans.get(symbol, 0.0) for spans in self.spans) / base
            count = 2 * round(degree) + 1
            axes.append(np.arange(count) * (2 * np.pi / base / count))
            if np.prod([len(a) for a in axes]) > _MOST_POINTS:
                return None
        grid = np.array(list(product(*axes))) if axes else np.zeros((1, 0))
        weights = np.array([[dict(terms).get(symbol, 0.0) for symbol in pivots] for terms in self.forms])
        result: Real = weights.reshape(len(self.forms), len(axes)) @ grid.T
        return result

    def _pivots(self) -> list[Expr]:
        """Symbols that alone give the forms every joint value they can take: the others may be 0."""
        symbols = sorted(self.steps, key=repr)
        if len(self.forms) == 1:
            return symbols[:1]
        matrix = np.array([[dict(terms).get(symbol, 0.0) for symbol in symbols] for terms in self.forms])
        chosen: list[Expr] = []
        for column, symbol in enumerate(symbols):
            # Gram-Schmidt on the columns: one that depends on those before it adds nothing.
            vector = matrix[:, column].copy()
            scale = np.linalg.norm(vector)
            for k in range(column):
                vector -= (matrix[:, k] @ vector) * matrix[:, k]
            rest = np.linalg.norm(vector)
            independent = rest > 1e-9 * scale
            matrix[:, column] = vector / rest if independent else 0.0
            if independent:
                chosen.append(symbol)
        return chosen


def _common(steps: set[float]) -> float | None:
    """The greatest number of which all given ones are multiples (up to 64); None when there is none."""
    least = min(steps)
    for divisor in range(1, 13):
        base = least / divisor
        counts = [s / base for s in steps]
        if all(abs(c - round(c)) < 1e-9 * max(c, 1.0) for c in counts) and max(counts) <= 64:
            return base
    return None


def differ_for_all_values(
    sides: tuple[Rows, Rows], terms: Sequence[npt.NDArray[np.integer]], angles: Sequence[Sequence[Angle]],
    turns: Turns | None, owed: tuple[Index, Index] | None, owed_angles: Sequence[Angle],
) -> Mask:  # fmt: skip
    """Which windows are not proved for all values of their symbols.

    terms: per side (r, 3), 1 + the place in `angles` of an angle's symbolic part, 0 for none; owed: the same for what is owed
    before and after each window on its qubits, (m, k), places in `owed_angles`.
    """
    count, k = len(sides[0].count), sides[0].k
    flat = sides[0].diagonal() & sides[1].diagonal() if k else np.ones(count, np.bool_)
    windows = [_Window() for _ in range(count)]
    if owed is not None:
        # Diagonal gates let through what is owed, symbols and all.
        through = flat & (owed[0] == owed[1]).all(axis=1)
        owed = owed[0] * ~through[:, None], owed[1] * ~through[:, None]
        terms = terms[0], _without_frames(sides[1], np.array(terms[1], np.int64), angles[1], owed, owed_angles)
    for side, (rows, numbers) in enumerate(zip(sides, terms)):
        # Symbolic angles are objects: one by one.
        for place in np.flatnonzero(numbers.any(axis=1)).tolist():
            name = _NAMES[int(rows.opcode[place])]
            for index in np.flatnonzero(numbers[place]).tolist():
                symbolic = angles[side][int(numbers[place, index]) - 1]
                windows[int(rows.number[place])].add(symbolic.terms, _band(name, index), side)
    if owed is not None:
        for numbers in owed:
            for i, slot in np.argwhere(numbers).tolist():
                windows[i].add(owed_angles[int(numbers[i, slot]) - 1].terms, _Z_ROTATION, 1)
    known = [w.values() for w in windows]
    points = np.array([0 if v is None else v.shape[1] for v in known])
    spread = [_at_points(rows, numbers, angles[side], windows, known, points) for side, (rows, numbers) in
              enumerate(zip(sides, terms))]  # fmt: skip
    owner = np.arange(count).repeat(points)
    bound: Turns | None = None
    if turns is not None:
        bound = turns[0].take(owner, axis=0), turns[1].take(owner, axis=0)
        first = points.cumsum() - points
        for values, numbers in zip(bound, owed or ()):
            for i, slot in np.argwhere(numbers).tolist():
                found = known[i]
                if found is not None:
                    angle = owed_angles[int(numbers[i, slot]) - 1]
                    chosen = slice(int(first[i]), int(first[i] + points[i]))
                    values[chosen, slot] += angle.constant + found[windows[i].forms[angle.terms]]
    wrong, _ = differ(spread[0], spread[1], bound)
    bad = np.array([v is None for v in known])
    bad[owner[wrong]] = True
    return bad


@cache
def _carriers(name: str) -> dict[int, int]:
    """Angles of a gate that a z rotation of one operand adds to, with that operand.

    G(angle + t) = Rz(t) G(angle) Rz(-t) on the operand, t in radians; seen at enough points to hold everywhere.
    """
    row = GATES[name]
    rate = 2 * np.pi if row.unit == "turns" else 1.0
    points = np.arange(_SAMPLES) * (4 * np.pi / _SAMPLES)
    result: dict[int, int] = {}
    for index in range(row.num_params):
        band = _band(name, index)
        if band is None or band[0] / rate > _SAMPLES / 8:
            continue
        base = [np.full(_SAMPLES, 0.31 * (k + 1)) for k in range(row.num_params)]
        moved = [angle + points / rate if k == index else angle for k, angle in enumerate(base)]
        expected, given = gate_matrices(name, moved), gate_matrices(name, base)
        for operand in range(row.num_qubits):
            bit = np.arange(2**row.num_qubits) >> operand & 1
            wave = np.exp(0.5j * points[:, None] * np.where(bit, 1, -1))
            if np.abs(wave[:, :, None] * given * wave.conj()[:, None, :] - expected).max() < 1e-12:
                result[index] = operand
    return result


def _without_frames(
    rows: Rows, numbers: Index, angles: Sequence[Angle], owed: tuple[Index, Index], owed_angles: Sequence[Angle]
) -> Index:
    """Drop the symbols of frames that merely pass through windows whose gates carry them in their phases.

    When Rz(L) is owed on a qubit before and after a window, and every gate on that qubit commutes with it or
    has a phase from which it takes L (see `_carriers`), then Rz(L) b Rz(-L) is b without L.  What is dropped becomes 0 in
    `owed`; the numbers of the rows without it are returned.
    """
    for i, slot in np.argwhere((owed[0] == owed[1]) & (owed[0] > 0)).tolist():
        angle = owed_angles[int(owed[0][i, slot]) - 1].symbolic
        dropped: list[tuple[int, int]] = []
        if angle != owed_angles[int(owed[0][i, slot]) - 1]:
            continue
        for row in range(int(rows.start[i]), int(rows.start[i] + rows.count[i])):
            name = _NAMES[int(rows.opcode[row])]
            operands = [0] if rows.local is None else rows.local[row].tolist()
            if slot not in operands or is_diagonal(name):
                continue
            found = [index for index, operand in _carriers(name).items() if operands[operand] == slot and numbers[row, index]]
            rate = 2 * np.pi if GATES[name].unit == "turns" else 1.0
            if len(found) != 1 or not _cancel(angles[int(numbers[row, found[0]]) - 1] * rate, angle):
                break
            dropped.append((row, found[0]))
        else:
            for row, index in dropped:
                numbers[row, index] = 0
            owed[0][i, slot] = owed[1][i, slot] = 0
    return numbers


def _cancel(a: Angle, b: Angle) -> bool:
    """Whether two symbolic angles add up to nothing."""
    gap = a + b
    return gap.constant == 0 and all(abs(c) < 1e-12 for _, c in gap.terms)


def _at_points(
    rows: Rows, numbers: npt.NDArray[np.integer], angles: Sequence[Angle], windows: list[_Window],
    known: list[Real | None], points: Index,
) -> Rows:  # fmt: skip
    """The rows with numbers for symbols, each window once for each of its points."""
    owner = np.arange(len(points)).repeat(points)
    count = rows.count.take(owner)
    place, number = ranges(rows.start.take(owner), count)
    params = rows.params.take(place, axis=0)
    start = count.cumsum() - count
    first = points.cumsum() - points
    for row in np.flatnonzero(numbers.any(axis=1)).tolist():
        i = int(rows.number[row])
        found = known[i]
        if found is None:
            continue
        # Where that row stands in each of the window's copies.
        copies = start[int(first[i]) : int(first[i] + points[i])] + (row - int(rows.start[i]))
        for index in np.flatnonzero(numbers[row]).tolist():
            symbolic = angles[int(numbers[row, index]) - 1]
            params[copies, index] += symbolic.constant + found[windows[i].forms[symbolic.terms]]
    local = None if rows.local is None else rows.local.take(place, axis=0)
    return Rows(rows.opcode.take(place), local, params, number, start, count, rows.k)
