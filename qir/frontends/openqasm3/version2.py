"""What OpenQASM 2 does not have, though the grammar of 3 lets it pass.

The two versions share the syntax tree and the lowering.  Conventions of version 2: numbers are
real (`1/2` is 0.5, `^` is the power); `U(a, b, c)` is Rz(b) Ry(a) Rz(c), which is the gate table's
u3; names of qelib1.inc mean the table's gates (rz is the rotation, u1 the phase gate).  The
version has no controls on user gates, so global phases cannot be told apart by a program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3.shapes import Run

if TYPE_CHECKING:
    from qir.frontends.openqasm3.lower import Lowering

__all__ = ["check_statement"]

_ALLOWED = (
    s.Version, s.Include, s.QuantumDeclaration, s.RegisterDeclaration, s.GateStatement, s.GateCall, s.Measure, s.Reset,
    s.Barrier, s.IfStatement, Run,
)  # fmt: skip
_CONDITIONAL = (s.GateCall, s.Measure, s.Reset, s.Barrier)


def check_statement(lowering: Lowering, node: s.Statement) -> None:
    """Failure with syn.statement for what is not OpenQASM 2."""
    if not isinstance(node, _ALLOWED):
        raise lowering.fail("syn.statement", "this is not a statement of OpenQASM 2", node,
                            "begin the program with `OPENQASM 3.0;`")  # fmt: skip
    if isinstance(node, s.Measure) and node.target is None:
        raise lowering.fail("syn.statement", "a measurement in OpenQASM 2 needs a target", node, "write `measure q -> c;`")
    if isinstance(node, s.Barrier) and node.operands is None:
        raise lowering.fail("syn.statement", "a barrier in OpenQASM 2 names its qubits", node)
    if isinstance(node, (s.QuantumDeclaration, s.RegisterDeclaration)) and node.size is None:
        raise lowering.fail("syn.statement", "a register in OpenQASM 2 has a size", node, f"write `{node.name.text}[1]`")
    if isinstance(node, s.IfStatement):
        _check_if(lowering, node)


def _check_if(lowering: Lowering, node: s.IfStatement) -> None:
    condition = node.condition
    equality = isinstance(condition, s.Binary) and condition.op == "==" and isinstance(condition.left, s.Name)
    if not equality or not (isinstance(condition.right, s.Literal) and condition.right.kind == "int"):  # type: ignore[attr-defined]
        raise lowering.fail("syn.statement", "a condition in OpenQASM 2 is `register == integer`", condition)
    body = node.then.statements
    if node.orelse is not None or len(body) != 1 or not isinstance(body[0], _CONDITIONAL):
        raise lowering.fail("syn.statement", "an `if` in OpenQASM 2 is for one quantum operation", node)
