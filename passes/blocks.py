"""Running a pass inside the blocks of control flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from qir.circuit import Circuit
from qir.journal import Journal

from .base import Context

__all__ = ["inside_blocks"]


def inside_blocks(circuit: Circuit, context: Context, name: str, run: Callable[[Circuit, Context], Circuit]) -> Circuit:
    """The circuit with `run` applied to every block, innermost included when `run` comes back here.

    Returns the same object when no block changed.  The journal gets one step of kind `blocks`.
    """
    if not any(extra.blocks for extra in circuit.extras):
        return circuit
    extras = list(circuit.extras)
    inner: list[tuple[int, int, Journal]] = []
    changed = False
    rows = {int(e): row for row, e in enumerate(circuit.columns.extra.tolist()) if e >= 0 and circuit.extras[e].blocks}
    for index, row in rows.items():
        blocks = []
        for number, block in enumerate(extras[index].blocks):
            journal = Journal() if context.journal is not None else None
            done = run(block, replace(context, journal=journal))
            if done is not block:
                changed = True
                if journal is not None:
                    inner.append((row, number, journal))
            blocks.append(done)
        wires = {q for block in blocks for q in block.touched_qubits} | set(extras[index].qubits or ())
        extras[index] = replace(extras[index], blocks=tuple(blocks), qubits=tuple(sorted(wires)))
    if not changed:
        return circuit
    after = replace(circuit, extras=tuple(extras))
    if context.journal is not None:
        context.journal.blocks(name, circuit, after, tuple(inner))
    return after
