"""`qcompile jobs`: what was sent, and what became of it."""

from __future__ import annotations

import json
import sys
import time

import click

from qir.errors import UsageError
from qir.submitters.ledger import Intent, Ledger

__all__ = ["command"]

ACTIONS = ("list", "show", "wait", "cancel", "fetch", "recover")


@click.command(name="jobs")
@click.argument("action", type=click.Choice(ACTIONS), default="list")
@click.argument("job_id", metavar="ID", required=False)
@click.option("--url", metavar="URL", help="Service to ask, when it is not the vendor's own.")
@click.option("--timeout", type=float, metavar="S", help="Seconds to wait at most.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(action: str, job_id: str | None, url: str | None, timeout: float | None, form: str) -> int:
    """List jobs; show, wait for, cancel or fetch the one called ID; or recover lost ones.

    ID is the service's id or the token in the ledger; the beginning of either is enough.

    \b
    qcompile jobs
    qcompile jobs wait 4f2a && qcompile jobs fetch 4f2a
    qcompile jobs recover          ask the services for jobs whose outcome is unknown
    """
    ledger = Ledger()
    if action == "list":
        _list(list(ledger.intents().values()), form)
        return 0
    if action == "recover":
        return _recover(ledger, url)
    intent = _find(ledger, job_id)
    if action == "show":
        print(json.dumps({k: v for k, v in vars(intent).items() if v not in (None, {})}, indent=2))
        return 0
    from qir.submitters import Job, connect

    if intent.job_id is None:
        raise UsageError(f"{intent.token} has no job at the service ({intent.outcome or 'open'}); try `qcompile jobs recover`")
    job = Job(connect(intent.vendor, url or _base(intent)), ledger, intent)
    if action == "wait":
        print(job.wait(timeout))
    elif action == "cancel":
        job.cancel()
        print(job.status())
    else:
        print(json.dumps([r.to_dict() for r in job.result()], indent=2))
    return 0


def _base(intent: Intent) -> str | None:
    """The base URL a job was sent to, when it was a local service."""
    for suffix in ("/v1/jobs", "/jobs"):
        if intent.url.endswith(suffix):
            base = intent.url.removesuffix(suffix)
            return base if base.startswith("http://") else None
    return None


def _find(ledger: Ledger, job_id: str | None) -> Intent:
    if job_id is None:
        raise UsageError("name the job; `qcompile jobs` lists them")
    rows = [i for i in ledger.intents().values() if i.token.startswith(job_id) or (i.job_id or "").startswith(job_id)]
    exact = [i for i in rows if job_id in (i.token, i.job_id)]
    rows = exact or rows
    if len(rows) != 1:
        raise UsageError(f"no job {job_id}" if not rows else f"{job_id} could be {len(rows)} jobs; give more of it")
    return rows[0]


def _list(intents: list[Intent], form: str) -> None:
    if form == "json":
        print(json.dumps([{k: v for k, v in vars(i).items() if v not in (None, {})} for i in intents], indent=2))
        return
    if not intents:
        print("no jobs yet", file=sys.stderr)
    for i in intents:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(i.time))
        state = i.status or i.outcome or "open"
        print(f"{when}  {i.vendor:<5} {i.target:<24} {i.shots or '':>8}  {state:<12} {i.job_id or i.token}")


def _recover(ledger: Ledger, url: str | None) -> int:
    from qir.submitters import connect
    from qir.submitters.submission import Submission

    waiting = [i for i in ledger.intents().values() if i.is_open]
    unknown = 0
    for vendor, base in sorted({(i.vendor, url or _base(i) or "") for i in waiting}):
        client = connect(vendor, base or None)
        for intent in Submission(client, client.transport, ledger, client.clock, client.timeouts, client.policy).reconcile():
            print(f"{intent.token}  {intent.outcome}  {intent.job_id or ''}".rstrip())
            unknown += intent.outcome != "accepted"
    if not waiting:
        print("nothing is open", file=sys.stderr)
    return 5 if unknown else 0
