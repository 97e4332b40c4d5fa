"""The stages of reading put together."""

from __future__ import annotations

import gc
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from qir.circuit import Circuit
from qir.diagnostics import Diagnostic, Severity, error, info
from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3.lower import Lowering
from qir.frontends.openqasm3.parse import parse
from qir.limits import Limits
from qir.program import Program
from qir.source import Source

__all__ = ["read_program"]

_FOLLOW_UPS = ("name.", "call.undeclared")
"""Errors that a statement left out by the parser may cause, about the names in it."""
_NAME = re.compile(r"[^\W\d]\w*")


def read_program(
    source: Source, limits: Limits, include_roots: Sequence[Path], version: int | None, runs: bool = True
) -> Program:
    """Parse and lower one text.  runs: read stretches of flat statements as arrays."""
    size = len(source.text)
    if limits.source_bytes is not None and size > limits.source_bytes:
        problem = error("limit.exceeded", f"the text has {size} characters, over the limit of {limits.source_bytes}",
                        source.span(0), help="raise Limits.source_bytes")  # fmt: skip
        return Program(source, "openqasm3", diagnostics=(problem,))
    tree = parse(source, version=version, limits=limits, runs=runs)
    format = f"openqasm{tree.version}"
    lowering = Lowering(source, tree.statements, tree.version, limits)
    lowering.include_roots = tuple(Path(root) for root in include_roots)
    circuit: Circuit | None = None
    collecting = gc.isenabled()
    gc.disable()
    try:
        circuit = lowering.program()
    except RecursionError:
        # Subroutines that call each other deeply, for a caller that is deep in its stack already.
        lowering.report("limit.exceeded", "the subroutines of this program are nested too deeply", None)
    finally:
        if collecting:
            gc.enable()
    found = lowering.diagnostics
    if not tree.complete:
        lost = {name for start, end in tree.lost for name in _NAME.findall(source.text, start, end)}
        doubtful = "include" in lost
        found = [d for d in found if not (d.slug.startswith(_FOLLOW_UPS) and (doubtful or _named(d) in lost))]
    elif not tree.diagnostics and tree.version == 3 and not _begins_well(tree.statements):
        found = [*found, info("style.version", "there is no version line: read as OpenQASM 3", source.span(0),
                              help="begin with `OPENQASM 3.1;`")]  # fmt: skip
    diagnostics = tuple(sorted([*tree.diagnostics, *found], key=_position))
    if limits.errors is not None:
        diagnostics = diagnostics[: 3 * limits.errors]
    symbols = lowering.symbols()
    if circuit is None or any(d.severity is Severity.ERROR for d in diagnostics):
        return Program(source, format, (), diagnostics, symbols)
    return Program(source, format, (replace(circuit, diagnostics=diagnostics),), diagnostics, symbols)


def _named(diagnostic: Diagnostic) -> str | None:
    """The name that an error about a name is about."""
    found = _NAME.search(diagnostic.span.text) if diagnostic.span is not None else None
    return found[0] if found else None


def _begins_well(statements: list[s.Statement]) -> bool:
    return not statements or isinstance(statements[0], (s.Version, s.Pragma))


def _position(diagnostic: Diagnostic) -> int:
    return diagnostic.span.start if diagnostic.span is not None else -1
