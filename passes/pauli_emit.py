"""Writing a synthesised plan out as rows of a circuit."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from qir.clifford_phase import Gate, phase
from qir.columns import Columns
from qir.gates import opcode
from qir.params import Angle
from qir.symplectic import LETTERS, sign_of

from .pauli_form import Frame, PauliForm, Value
from .pauli_synthesis import Plan

__all__ = ["Rows", "emit"]

_TO_Z: dict[int, tuple[str, str]] = {1: ("h", "h"), 3: ("sx", "sxdg")}
"""Per letter the gate that turns it to Z, and its inverse."""
_AXIS = {1: "rx", 2: "rz", 3: "ry"}
_PAIR = {(1, 1): "rxx", (2, 2): "rzz", (3, 3): "ryy", (2, 1): "rzx"}
_STEPS: dict[str, tuple[Gate, ...]] = {
    "h": (("h", (0,), 0),), "s": (("Z", (0,), 1),), "sdg": (("Z", (0,), 3),), "sx": (("X", (0,), 1),),
    "sxdg": (("X", (0,), 3),), "x": (("X", (0,), 2),), "y": (("Y", (0,), 2),), "z": (("Z", (0,), 2),),
    "cx": (("cx", (0, 1), 0),), "cz": (("cz", (0, 1), 0),), "swap": (("swap", (0, 1), 0),),
}  # fmt: skip
"""Cliffords that are written, as rotations by 1 to 3 quarter turns."""
_EIGHTHS = {"s": 1, "sdg": 3, "sx": 1, "sxdg": 3, "x": 2, "y": 2, "z": 2}
"""The phase each of them has over those rotations, in steps of pi/4."""


@dataclass
class Rows:
    """Rows to be made into columns; `new` is the window each belongs to."""

    opcode: list[int] = field(default_factory=list)
    qubits: list[tuple[int, int, int]] = field(default_factory=list)
    angle: list[Value] = field(default_factory=list)
    span: list[int] = field(default_factory=list)

    def add(self, name: str, qubits: tuple[int, ...], span: int, angle: Value = 0.0) -> None:
        self.opcode.append(opcode(name))
        self.qubits.append((*qubits, -1, -1)[:3])  # type: ignore[arg-type]
        self.angle.append(angle)
        self.span.append(span)

    def columns(self, angles: dict[Angle, int]) -> Columns:
        """The rows; symbolic parts are numbered in `angles`, from 1."""
        count = len(self.opcode)
        symbolic = any(isinstance(a, Angle) and a.terms for a in self.angle)
        result = Columns.empty(count, symbolic=symbolic)
        result.opcode[:] = self.opcode
        result.span[:] = self.span
        if count:
            result.qubits[:] = self.qubits
        result.params[:, 0] = [a.constant if isinstance(a, Angle) else a for a in self.angle]
        if result.terms is not None:
            for i, a in enumerate(self.angle):
                if isinstance(a, Angle) and a.terms:
                    result.terms[i, 0] = angles.setdefault(a.symbolic, len(angles) + 1)
        return result


@cache
def _local_cliffords() -> dict[tuple[int, int, int, int], tuple[str, ...]]:
    """The 24 one-qubit Cliffords: letters and signs of C^-1 X C and C^-1 Z C to a shortest list of gates."""
    found: dict[tuple[int, int, int, int], tuple[str, ...]] = {}
    queue: deque[tuple[str, ...]] = deque([()])
    names = ("z", "s", "sdg", "x", "y", "h", "sx", "sxdg")
    while queue and len(found) < 24:
        gates = queue.popleft()
        frame = Frame(1)
        for name in gates:
            for step, _, turns in _STEPS[name]:
                if step == "h":
                    frame.clifford("h", (0,))
                else:
                    frame.rotate((0,), (LETTERS.index(step),), turns)
        (xx, xz, _), (zx, zz, _) = frame.xs[0], frame.zs[0]
        key = (xx + 2 * xz, zx + 2 * zz, sign_of(frame.xs[0]), sign_of(frame.zs[0]))
        if key not in found:
            found[key] = gates
            queue.extend((*gates, name) for name in names)
    return found


def emit(form: PauliForm, plan: Plan, rows: Rows, spans: list[int], default: int) -> Angle:
    """Append the circuit of a plan to `rows`, on the form's wires; returns its global phase.

    `spans[k]` is the span of rotation k of the form; other gates take that of the next rotation, `default`
    after the last.  Qubits that end in other places are brought home by swaps at the end.
    """
    wires = form.wires
    names: list[Gate] = []
    eighths = 0
    pending: list[tuple[str, tuple[int, ...]]] = []
    span = default

    def clifford(name: str, *qubits: int) -> None:
        nonlocal eighths
        for step, own, turns in _STEPS[name]:
            names.append((step, tuple(qubits[k] for k in own), turns))
        eighths += _EIGHTHS.get(name, 0)
        pending.append((name, qubits))

    def flush() -> None:
        for name, qubits in pending:
            rows.add(name, tuple(wires[q] for q in qubits), span)
        pending.clear()

    for gate in plan.gates:
        if gate[0] == "tqe":
            _, p, q, a, b = gate
            if (p, q) == (1, 2):
                clifford("cx", b, a)
            else:
                if p != 2:
                    clifford(_TO_Z[p][0], a)
                if q == 3:
                    clifford(_TO_Z[q][0], b)
                clifford("cx" if q == 1 else "cz", a, b)
                if q == 3:
                    clifford(_TO_Z[q][1], b)
                if p != 2:
                    clifford(_TO_Z[p][1], a)
            continue
        _, index, sign, qubits, letters = gate
        span = spans[index]
        angle = form.rotations[index].angle
        if sign:
            angle = -angle
        if len(qubits) == 1:
            flush()
            rows.add(_AXIS[letters[0]], (wires[qubits[0]],), span, angle)
            continue
        if (name := _PAIR.get(letters)) is None and _PAIR.get(letters[::-1]):
            qubits, letters = qubits[::-1], letters[::-1]
            name = _PAIR[letters]
        if name is not None:
            flush()
            rows.add(name, tuple(wires[q] for q in qubits), span, angle)
            continue
        turned = [(_TO_Z[p], q) for p, q in zip(letters, qubits) if p != 2]
        for (there, _), q in turned:
            clifford(there, q)
        flush()
        rows.add("rzz", tuple(wires[q] for q in qubits), span, angle)
        for (_, back), q in turned:
            clifford(back, q)
    span = default if not spans else span
    _finish(form.num_qubits, plan, clifford)
    flush()
    inverse = [(name, qubits, -turns & 3) for name, qubits, turns in reversed(names)]
    # exp(-i turns pi/4 P) and its inverse written with 4 - turns differ by a full turn, which is -1.
    full = sum(1 for _, _, turns in names if turns)
    # C = e^{i phase} (gates as rotations);  C itself is the product form.cliffords.
    gamma = phase([*form.cliffords, *inverse], form.num_qubits) + np.pi * full
    return form.phase + float(np.angle(np.exp(1j * (gamma - eighths * np.pi / 4))))


def _finish(num_qubits: int, plan: Plan, clifford: Callable[..., None]) -> None:
    """The one-qubit Cliffords and the permutation that the frame is left with."""
    table = _local_cliffords()
    place = []
    for q in range(num_qubits):
        x, z = plan.frame[q], plan.frame[num_qubits + q]
        at = int(np.flatnonzero(z)[0])
        place.append(at)
        for name in table[int(x[at]), int(z[at]), int(plan.signs[q]), int(plan.signs[num_qubits + q])]:
            clifford(name, at)
    # What sits at place[q] belongs on q.
    holds = [0] * num_qubits
    for q, at in enumerate(place):
        holds[at] = q
    for q in range(num_qubits):
        at = place[q]
        if at != q:
            clifford("swap", q, at)
            other = holds[q]
            holds[at], place[other] = other, at
            holds[q], place[q] = q, q
