"""How far long work is: shown on terminals only, after a while, and cleared away."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

import qir
from qir.cli import progress
from qir.cli.progress import Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_DELAY", 0.0)
    monkeypatch.setattr(progress, "_PAUSE", 0.0)


def test_nothing_is_shown_elsewhere_than_on_a_terminal(at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress("compiling") as shown:
        shown(1, 2)
    assert stream.getvalue() == ""


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress("compiling") as shown:
        shown(1, 2)
    assert stream.getvalue() == ""


def test_without_rich_a_line_counts_and_goes(at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "_rich", lambda title: False)
    with Progress("compiling") as shown:
        shown(1, 20)
        shown(12, 20)
    text = stream.getvalue()
    assert "compiling: 1 of 20" in text
    assert "compiling: 12 of 20" in text
    assert text.endswith("\r" + " " * len("compiling: 12 of 20") + "\r")


def test_a_search_says_how_far_it_is() -> None:
    calls: list[tuple[int, int]] = []
    source = Path(__file__).parent.parent / "examples" / "qft4.qasm"
    qir.compile(source, "qpu.forte-1", optimization_level=3, progress=lambda done, total: calls.append((done, total)))
    assert len(calls) > 10
    assert all(0 <= done <= total for done, total in calls)
