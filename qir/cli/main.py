"""The group of subcommands, the default one, and exit statuses."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from qir.errors import (
    CompileError,
    FileError,
    InternalError,
    ParseError,
    QirError,
    SubmitError,
    UnknownOutcomeError,
    UnknownTargetError,
    UsageError,
)
from qir.version import VERSION

__all__ = ["COMMANDS", "qcompile", "run"]

COMMANDS: dict[str, tuple[str, str]] = {
    "compile": ("qir.cli.compile", "Compile programs into a job body (the default command)."),
    "lint": ("qir.cli.lint", "Check programs and jobs before they are sent."),
    "verify": ("qir.cli.verify", "Tell whether two files mean the same circuit."),
    "run": ("qir.cli.run", "Run a program or payload on the built-in simulator."),
    "draw": ("qir.cli.draw", "Draw a circuit."),
    "targets": ("qir.cli.targets", "List the machines, or describe one."),
    "explain": ("qir.cli.explain", "Explain a diagnostic code."),
    "submit": ("qir.cli.submit", "Send a job."),
    "jobs": ("qir.cli.jobs", "List, watch, cancel and fetch jobs."),
    "serve": ("qir.cli.serve", "Run a local service that speaks both vendors' APIs."),
    "lsp": ("qir.cli.lsp", "Run the language server for editors."),
}
"""Subcommand to the module that holds it and a line of help; the module's `command` is the command."""


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is needed, and takes `compile` when none is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        try:
            command: click.Command = import_module(row[0]).command
        except ModuleNotFoundError as missing:
            if missing.name is not None and missing.name.startswith("qir"):
                raise
            raise UsageError(
                f"`qcompile {cmd_name}` needs the package {missing.name}; install it with: pip install 'qir[all]'"
            ) from None
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in COMMANDS and args[0] not in ("--help", "-h", "--version"):
            args = ["compile", *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="qcompile", message="%(prog)s %(version)s")
def qcompile() -> None:
    """Compile quantum circuits into jobs for IonQ and IBM machines, and check them first.

    \b
    qcompile bell.qasm -t qpu.forte-1          the job body, on standard output
    qcompile bell.qasm -t ibm_fez --shots 1000 -o job.json
    qcompile a.qasm --emit openqasm3           optimised, for no machine in particular
    qcompile lint bell.qasm -t qpu.forte-1     what the service would refuse or misread
    qcompile verify bell.qasm job.json         is it the same circuit?
    cat bell.qasm | qcompile - -t simulator

    `qcompile SOURCE...` is short for `qcompile compile SOURCE...`.
    Exit status: 0 done; 1 the input has errors; 2 wrong usage, unknown target, unreadable file;
    3 the service or network refused; 4 part of a batch failed; 5 outcome unknown; 70 a bug in qir.
    """


def exit_status(problem: QirError) -> int:
    """The exit status that belongs to an error."""
    if isinstance(problem, InternalError):
        return 70
    if isinstance(problem, (FileError, UnknownTargetError, UsageError)):
        return 2
    if isinstance(problem, (ParseError, CompileError)):
        return 1
    if isinstance(problem, UnknownOutcomeError):
        return 5
    return 3 if isinstance(problem, SubmitError) else 1


def run(arguments: Sequence[str], **settings: Any) -> int:
    """Run `qcompile` with these arguments and return its exit status."""
    try:
        status = qcompile.main(list(arguments), prog_name="qcompile", standalone_mode=False, **settings)
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as wrong:
        wrong.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output went away; point stdout elsewhere so that flushing at exit is quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except QirError as problem:
        from qir.cli.common import show_error

        show_error(problem)
        return exit_status(problem)
    except Exception as bug:
        print(_bug_report(bug), file=sys.stderr)
        return 70


def _bug_report(bug: BaseException) -> str:
    """What to report, without values that could hold a program or a secret."""
    import traceback

    frames = traceback.extract_tb(bug.__traceback__)
    place = " < ".join(f"{os.path.basename(f.filename)}:{f.lineno} {f.name}" for f in reversed(frames[-6:]))
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"qcompile: internal error: {type(bug).__name__}: {bug}\n"
        "This is a bug in qir. Please report it with the command, the source program and this line:\n"
        f"  qir {VERSION}, Python {python}, {sys.platform}: {place}"
    )
