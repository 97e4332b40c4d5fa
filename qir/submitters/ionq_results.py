"""IonQ's results in all their forms.

| form | content | bit order |
|---|---|---|
| `probabilities.json.v1`, `histogram.json.v1` | decimal basis state to weight | bit q is qubit q |
| `shots.json.v1` | decimal basis states, one a shot | bit q is qubit q |
| `probabilities.json.v2`, `histogram.json.v2` | register to bit string to weight | leftmost is bit 0 |
| `shots.json.v2` | per shot register to bits, leaked bits marked | first is bit 0 |

The register `output_all` is the service's own: all qubits in wire order.  It counts only where a job
declares no registers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qir.errors import SubmitError
from qir.submitters.results import CircuitResult, Labels, apportion, tabulate, whole

__all__ = ["decode_ionq"]

_ALL = "output_all"


def decode_ionq(
    data: Mapping[str, Any], labels: Sequence[Labels], num_qubits: Sequence[int], shots: int | None
) -> list[CircuitResult]:
    """Results of an IonQ job (see `IonqClient.results`).

    labels: per circuit; wires are qubit indices as text, or "register[bit]" of an OpenQASM job.  Qubits
    without a name are summed over; without any name all qubits are one register `q`.
    """
    if "children" in data:
        parts = list(data["children"].values())
        return [decode_ionq(p, labels[i : i + 1], num_qubits[i : i + 1], shots)[0] for i, p in enumerate(parts)]
    try:
        return [_circuit(data, labels[0] if labels else Labels(), num_qubits[0] if num_qubits else 0, shots)]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise SubmitError(f"the results have a shape that is not known: {type(problem).__name__}") from None


def _circuit(data: Mapping[str, Any], label: Labels, size: int, shots: int | None) -> CircuitResult:
    forms = _forms(data)
    if "shots" in forms:
        return _from_shots(forms["shots"], label, size)
    for kind in ("histogram", "probabilities"):
        if kind in forms:
            return _from_table(forms[kind], label, size, shots, counted=kind == "histogram")
    raise SubmitError("the answer holds no results that are known")


def _forms(data: Mapping[str, Any]) -> dict[str, Any]:
    """The results by kind: "shots", "histogram", "probabilities"."""
    found: dict[str, Any] = {}
    artifacts = data.get("artifacts")
    if isinstance(artifacts, Mapping):
        for name, value in artifacts.items():
            for kind in ("shots", "histogram", "probabilities"):
                if isinstance(value, Mapping) and kind in value:
                    found[kind] = value[kind]
                elif kind in name and "aggregate" not in name:
                    found.setdefault(kind, value)
        return found
    return {k: data[k] for k in ("shots", "histogram", "probabilities") if data.get(k) is not None}


def _numbered(label: Labels, size: int) -> Labels:
    """Names for qubits, where a job gave none."""
    return label if label.names else Labels({str(q): f"q[{q}]" for q in range(size)})


def _by_register(label: Labels) -> bool:
    """Whether the names are those of an OpenQASM job's registers."""
    return any(not wire.isdigit() for wire in label.names)


def _from_shots(rows: Any, label: Labels, size: int) -> CircuitResult:
    if not isinstance(rows, list):
        raise SubmitError("the shots are no list")
    if all(isinstance(row, (str, int)) for row in rows):
        words = [_state(row) for row in rows]
        size = max([size, *(w.bit_length() for w in words)])
        single, joined = tabulate([(w, 1) for w in words], [str(q) for q in range(size)], _numbered(label, size))
        return CircuitResult({n: whole(t) for n, t in single.items()}, whole(joined))
    kept = [r for r in rows if isinstance(r, Mapping) and isinstance(r.get("registers"), Mapping)]
    if len(kept) != len(rows):
        raise SubmitError("a shot has no registers")
    clean = [r["registers"] for r in kept if not any(r.get("leakage_bits") or ())]
    wires: dict[str, int] = {}
    for registers in clean:
        for name, bits in _chosen(registers).items():
            for i in range(len(bits)):
                wires.setdefault(str(i) if name == _ALL else f"{name}[{i}]", len(wires))
    words = []
    for registers in clean:
        word = 0
        for name, bits in _chosen(registers).items():
            for i, bit in enumerate(bits):
                if int(bit):
                    word |= 1 << wires[str(i) if name == _ALL else f"{name}[{i}]"]
        words.append(word)
    label = _fitting(label, wires)
    single, joined = tabulate([(w, 1) for w in words], list(wires), label)
    return CircuitResult({n: whole(t) for n, t in single.items()}, whole(joined), leaked=len(rows) - len(clean))


def _chosen(registers: Mapping[str, Any]) -> Mapping[str, Any]:
    """The declared registers; the service's own when there are none."""
    declared = {k: v for k, v in registers.items() if k != _ALL}
    return declared or registers


def _fitting(label: Labels, wires: Mapping[str, int]) -> Labels:
    """The job's names; for wires of another kind than they name (a scalar `c` for `c[0]`, a bare job) the wires' own."""
    own = {w: f"q[{w}]" if w.isdigit() else w for w in wires}
    if not any(w in label.names for w in wires):
        scalars = {f"{w}[0]": n for w, n in label.names.items() if f"{w}[0]" in wires}
        return Labels(own | scalars, label.registers if scalars else None)
    scalars = {f"{w}[0]": n for w, n in label.names.items() if "[" not in w and not w.isdigit()}
    return Labels(scalars | dict(label.names), label.registers)


def _from_table(table: Any, label: Labels, size: int, shots: int | None, *, counted: bool) -> CircuitResult:
    if not isinstance(table, Mapping):
        raise SubmitError("the results are no table")
    registers = table.get("registers", table if _ALL in table else None)
    if isinstance(registers, Mapping):
        return _from_registers(registers, label, size, shots, counted=counted)
    rows = [(_state(k), float(v)) for k, v in table.items()]
    if _by_register(label):
        wires = _register_wires(label)
    else:
        size = max([size, *(w.bit_length() for w, _ in rows)])
        wires, label = [str(q) for q in range(size)], _numbered(label, size)
    return _weighted(*tabulate(rows, wires, label), shots, counted=counted)


def _register_wires(label: Labels) -> list[str]:
    """The wires of an OpenQASM job in the order of its bits."""
    back = {name: wire for wire, name in label.names.items()}
    if label.registers is None:
        return list(label.names)
    wires = []
    for name, size in label.registers:
        for i in range(size):
            wires.append(back.get(f"{name}[{i}]") or back.get(name, f"{name}[{i}]"))
    return wires


def _from_registers(
    registers: Mapping[str, Any], label: Labels, size: int, shots: int | None, *, counted: bool
) -> CircuitResult:
    """Registers apart: what is joined is known only where there is one register, or all qubits are given."""
    chosen = dict(_chosen(registers))
    if _ALL in registers and not _by_register(label):
        rows = [(int(k[::-1] or "0", 2), float(v)) for k, v in registers[_ALL].items()]
        size = max([size, *(len(k) for k in registers[_ALL])])
        return _weighted(*tabulate(rows, [str(q) for q in range(size)], _numbered(label, size)), shots, counted=counted)
    single: dict[str, dict[str, float]] = {}
    joined: dict[str, float] = {}
    for name, table in chosen.items():
        wires = {f"{name}[{i}]": i for i in range(max((len(k) for k in table), default=0))}
        rows = [(int(k[::-1] or "0", 2), float(v)) for k, v in table.items()]
        found, joined = tabulate(rows, list(wires), Labels(_fitting(label, wires).names))
        single |= found
    return _weighted(single, joined if len(chosen) == 1 else {}, shots, counted=counted)


def _weighted(
    single: Mapping[str, Mapping[str, float]], joined: Mapping[str, float], shots: int | None, *, counted: bool
) -> CircuitResult:
    if counted:
        return CircuitResult({n: whole(t) for n, t in single.items()}, whole(joined))
    if not shots:
        return CircuitResult(probabilities=dict(joined))
    if not joined:
        return CircuitResult({n: apportion(t, shots) for n, t in single.items()})
    counts = apportion(joined, shots)
    order = list(single)[::-1]
    registers: dict[str, dict[str, int]] = {name: {} for name in single}
    for key, count in counts.items():
        for name, part in zip(order, key.split(" ")):
            registers[name][part] = registers[name].get(part, 0) + count
    tables = {name: dict(sorted(table.items())) for name, table in registers.items()}
    return CircuitResult(tables, counts, dict(joined))


def _state(text: Any) -> int:
    value = int(text)
    if value < 0:
        raise SubmitError("a basis state is negative")
    return value
