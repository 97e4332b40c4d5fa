"""The canonical OpenQASM 3 text of a circuit.

What is printed reads back to an equal circuit.  Plain rows are formatted in bulk, opcode by
opcode; only operations with an `Extra` are printed one by one.

What the language has no words for: pending frames are written as the `rz` gates they stand for;
the layout, and hardware qubits beyond the last one used, are comments that begin with `// qir.`,
which our reader understands and every other reader skips.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Assign, Call, Circuit, Definition, Duration, Extra, For, If, Register, Switch, Variable, While
from qir.columns import OPERATIONS, USER, Columns, distinct
from qir.definitions import PAULIEXP, pauliexp_definition, table_definition
from qir.expressions import ClassicalType, Expr, fold
from qir.gates import GATES, NUM_GATES, STDGATES
from qir.params import Angle, expr_text, format_float

__all__ = ["CANONICAL", "Dialect", "dumps", "identifier"]

INDENT = "  "

RESERVED = frozenset(
    "OPENQASM include defcalgrammar def cal defcal gate extern box let break continue if else end return for while in switch "
    "case default nop pragma input output const readonly mutable qreg qubit creg bit bool int uint float angle complex array "
    "void duration stretch gphase inv pow ctrl negctrl durationof delay reset measure barrier true false im dim".split()
)
"""Words that are no names."""

_FUNCTIONS = frozenset(
    "arccos arcsin arctan ceiling cos exp floor log mod popcount rotl rotr sin sqrt tan real imag sizeof".split()
)
_BUILT_IN = _FUNCTIONS | frozenset("U pi π tau τ euler ℇ".split())
_VERBATIM = re.compile(r"(?:#?pragma|cal|defcal|defcalgrammar)(?!\w)")
_CALIBRATED = re.compile(r"defcal\s+(\w+)")
_NAME = re.compile(r"[^\W\d]\w*\Z")


@dataclass(frozen=True)
class Dialect:
    """How a reader other than ours wants the text.

    version: of the first line; None for the lowest that holds the program.
    include: write `include "stdgates.inc";` always (True), never (False), or when needed (None).
    known: gates of the table the reader knows without include and definition.
    spelling: other names for gates of the table (the reader must know them, too).
    names: other names for registers and variables.
    remarks: write the comments that only our reader understands.
    number: text of an angle without symbols.
    """

    version: str | None = None
    include: bool | None = None
    known: frozenset[str] = frozenset()
    spelling: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    remarks: bool = True
    number: Callable[[float], str] = format_float


CANONICAL = Dialect()


def dumps(circuit: Circuit, dialect: Dialect = CANONICAL) -> str:
    """The OpenQASM 3 text of a circuit, ending in a newline."""
    return _Writer(circuit, dialect).text()


def identifier(name: str, taken: Iterable[str] = ()) -> str:
    """`name`, changed as little as possible to be a legal name that is not one of `taken`."""
    legal = name if _NAME.match(name) else re.sub(r"\W", "_", name)
    if not _NAME.match(legal):
        legal = "_" + legal
    used = taken if isinstance(taken, (set, frozenset, dict)) else set(taken)
    result, number = legal, 0
    while result in RESERVED or result in _BUILT_IN or result in used:
        result = f"{legal}_{number}"
        number += 1
    return result


@dataclass(frozen=True)
class _Scope:
    """What the names in a body are: the wires' and bits' texts, and those of renamed variables."""

    wires: list[str]
    bits: list[str]
    runs: list[tuple[int, int, str]]
    registers: Mapping[str, str]
    variables: Mapping[str, str]


class _Writer:
    def __init__(self, circuit: Circuit, dialect: Dialect) -> None:
        self.circuit = circuit
        self.dialect = dialect
        self.blocks = list(_all_blocks(circuit))
        self.externs: dict[str, str] = {}
        self._collect()

    # -- names -----------------------------------------------------------------------------

    def _collect(self) -> None:
        """Find the gates in use, decide on the include, and give everything a name."""
        circuit, dialect = self.circuit, self.dialect
        users: list[Definition] = []
        found: dict[str, None] = {}
        pending = list(reversed(self.blocks))
        seen: set[int] = set()
        while pending:
            body = pending.pop()
            for code in distinct(body.columns.opcode).tolist():
                if code < NUM_GATES:
                    found[body.opname(code)] = None
                elif code >= USER:
                    definition = body.definitions[code - USER]
                    if id(definition) not in seen:
                        seen.add(id(definition))
                        users.append(definition)
                        if definition.body is not None:
                            pending.extend(_all_blocks(definition.body))
            if (body.columns.opcode == OPERATIONS["pauliexp"]).any():
                texts = [e.payload for e in body.extras if isinstance(e.payload, str)]
                found |= {PAULIEXP + text: None for text in texts if _paulis(text)}
        if circuit.frames is not None and any(f != Angle() for f in circuit.frames):
            found["rz"] = None
        order = {id(d): i for i, d in enumerate(circuit.definitions)}
        self.users = _distinct(_dependencies_first(users, order))
        self.generated: dict[str, Definition] = {}
        for name in found:
            self._generate(name)
        gates = {*found, *(n for d in self.generated.values() for n in _gate_names(d))}
        self.included = (
            any(n in STDGATES and n not in ("U", "gphase") and n not in dialect.known for n in gates)
            if dialect.include is None
            else dialect.include
        )
        taken = {*dialect.known, *dialect.spelling.values(), *(STDGATES if self.included else ())}
        self.user_names: dict[int, str] = {}
        by_content: dict[tuple[str, object], str] = {}
        for definition in self.users:
            name = identifier(definition.name, taken)
            taken.add(name)
            self.user_names[id(definition)] = name
            by_content[definition.name, _content(definition)] = name
        for definition in users:
            self.user_names[id(definition)] = by_content[definition.name, _content(definition)]
        self.gate_names = dict.fromkeys(GATES, "") | {n: n for n in GATES} | dict(dialect.spelling)
        for name in self.generated:
            legal = identifier(name, taken)
            taken.add(legal)
            self.gate_names[name] = legal
        self.qregs = _complete(circuit.qregs, circuit.num_physical, circuit.num_qubits, "q")
        self.registers: dict[str, str] = {}
        self.qubit_names = {r.name: self._name(r.name, taken) for r in self.qregs}
        for creg in circuit.cregs:
            self.registers[creg.name] = self._name(creg.name, taken)
        variables: dict[str, str] = {}
        for body in self.blocks:
            for variable in _variables(body):
                if variable.name not in variables and not (variable.name == "_" or variable.name in self.registers):
                    variables[variable.name] = self._name(variable.name, taken)
        self.declared = {v.name for v in circuit.variables}
        for name in circuit.parameters:
            if name not in variables:
                variables[name] = self._name(name, taken)
        changed = {k: v for k, v in variables.items() if k != v}
        self.scope = _scope(circuit, self.qregs, self.qubit_names, self.registers, changed)
        self.variables = variables

    def _name(self, name: str, taken: set[str]) -> str:
        result = identifier(self.dialect.names.get(name, name), taken)
        taken.add(result)
        return result

    def _generate(self, name: str) -> None:
        """Define a gate that the reader does not know, and first what it is made of."""
        known = self.dialect.known | set(self.dialect.spelling)
        stack = [(name, False)]
        while stack:
            name, ready = stack.pop()
            if name in self.generated or name in known or (name in STDGATES and self.dialect.include is not False):
                continue
            paulis = name.removeprefix(PAULIEXP)
            definition = table_definition(name) if paulis == name else pauliexp_definition(paulis)
            if definition is None:
                continue
            if ready:
                self.generated[name] = definition
            else:
                stack.append((name, True))
                stack.extend((n, False) for n in _gate_names(definition))

    # -- the text --------------------------------------------------------------------------

    def text(self) -> str:
        circuit, dialect = self.circuit, self.dialect
        body = self._body(circuit, self.scope, 0)
        calibrated = {m[1] for e in circuit.extras if isinstance(e.payload, str) and (m := _CALIBRATED.match(e.payload))}
        lines = [f"OPENQASM {dialect.version or self._version()};"]
        if self.included:
            lines.append('include "stdgates.inc";')
        if dialect.remarks:
            lines += self._remarks()
        lines += [self._definition(d, self.gate_names[n]) for n, d in self.generated.items()]
        users = [d for d in self.users if d.body is not None or d.name not in calibrated]
        lines += [self._definition(d, self.user_names[id(d)]) for d in users]
        lines += self.externs.values()
        inputs = [Variable(n, ClassicalType("float", 64), "input") for n in circuit.parameters if n not in self.declared]
        variables = [*inputs, *circuit.variables]
        first = next((i for i, v in enumerate(variables) if v.kind != "input"), len(variables))
        lines += [self._variable(v) for v in variables[:first]]
        lines += [_declaration("qubit", self.qubit_names[r.name], r.size, r.scalar) for r in self.qregs]
        lines += self._classical(variables[first:])
        lines += body
        for wire, frame in enumerate(circuit.frames or ()):
            if frame != Angle():
                lines.append(f"{self.gate_names['rz']}({self._angle(frame)}) {self.scope.wires[wire]};")
        return "\n".join(lines) + "\n"

    def _classical(self, variables: list[Variable]) -> list[str]:
        """Declarations of bits and variables.  A register of the same name as an output is that output."""
        lines: list[str] = []
        outputs = {v.name for v in variables if v.kind == "output"}
        registers = list(self.circuit.cregs)

        def declare(count: int) -> None:
            for r in registers[:count]:
                head = "output bit" if r.name in outputs else "bit"
                lines.append(_declaration(head, self.registers[r.name], r.size, r.scalar))
            del registers[:count]

        for variable in variables:
            place = next((i for i, r in enumerate(registers) if r.name == variable.name), None)
            if place is not None:
                declare(place + 1)
            elif variable.name not in self.registers:
                if variable.initial is not None:
                    declare(len(registers))
                lines.append(self._variable(variable))
        declare(len(registers))
        return lines

    def _version(self) -> str:
        switch = OPERATIONS["switch"]
        return "3.1" if any((b.columns.opcode == switch).any() for b in self.blocks) else "3.0"

    def _remarks(self) -> list[str]:
        circuit = self.circuit
        lines = []
        used = max((q for b in self.blocks for q in b.touched_qubits if q < circuit.num_physical), default=-1)
        if used + 1 < circuit.num_physical:
            lines.append(f"// qir.physical {circuit.num_physical}")
        if circuit.layout is not None:
            lines.append(f"// qir.layout {list(circuit.layout.initial)} {list(circuit.layout.final)}".replace(", ", ","))
        return lines

    def _variable(self, variable: Variable) -> str:
        head = "" if variable.kind == "local" else f"{variable.kind} "
        tail = "" if variable.initial is None else f" = {self._expression(variable.initial, self.scope)}"
        return f"{head}{variable.type} {self.variables.get(variable.name, variable.name)}{tail};"

    def _definition(self, definition: Definition, name: str) -> str:
        taken: set[str] = set()
        params: list[str] = []
        qubits: list[str] = []
        for names, source in ((params, definition.params), (qubits, definition.qubits)):
            for each in source:
                names.append(identifier(each, taken))
                taken.add(names[-1])
        head = f"({', '.join(params)})" if params else ""
        if definition.body is None:
            return f"defcal {name}{head} {', '.join(qubits)} {{}}"
        renamed = {a: b for a, b in zip(definition.params, params) if a != b}
        scope = _Scope(qubits, [], [(i, i + 1, q) for i, q in enumerate(qubits)], {}, renamed)
        lines = self._body(definition.body, scope, 1)
        body = " ".join(lines[0].split()) if len(lines) == 1 and "\n" not in lines[0] else None
        opening = f"gate {name}{head} {', '.join(qubits)} {{"
        if body is not None:
            return f"{opening} {body} }}"
        return "\n".join([opening, *lines, "}"]) if lines else f"{opening} }}"

    def _body(self, root: Circuit, scope: _Scope, depth: int) -> list[str]:
        """The statements of a circuit, one string each, blocks and all, indented.

        Blocks are numbered parents first and printed children first: no recursion.
        """
        todo: list[tuple[Circuit, int]] = [(root, depth)]
        children: list[dict[int, list[int]]] = []
        for block, level in todo:
            mine: dict[int, list[int]] = {}
            for row in _block_rows(block):
                extra = block.extras[block.columns.extra[row]]
                mine[row] = []
                for i, child in enumerate(extra.blocks):
                    mine[row].append(len(todo))
                    chained = isinstance(extra.payload, If) and i == 1 and _chains(child)
                    todo.append((child, level + (0 if chained else 2 if isinstance(extra.payload, Switch) else 1)))
            children.append(mine)
        printed: dict[int, list[str]] = {}
        for index in range(len(todo) - 1, -1, -1):
            block, level = todo[index]
            inner = {row: [printed.pop(i) for i in numbers] for row, numbers in children[index].items()}
            lines = _Lines(self, block, scope, inner, level).lines()
            if index and block.variables:
                known = {v.name for v in self.circuit.variables}
                lines = [INDENT * level + self._variable(v) for v in block.variables if v.name not in known] + lines
            printed[index] = lines
        return printed[0]

    # -- small texts -----------------------------------------------------------------------

    def _angle(self, value: Angle, scope: _Scope | None = None) -> str:
        if value.is_number:
            return self.dialect.number(value.constant)
        return self._text(value.to_expr(), scope or self.scope, self.dialect.number)

    def _expression(self, value: Expr, scope: _Scope) -> str:
        return self._text(value, scope, _exact)

    def _text(self, value: Expr, scope: _Scope, number: Callable[[float], str]) -> str:
        if scope.variables:
            value = fold(value, lambda node, parts: _renamed(node, parts, scope.variables))
        self._note_externs(value)

        def leaf(node: Expr) -> str:
            if node.op == "bit":
                return scope.bits[int(str(node.value))]
            return scope.registers.get(str(node.value), str(node.value))

        return expr_text(value, leaf, float_format=number)

    def _note_externs(self, value: Expr) -> None:
        for node in value.walk():
            if node.op == "call" and node.value not in _FUNCTIONS:
                self.extern(str(node.value), node.args, node.type)

    def extern(self, name: str, arguments: tuple[Expr, ...], result: ClassicalType | None) -> None:
        """Declare an external function by the types it is called with."""
        tail = "" if result is None or result.kind == "void" else f" -> {result}"
        self.externs.setdefault(name, f"extern {name}({', '.join(str(a.type) for a in arguments)}){tail};")

    def duration(self, value: Duration, scope: _Scope) -> str:
        if isinstance(value.value, Expr):
            return self._expression(value.value, scope)
        number = repr(int(value.value)) if float(value.value).is_integer() and abs(value.value) < 2**53 else repr(value.value)
        return f"{number}{value.unit}"


class _Lines:
    """Prints the rows of one body."""

    def __init__(self, writer: _Writer, body: Circuit, scope: _Scope, inner: dict[int, list[list[str]]], level: int) -> None:
        self.writer = writer
        self.body = body
        self.scope = scope
        self.inner = inner
        self.indent = INDENT * level

    def lines(self) -> list[str]:
        columns, indent = self.body.columns, self.indent
        texts = np.empty(len(columns), dtype=object)
        plain = columns.extra < 0
        codes = columns.opcode
        rows = np.flatnonzero(plain)
        order = rows[np.argsort(codes[rows], kind="stable")]
        values, starts = np.unique(codes[order], return_index=True)
        for code, group in zip(values.tolist(), np.split(order, starts[1:])):
            texts[group] = self._group(code, columns, group)
        for row in np.flatnonzero(~plain).tolist():
            if row in self.inner:
                texts[row] = self._control(row)
            else:
                texts[row] = self._special(row)
        items: list[Any] = texts.tolist()
        if self.inner:
            items = [line for item in items for line in ((item,) if isinstance(item, str) else item)]
        result: list[str] = items
        if self.body.global_phase != Angle():
            result.insert(0, f"{indent}gphase({self.writer._angle(self.body.global_phase, self.scope)});")
        return result

    def _group(self, code: int, columns: Columns, rows: npt.NDArray[np.int64]) -> list[str]:
        """The statements of all plain rows of one opcode."""
        head = self.indent + self._name(code)
        wires = self.scope.wires
        qubits = columns.qubits[rows]
        width = int((qubits[0] >= 0).sum()) if len(rows) else 0
        operands = [[wires[q] for q in column] for column in qubits.T[:width].tolist()]
        if code == OPERATIONS["measure"]:
            targets = columns.clbit[rows].tolist()
            bits = [f"{self.scope.bits[c]} = " if c >= 0 else "" for c in targets]
            return [f"{self.indent}{c}measure {q};" for c, q in zip(bits, operands[0])]
        count = len(self.body.definitions[code - USER].params) if code >= USER else 0
        if code < NUM_GATES:
            count = GATES[self.body.opname(code)].num_params
        joined = operands[0] if width == 1 else list(map(", ".join, zip(*operands)))
        if not width:
            joined = [""] * len(rows)
        if not count:
            return [f"{head} {q};" if q else f"{head};" for q in joined]
        angles = [self._angles(columns, rows, k) for k in range(count)]
        inside = angles[0] if count == 1 else map(", ".join, zip(*angles))
        if not width:
            return [f"{head}({a});" for a in inside]
        return [f"{head}({a}) {q};" for a, q in zip(inside, joined)]

    def _name(self, code: int) -> str:
        if code >= USER:
            return self.writer.user_names[id(self.body.definitions[code - USER])]
        name = self.body.opname(code)
        return self.writer.gate_names.get(name, name)

    def _angles(self, columns: Columns, rows: npt.NDArray[np.int64], k: int) -> list[str]:
        constants = columns.params[rows, k]
        texts = _number_texts(constants, self.writer.dialect.number)
        if columns.terms is not None:
            symbols = columns.terms[rows, k]
            cache: dict[tuple[float, int], str] = {}
            for i in np.flatnonzero(symbols).tolist():
                key = (float(constants[i]), int(symbols[i]))
                if key not in cache:
                    cache[key] = self.writer._angle(Angle(key[0], self.body.angles[key[1] - 1].terms), self.scope)
                texts[i] = cache[key]
        return texts

    # -- one by one ------------------------------------------------------------------------

    def _special(self, row: int) -> str:
        body = self.body
        extra = body.extras[body.columns.extra[row]]
        code = int(body.columns.opcode[row])
        notes = "".join(f"{line}\n" for line in self._notes(extra))
        if code < NUM_GATES or code >= USER or code == OPERATIONS["pauliexp"]:
            return f"{notes}{self.indent}{self._gate(row, code, extra)}"
        return f"{notes}{self.indent}{self._statement(row, body.opname(code), extra)}"

    def _notes(self, extra: Extra) -> list[str]:
        return [f"{self.indent}{_annotation(a)}" for a in extra.annotations]

    def _gate(self, row: int, code: int, extra: Extra) -> str:
        name = self.writer.gate_names[PAULIEXP + str(extra.payload)] if code == OPERATIONS["pauliexp"] else self._name(code)
        angles = ", ".join(self.writer._angle(a, self.scope) for a in self.body.row_angles(row))
        qubits = ", ".join(self.scope.wires[q] for q in self.body.operands(row))
        call = f"{name}({angles})" if angles else name
        return f"{_modifiers(extra)}{call}{' ' if qubits else ''}{qubits};"

    def _statement(self, row: int, name: str, extra: Extra) -> str:
        writer, scope, payload = self.writer, self.scope, extra.payload
        operands = self.body.operands(row)
        if name == "measure":
            clbit = int(self.body.columns.clbit[row])
            target = f"{scope.bits[clbit]} = " if clbit >= 0 else ""
            return f"{target}measure {self._qubits(operands)};"
        if name in ("reset", "barrier"):
            return f"{name}{' ' if operands else ''}{self._qubits(operands)};"
        if name == "delay":
            assert isinstance(payload, Duration)
            return f"delay[{writer.duration(payload, scope)}] {self._qubits(operands)};"
        if name == "assign":
            assert isinstance(payload, Assign)
            return f"{writer._expression(payload.target, scope)} = {writer._expression(payload.value, scope)};"
        if name == "call":
            assert isinstance(payload, Call)
            writer.extern(payload.name, payload.arguments, payload.target.type if payload.target is not None else None)
            call = f"{payload.name}({', '.join(writer._expression(a, scope) for a in payload.arguments)});"
            return call if payload.target is None else f"{writer._expression(payload.target, scope)} = {call}"
        if name == "return":
            return "return;" if not isinstance(payload, Expr) else f"return {writer._expression(payload, scope)};"
        if name == "pragma":
            text = str(payload)
            return text if _VERBATIM.match(text) else f"pragma {text}"
        return f"{name};"

    def _control(self, row: int) -> list[str]:
        """The lines of an operation with blocks."""
        writer, scope, indent = self.writer, self.scope, self.indent
        extra = self.body.extras[self.body.columns.extra[row]]
        payload, blocks, lines = extra.payload, self.inner[row], self._notes(extra)

        def block(head: str, inner: list[str], *, depth: str = indent) -> None:
            lines.extend([f"{depth}{head} {{", *inner, f"{depth}}}"])

        if isinstance(payload, If):
            block(f"if ({writer._expression(payload.condition, scope)})", blocks[0])
            if len(blocks) > 1:
                lines.pop()
                if _chains(extra.blocks[1]):
                    lines.append(f"{indent}}} else {blocks[1][0].lstrip()}")
                    lines += blocks[1][1:]
                else:
                    block("} else", blocks[1])
        elif isinstance(payload, While):
            block(f"while ({writer._expression(payload.condition, scope)})", blocks[0])
        elif isinstance(payload, For):
            variable = payload.variable
            label = writer.variables.get(variable.name, variable.name)
            block(f"for {variable.type} {label} in {self._values(payload)}", blocks[0])
        elif isinstance(payload, Switch):
            lines.append(f"{indent}switch ({writer._expression(payload.subject, scope)}) {{")
            for i, body in enumerate(blocks):
                labels = payload.labels[i] if i < len(payload.labels) else None
                head = "default" if labels is None else f"case {', '.join(map(str, labels))}"
                block(head, body, depth=indent + INDENT)
            lines.append(f"{indent}}}")
        else:
            length = f"[{writer.duration(payload, scope)}]" if isinstance(payload, Duration) else ""
            block(self.body.opname(int(self.body.columns.opcode[row])) + length, blocks[0])
        return lines

    def _values(self, payload: For) -> str:
        if isinstance(payload.values, tuple):
            return "{" + ", ".join(self.writer._expression(v, self.scope) for v in payload.values) + "}"
        text = self.writer._expression(payload.values, self.scope)
        return f"[{text}]" if payload.values.op == "range" else text

    def _qubits(self, qubits: tuple[int, ...]) -> str:
        """Operands of a statement that takes registers, whole registers by name."""
        names, runs, i = [], {start: (stop, name) for start, stop, name in self.scope.runs}, 0
        while i < len(qubits):
            stop, name = runs.get(qubits[i], (0, ""))
            size = stop - qubits[i]
            if name and size > 1 and qubits[i : i + size] == tuple(range(qubits[i], stop)):
                names.append(name)
                i += size
            else:
                names.append(self.scope.wires[qubits[i]])
                i += 1
        return ", ".join(names)


# -- helpers -------------------------------------------------------------------------------


def _number_texts(values: npt.NDArray[np.float64], number: Callable[[float], str]) -> list[str]:
    different, inverse = np.unique(values, return_inverse=True)
    if number is format_float:
        texts = list(map(repr, different.tolist()))
        # Only quotients that come near a fraction of pi are worth a close look.
        near = different * (192 / np.pi)
        for i in np.flatnonzero(np.abs(near - np.rint(near)) < 1e-6).tolist():
            texts[i] = format_float(float(different[i]))
    else:
        texts = [number(v) for v in different.tolist()]
    return [texts[i] for i in inverse.ravel().tolist()]


def _exact(value: float) -> str:
    return "0.0" if value == 0 else format_float(value)


def _modifiers(extra: Extra) -> str:
    text = ""
    controls = extra.controls
    while controls:
        run = len(controls) - len(controls.lstrip(controls[0]))
        text += ("ctrl" if controls[0] == "1" else "negctrl") + (f"({run})" if run > 1 else "") + " @ "
        controls = controls[run:]
    if extra.power == -1:
        text += "inv @ "
    elif extra.power != 1:
        power = int(extra.power) if float(extra.power).is_integer() else extra.power
        text += f"pow({power!r}) @ "
    return text


def _annotation(text: str) -> str:
    return text if text.startswith("@") else f"@{text}"


def _paulis(text: str) -> bool:
    return bool(text) and not set(text) - set("IXYZ")


def _block_rows(circuit: Circuit) -> list[int]:
    rows = np.flatnonzero(circuit.columns.extra >= 0).tolist() if any(e.blocks for e in circuit.extras) else []
    return [row for row in rows if circuit.extras[circuit.columns.extra[row]].blocks]


def _all_blocks(circuit: Circuit) -> list[Circuit]:
    """The circuit and all blocks in it, parents first."""
    found = [circuit]
    for block in found:
        for extra in block.extras:
            found.extend(extra.blocks)
    return found


def _chains(block: Circuit) -> bool:
    """Whether an else branch is one `if`, so that it can be written `else if`."""
    if len(block.columns) != 1 or int(block.columns.opcode[0]) != OPERATIONS["if"] or block.global_phase != Angle():
        return False
    return not block.extras[block.columns.extra[0]].annotations


def _variables(body: Circuit) -> list[Variable]:
    loops = [e.payload.variable for e in body.extras if isinstance(e.payload, For)]
    return [*body.variables, *loops]


def _renamed(node: Expr, parts: list[Expr], names: Mapping[str, str]) -> Expr:
    value = names.get(str(node.value), node.value) if node.op == "var" else node.value
    return replace(node, value=value, args=tuple(parts))


def _gate_names(definition: Definition) -> list[str]:
    """Gates of the table that a definition of ours uses."""
    assert definition.body is not None
    return [definition.body.opname(c) for c in distinct(definition.body.columns.opcode).tolist()]


def _content(definition: Definition) -> object:
    return (definition.params, definition.qubits, None if definition.body is None else str(definition.body._key()))


def _distinct(definitions: list[Definition]) -> list[Definition]:
    kept: dict[tuple[str, object], Definition] = {}
    for definition in definitions:
        kept.setdefault((definition.name, _content(definition)), definition)
    return list(kept.values())


def _dependencies_first(definitions: list[Definition], order: Mapping[int, int]) -> list[Definition]:
    """Every definition after those it calls, otherwise as they were declared."""
    result: list[Definition] = []
    done: set[int] = set()
    ranked = sorted(definitions, key=lambda d: order.get(id(d), len(order)))
    stack = [(d, False) for d in reversed(ranked)]
    while stack:
        definition, ready = stack.pop()
        if id(definition) in done:
            continue
        if ready or definition.body is None:
            done.add(id(definition))
            result.append(definition)
            continue
        stack.append((definition, True))
        for body in _all_blocks(definition.body):
            for code in distinct(body.columns.opcode).tolist():
                if code >= USER:
                    stack.append((body.definitions[code - USER], False))
    return result


def _complete(registers: Iterable[Register], first: int, count: int, name: str) -> list[Register]:
    """The registers in order of their wires, and one more for every gap from `first` to `count`."""
    result: list[Register] = []
    names = {r.name for r in registers}
    at = first
    for register in sorted(registers, key=lambda r: (r.start, r.size > 0)):
        if register.start > at:
            result.append(Register(_fresh(name, names), at, register.start - at))
        result.append(register)
        at = register.start + register.size
    if at < count:
        result.append(Register(_fresh(name, names), at, count - at))
    return result


def _fresh(name: str, names: set[str]) -> str:
    result = identifier(name, names)
    names.add(result)
    return result


def _scope(
    circuit: Circuit,
    qregs: list[Register],
    qubit_names: Mapping[str, str],
    registers: Mapping[str, str],
    variables: Mapping[str, str],
) -> _Scope:
    wires = [f"${k}" for k in range(circuit.num_physical)]
    runs = []
    for register in qregs:
        name = qubit_names[register.name]
        wires += _elements(register, name)
        runs.append((register.start, register.start + register.size, name))
    bits = [""] * circuit.num_clbits
    for register in circuit.cregs:
        bits[register.start : register.start + register.size] = _elements(register, registers[register.name])
    return _Scope(wires, bits, runs, registers, variables)


def _elements(register: Register, name: str) -> list[str]:
    return [name] if register.scalar else [f"{name}[{i}]" for i in range(register.size)]


def _declaration(kind: str, name: str, size: int, scalar: bool) -> str:
    return f"{kind} {name};" if scalar else f"{kind}[{size}] {name};"
