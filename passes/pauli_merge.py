"""Merging of Pauli rotations modulo commutation.

Two rotations about the same Pauli are one when every rotation between them commutes with it; a
rotation by a multiple of pi/2 is a Clifford and moves to the end, changing the Paulis it passes;
a rotation by a multiple of 2 pi goes (Litinski, arXiv 1808.02892; Zhang and Chen, arXiv 1903.12456).
"""

from __future__ import annotations

import math

from qir.params import Angle
from qir.symplectic import LETTERS, Planes, anticommute, letters_of, multiply, sign_of

from .pauli_form import PauliForm, Rotation, quarter_turns

__all__ = ["merge_rotations"]


def merge_rotations(form: PauliForm) -> int:
    """Merge the rotations of a form in place until nothing merges; returns how many are gone.

    A merged rotation stands where the first of the two stood.
    """
    before = len(form.rotations)
    while _sweep(form):
        pass
    return before - len(form.rotations)


def _sweep(form: PauliForm) -> bool:
    latest: dict[tuple[int, int], int] = {}
    rotations = form.rotations
    clifford = False
    alive = (1 << len(rotations)) - 1
    planes = Planes.of([(r.x, r.z, 0) for r in rotations], form.num_qubits)
    for i, r in enumerate(rotations):
        key = (r.x, r.z)
        j = latest.get(key)
        if j is not None and not (planes.clash(r.x, r.z) & alive) >> (j + 1) & ((1 << i - j - 1) - 1):
            first = rotations[j]
            total = first.angle + r.angle
            if isinstance(total, Angle) and total.is_number:
                total = total.constant
            r.angle = 0.0
            alive ^= 1 << i
            turns = quarter_turns(total)
            if turns == 0:
                first.angle = 0.0
                alive ^= 1 << j
                form.phase = form.phase + (math.pi if round(float(total) / (2 * math.pi)) & 1 else 0.0)
                del latest[key]
            else:
                first.angle = total
                clifford = clifford or turns is not None
        else:
            latest[key] = i
    form.rotations = [r for r in rotations if r.angle != 0.0]
    if clifford:
        _absorb(form)
    return clifford


def _absorb(form: PauliForm) -> None:
    """Move rotations by multiples of pi/2 to the end, into the frame."""
    moving: list[tuple[int, int, int, int]] = []
    kept: list[Rotation] = []
    for r in form.rotations:
        turns = quarter_turns(r.angle)
        if turns is not None:
            full = round((float(r.angle) - turns * math.pi / 2) / (2 * math.pi))
            form.phase = form.phase + (math.pi if full & 1 else 0.0)
            if turns:
                moving.append((r.x, r.z, (r.x & r.z).bit_count() & 3, turns))
            continue
        # What moves acts before r; past each, r becomes R_c^-1 r R_c.
        p = (r.x, r.z, (r.x & r.z).bit_count() & 3)
        for x, z, k, turns in reversed(moving):
            if anticommute(p[0], p[1], x, z):
                p = _conjugate(p, (x, z, k), turns)
        r.x, r.z = p[0], p[1]
        if sign_of(p):
            r.angle = -r.angle
        kept.append(r)
    form.rotations = kept
    prepend(form, moving)


def _conjugate(a: tuple[int, int, int], p: tuple[int, int, int], turns: int) -> tuple[int, int, int]:
    """R^-1 A R for the rotation R by some quarter turns about P, where A and P anticommute."""
    if turns == 2:
        return a[0], a[1], (a[2] + 2) & 3
    x, z, k = multiply(a, p)
    return x, z, (k + (3 if turns == 1 else 1)) & 3


def prepend(form: PauliForm, rotations: list[tuple[int, int, int, int]]) -> None:
    """Put rotations by quarter turns (x, z, k, turns; the first acts first) right before the frame's Clifford."""
    if not rotations:
        return
    frame = form.frame
    for images in (frame.xs, frame.zs):
        for q, a in enumerate(images):
            # (C R_1 .. R_m)^-1 A (C R_m .. R_1): C first from the outside, then the last rotation.
            for x, z, k, turns in reversed(rotations):
                if anticommute(a[0], a[1], x, z):
                    a = _conjugate(a, (x, z, k), turns)
            images[q] = a
    n = form.num_qubits
    letters = letters_of([r[0] for r in rotations], [r[1] for r in rotations], n).tolist()
    gates = []
    for row, (_, _, _, turns) in zip(letters, rotations):
        support = tuple(q for q in range(n) if row[q])
        gates.append(("".join(LETTERS[row[q]] for q in support), support, turns))
    form.cliffords[:0] = gates
