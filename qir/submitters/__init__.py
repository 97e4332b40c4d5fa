"""Clients of the two services.  They take job bodies; they build none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qir.errors import UsageError
from qir.submitters.batch import Batch, submit_batch
from qir.submitters.job import AnyClient, Job
from qir.submitters.ledger import Ledger
from qir.submitters.parts import CompiledJob, parts_of, vendor_of

__all__ = ["AnyClient", "Batch", "Job", "connect", "parts_of", "submit", "submit_batch", "vendor_of"]


def submit(
    compiled_or_payload: CompiledJob | Mapping[str, Any], *, client: AnyClient | None = None, wait: bool = False,
    ledger: Ledger | None = None, again: bool = False, source: str | None = None,
) -> Job:  # fmt: skip
    """Send a job once, and return it.

    compiled_or_payload: the result of `qir.compile`, or a job body.    client: None connects with the
    credentials of the environment.    wait: return when the job has ended.    source: kept with the job.

    SubmitError when the service or network refused; UnknownOutcomeError when a job may exist: it is
    then in the ledger, and `qcompile jobs recover` looks for it.  UsageError for a job beyond the
    service's limits, which `submit_batch` sends in parts.
    """
    parts = parts_of(compiled_or_payload)
    if len(parts) != 1:
        raise UsageError(f"the service's limits make this {len(parts)} jobs; send it with submit_batch")
    client = client or connect(parts[0].vendor)
    batch = submit_batch(parts, client, ledger or Ledger(), again=again, source=source)
    if (problem := batch.problems[0]) is not None:
        raise problem
    job = batch.jobs[0]
    assert job is not None
    if wait:
        job.wait()
    return job


def connect(vendor: str, url: str | None = None, **settings: Any) -> AnyClient:
    """A client for a vendor, or for a service at `url`, with the credentials of the environment."""
    from qir.submitters.ibm import IbmClient
    from qir.submitters.ionq import IonqClient

    if vendor == "ionq":
        return IonqClient.connect(url, **settings)
    if vendor == "ibm":
        return IbmClient.connect(url, **settings)
    raise UsageError(f"there is no service of {vendor!r}")
