"""Flattened control flow: the same operations run for every outcome of the measurements."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qir.builder import CircuitBuilder
from qir.circuit import Circuit, If, Switch
from qir.classical import Memory
from qir.emitters.ibm_flow import flatten
from qir.expressions import BOOL, Expr, bit, constant, register

CREGS = (("a", 2), ("b", 3))
NUM_BITS = 5


def prepared() -> CircuitBuilder:
    """Six wires and two measured registers."""
    builder = CircuitBuilder().physical(6)
    for name, size in CREGS:
        builder.add_bits(name, size)
    for i in range(NUM_BITS):
        builder.measure(i, i)
    return builder


def trace(circuit: Circuit, values: dict[str, int]) -> list[tuple[str, tuple[int, ...]]]:
    """The gates that run when the registers hold these values."""
    memory = Memory(circuit.num_clbits, circuit.cregs)
    for r in circuit.cregs:
        for i in range(r.size):
            memory.bits[r.start + i] = values[r.name] >> i & 1
    ran: list[tuple[str, tuple[int, ...]]] = []
    stack = [iter(circuit.ops)]
    while stack:
        op = next(stack[-1], None)
        if op is None:
            stack.pop()
            continue
        payload = op.extra.payload if op.extra else None
        if isinstance(payload, If):
            assert op.extra is not None
            branch = 0 if memory.evaluate(payload.condition) else 1
            if branch < len(op.extra.blocks):
                stack.append(iter(op.extra.blocks[branch].ops))
        elif isinstance(payload, Switch):
            assert op.extra is not None
            subject = int(memory.evaluate(payload.subject))
            chosen = next((i for i, labels in enumerate(payload.labels) if subject in labels), len(payload.labels))
            if chosen < len(op.extra.blocks):
                stack.append(iter(op.extra.blocks[chosen].ops))
        elif op.name != "measure":
            ran.append((op.name, op.qubits))
    return ran


def check(circuit: Circuit) -> Circuit:
    """Flatten, and compare what runs for every outcome; the result has flat ifs that load."""
    flat = flatten(circuit)
    assert not [d for d in flat.diagnostics if d.severity == "error"], flat.diagnostics
    result = flat.circuit
    assert sorted(flat.bits) == list(range(circuit.num_clbits))
    for outcome in product((0, 1), repeat=NUM_BITS):
        before = {r.name: sum(outcome[r.start + i] << i for i in range(r.size)) for r in circuit.cregs}
        after = {r.name: sum(outcome[flat.bits[r.start + i]] << i for i in range(r.size)) for r in result.cregs}
        assert trace(circuit, before) == trace(result, after)
    for op in result.ops:
        assert op.name not in ("switch", "for", "while", "box")
        if op.extra is not None and isinstance(op.extra.payload, If):
            assert_loads(op.extra.payload.condition)
            assert all(inner.name != "if" for block in op.extra.blocks for inner in block.ops)
    measured = [op.clbits[0] for op in result.ops if op.name == "measure"]
    assert [flat.bits[c] for c in measured] == [op.clbits[0] for op in circuit.ops if op.name == "measure"]
    return result


def assert_loads(condition: Expr) -> None:
    """`c[0]`, `!c[0]` or `register == number`."""
    if condition.op == "!":
        condition = condition.args[0]
        assert condition.op == "bit"
    elif condition.op == "==":
        left, right = condition.args
        assert left.op == "register" and right.op == "const" and isinstance(right.value, int)
    else:
        assert condition.op == "bit"


def nested(builder: CircuitBuilder, plan: list[object]) -> Circuit:
    """A block from a plan: numbers are gates, (condition, then, else) are ifs, with ... for switches."""
    block = builder.block()
    for step in plan:
        if isinstance(step, int):
            block.append(("x", "sx", "h", "s", "t", "z")[step], [5])
        elif isinstance(step, tuple) and len(step) == 3:
            condition, then, orelse = step
            bodies = [nested(builder, then), *([nested(builder, orelse)] if orelse is not None else [])]
            block.control("if", If(condition), *bodies)
        elif isinstance(step, tuple):
            labels, cases = step
            block.control("switch", Switch(register("b", 3), labels), *(nested(builder, c) for c in cases))
    return block.build()


BITS = st.integers(0, NUM_BITS - 1).map(bit)
COMPARISONS = st.one_of(
    st.integers(0, 3).map(lambda n: Expr("==", None, (register("a", 2), constant(n)), BOOL)),
    st.integers(0, 7).map(lambda n: Expr("<", None, (register("b", 3), constant(n)), BOOL)),
    BITS,
)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        inner.map(lambda e: Expr("!", None, (e,), BOOL)),
        st.tuples(st.sampled_from(["&&", "||"]), inner, inner).map(lambda t: Expr(t[0], None, t[1:], BOOL)),
    ),
    max_leaves=3,
)
GATES = st.integers(0, 5)
PLANS: st.SearchStrategy[list[object]] = st.recursive(
    st.lists(GATES, min_size=1, max_size=2),
    lambda inner: st.lists(
        st.one_of(
            GATES,
            st.tuples(CONDITIONS, inner, st.one_of(st.none(), inner)),
            st.tuples(st.just(((1,), (2, 5))), st.lists(inner, min_size=2, max_size=3)),
        ),
        min_size=1,
        max_size=3,
    ),
    max_leaves=6,
)


@given(PLANS)
@settings(max_examples=150, deadline=None)
def test_every_outcome_runs_the_same_gates(plan: list[object]) -> None:
    builder = prepared()
    for op in nested(builder, plan).ops:
        builder.append(op.name, op.qubits, op.params, op.clbits, extra=op.extra)
    check(builder.build())


def test_one_bit_and_whole_registers_stay_as_they_are() -> None:
    builder = prepared()
    builder.if_((0, 1), builder.block().x(5)).if_(("b", 3), builder.block().x(5), builder.block().sx(5))
    circuit = builder.build()
    result = check(circuit)
    assert str(result) == str(circuit) and result.cregs == circuit.cregs


def test_else_if_becomes_ifs_in_a_row() -> None:
    builder = prepared()
    orelse = builder.block().if_((1, 1), builder.block().sx(5), builder.block().h(5))
    builder.if_((0, 1), builder.block().x(5), orelse)
    result = check(builder.build())
    assert result.count_ops()["if"] == 3


def test_and_of_two_bits_compares_a_register_of_the_two() -> None:
    builder = prepared()
    both = Expr("&&", None, (bit(2), Expr("!", None, (bit(4),), BOOL)), BOOL)
    builder.if_(both, builder.block().x(5))
    result = check(builder.build())
    assert [(r.name, r.size) for r in result.cregs] == [("a", 2), ("b", 1), ("b_0", 2)]
    assert result.count_ops()["if"] == 1


def test_not_equal_turns_the_branches_round() -> None:
    builder = prepared()
    builder.if_(Expr("!=", None, (register("b", 3), constant(5)), BOOL), builder.block().x(5))
    result = check(builder.build())
    op = next(op for op in result.ops if op.name == "if")
    assert op.extra is not None and len(op.extra.blocks) == 2 and not len(op.extra.blocks[0].ops)


def test_a_wide_register_is_compared_without_a_table() -> None:
    builder = CircuitBuilder().physical(2)
    builder.add_bits("c", 32)
    builder.measure(0, 0).if_(("c", 2**31), builder.block().x(1))
    flat = flatten(builder.build())
    assert not flat.diagnostics and flat.circuit.count_ops()["if"] == 1


@pytest.mark.parametrize("name", ["measure", "reset"])
def test_no_measurement_or_reset_in_a_branch(name: str) -> None:
    builder = prepared()
    block = builder.block()
    block.append(name, [5], clbits=[0] if name == "measure" else [])
    builder.if_((0, 1), block)
    assert [d.slug for d in flatten(builder.build()).diagnostics] == ["target.control-flow"]


def test_too_many_comparisons_are_refused() -> None:
    builder = CircuitBuilder().physical(2)
    builder.add_bits("c", 10)
    builder.measure(0, 0).if_(Expr("<", None, (register("c", 10), constant(700)), BOOL), builder.block().x(1))
    assert [d.slug for d in flatten(builder.build()).diagnostics] == ["target.control-flow"]
