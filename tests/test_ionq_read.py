"""Reading IonQ JSON: gates, dialects, registers, job fields, and what is refused."""

from __future__ import annotations

import base64
import gzip
import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qir.builder import CircuitBuilder
from qir.circuit import Circuit
from qir.dense import pauli_matrix
from qir.frontends import ionq_gates
from qir.frontends.ionq_json import read
from qir.job import JobCircuit, JobSpec
from qir.limits import Limits
from qir.program import Program
from qir.source import Source

Complex = npt.NDArray[np.complexfloating[Any, Any]]


def program(payload: Any, **limits: Any) -> Program:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return read(Source(text), limits=Limits(**limits))


def circuit(gates: list[dict[str, Any]], qubits: int, gateset: str = "qis") -> Circuit:
    found = program({"gateset": gateset, "qubits": qubits, "circuit": gates})
    assert not found.has_errors, found.diagnostics
    return found.circuits[0]


def job_of(payload: Any) -> JobSpec:
    found = program(payload)
    assert found.job is not None, found.diagnostics
    return found.job


def entry_of(payload: Any) -> JobCircuit:
    return job_of(payload).circuits[0]


def errors(payload: Any, **limits: Any) -> list[tuple[str, str | None]]:
    found = program(payload, **limits)
    assert found.has_errors == (not found.circuits)
    return [(d.slug, d.pointer) for d in found.diagnostics if d.severity == "error"]


def warnings(payload: Any) -> list[str]:
    found = program(payload)
    assert not found.has_errors, found.diagnostics
    return [d.message for d in found.diagnostics]


def bad(gate: Any, gateset: str = "qis", qubits: int = 3) -> list[tuple[str, str | None]]:
    """Errors of one gate; pointers are relative to it."""
    found = errors({"gateset": gateset, "qubits": qubits, "circuit": [gate]})
    return [(slug, (place or "").removeprefix("/circuit/0")) for slug, place in found]


def same(a: Circuit, b: Circuit) -> bool:
    return bool(np.allclose(a.to_unitary(), b.to_unitary(), atol=1e-9))


# -- gates --------------------------------------------------------------------------------------

QIS: list[tuple[dict[str, Any], CircuitBuilder]] = [
    ({"gate": "x", "target": 0}, CircuitBuilder(3).x(0)),
    ({"gate": "not", "targets": [1]}, CircuitBuilder(3).x(1)),
    ({"gate": "y", "target": 2}, CircuitBuilder(3).y(2)),
    ({"gate": "z", "target": 0}, CircuitBuilder(3).z(0)),
    ({"gate": "h", "target": 0}, CircuitBuilder(3).h(0)),
    ({"gate": "s", "target": 0}, CircuitBuilder(3).s(0)),
    ({"gate": "si", "target": 0}, CircuitBuilder(3).sdg(0)),
    ({"gate": "t", "target": 0}, CircuitBuilder(3).t(0)),
    ({"gate": "ti", "target": 0}, CircuitBuilder(3).tdg(0)),
    ({"gate": "v", "target": 0}, CircuitBuilder(3).sx(0)),
    ({"gate": "vi", "target": 0}, CircuitBuilder(3).sxdg(0)),
    ({"gate": "rx", "target": 1, "rotation": 0.3}, CircuitBuilder(3).rx(0.3, 1)),
    ({"gate": "ry", "target": 1, "rotation": -2}, CircuitBuilder(3).ry(-2, 1)),
    ({"gate": "rz", "target": 1, "rotation": 7.5}, CircuitBuilder(3).rz(7.5, 1)),
    ({"gate": "cnot", "control": 2, "target": 0}, CircuitBuilder(3).cx(2, 0)),
    ({"gate": "x", "control": 2, "target": 0}, CircuitBuilder(3).cx(2, 0)),
    ({"gate": "cnot", "controls": [2], "targets": [0]}, CircuitBuilder(3).cx(2, 0)),
    ({"gate": "cnot", "controls": [1, 2], "target": 0}, CircuitBuilder(3).ccx(1, 2, 0)),
    ({"gate": "z", "controls": [1, 2], "targets": [0]}, CircuitBuilder(3).ccz(1, 2, 0)),
    ({"gate": "t", "control": 1, "target": 0}, CircuitBuilder(3).controlled("t", [1], [0])),
    ({"gate": "v", "control": 1, "target": 0}, CircuitBuilder(3).csx(1, 0)),
    ({"gate": "ry", "control": 1, "target": 0, "rotation": 0.7}, CircuitBuilder(3).cry(0.7, 1, 0)),
    ({"gate": "rx", "controls": [1, 2], "target": 0, "rotation": 0.7},
     CircuitBuilder(3).controlled("rx", [1, 2], [0], [0.7])),
    ({"gate": "swap", "targets": [0, 2]}, CircuitBuilder(3).swap(0, 2)),
    ({"gate": "xx", "targets": [0, 2], "rotation": 0.4}, CircuitBuilder(3).rxx(0.4, 0, 2)),
    ({"gate": "yy", "targets": [0, 2], "rotation": 0.4}, CircuitBuilder(3).ryy(0.4, 0, 2)),
    ({"gate": "zz", "targets": [0, 2], "rotation": 0.4}, CircuitBuilder(3).rzz(0.4, 0, 2)),
    ({"gate": "zz", "targets": [0, 2], "rotation": 0.4, "control": 1},
     CircuitBuilder(3).controlled("rzz", [1], [0, 2], [0.4])),
    ({"gate": "z", "target": 0, "rotation": 0.6}, CircuitBuilder(3).p(0.6, 0)),
    ({"gate": "z", "control": 2, "target": 0, "rotation": 0.6}, CircuitBuilder(3).cp(0.6, 2, 0)),
    ({"gate": "h", "targets": [0, 2]}, CircuitBuilder(3).h(0).h(2)),
    ({"gate": "h", "controls": [], "target": 0}, CircuitBuilder(3).h(0)),
]  # fmt: skip

NATIVE: list[tuple[dict[str, Any], CircuitBuilder]] = [
    ({"gate": "gpi", "target": 0, "phase": 0.3}, CircuitBuilder(2).gpi(0.3, 0)),
    ({"gate": "gpi2", "targets": [1], "phase": -0.25}, CircuitBuilder(2).gpi2(-0.25, 1)),
    ({"gate": "ms", "targets": [0, 1], "phases": [0.1, 0.2]}, CircuitBuilder(2).ms(0.1, 0.2, 0.25, 0, 1)),
    ({"gate": "ms", "targets": [1, 0], "phases": [0.1, 0.2], "angle": 0}, CircuitBuilder(2).ms(0.1, 0.2, 0, 1, 0)),
    ({"gate": "zz", "targets": [0, 1], "angle": 0.1}, CircuitBuilder(2).zz(0.1, 0, 1)),
    ({"gate": "zz", "targets": [0, 1], "phase": 0.1}, CircuitBuilder(2).zz(0.1, 0, 1)),
    ({"gate": "nop", "target": 0}, CircuitBuilder(2)),
]


@pytest.mark.parametrize(("gate", "wanted"), QIS, ids=lambda v: json.dumps(v) if isinstance(v, dict) else "")
def test_qis_gates_mean_what_the_documents_say(gate: dict[str, Any], wanted: CircuitBuilder) -> None:
    assert same(circuit([gate], 3), wanted.build())


@pytest.mark.parametrize(("gate", "wanted"), NATIVE, ids=lambda v: json.dumps(v) if isinstance(v, dict) else "")
def test_native_gates_are_in_turns(gate: dict[str, Any], wanted: CircuitBuilder) -> None:
    assert same(circuit([gate], 2, "native"), wanted.build())


def test_pauliexp_is_a_product_of_its_terms_in_order_with_the_rightmost_letter_on_the_first_target() -> None:
    gate = {"gate": "pauliexp", "targets": [0, 2], "terms": ["XY", "ZI", "II"], "coefficients": [0.5, -0.25, 1], "time": 0.8}

    def step(paulis: str, theta: float) -> Complex:
        p = pauli_matrix(paulis)
        return math.cos(theta / 2) * np.eye(len(p)) - 1j * math.sin(theta / 2) * p

    wanted = np.exp(-0.8j) * step("ZII", -0.4) @ step("XIY", 0.8)
    assert np.allclose(circuit([gate], 3).to_unitary(), wanted)


@given(
    st.lists(
        st.one_of(
            st.sampled_from([g for g, _ in QIS]),
            st.builds(lambda q, r: {"gate": "rx", "target": q, "rotation": r}, st.integers(0, 2), st.floats(-9, 9)),
        ),
        max_size=12,
    )
)
@settings(max_examples=30, deadline=None)
def test_reading_in_bulk_and_gate_by_gate_give_the_same(once: list[dict[str, Any]]) -> None:
    gates = once * 4
    fast = program({"gateset": "qis", "qubits": 3, "circuit": gates})
    kept = ionq_gates._in_bulk
    ionq_gates._in_bulk = lambda *_: False
    try:
        slow = program({"gateset": "qis", "qubits": 3, "circuit": gates})
    finally:
        ionq_gates._in_bulk = kept
    assert fast.circuits == slow.circuits
    assert [str(d) for d in fast.diagnostics] == [str(d) for d in slow.diagnostics]
    assert [op.span.text for op in fast.circuits[0].ops if op.span] == [op.span.text for op in slow.circuits[0].ops if op.span]


def test_every_operation_knows_its_gate_object() -> None:
    first, second = '{"gate": "h", "target": 0}', '{"gate":"cnot","control":0,"target":1}'
    text = f'{{"gateset": "qis", "qubits": 2,\n "circuit": [{first},\n {second} ]}}'
    ops = program(text).circuits[0].ops
    assert [op.span.text for op in ops if op.span] == [first, second]
    assert [(op.span.line, op.span.column) for op in ops if op.span] == [(2, 14), (3, 2)]


def test_places_survive_braces_in_strings_and_text_beyond_ascii() -> None:
    gates = [{"gate": "h", "target": 0}, {"target": 1, "gate": "x"}]
    payload = {"metadata": {"circuit": "}{[", "ä": "{"}, "input": {"gateset": "qis", "qubits": 2, "circuit": gates}}
    for ascii_only in (True, False):
        text = json.dumps({"type": "ionq.circuit.v1", "backend": "é", **payload}, ensure_ascii=ascii_only)
        ops = program(text).circuits[0].ops
        assert [json.loads(op.span.text) for op in ops if op.span] == gates


@pytest.mark.parametrize(
    ("gate", "wanted"),
    [
        ("h", ("json.type", "")),
        ({}, ("json.missing", "")),
        ({"gate": 1}, ("json.type", "/gate")),
        ({"gate": ["h"], "target": 0}, ("json.type", "/gate")),
        ({"gate": "u3", "target": 0}, ("ionq.gate", "/gate")),
        ({"gate": "gpi", "target": 0, "phase": 0}, ("ionq.gate", "/gate")),
        ({"gate": "reset", "target": 0}, ("ionq.gate", "/gate")),
        ({"gate": "h"}, ("ionq.qubits", "")),
        ({"gate": "h", "targets": []}, ("ionq.qubits", "/targets")),
        ({"gate": "h", "target": 0, "targets": [0]}, ("ionq.qubits", "/targets")),
        ({"gate": "h", "target": 3}, ("ionq.qubits", "/target")),
        ({"gate": "h", "target": -1}, ("ionq.qubits", "/target")),
        ({"gate": "h", "target": 0.5}, ("ionq.qubits", "/target")),
        ({"gate": "h", "target": "0"}, ("ionq.qubits", "/target")),
        ({"gate": "h", "target": True}, ("ionq.qubits", "/target")),
        ({"gate": "h", "targets": [0, None]}, ("ionq.qubits", "/targets/1")),
        ({"gate": "cnot", "target": 0}, ("ionq.qubits", "")),
        ({"gate": "cnot", "target": 0, "control": 0}, ("ionq.qubits", "")),
        ({"gate": "cnot", "target": 0, "control": 1, "controls": [1]}, ("ionq.qubits", "/controls")),
        ({"gate": "x", "target": 0, "controls": [1, 1]}, ("ionq.qubits", "")),
        ({"gate": "swap", "targets": [0]}, ("ionq.qubits", "")),
        ({"gate": "swap", "targets": [0, 0]}, ("ionq.qubits", "")),
        ({"gate": "swap", "targets": [0, 1], "controls": [2]}, ("ionq.gate", "")),
        ({"gate": "xx", "targets": [0, 1, 2], "rotation": 1}, ("ionq.qubits", "/targets")),
        ({"gate": "rx", "target": 0}, ("ionq.angle", "")),
        ({"gate": "rx", "target": 0, "rotation": "1"}, ("ionq.angle", "/rotation")),
        ({"gate": "rx", "target": 0, "rotation": None}, ("ionq.angle", "/rotation")),
        ({"gate": "pauliexp", "targets": [0], "coefficients": [1], "time": 1}, ("ionq.pauliexp", "")),
        ({"gate": "pauliexp", "targets": [0], "terms": ["X"], "coefficients": [1]}, ("ionq.pauliexp", "")),
        ({"gate": "pauliexp", "targets": [0], "terms": ["X", "Z"], "coefficients": [1], "time": 1}, ("ionq.pauliexp", "")),
        ({"gate": "pauliexp", "targets": [0], "terms": ["Q"], "coefficients": [1], "time": 1}, ("ionq.pauliexp", "/terms/0")),
        ({"gate": "pauliexp", "targets": [0], "terms": ["XX"], "coefficients": [1], "time": 1}, ("ionq.pauliexp", "/terms/0")),
        ({"gate": "pauliexp", "targets": [0], "terms": ["X"], "coefficients": [[1, 2]], "time": 1},
         ("ionq.pauliexp", "/coefficients/0")),
    ],
)  # fmt: skip
def test_gates_without_meaning_are_refused_at_their_place(gate: Any, wanted: tuple[str, str]) -> None:
    assert bad(gate) == [wanted]


@pytest.mark.parametrize(
    ("gate", "wanted"),
    [
        ({"gate": "h", "target": 0}, ("ionq.gate", "/gate")),
        ({"gate": "gpi", "target": 0}, ("ionq.angle", "")),
        ({"gate": "gpi", "target": 0, "phase": "0"}, ("ionq.angle", "/phase")),
        ({"gate": "gpi", "target": 0, "phase": 0, "controls": [1]}, ("ionq.gate", "")),
        ({"gate": "ms", "targets": [0, 1]}, ("ionq.angle", "")),
        ({"gate": "ms", "targets": [0, 1], "phases": [0]}, ("ionq.angle", "/phases")),
        ({"gate": "ms", "targets": [0, 1], "phases": [0, "x"]}, ("ionq.angle", "/phases/1")),
        ({"gate": "ms", "targets": [0], "phases": [0, 0]}, ("ionq.qubits", "")),
        ({"gate": "zz", "targets": [0, 1]}, ("ionq.angle", "")),
        ({"gate": "zz", "targets": [0, 1], "rotation": 0.5}, ("ionq.angle", "")),
    ],
)
def test_native_gates_without_meaning_are_refused_at_their_place(gate: Any, wanted: tuple[str, str]) -> None:
    assert bad(gate, "native") == [wanted]


def test_all_errors_are_reported_in_one_run_in_order() -> None:
    gates = [{"gate": "h"}, {"gate": "h", "target": 9}, {"gate": "ok", "target": 0}, {"gate": "rx", "target": 0}]
    found = errors({"gateset": "qis", "qubits": 1, "circuit": gates})
    assert [place for _, place in found] == ["/circuit/0", "/circuit/1/target", "/circuit/2/gate", "/circuit/3"]


def test_the_number_of_errors_is_bounded() -> None:
    found = errors({"gateset": "qis", "qubits": 1, "circuit": [{"gate": "h"}] * 1000}, errors=10)
    assert len(found) == 11 and ("limit.exceeded", "") in found


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    gates = [{"gate": "swop", "targets": [0, 1]}, {"gate": "H", "target": 0}]
    found = program({"gateset": "qis", "qubits": 1, "circuit": gates})
    assert [d.help for d in found.diagnostics] == ['did you mean "swap"?', 'did you mean "h"?']


# -- dialects -----------------------------------------------------------------------------------

BELL = [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]
BELL_CIRCUIT = CircuitBuilder(2).h(0).cx(0, 1).build()


@pytest.mark.parametrize(
    ("payload", "noted"),
    [
        ({"type": "ionq.circuit.v1", "backend": "simulator", "input": {"gateset": "qis", "qubits": 2, "circuit": BELL}}, 0),
        ({"gateset": "qis", "qubits": 2, "circuit": BELL}, 0),
        ({"qubits": 2, "circuit": BELL}, 1),
        ({"format": "ionq.circuit.v0", "gateset": "qis", "qubits": 2, "circuit": BELL}, 1),
        ({"target": "simulator", "input": {"format": "ionq.circuit.v0", "qubits": 2, "circuit": BELL}}, 3),
        ({"lang": "json", "target": "qpu", "body": {"qubits": 2, "circuit": BELL}}, 3),
        ({"input": {"gateset": "qis", "circuit": BELL}}, 1),
        (BELL, 3),
    ],
)
def test_every_dialect_reads_to_the_same_circuit(payload: Any, noted: int) -> None:
    found = program(payload)
    assert same(found.circuits[0], BELL_CIRCUIT)
    assert len(found.diagnostics) == noted


def test_a_compiled_circuit_is_read_as_native() -> None:
    native = {"qubits": 2, "circuit": [{"gate": "zz", "targets": [0, 1], "angle": 0.25}]}
    for payload in (native, {"ionq.native.v1": native}):
        found = program(payload)
        assert found.circuits[0].count_ops() == {"zz": 1} and not found.diagnostics


def test_circuits_of_a_job_inherit_the_gateset_unless_they_have_their_own() -> None:
    entries: list[dict[str, Any]] = [
        {"name": "a", "gateset": "qis", "circuit": BELL},
        {"qubits": 3, "circuit": [{"gate": "gpi", "target": 2, "phase": 0}]},
    ]
    payload = {"type": "ionq.multi-circuit.v1", "backend": "simulator", "shots": 10,
               "input": {"gateset": "native", "qubits": 2, "circuits": entries}}  # fmt: skip
    job = job_of(payload)
    assert [(c.name, c.gateset, c.circuit.num_qubits) for c in job.circuits] == [("a", "qis", 2), (None, "native", 3)]
    assert [c.pointer for c in job.circuits] == ["/input/circuits/0", "/input/circuits/1"]
    del entries[0]["gateset"]
    assert errors(payload)[0] == ("ionq.gate", "/input/circuits/0/circuit/0/gate")


def test_the_fields_of_a_job_are_kept() -> None:
    job = job_of({
        "type": "ionq.circuit.v1", "backend": "qpu.forte-1", "name": "n", "shots": 600, "session_id": "s", "dry_run": True,
        "metadata": {"a": "b"}, "noise": {"model": "ideal", "seed": None},
        "settings": {"error_mitigation": {"debiasing": True}}, "input": {"gateset": "qis", "qubits": 2, "circuit": BELL},
    })  # fmt: skip
    assert (job.vendor, job.kind, job.backend, job.name, job.shots) == ("ionq", "ionq.circuit.v1", "qpu.forte-1", "n", 600)
    assert job.metadata == {"a": "b"} and job.noise == {"model": "ideal"} and job.gateset == "qis"
    assert job.options == {"error_mitigation": {"debiasing": True}}
    assert job.fields == {"session_id": "s", "dry_run": True}


def test_older_jobs_are_brought_to_the_names_of_today() -> None:
    job = job_of({"target": "qpu.aria-1", "shots": "70", "error_mitigation": {"debias": False},
                  "input": {"format": "ionq.circuit.v0", "gateset": "qis", "qubits": 2, "circuit": BELL}})  # fmt: skip
    assert (job.kind, job.backend, job.shots) == ("ionq.circuit.v1", "qpu.aria-1", 70)
    assert job.options == {"error_mitigation": {"debiasing": False}}


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        ("", ("json.syntax", None)),
        ("3", ("json.type", "")),
        ({}, ("json.missing", "")),
        ({"backend": "simulator"}, ("json.missing", "")),
        ({"input": []}, ("json.type", "/input")),
        ({"input": {}}, ("json.missing", "/input")),
        ({"type": "ionq.circuit.v1", "input": {"gateset": "qis"}}, ("json.missing", "/input")),
        ({"gateset": "qis", "qubits": 1, "circuit": {}}, ("json.type", "/circuit")),
        ({"gateset": "QIS", "qubits": 1, "circuit": []}, ("json.type", "/gateset")),
        ({"gateset": "qis", "qubits": 0, "circuit": []}, ("ionq.qubits", "/qubits")),
        ({"gateset": "qis", "qubits": 1.5, "circuit": []}, ("json.type", "/qubits")),
        ({"gateset": "qis", "qubits": True, "circuit": []}, ("json.type", "/qubits")),
        ({"gateset": "qis", "qubits": 10**9, "circuit": []}, ("limit.exceeded", "/qubits")),
        ({"gateset": "qis", "circuit": [{"gate": "h", "target": 10**9}]}, ("limit.exceeded", "/circuit/0/target")),
        ({"gateset": "qis", "qubits": 1, "circuits": {}}, ("json.type", "/circuits")),
        ({"gateset": "qis", "qubits": 1, "circuits": [{}]}, ("json.missing", "/circuits/0")),
        ({"gateset": "qis", "qubits": 1, "circuits": [3]}, ("json.type", "/circuits/0")),
        ({"type": "ionq.qasm3.v1", "backend": "simulator", "input": {"qubits": 1}}, ("json.missing", "/input")),
        ({"type": "ionq.qasm3.v1", "backend": "simulator", "input": {"data": 3}}, ("json.type", "/input")),
    ],
)
def test_payloads_without_meaning_are_refused(payload: Any, wanted: tuple[str, str | None]) -> None:
    assert errors(payload)[0] == wanted


# -- registers ----------------------------------------------------------------------------------


def with_metadata(metadata: dict[str, str]) -> Any:
    return {"type": "ionq.circuit.v1", "backend": "simulator", "metadata": metadata,
            "input": {"gateset": "qis", "qubits": 2, "circuit": BELL}}  # fmt: skip


def test_registers_of_an_entry_are_read() -> None:
    payload = {"gateset": "qis", "qubits": 2, "circuits": [{"circuit": BELL, "registers": {"c": [1, None, 0]}}]}
    assert entry_of(payload).registers == {"c": [1, None, 0]}
    payload["circuits"] = [{"circuit": BELL, "registers": {"c": [2], "d": "x"}}]
    assert errors(payload) == [("ionq.qubits", "/circuits/0/registers/c/0"), ("json.type", "/circuits/0/registers/d")]


def test_registers_are_recovered_from_the_header_of_qiskit_ionq() -> None:
    header = {"creg_sizes": [["a", 1], ["b", 2]], "meas_mapped": [1, None, 0], "memory_slots": 3}
    packed = base64.b64encode(gzip.compress(json.dumps(header).encode())).decode()
    assert entry_of(with_metadata({"qiskit_header": packed})).registers == {"a": [1], "b": [None, 0]}


def test_registers_are_recovered_from_the_measurement_keys_of_cirq() -> None:
    text = "first\x1f1\x1esecond\x1f0,1"
    parts = {f"measurement{i}": text[7 * i : 7 * i + 7] for i in range(3)}
    assert entry_of(with_metadata(parts)).registers == {"first": [1], "second": [0, 1]}


@pytest.mark.parametrize(
    "metadata",
    [
        {"qiskit_header": "no base64!"},
        {"qiskit_header": base64.b64encode(b"no gzip").decode()},
        {"qiskit_header": base64.b64encode(gzip.compress(b'{"meas_mapped": [9]}')).decode()},
        {"qiskit_header": base64.b64encode(gzip.compress(b" " * 2**25)).decode()},
        {"measurement0": "no separator"},
        {"measurement0": "key\x1f0,x"},
        {"qir.registers": '{"c": [5]}'},
        {"qir.registers": "[" * 999},
    ],
)
def test_metadata_that_hold_no_map_are_left_alone(metadata: dict[str, str]) -> None:
    found = program(with_metadata(metadata))
    assert found.job is not None and found.job.circuits[0].registers is None and not found.diagnostics


# -- programs and functions ---------------------------------------------------------------------

ENERGY: dict[str, Any] = {
    "type": "quantum-function", "backend": "simulator",
    "input": {
        "data": {"type": "hamiltonian-energy", "data": {
            "hamiltonian": [{"pauli_string": "ZI", "coefficient": 1}, {"pauli_string": "XX", "coefficient": 0.5},
                            {"pauli_string": "ZI", "coefficient": 2}],
            "ansatz": {"data": 'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float b;\ninput float a;\nqubit[2] q;\n'
                               "ry(a) q[0];\nry(b) q[1];\ncx q[0], q[1];\n"},
            "penalty": 0.5, "linear_constraints": [{"coeffs": [1, 2], "rhs": 3}],
        }},
        "params": [0.1, 0.2],
    },
}  # fmt: skip


def edited(*path: str | int, value: Any) -> Any:
    copy = json.loads(json.dumps(ENERGY))
    place = copy
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return copy


def test_a_hamiltonian_energy_is_an_ansatz_with_an_observable_and_values() -> None:
    job = job_of(ENERGY)
    entry = job.circuits[0]
    assert job.kind == "quantum-function" and job.raw is None
    assert entry.observables == {"ZI": 3.0, "XX": 0.5}
    assert entry.parameter_values == {"b": 0.1, "a": 0.2}
    assert entry.circuit.parameters == ("a", "b")
    assert job.fields == {"penalty": 0.5, "linear_constraints": [{"coeffs": [1, 2], "rhs": 3}]}


_DATA = ("input", "data", "data")
_PLACE = "/input/data/data"


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        (edited(*_DATA, "ansatz", value={}), ("json.missing", f"{_PLACE}/ansatz")),
        (edited(*_DATA, "hamiltonian", value={}), ("json.type", f"{_PLACE}/hamiltonian")),
        (edited(*_DATA, "hamiltonian", 0, "pauli_string", value="ZQ"),
         ("job.observable", f"{_PLACE}/hamiltonian/0/pauli_string")),
        (edited(*_DATA, "hamiltonian", 0, "pauli_string", value="Z"), ("job.observable", f"{_PLACE}/hamiltonian")),
        (edited(*_DATA, "hamiltonian", 0, "coefficient", value="1"), ("json.type", f"{_PLACE}/hamiltonian/0/coefficient")),
        (edited("input", "params", value=[1]), ("job.values", "/input/params")),
        (edited("input", "params", value=["x", 1]), ("json.type", "/input/params/0")),
        (edited("input", "data", value={"type": "hamiltonian-energy"}), ("json.missing", "/input/data")),
        (edited("input", "data", value=3), ("json.type", "/input/data")),
    ],
)
def test_a_broken_hamiltonian_energy_is_refused(payload: Any, wanted: tuple[str, str]) -> None:
    assert errors(payload) == [wanted]


def test_other_functions_and_qaoa_are_kept_as_they_are() -> None:
    other = {"type": "quantum-function", "backend": "simulator", "input": {"type": "custom", "data": {"x": 1}, "params": [1]}}
    job = program(other).job
    assert job is not None and job.raw == other["input"] and job.circuits == ()
    qaoa = {"type": "qctrl.qaoa.v1", "backend": "simulator", "external_settings": {"api_credentials": "k"},
            "input": {"problem_type": "maxcut", "problem": {}}}  # fmt: skip
    job = program(qaoa).job
    assert job is not None and job.raw == qaoa["input"] and job.fields == {"external_settings": {"api_credentials": "k"}}


def test_an_ansatz_in_another_form_is_kept_unread() -> None:
    found = program(edited(*_DATA, "ansatz", "data", value="b3BhcXVl"))
    assert found.job is not None and found.job.raw["params"] == [0.1, 0.2] and not found.circuits
    assert [d.slug for d in found.diagnostics] == ["feature.unsupported"]


def test_an_ansatz_needs_no_include() -> None:
    text = "OPENQASM 3.0;\ninput float theta;\nqubit[2] q;\nry(theta) q[0];\n"
    found = program({**edited(*_DATA, "ansatz", "data", value=text), "input": {
        "data": edited(*_DATA, "ansatz", "data", value=text)["input"]["data"], "params": [0.5]}})  # fmt: skip
    assert [d.slug for d in found.diagnostics] == ["ionq.dialect"]
    assert found.circuits[0].count_ops() == {"ry": 1}


def test_an_openqasm_job_is_read_and_its_errors_stand_at_their_own_line() -> None:
    def payload(text: str) -> Any:
        return {"type": "ionq.qasm3.v1", "backend": "simulator", "input": {"data": text}}

    good = program(payload('OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[1] q;\nbit[1] c;\nh q[0];\nc = measure q;\n'))
    assert good.circuits[0].count_ops() == {"h": 1, "measure": 1}
    wrong = program(payload('OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[1] q;\nh r[0];\n'))
    assert [(d.pointer, d.span.line if d.span else 0) for d in wrong.diagnostics] == [("/input/data", 4)]
