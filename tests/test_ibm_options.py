"""The table of IBM options against the option classes of IBM's own client."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from qir.targets.ibm_options import OPTIONS, check_body, check_options, check_params

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("sampler", {}),
    ("sampler", {"default_shots": 1}),
    ("sampler", {"dynamical_decoupling": {"enable": True, "sequence_type": "XY4", "scheduling_method": "asap"}}),
    ("sampler", {"execution": {"init_qubits": False, "rep_delay": 0.0002, "meas_type": "kerneled"}}),
    ("sampler", {"twirling": {"enable_gates": True, "num_randomizations": "auto", "shots_per_randomization": 10}}),
    ("sampler", {"experimental": {"anything": [1, {}]}}),
    ("sampler", {"simulator": {"seed_simulator": 42, "basis_gates": ["rz"], "coupling_map": [[0, 1]]}}),
    ("estimator", {"default_precision": 0.5, "default_shots": 100, "seed_estimator": 0}),
    ("estimator", {"resilience": {"measure_mitigation": True, "measure_noise_learning": {"num_randomizations": 1}}}),
    ("estimator", {"resilience": {"zne_mitigation": True, "zne": {"noise_factors": [1, 2.5], "extrapolator": "linear"}}}),
    ("estimator", {"resilience": {"zne": {"extrapolator": ["exponential", "linear"], "amplifier": "pea"}}}),
    ("estimator", {"resilience": {"zne": {"noise_factors": [1, 2, 3, 4], "extrapolator": "polynomial_degree_3"}}}),
    ("estimator", {"resilience": {"zne": {"extrapolated_noise_factors": [0, 1]}}}),
    ("estimator", {"resilience": {"pec_mitigation": True, "pec": {"max_overhead": None, "noise_gain": 0}}}),
    ("estimator", {"resilience": {"layer_noise_learning": {"max_layers_to_learn": 0, "layer_pair_depths": [0, 1]}}}),
]

BAD: list[tuple[str, dict[str, Any], str]] = [
    ("sampler", {"default_shots": 1.5}, "default_shots"),
    ("sampler", {"defaultshots": 10}, "defaultshots"),
    ("sampler", {"resilience": {}}, "resilience"),
    ("sampler", {"dynamical_decoupling": True}, "dynamical_decoupling"),
    ("sampler", {"dynamical_decoupling": {"sequence_type": "YY"}}, "dynamical_decoupling/sequence_type"),
    ("sampler", {"dynamical_decoupling": {"sequence": "XX"}}, "dynamical_decoupling/sequence"),
    ("sampler", {"execution": {"meas_type": "raw"}}, "execution/meas_type"),
    ("sampler", {"twirling": {"num_randomizations": 0}}, "twirling/num_randomizations"),
    ("sampler", {"twirling": {"strategy": "some"}}, "twirling/strategy"),
    ("sampler", {"twirling": {"shots_per_randomization": "all"}}, "twirling/shots_per_randomization"),
    ("sampler", {"simulator": {"seed": 1}}, "simulator/seed"),
    ("estimator", {"default_precision": 0}, "default_precision"),
    ("estimator", {"default_precision": -0.1}, "default_precision"),
    ("estimator", {"execution": {"meas_type": "classified"}}, "execution/meas_type"),
    ("estimator", {"noise_factors": [1, 3, 5]}, "noise_factors"),
    ("estimator", {"transpilation": {"skip_transpilation": True}}, "transpilation"),
    ("estimator", {"resilience": {"zne_mitigation": True, "pec_mitigation": True}}, "resilience/pec_mitigation"),
    ("estimator", {"resilience": {"measure_noise_learning": {"num_randomizations": 4}}}, "resilience/measure_noise_learning"),
    ("estimator", {"resilience": {"zne": {"noise_factors": [0.5, 1]}}}, "resilience/zne/noise_factors"),
    ("estimator", {"resilience": {"zne": {"extrapolator": "cubic"}}}, "resilience/zne/extrapolator"),
    (
        "estimator",
        {"resilience": {"zne": {"noise_factors": [1, 3, 5], "extrapolator": "polynomial_degree_5"}}},
        "resilience/zne/noise_factors",
    ),
    ("estimator", {"resilience": {"zne": {"noise_factors": [1], "extrapolator": "linear"}}}, "resilience/zne/noise_factors"),
    ("estimator", {"resilience": {"zne": {"amplifier": "none"}}}, "resilience/zne/amplifier"),
    ("estimator", {"resilience": {"pec": {"max_overhead": 0}}}, "resilience/pec/max_overhead"),
    ("estimator", {"resilience": {"pec": {"noise_gain": -1}}}, "resilience/pec/noise_gain"),
    ("estimator", {"resilience": {"layer_noise_learning": {"shots_per_randomization": 0}}}, "shots_per_randomization"),
]

STRICTER: list[tuple[str, dict[str, Any], str]] = [
    ("sampler", {"default_shots": 0}, "default_shots"),
    ("sampler", {"default_shots": "10"}, "default_shots"),
    ("sampler", {"dynamical_decoupling": {"enable": 1}}, "dynamical_decoupling/enable"),
    ("sampler", {"execution": {"rep_delay": -1}}, "execution/rep_delay"),
]
"""What the client lets pass or converts, and the service's schema or models refuse."""


def client_accepts(program: str, options: dict[str, Any]) -> bool:
    """What the option classes of the real client say."""
    module = pytest.importorskip("qiskit_ibm_runtime.options")
    cls = module.SamplerOptions if program == "sampler" else module.EstimatorOptions
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            cls(**options)
        except Exception:
            return False
    return True


@pytest.mark.parametrize(("program", "options"), GOOD)
def test_good_options_pass_here_and_at_the_client(program: str, options: dict[str, Any]) -> None:
    assert check_options(options, program) == []
    assert client_accepts(program, options)


@pytest.mark.parametrize(("program", "options", "place"), BAD)
def test_bad_options_are_refused_here_and_at_the_client(program: str, options: dict[str, Any], place: str) -> None:
    found = check_options(options, program)
    assert [p.slug for p in found] == ["job.options"] * len(found) and found
    assert any(place in "/".join(map(str, p.path)) for p in found)
    assert not client_accepts(program, options)


@pytest.mark.parametrize(("program", "options", "place"), STRICTER)
def test_what_only_the_service_refuses(program: str, options: dict[str, Any], place: str) -> None:
    (found,) = check_options(options, program)
    assert found.slug == "job.options" and place == "/".join(map(str, found.path))


@pytest.mark.parametrize("row", OPTIONS, ids=lambda row: row.path)
def test_defaults_of_the_table_pass_its_own_check(row: Any) -> None:
    if row.default is None:
        assert row.null or row.kind in ("object", "bool", "number", "list")
        return
    program = sorted(row.programs)[-1]
    value = list(row.default) if isinstance(row.default, tuple) else row.default
    tree: Any = value
    for key in reversed(row.path.split(".")):
        tree = {key: tree}
    problems = [p for p in check_options(tree, program) if "exclude" not in p.message and "measure_mitigation" not in p.message]
    assert problems == []


def test_unknown_fields_are_explained() -> None:
    body = {"program_id": "sampler", "backend": "ibm_fez", "params": {}, "hub": "a", "start_session": True}
    helps = {p.path[0]: p.help or "" for p in check_body(body)}
    assert "Service-CRN" in helps["hub"] and "/v1/sessions" in helps["start_session"]
    (typo,) = check_params({"pubs": [], "supports_qiskit": True}, "sampler")
    assert typo.slug == "job.extra" and "support_qiskit" in (typo.help or "")
    (level,) = check_params({"pubs": [], "resilience_level": 1}, "sampler")
    assert level.path == ("resilience_level",)
    (inside,) = check_options({"resilience_level": 1}, "estimator")
    assert "beside options" in (inside.help or "")


@pytest.mark.parametrize(
    ("field", "value", "slug"),
    [
        ("tags", ["t"] * 9, "job.size"),
        ("tags", ["x" * 87], "job.size"),
        ("tags", "foo", "job.type"),
        ("tags", [1], "job.type"),
        ("cost", 20_000, "job.type"),
        ("cost", "60", "job.type"),
        ("log_level", "DEBUG", "job.type"),
        ("session_id", "x" * 37, "job.type"),
        ("private", "yes", "job.type"),
        ("runtime", "image", "job.type"),
        ("program_id", "circuit-runner", "job.program"),
        ("backend", "", "job.type"),
    ],
)
def test_job_fields_out_of_range(field: str, value: Any, slug: str) -> None:
    body = {"program_id": "sampler", "backend": "ibm_fez", "params": {}, field: value}
    assert [p.slug for p in check_body(body)] == [slug]


def test_a_good_body_has_no_problems() -> None:
    body = {
        "program_id": "estimator", "backend": "ibm_fez", "params": {}, "tags": ["a" * 86] * 8, "cost": 10_800, "private": True,
        "log_level": "info", "session_id": "s", "calibration_id": "c", "runtime": "image:tag",
    }  # fmt: skip
    assert check_body(body) == []
    params = {"pubs": [], "options": {}, "precision": 0.1, "resilience_level": 2, "support_qiskit": False, "version": 2}
    assert check_params(params, "estimator") == []
    assert [p.path for p in check_params({"version": 1}, "sampler")] == [("version",), ()]
