"""Coupling graphs as plain arrays: neighbours, distances, and embeddings of small graphs in large ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["Coupling", "coupling", "embed"]

FAR = 1 << 14
"""The distance of qubits that are not connected at all."""


@dataclass(frozen=True, eq=False)
class Coupling:
    """An undirected coupling graph on qubits 0 .. size-1.

    edges: (low, high), ascending.    neighbours: per qubit, ascending.
    distance: (size, size) int32, number of edges on a shortest path; `FAR` when there is none.
    """

    size: int
    edges: tuple[tuple[int, int], ...]
    neighbours: tuple[tuple[int, ...], ...]
    distance: npt.NDArray[np.int32]

    @cached_property
    def rows(self) -> list[list[int]]:
        """The distances as lists."""
        found: list[list[int]] = self.distance.tolist()
        return found

    @cached_property
    def bipartite(self) -> bool:
        """Whether no cycle has odd length."""
        return _two_colours({q: list(near) for q, near in enumerate(self.neighbours)})

    def component(self, start: int) -> list[int]:
        """The qubits that can be reached from one, ascending."""
        found: list[int] = np.flatnonzero(self.distance[start] < FAR).tolist()
        return found


@lru_cache(maxsize=32)
def coupling(size: int, edges: tuple[tuple[int, int], ...]) -> Coupling:
    """The coupling graph of undirected edges; breadth-first search from all qubits at once."""
    pairs = sorted({(min(a, b), max(a, b)) for a, b in edges})
    lists: list[list[int]] = [[] for _ in range(size)]
    for a, b in pairs:
        lists[a].append(b)
        lists[b].append(a)
    distance = np.full((size, size), FAR, np.int32)
    reached = np.eye(size, dtype=np.bool_)
    distance[reached] = 0
    frontier, step = reached.copy(), 0
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    while frontier.any():
        step += 1
        grown = np.zeros_like(frontier)
        # Rows are sources; a frontier moves along every edge in both directions.
        np.logical_or.at(grown.T, ends[:, 0], frontier.T[ends[:, 1]])
        np.logical_or.at(grown.T, ends[:, 1], frontier.T[ends[:, 0]])
        frontier = grown & ~reached
        distance[frontier] = step
        reached |= frontier
    return Coupling(size, tuple(pairs), tuple(tuple(sorted(n)) for n in lists), distance)


def embed(
    edges: Sequence[tuple[int, int]],
    graph: Coupling,
    *,
    allowed: frozenset[int] | None = None,
    seed: int = 0,
    restarts: int = 8,
    steps: int = 4000,
    limit: int = 1,
    cost: Callable[[dict[int, int]], float] | None = None,
) -> dict[int, int] | None:
    """A map of the vertices of a small graph to qubits such that all its edges are edges of `graph`.

    Depth-first search with look-ahead at free neighbours (in the manner of VF2, Cordella et al. 2004)
    from `restarts` random orders, at most `steps` extensions each.  Up to `limit` maps are looked at;
    the one of the least `cost` is returned (the first without one), None when none was found.
    """
    adjacent: dict[int, list[int]] = {}
    for a, b in edges:
        adjacent.setdefault(a, []).append(b)
        adjacent.setdefault(b, []).append(a)
    free_count = len(allowed) if allowed is not None else graph.size
    largest = max((len(n) for n in graph.neighbours), default=0)
    if len(adjacent) > free_count or max((len(set(n)) for n in adjacent.values()), default=0) > largest:
        return None
    usable = [allowed is None or q in allowed for q in range(graph.size)]
    if graph.bipartite and not _two_colours(adjacent):
        return None
    best: dict[int, int] | None = None
    best_cost, seen = 0.0, 0
    for attempt in range(restarts):
        rng = random.Random(f"{seed}:{attempt}")  # noqa: S311
        root = None
        if cost is not None:
            # Another corner of the machine each time, so that the best one is met.
            roots = [q for q in range(graph.size) if usable[q]]
            root = roots[(seed + attempt * max(1, len(roots) // restarts)) % len(roots)]
        found = _search(adjacent, graph, usable, rng, steps, root)
        if found is None:
            continue
        value = cost(found) if cost else 0.0
        if best is None or value < best_cost:
            best, best_cost = found, value
        seen += 1
        if seen >= limit:
            break
    return best


def _two_colours(adjacent: dict[int, list[int]]) -> bool:
    colour: dict[int, bool] = {}
    for root in adjacent:
        if root in colour:
            continue
        colour[root] = False
        queue = [root]
        for vertex in queue:
            for other in adjacent[vertex]:
                if other not in colour:
                    colour[other] = not colour[vertex]
                    queue.append(other)
                elif colour[other] == colour[vertex]:
                    return False
    return True


def _search(
    adjacent: dict[int, list[int]], graph: Coupling, usable: Sequence[bool], rng: random.Random, steps: int, root: int | None
) -> dict[int, int] | None:
    order, parents = _visit_order(adjacent, rng)
    neighbours = graph.neighbours
    free = list(usable)
    degree = [sum(1 for n in neighbours[q] if free[n]) for q in range(graph.size)]
    starts = [q for q in range(graph.size) if free[q]] if root is None else [root]
    place: dict[int, int] = {}
    stack: list[list[int]] = []
    links = {v: set(n) for v, n in adjacent.items()}

    def candidates(depth: int) -> list[int]:
        vertex = order[depth]
        parent = parents[depth]
        pool = starts if parent is None else neighbours[place[parent]]
        mapped = [place[u] for u in links[vertex] if u in place]
        open_links = len(links[vertex]) - len(mapped)
        result = []
        for q in pool:
            if not free[q] or degree[q] < open_links:
                continue
            mine = neighbours[q]
            if all(m in mine for m in mapped):
                result.append(q)
        rng.shuffle(result)
        # Tight corners first: they are the hardest to fill later.
        result.sort(key=lambda q: -degree[q])
        return result

    stack.append(candidates(0))
    while stack:
        if len(place) == len(order):
            return place
        if stack[-1] and steps > 0:
            steps -= 1
            depth = len(stack) - 1
            q = stack[-1].pop()
            place[order[depth]] = q
            free[q] = False
            for n in neighbours[q]:
                degree[n] -= 1
            if len(place) == len(order):
                return place
            stack.append(candidates(depth + 1))
            continue
        stack.pop()
        if not stack:
            break
        q = place.pop(order[len(stack) - 1])
        free[q] = True
        for n in neighbours[q]:
            degree[n] += 1
        if steps <= 0 and not stack:
            break
    return None


def _visit_order(adjacent: dict[int, list[int]], rng: random.Random) -> tuple[list[int], list[int | None]]:
    """Vertices so that each has a placed neighbour where it can, the most constrained next."""
    left = sorted(adjacent)
    rng.shuffle(left)
    remaining = set(left)
    order: list[int] = []
    parents: list[int | None] = []
    touched: dict[int, int] = {}
    parent_of: dict[int, int] = {}
    while remaining:
        if touched:
            vertex = max(touched, key=lambda v: (touched[v], len(adjacent[v]), -v))
            del touched[vertex]
            parents.append(parent_of[vertex])
        else:
            # Small components last; within one, begin where the graph is densest.
            vertex = max((v for v in left if v in remaining), key=lambda v: len(adjacent[v]))
            parents.append(None)
        order.append(vertex)
        remaining.discard(vertex)
        for other in adjacent[vertex]:
            if other in remaining:
                touched[other] = touched.get(other, 0) + 1
                parent_of[other] = vertex
    return order, parents
