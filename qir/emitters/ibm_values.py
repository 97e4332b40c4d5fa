"""Observables and parameter values of a PUB, fitted to the text that is sent.

A program's qubit q is read on wire `final[q]`; the service wants one letter for each qubit of the
text, the rightmost for `$0`.  Values are tables: the leading axes are the sweep, the last one runs
over the parameters sorted by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.circuit import Layout
from qir.diagnostics import error
from qir.errors import CompileError
from qir.expressions import Expr
from qir.job import Observable, Observables
from qir.observables import ObservableError, expand, flatten, map_observables, normalise, shape
from qir.params import evaluate
from qir.sweeps import value_rows

__all__ = ["Table", "common_shape", "letters_needed", "on_wires", "own_values", "padded", "renamed"]

Float = npt.NDArray[np.float64]


class Table:
    """Values of named parameters: `columns[name]` has the shape of the sweep."""

    def __init__(self, columns: Mapping[str, Float], sweep: tuple[int, ...]) -> None:
        self.columns = dict(columns)
        self.sweep = sweep

    def matrix(self) -> Float:
        """All values as one array, the last axis over the names sorted."""
        names = sorted(self.columns)
        if not names:
            return np.zeros((*self.sweep, 0)) if self.sweep else np.zeros((0,))
        return np.stack([self.columns[name] for name in names], axis=-1)


def own_values(values: Any, parameters: tuple[str, ...]) -> Table:
    """The user's values under the circuit's names.

    parameters: the circuit's, sorted by name.    CompileError when values are missing, too many, or
    not finite.
    """
    if values is None and parameters:
        message = f"no values for the parameters {', '.join(parameters)}"
        help = "give them by name: --values FILE.json, or parameter_values={...}"
        raise CompileError([error("target.parameters", message, help=help)])
    rows = value_rows(values, parameters)
    return Table({name: rows[..., k] for k, name in enumerate(parameters)}, rows.shape[:-1])


def renamed(own: Table, derived: Mapping[str, Expr], names: Mapping[str, str]) -> Table:
    """The values under the text's names, those of derived parameters calculated.

    names: name in the text to the circuit's.
    """
    columns = {
        new: _calculated(derived[old], own.columns, own.sweep) if old in derived else own.columns[old]
        for new, old in names.items()
    }
    return Table(columns, own.sweep)


def _calculated(expression: Expr, own: Mapping[str, Float], sweep: tuple[int, ...]) -> Float:
    """An expression for every row of the table."""
    names = expression.variables
    flat = np.stack([own[n].reshape(-1) for n in names], axis=-1).tolist() if names else [[]]
    try:
        values = [evaluate(expression, dict(zip(names, row))) for row in flat]
    except (ArithmeticError, ValueError) as problem:
        message = f"an angle has no value for some of the parameter values: {problem}"
        raise CompileError([error("job.values", message)]) from None
    if not np.isfinite(values).all():
        raise CompileError([error("job.values", "an angle is not finite for some of the parameter values")])
    return np.array(values, np.float64).reshape(sweep)


# -- observables -------------------------------------------------------------------------------


def on_wires(value: Any, layout: Layout | None, num_qubits: int) -> tuple[Observables, list[str]]:
    """Observables on the program's qubits as observables on wires, in I, X, Y, Z, and remarks.

    The strings are cut after the last letter that is not I; pad them with `padded`.
    CompileError when a letter has no qubit.
    """
    final = layout.final if layout is not None else tuple(range(num_qubits))
    remarks: list[str] = []
    try:
        observables = normalise(value)
        for one in flatten(observables):
            width = len(next(iter(one)))
            text = f"an observable on the first {width} of {len(final)} qubits: the others are left alone"
            if width < len(final) and text not in remarks:
                remarks.append(text)
        return map_observables(observables, lambda one: _moved(expand(one), final)), remarks
    except ObservableError as problem:
        raise CompileError([error("job.observable", str(problem))]) from None


def _moved(observable: Observable, final: tuple[int, ...]) -> Observable:
    result: Observable = {}
    for letters, coefficient in observable.items():
        placed: dict[int, str] = {}
        for q, letter in enumerate(reversed(letters)):
            if letter == "I":
                continue
            if q >= len(final):
                raise ObservableError(f"{letters!r} has a {letter} on qubit {q}; the program has {len(final)} qubits")
            placed[final[q]] = letter
        width = max(placed, default=-1) + 1
        moved = "".join(placed.get(w, "I") for w in range(width - 1, -1, -1))
        result[moved] = result.get(moved, 0.0) + coefficient
    return result


def letters_needed(observables: Observables) -> int:
    """The number of qubits the observables reach."""
    return max((len(letters) for one in flatten(observables) for letters in one), default=0)


def padded(observables: Observables, width: int) -> Observables:
    """The same observables with every string padded to `width` letters."""
    return map_observables(observables, lambda one: {letters.rjust(width, "I"): c for letters, c in one.items()})


def common_shape(observables: Observables, sweep: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a PUB's results.  CompileError when the two shapes do not broadcast."""
    try:
        return np.broadcast_shapes(shape(observables), sweep)
    except ValueError:
        message = f"observables of shape {shape(observables)} and values of shape {sweep} do not broadcast"
        raise CompileError([error("job.values", message)]) from None
