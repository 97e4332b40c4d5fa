"""The command `qcompile`.  Subcommands are imported when they are called."""

from __future__ import annotations

import gc
import sys

__all__ = ["main"]


def main() -> None:
    """Entry point of `qcompile`; exits with the status the contract promises."""
    if sys.argv[1:] == ["--version"]:
        from qir.version import VERSION

        print(f"qcompile {VERSION}")
        return
    from qir.cli.main import run

    # Reading and compiling build much and drop little: look for cycles of garbage less often.
    gc.set_threshold(100_000, 20, 20)
    sys.exit(run(sys.argv[1:]))
