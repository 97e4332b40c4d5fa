"""Outside oracles: circuits of ours as Qiskit's `Operator` and as circuits that MQT QCEC reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Layout
from qir.params import Angle

__all__ = ["Matrix", "compact", "operator", "program_wires", "same", "to_qiskit"]

Matrix = npt.NDArray[np.complex128]


def compact(circuit: Circuit) -> Circuit:
    """The circuit on the wires that its program or its operations use, in their order."""
    layout = circuit.layout or Layout.trivial(circuit.num_qubits)
    wires = sorted({*circuit.touched_qubits, *layout.initial, *layout.final})
    if len(wires) == circuit.num_qubits:
        return circuit
    place = np.full(circuit.num_qubits + 1, -1, np.int32)
    place[wires] = np.arange(len(wires))
    columns = replace(circuit.columns, qubits=place[circuit.columns.qubits])
    moved = Layout(*(tuple(int(place[w]) for w in side) for side in (layout.initial, layout.final)))
    frames = None if circuit.frames is None else tuple(circuit.frames[w] for w in wires)
    return replace(circuit, columns=columns, num_qubits=len(wires), num_physical=0, qregs=(), layout=moved, frames=frames)


def program_wires(circuit: Circuit) -> list[int]:
    """Where the program's qubits end."""
    return list((circuit.layout or Layout.trivial(circuit.num_qubits)).final)


def operator(circuit: Circuit) -> Matrix:
    """The unitary on the program's qubits by Qiskit, native gates from IonQ's published matrices.

    Wires that hold no program qubit are |0> before and after; a circuit that leaves them otherwise gives no unitary.
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit.library import GlobalPhaseGate, UnitaryGate
    from qiskit.quantum_info import Operator

    circuit = compact(circuit)
    built = QuantumCircuit(circuit.num_qubits)
    for op in circuit.ops:
        p = [float(v) for v in op.params if not isinstance(v, Angle)]
        if op.name == "barrier":
            continue
        if op.extra is not None and op.extra.controls:
            controls = op.extra.controls
            if op.name == "gphase":
                built.append(GlobalPhaseGate(*p).control(len(controls), ctrl_state=controls[::-1]), op.qubits)
                continue
            inner = QuantumCircuit(len(op.qubits) - len(controls))
            getattr(inner, op.name)(*p, *range(inner.num_qubits))
            # Its first control is the lowest bit of the state.
            gate = inner.to_gate().power(op.extra.power) if op.extra.power != 1 else inner.to_gate()
            built.append(gate.control(len(controls), ctrl_state=controls[::-1]), op.qubits)
            continue
        native = _native(op.name, p)
        if native is not None:
            built.append(UnitaryGate(native), op.qubits)
        else:
            getattr(built, {"sxdg": "sxdg", "u3": "u"}.get(op.name, op.name))(*p, *op.qubits)
    for wire, frame in enumerate(circuit.frames or ()):
        built.rz(frame.constant, wire)
    full = Operator(built).data
    layout = circuit.layout or Layout.trivial(circuit.num_qubits)
    index = np.arange(2 ** len(layout.initial))

    def places(wires: tuple[int, ...]) -> npt.NDArray[np.int64]:
        return np.asarray(sum((index >> q & 1) << w for q, w in enumerate(wires)))

    result: Matrix = full[np.ix_(places(layout.final), places(layout.initial))]
    return result


def _native(name: str, p: list[float]) -> Matrix | None:
    def gpi(phase: float) -> Matrix:
        e = np.exp(2j * np.pi * phase)
        return np.array([[0, 1 / e], [e, 0]])

    if name == "gpi":
        return gpi(p[0])
    if name == "gpi2":
        return (np.eye(2) - 1j * gpi(p[0])) / np.sqrt(2)
    if name == "zz":
        return np.diag(np.exp(-1j * np.pi * p[0] * np.array([1, -1, -1, 1])))
    if name == "ms":
        return np.asarray(np.cos(np.pi * p[2]) * np.eye(4) - 1j * np.sin(np.pi * p[2]) * np.kron(gpi(p[1]), gpi(p[0])))
    return None


def same(a: Matrix, b: Matrix) -> bool:
    overlap = np.vdot(a, b)
    return bool(abs(overlap) > 1e-9 and np.abs(a * overlap / abs(overlap) - b).max() < 1e-6)


def to_qiskit(circuit: Circuit) -> Any:
    """A static circuit in standard gates for QCEC: program qubit q on wire q, before and after; phases dropped.

    IonQ's gates are written as their published definitions: rotations between z rotations.  QCEC's own layouts are left alone:
    placements are undone by swaps, so nothing has to be told apart.  None when other wires than the program's are used.
    """
    from qiskit import QuantumCircuit

    circuit = compact(circuit)
    layout = circuit.layout or Layout.trivial(circuit.num_qubits)
    if circuit.num_qubits != len(layout.initial):
        return None
    back = {wire: q for q, wire in enumerate(layout.initial)}
    built = QuantumCircuit(circuit.num_qubits)
    for op in circuit.ops:
        p = [float(v) for v in op.params if not isinstance(v, Angle)]
        q = [back[wire] for wire in op.qubits]
        turns = [2 * np.pi * value for value in p]
        if op.name in ("gpi", "gpi2"):
            built.rz(-turns[0], q[0])
            built.rx(np.pi if op.name == "gpi" else np.pi / 2, q[0])
            built.rz(turns[0], q[0])
        elif op.name == "zz":
            built.rzz(turns[0], *q)
        elif op.name == "ms":
            built.rz(-turns[0], q[0])
            built.rz(-turns[1], q[1])
            built.rxx(turns[2], *q)
            built.rz(turns[0], q[0])
            built.rz(turns[1], q[1])
        elif op.name != "barrier":
            getattr(built, {"u3": "u"}.get(op.name, op.name))(*p, *q)
    for wire, frame in enumerate(circuit.frames or ()):
        built.rz(frame.constant, back[wire])
    # Program qubit k ended on the wire that layout.final names: bring it back to its own.
    where = [back[wire] for wire in layout.final]
    for k in range(len(where)):
        while where[k] != k:
            other = where[k]
            built.swap(k, other)
            where = [other if w == k else k if w == other else w for w in where]
    return built
