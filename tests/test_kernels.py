"""Kernels run plain or compiled with the same result; what is compiled is kept where only the user may write."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from qir import kernels
from qir.kernels import ENTRY, Kernel

needs_numba = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="needs numba")


def total(values: Any, count: int) -> float:
    result = 0.0
    for i in range(count):
        result += values[i]
    return result


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kernel:
    monkeypatch.setattr(Kernel, "eager", False)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Kernel(total)


def call(kernel: Kernel, work: int) -> tuple[bool, float]:
    run = kernel.runner(work)
    return run.arrays, float(run.function(run.floats([1.0, 2.5]), 2))


@needs_numba
def test_a_kernel_is_compiled_once_it_has_worked_for_it(kernel: Kernel, tmp_path: Path) -> None:
    assert call(kernel, ENTRY // 2) == (False, 3.5)
    assert call(kernel, ENTRY // 2) == (False, 3.5)
    assert not list(tmp_path.rglob("*.nbi"))
    assert call(kernel, 1) == (True, 3.5)
    assert list(tmp_path.rglob("*.nbi")) and not list(Path(__file__).parent.rglob("test_kernels.total*.nbi"))


@needs_numba
def test_warm_does_not_wait(kernel: Kernel) -> None:
    assert kernels.warm() and call(kernel, 1) == (True, 3.5)


@needs_numba
def test_a_folder_that_others_write_to_is_not_read(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "qir" / "kernels").mkdir(parents=True)
    (tmp_path / "qir" / "kernels").chmod(0o777)
    assert call(kernel, ENTRY + 1) == (True, 3.5)
    assert not list(tmp_path.rglob("*.nbi"))


@needs_numba
def test_no_folder_is_no_obstacle(kernel: Kernel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert call(kernel, ENTRY + 1) == (True, 3.5)


def test_without_numba_it_runs_plain(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "find_spec", lambda name: None)
    assert not kernels.warm() and call(kernel, ENTRY + 1) == (False, 3.5)
