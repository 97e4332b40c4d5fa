"""How long a compiled circuit takes, how likely it is to succeed, and what it costs.

Estimates from a target's published figures, not promises.  Duration: gates of a chain of ions run
one after the other (feature "serial"); elsewhere the longest path counts.  Success: the product of
one minus the error over all gates and readouts, which takes errors to be independent.  Cost: the
published price list of `qir.targets.prices`, with its formula.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Duration
from qir.columns import DIAGONAL, NAMES, OPERATIONS, distinct, is_gate, layers
from qir.gates import NUM_GATES
from qir.targets.prices import prices_of
from qir.targets.target import Target

__all__ = ["cost", "duration_us", "estimate", "row_seconds", "success_probability"]

Table = Mapping[tuple[str, tuple[int, ...]], float]
Float = npt.NDArray[np.float64]

_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_DEFAULT_SHOTS = {"ionq": 100, "ibm": 4096, "local": 1024}
_REPETITION_DELAY = 250e-6
"""IBM's pause between two shots, in seconds, unless the machine says otherwise."""


def estimate(
    circuit: Circuit, target: Target, *, shots: int | None = None, mitigated: bool | None = None
) -> dict[str, Any]:
    """The estimate of a report: {"duration_us", "success_probability", "cost"}.

    duration_us: of one shot, None when unknown.    shots: None for the service's default.
    mitigated: whether error mitigation is on; None for the service's default.
    cost: see `cost`.
    """
    micro = duration_us(circuit, target)
    return {
        "duration_us": micro,
        "success_probability": success_probability(circuit, target),
        "cost": cost(circuit, target, shots=shots, mitigated=mitigated, duration=micro),
    }


def duration_us(circuit: Circuit, target: Target) -> float | None:
    """Microseconds from the first gate to the last measurement of one shot; None when unknown."""
    if not target.durations:
        return None
    seconds = _seconds(circuit, target)
    return None if seconds is None else round(seconds * 1e6, 6)


def success_probability(circuit: Circuit, target: Target) -> float | None:
    """The probability that no operation fails; None when the errors are not known.

    Of control flow the most likely to fail branch counts, of loops one pass.
    """
    if not target.errors:
        return 1.0 if target.simulator else None
    logarithm = _log_success(circuit, target)
    if target.vendor == "ionq" and not circuit.measures:
        # Every qubit of an IonQ circuit is measured at its end, said or not.
        readout = target.errors.get(("measure", ()), 0.0)
        logarithm += len(circuit.touched_qubits) * float(np.log1p(-readout))
    return float(np.exp(logarithm))


def cost(
    circuit: Circuit,
    target: Target,
    *,
    shots: int | None = None,
    mitigated: bool | None = None,
    duration: float | None = None,
) -> dict[str, Any] | None:
    """What one circuit costs by the first published price of the machine; None when none is known.

    The result has amount, currency, provider, formula, quantities, date and source; `others` holds
    the same for further offers.  duration: of one shot in microseconds, if known already.
    """
    count = shots if shots is not None else _DEFAULT_SHOTS.get(target.vendor, 1000)
    if mitigated is None:
        mitigated = target.vendor == "ionq" and not target.simulator and count >= 500
    one, two = _billed(circuit)
    quantities: dict[str, float] = {
        "task": 1,
        "shot": count,
        "one_qubit_gate_shot": one * count,
        "two_qubit_gate_shot": two * count,
    }
    micro = duration_us(circuit, target) if duration is None else duration
    if micro is not None:
        delay = target.limits.get("rep_delay_default", _REPETITION_DELAY)
        quantities["second"] = round(count * (micro * 1e-6 + delay), 6)
    found = [price.cost(quantities, mitigated=mitigated) for price in prices_of(target.name, target.vendor)]
    known = [row for row in found if row is not None]
    if not known:
        return None
    return {**known[0], "shots": count, **({"others": known[1:]} if len(known) > 1 else {})}


def _billed(circuit: Circuit) -> tuple[int, int]:
    """One- and two-qubit gates as billed: a gate on N > 2 qubits counts as 6(N-2) two-qubit gates
    (Azure's price page of 2025); rotations about z are not pulses and cost nothing."""
    one = two = 0
    stack = [circuit]
    while stack:
        block = stack.pop()
        codes, widths = block.columns.opcode, block.widths
        gates = is_gate(codes) & (codes != 0)
        one += int((gates & (widths == 1) & ~_virtual(block)).sum())
        two += int((gates & (widths == 2)).sum()) + int((6 * (widths - 2))[gates & (widths > 2)].sum())
        stack.extend(inner for extra in block.extras for inner in extra.blocks)
    return one, two


def _virtual(circuit: Circuit) -> npt.NDArray[np.bool_]:
    """One-qubit gates that are diagonal: both vendors do them by changing later phases."""
    codes = circuit.columns.opcode
    diagonal = np.zeros(len(codes), dtype=np.bool_)
    table = codes < NUM_GATES
    diagonal[table] = DIAGONAL[codes[table]]
    return np.asarray(diagonal & (circuit.widths == 1))


def _values(circuit: Circuit, target: Target, table: Table, *, billed: bool) -> Float:
    """The table's value for every operation; NaN where it does not say.

    A gate that the machine does not have counts as its pulse or its entangler, by width; with
    `billed`, one on more than two qubits as 6(N-2) entanglers.
    """
    columns, widths = circuit.columns, circuit.widths
    codes = columns.opcode
    result = np.zeros(len(codes))
    gates = is_gate(codes) & (codes != 0)
    pulse = next((table[name, ()] for name in target.gates if table.get((name, ()), 0.0) > 0), np.nan)
    entangler = table.get((target.entangler, ()), np.nan)
    if np.isnan(pulse):
        pulse = _mean(table, 1)
    if np.isnan(entangler):
        entangler = _mean(table, 2)
    result[gates & (widths == 1)] = pulse
    result[gates & (widths == 2)] = entangler
    wide = gates & (widths > 2)
    result[wide] = 6 * (widths[wide] - 2) * entangler if billed else np.nan
    result[_virtual(circuit)] = 0.0
    for code in distinct(codes).tolist():
        name = NAMES.get(code, "")
        known = {qubits: value for (key, qubits), value in table.items() if key == name}
        if not known:
            continue
        rows = np.flatnonzero((codes == code) & (columns.extra < 0) | (codes == code) & (code >= NUM_GATES))
        everywhere = known.pop((), None)
        if everywhere is not None:
            result[rows] = everywhere
        if known:
            places, inverse = np.unique(columns.qubits[rows], axis=0, return_inverse=True)
            each = [known.get(tuple(q for q in place if q >= 0), everywhere) for place in places.tolist()]
            found = np.array([np.nan if value is None else value for value in each])
            chosen = found[inverse.reshape(-1)]
            result[rows] = np.where(np.isnan(chosen), result[rows], chosen)
    return result


def _mean(table: Table, width: int) -> float:
    values = [v for (_, qubits), v in table.items() if len(qubits) == width and v > 0]
    return float(np.median(values)) if values else float("nan")


def _log_success(circuit: Circuit, target: Target) -> float:
    values = np.nan_to_num(_values(circuit, target, target.errors, billed=True), nan=0.0)
    total = float(np.log1p(-np.clip(values, 0.0, 1.0 - 1e-12)).sum())
    for extra in circuit.extras:
        if extra.blocks:
            total += min(_log_success(block, target) for block in extra.blocks)
    return total


def row_seconds(circuit: Circuit, target: Target) -> Float:
    """How long each operation takes, in seconds; NaN where that is not known."""
    weights = _values(circuit, target, target.durations, billed=True)
    columns = circuit.columns
    for row in np.flatnonzero(columns.extra >= 0).tolist():
        extra = circuit.extras[columns.extra[row]]
        payload = extra.payload
        if isinstance(payload, Duration) and int(columns.opcode[row]) == OPERATIONS["delay"]:
            dt = target.timing.dt if target.timing else None
            unit = dt if payload.unit == "dt" else _UNITS.get(payload.unit)
            known = unit is not None and isinstance(payload.value, (int, float))
            weights[row] = float(payload.value) * unit if known else np.nan  # type: ignore[arg-type, operator]
        elif extra.blocks:
            inner = [_seconds(block, target) for block in extra.blocks]
            weights[row] = np.nan if None in inner else max(value for value in inner if value is not None)
    return weights


def _seconds(circuit: Circuit, target: Target) -> float | None:
    weights = row_seconds(circuit, target)
    if np.isnan(weights).any():
        return None
    if "serial" in target.features:
        return float(weights.sum())
    # `layers` adds whole numbers: picoseconds.
    steps = np.rint(weights * 1e12).astype(np.int64)
    level = layers(circuit.wires, len(circuit.columns), steps)
    return float(level.max(initial=0)) * 1e-12
