"""Parameter values as rows, for services that take only circuits without parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qir.diagnostics import error
from qir.errors import CompileError
from qir.job import JobCircuit

__all__ = ["bind_rows", "value_rows"]


def value_rows(values: Any, parameters: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """Values as an array of shape (*sweep, number of parameters), the parameters sorted by name.

    values: None, a mapping from name to a number or nested list (broadcast against one another), or
    nested lists whose last axis runs over the parameters.  CompileError when they do not fit.
    """
    if values is None:
        values = []
    try:
        if isinstance(values, Mapping):
            missing = sorted(set(parameters) - set(values))
            unknown = sorted(set(values) - set(parameters))
            if missing or unknown:
                text = [f"no value for {', '.join(missing)}"] if missing else []
                text += [f"the circuit has no parameter {', '.join(unknown)}"] if unknown else []
                raise _misfit("; ".join(text), parameters)
            if not parameters:
                return np.zeros((0,))
            columns = np.broadcast_arrays(*(np.asarray(values[name], dtype=np.float64) for name in parameters))
            rows = np.stack(columns, axis=-1)
        else:
            rows = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise _misfit("the parameter values are not an array of numbers", parameters) from None
    if rows.ndim == 0 or rows.shape[-1] != len(parameters):
        given = rows.shape[-1] if rows.ndim else 1
        raise _misfit(f"{given} parameter values for {len(parameters)} parameters", parameters)
    if not np.isfinite(rows).all():
        raise _misfit("a parameter value is not a finite number", parameters)
    return rows


def _misfit(message: str, parameters: tuple[str, ...]) -> CompileError:
    order = ", ".join(parameters) or "none"
    return CompileError([error("job.values", message, help=f"parameters, in the order of positional values: {order}")])


def bind_rows(entry: JobCircuit) -> list[tuple[JobCircuit, dict[str, float]]]:
    """One circuit per row of values, in row order, each with its values; a circuit without values as it is."""
    if entry.parameter_values is None:
        return [(entry, {})]
    names = entry.circuit.parameters
    rows = value_rows(entry.parameter_values, names)
    flat = rows.reshape(-1, len(names)).tolist() if names else [[]]
    result: list[tuple[JobCircuit, dict[str, float]]] = []
    for index, row in enumerate(flat):
        values = dict(zip(names, row))
        name = f"{entry.name or 'row'}_{index}" if len(flat) > 1 else entry.name
        result.append((replace(entry, circuit=entry.circuit.bind(values), name=name, parameter_values=None), values))
    return result
