"""Observables: every accepted spelling brought to `{Pauli string: coefficient}`.

A Pauli string has one letter per qubit, the rightmost for qubit 0.  The letters 0 1 + - r l are
projectors onto the eigenstates of Z, X and Y, as in Qiskit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from qir.job import Observable, Observables

__all__ = ["PROJECTORS", "ObservableError", "expand", "flatten", "map_observables", "normalise", "shape"]

PROJECTORS: Mapping[str, tuple[str, float]] = {
    "0": ("Z", 1.0), "1": ("Z", -1.0), "+": ("X", 1.0), "-": ("X", -1.0), "r": ("Y", 1.0), "l": ("Y", -1.0),
}  # fmt: skip
"""Letter of a projector to the Pauli P and the sign s of (I + s P) / 2."""

_LETTERS = frozenset("IXYZ") | frozenset(PROJECTORS)
_MAX_PROJECTORS = 12


class ObservableError(ValueError):
    """Something is not an observable; `path` leads to it."""

    def __init__(self, message: str, path: tuple[int | str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


def shape(value: Any) -> tuple[int, ...]:
    """The shape of nested lists of observables; () for a single one."""
    result = []
    while isinstance(value, (list, tuple)):
        result.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(result)


def flatten(value: Any) -> list[Any]:
    """The observables of nested lists in C order.  ObservableError when the lists are ragged."""
    items: list[tuple[tuple[int | str, ...], Any]] = [((), value)]
    for size in shape(value):
        following: list[tuple[tuple[int | str, ...], Any]] = []
        for path, item in items:
            if not isinstance(item, (list, tuple)) or len(item) != size:
                raise ObservableError("the lists of observables are not a regular array", path)
            following.extend(((*path, i), inner) for i, inner in enumerate(item))
        items = following
    for path, item in items:
        if isinstance(item, (list, tuple)):
            raise ObservableError("the lists of observables are not a regular array", path)
    return [item for _, item in items]


def map_observables(value: Observables, function: Callable[[Any], Any]) -> Any:
    """The same nesting with `function` applied to every observable."""
    sizes = shape(value)
    items = [function(item) for item in flatten(value)]
    for size in reversed(sizes[1:]):
        items = [items[i : i + size] for i in range(0, len(items), size)]
    return items if sizes else items[0]


def normalise(value: Any) -> Observables:
    """Observables from a string, a mapping, nested lists or arrays of them, as `Observable`s.

    ObservableError for anything else: no letters, unknown letters, letters of different numbers in
    one observable, a coefficient that is not a finite real number, an empty array.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)) and 0 in shape(value):
        raise ObservableError("an empty array of observables is not allowed")
    flat = flatten(value)
    places = _places(shape(value))
    done = iter([_one(item, path) for item, path in zip(flat, places)])
    return map_observables(value, lambda _: next(done))


def _places(sizes: tuple[int, ...]) -> list[tuple[int | str, ...]]:
    places: list[tuple[int | str, ...]] = [()]
    for size in sizes:
        places = [(*path, i) for path in places for i in range(size)]
    return places


def _one(value: Any, path: tuple[int | str, ...]) -> Observable:
    terms = {value: 1.0} if isinstance(value, str) else value
    if not isinstance(terms, Mapping):
        raise ObservableError(f"an observable is a Pauli string or an object of them, not {value!r}", path)
    if not terms:
        raise ObservableError("an observable has at least one term", path)
    result: Observable = {}
    width = -1
    for letters, coefficient in terms.items():
        inner = path if isinstance(value, str) else (*path, str(letters))
        if not isinstance(letters, str) or not letters:
            raise ObservableError("a Pauli string has at least one letter", inner)
        unknown = sorted(set(letters) - _LETTERS)
        if unknown:
            raise ObservableError(f"the letter {unknown[0]!r} in {_short(letters)} is not one of I, X, Y, Z", inner)
        if width not in (-1, len(letters)):
            raise ObservableError(f"Pauli strings of {width} and of {len(letters)} letters in one observable", inner)
        width = len(letters)
        real = isinstance(coefficient, (int, float)) and not isinstance(coefficient, bool) and math.isfinite(coefficient)
        if not real:
            raise ObservableError(f"the coefficient of {_short(letters)} is not a finite real number: {coefficient!r}", inner)
        result[letters] = result.get(letters, 0.0) + float(coefficient)
    return result


def expand(observable: Observable) -> Observable:
    """The same observable in I, X, Y and Z alone: a projector is (I + s P) / 2.

    ObservableError when a string has more than 12 projectors.
    """
    if not any(set(letters) & set(PROJECTORS) for letters in observable):
        return observable
    result: Observable = {}
    for letters, coefficient in observable.items():
        terms = [("", coefficient)]
        if sum(letter in PROJECTORS for letter in letters) > _MAX_PROJECTORS:
            raise ObservableError(f"{_short(letters)} has more than {_MAX_PROJECTORS} projectors")
        for letter in letters:
            if letter in PROJECTORS:
                pauli, sign = PROJECTORS[letter]
                terms = [t for head, c in terms for t in ((head + "I", c / 2), (head + pauli, sign * c / 2))]
            else:
                terms = [(head + letter, c) for head, c in terms]
        for head, c in terms:
            result[head] = result.get(head, 0.0) + c
    return result


def _short(letters: str) -> str:
    return repr(letters) if len(letters) <= 40 else repr(letters[:37] + "...")
