"""What a JSON reader has to say: errors one by one, repeated warnings once with their number."""

from __future__ import annotations

from dataclasses import dataclass, field

from qir.diagnostics import Diagnostic, Severity
from qir.json_text import Document, Path
from qir.limits import Limits

__all__ = ["Findings"]


def _indices(path: Path) -> list[int]:
    return [part for part in path if isinstance(part, int)]


@dataclass
class Findings:
    """Collects diagnostics.  Places are looked up when a finding is kept, so what is beyond the
    limit of errors costs nothing."""

    document: Document
    limits: Limits
    errors: int = 0
    _kept: list[Diagnostic] = field(default_factory=list)
    _notes: dict[str, tuple[str, str, Path, str | None, int]] = field(default_factory=dict)

    def error(self, slug: str, message: str, path: Path, *, help: str | None = None, key: bool = False) -> None:
        """Report an error at a path."""
        self.errors += 1
        if self.limits.errors is None or self.errors <= self.limits.errors:
            self._kept.append(self.document.error(slug, message, path, help=help, key=key))

    @property
    def full(self) -> bool:
        """Whether further errors would not be kept."""
        return self.limits.errors is not None and self.errors > self.limits.errors

    def note(self, rule: str, slug: str, message: str, path: Path, *, help: str | None = None, count: int = 1) -> None:
        """Report a warning at the first path where `rule` strikes; further ones are counted."""
        kept = self._notes.get(rule)
        if kept is None:
            self._notes[rule] = (slug, message, path, help, count)
        elif _indices(path) < _indices(kept[2]):
            self._notes[rule] = (slug, message, path, help, kept[4] + count)
        else:
            self._notes[rule] = (*kept[:4], kept[4] + count)

    def add(self, found: tuple[Diagnostic, ...]) -> None:
        """Take over diagnostics that another reader made."""
        self.errors += sum(d.severity is Severity.ERROR for d in found)
        self._kept.extend(found)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything found, in order of position."""
        rows = list(self._kept)
        if self.full:
            rows.append(self.document.error("limit.exceeded", f"there are more than {self.limits.errors} errors", ()))
        for slug, message, path, help, count in self._notes.values():
            text = message if count == 1 else f"{message} ({count} times)"
            rows.append(self.document.warning(slug, text, path, help=help))
        source = self.document.source
        return tuple(sorted(rows, key=lambda d: d.span.start if d.span is not None and d.span.source is source else 0))
