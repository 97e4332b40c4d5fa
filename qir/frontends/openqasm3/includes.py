"""`include`: the standard libraries by name, other files only from folders the caller names."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3.gates import QELIB, STANDARD, WEAK
from qir.frontends.openqasm3.parse import parse
from qir.source import Source

if TYPE_CHECKING:
    from qir.frontends.openqasm3.lower import Lowering

__all__ = ["include"]


def include(lowering: Lowering, node: s.Include) -> Generator[Any, None, None] | None:
    """Lower an include statement."""
    name = node.path.text[1:-1]
    if not lowering.at_global:
        raise lowering.fail("include.scope", "an include can only stand at the top level", node)
    if name == "stdgates.inc":
        if lowering.version == 2:
            lowering.warn("style.dialect", "stdgates.inc belongs to OpenQASM 3", node.path)
        lowering.include_standard(STANDARD, frozenset(), node)
        return None
    if name == "qelib1.inc":
        if lowering.version == 3:
            lowering.warn("style.dialect", "qelib1.inc belongs to OpenQASM 2", node.path, "include stdgates.inc")
        lowering.qelib_included = True
        lowering.include_standard(QELIB, WEAK, node)
        return None
    return _file(lowering, node, name)


def _file(lowering: Lowering, node: s.Include, name: str) -> Generator[Any, None, None]:
    path = _find(lowering, node, name)
    chain = lowering.include_chain
    if path in chain:
        raise lowering.fail("include.missing", "this file includes itself", node.path)
    limits = lowering.limits
    if limits.include_depth is not None and len(chain) >= limits.include_depth:
        raise lowering.fail("limit.exceeded", f"includes are nested more than {limits.include_depth} deep", node.path)
    lowering.included_files += 1
    if limits.include_files is not None and lowering.included_files > limits.include_files:
        raise lowering.fail("limit.exceeded", f"more than {limits.include_files} files are included", node.path)
    text = _read(lowering, node, path)
    source = Source(text, name)
    tree = parse(source, version=lowering.version, limits=limits)
    if tree.diagnostics:
        first = tree.diagnostics[0]
        line = first.span.line if first.span else 1
        raise lowering.fail(first.slug, f"the included file has an error on line {line}", node.path)
    outer = lowering.source
    if outer is lowering.main_source:
        lowering.current_span = lowering.mark(node)
    lowering.included_at.append(node if outer is lowering.main_source else lowering.included_at[0])
    lowering.source = source
    chain.append(path)
    try:
        yield lowering.block(tree.statements)
    finally:
        chain.pop()
        lowering.source = outer
        lowering.included_at.pop()


def _find(lowering: Lowering, node: s.Include, name: str) -> Path:
    """The file of an include, below one of the roots.  Failure with include.missing."""
    help = "only stdgates.inc and qelib1.inc are built in; other files are found in the folders given to the reader"
    shown = name if len(name) <= 60 and name.isprintable() else "this name"
    missing = f"there is no `{shown}` to include"
    if "\x00" in name or not name or os.path.isabs(name) or ".." in Path(name).parts:
        raise lowering.fail("include.missing", f"`{shown}` may not be included: name a file below the program's folder"
                            if name and "\x00" not in name else missing, node.path, help)  # fmt: skip
    for root in lowering.include_roots:
        try:
            base = Path(os.path.realpath(root))
            path = Path(os.path.realpath(base / name))
            if not path.is_relative_to(base):
                continue
            if stat.S_ISREG(os.lstat(path).st_mode):
                return path
        except (OSError, ValueError):
            continue
    raise lowering.fail("include.missing", missing, node.path, help)


def _read(lowering: Lowering, node: s.Include, path: Path) -> str:
    limit = lowering.limits.source_bytes
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError
            data = file.read() if limit is None else file.read(limit + 1)
    except OSError:
        raise lowering.fail("include.missing", "the included file cannot be read", node.path) from None
    if limit is not None and len(data) > limit:
        raise lowering.fail("limit.exceeded", f"the included file has more than {limit} bytes", node.path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise lowering.fail("file.encoding", "the included file is not UTF-8", node.path) from None
