"""`qcompile lint`: diagnostics of programs and jobs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from qir.cli.common import show_diagnostics
from qir.diagnostics import Diagnostic, Severity
from qir.errors import FileError

__all__ = ["command"]


@click.command(name="lint")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("-t", "--target", metavar="TARGET", help="Machine the program is for.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(sources: tuple[str, ...], target: str | None, form: str) -> int:
    """Check programs and jobs before they are sent.

    SOURCE is an OpenQASM program, an IonQ or IBM job, or - for standard input.  Exit status 1 when
    there is an error.
    """
    from qir.frontends import open_source
    from qir.linter import lint_source
    from qir.targets import find

    machine = find(target) if target is not None else None
    rows: list[dict[str, object]] = []
    errors = 0
    for name in sources:
        try:
            found: list[Diagnostic] = lint_source(open_source(Path(name)), machine)
        except FileError as problem:
            if len(sources) == 1:
                raise
            found = problem.diagnostics
        errors += sum(d.severity is Severity.ERROR for d in found)
        if form == "text":
            show_diagnostics(found)
        rows.extend(d.to_dict(name) for d in found)
    if form == "json":
        print(json.dumps(rows, indent=2))
    return 1 if errors else 0
