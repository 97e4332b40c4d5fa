"""Multi-controlled gates as rows of gates on one to three wires.

Everything here returns rows (name, angles, operands) over the wires it is given; angles are
numbers or `Angle`.  `free` are wires the gate does not touch: they may be borrowed in any state
and are given back as they were.

Sources: Barenco et al. 1995 (lemmas 7.2, 7.3); Maslov 2016 (relative-phase Toffolis); Iten et al.
2016 (borrowed wires); Vale et al. 2023 (special unitaries on split controls); Khattar and Gidney,
arXiv 2407.17966 (conditionally clean wires); Draper, quant-ph/0008033 (addition by phases).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qir.gates import Row

__all__ = ["ccx", "controlled_phase", "controlled_rotation", "controlled_x"]

PI = np.pi
Rows = list[Row]
_GRAY_WIRES = 4


def ccx(a: int, b: int, t: int) -> Rows:
    """The Toffoli gate with 6 cx and 7 t."""
    return [
        ("h", (), (t,)), ("cx", (), (b, t)), ("tdg", (), (t,)), ("cx", (), (a, t)), ("t", (), (t,)), ("cx", (), (b, t)),
        ("tdg", (), (t,)), ("cx", (), (a, t)), ("t", (), (b,)), ("t", (), (t,)), ("h", (), (t,)), ("cx", (), (a, b)),
        ("t", (), (a,)), ("tdg", (), (b,)), ("cx", (), (a, b)),
    ]  # fmt: skip


def inverse(rows: Rows) -> Rows:
    """The inverse of rows made of self-inverse gates, t and rotations."""
    swap = {"t": "tdg", "tdg": "t", "s": "sdg", "sdg": "s"}
    return [(swap.get(name, name), tuple(-a for a in angles), wires) for name, angles, wires in reversed(rows)]


def controlled_x(controls: Sequence[int], target: int, free: Sequence[int]) -> Rows:
    """X on `target` when all controls are set."""
    k = len(controls)
    if k < 3:
        return [(("x", "cx", "ccx")[k], (), (*controls, target))]
    if k > 3 and len(free) >= k - 2:
        return _chain(controls, target, free[: k - 2])
    if k > 4 and free:
        return _clean_on_condition(controls, target, free[0])
    h: Row = ("h", (), (target,))
    return [h, *controlled_phase(PI, [*controls, target], ()), h]


def _chain(controls: Sequence[int], target: int, borrowed: Sequence[int]) -> Rows:
    """The ladder on k - 2 borrowed wires, 4k - 8 relative-phase Toffolis.

    What they leave is diagonal: one ladder undoes that of the other, and the turned wires that of `_twice`, as each
    is turned by the same control both times.
    """
    k = len(controls)
    down: Rows = [("rccx", (), (controls[i + 1], borrowed[i - 1], borrowed[i])) for i in range(k - 3, 0, -1)]
    ladder: Rows = [*down, ("rccx", (), (controls[0], controls[1], borrowed[0])), *reversed(down)]
    top = _twice(controls[-1], target, borrowed[-1])
    h: Row = ("h", (), (target,))
    return [h, *top, *ladder, *top, *reversed(ladder), h]


def _twice(control: int, target: int, borrowed: int) -> Rows:
    """Half of ccz: done before and after a borrowed wire is turned by p, the phase pi on control, target and p.

    In between the borrowed wire holds the control too.
    """
    h: Row = ("h", (), (borrowed,))
    return [h, ("rccx", (), (control, target, borrowed)), h]


def _clean_on_condition(controls: Sequence[int], target: int, borrowed: int) -> Rows:
    """4k - 8 relative-phase Toffolis with one borrowed wire b, which is turned by the first two controls.

    Where both are set, their wires, turned by x, are clean: the other controls are folded into one of them.  The
    target takes b times that before and after b is turned, and what b held falls out.
    """
    turn: Row = ("rccx", (), (controls[0], controls[1], borrowed))
    fold, last = _fold(controls)
    core: Rows = [*fold, *_twice(target, last, borrowed), *reversed(fold)]
    h: Row = ("h", (), (target,))
    # In the second turn b holds the target too: a phase on it and the first control is left.
    return [h, *core, turn, *core, turn, ("cz", (), (controls[0], target)), h]


def _fold(controls: Sequence[int]) -> tuple[Rows, int]:
    """Rows after which a wire holds the product of all controls but the first two, if those two are set.

    Up: controls 2i + 2 and 2i + 3 are multiplied into wire 2i, clean where the pair before it is set.  Down: the
    products are multiplied into the wires 2i + 1, each clean where the next product to come is 1.
    """
    k = len(controls)
    pairs = (k - 2) // 2
    rows: Rows = []

    def multiply(a: int, b: int, clean: int) -> int:
        rows.extend([("x", (), (clean,)), ("rccx", (), (a, b, clean))])
        return clean

    products = [multiply(controls[2 * i + 2], controls[2 * i + 3], controls[2 * i]) for i in range(pairs)]
    last = controls[-1] if k % 2 else products[-1]
    for i in range(pairs - (1 if k % 2 else 2), -1, -1):
        last = multiply(last, products[i], controls[2 * i + 1])
    return rows, last


def controlled_phase(theta: Any, wires: Sequence[int], free: Sequence[int]) -> Rows:
    """The phase exp(i theta) when all wires are set."""
    n = len(wires)
    if n == 0:
        return [("gphase", (theta,), ())]
    if n == 1:
        return [("p", (theta,), (wires[0],))]
    if n == 2:
        return [("cp", (theta,), (wires[0], wires[1]))]
    if n > 4 and free and isinstance(theta, float) and abs(abs(theta) - PI) < 1e-12:
        h: Row = ("h", (), (wires[-1],))
        return [h, *controlled_x(wires[:-1], wires[-1], free), h]
    return _gray(theta, wires) if n <= _GRAY_WIRES else _overflow(theta, wires)


def _gray(theta: Any, wires: Sequence[int]) -> Rows:
    """Phase polynomial: +-theta / 2**(n-1) on every parity, each target's parities along a Gray code."""
    n = len(wires)
    rows: Rows = []
    unit = theta / 2 ** (n - 1)
    for t in range(n):
        rows.append(("p", (unit,), (wires[t],)))
        mask, parity = 0, 1
        for step in range(1, 2**t):
            bit = (step & -step).bit_length() - 1
            mask ^= 1 << bit
            parity = 1 + mask.bit_count()
            rows += [("cx", (), (wires[bit], wires[t])), ("p", (unit if parity % 2 else unit * -1,), (wires[t],))]
        if t:
            rows.append(("cx", (), (wires[t - 1], wires[t])))
    return rows


def _overflow(theta: Any, wires: Sequence[int]) -> Rows:
    """About 2 n**2 controlled phases: the value v of all wires but the last is one less than that of v + 1, but where
    it overflows.

    With the last wire as control, phases proportional to v are taken away before v is incremented and given after.
    """
    *value, control = wires
    unit = theta / -(2 ** len(value))
    give: Rows = [("cp", (unit * 2.0**j,), (w, control)) for j, w in enumerate(value)]
    take: Rows = [("cp", (unit * -(2.0**j),), (w, control)) for j, w in enumerate(value)]
    count = _increment(value)
    return [*take, *count, *give, *inverse(count), ("p", (unit * -1,), (control,))]


def _increment(wires: Sequence[int]) -> Rows:
    """Add 1 to the value of some wires, the lowest bit first, modulo 2**n: by phases, in the Fourier basis."""
    transform: Rows = []
    for m in range(len(wires) - 1, -1, -1):
        transform.append(("h", (), (wires[m],)))
        transform += [("cp", (PI / 2.0 ** (m - j),), (wires[j], wires[m])) for j in range(m)]
    add: Rows = [("p", (PI / 2.0**m,), (w,)) for m, w in enumerate(wires)]
    return [*transform, *add, *inverse(transform)]


def controlled_rotation(theta: Any, controls: Sequence[int], target: int, free: Sequence[int]) -> Rows:
    """Rz(theta) on `target` when all controls are set: along a Gray code, or with the controls split in halves."""
    k = len(controls)
    if k == 0:
        return [("rz", (theta,), (target,))]
    if k == 1:
        return [("crz", (theta,), (controls[0], target))]
    if k <= _GRAY_WIRES:
        rows: Rows = []
        for step in range(2**k):
            gray = step ^ (step >> 1)
            bit = min(((step + 1) & -(step + 1)).bit_length(), k) - 1
            sign = -1.0 if gray.bit_count() % 2 else 1.0
            rows += [("rz", (theta * (sign / 2**k),), (target,)), ("cx", (), (controls[bit], target))]
        return rows
    half = (k + 1) // 2
    first, second = list(controls[:half]), list(controls[half:])
    a = controlled_x(first, target, [*second, *free])
    b = controlled_x(second, target, [*first, *free])
    plus: Row = ("rz", (theta / 4,), (target,))
    minus: Row = ("rz", (theta / -4,), (target,))
    # x^a rz x^b ... : the four quarter turns add up only when both halves are set.
    return [*a, minus, *b, plus, *a, minus, *b, plus]
