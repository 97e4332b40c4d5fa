"""What a rule about an IonQ job looks at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qir.errors import UnknownTargetError
from qir.json_text import Document, Path
from qir.program import Program
from qir.targets import find
from qir.targets.ionq import MODELS, qubits_of_model
from qir.targets.ionq_format import MULTI, SINGLE
from qir.targets.ionq_view import View, view
from qir.targets.target import Target

__all__ = ["Entry", "Subject"]


@dataclass(frozen=True)
class Entry:
    """One circuit of the payload: its gates, where they stand, and the gateset in force (None: none said)."""

    gates: list[Any]
    path: Path
    gateset: str | None
    qubits: object
    qubits_path: Path


@dataclass(frozen=True)
class Subject:
    """One payload under inspection.

    asked: the machine the caller names, None for the job's own.
    """

    program: Program
    document: Document
    view: View
    asked: Target | None

    @staticmethod
    def of(program: Program, target: Target | None) -> Subject | None:
        """The subject of a program; None when it is no payload."""
        found = view(program.data)
        return None if found is None else Subject(program, Document(program.source, program.data), found, target)

    @property
    def job(self) -> dict[str, Any]:
        return self.view.job

    @property
    def strict(self) -> bool:
        """Whether this is a job in today's format, to be held against its schema."""
        return self.view.dialect == "v0.4"

    @property
    def backend(self) -> object:
        """The machine's name as the job gives it."""
        return self.job.get("backend", self.job.get("target"))

    @property
    def backend_path(self) -> Path:
        return ("backend",) if "backend" in self.job else ("target",)

    @cached_property
    def machine(self) -> Target | None:
        """The machine asked for, or the job's own; None when neither is known or it is not IonQ's."""
        if self.asked is not None:
            return self.asked if self.asked.vendor == "ionq" else None
        if not isinstance(self.backend, str):
            return None
        try:
            found = find(self.backend)
        except UnknownTargetError:
            return None
        return found if found.vendor == "ionq" else None

    @cached_property
    def model(self) -> str | None:
        """The noise model, when it is a known one and the machine is the simulator."""
        noise = self.job.get("noise")
        name = noise.get("model") if isinstance(noise, dict) else None
        simulated = self.machine is not None and self.machine.simulator
        return name if simulated and isinstance(name, str) and name in MODELS else None

    @property
    def most_qubits(self) -> int | None:
        """How many qubits the machine has, or its noise model simulates."""
        if self.machine is None:
            return None
        return min(self.machine.num_qubits, qubits_of_model(self.model)) if self.machine.simulator else self.machine.num_qubits

    @property
    def shots(self) -> int:
        """The number of shots, the service's default when there is none that makes sense."""
        value = self.job.get("shots")
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
            return int(value)
        return value if type(value) is int else 100

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The circuits of the payload, as far as they are lists."""
        return tuple(self._entries())

    def _entries(self) -> Iterator[Entry]:
        content, path = self.view.input, self.view.path
        rows: list[tuple[Any, Path]] = []
        if self.view.kind == SINGLE:
            rows = [(content, path)]
        elif self.view.kind == MULTI and isinstance(content.get("circuits"), list):
            rows = [(entry, (*path, "circuits", i)) for i, entry in enumerate(content["circuits"])]
        read = self.program.job.circuits if self.program.job is not None else ()
        for i, (entry, place) in enumerate(rows):
            if not isinstance(entry, dict) or not isinstance(entry.get("circuit"), list):
                continue
            gateset = entry.get("gateset", content.get("gateset"))
            if gateset is None and i < len(read):
                gateset = read[i].gateset
            own = "qubits" in entry
            yield Entry(
                entry["circuit"],
                (*place, "circuit"),
                gateset if gateset in ("qis", "native") else None,
                entry.get("qubits", content.get("qubits")),
                (*place, "qubits") if own else (*path, "qubits"),
            )
