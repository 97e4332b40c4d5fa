"""IBM's results in all their forms: plain JSON, wrapped (`__type__`), and the executor's tensors.

Samples of a shot are little-endian words of a register; packed bit arrays are big-endian bytes
(Qiskit's `BitArray`), the executor's tensors bits packed little-endian with the last axis over the
register's bits, bit 0 first.
"""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from qir.errors import SubmitError
from qir.submitters.results import CircuitResult, Labels, tabulate, whole

__all__ = ["decode_ibm"]

_MAX_ARRAY = 2**30


def decode_ibm(data: Any, labels: Sequence[Labels]) -> list[CircuitResult]:
    """Results of an IBM job.

    labels: per circuit; wires are "register[bit]" as the payload calls them, and keep that name when
    they have no other.
    """
    try:
        plain = _unwrap(data)
        rows: Any = None
        executed = plain.get("data") if isinstance(plain, Mapping) else None
        if isinstance(executed, list):
            rows = [{"data": _tensors(r["results"]), "metadata": r.get("metadata") or {}} for r in executed]
        elif isinstance(plain, Mapping):
            rows = plain.get("results", plain.get("pub_results"))
        if not isinstance(rows, list):
            raise SubmitError("the answer holds no results of PUBs")
        return [_pub(row, labels[i] if i < len(labels) else Labels()) for i, row in enumerate(rows)]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as problem:
        raise SubmitError(f"the results have a shape that is not known: {type(problem).__name__}") from None


def _pub(entry: Mapping[str, Any], labels: Labels) -> CircuitResult:
    data = entry.get("data", {})
    metadata = dict(entry.get("metadata") or entry.get("circuit_metadata") or {})
    if "evs" in data:
        errors = _listed(data.get("stds"))
        return CircuitResult(expectation_values=_listed(data["evs"]), standard_errors=errors, metadata=metadata)
    sizes: dict[str, int] = {}
    table: dict[str, list[list[int]]] = {}
    for register, value in data.items():
        if not isinstance(value, Mapping):
            continue
        if "samples" in value:
            sizes[register], table[register] = int(value["num_bits"]), _samples(value["samples"])
        elif "array" in value:
            sizes[register], table[register] = int(value["num_bits"]), _packed(value["array"], "big")
        elif "bits" in value:
            sizes[register], table[register] = value["bits"].shape[-1], _packed(_bytes(value["bits"]), "little")
    wires = [f"{register}[{bit}]" for register, size in sizes.items() for bit in range(size)]
    rows = [_joined(parts, list(sizes.values())) for parts in zip(*table.values())]
    points = [_counted(words, wires, labels, metadata) for words in rows] or [CircuitResult(metadata=metadata)]
    if len(points) == 1:
        return points[0]
    total = _counted([w for words in rows for w in words], wires, labels, metadata)
    return CircuitResult(total.counts, total.joined, metadata=metadata, points=tuple(points))


def _joined(parts: Sequence[list[int]], sizes: Sequence[int]) -> list[int]:
    """The registers' words of every shot side by side, the first register lowest."""
    words = [0] * len(parts[0])
    offset = 0
    for size, column in zip(sizes, parts):
        words = [word | value << offset for word, value in zip(words, column)]
        offset += size
    return words


def _counted(words: list[int], wires: list[str], labels: Labels, metadata: dict[str, Any]) -> CircuitResult:
    single, joined = tabulate([(w, 1) for w in words], wires, labels, keep_unnamed=True)
    return CircuitResult({n: whole(t) for n, t in single.items()}, whole(joined), metadata=metadata)


def _samples(value: list[Any]) -> list[list[int]]:
    """Hexadecimal words, one list a row of parameter values."""
    level = value
    while level and isinstance(level[0], list) and level[0] and isinstance(level[0][0], list):
        level = [inner for outer in level for inner in outer]
    rows = level if level and isinstance(level[0], list) else [level]
    return [[int(s, 16) for s in row] for row in rows]


def _packed(array: Any, order: str) -> list[list[int]]:
    """Words from bytes along the last axis; shots along the one before, parameter rows before that."""
    import numpy as np

    table = np.asarray(array, dtype=np.uint8)
    rows = table.reshape(-1, table.shape[-2], table.shape[-1])
    return [[int.from_bytes(bytes(shot), "big" if order == "big" else "little") for shot in row] for row in rows]


def _bytes(bits: Any) -> Any:
    import numpy as np

    return np.packbits(bits.astype(np.uint8), axis=-1, bitorder="little")


def _tensors(results: Mapping[str, Any]) -> dict[str, Any]:
    """The executor's arrays of bits by register.  Other arrays (measured levels) are left out."""
    found: dict[str, Any] = {}
    for register, tensor in results.items():
        if tensor.get("dtype") == "bool":
            found[register] = {"bits": _tensor(tensor)}
    if results and not found:
        raise SubmitError("the results are measured levels, not bits")
    return found


def _tensor(tensor: Mapping[str, Any]) -> Any:
    import numpy as np

    shape = [int(n) for n in tensor["shape"]]
    raw = np.frombuffer(_inflate(tensor["data"]), np.uint8)
    size = int(np.prod(shape, dtype=np.int64))
    if min([0, *shape]) < 0 or size > 8 * raw.size:
        raise SubmitError("an array in the answer is damaged: its shape does not fit")
    return np.unpackbits(raw, bitorder="little")[:size].reshape(shape)


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


def _inflate(text: str) -> bytes:
    try:
        decoder = zlib.decompressobj()
        raw = decoder.decompress(base64.b64decode(text), _MAX_ARRAY)
    except (ValueError, zlib.error, binascii.Error) as problem:
        raise SubmitError(f"an array in the answer is damaged: {type(problem).__name__}") from None
    if decoder.unconsumed_tail:
        raise SubmitError("an array in the answer is too large")
    return raw


def _array(text: str) -> Any:
    import numpy as np

    try:
        return np.load(io.BytesIO(_inflate(text)), allow_pickle=False)
    except (ValueError, EOFError) as problem:
        raise SubmitError(f"an array in the answer is damaged: {type(problem).__name__}") from None
