"""Circuits for Pauli rotations and a frame, by greedy choice of entangling gates.

The rotations still to be done and the frame of the final Clifford are strings of letters.  A TQE gate
conjugates them all; each step takes the gate that brings one of the next rotations closer to a single
qubit and, counting all later strings with falling weight, costs least (the idea of Schmitz et al.,
arXiv 2103.08602, and of Paykin et al., arXiv 2304.08814; weights after Goubault de Brugiere and
Martiel, arXiv 2404.03280).  Two-qubit rotations may be done as they stand, as one gate, when no frame change
pays.  The frame is reduced row pair by row pair (Bravyi et al., arXiv 2105.02291, section 5).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.symplectic import TQE_CODE, TQE_PAULIS, TQE_SIGN, commutation

__all__ = ["Effort", "Plan", "Problem", "synthesise"]

Letters = npt.NDArray[np.uint8]

_WEIGHT = np.array([0, 1, 1, 1], np.int64)
_PAIR_WEIGHT = (_WEIGHT[:, None] + _WEIGHT[None, :]).reshape(16)
_DELTA = _PAIR_WEIGHT[TQE_CODE] - _PAIR_WEIGHT[None, :]
_DELTA_COLUMNS = np.ascontiguousarray(_DELTA.T.astype(np.float64))
"""Change of the weight of a string: per pair of letters and TQE gate."""
_REDUCING = tuple(tuple(np.flatnonzero(_DELTA[:, code] < 0).tolist()) for code in range(16))
"""The TQE gates that shorten a string with a given pair of letters."""


@dataclass(frozen=True)
class Effort:
    """Weights of one run of the greedy search; runs with other weights find other circuits.

    falloff: the weight of a rotation one layer later.    frame: weight of the frame's rows, relative to
    the last layer's.    slack: rotations of this much more than the least weight are tried too.
    jitter: relative random change of the weights.    direct: how much a two-qubit rotation done as it
    stands is preferred.    seed: of the random choices.
    """

    falloff: float = 0.6
    frame: float = 1.0
    slack: int = 0
    jitter: float = 0.0
    direct: float = 0.0
    seed: int = 0


@dataclass
class Problem:
    """What to synthesise: letters (strings, qubits) of the rotations, then of the frame's rows.

    `frame` are the rows X_0 .. X_n-1, Z_0 .. Z_n-1 of the frame, and `signs` belong to both (1 for minus).
    `wanted[q]`: whether all of qubit q's rows matter (2), only Z (1), or none (0).
    """

    rotations: Letters
    frame: Letters
    signs: Letters
    order: npt.NDArray[np.bool_] = field(init=False)
    layer: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        count = len(self.rotations)
        self.order = np.triu(commutation(self.rotations, self.rotations), 1)
        layer = np.zeros(count, np.int64)
        for i in range(1, count):
            earlier = layer[:i][self.order[:i, i]]
            if len(earlier):
                layer[i] = earlier.max() + 1
        self.layer = layer


Gate = tuple[Any, ...]
"""("tqe", P, Q, a, b), ("rotation", index, sign, (qubits), (letters))."""


@dataclass
class Plan:
    """A circuit: gates in order, and what is left of the frame: per logical qubit the place it ended on and the
    letters and signs of its X and Z there."""

    gates: list[Gate]
    cost: int
    frame: Letters
    signs: Letters


def synthesise(problem: Problem, effort: Effort, bound: int | None = None) -> Plan | None:
    """One run; None when the circuit would have more than `bound` two-qubit gates."""
    count = len(problem.rotations)
    letters = np.ascontiguousarray(np.concatenate([problem.rotations, problem.frame]).T)
    signs = problem.signs.copy()
    gates: list[Gate] = []
    rng = np.random.Generator(np.random.PCG64(effort.seed))
    cost = _rotations(problem, effort, letters, signs, gates, rng, bound)
    if bound is not None and cost > bound:
        return None
    frame = np.ascontiguousarray(letters[:, count:])
    frame_signs = signs[count:].copy()
    cost += _frame(frame, frame_signs, gates, rng, None if bound is None else bound - cost)
    if bound is not None and cost > bound:
        return None
    return Plan(gates, cost, np.ascontiguousarray(frame.T), frame_signs)


def _rotations(problem: Problem, effort: Effort, letters: Letters, signs: Letters, gates: list[Gate],
               rng: np.random.Generator, bound: int | None) -> int:  # fmt: skip
    count = len(problem.rotations)
    if not count:
        return 0
    total = letters.shape[1]
    order, layer = problem.order, problem.layer
    blocked = order.sum(axis=0).astype(np.int64)
    deepest = int(layer.max()) + 1
    table = np.maximum(np.rint(2.0**30 * effort.falloff ** np.arange(deepest + 2)), 0)
    weights = np.zeros(total)
    jitter = 1.0 + effort.jitter * (rng.random(total) - 0.5) if effort.jitter else None
    alive = np.ones(count, np.bool_)
    front = np.flatnonzero(blocked == 0).tolist()
    current = -1
    cost = 0
    slack = effort.slack

    def reweigh() -> None:
        nonlocal current
        now = min(layer[front].tolist())
        if now == current:
            return
        current = now
        weights[:count] = np.where(alive, table[np.maximum(layer - now, 0)], 0)
        weights[count:] = table[min(deepest - now, deepest)] * effort.frame
        if jitter is not None:
            np.multiply(weights, jitter, out=weights)
            np.rint(weights, out=weights)

    def finish(index: int, support: list[int]) -> None:
        gates.append(("rotation", index, int(signs[index]), tuple(support), tuple(letters[support, index].tolist())))
        alive[index] = False
        weights[index] = 0
        front.remove(index)
        later = np.flatnonzero(order[index])
        if len(later):
            blocked[later] -= 1
            front.extend(later[blocked[later] == 0].tolist())

    while front:
        if bound is not None and cost > bound:
            return cost
        lengths = (letters[:, front] != 0).sum(axis=0).tolist()
        done = [(g, w) for g, w in zip(front, lengths) if w <= 1]
        if done:
            for g, _w in done:
                finish(g, np.flatnonzero(letters[:, g]).tolist())
            slack = effort.slack
            continue
        reweigh()
        least = min(lengths)
        chosen = [g for g, w in zip(front, lengths) if w <= least + slack]
        support = np.flatnonzero((letters[:, chosen] != 0).any(axis=1))
        k = len(support)
        # The weight of all strings by pair of letters, for every pair of qubits: one matrix product.
        onehot = (letters[support][:, None, :] == _CODES).reshape(4 * k, total).astype(np.float64)
        table_ = ((onehot * weights) @ onehot.T).reshape(k, 4, k, 4).transpose(0, 2, 1, 3).reshape(k * k, 16)
        delta = (table_ @ _DELTA_COLUMNS).reshape(k, k, 9)
        candidates: dict[tuple[int, int, int], None] = {}
        directs: list[tuple[float, int]] = []
        for g in chosen:
            column = letters[support, g].tolist()
            mine = [i for i in range(k) if column[i]]
            for s, i in enumerate(mine):
                for j in mine[s + 1 :]:
                    for t in _REDUCING[4 * column[i] + column[j]]:
                        candidates[(i, j, t)] = None
            if len(mine) == 2:
                directs.append((-float(weights[g]) * (1.0 + effort.direct), g))
        keys = list(candidates)
        ii, jj, tt = zip(*keys)
        scores = delta[ii, jj, tt]
        if jitter is not None:
            best = int(scores.argmin())
        else:
            ties = np.flatnonzero(scores == scores.min())
            best = int(ties[int(rng.integers(len(ties)))]) if effort.seed else int(ties[0])
        if slack and scores[best] >= 0:
            # Only the shortest from here to the next rotation done, or the search could run in circles.
            slack = 0
            continue
        cost += 1
        if directs:
            value, g = min(directs)
            if value <= scores[best]:
                finish(g, np.flatnonzero(letters[:, g]).tolist())
                continue
        i, j, t = keys[best]
        _apply(letters, signs, gates, t, int(support[i]), int(support[j]))
    return cost


_CODES = np.arange(4, dtype=np.uint8)[None, :, None]


def _apply(letters: Letters, signs: Letters, gates: list[Gate], t: int, a: int, b: int) -> None:
    code = (letters[a] << 2) | letters[b]
    new = TQE_CODE[t][code]
    letters[a] = new >> 2
    letters[b] = new & 3
    signs ^= TQE_SIGN[t][code]
    p, q = TQE_PAULIS[t]
    gates.append(("tqe", p, q, a, b))


# -- the frame ---------------------------------------------------------------------------------


def _pair_class() -> npt.NDArray[np.int64]:
    """Twice the cost of a pair of letters (of X_q and Z_q on one qubit): 0 none, 2 commuting, 3 anticommuting."""
    result = np.zeros(16, np.int64)
    for a in range(4):
        for b in range(4):
            result[4 * a + b] = 0 if not a and not b else (3 if a and b and a != b else 2)
    return result


_PAIR = _pair_class()


def _pair_delta() -> npt.NDArray[np.float64]:
    """Change of cost (twice) per pair of letter pairs (xa za, xb zb) and TQE gate; shape (256, 9)."""
    xa, za, xb, zb = np.unravel_index(np.arange(256), (4, 4, 4, 4))
    before = _PAIR[4 * xa + za] + _PAIR[4 * xb + zb]
    columns = []
    for t in range(9):
        x, z = TQE_CODE[t][4 * xa + xb], TQE_CODE[t][4 * za + zb]
        columns.append(_PAIR[4 * (x >> 2) + (z >> 2)] + _PAIR[4 * (x & 3) + (z & 3)] - before)
    return np.stack(columns, axis=1).astype(np.float64)


_FRAME_DELTA = _pair_delta()


def _frame(frame: Letters, signs: Letters, gates: list[Gate], rng: np.random.Generator, bound: int | None) -> int:
    """Reduce every row pair (X_q, Z_q) to one qubit; `frame` has shape (qubits, 2 qubits)."""
    n = len(frame)
    cost = 0
    locked = -1
    while True:
        codes = 4 * frame[:, :n] + frame[:, n:]
        costs = _PAIR[codes]
        rows = costs.sum(axis=0)
        open_rows = np.flatnonzero(rows > 3)
        if not len(open_rows):
            return cost
        if bound is not None and cost > bound:
            return cost
        qubits = np.flatnonzero(costs[:, open_rows].any(axis=1))
        k, m = len(qubits), len(open_rows)
        sub = codes[np.ix_(qubits, open_rows)]
        onehot = (sub[:, None, :] == np.arange(16)[None, :, None]).reshape(16 * k, m).astype(np.float32)
        table = (onehot @ onehot.T).reshape(k, 16, k, 16).transpose(0, 2, 1, 3).reshape(k * k, 256).astype(np.float64)
        delta = (table @ _FRAME_REORDERED).reshape(k, k, 9)
        upper = np.triu_indices(k, 1)
        flat = delta[upper]
        low = flat.min()
        if low < 0 and locked < 0:
            ties = np.argwhere(flat == low)
            pick = ties[int(rng.integers(len(ties)))] if len(ties) > 1 else ties[0]
            a, b, t = int(qubits[upper[0][pick[0]]]), int(qubits[upper[1][pick[0]]]), int(pick[1])
        else:
            if locked < 0 or rows[locked] <= 3:
                locked = int(open_rows[rows[open_rows].argmin()])
            own = codes[qubits, locked]
            best: tuple[float, int, int, int] | None = None
            for i in range(k):
                for j in range(i + 1, k):
                    if not own[i] or not own[j]:
                        continue
                    for t in range(9):
                        if _FRAME_REORDERED[16 * own[i] + own[j], t] <= (-1 if _PAIR[own[i]] + _PAIR[own[j]] == 6 else -2):
                            score = (float(delta[i, j, t]), i, j, t)
                            if best is None or score < best:
                                best = score
            assert best is not None
            a, b, t = int(qubits[best[1]]), int(qubits[best[2]]), best[3]
        _apply(frame, signs, gates, t, a, b)
        cost += 1
        if locked >= 0:
            codes = 4 * frame[:, :n] + frame[:, n:]
            if _PAIR[codes[:, locked]].sum() <= 3:
                locked = -1


def _reordered() -> npt.NDArray[np.float64]:
    """`_FRAME_DELTA` by 16 (4 xa + za) + (4 xb + zb): the same order of indices."""
    return _FRAME_DELTA


_FRAME_REORDERED = _reordered()
