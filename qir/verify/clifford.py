"""`clifford`: stabilizer tableaux, any width.

A Clifford circuit is known, up to a global phase, by what X and Z of every output qubit are when
pulled back to the input.  With measurements only the Z of the measured qubits count: their products
are all the observables that the records can show.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qir.circuit import Circuit
from qir.execution import Unsupported
from qir.tableau import Move, Tableau, clifford_moves
from qir.verify.kraus import Frame, frame, program_qubits
from qir.verify.result import Equivalence
from qir.verify.terminal import Static, static_form

__all__ = ["check_clifford"]

_INVERSE = {"s": "sdg", "sdg": "s"}


def check_clifford(a: Circuit, b: Circuit) -> Equivalence:
    """Compare two Clifford circuits; Unsupported when one is not seen to be Clifford."""
    qubits = program_qubits(a, b)
    sides = []
    for circuit in (a, b):
        static = static_form(circuit)
        where = frame(circuit, qubits)
        tableau = Tableau(len(where.slots))
        tableau.apply(_backwards(static, where))
        sides.append((static, where, tableau))
    (first, _, _), (second, _, _) = sides
    observed = observables(first, second, len(qubits))
    images = []
    for static, where, tableau in sides:
        images.append(_images(static, where, tableau, observed, len(qubits)))
    (ax, az, asign), (bx, bz, bsign) = images
    bad = (ax != bx).any(axis=1) | (az != bz).any(axis=1) | (asign != bsign)
    what = f"{len(qubits)} qubits"
    if not bad.any():
        return Equivalence("proved", "clifford", f"{len(observed)} observables of {what} pull back alike")
    k = int(bad.argmax())
    letter, place = observed[k]
    name = f"bit {place}" if letter == "bit" else f"{letter} of qubit {qubits[place]}"
    texts = [_text(x[k], z[k], int(s[k]), qubits) for x, z, s in images]
    difference = f"{name} pulls back to {texts[0]} in one circuit and to {texts[1]} in the other"
    return Equivalence("refuted", "clifford", f"compared on {what}", difference)


def observables(a: Static, b: Static, width: int) -> list[tuple[str, int]]:
    """What is compared: ("X" or "Z", program qubit), or ("bit", classical bit) when the circuits measure."""
    if a.reads or b.reads:
        if set(a.reads) != set(b.reads):
            raise Unsupported("the circuits write different bits")
        return [("bit", c) for c in sorted(a.reads)]
    if a.blind or b.blind:
        raise Unsupported("measurements without bits")
    return [(letter, q) for q in range(width) for letter in "XZ"]


def _backwards(static: Static, where: Frame) -> list[Move]:
    result: list[Move] = []
    known: dict[Any, list[Move] | None] = {}
    for leaf in reversed(static.gates):
        wires = tuple(where.slots[q] for q in leaf.qubits)
        key = (leaf.name, leaf.angles, leaf.controls, leaf.power, len(wires))
        if key not in known:
            known[key] = clifford_moves(leaf.name, leaf.angles, tuple(range(len(wires))), leaf.controls, leaf.power)
        moves = known[key]
        if moves is None:
            raise Unsupported(f"{leaf.name} is not seen to be a Clifford gate")
        result += [(_INVERSE.get(m, m), tuple(wires[k] for k in operands)) for m, operands in reversed(moves)]
    return result


def _images(
    static: Static, where: Frame, tableau: Tableau, observed: list[tuple[str, int]], width: int
) -> tuple[Any, Any, Any]:
    n = tableau.n
    x, z, sign = tableau.rows(0, 2 * n)
    rows = []
    for letter, place in observed:
        slot = where.slots[static.reads[place] if letter == "bit" else where.end[place]]
        rows.append(slot if letter == "X" else n + slot)
    index = np.array(rows, np.int64)
    # A wire no program qubit starts on is |0>: its Z is 1, its X must not show.
    if x[index, width:].any():
        raise Unsupported("a wire that holds no program qubit does not stay apart")
    return x[index, :width], z[index, :width], sign[index]


def _text(x: Any, z: Any, sign: int, qubits: list[int]) -> str:
    letters = [f"{'IXZY'[int(a) + 2 * int(b)]}{q}" for a, b, q in zip(x, z, qubits) if a or b]
    shown = " ".join(letters[:12]) + (" ..." if len(letters) > 12 else "")
    return ("-" if sign else "") + (shown or "I")
