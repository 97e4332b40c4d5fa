"""Q3xx for programs: what a machine cannot run, however the program is compiled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from qir.circuit import Circuit
from qir.columns import OPERATIONS
from qir.diagnostics import Diagnostic, error, warning
from qir.lint.rule import Rule
from qir.program import Program
from qir.targets.target import Target

__all__ = ["TARGET_RULES"]


class TooManyQubits(Rule):
    """The program needs more qubits than the machine has.

    How to fix it: use a larger machine (`qcompile targets`), or fewer qubits.
    """

    slug: ClassVar[str] = "target.qubits"

    def check(self, program: Program, target: Target | None) -> Iterable[Diagnostic]:
        if target is None or target.vendor == "local" or program.job is not None:
            # What the built-in simulator can hold depends on the circuit: it says so itself.
            return
        for circuit in program.circuits:
            if circuit.num_qubits > target.num_qubits:
                span = program.symbols[0].declared if program.symbols else None
                yield error(self.slug, f"{circuit.num_qubits} qubits, and {target.name} has {target.num_qubits}", span)


class Retired(Rule):
    """The machine is out of service.

    Why it matters: the service refuses the job.

    How to fix it: choose another machine; `qcompile targets` marks the retired ones.
    """

    slug: ClassVar[str] = "target.retired"

    def check(self, program: Program, target: Target | None) -> Iterable[Diagnostic]:
        if target is not None and target.retired and program.job is None:
            yield warning(self.slug, f"{target.name} is retired ({target.retired})", help="see `qcompile targets`")


class ControlFlow(Rule):
    """Control flow that the machine cannot run.

    What it does: finds `if`, loops and `switch` that are still there after everything known at compile
    time was evaluated, and holds them against what the machine runs.  Nested ifs, else if and switch are
    compiled to ifs in a row for IBM machines, which run no others; measurements inside a branch are not.

    Why it matters: the service refuses the job, or fails it after it was queued.

    How to fix it: measure at the end and branch in your own program, or use a machine that runs it.

    Source: IBM documentation, "Execute dynamic circuits" (2026); IonQ documentation, OpenQASM 3 jobs
    (2026): no control flow on any target.
    """

    slug: ClassVar[str] = "target.control-flow"

    def check(self, program: Program, target: Target | None) -> Iterable[Diagnostic]:
        if target is None or target.vendor == "local" or program.job is not None:
            return
        for circuit in program.circuits:
            yield from self._look(circuit, target, 0)

    def _look(self, circuit: Circuit, target: Target, depth: int) -> Iterable[Diagnostic]:
        names = {OPERATIONS[n]: n for n in ("if", "for", "while", "switch")}
        inner = {OPERATIONS[n]: n for n in ("measure", "reset")}
        for row in np.flatnonzero(np.isin(circuit.columns.opcode, list(names))).tolist():
            name = names[int(circuit.columns.opcode[row])]
            span = circuit.span(row)
            extra = circuit.extras[circuit.columns.extra[row]]
            # For IBM, compiling writes nested ifs and switch as ifs in a row with joined conditions.
            lowered = target.vendor == "ibm" and name == "switch" and "if" in target.features
            if name not in target.features and not lowered:
                yield error(self.slug, f"{target.name} does not run `{name}`", span)
            for block in extra.blocks:
                if depth < 64:
                    yield from self._look(block, target, depth + 1)
                if target.vendor == "ibm":
                    for bad in np.flatnonzero(np.isin(block.columns.opcode, list(inner))).tolist():
                        what = inner[int(block.columns.opcode[bad])]
                        message = f"{target.name} does not run a {what} inside an `{name}`"
                        yield error(self.slug, message, block.span(bad) or span)


class MidCircuit(Rule):
    """A measurement or reset in the middle of the circuit that the machine cannot run.

    How to fix it: measure at the end, or use a machine or job type that runs it (IonQ: the qasm3 job).

    Source: IonQ documentation (2026): JSON jobs measure all qubits at the end, and nowhere else.
    """

    slug: ClassVar[str] = "target.mid-circuit"

    def check(self, program: Program, target: Target | None) -> Iterable[Diagnostic]:
        if target is None or target.vendor == "local" or "mid-circuit" in target.features or program.job is not None:
            return
        for circuit in program.circuits:
            if circuit.is_mid_circuit and not circuit.is_dynamic:
                yield warning(self.slug, f"{target.name} may not measure or reset inside the circuit")


TARGET_RULES: tuple[type[Rule], ...] = (TooManyQubits, Retired, ControlFlow, MidCircuit)
"""All rules of this file."""
