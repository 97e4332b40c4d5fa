"""`qcompile verify A B`."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command(name="verify")
@click.argument("a")
@click.argument("b")
@click.option("--assume-zero", is_flag=True, help="Compare only what they do to |0...0>.")
def command(a: str, b: str, assume_zero: bool) -> int:
    """Tell whether two files mean the same circuit.

    A and B may be in any supported format, so a source can be held against its payload.
    Exit status 0 when proved or tested, 1 when refuted, 5 when it could not be decided.
    """
    from qir.compiler import load
    from qir.verify import equivalent

    result = equivalent(load(Path(a)), load(Path(b)), assume_zero=assume_zero)
    method = f" ({result.method})" if result.method else ""
    print(f"{result.verdict}{method}" + (f": {result.detail}" if result.detail else ""))
    return {"proved": 0, "tested": 0, "refuted": 1}.get(result.verdict, 5)
