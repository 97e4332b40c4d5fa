"""Duration, success probability and cost, against figures worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qir.builder import CircuitBuilder
from qir.circuit import Circuit
from qir.estimate import cost, duration_us, estimate, success_probability
from qir.targets import all_targets, find
from qir.targets.target import Target, Timing

FORTE = find("qpu.forte-1")
LINE = Target(
    name="line", vendor="ibm", num_qubits=3, gates=("rz", "sx", "x", "cz"), entangler="cz",
    edges={"cz": ((0, 1), (1, 0), (1, 2), (2, 1))},
    errors={("sx", ()): 0.001, ("x", ()): 0.001, ("cz", (0, 1)): 0.01, ("cz", (1, 2)): 0.02, ("measure", ()): 0.05,
            ("rz", ()): 0.0},
    durations={("sx", ()): 30e-9, ("x", ()): 30e-9, ("cz", (0, 1)): 100e-9, ("cz", (1, 2)): 200e-9, ("measure", ()): 1e-6,
               ("rz", ()): 0.0},
    timing=Timing(dt=4e-9),
)  # fmt: skip


def test_ions_take_their_gates_one_after_the_other() -> None:
    circuit = CircuitBuilder(3).gpi2(0, 0).gpi(0, 1).zz(0.25, 0, 1).nop(2).build()
    assert duration_us(circuit, FORTE) == pytest.approx(2 * 130 + 950)


def test_elsewhere_the_longest_path_counts() -> None:
    builder = CircuitBuilder(3, 2).sx(0).sx(1).rz(0.3, 1).cz(0, 1).x(2).cz(1, 2).measure(0, 0)
    assert duration_us(builder.build(), LINE) == pytest.approx(0.03 + 0.1 + 1.0)
    assert duration_us(builder.measure(2, 1).build(), LINE) == pytest.approx(0.03 + 0.1 + 0.2 + 1.0)


def test_delays_count_in_their_unit() -> None:
    assert duration_us(CircuitBuilder(1).delay(250, 0).sx(0).build(), LINE) == pytest.approx(0.28)
    assert duration_us(CircuitBuilder(1).delay(100, 0, unit="dt").build(), LINE) == pytest.approx(0.4)


def test_errors_of_the_very_qubits_are_used() -> None:
    circuit = CircuitBuilder(3, 1).sx(0).cz(0, 1).cz(1, 2).rz(1, 0).measure(0, 0).build()
    assert success_probability(circuit, LINE) == pytest.approx(0.999 * 0.99 * 0.98 * 0.95)


def test_every_qubit_of_an_ionq_circuit_is_read_out() -> None:
    circuit = CircuitBuilder(3).gpi2(0, 0).zz(0.25, 0, 1).build()
    wanted = (1 - 0.000266667 / 2) * (1 - 0.004949333 * 3 / 4) * (1 - 0.005) ** 2
    assert success_probability(circuit, FORTE) == pytest.approx(wanted)
    assert success_probability(circuit, find("simulator")) == 1.0


def test_of_branches_the_worst_counts() -> None:
    builder = CircuitBuilder(2, 1).measure(0, 0)
    builder.if_((0, 1), builder.block().x(1), builder.block().sx(1).sx(1))
    assert success_probability(builder.build(), LINE) == pytest.approx(0.95 * 0.999**2)
    assert duration_us(builder.build(), LINE) == pytest.approx(1.06)


def test_azure_s_price_has_a_minimum_that_depends_on_mitigation() -> None:
    circuit = CircuitBuilder(2).gpi2(0, 0).gpi2(0, 1).zz(0.25, 0, 1).build()
    plain = cost(circuit, FORTE, shots=499)
    assert plain is not None and plain["amount"] == 25.7899 and plain["quantities"]["two_qubit_gate_shot"] == 499
    mitigated = cost(circuit, FORTE, shots=500)
    assert mitigated is not None and mitigated["amount"] == 168.195
    off = cost(circuit, FORTE, shots=500_000, mitigated=False)
    assert off is not None and off["amount"] == pytest.approx(0.0001645 * 1_000_000 + 0.001121 * 500_000)
    assert {"currency", "provider", "formula", "date", "source", "shots"} <= set(off)
    braket = off["others"][0]
    assert braket["provider"] == "Amazon Braket" and braket["amount"] == pytest.approx(0.3 + 0.08 * 500_000)


def test_a_gate_on_many_qubits_is_billed_as_many() -> None:
    circuit = CircuitBuilder(5).controlled("x", [0, 1, 2, 3], [4]).build()
    found = cost(circuit, FORTE, shots=1, mitigated=False)
    assert found is not None and found["quantities"]["two_qubit_gate_shot"] == 18


def test_ibm_s_price_is_by_the_second() -> None:
    found = cost(CircuitBuilder(1, 1).sx(0).measure(0, 0).build(), LINE, shots=1000)
    assert found is not None
    assert found["amount"] == pytest.approx(1.6 * 1000 * (250e-6 + 1.03e-6), rel=1e-4)


def test_what_is_not_known_is_none() -> None:
    blank = Target(name="x", vendor="nobody", num_qubits=2, gates=("cx",), entangler="cx")
    assert estimate(CircuitBuilder(2).cx(0, 1).build(), blank) == {
        "duration_us": None, "success_probability": None, "cost": None,
    }  # fmt: skip


@given(st.sampled_from(all_targets()), st.lists(st.sampled_from(["h", "cx", "ccx", "rz", "swap"]), max_size=10))
def test_every_machine_estimates_circuits_that_are_not_in_its_gates_yet(target: Target, names: list[str]) -> None:
    builder = CircuitBuilder(3, 3)
    for name in names:
        builder.append(name, {"h": [0], "rz": [1], "ccx": [0, 1, 2]}.get(name, [1, 2]), [0.1] if name == "rz" else [])
    circuit: Circuit = builder.measure(0, 0).build()
    found = estimate(circuit, target, shots=100)
    assert found["success_probability"] is None or 0 < found["success_probability"] <= 1
    assert found["duration_us"] is None or math.isfinite(found["duration_us"])
    assert found["cost"] is not None and found["cost"]["amount"] >= 0
