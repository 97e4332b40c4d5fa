"""The global phase of a product of Clifford gates that is the identity up to that phase.

The state is kept in CH form, omega U_C U_H |s> with U_C made of S, CZ and CX and U_H of H (Bravyi et al.,
arXiv 1808.00128, section 4.1), which knows its phase; the product is applied to |0...0> and omega read off.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable
from functools import cache

from qir.symplectic import LETTERS

__all__ = ["phase"]

Gate = tuple[str, tuple[int, ...], int]


class _State:
    """omega U_C U_H |s>: rows of F, G, M as integers (bit j is column j), gamma modulo 4, omega an eighth root."""

    def __init__(self, num_qubits: int) -> None:
        self.f = [1 << q for q in range(num_qubits)]
        self.g = [1 << q for q in range(num_qubits)]
        self.m = [0] * num_qubits
        self.gamma = [0] * num_qubits
        self.v = self.s = self.omega = 0

    def s_gate(self, p: int, count: int = 1) -> None:
        if count & 1:
            self.m[p] ^= self.g[p]
        self.gamma[p] -= count

    def cz(self, p: int, q: int) -> None:
        self.m[p] ^= self.g[q]
        self.m[q] ^= self.g[p]

    def cx(self, q: int, p: int) -> None:
        self.gamma[q] += self.gamma[p] + 2 * (self.m[q] & self.f[p]).bit_count()
        self.g[p] ^= self.g[q]
        self.f[q] ^= self.f[p]
        self.m[q] ^= self.m[p]

    def x_gate(self, p: int) -> None:
        v, s, f, m = self.v, self.s, self.f[p], self.m[p]
        beta = (m & ~v & s).bit_count() + (f & v & m).bit_count() + (f & v & s).bit_count()
        self.s = s ^ (f & ~v) ^ (m & v)
        self.omega += 2 * self.gamma[p] + 4 * beta

    def h(self, p: int) -> None:
        v, s, f, g, m = self.v, self.s, self.f[p], self.g[p], self.m[p]
        t = s ^ (g & v)
        u = s ^ (f & ~v) ^ (m & v)
        alpha = (g & ~v & s).bit_count()
        beta = (m & ~v & s).bit_count() + (f & v & m).bit_count() + (f & v & s).bit_count()
        delta = (self.gamma[p] + 2 * (alpha + beta)) & 3
        self.omega += 4 * alpha
        if t == u:
            # (1 + i**delta)/sqrt(2) is a phase only for odd delta.
            self.s = t
            self.omega += 1 if delta == 1 else 7
            return
        different = t ^ u
        plain, turned = different & ~v, different & v
        if plain:
            q = (plain & -plain).bit_length() - 1
            self._right(q, plain ^ (1 << q), turned)
        else:
            q = (turned & -turned).bit_length() - 1
            self._right_targets(q, turned ^ (1 << q))
        bit = 1 << q
        y = u ^ bit if t & bit else t
        one = (y >> q) & 1
        if not v & bit:
            self.omega += 2 * delta * one
            delta = -delta & 3 if one else delta
            a, b, c = delta & 1, 1, delta >> 1
        elif delta & 1:
            self.omega += 1 if delta == 1 else 7
            a, b, c = 1, 1, 1 ^ (delta >> 1) ^ one
        else:
            a, b, c = 0, 0, delta >> 1
            self.omega += 4 * (c & one)
        self.s = (y & ~bit) | (c << q)
        if a:
            for row in range(len(self.f)):
                if self.f[row] & bit:
                    self.m[row] ^= bit
                    self.gamma[row] -= 1
        self.v = (v & ~bit) | (b << q)

    def _right(self, q: int, targets: int, partners: int) -> None:
        """U_C times CX(q, i) for targets i and CZ(q, i) for partners i."""
        bit = 1 << q
        touched = bit | partners
        for row in range(len(self.f)):
            f, g, m = self.f[row], self.g[row], self.m[row]
            if not (g | m) & targets and not f & touched:
                continue
            if (g & targets).bit_count() & 1:
                g ^= bit
            if (m & targets).bit_count() & 1:
                m ^= bit
            if f & bit:
                f ^= targets
            if f & bit:
                # CZ(q, i) in turn: M_q takes F_i, M_i takes F_q, and the sign counts both.
                self.gamma[row] += 2 * (f & partners).bit_count()
                m ^= partners
            if (f & partners).bit_count() & 1:
                m ^= bit
            self.f[row], self.g[row], self.m[row] = f, g, m

    def _right_targets(self, q: int, controls: int) -> None:
        """U_C times CX(i, q) for controls i."""
        bit = 1 << q
        for row in range(len(self.f)):
            if self.g[row] & bit:
                self.g[row] ^= controls
            if self.m[row] & bit:
                self.m[row] ^= controls
            if (self.f[row] & controls).bit_count() & 1:
                self.f[row] ^= bit


def phase(gates: Iterable[Gate], num_qubits: int) -> float:
    """The phase (radians) of a product of gates, in program order, that is a multiple of the identity.

    A gate is ("h" | "cx" | "cz" | "swap", qubits, 0), or (letters, qubits, turns) for the rotation
    exp(-i turns pi/4 P) about the letters on the qubits.  The result is undefined for other products.
    """
    state = _State(num_qubits)
    following, parts = _one_qubit()
    # One-qubit gates wait, as one element of their group, until something else comes on their qubit.
    waiting = [0] * num_qubits
    eighths = 0
    for name, qubits, turns in gates:
        if len(qubits) == 1:
            q = qubits[0]
            waiting[q], more = following[waiting[q]][name, turns & 3]
            eighths += more
        elif name == "cx":
            a, b = qubits
            if waiting[a]:
                waiting[a] = _settle(state, a, parts[waiting[a]], True)
            if waiting[b]:
                waiting[b] = _settle(state, b, parts[waiting[b]], False)
            state.cx(a, b)
        elif name == "cz":
            a, b = qubits
            if waiting[a]:
                waiting[a] = _settle(state, a, parts[waiting[a]], True)
            if waiting[b]:
                waiting[b] = _settle(state, b, parts[waiting[b]], True)
            state.cz(a, b)
        elif name == "swap":
            a, b = qubits
            waiting[a], waiting[b] = waiting[b], waiting[a]
            state.cx(a, b)
            state.cx(b, a)
            state.cx(a, b)
        else:
            for q in qubits:
                if waiting[q]:
                    waiting[q] = _settle(state, q, parts[waiting[q]], False)
            _rotate(state, name, qubits, turns & 3)
    for q, element in enumerate(waiting):
        if element:
            _settle(state, q, parts[element], False)
    return ((state.omega + eighths) & 7) * math.pi / 4


Element = tuple[int, bool, int, bool, int]
"""A one-qubit Clifford in program order: S**first, H where `turned`, X where `flipped`, S**second; last the element
S**second alone, which is left when the rest has been done.  (first, turned, second, flipped, rest)"""


def _settle(state: _State, q: int, element: Element, diagonal: bool) -> int:
    """Do what waits on a qubit; with `diagonal` its last S gates go on waiting.  Returns what still waits."""
    first, turned, second, flipped, rest = element
    if first:
        state.s_gate(q, first)
    if turned:
        state.h(q)
    if flipped:
        state.x_gate(q)
    if diagonal:
        return rest
    if second:
        state.s_gate(q, second)
    return 0


@cache
def _one_qubit() -> tuple[list[dict[tuple[str, int], tuple[int, int]]], list[Element]]:
    """The 24 one-qubit Cliffords, 0 the identity: per element and gate (as in `phase`) the element after it and the
    eighths of a turn of phase that come with it; and the elements' normal forms."""
    r = math.sqrt(0.5)
    h: Matrix = (r, r, r, -r)
    generators: dict[tuple[str, int], Matrix] = {("h", 0): h}
    for letter, turn in (("X", (r, -1j * r, -1j * r, r)), ("Z", (r - 1j * r, 0, 0, r + 1j * r)), ("Y", (r, -r, r, r))):
        power: Matrix = (1, 0, 0, 1)
        for count in range(4):
            generators[letter, count] = power
            power = _times(turn, power)
    forms: list[tuple[Matrix, Element]] = []
    place: dict[tuple[int, ...], int] = {}
    for flipped, turned in ((False, False), (True, False), (False, True)):
        for first in range(4 if turned else 1):
            for second in range(4):
                matrix: Matrix = (1, 0, 0, 1j**first)
                if turned:
                    matrix = _times(h, matrix)
                if flipped:
                    matrix = _times((0, 1, 1, 0), matrix)
                matrix = _times((1, 0, 0, 1j**second), matrix)
                place[_key(matrix)[0]] = len(forms)
                # The first four are powers of S.
                forms.append((matrix, (first, turned, second, flipped, second)))
    following: list[dict[tuple[str, int], tuple[int, int]]] = []
    for matrix, _ in forms:
        row: dict[tuple[str, int], tuple[int, int]] = {}
        for gate, generator in generators.items():
            key, angle = _key(_times(generator, matrix))
            index = place[key]
            row[gate] = index, (angle - _key(forms[index][0])[1]) & 7
        following.append(row)
    return following, [element for _, element in forms]


Matrix = tuple[complex, complex, complex, complex]


def _times(a: Matrix, b: Matrix) -> Matrix:
    return a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3]


def _key(matrix: Matrix) -> tuple[tuple[int, ...], int]:
    """A matrix with the phase of its first entry that is not 0 taken out, in whole numbers; that phase in eighths."""
    lead = next(v for v in matrix if abs(v) > 0.1)
    unit = abs(lead) / lead
    entries = [v * unit * math.sqrt(2) for v in matrix]
    rounded = tuple(round(part * 2) for v in entries for part in (complex(v).real, complex(v).imag))
    return rounded, round(cmath.phase(lead) / (math.pi / 4)) & 7


def _rotate(state: _State, letters: str, qubits: tuple[int, ...], turns: int) -> None:
    for letter, q in zip(letters, qubits):
        _to_z(state, letter, q)
    last = qubits[-1]
    for q in qubits[:-1]:
        state.cx(q, last)
    # Rz(turns pi/2) is S**turns and a phase of -turns pi/4.
    if turns:
        state.s_gate(last, turns)
    state.omega -= turns
    for q in reversed(qubits[:-1]):
        state.cx(q, last)
    for letter, q in zip(letters, qubits):
        _from_z(state, letter, q)


def _to_z(state: _State, letter: str, q: int) -> None:
    if letter == LETTERS[3]:
        # S^-1 takes Y to X.
        state.s_gate(q, 3)
    if letter != LETTERS[2]:
        state.h(q)


def _from_z(state: _State, letter: str, q: int) -> None:
    if letter != LETTERS[2]:
        state.h(q)
    if letter == LETTERS[3]:
        state.s_gate(q)
