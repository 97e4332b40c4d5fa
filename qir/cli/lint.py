"""`qcompile lint`: diagnostics of programs and jobs."""

from __future__ import annotations

import glob
import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from qir.cli.common import show_diagnostics, use_colour, write_output
from qir.diagnostics import Diagnostic, Severity, render
from qir.errors import FileError, UsageError
from qir.version import VERSION

__all__ = ["command"]

SUFFIXES = (".qasm", ".qasm3", ".json")
_JOB = re.compile(rb'"(?:circuits?|gateset|pubs|program_id|quantum_program|ionq\.[\w.]+)"')
_LOOKED_AT = 1_000_000


@click.command(name="lint")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("-t", "--target", metavar="TARGET", help="Machine the program is for.")
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif", "github"]), default="text", show_default=True,
              help="What to print.")
@click.option("--select", metavar="CODES", help="Only these codes, prefixes or slugs, separated by commas.")
@click.option("--ignore", metavar="CODES", help="Not these codes, prefixes or slugs, separated by commas.")
@click.option("--fix", is_flag=True, help="Apply the fixes that cannot change what a program means.")
@click.option("--unsafe-fixes", is_flag=True, help="Apply the other fixes too.")
@click.option("--diff", "show_diff", is_flag=True, help="Print what --fix would change; write nothing.")
@click.option("--statistics", is_flag=True, help="Count findings by code.")
@click.option("--shots", type=click.IntRange(1), metavar="N", help="Shots, for the estimates.")
@click.option("--stdin-filename", metavar="F", help="Name for standard input in the findings.")
def command(
    sources: tuple[str, ...], target: str | None, form: str, select: str | None, ignore: str | None, fix: bool,
    unsafe_fixes: bool, show_diff: bool, statistics: bool, shots: int | None, stdin_filename: str | None,
) -> int:  # fmt: skip
    """Check programs and jobs before they are sent.

    SOURCE is an OpenQASM program, an IonQ or IBM job, a folder, a pattern such as 'circuits/*.qasm',
    or - for standard input.  In folders, JSON files that are no jobs are left out.  A comment
    `// qcompile: ignore[Q203]` silences a line.  Exit status 1 when there is an error, 2 when a file
    cannot be read.

    \b
    qcompile lint bell.qasm -t ibm_fez
    qcompile lint circuits/ --format sarif > findings.sarif
    qcompile lint bell.qasm --fix
    """
    from qir.frontends import open_source
    from qir.lint.config import find_config
    from qir.lint.fixes import diff, fix_all
    from qir.lint.suppress import selected
    from qir.linter import lint_source
    from qir.source import Source
    from qir.targets import find

    config = find_config(Path.cwd())
    wanted = _codes(select) or config.select
    unwanted = _codes(ignore) or config.ignore
    name = target or config.target
    machine = find(name) if name is not None else None
    job: dict[str, Any] = {} if shots is None else {"shots": shots}

    def look(source: Source) -> list[Diagnostic]:
        return selected(lint_source(source, machine, **job), source, wanted, unwanted)

    findings: list[tuple[str, Diagnostic]] = []
    changed = 0
    unreadable = False
    files = list(_files(sources))
    for number, file in enumerate(files, 1):
        if len(files) > 20 and sys.stderr.isatty():
            print(f"\r{number}/{len(files)} ", end="", file=sys.stderr)
        shown = stdin_filename if file == "-" and stdin_filename else file
        try:
            source = open_source(file)
        except FileError as problem:
            if len(files) == 1:
                raise
            findings.extend((shown, d) for d in problem.diagnostics)
            unreadable = True
            continue
        if shown != file:
            source = Source(source.text, shown)
        if show_diff:
            found = look(source)
            fixed, _, _ = fix_all(source, look, unsafe=unsafe_fixes)
            sys.stdout.write(diff(source.text, fixed.text, shown))
        elif fix or unsafe_fixes:
            fixed, found, count = fix_all(source, look, unsafe=unsafe_fixes)
            if file == "-":
                sys.stdout.write(fixed.text)
            elif count:
                write_output(fixed.text, file)
            changed += count
        else:
            found = look(source)
        findings.extend((shown, d) for d in found)
    if form == "text":
        diagnostics = [d for _, d in findings]
        if fix or unsafe_fixes or show_diff:
            show_diagnostics(diagnostics)
        elif diagnostics:
            print(render(diagnostics, colour=use_colour(sys.stdout)))
    elif not show_diff:
        from qir.lint.formats import github, sarif, to_json

        text = sarif(findings, VERSION) if form == "sarif" else to_json(findings) if form == "json" else github(findings)
        sys.stdout.write(text)
    _summary(findings, statistics, changed)
    if unreadable:
        return 2
    return 1 if any(d.severity is Severity.ERROR for _, d in findings) else 0


def _codes(text: str | None) -> tuple[str, ...]:
    from qir.lint.suppress import unknown_codes

    codes = tuple(c.strip() for c in (text or "").split(",") if c.strip())
    if unknown := unknown_codes(codes):
        raise UsageError(f"there is no diagnostic {', '.join(unknown)}; see `qcompile explain`")
    return codes


def _files(sources: Iterable[str]) -> Iterable[str]:
    """Files as named, those in folders, and those a pattern finds; sorted, each once."""
    seen: set[str] = set()
    for source in sources:
        path = Path(source)
        if source == "-":
            found = ["-"]
        elif path.is_dir():
            found = sorted(p.as_posix() for p in path.rglob("*") if _is_wanted(p, path))
        elif not path.exists() and glob.has_magic(source):
            found = sorted(glob.glob(source, recursive=True))
        else:
            found = [source]
        for file in found:
            if file not in seen:
                seen.add(file)
                yield file


def _is_wanted(path: Path, folder: Path) -> bool:
    """Whether a file in a folder is a program or job, and not in a hidden folder or among installed packages."""
    inner = path.relative_to(folder).parts
    if path.suffix not in SUFFIXES or any(part.startswith(".") or part == "node_modules" for part in inner):
        return False
    if not path.is_file():
        return False
    return path.suffix != ".json" or _is_job(path)


def _is_job(path: Path) -> bool:
    """Whether a JSON file looks like a job: folders hold many that are none."""
    try:
        with path.open("rb") as stream:
            return _JOB.search(stream.read(_LOOKED_AT)) is not None
    except OSError:
        return True


def _summary(findings: list[tuple[str, Diagnostic]], statistics: bool, changed: int) -> None:
    if statistics:
        counts = Counter((d.code, d.slug) for _, d in findings)
        for (code, slug), count in sorted(counts.items(), key=lambda row: (-row[1], row[0])):
            print(f"{count:>6}  {code}  {slug}", file=sys.stderr)
    if changed:
        print(f"{changed} {'fix' if changed == 1 else 'fixes'} applied", file=sys.stderr)
    errors = sum(d.severity is Severity.ERROR for _, d in findings)
    warnings = sum(d.severity is Severity.WARNING for _, d in findings)
    if errors or warnings:
        print(f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}", file=sys.stderr)
