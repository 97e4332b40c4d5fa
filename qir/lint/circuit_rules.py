"""Q2xx: what is legal but probably not meant, seen on the circuit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import NUM_QUBITS, OPERATIONS, is_gate
from qir.diagnostics import Diagnostic, Edit, Fix, info, warning
from qir.expressions import Expr
from qir.gates import GATES, opcode
from qir.lint.rule import Rule
from qir.program import Program
from qir.source import Span
from qir.targets.target import Target

__all__ = ["CIRCUIT_RULES"]

_MEASURE, _RESET = OPERATIONS["measure"], OPERATIONS["reset"]
_NO_ROTATION = ("gphase", "gpi", "gpi2")
_ROTATIONS = [opcode(g.name) for g in GATES.values() if g.num_params == 1 and g.name not in _NO_ROTATION]
_PASSIVE = [OPERATIONS[n] for n in ("barrier", "delay", "pragma")]


class _CircuitRule(Rule):
    """A rule that looks at one circuit at a time."""

    def check(self, program: Program, target: Target | None) -> Iterable[Diagnostic]:
        for circuit in program.circuits:
            yield from self.look(circuit, program)

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        raise NotImplementedError


def _name(circuit: Circuit, qubit: int) -> str:
    if qubit < circuit.num_physical:
        return f"${qubit}"
    for r in circuit.qregs:
        if r.start <= qubit < r.start + r.size:
            return r.name if r.scalar else f"{r.name}[{qubit - r.start}]"
    return str(qubit)


def _listed(names: list[str]) -> str:
    """`q[0], q[1] are`, cut to the first four."""
    return ", ".join(names[:4]) + (" …" if len(names) > 4 else "") + (" is" if len(names) == 1 else " are")


def _neighbours(circuit: Circuit) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Pairs of operations that follow one another on a qubit (barriers and delays in between are
    looked through), and the qubit."""
    w = circuit.wires
    legs = (w.wire < circuit.num_qubits) & ~np.isin(circuit.columns.opcode[w.op], _PASSIVE)
    op, wire = w.op[legs], w.wire[legs]
    same = wire[1:] == wire[:-1]
    return op[:-1][same], op[1:][same], wire[1:][same]


def _last(circuit: Circuit) -> npt.NDArray[Any]:
    """The last operation of every qubit that has one."""
    w = circuit.wires
    legs = (w.wire < circuit.num_qubits) & ~np.isin(circuit.columns.opcode[w.op], _PASSIVE)
    op, wire = w.op[legs], w.wire[legs]
    return op[np.r_[wire[1:] != wire[:-1], True]] if len(op) else op


def _declared(program: Program, kind: str, name: str) -> Span | None:
    return next((s.declared for s in program.symbols if s.name == name and s.kind == kind), None)


class UnusedQubit(_CircuitRule):
    """A qubit that no operation uses.

    Why it matters: machines are paid for by what runs, but an idle qubit is often a slip (an index
    that is off by one), and on IonQ it makes the job wider.

    Example: `qubit[3] q; h q[0]; cx q[0], q[1];` never touches q[2].

    How to fix it: declare fewer qubits, or use the one that was forgotten.
    """

    slug: ClassVar[str] = "circuit.unused-qubit"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        touched = np.zeros(circuit.num_qubits, dtype=np.bool_)
        touched[list(circuit.touched_qubits)] = True
        for r in circuit.qregs:
            idle = [r.start + i for i in np.flatnonzero(~touched[r.start : r.start + r.size]).tolist()]
            if idle:
                yield warning(self.slug, f"{_listed([_name(circuit, q) for q in idle])} never used",
                              _declared(program, "qubit", r.name))  # fmt: skip


class UnusedBit(_CircuitRule):
    """A classical bit that nothing writes or reads.

    Why it matters: it comes back as a column of zeros in every result, which is easily taken for a
    measurement.

    How to fix it: declare fewer bits, or measure into it.
    """

    slug: ClassVar[str] = "circuit.unused-bit"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        touched = np.zeros(circuit.num_clbits, dtype=np.bool_)
        touched[list(circuit.touched_clbits)] = True
        used = {name for e in circuit.extras for name in _registers(e)}
        for r in circuit.cregs:
            idle = np.flatnonzero(~touched[r.start : r.start + r.size]).tolist()
            if idle and r.name not in used:
                names = [r.name if r.scalar else f"{r.name}[{i}]" for i in idle]
                yield warning(self.slug, f"{_listed(names)} never written or read",
                              _declared(program, "bit", r.name))  # fmt: skip


def _registers(extra: Any) -> Iterator[str]:
    payload = extra.payload
    for part in ("condition", "subject", "value", "target"):
        expression = getattr(payload, part, None)
        if isinstance(expression, Expr):
            yield from expression.registers
    for block in extra.blocks:
        for inner in block.extras:
            yield from _registers(inner)


class GateAfterMeasure(_CircuitRule):
    """A gate on a measured qubit after which the qubit is not looked at again.

    Why it matters: it takes time and money and cannot change any result. Often the gate stands on
    the wrong side of the measurement.

    Example: `c[0] = measure q[0]; x q[0];`

    How to fix it: remove the gate, or move it before the measurement.
    """

    slug: ClassVar[str] = "circuit.gate-after-measure"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        codes = circuit.columns.opcode
        before, after, wire = _neighbours(circuit)
        last = np.zeros(len(codes), dtype=np.bool_)
        last[_last(circuit)] = True
        alone = circuit.widths == 1
        hit = (codes[before] == _MEASURE) & is_gate(codes[after]) & last[after] & alone[after]
        for row, qubit in zip(after[hit].tolist(), wire[hit].tolist()):
            yield warning(self.slug, f"{_name(circuit, qubit)} was measured: this gate changes no result", circuit.span(row),
                          help="remove it, or move it before the measurement")  # fmt: skip


class MeasuredTwice(_CircuitRule):
    """A qubit is measured twice with nothing in between.

    Why it matters: the second outcome repeats the first (apart from readout errors), and the program
    now measures inside the circuit, which IonQ's JSON jobs cannot express.

    How to fix it: measure once, and copy the bit.
    """

    slug: ClassVar[str] = "circuit.measured-twice"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        codes = circuit.columns.opcode
        before, after, wire = _neighbours(circuit)
        hit = (codes[before] == _MEASURE) & (codes[after] == _MEASURE)
        for row, qubit in zip(after[hit].tolist(), wire[hit].tolist()):
            yield warning(self.slug, f"{_name(circuit, qubit)} was just measured", circuit.span(row))


class ResetFresh(_CircuitRule):
    """A reset of a qubit that is still in |0>.

    Why it matters: every machine starts in |0>; a reset takes longer than many gates, and turns a
    plain circuit into one with resets, which fewer services run.

    How to fix it: remove the reset (`--fix` does).
    """

    slug: ClassVar[str] = "circuit.reset-fresh"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        w = circuit.wires
        legs = (w.wire < circuit.num_qubits) & ~np.isin(circuit.columns.opcode[w.op], _PASSIVE)
        op, wire = w.op[legs], w.wire[legs]
        first = np.r_[True, wire[1:] != wire[:-1]] if len(op) else np.zeros(0, dtype=np.bool_)
        fresh = op[first & (circuit.columns.opcode[op] == _RESET)]
        count_of_span: dict[int, int] = {}
        for row in np.flatnonzero(circuit.columns.opcode == _RESET).tolist():
            index = int(circuit.columns.span[row])
            count_of_span[index] = count_of_span.get(index, 0) + 1
        hits: dict[int, list[int]] = {}
        for row in sorted(fresh.tolist()):
            hits.setdefault(int(circuit.columns.span[row]), []).append(row)
        for index, rows in hits.items():
            span = circuit.span(rows[0])
            qubits = [_name(circuit, circuit.operands(r)[0]) for r in rows]
            whole = index >= 0 and len(rows) == count_of_span[index]
            yield info(self.slug, f"{_listed(qubits)} still in |0>", span,
                       fix=_remove(span) if whole else None)  # fmt: skip


class IdentityGate(_CircuitRule):
    """A gate that does nothing: `id`, or a rotation by zero.

    Why it matters: IBM's compilers keep `id` as a delay, and a rotation by zero usually means that an
    angle was computed wrongly (`pi*(1/2)` is 0 in OpenQASM 3: both are integers).

    How to fix it: remove it (`--fix` does for `id`), or correct the angle.
    """

    slug: ClassVar[str] = "circuit.identity-gate"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        columns = circuit.columns
        plain = columns.plain & ~columns.symbolic
        zero = np.isin(columns.opcode, _ROTATIONS) & (columns.params[:, 0] == 0)
        nothing = np.isin(columns.opcode, [opcode("id"), opcode("nop")])
        for row in np.flatnonzero(plain & (zero | nothing)).tolist():
            name = circuit.opname(int(columns.opcode[row]))
            what = "does nothing" if nothing[row] else "rotates by zero"
            span = circuit.span(row)
            single = span is not None and int((columns.span == columns.span[row]).sum()) == 1
            yield info(self.slug, f"{name} {what}", span, fix=_remove(span) if nothing[row] and single else None)


class CancellingGates(_CircuitRule):
    """Two neighbouring gates that undo each other.

    Why it matters: the compiler removes them, but they are often a sign that one of them was meant
    to be another gate, or to act on another qubit.

    Example: `h q[0]; h q[0];`

    How to fix it: remove both, or correct one.
    """

    slug: ClassVar[str] = "circuit.cancelling-gates"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        columns = circuit.columns
        before, after, _ = _neighbours(circuit)
        fixed = np.zeros(512, dtype=np.int32) - 1
        for name, row in GATES.items():
            if row.num_params == 0 and row.num_qubits:
                fixed[opcode(name)] = opcode(row.inverse)
        table = columns.plain
        pairs = table[before] & table[after]
        a, b = before[pairs], after[pairs]
        hit = (fixed[columns.opcode[a]] == columns.opcode[b]) & (columns.qubits[a] == columns.qubits[b]).all(axis=1)
        hit &= columns.opcode[a] != opcode("id")
        rows, counts = np.unique(np.stack([a[hit], b[hit]]), axis=1, return_counts=True)
        full = counts == NUM_QUBITS[columns.opcode[rows[0]]]
        used: set[int] = set()
        for first, second in sorted(zip(rows[0][full].tolist(), rows[1][full].tolist())):
            if first in used:
                continue
            used.add(second)
            name = circuit.opname(int(columns.opcode[second]))
            span = circuit.span(first)
            where = f" on line {span.line}" if span is not None else ""
            yield info(self.slug, f"this {name} undoes the gate before it{where}", circuit.span(second))


class UnusedParameter(_CircuitRule):
    """An input parameter that no gate uses.

    Why it matters: every job must still give it a value, and services that take values by position
    shift all later ones.

    How to fix it: remove the `input` line.
    """

    slug: ClassVar[str] = "circuit.unused-parameter"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        used = {name for a in circuit.all_angles() for name in a.parameters}
        for e in circuit.extras:
            used |= set(_variables(e))
        for v in circuit.variables:
            if v.kind == "input" and v.name not in used:
                yield warning(self.slug, f"the input {v.name} is never used", _declared(program, "input", v.name))


def _variables(extra: Any) -> Iterator[str]:
    payload = extra.payload
    for part in ("condition", "subject", "value", "target", "values"):
        expression = getattr(payload, part, None)
        if isinstance(expression, Expr):
            yield from expression.variables
    for block in extra.blocks:
        for inner in block.extras:
            yield from _variables(inner)


class NoMeasurement(_CircuitRule):
    """A program that declares classical bits but measures nothing.

    Why it matters: IBM's sampler returns an empty result for it.

    How to fix it: add `c = measure q;`.
    """

    slug: ClassVar[str] = "circuit.no-measurement"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        if not circuit.num_clbits or program.format in ("ionq",) or not len(circuit.columns):
            return
        stack = [circuit]
        while stack:
            block = stack.pop()
            if (block.columns.opcode == _MEASURE).any() or len(block.wires.op) == 0:
                return
            stack.extend(b for e in block.extras for b in e.blocks)
        yield warning(self.slug, "nothing is measured, so the bits stay 0", _declared(program, "bit", circuit.cregs[0].name),
                      help="add `c = measure q;`")  # fmt: skip


class BitOverwritten(_CircuitRule):
    """A measurement result that is overwritten before anything reads it.

    Why it matters: the first measurement is lost; often two qubits were meant to go to two bits.

    Example: `c[0] = measure q[0]; c[0] = measure q[1];`

    How to fix it: measure into another bit.
    """

    slug: ClassVar[str] = "circuit.bit-overwritten"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        codes = circuit.columns.opcode
        w = circuit.wires
        legs = w.wire >= circuit.num_qubits
        op, wire = w.op[legs], w.wire[legs]
        same = wire[1:] == wire[:-1]
        hit = same & (codes[op[:-1]] == _MEASURE) & (codes[op[1:]] == _MEASURE)
        bits = {r.start + i: r.name if r.scalar else f"{r.name}[{i}]" for r in circuit.cregs for i in range(r.size)}
        for row, bit in sorted(zip(op[1:][hit].tolist(), wire[1:][hit].tolist())):
            name = bits.get(bit - circuit.num_qubits, "the bit")
            yield warning(self.slug, f"{name} already holds a result that nothing has read", circuit.span(row))


class AngleDegrees(_CircuitRule):
    """An angle that looks like degrees.

    Why it matters: OpenQASM and IonQ's QIS gates take radians. `rx(90)` is a rotation by 90 radians,
    about 14 full turns and 117 degrees.

    Example: `ry(45) q[0];`

    How to fix it: write `pi/4`.
    """

    slug: ClassVar[str] = "circuit.angle-degrees"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        columns = circuit.columns
        native = [opcode(n) for n in ("gpi", "gpi2", "ms", "zz")]
        values = columns.params
        whole = (np.abs(values) >= 15) & (np.abs(values) <= 720) & (values % 15 == 0)
        rows = np.flatnonzero(columns.plain & whole.any(axis=1) & ~np.isin(columns.opcode, native))
        for row in rows.tolist():
            value = float(values[row][whole[row]][0])
            yield warning(self.slug, f"an angle of {value:g} radians looks like degrees", circuit.span(row),
                          help=f"{value:g} degrees is {_pi(value / 180)}")  # fmt: skip


class AngleTurns(_CircuitRule):
    """An angle of a native gate that looks like radians.

    Why it matters: IonQ's native gates take turns, 1 turn = 2 pi: `gpi2` by a quarter turn is 0.25,
    not 1.5708. The service documents phases between -1 and 1.

    How to fix it: divide by 2 pi.

    Source: IonQ documentation, native gates (2026).
    """

    slug: ClassVar[str] = "circuit.angle-turns"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        columns = circuit.columns
        native = np.isin(columns.opcode, [opcode(n) for n in ("gpi", "gpi2", "ms", "zz")])
        ratio = columns.params / (math.pi / 12)
        suspicious = (np.abs(columns.params) > 0.2) & (np.abs(ratio - np.round(ratio)) < 1e-4)
        for row in np.flatnonzero(native & suspicious.any(axis=1) & (columns.extra < 0)).tolist():
            value = float(columns.params[row][suspicious[row]][0])
            yield warning(self.slug, f"{value:g} looks like radians; native gates take turns", circuit.span(row),
                          help=f"{value:g} radians is {value / (2 * math.pi):g} turns")  # fmt: skip


class UnusedGate(_CircuitRule):
    """A gate definition that nothing calls.

    Why it matters: it costs nothing, but often another gate was called in its place.

    Example: `gate flip a { x a; } qubit q; x q;`

    How to fix it: remove it, or call it.
    """

    slug: ClassVar[str] = "circuit.unused-gate"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        for symbol in program.symbols:
            if symbol.kind == "gate" and not symbol.uses and symbol.declared.source is program.source:
                yield info(self.slug, f"the gate {symbol.name} is never used", symbol.declared)


class ShadowedGate(_CircuitRule):
    """A gate definition that has the name of a well-known gate but does something else.

    Why it matters: readers, and tools that go by the name, will take it for the well-known one.

    How to fix it: choose another name.
    """

    slug: ClassVar[str] = "circuit.shadowed-gate"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        for definition in circuit.definitions:
            if definition.name in GATES and program.format != "openqasm2":
                yield warning(self.slug, f"{definition.name} is the name of a well-known gate, and this is not that gate",
                              _declared(program, "gate", definition.name))  # fmt: skip


class PhysicalMixed(_CircuitRule):
    """Hardware qubits (`$0`) and declared qubits in one program.

    Why it matters: a hardware qubit is fixed, a declared one is placed by the compiler, on `$0` too if it is not
    told otherwise. IBM's service refuses such programs.

    Example: `qubit q; x q; x $0;`

    How to fix it: use one kind in the whole program.

    Source: OpenQASM 3.1 specification, "Physical qubits".
    """

    slug: ClassVar[str] = "qubit.physical-mixed"

    def look(self, circuit: Circuit, program: Program) -> Iterator[Diagnostic]:
        touched = np.array(sorted(circuit.touched_qubits), dtype=np.int64)
        virtual = touched[touched >= circuit.num_physical]
        if len(virtual) and len(virtual) < len(touched):
            names = f"{_name(circuit, int(touched[0]))} and {_name(circuit, int(virtual[0]))}"
            register = next((r.name for r in circuit.qregs if r.start <= virtual[0] < r.start + r.size), "")
            yield warning(self.slug, f"{names}: hardware and declared qubits in one program",
                          _declared(program, "qubit", register))  # fmt: skip


def _remove(span: Span | None) -> Fix | None:
    """A fix that deletes a statement, with its semicolon and the blanks after it; none for JSON."""
    if span is None or span.text.startswith(("{", '"')):
        return None
    text, end = span.source.text, span.end
    while end < len(text) and text[end] in " \t":
        end += 1
    if end < len(text) and text[end] == ";" and not span.text.rstrip().endswith(";"):
        end += 1
    while end < len(text) and text[end] in " \t":
        end += 1
    start = span.start
    line = span.source.position(start)[0]
    alone = text[span.source.line_starts[line - 1] : start].strip() == ""
    if alone and end < len(text) and text[end] == "\n":
        start, end = span.source.line_starts[line - 1], end + 1
    return Fix((Edit(start, end, ""),), True, "remove it")


def _pi(ratio: float) -> str:
    from qir.params import format_float

    return format_float(ratio * math.pi)


CIRCUIT_RULES: tuple[type[Rule], ...] = (
    UnusedQubit, UnusedBit, GateAfterMeasure, MeasuredTwice, ResetFresh, IdentityGate, CancellingGates, UnusedParameter,
    NoMeasurement, BitOverwritten, AngleDegrees, AngleTurns, UnusedGate, ShadowedGate, PhysicalMixed,
)  # fmt: skip
"""All rules of this file."""

