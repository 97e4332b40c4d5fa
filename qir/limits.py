"""How much work a program may ask for.  One object, passed down; `None` switches a limit off."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that keep hostile or mistaken input from taking the machine.

    Everything is counted before it is expanded, so going over a limit costs nothing but
    a diagnostic.  Raise a field for a program that legitimately needs more.
    """

    source_bytes: int | None = 64 * 2**20
    token_length: int | None = 2**20
    nesting: int | None = 256
    qubits: int | None = 100_000
    clbits: int | None = 2**20
    integer_bits: int | None = 256
    operations: int | None = 10_000_000
    loop_iterations: int | None = 1_000_000
    call_depth: int | None = 64
    include_depth: int | None = 16
    include_files: int | None = 256
    controls: int | None = 64
    errors: int | None = 100
    array_elements: int | None = 1_000_000
    circuits: int | None = 20_000
    exact_qubits: int = 8
    exact_work: int = 2**30


DEFAULT_LIMITS = Limits()
