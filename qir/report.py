"""What a compile did: counts, passes, layout, verification, estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qir.circuit import Layout
from qir.metrics import Metrics

__all__ = ["CircuitReport", "PassReport", "Report", "Verification"]


@dataclass(frozen=True, slots=True)
class PassReport:
    """One pass that ran: wall time in seconds, operations before and after."""

    name: str
    seconds: float
    ops_before: int
    ops_after: int

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "seconds": self.seconds, "ops_before": self.ops_before, "ops_after": self.ops_after}


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the output is the same circuit, and how that is known.

    verdict: "proved", "tested", "refuted" or "unchecked".
    """

    verdict: str
    method: str | None
    detail: str

    def to_dict(self) -> dict[str, Any]:
        return {"verdict": self.verdict, "method": self.method, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class CircuitReport:
    """One circuit of a job."""

    name: str
    before: Metrics
    after: Metrics
    verification: Verification
    passes: tuple[PassReport, ...]
    layout: Layout | None
    estimate: dict[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        layout = self.layout
        return {
            "name": self.name,
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "verification": self.verification.to_dict(),
            "passes": [p.to_dict() for p in self.passes],
            "layout": {
                "initial": list(layout.initial) if layout else None,
                "final": list(layout.final) if layout else None,
            },
            "estimate": self.estimate,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The whole compile; `to_dict` is what `--emit report` prints."""

    target: str | None
    optimization_level: int
    seed: int
    assume_zero: bool
    names: dict[str, str] | list[dict[str, str]]
    circuits: tuple[CircuitReport, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "optimization_level": self.optimization_level,
            "seed": self.seed,
            "assume_zero": self.assume_zero,
            "names": self.names,
            "circuits": [c.to_dict() for c in self.circuits],
        }
