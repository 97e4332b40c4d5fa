"""Replace calls of user gates by their bodies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Definition, Extra
from qir.columns import OPERATIONS, USER, Columns, distinct
from qir.dense import matrix_power, unitary
from qir.diagnostics import error
from qir.errors import CompileError
from qir.gates import GATES, NUM_GATES, opcode
from qir.limits import DEFAULT_LIMITS, Limits
from qir.params import Angle

from .base import Context
from .modifiers import matrix_rows
from .rewrite import Rewriter

__all__ = ["Inline"]


@dataclass(frozen=True)
class Inline:
    """Replace calls of user gates by their bodies, all calls of a definition at once.

    Establishes: no opcode from `USER` on but those of opaque gates.  Modifiers on a call are
    passed on to the gates of the body.  Keeps: everything, exactly.  CompileError when the result
    would be over `limits.operations`.
    """

    name: ClassVar[str] = "inline"
    inner: ClassVar[bool] = True
    limits: Limits = DEFAULT_LIMITS

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        if not (circuit.columns.opcode >= USER).any():
            return circuit
        if self.limits.operations is not None and _written_out(circuit) > self.limits.operations:
            message = f"the program has more than {self.limits.operations:,} operations once its gates are written out"
            raise CompileError([error("limit.exceeded", message)])
        for _ in range(len(circuit.definitions) + 1):
            calls = np.flatnonzero(circuit.columns.opcode >= USER)
            if not len(calls):
                break
            expanded = self._round(circuit, context, calls)
            if expanded is None:
                break
            circuit = expanded
        return circuit

    def _round(self, circuit: Circuit, context: Context, calls: npt.NDArray[np.intp]) -> Circuit | None:
        columns = circuit.columns
        codes = columns.opcode[calls]
        used = distinct(codes)
        rewriter = Rewriter(circuit)
        done = np.zeros(len(columns), np.bool_)
        for code in used.tolist():
            definition = circuit.definitions[code - USER]
            rows = calls[codes == code]
            if definition.body is None:
                continue
            done[rows] = True
            self._calls(rewriter, definition, rows)
        if not done.any():
            return None
        rewriter.keep(np.flatnonzero(~done))
        return rewriter.finish(context, self.name)

    def _calls(self, rewriter: Rewriter, definition: Definition, rows: npt.NDArray[np.intp]) -> None:
        circuit, body = rewriter.circuit, definition.body
        assert body is not None
        plain_call = circuit.columns.extra[rows] < 0
        simple = bool((body.columns.extra < 0).all()) and len(definition.params) <= 3
        matrix = _linear(body, definition.params) if simple else None
        fast = plain_call if matrix is not None else np.zeros(len(rows), np.bool_)
        if circuit.columns.terms is not None and matrix is not None:
            fast &= ~circuit.columns.terms[rows].any(axis=1)
        if fast.any():
            assert matrix is not None
            self._tile(rewriter, body, rows[fast], *matrix)
        for row in rows[~fast].tolist():
            self._one(rewriter, definition, body, row)

    def _tile(self, rewriter: Rewriter, body: Circuit, rows: npt.NDArray[np.intp], linear: npt.NDArray[np.float64],
              phase: npt.NDArray[np.float64]) -> None:  # fmt: skip
        """Calls without modifiers of a body whose angles are linear in its parameters, in bulk."""
        columns, inner = rewriter.circuit.columns, body.columns
        count, size = len(rows), len(inner)
        given = columns.params[rows]
        rewriter.phase = rewriter.phase + float(body.global_phase.constant * count + (given @ phase).sum())
        if not size:
            return
        qubits = np.where(inner.qubits >= 0, columns.qubits[rows][:, np.maximum(inner.qubits, 0)], -1)
        params = inner.params[None] + np.einsum("kap,np->nka", linear, given)
        made = Columns(
            np.tile(inner.opcode, count),
            qubits.reshape(-1, 3).astype(np.int32),
            params.reshape(-1, 3),
            np.full(count * size, -1, np.int32),
            np.full(count * size, -1, np.int32),
            np.repeat(columns.span[rows], size).astype(np.int32),
        )
        rewriter.add(np.repeat(rows, size), made)

    def _one(self, rewriter: Rewriter, definition: Definition, body: Circuit, row: int) -> None:
        """One call: symbolic angles, modifiers, or a body with wide gates."""
        circuit = rewriter.circuit
        wires, span = circuit.operands(row), int(circuit.columns.span[row])
        index = int(circuit.columns.extra[row])
        extra = circuit.extras[index] if index >= 0 else Extra()
        held, base = wires[: len(extra.controls)], wires[len(extra.controls) :]
        bound = body._bind(dict(zip(definition.params, circuit.row_angles(row))))
        power = extra.power
        if power != int(power):
            self._root(rewriter, definition, bound, row, held, base, extra)
            return
        phase = bound.global_phase * power
        if held:
            controls = replace(Extra(), controls=extra.controls)
            rewriter.append(row, opcode("gphase"), held, (phase,), span, controls)
        else:
            rewriter.phase = rewriter.phase + phase
        order = range(len(bound.columns)) if power >= 0 else range(len(bound.columns) - 1, -1, -1)
        sign = 1.0 if power >= 0 else -1.0
        lines = [
            (int(bound.columns.opcode[k]), tuple(base[q] for q in bound.operands(k)), bound.row_angles(k), _extra(bound, k))
            for k in order
        ]
        for _ in range(abs(int(power))):
            for code, qubits, angles, inner in lines:
                self._line(rewriter, row, span, code, qubits, angles, inner, sign, held, extra.controls)

    def _root(self, rewriter: Rewriter, definition: Definition, bound: Circuit, row: int, held: tuple[int, ...],
              base: tuple[int, ...], extra: Extra) -> None:  # fmt: skip
        """A call to a fractional power: by its matrix, which takes numbers and at most two qubits."""
        circuit = rewriter.circuit
        if len(base) > 2 or bound.parameters:
            message = f"{definition.name} to the power {extra.power:g} is not compiled: only gates on one or two qubits are"
            raise CompileError([error("feature.unsupported", message, circuit.span(row))])
        controls = Extra(controls=extra.controls) if held else None
        span = int(circuit.columns.span[row])
        for name, angles, local in matrix_rows(matrix_power(unitary(bound)[: 2 ** len(base)], extra.power), base):
            rewriter.append(row, opcode(name), (*held, *local), angles, span, controls)

    def _line(self, rewriter: Rewriter, row: int, span: int, code: int, qubits: tuple[int, ...], angles: tuple[Angle, ...],
              inner: Extra | None, sign: float, held: tuple[int, ...], controls: str) -> None:  # fmt: skip
        if not held and sign > 0:
            rewriter.append(row, code, qubits, angles, span, inner)
            return
        base = inner or Extra()
        if sign < 0 and inner is None and code < NUM_GATES:
            gate = GATES[list(GATES)[code]]
            code, angles, sign = opcode(gate.inverse), tuple(_angle(a) for a in gate.invert(*angles)), 1.0
        elif sign < 0 and code == OPERATIONS["pauliexp"]:
            angles, sign = tuple(-a for a in angles), 1.0
        if code >= 256 and code < USER and code != OPERATIONS["pauliexp"]:
            if code == OPERATIONS["barrier"]:
                rewriter.append(row, code, (*qubits,), angles, span, Extra(qubits=qubits))
            return
        plain = not held and sign > 0 and inner is None
        changed = None if plain else replace(base, controls=controls + base.controls, power=base.power * sign)
        rewriter.append(row, code, (*held, *qubits), angles, span, changed)


def _written_out(circuit: Circuit) -> float:
    """How many operations the circuit has without calls of user gates, counted before anything is expanded."""

    def parts(body: Circuit) -> tuple[int, list[tuple[int, float]]]:
        rows = np.flatnonzero(body.columns.opcode >= USER)
        calls = []
        for row in rows.tolist():
            extra = _extra(body, row)
            calls.append((int(body.columns.opcode[row]) - USER, 1.0 if extra is None else max(1.0, abs(extra.power))))
        return len(body.columns) - len(rows), calls

    bodies = [None if d.body is None else parts(d.body) for d in circuit.definitions]
    sizes = [1.0] * len(bodies)
    for _ in range(len(bodies) + 1):
        changed = False
        for i, found in enumerate(bodies):
            if found is not None:
                size = found[0] + sum(times * sizes[k] for k, times in found[1])
                changed |= size != sizes[i]
                sizes[i] = min(size, 1e300)
        if not changed:
            break
    plain, calls = parts(circuit)
    return plain + sum(times * sizes[k] for k, times in calls)


def _angle(value: Any) -> Angle:
    return value if isinstance(value, Angle) else Angle(float(value))


def _extra(circuit: Circuit, row: int) -> Extra | None:
    index = int(circuit.columns.extra[row])
    return circuit.extras[index] if index >= 0 else None


def _linear(body: Circuit, params: tuple[str, ...]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    """Coefficients (ops, 3, 3) of a body's angles in its parameters, and (3,) of its phase; None when not linear."""
    place = {name: i for i, name in enumerate(params)}

    def coefficients(value: Angle) -> npt.NDArray[np.float64] | None:
        result = np.zeros(3)
        for symbol, factor in value.terms:
            if symbol.op != "var" or symbol.value not in place:
                return None
            result[place[str(symbol.value)]] += factor
        return result

    rows = [coefficients(a) for a in body.angles]
    phase = coefficients(body.global_phase)
    if phase is None or any(r is None for r in rows):
        return None
    table = np.array([np.zeros(3), *(r for r in rows if r is not None)])
    terms = body.columns.terms
    return (np.zeros((len(body.columns), 3, 3)) if terms is None else table[terms]), phase
