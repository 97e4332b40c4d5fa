"""`qcompile compile`: programs in, a job body out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qir.cli.common import read_json, show_diagnostics, show_error, write_output
from qir.cli.progress import Progress
from qir.errors import QirError, UsageError

if TYPE_CHECKING:
    from qir.circuit import Circuit
    from qir.compiler import Compiled

__all__ = ["command", "parse_observables"]


@click.command(name="compile")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("-t", "--target", metavar="TARGET", help="Machine, by the vendor's own name; see `qcompile targets`.")
@click.option("-O", "--optimization-level", "level", type=click.IntRange(0, 3), default=2, show_default=True,
              help="0 only what the target forces, 1 linear time, 2 default, 3 searches.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of every random choice.")
@click.option("-o", "--output", metavar="OUT", help="File to write (with --separate, a folder); default standard output.")
@click.option("--emit", type=click.Choice(["payload", "openqasm3", "ionq", "report"]), default="payload", show_default=True,
              help="The job body, the compiled circuit, or what the compile did.")
@click.option("--gateset", type=click.Choice(["qis", "native", "qasm3", "fractional"]),
              help="IonQ: gates of the job.  IBM: fractional adds rx and rzz to a machine that has them.")
@click.option("--shots", type=click.IntRange(1), metavar="N", help="Repetitions.")
@click.option("--precision", type=float, metavar="P", help="IBM estimator: standard error to reach.")
@click.option("--program", type=click.Choice(["sampler", "estimator", "hamiltonian-energy"]), help="Kind of job.")
@click.option("--observable", "observables", multiple=True, metavar="'ZZ'|JSON",
              help="Observable to estimate, rightmost letter on qubit 0; JSON for sums: '{\"ZZ\": 1, \"XX\": 0.5}'.")
@click.option("--values", metavar="FILE", help="JSON file with parameter values: {name: number or list}, or lists.")
@click.option("--options", "options_file", metavar="FILE", help="JSON file with the service's options.")
@click.option("--wire", type=click.Choice(["plain", "strict", "executor"]), default="plain", show_default=True,
              help="IBM: form of the job body.")
@click.option("--layout", metavar="0,1,..", help="Hardware qubit for each program qubit.")
@click.option("--decoupling", type=click.Choice(["XX", "XpXm", "XY4"]), help="IBM: fill idle time with these pulses.")
@click.option("--assume-zero", is_flag=True, help="Use that qubits start in |0> for more than placement.")
@click.option("--configuration", metavar="FILE", help="IBM: the machine's configuration as the service returns it.")
@click.option("--properties", metavar="FILE", help="IBM: the machine's calibration as the service returns it.")
@click.option("--report", "report_file", metavar="FILE", help="Also write the report as JSON.")
@click.option("--no-verify", is_flag=True, help="Do not check that the result is the same circuit.")
@click.option("--verify-each", is_flag=True, help="Check after every pass.")
@click.option("--print-after", metavar="PASS", multiple=True, help="Print the circuit after this pass.")
@click.option("--time-passes", is_flag=True, help="Print the time of every pass.")
@click.option("--separate", is_flag=True, help="One job per source, into the folder OUT.")
def command(sources: tuple[str, ...], separate: bool, output: str | None, **options: Any) -> int:
    """Compile programs into one job body.

    SOURCE is an OpenQASM 3 or 2 program, an IonQ or IBM job, or - for standard input.  Several
    sources make one job (IonQ multi-circuit, IBM PUBs).  The result goes to standard output or to
    the file given with -o; diagnostics go to standard error.

    \b
    qcompile examples/bell.qasm -t qpu.forte-1 --shots 1000
    qcompile ansatz.qasm -t ibm_fez --observable ZZ --values values.json
    qcompile a.qasm b.qasm -t simulator -o job.json --report report.json
    """
    if not separate:
        _one_job([_path(s) for s in sources], output, **options)
        return 0
    if output is None:
        raise UsageError("--separate needs a folder to write to: add -o FOLDER")
    folder = Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UsageError(f"cannot make the folder {output}: {problem.strerror or problem}") from None
    failed = 0
    taken: set[str] = set()
    suffix = ".qasm" if options["emit"] == "openqasm3" else ".json"
    for number, source in enumerate(sources, 1):
        if len(sources) > 1 and sys.stderr.isatty():
            print(f"[{number}/{len(sources)}] {source}", file=sys.stderr)
        stem = "stdin" if source == "-" else Path(source).stem
        name, count = stem, 1
        while name in taken:
            count += 1
            name = f"{stem}-{count}"
        taken.add(name)
        try:
            _one_job([_path(source)], str(folder / (name + suffix)), **options)
        except QirError as problem:
            show_error(problem)
            failed += 1
    if not failed:
        return 0
    print(f"qcompile: {failed} of {len(sources)} sources failed", file=sys.stderr)
    return 4 if failed < len(sources) else 1


def _path(source: str) -> Path:
    return Path(source)


def _one_job(
    paths: list[Path],
    output: str | None,
    *,
    target: str | None,
    level: int,
    seed: int,
    emit: str,
    gateset: str | None,
    shots: int | None,
    precision: float | None,
    program: str | None,
    observables: tuple[str, ...],
    values: str | None,
    options_file: str | None,
    wire: str,
    layout: str | None,
    decoupling: str | None,
    assume_zero: bool,
    configuration: str | None,
    properties: str | None,
    report_file: str | None,
    no_verify: bool,
    verify_each: bool,
    print_after: tuple[str, ...],
    time_passes: bool,
) -> None:
    from qir import compiler
    from qir.targets import find
    from qir.targets.target import Target

    machine: str | Target | None = target
    if configuration is not None:
        machine = Target.from_ibm(
            read_json(configuration, "configuration"), read_json(properties, "properties") if properties else None
        )
    elif properties is not None:
        raise UsageError("--properties goes with --configuration")
    elif target is not None:
        machine = find(target)
    if emit == "ionq" and machine is None:
        machine = find("simulator")
    watcher = _Watcher(print_after, verify_each, assume_zero)
    with Progress("compiling") as progress:
        compiled = compiler.compile(
            paths if len(paths) > 1 else paths[0],
            machine,
            optimization_level=level,
            seed=seed,
            shots=shots,
            precision=precision,
            gateset=gateset,
            program=program,
            wire=wire,
            observables=parse_observables(observables),
            parameter_values=read_json(values, "parameter values") if values else None,
            options=read_json(options_file, "options") if options_file else None,
            layout=_layout(layout),
            decoupling=decoupling,
            assume_zero=assume_zero,
            verify=not no_verify,
            on_pass=watcher,
            progress=progress,
        )
    show_diagnostics(compiled.diagnostics)
    if time_passes:
        _print_times(compiled)
    if emit == "payload" and compiled.target is None:
        raise UsageError("--emit payload needs a target: add -t TARGET, or use --emit openqasm3, ionq or report")
    text = _text(compiled, emit)
    if report_file is not None:
        write_output(_json(compiled.report.to_dict()), report_file)
    write_output(text, output)


class _Watcher:
    """Prints and checks circuits between passes."""

    def __init__(self, names: tuple[str, ...], verify: bool, assume_zero: bool) -> None:
        from qir.pipeline import PASSES

        unknown = sorted(set(names) - set(PASSES))
        if unknown:
            raise UsageError(f"there is no pass {', '.join(unknown)}; there are {', '.join(PASSES)}")
        self._names, self._verify, self._assume_zero = names, verify, assume_zero

    def __call__(self, name: str, before: Circuit, after: Circuit) -> None:
        if name in self._names:
            print(f"// after {name}\n{after}", file=sys.stderr)
        if self._verify:
            from qir.errors import InternalError
            from qir.verify import equivalent

            result = equivalent(before, after, assume_zero=self._assume_zero)
            print(f"{name}: {result.verdict} ({result.method or result.detail})", file=sys.stderr)
            if result.verdict == "refuted":
                raise InternalError(f"the pass {name} changed the circuit: {result.detail}")


def parse_observables(texts: tuple[str, ...]) -> Any:
    """Observables as given on the command line: None, one, or a list.  UsageError for bad JSON."""
    if not texts:
        return None
    parsed: list[Any] = []
    for text in texts:
        if text.lstrip()[:1] in ("{", "["):
            try:
                parsed.append(json.loads(text))
            except ValueError as problem:
                raise UsageError(f"--observable {text!r} is not JSON: {problem}") from None
        else:
            parsed.append(text)
    return parsed[0] if len(parsed) == 1 else parsed


def _layout(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--layout is a list of hardware qubits such as 0,1,2, not {text!r}") from None


def _text(compiled: Compiled, emit: str) -> str:
    from qir.compiler import dumps

    if emit == "report":
        return _json(compiled.report.to_dict())
    if emit == "ionq":
        if compiled.target is None or compiled.target.vendor != "ionq":
            parts = [json.loads(dumps(c, "ionq")) for c in compiled.circuits]
            return _json(parts[0] if len(parts) == 1 else parts)
        return _json(compiled.payload["input"])
    if emit == "openqasm3" or (compiled.target is not None and compiled.target.vendor == "local"):
        texts = [dumps(c) for c in compiled.circuits]
        if len(texts) == 1:
            return texts[0]
        return "\n".join(f"// circuit {i}\n{text}" for i, text in enumerate(texts))
    return compiled.to_json()


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _print_times(compiled: Compiled) -> None:
    for circuit in compiled.report.circuits:
        total = sum(p.seconds for p in circuit.passes)
        print(f"{circuit.name}: {total * 1e3:.2f} ms in {len(circuit.passes)} passes", file=sys.stderr)
        for p in circuit.passes:
            print(f"  {p.name:<28} {p.seconds * 1e3:9.3f} ms  {p.ops_before:>8} -> {p.ops_after} ops", file=sys.stderr)
