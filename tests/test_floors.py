"""Imports run downwards only (design: one floor plan, one door between `qir` and `passes`)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

FLOORS: dict[str, int] = {
    "errors": 0, "limits": 0, "source": 0, "version": 0,
    "codes": 1, "expressions": 1, "diagnostics": 1, "json_text": 2, "params": 1,
    "gates": 2, "columns": 2, "affine": 2, "symplectic": 2, "clifford_phase": 3, "graphs": 2, "euler": 2, "kak": 2, "weyl": 2,
    "instantiate": 2, "kernels": 2, "embedding": 2, "schedule": 4,
    "circuit": 3, "builder": 3, "dag": 3,
    "definitions": 4, "dense": 4, "estimate": 4, "job": 4, "observables": 4, "journal": 4, "classical": 4, "execution": 4,
    "engines": 4, "opening": 4, "noise": 4, "metrics": 4, "program": 4,
    "fusion": 4, "clifford_rows": 4, "statevector": 4, "tableau": 4, "targets": 4,
    "drawing": 5, "report": 5, "sweeps": 5,
    "frontends": 5, "emitters": 5, "lint": 5, "verify": 5, "submitters": 5, "passes": 5, "grammars": 5,
    "pipeline": 6,
    "comparison": 5, "compile_circuits": 7, "compiler": 7, "linter": 7, "simulator": 7,
    "cli": 8, "lsp": 8, "serve": 8,
    "__init__": 9, "__main__": 9,
}  # fmt: skip
SIBLINGS = {"frontends", "emitters", "lint", "verify", "submitters", "passes"}

# `Circuit.dag`, `Circuit.to_unitary()` and `str(circuit)` are lazy, as are a target's ways to others; there are no more
# looks upwards.
UPWARD = {
    ("circuit", "dag"), ("circuit", "dense"), ("circuit", "emitters"),
    ("targets.target", "targets.ibm_files"), ("targets.target", "targets.ibm"),
}  # fmt: skip
# The grammar is data that only the reader opens.
SIDEWAYS = {("frontends", "grammars")}


def modules() -> list[Path]:
    folders = [ROOT / "qir", ROOT / "passes", ROOT / "grammars"]
    return sorted(p for folder in folders for p in folder.rglob("*.py") if "qir/passes" not in p.as_posix()
                  and "qir/grammars" not in p.as_posix())  # fmt: skip


def dotted(path: Path) -> str:
    relative = path.relative_to(ROOT).with_suffix("")
    parts = relative.parts[1:] if relative.parts[0] == "qir" else relative.parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


KNOWN = {dotted(path) for path in modules()}


def imports(path: Path) -> set[str]:
    """Dotted names below `qir` that a file imports at run time, lazily or not."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    found: set[str] = set()
    package = dotted(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("qir.") for alias in node.names if alias.name.startswith("qir.")}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = ".".join(package[: len(package) - node.level + 1])
            elif node.module and (node.module == "qir" or node.module.startswith("qir.")):
                base = node.module.removeprefix("qir").removeprefix(".")
            else:
                continue
            inner = f"{base}.{node.module}" if node.level and node.module else base
            for alias in node.names:
                deeper = f"{inner}.{alias.name}".strip(".")
                found.add(deeper if not inner or deeper in KNOWN else inner)
    return {name.strip(".") for name in found if name.strip(".")}


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_imports_run_downwards(path: Path) -> None:
    me = dotted(path)
    top = me.split(".")[0]
    if top == "__init__" or me == "":
        return
    assert top in FLOORS, f"{me} has no floor"
    for name in imports(path):
        other = name.split(".")[0]
        if (me, name) in UPWARD or (me, other) in UPWARD or other == top:
            continue
        assert other in FLOORS, f"{me} imports {name}, which has no floor"
        assert FLOORS[other] <= FLOORS[top], f"{me} (floor {FLOORS[top]}) imports {name} (floor {FLOORS[other]})"
        if other in SIBLINGS | {"grammars"} and top in SIBLINGS:
            assert (top, other) in SIDEWAYS, f"{me} imports its sibling {name}"
        if other == "passes":
            assert top == "pipeline", f"{me} imports {name}: pipeline.py is the one door"


def test_there_are_no_import_circles() -> None:
    known = {dotted(p): p for p in modules()}
    graph = {me: {n for n in imports(p) if n in known and n != me and (me, n) not in UPWARD
                  and (me, n.split(".")[0]) not in UPWARD} for me, p in known.items()}  # fmt: skip
    done: set[str] = set()
    for root in graph:
        stack: list[tuple[str, tuple[str, ...]]] = [(root, (root,))]
        while stack:
            node, path = stack.pop()
            if node in done:
                continue
            for child in graph[node]:
                assert child not in path, f"import circle: {' -> '.join((*path, child))}"
            done_children = graph[node] <= done
            if done_children:
                done.add(node)
            else:
                stack.append((node, path))
                stack.extend((c, (*path, c)) for c in graph[node] - done)
