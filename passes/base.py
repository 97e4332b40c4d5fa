"""What a pass is, what it is given, and the journal in which it justifies what it did.

A pass is a frozen dataclass with a `name` and `run(circuit, context) -> Circuit`; its options are
typed fields.  Its docstring is its contract: what it needs, what it establishes, what it keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.targets.target import Target

__all__ = ["Context", "Journal", "Pass", "Step"]

Index = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Step:
    """One justified change of a circuit.

    kind `windows`: `old[i]` and `new[j]` are the window numbers of the operations before and after.
        Along every wire the numbers never fall, in either circuit; so each circuit is the product of
        its windows in ascending order, and the change is right when every window means the same
        before and after (up to a global phase, which the circuits record).
    kind `reorder`: operation j of the new circuit is operation `old[j]` of the old one; only
        operations that commute have changed places.
    kind `remove`: the operations with `old[i] == 1` are dropped (`reason`: "before-measure" for what is
        diagonal with nothing but diagonal gates and measurements after it on its wires, "unmeasured" for
        what no measurement can see, "zero-input" for what acts trivially on |0>, "reset" for a reset of
        a fresh qubit).
    kind `relabel`: wire q of the old circuit is wire `old[q]` of the new one, from the beginning.
    kind `elide`: swap gates with `old[i] == 1` are dropped and the wires after them exchanged.
    kind `route`: the new circuit is the old one on moving wires: `old[q]` is where program wire q
        starts, `new` marks the inserted swaps.
    """

    name: str
    kind: str
    before: Circuit
    after: Circuit
    old: Index
    new: Index | None = None
    reason: str = ""


@dataclass
class Journal:
    """The steps of a compile in order; `after` of one step is `before` of the next."""

    steps: list[Step] = field(default_factory=list)

    def windows(self, name: str, before: Circuit, after: Circuit, old: Index, new: Index) -> None:
        self.steps.append(Step(name, "windows", before, after, old, new))

    def reorder(self, name: str, before: Circuit, after: Circuit, order: Index) -> None:
        self.steps.append(Step(name, "reorder", before, after, order))

    def remove(self, name: str, before: Circuit, after: Circuit, dropped: Index, reason: str) -> None:
        self.steps.append(Step(name, "remove", before, after, dropped, reason=reason))

    def relabel(self, name: str, before: Circuit, after: Circuit, wires: Index) -> None:
        self.steps.append(Step(name, "relabel", before, after, wires))

    def elide(self, name: str, before: Circuit, after: Circuit, swaps: Index) -> None:
        self.steps.append(Step(name, "elide", before, after, swaps))

    def route(self, name: str, before: Circuit, after: Circuit, start: Index, inserted: Index) -> None:
        self.steps.append(Step(name, "route", before, after, start, inserted))


@dataclass(frozen=True)
class Context:
    """What a pass is given beside the circuit.

    target: the machine, None for target-independent work.    gateset: IonQ's "qis" or "native".
    seed: of every random choice.    journal: where to justify changes, None when nobody asks.
    assume_zero: whether inputs may be taken to be |0> for more than placement.
    progress: called with (done, total) on long work, or None.
    """

    target: Target | None = None
    gateset: str | None = None
    seed: int = 0
    level: int = 2
    assume_zero: bool = False
    journal: Journal | None = None
    layout: tuple[int, ...] | None = None
    progress: Callable[[int, int], None] | None = None


class Pass(Protocol):
    """One transformation.  `run` returns a new circuit, or the same object when nothing changed."""

    name: ClassVar[str]

    def run(self, circuit: Circuit, context: Context) -> Circuit: ...
