"""Control flow that only the run decides: what stays in the circuit, and that it means the same.

A program is run twice over every outcome of its measurements, once as it was read and once as its
canonical text is read; both must apply the same gates.
"""

from __future__ import annotations

import pytest

from qir.circuit import Assign, Circuit, If, Operation, Switch, While
from qir.emitters.openqasm3 import dumps
from qir.expressions import Expr, fold
from qir.frontends.openqasm3 import read
from qir.source import Source

HEAD = 'OPENQASM 3.1;\ninclude "stdgates.inc";\nqubit[3] q;\n'


def load(text: str, head: str = HEAD) -> Circuit:
    program = read(Source(head + text))
    assert not program.has_errors, [str(d) for d in program.diagnostics]
    return program.circuits[0]


class Stop(Exception):
    """break, continue or end."""


class Machine:
    """Runs a circuit with given outcomes and notes the gates it applies."""

    def __init__(self, circuit: Circuit, outcomes: list[int]) -> None:
        self.circuit, self.outcomes, self.trace = circuit, list(outcomes), list[tuple[str, tuple[int, ...]]]()
        self.bits = [0] * circuit.num_clbits
        self.values: dict[str, int] = {v.name: self.value(v.initial) if v.initial else 0 for v in circuit.variables}

    def run(self) -> list[tuple[str, tuple[int, ...]]]:
        try:
            self.block(self.circuit)
        except Stop as stop:
            assert stop.args == ("end",)
        return self.trace

    def value(self, expression: Expr) -> int:
        return fold(expression, self._combine)

    def _combine(self, node: Expr, a: list[int]) -> int:
        if node.op == "const":
            return int(node.value, 2) if isinstance(node.value, str) else int(node.value)  # type: ignore[call-overload]
        if node.op == "var":
            return self.values[str(node.value)]
        if node.op == "bit":
            return self.bits[int(str(node.value))]
        if node.op == "register":
            found = next(r for r in self.circuit.cregs if r.name == node.value)
            return sum(b << i for i, b in enumerate(self.bits[found.start : found.start + found.size]))
        if node.op == "cast":
            return a[0] if node.type.kind != "bool" else int(bool(a[0]))
        if node.op == "!":
            return int(not a[0])
        if node.op == "index":
            return (a[0] >> a[1]) & 1
        operators = {"==": a[0] == a[-1], "!=": a[0] != a[-1], "<": a[0] < a[-1], ">": a[0] > a[-1], "&&": a[0] and a[-1],
                     "||": a[0] or a[-1], "+": a[0] + a[-1], "-": a[0] - a[-1], "*": a[0] * a[-1], "^": a[0] ^ a[-1],
                     "|": a[0] | a[-1], "<<": a[0] << a[-1]}  # fmt: skip
        return int(operators[node.op])

    def block(self, circuit: Circuit) -> None:
        for op in circuit.ops:
            self.step(op)

    def step(self, op: Operation) -> None:
        payload = op.extra.payload if op.extra else None
        blocks = op.extra.blocks if op.extra else ()
        if op.name == "measure":
            outcome = self.outcomes.pop(0) if self.outcomes else 0
            self.trace.append(("measure", op.qubits))
            for c in op.clbits:
                self.bits[c] = outcome
        elif isinstance(payload, If):
            if self.value(payload.condition):
                self.block(blocks[0])
            elif len(blocks) > 1:
                self.block(blocks[1])
        elif isinstance(payload, While):
            for _ in range(20):
                if not self.value(payload.condition):
                    break
                try:
                    self.block(blocks[0])
                except Stop as stop:
                    if stop.args == ("break",):
                        break
                    if stop.args == ("end",):
                        raise
        elif isinstance(payload, Switch):
            subject = self.value(payload.subject)
            chosen = next((b for ls, b in zip(payload.labels, blocks) if subject in ls), None)
            if chosen is None and len(blocks) > len(payload.labels):
                chosen = blocks[-1]
            if chosen is not None:
                self.block(chosen)
        elif isinstance(payload, Assign):
            self.assign(payload.target, self.value(payload.value))
        elif op.name in ("break", "continue", "end"):
            raise Stop(op.name)
        else:
            self.trace.append((op.name + str(op.params), op.qubits))

    def assign(self, target: Expr, value: int) -> None:
        if target.op == "var":
            self.values[str(target.value)] = value
        elif target.op == "bit":
            self.bits[int(str(target.value))] = value & 1
        else:
            assert target.op == "register"
            found = next(r for r in self.circuit.cregs if r.name == target.value)
            for i in range(found.size):
                self.bits[found.start + i] = (value >> i) & 1


def traces(text: str, width: int) -> dict[str, list[str]]:
    """Per outcomes of the measurements the gates that run."""
    circuit = load(text)
    again = read(Source(dumps(circuit)))
    assert not again.has_errors, dumps(circuit)
    assert again.circuits[0] == circuit
    result = {}
    for number in range(1 << width):
        outcomes = [(number >> i) & 1 for i in range(width)]
        trace = Machine(circuit, outcomes).run()
        assert Machine(again.circuits[0], outcomes).run() == trace
        result["".join(map(str, outcomes))] = [f"{name.removesuffix('()')} {qubits[0]}" for name, qubits in trace]
    return result


M = "measure 0"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bit c; c = measure q[0]; if (c) x q[1]; else y q[1];", {"0": [M, "y 1"], "1": [M, "x 1"]}),
        ("bit[2] c; c = measure q[0:1]; if (c == 2) x q[2]; else if (c == \"01\") y q[2];",
         {"00": [M, "measure 1"], "10": [M, "measure 1", "y 2"], "01": [M, "measure 1", "x 2"], "11": [M, "measure 1"]}),
        ("bit c; int n = 3; c = measure q[0]; if (c) { n = 4; } if (n == 4) x q[1];", {"0": [M], "1": [M, "x 1"]}),
        ("bit c; int n = 0; for int i in [0:1] { c = measure q[0]; if (c) n += 1; } if (n == 2) x q[1];",
         {"00": [M, M], "10": [M, M], "01": [M, M], "11": [M, M, "x 1"]}),
        ("bit c; for int i in [0:1] { c = measure q[0]; if (c) break; x q[i]; } z q[2];",
         {"00": [M, "x 0", M, "x 1", "z 2"], "10": [M, "z 2"], "01": [M, "x 0", M, "z 2"], "11": [M, "z 2"]}),
        ("bit c; for int i in [0:1] { c = measure q[0]; if (c) continue; x q[i]; } z q[2];",
         {"00": [M, "x 0", M, "x 1", "z 2"], "10": [M, M, "x 1", "z 2"], "01": [M, "x 0", M, "z 2"], "11": [M, M, "z 2"]}),
        ("bit c = 1; while (c) { h q[1]; c = measure q[0]; } x q[2];",
         {"0": ["h 1", M, "x 2"], "1": ["h 1", M, "h 1", M, "x 2"]}),
        ("bit c; while (true) { c = measure q[0]; if (c) { break; } x q[1]; } z q[2];", {"1": [M, "z 2"]}),
        ("def f(qubit a) -> bit { bit b = measure a; if (b) { return 1; } x a; return 0; } if (f(q[0])) z q[1];",
         {"0": [M, "x 0"], "1": [M, "z 1"]}),
        ("def f(qubit a) { bit b; for int i in [0:1] { b = measure a; if (b) { return; } x a; } z a; } f(q[0]); y q[1];",
         {"00": [M, "x 0", M, "x 0", "z 0", "y 1"], "10": [M, "y 1"], "01": [M, "x 0", M, "y 1"], "11": [M, "y 1"]}),
        ("bit[2] c; c = measure q[0:1]; switch (c) { case 0, 3 { x q[2]; } case 1 { y q[2]; } default { z q[2]; } }",
         {"00": [M, "measure 1", "x 2"], "10": [M, "measure 1", "y 2"], "01": [M, "measure 1", "z 2"],
          "11": [M, "measure 1", "x 2"]}),
        ("bit c; c = measure q[0]; if (c) { end; } x q[1];", {"0": [M, "x 1"], "1": [M]}),
        ("bit[2] c = \"01\"; if (c[0]) x q[1]; c[1] = measure q[0]; if (c == 3) y q[1];",
         {"0": ["x 1", M], "1": ["x 1", M, "y 1"]}),
        ("bit c; bool seen = false; c = measure q[0]; seen = seen || c == 1; if (seen) x q[1];", {"0": [M], "1": [M, "x 1"]}),
        ("def parity(bit[2] w) -> bit { bit p1 = 0; for bit b in w { p1 ^= b; } return p1; } bit[2] c = measure q[0:1]; "
         "if (parity(c)) x q[2];",
         {"00": [M, "measure 1"], "10": [M, "measure 1", "x 2"], "01": [M, "measure 1", "x 2"], "11": [M, "measure 1"]}),
        ("def f(qubit a) -> bit { bit c; while (true) { c = measure a; if (c) return 1; x a; } return 0; } "
         "if (f(q[0])) y q[1];",
         {"1": [M, "y 1"]}),
        ("def f(qubit a) { bit c = 0; c = measure a; while (c) { x a; if (c) return; } y a; } f(q[0]); z q[1];",
         {"0": [M, "y 0", "z 1"], "1": [M, "x 0", "z 1"]}),
        ("bit c; c = measure q[0]; if (c) { c = measure q[0]; if (!c) x q[1]; else { bit d = measure q[1]; if (d) y q[2]; } }",
         {"00": [M], "10": [M, M, "x 1"], "11": [M, M, "measure 1"]}),
        ("bit c; int n = 0; while (n < 2) { c = measure q[0]; if (c) { n += 1; } else { n = 2; } } if (n == 2) x q[1];",
         {"0": [M, "x 1"], "10": [M, M, "x 1"], "11": [M, M, "x 1"]}),
    ],
)  # fmt: skip
def test_what_runs(text: str, expected: dict[str, list[str]]) -> None:
    width = max(len(k) for k in expected)
    found = traces(text, width)
    for outcomes, trace in expected.items():
        for padded in (k for k in found if k.startswith(outcomes)):
            assert found[padded] == trace, padded


def test_known_conditions_leave_nothing_behind() -> None:
    branch = "if (n > 1 && c[1]) { x q[0]; } else { y q[0]; }"
    circuit = load(f"int n = 2; bit[2] c = \"10\"; {branch} while (n > 0) {{ n -= 1; h q[n]; }}")
    assert [(op.name, op.qubits) for op in circuit.ops] == [("x", (0,)), ("h", (1,)), ("h", (0,))]
    assert not circuit.is_dynamic


def test_loops_over_unknown_bounds_stay_loops() -> None:
    circuit = load("input int n; int total = 0; for int i in [0:n] { rx(i) q[0]; total += i; } if (total > 2) x q[1];")
    assert [op.name for op in circuit.ops] == ["for", "if"]
    assert [v.name for v in circuit.variables] == ["n", "total"]


def test_outputs_hold_their_values_at_the_end() -> None:
    circuit = load("output int n; output bit[2] c; n = 3; n += 1; c[0] = measure q[0];")
    assert [(v.name, v.kind) for v in circuit.variables] == [("n", "output"), ("c", "output")]
    last = list(circuit.ops)[-1]
    assert last.extra is not None
    assert isinstance(last.extra.payload, Assign)
    assert last.extra.payload.value.value == 4


def test_measurements_of_subroutines_go_straight_into_their_target() -> None:
    text = "def f(qubit a) -> bit { h a; return measure a; } def g(qubit[2] a) -> bit[2] { bit[2] b = measure a; return b; }"
    circuit = load(text + "bit c = f(q[0]); bit[3] d; d[1] = f(q[1]); d[0:1] = g(q[1:2]);")
    assert [(op.qubits, op.clbits) for op in circuit.ops if op.name == "measure"] == [
        ((0,), (0,)), ((1,), (2,)), ((1,), (1,)), ((2,), (2,)),
    ]  # fmt: skip
    assert circuit.num_clbits == 4
    assert not circuit.is_dynamic


@pytest.mark.parametrize(
    "text",
    [
        "extern f(int, float) -> float; rx(f(1, 2.0)) q[0]; float w = f(2, 1.0); ry(w) q[0];",
        "array[int, 3] a = {1, 2, 3}; input int n; a[n] = 5; rx(a[n]) q[0]; rz(n / 2) q[0];",
        "input array[float[64], 3] a; rx(a[1] / 2) q[0];",
        "input int n; int k = 0; for int i in [0:n] { k += i; rx(i) q[0]; } rx(k) q[1];",
        "input bit[2] c; input angle[8] a; if (c[0] && a > pi) x q[0]; if (a[7]) y q[0];",
        "stretch g1; delay[g1] q[0]; delay[2 * g1 + 10ns] q; box[1us] { x q[0]; delay[16dt] q[1]; }",
        "output bit c; c = 1; output float w; w = 0.5;",
    ],
)
def test_what_is_left_to_the_run_reads_back_equal(text: str) -> None:
    circuit = load(text)
    again = read(Source(dumps(circuit)))
    assert not again.has_errors, [str(d) for d in again.diagnostics]
    assert again.circuits[0] == circuit
