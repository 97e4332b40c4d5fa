"""The pipelines, and the one door into `qir.passes`.

A pipeline is a tuple of passes; which one depends on the target, on IonQ's gateset, and on the level:
0 only what the target forces, 1 linear-time clean-up, 2 the default, 3 search.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from qir.circuit import Circuit, Extra
from qir.journal import Journal
from qir.passes import PASSES
from qir.passes.base import Context, Pass
from qir.passes.basis import LowerQis, RzzToRxx
from qir.passes.best import Best, IfChanged
from qir.passes.cancel import CancelInverses
from qir.passes.decompose import Decompose
from qir.passes.elide import ElideSwaps, RestoreOrder
from qir.passes.flip import AlignFlips, FoldAngles
from qir.passes.fold_phases import FoldPhases
from qir.passes.fuse import Fuse
from qir.passes.improve_windows import ImproveWindows
from qir.passes.inline import Inline
from qir.passes.invisible import RemoveBeforeMeasure, RemoveFreshResets, RemoveUnmeasured
from qir.passes.lower_ionq import LowerIonq
from qir.passes.merge import MergeRotations
from qir.passes.pauli_simplify import SimplifyPaulis
from qir.passes.rebuild import RebuildPairs
from qir.passes.views import ChooseView
from qir.passes.zero import RemoveZeroInput
from qir.targets.target import Target

__all__ = ["PASSES", "Context", "Hook", "Passes", "halves_for", "pipeline_for", "run"]

Passes = tuple[Pass, ...]
"""A pipeline."""

Hook = Callable[[str, float, Circuit, Circuit], None]
"""Called after each pass with its name, its seconds, and the circuits before and after."""

_LARGE = 1_000_000
_QIS_TWO = ("cx", "swap", "rxx", "ryy", "rzz")

CLEAN: tuple[Pass, ...] = (RemoveFreshResets(), RemoveZeroInput(), RemoveUnmeasured(), CancelInverses())
"""What can be dropped before anything is decomposed."""

INVISIBLE: tuple[Pass, ...] = (RemoveBeforeMeasure(), RemoveUnmeasured())
"""What no measurement sees."""

ELIDE: tuple[Pass, ...] = (ElideSwaps(), RestoreOrder())
"""Swaps as renamings, for machines that connect every pair."""

MERGE: tuple[Pass, ...] = (Fuse(), IfChanged(AlignFlips(), (Fuse(),)), IfChanged(MergeRotations(), (Fuse(),)))
"""One round of merging over one-qubit gates and rzz."""

PAIRS: tuple[Pass, ...] = (Decompose("two"), *ELIDE, *INVISIBLE, Decompose("rzz"), *MERGE, *INVISIBLE)
"""To one-qubit gates and rzz, merged."""

_AGAIN = IfChanged(RebuildPairs(), (*MERGE, *INVISIBLE))
REBUILD: tuple[Pass, ...] = (IfChanged(RebuildPairs(), (*MERGE, *INVISIBLE, _AGAIN)),)
"""Two-qubit blocks by KAK, what that lets merge, and the blocks that then are next to each other."""

FOLD: tuple[Pass, ...] = (IfChanged(FoldPhases(), MERGE),)
"""Rotations merged across the whole circuit."""

FOLD_MORE: tuple[Pass, ...] = (IfChanged(FoldPhases(most=50_000, rotations=5_000), MERGE),)
"""The same, for larger circuits."""

SEARCH = SimplifyPaulis(trials=64, work=1_500_000, most=200_000, dense=4.0)
"""Many runs of the search over Pauli rotations."""

NARROW = ImproveWindows(stages=((3, 0),), work=2_000, then=(*MERGE, *REBUILD))
"""Windows on three qubits, each of their gates left out."""

WIDE = ImproveWindows(work=10_000, then=(*MERGE, *REBUILD))
"""Windows on four qubits too, and other shapes."""

QUARTER = ImproveWindows(quarter=True, most=8, work=1_500, then=(Fuse(),))
"""Windows for machines whose gate is a cz."""


NATIVE: dict[str, tuple[Pass, ...]] = {
    "zz": (FoldAngles(), LowerIonq("zz")),
    "ms": (FoldAngles(signed=True), RzzToRxx(), LowerIonq("ms")),
}
"""To IonQ's native gates, by entangler."""


def pipeline_for(
    target: Target | None, gateset: str | None = None, level: int = 2, decoupling: str | None = None
) -> tuple[Pass, ...]:
    """The passes for a target (None: target-independent), IonQ's gateset ("qis" or "native"), level, and what fills
    idle time on IBM's machines."""
    if target is None or target.vendor == "local":
        return _independent(level)
    if target.vendor == "ionq":
        return _ionq(target, gateset or ("qis" if target.simulator else "native"), level)
    return _ibm(level, "rzz" if "rzz" in target.gates else "cz", decoupling)


def halves_for(target: Target | None, gateset: str | None, level: int) -> tuple[Passes, Passes] | None:
    """The pipeline of a circuit with parameters, and that of what it becomes once they have values.

    None where circuits are better given values first (or keep their parameters).
    """
    if target is None or target.vendor != "ionq" or gateset != "native" or level == 0:
        return None
    native = NATIVE[target.entangler or "zz"]
    return pipeline_for(target, gateset, level)[: -len(native)], (*MERGE, *INVISIBLE, *native)


def _independent(level: int) -> tuple[Pass, ...]:
    if level == 0:
        return ()
    head: tuple[Pass, ...] = (Inline(), *CLEAN, *INVISIBLE)
    if level == 1:
        return (*head, Fuse())
    fold = FOLD if level == 2 else FOLD_MORE
    pairs: tuple[Pass, ...] = (Decompose("two"), *fold, Decompose("rzz"), *MERGE, *REBUILD, *INVISIBLE, *fold)
    candidates: tuple[Passes, ...] = ((*fold, Fuse()), pairs, (SimplifyPaulis(), *pairs))
    if level == 2:
        return (*head, Best(candidates, rotations=True))
    # Numerical search would add rotations, which cost most where errors are corrected; so may blocks by KAK.
    plain: tuple[Pass, ...] = (SEARCH, Decompose("two"), *fold, Decompose("rzz"), *MERGE, *INVISIBLE)
    search: tuple[Passes, ...] = (plain, (*plain, *REBUILD, *INVISIBLE, *fold))
    return (*head, Best((*candidates, *search), limit=_LARGE, rotations=True))


def _optimise(level: int) -> tuple[Pass, ...]:
    """From any gates to few rzz and one-qubit gates between them."""
    if level == 0:
        return (Decompose("two"), Decompose("rzz"))
    if level == 1:
        return PAIRS
    if level == 2:
        return (*PAIRS, ChooseView(REBUILD, (*PAIRS, *REBUILD)))
    pairs: tuple[Pass, ...] = (*PAIRS, *REBUILD)
    written: tuple[Pass, ...] = (Decompose("two"),)
    folded: tuple[Pass, ...] = (*written, *FOLD_MORE, *pairs)
    # Other runs end elsewhere, and the windows take more from some of them than from the best.
    searches = tuple((*begin, replace(SEARCH, seed=seed), *pairs, NARROW) for seed in range(3) for begin in (written, folded))
    first = Best(((*folded, NARROW), (*PAIRS, SimplifyPaulis(), *pairs, NARROW), *searches), limit=_LARGE)
    again: tuple[Pass, ...] = (SEARCH, *pairs)
    return (first, Best(((), (*again, NARROW)), limit=_LARGE), Best(((WIDE,), (WIDE, *again, WIDE)), limit=_LARGE))


def _ionq(target: Target, gateset: str, level: int) -> tuple[Pass, ...]:
    head: tuple[Pass, ...] = (Inline(), *CLEAN) if level else (Inline(),)
    if gateset == "qasm3":
        return head
    if gateset == "qis":
        plain: tuple[Pass, ...] = (Decompose("rzz", keep=_QIS_TWO), LowerQis())
        if level == 0:
            return (*head, *plain)
        as_written = (Decompose("two"), *ELIDE, *INVISIBLE, *plain)
        return (*head, Best((as_written, (*_optimise(level), FoldAngles(signed=True), Fuse(), LowerQis()))))
    return (*head, *_optimise(level), *NATIVE[target.entangler or "zz"])


def _ibm(level: int, entangler: str, decoupling: str | None) -> tuple[Pass, ...]:
    """Simplify as if all qubits were connected, then place and route, then the machine's gates.

    entangler: "cz", or "rzz" where rotations by any angle are one gate.    decoupling: see `Decouple`.
    """
    from qir.passes.check_target import CheckTarget
    from qir.passes.decouple import Decouple
    from qir.passes.relocate import Relocate
    from qir.passes.resynthesise import Resynthesise
    from qir.passes.route import RouteQubits
    from qir.passes.translate_ibm import ToEntangler, ToIbmBasis

    end: tuple[Pass, ...] = (Decouple(decoupling), CheckTarget()) if decoupling else (CheckTarget(),)
    if level == 0:
        return (Inline(), Decompose("two"), RouteQubits(), Relocate(), ToEntangler(), ToIbmBasis(), *end)
    head: tuple[Pass, ...] = (Inline(), *CLEAN, Decompose("two"), ElideSwaps(), *INVISIBLE)
    # Without a look at blocks iswap stays whole, as no two gates are as cheap.
    middle: tuple[Pass, ...] = (Decompose("rzz", keep=("iswap", "iswapdg") if level == 1 else ()), *MERGE, *INVISIBLE)
    if level >= 2:
        # Rotations that merge free the gates between which they stood.
        head = (*head[:-len(INVISIBLE)], FoldPhases(), *INVISIBLE, Fuse(), CancelInverses())
        search = SimplifyPaulis() if level == 2 else SEARCH
        paulis: tuple[Pass, ...] = (search, Decompose("two"), ElideSwaps(), *INVISIBLE, *middle)
        first = middle
        middle = (Best((middle, paulis), entangler),)
        if level == 3:
            # What is simplest all-to-all need not be once it is routed: route all candidates, the program as written too.
            routed: tuple[Pass, ...] = (RouteQubits(), Resynthesise())
            fewer: tuple[Pass, ...] = (Resynthesise(), ToEntangler(), Decompose("rzz"), Fuse(), QUARTER, *routed)
            ends: tuple[Passes, ...] = ((*first, *routed), (*paulis, *routed), routed)
            if entangler == "cz":
                ends = (*ends, (*first, *fewer), (*paulis, *fewer))
            middle = (Best(ends, entangler, limit=1_000_000),)
    native = (Resynthesise(), ToEntangler(), Fuse(), ToIbmBasis())
    tail: tuple[Pass, ...] = (*native, MergeRotations(), *INVISIBLE, *end)
    return (*head, *middle, RouteQubits(), Relocate(), *tail)


def run(circuit: Circuit, context: Context, passes: Passes | None = None, *, on_pass: Hook | None = None) -> Circuit:
    """The circuit after some passes, by default the pipeline for `context`'s target, gateset, level and decoupling."""
    if passes is None:
        passes = pipeline_for(context.target, context.gateset, context.level, context.decoupling)
    todo = list(reversed(passes))
    while todo:
        step = todo.pop()
        follow: tuple[Pass, ...] = ()
        if isinstance(step, IfChanged):
            follow, step = step.then, step.step
        begin = time.perf_counter()
        after = _apply(step, circuit, context)
        if on_pass is not None:
            on_pass(step.name, time.perf_counter() - begin, circuit, after)
        if after is not circuit:
            todo.extend(reversed(follow))
        circuit = after
    return circuit


def _apply(step: Pass, circuit: Circuit, context: Context) -> Circuit:
    """One pass on a circuit and, where the pass says it may, on the blocks inside it."""
    if getattr(step, "inner", False) and any(e.blocks for e in circuit.extras):
        circuit = _blocks(step, circuit, context)
    return step.run(circuit, context)


def _blocks(step: Pass, circuit: Circuit, context: Context) -> Circuit:
    """The pass on every block; nesting is bounded by the readers' limits."""
    extras: list[Extra] = list(circuit.extras)
    inner: list[tuple[int, int, Journal]] = []
    rows = {int(e): row for row, e in enumerate(circuit.columns.extra.tolist()) if e >= 0}
    for index, extra in enumerate(extras):
        if not extra.blocks or index not in rows:
            continue
        blocks: list[Circuit] = []
        for number, block in enumerate(extra.blocks):
            journal = None if context.journal is None else Journal()
            blocks.append(_apply(step, block, replace(context, journal=journal)))
            if journal is not None and blocks[-1] is not block:
                inner.append((rows[index], number, journal))
        if any(a is not b for a, b in zip(blocks, extra.blocks)):
            extras[index] = replace(extra, blocks=tuple(blocks))
    if extras == list(circuit.extras):
        return circuit
    after = replace(circuit, extras=tuple(extras))
    if context.journal is not None:
        context.journal.blocks(step.name, circuit, after, tuple(inner))
    return after
