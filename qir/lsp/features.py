"""What the editor asks, answered from a `Program`: no protocol here.

Positions are character offsets in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from qir.diagnostics import Diagnostic
from qir.frontends import read
from qir.gates import ALIASES, STDGATES, gate
from qir.lint.suppress import selected
from qir.linter import lint_program
from qir.params import format_float
from qir.program import Program, Symbol
from qir.source import Source, Span
from qir.targets import find

__all__ = ["Completion", "Document", "open_document"]

_WORD = re.compile(r"\$?[^\W]\w*|\$\d+")
_KEYWORDS = (
    "OPENQASM include qubit bit input output const int uint float angle bool gate def if else for while switch case default "
    "return measure reset barrier delay box let ctrl negctrl inv pow gphase break continue end pragma"
).split()


@dataclass(frozen=True, slots=True)
class Completion:
    """One suggestion.  kind: gate, keyword, or the kind of a symbol."""

    label: str
    kind: str
    detail: str


@dataclass(frozen=True)
class Document:
    """A text that was read and linted."""

    program: Program
    diagnostics: list[Diagnostic]

    @property
    def source(self) -> Source:
        return self.program.source

    def word(self, offset: int) -> tuple[str, Span] | None:
        """The name at an offset."""
        text = self.source.text
        start = text.rfind("\n", 0, offset) + 1
        for m in _WORD.finditer(text, start, text.find("\n", offset) % (len(text) + 1) or len(text)):
            if m.start() <= offset <= m.end():
                return m.group(), self.source.span(m.start(), m.end())
        return None

    def symbol(self, name: str, offset: int) -> Symbol | None:
        """The declaration a name refers to: the latest one before the offset, else the first."""
        found = [s for s in self.program.symbols if s.name == name]
        before = [s for s in found if s.declared.start <= offset]
        return before[-1] if before else (found[0] if found else None)

    def hover(self, offset: int) -> tuple[str, Span] | None:
        """Markdown about the name at an offset: a gate's matrix and definition, or a declaration."""
        word = self.word(offset)
        if word is None:
            return None
        name, span = word
        symbol = self.symbol(name, offset)
        if symbol is not None:
            return f"**{symbol.kind}** `{symbol.name}`" + (f": `{symbol.detail}`" if symbol.detail else ""), span
        text = describe_gate(name)
        return (text, span) if text else None

    def definition(self, offset: int) -> Span | None:
        """Where the name at an offset is declared."""
        word = self.word(offset)
        symbol = self.symbol(word[0], offset) if word else None
        return symbol.declared if symbol else None

    def completions(self, offset: int) -> list[Completion]:
        """Names that could stand here: declared ones, gates, keywords; sorted."""
        names = {s.name: Completion(s.name, s.kind, s.detail) for s in self.program.symbols}
        for name in sorted(STDGATES):
            row = gate(name)
            if row is not None:
                names.setdefault(name, Completion(name, "gate", f"{row.num_params} angles, {row.num_qubits} qubits"))
        for word in _KEYWORDS:
            names.setdefault(word, Completion(word, "keyword", ""))
        return [names[n] for n in sorted(names)]


def open_document(source: Source, target: str | None = None) -> Document:
    """Read and lint a text."""
    program = read(source)
    machine = find(target) if target is not None else None
    return Document(program, selected(lint_program(program, machine), source))


@lru_cache(maxsize=256)
def describe_gate(name: str) -> str | None:
    """Markdown about a gate of the table."""
    row = gate(name)
    if row is None:
        return None
    import numpy as np

    names = ["theta", "phi", "lambda", "gamma"][: row.num_params]
    head = f"**gate** `{name}{'(' + ', '.join(names) + ')' if names else ''}`, {row.num_qubits} qubit(s)"
    if name in ALIASES:
        head += f", another name for `{row.name}`"
    if row.unit == "turns":
        head += "; angles in turns"
    lines = [head, ""]
    if row.num_qubits and row.num_qubits <= 2 and not row.num_params:
        matrix = row.matrix()[0]
        cells = [[_number(complex(v)) for v in line] for line in np.asarray(matrix)]
        width = max(len(c) for line in cells for c in line)
        lines += ["```text", *("  ".join(c.rjust(width) for c in line) for line in cells), "```"]
    if row.define is not None:
        from qir.params import angle

        lines.append("```openqasm")
        for inner, params, qubits in row.define(*(angle(n) for n in names)):
            arguments = "(" + ", ".join(str(angle(p)) for p in params) + ")" if params else ""
            lines.append(f"{inner}{arguments} {', '.join('abcd'[q] for q in qubits)}".rstrip() + ";")
        lines.append("```")
    return "\n".join(lines)


def _number(value: complex) -> str:
    if abs(value.imag) < 1e-12:
        return _real(value.real)
    if abs(value.real) < 1e-12:
        return _real(value.imag) + "i"
    return f"{_real(value.real)}{'+' if value.imag > 0 else '-'}{_real(abs(value.imag))}i"


def _real(value: float) -> str:
    if abs(value) < 1e-12:
        return "0"
    return format_float(float(f"{value:.6g}"))


