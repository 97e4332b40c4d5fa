"""rzz angles brought to 0 .. pi/2 for every row of a table of values.

The machine runs rzz only in that range, and a parametrised angle may leave it in some rows.  Such a
gate becomes `rz(z) a; rz(z) b; rx(f) a; rzz(k) a, b; rx(f) a` with new parameters whose values
are worked out row by row: k in 0 .. pi/2, z and f either 0 or pi.  (rz by pi on both qubits is rzz by
pi, x on one side turns the sign; both up to global phase.)  The idea is that of
`convert_to_rzz_valid_pub` in qiskit-ibm-runtime.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Variable
from qir.columns import Columns
from qir.emitters.openqasm3 import identifier
from qir.expressions import FLOAT, ClassicalType, variable
from qir.gates import opcode
from qir.params import Angle
from qir.targets.ibm_hardware import walk

__all__ = ["fold_rows", "folded"]

Float = npt.NDArray[np.float64]


def folded(angles: Float) -> tuple[Float, Float, Float]:
    """(z, f, k) for each angle: rzz(angle) is rz(z) on both qubits, rx(f) on one, rzz(k), rx(f)."""
    wrapped = np.remainder(angles + math.pi, 2 * math.pi) - math.pi
    # Rounding must not push an angle that is in range out of it.
    wrapped = np.where((angles > -math.pi) & (angles <= math.pi), angles, wrapped)
    wide = np.abs(wrapped) > math.pi / 2
    rest = np.where(wide, wrapped - np.copysign(math.pi, wrapped), wrapped)
    return np.where(wide, math.pi, 0.0), np.where(rest < 0, math.pi, 0.0), np.minimum(np.abs(rest), math.pi / 2)


def fold_rows(circuit: Circuit, values: Mapping[str, Float], sweep: tuple[int, ...]) -> tuple[Circuit, dict[str, Float]]:
    """The circuit with out-of-range rzz gates replaced, and the values of the new parameters.

    values: the parameters' values, each of the shape of the sweep.  Gates whose angle stays in range
    for every row are left alone.
    """
    taken = set(circuit.parameters) | {r.name for r in circuit.cregs}
    added: dict[str, Float] = {}
    known: dict[Angle, tuple[Angle, Angle, Angle]] = {}
    names = sorted(values)
    rows = [dict(zip(names, row)) for row in zip(*(values[n].reshape(-1).tolist() for n in names))]

    def parameter(stem: str, column: Float) -> Angle:
        if column.size and (column == column.flat[0]).all():
            return Angle(float(column.flat[0]))
        name = identifier(f"{stem}_{len(known)}", taken)
        taken.add(name)
        added[name] = column
        return Angle(0.0, ((variable(name, FLOAT), 1.0),))

    def replacement(angle: Angle) -> tuple[Angle, Angle, Angle] | None:
        if angle not in known:
            numbers = np.array([float(angle.bind(row)) for row in rows]).reshape(sweep)
            if ((numbers >= 0) & (numbers <= math.pi / 2)).all():
                return None
            z, f, k = folded(numbers)
            known[angle] = (parameter("rzz_z", z), parameter("rzz_f", f), parameter("rzz_k", k))
        return known[angle]

    def body(block: Circuit) -> Circuit:
        extras = tuple(replace(e, blocks=tuple(map(body, e.blocks))) if e.blocks else e for e in block.extras)
        block = replace(block, extras=extras)
        columns = block.columns
        hits = np.flatnonzero((columns.opcode == opcode("rzz")) & columns.symbolic & (columns.extra < 0)).tolist()
        parts: list[Columns] = []
        angles = list(block.angles)
        start = 0
        for row in hits:
            new = replacement(block.row_angles(row)[0])
            if new is not None:
                parts += [columns.take(np.arange(start, row)), _gates(columns, row, new, angles)]
                start = row + 1
        if not parts:
            return block
        parts.append(columns.take(np.arange(start, len(columns))))
        return replace(block, columns=Columns.concatenate(parts), angles=tuple(angles))

    if not any(c.columns.terms is not None and (c.columns.opcode == opcode("rzz")).any() for c, _ in walk(circuit)):
        return circuit, {}
    circuit = body(circuit)
    declared = tuple(Variable(name, ClassicalType("float", 64), "input") for name in added)
    return replace(circuit, variables=(*circuit.variables, *declared)), added


def _gates(columns: Columns, row: int, new: tuple[Angle, Angle, Angle], angles: list[Angle]) -> Columns:
    """The replacement of one rzz as rows; new symbolic parts are added to `angles`."""
    z, f, k = new
    a, b = columns.qubits[row, :2].tolist()
    plan: list[tuple[str, Angle, tuple[int, ...]]] = []
    if z != Angle():
        plan += [("rz", z, (a,)), ("rz", z, (b,))]
    flip = [] if f == Angle() else [("x" if f.is_number else "rx", Angle() if f.is_number else f, (a,))]
    plan += [*flip, ("rzz", k, (a, b)), *flip]
    made = Columns.empty(len(plan), symbolic=True)
    assert made.terms is not None
    for i, (name, angle, qubits) in enumerate(plan):
        made.opcode[i] = opcode(name)
        made.qubits[i, : len(qubits)] = qubits
        made.params[i, 0] = angle.constant
        made.span[i] = columns.span[row]
        if angle.terms:
            part = angle.symbolic
            if part not in angles:
                angles.append(part)
            made.terms[i, 0] = angles.index(part) + 1
    return made
