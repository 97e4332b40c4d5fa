"""Try several pipelines and keep the best result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from qir.circuit import Circuit
from qir.columns import DIAGONAL
from qir.euler import PI, TOLERANCE
from qir.gates import NUM_GATES, opcode
from qir.journal import Journal

from .base import Context, Pass
from .pauli_regions import count_rotations

__all__ = ["Best", "IfChanged", "cost"]

_GENERAL = np.zeros(NUM_GATES, np.bool_)
_GENERAL[[opcode("u3"), opcode("u"), opcode("U")]] = True
_RZZ = opcode("rzz")


def cost(circuit: Circuit, entangler: str = "rzz") -> tuple[int, int, int]:
    """Two-qubit gates (wider ones count as many), pulses of one-qubit gates up to z rotations, operations.

    With the entangler "cz", a rotation by other than a quarter turn counts as two gates.
    """
    columns = circuit.columns
    gates = columns.opcode < NUM_GATES
    two = int((circuit.widths[gates] >= 2).sum() + 5 * (circuit.widths[gates] > 2).sum())
    if entangler == "cz":
        rotation = columns.opcode == _RZZ
        two += int((rotation & (np.abs(np.abs(columns.params[:, 0]) - PI / 2) > TOLERANCE)).sum())
    one = gates & (circuit.widths == 1)
    code = columns.opcode[one]
    pulses = ~DIAGONAL[code]
    theta = columns.params[one, 0]
    general = _GENERAL[code] & (theta != PI / 2) & (theta != PI)
    return two, int(pulses.sum() + (general & pulses).sum()), len(columns)


@dataclass(frozen=True)
class IfChanged:
    """Run a pass and, only when it changed the circuit, the passes `then`.  The pipeline runs them one by one."""

    name: ClassVar[str] = "if_changed"
    step: Pass
    then: tuple[Pass, ...] = ()

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        result = self.step.run(circuit, context)
        if result is not circuit:
            for step in self.then:
                result = step.run(result, context)
        return result


@dataclass(frozen=True)
class Best:
    """Run each of some pipelines on the circuit and keep the result with the least `cost`, the first of equals.

    rotations: count rotations by other than multiples of pi/2 like two-qubit gates.
    Circuits with more than `limit` operations times qubits only see the first.  Keeps: what all of the
    pipelines keep.
    """

    name: ClassVar[str] = "best"
    pipelines: tuple[tuple[Pass, ...], ...] = ()
    entangler: str = "rzz"
    limit: int = 100_000
    rotations: bool = False

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        found: tuple[tuple[int, int, int], Circuit, Journal | None] | None = None
        large = len(circuit.columns) * circuit.num_qubits > self.limit
        chosen = self.pipelines[:1] if large else self.pipelines
        for number, pipeline in enumerate(chosen):
            journal = None if context.journal is None else Journal()
            result = circuit
            for step in pipeline:
                result = step.run(result, replace(context, journal=journal))
            if context.progress is not None:
                context.progress(number + 1, len(chosen))
            price = cost(result, self.entangler)
            if self.rotations and len(chosen) > 1:
                price = (price[0] + count_rotations(result), *price[1:])
            if found is None or price < found[0]:
                found = (price, result, journal)
        if found is None:
            return circuit
        if context.journal is not None and found[2] is not None:
            context.journal.steps.extend(found[2].steps)
        return found[1]
