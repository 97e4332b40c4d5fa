"""`qcompile submit`: send jobs, each once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qir.cli.common import show_diagnostics
from qir.errors import UsageError

if TYPE_CHECKING:
    from qir.submitters import AnyClient
    from qir.submitters.parts import Part

__all__ = ["command"]


@click.command(name="submit")
@click.argument("sources", metavar="SOURCE|PAYLOAD...", nargs=-1, required=True)
@click.option("-t", "--target", metavar="TARGET", help="Machine; default the one the payload names.")
@click.option("--shots", type=click.IntRange(1), metavar="N", help="Repetitions, when SOURCE is compiled.")
@click.option("--url", metavar="URL", help="Service to send to, such as one started with `qcompile serve`.")
@click.option("--dry-run", is_flag=True, help="Print the exact requests, secrets masked, and send nothing.")
@click.option("--rehearse", is_flag=True, help="Have the job checked but not run (IonQ's dry_run, IBM's mock machines).")
@click.option("--wait", is_flag=True, help="Wait for the jobs to end, and print their results.")
@click.option("--session", metavar="ID", help="Session of the jobs; `new` (IBM also `batch`) opens one, then closes it.")
@click.option("--max-cost", type=float, metavar="C", help="Refuse jobs estimated to cost more together, in their currency.")
@click.option("--max-shots", type=click.IntRange(1), metavar="N", help="Refuse jobs of more shots together.")
@click.option("--yes", is_flag=True, help="Do not ask before a quantum machine is used.")
@click.option("--again", is_flag=True, help="Send it although an equal payload was sent and its outcome is unknown.")
@click.option("--ca-bundle", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="Certificates to trust.")
@click.option("--proxy", metavar="URL", help="Proxy; default the environment's (HTTPS_PROXY, NO_PROXY).")
def command(
    sources: tuple[str, ...], target: str | None, shots: int | None, url: str | None, dry_run: bool, rehearse: bool, wait: bool,
    session: str | None, max_cost: float | None, max_shots: int | None, yes: bool, again: bool, ca_bundle: str | None,
    proxy: str | None,
) -> int:  # fmt: skip
    """Send SOURCE, a program that is compiled first or a job body, exactly once.

    Several programs make one job. A job beyond the service's limits is sent in parts; the same
    command again sends only the parts that were not accepted. Intent and outcome are written to a
    ledger before and after each request; when the answer is lost, the service is asked for the job
    instead of sending it again. Exit status 3 when the service or network refused, 4 when that
    happened to some parts only, 5 when a job may exist (`qcompile jobs recover` looks for it).

    \b
    qcompile submit examples/bell.qasm -t qpu.forte-1 --shots 100 --dry-run
    qcompile submit job.json --wait
    """
    from qir import submitters
    from qir.submitters.batch import Pace
    from qir.submitters.ibm import IbmClient
    from qir.submitters.ionq import IonqClient
    from qir.submitters.ledger import Ledger
    from qir.submitters.transport import Urllib3Transport

    parts, cost, text = _read(sources, target, shots)
    if rehearse:
        parts = [_rehearsal(p) for p in parts]
    _guard(parts, cost, max_cost, max_shots)
    client = submitters.connect(parts[0].vendor, url, transport=Urllib3Transport(ca_bundle=ca_bundle, proxy=proxy))
    if dry_run:
        _show(parts, client)
        return 0
    if not yes and url is None and not rehearse and not _confirmed(parts, cost):
        raise UsageError("not sent; add --yes to send to a quantum machine without being asked")
    opened = None
    if session in ("new", "batch"):
        session = opened = _open(client, parts, session)
    if session is not None:
        parts = [_in_session(p, session) for p in parts]
    ledger = Ledger()
    progress = _progress if len(parts) > 1 else None
    pace = Pace() if client.vendor == "ibm" and url is None else None
    try:
        batch = submitters.submit_batch(parts, client, ledger, again=again, source=text, pace=pace, progress=progress)
        jobs = [job for job in batch.jobs if job is not None]
        for job in jobs:
            print(job.id)
        if len(parts) == 1 and batch.problems[0] is not None:
            raise batch.problems[0]
        if wait:
            results = []
            for job in jobs:
                print(f"{job.id}: {job.wait()}", file=sys.stderr)
                results += [r.to_dict() for r in job.result()]
            print(json.dumps(results, indent=2))
    finally:
        # IBM's sessions run what is queued; IonQ's say nothing of it, so they end once the jobs have.
        if opened is not None and isinstance(client, IbmClient):
            client.close_session(opened)
        elif opened is not None and isinstance(client, IonqClient) and wait:
            client.end_session(opened)
    if batch.exit_status:
        print(f"{len(parts) - len(jobs)} of {len(parts)} parts failed; the same command sends them again", file=sys.stderr)
    return batch.exit_status


def _read(sources: tuple[str, ...], target: str | None, shots: int | None) -> tuple[list[Part], float | None, str]:
    """What to send, its estimated cost (None: unknown), and the text it was made from."""
    from qir import submitters
    from qir.compiler import compile
    from qir.frontends import open_source

    opened = [open_source(s) for s in sources]
    payloads = [_payload(s.text) for s in opened]
    text = "\n".join(s.text for s in opened)
    if target is None and shots is None and None not in payloads:
        parts = [part for payload in payloads if payload is not None for part in submitters.parts_of(payload)]
        if len({p.vendor for p in parts}) > 1:
            raise UsageError("these are jobs for different services; send them apart")
        return parts, None, text
    programs: list[Any] = [Path(s) if s != "-" else o.text for s, o in zip(sources, opened)]
    compiled = compile(programs if len(programs) > 1 else programs[0], target, shots=shots)
    show_diagnostics(compiled.diagnostics)
    if compiled.target is None:
        raise UsageError("name the machine: add -t TARGET")
    return submitters.parts_of(compiled), _cost(compiled), text


def _payload(text: str) -> dict[str, Any] | None:
    """The text as a job body, None when it is a program."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) and ("program_id" in data or ("type" in data and "input" in data)) else None


def _changed(part: Part, **fields: Any) -> Part:
    from dataclasses import replace

    return replace(part, payload=part.payload | fields)


def _rehearsal(part: Part) -> Part:
    """The job as the service checks it without a machine: IBM's machines have a mock of the same shape."""
    if part.vendor == "ionq":
        return _changed(part, dry_run=True)
    _, _, name = str(part.payload["backend"]).rpartition("_")
    return _changed(part, backend=f"mock_{name}")


def _in_session(part: Part, session: str) -> Part:
    return _changed(part, session_id=session)


def _open(client: AnyClient, parts: list[Part], kind: str) -> str:
    from qir.submitters.ibm import IbmClient

    backend = str(parts[0].payload.get("backend"))
    if isinstance(client, IbmClient):
        row = client.open_session(backend, mode="batch" if kind == "batch" else "dedicated")
    elif kind == "new":
        row = client.open_session(backend)
    else:
        raise UsageError("IonQ has no batches; use --session new")
    name = row.get("id")
    if not isinstance(name, str):
        raise UsageError("the service opened a session without an id")
    print(f"session {name}", file=sys.stderr)
    return name


def _show(parts: list[Part], client: AnyClient) -> None:
    """The requests as they would be sent.  Asking for a token would be a request of its own; it is shown where it goes."""
    from qir.submitters.submission import canonical

    rows = []
    for part in parts:
        body = canonical(client.with_token(part.payload, "qir-dry-run"))
        rows.append(client.unsigned_job_request(body).masked())
    print(json.dumps(rows[0] if len(rows) == 1 else rows, indent=2))


def _progress(part: int, parts: int, state: str) -> None:
    print(f"[{part}/{parts}] {state}", file=sys.stderr)


def _guard(parts: list[Part], cost: float | None, max_cost: float | None, max_shots: int | None) -> None:
    """Refuse what costs more than the user allows; what cannot be known counts as too much."""
    from qir.submitters.parts import total_shots

    if max_shots is not None:
        counts = [total_shots(p.payload) for p in parts]
        shots = None if None in counts else sum(c for c in counts if c is not None)
        if shots is None or shots > max_shots:
            raise UsageError(f"not sent: {shots or 'an unknown number of'} shots, and --max-shots is {max_shots}")
    if max_cost is not None:
        if cost is None:
            raise UsageError("not sent: its cost cannot be estimated, and --max-cost was given")
        if cost > max_cost:
            raise UsageError(f"not sent: it is estimated to cost {cost:g}, more than --max-cost {max_cost:g}")


def _cost(compiled: Any) -> float | None:
    """The estimated cost of all circuits of a compile, None when that of one is unknown."""
    total = 0.0
    for row in compiled.report.circuits:
        cost = (row.estimate or {}).get("cost")
        if cost is None or cost.get("amount") is None:
            return None
        total += cost["amount"]
    return total


def _confirmed(parts: list[Part], cost: float | None) -> bool:
    """Whether a person agrees, where there is one to ask.  Simulators need no agreement."""
    backends = sorted({str(p.payload.get("backend")) for p in parts})
    if all("simulator" in b for b in backends):
        return True
    if not sys.stdin.isatty():
        return False
    price = f" (estimated cost {cost:g})" if cost is not None else ""
    what = "this job" if len(parts) == 1 else f"these {len(parts)} jobs"
    return click.confirm(f"Send {what} to {', '.join(backends)}{price}?", default=False, err=True)
