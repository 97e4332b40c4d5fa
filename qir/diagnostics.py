"""What is wrong, where, why it matters and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qir.codes import CODES
from qir.source import Span

__all__ = ["Diagnostic", "Edit", "Fix", "Severity", "error", "info", "render", "warning"]


class Severity(StrEnum):
    """How bad it is: an `error` stops, a `warning` should be read, an `info` may be."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters from `start` to `end` (offsets in the file) by `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that removes the cause; `safe` when it cannot change what the program means."""

    edits: tuple[Edit, ...]
    safe: bool = True
    title: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.  `code` is stable, `slug` its readable name; `span` is None for a whole file."""

    code: str
    slug: str
    severity: Severity
    message: str
    span: Span | None = None
    pointer: str | None = None
    help: str | None = None
    fix: Fix | None = None

    def __str__(self) -> str:
        place = f"{self.span}: " if self.span else (f"{self.pointer}: " if self.pointer else "")
        return f"{place}{self.severity.value}[{self.code}]: {self.message}"

    def to_dict(self, file: str | None = None) -> dict[str, Any]:
        """The row of `qcompile lint --format json`; lines and columns count from 1."""
        span = self.span
        row: dict[str, Any] = {
            "code": self.code,
            "slug": self.slug,
            "severity": self.severity.value,
            "message": self.message,
            "file": span.source.name if span else file,
            "line": span.line if span else 1,
            "column": span.column if span else 1,
            "end_line": span.end_line if span else 1,
            "end_column": span.end_column if span else 1,
        }
        if self.pointer is not None:
            row["pointer"] = self.pointer
        if self.help:
            row["help"] = self.help
        if self.fix:
            edits = [{"start": e.start, "end": e.end, "text": e.text} for e in self.fix.edits]
            row["fix"] = {"safe": self.fix.safe, "edits": edits}
        return row


def _make(
    severity: Severity, slug: str, message: str, span: Span | None, pointer: str | None, help: str | None, fix: Fix | None
) -> Diagnostic:
    if pointer is None and span is not None:
        pointer = span.source.pointer
    return Diagnostic(CODES[slug].code, slug, severity, message, span, pointer, help, fix)


def error(
    slug: str,
    message: str,
    span: Span | None = None,
    *,
    pointer: str | None = None,
    help: str | None = None,
    fix: Fix | None = None,
) -> Diagnostic:
    """An error with the code that belongs to `slug`."""
    return _make(Severity.ERROR, slug, message, span, pointer, help, fix)


def warning(
    slug: str,
    message: str,
    span: Span | None = None,
    *,
    pointer: str | None = None,
    help: str | None = None,
    fix: Fix | None = None,
) -> Diagnostic:
    """A warning with the code that belongs to `slug`."""
    return _make(Severity.WARNING, slug, message, span, pointer, help, fix)


def info(
    slug: str,
    message: str,
    span: Span | None = None,
    *,
    pointer: str | None = None,
    help: str | None = None,
    fix: Fix | None = None,
) -> Diagnostic:
    """A note with the code that belongs to `slug`."""
    return _make(Severity.INFO, slug, message, span, pointer, help, fix)


_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}


def render(diagnostics: Iterable[Diagnostic], *, colour: bool = False, width: int = 100) -> str:
    """Diagnostics as text for a person: place, message, excerpt with carets, help."""

    def paint(text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if colour else text

    lines: list[str] = []
    for d in diagnostics:
        head = paint(f"{d.severity.value}[{d.code}]", "1;" + _COLOURS[d.severity])
        place = f"{d.span}: " if d.span else ""
        where = f" (at {d.pointer or '/'})" if d.pointer is not None else ""
        lines.append(f"{place}{head}: {d.message}{where}")
        if d.span is not None:
            number = str(d.span.line)
            text, carets = d.span.excerpt(width)
            gutter = " " * len(number)
            lines.append(f" {gutter} |")
            lines.append(f" {number} | {text}")
            lines.append(f" {gutter} | {paint(carets, '1;' + _COLOURS[d.severity])}")
        if d.help:
            lines.append(f"   {paint('help', '1;32')}: {d.help}")
    return "\n".join(lines)
