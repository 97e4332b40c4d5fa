"""The error tree.  Nothing else leaves the public API.

    QirError
    ├── ParseError            the text or payload has errors (carries .diagnostics)
    │   └── FileError         it could not be read at all
    ├── CompileError          the program cannot become what was asked (carries .diagnostics)
    │   ├── UnknownTargetError
    │   └── InternalError     a bug of ours; the message says what to report
    ├── UsageError            an argument makes no sense
    └── SubmitError           the service or the network refused
        └── UnknownOutcomeError   a job may exist; nothing was sent twice
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qir.diagnostics import Diagnostic

__all__ = [
    "CompileError",
    "FileError",
    "InternalError",
    "ParseError",
    "QirError",
    "SubmitError",
    "UnknownOutcomeError",
    "UnknownTargetError",
    "UsageError",
]


class QirError(Exception):
    """Root of every error that `qir` raises on purpose."""


class DiagnosedError(QirError):
    """An error that is explained by one or more diagnostics."""

    def __init__(self, diagnostics: Sequence[Diagnostic] | str) -> None:
        if isinstance(diagnostics, str):
            super().__init__(diagnostics)
            self.diagnostics: list[Diagnostic] = []
        else:
            self.diagnostics = list(diagnostics)
            super().__init__("\n".join(str(d) for d in self.diagnostics) or "unknown error")


class ParseError(DiagnosedError):
    """A program or payload has errors; `.diagnostics` holds every one that was found."""


class FileError(ParseError):
    """A file is missing, unreadable, or not text."""


class CompileError(DiagnosedError):
    """A program is sound but cannot be turned into what was asked for."""


class UnknownTargetError(CompileError):
    """No target has this name."""


class InternalError(CompileError):
    """A bug in qir: its own check refuted its own output."""


class UsageError(QirError):
    """An argument of a call or command makes no sense."""


class SubmitError(QirError):
    """The service or the network refused a request."""


class UnknownOutcomeError(SubmitError):
    """A request was sent and its outcome is not known; it must not be repeated blindly."""
