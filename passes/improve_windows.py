"""Numerical search: windows on three qubits or more with fewer two-qubit gates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import Columns
from qir.euler import PI, TOLERANCE, wrap, zyz
from qir.gates import opcode
from qir.instantiate import Angles, build, crossings, crossings_needed, fit, pairs, random_angles
from qir.journal import Journal

from .base import Context, Pass
from .best import cost
from .legs import as_gates
from .rewrite import Rewriter
from .windows import Window, contracted, find_windows

__all__ = ["ImproveWindows"]

Complex = npt.NDArray[np.complexfloating[Any, Any]]
Index = npt.NDArray[np.integer[Any]]

_RZZ = opcode("rzz")
_BATCH = 384
"""Runs that are fitted at once: what their Jacobians take stays in the cache and far from the memory's bounds."""

_LONG = 100
"""Windows that any unitary's shape is shorter than end after so many rzz."""
_MOVED = 8
"""In windows of more rzz than this none is put on another pair: there would be too many shapes."""

_Shape = tuple[int, ...]
_Found = tuple[Window, _Shape, Angles]
"""A window, and what can replace it."""


@dataclass
class _Run:
    """What is tried: a target by its number, and a shape."""

    target: int
    shape: _Shape


@dataclass(frozen=True)
class ImproveWindows:
    """Replace windows on a few qubits by circuits with one rzz less, found numerically, until none is found.

    stages: the qubits of a window, and how many of its rzz may be put on another pair; each stage is tried once nothing
        is found in those before.
    most: the rzz of a window, at most, but on three qubits, where 11 do for any.    starts: random starts per shape.
    work: the runs of the fit, at most, in all rounds.    rounds: how often windows are replaced, at most.
    then: passes after every round that replaced something.
    limit: circuits of more operations times qubits are left alone.
    quarter: only rzz by a quarter turn, for machines whose gate is cz.

    Shapes tried are those of the window with one of its rzz left out, as many others moved as the stage says.
    A circuit is taken only when no entry of its difference from the window is above 1e-11.
    Needs: one-qubit gates and rzz (others are kept and end windows).  Keeps: everything, exactly; never adds rzz.
    Method: `qir.instantiate`; leaving out gates one by one as in BQSKit's scanning removal (Younis et al.).
    The runs are bounded by number and seeded: the same on every run.
    """

    name: ClassVar[str] = "improve_windows"
    stages: tuple[tuple[int, int], ...] = ((3, 0), (4, 0), (3, 1))
    most: int = 12
    starts: int = 2
    work: int = 20_000
    rounds: int = 30
    then: tuple[Pass, ...] = ()
    limit: int = 1_000_000
    quarter: bool = False

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        if len(circuit.columns) * circuit.num_qubits > self.limit:
            return circuit
        random = np.random.default_rng(context.seed)
        failed: set[tuple[bytes, _Shape]] = set()
        work = self.work
        todo = list(self.stages)
        entangler, rounds = "cz" if self.quarter else "rzz", 0
        while todo and work > 0 and rounds < self.rounds:
            width, moved = todo[0]
            most = _LONG if _universal(width) < self.most and not self.quarter else self.most
            windows = find_windows(circuit, width, most, quarter=self.quarter)
            found, spent = self._search(windows, moved, failed, random, work, context)
            work -= spent
            chosen = _together(circuit, found)
            if not chosen:
                todo.pop(0)
                continue
            mine = replace(context, journal=None if context.journal is None else Journal())
            after = _write(circuit, chosen, mine, self.name)
            for step in self.then:
                after = step.run(after, mine)
            if cost(after, entangler) >= cost(circuit, entangler):
                break
            if context.journal is not None and mine.journal is not None:
                context.journal.steps.extend(mine.journal.steps)
            circuit, todo = after, list(self.stages)
            rounds += 1
        return circuit

    def _search(self, windows: list[Window], moved: int, failed: set[tuple[bytes, _Shape]], random: np.random.Generator,
                work: int, context: Context) -> tuple[list[_Found], int]:  # fmt: skip
        """The windows that can do with less, how, and the number of runs it took to find that out."""
        if not windows:
            return [], 0
        width = len(windows[0].wires)
        unitaries = _unitaries(windows)
        keys = _keys(unitaries)
        needed = crossings_needed(unitaries)
        targets: dict[bytes, int] = {}
        runs: dict[int, list[_Run]] = {}
        for number, (window, key) in enumerate(zip(windows, keys)):
            if key in targets:
                continue
            targets[key] = number
            shapes = _smaller(window.shape, width, moved)
            enough = (crossings(shapes, width) >= needed[number]).all(axis=1)
            for shape, possible in zip(shapes, enough.tolist()):
                if possible and (key, shape) not in failed:
                    runs.setdefault(len(shape), []).extend([_Run(number, shape)] * self.starts)
        solutions: dict[bytes, tuple[tuple[int, int], _Shape, Angles]] = {}
        spent, total = 0, min(work, sum(len(r) for r in runs.values()))
        for length in sorted(runs):
            for begin in range(0, len(runs[length]), _BATCH):
                batch = runs[length][begin : begin + _BATCH]
                if spent + len(batch) > work:
                    break
                spent += len(batch)
                if context.progress is not None:
                    context.progress(spent, total)
                batch_shapes = np.array([r.shape for r in batch], np.int64).reshape(len(batch), length)
                owner = np.array([r.target for r in batch])
                start = random_angles(batch_shapes, width, random)
                if self.quarter:
                    start.theta[:] = PI / 2
                solved, angles = fit(unitaries[owner], batch_shapes, start, fixed=self.quarter)
                for at in np.flatnonzero(solved).tolist():
                    key, one = keys[batch[at].target], angles.take([at])
                    price = (length, _pulses(one))
                    if key not in solutions or price < solutions[key][0]:
                        solutions[key] = (price, batch[at].shape, one)
                failed.update((keys[r.target], r.shape) for r in batch)
        result = [(w, *solutions[key][1:]) for w, key in zip(windows, keys) if key in solutions]
        return result, spent


def _universal(width: int) -> int:
    """So many rzz, all pairs in turn, have angles enough for any unitary (found to suffice, not proved to)."""
    return -(-(4**width - 1 - 3 * width) // 5)


@cache
def _smaller(shape: _Shape, width: int, moved: int) -> list[_Shape]:
    """The shapes with one pair less, and that many of the others exchanged for another pair.

    Of a shape that is longer than any need be, the shortest that do for all, a few as the fit of one may fail.
    """
    number, enough = len(pairs(width)), _universal(width)
    turns = [tuple(i % number for i in range(size)) for size in range(enough, min(enough + 3, len(shape)))]
    if len(shape) > enough + 1:
        return turns
    result = {shape[:i] + shape[i + 1 :] for i in range(len(shape))}
    for _ in range(moved if len(shape) <= _MOVED else 0):
        result |= {(*s[:i], pair, *s[i + 1 :]) for s in result for i in range(len(s)) for pair in range(number)}
    return sorted(result | set(turns))


def _pulses(angles: Angles) -> int:
    """One-qubit pulses up to z rotations of one circuit: none, one or two for each gate, by its polar angle."""
    theta = zyz(angles.gates.reshape(-1, 4))[0]
    return int(np.where(theta == 0, 0, np.where((theta == PI / 2) | (theta == PI), 1, 2)).sum())


def _unitaries(windows: list[Window]) -> Complex:
    """The windows' unitaries, those of as many rzz at once."""
    result: Complex = np.empty((len(windows), 2 ** len(windows[0].wires), 2 ** len(windows[0].wires)), np.complex128)
    lengths = np.array([len(w.shape) for w in windows])
    for length in np.flatnonzero(np.bincount(lengths)).tolist():
        mine = np.flatnonzero(lengths == length)
        angles = Angles(
            np.concatenate([windows[i].angles.gates for i in mine]), np.concatenate([windows[i].angles.theta for i in mine])
        )
        result[mine] = build(np.array([windows[i].shape for i in mine]), angles)
    return result


def _keys(unitaries: Complex) -> list[bytes]:
    """The same bytes for unitaries that are the same up to a phase, to about 1e-6."""
    flat = unitaries.reshape(len(unitaries), -1)
    # The phase is taken from the first entry that is about as large as any.
    size = np.abs(flat)
    first = np.argmax(size > 0.7 * size.max(axis=1, keepdims=True), axis=1)
    pivot = flat[np.arange(len(flat)), first]
    turned = flat * (pivot.conj() / np.abs(pivot))[:, None]
    return [row.tobytes() for row in np.round(turned * 1e6).view(np.float64).astype(np.int32)]


def _together(circuit: Circuit, found: list[_Found]) -> list[_Found]:
    """Windows that can all be replaced at once: none shares a gate with another, none is before and after another."""
    apart: list[_Found] = []
    used: set[int] = set()
    for item in sorted(found, key=lambda item: (len(item[0].rows), item[0].rows)):
        if used.isdisjoint(item[0].all_rows):
            apart.append(item)
            used.update(item[0].all_rows)
    chosen: list[_Found] = []
    todo = [apart] if apart else []
    while todo:
        some = todo.pop()
        if contracted(circuit, [w.all_rows for w, _, _ in [*chosen, *some]]) is not None:
            chosen += some
        elif len(some) > 1:
            todo += [some[len(some) // 2 :], some[: len(some) // 2]]
    return chosen


def _write(circuit: Circuit, chosen: list[_Found], context: Context, name: str) -> Circuit:
    """The circuit with windows replaced."""
    groups = [window.all_rows for window, _, _ in chosen]
    labels = contracted(circuit, groups)
    assert labels is not None
    gone = np.zeros(len(circuit.columns), np.bool_)
    rewriter = Rewriter(circuit)
    for (window, shape, angles), group in zip(chosen, groups):
        gone[list(group)] = True
        old, new = _unitaries([window])[0], build(np.array([shape], np.int64), angles)[0]
        rewriter.phase = rewriter.phase + float(wrap(window.phase + np.angle(np.vdot(new, old))))
        made, lacking = _rows(window, shape, angles, int(circuit.columns.span[window.rows[0]]))
        rewriter.phase = rewriter.phase + lacking
        rewriter.add(np.full(len(made), labels[window.rows[0]]), made)
    stay = np.flatnonzero(~gone)
    rewriter.keep(stay, labels[stay])
    return rewriter.finish(context, name, labels)


def _rows(window: Window, shape: _Shape, angles: Angles, span: int) -> tuple[Columns, float]:
    """The rows of a circuit on a window's wires, and the phase they lack."""
    gates = angles.gates[0]
    wires = np.array(window.wires, np.int32)
    used = np.abs(gates[..., 1:]).max(axis=-1) > TOLERANCE
    lacking = PI * float((~used & (gates[..., 0] < 0)).sum())
    layer, wire = np.nonzero(used)
    legs = wires[pairs(len(wires))[list(shape)]].reshape(len(shape), 2)
    made = Columns.empty(len(layer) + len(shape))
    singles, doubles = np.arange(len(layer)), np.arange(len(layer), len(made))
    made.opcode[singles], made.params[singles] = as_gates(gates[layer, wire])
    made.qubits[singles, 0] = wires[wire]
    made.opcode[doubles] = _RZZ
    made.qubits[doubles, :2] = legs
    made.params[doubles, 0] = angles.theta[0]
    made.span[:] = span
    # Layer i stands before rzz i.
    order = np.argsort(np.concatenate([2 * layer, 2 * np.arange(len(shape)) + 1]), kind="stable")
    return made.take(order), lacking
