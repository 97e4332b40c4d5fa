"""Rules of IonQ's service and machines over a job's parsed JSON.

The reader refuses what has no meaning; here is what has one and will be refused, fail, cost or be
ignored all the same.  Each rule is a generator over a `Subject`; its docstring says what it holds
against the job, why, and where the fact comes from.  About half of what goes wrong passes IonQ's own
schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from inspect import getdoc
from itertools import islice
from typing import Any

import numpy as np

from qir.columns import OPERATIONS
from qir.diagnostics import Diagnostic
from qir.json_text import Path, is_int, is_number, kind_of
from qir.lint.ionq_context import Subject
from qir.lint.ionq_gate_rules import check_gates, gate_pages
from qir.program import Program
from qir.targets import all_targets
from qir.targets.ionq import MODELS
from qir.targets.ionq_format import (
    FIELD_TYPES,
    INPUT_FIELDS,
    JOB_FIELDS,
    JOB_TYPES,
    MITIGATIONS,
    MULTI,
    QAOA,
    QASM3,
    QUANTUM_FUNCTION,
    SINGLE,
    TOLERATED_FIELDS,
)
from qir.targets.target import Target

__all__ = ["RULES", "check", "pages"]

_LEGACY_FIELDS = {
    "target": '"backend" in v0.4', "error_mitigation": '"settings.error_mitigation" in v0.4',
    "registers": "only circuits of a multi-circuit job have registers", "body": '"input" in v0.4',
    "lang": "", "format": '"type" in v0.4',
}  # fmt: skip
_RETIRED = {"qpu.harmony": "2024", "qpu.harmony-1": "2024", "qpu.harmony-2": "2024"}
_KINDS_OF = {str: "a string", bool: "true or false", dict: "an object"}
_INT32 = 2**31 - 1
_MOST_PER_RULE = 100


def check(program: Program, target: Target | None) -> list[Diagnostic]:
    """Everything that stands against a job, in order of position.

    program: as read from IonQ JSON, with errors or without.    target: the machine it is for; None
    for the one the job names.
    """
    subject = Subject.of(program, target)
    if subject is None:
        return []
    found = [diagnostic for rule in RULES for diagnostic in islice(rule(subject), _MOST_PER_RULE)]
    return sorted(found, key=lambda d: d.span.start if d.span is not None else 0)


# -- the job's fields ---------------------------------------------------------------------------


def required(subject: Subject) -> Iterator[Diagnostic]:
    """A job has `type`, `backend` and `input`, a circuit input its `gateset` (OpenAPI v0.4: required)."""
    if not subject.strict:
        return
    error = subject.document.error
    for key in ("type", "backend"):
        if key not in subject.job:
            help = f"its input looks like {subject.view.kind}" if key == "type" else 'for example "simulator"'
            yield error("job.required", f'the job has no "{key}"', (), help=help)
    content, path = subject.view.input, subject.view.path
    if subject.view.kind in (SINGLE, MULTI) and content and "gateset" not in content:
        yield error("job.required", 'the input has no "gateset"', path, help='"qis" or "native"')
    if subject.view.kind == QAOA:
        credentials = subject.job.get("external_settings")
        if not isinstance(credentials, dict) or not isinstance(credentials.get("api_credentials"), str):
            message = "external_settings.api_credentials is missing"
            yield error("job.required", message, (), help="it is the key of the solver's account")
        if content.get("problem_type") != "maxcut":
            yield error("job.program", 'the problem_type of a qaoa job is "maxcut"', (*path, "problem_type"))
        if not isinstance(content.get("problem"), dict):
            yield error("job.required", "the problem is missing", path, help="an adjacency graph")


def kind(subject: Subject) -> Iterator[Diagnostic]:
    """The job's type is one the service knows, and fits what the input holds (OpenAPI v0.4, 2026-10-01)."""
    value = subject.job.get("type")
    if not isinstance(value, str) or not subject.strict:
        return
    error = subject.document.error
    if value not in JOB_TYPES:
        near = get_close_matches(value, JOB_TYPES, n=1, cutoff=0.6)
        help = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(JOB_TYPES)}"
        yield error("job.program", f"there is no job type {value!r}", ("type",), help=help)
    elif value == MULTI and "circuit" in subject.view.input:
        help = "the service refuses it: put it into circuits"
        yield error("job.extra", "a single circuit beside circuits", (*subject.view.path, "circuit"), help=help, key=True)


def field_types(subject: Subject) -> Iterator[Diagnostic]:
    """Fields have the type the API describes.  null in place of a missing value is tolerated."""
    for key, wanted in FIELD_TYPES.items():
        value = subject.job.get(key)
        if key not in subject.job or type(value) is wanted:
            continue
        if value is None and key not in ("type", "backend"):
            yield subject.document.warning("job.type", f'"{key}" is null', (key,), help="leave it out")
        elif not (key == "noise" and not subject.strict):
            message = f'"{key}" is {_KINDS_OF[wanted]}, not {kind_of(value)}'
            yield subject.document.error("job.type", message, (key,))


def extra_fields(subject: Subject) -> Iterator[Diagnostic]:
    """The schema of circuit jobs allows no other fields; some that official clients send are let through."""
    if not subject.strict or subject.view.kind is None:
        return
    kind = subject.view.kind
    yield from _extras(subject, subject.job, (), JOB_FIELDS[kind], ("lang",))
    tolerated = ("qubits",) if kind == QASM3 else ()
    yield from _extras(subject, subject.view.input, subject.view.path, INPUT_FIELDS[kind], ("format", *tolerated))
    entries = subject.view.input.get("circuits")
    if kind == MULTI and isinstance(entries, list):
        for i, entry in enumerate(entries):
            if isinstance(entry, dict):
                place: Path = (*subject.view.path, "circuits", i)
                yield from _extras(subject, entry, place, INPUT_FIELDS["entry"], ())
                if not isinstance(entry.get("name", ""), str):
                    message = f"the name of a circuit is a string, not {kind_of(entry['name'])}"
                    yield subject.document.error("job.type", message, (*place, "name"))


def _extras(
    subject: Subject, value: dict[str, Any], path: Path, known: frozenset[str] | None, tolerated: tuple[str, ...]
) -> Iterator[Diagnostic]:
    for key in value if known is not None else ():
        if known is None or key in known:
            continue
        here = f'"{key}" is not a field of {"the job" if not path else "the input"}'
        if key in tolerated:
            if key != "format":  # the reader has said so
                yield subject.document.warning("job.extra", here, (*path, key), help=TOLERATED_FIELDS[key], key=True)
            continue
        near = get_close_matches(key, known, n=1, cutoff=0.75)
        help = _LEGACY_FIELDS.get(key) or (f'did you mean "{near[0]}"?' if near else "the service refuses unknown fields")
        yield subject.document.error("job.extra", here, (*path, key), help=help, key=True)


def shots(subject: Subject) -> Iterator[Diagnostic]:
    """Shots are an integer from 1 to 1,000,000 (OpenAPI v0.4).  cirq-ionq sends text, which the service
    takes; IonQ's own clients ask a machine for 10,000 at most."""
    if "shots" not in subject.job:
        return
    value = subject.job["shots"]
    error, warning = subject.document.error, subject.document.warning
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        yield warning("job.shots", "shots are written as text", ("shots",), help=f"write {int(value)}", fix=str(int(value)))
        value = int(value)
    elif isinstance(value, float) and value.is_integer():
        here = "shots are written as a fraction"
        yield warning("job.shots", here, ("shots",), help=f"write {int(value)}", fix=str(int(value)))
        value = int(value)
    elif value is None:
        yield warning("job.shots", "shots are null", ("shots",), help="leave them out for the default of 100")
        return
    if not is_int(value):
        yield error("job.shots", f"shots are a whole number, not {kind_of(value)}", ("shots",))
        return
    machine = subject.machine
    most = int(machine.limits.get("shots", 1_000_000)) if machine is not None else 1_000_000
    if not 1 <= value <= most:
        yield error("job.shots", f"{value} shots: the service takes 1 to {most}", ("shots",))
    elif machine is not None and value > machine.limits.get("qpu_shots", most):
        usual = int(machine.limits["qpu_shots"])
        yield warning("job.shots", f"{value} shots: clients ask a machine for at most {usual}", ("shots",))


def metadata(subject: Subject) -> Iterator[Diagnostic]:
    """Metadata map text to text (OpenAPI); at most 10 keys of 40 characters and values of 40,000
    (documentation of v0.3, which beside it says 400)."""
    value = subject.job.get("metadata")
    if not isinstance(value, dict):
        return
    warning = subject.document.warning
    if len(value) > 10:
        yield warning("job.metadata", f"{len(value)} keys; the limit is 10", ("metadata",))
    for key, item in value.items():
        if not isinstance(item, str):
            message = f"the value of {key!r} is text, not {kind_of(item)}"
            yield subject.document.error("job.metadata", message, ("metadata", key))
        elif len(item) > 40_000:
            yield warning("job.metadata", f"the value of {key!r} has {len(item)} characters; 40000 are kept", ("metadata", key))
        if len(key) > 40:
            yield warning("job.metadata", f"a key of {len(key)} characters; the limit is 40", ("metadata", key), key=True)


def noise(subject: Subject) -> Iterator[Diagnostic]:
    """Noise is for the simulator: a known model and, perhaps, a seed from 1 to 2147483647 (OpenAPI v0.4;
    the models are an enumeration in the version of 2026-04-30).  Every job of qiskit-ionq has a seed of null."""
    value = subject.job.get("noise")
    if isinstance(value, str) and not subject.strict:
        value = {"model": value}
    if not isinstance(value, dict):
        return
    error, warning = subject.document.error, subject.document.warning
    model = value.get("model")
    if "model" not in value:
        yield error("job.required", "the noise has no model", ("noise",), help=f"one of {', '.join(MODELS)}")
    elif not isinstance(model, str):
        yield error("job.type", f"a noise model is a string, not {kind_of(model)}", ("noise", "model"))
    elif model not in MODELS:
        near = get_close_matches(model.removeprefix("qpu."), MODELS, n=1, cutoff=0.6)
        help = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(MODELS)}"
        yield error("job.noise", f"there is no noise model {model!r}", ("noise", "model"), help=help)
    seed = value.get("seed")
    if "seed" in value and seed is None:
        yield warning("job.noise", "the seed is null", ("noise", "seed"), help="leave it out; qiskit-ionq always sends it")
    elif "seed" in value and not is_int(seed):
        yield error("job.type", f"a seed is a whole number, not {kind_of(seed)}", ("noise", "seed"))
    elif is_int(seed) and not 1 <= seed <= _INT32:
        yield error("job.noise", f"the seed {seed} is outside 1 to {_INT32}", ("noise", "seed"))
    for key in value:
        if key not in ("model", "seed"):
            yield error("job.extra", f'noise has no field "{key}"', ("noise", key), key=True)
    if subject.machine is not None and not subject.machine.simulator:
        message = f"noise models are for the simulator: {subject.machine.name} has noise of its own"
        yield warning("job.noise", message, ("noise",), key=True)
    elif subject.view.kind in (QUANTUM_FUNCTION, QAOA):
        yield warning("job.noise", f"no document gives a {subject.view.kind} job a noise model", ("noise",), key=True)


def mitigation(subject: Subject) -> Iterator[Diagnostic]:
    """Debiasing needs at least 500 shots (OpenAPI v0.4; failure DebiasingError).  On a machine it is on by
    default from 500 shots, and raises the price."""
    error, warning = subject.document.error, subject.document.warning
    for path in (("settings", "error_mitigation"), ("error_mitigation",)):
        value: Any = subject.job
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            holder: Any = subject.job.get("settings") if len(path) == 2 else subject.job
            if isinstance(holder, dict) and path[-1] in holder:
                yield warning("job.type", "error mitigation is null", path, help="leave it out")
            continue
        if not isinstance(value, dict):
            yield error("job.type", f"error mitigation is an object, not {kind_of(value)}", path)
            continue
        names = (*MITIGATIONS, "debias") if len(path) == 1 else MITIGATIONS
        for key, item in value.items():
            if key not in names:
                near = get_close_matches(key, MITIGATIONS, n=1, cutoff=0.6)
                help = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(MITIGATIONS)}"
                yield warning("job.mitigation", f'"{key}" is no error mitigation that is documented', (*path, key), help=help)
            elif type(item) is not bool:
                report = warning if item is None else error
                yield report("job.type", f'"{key}" is true or false, not {kind_of(item)}', (*path, key))
            elif item and key != "symmetry_verification" and subject.shots < 500:
                message = f"debiasing needs at least 500 shots, not {subject.shots}"
                yield error("job.mitigation", message, (*path, key), help="raise shots, or leave debiasing out")


def settings(subject: Subject) -> Iterator[Diagnostic]:
    """Settings that the API description does not have: `compilation` left it in autumn 2026."""
    value = subject.job.get("settings")
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key == "error_mitigation":
            continue
        path = ("settings", key)
        if key == "compilation" and not isinstance(item, dict):
            yield subject.document.error("job.type", f'"compilation" is an object, not {kind_of(item)}', path)
        elif key == "compilation":
            message = "compilation settings left the API description in October 2026"
            yield subject.document.warning("job.options", message, path, help="the service may ignore them", key=True)
            for name, wanted, what in (("opt", (int, float), "a number"), ("precision", (str,), "a string")):
                if name in item and type(item[name]) not in wanted:
                    yield subject.document.error("job.type", f'"{name}" is {what}, not {kind_of(item[name])}', (*path, name))
        else:
            yield subject.document.warning("job.options", f'"{key}" is no setting that is documented', path, key=True)


# -- the machine --------------------------------------------------------------------------------


def backend(subject: Subject) -> Iterator[Diagnostic]:
    """The machine exists and is in service.  The API takes any text; a wrong name fails the job.
    `qpu` alone lets the service choose."""
    name = subject.backend
    if not isinstance(name, str):
        return
    known = {t.name: t for t in all_targets() if t.vendor == "ionq"}
    error, warning, path = subject.document.error, subject.document.warning, subject.backend_path
    retired = known[name].retired if name in known else _RETIRED.get(name)
    if retired is not None:
        yield warning("target.retired", f"{name} was retired in {retired}", path, help="use qpu.forte-1 or the simulator")
    elif name in known:
        return
    elif name == "qpu" or (name.startswith("qpu.tempo") and subject.strict):
        yield warning("target.unknown", f"{name!r} is no machine that is known here: its limits are not checked", path)
    else:
        near = get_close_matches(name.lower(), known, n=2, cutoff=0.6)
        near = near or [n for n in known if n.endswith(name.lower())][:1]
        help = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
        yield error("target.unknown", f"IonQ has no machine {name!r}", path, help=help)


def qubits(subject: Subject) -> Iterator[Diagnostic]:
    """A circuit fits the machine, or the noise model of one (failure NotEnoughQubits)."""
    most = subject.most_qubits
    machine = subject.machine
    if most is None or machine is None:
        return
    where = machine.name if subject.model is None else f"the simulator with the noise of {subject.model}"
    seen: set[Path] = set()
    for entry in subject.entries:
        value = entry.qubits
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if is_int(value) and value > most and entry.qubits_path not in seen:
            seen.add(entry.qubits_path)
            yield subject.document.error("target.qubits", f"{value} qubits: {where} has {most}", entry.qubits_path)
    if subject.view.kind in (QASM3, QUANTUM_FUNCTION):
        for circuit in subject.program.circuits:
            if circuit.num_qubits > most:
                message = f"{circuit.num_qubits} qubits: {where} has {most}"
                yield subject.document.error("target.qubits", message, subject.view.path)


def size(subject: Subject) -> Iterator[Diagnostic]:
    """A body of at most 10 MB, at most 5,000 circuits and, in all of them, 150,000 gates (OpenAPI v0.4,
    2026-10-01)."""
    error = subject.document.error
    text = subject.program.source.text
    length = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if subject.job and length > 10_000_000:
        yield error("job.size", f"the body has {length} bytes; the service takes 10,000,000", (), help="send several jobs")
    if subject.view.kind != MULTI:
        return
    path = (*subject.view.path, "circuits")
    entries = subject.view.input.get("circuits")
    if isinstance(entries, list) and len(entries) > 5_000:
        yield error("job.size", f"{len(entries)} circuits; a job takes 5,000", path, help="send several jobs")
    total = sum(len(entry.gates) for entry in subject.entries)
    if total > 150_000:
        yield error("job.size", f"{total} gates in all circuits; a job takes 150,000", path, help="send several jobs")


def empty(subject: Subject) -> Iterator[Diagnostic]:
    """Empty circuits return failures (PennyLane-IonQ); a job without circuits has nothing to run."""
    path = (*subject.view.path, "circuits")
    if subject.view.kind == MULTI and subject.view.input.get("circuits") == []:
        yield subject.document.error("job.empty", "the job has no circuits", path)
    for entry in subject.entries:
        if not entry.gates:
            yield subject.document.warning("job.empty", "the circuit has no gates: the service may fail it", entry.path)


def dry_run(subject: Subject) -> Iterator[Diagnostic]:
    """A dry run only compiles; it has no effect on the simulator (cirq-ionq)."""
    if subject.job.get("dry_run") is True and subject.machine is not None and subject.machine.simulator:
        yield subject.document.warning("job.options", "a dry run has no effect on the simulator", ("dry_run",), key=True)


# -- programs and functions ---------------------------------------------------------------------


def openqasm(subject: Subject) -> Iterator[Diagnostic]:
    """IonQ takes a subset of OpenQASM 3: no loops or branches on any machine, no `$` qubits, no
    parameters; measurement inside the circuit on some machines (documentation of 2026-09)."""
    if subject.view.kind != QASM3:
        return
    path = (*subject.view.path, "data") if subject.view.input.get("data") is not None else subject.view.path
    error = subject.document.error
    for circuit in subject.program.circuits:
        if circuit.is_dynamic:
            found = np.isin(circuit.columns.opcode, range(OPERATIONS["if"], OPERATIONS["pragma"]))
            span = circuit.span(int(np.flatnonzero(found)[0]))
            one = error("target.control-flow", "IonQ runs no loops or branches, on any machine", path)
            yield one if span is None else replace(one, span=span)
        elif circuit.is_mid_circuit and subject.machine is not None and subject.strict:
            message = "measurement or reset inside the circuit: not every machine runs it yet"
            yield subject.document.warning("target.mid-circuit", message, path)
        if circuit.num_physical:
            message = "hardware qubits ($0, ...) are refused: the service places qubits itself"
            yield error("target.layout", message, path, help="declare a register: qubit[n] q;")
        if circuit.parameters:
            yield error("target.parameters", f"parameters without values: {', '.join(circuit.parameters)}", path)


def function(subject: Subject) -> Iterator[Diagnostic]:
    """Constraints, penalty and CVaR level of a Hamiltonian energy have their shape, and parameters their
    values (OpenAPI v0.4: HamiltonianEnergyData)."""
    if subject.view.kind != QUANTUM_FUNCTION:
        return
    error = subject.document.error
    content = subject.view.input
    outer = content.get("data")
    data = outer.get("data") if isinstance(outer, dict) else None
    path = (*subject.view.path, "data", "data")
    if subject.program.job is not None:
        for entry in subject.program.job.circuits:
            names = entry.circuit.parameters
            if names and entry.parameter_values is None:
                message = f"no values for the parameters {', '.join(names)}"
                yield error("job.values", message, subject.view.path, help='add "params": one number for each')
    if not isinstance(data, dict) or not isinstance(outer, dict) or outer.get("type") != "hamiltonian-energy":
        return
    for key in ("penalty", "cvar_alpha"):
        if data.get(key) is not None and not is_number(data[key]):
            yield error("job.type", f'"{key}" is a number, not {kind_of(data[key])}', (*path, key))
    alpha = data.get("cvar_alpha")
    if is_number(alpha) and not 0 < alpha <= 1:
        yield error("job.options", f"cvar_alpha is above 0 and at most 1, not {alpha}", (*path, "cvar_alpha"))
    for key, fields in _CONSTRAINTS.items():
        rows = data.get(key, [])
        if not isinstance(rows, list):
            yield error("job.type", f'"{key}" is a list, not {kind_of(rows)}', (*path, key))
            continue
        for i, row in enumerate(rows):
            place: Path = (*path, key, i)
            if not isinstance(row, dict):
                yield error("job.type", f"a constraint is an object, not {kind_of(row)}", place)
                continue
            for name, depth in fields.items():
                if name not in row:
                    yield error("job.required", f'the constraint has no "{name}"', place)
                elif not _is_array(row[name], depth):
                    what = ("a number", "a list of numbers", "a list of lists of numbers")[depth]
                    yield error("job.type", f'"{name}" is {what}', (*place, name))


_CONSTRAINTS: dict[str, dict[str, int]] = {
    "linear_constraints": {"coeffs": 1, "rhs": 0},
    "quadratic_constraints": {"quadratic_coeff": 2, "linear_coeff": 1, "rhs": 0},
}
"""Fields of each kind of constraint, with the depth of the lists they hold."""


def _is_array(value: object, depth: int) -> bool:
    if depth == 0:
        return is_number(value)
    return isinstance(value, list) and all(_is_array(item, depth - 1) for item in value)


RULES: tuple[Callable[[Subject], Iterator[Diagnostic]], ...] = (
    required, kind, field_types, extra_fields, shots, metadata, noise, mitigation, settings, backend, qubits, size, empty,
    dry_run, openqasm, function, check_gates,
)  # fmt: skip
"""Every rule; `check` runs them all."""

_REPORTS: dict[str, tuple[str, ...]] = {
    "required": ("job.required", "job.program"), "kind": ("job.program", "job.extra"), "field_types": ("job.type",),
    "extra_fields": ("job.extra", "job.type"), "shots": ("job.shots",), "metadata": ("job.metadata",),
    "noise": ("job.noise", "job.required"), "mitigation": ("job.mitigation",), "settings": ("job.options",),
    "backend": ("target.unknown", "target.retired"), "qubits": ("target.qubits",), "size": ("job.size",),
    "empty": ("job.empty",), "dry_run": ("job.options",),
    "openqasm": ("target.control-flow", "target.mid-circuit", "target.layout", "target.parameters"),
    "function": ("job.values", "job.options", "job.required", "job.type"),
}  # fmt: skip
"""What each rule reports, for the manual."""


def pages(slug: str) -> list[str]:
    """The manual pages of the rules that report a slug, as text."""
    jobs = [rule for rule in RULES if slug in _REPORTS.get(rule.__name__, ())]
    return [getdoc(rule) or "" for rule in jobs] + gate_pages(slug)
