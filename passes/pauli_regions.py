"""Cutting a circuit into regions that a pass may rewrite as a whole."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import OPERATIONS

from .pauli_form import SUPPORTED, extract, is_supported

__all__ = ["count_rotations", "regions", "touched_by"]


def regions(circuit: Circuit) -> tuple[npt.NDArray[np.int64], list[list[int]]]:
    """Window numbers per operation, never falling along a wire, and the rows of each region.

    A region holds gates only (those with a Pauli form); every other operation has a window of its own.
    The windows are numbered so that region r has the number of its entry in the list; others follow in between.
    """
    columns = circuit.columns
    found = _one_region(circuit)
    if found is not None:
        return found
    codes, extras = columns.opcode.tolist(), columns.extra.tolist()
    operands, clbits = columns.qubits.tolist(), columns.clbit.tolist()
    num_qubits = circuit.num_qubits
    level = [0] * (num_qubits + circuit.num_clbits)
    stage = [0] * len(codes)
    fixed = [False] * len(codes)
    for row, code in enumerate(codes):
        extra = extras[row]
        wires = [q for q in operands[row] if q >= 0]
        if extra >= 0:
            details = circuit.extras[extra]
            wires = list(details.qubits) if details.qubits is not None else wires
            wires += [num_qubits + c for c in details.clbits]
        if clbits[row] >= 0:
            wires.append(num_qubits + clbits[row])
        if is_supported(circuit, row, code, extra):
            now = max([level[w] for w in wires], default=0)
            for w in wires:
                level[w] = now
        else:
            if not wires or code >= OPERATIONS["break"]:
                # Jumps and classical statements without wires hold everything in place.
                wires = list(range(len(level)))
            now = max([level[w] for w in wires], default=0) | 1
            for w in wires:
                level[w] = now + 1
            fixed[row] = True
        stage[row] = now
    # Gates of one stage are a window; other operations are windows of their own, in program order.
    keys = [(s, row if fixed[row] else -1) for row, s in enumerate(stage)]
    number = {key: i for i, key in enumerate(sorted(set(keys)))}
    labels = np.array([number[key] for key in keys], np.int64)
    rows: dict[int, list[int]] = {}
    for row, label in enumerate(labels.tolist()):
        if not fixed[row]:
            rows.setdefault(label, []).append(row)
    return labels, [rows[label] for label in sorted(rows)]


def _one_region(circuit: Circuit) -> tuple[npt.NDArray[np.int64], list[list[int]]] | None:
    """The same when all gates are one region because everything else comes after them on every wire; else None."""
    columns = circuit.columns
    count = len(columns)
    inside = SUPPORTED[np.minimum(columns.opcode, len(SUPPORTED) - 1)] & (columns.extra < 0)
    if circuit.extras:
        for row in np.flatnonzero(columns.extra >= 0).tolist():
            inside[row] = is_supported(circuit, row, int(columns.opcode[row]), int(columns.extra[row]))
    rows = np.flatnonzero(inside)
    if len(rows) == count:
        return np.zeros(count, np.int64), [rows.tolist()] if count else []
    others = np.flatnonzero(~inside)
    if not len(rows) or (columns.opcode[others] >= OPERATIONS["break"]).any():
        return None
    legs = circuit.wires
    here = inside[legs.op]
    if (here[1:] & ~here[:-1] & (legs.wire[1:] == legs.wire[:-1])).any():
        return None
    touched = np.zeros(count, np.bool_)
    touched[legs.op] = True
    if not touched[others].all():
        return None
    labels = np.zeros(count, np.int64)
    labels[others] = np.arange(1, len(others) + 1)
    return labels, [rows.tolist()]


def touched_by(circuit: Circuit, rows: list[int]) -> tuple[int, ...]:
    """The qubits some rows touch, ascending."""
    touched = np.zeros(circuit.num_qubits + 1, np.bool_)
    touched[circuit.columns.qubits[rows]] = True
    if circuit.extras:
        for extra in circuit.columns.extra[rows].tolist():
            if extra >= 0:
                touched[list(circuit.extras[extra].qubits or ())] = True
    return tuple(np.flatnonzero(touched[:-1]).tolist())


def count_rotations(circuit: Circuit) -> int:
    """The rotations by other than multiples of pi/2 that a circuit's gates are, one by one; T gates of Clifford + T."""
    return sum(len(extract(circuit, rows).rotations) for rows in regions(circuit)[1])
