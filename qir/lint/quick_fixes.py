"""Fixes for slips that the reader explains: its help says what was meant, here it becomes an edit.

A fix is safe when there is one thing the program can have meant; a guess is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from qir.diagnostics import Diagnostic, Edit, Fix
from qir.gates import STDGATES
from qir.program import Program

__all__ = ["with_fixes"]

_MEANT = re.compile(r"did you mean ([`\"']?)([^\s`\"'?]+)\1\?")
_INCLUDE = re.compile(r"include \"(\w+\.inc)\"")
_VERSION = re.compile(r"\ufeff?(?:\s++|//[^\r\n]*+|/\*.*?\*/)*+OPENQASM\s+[\d.]+\s*;[^\S\n]*(?://[^\n]*)?\n?", re.DOTALL)
_CONVERTED = re.compile(r"(\S+) (?:degrees|radians) is (\S+)")
_WORD = re.compile(r"[^\W\d]\w*\Z|\"[^\"\n]*\"\Z")


def with_fixes(diagnostics: Iterable[Diagnostic], program: Program) -> list[Diagnostic]:
    """The diagnostics, with a fix where one is plain from what they say."""
    return list(_each(diagnostics, program))


def _each(diagnostics: Iterable[Diagnostic], program: Program) -> Iterator[Diagnostic]:
    included: set[str] = set()
    for d in diagnostics:
        if d.span is None or d.span.source is not program.source:
            # Edits count in the file, and a program inside a JSON string has offsets of its own.
            yield d if d.fix is None else replace(d, fix=None)
        elif d.fix is not None:
            yield d
        elif d.slug == "style.version":
            top = _top(program)
            yield replace(d, fix=Fix((Edit(top, top, "OPENQASM 3.1;" + _line_end(program)),), True, "add the version line"))
        elif d.slug == "syn.missing-semicolon":
            yield replace(d, fix=Fix((Edit(_after(d), _after(d), ";"),), False, "insert `;`"))
        elif d.help is None:
            yield d
        elif meant := _MEANT.search(d.help):
            yield replace(d, fix=_rename(d, meant[2]))
        elif d.slug == "name.undeclared-gate" and (file := _INCLUDE.search(d.help)):
            yield d if file[1] in included else replace(d, fix=_include(program, file[1]))
            included.add(file[1])
        elif converted := _CONVERTED.match(d.help):
            yield replace(d, fix=_number(d, converted[1], converted[2]))
        else:
            yield d


def _top(program: Program) -> int:
    """The offset of the first character, behind a byte order mark."""
    return int(program.source.text.startswith("\ufeff"))


def _line_end(program: Program) -> str:
    return "\r\n" if "\r\n" in program.source.text else "\n"


def _after(d: Diagnostic) -> int:
    """Where a missing semicolon belongs: behind the last character before the place that is named."""
    assert d.span is not None
    text, place = d.span.source.text, d.span.start
    return place + 1 if place < len(text) and not text[place].isspace() else len(text[:place].rstrip())


def _rename(d: Diagnostic, name: str) -> Fix | None:
    assert d.span is not None
    old = d.span.text
    if not _WORD.match(old) or old in (name, f'"{name}"'):
        return None
    text = json.dumps(name) if old.startswith('"') else name
    return Fix((Edit(d.span.start, d.span.end, text),), False, f"write `{name}`")


def _include(program: Program, file: str) -> Fix:
    """An include behind the version line; safe unless it declares a name that the program declares too."""
    text = program.source.text
    head = _VERSION.match(text)
    place = head.end() if head else _top(program)
    end = _line_end(program)
    line = f'include "{file}";{end}'
    if head and not text[:place].endswith("\n"):
        line = end + line
    clash = any(symbol.name in STDGATES for symbol in program.symbols)
    return Fix((Edit(place, place, line),), not clash, f'include "{file}"')


def _number(d: Diagnostic, old: str, new: str) -> Fix | None:
    """An angle in another unit, where its number stands once in the statement."""
    assert d.span is not None
    places = list(re.finditer(rf"(?<![\w.]){re.escape(old)}(?![\w.])", d.span.text))
    if len(places) != 1:
        return None
    start = d.span.start + places[0].start()
    return Fix((Edit(start, start + len(old), new),), False, f"write `{new}`")
