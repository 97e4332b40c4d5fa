"""Replace wide gates, modifiers and, if wanted, two-qubit gates by rows of the rule tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import NAMES, OPERATIONS, distinct
from qir.gates import GATES, NUM_GATES, opcode

from .base import Context
from .modifiers import exp_rows, expand
from .rewrite import Rewriter
from .rules import SYMBOLIC, TO_RZZ, TO_TWO

__all__ = ["Decompose"]

Index = npt.NDArray[np.integer[Any]]
_TABLES = {"two": TO_TWO, "rzz": {**TO_TWO, **TO_RZZ}}
_PAULIEXP = OPERATIONS["pauliexp"]
_SYMBOLIC_CODES = {opcode(name): name for name in SYMBOLIC}


@dataclass(frozen=True)
class Decompose:
    """Replace gates by rows of the rule tables until only the basis is left.

    basis: "two" leaves every gate of the table on one or two qubits; "rzz" only one-qubit gates and
    rzz, and symbolic angles only on rz and rzz.  `keep` names gates that stay as they are.
    Establishes: every gate is plain (no modifiers, no Pauli exponentials).  Keeps: everything, exactly.
    """

    name: ClassVar[str] = "decompose"
    inner: ClassVar[bool] = True
    basis: str = "two"
    keep: tuple[str, ...] = ()

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        table = _TABLES[self.basis]
        rules = {opcode(name): rule for name, rule in table.items() if name not in self.keep}
        lookup = np.zeros(1024, np.bool_)
        lookup[list(rules)] = True
        for _ in range(8):
            columns = circuit.columns
            modified = (columns.extra >= 0) & ((columns.opcode < NUM_GATES) | (columns.opcode == _PAULIEXP))
            if "pauliexp" in self.keep:
                modified &= columns.opcode != _PAULIEXP
            wide = lookup[np.minimum(columns.opcode, 1023)] & ~modified
            if self.basis == "rzz" and columns.terms is not None:
                symbolic = columns.symbolic & np.isin(columns.opcode, list(_SYMBOLIC_CODES)) & ~modified
            else:
                symbolic = np.zeros(0, np.bool_)
            if not (modified.any() or wide.any() or symbolic.any()):
                break
            rewriter = Rewriter(circuit)
            changed = modified | wide
            if len(symbolic):
                changed |= symbolic
            rewriter.keep(np.flatnonzero(~changed))
            rows = np.flatnonzero(wide)
            codes = columns.opcode[rows]
            for code in distinct(codes).tolist():
                rewriter.rule(rows[codes == code], rules[code], GATES[NAMES[code]].num_params)
            for row in np.flatnonzero(modified).tolist():
                self._expand(rewriter, row)
            for row in np.flatnonzero(symbolic).tolist():
                lines = SYMBOLIC[NAMES[int(columns.opcode[row])]](*circuit.row_angles(row))
                rewriter.lines(row, lines, circuit.operands(row), int(columns.span[row]))
            circuit = rewriter.finish(context, self.name)
        return circuit

    def _expand(self, rewriter: Rewriter, row: int) -> None:
        circuit = rewriter.circuit
        code, span = int(circuit.columns.opcode[row]), int(circuit.columns.span[row])
        extra = circuit.extras[int(circuit.columns.extra[row])]
        operands, angles = circuit.operands(row), circuit.row_angles(row)
        name = NAMES[code]
        if not extra.controls and extra.power == 1 and name not in ("pauliexp", "cu"):
            rewriter.append(row, code, operands, angles, span)
            return
        free: list[int] = []
        if len(operands) >= 4:
            taken = set(operands)
            for q in range(circuit.num_qubits):
                if q not in taken:
                    free.append(q)
                    if len(free) >= len(operands):
                        break
        paulis = extra.payload if isinstance(extra.payload, str) else ""
        if name == "cu" and not extra.controls and extra.power == 1:
            t, f, l, g = angles
            rewriter.lines(row, (("p", (g,), (0,)), ("cu3", (t, f, l), (0, 1))), operands, span)
            return
        rows = expand(name, angles, operands, controls=extra.controls, power=extra.power, paulis=paulis, free=free)
        for gate, values, wires in rows:
            if gate.startswith("pauliexp "):
                for inner, inner_values, inner_wires in exp_rows(gate.split()[1], values[0], wires):
                    rewriter.append(row, opcode(inner), inner_wires, inner_values, span)
            else:
                rewriter.append(row, opcode(gate), wires, values, span)
