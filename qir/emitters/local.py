"""The payload of the built-in simulator: OpenQASM 3 texts."""

from __future__ import annotations

from typing import Any

from qir.circuit import Circuit
from qir.emitters.openqasm3 import dumps
from qir.job import Emission, JobSpec
from qir.targets.target import Target

__all__ = ["bit_names", "emit"]


def emit(job: JobSpec, target: Target) -> Emission:
    """`{"format": "openqasm3", "circuits": [text, ...], "shots": n}`; shots only when given."""
    payload: dict[str, Any] = {"format": "openqasm3", "circuits": [dumps(c.circuit) for c in job.circuits]}
    if job.shots is not None:
        payload["shots"] = job.shots
    return Emission(payload, tuple(bit_names(c.circuit) for c in job.circuits))


def bit_names(circuit: Circuit) -> dict[str, str]:
    """Every classical bit under its own name."""
    names = [r.name if r.scalar else f"{r.name}[{i}]" for r in circuit.cregs for i in range(r.size)]
    return {name: name for name in names}
