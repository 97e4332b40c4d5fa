"""Circuits as lists of IonQ's gate objects, written group by group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Extra
from qir.columns import NAMES, OPERATIONS, USER, distinct
from qir.diagnostics import Diagnostic, error, warning
from qir.gates import GATES, NUM_GATES, opcode
from qir.targets.ionq_format import CONTROLLED, NATIVE, QIS

__all__ = ["GateObject", "gate_objects", "infer_gateset"]

GateObject = dict[str, Any]
Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int32]

_TOLERANCE = 1e-9
_DIGITS = 12
"""Decimals of native angles, in turns."""

_MOST_CONTROLS = 7
_MOST_NATIVE_ANGLE = 0.25
_FIRST_OTHER = min(OPERATIONS.values())
"""First opcode of what is not a gate of the table."""

_SILENT = frozenset(OPERATIONS[name] for name in ("measure", "reset", "barrier", "pragma"))
"""What has no gate object: measurement is implied, a fresh qubit is in |0>, barriers order nothing."""

_QIS_NAMES: dict[int, str] = {opcode(g.gate): name for name, g in QIS.items() if name not in ("not", "cnot")}
_QIS_CONTROLLED: dict[int, tuple[str, int]] = {
    opcode(whole): ("cnot" if base == "x" else _QIS_NAMES[opcode(base)], count)
    for (base, count), whole in CONTROLLED.items()
    if opcode(base) in _QIS_NAMES
}
_NATIVE_NAMES: dict[int, str] = {opcode(g.gate): name for name, g in NATIVE.items()}
_RZ = opcode("rz")
_AS_RZ = (opcode("p"), opcode("u1"))
_IDENTITIES = (opcode("id"), opcode("nop"))
_CP = opcode("cp")


def infer_gateset(circuit: Circuit) -> str:
    """ "native" when the circuit has a native gate, else "qis"."""
    return "native" if np.isin(circuit.columns.opcode, list(_NATIVE_NAMES)).any() else "qis"


def gate_objects(
    circuit: Circuit, gateset: str, *, pauliexp: bool = False, pointer: str | None = None
) -> tuple[list[GateObject], list[Diagnostic]]:
    """The gate objects of a circuit in program order, and what stands against them.

    gateset: "qis" or "native".    pauliexp: write Pauli exponentials as the undocumented gate.
    Errors name every gate that the gateset does not have, every operation that JSON cannot say, and
    angles outside the machine's range; the list is then incomplete.  A phase gate is written as rz
    (equal up to a global phase), cp as rz, rz and zz; native phases lie in [0, 1), angles of ms in
    [0, 0.25].
    """
    found: list[Diagnostic] = []
    if circuit.columns.symbolic.any() or any(a.terms for e in circuit.extras for a in e.params or ()):
        names = ", ".join(circuit.parameters)
        message = f"parameters without values: {names}"
        found.append(error("target.parameters", message, help="give their values", pointer=pointer))
        return [], found
    if (circuit.columns.opcode >= _FIRST_OTHER).any() and circuit.is_mid_circuit:
        found.append(_mid_circuit(circuit))
        return [], found
    rows = _Rows(circuit, gateset)
    result: list[GateObject | None] = [None] * len(rows.opcode)
    names_of = _QIS_NAMES if gateset == "qis" else _NATIVE_NAMES
    for code in distinct(rows.opcode[rows.plain]).tolist():
        members = np.flatnonzero((rows.opcode == code) & rows.plain)
        if code in _SILENT:
            continue
        if code == OPERATIONS["delay"]:
            span = circuit.span(int(rows.origin[members[0]]))
            found.append(warning("target.gate", "delays are left out: IonQ's jobs have none", span))
            continue
        if code in names_of:
            objects = _plain_objects(names_of[code], gateset, rows, members, found)
        elif gateset == "qis" and code in _QIS_CONTROLLED:
            objects = _controlled_objects(*_QIS_CONTROLLED[code], rows, members)
        else:
            found.append(_missing(circuit, rows, code, gateset, members))
            continue
        for place, item in zip(members.tolist(), objects):
            result[place] = item
    for place in np.flatnonzero(~rows.plain).tolist():
        origin = int(rows.origin[place])
        one = _extra_objects(circuit, origin, gateset, pauliexp, found)
        if one is not None:
            result[place] = one
    return [item for item in result if item is not None], found


class _Rows:
    """The columns in the spelling of the gateset: identities gone, phases as rz, cp as three gates.

    plain: rows whose operands and angles are all in the columns.    origin: row of the circuit.
    """

    def __init__(self, circuit: Circuit, gateset: str) -> None:
        columns = circuit.columns
        self.opcode: Int = columns.opcode
        self.qubits: Int = columns.qubits
        self.params: Float = columns.params
        self.plain = columns.extra < 0
        if (columns.opcode >= _FIRST_OTHER).any():
            self.plain |= np.isin(columns.opcode, list(_SILENT))
        for row in np.flatnonzero(~self.plain).tolist():
            self.plain[row] = _is_plain(circuit.extras[columns.extra[row]])
        self.origin = np.arange(len(columns), dtype=np.int64)
        if gateset != "qis":
            return
        cp = self.plain & (self.opcode == _CP)
        identity = self.plain & ((self.opcode == _IDENTITIES[0]) | (self.opcode == _IDENTITIES[1]))
        if cp.any() or identity.any():
            counts = np.where(cp, 3, np.where(identity, 0, 1))
            self.origin = np.repeat(self.origin, counts)
            part = np.arange(len(self.origin)) - np.repeat(np.cumsum(counts) - counts, counts)
            cp = cp[self.origin]
            self.opcode, self.qubits = self.opcode[self.origin], self.qubits[self.origin].copy()
            self.params, self.plain = self.params[self.origin].copy(), self.plain[self.origin]
            # cp(t) = rz(t/2) rz(t/2) rzz(-t/2), up to a global phase
            self.opcode = np.where(cp, np.where(part < 2, _RZ, opcode("rzz")), self.opcode).astype(np.int32)
            self.params[cp, 0] *= np.where(part[cp] < 2, 0.5, -0.5)
            second = cp & (part == 1)
            self.qubits[second, 0] = self.qubits[second, 1]
            self.qubits[cp & (part < 2), 1] = -1
        phases = self.plain & ((self.opcode == _AS_RZ[0]) | (self.opcode == _AS_RZ[1]))
        if phases.any():
            self.opcode = np.where(phases, _RZ, self.opcode).astype(np.int32)


def _is_plain(extra: Extra) -> bool:
    return not (extra.controls or extra.qubits or extra.params or extra.blocks or extra.payload) and extra.power == 1


def _plain_objects(
    name: str, gateset: str, rows: _Rows, members: npt.NDArray[np.int64], found: list[Diagnostic]
) -> Iterable[GateObject]:
    qubits = rows.qubits[members]
    first = qubits[:, 0].tolist()
    if gateset == "qis":
        spec = QIS[name]
        angles = (rows.params[members, 0] + 0.0).tolist() if spec.angles else None
        if spec.targets == 1:
            if angles is None:
                return [{"gate": name, "target": q} for q in first]
            return [{"gate": name, "target": q, "rotation": a} for q, a in zip(first, angles)]
        pairs = qubits[:, :2].tolist()
        if angles is None:
            return [{"gate": name, "targets": pair} for pair in pairs]
        return [{"gate": name, "targets": pair, "rotation": a} for pair, a in zip(pairs, angles)]
    params = rows.params[members]
    if name == "nop":
        return [{"gate": name, "target": q} for q in first]
    if name in ("gpi", "gpi2"):
        return [{"gate": name, "target": q, "phase": p} for q, p in zip(first, _turns(params[:, 0]).tolist())]
    pairs = qubits[:, :2].tolist()
    if name == "ms":
        angle = params[:, 2] - np.round(params[:, 2])
        start = np.where(angle < 0, params[:, 0] + 0.5, params[:, 0])
        angle = _bounded("ms", np.abs(angle), found)
        phases = np.stack([_turns(start), _turns(params[:, 1])], axis=1).tolist()
        return [{"gate": "ms", "targets": t, "phases": p, "angle": a} for t, p, a in zip(pairs, phases, angle.tolist())]
    angle = _bounded("zz", params[:, 0] - np.round(params[:, 0]), found)
    return [{"gate": "zz", "targets": t, "angle": a} for t, a in zip(pairs, angle.tolist())]


def _turns(values: Float) -> Float:
    """Phases in [0, 1)."""
    return np.mod(np.round(np.mod(values, 1.0), _DIGITS), 1.0) + 0.0


def _bounded(name: str, angle: Float, found: list[Diagnostic]) -> Float:
    over = np.abs(angle) > _MOST_NATIVE_ANGLE + _TOLERANCE
    if over.any():
        worst = float(angle[over][0])
        message = f"{name} with the angle {worst:.6g} turns: the machine's range ends at {_MOST_NATIVE_ANGLE}"
        found.append(error("target.angle", message, help="compile the circuit: larger angles are folded"))
    return np.clip(np.round(angle, _DIGITS), -_MOST_NATIVE_ANGLE, _MOST_NATIVE_ANGLE) + 0.0


def _controlled_objects(name: str, count: int, rows: _Rows, members: npt.NDArray[np.int64]) -> Iterator[GateObject]:
    qubits = rows.qubits[members].tolist()
    angles = (rows.params[members, 0] + 0.0).tolist()
    rotated = name in QIS and QIS[name].angles == "rotation"
    for wires, angle in zip(qubits, angles):
        item: GateObject = {"gate": name}
        if count == 1:
            item["control"] = wires[0]
        else:
            item["controls"] = wires[:count]
        item["target"] = wires[count]
        if rotated:
            item["rotation"] = angle
        yield item


def _extra_objects(
    circuit: Circuit, row: int, gateset: str, pauliexp: bool, found: list[Diagnostic]
) -> GateObject | None:
    """The object of a gate with modifiers, or of a Pauli exponential; None, with an error, when there is none."""
    op = circuit.operation(row)
    assert op.extra is not None
    extra, code = op.extra, int(circuit.columns.opcode[row])
    if code == OPERATIONS["delay"]:
        found.append(warning("target.gate", "delays are left out: IonQ's jobs have none", op.span))
        return None
    count = len(extra.controls)
    if gateset == "qis" and extra.power == 1 and not extra.blocks and set(extra.controls) <= {"1"}:
        if pauliexp and code == OPERATIONS["pauliexp"] and not count:
            return _pauliexp(op.qubits, str(extra.payload), float(op.params[0]))
        base, more = _base_of(code)
        total = count + more
        targets = list(op.qubits[total:])
        if base is not None and total <= _MOST_CONTROLS and QIS[base].targets == 1:
            item: GateObject = {"gate": "cnot" if base == "x" and total else base}
            if total == 1:
                item["control"] = op.qubits[0]
            elif total:
                item["controls"] = list(op.qubits[:total])
            item["target"] = targets[0]
            if QIS[base].angles:
                item["rotation"] = float(op.params[0]) + 0.0
            return item
        if base is not None and total > _MOST_CONTROLS:
            message = f'"{op.name}" with {total} controls: the service takes up to {_MOST_CONTROLS}'
            found.append(error("target.gate", message, op.span, help="compile the circuit: it is decomposed"))
            return None
    what = f"{op.name} with controls" if count else op.name
    found.append(error("target.gate", f'the gateset "{gateset}" has no {what}', op.span, help="compile the circuit first"))
    return None


def _base_of(code: int) -> tuple[str | None, int]:
    """QIS name of the innermost gate, and the controls the gate has of its own."""
    if code in _QIS_NAMES:
        return _QIS_NAMES[code], 0
    if code in _QIS_CONTROLLED:
        name, count = _QIS_CONTROLLED[code]
        return ("x" if name == "cnot" else name), count
    return None, 0


def _pauliexp(qubits: tuple[int, ...], paulis: str, theta: float) -> GateObject | None:
    if set(paulis) <= {"I"}:
        return None
    # The service takes no negative time; the sign goes to the coefficient.
    sign = -1.0 if theta < 0 else 1.0
    return {"gate": "pauliexp", "targets": list(qubits), "terms": [paulis], "coefficients": [sign], "time": abs(theta) / 2}


def _missing(circuit: Circuit, rows: _Rows, code: int, gateset: str, members: npt.NDArray[np.int64]) -> Diagnostic:
    name = circuit.opname(code) if code >= USER else NAMES.get(code, str(code))
    span = circuit.span(int(rows.origin[members[0]]))
    times = f" ({len(members)} times)" if len(members) > 1 else ""
    help = "compile the circuit: its gates are written in those of the gateset"
    if code < NUM_GATES and ((GATES[name].native == "ionq") != (gateset == "native")):
        help = f"one circuit has one gateset; {help}"
    return error("target.gate", f'the gateset "{gateset}" has no gate "{name}"{times}', span, help=help)


def _mid_circuit(circuit: Circuit) -> Diagnostic:
    if circuit.is_dynamic:
        return error("target.control-flow", "IonQ's circuits have no control flow", help="IonQ runs no loops or branches")
    columns = circuit.columns
    rows = np.flatnonzero(np.isin(columns.opcode, [OPERATIONS["measure"], OPERATIONS["reset"]]))
    message = "a measurement or reset before the end: IonQ's JSON measures every qubit once, at the end"
    span = circuit.span(int(rows[0])) if len(rows) else None
    return error("target.mid-circuit", message, span, help='use the gateset "qasm3", a job of type ionq.qasm3.v1')
