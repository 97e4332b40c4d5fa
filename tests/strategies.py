"""Hypothesis strategies for circuits: any gate of the table, and on request everything else the IR holds.

    @given(circuits(max_qubits=3, measure=True))
    def test_something(circuit: Circuit) -> None: ...

Circuits shrink towards few operations on few qubits with angle 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

from qir.builder import CircuitBuilder
from qir.circuit import Assign, Circuit, Definition, Extra, For, Register, Switch, Variable, While
from qir.expressions import BIT, BOOL, INT, ClassicalType, Expr, bit, constant, register, variable
from qir.gates import GATES
from qir.params import Angle, angle

__all__ = ["ANGLES", "CLIFFORD", "RADIANS", "STANDARD", "UNITARY", "angles", "circuits", "conditions", "identifiers"]

Step = Callable[[CircuitBuilder, int], object]
"""Appends one operation to a builder; the number is how deep blocks may still nest."""

RADIANS: tuple[str, ...] = tuple(g.name for g in GATES.values() if g.unit == "radians" and g.num_qubits and g.native is None)
"""Gates of the table without IonQ's native ones and without `gphase`."""

STANDARD: tuple[str, ...] = tuple(g.name for g in GATES.values() if g.std and g.num_qubits)
"""Gates of stdgates.inc, and `U`."""

CLIFFORD: tuple[str, ...] = tuple(g.name for g in GATES.values() if g.clifford)

UNITARY: tuple[str, ...] = tuple(g.name for g in GATES.values() if g.num_qubits)
"""Every gate of the table that has operands, native ones included."""

ANGLES: st.SearchStrategy[float] = st.one_of(
    st.sampled_from([0.0, math.pi / 2, math.pi, -math.pi / 2, math.pi / 4, 3 * math.pi / 4, -math.pi, 2 * math.pi]),
    st.builds(lambda k, d: k * math.pi / d, st.integers(-16, 16), st.sampled_from([1, 2, 3, 4, 6, 8, 16])),
    st.floats(-7.0, 7.0, allow_nan=False, allow_infinity=False),
    st.floats(-7.0, 7.0).map(lambda x: round(x, 3)),
)
"""Numbers as angles: the special ones often, any other sometimes."""

_WORDS = ("q", "r", "anc", "data", "alice", "_x", "Q1", "θ", "q_0", "out", "in0", "c2", "flag", "result")


def identifiers(count: int = 1) -> st.SearchStrategy[list[str]]:
    """Distinct names that are free in every program."""
    return st.lists(st.sampled_from(_WORDS), min_size=count, max_size=count, unique=True)


@st.composite
def angles(draw: st.DrawFn, names: Sequence[str] = ()) -> Angle:
    """A number, or a linear combination of the named parameters and of functions of them."""
    result = angle(draw(ANGLES))
    if not names or draw(st.booleans()):
        return result
    for name in draw(st.lists(st.sampled_from(list(names)), min_size=1, max_size=2, unique=True)):
        symbol: Expr = variable(name)
        form = draw(st.integers(0, 3))
        if form == 2:
            symbol = Expr("call", draw(st.sampled_from(["sin", "cos", "sqrt"])), (symbol,))
        elif form == 3:
            symbol = Expr("*", None, (symbol, symbol))
        coefficient = draw(st.sampled_from([1.0, -1.0, 0.5, 2.0, -0.25, math.pi, math.pi / 4, 0.1]))
        result = result + Angle(0.0, ((symbol, coefficient),))
    return result


@st.composite
def conditions(draw: st.DrawFn, cregs: Sequence[Register]) -> Expr:
    """A truth value over bits and registers."""
    chosen = draw(st.sampled_from(list(cregs)))
    form = draw(st.integers(0, 5))
    one = bit(chosen.start + draw(st.integers(0, chosen.size - 1)))
    if form == 0 or chosen.scalar:
        return one
    if form == 1:
        return Expr("!", None, (one,), BOOL)
    value = draw(st.integers(0, 2**chosen.size - 1))
    sides = (register(chosen.name, chosen.size), constant(value))
    whole = Expr(draw(st.sampled_from(["==", "!=", "<", ">="])), None, sides, BOOL)
    if form == 2:
        return Expr(draw(st.sampled_from(["&&", "||"])), None, (whole, one), BOOL)
    return whole


@st.composite
def circuits(
    draw: st.DrawFn,
    min_qubits: int = 1,
    max_qubits: int = 4,
    max_ops: int = 12,
    *,
    gates: Sequence[str] = RADIANS,
    measure: bool = False,
    reset: bool = False,
    barrier: bool = False,
    delay: bool = False,
    control_flow: bool = False,
    variables: bool = False,
    parameters: int = 0,
    modifiers: bool = False,
    powers: Sequence[float] = (2.0, 3.0, 0.5, -2.0, 0.3),
    pauliexp: bool = False,
    user_gates: bool = False,
    registers: bool = False,
    physical: bool = False,
    annotations: bool = False,
    global_phase: bool = True,
    min_ops: int = 0,
    depth: int = 2,
) -> Circuit:
    """A random circuit.

    gates: names to draw from (those with too many operands are left out).
    parameters: number of input parameters that angles may use.    modifiers: ctrl, negctrl, and pow
    with one of the `powers`.
    registers: several named registers, some scalar, instead of `q` and `c`.
    physical: hardware qubits instead of registers.    variables: run-time variables and assignments
    (with `control_flow`).    depth: how deep blocks may nest.
    """
    count = draw(st.integers(min_qubits, max_qubits))
    builder = CircuitBuilder()
    names = draw(identifiers(6)) if registers else ["q", "c", "a", "b", "d", "e"]
    if physical:
        builder.physical(count)
    elif registers and count > 1:
        first = draw(st.integers(1, count - 1))
        builder.add_qubits(names[0], None if first == 1 and draw(st.booleans()) else first)
        builder.add_qubits(names[2], count - first)
    else:
        builder.add_qubits(names[0], count)
    if measure or control_flow:
        builder.add_bits(names[1], draw(st.integers(1, 3)))
        if registers:
            builder.add_bits(names[3])
    symbols = [f"theta{i}" for i in range(parameters)]
    for name in symbols:
        builder.add_variable(Variable(name, ClassicalType("float", 64), "input"))
    if variables:
        builder.add_variable(Variable("count", ClassicalType("int", 32), "local", constant(draw(st.integers(0, 3)))))
        builder.add_variable(Variable("ready", ClassicalType("bool"), draw(st.sampled_from(["local", "output"]))))
    available = [n for n in gates if GATES[n].num_qubits <= count]
    if user_gates:
        for i in range(draw(st.integers(1, 2))):
            width = draw(st.integers(1, min(count, 3)))
            inner = [n for n in gates if GATES[n].num_qubits <= width]
            params = tuple(f"alpha{k}" for k in range(draw(st.integers(0, 2))))
            body = CircuitBuilder()
            for q in range(width):
                body.add_qubits(f"x{q}")
            for _ in range(draw(st.integers(0, 3))):
                _gate(draw, body, inner, width, params)
            definition = Definition(f"gate{i}", params, tuple(f"x{q}" for q in range(width)), body.build())
            builder.define(definition)
    kinds: list[Step] = []
    if available:
        kinds += [lambda b, d: _gate(draw, b, available, count, symbols, powers=powers if modifiers else ())] * 6
    if measure:
        kinds.append(lambda b, d: _measure(draw, b, count))
    if reset:
        kinds.append(lambda b, d: b.reset(draw(st.integers(0, count - 1))))
    if barrier:
        kinds.append(lambda b, d: b.barrier(*sorted(_operands(draw, count, draw(st.integers(1, count))))))
    if delay:
        kinds.append(lambda b, d: b.delay(draw(st.sampled_from([0.0, 100.0, 12.5])), draw(st.integers(0, count - 1))))
    if pauliexp:
        kinds.append(lambda b, d: _pauliexp(draw, b, count, symbols))
    if user_gates:
        kinds.append(lambda b, d: _call(draw, b, count, symbols))
    if variables:
        kinds.append(lambda b, d: _assign(draw, b))
    if control_flow:
        kinds.append(lambda b, d: _control(draw, b, kinds, d, annotations))
    for _ in range(draw(st.integers(min_ops, max_ops)) if kinds else 0):
        draw(st.sampled_from(kinds))(builder, depth)
    if global_phase:
        builder.append("gphase", [], [draw(angles(symbols))])
    return builder.build()


def _operands(draw: st.DrawFn, count: int, width: int) -> list[int]:
    return draw(st.lists(st.integers(0, count - 1), min_size=width, max_size=width, unique=True))


def _gate(
    draw: st.DrawFn, builder: CircuitBuilder, names: Sequence[str], count: int, symbols: Sequence[str], *,
    powers: Sequence[float] = (),
) -> None:  # fmt: skip
    if not names:
        return
    row = GATES[draw(st.sampled_from(list(names)))]
    params = [draw(angles(symbols)) for _ in range(row.num_params)]
    spare = count - row.num_qubits
    if not powers or draw(st.integers(0, 3)):
        builder.append(row.name, _operands(draw, count, row.num_qubits), params)
        return
    controls = draw(st.text("01", max_size=min(spare, 3)))
    power = 1.0 if controls and draw(st.booleans()) else draw(st.sampled_from(list(powers)))
    extra = Extra(controls=controls, power=power)
    builder.append(row.name, _operands(draw, count, row.num_qubits + len(controls)), params, extra=extra)


def _measure(draw: st.DrawFn, builder: CircuitBuilder, count: int) -> None:
    bits = builder._num_clbits
    target = draw(st.integers(0, bits - 1)) if draw(st.integers(0, 5)) else None
    builder.measure(draw(st.integers(0, count - 1)), target)


def _pauliexp(draw: st.DrawFn, builder: CircuitBuilder, count: int, symbols: Sequence[str]) -> None:
    width = draw(st.integers(1, count))
    paulis = draw(st.text("IXYZ", min_size=width, max_size=width))
    builder.pauliexp(paulis, draw(angles(symbols)), *_operands(draw, count, width))


def _call(draw: st.DrawFn, builder: CircuitBuilder, count: int, symbols: Sequence[str]) -> None:
    definition = draw(st.sampled_from(builder._definitions))
    params = [draw(angles(symbols)) for _ in definition.params]
    builder.append(definition.name, _operands(draw, count, len(definition.qubits)), params)


def _assign(draw: st.DrawFn, builder: CircuitBuilder) -> None:
    number = variable("count", ClassicalType("int", 32))
    if draw(st.booleans()):
        value: Expr = Expr("+", None, (number, constant(draw(st.integers(1, 3)))), ClassicalType("int", 32))
        builder.append("assign", [], extra=Extra(payload=Assign(number, value)))
    else:
        flag = variable("ready", BOOL)
        builder.append("assign", [], extra=Extra(payload=Assign(flag, Expr("<", None, (number, constant(5)), BOOL))))


def _control(draw: st.DrawFn, builder: CircuitBuilder, kinds: Sequence[Step], depth: int, annotations: bool) -> None:
    if depth <= 0:
        return
    notes = tuple(draw(st.lists(st.sampled_from(["@note", "@keep this", "@a.b c"]), max_size=1))) if annotations else ()

    def body() -> Circuit:
        inner = builder.block()
        for _ in range(draw(st.integers(1, 2))):
            draw(st.sampled_from(list(kinds)))(inner, depth - 1)
        return inner.build()

    cregs = builder._cregs
    form = draw(st.sampled_from(["if", "if", "else", "while", "for", "switch", "box"]))
    if form in ("if", "else"):
        builder.if_(draw(conditions(cregs)), body(), body() if form == "else" else None)
    elif form == "while":
        builder.control("while", While(draw(conditions(cregs))), body(), annotations=notes)
    elif form == "for":
        loop = Variable(f"i{depth}", INT)
        builder.control("for", For(loop, (constant(0), constant(draw(st.integers(1, 3))))), body(), annotations=notes)
    elif form == "switch":
        chosen = draw(st.sampled_from(cregs))
        subject = bit(chosen.start) if chosen.scalar else register(chosen.name, chosen.size)
        cast = Expr("cast", None, (subject,), INT if subject.type == BIT else ClassicalType("int", chosen.size))
        builder.control("switch", Switch(cast, ((0,), (1, 2))), *(body() for _ in range(draw(st.integers(2, 3)))))
    else:
        builder.control("box", None, body(), annotations=notes)
