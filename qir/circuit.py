"""The IR: an immutable circuit held as columns in program order.

Wires.  A circuit has `num_qubits` quantum wires and `num_clbits` classical bits.  The first
`num_physical` wires are hardware qubits: wire k is `$k`.  The others belong to the named
registers of `qregs`; the bits belong to those of `cregs`.  Blocks of control flow are circuits
over the same wires as the circuit that holds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from qir.columns import CONTROL, NAMES, OPERATIONS, USER, Columns, Wires, is_gate, layers, wires
from qir.diagnostics import Diagnostic
from qir.errors import UsageError
from qir.expressions import ClassicalType, Expr
from qir.gates import GATES, opcode
from qir.params import Angle, AngleLike, angle
from qir.source import Source, Span

if TYPE_CHECKING:
    from qir.dag import Dag

__all__ = [
    "Assign", "Call", "Circuit", "Definition", "Duration", "Extra", "For", "If", "Layout", "Operation",
    "Register", "Switch", "Variable", "While",
]  # fmt: skip


class Register(NamedTuple):
    """A named run of wires: `start` to `start + size - 1`.  `scalar` when declared without a size."""

    name: str
    start: int
    size: int
    scalar: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A classical variable that lives at run time, or an input parameter.

    kind: "input" (a value given from outside), "output", or "local".  `initial` is its first
    value.  Names are unique in a circuit; those of inner scopes were renamed where needed.
    """

    name: str
    type: ClassicalType
    kind: str = "local"
    initial: Expr | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the program's qubits sit: `initial[q]` and `final[q]` are the wires that hold program
    qubit q before the first and after the last operation."""

    initial: tuple[int, ...]
    final: tuple[int, ...]

    @staticmethod
    def trivial(size: int) -> Layout:
        return Layout(tuple(range(size)), tuple(range(size)))


@dataclass(frozen=True, slots=True)
class If:
    """Payload of `if`: blocks[0] when the condition holds, blocks[1], if there is one, otherwise."""

    condition: Expr


@dataclass(frozen=True, slots=True)
class While:
    """Payload of `while`: blocks[0] as long as the condition holds."""

    condition: Expr


@dataclass(frozen=True, slots=True)
class For:
    """Payload of `for`: blocks[0] with the variable taking the values of a `range` expression, of a
    tuple of expressions, or of the elements of an array or bit variable."""

    variable: Variable
    values: Expr | tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """Payload of `switch`: blocks[i] for the labels[i]; one block more is the default."""

    subject: Expr
    labels: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Assign:
    """Payload of `assign`: target (variable, bit, register or element) becomes value."""

    target: Expr
    value: Expr


@dataclass(frozen=True, slots=True)
class Call:
    """Payload of `call`: an extern, or a subroutine that could not be inlined."""

    name: str
    arguments: tuple[Expr, ...] = ()
    target: Expr | None = None


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: a number in `unit` (dt, ns, us, ms, s), or an expression with unit ""."""

    value: float | Expr
    unit: str = "ns"


@dataclass(frozen=True, slots=True)
class Extra:
    """What does not fit the columns of one operation.

    qubits: all operands when there are more than three, or when the operation has blocks.
    clbits: classical bits read or written, other than the column's.
    params: all angles when there are more than three.
    controls: modifiers, the first operand first: '1' for ctrl, '0' for negctrl.
    power: the gate (before its controls are added) is raised to this power; fractional powers
        are principal ones (eigenphases in (-pi, pi]).
    blocks, payload: see the payload classes; a str for the Paulis of `pauliexp` (rightmost letter
        on the first qubit) and for the text of `pragma`; a `Duration` for `delay` and `box`.
    annotations: texts of the annotations bound to the operation.
    """

    qubits: tuple[int, ...] | None = None
    clbits: tuple[int, ...] = ()
    params: tuple[Angle, ...] | None = None
    controls: str = ""
    power: float = 1.0
    blocks: tuple[Circuit, ...] = ()
    payload: If | While | For | Switch | Assign | Call | Duration | Expr | str | None = None
    annotations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """A user gate: its body acts on wires 0 .. num_qubits-1 and uses the parameters by name.
    `body` is None for an opaque gate."""

    name: str
    params: tuple[str, ...]
    qubits: tuple[str, ...]
    body: Circuit | None


class Operation(NamedTuple):
    """One operation, for reading.  `params` are floats, or `Angle` where symbolic.  `name` is the
    gate's; modifiers, blocks and the like are in `extra`."""

    name: str
    qubits: tuple[int, ...]
    params: tuple[float | Angle, ...] = ()
    clbits: tuple[int, ...] = ()
    span: Span | None = None
    extra: Extra | None = None


class Operations(Sequence[Operation]):
    """The operations of a circuit as a sequence; rows are made when asked for."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit

    def __len__(self) -> int:
        return len(self._circuit.columns)

    @overload
    def __getitem__(self, index: int) -> Operation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Operation]: ...
    def __getitem__(self, index: int | slice) -> Operation | list[Operation]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._circuit.operation(index % len(self))

    def __iter__(self) -> Iterator[Operation]:
        return (self._circuit.operation(i) for i in range(len(self)))

    def __repr__(self) -> str:
        return repr(list(self))


@dataclass(frozen=True, eq=False)
class Circuit:
    """An immutable circuit.  Build one with `CircuitBuilder`; a pass returns a new one.

    angles: the symbolic parts that `columns.terms` refers to (each without constant).
    extras: what `columns.extra` refers to.    definitions: user gates, see `columns.USER`.
    variables: input parameters, outputs and run-time variables, in order of declaration.
    global_phase: radians.
    layout: where the program's qubits sit, when a pass moved them.
    frames: per wire the angle (radians) of a z rotation still to be applied at the end, or None.
    span_table: (m, 2) offsets into `source.text`, for `columns.span`.
    """

    columns: Columns
    num_qubits: int
    num_physical: int = 0
    qregs: tuple[Register, ...] = ()
    cregs: tuple[Register, ...] = ()
    angles: tuple[Angle, ...] = ()
    extras: tuple[Extra, ...] = ()
    definitions: tuple[Definition, ...] = ()
    variables: tuple[Variable, ...] = ()
    global_phase: Angle = Angle()
    layout: Layout | None = None
    frames: tuple[Angle, ...] | None = None
    name: str = ""
    source: Source | None = None
    span_table: npt.NDArray[np.int64] | None = field(default=None, repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()

    # -- reading ---------------------------------------------------------------------------

    @cached_property
    def num_clbits(self) -> int:
        return max((r.start + r.size for r in self.cregs), default=0)

    @property
    def ops(self) -> Operations:
        """The operations in program order."""
        return Operations(self)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the input parameters that have no value yet, sorted."""
        declared = {v.name for v in self.variables if v.kind == "input"}
        local = {v.name for v in self.variables if v.kind != "input"} | self._loop_variables()
        used = {name for a in self.all_angles() for name in a.parameters}
        return tuple(sorted(declared | (used - local)))

    def _loop_variables(self) -> set[str]:
        """Names of the variables of `for` loops, in all blocks."""
        names: set[str] = set()
        pending = [self]
        while pending:
            for extra in pending.pop().extras:
                pending += extra.blocks
                if isinstance(extra.payload, For):
                    names.add(extra.payload.variable.name)
        return names

    def all_angles(self) -> Iterator[Angle]:
        """Every symbolic angle in the circuit and its blocks."""
        pending = [self]
        for circuit in pending:
            yield from circuit.angles
            yield from circuit.frames or ()
            yield circuit.global_phase
            for extra in circuit.extras:
                yield from extra.params or ()
                pending.extend(extra.blocks)

    def opname(self, code: int) -> str:
        """The name behind an opcode."""
        return NAMES[code] if code < USER else self.definitions[code - USER].name

    def operands(self, row: int) -> tuple[int, ...]:
        """The qubits of one operation, controls first."""
        extra = int(self.columns.extra[row])
        if extra >= 0 and (wide := self.extras[extra].qubits) is not None:
            return wide
        return tuple(q for q in self.columns.qubits[row].tolist() if q >= 0)

    def row_angles(self, row: int) -> tuple[Angle, ...]:
        """The angles of one operation."""
        columns = self.columns
        extra = int(columns.extra[row])
        if extra >= 0 and (wide := self.extras[extra].params) is not None:
            return wide
        code = int(columns.opcode[row])
        if code >= USER:
            count = len(self.definitions[code - USER].params)
        elif code in NAMES and NAMES[code] in GATES:
            count = GATES[NAMES[code]].num_params
        else:
            count = 1 if code == OPERATIONS["pauliexp"] else 0
        values = columns.params[row].tolist()[:count]
        if columns.terms is None:
            return tuple(Angle(v) for v in values)
        terms = columns.terms[row].tolist()
        return tuple(Angle(v, self.angles[t - 1].terms) if t else Angle(v) for v, t in zip(values, terms))

    def operation(self, row: int) -> Operation:
        """One operation, for reading."""
        columns = self.columns
        extra_row = int(columns.extra[row])
        extra = self.extras[extra_row] if extra_row >= 0 else None
        params = tuple(a.constant if a.is_number else a for a in self.row_angles(row))
        clbit = int(columns.clbit[row])
        clbits = (clbit,) if clbit >= 0 else (extra.clbits if extra else ())
        return Operation(self.opname(int(columns.opcode[row])), self.operands(row), params, clbits, self.span(row), extra)

    def span(self, row: int) -> Span | None:
        """Where an operation comes from."""
        index = int(self.columns.span[row])
        if index < 0 or self.span_table is None or self.source is None:
            return None
        start, end = self.span_table[index].tolist()
        return Span(self.source, start, end)

    def count_ops(self) -> dict[str, int]:
        """Operations by name, the most frequent first."""
        codes, counts = np.unique(self.columns.opcode, return_counts=True)
        rows = sorted(zip((-counts).tolist(), codes.tolist()))
        result: dict[str, int] = {}
        for count, code in rows:
            name = self.opname(code)
            result[name] = result.get(name, 0) - count
        return result

    @cached_property
    def wires(self) -> Wires:
        """All legs sorted by wire; bit c is wire num_qubits + c."""
        columns = self.columns
        count = len(columns)
        if not self.extras and self.num_qubits + self.num_clbits < 2**16:
            return self._plain_wires()
        index = np.arange(count, dtype=np.int32)
        ops, targets, legs = [], [], []
        for leg in range(3):
            column = columns.qubits[:, leg]
            rows = np.flatnonzero(column >= 0)
            ops.append(index[rows])
            targets.append(column[rows])
            legs.append(np.full(len(rows), leg, np.int32))
        rows = np.flatnonzero(columns.clbit >= 0)
        ops.append(index[rows])
        targets.append(columns.clbit[rows] + np.int32(self.num_qubits))
        legs.append(np.full(len(rows), 3, np.int32))
        for row in np.flatnonzero(columns.extra >= 0).tolist():
            extra = self.extras[columns.extra[row]]
            wide = (*(extra.qubits or ()), *(self.num_qubits + c for c in extra.clbits))
            ops.append(np.full(len(wide), row, np.int32))
            targets.append(np.array(wide, np.int32))
            legs.append(np.arange(len(wide), dtype=np.int32))
        return wires(np.concatenate(ops), np.concatenate(targets), np.concatenate(legs), self.num_qubits + self.num_clbits)

    def _plain_wires(self) -> Wires:
        """`wires` of a circuit whose legs are all in the columns.

        Legs in row order are in program order already; a stable sort of 16-bit keys is a radix sort.
        """
        operands, width = self.columns.qubits, 3
        if self.num_clbits:
            clbit, width = self.columns.clbit, 4
            operands = np.empty((len(clbit), 4), np.int32)
            operands[:, :3] = self.columns.qubits
            np.add(clbit, self.num_qubits, out=operands[:, 3])
            operands[clbit < 0, 3] = -1
        flat = operands.ravel()
        legs = np.flatnonzero(flat >= 0)
        wire = flat[legs]
        order = np.argsort(wire.astype(np.uint16), kind="stable")
        count = self.num_qubits + self.num_clbits
        start = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(wire, minlength=count), out=start[1:])
        op, leg = np.divmod(legs[order].astype(np.int32), np.int32(width))
        return Wires(op, wire[order], leg, start)

    @property
    def dag(self) -> Dag:
        """The dependency graph, derived on demand."""
        from qir.dag import Dag

        return Dag(self)

    def depth(self, *, two_qubit: bool = False) -> int:
        """Number of layers of gates (with `two_qubit`, of gates on two or more qubits).
        A block counts as its deepest branch, a loop as one pass through its body."""
        columns = self.columns
        weight = is_gate(columns.opcode) & (columns.opcode != opcode("gphase"))
        if two_qubit:
            weight &= self.widths >= 2
        blocks = np.flatnonzero(np.isin(columns.opcode, list(CONTROL)))
        if len(blocks):
            heights = weight.astype(np.int64)
            for row in blocks.tolist():
                bodies = self.extras[columns.extra[row]].blocks
                heights[row] = max((b.depth(two_qubit=two_qubit) for b in bodies), default=0)
            result = layers(self.wires, len(columns), heights)
        else:
            result = layers(self.wires, len(columns), weight)
        return int(result.max(initial=0))

    @cached_property
    def widths(self) -> npt.NDArray[np.int32]:
        """Number of qubits of every operation."""
        result = (self.columns.qubits >= 0).sum(axis=1).astype(np.int32)
        for row in np.flatnonzero(self.columns.extra >= 0).tolist():
            wide = self.extras[self.columns.extra[row]].qubits
            if wide is not None:
                result[row] = len(wide)
        return result

    @cached_property
    def touched_qubits(self) -> tuple[int, ...]:
        """Qubits that some operation acts on, ascending."""
        w = self.wires
        return tuple(np.flatnonzero(np.diff(w.start)[: self.num_qubits]).tolist())

    @cached_property
    def touched_clbits(self) -> tuple[int, ...]:
        """Classical bits that some operation reads or writes, ascending."""
        w = self.wires
        return tuple(np.flatnonzero(np.diff(w.start)[self.num_qubits :]).tolist())

    @property
    def is_dynamic(self) -> bool:
        """Whether it has control flow, or classical statements."""
        codes = self.columns.opcode
        first = OPERATIONS["if"]
        return bool(((codes >= first) & (codes < OPERATIONS["pragma"])).any())

    @cached_property
    def measures(self) -> bool:
        """Whether it measures anywhere, also inside blocks."""
        stack = [self]
        while stack:
            block = stack.pop()
            if (block.columns.opcode == OPERATIONS["measure"]).any():
                return True
            stack.extend(b for e in block.extras for b in e.blocks)
        return False

    @cached_property
    def is_mid_circuit(self) -> bool:
        """Whether it is more than gates followed by measurements: something happens on a qubit after
        it was measured, a qubit is reset after its first operation, or there is control flow."""
        if self.is_dynamic:
            return True
        codes = self.columns.opcode
        passive = np.isin(codes, [OPERATIONS[n] for n in ("barrier", "delay", "pragma")])
        w = self.wires
        legs = (w.wire < self.num_qubits) & ~passive[w.op]
        op, wire = w.op[legs], w.wire[legs]
        same = wire[1:] == wire[:-1]
        measured = codes[op[:-1]] == OPERATIONS["measure"]
        reset = codes[op[1:]] == OPERATIONS["reset"]
        return bool((same & (measured | reset)).any())

    def without_final_measurements(self) -> Circuit:
        """Without the measurements after which nothing happens on the qubit; registers stay."""
        columns = self.columns
        measured = columns.opcode == OPERATIONS["measure"]
        if not measured.any():
            return self
        passive = measured | np.isin(columns.opcode, [OPERATIONS[n] for n in ("barrier", "delay", "pragma")])
        w = self.wires
        active = ~passive[w.op]
        # Bits are wires too: a measurement whose bit is read later is not final.
        last = np.full(self.num_qubits + self.num_clbits, -1, np.int64)
        np.maximum.at(last, w.wire[active], w.op[active])
        rows = np.arange(len(columns))
        qubit = np.where(measured, columns.qubits[:, 0], 0)
        final = measured & (rows > last[qubit])
        kept = columns.clbit >= 0
        final &= ~kept | (rows > last[self.num_qubits + np.where(kept, columns.clbit, 0)] if self.num_clbits else ~kept)
        return self.with_columns(columns.take(~final)) if final.any() else self

    def to_unitary(self) -> npt.NDArray[np.complexfloating[Any, Any]]:
        """The unitary, global phase included, as a (2**n, 2**n) array; qubit 0 is the least
        significant bit.  UsageError when it is measured, dynamic, parametrised, or over 12 qubits."""
        from qir.dense import unitary

        return unitary(self)

    def bind(self, values: Mapping[str, AngleLike]) -> Circuit:
        """The circuit with parameters replaced by numbers (or other angles).

        UsageError names the parameters the circuit does not have.
        """
        unknown = sorted(set(values) - set(self.parameters))
        if unknown:
            known = ", ".join(self.parameters) or "none"
            raise UsageError(f"the circuit has no parameter {', '.join(unknown)}; it has {known}")
        return self._bind({name: angle(value) for name, value in values.items()})

    def _bind(self, values: Mapping[str, Angle]) -> Circuit:
        columns, angles = self.columns, self.angles
        if columns.terms is not None:
            bound = [a.bind(values) for a in angles]
            constants = np.array([0.0, *(a.constant for a in bound)])
            table: dict[Angle, int] = {}
            index = [0]
            for a in bound:
                index.append(0 if a.is_number else table.setdefault(a.symbolic, len(table) + 1))
            terms = np.array(index, np.int32)[columns.terms]
            params = columns.params + constants[columns.terms]
            columns = replace(columns, params=params, terms=terms if table else None)
            angles = tuple(table)
        else:
            angles = ()
        extras = tuple(
            replace(
                e,
                params=None if e.params is None else tuple(a.bind(values) for a in e.params),
                blocks=tuple(b._bind(values) for b in e.blocks),
            )
            if e.params or e.blocks
            else e
            for e in self.extras
        )
        return replace(
            self,
            columns=columns,
            angles=angles,
            extras=extras,
            variables=tuple(v for v in self.variables if v.kind != "input" or v.name not in values),
            global_phase=self.global_phase.bind(values),
            frames=None if self.frames is None else tuple(f.bind(values) for f in self.frames),
        )

    # -- making ----------------------------------------------------------------------------

    def with_columns(self, columns: Columns, **changes: Any) -> Circuit:
        """The circuit with other operations; the rest stays unless named."""
        # What `replace` does, without its sixteen calls: passes make circuits by the dozen.
        state = self.__dict__
        made = object.__new__(Circuit)
        made.__dict__.update([(name, state[name]) for name in _FIELDS], columns=columns, **changes)
        return made

    # -- comparing and printing ------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        """Same wires, names and operations; places in the text do not matter."""
        if not isinstance(other, Circuit):
            return NotImplemented
        return self._key() == other._key()

    __hash__ = None  # type: ignore[assignment]

    def _key(self) -> tuple[object, ...]:
        rows = [op._replace(span=None) for op in self.ops]
        return (
            self.num_qubits, self.num_physical, self.qregs, self.cregs, self.variables, self.global_phase, self.layout,
            self.frames, [d for d in self.definitions if d.name in {r.name for r in rows}], rows,
        )  # fmt: skip

    def __str__(self) -> str:
        from qir.emitters.openqasm3 import dumps

        return dumps(self)

    def __repr__(self) -> str:
        label = f" {self.name!r}" if self.name else ""
        return f"<Circuit{label}: {self.num_qubits} qubits, {self.num_clbits} clbits, {len(self.columns)} ops>"


_FIELDS = tuple(f.name for f in fields(Circuit))
