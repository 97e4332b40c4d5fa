"""Dynamical decoupling: pulses that cancel one another fill the time in which a qubit waits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from qir.circuit import Circuit, Duration, Extra
from qir.columns import CONTROL, OPERATIONS
from qir.errors import UsageError
from qir.gates import opcode
from qir.params import Angle, angle
from qir.schedule import schedule

from .base import Context
from .rewrite import Rewriter

__all__ = ["SEQUENCES", "Decouple"]

PI = math.pi
Pulse = tuple[tuple[str, tuple[float, ...]], ...]

_X: Pulse = (("x", ()),)
_Y: Pulse = (("rz", (PI,)), ("x", ()))
_BACK: Pulse = (("rz", (PI,)), ("x", ()), ("rz", (-PI,)))

SEQUENCES: dict[str, tuple[tuple[Pulse, ...], float]] = {
    "XX": ((_X, _X), 0.0),
    "XpXm": ((_X, _BACK), PI),
    "XY4": ((_X, _Y, _X, _Y), PI),
}
"""Pulses of a sequence in order, and the phase by which their product misses the identity.  A pulse about y is one
about x after a half turn of the frame; one backwards is the same between two half turns."""


@dataclass(frozen=True)
class Decouple:
    """Fills windows of idle time with a sequence of pulses and the delays between them.

    sequence: "XX", "XpXm" or "XY4"; "" fills nothing.  Where XY4 does not fit, XX does instead.
    Needs: the machine's own gates, its times, and x among them.  Establishes: in every window that is long enough
    (the pulses take half of it at most) the sequence of `SEQUENCES`, evenly spaced: half a space at both ends, whole
    ones between.  Pulses begin at multiples of the machine's alignment and delays are whole multiples of its
    granularity; what is left over goes into the middle.  The circuit takes no longer than before.
    Keeps: everything; qubits that wait in |0> (before their first gate, after a reset) are left alone, and so are
    circuits with control flow, for which the service allows no decoupling.
    Sources: Viola, Knill and Lloyd 1999; Maudsley 1986 (XY4).
    """

    name: ClassVar[str] = "decouple"
    sequence: str = "XX"

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        target = context.target
        if not self.sequence or target is None or np.isin(circuit.columns.opcode, list(CONTROL)).any():
            return circuit
        if self.sequence not in SEQUENCES:
            raise UsageError(f"the sequences of decoupling are {', '.join(SEQUENCES)}, not {self.sequence!r}")
        if "x" not in target.gates or "delay" not in target.features:
            raise UsageError(f"{target.name} has no pulses or delays to decouple with")
        plan = schedule(circuit, target)
        assert target.timing is not None
        grid = math.lcm(target.timing.granularity, target.timing.pulse_alignment)
        kept = circuit.columns.opcode
        windows: list[tuple[int, int, list[Any], float]] = []
        for qubit, before, after, begin, length in plan.idle(circuit).tolist():
            # A loop per window: there are few, and each is its own sum of whole numbers.
            if kept[before] == OPERATIONS["reset"]:
                continue
            pulse = target.durations.get(("x", (qubit,)), target.durations.get(("x", ())))
            if pulse is None:
                continue
            steps = round(pulse / plan.dt)
            for name in dict.fromkeys((self.sequence, "XX")):
                pulses, phase = SEQUENCES[name]
                delays = _delays(begin, length, steps, len(pulses), grid)
                if delays is not None:
                    windows.append((after, qubit, _written(pulses, delays), phase))
                    break
        return self._filled(circuit, context, windows) if windows else circuit

    def _filled(self, circuit: Circuit, context: Context, windows: list[tuple[int, int, list[Any], float]]) -> Circuit:
        windows.sort(key=lambda window: window[:2])
        count = len(circuit.columns)
        ahead = np.searchsorted([after for after, *_ in windows], np.arange(count), side="right")
        label = np.arange(count) + ahead
        rewriter = Rewriter(circuit)
        rewriter.keep(np.arange(count), label)
        span = circuit.columns.span
        for number, (after, qubit, rows, phase) in enumerate(windows):
            for name, values, extra in rows:
                code = OPERATIONS["delay"] if name == "delay" else opcode(name)
                rewriter.append(after + number, code, (qubit,), values, int(span[after]), extra)
            rewriter.phase = rewriter.phase + angle(phase)
        return rewriter.finish(context, self.name, label)


def _delays(begin: int, length: int, pulse: int, count: int, grid: int) -> list[int] | None:
    """Delays before, between and after `count` pulses, in dt; None when they do not fit."""
    late = -begin % grid
    free = (length - late) // grid * grid - count * pulse
    if free < count * pulse or pulse % grid:
        return None
    shares = [0.5, *[1.0] * (count - 1), 0.5]
    delays = [int(free * share / count) // grid * grid for share in shares]
    delays[len(delays) // 2] += free - sum(delays)
    delays[0] += late
    return delays


def _written(pulses: tuple[Pulse, ...], delays: list[int]) -> list[tuple[str, tuple[Angle, ...], Extra | None]]:
    rows: list[tuple[str, tuple[Angle, ...], Extra | None]] = []
    for number, delay in enumerate(delays):
        if delay:
            rows.append(("delay", (), Extra(payload=Duration(delay, "dt"))))
        if number < len(pulses):
            rows += [(name, tuple(angle(v) for v in values), None) for name, values in pulses[number]]
    return rows
