"""The manual: what `qcompile explain CODE` and docs/rules.md say about a code."""

from __future__ import annotations

from inspect import getdoc

from qir.codes import CODES
from qir.lint import RULES
from qir.lint.ibm_rules import IBM_RULES
from qir.lint.ionq_rules import pages as ionq_pages
from qir.lint.page import Page
from qir.lint.pages_jobs import JOB_PAGES
from qir.lint.pages_language import LANGUAGE_PAGES
from qir.lint.pages_types import TYPE_PAGES

__all__ = ["PAGES", "explain", "sections"]

PAGES: dict[str, Page] = {**LANGUAGE_PAGES, **TYPE_PAGES, **JOB_PAGES}
"""Slug to page, for the codes that no single rule stands behind."""


def sections(slug: str) -> list[str]:
    """Paragraphs about a code: the page or the rule's docstring, then what the rules of each vendor add."""
    rule = next((r for r in RULES if r.slug == slug), None)
    parts = [getdoc(rule) or ""] if rule is not None else [CODES[slug].meaning]
    if slug in PAGES:
        parts.append(PAGES[slug].text())
    parts += [f"For IBM jobs: {getdoc(r)}" for r in IBM_RULES if r.slug == slug]
    parts += [f"For IonQ jobs: {text}" for text in ionq_pages(slug)]
    return parts


def explain(slug: str) -> str:
    """The whole page of a code, as text."""
    row = CODES[slug]
    return "\n\n".join([f"{row.code} {row.slug}", *sections(slug)]) + "\n"
