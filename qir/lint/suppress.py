"""Which diagnostics are wanted: `--select`, `--ignore`, and comments in the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from qir.codes import CODES
from qir.diagnostics import Diagnostic
from qir.source import Source

__all__ = ["matches", "selected", "suppressed_lines", "unknown_codes"]

_COMMENT = re.compile(r"//[ \t]*qcompile:[ \t]*ignore(?:\[([^\]\n]*)\])?")


def matches(diagnostic: Diagnostic, pattern: str) -> bool:
    """Whether a code (`Q203`), a prefix of codes (`Q2`), a slug or its family (`circuit`) names it."""
    wanted = pattern.strip()
    if wanted.upper() == "ALL":
        return True
    slug = diagnostic.slug
    return diagnostic.code.startswith(wanted.upper()) or slug == wanted or slug.startswith(wanted + ".")


def unknown_codes(patterns: Iterable[str]) -> list[str]:
    """Patterns that name nothing."""
    return [
        p for p in patterns
        if p.upper() != "ALL"
        and not any(c.code.startswith(p.upper()) or c.slug == p or c.slug.startswith(p + ".") for c in CODES.values())
    ]  # fmt: skip


def suppressed_lines(source: Source) -> dict[int, tuple[str, ...] | None]:
    """Line number to the codes ignored there (None: all).

    A comment after a statement speaks for its line; a comment alone on a line for the next one.
    """
    result: dict[int, tuple[str, ...] | None] = {}
    if "qcompile:" not in source.text:
        return result
    for m in _COMMENT.finditer(source.text):
        line = source.position(m.start())[0]
        alone = source.line_text(line).lstrip().startswith("//")
        codes = tuple(c.strip() for c in m.group(1).split(",") if c.strip()) if m.group(1) else None
        result[line + 1 if alone else line] = codes
    return result


def selected(
    diagnostics: Iterable[Diagnostic], source: Source, select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> list[Diagnostic]:
    """The diagnostics that are selected, not ignored, and not suppressed in the text."""
    lines = suppressed_lines(source)
    kept: list[Diagnostic] = []
    for d in diagnostics:
        if (select and not any(matches(d, p) for p in select)) or any(matches(d, p) for p in ignore):
            continue
        if d.span is not None and d.span.source is source and (line := d.span.line) in lines:
            codes = lines[line]
            if codes is None or any(matches(d, c) for c in codes):
                continue
        kept.append(d)
    return kept
