"""The parse tables: made from the grammar by Lark, kept as JSON beside it.

The JSON is package data, so reading a program costs no grammar analysis and no import of Lark.
It names the digest of the grammar it was made from; when that is not the digest of the grammar
at hand, the tables are made anew in memory.  `python -m qir.frontends.openqasm3.tables` writes
the file; a test holds it current.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["CONTEXTUAL", "Rule", "Tables", "generate", "grammar_text", "load"]

FORMAT = 1
_GRAMMAR = Path(__file__).parents[2] / "grammars" / "openqasm3.lark"
_PREPARED = _GRAMMAR.with_suffix(".json")
CONTEXTUAL = ("VERSION", "ANNOTATION", "STRING", "CALBLOCK")
"""Tokens that are only looked for where the parser expects them, after the others failed to fit."""

_SKIP = r"(?:[ \t\r\n\f]++|//[^\r\n]*+|/\*[\s\S]*?\*/)*+"
"""White space and comments (the grammar's %ignore, joined so that it cannot backtrack)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One production: reduce `length` symbols to `origin` and call `action` (None passes the one
    kept symbol on) with the symbols at the `kept` positions, counted from the end (-1 is last)."""

    origin: str
    length: int
    action: str | None
    kept: tuple[int, ...]


@dataclass(frozen=True)
class Tables:
    """What the parser runs on.

    states: per state, terminal or nonterminal -> n: n >= 0 goes to state n, n < 0 reduces by
    rule ~n; `accept` is the state in which a program is complete.
    words, symbols: keyword and punctuation -> terminal.
    scanner: matches white space and one token; group i of it has the terminal groups[i] (ID, OPEN,
    CLOSE and SYMBOL are looked up further).
    contextual: patterns of the tokens of `CONTEXTUAL`.
    """

    states: list[dict[str, int]]
    rules: list[Rule]
    accept: int
    words: dict[str, str]
    symbols: dict[str, str]
    groups: list[str]
    scanner: re.Pattern[str]
    contextual: dict[str, re.Pattern[str]]


def grammar_text() -> str:
    """The grammar file's text."""
    return _GRAMMAR.read_text(encoding="utf-8")


def _digest(grammar: str) -> str:
    content = f"{FORMAT}\n{grammar}"
    return f"{zlib.crc32(content.encode()):08x}"


def generate(grammar: str) -> dict[str, Any]:
    """The tables of a grammar as plain data for JSON.  Imports Lark."""
    import lark
    from lark.lexer import PatternStr
    from lark.parsers.lalr_analysis import Shift

    parser = lark.Lark(grammar, parser="lalr", lexer="contextual", maybe_placeholders=False)
    table: Any = parser.parser.parser._parse_table
    index = {rule: i for i, rule in enumerate(parser.rules)}
    (start,) = table.start_states.values()
    (end,) = table.end_states.values()
    # Lark numbers states in the order of a set: number them anew, by their distance from the start.
    order = {start: 0}
    queue = [start]
    for number in queue:
        for _, (kind, target) in sorted(table.states[number].items()):
            if kind is Shift and target not in order:
                order[target] = len(order)
                queue.append(target)
    states: list[dict[str, int]] = []
    for number in queue:
        row: dict[str, int] = {}
        for symbol, (kind, target) in sorted(table.states[number].items()):
            row[symbol] = order[target] if kind is Shift else ~index[target]
        states.append(row)
    words: dict[str, str] = {}
    symbols: dict[str, str] = {}
    patterns: list[tuple[float, str, str]] = []
    contextual: dict[str, str] = {}
    for terminal in parser.terminals:
        name, value = terminal.name, terminal.pattern.value
        if isinstance(terminal.pattern, PatternStr):
            (words if value.isidentifier() else symbols)[value] = name
        elif found := re.fullmatch(r"\(\?:([a-z|]+)\)\(\?!\\w\)", value):
            words |= dict.fromkeys(found[1].split("|"), name)
        elif name in CONTEXTUAL:
            contextual[name] = value
        elif not name.startswith("__IGNORE"):
            # Names are the most frequent; only words with a meaning of their own come before them.
            patterns.append((-8.5 if name == "ID" else -terminal.priority, name, value))
    return {
        "digest": _digest(grammar),
        "lark": lark.__version__,
        "accept": order[end],
        "words": dict(sorted(words.items())),
        "symbols": dict(sorted(symbols.items())),
        "patterns": [[name, value] for _, name, value in sorted(patterns)],
        "contextual": dict(sorted(contextual.items())),
        "rules": [_rule(rule) for rule in parser.rules],
        "states": states,
    }


def _rule(rule: Any) -> list[Any]:
    expansion = rule.expansion
    kept = [i - len(expansion) for i, symbol in enumerate(expansion) if not getattr(symbol, "filter_out", False)]
    if rule.alias is None and len(kept) != 1:
        raise ValueError(f"{rule}: an alternative without a name must pass on exactly one symbol")
    return [rule.origin.name, len(expansion), rule.alias, kept]


def _prepare(data: dict[str, Any]) -> Tables:
    symbols: dict[str, str] = data["symbols"]
    groups = [""]
    alternatives = []
    plain = sorted((s for s in symbols if s not in "()[]{}" and not s.startswith("#")), key=len, reverse=True)
    for name, value in data["patterns"]:
        if name == "OPASSIGN":
            continue
        groups.append(name)
        alternatives.append(f"({value})")
        if name == "ID":
            # Brackets and punctuation follow names in frequency; `->` and `++` before `-` and BINOP.
            groups += ["OPEN", "CLOSE", "OPASSIGN", "SYMBOL"]
            opassign = next(v for n, v in data["patterns"] if n == "OPASSIGN")
            long = "|".join(re.escape(s) + ("(?!=)" if s == "=" else "") for s in plain)
            alternatives += [r"([(\[{])", r"([)\]}])", f"({opassign})", f"({long})"]
    groups += ["SYMBOL", "END"]
    alternatives += ["(" + "|".join(re.escape(s) for s in symbols if s.startswith("#")) + ")", r"(\Z)"]
    return Tables(
        states=data["states"],
        rules=[Rule(origin, length, action, tuple(kept)) for origin, length, action, kept in data["rules"]],
        accept=data["accept"],
        words=data["words"],
        symbols=symbols,
        groups=groups,
        scanner=re.compile(_SKIP + "(?:" + "|".join(alternatives) + ")"),
        contextual={name: re.compile(value) for name, value in data["contextual"].items()},
    )


@cache
def load() -> Tables:
    """The tables of the grammar, from the prepared file when it is current."""
    grammar = grammar_text()
    data: dict[str, Any] | None = None
    if _PREPARED.is_file():
        data = json.loads(_PREPARED.read_text(encoding="utf-8"))
        if data is not None and data.get("digest") != _digest(grammar):
            data = None
    if data is None:
        data = generate(grammar)
    return _prepare(data)


def dump(data: dict[str, Any]) -> str:
    """The JSON text of generated tables, one state a line."""
    head = {key: value for key, value in data.items() if key != "states"}
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in data["states"])
    return json.dumps(head, separators=(",", ":"))[:-1] + ',"states":[\n' + lines + "\n]}\n"


if __name__ == "__main__":
    _PREPARED.write_text(dump(generate(grammar_text())), encoding="utf-8")
    print(f"{_PREPARED.name}: {_PREPARED.stat().st_size} bytes")
