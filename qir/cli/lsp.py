"""`qcompile lsp`: the language server for editors."""

from __future__ import annotations

import click

from qir.lsp.server import make_server

__all__ = ["command"]


@click.command(name="lsp")
@click.option("-t", "--target", metavar="TARGET", help="Machine the programs are for.")
def command(target: str | None) -> None:
    """Serve the Language Server Protocol on standard input and output.

    Diagnostics as you type, hover, go to definition, completion, quick fixes.
    """
    make_server(target).start_io()
