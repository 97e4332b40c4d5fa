"""IonQ job JSON into circuits: every dialect from v0.1 to v0.4, bare inputs and artifacts.

What has a meaning is read, and what is odd about it is a warning; what breaks a rule of the service
or of a machine is for `qir.lint.ionq_rules` to say.  Every qubit is measured at the end, which the
circuits do not spell out; classical registers, where a client carried them along, are on the
`JobCircuit`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit, Register
from qir.frontends.findings import Findings
from qir.frontends.ionq_dialects import recognise
from qir.frontends.ionq_functions import KEPT, is_program, read_hamiltonian_energy, read_program
from qir.frontends.ionq_gates import convert, guess_gateset
from qir.frontends.ionq_registers import Registers, from_field, from_metadata
from qir.job import JobCircuit, JobSpec
from qir.json_text import Document, Path, is_int, kind_of, parse
from qir.limits import DEFAULT_LIMITS, Limits
from qir.params import Angle
from qir.program import Program
from qir.source import Source
from qir.targets.ionq_format import MULTI, QAOA, QASM3, QUANTUM_FUNCTION
from qir.targets.ionq_view import View

__all__ = ["read"]

_OWN_FIELDS = frozenset({
    "type", "backend", "target", "input", "body", "name", "shots", "metadata", "settings", "noise", "registers", "lang",
    "error_mitigation",
})  # fmt: skip
"""Fields of a job that have a place of their own in `JobSpec`."""


def read(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> Program:
    """Read a payload.  All errors are reported; the program has no circuits then.

    `Program.job` has everything that was sent along, `Program.data` the parsed JSON (None when the
    text is not JSON).
    """
    document = parse(source, limits=limits)
    if not document.ok:
        return Program(source, "ionq", diagnostics=tuple(document.diagnostics))
    findings = Findings(document, limits)
    reader = _JobReader(document, findings)
    job = reader.read()
    found = findings.diagnostics()
    if findings.errors or job is None:
        return Program(source, "ionq", diagnostics=found, data=document.value)
    return Program(source, "ionq", tuple(c.circuit for c in job.circuits), found, job=job, data=document.value)


class _JobReader:
    """One payload on its way to a `JobSpec`."""

    def __init__(self, document: Document, findings: Findings) -> None:
        self.document = document
        self.findings = findings
        self.limits = findings.limits
        self.total = 0

    @cached_property
    def places(self) -> _Places:
        return _Places(self.document)

    def read(self) -> JobSpec | None:
        found = recognise(self.document.value, self.findings)
        if found is None:
            return None
        raw: Any = None
        circuits: list[JobCircuit] = []
        if found.kind == QUANTUM_FUNCTION:
            circuits, raw = self._quantum_function(found)
        elif found.kind == QAOA:
            raw = found.input
        elif found.kind == QASM3 or (found.dialect in ("v0.3", "v0.2") and "data" in found.input):
            circuits = self._program(found)
        elif found.kind == MULTI:
            circuits = self._multi(found)
        else:
            circuits = self._single(found)
        spec = self._job(found, circuits, raw)
        if circuits:
            circuits = self._with_registers(spec, circuits)
        return replace(spec, circuits=tuple(circuits))

    # -- kinds of input --------------------------------------------------------------------

    def _single(self, found: View) -> list[JobCircuit]:
        if "circuit" not in found.input:
            several = "circuits" in found.input
            help = "several circuits make a job of type ionq.multi-circuit.v1" if several else 'it holds a list of gates'
            self.findings.error("json.missing", 'the input has no "circuit"', found.path, help=help)
            return []
        registers = found.job.get("registers", found.input.get("registers"))
        where: Path = ("registers",) if "registers" in found.job else (*found.path, "registers")
        entry = self._entry(found.input, found.path, found, registers, where)
        return [] if entry is None else [entry]

    def _multi(self, found: View) -> list[JobCircuit]:
        entries = found.input.get("circuits")
        path = (*found.path, "circuits")
        if "circuits" not in found.input:
            help = "a single circuit makes a job of type ionq.circuit.v1" if "circuit" in found.input else "it is a list"
            self.findings.error("json.missing", 'the input has no "circuits"', found.path, help=help)
            return []
        if not isinstance(entries, list):
            self.findings.error("json.type", f'"circuits" is a list, not {kind_of(entries)}', path)
            return []
        limit = self.findings.limits.circuits
        if limit is not None and len(entries) > limit:
            here = f"{len(entries)} circuits in one job; the limit is {limit}"
            self.findings.error("limit.exceeded", here, path, help="raise Limits.circuits")
            return []
        circuits: list[JobCircuit] = []
        for i, entry in enumerate(entries):
            place: Path = (*path, i)
            if not isinstance(entry, dict):
                self.findings.error("json.type", f"an entry of circuits is an object, not {kind_of(entry)}", place)
            elif "circuit" not in entry:
                self.findings.error("json.missing", 'the entry has no "circuit"', place)
            else:
                one = self._entry(entry, place, found, entry.get("registers"), (*place, "registers"))
                if one is not None:
                    circuits.append(one)
        return circuits

    def _program(self, found: View) -> list[JobCircuit]:
        text = found.input.get("data")
        path = (*found.path, "data")
        if found.dialect == "v0.2" and isinstance(found.job.get("body"), str):
            path = found.path
        if not isinstance(text, str):
            what = "has no program" if "data" not in found.input else f"holds {kind_of(text)} instead of a program"
            slug = "json.missing" if "data" not in found.input else "json.type"
            self.findings.error(slug, f"the input {what}", found.path, help='"data" is the text of an OpenQASM 3 program')
            return []
        circuits = read_program(text, path, self.findings)
        return [JobCircuit(c, pointer=self.document.pointer(path)) for c in circuits]

    def _quantum_function(self, found: View) -> tuple[list[JobCircuit], Any]:
        """The circuit of a Hamiltonian's energy, or any other function as it is."""
        content = found.input
        data = content.get("data")
        if not isinstance(data, dict):
            slug = "json.type" if "data" in content else "json.missing"
            self.findings.error(slug, "a quantum function has an object of data", (*found.path, "data"))
            return [], None
        if data.get("type") != "hamiltonian-energy" and content.get("type") != "hamiltonian-energy":
            kind = data.get("type", content.get("type"))
            if not isinstance(kind, str):
                self.findings.error("json.missing", "the quantum function has no type", found.path,
                                    help='for the energy of a Hamiltonian: "hamiltonian-energy"')  # fmt: skip
            return [], content
        if "data" not in data:
            self.findings.error("json.missing", "the Hamiltonian has no data", (*found.path, "data"))
            return [], None
        ansatz = data["data"].get("ansatz") if isinstance(data["data"], dict) else None
        text = ansatz.get("data") if isinstance(ansatz, dict) else None
        if isinstance(text, str) and not is_program(text):
            self.findings.note("ansatz.form", "feature.unsupported", "the ansatz is not OpenQASM: it is kept unread",
                               (*found.path, "data", "data", "ansatz", "data"))  # fmt: skip
            return [], content
        one = read_hamiltonian_energy(data["data"], content.get("params"), found.path, self.findings)
        return ([] if one is None else [one]), None

    # -- circuits --------------------------------------------------------------------------

    def _entry(self, entry: dict[str, Any], path: Path, found: View, registers: Any, where: Path) -> JobCircuit | None:
        gates = entry["circuit"]
        place = (*path, "circuit")
        qubits = self._qubits(entry, path, found)
        if not isinstance(gates, list):
            self.findings.error("json.type", f"a circuit is a list of gates, not {kind_of(gates)}", place)
            return None
        self.total += len(gates)
        if self.limits.operations is not None and self.total > self.limits.operations:
            here = f"the job has more than {self.limits.operations} gates"
            self.findings.error("limit.exceeded", here, place, help="raise Limits.operations")
            return None
        gateset = self._gateset(entry, path, found, gates)
        if gateset is None:
            return None
        name = entry.get("name") if path != found.path else None
        before = self.findings.errors
        rows = convert(gates, gateset, qubits, place, self.findings)
        mapped = None if registers is None else from_field(registers, rows.num_qubits, where, self.findings)
        if self.findings.errors > before:
            return None
        circuit = Circuit(
            rows.columns,
            rows.num_qubits,
            qregs=(Register("q", 0, rows.num_qubits),) if rows.num_qubits else (),
            extras=rows.extras,
            global_phase=Angle(rows.phase),
            name=name if isinstance(name, str) else "",
            source=self.document.source,
            span_table=self.places.of(place, len(gates)),
        )
        return JobCircuit(
            circuit,
            name=name if isinstance(name, str) else None,
            gateset=gateset,
            registers=mapped,
            pointer=self.document.pointer(path),
        )

    def _qubits(self, entry: dict[str, Any], path: Path, found: View) -> int | None:
        """The number of qubits an entry says, or else its input; None when neither does."""
        for holder, place in ((entry, path), (found.input, found.path)):
            if holder.get("qubits") is None:
                continue
            value = holder["qubits"]
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            if not is_int(value):
                what = f"{value}" if isinstance(value, float) else kind_of(value)
                self.findings.error("json.type", f'"qubits" is a whole number, not {what}', (*place, "qubits"))
                return None
            if value < 1:
                here = f"a circuit of {value} qubits"
                self.findings.error("ionq.qubits", here, (*place, "qubits"), help="it has at least one")
                return None
            if self.limits.qubits is not None and value > self.limits.qubits:
                here = f"{value} qubits; the limit is {self.limits.qubits}"
                self.findings.error("limit.exceeded", here, (*place, "qubits"), help="raise Limits.qubits")
                return None
            return value
        self.findings.note("qubits.missing", "ionq.dialect", 'no "qubits": the highest index in use decides', path,
                           help="the service refuses a job without it")  # fmt: skip
        return None

    def _gateset(self, entry: dict[str, Any], path: Path, found: View, gates: list[Any]) -> str | None:
        for holder, place in ((entry, path), (found.input, found.path)):
            if "gateset" not in holder:
                continue
            value = holder["gateset"]
            if value not in ("qis", "native"):
                shown = repr(value) if isinstance(value, str) else kind_of(value)
                self.findings.error("json.type", f'a gateset is "qis" or "native", not {shown}', (*place, "gateset"))
                return None
            return str(value)
        guessed = "native" if found.input.get("format") == "ionq.native.v1" else guess_gateset(gates)
        # Of a job in today's format the rules say that it is required.
        if found.dialect != "v0.4" and (found.dialect != "artifact" or guessed == "qis"):
            self.findings.note("gateset.missing", "ionq.dialect", f'no "gateset": read as "{guessed}"', path,
                               help="v0.4 requires it")  # fmt: skip
        return guessed

    # -- the job ---------------------------------------------------------------------------

    def _job(self, found: View, circuits: list[JobCircuit], raw: Any) -> JobSpec:
        job = found.job
        backend = job.get("backend", job.get("target"))
        if found.dialect in ("v0.2", "v0.3") and job and backend is None:
            backend = "simulator"
        name, metadata, noise = job.get("name"), job.get("metadata"), job.get("noise")
        gateset = found.input.get("gateset")
        kept = {key: value for key, value in job.items() if key not in _OWN_FIELDS}
        if found.kind == QUANTUM_FUNCTION and raw is None and circuits:
            data = found.input["data"]["data"]
            kept |= {key: data[key] for key in KEPT if key in data}
        return JobSpec(
            vendor="ionq",
            kind=found.kind,
            backend=backend if isinstance(backend, str) else None,
            name=name if isinstance(name, str) else None,
            shots=_shots(job.get("shots")),
            gateset=gateset if isinstance(gateset, str) else None,
            options=_settings(job),
            noise=_noise(noise),
            metadata=dict(metadata) if isinstance(metadata, dict) else {},
            fields=kept,
            raw=raw,
        )

    def _with_registers(self, spec: JobSpec, circuits: list[JobCircuit]) -> list[JobCircuit]:
        if not spec.metadata or spec.kind in (QASM3, QUANTUM_FUNCTION):
            return circuits
        recovered: list[Registers | None] = from_metadata(
            spec.metadata, len(circuits), [c.circuit.num_qubits for c in circuits]
        )
        return [c if c.registers is not None or r is None else replace(c, registers=r) for c, r in zip(circuits, recovered)]


def _shots(value: Any) -> int | None:
    """The number of shots, also from the text that cirq-ionq sends; None when it is no such number."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if is_int(value) else None


def _settings(job: dict[str, Any]) -> dict[str, Any]:
    settings = job.get("settings")
    result = dict(settings) if isinstance(settings, dict) else {}
    legacy = job.get("error_mitigation")
    if isinstance(legacy, dict) and "error_mitigation" not in result:
        renamed = {"debias": "debiasing"}
        result["error_mitigation"] = {renamed.get(key, key): value for key, value in legacy.items()}
    return result


def _noise(value: Any) -> dict[str, Any] | None:
    if isinstance(value, str):
        return {"model": value}
    if not isinstance(value, dict):
        return None
    return {key: item for key, item in value.items() if item is not None}


_CIRCUIT = re.compile(r'"circuit"\s*:\s*\[')


class _Places:
    """Where the gate objects of all circuits stand.

    A gate holds no objects, so in the text its braces follow each other directly: all innermost
    objects are found at once, and the circuits follow in the order of the text.  What does not fit
    (braces inside strings, say) is looked up gate by gate.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        text = document.source.text
        if text.isascii():
            codes: npt.NDArray[np.generic] = np.frombuffer(text.encode("ascii"), np.uint8)
        else:
            codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        places = np.flatnonzero((codes == ord("{")) | (codes == ord("}")))
        opens = codes[places] == ord("{")
        leaf = np.flatnonzero(opens[:-1] & ~opens[1:])
        self.starts = places[leaf]
        self.ends = places[leaf + 1] + 1
        self.circuits = [match.end() for match in _CIRCUIT.finditer(text)]
        self.visited = 0

    def of(self, path: Path, count: int) -> npt.NDArray[np.int64] | None:
        """Start and end of the gates of the next circuit in the text, shape (count, 2)."""
        index = self.visited
        self.visited += 1
        if not count:
            return None
        text = self.document.source.text
        if index < len(self.circuits):
            begin = self.circuits[index]
            first = int(np.searchsorted(self.starts, begin))
            starts, ends = self.starts[first : first + count], self.ends[first : first + count]
            if len(starts) == count and not text[begin : starts[0]].strip():
                rest = text[ends[-1] : ends[-1] + 200].lstrip()
                if rest[:1] == "]":
                    return np.stack([starts, ends], axis=1)
        spans = [self.document.span((*path, i)) for i in range(count)]
        return np.array([[s.start, s.end] for s in spans], np.int64)
