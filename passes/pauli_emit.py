"""Writing a synthesised plan out as rows of a circuit."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from functools import cache

from qir.circuit import Extra
from qir.clifford_phase import Gate, phase
from qir.columns import OPERATIONS, Columns
from qir.gates import opcode
from qir.params import Angle
from qir.symplectic import LETTERS, Planes, bits, sign_of

from .pauli_form import Frame, PauliForm, Value
from .pauli_synthesis import Plan, Problem, reduce_frame

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
_PLAIN: dict[str, str] = {
    "h": "h", "s": "s", "sdg": "sss", "z": "ss", "x": "hssh", "y": "sshssh", "sx": "hsh", "sxdg": "hsssh",
}  # fmt: skip
"""The same in h and s, up to phase."""
_EIGHTHS = {"s": 1, "sdg": 3, "sx": 1, "sxdg": 3, "x": 2, "y": 2, "z": 2}
"""The phase each of them has over those rotations, in steps of pi/4."""


@dataclass
class Rows:
    """Rows to be made into columns; `new` is the window each belongs to."""

    opcode: list[int] = field(default_factory=list)
    qubits: list[tuple[int, int, int]] = field(default_factory=list)
    angle: list[Value] = field(default_factory=list)
    span: list[int] = field(default_factory=list)
    extras: dict[int, Extra] = field(default_factory=dict)

    def add(self, name: str, qubits: tuple[int, ...], span: int, angle: Value = 0.0) -> None:
        self.opcode.append(opcode(name))
        self.qubits.append((*qubits, -1, -1)[:3])  # type: ignore[arg-type]
        self.angle.append(angle)
        self.span.append(span)

    def add_exponential(self, letters: tuple[int, ...], qubits: tuple[int, ...], span: int, angle: Value) -> None:
        """A rotation about a string of any length."""
        wide = qubits if len(qubits) > 3 else None
        self.extras[len(self.opcode)] = Extra(qubits=wide, payload="".join(LETTERS[p] for p in reversed(letters)))
        self.opcode.append(OPERATIONS["pauliexp"])
        self.qubits.append((-1, -1, -1) if wide else (*qubits, -1, -1)[:3])  # type: ignore[arg-type]
        self.angle.append(angle)
        self.span.append(span)

    def columns(self, angles: dict[Angle, int], extras: list[Extra]) -> Columns:
        """The rows; symbolic parts are numbered in `angles`, from 1, and `extras` grows by what the rows need."""
        count = len(self.opcode)
        symbolic = any(isinstance(a, Angle) and a.terms for a in self.angle)
        result = Columns.empty(count, symbolic=symbolic)
        result.opcode[:] = self.opcode
        result.span[:] = self.span
        if count:
            result.qubits[:] = self.qubits
        for row, extra in self.extras.items():
            result.extra[row] = len(extras)
            extras.append(extra)
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


def emit(problem: Problem, form: PauliForm, plan: Plan, rows: Rows, spans: list[int], default: int) -> tuple[Angle, int]:
    """Append the circuit of a plan to `rows`, on the form's wires; returns its global phase and how many of the
    appended rows come before those that nothing can see.

    `spans[k]` is the span of rotation k of the form; a Clifford takes that of the rotation after it, `default`
    after the last.  Qubits that end in other places are brought home by swaps.
    """
    writer = _Writer(form, rows, spans, default)
    begin = len(rows.opcode)
    n = form.num_qubits
    for gate in plan.gates:
        writer.gate(gate)
    writer.span = default if not spans else writer.span
    frame = plan.frame.copy()
    writer.settle(frame, problem.full, problem.seen)
    writer.flush()
    visible = len(rows.opcode) - begin
    everything = (1 << n) - 1
    if problem.full != everything:
        for k, index in enumerate(problem.unseen):
            writer.rotation(index, frame, 2 * n + k)
        # Every Z_q that is seen is Z on its own qubit; clear what its X_q has elsewhere by gates diagonal on q.
        for q in bits(problem.seen & ~problem.full):
            for b in range(n):
                letter = frame.letter(b, q)
                if b != q and letter:
                    writer.gate(("tqe", 2, letter, q, b))
                    frame.tqe(2, letter, q, b)
        gates = reduce_frame(n, frame)
        for gate in gates:
            writer.gate(gate)
        writer.settle(frame, everything, 0)
    writer.flush()
    return form.phase + writer.phase(), visible


class _Writer:
    """Writes gates on qubits as rows on wires, and keeps the Cliffords among them for the global phase."""

    def __init__(self, form: PauliForm, rows: Rows, spans: list[int], default: int) -> None:
        self.form, self.rows, self.spans, self.span = form, rows, spans, default
        self.names: list[Gate] = []
        self.eighths = 0
        self.pending: list[tuple[str, tuple[int, ...]]] = []

    def clifford(self, name: str, *qubits: int) -> None:
        for step, own, turns in _STEPS[name]:
            self.names.append((step, tuple(qubits[k] for k in own), turns))
        self.eighths += _EIGHTHS.get(name, 0)
        self.pending.append((name, qubits))

    def flush(self) -> None:
        wires = self.form.wires
        for name, qubits in self.pending:
            self.rows.add(name, tuple([wires[q] for q in qubits]), self.span)
        self.pending.clear()

    def gate(self, gate: tuple[str, int, int, int, int]) -> None:
        kind, p, q, a, b = gate
        if kind == "tqe":
            self._tqe(p, q, a, b)
        elif kind == "one":
            self._rotate(p, q, (b,), (a,))
        else:
            first, second = divmod(b, self.form.num_qubits)
            self._rotate(p, q, (first, second), (a >> 2, a & 3))

    def _tqe(self, p: int, q: int, a: int, b: int) -> None:
        if p == 1 and q != 1:
            p, q, a, b = q, p, b, a
        if p != 2:
            self.clifford(_TO_Z[p][0], a)
        if q == 3:
            self.clifford(_TO_Z[q][0], b)
        self.clifford("cx" if q == 1 else "cz", a, b)
        if q == 3:
            self.clifford(_TO_Z[q][1], b)
        if p != 2:
            self.clifford(_TO_Z[p][1], a)

    def _rotate(self, index: int, sign: int, qubits: tuple[int, ...], letters: tuple[int, ...]) -> None:
        wires = self.form.wires
        self.span = self.spans[index]
        angle = self.form.rotations[index].angle
        if sign:
            angle = -angle
        if len(qubits) == 1:
            self.flush()
            self.rows.add(_AXIS[letters[0]], (wires[qubits[0]],), self.span, angle)
            return
        if letters not in _PAIR and letters[::-1] in _PAIR:
            qubits, letters = qubits[::-1], letters[::-1]
        if len(qubits) == 2 and letters in _PAIR:
            self.flush()
            self.rows.add(_PAIR[(letters[0], letters[1])], (wires[qubits[0]], wires[qubits[1]]), self.span, angle)
            return
        if len(qubits) > 2:
            # Only where nothing can see it.
            self.flush()
            self.rows.add_exponential(letters, tuple([wires[q] for q in qubits]), self.span, angle)
            return
        turned = [(_TO_Z[p], q) for p, q in zip(letters, qubits) if p != 2]
        for (there, _), q in turned:
            self.clifford(there, q)
        self.flush()
        self.rows.add("rzz", (wires[qubits[0]], wires[qubits[1]]), self.span, angle)
        for (_, back), q in turned:
            self.clifford(back, q)

    def rotation(self, index: int, planes: Planes, row: int) -> None:
        """The rotation whose string is a row of some planes."""
        where = [(q, planes.letter(q, row)) for q in range(self.form.num_qubits)]
        support = [(q, letter) for q, letter in where if letter]
        self._rotate(index, planes.sign >> row & 1, tuple(q for q, _ in support), tuple(p for _, p in support))

    def settle(self, frame: Planes, full: int, seen: int) -> None:
        """Turn every row of the frame that matters, on one qubit by now, into its own letter, and bring it home."""
        n = self.form.num_qubits
        place: dict[int, int] = {}
        for q in bits(full | seen):
            at = next(p for p in range(n) if (frame.x[p] | frame.z[p]) >> (n + q) & 1)
            place[q] = at
            x, z = frame.letter(at, q), frame.letter(at, n + q)
            names = _local_cliffords()[x, z, frame.sign >> q & 1 if full >> q & 1 else 0, frame.sign >> (n + q) & 1]
            for name in names:
                self.clifford(name, at)
                for step in _PLAIN[name]:
                    _local(frame, step, at)
        free = [p for p in range(n) if p not in set(place.values())]
        for q in range(n):
            if q not in place:
                place[q] = q if q in free else -1
                if place[q] == q:
                    free.remove(q)
        for q in range(n):
            if place[q] < 0:
                place[q] = free.pop(0)
        holds = {at: q for q, at in place.items()}
        for q in range(n):
            at = place[q]
            if at != q:
                self.clifford("swap", q, at)
                for plane in (frame.x, frame.z):
                    plane[q], plane[at] = plane[at], plane[q]
                other = holds[q]
                holds[at], place[other] = other, at
                holds[q], place[q] = q, q

    def phase(self) -> float:
        """The global phase of the Clifford of the form over that of the Cliffords written."""
        inverse = [(name, qubits, -turns & 3) for name, qubits, turns in reversed(self.names)]
        # exp(-i turns pi/4 P) and its inverse written with 4 - turns differ by a full turn, which is -1.
        full = sum(1 for _, _, turns in self.names if turns)
        total = phase([*self.form.cliffords, *inverse], self.form.num_qubits) + math.pi * full - self.eighths * math.pi / 4
        return math.remainder(total, 2 * math.pi)


def _local(planes: Planes, gate: str, q: int) -> None:
    """Conjugate by h or s on a qubit."""
    x, z = planes.x[q], planes.z[q]
    planes.sign ^= x & z
    if gate == "h":
        planes.x[q], planes.z[q] = z, x
    else:
        planes.z[q] = z ^ x
