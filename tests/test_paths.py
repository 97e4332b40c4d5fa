"""Sums over paths: what the method proves at widths no matrix reaches, and what it must never say."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import CLIFFORD, UNITARY, circuits

import qir
from qir.builder import CircuitBuilder
from qir.circuit import Circuit, Layout
from qir.execution import Leaf, Unsupported
from qir.gates import GATES, Row
from qir.limits import DEFAULT_LIMITS
from qir.params import Angle, angle
from qir.verify import equivalent
from qir.verify.exact import check_exact
from qir.verify.kraus import leaf_matrix
from qir.verify.paths import check_paths
from qir.verify.steps import Flip, Phase, Step, gate_steps

B = CircuitBuilder
PI = math.pi
Rows = list[Row]


def verdict(a: Circuit, b: Circuit, *, assume_zero: bool = False) -> str:
    try:
        return check_paths(a, b, assume_zero=assume_zero).verdict
    except Unsupported:
        return "unsupported"


# -- gates as steps -----------------------------------------------------------------------------


def dense(steps: Sequence[Step], width: int) -> np.ndarray:
    size = 2**width
    index, result = np.arange(size), np.eye(size, dtype=np.complex128)
    for step in steps:
        on = np.ones(size, np.bool_)
        if isinstance(step, (Phase, Flip)):
            for wire, value in step.literals:
                on &= (index >> wire & 1) == value
        if isinstance(step, Phase):
            result[on] *= np.exp(1j * step.angle.constant)
        elif isinstance(step, Flip):
            result = result[np.where(on, index ^ (1 << step.target), index)]
        else:
            sign = np.where(index >> step.target & 1, -1, 1)[:, None]
            result = (result[index ^ (1 << step.target)] + sign * result) / np.sqrt(2)
    return result


def assert_steps_are(leaf: Leaf) -> None:
    found, expected = dense(gate_steps(leaf), len(leaf.qubits)), leaf_matrix(leaf)
    if not leaf.controls:
        # Without a control the phase is global and not kept.
        overlap = np.vdot(expected, found)
        expected = expected * (overlap / abs(overlap))
    assert np.allclose(found, expected, atol=1e-9), leaf


@pytest.mark.parametrize("controls", ["", "1", "01"])
@pytest.mark.parametrize("name", GATES)
def test_steps_are_the_gate(name: str, controls: str) -> None:
    row, rng = GATES[name], np.random.default_rng(3)
    special = [0, 0.5, 1, -0.5, 1.5, 2, -1, 2.5]
    for trial in range(10 if row.num_params else 1):
        turns = [rng.choice(special) if trial % 2 else rng.uniform(-2, 2) for _ in range(row.num_params)]
        angles = tuple(Angle(float(t) * (PI if row.unit == "radians" else 0.5)) for t in turns)
        for power in (1.0, -2.0):
            assert_steps_are(Leaf(name, tuple(range(len(controls) + row.num_qubits)), angles, controls, power))


@pytest.mark.parametrize("controls", ["", "1", "10"])
@pytest.mark.parametrize("paulis", ["X", "Y", "Z", "XY", "ZIY", "YXZ", "ZZ", "II"])
def test_steps_are_the_exponential(paulis: str, controls: str) -> None:
    wires = tuple(range(len(controls) + len(paulis)))
    assert_steps_are(Leaf("pauliexp", wires, (Angle(0.7),), controls, 1.0, paulis))


# -- families -----------------------------------------------------------------------------------


def build(rows: Rows, width: int) -> CircuitBuilder:
    builder = B(width)
    for name, angles, wires in rows:
        builder.append(name, wires, angles)
    return builder


def undone(rows: Rows) -> Rows:
    return [(GATES[name].inverse, GATES[name].invert(*angles), wires) for name, angles, wires in reversed(rows)]


def toffoli(a: int, b: int, t: int) -> Rows:
    """With 7 t."""
    names = "h cx tdg cx t cx tdg cx t t h cx t tdg cx"
    wires = [(t,), (b, t), (t,), (a, t), (t,), (b, t), (t,), (a, t), (b,), (t,), (t,), (a, b), (a,), (b,), (a, b)]
    return [(name, (), w) for name, w in zip(names.split(), wires)]


def margolus(a: int, b: int, t: int) -> Rows:
    """A Toffoli gate up to signs, with turns about Y."""
    turns: Rows = [("ry", (s * PI / 4,), (t,)) for s in (1, 1, -1, -1)]
    flips: Rows = [("cx", (), (c, t)) for c in (b, a, b)]
    return [turns[0], flips[0], turns[1], flips[1], turns[2], flips[2], turns[3]]


def one(name: str) -> Callable[[int, int, int], Rows]:
    return lambda a, b, t: [(name, (), (a, b, t))]


def ladder(controls: Sequence[int], target: int, borrowed: Sequence[int], exact: Callable[..., Rows], loose: Callable[..., Rows]
           ) -> Rows:  # fmt: skip
    """X under controls: a ladder of Toffoli gates on borrowed wires (Barenco et al. 1995, lemma 7.2)."""
    k = len(controls)
    if k == 2:
        return exact(*controls, target)
    down = [r for i in range(k - 3, 0, -1) for r in loose(controls[i + 1], borrowed[i - 1], borrowed[i])]
    top = exact(controls[-1], borrowed[k - 3], target)
    middle = [*down, *loose(controls[0], controls[1], borrowed[0]), *undone(down)]
    return [*top, *middle, *top, *undone(middle)]


def conditionally_clean(k: int, exact: Callable[..., Rows]) -> tuple[Rows, int]:
    """X under k controls with one borrowed wire and controls as clean wires (Khattar and Gidney, arXiv 2407.17966)."""
    target, flag = k, k + 1
    up: Rows = []
    tops, wire, i = [], 1, 2
    while i < k:
        if i + 1 < k:
            up += [("x", (), (wire,)), *exact(i, i + 1, wire)]
            tops.append(wire)
            wire = i
        else:
            tops.append(i)
        i += 2
    free = [q for q in range(k) if q not in tops]
    inner = [*up, *ladder([flag, *tops], target, free, exact, exact), *undone(up)]
    return [*inner, *exact(0, 1, flag), *inner, *undone(exact(0, 1, flag))], k + 2


def fourier(wires: Sequence[int]) -> Rows:
    """The quantum Fourier transform, the output's order reversed."""
    rows: Rows = []
    for i in range(len(wires) - 1, -1, -1):
        rows.append(("h", (), (wires[i],)))
        rows += [("cp", (PI / 2 ** (i - j),), (wires[j], wires[i])) for j in range(i - 1, -1, -1)]
    return rows


def increment(wires: Sequence[int]) -> Rows:
    """x -> x + 1 in Fourier space (Draper, quant-ph/0008033)."""
    there = fourier(wires)
    return [*there, *(("p", (2 * PI / 2 ** (i + 1),), (w,)) for i, w in enumerate(wires)), *undone(there)]


def counted_phase(n: int, theta: float) -> tuple[Rows, int]:
    """exp(i theta) when n + 1 wires are set: the phases of x and of x + 1 differ by one, but for the largest x."""
    up = increment(range(n))
    weights: Rows = [("cp", (2**j * theta / 2**n,), (n, j)) for j in range(n)]
    return [*weights, *up, *undone(weights), *undone(up), ("p", (theta / 2**n,), (n,))], n + 1


def split_rotation(k: int, theta: float) -> tuple[Rows, int]:
    """Rz under k controls, the controls in halves, each half borrowing the other."""
    half = (k + 1) // 2
    first, second = range(half), range(half, k)
    a = ladder(first, k, second, toffoli, margolus)
    b = ladder(second, k, first, toffoli, margolus)
    turns: Rows = [("rz", (s * theta / 4,), (k,)) for s in (-1, 1)]
    return [*a, turns[0], *b, turns[1], *a, turns[0], *b, turns[1]], k + 1


def cuccaro(n: int) -> tuple[Rows, int]:
    """b += a + carry by ripples (Cuccaro et al., quant-ph/0410184): carry, a, b, the sum's last bit."""
    rows: Rows = []
    low = [0, *range(1, n)]
    for i in range(n):
        c, a, b = low[i], 1 + i, n + 1 + i
        rows += [("cx", (), (a, b)), ("cx", (), (a, c)), ("ccx", (), (c, b, a))]
    rows.append(("cx", (), (n, 2 * n + 1)))
    for i in range(n - 1, -1, -1):
        c, a, b = low[i], 1 + i, n + 1 + i
        rows += [("ccx", (), (c, b, a)), ("cx", (), (a, c)), ("cx", (), (c, b))]
    return rows, 2 * n + 2


def draper(n: int) -> tuple[Rows, int]:
    """The same sum in Fourier space."""
    b = [*range(n + 1, 2 * n + 2)]
    there = fourier(b)
    rows = list(there)
    for i, w in enumerate(b):
        rows += [("cp", (2 * PI / 2 ** (i - j + 1),), (1 + j, w)) for j in range(min(i + 1, n))]
        rows.append(("cp", (2 * PI / 2 ** (i + 1),), (0, w)))
    return [*rows, *undone(there)], 2 * n + 2


def controlled(name: str, k: int, width: int, *angles: float) -> Circuit:
    return B(width).controlled(name, list(range(k)), [k], list(angles)).build()


def flips(k: int, exact: Callable[..., Rows], loose: Callable[..., Rows]) -> tuple[Circuit, Rows]:
    width = 2 * k - 1
    return controlled("x", k, width), ladder(range(k), k, range(k + 1, width), exact, loose)


def clean(k: int, exact: Callable[..., Rows]) -> tuple[Circuit, Rows]:
    rows, width = conditionally_clean(k, exact)
    return controlled("x", k, width), rows


def counted(n: int) -> tuple[Circuit, Rows]:
    rows, width = counted_phase(n, 0.7)
    return controlled("p", n, width, 0.7), rows


def split(k: int) -> tuple[Circuit, Rows]:
    rows, width = split_rotation(k, 0.7)
    return controlled("rz", k, width, 0.7), rows


def counter(n: int) -> tuple[Circuit, Rows]:
    expected = B(n)
    for t in range(n - 1, 0, -1):
        expected.controlled("x", list(range(t)), [t], [])
    return expected.x(0).build(), increment(range(n))


def sums(n: int) -> tuple[Circuit, Rows]:
    rows, width = draper(n)
    return build(cuccaro(n)[0], width).build(), rows


def transforms(n: int) -> tuple[Circuit, Rows]:
    there = fourier(range(n))
    return build([(name, angles, w[::-1]) for name, angles, w in there], n).build(), there


FAMILIES: dict[str, Callable[[int], tuple[Circuit, Rows]]] = {
    "ccx ladder": lambda k: flips(k, one("ccx"), one("ccx")),
    "rccx ladder": lambda k: flips(k, one("ccx"), one("rccx")),
    "margolus ladder": lambda k: flips(k, toffoli, margolus),
    "conditionally clean": lambda k: clean(k, one("ccx")),
    "conditionally clean, in t": lambda k: clean(k, toffoli),
    "counted phase": counted,
    "split rotation": split,
    "increment": counter,
    "sum": sums,
    "transform": transforms,
}
WIDTHS = {
    "ccx ladder": (3, 13, 40), "rccx ladder": (3, 13, 40), "margolus ladder": (3, 13, 40), "conditionally clean": (5, 9, 16),
    "conditionally clean, in t": (5, 9, 14), "counted phase": (2, 12, 30), "split rotation": (4, 11, 40),
    "increment": (2, 12, 40), "sum": (2, 4, 7), "transform": (2, 12, 40),
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_families_are_proved_at_any_width(name: str) -> None:
    for size in WIDTHS[name]:
        circuit, rows = FAMILIES[name](size)
        found = check_paths(circuit, build(rows, circuit.num_qubits).build())
        assert (found.verdict, found.method) == ("proved", "paths"), (size, found)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_small_ones_are_what_they_are_said_to_be(name: str) -> None:
    circuit, rows = FAMILIES[name](WIDTHS[name][0])
    assert check_exact(circuit, build(rows, circuit.num_qubits).build(), DEFAULT_LIMITS).verdict == "proved"


def faults(rows: Rows, width: int, rng: np.random.Generator) -> list[Rows]:
    """A gate dropped, an angle's sign turned, and a gate with one operand replaced, at random places."""
    spots = [int(rng.integers(len(rows)))]
    angled = [i for i, row in enumerate(rows) if row[1] and abs(math.sin(row[1][0])) > 1e-12]
    result = [[*rows[: spots[0]], *rows[spots[0] + 1 :]]]
    if angled:
        i = int(rng.choice(angled))
        name, angles, wires = rows[i]
        result.append([*rows[:i], (name, tuple(-a for a in angles), wires), *rows[i + 1 :]])
    i = int(rng.integers(len(rows)))
    name, angles, wires = rows[i]
    k, other = int(rng.integers(len(wires))), int(rng.choice([q for q in range(width) if q not in wires]))
    result.append([*rows[:i], (name, angles, (*wires[:k], other, *wires[k + 1 :])), *rows[i + 1 :]])
    return result


@pytest.mark.parametrize("name", FAMILIES)
def test_faults_are_never_proved_and_agree_with_matrices(name: str) -> None:
    rng = np.random.default_rng(5)
    circuit, rows = FAMILIES[name](4 if name in ("counted phase", "increment") else WIDTHS[name][0] + (name == "transform"))
    for _ in range(12):
        for wrong in faults(rows, circuit.num_qubits, rng):
            b = build(wrong, circuit.num_qubits).build()
            expected = check_exact(circuit, b, DEFAULT_LIMITS).verdict
            assert verdict(circuit, b) in (expected, "unsupported"), wrong


@pytest.mark.parametrize("name", FAMILIES)
def test_wide_faults_are_never_proved(name: str) -> None:
    rng = np.random.default_rng(6)
    circuit, rows = FAMILIES[name](WIDTHS[name][1])
    found = []
    for _ in range(12):
        # A gate less is never the same circuit; another operand may be.
        found += [verdict(circuit, build(wrong, circuit.num_qubits).build()) for wrong in faults(rows, 99, rng)[:-1]]
    assert "proved" not in found
    # A wrong angle or a missing one inside a Fourier transform leaves a sum that no rule fits.
    assert "refuted" in found or name in ("increment", "counted phase")


def test_reversible_faults_are_refuted_with_the_input_that_shows_them() -> None:
    a, rows = flips(13, one("ccx"), one("ccx"))
    found = check_paths(a, build(rows[1:], a.num_qubits).build())
    assert found.verdict == "refuted" and found.counterexample is not None
    ket = found.counterexample.split("|")[1].split(">")[0]
    assert ket.count("1") == 2 and len(ket) == a.num_qubits
    phases = check_paths(B(30).controlled("z", list(range(29)), [29], []).build(), B(30).build())
    assert phases.counterexample is not None and "1" * 30 in phases.counterexample


# -- against matrices ---------------------------------------------------------------------------

REVERSIBLE = ("x", "cx", "ccx", "swap", "cswap", "rccx", "ccz", "z", "s", "t", "cp")


@pytest.mark.parametrize("gates", [UNITARY, CLIFFORD, REVERSIBLE, ("h", "t", "cx", "ccx", "cp", "rz")])
def test_random_circuits_agree_with_matrices(gates: tuple[str, ...]) -> None:
    few = circuits(2, 3, 5, gates=gates, modifiers=True, pauliexp=True, powers=(2.0, -1.0))

    @settings(max_examples=60)
    @given(few, few, st.booleans())
    def never_disagree(a: Circuit, b: Circuit, zero: bool) -> None:
        assert verdict(a, a) != "refuted"
        expected = check_exact(a, b, DEFAULT_LIMITS, assume_zero=zero).verdict
        assert verdict(a, b, assume_zero=zero) in (expected, "unsupported")

    never_disagree()


@given(circuits(2, 4, 12, gates=CLIFFORD))
def test_clifford_circuits_are_proved_equal_to_themselves(circuit: Circuit) -> None:
    assert verdict(circuit, circuit) == "proved"


def test_words_of_turns_are_proved_equal_to_three() -> None:
    rng = np.random.default_rng(8)
    for _ in range(20):
        word, matrix = B(20), np.eye(2)
        for _ in range(6):
            name, t = str(rng.choice(["rx", "ry", "rz"])), float(rng.uniform(-4, 4))
            word.append(name, (7,), (t,))
            matrix = GATES[name].matrix(np.array([t]))[0] @ matrix
        cos, sin = np.abs(matrix[:, 0])
        theta = 2 * math.atan2(sin, cos)
        lam = float(np.angle(-matrix[0, 1] / matrix[0, 0]))
        phi = float(np.angle(matrix[1, 0] / matrix[0, 0]))
        assert verdict(word.build(), B(20).u(theta, phi, lam, 7).build()) == "proved"
        assert verdict(word.build(), B(20).u(theta + 1e-4, phi, lam, 7).build()) != "proved"


def test_turns_with_signs_commute_and_merge() -> None:
    def turned(*angles: float, mirrored: bool = True) -> Circuit:
        builder = B(13)
        for k, t in enumerate(angles):
            if mirrored:
                builder.controlled("x", [k, k + 2, k + 4], [12], []).rz(t, 12).controlled("x", [k, k + 2, k + 4], [12], [])
            else:
                # exp(-i t/2 (1 - 2 f) Z) on the target.
                builder.rz(t, 12).controlled("rz", [k, k + 2, k + 4], [12], [-2 * t])
            builder.ry(0.4, 12)
        return builder.build()

    assert verdict(turned(0.3, 0.9, 0.2), turned(0.3, 0.9, 0.2, mirrored=False)) == "proved"
    assert verdict(turned(0.3, 0.9, 0.2), turned(0.3, 0.8, 0.2, mirrored=False)) != "proved"
    a = B(12).rxx(0.3, 0, 5).rzz(0.7, 0, 5).ryy(0.2, 0, 5).h(3)
    assert verdict(a.build(), B(12).h(3).ryy(0.2, 0, 5).rxx(0.3, 0, 5).rzz(0.7, 0, 5).build()) == "proved"
    assert verdict(a.build(), B(12).h(3).ryy(0.3, 0, 5).rxx(0.2, 0, 5).rzz(0.7, 0, 5).build()) != "proved"


# -- what else the same circuit means -----------------------------------------------------------


def test_symbols_are_factors() -> None:
    a = B(12).controlled("rz", list(range(11)), [11], ["theta"]).build()
    rows, width = split_rotation(11, 1.0)
    b, wrong = B(width), B(width)
    for name, angles, wires in rows:
        if name == "rz":
            b.append(name, wires, [symbol(angles[0])])
            wrong.append(name, wires, [symbol(abs(angles[0]))])
        else:
            b.append(name, wires, angles)
            wrong.append(name, wires, angles)
    assert verdict(a, b.build()) == "proved"
    assert verdict(a, wrong.build()) == "unsupported"


def symbol(factor: float) -> Angle:
    return angle("theta") * factor


def test_placements_frames_and_spare_wires_are_read() -> None:
    a = B(3).h(0).cx(0, 1).swap(1, 2).t(2).build()
    b = replace(B(3).h(0).cx(0, 1).t(1).build(), layout=Layout((0, 1, 2), (0, 2, 1)))
    assert verdict(a, b) == "proved"
    assert verdict(a, replace(b, layout=None)) == "refuted"
    turned = replace(B(3).h(0).cx(0, 1).swap(1, 2).build(), frames=(Angle(), Angle(), Angle(PI / 4)))
    assert verdict(a, turned) == "proved"
    small = B(3).ccx(0, 1, 2).build()
    spare = replace(B(4).ccx(0, 1, 3).cx(3, 2).ccx(0, 1, 3).build(), layout=Layout((0, 1, 2), (0, 1, 2)))
    dirty = replace(B(4).ccx(0, 1, 3).cx(3, 2).build(), layout=Layout((0, 1, 2), (0, 1, 2)))
    for first, second in ((small, spare), (spare, small)):
        assert verdict(first, second) == "proved"
    assert verdict(small, dirty) == verdict(dirty, small) == "unsupported"


def test_measured_circuits_are_proved_by_their_unitaries() -> None:
    a = B(2, 2).h(0).cx(0, 1).measure(0, 0).measure(1, 1).build()
    b = B(2, 2).h(0).h(1).cz(0, 1).h(1).measure(0, 0).measure(1, 1).build()
    assert verdict(a, b) == "proved"
    assert verdict(a, B(2, 2).h(0).h(1).cz(0, 1).h(1).measure(0, 1).measure(1, 0).build()) == "unsupported"
    assert verdict(a, B(2, 2).h(0).cx(0, 1).z(1).measure(0, 0).measure(1, 1).build()) == "unsupported"


def test_one_input_is_enough_under_assume_zero() -> None:
    a, b = B(30), B(30)
    a.h(0)
    b.h(29)
    for i in range(29):
        a.cx(i, i + 1)
        b.cx(29 - i, 28 - i)
    assert verdict(a.build(), b.build(), assume_zero=True) == "proved"
    assert verdict(a.build(), b.z(3).build(), assume_zero=True) == "refuted"


def test_small_differences_are_seen() -> None:
    a, rows = counted(12)
    spot = next(i for i, row in enumerate(rows) if row[0] == "cp")
    name, angles, wires = rows[spot]
    rows[spot] = (name, (angles[0] + 1e-6,), wires)
    assert verdict(a, build(rows, 13).build()) != "proved"


def test_work_is_bounded() -> None:
    a, rows = sums(6)
    with pytest.raises(Unsupported, match="work"):
        check_paths(a, build(rows, a.num_qubits).build(), work=2000)


def test_wide_multi_controlled_gates_are_proved() -> None:
    for k in (9, 20):
        a, rows = flips(k, toffoli, margolus)
        assert equivalent(a, build(rows, a.num_qubits).build()).verdict == "proved"
    for name, k, angles in (("x", 13, ()), ("p", 14, (0.7,))):
        compiled = qir.compile(controlled(name, k, k + 1, *angles), "qpu.forte-1", shots=100)
        assert compiled.report.circuits[0].verification.verdict == "proved"
