"""`qcompile explain CODE`."""

from __future__ import annotations

import click

from qir.codes import CODES, find
from qir.errors import UsageError

__all__ = ["command"]


@click.command(name="explain")
@click.argument("code")
def command(code: str) -> None:
    """Explain a diagnostic code such as Q130, or its slug such as qubit.duplicate."""
    import difflib

    row = find(code)
    if row is None:
        names = [*CODES, *(r.code for r in CODES.values())]
        near = difflib.get_close_matches(code, names, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"there is no diagnostic {code!r}{hint}")
    from qir.lint.manual import explain

    print(explain(row.slug), end="")
