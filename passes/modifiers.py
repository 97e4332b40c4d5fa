"""Gates with modifiers (any controls, any power) and Pauli exponentials as plain rows.

`expand` gives the rows of one operation on absolute wires.  A controlled gate is reduced to
what must really be controlled: basis changes and ladders around it stay bare, one-qubit gates
become a controlled rotation about one axis and, where needed, a phase on the controls.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from qir.dense import matrix_power
from qir.errors import UsageError
from qir.euler import TOLERANCE, from_matrix, zyz
from qir.gates import ALIASES, GATES, Row
from qir.kak import kak
from qir.params import Angle, angle

from .controls import Rows, controlled_phase, controlled_rotation, controlled_x, inverse
from .rules import CONTROLLED, SYMBOLIC, TO_TWO

__all__ = ["exp_rows", "expand", "matrix_rows"]

PI = np.pi
_BASIS: dict[str, tuple[str, str]] = {"X": ("h", "h"), "Y": ("sx", "sxdg")}
_AXES: dict[str, str] = {"rxx": "XX", "ryy": "YY", "rzz": "ZZ", "rzx": "XZ"}
_MOST_REPEATS = 100_000
_LINEAR = frozenset({"rx", "ry", "rz", "rxx", "ryy", "rzz", "rzx", "crx", "cry", "crz", "pauliexp"})


def expand(name: str, angles: Sequence[Angle], operands: Sequence[int], *, controls: str = "", power: float = 1.0,
           paulis: str = "", free: Sequence[int] = ()) -> Rows:  # fmt: skip
    """Rows of one- and two-qubit gates (and what `TO_TWO` takes) for a gate with modifiers.

    `operands` has the controls first; `free` are wires that may be borrowed.
    """
    held, base = list(operands[: len(controls)]), list(operands[len(controls) :])
    flips: Rows = [("x", (), (q,)) for q, state in zip(held, controls) if state == "0"]
    core: Rows = []
    for row in _powered(name, list(angles), base, power, paulis):
        core += _controlled(row, held, free) if held else [row]
    return [*flips, *core, *flips]


def _simplify(name: str) -> tuple[str, int]:
    name = ALIASES.get(name, name)
    return CONTROLLED.get(name, (name, 0))


def _powered(name: str, angles: list[Angle], wires: list[int], power: float, paulis: str) -> Rows:
    """The gate to a power, still without its modifiers' controls."""
    if name == "pauliexp":
        return [(f"pauliexp {paulis}", (angles[0] * power,), tuple(wires))]
    if power == 1:
        return [(name, tuple(angles), tuple(wires))]
    if name == "gphase":
        return [(name, (angles[0] * power,), ())]
    whole = power == int(power)
    if name in _LINEAR and whole:
        return [(name, (angles[0] * power,), tuple(wires))]
    if name in ("p", "u1", "cp") and whole:
        return [(name, (angles[0] * power,), tuple(wires))]
    base, controls = _simplify(name)
    if controls:
        inner = _powered(base, angles, wires[controls:], power, "")
        return [row for line in inner for row in _controlled(line, wires[:controls], ())]
    gate = GATES[name]
    if all(a.is_number for a in angles) and gate.num_qubits <= 2 and name != "cu":
        matrix = gate.matrix(*(np.array([a.constant]) for a in angles))[0]
        return matrix_rows(matrix_power(matrix, power), wires)
    if whole:
        if power < 0:
            values = gate.invert(*angles)
            return _powered(gate.inverse, [angle(v) for v in values], wires, -power, "")
        if power > _MOST_REPEATS:
            raise UsageError(f"{name} to the power {power:g} is too long to write out")
        return [(name, tuple(angles), tuple(wires))] * int(power)
    if all(a.is_number for a in angles) and name == "cu":
        matrix = gate.matrix(*(np.array([a.constant]) for a in angles))[0]
        return matrix_rows(matrix_power(matrix, power), wires)
    if name == "rccx":
        # The rows of rccx are a cx between a circuit and its inverse.
        a, b, t = wires
        outer: Rows = [("h", (), (t,)), ("t", (), (t,)), ("cx", (), (b, t)), ("tdg", (), (t,))]
        return [*outer, *_powered("cx", [], [a, t], power, ""), *inverse(outer)]
    raise UsageError(f"{name} has no power {power:g} while its angles are not numbers")


def matrix_rows(matrix: Any, wires: Sequence[int]) -> Rows:
    """A one- or two-qubit unitary as u3, rzz, rxx, ryy and gphase."""
    if len(wires) == 1:
        phase, quaternion = from_matrix(matrix[None])
        return [_u3(quaternion, wires[0]), ("gphase", (float(phase[0]),), ())]
    d = kak(matrix[None])
    rows: Rows = [_u3(d.right0, wires[0]), _u3(d.right1, wires[1])]
    for gate, value in zip(("rxx", "ryy", "rzz"), d.coordinates[0].tolist()):
        if abs(value) > TOLERANCE:
            rows.append((gate, (-2 * value,), (wires[0], wires[1])))
    return [*rows, _u3(d.left0, wires[0]), _u3(d.left1, wires[1]), ("gphase", (float(d.phase[0]),), ())]


def _u3(quaternion: Any, wire: int) -> Row:
    theta, phi, lam = (float(v[0]) for v in zyz(quaternion.reshape(1, 4)))
    return ("u3", (theta, phi, lam), (wire,))


def exp_rows(paulis: str, theta: Any, wires: Sequence[int], controls: Sequence[int] = (), free: Sequence[int] = ()) -> Rows:
    """exp(-i theta/2 P), the rightmost letter on the first wire; only the rotation is controlled."""
    active = [(q, letter) for q, letter in zip(wires, reversed(paulis)) if letter != "I"]
    if not active:
        return controlled_phase(theta / -2, controls, free)
    before: Rows = [(_BASIS[letter][0], (), (q,)) for q, letter in active if letter in _BASIS]
    after: Rows = [(_BASIS[letter][1], (), (q,)) for q, letter in active if letter in _BASIS]
    chain = [q for q, _ in active]
    if not controls and len(chain) >= 2:
        ladder: Rows = [("cx", (), pair) for pair in pairwise(chain[:-1])]
        return [*before, *ladder, ("rzz", (theta,), (chain[-2], chain[-1])), *reversed(ladder), *after]
    ladder = [("cx", (), pair) for pair in pairwise(chain)]
    return [*before, *ladder, *controlled_rotation(theta, controls, chain[-1], free), *reversed(ladder), *after]


def _controlled(row: Row, held: Sequence[int], free: Sequence[int]) -> Rows:
    """A row under controls that are all 1."""
    name, angles, wires = row
    if name.startswith("pauliexp "):
        return exp_rows(name.split()[1], angles[0], wires, held, free)
    if name == "gphase":
        return controlled_phase(angles[0], held, free)
    base, more = _simplify(name)
    if more:
        return _controlled((base, angles, wires[more:]), [*held, *wires[:more]], [q for q in free if q not in wires])
    rest = [q for q in free if q not in wires]
    if name in _AXES:
        return exp_rows(_AXES[name], angles[0], wires, held, rest)
    if name == "swap":
        a, b = wires
        return [("cx", (), (b, a)), *controlled_x([*held, a], b, rest), ("cx", (), (b, a))]
    gate = GATES[name]
    if gate.num_qubits == 1:
        if all(angle(a).is_number for a in angles):
            return _controlled_matrix(gate.matrix(*(np.array([float(a)]) for a in angles)), held, wires[0], rest)
        if name == "rz":
            return controlled_rotation(angles[0], held, wires[0], rest)
        lines = SYMBOLIC[name](*angles)
        if name in ("rx", "ry"):
            basis = "XY"[name == "ry"]
            return exp_rows(basis, angles[0], wires, held, rest)
    elif name == "cu":
        t, f, l, g = angles
        lines = (("p", (g,), (0,)), ("cu3", (t, f, l), (0, 1)))
    else:
        lines = TO_TWO[name]() if name in TO_TWO else _definition(name, angles)
    result: Rows = []
    for line, values, local in lines:
        result += _controlled((line, values, tuple(wires[k] for k in local)), held, rest)
    return result


def _definition(name: str, angles: Sequence[Any]) -> Sequence[Row]:
    define = GATES[name].define
    assert define is not None
    return define(*angles)


def _controlled_matrix(matrix: Any, held: Sequence[int], target: int, free: Sequence[int]) -> Rows:
    """exp(i a) V Rz(b) V^-1 under controls: V stays bare."""
    adjoint = matrix[0].conj().T
    vectors = np.linalg.eigh((matrix[0] + adjoint) / 2 + np.sqrt(2.0) * (matrix[0] - adjoint) / 2j)[1]
    phases = np.angle(np.einsum("ji,jk,ki->i", vectors.conj(), matrix[0], vectors))
    phases = np.where(phases < -PI + TOLERANCE, PI, phases)
    if abs(phases[0]) > abs(phases[1]):
        phases, vectors = phases[::-1], vectors[:, ::-1]
    if abs(matrix[0, 0, 1]) < TOLERANCE and abs(matrix[0, 1, 0]) < TOLERANCE:
        phases = np.angle([matrix[0, 0, 0], matrix[0, 1, 1]])
        vectors = np.eye(2)
    low, high = (float(v) for v in phases)
    _, quaternion = from_matrix(np.asarray(vectors, dtype=np.complex128)[None])
    # V is needed up to a z rotation on its right: take Rz(phi) Ry(theta).
    theta, phi, _ = (float(v[0]) for v in zyz(quaternion))
    if theta == PI:
        theta, low, high = 0.0, high, low
        phi = 0.0
    is_x = abs(theta - PI / 2) < TOLERANCE and abs(low) < TOLERANCE and abs(high - PI) < TOLERANCE
    if is_x:
        # A half turn about an axis in the plane: x between z rotations.
        turn: Rows = [("rz", (phi,), (target,))] if abs(np.sin(phi / 2)) > TOLERANCE else []
        back: Rows = [("rz", (-phi,), (target,))] if turn else []
        return [*back, *controlled_x(held, target, free), *turn]
    frame: Rows = [("u3", (theta, phi, 0.0), (target,))] if theta else []
    back = [("u3", (-theta, 0.0, -phi), (target,))] if theta else []
    if abs(low) < TOLERANCE:
        middle = controlled_phase(high, [*held, target], free)
    else:
        middle = controlled_rotation(high - low, held, target, free)
        if abs(low + high) > TOLERANCE:
            middle = [*controlled_phase((low + high) / 2, held, [target, *free]), *middle]
    return [*back, *middle, *frame]
