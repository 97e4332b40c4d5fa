"""Two files made comparable: what an IonQ job leaves unsaid is written out.

IonQ's JSON jobs measure every qubit at the end without saying so, and what a program does to the
phases before that measurement does not show.  So a program is held against such a job with the
measurements in both: those of the program's registers where the job carries their map, else of all
qubits.
"""

from __future__ import annotations

from qir.builder import CircuitBuilder
from qir.circuit import Circuit
from qir.columns import OPERATIONS, Columns
from qir.program import Program

__all__ = ["comparable"]


def comparable(a: Program, b: Program) -> tuple[Circuit, Circuit]:
    """The only circuits of two programs, measured where an IonQ job implies it."""
    first, second = a.circuits[0], b.circuits[0]
    if "ionq" not in (a.format, b.format):
        return first, second
    return _measured(a, first, second), _measured(b, second, first)


def _measured(program: Program, circuit: Circuit, other: Circuit) -> Circuit:
    """The circuit with its implied measurements, in the bits of the other one where their map is known."""
    if circuit.measures:
        return circuit
    registers = program.job.circuits[0].registers if program.job is not None else None
    if registers and other.measures and {r.name for r in other.cregs} <= set(registers):
        pairs = [
            (qubit, r.start + bit)
            for r in other.cregs
            for bit, qubit in enumerate(registers[r.name][: r.size])
            if qubit is not None
        ]
        return _with_measurements(circuit, other, pairs)
    count = circuit.num_qubits
    if other.measures:
        # No map: the n-th qubit goes to the n-th bit, as programs usually do.
        return _with_measurements(circuit, other, [(q, q) for q in range(min(count, other.num_clbits))])
    builder = CircuitBuilder.like(circuit)
    builder.add_bits("implied", count)
    return _with_measurements(circuit, builder.build(), [(q, q) for q in range(count)])


def _with_measurements(circuit: Circuit, bits: Circuit, pairs: list[tuple[int, int]]) -> Circuit:
    rows = Columns.empty(len(pairs))
    rows.opcode[:] = OPERATIONS["measure"]
    for i, (qubit, clbit) in enumerate(pairs):
        rows.qubits[i, 0], rows.clbit[i] = qubit, clbit
    return circuit.with_columns(Columns.concatenate([circuit.columns, rows]), cregs=bits.cregs)
