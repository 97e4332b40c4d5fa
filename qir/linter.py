"""lint(): read, then pure rules over the `Program`."""

from __future__ import annotations

import os
from typing import Any

from qir.circuit import Circuit
from qir.diagnostics import Diagnostic
from qir.errors import FileError, UsageError
from qir.frontends import open_source, read
from qir.limits import DEFAULT_LIMITS, Limits
from qir.program import Program
from qir.source import Source
from qir.targets import find
from qir.targets.target import Target

__all__ = ["lint", "lint_source"]


def lint(
    source: Circuit | os.PathLike[str] | str, target: str | Target | None = None, *, format: str | None = None,
    limits: Limits = DEFAULT_LIMITS, **job: Any,
) -> list[Diagnostic]:  # fmt: skip
    """Everything worth saying about a program or job before it is sent, in order of position.

    source: a circuit, a path (`pathlib.Path`), or a text.    target: the machine it is for; None for the
    one a job names.    job: shots and the like, as for `qir.compile`.
    UnknownTargetError for a target that does not exist; UsageError for a source of another type.
    """
    machine = find(target) if isinstance(target, str) else target
    if isinstance(source, Circuit):
        return lint_source(Source(str(source), "<circuit>"), machine, format="openqasm3", limits=limits)
    if isinstance(source, str):
        return lint_source(Source(source), machine, format=format, limits=limits)
    if not isinstance(source, os.PathLike):
        raise UsageError(f"cannot lint a {type(source).__name__}; pass a Circuit, a path or a text")
    try:
        opened = open_source(source, limits=limits)
    except FileError as problem:
        return problem.diagnostics
    return lint_source(opened, machine, format=format, limits=limits)


def lint_source(
    source: Source, target: Target | None, *, format: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> list[Diagnostic]:
    """Diagnostics of one source: the reader's, and those of the rules that apply."""
    program = read(source, format, limits=limits)
    found = [*program.diagnostics, *_service_rules(program, target)]
    return sorted(found, key=lambda d: (d.span.start if d.span and d.span.source is source else 0))


def _service_rules(program: Program, target: Target | None) -> list[Diagnostic]:
    if program.format == "ionq":
        from qir.lint.ionq_rules import check as check_ionq

        return check_ionq(program, target)
    if program.format == "ibm":
        from qir.lint.ibm_rules import check as check_ibm

        return check_ibm(program, target)
    return []
