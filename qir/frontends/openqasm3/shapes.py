"""The fast path for machine-written text: runs of flat statements, scanned as arrays.

Machine-written programs are a few dozen statement shapes repeated.  What a statement parses to
depends only on the kinds of its tokens, never on the digits of its numbers.  So the text is cut
at semicolons, every digit is blanked, and equal pieces are counted: each distinct *variant* is
looked at once, each distinct *shape* (variants that differ in white space and in the length of
their numbers only) is parsed once, and the numbers of all repetitions are read as arrays.

A `Run` stands in the syntax tree for the statements it was made from.  Whatever is not a plain
gate call, measurement or the like with plain numbers (comments inside, 0x1F, 1_0, 2im, 10ns,
modifiers, blocks ...) ends the run and is read the ordinary way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from qir.columns import distinct
from qir.frontends.openqasm3 import syntax

__all__ = ["MIN_RUN", "MIN_TEXT", "STARTS", "Run", "Scanner", "Shape"]

MIN_TEXT = 2_000
"""Texts shorter than this are read the ordinary way: nothing would be gained."""

MIN_RUN = 8
"""Runs of fewer statements are not worth an array."""

STARTS = frozenset({"ID", "MEASURE", "RESET", "BARRIER", "IF"})
"""Tokens that begin a flat statement."""

CHUNK = 200_000
"""Characters scanned at a time: many enough for arrays, few enough for the processor's cache."""

_DIGITS = 18
"""Digits that surely fit an int64."""

_BLANK = bytes(48 if 48 <= b <= 57 else b for b in range(256))
_LEAD = re.compile(rb"(?:[ \t\r\n\f]+|//[^\r\n]*[\r\n])*+")
_TOKEN = re.compile(
    rb"[ \t\r\n\f]*(?:(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    rb"|(?=\.?[0-9])(?P<whole>[0-9]*)(?P<point>\.(?P<rest>[0-9]*))?(?P<power>[eE][+-]?[0-9]+)?(?![A-Za-z_0-9.])"
    rb"|\$(?P<wire>[0-9]+)(?![A-Za-z_0-9])"
    rb"|(?P<symbol>->|==|[()\[\],+*=-]|/(?![/*])))"
)
_SPACE = re.compile(rb"[ \t\r\n\f]*\Z")

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]


@dataclass(slots=True, eq=False)
class Shape:
    """What repeats.

    node: the statement of the first occurrence, parsed on its own text.    kinds: per number "i"
    (integer), "f" (float) or "$" (index of a hardware qubit).    places: their offsets in that text.
    """

    node: syntax.Statement
    kinds: str
    places: tuple[int, ...]


@dataclass(slots=True)
class Run(syntax.Statement):
    """Consecutive flat statements.

    shapes, ids: statement i has the shape shapes[ids[i]].    begins, ends: its offsets.
    first: where its numbers start in `values`; they stand there one after the other.
    """

    shapes: list[Shape]
    ids: Int32
    begins: Int64
    ends: Int64
    first: Int64
    values: Float64

    def __len__(self) -> int:
        return len(self.ids)

    def last_hardware(self) -> int:
        """The highest hardware qubit that is named, -1 when there is none."""
        highest = -1.0
        for number, shape in enumerate(self.shapes):
            for slot, kind in enumerate(shape.kinds):
                if kind == "$":
                    highest = max(highest, self.values[self.first[self.ids == number] + slot].max(initial=-1.0))
        return int(highest)


class Scanner:
    """Finds runs in one text.

    version: 2 or 3.    parse: the one statement that a text of its own holds; None when there is
    none, more than one, or anything to be said about it.
    """

    def __init__(self, text: str, version: int, parse: Callable[[str], syntax.Statement | None]) -> None:
        self.text = text
        self.version = version
        self.parse = parse
        self.shapes: list[Shape] = []
        self._shape_ids: dict[bytes, int] = {}
        self._known: dict[bytes, int] = {}
        self._table = _Table()
        self._named: dict[int, list[int]] = {}
        self._by_name: dict[tuple[int, int], int] = {}
        self._chunk = _Chunk(0, 0)

    def run(self, start: int) -> Run | None:
        """The run that begins with the token at `start`, when it is long enough to be worth it."""
        if not self._chunk.begin <= start < self._chunk.end:
            self._chunk = self._scan(start)
        chunk = self._chunk
        low = int(chunk.begins.searchsorted(start))
        if low == len(chunk.ids) or chunk.begins[low] != start:
            return None
        high = chunk.flat_end(low)
        if high == low or (high - low < MIN_RUN and high < len(chunk.ids)):
            return None
        parts = [chunk.part(low, high)]
        while high == len(chunk.ids) and chunk.end < len(self.text):
            chunk = self._chunk = self._scan(chunk.end)
            high = chunk.flat_end(0)
            if not high:
                break
            parts.append(chunk.part(0, high))
        ids, begins, ends, counts, values = (np.concatenate(columns) for columns in zip(*parts))
        if len(ids) < MIN_RUN:
            return None
        first = np.cumsum(counts) - counts
        return Run(int(begins[0]), int(ends[-1]), self.shapes, ids.astype(np.int32), begins, ends, first, values)

    def _scan(self, at: int) -> _Chunk:
        text = self.text[at : at + CHUNK]
        cut = text.rfind(";") + 1
        if not cut:
            return _Chunk(at, at + max(len(text), 1))
        # Every character stays one byte; those outside ASCII become "?", which begins no token.
        raw = text[:cut].encode("ascii", "replace")
        pieces = raw.translate(_BLANK).split(b";")
        pieces.pop()
        lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
        ends = np.cumsum(lengths + 1)
        starts = ends - lengths - 1
        known = self._known
        ids = [known.get(piece, -1) for piece in pieces]
        if -1 in ids:
            for i, number in enumerate(ids):
                if number < 0:
                    piece = pieces[i]
                    if piece not in known:
                        known[piece] = self._add(self._look(piece, raw, int(starts[i])))
                    ids[i] = known[piece]
        variants = np.array(ids, np.int64)
        data = np.frombuffer(raw, np.uint8)
        if self._named:
            self._tell_apart(variants, starts, pieces, data, raw)
        return self._bind(at, variants, starts, ends, data, raw)

    # -- variants and shapes ---------------------------------------------------------------

    def _look(self, piece: bytes, raw: bytes, start: int, *, named: bool = False) -> _Variant:
        """What a piece of blanked text is; its first occurrence is at `start` in `raw`.

        named: digits of names in `piece` are not blanked, or do not matter.
        """
        lead = _LEAD.match(piece)
        assert lead is not None
        first = position = lead.end()
        variant = _Variant(first)
        # An integer that int64 does not hold is left to those who can complain about it.
        wide = False
        key: list[bytes] = []
        while found := _TOKEN.match(piece, position):
            position = found.end()
            if found["name"] is not None:
                a, b = found.span("name")
                variant.names += [i for i in range(a, b) if piece[i : i + 1].isdigit()]
                key.append(raw[start + a : start + b])
            elif found["symbol"] is not None:
                key.append(found["symbol"])
            elif found["wire"] is not None:
                a, b = found.span("wire")
                wide = wide or b - a > _DIGITS
                variant.numbers.append(_Number("$", a - 1, b, (a, b - a), (b, 0), False))
                key.append(b"$0")
            else:
                a, b = found.span("whole")
                c, d = found.span("rest") if found["point"] is not None else (b, b)
                real = found["point"] is not None or found["power"] is not None
                wide = wide or (not real and b - a > _DIGITS)
                slow = found["power"] is not None or (b - a) + (d - c) > _DIGITS
                digits = ((a, 0), (c, 0)) if slow else ((a, b - a), (c, d - c))
                variant.numbers.append(_Number("f" if real else "i", a, position, *digits, slow))
                key.append(b"0.0" if real else b"0")
        if _SPACE.match(piece, position) is None or wide or len(variant.names) > _DIGITS:
            return _Variant(first)
        if not variant.names or named:
            text = raw[start + first : start + len(piece) + 1]
            variant.shape = self._shape(b" ".join(key), text, variant.numbers, first)
        return variant

    def _add(self, variant: _Variant) -> int:
        number = len(self._table.shape)
        self._table.add(variant)
        if variant.names and variant.shape < 0:
            self._named[number] = variant.names
        return number

    def _shape(self, key: bytes, text: bytes, numbers: list[_Number], lead: int) -> int:
        found = self._shape_ids.get(key)
        if found is None:
            node = self.parse(text.decode("ascii"))
            found = -1
            if node is not None and self._is_flat(node):
                found = len(self.shapes)
                self.shapes.append(Shape(node, "".join(n.kind for n in numbers), tuple(n.begin - lead for n in numbers)))
            self._shape_ids[key] = found
        return found

    def _is_flat(self, node: syntax.Statement) -> bool:
        """Whether a statement may stand in a run: it declares nothing, and nothing after it belongs to it."""
        if isinstance(node, syntax.Assignment):
            return not node.op and isinstance(node.value, syntax.MeasureExpression)
        # In OpenQASM 3 an `else` may follow.
        return isinstance(node, _FLAT) or (self.version == 2 and isinstance(node, syntax.IfStatement))

    def _tell_apart(self, variants: Int64, starts: Int64, pieces: list[bytes], data: Bytes, raw: bytes) -> None:
        """Split variants by the digits in names (u2 and u3); changes `variants`."""
        for number in sorted(set(variants.tolist()) & self._named.keys()):
            rows = np.flatnonzero(variants == number)
            places = self._named[number]
            code = np.zeros(len(rows), np.int64)
            for place in places:
                code = code * 10 + (data[starts[rows] + place] - 48)
            for value in distinct(code).tolist():
                mine = rows[code == value]
                found = self._by_name.get((number, value))
                if found is None:
                    variant = self._look(pieces[mine[0]], raw, int(starts[mine[0]]), named=True)
                    found = self._by_name[number, value] = len(self._table.shape)
                    self._table.add(variant)
                variants[mine] = found

    # -- numbers ---------------------------------------------------------------------------

    def _bind(self, at: int, variants: Int64, starts: Int64, ends: Int64, data: Bytes, raw: bytes) -> _Chunk:
        """The chunk with the values of all numbers of its flat statements."""
        shape, lead, count, slot, table = self._table.arrays()
        ids = shape[variants]
        counts = np.where(ids >= 0, count[variants], 0)
        begins = starts + lead[variants]
        first = np.cumsum(counts) - counts
        total = int(counts.sum())
        # One row per number: the statement it is in, and its row in the table of all variants.
        row = np.repeat(np.arange(len(ids)), counts)
        which = np.arange(total) - first[row] + slot[variants][row]
        base = starts[row]
        whole_at, whole_size, rest_at, rest_size, begin, end, slow, real = table[:, which]
        whole = _integers(data, base + whole_at, whole_size)
        if real.any():
            fraction = np.flatnonzero(rest_size)
            whole[fraction] = whole[fraction] * _POWERS_INT[rest_size[fraction]]
            whole[fraction] += _integers(data, base[fraction] + rest_at[fraction], rest_size[fraction])
            values = whole.astype(np.float64)
            # Exact: both are integers below 2**53 and powers of ten up to 10**22 are exact.
            values[fraction] /= _POWERS[rest_size[fraction]]
            hard = np.flatnonzero(slow | ((whole > 2**53) & (real > 0)))
            if len(hard):
                spans = zip((base[hard] + begin[hard]).tolist(), (base[hard] + end[hard]).tolist())
                values[hard] = [float(raw[a:b]) for a, b in spans]
                ids = ids.copy()
                ids[row[~np.isfinite(values)]] = -1
        else:
            values = whole.astype(np.float64)
        return _Chunk(at, at + len(raw), ids, at + begins, at + ends, counts, values, first)


_FLAT = (syntax.GateCall, syntax.Measure, syntax.Reset, syntax.Barrier)
_POWERS = np.array([10.0**k for k in range(_DIGITS + 1)])
_POWERS_INT = np.array([10**k for k in range(_DIGITS + 1)], np.int64)


def _integers(data: Bytes, starts: Int64, sizes: Int64) -> Int64:
    """The integers written in decimal at the offsets `starts` with `sizes` digits (0: zero; at most 18)."""
    values = np.zeros(len(starts), np.int64)
    rows: npt.NDArray[np.int64] | slice = slice(None)
    for digit in range(int(sizes.max(initial=0))):
        rows = np.flatnonzero(sizes > digit)
        values[rows] = values[rows] * 10 + (data[starts[rows] + digit] - 48)
    return values


@dataclass(slots=True)
class _Number:
    """A number of a variant: its kind, where it begins and ends, and (offset, length) of the digits
    before and after its point.  slow: only `float` reads it exactly."""

    kind: str
    begin: int
    end: int
    whole: tuple[int, int]
    rest: tuple[int, int]
    slow: bool


@dataclass(slots=True)
class _Variant:
    """A distinct piece of blanked text: the length of what stands before the statement, its shape
    (-1 when it is not flat), its numbers, and the offsets of digits that belong to names."""

    lead: int
    shape: int = -1
    numbers: list[_Number] = field(default_factory=list)
    names: list[int] = field(default_factory=list)


class _Table:
    """All variants as arrays, made anew when there are new ones."""

    def __init__(self) -> None:
        self.shape: list[int] = []
        self.lead: list[int] = []
        self.count: list[int] = []
        self.slot: list[int] = []
        self.rows: list[tuple[int, ...]] = []
        self._arrays: tuple[Int64, ...] = ()

    def add(self, variant: _Variant) -> None:
        self.shape.append(variant.shape)
        self.lead.append(variant.lead)
        self.slot.append(len(self.rows))
        self.count.append(len(variant.numbers) if variant.shape >= 0 else 0)
        if variant.shape >= 0:
            self.rows += [(*n.whole, *n.rest, n.begin, n.end, n.slow, n.kind == "f") for n in variant.numbers]

    def arrays(self) -> tuple[Int64, ...]:
        if not self._arrays or len(self._arrays[0]) != len(self.shape):
            columns = [np.array(c, np.int64) for c in (self.shape, self.lead, self.count, self.slot)]
            self._arrays = (*columns, np.array(self.rows, np.int64).reshape(-1, 8).T.copy())
        return self._arrays


def _no_rows() -> Int64:
    return np.zeros(0, np.int64)


@dataclass(slots=True)
class _Chunk:
    """A stretch of text, from `begin` to `end`, that was scanned: one row per semicolon, as in `Run`;
    the id is -1 where a statement is not flat."""

    begin: int
    end: int
    ids: Int64 = field(default_factory=_no_rows)
    begins: Int64 = field(default_factory=_no_rows)
    ends: Int64 = field(default_factory=_no_rows)
    counts: Int64 = field(default_factory=_no_rows)
    values: Float64 = field(default_factory=lambda: np.zeros(0))
    first: Int64 = field(default_factory=_no_rows)
    bad: Int64 = field(init=False)

    def __post_init__(self) -> None:
        self.bad = np.flatnonzero(self.ids < 0)

    def flat_end(self, low: int) -> int:
        """The first statement from `low` on that is not flat."""
        found = int(self.bad.searchsorted(low))
        return int(self.bad[found]) if found < len(self.bad) else len(self.ids)

    def part(self, low: int, high: int) -> tuple[Int64, Int64, Int64, Int64, Float64]:
        stop = self.first[high] if high < len(self.first) else len(self.values)
        numbers = self.values[self.first[low] : stop]
        return self.ids[low:high], self.begins[low:high], self.ends[low:high], self.counts[low:high], numbers
