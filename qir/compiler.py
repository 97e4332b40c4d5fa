"""compile(): read, lower, optimise, verify, emit.  And the readers and printers around it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Union

from qir.circuit import Circuit
from qir.compile_circuits import CircuitCompiler, PassHook
from qir.diagnostics import Diagnostic, error, warning
from qir.errors import CompileError, ParseError, UsageError
from qir.estimate import estimate
from qir.frontends import open_source, read
from qir.job import Emission, JobCircuit, JobSpec
from qir.limits import DEFAULT_LIMITS, Limits
from qir.lint.target_rules import TARGET_RULES
from qir.pipeline import Context
from qir.program import Program, has_errors
from qir.report import CircuitReport, Report
from qir.source import Source
from qir.targets import all_targets, find
from qir.targets.target import Target

__all__ = ["Compiled", "compile", "dumps", "load", "load_all", "load_job", "loads"]

AnySource = Union[Circuit, JobSpec, "os.PathLike[str]", str]


@dataclass(frozen=True)
class Compiled:
    """The result of a compile.

    payload: the job body, nothing else (empty without a target).    circuits: the compiled circuits.
    names: wire name in the service's results to the user's "register[bit]"; a list of such maps when
    the job has several circuits.    report: counts, passes, verification, estimate.
    diagnostics: warnings and notes.
    """

    payload: dict[str, Any]
    circuits: list[Circuit]
    names: dict[str, str] | list[dict[str, str]]
    report: Report
    diagnostics: list[Diagnostic]
    target: Target | None = None
    job: JobSpec | None = None

    @property
    def circuit(self) -> Circuit:
        """The compiled circuit; UsageError when the job has several."""
        if len(self.circuits) != 1:
            raise UsageError(f"the job has {len(self.circuits)} circuits; use .circuits")
        return self.circuits[0]

    def to_json(self) -> str:
        """The payload as JSON text, the same bytes for the same payload."""
        return json.dumps(self.payload, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


# -- reading and printing -----------------------------------------------------------------------


def load(path: str | os.PathLike[str], format: str | None = None, *, limits: Limits = DEFAULT_LIMITS) -> Circuit:
    """Read one circuit from a file.

    format: "openqasm3", "openqasm2", "ionq" or "ibm"; None decides by content.
    ParseError carries every diagnostic, also when the file holds a job of several circuits.
    """
    return _only(_read(open_source(path, limits=limits), format, limits))


def loads(text: str, format: str | None = None, *, limits: Limits = DEFAULT_LIMITS) -> Circuit:
    """Read one circuit from a text; see `load`."""
    return _only(_read(Source(text), format, limits))


def load_all(path: str | os.PathLike[str], format: str | None = None, *, limits: Limits = DEFAULT_LIMITS) -> list[Circuit]:
    """Every circuit of a job file (IonQ multi-circuit, IBM PUBs); one for a program."""
    return list(_read(open_source(path, limits=limits), format, limits).circuits)


def load_job(path: str | os.PathLike[str], format: str | None = None, *, limits: Limits = DEFAULT_LIMITS) -> JobSpec:
    """A job file with everything that is sent along; a program becomes a job of one circuit."""
    return _job_of(_read(open_source(path, limits=limits), format, limits))


def dumps(circuit: Circuit, format: str = "openqasm3") -> str:
    """Print a circuit: "openqasm3" (canonical, reads back equal) or "ionq" (the input object)."""
    if format == "openqasm3":
        return str(circuit)
    if format == "ionq":
        from qir.emitters.ionq import input_object

        return json.dumps(input_object(circuit), indent=2, allow_nan=False) + "\n"
    raise UsageError(f"there is no format {format!r}; there are openqasm3, ionq")


def _read(source: Source, format: str | None, limits: Limits) -> Program:
    program = read(source, format, limits=limits)
    if program.has_errors:
        raise ParseError(program.diagnostics)
    return program


def _only(program: Program) -> Circuit:
    if len(program.circuits) != 1:
        count = len(program.circuits)
        found = error(
            "job.empty" if not count else "job.program",
            f"this is a job of {count} circuits, not of one",
            help="use qir.load_all or qir.load_job",
        )
        raise ParseError([found])
    return program.circuits[0]


def _job_of(program: Program) -> JobSpec:
    if program.job is not None:
        return program.job
    return JobSpec(circuits=tuple(JobCircuit(c, name=c.name or None) for c in program.circuits))


# -- compiling ----------------------------------------------------------------------------------


def compile(
    source: AnySource | Sequence[AnySource],
    target: str | Target | None = None,
    *,
    optimization_level: int = 2,
    seed: int = 0,
    shots: int | None = None,
    precision: float | None = None,
    gateset: str | None = None,
    program: str | None = None,
    wire: str = "plain",
    observables: Any = None,
    parameter_values: Any = None,
    options: Mapping[str, Any] | None = None,
    layout: Sequence[int] | None = None,
    assume_zero: bool = False,
    verify: bool = True,
    format: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    on_pass: PassHook | None = None,
    progress: Callable[[int, int], None] | None = None,
    decoupling: str | None = None,
) -> Compiled:
    """Compile a program, a job, or a list of them into one job for a machine.

    source: a `Circuit`, a `JobSpec`, a path (`pathlib.Path`), a program's text, or a list of these.
    target: a machine's name, a `Target`, or None for the job's own machine; for a program without
        one, None optimises independently of any machine and the payload is empty.
    optimization_level: 0 only what the target forces .. 3 searches.
    shots, precision, observables, parameter_values, options: override what the job says.
    gateset: IonQ's "native", "qis" or "qasm3"; IBM's "fractional" (see `Target.fractional`).
    program: IBM's "sampler" or "estimator".
    wire: form of IBM's job: "plain", "strict" or "executor".
    layout: hardware qubit for each program qubit.    assume_zero: inputs are |0>, see the report.
    on_pass: called with (name, before, after) after every pass.
    decoupling: "XX", "XpXm" or "XY4" to fill idle time on IBM's machines here; the service has an option of its own.

    Raises ParseError, CompileError or UsageError; nothing else.
    """
    if optimization_level not in (0, 1, 2, 3):
        raise UsageError(f"optimization_level is 0, 1, 2 or 3, not {optimization_level!r}")
    if seed != 0 and not _is_count(seed):
        raise UsageError(f"seed is an integer from 0, not {seed!r}")
    job, programs = _gather(source, format, limits)
    machine = _machine(target, job)
    if gateset == "fractional":
        if machine is None or machine.vendor != "ibm":
            raise UsageError("the gateset fractional is for a machine of IBM's")
        machine = machine.fractional()
    found = [d for p in programs for d in p.diagnostics]
    job = _override(job, shots, precision, observables, parameter_values, options)
    found += _check(programs, machine)
    bind = False
    if machine is not None:
        if machine.retired and not any(d.slug == "target.retired" for d in found):
            found.append(warning("target.retired", f"{machine.name} is retired ({machine.retired})"))
        machine = _with_noise(machine, job.noise)
        function = machine.vendor == "ionq" and _is_function(job, program)
        bind = machine.vendor != "ibm" and not function
        if function or (machine.vendor == "ibm" and _ibm_program(job, program) == "estimator"):
            job = _unmeasured(job)
    chosen = _gateset(gateset, machine, job, program)
    if decoupling is not None:
        _check_decoupling(machine, job)
    place = tuple(layout) if layout else None
    context = Context(machine, chosen, seed, optimization_level, assume_zero, None, place, progress, decoupling)
    compiler = CircuitCompiler(context, limits, verify, on_pass)
    results = [result for entry in job.circuits for result in compiler.compile(entry, bind=bind)]
    reports: list[CircuitReport] = []
    for index, (entry, report) in enumerate(results):
        numbers = None
        if machine is not None:
            numbers = estimate(entry.circuit, machine, shots=entry.shots or job.shots, mitigated=_mitigated(job))
        reports.append(replace(report, name=report.name or str(index), estimate=numbers))
    done = replace(job, circuits=tuple(entry for entry, _ in results))
    emission = _emit(done, machine, chosen, program, wire)
    if has_errors(emission.diagnostics):
        raise CompileError([*found, *emission.diagnostics])
    names: dict[str, str] | list[dict[str, str]]
    names = emission.names[0] if len(emission.names) == 1 else list(emission.names)
    return Compiled(
        emission.payload,
        [c.circuit for c in done.circuits],
        names,
        Report(machine.name if machine else None, optimization_level, seed, assume_zero, names, tuple(reports)),
        [*found, *emission.diagnostics],
        machine,
        done,
    )


def _gather(source: AnySource | Sequence[AnySource], format: str | None, limits: Limits) -> tuple[JobSpec, list[Program]]:
    """One job out of all sources, and the programs that were read on the way."""
    if isinstance(source, Sequence) and not isinstance(source, str):
        parts = [_gather(s, format, limits) for s in source]
        if not parts:
            raise UsageError("there is nothing to compile: the list of sources is empty")
        first = next((job for job, _ in parts if job.vendor), parts[0][0])
        circuits = tuple(c for job, _ in parts for c in job.circuits)
        return replace(first, circuits=circuits), [p for _, programs in parts for p in programs]
    if isinstance(source, Circuit):
        return JobSpec(circuits=(JobCircuit(source, name=source.name or None),)), []
    if isinstance(source, JobSpec):
        return source, []
    if isinstance(source, str):
        if source.strip() and len(source) < 4096 and "\n" not in source and Path(source).suffix in _SUFFIXES:
            raise UsageError(f"{source!r} looks like a path; pass pathlib.Path({source!r}), or the text of the program")
        program = _read(Source(source), format, limits)
    elif isinstance(source, os.PathLike):
        program = _read(open_source(source, limits=limits), format, limits)
    else:
        raise UsageError(f"cannot compile a {type(source).__name__}; pass a Circuit, JobSpec, path or text")
    return _job_of(program), [program]


_SUFFIXES = {".qasm", ".qasm3", ".inc", ".json"}


def _machine(target: str | Target | None, job: JobSpec) -> Target | None:
    if isinstance(target, Target):
        return target
    name = target if target is not None else job.backend
    return None if name is None else find(name)


def _with_noise(target: Target, noise: Mapping[str, Any] | None) -> Target:
    """The simulator with the native gates of the machine whose noise it is to have."""
    model = noise.get("model") if noise else None
    if not target.simulator or model in (None, "ideal"):
        return target
    known = {t.name.removeprefix("qpu."): t for t in all_targets() if t.vendor == "ionq" and not t.simulator}
    machine = known.get(str(model))
    if machine is None:
        return target
    return replace(target, gates=machine.gates, entangler=machine.entangler, errors=machine.errors, durations=machine.durations)


def _override(
    job: JobSpec, shots: int | None, precision: float | None, observables: Any, values: Any, options: Mapping[str, Any] | None
) -> JobSpec:
    changes: dict[str, Any] = {}
    if shots is not None:
        if not _is_count(shots):
            raise CompileError([error("job.shots", f"shots is a whole number from 1, not {shots!r}")])
        changes["shots"] = shots
    if precision is not None:
        if not _is_positive(precision):
            raise CompileError([error("job.type", f"precision is a number above 0, not {precision!r}")])
        changes["precision"] = precision
    if options is not None:
        changes["options"] = dict(options)
    each: dict[str, Any] = {}
    if shots is not None:
        each["shots"] = None
    if precision is not None:
        each["precision"] = None
    if observables is not None:
        each["observables"] = observables
    if values is not None:
        each["parameter_values"] = values
    if each:
        changes["circuits"] = tuple(replace(c, **each) for c in job.circuits)
    return replace(job, **changes) if changes else job


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf")


def _check(programs: Sequence[Program], target: Target | None) -> list[Diagnostic]:
    """The rules of the machine and of the job's own service; CompileError when one is broken.

    What a compile mends (gates, connectivity, angles) is no error for an IBM job, nor for an IonQ job
    that is compiled for another machine than its own: those circuits are lowered anyway.
    """
    found: list[Diagnostic] = []
    for program in programs:
        if program.job is None:
            found.extend(d for rule in TARGET_RULES for d in rule().check(program, target))
        if program.job is None or (target is not None and program.job.vendor != target.vendor):
            continue
        if program.format == "ionq":
            from qir.lint.ionq_rules import check
        else:
            from qir.lint.ibm_rules import check
        moved = program.format == "ibm" or (target is not None and program.job.backend != target.name)
        found.extend(d for d in check(program, target) if not (moved and d.code.startswith("Q3")))
    if has_errors(found):
        raise CompileError(found)
    return found


def _mitigated(job: JobSpec) -> bool | None:
    """Whether the job asks for IonQ's debiasing; None when it leaves that to the service."""
    settings = job.options.get("error_mitigation")
    chosen = (settings if isinstance(settings, Mapping) else job.options).get("debiasing")
    return chosen if isinstance(chosen, bool) else None


def _check_decoupling(target: Target | None, job: JobSpec) -> None:
    """UsageError when idle time cannot be filled, or is filled by the service already."""
    if target is None or target.vendor != "ibm":
        raise UsageError("decoupling is for a machine of IBM's")
    service = job.options.get("dynamical_decoupling")
    if isinstance(service, Mapping) and service.get("enable"):
        raise UsageError("the job's options have the service decouple already: choose one of the two")


def _is_function(job: JobSpec, program: str | None) -> bool:
    """Whether the job becomes a quantum function of IonQ."""
    return program == "hamiltonian-energy" or (program is None and job.kind == "quantum-function")


def _gateset(gateset: str | None, target: Target | None, job: JobSpec, program: str | None) -> str | None:
    """IonQ's gateset: as asked, else native on machines, qis on the ideal simulator, qasm3 when dynamic."""
    if gateset not in (None, "native", "qis", "qasm3", "fractional"):
        raise UsageError(f"gateset is native, qis, qasm3 or fractional, not {gateset!r}")
    if target is None or target.vendor != "ionq":
        return gateset
    if gateset is not None:
        return gateset
    if _is_function(job, program):
        # The ansatz is sent as OpenQASM 3, with the observable measured by the service.
        return "qis"
    if any(c.circuit.is_mid_circuit for c in job.circuits):
        return "qasm3"
    ideal = target.simulator and not (job.noise and job.noise.get("model") not in (None, "ideal"))
    return "qis" if ideal else "native"


def _ibm_program(job: JobSpec, program: str | None) -> str:
    observed = any(c.observables is not None for c in job.circuits)
    return program or ("estimator" if observed else "sampler")


def _unmeasured(job: JobSpec) -> JobSpec:
    """The job without final measurements: the estimator ignores them, so no gate before them is idle."""
    return replace(job, circuits=tuple(replace(c, circuit=c.circuit.without_final_measurements()) for c in job.circuits))


def _emit(job: JobSpec, target: Target | None, gateset: str | None, program: str | None, wire: str) -> Emission:
    if target is None:
        return Emission({}, tuple({} for _ in job.circuits))
    if target.vendor == "ionq":
        from qir.emitters import ionq

        kind = "hamiltonian-energy" if program == "hamiltonian-energy" else job.kind
        return ionq.emit(replace(job, kind=kind), target, gateset=gateset or "native")
    if target.vendor == "ibm":
        from qir.emitters import ibm

        return ibm.emit(job, target, program=_ibm_program(job, program), wire=wire)
    from qir.emitters import local

    return local.emit(job, target)
