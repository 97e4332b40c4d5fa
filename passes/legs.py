"""What several passes look at: one-qubit gates as quaternions, and operations along their wires."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import NUM_QUBITS, OPERATIONS
from qir.euler import TOLERANCE, from_matrix, from_zyz, rotation, zyz
from qir.gates import GATES, NUM_GATES, opcode

__all__ = ["SILENT", "Legs", "as_gates", "axis_kinds", "one_qubit_rows", "quaternions", "silent"]

Index = npt.NDArray[np.integer[Any]]
Mask = npt.NDArray[np.bool_]
Real = npt.NDArray[np.float64]

PI = np.pi
SILENT = np.array([OPERATIONS["barrier"], OPERATIONS["delay"], OPERATIONS["pragma"]], np.int32)
"""Operations that change no state."""

_NAMES = list(GATES)
_ONE = np.zeros(NUM_GATES, np.bool_)
_ONE[:] = NUM_QUBITS[:NUM_GATES] == 1
_FIXED = np.array([g.num_qubits == 1 and g.num_params == 0 for g in GATES.values()])
_PHASE = np.zeros(NUM_GATES)
_QUATERNION = np.tile(np.array([1.0, 0.0, 0.0, 0.0]), (NUM_GATES, 1))
for _code in np.flatnonzero(_FIXED).tolist():
    _p, _q = from_matrix(GATES[_NAMES[_code]].matrix())
    _PHASE[_code], _QUATERNION[_code] = _p[0], _q[0]
_AXIS = {opcode("rx"): 1, opcode("ry"): 2, opcode("rz"): 3}
_P = {opcode("p"), opcode("u1")}
_RZ, _U3, _U = opcode("rz"), opcode("u3"), opcode("u")



def silent(opcode: Index) -> Mask:
    """Which operations are in `SILENT`."""
    result: Mask = (opcode == SILENT[0]) | (opcode == SILENT[1]) | (opcode == SILENT[2])
    return result


def one_qubit_rows(circuit: Circuit) -> Mask:
    """Which rows are plain one-qubit gates with numeric angles."""
    columns = circuit.columns
    result = (columns.opcode < NUM_GATES) & (columns.extra < 0)
    result[result] = _ONE[columns.opcode[result]]
    if columns.terms is not None:
        result &= ~columns.terms.any(axis=1)
    return result


def quaternions(opcodes: Index, params: Real) -> tuple[Real, Real]:
    """Phases (n,) and quaternions (n, 4) of one-qubit gates of the table."""
    phase, result = _PHASE[opcodes], _QUATERNION[opcodes]
    moving = np.flatnonzero(~_FIXED[opcodes])
    if len(moving):
        codes = opcodes[moving]
        for code in np.flatnonzero(np.bincount(codes)).tolist():
            rows = moving[codes == code]
            values = params[rows]
            if code in _AXIS:
                result[rows] = rotation(_AXIS[code], values[:, 0])
            elif code in _P:
                result[rows] = rotation(3, values[:, 0])
                phase[rows] = values[:, 0] / 2
            elif code in (_U3, _U):
                result[rows] = from_zyz(values[:, 0], values[:, 1], values[:, 2])
                if code == _U:
                    phase[rows] = (values[:, 1] + values[:, 2]) / 2
            else:
                gate = GATES[_NAMES[code]]
                phase[rows], result[rows] = from_matrix(gate.matrix(*(values[:, i] for i in range(gate.num_params))))
    return phase, result


def as_gates(quaternions: Real) -> tuple[npt.NDArray[np.int32], Real]:
    """The shortest gates for quaternions (n, 4): opcodes (n,) of `rz` where they keep the z axis, else of `u3`, and
    angles (n, 3) in radians."""
    theta, phi, lam = zyz(quaternions)
    flat = theta == 0
    params = np.empty((len(theta), 3))
    params[:, 0] = np.where(flat, phi + lam, theta)
    params[:, 1] = np.where(flat, 0.0, phi)
    params[:, 2] = np.where(flat, 0.0, lam)
    return np.where(flat, np.int32(_RZ), np.int32(_U3)), params


_POLAR = np.zeros(NUM_GATES, np.bool_)
_POLAR[[opcode(n) for n in ("rx", "ry", "r", "u3", "u", "U")]] = True
_TURNS = np.zeros(NUM_GATES, np.int8)
_TURNS[_FIXED & (np.hypot(_QUATERNION[:, 1], _QUATERNION[:, 2]) < TOLERANCE)] = 1
_TURNS[_FIXED & (np.hypot(_QUATERNION[:, 0], _QUATERNION[:, 3]) < TOLERANCE)] = 2
_TURNS[[opcode(n) for n in ("rz", "p", "u1")]] = 1
_TURNS[opcode("gpi")] = 2


def axis_kinds(opcodes: Index, params: Real) -> npt.NDArray[np.int8]:
    """What one-qubit gates of the table do to the z axis: 1 keep it, 2 turn it about, 0 anything else."""
    result = _TURNS[opcodes]
    polar = np.flatnonzero(_POLAR[opcodes])
    if len(polar):
        half = params[polar, 0] / 2
        result[polar] = (np.abs(np.sin(half)) < TOLERANCE) + 2 * (np.abs(np.cos(half)) < TOLERANCE)
    return result


@dataclass(frozen=True)
class Legs:
    """The quantum legs of a circuit by wire: `op`, `leg` (-1 in wide operations), `wire`, and `start` per wire."""

    circuit: Circuit

    @cached_property
    def _cut(self) -> int:
        return int(self.circuit.wires.start[self.circuit.num_qubits])

    @cached_property
    def op(self) -> Index:
        return self.circuit.wires.op[: self._cut]

    @cached_property
    def wire(self) -> Index:
        return self.circuit.wires.wire[: self._cut]

    @cached_property
    def leg(self) -> Index:
        return self.circuit.wires.leg[: self._cut]

    @cached_property
    def first(self) -> Mask:
        """Which legs are the first of their wire."""
        result = np.empty(self._cut, np.bool_)
        result[:1] = True
        np.not_equal(self.wire[1:], self.wire[:-1], out=result[1:])
        return result

    def starts(self, member: Mask) -> Mask:
        """Which legs begin a run of legs with `member`."""
        result = member.copy()
        result[1:] &= ~member[:-1] | self.first[1:]
        return result


