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

from qir.circuit import Circuit
from qir.columns import OPERATIONS
from qir.gates import opcode
from qir.params import Angle
from qir.symplectic import LETTERS, multiply, sign_of

from .pauli_rules import RULES, Rule

__all__ = ["Frame", "PauliForm", "Rotation", "is_supported", "extract"]

Pauli = tuple[int, int, int]
Value = float | Angle

_QUARTER = math.pi / 2
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
    """exp(-i angle/2 P): P by its masks (its sign is in the angle); `row` is the operation it comes from."""

    x: int
    z: int
    angle: Value
    row: int


class Frame:
    """What a Clifford C does to Paulis: `xs[q]` is C^-1 X_q C and `zs[q]` is C^-1 Z_q C."""

    def __init__(self, num_qubits: int) -> None:
        self.xs: list[Pauli] = [(1 << q, 0, 0) for q in range(num_qubits)]
        self.zs: list[Pauli] = [(0, 1 << q, 0) for q in range(num_qubits)]

    def image(self, operands: Sequence[int], letters: Sequence[int]) -> Pauli:
        """C^-1 P C of a string given by letters on some qubits."""
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
            p = zs[q] if letter == 2 else xs[q] if letter == 1 else self.image(operands, letters)
        else:
            p = self.image(operands, letters)
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


def is_supported(circuit: Circuit, row: int, code: int, extra: int) -> bool:
    """Whether an operation is a gate that `extract` can take."""
    if extra < 0:
        return code in RULES
    details = circuit.extras[extra]
    if details.controls or details.power != 1 or details.blocks or details.annotations:
        return False
    return code == _PAULIEXP


def _evaluate(linear: tuple[float, float, float, float], params: Sequence[Value]) -> Value:
    result: Value = linear[0]
    for factor, value in zip(linear[1:], params):
        if factor:
            result = value * factor + result
    return result


_FIXED = {
    opcode("s"): (2, 1, math.pi / 4), opcode("sdg"): (2, 3, 3 * math.pi / 4), opcode("z"): (2, 2, _QUARTER),
    opcode("x"): (1, 2, _QUARTER), opcode("sx"): (1, 1, math.pi / 4), opcode("sxdg"): (1, 3, 3 * math.pi / 4),
}  # fmt: skip
"""One-qubit Cliffords as rotations: letter, quarter turns, and the phase besides."""
_EIGHTH = {opcode("t"): math.pi / 4, opcode("tdg"): -math.pi / 4}
_FAST = {opcode(name): name for name in ("h", "cx", "cz", "swap")}


def extract(circuit: Circuit, rows: Iterable[int], wires: tuple[int, ...] | None = None) -> PauliForm:
    """The Pauli form of some rows of a circuit, all of them gates that are supported.

    `wires` are the qubits of the form; by default all wires of the circuit.
    """
    if wires is None:
        wires = tuple(range(circuit.num_qubits))
    place = {w: i for i, w in enumerate(wires)}
    columns = circuit.columns
    chosen = list(rows)
    codes = columns.opcode[chosen].tolist()
    operands = columns.qubits[chosen].tolist()
    params = columns.params[chosen].tolist()
    extras = columns.extra[chosen].tolist()
    symbolic = columns.symbolic[chosen].tolist()
    frame = Frame(len(wires))
    form = PauliForm(wires, [], frame)
    cliffords = form.cliffords
    rotations = form.rotations
    phase = 0.0
    symbols = Angle()

    def turn(qubits: tuple[int, ...], letters: Sequence[int], angle: Value, row: int) -> float:
        """One rotation; returns a phase."""
        turns = quarter_turns(angle)
        if turns is None:
            pauli = frame.image(qubits, letters)
            rotations.append(Rotation(pauli[0], pauli[1], -angle if sign_of(pauli) else angle, row))
            return 0.0
        frame.rotate(qubits, letters, turns)
        if turns:
            cliffords.append(("".join(LETTERS[p] for p in letters), qubits, turns))
        # A rotation by a full turn is -1.
        return math.pi if round((float(angle) - turns * _QUARTER) / (2 * math.pi)) & 1 else 0.0

    for index, row in enumerate(chosen):
        code = codes[index]
        qubits = tuple([place[q] for q in operands[index] if q >= 0])
        if extras[index] >= 0:
            details = circuit.extras[extras[index]]
            assert isinstance(details.payload, str)
            if details.qubits is not None:
                qubits = tuple(place[q] for q in details.qubits)
            spelled = [(q, LETTERS.index(p)) for q, p in zip(qubits, reversed(details.payload)) if p != "I"]
            qubits, letters = tuple(q for q, _ in spelled), tuple(p for _, p in spelled)
            angle: Value = circuit.row_angles(row)[0] if symbolic[index] else params[index][0]
            if letters:
                phase += turn(qubits, letters, angle, row)
            else:
                symbols = symbols + angle * -0.5
            continue
        name = _FAST.get(code)
        if name is not None:
            frame.clifford(name, qubits)
            cliffords.append((name, qubits, 0))
            continue
        fixed = _FIXED.get(code)
        if fixed is not None:
            letter, turns, more = fixed
            frame.rotate(qubits, (letter,), turns)
            cliffords.append((LETTERS[letter], qubits, turns))
            phase += more
            continue
        eighth = _EIGHTH.get(code)
        if eighth is not None:
            pauli = frame.zs[qubits[0]]
            rotations.append(Rotation(pauli[0], pauli[1], -eighth if sign_of(pauli) else eighth, row))
            phase += eighth / 2
            continue
        values: Sequence[Value] = circuit.row_angles(row) if symbolic[index] else params[index]
        rule: Rule = RULES[code]
        for step in rule.steps:
            mine = tuple([qubits[k] for k in step.operands])
            if step.clifford:
                frame.clifford(step.clifford, mine)
                cliffords.append((step.clifford, mine, 0))
            else:
                phase += turn(mine, step.letters, _evaluate(step.angle, values), row)
        extra_phase = _evaluate(rule.phase, values)
        if isinstance(extra_phase, Angle):
            symbols = symbols + extra_phase
        else:
            phase += extra_phase
    form.phase = symbols + phase
    return form
