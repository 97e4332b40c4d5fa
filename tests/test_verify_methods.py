"""What the checker proves, tests and refutes, method by method."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qir.builder import CircuitBuilder
from qir.circuit import Circuit, Layout
from qir.columns import OPERATIONS
from qir.execution import Unsupported
from qir.gates import GATES, opcode
from qir.journal import Journal
from qir.limits import DEFAULT_LIMITS, Limits
from qir.params import Angle
from qir.tableau import Tableau, clifford_moves
from qir.verify import equivalent
from qir.verify.clifford import check_clifford
from qir.verify.definitions import gate_matrices
from qir.verify.exact import check_exact
from qir.verify.paulis import check_paulis
from qir.verify.result import Equivalence, Unjustified
from qir.verify.rewrites import check_journal
from qir.verify.spins import is_diagonal, phases, quaternions
from qir.verify.stimuli import check_stimuli

B = CircuitBuilder
LARGE = replace(DEFAULT_LIMITS, exact_work=0)
"""Limits that leave no room for the exact method, so that journals speak for themselves."""


def verdict(a: CircuitBuilder, b: CircuitBuilder, *, assume_zero: bool = False) -> str:
    return equivalent(a.build(), b.build(), assume_zero=assume_zero).verdict


# -- definitions --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GATES)
def test_the_checkers_matrices_are_those_of_the_table(name: str) -> None:
    """The checker evaluates definitions, the passes use `Gate.matrix`: one test holds them equal."""
    row = GATES[name]
    angles = [np.random.default_rng(k).uniform(-7, 7, 5) for k in range(row.num_params)]
    assert np.allclose(gate_matrices(name, angles), row.matrix(*angles), atol=1e-12)


@pytest.mark.parametrize("name", [n for n, g in GATES.items() if g.num_qubits and not g.num_params])
def test_the_tableaus_gates_are_those_of_the_table(name: str) -> None:
    row = GATES[name]
    moves = clifford_moves(name, (), tuple(range(row.num_qubits)))
    assert (moves is not None) == row.clifford
    if moves is None:
        return
    paulis = {"I": np.eye(2), "X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1])}
    n, matrix = row.num_qubits, gate_matrices(name, [])[0]
    tableau = Tableau(n)
    tableau.apply(moves)

    def string(letters: list[str]) -> np.ndarray:
        result = np.eye(1)
        for letter in letters:
            result = np.kron(paulis[letter], result)
        return result

    for i in range(2 * n):
        before = ["I"] * n
        before[i % n] = "X" if i < n else "Z"
        after = ["IXZY"[(tableau.x[q] >> i & 1) + 2 * (tableau.z[q] >> i & 1)] for q in range(n)]
        sign = -1 if tableau.sign >> i & 1 else 1
        assert np.allclose(matrix @ string(before) @ matrix.conj().T, sign * string(after))


# -- what the same circuit means ----------------------------------------------------------------


def test_global_phase_is_free_and_relative_phase_is_not() -> None:
    assert verdict(B(1).rz(0.3, 0), B(1).p(0.3, 0)) == "proved"
    controlled = B(2).controlled("rz", [0], [1], [0.3])
    assert verdict(controlled, B(2).crz(0.3, 0, 1)) == "proved"
    assert verdict(controlled, B(2).cp(0.3, 0, 1)) == "refuted"


def test_placements_are_read() -> None:
    a = B(3).h(0).cx(0, 1).swap(1, 2).t(2).build()
    b = replace(B(3).h(0).cx(0, 1).t(1).build(), layout=Layout((0, 1, 2), (0, 2, 1)))
    assert equivalent(a, b).verdict == "proved"
    assert equivalent(a, replace(b, layout=None)).verdict == "refuted"
    wide = B(20).h(11).cx(11, 13).t(13).build()
    placed = replace(wide, layout=Layout((11, 13, 7), (11, 7, 13)))
    assert equivalent(a, placed).verdict == "proved"


def test_pending_frames_are_read() -> None:
    a = B(2).h(0).rz(0.5, 0).build()
    b = replace(B(2).h(0).build(), frames=(Angle(0.5), Angle()))
    assert equivalent(a, b).verdict == "proved"
    assert equivalent(a, replace(b, frames=(Angle(), Angle(0.5)))).verdict == "refuted"


def test_an_entangled_spare_wire_is_refuted() -> None:
    a = B(1).h(0).build()
    b = replace(B(2).h(0).cx(0, 1).build(), layout=Layout((0,), (0,)))
    found = check_exact(a, b, DEFAULT_LIMITS)
    assert found.verdict == "refuted"
    clean = replace(B(2).h(0).cx(0, 1).cx(0, 1).build(), layout=Layout((0,), (0,)))
    assert equivalent(a, clean).verdict == "proved"


def test_only_outcomes_count_where_a_program_measures() -> None:
    a = B(2, 2).h(0).cx(0, 1).cz(0, 1).rz(0.3, 0).measure(0, 0).measure(1, 1)
    assert verdict(a, B(2, 2).h(0).cx(0, 1).measure(0, 0).measure(1, 1)) == "proved"
    assert verdict(a, B(2, 2).h(0).cx(0, 1).measure(0, 1).measure(1, 0)) == "refuted"
    # Symmetric from |00>, but not for every input.
    assert verdict(a, B(2, 2).h(0).cx(0, 1).measure(0, 1).measure(1, 0), assume_zero=True) == "proved"


def test_unmeasured_qubits_do_not_count() -> None:
    a = B(2, 1).h(0).measure(0, 0).x(1)
    assert verdict(a, B(2, 1).h(0).measure(0, 0)) == "proved"
    assert verdict(B(2).h(0).x(1), B(2).h(0)) == "refuted"


def test_assume_zero_compares_one_input() -> None:
    a, b = B(2).cx(0, 1), B(2)
    assert verdict(a, b) == "refuted"
    assert verdict(a, b, assume_zero=True) == "proved"


def test_a_first_reset_means_nothing_and_a_later_one_does() -> None:
    assert verdict(B(1).reset(0).h(0), B(1).h(0)) == "proved"
    assert verdict(B(1, 1).h(0).reset(0).measure(0, 0), B(1, 1).h(0).measure(0, 0)) == "refuted"
    assert verdict(B(1, 1).h(0).t(0).reset(0).measure(0, 0), B(1, 1).h(0).reset(0).measure(0, 0)) == "proved"
    assert verdict(B(2).h(0).reset(0).h(1), B(2).h(0).t(0).reset(0).h(1)) == "proved"


def teleport(correction: str) -> Circuit:
    builder = B(3, 3).h(1).cx(1, 2).cx(0, 1).h(0).measure(0, 0).measure(1, 1)
    builder.if_((1, 1), builder.block().x(2))
    builder.if_((0, 1), builder.block().append(correction, [2]))
    return builder.measure(2, 2).build()


def test_classical_control_is_compared_record_by_record() -> None:
    assert equivalent(teleport("z"), teleport("z")).verdict == "proved"
    assert equivalent(teleport("z"), teleport("y")).verdict == "refuted"
    moved = B(3, 3).h(1).cx(1, 2).cx(0, 1).h(0).measure(0, 0).measure(1, 1)
    moved.if_((0, 1), moved.block().z(2))
    moved.if_((1, 1), moved.block().x(2))
    assert equivalent(teleport("z"), moved.measure(2, 2).build()).verdict == "proved"


# -- parameters ---------------------------------------------------------------------------------


def test_parameters_are_proved_symbolically_where_rotations_show_it() -> None:
    a = B(2).rz("a", 0).cx(0, 1).rz("b", 1).cx(0, 1).rx("a", 0)
    b = B(2).cx(0, 1).rz("b", 1).cx(0, 1).p("a", 0).rx("a", 0)
    found = equivalent(a.build(), b.build())
    assert (found.verdict, found.method) == ("proved", "paulis")
    assert verdict(a, B(2).cx(0, 1).rz("b", 1).cx(0, 1).p("a", 0).rx("b", 0)) == "refuted"


def test_parameters_at_random_values_are_called_tested() -> None:
    a, b = B(1).u("a", "b", 0.3, 0), B(1).rz(0.3, 0).ry("a", 0).rz("b", 0).h(0).h(0)
    found = equivalent(a.build(), b.build())
    assert found.equivalent
    c = B(2).controlled("ry", [0], [1], ["a"]).build()
    d = B(2).ry(Angle() + Angle(0.0, B(1).ry("a", 0).build().angles[0].terms) * 0.5, 1).build()
    assert equivalent(c, d).verdict == "refuted"


# -- methods ------------------------------------------------------------------------------------


def test_multi_controlled_gates_equal_their_textbook_circuits_at_any_width() -> None:
    toffoli = B(40).h(2).cx(1, 2).tdg(2).cx(0, 2).t(2).cx(1, 2).tdg(2).cx(0, 2).t(1).t(2).h(2).cx(0, 1).t(0).tdg(1).cx(0, 1)
    assert check_paulis(B(40).ccx(0, 1, 2).build(), toffoli.build()).verdict == "proved"
    with pytest.raises(Unsupported):
        check_paulis(B(40).ccx(0, 1, 2).build(), toffoli.t(3).build())


def test_wide_clifford_circuits_are_proved_and_refuted() -> None:
    rng = np.random.default_rng(4)
    a, b = B(300), B(300)
    for _ in range(3000):
        q, r = rng.permutation(300)[:2].tolist()
        a.h(q).cx(q, r).s(r)
        b.h(q).h(r).cz(q, r).h(r).s(r)
    assert equivalent(a.build(), b.build()).method == "clifford"
    found = equivalent(a.build(), b.sdg(7).build())
    assert found.verdict == "refuted"
    assert "qubit 7" in str(found.counterexample)


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_methods_agree_with_the_exact_one(seed: int) -> None:
    """Random circuits, with two gates exchanged: no method claims what the matrices deny."""
    rng = np.random.default_rng(seed)
    names = ["h", "s", "t", "cx", "cz", "rzz", "ccz", "cp", "ry", "swap", "ecr"]
    ops = []
    for _ in range(10):
        name = names[int(rng.integers(len(names)))]
        row = GATES[name]
        angles = rng.choice([0.3, np.pi / 4, np.pi], row.num_params).tolist()
        ops.append((name, rng.permutation(4)[: row.num_qubits].tolist(), angles))
    other = list(ops)
    k = int(rng.integers(9))
    other[k], other[k + 1] = other[k + 1], other[k]
    circuits = []
    for rows in (ops, other):
        builder = B(4)
        for name, qubits, angles in rows:
            builder.append(name, qubits, angles)
        circuits.append(builder.build())
    truth = check_exact(circuits[0], circuits[1], DEFAULT_LIMITS).verdict
    for method in (check_clifford, check_paulis):
        try:
            assert method(circuits[0], circuits[1]).verdict == truth
        except Unsupported:
            pass
    assert check_stimuli(circuits[0], circuits[1]).equivalent is (truth == "proved")


def test_what_is_too_large_is_unchecked_with_its_reasons() -> None:
    rng = np.random.default_rng(0)
    a, b = B(40), B(40)
    for q in range(40):
        angles = rng.uniform(0.3, 1, 3).tolist()
        a.u(*angles, q).cx(q, (q + 1) % 40)
        b.u(*angles, q).cx(q, (q + 1) % 40)
    found = equivalent(a.build(), b.rx(0.1, 3).build())
    assert found.verdict == "unchecked"
    assert found.equivalent is None
    assert "stimuli" in found.detail


def test_twelve_qubits_are_tested_not_proved() -> None:
    a, b = B(12), B(12)
    for q in range(12):
        a.u(0.3 + q, 0.2, 0.1, q).cx(q, (q + 1) % 12)
        b.rz(0.1, q).ry(0.3 + q, q).rz(0.2, q).h((q + 1) % 12).cz(q, (q + 1) % 12).h((q + 1) % 12)
    limits = replace(Limits(), exact_qubits=4)
    assert check_stimuli(a.build(), b.build()).verdict == "tested"
    assert equivalent(a.build(), b.rz(0.01, 2).build(), limits=limits).verdict in ("refuted", "unchecked")
    assert check_stimuli(a.build(), b.build()).verdict == "refuted"


# -- journals -----------------------------------------------------------------------------------


def test_steps_are_derived_again_not_believed() -> None:
    a = B(2, 2).h(0).cz(0, 1).measure(0, 0).measure(1, 1).build()
    b = B(2, 2).h(0).measure(0, 0).measure(1, 1).build()
    journal = Journal()
    journal.remove("drop", a, b, np.array([0, 1, 0, 0]), "before-measure")
    assert equivalent(a, b, journal=journal, limits=LARGE).method == "rewrites"
    half = B(2, 2).h(0).cz(0, 1).measure(0, 0).build()
    journal = Journal()
    journal.remove("drop", half, B(2, 2).h(0).measure(0, 0).build(), np.array([0, 1, 0]), "before-measure")
    found = equivalent(half, B(2, 2).h(0).measure(0, 0).build(), journal=journal, limits=LARGE)
    assert found.method != "rewrites"


def test_zero_inputs_need_assume_zero() -> None:
    a, b = B(2).cx(0, 1).h(0).build(), B(2).h(0).build()
    journal = Journal()
    journal.remove("drop", a, b, np.array([1, 0]), "zero-input")
    assert equivalent(a, b, journal=journal).verdict == "refuted"
    assert equivalent(a, b, journal=journal, assume_zero=True, limits=LARGE).method == "rewrites"


def test_routing_is_taken_back() -> None:
    a = B(3).cx(0, 2).t(2).cx(0, 1).build()
    b = B(3).swap(1, 2).cx(0, 1).t(1).swap(1, 2).cx(0, 1).build()
    journal = Journal()
    routed = replace(b, layout=Layout((0, 1, 2), (0, 1, 2)))
    journal.route("route", a, routed, np.array([0, 1, 2]), np.array([1, 0, 0, 1, 0]))
    assert equivalent(a, routed, journal=journal, limits=LARGE).method == "rewrites"
    wrong = replace(b, layout=Layout((0, 1, 2), (0, 2, 1)))
    journal = Journal()
    journal.route("route", a, wrong, np.array([0, 1, 2]), np.array([1, 0, 0, 1, 0]))
    assert equivalent(a, wrong, journal=journal).verdict == "refuted"


def test_barriers_and_delays_in_a_window_do_not_matter() -> None:
    a = B(2).h(0).barrier().h(0).cx(0, 1).delay(10, 0).build()
    b = B(2).barrier().cx(0, 1).build()
    journal = Journal()
    journal.windows("cancel", a, b, np.array([0, 0, 0, 1, 1]), np.array([0, 1]))
    found = equivalent(a, b, journal=journal, limits=LARGE)
    assert (found.verdict, found.method) == ("proved", "rewrites")


def test_operations_on_wires_that_are_not_there_prove_nothing() -> None:
    a = B(2).cx(0, 1).build()
    for wire in (2, 4097, -5):
        qubits = a.columns.qubits.copy()
        qubits[0, 1] = wire
        b = a.with_columns(replace(a.columns, qubits=qubits))
        journal = Journal()
        journal.windows("astray", a, b, np.array([0]), np.array([0]))
        with pytest.raises(Unjustified):
            check_journal(a, b, journal, lambda x, y: Equivalence("proved"))


@pytest.mark.parametrize("code", [200, 300, opcode("ccx"), opcode("h")])
def test_rows_that_are_no_gates_prove_nothing(code: int) -> None:
    a = B(3).cx(0, 1).h(2).build()
    codes = a.columns.opcode.copy()
    codes[0] = code
    b = a.with_columns(replace(a.columns, opcode=codes))
    journal = Journal()
    journal.windows("astray", a, b, np.array([0, 1]), np.array([0, 1]))
    with pytest.raises(Unjustified):
        check_journal(a, b, journal, lambda x, y: Equivalence("proved"))


def test_windows_that_cross_are_refused() -> None:
    a, b = B(1).h(0).t(0).build(), B(1).t(0).h(0).build()
    journal = Journal()
    journal.windows("cross", a, b, np.array([1, 0]), np.array([0, 1]))
    assert equivalent(a, b, journal=journal).verdict == "refuted"


def test_an_unknown_kind_of_step_proves_nothing() -> None:
    from qir.journal import Step

    a = B(30).h(0).build()
    found = equivalent(a, B(30).h(0).t(1).build(), journal=Journal([Step("magic", "trust me", a, B(30).h(0).t(1).build())]))
    assert found.verdict != "proved"


def test_barriers_mean_nothing_and_delays_neither() -> None:
    a = B(2).h(0).barrier().cx(0, 1).delay(10, 0).build()
    assert OPERATIONS["barrier"] in a.columns.opcode
    assert equivalent(a, B(2).h(0).cx(0, 1).build()).verdict == "proved"


# -- counterexamples ----------------------------------------------------------------------------


def wide(tail: str | None) -> Circuit:
    builder = B(12)
    for q in range(12):
        builder.u(0.3 + q, 0.2, 0.1, q).cx(q, (q + 1) % 12)
    if tail is not None:
        builder.append(tail, [3])
    return builder.build()


def ladder(width: int) -> CircuitBuilder:
    builder = B(width).h(0)
    for q in range(width - 1):
        builder.cx(q, q + 1)
    return builder


@pytest.mark.parametrize(
    ("a", "b", "method", "shows"),
    [
        # Unitaries: an input and where it goes.
        (B(2).cx(0, 1), B(2).cx(1, 0), "exact", ["input |01>", "|11>"]),
        (B(2).h(0).t(0), B(2).h(0), "exact", ["input |"]),
        # Records: the bits, their value and both probabilities.
        (B(1, 1).x(0).measure(0, 0), B(1, 1).measure(0, 0), "exact", ["from |", "bits read", "probability"]),
        # Channels: the same for states.
        (B(1).h(0).reset(0), B(1).h(0).reset(0).x(0), "exact", ["input |", "probability"]),
        (B(2).cz(0, 1).reset(1), B(2).reset(1), "exact", ["superpositions", "|"]),
        # Symbols: with their values.
        (B(1).rx("a", 0), B(1).rx("b", 0), "exact", ["with a = ", "b = ", "input |"]),
        # Cliffords of any width: the qubit and the observable.
        (ladder(40), ladder(40).s(7), "clifford", ["of qubit", "pulls back"]),
    ],
)  # fmt: skip
def test_what_is_refuted_is_shown(a: CircuitBuilder, b: CircuitBuilder, method: str, shows: list[str]) -> None:
    found = equivalent(a.build(), b.build())
    assert (found.verdict, found.method) == ("refuted", method), str(found)
    assert found.counterexample is not None
    for text in shows:
        assert text in found.counterexample
    assert found.counterexample in str(found)


def test_random_states_show_what_they_saw() -> None:
    found = check_stimuli(wide(None), wide("t"))
    assert found.verdict == "refuted"
    assert found.counterexample is not None
    assert "|" in found.counterexample


def test_a_journal_shows_the_window() -> None:
    a, b = B(30).h(0).cx(0, 1).t(1).build(), B(30).h(0).cz(0, 1).t(1).build()
    journal = Journal()
    journal.windows("swap for another", a, b, np.arange(3), np.arange(3))
    found = equivalent(a, b, journal=journal, limits=LARGE)
    assert found.verdict == "refuted"
    wide_a, wide_b = (replace(c, num_qubits=30) for c in (wide(None), wide("t")))
    journal = Journal()
    labels = np.arange(len(wide_a.columns))
    journal.windows("one more", wide_a, wide_b, labels, np.append(labels, labels[-1]))
    found = equivalent(wide_a, wide_b, journal=journal, limits=replace(LARGE, exact_qubits=2))
    assert found.verdict == "refuted"
    assert found.counterexample is not None


def test_the_command_prints_the_counterexample(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from qir.cli.verify import command

    first, second = tmp_path / "a.qasm", tmp_path / "b.qasm"
    first.write_text(str(B(2).cx(0, 1).build()), encoding="utf-8")
    second.write_text(str(B(2).cx(1, 0).build()), encoding="utf-8")
    result = CliRunner().invoke(command, [str(first), str(second)], standalone_mode=False)
    assert result.return_value == 1
    assert "refuted by exact" in result.output
    assert "the input |01> goes to |" in result.output


# -- the cheap forms of windows -----------------------------------------------------------------

ANGLES = np.array([[0.0, 0.0, 0.0], [1.1, -0.4, 2.3], [-7.5, 3.0, -0.2], [np.pi, np.pi / 2, -np.pi], [40.0, -9.0, 11.0]])


@pytest.mark.parametrize("name", [n for n, g in GATES.items() if g.num_qubits == 1])
def test_a_quaternion_is_the_definition_of_the_gate(name: str) -> None:
    w, x, y, z = quaternions(name, ANGLES)
    matrices = gate_matrices(name, list(ANGLES.T[: GATES[name].num_params]))
    spun = np.stack([w - 1j * z, -1j * x - y, -1j * x + y, w + 1j * z], axis=1).reshape(-1, 2, 2)
    overlap = np.einsum("nij,nij->n", spun.conj(), np.broadcast_to(matrices, spun.shape))
    np.testing.assert_allclose(np.abs(overlap), 2, atol=1e-12)


@pytest.mark.parametrize("name", [n for n, g in GATES.items() if is_diagonal(n) and g.num_qubits])
def test_phases_are_the_diagonal_of_the_definition(name: str) -> None:
    width = GATES[name].num_qubits
    rates, offsets = phases(name, tuple(range(width)), width)
    found = np.exp(1j * (ANGLES[:, :1] * rates + offsets))
    matrices = gate_matrices(name, list(ANGLES.T[: GATES[name].num_params]))
    made = np.zeros((len(found), 2**width, 2**width), np.complex128)
    made[:, np.arange(2**width), np.arange(2**width)] = found
    np.testing.assert_allclose(made, np.broadcast_to(matrices, made.shape), atol=1e-12)


def test_what_is_diagonal_is_known() -> None:
    assert {n for n in GATES if is_diagonal(n)} >= {"z", "s", "t", "rz", "p", "rzz", "cz", "cp", "crz", "ccz", "zz"}
    assert not any(is_diagonal(n) for n in ("x", "h", "rx", "cx", "swap", "rxx", "gpi", "gpi2", "ms", "u"))


def test_controlled_swaps_of_any_width_are_proved() -> None:
    a, b = B(25).h(0), B(25).h(0)
    for q in range(1, 13):
        a.ry(0.1 * q, q).cswap(0, q, q + 12)
        b.ry(0.1 * q, q).cx(q + 12, q).ccx(0, q, q + 12).cx(q + 12, q)
    found = equivalent(a.build(), b.build())
    assert (found.verdict, found.method) == ("proved", "paulis")
