"""A job: circuits with everything that is sent along.  Every JSON reader returns one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qir.circuit import Circuit
from qir.diagnostics import Diagnostic

__all__ = ["Emission", "JobCircuit", "JobSpec", "Observable", "Observables"]

Observable = dict[str, float]
"""A Hermitian operator: Pauli string to real coefficient; the rightmost letter is qubit 0."""

Observables = Any
"""An `Observable`, or nested lists of them: the nesting is the array's shape."""


@dataclass(frozen=True)
class JobCircuit:
    """One circuit of a job (an IBM PUB, an entry of an IonQ multi-circuit job).

    observables: for an estimator, normalised to `Observable` or nested lists of them.
    parameter_values: None, a dict of name to number or nested list, or nested lists whose last
        axis runs over the parameters sorted by name.
    registers: IonQ's map of classical register name to the qubit behind each bit (None: unwritten).
    pointer: JSON Pointer of the circuit in its payload.
    """

    circuit: Circuit
    name: str | None = None
    observables: Observables = None
    parameter_values: Any = None
    shots: int | None = None
    precision: float | None = None
    gateset: str | None = None
    registers: dict[str, list[int | None]] | None = None
    pointer: str = ""


@dataclass(frozen=True)
class JobSpec:
    """A job for either vendor.

    vendor: "ionq" or "ibm", None when not from a payload.    kind: IonQ's job type
    ("ionq.circuit.v1", ...), or IBM's program ("sampler", "estimator").
    backend: the machine's name as given.    shots: for circuits without their own.
    options: IBM's options tree, or IonQ's `settings`.    noise: IonQ's noise object.
    fields: other fields of the payload, as they were (session_id, tags, dry_run, resilience_level
        and so on), to be written back.    raw: an input that is kept without being understood.
    """

    circuits: tuple[JobCircuit, ...] = ()
    vendor: str | None = None
    kind: str | None = None
    backend: str | None = None
    name: str | None = None
    shots: int | None = None
    precision: float | None = None
    gateset: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    noise: dict[str, Any] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    raw: Any = None


@dataclass(frozen=True)
class Emission:
    """What an emitter wrote.

    payload: the job body, nothing else.    names: per circuit the wire name in the results
    ("c0[2]" of IBM, a qubit index of IonQ) to the user's "register[bit]".
    """

    payload: dict[str, Any]
    names: tuple[dict[str, str], ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
