"""Q2xx: what is seen on the text of an OpenQASM program, with fixes where they are safe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import ClassVar

from qir.diagnostics import Diagnostic, Edit, Fix, info, warning
from qir.lint.rule import Rule
from qir.program import Program
from qir.source import Source
from qir.targets.target import Target

__all__ = ["TEXT_RULES", "blank_comments"]

_SKIPPED = re.compile(r"//[^\n]*|/\*.*?\*/|\"[^\"\n]*\"|'[^'\n]*'|^[ \t]*(?:#?pragma\b|@)[^\n]*", re.DOTALL | re.MULTILINE)


@lru_cache(maxsize=2)
def blank_comments(text: str) -> str:
    """The text with comments, strings, pragmas and annotations blanked; offsets stay."""
    return _SKIPPED.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


class Deprecated(Rule):
    """Syntax of OpenQASM 2 in an OpenQASM 3 program.

    What it does: finds `qreg`, `creg`, `measure q -> c`, `CX`, `u1`, `u2`, `u3`.

    Why it matters: newer tools drop it, and `u2` and `u3` do not mean the same phase everywhere, which
    shows as soon as they are controlled.

    Example: `qreg q[2];`    Use instead: `qubit[2] q;`

    How to fix it: `--fix` rewrites registers and measurements.

    Source: OpenQASM 3.1 specification, "Types and casting" and the standard library.
    """

    slug: ClassVar[str] = "circuit.deprecated"

    _REGISTER = re.compile(r"\b(qreg|creg)\s+([^\W\d]\w*)\s*(?:\[\s*([^\];\[]{0,200}?)\s*\])?\s*;")
    _ARROW = re.compile(r"\bmeasure\s+([^;\->]{1,200}?)\s*->\s*([^;]{1,200}?)\s*;")
    _GATES = re.compile(r"\b(CX|u1|u2|u3)\b(?=\s*[(\s])")
    _USE: ClassVar[dict[str, str]] = {"CX": "cx", "u1": "p", "u2": "U with gphase", "u3": "U with gphase"}

    def check(self, program: Program, target: Target | None) -> Iterable[Diagnostic]:
        if program.format != "openqasm3":
            return
        text = blank_comments(program.source.text)
        source = program.source
        for m in self._REGISTER.finditer(text):
            kind, name, size = m.groups()
            new = {"qreg": "qubit", "creg": "bit"}[kind] + (f"[{size}]" if size else "") + f" {name};"
            yield info(self.slug, f"`{kind}` is OpenQASM 2; OpenQASM 3 writes `{new}`", source.span(m.start(), m.end()),
                       fix=Fix((Edit(m.start(), m.end(), new),), True, f"write `{new}`"))  # fmt: skip
        for m in self._ARROW.finditer(text):
            new = f"{m.group(2)} = measure {m.group(1)};"
            yield info(self.slug, f"OpenQASM 3 writes `{new}`", source.span(m.start(), m.end()),
                       fix=Fix((Edit(m.start(), m.end(), new),), True, f"write `{new}`"))  # fmt: skip
        for m in self._GATES.finditer(text):
            name = m.group(1)
            simple = name in ("CX", "u1")
            yield info(self.slug, f"`{name}` is kept for old programs; use {self._USE[name]}", source.span(m.start(), m.end()),
                       fix=Fix((Edit(m.start(), m.end(), self._USE[name]),), name == "u1") if simple else None)  # fmt: skip


class Unreachable(Rule):
    """Statements that never run, because the program, loop or subroutine ended before them.

    Example: `end; x q;`

    How to fix it: remove them, or the `end`, `break`, `continue` or `return` before them.
    """

    slug: ClassVar[str] = "circuit.unreachable"

    _STOP = re.compile(r"\b(end|break|continue)\s*;|\breturn\b[^;]{0,2000};")
    _GUARD = re.compile(r"(?:\)|\belse)\s*$")

    def check(self, program: Program, target: Target | None) -> Iterable[Diagnostic]:
        if program.format != "openqasm3":
            return
        text = blank_comments(program.source.text)
        misplaced = {d.span.start for d in program.diagnostics if d.span is not None and d.slug.startswith("flow.")}
        for m in self._STOP.finditer(text):
            if m.start() in misplaced:
                continue
            # `if (c) end;` stops only sometimes.
            begin = max(text.rfind(c, 0, m.start()) for c in ";{}")
            after = m.end() + len(text[m.end() :]) - len(text[m.end() :].lstrip())
            if self._GUARD.search(text[begin + 1 : m.start()]) or after >= len(text) or text[after] == "}":
                continue
            stop = min((i for i in (text.find(c, after) for c in ";{") if i >= 0), default=len(text) - 1)
            yield warning(self.slug, "nothing from here on runs", program.source.span(after, stop + 1))


class Include(Rule):
    """An include that other tools may not have.

    Why it matters: the services know `stdgates.inc` only (and `qelib1.inc` for OpenQASM 2); a file of
    your own is not sent along.

    How to fix it: put the definitions into the program.

    Source: IBM documentation, OpenQASM 3 feature table (2026).
    """

    slug: ClassVar[str] = "circuit.include"

    _INCLUDE = re.compile(r"^[ \t]*include\s*([\"'])([^\"'\n]*)\1", re.MULTILINE)

    def check(self, program: Program, target: Target | None) -> Iterable[Diagnostic]:
        if not program.format.startswith("openqasm"):
            return
        standard = {"openqasm3": "stdgates.inc", "openqasm2": "qelib1.inc"}[program.format]
        for m in self._INCLUDE.finditer(program.source.text):
            name = m.group(2)
            if name != standard:
                span = program.source.span(m.start(2) - 1, m.end(2) + 1)
                yield warning(self.slug, f"other tools may not have {name}", span)


class Opaque(Rule):
    """A gate that is declared but not defined.

    Why it matters: an `opaque` gate has a name and no meaning. It can be kept, but not compiled, simulated or
    compared.

    How to fix it: define it: `gate name(angles) qubits { ... }`.

    Source: OpenQASM 2 specification, section 4.
    """

    slug: ClassVar[str] = "gate.opaque"

    _OPAQUE = re.compile(r"\bopaque\s+([^\W\d]\w*)")

    def check(self, program: Program, target: Target | None) -> Iterable[Diagnostic]:
        if program.format != "openqasm2" or any(d.slug == self.slug for d in program.diagnostics):
            return
        for m in self._OPAQUE.finditer(blank_comments(program.source.text)):
            span = program.source.span(m.start(1), m.end(1))
            yield warning(self.slug, f"{m.group(1)} has no definition: it cannot be compiled", span)


_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")


def bidi(source: Source) -> Iterator[Diagnostic]:
    """Characters that make a text look different from what it is (CVE-2021-42574)."""
    for m in _BIDI.finditer(source.text):
        name = f"U+{ord(m.group()):04X}"
        yield warning("style.bidi", f"{name} changes the order in which the text is shown", source.span(m.start()),
                      help="remove it", fix=Fix((Edit(m.start(), m.end(), ""),), True))  # fmt: skip


class Bidi(Rule):
    """Bidirectional control characters in the text.

    Why it matters: they can make a program look different from what is compiled.

    How to fix it: remove them (`--fix` does).

    Source: CVE-2021-42574 ("Trojan Source").
    """

    slug: ClassVar[str] = "style.bidi"

    def check(self, program: Program, target: Target | None) -> Iterable[Diagnostic]:
        if not any(d.slug == self.slug for d in program.diagnostics):
            yield from bidi(program.source)


TEXT_RULES: tuple[type[Rule], ...] = (Deprecated, Unreachable, Include, Opaque, Bidi)
"""All rules of this file."""
