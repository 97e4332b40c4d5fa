"""IonQ's machines as records.

Sources: OpenAPI v0.4 of 2026-10-01 (backends, limits, native gates), IonQ's guide to simulation
with noise models (depolarising rates per gate, qubits of the models), Azure's provider page and
IonQ's system pages (gate times).  Rates are depolarising probabilities r of the noise model; the
average gate infidelity is r/2 for one qubit and 3r/4 for two.  Connectivity is complete.
"""

from __future__ import annotations

from typing import Any

from qir.targets.target import Target

__all__ = ["MODELS", "TARGETS", "qubits_of_model"]

ONE_QUBIT = ("gpi", "gpi2")
_LIMITS: dict[str, float] = {
    "shots": 1_000_000,
    "min_shots": 1,
    "circuits": 5_000,
    "gates": 150_000,
    "bytes": 10_000_000,
    "controls": 7,
    "metadata_keys": 10,
    "metadata_key": 40,
    "metadata_value": 40_000,
    "debiasing_shots": 500,
}
"""Job limits: OpenAPI of 2026-10-01; controls and metadata: documentation of v0.3."""

_QPU_SHOTS = 10_000
"""What IonQ's own clients and Azure ask for at most on a machine; more gives a warning."""


def _errors(one: float, two: float, readout: float, entangler: str) -> dict[tuple[str, tuple[int, ...]], float]:
    """Average gate infidelities from depolarising rates, and the readout error."""
    everywhere: tuple[int, ...] = ()
    gates = {(name, everywhere): one / 2 for name in ONE_QUBIT}
    return {**gates, (entangler, everywhere): two * 3 / 4, ("measure", everywhere): readout}


def _durations(one: float, two: float, entangler: str) -> dict[tuple[str, tuple[int, ...]], float]:
    return {("gpi", ()): one, ("gpi2", ()): one, (entangler, ()): two, ("nop", ()): 0.0}


def _qpu(name: str, qubits: int, entangler: str, errors: Any, times: Any, source: str, **rest: Any) -> Target:
    return Target(
        name=name,
        vendor="ionq",
        num_qubits=qubits,
        gates=(*ONE_QUBIT, entangler, "nop"),
        entangler=entangler,
        errors=errors,
        durations=times,
        limits={**_LIMITS, "qpu_shots": _QPU_SHOTS},
        source=source,
        **rest,
    )


_FORTE_TIMES = _durations(130e-6, 950e-6, "zz")
_ARIA_TIMES = _durations(135e-6, 600e-6, "ms")
_MODEL = "noise model rates: docs.ionq.com/guides/simulation-with-noise-models, read 2026-10"

TARGETS: tuple[Target, ...] = (
    _qpu(
        "qpu.forte-1", 36, "zz", _errors(0.000266667, 0.004949333, 0.005, "zz"), _FORTE_TIMES,
        f"OpenAPI v0.4 of 2026-10-01; {_MODEL}; SPAM and gate times: ionq.com, 2026-10", family="forte",
        features=frozenset({"serial", "mid-circuit", "reset"}),
    ),
    _qpu(
        "qpu.forte-enterprise-1", 36, "zz", _errors(0.000266667, 0.004949333, 0.005, "zz"), _FORTE_TIMES,
        f"OpenAPI v0.4 of 2026-10-01; rates of forte-1, the same class of machine; {_MODEL}", family="forte",
        features=frozenset({"serial", "mid-circuit", "reset"}),
    ),
    _qpu(
        "qpu.aria-1", 25, "ms", _errors(0.0005, 0.0133, 0.0039, "ms"), _ARIA_TIMES,
        f"OpenAPI v0.4 of 2026-04-30; {_MODEL}; times: Azure provider page; retired in 2026", family="aria",
        features=frozenset({"serial"}),
        retired="2026",
    ),
    _qpu(
        "qpu.aria-2", 25, "ms", _errors(0.000657333, 0.01856, 0.0039, "ms"), _ARIA_TIMES,
        f"OpenAPI v0.4 of 2026-04-30; {_MODEL}; times: Azure provider page; retired in 2026", family="aria",
        features=frozenset({"serial"}),
        retired="2026",
    ),
    Target(
        name="simulator",
        vendor="ionq",
        num_qubits=29,
        gates=(*ONE_QUBIT, "ms", "zz", "nop"),
        entangler="zz",
        limits=_LIMITS,
        features=frozenset({"mid-circuit", "reset", "noise"}),
        simulator=True,
        source="OpenAPI v0.4 of 2026-10-01; docs.ionq.com/guides/simulation-with-noise-models",
    ),
)  # fmt: skip

MODELS: dict[str, int] = {
    "ideal": 29,
    "harmony": 11,
    "harmony-1": 11,
    "harmony-2": 11,
    "aria-1": 25,
    "aria-2": 25,
    "forte-1": 29,
    "forte-enterprise-1": 29,
}
"""Noise models of the simulator, and how many qubits each simulates.  OpenAPI of 2026-04-30 (an
enumeration there, listed in the description of 2026-10-01)."""


def qubits_of_model(model: str | None) -> int:
    """How many qubits the simulator takes with this noise model (None: without noise)."""
    return MODELS.get(model or "ideal", 29)
