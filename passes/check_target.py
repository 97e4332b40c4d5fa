"""The last look before anything is emitted: does the machine run every operation where it stands?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import NUM_QUBITS, OPERATIONS, USER
from qir.diagnostics import Diagnostic, error
from qir.errors import CompileError
from qir.gates import NUM_GATES, gate, opcode
from qir.limits import DEFAULT_LIMITS
from qir.targets.target import Target

from .base import Context

__all__ = ["CheckTarget"]


@dataclass(frozen=True)
class CheckTarget:
    """Refuses a circuit that the target cannot run as it stands; changes nothing.

    CompileError names every gate that the target does not have, every pair it does not connect, and
    every qubit it does not have, with its place in the text.
    """

    name: ClassVar[str] = "check_target"
    inner: ClassVar[bool] = True
    idempotent: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        target = context.target
        if target is None:
            return circuit
        columns = circuit.columns
        gates = (columns.opcode < NUM_GATES) | (columns.opcode >= USER) | (columns.opcode == OPERATIONS["pauliexp"])
        found: list[Diagnostic] = []
        for row in np.flatnonzero((gates & ~_native(circuit, target)) | ~_known(circuit, target)).tolist():
            wrong = _wrong(circuit, row, target)
            if wrong is not None and wrong not in found:
                found.append(wrong)
                if len(found) >= (DEFAULT_LIMITS.errors or 100):
                    break
        if found:
            raise CompileError(found)
        return circuit


def _known(circuit: Circuit, target: Target) -> npt.NDArray[np.bool_]:
    """Which rows use only qubits that the target has in working order."""
    usable = np.ones(circuit.num_qubits + 1, np.bool_)
    usable[target.num_qubits : -1] = False
    usable[[q for q in target.faulty_qubits if q < circuit.num_qubits]] = False
    return np.asarray(usable[circuit.columns.qubits].all(axis=1))


def _native(circuit: Circuit, target: Target) -> npt.NDArray[np.bool_]:
    """Which rows are plain gates that the target runs on these qubits, working or not."""
    columns = circuit.columns
    result = np.zeros(len(columns), np.bool_)
    plain = (columns.opcode < NUM_GATES) & (columns.extra < 0)
    stride = max(circuit.num_qubits, target.num_qubits) + 1
    for name in target.gates:
        if gate(name) is None:
            continue
        rows = plain & (columns.opcode == opcode(name))
        if NUM_QUBITS[opcode(name)] == 2 and target.edges is not None:
            edges = np.array(target.edges.get(name, ()), np.int64).reshape(-1, 2)
            keys = columns.qubits[:, 0].astype(np.int64) * stride + columns.qubits[:, 1]
            rows &= np.isin(keys, edges[:, 0] * stride + edges[:, 1])
        result |= rows
    return result


def _wrong(circuit: Circuit, row: int, target: Target) -> Diagnostic | None:
    name, qubits, span = circuit.opname(int(circuit.columns.opcode[row])), circuit.operands(row), circuit.span(row)
    extra = int(circuit.columns.extra[row])
    plain = extra < 0 and int(circuit.columns.opcode[row]) < NUM_GATES
    if plain and (target.allows(name, qubits) or not qubits):
        return None
    missing = [q for q in qubits if q >= target.num_qubits]
    if missing:
        text = f"{target.name} has no qubit {missing[0]}: it has {target.num_qubits}"
        return error("target.qubits", text, span, help="choose a larger machine, or fewer qubits")
    faulty = [q for q in qubits if q in target.faulty_qubits]
    if faulty:
        return error("target.qubits", f"qubit {faulty[0]} of {target.name} is out of order", span)
    if int(circuit.columns.opcode[row]) in range(NUM_GATES, USER) and name != "pauliexp":
        return None
    if len(qubits) == 2 and target.edges is not None and (min(qubits), max(qubits)) not in target.connected:
        near = sorted(b if a == qubits[0] else a for a, b in target.connected if qubits[0] in (a, b))
        text = f"{target.name} does not connect qubits {qubits[0]} and {qubits[1]}"
        places = ", ".join(f"${q}" for q in near)
        help = f"the neighbours of ${qubits[0]} are {places}; a program on named qubits is routed automatically"
        return error("target.connectivity", text, span, help=help)
    return error("target.gate", f"{target.name} does not run {name} on qubits {', '.join(map(str, qubits))}", span,
                 help=f"it runs {', '.join(target.gates)}")  # fmt: skip
