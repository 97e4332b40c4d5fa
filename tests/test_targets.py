"""The table of machines."""

from __future__ import annotations

import pytest

from qir.errors import UnknownTargetError
from qir.gates import GATES
from qir.targets import all_targets, find
from qir.targets.ionq import MODELS, qubits_of_model
from qir.targets.ionq_format import CONTROLLED, GATE_FIELDS, NATIVE, QIS
from qir.targets.prices import PRICES
from qir.targets.target import Target

TARGETS = all_targets()
IONQ = [t for t in TARGETS if t.vendor == "ionq"]


def test_names_are_unique_and_each_is_found() -> None:
    names = [t.name for t in TARGETS]
    assert len(set(names)) == len(names)
    assert all(find(name) is target for name, target in zip(names, TARGETS))
    assert {t.vendor for t in TARGETS} == {"ionq", "ibm", "local"}


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.name)
def test_every_machine_is_described(target: Target) -> None:
    assert target.num_qubits > 0 and target.source
    assert set(target.gates) <= set(GATES) and target.entangler in target.gates
    assert GATES[target.entangler].num_qubits == 2
    for (name, qubits), value in [*target.errors.items(), *target.durations.items()]:
        assert name in GATES or name in ("measure", "reset", "delay")
        assert all(q < target.num_qubits for q in qubits) and value >= 0
    for (name, _), value in target.errors.items():
        assert value <= 1, name


def test_ionq_s_machines_are_those_of_its_documents() -> None:
    rows = {t.name: (t.num_qubits, t.entangler, t.retired) for t in IONQ}
    assert rows == {
        "qpu.forte-1": (36, "zz", None),
        "qpu.forte-enterprise-1": (36, "zz", None),
        "qpu.aria-1": (25, "ms", "2026"),
        "qpu.aria-2": (25, "ms", "2026"),
        "simulator": (29, "zz", None),
    }
    assert all(t.all_to_all for t in IONQ)
    assert {"ms", "zz"} <= set(find("simulator").gates)
    assert qubits_of_model("aria-1") == 25 and qubits_of_model(None) == 29 and max(MODELS.values()) == 29


def test_average_errors_follow_from_the_depolarising_rates() -> None:
    forte = find("qpu.forte-1")
    assert forte.errors["gpi2", ()] == pytest.approx(0.000266667 / 2)
    assert forte.errors["zz", ()] == pytest.approx(0.004949333 * 3 / 4)


@pytest.mark.parametrize(
    ("name", "suggested"),
    [("forte-1", "qpu.forte-1"), ("qpu.forte-enterprise", "qpu.forte-enterprise-1"), ("ibm_fezz", "ibm_fez"),
     ("Simulatr", "simulator")],
)  # fmt: skip
def test_an_unknown_machine_is_answered_with_the_nearest_name(name: str, suggested: str) -> None:
    with pytest.raises(UnknownTargetError) as caught:
        find(name)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.slug == "target.unknown" and suggested in (diagnostic.help or "")


def test_the_tables_of_ionq_s_format_agree_with_the_gate_table() -> None:
    for table in (QIS, NATIVE):
        for spec in table.values():
            row = GATES[spec.gate]
            assert row.num_qubits == spec.targets
            assert row.num_params == {"": 0, "rotation": 1, "phase": 1, "angle": 1, "phases": 3}[spec.angles]
    assert all(GATES[s.gate].unit == "turns" for n, s in NATIVE.items() if n != "nop")
    for (base, count), whole in CONTROLLED.items():
        assert GATES[whole].num_qubits == GATES[base].num_qubits + count
    fields = {f for s in NATIVE.values() for f in {"phases": ("phases", "angle"), "": ()}.get(s.angles, (s.angles,))}
    assert fields <= GATE_FIELDS["native"]


def test_prices_name_machines_that_exist_and_say_their_formula() -> None:
    known = {t.name for t in TARGETS} | {t.vendor for t in TARGETS}
    for price in PRICES:
        assert set(price.targets) <= known and price.date and price.source
        assert all(name in price.formula() for name in price.rates)
    azure = next(p for p in PRICES if p.provider == "Azure Quantum" and "qpu.forte-1" in p.targets)
    assert azure.formula(mitigated=True) == "max(168.195, 0.0001645*one_qubit_gate_shot + 0.001121*two_qubit_gate_shot)"
    assert azure.cost({"one_qubit_gate_shot": 1}) is None
