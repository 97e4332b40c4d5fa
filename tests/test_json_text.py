"""Strict JSON: what is refused, and where things stand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qir.json_text import embedded, is_int, is_number, parse, pointer
from qir.limits import Limits
from qir.source import Source

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=25,
)


def slugs(text: str, **limits: Any) -> list[tuple[str, int, int]]:
    document = parse(Source(text), limits=Limits(**limits))
    assert document.value is None
    return [(d.slug, d.span.line, d.span.column) for d in document.diagnostics if d.span is not None]


@given(VALUES, st.sampled_from([None, 1, 4]), st.booleans())
def test_what_the_standard_library_writes_is_read(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    if any(0xD800 <= ord(c) < 0xE000 for c in text) or "\\ud" in text.lower():
        return
    document = parse(Source(text))
    assert document.ok and document.value == value


@given(VALUES, st.booleans())
def test_every_value_is_found_where_it_stands(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=ascii_only)
    document = parse(Source(text))
    pending: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while pending and document.ok:
        path, item = pending.pop()
        span = document.span(path)
        if path:
            assert json.loads(span.text) == item
        if isinstance(item, dict):
            pending += [((*path, key), inner) for key, inner in item.items()]
        elif isinstance(item, list):
            pending += [((*path, i), inner) for i, inner in enumerate(item)]


@pytest.mark.parametrize(
    ("text", "slug", "line", "column"),
    [
        ("", "json.syntax", 1, 1),
        ("   \n ", "json.syntax", 1, 1),
        ('{\n  "a": 1,\n}', "json.syntax", 3, 1),
        ('{\n // no\n "a": 1}', "json.syntax", 2, 2),
        ("{'a': 1}", "json.syntax", 1, 2),
        ('{"a": True}', "json.syntax", 1, 7),
        ('{"a": 1', "json.syntax", 1, 7),
        ('{"a": 1} x', "json.syntax", 1, 10),
        ('"\\ud800"', "json.syntax", 1, 1),
        ('{"a": NaN}', "json.nan", 1, 7),
        ('{"a": [1, -Infinity]}', "json.nan", 1, 11),
        ('{"a": [1,\n 1e400]}', "json.nan", 2, 2),
        ('{"a": {"b": 1,\n "b": 2}}', "json.duplicate-key", 2, 2),
        ('{"a": 1' + "0" * 5000 + "}", "json.nan", 1, 7),
    ],
)
def test_what_is_not_json_is_refused_at_its_place(text: str, slug: str, line: int, column: int) -> None:
    assert slugs(text) == [(slug, line, column)]


def test_all_duplicate_keys_and_bad_numbers_are_reported_at_once() -> None:
    text = '{"a": 1, "a": NaN, "b": {"c": [1e999], "c": 2}}'
    assert [slug for slug, _, _ in slugs(text)] == ["json.duplicate-key", "json.nan", "json.nan", "json.duplicate-key"]


@pytest.mark.parametrize("text", ["[" * 300 + "]" * 300, "[" * 100_000, '{"a":' * 5000 + "1" + "}" * 5000])
def test_deep_nesting_is_refused_before_it_can_exhaust_the_stack(text: str) -> None:
    assert [slug for slug, _, _ in slugs(text)] == ["json.nesting"]


def test_brackets_in_strings_do_not_nest() -> None:
    text = json.dumps(["[{" * 500, 'quote " and \\ [[[', {"k": "]]]"}])
    assert parse(Source(text), limits=Limits(nesting=3)).ok
    assert not parse(Source(text), limits=Limits(nesting=1)).ok


def test_a_byte_order_mark_is_skipped() -> None:
    assert parse(Source('\ufeff{"a": 1}')).value == {"a": 1}


def test_a_missing_value_is_placed_at_its_container() -> None:
    document = parse(Source('{"input": {"gateset": "qis"}}'))
    assert document.span(("input", "circuit")).text == "{"
    assert document.span(("input", "circuit")).column == 11
    assert document.span(("input", "gateset"), key=True).text == '"gateset"'


def test_pointers_escape_slashes_and_tildes() -> None:
    assert pointer(("a/b", 0, "c~d")) == "/a~1b/0/c~0d"
    outer = parse(Source("{}"))
    inner = embedded(outer, ("input", "data"), "text")
    assert inner.pointer == "/input/data"
    assert parse(inner).diagnostics[0].pointer == "/input/data"


def test_truth_values_are_no_numbers() -> None:
    assert is_int(3) and not is_int(True) and not is_int(1.0)
    assert is_number(1) and is_number(1.5) and not is_number(False) and not is_number("1") and not is_number(10**400)
