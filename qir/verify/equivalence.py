"""`equivalent`: the cheapest method that settles the question, and an honest word about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qir.circuit import Circuit
from qir.classical import ClassicalError
from qir.columns import OPERATIONS
from qir.execution import Unsupported
from qir.journal import Journal
from qir.limits import DEFAULT_LIMITS, Limits
from qir.verify.exact import check_exact
from qir.verify.result import Equivalence
from qir.verify.rewrites import Differs, Unjustified, check_journal
from qir.verify.windows import Whole

__all__ = ["equivalent"]

_BINDINGS = 4


def equivalent(
    a: Circuit, b: Circuit, *, assume_zero: bool = False, journal: Journal | None = None, limits: Limits = DEFAULT_LIMITS
) -> Equivalence:
    """Whether `b` is the same circuit as `a`.

    The same: equal unitaries up to a global phase, read through both placements (`layout`) and with
    pending `frames` included; where a program measures, equal probabilities of all records for every
    input.  With `assume_zero`, for the input |0...0> only.  Every qubit starts in |0>, so a reset
    nothing precedes means nothing.

    journal: the justification of a compile from `a` to `b`; it is checked, not believed.
    limits: `exact_qubits` and `exact_work` bound the exact method.
    """
    doubt: Unjustified | None = None
    if journal is not None:
        try:
            return check_journal(a, b, journal, _whole(limits), assume_zero=assume_zero)
        except Unjustified as reason:
            doubt = reason
    found = _compare(_without_first_resets(a), _without_first_resets(b), assume_zero, limits)
    if doubt is None:
        return found
    if found.verdict != "unchecked":
        return replace(found, detail=f"{found.detail}; the journal did not settle it ({doubt})")
    if isinstance(doubt, Differs):
        return Equivalence("refuted", "rewrites", "a window does not mean what it meant", str(doubt))
    return Equivalence("unchecked", None, f"{doubt}; {found.detail}")


def _whole(limits: Limits) -> Whole:
    """How a window too wide for the bulk is compared."""
    return lambda a, b: _compare(a, b, False, limits)


def _compare(a: Circuit, b: Circuit, assume_zero: bool, limits: Limits) -> Equivalence:
    """The verdict of the methods that look at whole circuits, the cheapest first."""
    try:
        if a.parameters or b.parameters:
            return _symbolic(a, b, assume_zero, limits)
        return check_exact(a, b, limits, assume_zero=assume_zero)
    except (Unsupported, ClassicalError) as reason:
        return Equivalence("unchecked", None, str(reason))


def _symbolic(a: Circuit, b: Circuit, assume_zero: bool, limits: Limits) -> Equivalence:
    names = sorted({*a.parameters, *b.parameters})
    rng = np.random.default_rng(20)
    for _ in range(_BINDINGS):
        values = {name: float(v) for name, v in zip(names, rng.uniform(-3, 3, len(names)))}
        found = check_exact(
            a.bind({n: values[n] for n in a.parameters}), b.bind({n: values[n] for n in b.parameters}), limits,
            assume_zero=assume_zero,
        )  # fmt: skip
        if found.verdict == "refuted":
            where = ", ".join(f"{n} = {v:.6g}" for n, v in values.items())
            return replace(found, counterexample=f"with {where}: {found.counterexample}")
    return Equivalence("tested", "exact", f"{_BINDINGS} random values of {', '.join(names)}; each time {found.detail}")


def _without_first_resets(circuit: Circuit) -> Circuit:
    """Without the resets that no operation precedes on their wire."""
    columns = circuit.columns
    rows = np.flatnonzero(columns.opcode == OPERATIONS["reset"])
    if not len(rows):
        return circuit
    w = circuit.wires
    skipped = np.isin(columns.opcode, [OPERATIONS["reset"], OPERATIONS["barrier"], OPERATIONS["delay"]])
    drop = np.zeros(len(columns), np.bool_)
    for row in rows.tolist():
        wire = int(columns.qubits[row, 0])
        before = w.op[w.start[wire] : w.start[wire + 1]]
        drop[row] = bool(skipped[before[before < row]].all())
    return circuit.with_columns(columns.take(~drop)) if drop.any() else circuit
