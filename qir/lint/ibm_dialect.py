"""OpenQASM 3 that IBM's service does not read although it is legal.

The service loads a circuit's text with `qiskit.qasm3.loads` (qiskit-qasm3-import 0.6): a small part
of the language, on hardware qubits.  The rules here look at the text itself, since reading has
already evaluated constants, functions and loops away.  Source: the observations of November 2026
with qiskit 2.6, and IBM's pages "OpenQASM 3 feature table" and "Execute dynamic circuits".
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from qir.diagnostics import Diagnostic, error, warning
from qir.lint.text_rules import blank_comments
from qir.source import Source, Span

__all__ = ["dialect_problems"]

SLUG = "target.dialect"
_MENDED = "compiling rewrites it: qcompile FILE -t MACHINE"

KNOWN = frozenset(
    "p x y z h s sdg t tdg sx rx ry rz cx cy cz cp crx cry crz ch swap ccx cswap cu CX phase cphase id u1 u2 u3".split()
)
"""Gates that the include brings."""

_REFUSED: dict[str, str] = {
    word: what
    for what, words in (
        ("constants are not read", "const"),
        ("subroutines are not read", "def extern return"),
        ("calibrations are not read", "defcal cal defcalgrammar"),
        ("typed variables are not read", "int uint float bool angle complex array"),
        ("durations are not read", "duration stretch"),
        ("this statement is not read", "switch end output nop"),
    )
    for word in words.split()
}
"""First words of statements that the reader does not know."""

_OTHER = frozenset("case default if else while box barrier reset delay let gate break continue in gphase".split())

_POWERS = frozenset({"rz", "rx"})
"""Gates of machines whose powers Qiskit keeps as the same gate."""

_STATEMENT = re.compile(r"[^;{}]+")
_DECLARATION = re.compile(r"(bit|creg|qubit|qreg)\b\s*(?:\[\s*([^\]]*)\])?\s*([^\W\d]\w*)\s*(?:\[\s*([^\]]*)\])?\s*(=)?")
_INPUT = re.compile(r"input\s+(\w+)\s*(?:\[[^\]]*\])?\s*([^\W\d]\w*)")
_GATE = re.compile(r"gate\s+([^\W\d]\w*)")
_MODIFIERS = re.compile(r"(?:(?:ctrl|negctrl|inv|pow)\s*(?:\([^@]*?\))?\s*@\s*)+")
_CALL = re.compile(r"([^\W\d]\w*)\s*(?:\(|[$\w\[\s])")
_ASSIGNMENT = re.compile(r"([^\W\d]\w*)\s*(?:\[[^\]]*\])?\s*([-+*/%&|^]?=)(?!=)\s*(.*)", re.DOTALL)
_FUNCTION = re.compile(
    r"\b(sin|cos|tan|arcsin|arccos|arctan|exp|log|sqrt|ceiling|floor|mod|popcount|pow|rotl|rotr|real|imag|sizeof|durationof|"
    r"float|int|uint|angle|bool)\s*(?:\[[^\]]*\])?\s*\("
)
_OPERATOR = re.compile(r"\*\*|%|<<|>>|\^|\||&")
_PRAGMA = re.compile(r"^[ \t]*#?pragma\b[^\n]*", re.MULTILINE)
_VERSION = re.compile(r"OPENQASM\s+([\d.]+)")
_INCLUDE = re.compile(r"\binclude\s*([\"'])([^\"'\n]*)\1")
_PHYSICAL = re.compile(r"\$\d+")
_REGISTER_NAME = re.compile(r"[a-z][A-Za-z0-9_]*\Z")

_NUMBER = r"(?:0[xXbBoO][0-9a-fA-F_]+|\d[\d_]*)"
_BIT = r"[^\W\d]\w*\s*\[\s*-?\w+\s*\]"
_NAME = r"[^\W\d]\w*"
_CONDITIONS = tuple(
    re.compile(pattern + r"\Z")
    for pattern in (
        rf"[!~]?\s*{_BIT}",
        rf"{_BIT}\s*[=!]=\s*(?:true|false)",
        rf"(?:true|false)\s*[=!]=\s*{_BIT}",
        rf"{_NAME}\s*(?:\[[^\]]*[:,{{][^\]]*\]\s*)?==\s*{_NUMBER}",
        rf"{_NUMBER}\s*==\s*{_NAME}",
        rf'{_NAME}\s*==\s*"[01_]*"',
        rf'"[01_]*"\s*==\s*{_NAME}',
    )
)


def dialect_problems(source: Source) -> list[Diagnostic]:
    """Everything in a circuit's text that the service's reader refuses or changes, in order."""
    return sorted(_Checker(source).run(), key=lambda d: d.span.start if d.span else 0)


class _Checker:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.raw = source.text
        self.text = blank_comments(source.text)
        self.defined: dict[str, int] = {}
        self.scalars: set[str] = set()
        self.included = False
        self.virtual: Span | None = None

    def error(self, message: str, start: int, end: int, help: str | None = _MENDED) -> Diagnostic:
        return error(SLUG, message, self.source.span(start, end), help=help)

    def run(self) -> Iterator[Diagnostic]:
        for m in _PRAGMA.finditer(self.raw):
            yield self.error("pragmas are not read", m.start(), m.end())
        for m in _INCLUDE.finditer(self.raw):
            if self.text[m.start()] != "i":
                continue
            if m.group(2) == "stdgates.inc":
                self.included = True
            else:
                yield self.error(f"only stdgates.inc can be included, not {m.group(2)}", m.start(), m.end())
        for m in _STATEMENT.finditer(self.text):
            body = m.group()
            start = m.start() + len(body) - len(body.lstrip())
            text = body.strip()
            if text:
                yield from self._statement(text, start)
        physical = _PHYSICAL.search(self.text)
        if self.virtual is not None:
            message = "only circuits on hardware qubits ($0, $1, ...) run; this one declares its own"
            if physical is not None:
                message = "declared and hardware qubits do not go together"
            yield error(SLUG, message, self.virtual, help=_MENDED)

    # -- statements ------------------------------------------------------------------------

    def _statement(self, text: str, start: int) -> Iterator[Diagnostic]:
        word = re.match(r"\w+", text)
        head = word.group() if word else ""
        end = start + len(text)
        if head == "OPENQASM":
            m = _VERSION.match(text)
            if m and not m.group(1).startswith("3"):
                yield self.error(f"the service reads OpenQASM 3, not {m.group(1)}", start, end)
        elif head == "include":
            return
        elif head in _REFUSED and not re.match(r"\w+\s*(?:\[[^\]]*\])?\s*\(", text):
            yield self.error(f"{head}: {_REFUSED[head]} by the service", start, start + len(head))
        elif head in ("bit", "creg", "qubit", "qreg"):
            yield from self._declaration(text, start)
        elif head == "input":
            yield from self._input(text, start)
        elif head == "gate":
            m = _GATE.match(text)
            if m:
                yield from self._define(m.group(1), start + m.start(1), gate=True)
        elif head == "let":
            m = re.match(r"let\s+([^\W\d]\w*)", text)
            if m:
                yield from self._define(m.group(1), start + m.start(1))
        elif head in ("if", "while", "else"):
            yield from self._condition(text, start)
        elif head == "measure":
            if "->" not in text:
                yield self.error("a measurement without a target is not read", start, end)
        elif head == "for":
            # Read and unrolled here, but the service keeps it, and no machine runs it.
            place = self.source.span(start, start + len(head))
            yield error("target.control-flow", "for does not run on IBM machines; only if and else do", place, help=_MENDED)
        elif head in _OTHER:
            yield from self._expression(text, start)
        else:
            yield from self._gate_or_assignment(text, start)

    def _declaration(self, text: str, start: int) -> Iterator[Diagnostic]:
        m = _DECLARATION.match(text)
        if m is None:
            return
        kind, before, name, after, initial = m.groups()
        at, end = start + m.start(3), start + m.end(3)
        size = before if before is not None else after
        yield from self._define(name, at)
        if kind in ("qubit", "qreg"):
            self.virtual = self.virtual or self.source.span(start, start + len(text))
            return
        if initial:
            yield self.error("classical bits may not be given a value when they are declared", start, start + len(text))
        if keyword.iskeyword(name):
            yield self.error(f"a classical register may not be called {name}: it is a Python keyword", at, end)
        elif not _REGISTER_NAME.match(name):
            help = f"the results will call it esc_{re.sub(r'[^A-Za-z0-9_]', '_', name)} or the like; begin with a small letter"
            yield warning(SLUG, f"the service renames the register {name}", self.source.span(at, end), help=help)
        if name == "_meas":
            yield self.error("the register name _meas is reserved", at, end)
        if size is None:
            self.scalars.add(name)
            message = f"{name} is a single bit, which is no part of the result"
            yield warning(SLUG, message, self.source.span(start, start + len(text)), help=f"write bit[1] {name};")
        elif size.strip() == "0":
            yield self.error(f"the classical register {name} has size 0", start, start + len(text))

    def _input(self, text: str, start: int) -> Iterator[Diagnostic]:
        m = _INPUT.match(text)
        if m is None:
            return
        kind, name = m.groups()
        if kind not in ("float", "angle"):
            yield self.error(f"inputs are floats or angles, not {kind}", start, start + len(text))
        yield from self._define(name, start + m.start(2))

    def _define(self, name: str, at: int, *, gate: bool = False) -> Iterator[Diagnostic]:
        end = at + len(name)
        if self.included and name in KNOWN:
            what = "the gate" if gate else "the name"
            help = "leave the definition out" if gate else f"call it {name}_0"
            yield self.error(f"{what} {name} is already defined by stdgates.inc", at, end, help)
        elif name in self.defined or name in ("U", "gphase"):
            yield self.error(f"the name {name} is already defined", at, end, None)
        if gate:
            self.defined[name] = at
        else:
            self.defined.setdefault(name, at)

    def _condition(self, text: str, start: int) -> Iterator[Diagnostic]:
        opening = text.find("(")
        if opening < 0:
            return
        depth, closing = 0, -1
        for i in range(opening, len(text)):
            depth += (text[i] == "(") - (text[i] == ")")
            if depth == 0:
                closing = i
                break
        if closing < 0:
            return
        at, end = start + opening + 1, start + closing
        condition = self.raw[at:end].strip() if '"' in self.raw[at:end] else self.text[at:end].strip()
        while condition.startswith("(") and condition.endswith(")"):
            condition = condition[1:-1].strip()
        scalar = re.match(r"[!~]?\s*([^\W\d]\w*)(?:\s*[=!]=\s*(?:true|false))?\Z", condition)
        if scalar and scalar.group(1) in self.scalars:
            good = True
        else:
            good = any(pattern.match(condition) for pattern in _CONDITIONS)
        if not good:
            help = "write c[0], !c[0], c[0] == true, or register == number"
            yield self.error(f"the service's reader does not take the condition {condition!r}", at, end, help)
        rest = text[closing + 1 :].strip()
        if rest:
            yield from self._statement(rest, start + text.index(rest, closing + 1))

    def _gate_or_assignment(self, text: str, start: int) -> Iterator[Diagnostic]:
        m = _MODIFIERS.match(text)
        skip = m.end() if m else 0
        assigned = _ASSIGNMENT.match(text)
        if assigned and not skip:
            value = assigned.group(3).strip()
            if assigned.group(2) != "=" or not value.startswith("measure"):
                yield self.error("classical assignments are not read", start, start + len(text))
            return
        call = _CALL.match(text, skip)
        if call is None:
            return
        name, at = call.group(1), start + call.start(1)
        known = name in ("U", "gphase") or name in self.defined or (self.included and name in KNOWN)
        if not known:
            help = f"define it: gate {name} ... {{ ... }}"
            if not self.included and name in KNOWN:
                help = 'add include "stdgates.inc";'
            yield self.error(f"the service's reader knows no gate {name} here", at, at + len(name), help)
        elif skip and (name in self.defined or ("pow" in text[:skip] and name not in _POWERS)):
            # Qiskit makes a gate of another name of it, or a matrix.
            message = f"{text[:skip].strip()} {name} becomes a gate that no machine has"
            yield error("target.gate", message, self.source.span(start, at + len(name)), help=_MENDED)
        yield from self._expression(text[skip:], start + skip)

    def _expression(self, text: str, start: int) -> Iterator[Diagnostic]:
        """Functions and operators that the reader does not evaluate."""
        m = _FUNCTION.search(text)
        if m and not re.match(r"for\b", text):
            yield self.error(f"the service's reader does not evaluate {m.group(1)}(...)", start + m.start(), start + m.end())
        m = _OPERATOR.search(text)
        if m:
            yield self.error(f"the service's reader does not evaluate {m.group()}", start + m.start(), start + m.end())
