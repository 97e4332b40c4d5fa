"""Steps of kind `windows` and `frames`: every window means the same before and after.

Windows that did not change are seen at once by comparing rows.  Those of at most 3 qubits with numeric
angles are multiplied out together, each different one once; the others go to the methods for whole
circuits one by one.  For a step of kind `frames` the new window is surrounded by the z rotations owed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Extra
from qir.columns import OPERATIONS, USER, distinct
from qir.gates import GATES
from qir.journal import Step
from qir.params import Angle
from qir.verify.definitions import embedded_matrices
from qir.verify.legs import Legs, find_legs, fixed, row_keys, skipped
from qir.verify.result import Equivalence
from qir.verify.spins import diagonals, is_diagonal, quaternions, spins_differ, then, z_spins

__all__ = ["Differs", "Notes", "Unjustified", "check_windows"]

Index = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
TOLERANCE = 1e-8
_WIDEST = 3
_SHORT = 8
_MEASURE, _RESET = OPERATIONS["measure"], OPERATIONS["reset"]
_NAMES = list(GATES)
Whole = Callable[[Circuit, Circuit], Equivalence]


class Unjustified(Exception):
    """A step does not justify what it did."""


class Differs(Unjustified):
    """A window means something else than before; the text shows it."""


@dataclass
class Notes:
    """What was looked at, for the verdict's detail."""

    steps: int = 0
    windows: int = 0
    multiplied: int = 0
    whole: int = 0
    tested: int = 0
    legs: dict[int, tuple[Circuit, Legs]] = field(default_factory=dict)

    def find_legs(self, circuit: Circuit) -> Legs:
        """The legs of a circuit, once per circuit."""
        known = self.legs.get(id(circuit))
        if known is None:
            known = self.legs[id(circuit)] = (circuit, find_legs(circuit))
        return known[1]


@dataclass
class _Side:
    """One circuit of the step: its meaningful rows sorted by window."""

    circuit: Circuit
    rows: Index
    window: Index
    start: Index
    count: Index

    @staticmethod
    def of(circuit: Circuit, labels: Index, size: int) -> _Side:
        active = ~skipped(circuit)
        rows = np.flatnonzero(active) if not active.all() else np.arange(len(active))
        window = labels[rows]
        if len(window) and (window[1:] < window[:-1]).any():
            order = np.argsort(window, kind="stable")
            rows, window = rows[order], window[order]
        count = np.bincount(window, minlength=size)
        return _Side(circuit, rows, window, np.cumsum(count) - count, count)

    def within(self, chosen: npt.NDArray[np.bool_]) -> tuple[Index, Index]:
        """Rows and windows of the chosen windows."""
        mask = chosen[self.window]
        return self.rows[mask], self.window[mask]


def check_windows(step: Step, notes: Notes, whole: Whole) -> None:
    """Unjustified or Differs when the step does not hold."""
    before, after = step.before, step.after
    if step.old is None or step.new is None or len(step.old) != len(before.columns) or len(step.new) != len(after.columns):
        raise Unjustified("the window numbers do not fit the circuits")
    if after.num_qubits < before.num_qubits or after.num_clbits < before.num_clbits or before.layout != after.layout:
        raise Unjustified("wires or placements changed")
    shift = after.num_qubits - before.num_qubits
    for circuit, labels in ((before, step.old), (after, step.new)):
        # Numbers that never fall in program order fall along no wire.
        if (labels[1:] < labels[:-1]).any():
            wire = notes.find_legs(circuit).falls(labels)
            if wire is not None:
                raise Unjustified(f"window numbers fall along wire {wire}")
    old, new, size = _compress(np.asarray(step.old, np.int64), np.asarray(step.new, np.int64))
    sides = _Side.of(before, old, size), _Side.of(after, new, size)
    owed = None
    if step.kind == "frames":
        owed = _Owed.of(step, notes.find_legs(before), old, size)
        _check_end(step, owed)
    elif before.frames != after.frames:
        raise Unjustified("the pending frames changed")
    same = _identical(*sides)
    if owed is not None:
        same &= ~owed.touched(sides[0], size)
    notes.windows += size
    changed = ~same & ((sides[0].count > 0) | (sides[1].count > 0))
    if not changed.any():
        return
    _Check(step, sides, owed, notes, whole, shift).run(changed)


def _compress(old: Index, new: Index) -> tuple[Index, Index, int]:
    """Window numbers from 0 on."""
    if not len(old) and not len(new):
        return old, new, 0
    both = np.concatenate([old, new])
    low, high = int(both.min()), int(both.max())
    if high - low <= 4 * len(both) + 1024:
        return old - low, new - low, high - low + 1
    unique, inverse = np.unique(both, return_inverse=True)
    return inverse[: len(old)], inverse[len(old) :], len(unique)


def _identical(a: _Side, b: _Side) -> npt.NDArray[np.bool_]:
    """Windows with the same rows in the same order."""
    same: npt.NDArray[np.bool_] = a.count == b.count
    if not same.any():
        return same
    left, right = row_keys(a.circuit, b.circuit)
    rows, window = a.within(same)
    position = np.flatnonzero(same[a.window]) if len(rows) != len(a.rows) else np.arange(len(rows))
    partner = b.rows[b.start[window] + position - a.start[window]]
    same[window[~left.equal(rows, right, partner)]] = False
    return same


# -- what is owed on the wires ------------------------------------------------------------------


@dataclass
class _Owed:
    """The z rotations owed along the wires of the old circuit, by (wire, window)."""

    key: Index
    value: Real
    """After the last operation of that window on that wire."""
    size: int

    @staticmethod
    def of(step: Step, legs: Legs, old: Index, size: int) -> _Owed:
        if step.pending is None or step.pending.shape != (len(step.before.columns), 3):
            raise Unjustified("what is owed does not fit the circuit")
        if not np.isfinite(step.pending).all():
            raise Unjustified("what is owed is not a number")
        quantum = legs.wire < step.before.num_qubits
        op, wire, leg = legs.op[quantum], legs.wire[quantum], legs.leg[quantum]
        narrow = (leg < 3) & (step.before.columns.qubits[op, np.minimum(leg, 2)] == wire)
        value = np.where(narrow, step.pending[op, np.minimum(leg, 2)], 0.0)
        key = wire * (size + 1) + old[op]
        last = np.ones(len(key), np.bool_)
        last[:-1] = key[1:] != key[:-1]
        return _Owed(key[last], value[last], size)

    def around(self, wire: Index, window: Index) -> tuple[Real, Real]:
        """What is owed on wires before the given windows, and once they are done."""
        if not len(self.key):
            return np.zeros(len(wire)), np.zeros(len(wire))
        wanted = wire * (self.size + 1) + window
        place = np.searchsorted(self.key, wanted)
        earlier = np.maximum(place - 1, 0)
        known = (place > 0) & (self.key[earlier] >= wire * (self.size + 1))
        entering = np.where(known, self.value[earlier], 0.0)
        place = np.minimum(place, len(self.key) - 1)
        return entering, np.where(self.key[place] == wanted, self.value[place], entering)

    def touched(self, side: _Side, size: int) -> npt.NDArray[np.bool_]:
        """Windows on whose wires something is owed, but for measurements and resets alone."""
        wire = self.key // (self.size + 1)
        window = self.key - wire * (self.size + 1)
        owing = self.value != 0
        due = owing.copy()
        due[1:] |= owing[:-1] & (wire[1:] == wire[:-1])
        result = np.zeros(size, np.bool_)
        result[window[due]] = True
        codes = side.circuit.columns.opcode[side.rows]
        firm = np.zeros(size, np.bool_)
        firm[side.window[(codes != _MEASURE) & (codes != _RESET)]] = True
        result &= firm
        return result


def _check_end(step: Step, owed: _Owed) -> None:
    wires = np.arange(step.before.num_qubits)
    end = owed.around(wires, np.full(len(wires), owed.size))[1]
    was = step.before.frames or (Angle(),) * step.before.num_qubits
    now = step.after.frames or (Angle(),) * step.after.num_qubits
    for w, value in enumerate(end.tolist()):
        gap = now[w] - was[w] - value
        if gap.terms or abs(np.exp(1j * gap.constant) - 1) > TOLERANCE:
            raise Unjustified(f"the frame pending on wire {w} is not what is owed there")


# -- windows that changed -----------------------------------------------------------------------


class _Check:
    def __init__(
        self, step: Step, sides: tuple[_Side, _Side], owed: _Owed | None, notes: Notes, whole: Whole, shift: int
    ) -> None:
        self.step, self.sides, self.owed, self.notes, self.whole = step, sides, owed, notes, whole
        self.ancillas = shift > 0
        self.width = max(step.before.num_qubits, step.after.num_qubits) + 1

    def run(self, changed: npt.NDArray[np.bool_]) -> None:
        simple = changed.copy()
        for side in self.sides:
            circuit = side.circuit
            rows, window = side.within(changed)
            firm = fixed(circuit)[rows]
            if firm.any():
                self._firm(window[firm])
            columns = circuit.columns
            plain = columns.plain[rows]
            if columns.terms is not None:
                plain &= ~columns.terms[rows].any(axis=1)
            simple[window[~plain]] = False
        # Wires of every simple window, numbered within it.
        pairs = []
        for side in self.sides:
            rows, window = side.within(simple)
            base = window * self.width
            for leg in range(3):
                qubits = side.circuit.columns.qubits[rows, leg]
                if leg == 0:
                    pairs.append((base + qubits)[qubits >= 0])
                elif (have := np.flatnonzero(qubits >= 0)).size:
                    pairs.append(base[have] + qubits[have])
        # Nearly sorted already, which a stable sort makes use of.
        keys = np.sort(np.concatenate(pairs), kind="stable")
        unique = keys[np.diff(keys, prepend=-1) != 0]
        at = unique // self.width
        wires_of = np.bincount(at, minlength=len(changed))
        first = np.cumsum(wires_of) - wires_of
        simple &= wires_of <= _WIDEST
        if self.ancillas:
            simple[at[unique % self.width >= self.step.before.num_qubits]] = False
        for k in range(_WIDEST + 1):
            chosen = simple & (wires_of == k)
            if chosen.any():
                self._multiply(k, np.flatnonzero(chosen), unique, first)
        rest = changed & ~simple
        if rest.any():
            self._one_by_one(np.flatnonzero(rest))

    def _firm(self, windows: Index) -> None:
        """Windows with operations that are not gates may only differ in what is owed at measurements."""
        for w in distinct(windows).tolist():
            raise Unjustified(f"{self._show(w)}: what is not a gate was rewritten or crossed by a frame")

    # -- in bulk -----------------------------------------------------------------------------

    def _multiply(self, k: int, windows: Index, unique: Index, first: Index) -> None:
        prepared = [_Rows.of(side, windows, unique, first, self.width, k) for side in self.sides]
        turns = None
        if self.owed is not None:
            index = first[windows][:, None] + np.arange(k)
            wire = unique[index] % self.width if k else np.zeros((len(windows), 0), np.int64)
            number = np.repeat(windows, k)
            entering, leaving = self.owed.around(wire.ravel(), number)
            turns = entering.reshape(-1, k), leaving.reshape(-1, k)
        if k == 1:
            self.notes.multiplied += len(windows)
            self._refuse(windows, _spins_differ(prepared, turns))
            return
        rest = np.arange(len(windows))
        if k:
            flat = prepared[0].diagonal() & prepared[1].diagonal()
            if flat.any():
                self.notes.multiplied += int(flat.sum())
                chosen = np.flatnonzero(flat)
                self._refuse(windows[chosen], _diagonals_differ(prepared, turns, chosen))
                rest = np.flatnonzero(~flat)
                if not len(rest):
                    return
        picked = _representatives(prepared, turns, rest)
        self.notes.multiplied += len(picked)
        for part in np.array_split(picked, max(1, len(picked) * 4**k // 2**19)):
            if not len(part):
                continue
            a, b = (p.product(part) for p in prepared)
            if turns is not None:
                b = _diagonal(turns[1][part])[:, :, None] * b * _diagonal(-turns[0][part])[:, None, :]
            self._refuse(windows[part], _different(a, b))

    def _refuse(self, windows: Index, bad: npt.NDArray[np.bool_]) -> None:
        if bad.any():
            raise Differs(self._show(int(windows[np.flatnonzero(bad)[0]])))

    # -- one by one --------------------------------------------------------------------------

    def _one_by_one(self, windows: Index) -> None:
        known: dict[Any, Equivalence] = {}
        for w in windows.tolist():
            rows = [side.rows[side.start[w] : side.start[w] + side.count[w]] for side in self.sides]
            if self.owed is not None:
                touched = {q for side, r in zip(self.sides, rows) for row in r.tolist() for q in side.circuit.operands(row)}
                wires = np.array(sorted(touched), np.int64)
                entering, leaving = self.owed.around(wires, np.full(len(wires), w))
                if entering.any() or leaving.any():
                    raise Unjustified(f"{self._show(w)}: frames cross a wide or symbolic window")
            a, b, key = _window_circuits(self.sides, rows)
            found = known.get(key)
            if found is None:
                if self.ancillas and b.num_qubits > self.step.before.num_qubits:
                    raise Unjustified("new wires in a wide window")
                found = known[key] = self.whole(a, b)
                self.notes.whole += 1
            if found.verdict == "refuted":
                raise Differs(f"{self._show(w)}: {found.counterexample}")
            if found.verdict == "unchecked":
                raise Unjustified(f"{self._show(w)}: {found.detail}")
            if found.verdict == "tested":
                self.notes.tested += 1

    def _show(self, window: int) -> str:
        texts = []
        for side in self.sides:
            rows = side.rows[side.start[window] : side.start[window] + side.count[window]].tolist()
            shown = "; ".join(_text(side.circuit, row) for row in rows[:12]) or "nothing"
            texts.append(shown + (" ..." if len(rows) > 12 else ""))
        return f"pass {self.step.name}: {texts[0]} became {texts[1]}"


def _text(circuit: Circuit, row: int) -> str:
    op = circuit.operation(row)
    angles = f"({', '.join(f'{p:.6g}' if isinstance(p, float) else str(p) for p in op.params)})" if op.params else ""
    modifiers = ""
    if op.extra is not None and (op.extra.controls or op.extra.power != 1):
        modifiers = f" [controls {op.extra.controls or 'none'}, power {op.extra.power:g}]"
    return f"{op.name}{angles} {', '.join(map(str, op.qubits))}{modifiers}"


@dataclass
class _Rows:
    """Rows of some windows with operands numbered within the window, sorted by window."""

    opcode: npt.NDArray[np.int32]
    local: npt.NDArray[np.int8]
    params: Real
    number: Index
    start: Index
    count: Index
    k: int

    @staticmethod
    def of(side: _Side, windows: Index, unique: Index, first: Index, width: int, k: int) -> _Rows:
        count = side.count[windows]
        total = int(count.sum())
        start = np.cumsum(count) - count
        number = np.repeat(np.arange(len(windows)), count)
        place = np.arange(total) - start[number] + side.start[windows][number]
        rows = side.rows[place]
        columns = side.circuit.columns
        if k == 1:
            local = np.full((total, 3), -1, np.int8)
            local[columns.qubits[rows, 0] >= 0, 0] = 0
            return _Rows(columns.opcode[rows], local, columns.params[rows], number, start, count, k)
        local = np.full((total, 3), -1, np.int8)
        base = unique[first[windows][:, None] + np.arange(k - 1)] % width if k else np.zeros((len(windows), 0), np.int64)
        lesser = base.astype(columns.qubits.dtype)[number]
        for leg in range(k):
            qubits = columns.qubits[rows, leg]
            place = np.where(qubits >= 0, 0, -1).astype(np.int8)
            for i in range(k - 1):
                place += qubits > lesser[:, i]
            local[:, leg] = place
        return _Rows(columns.opcode[rows], local, columns.params[rows], number, start, count, k)

    def hashes(self) -> npt.NDArray[np.uint64]:
        """A number per window that equal windows share (unequal ones may)."""
        bits = self.params.view(np.uint64).reshape(-1, 3)
        mixed = self.opcode.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        for i in range(3):
            mixed = (mixed ^ bits[:, i]) * np.uint64(0xBF58476D1CE4E5B9)
            mixed ^= mixed >> np.uint64(29)
            mixed = (mixed ^ (self.local[:, i].astype(np.int64) + 2).astype(np.uint64)) * np.uint64(0x94D049BB133111EB)
            mixed ^= mixed >> np.uint64(32)
        place = np.arange(len(mixed)) - np.repeat(self.start, self.count)
        mixed = mixed * (2 * place.astype(np.uint64) + np.uint64(0x2545F4914F6CDD1D))
        total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)])
        return total[self.start + self.count] - total[self.start] + self.count.astype(np.uint64)

    def same_as(self, windows: Index, others: Index) -> npt.NDArray[np.bool_]:
        """Per window: it has the rows of its partner."""
        same: npt.NDArray[np.bool_] = self.count[windows] == self.count[others]
        counts = np.where(same, self.count[windows], 0)
        number = np.repeat(np.arange(len(windows)), counts)
        offset = np.arange(len(number)) - (np.cumsum(counts) - counts)[number]
        left, right = self.start[windows][number] + offset, self.start[others][number] + offset
        equal = self.opcode[left] == self.opcode[right]
        for i in range(3):
            equal &= self.local[left, i] == self.local[right, i]
            equal &= self.params[left, i] == self.params[right, i]
        same[number[~equal]] = False
        return same

    def product(self, windows: Index) -> Complex:
        """The matrices of some windows, later operations on the left."""
        size = 2**self.k
        result = np.broadcast_to(np.eye(size, dtype=np.complex128), (len(windows), size, size)).copy()
        rows, number = self.within(windows)
        if len(rows):
            factors = _reduce(self._matrices(rows), number, self.count[windows], lambda first, second: second @ first)
            result[number[np.diff(number, prepend=-1) != 0]] = factors
        return result

    def within(self, windows: Index) -> tuple[Index, Index]:
        """The rows of some windows, and the position among `windows` each belongs to."""
        if len(windows) == len(self.count):
            return np.arange(len(self.number)), self.number
        count = self.count[windows]
        number = np.repeat(np.arange(len(windows)), count)
        return np.arange(len(number)) + (self.start[windows] - np.cumsum(count) + count)[number], number

    def spins(self) -> Real:
        """The quaternions of windows on one qubit, later operations on the left."""
        result = np.zeros((len(self.count), 4))
        result[:, 0] = 1
        if len(self.number):
            factors = np.empty((len(self.number), 4))
            code = self.opcode.astype(np.int64)
            for c in np.flatnonzero(np.bincount(code)).tolist():
                rows = np.flatnonzero(code == c)
                if GATES[_NAMES[c]].num_qubits:
                    factors[rows] = quaternions(_NAMES[c], self.params[rows])
                else:
                    factors[rows] = (1, 0, 0, 0)
            factors = _reduce(factors, self.number, self.count, then)
            result[self.count > 0] = factors
        return result

    def diagonal(self) -> npt.NDArray[np.bool_]:
        """Windows with nothing but diagonal gates."""
        result = np.ones(len(self.count), np.bool_)
        code = self.opcode.astype(np.int64)
        for c in np.flatnonzero(np.bincount(code)).tolist():
            if not is_diagonal(_NAMES[c]):
                result[self.number[code == c]] = False
        return result

    def phases(self, windows: Index) -> Complex:
        """The diagonals of some windows of diagonal gates."""
        rows, number = self.within(windows)
        result = np.ones((len(windows), 2**self.k), np.complex128)
        if len(rows):
            factors = np.empty((len(rows), 2**self.k), np.complex128)
            for name, operands, group in self._kinds(rows):
                factors[group] = diagonals(name, self.params[rows[group], 0], operands, self.k)
            edges = np.flatnonzero(np.diff(number, prepend=-1))
            result[number[edges]] = np.multiply.reduceat(factors, edges, axis=0)
        return result

    def _kinds(self, rows: Index) -> Iterator[tuple[str, tuple[int, ...], Index]]:
        """Rows with the same gate on the same operands: its name, those, and the places in `rows`."""
        code = self.opcode[rows].astype(np.int64)
        local = self.local[rows].astype(np.int64)
        kind = ((code * 4 + local[:, 0] + 1) * 4 + local[:, 1] + 1) * 4 + local[:, 2] + 1
        order = np.argsort(kind.astype(np.int16), kind="stable")
        edges = np.flatnonzero(np.diff(kind[order], prepend=-1))
        for group in np.split(order, edges[1:]):
            yield _NAMES[int(code[group[0]])], tuple(int(q) for q in local[group[0]] if q >= 0), group

    def _matrices(self, rows: Index) -> Complex:
        size = 2**self.k
        result = np.empty((len(rows), size, size), np.complex128)
        for name, operands, group in self._kinds(rows):
            angles = [self.params[rows[group], i] for i in range(GATES[name].num_params)]
            result[group] = embedded_matrices(name, angles, operands, self.k)
        return result


def _reduce(factors: Any, number: Index, count: Index, times: Callable[[Any, Any], Any]) -> Any:
    """The product of each window's factors; `number` is the window of a factor, `count` the factors of each window.

    In long windows neighbours are multiplied in rounds, as many as the length has bits.
    """
    start = np.cumsum(count) - count
    most = int(count.max())
    if most <= _SHORT:
        windows = np.flatnonzero(count)
        start, count = start[windows], count[windows]
        result = factors[start]
        for i in range(1, most):
            chosen = np.flatnonzero(count > i)
            result[chosen] = times(result[chosen], factors[start[chosen] + i])
        return result
    place = np.arange(len(factors)) - start[number]
    while (count > 1).any():
        even = np.flatnonzero(place % 2 == 0)
        has = np.flatnonzero(place[even] + 1 < count[number[even]])
        kept = factors[even]
        kept[has] = times(kept[has], factors[even[has] + 1])
        factors, number, place = kept, number[even], place[even] // 2
        count = (count + 1) // 2
    return factors


def _spins_differ(prepared: list[_Rows], turns: tuple[Real, Real] | None) -> npt.NDArray[np.bool_]:
    """Which windows on one qubit differ."""
    a, b = (p.spins() for p in prepared)
    if turns is not None:
        b = then(then(z_spins(-turns[0][:, 0]), b), z_spins(turns[1][:, 0]))
    return spins_differ(a, b, TOLERANCE)


def _diagonals_differ(prepared: list[_Rows], turns: tuple[Real, Real] | None, windows: Index) -> npt.NDArray[np.bool_]:
    """Which windows of diagonal gates differ by more than a phase."""
    gap = prepared[0].phases(windows).conj() * prepared[1].phases(windows)
    if turns is not None:
        gap *= _diagonal(turns[1][windows] - turns[0][windows])
    result: npt.NDArray[np.bool_] = ~(np.abs(gap - gap[:, :1]).max(axis=1) <= TOLERANCE)
    return result


def _representatives(prepared: list[_Rows], turns: tuple[Real, Real] | None, windows: Index) -> Index:
    """Some of the windows, such that every other one has the same rows as one of them."""
    if len(windows) < 32:
        return windows
    value = (prepared[0].hashes() * np.uint64(0xD6E8FEB86659FD93) + prepared[1].hashes())[windows]
    if turns is not None:
        for part in turns:
            for column in np.ascontiguousarray(part[windows].T):
                value = (value ^ column.view(np.uint64)) * np.uint64(0xBF58476D1CE4E5B9)
                value ^= value >> np.uint64(31)
    _, first, inverse = np.unique(value, return_index=True, return_inverse=True)
    if len(first) > len(windows) // 2:
        return windows
    other = first[inverse]
    same = prepared[0].same_as(windows, windows[other]) & prepared[1].same_as(windows, windows[other])
    if turns is not None:
        for part in turns:
            same &= (part[windows] == part[windows[other]]).all(axis=1)
    same[first] = True
    return np.concatenate([windows[first], windows[~same]])


def _diagonal(angles: Real) -> Complex:
    """The diagonal of Rz on every qubit of each window: (n, 2**k)."""
    result = np.ones((len(angles), 1), np.complex128)
    for column in angles.T:
        both = np.stack([np.exp(-0.5j * column), np.exp(0.5j * column)], axis=1)
        result = (both[:, :, None] * result[:, None, :]).reshape(len(angles), -1)
    return result


def _different(a: Complex, b: Complex) -> npt.NDArray[np.bool_]:
    """Which pairs of unitaries differ by more than a phase."""
    overlap = np.einsum("nij,nij->n", a.conj(), b)
    size = np.abs(overlap)
    phase = np.where(size > 1e-6, overlap / np.where(size > 1e-6, size, 1), 1)
    result: npt.NDArray[np.bool_] = np.abs(a * phase[:, None, None] - b).max(axis=(1, 2)) > TOLERANCE
    return result


def _window_circuits(sides: tuple[_Side, _Side], rows: list[Index]) -> tuple[Circuit, Circuit, Any]:
    """The two sides of a window as circuits over their own wires, and a key that equal windows share."""
    table: dict[int, int] = {}
    keys: list[Any] = []
    circuits = []
    for side, chosen in zip(sides, rows):
        circuit = side.circuit
        columns = circuit.columns.take(chosen)
        qubits = columns.qubits.copy()
        extras: list[Extra] = []
        extra_column = columns.extra.copy()
        for i, row in enumerate(chosen.tolist()):
            operands = circuit.operands(row)
            local = tuple(table.setdefault(q, len(table)) for q in operands)
            index = int(columns.extra[i])
            found = None
            if index >= 0:
                extra = circuit.extras[index]
                found = replace(extra, qubits=local if extra.qubits is not None else None, annotations=())
                extra_column[i] = len(extras)
                extras.append(found)
            if index < 0 or circuit.extras[index].qubits is None:
                qubits[i] = (*local, -1, -1, -1)[:3]
            code = int(columns.opcode[i])
            body: Any = code if code < USER else id(circuit.definitions[code - USER])
            modifiers = None if found is None else (found.controls, found.power, found.payload, found.params)
            keys.append((body, local, circuit.row_angles(row), modifiers))
        keys.append(None)
        circuits.append((circuit, replace(columns, qubits=qubits, extra=extra_column), tuple(extras)))
    made = [
        Circuit(columns, len(table), angles=circuit.angles, extras=extras, definitions=circuit.definitions,
                variables=tuple(v for v in circuit.variables if v.kind == "input"))
        for circuit, columns, extras in circuits
    ]  # fmt: skip
    return made[0], made[1], tuple(keys)
