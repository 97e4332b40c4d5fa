"""What is sent: job bodies with what it takes to read their results, cut to the services' limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qir.errors import QirError, UsageError
from qir.targets import find

__all__ = ["CompiledJob", "Part", "parts_of", "shots_of", "split", "total_shots", "vendor_of"]

_LIMITS: dict[str, dict[str, float]] = {
    "ionq": {"circuits": 5_000, "gates": 150_000, "bytes": 10_000_000},
    "ibm": {"bytes": 50_000_000},
}
"""Of machines that the table does not know."""

_ENVELOPE = 1_000
"""Bytes kept free for the token and the session."""


class CompiledJob(Protocol):
    """What a submission reads of a compile's result."""

    @property
    def payload(self) -> dict[str, Any]: ...
    @property
    def names(self) -> Any: ...
    @property
    def report(self) -> Any: ...
    @property
    def circuits(self) -> list[Any]: ...


@dataclass(frozen=True)
class Part:
    """A job body that is sent as one job.

    record: per circuit "names" (wire to "register[bit]"), "registers" ([name, size] in order) and
    "qubits".    report: of the compile, None for a bare body.
    """

    payload: dict[str, Any]
    record: dict[str, Any]
    report: dict[str, Any] | None = None

    @property
    def vendor(self) -> str:
        return vendor_of(self.payload)


def vendor_of(payload: Mapping[str, Any]) -> str:
    """The service a job body is for.  UsageError when it is for none."""
    if "program_id" in payload:
        return "ibm"
    if "type" in payload and "input" in payload:
        return "ionq"
    raise UsageError("this is no job body: it has neither program_id (IBM) nor type and input (IonQ)")


def parts_of(job: CompiledJob | Mapping[str, Any]) -> list[Part]:
    """A compile's result or a job body, as one part or as many as the service's limits ask for."""
    if isinstance(job, Mapping):
        return split(Part(dict(job), _record_of(job)))
    names = job.names if isinstance(job.names, list) else [job.names]
    registers = [[[r.name, r.size] for r in c.cregs] for c in job.circuits]
    record = {"names": names, "registers": registers, "qubits": [c.num_qubits for c in job.circuits]}
    return split(Part(job.payload, record, job.report.to_dict()))


def split(part: Part) -> list[Part]:
    """Parts of consecutive circuits, each within the machine's limits.  UsageError when one circuit alone is too large."""
    limits = _limits(part)
    found = _circuits(part.payload)
    if found is None:
        _check_size(part, limits)
        return [part]
    circuits, rebuild = found
    sizes = [len(json.dumps(c, separators=(",", ":"))) + 1 for c in circuits]
    gates = [_gates(c) for c in circuits]
    envelope = _size(rebuild([])) + _ENVELOPE
    cuts = [0]
    count = total = used = 0
    room = limits.get("bytes", float("inf")) - envelope
    for i, (size, gate) in enumerate(zip(sizes, gates)):
        total, used, count = total + gate, used + size, count + 1
        full = count > limits.get("circuits", float("inf")) or total > limits.get("gates", float("inf")) or used > room
        if full and i > cuts[-1]:
            cuts.append(i)
            total, used, count = gate, size, 1
    if len(cuts) == 1:
        _check_size(part, limits)
        return [part]
    result = []
    for start, stop in zip(cuts, [*cuts[1:], len(circuits)]):
        record = {k: v[start:stop] if isinstance(v, list) and len(v) == len(circuits) else v for k, v in part.record.items()}
        piece = Part(rebuild(circuits[start:stop]), record, part.report)
        _check_size(piece, limits)
        result.append(piece)
    return result


def _limits(part: Part) -> Mapping[str, float]:
    try:
        return {**_LIMITS[part.vendor], **find(str(part.payload.get("backend"))).limits}
    except QirError:
        return _LIMITS[part.vendor]


def _check_size(part: Part, limits: Mapping[str, float]) -> None:
    size = _size(part.payload)
    if size + _ENVELOPE > limits.get("bytes", float("inf")):
        raise UsageError(f"a single circuit makes a job of {size} bytes; the service takes {int(limits['bytes'])}")


def _size(payload: Any) -> int:
    return len(json.dumps(payload, separators=(",", ":")).encode())


def _gates(circuit: Any) -> int:
    rows = circuit.get("circuit") if isinstance(circuit, Mapping) else None
    return len(rows) if isinstance(rows, list) else 0


def _circuits(payload: Mapping[str, Any]) -> tuple[list[Any], Callable[[list[Any]], dict[str, Any]]] | None:
    """The circuits of a job that may be cut between them, and how to build a job of some of them."""
    if payload.get("type") == "ionq.multi-circuit.v1":
        entry = payload["input"]
        if isinstance(entry, Mapping) and isinstance(entry.get("circuits"), list):
            return entry["circuits"], lambda some: {**payload, "input": {**entry, "circuits": some}}
    params = payload.get("params")
    if "program_id" in payload and isinstance(params, Mapping) and isinstance(params.get("pubs"), list):
        return params["pubs"], lambda some: {**payload, "params": {**params, "pubs": some}}
    return None


def shots_of(payload: Mapping[str, Any]) -> int | None:
    """Shots that hold for all circuits of a job, None when it does not say."""
    params = payload.get("params")
    program = params.get("quantum_program") if isinstance(params, Mapping) else None
    for holder in (payload, params, program):
        if isinstance(holder, Mapping) and isinstance(holder.get("shots"), int):
            return int(holder["shots"])
    return None


def total_shots(payload: Mapping[str, Any]) -> int | None:
    """Shots of all circuits together, None when they cannot be known from the body."""
    common = shots_of(payload)
    found = _circuits(payload)
    if found is None:
        program = (payload.get("params") or {}).get("quantum_program") if "program_id" in payload else None
        items = program.get("items") if isinstance(program, Mapping) else None
        return None if common is None else common * (len(items) if isinstance(items, list) else 1)
    rows = [_pub_shots(c, common) for c in found[0]]
    return None if None in rows else sum(r for r in rows if r is not None)


def _pub_shots(circuit: Any, common: int | None) -> int | None:
    if isinstance(circuit, Sequence) and not isinstance(circuit, str) and len(circuit) > 2 and isinstance(circuit[2], int):
        return int(circuit[2])
    return common


def _record_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What decoding needs, from a bare IonQ body: sizes, and registers where the body carries them."""
    entry = payload.get("input")
    if not isinstance(entry, Mapping):
        return {}
    several = entry.get("circuits")
    circuits = [c for c in (several if isinstance(several, list) else [entry]) if isinstance(c, Mapping)]
    carried: list[Any] = [c.get("registers") for c in circuits]
    if len(circuits) == 1 and carried[0] is None:
        carried = [_carried(payload.get("metadata"))]
    names: list[dict[str, str]] = []
    registers: list[list[list[Any]]] = []
    for found in carried:
        table = {n: bits for n, bits in found.items() if isinstance(bits, list)} if isinstance(found, Mapping) else {}
        names.append({str(q): f"{n}[{i}]" for n, bits in table.items() for i, q in enumerate(bits) if isinstance(q, int)})
        registers.append([[n, len(bits)] for n, bits in table.items()])
    sizes = [c.get("qubits", entry.get("qubits", 0)) for c in circuits]
    return {"names": names, "registers": registers, "qubits": [s if isinstance(s, int) else 0 for s in sizes]}


def _carried(metadata: Any) -> Any:
    """The registers that our own IonQ jobs keep in their metadata."""
    try:
        return json.loads(metadata["qir.registers"])
    except (KeyError, TypeError, ValueError):
        return None
