"""A corpus of programs, where it is at hand: all legal ones are read, to the right unitary where it
is known; all others are refused, with the right class of error on the right line."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qir.diagnostics import Severity
from qir.emitters.openqasm3 import dumps
from qir.frontends.openqasm3 import read
from qir.program import Program
from qir.source import Source

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "openqasm3"
MANIFEST = FOLDER / "manifest.json"
ROWS: list[dict[str, Any]] = json.loads(MANIFEST.read_text(encoding="utf-8"))["files"] if MANIFEST.is_file() else []
LONG = {"spec_t1"}
"""Half a million operations: read, but not printed and read again."""

pytestmark = pytest.mark.skipif(not ROWS, reason="the corpus is not at hand")


def rows(kind: str, check: str | None = None) -> list[Any]:
    chosen = [r for r in ROWS if r["kind"] == kind and check in (None, r.get("check"))]
    return [pytest.param(r, id=Path(r["file"]).stem) for r in chosen]


@cache
def load(file: str) -> Program:
    return read(Source((FOLDER / file).read_text(encoding="utf-8"), file))


@pytest.mark.parametrize("row", rows("valid", "semantic"))
def test_legal_programs_are_read(row: dict[str, Any]) -> None:
    program = load(row["file"])
    assert not program.has_errors, [str(d) for d in program.diagnostics]
    (circuit,) = program.circuits
    if row.get("unitary"):
        found = circuit.to_unitary()
        wanted = np.zeros_like(found)
        for i, j, real, imaginary in row["unitary"]["entries"]:
            wanted[i, j] = complex(real, imaginary)
        assert np.abs(found - wanted).max() < 1e-8


@pytest.mark.parametrize("row", [r for r in rows("valid", "semantic") if r.id not in LONG])
def test_canonical_text_reads_back_equal(row: dict[str, Any]) -> None:
    (circuit,) = load(row["file"]).circuits
    again = read(Source(dumps(circuit)))
    assert not again.has_errors
    assert again.circuits[0] == circuit


@pytest.mark.parametrize("row", rows("valid", "syntax"))
def test_incomplete_programs_have_no_syntax_errors(row: dict[str, Any]) -> None:
    found = {d.slug.split(".")[0] for d in load(row["file"]).diagnostics}
    assert not found & {"syn", "lex"}


@pytest.mark.parametrize("row", rows("invalid"))
def test_wrong_programs_are_refused_where_they_are_wrong(row: dict[str, Any]) -> None:
    errors = [d for d in load(row["file"]).diagnostics if d.severity is Severity.ERROR]
    wanted = row.get("class") or row.get("error_class")
    places = {(d.slug, d.span.line) for d in errors if d.span is not None}
    assert places & {(wanted, line) for line in row["error_lines_accepted"]}, places
