"""Merging of Pauli rotations modulo commutation.

Two rotations about the same Pauli are one when every rotation between them commutes with it; a
rotation by a multiple of pi/2 is a Clifford and moves to the end, changing the Paulis it passes;
a rotation by a multiple of 2 pi goes (Litinski, arXiv 1808.02892; Zhang and Chen, arXiv 1903.12456).
"""

from __future__ import annotations

import math

from qir.params import Angle
from qir.symplectic import LETTERS, Planes, bits, sign_of

from .pauli_form import PauliForm, Rotation, quarter_turns

__all__ = ["absorb", "join", "merge_rotations"]


def merge_rotations(form: PauliForm) -> int:
    """Merge the rotations of a form in place until nothing merges; returns how many are gone.

    A merged rotation stands where the first of the two stood.
    """
    before = len(form.rotations)
    while join(form):
        absorb(form)
    return before - len(form.rotations)


def join(form: PauliForm) -> bool:
    """Merge what is one rotation as it stands; whether some are Cliffords now, that others may pass."""
    latest: dict[tuple[int, int], int] = {}
    rotations = form.rotations
    clifford = False
    alive = (1 << len(rotations)) - 1
    planes = Planes.of([(r.x, r.z, 0) for r in rotations], form.num_qubits)
    for i, r in enumerate(rotations):
        if r.fixed:
            continue
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
    return clifford


def absorb(form: PauliForm) -> None:
    """Move rotations by multiples of pi/2 to the end, into the frame."""
    n, count = form.num_qubits, len(form.rotations)
    frame = form.frame
    images = [*frame.xs, *frame.zs]
    strings = [(r.x, r.z, 0) for r in form.rotations] + [(p[0], p[1], sign_of(p)) for p in images]
    planes = Planes.of(strings, n)
    turning = {i: turns for i, r in enumerate(form.rotations) if (turns := quarter_turns(r.angle)) is not None}
    others = (1 << len(strings)) - 1 & ~sum(1 << i for i in turning)
    # Everything after a rotation R_c that moves to the end passes it and becomes R_c^-1 (..) R_c; the last one is
    # passed first.
    for i in sorted(turning, reverse=True):
        r, turns = form.rotations[i], turning[i]
        full = round((float(r.angle) - turns * math.pi / 2) / (2 * math.pi))
        form.phase = form.phase + (math.pi if full & 1 else 0.0)
        if turns:
            planes.turn(r.x, r.z, turns, others & -(1 << i))
    moved = planes.strings(len(strings))
    gates: list[tuple[str, tuple[int, ...], int]] = []
    kept: list[Rotation] = []
    for i, r in enumerate(form.rotations):
        if turning.get(i):
            support = tuple(bits(r.x | r.z))
            letters = "".join(LETTERS[(r.x >> q & 1) | (r.z >> q & 1) << 1] for q in support)
            gates.append((letters, support, turning[i]))
        elif i not in turning:
            r.x, r.z, sign = moved[i]
            if sign:
                r.angle, r.sign = -r.angle, -r.sign
            kept.append(r)
    form.rotations = kept
    form.cliffords[:0] = gates
    rows = [(x, z, ((x & z).bit_count() + 2 * sign) & 3) for x, z, sign in moved[count:]]
    frame.xs, frame.zs = rows[:n], rows[n:]
