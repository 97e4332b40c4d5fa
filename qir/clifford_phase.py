"""The global phase of a product of Clifford gates that is the identity up to that phase.

The state is kept in CH form, omega U_C U_H |s> with U_C made of S, CZ and CX and U_H of H (Bravyi et al.,
arXiv 1808.00128, section 4.1), which knows its phase; the product is applied to |0...0> and omega read off.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from qir.symplectic import LETTERS, bits

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

    def s_gate(self, p: int) -> None:
        self.m[p] ^= self.g[p]
        self.gamma[p] -= 1

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
        for row in range(len(self.f)):
            f, g, m = self.f[row], self.g[row], self.m[row]
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
    # An h waits until something else comes on its qubit; another one cancels it.
    waiting = 0
    for name, qubits, turns in gates:
        if name == "h":
            waiting ^= 1 << qubits[0]
            continue
        if waiting:
            for q in qubits:
                if waiting >> q & 1:
                    waiting ^= 1 << q
                    state.h(q)
        if name == "cx":
            state.cx(qubits[0], qubits[1])
        elif name == "cz":
            state.cz(qubits[0], qubits[1])
        elif name == "swap":
            a, b = qubits
            state.cx(a, b)
            state.cx(b, a)
            state.cx(a, b)
        else:
            _rotate(state, name, qubits, turns & 3)
    for q in bits(waiting):
        state.h(q)
    return (state.omega & 7) * math.pi / 4


def _rotate(state: _State, letters: str, qubits: tuple[int, ...], turns: int) -> None:
    if len(qubits) == 1 and letters != LETTERS[2] and turns:
        _turn(state, letters, qubits[0], turns)
        return
    for letter, q in zip(letters, qubits):
        _to_z(state, letter, q)
    last = qubits[-1]
    for q in qubits[:-1]:
        state.cx(q, last)
    # Rz(turns pi/2) is S**turns and a phase of -turns pi/4.
    for _ in range(turns):
        state.s_gate(last)
    state.omega -= turns
    for q in reversed(qubits[:-1]):
        state.cx(q, last)
    for letter, q in zip(letters, qubits):
        _from_z(state, letter, q)


def _turn(state: _State, letter: str, q: int, turns: int) -> None:
    """A rotation about X or Y of one qubit, with one H at most."""
    if turns == 2:
        # Rx(pi) = -i X, Ry(pi) = -i Y = X Z.
        if letter == LETTERS[3]:
            state.s_gate(q)
            state.s_gate(q)
        else:
            state.omega -= 2
        state.x_gate(q)
        return
    if letter == LETTERS[1]:
        # Rx(pi/2) = S^-1 H S^-1, Rx(-pi/2) = S H S, Rx(3 pi/2) = -Rx(-pi/2).
        count = 3 if turns == 1 else 1
        for _ in range(count):
            state.s_gate(q)
        state.h(q)
        for _ in range(count):
            state.s_gate(q)
    elif turns == 1:
        # Ry(pi/2) = H Z, Ry(-pi/2) = Z H.
        state.s_gate(q)
        state.s_gate(q)
        state.h(q)
    else:
        state.h(q)
        state.s_gate(q)
        state.s_gate(q)
    if turns == 3:
        state.omega += 4


def _to_z(state: _State, letter: str, q: int) -> None:
    if letter == LETTERS[3]:
        # S^-1 takes Y to X.
        state.s_gate(q)
        state.s_gate(q)
        state.s_gate(q)
    if letter != LETTERS[2]:
        state.h(q)


def _from_z(state: _State, letter: str, q: int) -> None:
    if letter != LETTERS[2]:
        state.h(q)
    if letter == LETTERS[3]:
        state.s_gate(q)
