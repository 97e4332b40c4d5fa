"""The dependency graph of a circuit, as views derived from its columns."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import layers

if TYPE_CHECKING:
    import networkx

__all__ = ["Dag"]


class Dag:
    """The dependency graph of a circuit, as views.  Operations are numbered by their row."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit

    def __len__(self) -> int:
        return len(self._circuit.columns)

    def wire(self, index: int) -> list[int]:
        """The operations on a wire in order (bit c is wire num_qubits + c)."""
        w = self._circuit.wires
        rows: list[int] = w.op[w.start[index] : w.start[index + 1]].tolist()
        return rows

    @cached_property
    def _edges(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        w = self._circuit.wires
        previous = w.previous()
        mask = previous >= 0
        return previous[mask], w.op[mask], w.wire[mask]

    def edges(self) -> list[tuple[int, int, int]]:
        """(operation, next operation, wire) for every wire segment between two operations."""
        a, b, wire = self._edges
        return list(zip(a.tolist(), b.tolist(), wire.tolist()))

    def successors(self, row: int) -> list[int]:
        """Operations that directly follow on some wire, ascending."""
        a, b, _ = self._edges
        return sorted(set(b[a == row].tolist()))

    def predecessors(self, row: int) -> list[int]:
        """Operations that directly precede on some wire, ascending."""
        a, b, _ = self._edges
        return sorted(set(a[b == row].tolist()))

    def layers(self) -> list[list[int]]:
        """Operations grouped into moments: each as early as its wires allow."""
        circuit = self._circuit
        level = layers(circuit.wires, len(self), np.ones(len(self), dtype=np.bool_))
        groups: list[list[int]] = [[] for _ in range(int(level.max(initial=0)))]
        for row, number in enumerate(level.tolist()):
            if number:
                groups[number - 1].append(row)
        return groups

    def longest_path(self) -> list[int]:
        """Rows of one longest chain of operations."""
        level = layers(self._circuit.wires, len(self), np.ones(len(self), dtype=np.bool_))
        if not len(level):
            return []
        row = int(level.argmax())
        path = [row]
        while level[row] > 1:
            row = next(p for p in self.predecessors(row) if level[p] == level[row] - 1)
            path.append(row)
        return path[::-1]

    def to_networkx(self) -> networkx.MultiDiGraph[int]:
        """A networkx graph: nodes are rows with `name`, `qubits`, `params`; edges carry `wire`."""
        import networkx

        graph: networkx.MultiDiGraph[int] = networkx.MultiDiGraph()
        for row, op in enumerate(self._circuit.ops):
            graph.add_node(row, name=op.name, qubits=op.qubits, params=op.params)
        for a, b, wire in self.edges():
            graph.add_edge(a, b, wire=wire)
        return graph
