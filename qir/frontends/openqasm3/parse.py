"""Text to syntax tree: the scanner and LALR(1) machine that run the prepared tables.

One regular expression finds the next token; words and punctuation are looked up.  A token that
does not fit is first tried as one of the tokens of `tables.CONTEXTUAL`; then it is an error,
which is reported and recovered from, so that one run finds all of them:

- a missing semicolon is supplied, when what stands before is a statement and what follows begins
  one, and reported at the end of what stands before;
- a reserved word in place of a name is taken for a name;
- otherwise the statement is left out, up to its semicolon or the end of the block around it.

Nothing here recurses; the depth of brackets and of the parse stack is limited.
"""

from __future__ import annotations

import gc
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from qir.diagnostics import Diagnostic, error
from qir.frontends.openqasm3 import tables
from qir.frontends.openqasm3.build import Action, Malformed, actions
from qir.frontends.openqasm3.shapes import MIN_TEXT, STARTS, Scanner
from qir.frontends.openqasm3.syntax import Statement
from qir.limits import DEFAULT_LIMITS, Limits
from qir.source import Source

__all__ = ["Tree", "parse", "parse_statement", "version_of"]

_WORDS_2 = frozenset({"OPENQASM", "include", "qreg", "creg", "gate", "opaque", "barrier", "reset", "measure", "if"})
_VERSION = re.compile(r"\A\ufeff?(?:\s++|//[^\r\n]*+|/\*[\s\S]*?\*/)*+OPENQASM\s+([0-9]+)")
_QELIB = re.compile(r"^\s*include\s*[\"']qelib1\.inc[\"']", re.MULTILINE)
_STD = re.compile(r"^\s*include\s*[\"']stdgates\.inc[\"']|^\s*(?:qubit|bit)\b", re.MULTILINE)
_NUMBER = re.compile(r"\.?[0-9][\w.]*")
_SKIP = re.compile(r"(?:[ \t\r\n\f]++|//[^\r\n]*+|/\*[\s\S]*?\*/)*+")
_PLAIN = re.compile(r"[^;{}/]*+")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_READABLE = {
    "ID": "a name", "INT": "a number", "$END": "the end of the file", "SIZED": "a type", "UNSIZED": "a type",
    "SEMICOLON": "`;`", "HARDWARE": "a hardware qubit", "STRING": "a file name in quotes", "VERSION": "a version number",
    "EQUAL": "`=`", "COMMA": "`,`", "BINOP": "an operator", "OPASSIGN": "an assignment", "AT": "`@`", "CALBLOCK": "`{`",
    "ANNOTATION": "an annotation",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tree:
    """What a text says: its statements, and what is wrong with it.  version: 2 or 3."""

    statements: list[Statement]
    diagnostics: list[Diagnostic]
    version: int
    lost: tuple[tuple[int, int], ...] = ()
    """Start and end of every stretch of text that was left out for an error."""

    @property
    def complete(self) -> bool:
        """Whether every statement is there: none was left out for an error."""
        return not self.lost


def version_of(text: str) -> int:
    """2 or 3: by the version line, else by what is included (qelib1.inc without qubit or bit)."""
    if found := _VERSION.match(text):
        return 2 if found[1] == "2" else 3
    return 2 if _QELIB.search(text) and not _STD.search(text) else 3


@cache
def _words(version: int) -> dict[str, str]:
    words = tables.load().words
    if version == 2:
        return {word: terminal for word, terminal in words.items() if word in _WORDS_2}
    return {word: terminal for word, terminal in words.items() if word != "opaque"}


@cache
def _rules(version: int) -> list[tuple[str, int, Action | None, tuple[int, ...], bool]]:
    """Per rule: origin, length, action, kept positions, and whether all symbols are kept."""
    table = actions(version)
    return [
        (r.origin, r.length, table[r.action] if r.action else None, r.kept, len(r.kept) == r.length)
        for r in tables.load().rules
    ]


@cache
def _shortcuts(version: int) -> dict[tuple[int, str, str], int]:
    """Memo of `_Machine._shortcut`; its size is bounded by that of the tables."""
    return {}


def parse_statement(text: str, *, version: int = 3, limits: Limits = DEFAULT_LIMITS) -> Tree:
    """Parse a text of one statement (or of several) that stands alone; offsets count from its start.

    The entry for whoever reads a statement's shape: `tree.statements` has its nodes.
    """
    return parse(Source(text), version=version, limits=limits)


def parse(
    source: Source, *, version: int | None = None, limits: Limits = DEFAULT_LIMITS, runs: bool = False
) -> Tree:
    """Parse a program.  `version` is found out when not given.  Never raises for bad input.

    runs: let `shapes.Run`s stand for long stretches of flat statements.
    """
    machine = _Machine(source, version_of(source.text) if version is None else version, limits)
    if runs and len(source.text) >= MIN_TEXT:
        machine.scanner = Scanner(source.text, machine.version, machine.alone)
    collecting = gc.isenabled()
    gc.disable()  # The tree is all kept: looking for garbage in it takes a third of the time.
    try:
        statements = machine.run()
    finally:
        if collecting:
            gc.enable()
    return Tree(statements, machine.diagnostics, machine.version, tuple(machine.lost))


class _Stop(Exception):
    """Parsing stops: a limit is exceeded, or the text ends too early; already reported."""


class _Machine:
    """One run over one text."""

    def __init__(self, source: Source, version: int, limits: Limits) -> None:
        self.source, self.text, self.version, self.limits = source, source.text, version, limits
        self.tables = tables.load()
        self.words = _words(version)
        self.rules = _rules(version)
        self.diagnostics: list[Diagnostic] = []
        self.states = [0]
        self.values: list[Any] = []
        self.starts: list[int] = []
        self.brackets: list[tuple[str, int]] = []
        self.stray: int = -1
        """Where a bracket stands that closes nothing."""
        self.closed = ("", -1)
        """The bracket closed last."""
        self.lost: list[tuple[int, int]] = []
        self.taken_words: set[str] = set()
        self.scanner: Scanner | None = None

    def report(self, slug: str, message: str, start: int, end: int, help: str | None = None) -> None:
        self.diagnostics.append(error(slug, message, self.source.span(start, max(end, start)), help=help))
        if self.limits.errors is not None and len(self.diagnostics) >= self.limits.errors:
            raise _Stop

    def run(self) -> list[Statement]:
        position = 1 if self.text.startswith("\ufeff") else 0
        try:
            return self._run(position)
        except _Stop:
            self.lost.append((self.starts[-1] if self.starts else 0, len(self.text)))
            # What was complete so far is still of use to an editor.
            for value in self.values:
                if isinstance(value, list) and all(isinstance(v, Statement) for v in value):
                    return value
            return []

    def _run(self, position: int) -> list[Statement]:
        text, words, symbols = self.text, self.words, self.tables.symbols
        groups, rows, rules = self.tables.groups, self.tables.states, self.rules
        match = self.tables.scanner.match
        states, values, starts, brackets = self.states, self.values, self.starts, self.brackets
        nesting = self.limits.nesting if self.limits.nesting is not None else 10**9
        depth = 8 * nesting + 64
        token_length = self.limits.token_length if self.limits.token_length is not None else 10**12
        accept, shortcuts = self.tables.accept, _shortcuts(self.version)
        scanner, boundary = self.scanner, rows[0]["statements"]
        last = 0  # end of the token before
        row = rows[states[-1]]
        while True:
            found = match(text, position)
            if found is None:
                position = self._lexical(position, last)
                row = rows[states[-1]]
                if position < 0:
                    terminal, word, start, end = "INT", "0", last, ~position
                    position = end
                else:
                    continue
            else:
                group = found.lastindex
                assert group is not None
                word = found[group]
                start, end = found.span(group)
                terminal = groups[group]
                if terminal == "ID":
                    terminal = words.get(word, "ID")
                    if end - start > token_length:
                        self.report("limit.exceeded", f"a name of {end - start} characters is too long", start, start + 80)
                        raise _Stop
                elif terminal == "OPEN":
                    terminal = symbols[word]
                    brackets.append((word, start))
                    if len(brackets) > nesting:
                        self._too_deep(start)
                elif terminal == "CLOSE":
                    terminal = symbols[word]
                    if brackets and _CLOSERS[brackets[-1][0]] == word:
                        self.closed = brackets.pop()
                    else:
                        self.stray = start
                elif terminal == "SYMBOL":
                    terminal = symbols[word]
                elif terminal == "END":
                    terminal = "$END"
                position = end
            while True:
                action = row.get(terminal)
                if action is None:
                    contextual = self._contextual(row, start)
                    if contextual is not None:
                        if terminal == "LBRACE":
                            brackets.pop()
                        terminal, end = contextual
                        word = text[start:end]
                        position = end
                        continue
                    action = self._complete(row, last)
                if action is None:
                    verdict = self._error(terminal, word, start, end, last)
                    row = rows[states[-1]]
                    if verdict is None:  # go on with the same token
                        continue
                    if verdict == "ID":
                        terminal = "ID"
                        continue
                    position = int(verdict)
                    last = position
                    break
                if action >= 0:
                    states.append(action)
                    values.append((word, start, end))
                    starts.append(start)
                    row = rows[action]
                    last = end
                    break
                origin, length, build, kept, whole = rules[~action]
                if length == 1 and build is None:
                    states.pop()
                else:
                    if length:
                        begin = starts[-length]
                        if build is None:
                            value = values[kept[0]]
                        else:
                            chosen = values[-length:] if whole else [values[i] for i in kept]
                            try:
                                value = build(chosen, begin, last)
                            except Malformed as problem:
                                self.report(problem.slug, problem.message, problem.start, problem.end)
                                value = None
                        del values[-length:], starts[-length:], states[-length:]
                        if value is None and build is not None and build.__name__ != "none":
                            value = self._stand_in(origin, begin, last)
                    else:
                        begin = start
                        value = build([], begin, last) if build is not None else None
                    values.append(value)
                    starts.append(begin)
                    if len(states) > depth:
                        self._too_deep(begin)
                key = (states[-1], origin, terminal)
                goto = shortcuts.get(key, -1)
                if goto < 0:
                    goto = shortcuts[key] = self._shortcut(*key)
                if goto == accept:
                    result: list[Statement] = values[0]
                    return result
                states.append(goto)
                row = rows[goto]
                if goto == boundary and scanner is not None and terminal in STARTS and not self.taken_words:
                    run = scanner.run(start)
                    if run is not None:
                        values[-1].append(run)
                        last = position = run.end
                        break

    def alone(self, text: str) -> Statement | None:
        """The one statement that a text is; None when it is not, or not without a diagnostic."""
        tree = parse_statement(text, version=self.version, limits=self.limits)
        return tree.statements[0] if len(tree.statements) == 1 and not tree.diagnostics else None

    def _shortcut(self, state: int, origin: str, terminal: str) -> int:
        """The state after `origin`, and after all reductions that only pass it on."""
        rows = self.tables.states
        while True:
            goto = rows[state][origin]
            action = rows[goto].get(terminal, 0)
            if action >= 0:
                return goto
            rule = self.rules[~action]
            if rule[1] != 1 or rule[2] is not None:
                return goto
            origin = rule[0]

    def _complete(self, row: dict[str, int], last: int) -> int | None:
        """The reduction of a statement that ended before the token that does not fit: it is kept."""
        if last and self.text[last - 1] in ";}":
            reductions = {action for terminal, action in row.items() if terminal != "ELSE"}
            if len(reductions) == 1 and min(reductions) < 0:
                return reductions.pop()
        return None

    def _too_deep(self, start: int) -> None:
        message = f"this is nested more than {self.limits.nesting} deep"
        self.report("limit.exceeded", message, start, start + 1, "split the expression or block, or raise Limits.nesting")
        raise _Stop

    def _stand_in(self, origin: str, start: int, end: int) -> Any:
        """A harmless value in place of a phrase that was reported."""
        from qir.frontends.openqasm3 import syntax as s

        if origin == "statement":
            return s.Block(start, end, [])
        if origin == "scalar_type":
            return s.ScalarType(start, end, "complex")
        if origin == "operand":
            return s.Hardware(start, end, 0)
        return s.Literal(start, end, "int", 0)

    def _contextual(self, row: dict[str, int], start: int) -> tuple[str, int] | None:
        """The token at `start` as one that is only known where the parser expects it."""
        for terminal, pattern in self.tables.contextual.items():
            if terminal in row and self._accepts(terminal):
                if terminal == "CALBLOCK":
                    if self.text.startswith("{", start):
                        end = _balanced(self.text, start)
                        if end > 0:
                            return terminal, end
                elif found := pattern.match(self.text, start):
                    return terminal, found.end()
        return None

    # -- errors ----------------------------------------------------------------------------

    def _lexical(self, position: int, last: int) -> int:
        """Report what begins no token; returns where to go on, or ~end to go on after a number."""
        text = self.text
        skipped = _SKIP.match(text, position)
        assert skipped is not None
        start = skipped.end()
        contextual = self._contextual(self.tables.states[self.states[-1]], start)
        row = self.tables.states[self.states[-1]]
        if contextual is not None:
            terminal, end = contextual
            # Push it by hand: the caller's scanner does not know it.
            while row[terminal] < 0:
                self._reduce(~row[terminal], start, last)
                row = self.tables.states[self.states[-1]]
            self.states.append(row[terminal])
            self.values.append((text[start:end], start, end))
            self.starts.append(start)
            return end
        character = text[start]
        if text.startswith("/*", start):
            self.report("lex.comment", "this comment is never closed", start, start + 2, "close it with `*/`")
            return len(text)
        if character in "\"'":
            line = re.compile(r"[^\r\n]*").match(text, start)
            assert line is not None
            closing = text.find(character, start + 1, line.end())
            if closing < 0:
                self.report("lex.string", "this string is never closed", start, line.end(), f"close it with `{character}`")
                return self._skip_statement(line.end(), last)
            end = closing + 1
            if "BITSTRING" in row or "INT" in row:
                self.report("lex.string", "a bit string has only the digits 0 and 1, one underscore between two", start, end)
                return ~end
            self.report("syn.statement", "a string may only name a file to include", start, end)
            return self._skip_statement(end, last)
        if (number := _NUMBER.match(text, start)) is not None:
            slug = "syn.version" if "VERSION" in row else "lex.number"
            what = "version number" if "VERSION" in row else "number"
            self.report(slug, f"malformed {what} `{_short(number[0])}`", start, number.end(), _number_help(number[0]))
            if slug == "syn.version":
                return self._skip_statement(number.end(), last)
            return ~number.end()
        name = f"U+{ord(character):04X}" if not character.isprintable() else f"`{character}`"
        self.report("lex.char", f"the character {name} begins nothing", start, start + 1)
        if len(self.states) - 1 > self._level():
            return self._skip_statement(start + 1, last)
        line = re.compile(r"[^\r\n]*").match(text, start)
        assert line is not None
        return line.end()

    def _reduce(self, rule: int, start: int, last: int) -> None:
        origin, length, build, kept, _ = self.rules[rule]
        begin = self.starts[-length] if length else start
        chosen = [self.values[i] for i in kept]
        value = build(chosen, begin, last) if build is not None else chosen[0]
        if length:
            del self.values[-length:], self.starts[-length:], self.states[-length:]
        self.values.append(value)
        self.starts.append(begin)
        self.states.append(self.tables.states[self.states[-1]][origin])

    def _accepts(self, terminal: str) -> bool:
        """Whether the parser, as it stands, would shift a terminal."""
        rows, states = self.tables.states, list(self.states[-256:])
        while True:
            action = rows[states[-1]].get(terminal)
            if action is None:
                return False
            if action >= 0:
                return True
            origin, length, *_ = self.rules[~action]
            if length:
                del states[-length:]
            if not states:
                return False
            states.append(rows[states[-1]][origin])

    def _level(self) -> int:
        """Depth of the nearest list of statements on the stack."""
        rows = self.tables.states
        for depth in range(len(self.states) - 1, 0, -1):
            row = rows[self.states[depth]]
            if "statement" in row and ("RBRACE" in row or "$END" in row):
                return depth
        return 0

    def _error(self, terminal: str, word: str, start: int, end: int, last: int) -> int | str | None:
        """Report a token that does not fit, and recover.

        Returns None to try the same token again, "ID" to take it for a name, or the offset to go
        on from.
        """
        if self.text.startswith("/*", start):
            self.report("lex.comment", "this comment is never closed", start, start + 2, "close it with `*/`")
            return len(self.text)
        row = self.tables.states[self.states[-1]]
        if word in self.taken_words and self._accepts("ID"):
            return "ID"
        statement = self.tables.states[self.states[self._level()]]
        begins = terminal in statement or terminal in ("$END", "RBRACE")
        stray = self.stray == start and terminal in ("RPAR", "RSQB", "RBRACE")
        inner = self.brackets[:-1] if self.brackets and self.brackets[-1][1] == start else self.brackets
        open_here = inner[-1] if inner else None
        if begins and not stray and terminal not in ("LPAR", "MINUS", "UNOP", "AT", "LBRACE") and self._accepts("SEMICOLON"):
            spot = max(last - 1, 0)
            self.report("syn.missing-semicolon", "a semicolon is missing here", spot, last, "end the statement with `;`")
            self._supply_semicolon(start, last)
            return None
        if terminal != "ID" and self.words.get(word) == terminal and self._accepts("ID"):
            if not self._accepts("INT"):
                self.taken_words.add(word)
                message = f"`{word}` is a reserved word and cannot be a name"
                self.report("syn.reserved-word", message, start, end, f"call it `{word}_` or something else")
                return "ID"
        if stray:
            self.report("syn.unbalanced", f"this `{word}` closes nothing", start, end)
        elif "VERSION" in row:
            self.report("syn.version", f"a version number is expected here, not {_quoted(word)}", start, end,
                        "write `OPENQASM 3.1;`")  # fmt: skip
        elif open_here is not None and self._unclosed(terminal, open_here, start):
            bracket, at = open_here
            self.report("syn.unbalanced", f"this `{bracket}` is never closed", at, at + 1, f"add `{_CLOSERS[bracket]}`")
        elif self.values and isinstance(self.values[-1], tuple) and self.values[-1][0][:1] == "@" and begins:
            _, first, after = self.values[-1]
            self.report("annotation.dangling", "no statement follows this annotation", first, after)
        else:
            self.report("syn.statement", self._expected(terminal, word), start, max(end, start), self._hint(word, row))
        if terminal == "$END":
            raise _Stop
        # The token is read again: undo what it did to the brackets.
        if self.brackets and self.brackets[-1][1] == start:
            self.brackets.pop()
        elif terminal in ("RPAR", "RSQB", "RBRACE") and not stray:
            self.brackets.append(self.closed)
        return self._skip_statement(start, last)

    def _hint(self, word: str, row: dict[str, int]) -> str | None:
        if word == "measure" and "INT" in row:
            return "measure into a variable first: a measurement is no part of an expression"
        if word == "," and "EQUAL" in row:
            return "declare one name per statement"
        if word == "[" and "INT" in row:
            return "array literals are written in braces"
        if self.states and "SIZED" in row and "STRING" not in row and "INT" not in row:
            return "a type is needed here"
        return None

    def _unclosed(self, terminal: str, bracket: tuple[str, int], start: int) -> bool:
        """Whether the innermost bracket is what is wrong: nothing closes it in its statement."""
        symbol, _ = bracket
        if symbol == "{":
            return terminal == "$END"
        if terminal in ("SEMICOLON", "$END", "RBRACE", "LBRACE", "RPAR", "RSQB"):
            return True
        closer, depth = _CLOSERS[symbol], 0
        for found in re.compile(r"[()\[\]{};]").finditer(self.text, start):
            mark = found[0]
            if mark in ";{}":
                return True
            if mark == closer and depth == 0:
                return False
            depth += 1 if mark == symbol else (-1 if mark == closer else 0)
        return True

    def _expected(self, terminal: str, word: str) -> str:
        row = self.tables.states[self.states[-1]]
        names: list[str] = []
        for key in row:
            if key.islower() or key.endswith("_") or not self._accepts(key):
                continue
            name = _READABLE.get(key)
            if name is None:
                spelled = [t for t, k in (*self.tables.symbols.items(), *self.words.items()) if k == key]
                name = f"`{spelled[0]}`" if spelled else None
            if name is not None and name not in names:
                names.append(name)
        what = "the end of the file" if terminal == "$END" else _quoted(word)
        if 0 < len(names) <= 6:
            choice = " or ".join((", ".join(names[:-1]), names[-1]) if len(names) > 1 else names)
            return f"{choice} is expected here, not {what}"
        if "INT" in row and "qubit" not in row and "QUBIT" not in row:
            return f"an expression is expected here, not {what}"
        return f"{what} does not fit here"

    def _supply_semicolon(self, start: int, last: int) -> None:
        while True:
            action = self.tables.states[self.states[-1]]["SEMICOLON"]
            if action >= 0:
                self.states.append(action)
                self.values.append((";", last, last))
                self.starts.append(last)
                return
            try:
                self._reduce(~action, start, last)
            except Malformed as problem:
                self.report(problem.slug, problem.message, problem.start, problem.end)
                self.values.append(None)
                return

    def _skip_statement(self, position: int, last: int) -> int:
        """Forget the statement begun and find its end; returns the offset to go on from."""
        level = self._level()
        dropped = self.starts[level] if level < len(self.starts) else position
        end = self._end_of_statement(position, dropped, level)
        self.lost.append((dropped, end))
        return end

    def _end_of_statement(self, position: int, dropped: int, level: int) -> int:
        """Where the statement that began at `dropped` ends; forgets it."""
        del self.states[level + 1 :], self.values[level:], self.starts[level:]
        braces = 0
        while self.brackets and (self.brackets[-1][1] >= dropped or self.brackets[-1][0] != "{"):
            braces += self.brackets.pop()[0] == "{"
        # Brackets that the rest of the statement opens are counted from here on.
        text = self.text
        while True:
            found = _PLAIN.match(text, position)
            assert found is not None
            position = found.end()
            if position >= len(text):
                return len(text)
            word = text[position]
            if word == "/":
                skipped = _SKIP.match(text, position)
                assert skipped is not None
                if skipped.end() == position and text.startswith("/*", position):
                    return len(text)
                position = max(skipped.end(), position + 1)
                continue
            position += 1
            if word == ";" and braces == 0:
                return position
            if word == "{":
                braces += 1
            elif word == "}":
                if braces == 0:
                    if not self.brackets:
                        self.stray = -1
                        return position
                    return position - 1
                braces -= 1
                if braces == 0:
                    return position


def _quoted(word: str) -> str:
    return f"`{_short(word)}`" if word else "the end of the file"


def _short(word: str) -> str:
    return word if len(word) <= 40 else word[:37] + "..."


def _number_help(text: str) -> str | None:
    if text[:2] in ("0O",):
        return "octal numbers begin with `0o`"
    if "__" in text or text.endswith("_"):
        return "a single underscore may stand between two digits"
    return None


def _balanced(text: str, start: int) -> int:
    """The offset after the brace that closes the one at `start`, or -1; comments and strings count
    as text without braces."""
    depth = 0
    for found in re.compile(r"[{}]|//[^\r\n]*|/\*[\s\S]*?\*/|\"[^\"\r\n]*\"").finditer(text, start):
        mark = found[0]
        if mark == "{":
            depth += 1
        elif mark == "}":
            depth -= 1
            if depth == 0:
                return found.end()
    return -1
