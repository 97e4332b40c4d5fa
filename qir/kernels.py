"""Inner loops that numba compiles where it is installed.

A kernel is one function over flat sequences of numbers that allocates nothing.  It runs as plain
Python over lists or compiled over arrays, with the same result.

Loading numba and a kernel takes as long as much plain work does, and compiling it, once a machine,
longer still.  So a kernel runs plain until it has done about that much work in this process, and
compiled from then on; `warm` does not wait.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Kernel", "Runner", "warm"]

ENTRY = 12_000
"""Steps of plain work (about 30 microseconds each) after which compiled code is fetched, which takes about as long."""


class Runner(NamedTuple):
    """A kernel ready to run: `function`, and whether its sequences are to be arrays."""

    function: Callable[..., Any]
    arrays: bool

    def ints(self, values: Sequence[int] | npt.NDArray[np.int64]) -> Any:
        """Whole numbers as the kernel takes them; not to be written to."""
        if self.arrays:
            return np.asarray(values, np.int64)
        return values.tolist() if isinstance(values, np.ndarray) else values

    def floats(self, values: Sequence[float] | npt.NDArray[np.float64]) -> Any:
        """Numbers as the kernel takes them; not to be written to."""
        if self.arrays:
            return np.asarray(values, np.float64)
        return values.tolist() if isinstance(values, np.ndarray) else [float(v) for v in values]

    def zeros(self, size: int, *, whole: bool = True) -> Any:
        """Scratch for a kernel."""
        if self.arrays:
            return np.zeros(size, np.int64 if whole else np.float64)
        return [0 if whole else 0.0] * size


class Kernel:
    """A function, with its compiled form made when that pays."""

    eager: ClassVar[bool] = False

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.spent = 0

    def runner(self, work: int) -> Runner:
        """What to run for about `work` more steps."""
        self.spent += work
        if (Kernel.eager or self.spent > ENTRY) and self.compiled is not None:
            return Runner(self.compiled, True)
        return Runner(self.function, False)

    @cached_property
    def compiled(self) -> Callable[..., Any] | None:
        """The function compiled by numba; None where numba is not installed."""
        if find_spec("numba") is None:
            return None
        import numba

        folder, settings = _folder(), vars(numba.config)
        if folder is None:
            return numba.njit(self.function)
        before = settings["CACHE_DIR"]
        settings["CACHE_DIR"] = before or str(folder)
        try:
            return numba.njit(cache=True)(self.function)
        except RuntimeError:  # numba cannot write there
            return numba.njit(self.function)
        finally:
            settings["CACHE_DIR"] = before


def warm() -> bool:
    """Run every kernel compiled from here on; False where numba is not installed."""
    Kernel.eager = True
    return find_spec("numba") is not None


def _folder() -> Path | None:
    """Where compiled kernels are kept: a folder of the user's own, as what is there will be executed.

    None when there is no such folder, or others may write to it.
    """
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = base / "qir" / "kernels"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.name == "posix":
            found = folder.stat()
            if found.st_uid != os.getuid() or found.st_mode & 0o022:
                return None
    except (OSError, RuntimeError):
        return None
    return folder
