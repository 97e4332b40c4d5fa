"""The router's inner loop: a look-ahead swap search in the manner of SABRE.

One function over flat sequences of numbers.  It runs as plain Python over lists and, where numba
is installed, compiled over arrays; both give the same result.  Nothing is allocated inside.

Sources: Li, Ding and Xie 2019 (SABRE); Zou et al. 2024 (LightSABRE: release valve); McKinney et
al. 2024 (MIRAGE: a swap beside a two-qubit gate on the same pair costs less).  Added here: gates
that commute on a wire form one group and may be done in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qir.kernels import Kernel

__all__ = ["KERNEL", "search"]


def search(
    # the program: nodes, their qubits and costs; groups of nodes that commute on a wire
    first: Sequence[int], second: Sequence[int], cost: Sequence[int], mirror: Sequence[int],
    node_start: Sequence[int], node_group: Sequence[int], member_start: Sequence[int], member: Sequence[int],
    next_group: Sequence[int],
    # the machine
    size: int, near_start: Sequence[int], near: Sequence[int], distance: Sequence[int], weight: Sequence[float],
    # the walk: where each program qubit is at first, what is to be waited for, and options
    start: Sequence[int], waiting: Sequence[int], sizes: Sequence[int], seed: int, look_ahead: int, fade: Sequence[float],
    swap_weight: float, decay: float, patience: int,
    # events to begin with, and a total that is too much
    given: Sequence[int], num_given: int, bound: int,
    # scratch
    place: Any, held: Any, missing: Any, left: Any, ready: Any, front: Any, ahead: Any, mark: Any, head: Any, link: Any,
    other: Any, pull: Any, pair: Any, alone: Any, mirrored: Any, stamp: Any, tired: Any,
    # result
    out: Any,
) -> tuple[int, int, int]:  # fmt: skip
    """Order the nodes and insert swaps so that every two-qubit node acts on neighbours.

    first, second: program qubits of a node (second -1: it may run anywhere).    cost, mirror: entangling
    gates a node takes alone, and together with a swap of its qubits.    node_group, member: which groups
    a node is in and the reverse, by offsets; `next_group[g]` becomes current when all of g is done.
    start: qubit of the machine per program qubit; `place` is left with where they are at the end, `held` is the
    reverse.    waiting, sizes: groups of a node that are not yet current, and members of a group.
    given: the first events, in an order that is allowed.
    weight: what a distance costs in the sum that swaps reduce.    fade: how much a node counts in it, by its
    layer: 0 what waits now, 1 what follows, and so on.

    Returns (length of `out`, estimated entangling gates, swaps); out[i] is a node, or -1 - (a * size + b)
    for a swap of machine qubits a < b.  Length -1: `out` was too short; -2: the total has passed `bound`.
    """
    capacity = len(out)
    length = total = swaps = 0
    num_nodes = len(first)
    state = seed % 2147483646 + 1
    num_front = 0
    num_ready = 0
    for i in range(size):
        place[i] = start[i]
        held[start[i]] = i
        head[i] = -1
        pair[i] = -1
        alone[i] = 0
        mirrored[i] = 0
        stamp[i] = 0
        tired[i] = 0.0
    for i in range(len(sizes)):
        left[i] = sizes[i]
    for i in range(num_nodes):
        mark[i] = 0
        missing[i] = waiting[i]
        if missing[i] == 0:
            ready[num_ready] = i
            num_ready += 1
    # Nodes are pushed in reverse so that the stack gives them back in program order.
    for i in range(num_ready // 2):
        j = num_ready - 1 - i
        ready[i], ready[j] = ready[j], ready[i]
    stalled = 0
    steps = 0
    num_ahead = 0
    stale = True
    while True:
        if length >= capacity:
            return -1, total, swaps
        # Next comes what is given, then all that can run, then a swap.
        event = given[length] if length < num_given else 0
        if event >= 0 and (num_ready > 0 or length < num_given):
            if length < num_given:
                node = event
            else:
                num_ready -= 1
                node = ready[num_ready]
                if missing[node] < 0:
                    continue
            a = first[node]
            b = second[node]
            if b >= 0:
                p = place[a]
                q = place[b]
                if distance[p * size + q] != 1:
                    front[num_front] = node
                    num_front += 1
                    stale = True
                    continue
                if pair[p] == q and pair[q] == p:
                    old = alone[p]
                    if mirrored[p] == 0:
                        c = mirror[node]
                        m = cost[node]
                    else:
                        c = old + cost[node]
                        c = 3 if c > 3 else c
                        m = mirrored[p] + cost[node]
                        m = 3 if m > 3 else m
                    total += c - old
                else:
                    c = cost[node]
                    m = mirror[node]
                    total += c
                    pair[p] = q
                    pair[q] = p
                alone[p] = c
                alone[q] = c
                mirrored[p] = m
                mirrored[q] = m
            out[length] = node
            length += 1
            missing[node] = -1
            stalled = 0
            stale = True
            for k in range(node_start[node + 1] - 1, node_start[node] - 1, -1):
                g = node_group[k]
                left[g] -= 1
                if left[g] == 0:
                    g = next_group[g]
                    if g >= 0:
                        for j in range(member_start[g + 1] - 1, member_start[g] - 1, -1):
                            i = member[j]
                            missing[i] -= 1
                            if missing[i] == 0:
                                ready[num_ready] = i
                                num_ready += 1
            continue
        if event == 0 and num_front == 0:
            return length, total, swaps
        if total > bound:
            return -2, total, swaps

        if event == 0 and stale:
            stale = False
            for q in range(size):
                tired[q] = 0.0
            steps = 0
            # Look ahead: nodes of the groups that follow, breadth first.
            for i in range(num_ahead):
                node = ahead[i]
                mark[node] = 0
                if second[node] >= 0:
                    head[first[node]] = -1
                    head[second[node]] = -1
            num_ahead = 0
            for i in range(num_front):
                ahead[num_ahead] = front[i]
                mark[front[i]] = 1
                num_ahead += 1
            found = 0
            i = 0
            while i < num_ahead and found < look_ahead:
                node = ahead[i]
                i += 1
                for k in range(node_start[node], node_start[node + 1]):
                    g = next_group[node_group[k]]
                    if g < 0:
                        continue
                    for j in range(member_start[g], member_start[g + 1]):
                        n = member[j]
                        if mark[n] == 0:
                            mark[n] = mark[node] + 1
                            ahead[num_ahead] = n
                            num_ahead += 1
                            if second[n] >= 0:
                                found += 1
                                if found >= look_ahead:
                                    break
            entries = 0
            for i in range(num_ahead):
                node = ahead[i]
                a = first[node]
                b = second[node]
                if b < 0:
                    continue
                w = fade[mark[node] - 1] if mark[node] <= len(fade) else 0.0
                link[entries] = head[a]
                other[entries] = b
                pull[entries] = w
                head[a] = entries
                entries += 1
                link[entries] = head[b]
                other[entries] = a
                pull[entries] = w
                head[b] = entries
                entries += 1

        if event < 0:
            best_a = (-1 - event) // size
            best_b = (-1 - event) % size
        elif stalled >= patience:
            # Release valve: bring the closest pair together along a shortest path.
            best = front[0]
            shortest = distance[place[first[best]] * size + place[second[best]]]
            for i in range(1, num_front):
                n = front[i]
                gap = distance[place[first[n]] * size + place[second[n]]]
                if gap < shortest:
                    best = n
                    shortest = gap
            p = place[first[best]]
            q = place[second[best]]
            best_a = p
            best_b = p
            for k in range(near_start[p], near_start[p + 1]):
                r = near[k]
                if distance[r * size + q] < distance[best_b * size + q]:
                    best_b = r
        else:
            best_a = -1
            best_b = -1
            best_score = 0.0
            ties = 0
            for i in range(2 * num_front):
                node = front[i >> 1]
                v = first[node] if i & 1 == 0 else second[node]
                p = place[v]
                if stamp[p] == swaps + 1:
                    continue
                stamp[p] = swaps + 1
                for k in range(near_start[p], near_start[p + 1]):
                    q = near[k]
                    if stamp[q] == swaps + 1:
                        continue
                    u = held[q]
                    score = 0.0
                    e = head[v]
                    while e >= 0:
                        o = other[e]
                        if o != u:
                            r = place[o]
                            score += pull[e] * (weight[q * size + r] - weight[p * size + r])
                        e = link[e]
                    e = head[u]
                    while e >= 0:
                        o = other[e]
                        if o != v:
                            r = place[o]
                            score += pull[e] * (weight[p * size + r] - weight[q * size + r])
                        e = link[e]
                    extra = 3
                    if pair[p] == q and pair[q] == p:
                        extra = mirrored[p] - alone[p]
                    score += swap_weight * extra + tired[p] + tired[q]
                    if best_a < 0 or score < best_score - 1e-9:
                        best_score = score
                        best_a = p
                        best_b = q
                        ties = 1
                    elif score < best_score + 1e-9:
                        ties += 1
                        state = state * 48271 % 2147483647
                        if state % ties == 0:
                            best_a = p
                            best_b = q
        if best_a > best_b:
            best_a, best_b = best_b, best_a
        out[length] = -1 - (best_a * size + best_b)
        length += 1
        swaps += 1
        stalled = stalled + 1 if event == 0 else 0
        steps += 1
        if steps % 6 == 5:
            for q in range(size):
                tired[q] = 0.0
        tired[best_a] += decay
        tired[best_b] += decay
        if pair[best_a] == best_b and pair[best_b] == best_a:
            c = mirrored[best_a]
            m = alone[best_a]
            total += c - m
        else:
            c = 3
            m = 0
            total += 3
            pair[best_a] = best_b
            pair[best_b] = best_a
        alone[best_a] = c
        alone[best_b] = c
        mirrored[best_a] = m
        mirrored[best_b] = m
        v = held[best_a]
        u = held[best_b]
        held[best_a] = u
        held[best_b] = v
        place[v] = best_b
        place[u] = best_a
        i = 0
        while i < num_front:
            node = front[i]
            if distance[place[first[node]] * size + place[second[node]]] == 1:
                ready[num_ready] = node
                num_ready += 1
                num_front -= 1
                front[i] = front[num_front]
            else:
                i += 1


KERNEL = Kernel(search)
