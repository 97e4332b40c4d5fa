"""How far long work is, on a terminal: a bar where `rich` is installed (extra `pretty`), else a line of text."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

__all__ = ["Progress"]

_DELAY, _PAUSE = 0.5, 0.1
"""Seconds before anything is shown, and between two changes of it."""


class Progress:
    """Shows calls of `progress(done, total)` on standard error while it is entered; elsewhere than on a terminal nothing."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar: Any = None
        self._task: Any = None
        self._width = 0
        self._next = 0.0
        self._shown = False

    def __enter__(self) -> Progress:
        self._shown = bool(getattr(sys.stderr, "isatty", lambda: False)())
        self._next = time.monotonic() + _DELAY
        return self

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._shown or now < self._next:
            return
        self._next = now + _PAUSE
        if self._bar is None:
            self._bar = _rich(self._title)
            if self._bar:
                self._bar.start()
                self._task = self._bar.add_task(self._title, total=total)
        if self._bar:
            self._bar.update(self._task, completed=done, total=total)
            return
        text = f"{self._title}: {done} of {total}"
        self._width = max(self._width, len(text))
        print(f"\r{text:{self._width}}", end="", file=sys.stderr, flush=True)

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()
        elif self._width:
            print(f"\r{'':{self._width}}\r", end="", file=sys.stderr, flush=True)


def _rich(title: str) -> Any:
    """A bar of `rich` on standard error, False without that library."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar
    except ImportError:
        return False
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Bar(*columns, console=Console(stderr=True), transient=True)
