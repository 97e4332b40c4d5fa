"""Building circuits operation by operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from qir.circuit import Circuit, Definition, Duration, Extra, For, If, Layout, Register, Switch, Variable, While
from qir.columns import NAMES, OPERATIONS, USER, Columns
from qir.diagnostics import Diagnostic
from qir.errors import UsageError
from qir.expressions import ClassicalType, Expr, bit, constant, register
from qir.gates import ALIASES, GATES, gate, opcode
from qir.params import Angle, AngleLike, angle
from qir.source import Source

__all__ = ["CircuitBuilder"]


class CircuitBuilder:
    """Builds a circuit operation by operation; every gate of the table is a method.

    A gate method takes its angles, then its qubits: `builder.rz("theta", 0).cx(0, 1)`.  A string
    in place of an angle names an input parameter, which is declared when first used.
    """

    def __init__(self, num_qubits: int = 0, num_clbits: int = 0) -> None:
        self._num_physical = 0
        self._num_qubits = 0
        self._num_clbits = 0
        self._qregs: list[Register] = []
        self._cregs: list[Register] = []
        self._variables: list[Variable] = []
        self._definitions: list[Definition] = []
        self._opcode: list[int] = []
        self._qubits: list[tuple[int, int, int]] = []
        self._params: list[tuple[float, float, float]] = []
        self._clbit: list[int] = []
        self._extra: list[int] = []
        self._span: list[int] = []
        self._terms: dict[int, tuple[int, int, int]] = {}
        self._extras: list[Extra] = []
        self._angles: dict[Angle, int] = {}
        self._spans: list[tuple[int, ...]] = []
        self._phase = Angle()
        self._name = ""
        self._source: Source | None = None
        self._layout: Layout | None = None
        self._frames: tuple[Angle, ...] | None = None
        self._diagnostics: tuple[Diagnostic, ...] = ()
        if num_qubits:
            self.add_qubits("q", num_qubits)
        if num_clbits:
            self.add_bits("c", num_clbits)

    @staticmethod
    def like(circuit: Circuit) -> CircuitBuilder:
        """A builder with the same wires, variables and definitions as a circuit, and no operations."""
        builder = CircuitBuilder()
        builder._num_physical = circuit.num_physical
        builder._num_qubits, builder._num_clbits = circuit.num_qubits, circuit.num_clbits
        builder._qregs, builder._cregs = list(circuit.qregs), list(circuit.cregs)
        builder._variables, builder._definitions = list(circuit.variables), list(circuit.definitions)
        builder._name, builder._source = circuit.name, circuit.source
        builder._spans = [] if circuit.span_table is None else [tuple(row) for row in circuit.span_table.tolist()]
        builder._layout, builder._frames = circuit.layout, circuit.frames
        return builder

    # -- wires -----------------------------------------------------------------------------

    def add_qubits(self, name: str, size: int | None = None) -> Register:
        """A named quantum register (a single qubit when `size` is None); returns it."""
        found = Register(name, self._num_qubits, 1 if size is None else size, size is None)
        self._qregs.append(found)
        self._num_qubits += found.size
        return found

    def add_bits(self, name: str, size: int | None = None) -> Register:
        """A named classical register (a single bit when `size` is None); returns it."""
        found = Register(name, self._num_clbits, 1 if size is None else size, size is None)
        self._cregs.append(found)
        self._num_clbits += found.size
        return found

    def physical(self, count: int) -> CircuitBuilder:
        """Make wires 0 .. count-1 the hardware qubits `$0` ...; before any register is added."""
        if self._qregs:
            raise UsageError("hardware qubits come before the registers")
        self._num_physical = self._num_qubits = max(self._num_physical, count)
        return self

    def add_variable(self, variable: Variable) -> CircuitBuilder:
        """Declare an input parameter, an output or a run-time variable."""
        self._variables.append(variable)
        return self

    def define(self, definition: Definition) -> CircuitBuilder:
        """Make a user gate known; apply it by its name with `append`."""
        self._definitions.append(definition)
        return self

    # -- operations ------------------------------------------------------------------------

    def append(
        self,
        name: str,
        qubits: Sequence[int],
        params: Sequence[AngleLike] = (),
        clbits: Sequence[int] = (),
        *,
        extra: Extra | None = None,
        span: tuple[int, int] | None = None,
    ) -> CircuitBuilder:
        """Append an operation of any kind by name.

        UsageError for an unknown name, a wrong number of operands or angles, a qubit that is out
        of range or stands twice.
        """
        code = self._code(name)
        angles = [self._angle(p) for p in params]
        controls = len(extra.controls) if extra else 0
        self._check(name, code, qubits, len(angles), controls)
        if code == 0 and extra is None:
            self._phase = self._phase + angles[0]
            return self
        if len(qubits) > 3 or len(angles) > 3:
            extra = replace(
                extra or Extra(),
                qubits=tuple(qubits) if len(qubits) > 3 else None,
                params=tuple(angles) if len(angles) > 3 else None,
            )
        row = len(self._opcode)
        self._opcode.append(code)
        wide = extra is not None and extra.qubits is not None
        narrow = (*(() if wide else qubits), -1, -1, -1)
        self._qubits.append((narrow[0], narrow[1], narrow[2]))
        if extra is not None and extra.params is not None:
            angles = []
        numbers = (*(a.constant for a in angles), 0.0, 0.0, 0.0)
        self._params.append((numbers[0], numbers[1], numbers[2]))
        if any(a.terms for a in angles):
            t = (*(self._term(a) for a in angles), 0, 0, 0)
            self._terms[row] = (t[0], t[1], t[2])
        self._clbit.append(clbits[0] if name == "measure" and clbits else -1)
        if extra is not None:
            if clbits and name != "measure":
                extra = replace(extra, clbits=tuple(clbits))
            self._extra.append(len(self._extras))
            self._extras.append(extra)
        else:
            self._extra.append(-1)
        if span is None:
            self._span.append(-1)
        else:
            self._span.append(len(self._spans))
            self._spans.append(span)
        return self

    def _code(self, name: str) -> int:
        for i, definition in enumerate(self._definitions):
            if definition.name == name:
                return USER + i
        if name in OPERATIONS:
            return OPERATIONS[name]
        if gate(name) is None:
            raise UsageError(f"there is no gate {name!r}")
        return opcode(name)

    def _angle(self, value: AngleLike) -> Angle:
        result = angle(value)
        if isinstance(value, str) and all(v.name != value for v in self._variables):
            self._variables.append(Variable(value, ClassicalType("float", 64), "input"))
        return result

    def _term(self, value: Angle) -> int:
        if not value.terms:
            return 0
        return self._angles.setdefault(value.symbolic, len(self._angles) + 1)

    def _check(self, name: str, code: int, qubits: Sequence[int], num_params: int, controls: int) -> None:
        for q in qubits:
            if not 0 <= q < self._num_qubits:
                raise UsageError(f"{name}: qubit {q} is out of range, the circuit has {self._num_qubits}")
        if len(set(qubits)) != len(qubits):
            raise UsageError(f"{name}: a qubit stands twice in {tuple(qubits)}")
        wanted: tuple[int, int] | None = None
        if code < 256:
            row = GATES[NAMES[code]]
            wanted = (row.num_qubits, row.num_params)
        elif code >= USER:
            definition = self._definitions[code - USER]
            wanted = (len(definition.qubits), len(definition.params))
        if wanted is not None:
            if len(qubits) != wanted[0] + controls:
                raise UsageError(f"{name} takes {wanted[0] + controls} qubits, not {len(qubits)}")
            if num_params != wanted[1]:
                raise UsageError(f"{name} takes {wanted[1]} angles, not {num_params}")

    def __getattr__(self, name: str) -> Callable[..., CircuitBuilder]:
        if name.startswith("_") or gate(name) is None:
            raise AttributeError(name)
        row = gate(name)
        assert row is not None
        return self._gate_method(row.name, row.num_params)

    def _gate_method(self, name: str, num_params: int) -> Callable[..., CircuitBuilder]:
        def method(*arguments: AngleLike) -> CircuitBuilder:
            qubits = [int(q) for q in arguments[num_params:]]  # type: ignore[arg-type]
            return self.append(name, qubits, arguments[:num_params])

        method.__name__ = name
        return method

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *GATES, *ALIASES})

    def controlled(self, name: str, controls: Sequence[int], targets: Sequence[int], params: Sequence[AngleLike] = (),
                   *, state: str | None = None, power: float = 1.0) -> CircuitBuilder:  # fmt: skip
        """A gate with any number of controls; `state` has one of 0 and 1 per control (default all 1)."""
        extra = Extra(controls=state or "1" * len(controls), power=power)
        return self.append(name, [*controls, *targets], params, extra=extra)

    def pauliexp(self, paulis: str, theta: AngleLike, *qubits: int) -> CircuitBuilder:
        """exp(-i theta/2 P); the rightmost letter of `paulis` acts on the first qubit."""
        if len(paulis) != len(qubits) or set(paulis) - set("IXYZ"):
            raise UsageError(f"pauliexp: {paulis!r} does not fit {len(qubits)} qubits")
        wide = tuple(qubits) if len(qubits) > 3 else None
        return self.append("pauliexp", qubits, [theta], extra=Extra(qubits=wide, payload=paulis))

    def measure(self, qubit: int, clbit: int | None = None) -> CircuitBuilder:
        """Measure a qubit in the Z basis into a bit (or nowhere)."""
        if clbit is not None and not 0 <= clbit < self._num_clbits:
            raise UsageError(f"measure: bit {clbit} is out of range, the circuit has {self._num_clbits}")
        return self.append("measure", [qubit], clbits=() if clbit is None else (clbit,))

    def measure_all(self, name: str = "meas") -> CircuitBuilder:
        """Measure every qubit into a new register."""
        bits = self.add_bits(name, self._num_qubits)
        for q in range(self._num_qubits):
            self.measure(q, bits.start + q)
        return self

    def reset(self, *qubits: int) -> CircuitBuilder:
        for q in qubits:
            self.append("reset", [q])
        return self

    def barrier(self, *qubits: int) -> CircuitBuilder:
        """A barrier on the qubits, or on all of them."""
        chosen = qubits or tuple(range(self._num_qubits))
        return self.append("barrier", chosen, extra=Extra(qubits=tuple(chosen)))

    def delay(self, duration: float, *qubits: int, unit: str = "ns") -> CircuitBuilder:
        """An idle time on the qubits (each on its own)."""
        for q in qubits:
            self.append("delay", [q], extra=Extra(payload=Duration(duration, unit)))
        return self

    # -- control flow ----------------------------------------------------------------------

    def block(self) -> CircuitBuilder:
        """A builder over the same wires, for the body of control flow."""
        child = CircuitBuilder()
        child._num_physical = self._num_physical
        child._num_qubits, child._num_clbits = self._num_qubits, self._num_clbits
        child._qregs, child._cregs = list(self._qregs), list(self._cregs)
        child._variables, child._definitions = list(self._variables), list(self._definitions)
        child._source, child._spans = self._source, self._spans
        return child

    def control(self, name: str, payload: If | While | For | Switch | Duration | None, *blocks: Circuit,
                span: tuple[int, int] | None = None, annotations: tuple[str, ...] = ()) -> CircuitBuilder:  # fmt: skip
        """An operation with blocks: box, if, for, while, switch."""
        qubits = sorted({q for b in blocks for q in b.touched_qubits})
        clbits = {c for b in blocks for c in b.touched_clbits}
        condition: Expr | None = None
        if isinstance(payload, (If, While)):
            condition = payload.condition
        elif isinstance(payload, Switch):
            condition = payload.subject
        if condition is not None:
            clbits |= set(condition.clbits)
            for found in self._cregs:
                if found.name in condition.registers:
                    clbits |= set(range(found.start, found.start + found.size))
        extra = Extra(tuple(qubits), tuple(sorted(clbits)), blocks=blocks, payload=payload, annotations=annotations)
        return self.append(name, qubits, clbits=extra.clbits, extra=extra, span=span)

    def if_(self, condition: Expr | tuple[int | str, int], body: Circuit | CircuitBuilder,
            orelse: Circuit | CircuitBuilder | None = None) -> CircuitBuilder:  # fmt: skip
        """Run `body` when the condition holds, else `orelse`.

        A condition is an expression, or (bit index or register name, value) for equality.
        """
        if isinstance(condition, tuple):
            what, value = condition
            if isinstance(what, int):
                left: Expr = bit(what)
                condition = left if value else Expr("!", None, (left,))
            else:
                found = next((r for r in self._cregs if r.name == what), None)
                if found is None:
                    raise UsageError(f"there is no classical register {what!r}")
                condition = Expr("==", None, (register(what, found.size), constant(value)))
        blocks = [b.build() if isinstance(b, CircuitBuilder) else b for b in (body, orelse) if b is not None]
        return self.control("if", If(condition), *blocks)

    # -- result ----------------------------------------------------------------------------

    def build(self) -> Circuit:
        """The circuit.  The builder may be used further."""
        count = len(self._opcode)
        terms = None
        if self._terms:
            terms = np.zeros((count, 3), np.int32)
            for row, values in self._terms.items():
                terms[row] = values
        columns = Columns(
            np.array(self._opcode, np.int32),
            np.array(self._qubits, np.int32).reshape(-1, 3),
            np.array(self._params, np.float64).reshape(-1, 3),
            np.array(self._clbit, np.int32),
            np.array(self._extra, np.int32),
            np.array(self._span, np.int32),
            terms,
        )
        return Circuit(
            columns,
            self._num_qubits,
            self._num_physical,
            tuple(self._qregs),
            tuple(self._cregs),
            tuple(self._angles),
            tuple(self._extras),
            tuple(self._definitions),
            tuple(self._variables),
            self._phase,
            self._layout,
            self._frames,
            self._name,
            self._source,
            np.array(self._spans, np.int64).reshape(-1, 2) if self._spans else None,
            self._diagnostics,
        )
