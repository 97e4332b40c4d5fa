"""Results of both services in all their forms: equal to those of the built-in simulator, under the user's names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from in_process import InProcess, client, service

import qir
from qir.errors import SubmitError
from qir.submitters import submit
from qir.submitters.ibm_results import decode_ibm
from qir.submitters.ionq_results import decode_ionq
from qir.submitters.ledger import Ledger
from qir.submitters.results import Labels

__all__ = ["service"]

SHARED = Path(__file__).resolve().parents[2] / "shared"
HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'


# Programs with several registers, measured across, in part, and out of order.
PREPARATIONS = [
    "x q[0];",
    "x q[1]; cx q[1], q[3];",
    "x q[0]; x q[2]; swap q[2], q[3];",
    "x q[0]; x q[1]; ccx q[0], q[1], q[2];",
    "h q[0]; cx q[0], q[1]; cx q[1], q[2];",
    "h q[2]; cx q[2], q[0]; x q[3];",
    "ry(0.7) q[0]; cx q[0], q[3]; h q[1];",
    "rx(1.1) q[1]; rz(0.3) q[1]; h q[1]; cz q[1], q[2]; h q[2];",
]
MEASUREMENTS = [
    "bit[2] a; bit[2] b; a[0] = measure q[3]; a[1] = measure q[0]; b[0] = measure q[2]; b[1] = measure q[1];",
    "bit one; bit[3] wide; wide[2] = measure q[0]; one = measure q[1]; wide[0] = measure q[3];",
    "bit[1] last; bit[1] first; bit[2] middle; first[0] = measure q[1]; middle = measure q[2:3]; last[0] = measure q[0];",
]
PROGRAMS = [f"{HEAD}qubit[4] q;\n{p}\n{m}\n" for p in PREPARATIONS for m in MEASUREMENTS]
FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "IonQ native": ("qpu.forte-1", {}),
    "IonQ qis": ("simulator", {"gateset": "qis"}),
    "IonQ OpenQASM": ("simulator", {"gateset": "qasm3"}),
    "IBM plain": ("ibm_fez", {}),
    "IBM wrapped": ("ibm_fez", {"wire": "strict"}),
    "IBM executor": ("ibm_fez", {"wire": "executor"}),
}


def spread(joined: dict[str, int], expected: dict[str, float]) -> float:
    total = sum(joined.values())
    return sum(abs(joined.get(k, 0) / total - expected.get(k, 0.0)) for k in {*joined, *expected}) / 2


@pytest.mark.parametrize("form", FORMS)
def test_decoded_results_are_those_of_the_built_in_simulator(form: str, service: InProcess, tmp_path: Path) -> None:
    target, settings = FORMS[form]
    shots = 2000
    assert len(PROGRAMS) >= 20
    for text in PROGRAMS:
        compiled = qir.compile(text, target, shots=shots, optimization_level=1, verify=False, **settings)
        vendor = "ionq" if form.startswith("IonQ") else "ibm"
        job = submit(compiled, client=client(vendor, service), ledger=Ledger(tmp_path), wait=True)
        (result,) = job.result()
        local = qir.simulate(text, shots=shots).counts
        assert local is not None
        sizes = {name: len(next(iter(table))) for name, table in local.registers.items()}
        assert list(result.counts) == list(sizes)
        assert {n: {len(k) for k in t} for n, t in result.counts.items()} == {n: {s} for n, s in sizes.items()}
        flat = {k.replace(" ", ""): v for k, v in result.joined.items()}
        assert sum(flat.values()) == shots
        if len(local) == 1:
            assert flat == dict(local)
            assert result.counts == local.registers
        assert spread(flat, {k: v / shots for k, v in local.items()}) < 0.06
        for name, table in local.registers.items():
            assert spread(result.counts[name], {k: v / shots for k, v in table.items()}) < 0.06
        assert job.kept() == [result]


@pytest.mark.parametrize("wire", ["plain", "strict", "executor"])
def test_rows_of_parameter_values_come_back_one_by_one(wire: str, service: InProcess, tmp_path: Path) -> None:
    text = HEAD + "input float[64] theta;\nqubit[2] q;\nbit[1] a; bit[1] b;\nrx(theta) q[0];\n"
    text += "a[0] = measure q[1]; b[0] = measure q[0];\n"
    compiled = qir.compile(text, "ibm_fez", shots=20, wire=wire, parameter_values={"theta": [0.0, 3.141592653589793, 0.0]})
    job = submit(compiled, client=client("ibm", service), ledger=Ledger(tmp_path), wait=True)
    (result,) = job.result()
    assert [p.joined for p in result.points] == [{"0 0": 20}, {"1 0": 20}, {"0 0": 20}]
    assert result.counts == {"a": {"0": 60}, "b": {"0": 40, "1": 20}}


@pytest.mark.parametrize("wire", ["plain", "strict"])
def test_expectation_values_come_back_in_their_shape(wire: str, service: InProcess, tmp_path: Path) -> None:
    text = HEAD + "qubit[2] q;\nh q[0]; cx q[0], q[1];\n"
    compiled = qir.compile(text, "ibm_fez", observables=["ZZ", "XX", "ZI"], wire=wire, precision=0.1)
    job = submit(compiled, client=client("ibm", service), ledger=Ledger(tmp_path), wait=True)
    (result,) = job.result()
    assert result.expectation_values == pytest.approx([1, 1, 0], abs=1e-9)


def test_the_circuits_of_an_ionq_job_keep_their_own_registers(service: InProcess, tmp_path: Path) -> None:
    texts = [HEAD + "qubit[2] q; bit[2] a; x q[0]; a[1] = measure q[0]; a[0] = measure q[1];",
             HEAD + "qubit[2] q; bit[1] b; x q[1]; b[0] = measure q[1];"]  # fmt: skip
    compiled = qir.compile(texts, "qpu.forte-1", shots=10)
    for payload in (compiled, compiled.payload):
        job = submit(payload, client=client("ionq", service), ledger=Ledger(tmp_path), wait=True)
        assert [r.counts for r in job.result()] == [{"a": {"10": 10}}, {"b": {"1": 10}}]


def vectors() -> list[Any]:
    path = SHARED / "corpus" / "ionq" / "results_vectors.json"
    rows: list[Any] = json.loads(path.read_text()) if path.is_file() else []
    return rows


@pytest.mark.skipif(not vectors(), reason="the corpus is not here")
@pytest.mark.parametrize("row", vectors(), ids=lambda r: str(r["id"]))
def test_the_forms_of_the_services_documents_are_decoded(row: dict[str, Any]) -> None:
    shots, size = 1000, row["n_qubits"]
    if "aggregate" in row["format"]:
        data: dict[str, Any] = {"children": {k: {"probabilities": v} for k, v in row["payload"].items()}}
        results = decode_ionq(data, [Labels()] * 2, [size] * 2, shots)
        expected = row["expected_bits_q0_first"]
    else:
        results = decode_ionq({"artifacts": {row["format"]: row["payload"]}}, [Labels()], [size], shots)
        expected = [row.get("expected_bits_q0_first")]
    if "expected_shots_q0_first" in row:
        assert sorted(k for k, v in results[0].joined.items() for _ in range(v)) == sorted(
            k[::-1] for k in row["expected_shots_q0_first"]
        )
        return
    for result, table in zip(results, expected):
        scale = 1 if "histogram" in row["format"] else shots
        assert result.joined == {k[::-1]: round(v * scale) for k, v in sorted(table.items(), key=lambda t: t[0][::-1])}


def test_leaked_shots_are_left_out_and_counted() -> None:
    shots = [{"registers": {"c": [1, 0], "output_all": [1, 0]}, "leakage_bits": [0, 0]},
             {"registers": {"c": [1, 1], "output_all": [1, 1]}, "leakage_bits": [0, 1]}]  # fmt: skip
    data = {"artifacts": {"ionq.result.shots.json.v2": {"shots": shots}}}
    (result,) = decode_ionq(data, [Labels({"c[0]": "c[0]", "c[1]": "c[1]"}, [("c", 2)])], [2], 2)
    assert (result.counts, result.leaked) == ({"c": {"01": 1}}, 1)


DAMAGED: list[Any] = [
    {}, {"results": 3}, {"results": [{"data": {"c": {"samples": ["zz"], "num_bits": 1}}}]}, {"data": [{}]},
    {"data": [{"results": {"c": {"data": "AAAA", "shape": [9], "dtype": "bool"}}}]},
    {"results": [{"data": {"c": {"array": {"__type__": "ndarray", "__value__": "AAAA"}, "num_bits": 1}}}]}, {"results": [7]},
]  # fmt: skip


@pytest.mark.parametrize("data", DAMAGED, ids=str)
def test_damaged_results_are_an_error_in_words(data: Any) -> None:
    with pytest.raises(SubmitError):
        decode_ibm(data, [])


IONQ_DAMAGED: list[Any] = [
    {}, {"probabilities": 3}, {"probabilities": {"x": 1}}, {"probabilities": {"-1": 1}}, {"artifacts": {"v9": 1}},
    {"artifacts": {"ionq.result.shots.json.v2": {"shots": [{"registers": 3}]}}},
    {"artifacts": {"ionq.result.probabilities.json.v2": {"probabilities": {"registers": {"output_all": {"2x": 1}}}}}},
    {"artifacts": {"ionq.result.shots.json.v2": {"shots": [{"registers": {"c": 3}}]}}},
]  # fmt: skip


@pytest.mark.parametrize("data", IONQ_DAMAGED, ids=str)
def test_damaged_results_of_ionq_are_an_error_in_words(data: Any) -> None:
    with pytest.raises(SubmitError):
        decode_ionq(data, [Labels()], [1], 10)
