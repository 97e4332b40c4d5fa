"""Whole stretches of gates rewritten as few two-qubit gates, through their Pauli rotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import NUM_QUBITS, OPERATIONS, Columns
from qir.gates import GATES, opcode
from qir.params import Angle
from qir.symplectic import Planes, sign_of

from .base import Context
from .legs import silent
from .pauli_emit import Rows, emit
from .pauli_form import PauliForm, extract
from .pauli_merge import merge_rotations
from .pauli_regions import regions, touched_by
from .pauli_synthesis import Effort, Plan, Problem, synthesise

__all__ = ["SimplifyPaulis", "Stretch", "efforts", "problem_of", "two_qubit_cost"]

_COSTS = {"swap": 0, "ccx": 5, "ccz": 5, "cswap": 7, "rccx": 3, "iswap": 2, "iswapdg": 2, "dcx": 2, "dcxdg": 2, "cu3": 2,
          "cu": 2, "xx_plus_yy": 2}  # fmt: skip


def two_qubit_cost(circuit: Circuit, rows: Sequence[int]) -> int:
    """The two-qubit gates some rows of a circuit take when written one by one; swaps, which are renamings, take none."""
    columns = circuit.columns
    total = 0
    for row in rows:
        code = int(columns.opcode[row])
        if code == OPERATIONS["pauliexp"]:
            letters = str(circuit.extras[columns.extra[row]].payload)
            weight = len(letters) - letters.count("I")
            total += max(0, 2 * weight - 3) if weight > 1 else 0
        elif NUM_QUBITS[code] > 1:
            total += _BY_CODE.get(code, 1)
    return total


_MEASURE = OPERATIONS["measure"]
_RESET = OPERATIONS["reset"]
_BY_CODE = {opcode(name): cost for name, cost in _COSTS.items() if name in GATES}


def efforts(trials: int, seed: int) -> list[Effort]:
    """The runs of a search: fixed weights first, then ones drawn from them."""
    fixed = [
        Effort(), Effort(falloff=0.5, width=12), Effort(falloff=0.5), Effort(written=True), Effort(falloff=0.5, direct=-0.3),
        Effort(falloff=0.3, width=12), Effort(width=12), Effort(falloff=0.5, width=12, direct=-0.3), Effort(falloff=0.4),
        Effort(width=4),
    ]  # fmt: skip
    random = Random(seed)  # noqa: S311
    while len(fixed) < trials:
        fixed.append(
            Effort(
                falloff=random.choice([0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8]),
                width=random.choice([1, 1, 2, 4, 12, 40]),
                written=random.random() < 0.3,
                frame=random.choice([0.3, 1.0, 1.0, 2.0]),
                slack=random.choice([0, 0, 0, 1]),
                direct=random.choice([-0.3, 0.0, 0.0, 0.3]),
                focus=random.choice([2.0, 3.0, 4.0]),
                jitter=random.choice([0.1, 0.3, 1.0]),
                seed=len(fixed) + 1000 * seed,
            )
        )
    return fixed[:trials]


def problem_of(form: PauliForm, full: int, seen: int) -> Problem:
    """The strings of a form's rotations and frame; `full` and `seen` as in `Problem`.

    A rotation that commutes with every row of the frame that matters, and with all later rotations but such as
    are themselves unseen, is unseen.
    """
    rows = [*form.frame.xs, *form.frame.zs]
    n = form.num_qubits
    frame = [(p[0], p[1], sign_of(p)) for p in rows]
    rotations = [(r.x, r.z, 0) for r in form.rotations]
    unseen: list[int] = []
    if full != (1 << n) - 1:
        count = len(rotations)
        planes = Planes.of([*rotations, *frame], n)
        live = (full | (full | seen) << n) << count
        for i in range(count - 1, -1, -1):
            if planes.clash(*rotations[i][:2]) & live:
                live |= 1 << i
            else:
                unseen.append(i)
    return Problem(n, rotations, frame, full, seen & ~full, tuple(reversed(unseen)))


Found = tuple[Problem, PauliForm, Plan]
Index = npt.NDArray[np.integer[Any]]


@dataclass
class Stretch:
    """Rows of a circuit under one window number, their two-qubit gates, their Pauli form and the runs it is worth."""

    label: int
    rows: list[int]
    before: int
    form: PauliForm
    trials: int


@dataclass(frozen=True)
class SimplifyPaulis:
    """Rewrite every stretch of gates from its Pauli rotations, where that takes fewer two-qubit gates.

    trials: runs of the greedy search, with different weights; the best is kept.
    work: bound on runs times rotations times qubits: there are fewer runs, or none, when they would be over it.
    most: stretches of more gates are left alone, and circuits of more than ten times as many.
    dense: so are those with more rotations, once merged, than this times their two-qubit gates: they have little to gain.
    seed: added to the context's: other runs.

    Needs: no particular basis; gates with modifiers and user gates end a stretch.
    Establishes: one-qubit Cliffords and rotations, cx, cz, and rotations about two-qubit Paulis; swaps at the
    end of a stretch, to be renamed away.
    Keeps: the unitary with its global phase; never more two-qubit gates than before, swaps not counted.
    """

    name: ClassVar[str] = "simplify_paulis"
    trials: int = 1
    work: int = 20_000
    most: int = 20_000
    dense: float = 1.5
    seed: int = 0

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        labels, stretches = self.stretches(circuit)
        plans: list[tuple[Stretch, Found]] = []
        for stretch in stretches:
            found = self.search(circuit, stretch, stretch.before - 1, context)
            if found is not None:
                plans.append((stretch, found))
        return self.write(circuit, labels, plans, context)

    def stretches(self, circuit: Circuit) -> tuple[Index, list[Stretch]]:
        """The window numbers of a circuit's operations, and its stretches that are worth a search."""
        found: list[Stretch] = []
        if len(circuit.columns) > 10 * self.most:
            return np.zeros(0, np.int64), found
        labels, regions_ = regions(circuit)
        for rows in regions_:
            before = two_qubit_cost(circuit, rows)
            if before < 2 or len(rows) > self.most:
                continue
            form = extract(circuit, rows, touched_by(circuit, rows))
            merge_rotations(form)
            size = (len(form.rotations) + form.num_qubits) * form.num_qubits
            trials = min(self.trials, self.work // size)
            if trials and len(form.rotations) <= self.dense * before:
                found.append(Stretch(int(labels[rows[0]]), rows, before, form, trials))
        return labels, found

    def search(self, circuit: Circuit, stretch: Stretch, bound: int, context: Context) -> Found | None:
        """The best circuit of a stretch's runs, None when none has at most `bound` two-qubit gates."""
        full, seen = _needed(circuit, stretch.rows, stretch.form.wires)
        problem = problem_of(stretch.form, full, seen)
        best: Plan | None = None
        for number, effort in enumerate(efforts(stretch.trials, context.seed + self.seed)):
            if context.progress is not None:
                context.progress(number, stretch.trials)
            plan = synthesise(problem, effort, bound)
            if plan is not None:
                best = plan
                bound = plan.cost - 1
        return None if best is None else (problem, stretch.form, best)

    def write(self, circuit: Circuit, labels: Index, plans: list[tuple[Stretch, Found]], context: Context) -> Circuit:
        """The circuit with some stretches written anew."""
        if not plans:
            return circuit
        return _rebuild(circuit, labels, {s.label: (found, s.rows) for s, found in plans}, context, self.name)


def _rebuild(
    circuit: Circuit, labels: Index, plans: dict[int, tuple[Found, list[int]]], context: Context, name: str
) -> Circuit:
    """The circuit with some windows written anew."""
    angles: dict[Angle, int] = {a: i + 1 for i, a in enumerate(circuit.angles)}
    extras = list(circuit.extras)
    columns = circuit.columns
    span = columns.span.tolist()
    phase = circuit.global_phase
    parts: list[Columns] = []
    new: list[Index] = []
    dropped: list[Index] = []
    chosen = np.zeros(int(labels.max(initial=0)) + 1, np.bool_)
    chosen[list(plans)] = True
    keep = ~chosen[labels]
    order = np.argsort(labels, kind="stable")
    kept = order[keep[order]]
    # Windows in ascending order are a valid order of the operations.
    starts = np.searchsorted(labels[kept], sorted(plans))
    position = 0
    for start, label in zip(starts.tolist(), sorted(plans)):
        chunk = kept[position:start]
        parts.append(columns.take(chunk))
        new.append(labels[chunk])
        position = start
        (problem, form, plan), rows = plans[label]
        first = next((span[row] for row in rows if span[row] >= 0), -1)
        written = Rows()
        more, visible = emit(problem, form, plan, written, [span[r.row] for r in form.rotations], first)
        phase = phase + more
        made = written.columns(angles, extras)
        parts.append(made)
        new.append(np.full(len(made), label))
        dropped.append(np.zeros(len(chunk), np.int8))
        dropped.append((np.arange(len(made)) >= visible).astype(np.int8))
    parts.append(columns.take(kept[position:]))
    new.append(labels[kept[position:]])
    dropped.append(np.zeros(len(kept) - position, np.int8))
    after = circuit.with_columns(Columns.concatenate(parts), angles=tuple(angles), extras=tuple(extras), global_phase=phase)
    if context.journal is not None:
        context.journal.windows(name, circuit, after, labels, np.concatenate(new))
    unseen = np.concatenate(dropped)
    if not unseen.any():
        return after
    seen = after.with_columns(after.columns.take(np.flatnonzero(unseen == 0)))
    if context.journal is not None:
        context.journal.remove(name, after, seen, unseen, "unseen")
    return seen


def _needed(circuit: Circuit, rows: list[int], wires: tuple[int, ...]) -> tuple[int, int]:
    """Of which qubits of a stretch everything matters, and of which only Z: those that are measured or reset next.

    Qubits that nothing follows do not matter when the program measures something.
    """
    everything = (1 << len(wires)) - 1
    legs = circuit.wires
    code = circuit.columns.opcode
    if not (code == _MEASURE).any() or circuit.is_dynamic or circuit.frames is not None:
        return everything, 0
    inside = np.zeros(len(code), np.bool_)
    inside[rows] = True
    cut = int(legs.start[circuit.num_qubits])
    op, wire = legs.op[:cut], legs.wire[:cut]
    quiet = silent(code)
    if quiet.any():
        heard = ~quiet[op]
        op, wire = op[heard], wire[heard]
    # Per wire the last leg of the stretch, and what the leg after it is.
    last = np.full(circuit.num_qubits, -1, np.int64)
    mine = np.flatnonzero(inside[op])
    last[wire[mine]] = mine
    after = last[list(wires)] + 1
    here = np.minimum(after, len(op) - 1)
    follows = (after < len(op)) & (wire[here] == wires)
    following = code[op[here]]
    ends = follows & ((following == _MEASURE) | (following == _RESET))
    full = sum(1 << k for k in np.flatnonzero(follows & ~ends).tolist())
    return full, sum(1 << k for k in np.flatnonzero(ends).tolist())
