"""Steps of kind `windows` and `frames`: every window means the same before and after.

Windows that did not change are seen at once by comparing rows.  Those of at most 3 qubits are multiplied
out together, with symbolic angles at as many values as prove them for all; the others go to the methods for
whole circuits one by one.  For a step of kind `frames` the new window is surrounded by the z rotations owed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import NUM_QUBITS
from qir.gates import NUM_GATES
from qir.journal import Step
from qir.verify.arrays import places, ranges
from qir.verify.legs import find_legs
from qir.verify.owed import Owed
from qir.verify.products import Rows, Turns, differ
from qir.verify.result import Differs, Equivalence, Unjustified
from qir.verify.rows import Reading, Tables, differing, fixed, pick, skipped
from qir.verify.symbols import differ_for_all_values
from qir.verify.wide import only_window, text_of, window_circuits

__all__ = ["Notes", "check_windows"]

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_SHORT = 8
_CHUNK = 2**14
Whole = Callable[[Circuit, Circuit], Equivalence]


class Notes:
    """What was looked at, for the verdict's detail, and what was derived from the circuits on the way."""

    def __init__(self) -> None:
        self.steps = self.windows = self.multiplied = self.symbolic = self.whole = self.tested = 0
        self.tables = Tables()
        self._read: dict[int, Reading] = {}

    def read(self, circuit: Circuit) -> Reading:
        """The reading of a circuit, one per circuit."""
        known = self._read.get(id(circuit))
        if known is None:
            known = self._read[id(circuit)] = Reading(circuit, self.tables)
        return known

    def forget(self, circuit: Circuit) -> None:
        """Drop a circuit that no later step looks at."""
        self._read.pop(id(circuit), None)


@dataclass
class _Side:
    """One circuit of the step: its meaningful rows (None: all, in order) sorted by window; `labels` by row."""

    reading: Reading
    labels: Index
    rows: Index | None
    window: Index
    start: Index
    count: Index

    @staticmethod
    def of(reading: Reading, labels: Index, size: int, *, falls: bool) -> _Side:
        rows = reading.active
        window = labels if rows is None else labels.take(rows)
        if falls:
            order = np.argsort(window, kind="stable")
            rows, window = order if rows is None else rows.take(order), window.take(order)
        count = np.bincount(window, minlength=size)
        return _Side(reading, labels, rows, window, count.cumsum() - count, count)

    def of_window(self, window: int) -> Index:
        """The rows of one window."""
        place = np.arange(self.start[window], self.start[window] + self.count[window])
        return pick(place if self.rows is None else self.rows, None if self.rows is None else place)


def check_windows(step: Step, notes: Notes, whole: Whole) -> None:
    """Unjustified or Differs when the step does not hold."""
    before, after = step.before, step.after
    if step.old is None or step.new is None or len(step.old) != len(before.columns) or len(step.new) != len(after.columns):
        raise Unjustified("the window numbers do not fit the circuits")
    if after.num_qubits < before.num_qubits or after.num_clbits < before.num_clbits or before.layout != after.layout:
        raise Unjustified("wires or placements changed")
    readings = notes.read(before), notes.read(after)
    falls = []
    for reading, labels in zip(readings, (step.old, step.new)):
        # Numbers that never fall in program order fall along no wire.
        falls.append(bool((labels[1:] < labels[:-1]).any()))
        if falls[-1] and (wire := _falling(reading, labels)) is not None:
            raise Unjustified(f"window numbers fall along wire {wire}")
    old, new, size = _compress(np.asarray(step.old, np.int64), np.asarray(step.new, np.int64), falls)
    sides = _Side.of(readings[0], old, size, falls=falls[0]), _Side.of(readings[1], new, size, falls=falls[1])
    changed = _changed(*sides)
    owed = None
    if step.kind == "frames":
        owed = Owed(step, readings[0], old, size)
        owed.check_end(step)
        changed |= owed.touched(step)
    elif before.frames != after.frames:
        raise Unjustified("the pending frames changed")
    notes.windows += size
    chosen = places(changed)
    if len(chosen):
        _Check(step, sides, owed, notes, whole).run(changed, chosen)


def _falling(reading: Reading, labels: npt.NDArray[np.integer[Any]]) -> int | None:
    """The first wire along which labels fall.

    Only operations that stand before one with a smaller label, or behind one with a greater, can be part of a fall.
    """
    mixed = labels < np.maximum.accumulate(labels)
    mixed |= labels > np.minimum.accumulate(labels[::-1])[::-1]
    if reading.active is not None:
        kept = np.zeros(len(mixed), np.bool_)
        kept[reading.active] = True
        mixed &= kept
    rows = places(mixed)
    legs = reading.legs if 2 * len(rows) > len(labels) else find_legs(reading.circuit, rows)
    return legs.falls(labels)


def _compress(old: Index, new: Index, falls: list[bool]) -> tuple[Index, Index, int]:
    """Window numbers from 0 on, and how many there are; `falls` tells which of the two are not ascending."""
    ends = []
    for labels, unsorted in zip((old, new), falls):
        if len(labels):
            ends += [int(labels.min()), int(labels.max())] if unsorted else [int(labels[0]), int(labels[-1])]
    if not ends:
        return old, new, 0
    low, high = min(ends), max(ends)
    room = 4 * (len(old) + len(new)) + 1024
    if 0 <= low and high <= room:
        return old, new, high + 1
    if high - low <= room:
        return old - low, new - low, high - low + 1
    unique, inverse = np.unique(np.concatenate([old, new]), return_inverse=True)
    return inverse[: len(old)], inverse[len(old) :], len(unique)


def _changed(a: _Side, b: _Side) -> Mask:
    """Windows that do not have the same rows in the same order."""
    changed: Mask = a.count != b.count
    if not len(a.window) or not len(b.window):
        return changed
    # The row of the same place in the same window, where both have as many.
    partner = (a.start - b.start).take(b.window)
    partner += np.arange(len(partner))
    found = differing(a.reading, partner if a.rows is None else a.rows.take(partner, mode="clip"), b.reading, b.rows)
    changed[b.window.take(found)] = True
    return changed


# -- windows that changed -----------------------------------------------------------------------


@dataclass
class _Block:
    """The rows of some windows of one circuit, window after window; `number` is the place of a row's window."""

    rows: Index
    number: Index
    start: Index
    count: Index

    @staticmethod
    def of(side: _Side, windows: Index) -> _Block:
        count = side.count.take(windows)
        place, number = ranges(side.start.take(windows), count)
        return _Block(place if side.rows is None else side.rows.take(place), number, count.cumsum() - count, count)


_NO_WIRE = np.int64(1) << 32


def _spans(side: _Side, windows: Index, low: Index, high: Index) -> None:
    """Lower `low` and raise `high` to the least and greatest wire that the side's rows have in each window."""
    filled = places(side.count)
    if 2 * len(windows) > len(filled):
        # Most windows: better read all rows in their order than gather those that are needed.
        rows, start, count = side.rows, side.start.take(filled), side.count.take(filled)
        back = np.zeros(len(side.count), np.int64)
        back[windows] = 1
        chosen = places(back.take(filled))
        back[windows] = np.arange(len(windows))
        into = back.take(filled.take(chosen))
    else:
        block = _Block.of(side, windows)
        into = places(block.count)
        rows, start, chosen = block.rows, block.start.take(into), None
        count = block.count.take(into)
    if not len(start):
        return
    qubits = pick(side.reading.circuit.columns.qubits, rows)
    # As numbers without sign, absent operands (-1) are larger than any wire.
    least, most = qubits.view(np.uint32)[:, 0], qubits[:, 0]
    if int(qubits[:, 1].max()) >= 0:
        for leg in (1, 2):
            least, most = np.minimum(least, qubits.view(np.uint32)[:, leg]), np.maximum(most, qubits[:, leg])
    found = _by_window(np.minimum, least, start, count), _by_window(np.maximum, most, start, count)
    if chosen is not None:
        found = found[0].take(chosen), found[1].take(chosen)
    low[into] = np.minimum(low.take(into), found[0])
    high[into] = np.maximum(high.take(into), found[1])


def _chunks(windows: Index) -> Iterator[Index]:
    """Parts small enough that what is computed for one stays in the processor's cache."""
    for begin in range(0, len(windows), _CHUNK):
        yield windows[begin : begin + _CHUNK]


def _by_window(pick_one: np.ufunc, values: npt.NDArray[Any], start: Index, count: Index) -> npt.NDArray[Any]:
    """`reduceat` over windows; step by step for short ones, which is several times quicker."""
    most = int(count.max())
    found: npt.NDArray[Any] = values.take(start)
    for i in range(1, min(most, _SHORT)):
        longer = places(count > i)
        found[longer] = pick_one(found.take(longer), values.take(start.take(longer) + i))
    if most > _SHORT:
        longer = places(count > _SHORT)
        # In pairs: from the first to one past the last, of which every other result is wanted.
        ends = np.stack([start.take(longer), start.take(longer) + count.take(longer)], axis=1).ravel()
        found[longer] = pick_one.reduceat(np.append(values, values[-1:]), ends)[::2]
    return found


class _Check:
    def __init__(self, step: Step, sides: tuple[_Side, _Side], owed: Owed | None, notes: Notes, whole: Whole) -> None:
        self.step, self.sides, self.owed, self.notes, self.whole = step, sides, owed, notes, whole

    def run(self, changed: Mask, windows: Index) -> None:
        """Compare the windows of the mask, which are also given one by one."""
        special, symbolic = np.zeros(len(changed), np.bool_), np.zeros(len(changed), np.bool_)
        for side in self.sides:
            columns = side.reading.circuit.columns
            if len(columns) and int(columns.opcode.max()) >= NUM_GATES:
                other = places(columns.opcode >= NUM_GATES)
                other = other[~skipped(columns.opcode.take(other))]
                firm = side.labels.take(other[fixed(columns.opcode.take(other))])
                firm = firm[changed.take(firm)]
                if len(firm):
                    # Such a window may only differ in what is owed at measurements.
                    raise Unjustified(f"{self._show(int(firm[0]))}: what is not a gate was rewritten or crossed by a frame")
                special[side.labels.take(other)] = True
            if side.reading.special:
                special[side.labels[columns.extra >= 0]] = True
            if columns.terms is not None:
                symbolic[side.labels[columns.terms.any(axis=1)]] = True
        if self.owed is not None and self.owed.angles:
            symbolic |= self.owed.symbolic()
        hard, open_ended = special.take(windows), symbolic.take(windows)
        low, high = np.full(len(windows), _NO_WIRE), np.full(len(windows), -1, np.int64)
        for side in self.sides:
            _spans(side, windows, low, high)
        if self.step.after.num_qubits > self.step.before.num_qubits:
            hard |= high >= self.step.before.num_qubits
        width = np.minimum(high - low + 1, 2)
        width[high < 0] = 0
        width[hard] = -1
        for compare, some in ((self._multiply, ~open_ended), (self._bind, open_ended)):
            for k in (0, 1):
                for chosen in _chunks(places(some & (width == k))):
                    blocks = [_Block.of(side, windows.take(chosen)) for side in self.sides]
                    bad = compare(k, windows.take(chosen), blocks, [x.take(chosen) for x in (low, high)][:k])
                    hard[chosen[bad]] = True
            for chosen in _chunks(places(some & (width == 2))):
                self._pairs_and_triples(windows, chosen, low.take(chosen), high.take(chosen), hard, compare)
        rest = places(hard)
        if len(rest):
            self._one_by_one(windows.take(rest))

    def _pairs_and_triples(
        self, windows: Index, chosen: Index, low: Index, high: Index, hard: Mask, compare: Callable[..., Mask]
    ) -> None:
        """Windows on more than one wire: those on two and three are compared, the others become hard ones."""
        blocks = [_Block.of(side, windows.take(chosen)) for side in self.sides]
        least, most = np.full(len(chosen), _NO_WIRE), np.full(len(chosen), -1, np.int64)
        for side, block in zip(self.sides, blocks):
            # A third wire can only come with a third operand or with a second two-qubit gate.
            qubits = side.reading.circuit.columns.qubits.take(block.rows, axis=0)
            outer = low.astype(np.int32).take(block.number)[:, None], high.astype(np.int32).take(block.number)[:, None]
            between = places(((qubits != outer[0]) & (qubits != outer[1]) & (qubits >= 0)).ravel())
            if len(between):
                number, wire = block.number.take(between // 3), qubits.ravel().take(between).astype(np.int64)
                np.minimum.at(least, number, wire)
                np.maximum.at(most, number, wire)
        triple = most >= 0
        hard[chosen[triple & (least != most)]] = True
        for k, picked in ((2, places(~triple)), (3, places(triple & (least == most)))):
            if len(picked):
                some = windows.take(chosen.take(picked))
                parts = blocks if len(picked) == len(chosen) else [_Block.of(side, some) for side in self.sides]
                wires = [low.take(picked), high.take(picked)]
                if k == 3:
                    wires.insert(1, least.take(picked))
                hard[chosen.take(picked)[compare(k, some, parts, wires)]] = True

    # -- in bulk -----------------------------------------------------------------------------

    def _rows(self, k: int, blocks: list[_Block], wires: list[Index]) -> tuple[Rows, Rows]:
        """Both sides of windows on k qubits, given their wires in ascending order."""
        rows = []
        for side, block in zip(self.sides, blocks):
            columns = side.reading.circuit.columns
            local = None
            if k != 1:
                qubits = columns.qubits.take(block.rows, axis=0)
                local = -(qubits < 0).view(np.int8)
                for wire in wires[:-1]:
                    local += (qubits > wire.astype(np.int32).take(block.number)[:, None]).view(np.int8)
            opcode, params = columns.opcode.take(block.rows), columns.params.take(block.rows, axis=0)
            if local is not None:
                present = (local >= 0).view(np.int8)
                if (present[:, 0] + present[:, 1] + present[:, 2] != NUM_QUBITS.take(opcode)).any():
                    raise Unjustified("an operation has another number of operands than its gate")
            rows.append(Rows(opcode.astype(np.int64), local, params, block.number, block.start, block.count, k))
        return rows[0], rows[1]

    def _multiply(self, k: int, windows: Index, blocks: list[_Block], wires: list[Index]) -> Mask:
        """Multiply out windows with numeric angles; those around which symbols are owed are left over."""
        rows = self._rows(k, blocks, wires)
        turns, owed = (None, None) if self.owed is None else self._turns(k, windows, blocks[0], rows[0].local, wires)
        bad, multiplied = differ(rows[0], rows[1], turns)
        self.notes.multiplied += multiplied
        if bad.any():
            raise Differs(self._show(int(windows[places(bad)[0]])))
        # Symbols may be owed on wires that only the new window has.
        return bad if owed is None else (owed[0] != 0).any(axis=1) | (owed[1] != 0).any(axis=1)

    def _bind(self, k: int, windows: Index, blocks: list[_Block], wires: list[Index]) -> Mask:
        """Prove windows with symbols; those that are not proved are left over."""
        rows = self._rows(k, blocks, wires)
        turns, owed = (None, None) if self.owed is None else self._turns(k, windows, blocks[0], rows[0].local, wires)
        terms, angles = [], []
        for side, block in zip(self.sides, blocks):
            circuit = side.reading.circuit
            found = circuit.columns.terms
            terms.append(np.zeros((len(block.rows), 3), np.int64) if found is None else found.take(block.rows, axis=0))
            angles.append(circuit.angles)
        bad = differ_for_all_values(rows, terms, angles, turns, owed, () if self.owed is None else self.owed.angles)
        self.notes.symbolic += int((~bad).sum())
        return bad

    def _turns(
        self, k: int, windows: Index, block: _Block, local: npt.NDArray[np.int8] | None, wires: list[Index]
    ) -> tuple[Turns, tuple[Index, Index] | None]:
        """What is owed around each window on each of its wires: numbers, and the places of symbolic angles if there are any."""
        owed = self.owed
        assert owed is not None
        if local is None:
            # Windows on one wire.
            number = places(self.step.before.columns.qubits.take(block.rows, axis=0)[:, 0] >= 0)
            leg = slot = np.zeros(len(number), np.int64)
        else:
            operand = places((local >= 0).ravel())
            number, slot = operand // 3, local.ravel().take(operand).astype(np.int64)
            leg = operand - 3 * number
        place = block.number.take(number) * k + slot
        operand = 3 * block.rows.take(number) + leg
        known = np.zeros((len(windows), k), np.bool_)
        known.ravel()[place] = True
        lost = np.nonzero(~known)
        asked = owed.around(np.stack(wires, axis=1)[lost], windows.take(lost[0])) if len(lost[0]) else None

        def table(entering: npt.NDArray[Any], leaving: npt.NDArray[Any], first: int) -> tuple[Any, Any]:
            before, after = np.zeros(known.shape, entering.dtype), np.zeros(known.shape, entering.dtype)
            # Of several operations on a wire the last one assigned counts: what is owed before comes from the first.
            after.ravel()[place] = leaving.ravel().take(operand)
            before.ravel()[place[::-1]] = entering.ravel().take(operand[::-1])
            if asked is not None:
                before[lost], after[lost] = asked[first], asked[first + 1]
            return before, after

        turns = table(owed.entering, owed.leaving, 0)
        if owed.entering_terms is None or owed.leaving_terms is None:
            return turns, None
        return turns, table(owed.entering_terms, owed.leaving_terms, 2)

    # -- one by one --------------------------------------------------------------------------

    def _one_by_one(self, windows: Index) -> None:
        known: dict[Any, Equivalence] = {}
        for w in windows.tolist():
            rows = [side.of_window(w) for side in self.sides]
            if self.owed is not None:
                circuits = self.step.before, self.step.after
                touched = {q for circuit, r in zip(circuits, rows) for row in r.tolist() for q in circuit.operands(row)}
                wires = np.array(sorted(touched), np.int64)
                if any(found.any() for found in self.owed.around(wires, np.full(len(wires), w))):
                    raise Unjustified(f"{self._show(w)}: frames cross a wide or symbolic window")
            circuits = self.step.before, self.step.after
            a, b, key = window_circuits(circuits, rows) if len(windows) > 1 else only_window(circuits, rows)
            found = known.get(key)
            if found is None:
                if self.step.after.num_qubits > self.step.before.num_qubits < b.num_qubits:
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
            rows = side.of_window(window).tolist()
            shown = "; ".join(text_of(side.reading.circuit, row) for row in rows[:12]) or "nothing"
            texts.append(shown + (" ..." if len(rows) > 12 else ""))
        return f"pass {self.step.name}: {texts[0]} became {texts[1]}"
