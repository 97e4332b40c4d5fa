"""Comments that the canonical text carries for what the language has no words for.

    // qir.physical 27              the program is about 27 hardware qubits
    // qir.layout [3,0,1] [3,1,0]   program qubit q begins on wire initial[q] and ends on final[q]

Every other reader skips them.  One that does not fit the program is left out with a warning.
"""

from __future__ import annotations

import json
import re

from qir.circuit import Circuit, Layout
from qir.diagnostics import Diagnostic, warning
from qir.limits import Limits
from qir.source import Source

__all__ = ["layout", "physical_qubits"]

_MARK = "// qir."
_PHYSICAL = re.compile(r"^// qir\.physical ([0-9]{1,9})\s*$", re.MULTILINE)
_LAYOUT = re.compile(r"^// qir\.layout (\[[0-9,]*\]) (\[[0-9,]*\])\s*$", re.MULTILINE)


def physical_qubits(text: str, limits: Limits) -> int:
    """How many hardware qubits the program says it is about; 0 when it does not say."""
    found = _PHYSICAL.search(text) if _MARK in text else None
    count = int(found[1]) if found else 0
    return count if limits.qubits is None or count <= limits.qubits else 0


def layout(source: Source, circuit: Circuit) -> tuple[Layout | None, tuple[Diagnostic, ...]]:
    """The recorded layout, when there is one and it fits."""
    found = _LAYOUT.search(source.text) if _MARK in source.text else None
    if found is None:
        return None, ()
    try:
        initial, final = (tuple(json.loads(found[i])) for i in (1, 2))
        fits = len(initial) == len(final) and all(
            len(set(wires)) == len(wires) and all(w < circuit.num_qubits for w in wires) for wires in (initial, final)
        )
    except (ValueError, RecursionError):
        fits = False
    if fits:
        return Layout(initial, final), ()
    message = "this layout does not fit the program: it is left out"
    return None, (warning("style.dialect", message, source.span(found.start(), found.end())),)
