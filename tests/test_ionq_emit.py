"""IonQ job bodies: what is written, that the service's schemas take it, and that it reads back the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qir.builder import CircuitBuilder
from qir.circuit import Circuit, Layout
from qir.emitters.ionq import emit, input_object
from qir.errors import CompileError
from qir.frontends.ionq_json import read
from qir.gates import GATES
from qir.job import Emission, JobCircuit, JobSpec
from qir.source import Source
from qir.targets import find

SCHEMAS = Path(__file__).resolve().parent.parent.parent / "shared" / "schemas" / "ionq"
VERSIONS = ("seed", "2026-10-01")
FORTE, ARIA, SIMULATOR = find("qpu.forte-1"), find("qpu.aria-1"), find("simulator")


def complaints(payload: dict[str, Any], versions: tuple[str, ...] = VERSIONS) -> list[str]:
    """What IonQ's schemas say about a body; nothing when they are not here."""
    if not SCHEMAS.exists():
        return []
    jsonschema = pytest.importorskip("jsonschema")
    found: list[str] = []
    for version in versions:
        schema = json.loads((SCHEMAS / f"ionq_payload_v0.4_{version}.schema.json").read_text())
        found += [e.message for e in jsonschema.Draft7Validator(schema).iter_errors(payload)]
    return found


def job(*circuits: Circuit | CircuitBuilder, **fields: Any) -> JobSpec:
    built = [c.build() if isinstance(c, CircuitBuilder) else c for c in circuits]
    return JobSpec(circuits=tuple(JobCircuit(c) for c in built), **fields)


def written(spec: JobSpec, target: Any = SIMULATOR, gateset: str = "qis", versions: tuple[str, ...] = VERSIONS) -> Emission:
    result = emit(spec, target, gateset=gateset)
    assert not [d for d in result.diagnostics if d.severity == "error"], result.diagnostics
    assert complaints(result.payload, versions) == []
    return result


def errors(spec: JobSpec, target: Any = SIMULATOR, gateset: str = "qis") -> list[str]:
    return [d.slug for d in emit(spec, target, gateset=gateset).diagnostics if d.severity == "error"]


def gates(circuit: CircuitBuilder, gateset: str | None = None) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = input_object(circuit.build(), gateset)["circuit"]
    return result


# -- gates --------------------------------------------------------------------------------------


def test_a_job_has_all_that_the_service_wants() -> None:
    circuit = CircuitBuilder(2).gpi2(0.25, 1).zz(0.25, 0, 1).gpi2(0, 1)
    result = written(job(circuit, name="bell", shots=1000), FORTE, "native")
    assert result.payload == {
        "type": "ionq.circuit.v1",
        "backend": "qpu.forte-1",
        "name": "bell",
        "shots": 1000,
        "settings": {"error_mitigation": {"debiasing": True}},
        "input": {
            "gateset": "native",
            "qubits": 2,
            "circuit": [
                {"gate": "gpi2", "target": 1, "phase": 0.25},
                {"gate": "zz", "targets": [0, 1], "angle": 0.25},
                {"gate": "gpi2", "target": 1, "phase": 0.0},
            ],
        },
    }


@pytest.mark.parametrize(
    ("circuit", "wanted"),
    [
        (CircuitBuilder(1).h(0), [{"gate": "h", "target": 0}]),
        (CircuitBuilder(1).sdg(0).sx(0), [{"gate": "si", "target": 0}, {"gate": "v", "target": 0}]),
        (CircuitBuilder(1).rx(0.5, 0), [{"gate": "rx", "target": 0, "rotation": 0.5}]),
        (CircuitBuilder(1).p(0.5, 0), [{"gate": "rz", "target": 0, "rotation": 0.5}]),
        (CircuitBuilder(1).id(0).nop(0), []),
        (CircuitBuilder(2).cx(1, 0), [{"gate": "cnot", "control": 1, "target": 0}]),
        (CircuitBuilder(3).ccx(2, 1, 0), [{"gate": "cnot", "controls": [2, 1], "target": 0}]),
        (CircuitBuilder(2).cz(1, 0), [{"gate": "z", "control": 1, "target": 0}]),
        (CircuitBuilder(2).crx(0.5, 1, 0), [{"gate": "rx", "control": 1, "target": 0, "rotation": 0.5}]),
        (CircuitBuilder(2).rzz(0.5, 1, 0), [{"gate": "zz", "targets": [1, 0], "rotation": 0.5}]),
        (CircuitBuilder(2).swap(1, 0), [{"gate": "swap", "targets": [1, 0]}]),
        (CircuitBuilder(4).controlled("cx", [3, 2], [1, 0]), [{"gate": "cnot", "controls": [3, 2, 1], "target": 0}]),
        (CircuitBuilder(2).ms(0.1, 0.2, 0.25, 0, 1), [{"gate": "ms", "targets": [0, 1], "phases": [0.1, 0.2], "angle": 0.25}]),
        (CircuitBuilder(2).ms(0.1, 0.2, -0.1, 0, 1), [{"gate": "ms", "targets": [0, 1], "phases": [0.6, 0.2], "angle": 0.1}]),
        (CircuitBuilder(1).gpi(-0.25, 0), [{"gate": "gpi", "target": 0, "phase": 0.75}]),
        (CircuitBuilder(1).gpi(1 - 1e-17, 0), [{"gate": "gpi", "target": 0, "phase": 0.0}]),
        (CircuitBuilder(1).gpi(-1e-17, 0), [{"gate": "gpi", "target": 0, "phase": 0.0}]),
    ],
)
def test_gates_are_spelled_as_the_service_does(circuit: CircuitBuilder, wanted: list[dict[str, Any]]) -> None:
    infer = "qis" if any(op.name in ("id", "nop") for op in circuit.build().ops) else None
    assert gates(circuit, infer) == wanted


QIS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["h", "x", "y", "z", "s", "sdg", "t", "tdg", "sx", "sxdg", "id"]), st.just(())),
        st.tuples(st.sampled_from(["rx", "ry", "rz", "p", "cp", "crx", "cry", "crz", "rxx", "ryy", "rzz"]),
                  st.tuples(st.floats(-7, 7))),
        st.tuples(st.sampled_from(["cx", "cy", "cz", "ch", "cs", "csdg", "csx", "swap", "ccx", "ccz"]), st.just(())),
        st.tuples(st.sampled_from(["gpi", "gpi2", "zz"]), st.tuples(st.floats(-0.25, 0.25))),
        st.tuples(st.just("ms"), st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(-0.25, 0.25))),
    ).flatmap(lambda g: st.tuples(st.just(g), st.permutations(range(3)))),
    min_size=1, max_size=12,
)  # fmt: skip


@given(QIS)
@settings(max_examples=60, deadline=None)
def test_what_is_written_reads_back_to_the_same_unitary_up_to_a_phase(rows: list[Any]) -> None:
    for gateset, names in (("native", {"gpi", "gpi2", "zz", "ms"}), ("qis", None)):
        builder = CircuitBuilder(3)
        for (name, angles), wires in rows:
            if (name in ("gpi", "gpi2", "zz", "ms")) == (names is not None):
                builder.append(name, wires[: GATES[name].num_qubits], angles)
        circuit = builder.build()
        back = read(Source(json.dumps(input_object(circuit, gateset))))
        assert not back.diagnostics
        a, b = circuit.to_unitary(), back.circuits[0].to_unitary()
        assert abs(abs(np.vdot(a, b)) - 8) < 1e-7


def test_a_pauli_exponential_is_written_only_by_itself() -> None:
    circuit = CircuitBuilder(3).pauliexp("XYZ", -0.6, 0, 1, 2)
    assert gates(circuit) == [{"gate": "pauliexp", "targets": [0, 1, 2], "terms": ["XYZ"], "coefficients": [-1.0], "time": 0.3}]
    assert errors(job(circuit)) == ["target.gate"]


@pytest.mark.parametrize(
    ("circuit", "gateset", "slug"),
    [
        (CircuitBuilder(1).rx("theta", 0), "qis", "target.parameters"),
        (CircuitBuilder(1, 1).h(0).measure(0, 0).h(0), "qis", "target.mid-circuit"),
        (CircuitBuilder(1, 1).h(0).reset(0), "qis", "target.mid-circuit"),
        (CircuitBuilder(1).u(1, 2, 3, 0), "qis", "target.gate"),
        (CircuitBuilder(1).gpi(0, 0), "qis", "target.gate"),
        (CircuitBuilder(1).h(0), "native", "target.gate"),
        (CircuitBuilder(9).controlled("x", list(range(8)), [8]), "qis", "target.gate"),
        (CircuitBuilder(3).controlled("rx", [0, 1], [2], [0.3], state="01"), "qis", "target.gate"),
        (CircuitBuilder(2).ms(0, 0, 0.3, 0, 1), "native", "target.angle"),
        (CircuitBuilder(2).zz(0.4, 0, 1), "native", "target.angle"),
        (CircuitBuilder(0), "qis", "job.empty"),
        (CircuitBuilder(30).h(0), "qis", "target.qubits"),
    ],
)
def test_what_json_gates_cannot_say_is_an_error(circuit: CircuitBuilder, gateset: str, slug: str) -> None:
    assert errors(job(circuit), SIMULATOR, gateset) == [slug]
    if slug != "target.qubits":
        with pytest.raises(CompileError):
            input_object(circuit.build(), gateset)


def test_barriers_final_measurements_and_fresh_resets_leave_nothing() -> None:
    circuit = CircuitBuilder(2, 2).reset(0).h(0).barrier().measure(0, 0).measure(1, 1)
    assert gates(circuit) == [{"gate": "h", "target": 0}]


# -- names and registers ------------------------------------------------------------------------


def test_results_are_named_after_the_user_s_bits() -> None:
    builder = CircuitBuilder(3)
    builder.add_bits("a", 2)
    builder.add_bits("flag")
    circuit = builder.h(0).measure(2, 0).measure(0, 2)
    result = written(job(circuit))
    assert result.names == ({"0": "flag", "2": "a[0]"},)
    assert json.loads(result.payload["metadata"]["qir.registers"]) == {"a": [2, None], "flag": [0]}


def test_without_measurements_results_are_named_after_the_user_s_qubits() -> None:
    builder = CircuitBuilder(2)
    circuit = builder.h(0).build()
    moved = circuit.with_columns(circuit.columns, layout=Layout((0, 1), (1, 0)))
    assert written(job(moved)).names == ({"0": "q[1]", "1": "q[0]"},)


def test_the_registers_of_a_read_job_follow_the_layout() -> None:
    circuit = CircuitBuilder(2).h(0).build()
    moved = circuit.with_columns(circuit.columns, layout=Layout((0, 1), (1, 0)))
    spec = JobSpec(circuits=(JobCircuit(moved, registers={"c": [0, None, 1]}),))
    result = written(spec)
    assert result.names == ({"0": "c[2]", "1": "c[0]"},)
    back = read(Source(json.dumps(result.payload))).job
    assert back is not None and back.circuits[0].registers == {"c": [1, None, 0]}


def test_entries_of_a_job_carry_their_registers_and_names() -> None:
    first = CircuitBuilder(1, 1).h(0).measure(0, 0).build()
    second = CircuitBuilder(2).x(1).build()
    spec = JobSpec(circuits=(JobCircuit(first, name="one"), JobCircuit(second)), name="both")
    payload = written(spec).payload
    assert payload["type"] == "ionq.multi-circuit.v1" and "metadata" not in payload
    assert payload["input"]["qubits"] == 2
    assert payload["input"]["circuits"] == [
        {"name": "one", "qubits": 1, "registers": {"c": [0]}, "circuit": [{"gate": "h", "target": 0}]},
        {"qubits": 2, "circuit": [{"gate": "x", "target": 1}]},
    ]


def test_a_register_map_that_does_not_fit_is_left_out_with_a_warning() -> None:
    circuit = CircuitBuilder(1, 1).h(0).measure(0, 0)
    full = {str(i): "" for i in range(10)}
    result = emit(job(circuit, metadata=full), SIMULATOR, gateset="qis")
    assert result.payload["metadata"] == full
    assert [d.slug for d in result.diagnostics] == ["job.size"]


# -- the rest of the body -----------------------------------------------------------------------


def test_the_fields_of_the_source_are_kept() -> None:
    source = {
        "type": "ionq.circuit.v1", "backend": "qpu.forte-1", "name": "n", "shots": 600, "session_id": "s", "dry_run": True,
        "metadata": {"a": "b"}, "settings": {"error_mitigation": {"debiasing": False, "symmetry_verification": True}},
        "input": {"gateset": "qis", "qubits": 1, "circuit": [{"gate": "h", "target": 0}]},
    }  # fmt: skip
    spec = read(Source(json.dumps(source))).job
    assert spec is not None
    assert written(spec, FORTE).payload == source
    noisy = {**source, "backend": "simulator", "noise": {"model": "forte-1", "seed": 3}}
    spec = read(Source(json.dumps(noisy))).job
    assert spec is not None and written(spec).payload == noisy


@pytest.mark.parametrize(("shots", "debiasing"), [(None, False), (499, False), (500, True)])
def test_machines_are_told_whether_to_debias(shots: int | None, debiasing: bool) -> None:
    payload = written(job(CircuitBuilder(1).gpi(0, 0), shots=shots), FORTE, "native").payload
    assert payload["settings"] == {"error_mitigation": {"debiasing": debiasing}}
    assert payload["shots"] == (100 if shots is None else shots)
    assert "settings" not in written(job(CircuitBuilder(1).h(0), shots=shots)).payload


def test_options_may_name_the_mitigation_directly() -> None:
    options = {"debiasing": False, "compilation": {"opt": 1}}
    payload = written(job(CircuitBuilder(1).gpi(0, 0), shots=1000, options=options), FORTE, "native").payload
    assert payload["settings"] == {"compilation": {"opt": 1}, "error_mitigation": {"debiasing": False}}
    assert errors(job(CircuitBuilder(1).gpi(0, 0), shots=100, options={"debiasing": True}), FORTE, "native") == ["job.shots"]


def test_a_noise_model_is_for_the_simulator_and_bounds_its_qubits() -> None:
    result = emit(job(CircuitBuilder(1).gpi(0, 0), noise={"model": "aria-1"}), FORTE, gateset="native")
    assert "noise" not in result.payload and [d.severity.value for d in result.diagnostics] == ["warning"]
    assert errors(job(CircuitBuilder(26).h(0), noise={"model": "aria-1"})) == ["target.qubits"]


def test_shots_and_sizes_are_bounded() -> None:
    assert errors(job(CircuitBuilder(1).h(0), shots=0)) == ["job.shots"]
    assert errors(job(CircuitBuilder(1).h(0), shots=1_000_001)) == ["job.shots"]
    assert errors(job(*[CircuitBuilder(1).h(0).build()] * 5001)) == ["job.size"]
    assert errors(JobSpec()) == ["job.empty"]


# -- programs and functions ---------------------------------------------------------------------


def test_a_program_that_measures_on_the_way_becomes_an_openqasm_job() -> None:
    circuit = CircuitBuilder(1, 2).h(0).measure(0, 0).reset(0).h(0).measure(0, 1)
    result = written(job(circuit), SIMULATOR, "qasm3", ("2026-10-01",))
    assert result.payload["type"] == "ionq.qasm3.v1"
    assert list(result.payload["input"]) == ["data"]
    assert result.names == ({"c[0]": "c[0]", "c[1]": "c[1]"},)
    back = read(Source(json.dumps(result.payload)))
    assert back.circuits[0].count_ops() == {"h": 2, "measure": 2, "reset": 1}


def test_openqasm_jobs_name_no_hardware_qubits_and_have_no_control_flow() -> None:
    circuit = CircuitBuilder().physical(2)
    circuit.add_bits("c", 1)
    text = emit(job(circuit.h(1).measure(1, 0)), SIMULATOR, gateset="qasm3").payload["input"]["data"]
    assert "$" not in text and "qubit[2] q;" in text
    branch = CircuitBuilder(1, 1).measure(0, 0)
    branch.if_((0, 1), branch.block().x(0))
    assert errors(job(branch), SIMULATOR, "qasm3") == ["target.control-flow"]
    assert errors(job(CircuitBuilder(1).h(0), CircuitBuilder(1).h(0)), SIMULATOR, "qasm3") == ["job.program"]


def energy(circuit: CircuitBuilder | Circuit, **entry: Any) -> JobSpec:
    built = circuit.build() if isinstance(circuit, CircuitBuilder) else circuit
    return JobSpec(kind="hamiltonian-energy", circuits=(JobCircuit(built, **entry),), shots=10)


def test_a_parametrised_program_with_an_observable_becomes_a_hamiltonian_energy() -> None:
    ansatz = CircuitBuilder(2).ry("b", 0).ry("a", 1).cx(0, 1)
    spec = energy(ansatz, observables={"ZI": 1.0, "XX": -0.5}, parameter_values={"b": 2, "a": 1})
    payload = written(spec).payload
    assert payload["type"] == "quantum-function"
    content = payload["input"]
    assert content["params"] == [1.0, 2.0]
    assert content["data"]["type"] == "hamiltonian-energy"
    assert content["data"]["data"]["hamiltonian"] == [
        {"pauli_string": "ZI", "coefficient": 1.0}, {"pauli_string": "XX", "coefficient": -0.5},
    ]  # fmt: skip
    text = content["data"]["data"]["ansatz"]["data"]
    assert text.index("input float a;") < text.index("input float b;")
    back = read(Source(json.dumps(payload))).job
    assert back is not None
    assert back.circuits[0].parameter_values == {"a": 1.0, "b": 2.0}
    bound = back.circuits[0].circuit.bind({"a": 1.0, "b": 2.0})
    assert np.allclose(bound.to_unitary(), ansatz.build().bind({"a": 1.0, "b": 2.0}).to_unitary())


def test_the_observable_follows_the_layout_and_measurements_are_left_out() -> None:
    circuit = CircuitBuilder(2, 1).h(0).measure(0, 0).build()
    moved = circuit.with_columns(circuit.columns, layout=Layout((0, 1), (1, 0)))
    result = written(energy(moved, observables={"IX": 1.0}))
    data = result.payload["input"]["data"]["data"]
    assert data["hamiltonian"] == [{"pauli_string": "XI", "coefficient": 1.0}]
    assert "measure" not in data["ansatz"]["data"]
    assert [d.severity.value for d in result.diagnostics] == ["warning"]


@pytest.mark.parametrize(
    ("entry", "slug"),
    [
        ({}, "job.observable"),
        ({"observables": {"ZZZ": 1.0}, "parameter_values": {"a": 1}}, "job.observable"),
        ({"observables": {"ZZ": 1.0}}, "job.values"),
        ({"observables": {"ZZ": 1.0}, "parameter_values": [1, 2]}, "job.values"),
    ],
)
def test_a_hamiltonian_energy_needs_its_observable_and_values(entry: dict[str, Any], slug: str) -> None:
    assert slug in errors(energy(CircuitBuilder(2).ry("a", 0).cx(0, 1), **entry))


def test_the_constraints_of_a_read_function_are_written_back() -> None:
    data = {
        "hamiltonian": [{"pauli_string": "Z", "coefficient": 1.0}], "ansatz": {"data": "OPENQASM 3.0;\nqubit[1] q;\n"},
        "linear_constraints": [{"coeffs": [1], "rhs": 2}], "penalty": 0.5, "cvar_alpha": None,
    }  # fmt: skip
    source = {"type": "quantum-function", "backend": "simulator", "shots": 5,
              "input": {"data": {"type": "hamiltonian-energy", "data": data}}}  # fmt: skip
    spec = read(Source(json.dumps(source))).job
    assert spec is not None and written(spec).payload == source
    generic = {"type": "quantum-function", "backend": "simulator", "shots": 5, "input": {"type": "mine", "data": {"x": [1]}}}
    spec = read(Source(json.dumps(generic))).job
    assert spec is not None and written(spec).payload == generic
