"""The search around the router's kernel: many first walks, the best of them improved piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

import numpy as np

from qir.errors import CompileError
from qir.graphs import Coupling

from .route_dag import Flow
from .route_kernel import KERNEL

__all__ = ["SETTINGS", "Setting", "Walk", "Walker", "explore", "improve"]


class Setting(NamedTuple):
    """What the router weighs: see `route_kernel.search`.

    ahead: weight of what comes next, falling by the factor `fade` per layer.    swap: of an entangling gate
    that a swap adds.    decay: of a qubit that moved just before.    near: what a further step of distance
    counts compared with the one before it; below 1 near gates pull harder than far ones together.
    """

    ahead: float
    fade: float
    swap: float
    decay: float
    near: float


LOOK_AHEAD = 24
LAYERS = 12
PER_SWAP = 12
"""Steps of local search per swap, at most."""

SETTINGS = (
    Setting(0.1, 0.8, 0.2, 0.05, 1.0),
    Setting(0.1, 0.8, 0.2, 0.05, 0.9),
    Setting(0.1, 0.8, 0.2, 0.05, 0.8),
    Setting(0.1, 0.8, 0.2, 0.05, 0.6),
    Setting(0.1, 0.6, 0.35, 0.05, 1.0),
    Setting(0.1, 1.0, 0.2, 0.001, 0.9),
)
"""Tried in turn, so that no program meets only weights that do not suit it."""


@dataclass(frozen=True)
class Walk:
    """One run of the router: where program qubits start and end, and the events in order (see the kernel), as
    lists or arrays."""

    start: Any
    end: Any
    events: Any
    total: int
    swaps: int

    @property
    def rank(self) -> tuple[int, int]:
        """What is made least: entangling gates, then swaps."""
        return (self.total, self.swaps)


class Walker:
    """Runs the kernel on one flow and one machine."""

    def __init__(self, found: Flow, graph: Coupling, walks: int) -> None:
        self.size, self.count = graph.size, len(found.rows)
        self.run = run = KERNEL.runner(walks * self.count)
        nodes = (found.first, found.second, found.cost, found.mirror, found.node_start, found.node_group, found.member_start,
                 found.member)  # fmt: skip
        self.nodes = tuple(run.ints(v) for v in nodes)
        flat = graph.arrays if run.arrays else graph.lists
        self.machine = (self.size, flat.near_start, flat.near, flat.distance)
        self.weights = [flat.weight(s.near) for s in SETTINGS]
        self.order = {False: run.ints(found.after), True: run.ints(found.before)}
        self.waiting = {back: run.ints(found.waiting(backward=back)) for back in (False, True)}
        self.sizes = run.ints(found.sizes)
        self.fades = [run.floats([1.0] + [s.ahead * s.fade**k for k in range(LAYERS - 1)]) for s in SETTINGS]
        count, size = self.count, self.size
        ints = (size, size, count, len(found.sizes), count, count, count, count, size, 2 * count, 2 * count)
        self.scratch = (
            *(run.zeros(length) for length in ints),
            run.zeros(2 * count, whole=False),
            *(run.zeros(size) for _ in range(4)),
            run.zeros(size, whole=False),
        )
        self.capacity = 4 * count + 16 * size
        self.out = run.zeros(self.capacity)

    def walk(self, start: Any, seed: int, *, variant: int = 0, backward: bool = False, given: Any = None, cut: int = 0,
             bound: int = 1 << 40) -> Walk | None:  # fmt: skip
        """From program qubits at `start` through the program, or from its end to its beginning.

        given, cut: events of another walk of which the first `cut` are kept.    Returns None when the total passes `bound`.
        """
        number = variant % len(SETTINGS)
        setting, fade, weight = SETTINGS[number], self.fades[number], self.weights[number]
        start = self.run.ints(start)
        while True:
            length, total, swaps = self.run.function(
                *self.nodes, self.order[backward], *self.machine, weight, start, self.waiting[backward], self.sizes,
                seed % 2147483646, LOOK_AHEAD, fade, setting.swap, setting.decay, 3 * int(self.size**0.5) + 10,
                self.out[:0] if given is None else given, cut, bound, *self.scratch, self.out,
            )  # fmt: skip
            if length == -2:
                return None
            if length >= 0:
                break
            self.capacity *= 4
            if self.capacity > 1 << 30:
                raise CompileError("the router does not come to an end")
            self.out = self.run.zeros(self.capacity)
        return Walk(start, self.scratch[0].copy(), self.out[:length].copy(), int(total), int(swaps))

    def turned(self, events: Any) -> Any:
        """Events from last to first."""
        return np.ascontiguousarray(events[::-1]) if self.run.arrays else events[::-1]


def explore(walker: Walker, starts: Iterable[tuple[Any, int]], seed: int, step: Callable[[], None]) -> Walk:
    """The best of the walks from given starts (each with a variant), and of those from where they lead back to.

    Sources: the way back and forth is that of SABRE; that only the better half goes on is successive halving
    (Karnin, Koren and Somekh 2013).
    """
    rng = Random(f"{seed}:explore")  # noqa: S311
    walks: list[tuple[Walk, int]] = []
    for start, variant in starts:
        bound = 3 * min((w.total for w, _ in walks), default=1 << 30)
        walk = walker.walk(start, rng.randrange(2**31 - 2), variant=variant, bound=bound)
        if walk is not None:
            walks.append((walk, variant))
        step()
    for _ in range(2):
        walks.sort(key=lambda entry: entry[0].rank)
        walks = walks[: (len(walks) + 1) // 2]
        for number, (walk, variant) in enumerate(walks):
            back = walker.walk(walk.end, rng.randrange(2**31 - 2), variant=variant, backward=True)
            assert back is not None
            again = walker.walk(back.end, rng.randrange(2**31 - 2), variant=variant, bound=walk.total)
            if again is not None and again.rank < walk.rank:
                walks[number] = (again, variant)
    return min((walk for walk, _ in walks), key=lambda walk: walk.rank)


def improve(walker: Walker, best: Walk, seed: int, steps: int, *, fixed: bool = False) -> Walk:
    """Local search: of the best walk a part is kept and the rest walked anew, forward from a cut or back from it.

    With `fixed` the start stays.  A walk that is no worse takes the place of the best.  Walks with few swaps get few steps.
    """
    rng = Random(f"{seed}:improve")  # noqa: S311
    for _ in range(min(steps, PER_SWAP * best.swaps)):
        if len(best.events) < 2 or not best.swaps:
            break
        cut, draw, variant = rng.randrange(len(best.events)), rng.randrange(2**31 - 2), rng.randrange(len(SETTINGS))
        if fixed or rng.random() < 0.5:
            walk = walker.walk(best.start, draw, variant=variant, given=best.events, cut=cut, bound=best.total)
        else:
            turned = walker.turned(best.events)
            walk = walker.walk(best.end, draw, variant=variant, backward=True, given=turned, cut=cut, bound=best.total + 3)
            if walk is not None:
                # Counted anew, as the estimate of merged gates depends on the direction.
                events = walker.turned(walk.events)
                walk = walker.walk(walk.end, draw, given=events, cut=len(events))
        if walk is not None and walk.rank <= best.rank:
            best = walk
    return best
