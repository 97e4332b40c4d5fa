"""lint(): read, then pure rules over the `Program`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qir.circuit import Circuit
from qir.diagnostics import Diagnostic, error
from qir.diagnostics import info as note
from qir.errors import FileError, QirError, UsageError
from qir.frontends import open_source, read
from qir.limits import DEFAULT_LIMITS, Limits
from qir.lint import RULES
from qir.lint.quick_fixes import with_fixes
from qir.lint.suppress import selected
from qir.program import Program
from qir.source import Source
from qir.targets import find
from qir.targets.target import Target

__all__ = ["lint", "lint_program", "lint_source"]

_ESTIMATED_OPS = 5_000


def lint(
    source: Circuit | os.PathLike[str] | str, target: str | Target | None = None, *, format: str | None = None,
    select: Sequence[str] = (), ignore: Sequence[str] = (), limits: Limits = DEFAULT_LIMITS, **job: Any,
) -> list[Diagnostic]:  # fmt: skip
    """Everything worth saying about a program or job before it is sent, in order of position.

    source: a circuit, a path (`pathlib.Path`), or a text.    target: the machine it is for; None for the
    one a job names.    select, ignore: codes, prefixes of codes, or slugs.    job: shots, observables and
    the like, as for `qir.compile`.
    UnknownTargetError for a target that does not exist; UsageError for a source of another type.
    """
    machine = find(target) if isinstance(target, str) else target
    if isinstance(source, Circuit):
        opened = Source(str(source), "<circuit>")
        format = "openqasm3"
    elif isinstance(source, str):
        opened = Source(source)
    elif isinstance(source, os.PathLike):
        try:
            opened = open_source(source, limits=limits)
        except FileError as problem:
            return problem.diagnostics
    else:
        raise UsageError(f"cannot lint a {type(source).__name__}; pass a Circuit, a path or a text")
    found = lint_source(opened, machine, format=format, limits=limits, **job)
    return selected(found, opened, select, ignore)


def lint_source(
    source: Source, target: Target | None, *, format: str | None = None, limits: Limits = DEFAULT_LIMITS, **job: Any
) -> list[Diagnostic]:
    """Diagnostics of one source: the reader's, and those of the rules that apply."""
    return lint_program(read(source, format, limits=limits), target, **job)


def lint_program(program: Program, target: Target | None, **job: Any) -> list[Diagnostic]:
    """Diagnostics of a program that was read."""
    found = [*program.diagnostics]
    for rule in RULES:
        found.extend(rule().check(program, target))
    found.extend(_service_rules(program, target))
    if target is not None and not any(d.severity.value == "error" for d in found):
        found.extend(_outlook(program, target, job))
    return sorted(with_fixes(_unique(found), program), key=lambda d: _order(d, program.source))


def _order(d: Diagnostic, source: Source) -> tuple[int, int]:
    if d.span is None:
        return (1, 0)
    return (0, d.span.start if d.span.source is source else 0)


def _unique(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """Without repetitions: a statement that stands for several gates is named once per message."""
    seen: set[tuple[str, str, int, str | None]] = set()
    kept = []
    for d in diagnostics:
        key = (d.code, d.message, d.span.start if d.span else -1, d.pointer)
        if key not in seen:
            seen.add(key)
            kept.append(d)
    return kept


def _service_rules(program: Program, target: Target | None) -> list[Diagnostic]:
    if program.format == "ionq":
        from qir.lint.ionq_rules import check as check_ionq

        return check_ionq(program, target)
    if program.format == "ibm":
        from qir.lint.ibm_rules import check as check_ibm

        return check_ibm(program, target)
    return []


def _outlook(program: Program, target: Target, job: dict[str, Any]) -> list[Diagnostic]:
    """What compiling for the machine would say: errors of the emitter, cost, duration, success."""
    if not program.circuits or sum(len(c.columns) for c in program.circuits) > _ESTIMATED_OPS:
        return []
    from qir.compiler import compile

    source = program.job if program.job is not None else list(program.circuits)
    try:
        compiled = compile(source, target, optimization_level=1, verify=False, **job)
    except QirError as problem:
        inner = getattr(problem, "diagnostics", None) or [error("job.program", str(problem))]
        return [d if d.span is not None or program.job is not None else replace(d, pointer=None) for d in inner]
    found: list[Diagnostic] = []
    for row in compiled.report.circuits:
        if row.estimate is not None:
            found.extend(_estimates(row.estimate, target))
    return found


def _estimates(estimate: dict[str, Any], target: Target) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    cost, success, duration = (estimate.get(k) for k in ("cost", "success_probability", "duration_us"))
    if cost:
        found += [note("estimate.cost", _price(c, cost["shots"]), help=c.get("note")) for c in (cost, *cost.get("others", ()))]
    if success is not None:
        message = f"a run on {target.name} is free of errors with probability {success:.3g}"
        formula = ": the product of 1 - error over all operations"
        origin = f"errors from {target.source}" if target.source else None
        found.append(note("estimate.success", message + formula, help=origin))
    if duration is not None:
        path = "all gates, one after the other" if "serial" in target.features else "the longest path of gates"
        found.append(note("estimate.duration", f"one run takes about {duration:.4g} us: {path}, and the measurement"))
    return found


def _price(cost: dict[str, Any], shots: int) -> str:
    """The amount with its formula, what went into it, and where and when the price was published."""
    quantities = ", ".join(f"{name} = {value:g}" for name, value in cost["quantities"].items())
    return (
        f"about {cost['amount']:.6g} {cost['currency']} for {shots} shots ({cost['provider']}): {cost['formula']}"
        f" with {quantities}; {cost['source']}, {cost['date']}"
    )
