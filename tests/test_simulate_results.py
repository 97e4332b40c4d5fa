"""simulate(): states, counts, expectation values, dynamic programs, payloads, noise."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qir
from qir.builder import CircuitBuilder
from qir.circuit import Circuit
from qir.errors import ParseError, QirError, UsageError
from qir.simulator import Counts, simulate

B = CircuitBuilder
BELL = 'OPENQASM 3; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;'


def counts(source: Any, shots: int = 1000, **options: Any) -> Counts:
    found = simulate(source, shots=shots, **options).counts
    assert found is not None
    assert sum(found.values()) == shots
    return found


def close(count: int, shots: int, p: float) -> bool:
    """Within five standard deviations."""
    return abs(count - shots * p) <= 5 * math.sqrt(shots * p * (1 - p)) + 1e-9


def random_circuit(seed: int, width: int, count: int) -> Circuit:
    rng = np.random.default_rng(seed)
    builder = B(width)
    for _ in range(count):
        q = rng.permutation(width)[:3].tolist()
        name, size, params = [("h", 1, 0), ("u", 1, 3), ("cx", 2, 0), ("rzz", 2, 1), ("ccx", 3, 0), ("swap", 2, 0)][
            int(rng.integers(6))
        ]
        builder.append(name, q[:size], rng.uniform(-3, 3, params).tolist())
    return builder.build()


# -- states and counts --------------------------------------------------------------------------


def test_a_bell_pair() -> None:
    found = counts(BELL)
    assert set(found) == {"00", "11"}
    assert close(found["00"], 1000, 0.5)
    assert found["c"] == dict(found)


def test_the_same_seed_gives_the_same_counts() -> None:
    assert counts(BELL, seed=5) == counts(BELL, seed=5)
    assert counts(BELL, seed=5) != counts(BELL, seed=6)


@pytest.mark.parametrize("width", [1, 4, 11, 13])
def test_statevectors_are_those_of_qiskit(width: int) -> None:
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    from qiskit import QuantumCircuit

    circuit = random_circuit(width, max(width, 3), 60)
    other = QuantumCircuit(circuit.num_qubits)
    for op in circuit.ops:
        getattr(other, op.name)(*op.params, *op.qubits)
    expected = quantum_info.Statevector(other).data
    found = simulate(circuit).statevector
    assert found is not None
    assert np.allclose(found, expected, atol=1e-10)


def test_qubits_nobody_touches_cost_nothing() -> None:
    builder = B(500, 2).ry(0.7, 3).cx(3, 499).measure(3, 0).measure(499, 1)
    assert set(counts(builder.build())) == {"00", "11"}


def test_registers_are_counted_one_by_one() -> None:
    builder = B(3)
    a, b = builder.add_bits("a", 2), builder.add_bits("b", 1)
    builder.x(0).x(2).measure(0, a.start).measure(1, a.start + 1).measure(2, b.start)
    found = counts(builder.build(), 10)
    assert found.registers == {"a": {"01": 10}, "b": {"1": 10}}
    assert dict(found) == {"101": 10}


def test_a_circuit_that_measures_nothing_is_measured_whole() -> None:
    assert dict(counts(B(3).x(1).build(), 7)) == {"010": 7}


def test_without_shots_there_are_no_counts() -> None:
    result = simulate(BELL)
    assert result.counts is None
    assert result.statevector is not None


def test_wide_clifford_circuits_run_on_a_tableau() -> None:
    builder = B(300, 300).h(0)
    for q in range(299):
        builder.cx(q, q + 1)
    for q in range(300):
        builder.measure(q, q)
    result = simulate(builder.build(), shots=50)
    assert result.method == "stabilizer"
    assert set(result.counts or {}) == {"0" * 300, "1" * 300}


def test_tableau_and_statevector_agree() -> None:
    rng = np.random.default_rng(1)
    wide, narrow = B(20, 4), B(4, 4)
    for q in range(4, 20):
        wide.h(q)
    for _ in range(30):
        q, r = rng.permutation(4)[:2].tolist()
        name = ["h", "s", "cx", "cz"][int(rng.integers(4))]
        for builder in (wide, narrow):
            builder.append(name, [q, r][: 1 + (name[0] == "c")])
    for q in range(4):
        wide.measure(q, q)
        narrow.measure(q, q)
    a, b = counts(wide.build(), 4000), counts(narrow.build(), 4000)
    assert set(a) == set(b)
    for key, count in a.items():
        assert abs(count - b[key]) < 8 * math.sqrt(4000 * 0.25)


# -- dynamic programs ---------------------------------------------------------------------------


def test_teleportation() -> None:
    source = (
        'OPENQASM 3; include "stdgates.inc"; qubit[3] q; bit[2] c; bit r; ry(1.0) q[0]; h q[1]; cx q[1], q[2];'
        "cx q[0], q[1]; h q[0]; c[0] = measure q[0]; c[1] = measure q[1];"
        "if (c[1]) { x q[2]; } if (c[0]) { z q[2]; } r = measure q[2];"
    )
    found = counts(source, 5000)
    assert close(found["r"]["1"], 5000, math.sin(0.5) ** 2)
    assert all(close(n, 5000, 0.25) for n in found["c"].values())


def test_repeat_until_success() -> None:
    source = (
        'OPENQASM 3; include "stdgates.inc"; qubit q; bit b; int[32] n = 0;'
        "while (b == 0) { reset q; h q; b = measure q; n += 1; }"
    )
    assert dict(counts(source, 200)) == {"1": 200}


def test_loops_variables_and_switch() -> None:
    source = (
        'OPENQASM 3; include "stdgates.inc"; qubit[2] q; bit[2] c; int[8] k = 0;'
        "for int i in [0:2] { k += i; } switch (k) { case 3 { x q[0]; } default { x q[1]; } }"
        "if (k > 2 && k != 4) { x q[1]; } c = measure q;"
    )
    assert dict(counts(source, 5)) == {"11": 5}


def test_a_bit_measured_twice_keeps_the_last_outcome() -> None:
    builder = B(2, 1).h(0).measure(0, 0).x(1).measure(1, 0)
    assert dict(counts(builder.build(), 20)) == {"1": 20}


def test_an_endless_loop_is_refused() -> None:
    with pytest.raises(UsageError, match="too often"):
        simulate('OPENQASM 3; include "stdgates.inc"; qubit q; while (true) { x q; }', shots=1)


# -- observables --------------------------------------------------------------------------------


def test_expectation_values() -> None:
    bell = B(2).h(0).cx(0, 1).build()
    found = simulate(bell, observables=["ZZ", "XX", "YY", "ZI", {"ZZ": 0.5, "XX": 2.0}]).expectation_values
    assert np.allclose(found, [1, 1, -1, 0, 2.5])


def test_letters_count_from_the_right() -> None:
    assert np.allclose(simulate(B(2).x(0).build(), observables=["IZ", "ZI"]).expectation_values, [-1, 1])


def test_parameter_sweeps_broadcast_with_observables() -> None:
    ansatz = B(1).ry("t", 0).build()
    values = {"t": [0.0, 0.5, 1.0]}
    found = simulate(ansatz, observables="Z", parameter_values=values).expectation_values
    assert np.allclose(found, np.cos([0.0, 0.5, 1.0]))
    table = simulate(ansatz, observables=[["Z"], ["X"]], parameter_values=values).expectation_values
    assert np.shape(table) == (2, 3)
    assert np.allclose(table[1], np.sin([0.0, 0.5, 1.0]))


def test_wide_clifford_observables() -> None:
    builder = B(40).h(0)
    for q in range(39):
        builder.cx(q, q + 1)
    found = simulate(builder.build(), observables=["X" * 40, "Z" + "I" * 38 + "Z", "Z" + "I" * 39]).expectation_values
    assert np.allclose(found, [1, 1, 0])


# -- payloads -----------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["qpu.forte-1", "simulator", "ibm_fez"])
def test_a_payload_means_what_its_source_means(target: str) -> None:
    source = (
        'OPENQASM 3; include "stdgates.inc"; qubit[3] q; bit[3] c; x q[0]; h q[1]; cx q[1], q[2]; t q[2]; h q[1];'
        "cp(0.4) q[0], q[1]; swap q[0], q[2]; ry(0.3) q[1]; c = measure q;"
    )
    job = qir.compile(source, target, shots=4000)
    sent, meant = counts(job.payload, 4000), counts(source, 4000, seed=9)
    for key in {*sent, *meant}:
        p = (sent.get(key, 0) + meant.get(key, 0)) / 8000
        assert abs(sent.get(key, 0) - meant.get(key, 0)) <= 6 * math.sqrt(8000 * p * (1 - p)) + 1, key


def ionq(circuit: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    return {"type": "ionq.circuit.v1", "backend": "simulator", "shots": 20000,
            "input": {"gateset": "qis", "qubits": 2, "circuit": circuit}, **fields}  # fmt: skip


def test_ionq_noise_is_depolarising() -> None:
    circuit = [{"gate": "x", "target": 0}]
    found = simulate(ionq(circuit, noise={"model": "aria-1"})).counts
    assert found is not None
    assert close(found.get("00", 0), 20000, 0.0005 / 2)
    strong = {"model": "depolarizing", "one_qubit": 0.2, "two_qubit": 0.4}
    found = simulate(ionq([{"gate": "x", "target": 0}]), noise=strong).counts
    assert found is not None
    assert close(found["00"], 20000, 0.1)
    found = simulate(ionq([{"gate": "cnot", "control": 0, "target": 1}]), noise=strong).counts
    assert found is not None
    assert all(close(found[key], 20000, 0.1) for key in ("01", "10", "11"))


def test_trajectories_and_density_matrix_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    import qir.simulator

    noise = {"model": "depolarizing", "one_qubit": 0.1, "two_qubit": 0.3}
    circuit = B(2).h(0).cx(0, 1).ry(0.4, 1).build()
    exact = simulate(circuit, shots=3000, noise=noise)
    monkeypatch.setattr(qir.simulator, "_MAX_NOISY", 0)
    sampled = simulate(circuit, shots=3000, noise=noise)
    assert (exact.method, sampled.method) == ("density_matrix", "trajectories")
    assert exact.counts is not None
    assert sampled.counts is not None
    for key, count in exact.counts.items():
        assert abs(count - sampled.counts[key]) <= 7 * math.sqrt(count + 1)


# -- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "options"),
    [
        (B(40).ry(0.1, *[0]).build(), {"shots": 0}),
        (B(2).build(), {"seed": -1}),
        (B(2).build(), {"observables": "ZZZ"}),
        (B(2).build(), {"observables": "QQ"}),
        (B(1).rx("t", 0).build(), {"shots": 1}),
        (B(1).rx("t", 0).build(), {"parameter_values": {"s": 1.0}}),
        (B(2).build(), {"noise": "no-such-machine"}),
        ("OPENQASM 3; qubit q; nonsense", {}),
        (7, {}),
    ],
)
def test_mistakes_are_qir_errors(source: Any, options: dict[str, Any]) -> None:
    with pytest.raises(QirError):
        simulate(source, **options)


def test_too_many_qubits_are_refused_with_the_limit() -> None:
    builder = B(40)
    for q in range(40):
        builder.ry(0.1, q).cx(q, (q + 1) % 40)
    with pytest.raises(UsageError, match="26"):
        simulate(builder.build(), shots=1)


def test_bad_text_carries_diagnostics() -> None:
    with pytest.raises(ParseError) as caught:
        simulate("OPENQASM 3; qubit q; h p;")
    assert caught.value.diagnostics


# -- the command ----------------------------------------------------------------------------------


def command(tmp_path: Path, *options: str) -> Any:
    from click.testing import CliRunner

    from qir.cli.run import command as run

    path = tmp_path / "bell.qasm"
    path.write_text(BELL, encoding="utf-8")
    return CliRunner().invoke(run, [str(path), *options])


def test_the_command_prints_counts(tmp_path: Path) -> None:
    found = command(tmp_path, "--shots", "100", "--seed", "3")
    assert found.exit_code == 0
    assert json.loads(found.stdout)["counts"] == dict(counts(BELL, 100, seed=3))


@pytest.mark.parametrize("noise", ["aria-1", '{"model": "depolarizing", "one_qubit": 0, "two_qubit": 0.5}'])
def test_the_command_takes_noise(tmp_path: Path, noise: str) -> None:
    found = json.loads(command(tmp_path, "--shots", "2000", "--noise", noise).stdout)
    assert found["method"] == "density_matrix"
    assert set(found["counts"]) > {"00", "11"}


@pytest.mark.parametrize(("noise", "text"), [("nowhere", "not known"), ("{bad", "not JSON")])
def test_the_command_says_what_is_wrong_with_noise(tmp_path: Path, noise: str, text: str) -> None:
    found = command(tmp_path, "--noise", noise)
    assert found.exit_code != 0
    assert text in found.output + str(found.exception)


# -- resources ------------------------------------------------------------------------------------


def test_memory_is_counted_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    import qir.simulator

    monkeypatch.setattr(qir.simulator, "_memory", lambda: 1 << 20)
    builder = B(18)
    for q in range(18):
        builder.ry(0.1, q)
    with pytest.raises(UsageError, match=r"18 qubits needs 0\.01 GiB; 0\.00 GiB are free"):
        simulate(builder.build())


def test_few_states_are_alive_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import weakref

    import qir.execution

    alive = most = 0
    watched = qir.execution.Branch.__init__

    def gone() -> None:
        nonlocal alive
        alive -= 1

    def counting(self: Any, *args: Any, **options: Any) -> None:
        nonlocal alive, most
        watched(self, *args, **options)
        alive += 1
        most = max(most, alive)
        weakref.finalize(self, gone)

    monkeypatch.setattr(qir.execution.Branch, "__init__", counting)
    loop = "".join(f"c[{i}] = measure q[0]; if (c[{i}]) {{ h q[1]; }} reset q[0]; h q[0];" for i in range(6))
    source = f'OPENQASM 3; include "stdgates.inc"; qubit[2] q; bit[6] c; h q[0]; {loop}'
    assert len(counts(source, 200)) > 50
    assert most <= 20
