"""Published prices as dated data, and the formula each one means.

A price is a sum of rates times quantities, with a minimum.  Quantities: `task` (one per circuit),
`shot`, `one_qubit_gate_shot` and `two_qubit_gate_shot` (gates times shots), `second` (of quantum
processor time).  IonQ's own prices are by contract and not published; what is here for its
machines are the public offers of the clouds that resell them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["PRICES", "Price", "prices_of"]


@dataclass(frozen=True, slots=True)
class Price:
    """One offer.

    targets: names of machines (all of a vendor: its name).    rates: quantity to amount per unit.
    minimum: least amount of a job; `minimum_mitigated` the one with error mitigation on.
    date: of the source, when the price was seen there.
    """

    provider: str
    targets: tuple[str, ...]
    currency: str
    rates: Mapping[str, float]
    date: str
    source: str
    minimum: float = 0.0
    minimum_mitigated: float | None = None
    note: str = ""

    def least(self, mitigated: bool) -> float:
        """The minimum that holds with or without error mitigation."""
        return self.minimum_mitigated if mitigated and self.minimum_mitigated is not None else self.minimum

    def formula(self, *, mitigated: bool = False) -> str:
        """The formula as text, e.g. "max(25.7899, 0.0001645*one_qubit_gate_shot + ...)"."""
        total = " + ".join(f"{rate:.10g}*{name}" for name, rate in self.rates.items())
        least = self.least(mitigated)
        return f"max({least:.10g}, {total})" if least else total

    def cost(self, quantities: Mapping[str, float], *, mitigated: bool = False) -> dict[str, Any] | None:
        """Amount, formula, quantities and source; None when a quantity is not known."""
        if any(name not in quantities for name in self.rates):
            return None
        total = sum(rate * quantities[name] for name, rate in self.rates.items())
        result: dict[str, Any] = {
            "amount": round(max(self.least(mitigated), total), 6),
            "currency": self.currency,
            "provider": self.provider,
            "formula": self.formula(mitigated=mitigated),
            "quantities": {name: quantities[name] for name in self.rates},
            "date": self.date,
            "source": self.source,
        }
        if self.note:
            result["note"] = self.note
        return result


_CONTRACT = "what IonQ itself charges depends on the contract; ask GET /jobs/estimate"

PRICES: tuple[Price, ...] = (
    Price(
        "Azure Quantum",
        ("qpu.forte-1", "qpu.forte-enterprise-1"),
        "USD",
        {"one_qubit_gate_shot": 0.0001645, "two_qubit_gate_shot": 0.001121},
        "2026-04-23",
        "learn.microsoft.com/azure/quantum/pricing",
        25.7899,
        168.195,
        _CONTRACT,
    ),
    Price(
        "Azure Quantum",
        ("qpu.aria-1", "qpu.aria-2"),
        "USD",
        {"one_qubit_gate_shot": 0.000220, "two_qubit_gate_shot": 0.000975},
        "2025-02-26",
        "learn.microsoft.com/azure/quantum/pricing",
        12.4166,
        97.50,
        _CONTRACT,
    ),
    Price(
        "Amazon Braket",
        ("qpu.forte-1", "qpu.forte-enterprise-1"),
        "USD",
        {"task": 0.30, "shot": 0.08},
        "2026-10-02",
        "aws.amazon.com/braket/pricing",
        note=_CONTRACT,
    ),
    Price(
        "IBM Quantum, Pay-As-You-Go",
        ("ibm",),
        "USD",
        {"second": 1.60},
        "2026-05-25",
        "www.ibm.com/quantum/pricing",
        note="without the service's overhead of a few seconds a job, error mitigation or twirling",
    ),
    Price("IonQ", ("simulator",), "USD", {"task": 0.0}, "2026-10-01", "docs.ionq.com: the simulator is free"),
    Price("local", ("local",), "USD", {"task": 0.0}, "2026-11-01", "the built-in simulator"),
)


def prices_of(name: str, vendor: str) -> tuple[Price, ...]:
    """The offers for a machine, the one to quote first."""
    return tuple(p for p in PRICES if name in p.targets or vendor in p.targets)
