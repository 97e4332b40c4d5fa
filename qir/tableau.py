"""Stabilizer tableaux: Clifford circuits of any width.

The tableau of Aaronson and Gottesman (quant-ph/0406196) kept by columns: for every qubit two Python
integers, `x` and `z`, with one bit per row, and one integer of signs.  A gate touches the integers of
its qubits only, so that it costs a few operations on 2n-bit integers.  Row i < n is the image of X_i,
row n + i that of Z_i; of a state, rows 0..n-1 are destabilizers and rows n..2n-1 stabilizers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from qir.affine import outcomes
from qir.gates import GATES
from qir.params import Angle

__all__ = ["MOVES", "Move", "Tableau", "clifford_moves"]

Move = tuple[str, tuple[int, ...]]
"""A gate of the small set the tableau knows (`Tableau.apply`), on operand numbers or wires."""

MOVES = ("cx", "h", "s", "cz", "x", "z", "sdg", "y", "swap")
"""The names of the moves, the most frequent first."""
_CX, _H, _S, _CZ, _X, _Z, _SDG, _Y, _SWAP = range(len(MOVES))
_NUMBER = {name: number for number, name in enumerate(MOVES)}
_TOLERANCE = 1e-9


class Tableau:
    """The map P -> U P U^dagger of a Clifford unitary on n qubits, up to the global phase."""

    __slots__ = ("n", "sign", "x", "z")

    def __init__(self, n: int) -> None:
        self.n = n
        self.x = [1 << q for q in range(n)]
        self.z = [1 << (n + q) for q in range(n)]
        self.sign = 0

    def copy(self) -> Tableau:
        other = Tableau.__new__(Tableau)
        other.n, other.x, other.z, other.sign = self.n, list(self.x), list(self.z), self.sign
        return other

    # -- gates -----------------------------------------------------------------------------

    def apply(self, moves: Sequence[Move]) -> None:
        """Apply gates in order, by name and wires.  ValueError for a name that is not in `MOVES`."""
        try:
            kinds = [_NUMBER[name] for name, _ in moves]
        except KeyError as unknown:
            raise ValueError(f"the tableau does not know {unknown.args[0]}") from None
        self.apply_numbered(kinds, [wires[0] for _, wires in moves], [wires[-1] for _, wires in moves])

    def apply_numbered(self, kinds: Iterable[int], first: Iterable[int], second: Iterable[int]) -> None:
        """Apply gates in order: numbers of their kinds in `MOVES`, their first and last wires.

        One by one: each takes a few operations on long integers, less than gathering disjoint ones would.
        """
        x, z, sign = self.x, self.z, self.sign
        for kind, p, q in zip(kinds, first, second):
            if kind == _CX:
                xc, zt = x[p], z[q]
                sign ^= xc & zt & ~(x[q] ^ z[p])
                x[q] ^= xc
                z[p] ^= zt
            elif kind == _H:
                sign ^= x[p] & z[p]
                x[p], z[p] = z[p], x[p]
            elif kind == _S:
                sign ^= x[p] & z[p]
                z[p] ^= x[p]
            elif kind == _CZ:
                xc, xt = x[p], x[q]
                sign ^= xc & xt & (z[p] ^ z[q])
                z[q] ^= xc
                z[p] ^= xt
            elif kind == _X:
                sign ^= z[p]
            elif kind == _Z:
                sign ^= x[p]
            elif kind == _SDG:
                sign ^= x[p] & ~z[p]
                z[p] ^= x[p]
            elif kind == _Y:
                sign ^= x[p] ^ z[p]
            else:
                x[p], x[q], z[p], z[q] = x[q], x[p], z[q], z[p]
        self.sign = sign

    # -- reading ---------------------------------------------------------------------------

    def _product_sign(self, rows: int) -> int:
        """The sign bit of the product, in ascending order, of the rows in a mask (which must be Hermitian)."""
        quarter = 2 * ((self.sign & rows).bit_count())
        width = 2 * self.n
        total_x, total_z = 0, 0
        for xq, zq in zip(self.x, self.z):
            a, b = xq & rows, zq & rows
            if not a and not b:
                continue
            # Each row is i^|x z| X^x Z^z; moving every X past the Zs of earlier rows gives signs.
            quarter += (a & b).bit_count()
            prefix, step = b, 1
            while step < width:
                prefix ^= prefix << step
                step <<= 1
            quarter += 2 * (a & (prefix << 1)).bit_count()
            px, pz = a.bit_count() & 1, b.bit_count() & 1
            total_x += px
            total_z += pz
            quarter -= px & pz
        return (quarter % 4) // 2

    def anticommuting(self, paulis: dict[int, str]) -> int:
        """Mask of the rows that anticommute with a Pauli string (wire to letter)."""
        mask = 0
        for q, letter in paulis.items():
            if letter in "YZ":
                mask ^= self.x[q]
            if letter in "XY":
                mask ^= self.z[q]
        return mask

    def expectation(self, paulis: dict[int, str]) -> int:
        """<P> in the state the tableau makes of |0...0>: -1, 0 or 1."""
        paulis = {q: p for q, p in paulis.items() if p != "I"}
        mask = self.anticommuting(paulis)
        if mask >> self.n:
            return 0
        # P is, up to sign, the product of the stabilizers whose destabilizers anticommute with it.
        rows = mask << self.n
        sign = self._product_sign(rows)
        return -1 if sign else 1

    def measure(self, q: int, coin: int) -> int:
        """Measure Z on a wire; a random outcome is `coin`.  The state collapses."""
        n = self.n
        random = self.x[q] >> n
        if not random:
            return (1 - self.expectation({q: "Z"})) // 2
        pivot = n + (random & -random).bit_length() - 1
        bit = 1 << pivot
        rows = self.x[q] & ~bit & ~(1 << (pivot - n))
        # Multiply the pivot row into the others: signs are counted in quarters, two bits per row.
        low, high = 0, self.sign & rows
        if self.sign & bit:
            high ^= rows
        for j in range(n):
            px, pz = self.x[j] & bit, self.z[j] & bit
            if not px and not pz:
                continue
            a, b = self.x[j] & rows, self.z[j] & rows
            if px and pz:  # Y times X, Z: rows of X gain -1, of Z +1
                plus, minus = b & ~a, a & ~b
            elif px:  # X: of Y +1, of Z -1
                plus, minus = a & b, b & ~a
            else:  # Z: of X +1, of Y -1
                plus, minus = a & ~b, a & b
            high ^= low & plus
            low ^= plus
            high ^= ~low & minus
            low ^= minus
            if px:
                self.x[j] ^= rows
            if pz:
                self.z[j] ^= rows
        self.sign = (self.sign & ~rows) | (high & rows)
        # The pivot becomes the destabilizer, Z with the outcome the stabilizer.
        partner = 1 << (pivot - n)
        for j in range(n):
            self.x[j] = (self.x[j] & ~partner & ~bit) | (partner if self.x[j] & bit else 0)
            self.z[j] = (self.z[j] & ~partner & ~bit) | (partner if self.z[j] & bit else 0)
        self.sign = (self.sign & ~partner & ~bit) | (partner if self.sign & bit else 0) | (bit if coin else 0)
        self.z[q] |= bit
        return coin

    def rows(self, start: int, stop: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Bits of some rows: x and z of shape (rows, n), signs of shape (rows,)."""
        count = stop - start
        mask, size = (1 << count) - 1, (count + 7) // 8

        def bits(values: Sequence[int]) -> npt.NDArray[np.uint8]:
            raw = b"".join(((v >> start) & mask).to_bytes(size, "little") for v in values)
            packed = np.frombuffer(raw, np.uint8).reshape(len(values), size)
            return np.unpackbits(packed, axis=1, bitorder="little")[:, :count]

        return bits(self.x).T.copy(), bits(self.z).T.copy(), bits([self.sign])[0]

    def sample(self, shots: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """Outcomes of measuring every wire, shape (shots, n); the tableau stays as it is."""
        return outcomes(*self.rows(self.n, 2 * self.n)).sample(shots, rng)


# -- gates as moves -----------------------------------------------------------------------------

_FIXED: dict[str, tuple[Move, ...]] = {
    "id": (), "nop": (), "x": (("x", (0,)),), "y": (("y", (0,)),), "z": (("z", (0,)),), "h": (("h", (0,)),),
    "s": (("s", (0,)),), "sdg": (("sdg", (0,)),),
    "sx": (("h", (0,)), ("s", (0,)), ("h", (0,))), "sxdg": (("h", (0,)), ("sdg", (0,)), ("h", (0,))),
    "cx": (("cx", (0, 1)),), "cz": (("cz", (0, 1)),), "swap": (("swap", (0, 1)),),
    "cy": (("sdg", (1,)), ("cx", (0, 1)), ("s", (1,))),
    "ecr": (("h", (1,)), ("cx", (0, 1)), ("s", (1,)), ("cx", (0, 1)), ("h", (1,)), ("x", (0,))),
}  # fmt: skip
_QUARTER: dict[str, tuple[tuple[str, ...], ...]] = {
    # z rotations by 0, 1, 2, 3 quarter turns (half pi each)
    "z": ((), ("s",), ("z",), ("sdg",)),
    "x": ((), ("h", "s", "h"), ("x",), ("h", "sdg", "h")),
    "y": ((), ("z", "h"), ("y",), ("h", "z")),
}
_CONTROLLED = {"x": "cx", "y": "cy", "z": "cz", "cx": "ccx", "p": "cp", "U": "", "swap": "cswap"}


def _quarters(angle: float) -> int | None:
    turns = angle / (math.pi / 2)
    nearest = round(turns) if math.isfinite(turns) else 0
    return nearest % 4 if abs(turns - nearest) * (math.pi / 2) < _TOLERANCE else None


def _turn(axis: str, angle: float, q: int) -> list[Move] | None:
    k = _quarters(angle)
    return None if k is None else [(name, (q,)) for name in _QUARTER[axis][k]]


@lru_cache(maxsize=4096)
def _moves(name: str, angles: tuple[float, ...]) -> tuple[Move, ...] | None:
    """A gate of the table as moves on operand numbers; None when it is not Clifford (or not seen to be)."""
    if name in _FIXED:
        return _FIXED[name]
    if name == "gphase":
        return ()
    if name in ("rz", "p", "u1", "rx", "ry"):
        found = _turn({"rx": "x", "ry": "y"}.get(name, "z"), angles[0], 0)
        return None if found is None else tuple(found)
    if name == "U":
        return _euler(*angles)
    if name == "rzz":
        found = _turn("z", angles[0], 1)
        return None if found is None else (("cx", (0, 1)), *found, ("cx", (0, 1)))
    if name == "cp":
        k = _quarters(angles[0])
        return {0: (), 2: (("cz", (0, 1)),)}.get(k) if k is not None else None
    row = GATES[name]
    assert row.define is not None
    moves: list[Move] = []
    for inner, values, operands in row.define(*angles):
        controls = 0
        while inner.startswith("ctrl "):
            inner, controls = inner[5:], controls + 1
        part = _held(inner, tuple(float(v) for v in values), controls)
        if part is None:
            return None
        moves += [(move, tuple(operands[k] for k in wires)) for move, wires in part]
    return tuple(moves)


def _held(name: str, angles: tuple[float, ...], controls: int) -> tuple[Move, ...] | None:
    """A gate with some controls as moves, when that is seen to be Clifford."""
    if controls == 0:
        return _moves(name, angles)
    if controls == 1 and name in ("x", "y", "z"):
        return _moves("c" + name, ())
    if controls == 1 and name in ("p", "u1"):
        return _moves("cp", angles)
    if name in ("rx", "ry", "rz") and controls == 1:
        # A controlled full turn is a z on the control; half of it is a controlled Pauli and an s.
        k = angles[0] / math.pi
        if abs(k - round(k)) * math.pi < _TOLERANCE:
            turns = round(k) % 4
            pauli = _moves("c" + name[1], ()) if turns % 2 else ()
            assert pauli is not None
            return (*pauli, *(((("sdg", (0,)),), (("z", (0,)),), (("s", (0,)),))[turns - 1] if turns else ()))
    inner = _moves(name, angles)
    return () if inner == () and name in ("id", "nop") else None


def _euler(theta: float, phi: float, lam: float) -> tuple[Move, ...] | None:
    k = _quarters(theta)
    if k is None:
        return None
    if k % 2 == 0:
        # Only the sum (or difference) of the outer angles matters.
        outer = _turn("z", lam + phi if k == 0 else lam - phi, 0)
        return None if outer is None else (*outer, *((("y", (0,)),) if k else ()))
    first, last = _turn("z", lam, 0), _turn("z", phi, 0)
    if first is None or last is None:
        return None
    middle = _turn("y", theta, 0) or []
    return (*first, *middle, *last)


_INVERSE = {"s": "sdg", "sdg": "s"}


def clifford_moves(
    name: str, angles: tuple[Angle, ...], qubits: tuple[int, ...], controls: str = "", power: float = 1.0
) -> list[Move] | None:
    """A gate as moves on its wires; None when it is not seen to be Clifford."""
    if any(a.terms for a in angles) or name not in GATES or not float(power).is_integer():
        return None
    moves = _held(name, tuple(a.constant for a in angles), len(controls))
    if moves is None:
        return None
    if name == "gphase" and controls:
        return None
    if power != 1:
        if abs(power) > 64:
            return None
        one = moves if power > 0 else tuple((_INVERSE.get(move, move), wires) for move, wires in reversed(moves))
        moves = one * abs(int(power))
    placed = [(move, tuple(qubits[k] for k in wires)) for move, wires in moves]
    clear: list[Move] = [("x", (qubits[k],)) for k, state in enumerate(controls) if state == "0"]
    return [*clear, *placed, *clear] if clear else placed
