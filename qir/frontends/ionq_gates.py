"""IonQ's gate objects into columns.

Machine-written circuits repeat a few shapes (a name and a set of fields), so gates are grouped by
shape and each group is checked and converted as a whole.  A group in which anything is unusual is
read gate by gate: that path alone decides what is accepted and what is said about it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Extra
from qir.columns import OPERATIONS, Columns
from qir.frontends.findings import Findings
from qir.gates import opcode
from qir.json_text import Path, is_int, is_number, kind_of
from qir.targets.ionq_format import CONTROLLED, NATIVE, QIS, JsonGate

__all__ = ["Converted", "convert", "guess_gateset"]

_TABLES: dict[str, dict[str, JsonGate]] = {"qis": QIS, "native": NATIVE}
_SCALAR_OR_LIST = (("target", "targets"), ("control", "controls"))
_ANGLE_FIELDS = {"": (), "rotation": ("rotation",), "phase": ("phase",), "angle": ("angle",), "phases": ("phases", "angle")}
_WORTH_A_BULK = 4
"""Fewer gates of one shape are read faster one by one."""

_PHASE = JsonGate("p", 1, "rotation")
_MIXED = "one circuit has one gateset; circuits of a multi-circuit job may differ"
_NOT_GATES = {
    "reset": "ionq.circuit.v1 has no reset; write the program in OpenQASM 3 and send it as ionq.qasm3.v1",
    "measure": "every qubit is measured at the end; for measurements inside the circuit use ionq.qasm3.v1",
    "barrier": "ionq.circuit.v1 has no barrier; leave it out",
    "id": "leave the identity out",
    "if": "ionq.circuit.v1 has no control flow",
}
_SPELLINGS = {
    "cx": "write cnot with a control", "cz": "write z with a control", "cy": "write y with a control",
    "ch": "write h with a control", "ccx": "write cnot with two controls", "toffoli": "write cnot with two controls",
    "sdg": "write si", "tdg": "write ti", "sx": "write v", "sxdg": "write vi", "rxx": "write xx", "ryy": "write yy",
    "rzz": "write zz", "p": "write rz", "u1": "write rz", "crx": "write rx with a control",
    "cry": "write ry with a control", "crz": "write rz with a control", "cp": "write rz with a control and rz on it",
}  # fmt: skip


@dataclass
class Converted:
    """The gates of one circuit: columns (with `span` = index of the gate object), side table, phase."""

    columns: Columns
    extras: tuple[Extra, ...]
    phase: float
    num_qubits: int


@dataclass
class _Out:
    """Rows in the making: parts in bulk, and single rows; `order` is the index of the gate object."""

    order: list[npt.NDArray[np.int64]] = field(default_factory=list)
    opcodes: list[npt.NDArray[np.int32]] = field(default_factory=list)
    qubits: list[npt.NDArray[np.int32]] = field(default_factory=list)
    params: list[npt.NDArray[np.float64]] = field(default_factory=list)
    rows: list[tuple[int, int, tuple[int, ...], tuple[float, ...], Extra | None]] = field(default_factory=list)
    phase: float = 0.0

    def finish(self, num_qubits: int) -> Converted:
        count = len(self.rows)
        qubits = np.full((count, 3), -1, np.int32)
        params = np.zeros((count, 3))
        extra_column = np.full(count, -1, np.int32)
        extras: list[Extra] = []
        for row, (_, _, wires, angles, extra) in enumerate(self.rows):
            if extra is not None:
                extra_column[row] = len(extras)
                extras.append(extra)
            if len(wires) <= 3:
                qubits[row, : len(wires)] = wires
            params[row, : len(angles)] = angles
        order = np.concatenate([*self.order, np.array([r[0] for r in self.rows], np.int64)])
        bulk = len(order) - count
        place = np.argsort(order, kind="stable")
        columns = Columns(
            np.concatenate([*self.opcodes, np.array([r[1] for r in self.rows], np.int32)])[place],
            np.concatenate([*self.qubits, qubits])[place],
            np.concatenate([*self.params, params])[place],
            np.full(len(order), -1, np.int32),
            np.concatenate([np.full(bulk, -1, np.int32), extra_column])[place],
            order[place].astype(np.int32),
        )
        return Converted(columns, tuple(extras), self.phase, num_qubits)


def guess_gateset(gates: Iterable[object]) -> str:
    """The gateset that gates without one are in: "native" when a gate is only there (or is a `zz`
    without rotation), else "qis"."""
    only = set(NATIVE) - set(QIS)
    for gate in gates:
        if isinstance(gate, dict):
            name = gate.get("gate")
            if isinstance(name, str) and (name in only or (name == "zz" and "rotation" not in gate)):
                return "native"
            if isinstance(name, str) and name in QIS and name != "zz":
                return "qis"
    return "qis"


def convert(gates: list[Any], gateset: str, num_qubits: int | None, path: Path, findings: Findings) -> Converted:
    """The gates as columns.  Everything wrong is reported to `findings`; the result is then of no use.

    num_qubits: None when the payload does not say; it becomes the highest index in use plus one.
    """
    bound = num_qubits if num_qubits is not None else (findings.limits.qubits or 2**20)
    out = _Out()
    reader = _GateReader(gateset, bound, num_qubits is not None, findings, out)
    groups: dict[Any, list[int]] = {}
    for index, gate in enumerate(gates):
        try:
            shape = (gate["gate"], *gate)
            groups.setdefault(shape, []).append(index)
        except (TypeError, KeyError):
            groups.setdefault(None, []).append(index)
    slow: list[int] = []
    for shape, members in groups.items():
        if shape is None or len(members) < _WORTH_A_BULK or not _in_bulk(shape, members, gates, gateset, bound, out):
            slow.extend(members)
        elif _is_phase(shape[0], shape, gateset):
            reader.note_phase((*path, members[0]), len(members))
    for index in sorted(slow):
        if findings.full:
            break
        reader.read(gates[index], index, (*path, index))
    if num_qubits is None:
        highest = max((int(q.max(initial=-1)) for q in out.qubits), default=-1)
        num_qubits = max([highest, *(w for row in out.rows for w in row[2])], default=-1) + 1
    return out.finish(num_qubits)


def _in_bulk(shape: tuple[Any, ...], members: list[int], gates: list[Any], gateset: str, bound: int, out: _Out) -> bool:
    """Convert all gates of one shape at once, if every one of them is plain; otherwise do nothing."""
    name, *fields = shape
    spec = _TABLES[gateset].get(name) if isinstance(name, str) else None
    if spec is None:
        return False
    if _is_phase(name, fields, gateset):
        spec = _PHASE
    keys = set(fields)
    needed = {"gate", *_ANGLE_FIELDS[spec.angles]}
    if spec.angles == "phases" and "angle" not in keys:
        needed.discard("angle")
    if not needed <= keys:
        return False
    group = [gates[i] for i in members]
    wires: list[npt.NDArray[np.int64]] = []
    counts: list[int] = []
    for scalar, plural in reversed(_SCALAR_OR_LIST):
        present = keys & {scalar, plural}
        needed |= present
        if len(present) == 2:
            return False
        columns = _index_columns([g[scalar] for g in group], False) if scalar in present else None
        if plural in present:
            columns = _index_columns([g[plural] for g in group], True)
        if columns is None:
            if present:
                return False
            columns = []
        counts.append(len(columns))
        wires.extend(columns)
    controls, targets = counts
    if keys != needed or targets != spec.targets or (controls and (gateset == "native" or targets != 1)):
        return False
    if name == "cnot" and not controls:
        return False
    target_gate = CONTROLLED.get((spec.gate, controls)) if controls else spec.gate
    if target_gate is None:
        return False
    places = np.stack(wires, axis=1)
    if places.min() < 0 or places.max() >= bound:
        return False
    width = places.shape[1]
    if any((places[:, a] == places[:, b]).any() for a in range(width) for b in range(a)):
        return False
    angles = _angle_columns(group, spec.angles, "angle" in keys)
    if angles is None:
        return False
    count = len(group)
    qubits = np.full((count, 3), -1, np.int32)
    qubits[:, :width] = places
    params = np.zeros((count, 3))
    for column, values in enumerate(angles):
        params[:, column] = values
    out.order.append(np.array(members, np.int64))
    out.opcodes.append(np.full(count, opcode(target_gate), np.int32))
    out.qubits.append(qubits)
    out.params.append(params)
    return True


def _is_phase(name: str, fields: Container[str], gateset: str) -> bool:
    """Whether a gate is the undocumented `z` with a rotation."""
    return name == "z" and gateset == "qis" and "rotation" in fields


def _index_columns(values: list[Any], plural: bool) -> list[npt.NDArray[np.int64]] | None:
    """Qubit indices as one array per position; None when they are not lists of one length of integers."""
    flat = values
    width = 1
    if plural:
        if set(map(type, values)) != {list}:
            return None
        lengths = set(map(len, values))
        width = lengths.pop()
        if lengths or not 1 <= width <= 2:
            return None
        flat = list(chain.from_iterable(values))
    if set(map(type, flat)) != {int} or max(flat) > 2**31 or min(flat) < 0:
        return None
    table = np.array(flat, np.int64).reshape(-1, width)
    return [table[:, i] for i in range(width)]


def _angle_columns(group: list[Any], angles: str, given: bool) -> list[npt.NDArray[np.float64]] | None:
    if angles == "":
        return []
    if angles != "phases":
        column = _numbers([g[_ANGLE_FIELDS[angles][0]] for g in group])
        return None if column is None else [column]
    phases = [g["phases"] for g in group]
    if set(map(type, phases)) != {list} or set(map(len, phases)) != {2}:
        return None
    flat = _numbers(list(chain.from_iterable(phases)))
    angle = _numbers([g["angle"] for g in group]) if given else np.full(len(group), 0.25)
    if flat is None or angle is None:
        return None
    return [flat[0::2], flat[1::2], angle]


def _numbers(values: list[Any]) -> npt.NDArray[np.float64] | None:
    if not set(map(type, values)) <= {int, float}:
        return None
    try:
        return np.array(values, np.float64)
    except OverflowError:
        return None


class _GateReader:
    """Reads one gate object at a time."""

    def __init__(self, gateset: str, bound: int, known: bool, findings: Findings, out: _Out) -> None:
        self.gateset = gateset
        self.table = _TABLES[gateset]
        self.bound = bound
        self.known = known
        self.findings = findings
        self.out = out

    def read(self, gate: Any, index: int, path: Path) -> None:
        """Check a gate and append its rows; all that is wrong with it is reported."""
        error = self.findings.error
        if not isinstance(gate, dict):
            error("json.type", f"a gate is an object, not {kind_of(gate)}", path, help='write {"gate": "h", "target": 0}')
            return
        name = gate.get("gate")
        if not isinstance(name, str):
            if "gate" in gate:
                error("json.type", f"the name of a gate is a string, not {kind_of(name)}", (*path, "gate"))
            else:
                error("json.missing", "a gate without a name", path, help='the field is "gate"')
            return
        before = self.findings.errors
        spec = self.table.get(name)
        pauliexp = name == "pauliexp" and self.gateset == "qis"
        if spec is None and not pauliexp:
            self._unknown(name, (*path, "gate"))
            return
        targets = self._qubits(gate, "target", "targets", path)
        controls = self._qubits(gate, "control", "controls", path)
        if targets is not None and controls is not None:
            self._arity(name, spec, targets, controls, path)
        if pauliexp:
            terms = self._pauli_terms(gate, targets, path)
            if self.findings.errors == before and targets is not None and controls is not None:
                self._emit_pauliexp(terms, targets, controls, index)
            return
        assert spec is not None
        angles = self._angles(gate, name, spec, path)
        if self.findings.errors > before or targets is None or controls is None or angles is None:
            return
        base = spec.gate
        if _is_phase(name, gate, self.gateset):
            base = _PHASE.gate
        for chosen in ([targets] if spec.targets == 2 else [[t] for t in targets]):
            self._emit(base, controls, chosen, angles, index)

    # -- checking --------------------------------------------------------------------------

    def _unknown(self, name: str, path: Path) -> None:
        other = "native" if self.gateset == "qis" else "qis"
        here = f'the gateset "{self.gateset}" has no gate "{name}"'
        if name in _TABLES[other]:
            help = f'"{name}" is in the gateset "{other}"; {_MIXED}'
        elif name.lower() in self.table:
            help = f'did you mean "{name.lower()}"?'
        elif name in _NOT_GATES:
            help = _NOT_GATES[name]
        elif name in _SPELLINGS and self.gateset == "qis":
            help = _SPELLINGS[name]
        else:
            near = get_close_matches(name, self.table, n=1, cutoff=0.6)
            help = f'did you mean "{near[0]}"?' if near else f"it has {', '.join(sorted(self.table))}"
        self.findings.error("ionq.gate", here, path, help=help)

    def _qubits(self, gate: dict[str, Any], scalar: str, plural: str, path: Path) -> list[int] | None:
        """The qubits of one of the two spellings; [] when there are none, None after an error."""
        error, note = self.findings.error, self.findings.note
        present = [key for key in (scalar, plural) if key in gate]
        if len(present) == 2:
            error("ionq.qubits", f'both "{scalar}" and "{plural}" are given', (*path, plural), key=True,
                  help=f"keep one of them: {scalar} for one qubit, {plural} for a list")  # fmt: skip
            return None
        if not present:
            if scalar == "target":
                error("ionq.qubits", f"the gate \"{gate['gate']}\" has no target", path, help='add "target" or "targets"')
                return None
            return []
        key = present[0]
        value = gate[key]
        places: list[Path] = [(*path, key)]
        if isinstance(value, list):
            places = [(*path, key, i) for i in range(len(value))]
            if key == scalar:
                note(f"{key}.list", "ionq.dialect", f'"{key}" holds a list; the field for lists is "{plural}"', (*path, key))
        elif key == plural:
            note(f"{key}.scalar", "ionq.dialect", f'"{key}" holds no list; the field for one qubit is "{scalar}"', (*path, key))
        items = value if isinstance(value, list) else [value]
        if not items and scalar == "target":
            error("ionq.qubits", "the list of targets is empty", (*path, key))
            return None
        result = [self._qubit(item, place) for item, place in zip(items, places)]
        return None if any(q is None for q in result) else [q for q in result if q is not None]

    def _qubit(self, value: Any, path: Path) -> int | None:
        error = self.findings.error
        if isinstance(value, float) and value.is_integer():
            self.findings.note("qubit.float", "ionq.dialect", f"the qubit {value} is written as a fraction", path)
            value = int(value)
        if not is_int(value):
            what = str(value) if isinstance(value, float) else kind_of(value)
            error("ionq.qubits", f"a qubit is a whole number, not {what}", path)
            return None
        if value < 0:
            error("ionq.qubits", f"the qubit {value} is negative", path, help="qubits count from 0")
            return None
        if value >= self.bound:
            if self.known:
                here = f"the circuit has {self.bound} qubits, 0 to {self.bound - 1}"
                error("ionq.qubits", f"the qubit {value} is out of range: {here}", path, help='raise "qubits"')
            else:
                error("limit.exceeded", f"the qubit {value} is beyond the limit of {self.bound}", path)
            return None
        return value

    def _arity(self, name: str, spec: JsonGate | None, targets: list[int], controls: list[int], path: Path) -> None:
        error = self.findings.error
        where = (*path, "targets")
        seen: set[int] = set()
        for qubit in (*controls, *targets):
            if qubit in seen:
                what = "control and target" if qubit in controls and qubit in targets else "two places"
                error("ionq.qubits", f'the qubit {qubit} is used in {what} of one "{name}"', path,
                      help="every qubit of a gate stands once")  # fmt: skip
                return
            seen.add(qubit)
        limit = self.findings.limits.controls
        if limit is not None and len(controls) > limit:
            error("limit.exceeded", f"{len(controls)} controls; the limit is {limit}", path)
        if self.gateset == "native" and controls:
            error("ionq.gate", f'the native gate "{name}" cannot be controlled', path, help="native gates are what the ions do")
        elif name == "swap" and controls:
            error("ionq.gate", "swap cannot be controlled", path, help="write it as three cnot, and control the middle one")
        if name == "cnot" and not controls:
            error("ionq.qubits", "cnot has no control", path, help='add "control", or write x for the gate without one')
        if spec is None:
            return
        if spec.targets == 2 and len(targets) != 2:
            error("ionq.qubits", f'"{name}" acts on two targets, not {len(targets)}', where if len(targets) > 2 else path)
        elif spec.targets == 1 and len(targets) > 1:
            self.findings.note(
                "targets.several", "ionq.dialect", f'"{name}" has {len(targets)} targets: read as one gate on each', path,
                help="no client sends this; write one gate per target",
            )  # fmt: skip

    def _angles(self, gate: dict[str, Any], name: str, spec: JsonGate, path: Path) -> tuple[float, ...] | None:
        """The angles in the order of the table's gate, or None after an error."""
        error, note = self.findings.error, self.findings.note
        if spec.angles == "phases":
            return self._ms_angles(gate, path)
        if spec.angles:
            key = spec.angles
            if key not in gate and key == "angle" and "phase" in gate:
                note("zz.phase", "ionq.dialect", 'zz has a "phase": read as its "angle"', (*path, "phase"),
                     help="cirq-ionq writes it; the service's field is \"angle\"")  # fmt: skip
                key = "phase"
            if key not in gate:
                near = [k for k in ("rotation", "angle", "phase", "phases", "theta") if k in gate]
                help = f'"{near[0]}" is not read here' if near else f"angles are in {self._unit(key)}"
                error("ionq.angle", f'"{name}" has no "{key}"', path, help=help)
                return None
            value = self._number(gate[key], key, path)
            return None if value is None else (value,)
        if "rotation" in gate:
            value = self._number(gate["rotation"], "rotation", path)
            if value is None:
                return None
            if _is_phase(name, gate, self.gateset):
                self.note_phase(path)
                return (value,)
            note("rotation.unused", "ionq.angle", f'"{name}" takes no rotation: it is ignored', (*path, "rotation"),
                 help=f"remove it; for a rotation write r{name}" if name in ("x", "y") else "remove it")  # fmt: skip
        return ()

    def note_phase(self, path: Path, count: int = 1) -> None:
        message = "z with a rotation: read as the phase gate diag(1, exp(i rotation))"
        help = "qiskit-ionq writes it, no document says what it means"
        self.findings.note("z.rotation", "ionq.dialect", message, (*path, "rotation"), help=help, count=count)

    def _ms_angles(self, gate: dict[str, Any], path: Path) -> tuple[float, ...] | None:
        phases = gate.get("phases")
        if not isinstance(phases, list):
            what = "has no phases" if "phases" not in gate else f"has phases that are {kind_of(phases)}"
            self.findings.error("ionq.angle", f"ms {what}", path, help='ms takes "phases": [turns, turns]')
            return None
        if len(phases) != 2:
            self.findings.error("ionq.angle", f"ms takes two phases, not {len(phases)}", (*path, "phases"))
            return None
        first, second = (self._number(p, "phases", path, i) for i, p in enumerate(phases))
        angle = self._number(gate["angle"], "angle", path) if "angle" in gate else 0.25
        if first is None or second is None or angle is None:
            return None
        return first, second, angle

    def _number(self, value: Any, key: str, path: Path, *inner: int) -> float | None:
        if not is_number(value):
            self.findings.error("ionq.angle", f'"{key}" is a number, not {kind_of(value)}', (*path, key, *inner),
                                help=f"in {self._unit(key)}")  # fmt: skip
            return None
        return float(value)

    @staticmethod
    def _unit(key: str) -> str:
        return "radians" if key == "rotation" else "turns"

    def _pauli_terms(self, gate: dict[str, Any], targets: list[int] | None, path: Path) -> list[tuple[str, float]]:
        """Pauli strings and angles theta of exp(-i theta/2 P), in the listed order."""
        error = self.findings.error
        terms, coefficients, time = gate.get("terms"), gate.get("coefficients"), gate.get("time")
        for key, value in (("terms", terms), ("coefficients", coefficients)):
            if not isinstance(value, list):
                what = f'has no "{key}"' if key not in gate else f'has "{key}" that are {kind_of(value)}'
                error("ionq.pauliexp", f"pauliexp {what}", path, help="it takes a list")
        if not is_number(time):
            what = 'has no "time"' if "time" not in gate else f'has a "time" that is {kind_of(time)}'
            error("ionq.pauliexp", f"pauliexp {what}", path, help="exp(-i time sum(coefficient * term))")
        if not isinstance(terms, list) or not isinstance(coefficients, list):
            return []
        if len(terms) != len(coefficients):
            here = f"{len(terms)} terms and {len(coefficients)} coefficients"
            error("ionq.pauliexp", f"pauliexp has {here}", path, help="one coefficient per term")
        for i, term in enumerate(terms):
            if not isinstance(term, str):
                error("ionq.pauliexp", f"a term is a string of Pauli letters, not {kind_of(term)}", (*path, "terms", i))
            elif bad := sorted(set(term) - set("IXYZ")):
                error("ionq.pauliexp", f"{bad[0]!r} is no Pauli letter", (*path, "terms", i), help="the letters are I, X, Y, Z")
            elif targets is not None and len(term) != len(targets):
                here = f"the term {term!r} has {len(term)} letters for {len(targets)} targets"
                error("ionq.pauliexp", here, (*path, "terms", i), help="the rightmost letter acts on the first target")
        for i, coefficient in enumerate(coefficients):
            if not is_number(coefficient):
                here = f"a coefficient is a real number, not {kind_of(coefficient)}"
                error("ionq.pauliexp", here, (*path, "coefficients", i))
        self.findings.note(
            "pauliexp", "ionq.dialect", "pauliexp is not in IonQ's API description; the service takes it", path,
            help="qir writes rotations instead",
        )  # fmt: skip
        rows = [
            (term, 2.0 * float(time) * float(c))
            for term, c in zip(terms, coefficients)
            if isinstance(term, str) and is_number(c) and is_number(time)
        ]
        if not _commute([term for term, _ in rows]):
            self.findings.note(
                "pauliexp.order", "ionq.dialect", "the terms of a pauliexp do not commute: read as a product in this order",
                path, help="the service does one step of a product formula; write the steps out to be sure",
            )  # fmt: skip
        return rows

    # -- writing ---------------------------------------------------------------------------

    def _emit(self, gate: str, controls: list[int], targets: list[int], angles: tuple[float, ...], index: int) -> None:
        extra: Extra | None = None
        if controls:
            named = CONTROLLED.get((gate, len(controls)))
            if named is not None:
                gate = named
            else:
                wide = (*controls, *targets)
                extra = Extra(controls="1" * len(controls), qubits=wide if len(wide) > 3 else None)
        self.out.rows.append((index, opcode(gate), (*controls, *targets), angles, extra))

    def _emit_pauliexp(self, terms: list[tuple[str, float]], targets: list[int], controls: list[int], index: int) -> None:
        wires = (*controls, *targets)
        for paulis, theta in terms:
            if not controls and set(paulis) == {"I"}:
                self.out.phase -= theta / 2
                continue
            extra = Extra(qubits=wires if len(wires) > 3 else None, controls="1" * len(controls), payload=paulis)
            self.out.rows.append((index, OPERATIONS["pauliexp"], wires, (theta,), extra))


def _commute(terms: list[str]) -> bool:
    """Whether all Pauli strings commute with each other (bounded: the first 200 are looked at)."""
    chosen = [t for t in dict.fromkeys(terms) if set(t) <= set("IXYZ")][:200]
    for i, a in enumerate(chosen):
        for b in chosen[:i]:
            if sum(p != q and "I" not in (p, q) for p, q in zip(a, b)) % 2:
                return False
    return True
