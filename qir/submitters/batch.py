"""Many jobs as one batch: each part its own intent, paced, and continued where it stopped.

A batch is named by what it sends.  Sending it again while some of its parts have not been accepted
sends those only; parts whose outcome is unknown are looked for first, and never sent again unasked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qir.errors import QirError, SubmitError, UnknownOutcomeError, UsageError
from qir.submitters.job import AnyClient, Job
from qir.submitters.ledger import Intent, Ledger
from qir.submitters.parts import Part, shots_of
from qir.submitters.retry import Clock
from qir.submitters.submission import Submission, canonical
from qir.version import VERSION

__all__ = ["Batch", "Pace", "submit_batch"]

Progress = Callable[[int, int, str], None]


@dataclass
class Pace:
    """At most `most` sends in any `window` seconds (IBM: 5 jobs a minute for a user)."""

    most: int = 5
    window: float = 60.0
    sent: list[float] = field(default_factory=list)

    def wait(self, clock: Clock) -> None:
        """Sleep until one more may be sent, and count it."""
        if len(self.sent) >= self.most:
            rest = self.sent[-self.most] + self.window - clock.now()
            if rest > 0:
                clock.sleep(rest)
        self.sent.append(clock.now())


@dataclass(frozen=True)
class Batch:
    """What became of the parts, in order: a job, or why there is none."""

    id: str
    jobs: list[Job | None]
    problems: list[QirError | None]

    @property
    def exit_status(self) -> int:
        """0 all accepted, 4 some, 5 none and at least one unknown, else 3."""
        if not any(self.problems):
            return 0
        if any(self.jobs):
            return 4
        return 5 if any(isinstance(p, UnknownOutcomeError) for p in self.problems) else 3


def submit_batch(
    parts: Sequence[Part], client: AnyClient, ledger: Ledger, *, again: bool = False, source: str | None = None,
    pace: Pace | None = None, progress: Progress | None = None,
) -> Batch:  # fmt: skip
    """Send every part that has not been accepted yet; a part that fails does not stop the others.

    again: also send parts whose outcome is unknown.    pace: None sends without waiting.
    progress: called with the number of the part, how many there are, and its state.
    """
    for part in parts:
        if part.vendor != client.vendor:
            raise UsageError(f"this is a job for {part.vendor}, and the client speaks to {client.vendor}")
    submission = Submission(client, client.transport, ledger, client.clock, client.timeouts, client.policy)
    digests = [hashlib.sha256(canonical(p.payload)).hexdigest() for p in parts]
    name, known = _batch(digests, ledger)
    jobs: list[Job | None] = []
    problems: list[QirError | None] = []
    for i, part in enumerate(parts):
        job: Job | None = None
        problem: QirError | None = None
        try:
            earlier = known.get(i)
            if earlier is not None and earlier.is_open and not again:
                earlier = submission.settle(earlier)
                if earlier.is_open:
                    told = f"part {i + 1} was sent before and its outcome is not known (intent {earlier.token})"
                    raise UnknownOutcomeError(told)
            if earlier is not None and earlier.outcome == "accepted":
                job = Job(client, ledger, earlier)
                _tell(progress, i, len(parts), f"accepted before as {job.id}")
            else:
                if pace is not None:
                    pace.wait(client.clock)
                job = _send(part, client, submission, {"batch": name, "part": i, "parts": len(parts)}, source, again)
                _tell(progress, i, len(parts), f"accepted as {job.id}")
        except SubmitError as failed:
            problem = failed
            _tell(progress, i, len(parts), f"failed: {failed}")
        jobs.append(job)
        problems.append(problem)
    return Batch(name, jobs, problems)


def _tell(progress: Progress | None, part: int, parts: int, state: str) -> None:
    if progress is not None:
        progress(part + 1, parts, state)


def _send(
    part: Part, client: AnyClient, submission: Submission, place: dict[str, object], source: str | None, again: bool
) -> Job:
    record = part.record | {"versions": {"qir": VERSION}} | (place if place["parts"] != 1 else {})
    payload = part.payload
    # Equal parts of one batch are each sent; that they are equal is no accident to guard against.
    again = again or place["parts"] != 1
    files = {} if source is None else {"source.txt": source.encode()}
    if part.report is not None:
        files["report.json"] = json.dumps(part.report, indent=2).encode()
    intent = submission.submit(
        payload, target=str(payload.get("backend")), shots=shots_of(payload), record=record, again=again, files=files
    )
    return Job(client, submission.ledger, intent)


def _batch(digests: Sequence[str], ledger: Ledger) -> tuple[str, dict[int, Intent]]:
    """The batch to continue with what is known of its parts, else a new one."""
    if len(digests) == 1:
        return "", {}
    base = "batch-" + hashlib.sha256("".join(digests).encode()).hexdigest()[:12]
    runs: dict[str, dict[int, Intent]] = {}
    for intent in ledger.intents().values():
        name = str(intent.record.get("batch") or "")
        if name.startswith(base):
            table = runs.setdefault(name, {})
            part = int(intent.record.get("part", 0))
            # A part that was sent again counts as accepted when any of its intents was.
            if part not in table or table[part].outcome != "accepted":
                table[part] = intent
    for name, table in runs.items():
        if any(i not in table or table[i].outcome != "accepted" for i in range(len(digests))):
            return name, table
    return f"{base}-{len(runs) + 1}", {}
