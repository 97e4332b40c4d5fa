"""`equivalent`: the cheapest method that settles the question, and an honest word about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from qir.circuit import Circuit
from qir.classical import ClassicalError
from qir.columns import OPERATIONS
from qir.errors import UsageError
from qir.execution import Unsupported
from qir.journal import Journal
from qir.limits import DEFAULT_LIMITS, Limits
from qir.verify.exact import check_exact
from qir.verify.result import Differs, Equivalence, Unjustified
from qir.verify.rewrites import check_journal

__all__ = ["equivalent"]

_BINDINGS = 4
_TINY = 1 << 20
_CHEAP = 1 << 26
"""Up to so many matrix entries times operations the exact method comes first,"""
_NARROW = 6
"""and on at most so many qubits: from there on an operation costs more than a Pauli rotation."""


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
    for circuit in (a, b):
        if not isinstance(circuit, Circuit):
            raise UsageError(f"cannot compare a {type(circuit).__name__}; pass two circuits")
    doubt: Unjustified | None = None
    if journal is not None:
        if _is_tiny(a, b, limits):
            # A matrix or two cost less than a long journal.
            try:
                return _through_resets(a, b, lambda x, y: check_exact(x, y, limits, assume_zero=assume_zero))
            except (Unsupported, ClassicalError):
                pass
        try:
            return check_journal(a, b, journal, lambda x, y: _compare(x, y, False, limits), assume_zero=assume_zero)
        except Unjustified as reason:
            doubt = reason
    found = _through_resets(a, b, lambda x, y: _compare(x, y, assume_zero, limits))
    if doubt is None:
        return found
    if found.verdict != "unchecked":
        return replace(found, detail=f"{found.detail}; the journal did not settle it ({doubt})")
    if isinstance(doubt, Differs):
        return Equivalence("refuted", "rewrites", "a window does not mean what it meant", str(doubt))
    return Equivalence("unchecked", None, f"{doubt}; {found.detail}")


def _through_resets(a: Circuit, b: Circuit, compare: Callable[[Circuit, Circuit], Equivalence]) -> Equivalence:
    """The verdict without the resets that begin a wire; where that refutes, the one with them.

    One circuit may have dropped what the other does before a reset: then the resets say the same.
    """
    first, second = _without_first_resets(a), _without_first_resets(b)
    found = compare(first, second)
    if found.verdict == "refuted" and (first is not a or second is not b):
        whole = compare(a, b)
        return found if whole.verdict == "unchecked" else whole
    return found


def _compare(a: Circuit, b: Circuit, assume_zero: bool, limits: Limits) -> Equivalence:
    """The verdict of the methods that look at whole circuits, one after the other until one settles it."""
    # Most compiles are settled before these are needed.
    from qir.verify.clifford import check_clifford
    from qir.verify.paths import check_paths
    from qir.verify.paulis import check_paulis
    from qir.verify.stimuli import check_stimuli

    numeric = not a.parameters and not b.parameters

    def clifford() -> Equivalence:
        found = check_clifford(a, b)
        if assume_zero and found.verdict == "refuted":
            raise Unsupported("the unitaries differ; from |0...0> they may not")
        return found

    def exact() -> Equivalence:
        return check_exact(a, b, limits, assume_zero=assume_zero)

    def paths() -> Equivalence:
        return check_paths(a, b, assume_zero=assume_zero)

    def values(check: Callable[[Circuit, Circuit], Equivalence]) -> Equivalence:
        return _at_random_values(a, b, check)

    methods: list[tuple[str, Callable[[], Equivalence]]] = []
    if numeric:
        wide = max(len(a.touched_qubits), len(b.touched_qubits))
        tiny = wide <= min(limits.exact_qubits, _NARROW) and 4**wide * (len(a.columns) + len(b.columns)) <= _CHEAP
        methods = [("clifford", clifford), ("paulis", lambda: check_paulis(a, b))]
        methods.insert(0 if tiny else 2, ("exact", exact))
        methods.append(("paths", paths))
        methods.append(("stimuli", lambda: check_stimuli(a, b, assume_zero=assume_zero)))
    else:
        methods = [
            ("paulis", lambda: check_paulis(a, b)),
            ("paths", paths),
            ("exact", lambda: values(lambda x, y: check_exact(x, y, limits, assume_zero=assume_zero))),
            ("stimuli", lambda: values(lambda x, y: check_stimuli(x, y, trials=1, assume_zero=assume_zero))),
        ]
    reasons = []
    for name, method in methods:
        try:
            return method()
        except (Unsupported, ClassicalError) as reason:
            reasons.append(f"{name}: {reason}")
        except MemoryError:
            reasons.append(f"{name}: not enough memory")
    return Equivalence("unchecked", None, "; ".join(reasons))


def _is_tiny(a: Circuit, b: Circuit, limits: Limits) -> bool:
    """Whether both circuits are so small, static and numeric that their matrices are the quickest answer."""
    count = len(a.columns) + len(b.columns)
    if count > 300 or a.parameters or b.parameters or a.is_dynamic or b.is_dynamic:
        return False
    wide = max(len(a.touched_qubits), len(b.touched_qubits))
    return wide <= limits.exact_qubits and 4**wide * count <= min(limits.exact_work, _TINY)


def _at_random_values(a: Circuit, b: Circuit, check: Callable[[Circuit, Circuit], Equivalence]) -> Equivalence:
    """Bind all parameters at random a few times; equality is then tested, not proved."""
    names = sorted({*a.parameters, *b.parameters})
    rng = np.random.default_rng(20)
    found = Equivalence("unchecked")
    for _ in range(_BINDINGS):
        values = {name: float(v) for name, v in zip(names, rng.uniform(-3, 3, len(names)))}
        bound = [c.bind({n: values[n] for n in c.parameters}) for c in (a, b)]
        found = check(bound[0], bound[1])
        if found.verdict == "refuted":
            where = ", ".join(f"{n} = {v:.6g}" for n, v in list(values.items())[:6])
            return replace(found, counterexample=f"with {where}: {found.counterexample}")
    count = f"{_BINDINGS} random values of {', '.join(names[:6])}{' ...' if len(names) > 6 else ''}"
    return Equivalence("tested", found.method, f"at {count}: {found.detail}")


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
