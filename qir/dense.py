"""Dense matrices of circuits, for small ones: `Circuit.to_unitary` and the passes' own windows.

The checker in `qir.verify` does not use this file: it evaluates gates from their definitions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from qir.columns import NAMES, OPERATIONS, USER
from qir.errors import UsageError
from qir.gates import GATES, controlled
from qir.params import angle

if TYPE_CHECKING:
    from qir.circuit import Circuit, Operation

__all__ = ["apply", "matrix_power", "operation_matrix", "pauli_matrix", "unitary"]

Complex = npt.NDArray[np.complexfloating[Any, Any]]

_MAX_QUBITS = 12
_PAULIS = {
    "I": np.eye(2, dtype=np.complex128),
    "X": np.array([[0, 1], [1, 0]], dtype=np.complex128),
    "Y": np.array([[0, -1j], [1j, 0]], dtype=np.complex128),
    "Z": np.array([[1, 0], [0, -1]], dtype=np.complex128),
}
_SKIPPED = frozenset({"barrier", "delay", "pragma"})


def apply(state: Complex, matrix: Complex, qubits: tuple[int, ...], num_qubits: int) -> Complex:
    """Apply a (2**k, 2**k) matrix to some qubits of an array of shape (2**num_qubits, m).

    Bit k of the first index of `state` is qubit k; bit j of the matrix index is qubits[j].
    """
    count = len(qubits)
    if count == 0:
        return state * matrix[0, 0]
    tensor = state.reshape((2,) * num_qubits + (-1,))
    if count <= 3:
        return _apply_entries(tensor, matrix, qubits, num_qubits).reshape(state.shape)
    # Axis 0 is the most significant bit, so qubit q is axis num_qubits - 1 - q.
    axes = [num_qubits - 1 - q for q in reversed(qubits)]
    gate = matrix.reshape((2,) * (2 * count))
    moved = np.tensordot(gate, tensor, axes=(list(range(count, 2 * count)), axes))
    result: Complex = np.moveaxis(moved, list(range(count)), axes).reshape(state.shape)
    return result


def _apply_entries(tensor: Complex, matrix: Complex, qubits: tuple[int, ...], num_qubits: int) -> Complex:
    """`apply` entry by entry: most gates have few that are not 0."""
    places = []
    for index in range(2 ** len(qubits)):
        place: list[slice | int] = [slice(None)] * num_qubits
        for j, qubit in enumerate(qubits):
            place[num_qubits - 1 - qubit] = index >> j & 1
        places.append(tuple(place))
    result = np.empty(tensor.shape, np.complex128)
    for row, place_of_row in zip(matrix.tolist(), places):
        part: Complex | None = None
        for value, place_of_column in zip(row, places):
            if value:
                source = tensor[place_of_column]
                if part is None:
                    part = source * value if value != 1 else source
                else:
                    part = part + source * value
        result[place_of_row] = 0 if part is None else part
    return result


def pauli_matrix(paulis: str) -> Complex:
    """The matrix of a Pauli string; the rightmost letter acts on the first (least significant) qubit."""
    result: Complex = np.eye(1, dtype=np.complex128)
    for letter in paulis:
        result = np.kron(result, _PAULIS[letter])
    return result


def matrix_power(matrix: Complex, power: float) -> Complex:
    """A power of a unitary; fractional ones are principal (eigenphases in (-pi, pi])."""
    if power == int(power):
        return np.linalg.matrix_power(matrix if power >= 0 else matrix.conj().T, abs(int(power)))
    # Schur form of a normal matrix is diagonal; eig alone may return skew vectors when degenerate.
    hermitian = (matrix + matrix.conj().T) / 2
    skew = (matrix - matrix.conj().T) / 2j
    _, vectors = np.linalg.eigh(hermitian + np.sqrt(2.0) * skew)
    diagonal = np.einsum("ji,jk,ki->i", vectors.conj(), matrix, vectors)
    phases = np.angle(diagonal)
    phases[phases < -np.pi + 1e-12] = np.pi
    result: Complex = (vectors * np.exp(1j * power * phases)) @ vectors.conj().T
    return result


def operation_matrix(circuit: Circuit, op: Operation, code: int) -> Complex:
    """The matrix of one unitary operation with numeric angles, modifiers included."""
    angles = [np.array([float(p)]) for p in op.params]
    if code >= USER:
        definition = circuit.definitions[code - USER]
        if definition.body is None:
            raise UsageError(f"the gate {definition.name} is opaque: it has no matrix")
        body = definition.body._bind(dict(zip(definition.params, [angle(p) for p in op.params])))
        matrix = unitary(body)
    elif code == OPERATIONS["pauliexp"]:
        assert op.extra is not None and isinstance(op.extra.payload, str)
        half = float(op.params[0]) / 2
        pauli = pauli_matrix(op.extra.payload)
        matrix = np.cos(half) * np.eye(len(pauli)) - 1j * np.sin(half) * pauli
    else:
        matrix = GATES[NAMES[code]].matrix(*angles)[0]
    if op.extra is not None:
        if op.extra.power != 1:
            matrix = matrix_power(matrix, op.extra.power)
        if op.extra.controls:
            matrix = controlled(matrix[None], op.extra.controls)[0]
    return matrix


def unitary(circuit: Circuit) -> Complex:
    """The unitary of a circuit; see `Circuit.to_unitary`."""
    n = circuit.num_qubits
    if n > _MAX_QUBITS:
        raise UsageError(f"a unitary on {n} qubits does not fit; the limit is {_MAX_QUBITS}")
    if circuit.global_phase.terms or any(a.terms for a in circuit.all_angles()):
        raise UsageError(f"the circuit has parameters without values: {', '.join(circuit.parameters)}")
    state: Complex = np.eye(2**n, dtype=np.complex128)
    codes = circuit.columns.opcode.tolist()
    for row, op in enumerate(circuit.ops):
        if op.name in _SKIPPED:
            continue
        if op.name == "box":
            assert op.extra is not None
            state = unitary(op.extra.blocks[0]) @ state
            continue
        code = codes[row]
        if 256 <= code < USER and code != OPERATIONS["pauliexp"]:
            raise UsageError(f"a circuit with {op.name!r} has no unitary")
        state = apply(state, operation_matrix(circuit, op, code), op.qubits, n)
    return state * np.exp(1j * circuit.global_phase.constant)
