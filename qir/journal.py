"""The journal: what each pass did, in bulk arrays, as a certificate that a checker can check.

A pass writes one `Step` per change (or several, when a change is best explained in stages); the
`after` of a step is the `before` of the next, the same object.  `qir.verify.rewrites` validates
every step and believes none of them.  A change that fits no kind is left out of the journal:
the chain is then broken and the result `unchecked`, never quietly passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.params import Angle

__all__ = ["Journal", "Step"]

Index = npt.NDArray[np.integer]
Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """One justified change of a circuit.

    Everywhere: a *wire* is a quantum wire or a classical bit, an operation with blocks or a
    condition touches all wires of its blocks and the bits it reads; `layout` and `frames` of the
    two circuits must differ exactly by what the step says; barriers and delays mean nothing and
    may come, go, or stay.  Angles are compared to 1e-9 (windows to 1e-8 in the matrix).

    kind `windows`: `old[i]` and `new[j]` are the window numbers of the operations before and after.
        Along every wire the numbers never fall, in either circuit; so each circuit is the product of
        its windows in ascending order, and the change is right when every window means the same
        before and after up to a global phase.  A window may be empty on one side (it means the
        identity).  Keep windows to at most 3 qubits: they are checked in bulk; wider ones are
        checked one by one (expansion of definitions, Pauli rotations, Clifford tableaux, matrices).
        Measurements, resets, barriers, blocks and everything classical stand alone in their window
        or with identical ones, unchanged.  Wires that only `after` has are ancillas: |0> before and
        after every window.
    kind `frames`: as `windows`, but rotations about z may be carried along the wires.  `pending` has
        the shape (len(before), 3): radians of the Rz that is owed on each operand (leg) *after* that
        operation of `before`, inside the new circuit; 0 is owed at the beginning.  Where `pending_terms` is given,
        of the same shape, a number k > 0 in it adds the symbolic angle `pending_angles[k - 1]`.  With B and A the
        matrices of one window before and after, in and out what is owed on its wires:
        B Rz(in) = Rz(out) A up to a global phase.  What is owed after the last operation of a wire is
        added to `after.frames` (`after.frames[w] = before.frames[w] + pending at the end of w`).
        A measurement or reset may change what is owed on its wire to anything.
        Operations with more than three operands are not given in `pending`: nothing may be owed there.
    kind `reorder`: operation j of the new circuit is operation `old[j]` of the old one, all of them;
        only operations that commute have changed places.
    kind `remove`: the operations with `old[i] == 1` are dropped (`reason`: "before-measure" for what is
        diagonal with nothing but diagonal gates between it and a measurement or reset on each of its
        wires; "unmeasured" for what nothing can see: every later operation on its wires is
        dropped too, none of them a measurement, and the program measures something;
        "unseen" for gates that are, on each of their wires, one or the other: followed only by what is
        dropped too, or diagonal there with nothing but what is diagonal there up to a measurement or reset;
        "zero-input" for what acts trivially because some of its wires are still |0> (needs
        `assume_zero`); "reset" for a reset of a wire nothing has touched).
    kind `relabel`: wire q of the old circuit is wire `old[q]` of the new one, from the beginning
        (-1: a wire without operations that is not in the new circuit).  Layouts: `initial` and `final`
        are mapped by `old`.
    kind `elide`: swap gates with `old[i] == 1` are dropped and the wires after them exchanged, in
        operations, in frames and in `layout.final`.
    kind `route`: the new circuit is the old one on moving wires: `old[q]` is where wire q
        starts, `new[j] == 1` marks the inserted swap gates of the new circuit; its other operations
        are those of the old one in an order that keeps every wire's order.  `layout.initial` becomes
        old[initial], `layout.final` the place where the walk ends.
    kind `blocks`: nothing changed but the inside of blocks; each entry of `inner` is (row, block number,
        journal from the old block to the new one).  The blocks of a loop or branch must bring every
        wire back to its place and owe nothing at their end.
    """

    name: str
    kind: str
    before: Circuit
    after: Circuit
    old: Index | None = None
    new: Index | None = None
    reason: str = ""
    pending: Float | None = None
    pending_terms: Index | None = None
    pending_angles: tuple[Angle, ...] = ()
    inner: tuple[tuple[int, int, Journal], ...] = ()


@dataclass
class Journal:
    """The steps of a compile in order; `after` of one step is `before` of the next."""

    steps: list[Step] = field(default_factory=list)

    def windows(self, name: str, before: Circuit, after: Circuit, old: Index, new: Index) -> None:
        """Windows were replaced: one window number per operation of each circuit."""
        self.steps.append(Step(name, "windows", before, after, old, new))

    def frames(
        self, name: str, before: Circuit, after: Circuit, old: Index, new: Index, pending: Float,
        terms: Index | None = None, angles: tuple[Angle, ...] = (),
    ) -> None:  # fmt: skip
        """Windows were replaced and z rotations carried on: `pending` per operation of `before` and leg, and the
        symbolic parts of it as `terms`, 1 + the place in `angles`."""
        step = Step(name, "frames", before, after, old, new, pending=pending, pending_terms=terms, pending_angles=angles)
        self.steps.append(step)

    def reorder(self, name: str, before: Circuit, after: Circuit, order: Index) -> None:
        """Commuting operations changed places: new operation j is old operation `order[j]`."""
        self.steps.append(Step(name, "reorder", before, after, order))

    def remove(self, name: str, before: Circuit, after: Circuit, dropped: Index, reason: str) -> None:
        """Operations were dropped: a mask over those of `before`."""
        self.steps.append(Step(name, "remove", before, after, dropped, reason=reason))

    def relabel(self, name: str, before: Circuit, after: Circuit, wires: Index) -> None:
        """Wires were renamed: old wire q is new wire `wires[q]`."""
        self.steps.append(Step(name, "relabel", before, after, wires))

    def elide(self, name: str, before: Circuit, after: Circuit, swaps: Index) -> None:
        """Swaps became renamings: a mask over the operations of `before`."""
        self.steps.append(Step(name, "elide", before, after, swaps))

    def route(self, name: str, before: Circuit, after: Circuit, start: Index, inserted: Index) -> None:
        """Swaps were inserted: where each wire starts, and a mask over the operations of `after`."""
        self.steps.append(Step(name, "route", before, after, start, inserted))

    def blocks(self, name: str, before: Circuit, after: Circuit, inner: tuple[tuple[int, int, Journal], ...]) -> None:
        """Blocks were rewritten: (row, block number, journal of the block) for each that changed."""
        self.steps.append(Step(name, "blocks", before, after, inner=inner))
