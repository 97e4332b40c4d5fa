"""Two views of a circuit, blocks on pairs and Pauli rotations: rewrite it by the one that wins."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from qir.circuit import Circuit
from qir.journal import Journal

from .base import Context, Pass
from .best import cost
from .legs import Legs, one_qubit_rows
from .pauli_simplify import Found, SimplifyPaulis, Stretch
from .rebuild import block_heads

__all__ = ["ChooseView"]

_NEAR = 1.05
"""With so many rotations per block, at most, the search begins before the blocks are rebuilt, bounded by as many gates."""
_CLEAR = 0.95
"""So many gates per block, at most, win without a look at the blocks: merging blocks rarely saves more."""


@dataclass(frozen=True)
class ChooseView:
    """Rewrite a circuit by `pairs`, or by `paulis` and the passes `then`, whichever costs least (`best.cost`).

    What is done by one view bounds what is tried by the other.  Circuits with more than `limit` operations times
    qubits only see `pairs`.  Needs: one-qubit gates and rzz.  Keeps: what all of the passes keep.
    """

    name: ClassVar[str] = "choose_view"
    pairs: tuple[Pass, ...] = ()
    then: tuple[Pass, ...] = ()
    paulis: SimplifyPaulis = field(default_factory=SimplifyPaulis)
    limit: int = 100_000

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        if len(circuit.columns) * circuit.num_qubits > self.limit:
            return _apply(self.pairs, circuit, context)
        labels, stretches = self.paulis.stretches(circuit)
        if not stretches:
            return _apply(self.pairs, circuit, context)
        heads, _ = block_heads(circuit, Legs(circuit), one_qubit_rows(circuit))
        blocks = len(set(heads.tolist()) - {-1})
        rest = cost(circuit)[0] - sum(s.before for s in stretches)
        plans: list[tuple[Stretch, Found]] = []
        bound = -1
        if sum(len(s.form.rotations) for s in stretches) <= _NEAR * blocks:
            bound = int(_NEAR * blocks)
            plans = self._plans(circuit, stretches, context, bound - rest)
            if rest + _gates(stretches, plans) <= _CLEAR * blocks:
                mine = replace(context, journal=None if context.journal is None else Journal())
                written = _apply(self.then, self.paulis.write(circuit, labels, plans, mine), mine)
                # The plan leaves a renaming of wires to `then`, which may have to write it out.
                if cost(written)[0] <= cost(circuit)[0]:
                    if context.journal is not None and mine.journal is not None:
                        context.journal.steps.extend(mine.journal.steps)
                    return written
        mine = replace(context, journal=None if context.journal is None else Journal())
        rebuilt = _apply(self.pairs, circuit, mine)
        price = cost(rebuilt)
        if not plans and price[0] > bound:
            plans = self._plans(circuit, stretches, context, price[0] - rest)
        if plans and rest + _gates(stretches, plans) <= price[0]:
            other = replace(context, journal=None if context.journal is None else Journal())
            written = _apply(self.then, self.paulis.write(circuit, labels, plans, other), other)
            if cost(written) < price:
                rebuilt, mine = written, other
        if context.journal is not None and mine.journal is not None:
            context.journal.steps.extend(mine.journal.steps)
        return rebuilt

    def _plans(self, circuit: Circuit, stretches: list[Stretch], context: Context,
               bound: int) -> list[tuple[Stretch, Found]]:  # fmt: skip
        """What the search finds; a bound on all gates is one on the only stretch."""
        result: list[tuple[Stretch, Found]] = []
        for stretch in stretches:
            most = stretch.before - 1
            if len(stretches) == 1:
                most = min(most, bound)
            found = self.paulis.search(circuit, stretch, most, context)
            if found is not None:
                result.append((stretch, found))
        return result


def _gates(stretches: list[Stretch], plans: list[tuple[Stretch, Found]]) -> int:
    """Two-qubit gates of the stretches, those with a plan as planned."""
    saved = sum(stretch.before - plan.cost for stretch, (_, _, plan) in plans)
    return sum(s.before for s in stretches) - saved


def _apply(passes: tuple[Pass, ...], circuit: Circuit, context: Context) -> Circuit:
    for step in passes:
        circuit = step.run(circuit, context)
    return circuit
