"""The IR: an immutable circuit held as columns in program order, and its builder.

Wires.  A circuit has `num_qubits` quantum wires and `num_clbits` classical bits.  The first
`num_physical` wires are hardware qubits: wire k is `$k`.  The others belong to the named
registers of `qregs`; the bits belong to those of `cregs`.  Blocks of control flow are circuits
over the same wires as the circuit that holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from qir.columns import CONTROL, NAMES, OPERATIONS, USER, Columns, Wires, is_gate, layers, wires
from qir.diagnostics import Diagnostic
from qir.errors import UsageError
from qir.expressions import ClassicalType, Expr, bit, constant, register
from qir.gates import ALIASES, GATES, gate, opcode
from qir.params import Angle, AngleLike, angle
from qir.source import Source, Span

if TYPE_CHECKING:
    import networkx

__all__ = [
    "Assign", "Call", "Circuit", "CircuitBuilder", "Dag", "Definition", "Duration", "Extra", "For", "If", "Layout", "Operation",
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

    def empty_like(self) -> CircuitBuilder:
        """A builder with the same wires, variables and definitions, and no operations."""
        builder = CircuitBuilder()
        builder._num_physical = self.num_physical
        builder._num_qubits, builder._num_clbits = self.num_qubits, self.num_clbits
        builder._qregs, builder._cregs = list(self.qregs), list(self.cregs)
        builder._variables, builder._definitions = list(self.variables), list(self.definitions)
        builder._name, builder._source = self.name, self.source
        builder._spans = [] if self.span_table is None else [tuple(row) for row in self.span_table.tolist()]
        builder._layout, builder._frames = self.layout, self.frames
        return builder

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


class Dag:
    """The dependency graph of a circuit, as views.  Operations are numbered by their row."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit

    def __len__(self) -> int:
        return len(self._circuit.columns)

    def wire(self, index: int) -> list[int]:
        """The operations on a wire in order (bit c is wire num_qubits + c)."""
        w = self._circuit.wires
        rows: list[int] = w.op[w.start[index] : w.start[index + 1]].tolist()
        return rows

    @cached_property
    def _edges(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        w = self._circuit.wires
        previous = w.previous()
        mask = previous >= 0
        return previous[mask], w.op[mask], w.wire[mask]

    def edges(self) -> list[tuple[int, int, int]]:
        """(operation, next operation, wire) for every wire segment between two operations."""
        a, b, wire = self._edges
        return list(zip(a.tolist(), b.tolist(), wire.tolist()))

    def successors(self, row: int) -> list[int]:
        """Operations that directly follow on some wire, ascending."""
        a, b, _ = self._edges
        return sorted(set(b[a == row].tolist()))

    def predecessors(self, row: int) -> list[int]:
        """Operations that directly precede on some wire, ascending."""
        a, b, _ = self._edges
        return sorted(set(a[b == row].tolist()))

    def layers(self) -> list[list[int]]:
        """Operations grouped into moments: each as early as its wires allow."""
        circuit = self._circuit
        level = layers(circuit.wires, len(self), np.ones(len(self), dtype=np.bool_))
        groups: list[list[int]] = [[] for _ in range(int(level.max(initial=0)))]
        for row, number in enumerate(level.tolist()):
            if number:
                groups[number - 1].append(row)
        return groups

    def longest_path(self) -> list[int]:
        """Rows of one longest chain of operations."""
        level = layers(self._circuit.wires, len(self), np.ones(len(self), dtype=np.bool_))
        if not len(level):
            return []
        row = int(level.argmax())
        path = [row]
        while level[row] > 1:
            row = next(p for p in self.predecessors(row) if level[p] == level[row] - 1)
            path.append(row)
        return path[::-1]

    def to_networkx(self) -> networkx.MultiDiGraph[int]:
        """A networkx graph: nodes are rows with `name`, `qubits`, `params`; edges carry `wire`."""
        import networkx

        graph: networkx.MultiDiGraph[int] = networkx.MultiDiGraph()
        for row, op in enumerate(self._circuit.ops):
            graph.add_node(row, name=op.name, qubits=op.qubits, params=op.params)
        for a, b, wire in self.edges():
            graph.add_edge(a, b, wire=wire)
        return graph


_FIELDS = tuple(f.name for f in fields(Circuit))


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
