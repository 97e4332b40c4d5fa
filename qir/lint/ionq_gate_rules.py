"""Rules about the gates of an IonQ circuit that the reader lets pass.

Gates are looked at by shape (name and fields), and what strikes often in one circuit is said once,
at the first place, with its number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import getdoc
from typing import Any, NamedTuple

from qir.diagnostics import Diagnostic, Severity
from qir.json_text import Path, is_number, kind_of
from qir.lint.ionq_context import Entry, Subject
from qir.targets.ionq_format import GATE_FIELDS, NATIVE, PAULIEXP_FIELDS, QIS

__all__ = ["check_gates", "gate_pages"]

_SINGLE_FIELDS = ("target", "control")
_LIST_FIELDS = ("targets", "controls", "phases", "terms", "coefficients")
_MACHINE_GATES = {"ms": "aria", "zz": "forte"}
"""Two-qubit native gates and the one family of machines that has each (v0.3 documentation)."""


class _Finding(NamedTuple):
    severity: Severity
    slug: str
    message: str
    path: Path
    help: str | None = None


Group = list[tuple[int, dict[str, Any]]]


def check_gates(subject: Subject) -> Iterator[Diagnostic]:
    """Everything about the gates, per circuit and rule once."""
    for entry in subject.entries:
        groups: dict[Any, Group] = {}
        for index, gate in enumerate(entry.gates):
            if isinstance(gate, dict) and isinstance(gate.get("gate"), str):
                groups.setdefault((gate["gate"], *gate), []).append((index, gate))
        first: dict[tuple[str, str], tuple[_Finding, int]] = {}
        for shape, group in groups.items():
            for rule in _RULES:
                for found in rule(subject, entry, shape[0], frozenset(shape[1:]), group):
                    key = (found.slug, found.message)
                    kept, count = first.get(key, (found, 0))
                    first[key] = (kept, count + 1)
        for found, count in first.values():
            message = found.message if count == 1 else f"{found.message} ({count} times)"
            make = subject.document.error if found.severity is Severity.ERROR else subject.document.warning
            yield make(found.slug, message, found.path, help=found.help)


def _fields(subject: Subject, entry: Entry, name: str, keys: frozenset[str], group: Group) -> Iterator[_Finding]:
    """Fields that the schema does not allow a gate of this gateset (OpenAPI: no additional properties)."""
    if entry.gateset is None or not subject.strict:
        return
    known = GATE_FIELDS[entry.gateset] | (PAULIEXP_FIELDS if name == "pauliexp" else frozenset())
    for key in sorted(keys - known):
        for index, _ in group:
            message = f'a gate of the gateset "{entry.gateset}" has no field "{key}"'
            yield _Finding(Severity.ERROR, "job.extra", message, (*entry.path, index, key), "remove it")


def _types(subject: Subject, entry: Entry, name: str, keys: frozenset[str], group: Group) -> Iterator[_Finding]:
    """`target` and `control` hold one number, `targets` and `controls` a list (OpenAPI)."""
    if not subject.strict:
        return
    for keys_of, wanted in ((_SINGLE_FIELDS, False), (_LIST_FIELDS, True)):
        for key in keys_of:
            if key not in keys:
                continue
            for index, gate in group:
                if isinstance(gate[key], list) != wanted:
                    message = f'"{key}" is {"a list" if wanted else "one number"}, not {kind_of(gate[key])}'
                    yield _Finding(Severity.ERROR, "job.type", message, (*entry.path, index, key))


def _unused_angles(subject: Subject, entry: Entry, name: str, keys: frozenset[str], group: Group) -> Iterator[_Finding]:
    """Angles that a native gate does not take: the schema lets them pass, they mean nothing."""
    spec = NATIVE.get(name)
    if entry.gateset != "native" or spec is None:
        return
    takes = {"phase": {"phase"}, "phases": {"phases", "angle"}, "angle": {"angle", "phase"}, "": set()}[spec.angles]
    if name == "zz" and "angle" not in keys:
        takes = {"phase"}
    elif name == "zz":
        takes = {"angle"}
    for key in sorted(({"phase", "phases", "angle", "rotation"} & keys) - takes):
        for index, gate in group:
            if subject.strict and not (isinstance(gate[key], list) if key == "phases" else is_number(gate[key])):
                message = f'"{key}" is {"a list" if key == "phases" else "a number"}, not {kind_of(gate[key])}'
                yield _Finding(Severity.ERROR, "job.type", message, (*entry.path, index, key))
            message = f'"{name}" takes no "{key}": it is ignored'
            yield _Finding(Severity.WARNING, "ionq.angle", message, (*entry.path, index, key), "remove it")


def _controls(subject: Subject, entry: Entry, name: str, keys: frozenset[str], group: Group) -> Iterator[_Finding]:
    """Up to seven controls (documentation of v0.3; failure TooManyControls), on gates of one qubit."""
    if "controls" not in keys and "control" not in keys:
        return
    most = 7 if subject.machine is None else int(subject.machine.limits.get("controls", 7))
    doubtful = name == "pauliexp" or (name in QIS and QIS[name].targets == 2 and name != "swap")
    for index, gate in group:
        controls = gate.get("controls")
        count = len(controls) if isinstance(controls, list) else int("control" in gate)
        if count > most:
            message = f"{count} controls: the service takes up to {most}"
            path = (*entry.path, index, "controls")
            yield _Finding(Severity.ERROR, "target.gate", message, path, "decompose it: qir.compile does")
        elif count and doubtful:
            message = f'no document says that "{name}" can be controlled'
            yield _Finding(Severity.WARNING, "target.gate", message, (*entry.path, index), "decompose it: qir.compile does")


def _machine_gates(subject: Subject, entry: Entry, name: str, keys: frozenset[str], group: Group) -> Iterator[_Finding]:
    """ms runs on Aria machines only, zz on Forte machines only; the ideal simulator takes both."""
    machine = subject.machine
    if entry.gateset != "native" or name not in _MACHINE_GATES or machine is None:
        return
    index = group[0][0]
    path = (*entry.path, index, "gate")
    other = "zz" if name == "ms" else "ms"
    if not machine.simulator and name not in machine.gates:
        for index, _ in group:
            message = f'{machine.name} has no gate "{name}": it has "{other}"'
            yield _Finding(Severity.ERROR, "target.gate", message, (*entry.path, index, "gate"), "compile it for this machine")
    elif subject.model not in (None, "ideal") and not str(subject.model).startswith(_MACHINE_GATES[name]):
        message = f'the machine of the noise model {subject.model} has no gate "{name}"'
        yield _Finding(Severity.WARNING, "target.gate", message, path, f'it has "{other}"')


def _native_ranges(subject: Subject, entry: Entry, name: str, keys: frozenset[str], group: Group) -> Iterator[_Finding]:
    """Phases from -1 to 1 turns, angles of ms from 0 to 0.25 (documentation of v0.3).  For zz the
    sources differ: up to 0.25 (qBraid), or any number (documentation of 2026-10)."""
    if entry.gateset != "native" or name not in NATIVE:
        return
    for index, gate in group:
        phases = gate.get("phases")
        rows = [((*entry.path, index, "phases", i), p) for i, p in enumerate(phases)] if isinstance(phases, list) else []
        angle, angle_path = gate.get("angle"), (*entry.path, index, "angle")
        if name == "zz" and "angle" not in gate:
            angle, angle_path = gate.get("phase"), (*entry.path, index, "phase")
        elif "phase" in gate:
            rows.append(((*entry.path, index, "phase"), gate["phase"]))
        for path, phase in rows:
            if is_number(phase) and not -1 <= phase <= 1:
                message = f'a phase of "{name}" outside -1 to 1 turns'
                yield _Finding(Severity.WARNING, "target.angle", message, path, "phases are in turns, not radians: 1 is 2 pi")
        if is_number(angle) and not (0 if name == "ms" else -0.25) <= angle <= 0.25:
            if name == "ms":
                help = "add 0.5 to one phase and negate the angle" if -0.25 <= angle < 0 else "angles are in turns, not radians"
                yield _Finding(Severity.ERROR, "target.angle", "an angle of ms outside 0 to 0.25 turns", angle_path, help)
            elif name == "zz":
                message = "an angle of zz outside -0.25 to 0.25 turns: not all documents allow it"
                yield _Finding(Severity.WARNING, "target.angle", message, angle_path, "qir.compile folds it")


def _pauliexp(subject: Subject, entry: Entry, name: str, keys: frozenset[str], group: Group) -> Iterator[_Finding]:
    """The time of a pauliexp is not negative (cirq-ionq and PennyLane refuse or rewrite it)."""
    if name != "pauliexp" or entry.gateset != "qis":
        return
    for index, gate in group:
        if is_number(gate.get("time")) and gate["time"] < 0:
            help = "negate the time and all coefficients"
            yield _Finding(Severity.ERROR, "ionq.pauliexp", "the time is negative", (*entry.path, index, "time"), help)


_Rule = Callable[[Subject, Entry, str, "frozenset[str]", Group], Iterator[_Finding]]
_RULES: tuple[_Rule, ...] = (
    _fields, _types, _unused_angles, _controls, _machine_gates, _native_ranges, _pauliexp,
)  # fmt: skip

_REPORTS: dict[str, tuple[str, ...]] = {
    "_fields": ("job.extra",), "_types": ("job.type",), "_unused_angles": ("ionq.angle",), "_controls": ("target.gate",),
    "_machine_gates": ("target.gate",), "_native_ranges": ("target.angle",), "_pauliexp": ("ionq.pauliexp",),
}  # fmt: skip
"""What each rule reports, for the manual."""


def gate_pages(slug: str) -> list[str]:
    """The manual pages of the gate rules that report a slug."""
    return [getdoc(rule) or "" for rule in _RULES if slug in _REPORTS[rule.__name__]]
