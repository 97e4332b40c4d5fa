"""Gate definitions and gate calls: parameters, broadcasting, modifiers.

Modifiers become gates of the table where there is one (`ctrl @ x` is cx, `inv @ s` is sdg,
`pow(0.5) @ rx(a)` is rx(a/2), `ctrl @ gphase(a)` is p(a)); what is left stays on the call as
controls and a power.  A definition becomes the table's gate of that name when its unitary is
exactly that gate's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from qir.circuit import Circuit, Definition, Extra, Register
from qir.columns import OPERATIONS, USER
from qir.definitions import PAULIEXP, known_as
from qir.expressions import FLOAT, Expr
from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3.evaluate import Evaluator, Operand
from qir.frontends.openqasm3.resolve import Bits, Entity, Failure, Gate, Poison, Qubits, Scope, Subroutine, Variable
from qir.frontends.openqasm3.rows import Rows, Wiring
from qir.frontends.openqasm3.types import ANGLE, Value, describe
from qir.gates import ALIASES, GATES, STDGATES, gate, opcode
from qir.limits import Limits
from qir.params import Angle, from_expr
from qir.source import Source

__all__ = ["GateCalls", "Modified", "NeedsValue"]

_CONTROLLED: dict[tuple[str, str], str] = {
    ("x", "1"): "cx", ("y", "1"): "cy", ("z", "1"): "cz", ("h", "1"): "ch", ("s", "1"): "cs", ("sdg", "1"): "csdg",
    ("sx", "1"): "csx", ("sxdg", "1"): "csxdg", ("p", "1"): "cp", ("u1", "1"): "cp", ("rx", "1"): "crx", ("ry", "1"): "cry",
    ("rz", "1"): "crz", ("u", "1"): "cu3", ("swap", "1"): "cswap", ("cx", "1"): "ccx", ("cz", "1"): "ccz",
    ("x", "11"): "ccx", ("z", "11"): "ccz", ("gphase", "1"): "p", ("gphase", "11"): "cp",
}  # fmt: skip
"""Gates that are another gate with controls."""

_UNCONTROLLED: dict[str, tuple[str, str]] = {
    "cx": ("x", "1"), "cy": ("y", "1"), "cz": ("z", "1"), "ch": ("h", "1"), "cp": ("p", "1"), "crx": ("rx", "1"),
    "cry": ("ry", "1"), "crz": ("rz", "1"), "cswap": ("swap", "1"), "ccx": ("x", "11"), "ccz": ("z", "11"), "cs": ("s", "1"),
    "csdg": ("sdg", "1"), "csx": ("sx", "1"), "csxdg": ("sxdg", "1"), "cu3": ("u", "1"),
}  # fmt: skip

_SCALED = frozenset({"gphase", "p", "u1", "rx", "ry", "rz", "cp", "crx", "cry", "crz", "rxx", "ryy", "rzz", "rzx", "zz"})
"""One-angle gates whose integer powers multiply the angle (fractional ones do within a turn)."""

_NATIVE = ("gpi", "gpi2", "ms", "zz")


class NeedsValue(Exception):
    """A gate body cannot be lowered without the values of its parameters."""


@dataclass(slots=True)
class Modified:
    """A gate with its modifiers folded in: controls first, then the gate to some power."""

    controls: str = ""
    power: float = 1.0


class GateCalls(Evaluator):
    """Lowers gate definitions and calls."""

    def __init__(self, source: Source, statements: list[s.Statement], version: int, limits: Limits) -> None:
        super().__init__(source, statements, version, limits)
        self.wiring = Wiring()
        self.rows = Rows()
        self.operations = 0
        """Gates after expanding all calls, for the limit."""
        self.current_span = -1
        self.defining = ""
        """The gate whose body is being lowered."""
        self.qelib_included = False
        self._specialised: dict[tuple[int, tuple[float, ...]], Gate] = {}

    # -- spans and emission ----------------------------------------------------------------

    def mark(self, node: s.Node) -> int:
        """A row of the span table for a statement."""
        if self.checking:
            return -1
        if self.source is not self.main_source:
            return self.current_span
        spans = self.wiring.spans
        spans.append((node.start, node.end))
        return len(spans) - 1

    def count_operations(self, number: int, node: s.Node) -> None:
        """Count gates against the limit, before they are made."""
        self.operations += number
        limit = self.limits.operations
        if limit is not None and self.operations > limit:
            raise self.fail("limit.exceeded", f"the program expands to more than {limit} operations", node,
                            "raise Limits.operations if that is meant")  # fmt: skip

    # -- looking up ------------------------------------------------------------------------

    def gate_entity(self, name: s.Name) -> Gate:
        """The gate a call names.  Failure with name.undeclared-gate, gate.not-a-gate, ..."""
        text = name.text
        entity = self.find(text)
        if entity is None:
            if text in _NATIVE and self.version == 3:
                self.warn("style.dialect", f"`{text}` is used without a definition: taken for IonQ's native gate", name)
                row = GATES[text]
                found = Gate(text, num_params=row.num_params, num_qubits=row.num_qubits, table=text)
                self.builtins[text] = found
                return found
            if text == self.defining:
                raise self.fail("gate.recursive", f"the gate `{text}` uses itself", name)
            if text in _WRITTEN and self.qelib_included:
                return self._written(text)
            self.lookup(name, "name.undeclared-gate", "gate")
        found_entity: Entity = self.lookup(name, "name.undeclared-gate", "gate")
        if not isinstance(found_entity, Gate):
            if isinstance(found_entity, Poison):
                raise Failure
            what = {"Qubits": "a qubit", "Bits": "a classical bit", "Subroutine": "a subroutine", "Extern": "an extern"}.get(
                type(found_entity).__name__, "a variable")  # fmt: skip
            help = "call it with parentheses" if isinstance(found_entity, Subroutine) else None
            raise self.fail("gate.not-a-gate", f"`{text}` is {what}, not a gate", name, help)
        return found_entity

    def _written(self, name: str) -> Gate:
        """A gate of qelib1.inc that the table does not have, from its definition."""
        from qir.frontends.openqasm3.parse import parse

        source, self.source = self.source, Source(_WRITTEN[name], "qelib1.inc")
        scopes, self.scopes = self.scopes, self.scopes[:1]
        try:
            (statement,) = parse(self.source, version=2).statements
            assert isinstance(statement, s.GateStatement)
            self.gate_definition(statement)
        finally:
            self.source, self.scopes = source, scopes
        entity = self.scopes[0].names[name]
        assert isinstance(entity, Gate)
        entity.declared, entity.weak = None, True
        return entity

    # -- calls -----------------------------------------------------------------------------

    def gate_call(self, node: s.GateCall) -> None:
        """Lower one gate call: the entry for flat statements."""
        if node.name.text == "gphase":
            entity: Gate = _GPHASE
        else:
            entity = self.gate_entity(node.name)
        arguments = node.arguments or []
        modified = self.modifiers(node.modifiers) if node.modifiers else None
        if self.version == 2 and node.modifiers:
            raise self.fail("syn.statement", "OpenQASM 2 has no gate modifiers", node.modifiers[0])
        failed = False
        params: list[float | Angle] = []
        if len(arguments) != entity.num_params:
            wanted = f"{entity.num_params} parameter{'s' * (entity.num_params != 1)}"
            self.report("gate.param-count", f"`{entity.name}` takes {wanted}, not {len(arguments)}", node, self._usage(entity))
            failed = True
        else:
            for argument in arguments:
                try:
                    params.append(self.angle(argument))
                except Failure:
                    failed = True
        if modified is None and node.duration is None and not failed and not entity.macro:
            wires = self._plain_wires(node.operands)
            if wires is not None and len(wires) == entity.num_qubits:
                self.count_operations(entity.size, node)
                extra = Extra(annotations=node.annotations) if node.annotations else None
                self._emit(node, entity, params, wires, None, extra, self.mark(node))
                return
        operands: list[Qubits] = []
        for operand in node.operands:
            try:
                operands.append(self.qubits(operand))
            except Failure:
                failed = True
        controls = len(modified.controls) if modified else 0
        wanted_qubits = entity.num_qubits + controls
        if len(node.operands) != wanted_qubits:
            gives = f"{wanted_qubits} qubit{'s' * (wanted_qubits != 1)}"
            what = f"`{entity.name}` with its controls" if controls else f"`{entity.name}`"
            raise self.fail("gate.qubit-count", f"{what} takes {gives}, not {len(node.operands)}", node, self._usage(entity))
        if failed:
            raise Failure
        if node.duration is not None:
            self.duration(node.duration)
        self.apply(node, entity, params, operands, modified)

    def _plain_wires(self, operands: list[s.Expression]) -> tuple[int, ...] | None:
        """The wires of operands that are single qubits or elements with a literal index; None for
        any other, and for what is wrong."""
        wires: list[int] = []
        for node in operands:
            kind = type(node)
            if kind is s.Index:
                item = node.items[0]  # type: ignore[attr-defined]
                base = node.base  # type: ignore[attr-defined]
                if type(item) is not s.Literal or item.kind != "int" or type(base) is not s.Name or len(node.items) != 1:  # type: ignore[attr-defined]
                    return None
                entity = self.lookup(base)
                if type(entity) is not Qubits or entity.scalar or entity.formal or item.value >= len(entity.wires):
                    return None
                wires.append(entity.wires[item.value])
            elif kind is s.Name:
                entity = self.lookup(node)  # type: ignore[arg-type]
                if type(entity) is not Qubits or not entity.scalar:
                    return None
                wires.append(entity.wires[0])
            else:
                return None
        return tuple(wires)

    def _usage(self, entity: Gate) -> str:
        angles = f"({', '.join('abcdefgh'[: entity.num_params])})" if entity.num_params else ""
        return f"`{entity.name}{angles} {', '.join(f'q{i}' for i in range(entity.num_qubits))};`"

    def duration(self, node: s.Expression) -> Value:
        raise NotImplementedError

    def angle(self, node: s.Expression) -> float | Angle:
        """An angle as a number or in normal form.  Failure when it is none."""
        if type(node) is s.Literal and node.kind == "float":
            return node.value
        before, self.in_angle = self.in_angle, True
        try:
            value = self.value(node)
        finally:
            self.in_angle = before
        kind = value.type.kind
        if kind not in ("float", "angle", "int"):
            if kind in ("uint", "bool") or (kind == "bit" and value.type.width is None):
                pass
            else:
                raise self.fail("type.mismatch", f"an angle is expected, not {describe(value.type)}", node)
        if value.type.dims:
            raise self.fail("type.mismatch", f"an angle is expected, not {describe(value.type)}", node)
        if value.known is not None:
            return float(value.known)
        try:
            return from_expr(value.to_expr())
        except (ValueError, OverflowError, ZeroDivisionError):
            raise self.fail("const.value", "this angle has no value", node) from None

    def qubits(self, node: s.Expression) -> Qubits:
        """The qubits an operand names.  Failure when it names none."""
        operand: Operand = self.evaluate(node)
        if isinstance(operand, Qubits):
            return operand
        what = "a classical bit" if isinstance(operand, Bits) else describe(operand.type)
        raise self.fail("type.mismatch", f"`{self.text(node)}` is {what}, not a qubit", node)

    def modifiers(self, modifiers: list[s.Modifier]) -> Modified:
        """Fold modifiers, right-most first.  pow and inv commute with ctrl."""
        result = Modified()
        for modifier in reversed(modifiers):
            if modifier.kind == "inv":
                result.power = -result.power
            elif modifier.kind == "pow":
                assert modifier.argument is not None
                result.power *= self._exponent(modifier.argument)
            else:
                count = 1
                if modifier.argument is not None:
                    count = self.integer(modifier.argument, bad="modifier.argument", what="the number of controls")
                if count < 1:
                    raise self.fail("modifier.argument", f"`{modifier.kind}` takes a positive number of controls, not {count}",
                                    modifier.argument)  # fmt: skip
                limit = self.limits.controls
                if limit is not None and len(result.controls) + count > limit:
                    raise self.fail("limit.exceeded", f"more than {limit} controls", modifier)
                result.controls = ("1" if modifier.kind == "ctrl" else "0") * count + result.controls
        return result

    def _exponent(self, node: s.Expression) -> float:
        before, self.in_angle = self.in_angle, True
        try:
            value = self.value(node)
        finally:
            self.in_angle = before
        if value.type.dims or value.type.kind not in ("int", "uint", "float", "bool", "angle"):
            raise self.fail("modifier.argument", f"a power is a number, not {describe(value.type)}", node)
        if value.known is None:
            if any(scope.kind == "gate" for scope in self.scopes):
                raise NeedsValue
            if self.checking:
                raise Failure
            raise self.fail("feature.unsupported", "a power that is only known at run time is not compiled", node)
        return float(value.known)

    def apply(self, node: s.GateCall, entity: Gate, params: list[float | Angle], operands: list[Qubits],
              modified: Modified | None) -> None:  # fmt: skip
        """Broadcast a gate over its operands and emit it."""
        if entity.macro:
            entity = self.specialise(node, entity, params)
            params = []
        sizes = {len(q.wires) for q in operands if not q.scalar}
        if len(sizes) > 1:
            shown = ", ".join(f"`{self.text(n)}` has {len(q.wires)}" for n, q in zip(node.operands, operands) if not q.scalar)
            raise self.fail("broadcast.size", f"registers of different sizes: {shown}", node)
        count = sizes.pop() if sizes else 1
        self.count_operations(count * entity.size, node)
        if count > 1 and self.limits.operations is not None and count > self.limits.operations:
            raise Failure
        span = self.mark(node)
        extra = Extra(annotations=node.annotations) if node.annotations else None
        if sizes or any(not q.scalar for q in operands):
            columns = [q.wires if not q.scalar else q.wires * count for q in operands]
            for row in zip(*columns):
                self._emit(node, entity, params, row, modified, extra, span)
        else:
            self._emit(node, entity, params, tuple(q.wires[0] for q in operands), modified, extra, span)

    def _emit(self, node: s.GateCall, entity: Gate, params: list[float | Angle], wires: tuple[int, ...],
              modified: Modified | None, extra: Extra | None, span: int) -> None:  # fmt: skip
        if len(wires) > 1 and len(set(wires)) != len(wires):
            twice = next(w for i, w in enumerate(wires) if w in wires[:i])
            raise self.fail("qubit.duplicate", f"`{node.name.text}` uses the same qubit twice", node,
                            f"it is {self.wire_name(twice)}")  # fmt: skip
        table = entity.table
        if entity.paulis:
            modified = modified or Modified()
            found = self._extra(extra, modified.controls, modified.power)
            self.rows.add(OPERATIONS["pauliexp"], wires, params, -1, replace(found, payload=entity.paulis), span)
            return
        if modified is None and not entity.controls:
            if table is not None:
                code = opcode(table)
                if code == 0 and extra is None:
                    self.rows.phase = self.rows.phase + params[0]
                    return
                self.rows.add(code, wires, params, -1, extra, span)
            else:
                self._user(entity)
                self.rows.add(USER + entity.definition, wires, params, -1, extra, span)
            return
        controls = (modified.controls if modified else "") + entity.controls
        power = modified.power if modified else 1.0
        if table is None:
            self._user(entity)
            if power == 0:
                return
            self.rows.add(USER + entity.definition, wires, params, -1, self._extra(extra, controls, power), span)
            return
        for name, angles, states, exponent in normalise(table, params, controls, power):
            code = opcode(name)
            used = wires[: len(states) + GATES[name].num_qubits] if states or GATES[name].num_qubits else ()
            if code == 0 and extra is None and not states and exponent == 1:
                self.rows.phase = self.rows.phase + angles[0]
                continue
            plain = not states and exponent == 1
            self.rows.add(code, used, angles, -1, extra if plain else self._extra(extra, states, exponent), span)

    def _user(self, entity: Gate) -> None:
        self.rows.max_definition = max(self.rows.max_definition, entity.definition)

    def _extra(self, extra: Extra | None, controls: str, power: float) -> Extra:
        return Extra(controls=controls, power=power, annotations=extra.annotations if extra else ())

    def wire_name(self, wire: int) -> str:
        """How the text calls a wire."""
        if any(scope.kind == "gate" for scope in self.scopes):
            for scope in self.scopes:
                for name, entity in scope.names.items():
                    if scope.kind == "gate" and isinstance(entity, Qubits) and entity.wires == (wire,):
                        return f"`{name}`"
        if wire < self.wiring.num_physical:
            return f"`${wire}`"
        for found in self.wiring.qregs:
            if found.start <= wire < found.start + found.size:
                return f"`{found.name}`" if found.scalar else f"`{found.name}[{wire - found.start}]`"
        return "the same qubit"

    # -- definitions -----------------------------------------------------------------------

    def gate_definition(self, node: s.GateStatement) -> None:
        """Lower a gate definition."""
        if not self.at_global:
            raise self.fail("decl.scope", "a gate can only be defined at the top level", node.name)
        name = node.name.text
        entity = Gate(name, num_params=len(node.params), num_qubits=len(node.qubits), node=node, source=self.source)
        seen: dict[str, s.Token] = {}
        for token in (*node.params, *node.qubits):
            if token.text in seen:
                self.report("name.redeclared", f"`{token.text}` stands twice among the arguments of `{name}`", token)
            seen[token.text] = token
        before = self.scopes[-1].names.get(name)
        if before is not None and before.weak and node.body is None:
            return  # `opaque` restates a gate that is known.
        if node.body is None:
            self.declare(node.name, entity)
            entity.opaque = True
            row = gate(name)
            if row is not None and (row.num_params, row.num_qubits) == (entity.num_params, entity.num_qubits) and (
                self.version == 2 or row.native):  # fmt: skip
                entity.table = row.name
                return
            self._define(entity, Definition(name, tuple(t.text for t in node.params), tuple(t.text for t in node.qubits), None))
            return
        errors = self.errors
        try:
            body, size = self._gate_body(node, None)
        except NeedsValue:
            entity.macro = True
            self.declare(node.name, entity)
            return
        self.declare(node.name, entity)
        if self.errors > errors:
            self.scopes[-1].names[name] = Poison(name, self.span(node.name))
            return
        entity.size = size
        definition = Definition(name, tuple(t.text for t in node.params), tuple(t.text for t in node.qubits), body)
        known = known_as(definition) or (name if self._is_table_gate(entity, definition) else None)
        if known is not None:
            entity.size = 1
            entity.paulis = known.removeprefix(PAULIEXP) if known.startswith(PAULIEXP) else ""
            entity.table = None if entity.paulis else known
            return
        self._define(entity, definition)

    def _define(self, entity: Gate, definition: Definition) -> None:
        """Add a definition to the program.  A gate of OpenQASM 2 that has the name of one of the
        standard gates of 3 and is another gets a name of its own."""
        if self.version == 2 and definition.name in STDGATES:
            taken = {d.name for d in self.definitions} | set(self.scopes[0].names)
            number = next(n for n in range(len(taken) + 1) if f"{definition.name}_{n}" not in taken)
            definition = replace(definition, name=f"{definition.name}_{number}")
        entity.definition = len(self.definitions)
        self.definitions.append(definition)

    def _is_table_gate(self, entity: Gate, definition: Definition) -> bool:
        """Whether a definition is exactly the table's gate of its name, global phase included."""
        row = GATES.get(entity.name)
        if row is None or (row.num_params, row.num_qubits) != (entity.num_params, entity.num_qubits) or entity.size > 200:
            return False
        body = definition.body
        assert body is not None
        import numpy as np

        from qir.dense import unitary
        from qir.errors import QirError

        probes = [[0.3, -1.1, 2.7, 0.9][: row.num_params], [-2.2, 0.4, 1.3, -0.6][: row.num_params]] if row.num_params else [[]]
        for probe in probes:
            try:
                matrix = unitary(body._bind(dict(zip(definition.params, map(Angle, probe)))))
            except (QirError, ArithmeticError, ValueError):
                return False
            wanted = row.matrix(*(np.array([p]) for p in probe))[0]
            if not np.allclose(matrix, wanted, rtol=0, atol=1e-12):
                return False
        return True

    def _gate_body(self, node: s.GateStatement, values: list[float] | None) -> tuple[Circuit, int]:
        """The body as a circuit over its own wires, and the number of gates it expands to.  `values`
        are those of the parameters, when the body needs them."""
        assert node.body is not None
        rows, wiring, operations, scopes = self.rows, self.wiring, self.operations, self.scopes
        span_table = wiring.spans
        self.rows, self.operations = Rows(), 0
        registers = [Register(t.text, i, 1, True) for i, t in enumerate(node.qubits)]
        self.wiring = Wiring(num_qubits=len(node.qubits), qregs=registers, spans=span_table)
        scope = Scope("gate")
        defining, self.defining = self.defining, node.name.text
        self.scopes = [self.scopes[0], scope]
        try:
            for i, token in enumerate(node.params):
                value = Value(FLOAT, None, Expr("var", token.text, (), FLOAT)) if values is None else Value(FLOAT, values[i])
                entity: Entity = Variable(token.text, type=ANGLE, role="parameter", value=value)
                self._formal(scope, token, entity)
            for i, token in enumerate(node.qubits):
                self._formal(scope, token, Qubits(token.text, wires=(i,), scalar=True, formal=True))
            self.run_body(node.body)
            definitions = tuple(self.definitions[: self.rows.max_definition + 1])
            body = self.rows.circuit(self.wiring, definitions, None)
            return body, max(self.operations, 1)
        finally:
            self.rows, self.wiring, self.operations, self.scopes = rows, wiring, operations, scopes
            self.defining = defining

    def _formal(self, scope: Scope, token: s.Token, entity: Entity) -> None:
        entity.declared = self.span(token)
        scope.names[token.text] = entity
        self.entities.append(entity)

    def run_body(self, body: s.Block) -> None:
        raise NotImplementedError

    def specialise(self, node: s.GateCall, entity: Gate, params: list[float | Angle]) -> Gate:
        """A gate whose body needs the values of its parameters, made for these values."""
        values: list[float] = []
        for p in params:
            if isinstance(p, Angle):
                if not p.is_number:
                    if any(scope.kind == "gate" for scope in self.scopes):
                        raise NeedsValue
                    message = f"`{entity.name}` needs the value of its parameter when compiling"
                    raise self.fail("feature.unsupported", message, node)
                values.append(p.constant)
            else:
                values.append(p)
        key = (id(entity), tuple(values))
        found = self._specialised.get(key)
        if found is not None:
            return found
        assert entity.node is not None and entity.source is not None
        source, self.source = self.source, entity.source
        errors = self.errors
        try:
            body, size = self._gate_body(entity.node, values)
        finally:
            self.source = source
        if self.errors > errors:
            raise Failure
        taken = {d.name for d in self.definitions} | set(self.scopes[0].names)
        number = 0
        while f"{entity.name}_{number}" in taken:
            number += 1
        name = f"{entity.name}_{number}"
        made = Gate(name, num_params=0, num_qubits=entity.num_qubits, size=size)
        self._define(made, Definition(name, (), tuple(t.text for t in entity.node.qubits), body))
        self._specialised[key] = made
        return made

    # -- included gates --------------------------------------------------------------------

    def include_standard(self, names: list[tuple[str, str, str]], weak: frozenset[str], node: s.Include) -> None:
        """Declare gates by rows of the table: (name, table gate, controls)."""
        scope = self.scopes[0]
        for name, table, controls in names:
            before = scope.names.get(name)
            if before is not None:
                if name in weak or (isinstance(before, Gate) and before.declared is None):
                    continue
                where = f" on line {before.declared.line}" if before.declared else ""
                self.report("name.redeclared", f"the include declares `{name}`, which is already declared{where}", node)
                continue
            row = GATES[table]
            entity = Gate(name, num_params=row.num_params, num_qubits=row.num_qubits + len(controls), table=row.name,
                          controls=controls)  # fmt: skip
            entity.weak = name in weak
            scope.names[name] = entity

    def opaque_calibration(self, node: s.Calibration) -> None:
        """Make a gate that is only known from its defcal callable, as an opaque one."""
        name = node.name
        if not name or name in ("measure", "reset", "delay") or self.find(name) is not None:
            return
        head = node.text[6 : node.text.find("{")]
        found = re.match(r"\s*\w+\s*(?:\(([^)]*)\))?\s*(.*?)\s*(?:->.*)?$", head, re.DOTALL)
        if found is None:
            return
        params = [p for p in (found[1] or "").split(",") if p.strip()]
        qubits = [q for q in found[2].split(",") if q.strip()]
        entity = Gate(name, num_params=len(params), num_qubits=len(qubits), opaque=True)
        self.scopes[0].names[name] = entity
        self._define(entity, Definition(name, tuple(f"p{i}" for i in range(len(params))),
                                        tuple(f"q{i}" for i in range(len(qubits))), None))  # fmt: skip


_GPHASE = Gate("gphase", num_params=1, num_qubits=0, table="gphase")

Step = tuple[str, list[Any], str, float]
"""Table gate, its angles, controls in front of its own, power."""


def normalise(name: str, params: list[float | Angle], controls: str, power: float) -> list[Step]:
    """A modified gate of the table as gates of the table with as few modifiers as possible.

    Exact, global phase included.  pow first, as that is what the controls control.
    """
    base, states = name, controls
    if power != 1 and name in _UNCONTROLLED:
        base, own = _UNCONTROLLED[name]
        states = controls + own
    angles: list[Any] = list(params)
    if power == int(power):
        times = int(power)
        if times == 0:
            return []
        row = GATES[base]
        if base in _SCALED:
            angles, power = [a * float(times) for a in angles], 1.0
        elif times < 0 or (row.hermitian and times != 1):
            if times < 0:
                inverse = GATES[row.inverse]
                if base != "cu" or inverse.name == "cu":
                    angles = list(row.invert(*angles))
                    base, times = inverse.name, -times
            if GATES[base].hermitian:
                if times % 2 == 0:
                    return []
                times = 1
            power = float(times)
        if power > 1:
            simpler = _POWERS.get((base, int(power) % _ORDERS.get(base, 1 << 60)))
            if simpler is not None:
                if simpler == "id":
                    return []
                base, power = simpler, 1.0
    else:
        fractional = _ROOTS.get((base, power))
        number = angles[0] if angles and not isinstance(angles[0], Angle) else None
        if fractional is not None:
            base, power = fractional, 1.0
        elif base == "z":
            base, angles, power = "p", [power * 3.141592653589793], 1.0
        elif base in _SCALED and base != "zz" and number is not None and _principal(base, number):
            angles, power = [number * power], 1.0
    if states:
        merged = _merge(base, states)
        if merged is not None and power == 1:
            base, states = merged
    return [(base, angles, states, power)]


def _principal(base: str, angle: float) -> bool:
    """Whether the eigenphases of a rotation lie in (-pi, pi], so that its roots divide the angle."""
    half = 1.0 if base in ("p", "u1", "gphase") else 0.5
    return -3.141592653589793 < angle * half < 3.141592653589793 or (angle * half == 3.141592653589793 and half == 1.0)


def _merge(base: str, states: str) -> tuple[str, str] | None:
    """A gate with its last controls taken into a controlled gate of the table."""
    for count in (2, 1):
        if len(states) >= count:
            found = _CONTROLLED.get((base, states[-count:]))
            if found is not None:
                rest = states[:-count]
                return _merge(found, rest) or (found, rest) if rest else (found, "")
    return None


_POWERS: dict[tuple[str, int], str] = {
    ("s", 2): "z", ("s", 3): "sdg", ("s", 0): "id", ("sdg", 2): "z", ("sdg", 3): "s", ("sdg", 0): "id", ("t", 2): "s",
    ("t", 4): "z", ("t", 6): "sdg", ("t", 7): "tdg", ("t", 0): "id", ("tdg", 2): "sdg", ("tdg", 4): "z", ("tdg", 6): "s",
    ("tdg", 7): "t", ("tdg", 0): "id", ("sx", 2): "x", ("sx", 3): "sxdg", ("sx", 0): "id", ("sxdg", 2): "x",
    ("sxdg", 3): "sx", ("sxdg", 0): "id", ("s", 1): "s", ("sdg", 1): "sdg", ("t", 1): "t", ("tdg", 1): "tdg", ("sx", 1): "sx",
    ("sxdg", 1): "sxdg",
}  # fmt: skip
_ORDERS = {"s": 4, "sdg": 4, "t": 8, "tdg": 8, "sx": 4, "sxdg": 4}
_ROOTS: dict[tuple[str, float], str] = {
    ("x", 0.5): "sx", ("x", -0.5): "sxdg", ("z", 0.5): "s", ("z", -0.5): "sdg", ("z", 0.25): "t", ("z", -0.25): "tdg",
    ("s", 0.5): "t", ("s", -0.5): "tdg", ("sdg", 0.5): "tdg", ("sdg", -0.5): "t",
}  # fmt: skip

_LEGACY = (
    ("u", "u", ""), ("p", "p", ""), ("sx", "sx", ""), ("sxdg", "sxdg", ""), ("swap", "swap", ""),
    ("cswap", "cswap", ""), ("crx", "crx", ""), ("cry", "cry", ""), ("cp", "cp", ""), ("csx", "csx", ""), ("cu", "cu", ""),
    ("rxx", "rxx", ""), ("rzz", "rzz", ""), ("rccx", "rccx", ""), ("c3x", "x", "111"), ("c3sqrtx", "sx", "111"),
    ("c4x", "x", "1111"),
)  # fmt: skip
_WRITTEN = {
    "u0": "gate u0(gamma) a { id a; }",
    "rc3x": "gate rc3x a, b, c, d { h d; t d; cx c, d; tdg d; h d; cx a, d; t d; cx b, d; tdg d; cx a, d; t d; cx b, d; "
            "tdg d; h d; t d; cx c, d; tdg d; h d; }",
}
"""Legacy gates of qelib1.inc without a row in the table."""
_PAPER = ("u3", "u2", "u1", "cx", "id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "rx", "ry", "rz", "cz", "cy", "ch", "ccx",
          "crz", "cu1", "cu3")  # fmt: skip

STANDARD: list[tuple[str, str, str]] = sorted(
    (name, ALIASES.get(name, name), "") for name in STDGATES if name not in ("U", "gphase")
)
QELIB: list[tuple[str, str, str]] = [(name, ALIASES.get(name, name), "") for name in _PAPER] + list(_LEGACY)
WEAK = frozenset(name for name, _, _ in _LEGACY)
BARRIER = OPERATIONS["barrier"]
