"""Gates as Pauli rotations: one table.

Every unitary gate of the table is a product of rotations exp(-i angle/2 P) with angles that are
linear in the gate's own, a few named Cliffords (h, cx, cz, swap), and a global phase.  Controls turn
into products: exp(i a (1 - P)/2 ...) over commuting Paulis P1 ... Pk is a rotation about each of their
2**k - 1 products.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from qir.gates import opcode
from qir.symplectic import LETTERS

__all__ = ["RULES", "Rule", "Step", "controlled_phase"]

Linear = tuple[float, float, float, float]
"""An angle: a constant and the factors of the gate's angles."""

PI = math.pi
_LETTER = {letter: code for code, letter in enumerate(LETTERS)}


@dataclass(frozen=True, slots=True)
class Step:
    """One factor, in program order.  `clifford` names one of h, cx, cz, swap and is empty for a rotation
    about the letters on the operands by `angle`."""

    operands: tuple[int, ...]
    letters: tuple[int, ...] = ()
    angle: Linear = (0.0, 0.0, 0.0, 0.0)
    clifford: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A gate as steps and a global phase."""

    steps: tuple[Step, ...]
    phase: Linear = (0.0, 0.0, 0.0, 0.0)


def _linear(value: float | Linear) -> Linear:
    return value if isinstance(value, tuple) else (float(value), 0.0, 0.0, 0.0)


def _scale(value: Linear, factor: float) -> Linear:
    return (value[0] * factor, value[1] * factor, value[2] * factor, value[3] * factor)


def _sum(values: Sequence[Linear]) -> Linear:
    columns = [sum(column) for column in zip(*values)] or [0.0] * 4
    return (columns[0], columns[1], columns[2], columns[3])


def _rotation(paulis: str, angle: float | Linear, *operands: int) -> Step:
    """A rotation; the first letter is that of the first operand."""
    return Step(operands, tuple(_LETTER[p] for p in paulis), _linear(angle))


def _clifford(name: str, *operands: int) -> Step:
    return Step(operands, clifford=name)


def controlled_phase(paulis: str, angle: float | Linear, signs: str | None = None) -> tuple[list[Step], Linear]:
    """exp(i angle prod_k (1 - s_k P_k)/2) for one Pauli per operand, as rotations and a global phase.

    `signs` has '0' where s_k = -1 (a control that acts when clear).
    """
    angle = _linear(angle)
    count = len(paulis)
    signs = signs or "1" * count
    share = _scale(angle, 0.5**count)
    steps = []
    for chosen in product((0, 1), repeat=count):
        operands = tuple(k for k in range(count) if chosen[k])
        if operands:
            factor = math.prod(-1.0 if signs[k] == "1" else 1.0 for k in operands)
            steps.append(Step(operands, tuple(_LETTER[paulis[k]] for k in operands), _scale(share, -2.0 * factor)))
    steps.sort(key=lambda s: (len(s.operands), s.operands))
    return steps, share


_A: Linear = (0.0, 1.0, 0.0, 0.0)
_B: Linear = (0.0, 0.0, 1.0, 0.0)
_C: Linear = (0.0, 0.0, 0.0, 1.0)


def _phase_gate(paulis: str, angle: float | Linear) -> Rule:
    steps, phase = controlled_phase(paulis, angle)
    return Rule(tuple(steps), phase)


def _rule(*steps: Step, phase: float | Linear = 0.0) -> Rule:
    return Rule(steps, _linear(phase))


def _zyz(phase: Linear) -> Rule:
    """Rz(b) Ry(a) Rz(c) of the angles (a, b, c)."""
    return _rule(_rotation("Z", _C, 0), _rotation("Y", _A, 0), _rotation("Z", _B, 0), phase=phase)


def _controlled_rotation(pauli: str) -> Rule:
    return _rule(_rotation(pauli, _scale(_A, 0.5), 1), _rotation("Z" + pauli, _scale(_A, -0.5), 0, 1))


def _controlled_u(phase: Linear) -> Rule:
    """Control of e^{i phase} Rz(b) Ry(a) Rz(c): A X B X C with two controlled Paulis."""
    half = 0.5
    difference, total = _sum((_scale(_C, half), _scale(_B, -half))), _sum((_scale(_B, -half), _scale(_C, -half)))
    return _rule(
        _rotation("Z", phase, 0), _rotation("Z", difference, 1), _clifford("cx", 0, 1), _rotation("Z", total, 1),
        _rotation("Y", _scale(_A, -half), 1), _clifford("cx", 0, 1), _rotation("Y", _scale(_A, half), 1),
        _rotation("Z", _B, 1), phase=_scale(phase, half),
    )  # fmt: skip


def _turned(step: float, pauli: str, angle: float) -> Rule:
    """Rz(t) exp(-i angle/2 P) Rz(-t) with t = step * first angle."""
    return _rule(_rotation("Z", _scale(_A, -step), 0), _rotation(pauli, angle, 0), _rotation("Z", _scale(_A, step), 0))


_TURN = 2 * PI
_HALF_SUM: Linear = (0.0, 0.0, 0.5, 0.5)
_CCX = _phase_gate("ZZX", PI)
_CH = (_rotation("Y", -PI / 4, 1), _clifford("cz", 0, 1), _rotation("Y", PI / 4, 1))

_TABLE: dict[str, Rule] = {
    "id": _rule(), "nop": _rule(),
    "h": _rule(_clifford("h", 0)), "cx": _rule(_clifford("cx", 0, 1)), "cz": _rule(_clifford("cz", 0, 1)),
    "swap": _rule(_clifford("swap", 0, 1)),
    "x": _phase_gate("X", PI), "y": _phase_gate("Y", PI), "z": _phase_gate("Z", PI),
    "s": _phase_gate("Z", PI / 2), "sdg": _phase_gate("Z", -PI / 2), "t": _phase_gate("Z", PI / 4),
    "tdg": _phase_gate("Z", -PI / 4), "sx": _phase_gate("X", PI / 2), "sxdg": _phase_gate("X", -PI / 2),
    "p": _phase_gate("Z", _A), "u1": _phase_gate("Z", _A),
    "rx": _rule(_rotation("X", _A, 0)), "ry": _rule(_rotation("Y", _A, 0)), "rz": _rule(_rotation("Z", _A, 0)),
    "r": _rule(_rotation("Z", _scale(_B, -1), 0), _rotation("X", _A, 0), _rotation("Z", _B, 0)),
    "u": _zyz(_HALF_SUM), "u3": _zyz(_linear(0.0)), "U": _zyz((0.0, 0.5, 0.5, 0.5)),
    "u2": _rule(_rotation("Z", _B, 0), _rotation("Y", PI / 2, 0), _rotation("Z", _A, 0)),
    "cy": _phase_gate("ZY", PI), "ch": _rule(*_CH),
    "cs": _phase_gate("ZZ", PI / 2), "csdg": _phase_gate("ZZ", -PI / 2),
    "csx": _phase_gate("ZX", PI / 2), "csxdg": _phase_gate("ZX", -PI / 2),
    "iswap": _rule(_rotation("XX", -PI / 2, 0, 1), _rotation("YY", -PI / 2, 0, 1)),
    "iswapdg": _rule(_rotation("XX", PI / 2, 0, 1), _rotation("YY", PI / 2, 0, 1)),
    "dcx": _rule(_clifford("cx", 0, 1), _clifford("cx", 1, 0)), "dcxdg": _rule(_clifford("cx", 1, 0), _clifford("cx", 0, 1)),
    "ecr": _rule(_rotation("ZX", PI / 2, 0, 1), _rotation("X", PI, 0), phase=PI / 2),
    "cp": _phase_gate("ZZ", _A), "crx": _controlled_rotation("X"), "cry": _controlled_rotation("Y"),
    "crz": _controlled_rotation("Z"), "cu3": _controlled_u(_HALF_SUM),
    "rxx": _rule(_rotation("XX", _A, 0, 1)), "ryy": _rule(_rotation("YY", _A, 0, 1)),
    "rzz": _rule(_rotation("ZZ", _A, 0, 1)), "rzx": _rule(_rotation("ZX", _A, 0, 1)),
    "xx_plus_yy": _rule(
        _rotation("Z", _B, 0), _rotation("XX", _scale(_A, 0.5), 0, 1), _rotation("YY", _scale(_A, 0.5), 0, 1),
        _rotation("Z", _scale(_B, -1), 0),
    ),
    "ccx": _CCX, "ccz": _phase_gate("ZZZ", PI),
    "cswap": _rule(_clifford("cx", 2, 1), *_CCX.steps, _clifford("cx", 2, 1), phase=_CCX.phase),
    "rccx": _rule(
        _clifford("h", 2), _rotation("Z", PI / 4, 2), _clifford("cx", 1, 2), _rotation("Z", -PI / 4, 2),
        _clifford("cx", 0, 2), _rotation("Z", PI / 4, 2), _clifford("cx", 1, 2), _rotation("Z", -PI / 4, 2),
        _clifford("h", 2),
    ),
    "gpi": _rule(*_turned(_TURN, "X", PI).steps, phase=PI / 2), "gpi2": _turned(_TURN, "X", PI / 2),
    "zz": _rule(_rotation("ZZ", _scale(_A, _TURN), 0, 1)),
    "ms": _rule(
        _rotation("Z", _scale(_A, -_TURN), 0), _rotation("Z", _scale(_B, -_TURN), 1),
        _rotation("XX", _scale(_C, _TURN), 0, 1),
        _rotation("Z", _scale(_A, _TURN), 0), _rotation("Z", _scale(_B, _TURN), 1),
    ),
}  # fmt: skip

RULES: dict[int, Rule] = {opcode(name): rule for name, rule in _TABLE.items()}
"""Opcode to rule, for every gate of the table but `gphase` and `cu` (whose angles are not in the columns)."""
