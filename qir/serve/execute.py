"""Checking bodies by our own rules, and running them on the built-in simulator."""

from __future__ import annotations

import base64
import io
import json
import re
import zlib
from typing import Any

import numpy as np

from qir.circuit import Circuit
from qir.frontends import read
from qir.job import JobCircuit, JobSpec
from qir.linter import lint_program
from qir.program import Program
from qir.serve.store import Job
from qir.simulator import simulate
from qir.source import Source
from qir.sweeps import value_rows
from qir.targets import all_targets
from qir.targets.ibm import with_fractional

__all__ = ["check", "ibm_results", "ionq_results"]

_V1, _V2, _SHOTS = "ionq.result.probabilities.json.v1", "ionq.result.probabilities.json.v2", "ionq.result.shots.json.v2"



def check(raw: bytes, vendor: str, *, fractional: bool = False) -> tuple[dict[str, Any] | None, list[str]]:
    """The body as data, and why the service refuses it: the errors of the reader and of the rules.

    fractional: IBM's machines take rx and rzz too.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None, ["the body is not UTF-8"]
    # A mock machine has the shape of the one that it is named after.
    known = re.sub(r'("backend"\s*:\s*")mock_', r"\1ibm_", text, count=1) if vendor == "ibm" else text
    program = read(Source(known, "<body>"), vendor)
    target = None
    if fractional and vendor == "ibm" and program.job is not None:
        named = [t for t in all_targets() if t.name == program.job.backend]
        target = with_fractional(named[0]) if named else None
    found = [d for d in lint_program(program, target) if d.severity.value == "error"]
    body = None if program.has_errors else json.loads(text)
    return (body if isinstance(body, dict) else None), [f"{d.pointer or '/'}: {d.message} [{d.code}]" for d in found]


def _job(job: Job) -> JobSpec:
    program: Program = read(Source(json.dumps(job.body)), job.vendor)
    assert program.job is not None
    return program.job


def ionq_results(job: Job) -> list[dict[str, Any]]:
    """Per circuit its results by the name of their format."""
    spec = _job(job)
    return [_forms(entry, spec.shots or 100) for entry in spec.circuits]


def _forms(entry: JobCircuit, shots: int) -> dict[str, Any]:
    """Probabilities by the number of the basis state (qubit 0 least significant), and by register with bit
    0 leftmost; of an OpenQASM program every shot too."""
    circuit = entry.circuit
    if not circuit.num_clbits:
        state = simulate(circuit).statevector
        assert state is not None
        chances = np.abs(np.asarray(state).ravel()) ** 2
        width = circuit.num_qubits
        table = {i: float(chances[i]) for i in np.flatnonzero(chances > 1e-12).tolist()}
        registers = {"output_all": {format(k, f"0{width}b")[::-1]: v for k, v in table.items()}}
        return {_V1: {str(k): v for k, v in table.items()}, _V2: {"probabilities": {"registers": registers}}}
    counts = simulate(circuit, shots=shots).counts
    assert counts is not None
    rows = [(_split(circuit, key), count) for key, count in sorted(counts.items())]
    registers = {}
    for words, count in rows:
        for name, word in words.items():
            weights = registers.setdefault(name, {})
            weights[word[::-1]] = weights.get(word[::-1], 0.0) + count / shots
    single = [{"registers": {n: [int(b) for b in reversed(w)] for n, w in words.items()}} for words, count in rows
              for _ in range(count)]  # fmt: skip
    return {
        _V1: {str(int(key, 2)): count / shots for key, count in sorted(counts.items())},
        _V2: {"probabilities": {"registers": registers}},
        _SHOTS: {"shots": single},
    }


def _split(circuit: Circuit, key: str) -> dict[str, str]:
    """Joined bits as bits per register; bit 0 rightmost in all of them."""
    end = len(key)
    return {r.name: key[end - r.start - r.size : end - r.start] for r in circuit.cregs}


def ibm_results(job: Job) -> dict[str, Any]:
    """Results in the form the job asks for: plain, wrapped (`support_qiskit`), or the executor's."""
    spec = _job(job)
    params = job.body["params"]
    if spec.kind == "executor":
        data = [{"results": {n: _tensor(bits) for n, bits in _bits(spec, e, i).items()}, "metadata": {}}
                for i, e in enumerate(spec.circuits)]  # fmt: skip
        return {"schema_version": "v2.0", "data": data, "metadata": {"chunk_timing": []}, "passthrough_data": None}
    estimated = spec.kind == "estimator"
    pubs = [_estimated(e, i) if estimated else _bits(spec, e, i) for i, e in enumerate(spec.circuits)]
    if params.get("support_qiskit"):
        kind = "PubResult" if estimated else "SamplerPubResult"
        rows = [_wrap(kind, {"data": _bin(pub), "metadata": {}}) for pub in pubs]
        metadata: dict[str, Any] = {"version": 2}
        if not estimated:
            metadata["execution"] = {"execution_spans": _wrap("ExecutionSpans", {"spans": []})}
        return _wrap("PrimitiveResult", {"pub_results": rows, "metadata": metadata})
    return {"results": [{"data": _plain(pub), "metadata": {}} for pub in pubs], "metadata": {"version": 2}}


def _estimated(entry: JobCircuit, index: int) -> dict[str, Any]:
    result = simulate(entry.circuit, observables=entry.observables, parameter_values=entry.parameter_values, seed=index)
    values = np.asarray(result.expectation_values, dtype=float)
    return {"evs": values, "stds": np.zeros(values.shape)}


def _bits(spec: JobSpec, entry: JobCircuit, index: int) -> dict[str, Any]:
    """Per register an array of bits: parameter rows, shots, bits of the register."""
    shots = entry.shots or spec.shots or 4096
    found = simulate(entry.circuit, shots=shots, parameter_values=entry.parameter_values, seed=index).results
    names = entry.circuit.parameters
    sweep = value_rows(entry.parameter_values, names).shape[:-1] if names else ()
    width = entry.circuit.num_clbits
    rows = []
    for result in found:
        assert result.counts is not None
        keys = sorted(result.counts)
        words = np.array([[int(b) for b in reversed(key)] for key in keys], dtype=np.uint8).reshape(len(keys), width)
        rows.append(np.repeat(words, [result.counts[k] for k in keys], axis=0))
    table = np.array(rows, dtype=np.uint8).reshape(*sweep, shots, width)
    return {r.name: table[..., r.start : r.start + r.size] for r in entry.circuit.cregs}


def _words(bits: Any) -> Any:
    """Bits as hexadecimal words, nested as the array is."""
    if bits.ndim > 1:
        return [_words(row) for row in bits]
    return hex(int("".join(map(str, reversed(bits.tolist()))) or "0", 2))


def _plain(pub: dict[str, Any]) -> dict[str, Any]:
    if "evs" in pub:
        return {k: v.tolist() for k, v in pub.items()}
    return {n: {"samples": _words(bits), "num_bits": bits.shape[-1]} for n, bits in pub.items()}


def _wrap(kind: str, value: Any) -> dict[str, Any]:
    return {"__type__": kind, "__value__": value}


def _ndarray(value: Any) -> dict[str, Any]:
    stream = io.BytesIO()
    np.save(stream, value, allow_pickle=False)
    return _wrap("ndarray", base64.b64encode(zlib.compress(stream.getvalue())).decode())


def _bin(pub: dict[str, Any]) -> dict[str, Any]:
    """Named arrays as Qiskit's DataBin; bits as packed big-endian bytes."""
    if "evs" in pub:
        fields, shape = {n: _ndarray(v) for n, v in pub.items()}, pub["evs"].shape
    else:
        fields, shape = {}, next(iter(pub.values())).shape[:-2] if pub else ()
        for name, bits in pub.items():
            size = bits.shape[-1]
            padded = np.zeros((*bits.shape[:-1], -size % 8 + size), np.uint8)
            padded[..., padded.shape[-1] - size :] = bits[..., ::-1]
            fields[name] = _wrap("BitArray", {"num_bits": size, "array": _ndarray(np.packbits(padded, axis=-1))})
    kinds = ["ndarray" if "evs" in pub else "BitArray"] * len(fields)
    return _wrap("DataBin", {"field_names": list(fields), "field_types": kinds, "shape": list(shape), "fields": fields})


def _tensor(bits: Any) -> dict[str, Any]:
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    return {"data": base64.b64encode(zlib.compress(packed)).decode(), "shape": list(bits.shape), "dtype": "bool"}
