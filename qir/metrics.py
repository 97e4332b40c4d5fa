"""Counts of a circuit: the `before` and `after` of a report."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from qir.circuit import Circuit
from qir.columns import DIAGONAL, OPERATIONS, USER, is_gate
from qir.gates import opcode

__all__ = ["Metrics", "measure"]


@dataclass(frozen=True, slots=True)
class Metrics:
    """How large a circuit is.

    ops: gates, measurements and resets (no barriers, delays, frames or global phases).
    pulses: one-qubit gates that take time; rotations about z are virtual on both vendors' machines.
    multi_qubit: gates on three or more qubits.    depth, two_qubit_depth: layers of gates.
    Blocks of control flow are counted once each; of a depth, the deepest branch.
    """

    qubits: int
    ops: int
    one_qubit: int
    pulses: int
    two_qubit: int
    multi_qubit: int
    depth: int
    two_qubit_depth: int
    measure: int
    reset: int

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


def measure(circuit: Circuit) -> Metrics:
    """Count a circuit.  Of hardware qubits only those in use are counted."""
    totals = np.zeros(6, dtype=np.int64)
    stack = [circuit]
    while stack:
        block = stack.pop()
        totals += _count(block)
        stack.extend(b for e in block.extras for b in e.blocks)
    one, pulses, two, multi, measured, resets = totals.tolist()
    return Metrics(
        qubits=len(circuit.touched_qubits) if circuit.num_physical else circuit.num_qubits,
        ops=one + two + multi + measured + resets,
        one_qubit=one,
        pulses=pulses,
        two_qubit=two,
        multi_qubit=multi,
        depth=circuit.depth(),
        two_qubit_depth=circuit.depth(two_qubit=True),
        measure=measured,
        reset=resets,
    )


def _count(circuit: Circuit) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    codes, widths = circuit.columns.opcode, circuit.widths
    gates = is_gate(codes) & (codes != opcode("gphase"))
    one = gates & (widths == 1)
    diagonal = np.zeros(len(codes), dtype=np.bool_)
    table = codes < USER
    diagonal[table] = DIAGONAL[codes[table]]
    return np.array(
        [
            one.sum(),
            (one & ~diagonal).sum(),
            (gates & (widths == 2)).sum(),
            (gates & (widths > 2)).sum(),
            (codes == OPERATIONS["measure"]).sum(),
            (codes == OPERATIONS["reset"]).sum(),
        ]
    )
