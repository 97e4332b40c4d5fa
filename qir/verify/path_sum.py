"""Sums over paths, and the rules that sum out path variables.

A circuit is a sum over paths (Amy, QPL 2018, arXiv 1805.06908, sections 2 and 4)

    |x>  ->  sum over y of exp(i phase(x, y)) |wires(x, y)>

up to a factor: a wire is a polynomial over GF(2), the phase a real polynomial of the same variables,
inputs x and path variables y, one for each Hadamard gate.  Path variables that no wire shows any more
are summed out by the rules of section 4 as soon as they appear.  Two rules more join turns by other
angles: those next to each other by Euler's angles (Vilmart, arXiv 1812.09114), and a turn whose sign
is (1 - 2 F), F a polynomial over GF(2), is made plain.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable, Iterator, Sequence

from qir.execution import Unsupported
from qir.expressions import Expr
from qir.verify.steps import Flip, Literal, Phase, Step

__all__ = ["PHASE_SLACK", "WORK", "PathSum", "Poly"]

Poly = set[int]
"""A polynomial over GF(2): its monomials, each a mask of variables (0: the constant 1)."""

_PI = math.pi
_TAU = 2 * math.pi
_TINY = 1e-12
"""Coefficients (radians) that count as zero in a polynomial,"""
_TOLERANCE = 1e-9
"""how far one may be from a multiple of pi/2 to be taken for it,"""
PHASE_SLACK = 1e-7
"""and what all those deviations, and the phase left at the end, may add up to."""
WORK = 2_000_000
"""Operations on terms, about a microsecond each."""
_MAX_TERMS = 200_000
_MAX_SHIFT = 2_000
"""Terms of a variable's coefficient in which signs are looked for,"""
_MAX_SIGNS = 8
"""and monomials that the sign may have."""


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low
        mask ^= low


def _euler(theta: float, phi: float) -> tuple[float, float, float]:
    """(a, b, c) with H P(theta) H P(phi) H = P(a) H P(b) H P(c) up to a phase."""
    p, q = cmath.exp(1j * theta), cmath.exp(1j * phi)
    # The entries, without their common factor.
    v00, v01, v10, v11 = 1 + p + q - p * q, 1 + p - q + p * q, 1 - p + q + p * q, 1 - p - q - p * q
    b = 2 * math.atan2(abs(v10), abs(v00))
    if abs(v10) < _TOLERANCE:
        return cmath.phase(v11 / v00), 0.0, 0.0
    if abs(v00) < _TOLERANCE:
        return cmath.phase(v10 / v01), _PI, 0.0
    return cmath.phase(v10 / v00) + _PI / 2, b, cmath.phase(v01 / v00) + _PI / 2


class PathSum:
    """A sum over paths: `wires`, and the `phase` (coefficients by monomial, in (-pi, pi])."""

    def __init__(self, width: int, *, work: int = WORK) -> None:
        self.wires: list[Poly] = []
        self.shown: list[int] = []  # the variables of each wire
        self.phase: dict[int, float] = {}
        self.holds: dict[int, set[int]] = {}  # the terms of the phase with each path variable
        self.paths = 0
        self.dirty = 0  # path variables not looked at since something about them changed
        self.symbols: dict[Expr, int] = {}
        self.real = 0  # the symbols: factors that are real numbers, so that nothing is modulo 2 pi
        self.free = [1 << width]
        self.work = work
        self.slack = 0.0

    def spend(self, amount: int) -> None:
        self.work -= amount
        if self.work < 0:
            raise Unsupported("the polynomials take too much work")

    def variable(self) -> int:
        if len(self.free) == 1:
            self.free.append(self.free[0] << 1)
            return self.free.pop(0)
        return self.free.pop()

    def new_path(self) -> int:
        y = self.variable()
        self.paths |= y
        self.holds[y] = set()
        return y

    def show(self, wire: int, poly: Poly) -> None:
        mask = 0
        for m in poly:
            mask |= m
        self.dirty |= (mask | self.shown[wire]) & self.paths
        self.wires[wire] = poly
        self.shown[wire] = mask
        self.spend(len(poly))
        if len(poly) > _MAX_TERMS:
            raise Unsupported("a wire's polynomial has too many terms")

    # -- the phase ------------------------------------------------------------------------------

    def add(self, mask: int, value: float) -> None:
        """Add a term to the phase."""
        self.work -= 1
        old = self.phase.get(mask)
        if old is not None:
            value += old
        if not mask & self.real:
            value = math.remainder(value, _TAU)
        inside = mask & self.paths
        self.dirty |= inside
        if abs(value) > _TINY:
            self.phase[mask] = value
            if old is None:
                for y in _bits(inside):
                    self.holds[y].add(mask)
        elif old is not None:
            del self.phase[mask]
            for y in _bits(inside):
                self.holds[y].discard(mask)

    def add_lifted(self, poly: Iterable[int], value: float, factor: int = 0) -> None:
        """Add value * factor * poly, the polynomial's value taken as the number 0 or 1: a + b - 2 a b for a sum."""
        if not factor & self.real and abs(abs(math.remainder(value, _TAU)) - _PI) <= _TINY:
            for m in poly:
                self.add(m | factor, value)
            return
        for m, v in self.lifted(poly, value, exact=bool(factor & self.real)).items():
            self.add(m | factor, v)

    def lifted(self, poly: Iterable[int], value: float, *, exact: bool = False) -> dict[int, float]:
        """value * poly as a polynomial over the reals; its coefficients modulo 2 pi unless `exact`."""
        total: dict[int, float] = {}
        for m in sorted(poly, key=int.bit_count):
            more = {m: value}
            for k, v in total.items():
                more[k | m] = more.get(k | m, 0.0) - 2 * v
            for k, v in more.items():
                v += total.get(k, 0.0)
                if not exact:
                    v = math.remainder(v, _TAU)
                if abs(v) > _TINY:
                    total[k] = v
                else:
                    total.pop(k, None)
            self.spend(2 * len(more))
            if len(total) > _MAX_TERMS:
                raise Unsupported("the phase has too many terms")
        return total

    # -- gates ----------------------------------------------------------------------------------

    def product(self, literals: Sequence[Literal], wires: Sequence[int]) -> Poly:
        total: Poly = {0}
        for operand, value in literals:
            factor = self.wires[wires[operand]]
            total = self.times(total, factor if value else factor ^ {0})
        return total

    def times(self, a: Poly, b: Poly) -> Poly:
        """The product of two polynomials."""
        if len(a) < len(b):
            a, b = b, a
        self.spend(len(a) * (len(b) + sum(map(int.bit_count, b))))
        if b == {0}:
            return a
        total: Poly = set()
        for m in b:
            part = a
            for v in _bits(m):
                # Monomials with the variable stay, the others join them: whole sets at a time, as
                # single insertions into a set of such regular numbers can collide all the way.
                part = {k for k in part if k & v} ^ {k | v for k in part if not k & v}
            total ^= part
        return total

    def apply(self, step: Step, wires: Sequence[int]) -> None:
        if isinstance(step, Phase):
            poly = self.product(step.literals, wires)
            self.add_lifted(poly, step.angle.constant)
            for symbol, coefficient in step.angle.terms:
                self.add_lifted(poly, coefficient, self.symbol(symbol))
        elif isinstance(step, Flip):
            wire = wires[step.target]
            self.show(wire, self.wires[wire] ^ self.product(step.literals, wires))
        else:
            wire = wires[step.target]
            y = self.new_path()
            self.add_lifted(self.wires[wire], _PI, y)
            self.show(wire, {y})
            self.reduce()

    def symbol(self, symbol: Expr) -> int:
        found = self.symbols.get(symbol)
        if found is None:
            found = self.symbols[symbol] = self.variable()
            self.real |= found
        return found

    # -- summing out ----------------------------------------------------------------------------

    def hidden(self) -> int:
        """The path variables that no wire shows."""
        result = self.paths
        for shown in self.shown:
            result &= ~shown
        return result

    def reduce(self) -> None:
        """Sum out hidden path variables, as long as a rule fits one."""
        while True:
            hidden = self.hidden()
            for y in _bits(hidden & self.dirty):
                self.dirty &= ~y
                if self.sum_out(y, hidden):
                    break
            else:
                return

    def factor(self, y: int) -> tuple[float, Poly, float] | None:
        """(theta, R, rounding) when y is multiplied by theta + pi R in the phase, R without a constant."""
        theta, rest, slack = 0.0, set(), 0.0
        for mask in self.holds[y]:
            value = self.phase[mask]
            if mask == y:
                theta = value
                continue
            near = abs(value) > _PI / 2
            slack += _PI - abs(value) if near else abs(value)
            if mask & self.real or slack > _TOLERANCE:
                return None
            if near:
                rest.add(mask ^ y)
        self.spend(len(rest) + 1)
        return theta, rest, slack

    def excess(self, slack: float) -> None:
        self.slack += slack
        if self.slack > PHASE_SLACK:
            raise Unsupported("rounding adds up")

    def sum_out(self, y: int, hidden: int) -> bool:
        """Sum over a hidden variable, if a rule fits."""
        found = self.factor(y)
        if found is None:
            return self.shift(y, hidden)
        theta, rest, slack = found
        quarters = round(theta / (_PI / 2))
        off = abs(theta - quarters * (_PI / 2))
        if off > _TOLERANCE:
            return self.turn(y, theta, rest, slack, hidden)
        self.excess(slack + off)
        if quarters % 2:
            # 1 + i (-1)^R is sqrt(2) exp(i pi/4 (1 - 2 R)).
            self.forget(y)
            self.add(0, quarters * _PI / 4)
            self.add_lifted(rest, quarters * -_PI / 2)
            return True
        if quarters:
            rest ^= {0}
        if rest:
            # The sum is 0 unless R is 0: that says what one of R's path variables is.
            known = self.alone(rest)
            if not known:
                return False
            z = min(known, key=lambda m: (len(self.holds[m]), m))
            self.forget(y)
            self.substitute(z, rest ^ {z})
        else:
            self.forget(y)
        return True

    def shift(self, y: int, hidden: int) -> bool:
        """Where y is multiplied by theta (1 - 2 F) + pi R, sum over y + F: that is multiplied by theta + pi R."""
        theta = self.phase.get(y, 0.0)
        terms = {mask ^ y: self.phase[mask] for mask in self.holds[y]}
        if abs(math.sin(2 * theta)) < _TOLERANCE or len(terms) > _MAX_SHIFT or any(m & self.real for m in terms):
            return False
        # 1 - 2 F is the product of 1 - 2 f over the monomials f, each its own inverse: divide by one after the other.
        signs: Poly = set()
        while True:
            odd = [m for m, v in terms.items() if m and abs(math.remainder(v, _PI)) > _TOLERANCE]
            if not odd:
                break
            least = min(odd, key=lambda m: (m.bit_count(), m))
            bounded = len(signs) < _MAX_SIGNS and len(terms) <= _MAX_SHIFT
            if least in signs or not bounded or abs(math.remainder(terms[least] + 2 * theta, _PI)) > _TOLERANCE:
                return False
            signs.add(least)
            for m, v in list(terms.items()):
                terms[m | least] = terms.get(m | least, 0.0) - 2 * v
            self.spend(2 * len(terms))
        lifted = self.lifted(signs, 2 * theta)
        rest: Poly = set()
        slack = 0.0
        for m in {mask ^ y for mask in self.holds[y]} | set(lifted):
            value = self.phase.get(m | y, 0.0) + lifted.get(m, 0.0) - (theta if m == 0 else 0.0)
            turns = round(value / _PI)
            slack += abs(value - turns * _PI)
            if turns % 2:
                rest.add(m)
        if slack > _TOLERANCE or not any(z & hidden for z in self.alone(rest)):
            return False
        self.excess(slack)
        self.forget(y)
        fresh = self.new_path()
        self.add(fresh, theta)
        self.add_lifted(rest, _PI, fresh)
        self.add_lifted(signs, -theta)
        self.add_lifted(self.times(signs, rest), _PI)
        return True

    def alone(self, poly: Poly) -> list[int]:
        """Path variables that a polynomial has as a monomial, and in no other one."""
        once = twice = 0
        for mask in poly:
            twice |= once & mask
            once |= mask
        return [m for m in poly if m & self.paths & ~twice and m & (m - 1) == 0]

    def turn(self, y: int, theta: float, rest: Poly, slack: float, hidden: int) -> bool:
        """Two hidden variables next to each other are three turns of a qubit, H P H P H; so is one, P H P H P."""
        for z in sorted(self.alone(rest)):
            if not z & hidden:
                continue
            other = self.factor(z)
            if other is None:
                if self.shift(z, hidden):
                    return True
                continue
            if y not in self.alone(other[1]):
                continue
            first, middle, last = _euler(theta, other[0])
            self.excess(slack + other[2])
            self.forget(y)
            self.forget(z)
            left, right = rest ^ {z}, other[1] ^ {y}
            self.add_lifted(left, first)
            self.add_lifted(right, last)
            fresh = self.new_path()
            self.add(fresh, middle)
            self.add_lifted(left, _PI, fresh)
            self.add_lifted(right, _PI, fresh)
            return True
        return False

    def forget(self, y: int) -> list[tuple[int, float]]:
        """Take a path variable and its terms out of the phase; those terms, without it."""
        terms = [(mask, self.phase.pop(mask)) for mask in self.holds.pop(y)]
        self.paths ^= y
        for mask, _ in terms:
            inside = mask & self.paths
            self.dirty |= inside
            for other in _bits(inside):
                self.holds[other].discard(mask)
        self.free.append(y)
        return [(mask ^ y, value) for mask, value in terms]

    def substitute(self, z: int, poly: Poly) -> None:
        """Put a polynomial in the place of a path variable."""
        for wire, shown in enumerate(self.shown):
            if shown & z:
                old = self.wires[wire]
                self.show(wire, {m for m in old if not m & z} ^ self.times({m ^ z for m in old if m & z}, poly))
        for rest, value in self.forget(z):
            self.spend(len(poly))
            self.add_lifted(poly, value, rest)
