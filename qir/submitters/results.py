"""What the services return, decoded to counts and expectation values under the user's names.

Counts.  A register's counts map bit strings, bit 0 rightmost, to numbers.  Joined counts put the
registers side by side as Qiskit does: the last declared register leftmost, separated by blanks.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qir.errors import SubmitError

__all__ = ["CircuitResult", "decode_ibm", "decode_ionq"]

_MAX_ARRAY = 2**30
_BIT = re.compile(r"(.*)\[(\d+)\]$")


@dataclass(frozen=True)
class CircuitResult:
    """Results of one circuit.

    counts: register name to bit string to count; empty for expectation values.
    joined: all registers in one string.    probabilities: joined bit string to probability, where the
    service returns those.    expectation_values, standard_errors: nested lists in the PUB's shape.
    """

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    joined: dict[str, int] = field(default_factory=dict)
    probabilities: dict[str, float] = field(default_factory=dict)
    expectation_values: Any = None
    standard_errors: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if v not in ({}, None)}


# -- IonQ ---------------------------------------------------------------------------------------


def decode_ionq(
    data: Mapping[str, Any], names: Sequence[Mapping[str, str]], num_qubits: Sequence[int], shots: int | None
) -> list[CircuitResult]:
    """Results of an IonQ job (see `IonqClient.results`).

    names: per circuit the qubit index (as text) to the user's "register[bit]"; qubits without a name
    are left out, and without any name all qubits are one register `q`.    num_qubits: per circuit.
    """
    if "children" in data:
        parts = list(data["children"].values())
        return [decode_ionq(p, names[i : i + 1], num_qubits[i : i + 1], shots)[0] for i, p in enumerate(parts)]
    probabilities = _ionq_probabilities(data)
    mapping = dict(names[0]) if names and names[0] else {str(q): f"q[{q}]" for q in range(num_qubits[0])}
    return [_from_probabilities(probabilities, mapping, shots)]


def _ionq_probabilities(data: Mapping[str, Any]) -> dict[int, float]:
    """Probability per basis state, qubit 0 the least significant bit, from any of the shapes."""
    if "artifacts" in data:
        for value in data["artifacts"].values():
            found = value.get("output_all", value) if isinstance(value, Mapping) else None
            if isinstance(found, Mapping):
                # v2: strings in wire order, qubit 0 leftmost.
                return {int(k[::-1], 2): float(v) for k, v in found.items() if set(k) <= {"0", "1"}}
        raise SubmitError("the artifacts of the job hold no probabilities")
    rows = data.get("probabilities")
    if not isinstance(rows, Mapping):
        raise SubmitError("the answer holds no probabilities")
    try:
        return {int(k): float(v) for k, v in rows.items()}
    except (TypeError, ValueError):
        raise SubmitError("the probabilities are not numbers by basis state") from None


def _from_probabilities(rows: Mapping[int, float], names: Mapping[str, str], shots: int | None) -> CircuitResult:
    registers: dict[str, list[tuple[int, int]]] = {}
    for wire, name in names.items():
        match = _BIT.match(name)
        register, bit = (match[1], int(match[2])) if match else (name, 0)
        registers.setdefault(register, []).append((bit, int(wire)))
    sizes = {name: max(b for b, _ in bits) + 1 for name, bits in registers.items()}
    joined: Counter[str] = Counter()
    chances: dict[str, dict[str, float]] = {name: {} for name in registers}
    total: dict[str, float] = {}
    for state, probability in sorted(rows.items()):
        words = {}
        for name, bits in registers.items():
            word = ["0"] * sizes[name]
            for index, qubit in bits:
                word[sizes[name] - 1 - index] = str(state >> qubit & 1)
            words[name] = "".join(word)
            chances[name][words[name]] = chances[name].get(words[name], 0.0) + probability
        key = " ".join(words[name] for name in reversed(list(registers)))
        total[key] = total.get(key, 0.0) + probability
    counts: dict[str, dict[str, int]] = {}
    if shots:
        joined.update(_apportion(total, shots))
        for name, table in chances.items():
            counts[name] = _apportion(table, shots)
    return CircuitResult(counts, dict(joined), total)


def _apportion(chances: Mapping[str, float], shots: int) -> dict[str, int]:
    """Whole counts that add up to `shots`, by largest remainder; what the machine counted, exactly."""
    scale = sum(chances.values()) or 1.0
    shares = {k: v / scale * shots for k, v in chances.items()}
    counts = {k: int(v + 1e-9) for k, v in shares.items()}
    rest = shots - sum(counts.values())
    for key in sorted(shares, key=lambda k: (counts[k] - shares[k], k))[: max(0, rest)]:
        counts[key] += 1
    return {k: v for k, v in sorted(counts.items()) if v}


# -- IBM ----------------------------------------------------------------------------------------


def decode_ibm(data: Any, names: Sequence[Mapping[str, str]]) -> list[CircuitResult]:
    """Results of an IBM job in the plain or in the wrapped form (`__type__`).

    names: per circuit "register[bit]" on the wire to the user's "register[bit]".
    """
    plain = _unwrap(data)
    rows = plain.get("results", plain.get("pub_results")) if isinstance(plain, Mapping) else None
    if not isinstance(rows, list):
        raise SubmitError("the answer holds no results of PUBs")
    return [_pub(row, names[i] if i < len(names) else {}) for i, row in enumerate(rows)]


def _pub(row: Mapping[str, Any], names: Mapping[str, str]) -> CircuitResult:
    data = row.get("data", {})
    metadata = dict(row.get("metadata") or row.get("circuit_metadata") or {})
    if "evs" in data:
        errors = _listed(data.get("stds"))
        return CircuitResult(expectation_values=_listed(data["evs"]), standard_errors=errors, metadata=metadata)
    shots: dict[str, list[int]] = {}
    sizes: dict[str, int] = {}
    for register, value in data.items():
        if isinstance(value, Mapping) and "samples" in value:
            shots[register] = [int(s, 16) for s in value["samples"]]
            sizes[register] = int(value["num_bits"])
        elif isinstance(value, Mapping) and "array" in value:
            shots[register], sizes[register] = _packed(value["array"], int(value["num_bits"]))
    return _renamed(shots, sizes, names, metadata)


def _renamed(
    shots: Mapping[str, list[int]], sizes: Mapping[str, int], names: Mapping[str, str], metadata: dict[str, Any]
) -> CircuitResult:
    place: dict[str, list[tuple[int, str, int]]] = {}
    for register, size in sizes.items():
        for bit in range(size):
            user = names.get(f"{register}[{bit}]", f"{register}[{bit}]")
            match = _BIT.match(user)
            name, index = (match[1], int(match[2])) if match else (user, 0)
            place.setdefault(name, []).append((index, register, bit))
    count = max((len(s) for s in shots.values()), default=0)
    words: dict[str, list[str]] = {}
    for name, bits in place.items():
        width = max(i for i, _, _ in bits) + 1
        column = [["0"] * width for _ in range(count)]
        for index, register, bit in bits:
            for word, value in zip(column, shots[register]):
                if value >> bit & 1:
                    word[width - 1 - index] = "1"
        words[name] = ["".join(word) for word in column]
    counts = {name: dict(sorted(Counter(w).items())) for name, w in words.items()}
    joined = Counter(" ".join(row) for row in zip(*(words[name] for name in reversed(list(words))))) if words else Counter()
    return CircuitResult(counts, dict(sorted(joined.items())), metadata=metadata)


def _packed(array: Any, num_bits: int) -> tuple[list[int], int]:
    import numpy as np

    table = np.asarray(array, dtype=np.uint8)
    rows = table.reshape(-1, table.shape[-1])
    return [int.from_bytes(row.tobytes(), "big") for row in rows], num_bits


def _listed(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _unwrap(data: Any) -> Any:
    """The plain data behind `{"__type__": ..., "__value__": ...}` wrappers."""
    if isinstance(data, Mapping):
        kind, value = data.get("__type__"), data.get("__value__")
        if kind == "ndarray" and isinstance(value, str):
            return _array(value)
        if kind is not None and "__value__" in data:
            inner = _unwrap(value)
            return inner.get("fields", inner) if kind == "DataBin" and isinstance(inner, Mapping) else inner
        return {k: _unwrap(v) for k, v in data.items()}
    if isinstance(data, list):
        return [_unwrap(v) for v in data]
    return data


def _array(text: str) -> Any:
    import numpy as np

    try:
        decoder = zlib.decompressobj()
        raw = decoder.decompress(base64.b64decode(text), _MAX_ARRAY)
        if decoder.unconsumed_tail:
            raise SubmitError("an array in the answer is too large")
        return np.load(io.BytesIO(raw), allow_pickle=False)
    except (ValueError, zlib.error, binascii.Error, EOFError) as problem:
        raise SubmitError(f"an array in the answer is damaged: {type(problem).__name__}") from None
