"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Differs", "Equivalence", "Unjustified"]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The verdict on two circuits, and how it is known.

    verdict: "proved" (they are the same, to rounding); "tested" (no difference showed in the trials
        that `detail` names); "refuted" (they differ: `counterexample` says where); "unchecked" (no
        method fitted, `detail` says why).
    method: "exact", "paulis", "clifford", "paths", "rewrites" or "stimuli"; None when unchecked.
    """

    verdict: str
    method: str | None = None
    detail: str = ""
    counterexample: str | None = None

    @property
    def equivalent(self) -> bool | None:
        """True when proved or tested, False when refuted, None when unchecked."""
        return {"proved": True, "tested": True, "refuted": False}.get(self.verdict)

    def __str__(self) -> str:
        how = f" by {self.method}" if self.method else ""
        text = f"{self.verdict}{how}" + (f": {self.detail}" if self.detail else "")
        return f"{text}; {self.counterexample}" if self.counterexample else text


class Unjustified(Exception):
    """A step of a journal does not justify what it did."""


class Differs(Unjustified):
    """A window means something else than before; the text shows it."""
