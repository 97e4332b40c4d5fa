"""Gates as phases, controlled flips and Hadamards, from their definitions.

    phase: exp(i angle) when all literals hold        flip: X on a wire when all literals hold

These and the Hadamard gate are what a sum over paths is made of.  A controlled `U` is a phase, and a
rotation about Y, which a flip is where the angle is pi, between phases that need no control.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Union

from qir.execution import Leaf, Unsupported
from qir.gates import GATES
from qir.params import Angle, angle
from qir.verify.definitions import shell

__all__ = ["Flip", "Hadamard", "Literal", "Phase", "Step", "gate_steps", "inverse_steps"]

_PI = math.pi
_TOLERANCE = 1e-12
_MAX_POWER = 64
_ROTATIONS = {"rxx": "XX", "ryy": "YY", "rzz": "ZZ", "rzx": "XZ"}
"""Gates whose definitions are exp(-i angle/2 P), and P with the first operand's letter last."""

Literal = tuple[int, int]
"""(operand, value): it holds when the operand has that value."""


class Phase(NamedTuple):
    """exp(i angle) where all literals hold; without literals a global phase."""

    angle: Angle
    literals: tuple[Literal, ...]


class Flip(NamedTuple):
    """X on `target` where all literals hold."""

    target: int
    literals: tuple[Literal, ...]


class Hadamard(NamedTuple):
    """H on `target`."""

    target: int


Step = Union[Phase, Flip, Hadamard]


def gate_steps(leaf: Leaf) -> list[Step]:
    """A gate as steps in time order, its operands numbered from 0, controls first.

    Unsupported for a fractional power.
    """
    if leaf.body is not None or not float(leaf.power).is_integer() or abs(leaf.power) > _MAX_POWER:
        raise Unsupported("a fractional or very high power")
    controls = tuple((k, int(state)) for k, state in enumerate(leaf.controls))
    wires = range(len(controls), len(leaf.qubits))
    if leaf.name == "pauliexp":
        steps = _tidy(_exponential(leaf.payload, leaf.angles[0], controls, wires))
    else:
        steps = _tidy(_gate(leaf.name, leaf.angles, controls, wires))
    return (inverse_steps(steps) if leaf.power < 0 else steps) * abs(int(leaf.power))


def inverse_steps(steps: Sequence[Step]) -> list[Step]:
    """The steps of the inverse."""
    return [step._replace(angle=-step.angle) if isinstance(step, Phase) else step for step in reversed(steps)]


def _gate(name: str, angles: Sequence[Angle], controls: tuple[Literal, ...], wires: Sequence[int]) -> Iterator[Step]:
    if name == "gphase":
        yield Phase(angles[0], controls)
        return
    if name == "U":
        # U = exp(i theta/2) P(phi) Ry(theta) P(-phi) P(phi + lambda)
        theta, phi, lam = angles
        on = ((wires[0], 1),)
        yield Phase(theta * 0.5, controls)
        yield Phase(phi + lam, controls + on)
        yield Phase(-phi, on)
        yield from _ry(theta, controls, wires[0])
        yield Phase(phi, on)
        return
    if name in _ROTATIONS:
        yield from _exponential(_ROTATIONS[name], angles[0], controls, wires)
        return
    define = GATES[name].define
    assert define is not None
    rows = define(*angles)
    edge = shell(rows)
    for k, (inner, values, operands) in enumerate(rows):
        held = controls if edge <= k < len(rows) - edge else ()
        places = [wires[j] for j in operands]
        while inner.startswith("ctrl "):
            inner, held, places = inner[5:], (*held, (places[0], 1)), places[1:]
        yield from _gate(inner, [angle(v) for v in values], held, places)


def _ry(theta: Angle, controls: tuple[Literal, ...], wire: int) -> Iterator[Step]:
    on = ((wire, 1),)
    if not theta.terms:
        quarters = round(theta.constant / (_PI / 2))
        if abs(theta.constant - quarters * (_PI / 2)) <= _TOLERANCE and (quarters % 2 == 0 or not controls):
            if quarters % 2:
                # Ry(pi/2) = H Z and Ry(-pi/2) = Z H, Ry(2 pi) is a global phase here.
                yield from (Phase(Angle(_PI), on), Hadamard(wire))[:: 1 if quarters % 4 == 1 else -1]
                return
            # Ry(theta) = exp(-i theta/2) times 1, or times Y = i X Z.
            turned = quarters % 4 == 2
            yield Phase(Angle(_PI / 2 * turned - quarters * (_PI / 4)), controls)
            if turned:
                yield Phase(Angle(_PI), controls + on)
                yield Flip(wire, controls)
            return
    yield Phase(Angle(-_PI / 2), on)
    yield Hadamard(wire)
    yield Phase(theta * -0.5, controls)
    yield Phase(theta, controls + on)
    yield Hadamard(wire)
    yield Phase(Angle(_PI / 2), on)


def _exponential(paulis: str, theta: Angle, controls: tuple[Literal, ...], wires: Sequence[int]) -> Iterator[Step]:
    """exp(-i theta/2 P), the rightmost letter on the first wire: P is made X, or else Z, on one wire."""
    letters = [(wire, p) for wire, p in zip(wires, reversed(paulis)) if p != "I"]
    turned = [wire for wire, p in letters if p != "Z"]
    rest = [wire for wire, p in letters if p == "Z"]
    # One Hadamard gate each way: two on different wires would hide that rotations commute.
    change: list[Step] = [Phase(Angle(-_PI / 2), ((wire, 1),)) for wire, p in letters if p == "Y"]
    if turned:
        pivot, *others = turned
        change += [Flip(wire, ((pivot, 1),)) for wire in others]
        change += [Phase(Angle(_PI), ((pivot, 1), (wire, 1))) for wire in rest]
        change.append(Hadamard(pivot))
    elif rest:
        pivot, *others = rest
        change += [Flip(pivot, ((wire, 1),)) for wire in others]
    yield from change
    yield Phase(theta * -0.5, controls)
    if letters:
        yield Phase(theta, (*controls, (pivot, 1)))
    yield from inverse_steps(change)


def _tidy(steps: Iterator[Step]) -> list[Step]:
    """The steps with phases of the same literals added up where nothing between turns those."""
    result: list[Step | None] = []
    where: dict[tuple[Literal, ...], int] = {}
    for step in steps:
        if isinstance(step, Phase):
            key = tuple(sorted(step.literals))
            spot = where.get(key)
            if spot is None:
                where[key] = len(result)
                result.append(Phase(step.angle, key))
            else:
                old = result[spot]
                assert isinstance(old, Phase)
                result[spot] = Phase(old.angle + step.angle, key)
            continue
        result.append(step)
        where = {key: spot for key, spot in where.items() if all(wire != step.target for wire, _ in key)}
    return [s for s in result if s is not None and not (isinstance(s, Phase) and _is_nothing(s.angle))]


def _is_nothing(value: Angle) -> bool:
    return not value.terms and abs(math.remainder(value.constant, 2 * _PI)) <= _TOLERANCE
