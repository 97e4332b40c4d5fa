"""Readers: each turns a `Source` into a `Program`.  To add one, add a row to `READERS`."""

from __future__ import annotations

import os
import re
import stat
import sys
from importlib import import_module
from pathlib import Path

from qir.diagnostics import error
from qir.errors import FileError, UsageError
from qir.limits import DEFAULT_LIMITS, Limits
from qir.program import Program
from qir.source import Source

__all__ = ["READERS", "detect", "open_source", "read"]

READERS: dict[str, str] = {
    "openqasm3": "qir.frontends.openqasm3",
    "openqasm2": "qir.frontends.openqasm3",
    "ionq": "qir.frontends.ionq_json",
    "ibm": "qir.frontends.ibm_json",
}
"""Format to the module whose `read` takes it."""

_VERSION_2 = re.compile(r"(?:\s++|//[^\r\n]*+|/\*.*?\*/)*+OPENQASM\s+2", re.DOTALL)
_IBM_KEYS = re.compile(r'"(?:program_id|pubs|quantum_program)"\s*:')


def read(source: Source, format: str | None = None, *, limits: Limits = DEFAULT_LIMITS) -> Program:
    """Read a text in a named format, or in the one its content shows.

    The program carries every diagnostic; it has no circuits when there are errors.
    UsageError for an unknown format.
    """
    chosen = format or detect(source.text, source.name)
    module = READERS.get(chosen)
    if module is None:
        raise UsageError(f"there is no format {chosen!r}; there are {', '.join(READERS)}")
    if limits.source_bytes is not None and len(source.text) > limits.source_bytes:
        found = error("limit.exceeded", f"the text has {len(source.text)} characters; the limit is {limits.source_bytes}")
        return Program(source, chosen, diagnostics=(found,))
    if chosen == "openqasm2":
        program: Program = import_module(module).read(source, limits=limits, version=2)
    else:
        program = import_module(module).read(source, limits=limits)
    return program


def detect(text: str, name: str = "") -> str:
    """The format of a text, by its content; of an empty one by the file's name."""
    if name.endswith(".json") and not text.strip():
        return "ionq"
    head = text[:4096].lstrip("\ufeff \t\r\n")
    if head.startswith(("{", "[")):
        return "ibm" if _IBM_KEYS.search(text) else "ionq"
    if _VERSION_2.match(head) or (not re.search(r"\bOPENQASM\b", head) and "qelib1.inc" in head):
        return "openqasm2"
    return "openqasm3"


def open_source(path: str | os.PathLike[str], *, limits: Limits = DEFAULT_LIMITS) -> Source:
    """The text of a regular file, or of standard input for `-`.

    UTF-8, with or without a byte order mark.  FileError says what is wrong and what to do.
    """
    name = os.fspath(path)
    bound = limits.source_bytes
    if name == "-":
        data = sys.stdin.buffer.read() if bound is None else sys.stdin.buffer.read(bound + 1)
        return Source(_decode(data, "-", bound), "-")
    file = Path(name)
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            kind = "a folder" if file.is_dir() else "not a regular file"
            raise _unreadable(f"{name} is {kind}", "name a file, or - for standard input")
        with file.open("rb") as handle:
            data = handle.read() if bound is None else handle.read(bound + 1)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        raise _unreadable(f"cannot read {name}: {reason}", "check the path and its permissions") from None
    return Source(_decode(data, name, bound), name)


def _decode(data: bytes, name: str, bound: int | None) -> str:
    if bound is not None and len(data) > bound:
        raise FileError([error("limit.exceeded", f"{name} is larger than {bound} bytes", help="raise Limits.source_bytes")])
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _not_text(name, "it is UTF-16", "save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise _not_text(name, f"byte {problem.start} is not UTF-8", "is it a text file?") from None


def _unreadable(message: str, help: str) -> FileError:
    return FileError([error("file.unreadable", message, help=help)])


def _not_text(name: str, reason: str, help: str) -> FileError:
    return FileError([error("file.encoding", f"{name} is not text: {reason}", help=help)])
