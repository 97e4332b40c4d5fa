"""A job at a service."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Union

from qir.errors import SubmitError
from qir.submitters.ibm import IbmClient
from qir.submitters.ibm_results import decode_ibm
from qir.submitters.ionq import IonqClient
from qir.submitters.ionq_results import decode_ionq
from qir.submitters.ledger import Intent, Ledger
from qir.submitters.results import CircuitResult, Labels

__all__ = ["AnyClient", "Job"]

AnyClient = Union[IbmClient, IonqClient]


@dataclass
class Job:
    """A job that was accepted.  `intent` is its entry in the ledger.

    connection: None reads what the ledger keeps, and nothing else.
    """

    connection: AnyClient | None
    ledger: Ledger
    intent: Intent

    @property
    def client(self) -> AnyClient:
        if self.connection is None:
            raise SubmitError("there is no connection to the service")
        return self.connection

    @property
    def id(self) -> str:
        assert self.intent.job_id is not None
        return self.intent.job_id

    def status(self) -> str:
        """The service's own word for where the job stands."""
        status = self.client.status(self.id)
        self.ledger.append("status", self.intent.token, status=status)
        return status

    def wait(self, timeout: float | None = None) -> str:
        """Wait for a final status and return it.  SubmitError after `timeout` seconds."""
        clock = self.client.clock
        end = None if timeout is None else clock.now() + timeout
        pause = 1.0
        while True:
            status = self.client.status(self.id)
            if self.client.is_final(status):
                self.ledger.append("status", self.intent.token, status=status)
                return status
            if end is not None and clock.now() + pause > end:
                raise SubmitError(f"the job {self.id} is still {status} after {timeout:g} s; it goes on without us")
            clock.sleep(pause)
            pause = min(30.0, pause * 1.5)

    def cancel(self) -> None:
        self.client.cancel(self.id)

    def result(self) -> list[CircuitResult]:
        """Results per circuit under the user's register names; kept in the ledger.

        SubmitError with the service's reason when the job failed, was canceled, or has not ended.
        """
        job = self.client.job(self.id)
        if (reason := self.client.failure(job)) is not None:
            raise SubmitError(f"the job {self.id} failed: {reason}")
        status = self.client.status_of(job)
        if "cancel" in status.lower():
            raise SubmitError(f"the job {self.id} was canceled ({status}); it has no results")
        if not self.client.is_final(status):
            raise SubmitError(f"the job {self.id} is {status}; it has no results yet")
        raw = self.client.results(self.id)
        self.ledger.keep(self.intent.token, "result.json", json.dumps(raw, indent=2).encode())
        decoded = self._decode(raw)
        self.ledger.append("result", self.intent.token, result={"circuits": len(decoded)})
        return decoded

    def kept(self) -> list[CircuitResult] | None:
        """The results as they were fetched before, from the ledger; None when they were not."""
        path = self.ledger.folder / "jobs" / self.intent.token / "result.json"
        try:
            return self._decode(json.loads(path.read_bytes()))
        except (OSError, ValueError):
            return None

    def _decode(self, raw: dict[str, Any]) -> list[CircuitResult]:
        record = self.intent.record
        sizes = record.get("registers") or []
        labels = [
            Labels(names, [(n, s) for n, s in sizes[i]] if i < len(sizes) and sizes[i] else None)
            for i, names in enumerate(record.get("names") or [])
        ]
        if self.intent.vendor == "ionq":
            return decode_ionq(raw, labels, record.get("qubits") or [0], self.intent.shots)
        return decode_ibm(raw, labels)
