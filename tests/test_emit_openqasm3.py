"""The canonical text: what it looks like, what it means to others, and that nothing is lost."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from strategies import RADIANS, UNITARY, circuits

from qir.builder import CircuitBuilder
from qir.circuit import Circuit, Definition, Extra, Layout, Switch
from qir.definitions import known_as, pauliexp_definition, table_definition
from qir.emitters.openqasm3 import Dialect, dumps, identifier
from qir.expressions import Expr, register
from qir.frontends import read
from qir.gates import GATES
from qir.params import Angle, angle
from qir.source import Source

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "openqasm3"


def lines(circuit: Circuit, dialect: Dialect | None = None) -> list[str]:
    return (dumps(circuit) if dialect is None else dumps(circuit, dialect)).splitlines()


def test_a_bell_pair() -> None:
    circuit = CircuitBuilder(2, 2).h(0).cx(0, 1).measure(0, 0).measure(1, 1).build()
    assert dumps(circuit) == (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\n'
        "h q[0];\ncx q[0], q[1];\nc[0] = measure q[0];\nc[1] = measure q[1];\n"
    )


def test_str_is_the_canonical_text() -> None:
    circuit = CircuitBuilder(1).h(0).build()
    assert str(circuit) == dumps(circuit)


def test_the_include_is_written_only_when_needed() -> None:
    assert lines(CircuitBuilder(1).U(0.5, 0.0, 0.0, 0).build()) == ["OPENQASM 3.0;", "qubit[1] q;", "U(0.5, 0, 0) q[0];"]


def test_registers_stand_in_wire_order_and_scalars_have_no_index() -> None:
    builder = CircuitBuilder()
    builder.add_qubits("a")
    builder.add_qubits("b", 1)
    builder.add_bits("flag")
    builder.x(0).x(1).measure(0, 0)
    assert lines(builder.build())[2:] == ["qubit a;", "qubit[1] b;", "bit flag;", "x a;", "x b[0];", "flag = measure a;"]


def test_hardware_qubits_are_not_declared() -> None:
    circuit = CircuitBuilder().physical(3).cz(2, 0).build()
    assert lines(circuit)[2:] == ["cz $2, $0;"]


def test_hardware_qubits_beyond_the_last_used_are_remembered() -> None:
    circuit = CircuitBuilder().physical(5).x(1).build()
    assert lines(circuit)[2:] == ["// qir.physical 5", "x $1;"]


def test_the_layout_is_a_remark() -> None:
    circuit = replace(CircuitBuilder().physical(2).x(1).build(), layout=Layout((1, 0), (0, 1)))
    assert "// qir.layout [1,0] [0,1]" in lines(circuit)
    assert lines(circuit, Dialect(remarks=False))[2:] == ["x $1;"]


def test_pending_frames_become_gates() -> None:
    circuit = replace(CircuitBuilder(2).build(), frames=(Angle(), angle(math.pi / 2)))
    assert lines(circuit)[1:] == ['include "stdgates.inc";', "qubit[2] q;", "rz(pi/2) q[1];"]


def test_angles_are_exact_and_short() -> None:
    builder = CircuitBuilder(1)
    for value in (math.pi, -3 * math.pi / 4, 0.1, 1e-7, 2.0, 0.0):
        builder.rx(value, 0)
    assert [line[3:-7] for line in lines(builder.build())[3:]] == ["pi", "-3*pi/4", "0.1", "1e-07", "2.0", "0"]


def test_symbols_are_inputs() -> None:
    circuit = CircuitBuilder(1).rz(angle("theta") * 2 + math.pi / 2, 0).rz("theta", 0).build()
    assert lines(circuit)[2:] == ["input float[64] theta;", "qubit[1] q;", "rz(pi/2 + 2.0*theta) q[0];", "rz(theta) q[0];"]


def test_the_global_phase_is_a_statement() -> None:
    assert "gphase(pi/4);" in lines(CircuitBuilder(1).append("gphase", [], [math.pi / 4]).build())


def test_modifiers_stand_in_their_order() -> None:
    builder = CircuitBuilder(4)
    builder.controlled("x", [0, 1, 2], [3], state="110")
    builder.controlled("x", [0], [1], power=0.5)
    builder.controlled("h", [], [0], power=-1)
    builder.controlled("rz", [1], [0], [0.5], power=3)
    assert lines(builder.build())[3:] == [
        "ctrl(2) @ negctrl @ x q[0], q[1], q[2], q[3];",
        "ctrl @ pow(0.5) @ x q[0], q[1];",
        "inv @ h q[0];",
        "ctrl @ pow(3) @ rz(0.5) q[1], q[0];",
    ]


def test_gates_outside_stdgates_are_defined_once_and_dependencies_first() -> None:
    text = dumps(CircuitBuilder(2).ecr(0, 1).rzz(0.5, 0, 1).build())
    assert text.index("gate rzz") < text.index("gate rzx") < text.index("gate ecr") < text.index("qubit[2]")
    assert text.count("gate ") == 3


def test_user_gates_stand_before_their_calls() -> None:
    inner = CircuitBuilder(1).rz("alpha", 0)
    builder = CircuitBuilder(2)
    builder.define(Definition("twist", ("alpha",), ("x0",), inner.build()))
    builder.append("twist", [1], [math.pi])
    assert lines(builder.build())[2:] == ["gate twist(alpha) x0 { rz(alpha) x0; }", "qubit[2] q;", "twist(pi) q[1];"]


def test_control_flow_is_indented() -> None:
    builder = CircuitBuilder(1, 2)
    inner = builder.block().if_((0, 1), builder.block().x(0))
    builder.if_(("c", 2), inner, builder.block().h(0))
    assert lines(builder.build())[4:] == [
        "if (c == 2) {", "  if (c[0]) {", "    x q[0];", "  }", "} else {", "  h q[0];", "}",
    ]  # fmt: skip


def test_else_if_chains_stay_flat() -> None:
    builder = CircuitBuilder(1, 2)
    last = builder.block().if_(("c", 2), builder.block().h(0))
    middle = builder.block().if_(("c", 1), builder.block().y(0), last)
    builder.if_(("c", 0), builder.block().x(0), middle)
    assert lines(builder.build())[4:] == [
        "if (c == 0) {", "  x q[0];", "} else if (c == 1) {", "  y q[0];", "} else if (c == 2) {", "  h q[0];", "}",
    ]  # fmt: skip


def test_a_deep_tower_of_blocks_needs_no_deep_stack() -> None:
    builder = CircuitBuilder(1, 1)
    body = builder.block().x(0).build()
    for _ in range(1000):
        body = builder.block().append("box", [0], extra=Extra((0,), blocks=(body,))).build()
    assert dumps(body).count("box {") == 1000


def test_switch_needs_version_3_1() -> None:
    builder = CircuitBuilder(1, 2)
    subject = Expr("cast", None, (register("c", 2),))
    builder.control("switch", Switch(subject, ((0, 1), (2,))), *(builder.block().x(0).build() for _ in range(3)))
    text = dumps(builder.build())
    assert text.startswith("OPENQASM 3.1;")
    assert "  case 0, 1 {\n    x q[0];\n  }\n  case 2 {" in text
    assert "  default {\n    x q[0];\n  }\n}" in text


def test_whole_registers_stand_by_name_in_barriers() -> None:
    builder = CircuitBuilder()
    builder.add_qubits("a", 2)
    builder.add_qubits("b", 2)
    assert lines(builder.barrier().barrier(0, 1, 3).build())[3:] == ["barrier a, b;", "barrier a, b[1];"]


def test_annotations_and_pragmas_stand_on_lines_of_their_own() -> None:
    builder = CircuitBuilder(1)
    builder.append("pragma", [], extra=Extra(payload="vendor on"))
    builder.append("x", [0], extra=Extra(annotations=("keep", "note a b")))
    assert lines(builder.build())[3:] == ["pragma vendor on", "@keep", "@note a b", "x q[0];"]


@pytest.mark.parametrize(
    ("name", "expected"), [("q", "q"), ("my reg", "my_reg"), ("3d", "_3d"), ("measure", "measure_0"), ("pi", "pi_0"), ("", "_")]
)
def test_names_become_identifiers(name: str, expected: str) -> None:
    assert identifier(name) == expected


def test_names_of_gates_are_not_taken_by_registers() -> None:
    builder = CircuitBuilder()
    builder.add_qubits("h", 1)
    builder.add_qubits("h_0", 1)
    text = dumps(builder.x(0).x(1).build())
    assert len({line for line in text.splitlines() if line.startswith("x ")}) == 2
    assert "qubit[1] h;" not in text


def test_a_dialect_knows_gates_and_renames() -> None:
    builder = CircuitBuilder(1)
    builder.gpi(0.25, 0)
    native = Dialect(known=frozenset({"gpi"}), include=False, names={"q": "qubits"})
    assert lines(builder.build(), native) == ["OPENQASM 3.0;", "qubit[1] qubits;", "gpi(0.25) qubits[0];"]


def test_a_dialect_without_the_include_defines_what_it_needs() -> None:
    text = dumps(CircuitBuilder(2).cx(0, 1).build(), Dialect(include=False))
    assert "include" not in text
    assert text.index("gate x ") < text.index("gate cx ")


@pytest.mark.parametrize("name", [g.name for g in GATES.values() if g.define is not None])
def test_generated_definitions_are_the_gates(name: str) -> None:
    definition = table_definition(name)
    assert definition is not None and definition.body is not None
    assert known_as(definition) == name
    values = [0.3, -1.1, 0.7, 2.0][: GATES[name].num_params]
    body = definition.body._bind({p: angle(v) for p, v in zip(definition.params, values)})
    builder = CircuitBuilder(GATES[name].num_qubits)
    builder.append(name, range(GATES[name].num_qubits), values)
    np.testing.assert_allclose(body.to_unitary(), builder.build().to_unitary(), atol=1e-12)


@pytest.mark.parametrize("paulis", ["Z", "X", "Y", "I", "XYZ", "YIX", "IIY", "ZZZ", "III"])
def test_generated_pauli_exponentials_are_exact(paulis: str) -> None:
    definition = pauliexp_definition(paulis)
    assert definition.body is not None
    body = definition.body._bind({"theta": angle(0.7)})
    direct = CircuitBuilder(len(paulis)).pauliexp(paulis, 0.7, *range(len(paulis))).build()
    np.testing.assert_allclose(body.to_unitary(), direct.to_unitary(), atol=1e-12)


def reread(circuit: Circuit) -> Circuit:
    program = read(Source(dumps(circuit)))
    assert program.circuits, (dumps(circuit), program.diagnostics)
    return program.circuits[0]


# A register may be called `r`: then the gate is not.
NAMED = [n for n in UNITARY if n != "r"]
thorough = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@thorough
@given(circuits(gates=NAMED, measure=True, reset=True, barrier=True, delay=True, parameters=2, pauliexp=True, user_gates=True,
                registers=True))  # fmt: skip
def test_the_text_reads_back_to_an_equal_circuit(circuit: Circuit) -> None:
    assert reread(circuit) == circuit


@thorough
@given(circuits(gates=NAMED, measure=True, pauliexp=True, physical=True))
def test_hardware_qubits_read_back(circuit: Circuit) -> None:
    assert reread(circuit) == circuit


@thorough
@given(circuits(gates=NAMED, measure=True, control_flow=True, variables=True, annotations=True, registers=True, modifiers=True))
def test_control_flow_reads_back(circuit: Circuit) -> None:
    # Loops over constants are unrolled and modifiers folded when they are first read.
    once = reread(circuit)
    assert reread(once) == once


@thorough
@given(circuits(max_qubits=3, max_ops=6, gates=NAMED, modifiers=True))
def test_modifiers_read_back_to_the_same_unitary(circuit: Circuit) -> None:
    np.testing.assert_allclose(reread(circuit).to_unitary(), circuit.to_unitary(), atol=1e-9)


def test_the_layout_reads_back() -> None:
    circuit = replace(CircuitBuilder().physical(4).x(1).build(), layout=Layout((3, 0), (0, 3)))
    assert reread(circuit) == circuit


@pytest.mark.parametrize("lists", ["[9,0] [0,9]", "[0,0] [0,1]", "[0] [0,1]", "[0,] [1]"])
def test_a_layout_that_does_not_fit_is_left_out_with_a_warning(lists: str) -> None:
    program = read(Source(f'OPENQASM 3.0;\ninclude "stdgates.inc";\n// qir.layout {lists}\nx $1;\n'))
    assert [d.slug for d in program.diagnostics] == ["style.dialect"]
    assert program.circuits[0].layout is None


def test_frames_keep_their_meaning() -> None:
    circuit = replace(CircuitBuilder(2).h(0).build(), frames=(angle(0.5), angle("theta")))
    again = reread(circuit)
    assert [op.name for op in again.ops] == ["h", "rz", "rz"]


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
def test_every_program_of_the_corpus_reads_back() -> None:
    read_back = 0
    for path in sorted(CORPUS.glob("valid*/*.qasm")):
        if path.name == "spec_t1.qasm":  # half a million operations
            continue
        if path.stat().st_size < 10_000 and (program := read(Source(path.read_text(encoding="utf-8")))).circuits:
            assert reread(program.circuits[0]) == program.circuits[0], path.name
            read_back += 1
    assert read_back


# Qiskit's U, u2 and u3 differ from the specification by a phase.
OTHERS_AGREE = [n for n in RADIANS if n not in ("U", "u2", "u3", "u", "cu3")]


@settings(max_examples=25, deadline=None)
@given(circuits(max_qubits=3, max_ops=6, gates=OTHERS_AGREE, modifiers=True, powers=[2.0, 3.0, -2.0], pauliexp=True,
                user_gates=True))  # fmt: skip
def test_qiskit_reads_the_same_unitary(circuit: Circuit) -> None:
    qasm3 = pytest.importorskip("qiskit.qasm3")
    operator = pytest.importorskip("qiskit.quantum_info").Operator
    text = dumps(circuit)
    # It knows neither products nor functions of gate parameters.
    assume(not re.search(r"alpha\d\*alpha|\b(?:sin|cos|tan|exp|log|sqrt|arcsin|arccos|arctan|mod|floor|ceiling)\(", text))
    np.testing.assert_allclose(operator(qasm3.loads(text)).data, circuit.to_unitary(), atol=1e-9)
