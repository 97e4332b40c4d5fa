"""The classes of bugs that studies of quantum compilers found again and again, each a family of tests by its name.

Classes and examples: Paltenghi and Pradel (OOPSLA 2022), Giallar (PLDI 2022) and the issue trackers of the compilers in
use.  The oracle is Qiskit's `Operator` (with IonQ's published matrices for its native gates) wherever a unitary can be
compared, and a result worked out by hand elsewhere; the checker is asked as well, for it must see each of these bugs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from oracle import operator, same

import qir
from qir.builder import CircuitBuilder
from qir.circuit import Circuit, While
from qir.expressions import constant
from qir.journal import Journal
from qir.verify import equivalent

pytest.importorskip("qiskit")

B = CircuitBuilder
TARGETS = ("qpu.forte-1", "qpu.aria-1", "simulator", "local", "ibm_fez", "ibm_sherbrooke")
LEVELS = (0, 1, 2, 3)
HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
everywhere = pytest.mark.parametrize("target", TARGETS)


def compiled(source: Circuit | str, target: str, level: int = 2) -> Circuit:
    """The compile, which must be proved."""
    done = qir.compile(source, target, optimization_level=level, shots=100)
    verification = done.report.circuits[0].verification
    assert verification.verdict == "proved", verification
    return done.circuit


def keeps(source: Circuit, target: str, level: int = 2) -> None:
    """The compile has the source's unitary, says Qiskit."""
    assert same(operator(source), operator(compiled(source, target, level)))


def counts(source: Circuit | str, target: str, level: int = 2) -> dict[str, int] | None:
    """What the payload (of `local`: the circuit) counts in 200 shots."""
    done = qir.compile(source, target, optimization_level=level, shots=200)
    return qir.simulate(done.circuit if target == "local" else done.payload, shots=200).counts


def verdict(a: CircuitBuilder, b: CircuitBuilder) -> str:
    return equivalent(a.build(), b.build()).verdict


class TestQubitAndBitOrder:
    """Registers flattened in the wrong order, dropped swaps that nobody reports."""

    @everywhere
    def test_a_flipped_qubit_is_read_in_its_own_bit(self, target: str) -> None:
        for place in range(3):
            builder = B(3, 3).x(place).measure(0, 0).measure(1, 1).measure(2, 2)
            assert counts(builder.build(), target) == {format(1 << place, "03b"): 200}

    @pytest.mark.parametrize("target", ["simulator", "local"])
    def test_registers_keep_their_names_and_order(self, target: str) -> None:
        text = HEAD + "qubit[2] a; qubit[3] b; bit[3] m; bit[2] n; x a[1]; x b[0]; m = measure b; n = measure a;"
        found = qir.simulate(qir.loads(text), shots=50)
        assert found.counts == {"10" + "001": 50} or found.counts == {"10 001": 50}
        again = qir.simulate(qir.compile(text, target, shots=50).circuit, shots=50)
        assert again.counts == found.counts

    @everywhere
    @pytest.mark.parametrize("level", LEVELS)
    def test_dropped_swaps_are_recorded(self, target: str, level: int) -> None:
        keeps(B(4).h(0).swap(0, 1).cx(1, 2).swap(2, 3).swap(3, 0).t(0).cx(0, 3).build(), target, level)

    def test_the_checker_sees_it(self) -> None:
        a = B(3, 3).x(0).measure(0, 0).measure(1, 1).measure(2, 2)
        assert verdict(a, B(3, 3).x(0).measure(2, 0).measure(1, 1).measure(0, 2)) == "refuted"
        assert verdict(B(3).swap(0, 1).t(1), B(3).t(0)) == "refuted"


class TestScope:
    """Rewrites that reach across control flow."""

    SOURCE = HEAD + "qubit[2] q; bit c; bit d; x q[1]; c = measure q[1]; h q[0]; if (c) { z q[0]; } h q[0]; d = measure q[0];"

    @pytest.mark.parametrize("level", LEVELS)
    @pytest.mark.parametrize("target", ["local", "ibm_fez"])
    def test_gates_do_not_meet_around_a_branch(self, target: str, level: int) -> None:
        done = qir.compile(self.SOURCE, target, optimization_level=level, shots=100)
        assert done.report.circuits[0].verification.verdict == "proved"
        assert qir.simulate(done.circuit, shots=100).counts == qir.simulate(qir.loads(self.SOURCE), shots=100).counts
        # h z h is x: without the branch in between the two h would cancel, and d would read 0.
        assert all(key.replace(" ", "") == "11" for key in qir.simulate(done.circuit, shots=100).counts or {})

    @pytest.mark.parametrize("level", LEVELS)
    def test_loops_run_as_often_as_they_say(self, level: int) -> None:
        text = HEAD + "qubit q; bit c; for int i in [0:4] { x q; } c = measure q;"
        assert counts(text, "local", level) == {"1": 200}

    def test_the_checker_sees_it(self) -> None:
        def program(early: bool) -> CircuitBuilder:
            builder = B(1, 1).h(0).measure(0, 0)
            if early:
                return builder.if_((0, 1), builder.block().x(0)).h(0).h(0).measure(0, 0)
            return builder.h(0).if_((0, 1), builder.block().x(0)).h(0).measure(0, 0)

        assert verdict(program(True), program(False)) == "refuted"


class TestAngleUnitsAndRanges:
    """Turns for radians, 2 pi for 4 pi, signs."""

    @everywhere
    @pytest.mark.parametrize("turns", [0.02, -0.02, 0.5, 1, 0.98, -0.75, 2.5, 2, 2.07])
    def test_angles_of_every_size(self, target: str, turns: float) -> None:
        value = 2 * np.pi * turns
        builder = B(2).h(0).rzz(value, 0, 1).rx(value, 0).cp(value, 1, 0).crz(value, 0, 1)
        keeps(builder.rxx(-value, 0, 1).u(value, -value, value / 2, 1).build(), target)

    @pytest.mark.parametrize("target", ["qpu.forte-1", "qpu.aria-1"])
    def test_phases_of_a_job_are_turns(self, target: str) -> None:
        payload = qir.compile(B(2).ry(2.5, 0).rzz(1.3, 0, 1).ry(-4.0, 1).build(), target, shots=10).payload
        for gate in payload["input"]["circuit"]:
            for phase in [gate.get("phase", 0.0), *gate.get("phases", [])]:
                assert 0 <= phase < 1
            assert 0 <= gate.get("angle", 0.0) <= 0.25

    def test_the_checker_sees_it(self) -> None:
        assert verdict(B(1).gpi2(0.25, 0), B(1).gpi2(np.pi / 2, 0)) == "refuted"
        assert verdict(B(2).zz(0.25, 0, 1), B(2).rzz(np.pi / 2, 0, 1)) == "proved"
        assert verdict(B(2).crz(2 * np.pi, 0, 1), B(2)) == "refuted"
        assert verdict(B(2).crz(4 * np.pi, 0, 1), B(2)) == "proved"


class TestPhaseUnderControl:
    """A global phase that a control makes relative."""

    GATES = (
        ("sx", ()), ("rz", (0.7,)), ("p", (0.7,)), ("u", (0.3, 0.2, 0.1)), ("x", ()), ("rx", (2.1,)), ("s", ()), ("y", ()),
        ("h", ()), ("tdg", ()),
    )  # fmt: skip

    @pytest.mark.parametrize(("name", "params"), GATES, ids=lambda v: str(v))
    @everywhere
    def test_controlled_gates_are_qiskits(self, target: str, name: str, params: tuple[float, ...]) -> None:
        from qiskit import QuantumCircuit
        from qiskit.circuit.library import standard_gates
        from qiskit.quantum_info import Operator

        kinds: dict[str, Any] = {"sx": "SXGate", "rz": "RZGate", "p": "PhaseGate", "u": "UGate", "x": "XGate", "rx": "RXGate",
                                 "s": "SGate", "y": "YGate", "h": "HGate", "tdg": "TdgGate"}  # fmt: skip
        expected = QuantumCircuit(2)
        expected.append(getattr(standard_gates, kinds[name])(*params).control(1), [0, 1])
        source = B(2).controlled(name, [0], [1], params).build()
        assert same(Operator(expected).data, operator(compiled(source, target)))

    @everywhere
    def test_a_controlled_global_phase_is_a_phase_gate(self, target: str) -> None:
        source = B(2).h(0).controlled("gphase", [0], [], [0.4]).build()
        assert same(operator(B(2).h(0).p(0.4, 0).build()), operator(compiled(source, target)))

    def test_the_checker_sees_it(self) -> None:
        controlled = B(2).controlled("rz", [0], [1], [0.3])
        assert verdict(controlled, B(2).crz(0.3, 0, 1)) == "proved"
        assert verdict(controlled, B(2).cp(0.3, 0, 1)) == "refuted"
        assert verdict(B(2).controlled("sx", [0], [1]), B(2).crx(np.pi / 2, 0, 1)) == "refuted"


class TestSilentApproximation:
    """Real gates dropped because their angles are small."""

    @everywhere
    @pytest.mark.parametrize("level", LEVELS)
    def test_small_rotations_are_kept(self, target: str, level: int) -> None:
        source = B(2).h(0).h(1).cp(2e-5, 0, 1).rx(3e-5, 0).rzz(-4e-5, 0, 1).build()
        result = operator(compiled(source, target, level))
        expected = operator(source)
        overlap = np.vdot(expected, result)
        assert np.abs(expected * overlap / abs(overlap) - result).max() < 1e-8

    def test_the_checker_sees_it(self) -> None:
        assert verdict(B(2).h(0).cp(1e-5, 0, 1), B(2).h(0)) == "refuted"


class TestMeasurementAwareOptimisation:
    """What no measurement sees may go, and nothing else."""

    @everywhere
    @pytest.mark.parametrize("level", LEVELS)
    def test_unmeasured_circuits_keep_their_last_gates(self, target: str, level: int) -> None:
        keeps(B(3).h(0).cx(0, 1).t(0).cz(0, 1).rz(0.4, 1).s(2).build(), target, level)

    @pytest.mark.parametrize("target", ["local", "ibm_fez"])
    @pytest.mark.parametrize("level", LEVELS)
    def test_a_measured_qubit_that_is_used_again(self, target: str, level: int) -> None:
        # t is diagonal, but h turns it into something the second measurement sees.
        builder = B(1, 2).h(0).t(0).h(0).measure(0, 0).z(0).h(0).t(0).t(0).h(0).h(0).sdg(0).h(0).measure(0, 1)
        source = builder.build()
        assert equivalent(source, compiled(source, target, level)).equivalent
        again: dict[str, int] = qir.simulate(compiled(source, target, level), shots=4000).counts or {}
        # P(first = 0) = cos^2(pi/8); after it h s sdg h is nothing.
        first = sum(n for key, n in again.items() if key.replace(" ", "")[-1] == "0") / 4000
        assert abs(first - np.cos(np.pi / 8) ** 2) < 0.04
        assert all(key.replace(" ", "") in ("00", "11") for key in again)

    def test_the_checker_sees_it(self) -> None:
        assert verdict(B(1, 1).h(0).t(0).measure(0, 0), B(1, 1).h(0).measure(0, 0)) == "proved"
        assert verdict(B(1).h(0).t(0), B(1).h(0)) == "refuted"


class TestDeterminism:
    """The same input, version and seed give the same bytes."""

    PROGRAM = """
import sys, qir
from qir.builder import CircuitBuilder
b = CircuitBuilder(5, 5)
for k in range(14):
    b.u(0.1 * k, 0.2, 0.3, k % 5).cx(k % 5, (k + 2) % 5).rzz(0.05 * k, (k + 1) % 5, (k + 4) % 5)
for q in range(5):
    b.measure(q, q)
for target in ("qpu.forte-1", "qpu.aria-1", "local", "ibm_fez"):
    done = qir.compile(b.build(), target, optimization_level=int(sys.argv[1]), shots=10)
    print(done.to_json())
    print(done.report.circuits[0].verification)
"""

    @pytest.mark.parametrize("level", ["1", "3"])
    def test_hash_seeds_do_not_show(self, level: str) -> None:
        seen = set()
        for seed in ("0", "1", "4711"):
            environment = {**os.environ, "PYTHONHASHSEED": seed}
            done = subprocess.run([sys.executable, "-c", self.PROGRAM, level], env=environment, capture_output=True, check=True)
            seen.add(done.stdout)
        assert len(seen) == 1

    def test_the_checker_says_the_same_again(self) -> None:
        a, b = B(11).ccx(0, 1, 2).ry(0.3, 3), B(11).ccx(1, 0, 2).ry(0.3, 3)
        assert len({str(equivalent(a.build(), b.build())) for _ in range(3)}) == 1


class TestTermination:
    """Searches end, whatever they are given."""

    @pytest.mark.parametrize("target", ["ibm_fez", "qpu.forte-1"])
    def test_circuits_that_make_routers_swap_back_and_forth(self, target: str) -> None:
        builder = B(10)
        for k in range(60):
            builder.cx(k % 10, (3 * k + 5) % 10 if (3 * k + 5 - k) % 10 else (k + 1) % 10)
        compiled(builder.build(), target, 2)

    def test_compiling_again_ends_where_it_was(self) -> None:
        source = B(4).h(0).cx(0, 1).cx(1, 2).rz(0.3, 2).cx(1, 2).cx(2, 3).u(0.1, 0.2, 0.3, 1).build()
        once = compiled(source, "local")
        twice = compiled(once, "local")
        assert len(twice.columns) <= len(once.columns)

    def test_a_loop_without_an_end_is_left_unchecked(self) -> None:
        forever = B(1, 1).measure(0, 0)
        forever.control("while", While(constant(True)), forever.block().h(0).build())
        assert verdict(forever, B(1, 1).measure(0, 0)) == "unchecked"


class TestNativeGatesPerMachine:
    """What a gate does, and which there are, differs between machines of one vendor."""

    @pytest.mark.parametrize(("target", "entangler"), [("qpu.forte-1", "zz"), ("qpu.aria-1", "ms")])
    def test_each_machine_gets_its_own_entangler(self, target: str, entangler: str) -> None:
        source = B(2).h(0).cx(0, 1).ry(0.4, 1).cx(1, 0).build()
        result = compiled(source, target)
        assert set(result.count_ops()) <= {"gpi", "gpi2", entangler}
        assert same(operator(source), operator(result))

    @pytest.mark.parametrize(("machine", "gate", "wrong"), [("qpu.forte-1", "ms", True), ("qpu.aria-1", "ms", False)])
    def test_a_gate_of_another_machine_is_refused(self, machine: str, gate: str, wrong: bool) -> None:
        circuit = [{"gate": gate, "targets": [0, 1], "phases": [0, 0], "angle": 0.25}]
        body = {"gateset": "native", "qubits": 2, "circuit": circuit}
        job = {"type": "ionq.circuit.v1", "backend": machine, "shots": 10, "input": body}
        found = qir.lint(json.dumps(job))
        assert any(d.code == "Q302" for d in found) is wrong

    @pytest.mark.parametrize(("target", "entangler"), [("ibm_fez", "cz"), ("ibm_sherbrooke", "ecr")])
    def test_ibm_machines_get_their_own_gates(self, target: str, entangler: str) -> None:
        source = B(3).h(0).cx(0, 1).cx(1, 2).ry(0.3, 2).build()
        result = compiled(source, target)
        assert set(result.count_ops()) <= {"rz", "sx", "x", entangler}
        assert same(operator(source), operator(result))

    def test_the_checker_sees_it(self) -> None:
        assert verdict(B(2).ms(0.0, 0.0, 0.25, 0, 1), B(2).zz(0.25, 0, 1)) == "refuted"
        assert verdict(B(2).ms(0.25, 0.25, 0.25, 0, 1), B(2).ryy(np.pi / 2, 0, 1)) == "proved"


class TestNonsense:
    """Readers refuse what has no meaning, on the line where it stands."""

    PROGRAMS = (
        ("qubit[2] q;\ncx q[0], q[0];", 4), ("qubit q;\n\nfoo q;", 5), ("qubit[2] q;\nh q[2];", 4), ("qubit q;\nrx() q;", 4),
        ("qubit q;\nrx(1, 2) q;", 4), ("qubit q;\nbit c;\nc = measure c;", 5), ("qubit q;\nqubit q;", 4),
        ("gate g a { g a; }\nqubit q;\ng q;", 3), ("qubit[-1] q;", 3), ("qubit q;\ncx q;", 4), ("qubit q;\nh q\nx q;", 4),
        ("qubit q;\nrx(1/0) q;", 4), ("qubit q;\nbit c;\nif (q) { x q; }", 5), ("qubit q;\nreset c;", 4),
    )  # fmt: skip

    @pytest.mark.parametrize(("text", "line"), PROGRAMS, ids=lambda v: repr(v)[:30])
    def test_nonsense_is_refused_where_it_stands(self, text: str, line: int) -> None:
        with pytest.raises(qir.ParseError) as caught:
            qir.loads(HEAD + text)
        lines = [d.span.line for d in caught.value.diagnostics if d.span is not None]
        assert line in lines or line + 1 in lines[:1], caught.value.diagnostics


class TestGiallar:
    """The three bugs that the verification of Qiskit's passes found."""

    def test_conditions_of_gates_are_part_of_them(self) -> None:
        def program(value: int) -> CircuitBuilder:
            builder = B(1, 1).h(0).measure(0, 0)
            return builder.if_((0, value), builder.block().x(0)).measure(0, 0)

        assert verdict(program(0), program(1)) == "refuted"
        # Two conditional gates that would cancel without their conditions.
        text = HEAD + "qubit[2] q; bit c; bit d; x q[1]; c = measure q[1]; if (c) { x q[0]; } x q[0]; d = measure q[0];"
        for level in LEVELS:
            found = counts(text, "local", level) or {}
            assert {key.replace(" ", "") for key in found} == {"01"}

    @everywhere
    def test_commutation_is_not_transitive(self, target: str) -> None:
        # x commutes with id and id with z, but not x with z; cx(0, 1) commutes with rz(0) and with rx(1), not both with h.
        keeps(B(2).x(0).id(0).z(0).h(0).cx(0, 1).rz(0.3, 0).rx(0.4, 1).h(0).cx(0, 1).rz(-0.3, 0).rx(-0.4, 1).build(), target)
        a, b = B(1).x(0).id(0).s(0).h(0).build(), B(1).s(0).id(0).x(0).h(0).build()
        journal = Journal()
        journal.reorder("wrong", a, b, np.array([2, 1, 0, 3]))
        assert equivalent(a, b, journal=journal).verdict == "refuted"

    def test_lookahead_ends(self) -> None:
        builder = B(8)
        for k in range(8):
            for m in range(k + 1, 8):
                builder.cz(k, m)
        compiled(builder.build(), "ibm_fez", 3)
