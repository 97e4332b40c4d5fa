"""Where program qubits start: given, embedded without any swap, or guessed for the router to improve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from qir.circuit import Circuit, Layout
from qir.diagnostics import Diagnostic, error
from qir.embedding import embed
from qir.errors import CompileError
from qir.graphs import Coupling
from qir.params import Angle
from qir.targets.target import Target

__all__ = ["check_layout", "embedding", "on_wires", "relocation", "renamed", "usable_qubits"]

Pairs = dict[tuple[int, int], int]

_LOW = 1e-10
"""What a qubit's number costs beside errors, so that of equal placements the one with low numbers wins."""


def usable_qubits(target: Target, graph: Coupling, needed: int) -> list[int]:
    """The qubits of the largest connected part of the machine, ascending.

    CompileError when it has fewer than `needed`.
    """
    healthy = [q for q in range(target.num_qubits) if q not in target.faulty_qubits]
    best: list[int] = []
    seen: set[int] = set()
    for q in healthy:
        if q not in seen:
            part = graph.component(q)
            seen.update(part)
            if len(part) > len(best):
                best = part
    if needed > len(best):
        message = f"the program has {needed} qubits; {target.name} has {len(best)}"
        raise CompileError([error("target.qubits", message, help="choose a larger machine (`qcompile targets`)")])
    return best


def check_layout(layout: Sequence[int], num_qubits: int, target: Target) -> None:
    """CompileError names everything that is wrong with a layout given by the user."""
    found: list[Diagnostic] = []
    if len(layout) != num_qubits:
        found.append(error("target.layout", f"the layout names {len(layout)} qubits; the program has {num_qubits}"))
    seen: set[int] = set()
    for place in layout:
        if not 0 <= place < target.num_qubits:
            found.append(error("target.layout", f"{target.name} has no qubit {place}; it has 0 to {target.num_qubits - 1}"))
        elif place in target.faulty_qubits:
            found.append(error("target.layout", f"qubit {place} of {target.name} is out of order"))
        if place in seen:
            found.append(error("target.layout", f"qubit {place} stands twice in the layout"))
        seen.add(place)
    if found:
        raise CompileError(found)


def on_wires(circuit: Circuit, wires: Sequence[int], num_qubits: int) -> Circuit:
    """The circuit with wire q renamed to hardware qubit wires[q], out of `num_qubits`, and a layout that says so."""
    old = circuit.layout or Layout.trivial(circuit.num_qubits)
    layout = Layout(tuple(wires[w] for w in old.initial), tuple(wires[w] for w in old.final))
    return replace(renamed(circuit, wires, num_qubits), layout=layout)


def renamed(circuit: Circuit, wires: Sequence[int], num_qubits: int) -> Circuit:
    """The circuit with wire q renamed to hardware qubit wires[q]; its layout stays as it was."""
    table = np.full(circuit.num_qubits + 1, -1, np.int32)
    table[: len(wires)] = wires
    columns = replace(circuit.columns, qubits=table[circuit.columns.qubits])
    extras = tuple(
        replace(
            extra,
            qubits=None if extra.qubits is None else tuple(wires[q] for q in extra.qubits),
            blocks=tuple(renamed(block, wires, num_qubits) for block in extra.blocks),
        )
        if extra.qubits is not None or extra.blocks
        else extra
        for extra in circuit.extras
    )
    frames = None
    if circuit.frames is not None:
        moved = [Angle()] * num_qubits
        for q, frame in enumerate(circuit.frames):
            moved[wires[q]] = frame
        frames = tuple(moved)
    return replace(
        circuit, columns=columns, extras=extras, frames=frames, num_qubits=num_qubits, num_physical=num_qubits, qregs=()
    )


def embedding(pairs: Pairs, graph: Coupling, allowed: Sequence[int], *, seed: int, effort: int) -> dict[int, int] | None:
    """A placement that needs no swap; None when none was found.  Which of them errs least is for `relocation`."""
    return embed(pairs, graph, allowed=allowed, seed=seed, restarts=4 * effort, steps=200 + 20 * len(pairs))


def relocation(
    pairs: Pairs, worth: Mapping[int, float], target: Target, allowed: Sequence[int], *, seed: int, effort: int
) -> dict[int, int] | None:
    """New places for the qubits in use, better than where they are; None when none was found.

    worth: of every qubit in use, how much its measurement counts.  Better is a smaller sum of errors, and of equal ones
    the smaller sum of numbers.
    """
    graph, costs = target.coupling, target.costs._replace(rank=_LOW)
    stride, pair_cost, site_cost = graph.size, costs.pairs, costs.sites
    tied = {q for pair in pairs for q in pair}

    def price(places: dict[int, int]) -> float:
        total = sum(worth[q] * float(site_cost[p]) + _LOW * p for q, p in places.items())
        return total + sum(count * float(pair_cost[places[a] * stride + places[b]]) for (a, b), count in pairs.items())

    usable = set(allowed)
    here = {q: q for q in sorted(tied)}
    bound = price(here) if usable.issuperset(tied) else math.inf
    found: dict[int, int] | None = {}
    if pairs:
        found = embed(
            pairs, graph, allowed=allowed, seed=seed, restarts=effort * len(allowed) // 3, bound=bound, costs=costs,
            worth=worth, steps=(50 + 6 * len(pairs)) * effort,
        )  # fmt: skip
        if found is None and bound == math.inf:
            return None
    places = found if found else here
    # Qubits that meet no other take the best of what is left, those that are measured first.
    taken = set(places.values())
    left = sorted((q for q in allowed if q not in taken), key=lambda q: (float(site_cost[q]), q))
    alone = sorted((q for q in worth if q not in tied), key=lambda q: (-worth[q], q))
    places = places | dict(zip(alone, left))
    if usable.issuperset(worth) and price(places) >= price({q: q for q in worth}) - 1e-12:
        return None
    return places
