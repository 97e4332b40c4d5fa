"""`qcompile submit`: send a job, once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from qir.cli.common import show_diagnostics
from qir.errors import UsageError

__all__ = ["command"]


@click.command(name="submit")
@click.argument("source", metavar="SOURCE|PAYLOAD")
@click.option("-t", "--target", metavar="TARGET", help="Machine; default the one the payload names.")
@click.option("--shots", type=click.IntRange(1), metavar="N", help="Repetitions, when SOURCE is compiled.")
@click.option("--url", metavar="URL", help="Service to send to, such as one started with `qcompile serve`.")
@click.option("--dry-run", is_flag=True, help="Print the exact request, secrets masked, and send nothing.")
@click.option("--wait", is_flag=True, help="Wait for the job to end, and print its results.")
@click.option("--max-cost", type=float, metavar="C", help="Refuse a job estimated to cost more, in its currency.")
@click.option("--max-shots", type=click.IntRange(1), metavar="N", help="Refuse a job of more shots.")
@click.option("--yes", is_flag=True, help="Do not ask before a quantum machine is used.")
@click.option("--again", is_flag=True, help="Send it although an equal payload was sent and its outcome is unknown.")
def command(
    source: str, target: str | None, shots: int | None, url: str | None, dry_run: bool, wait: bool, max_cost: float | None,
    max_shots: int | None, yes: bool, again: bool,
) -> int:  # fmt: skip
    """Send SOURCE, a program that is compiled first or a job body, exactly once.

    Intent and outcome are written to a ledger before and after the request; when the answer is lost,
    the service is asked for the job instead of sending it again. Exit status 3 when the service or
    network refused, 5 when a job may exist (`qcompile jobs recover` looks for it).

    \b
    qcompile submit examples/bell.qasm -t qpu.forte-1 --shots 100 --dry-run
    qcompile submit job.json --wait
    """
    from qir import submitters
    from qir.compiler import compile
    from qir.frontends import open_source

    opened = open_source(source)
    payload = _payload(opened.text)
    compiled = None
    if payload is None or target is not None or shots is not None:
        compiled = compile(Path(source) if source != "-" else opened.text, target, shots=shots)
        show_diagnostics(compiled.diagnostics)
        payload = compiled.payload
        if compiled.target is None:
            raise UsageError("name the machine: add -t TARGET")
    vendor = submitters.vendor_of(payload)
    _guard(payload, compiled, max_cost, max_shots)
    client = submitters.connect(vendor, url)
    if dry_run:
        from qir.submitters.submission import canonical

        # Asking for a token would be a request; the dry run shows where it goes instead.
        bare = type(client)(client.url, transport=client.transport)
        shown = bare.job_request(canonical(client.with_token(payload, "qir-dry-run"))).masked()
        shown["headers"]["Authorization"] = "***"
        print(json.dumps(shown, indent=2))
        return 0
    if not yes and url is None and not _confirmed(payload, compiled):
        raise UsageError("not sent; add --yes to send to a quantum machine without being asked")
    job = submitters.submit(compiled if compiled is not None else payload, client=client, again=again, source=opened.text)
    print(job.id)
    if wait:
        status = job.wait()
        print(f"{job.id}: {status}", file=sys.stderr)
        print(json.dumps([r.to_dict() for r in job.result()], indent=2))
    return 0


def _payload(text: str) -> dict[str, Any] | None:
    """The text as a job body, None when it is a program."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) and ("program_id" in data or ("type" in data and "input" in data)) else None


def _guard(payload: dict[str, Any], compiled: Any, max_cost: float | None, max_shots: int | None) -> None:
    """Refuse what costs more than the user allows; what cannot be known counts as too much."""
    shots = payload.get("shots") or (payload.get("params") or {}).get("shots")
    if max_shots is not None and (shots is None or shots > max_shots):
        count = shots if shots is not None else "an unknown number of"
        raise UsageError(f"not sent: {count} shots, and --max-shots is {max_shots}")
    if max_cost is not None:
        cost = _cost(compiled)
        if cost is None:
            raise UsageError("not sent: its cost cannot be estimated, and --max-cost was given")
        if cost > max_cost:
            raise UsageError(f"not sent: it is estimated to cost {cost:g}, more than --max-cost {max_cost:g}")


def _cost(compiled: Any) -> float | None:
    if compiled is None:
        return None
    total = 0.0
    for row in compiled.report.circuits:
        cost = (row.estimate or {}).get("cost")
        if cost is None or cost.get("amount") is None:
            return None
        total += cost["amount"]
    return total


def _confirmed(payload: dict[str, Any], compiled: Any) -> bool:
    """Whether a person agrees, where there is one to ask.  Simulators need no agreement."""
    backend = str(payload.get("backend"))
    if backend == "simulator" or "simulator" in backend:
        return True
    if not sys.stdin.isatty():
        return False
    cost = _cost(compiled)
    price = f" (estimated cost {cost:g})" if cost is not None else ""
    return click.confirm(f"Send this job to {backend}{price}?", default=False, err=True)
