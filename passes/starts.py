"""Where program qubits may start: guesses for the router to improve."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from random import Random

import numpy as np

from qir.embedding import embed
from qir.graphs import Coupling

from .route_dag import Flow

__all__ = ["Starts"]

Pairs = dict[tuple[int, int], int]

_ROUNDS = 60
"""Steps of the power iteration."""


@lru_cache(maxsize=256)
def _chain(graph: Coupling, allowed: tuple[int, ...], count: int, seed: int) -> tuple[int, ...] | None:
    """A path of `count` qubits, None when none was found."""
    steps = {(i, i + 1): 1 for i in range(count - 1)}
    found = embed(steps, graph, allowed=allowed, seed=seed, restarts=4, steps=20 * count + 100)
    return None if found is None else tuple(found[i] for i in range(count))


class Starts:
    """Starting placements of several kinds.

    "compact": what meets often sits close together.    "path": in the order of first use along a path
    of the machine, as suits programs that move along a line (adders, Fourier transforms, a qubit that meets all
    others in turn).    "branched": the same with the neighbours of the path between its qubits.    "branched by
    bonds": that in the order of the Fiedler vector, where what meets often is near (Fiedler 1973).
    """

    def __init__(self, found: Flow, num_qubits: int, graph: Coupling, allowed: Sequence[int], seed: int) -> None:
        self.found, self.graph, self.allowed, self.seed = found, graph, tuple(sorted(allowed)), seed
        self._greedy = _Greedy(found.pairs, num_qubits, graph, allowed)

    def place(self, kind: str, number: int) -> dict[int, int]:
        """The hardware qubit of program qubits, of all those that meet others; `number` tells guesses of a kind apart."""
        rng = Random(f"{self.seed}:{number}")  # noqa: S311
        if kind == "compact":
            return dict(enumerate(self._greedy.place(rng)))
        path = _chain(self.graph, self.allowed, len(self._by_use), rng.randrange(1 << 30))
        if path is None:
            return dict(enumerate(self._greedy.place(rng)))
        spots = path if kind == "path" else self._branched(path)
        return dict(zip(self._by_bonds if kind == "branched by bonds" else self._by_use, spots))

    def _branched(self, path: Sequence[int]) -> list[int]:
        inside, seen = set(self.allowed), set(path)
        result: list[int] = []
        for p in path:
            side = [q for q in self.graph.neighbours[p] if q in inside and q not in seen]
            seen.update(side)
            result += [p, *side]
        return result

    @cached_property
    def _by_use(self) -> list[int]:
        """The program qubits that meet others, in the order in which they first do."""
        return list(dict.fromkeys(q for pair in zip(self.found.first, self.found.second) if pair[1] >= 0 for q in pair))

    @cached_property
    def _by_bonds(self) -> list[int]:
        """The same qubits in the order of the Fiedler vector of their graph, by power iteration from the order of use."""
        qubits = self._by_use
        number = {q: i for i, q in enumerate(qubits)}
        laplacian = np.zeros((len(qubits), len(qubits)))
        for (a, b), count in self.found.pairs.items():
            i, j = number[a], number[b]
            laplacian[[i, j], [j, i]] -= count
            laplacian[[i, j], [i, j]] += count
        smooth = np.eye(len(qubits)) - laplacian / (2 * laplacian.max())
        vector = np.arange(len(qubits)) - (len(qubits) - 1) / 2
        for _ in range(_ROUNDS):
            vector = np.einsum("ij,j->i", smooth, vector)
        vector -= vector.mean()
        vector /= np.abs(vector).max() + 1e-300
        return [qubits[i] for i in np.argsort(np.round(vector, 6), kind="stable").tolist()]


class _Greedy:
    """Compact placements: the qubit most tied to those placed goes where the paths to them are shortest.

    Qubits without partners come last.  Ties, and the first place, are drawn at random.
    """

    def __init__(self, pairs: Pairs, num_qubits: int, graph: Coupling, allowed: Sequence[int]) -> None:
        bonds: list[tuple[list[int], list[int]]] = [([], []) for _ in range(num_qubits)]
        for (a, b), count in pairs.items():
            bonds[a][0].append(b)
            bonds[a][1].append(count)
            bonds[b][0].append(a)
            bonds[b][1].append(count)
        self.num_qubits, self.graph = num_qubits, graph
        self.bonds = bonds
        self.total = [sum(weights) for _, weights in bonds]
        self.allowed = sorted(allowed)
        inside = set(allowed)
        self.room = [sum(1 for n in near if n in inside) for near in graph.neighbours]

    def place(self, rng: Random) -> list[int]:
        """The hardware qubit of every program qubit."""
        neighbours, distance = self.graph.neighbours, self.graph.rows
        free = [False] * self.graph.size
        for q in self.allowed:
            free[q] = True
        room = self.room.copy()
        place = [-1] * self.num_qubits
        bond = [0] * self.num_qubits
        left = list(range(self.num_qubits))
        border: dict[int, None] = {}
        while left:
            # The tie to what is placed decides; among equals, or at the beginning, the total.
            most = max([bond[v] for v in left])
            rank = bond if most > 0 else self.total
            top = most if most > 0 else max([rank[v] for v in left])
            choices = [v for v in left if rank[v] == top]
            vertex = choices[rng.randrange(len(choices))]
            partners, weights = self.bonds[vertex]
            anchors = [(distance[place[u]], w) for u, w in zip(partners, weights) if place[u] >= 0]
            spots = list(border) or [q for q in self.allowed if free[q]]
            if anchors:
                costs = [sum([w * row[q] for row, w in anchors]) for q in spots]
                least = min(costs)
                spots = [q for q, c in zip(spots, costs) if c == least]
            # Places with free neighbours leave room for what comes next.
            space = max([room[q] for q in spots])
            spots = [q for q in spots if room[q] == space]
            spot = spots[rng.randrange(len(spots))]
            place[vertex] = spot
            free[spot] = False
            border.pop(spot, None)
            for q in neighbours[spot]:
                room[q] -= 1
                if free[q]:
                    border[q] = None
            left.remove(vertex)
            for u, w in zip(partners, weights):
                bond[u] += w
        return place
