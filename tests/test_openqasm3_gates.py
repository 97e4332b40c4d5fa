"""Gates: definitions, broadcasting, modifiers, conventions of phase, against matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from qir.circuit import Circuit
from qir.dense import matrix_power
from qir.frontends.openqasm3 import read
from qir.gates import GATES, STDGATES, controlled
from qir.source import Source

Complex = npt.NDArray[np.complexfloating[Any, Any]]
HEAD = 'OPENQASM 3.1;\ninclude "stdgates.inc";\nqubit[4] q;\n'
X = np.array([[0, 1], [1, 0]], dtype=complex)


def load(text: str, head: str = HEAD) -> Circuit:
    program = read(Source(head + text))
    assert not program.has_errors, [str(d) for d in program.diagnostics]
    return program.circuits[0]


def unitary(call: str, qubits: int, before: str = "") -> Complex:
    """The matrix of one gate call on the first qubits."""
    operands = ", ".join(f"q[{i}]" for i in range(qubits))
    return load(f"{before}\n{call} {operands};", f'OPENQASM 3.1;\ninclude "stdgates.inc";\nqubit[{qubits}] q;\n').to_unitary()


def test_every_standard_gate_is_there() -> None:
    angles = {0: "", 1: "(0.3)", 2: "(0.3, 0.4)", 3: "(0.3, 0.4, 0.5)", 4: "(0.3, 0.4, 0.5, 0.6)"}
    values = (0.3, 0.4, 0.5, 0.6)
    for name in sorted(STDGATES - {"gphase", "phase", "cphase", "CX"}):
        row = GATES[name]
        matrix = row.matrix(*(np.array([v]) for v in values[: row.num_params]))[0]
        assert np.allclose(unitary(name + angles[row.num_params], row.num_qubits), matrix), name


BASES = {
    "x": 1, "s": 1, "t": 1, "h": 1, "sx": 1, "z": 1, "rx(0.7)": 1, "rz(-0.7)": 1, "p(0.4)": 1, "U(0.3, 0.4, 0.5)": 1,
    "u2(0.3, 0.4)": 1, "u3(0.3, 0.4, 0.5)": 1, "cx": 2, "cz": 2, "crz(0.3)": 2, "swap": 2, "cu(0.1, 0.2, 0.3, 0.4)": 2,
    "g(0.3)": 2, "ry(5.0)": 1, "rx(-4.0)": 1, "p(4.0)": 1,
}  # fmt: skip
BODY = "gate g(a) b, c { h b; gphase(a); cx b, c; rx(a / 2) c; t b; }"


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("exponent", [-3, -1, -0.5, 0, 0.25, 0.5, 1, 2, 3, 4])
def test_powers_are_powers_of_the_matrix(base: str, exponent: float) -> None:
    matrix = unitary(base, BASES[base], BODY)
    assert np.allclose(unitary(f"pow({exponent}) @ {base}", BASES[base], BODY), matrix_power(matrix, exponent))


@pytest.mark.parametrize("base", BASES)
def test_controls_and_inverses(base: str) -> None:
    size = BASES[base]
    matrix = unitary(base, size, BODY)
    assert np.allclose(unitary(f"inv @ {base}", size, BODY), matrix.conj().T)
    assert np.allclose(unitary(f"ctrl @ {base}", size + 1, BODY), controlled(matrix[None], "1")[0])
    assert np.allclose(unitary(f"negctrl @ ctrl @ {base}", size + 2, BODY), controlled(matrix[None], "01")[0])
    half = matrix_power(matrix, 0.5)
    assert np.allclose(unitary(f"ctrl @ inv @ pow(0.5) @ {base}", size + 1, BODY), controlled(half.conj().T[None], "1")[0])
    assert np.allclose(unitary(f"pow(2) @ ctrl(2) @ {base}", size + 2, BODY), controlled((matrix @ matrix)[None], "11")[0])


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("ctrl @ x q[0], q[1];", "cx"), ("ctrl(2) @ x q[0], q[1], q[2];", "ccx"), ("ctrl @ cx q[0], q[1], q[2];", "ccx"),
        ("inv @ s q[0];", "sdg"), ("inv @ inv @ s q[0];", "s"), ("pow(2) @ t q[0];", "s"), ("pow(0.5) @ x q[0];", "sx"),
        ("pow(0.5) @ rx(1.0) q[0];", "rx"), ("ctrl @ gphase(0.3) q[0];", "p"), ("ctrl(2) @ gphase(0.3) q[0], q[1];", "cp"),
        ("ctrl @ swap q[0], q[1], q[2];", "cswap"), ("inv @ sx q[0];", "sxdg"), ("pow(-1) @ t q[0];", "tdg"),
        ("ctrl @ p(0.2) q[0], q[1];", "cp"), ("inv @ cp(0.2) q[0], q[1];", "cp"),
    ],
)  # fmt: skip
def test_modified_gates_become_gates_of_the_table(call: str, name: str) -> None:
    (operation,) = load(call).ops
    assert operation.name == name
    assert operation.extra is None


def test_global_phase_in_a_gate_is_relative_under_control() -> None:
    matrix = unitary("ctrl @ mine", 2, "gate mine a { gphase(0.5); }")
    assert np.allclose(matrix, np.diag([1, np.exp(0.5j), 1, np.exp(0.5j)]))
    assert load("gphase(0.5); gphase(-pi);").global_phase.constant == pytest.approx(0.5 - np.pi)


def test_gates_see_constants_loops_and_barriers() -> None:
    gate = "gate g(a) b, c { for int i in [1:2] { rx(a * i + w) b; } barrier b, c; }"
    circuit = load(f"const float w = 0.5; {gate} g(1.0) q[0], q[1];")
    (definition,) = circuit.definitions
    assert definition.body is not None
    assert [op.name for op in definition.body.ops] == ["rx", "rx", "barrier"]


def test_gates_whose_body_needs_values_are_made_for_them() -> None:
    text = "gate turn(n) a { pow(n) @ x a; } turn(1) q[0]; turn(0.5) q[0]; turn(1) q[1];"
    circuit = load(text)
    assert [op.name for op in circuit.ops] == ["turn_0", "turn_1", "turn_0"]
    assert np.allclose(unitary("turn(0.5)", 1, "gate turn(n) a { pow(n) @ x a; }"), matrix_power(X, 0.5))


def test_a_definition_that_is_the_tables_gate_is_that_gate() -> None:
    body = "gate rzz(w) a, b { cx a, b; rz(w) b; cx a, b; }\ngate iswap a, b { h a; }\nrzz(0.3) q[0], q[1]; iswap q[0], q[1];"
    circuit = load(body)
    assert [d.name for d in circuit.definitions] == ["iswap"]
    assert [op.name for op in circuit.ops] == ["rzz", "iswap"]


def test_the_services_native_gates_need_no_definition() -> None:
    circuit = load("gpi(0.25) q[0]; ms(0, 0, 0.25) q[0], q[1];")
    assert [(op.name, op.params) for op in circuit.ops] == [("gpi", (0.25,)), ("ms", (0.0, 0.0, 0.25))]


HEAD2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[4];\ncreg c[4];\n'


def test_users_definitions_win_over_legacy_gates() -> None:
    circuit = load("gate cu a, b { cx a, b; h b; }\ncu q[0], q[1];\nrccx q[0], q[1], q[2];", HEAD2)
    assert [op.name for op in circuit.ops] == ["cu_0", "rccx"]


def test_legacy_gates_agree_with_the_reference() -> None:
    qasm2 = pytest.importorskip("qiskit.qasm2")
    operator = pytest.importorskip("qiskit.quantum_info").Operator
    calls = [
        "u0(1) q[0]", "u(0.1,0.2,0.3) q[0]", "p(0.3) q[0]", "sx q[0]", "sxdg q[0]", "swap q[0],q[1]", "cswap q[0],q[1],q[2]",
        "crx(0.3) q[0],q[1]", "cry(0.3) q[0],q[1]", "cp(0.3) q[0],q[1]", "csx q[0],q[1]", "cu(0.1,0.2,0.3,0.4) q[0],q[1]",
        "rxx(0.3) q[0],q[1]", "rzz(0.3) q[0],q[1]", "rccx q[0],q[1],q[2]", "rc3x q[0],q[1],q[2],q[3]",
        "c3x q[0],q[1],q[2],q[3]", "c3sqrtx q[0],q[1],q[2],q[3]", "u3(0.1,0.2,0.3) q[0]", "u2(0.1,0.2) q[0]", "u1(0.2) q[0]",
        "cu1(0.3) q[0],q[1]", "cu3(0.1,0.2,0.3) q[0],q[1]", "U(0.1,0.2,0.3) q[0]", "CX q[1],q[0]",
    ]  # fmt: skip
    for call in calls:
        wanted = operator(qasm2.loads(HEAD2 + call + ";", custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)).data
        matrix = load(call + ";", HEAD2).to_unitary()
        overlap = np.trace(wanted.conj().T @ matrix) / 16
        assert abs(overlap) == pytest.approx(1), call


def test_opaque_gates_and_calibrations_can_be_called() -> None:
    circuit = load("opaque mystery(a) b; mystery(0.3) q[0];", HEAD2)
    assert circuit.definitions[0].body is None
    circuit = load("defcal pulse(angle w) $0 { play(w); }\npulse(0.2) $0;", "OPENQASM 3.0;\n")
    assert [op.name for op in circuit.ops] == ["pragma", "pulse"]


@pytest.mark.parametrize("call", ["rzz(0.3) q[0], q[1];", "sxdg q[0];", "csdg q[0], q[1];", "rccx q[0], q[1], q[2];"])
def test_the_help_for_a_gate_that_is_not_standard_defines_it(call: str) -> None:
    (found,) = [d for d in read(Source(HEAD + call)).diagnostics if d.slug == "name.undeclared-gate"]
    assert found.help is not None
    definition = found.help.split("`")[-2]
    name = call.split("(")[0].split()[0]
    row = GATES[name]
    matrix = row.matrix(*(np.array([0.3]) for _ in range(row.num_params)))[0]
    assert np.allclose(unitary(call.split(" q")[0], row.num_qubits, definition), matrix)
