"""A unitary stretch of a circuit as Pauli rotations followed by one Clifford.

    U = e^{i phase} C exp(-i t_m/2 P_m) ... exp(-i t_1/2 P_1)

Every gate is a product of rotations (`pauli_rules`); a rotation by a multiple of pi/2 is a Clifford and
goes into C; the others are pulled back through the Cliffords before them (Litinski, arXiv 1808.02892,
section 1; Zhang and Chen, arXiv 1903.12456).  C is held as what it does to Paulis, its frame:
the images C^-1 X_q C and C^-1 Z_q C, and its phase as a list of gates whose product it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import NUM_QUBITS, OPERATIONS, distinct
from qir.gates import NUM_GATES, opcode
from qir.params import Angle
from qir.symplectic import LETTERS, multiply, sign_of

from .pauli_rules import RULES, Rule

__all__ = ["SUPPORTED", "Frame", "PauliForm", "Rotation", "Value", "extract", "is_supported", "symbolic"]

Pauli = tuple[int, int, int]
Images = tuple[int, int, int, int]
Value = float | Angle

_QUARTER = math.pi / 2
_ZZ = (2, 2)
CLOSE = 1e-11
"""How far (radians) an angle may be from a multiple of pi/2 to be taken for it."""


def quarter_turns(angle: Value) -> int | None:
    """The number (0 to 3) of quarter turns an angle amounts to, None when it is no such multiple."""
    if isinstance(angle, Angle):
        if angle.terms:
            return None
        angle = angle.constant
    turns = round(angle / _QUARTER)
    return turns & 3 if abs(angle - turns * _QUARTER) < CLOSE else None


@dataclass(slots=True)
class Rotation:
    """exp(-i angle/2 P): P by its masks (its sign is in the angle); `row` is the operation it comes from.

    sign: of the operation's own Pauli, pulled back, beside P.    fixed: not to be merged with others.
    """

    x: int
    z: int
    angle: Value
    row: int
    sign: int = 1
    fixed: bool = False


class Frame:
    """What a Clifford C does to Paulis: `xs[q]` is C^-1 X_q C and `zs[q]` is C^-1 Z_q C."""

    def __init__(self, num_qubits: int) -> None:
        self.xs: list[Pauli] = [(1 << q, 0, 0) for q in range(num_qubits)]
        self.zs: list[Pauli] = [(0, 1 << q, 0) for q in range(num_qubits)]

    def image(self, operands: Sequence[int], letters: Sequence[int]) -> Pauli:
        """C^-1 P C of a string given by letters on some qubits."""
        if len(operands) == 1 and letters[0] != 3:
            return self.xs[operands[0]] if letters[0] == 1 else self.zs[operands[0]]
        result: Pauli = (0, 0, 0)
        for q, letter in zip(operands, letters):
            if letter == 1:
                result = multiply(result, self.xs[q])
            elif letter == 2:
                result = multiply(result, self.zs[q])
            elif letter == 3:
                # Y = i X Z
                x, z, k = multiply(self.xs[q], self.zs[q])
                result = multiply(result, (x, z, k + 1))
        return result

    def rotate(self, operands: Sequence[int], letters: Sequence[int], turns: int) -> None:
        """C becomes exp(-i turns pi/4 P) C."""
        if turns & 3 == 0:
            return
        xs, zs = self.xs, self.zs
        if len(operands) == 1:
            q, letter = operands[0], letters[0]
            (x1, z1, k1), (x2, z2, k2) = xs[q], zs[q]
            # Of X and Z of one qubit the one that is not turned about changes, of Y both.
            if letter != 1:
                k = k1 + 2 if turns == 2 else k1 + k2 + 2 * (z1 & x2).bit_count() + (3 if turns == 1 else 1)
            if letter == 2:
                xs[q] = (x1, z1, k & 3) if turns == 2 else (x1 ^ x2, z1 ^ z2, k & 3)
                return
            if letter == 1:
                k = k2 + 2 if turns == 2 else k1 + k2 + 2 * (z2 & x1).bit_count() + (3 if turns == 1 else 1)
                zs[q] = (x2, z2, k & 3) if turns == 2 else (x1 ^ x2, z1 ^ z2, k & 3)
                return
        p = self.image(operands, letters)
        if letters == _ZZ and turns & 1:
            for q in operands:
                x, z, k = multiply(xs[q], p)
                xs[q] = (x, z, (k + (3 if turns == 1 else 1)) & 3)
            return
        for q, letter in zip(operands, letters):
            # R^-1 A R = A R^2 for A that anticommutes with P: -i A P, -A, i A P for 1, 2, 3 quarter turns.
            for images, own in ((xs, 1), (zs, 2)):
                if letter and letter != own:
                    x, z, k = images[q]
                    if turns == 2:
                        images[q] = (x, z, (k + 2) & 3)
                    else:
                        x, z, k = multiply((x, z, k), p)
                        images[q] = (x, z, (k + (3 if turns == 1 else 1)) & 3)

    def local(self, q: int, images: Images) -> None:
        """C becomes g C for a one-qubit Clifford g, given by letters and signs of g^-1 X g and g^-1 Z g."""
        x, z = self.xs[q], self.zs[q]
        y = x
        if images[0] == 3 or images[2] == 3:
            a, b, k = multiply(x, z)
            y = (a, b, k + 1)
        choice = (x, x, z, y)
        for rows, letter, sign in ((self.xs, images[0], images[1]), (self.zs, images[2], images[3])):
            a, b, k = choice[letter]
            rows[q] = (a, b, (k + 2 * sign) & 3)

    def clifford(self, name: str, operands: Sequence[int]) -> None:
        """C becomes g C for a named gate g: h, cx, cz, swap."""
        xs, zs = self.xs, self.zs
        if name == "cx":
            c, t = operands
            xs[c] = multiply(xs[c], xs[t])
            zs[t] = multiply(zs[c], zs[t])
        elif name == "h":
            q = operands[0]
            xs[q], zs[q] = zs[q], xs[q]
        elif name == "cz":
            a, b = operands
            xs[a], xs[b] = multiply(xs[a], zs[b]), multiply(zs[a], xs[b])
        else:
            a, b = operands
            xs[a], xs[b], zs[a], zs[b] = xs[b], xs[a], zs[b], zs[a]


@dataclass
class PauliForm:
    """See the module.  `wires` are the circuit's wires behind qubits 0, 1, ...; `cliffords` are gates whose
    product is C, in program order (for the global phase)."""

    wires: tuple[int, ...]
    rotations: list[Rotation]
    frame: Frame
    phase: Angle = Angle()
    cliffords: list[tuple[str, tuple[int, ...], int]] = field(default_factory=list)

    @property
    def num_qubits(self) -> int:
        return len(self.wires)


_PAULIEXP = OPERATIONS["pauliexp"]
SUPPORTED = np.zeros(NUM_GATES + 1, np.bool_)
"""Which opcodes of plain gates `extract` can take; the last entry stands for all that are no gates of the table."""
SUPPORTED[list(RULES)] = True


def is_supported(circuit: Circuit, row: int, code: int, extra: int) -> bool:
    """Whether an operation is a gate that `extract` can take."""
    if extra < 0:
        return code in RULES
    details = circuit.extras[extra]
    if details.controls or details.power != 1 or details.blocks or details.annotations:
        return False
    return code == _PAULIEXP


_FAST = {opcode(name): name for name in ("h", "cx", "cz", "swap")}
_TURNED = 4
"""What `_evaluate` gives in place of quarter turns for an angle that is none."""
Real = npt.NDArray[np.float64]
Turns = tuple[tuple[tuple[int, ...], tuple[int, ...], str, list[int], list[float]], ...]


def _linear(factors: tuple[float, float, float, float], params: Real) -> Real:
    result = np.full(len(params), factors[0])
    for k in range(3):
        if factors[k + 1]:
            result += factors[k + 1] * params[:, k]
    return result


def _evaluate(rule: Rule, params: Real) -> tuple[Turns, float]:
    """A rule's steps for all rows of one gate: operands, letters, their text (the name of a Clifford), quarter turns or
    `_TURNED` per row, angles per row; and the sum of the phases."""
    steps: list[tuple[tuple[int, ...], tuple[int, ...], str, list[int], list[float]]] = []
    phase = 0.0
    if any(rule.phase):
        phase += float(_linear(rule.phase, params).sum())
    for step in rule.steps:
        if step.clifford:
            steps.append((step.operands, (), step.clifford, [], []))
            continue
        angle = _linear(step.angle, params)
        near = np.round(angle / _QUARTER)
        close = np.abs(angle - near * _QUARTER) < CLOSE
        whole = near.astype(np.int64)
        # A rotation by a full turn is -1.
        phase += math.pi * int((close & ((whole >> 2) & 1 == 1)).sum())
        turns = np.where(close, whole & 3, _TURNED)
        steps.append((step.operands, step.letters, "".join(LETTERS[p] for p in step.letters), turns.tolist(), angle.tolist()))
    return tuple(steps), phase


Local = tuple[Images, tuple[tuple[str, int], ...]]
"""What a one-qubit Clifford does to X and Z, and the rotations it is made of: text and quarter turns."""


@cache
def _local(letters: tuple[int, ...], turns: tuple[int, ...]) -> Local | None:
    """A product of one-qubit rotations by quarter turns; None when one of them is by another angle."""
    if _TURNED in turns:
        return None
    frame = Frame(1)
    for letter, count in zip(letters, turns):
        frame.rotate((0,), (letter,), count)
    x, z = frame.xs[0], frame.zs[0]
    images = (x[0] + 2 * x[1], sign_of(x), z[0] + 2 * z[1], sign_of(z))
    return images, tuple((LETTERS[letter], count) for letter, count in zip(letters, turns) if count)


def extract(circuit: Circuit, rows: Iterable[int], wires: tuple[int, ...] | None = None) -> PauliForm:
    """The Pauli form of some rows of a circuit, all of them gates that are supported.

    `wires` are the qubits of the form; by default all wires of the circuit.
    """
    if wires is None:
        wires = tuple(range(circuit.num_qubits))
    place = {w: i for i, w in enumerate(wires)}
    columns = circuit.columns
    chosen = np.asarray(list(rows), np.int64)
    code_of, params = columns.opcode[chosen], columns.params[chosen]
    where = np.zeros(circuit.num_qubits + 1, np.int64)
    where[list(wires)] = np.arange(len(wires))
    operands = where[columns.qubits[chosen]].tolist()
    apart = columns.extra[chosen] >= 0
    if columns.terms is not None:
        apart |= columns.symbolic[chosen]
    frame = Frame(len(wires))
    form = PauliForm(wires, [], frame)
    cliffords = form.cliffords
    rotations = form.rotations
    phase = 0.0
    symbols = Angle()
    # The angles of all rows of a gate at once; `slot` is a row's place among them.
    steps_of: dict[int, Turns] = {}
    locals_of: dict[int, list[Local | None]] = {}
    slot = np.zeros(len(chosen), np.int64)
    for code in distinct(code_of[~apart]).tolist():
        mine = np.flatnonzero((code_of == code) & ~apart)
        slot[mine] = np.arange(len(mine))
        if code not in _FAST:
            steps_of[code], more = _evaluate(RULES[code], params[mine])
            phase += more
            if NUM_QUBITS[code] == 1 and steps_of[code]:
                letters = tuple(step[1][0] for step in steps_of[code])
                locals_of[code] = [_local(letters, turns) for turns in zip(*(step[3] for step in steps_of[code]))]

    def turn(qubits: tuple[int, ...], letters: Sequence[int], angle: Value, row: int) -> float:
        """One rotation; returns a phase."""
        turns = quarter_turns(angle)
        if turns is None:
            pauli = frame.image(qubits, letters)
            sign = -1 if sign_of(pauli) else 1
            rotations.append(Rotation(pauli[0], pauli[1], angle * sign, row, sign))
            return 0.0
        frame.rotate(qubits, letters, turns)
        if turns:
            cliffords.append(("".join(LETTERS[p] for p in letters), qubits, turns))
        # A rotation by a full turn is -1.
        return math.pi if round((float(angle) - turns * _QUARTER) / (2 * math.pi)) & 1 else 0.0

    lines = zip(code_of.tolist(), operands, slot.tolist(), chosen.tolist(), apart.tolist())
    for code, (a, b, c), at, row, single in lines:
        name = _FAST.get(code)
        if name is not None and not single:
            qubits: tuple[int, ...] = (a,) if name == "h" else (a, b)
            frame.clifford(name, qubits)
            cliffords.append((name, qubits, 0))
            continue
        if not single:
            clifford = locals_of[code][at] if code in locals_of else None
            if clifford is not None:
                images, made = clifford
                frame.local(a, images)
                for text, quarter in made:
                    cliffords.append((text, (a,), quarter))
                continue
            qubits = (a, b, c)
            for own, letters, text, turns, angles in steps_of[code]:
                on = (qubits[own[0]],) if len(own) == 1 else tuple([qubits[k] for k in own])
                if not letters:
                    frame.clifford(text, on)
                    cliffords.append((text, on, 0))
                    continue
                quarter = turns[at]
                if quarter == _TURNED:
                    pauli = frame.image(on, letters)
                    value = angles[at]
                    sign = -1 if sign_of(pauli) else 1
                    rotations.append(Rotation(pauli[0], pauli[1], value * sign, row, sign))
                elif quarter:
                    frame.rotate(on, letters, quarter)
                    cliffords.append((text, on, quarter))
            continue
        values = circuit.row_angles(row)
        qubits = tuple([place[q] for q in circuit.operands(row)])
        if code == _PAULIEXP:
            spelling = circuit.extras[int(columns.extra[row])].payload
            assert isinstance(spelling, str)
            spelled = [(q, LETTERS.index(p)) for q, p in zip(qubits, reversed(spelling)) if p != "I"]
            qubits, letters = tuple(q for q, _ in spelled), tuple(p for _, p in spelled)
            angle: Value = values[0].constant if values[0].is_number else values[0]
            if letters:
                phase += turn(qubits, letters, angle, row)
            else:
                symbols = symbols + angle * -0.5
            continue
        rule: Rule = RULES[code]
        for step in rule.steps:
            on = tuple([qubits[k] for k in step.operands])
            if step.clifford:
                frame.clifford(step.clifford, on)
                cliffords.append((step.clifford, on, 0))
            else:
                phase += turn(on, step.letters, symbolic(step.angle, values), row)
        extra_phase = symbolic(rule.phase, values)
        if isinstance(extra_phase, Angle):
            symbols = symbols + extra_phase
        else:
            phase += extra_phase
    form.phase = symbols + phase
    return form


def symbolic(linear: tuple[float, float, float, float], params: Sequence[Value]) -> Value:
    """An angle of a rule, for angles that may have symbols."""
    result: Value = linear[0]
    for factor, value in zip(linear[1:], params):
        if factor:
            result = value * factor + result
    return result
