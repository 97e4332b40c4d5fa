"""Schedules add up, and what fills idle time changes nothing but that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qir
from qir.builder import CircuitBuilder
from qir.circuit import Circuit, Duration
from qir.errors import UsageError
from qir.journal import Journal
from qir.passes.base import Context
from qir.passes.decouple import SEQUENCES, Decouple
from qir.pipeline import run
from qir.schedule import schedule
from qir.targets.target import Target, Timing
from qir.verify import equivalent

FEZ, BRISBANE = qir.target("ibm_fez"), qir.target("ibm_brisbane")


def chain(size: int) -> Circuit:
    builder = CircuitBuilder(size, size).h(0)
    for q in range(size - 1):
        builder.cx(q, q + 1)
    for q in range(size):
        builder.rx(0.3, q).measure(q, q)
    return builder.build()


def compiled(program: Circuit, target: Target) -> Circuit:
    return run(program, Context(target, level=1))


@pytest.mark.parametrize("target", [FEZ, BRISBANE], ids=lambda t: t.name)
@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_schedules_keep_the_order_and_take_as_long_as_the_longest_path(target: Target, seed: int) -> None:
    rng = np.random.default_rng(seed)
    builder = CircuitBuilder(4, 4)
    for _ in range(15):
        a, b = rng.permutation(4)[:2].tolist()
        builder.rx(0.3, a).cx(a, b)
    circuit = compiled(builder.measure(0, 0).build(), target)
    early, late = schedule(circuit, target, "asap"), schedule(circuit, target, "alap")
    assert early.total == late.total and (early.start <= late.start).all() and (early.start >= 0).all()
    legs = circuit.wires
    follow = np.flatnonzero(legs.wire[1:] == legs.wire[:-1])
    for plan in (early, late):
        assert (plan.end[legs.op[follow]] <= plan.start[legs.op[follow + 1]]).all()
        assert plan.end.max() <= plan.total


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("target", [FEZ, BRISBANE], ids=lambda t: t.name)
def test_filled_windows_are_proved_and_cost_no_time(target: Target, sequence: str) -> None:
    program, journal = chain(14), Journal()
    plain = compiled(program, target)
    full = run(program, Context(target, level=1, journal=journal, decoupling=sequence))
    result = equivalent(program, full, journal=journal)
    assert (result.verdict, result.method) == ("proved", "rewrites")
    assert full.count_ops()["x"] > plain.count_ops().get("x", 0) + 8
    before, after = schedule(plain, target), schedule(full, target)
    assert before.total == after.total
    assert not len(after.idle(full)) or after.idle(full)[:, 4].max() < before.idle(plain)[:, 4].max()


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_the_phase_is_kept_too(sequence: str) -> None:
    builder = CircuitBuilder().physical(3)
    builder.sx(0).sx(1).cz(0, 1)
    for _ in range(40):
        builder.sx(1)
    circuit = builder.cz(0, 1).build()
    filled = Decouple(sequence).run(circuit, Context(FEZ))
    assert "delay" in filled.count_ops() or len(filled.columns) > len(circuit.columns)
    assert np.allclose(filled.to_unitary(), circuit.to_unitary(), atol=1e-9)


@given(st.integers(1, 400), st.sampled_from([(1, 1), (8, 8), (16, 16), (8, 16)]), st.sampled_from(sorted(SEQUENCES)))
@settings(max_examples=60, deadline=None)
def test_pulses_and_delays_stand_on_the_machine_s_grid(pulses: int, grid: tuple[int, int], sequence: str) -> None:
    target = replace(BRISBANE, timing=Timing(0.5e-9, grid[0], 16, grid[1], 1))
    builder = CircuitBuilder().physical(2).sx(0).ecr(1, 0)
    for _ in range(pulses):
        builder.sx(1)
    circuit = builder.ecr(1, 0).build()
    filled = Decouple(sequence).run(circuit, Context(target))
    plan = schedule(filled, target)
    step = max(grid)
    for row, op in enumerate(filled.ops):
        if op.name == "delay":
            assert op.extra is not None and isinstance(op.extra.payload, Duration)
            assert op.extra.payload.unit == "dt" and int(float(str(op.extra.payload.value))) % step == 0
        if op.name == "x" and op.qubits == (0,):
            assert plan.start[row] % step == 0
    assert plan.total == schedule(circuit, target).total


def test_qubits_in_zero_and_branches_are_left_alone() -> None:
    builder = CircuitBuilder(2, 1).h(0)
    for _ in range(30):
        builder.rx(0.1, 0).rz(0.2, 0)
    waits = compiled(builder.cx(0, 1).build(), FEZ)
    assert Decouple().run(waits, Context(FEZ)) is waits
    inner = CircuitBuilder(2, 1).h(0).cx(0, 1).measure(0, 0)
    block = inner.block()
    block.x(1)
    dynamic = compiled(inner.if_((0, 1), block).build(), FEZ)
    assert Decouple().run(dynamic, Context(FEZ)) is dynamic


def test_it_is_asked_for_and_not_twice() -> None:
    program = chain(6)
    assert "delay" not in qir.compile(program, "ibm_fez").circuit.count_ops()
    done = qir.compile(program, "ibm_fez", decoupling="XY4", shots=10)
    assert "delay[" in done.payload["params"]["pubs"][0][0]
    assert done.report.circuits[0].verification.verdict == "proved"
    with pytest.raises(UsageError, match="choose one"):
        qir.compile(program, "ibm_fez", decoupling="XX", options={"dynamical_decoupling": {"enable": True}})
    with pytest.raises(UsageError, match="IBM"):
        qir.compile(program, "qpu.forte-1", decoupling="XX")
    with pytest.raises(UsageError, match="sequences"):
        qir.compile(program, "ibm_fez", decoupling="CPMG")
    with pytest.raises(UsageError, match="not known"):
        qir.compile(program, replace(FEZ, durations={}), decoupling="XX")
