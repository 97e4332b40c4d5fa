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

from qir.frontends.findings import Findings
from qir.json_text import Path, kind_of
from qir.targets.ionq_format import MULTI, QAOA, QASM3, QUANTUM_FUNCTION, SINGLE

__all__ = ["View", "view"]


@dataclass
class View:
    """One payload, whatever its dialect.

    kind: the job's type, by the payload or by its shape; None when there is nothing to read.
    job: the job object, {} for a bare input.    input, path: the input object and where it stands.
    """

    dialect: str
    kind: str | None = None
    job: dict[str, Any] = field(default_factory=dict)
    input: dict[str, Any] = field(default_factory=dict)
    path: Path = ()


_JOB_KEYS = frozenset({"input", "body", "backend", "target"})
_INPUT_KEYS = frozenset({"circuit", "circuits", "data"})
_ARTIFACT = "ionq.native.v1"
_PROGRAMS = ("qasm", "openqasm", "qasm2", "qasm3", "openqasm2", "openqasm3", "ionq.qasm3.v1")
_FORMATS = {"ionq.circuit.v0", "ionq.circuit.v1", "ionq.multi-circuit.v1", "ionq.qasm3.v1", _ARTIFACT}


def view(value: Any, findings: Findings) -> View | None:
    """Find the input of a payload; None, with an error, when this is no payload at all."""
    if isinstance(value, list) and value and all(isinstance(g, dict) and "gate" in g for g in value):
        findings.note("gates.bare", "ionq.dialect", "a list of gates alone: read as the circuit of an input", ())
        return View("gates", SINGLE, input={"circuit": value})
    if not isinstance(value, dict):
        findings.error("json.type", f"a job is an object, not {kind_of(value)}", (), help='it is {"type": ..., "input": ...}')
        return None
    if isinstance(inner := value.get(_ARTIFACT), dict):
        return View("artifact", SINGLE, input={"gateset": "native", **inner}, path=(_ARTIFACT,))
    if value.keys() & _JOB_KEYS:
        return _job(value, findings)
    if value.keys() & _INPUT_KEYS:
        found = View("input", input=value)
        if "format" in value:
            found.dialect = "v0.3"
            _format(found, findings)
        elif "gateset" not in value and value.keys() == {"qubits", "circuit"}:
            found.dialect = "artifact"
        found.kind = _kind_by_shape(value)
        return found
    findings.error("json.missing", "this is neither a job nor a circuit", (), help='a job has "input", a circuit has "circuit"')
    return None


def _job(value: dict[str, Any], findings: Findings) -> View | None:
    legacy = "type" not in value and "backend" not in value
    if "body" in value and "input" not in value:
        found, key = View("v0.2", job=value), "body"
        findings.note("legacy.body", "ionq.dialect", 'the format of v0.2: "body" is "input" in v0.4', ("body",))
    else:
        found, key = View("v0.4", job=value), "input"
    if key not in value:
        findings.error("json.missing", "the job has no input", (), help='the circuit stands in "input"')
        return None
    content = value[key]
    if isinstance(content, str) and found.dialect == "v0.2":
        content = {"data": content}
    if not isinstance(content, dict):
        findings.error("json.type", f'"{key}" is an object, not {kind_of(content)}', (key,))
        return None
    found.input, found.path = content, (key,)
    if found.dialect == "v0.4" and legacy and ("target" in value or "format" in content):
        found.dialect = "v0.3"
    if "target" in value and found.dialect != "v0.4":
        findings.note("legacy.target", "ionq.dialect", 'an older format: "target" is "backend" in v0.4', ("target",))
    if "format" in content:
        _format(found, findings)
    kind = value.get("type")
    found.kind = kind if isinstance(kind, str) else _kind_by_shape(content)
    if isinstance(kind, str) and kind not in (SINGLE, MULTI, QASM3, QUANTUM_FUNCTION, QAOA):
        # The name means nothing; what is inside may.
        found.kind = _kind_by_shape(content)
    if found.kind is None:
        findings.error("json.missing", "the input has no circuit", found.path, help='it holds "circuit", "circuits" or "data"')
        return None
    return found


def _format(found: View, findings: Findings) -> None:
    name = found.input["format"]
    path = (*found.path, "format")
    if not isinstance(name, str):
        findings.error("json.type", f"a format is a string, not {kind_of(name)}", path)
    elif name not in _FORMATS and name not in _PROGRAMS:
        findings.error("feature.unsupported", f"the format {name!r} is not read", path, help="ionq.circuit.v0 and OpenQASM are")
    else:
        findings.note("legacy.format", "ionq.dialect", 'the field "format" of v0.3: v0.4 has "type" in the job instead', path)


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
