"""`qcompile jobs`: what was sent, and what became of it."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from qir.errors import SubmitError, UsageError
from qir.submitters.ledger import Intent, Ledger

if TYPE_CHECKING:
    from qir.submitters import AnyClient, Job

__all__ = ["command"]

ACTIONS = ("list", "show", "wait", "cancel", "fetch", "recover")


@click.command(name="jobs")
@click.argument("action", type=click.Choice(ACTIONS), default="list")
@click.argument("job_id", metavar="ID", required=False)
@click.option("--url", metavar="URL", help="Service to ask, when it is not the vendor's own.")
@click.option("--timeout", type=float, metavar="S", help="Seconds to wait at most.")
@click.option("--refresh", is_flag=True, help="Fetch results from the service although they are kept here.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--ca-bundle", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="Certificates to trust.")
@click.option("--proxy", metavar="URL", help="Proxy; default the environment's (HTTPS_PROXY, NO_PROXY).")
def command(
    action: str, job_id: str | None, url: str | None, timeout: float | None, refresh: bool, form: str, ca_bundle: str | None,
    proxy: str | None,
) -> int:  # fmt: skip
    """List jobs; show, wait for, cancel or fetch the one called ID; or recover lost ones.

    ID is the service's id, the token in the ledger, or a batch's name (all its jobs); the beginning
    is enough. Results that were fetched are kept, and printed without asking the service again.

    \b
    qcompile jobs
    qcompile jobs wait 4f2a && qcompile jobs fetch 4f2a
    qcompile jobs recover          ask the services for jobs whose outcome is unknown
    """
    ledger = Ledger()
    if action == "list":
        _list(list(ledger.intents().values()), form)
        return 0

    def connected(vendor: str, base: str | None) -> AnyClient:
        from qir.submitters import connect
        from qir.submitters.transport import Urllib3Transport

        return connect(vendor, url or base, transport=Urllib3Transport(ca_bundle=ca_bundle, proxy=proxy))

    if action == "recover":
        return _recover(ledger, url, connected)
    intents = _find(ledger, job_id)
    if action == "show":
        rows = [_row(i) | {"files": _files(ledger, i)} for i in intents]
        print(json.dumps(rows[0] if len(rows) == 1 else rows, indent=2))
        return 0
    return _act(action, intents, ledger, connected, timeout, refresh)


def _act(action: str, intents: list[Intent], ledger: Ledger, connected: Any, timeout: float | None, refresh: bool) -> int:
    from qir.submitters import Job

    results: list[dict[str, Any]] = []
    failed = 0
    for intent in intents:
        try:
            kept = Job(None, ledger, intent).kept() if action == "fetch" and not refresh else None
            if kept is None:
                if intent.job_id is None:
                    state = intent.outcome or "open"
                    hint = "; try `qcompile jobs recover`" if intent.is_open else ""
                    raise SubmitError(f"{intent.token} has no job at the service ({state}){hint}")
                job: Job = Job(connected(intent.vendor, _base(intent)), ledger, intent)
                if action == "wait":
                    print(job.wait(timeout))
                elif action == "cancel":
                    job.cancel()
                    print(job.status())
                else:
                    kept = job.result()
            results += [r.to_dict() for r in kept or []]
        except SubmitError as problem:
            if len(intents) == 1:
                raise
            failed += 1
            print(f"{intent.job_id or intent.token}: {problem}", file=sys.stderr)
    if action == "fetch":
        print(json.dumps(results, indent=2))
    return 0 if not failed else 4 if failed < len(intents) else 3


def _base(intent: Intent) -> str | None:
    """The base URL a job was sent to, when it was a local service."""
    for suffix in ("/v1/jobs", "/jobs"):
        if intent.url.endswith(suffix):
            base = intent.url.removesuffix(suffix)
            return base if base.startswith("http://") else None
    return None


def _find(ledger: Ledger, name: str | None) -> list[Intent]:
    """The intent called so, or those of a batch, one a part."""
    if name is None:
        raise UsageError("name the job; `qcompile jobs` lists them")
    known = list(ledger.intents().values())
    parts = [i for i in known if str(i.record.get("batch") or "").startswith(name)]
    if batches := {str(i.record["batch"]) for i in parts}:
        if len(batches) > 1 and name not in batches:
            raise UsageError(f"{name} could be {len(batches)} batches; give more of it")
        table: dict[int, Intent] = {}
        for i in (p for p in parts if len(batches) == 1 or p.record["batch"] == name):
            part = int(i.record["part"])
            if part not in table or table[part].outcome != "accepted":
                table[part] = i
        return [table[k] for k in sorted(table)]
    rows = [i for i in known if i.token.startswith(name) or (i.job_id or "").startswith(name)]
    rows = [i for i in rows if name in (i.token, i.job_id)] or rows
    if len(rows) != 1:
        raise UsageError(f"no job {name}" if not rows else f"{name} could be {len(rows)} jobs; give more of it")
    return rows


def _row(intent: Intent) -> dict[str, Any]:
    return {k: v for k, v in vars(intent).items() if v not in (None, {})}


def _files(ledger: Ledger, intent: Intent) -> list[str]:
    """What is kept of a job: source, payload, report, result."""
    folder = ledger.folder / "jobs" / intent.token
    return sorted(str(p) for p in folder.iterdir()) if folder.is_dir() else []


def _list(intents: list[Intent], form: str) -> None:
    if form == "json":
        print(json.dumps([_row(i) for i in intents], indent=2))
        return
    if not intents:
        print("no jobs yet", file=sys.stderr)
    for i in intents:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(i.time))
        state = i.status or i.outcome or "open"
        part = f"  {i.record['batch']} {i.record['part'] + 1}/{i.record['parts']}" if i.record.get("batch") else ""
        print(f"{when}  {i.vendor:<5} {i.target:<24} {i.shots or '':>8}  {state:<12} {i.job_id or i.token}{part}")


def _recover(ledger: Ledger, url: str | None, connected: Any) -> int:
    from qir.submitters.submission import Submission

    waiting = [i for i in ledger.intents().values() if i.is_open]
    if not waiting:
        print("nothing is open", file=sys.stderr)
    unknown = 0
    for vendor, base in sorted({(i.vendor, _base(i) or "") for i in waiting}):
        client = connected(vendor, base or None)
        submission = Submission(client, client.transport, ledger, client.clock, client.timeouts, client.policy)
        submission.base = None if url else base or client.url
        for intent in submission.reconcile():
            print(f"{intent.token}  {intent.outcome}  {intent.job_id or intent.detail or ''}".rstrip())
            unknown += intent.is_open
    return 5 if unknown else 0
