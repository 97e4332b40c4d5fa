"""Reader of IBM Qiskit Runtime jobs: the plain REST form, the strict form of the Python client
(models 0.1) and the executor's form (model 2.0).

OpenQASM in a JSON string is a source of its own: its diagnostics carry the string's JSON Pointer
and a line and column within it.  What has no meaning is refused here; what the service or a
machine refuses is for `qir.lint.ibm_rules` to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from qir.circuit import Circuit
from qir.diagnostics import Diagnostic
from qir.job import JobCircuit, JobSpec
from qir.json_text import Document, Path, embedded, is_int, is_number, kind_of, parse
from qir.limits import DEFAULT_LIMITS, Limits
from qir.observables import ObservableError, normalise
from qir.program import Program, has_errors
from qir.source import Source
from qir.targets.ibm_arrays import unpack_ndarray, unpack_tensor

__all__ = ["read"]

_KINDS = {"sampler": (1, 3), "estimator": (2, 4)}
"""Program to the least and the greatest length of its PUBs."""

_QPY_HELP = "QPY is Qiskit's own binary format; write the circuit as OpenQASM 3 with qiskit.qasm3.dumps"


def read(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> Program:
    """The job in a JSON text.  `Program.data` is the `Document`, for the rules that look at it."""
    document = parse(source, limits=limits)
    if not document.ok:
        return Program(source, "ibm", diagnostics=tuple(document.diagnostics))
    reader = _Reader(document, limits)
    job = reader.job()
    found = tuple(reader.found)
    circuits = () if has_errors(found) else tuple(c.circuit for c in job.circuits)
    return Program(source, "ibm", circuits, found, reader.symbols(), None if has_errors(found) else job, document)


class _Reader:
    def __init__(self, document: Document, limits: Limits) -> None:
        self.document = document
        self.limits = limits
        self.found: list[Diagnostic] = []
        self.programs: list[Program] = []

    def symbols(self) -> tuple[Any, ...]:
        return tuple(symbol for program in self.programs for symbol in program.symbols)

    def error(self, slug: str, message: str, path: Path, help: str | None = None) -> None:
        self.found.append(self.document.error(slug, message, path, help=help))

    def typed(self, value: object, kind: type, path: Path, what: str) -> bool:
        if isinstance(value, kind):
            return True
        self.error("json.type", f"{what}, not {kind_of(value)}", path)
        return False

    # -- the job ---------------------------------------------------------------------------

    def job(self) -> JobSpec:
        data = self.document.value
        if not self.typed(data, dict, (), "a job is an object"):
            return JobSpec()
        params, path = data.get("params"), ("params",)
        if params is None and ("pubs" in data or "quantum_program" in data):
            # The `params` object alone, as some tools write it.
            data, params, path = {}, data, ()  # type: ignore[assignment]
        if params is None:
            self.error("json.missing", "the field 'params' is missing", ())
            return JobSpec()
        if not self.typed(params, dict, path, "params is an object"):
            return JobSpec()
        kind = data.get("program_id")
        if kind is None:
            kind = self._guess(params)
        backend = data.get("backend")
        fields = {k: v for k, v in data.items() if k not in ("program_id", "backend", "params")}
        job = JobSpec(
            vendor="ibm",
            kind=kind if isinstance(kind, str) else None,
            backend=backend if isinstance(backend, str) and backend else None,
            fields=fields,
        )
        if "quantum_program" in params or kind == "executor":
            return self._executor(job, params, path)
        return self._primitive(job, params, path)

    @staticmethod
    def _guess(params: Mapping[str, Any]) -> str:
        if "quantum_program" in params:
            return "executor"
        pubs = params.get("pubs")
        first = pubs[0] if isinstance(pubs, list) and pubs else None
        second = first[1] if isinstance(first, list) and len(first) > 1 else None
        paulis = isinstance(second, str) or (isinstance(second, list) and second and isinstance(second[0], (str, dict)))
        return "estimator" if "precision" in params or "resilience_level" in params or paulis else "sampler"

    # -- sampler and estimator -------------------------------------------------------------

    def _primitive(self, job: JobSpec, params: Mapping[str, Any], path: Path) -> JobSpec:
        pubs = params.get("pubs")
        if pubs is None:
            self.error("json.missing", "the field 'pubs' is missing", path)
            return job
        if not self.typed(pubs, list, (*path, "pubs"), "pubs is a list"):
            return job
        options = params.get("options") or {}
        if not self.typed(options, dict, (*path, "options"), "options is an object"):
            options = {}
        kept = {k: v for k, v in params.items() if k not in ("pubs", "options", "shots", "precision")}
        kind = job.kind if job.kind in _KINDS else self._guess(params)
        circuits = [self._pub(pub, kind, (*path, "pubs", i)) for i, pub in enumerate(pubs)]
        return replace(
            job,
            kind=kind,
            circuits=tuple(c for c in circuits if c is not None),
            shots=_shots(params.get("shots")),
            precision=_precision(params.get("precision")),
            options=dict(options),
            fields={**job.fields, **kept},
        )

    def _pub(self, pub: object, kind: str, path: Path) -> JobCircuit | None:
        if isinstance(pub, (str, dict)):
            if kind == "estimator":
                self.error("ibm.pub", "an estimator PUB is a list: [circuit, observables]", path)
                return None
            parts, places = [pub], [path]
        elif isinstance(pub, list):
            parts, places = pub, [(*path, i) for i in range(len(pub))]
        else:
            self.error("ibm.pub", f"a PUB is a list or a circuit, not {kind_of(pub)}", path)
            return None
        low, high = _KINDS[kind]
        if not low <= len(parts) <= high:
            article = "an" if kind == "estimator" else "a"
            self.error("ibm.pub", f"{article} {kind} PUB has {low} to {high} elements, this one has {len(parts)}", path)
            return None
        circuit = self._circuit(parts[0], places[0])
        rest = [*parts[1:], None, None, None]
        observables = None
        if kind == "estimator":
            observables = self._observables(rest.pop(0), places[1], circuit)
            precision, shots = _precision(rest[1]), None
        else:
            precision, shots = None, _shots(rest[1])
        index = 2 if kind == "estimator" else 1
        values = self._values(rest[0], places[index] if len(places) > index else path)
        if circuit is None:
            return None
        return JobCircuit(
            circuit,
            observables=observables,
            parameter_values=values,
            shots=shots,
            precision=precision,
            pointer=self.document.pointer(places[0]),
        )

    def _circuit(self, value: object, path: Path) -> Circuit | None:
        if isinstance(value, dict):
            if value.get("__type__") == "QuantumCircuit" or "__value__" in value or "b64_data" in value:
                self.error("ibm.qpy", "the circuit is in QPY, which only Qiskit reads", path, _QPY_HELP)
            else:
                self.error("ibm.pub", "a circuit is a text of OpenQASM 3", path)
            return None
        if not isinstance(value, str):
            self.error("ibm.pub", f"a circuit is a text of OpenQASM 3, not {kind_of(value)}", path)
            return None
        if not value.strip():
            self.error("ibm.pub", "the circuit is an empty text", path)
            return None
        if value.startswith("eJ") and not any(c in value for c in ";{\n"):
            self.error("ibm.qpy", "the circuit looks like QPY, which only Qiskit reads", path, _QPY_HELP)
            return None
        from qir.frontends.openqasm3 import read as read_openqasm

        program = read_openqasm(embedded(self.document, path, value), limits=self.limits)
        self.programs.append(program)
        self.found.extend(program.diagnostics)
        return program.circuits[0] if program.circuits else None

    def _observables(self, value: object, path: Path, circuit: Circuit | None) -> Any:
        try:
            return normalise(value)
        except ObservableError as problem:
            help = None
            if circuit is not None and isinstance(value, dict) and value and set(value) <= set(circuit.parameters):
                help = "these are parameter values: an estimator PUB is [circuit, observables, values, precision]"
            self.error("job.observable", str(problem), (*path, *problem.path), help)
        return None

    def _values(self, value: Any, path: Path) -> Any:
        """Values as JSON numbers, arrays unpacked; None when there are none or they are malformed."""
        if isinstance(value, dict) and value.get("__type__") == "ndarray":
            try:
                array = unpack_ndarray(value)
            except ValueError as problem:
                self.error("job.values", str(problem), path)
                return None
            return None if array.size == 0 and array.shape[-1:] == (0,) and array.ndim == 1 else array.tolist()
        if value is None:
            return None
        if isinstance(value, dict):
            return {name: self._numbers(inner, (*path, name)) for name, inner in value.items()}
        if isinstance(value, list):
            return self._numbers(value, path)
        self.error("job.values", f"parameter values are an object or a list, not {kind_of(value)}", path)
        return None

    def _numbers(self, value: Any, path: Path) -> Any:
        stack: list[tuple[Any, Path]] = [(value, path)]
        while stack:
            item, where = stack.pop()
            if isinstance(item, list):
                stack.extend((inner, (*where, i)) for i, inner in enumerate(item))
            elif not is_number(item):
                self.error("job.values", f"a parameter value is a number, not {kind_of(item)}", where)
                return value
        if isinstance(value, list):
            try:
                np.array(value, dtype=np.float64)
            except ValueError:
                self.error("job.values", "the parameter values are not a regular array", path)
        return value

    # -- executor --------------------------------------------------------------------------

    def _executor(self, job: JobSpec, params: Mapping[str, Any], path: Path) -> JobSpec:
        program = params.get("quantum_program")
        if program is None:
            self.error("json.missing", "the field 'quantum_program' is missing", path)
            return job
        here = (*path, "quantum_program")
        if not self.typed(program, dict, here, "quantum_program is an object"):
            return job
        options = params.get("options") or {}
        if not self.typed(options, dict, (*path, "options"), "options is an object"):
            options = {}
        circuits = program.get("circuits")
        if isinstance(circuits, dict) and "b64_data" in circuits:
            self.error("ibm.qpy", "the circuits are in QPY, which only Qiskit reads", (*here, "circuits"), _QPY_HELP)
            return job
        texts = circuits.get("data") if isinstance(circuits, dict) else None
        items = program.get("items")
        if not isinstance(texts, list):
            self.error("json.type", "circuits is an object with a list 'data' of texts", (*here, "circuits"))
        if not isinstance(items, list):
            self.error("json.type", "items is a list", (*here, "items"))
        if not isinstance(texts, list) or not isinstance(items, list):
            return job
        if len(texts) != len(items):
            self.error("ibm.pub", f"{len(texts)} circuits for {len(items)} items", (*here, "items"))
            return job
        shots = program.get("shots")
        read = []
        for i, (text, item) in enumerate(zip(texts, items)):
            circuit = self._circuit(text, (*here, "circuits", "data", i))
            values = self._arguments(item, (*here, "items", i))
            if circuit is not None:
                place = self.document.pointer((*here, "circuits", "data", i))
                read.append(JobCircuit(circuit, parameter_values=values, pointer=place))
        return replace(
            job,
            kind="executor",
            circuits=tuple(read),
            shots=_shots(shots),
            options=_sampler_options(options, program.get("meas_level")),
            fields={**job.fields, **{k: v for k, v in program.items() if k == "passthrough_data"}},
        )

    def _arguments(self, item: object, path: Path) -> Any:
        if not self.typed(item, dict, path, "an item is an object"):
            return None
        assert isinstance(item, dict)
        tensor = item.get("circuit_arguments")
        if not self.typed(tensor, dict, (*path, "circuit_arguments"), "circuit_arguments is a tensor object"):
            return None
        assert isinstance(tensor, dict)
        try:
            array = unpack_tensor(tensor)
        except ValueError as problem:
            self.error("job.values", str(problem), (*path, "circuit_arguments"))
            return None
        return None if array.shape == (0,) else array.tolist()


def _sampler_options(options: Mapping[str, Any], level: object) -> dict[str, Any]:
    """The executor's options as a sampler's."""
    execution = {k: options[k] for k in ("init_qubits", "rep_delay") if k in options}
    if isinstance(level, str) and level != "classified":
        execution["meas_type"] = level
    result: dict[str, Any] = {"execution": execution} if execution else {}
    if options.get("experimental"):
        result["experimental"] = options["experimental"]
    return result


def _shots(value: object) -> int | None:
    return value if is_int(value) and value > 0 else None


def _precision(value: object) -> float | None:
    return float(value) if is_number(value) and value > 0 else None
