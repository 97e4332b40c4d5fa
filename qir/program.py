"""What every reader returns: the circuits, and all that lint and the editor need to know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from qir.circuit import Circuit
from qir.diagnostics import Diagnostic, Severity
from qir.job import JobSpec
from qir.source import Source, Span

__all__ = ["Program", "Symbol"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name in the text: where it is declared and where it is used.

    kind: qubit, bit, gate, def, extern, const, variable, input, output, alias, parameter, loop.
    detail: its type or signature, for hovering.
    """

    name: str
    kind: str
    declared: Span
    uses: tuple[Span, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class Program:
    """A source that was read.

    format: "openqasm3", "openqasm2", "ionq" or "ibm".    circuits: empty when there are errors.
    diagnostics: everything the reader found, in order of position.    job: for JSON payloads.
    data: the parsed JSON of a payload, for the rules that look at it.
    """

    source: Source
    format: str
    circuits: tuple[Circuit, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    symbols: tuple[Symbol, ...] = ()
    job: JobSpec | None = None
    data: object = field(default=None, repr=False)

    @property
    def has_errors(self) -> bool:
        return has_errors(self.diagnostics)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of them is an error."""
    return any(d.severity is Severity.ERROR for d in diagnostics)
