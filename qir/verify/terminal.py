"""Circuits as gates followed by measurements: what the methods for static circuits look at."""

from __future__ import annotations

from dataclasses import dataclass

from qir.circuit import Circuit
from qir.execution import Effect, Leaf, Unsupported, leaves
from qir.params import Angle

__all__ = ["Static", "static_form"]


@dataclass(frozen=True)
class Static:
    """`gates` in order, and the wire each measured bit reads at the end (unread measurements: in `blind`)."""

    gates: list[Leaf]
    reads: dict[int, int]
    blind: frozenset[int]


def static_form(circuit: Circuit, *, limit: int = 5_000_000) -> Static:
    """Split a circuit; Unsupported when something other than a terminal measurement is in it."""
    gates: list[Leaf] = []
    reads: dict[int, int] = {}
    blind: set[int] = set()
    closed: set[int] = set()
    for item in leaves(circuit, limit=limit):
        if isinstance(item, Leaf):
            if closed and not closed.isdisjoint(item.qubits):
                raise Unsupported("a qubit is used after its measurement")
            gates.append(item)
            continue
        assert isinstance(item, Effect)
        if item.kind != "measure":
            raise Unsupported(f"the circuit has a {item.kind}")
        wire = item.qubits[0]
        if item.clbit >= 0:
            reads[item.clbit] = wire
        else:
            blind.add(wire)
        closed.add(wire)
    gates += [Leaf("rz", (w,), (f,)) for w, f in enumerate(circuit.frames or ()) if f != Angle()]
    return Static(gates, reads, frozenset(blind))
