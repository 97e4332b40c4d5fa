"""Configuration: `[tool.qcompile]` in `pyproject.toml`, or `qcompile.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qir.errors import UsageError

__all__ = ["Config", "find_config"]


@dataclass(frozen=True, slots=True)
class Config:
    """Defaults for the command line.  target: machine; select, ignore: codes, prefixes or slugs."""

    target: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    path: str | None = None


def find_config(start: Path) -> Config:
    """The nearest configuration at or above a folder; empty when there is none.

    UsageError when the file is not TOML or holds what is not known.
    """
    start = start.absolute()
    for folder in (start, *start.parents):
        own = folder / "qcompile.toml"
        if own.is_file():
            return _read(own, _toml(own))
        project = folder / "pyproject.toml"
        if project.is_file():
            table = _toml(project).get("tool", {}).get("qcompile")
            if table is not None:
                return _read(project, table)
    return Config()


def _toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UsageError(f"cannot read {path}: {problem}") from None


def _read(path: Path, table: Any) -> Config:
    if not isinstance(table, dict):
        raise UsageError(f"{path}: the configuration of qcompile is a table")
    unknown = sorted(set(table) - {"target", "select", "ignore"})
    if unknown:
        raise UsageError(f"{path}: unknown setting {', '.join(unknown)}; there are target, select, ignore")
    target = table.get("target")
    if target is not None and not isinstance(target, str):
        raise UsageError(f"{path}: target is a machine's name")
    lists: dict[str, tuple[str, ...]] = {}
    for key in ("select", "ignore"):
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise UsageError(f"{path}: {key} is a list of codes")
        lists[key] = tuple(value)
    return Config(target, lists["select"], lists["ignore"], str(path))
