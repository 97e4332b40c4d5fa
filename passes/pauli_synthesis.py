"""Circuits for Pauli rotations and a frame, by greedy choice of entangling gates.

The rotations still to be done and the rows of the final Clifford's frame are strings of letters.  A TQE
gate (`qir.symplectic`) conjugates them all; each step takes a gate that brings one of the next rotations
closer to a single qubit and, counting the later strings with falling weight, lengthens the others least
(Schmitz et al., arXiv 2103.08602; Paykin et al., arXiv 2304.08814; weights as in Goubault de Brugiere and
Martiel, arXiv 2404.03280).  A rotation about two qubits is one gate as it stands: it is done so when no
change of frame pays.  Then the frame is reduced, shortest row pair first (Bravyi et al., arXiv 2105.02291).

Strings are kept as bit planes (`qir.symplectic.Planes`): a gate, and the price of a gate, take a handful of
operations on integers however many strings there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from random import Random

from qir.symplectic import TQE_CODE, TQE_PAULIS, Planes, Tally, bits

__all__ = ["Effort", "Gate", "Plan", "Problem", "reduce_frame", "synthesise"]

_AHEAD = 0.3
"""How far, relative to the bound, a run may be ahead of its share before it is given up."""
_LOOKAHEAD = 8
"""Layers that are weighed one by one; those after them count together."""


@dataclass(frozen=True)
class Effort:
    """Weights of one run of the greedy search; runs with other weights find other circuits.

    falloff: the weight of a rotation one layer later.    frame: weight of the frame's rows, relative to the
    last layer's.    width: how many rotations of the front are tried in a step, the earliest layers first, or in the
    order they were `written`.    slack: rotations longer by so much than the shortest are tried too.    direct: how much a
    two-qubit rotation done as it stands is preferred.    focus: how much shorter rows of the frame count more.
    jitter: random change of the prices, relative to one string of the first layer.    seed: of all that is random.
    """

    falloff: float = 0.65
    width: int = 1
    written: bool = False
    frame: float = 1.0
    slack: int = 0
    direct: float = 0.0
    focus: float = 3.0
    jitter: float = 0.0
    seed: int = 0


@dataclass
class Problem:
    """What to synthesise.

    rotations: strings (x, z, sign) in order; those of `unseen` commute with all that matters after them.
    frame: the rows X_0 .. X_n-1, Z_0 .. Z_n-1 of the frame.
    full: the qubits whose both rows matter, as bits; of those in `seen` only Z does; the others do not matter.
    """

    num_qubits: int
    rotations: list[tuple[int, int, int]]
    frame: list[tuple[int, int, int]]
    full: int
    seen: int = 0
    unseen: tuple[int, ...] = ()
    """Rotations that nothing can see: they are not synthesised, but follow the frame through it."""
    order: list[int] = field(init=False)
    """The rotations sorted by layer: position in the planes to index in `rotations`."""
    before: list[int] = field(init=False)
    """Per position the earlier rotations that anticommute, as bits."""
    layers: list[int] = field(init=False)
    """Per layer its positions, as bits."""
    planes: Planes = field(init=False)
    """Rotations by position, then the frame's rows."""

    def __post_init__(self) -> None:
        n = self.num_qubits
        hidden = set(self.unseen)
        kept = [i for i in range(len(self.rotations)) if i not in hidden]
        strings = [self.rotations[i] for i in kept]
        count = len(strings)
        planes = Planes.of(strings, n)
        layer = [0] * count
        masks: list[int] = []
        before = [0] * count
        for i, (x, z, _) in enumerate(strings):
            clash = planes.clash(x, z) & ((1 << i) - 1)
            before[i] = clash
            depth = len(masks)
            if clash:
                while not clash & masks[depth - 1]:
                    depth -= 1
            else:
                depth = 0
            if depth == len(masks):
                masks.append(0)
            masks[depth] |= 1 << i
            layer[i] = depth
        order = sorted(range(count), key=lambda i: (layer[i], i))
        place = [0] * count
        for p, i in enumerate(order):
            place[i] = p
        self.order = [kept[i] for i in order]
        self.before = [sum(1 << place[j] for j in bits(before[i])) for i in order]
        self.layers = [sum(1 << place[j] for j in bits(mask)) for mask in masks]
        self.planes = Planes.of([strings[i] for i in order] + self.frame + [self.rotations[i] for i in self.unseen], n)


Gate = tuple[str, int, int, int, int]
"""("tqe", P, Q, a, b), or ("one", index, sign, letter, qubit), or ("two", index, sign, 4 P + Q, n a + b)."""


@dataclass
class Plan:
    """A circuit: gates in order, their number on two qubits, and what is left of the frame."""

    gates: list[Gate]
    cost: int
    frame: Planes


def synthesise(problem: Problem, effort: Effort, bound: int | None = None) -> Plan | None:
    """One run; None when the circuit would have more than `bound` two-qubit gates."""
    count = len(problem.order)
    n, planes = problem.num_qubits, problem.planes.copy()
    gates: list[Gate] = []
    random = Random(effort.seed)  # noqa: S311
    limit = bound if bound is not None else 1 << 62
    rows = (problem.full | (problem.full | problem.seen) << n) << count
    if _joins(planes, rows | (1 << count) - 1) > limit:
        return None
    cost = _rotations(problem, effort, planes, gates, random, limit)
    if cost > limit:
        return None
    frame = Planes([v >> count for v in planes.x], [v >> count for v in planes.z], planes.sign >> count)
    cost += _frame(n, frame, problem.full, problem.seen, gates, effort, random, limit - cost)
    return None if cost > limit else Plan(gates, cost, frame)


def _joins(planes: Planes, rows: int) -> int:
    """The fewest gates that bring every string of a mask to one qubit: one less than the qubits in each set that strings
    tie together, as a gate ties or frees one qubit at the most."""
    sets: list[int] = []
    count = 0
    for x, z in zip(planes.x, planes.z):
        mine = (x | z) & rows
        if not mine:
            continue
        count += 1
        apart = [s for s in sets if not s & mine]
        for s in sets:
            if s & mine:
                mine |= s
        sets = [*apart, mine]
    return count - len(sets)


# -- rotations ---------------------------------------------------------------------------------


def _reducing(a: int, b: int) -> tuple[tuple[int, int], ...]:
    """The TQE gates (P, Q) that shorten a string with letters a and b (neither I)."""
    return tuple((p, q) for p, q in TQE_PAULIS if (p == a) != (q == b))


_REDUCING = [[_reducing(a, b) for b in range(4)] for a in range(4)]


def _rotations(problem: Problem, effort: Effort, planes: Planes, gates: list[Gate], random: Random, limit: int) -> int:
    count, n = len(problem.order), problem.num_qubits
    if not count:
        return 0
    order, before, layers = problem.order, problem.before, problem.layers
    rows = (problem.full | (problem.full | problem.seen) << n) << count
    alive = (1 << count) - 1
    weights = [round(2**20 * effort.falloff**k) for k in range(_LOOKAHEAD + 1)]
    noise = effort.jitter * weights[0]
    sizes = Tally()
    for x, z in zip(planes.x, planes.z):
        sizes.add((x | z) & alive)
    # One earlier rotation that holds each back; when it is done, the next is looked for.
    waiting: dict[int, list[int]] = {}
    front = 0

    def admit(r: int) -> None:
        nonlocal front
        held = before[r] & alive
        if held:
            waiting.setdefault((held & -held).bit_length() - 1, []).append(r)
        else:
            front |= 1 << r

    for r in range(count):
        admit(r)
    known: dict[int, list[tuple[int, int]]] = {}
    """Qubits and letters of rotations that were looked at, until they change."""

    def letters(r: int) -> list[tuple[int, int]]:
        found = known.get(r)
        if found is None:
            found = known[r] = planes.support(r)
        return found

    first = 0
    masks: list[tuple[int, int]] = []
    # Per layer all that are in it or later.
    beyond = [0] * (len(layers) + _LOOKAHEAD + 1)
    for k in range(len(layers) - 1, -1, -1):
        beyond[k] = beyond[k + 1] | layers[k]

    # Prices hold as long as neither qubit's letters nor the weights change; `stamp` counts the changes.
    prices: dict[tuple[int, int, int, int], tuple[int, int]] = {}
    stamp = [0] * n

    def reweigh() -> None:
        nonlocal first
        begin = first
        while first < len(layers) and not layers[first] & alive:
            first += 1
        if first != begin:
            prices.clear()
        masks.clear()
        for k, mask in enumerate(layers[first : first + _LOOKAHEAD]):
            if mask & alive:
                masks.append((weights[k], mask & alive))
        rest = beyond[first + _LOOKAHEAD]
        if rest:
            masks.append((weights[_LOOKAHEAD], rest))
        if rows:
            masks.append((round(weights[min(len(layers) - first, _LOOKAHEAD)] * effort.frame), rows))

    def finish(r: int) -> None:
        nonlocal alive, front
        where = letters(r)
        for q, _ in where:
            stamp[q] += 1
        sign = planes.sign >> r & 1
        if len(where) == 1:
            q, letter = where[0]
            gates.append(("one", order[r], sign, letter, q))
        else:
            (a, p), (b, q) = where
            gates.append(("two", order[r], sign, 4 * p + q, n * a + b))
        alive ^= 1 << r
        front ^= 1 << r
        for later in waiting.pop(r, ()):
            admit(later)

    reweigh()
    cost = 0
    slack = effort.slack
    while front:
        least, shortest = sizes.least(front)
        if least == 1:
            for r in bits(shortest):
                finish(r)
            slack = effort.slack
            reweigh()
            continue
        # A run that is over the bound, or far ahead of its share of it, will not end below it.
        if cost >= limit or cost * count > limit * (count - alive.bit_count() + _AHEAD * count):
            return limit + 1
        if slack:
            shortest = sum(mask for size, mask in sizes.groups(front) if size <= least + slack)
        eligible: Iterable[int] = bits(shortest)
        if effort.written:
            eligible = sorted(eligible, key=order.__getitem__)
        best: tuple[float, int, int, int, int] | None = None
        directs: list[int] = []
        seen: set[tuple[int, int, int, int]] = set()
        for r in islice(eligible, effort.width):
            items = letters(r)
            if len(items) == 2:
                directs.append(r)
            for i, (a, pa) in enumerate(items):
                for b, pb in items[i + 1 :]:
                    for p, q in _REDUCING[pa][pb]:
                        key = (p, q, a, b)
                        if key in seen:
                            continue
                        seen.add(key)
                        now = stamp[a] + stamp[b]
                        priced = prices.get(key)
                        if priced is None or priced[0] != now:
                            priced = prices[key] = (now, _price(planes, p, q, a, b, masks))
                        score: float = priced[1]
                        if noise:
                            score += noise * random.random()
                        if best is None or score < best[0]:
                            best = (score, p, q, a, b)
        assert best is not None
        if directs:
            # The first of the earliest layer; its own shortening is what a TQE gate on it would be credited with.
            own = {r: next(w for w, mask in masks if mask >> r & 1) for r in directs}
            top = max(own.values())
            if -top * (1.0 + effort.direct) <= best[0]:
                cost += 1
                finish(next(r for r in directs if own[r] == top))
                slack = effort.slack
                reweigh()
                continue
        if slack and best[0] >= 0:
            # Only the shortest from here to the next rotation done, or the search could run in circles.
            slack = 0
            continue
        cost += 1
        _, p, q, a, b = best
        xa, za, xb, zb = planes.x[a], planes.z[a], planes.x[b], planes.z[b]
        planes.tqe(p, q, a, b)
        gates.append(("tqe", p, q, a, b))
        stamp[a] += 1
        stamp[b] += 1
        changed = 0
        for spot, x, z in ((a, xa, za), (b, xb, zb)):
            now_x, now_z = planes.x[spot], planes.z[spot]
            changed |= (x ^ now_x) | (z ^ now_z)
            had, has = (x | z) & alive, (now_x | now_z) & alive
            sizes.add(has & ~had)
            sizes.subtract(had & ~has)
        for r in [r for r in known if changed >> r & 1]:
            del known[r]
    return cost


def _price(planes: Planes, p: int, q: int, a: int, b: int, masks: list[tuple[int, int]]) -> int:
    """How much longer the strings get by a TQE gate, weighted."""
    xa, za, xb, zb = planes.x[a], planes.z[a], planes.x[b], planes.z[b]
    if p == 1:
        from_a, same_a = za, xa & ~za
    elif p == 2:
        from_a, same_a = xa, za & ~xa
    else:
        from_a, same_a = xa ^ za, xa & za
    if q == 1:
        from_b, same_b = zb, xb & ~zb
    elif q == 2:
        from_b, same_b = xb, zb & ~xb
    else:
        from_b, same_b = xb ^ zb, xb & zb
    # A letter appears where there was none, and goes where it is the gate's own.
    up_a, down_a = from_b & ~(xa | za), from_b & same_a
    up_b, down_b = from_a & ~(xb | zb), from_a & same_b
    total = 0
    some = up_a | down_a | up_b | down_b
    for weight, mask in masks:
        if some & mask:
            total += weight * (
                (up_a & mask).bit_count() - (down_a & mask).bit_count()
                + (up_b & mask).bit_count() - (down_b & mask).bit_count()
            )  # fmt: skip
    return total


# -- the frame ---------------------------------------------------------------------------------


def reduce_frame(num_qubits: int, frame: Planes) -> list[Gate]:
    """TQE gates that bring every row pair of a frame to one qubit; the frame is changed."""
    gates: list[Gate] = []
    _frame(num_qubits, frame, (1 << num_qubits) - 1, 0, gates, Effort(), Random(0), 1 << 62)  # noqa: S311
    return gates


def _frame(n: int, frame: Planes, full: int, seen: int, gates: list[Gate], effort: Effort, random: Random,
           limit: int) -> int:  # fmt: skip
    """Reduce every row pair (X_q, Z_q) that matters to one qubit, and every Z_q of which only that matters.

    Twice the cost of a row pair on one qubit is 2 when its letters commute and 3 when not: a TQE gate takes one
    commuting pair away, or turns two that do not commute into two that do.
    """
    single = seen & ~full
    wanted = full | single
    if _joins(frame, full | wanted << n) > limit:
        return limit + 1
    cost = 0
    classes = [_classes(frame.x[p], frame.z[p], n, full, wanted) for p in range(n)]
    lengths = Tally()
    for some, clash in classes:
        lengths.add(some, 1)
        lengths.add(clash)
    while True:
        groups = [*lengths.groups(full), *lengths.groups(single)]
        groups = [(size, mask) for size, mask in groups if size > (3 if mask & full else 2)]
        if not groups:
            return cost
        still = 0
        for _, mask in groups:
            still |= mask
        if cost + (still.bit_count() + 1) // 2 > limit:
            return limit + 1
        least = min(size for size, _ in groups)
        shortest = 0
        masks = []
        for size, mask in groups:
            masks.append((max(1, round(4096.0 * (least / size) ** effort.focus)), mask))
            if size == least:
                shortest |= mask
        settled = single & ~still
        if settled:
            masks.append((1 << 40, settled))
        best: tuple[float, int, int, int, int] | None = None
        tried: set[tuple[int, int, int, int]] = set()
        old: dict[int, int] = {}
        for r in bits(shortest):
            spots = [(p, _pair(frame, p, r, n, full)) for p in range(n) if classes[p][0] >> r & 1]
            for i, (a, code_a) in enumerate(spots):
                for b, code_b in spots[i + 1 :]:
                    for p, q in _reducing_pairs(code_a, code_b):
                        key = (p, q, a, b)
                        if key in tried:
                            continue
                        tried.add(key)
                        score = 0.0
                        for s in (a, b):
                            if s not in old:
                                old[s] = _weigh(*classes[s], masks)
                            score -= old[s]
                        for some, clash in _after(frame, p, q, a, b, n, full, wanted):
                            score += _weigh(some, clash, masks)
                        if effort.seed:
                            score += effort.jitter * 4096 * random.random()
                        if best is None or score < best[0]:
                            best = (score, p, q, a, b)
        assert best is not None
        _, p, q, a, b = best
        frame.tqe(p, q, a, b)
        gates.append(("tqe", p, q, a, b))
        cost += 1
        for s in (a, b):
            some, clash = classes[s]
            lengths.subtract(some, 1)
            lengths.subtract(clash)
            classes[s] = some, clash = _classes(frame.x[s], frame.z[s], n, full, wanted)
            lengths.add(some, 1)
            lengths.add(clash)


def _classes(x: int, z: int, n: int, full: int, wanted: int) -> tuple[int, int]:
    """Of the frame's planes on one qubit: the row pairs with a letter there, and those whose letters anticommute."""
    zx, zz = x >> n & wanted, z >> n & wanted
    xx, xz = x & full, z & full
    return xx | xz | zx | zz, (xx & zz) ^ (xz & zx)


def _weigh(some: int, clash: int, masks: list[tuple[int, int]]) -> int:
    total = 0
    for weight, mask in masks:
        total += weight * (2 * (some & mask).bit_count() + (clash & mask).bit_count())
    return total


def _pair(frame: Planes, p: int, r: int, n: int, full: int) -> int:
    """The letters of X_r (I when it does not matter) and of Z_r on qubit p, as 4 x + z."""
    return (4 * frame.letter(p, r) if full >> r & 1 else 0) + frame.letter(p, n + r)


def _after(frame: Planes, p: int, q: int, a: int, b: int, n: int, full: int, wanted: int) -> tuple[tuple[int, int], ...]:
    """The classes on both qubits after a TQE gate."""
    xa, za, xb, zb = frame.x[a], frame.z[a], frame.x[b], frame.z[b]
    from_a = za if p == 1 else (xa if p == 2 else xa ^ za)
    from_b = zb if q == 1 else (xb if q == 2 else xb ^ zb)
    return (
        _classes(xa ^ from_b if p & 1 else xa, za ^ from_b if p & 2 else za, n, full, wanted),
        _classes(xb ^ from_a if q & 1 else xb, zb ^ from_a if q & 2 else zb, n, full, wanted),
    )


@cache
def _reducing_pairs(code_a: int, code_b: int) -> tuple[tuple[int, int], ...]:
    """The TQE gates (P, Q) that bring a row pair with these letters on two qubits closer to one."""
    xa, za, xb, zb = code_a >> 2, code_a & 3, code_b >> 2, code_b & 3
    clashes = _clash(xa, za) + _clash(xb, zb)
    result = []
    for number, pair in enumerate(TQE_PAULIS):
        x, z = TQE_CODE[number][4 * xa + xb], TQE_CODE[number][4 * za + zb]
        first, second = (x >> 2, z >> 2), (x & 3, z & 3)
        length = sum(2 * (max(letters) > 0) + _clash(*letters) for letters in (first, second))
        # Two anticommuting pairs (6) become commuting (4); of one of each (5) or of two commuting (4) one goes.
        if length <= 2 + clashes:
            result.append(pair)
    return tuple(result)


def _clash(a: int, b: int) -> int:
    return int(bool(a and b and a != b))
