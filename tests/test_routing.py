"""Placement and routing: the same circuit on moving wires, on any connected machine, inside blocks too."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qir
from qir.builder import CircuitBuilder
from qir.circuit import Circuit
from qir.embedding import Costs, embed
from qir.errors import CompileError
from qir.gates import GATES
from qir.graphs import FAR, coupling
from qir.journal import Journal
from qir.kernels import Kernel, Runner
from qir.passes.base import Context
from qir.passes.relocate import Relocate
from qir.passes.route import RouteQubits
from qir.pipeline import run
from qir.targets import find
from qir.targets.target import Target
from qir.verify import equivalent

Edges = Sequence[tuple[int, int]]


def machine(size: int, edges: Edges, **fields: Any) -> Target:
    both = tuple(sorted({*edges, *((b, a) for a, b in edges)}))
    features = frozenset({"if", "mid-circuit", "reset", "delay"})
    return Target("small", "ibm", size, ("rz", "sx", "x", "cz"), "cz", {"cz": both}, features=features, **fields)


MACHINES = {
    "line": machine(6, [(i, i + 1) for i in range(5)]),
    "ring": machine(6, [(i, (i + 1) % 6) for i in range(6)]),
    "grid": machine(6, [(0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)]),
    "star": machine(6, [(0, i) for i in range(1, 6)]),
}
NAMES = ["h", "t", "sx", "rz", "cx", "cz", "rzz", "cp", "rxx", "crx", "swap", "iswap", "ecr"]


@st.composite
def programs(draw: st.DrawFn) -> Circuit:
    size = draw(st.integers(2, 5))
    builder = CircuitBuilder(size)
    for _ in range(draw(st.integers(0, 20))):
        gate = GATES[draw(st.sampled_from(NAMES))]
        qubits = draw(st.permutations(range(size)))[: gate.num_qubits]
        builder.append(gate.name, qubits, [draw(st.sampled_from([0.3, 0.7, 1.5707963267948966, -1.1]))] * gate.num_params)
    return builder.build()


def spread(state: npt.NDArray[np.complex128], places: Sequence[int], size: int) -> npt.NDArray[np.complex128]:
    """A state of program qubits on the machine's qubits, |0> elsewhere."""
    result = np.zeros(2**size, np.complex128)
    for index, value in enumerate(state):
        result[sum(((index >> q) & 1) << p for q, p in enumerate(places))] = value
    return result


def connected(circuit: Circuit, target: Target) -> bool:
    return all((min(op.qubits), max(op.qubits)) in target.connected for op in circuit.ops if len(op.qubits) == 2)


@pytest.mark.parametrize("kind", MACHINES)
@given(programs(), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_routing_keeps_the_unitary_between_its_layouts(kind: str, program: Circuit, seed: int) -> None:
    target = MACHINES[kind]
    routed = RouteQubits(trials=2).run(program, Context(target, seed=seed))
    assert connected(routed, target) and routed.layout is not None
    rng = np.random.default_rng(seed)
    state = rng.normal(size=2**program.num_qubits) + 1j * rng.normal(size=2**program.num_qubits)
    found = routed.to_unitary() @ spread(state, routed.layout.initial, 6)
    assert np.allclose(found, spread(program.to_unitary() @ state, routed.layout.final, 6), atol=1e-8)


@pytest.mark.parametrize("kind", MACHINES)
@given(programs(), st.integers(0, 3))
@settings(max_examples=8, deadline=None)
def test_a_whole_compile_is_proved_by_its_journal(kind: str, program: Circuit, level: int) -> None:
    journal = Journal()
    done = run(program, Context(MACHINES[kind], level=level, journal=journal))
    result = equivalent(program, done, journal=journal)
    assert result.verdict == "proved", result.detail
    assert set(done.count_ops()) <= {"rz", "sx", "x", "cz"} and connected(done, MACHINES[kind])


@given(programs())
@settings(max_examples=10, deadline=None)
def test_the_same_seed_gives_the_same_circuit(program: Circuit) -> None:
    context = Context(MACHINES["grid"], seed=3)
    assert RouteQubits(trials=3).run(program, context) == RouteQubits(trials=3).run(program, context)


@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="needs numba")
def test_compiled_kernels_give_the_same_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    target = find("ibm_fez")
    chain = CircuitBuilder(9)
    for q in range(8):
        chain.cx(q, q + 1)
    for program in (tangle(8, 60), chain.build()):
        found = []
        for compiled in (False, True):
            monkeypatch.setattr(Kernel, "runner", lambda kernel, work, c=compiled: runner(kernel, c))
            found.append(Relocate().run(RouteQubits(trials=2).run(program, Context(target)), Context(target)))
        assert found[0] == found[1]


def runner(kernel: Kernel, compiled: bool) -> Runner:
    if not compiled:
        return Runner(kernel.function, False)
    assert kernel.compiled is not None
    return Runner(kernel.compiled, True)


def tangle(size: int, gates: int) -> Circuit:
    rng = np.random.default_rng(1)
    builder = CircuitBuilder(size, size)
    for _ in range(gates):
        a, b = rng.permutation(size)[:2].tolist()
        builder.h(a).cx(a, b)
    return builder.build()


def test_wide_programs_are_proved_by_taking_the_swaps_out_again() -> None:
    program = tangle(40, 120)
    journal = Journal()
    done = run(program, Context(find("ibm_fez"), level=1, journal=journal))
    result = equivalent(program, done, journal=journal)
    assert (result.verdict, result.method) == ("proved", "rewrites")


def test_blocks_bring_every_wire_back() -> None:
    builder = CircuitBuilder(5, 5)
    builder.h(0).cx(0, 1).cx(1, 2).cx(2, 3).cx(3, 4).measure(0, 0)
    outer = builder.block()
    outer.cx(1, 4).rzz(0.3, 2, 4)
    inner = outer.block()
    inner.cx(1, 3)
    outer.if_((0, 1), inner)
    builder.if_((0, 1), outer)
    for q in range(5):
        builder.measure(q, q)
    program = builder.build()
    for level in (0, 2):
        journal = Journal()
        done = run(program, Context(MACHINES["line"], level=level, journal=journal))
        assert equivalent(program, done, journal=journal).verdict == "proved"
        pending = [done]
        while pending:
            block = pending.pop()
            pending += [b for e in block.extras for b in e.blocks]
            pairs = [set(op.qubits) for op in block.ops if op.name != "if" and len(op.qubits) == 2]
            assert all(pair in [{i, i + 1} for i in range(5)] for pair in pairs)


def test_a_program_that_fits_needs_no_swap() -> None:
    builder = CircuitBuilder(40)
    for q in range(39):
        builder.cx(q, q + 1)
    routed = RouteQubits().run(builder.build(), Context(find("ibm_fez")))
    assert "swap" not in routed.count_ops()


def test_commuting_gates_may_be_done_in_any_order() -> None:
    # On a line every pair of a chain can be reached without a swap, but only out of the written order.
    builder = CircuitBuilder(4)
    for a, b in ((0, 1), (2, 3), (1, 2), (0, 1), (2, 3)):
        builder.rzz(0.3, a, b)
    assert "swap" not in RouteQubits().run(builder.build(), Context(MACHINES["line"])).count_ops()


def test_the_better_edges_are_chosen() -> None:
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    errors = {("cz", pair): 0.2 for a, b in edges for pair in ((a, b), (b, a))}
    errors["cz", (3, 4)] = errors["cz", (4, 3)] = 0.001
    target = machine(6, edges, errors=errors)
    routed = Relocate().run(RouteQubits().run(CircuitBuilder(2).cx(0, 1).build(), Context(target)), Context(target))
    assert routed.layout is not None and set(routed.layout.initial) == {3, 4}


def test_what_is_out_of_order_is_not_used() -> None:
    target = machine(6, [(i, (i + 1) % 6) for i in range(6)], faulty_qubits=frozenset({2}))
    done = run(tangle(5, 12), Context(target))
    assert 2 not in done.touched_qubits


def test_a_given_layout_is_where_the_program_starts() -> None:
    done = run(tangle(3, 5), Context(MACHINES["grid"], layout=(5, 0, 3)))
    assert done.layout is not None and done.layout.initial == (5, 0, 3)


@pytest.mark.parametrize(("layout", "words"), [((0, 0, 1), "twice"), ((0, 1), "names 2 qubits"), ((0, 1, 9), "no qubit 9")])
def test_a_layout_that_does_not_fit_is_refused(layout: tuple[int, ...], words: str) -> None:
    with pytest.raises(CompileError, match=words) as caught:
        RouteQubits().run(tangle(3, 3), Context(MACHINES["grid"], layout=layout))
    assert {d.slug for d in caught.value.diagnostics} == {"target.layout"}


def test_too_many_qubits_get_a_clear_error() -> None:
    with pytest.raises(CompileError) as caught:
        RouteQubits().run(tangle(7, 3), Context(MACHINES["grid"]))
    assert [d.slug for d in caught.value.diagnostics] == ["target.qubits"]


def test_programs_on_hardware_qubits_stay_where_they_are() -> None:
    program = CircuitBuilder().physical(3).h(0).cx(1, 2).build()
    assert RouteQubits().run(program, Context(MACHINES["line"])) is program


def test_distances_are_those_of_shortest_paths() -> None:
    networkx = pytest.importorskip("networkx")
    target = find("ibm_torino")
    graph = coupling(target.num_qubits, tuple(target.connected))
    for source, lengths in networkx.all_pairs_shortest_path_length(target.coupling_map()):
        row = graph.distance[source]
        assert all(row[other] == length for other, length in lengths.items())
        assert (row == FAR).sum() == target.num_qubits - len(lengths)


@given(st.integers(0, 1000), st.integers(2, 12))
@settings(max_examples=30, deadline=None)
def test_embeddings_map_edges_to_edges(seed: int, size: int) -> None:
    graph = coupling(16, tuple((i, i + 1) for i in range(15) if i % 4 != 3) + tuple((i, i + 4) for i in range(12)))
    rng = np.random.default_rng(seed)
    tree = {(int(rng.integers(i)), i): 1 for i in range(1, size)}
    found = embed(tree, graph, seed=seed)
    if found is not None:
        assert len(set(found.values())) == len(found)
        assert all((min(found[a], found[b]), max(found[a], found[b])) in graph.edges for a, b in tree)
    assert embed({(0, 1): 1, (1, 2): 1, (2, 0): 1}, graph) is None


@given(st.integers(0, 1000), st.integers(2, 5))
@settings(max_examples=30, deadline=None)
def test_the_cheapest_embedding_is_found(seed: int, size: int) -> None:
    graph = coupling(12, tuple((i, i + 1) for i in range(11) if i % 4 != 3) + tuple((i, i + 4) for i in range(8)))
    rng = np.random.default_rng(seed)
    costs = Costs(rng.random(144), rng.random(12))
    costs = Costs((costs.pairs.reshape(12, 12) + costs.pairs.reshape(12, 12).T).ravel(), costs.sites)
    chain = {(i, i + 1): 1 + int(rng.integers(3)) for i in range(size - 1)}

    def price(places: Sequence[int]) -> float:
        paths = sum(weight * costs.pairs[places[a] * 12 + places[b]] for (a, b), weight in chain.items())
        return float(paths + sum(costs.sites[p] for p in places))

    paths = [[q] for q in range(12)]
    for _ in range(size - 1):
        paths = [[*path, q] for path in paths for q in graph.neighbours[path[-1]] if q not in path]
    best = min(map(price, paths))
    found = embed(chain, graph, costs=costs, restarts=240, steps=2000, seed=seed)
    assert found is not None and abs(price([found[i] for i in range(size)]) - best) < 1e-9
    assert embed(chain, graph, costs=costs, restarts=240, steps=2000, seed=seed, bound=best) is None


def test_terminal_measurements_stay_terminal() -> None:
    builder = CircuitBuilder(4, 4)
    for a in range(4):
        for b in range(a):
            builder.rzz(0.3, a, b)
        builder.h(a)
    for q in range(4):
        builder.measure(q, q)
    compiled = qir.compile(builder.build(), "ibm_fez")
    assert not compiled.circuit.is_mid_circuit
    assert compiled.report.circuits[0].verification.verdict == "proved"


def test_equal_errors_give_low_numbers() -> None:
    builder = CircuitBuilder(5, 0)
    for a in range(5):
        for b in range(a):
            builder.rzz(0.3, a, b)
    assert max(qir.compile(builder.build(), "ibm_fez").circuit.touched_qubits) < 20


def two_qubit_gates(circuit: Circuit) -> int:
    return sum(count for name, count in circuit.count_ops().items() if GATES.get(name) and GATES[name].num_qubits == 2)


def test_a_qubit_that_meets_all_others_walks_past_them() -> None:
    builder = CircuitBuilder(20).h(0)
    for q in range(1, 20):
        builder.cx(0, q).rx(0.1 * q, q)
    assert two_qubit_gates(run(builder.build(), Context(find("ibm_fez")))) <= 2 * 19


def test_a_fourier_transform_takes_no_more_than_on_a_line() -> None:
    builder = CircuitBuilder(9)
    for i in range(9):
        builder.h(i)
        for j in range(i + 1, 9):
            builder.cp(0.7 / 2 ** (j - i), j, i)
    assert two_qubit_gates(run(builder.build(), Context(find("ibm_fez")))) <= 3 * 36


def test_an_edge_out_of_order_is_gone_around() -> None:
    ring = [[a, b] for a in range(6) for b in ((a + 1) % 6, (a - 1) % 6)]
    configuration = {"backend_name": "ring", "n_qubits": 6, "basis_gates": ["cz", "rz", "sx", "x"], "coupling_map": ring}
    broken = [{"gate": "cz", "qubits": pair, "parameters": [{"name": "operational", "value": 0, "unit": ""}]}
              for pair in ([2, 3], [3, 2])]  # fmt: skip
    target = Target.from_ibm(configuration, {"qubits": [], "gates": broken})
    assert (2, 3) in target.faulty_edges and (2, 3) not in target.connected
    program, journal = tangle(6, 20), Journal()
    done = run(program, Context(target, journal=journal))
    assert connected(done, target) and equivalent(program, done, journal=journal).verdict == "proved"
    machine_ring = Target.from_ibm(configuration, {"qubits": [], "gates": broken[:1]})
    assert (2, 3) in machine_ring.connected  # the other direction still runs


@pytest.mark.parametrize("name", ["ibm_fez", "ibm_brisbane", "ibm_miami"])
def test_ancillas_may_be_crossed_and_are_left_as_they_were(name: str) -> None:
    program = CircuitBuilder(3, 3).h(0).cx(0, 1).cx(1, 2).cx(0, 2)
    for q in range(3):
        program.measure(q, q)
    target, journal = find(name), Journal()
    done = run(program.build(), Context(target, layout=(0, 4, 17), journal=journal))
    assert len(done.touched_qubits) > 3 and connected(done, target)
    result = equivalent(program.build(), done, journal=journal)
    assert result.verdict == "proved", result.detail
