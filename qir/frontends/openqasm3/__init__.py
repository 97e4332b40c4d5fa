"""OpenQASM 3 and 2: text to `Program`.

    text --parse--> syntax tree --lower (resolve, evaluate)--> circuit

| module | does |
|---|---|
| tables | the parse tables that Lark makes of the grammar |
| parse, build, syntax | text to syntax tree, with recovery from errors |
| resolve | names and scopes |
| types, evaluate | values, conversions, operators, indices |
| gates | gate definitions, calls, modifiers |
| memory, elements | classical variables and bits |
| flow, calls | control flow, subroutines |
| lower | statements to operations |
| shapes, runs | the same for stretches of flat statements, as arrays |
| includes, version2 | include files, the older language |
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qir.limits import DEFAULT_LIMITS, Limits
from qir.source import Source

if TYPE_CHECKING:
    from qir.program import Program

__all__ = ["read"]


def read(
    source: Source, *, limits: Limits = DEFAULT_LIMITS, include_roots: Sequence[Path] = (), version: int | None = None,
    runs: bool = True,
) -> Program:  # fmt: skip
    """Read an OpenQASM 3 or 2 program.

    version: 2 or 3; found out from the version line when None.    include_roots: folders whose
    files may be included, besides the standard libraries, which are built in.    runs: read long
    stretches of flat statements as arrays; `Program.symbols` then lists the declarations, but not
    every use.
    The result has one circuit, or none when there are errors; it never raises for bad input.
    """
    from qir.frontends.openqasm3.reader import read_program

    return read_program(source, limits, include_roots, version, runs)
