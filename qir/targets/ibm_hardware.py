"""What IBM's machines run: the rules for one circuit, for the linter and the emitter alike.

Sources: documentation pages execute-dynamic-circuits, qasm-feature-table, fractional-gates,
estimator-options and job-limits; the checks of qiskit-ibm-runtime 0.51 (`is_isa_circuit`,
`validate_rzz_pubs`, `validate_no_dd_with_dynamic_circuits`); read November 2026.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qir.circuit import Circuit, Duration, If, Operation
from qir.columns import CONTROL, OPERATIONS, USER, distinct
from qir.diagnostics import Diagnostic, error, warning
from qir.gates import GATES
from qir.source import Span
from qir.targets.ibm import FRACTIONAL
from qir.targets.target import Target

__all__ = ["RZZ_LIMIT", "check_circuit", "delay_in_dt", "effective_name", "has_control_flow", "walk"]

RZZ_LIMIT = math.pi / 2 + 1e-10
"""Largest angle of rzz that the client lets pass; the smallest is exactly 0."""

WEIGHTS: Mapping[str, int] = {
    "rz": 1, "delay": 1, "sx": 2, "x": 2, "rx": 2, "cx": 5, "cz": 5, "ecr": 5, "rzz": 5, "measure": 10, "reset": 17,
}  # fmt: skip
"""Control instructions per operation (page job-limits); initialisation takes 50 a qubit."""

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "ps": 1e-12}
_SHOWN = 5
_CONTROLLED = {
    "x": "cx", "y": "cy", "z": "cz", "h": "ch", "rx": "crx", "ry": "cry", "rz": "crz", "p": "cp", "u": "cu", "swap": "cswap",
    "cx": "ccx", "sx": "csx",
}  # fmt: skip
CONTROL_NAMES = frozenset({"box", "if", "for", "while", "switch"})


def walk(circuit: Circuit) -> Iterator[tuple[Circuit, int]]:
    """A circuit and the blocks of its control flow, with their depth."""
    stack = [(circuit, 0)]
    while stack:
        body, depth = stack.pop()
        yield body, depth
        for row in reversed(np.flatnonzero(np.isin(body.columns.opcode, list(CONTROL))).tolist()):
            extra = body.extras[body.columns.extra[row]]
            stack.extend((block, depth + 1) for block in reversed(extra.blocks))


def has_control_flow(circuit: Circuit) -> bool:
    """Whether there is an if, a loop or a switch (a box is none)."""
    codes = [OPERATIONS[n] for n in ("if", "for", "while", "switch")]
    return any(np.isin(body.columns.opcode, codes).any() for body, _ in walk(circuit))


def effective_name(op: Operation) -> str:
    """The gate that Qiskit makes of an operation with modifiers; with "?" when it is none by name."""
    name, extra = op.name, op.extra
    if extra is None or name not in GATES:
        return name
    if extra.power == -1:
        name = GATES[name].inverse
    elif extra.power != 1:
        return f"{name}?"
    for state in reversed(extra.controls):
        if state != "1" or name not in _CONTROLLED:
            return f"{name}?"
        name = _CONTROLLED[name]
    return name


def delay_in_dt(duration: Duration, dt: float) -> float | None:
    """A delay in units of dt; None when it is not a number."""
    if not isinstance(duration.value, (int, float)):
        return None
    if duration.unit == "dt":
        return float(duration.value)
    seconds = _SECONDS.get(duration.unit)
    return None if seconds is None else duration.value * seconds / dt


@dataclass
class _Findings:
    """Diagnostics with repetitions folded into one."""

    rows: dict[tuple[str, ...], tuple[Diagnostic, int]] = field(default_factory=dict)

    def add(self, key: tuple[str, ...], diagnostic: Diagnostic) -> None:
        first, count = self.rows.get(key, (diagnostic, 0))
        self.rows[key] = (first, count + 1)

    def result(self) -> list[Diagnostic]:
        done = []
        for first, count in self.rows.values():
            more = f" (and {count - 1} more like it)" if count > 1 else ""
            done.append(Diagnostic(first.code, first.slug, first.severity, first.message + more, first.span, first.pointer,
                                   first.help, first.fix))  # fmt: skip
        return done


def check_circuit(
    circuit: Circuit,
    target: Target | None,
    program: str,
    options: Mapping[str, Any] | None = None,
    *,
    pointer: str | None = None,
) -> list[Diagnostic]:
    """Everything that keeps a circuit on hardware qubits from running as it stands.

    program: sampler or estimator.    options: the job's.    target: None checks what holds for all
    machines.    pointer: the circuit's place in its job, for operations without a span.
    """
    checker = _Checker(circuit, target, program, options or {}, pointer)
    checker.run()
    return checker.found.result()


class _Checker:
    def __init__(
        self, circuit: Circuit, target: Target | None, program: str, options: Mapping[str, Any], pointer: str | None
    ) -> None:
        self.circuit = circuit
        self.target = target if target is not None and not target.simulator else None
        self.program = program
        self.options = options
        self.pointer = pointer
        self.found = _Findings()
        self.dynamic = has_control_flow(circuit)

    def error(self, key: tuple[str, ...], slug: str, message: str, span: Span | None, help: str | None = None) -> None:
        self.found.add(key, error(slug, message, span, pointer=None if span else self.pointer, help=help))

    def warning(self, key: tuple[str, ...], slug: str, message: str, span: Span | None, help: str | None = None) -> None:
        self.found.add(key, warning(slug, message, span, pointer=None if span else self.pointer, help=help))

    def run(self) -> None:
        self._size()
        names: set[str] = set()
        for body, depth in walk(self.circuit):
            names |= self._gates(body)
            self._statements(body, depth)
        self._together(names)

    # -- size ------------------------------------------------------------------------------

    def _size(self) -> None:
        circuit, target = self.circuit, self.target
        highest = max(circuit.touched_qubits, default=-1)
        if target is not None and highest >= target.num_qubits:
            span = next((circuit.span(r) for r in range(len(circuit.columns)) if highest in circuit.operands(r)), None)
            message = f"qubit {highest} is beyond the {target.num_qubits} qubits of {target.name}"
            self.error(("width",), "target.qubits", message, span)
        names = circuit.count_ops()
        weight = np.full(max(circuit.num_qubits, 1), 50, np.int64)
        for name in names:
            if name in WEIGHTS:
                rows = circuit.columns.qubits[circuit.columns.opcode == self._code(name)]
                wires = rows[rows >= 0]
                weight += np.bincount(wires, minlength=len(weight))[: len(weight)] * WEIGHTS[name]
        if weight.max() > 32_000_000:
            message = f"{weight.max()} control instructions on one qubit; the machine takes 32 million"
            self.error(("weight",), "job.size", message, None)
        pairs = int((circuit.widths == 2).sum())
        if pairs >= 10_000:
            self.warning(("pairs",), "job.size", f"{pairs} two-qubit gates; jobs with fewer than 10,000 always fit", None)

    @staticmethod
    def _code(name: str) -> int:
        return OPERATIONS[name] if name in OPERATIONS else list(GATES).index(name)

    # -- gates -----------------------------------------------------------------------------

    def _gates(self, body: Circuit) -> set[str]:
        """Check every gate of one body against the target; the names of what is there."""
        columns = body.columns
        codes = distinct(columns.opcode).tolist()
        names = {body.opname(code) for code in codes}
        for code in codes:
            name = body.opname(code)
            if code < USER and name in OPERATIONS and name != "pauliexp":
                continue
            rows = np.flatnonzero(columns.opcode == code)
            if name == "gphase" or self.target is None:
                continue
            plain = rows[columns.extra[rows] < 0]
            if len(plain):
                self._plain(body, name, plain)
            for row in rows[columns.extra[rows] >= 0].tolist():
                op = body.operation(row)
                self._one(effective_name(op), op.qubits, op.span)
            if name == "rzz":
                self._angles(body, rows)
        return names

    def _plain(self, body: Circuit, name: str, rows: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        target = self.target
        assert target is not None
        operands = body.columns.qubits[rows]
        width = int((operands[0] >= 0).sum())
        if name in target.gates and width == 2 and target.edges is not None:
            span = max(target.num_qubits, body.num_qubits)
            keys = operands[:, 0].astype(np.int64) * span + operands[:, 1]
            allowed = np.array([a * span + b for a, b in target.edges.get(name, ())], np.int64)
            rows = rows[~np.isin(keys, allowed)]
        elif name in target.gates:
            bad = np.isin(operands, np.array(sorted(target.faulty_qubits), np.int32)) | (operands >= target.num_qubits)
            rows = rows[bad.any(axis=1)]
        for row in rows.tolist():
            self._one(name, body.operands(row), body.span(row))

    def _one(self, name: str, qubits: tuple[int, ...], span: Span | None) -> None:
        target = self.target
        assert target is not None
        if target.allows(name, qubits) or any(q >= target.num_qubits for q in qubits):
            return
        if name not in target.gates:
            help = f"its gates are {', '.join(target.gates)}; `qcompile -t {target.name}` translates"
            if name == "id":
                help = "the service reads id as U(0, 0, 0), which no machine runs; leave it out"
            elif name in FRACTIONAL:
                help = "fractional gates run on Heron machines, for jobs and clients that ask for them; " + help
            self.error(("gate", name), "target.gate", f"{target.name} has no gate {name.removesuffix('?')}", span, help)
            return
        faulty = [q for q in qubits if q in target.faulty_qubits]
        where = ", ".join(f"${q}" for q in qubits)
        if faulty or qubits in target.faulty_edges:
            what = f"qubit ${faulty[0]}" if faulty else f"the connection of {where}"
            self.error(
                ("faulty", *map(str, faulty or qubits)), "target.connectivity", f"{what} of {target.name} is faulty", span
            )
            return
        other = (qubits[1], qubits[0])
        if target.allows(name, other):
            help = f"the machine runs it from ${other[0]} to ${other[1]}"
        else:
            near = sorted({b for a, b in (*target.connected, *((b, a) for a, b in target.connected)) if a == qubits[0]})
            help = f"${qubits[0]} is connected to {', '.join(f'${q}' for q in near)}"
        key = ("edge", name, where) if sum(k[0] == "edge" for k in self.found.rows) < _SHOWN else ("edge",)
        self.error(key, "target.connectivity", f"{target.name} does not run {name} on {where}", span, help)

    def _angles(self, body: Circuit, rows: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        symbolic = body.columns.symbolic[rows]
        angles = body.columns.params[rows, 0]
        bad = rows[~symbolic & ((angles < 0) | (angles > RZZ_LIMIT))]
        for row in bad.tolist():
            angle = body.row_angles(row)[0]
            message = f"rzz runs for angles from 0 to pi/2, not {angle}"
            self.error(("rzz",), "target.angle", message, body.span(row), "compiling folds the angle into that range")

    # -- statements ------------------------------------------------------------------------

    def _statements(self, body: Circuit, depth: int) -> None:
        codes = body.columns.opcode
        for row in np.flatnonzero((codes >= OPERATIONS["measure"]) & (codes < USER)).tolist():
            name = body.opname(int(codes[row]))
            if name in CONTROL_NAMES:
                self._control(body, row, name, depth)
            elif name in ("measure", "reset"):
                self._measure(body, row, name, depth)
            elif name == "delay":
                self._delay(body, row)
            elif name in ("assign", "call", "return"):
                help = "the service takes no classical statements; compute before the job or after it"
                self.error(("statement", name), "target.expression", f"a classical statement ({name})", body.span(row), help)
            elif name in ("break", "continue", "end"):
                self.error(("statement", name), "target.control-flow", f"{name} does not run on IBM machines", body.span(row))

    def _control(self, body: Circuit, row: int, name: str, depth: int) -> None:
        span = body.span(row)
        if name == "box":
            self.error(("box",), "target.control-flow", "box does not run on IBM machines", span, "put the gates outside")
            return
        if name != "if":
            help = {"for": "unroll the loop", "switch": "write a chain of ifs that are not nested"}.get(name)
            message = f"{name} does not run on IBM machines; only if and else do"
            self.error(("flow", name), "target.control-flow", message, span, help)
            return
        if depth:
            message = "an if inside another (or else if) does not run on IBM machines"
            help = "write ifs one after the other, with joined conditions"
            self.error(("nested",), "target.control-flow", message, span, help)
        if self.target is not None and "if" not in self.target.features:
            self.error(("flow", "if"), "target.control-flow", f"{self.target.name} runs no control flow", span)
        payload = body.extras[body.columns.extra[row]].payload
        if isinstance(payload, If):
            sizes = {r.name: r.size for r in body.cregs or self.circuit.cregs}
            wide = max((sizes.get(n, 0) for n in payload.condition.registers), default=0)
            if wide > 32:
                self.error(("wide",), "target.control-flow", f"a condition on {wide} bits; the machine takes at most 32", span)

    def _measure(self, body: Circuit, row: int, name: str, depth: int) -> None:
        span = body.span(row)
        if depth and name == "measure":
            message = "a measurement inside a branch does not run on IBM machines"
            self.error(("measure-in-if",), "target.control-flow", message, span)
        elif depth:
            message, help = "a reset inside a branch does not run on IBM machines", "measure and flip: if (c[0]) { x $0; }"
            self.error(("reset-in-if",), "target.control-flow", message, span, help)
        target = self.target
        if target is None:
            return
        if name == "reset" and "reset" not in target.features:
            self.error(("reset",), "target.mid-circuit", f"{target.name} runs no reset", span)
        for q in body.operands(row):
            if q in target.faulty_qubits:
                self.error(("faulty", str(q)), "target.connectivity", f"qubit ${q} of {target.name} is faulty", span)

    def _delay(self, body: Circuit, row: int) -> None:
        target, span = self.target, body.span(row)
        if target is None or target.timing is None:
            return
        if "delay" not in target.features:
            self.error(("delay",), "target.gate", f"{target.name} runs no delay", span)
        duration = body.extras[body.columns.extra[row]].payload
        if not isinstance(duration, Duration):
            return
        steps = delay_in_dt(duration, target.timing.dt)
        if steps is None:
            self.error(("delay-expression",), "target.expression", "a delay whose length is not a number", span)
            return
        grid = target.timing.pulse_alignment
        if abs(steps - round(steps)) > 1e-6:
            message = f"a delay of {steps:.6g} dt is rounded (dt is {target.timing.dt * 1e9:.4g} ns)"
            self.warning(("delay-rounding",), "target.delay", message, span)
        elif round(steps) % grid:
            self.warning(("delay-grid",), "target.delay", f"a delay of {round(steps)} dt is no multiple of {grid} dt", span)

    # -- what does not go together ---------------------------------------------------------

    def _together(self, names: set[str]) -> None:
        program, options = self.program, self.options
        if program == "estimator" and self.dynamic:
            self.error(("estimator",), "job.program", "the estimator takes no dynamic circuits", self._span_of(CONTROL_NAMES),
                       "use the sampler")  # fmt: skip
        if program == "estimator" and "measure" in names:
            self.warning(("ignored",), "job.program", "the estimator ignores measurements", self._span_of({"measure"}))
        if self.dynamic and _option(options, "dynamical_decoupling", "enable") is True:
            self.error(("dd",), "job.options", "dynamical decoupling does not go with control flow",
                       self._span_of(CONTROL_NAMES), "switch dynamical_decoupling.enable off")  # fmt: skip
        fractional = sorted(names & FRACTIONAL)
        if not fractional:
            return
        what, span = " and ".join(fractional), self._span_of(set(fractional))
        if _option(options, "twirling", "enable_gates") is True:
            self.error(("twirling",), "job.options", f"the fractional gates {what} do not go with gate twirling", span)
        if _option(options, "resilience", "pec_mitigation") is True:
            self.error(("pec",), "job.options", f"the fractional gates {what} do not go with PEC", span)
        if _option(options, "resilience", "zne", "amplifier") == "pea":
            self.error(("pea",), "job.options", f"the fractional gates {what} do not go with PEA", span)
        if self.dynamic:
            message = f"the fractional gates {what} with control flow in one job may be refused"
            self.warning(("fractional",), "target.gate", message, span)

    def _span_of(self, names: set[str] | frozenset[str]) -> Span | None:
        for body, _ in walk(self.circuit):
            for code in distinct(body.columns.opcode).tolist():
                if body.opname(code) in names:
                    return body.span(int(np.flatnonzero(body.columns.opcode == code)[0]))
        return None


def _option(options: Mapping[str, Any], *path: str) -> Any:
    value: Any = options
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
