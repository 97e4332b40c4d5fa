"""The shapes an IonQ payload comes in, brought to one view.

| dialect | looks like |
|---|---|
| v0.4 | {type, backend, input: {gateset, qubits, circuit \\| circuits \\| data}} |
| v0.3 | {target, input: {format, gateset, qubits, circuit \\| circuits \\| data}} |
| v0.2 | {lang, target, body: {qubits, circuit}}, v0.1 likewise |
| input | the input object alone, as Azure Quantum takes it |
| artifact | {qubits, circuit}: a compiled circuit (ionq.native.v1), also below its format's name |
| gates | the list of gates alone |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qir.targets.ionq_format import JOB_TYPES, MULTI, QAOA, QASM3, QUANTUM_FUNCTION, SINGLE

__all__ = ["View", "view"]


@dataclass(frozen=True)
class View:
    """One payload, whatever its dialect.

    kind: the job's type, by the payload or else by its shape; None when there is nothing to read.
    job: the job object, {} for a bare input.    input, path: the input object and where it stands;
    `input` is {} when there is none, or none that is an object.
    """

    dialect: str
    kind: str | None = None
    job: dict[str, Any] = field(default_factory=dict)
    input: dict[str, Any] = field(default_factory=dict)
    path: tuple[str, ...] = ()


_JOB_KEYS = frozenset({"input", "body", "backend", "target"})
_INPUT_KEYS = frozenset({"circuit", "circuits", "data"})
_ARTIFACT = "ionq.native.v1"


def view(value: Any) -> View | None:
    """Find job and input in parsed JSON; None when this is neither."""
    if isinstance(value, list) and value and all(isinstance(g, dict) and "gate" in g for g in value):
        return View("gates", SINGLE, input={"circuit": value})
    if not isinstance(value, dict):
        return None
    if isinstance(inner := value.get(_ARTIFACT), dict):
        return View("artifact", SINGLE, input={"gateset": "native", **inner}, path=(_ARTIFACT,))
    if value.keys() & _JOB_KEYS:
        return _job(value)
    if value.keys() & _INPUT_KEYS:
        dialect = "artifact" if value.keys() == {"qubits", "circuit"} else "input"
        return View("v0.3" if "format" in value else dialect, _kind_by_shape(value), input=value)
    return None


def _job(value: dict[str, Any]) -> View:
    older = "body" in value and "input" not in value
    key = "body" if older else "input"
    content = value.get(key, {})
    if older and isinstance(content, str):
        content = {"data": content}
    if not isinstance(content, dict):
        content = {}
    legacy = "type" not in value and "backend" not in value and ("target" in value or "format" in content)
    kind = value.get("type")
    if kind not in JOB_TYPES:
        # The name means nothing; what is inside may.
        kind = _kind_by_shape(content)
    return View("v0.2" if older else "v0.3" if legacy else "v0.4", kind, value, content, (key,))


def _kind_by_shape(content: dict[str, Any]) -> str | None:
    if "circuit" in content:
        return SINGLE
    if "circuits" in content:
        return MULTI
    if isinstance(content.get("data"), str):
        return QASM3
    if "data" in content:
        return QUANTUM_FUNCTION
    return QAOA if "problem" in content else None
