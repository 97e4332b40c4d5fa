"""The laws every pass keeps, and what the pipelines reach.

A pass is tried on circuits in the form it needs (`CASES`); the meaning of a circuit is its unitary read
through placement and pending frames, global phase included.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import RADIANS, UNITARY, circuits

import qir
from qir.builder import CircuitBuilder
from qir.circuit import Circuit, Definition, Extra
from qir.gates import GATES
from qir.journal import Journal
from qir.limits import Limits
from qir.passes import PASSES
from qir.passes.base import Context, Pass
from qir.passes.basis import LowerQis, RzzToRxx
from qir.passes.best import Best, IfChanged
from qir.passes.cancel import CancelInverses
from qir.passes.decompose import Decompose
from qir.passes.elide import ElideSwaps, RestoreOrder
from qir.passes.flip import AlignFlips, FoldAngles
from qir.passes.fold_phases import FoldPhases
from qir.passes.fuse import Fuse
from qir.passes.improve_windows import ImproveWindows
from qir.passes.inline import Inline
from qir.passes.invisible import RemoveBeforeMeasure, RemoveFreshResets, RemoveUnmeasured
from qir.passes.lower_ionq import LowerIonq
from qir.passes.merge import MergeRotations
from qir.passes.pauli_simplify import SimplifyPaulis
from qir.passes.rebuild import RebuildPairs
from qir.passes.views import ChooseView
from qir.passes.zero import RemoveZeroInput
from qir.pipeline import pipeline_for, run
from qir.verify import equivalent

Complex = npt.NDArray[np.complexfloating[Any, Any]]

FORTE, ARIA, SIMULATOR = qir.target("qpu.forte-1"), qir.target("qpu.aria-1"), qir.target("simulator")

ANY: tuple[Pass, ...] = ()
PAIRS: tuple[Pass, ...] = (Inline(), Decompose("two"))
RZZ: tuple[Pass, ...] = (*PAIRS, Decompose("rzz"), Fuse())
FOLDED: tuple[Pass, ...] = (*RZZ, FoldAngles())

MS: tuple[Pass, ...] = (*RZZ, FoldAngles(signed=True), RzzToRxx())

CASES: list[tuple[Pass, tuple[Pass, ...]]] = [
    (Inline(), ANY),
    (RemoveFreshResets(), ANY),
    (RemoveZeroInput(), ANY),
    (RemoveUnmeasured(), ANY),
    (CancelInverses(), ANY),
    (Decompose("two"), (Inline(),)),
    (Decompose("rzz"), (Inline(),)),
    (ElideSwaps(), PAIRS),
    (RestoreOrder(), (*PAIRS, ElideSwaps())),
    (RemoveBeforeMeasure(), ANY),
    (Fuse(), ANY),
    (AlignFlips(), RZZ),
    (MergeRotations(), RZZ),
    (FoldPhases(), ANY),
    (FoldPhases(), (*PAIRS, Decompose("rzz"))),
    (FoldPhases(), RZZ),
    (SimplifyPaulis(), PAIRS),
    (RebuildPairs(), RZZ),
    (ImproveWindows(work=600), RZZ),
    (Best(((Fuse(),), (Fuse(), RebuildPairs()))), RZZ),
    (IfChanged(RebuildPairs(), (Fuse(),)), RZZ),
    (ChooseView((RebuildPairs(), Fuse()), (Decompose("rzz"), Fuse())), RZZ),
    (FoldAngles(), RZZ),
    (FoldAngles(signed=True), RZZ),
    (FoldAngles(positive=True), RZZ),
    (RzzToRxx(), RZZ),
    (LowerIonq("zz"), FOLDED),
    (LowerIonq("ms"), MS),
    (LowerQis(), RZZ),
]
"""Each pass with the passes that bring a circuit into the form it needs."""

IBM = {"route", "relocate", "resynthesise", "to_entangler", "to_ibm_basis", "check_target", "decouple"}
"""Passes with a machine of their own; see test_routing.py, test_translate_ibm.py and test_decouple.py."""

DROPS_UNSEEN = ("remove_unmeasured", "remove_before_measure", "remove_fresh_resets")


def name_of(case: tuple[Pass, tuple[Pass, ...]]) -> str:
    return repr(case[0]).split("(Inline")[0][:60]


def meaning(circuit: Circuit) -> Complex:
    """The unitary on program qubits: placement undone, pending frames applied."""
    n = circuit.num_qubits
    unitary = circuit.to_unitary()
    index = np.arange(2**n)
    for wire, frame in enumerate(circuit.frames or ()):
        unitary = unitary * np.exp(0.5j * float(frame) * (2 * (index >> wire & 1) - 1))[:, None]
    if circuit.layout is not None:
        where = [np.zeros(2**n, np.int64) for _ in range(2)]
        for row, places in zip(where, (circuit.layout.initial, circuit.layout.final)):
            for qubit, wire in enumerate(places):
                row |= (index >> qubit & 1) << wire
        unitary = unitary[where[1]][:, where[0]]
    return unitary


def assume_defined(circuit: Circuit) -> None:
    """Leave out what has no value, such as the square root of a negative angle."""
    try:
        circuit.to_unitary()
    except (ValueError, OverflowError):
        assume(False)


def close(a: Complex, b: Complex) -> bool:
    return bool(np.abs(a - b).max() < 1e-7)


def prepared(circuit: Circuit, passes: tuple[Pass, ...]) -> Circuit:
    for step in passes:
        circuit = step.run(circuit, Context())
    return circuit


def two_qubit(circuit: Circuit) -> int:
    return int((circuit.widths[circuit.columns.opcode < 256] >= 2).sum())


def measurements(circuit: Circuit, *, swaps: bool = False) -> list[tuple[int, int]]:
    """(program qubit, bit) of every measurement, sorted; with `swaps`, the qubit is followed through swap gates."""
    layout = circuit.layout
    every = tuple(range(circuit.num_qubits))
    held = {wire: qubit for qubit, wire in enumerate((layout.initial if swaps else layout.final) if layout else every)}
    found: list[tuple[int, int]] = []
    for op in circuit.ops:
        if swaps and op.name == "swap" and op.extra is None:
            a, b = op.qubits
            held[a], held[b] = held[b], held[a]
        elif op.name == "measure":
            found.append((held[op.qubits[0]], op.clbits[0] if op.clbits else -1))
    return sorted(found)


def test_every_pass_has_a_case() -> None:
    assert {case[0].name for case in CASES} | IBM == set(PASSES)


@pytest.mark.parametrize("case", CASES, ids=name_of)
@settings(max_examples=5, deadline=None)
@given(circuit=circuits(max_qubits=4, max_ops=9, gates=UNITARY, modifiers=True, pauliexp=True, user_gates=True))
def test_the_circuit_stays_the_same(case: tuple[Pass, tuple[Pass, ...]], circuit: Circuit) -> None:
    assume_defined(circuit)
    step, preparation = case
    before = prepared(circuit, preparation)
    after = step.run(before, Context())
    assert close(meaning(after), meaning(before))
    assert step.run(before, Context()) == after, "it is deterministic"
    if getattr(step, "idempotent", False):
        again = step.run(after, Context())
        assert again.columns.opcode.tolist() == after.columns.opcode.tolist()
        assert np.allclose(again.columns.params, after.columns.params)


LOWERING = {"inline", "decompose", "rzz_to_rxx", "lower_ionq", "lower_qis", "simplify_paulis"}
OPTIMISING = [case for case in CASES if case[0].name not in LOWERING]


@pytest.mark.parametrize("case", OPTIMISING, ids=name_of)
@settings(max_examples=5, deadline=None)
@given(circuit=circuits(max_qubits=4, max_ops=12, gates=("cx", "cz", "h", "t", "rz", "rzz", "swap", "x", "rx", "cp")))
def test_optimising_adds_no_two_qubit_gates(case: tuple[Pass, tuple[Pass, ...]], circuit: Circuit) -> None:
    step, preparation = case
    before = prepared(circuit, preparation)
    assert two_qubit(step.run(before, Context())) <= two_qubit(before)


@pytest.mark.parametrize("case", CASES, ids=name_of)
@settings(max_examples=4, deadline=None)
@given(circuit=circuits(max_qubits=3, max_ops=10, measure=True, reset=True, barrier=True))
def test_measurements_and_spans_are_kept(case: tuple[Pass, tuple[Pass, ...]], circuit: Circuit) -> None:
    step, preparation = case
    spans = np.arange(2 * len(circuit.columns)).reshape(-1, 2)
    columns = replace(circuit.columns, span=np.arange(len(circuit.columns), dtype=np.int32))
    before = prepared(replace(circuit, columns=columns, span_table=spans), preparation)
    after = step.run(before, Context())
    swaps = step.name == "elide_swaps"
    assert measurements(after, swaps=swaps) == measurements(before, swaps=swaps)
    assert (after.columns.span >= 0).all()
    assert set(after.columns.span.tolist()) <= set(before.columns.span.tolist())
    if step.name in DROPS_UNSEEN:
        return
    order_before = [op.clbits for op in before.ops if op.name == "measure" and op.clbits]
    order_after = [op.clbits for op in after.ops if op.name == "measure" and op.clbits]
    assert sorted(order_before) == sorted(order_after)


@pytest.mark.parametrize("case", CASES, ids=name_of)
@settings(max_examples=5, deadline=None)
@given(circuit=circuits(min_qubits=5, max_qubits=6, max_ops=10, measure=True, reset=True, gates=RADIANS))
def test_the_journal_proves_it(case: tuple[Pass, tuple[Pass, ...]], circuit: Circuit) -> None:
    step, preparation = case
    before = prepared(circuit, preparation)
    journal = Journal()
    after = step.run(before, Context(journal=journal))
    # Regions of Pauli rotations are wide windows; the small limit is for those of the other passes.
    limits = Limits(exact_qubits={"fold_phases": 6, "simplify_paulis": 6, "improve_windows": 4}.get(step.name, 3))
    result = equivalent(before, after, journal=journal, limits=limits)
    assert result.verdict == "proved", (result, journal.steps)


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("target", [FORTE, ARIA, SIMULATOR], ids=lambda t: t.name)
@settings(max_examples=4, deadline=None)
@given(circuit=circuits(max_qubits=4, max_ops=9, gates=UNITARY, modifiers=True, pauliexp=True, user_gates=True))
def test_pipelines_reach_the_target(target: qir.Target, level: int, circuit: Circuit) -> None:
    assume_defined(circuit)
    result = run(circuit, Context(target=target, level=level))
    assert close(meaning(result), meaning(circuit))
    if target.simulator:
        assert all(GATES[name].ionq is not None for name in result.count_ops())
        return
    assert set(result.count_ops()) <= set(target.gates)
    for op in result.ops:
        values = [float(p) for p in op.params]
        if op.name == "zz":
            assert -0.25 < values[0] <= 0.25
            assert values[0] != 0
        elif op.name == "ms":
            assert 0 < values[2] <= 0.25
            assert all(0 <= p < 1 for p in values[:2])
        else:
            assert 0 <= values[0] < 1


# -- known optima (IonQ) --------------------------------------------------------------------------


def native(circuit: Circuit, target: qir.Target = FORTE, level: int = 2) -> tuple[int, int]:
    """Pulses and entanglers."""
    result = run(circuit, Context(target=target, gateset="native", level=level))
    return int((result.widths == 1).sum()), two_qubit(result)


@pytest.mark.parametrize(
    "theta, pulses", [(0.0, 0), (math.pi / 2, 1), (-math.pi / 2, 1), (math.pi, 1), (0.3, 2), (3.0, 2), (2 * math.pi, 0)]
)
@pytest.mark.parametrize("target", [FORTE, ARIA], ids=lambda t: t.name)
def test_pulses_of_one_qubit_gates(target: qir.Target, theta: float, pulses: int) -> None:
    circuit = CircuitBuilder(1).rz(0.7, 0).ry(theta, 0).rz(-1.1, 0).build()
    assert native(circuit, target) == (pulses, 0)


@pytest.mark.parametrize(
    "name, angles, forte, aria",
    [("cx", (), (2, 1), (3, 1)), ("cz", (), (0, 1), (4, 1)), ("cp", (0.3,), (0, 1), (4, 1)), ("crz", (0.3,), (0, 1), (4, 1)),
     ("rzz", (0.3,), (0, 1), (4, 1)), ("rxx", (0.3,), (4, 1), (0, 1)), ("swap", (), (0, 0), (0, 0))],
)  # fmt: skip
def test_pulses_of_two_qubit_gates(name: str, angles: tuple[float, ...], forte: tuple[int, int], aria: tuple[int, int]) -> None:
    circuit = CircuitBuilder(2).append(name, [0, 1], angles).build()
    assert native(circuit, FORTE) == forte
    assert native(circuit, ARIA) == aria


def test_bell_and_qft() -> None:
    assert native(CircuitBuilder(2).h(0).cx(0, 1).build()) == (3, 1)
    assert native(CircuitBuilder(2).h(0).cx(0, 1).build(), ARIA)[1] == 1
    builder = CircuitBuilder(3)
    for i in (2, 1, 0):
        builder.h(i)
        for j in range(i - 1, -1, -1):
            builder.cp(math.pi / 2 ** (i - j), j, i)
    qft = builder.swap(0, 2).build()
    assert native(qft) == (3, 3)
    result = run(qft, Context(target=FORTE, gateset="native"))
    assert result.layout is not None
    assert result.layout.final == (0, 1, 2)
    assert result.layout.initial == (2, 1, 0)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=4, deadline=None)
def test_any_two_qubit_circuit_takes_three_entanglers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    builder = CircuitBuilder(2)
    for _ in range(12):
        builder.u(*rng.uniform(-3, 3, 3).tolist(), int(rng.integers(2))).cx(*rng.permutation(2).tolist())
    assert native(builder.build())[1] <= 3


NARROW = tuple(name for name in RADIANS if name != "cu")

# -- symbols ----------------------------------------------------------------------------------------


def test_symbolic_rotations_merge_past_what_they_commute_with() -> None:
    builder = CircuitBuilder(2)
    builder.rz("theta", 0).cx(0, 1).rz(math.pi / 2, 0).cx(0, 1).rzz("theta", 0, 1).rzz(-0.4, 1, 0)
    result = run(builder.build(), Context(target=FORTE, gateset="native"))
    assert two_qubit(result) == 1
    assert result.parameters == ("theta",)


@given(circuit=circuits(max_qubits=3, max_ops=8, parameters=2, gates=NARROW), value=st.floats(-3, 3))
@settings(max_examples=10, deadline=None)
@pytest.mark.parametrize("target", [FORTE, ARIA, SIMULATOR], ids=lambda t: t.name)
def test_compiling_and_binding_commute(target: qir.Target, circuit: Circuit, value: float) -> None:
    values = {name: value + i for i, name in enumerate(circuit.parameters)}
    try:
        bound = circuit.bind(values)
        wanted = meaning(bound)
    except ValueError:  # the square root of a negative number
        return
    result = run(circuit, Context(target=target, level=2))
    assert close(meaning(result.bind({k: v for k, v in values.items() if k in result.parameters})), wanted)


# -- what measurements cannot see -------------------------------------------------------------------


def test_invisible_operations_go() -> None:
    builder = CircuitBuilder(3, 2)
    builder.reset(0).h(0).cx(1, 2).cx(0, 1).h(2).cz(0, 1).t(1)
    circuit = builder.measure(0, 0).measure(1, 1).build()
    result = prepared(circuit, (RemoveFreshResets(), RemoveUnmeasured(), RemoveBeforeMeasure(), RemoveUnmeasured()))
    assert [op.name for op in result.ops] == ["h", "cx", "cx", "measure", "measure"]


def test_nothing_is_invisible_without_measurements() -> None:
    circuit = CircuitBuilder(2).h(0).cz(0, 1).build()
    assert prepared(circuit, (RemoveUnmeasured(), RemoveBeforeMeasure())) is circuit


@given(circuit=circuits(max_qubits=4, max_ops=9, gates=UNITARY, modifiers=True, pauliexp=True))
@settings(max_examples=60, deadline=None)
def test_zero_inputs_keep_what_becomes_of_zeros(circuit: Circuit) -> None:
    assume_defined(circuit)
    journal = Journal()
    after = RemoveZeroInput().run(circuit, Context(assume_zero=True, journal=journal))
    assert close(after.to_unitary()[:, :1], circuit.to_unitary()[:, :1])
    assert RemoveZeroInput().run(after, Context(assume_zero=True)) is after
    assert equivalent(circuit, after, journal=journal, assume_zero=True, limits=Limits(exact_qubits=0)).verdict == "proved"


def test_zero_inputs_are_used_only_when_asked_for() -> None:
    circuit = CircuitBuilder(3).z(0).cx(0, 1).h(0).ccx(0, 1, 2).cx(0, 2).build()
    assert RemoveZeroInput().run(circuit, Context()) is circuit
    after = RemoveZeroInput().run(circuit, Context(assume_zero=True))
    assert [op.name for op in after.ops] == ["h", "cx"]


def test_a_condition_keeps_what_it_reads() -> None:
    builder = CircuitBuilder(2, 1)
    builder.h(0).measure(0, 0)
    builder.if_((0, 1), builder.block().x(1))
    circuit = builder.build()
    assert prepared(circuit, (RemoveUnmeasured(), RemoveBeforeMeasure())) == circuit


def test_passes_go_into_blocks() -> None:
    builder = CircuitBuilder(2, 1)
    builder.h(0).measure(0, 0)
    builder.if_((0, 1), builder.block().h(1).h(1).t(1))
    result = run(builder.build(), Context(level=1))
    inner = next(op for op in result.ops if op.name == "if")
    assert inner.extra is not None
    assert [op.name for op in inner.extra.blocks[0].ops] in (["rz"], ["t"])


# -- user gates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", [None, Extra(power=-2.0), Extra(controls="10", power=2.0), Extra(controls="1", power=0.5)])
def test_calls_keep_their_modifiers(extra: Extra | None) -> None:
    body = CircuitBuilder(2).rx("a", 0).cx(0, 1).append("gphase", [], ["a"]).build()
    builder = CircuitBuilder(4)
    builder.define(Definition("gate", ("a",), ("x", "y"), body))
    controls = len(extra.controls) if extra else 0
    for shift in range(2):
        builder.append("gate", [*range(controls), 2, 3], [0.3 + shift], extra=extra)
    circuit = builder.build()
    assert close(Inline().run(circuit, Context()).to_unitary(), circuit.to_unitary())


def test_too_many_operations_are_refused_before_they_are_made() -> None:
    builder = CircuitBuilder(1)
    body = CircuitBuilder(1).h(0).h(0).build()
    builder.define(Definition("g0", (), ("x",), body))
    for i in range(1, 40):
        inner = CircuitBuilder(1)
        inner._definitions = list(builder._definitions)
        inner.append(f"g{i - 1}", [0]).append(f"g{i - 1}", [0])
        builder.define(Definition(f"g{i}", (), ("x",), inner.build()))
    circuit = builder.append("g39", [0]).build()
    with pytest.raises(qir.CompileError):
        Inline().run(circuit, Context())


def test_pipelines_are_tuples_of_passes() -> None:
    for target in (None, FORTE, ARIA, SIMULATOR):
        for level in range(4):
            assert all(step.name in PASSES for step in pipeline_for(target, None, level))
