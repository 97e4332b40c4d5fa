"""An IBM machine from the files its service gives out: `GET /v1/backends/{id}/configuration` and `/properties`.

These are the same objects that the snapshots of qiskit-ibm-runtime hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from statistics import median
from typing import Any

from qir.diagnostics import Diagnostic, error
from qir.errors import ParseError
from qir.gates import GATES
from qir.targets.ibm import FRACTIONAL, SERVICE_LIMITS, VIRTUAL, Edge, with_fractional
from qir.targets.target import Target, Timing

__all__ = ["from_files"]

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "ps": 1e-12}
_FEATURES = {"if_else": "if"} | {name: name for name in ("reset", "delay", "store", "measure_2", "reset_2")}
_ENTANGLERS = ("cz", "ecr", "cx", "rzz")


class _Reader:
    """Takes fields out of a JSON object and notes what is wrong with them."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def complain(self, slug: str, message: str, pointer: str) -> None:
        self.found.append(error(slug, message, pointer=pointer))

    def integer(self, data: Mapping[str, Any], key: str, pointer: str, *, low: int, high: int) -> int | None:
        value = data.get(key)
        if value is None:
            self.complain("json.missing", f"the field {key!r} is missing", pointer)
        elif isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.complain("json.type", f"{key!r} is not an integer from {low} to {high}", f"{pointer}/{key}")
        else:
            return value
        return None

    def edges(self, value: object, num_qubits: int, pointer: str, width: int | None = 2) -> list[tuple[int, ...]]:
        if not isinstance(value, list):
            self.complain("json.type", "a list of lists of qubits was expected", pointer)
            return []
        result: list[tuple[int, ...]] = []
        for i, entry in enumerate(value):
            good = isinstance(entry, list) and all(
                isinstance(q, int) and not isinstance(q, bool) and 0 <= q < num_qubits for q in entry
            )
            if not good or (width is not None and len(entry) != width) or len(set(entry)) != len(entry):
                self.complain("json.type", f"not a list of different qubits below {num_qubits}", f"{pointer}/{i}")
                return result
            result.append(tuple(entry))
        return result


def from_files(
    configuration: Mapping[str, Any], properties: Mapping[str, Any] | None = None, *, fractional: bool | None = None
) -> Target:
    """A target from the JSON of `GET /v1/backends/{id}/configuration` and `/properties`.

    fractional: keep the gates rx and rzz (True) or strip them (False); None keeps them when the
    configuration lists rzz among the basis gates.  Faulty qubits and edges (marked as not
    operational, or lacking a one-qubit gate) are never used.  ParseError lists what is malformed.
    """
    reader = _Reader()
    if not isinstance(configuration, Mapping):
        raise ParseError([error("json.type", "a backend configuration is a JSON object")])
    if properties is not None and not isinstance(properties, Mapping):
        raise ParseError([error("json.type", "backend properties are a JSON object")])
    num_qubits = reader.integer(configuration, "n_qubits", "", low=1, high=100_000)
    basis = configuration.get("basis_gates")
    if basis is None:
        reader.complain("json.missing", "the field 'basis_gates' is missing", "")
    elif not isinstance(basis, list) or not all(isinstance(g, str) for g in basis):
        reader.complain("json.type", "'basis_gates' is not a list of names", "/basis_gates")
        basis = None
    if num_qubits is None or basis is None:
        raise ParseError(reader.found)
    all_to_all = configuration.get("coupling_map") is None
    coupling = [] if all_to_all else reader.edges(configuration["coupling_map"], num_qubits, "/coupling_map")
    sites = _gate_sites(reader, configuration, num_qubits)
    listed = [g for g in dict.fromkeys(basis) if g in GATES and g != "id"]
    keep = "rzz" in listed if fractional is None else fractional
    gates = [g for g in listed if keep or g not in FRACTIONAL]
    edges: dict[str, tuple[Edge, ...]] = {}
    for name in gates:
        if GATES[name].num_qubits == 2:
            pairs = sites.get(name) or [tuple(e) for e in coupling]
            edges[name] = tuple(sorted({(q[0], q[1]) for q in pairs}))
    entangler = next((g for g in _ENTANGLERS if g in edges), next(iter(edges), ""))
    target = Target(
        name=_text(configuration.get("backend_name"), "custom"),
        vendor="ibm",
        num_qubits=num_qubits,
        gates=tuple(gates),
        entangler=entangler,
        edges=None if all_to_all and not any(sites.get(g) for g in edges) else edges,
        timing=_timing(reader, configuration),
        features=_features(configuration, bool(FRACTIONAL & set(gates))),
        limits=_limits(configuration),
        faulty_qubits=frozenset(_incomplete(sites, gates, num_qubits)),
        family=_family(configuration.get("processor_type")),
        simulator=configuration.get("simulator") is True,
        source="backend configuration" if properties is None else "backend configuration and properties",
    )
    if properties is not None:
        target = _calibrated(reader, target, properties)
    if reader.found:
        raise ParseError(reader.found)
    if fractional and target.edges is not None and not FRACTIONAL <= set(target.gates):
        target = with_fractional(target)
    return target


def _text(value: object, default: str) -> str:
    return value if isinstance(value, str) and value else default


def _gate_sites(reader: _Reader, configuration: Mapping[str, Any], num_qubits: int) -> dict[str, list[tuple[int, ...]]]:
    """Per gate the operands it is listed for, where the configuration says so."""
    sites: dict[str, list[tuple[int, ...]]] = {}
    gates = configuration.get("gates") or []
    if not isinstance(gates, list):
        reader.complain("json.type", "'gates' is not a list", "/gates")
        return sites
    for i, entry in enumerate(gates):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
            reader.complain("json.type", "a gate is an object with a name", f"/gates/{i}")
        elif entry.get("coupling_map"):
            name = entry["name"]
            width = GATES[name].num_qubits if name in GATES else None
            sites[name] = reader.edges(entry["coupling_map"], num_qubits, f"/gates/{i}/coupling_map", width)
    return sites


def _incomplete(sites: Mapping[str, list[tuple[int, ...]]], gates: Iterable[str], num_qubits: int) -> set[int]:
    """Qubits that lack one of the one-qubit gates."""
    missing: set[int] = set()
    for name in gates:
        if GATES[name].num_qubits == 1 and sites.get(name):
            missing |= set(range(num_qubits)) - {q[0] for q in sites[name]}
    return missing


def _features(configuration: Mapping[str, Any], fractional: bool) -> frozenset[str]:
    instructions = configuration.get("supported_instructions")
    if not isinstance(instructions, list):
        instructions = ["delay", "reset"]
    names = {_FEATURES[name] for name in instructions if isinstance(name, str) and name in _FEATURES}
    # Loops and switch are listed by old configurations; the hardware runs neither.
    return frozenset(names | {"mid-circuit"} | ({"fractional"} if fractional else set()))


def _timing(reader: _Reader, configuration: Mapping[str, Any]) -> Timing | None:
    dt = configuration.get("dt")
    constraints = configuration.get("timing_constraints") or {}
    if dt is None:
        return None
    if isinstance(dt, bool) or not isinstance(dt, (int, float)) or not 0 < dt < math.inf:
        reader.complain("json.type", "'dt' is not a positive number", "/dt")
        return None
    if not isinstance(constraints, Mapping):
        reader.complain("json.type", "'timing_constraints' is not an object", "/timing_constraints")
        return None
    values = {}
    for key in ("granularity", "min_length", "pulse_alignment", "acquire_alignment"):
        value = constraints.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            reader.complain("json.type", f"{key!r} is not a positive integer", f"/timing_constraints/{key}")
            value = 1
        values[key] = value
    # The service writes nanoseconds; some old files have seconds.
    return Timing(dt=float(dt) if dt < 1e-6 else dt * 1e-9, **values)


def _limits(configuration: Mapping[str, Any]) -> dict[str, float]:
    limits = dict(SERVICE_LIMITS)
    shots = configuration.get("max_shots")
    if isinstance(shots, int) and shots > 0:
        limits["shots"] = shots
    bounds = configuration.get("rep_delay_range")
    if isinstance(bounds, list) and len(bounds) == 2 and all(isinstance(b, (int, float)) for b in bounds):
        limits["rep_delay_min"], limits["rep_delay_max"] = bounds[0] * 1e-6, bounds[1] * 1e-6
    return limits


def _family(processor: object) -> str:
    if not isinstance(processor, Mapping) or "family" not in processor:
        return ""
    revision = processor.get("revision")
    return f"{processor['family']} r{revision}" if revision is not None else str(processor["family"])


def _calibrated(reader: _Reader, target: Target, properties: Mapping[str, Any]) -> Target:
    """The target with errors, durations and faults of the properties."""
    errors: dict[tuple[str, tuple[int, ...]], float] = {}
    durations: dict[tuple[str, tuple[int, ...]], float] = {}
    faulty_qubits = set(target.faulty_qubits)
    faulty_edges: set[tuple[str, Edge]] = set()
    qubits = properties.get("qubits") or []
    if not isinstance(qubits, list):
        reader.complain("json.type", "'qubits' is not a list", "/qubits")
        qubits = []
    for q, entries in enumerate(qubits[: target.num_qubits]):
        values = _parameters(reader, entries, f"/qubits/{q}")
        if "readout_error" in values:
            errors["measure", (q,)] = values["readout_error"]
        if "readout_length" in values:
            durations["measure", (q,)] = values["readout_length"]
        if values.get("operational", 1.0) == 0:
            faulty_qubits.add(q)
    gates = properties.get("gates") or []
    if not isinstance(gates, list):
        reader.complain("json.type", "'gates' is not a list", "/gates")
        gates = []
    for i, entry in enumerate(gates):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("gate"), str):
            reader.complain("json.type", "a gate is an object with 'gate' and 'qubits'", f"/gates/{i}")
            continue
        operands = reader.edges([entry.get("qubits")], target.num_qubits, f"/gates/{i}/qubits", None)
        if not operands:
            continue
        name, where = entry["gate"], operands[0]
        values = _parameters(reader, entry.get("parameters"), f"/gates/{i}/parameters")
        if values.get("operational", 1.0) == 0:
            if len(where) == 1:
                faulty_qubits.add(where[0])
            elif len(where) == 2:
                faulty_edges.add((name, (where[0], where[1])))
        if name not in target.gates and name not in ("measure", "reset"):
            continue
        if "gate_error" in values:
            errors.setdefault((name, where), values["gate_error"])
        if "gate_length" in values:
            durations.setdefault((name, where), values["gate_length"])
    for table in (errors, durations):
        for name in sorted({key[0] for key in table}):
            table[name, ()] = median(value for key, value in table.items() if key[0] == name)
        for name in VIRTUAL & set(target.gates):
            table.setdefault((name, ()), 0.0)
    edges = target.edges
    if edges is not None and (faulty_edges or faulty_qubits):
        edges = {
            name: tuple(e for e in pairs if (name, e) not in faulty_edges and not faulty_qubits & set(e))
            for name, pairs in edges.items()
        }
    date = properties.get("last_update_date")
    return replace(
        target,
        edges=edges,
        errors=errors,
        durations=durations,
        faulty_qubits=frozenset(faulty_qubits),
        faulty_edges=frozenset(e for _, e in faulty_edges),
        source=f"{target.source} of {date}" if isinstance(date, str) else target.source,
    )


def _parameters(reader: _Reader, entries: object, pointer: str) -> dict[str, float]:
    """Name to value of a list of {name, value, unit}; lengths in seconds."""
    result: dict[str, float] = {}
    if not isinstance(entries, list):
        reader.complain("json.type", "a list of parameters was expected", pointer)
        return result
    for i, entry in enumerate(entries):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
            reader.complain("json.type", "a parameter is an object with name and value", f"{pointer}/{i}")
            return result
        value = entry.get("value")
        if isinstance(value, bool):
            value = int(value)
        if value is None:
            continue
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            reader.complain("json.type", f"{entry['name']!r} is not a number", f"{pointer}/{i}/value")
            return result
        unit = entry.get("unit")
        if entry["name"] in ("gate_length", "readout_length"):
            value = value * (_SECONDS.get(unit, 1e-9) if isinstance(unit, str) else 1e-9)
        result[entry["name"]] = float(value)
    return result
