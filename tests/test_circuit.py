"""The IR: builder, views, DAG, binding, equality."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qir
from qir.builder import CircuitBuilder
from qir.circuit import Circuit, Definition, Extra, Operation
from qir.errors import UsageError
from qir.params import Angle, angle, format_float


def bell() -> Circuit:
    return CircuitBuilder(2, 2).h(0).cx(0, 1).measure(0, 0).measure(1, 1).build()


def test_operations_are_read_in_program_order() -> None:
    ops = CircuitBuilder(2, 2).h(0).cx(0, 1).rz("theta", 0).measure(0, 0).build().ops
    assert [op.name for op in ops] == ["h", "cx", "rz", "measure"]
    assert ops[1] == Operation("cx", (0, 1))
    assert ops[-1].clbits == (0,)
    assert ops[2].params == (angle("theta"),)
    assert [op.name for op in ops[1:3]] == ["cx", "rz"]


def test_first_qubit_is_least_significant() -> None:
    state = CircuitBuilder(2).x(0).build().to_unitary()[:, 0]
    np.testing.assert_allclose(state, [0, 1, 0, 0])


def test_parameters_are_sorted_by_name_and_bound() -> None:
    circuit = CircuitBuilder(1).rz("b", 0).rx("a", 0).rz(angle("b") * 2 + 0.5, 0).build()
    assert circuit.parameters == ("a", "b")
    half = circuit.bind({"b": 0.25})
    assert half.parameters == ("a",)
    assert half.ops[2].params == (1.0,)
    assert circuit.bind({"a": 1, "b": 2}).ops[1].params == (1.0,)
    with pytest.raises(UsageError, match="no parameter c"):
        circuit.bind({"c": 1})
    with pytest.raises(UsageError, match="without values"):
        circuit.to_unitary()


def test_dag_views() -> None:
    dag = bell().dag
    assert dag.edges() == [(0, 1, 0), (1, 2, 0), (1, 3, 1)]
    assert dag.layers() == [[0], [1], [2, 3]]
    assert dag.successors(1) == [2, 3]
    assert dag.predecessors(3) == [1]
    assert dag.longest_path() == [0, 1, 2]
    assert dag.wire(1) == [1, 3]
    graph = dag.to_networkx()
    assert graph.number_of_nodes() == 4
    assert graph.nodes[1]["name"] == "cx"


def test_depth_counts_gates() -> None:
    circuit = CircuitBuilder(3, 1).h(0).cx(0, 1).cx(1, 2).h(0).measure(0, 0).build()
    assert circuit.depth() == 3
    assert circuit.depth(two_qubit=True) == 2


def test_depth_counts_the_deepest_branch() -> None:
    builder = CircuitBuilder(1, 1).h(0).measure(0, 0)
    circuit = builder.if_((0, 1), builder.block().x(0).z(0), builder.block().y(0)).build()
    assert circuit.depth() == 3


def test_counts() -> None:
    assert bell().count_ops() == {"measure": 2, "h": 1, "cx": 1}
    assert bell().num_qubits == 2
    assert bell().num_clbits == 2


def test_global_phase_is_exact() -> None:
    circuit = CircuitBuilder(1).gphase(0.5).x(0).build()
    np.testing.assert_allclose(circuit.to_unitary(), np.exp(0.5j) * np.array([[0, 1], [1, 0]]))


def test_controls_come_first_and_powers_are_principal() -> None:
    circuit = CircuitBuilder(3).controlled("x", [2, 1], [0], state="10").build()
    u = circuit.to_unitary()
    assert u[5, 4] == 1
    assert u[4, 5] == 1
    assert u[7, 7] == 1
    root = CircuitBuilder(1).append("x", [0], extra=Extra(power=0.5)).build()
    np.testing.assert_allclose(root.to_unitary(), CircuitBuilder(1).sx(0).build().to_unitary(), atol=1e-12)


def test_user_gates_are_calls() -> None:
    body = CircuitBuilder(2).rz(angle("t") * 0.5, 0).cx(0, 1).build()
    builder = CircuitBuilder(2).define(Definition("twist", ("t",), ("a", "b"), body))
    circuit = builder.append("twist", [1, 0], [math.pi]).build()
    assert circuit.ops[0].name == "twist"
    expected = CircuitBuilder(2).rz(math.pi / 2, 1).cx(1, 0).build().to_unitary()
    np.testing.assert_allclose(circuit.to_unitary(), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda b: b.cx(0, 0), "stands twice"),
        (lambda b: b.h(2), "out of range"),
        (lambda b: b.append("cx", [0]), "takes 2 qubits"),
        (lambda b: b.append("rz", [0]), "takes 1 angles"),
        (lambda b: b.append("nothing", [0]), "no gate 'nothing'"),
        (lambda b: b.measure(0, 5), "bit 5 is out of range"),
        (lambda b: b.pauliexp("XQ", 0.1, 0, 1), "does not fit"),
    ],
)
def test_builder_refuses_nonsense(make: object, message: str) -> None:
    with pytest.raises(qir.QirError, match=message):
        make(CircuitBuilder(2, 1))  # type: ignore[operator]


def test_mid_circuit() -> None:
    assert not bell().is_mid_circuit
    assert CircuitBuilder(1, 1).measure(0, 0).x(0).build().is_mid_circuit
    assert CircuitBuilder(1, 1).h(0).reset(0).build().is_mid_circuit
    assert not CircuitBuilder(1, 1).reset(0).h(0).build().is_mid_circuit
    assert not CircuitBuilder(2, 1).measure(0, 0).barrier(0, 1).build().is_mid_circuit
    builder = CircuitBuilder(1, 1)
    assert builder.if_((0, 1), builder.block().x(0)).build().is_mid_circuit


def test_equality_ignores_places_in_the_text() -> None:
    assert bell() == bell()
    assert bell() != CircuitBuilder(2, 2).h(0).cx(1, 0).measure(0, 0).measure(1, 1).build()
    assert CircuitBuilder(1).rz("a", 0).build() != CircuitBuilder(1).rz("b", 0).build()


numbers = st.floats(-100, 100, allow_nan=False)


@given(numbers, numbers, st.floats(-4, 4, allow_nan=False))
def test_angles_are_a_vector_space(a: float, b: float, k: float) -> None:
    x, y = angle("x"), angle("y")
    total = (x * a + y * b + 1) * k - x * (a * k)
    assert total.bind({"x": 3.0, "y": 0.5}).constant == pytest.approx((b * 0.5 + 1) * k, abs=1e-6)
    assert x + y == y + x
    assert (x - x) == Angle()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_printed_numbers_read_back_exactly(value: float) -> None:
    text = format_float(value)
    if "pi" not in text:
        assert float(text) == value


@given(st.integers(-12, 12), st.sampled_from([1, 2, 3, 4, 8]))
def test_fractions_of_pi_are_printed_as_such(numerator: int, denominator: int) -> None:
    value = math.copysign(abs(numerator) * math.pi / denominator, numerator)
    text = format_float(value)
    assert text == "0" or "pi" in text
    assert eval(text, {"pi": math.pi}) == value
