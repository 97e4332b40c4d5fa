"""Compiled circuits held against their sources by checkers that are not ours: Qiskit's `Operator` and MQT QCEC.

Where an outside oracle has a verdict, ours must be the same: on honest compiles and on ones with a fault in them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from oracle import operator, same, to_qiskit

import qir
from qir.builder import CircuitBuilder
from qir.circuit import Circuit
from qir.gates import GATES
from qir.verify import equivalent

pytest.importorskip("qiskit")

TARGETS = ("qpu.forte-1", "qpu.aria-1", "simulator", "local", "ibm_fez", "ibm_sherbrooke")
NAMES = ["h", "t", "sx", "rx", "ry", "rz", "p", "cx", "cz", "rzz", "cp", "swap", "u", "ccx", "rxx", "crz"]


def random_circuit(seed: int, width: int, count: int) -> Circuit:
    rng = np.random.default_rng(seed)
    builder = CircuitBuilder(width)
    for _ in range(count):
        row = GATES[NAMES[int(rng.integers(len(NAMES)))]]
        angles = np.where(rng.random(row.num_params) < 0.4, rng.choice([np.pi, np.pi / 2, 1e-4], row.num_params),
                          rng.uniform(-7, 7, row.num_params))  # fmt: skip
        builder.append(row.name, rng.permutation(width)[: row.num_qubits].tolist(), angles.tolist())
    return builder.build()


@cache
def compiled(seed: int, width: int, count: int, target: str, level: int) -> tuple[Circuit, Circuit]:
    source = random_circuit(seed, width, count)
    return source, qir.compile(source, target, optimization_level=level, shots=10).circuit


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("target", TARGETS)
def test_compiles_have_the_unitary_of_their_source(target: str, level: int) -> None:
    """Qiskit's `Operator` on small circuits: every one of them is the same."""
    for seed in range(4):
        source, result = compiled(seed, 3, 12, target, level)
        assert same(operator(source), operator(result)), (seed, target, level)


def verdict_of_qcec(a: Any, b: Any) -> bool | None:
    """Whether two circuits are the same according to QCEC; None when it does not say.

    `probably_not_equivalent` and `no_information` are no verdicts: correct circuits get them too.
    """
    qcec = pytest.importorskip("mqt.qcec")
    found = str(qcec.verify(a, b, timeout=5).equivalence).rsplit(".", 1)[-1]
    return True if found.startswith("equivalent") else False if found == "not_equivalent" else None


def faulty(circuit: Circuit, rng: np.random.Generator) -> Circuit:
    """One gate less."""
    row = int(rng.integers(len(circuit.columns)))
    return circuit.with_columns(circuit.columns.take(np.delete(np.arange(len(circuit.columns)), row)))


@pytest.mark.parametrize("target", TARGETS)
def test_qcec_agrees_on_a_sample(target: str) -> None:
    heard = 0
    for seed in range(6):
        source, result = compiled(seed, 4, 14, target, 2)
        for candidate in (result, faulty(result, np.random.default_rng(seed))):
            built = to_qiskit(candidate)
            # Routed over more wires than the program has: then there is nothing to compare it with.
            says = None if built is None else verdict_of_qcec(to_qiskit(source), built)
            if says is not None:
                heard += 1
                assert equivalent(source, candidate).equivalent is says, (seed, target)
    assert heard >= 6


def test_qcec_agrees_beyond_the_exact_method() -> None:
    """12 qubits, all to all: too many for matrices, proved by the journal."""
    heard = 0
    for seed in range(3):
        source, result = compiled(seed, 12, 60, "qpu.forte-1", 2)
        says = verdict_of_qcec(to_qiskit(source), to_qiskit(result))
        if says is not None:
            heard += 1
            assert says
    assert heard
