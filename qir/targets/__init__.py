"""Machines as records.  To add one, add a record to the vendor's file."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib import import_module

from qir.diagnostics import error
from qir.errors import UnknownTargetError
from qir.targets.target import Target

__all__ = ["LOCAL", "all_targets", "find"]

LOCAL = Target(
    name="local",
    vendor="local",
    num_qubits=24,
    gates=("u", "cx"),
    entangler="cx",
    features=frozenset({"if", "mid-circuit", "reset", "delay", "loops", "classical"}),
    simulator=True,
    source="the built-in simulator",
)
"""The built-in simulator."""

_VENDORS = ("qir.targets.ionq", "qir.targets.ibm")


@cache
def _table() -> dict[str, Target]:
    rows = (*(target for module in _VENDORS for target in import_module(module).TARGETS), LOCAL)
    return {target.name: target for target in rows}


def all_targets() -> list[Target]:
    """Every known machine: IonQ's, IBM's, and the built-in simulator."""
    return list(_table().values())


def find(name: str) -> Target:
    """The machine of this name, as its vendor writes it (any case).

    UnknownTargetError suggests the nearest names.
    """
    wanted = name.strip().lower()
    known = _table()
    if wanted in known:
        return known[wanted]
    near = get_close_matches(wanted, known, n=3, cutoff=0.6)
    if not near:
        near = [other for other in known if wanted and (wanted in other or other.split(".")[-1] in wanted)][:3]
    help = f"did you mean {' or '.join(near)}?" if near else "`qcompile targets` lists the machines"
    raise UnknownTargetError([error("target.unknown", f"there is no machine {name!r}", help=help)])
