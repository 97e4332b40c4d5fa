"""IonQ job bodies (v0.4): circuits as JSON gates, OpenQASM 3 jobs, and Hamiltonian energies.

The payload is what POST /jobs takes: type, backend, shots and input are always there, registers go
where the service lets them (entries of a multi-circuit job, otherwise the metadata), and error
mitigation, which machines switch on by themselves from 500 shots and charge for, is said aloud.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qir.circuit import Circuit, Layout, Register
from qir.columns import OPERATIONS
from qir.diagnostics import Diagnostic, error, warning
from qir.emitters.ionq_circuit import gate_objects, infer_gateset
from qir.emitters.openqasm3 import CANONICAL, dumps
from qir.errors import CompileError
from qir.expressions import FLOAT
from qir.gates import opcode
from qir.job import Emission, JobCircuit, JobSpec
from qir.params import Angle
from qir.program import has_errors
from qir.targets.ionq import qubits_of_model
from qir.targets.ionq_format import MULTI, QASM3, QUANTUM_FUNCTION, REGISTERS_KEY, SINGLE
from qir.targets.target import Target

__all__ = ["emit", "input_object"]

_DEFAULT_SHOTS = 100
_MOST_BYTES_PER_GATE = 150
_MITIGATIONS = ("debiasing", "symmetry_verification")
_FUNCTION_FIELDS = ("linear_constraints", "quadratic_constraints", "penalty", "cvar_alpha")
_WIRES = dict[str, list[int | None]]


def emit(job: JobSpec, target: Target, *, gateset: str = "native") -> Emission:
    """The body of a job for an IonQ machine.

    job: its circuits are in the gates of `gateset` already.    gateset: "qis", "native", or "qasm3"
    for a job of type ionq.qasm3.v1.  A job of kind "hamiltonian-energy" or "quantum-function" becomes
    a quantum function; one whose input was kept raw is written back as it was.

    `names` maps qubit indices (decimal) to the user's "register[bit]", for "qasm3" registers to
    themselves.  The diagnostics hold errors when the job cannot be sent.
    """
    found: list[Diagnostic] = []
    function = job.kind in (QUANTUM_FUNCTION, "hamiltonian-energy")
    body: dict[str, Any] = {"type": SINGLE, "backend": target.name}
    names: list[dict[str, str]] = []
    if job.raw is not None and not job.circuits:
        body["type"] = job.kind
        body |= _fields(job, target, found, names=names, registers=None)
        return Emission({**body, "input": job.raw}, (), tuple(found))
    if not job.circuits:
        return Emission({}, (), (error("job.empty", "the job has no circuits"),))
    for entry in job.circuits:
        _check_qubits(entry.circuit, target, job, entry.pointer, found)
    registers: _WIRES | None = None
    content: dict[str, Any]
    if function:
        body["type"] = QUANTUM_FUNCTION
        content = _function(job, found)
        names = [{} for _ in job.circuits]
    elif gateset == "qasm3":
        body["type"] = QASM3
        content, names = _program(job.circuits, found)
    elif len(job.circuits) > 1 or job.kind == MULTI:
        body["type"] = MULTI
        content = _several(job.circuits, gateset, found)
        names = [_names(c) for c in job.circuits]
    else:
        entry = job.circuits[0]
        content = _content(entry.circuit, gateset, found, pauliexp=False, pointer=entry.pointer or None)
        names = [_names(entry)]
        registers = _registers(entry)
    _check_size(body["type"], content, target, found)
    body |= _fields(job, target, found, names=names, registers=registers)
    body["input"] = content
    limit = target.limits.get("bytes")
    if limit and not has_errors(found) and (size := _bytes(body)) > limit:
        found.append(error("job.size", f"the body has {size} bytes; the service takes {int(limit)}", help="send several jobs"))
    return Emission(body, tuple(names), tuple(found))


def input_object(circuit: Circuit, gateset: str | None = None) -> dict[str, Any]:
    """The input of one circuit: {"gateset", "qubits", "circuit"}.

    gateset: "qis", "native", or None for the one its gates are in.  CompileError for what JSON gates
    cannot say.
    """
    found: list[Diagnostic] = []
    result = _content(circuit, gateset or infer_gateset(circuit), found, pauliexp=True)
    if has_errors(found):
        raise CompileError(found)
    return result


# -- inputs -------------------------------------------------------------------------------------


def _content(
    circuit: Circuit, gateset: str, found: list[Diagnostic], *, pauliexp: bool, pointer: str | None = None
) -> dict[str, Any]:
    objects, problems = gate_objects(circuit, gateset, pauliexp=pauliexp, pointer=pointer)
    found += problems
    if circuit.num_qubits < 1:
        found.append(error("job.empty", "the circuit has no qubits", pointer=pointer))
    elif not objects and not has_errors(problems):
        found.append(warning("job.empty", "the circuit has no gates: the service may refuse it", pointer=pointer))
    return {"gateset": gateset, "qubits": circuit.num_qubits, "circuit": objects}


def _several(entries: Sequence[JobCircuit], gateset: str, found: list[Diagnostic]) -> dict[str, Any]:
    circuits: list[dict[str, Any]] = []
    for entry in entries:
        one = _content(entry.circuit, gateset, found, pauliexp=False, pointer=entry.pointer or None)
        item: dict[str, Any] = {}
        if entry.name or entry.circuit.name:
            item["name"] = entry.name or entry.circuit.name
        item["qubits"] = one["qubits"]
        if (registers := _registers(entry)) is not None:
            item["registers"] = registers
        circuits.append({**item, "circuit": one["circuit"]})
    return {"gateset": gateset, "qubits": max(c["qubits"] for c in circuits), "circuits": circuits}


def _program(entries: Sequence[JobCircuit], found: list[Diagnostic]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Input and names of an OpenQASM job.  The service runs no control flow and takes no `$` qubits."""
    names = [{label: label for r in e.circuit.cregs for label in _bits(r)} for e in entries]
    if len(entries) > 1:
        message = f"a job of type {QASM3} has one program, not {len(entries)}"
        found.append(error("job.program", message, help="send one job each"))
    circuit = entries[0].circuit
    if circuit.is_dynamic:
        found.append(error("target.control-flow", "IonQ runs no loops or branches, on any machine"))
    if circuit.parameters:
        found.append(error("target.parameters", f"parameters without values: {', '.join(circuit.parameters)}"))
    if has_errors(found):
        return {"data": ""}, names
    return {"data": _text(circuit)}, names


def _text(circuit: Circuit) -> str:
    """The circuit as OpenQASM 3 in registers, without what is no business of the service."""
    if circuit.num_physical:
        name = "q" if all(r.name != "q" for r in circuit.qregs) else "qubits"
        circuit = replace(circuit, num_physical=0, qregs=(Register(name, 0, circuit.num_physical), *circuit.qregs))
    columns = circuit.columns
    inverse = columns.plain & (columns.opcode == opcode("sxdg"))
    if inverse.any():
        # Not in stdgates.inc; rx(-pi/2) is the same up to a global phase.
        params = columns.params.copy()
        params[inverse, 0] = -np.pi / 2
        columns = replace(columns, opcode=np.where(inverse, opcode("rx"), columns.opcode).astype(np.int32), params=params)
    circuit = replace(circuit, columns=columns, layout=None, global_phase=Angle())
    return dumps(circuit, replace(CANONICAL, remarks=False))


def _function(job: JobSpec, found: list[Diagnostic]) -> dict[str, Any]:
    """The input of a Hamiltonian-energy job: terms, ansatz with its parameters, and their values.

    Parameters are declared in the order of their names, so that it does not matter whether the
    service counts them in the order of declaration or of names.
    """
    if len(job.circuits) > 1:
        message = f"a quantum function has one ansatz, not {len(job.circuits)}"
        found.append(error("job.program", message, help="send one job each"))
    entry = job.circuits[0]
    circuit = entry.circuit
    layout = circuit.layout
    wires = layout.final if layout is not None else tuple(range(circuit.num_qubits))
    observable = entry.observables
    while isinstance(observable, (list, tuple)) and len(observable) == 1:
        observable = observable[0]
    if isinstance(observable, str):
        observable = {observable: 1.0}
    if not isinstance(observable, Mapping):
        found.append(error("job.observable", "a Hamiltonian-energy job needs one observable", help="for example {'ZZ': 1.0}"))
        return {}
    terms: list[dict[str, Any]] = []
    for paulis, coefficient in observable.items():
        if len(paulis) > len(wires) or set(paulis) - set("IXYZ"):
            found.append(error("job.observable", f"the observable {paulis!r} does not fit {len(wires)} qubits"))
            continue
        letters = ["I"] * circuit.num_qubits
        for qubit, letter in enumerate(reversed(paulis)):
            letters[wires[qubit]] = letter
        terms.append({"pauli_string": "".join(reversed(letters)), "coefficient": float(coefficient)})
    values = _parameter_values(entry, found)
    ansatz = _unmeasured(circuit, found)
    if circuit.is_dynamic:
        found.append(error("target.control-flow", "an ansatz has no control flow"))
    if has_errors(found):
        return {}
    data: dict[str, Any] = {"hamiltonian": terms, "ansatz": {"data": _text(ansatz)}}
    data |= {key: job.fields[key] for key in _FUNCTION_FIELDS if key in job.fields}
    content: dict[str, Any] = {"data": {"type": "hamiltonian-energy", "data": data}}
    if values or ansatz.parameters:
        content["params"] = values
    return content


def _parameter_values(entry: JobCircuit, found: list[Diagnostic]) -> list[float]:
    names = list(entry.circuit.parameters)
    given = entry.parameter_values
    while isinstance(given, (list, tuple)) and len(given) == 1 and isinstance(given[0], (list, tuple)):
        given = given[0]
    if isinstance(given, Mapping):
        flat: list[Any] = []
        for name, value in given.items():
            many = isinstance(name, (tuple, list))
            for key, item in zip(name, value) if many else ((name, value),):
                while isinstance(item, (list, tuple)) and len(item) == 1:
                    item = item[0]
                flat.append((key, item))
        known = dict(flat)
        values = [known.get(name) for name in names]
    else:
        values = list(given) if isinstance(given, (list, tuple)) else []
    if len(values) != len(names) or not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
        here = f"the ansatz needs one number for each of its parameters: {', '.join(names)}"
        help = "a quantum function takes one set of values; send one job for each set"
        found.append(error("job.values", here if names else "the ansatz has no parameters, but values are given", help=help))
        return []
    return [float(v) for v in values if v is not None]


def _unmeasured(circuit: Circuit, found: list[Diagnostic]) -> Circuit:
    """The ansatz without measurements, its parameters declared in the order of their names."""
    measured = circuit.columns.opcode == OPERATIONS["measure"]
    if circuit.is_mid_circuit and not circuit.is_dynamic:
        found.append(error("target.mid-circuit", "an ansatz is not measured or reset on the way"))
    elif measured.any():
        found.append(warning("job.program", "the measurements are left out: the observable says what is measured"))
        circuit = circuit.with_columns(circuit.columns.take(np.flatnonzero(~measured)), cregs=())
    inputs = sorted((v for v in circuit.variables if v.kind == "input"), key=lambda v: v.name)
    inputs = [replace(v, type=FLOAT) if v.type.kind == "float" else v for v in inputs]
    return replace(circuit, variables=(*inputs, *(v for v in circuit.variables if v.kind != "input")))


# -- names and registers ------------------------------------------------------------------------


def _bits(register: Register) -> list[str]:
    return [register.name] if register.scalar else [f"{register.name}[{i}]" for i in range(register.size)]


def _measured(circuit: Circuit) -> list[tuple[int, int]]:
    """(wire, bit) of every measurement into a bit."""
    columns = circuit.columns
    rows = np.flatnonzero((columns.opcode == OPERATIONS["measure"]) & (columns.clbit >= 0))
    return list(zip(columns.qubits[rows, 0].tolist(), columns.clbit[rows].tolist()))


def _registers(entry: JobCircuit) -> _WIRES | None:
    """Per classical register the wire behind each bit; None when the circuit has none."""
    circuit = entry.circuit
    pairs = _measured(circuit)
    if pairs:
        behind = {bit: wire for wire, bit in pairs}
        return {r.name: [behind.get(r.start + i) for i in range(r.size)] for r in circuit.cregs}
    if not entry.registers:
        return None
    layout = circuit.layout or Layout.trivial(circuit.num_qubits)
    return {name: [None if q is None else layout.final[q] for q in bits] for name, bits in entry.registers.items()}


def _names(entry: JobCircuit) -> dict[str, str]:
    """Qubit index in the results to the user's bit, or to the user's qubit when nothing is measured."""
    circuit = entry.circuit
    pairs = _measured(circuit)
    if pairs:
        labels = {r.start + i: label for r in circuit.cregs for i, label in enumerate(_bits(r))}
        rows = {wire: labels.get(bit, f"c[{bit}]") for wire, bit in pairs}
    elif entry.registers:
        rows = {}
        for name, wires in (_registers(entry) or {}).items():
            for i, wire in enumerate(wires):
                if wire is not None:
                    rows.setdefault(wire, f"{name}[{i}]")
    else:
        layout = circuit.layout or Layout.trivial(circuit.num_qubits)
        labels = {r.start + i: label for r in circuit.qregs for i, label in enumerate(_bits(r))}
        rows = {wire: labels.get(q, f"${q}") for q, wire in enumerate(layout.final)}
    return {str(wire): rows[wire] for wire in sorted(rows)}


# -- the rest of the body -----------------------------------------------------------------------


def _fields(
    job: JobSpec, target: Target, found: list[Diagnostic], *, names: Sequence[dict[str, str]], registers: _WIRES | None
) -> dict[str, Any]:
    """Name, shots, metadata, settings, noise and what else the source carried."""
    own = job.vendor in (None, "ionq")
    result: dict[str, Any] = {}
    if job.name:
        result["name"] = job.name
    shots = next((c.shots for c in job.circuits if c.shots is not None), None) if job.shots is None else job.shots
    result["shots"] = shots = _DEFAULT_SHOTS if shots is None else shots
    least, most = target.limits.get("min_shots", 1), target.limits.get("shots", 1_000_000)
    if not least <= shots <= most:
        found.append(error("job.shots", f"{shots} shots: the service takes {int(least)} to {int(most)}"))
    metadata = _metadata(job, target, found, registers)
    if metadata:
        result["metadata"] = metadata
    for key in ("session_id", "dry_run", "external_settings"):
        if own and job.fields.get(key) is not None:
            result[key] = job.fields[key]
    settings = _settings(job.options if own else {}, target, shots, found)
    if settings:
        result["settings"] = settings
    noise = {key: value for key, value in (job.noise or {}).items() if value is not None}
    if noise and not target.simulator:
        found.append(warning("job.options", f"the noise model is left out: {target.name} has noise of its own"))
    elif noise:
        result["noise"] = noise
    return result


def _metadata(job: JobSpec, target: Target, found: list[Diagnostic], registers: _WIRES | None) -> dict[str, str]:
    metadata = {str(k): v if isinstance(v, str) else json.dumps(v) for k, v in job.metadata.items() if v is not None}
    if job.vendor not in (None, "ionq"):
        metadata = {}
    metadata.pop(REGISTERS_KEY, None)
    if registers:
        text = json.dumps(registers, separators=(",", ":"))
        room = len(metadata) < target.limits.get("metadata_keys", 10)
        if room and len(text) <= target.limits.get("metadata_value", 40_000):
            metadata[REGISTERS_KEY] = text
        else:
            found.append(warning("job.size", "the map of classical registers does not fit the job's metadata",
                                 help="keep the names that came with the compiled job"))  # fmt: skip
    return metadata


def _settings(options: Mapping[str, Any], target: Target, shots: int, found: list[Diagnostic]) -> dict[str, Any]:
    """The settings, with error mitigation switched as asked, or as the service would by itself."""
    rest = {key: value for key, value in options.items() if key not in _MITIGATIONS}
    settings: dict[str, Any] = {k: dict(v) if isinstance(v, Mapping) else v for k, v in rest.items()}
    short = {key: options[key] for key in _MITIGATIONS if key in options}
    mitigation = settings.get("error_mitigation")
    mitigation = {**(mitigation if isinstance(mitigation, Mapping) else {}), **short}
    least = target.limits.get("debiasing_shots", 500)
    if not target.simulator:
        mitigation.setdefault("debiasing", shots >= least)
    if mitigation.get("debiasing") is True and shots < least:
        found.append(error("job.shots", f"debiasing needs at least {int(least)} shots, not {shots}", help="raise shots"))
    if mitigation:
        settings["error_mitigation"] = mitigation
    return settings


def _check_qubits(circuit: Circuit, target: Target, job: JobSpec, pointer: str, found: list[Diagnostic]) -> None:
    most = target.num_qubits
    if target.simulator and job.noise:
        most = min(most, qubits_of_model(job.noise.get("model")))
    if circuit.num_qubits > most:
        message = f"the circuit has {circuit.num_qubits} qubits; {target.name} has {most}"
        found.append(error("target.qubits", message, pointer=pointer or None))


def _check_size(kind: str, content: Mapping[str, Any], target: Target, found: list[Diagnostic]) -> None:
    if kind != MULTI:
        return
    circuits = content["circuits"]
    total = sum(len(c["circuit"]) for c in circuits)
    for what, count, key in (("circuits", len(circuits), "circuits"), ("gates in total", total, "gates")):
        most = target.limits.get(key)
        if most is not None and count > most:
            found.append(error("job.size", f"{count} {what}; a job takes {int(most)}", help="send several jobs"))


def _bytes(body: Mapping[str, Any]) -> int:
    """Length of the body as compact JSON; 0 when it is so far from any limit that it need not be known."""
    content = body["input"]
    entries = content.get("circuits", [content])
    gates = sum(len(e.get("circuit", ())) for e in entries if isinstance(e, dict))
    if gates * _MOST_BYTES_PER_GATE < 9_000_000 and "data" not in content:
        return 0
    return len(json.dumps(body, separators=(",", ":"), allow_nan=False))
