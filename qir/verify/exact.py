"""`exact`: the whole unitary, or the probabilities of all records for every input.

Without measurements two circuits are the same when their matrices agree up to one phase, read
through the placements; wires no program qubit uses must come out in the same state whatever the input.
With measurements a circuit is a POVM: for each value r of the classical bits at the end an
operator E_r with P(r) = <psi|E_r|psi>.  Circuits are the same when all E_r agree.  That leaves out
what no record shows: diagonal gates before a measurement, and qubits nobody measures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.execution import Branch, Unsupported
from qir.limits import Limits
from qir.verify.kraus import Frame, frame, outcome_blocks, program_qubits, propagate
from qir.verify.result import Equivalence

__all__ = ["check_exact", "compare_states", "compare_unitaries", "measured"]

Complex = npt.NDArray[np.complexfloating[Any, Any]]
TOLERANCE = 1e-7
Record = tuple[tuple[int, ...], tuple[Any, ...]]


def check_exact(a: Circuit, b: Circuit, limits: Limits, *, assume_zero: bool = False) -> Equivalence:
    """Compare two circuits without free parameters; Unsupported when they are too large."""
    qubits = program_qubits(a, b)
    frames = [frame(c, qubits) for c in (a, b)]
    largest = max(len(f.slots) for f in frames)
    if largest > limits.exact_qubits:
        raise Unsupported(f"{largest} qubits are in use, more than the {limits.exact_qubits} of the exact method")
    size = 2 ** len(qubits)
    inputs: Complex = np.eye(size, 1 if assume_zero else size, dtype=np.complex128)
    runs = [propagate(c, f, inputs.copy(), budget=limits.exact_work) for c, f in zip((a, b), frames)]
    what = "from |0...0>" if assume_zero else "for every input"
    if measured(a, b):
        difference = compare_records(runs, frames, inputs.shape[1], (a, b))
        detail = f"the probabilities of all records agree {what} on {len(qubits)} qubits, to {TOLERANCE:g}"
    else:
        difference = compare_unitaries(runs, frames, len(qubits))
        detail = f"the unitaries agree up to a global phase {what} on {len(qubits)} qubits, to {TOLERANCE:g}"
    if difference is None:
        return Equivalence("proved", "exact", detail)
    return Equivalence("refuted", "exact", f"compared {what} on {len(qubits)} qubits", difference)


def measured(a: Circuit, b: Circuit) -> bool:
    """Whether outcomes are to be compared, not states."""
    return a.measures or b.measures


def _ket(index: int, width: int) -> str:
    return f"|{index:0{width}b}>" if width else "|>"


def compare_unitaries(runs: list[list[Branch]], frames: list[Frame], width: int) -> str | None:
    """What differs between two measurement-free runs, or None."""
    if any(len(r) != 1 or r[0].state.shape[1] != int(r[0].weight) for r in runs):
        # Resets make a channel of it: compare sums over the unrecorded outcomes.
        return _compare_channels(runs, frames, width)
    a, b = (_clean(r[0].state, f, width) for r, f in zip(runs, frames))
    for side, found in (("first", a), ("second", b)):
        if found is None:
            return f"in the {side} circuit a wire that holds no program qubit stays entangled with the others"
    assert a is not None and b is not None
    return compare_states(a, b, width)


def compare_states(a: Complex, b: Complex, width: int) -> str | None:
    """What differs between two arrays of states beyond one global phase, or None."""
    overlap = np.vdot(a, b)
    phase = overlap / abs(overlap) if abs(overlap) > 1e-12 else 1.0
    difference = np.abs(a * phase - b)
    if difference.max(initial=0) <= TOLERANCE:
        return None
    if a.shape[1] > 1:
        # The phase that fits most columns shows the first column that truly differs.
        column = int((difference.max(axis=0) > TOLERANCE).argmax())
    else:
        column = 0
    row = int(difference[:, column].argmax())
    left, right = (np.round(complex(v), 6) + 0 for v in (a[row, column] * phase, b[row, column]))
    return (f"the input {_ket(column, width)} goes to {_ket(row, width)} with amplitude {left:g} in one circuit "
            f"and {right:g} in the other")  # fmt: skip


def _ordered(state: Complex, where: Frame, width: int) -> Complex:
    """States as (other wires, program qubits in order, columns)."""
    n = len(state).bit_length() - 1
    slots = [where.slots[w] for w in where.end]
    axes = [n - 1 - s for s in reversed(slots)]
    rest = [a for a in range(n) if a not in axes]
    return state.reshape(*(2,) * n, -1).transpose([*rest, *axes, n]).reshape(-1, 2**width, state.shape[1])


def _clean(state: Complex, where: Frame, width: int) -> Complex | None:
    """The program qubits' part when the other wires factor out, else None."""
    tensor = _ordered(state, where, width)
    if len(tensor) == 1:
        return tensor[0]
    junk = tensor.reshape(len(tensor), -1)
    peak = int(np.abs(junk).max(axis=0).argmax())
    vector = junk[:, peak] / np.linalg.norm(junk[:, peak])
    part = vector.conj() @ junk
    if np.abs(junk - vector[:, None] * part).max() > TOLERANCE:
        return None
    result: Complex = part.reshape(2**width, -1)
    return result


def _compare_channels(runs: list[list[Branch]], frames: list[Frame], width: int) -> str | None:
    choi = []
    for branches, where in zip(runs, frames):
        total: Any = 0
        for branch in branches:
            inputs = int(branch.weight)
            tensor = _ordered(branch.state, where, width)
            kraus = tensor.reshape(len(tensor), 2**width, -1, inputs).transpose(1, 3, 0, 2).reshape(2**width * inputs, -1)
            if len(kraus) > 4096:
                raise Unsupported("a channel on so many qubits is too large to compare")
            total = total + kraus @ kraus.conj().T
        choi.append(total)
    difference = np.abs(choi[0] - choi[1])
    if difference.max(initial=0) <= TOLERANCE:
        return None
    # Rows and columns are numbered by (result, input); the diagonal holds probabilities.
    chances = [np.diagonal(c).real for c in choi]
    apart = np.abs(chances[0] - chances[1])
    if apart.max(initial=0) > TOLERANCE:
        result, given = divmod(int((apart > TOLERANCE).argmax()), inputs)
        return (f"the input {_ket(given, width)} ends in {_ket(result, width)} with probability "
                f"{chances[0][result * inputs + given]:.6f} in one circuit and {chances[1][result * inputs + given]:.6f} "
                f"in the other")  # fmt: skip
    row, column = np.unravel_index(int(difference.argmax()), difference.shape)
    kets = " and ".join(_ket(int(k) % inputs, width) for k in (row, column))
    return f"superpositions of the inputs {kets} are left with another phase: {difference.max():.3g} apart"


# -- records ------------------------------------------------------------------------------------


def records(branches: list[Branch], where: Frame, circuit: Circuit) -> dict[Record, list[Complex]]:
    """Operators by the final values of the bits and output variables: arrays (rows, copies * inputs)."""
    outputs = [v.name for v in circuit.variables if v.kind == "output"]
    result: dict[Record, list[Complex]] = {}
    for branch in branches:
        bits, blocks = outcome_blocks(branch, where)
        memory = list(branch.memory.bits)
        values = tuple(repr(branch.memory.variables.get(name)) for name in outputs)
        for index in range(len(blocks)):
            for i, c in enumerate(bits):
                memory[c] = index >> i & 1
            result.setdefault((tuple(memory), values), []).append(blocks[index])
    return result


def compare_records(
    runs: list[list[Branch]], frames: list[Frame], inputs: int, circuits: tuple[Circuit, Circuit]
) -> str | None:
    """The first record whose probability differs for some input, or None."""
    width = max(c.num_clbits for c in circuits)
    tables: list[dict[Record, list[Complex]]] = []
    for branches, where, circuit in zip(runs, frames, circuits):
        found: dict[Record, list[Complex]] = {}
        for (bits, values), blocks in records(branches, where, circuit).items():
            found[((*bits, *[0] * (width - len(bits))), values)] = blocks
        tables.append(found)
    for key in sorted({*tables[0], *tables[1]}):
        effects = [_effect(table.get(key, []), inputs) for table in tables]
        difference = np.abs(effects[0] - effects[1])
        if difference.max(initial=0) > TOLERANCE:
            text = "".join(map(str, reversed(key[0]))) + (f" (outputs {', '.join(key[1])})" if key[1] else "")
            diagonal = np.abs(np.diagonal(effects[0] - effects[1]))
            worst = int(diagonal.argmax())
            if diagonal[worst] > TOLERANCE:
                p, q = effects[0][worst, worst].real, effects[1][worst, worst].real
                ket = _ket(worst, inputs.bit_length() - 1)
                return f"from {ket} the bits read {text} with probability {p:.6f} in one circuit and {q:.6f} in the other"
            return f"the operators of the record {text} differ by {difference.max():.3g} on superpositions"
    return None


def _effect(blocks: list[Complex], inputs: int) -> Complex:
    total: Any = np.zeros((inputs, inputs), np.complex128)
    for block in blocks:
        rows = block.reshape(-1, inputs)
        total = total + rows.conj().T @ rows
    return total
