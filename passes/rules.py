"""Decompositions as a table: gate name to the rows that replace it.

Rows are (name, angles, operands); a rule maps the gate's angles, which may be numbers, arrays
or `Angle`, to rows.  Every rule is exact, global phase included; `tests/test_rules.py` proves each
against the matrices.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from qir.gates import GATES, Row

from .controls import ccx
from .rewrite import Rule

__all__ = ["CONTROLLED", "SYMBOLIC", "TO_RZZ", "TO_TWO"]

PI = np.pi
_HALF = PI / 2

CONTROLLED: Mapping[str, tuple[str, int]] = MappingProxyType({
    "cx": ("x", 1), "cy": ("y", 1), "cz": ("z", 1), "ch": ("h", 1), "cs": ("s", 1), "csdg": ("sdg", 1), "csx": ("sx", 1),
    "csxdg": ("sxdg", 1), "cp": ("p", 1), "crx": ("rx", 1), "cry": ("ry", 1), "crz": ("rz", 1), "cu3": ("u", 1),
    "ccx": ("x", 2), "ccz": ("z", 2), "cswap": ("swap", 1),
})  # fmt: skip
"""Controlled gates of the table: the gate they control, and the number of controls."""


def _fixed(*rows: Row) -> Rule:
    return lambda: rows


def _define(name: str) -> Rule:
    define = GATES[name].define
    assert define is not None
    return define


def _phase(theta: Any) -> tuple[Row, ...]:
    """diag(1, 1, 1, exp(i theta)) on operands 0 and 1."""
    half = theta / 2
    return (("rzz", (-half,), (0, 1)), ("rz", (half,), (0,)), ("rz", (half,), (1,)), ("gphase", (theta / 4,), ()))


_CZ: tuple[Row, ...] = (("rzz", (_HALF,), (0, 1)), ("rz", (-_HALF,), (0,)), ("rz", (-_HALF,), (1,)), ("gphase", (-PI / 4,), ()))
_RZX: Rule = lambda t: (("h", (), (1,)), ("rzz", (t,), (0, 1)), ("h", (), (1,)))  # noqa: E731


_H1: Row = ("h", (), (1,))

TO_TWO: Mapping[str, Rule] = MappingProxyType({
    "ccx": lambda: tuple(ccx(0, 1, 2)),
    "ccz": lambda: tuple(ccx(0, 1, 2)[1:10]) + tuple(ccx(0, 1, 2)[11:]),
    "cswap": lambda: (("cx", (), (2, 1)), *ccx(0, 1, 2), ("cx", (), (2, 1))),
    "rccx": _define("rccx"),
})  # fmt: skip
"""Three-qubit gates by one- and two-qubit gates."""

TO_RZZ: Mapping[str, Rule] = MappingProxyType({
    "cx": _fixed(_H1, *_CZ, _H1),
    "cz": _fixed(*_CZ),
    "cy": _fixed(("sdg", (), (1,)), _H1, *_CZ, _H1, ("s", (), (1,))),
    "cp": _phase,
    "cs": lambda: _phase(_HALF),
    "csdg": lambda: _phase(-_HALF),
    "crz": lambda t: (("rzz", (-t / 2,), (0, 1)), ("rz", (t / 2,), (1,))),
    "crx": lambda t: (_H1, ("rzz", (-t / 2,), (0, 1)), ("rz", (t / 2,), (1,)), _H1),
    "cry": lambda t: (("sdg", (), (1,)), _H1, ("rzz", (-t / 2,), (0, 1)), ("rz", (t / 2,), (1,)), _H1, ("s", (), (1,))),
    "csx": lambda: (_H1, *_phase(_HALF), _H1),
    "csxdg": lambda: (_H1, *_phase(-_HALF), _H1),
    "ch": lambda: (("ry", (-PI / 4,), (1,)), *_CZ, ("ry", (PI / 4,), (1,))),
    "cu3": lambda t, f, l: (
        ("rz", ((f + l) / 2,), (0,)), ("gphase", ((f + l) / 4,), ()), ("rz", ((l - f) / 2,), (1,)), _H1, *_CZ, _H1,
        ("rz", ((f + l) / -2,), (1,)), ("ry", (t / -2,), (1,)), _H1, *_CZ, _H1, ("ry", (t / 2,), (1,)), ("rz", (f,), (1,)),
    ),
    "rxx": lambda t: (("h", (), (0,)), _H1, ("rzz", (t,), (0, 1)), ("h", (), (0,)), _H1),
    "ryy": lambda t: (("sxdg", (), (0,)), ("sxdg", (), (1,)), ("rzz", (t,), (0, 1)), ("sx", (), (0,)), ("sx", (), (1,))),
    "rzx": _RZX,
    "swap": _fixed(
        ("rzz", (_HALF,), (0, 1)),
        ("h", (), (0,)), _H1, ("rzz", (_HALF,), (0, 1)), ("h", (), (0,)), _H1,
        ("sx", (), (0,)), ("sx", (), (1,)), ("rzz", (_HALF,), (0, 1)), ("sxdg", (), (0,)), ("sxdg", (), (1,)),
        ("gphase", (PI / 4,), ()),
    ),
    "iswap": lambda: (("rxx", (-_HALF,), (0, 1)), ("ryy", (-_HALF,), (0, 1))),
    "iswapdg": lambda: (("rxx", (_HALF,), (0, 1)), ("ryy", (_HALF,), (0, 1))),
    "dcx": _fixed(("cx", (), (0, 1)), ("cx", (), (1, 0))),
    "dcxdg": _fixed(("cx", (), (1, 0)), ("cx", (), (0, 1))),
    "ecr": lambda: (("x", (), (0,)), *_RZX(-_HALF)),
    "xx_plus_yy": _define("xx_plus_yy"),
    "ms": _define("ms"),
    "zz": lambda a: (("rzz", (a * (2 * PI),), (0, 1)),),
})  # fmt: skip
"""Two-qubit gates by one-qubit gates and rzz (applied repeatedly)."""

SYMBOLIC: Mapping[str, Rule] = MappingProxyType({
    "rx": lambda t: (("h", (), (0,)), ("rz", (t,), (0,)), ("h", (), (0,))),
    "ry": lambda t: (("sx", (), (0,)), ("rz", (t,), (0,)), ("sxdg", (), (0,))),
    "p": lambda a: (("rz", (a,), (0,)), ("gphase", (a / 2,), ())),
    "u1": lambda a: (("rz", (a,), (0,)), ("gphase", (a / 2,), ())),
    "r": lambda t, f: (("rz", (-f,), (0,)), ("rx", (t,), (0,)), ("rz", (f,), (0,))),
    "u2": lambda f, l: (("rz", (l,), (0,)), ("ry", (_HALF,), (0,)), ("rz", (f,), (0,))),
    "u3": lambda t, f, l: (("rz", (l,), (0,)), ("ry", (t,), (0,)), ("rz", (f,), (0,))),
    "u": lambda t, f, l: (("rz", (l,), (0,)), ("ry", (t,), (0,)), ("rz", (f,), (0,)), ("gphase", ((f + l) / 2,), ())),
    "U": lambda t, f, l: (("rz", (l,), (0,)), ("ry", (t,), (0,)), ("rz", (f,), (0,)), ("gphase", ((f + l + t) / 2,), ())),
    "gpi": lambda a: (("rz", (a * (-2 * PI),), (0,)), ("x", (), (0,)), ("rz", (a * (2 * PI),), (0,))),
    "gpi2": lambda a: (("rz", (a * (-2 * PI),), (0,)), ("rx", (_HALF,), (0,)), ("rz", (a * (2 * PI),), (0,))),
})  # fmt: skip
"""One-qubit gates with symbolic angles by rz and gates without symbols (applied repeatedly)."""
