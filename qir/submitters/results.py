"""Results under the user's names.

Counts.  A register's counts map bit strings, bit 0 rightmost, to numbers.  Joined counts put the
registers side by side as Qiskit does: the last declared register leftmost, separated by blanks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CircuitResult", "Labels", "apportion", "tabulate"]

_BIT = re.compile(r"(.*)\[(\d+)\]$")


@dataclass(frozen=True)
class CircuitResult:
    """Results of one circuit.

    counts: register name to bit string to count; empty for expectation values.
    joined: all registers in one string.    probabilities: joined bit string to probability, where the
    service returns those.    expectation_values, standard_errors: nested lists in the PUB's shape.
    points: for a circuit run with several rows of parameter values, the result of each row (row-major
    over the values' shape); `counts` and `joined` are then their sums.
    leaked: shots left out because an ion had left its two levels.
    """

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    joined: dict[str, int] = field(default_factory=dict)
    probabilities: dict[str, float] = field(default_factory=dict)
    expectation_values: Any = None
    standard_errors: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    points: tuple[CircuitResult, ...] = ()
    leaked: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As JSON, without what is empty."""
        rows = {k: v for k, v in vars(self).items() if k != "points" and v not in ({}, None) and (k != "leaked" or v)}
        return rows | ({"points": [p.to_dict() for p in self.points]} if self.points else {})


@dataclass(frozen=True, slots=True)
class Labels:
    """What the bits of one circuit are called.

    names: wire name in the service's results to the user's "register[bit]" ("register" for a single bit).
    registers: the user's registers with their sizes, in the order of declaration; None derives both from
    the names.  Bits that no wire fills are 0.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    registers: Sequence[tuple[str, int]] | None = None

    def place(self, wire: str) -> tuple[str, int] | None:
        """The user's register and bit behind a wire; None when it has no name."""
        name = self.names.get(wire)
        return None if name is None else split(name)


def split(name: str) -> tuple[str, int]:
    """`"c[2]"` as register and bit."""
    match = _BIT.match(name)
    return (match[1], int(match[2])) if match else (name, 0)


def tabulate(
    rows: Iterable[tuple[int, float]], wires: Sequence[str], labels: Labels, *, keep_unnamed: bool = False
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Weights per register, and of all registers joined, from weighted words.

    rows: a word and its weight (a count or a probability); bit k of a word is that of `wires[k]`.
    keep_unnamed: wires without a name stay under their own; otherwise they are summed over.
    """
    places: list[tuple[int, str, int]] = []
    for k, wire in enumerate(wires):
        place = labels.place(wire) or (split(wire) if keep_unnamed else None)
        if place is not None:
            places.append((k, *place))
    sizes: dict[str, int] = dict(labels.registers or ())
    for _, name, bit in places:
        sizes[name] = max(sizes.get(name, 0), bit + 1)
    offsets: dict[str, int] = {}
    total = 0
    for name, size in sizes.items():
        offsets[name] = total
        total += size
    moves = [(k, offsets[name] + bit) for k, name, bit in places]
    single: dict[str, dict[str, float]] = {name: {} for name in sizes}
    joined: dict[str, float] = {}
    merged: dict[int, float] = {}
    for word, weight in rows:
        merged[word] = merged.get(word, 0) + weight
    for word, weight in sorted(merged.items()):
        value = 0
        for source, bit in moves:
            value |= (word >> source & 1) << bit
        parts = {n: format(value >> offsets[n] & (1 << size) - 1, f"0{size}b") if size else "" for n, size in sizes.items()}
        for name, part in parts.items():
            single[name][part] = single[name].get(part, 0) + weight
        key = " ".join(reversed(parts.values()))
        joined[key] = joined.get(key, 0) + weight
    return {name: dict(sorted(table.items())) for name, table in single.items()}, dict(sorted(joined.items()))


def apportion(chances: Mapping[str, float], shots: int) -> dict[str, int]:
    """Whole counts that add up to `shots`, by largest remainder; what the machine counted, exactly."""
    scale = sum(chances.values()) or 1.0
    shares = {k: v / scale * shots for k, v in chances.items()}
    counts = {k: int(v + 1e-9) for k, v in shares.items()}
    rest = shots - sum(counts.values())
    for key in sorted(shares, key=lambda k: (counts[k] - shares[k], k))[: max(0, rest)]:
        counts[key] += 1
    return {k: v for k, v in sorted(counts.items()) if v}


def whole(table: Mapping[str, float]) -> dict[str, int]:
    """Weights that are counts, as integers."""
    return {k: int(v) for k, v in table.items()}
