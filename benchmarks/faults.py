"""The fault campaign: does a submission ever make two jobs, or lose one?

    python benchmarks/faults.py [--rounds 40] [--kills 25]

Starts the local service, submits under every fault to both APIs, kills the submitting process at every
step, recovers, and counts the jobs at the service against the intents in the ledger.  Prints the
table of faults and outcomes, and fails when an intent has more than one job, a job is in no ledger, a
secret shows up in a file, or a call takes longer than 120 s.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from qir.errors import SubmitError, UnknownOutcomeError
from qir.submitters import connect
from qir.submitters.ledger import Ledger
from qir.submitters.retry import Clock, Policy
from qir.submitters.submission import Submission
from qir.submitters.transport import Timeouts

KEY = "campaign-secret-0123456789abcdef"
FAULTS = (
    "ok", "drop", "drop-before", "cut", "html", "redirect", "twice", "lag:1", "bomb", "dribble", "slow:1.5", "hang",
    "after:500", "after:502", "after:503",
    "after:504", "after:522", "before:400", "before:413", "before:429,ok", "before:429,before:429,ok", "before:500",
    "before:502", "before:503",
)  # fmt: skip
SLOW = {"hang", "slow:1.5", "dribble", "bomb"}
PAYLOADS: dict[str, dict[str, Any]] = {
    "ionq": {"type": "ionq.circuit.v1", "backend": "simulator", "shots": 1,
             "input": {"gateset": "qis", "qubits": 1, "circuit": [{"gate": "x", "target": 0}]}},
    "ibm": {"program_id": "sampler", "backend": "ibm_fez", "params": {"version": 2, "pubs": [[
        'OPENQASM 3.0; include "stdgates.inc"; bit[1] c; x $0; c[0] = measure $0;']]}},
}  # fmt: skip
STEPS = ("before intent", "after intent", "before the request", "after the request", "before the outcome", "after the outcome")

CHILD = """
import os, signal, sys, json
from qir.submitters import connect
from qir.submitters.ledger import Ledger
from qir.submitters.submission import Submission
vendor, url, folder, step, payload = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), json.loads(sys.argv[5])
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
from pathlib import Path
ledger = Ledger(Path(folder)); client = connect(vendor, url)
append, send = ledger.append, client.transport.send
def watched_append(event, token, **fields):
    if step == 0 and event == "intent" or step == 4 and event == "accepted": die()
    append(event, token, **fields)
    if step == 1 and event == "intent" or step == 5 and event == "accepted": die()
def watched_send(request, timeouts):
    creates = request.method == "POST" and request.url.endswith("/jobs")
    if creates and step == 2: die()
    answer = send(request, timeouts)
    if creates and step == 3: die()
    return answer
ledger.append = watched_append; client.transport.send = watched_send
Submission(client, client.transport, ledger, client.clock).submit(payload, target="t", shots=1, again=True)
"""


class Service:
    """The local service in a process of its own."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", "qir", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5).read()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the service did not start")

    def url(self, vendor: str) -> str:
        return f"http://127.0.0.1:{self.port}" + ("/v0.4" if vendor == "ionq" else "")

    def faults(self, steps: str) -> None:
        data = json.dumps({"steps": steps}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/faults", data, method="PUT")
        urllib.request.urlopen(request, timeout=5).read()

    def jobs_by_token(self, vendor: str) -> Counter[str]:
        client = connect(vendor, self.url(vendor))
        counts: Counter[str] = Counter()
        cursor: Any = None if vendor == "ionq" else 0
        while True:
            if vendor == "ionq":
                page = client.call("GET", "/jobs", query={"limit": 100, "next": cursor})
                counts.update(j["metadata"]["qir_token"] for j in page["jobs"])
                cursor = page.get("next")
            else:
                page = client.call("GET", "/v1/jobs", query={"limit": 200, "offset": cursor})
                counts.update(t for j in page["jobs"] for t in j["tags"] if t.startswith("qir-"))
                cursor = cursor + 200 if cursor + 200 < page["count"] else None
            if cursor is None:
                return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=27, help="submissions per fault and vendor")
    parser.add_argument("--kills", type=int, default=10, help="killed submissions per step and vendor")
    arguments = parser.parse_args()
    os.environ["IONQ_API_KEY"] = os.environ["QISKIT_IBM_TOKEN"] = KEY
    os.environ["QISKIT_IBM_INSTANCE"] = "crn:campaign"
    folder = Path(tempfile.mkdtemp())
    service = Service()
    table: dict[str, Counter[str]] = {}
    longest = 0.0
    total = 0
    try:
        for fault in FAULTS:
            row = table.setdefault(fault, Counter())
            rounds = max(1, arguments.rounds // 9) if fault in SLOW else arguments.rounds
            patience = 1.5 if fault.startswith("lag") else 0.6
            for vendor, payload in PAYLOADS.items():
                client = connect(vendor, service.url(vendor), timeouts=Timeouts(2, 2, 5))
                ledger = Ledger(folder / vendor)
                submission = Submission(client, client.transport, ledger, Clock(), client.timeouts, Policy(), patience=patience)
                for _ in range(rounds):
                    service.faults(fault)
                    begin = time.monotonic()
                    try:
                        submission.submit(payload, target="t", shots=1, again=True)
                        row["accepted"] += 1
                    except UnknownOutcomeError:
                        row["unknown"] += 1
                    except SubmitError:
                        row["refused"] += 1
                    longest = max(longest, time.monotonic() - begin)
                    total += 1
        service.faults("ok")
        for step, name in enumerate(STEPS):
            row = table.setdefault(f"kill -9 {name}", Counter())
            for vendor, payload in PAYLOADS.items():
                ledger = Ledger(folder / f"{vendor}-kill-{step}")
                seen: set[str] = set()
                for _ in range(arguments.kills):
                    arguments_of_child = [vendor, service.url(vendor), str(ledger.folder), str(step), json.dumps(payload)]
                    command = [sys.executable, "-c", CHILD, *arguments_of_child]
                    subprocess.run(command, stderr=subprocess.DEVNULL)
                    row["killed"] += 1
                    total += 1
                    client = connect(vendor, service.url(vendor))
                    known = set(ledger.intents())
                    Submission(client, client.transport, ledger, patience=0.6).reconcile()
                    found = [i.outcome for t, i in ledger.intents().items() if t in known][-1:]
                    row[f"then {found[0] if found and known - seen else 'no intent'}"] += 1
                    seen = known
        problems = judge(service, folder)
    finally:
        service.process.kill()
    print(f"{'fault':<28} outcomes")
    for fault, row in table.items():
        print(f"{fault:<28} {', '.join(f'{k} {v}' for k, v in sorted(row.items()))}")
    print(f"{total} submissions, longest {longest:.1f} s")
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems or longest > 120 else 0


def judge(service: Service, folder: Path) -> list[str]:
    """What must never happen, and did."""
    problems: list[str] = []
    for vendor in PAYLOADS:
        jobs = service.jobs_by_token(vendor)
        intents = {t: i for f in folder.glob(f"{vendor}*") for t, i in Ledger(f).intents().items()}
        problems += [f"{vendor}: {n} jobs for {token}" for token, n in jobs.items() if n > 1]
        problems += [f"{vendor}: the job of {token} is in no ledger" for token in jobs if token not in intents]
        for token, intent in intents.items():
            if bool(jobs[token]) != (intent.outcome == "accepted"):
                problems.append(f"{vendor}: {token} is {intent.outcome} and has {jobs[token]} jobs")
        print(f"{vendor}: {len(intents)} intents, {sum(jobs.values())} jobs")
    for path in folder.rglob("*"):
        if path.is_file() and KEY.encode() in path.read_bytes():
            problems.append(f"the key is in {path.name}")
    return problems


if __name__ == "__main__":
    raise SystemExit(main())
