"""What the subcommands share: printing diagnostics, writing files whole, reading JSON arguments."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qir.diagnostics import Diagnostic, render
from qir.errors import DiagnosedError, QirError, UsageError

__all__ = ["read_json", "show_diagnostics", "show_error", "use_colour", "write_output"]


def use_colour(stream: Any) -> bool:
    """Colour on a terminal, unless NO_COLOR is set (https://no-color.org); FORCE_COLOR overrides."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or bool(getattr(stream, "isatty", lambda: False)())


def show_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Print diagnostics to standard error."""
    import shutil

    width = min(shutil.get_terminal_size((100, 24)).columns - 6, 160)
    text = render(diagnostics, colour=use_colour(sys.stderr), width=max(40, width))
    if text:
        print(text, file=sys.stderr)


def show_error(problem: QirError) -> None:
    """Print an error: its diagnostics, or its message."""
    if isinstance(problem, DiagnosedError) and problem.diagnostics:
        show_diagnostics(problem.diagnostics)
    else:
        print(f"qcompile: {problem}", file=sys.stderr)


def write_output(text: str, path: str | None) -> None:
    """Write to a file, or to standard output for None and `-`.

    The file appears whole or not at all: a temporary file beside it is renamed into place.
    UsageError when it cannot be written.
    """
    if path is None or path == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    import shutil
    import tempfile

    target = Path(path)
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        if target.exists():
            shutil.copymode(target, temporary)
        else:
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, target)
    except OSError as problem:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise UsageError(f"cannot write {path}: {problem.strerror or problem}") from None


def read_json(path: str, what: str) -> Any:
    """The content of a JSON file given as an argument.  FileError or UsageError when it is none."""
    import json

    from qir.frontends import open_source

    text = open_source(path).text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{path} ({what}) is not JSON: {problem}") from None
