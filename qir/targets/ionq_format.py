"""IonQ's job format as tables: gates, fields, names.

What the reader, the emitter and the rules share.  Source: OpenAPI v0.4 of 2026-04-30 and of
2026-10-01, the documentation of v0.3, and what IonQ's own clients write.
"""

from __future__ import annotations

from typing import NamedTuple

from qir.gates import GATES

__all__ = [
    "CONTROLLED", "FIELD_TYPES", "GATE_FIELDS", "INPUT_FIELDS", "JOB_FIELDS", "JOB_TYPES", "MITIGATIONS", "MULTI", "NATIVE",
    "PAULIEXP_FIELDS", "QAOA", "QASM3", "QIS", "QUANTUM_FUNCTION", "REGISTERS_KEY", "SINGLE", "TOLERATED_FIELDS", "JsonGate",
]  # fmt: skip

SINGLE = "ionq.circuit.v1"
MULTI = "ionq.multi-circuit.v1"
QASM3 = "ionq.qasm3.v1"
QUANTUM_FUNCTION = "quantum-function"
QAOA = "qctrl.qaoa.v1"
JOB_TYPES = (SINGLE, MULTI, QASM3, QUANTUM_FUNCTION, QAOA)

REGISTERS_KEY = "qir.registers"
"""Metadata key under which a job of one circuit carries its classical registers: JSON of
{"name": [qubit or null, ...]}, one entry per bit."""


class JsonGate(NamedTuple):
    """A gate of the format: the gate of the table it is, its targets, and where its angles stand.

    angles: "" none, "rotation" (radians), "phase" (turns), "phases" (two phases in turns, and an
    `angle` that is 0.25 when missing), "angle" (turns).
    """

    gate: str
    targets: int
    angles: str = ""


QIS: dict[str, JsonGate] = {
    row.ionq: JsonGate(row.name, row.num_qubits, "rotation" if row.num_params else "")
    for row in GATES.values()
    if row.ionq is not None and row.ionq != "cnot"
} | {"not": JsonGate("x", 1), "cnot": JsonGate("x", 1)}
"""Gates of the gateset "qis", without `pauliexp`, which has fields of its own.  `cnot` is `x` that
must have a control."""

NATIVE: dict[str, JsonGate] = {
    "gpi": JsonGate("gpi", 1, "phase"),
    "gpi2": JsonGate("gpi2", 1, "phase"),
    "ms": JsonGate("ms", 2, "phases"),
    "zz": JsonGate("zz", 2, "angle"),
    "nop": JsonGate("nop", 1),
}
"""Gates of the gateset "native"."""

CONTROLLED: dict[tuple[str, int], str] = {
    ("x", 1): "cx", ("x", 2): "ccx", ("y", 1): "cy", ("z", 1): "cz", ("z", 2): "ccz", ("h", 1): "ch", ("s", 1): "cs",
    ("sdg", 1): "csdg", ("sx", 1): "csx", ("sxdg", 1): "csxdg", ("rx", 1): "crx", ("ry", 1): "cry", ("rz", 1): "crz",
    ("p", 1): "cp",
}  # fmt: skip
"""(gate, number of controls) to the gate of the table that it is."""

_PLACES = ("gate", "target", "targets")
GATE_FIELDS: dict[str, frozenset[str]] = {
    "qis": frozenset({*_PLACES, "control", "controls", "rotation"}),
    "native": frozenset({*_PLACES, "controls", "phase", "phases", "angle", "rotation"}),
}
"""Fields that the schema allows a gate, per gateset (it allows no others)."""

PAULIEXP_FIELDS = frozenset({"terms", "coefficients", "time"})
"""Fields of `pauliexp` that the schema does not know, and the service takes."""

_COMMON = frozenset({"type", "backend", "input", "name", "metadata", "shots", "session_id", "settings", "dry_run"})
JOB_FIELDS: dict[str, frozenset[str] | None] = {
    SINGLE: _COMMON | {"noise"},
    MULTI: _COMMON | {"noise"},
    QASM3: _COMMON | {"noise"},
    QUANTUM_FUNCTION: None,
    QAOA: None,
}
"""Fields of a job per type; None where the schema lets others pass."""

INPUT_FIELDS: dict[str, frozenset[str] | None] = {
    SINGLE: frozenset({"qubits", "circuit", "gateset"}),
    MULTI: None,
    QASM3: frozenset({"data"}),
    QUANTUM_FUNCTION: None,
    QAOA: None,
    "entry": frozenset({"name", "circuit", "qubits", "registers", "gateset"}),
}
"""Fields of `input` per type, and of an entry of `circuits`."""

FIELD_TYPES: dict[str, type] = {
    "type": str, "backend": str, "name": str, "session_id": str, "dry_run": bool, "metadata": dict, "settings": dict,
    "noise": dict, "external_settings": dict,
}  # fmt: skip
"""JSON type of a job's fields (shots and input have rules of their own)."""

TOLERATED_FIELDS: dict[str, str] = {
    "lang": "cirq-ionq sends it; the service ignores it",
    "format": "qBraid sends it; the service ignores it",
    "qubits": "qiskit-ionq sends it; the service ignores it",
}
"""Fields that the schema does not allow and official clients send all the same."""

MITIGATIONS = ("debiasing", "symmetry_verification")
"""Switches of `settings.error_mitigation` (the second since mid-2026)."""
