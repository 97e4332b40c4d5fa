"""What the reference checker of IBM jobs finds, and the slugs that say the same."""

from __future__ import annotations

EQUIVALENT: dict[str, set[str]] = {
    "isa": {"target.gate", "target.connectivity", "target.qubits", "target.control-flow", "target.angle"},
    "virtual-qubits": {"target.dialect"},
    "pub": {"job.observable", "job.values", "job.shots", "target.observable", "ibm.pub"},
    "pub-length": {"ibm.pub"},
    "unknown-key": {"job.extra", "job.options"},
    "client-options": {"job.options"},
    "openqasm": {"target.dialect"},
    "too-many-tags": {"job.size"},
    "bad-tags": {"job.type"},
    "bad-cost": {"job.type"},
    "rzz-angle": {"target.angle"},
    "fractional-twirling": {"job.options"},
    "dd-dynamic": {"job.options"},
    "estimator-dynamic": {"job.program"},
    "nested-conditional": {"target.control-flow"},
    "measure-in-conditional": {"target.control-flow"},
    "unsupported-control-flow": {"target.control-flow"},
    # warnings
    "estimator-measure": {"job.program"},
    "mixed-shots": {"job.shots"},
    "parameter-order": {"job.values"},
    "no-output": {"job.empty", "target.dialect"},
    "delay-granularity": {"target.delay"},
}
"""Finding of the reference checker to the slugs that say the same."""
