"""Definitions as circuits of gates that a program may define for itself.

stdgates.inc has 32 gates; the table has more, and Pauli exponentials are no gates of OpenQASM
at all.  Here each of them is a `Definition`, derived from the table: the emitter writes it, and
the reader knows it again by `known_as`.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

from qir.builder import CircuitBuilder
from qir.circuit import Circuit, Definition, Extra
from qir.gates import GATES
from qir.params import Angle, angle

__all__ = ["PAULIEXP", "known_as", "pauliexp_definition", "table_definition"]

PAULIEXP = "pauliexp_"
"""Name of a Pauli exponential's definition, before its Paulis (rightmost letter on the first qubit)."""

# Several names ascend: Qiskit's importer hands out arguments by the sorted names.
_PARAMS = (("theta",), ("p0", "p1"), ("p0", "p1", "p2"), ("p0", "p1", "p2", "p3"))


@cache
def table_definition(name: str) -> Definition | None:
    """The definition of a gate of the table, exact up to and including the global phase.

    Its parameters are in the gate's own unit.  None for `U` and `gphase`, which are built in.
    """
    row = GATES[name]
    if row.define is None:
        return None
    params = _PARAMS[row.num_params - 1] if row.num_params else ()
    builder = _body(row.num_qubits)
    for gate_name, angles, operands in row.define(*map(angle, params)):
        *modifiers, plain = gate_name.split()
        extra = Extra(controls="1" * len(modifiers)) if modifiers else None
        builder.append(plain, operands, [_angle(a) for a in angles], extra=extra)
    return Definition(name, params, _qubits(row.num_qubits), builder.build())


@cache
def pauliexp_definition(paulis: str) -> Definition:
    """exp(-i theta/2 P) as a change of basis around a ladder of cx; the rightmost letter acts on the first qubit."""
    theta = angle("theta")
    builder = _body(len(paulis))
    letters = list(enumerate(reversed(paulis)))
    active = [q for q, letter in letters if letter != "I"]
    if not active:
        builder.append("gphase", [], [theta * -0.5])
    else:
        for q, letter in letters:
            _to_z(builder, letter, q, 1)
        for q, following in pairwise(active):
            builder.cx(q, following)
        builder.append("rz", [active[-1]], [theta])
        for q, following in reversed(list(pairwise(active))):
            builder.cx(q, following)
        for q, letter in letters:
            _to_z(builder, letter, q, -1)
    return Definition(PAULIEXP + paulis, ("theta",), _qubits(len(paulis)), builder.build())


def known_as(definition: Definition) -> str | None:
    """The gate of the table (its name), or the Pauli exponential (`pauliexp_XYZ`), that a definition
    restates word for word; names of its parameters and qubits do not matter."""
    name = definition.name
    if name == "nop_0":
        name = "nop"  # which is a reserved word in OpenQASM 3.2
    paulis = name.removeprefix(PAULIEXP)
    if name in GATES:
        canonical = table_definition(name)
    elif paulis != name and paulis and not set(paulis) - set("IXYZ"):
        canonical = pauliexp_definition(paulis)
    else:
        return None
    if canonical is None or definition.body is None or canonical.body is None:
        return None
    if len(definition.params) != len(canonical.params) or len(definition.qubits) != len(canonical.qubits):
        return None
    renamed: dict[str, Angle] = {theirs: angle(ours) for theirs, ours in zip(definition.params, canonical.params)}
    return name if _same(definition.body._bind(renamed), canonical.body) else None


def _same(body: Circuit, canonical: Circuit) -> bool:
    if len(body.columns) != len(canonical.columns) or body.global_phase != canonical.global_phase:
        return False
    return all(a._replace(span=None) == b._replace(span=None) for a, b in zip(body.ops, canonical.ops))


def _to_z(builder: CircuitBuilder, letter: str, qubit: int, sign: int) -> None:
    if letter == "X":
        builder.h(qubit)
    elif letter == "Y":
        builder.append("rx", [qubit], [sign * math.pi / 2])


def _body(num_qubits: int) -> CircuitBuilder:
    builder = CircuitBuilder()
    for name in _qubits(num_qubits):
        builder.add_qubits(name)
    return builder


def _qubits(count: int) -> tuple[str, ...]:
    return ("a", "b", "c")[:count] if count <= 3 else tuple(f"q{i}" for i in range(count))


def _angle(value: Angle | float) -> Angle:
    return angle(value if isinstance(value, Angle) else float(value))
