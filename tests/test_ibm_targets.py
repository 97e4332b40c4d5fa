"""IBM machines: generated couplings against the device snapshots, and targets from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qir.errors import ParseError
from qir.targets.ibm import FAMILIES, TARGETS, heavy_hex, square_lattice, with_fractional
from qir.targets.ibm_files import from_files
from qir.targets.target import Target

BY_NAME = {target.name: target for target in TARGETS}


def snapshot(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    runtime = pytest.importorskip("qiskit_ibm_runtime.fake_provider")
    folder = Path(runtime.__file__).parent / "backends" / name.removeprefix("ibm_")
    if not folder.is_dir():
        pytest.skip(f"no snapshot of {name}")
    files = [json.loads(next(folder.glob(f"{kind}_*.json")).read_text()) for kind in ("conf", "props")]
    return files[0], files[1]


def small() -> dict[str, Any]:
    """A line of three qubits with one-way ecr gates."""
    return {
        "backend_name": "toy",
        "n_qubits": 3,
        "basis_gates": ["ecr", "id", "rz", "sx", "x"],
        "coupling_map": [[0, 1], [2, 1]],
        "gates": [{"name": "ecr", "parameters": [], "coupling_map": [[1, 0], [2, 1]]}],
        "supported_instructions": ["ecr", "measure", "delay", "reset", "if_else", "while_loop"],
        "timing_constraints": {"granularity": 8, "min_length": 16, "pulse_alignment": 8, "acquire_alignment": 8},
        "dt": 0.5,
        "max_shots": 1000,
        "rep_delay_range": [0.0, 500.0],
        "processor_type": {"family": "Toy", "revision": 1},
    }


def calibration() -> dict[str, Any]:
    def value(name: str, number: float, unit: str = "") -> dict[str, Any]:
        return {"name": name, "value": number, "unit": unit, "date": "2026-01-01"}

    return {
        "last_update_date": "2026-01-01T00:00:00Z",
        "qubits": [
            [value("readout_error", 0.01), value("readout_length", 1.2, "us")],
            [value("readout_error", 0.03)],
            [value("readout_error", 0.02), value("operational", 0)],
        ],
        "gates": [
            {"gate": "ecr", "qubits": [1, 0], "parameters": [value("gate_error", 0.005), value("gate_length", 660, "ns")]},
            {"gate": "sx", "qubits": [0], "parameters": [value("gate_error", 0.0002), value("gate_length", 60, "ns")]},
        ],
    }


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_built_in_machines_agree_with_their_snapshots(name: str) -> None:
    configuration, properties = snapshot(name)
    built_in, read = BY_NAME[name], from_files(configuration, properties)
    assert read.num_qubits == built_in.num_qubits
    assert set(read.gates) == set(built_in.gates)
    assert read.edges == built_in.edges
    assert read.timing is not None and built_in.timing is not None
    assert read.timing.dt == pytest.approx(built_in.timing.dt)
    assert read.timing.pulse_alignment == built_in.timing.pulse_alignment
    assert read.family == built_in.family
    assert ("if" in read.features) == ("if" in built_in.features)
    if name != "ibm_kyoto":  # whose snapshot has error 1 on most edges
        for key in (("sx", ()), (built_in.entangler, ()), ("measure", ())):
            assert built_in.errors[key] == pytest.approx(read.errors[key], rel=0.01)
            assert built_in.durations[key] == pytest.approx(read.durations[key], rel=0.01)


@pytest.mark.parametrize(
    ("family", "pairs"),
    [("Heron r3", 176), ("Heron r2", 176), ("Heron r1", 150), ("Eagle r3", 144), ("Nighthawk r1", 218)],
)
def test_families_have_the_published_size_and_degree(family: str, pairs: int) -> None:
    row = FAMILIES[family]
    degree = [sum(q in edge for edge in row.edges) for q in range(row.num_qubits)]
    assert len(row.edges) == len(set(row.edges)) == pairs
    assert all(a < b < row.num_qubits for a, b in row.edges)
    assert max(degree) == (4 if family.startswith("Nighthawk") else 3)
    assert min(degree) >= 1


def test_heavy_hex_joins_lines_by_connectors() -> None:
    edges = heavy_hex([(0, 16), (0, 16)], 3, 1)
    assert (3, 16) in edges and (16, 23) in edges and (0, 20) not in edges
    assert square_lattice(2, 2) == ((0, 1), (0, 2), (1, 3), (2, 3))


def test_cz_runs_both_ways_and_ecr_one_way() -> None:
    assert BY_NAME["ibm_fez"].allows("cz", (0, 1)) and BY_NAME["ibm_fez"].allows("cz", (1, 0))
    eagle = BY_NAME["ibm_cusco"]
    assert eagle.allows("ecr", (2, 1)) and not eagle.allows("ecr", (1, 2))
    assert BY_NAME["ibm_sherbrooke"].allows("ecr", (1, 2))


def test_retired_machines_are_marked_and_the_fleet_is_not() -> None:
    assert BY_NAME["ibm_brisbane"].retired and BY_NAME["ibm_torino"].retired
    assert {t.name for t in TARGETS if not t.retired} == {
        "ibm_aachen", "ibm_boston", "ibm_pittsburgh", "ibm_fez", "ibm_kingston", "ibm_marrakesh", "ibm_berlin", "ibm_miami",
    }  # fmt: skip


def test_a_target_from_files_keeps_what_the_files_say() -> None:
    target = Target.from_ibm(small(), calibration())
    assert target.name == "toy" and target.num_qubits == 3 and target.gates == ("ecr", "rz", "sx", "x")
    assert target.allows("ecr", (1, 0)) and not target.allows("ecr", (0, 1))
    assert target.faulty_qubits == {2} and not target.allows("ecr", (2, 1)) and not target.allows("sx", (2,))
    assert target.errors["ecr", (1, 0)] == 0.005 and target.durations["ecr", (1, 0)] == pytest.approx(660e-9)
    assert target.durations["measure", (0,)] == pytest.approx(1.2e-6)
    assert target.errors["measure", ()] == pytest.approx(0.02)
    assert target.timing is not None and target.timing.dt == pytest.approx(0.5e-9) and target.timing.pulse_alignment == 8
    assert target.features == {"if", "reset", "delay", "mid-circuit"}
    assert target.limits["shots"] == 1000 and target.limits["rep_delay_max"] == pytest.approx(500e-6)
    assert target.family == "Toy r1" and "2026-01-01" in target.source


def test_a_faulty_edge_is_left_out_and_remembered() -> None:
    properties = calibration()
    properties["qubits"][2] = []
    properties["gates"][0]["parameters"].append({"name": "operational", "value": 0, "unit": "", "date": ""})
    target = from_files(small(), properties)
    assert target.faulty_edges == {(1, 0)} and not target.faulty_qubits
    assert not target.allows("ecr", (1, 0)) and target.allows("ecr", (2, 1))


def test_fractional_gates_are_kept_stripped_or_added() -> None:
    heron = {**small(), "basis_gates": ["cz", "id", "rz", "rx", "rzz", "sx", "x"], "gates": []}
    assert from_files(heron).allows("rzz", (0, 1)) and "fractional" in from_files(heron).features
    assert "rx" not in from_files(heron, fractional=False).gates
    fez = BY_NAME["ibm_fez"]
    wide = with_fractional(fez)
    assert wide.allows("rzz", (0, 1)) and wide.allows("rx", (0,)) and wide.errors["rx", ()] == fez.errors["sx", ()]
    assert with_fractional(wide, False) == fez


BROKEN: list[tuple[str, dict[str, Any], dict[str, Any] | None, str]] = [
    ("no qubits", {k: v for k, v in small().items() if k != "n_qubits"}, None, "n_qubits"),
    ("qubits as text", {**small(), "n_qubits": "3"}, None, "/n_qubits"),
    ("basis not a list", {**small(), "basis_gates": "sx"}, None, "/basis_gates"),
    ("edge out of range", {**small(), "coupling_map": [[0, 3]]}, None, "/coupling_map/0"),
    ("edge of one qubit", {**small(), "coupling_map": [[1]]}, None, "/coupling_map/0"),
    ("gate without name", {**small(), "gates": [{}]}, None, "/gates/0"),
    ("dt negative", {**small(), "dt": -1}, None, "/dt"),
    ("alignment zero", {**small(), "timing_constraints": {"pulse_alignment": 0}}, None, "pulse_alignment"),
    ("qubits not a list", small(), {"qubits": 3}, "/qubits"),
    ("gate without qubits", small(), {"gates": [{"gate": "ecr"}]}, "/gates/0/qubits"),
    ("error as text", small(), {"qubits": [[{"name": "readout_error", "value": "x"}]]}, "/qubits/0/0/value"),
]


@pytest.mark.parametrize(("configuration", "properties", "place"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_malformed_files_are_refused_with_the_place(
    configuration: dict[str, Any], properties: dict[str, Any] | None, place: str
) -> None:
    with pytest.raises(ParseError) as caught:
        from_files(configuration, properties)
    assert any(place in f"{d.pointer} {d.message}" for d in caught.value.diagnostics)
