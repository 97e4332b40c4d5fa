"""`stimuli`: random product states through both circuits; never a proof.

Random product states tell unequal circuits apart with high probability (Burgholzer, Kueng and Wille,
arXiv 2011.07288); basis states would not.  With measurements the probabilities of all records are compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.execution import Branch, Unsupported
from qir.verify.exact import TOLERANCE, compare_records, measured
from qir.verify.kraus import Frame, frame, outcome_blocks, program_qubits, propagate
from qir.verify.result import Equivalence

__all__ = ["check_stimuli"]

Complex = npt.NDArray[np.complex128]
MAX_QUBITS = 22
_WORK = 1 << 36


def check_stimuli(a: Circuit, b: Circuit, *, trials: int = 3, assume_zero: bool = False, work: int = _WORK) -> Equivalence:
    """Compare on random product states; Unsupported when the circuits are too large."""
    qubits = program_qubits(a, b)
    frames = [frame(c, qubits) for c in (a, b)]
    largest = max(len(f.slots) for f in frames)
    if largest > MAX_QUBITS:
        raise Unsupported(f"{largest} qubits are in use, more than the {MAX_QUBITS} of a statevector")
    rng = np.random.default_rng(len(qubits))
    trials = 1 if assume_zero else trials if largest <= 16 else 1
    looks = measured(a, b)
    for trial in range(trials):
        state = _zero(len(qubits)) if assume_zero else _product(len(qubits), rng)
        runs = [propagate(c, f, state.copy(), budget=work) for c, f in zip((a, b), frames)]
        difference = _outcomes(runs, frames, (a, b)) if looks else _states(runs, frames, len(qubits))
        if difference is not None:
            where = "from |0...0>" if assume_zero else f"for random product state {trial + 1}"
            return Equivalence("refuted", "stimuli", f"compared on {len(qubits)} qubits", f"{where} {difference}")
    count = "|0...0>" if assume_zero else f"{trials} random product state{'s' if trials > 1 else ''}"
    what = "the probabilities of all records" if looks else "the states"
    return Equivalence("tested", "stimuli", f"{what} agree on {count} of {len(qubits)} qubits, to {TOLERANCE:g}")


def _zero(width: int) -> Complex:
    state = np.zeros((2**width, 1), np.complex128)
    state[0] = 1
    return state


def _product(width: int, rng: np.random.Generator) -> Complex:
    state = np.ones(1, np.complex128)
    for _ in range(width):
        amplitudes = rng.normal(size=2) + 1j * rng.normal(size=2)
        state = np.kron(amplitudes / np.linalg.norm(amplitudes), state)
    return state[:, None]


def _states(runs: list[list[Branch]], frames: list[Frame], width: int) -> str | None:
    vectors: list[Any] = []
    for branches, where in zip(runs, frames):
        if len(branches) != 1 or branches[0].state.shape[1] != 1:
            raise Unsupported("resets and branches without measurements")
        n = len(where.slots)
        slots = [where.slots[w] for w in where.end]
        axes = [n - 1 - s for s in reversed(slots)]
        rest = [x for x in range(n) if x not in axes]
        vectors.append(branches[0].state.reshape((2,) * n).transpose([*rest, *axes]).reshape(-1, 2**width))
    rows = []
    for vector in vectors:
        # The other wires must factor out: one row carries the state, the rest are multiples of it.
        peak = int(np.abs(vector).max(axis=1).argmax())
        row = vector[peak] / np.linalg.norm(vector[peak])
        if np.abs(vector - (vector @ row.conj())[:, None] * row).max() > TOLERANCE:
            return "a wire that holds no program qubit stays entangled with the others"
        rows.append(row)
    overlap = abs(np.vdot(rows[0], rows[1]))
    # An overlap of 1 - d^2/2 belongs to states at distance d.
    phase = np.vdot(rows[0], rows[1]) / overlap if overlap > 1e-12 else 1.0
    apart = np.abs(rows[0] * phase - rows[1])
    if float(apart.max()) <= TOLERANCE:
        return None
    k = int((apart > TOLERANCE).argmax())
    left, right = (np.round(complex(v), 6) + 0 for v in (rows[0][k] * phase, rows[1][k]))
    return (f"the states overlap by {overlap:.9f} only, and |{k:0{width}b}> has the amplitude {left:g} in one circuit and "
            f"{right:g} in the other")  # fmt: skip


def _outcomes(runs: list[list[Branch]], frames: list[Frame], circuits: tuple[Circuit, Circuit]) -> str | None:
    width = max(c.num_clbits for c in circuits)
    if all(len(r) == 1 for r in runs):
        tables: list[Any] = []
        bits: list[list[int]] = []
        fixed: list[list[int]] = []
        for branches, where in zip(runs, frames):
            seen, blocks = outcome_blocks(branches[0], where)
            bits.append(seen)
            known = list(branches[0].memory.bits) + [0] * (width - len(branches[0].memory.bits))
            fixed.append([0 if c in seen else v for c, v in enumerate(known)])
            tables.append((blocks.real**2 + blocks.imag**2).sum(axis=(1, 2)))
        if bits[0] == bits[1] and fixed[0] == fixed[1]:
            gap = np.abs(tables[0] - tables[1])
            worst = int(gap.argmax())
            if gap[worst] <= TOLERANCE:
                return None
            text = f"{worst:0{len(bits[0])}b}"
            p, q = float(tables[0][worst]), float(tables[1][worst])
            return f"the measured bits read {text} with probability {p:.6g} in one circuit and {q:.6g} in the other"
    return compare_records(runs, frames, 1, circuits)
