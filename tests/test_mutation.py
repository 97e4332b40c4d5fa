"""Is the checker itself sound?  Faults are put into compiled circuits and into journals; each must be caught.

The outside oracle, Qiskit's `Operator`, says which faults change the circuit; a fault that does not must
not be reported either.  Fault classes are the rows of `FAULTS`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from oracle import operator, program_wires, same

from qir.builder import CircuitBuilder
from qir.circuit import Circuit, Definition, Layout
from qir.columns import NAMES, OPERATIONS
from qir.gates import GATES, opcode
from qir.journal import Journal
from qir.limits import DEFAULT_LIMITS
from qir.params import Angle
from qir.passes.base import Context
from qir.pipeline import run
from qir.targets import find
from qir.verify import equivalent

pytest.importorskip("qiskit")

WIDTH = 4
LARGE = replace(DEFAULT_LIMITS, exact_work=0)
"""Limits that leave no room for the exact method, so that journals speak for themselves."""
TARGETS = ("qpu.forte-1", "qpu.aria-1", "simulator", "local", "ibm_fez", "ibm_sherbrooke")
"""IonQ with zz and with ms, its simulator's gates, target-independent, IBM with cz and with ecr."""
SILENT = {"best", "if_changed", "choose_view", "check_target"}
"""Passes that change nothing themselves: they choose between others, or look."""
Fault = Callable[[Circuit, np.random.Generator], Circuit | None]


def random_circuit(seed: int, width: int, count: int) -> Circuit:
    rng = np.random.default_rng(seed)
    builder = CircuitBuilder(width)
    names = ["h", "t", "sx", "rx", "ry", "rz", "cx", "cz", "rzz", "cp", "swap", "u", "ccx", "rxx"]
    for _ in range(count):
        name = names[int(rng.integers(len(names)))]
        row = GATES[name]
        qubits = rng.permutation(width)[: row.num_qubits].tolist()
        builder.append(name, qubits, rng.uniform(0.2, 2.8, row.num_params).tolist())
    return builder.build()


@cache
def compiled(target: str, seed: int) -> tuple[Circuit, Circuit, Journal]:
    source = random_circuit(seed, WIDTH, 8 if target.startswith("ibm") else 14)
    journal = Journal()
    result = run(source, Context(target=find(target), journal=journal, level=2))
    return source, result, journal


# -- faults -------------------------------------------------------------------------------------


def _rows(circuit: Circuit, wanted: Callable[[int], bool]) -> list[int]:
    return [i for i in range(len(circuit.columns)) if circuit.columns.extra[i] < 0 and wanted(i)]


def _pick(rows: list[int], rng: np.random.Generator) -> int | None:
    return rows[int(rng.integers(len(rows)))] if rows else None


def _with_param(circuit: Circuit, rng: np.random.Generator, change: Callable[[float], float]) -> Circuit | None:
    row = _pick(_rows(circuit, lambda i: abs(circuit.columns.params[i, 0]) > 1e-6), rng)
    if row is None:
        return None
    params = circuit.columns.params.copy()
    params[row, 0] = change(float(params[row, 0]))
    return circuit.with_columns(replace(circuit.columns, params=params))


def flipped_sign(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    return _with_param(circuit, rng, lambda v: -v)


def angle_off(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    return _with_param(circuit, rng, lambda v: v + 0.001)


def turns_for_radians(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    return _with_param(circuit, rng, lambda v: v * 2 * np.pi)


def half_angle(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    return _with_param(circuit, rng, lambda v: v / 2)


def dropped_gate(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    row = _pick(_rows(circuit, lambda i: True), rng)
    if row is None:
        return None
    return circuit.with_columns(circuit.columns.take(np.delete(np.arange(len(circuit.columns)), row)))


def doubled_gate(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    row = _pick(_rows(circuit, lambda i: True), rng)
    if row is None:
        return None
    order = np.insert(np.arange(len(circuit.columns)), row, row)
    return circuit.with_columns(circuit.columns.take(order))


def exchanged_operands(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    row = _pick(_rows(circuit, lambda i: circuit.columns.qubits[i, 1] >= 0), rng)
    if row is None:
        return None
    qubits = circuit.columns.qubits.copy()
    qubits[row, :2] = qubits[row, 1::-1]
    return circuit.with_columns(replace(circuit.columns, qubits=qubits))


def wrong_qubit(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    row = _pick(_rows(circuit, lambda i: circuit.columns.qubits[i, 1] < 0 <= circuit.columns.qubits[i, 0]), rng)
    if row is None:
        return None
    qubits = circuit.columns.qubits.copy()
    wires = sorted({*program_wires(circuit), *circuit.touched_qubits})
    qubits[row, 0] = wires[(wires.index(int(qubits[row, 0])) + 1) % len(wires)]
    return circuit.with_columns(replace(circuit.columns, qubits=qubits))


_OTHER = {"h": "x", "sx": "sxdg", "s": "sdg", "t": "tdg", "cx": "cz", "cz": "cx", "gpi": "gpi2", "gpi2": "gpi", "rx": "ry",
          "ry": "rz", "rz": "rx", "rzz": "rxx", "rxx": "ryy", "cp": "crz", "swap": "cx"}  # fmt: skip


def other_gate(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    row = _pick(_rows(circuit, lambda i: NAMES[int(circuit.columns.opcode[i])] in _OTHER), rng)
    if row is None:
        return None
    codes = circuit.columns.opcode.copy()
    codes[row] = opcode(_OTHER[NAMES[int(codes[row])]])
    return circuit.with_columns(replace(circuit.columns, opcode=codes))


def wrong_order(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    def meets_next(i: int) -> bool:
        if i + 1 >= len(circuit.columns):
            return False
        return bool(set(circuit.operands(i)) & set(circuit.operands(i + 1)))

    row = _pick(_rows(circuit, meets_next), rng)
    if row is None:
        return None
    order = np.arange(len(circuit.columns))
    order[[row, row + 1]] = order[[row + 1, row]]
    return circuit.with_columns(circuit.columns.take(order))


def wrong_end(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    layout = circuit.layout or Layout.trivial(circuit.num_qubits)
    final = list(layout.final)
    a, b = rng.permutation(WIDTH)[:2].tolist()
    final[a], final[b] = final[b], final[a]
    return replace(circuit, layout=Layout(layout.initial, tuple(final)))


def wrong_start(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    layout = circuit.layout or Layout.trivial(circuit.num_qubits)
    turn = int(rng.integers(1, WIDTH))
    return replace(circuit, layout=Layout(layout.initial[turn:] + layout.initial[:turn], layout.final))


def shifted_frames(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    if circuit.frames is None:
        return None
    return replace(circuit, frames=circuit.frames[1:] + circuit.frames[:1])


def wrong_frame(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    frames = list(circuit.frames or (Angle(),) * circuit.num_qubits)
    wire = int(rng.integers(len(frames)))
    frames[wire] = frames[wire] + float(rng.choice([np.pi / 2, np.pi, -0.25]))
    return replace(circuit, frames=tuple(frames))


def lost_control_phase(circuit: Circuit, rng: np.random.Generator) -> Circuit | None:
    """A controlled rotation without the phase that control makes visible."""
    a, b = rng.permutation(program_wires(circuit))[:2].tolist()
    extra = CircuitBuilder(circuit.num_qubits).cp(0.7, a, b).crz(-0.7, a, b).build()
    from qir.columns import Columns

    return circuit.with_columns(Columns.concatenate([circuit.columns, extra.columns]))


FAULTS: tuple[Fault, ...] = (
    flipped_sign, angle_off, turns_for_radians, half_angle, dropped_gate, doubled_gate, exchanged_operands, wrong_qubit,
    other_gate, wrong_order, wrong_end, wrong_start, shifted_frames, wrong_frame, lost_control_phase,
)  # fmt: skip


def refute(fault: Fault, target: str) -> tuple[int, int]:
    """Inject a fault into compiled circuits; how many there were, and how many changed the circuit."""
    injected = changed = 0
    for seed in range(3):
        source, result, _ = compiled(target, seed)
        expected = operator(source)
        assert same(expected, operator(result))
        rng = np.random.default_rng([seed, len(fault.__name__)])
        for _ in range(2):
            mutant = fault(result, rng)
            if mutant is None:
                continue
            found = equivalent(source, mutant)
            alike = same(expected, operator(mutant))
            assert found.equivalent is alike, f"{fault.__name__} on {target}: {found}"
            if not alike:
                assert found.counterexample
            injected += 1
            changed += not alike
    return injected, changed


def test_faults_in_compiled_circuits_are_refuted() -> None:
    """At least 200 faults that change the circuit, on every target, every one of them caught, and no other refuted."""
    total = 0
    by_target = dict.fromkeys(TARGETS, 0)
    for fault in FAULTS:
        rows = [refute(fault, target) for target in TARGETS]
        changed = sum(c for _, c in rows)
        sys.stdout.write(f"{fault.__name__:20} {sum(n for n, _ in rows):4} injected {changed:4} caught\n")
        total += changed
        for target, (_, found) in zip(TARGETS, rows):
            by_target[target] += found
    sys.stdout.write("".join(f"{target:20} {found:4} caught\n" for target, found in by_target.items()))
    assert total >= 200
    assert min(by_target.values()) >= 30


# -- journals -----------------------------------------------------------------------------------


def _spoiled(journal: Journal, number: int, mutant: Circuit) -> Journal:
    steps = list(journal.steps)
    steps[number] = replace(steps[number], after=mutant)
    if number + 1 < len(steps):
        steps[number + 1] = replace(steps[number + 1], before=mutant)
    return Journal(steps)


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_journal_proves_an_honest_compile(target: str) -> None:
    source = random_circuit(5, 24, 200)
    journal = Journal()
    result = run(source, Context(target=find(target), journal=journal, level=2))
    found = equivalent(source, result, journal=journal, limits=LARGE)
    assert (found.verdict, found.method) == ("proved", "rewrites"), str(found)


@pytest.mark.parametrize("fault", [f for f in FAULTS if f not in (wrong_end, wrong_start)], ids=lambda f: f.__name__)
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_fault_in_any_step_spoils_the_proof(fault: Fault, target: str) -> None:
    source, result, journal = compiled(target, 1)
    expected = operator(source)
    for number in range(len(journal.steps)):
        rng = np.random.default_rng(number)
        mutant = fault(journal.steps[number].after, rng)
        if mutant is None or same(expected, operator(mutant)):
            continue
        last = number == len(journal.steps) - 1
        spoiled = _spoiled(journal, number, mutant)
        found = equivalent(source, mutant if last else result, journal=spoiled, limits=LARGE)
        assert found.method != "rewrites" or found.verdict != "proved", f"step {number} ({journal.steps[number].name}): {found}"
        if last:
            assert equivalent(source, mutant, journal=spoiled).verdict == "refuted"


def every_kind_of_change() -> Circuit:
    """A program in which every pass finds something to do."""
    body = CircuitBuilder(2).cx(0, 1).rz(0.3, 1).build()
    builder = CircuitBuilder(WIDTH, WIDTH).define(Definition("both", (), ("a", "b"), body)).reset(0).h(0).h(0)
    builder.append("both", [0, 1]).cx(2, 3).cx(2, 3)
    builder.swap(1, 2).ccx(0, 1, 2).rz(0.4, 2).cx(1, 2).rz(0.7, 2).cx(1, 2).rzz(0.2, 0, 1).x(0).rzz(0.3, 0, 1).x(0)
    builder.cx(2, 3).u(0.3, 0.2, 0.1, 3).cx(2, 3).ry(0.4, 2).cx(3, 2).cz(0, 3)
    return builder.measure(1, 1).measure(2, 2).measure(3, 3).build()


def test_every_pass_takes_part() -> None:
    """Every pass writes steps that the faults are put into: none of them is out of the checker's sight."""
    from fuzz import program

    from qir.passes import PASSES

    seen: set[str] = set()

    def walk(journal: Journal) -> None:
        for step in journal.steps:
            seen.add(step.name)
            for _, _, inner in step.inner:
                walk(inner)

    sources = [every_kind_of_change(), *(program(seed, kind) for seed in range(3) for kind in ("static", "dynamic"))]
    for source in sources:
        for target in TARGETS:
            for level in (0, 2, 3):
                if not target.startswith(("qpu", "sim")) or not source.is_dynamic:
                    # What begins on |0> is only dropped when that may be assumed.
                    zero = level == 2
                    journal = Journal()
                    context = Context(find(target), level=level, assume_zero=zero, journal=journal)
                    if target.startswith("ibm") and level == 2:
                        context = replace(context, decoupling="XX")
                    result = run(source, context)
                    assert equivalent(source, result, journal=journal, assume_zero=zero).verdict == "proved"
                    walk(journal)
    assert seen == set(PASSES) - SILENT


@pytest.mark.parametrize("field", ["old", "new", "pending", "swap steps", "drop step"])
def test_a_spoiled_certificate_proves_nothing(field: str) -> None:
    """Certificates that do not fit are never taken: the result rests on another method."""
    source, result, journal = compiled("qpu.forte-1", 2)
    for number, step in enumerate(journal.steps):
        steps = list(journal.steps)
        if field == "drop step":
            del steps[number]
        elif field == "swap steps":
            if number + 1 == len(steps):
                continue
            steps[number], steps[number + 1] = steps[number + 1], steps[number]
        else:
            value: Any = getattr(step, field)
            if value is None or not len(value):
                continue
            spoiled = np.array(value)
            if field == "pending":
                if not spoiled.any():
                    continue
                spoiled[spoiled != 0] += 0.5
            elif step.kind in ("windows", "frames"):
                spoiled = spoiled[::-1].copy()
                if (spoiled == value).all():
                    continue
            else:
                spoiled = np.roll(spoiled, 1)
                if (spoiled == value).all():
                    continue
            changes: dict[str, Any] = {field: spoiled}
            steps[number] = replace(step, **changes)
        found = equivalent(source, result, journal=Journal(steps), limits=LARGE)
        assert found.method != "rewrites", f"{field} of step {number} ({step.name}): {found}"


def test_a_wide_fault_is_refuted_by_its_window() -> None:
    source = random_circuit(9, 30, 300)
    journal = Journal()
    result = run(source, Context(target=find("qpu.forte-1"), journal=journal, level=2))
    mutant = flipped_sign(result, np.random.default_rng(0))
    assert mutant is not None
    found = equivalent(source, mutant, journal=_spoiled(journal, len(journal.steps) - 1, mutant))
    assert found.verdict == "refuted"
    assert found.method == "rewrites"
    assert found.counterexample is not None
    assert "became" in found.counterexample


# -- measurements -------------------------------------------------------------------------------


def measured_pair() -> tuple[Circuit, Circuit, Journal]:
    builder = CircuitBuilder(3, 3).h(0).cx(0, 1).ry(0.4, 2).cx(1, 2).rz(0.3, 2)
    source = builder.measure(0, 0).measure(1, 1).measure(2, 2).build()
    journal = Journal()
    return source, run(source, Context(target=find("qpu.forte-1"), journal=journal)), journal


def test_exchanged_bits_are_refuted() -> None:
    source, result, _ = measured_pair()
    rows = np.flatnonzero(result.columns.opcode == OPERATIONS["measure"])
    clbit = result.columns.clbit.copy()
    clbit[rows[[0, 2]]] = clbit[rows[[2, 0]]]
    assert equivalent(source, result).equivalent
    assert equivalent(source, result.with_columns(replace(result.columns, clbit=clbit))).verdict == "refuted"


def test_a_gate_moved_past_its_measurement_is_refuted() -> None:
    a = CircuitBuilder(1, 1).h(0).measure(0, 0).build()
    b = CircuitBuilder(1, 1).measure(0, 0).h(0).build()
    assert equivalent(a, b).verdict == "refuted"
    journal = Journal()
    journal.reorder("wrong", a, b, np.array([1, 0]))
    assert equivalent(a, b, journal=journal, limits=LARGE).verdict == "refuted"


def test_a_diagonal_gate_may_move_past_a_measurement() -> None:
    a = CircuitBuilder(1, 1).h(0).t(0).measure(0, 0).build()
    b = CircuitBuilder(1, 1).h(0).measure(0, 0).t(0).build()
    journal = Journal()
    journal.reorder("fine", a, b, np.array([0, 2, 1]))
    assert equivalent(a, b, journal=journal, limits=LARGE).method == "rewrites"
    assert equivalent(a, b).verdict == "proved"
