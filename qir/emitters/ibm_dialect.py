"""OpenQASM 3 as IBM's service reads it: what `qiskit.qasm3.loads` takes, and nothing else.

The dialect is far smaller than the language: hardware qubits, `bit[n]` registers, float inputs,
gates of stdgates.inc or defined in the text, angles with + - * /, and flat ifs.  Names that the
reader would change or stumble over are replaced; `Text` says what became of them.
"""

from __future__ import annotations

import keyword
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Duration, Extra, Register, Variable
from qir.columns import OPERATIONS, Columns, distinct
from qir.diagnostics import Diagnostic, error, info
from qir.emitters.ibm_flow import flatten
from qir.emitters.ibm_rzz import fold_rows
from qir.emitters.openqasm3 import Dialect, dumps, identifier
from qir.expressions import ClassicalType, Expr, variable
from qir.gates import STDGATES, opcode
from qir.params import Angle
from qir.targets.ibm_hardware import delay_in_dt, walk
from qir.targets.target import Target, Timing

__all__ = ["Prepared", "Text", "prepare", "write"]

_ARITHMETIC = frozenset({"const", "var", "+", "-", "*", "/", "neg"})
_REGISTER = re.compile(r"[a-z][A-Za-z0-9_]*\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RESERVED = frozenset(keyword.kwlist) | STDGATES | {"ecr", "rzz", "sxdg", "_meas", "U", "pi", "tau", "euler", "qir", "self"}


@dataclass(frozen=True)
class Prepared:
    """A circuit on hardware qubits with only what the service takes, still with the user's names.

    derived: parameter name to the expression in the other parameters whose value it takes.
    added: values of new parameters, per row of the user's table.
    bits: for each classical bit the user's name of it ("c[0]", or "c" for a single bit).
    """

    circuit: Circuit
    bits: tuple[str, ...]
    derived: Mapping[str, Expr]
    added: Mapping[str, npt.NDArray[np.float64]]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class Text:
    """The text, and what its names mean.

    width: qubits that the service's reader gives the circuit: the highest one named, plus one.
    names: result key ("c[0]") to the user's bit.    parameters: name in the text to the user's.
    """

    text: str
    width: int
    names: dict[str, str]
    parameters: dict[str, str]


def prepare(
    circuit: Circuit,
    target: Target,
    *,
    estimator: bool,
    values: Mapping[str, npt.NDArray[np.float64]] | None = None,
    sweep: tuple[int, ...] = (),
) -> Prepared:
    """Bring a compiled circuit to the dialect's constructs; problems are among the diagnostics.

    estimator: final measurements are left out, since the estimator ignores them.
    values, sweep: the parameters' values; with them, rzz angles are brought into range row by row.
    """
    found: list[Diagnostic] = []
    # A compiled circuit's wires are the machine's.
    circuit = replace(circuit, num_physical=circuit.num_qubits, qregs=())
    before = _bit_names(circuit.cregs)
    flat = flatten(circuit)
    found.extend(flat.diagnostics)
    bits = tuple(before[b] for b in flat.bits)
    circuit = _cleaned(flat.circuit, target.timing, found)
    if estimator:
        circuit = circuit.without_final_measurements()
        if (circuit.columns.opcode == OPERATIONS["measure"]).any():
            message = "the estimator ignores measurements; one that is followed by gates would change what they do"
            if circuit.is_dynamic:
                message = "the estimator takes no dynamic circuits"
            found.append(error("job.program", message, help="use the sampler, or leave the measurement out"))
        elif not circuit.is_dynamic:
            circuit, bits = replace(circuit, cregs=()), ()
    else:
        circuit, added = _kept(circuit)
        bits = (*bits, *(f"_{i}" for i in range(added)))
    added_values: Mapping[str, npt.NDArray[np.float64]] = {}
    if values is not None:
        circuit, added_values = fold_rows(circuit, values, sweep)
    circuit, derived = _derived(_pruned(circuit))
    used = _used_parameters(circuit)
    if values and sweep and not used:
        # The values' shape is that of the results: one parameter has to carry it.
        used = {min(values)}
    variables = tuple(v for v in circuit.variables if v.kind == "input" and v.name in used)
    # A block's own list of variables is that of the source; the text declares them once.
    extras = tuple(
        replace(e, blocks=tuple(replace(b, variables=()) for b in e.blocks)) if e.blocks else e for e in circuit.extras
    )
    circuit = replace(circuit, variables=variables, extras=extras, global_phase=Angle(), layout=None)
    return Prepared(circuit, bits, derived, added_values, tuple(found))


def write(prepared: Prepared, width: int = 0) -> Text:
    """The text of a prepared circuit, naming at least `width` qubits."""
    circuit = prepared.circuit
    used = max(circuit.touched_qubits, default=-1) + 1
    if width > used:
        circuit = _widened(circuit, width)
        used = width
    registers, parameters = _names(circuit)
    dialect = Dialect(
        version="3.0",
        include=True,
        names={**registers, **parameters},
        remarks=False,
    )
    text = dumps(circuit, dialect)
    names = {}
    for r in circuit.cregs:
        for i in range(r.size):
            names[f"{registers[r.name]}[{i}]"] = prepared.bits[r.start + i]
    return Text(text, used, names, {new: old for old, new in parameters.items()})


# -- wires and bits ----------------------------------------------------------------------------


def _bit_names(cregs: Iterable[Register]) -> list[str]:
    return [r.name if r.scalar else f"{r.name}[{i}]" for r in cregs for i in range(r.size)]


def _kept(circuit: Circuit) -> tuple[Circuit, int]:
    """Every bit in a register (a single one would be no part of the result), every measurement with a
    bit to write (the reader wants one); also the number of bits added."""
    columns = circuit.columns
    rows = np.flatnonzero((columns.opcode == OPERATIONS["measure"]) & (columns.clbit < 0))
    registers = tuple(r._replace(scalar=False) for r in circuit.cregs if r.size)
    if not len(rows):
        return replace(circuit, cregs=registers), 0
    clbit = columns.clbit.copy()
    first = max((r.start + r.size for r in registers), default=0)
    clbit[rows] = np.arange(first, first + len(rows), dtype=np.int32)
    name = identifier("unused", {r.name for r in registers})
    added = Register(name, first, len(rows))
    return replace(circuit, columns=replace(columns, clbit=clbit), cregs=(*registers, added)), len(rows)


def _widened(circuit: Circuit, width: int) -> Circuit:
    """With a barrier on the last of `width` qubits, which makes the reader count them."""
    if circuit.num_qubits < width:
        circuit = replace(circuit, num_qubits=width, num_physical=width)
    row = Columns.empty(1, symbolic=circuit.columns.terms is not None)
    row.opcode[0] = OPERATIONS["barrier"]
    row.extra[0] = len(circuit.extras)
    extras = (*circuit.extras, Extra(qubits=(width - 1,)))
    return replace(circuit, columns=Columns.concatenate([row, circuit.columns]), extras=extras)


# -- operations --------------------------------------------------------------------------------


def _cleaned(circuit: Circuit, timing: Timing | None, found: list[Diagnostic]) -> Circuit:
    """Without id, pragmas, annotations and phases; delays in steps of the machine."""
    columns = circuit.columns
    dropped = np.isin(columns.opcode, [opcode("id"), opcode("gphase"), opcode("nop"), OPERATIONS["pragma"]])
    dropped &= ~((columns.opcode == opcode("gphase")) & (columns.extra >= 0))
    extras = list(circuit.extras)
    for i, extra in enumerate(extras):
        if extra.blocks:
            extra = replace(extra, blocks=tuple(_cleaned(b, timing, found) for b in extra.blocks))
        if isinstance(extra.payload, Duration) and not extra.blocks:
            extra = replace(extra, payload=_delay(extra.payload, timing, found))
        if extra.annotations:
            extra = replace(extra, annotations=())
        extras[i] = extra
    kept = columns.take(~dropped) if dropped.any() else columns
    return replace(circuit, columns=kept, extras=tuple(extras), global_phase=Angle())


def _delay(duration: Duration, timing: Timing | None, found: list[Diagnostic]) -> Duration:
    """A delay as a multiple of the machine's grid: the nearest one, but not none at all."""
    if timing is None:
        return duration
    steps = delay_in_dt(duration, timing.dt)
    if steps is None:
        found.append(error("target.expression", "a delay whose length is not known at compile time"))
        return duration
    grid = timing.pulse_alignment
    rounded = max(math.floor(steps / grid + 0.5), 1 if steps > 0 else 0) * grid
    if abs(rounded - steps) > 1e-6:
        message = f"a delay of {steps:.6g} dt is rounded to {rounded} dt"
        if not any(d.message == message for d in found):
            found.append(info("target.delay", message))
    return Duration(rounded, "dt")


# -- parameters --------------------------------------------------------------------------------


def _pruned(circuit: Circuit) -> Circuit:
    """Blank the angles that no row refers to: a circuit's parameters are those of its angles."""
    used = set() if circuit.columns.terms is None else set(distinct(circuit.columns.terms).tolist())
    return replace(
        circuit,
        angles=tuple(a if i + 1 in used else Angle() for i, a in enumerate(circuit.angles)),
        extras=tuple(replace(e, blocks=tuple(map(_pruned, e.blocks))) if e.blocks else e for e in circuit.extras),
        global_phase=Angle(),
    )


def _used_parameters(circuit: Circuit) -> set[str]:
    used: set[str] = set()
    for body, _ in walk(circuit):
        if body.columns.terms is not None:
            for term in distinct(body.columns.terms).tolist():
                if term:
                    used |= set(body.angles[term - 1].parameters)
        for extra in body.extras:
            used |= {name for angle in extra.params or () for name in angle.parameters}
    used |= {name for frame in circuit.frames or () for name in frame.parameters}
    return used


def _derived(circuit: Circuit) -> tuple[Circuit, dict[str, Expr]]:
    """Replace what the reader cannot calculate (functions, powers) by parameters of their own."""
    table: dict[Expr, str] = {}
    taken = set(circuit.parameters) | {r.name for r in circuit.cregs}

    def symbol(value: Expr) -> Expr:
        if all(node.op in _ARITHMETIC for node in value.walk()):
            return value
        if value not in table:
            table[value] = identifier(f"derived_{len(table)}", taken)
            taken.add(table[value])
        return variable(table[value])

    def angle(value: Angle) -> Angle:
        if value.is_number or all(node.op in _ARITHMETIC for s, _ in value.terms for node in s.walk()):
            return value
        return Angle(value.constant, tuple((symbol(s), c) for s, c in value.terms))

    def body(block: Circuit) -> Circuit:
        return replace(
            block,
            angles=tuple(angle(a) for a in block.angles),
            extras=tuple(
                replace(e, params=None if e.params is None else tuple(map(angle, e.params)), blocks=tuple(map(body, e.blocks)))
                if e.params or e.blocks
                else e
                for e in block.extras
            ),
        )

    circuit = body(circuit)
    if circuit.frames is not None:
        circuit = replace(circuit, frames=tuple(angle(f) for f in circuit.frames))
    if not table:
        return circuit, {}
    declared = tuple(Variable(name, ClassicalType("float", 64), "input") for name in table.values())
    return replace(circuit, variables=(*circuit.variables, *declared)), {name: value for value, name in table.items()}


# -- names -------------------------------------------------------------------------------------


def _names(circuit: Circuit) -> tuple[dict[str, str], dict[str, str]]:
    """Register and parameter names to those of the text.

    A register keeps its name when Qiskit's reader keeps it (it begins with a small letter, is
    ASCII, no gate and no Python keyword); a parameter when it is ASCII and no gate.
    """
    # The writer takes one table for both kinds, so their names must differ from the start.
    taken: set[str] = set(_RESERVED)
    registers: dict[str, str] = {}
    kept = {r.name for r in circuit.cregs if _REGISTER.match(r.name) and r.name not in taken}
    for r in circuit.cregs:
        wanted = r.name
        if wanted not in kept:
            plain = _ascii(wanted)
            wanted = plain if _REGISTER.match(plain) else f"c_{plain.lstrip('_')}"
        registers[r.name] = _fresh(wanted, taken | (kept - {wanted} if r.name in kept else kept))
        taken.add(registers[r.name])
    parameters: dict[str, str] = {}
    names = [v.name for v in circuit.variables if v.kind == "input"]
    kept = {n for n in names if _VARIABLE.match(n) and n not in taken}
    for name in names:
        if name in kept:
            parameters[name] = name
        else:
            parameters[name] = _fresh(_ascii(name), taken | kept)
        taken.add(parameters[name])
    return registers, parameters


def _fresh(name: str, taken: set[str]) -> str:
    number, result = 0, name
    while identifier(result, taken) != result:
        result, number = f"{name}_{number}", number + 1
    return result


def _ascii(name: str) -> str:
    """A name in ASCII: Greek letters by their names, anything else by its number."""
    parts = []
    for character in name:
        if character.isascii():
            parts.append(character if character.isalnum() or character == "_" else "_")
            continue
        title = unicodedata.name(character, "").split()
        if len(title) == 4 and title[0] == "GREEK" and title[2] == "LETTER":
            parts.append(title[3].lower() if title[1] == "SMALL" else title[3].capitalize())
        else:
            parts.append(f"u{ord(character):x}")
    text = "".join(parts) or "x"
    return f"_{text}" if text[0].isdigit() else text
