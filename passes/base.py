"""What a pass is and what it is given.  It justifies what it did in a `qir.journal.Journal`.

A pass is a frozen dataclass with a `name` and `run(circuit, context) -> Circuit`; its options are
typed fields.  Its docstring is its contract: what it needs, what it establishes, what it keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from qir.circuit import Circuit
from qir.journal import Journal, Step
from qir.targets.target import Target

__all__ = ["Context", "Journal", "Pass", "Step"]


@dataclass(frozen=True)
class Context:
    """What a pass is given beside the circuit.

    target: the machine, None for target-independent work.    gateset: IonQ's "qis" or "native".
    seed: of every random choice.    journal: where to justify changes, None when nobody asks.
    assume_zero: whether inputs may be taken to be |0> for more than placement.
    progress: called with (done, total) on long work, or None.
    decoupling: the sequence that fills idle time on IBM's machines (see `Decouple`), None to leave it empty.
    """

    target: Target | None = None
    gateset: str | None = None
    seed: int = 0
    level: int = 2
    assume_zero: bool = False
    journal: Journal | None = None
    layout: tuple[int, ...] | None = None
    progress: Callable[[int, int], None] | None = None
    decoupling: str | None = None


class Pass(Protocol):
    """One transformation.  `run` returns a new circuit, or the same object when nothing changed."""

    name: ClassVar[str]

    def run(self, circuit: Circuit, context: Context) -> Circuit: ...
