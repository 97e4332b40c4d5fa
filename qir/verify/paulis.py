"""`paulis`: rotations pulled through the Cliffords, compared as sequences modulo commutation.

Every circuit over Cliffords and rotations equals a sequence of rotations exp(-i t/2 P) followed by one
Clifford (Litinski, arXiv 1808.02892, section 1).  Two circuits are the same when their Cliffords agree
and their sequences do after rotations about equal Paulis were merged: phase polynomials, Pauli gadgets and
multi-controlled gates become equal this way at any width, also with symbolic angles.  The method proves;
when the forms differ it says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from qir.circuit import Circuit
from qir.execution import Leaf, Unsupported
from qir.gates import GATES
from qir.params import Angle, angle
from qir.tableau import Move, clifford_moves
from qir.verify.clifford import observables
from qir.verify.definitions import shell
from qir.verify.kraus import Frame, frame, program_qubits
from qir.verify.result import Equivalence
from qir.verify.terminal import Static, static_form

__all__ = ["check_paulis"]

Pauli = tuple[int, int, int]
"""(x, z, k): i**k X**x Z**z, one bit per wire."""
Value = float | Angle
"""Radians; a plain number where no symbol is in it, which is several times quicker."""
Rotation = tuple[int, int, Value]
"""(x, z, angle): about the Hermitian string with these letters, its sign in the angle."""

_MAX_CONTROLS = 8
_MAX_ROTATIONS = 4000
_WORK = 3_000_000
_TOLERANCE = 1e-8


def _multiply(a: Pauli, b: Pauli) -> Pauli:
    return a[0] ^ b[0], a[1] ^ b[1], (a[2] + b[2] + 2 * (a[1] & b[0]).bit_count()) & 3


def _anticommute(x: int, z: int, u: int, v: int) -> int:
    return ((x & v) ^ (z & u)).bit_count() & 1


def _negative(p: Pauli) -> bool:
    """Whether a Hermitian Pauli is minus the string of its letters (Y = i X Z)."""
    return ((p[2] - (p[0] & p[1]).bit_count()) & 3) == 2


# -- gates as Cliffords and rotations -----------------------------------------------------------

Piece = tuple[str, Any]
"""("moves", [Move]) or ("turn", ({operand: letter}, angle))."""


def _pieces(name: str, angles: tuple[Angle, ...], controls: str, payload: str) -> Iterator[Piece]:
    """A gate from its definition, operands numbered controls first."""
    shift = len(controls)
    if shift > _MAX_CONTROLS:
        raise Unsupported(f"a gate with {shift} controls")
    if name == "pauliexp":
        letters = {shift + i: p for i, p in enumerate(reversed(payload)) if p != "I"}
        yield from _turns(letters, angles[0], controls)
        return
    if not controls:
        moves = clifford_moves(name, angles, tuple(range(GATES[name].num_qubits)))
        if moves is not None:
            yield "moves", moves
            return
    if name == "gphase":
        # exp(i a) on the controlled subspace: rotations about the Zs of the controls.
        yield from _turns({}, angles[0] * -2.0, controls)
        return
    if name == "U":
        theta, phi, lam = angles
        if controls:
            yield from _turns({}, (theta + phi + lam) * -1.0, controls)
        for letter, value in _euler(theta, phi, lam):
            yield from _turns({shift: letter}, value, controls)
        return
    row = GATES[name]
    if not controls and len(angles) == 1 and name in ("rx", "ry", "rz", "p", "u1"):
        yield from _turns({0: {"rx": "X", "ry": "Y"}.get(name, "Z")}, angles[0], "")
        return
    assert row.define is not None
    rows = row.define(*angles)
    edge = shell(rows)
    for number, (inner, values, operands) in enumerate(rows):
        held = controls if edge <= number < len(rows) - edge else ""
        places = (*range(len(held)), *(shift + k for k in operands))
        while inner.startswith("ctrl "):
            inner, held = inner[5:], held + "1"
        for kind, what in _pieces(inner, tuple(angle(v) for v in values), held, ""):
            if kind == "moves":
                yield kind, [(m, tuple(places[k] for k in wires)) for m, wires in what]
            else:
                letters, value = what
                yield kind, ({places[k]: p for k, p in letters.items()}, value)


def _euler(theta: Angle, phi: Angle, lam: Angle) -> list[tuple[str, Angle]]:
    """Rz(phi) Ry(theta) Rz(lam) as one rotation when its axis is that of a Pauli, else as the three."""
    three = [("Z", lam), ("Y", theta), ("Z", phi)]
    if phi.terms or lam.terms:
        return three
    outer, inner = (phi.constant + lam.constant) / 2, (phi.constant - lam.constant) / 2
    if theta.terms:
        if abs(math.remainder(outer, 2 * math.pi)) > 1e-9:
            return three
        x, y = -math.sin(inner), math.cos(inner)
        if abs(y) < 1e-9:
            return [("X", theta * round(x))]
        return [("Y", theta * round(y))] if abs(x) < 1e-9 else three
    cos, sin = math.cos(theta.constant / 2), math.sin(theta.constant / 2)
    parts = {"X": -sin * math.sin(inner), "Y": sin * math.cos(inner), "Z": cos * math.sin(outer)}
    axes = [letter for letter, part in parts.items() if abs(part) > 1e-9]
    if len(axes) > 1:
        return three
    letter = axes[0] if axes else "Z"
    return [(letter, Angle(2 * math.atan2(parts[letter], cos * math.cos(outer))))]


def _turns(letters: dict[int, str], value: Angle, controls: str) -> Iterator[Piece]:
    """exp(-i value/2 P) under controls: one rotation for every subset of them."""
    if value == Angle():
        return
    share = 1.0 / 2 ** len(controls)
    for subset in product((0, 1), repeat=len(controls)):
        sign, found = 1.0, dict(letters)
        for k, taken in enumerate(subset):
            if taken:
                found[k] = "Z"
                sign *= -1.0 if controls[k] == "1" else 1.0
        if found:
            yield "turn", (found, value * (sign * share))


def _inverse(pieces: list[Piece]) -> list[Piece]:
    result: list[Piece] = []
    for kind, what in reversed(pieces):
        if kind == "moves":
            flipped = {"s": "sdg", "sdg": "s"}
            result.append((kind, [(flipped.get(m, m), wires) for m, wires in reversed(what)]))
        else:
            result.append((kind, (what[0], -what[1])))
    return result


# -- circuits as rotations and one Clifford -----------------------------------------------------


class _Form:
    """Rotations in time order, then the Clifford, held as what X and Z of each wire pull back to."""

    def __init__(self, static: Static, where: Frame) -> None:
        n = len(where.slots)
        self.x: list[Pauli] = [(1 << q, 0, 0) for q in range(n)]
        self.z: list[Pauli] = [(0, 1 << q, 0) for q in range(n)]
        self.rotations: list[Rotation] = []
        self._sequence = _Sequence(self._turn_images)
        known: dict[Any, list[Piece]] = {}
        for leaf in static.gates:
            key = (leaf.name, leaf.angles, leaf.controls, leaf.power, leaf.payload)
            pieces = known.get(key)
            if pieces is None:
                pieces = known[key] = [
                    (kind, (what[0], what[1] if what[1].terms else what[1].constant) if kind == "turn" else what)
                    for kind, what in _powered(leaf)
                ]
            wires = [where.slots[q] for q in leaf.qubits]
            for kind, what in pieces:
                if kind == "moves":
                    self.move(what, wires)
                else:
                    self.turn(what[0], what[1], wires)
        self.rotations = self._sequence.kept()

    def _turn_images(self, pauli: Pauli, quarters: int) -> None:
        """Append a Clifford rotation about a Pauli that is pulled back already."""
        for images in (self.x, self.z):
            for q, p in enumerate(images):
                if _anticommute(p[0], p[1], pauli[0], pauli[1]):
                    images[q] = _turned(p, pauli, quarters)

    def move(self, moves: list[Move], wires: list[int]) -> None:
        """Append Clifford gates: what X and Z pull back to is recombined."""
        x, z = self.x, self.z
        for name, operands in moves:
            q = wires[operands[0]]
            if name == "h":
                x[q], z[q] = z[q], x[q]
            elif name == "cx":
                t = wires[operands[1]]
                x[q], z[t] = _multiply(x[q], x[t]), _multiply(z[q], z[t])
            elif name == "cz":
                t = wires[operands[1]]
                x[q], x[t] = _multiply(x[q], z[t]), _multiply(x[t], z[q])
            elif name in ("s", "sdg"):
                # s: X pulls back to -Y = -i X Z; sdg: to Y.
                a, b, k = _multiply(x[q], z[q])
                x[q] = (a, b, (k + (3 if name == "s" else 1)) & 3)
            elif name == "swap":
                t = wires[operands[1]]
                x[q], x[t], z[q], z[t] = x[t], x[q], z[t], z[q]
            if name in ("z", "y"):
                x[q] = (x[q][0], x[q][1], x[q][2] ^ 2)
            if name in ("x", "y"):
                z[q] = (z[q][0], z[q][1], z[q][2] ^ 2)

    def turn(self, letters: dict[int, str], value: Value, wires: list[int]) -> None:
        total: Pauli = (0, 0, 0)
        for k, letter in letters.items():
            q = wires[k]
            if letter in "XY":
                total = _multiply(total, self.x[q])
            if letter in "YZ":
                total = _multiply(total, self.z[q])
            if letter == "Y":
                total = (total[0], total[1], (total[2] + 1) & 3)
        if isinstance(value, float):
            quarters = _quarters(value)
            if _trivial(value - quarters * (math.pi / 2)):
                self.absorb(letters, total, quarters % 4, wires)
                return
        self._sequence.append(total[0], total[1], -value if _negative(total) else value)

    def absorb(self, letters: dict[int, str], total: Pauli, quarters: int, wires: list[int]) -> None:
        """Append a rotation by quarter turns, a Clifford: what anticommutes with its Pauli (`total` when pulled back) turns."""
        for k, letter in letters.items() if quarters else ():
            q = wires[k]
            if letter in "YZ":
                self.x[q] = _turned(self.x[q], total, quarters)
            if letter in "XY":
                self.z[q] = _turned(self.z[q], total, quarters)

    def clear_ancillas(self, width: int) -> None:
        """Wires no program qubit starts on are |0>: their Z is 1; an X there is more than this method handles."""
        mask = (1 << width) - 1
        for x, _, _ in (*self.rotations, *self.x[:width], *self.z[:width]):
            if x & ~mask:
                raise Unsupported("a wire that holds no program qubit is rotated")
        self.rotations = [(x, z & mask, t) for x, z, t in self.rotations]

    def simplify(self, final: list[Pauli], *, measured: bool) -> None:
        """Merge equal rotations, absorb the Clifford ones, drop what no observable in `final` sees."""
        budget = [_WORK]
        while True:
            merged = _merge(self.rotations, budget)
            if not any(_quarters(t) for _, _, t in merged):
                break
            # Every Clifford part is moved to the end, past the later rotations.
            rest: list[Rotation] = []
            cliffords: list[tuple[int, int, int]] = []
            for x, z, t in merged:
                p = _conjugate((x, z, (x & z).bit_count() & 3), cliffords)
                budget[0] -= len(cliffords)
                turns = _quarters(t)
                left = t - turns * (math.pi / 2)
                if not _trivial(left):
                    rest.append((p[0], p[1], -left if _negative(p) else left))
                if turns % 4:
                    cliffords.append((p[0], p[1], (-turns if _negative(p) else turns) % 4))
            for i, p in enumerate(final):
                final[i] = _conjugate(p, cliffords)
            budget[0] -= len(cliffords) * len(final)
            self.rotations = rest
            if budget[0] < 0:
                raise Unsupported("the rotations take too much work")
        self.rotations = _unseen(merged, final, budget) if measured else merged
        if budget[0] < 0:
            raise Unsupported("the rotations take too much work")


class _Sequence:
    """Rotations in time order as they come: each joins an earlier one about the same Pauli when it commutes with all in
    between, and whole quarter turns are taken out of the sum.

    A quarter turn may leave the sequence at its end, for it commutes with all that stands behind it; `leave` is told of it.
    """

    def __init__(self, leave: Callable[[Pauli, int], None]) -> None:
        self._leave = leave
        self._rows: list[Rotation | None] = []
        self._where: dict[tuple[int, int], list[int]] = {}
        self._budget = _WORK

    def kept(self) -> list[Rotation]:
        return [row for row in self._rows if row is not None]

    def append(self, x: int, z: int, t: Value) -> None:
        if x == 0 and z == 0:
            return
        rows, spots = self._rows, self._where.setdefault((x, z), [])
        place = len(rows)
        if spots:
            last = spots[-1]
            self._budget -= len(rows) - last
            if self._budget < 0:
                raise Unsupported("the rotations take too much work")
            for row in rows[last + 1 :]:
                if row is not None and ((x & row[1]) ^ (z & row[0])).bit_count() & 1:
                    break
            else:
                place, old = last, rows[last]
                assert old is not None
                t = old[2] + t
        quarters = _quarters(t)
        if quarters:
            t = t - quarters * (math.pi / 2)
            if quarters % 4:
                self._leave((x, z, (x & z).bit_count() & 3), quarters % 4)
        if place < len(rows):
            if _trivial(t):
                rows[place] = None
                spots.pop()
            else:
                rows[place] = (x, z, t)
        elif not _trivial(t):
            spots.append(place)
            rows.append((x, z, t))
            if place > 4 * _MAX_ROTATIONS:
                raise Unsupported(f"more than {4 * _MAX_ROTATIONS} rotations")


def _powered(leaf: Leaf) -> list[Piece]:
    if leaf.body is not None:
        raise Unsupported("a fractional power of a user gate")
    if leaf.name == "pauliexp" and leaf.power != 1 and not float(leaf.power).is_integer():
        value = leaf.angles[0]
        if not value.is_number or abs(value.constant) >= 2 * math.pi:
            raise Unsupported("a fractional power")
        return list(_pieces("pauliexp", (value * leaf.power,), leaf.controls, leaf.payload))
    if not float(leaf.power).is_integer() or abs(leaf.power) > 64:
        raise Unsupported("a fractional or very high power")
    pieces = list(_pieces(leaf.name, leaf.angles, leaf.controls, leaf.payload))
    if leaf.power < 0:
        pieces = _inverse(pieces)
    return pieces * abs(int(leaf.power))


def _turned(p: Pauli, q: Pauli, quarters: int) -> Pauli:
    """R^dagger p R for R = exp(-i (quarters pi/2)/2 q) when p and q anticommute."""
    if quarters == 2:
        return p[0], p[1], p[2] ^ 2
    x, z, k = _multiply(q, p)
    return x, z, (k + (1 if quarters == 1 else 3)) & 3


def _conjugate(p: Pauli, turns: list[tuple[int, int, int]]) -> Pauli:
    """R^dagger p R for each R = exp(-i (quarter pi/2)/2 Q) in turn, Q the string of the letters (u, v)."""
    x, z, k = p
    for u, v, quarter in turns:
        if ((x & v) ^ (z & u)).bit_count() & 1 == 0:
            continue
        if quarter == 2:
            k ^= 2
        else:
            # i Q P for a quarter turn, -i Q P for three.
            k += (u & v).bit_count() + 2 * (v & x).bit_count() + (1 if quarter == 1 else 3)
            x, z = x ^ u, z ^ v
    return x, z, k & 3


def _quarters(t: Value) -> int:
    """Number of quarter turns to take off so that the number left is in (-pi/4, pi/4]."""
    number = t.constant if isinstance(t, Angle) else t
    return math.ceil(number / (math.pi / 2) - 0.5 - _TOLERANCE)


def _trivial(t: Value) -> bool:
    if isinstance(t, Angle):
        if any(abs(c) >= 1e-12 for _, c in t.terms):
            return False
        t = t.constant
    return abs(math.remainder(t, 2 * math.pi)) < _TOLERANCE


def _merge(rotations: list[Rotation], budget: list[int]) -> list[Rotation]:
    """Each rotation joins an earlier one about the same Pauli when it commutes with all in between."""
    result: list[Rotation | None] = []
    where: dict[tuple[int, int], list[int]] = {}
    for x, z, t in rotations:
        if (x == 0 and z == 0) or _trivial(t):
            continue
        spots = where.get((x, z))
        joined = False
        if spots:
            last = spots[-1]
            budget[0] -= len(result) - last
            between = result[last + 1 :]
            if not any(r is not None and _anticommute(x, z, r[0], r[1]) for r in between):
                old = result[last]
                assert old is not None
                total = old[2] + t
                if _trivial(total):
                    result[last] = None
                    spots.pop()
                else:
                    result[last] = (x, z, total)
                joined = True
        if not joined:
            where.setdefault((x, z), []).append(len(result))
            result.append((x, z, t))
        if budget[0] < 0:
            raise Unsupported("the rotations take too much work")
    return [r for r in result if r is not None]


def _unseen(rotations: list[Rotation], observed: list[Pauli], budget: list[int]) -> list[Rotation]:
    """Without the rotations at the end that commute with every observable."""
    kept: list[Rotation] = []
    for x, z, t in reversed(rotations):
        budget[0] -= len(kept) + len(observed)
        if any(_anticommute(x, z, p[0], p[1]) for p in observed) or any(_anticommute(x, z, r[0], r[1]) for r in kept):
            kept.append((x, z, t))
    return kept[::-1]


def _layers(rotations: list[Rotation]) -> list[tuple[int, int, int, Value]]:
    """The Foata normal form: each rotation as early as those it anticommutes with allow, layers sorted."""
    count = len(rotations)
    if count > _MAX_ROTATIONS:
        raise Unsupported(f"{count} rotations are left, more than {_MAX_ROTATIONS}")
    if not count:
        return []
    width = max(max(x, z) for x, z, _ in rotations).bit_length()
    size = (width + 7) // 8 or 1
    bits = []
    for values in ([r[0] for r in rotations], [r[1] for r in rotations]):
        raw = np.frombuffer(b"".join(v.to_bytes(size, "little") for v in values), np.uint8).reshape(count, size)
        bits.append(np.unpackbits(raw, axis=1).astype(np.float32))
    overlap = bits[0] @ bits[1].T
    clash = ((overlap + overlap.T).astype(np.int64) & 1).astype(np.bool_)
    level = np.zeros(count, np.int64)
    for i in range(count):
        before = level[:i][clash[i, :i]]
        level[i] = 1 + (int(before.max()) if len(before) else 0)
    rows = [(int(l), x, z, t) for l, (x, z, t) in zip(level.tolist(), rotations)]
    return sorted(rows, key=lambda r: r[:3])


def check_paulis(a: Circuit, b: Circuit) -> Equivalence:
    """Prove two circuits the same; Unsupported when the forms differ or the method does not fit."""
    qubits = program_qubits(a, b)
    statics = [static_form(c, limit=500_000) for c in (a, b)]
    observed = observables(statics[0], statics[1], len(qubits))
    measured = bool(statics[0].reads)
    normal = []
    for circuit, static in zip((a, b), statics):
        where = frame(circuit, qubits)
        form = _Form(static, where)
        if len(where.slots) > len(qubits):
            form.clear_ancillas(len(qubits))
        mask = (1 << len(qubits)) - 1
        final: list[Pauli] = []
        for letter, place in observed:
            slot = where.slots[static.reads[place] if letter == "bit" else where.end[place]]
            x, z, k = form.x[slot] if letter == "X" else form.z[slot]
            if x & ~mask:
                raise Unsupported("a wire that holds no program qubit does not stay apart")
            final.append((x, z & mask, k))
        form.simplify(final, measured=measured)
        normal.append((final, _layers(form.rotations)))
    (left, first), (right, second) = normal
    if left != right:
        raise Unsupported("the Clifford parts differ, which decides nothing while rotations are left" if first or second
                          else "the Clifford parts differ")  # fmt: skip
    if [r[:3] for r in first] != [r[:3] for r in second]:
        raise Unsupported("the rotations differ as sequences modulo commutation")
    if not all(_trivial(s[3] - t[3]) for s, t in zip(first, second)):
        raise Unsupported("rotations about the same Paulis differ in their angles")
    detail = f"{len(first)} Pauli rotations on {len(qubits)} qubits agree modulo commutation"
    return Equivalence("proved", "paulis", detail)
