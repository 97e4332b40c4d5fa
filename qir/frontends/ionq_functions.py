"""Quantum-function jobs of IonQ: the energy of a Hamiltonian in the state an ansatz makes.

The ansatz is an OpenQASM 3 program with `input` parameters; `params` are their values, in the order
of their declaration.  Constraints, penalty and the CVaR level are kept as they are.
"""

from __future__ import annotations

import re
from typing import Any

from qir.circuit import Circuit
from qir.diagnostics import Severity
from qir.frontends.findings import Findings
from qir.job import JobCircuit, Observable
from qir.json_text import Path, embedded, is_number, kind_of
from qir.program import Program, has_errors

__all__ = ["KEPT", "is_program", "read_hamiltonian_energy", "read_program"]

KEPT = ("linear_constraints", "quadratic_constraints", "penalty", "cvar_alpha")
"""Fields of the Hamiltonian's data that are written back as they were."""


def read_program(text: str, path: Path, findings: Findings) -> tuple[Circuit, ...]:
    """The circuit of an OpenQASM program inside the job; its diagnostics are taken over."""
    from qir.frontends import detect
    from qir.frontends import read as read_any

    source = embedded(findings.document, path, text)
    program = read_any(source, "openqasm2" if detect(text) == "openqasm2" else "openqasm3", limits=findings.limits)
    if has_errors(program.diagnostics) and "include" not in text and '"' not in text:
        # The service knows the standard gates without the include; keep all on its line, so that places stay.
        head, version, rest = text.partition(";") if text.lstrip().startswith("OPENQASM") else ("", "", text)
        retry = read_any(embedded(findings.document, path, f'{head}{version} include "stdgates.inc";{rest}'), "openqasm3",
                         limits=findings.limits)  # fmt: skip
        if _count(retry) < _count(program):
            findings.note("qasm3.include", "ionq.dialect", "no include of stdgates.inc: its gates are taken as known", path)
            program = retry
    findings.add(program.diagnostics)
    return program.circuits


def _count(program: Program) -> int:
    return sum(d.severity is Severity.ERROR for d in program.diagnostics)


def is_program(text: str) -> bool:
    """Whether an ansatz is OpenQASM, as far as a glance tells; other forms are kept unread."""
    return _OPENQASM.search(text) is not None


_OPENQASM = re.compile(r"\bOPENQASM\b|\bqubit\b|\bqreg\b|\binclude\s*\"")


def read_hamiltonian_energy(data: Any, params: Any, path: Path, findings: Findings) -> JobCircuit | None:
    """Hamiltonian, ansatz and parameters as one circuit with its observable.

    data: the object with `hamiltonian` and `ansatz`, at (*path, "data", "data").
    """
    place = (*path, "data", "data")
    if not isinstance(data, dict):
        findings.error("json.type", f"the data of a Hamiltonian are an object, not {kind_of(data)}", place)
        return None
    before = findings.errors
    observable = _hamiltonian(data, place, findings)
    circuit = _ansatz(data, place, findings)
    values = _numbers(params, (*path, "params"), findings) if params is not None else None
    if findings.errors > before or circuit is None:
        return None
    for term in observable:
        if len(term) != circuit.num_qubits:
            here = f"the Pauli string {term!r} has {len(term)} letters; the ansatz has {circuit.num_qubits} qubits"
            findings.error("job.observable", here, (*place, "hamiltonian"))
    names = [v.name for v in circuit.variables if v.kind == "input"]
    if values and not names:
        findings.note("params.unused", "job.values", "the ansatz has no parameters: the values are not used", (*path, "params"))
        values = None
    elif values is not None and len(values) != len(names):
        here = f"{len(values)} values for {len(names)} parameters ({', '.join(names)})"
        findings.error("job.values", here, (*path, "params"))
    if findings.errors > before:
        return None
    bound = dict(zip(names, values)) if values else None
    return JobCircuit(circuit, observables=observable, parameter_values=bound, pointer=findings.document.pointer(place))


def _hamiltonian(data: dict[str, Any], place: Path, findings: Findings) -> Observable:
    terms = data.get("hamiltonian")
    result: Observable = {}
    if "hamiltonian" not in data:
        findings.error("json.missing", "there is no hamiltonian", place)
        return result
    if not isinstance(terms, list):
        findings.error("json.type", f"a hamiltonian is a list of terms, not {kind_of(terms)}", (*place, "hamiltonian"))
        return result
    for i, term in enumerate(terms):
        here = (*place, "hamiltonian", i)
        if not isinstance(term, dict):
            findings.error("json.type", f"a term is an object, not {kind_of(term)}", here)
            continue
        paulis, coefficient = term.get("pauli_string"), term.get("coefficient")
        for key in ("pauli_string", "coefficient"):
            if key not in term:
                findings.error("json.missing", f'the term has no "{key}"', here)
        if "pauli_string" in term:
            if not isinstance(paulis, str):
                findings.error("json.type", f"a Pauli string is a string, not {kind_of(paulis)}", (*here, "pauli_string"))
            elif bad := sorted(set(paulis) - set("IXYZ")):
                findings.error("job.observable", f"{bad[0]!r} is no Pauli letter", (*here, "pauli_string"),
                               help="the letters are I, X, Y, Z")  # fmt: skip
            elif not paulis:
                findings.error("job.observable", "the Pauli string is empty", (*here, "pauli_string"))
        if "coefficient" in term and not is_number(coefficient):
            findings.error("json.type", f"a coefficient is a real number, not {kind_of(coefficient)}", (*here, "coefficient"))
        if isinstance(paulis, str) and is_number(coefficient):
            result[paulis] = result.get(paulis, 0.0) + float(coefficient)
    if not terms:
        findings.note("hamiltonian.empty", "job.observable", "the hamiltonian has no terms", (*place, "hamiltonian"))
    return result


def _ansatz(data: dict[str, Any], place: Path, findings: Findings) -> Circuit | None:
    ansatz = data.get("ansatz")
    if "ansatz" not in data:
        findings.error("json.missing", "there is no ansatz", place, help='add "ansatz": {"data": "<OpenQASM 3>"}')
        return None
    if not isinstance(ansatz, dict):
        findings.error("json.type", f"an ansatz is an object, not {kind_of(ansatz)}", (*place, "ansatz"))
        return None
    text = ansatz.get("data")
    if not isinstance(text, str):
        slug = "json.type" if "data" in ansatz else "json.missing"
        findings.error(slug, "the ansatz has no program", (*place, "ansatz"), help='"data" holds an OpenQASM 3 program')
        return None
    circuits = read_program(text, (*place, "ansatz", "data"), findings)
    return circuits[0] if circuits else None


def _numbers(values: Any, path: Path, findings: Findings) -> list[float] | None:
    if not isinstance(values, list):
        findings.error("json.type", f"params are a list of numbers, not {kind_of(values)}", path)
        return None
    for i, value in enumerate(values):
        if not is_number(value):
            findings.error("json.type", f"a parameter is a number, not {kind_of(value)}", (*path, i))
    return [float(v) for v in values if is_number(v)]
