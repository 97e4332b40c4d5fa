"""How the suite runs: without time limits per example, and in CI always on the same examples.

With --update the files of expectations are written anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

Golden = Callable[[str, Path], str]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write the expectations of fixtures anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """What a file expects, given what was found."""

    def expected(found: str, path: Path) -> str:
        if request.config.getoption("--update"):
            path.write_text(found, encoding="utf-8", newline="\n")
        return path.read_text(encoding="utf-8")

    return expected
