"""Which dialect a payload is in, and what to say about it."""

from __future__ import annotations

from typing import Any

from qir.frontends.findings import Findings
from qir.json_text import kind_of
from qir.targets.ionq_view import View
from qir.targets.ionq_view import view as view_of

__all__ = ["recognise"]

_PROGRAMS = ("qasm", "openqasm", "qasm2", "qasm3", "openqasm2", "openqasm3", "ionq.qasm3.v1")
_FORMATS = {"ionq.circuit.v0", "ionq.circuit.v1", "ionq.multi-circuit.v1", "ionq.native.v1", *_PROGRAMS}


def recognise(value: Any, findings: Findings) -> View | None:
    """The view of a payload, with warnings for an older dialect; None, with an error, when it is no
    payload at all or has nothing to read."""
    found = view_of(value)
    if found is None:
        if isinstance(value, dict):
            help = 'a job has "input", a circuit has "circuit"'
            findings.error("json.missing", "this is neither a job nor a circuit", (), help=help)
        else:
            help = 'it is {"type": ..., "input": ...}'
            findings.error("json.type", f"a job is an object, not {kind_of(value)}", (), help=help)
        return None
    if found.dialect == "gates":
        findings.note("gates.bare", "ionq.dialect", "a list of gates alone: read as the circuit of an input", ())
    if found.job and not _has_input(found, findings):
        return None
    if found.dialect == "v0.2":
        findings.note("legacy.body", "ionq.dialect", 'the format of v0.2: "body" is "input" in v0.4', ("body",))
    if "target" in found.job and found.dialect != "v0.4":
        findings.note("legacy.target", "ionq.dialect", 'an older format: "target" is "backend" in v0.4', ("target",))
    if "format" in found.input:
        _format(found, findings)
    if found.kind is None:
        findings.error("json.missing", "the input has no circuit", found.path, help='it holds "circuit", "circuits" or "data"')
        return None
    return found


def _has_input(found: View, findings: Findings) -> bool:
    key = found.path[0]
    content = found.job.get(key)
    if key not in found.job:
        findings.error("json.missing", "the job has no input", (), help='the circuit stands in "input"')
    elif not isinstance(content, dict) and not (found.dialect == "v0.2" and isinstance(content, str)):
        findings.error("json.type", f'"{key}" is an object, not {kind_of(content)}', (key,))
    else:
        return True
    return False


def _format(found: View, findings: Findings) -> None:
    name = found.input["format"]
    path = (*found.path, "format")
    if not isinstance(name, str):
        findings.error("json.type", f"a format is a string, not {kind_of(name)}", path)
    elif name not in _FORMATS:
        findings.error("feature.unsupported", f"the format {name!r} is not read", path, help="ionq.circuit.v0 and OpenQASM are")
    else:
        findings.note("legacy.format", "ionq.dialect", 'the field "format" of v0.3: v0.4 has "type" in the job instead', path)
