"""Coupling graphs as plain arrays: neighbours and distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Coupling", "Flat", "coupling", "two_colours"]

FAR = 1 << 14
"""The distance of qubits that are not connected at all."""


class Flat(NamedTuple):
    """A coupling graph as flat sequences for kernels: neighbours by offsets, and distances."""

    near_start: Any
    near: Any
    distance: Any
    weights: dict[float, Any]

    def weight(self, ratio: float) -> Any:
        """What distances weigh when each further step counts `ratio` times the one before it."""
        if ratio not in self.weights:
            size = np.minimum(np.array(self.distance, np.float64), FAR)
            found = size if ratio == 1.0 else (1 - ratio**size) / (1 - ratio)
            self.weights[ratio] = found if isinstance(self.distance, np.ndarray) else found.tolist()
        return self.weights[ratio]


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
    def lists(self) -> Flat:
        """The graph for kernels that run plain."""
        start, near, distance, _ = self.arrays
        return Flat(start.tolist(), near.tolist(), distance.tolist(), {})

    @cached_property
    def arrays(self) -> Flat:
        """The graph for kernels that run compiled."""
        start = np.cumsum([0, *(len(found) for found in self.neighbours)])
        near = np.array([q for found in self.neighbours for q in found], np.int64)
        distance = self.distance.ravel().astype(np.int64)
        return Flat(start.astype(np.int64), near, distance, {})

    @cached_property
    def bipartite(self) -> bool:
        """Whether no cycle has odd length."""
        return two_colours(self.neighbours)

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


def two_colours(adjacent: Sequence[Sequence[int]]) -> bool:
    """Whether a graph, as neighbours per vertex, has no cycle of odd length."""
    colour: dict[int, bool] = {}
    for root in range(len(adjacent)):
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
