"""The manual: every code has a page that teaches, and every example on it does what the page says."""

from __future__ import annotations

import pytest

import qir
from qir.codes import CODES
from qir.diagnostics import Severity
from qir.lint import RULES
from qir.lint.manual import PAGES, explain
from qir.lint.page import Page, program

EXAMPLES = [pytest.param(slug, page, id=slug) for slug, page in PAGES.items() if page.wrong]


@pytest.mark.parametrize("slug", CODES)
def test_every_code_is_explained(slug: str) -> None:
    text = explain(slug)
    assert text.startswith(f"{CODES[slug].code} {slug}\n")
    assert "How to fix it" in text
    assert len(text) > 120


def test_every_code_of_the_language_has_an_example_that_is_run() -> None:
    ruled = {rule.slug for rule in RULES}
    language = {slug for slug, row in CODES.items() if "Q105" <= row.code < "Q180"}
    assert {slug for slug in language if not (slug in ruled or (PAGES[slug].wrong and PAGES[slug].right))} == set()


@pytest.mark.parametrize(("slug", "page"), EXAMPLES)
def test_examples_do_what_their_page_says(slug: str, page: Page) -> None:
    assert slug in {d.slug for d in qir.lint(program(page.wrong))}
    better = [d for d in qir.lint(program(page.right)) if d.slug == slug or d.severity is Severity.ERROR]
    assert [str(d) for d in better] == []
