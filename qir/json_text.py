"""Strict JSON (RFC 8259) with places: what the readers of job payloads stand on.

The standard library's decoder does the work; its hooks and two cheap scans catch what it lets
pass: NaN and Infinity, numbers that overflow, keys that stand twice, lone surrogates, and nesting
deep enough to exhaust the stack.  The place of a value is looked for only when a diagnostic needs
it: containers on the way to it are walked member by member, each skipped by the decoder itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard, Union

import numpy as np
import numpy.typing as npt

from qir.diagnostics import Diagnostic, Edit, Fix, error, warning
from qir.limits import DEFAULT_LIMITS, Limits
from qir.source import Source, Span

__all__ = ["Document", "Path", "embedded", "is_int", "is_number", "kind_of", "parse", "pointer"]

Path = tuple[Union[str, int], ...]
"""The way to a value: keys and indices from the root."""

_SPACE = re.compile(r"[ \t\n\r]*")
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_DEPTH_STEP = np.zeros(256, np.int8)
_DEPTH_STEP[[ord("["), ord("{")]] = 1
_DEPTH_STEP[[ord("]"), ord("}")]] = -1
_KEPT = np.zeros(256, np.bool_)
_KEPT[[ord(c) for c in '[]{}"']] = True
_OTHERS = bytes(c for c in range(256) if c not in b'[]{}"\\')


def is_int(value: object) -> TypeGuard[int]:
    """Whether a JSON value is an integer (`true` is not, nor is 1.0)."""
    return type(value) is int


def is_number(value: object) -> TypeGuard[Union[int, float]]:
    """Whether a JSON value is a number that fits a double."""
    return type(value) is float or (type(value) is int and abs(value) < 2**1000)


_KINDS = {dict: "an object", list: "an array", str: "a string", bool: "a truth value", int: "a number", float: "a number"}


def kind_of(value: object) -> str:
    """What a JSON value is, for messages: "an array", "null"."""
    return _KINDS.get(type(value), "null")


def pointer(path: Path) -> str:
    """The JSON Pointer (RFC 6901) of a path; "" is the whole document."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


@dataclass
class Document:
    """A parsed JSON text that knows where its values stand.

    value: None when `diagnostics` holds errors.    Spans are made by `span`, diagnostics with place
    and pointer by `error` and `warning`.
    """

    source: Source
    value: Any = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _walks: dict[int, tuple[dict[str | int, tuple[int, int]], Iterator[_Member]]] = field(default_factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        return not self.diagnostics

    def span(self, path: Path = (), *, key: bool = False) -> Span:
        """The place of a value, or with `key` of the key before it.

        When the value is missing, that of the nearest container that is there: its opening bracket.
        """
        text = self.source.text
        start, name = _bounds(text)[0], -1
        for part in path:
            found = self._member(start, part) if text[start] in "[{" else None
            if found is None:
                return self.source.span(start, start + 1)
            name, start = found
        if not path:
            return self.source.span(start, start + 1)
        if key and name >= 0:
            start = name
        return self.source.span(start, _LENIENT.raw_decode(text, start)[1])

    def _member(self, start: int, part: str | int) -> tuple[int, int] | None:
        """Offsets of a member's key and value in the container at `start`, walking no further than to it."""
        if start not in self._walks:
            self._walks[start] = ({}, _members(self.source.text, start))
        known, rest = self._walks[start]
        while part not in known:
            row = next(rest, None)
            if row is None:
                return None
            known[row[0]] = row[1:]
        return known[part]

    def error(self, slug: str, message: str, path: Path = (), *, help: str | None = None, key: bool = False) -> Diagnostic:
        """An error at a path, with its span and its JSON Pointer."""
        return error(slug, message, self.span(path, key=key), pointer=self.pointer(path), help=help)

    def warning(
        self, slug: str, message: str, path: Path = (), *, help: str | None = None, key: bool = False, fix: str | None = None
    ) -> Diagnostic:
        """A warning at a path, with its span and its JSON Pointer.  fix: the JSON to write there instead,
        which means the same."""
        span = self.span(path, key=key)
        mended = None if fix is None else Fix((Edit(span.start, span.end, fix),), title=f"write {fix}")
        return warning(slug, message, span, pointer=self.pointer(path), help=help, fix=mended)

    def pointer(self, path: Path) -> str:
        """The JSON Pointer of a path."""
        return (self.source.pointer or "") + pointer(path)


def embedded(document: Document, path: Path, text: str) -> Source:
    """A program inside a string of the document, as a source of its own (lines count within it)."""
    return Source(text, document.source.name, document.pointer(path))


def parse(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Parse strictly.  Every duplicate key and every number out of range is reported, and the
    first break of the syntax; `value` is None then."""
    text = source.text
    document = Document(source)
    if not text.strip("\ufeff \t\r\n"):
        return _refused(document, "json.syntax", "the file is empty", 0, help="a job is a JSON object: {...}")
    if limits.nesting is not None and (deep := _too_deep(text, limits.nesting)) is not None:
        return _refused(document, "json.nesting", f"nesting is deeper than {limits.nesting} levels", deep)
    flags = _Flags()
    decoder = flags.decoder()
    start = _SPACE.match(text, 1 if text.startswith("\ufeff") else 0).end()  # type: ignore[union-attr]
    try:
        value, end = decoder.raw_decode(text, start)
    except json.JSONDecodeError as problem:
        return _broken(document, problem.msg, problem.pos)
    except RecursionError:
        return _refused(document, "json.nesting", "nesting is too deep for this machine", start)
    except ValueError:
        # The interpreter refuses to convert integers of thousands of digits.
        match = re.search(r"\d{4000}", text)
        return _refused(document, "json.nan", "an integer with thousands of digits", match.start() if match else start)
    end = _SPACE.match(text, end).end()  # type: ignore[union-attr]
    if end < len(text):
        return _broken(document, "Extra data", end)
    if flags.raised:
        _explain(document, limits)
    if _SURROGATE.search(text) is not None and not document.diagnostics:
        _surrogates(document)
    if document.ok:
        document.value = value
    return document


def _bounds(text: str) -> tuple[int, int]:
    start = _SPACE.match(text, 1 if text.startswith("\ufeff") else 0).end()  # type: ignore[union-attr]
    return start, max(start + 1, len(text.rstrip()))


def _too_deep(text: str, bound: int) -> int | None:
    """Offset of the first bracket that is nested deeper than `bound`, or None."""
    if text.count("[") + text.count("{") <= bound:
        return None
    marks = text.encode("utf-8", "replace").translate(None, _OTHERS)
    if b"\\" not in marks:
        # Strings without brackets vanish, and with them nearly everything but the brackets.
        marks = marks.replace(b'""', b"")
        if _depths(np.frombuffer(marks, np.uint8)).max(initial=0) <= bound:
            return None
    # Escapes are blanked, so that every remaining quote opens or closes a string.
    plain = _ESCAPE.sub("  ", text) if "\\" in text else text
    data = np.frombuffer(plain.encode("utf-8", "replace"), np.uint8)
    places = np.flatnonzero(_KEPT[data])
    over = np.flatnonzero(_depths(data[places]) > bound)
    if not len(over):
        return None
    return len(data[: places[over[0]]].tobytes().decode("utf-8", "replace"))


def _depths(marks: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """The depth after every mark (a bracket or quote)."""
    inside = np.cumsum(marks == ord('"')) % 2 == 1
    return np.cumsum(np.where(inside, 0, _DEPTH_STEP[marks]), dtype=np.int64)


class _Flags:
    """Hooks that note when something passed that JSON forbids."""

    def __init__(self) -> None:
        self.raised = False

    def decoder(self) -> json.JSONDecoder:
        return json.JSONDecoder(object_pairs_hook=self._object, parse_constant=self._constant, parse_float=self._float)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            self.raised = True
        return result

    def _constant(self, text: str) -> float:
        self.raised = True
        return math.nan

    def _float(self, text: str) -> float:
        value = float(text)
        if value - value != 0.0:
            self.raised = True
        return value


_LENIENT = json.JSONDecoder()
_Member = tuple[Union[str, int], int, int]


def _members(text: str, start: int) -> Iterator[_Member]:
    """The members of the container at `start` of a well-formed text: key or index, offset of the key
    (-1 in an array), offset of the value.  A value is decoded, to be skipped, when the next is asked for."""
    skip = _SPACE.match
    is_object = text[start] == "{"
    at = skip(text, start + 1).end()  # type: ignore[union-attr]
    index = 0
    while text[at] not in "]}":
        part: str | int = index
        name = -1
        if is_object:
            name = at
            part, at = _LENIENT.raw_decode(text, at)
            at = skip(text, at).end()  # type: ignore[union-attr]
            at = skip(text, at + 1).end()  # type: ignore[union-attr]
        yield part, name, at
        _, end = _LENIENT.raw_decode(text, at)
        at = skip(text, end).end()  # type: ignore[union-attr]
        if text[at] == ",":
            at = skip(text, at + 1).end()  # type: ignore[union-attr]
        index += 1


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]|[^\s{}\[\],:"]+', re.DOTALL)


def _explain(document: Document, limits: Limits) -> None:
    """Find every key that stands twice and every number out of range in a text that is well-formed
    otherwise: one pass over its tokens."""
    text = document.source.text
    found = document.diagnostics
    # Per open container: its key or index of the moment, and the keys seen (None for an array).
    stack: list[tuple[list[str | int], set[str] | None]] = []
    key_next = False
    for match in _TOKEN.finditer(text):
        token = match.group()
        first = token[0]
        if first == '"':
            if key_next:
                key = token[1:-1] if "\\" not in token else str(_LENIENT.decode(token))
                part, seen = stack[-1]
                part[0] = key
                key_next = False
                if seen is not None and key in seen:
                    found.append(_duplicate(document, match, tuple(p[0] for p, _ in stack)))
                elif seen is not None:
                    seen.add(key)
        elif first == "{":
            stack.append(([""], set()))
            key_next = True
        elif first == "[":
            stack.append(([0], None))
        elif first == ",":
            part, seen = stack[-1]
            if seen is not None:
                key_next = True
            elif isinstance(part[0], int):
                part[0] += 1
        elif first in "}]":
            stack.pop()
            key_next = False
        elif not _finite(token):
            found.append(_number(document, match, tuple(p[0] for p, _ in stack)))
        if limits.errors is not None and len(found) >= limits.errors:
            return


def _finite(token: str) -> bool:
    if token in ("true", "false", "null"):
        return True
    return "N" not in token and "I" not in token and not math.isinf(float(token))


def _number(document: Document, match: re.Match[str], path: Path) -> Diagnostic:
    shown = match.group()[:20]
    message = f"the number {shown} is too large" if shown.strip("-")[0].isdigit() else f"JSON has no {shown}"
    span = document.source.span(match.start(), match.end())
    return error("json.nan", message, span, pointer=document.pointer(path), help="write a finite number")


def _duplicate(document: Document, match: re.Match[str], path: Path) -> Diagnostic:
    span = document.source.span(match.start(), match.end())
    message = f"the key {path[-1]!r} stands twice in one object"
    help = "keep one of them: readers differ in which one they take"
    return error("json.duplicate-key", message, span, pointer=document.pointer(path), help=help)


def _surrogates(document: Document) -> None:
    text = document.source.text
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"', text, re.DOTALL):
        try:
            str(_LENIENT.raw_decode(text, match.start())[0]).encode("utf-8")
        except UnicodeEncodeError:
            span = document.source.span(match.start(), match.end())
            document.diagnostics.append(error("json.syntax", "a string with half of a surrogate pair is not text", span))


def _refused(document: Document, slug: str, message: str, at: int, *, help: str | None = None) -> Document:
    document.diagnostics.append(error(slug, message, document.source.span(at), help=help))
    return document


def _comment(text: str) -> bool:
    return text.startswith(("//", "/*", "#"))


_REASONS: Sequence[tuple[Callable[[str], bool], str, str]] = (
    (_comment, "JSON has no comments", "remove the comment"),
    (lambda rest: rest.startswith("'"), "JSON strings stand in double quotes", 'write "..." instead of \'...\''),
    (lambda rest: rest.startswith(("True", "False", "None")), "this is Python, not JSON", "write true, false or null"),
    (lambda rest: not rest.strip(), "the text ends too early", "is the file complete?"),
)
_TRAILING = re.compile(r",[ \t\n\r]*$")


def _broken(document: Document, reason: str, at: int) -> Document:
    text = document.source.text
    rest = text[at : at + 100]
    message, help = reason[0].lower() + reason[1:], None
    for test, better, advice in _REASONS:
        if test(rest):
            message, help = better, advice
            break
    else:
        if reason == "Extra data":
            message, help = "something stands after the end of the JSON value", "a job file holds one object"
        elif rest[:1] in ("]", "}") and _TRAILING.search(text[max(0, at - 100) : at]):
            message, help = "a comma before a closing bracket", "remove the comma"
    return _refused(document, "json.syntax", message, min(at, max(0, len(text) - 1)), help=help)
