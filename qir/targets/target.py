"""A machine as a record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx

    from qir.embedding import Costs
    from qir.graphs import Coupling

__all__ = ["Timing", "Target"]


@dataclass(frozen=True, slots=True)
class Timing:
    """Timing rules of a machine.  `dt` in seconds; the others in units of dt."""

    dt: float = 1e-9
    granularity: int = 1
    min_length: int = 1
    pulse_alignment: int = 1
    acquire_alignment: int = 1


@dataclass(frozen=True)
class Target:
    """A machine, as the compiler and the linter see it.

    name: the vendor's own name.    vendor: "ionq", "ibm" or "local".
    gates: names of the gates it runs (of the gate table).    entangler: the two-qubit gate of choice.
    edges: directed pairs per two-qubit gate; None when every pair is connected.
    errors, durations: per (gate name, qubits) where known; `errors[("cz", (0, 1))]`, durations in
        seconds; a key with an empty tuple holds for all qubits.
    features: what it runs beside gates: "if", "mid-circuit", "reset", "delay", "fractional".
    limits: "shots", "circuits", "gates", "bytes" and so on, as numbers.
    faulty_qubits: not to be used.    faulty_edges: left out of `edges`, kept to explain why.
    retired: date it left service, None when in service.
    source: where the facts come from, and when.
    """

    name: str
    vendor: str
    num_qubits: int
    gates: tuple[str, ...]
    entangler: str
    edges: Mapping[str, tuple[tuple[int, int], ...]] | None = None
    errors: Mapping[tuple[str, tuple[int, ...]], float] = field(default_factory=dict, repr=False)
    durations: Mapping[tuple[str, tuple[int, ...]], float] = field(default_factory=dict, repr=False)
    timing: Timing | None = None
    features: frozenset[str] = frozenset()
    limits: Mapping[str, float] = field(default_factory=dict)
    faulty_qubits: frozenset[int] = frozenset()
    faulty_edges: frozenset[tuple[int, int]] = frozenset()
    family: str = ""
    simulator: bool = False
    retired: str | None = None
    source: str = ""

    @cached_property
    def all_to_all(self) -> bool:
        return self.edges is None

    @cached_property
    def connected(self) -> frozenset[tuple[int, int]]:
        """Undirected pairs (low, high) that some two-qubit gate joins."""
        pairs = {(min(e), max(e)) for edges in (self.edges or {}).values() for e in edges}
        return frozenset(pairs)

    @cached_property
    def coupling(self) -> Coupling:
        """The connections without what is faulty, as arrays."""
        from qir.graphs import coupling

        faulty = self.faulty_qubits
        edges = sorted((a, b) for a, b in self.connected if a not in faulty and b not in faulty)
        return coupling(self.num_qubits, tuple(edges))

    @cached_property
    def costs(self) -> Costs:
        """What errors make places cost, as -log(1 - error): per connected pair the least of its two-qubit gates, per qubit
        its measurement."""
        import numpy as np

        from qir.embedding import Costs

        size = self.num_qubits
        pairs, sites = np.full((size, size), np.inf), np.zeros(size)
        for name, edges in (self.edges or {}).items():
            default = self.errors.get((name, ()), 0.0)
            for a, b in edges:
                cost = -math.log1p(-min(self.errors.get((name, (a, b)), default), 0.999999))
                pairs[a, b] = pairs[b, a] = min(float(pairs[a, b]), cost)
        readout = self.errors.get(("measure", ()), 0.0)
        for q in range(size):
            sites[q] = -math.log1p(-min(self.errors.get(("measure", (q,)), readout), 0.999999))
        return Costs(pairs.ravel(), sites)

    def allows(self, name: str, qubits: tuple[int, ...]) -> bool:
        """Whether the machine runs this gate on these qubits, in this order."""
        if name not in self.gates or any(q >= self.num_qubits or q in self.faulty_qubits for q in qubits):
            return False
        if len(qubits) < 2 or self.edges is None:
            return True
        return qubits in self._edge_sets.get(name, frozenset())

    @cached_property
    def _edge_sets(self) -> dict[str, frozenset[tuple[int, int]]]:
        return {name: frozenset(edges) for name, edges in (self.edges or {}).items()}

    def coupling_map(self) -> networkx.Graph[int]:
        """The connections as a networkx graph."""
        import networkx

        graph: networkx.Graph[int] = networkx.Graph()
        graph.add_nodes_from(range(self.num_qubits))
        if self.edges is None:
            graph.add_edges_from((a, b) for a in range(self.num_qubits) for b in range(a))
        else:
            graph.add_edges_from(self.connected)
        return graph

    def fractional(self) -> Target:
        """The same machine with the gates rx and rzz, as IBM's client gives it with `use_fractional_gates=True`.

        UsageError for a machine that has no such gates.
        """
        from qir.errors import UsageError
        from qir.targets.ibm import offers_fractional, with_fractional

        if not offers_fractional(self):
            raise UsageError(f"{self.name} has no fractional gates; IBM's Heron machines have")
        return with_fractional(self)

    @staticmethod
    def from_ibm(configuration: Mapping[str, Any], properties: Mapping[str, Any] | None = None) -> Target:
        """A target from what IBM's service returns for a backend's /configuration and /properties.

        ParseError when a required field is missing or malformed.
        """
        from qir.targets.ibm_files import from_files

        return from_files(configuration, properties)
