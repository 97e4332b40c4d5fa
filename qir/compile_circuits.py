"""The circuits of a job through the pipeline and the check, one after the other.

A circuit with many rows of parameter values is compiled once, with its parameters, as far as that goes; each row
then only takes the passes that need numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from qir.circuit import Circuit
from qir.diagnostics import error
from qir.errors import InternalError
from qir.job import JobCircuit
from qir.journal import Journal
from qir.limits import Limits
from qir.metrics import Metrics, measure
from qir.pipeline import Context, Passes, halves_for
from qir.pipeline import run as run_pipeline
from qir.report import CircuitReport, PassReport, Verification
from qir.sweeps import bind_rows

__all__ = ["CircuitCompiler", "PassHook"]

PassHook = Callable[[str, Circuit, Circuit], None]
"""Called after every pass with its name, and the circuits before and after."""

_MANY = 8
"""Rows from which on a circuit is compiled with its parameters first; fewer are each worth a search of their own."""
_REPORT = "this is a bug in qir: please report it with the source program"


@dataclass(frozen=True)
class _Run:
    """What some passes made of a circuit: the result, how it is known to be the same, and what was counted on the way."""

    circuit: Circuit
    verification: Verification
    passes: tuple[PassReport, ...]
    before: Metrics


@dataclass(frozen=True)
class CircuitCompiler:
    """Compiles circuits for `context`'s target, gateset and level.

    verify: whether each result is checked.    on_pass: see `PassHook`.
    InternalError when the check refutes a result.
    """

    context: Context
    limits: Limits
    verify: bool = True
    on_pass: PassHook | None = None

    def compile(self, entry: JobCircuit, *, bind: bool) -> list[tuple[JobCircuit, CircuitReport]]:
        """A circuit of a job; with `bind` and values for its parameters, one result per row of them."""
        if not bind:
            return [self._finished(entry, self._run(entry.circuit))]
        rows = bind_rows(entry)
        context = self.context
        halves = halves_for(context.target, context.gateset, context.level) if len(rows) >= _MANY else None
        if halves is not None:
            first = self._run(entry.circuit, halves[0])
            if first.verification.verdict != "unchecked" or not self.verify:
                results = [self._finished(row, self._second(first, halves[1], values)) for row, values in rows]
                head, report = results[0]
                return [(head, replace(report, passes=first.passes + report.passes)), *results[1:]]
        return [self._finished(row, self._run(row.circuit)) for row, _ in rows]

    def _second(self, first: _Run, passes: Passes, values: dict[str, float]) -> _Run:
        """The rest of the way for one row of values."""
        second = self._run(first.circuit.bind(values), passes)
        return replace(second, verification=_both(first.verification, second.verification), before=first.before)

    def _run(self, circuit: Circuit, passes: Passes | None = None) -> _Run:
        reports: list[PassReport] = []
        before: list[Metrics] = []

        def hook(name: str, seconds: float, old: Circuit, new: Circuit) -> None:
            reports.append(PassReport(name, seconds, len(old.columns), len(new.columns)))
            if not before:
                before.append(measure(new if name == "inline" else old))
            if self.on_pass is not None:
                self.on_pass(name, old, new)

        journal = Journal() if self.verify else None
        compiled = run_pipeline(circuit, replace(self.context, journal=journal), passes, on_pass=hook)
        verification = self._check(circuit, compiled, journal)
        return _Run(compiled, verification, tuple(reports), before[0] if before else measure(circuit))

    def _check(self, source: Circuit, compiled: Circuit, journal: Journal | None) -> Verification:
        if journal is None:
            return Verification("unchecked", None, "verification was switched off")
        from qir.verify import equivalent

        result = equivalent(source, compiled, assume_zero=self.context.assume_zero, journal=journal, limits=self.limits)
        if result.verdict == "refuted":
            message = f"the compiled circuit is not the same as the source: {result.counterexample or result.detail}"
            raise InternalError([error("internal.refuted", message, help=_REPORT)])
        return Verification(result.verdict, result.method, result.detail)

    @staticmethod
    def _finished(entry: JobCircuit, done: _Run) -> tuple[JobCircuit, CircuitReport]:
        name = entry.name or entry.circuit.name
        after = measure(done.circuit)
        report = CircuitReport(name, done.before, after, done.verification, done.passes, done.circuit.layout, None)
        return replace(entry, circuit=done.circuit), report


def _both(general: Verification, bound: Verification) -> Verification:
    """What is known of a result that was reached in two steps."""
    weaker = min((bound, general), key=lambda v: ("unchecked", "tested", "proved").index(v.verdict))
    detail = f"with parameters: {general.method}, {general.detail}; with values: {bound.method}, {bound.detail}"
    return Verification(weaker.verdict, weaker.method, detail)
