"""Small graphs inside large ones: a place for every vertex so that edges fall on edges.

Depth-first search that always places the vertex with the most placed neighbours and looks at free
neighbours ahead (in the manner of VF2, Cordella et al. 2004), restarted in random orders.  With costs
it goes on from the first map and cuts off what cannot become better (branch and bound).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from qir.graphs import Coupling, two_colours
from qir.kernels import Kernel

__all__ = ["Costs", "embed"]

Pairs = Mapping[tuple[int, int], int]


class Costs(NamedTuple):
    """What a map costs: `pairs[p * size + q]` times the weight of an edge that falls on (p, q), `sites[q]` times that of
    a vertex on q, and `rank` times q, so that of equal maps the one with low numbers wins."""

    pairs: Any
    sites: Any
    rank: float = 0.0


def search(
    # the small graph: links of a vertex by offsets, the weight of each, and that of the vertices
    count: int, link_start: Sequence[int], link: Sequence[int], weight: Sequence[float], worth: Sequence[float],
    # the large one, and which of its vertices may be used
    size: int, near_start: Sequence[int], near: Sequence[int], distance: Sequence[int], usable: Sequence[int],
    roots: Sequence[int],
    # costs, and how hard to try
    weighted: int, pair_cost: Sequence[float], site_cost: Sequence[float], rank_cost: float, bound: float, restarts: int,
    steps: int, seed: int,
    # scratch
    order: Any, parent: Any, touched: Any, border: Any, free: Any, room: Any, place: Any, begin: Any, end: Any,
    choice: Any, key: Any, price: Any, spent: Any, least: Any,
    # result
    out: Any,
) -> float:  # fmt: skip
    """The cost of the best map, which is left in `out` (qubit per vertex), or -1.0 when none is below `bound`.

    Without costs (`weighted` 0) the first map is taken.  `steps` bounds the placements of each restart.
    """
    state = seed % 2147483646 + 1
    best = bound
    found = False
    cheapest_pair = 0.0
    cheapest_site = 0.0
    num_roots = len(roots)
    if weighted != 0:
        cheapest_pair = cheapest_site = 1e300
        for i in range(num_roots):
            p = roots[i]
            if site_cost[p] < cheapest_site:
                cheapest_site = site_cost[p]
            for k in range(near_start[p], near_start[p + 1]):
                if usable[near[k]] != 0 and pair_cost[p * size + near[k]] < cheapest_pair:
                    cheapest_pair = pair_cost[p * size + near[k]]
    stride = max(1, num_roots // restarts)
    for attempt in range(restarts):
        # An order in which every vertex has as many placed neighbours as can be.
        for v in range(count):
            touched[v] = 0
            parent[v] = -1
            place[v] = -1
        num_border = 0
        least[count] = 0.0
        for depth in range(count):
            pick = -1
            ties = 0
            if num_border > 0:
                for i in range(num_border):
                    v = border[i]
                    if pick >= 0:
                        u = border[pick]
                        if touched[v] < touched[u]:
                            continue
                        a = link_start[v + 1] - link_start[v]
                        b = link_start[u + 1] - link_start[u]
                        if touched[v] == touched[u]:
                            if a < b:
                                continue
                            if a == b:
                                ties += 1
                                state = state * 48271 % 2147483647
                                if state % ties != 0:
                                    continue
                                pick = i
                                continue
                    pick = i
                    ties = 1
                v = border[pick]
                num_border -= 1
                border[pick] = border[num_border]
            else:
                v = -1
                for u in range(count):
                    if touched[u] < 0:
                        continue
                    if v >= 0:
                        a = link_start[u + 1] - link_start[u]
                        b = link_start[v + 1] - link_start[v]
                        if a < b:
                            continue
                        if a == b:
                            ties += 1
                            state = state * 48271 % 2147483647
                            if state % ties != 0:
                                continue
                            v = u
                            continue
                    v = u
                    ties = 1
            touched[v] = -1
            order[depth] = v
            total = cheapest_site * worth[v]
            for k in range(link_start[v], link_start[v + 1]):
                u = link[k]
                if touched[u] < 0:
                    total += weight[k] * cheapest_pair
                else:
                    if touched[u] == 0:
                        border[num_border] = u
                        num_border += 1
                        parent[u] = v
                    touched[u] += 1
            spent[depth] = total
        for depth in range(count - 1, -1, -1):
            least[depth] = least[depth + 1] + spent[depth]
        for q in range(size):
            free[q] = usable[q]
            room[q] = 0
        for i in range(num_roots):
            p = roots[i]
            for k in range(near_start[p], near_start[p + 1]):
                room[near[k]] += 1
        by_cost = weighted != 0 and attempt % 2 == 1
        left = steps
        depth = 0
        fresh = True
        spent[0] = 0.0
        begin[0] = 0
        while True:
            if fresh:
                # Where the next vertex may go, the most promising last.
                fresh = False
                v = order[depth]
                first = begin[depth]
                last = first
                anchor = parent[v]
                mapped = 0
                for k in range(link_start[v], link_start[v + 1]):
                    if place[link[k]] >= 0:
                        mapped += 1
                links = link_start[v + 1] - link_start[v] - mapped
                if anchor >= 0:
                    low = near_start[place[anchor]]
                    high = near_start[place[anchor] + 1]
                elif depth == 0 and weighted != 0:
                    # Another corner of the machine each time, so that the best one is met.
                    low = (seed + attempt * stride) % num_roots
                    high = low + 1
                else:
                    low = 0
                    high = num_roots
                for i in range(low, high):
                    q = near[i] if anchor >= 0 else roots[i]
                    if free[q] == 0 or room[q] < links:
                        continue
                    fits = True
                    value = worth[v] * site_cost[q] + rank_cost * q if weighted != 0 else 0.0
                    for k in range(link_start[v], link_start[v + 1]):
                        m = place[link[k]]
                        if m >= 0:
                            if distance[q * size + m] != 1:
                                fits = False
                                break
                            if weighted != 0:
                                value += weight[k] * pair_cost[q * size + m]
                    if not fits:
                        continue
                    state = state * 48271 % 2147483647
                    rank = value * (1.0 + 0.3 * state / 2147483647.0) if by_cost else room[q] + state / 2147483648.0
                    if by_cost and links > 0 and anchor < 0:
                        ahead = 1e300
                        for k in range(near_start[q], near_start[q + 1]):
                            if free[near[k]] != 0 and pair_cost[q * size + near[k]] < ahead:
                                ahead = pair_cost[q * size + near[k]]
                        rank += ahead * weight[link_start[v]]
                    j = last
                    while j > first and key[j - 1] < rank:
                        key[j] = key[j - 1]
                        choice[j] = choice[j - 1]
                        price[j] = price[j - 1]
                        j -= 1
                    key[j] = rank
                    choice[j] = q
                    price[j] = value
                    last += 1
                end[depth] = last
            if end[depth] > begin[depth] and left > 0:
                left -= 1
                last = end[depth] - 1
                end[depth] = last
                q = choice[last]
                value = spent[depth] + price[last]
                if weighted != 0 and value + least[depth + 1] >= best - 1e-12:
                    continue
                if depth + 1 == count:
                    place[order[depth]] = q
                    for v in range(count):
                        out[v] = place[v]
                    place[order[depth]] = -1
                    if weighted == 0:
                        return 0.0
                    found = True
                    best = value
                    continue
                place[order[depth]] = q
                free[q] = 0
                for k in range(near_start[q], near_start[q + 1]):
                    room[near[k]] -= 1
                depth += 1
                spent[depth] = value
                begin[depth] = last
                fresh = True
            else:
                if depth == 0:
                    break
                depth -= 1
                v = order[depth]
                q = place[v]
                place[v] = -1
                free[q] = 1
                for k in range(near_start[q], near_start[q + 1]):
                    room[near[k]] += 1
    return best if found else -1.0


KERNEL = Kernel(search)


def embed(
    pairs: Pairs, graph: Coupling, *, allowed: Sequence[int] | None = None, costs: Costs | None = None,
    worth: Mapping[int, float] | None = None, bound: float = 1e300, restarts: int = 8, steps: int = 4000, seed: int = 0,
) -> dict[int, int] | None:  # fmt: skip
    """A map of the vertices of `pairs` (edges with weights) to qubits such that all edges are edges of `graph`.

    allowed: qubits that may be used, all without it.    costs: what to make least, below `bound`; without them the
    first map found is taken.    worth: weights of vertices, 1 where it does not say.
    restarts, steps: random orders that are tried, and placements in each.
    Returns None when nothing was found.
    """
    vertices = sorted({v for pair in pairs for v in pair})
    roots = list(range(graph.size)) if allowed is None else sorted(allowed)
    number = {v: i for i, v in enumerate(vertices)}
    links: list[dict[int, int]] = [{} for _ in vertices]
    for (a, b), weight in pairs.items():
        links[number[a]][number[b]] = weight
        links[number[b]][number[a]] = weight
    largest = max((len(n) for n in graph.neighbours), default=0)
    if not vertices or len(vertices) > len(roots) or max(len(n) for n in links) > largest:
        return None
    if graph.bipartite and not two_colours([list(found) for found in links]):
        return None
    count, size = len(vertices), graph.size
    run = KERNEL.runner(restarts * (count + steps // 16) // 4)
    offsets = [0]
    for found in links:
        offsets.append(offsets[-1] + len(found))
    usable = [0] * size
    for q in roots:
        usable[q] = 1
    flat = graph.arrays if run.arrays else graph.lists
    # Candidates of one depth lie behind those of the one before; a part without placed neighbours may begin anywhere.
    room = count * largest + size * count
    none = run.zeros(1, whole=False)
    out = run.zeros(count)
    best = run.function(
        count, run.ints(offsets), run.ints([v for found in links for v in found]),
        run.floats([w for found in links for w in found.values()]), run.floats([(worth or {}).get(v, 1.0) for v in vertices]),
        size, flat.near_start, flat.near, flat.distance, run.ints(usable), run.ints(roots),
        int(costs is not None), run.floats(costs.pairs) if costs else none, run.floats(costs.sites) if costs else none,
        costs.rank if costs else 0.0, bound, restarts, steps, seed % 2147483646,
        *(run.zeros(count) for _ in range(4)), *(run.zeros(size) for _ in range(2)), run.zeros(count), run.zeros(count + 1),
        run.zeros(count + 1), run.zeros(room), run.zeros(room, whole=False), run.zeros(room, whole=False),
        run.zeros(count + 1, whole=False), run.zeros(count + 1, whole=False), out,
    )  # fmt: skip
    return None if best < 0 else {v: int(q) for v, q in zip(vertices, out)}
