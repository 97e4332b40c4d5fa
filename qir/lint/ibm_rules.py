"""Rules for IBM Qiskit Runtime jobs: what the service, its client or the machine refuses or misreads.

Each class is one rule; its docstring is the manual page.  `check` runs them all.  Sources, where
none is named: the service's OpenAPI description 0.45.3 (March 2026), ibm-quantum-schemas, the
checks of qiskit-ibm-runtime 0.51, and IBM's documentation, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from qir.diagnostics import Diagnostic, error, warning
from qir.errors import CompileError, UnknownTargetError
from qir.job import JobCircuit, JobSpec
from qir.json_text import Document, is_int, is_number
from qir.lint.ibm_dialect import dialect_problems
from qir.lint.rule import Rule
from qir.observables import PROJECTORS, flatten, shape
from qir.program import Program
from qir.source import Source
from qir.sweeps import value_rows
from qir.targets import find
from qir.targets.ibm_hardware import RZZ_LIMIT, check_circuit, walk
from qir.targets.ibm_options import Problem, check_body, check_options, check_params
from qir.targets.target import Target

__all__ = ["IBM_RULES", "check"]

_PRIMITIVES = ("sampler", "estimator")


def check(program: Program, target: Target | None) -> list[Diagnostic]:
    """Everything that is wrong or doubtful about an IBM job, for `target` or the machine it names."""
    document = program.data
    if not isinstance(document, Document) or not isinstance(document.value, Mapping):
        return []
    found: list[Diagnostic] = []
    if target is None:
        target, unknown = _machine(document)
        found.extend(unknown)
    for rule in IBM_RULES:
        found.extend(rule().check(program, target))
    return found


def _machine(document: Document) -> tuple[Target | None, list[Diagnostic]]:
    name = document.value.get("backend")
    if not isinstance(name, str) or not name:
        return None, []
    try:
        return find(name), []
    except UnknownTargetError:
        help = "the rules of single machines are not checked; give the machine's files with --configuration"
        return None, [document.warning("target.unknown", f"no machine is known as {name}", ("backend",), help=help)]


# -- what the rules look at --------------------------------------------------------------------


class _View:
    """A job as the rules see it: the JSON with its places, and the circuits when they were read."""

    def __init__(self, program: Program) -> None:
        assert isinstance(program.data, Document)
        self.document = program.data
        self.data: Mapping[str, Any] = program.data.value
        params = self.data.get("params")
        wrapped = isinstance(params, Mapping)
        self.whole = wrapped or not ("pubs" in self.data or "quantum_program" in self.data)
        self.params: Mapping[str, Any] = params if isinstance(params, Mapping) else ({} if self.whole else self.data)
        self.path: tuple[str | int, ...] = ("params",) if wrapped else ()
        self.job: JobSpec | None = program.job
        kind = self.data.get("program_id")
        self.kind = kind if kind in (*_PRIMITIVES, "executor") else (self.job.kind if self.job and self.job.kind else "sampler")
        options = self.params.get("options")
        self.options: Mapping[str, Any] = options if isinstance(options, Mapping) else {}
        pubs = self.params.get("pubs")
        self.pubs: list[Any] = pubs if isinstance(pubs, list) else []

    @property
    def primitive(self) -> str:
        """sampler or estimator: what the circuits run as."""
        return "estimator" if self.kind == "estimator" else "sampler"

    def texts(self) -> Iterator[tuple[str, tuple[str | int, ...]]]:
        """Every circuit text with its place."""
        for i, pub in enumerate(self.pubs):
            here = (*self.path, "pubs", i)
            if isinstance(pub, str):
                yield pub, here
            elif isinstance(pub, list) and pub and isinstance(pub[0], str):
                yield pub[0], (*here, 0)
        program = self.params.get("quantum_program")
        circuits = program.get("circuits") if isinstance(program, Mapping) else None
        data = circuits.get("data") if isinstance(circuits, Mapping) else None
        for i, text in enumerate(data if isinstance(data, list) else []):
            if isinstance(text, str):
                yield text, (*self.path, "quantum_program", "circuits", "data", i)

    def entries(self) -> Iterator[tuple[JobCircuit, tuple[str | int, ...]]]:
        """The circuits that were read, with the place of their PUB."""
        for i, entry in enumerate(self.job.circuits if self.job is not None else ()):
            yield entry, (*self.path, "pubs", i) if self.pubs else (*self.path, "quantum_program", "items", i)

    def problems(self, problems: Iterable[Problem], path: tuple[str | int, ...]) -> Iterator[Diagnostic]:
        for p in problems:
            missing = p.slug in ("job.extra", "job.required")
            yield self.document.error(p.slug, p.message, (*path, *p.path), help=p.help, key=missing and bool(p.path))

    def element(self, place: tuple[str | int, ...], index: int) -> tuple[str | int, ...]:
        """The place of an element of a PUB, or of the PUB when it is a bare circuit."""
        pub = self.pubs[place[-1]] if self.pubs and isinstance(place[-1], int) else None
        return (*place, index) if isinstance(pub, list) and len(pub) > index else place


class _IbmRule(Rule):
    """A rule over the view of a job."""

    def check(self, program: Program, target: Target | None) -> Iterable[Diagnostic]:
        return self.look(_View(program), target)

    def look(self, view: _View, target: Target | None) -> Iterable[Diagnostic]:
        raise NotImplementedError


# -- the rules ---------------------------------------------------------------------------------


class JobFields(_IbmRule):
    """Fields of the job that are missing, unknown, of the wrong type or out of range.

    What it does: holds the body of `POST /v1/jobs` and its `params` against the table of fields
    (`qir.targets.ibm_options`): names, types, at most 8 tags of at most 86 characters, cost from 0
    to 10800 seconds, log levels in small letters, session ids of at most 36 characters.

    Why it matters: the service refuses a body with fields it does not know.

    How to fix it: the help names the field that was probably meant; `supports_qiskit`, `hub`, `group`,
    `project` and `start_session` are found in old examples.
    """

    slug: ClassVar[str] = "job.extra"

    def look(self, view: _View, target: Target | None) -> Iterable[Diagnostic]:
        if view.whole:
            yield from view.problems(check_body(view.data), ())
            if "params" not in view.data:
                return
        if view.kind in _PRIMITIVES:
            yield from view.problems(check_params(view.params, view.kind), view.path)


class JobOptions(_IbmRule):
    """Options that the service or its client refuses.

    What it does: checks every option for its name, type, range and choices, and options that exclude
    each other: ZNE with PEC, measurement noise learning without mitigation, more parameters in an
    extrapolator than noise factors, kerneled results with measurement twirling, a repetition delay
    outside the machine's range.

    How to fix it: see the message; `resilience_level` stands beside options, not in it.
    """

    slug: ClassVar[str] = "job.options"

    def look(self, view: _View, target: Target | None) -> Iterable[Diagnostic]:
        path = (*view.path, "options")
        yield from view.problems(check_options(view.options, view.kind), path)
        execution = view.options if view.kind == "executor" else view.options.get("execution")
        delay = execution.get("rep_delay") if isinstance(execution, Mapping) else None
        if target is None or not is_number(delay) or "rep_delay_max" not in target.limits:
            return
        low, high = target.limits["rep_delay_min"], target.limits["rep_delay_max"]
        if not low <= delay <= high:
            where = (*path, "rep_delay") if view.kind == "executor" else (*path, "execution", "rep_delay")
            message = f"a repetition delay of {delay:g} s; {target.name} takes {low:g} to {high:g} s"
            # Machines change their range; the service clips or refuses by the present one.
            yield view.document.warning(self.slug, message, where)


class Shots(_IbmRule):
    """Numbers of shots, or precisions, that are refused or deprecated.

    What it does: shots are whole numbers from 1 to the machine's maximum, precisions numbers above 0;
    different ones for the PUBs of one job are deprecated since version 0.48 of the client.
    """

    slug: ClassVar[str] = "job.shots"

    def look(self, view: _View, target: Target | None) -> Iterable[Diagnostic]:
        index, word = (3, "precision") if view.kind == "estimator" else (2, "shots")
        values: list[Any] = []
        for i, pub in enumerate(view.pubs):
            value = pub[index] if isinstance(pub, list) and len(pub) > index else None
            place = (*view.path, "pubs", i, index)
            if value is None:
                values.append(None)
            elif view.kind == "estimator":
                if not is_number(value) or not value > 0:
                    yield view.document.error(self.slug, f"precision is a number above 0, not {value!r}", place)
                values.append(value)
            else:
                if not is_int(value) or value < 1:
                    yield view.document.error(self.slug, f"shots is a whole number of at least 1, not {value!r}", place)
                elif target is not None and value > target.limits.get("shots", value):
                    most = target.limits["shots"]
                    message = f"{value} shots; {target.name} takes at most {most:.0f} for one circuit"
                    yield view.document.error(self.slug, message, place)
                values.append(value)
        given = (view.params.get(word), view.options.get(f"default_{word}"), 4096 if word == "shots" else 0.015625)
        default = next(v for v in given if is_number(v) and v > 0)
        different = {default if v is None else v for v in values if v is None or is_number(v)}
        if len(different) > 1:
            listed = ", ".join(f"{v:g}" for v in sorted(different, key=float))
            help = "give one number for the job"
            message = f"different {word} in one job ({listed}) are deprecated"
            yield view.document.warning(self.slug, message, (*view.path, "pubs"), help=help)
        program = view.params.get("quantum_program")
        if isinstance(program, Mapping):
            shots = program.get("shots")
            if not is_int(shots) or shots < 1:
                place = (*view.path, "quantum_program", "shots")
                yield view.document.error(self.slug, f"shots is a whole number of at least 1, not {shots!r}", place)


class Dialect(_IbmRule):
    """OpenQASM 3 that the service's own reader does not take, and names that it changes.

    What it does: looks at each circuit's text for what `qiskit.qasm3.loads` refuses: constants,
    subroutines, switch, typed variables, functions and most operators in angles, conditions other than
    `c[0]`, `!c[0]` and `register == number`, gates that neither stdgates.inc nor the text defines, names
    that collide with a gate, declared qubits in place of `$0`, single bits, which give no result.

    Why it matters: the job is refused after it was queued; a single bit's result is lost silently.

    How to fix it: compile the job; the text is rewritten and the results are mapped back.
    """

    slug: ClassVar[str] = "target.dialect"

    def look(self, view: _View, target: Target | None) -> Iterable[Diagnostic]:
        for text, place in view.texts():
            source = Source(text, view.document.source.name, view.document.pointer(place))
            yield from dialect_problems(source)


class Hardware(_IbmRule):
    """Circuits that the machine does not run.

    What it does: every gate is held against the machine's gates, connections and directions, faulty
    qubits and connections, fractional angles; control flow against what runs (only if and else, not
    nested, no measurement or reset inside, at most 32 bits compared, none for the estimator); options
    against the circuit (dynamical decoupling with control flow, fractional gates with gate twirling, PEC
    or PEA); delays against the machine's grid; instruction counts.

    Why it matters: circuits are not changed by the service; what does not match is refused.

    How to fix it: compile for the machine.
    """

    slug: ClassVar[str] = "target.gate"

    def look(self, view: _View, target: Target | None) -> Iterable[Diagnostic]:
        for entry, place in view.entries():
            pointer = entry.pointer or view.document.pointer(place)
            yield from check_circuit(entry.circuit, target, view.primitive, view.options, pointer=pointer)


class Observables(_IbmRule):
    """Observables that do not fit the circuit as the service reads it.

    What it does: compares the length of each Pauli string with the number of qubits the service gives
    the circuit, which is the highest hardware qubit named in the text plus one, whatever the size of
    the machine; and finds letters other than I, X, Y and Z.

    Why it matters: the usual way (transpile, `dumps`, `apply_layout`) gives strings as long as the
    machine, which are refused.  Source: Qiskit issue 15481.

    How to fix it: compile the job, or name the last qubit in the text: `barrier $4;`.
    """

    slug: ClassVar[str] = "target.observable"

    def look(self, view: _View, target: Target | None) -> Iterable[Diagnostic]:
        for entry, place in view.entries():
            if view.kind != "estimator" or entry.observables is None:
                continue
            where = view.element(place, 1)
            circuit = entry.circuit
            named = max(circuit.touched_qubits, default=-1) + 1
            width = max(named, circuit.num_qubits if circuit.qregs else named)
            lengths = {len(letters) for one in flatten(entry.observables) for letters in one}
            letters = {letter for one in flatten(entry.observables) for text in one for letter in text}
            for length in sorted(lengths - {width}):
                help = f"the text names qubits up to ${width - 1}; barrier ${length - 1}; would widen it"
                if length < width:
                    help = f"write {width} letters, the rightmost for $0"
                message = f"an observable of {length} letters for a circuit of {width} qubits"
                yield view.document.error(self.slug, message, where, help=help)
            if letters & set(PROJECTORS):
                found = ", ".join(sorted(letters & set(PROJECTORS)))
                message = f"the service takes I, X, Y and Z, not {found}"
                help = "compiling writes projectors as sums of Paulis"
                yield view.document.error(self.slug, message, where, help=help)


class Values(_IbmRule):
    """Parameter values that do not fit the circuit.

    What it does: checks names and numbers of values, that observables and values broadcast, that
    values are finite, and that every rzz angle of every row lies in 0 to pi/2.  Positional values bind
    to the parameters sorted by name, not in the order of the input lines: a warning when the two differ.

    Why it matters: `_t_10_` sorts before `_t_2_`, so values given in order of declaration are permuted
    silently.

    How to fix it: give values by name.
    """

    slug: ClassVar[str] = "job.values"

    def look(self, view: _View, target: Target | None) -> Iterable[Diagnostic]:
        for entry, place in view.entries():
            yield from self._entry(view, entry, view.element(place, 2 if view.kind == "estimator" else 1))

    def _entry(self, view: _View, entry: JobCircuit, place: tuple[str | int, ...]) -> Iterator[Diagnostic]:
        circuit, values = entry.circuit, entry.parameter_values
        names = circuit.parameters
        if values is None and not names:
            return
        if values is None:
            yield view.document.error(self.slug, f"no values for the parameters {', '.join(names)}", place)
            return
        try:
            rows = value_rows(values, names)
        except CompileError as problem:
            for d in problem.diagnostics:
                yield view.document.error(self.slug, d.message, place, help=d.help)
            return
        if view.kind == "estimator" and entry.observables is not None:
            try:
                np.broadcast_shapes(shape(entry.observables), rows.shape[:-1])
            except ValueError:
                message = (
                    f"observables of shape {shape(entry.observables)} and values of shape {rows.shape[:-1]} do not broadcast"
                )
                yield view.document.error(self.slug, message, place)
                return
        declared = tuple(v.name for v in circuit.variables if v.kind == "input")
        if not isinstance(values, Mapping) and len(names) > 1 and declared != names:
            help = f"they bind to {', '.join(names)}; give them by name"
            message = "positional values bind in the order of the names, not of the input lines"
            yield view.document.warning(self.slug, message, place, help=help)
        yield from self._rzz(view, entry, rows, place)

    def _rzz(self, view: _View, entry: JobCircuit, rows: Any, place: tuple[str | int, ...]) -> Iterator[Diagnostic]:
        names = entry.circuit.parameters
        table = [dict(zip(names, row)) for row in rows.reshape(-1, len(names)).tolist()] if names else []
        for body, _ in walk(entry.circuit):
            symbolic = body.columns.symbolic
            for row in np.flatnonzero(symbolic).tolist():
                if body.opname(int(body.columns.opcode[row])) != "rzz":
                    continue
                angle = body.row_angles(row)[0]
                for number, binding in enumerate(table):
                    value = angle.bind(binding)
                    if value.is_number and not 0 <= value.constant <= RZZ_LIMIT:
                        span = body.span(row)
                        message = f"rzz runs for angles from 0 to pi/2; row {number} of the values makes {angle} {value}"
                        help = "compiling folds each row into that range"
                        yield error("target.angle", message, span, pointer=view.document.pointer(place), help=help)
                        break


class Sizes(_IbmRule):
    """Jobs that are larger than the service takes.

    What it does: circuits after broadcasting times shots are at most 5 million; the body at most 50 MB.

    Source: IBM documentation, "Job limits" and "Maximum execution time" (2026).
    """

    slug: ClassVar[str] = "job.size"

    def look(self, view: _View, target: Target | None) -> Iterable[Diagnostic]:
        size = len(view.document.source.text.encode("utf-8", "surrogatepass"))
        if size > 50_000_000:
            yield view.document.error(self.slug, f"the job has {size} bytes; the service takes 50 million")
        if view.kind == "estimator" or view.job is None:
            return
        default = view.job.shots or view.options.get("default_shots")
        default = default if is_int(default) and default > 0 else 4096
        total = 0
        for entry, _ in view.entries():
            try:
                rows = (
                    value_rows(entry.parameter_values, entry.circuit.parameters) if entry.parameter_values is not None else None
                )
            except CompileError:
                continue
            count = int(np.prod(rows.shape[:-1], dtype=np.int64)) if rows is not None else 1
            total += count * (entry.shots or default)
        if total > 5_000_000:
            message = f"{total} executions (circuits after broadcasting, times shots); the service takes 5 million"
            yield view.document.error(self.slug, message, (*view.path, "pubs"), help="split the job, or take fewer shots")


class EmptyJob(_IbmRule):
    """A job, or a circuit, whose result is empty.

    What it does: finds jobs without PUBs, and sampler circuits that measure nothing into a register.

    Why it matters: the job runs, costs time, and returns nothing.
    """

    slug: ClassVar[str] = "job.empty"

    def look(self, view: _View, target: Target | None) -> Iterable[Diagnostic]:
        if "pubs" in view.params and not view.pubs:
            yield view.document.warning(self.slug, "the job has no PUBs: there is nothing to run", (*view.path, "pubs"))
        for entry, place in view.entries():
            if view.primitive == "sampler" and not any(r.size and not r.scalar for r in entry.circuit.cregs):
                message = "the circuit has no classical register: the result will be empty"
                yield view.document.warning(self.slug, message, place, help="measure into a register: bit[1] c;")


class RetiredMachine(_IbmRule):
    """The job names a machine that is out of service.

    Why it matters: the service refuses the job.  All Eagles and ibm_torino are gone since April 2026.

    How to fix it: compile for another machine; `qcompile targets` marks the retired ones.
    """

    slug: ClassVar[str] = "target.retired"

    def look(self, view: _View, target: Target | None) -> Iterable[Diagnostic]:
        if target is not None and target.retired:
            place = ("backend",) if "backend" in view.data else ()
            message = f"{target.name} is retired ({target.retired})"
            yield warning(self.slug, message, view.document.span(place), pointer=view.document.pointer(place))


IBM_RULES: tuple[type[_IbmRule], ...] = (
    JobFields, JobOptions, Shots, Dialect, Hardware, Observables, Values, Sizes, EmptyJob, RetiredMachine,
)  # fmt: skip
"""Every rule for IBM jobs, in the order in which they run."""
