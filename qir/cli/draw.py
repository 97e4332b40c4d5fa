"""`qcompile draw`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from qir.cli.common import write_output

__all__ = ["command"]


@click.command(name="draw")
@click.argument("source")
@click.option("--format", "form", type=click.Choice(["text", "svg"]), default="text", show_default=True)
@click.option("-o", "--output", metavar="OUT", help="File to write; default standard output.")
def command(source: str, form: str, output: str | None) -> None:
    """Draw the circuits of SOURCE, a program or a job.

    \b
    qcompile draw bell.qasm
    qcompile draw job.json --format svg -o job.svg
    """
    from qir.compiler import load_all
    from qir.drawing import draw_svg, draw_text
    from qir.errors import UsageError

    circuits = load_all(Path(source))
    if form == "svg":
        if len(circuits) != 1:
            raise UsageError(f"{source} holds {len(circuits)} circuits; an SVG shows one")
        write_output(draw_svg(circuits[0]), output)
        return
    width = shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() and output is None else None
    write_output("\n".join(draw_text(c, width) for c in circuits), output)
