"""`rewrites`: the journal of a compile, step by step, at any size.

The steps must form a chain from the source to the result.  Each is checked in bulk by what its kind
means (see `qir.journal.Step`); a kind that is not known, or a step that does not hold, leaves the
result unproved.  Translation validation in the sense of Pnueli, Siegel and Singerman (TACAS 1998).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qir.circuit import Circuit, Layout
from qir.journal import Journal, Step
from qir.verify.moves import check_elide, check_relabel, check_remove, check_reorder, check_route
from qir.verify.result import Differs, Equivalence, Unjustified
from qir.verify.rows import differing
from qir.verify.windows import Notes, Whole, check_windows

__all__ = ["check_journal"]


def check_journal(a: Circuit, b: Circuit, journal: Journal, whole: Whole, *, assume_zero: bool = False) -> Equivalence:
    """The verdict of a journal that leads from `a` to `b`; Unjustified (or Differs) when it does not hold.

    whole: compares two circuits, for windows too wide to be multiplied out.
    """
    notes = Notes()
    _chain(a, b, journal, whole, notes, assume_zero=assume_zero, inside=False)
    detail = f"{notes.steps} steps, {notes.windows} windows, {notes.multiplied} of them multiplied out"
    if notes.symbolic:
        detail += f", {notes.symbolic} proved for all values of their parameters"
    if notes.whole:
        detail += f", {notes.whole} compared as circuits"
    if notes.tested:
        return Equivalence("tested", "rewrites", f"{detail}; {notes.tested} windows with parameters at random values only")
    return Equivalence("proved", "rewrites", detail)


def _chain(a: Circuit, b: Circuit, journal: Journal, whole: Whole, notes: Notes, *, assume_zero: bool, inside: bool) -> None:
    current = a
    for step in journal.steps:
        try:
            if not _same(current, step.before, notes):
                raise Unjustified("it does not begin where the step before it ended")
            if step.before.cregs != step.after.cregs:
                raise Unjustified("classical registers changed")
            _check(step, whole, notes, assume_zero=assume_zero, inside=inside)
        except Differs:
            raise
        except Unjustified as reason:
            raise Unjustified(f"pass {step.name} ({step.kind}): {reason}") from None
        notes.steps += 1
        if current is not step.after:
            notes.forget(current)
        current = step.after
    if not _same(current, b, notes):
        raise Unjustified("the journal does not end at the result")


def _check(step: Step, whole: Whole, notes: Notes, *, assume_zero: bool, inside: bool) -> None:
    if inside:
        if step.kind in ("relabel", "elide", "frames"):
            raise Unjustified("wires of a block must stay in their places")
        if step.kind == "remove" and step.reason != "before-measure":
            raise Unjustified("what a block leaves behind may be needed after it")
    if step.kind in ("windows", "frames"):
        check_windows(step, notes, whole)
    elif step.kind == "reorder":
        check_reorder(step, notes)
    elif step.kind == "remove":
        check_remove(step, notes, assume_zero=assume_zero)
    elif step.kind == "relabel":
        check_relabel(step, notes)
    elif step.kind == "elide":
        check_elide(step, notes)
    elif step.kind == "route":
        check_route(step, notes, closed=inside)
    elif step.kind == "blocks":
        _check_blocks(step, whole, notes)
    else:
        raise Unjustified("this kind of step is not known")


def _check_blocks(step: Step, whole: Whole, notes: Notes) -> None:
    before, after = step.before, step.after
    if len(before.columns) != len(after.columns) or before.layout != after.layout or before.frames != after.frames:
        raise Unjustified("more than the inside of blocks changed")
    rewritten = {(row, number): journal for row, number, journal in step.inner}
    for row in sorted({row for row, _ in rewritten}):
        if not 0 <= row < len(before.columns) or before.columns.extra[row] < 0 or after.columns.extra[row] < 0:
            raise Unjustified("an operation without blocks is named")
    # Put the old blocks back: then nothing else may differ.
    extras = list(after.extras)
    for row in np.flatnonzero((before.columns.extra >= 0) & (after.columns.extra >= 0)).tolist():
        old, new = before.extras[before.columns.extra[row]], after.extras[after.columns.extra[row]]
        if len(old.blocks) != len(new.blocks):
            raise Unjustified("a block was added or dropped")
        if not old.blocks:
            continue
        blocks = list(new.blocks)
        for number, (x, y) in enumerate(zip(old.blocks, new.blocks)):
            journal = rewritten.get((row, number))
            if journal is not None:
                if y.frames is not None or (y.layout is not None and y.layout != Layout.trivial(y.num_qubits)):
                    raise Unjustified("a block moves wires or owes frames")
                _chain(x, y, journal, whole, notes, assume_zero=False, inside=True)
                blocks[number] = x
        # What blocks act on is in the blocks; the operands beside them only list it, in any order.
        extras[after.columns.extra[row]] = replace(new, blocks=tuple(blocks), qubits=old.qubits, clbits=old.clbits)
    restored = replace(after, extras=tuple(extras))
    if len(differing(notes.read(before), None, notes.read(restored), None)):
        raise Unjustified("more than the inside of blocks changed")
    notes.forget(restored)


def _same(a: Circuit, b: Circuit, notes: Notes) -> bool:
    """The same circuit, operation by operation."""
    if a is b:
        return True
    if (a.num_qubits, a.num_clbits, a.layout, a.frames) != (b.num_qubits, b.num_clbits, b.layout, b.frames):
        return False
    return len(a.columns) == len(b.columns) and not len(differing(notes.read(a), None, notes.read(b), None))
