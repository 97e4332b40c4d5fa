"""IBM's machines as data.

Couplings are made by the rule of the chip family.  The fleet, its medians and dates are those
of the device snapshots that qiskit-ibm-runtime 0.51 carries (February 2025 to April 2026) and of
the pages "QPU information" and "Retired QPUs" of IBM's documentation.  A machine changes every
day: for work that counts, load its present files with `Target.from_ibm`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from qir.targets.target import Target, Timing

__all__ = [
    "FAMILIES", "TARGETS", "Family", "heavy_hex", "offers_fractional", "square_lattice",
    "with_fractional",
]

Edge = tuple[int, int]

SERVICE_LIMITS: Mapping[str, float] = {
    "shots": 100_000,
    "executions": 5_000_000,
    "instructions_per_qubit": 32_000_000,
    "safe_two_qubit_gates": 10_000,
    "bytes": 50_000_000,
    "condition_bits": 32,
    "cost_seconds": 10_800,
    "tags": 8,
    "tag_length": 86,
}
"""Limits of a job whatever the machine (documentation pages job-limits, max-execution-time and
execute-dynamic-circuits, and the service's OpenAPI description 0.45.3; read November 2026)."""

VIRTUAL = frozenset({"rz"})
"""Gates that are done by bookkeeping: no time, no error."""

FRACTIONAL = frozenset({"rx", "rzz"})
"""Gates with a free angle that Heron machines run; rzz from 0 to pi/2 only."""


def heavy_hex(rows: Sequence[tuple[int, int]], even: int, odd: int, *, dangling: bool = False) -> tuple[Edge, ...]:
    """Undirected edges of a heavy-hexagon chip, ascending.

    rows: (first column, length) of each line of qubits.  Between two lines sit four connectors,
    at every fourth column from `even` after even lines and from `odd` after odd ones.  Qubits are
    numbered line by line, a line's connectors after it; with `dangling` the last line has
    connectors too, which lead nowhere.
    """
    starts = []
    number = 0
    for _, length in rows:
        starts.append(number)
        number += length + 4
    edges: list[Edge] = []
    for k, (_, length) in enumerate(rows):
        edges += [(starts[k] + i, starts[k] + i + 1) for i in range(length - 1)]
        if k + 1 == len(rows) and not dangling:
            continue
        for i in range(4):
            column = (odd if k % 2 else even) + 4 * i
            connector = starts[k] + length + i
            edges.append((starts[k] + column - rows[k][0], connector))
            if k + 1 < len(rows):
                edges.append((connector, starts[k + 1] + column - rows[k + 1][0]))
    return tuple(sorted(edges))


def square_lattice(width: int, height: int) -> tuple[Edge, ...]:
    """Undirected edges of a grid numbered row by row, ascending."""
    across = [(y * width + x, y * width + x + 1) for y in range(height) for x in range(width - 1)]
    down = [(y * width + x, (y + 1) * width + x) for y in range(height - 1) for x in range(width)]
    return tuple(sorted(across + down))


@dataclass(frozen=True)
class Family:
    """A chip family: its size, two-qubit gate, undirected edges and features."""

    name: str
    num_qubits: int
    entangler: str
    edges: tuple[Edge, ...]
    features: frozenset[str] = frozenset({"if", "mid-circuit", "reset", "delay"})
    fractional: bool = False


_HERON_EDGES = heavy_hex([(0, 16)] * 8, 3, 1)
_DT_05 = Timing(0.5e-9, 8, 16, 8, 8)
_DT_02 = Timing(2e-9 / 9, 16, 64, 16, 16)
_DT_4 = Timing(4e-9, 1, 2, 1, 1)

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("Heron r3", 156, "cz", _HERON_EDGES, fractional=True),
        Family("Heron r2", 156, "cz", _HERON_EDGES, fractional=True),
        Family("Heron r1", 133, "cz", heavy_hex([(0, 15)] * 7, 0, 2, dangling=True), fractional=True),
        Family("Eagle r3", 127, "ecr", heavy_hex([(0, 14), *[(0, 15)] * 5, (1, 14)], 0, 2)),
        Family("Nighthawk r1", 120, "cz", square_lattice(10, 12), features=frozenset({"mid-circuit", "delay"})),
    )
}
"""Families by name.  Nighthawk's snapshots of April 2026 list neither reset nor control flow."""


class _Machine(NamedTuple):
    """One machine: medians of errors and of durations (ns) on the date of the snapshot.

    directions: for Eagle, one bit per edge of the family (least significant first): 1 when the ecr
    gate runs from the higher to the lower qubit, 0 the other way.
    """

    name: str
    family: str
    date: str
    sx_error: float
    entangler_error: float
    readout_error: float
    sx_ns: float
    entangler_ns: float
    readout_ns: float
    reset_ns: float | None
    rep_delay: tuple[float, float]
    retired: str | None = None
    directions: int | None = None
    timing: Timing | None = None


_NEW = (0.0, 2000.0)
_OLD = (0.0, 500.0)
_NIGHT = (1000.0, 4000.0)

_MACHINES: tuple[_Machine, ...] = (
    _Machine("ibm_aachen", "Heron r3", "2026-04-17", 1.91e-4, 1.535e-3, 7.39e-3, 32, 68, 2584, 2680, _NEW),
    _Machine("ibm_boston", "Heron r3", "2026-04-17", 1.45e-4, 1.275e-3, 5.13e-3, 32, 68, 2200, 2232, _NEW),
    _Machine("ibm_pittsburgh", "Heron r3", "2026-04-17", 1.99e-4, 1.549e-3, 4.52e-3, 32, 88, 2584, 2616, _NEW),
    _Machine("ibm_fez", "Heron r2", "2025-02-26", 2.29e-4, 3.903e-3, 7.57e-3, 24, 84, 1560, 1584, _NEW),
    _Machine("ibm_kingston", "Heron r2", "2026-04-15", 2.36e-4, 1.828e-3, 9.52e-3, 32, 68, 2280, 2312, _NEW),
    _Machine("ibm_marrakesh", "Heron r2", "2025-02-26", 2.30e-4, 3.295e-3, 9.52e-3, 36, 68, 2584, 2720, _NEW),
    _Machine("ibm_berlin", "Nighthawk r1", "2026-04-17", 2.11e-4, 2.194e-3, 2.08e-2, 32, 68, 2400, None, _NIGHT),
    _Machine("ibm_miami", "Nighthawk r1", "2026-04-17", 1.97e-4, 2.978e-3, 1.79e-2, 32, 138, 2400, None, _NIGHT),
    _Machine("ibm_torino", "Heron r1", "2025-02-26", 2.71e-4, 4.190e-3, 2.29e-2, 32, 68, 1560, 1708, _OLD, "2026-04"),
    _Machine("ibm_brisbane", "Eagle r3", "2025-02-26", 2.43e-4, 7.719e-3, 2.00e-2, 60, 660, 1300, 1860, _OLD, "2026-04",
             0x6E22B71D868A2ABD68800D617009D8C0989F, _DT_05),
    _Machine("ibm_brussels", "Eagle r3", "2026-04-17", 2.75e-4, 8.805e-3, 2.83e-2, 60, 660, 1500, 1560, _OLD, "2026-04",
             0x29579BB442EA8DB3B592003E2539BB8ABA32, _DT_4),
    _Machine("ibm_cusco", "Eagle r3", "2025-02-26", 6.30e-4, 2.6221e-2, 6.03e-2, 44, 460, 4000, 4044, _OLD, "2024-08-13",
             0xD43100DC46AB3D8A2EA05D63510774CEBF3E, _DT_05),
    _Machine("ibm_kawasaki", "Eagle r3", "2025-02-26", 2.70e-4, 9.013e-3, 1.59e-2, 53.33, 586.67, 1112.89, 3121.78, _OLD,
             "2026-04", 0x81AB8928B45797350309B9EEBDF7A38BB890, _DT_02),
    _Machine("ibm_kyiv", "Eagle r3", "2025-02-26", 2.52e-4, 1.1718e-2, 1.27e-2, 49.78, 561.78, 1244.44, 1294.22, _OLD,
             "2025-04-18", 0x4C2C1698426EB84853032D5B615761ED99B0, _DT_02),
    _Machine("ibm_kyoto", "Eagle r3", "2024-02-28", 2.90e-4, 9.0e-3, 1.45e-2, 60, 660, 1400, 1460, _OLD, "2024-09-05",
             0x6FF743304F72D8DE62DA27EF1608B38723D9, _DT_05),
    _Machine("ibm_osaka", "Eagle r3", "2024-02-28", 2.26e-4, 6.929e-3, 2.11e-2, 60, 660, 1400, 3660, _OLD, "2024-08-13",
             0x530E209C443F6574BD4BC91365D88DC5E4E7, _DT_05),
    _Machine("ibm_quebec", "Eagle r3", "2025-02-26", 2.52e-4, 9.094e-3, 1.73e-2, 60.44, 593.78, 835.56, 896, _OLD, "2026-04",
             0x9E9E2C98DB0CB9338C961DE61CDB7CB5A42F, _DT_02),
    _Machine("ibm_sherbrooke", "Eagle r3", "2025-02-26", 2.36e-4, 7.788e-3, 1.98e-2, 56.89, 533.33, 1216, 1272.89, _OLD,
             "2026-04", 0xF162DF35A59C1755F359AAD5D117748D19BB, _DT_02),
    _Machine("ibm_strasbourg", "Eagle r3", "2026-04-17", 2.49e-4, 8.243e-3, 2.72e-2, 60, 660, 1600, 1660, _OLD, "2026-04-27",
             0xB2B444363056DF8D1B18B1FB0AC3351864C5, _DT_4),
)  # fmt: skip
"""The fleet.  A retirement given by month is that of the announcement that the last Eagles and
ibm_torino are gone.  ibm_kyoto's snapshot has no sound ecr error; the figure is its family's."""


def _target(machine: _Machine) -> Target:
    family = FAMILIES[machine.family]
    entangler = family.entangler
    if machine.directions is None:
        directed = tuple(sorted({pair for a, b in family.edges for pair in ((a, b), (b, a))}))
    else:
        bits = machine.directions
        directed = tuple(sorted((b, a) if bits >> i & 1 else (a, b) for i, (a, b) in enumerate(family.edges)))
    everywhere: tuple[int, ...] = ()
    errors = {
        ("rz", everywhere): 0.0,
        ("sx", everywhere): machine.sx_error,
        ("x", everywhere): machine.sx_error,
        (entangler, everywhere): machine.entangler_error,
        ("measure", everywhere): machine.readout_error,
    }
    durations = {
        ("rz", everywhere): 0.0,
        ("sx", everywhere): machine.sx_ns * 1e-9,
        ("x", everywhere): machine.sx_ns * 1e-9,
        (entangler, everywhere): machine.entangler_ns * 1e-9,
        ("measure", everywhere): machine.readout_ns * 1e-9,
    }
    if machine.reset_ns is not None:
        durations["reset", everywhere] = machine.reset_ns * 1e-9
    return Target(
        name=machine.name,
        vendor="ibm",
        num_qubits=family.num_qubits,
        gates=("rz", "sx", "x", entangler),
        entangler=entangler,
        edges={entangler: directed},
        errors=errors,
        durations=durations,
        timing=machine.timing or _DT_4,
        features=family.features,
        limits={**SERVICE_LIMITS, "rep_delay_min": machine.rep_delay[0] * 1e-6, "rep_delay_max": machine.rep_delay[1] * 1e-6},
        family=family.name,
        retired=machine.retired,
        source=f"medians of the device snapshot of {machine.date}",
    )


TARGETS: tuple[Target, ...] = tuple(_target(machine) for machine in _MACHINES)
"""The built-in machines, those in service first."""


def offers_fractional(target: Target) -> bool:
    """Whether the machine can be had with fractional gates: it lists them, or its family has them."""
    family = FAMILIES.get(target.family)
    return FRACTIONAL <= set(target.gates) or (target.vendor == "ibm" and family is not None and family.fractional)


def with_fractional(target: Target, on: bool = True) -> Target:
    """The same machine with (or without) the fractional gates rx and rzz.

    rzz runs where the entangling gate does, rx on every qubit; errors and durations that are not
    known are those of the entangling gate and of sx.  A service lists these gates only to clients
    that ask for them, and they go neither with gate twirling nor with PEC or PEA.
    """
    if not on:
        return replace(
            target,
            gates=tuple(g for g in target.gates if g not in FRACTIONAL),
            edges=None if target.edges is None else {k: v for k, v in target.edges.items() if k not in FRACTIONAL},
            errors={k: v for k, v in target.errors.items() if k[0] not in FRACTIONAL},
            durations={k: v for k, v in target.durations.items() if k[0] not in FRACTIONAL},
            features=target.features - {"fractional"},
        )
    if FRACTIONAL <= set(target.gates):
        return replace(target, features=target.features | {"fractional"})
    pulse, entangler = "sx", target.entangler

    def extended(table: Mapping[tuple[str, tuple[int, ...]], float]) -> dict[tuple[str, tuple[int, ...]], float]:
        copied = dict(table)
        for (name, qubits), value in table.items():
            if name == pulse:
                copied.setdefault(("rx", qubits), value)
            elif name == entangler:
                copied.setdefault(("rzz", qubits), value)
        return copied

    edges = None if target.edges is None else {**target.edges, "rzz": target.edges.get(entangler, ())}
    return replace(
        target,
        gates=(*target.gates, *(g for g in ("rx", "rzz") if g not in target.gates)),
        edges=edges,
        errors=extended(target.errors),
        durations=extended(target.durations),
        features=target.features | {"fractional"},
    )
