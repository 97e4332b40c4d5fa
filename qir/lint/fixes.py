"""Applying fixes to a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qir.diagnostics import Diagnostic, Edit
from qir.source import Source

__all__ = ["apply_fixes", "diff", "fix_all"]

_MOST_ROUNDS = 20


def apply_fixes(source: Source, diagnostics: Iterable[Diagnostic], *, unsafe: bool = False) -> tuple[str, int]:
    """The text with every fix applied that is safe (or, with `unsafe`, every fix), and their number.

    A fix that overlaps one applied before it is left for the next run.
    """
    chosen: list[Edit] = []
    count = 0
    for d in diagnostics:
        if d.fix is None or not (d.fix.safe or unsafe) or (d.span is not None and d.span.source is not source):
            continue
        if any((e.start < o.end and o.start < e.end) or e.start == o.start for e in d.fix.edits for o in chosen):
            continue
        chosen.extend(d.fix.edits)
        count += 1
    text = source.text
    for edit in sorted(chosen, key=lambda e: e.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text, count


def fix_all(
    source: Source, lint: Callable[[Source], list[Diagnostic]], *, unsafe: bool = False
) -> tuple[Source, list[Diagnostic], int]:
    """Apply fixes until none is left: the source then, what is still found in it, and the number applied.

    lint: what finds diagnostics in a source.  A fix can make room for the next one (gates are checked once
    their include is there), so the text is linted again after each round.
    """
    found = lint(source)
    total = 0
    for _ in range(_MOST_ROUNDS):
        text, count = apply_fixes(source, found, unsafe=unsafe)
        if not count or text == source.text:
            break
        source = Source(text, source.name)
        found = lint(source)
        total += count
    return source, found, total


def diff(before: str, after: str, name: str) -> str:
    """A unified diff."""
    import difflib

    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), name, name)
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
