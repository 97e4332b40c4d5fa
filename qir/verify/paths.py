"""`paths`: one circuit and the inverse of the other as a sum over paths, reduced.

The circuits are the same when the sum reduces to the identity (Amy, QPL 2018, arXiv 1805.06908).
What is reversible or computed back stays small at any width: Toffoli ladders, multi-controlled
gates, adders, Fourier transforms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qir.circuit import Circuit
from qir.execution import Unsupported
from qir.verify.kraus import Frame, frame, program_qubits
from qir.verify.path_sum import PHASE_SLACK, WORK, PathSum, Poly
from qir.verify.result import Equivalence
from qir.verify.steps import Step, gate_steps, inverse_steps
from qir.verify.terminal import Static, static_form

__all__ = ["check_paths"]


def _run(total: PathSum, static: Static, where: Frame, *, backwards: bool) -> None:
    known: dict[Any, list[Step]] = {}
    for leaf in reversed(static.gates) if backwards else static.gates:
        key = (leaf.name, leaf.angles, leaf.controls, leaf.power, leaf.payload)
        steps = known.get(key)
        if steps is None:
            found = gate_steps(leaf)
            steps = known[key] = inverse_steps(found) if backwards else found
        wires = [where.slots[q] for q in leaf.qubits]
        total.spend(len(steps))
        for step in steps:
            total.apply(step, wires)


def _same_reads(a: Static, b: Static, ends: Sequence[Frame]) -> None:
    """Measurements at the end read the same program qubits, or the unitaries say nothing about the records."""
    places = []
    for static, where in zip((a, b), ends):
        if static.blind:
            raise Unsupported("measurements without bits")
        places.append({c: where.end.index(w) if w in where.end else None for c, w in static.reads.items()})
    if places[0] != places[1] or None in places[0].values():
        raise Unsupported("the circuits do not measure the same qubits into the same bits")


def check_paths(a: Circuit, b: Circuit, *, assume_zero: bool = False, work: int = WORK) -> Equivalence:
    """Prove or refute that two circuits have the same unitary; with `assume_zero` the same effect on |0...0>.

    Symbolic angles are factors like any other.  Circuits with terminal measurements are proved when
    their unitaries agree, and not refuted when they differ.  Unsupported when the sum does not reduce
    or takes more than `work` operations on terms.
    """
    qubits = program_qubits(a, b)
    width = len(qubits)
    sides = [(static_form(c, limit=500_000), frame(c, qubits)) for c in (a, b)]
    _same_reads(sides[0][0], sides[1][0], [where for _, where in sides])
    # The longer one first: what it computes is folded away before the other is undone.
    sides.sort(key=lambda side: -len(side[0].gates))
    (first, start), (second, end) = sides
    total = PathSum(width, work=work)
    inputs: list[Poly] = [set() if assume_zero else {1 << k} for k in range(width)]
    total.wires = [*map(set, inputs), *(set() for _ in range(len(start.slots) - width))]
    total.shown = [0] * len(total.wires)
    for wire, poly in enumerate(total.wires):
        total.show(wire, poly)
    _run(total, first, start, backwards=False)
    # Wires that hold no program qubit: those of the first circuit are kept, those of the second begin in |0>.
    moved = [start.slots[w] for w in start.end]
    spare = [k for k in range(len(total.wires)) if k not in moved]
    places = [end.slots[w] for w in end.end]
    order = dict(zip(places, moved))
    for slot in range(len(end.slots)):
        if slot not in order:
            order[slot] = len(total.wires)
            total.wires.append(set())
            total.shown.append(0)
    _run(total, second, Frame(end.start, end.end, {w: order[s] for w, s in end.slots.items()}), backwards=True)
    total.dirty = total.paths
    total.reduce()
    result = [total.wires[order[k]] for k in range(len(end.slots))]
    spares = [total.wires[k] for k in spare]
    difference: str | None
    if total.paths:
        difference = _spread(total, result, width)
    else:
        difference = _difference(total, [p ^ q for p, q in zip(result, inputs)])
        if difference is None and all(p <= {0} for p in spares) and not any(result[width:]):
            detail = f"one circuit and the inverse of the other sum to the identity over all paths of {width} qubits"
            return Equivalence("proved", "paths", detail)
    if difference is None or spares or result[width:] or first.reads or total.symbols:
        raise Unsupported("the sum over paths is not the identity, which decides nothing here")
    return Equivalence("refuted", "paths", f"compared on {width} qubits", difference)


def _ket(mask: int, width: int) -> str:
    return f"|{mask:0{width}b}>" if width else "|>"


def _spread(total: PathSum, wires: Sequence[Poly], width: int) -> str:
    """What differs when path variables are left and each can be read off the output: all paths end apart."""
    known = 0
    while known != total.paths:
        before = known
        for poly in wires:
            new = [m for m in poly if m & total.paths & ~known]
            if len(new) == 1 and new[0] & (new[0] - 1) == 0:
                known |= new[0]
        if known == before:
            count = total.paths.bit_count()
            raise Unsupported(f"the sum over paths does not reduce: {count} path variables are left")
    overlap = 2 ** (-known.bit_count() / 2)
    return f"the input {_ket(0, width)} goes to states in the two circuits that overlap by at most {overlap:.6g}"


def _difference(total: PathSum, changed: Sequence[Poly]) -> str | None:
    """The first basis state that shows the circuits apart, or None.

    Of a polynomial's monomials one with the fewest variables is the only one that does not vanish
    where exactly those variables are 1.
    """
    width = len(changed)
    monomials = [m for poly in changed for m in poly]
    if monomials:
        least = min(monomials, key=lambda m: (m.bit_count(), m))
        return f"the input {_ket(least, width)} goes to orthogonal states in the two circuits"
    left = {m: v for m, v in total.phase.items() if m}
    if total.slack + sum(map(abs, left.values())) <= PHASE_SLACK:
        return None
    least = min((m for m, v in left.items() if abs(v) > PHASE_SLACK), key=lambda m: (m.bit_count(), m), default=0)
    if not least:
        raise Unsupported("many small phases are left")
    return f"between the inputs {_ket(0, width)} and {_ket(least, width)} the circuits' phases differ by {left[least]:.6g}"
