"""simulate() beside qiskit-aer: states, exact distributions and expectation values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import qir
from qir.builder import CircuitBuilder
from qir.circuit import Circuit
from qir.simulator import simulate

aer = pytest.importorskip("qiskit_aer")
qasm3 = pytest.importorskip("qiskit.qasm3")

Real = npt.NDArray[np.float64]


def random_circuit(seed: int, width: int, count: int) -> Circuit:
    rng = np.random.default_rng(seed)
    kinds = [("h", 1, 0), ("ry", 1, 1), ("rz", 1, 1), ("cx", 2, 0), ("cp", 2, 1), ("rzz", 2, 1), ("swap", 2, 0), ("ccx", 3, 0)]
    builder = CircuitBuilder(width)
    for _ in range(count):
        name, size, angles = kinds[int(rng.integers(len(kinds)))]
        builder.append(name, rng.permutation(width)[:size].tolist(), rng.uniform(-3, 3, angles).tolist())
    return builder.build()


def in_qiskit(circuit: Circuit) -> Any:
    return qasm3.loads(str(circuit))


@pytest.mark.parametrize("width", [3, 8, 14])
def test_statevectors(width: int) -> None:
    circuit = random_circuit(width, width, 150)
    other = in_qiskit(circuit)
    other.save_statevector()
    expected = np.asarray(aer.AerSimulator(method="statevector").run(other).result().get_statevector())
    found = simulate(circuit).statevector
    assert found is not None
    assert abs(abs(np.vdot(expected, found)) - 1) < 1e-10
    assert np.allclose(abs(expected), abs(found), atol=1e-10)


def test_expectation_values() -> None:
    circuit = random_circuit(1, 6, 80)
    rng = np.random.default_rng(2)
    letters = ["".join(rng.choice(list("IXYZ"), 6)) for _ in range(30)]
    from qiskit.quantum_info import Pauli, Statevector

    state = Statevector(in_qiskit(circuit))
    expected = [state.expectation_value(Pauli(text)).real for text in letters]
    assert np.allclose(simulate(circuit, observables=letters).expectation_values, expected, atol=1e-10)


DYNAMIC = {
    "feedback": "ry(0.7) q[0]; cx q[0], q[1]; c[0] = measure q[0]; if (c[0]) { ry(0.4) q[1]; } else { h q[2]; } "
    "cx q[1], q[2]; c[1] = measure q[1]; c[2] = measure q[2];",
    "reset": "ry(1.1) q[0]; cx q[0], q[1]; reset q[0]; ry(0.3) q[0]; cx q[1], q[2]; ry(0.8) q[1]; "
    "c[0] = measure q[0]; c[1] = measure q[1]; c[2] = measure q[2];",
    "measured twice": "ry(0.7) q[0]; c[0] = measure q[0]; h q[0]; c[1] = measure q[0]; h q[0]; c[2] = measure q[0];",
    "registers": "h q[0]; h q[1]; c[0] = measure q[0]; c[1] = measure q[1]; if (c == 1) { ry(0.5) q[2]; } "
    "if (c == 3) { x q[2]; } c[2] = measure q[2];",
    "loop": "h q[0]; for int i in [0:2] { ry(0.4) q[0]; cx q[0], q[1]; ry(0.2) q[1]; } c[0] = measure q[0]; "
    "if (c[0]) { x q[1]; } c[1] = measure q[1];",
}


@pytest.mark.parametrize("name", sorted(DYNAMIC))
def test_dynamic_circuits(name: str) -> None:
    source = f'OPENQASM 3; include "stdgates.inc"; qubit[3] q; bit[3] c; {DYNAMIC[name]}'
    shots = 40_000
    found = simulate(source, shots=shots, seed=3).counts
    other = aer.AerSimulator(seed_simulator=5).run(qasm3.loads(source), shots=shots).result().get_counts()
    assert found is not None
    for key in {*found, *other}:
        p = (found.get(key, 0) + other.get(key, 0)) / (2 * shots)
        assert abs(found.get(key, 0) - other.get(key, 0)) <= 5 * math.sqrt(2 * shots * p * (1 - p)) + 1, key


def distribution(circuit: Circuit, noise: Any) -> Real:
    """Exact probabilities of all basis states, by expectation values of the Z strings."""
    n = circuit.num_qubits
    strings = ["".join("Z" if k >> q & 1 else "I" for q in reversed(range(n))) for k in range(2**n)]
    values = np.asarray(simulate(circuit, observables=strings, noise=noise).expectation_values)
    signs = [[(-1) ** (k & x).bit_count() for k in range(2**n)] for x in range(2**n)]
    result: Real = np.array(signs) @ values / 2**n
    return result


@pytest.mark.parametrize("model", [None, "aria-1", "forte-1", {"model": "depolarizing", "one_qubit": 0.05, "two_qubit": 0.2}])
def test_noise_is_that_of_aer(model: Any) -> None:
    from qiskit_aer.noise import NoiseModel, depolarizing_error

    from qir.noise import noise_rates

    builder = CircuitBuilder(4)
    rng = np.random.default_rng(0)
    for _ in range(25):
        a, b = rng.permutation(4)[:2].tolist()
        builder.ry(float(rng.uniform(-3, 3)), a).cx(a, b)
    circuit = builder.build()
    other = in_qiskit(circuit)
    other.save_density_matrix()
    errors = NoiseModel()
    rates = noise_rates(model) or {1: 0.0, 2: 0.0}
    errors.add_all_qubit_quantum_error(depolarizing_error(rates[1], 1), ["ry"])
    errors.add_all_qubit_quantum_error(depolarizing_error(rates[2], 2), ["cx"])
    simulator = aer.AerSimulator(method="density_matrix", noise_model=errors)
    expected = np.asarray(simulator.run(other).result().data()["density_matrix"]).diagonal().real
    assert np.allclose(distribution(circuit, model), expected, atol=1e-10)


@pytest.mark.parametrize("target", ["qpu.forte-1", "qpu.aria-1", "ibm_fez"])
def test_payloads_have_the_distribution_of_their_source(target: str) -> None:
    circuit = random_circuit(9, 5, 60)
    other = in_qiskit(circuit)
    other.save_statevector()
    expected = np.abs(np.asarray(aer.AerSimulator(method="statevector").run(other).result().get_statevector())) ** 2
    shots = 50_000
    measured = str(circuit).replace("qubit[5] q;", "qubit[5] q;\nbit[5] c;") + "c = measure q;\n"
    found = simulate(qir.compile(measured, target, shots=shots).payload, shots=shots).counts
    assert found is not None
    for k, p in enumerate(expected):
        count = found.get(f"{k:05b}", 0)
        assert abs(count - shots * p) <= 5 * math.sqrt(shots * p * (1 - p)) + 1, k
