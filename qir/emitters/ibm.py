"""IBM Qiskit Runtime jobs: sampler and estimator bodies in three wire forms.

- `plain`: the REST form of IBM's documentation (short PUBs, values by name).
- `strict`: what the Python client posts (models 0.1: full PUBs, arrays packed).
- `executor`: the newer program `executor` (model 2.0), for sampler-like jobs.

The circuits are already compiled for the target; see `ibm_dialect` for the text they become.
What the service or the machine would refuse is an error among the diagnostics of the `Emission`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qir.diagnostics import Diagnostic, error, info, warning
from qir.emitters.ibm_dialect import Text, prepare, write
from qir.emitters.ibm_values import Table, common_shape, letters_needed, on_wires, own_values, padded, renamed
from qir.errors import CompileError, UsageError
from qir.job import Emission, JobCircuit, JobSpec, Observables
from qir.observables import flatten, shape
from qir.program import has_errors
from qir.targets.ibm_arrays import pack_ndarray, pack_tensor
from qir.targets.ibm_hardware import check_circuit
from qir.targets.ibm_options import Problem, check_body, check_options, check_params
from qir.targets.target import Target

__all__ = ["DEFAULT_SHOTS", "WIRES", "emit"]

WIRES = ("plain", "strict", "executor")
DEFAULT_SHOTS = 4096
"""What the service takes when nobody says a number."""

_PARAMS_FIELDS = ("resilience_level", "support_qiskit", "version")
_OWN_FIELDS = frozenset({"name", "shots", "metadata"})


@dataclass(frozen=True)
class _Pub:
    """One PUB, before it is written in a wire form."""

    text: Text
    values: Table
    observables: Observables
    shots: int | None
    precision: float | None
    results: tuple[int, ...]


def emit(job: JobSpec, target: Target, *, program: str, wire: str = "plain") -> Emission:
    """The body of `POST /v1/jobs` for circuits that are compiled for `target`.

    program: "sampler" or "estimator".    wire: one of `WIRES`.
    Names map result keys ("c[0]") to the user's bits, for each circuit.
    UsageError for another program or wire.
    """
    if program not in ("sampler", "estimator"):
        raise UsageError(f"IBM's programs are sampler and estimator, not {program!r}")
    if wire not in WIRES:
        raise UsageError(f"the wire form is one of {', '.join(WIRES)}, not {wire!r}")
    return _Writer(job, target, program, wire).emission()


class _Writer:
    def __init__(self, job: JobSpec, target: Target, program: str, wire: str) -> None:
        ibm = job.vendor in (None, "ibm")
        self.job = job if ibm else replace(job, options={}, fields={})
        self.target = target
        self.program = program
        self.wire = wire
        self.found: list[Diagnostic] = []
        if not ibm and (job.options or job.fields):
            self.found.append(info("job.extra", f"settings of the {job.vendor} job have no meaning for IBM and are left out"))

    def emission(self) -> Emission:
        if self.wire == "executor" and self.program == "estimator":
            message = "the executor form has no observables: it returns samples only"
            self.found.append(error("job.program", message, help="use the wire form plain or strict"))
            return Emission({}, tuple({} for _ in self.job.circuits), tuple(self.found))
        pubs: list[_Pub] = []
        names: list[dict[str, str]] = []
        for entry in self.job.circuits:
            try:
                pub = self._pub(entry)
            except CompileError as problem:
                self.found.extend(_placed(d, entry.pointer) for d in problem.diagnostics)
                names.append({})
                continue
            pubs.append(pub)
            names.append(pub.text.names)
        if not self.job.circuits:
            self.found.append(warning("job.empty", "the job has no PUBs"))
        self._totals(pubs)
        body = self._body(pubs)
        size = len(json.dumps(body))
        limit = self.target.limits.get("bytes", 50_000_000)
        if size > limit:
            self.found.append(error("job.size", f"the job has {size} bytes; the service takes {limit:.0f}"))
        return Emission(body, tuple(names), tuple(self.found))

    # -- one PUB ---------------------------------------------------------------------------

    def _pub(self, entry: JobCircuit) -> _Pub:
        estimator = self.program == "estimator"
        circuit = entry.circuit
        own = None if entry.parameter_values is None else own_values(entry.parameter_values, circuit.parameters)
        prepared = prepare(
            circuit,
            self.target,
            estimator=estimator,
            values=None if own is None else own.columns,
            sweep=() if own is None else own.sweep,
        )
        if has_errors(prepared.diagnostics):
            raise CompileError(prepared.diagnostics)
        self._note(prepared.diagnostics, entry)
        observables: Observables = None
        needed = 0
        if estimator:
            if entry.observables is None:
                message = "the estimator needs an observable for every circuit"
                raise CompileError([error("job.observable", message, help="give one: --observable ZZ")])
            observables, remarks = on_wires(entry.observables, circuit.layout, circuit.num_qubits)
            self.found.extend(_placed(info("target.observable", text), entry.pointer) for text in remarks)
            needed = letters_needed(observables)
        elif entry.observables is not None:
            self.found.append(_placed(warning("job.observable", "the sampler takes no observables: left out"), entry.pointer))
        text = write(prepared, needed)
        if own is None:
            own = own_values(None, tuple(sorted(text.parameters.values())))
        own = Table({**own.columns, **prepared.added}, own.sweep)
        values = renamed(own, prepared.derived, text.parameters)
        if estimator:
            observables = padded(observables, max(text.width, needed, 1))
            if text.width == 0:
                text = write(prepared, 1)
        elif not text.names:
            message = "the circuit measures nothing: the result will be empty"
            self.found.append(_placed(warning("job.empty", message), entry.pointer))
        options = self.job.options
        self._note(check_circuit(prepared.circuit, self.target, self.program, options, pointer=entry.pointer or None), entry)
        results = common_shape(observables, values.sweep) if estimator else values.sweep
        return _Pub(text, values, observables, entry.shots, entry.precision, results)

    def _note(self, diagnostics: tuple[Diagnostic, ...] | list[Diagnostic], entry: JobCircuit) -> None:
        self.found.extend(_placed(d, entry.pointer) for d in diagnostics)

    # -- the whole -------------------------------------------------------------------------

    def _totals(self, pubs: list[_Pub]) -> None:
        if self.program == "sampler":
            default = self._default_shots()
            total = sum(int(np.prod(p.results, dtype=np.int64)) * (p.shots or default) for p in pubs)
            limit = self.target.limits.get("executions", 5_000_000)
            if total > limit:
                message = f"{total} executions (circuits after broadcasting, times shots); the service takes {limit:.0f}"
                self.found.append(error("job.size", message, help="split the job, or take fewer shots"))
            most = self.target.limits.get("shots")
            for p in pubs:
                if most and (p.shots or default) > most:
                    message = f"{p.shots or default} shots; {self.target.name} takes at most {most:.0f} for one circuit"
                    self.found.append(error("job.shots", message))

    def _default_shots(self) -> int:
        option = self.job.options.get("default_shots")
        if self.job.shots is not None:
            return self.job.shots
        return option if isinstance(option, int) and not isinstance(option, bool) and option > 0 else DEFAULT_SHOTS

    def _body(self, pubs: list[_Pub]) -> dict[str, Any]:
        kept = {k: v for k, v in self.job.fields.items() if k not in _PARAMS_FIELDS and k not in _OWN_FIELDS}
        if self.wire == "executor":
            params, passthrough = self._executor(pubs), kept.pop("passthrough_data", None)
            if passthrough is not None:
                params["quantum_program"]["passthrough_data"] = passthrough
        else:
            kept.pop("passthrough_data", None)
            params = self._strict(pubs) if self.wire == "strict" else self._plain(pubs)
        program = "executor" if self.wire == "executor" else self.program
        body = {"program_id": program, "backend": self.target.name, **kept, "params": params}
        problems = [*check_body(body), *(p._replace(path=("params", *p.path)) for p in self._params_problems(params, program))]
        self.found.extend(_diagnostic(p) for p in problems)
        return body

    def _params_problems(self, params: Mapping[str, Any], program: str) -> list[Problem]:
        options = params.get("options")
        found = check_options(options, program) if isinstance(options, Mapping) else []
        found = [p._replace(path=("options", *p.path)) for p in found]
        return found if program == "executor" else [*check_params(params, program), *found]

    def _common(self, support_qiskit: bool) -> dict[str, Any]:
        fields = self.job.fields
        common: dict[str, Any] = {"version": 2, "support_qiskit": support_qiskit}
        if self.program == "estimator" and "resilience_level" in fields:
            common["resilience_level"] = fields["resilience_level"]
        elif "resilience_level" in fields:
            self.found.append(warning("job.extra", "the sampler has no resilience_level: left out"))
        return common

    def _plain(self, pubs: list[_Pub]) -> dict[str, Any]:
        params: dict[str, Any] = {"pubs": [self._plain_pub(p) for p in pubs]}
        if self.job.options:
            params["options"] = self.job.options
        if self.program == "sampler" and self.job.shots is not None:
            params["shots"] = self.job.shots
        if self.program == "estimator" and self.job.precision is not None:
            params["precision"] = self.job.precision
        support = self.job.fields.get("support_qiskit", False)
        return {**params, **self._common(support)}

    def _plain_pub(self, pub: _Pub) -> list[Any]:
        values = {name: column.tolist() for name, column in sorted(pub.values.columns.items())} or None
        last: float | int | None = pub.precision if self.program == "estimator" else pub.shots
        parts: list[Any] = [pub.text.text]
        if self.program == "estimator":
            parts.append(pub.observables)
        parts += [values, last]
        while parts[-1] is None:
            parts.pop()
        return parts

    def _strict(self, pubs: list[_Pub]) -> dict[str, Any]:
        params: dict[str, Any] = {"pubs": [self._strict_pub(p) for p in pubs]}
        params["options"] = self.job.options
        common = self._common(bool(self.job.fields.get("support_qiskit", True)))
        return {**params, **common}

    def _strict_pub(self, pub: _Pub) -> list[Any]:
        if self.program == "sampler":
            return [pub.text.text, pack_ndarray(pub.values.matrix()), pub.shots or self._default_shots()]
        observables, values = pub.observables, pub.values.matrix()
        if len(shape(observables)) > 1:
            # The form knows lists of one level: the results come in C order instead.
            grid = np.broadcast_to(np.arange(len(flatten(observables))).reshape(shape(observables)), pub.results)
            items = flatten(observables)
            observables = [items[i] for i in grid.reshape(-1).tolist()]
            count = values.shape[-1]
            values = np.broadcast_to(values, (*pub.results, count)).reshape(-1, count) if pub.values.sweep else values
            text = f"observables of shape {pub.results} are sent as a list: the results come in C order"
            self.found.append(info("target.observable", text))
        return [pub.text.text, observables, pack_ndarray(values), pub.precision or self.job.precision]

    def _executor(self, pubs: list[_Pub]) -> dict[str, Any]:
        shots = {p.shots or self._default_shots() for p in pubs} or {self._default_shots()}
        if len(shots) > 1:
            message = f"the executor form has one number of shots for all circuits, not {', '.join(map(str, sorted(shots)))}"
            self.found.append(error("job.shots", message))
        options = self.job.options
        execution = options.get("execution") or {}
        lost = sorted(k for k in options if k not in ("execution", "experimental", "default_shots"))
        if lost:
            text = f"the executor form has no options {', '.join(lost)}"
            self.found.append(error("job.options", text, help="use the wire form plain or strict"))
        kept = {k: execution[k] for k in ("init_qubits", "rep_delay") if execution.get(k) is not None}
        if options.get("experimental"):
            kept["experimental"] = options["experimental"]
        items = [
            {"item_type": "circuit", "circuit_arguments": pack_tensor(p.values.matrix()), "shape": [], "chunk_size": "auto"}
            for p in pubs
        ]
        program = {
            "shots": max(shots),
            "meas_level": execution.get("meas_type", "classified"),
            "circuits": {"data": [p.text.text for p in pubs]},
            "items": items,
        }
        return {"schema_version": "v2.0", "options": kept, "quantum_program": program}


def _placed(diagnostic: Diagnostic, pointer: str) -> Diagnostic:
    if diagnostic.span is not None or diagnostic.pointer is not None or not pointer:
        return diagnostic
    return replace(diagnostic, pointer=pointer)


def _diagnostic(problem: Problem) -> Diagnostic:
    place = "".join(f"/{part}" for part in problem.path)
    return error(problem.slug, problem.message, pointer=place or None, help=problem.help)
