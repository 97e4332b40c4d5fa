"""Clients of the two services.  They take job bodies; they build none."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any, Protocol

from qir.errors import UsageError
from qir.submitters.job import AnyClient, Job
from qir.submitters.ledger import Ledger
from qir.submitters.submission import Submission

__all__ = ["Job", "connect", "submit", "vendor_of"]


class _Compiled(Protocol):
    """What `submit` reads of a compile's result."""

    @property
    def payload(self) -> dict[str, Any]: ...
    @property
    def names(self) -> Any: ...
    @property
    def report(self) -> Any: ...
    @property
    def circuits(self) -> list[Any]: ...


def submit(
    compiled_or_payload: _Compiled | Mapping[str, Any], *, client: AnyClient | None = None, wait: bool = False,
    ledger: Ledger | None = None, again: bool = False, source: str | None = None,
) -> Job:  # fmt: skip
    """Send a job once, and return it.

    compiled_or_payload: the result of `qir.compile`, or a job body.    client: None connects with the
    credentials of the environment.    wait: return when the job has ended.    source: kept with the job.

    SubmitError when the service or network refused; UnknownOutcomeError when a job may exist: it is
    then in the ledger, and `qcompile jobs recover` looks for it.
    """
    record: dict[str, Any] = {}
    if isinstance(compiled_or_payload, Mapping):
        payload = dict(compiled_or_payload)
    else:
        compiled = compiled_or_payload
        payload = compiled.payload
        names = compiled.names if isinstance(compiled.names, list) else [compiled.names]
        registers = [[[r.name, r.size] for r in c.cregs] for c in compiled.circuits]
        record = {"names": names, "registers": registers, "qubits": [c.num_qubits for c in compiled.circuits]}
    vendor = vendor_of(payload)
    client = client or connect(vendor)
    if client.vendor != vendor:
        raise UsageError(f"this is a job for {vendor}, and the client speaks to {client.vendor}")
    if not record:
        record = _record_of(payload)
    ledger = ledger or Ledger()
    submission = Submission(client, client.transport, ledger, client.clock, client.timeouts, client.policy)
    intent = submission.submit(payload, target=str(payload.get("backend")), shots=_shots(payload), record=record, again=again)
    if source is not None:
        ledger.keep(intent.token, "source.txt", source.encode())
    if not isinstance(compiled_or_payload, Mapping):
        report = json.dumps(compiled_or_payload.report.to_dict(), indent=2)
        ledger.keep(intent.token, "report.json", report.encode())
    job = Job(client, ledger, intent)
    if wait:
        job.wait()
    return job


def vendor_of(payload: Mapping[str, Any]) -> str:
    """The service a job body is for.  UsageError when it is for none."""
    if "program_id" in payload:
        return "ibm"
    if "type" in payload and "input" in payload:
        return "ionq"
    raise UsageError("this is no job body: it has neither program_id (IBM) nor type and input (IonQ)")


def connect(vendor: str, url: str | None = None, **settings: Any) -> AnyClient:
    """A client for a vendor, or for a service at `url`, with the credentials of the environment."""
    from qir.submitters.ibm import IbmClient
    from qir.submitters.ionq import IonqClient

    if vendor == "ionq":
        return IonqClient.connect(url, **settings)
    if vendor == "ibm":
        return IbmClient.connect(url, **settings)
    raise UsageError(f"there is no service of {vendor!r}")


def _record_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What decoding needs, from a bare IonQ body: sizes, and registers where the body carries them."""
    entry = payload.get("input")
    if not isinstance(entry, Mapping):
        return {}
    several = entry.get("circuits")
    circuits = [c for c in (several if isinstance(several, list) else [entry]) if isinstance(c, Mapping)]
    carried = [c.get("registers") for c in circuits]
    if len(circuits) == 1 and carried[0] is None:
        with contextlib.suppress(ValueError, TypeError, KeyError):
            carried = [json.loads(payload["metadata"]["qir.registers"])]
    names: list[dict[str, str]] = []
    registers: list[list[list[Any]]] = []
    for found in carried:
        table = {n: bits for n, bits in found.items() if isinstance(bits, list)} if isinstance(found, Mapping) else {}
        names.append({str(q): f"{n}[{i}]" for n, bits in table.items() for i, q in enumerate(bits) if isinstance(q, int)})
        registers.append([[n, len(bits)] for n, bits in table.items()])
    sizes = [c.get("qubits", entry.get("qubits", 0)) for c in circuits]
    return {"names": names, "registers": registers, "qubits": [s if isinstance(s, int) else 0 for s in sizes]}


def _shots(payload: Mapping[str, Any]) -> int | None:
    params = payload.get("params")
    program = params.get("quantum_program") if isinstance(params, Mapping) else None
    for holder in (payload, params, program):
        if isinstance(holder, Mapping) and isinstance(holder.get("shots"), int):
            return int(holder["shots"])
    return None
