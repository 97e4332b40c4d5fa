"""Every class of error: where it is reported, with what words and help.

`fixtures/errors/NAME.qasm` holds programs with errors, `NAME.err` what is said about them.  The
part of NAME that is a slug must be among what is found.  With --update the expectations are written anew.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qir.codes import CODES
from qir.diagnostics import Severity, render
from qir.frontends.openqasm3 import read
from qir.source import Source

FOLDER = Path(__file__).parent / "fixtures" / "errors"
PROGRAMS = sorted(FOLDER.glob("*.qasm"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.stem)
def test_errors_read_as_written(path: Path, golden: Callable[[str, Path], str]) -> None:
    program = read(Source(path.read_text(encoding="utf-8"), path.name))
    assert program.circuits == ()
    found = render(program.diagnostics) + "\n"
    assert found == golden(found, path.with_suffix(".err"))
    slug = path.stem
    if slug in CODES:
        assert slug in {d.slug for d in program.diagnostics}


def test_every_class_of_error_has_a_program() -> None:
    number = {slug: int(row.code[1:]) for slug, row in CODES.items()}
    classes = {slug for slug, n in number.items() if 105 <= n <= 178}
    not_errors = {"gate.opaque", "qubit.physical-mixed", "call.recursive"}
    assert classes - not_errors <= {p.stem for p in PROGRAMS}


def test_all_errors_are_found_in_one_run() -> None:
    text = (FOLDER / "many.qasm").read_text(encoding="utf-8")
    errors = [d for d in read(Source(text)).diagnostics if d.severity is Severity.ERROR]
    assert {4, 5, 6, 7, 8, 10, 12} == {d.span.line for d in errors if d.span}


def test_a_missing_semicolon_is_placed_at_the_end_of_the_statement() -> None:
    source = Source("OPENQASM 3.0;\nqubit q\n\n// comment\nreset q;\n")
    (problem,) = read(source).diagnostics
    assert problem.slug == "syn.missing-semicolon"
    assert problem.span is not None
    assert (problem.span.line, problem.span.column, problem.span.end) == (2, 7, source.text.index("\n\n"))


def test_nearest_names_are_suggested() -> None:
    text = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit target;\nx taget;\nrxx(1) target;\ncphse(1) target, target;\n'
    program = read(Source(text))
    helps = [d.help or "" for d in program.diagnostics]
    assert any("`target`" in h for h in helps)
    assert any("`cphase`" in h for h in helps)


def test_spans_are_exact() -> None:
    source = Source('OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\ncx q[0], w[1];\nrx(1 + oops) q[0];\n')
    spans = [d.span.text for d in read(source).diagnostics if d.span]
    assert spans == ["w", "oops"]
