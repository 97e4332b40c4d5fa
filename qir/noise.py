"""Noise models of the simulator: depolarising noise after every gate.

A model is the depolarising probability r of gates on one and on two qubits: after the gate the
state becomes (1 - r) rho + r I/2**k on its qubits (Kraus operators sqrt(1 - 3r/4) I, sqrt(r/4) P for
one qubit; sqrt(1 - 15r/16), sqrt(r/16) for two).  Source of IonQ's rates: docs.ionq.com, "Get started
with hardware noise model simulation", read 2026-10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qir.errors import UsageError

__all__ = ["MODELS", "noise_rates"]

MODELS: dict[str, tuple[float, float]] = {
    "aria-1": (0.0005, 0.0133),
    "aria-2": (0.000657333, 0.01856),
    "forte-1": (0.000266667, 0.004949333),
    "forte-enterprise-1": (0.000266667, 0.004949333),
}
"""Model to the rates after one-qubit and two-qubit gates; forte-enterprise-1 is taken as forte-1."""


def noise_rates(noise: Mapping[str, Any] | str | None) -> dict[int, float] | None:
    """Rates by number of qubits; None for no noise.

    noise: None, a model's name, IonQ's `{"model": name}`, or `{"model": "depolarizing",
    "one_qubit": r1, "two_qubit": r2}`.  UsageError for a model that is not known.
    """
    if noise is None:
        return None
    given: Mapping[str, Any] = {"model": noise} if isinstance(noise, str) else noise
    model = given.get("model")
    if model in (None, "ideal"):
        return None
    if model == "depolarizing":
        rates = [given.get("one_qubit", 0.0), given.get("two_qubit", 0.0)]
        for rate in rates:
            if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
                raise UsageError(f"a depolarising probability is between 0 and 1, not {rate!r}")
        return {1: float(rates[0]), 2: float(rates[1])}
    found = MODELS.get(str(model))
    if found is None:
        raise UsageError(f"the noise model {model!r} is not known; there are ideal, depolarizing, {', '.join(MODELS)}")
    return {1: found[0], 2: found[1]}
