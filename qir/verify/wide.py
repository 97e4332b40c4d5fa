"""Windows of any width as circuits of their own, for the methods that compare whole circuits, and as text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Extra
from qir.columns import USER, Columns

__all__ = ["only_window", "text_of", "window_circuits"]

Index = npt.NDArray[np.int64]


def text_of(circuit: Circuit, row: int) -> str:
    """One operation as a verdict shows it."""
    op = circuit.operation(row)
    angles = f"({', '.join(f'{p:.6g}' if isinstance(p, float) else str(p) for p in op.params)})" if op.params else ""
    modifiers = ""
    if op.extra is not None and (op.extra.controls or op.extra.power != 1):
        modifiers = f" [controls {op.extra.controls or 'none'}, power {op.extra.power:g}]"
    return f"{op.name}{angles} {', '.join(map(str, op.qubits))}{modifiers}"


def window_circuits(circuits: tuple[Circuit, Circuit], rows: list[Index]) -> tuple[Circuit, Circuit, Any]:
    """The two sides of a window as circuits over their own wires, and a key that equal windows share."""
    table: dict[int, int] = {}
    keys: list[Any] = []
    parts = []
    for circuit, chosen in zip(circuits, rows):
        columns = circuit.columns.take(chosen)
        qubits = columns.qubits.copy()
        extras: list[Extra] = []
        extra_column = columns.extra.copy()
        for i, row in enumerate(chosen.tolist()):
            operands = circuit.operands(row)
            local = tuple(table.setdefault(q, len(table)) for q in operands)
            index = int(columns.extra[i])
            found = None
            if index >= 0:
                extra = circuit.extras[index]
                found = replace(extra, qubits=local if extra.qubits is not None else None, annotations=())
                extra_column[i] = len(extras)
                extras.append(found)
            if index < 0 or circuit.extras[index].qubits is None:
                qubits[i] = (*local, -1, -1, -1)[:3]
            code = int(columns.opcode[i])
            body: Any = code if code < USER else id(circuit.definitions[code - USER])
            modifiers = None if found is None else (found.controls, found.power, found.payload, found.params)
            keys.append((body, local, circuit.row_angles(row), modifiers))
        keys.append(None)
        parts.append((circuit, replace(columns, qubits=qubits, extra=extra_column), tuple(extras)))
    made = [_circuit(circuit, columns, len(table), extras) for circuit, columns, extras in parts]
    return made[0], made[1], tuple(keys)


def only_window(circuits: tuple[Circuit, Circuit], rows: list[Index]) -> tuple[Circuit, Circuit, Any]:
    """Like `window_circuits`, without a key: for one window that may be a whole circuit."""
    used = np.zeros(circuits[1].num_qubits + 1, np.bool_)
    for circuit, chosen in zip(circuits, rows):
        if (circuit.columns.extra.take(chosen) >= 0).any():
            return window_circuits(circuits, rows)
        used[circuit.columns.qubits.take(chosen, axis=0)] = True
    used[-1] = False
    local = np.cumsum(used, dtype=np.int32) - np.int32(1)
    local[-1] = -1
    made = []
    for circuit, chosen in zip(circuits, rows):
        columns = circuit.columns.take(chosen)
        made.append(_circuit(circuit, replace(columns, qubits=local[columns.qubits]), int(used.sum()), ()))
    return made[0], made[1], None


def _circuit(circuit: Circuit, columns: Columns, width: int, extras: tuple[Extra, ...]) -> Circuit:
    """Some rows of a circuit as one on `width` wires."""
    variables = tuple(v for v in circuit.variables if v.kind == "input")
    return Circuit(
        columns, width, angles=circuit.angles, extras=extras, definitions=circuit.definitions, variables=variables
    )
