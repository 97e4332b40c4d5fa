"""Steps that move operations or wires: reorderings, removals, renamings, swaps dropped or inserted.

Everything a step claims is derived again here: which operations commute comes from the gates'
definitions, where the wires go from walking the swaps.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Extra, Layout
from qir.columns import OPERATIONS, USER, distinct
from qir.gates import GATES, NUM_GATES
from qir.journal import Step
from qir.params import Angle
from qir.verify.arrays import places
from qir.verify.definitions import add_controls, apply, gate_matrices, matrix_power, pauli_rotation
from qir.verify.legs import Legs, find_legs
from qir.verify.result import Unjustified
from qir.verify.rows import Reading, Tables, differing, fixed, skipped
from qir.verify.windows import Notes

__all__ = ["check_elide", "check_relabel", "check_remove", "check_reorder", "check_route"]

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_MEASURE, _RESET, _PAULIEXP = OPERATIONS["measure"], OPERATIONS["reset"], OPERATIONS["pauliexp"]
_SWAP = list(GATES).index("swap")
_PAULIS = [np.array(m, np.complex128) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])]
_PAIR_LIMIT = 200_000
_NAMES = list(GATES)


# -- what commutes with what --------------------------------------------------------------------


@cache
def _letters(name: str) -> tuple[int, ...]:
    """Per operand the Pauli (1 X, 2 Y, 3 Z, 4 every one) the gate commutes with there at all angles; 0 none."""
    row = GATES[name]
    rng = np.random.default_rng(7)
    matrices = gate_matrices(name, [rng.uniform(-3, 3, 3) for _ in range(row.num_params)])
    return tuple(_letter(matrices, k, row.num_qubits) for k in range(row.num_qubits))


def _letter(matrices: npt.NDArray[np.complex128], operand: int, width: int) -> int:
    found = []
    for number, pauli in enumerate(_PAULIS, 1):
        full = np.kron(np.kron(np.eye(2 ** (width - 1 - operand)), pauli), np.eye(2**operand))
        if np.abs(full @ matrices - matrices @ full).max() < 1e-9:
            found.append(number)
    return 4 if len(found) == 3 else (found[0] if found else 0)


def _extra_letters(circuit: Circuit, row: int) -> dict[int, int]:
    """Wire to letter for an operation with modifiers or Paulis; nothing for what is not a gate."""
    columns = circuit.columns
    code = int(columns.opcode[row])
    extra = circuit.extras[int(columns.extra[row])]
    operands = circuit.operands(row)
    if code == _PAULIEXP and not extra.controls and extra.power == 1 and isinstance(extra.payload, str):
        return {q: "IXYZ".index(p) or 4 for q, p in zip(operands, reversed(extra.payload))}
    if code >= NUM_GATES and code != _PAULIEXP:
        return {}
    controls = len(extra.controls)
    result = dict.fromkeys(operands[:controls], 3)
    targets = operands[controls:]
    if code == _PAULIEXP and isinstance(extra.payload, str):
        result.update({q: "IXYZ".index(p) or 4 for q, p in zip(targets, reversed(extra.payload))})
    elif float(extra.power).is_integer() or _letters_keep_roots(_NAMES[code]):
        result.update(zip(targets, _letters(_NAMES[code])))
    return result


def _letters_keep_roots(name: str) -> bool:
    # A principal root commutes with whatever the gate commutes with when its eigenspaces do; diagonal gates suffice here.
    return GATES[name].num_qubits > 0 and all(letter == 3 for letter in _letters(name))


def _letter_table(codes: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
    """Letters by opcode and operand, for the opcodes in use."""
    table = np.zeros((NUM_GATES, 3), np.int8)
    for code in distinct(codes).tolist():
        letters = _letters(_NAMES[code])
        table[code, : len(letters)] = letters
    return table


def _leg_letters(circuit: Circuit, legs: Legs) -> npt.NDArray[np.int8]:
    """Per leg the letter of its operation there."""
    columns = circuit.columns
    codes = columns.opcode.take(legs.op)
    gate = (codes < NUM_GATES) & (legs.leg >= 0)
    table = _letter_table(codes[gate] if len(codes) else codes)
    result: npt.NDArray[np.int8] = table.ravel().take(np.where(gate, 3 * codes + legs.leg, 0), mode="clip")
    result[~gate] = 0
    # A measurement is diagonal: it commutes with what is diagonal, its bit keeps its order by itself.
    result[(codes == _MEASURE) & (legs.leg >= 0)] = 3
    if len(columns.extra) == 0 or int(columns.extra.max()) < 0:
        return result
    special = columns.extra.take(legs.op) >= 0
    result[special & (codes != _MEASURE)] = 0
    rows = places(special & (legs.wire < circuit.num_qubits))
    known: dict[int, dict[int, int]] = {}
    for i, row, wire in zip(rows.tolist(), legs.op[rows].tolist(), legs.wire[rows].tolist()):
        if row not in known:
            known[row] = _extra_letters(circuit, row)
        result[i] = known[row].get(wire, 0)
    return result


def check_reorder(step: Step, notes: Notes) -> None:
    """Operations may change places when they commute on every wire they share."""
    before, after = step.before, step.after
    count = len(before.columns)
    if step.old is None or len(step.old) != count or len(after.columns) != count:
        raise Unjustified("the order does not fit the circuits")
    order: Index = np.asarray(step.old, np.int64)
    seen = np.zeros(count, np.bool_)
    if count and (order.min() < 0 or order.max() >= count):
        raise Unjustified("the order names operations that are not there")
    seen[order] = True
    if not seen.all():
        raise Unjustified("the order leaves operations out")
    _same_rest(before, after)
    if len(differing(notes.read(before), order, notes.read(after), None)):
        raise Unjustified("operations changed while being reordered")
    position = np.empty(count, np.int64)
    position[order] = np.arange(count)
    # Two operations can only have been exchanged when each has one behind it that overtook it, or before it that fell back.
    # So is every operation that stands between them.
    moved = position < np.maximum.accumulate(position)
    moved |= position > np.minimum.accumulate(position[::-1])[::-1]
    if notes.read(before).active is not None:
        moved &= ~skipped(before.columns.opcode)
    rows = places(moved)
    if not len(rows):
        return
    legs = notes.read(before).legs if 2 * len(rows) > count else find_legs(before, rows)
    letters = _leg_letters(before, legs)
    # Runs of legs with the same letter on a wire: only within a run may the order change.
    first = np.ones(len(legs.op), np.bool_)
    first[1:] = (legs.wire[1:] != legs.wire[:-1]) | (letters[1:] != letters[:-1]) | (letters[1:] == 0)
    place = position.take(legs.op)
    runs = places(first)
    latest, earliest = np.maximum.reduceat(place, runs), np.minimum.reduceat(place, runs)
    wire = legs.wire.take(runs)
    if not ((latest[:-1] > earliest[1:]) & (wire[1:] == wire[:-1])).any():
        return
    _check_pairs(before, legs.op, legs.wire, letters, place)


def _check_pairs(circuit: Circuit, op: Index, wire: npt.NDArray[np.int32], letters: npt.NDArray[np.int8], place: Index) -> None:
    """Every pair of operations that exchanged places, one by one."""
    budget = _PAIR_LIMIT
    bounds = places(np.diff(wire, prepend=-1, append=-2))
    known: dict[tuple[int, int], bool] = {}
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist()):
        spot = place[start:end]
        if not (np.diff(spot) < 0).any():
            continue
        highest = np.maximum.accumulate(spot)
        for i in places(spot < highest).tolist():
            overtaken = places(spot[:i] > spot[i])
            budget -= len(overtaken)
            if budget < 0:
                raise Unjustified("too many operations changed places to look at each pair")
            for j in overtaken.tolist():
                a, b = int(op[start + j]), int(op[start + i])
                letter = int(letters[start + i])
                if letter == 4 or (letter and letters[start + j] in (letter, 4)):
                    continue
                if (a, b) not in known:
                    known[(a, b)] = _commute(circuit, a, b)
                if not known[(a, b)]:
                    raise Unjustified(f"operations {a} and {b} changed places but do not commute")


def _matrix(circuit: Circuit, row: int) -> npt.NDArray[np.complex128] | None:
    columns = circuit.columns
    code = int(columns.opcode[row])
    angles = circuit.row_angles(row)
    index = int(columns.extra[row])
    extra = circuit.extras[index] if index >= 0 else Extra()
    if any(a.terms for a in angles) or len(circuit.operands(row)) > 5:
        return None
    if code == _PAULIEXP and isinstance(extra.payload, str):
        found = pauli_rotation(extra.payload, np.array([angles[0].constant]))
    elif code < NUM_GATES:
        found = gate_matrices(_NAMES[code], [a.constant for a in angles])
    else:
        return None
    if extra.power != 1:
        found = matrix_power(found[0], extra.power)[None]
    return add_controls(found, extra.controls)[0]


def _commute(circuit: Circuit, a: int, b: int) -> bool:
    """Whether two gates commute, by their matrices on all wires of both."""
    wires = sorted({*circuit.operands(a), *circuit.operands(b)})
    if len(wires) > 6:
        return False
    both = []
    for row in (a, b):
        matrix = _matrix(circuit, row)
        if matrix is None:
            return False
        eye = np.eye(2 ** len(wires), dtype=np.complex128)[None]
        both.append(apply(matrix[None], eye, [wires.index(q) for q in circuit.operands(row)])[0])
    return bool(np.abs(both[0] @ both[1] - both[1] @ both[0]).max() < 1e-9)


def _same_rest(before: Circuit, after: Circuit) -> None:
    if (before.num_qubits, before.num_clbits, before.layout, before.frames) != (
        after.num_qubits, after.num_clbits, after.layout, after.frames,
    ):  # fmt: skip
        raise Unjustified("wires, placements or frames changed")


# -- removals -----------------------------------------------------------------------------------


def check_remove(step: Step, notes: Notes, *, assume_zero: bool) -> None:
    """What was dropped had no effect for the reason given."""
    before, after = step.before, step.after
    if step.old is None or len(step.old) != len(before.columns):
        raise Unjustified("the mask does not fit the circuit")
    dropped = np.asarray(step.old) != 0
    _same_rest(before, after)
    kept = places(~dropped)
    if len(kept) != len(after.columns) or len(differing(notes.read(before), kept, notes.read(after), None)):
        raise Unjustified("more changed than what was dropped")
    dropped &= ~skipped(before.columns.opcode)
    if not dropped.any():
        return
    reading = notes.read(before)
    if step.reason == "before-measure":
        _before_measure(before, dropped, _from_first(reading, dropped))
    elif step.reason == "unmeasured":
        _unmeasured(before, dropped, _from_first(reading, dropped))
    elif step.reason == "unseen":
        _unseen(before, dropped, _from_first(reading, dropped))
    elif step.reason in ("zero-input", "reset"):
        _from_zero(before, dropped, reading.legs, resets_only=step.reason == "reset", assume_zero=assume_zero)
    else:
        raise Unjustified(f"the reason {step.reason!r} is not known")


def _from_first(reading: Reading, dropped: Mask) -> Legs:
    """Legs of the first dropped operation and of all after it: what comes before cannot matter."""
    rows = np.arange(int(dropped.argmax()), len(dropped))
    if reading.active is not None:
        rows = rows[~skipped(reading.circuit.columns.opcode)[rows]]
    return find_legs(reading.circuit, rows) if 2 * len(rows) < len(dropped) else reading.legs


def _gates_only(circuit: Circuit, dropped: Mask, *, resets: bool = False) -> None:
    firm = fixed(circuit.columns.opcode)
    if resets:
        firm &= circuit.columns.opcode != _RESET
    if (dropped & firm).any():
        raise Unjustified("what was dropped is not a gate")


def _before_measure(circuit: Circuit, dropped: Mask, legs: Legs) -> None:
    _gates_only(circuit, dropped)
    letters = _leg_letters(circuit, legs)
    codes = circuit.columns.opcode[legs.op]
    collapse = (codes == _MEASURE) | (codes == _RESET)
    diagonal = (letters == 3) | (letters == 4)
    quantum = legs.wire < circuit.num_qubits
    if (dropped[legs.op] & quantum & ~diagonal).any():
        raise Unjustified("what was dropped before a measurement is not diagonal")
    # Walking back along a wire: the next leg that is not diagonal must be a measurement or reset.
    ends = np.where(collapse, 1, np.where(diagonal, 0, 2))
    index = np.arange(len(ends))
    stop = np.where(ends != 0, index, len(ends))
    following = np.minimum.accumulate(stop[::-1])[::-1]
    safe_index = np.minimum(following, len(ends) - 1)
    good = (following < len(ends)) & (legs.wire[safe_index] == legs.wire) & (ends[safe_index] == 1)
    if (dropped[legs.op] & quantum & ~good).any():
        raise Unjustified("a diagonal gate was dropped that no measurement follows")


def _unseen(circuit: Circuit, dropped: Mask, legs: Legs) -> None:
    """On every wire of a dropped gate: either all that follows is dropped too, or the gate is diagonal there and
    nothing but what is diagonal there comes before a measurement or reset."""
    _gates_only(circuit, dropped)
    if not circuit.measures:
        raise Unjustified("gates were dropped as unseen in a circuit without measurements")
    letters = _leg_letters(circuit, legs)
    codes = circuit.columns.opcode[legs.op]
    diagonal = (letters == 3) | (letters == 4)
    ends = np.where((codes == _MEASURE) | (codes == _RESET), 1, np.where(diagonal, 0, 2))
    good = diagonal & (_following(ends != 0, ends, legs.wire) == 1)
    gone = dropped[legs.op]
    good |= _following(~gone, np.ones(len(gone), np.int64), legs.wire) == 0
    if (gone & (legs.wire < circuit.num_qubits) & ~good).any():
        raise Unjustified("a gate was dropped as unseen that a measurement may see")


def _following(marked: Mask, values: npt.NDArray[np.integer], wire: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """Per leg the value at the next marked leg of its wire, itself included; 0 when there is none."""
    size = len(marked)
    index = np.minimum.accumulate(np.where(marked, np.arange(size), size)[::-1])[::-1]
    inside = np.minimum(index, size - 1)
    return np.where((index < size) & (wire[inside] == wire), values[inside], 0)


def _unmeasured(circuit: Circuit, dropped: Mask, legs: Legs) -> None:
    _gates_only(circuit, dropped, resets=True)
    if not circuit.measures:
        raise Unjustified("gates were dropped as unmeasured in a circuit without measurements")
    quantum = legs.wire < circuit.num_qubits
    gone, wire = dropped[legs.op], legs.wire
    # On every wire the dropped operations are the last ones.
    bad = gone[:-1] & ~gone[1:] & (wire[1:] == wire[:-1]) & quantum[1:]
    if bad.any():
        raise Unjustified("a gate was dropped as unmeasured though something follows it")


def _from_zero(circuit: Circuit, dropped: Mask, legs: Legs, *, resets_only: bool, assume_zero: bool) -> None:
    if not resets_only and not assume_zero:
        raise Unjustified("inputs were taken to be |0>, which was not asked for")
    # A wire is |0> until the first operation on it that stays and is not a reset.
    stays = ~dropped & (circuit.columns.opcode != _RESET)
    alive = np.full(legs.num_wires, len(dropped))
    staying = stays[legs.op]
    np.minimum.at(alive, legs.wire[staying], legs.op[staying])
    for row in places(dropped).tolist():
        operands = circuit.operands(row)
        fresh = [row < alive[q] for q in operands]
        if int(circuit.columns.opcode[row]) == _RESET:
            if not all(fresh):
                raise Unjustified("a reset of a wire in use was dropped")
            continue
        if resets_only:
            raise Unjustified("what was dropped as a reset is not one")
        if int(circuit.columns.opcode[row]) == _PAULIEXP or int(circuit.columns.opcode[row]) >= USER:
            matrix = None if int(circuit.columns.opcode[row]) >= USER else _matrix(circuit, row)
        else:
            matrix = _held(circuit, row, fresh)
        if matrix is None or not _trivial(matrix, fresh):
            raise Unjustified(f"operation {row} does something to |0> on its fresh wires")


def _held(circuit: Circuit, row: int, fresh: list[bool]) -> npt.NDArray[np.complex128] | None:
    index = int(circuit.columns.extra[row])
    extra = circuit.extras[index] if index >= 0 else Extra()
    if any(state == "1" and is_fresh for state, is_fresh in zip(extra.controls, fresh)):
        return np.eye(2, dtype=np.complex128)  # a control that is |0> never lets the gate act
    if circuit.columns.opcode[row] >= NUM_GATES:
        return None
    if circuit.columns.terms is not None and circuit.columns.terms[row].any():
        rng = np.random.default_rng(3)
        names = sorted({n for a in circuit.row_angles(row) for n in a.parameters})
        values = {n: Angle(float(rng.uniform(-3, 3))) for n in names}
        return _matrix(circuit.with_columns(circuit.columns.take(np.array([row])))._bind(values), 0)
    return _matrix(circuit, row)


def _trivial(matrix: npt.NDArray[np.complex128], fresh: list[bool]) -> bool:
    if len(matrix) != 2 ** len(fresh):
        return True  # decided by its controls
    index = np.arange(len(matrix))
    mask = sum(1 << k for k, f in enumerate(fresh) if f)
    columns = index[(index & mask) == 0]
    part = matrix[:, columns]
    phase: Any = part[columns[0], 0]
    if abs(abs(phase) - 1) > 1e-9:
        return False
    expected = np.zeros_like(part)
    expected[columns, np.arange(len(columns))] = phase
    return bool(np.abs(part - expected).max() < 1e-9)


# -- wires that move ----------------------------------------------------------------------------


def _renamed(circuit: Circuit, wires: Index, size: int) -> Circuit:
    """The circuit with the qubits of every operation renamed to some of `size` wires (layout and frames left)."""
    columns = circuit.columns
    table = np.append(wires, -1).astype(np.int32)
    qubits = table.take(columns.qubits)
    extras = tuple(_mapped(e, wires, size) for e in circuit.extras)
    return circuit.with_columns(replace(columns, qubits=qubits), extras=extras, num_qubits=size)


def _mapped(extra: Extra, wires: Index, size: int) -> Extra:
    if extra.qubits is None and not extra.blocks:
        return extra
    qubits = None if extra.qubits is None else tuple(int(wires[q]) for q in extra.qubits)
    blocks = tuple(_renamed(b, wires, size) for b in extra.blocks)
    return replace(extra, qubits=qubits, blocks=blocks)


def _same_rows(expected: Reading, found: Reading) -> bool:
    """Equal operations in the same order, barriers and delays aside (their wires too)."""
    a, b = expected.active, found.active
    if (len(expected.circuit.columns) if a is None else len(a)) != (len(found.circuit.columns) if b is None else len(b)):
        return False
    bad = differing(expected, a, found, b)
    if not len(bad):
        return True
    for i in distinct(bad).tolist():
        # Blocks were rebuilt by the renaming: compare what they hold.
        row, partner = i if a is None else int(a[i]), i if b is None else int(b[i])
        x, y = expected.circuit, found.circuit
        old, new = int(x.columns.extra[row]), int(y.columns.extra[partner])
        if old < 0 or new < 0 or x.columns.opcode[row] != y.columns.opcode[partner]:
            return False
        if x.columns.clbit[row] != y.columns.clbit[partner] or x.operands(row) != y.operands(partner):
            return False
        if x.row_angles(row) != y.row_angles(partner):
            return False
        if not _same_blocks(x.extras[old], y.extras[new], expected.tables):
            return False
    return True


def _same_blocks(a: Extra, b: Extra, tables: Tables) -> bool:
    if len(a.blocks) != len(b.blocks) or not a.blocks:
        return False
    if replace(a, blocks=(), annotations=()) != replace(b, blocks=(), annotations=()):
        return False
    return all(
        x.global_phase == y.global_phase and _same_rows(Reading(x, tables), Reading(y, tables))
        for x, y in zip(a.blocks, b.blocks)
    )


def _layout(circuit: Circuit) -> Layout:
    return circuit.layout or Layout.trivial(circuit.num_qubits)


def _injective(wires: Index, size: int) -> None:
    used = wires[wires >= 0]
    if len(used) and (used.max() >= size or len(distinct(used)) != len(used)):
        raise Unjustified("two wires are given one place")


def _frames(circuit: Circuit) -> list[Angle]:
    return list(circuit.frames or (Angle(),) * circuit.num_qubits)


def _check_layout(before: Circuit, after: Circuit, first: Index, last: Index) -> None:
    """Layouts and frames follow the wires: `first` and `last` say where each old wire starts and ends."""
    was, now = _layout(before), _layout(after)
    if before.layout is None and len(now.initial) != before.num_qubits:
        kept = [q for q in range(before.num_qubits) if first[q] >= 0]
        if len(now.initial) < len(kept):
            raise Unjustified("the placement leaves program qubits out")
    for q, (i, f) in enumerate(zip(was.initial, was.final)):
        if first[i] < 0:
            continue
        if q >= len(now.initial) or now.initial[q] != first[i] or now.final[q] != last[f]:
            raise Unjustified(f"the recorded placement of program qubit {q} is not where the wires lead")
    old, new = _frames(before), _frames(after)
    expected = [Angle()] * after.num_qubits
    for w, value in enumerate(old):
        if value != Angle():
            if last[w] < 0:
                raise Unjustified("a frame was lost")
            expected[int(last[w])] = value
    if expected != new:
        raise Unjustified("frames did not follow their wires")


def _used_wires_have_places(where: Index, circuit: Circuit, notes: Notes, message: str) -> None:
    gone = where < 0
    if gone.any():
        legs = notes.read(circuit).legs
        if gone[legs.wire[legs.wire < circuit.num_qubits]].any():
            raise Unjustified(message)


def check_relabel(step: Step, notes: Notes) -> None:
    """Wires renamed from the beginning."""
    before, after = step.before, step.after
    wires = np.asarray(step.old if step.old is not None else [], np.int64)
    if len(wires) != before.num_qubits or before.num_clbits != after.num_clbits:
        raise Unjustified("the renaming does not fit the circuit")
    _injective(wires, after.num_qubits)
    _used_wires_have_places(wires, before, notes, "a wire with operations was dropped")
    if not _same_rows(Reading(_renamed(before, wires, after.num_qubits), notes.tables), notes.read(after)):
        raise Unjustified("operations changed while wires were renamed")
    _check_layout(before, after, wires, wires)


def check_elide(step: Step, notes: Notes) -> None:
    """Swaps dropped, the wires after them exchanged."""
    before, after = step.before, step.after
    if step.old is None or len(step.old) != len(before.columns) or before.num_qubits != after.num_qubits:
        raise Unjustified("the mask does not fit the circuit")
    marked = np.asarray(step.old) != 0
    moved, where = _walk(before, marked, np.arange(before.num_qubits), before.num_qubits)
    expected = moved.with_columns(moved.columns.take(places(~marked)))
    if before.num_clbits != after.num_clbits or not _same_rows(Reading(expected, notes.tables), notes.read(after)):
        raise Unjustified("operations are not where the dropped swaps lead")
    _check_layout(before, after, np.arange(before.num_qubits), where)


def _walk(circuit: Circuit, marked: Mask, start: Index, size: int) -> tuple[Circuit, Index]:
    """Operations read on moving wires: after each marked swap the two wires stand exchanged.

    Returns the circuit with operands replaced by the places where they stand (`start` at first, `size` of them),
    and where every wire ends.
    """
    columns = circuit.columns
    rows = places(marked)
    if len(rows) and not ((columns.opcode[rows] == _SWAP) & (columns.extra[rows] < 0)).all():
        raise Unjustified("what is marked as a swap is not one")
    # The last entry keeps the -1 of absent operands where it is.
    place = np.append(start, -1).astype(columns.qubits.dtype)
    qubits, extra = columns.qubits.copy(), columns.extra.copy()
    special = places(columns.extra >= 0)
    extras = list(circuit.extras)
    begin, seen = 0, 0
    ends = np.append(rows, len(columns))
    for row, upto in zip(ends.tolist(), np.searchsorted(special, ends).tolist()):
        if row > begin:
            place.take(columns.qubits[begin:row], out=qubits[begin:row], mode="wrap")
            for i in special[seen:upto].tolist() if upto > seen else ():
                found = circuit.extras[columns.extra[i]]
                if found.qubits is not None or found.blocks:
                    extra[i] = len(extras)
                    extras.append(_mapped(found, place[:-1].astype(np.int64), size))
        if row < len(columns):
            a, b = columns.qubits[row, :2].tolist()
            place[a], place[b] = place[b], place[a]
        begin, seen = row + 1, upto
    moved = replace(columns, qubits=qubits, extra=extra)
    return circuit.with_columns(moved, extras=tuple(extras), num_qubits=size), place[:-1].astype(np.int64)


def check_route(step: Step, notes: Notes, *, closed: bool = False) -> None:
    """The old circuit on moving wires: taking the inserted swaps out again gives it back.  `closed`: every
    wire must begin and end in its own place."""
    before, after = step.before, step.after
    if step.old is None or step.new is None or len(step.old) != before.num_qubits or len(step.new) != len(after.columns):
        raise Unjustified("the routing does not fit the circuits")
    start = np.asarray(step.old, np.int64)
    _injective(start, after.num_qubits)
    _used_wires_have_places(start, before, notes, "a wire with operations has no place")
    inserted = np.asarray(step.new) != 0
    # Walk the new circuit: which old wire (or spare place) stands where.
    size = after.num_qubits
    holder = np.full(size, -1, np.int64)
    used = start >= 0
    holder[start[used]] = places(used)
    spare = places(holder < 0)
    holder[spare] = before.num_qubits + np.arange(len(spare))
    unmoved, held = _walk(after, inserted, holder, before.num_qubits + len(spare))
    core = unmoved.with_columns(unmoved.columns.take(places(~inserted)))
    if before.num_clbits != after.num_clbits or not _same_wires(notes.read(before), Reading(core, notes.tables)):
        raise Unjustified("taking the inserted swaps out does not give the circuit back")
    last = np.full(before.num_qubits, -1, np.int64)
    for place, wire in enumerate(held.tolist()):
        if wire < before.num_qubits:
            last[wire] = place
    if closed and not ((start == np.arange(len(start))).all() and (last == start).all()):
        raise Unjustified("wires of a block must come back to their places")
    _check_layout(before, after, start, last)


def _same_wires(before: Reading, found: Reading) -> bool:
    """The same operations with the same order along every wire: equal as graphs.

    The k-th leg of a wire in one circuit belongs to the same operation as its k-th leg in the other.
    """
    if _same_rows(before, found):
        return True
    shift = found.circuit.num_qubits - before.circuit.num_qubits
    width = before.circuit.num_qubits
    left, right = before.legs, found.legs
    if ((right.wire >= width) & (right.wire < width + shift)).any():
        return False
    wires = np.where(right.wire < width, right.wire, right.wire - shift)
    if len(left.op) != len(right.op) or (left.wire != wires).any():
        return False
    partner = np.full(len(found.circuit.columns), -1, np.int64)
    partner[right.op] = left.op
    if (partner.take(right.op) != left.op).any():
        return False
    active = np.arange(len(partner)) if found.active is None else found.active
    rows = partner.take(active)
    if (rows < 0).any() or len(distinct(rows)) != len(rows) or len(rows) != len(distinct(left.op)):
        return False
    circuit = before.circuit
    return _same_rows(Reading(circuit.with_columns(circuit.columns.take(rows)), before.tables), found)
