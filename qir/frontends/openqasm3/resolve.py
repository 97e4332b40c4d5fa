"""Names: what they stand for, where they are visible, and what to say when they are not.

Scopes nest: global, block, gate, def.  Inside a gate or a subroutine only constants, gates,
subroutines and built-ins of the outside are visible.  A name that is not found is looked for in
the rest of the program, so that the diagnostic can say whether it comes later, lives in an inner
scope, or is out of sight.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from qir.circuit import Definition
from qir.codes import CODES
from qir.diagnostics import Diagnostic, error, warning
from qir.expressions import ClassicalType
from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3.types import TypeProblem, Value, literal
from qir.limits import Limits
from qir.program import Symbol
from qir.source import Source, Span

__all__ = [
    "Bits", "Entity", "Extern", "Failure", "Gate", "Poison", "Qubits", "Resolver", "Scope", "Subroutine", "Variable", "walk",
]  # fmt: skip

_NOTHING = object()

CONSTANTS: dict[str, float] = {
    "pi": 3.141592653589793, "π": 3.141592653589793, "tau": 6.283185307179586, "τ": 6.283185307179586,
    "euler": 2.718281828459045, "ℇ": 2.718281828459045,
}  # fmt: skip
FUNCTIONS = (
    "arccos", "arcsin", "arctan", "ceiling", "cos", "exp", "floor", "log", "mod", "popcount", "rotl", "rotr", "sin", "sqrt",
    "tan", "real", "imag", "sizeof",
)  # fmt: skip
FUNCTIONS_2 = ("sin", "cos", "tan", "exp", "ln", "sqrt", "asin", "acos", "atan")


class Failure(Exception):
    """A statement cannot be lowered further; what is wrong was reported (or need not be)."""


@dataclass(slots=True, repr=False, eq=False)
class Entity:
    """What a name stands for.  `declared` is None for what is built in or included by name."""

    name: str
    declared: Span | None = None
    uses: dict[int, int] = field(default_factory=dict, init=False)
    """Where the main text uses it: start to end."""
    weak: bool = field(default=False, init=False)

    @property
    def detail(self) -> str:
        return ""


@dataclass(slots=True, repr=False, eq=False)
class Poison(Entity):
    """A name whose declaration is wrong: its uses are not reported again."""


@dataclass(slots=True, repr=False, eq=False)
class Qubits(Entity):
    """Qubits by wire; `scalar` when it is one qubit and not a register of size one.  Also an alias
    or a slice."""

    wires: tuple[int, ...] = ()
    scalar: bool = False
    alias: bool = False
    formal: bool = False
    physical: bool = False

    @property
    def detail(self) -> str:
        return "qubit" if self.scalar else f"qubit[{len(self.wires)}]"


@dataclass(slots=True, repr=False, eq=False)
class Bits(Entity):
    """Classical bits by index; `register` names the register when these are all its bits."""

    bits: tuple[int, ...] = ()
    scalar: bool = False
    alias: bool = False
    register: str | None = None
    io: str = ""

    @property
    def type(self) -> ClassicalType:
        return ClassicalType("bit", None if self.scalar else len(self.bits))

    @property
    def detail(self) -> str:
        return str(self.type)


@dataclass(slots=True, repr=False, eq=False)
class Variable(Entity):
    """A classical variable.

    role: const, input, output, local, loop or parameter.    value: what is known of it now.
    cell: its name in the circuit, None until it has to live there.    stored: what the cell holds
    (a known value, or `_NOTHING`).    level: depth of run-time blocks where it was declared.
    """

    type: ClassicalType = field(default_factory=lambda: ClassicalType("int"))
    role: str = "local"
    value: Value | None = None
    cell: str | None = None
    stored: Any = _NOTHING
    level: int = 0
    readonly: bool = False

    @property
    def detail(self) -> str:
        return ("const " if self.role == "const" else "") + str(self.type)


@dataclass(slots=True, repr=False, eq=False)
class Gate(Entity):
    """A gate.  table: its row in the gate table (with extra `controls`), else `definition`."""

    num_params: int = 0
    num_qubits: int = 0
    table: str | None = None
    controls: str = ""
    definition: int = -1
    size: int = 1
    """Gates it expands to."""
    node: s.GateStatement | None = None
    source: Source | None = None
    macro: bool = False
    """Its body needs the values of its parameters (in a power, a bound or a condition)."""
    opaque: bool = False
    paulis: str = ""
    """Of a Pauli exponential, rightmost letter on the first qubit."""

    @property
    def detail(self) -> str:
        return f"gate {self.name}: {self.num_params} angles, {self.num_qubits} qubits"


@dataclass(slots=True, repr=False, eq=False)
class Subroutine(Entity):
    node: s.DefStatement | None = None
    source: Source | None = None
    returns: ClassicalType | None = None
    broken: bool = False
    weight: int = 1
    """Bodies that inlining one call makes."""

    @property
    def detail(self) -> str:
        return f"def {self.name}" + (f" -> {self.returns}" if self.returns else "")


@dataclass(slots=True, repr=False, eq=False)
class Extern(Entity):
    parameters: tuple[ClassicalType, ...] = ()
    returns: ClassicalType | None = None

    @property
    def detail(self) -> str:
        return f"extern {self.name}({', '.join(map(str, self.parameters))})" + (f" -> {self.returns}" if self.returns else "")


@dataclass(slots=True, repr=False, eq=False)
class Scope:
    """kind: global, block, gate or def."""

    kind: str
    names: dict[str, Entity] = field(default_factory=dict)


_KINDS = {
    "Qubits": "qubit", "Bits": "bit", "Gate": "gate", "Subroutine": "def", "Extern": "extern", "Variable": "variable",
}  # fmt: skip


def walk(roots: Iterable[Any]) -> Iterator[s.Node]:
    """Every syntax node below some roots, in order of the text."""
    stack: list[Any] = list(roots)[::-1]
    while stack:
        item = stack.pop()
        if isinstance(item, s.Node):
            yield item
            stack.extend(getattr(item, name) for name in reversed(_fields(type(item))))
        elif isinstance(item, list):
            stack.extend(reversed(item))


_FIELD_CACHE: dict[type, tuple[str, ...]] = {}


def _fields(kind: type) -> tuple[str, ...]:
    found = _FIELD_CACHE.get(kind)
    if found is None:
        skipped = {"start", "end", "order", "annotations"}
        names = [name for base in reversed(kind.__mro__) for name in getattr(base, "__slots__", ()) if name not in skipped]
        found = _FIELD_CACHE[kind] = tuple(names)
    return found


class Resolver:
    """Scopes and diagnostics of one program; the lowest layer of the lowering."""

    def __init__(self, source: Source, statements: list[s.Statement], version: int, limits: Limits) -> None:
        self.source = source
        self.main_source = source
        self.statements = statements
        self.version = version
        self.limits = limits
        self.diagnostics: list[Diagnostic] = []
        self.errors = 0
        self._seen: set[tuple[str, int, int, str]] = set()
        self.included_at: list[s.Node] = []
        """The include statements of the main file that are being read."""
        self.checking = 0
        self.scopes: list[Scope] = [Scope("global")]
        self.builtins: dict[str, Entity] = {}
        self.entities: list[Entity] = []
        self.definitions: list[Definition] = []
        for name, value in CONSTANTS.items():
            if version == 3 or name == "pi":
                self.builtins[name] = Variable(name, type=literal(value).type, role="const", value=literal(value))
        if version == 2:
            self.builtins["U"] = Gate("U", num_params=3, num_qubits=1, table="u3")
            self.builtins["CX"] = Gate("CX", num_params=0, num_qubits=2, table="cx")
        else:
            self.builtins["U"] = Gate("U", num_params=3, num_qubits=1, table="U")

    # -- diagnostics -----------------------------------------------------------------------

    def span(self, node: s.Node | s.Token) -> Span:
        return Span(self.source, node.start, max(node.end, node.start + 1))

    def report(self, slug: str, message: str, node: s.Node | s.Token | None, help: str | None = None) -> None:
        """Add an error at a node, once."""
        start, end = (node.start, node.end) if node is not None else (0, 1)
        if self.source is not self.main_source and self.included_at:
            # Nothing of another file is quoted, and the user looks at the main one.
            line = self.source.position(start)[0]
            message = f"in the included file, line {line}: {CODES[slug].meaning}"
            start, end, help = self.included_at[0].start, self.included_at[0].end, None
        key = (slug, start, end, message if self.included_at else "")
        self.errors += 1
        if key in self._seen:
            return
        self._seen.add(key)
        if self.limits.errors is None or len(self.diagnostics) < self.limits.errors:
            self.diagnostics.append(error(slug, message, Span(self.main_source, start, max(end, start + 1)), help=help))

    def fail(self, slug: str, message: str, node: s.Node | s.Token | None, help: str | None = None) -> Failure:
        """Report an error and make the exception to raise."""
        self.report(slug, message, node, help)
        return Failure()

    def problem(self, problem: TypeProblem, node: s.Node) -> Failure:
        """Report a broken rule of types."""
        return self.fail(problem.slug, problem.message, node)

    def warn(self, slug: str, message: str, node: s.Node | s.Token, help: str | None = None) -> None:
        """Add a warning at a node, once."""
        key = (slug, node.start, node.end, "")
        if key in self._seen or self.source is not self.main_source:
            return
        self._seen.add(key)
        if self.limits.errors is None or len(self.diagnostics) < 2 * self.limits.errors:
            self.diagnostics.append(warning(slug, message, self.span(node), help=help))

    # -- declaring -------------------------------------------------------------------------

    @property
    def scope(self) -> Scope:
        return self.scopes[-1]

    @property
    def at_global(self) -> bool:
        return len(self.scopes) == 1

    def declare(self, name: s.Token, entity: Entity) -> None:
        """Give a name its meaning in the current scope.  Reports name.redeclared."""
        text = name.text
        names = self.scopes[-1].names
        before = names.get(text)
        if before is None and self.at_global:
            before = self.builtins.get(text)
            if before is None and text in self.functions:
                before = Entity(text)
        if before is not None and not before.weak:
            where = f" on line {before.declared.line}" if before.declared else (
                " by the include" if text in names else ": it is built in")  # fmt: skip
            slug, message = "name.redeclared", f"`{text}` is already declared{where}"
            if isinstance(before, (Bits, Variable)) and isinstance(entity, (Bits, Variable)):
                roles = {getattr(before, "role", "") or "", getattr(before, "io", ""), getattr(entity, "role", ""),
                         getattr(entity, "io", "")}  # fmt: skip
                if {"input", "output"} <= roles:
                    slug, message = "io.both", f"`{text}` is both input and output"
            self.report(slug, message, name, "choose another name")
            names[text] = Poison(text, self.span(name))
            return
        entity.declared = self.span(name)
        names[text] = entity
        if not self.checking or self.at_global:
            self.entities.append(entity)

    @property
    def functions(self) -> tuple[str, ...]:
        return FUNCTIONS_2 if self.version == 2 else FUNCTIONS

    def poison(self, name: s.Token) -> None:
        """Declare a name whose declaration failed."""
        self.scopes[-1].names.setdefault(name.text, Poison(name.text, self.span(name)))

    # -- finding ---------------------------------------------------------------------------

    def find(self, text: str) -> Entity | None:
        """What a name means here, regardless of visibility; None when nothing."""
        for scope in reversed(self.scopes):
            entity = scope.names.get(text)
            if entity is not None:
                return entity
        return self.builtins.get(text)

    def lookup(self, name: s.Name, slug: str = "name.undeclared", what: str = "name") -> Entity:
        """What a name means here.  Failure with name.* (or `slug`) when it means nothing."""
        text = name.text
        walled = False
        for scope in reversed(self.scopes):
            entity = scope.names.get(text)
            if entity is not None:
                if walled and not _crosses(entity):
                    inside = "a gate" if any(x.kind == "gate" for x in self.scopes) else "a subroutine"
                    if isinstance(entity, Poison):
                        raise Failure
                    raise self.fail("name.not-visible", f"`{text}` is not visible inside {inside}", name,
                                    "pass it as an argument" if inside != "a gate" else "make it a parameter or a constant")
                if isinstance(entity, Poison):
                    raise Failure
                if self.source is self.main_source:
                    entity.uses[name.start] = name.end
                return entity
            if scope.kind in ("gate", "def"):
                walled = True
        entity = self.builtins.get(text)
        if entity is None:
            raise self._missing(name, slug, what)
        return entity

    def _missing(self, name: s.Name, slug: str, what: str) -> Failure:
        text = name.text
        inside = next((x.kind for x in reversed(self.scopes) if x.kind in ("gate", "def")), None)
        for statement in self.statements:
            declared = _declared(statement)
            if declared is not None and declared.text == text and self.source is self.main_source:
                if inside is not None and isinstance(statement, (s.QuantumDeclaration, s.RegisterDeclaration, s.Declaration)):
                    return self.fail("name.not-visible", f"`{text}` is not visible inside a {inside}", name)
                line = self.source.position(declared.start)[0]
                if isinstance(statement, s.GateStatement) or declared.start > name.start:
                    return self.fail("name.forward", f"`{text}` is used before its declaration on line {line}", name,
                                     "move the declaration up")  # fmt: skip
        if slug != "call.undeclared" and self.source is self.main_source:
            for node in walk(self.statements):
                inner = _declared(node)
                if inner is not None and inner.text == text:
                    line = self.source.position(inner.start)[0]
                    return self.fail("name.scope", f"`{text}` was declared on line {line}, in a scope that is closed", name)
                if isinstance(node, (s.GateStatement, s.DefStatement)):
                    gate_names = (*node.params, *node.qubits) if isinstance(node, s.GateStatement) else ()
                    tokens = gate_names if isinstance(node, s.GateStatement) else tuple(p.name for p in node.parameters)
                    if any(t.text == text for t in tokens):
                        return self.fail("name.scope", f"`{text}` only lives inside `{node.name.text}`", name)
        return self.fail(slug, f"there is no {what} `{text}`", name, self.suggestion(text, slug))

    def suggestion(self, text: str, slug: str = "") -> str | None:
        """Help that names what may have been meant."""
        gates = slug == "name.undeclared-gate"
        known = {n: e for scope in self.scopes for n, e in scope.names.items()} | self.builtins
        names = [n for n, e in known.items() if isinstance(e, Gate) == gates and not isinstance(e, Poison)]
        if not gates:
            names += self.functions
        if gates and "h" in known and (definition := _definition(text)) is not None:
            return f"`{text}` is not in the standard gates; define it: `{definition}`"
        if close := difflib.get_close_matches(text, sorted(names), 1, 0.6):
            return f"did you mean `{close[0]}`?"
        if gates:
            from qir.gates import STDGATES, gate

            if text in STDGATES and self.version == 3 and "h" not in known:
                return 'it is in the standard gates: `include "stdgates.inc";`'
            if self.version == 2 and gate(text) is not None and "h" not in known:
                return 'it is in `include "qelib1.inc";`'
            if gate(text) is not None:
                return f"`{text}` is not in the standard gates: define it"
            lower = text.lower()
            if lower != text and lower in known:
                return f"did you mean `{lower}`?"
        return None

    # -- for the editor --------------------------------------------------------------------

    def symbols(self) -> tuple[Symbol, ...]:
        """Every declared name with its uses, in order of position."""
        found: dict[int, Symbol] = {}
        for entity in self.entities:
            if entity.declared is None or entity.declared.source is not self.main_source:
                continue
            kind = _KINDS.get(type(entity).__name__, "variable")
            if isinstance(entity, (Qubits, Bits)) and entity.alias:
                kind = "alias"
            elif isinstance(entity, Qubits) and entity.formal:
                kind = "parameter"
            elif isinstance(entity, Bits) and entity.io:
                kind = entity.io
            elif isinstance(entity, Variable):
                kind = "variable" if entity.role == "local" else entity.role
            uses = dict(entity.uses)
            start = entity.declared.start
            if start in found:
                uses |= {use.start: use.end for use in found[start].uses}
            ordered = tuple(Span(self.main_source, k, uses[k]) for k in sorted(uses))
            found[start] = Symbol(entity.name, kind, entity.declared, ordered, entity.detail)
        return tuple(found[start] for start in sorted(found))


def _crosses(entity: Entity) -> bool:
    if isinstance(entity, Variable):
        return entity.role == "const"
    return isinstance(entity, (Gate, Subroutine, Extern)) or (isinstance(entity, Qubits) and entity.physical)


_DECLARING = (
    s.QuantumDeclaration, s.RegisterDeclaration, s.Declaration, s.ConstDeclaration, s.Alias, s.GateStatement, s.DefStatement,
    s.ExternStatement, s.ForStatement,
)  # fmt: skip


def _declared(node: s.Node) -> s.Token | None:
    return node.name if isinstance(node, _DECLARING) else None


def _definition(name: str) -> str | None:
    """A gate of the table that is not in the standard gates, defined by them; None when it is not that."""
    from qir.gates import STDGATES, gate
    from qir.params import angle

    row = gate(name)
    if row is None or name in STDGATES or row.define is None:
        return None
    angles, qubits = ("theta", "phi", "lam", "gam")[: row.num_params], "abcd"[: row.num_qubits]
    lines = row.define(*(angle(a) for a in angles))
    if any(line not in STDGATES for line, _, _ in lines):
        return None
    body = [
        f"{line}{'(' + ', '.join(str(angle(v)) for v in values) + ')' if values else ''}"
        f"{' ' if operands else ''}{', '.join(qubits[k] for k in operands)};"
        for line, values, operands in lines
    ]
    return f"gate {name}{'(' + ', '.join(angles) + ')' if angles else ''} {', '.join(qubits)} {{ {' '.join(body)} }}"
