"""Running a circuit: an interpreter over branches.

`histories` walks the operations that `qir.opening` finds along branches, one per measured record that
matters.  What a state is, is the engine's business: a statevector, a stabilizer tableau, or the Kraus
operators of the checker.

A measurement is deferred until somebody looks: its qubit is touched again or its bit is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from qir.circuit import Assign, Circuit, Extra, For, If, Switch, While
from qir.classical import ClassicalError, Memory
from qir.expressions import Expr
from qir.opening import Effect, Leaf, Rows, Unsupported, leaves
from qir.params import Angle

__all__ = ["Branch", "Effect", "Engine", "Leaf", "Rows", "Unsupported", "histories", "leaves", "run"]


@dataclass
class Branch:
    """One history: its classical memory, its quantum state, its number of shots, and the measurements
    nobody has looked at (bit or None, and the wire)."""

    memory: Memory
    state: Any
    weight: float = 1
    deferred: list[tuple[int | None, int]] = field(default_factory=list)
    flow: str = ""


class Engine(Protocol):
    """What a kind of state must be able to do.

    One with a method `prepare_rows(rows: Rows)`, which does what `prepare` does, is given long stretches of plain rows
    whole.  One with `scatter(branch, prepared)` has that called in place of `apply`; it yields the branches that
    chance leads to.
    """

    def prepare(self, gates: list[Leaf]) -> Any:
        """Gates with numeric angles, in the form `apply` takes."""

    def apply(self, branch: Branch, prepared: Any) -> None:
        """Change the state of the branch."""

    def measure(self, branch: Branch, wire: int) -> Iterable[tuple[int, Branch]]:
        """Project: an outcome and a branch (with a memory of its own) for each that has weight."""

    def reset(self, branch: Branch, wire: int) -> Iterable[Branch]:
        """Bring a wire to |0>, whatever it was."""


Step = tuple[str, Any, frozenset[int]]


class _Runner:
    def __init__(self, engine: Engine, max_loops: int) -> None:
        self.engine = engine
        self.loops_left = max_loops
        self.scatter: Callable[[Branch, Any], Iterator[Branch]] | None = getattr(engine, "scatter", None)
        self.programs: dict[int, tuple[Circuit, list[Step]]] = {}

    def program(self, circuit: Circuit) -> list[Step]:
        """Static gates gathered into segments between effects."""
        known = self.programs.get(id(circuit))
        if known is not None:
            return known[1]
        steps: list[Step] = []
        pending: list[Leaf] = []

        def flush() -> None:
            if pending:
                wires = frozenset(q for leaf in pending for q in leaf.qubits)
                steps.append(("gates", self.engine.prepare(list(pending)), wires))
                pending.clear()

        prepare_rows = getattr(self.engine, "prepare_rows", None)
        for item in leaves(circuit, rows=prepare_rows is not None):
            if isinstance(item, Rows):
                assert prepare_rows is not None
                flush()
                touched = np.unique(item.circuit.columns.qubits[item.start : item.stop])
                steps.append(("gates", prepare_rows(item), frozenset(touched[touched >= 0].tolist())))
            elif isinstance(item, Leaf):
                if all(a.is_number for a in item.angles):
                    pending.append(item)
                else:
                    flush()
                    steps.append(("dynamic", item, frozenset(item.qubits)))
            else:
                flush()
                steps.append((item.kind, item, frozenset(item.qubits)))
        flush()
        self.programs[id(circuit)] = (circuit, steps)
        return steps

    def block(self, circuit: Circuit, start: Branch) -> Iterator[Branch]:
        """The ends of all histories that begin with a branch, one after the other: a history is followed to its end
        before the next is begun, so that few states are alive at a time."""
        steps = self.program(circuit)
        waiting: list[tuple[int, Iterator[Branch]]] = [(0, iter((start,)))]
        while waiting:
            at, source = waiting[-1]
            branch = next(source, None)
            if branch is None:
                waiting.pop()
                continue
            while at < len(steps) and not branch.flow:
                following = self.step(*steps[at], branch)
                at += 1
                if following is not None:
                    waiting.append((at, following))
                    break
            else:
                yield branch

    def step(self, kind: str, what: Any, wires: frozenset[int], branch: Branch) -> Iterator[Branch] | None:
        """Carry out one step; the branches it leads to, or None when it is the same one."""
        if kind == "measure":
            bit = what.clbit if what.clbit >= 0 else None
            # The bit's older value is lost; the qubit that gave it stays dephased.
            branch.deferred = [(None if c == bit else c, w) for c, w in branch.deferred]
            branch.deferred.append((bit, what.qubits[0]))
            return None
        if kind == "gates":
            if self.scatter is not None or any(w in wires for _, w in branch.deferred):
                return self.gates(branch, what, wires)
            self.engine.apply(branch, what)
            return None
        if kind == "dynamic":
            return self.dynamic(branch, what, wires)
        if kind == "reset":
            return (r for b in self.resolve(branch, wires=wires) for r in self.engine.reset(b, what.qubits[0]))
        extra: Extra = what.extra or Extra()
        payload = extra.payload
        if kind == "if":
            assert isinstance(payload, If)
            return self.choose(branch, payload.condition, lambda v: 0 if v else 1, extra.blocks)
        if kind == "switch":
            assert isinstance(payload, Switch)
            table = {label: i for i, labels in enumerate(payload.labels) for label in labels}
            default = len(payload.labels)
            return self.choose(branch, payload.subject, lambda v: table.get(int(v), default), extra.blocks)
        if kind == "while":
            assert isinstance(payload, While)
            return self.loop(branch, payload.condition, extra.blocks[0])
        if kind == "for":
            assert isinstance(payload, For)
            return self.count(branch, payload, extra.blocks[0])
        if kind == "assign":
            assert isinstance(payload, Assign)
            return self.assign(branch, payload)
        if kind in ("break", "continue", "end"):
            branch.flow = kind
            return None
        raise Unsupported(f"{kind} cannot be run here")

    def gates(self, branch: Branch, prepared: Any, wires: frozenset[int]) -> Iterator[Branch]:
        for b in self.resolve(branch, wires=wires):
            if self.scatter is not None:
                yield from self.scatter(b, prepared)
            else:
                self.engine.apply(b, prepared)
                yield b

    def dynamic(self, branch: Branch, leaf: Leaf, wires: frozenset[int]) -> Iterator[Branch]:
        """A gate whose angles are known only now."""
        for b in self.resolve(branch, wires=wires):
            yield from self.gates(b, self.engine.prepare([replace_angles(leaf, b.memory)]), frozenset())

    # -- looking at bits -------------------------------------------------------------------

    def resolve(
        self, branch: Branch, *, wires: frozenset[int] = frozenset(), bits: frozenset[int] = frozenset()
    ) -> Iterator[Branch]:
        """Carry out the deferred measurements of some wires or bits."""
        due = next((w for c, w in branch.deferred if w in wires or (c is not None and c in bits)), None)
        if due is None:
            yield branch
            return
        written = [c for c, w in branch.deferred if w == due and c is not None]
        branch.deferred = [(c, w) for c, w in branch.deferred if w != due]
        for outcome, b in self.engine.measure(branch, due):
            for c in written:
                b.memory.bits[c] = outcome
            yield from self.resolve(b, wires=wires, bits=bits)

    def seen(self, branch: Branch, *expressions: Expr) -> Iterator[Branch]:
        """Branches in which all bits the expressions read are known."""
        bits: set[int] = set()
        for e in expressions:
            bits |= set(e.clbits)
            for name in e.registers:
                r = branch.memory.registers[name]
                bits |= set(range(r.start, r.start + r.size))
        return self.resolve(branch, bits=frozenset(bits))

    def choose(self, branch: Branch, condition: Expr, pick: Any, blocks: Sequence[Circuit]) -> Iterator[Branch]:
        for b in self.seen(branch, condition):
            number = pick(b.memory.evaluate(condition))
            if number < len(blocks):
                b.memory.declare(blocks[number].variables)
                yield from self.block(blocks[number], b)
            else:
                yield b

    def loop(self, branch: Branch, condition: Expr, body: Circuit) -> Iterator[Branch]:
        waiting = [(0, branch)]
        deepest = 0
        while waiting:
            number, start = waiting.pop()
            for b in self.seen(start, condition):
                if not b.memory.evaluate(condition):
                    yield b
                    continue
                deepest = self._round(number, deepest)
                for r in self._iterate(body, b):
                    if _leaves_loop(r):
                        yield r
                    else:
                        waiting.append((number + 1, r))

    def count(self, branch: Branch, payload: For, body: Circuit) -> Iterator[Branch]:
        sources = payload.values if isinstance(payload.values, tuple) else (payload.values,)
        variable = Expr("var", payload.variable.name, (), payload.variable.type)
        for start in self.seen(branch, *sources):
            values = _loop_values(payload.values, start.memory)
            start.memory.declare([payload.variable])
            waiting = [(0, start)]
            deepest = 0
            while waiting:
                number, b = waiting.pop()
                if number == len(values):
                    yield b
                    continue
                deepest = self._round(number, deepest)
                b.memory.assign(variable, values[number])
                for r in self._iterate(body, b):
                    if _leaves_loop(r):
                        yield r
                    else:
                        waiting.append((number + 1, r))

    def _round(self, number: int, deepest: int) -> int:
        """Count a round of a loop the first time any history comes to it."""
        if number < deepest:
            return deepest
        self.loops_left -= 1
        if self.loops_left < 0:
            raise Unsupported("a loop goes round too often")
        return number + 1

    def _iterate(self, body: Circuit, branch: Branch) -> Iterator[Branch]:
        branch.memory.declare(body.variables)
        return self.block(body, branch)

    def assign(self, branch: Branch, payload: Assign) -> Iterator[Branch]:
        target = payload.target
        written: set[int] = set(target.clbits)
        for name in target.registers:
            r = branch.memory.registers[name]
            written |= set(range(r.start, r.start + r.size))
        for known in self.seen(branch, payload.value, *target.args):
            for b in self.resolve(known, bits=frozenset(written)) if target.op == "index" else (known,):
                value = b.memory.evaluate(payload.value)
                b.deferred = [(None if c in written else c, w) for c, w in b.deferred]
                b.memory.assign(target, value, payload.value.type)
                yield b


def _leaves_loop(branch: Branch) -> bool:
    """Whether a branch leaves the loop after a round; its flow is reset when that is dealt with."""
    flow = branch.flow
    branch.flow = "end" if flow == "end" else ""
    return flow in ("break", "end")


def _angle(value: Angle, memory: Memory) -> Angle:
    total = value.constant
    for symbol, coefficient in value.terms:
        total += coefficient * float(memory.evaluate(symbol))
    if not np.isfinite(total):
        raise ClassicalError("an angle is not finite")
    return Angle(total)


def _loop_values(values: Expr | tuple[Expr, ...], memory: Memory) -> Sequence[Any]:
    if isinstance(values, tuple):
        return [memory.evaluate(v) for v in values]
    found = memory.evaluate(values)
    if isinstance(found, tuple):
        _, start, step, stop = found
        step = 1 if step is None else int(step)
        if step == 0:
            raise ClassicalError("a range with step 0")
        return range(int(start), int(stop) + (1 if step > 0 else -1), step)
    if isinstance(found, list):
        return found
    width = values.type.width or 1
    return [int(found) >> i & 1 for i in range(width)]


def histories(
    circuit: Circuit,
    branches: Iterable[Branch],
    engine: Engine,
    *,
    values: Mapping[str, Any] | None = None,
    max_loops: int = 100_000,
    max_branches: int = 1 << 20,
) -> Iterator[Branch]:
    """Run a circuit from the given branches, and hand over the end of one history after the other; a state that is
    dropped before the next is asked for takes no memory.  Measurements nobody looked at stay in `Branch.deferred`.

    Unsupported for externs and for loops or histories beyond the bounds; ClassicalError for an
    expression without a value.
    """
    runner = _Runner(engine, max_loops)
    frames = circuit.frames or ()
    turns = [Leaf("rz", (w,), (f,)) for w, f in enumerate(frames) if f != Angle()]
    found = 0
    for start in branches:
        start.memory.declare(circuit.variables, values)
        for branch in runner.block(circuit, start):
            found += 1
            if found > max_branches:
                raise Unsupported(f"measurements lead to more than {max_branches} histories")
            if turns:
                # A z rotation after a measurement changes nothing that is recorded.
                engine.apply(branch, engine.prepare([replace_angles(leaf, branch.memory) for leaf in turns]))
            yield branch


def run(
    circuit: Circuit,
    branches: Iterable[Branch],
    engine: Engine,
    *,
    values: Mapping[str, Any] | None = None,
    max_loops: int = 100_000,
    max_branches: int = 1 << 20,
) -> list[Branch]:
    """All of `histories` at once."""
    return list(histories(circuit, branches, engine, values=values, max_loops=max_loops, max_branches=max_branches))


def replace_angles(leaf: Leaf, memory: Memory) -> Leaf:
    """The gate with its symbolic angles replaced by numbers from memory."""
    return leaf._replace(angles=tuple(_angle(a, memory) for a in leaf.angles))
