"""Placement and routing: two-qubit gates come to act on qubits that the machine connects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Extra, Layout
from qir.columns import OPERATIONS, Columns
from qir.gates import opcode
from qir.graphs import Coupling
from qir.params import Angle
from qir.targets.target import Target

from .base import Context
from .blocks import inside_blocks
from .layout import check_layout, embedding, on_wires, renamed, usable_qubits
from .route_dag import Flow, flow
from .route_search import Walk, Walker, explore, improve
from .starts import Starts

__all__ = ["RouteQubits"]


KICKS = 8
"""Steps of local search per trial."""

PLANS = (
    ("compact", 0), ("path", 2), ("branched", 1), ("branched by bonds", 0), ("compact", 1), ("path", 3), ("branched", 3),
    ("branched by bonds", 1), ("compact", 4), ("branched", 0), ("branched by bonds", 5), ("compact", 5), ("path", 0),
    ("compact", 0), ("branched", 1), ("branched by bonds", 1),
)  # fmt: skip
"""Kinds of starting placements (see `Starts`), each with the number of a setting, in the order they are tried."""

NODES = 1_500_000
"""Nodes of the program that all trials together may walk over."""


@dataclass(frozen=True)
class RouteQubits:
    """Places a program on the target and inserts swaps where its gates need them.

    Needs: gates on at most two qubits.  Establishes: every two-qubit gate acts on connected qubits
    (in either direction), wires are hardware qubits, `layout` says where program qubits start and
    end; a block of control flow brings every wire back.  Keeps: operations, and the order of all that
    do not commute.  A program on hardware qubits stays as it is.  Deterministic for a seed; bounded
    by trials and steps.  Swaps are left as gates beside the gates they should be merged with.

    trials: starting placements; None takes 1, 4, 16 and 40 for the levels 0 to 3, fewer when the program
    is long.
    """

    name: ClassVar[str] = "route"
    trials: int | None = None

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        target = context.target
        if target is None or target.edges is None or (circuit.num_physical and circuit.layout is None):
            return circuit
        graph = target.coupling
        if not circuit.num_physical:
            circuit = self._place_and_route(circuit, context, target, graph)
        return self._blocks(circuit, context, graph, "rzz" in target.gates)

    # -- the circuit -----------------------------------------------------------------------

    def _place_and_route(self, circuit: Circuit, context: Context, target: Target, graph: Coupling) -> Circuit:
        found = flow(circuit, "rzz" in target.gates)
        if context.layout is not None:
            start = _given(circuit, context.layout, target)
            best = self._from(start, found, context, graph)
        else:
            best = self._search(circuit, found, context, target, graph)
        wires = _list(best.start)[: circuit.num_qubits]
        placed = on_wires(circuit, wires, target.num_qubits)
        if context.journal is not None:
            context.journal.relabel(self.name, circuit, placed, np.array(wires))
        return _rebuild(placed, found, best, context, self.name)

    def _trials(self, found: Flow, context: Context) -> int:
        wanted = self.trials if self.trials is not None else (1, 4, 16, 40)[context.level]
        return max(1, min(wanted, NODES // (5 * (len(found.rows) + 50))))

    def _from(self, start: list[int], found: Flow, context: Context, graph: Coupling) -> Walk:
        """The best of some walks from a given placement."""
        trials = self._trials(found, context)
        walker = Walker(found, graph, 2 * trials)
        walks = [walker.walk(start, context.seed + i, variant=i) for i in range(trials)]
        best = min((walk for walk in walks if walk is not None), key=lambda walk: walk.rank)
        return improve(walker, best, context.seed, KICKS * (trials - 1), fixed=True)

    def _search(self, circuit: Circuit, found: Flow, context: Context, target: Target, graph: Coupling) -> Walk:
        allowed = usable_qubits(target, graph, circuit.num_qubits)
        pairs = found.pairs
        size, count = graph.size, circuit.num_qubits
        perfect = embedding(pairs, graph, allowed, seed=context.seed, effort=context.level + 1) if pairs else {}
        if perfect is not None:
            walk = Walker(found, graph, 1).walk(_filled(perfect, count, allowed, size), context.seed)
            assert walk is not None
            return walk
        trials = self._trials(found, context)
        walker = Walker(found, graph, (2 + KICKS) * trials)
        starts = Starts(found, count, graph, allowed, context.seed)
        done = 0

        def step() -> None:
            nonlocal done
            done += 1
            if context.progress is not None:
                context.progress(done, 2 * trials)

        plans = ((_filled(starts.place(kind, i), count, allowed, size), variant)
                 for i, (kind, variant) in enumerate(islice(cycle(PLANS), trials)))  # fmt: skip
        best = explore(walker, plans, context.seed, step)
        return improve(walker, best, context.seed, KICKS * trials)

    # -- blocks ----------------------------------------------------------------------------

    def _blocks(self, circuit: Circuit, context: Context, graph: Coupling, fractional: bool) -> Circuit:
        def route_block(block: Circuit, inner: Context) -> Circuit:
            found = flow(block, fractional)
            if any(graph.distance[pair] > 1 for pair in found.pairs):
                identity = list(range(graph.size))
                walk = self._from(identity, found, context, graph)
                events = _list(walk.events)
                swaps = [event for event in events if event < 0]
                home = replace(walk, events=events + swaps[::-1], end=identity)
                block = _rebuild(block, found, home, inner, self.name)
            return self._blocks(block, inner, graph, fractional)

        return inside_blocks(circuit, context, self.name, route_block)


def _list(values: Any) -> list[int]:
    found: list[int] = values.copy() if isinstance(values, list) else values.tolist()
    return found


def _given(circuit: Circuit, layout: Sequence[int], target: Target) -> list[int]:
    """The user's layout by wire: program qubit q is on wire `layout.initial[q]` of the circuit."""
    initial = circuit.layout.initial if circuit.layout else tuple(range(circuit.num_qubits))
    check_layout(layout, len(initial), target)
    places = {wire: layout[q] for q, wire in enumerate(initial)}
    healthy = [q for q in range(target.num_qubits) if q not in target.faulty_qubits]
    return _filled(places, circuit.num_qubits, healthy, target.num_qubits)


def _filled(places: dict[int, int], count: int, allowed: Sequence[int], size: int) -> list[int]:
    """A full permutation: program wires without a place get free allowed qubits, ancillas the rest."""
    taken = set(places.values())
    free = [q for q in allowed if q not in taken]
    result = []
    for wire in range(count):
        result.append(places[wire] if wire in places else free.pop(0))
    used = set(result)
    return result + [q for q in range(size) if q not in used]


def _rebuild(circuit: Circuit, found: Flow, walk: Walk, context: Context, name: str) -> Circuit:
    """The circuit on hardware wires, in the order of the walk and with its swaps."""
    size = circuit.num_qubits
    rows, left = list(found.leading), found.sizes.copy()
    is_swap = [False] * len(rows)
    where: list[tuple[int, int]] = [(0, 0)] * len(rows)
    groups, start, trailing = found.node_group, found.node_start, found.trailing
    recent = -1
    for event in _list(walk.events):
        if event < 0:
            rows.append(recent)
            is_swap.append(True)
            where.append(divmod(-1 - event, size))
            continue
        recent = found.rows[event]
        rows.append(recent)
        is_swap.append(False)
        where.append((0, 0))
        for k in range(start[event], start[event + 1]):
            g = groups[k]
            left[g] -= 1
            if not left[g] and trailing[g]:
                rows += trailing[g]
                is_swap += [False] * len(trailing[g])
                where += [(0, 0)] * len(trailing[g])
    # A measured qubit may still be swapped about: its measurement waits for the last place it comes to.
    last = _last_measurements(circuit)
    late = np.array(sorted(last.intersection(rows)), np.int64)
    early = np.array([swap or row not in last for row, swap in zip(rows, is_swap)], dtype=np.bool_)
    inserted = np.concatenate([np.array(is_swap, dtype=np.bool_)[early], np.zeros(len(late), np.bool_)])
    order = np.concatenate([np.array(rows, np.int64)[early], late])
    where = [place for place, stays in zip(where, early.tolist()) if stays] + [(0, 0)] * len(late)
    kept = order[~inserted]
    before = circuit
    if not np.array_equal(kept, np.arange(len(circuit.columns))):
        before = circuit.with_columns(circuit.columns.take(kept))
        if context.journal is not None:
            context.journal.reorder(name, circuit, before, kept)
    elif not inserted.any():
        return circuit
    after = _moved(before, inserted, where)
    if context.journal is not None and inserted.any():
        context.journal.route(name, before, after, np.arange(size), inserted.astype(np.int8))
    return after if inserted.any() else before


def _last_measurements(circuit: Circuit) -> set[int]:
    """Measurements after which neither the qubit nor the bit is touched."""
    w = circuit.wires
    ends = w.start[1:][w.start[:-1] < w.start[1:]] - 1
    count = np.bincount(w.op[ends], minlength=len(circuit.columns))
    measured = circuit.columns.opcode == OPERATIONS["measure"]
    return set(np.flatnonzero(measured & (count == 1 + (circuit.columns.clbit >= 0))).tolist())


def _moved(circuit: Circuit, inserted: npt.NDArray[np.bool_], where: list[tuple[int, int]]) -> Circuit:
    """The operations of `circuit` on moving wires, with swaps where `inserted` says, on the qubits of `where`."""
    size = circuit.num_qubits
    spot = list(range(size))
    at = list(range(size))
    swap_code = opcode("swap")
    source = np.cumsum(~inserted) - 1
    columns: Columns = circuit.columns.take(np.maximum(source, 0))
    qubits = columns.qubits.tolist()
    extra_rows = columns.extra.tolist()
    spans = columns.span.tolist()
    extras: list[Extra] = []
    moved_extra: list[int] = []
    for i, swap in enumerate(inserted.tolist()):
        if swap:
            a, b = where[i]
            qubits[i] = [a, b, -1]
            moved_extra.append(-1)
            u, v = at[a], at[b]
            at[a], at[b] = v, u
            spot[u], spot[v] = b, a
            continue
        qubits[i] = [spot[q] if q >= 0 else -1 for q in qubits[i]]
        extra = extra_rows[i]
        if extra >= 0:
            extras.append(_moved_extra(circuit.extras[extra], spot, size))
            extra = len(extras) - 1
        moved_extra.append(extra)
    opcodes = np.where(inserted, swap_code, columns.opcode).astype(np.int32)
    params = np.where(inserted[:, None], 0.0, columns.params)
    terms = None if columns.terms is None else np.where(inserted[:, None], 0, columns.terms).astype(np.int32)
    clbit = np.where(inserted, -1, columns.clbit).astype(np.int32)
    made = Columns(
        opcodes, np.array(qubits, np.int32).reshape(-1, 3), params, clbit, np.array(moved_extra, np.int32),
        np.array(spans, np.int32), terms,
    )  # fmt: skip
    layout = circuit.layout
    if layout is not None:
        layout = Layout(layout.initial, tuple(spot[w] for w in layout.final))
    frames = circuit.frames
    if frames is not None:
        turned = [Angle()] * size
        for w, frame in enumerate(frames):
            turned[spot[w]] = frame
        frames = tuple(turned)
    return circuit.with_columns(made, extras=tuple(extras), layout=layout, frames=frames)


def _moved_extra(extra: Extra, spot: Sequence[int], size: int) -> Extra:
    if extra.qubits is None and not extra.blocks:
        return extra
    qubits = None if extra.qubits is None else tuple(spot[q] for q in extra.qubits)
    blocks = tuple(renamed(b, spot, size) for b in extra.blocks)
    if blocks and qubits is not None:
        qubits = tuple(sorted(qubits))
    return replace(extra, qubits=qubits, blocks=blocks)
