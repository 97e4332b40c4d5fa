"""Classical registers of IonQ jobs, from wherever a client has put them.

IonQ measures every qubit and knows no classical bits, so clients carry the map from bits to qubits
along: as `registers` (v0.2, v0.3, entries of a multi-circuit job), in the metadata as qiskit-ionq's
compressed header, as cirq-ionq's measurement keys, or as what qir itself writes.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any, Union

from qir.frontends.findings import Findings
from qir.json_text import Path, is_int, kind_of, parse
from qir.limits import DEFAULT_LIMITS
from qir.source import Source
from qir.targets.ionq_format import REGISTERS_KEY

__all__ = ["Registers", "from_field", "from_metadata"]

Registers = dict[str, list[Union[int, None]]]

_MOST_HEADER = 2**22
"""Bytes a compressed header may unfold to."""
_UNIT, _RECORD = chr(31), chr(30)


def from_field(value: Any, num_qubits: int | None, path: Path, findings: Findings) -> Registers | None:
    """The field `registers`: name to one qubit (or null: not written) per bit."""
    if not isinstance(value, dict):
        findings.error("json.type", f"registers are an object of lists, not {kind_of(value)}", path)
        return None
    result: Registers = {}
    for name, bits in value.items():
        place = (*path, name)
        if not isinstance(bits, list):
            findings.error("json.type", f"a register is a list of qubits, not {kind_of(bits)}", place)
            continue
        row: list[int | None] = []
        for i, bit in enumerate(bits):
            if isinstance(bit, float) and bit.is_integer():
                bit = int(bit)
            if bit is not None and not is_int(bit):
                findings.error("json.type", f"a bit holds a qubit or null, not {kind_of(bit)}", (*place, i))
            elif bit is not None and (bit < 0 or (num_qubits is not None and bit >= num_qubits)):
                findings.error("ionq.qubits", f"the register {name!r} reads qubit {bit}, which is out of range", (*place, i))
            else:
                row.append(bit)
        result[name] = row
    return result


def from_metadata(metadata: dict[str, Any], count: int, sizes: list[int]) -> list[Registers | None]:
    """The registers of each of `count` circuits, as far as a client's metadata tell.

    Metadata are free text: what does not read as a map that fits is no error and is left alone.
    """
    for reader in (_own, _qiskit, _cirq):
        found = reader(metadata, count)
        if found is not None and len(found) == count:
            return [_fitting(registers, size) for registers, size in zip(found, sizes)]
    return [None] * count


def _fitting(registers: Registers | None, size: int) -> Registers | None:
    if not registers or any(bit is not None and not 0 <= bit < size for bits in registers.values() for bit in bits):
        return None
    return registers


def _json(text: Any) -> Any:
    if not isinstance(text, str):
        return None
    return parse(Source(text), limits=DEFAULT_LIMITS).value


def _own(metadata: dict[str, Any], count: int) -> list[Registers | None] | None:
    value = _json(metadata.get(REGISTERS_KEY))
    if count != 1 or not isinstance(value, dict):
        return None
    return [{name: bits for name, bits in value.items() if _is_bits(bits)}]


def _is_bits(value: Any) -> bool:
    return isinstance(value, list) and all(bit is None or is_int(bit) for bit in value)


def _qiskit(metadata: dict[str, Any], count: int) -> list[Registers | None] | None:
    """qiskit-ionq: `qiskit_header` is base64 of gzip of JSON; `meas_mapped` holds a qubit per bit and
    `creg_sizes` the registers' names and sizes in order.  A list of these for several circuits."""
    text = metadata.get("qiskit_header")
    if not isinstance(text, str) or len(text) > _MOST_HEADER:
        return None
    try:
        packed = base64.b64decode(text, validate=True)
        unpacker = zlib.decompressobj(wbits=47)
        plain = unpacker.decompress(packed, _MOST_HEADER)
        if unpacker.unconsumed_tail:
            return None
        header = _json(plain.decode("utf-8"))
    except (binascii.Error, ValueError, zlib.error):
        return None
    headers = header if isinstance(header, list) else [header]
    if len(headers) != count:
        return None
    return [_qiskit_one(h) for h in headers]


def _qiskit_one(header: Any) -> Registers | None:
    if not isinstance(header, dict) or not _is_bits(header.get("meas_mapped")):
        return None
    mapped: list[int | None] = header["meas_mapped"]
    sizes = header.get("creg_sizes")
    if not isinstance(sizes, list) or not all(
        isinstance(s, list) and len(s) == 2 and isinstance(s[0], str) and is_int(s[1]) and s[1] >= 0 for s in sizes
    ):
        sizes = [["c", len(mapped)]]
    result: Registers = {}
    start = 0
    for name, size in sizes:
        bits = mapped[start : start + size]
        result[name] = bits + [None] * min(size - len(bits), 10_000)
        start += size
    return result


def _cirq(metadata: dict[str, Any], count: int) -> list[Registers | None] | None:
    """cirq-ionq: the text cut over `measurement0`, `measurement1`, ... is a list of records
    key US qubit,qubit...; several circuits have JSON of such objects in `measurements`."""
    if count == 1 and "measurement0" in metadata:
        return [_cirq_one(metadata)]
    rows = _json(metadata.get("measurements"))
    if isinstance(rows, list) and len(rows) == count:
        return [_cirq_one(row) if isinstance(row, dict) else None for row in rows]
    return None


def _cirq_one(metadata: dict[str, Any]) -> Registers | None:
    parts: list[str] = []
    while isinstance(part := metadata.get(f"measurement{len(parts)}"), str):
        parts.append(part)
    result: Registers = {}
    for record in "".join(parts).split(_RECORD):
        key, unit, qubits = record.partition(_UNIT)
        if not unit:
            return None
        numbers = [q for q in qubits.split(",") if q]
        if not all(q.isascii() and q.isdecimal() and len(q) < 10 for q in numbers):
            return None
        result[key] = [int(q) for q in numbers]
    return result
