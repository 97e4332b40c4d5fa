"""What was sent, written down before it is sent.

An append-only file of JSON lines in the user's state folder (0600 in 0700).  Append-only because a
crash then costs at most the line being written, every earlier line stays readable by eye, and the
order of events is the order of lines; SQLite would bring a second journal to recover from.

Events of an intent, in the order they happen: `intent`, then `accepted`, `refused` or `unknown` (which
may become `accepted`, or `absent`: there is no such job), and later `status` and `result`.  An intent
without an outcome is open: nobody knows whether its job exists, until `reconcile` asks the service.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qir.errors import SubmitError

__all__ = ["Intent", "Ledger", "state_folder"]


def state_folder() -> Path:
    """Where state lives: QIR_STATE, else the platform's folder for it."""
    if chosen := os.environ.get("QIR_STATE"):
        return Path(chosen)
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "qir"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "qir"
    return Path(os.environ.get("XDG_STATE_HOME", home / ".local" / "state")) / "qir"


@dataclass
class Intent:
    """One job that was meant to be sent, and what became of it.

    token: unique, carried by the job at the service.    digest: SHA-256 of the payload's bytes.
    outcome: None while open, else "accepted", "refused", "unknown" or "absent".    job_id: at the service.
    """

    token: str
    digest: str
    vendor: str
    target: str
    url: str
    time: float
    shots: int | None = None
    outcome: str | None = None
    job_id: str | None = None
    status: str | None = None
    detail: str | None = None
    result: dict[str, Any] | None = None
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether a job may exist that nobody has confirmed."""
        return self.outcome in (None, "unknown")


class Ledger:
    """The ledger in one folder.  Safe for several processes: every append holds a lock and is synced."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or state_folder()

    @property
    def path(self) -> Path:
        return self.folder / "ledger.jsonl"

    def append(self, event: str, token: str, **fields: Any) -> None:
        """Write one event and force it to the disk.  SubmitError when that fails."""
        line = json.dumps({"event": event, "token": token, "time": time.time(), **fields}, sort_keys=True, allow_nan=False)
        try:
            self._prepare()
            with self._locked():
                handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
                try:
                    # A line that a crash cut short must not swallow this one.
                    data = (b"" if self._ends_clean() else b"\n") + line.encode() + b"\n"
                    while data:
                        data = data[os.write(handle, data) :]
                    os.fsync(handle)
                finally:
                    os.close(handle)
        except OSError as problem:
            raise SubmitError(f"cannot write the ledger {self.path}: {problem.strerror or problem}") from None

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.name != "nt":
            os.chmod(self.folder, 0o700)

    def _ends_clean(self) -> bool:
        try:
            with self.path.open("rb") as stream:
                stream.seek(-1, os.SEEK_END)
                return stream.read(1) == b"\n"
        except OSError:
            return True

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.name == "nt":
                import msvcrt

                msvcrt.locking(lock, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
            else:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def intents(self) -> dict[str, Intent]:
        """Every intent by token, oldest first, with its latest state.  Broken lines are skipped."""
        result: dict[str, Intent] = {}
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return result
        except OSError as problem:
            raise SubmitError(f"cannot read the ledger {self.path}: {problem.strerror or problem}") from None
        for line in lines:
            try:
                row = json.loads(line)
                event, token = row["event"], row["token"]
            except (ValueError, KeyError, TypeError):
                continue
            if event == "intent":
                result[token] = Intent(
                    token, row["digest"], row["vendor"], row["target"], row["url"], row["time"], row.get("shots"),
                    record=row.get("record", {}),
                )  # fmt: skip
            elif token in result:
                self._apply(result[token], event, row)
        return result

    @staticmethod
    def _apply(intent: Intent, event: str, row: dict[str, Any]) -> None:
        if event in ("accepted", "refused", "unknown", "absent"):
            intent.outcome = event
            intent.job_id = row.get("job_id") or intent.job_id
            intent.detail = row.get("detail")
        elif event == "status":
            intent.status = row.get("status")
        elif event == "result":
            intent.result = row.get("result")

    def keep(self, token: str, name: str, data: bytes) -> Path:
        """Keep a file beside the ledger (source, payload, report, result), whole or not at all."""
        folder = self.folder / "jobs" / token
        try:
            self._prepare()
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary = folder / f".{name}.part"
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, folder / name)
        except OSError as problem:
            raise SubmitError(f"cannot write {folder / name}: {problem.strerror or problem}") from None
        return folder / name
