"""Checking bodies by our own rules, and running them on the built-in simulator."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from qir.frontends import read
from qir.job import JobCircuit, JobSpec
from qir.linter import lint_program
from qir.program import Program
from qir.serve.store import Job
from qir.simulator import simulate
from qir.source import Source

__all__ = ["check", "ibm_results", "ionq_probabilities"]


def check(raw: bytes, vendor: str) -> tuple[dict[str, Any] | None, list[str]]:
    """The body as data, and why the service refuses it: the errors of the reader and of the rules."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None, ["the body is not UTF-8"]
    program = read(Source(text, "<body>"), vendor)
    found = [d for d in lint_program(program, None) if d.severity.value == "error"]
    body = None if program.has_errors else json.loads(text)
    return (body if isinstance(body, dict) else None), [f"{d.pointer or '/'}: {d.message} [{d.code}]" for d in found]


def _job(job: Job) -> JobSpec:
    program: Program = read(Source(json.dumps(job.body)), job.vendor)
    assert program.job is not None
    return program.job


def ionq_probabilities(job: Job) -> list[dict[str, float]]:
    """Per circuit the probability of every basis state, by its decimal number (qubit 0 least significant)."""
    spec = _job(job)
    return [_probabilities(entry, spec.shots or 100) for entry in spec.circuits]


def _probabilities(entry: JobCircuit, shots: int) -> dict[str, float]:
    if entry.circuit.num_clbits:
        counts: dict[str, int] = simulate(entry.circuit, shots=shots).counts or {}
        return {str(int(k.replace(" ", ""), 2)): v / shots for k, v in sorted(counts.items())}
    state = simulate(entry.circuit).statevector
    assert state is not None
    chances = np.abs(np.asarray(state).ravel()) ** 2
    return {str(i): float(chances[i]) for i in np.flatnonzero(chances > 1e-12).tolist()}


def ibm_results(job: Job) -> dict[str, Any]:
    """Results in the plain form: samples per register, or expectation values."""
    spec = _job(job)
    return {"results": [_pub(spec, entry, i) for i, entry in enumerate(spec.circuits)], "metadata": {"version": 2}}


def _pub(spec: JobSpec, entry: JobCircuit, index: int) -> dict[str, Any]:
    if spec.kind == "estimator":
        result = simulate(entry.circuit, observables=entry.observables, parameter_values=entry.parameter_values, seed=index)
        values = np.asarray(result.expectation_values)
        return {"data": {"evs": values.tolist(), "stds": np.zeros(values.shape).tolist()}, "metadata": {}}
    shots = entry.shots or spec.shots or 4096
    result = simulate(entry.circuit, shots=shots, parameter_values=entry.parameter_values, seed=index)
    data = {}
    assert result.counts is not None
    for register in entry.circuit.cregs:
        counts = result.counts.registers[register.name]
        samples = [hex(int(word, 2)) for word, count in sorted(counts.items()) for _ in range(count)]
        data[register.name] = {"samples": samples, "num_bits": register.size}
    return {"data": data, "metadata": {}}
