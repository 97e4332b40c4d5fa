"""Assignments to a part of a variable: elements and slices of arrays, bits of integers."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from qir.expressions import ClassicalType
from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3 import types
from qir.frontends.openqasm3.evaluate import Selection, Slice, Unknown
from qir.frontends.openqasm3.types import TypeProblem, Value, convert, describe

if TYPE_CHECKING:
    from qir.frontends.openqasm3.lower import Lowering
    from qir.frontends.openqasm3.resolve import Variable

__all__ = ["assign_element"]


def assign_element(lowering: Lowering, node: s.Assignment, variable: Variable) -> None:
    """`a[i, j] = v`, `a[0:1] = {…}`, `n[3] = 1`, `n[0:3] = "0101"`."""
    target = node.target
    part = lowering.value(target)  # checks the indices, and gives the type of the part
    type = part.type
    if type.dims:
        if node.op:
            raise lowering.fail("type.operand", f"`{node.op}=` is not defined for arrays", node)
        value = _array_value(lowering, node, type)
    else:
        value = lowering.right_side(node.value)
        try:
            if node.op:
                value = types.binary(node.op, part, value, bits=lowering.limits.integer_bits)
            value = convert(value, type)
        except TypeProblem as problem:
            raise lowering.problem(problem, node if node.op else node.value) from None
    current = lowering.read_variable(variable)
    lowering.current_span = lowering.mark(node)
    if value.known is not None and variable.level >= lowering.depth and current.known is not None:
        paths = _paths(lowering, target, current)
        if paths is not None:
            lowering.assign(variable, Value(current.type, _put(lowering, current, paths, value), None, False))
            return
    if value.known is not None and variable.type.dims and variable.level >= lowering.depth and variable.value is None:
        # The first element of an array without values: the others are undefined, and count as zero.
        paths = _paths(lowering, target, current)
        if paths is not None:
            blank = Value(variable.type, _blank(variable.type, list(variable.type.dims)))
            lowering.assign(variable, Value(variable.type, _put(lowering, blank, paths, value), None, False))
            return
    lowering.flush(variable)
    part = lowering.value(_fresh(target)) if current.known is None else _as_target(lowering, target, variable)
    lowering.emit_assign(part.to_expr(), value.to_expr(), ())
    lowering.forget(variable)


def _array_value(lowering: Lowering, node: s.Assignment, type: ClassicalType) -> Value:
    value_node = node.value
    if not isinstance(value_node, s.ArrayLiteral):
        value = lowering.right_side(value_node)
        if not value.type.dims:
            raise lowering.fail("array.shape", f"{describe(value.type)} does not have the shape of {describe(type)}", node)
    return lowering.array_value(value_node, type)


def _fresh(target: s.Expression) -> s.Expression:
    return target


def _as_target(lowering: Lowering, target: s.Expression, variable: Variable) -> Value:
    """The part as a place in the circuit's variable."""
    known = variable.value
    variable.value = Value(variable.type, None, lowering.materialise(variable))
    try:
        return lowering.value(target)
    finally:
        variable.value = known


def _items(target: s.Expression) -> list[s.Expression]:
    groups: list[list[s.Expression]] = []
    while isinstance(target, s.Index):
        groups.append(target.items)
        target = target.base
    return [item for group in reversed(groups) for item in group]


def _paths(lowering: Lowering, target: s.Expression, current: Value) -> list[Any] | None:
    """Per index the position or positions; None when one is only known at run time."""
    dims = list(current.type.dims) or [current.type.width or 64]
    paths: list[Any] = []
    pending = list(dims)
    for item in _items(target):
        operand: Any = lowering.evaluate(item)
        if not isinstance(operand, (Slice, Selection)):
            operand = lowering.read(operand, item)
        size = pending.pop(0) if pending else (current.type.width or 64)
        try:
            paths.append(lowering.positions(operand, size, target, target))
        except Unknown:
            return None
    return paths


def _put(lowering: Lowering, current: Value, paths: list[Any], value: Value) -> Any:
    """A known value with one part replaced."""
    dims = current.type.dims
    if not dims:
        return _put_bits(current, paths[0], int(value.known))
    items = deepcopy(current.known)
    inner = paths[len(dims) :]
    base = ClassicalType(current.type.kind, current.type.width)

    def place(level: Any, path: list[Any], new: Any) -> None:
        head = path[0]
        if isinstance(head, int):
            if len(path) == 1:
                level[head] = _put_bits(Value(base, level[head]), inner[0], int(new)) if inner else new
            else:
                place(level[head], path[1:], new)
        else:
            for offset, position in enumerate(head):
                if len(path) == 1:
                    level[position] = new[offset]
                else:
                    place(level[position], path[1:], new[offset])

    place(items, paths[: len(dims)], deepcopy(value.known))
    return items


def _put_bits(current: Value, where: Any, pattern: int) -> Any:
    """An integer or angle with some bits replaced."""
    import math

    width = current.type.width or 64
    is_angle = current.type.kind == "angle"
    bits = types.angle_bits(current.known, width) if is_angle else int(current.known)
    for offset, position in enumerate([where] if isinstance(where, int) else where):
        bits = bits | (1 << position) if (pattern >> offset) & 1 else bits & ~(1 << position)
    if is_angle:
        return bits * 2 * math.pi / (1 << width)
    return types.wrap(bits, current.type) if current.type.kind != "bit" else bits


def _blank(type: ClassicalType, dims: list[int]) -> Any:
    if len(dims) == 1:
        zero: Any = {"bool": False, "float": 0.0, "angle": 0.0, "complex": 0j, "duration": types.Time(0.0)}.get(type.kind, 0)
        return [zero] * dims[0]
    return [_blank(type, dims[1:]) for _ in range(dims[0])]
