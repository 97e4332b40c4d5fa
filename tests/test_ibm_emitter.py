"""IBM job bodies: text, names, observables, values, options, wire forms."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qir
from qir.builder import CircuitBuilder
from qir.circuit import Circuit, Layout, While
from qir.emitters.ibm import emit
from qir.emitters.ibm_rzz import folded
from qir.errors import UsageError
from qir.expressions import BOOL, Expr, bit, variable
from qir.gates import GATES
from qir.job import Emission, JobCircuit, JobSpec
from qir.params import from_expr
from qir.targets.ibm import TARGETS, with_fractional
from qir.targets.ibm_arrays import pack_ndarray, pack_tensor, unpack_ndarray, unpack_tensor

MACHINES = {t.name: t for t in TARGETS}
FEZ = MACHINES["ibm_fez"]
SCHEMAS = Path(__file__).resolve().parents[2] / "shared" / "schemas" / "ibm"


def physical(count: int, bits: int = 0) -> CircuitBuilder:
    builder = CircuitBuilder().physical(count)
    if bits:
        builder.add_bits("c", bits)
    return builder


def sampler(circuit: Circuit, wire: str = "plain", job: JobSpec | None = None, target: Any = FEZ, **entry: Any) -> Emission:
    return emit(replace(job or JobSpec(), circuits=(JobCircuit(circuit, **entry),)), target, program="sampler", wire=wire)


def estimator(circuit: Circuit, observables: Any, wire: str = "plain", target: Any = FEZ, **entry: Any) -> Emission:
    job = JobSpec(circuits=(JobCircuit(circuit, observables=observables, **entry),))
    return emit(job, target, program="estimator", wire=wire)


def errors(emission: Emission) -> list[str]:
    return [d.slug for d in emission.diagnostics if d.severity == "error"]


def text_of(emission: Emission) -> str:
    text = emission.payload["params"]["pubs"][0][0]
    assert isinstance(text, str)
    return text


def loaded(text: str) -> Any:
    """The circuit as the service's reader sees it."""
    pytest.importorskip("qiskit_qasm3_import")
    qasm3 = pytest.importorskip("qiskit.qasm3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return qasm3.loads(text)


# -- text ------------------------------------------------------------------------------------------


def test_the_plain_sampler_body() -> None:
    circuit = physical(2, 1).x(0).measure(0, 0).build()
    job = JobSpec(shots=100, fields={"session_id": "s", "tags": ["a"]}, options={"default_shots": 10})
    emission = sampler(circuit, job=job)
    text = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[1] c;\nx $0;\nc[0] = measure $0;\n'
    assert emission.payload == {
        "program_id": "sampler",
        "backend": "ibm_fez",
        "session_id": "s",
        "tags": ["a"],
        "params": {"pubs": [[text]], "options": {"default_shots": 10}, "shots": 100, "version": 2, "support_qiskit": False},
    }
    assert emission.names == ({"c[0]": "c[0]"},) and emission.diagnostics == ()


def test_names_the_service_would_change_are_replaced_and_mapped_back() -> None:
    builder = CircuitBuilder().physical(4)
    for name, size in (("C", None), ("θ", 1), ("lambda", 1), ("x", 1), ("c", 2)):
        builder.add_bits(name, size)
    builder.rz("t", 0).rz("λ", 1).rz("phi", 2)
    for i in range(4):
        builder.measure(i, i)
    emission = sampler(builder.build(), parameter_values={"t": 1.0, "λ": 2.0, "phi": 3.0})
    circuit = loaded(text_of(emission))
    keys = {f"{r.name}[{i}]" for r in circuit.cregs for i in range(r.size)}
    assert keys == set(emission.names[0])
    assert sorted(emission.names[0].values()) == ["C", "c[0]", "c[1]", "lambda[0]", "x[0]", "θ[0]"]
    values = emission.payload["params"]["pubs"][0][1]
    assert {p.name for p in circuit.parameters} == set(values)
    assert sorted(values.values()) == [1.0, 2.0, 3.0] and values["phi"] == 3.0


@pytest.mark.parametrize("gate", ["ecr", "rzz", "sxdg"])
def test_gates_outside_stdgates_are_defined_in_the_text(gate: str) -> None:
    row = GATES[gate]
    builder = physical(2)
    builder.append(gate, range(row.num_qubits), [0.3] * row.num_params)
    eagle = replace(MACHINES["ibm_sherbrooke"], gates=("ecr", "rzz", "sxdg"), edges=None)
    circuit = loaded(text_of(sampler(builder.build(), target=eagle)))
    operators = pytest.importorskip("qiskit.quantum_info")
    expected = row.matrix(*[np.array([0.3])] * row.num_params)[0]
    assert [i.operation.name for i in circuit.data] == [gate]
    assert operators.Operator(circuit).equiv(operators.Operator(expected))


def test_what_does_nothing_is_left_out() -> None:
    builder = physical(1, 1).id(0).gphase(0.5).x(0).measure(0, 0)
    assert text_of(sampler(builder.build())).count(";") == 5


def test_delays_become_multiples_of_the_machines_grid() -> None:
    builder = physical(1, 1).delay(100, 0, unit="ns").delay(30, 0, unit="dt").delay(1, 0, unit="us").measure(0, 0)
    assert "delay[25dt]" in text_of(sampler(builder.build()))
    eagle = sampler(builder.build(), target=MACHINES["ibm_brisbane"])
    assert all(f"delay[{n}dt]" in text_of(eagle) for n in (200, 32, 2000))
    assert [d.slug for d in eagle.diagnostics] == ["target.delay"]


def test_measurements_without_a_bit_get_one() -> None:
    circuit = physical(2, 1).measure(0, 0).measure(1).build()
    emission = sampler(circuit)
    assert "unused[0] = measure $1;" in text_of(emission) and emission.names[0]["unused[0]"] == "_0"
    loaded(text_of(emission))


def test_functions_of_parameters_become_parameters() -> None:
    builder = physical(1, 1)
    builder.rz(from_expr(Expr("call", "sin", (variable("a"),))), 0).rz("a", 0).measure(0, 0)
    emission = sampler(builder.build(), parameter_values={"a": [0.5, 1.0]})
    values = emission.payload["params"]["pubs"][0][1]
    assert values["derived_0"] == pytest.approx([math.sin(0.5), math.sin(1.0)]) and values["a"] == [0.5, 1.0]
    assert {p.name for p in loaded(text_of(emission)).parameters} == set(values)


def test_inputs_are_declared_once_and_only_when_used() -> None:
    builder = physical(2, 1)
    builder.rz(from_expr(Expr("call", "sin", (variable("a"),))), 0).rz("b", 0).measure(0, 0)
    builder.if_((0, 1), builder.block().rz("b", 1))
    text = text_of(sampler(builder.build(), parameter_values={"a": 0.5, "b": 1.0}))
    assert text.count("input") == 2 and {p.name for p in loaded(text).parameters} == {"b", "derived_0"}


# -- what is refused ---------------------------------------------------------------------------------


def test_control_flow_that_runs_and_that_does_not() -> None:
    builder = physical(3, 2).measure(0, 0).measure(1, 1)
    inner = builder.block().if_((1, 1), builder.block().x(2))
    nested = physical(3, 2).measure(0, 0).measure(1, 1)
    nested.if_((0, 1), inner)
    emission = sampler(nested.build())
    assert errors(emission) == [] and "if (c == 3)" in text_of(emission)
    assert errors(estimator(nested.build(), "ZZZ")) == ["job.program"]
    assert errors(sampler(nested.build(), target=MACHINES["ibm_miami"])) == ["target.control-flow"]
    job = JobSpec(options={"dynamical_decoupling": {"enable": True}})
    assert errors(sampler(nested.build(), job=job)) == ["job.options"]


def test_gates_that_do_not_fit_are_refused() -> None:
    assert errors(sampler(physical(2, 1).h(0).build())) == ["target.gate"]
    assert errors(sampler(physical(6, 1).cz(0, 5).build())) == ["target.connectivity"]
    assert errors(sampler(physical(3, 1).ecr(1, 2).build(), target=MACHINES["ibm_cusco"])) == ["target.connectivity"]
    assert errors(sampler(physical(3, 1).ecr(2, 1).build(), target=MACHINES["ibm_cusco"])) == []
    assert errors(sampler(physical(2, 1).rzz(0.3, 0, 1).build())) == ["target.gate"]
    assert errors(sampler(physical(2, 1).rzz(2.0, 0, 1).build(), target=with_fractional(FEZ))) == ["target.angle"]


def test_reset_where_the_machine_has_none() -> None:
    circuit = physical(1, 1).measure(0, 0).reset(0).measure(0, 0).build()
    assert errors(sampler(circuit)) == [] and errors(sampler(circuit, target=MACHINES["ibm_berlin"])) == ["target.mid-circuit"]


def test_loops_are_refused_with_the_place() -> None:
    builder = physical(1, 1)
    builder.measure(0, 0)
    builder.control("while", While(bit(0)), builder.block().x(0).build())
    assert errors(sampler(builder.build())) == ["target.control-flow"]


def test_limits_of_the_service() -> None:
    circuit = physical(1, 1).rz("a", 0).measure(0, 0).build()
    sweep = {"a": [0.0] * 100}
    assert errors(sampler(circuit, parameter_values=sweep, shots=60_000)) == ["job.size"]
    assert errors(sampler(circuit, parameter_values=sweep, shots=40_000)) == []
    assert errors(sampler(circuit, parameter_values={"a": 0}, shots=200_000)) == ["job.shots"]
    assert errors(sampler(circuit, job=JobSpec(options={"twirling": {"strategy": "none"}}), parameter_values=[0])) == [
        "job.options"
    ]


def test_fractional_gates_and_mitigation_exclude_each_other() -> None:
    circuit = physical(2, 1).rzz(0.3, 0, 1).build()
    job = JobSpec(options={"twirling": {"enable_gates": True}})
    assert errors(sampler(circuit, job=job, target=with_fractional(FEZ))) == ["job.options"]


# -- observables -------------------------------------------------------------------------------------


def pub(emission: Emission) -> list[Any]:
    assert errors(emission) == [], emission.diagnostics
    found: list[Any] = emission.payload["params"]["pubs"][0]
    return found


def test_observables_follow_the_layout_and_fit_the_text() -> None:
    circuit = replace(physical(10).x(7).cz(7, 8).build(), layout=Layout((3, 7, 8), (8, 7, 3)))
    text, observables = pub(estimator(circuit, {"IXZ": 0.5, "ZII": 2}))
    assert observables == {"ZXIIIIIII": 0.5, "IIIIIZIII": 2.0}
    assert loaded(text).num_qubits == 9


def test_an_observable_beyond_the_text_widens_it() -> None:
    circuit = replace(physical(10).x(2).build(), layout=Layout((2, 5), (2, 5)))
    text, observables = pub(estimator(circuit, "ZI"))
    assert observables == {"ZIIIII": 1.0} and "barrier $5;" in text and loaded(text).num_qubits == 6


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("ZZ", {"ZZ": 1.0}),
        ({"ZZ": 1, "XX": 0.5}, {"ZZ": 1.0, "XX": 0.5}),
        (["ZZ", {"XX": 2}], [{"ZZ": 1.0}, {"XX": 2.0}]),
        ([["ZZ"], ["XX"]], [[{"ZZ": 1.0}], [{"XX": 1.0}]]),
        (np.array(["ZZ", "IX"]), [{"ZZ": 1.0}, {"IX": 1.0}]),
        ("Z", {"IZ": 1.0}),
        ("0I", {"II": 0.5, "ZI": 0.5}),
        ("II", {"II": 1.0}),
        ({"ZI": 1, "IIZI": 2}, None),
        ("IIZZ", {"ZZ": 1.0}),
        ("XIIZZ", None),
        ("ZA", None),
        ([], None),
        ({"ZZ": 1j}, None),
        ({"ZZ": math.nan}, None),
        ({}, None),
        ("", None),
        ([["ZZ"], []], None),
        (7, None),
    ],
)
def test_accepted_and_refused_observables(given: Any, sent: Any) -> None:
    circuit = replace(physical(2).x(0).x(1).build(), layout=Layout.trivial(2))
    emission = estimator(circuit, given)
    if sent is None:
        assert errors(emission) == ["job.observable"]
    else:
        assert pub(emission)[1] == sent


def test_final_measurements_are_left_out_for_the_estimator() -> None:
    circuit = physical(2, 2).x(0).measure(0, 0).measure(1, 1).build()
    emission = estimator(circuit, "ZZ")
    assert "measure" not in pub(emission)[0] and emission.names == ({},)


# -- values ------------------------------------------------------------------------------------------


def ansatz() -> Circuit:
    builder = physical(1, 1)
    for k in range(12):
        builder.rz(f"t{k}", 0).sx(0)
    return builder.measure(0, 0).build()


def test_positional_values_are_sent_by_name() -> None:
    circuit = ansatz()
    values = [float(i) for i in range(12)]
    sent = pub(sampler(circuit, parameter_values=values))[1]
    assert sent == dict(zip(circuit.parameters, values)) and sent["t10"] == 2.0


def test_sweeps_keep_their_shape() -> None:
    circuit = physical(1, 1).rz("a", 0).rz("b", 0).measure(0, 0).build()
    assert pub(sampler(circuit, parameter_values={"a": [[1], [2]], "b": [3, 4]}))[1] == {
        "a": [[1, 1], [2, 2]],
        "b": [[3, 4], [3, 4]],
    }
    assert pub(sampler(circuit, parameter_values=[[1, 2], [3, 4]]))[1] == {"a": [1, 3], "b": [2, 4]}
    assert pub(sampler(circuit, parameter_values=[1, 2], shots=7))[1:] == [{"a": 1.0, "b": 2.0}, 7]


def test_a_sweep_over_parameters_that_nothing_uses_keeps_its_shape() -> None:
    circuit = physical(1, 1).rz("a", 0).measure(0, 0).build()
    idle = circuit.with_columns(circuit.columns.take(np.array([1])))
    text, values = pub(sampler(idle, parameter_values={"a": [1, 2]}))
    assert values == {"a": [1, 2]} and [p.name for p in loaded(text).parameters] == ["a"]
    assert len(pub(sampler(idle, parameter_values={"a": 1}))) == 1


@pytest.mark.parametrize(
    ("values", "slug"),
    [(None, "target.parameters"), ([1.0], "job.values"), ({"a": 1}, "job.values"), ({"a": 1, "b": 2, "z": 3}, "job.values"),
     ({"a": math.inf, "b": 1}, "job.values"), ([["x", 1]], "job.values"), ({"a": [1, 2], "b": [1, 2, 3]}, "job.values")],
)  # fmt: skip
def test_values_that_do_not_fit(values: Any, slug: str) -> None:
    circuit = physical(1, 1).rz("a", 0).rz("b", 0).measure(0, 0).build()
    assert errors(sampler(circuit, parameter_values=values)) == [slug]


def test_observables_and_values_broadcast() -> None:
    circuit = physical(1).rz("a", 0).build()
    assert errors(estimator(circuit, ["Z", "X"], parameter_values={"a": [1, 2, 3]})) == ["job.values"]
    assert errors(estimator(circuit, [["Z"], ["X"]], parameter_values={"a": [1, 2, 3]})) == []


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=20))
@settings(deadline=None)
def test_folded_rzz_is_the_same_gate_in_range(angles: list[float]) -> None:
    values = np.array(angles)
    z, f, k = folded(values)
    assert (k >= 0).all() and (k <= math.pi / 2).all() and set(np.concatenate([z, f])) <= {0.0, math.pi}
    rz, rx, rzz = (GATES[n].matrix for n in ("rz", "rx", "rzz"))
    one = np.eye(2)
    for i in range(len(values)):
        both = np.kron(rz(z[i : i + 1])[0], rz(z[i : i + 1])[0])
        side = np.kron(one, rx(f[i : i + 1])[0])
        made = side @ rzz(k[i : i + 1])[0] @ side @ both
        overlap = np.trace(made.conj().T @ rzz(values[i : i + 1])[0]) / 4
        assert abs(overlap) == pytest.approx(1, abs=1e-9)


def test_rzz_is_folded_row_by_row_only_where_needed() -> None:
    builder = physical(2, 2).rzz("a", 0, 1).rzz("b", 0, 1).measure(0, 0).measure(1, 1)
    target = with_fractional(FEZ)
    kept = pub(sampler(builder.build(), target=target, parameter_values={"a": [0.1, 1.5], "b": 0.2}))
    assert set(kept[1]) == {"a", "b"}
    text, values = pub(sampler(builder.build(), target=target, parameter_values={"a": [0.1, 2.0], "b": -0.2}))
    assert "a" not in values and "rzz_k_0" in values and text.count("x $0;") == 2
    circuit = loaded(text)
    assert {p.name for p in circuit.parameters} == set(values)


# -- wire forms --------------------------------------------------------------------------------------


def schema_errors(name: str, data: Any) -> list[str]:
    jsonschema = pytest.importorskip("jsonschema")
    file = SCHEMAS / name
    if not file.is_file():
        pytest.skip(f"{name} is not at hand")
    validator = jsonschema.Draft202012Validator(json.loads(file.read_text()))
    return [e.message for e in validator.iter_errors(data)]


def test_every_form_is_valid_by_its_schema() -> None:
    builder = physical(2, 2).rz("b", 0).sx(0).rz("a", 0).cz(0, 1).measure(0, 0).measure(1, 1)
    circuit, values = builder.build(), {"a": [0.1, 0.2], "b": 1.0}
    job = JobSpec(options={"execution": {"rep_delay": 0.0002}})
    plain = sampler(circuit, job=job, parameter_values=values, shots=10).payload
    strict = sampler(circuit, "strict", job=job, parameter_values=values, shots=10).payload
    executor = sampler(circuit, "executor", job=job, parameter_values=values, shots=10).payload
    assert schema_errors("rest_create_job.json", plain) == []
    assert schema_errors("rest_params_sampler.json", plain["params"]) == []
    assert schema_errors("rest_create_job.json", strict) == []
    assert schema_errors("sampler_params_v0_1.json", strict["params"]) == []
    assert schema_errors("executor_params_v2_0.json", executor["params"]) == []
    assert strict["params"]["pubs"][0][2] == 10 and executor["params"]["quantum_program"]["shots"] == 10
    rows = [[0.1, 1.0], [0.2, 1.0]]
    assert unpack_ndarray(strict["params"]["pubs"][0][1]).tolist() == rows
    assert unpack_tensor(executor["params"]["quantum_program"]["items"][0]["circuit_arguments"]).tolist() == rows


def test_the_strict_estimator_has_lists_of_one_level() -> None:
    circuit = physical(1).rz("a", 0).build()
    emission = estimator(circuit, [["Z"], ["X"]], "strict", parameter_values={"a": [1, 2, 3]}, precision=0.1)
    assert schema_errors("estimator_params_v0_1.json", emission.payload["params"]) == []
    _, observables, values, precision = pub(emission)
    assert observables == [{"Z": 1.0}] * 3 + [{"X": 1.0}] * 3 and precision == 0.1
    assert unpack_ndarray(values).tolist() == [[1], [2], [3], [1], [2], [3]]
    simple = pub(estimator(physical(1).x(0).build(), "Z", "strict"))
    assert simple[1] == {"Z": 1.0} and unpack_ndarray(simple[2]).shape == (0,) and simple[3] is None


def test_what_the_executor_form_cannot_carry() -> None:
    circuit = physical(1, 1).x(0).measure(0, 0).build()
    assert errors(estimator(circuit, "Z", "executor")) == ["job.program"]
    assert errors(sampler(circuit, "executor", job=JobSpec(options={"twirling": {"enable_gates": True}}))) == ["job.options"]
    two = JobSpec(circuits=(JobCircuit(circuit, shots=1), JobCircuit(circuit, shots=2)))
    assert errors(emit(two, FEZ, program="sampler", wire="executor")) == ["job.shots"]


def test_wrong_arguments() -> None:
    with pytest.raises(UsageError):
        emit(JobSpec(), FEZ, program="qaoa")
    with pytest.raises(UsageError):
        emit(JobSpec(), FEZ, program="sampler", wire="xml")


@given(st.lists(st.floats(allow_nan=False), max_size=6), st.integers(0, 2))
def test_arrays_survive_both_packings(values: list[float], axes: int) -> None:
    array = np.array(values, np.float64).reshape((1,) * axes + (len(values),))
    assert (unpack_ndarray(pack_ndarray(array)) == array).all() and unpack_ndarray(pack_ndarray(array)).shape == array.shape
    assert (unpack_tensor(pack_tensor(array)) == array).all() and unpack_tensor(pack_tensor(array)).shape == array.shape


@pytest.mark.parametrize(
    "value",
    [None, 7, "", "!!!", "eJw=", pack_tensor(np.zeros(3))["data"]],
)
def test_broken_arrays_are_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        unpack_ndarray({"__value__": value})
    with pytest.raises(ValueError):
        unpack_tensor({"data": value, "shape": [2], "dtype": "f64"})


def test_a_header_that_claims_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match="limit"):
        unpack_tensor({"data": "", "shape": [10**12], "dtype": "f64"})


def test_conditions_on_classical_variables_are_substituted() -> None:
    builder = physical(2, 1).measure(0, 0)
    builder.if_(Expr("&&", None, (bit(0), Expr("!", None, (bit(0),), BOOL)), BOOL), builder.block().x(1))
    assert " x " not in text_of(sampler(builder.build()))


TROTTER = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[3] c;\nh q;\n' + "".join(
    f"cx q[{a}], q[{a + 1}];\nrz(0.4) q[{a + 1}];\ncx q[{a}], q[{a + 1}];\nrx(0.3) q[{a}];\n" for a in (0, 1)
) + "ry(0.5) q;\nc = measure q;\n"  # fmt: skip


def test_fractional_gates_come_on_request() -> None:
    plain = qir.compile(TROTTER, "ibm_fez")
    wide = qir.compile(TROTTER, "ibm_fez", gateset="fractional")
    assert plain.circuit.count_ops()["cz"] == 4 and "rzz" not in plain.circuit.count_ops()
    assert wide.circuit.count_ops()["rzz"] == 2 and "cz" not in wide.circuit.count_ops()
    assert "rx" in wide.circuit.count_ops() and "gate rzz(" in wide.payload["params"]["pubs"][0][0]
    assert wide.report.circuits[0].verification.verdict == "proved"
    assert wide.payload == qir.compile(TROTTER, qir.target("ibm_fez").fractional()).payload


@pytest.mark.parametrize("name", ["ibm_miami", "ibm_brisbane", "qpu.forte-1", None])
def test_other_machines_have_none(name: str | None) -> None:
    with pytest.raises(UsageError, match="fractional"):
        qir.compile(TROTTER, name, gateset="fractional")
