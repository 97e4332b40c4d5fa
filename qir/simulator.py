"""simulate(): run programs and payloads, so that what is sent can be tried before it is paid for.

The method follows the circuit: Clifford circuits run on a tableau at any width, others on a
statevector (up to 26 qubits in use, memory permitting), noisy ones on a density matrix (up to 10) or
by random trajectories.  Wires that nothing touches cost nothing.  The same seed gives the same result.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Layout
from qir.classical import ClassicalError, Memory
from qir.clifford_rows import row_moves
from qir.diagnostics import error
from qir.engines import DensityEngine, StabilizerEngine, TrajectoryEngine, VectorEngine
from qir.errors import ParseError, UsageError
from qir.execution import Branch, Leaf, Rows, Unsupported, histories, leaves
from qir.frontends import open_source, read
from qir.job import JobCircuit, JobSpec
from qir.limits import DEFAULT_LIMITS, Limits
from qir.noise import noise_rates
from qir.observables import ObservableError, expand, flatten, map_observables, normalise, shape
from qir.source import Source
from qir.sweeps import value_rows
from qir.tableau import Tableau, clifford_moves

__all__ = ["CircuitResult", "Counts", "SimulationResult", "simulate"]

AnySource = Union[Circuit, JobSpec, "os.PathLike[str]", str, Mapping[str, Any]]
Complex = npt.NDArray[np.complex128]
MAX_QUBITS = 26
_MAX_NOISY = 10
_SMALL = 12
"""Up to so many qubits a Clifford circuit runs on a statevector all the same."""


class Counts(dict[str, Any]):
    """Counts by the joined bits (the first register's bit 0 rightmost); a register's name gives its own counts."""

    def __init__(self, joined: Mapping[str, int], registers: Mapping[str, Mapping[str, int]]) -> None:
        super().__init__(joined)
        self.registers: dict[str, dict[str, int]] = {name: dict(counts) for name, counts in registers.items()}

    def __missing__(self, key: str) -> Any:
        if key in self.registers:
            return self.registers[key]
        raise KeyError(key)


@dataclass(frozen=True)
class CircuitResult:
    """What one circuit (with one row of its parameter values) gave.

    counts: None without shots.    statevector: over all wires, qubit 0 least significant; None for
    dynamic, noisy or wide circuits.    expectation_values: an array with the shape of the
    observables, or of observables and parameter rows broadcast; None without observables.
    """

    name: str | None = None
    shots: int | None = None
    method: str = "statevector"
    counts: Counts | None = None
    statevector: Complex | None = field(default=None, repr=False)
    expectation_values: Any = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        result: dict[str, Any] = {"name": self.name, "shots": self.shots, "method": self.method}
        if self.counts is not None:
            result["counts"] = dict(self.counts)
            result["registers"] = self.counts.registers
        if self.expectation_values is not None:
            result["expectation_values"] = np.asarray(self.expectation_values).tolist()
        elif self.counts is None and self.statevector is not None and len(self.statevector) <= 1 << 12:
            result["statevector"] = [[float(v.real), float(v.imag)] for v in self.statevector]
        return result


@dataclass(frozen=True)
class SimulationResult:
    """The results of all circuits; the properties are those of the only one."""

    results: list[CircuitResult]

    def _only(self) -> CircuitResult:
        if len(self.results) != 1:
            raise UsageError(f"there are results of {len(self.results)} circuits; use .results")
        return self.results[0]

    @property
    def counts(self) -> Counts | None:
        return self._only().counts

    @property
    def statevector(self) -> Complex | None:
        return self._only().statevector

    @property
    def expectation_values(self) -> Any:
        return self._only().expectation_values

    @property
    def method(self) -> str:
        return self._only().method

    def to_dict(self) -> dict[str, Any]:
        """As JSON: the only circuit's, or a list under "results"."""
        if len(self.results) == 1:
            return self.results[0].to_dict()
        return {"results": [r.to_dict() for r in self.results]}


def simulate(
    source: AnySource,
    *,
    shots: int | None = None,
    seed: int = 0,
    observables: Any = None,
    parameter_values: Any = None,
    noise: Mapping[str, Any] | str | None = None,
    format: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> SimulationResult:
    """Run a circuit, a program's text, a file (`pathlib.Path`), or a job of either vendor.

    shots: how often; None takes the job's own, and without any computes exactly (a statevector, exact
        expectation values, no counts).    seed: of every random choice.
    observables: Pauli strings (rightmost letter on qubit 0), mappings of them to coefficients, or
        nested lists.    parameter_values: by name, or rows in the order of the sorted names.
    noise: IonQ's noise object or a model's name; None takes the job's own.

    A circuit that measures nothing has all its qubits measured at the end, as IonQ does.  Raises
    QirError (ParseError, UsageError) for what cannot be read or run.
    """
    if shots is not None and not _is_count(shots, 1):
        raise UsageError(f"shots is a whole number from 1, not {shots!r}")
    if not _is_count(seed, 0):
        raise UsageError(f"seed is an integer from 0, not {seed!r}")
    job = _job(source, format, limits)
    rates = noise_rates(noise if noise is not None else job.noise)
    results: list[CircuitResult] = []
    for index, entry in enumerate(job.circuits):
        values = entry.parameter_values if parameter_values is None else parameter_values
        wanted = entry.observables if observables is None else observables
        count = shots if shots is not None else entry.shots if entry.shots is not None else job.shots
        rng = np.random.default_rng([seed, index])
        try:
            results += _run_entry(entry, values, wanted, count, rng, rates)
        except (Unsupported, ClassicalError) as reason:
            raise UsageError(f"{_which(job, index)} cannot be simulated: {reason}") from None
        except MemoryError:
            raise UsageError(f"{_which(job, index)} needs more memory than there is") from None
    return SimulationResult(results)


def _which(job: JobSpec, index: int) -> str:
    name = job.circuits[index].name
    return f"circuit {name!r}" if name else f"circuit {index}" if len(job.circuits) > 1 else "the circuit"


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _job(source: AnySource, format: str | None, limits: Limits) -> JobSpec:
    if isinstance(source, JobSpec):
        return source
    if isinstance(source, Circuit):
        return JobSpec(circuits=(JobCircuit(source, name=source.name or None),))
    if isinstance(source, Mapping):
        import json

        source = json.dumps(source)
    if isinstance(source, str):
        text = Source(source)
    elif isinstance(source, os.PathLike):
        text = open_source(Path(source), limits=limits)
    else:
        raise UsageError(f"cannot simulate a {type(source).__name__}; pass a Circuit, JobSpec, payload, path or text")
    program = read(text, format, limits=limits)
    if program.has_errors:
        raise ParseError(program.diagnostics)
    if program.job is not None:
        if not program.job.circuits:
            raise ParseError([error("job.empty", "the job has no circuit to run")])
        return program.job
    return JobSpec(circuits=tuple(JobCircuit(c, name=c.name or None) for c in program.circuits))


# -- one circuit --------------------------------------------------------------------------------


def _run_entry(
    entry: JobCircuit, values: Any, wanted: Any, shots: int | None, rng: np.random.Generator, rates: Mapping[int, float] | None
) -> list[CircuitResult]:
    circuit = entry.circuit
    names = circuit.parameters
    rows = value_rows(values, names) if names or values is not None else np.zeros((0,))
    sweep = rows.shape[:-1] if names else ()
    flat = rows.reshape(-1, len(names)).tolist() if names else [[]]
    bindings = [dict(zip(names, row)) for row in flat]
    if wanted is None:
        several = len(bindings) > 1
        return [
            replace(_sample(entry, circuit, b, shots, rng, rates), name=f"{entry.name or 'row'}_{i}" if several else entry.name)
            for i, b in enumerate(bindings)
        ]
    try:
        observed = map_observables(normalise(wanted), expand)
    except ObservableError as reason:
        raise UsageError(f"observables: {reason}") from None
    each = flatten(observed)
    sizes = shape(observed)
    table = np.zeros((len(bindings), len(each)))
    vector, method = None, ""
    for row, b in zip(table, bindings):
        prepared = _prepare(circuit, b, rng, rates, exact=True)
        method, total = prepared.method, 0.0
        for number, branch in enumerate(prepared.run()):
            row += branch.weight * np.array([_expected(prepared, branch, o) for o in each])
            total += branch.weight
            vector = prepared.statevector(branch) if number == 0 and len(bindings) == 1 else None
        row /= total
    try:
        left, right = np.broadcast_arrays(np.arange(len(flat)).reshape(sweep), np.arange(len(each)).reshape(sizes))
    except ValueError:
        raise UsageError(f"observables of shape {sizes} do not fit parameter values of shape {sweep}") from None
    return [CircuitResult(entry.name, shots, method, None, vector, table[left, right][()])]


@dataclass
class _Run:
    """A circuit made ready: its engine, its wires in use, its bound values."""

    circuit: Circuit
    engine: Any
    slots: dict[int, int]
    method: str
    values: dict[str, float]
    start: Any

    def run(self, weight: float = 1.0) -> Iterator[Branch]:
        memory = Memory(self.circuit.num_clbits, self.circuit.cregs)
        return histories(self.circuit, [Branch(memory, self.start(), weight)], self.engine, values=self.values)

    def statevector(self, branch: Branch) -> Complex | None:
        """Over all wires; None when there is none."""
        n = self.circuit.num_qubits
        if self.method != "statevector" or n > MAX_QUBITS:
            return None
        state: Complex = branch.state[:, 0]
        order = sorted(self.slots, key=lambda w: self.slots[w])
        if order == list(range(n)):
            return state
        full = np.zeros(2**n, np.complex128)
        index = np.arange(len(state))
        place = np.zeros(len(state), np.int64)
        for w, s in self.slots.items():
            place |= (index >> s & 1) << w
        full[place] = state
        return full


def _in_use(circuit: Circuit) -> list[int]:
    return sorted(set(circuit.touched_qubits))


def _prepare(
    circuit: Circuit, values: dict[str, float], rng: np.random.Generator, rates: Mapping[int, float] | None, *, exact: bool
) -> _Run:
    """Choose the method for a circuit."""
    bindable = {k: v for k, v in values.items() if k in circuit.parameters}
    bound = circuit.bind(bindable) if bindable else circuit
    wires = _in_use(bound)
    slots = {w: i for i, w in enumerate(wires)}
    n = len(wires)
    if rates is not None:
        if n <= _MAX_NOISY:
            engine: Any = DensityEngine(rng, slots, rates, exact=exact)
            return _Run(bound, engine, slots, "density_matrix", values, lambda: _zero(2 * n))
        if exact:
            raise Unsupported(f"exact noise takes at most {_MAX_NOISY} qubits in use, this circuit has {n}; ask for shots")
        return _Run(bound, TrajectoryEngine(rng, slots, rates), slots, "trajectories", values, lambda: _zero(n))
    if n > _SMALL and _is_clifford(bound):
        return _Run(bound, StabilizerEngine(rng, slots, exact=exact), slots, "stabilizer", values, lambda: Tableau(n))
    return _Run(bound, VectorEngine(rng, slots, exact=exact), slots, "statevector", values, lambda: _zero(n))


def _zero(n: int) -> npt.NDArray[np.complex128]:
    if n > MAX_QUBITS:
        raise Unsupported(f"a state of {n} qubits is too large; the limit is {MAX_QUBITS} for circuits that are not Clifford")
    # Gates with controls, exchanges of wires and readout take up to half as much again.
    needed, available = 2**n * 24, _memory()
    if available is not None and needed > available:
        raise Unsupported(f"a state of {n} qubits needs {needed / 2**30:.2f} GiB; {available / 2**30:.2f} GiB are free")
    state = np.zeros((2**n, 1), np.complex128)
    state[0] = 1
    return state


def _memory() -> int | None:
    """Memory that can be had without swapping, in bytes; None where it cannot be told."""
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
        return int(found[1]) * 1024 if found else os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def _is_clifford(circuit: Circuit) -> bool:
    """Whether every gate, also inside blocks, is a Clifford gate with known angles."""
    stack = [circuit]
    while stack:
        found = stack.pop()
        if found.frames is not None and any(f.terms or f.constant for f in found.frames):
            return False
        for item in leaves(found, rows=True):
            if isinstance(item, Rows):
                if row_moves(item) is None:
                    return False
            elif isinstance(item, Leaf):
                moves = clifford_moves(item.name, item.angles, item.qubits, item.controls, item.power)
                if moves is None:
                    return False
            elif item.extra is not None:
                stack += item.extra.blocks
    return True


# -- counts -------------------------------------------------------------------------------------


def _sample(
    entry: JobCircuit,
    circuit: Circuit,
    values: dict[str, float],
    shots: int | None,
    rng: np.random.Generator,
    rates: Mapping[int, float] | None,
) -> CircuitResult:
    if shots is None:
        prepared = _prepare(circuit, values, rng, rates, exact=True)
        for number, branch in enumerate(prepared.run()):
            # Several histories have no state in common; that there are several is enough to know.
            vector = prepared.statevector(branch) if number == 0 else None
            if number:
                break
        return CircuitResult(None, None, prepared.method, None, vector)
    prepared = _prepare(circuit, values, rng, rates, exact=False)
    implied = not circuit.measures
    bits: list[npt.NDArray[np.uint8]] = []
    vector = None
    for number, branch in enumerate(prepared.run(shots)):
        bits.append(_bits(prepared, branch, implied, rng))
        vector = prepared.statevector(branch) if number == 0 else None
    table = np.concatenate(bits) if bits else np.zeros((0, 0), np.uint8)
    registers = _registers(entry, circuit, implied)
    return CircuitResult(None, shots, prepared.method, _counts(table, registers), vector)


def _bits(prepared: _Run, branch: Branch, implied: bool, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """The outcomes of one branch's shots: bits of the program, or of its qubits when none are measured."""
    circuit, shots = prepared.circuit, int(branch.weight)
    if implied:
        layout = circuit.layout or Layout.trivial(circuit.num_qubits)
        wanted = list(enumerate(layout.final))
        result = np.zeros((shots, len(wanted)), np.uint8)
    else:
        wanted = [(c, w) for c, w in branch.deferred if c is not None]
        result = np.tile(np.array(branch.memory.bits, np.uint8), (shots, 1))
    live = [(c, prepared.slots[w]) for c, w in wanted if w in prepared.slots]
    for c, w in wanted:
        if w not in prepared.slots:
            result[:, c] = 0
    if not live:
        return result
    if isinstance(branch.state, Tableau):
        outcomes = branch.state.sample(shots, rng)
        for c, s in live:
            result[:, c] = outcomes[:, s]
        return result
    chosen = prepared.engine.sample(branch, shots, rng)
    for c, s in live:
        result[:, c] = chosen >> s & 1
    return result


def _registers(entry: JobCircuit, circuit: Circuit, implied: bool) -> list[tuple[str, list[int | None]]]:
    """Registers in order, each with the column of every bit."""
    if not implied:
        return [(r.name, list(range(r.start, r.start + r.size))) for r in circuit.cregs]
    count = len(circuit.layout.final) if circuit.layout else circuit.num_qubits
    if entry.registers:
        return [(name, list(places)) for name, places in entry.registers.items()]
    return [("meas", list(range(count)))]


def _counts(table: npt.NDArray[np.uint8], registers: Sequence[tuple[str, Sequence[int | None]]]) -> Counts:
    if not registers:
        return Counts({"": len(table)} if len(table) else {}, {})
    everything = [c for _, places in registers for c in places]
    joined = _count(table, everything)
    each = {name: _count(table, places) for name, places in registers}
    return Counts(joined, each)


def _count(table: npt.NDArray[np.uint8], places: Sequence[int | None]) -> dict[str, int]:
    """Bit strings of some columns, the first rightmost, in ascending order."""
    if not len(table):
        return {}
    columns = np.zeros((len(table), len(places)), np.uint8)
    for i, place in enumerate(places):
        if place is not None and 0 <= place < table.shape[1]:
            columns[:, len(places) - 1 - i] = table[:, place]
    packed, counts = np.unique(np.packbits(columns, axis=1), axis=0, return_counts=True)
    texts = np.unpackbits(packed, axis=1)[:, : len(places)] + ord("0")
    return {row.tobytes().decode(): count for row, count in zip(texts, counts.tolist())}


# -- observables --------------------------------------------------------------------------------


def _expected(prepared: _Run, branch: Branch, observable: Mapping[str, float]) -> float:
    """The expectation value in one history."""
    n = prepared.circuit.num_qubits
    total = 0.0
    for letters, coefficient in observable.items():
        if len(letters) != n:
            raise UsageError(f"the observable {letters!r} has {len(letters)} letters for {n} qubits")
        paulis = {q: p for q, p in enumerate(reversed(letters)) if p != "I"}
        idle = [p for q, p in paulis.items() if q not in prepared.slots]
        if any(p != "Z" for p in idle):
            continue  # <X> and <Y> of a qubit in |0> are 0; <Z> is 1
        live = {q: p for q, p in paulis.items() if q in prepared.slots}
        total += coefficient * (prepared.engine.expectation(branch, live) if live else 1.0)
    return total
