"""Gates come out in IBM's gate sets: exactly the same unitary, in the direction of the edge, with few pulses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qir.builder import CircuitBuilder
from qir.circuit import Circuit
from qir.errors import CompileError
from qir.gates import GATES
from qir.journal import Journal
from qir.kak import canonical_matrix, kak, matrix
from qir.passes.base import Context
from qir.passes.check_target import CheckTarget
from qir.passes.fuse import Fuse
from qir.passes.resynthesise import Resynthesise
from qir.passes.translate_ibm import ToEntangler, ToIbmBasis
from qir.pipeline import run
from qir.targets.target import Target
from qir.verify import equivalent
from qir.weyl import chamber, cz_count

BOTH = ((0, 1), (1, 0))
PAIRS = {
    "cz": Target("pair", "ibm", 2, ("rz", "sx", "x", "cz"), "cz", {"cz": BOTH}),
    "ecr": Target("pair", "ibm", 2, ("rz", "sx", "x", "ecr"), "ecr", {"ecr": ((0, 1),)}),
    "ecr reversed": Target("pair", "ibm", 2, ("rz", "sx", "x", "ecr"), "ecr", {"ecr": ((1, 0),)}),
    "fractional": Target("pair", "ibm", 2, ("rz", "sx", "x", "rx", "cz", "rzz"), "cz", {"cz": BOTH, "rzz": BOTH}),
}
SMALL = [name for name, gate in GATES.items() if gate.num_qubits in (1, 2) and name != "cu"]
ANGLE = st.one_of(st.integers(-9, 9).map(lambda k: k * math.pi / 4), st.floats(-7, 7))


def lowered(circuit: Circuit, target: Target) -> Circuit:
    context = Context(target)
    return ToIbmBasis().run(Fuse().run(ToEntangler().run(circuit, context), context), context)


@pytest.mark.parametrize("kind", PAIRS)
@given(st.sampled_from(SMALL), st.lists(ANGLE, min_size=3, max_size=3), st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_small_gate_keeps_its_unitary(kind: str, name: str, angles: list[float], turned: bool, symbolic: bool) -> None:
    gate, target = GATES[name], PAIRS[kind]
    qubits = ((1, 0) if turned else (0, 1))[: gate.num_qubits]
    names = [f"a{i}" for i in range(gate.num_params)]
    builder = CircuitBuilder().physical(2)
    builder.append(name, qubits, names if symbolic else angles[: gate.num_params])
    before = builder.build()
    after = lowered(before, target)
    CheckTarget().run(after, Context(target))
    if symbolic:
        values = dict(zip(names, angles))
        before, after = before.bind(values), after.bind(values)
    assert np.allclose(before.to_unitary(), after.to_unitary(), atol=1e-8)
    for op in after.ops:
        if op.name == "rzz":
            assert 0 <= float(op.params[0]) <= math.pi / 2


# Two-qubit gates and pulses (sx, x and rx) per gate set: the fewer that Qiskit 2.6 needs at levels 1 and 3.  A positive
# cp is a negative rzz, which the machine does not run; there Qiskit's count holds for the negative one.
BUDGET = {
    "random": {"cz": (3, 14), "ecr": (3, 16), "fractional": (3, 8)},
    "swap": {"cz": (3, 6), "ecr": (3, 3), "fractional": (3, 6)},
    "cx": {"cz": (1, 2), "ecr": (1, 2), "fractional": (1, 2)},
    "ch": {"cz": (1, 4), "ecr": (1, 4), "fractional": (1, 2)},
    "cp": {"cz": (2, 4), "ecr": (2, 4), "fractional": (1, 2)},
    "cp(-)": {"cz": (2, 4), "ecr": (2, 4), "fractional": (1, 0)},
    "rzz": {"cz": (2, 4), "ecr": (2, 4), "fractional": (1, 0)},
    "rxx": {"cz": (2, 4), "ecr": (2, 6), "fractional": (1, 4)},
    "iswap": {"cz": (2, 6), "ecr": (2, 4), "fractional": (2, 6)},
    "rxx ryy": {"cz": (2, 8), "ecr": (2, 10), "fractional": (2, 6)},
    "crx": {"cz": (2, 4), "ecr": (2, 6), "fractional": (1, 2)},
}
BOUNDED = [(name, kind) for name, budget in BUDGET.items() for kind in budget]


def alone(name: str) -> Circuit:
    builder = CircuitBuilder().physical(2)
    if name == "random":
        rng = np.random.default_rng(7)
        for layer in range(4):
            for q in (0, 1):
                builder.u(*rng.uniform(-3, 3, 3).tolist(), q)
            if layer < 3:
                builder.cx(0, 1)
        return builder.build()
    for gate in name.removesuffix("(-)").split():
        builder.append(gate, (0, 1), [-0.7 if name.endswith("(-)") else 0.7] * GATES[gate].num_params)
    return builder.build()


def spent(circuit: Circuit) -> tuple[int, int]:
    counts = circuit.count_ops()
    return sum(counts.get(g, 0) for g in ("cz", "ecr", "rzz")), sum(counts.get(g, 0) for g in ("sx", "x", "rx"))


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize(("name", "kind"), BOUNDED)
def test_a_gate_alone_is_as_cheap_as_the_best_known(name: str, kind: str, level: int) -> None:
    two, pulses = spent(run(alone(name), Context(PAIRS[kind], level=level)))
    assert two <= BUDGET[name][kind][0] and pulses <= BUDGET[name][kind][1]


@pytest.mark.parametrize(("name", "kind"), BOUNDED)
def test_so_it_is_where_the_wires_keep_their_places(name: str, kind: str) -> None:
    context = Context(PAIRS[kind])
    two, pulses = spent(lowered(Resynthesise().run(alone(name), context), PAIRS[kind]))
    assert two <= BUDGET[name][kind][0] and pulses <= BUDGET[name][kind][1]


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("name", [name for name, gate in GATES.items() if gate.num_qubits == 1])
def test_a_one_qubit_gate_takes_as_few_pulses_as_there_can_be(name: str, kind: str) -> None:
    builder = CircuitBuilder().physical(2)
    builder.append(name, (0,), [0.7, 0.4, 0.2][: GATES[name].num_params])
    before = builder.build()
    turn = 2 * math.acos(min(1.0, abs(before.to_unitary()[0, 0])))
    least = 0 if turn < 1e-9 else 1 if kind == "fractional" or min(abs(turn - math.pi / 2), abs(turn - math.pi)) < 1e-9 else 2
    assert spent(run(before, Context(PAIRS[kind], level=1))) == (0, least)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_any_two_qubit_unitary_takes_three_cz_and_fourteen_sx(seed: int) -> None:
    rng = np.random.default_rng(seed)
    builder = CircuitBuilder().physical(2)
    for _ in range(4):
        for q in (0, 1):
            builder.u(*rng.uniform(-3, 3, 3).tolist(), q)
        builder.cx(0, 1)
    before = builder.build()
    context = Context(PAIRS["cz"])
    after = lowered(Resynthesise().run(before, context), PAIRS["cz"])
    counts = after.count_ops()
    assert counts["cz"] <= 3 and counts["sx"] + counts.get("x", 0) <= 14
    assert np.allclose(before.to_unitary(), after.to_unitary(), atol=1e-8)


@given(st.lists(st.sampled_from([0.0, math.pi / 4, -math.pi / 4, math.pi / 2, 0.3, -0.3, 0.1]), min_size=3, max_size=3),
       st.integers(0, 1000))  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_the_weyl_chamber_holds_one_point_of_each_class(coordinates: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    local = [np.linalg.qr(rng.normal(size=(2, 2)) + 1j * rng.normal(size=(2, 2)))[0] for _ in range(4)]
    core = canonical_matrix(np.array([coordinates]))[0]
    dressed = np.kron(local[0], local[1]) @ core @ np.kron(local[2], local[3])
    a, b = chamber(kak(core[None])), chamber(kak(dressed[None]))
    assert np.allclose(a.coordinates, b.coordinates, atol=1e-7)
    x, y, z = b.coordinates[0].tolist()
    assert math.pi / 4 + 1e-9 >= x >= y - 1e-9 and y >= abs(z) - 1e-9
    assert cz_count(a.coordinates)[0] <= 3
    rebuilt = matrix(b)[0]
    assert abs(abs(np.trace(rebuilt.conj().T @ dressed)) / 4 - 1) < 1e-9


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_blocks_are_rebuilt_with_no_more_entangling_gates_and_a_journal_that_proves_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    builder = CircuitBuilder(3)
    for _ in range(int(rng.integers(1, 14))):
        a, b = rng.permutation(3)[:2].tolist()
        name = str(rng.choice(["cx", "rzz", "swap", "iswap", "cp", "h", "t", "u"]))
        gate = GATES[name]
        builder.append(name, [a, b][: gate.num_qubits], rng.uniform(-3, 3, gate.num_params).tolist())
    before, journal = builder.build(), Journal()
    after = Resynthesise().run(before, Context(PAIRS["cz"], journal=journal))
    assert np.allclose(before.to_unitary(), after.to_unitary(), atol=1e-8)
    assert equivalent(before, after, journal=journal).verdict == "proved"


def test_a_gate_where_no_edge_is_gets_a_clear_error() -> None:
    line = Target("line", "ibm", 3, ("rz", "sx", "x", "cz"), "cz", {"cz": ((0, 1), (1, 0), (1, 2), (2, 1))})
    with pytest.raises(CompileError) as caught:
        run(CircuitBuilder().physical(3).cx(0, 2).build(), Context(line))
    assert [d.slug for d in caught.value.diagnostics] == ["target.connectivity"]
    assert "0 and 2" in caught.value.diagnostics[0].message
    with pytest.raises(CompileError) as caught:
        run(CircuitBuilder().physical(5).h(4).build(), Context(line))
    assert [d.slug for d in caught.value.diagnostics] == ["target.qubits"]


def test_rotations_about_z_merge_symbolically_and_vanish_before_measurement() -> None:
    builder = CircuitBuilder(1, 1)
    builder.h(0).rz("theta", 0).rz(math.pi, 0).p("theta", 0).h(0).t(0).measure(0, 0)
    after = run(builder.build(), Context(PAIRS["cz"]))
    assert [op.name for op in after.ops] == ["rz", "sx", "rz", "sx", "measure"]


@pytest.mark.parametrize(("name", "angles"), [("cz", []), ("rzz", [0.4])])
def test_symmetric_gates_stand_as_the_machine_lists_them(name: str, angles: list[float]) -> None:
    one_way = Target("pair", "ibm", 2, ("rz", "sx", "x", "rx", "cz", "rzz"), "cz", {"cz": ((0, 1),), "rzz": ((0, 1),)})
    before, journal = CircuitBuilder().physical(2).h(0).append(name, (1, 0), angles).h(1).build(), Journal()
    after = run(before, Context(one_way, journal=journal))
    assert [op.qubits for op in after.ops if op.name == name] == [(0, 1)]
    assert equivalent(before, after, journal=journal).verdict == "proved"
