"""Multi-controlled gates as rows of one- and two-qubit gates.

Everything here returns rows (name, angles, operands) over the wires it is given; angles are
numbers or `Angle`.  `free` are wires the gate does not touch: they may be borrowed in any state
and are given back as they were.

Sources: Barenco et al. 1995 (lemmas 7.2, 7.3, 7.5); Maslov 2016 (relative-phase Toffolis);
Iten et al. 2016 (borrowed wires); Vale et al. 2023 (special unitaries on split controls); the
phase polynomial of a multi-controlled phase along a Gray code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qir.gates import Row

__all__ = ["ccx", "controlled_phase", "controlled_rotation", "controlled_x", "relative_ccx"]

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


def relative_ccx(a: int, b: int, t: int) -> Rows:
    """A Toffoli gate times a diagonal (Margolus): 3 cx.  It is its own inverse up to the order of rows."""
    return [
        ("ry", (PI / 4,), (t,)), ("cx", (), (b, t)), ("ry", (PI / 4,), (t,)), ("cx", (), (a, t)),
        ("ry", (-PI / 4,), (t,)), ("cx", (), (b, t)), ("ry", (-PI / 4,), (t,)),
    ]  # fmt: skip


def inverse(rows: Rows) -> Rows:
    """The inverse of rows made of self-inverse gates, t and rotations."""
    swap = {"t": "tdg", "tdg": "t", "s": "sdg", "sdg": "s"}
    return [(swap.get(name, name), tuple(-a for a in angles), wires) for name, angles, wires in reversed(rows)]


def controlled_x(controls: Sequence[int], target: int, free: Sequence[int]) -> Rows:
    """X on `target` when all controls are set."""
    k = len(controls)
    if k == 0:
        return [("x", (), (target,))]
    if k == 1:
        return [("cx", (), (controls[0], target))]
    if k == 2:
        return ccx(controls[0], controls[1], target)
    if k >= 4 and len(free) >= k - 2:
        return _chain(controls, target, free[: k - 2])
    if k >= 5 and free:
        half = (k + 1) // 2
        first, second = list(controls[:half]), [*controls[half:], free[0]]
        rest = list(free[1:])
        a = controlled_x(first, free[0], [*controls[half:], target, *rest])
        b = controlled_x(second, target, [*first, *rest])
        return [*a, *b, *a, *b]
    h: Row = ("h", (), (target,))
    return [h, *controlled_phase(PI, [*controls, target], free), h]


def _chain(controls: Sequence[int], target: int, borrowed: Sequence[int]) -> Rows:
    """The ladder on k - 2 borrowed wires: two Toffolis on the target, relative-phase ones elsewhere."""
    k = len(controls)
    down: Rows = []
    for i in range(k - 3, 0, -1):
        down += relative_ccx(controls[i + 1], borrowed[i - 1], borrowed[i])
    bottom = relative_ccx(controls[0], controls[1], borrowed[0])
    up = inverse(down)
    top = ccx(controls[-1], borrowed[-1], target)
    ladder = [*down, *bottom, *up]
    # The diagonal left by one ladder is undone by the next: ladder^-1 has the same permutation.
    return [*top, *ladder, *top, *inverse(ladder)]


def controlled_phase(theta: Any, wires: Sequence[int], free: Sequence[int]) -> Rows:
    """The phase exp(i theta) when all wires are set."""
    n = len(wires)
    if n == 0:
        return [("gphase", (theta,), ())]
    if n == 1:
        return [("p", (theta,), (wires[0],))]
    if n == 2:
        return [("cp", (theta,), (wires[0], wires[1]))]
    if n <= _GRAY_WIRES:
        return _gray(theta, wires)
    rest = controlled_phase(theta / 2, wires[:-1], [wires[-1], *free])
    return [*controlled_rotation(theta, wires[:-1], wires[-1], free), *rest]


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


def controlled_rotation(theta: Any, controls: Sequence[int], target: int, free: Sequence[int]) -> Rows:
    """Rz(theta) on `target` when all controls are set: the controls are split in halves."""
    k = len(controls)
    if k == 0:
        return [("rz", (theta,), (target,))]
    if k == 1:
        return [("crz", (theta,), (controls[0], target))]
    half = (k + 1) // 2
    first, second = list(controls[:half]), list(controls[half:])
    a = controlled_x(first, target, [*second, *free])
    b = controlled_x(second, target, [*first, *free])
    plus: Row = ("rz", (theta / 4,), (target,))
    minus: Row = ("rz", (theta / -4,), (target,))
    # x^a rz x^b ... : the four quarter turns add up only when both halves are set.
    return [*a, minus, *b, plus, *a, minus, *b, plus]
