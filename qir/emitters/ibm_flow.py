"""Control flow brought to what IBM's machines run: ifs that are not nested, on conditions that load.

A branch may not measure, so the bits of a condition stay as they are while its blocks run.  Hence
nested ifs, else if and switch are the same as ifs one after the other whose conditions are joined.
A condition is a function of its bits: of one bit it is written `c[0]` or `!c[0]`, of several as a
comparison of a register that holds just these bits with the values that satisfy it, one if each.
Registers are divided where that needs it; `Flattened.bits` says where each bit went.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from qir.builder import CircuitBuilder
from qir.circuit import Assign, Circuit, If, Operation, Register, Switch
from qir.classical import ClassicalError, Memory
from qir.diagnostics import Diagnostic, error, info
from qir.expressions import BOOL, Expr, bit, constant, fold, register
from qir.source import Span

__all__ = ["Flattened", "flatten"]

_MAX_TABLE_BITS = 14
_MAX_IFS = 64
_MAX_CONDITION_BITS = 32

Path = tuple[Expr, ...]


@dataclass(frozen=True)
class Flattened:
    """The circuit with flat ifs; `bits[new]` is the bit of the source behind each bit."""

    circuit: Circuit
    bits: tuple[int, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass
class _Item:
    """An operation under conditions; or, with `branches`, an if with an else."""

    path: Path
    op: Operation | None
    condition: Expr | None = None
    branches: tuple[tuple[Operation, ...], ...] = ()
    span: Span | None = None


class _Refused(Exception):
    def __init__(self, slug: str, message: str, span: Span | None, help: str | None = None) -> None:
        super().__init__(message)
        self.diagnostic = error(slug, message, span, help=help)


def flatten(circuit: Circuit) -> Flattened:
    """Lower control flow.  What cannot be lowered is an error among the diagnostics."""
    same = tuple(range(circuit.num_clbits))
    if not circuit.is_dynamic and not any(op == "box" for op in circuit.count_ops()):
        return Flattened(circuit, same)
    try:
        items = list(_items(circuit))
        plan = _plan(circuit, items)
        return _build(circuit, items, plan)
    except _Refused as refused:
        return Flattened(circuit, same, (refused.diagnostic,))


# -- from blocks to a list ---------------------------------------------------------------------


def _items(circuit: Circuit) -> Iterator[_Item]:
    """Operations in order with the conditions they stand under."""
    values: dict[str, Expr] = {v.name: v.initial for v in circuit.variables if v.kind != "input" and v.initial is not None}
    stack: list[tuple[Iterator[Operation], Path]] = [(iter(circuit.ops), ())]
    while stack:
        operations, path = stack[-1]
        op = next(operations, None)
        if op is None:
            stack.pop()
            continue
        payload = op.extra.payload if op.extra is not None else None
        blocks = op.extra.blocks if op.extra is not None else ()
        if op.name == "box":
            stack.append((iter(blocks[0].ops), path))
        elif op.name == "if" and isinstance(payload, If):
            condition = _substituted(payload.condition, values)
            leaves = [_leaf(b) for b in blocks]
            # Under conditions an else has another joined condition than its if: two paths.
            if all(leaf is not None for leaf in leaves) and (not path or len(blocks) == 1):
                branches = tuple(leaf for leaf in leaves if leaf is not None)
                yield _Item(path, None, condition, branches, op.span)
            else:
                if len(blocks) > 1:
                    stack.append((iter(blocks[1].ops), (*path, _not(condition))))
                stack.append((iter(blocks[0].ops), (*path, condition)))
        elif op.name == "switch" and isinstance(payload, Switch):
            subject = _substituted(payload.subject, values)
            tests = [_any_of(subject, labels) for labels in payload.labels]
            cases = list(zip(tests, blocks))
            if len(blocks) > len(tests):
                cases.append((_not(_disjunction(tests)), blocks[-1]))
            stack.extend((iter(block.ops), (*path, test)) for test, block in reversed(cases))
        elif op.name in ("for", "while"):
            why = "the number of rounds is not known at compile time" if op.name == "for" else "it may run for ever"
            raise _Refused("target.control-flow", f"{op.name} does not run on IBM machines: {why}", op.span)
        elif op.name in ("break", "continue", "end", "call", "return"):
            raise _Refused("target.control-flow", f"{op.name} does not run on IBM machines", op.span)
        elif op.name == "assign" and isinstance(payload, Assign):
            if path or payload.target.op != "var":
                help = "the service takes no classical statements; compute before the job or after it"
                raise _Refused("target.expression", "a classical assignment does not run on IBM machines", op.span, help)
            values[str(payload.target.value)] = _substituted(payload.value, values)
        else:
            if op.name in ("measure", "reset") and path:
                message = f"a {op.name} inside a branch does not run on IBM machines"
                raise _Refused("target.control-flow", message, op.span)
            if op.name == "measure":
                for name in [n for n, value in values.items() if set(op.clbits) & set(_bits(value, circuit))]:
                    del values[name]
            yield _Item(path, op)


def _leaf(block: Circuit) -> tuple[Operation, ...] | None:
    """The operations of a block without control flow, measurement or assignment; None for others."""
    operations = tuple(block.ops)
    plain = all(op.name not in _NOT_LEAF for op in operations)
    return operations if plain else None


_NOT_LEAF = frozenset("if for while switch box measure reset assign call return break continue end".split())


def _substituted(value: Expr, values: dict[str, Expr]) -> Expr:
    if not any(name in values for name in value.variables):
        return value
    return fold(value, lambda node, parts: values[str(node.value)] if node.op == "var" and node.value in values
                else replace(node, args=tuple(parts)))  # fmt: skip


def _not(value: Expr) -> Expr:
    return Expr("!", None, (value,), BOOL)


def _disjunction(values: list[Expr]) -> Expr:
    result = values[0] if values else constant(False)
    for value in values[1:]:
        result = Expr("||", None, (result, value), BOOL)
    return result


def _any_of(subject: Expr, labels: tuple[int, ...]) -> Expr:
    return _disjunction([Expr("==", None, (subject, constant(label)), BOOL) for label in labels])


# -- conditions as sets of values --------------------------------------------------------------


def _bits(value: Expr, circuit: Circuit) -> tuple[int, ...]:
    """The bits an expression reads, registers included, ascending."""
    found = set(value.clbits)
    spans = {r.name: r for r in circuit.cregs}
    for name in value.registers:
        if name in spans:
            found |= set(range(spans[name].start, spans[name].start + spans[name].size))
    return tuple(sorted(found))


@dataclass(frozen=True)
class _Condition:
    """A function of bits: the values of `bits` (bit 0 first) for which it holds."""

    bits: tuple[int, ...]
    values: frozenset[int]

    @property
    def always(self) -> bool | None:
        if not self.bits:
            return bool(self.values)
        return None


def _condition(path: Path, circuit: Circuit, span: Span | None) -> _Condition:
    """The joined condition, reduced to the bits that matter."""
    whole = _equality(path, circuit)
    if whole is not None:
        return whole
    bits = tuple(sorted({b for part in path for b in _bits(part, circuit)}))
    if len(bits) > _MAX_TABLE_BITS:
        help = f"a condition on more than {_MAX_TABLE_BITS} bits is written as register == number, alone"
        raise _Refused("target.expression", f"a condition on {len(bits)} bits that is not one comparison", span, help)
    memory = Memory(circuit.num_clbits, circuit.cregs)
    memory.declare(())
    holds = set()
    try:
        for number, assignment in enumerate(product((0, 1), repeat=len(bits))):
            for b, value in zip(bits, reversed(assignment)):
                memory.bits[b] = value
            if all(memory.evaluate(part) for part in path):
                holds.add(number)
    except ClassicalError as problem:
        help = "only conditions on measured bits run on IBM machines"
        raise _Refused("target.expression", f"a condition that has no value: {problem}", span, help) from None
    return _reduced(bits, holds)


def _equality(path: Path, circuit: Circuit) -> _Condition | None:
    """`register == number` alone, which may be too wide for a table."""
    if len(path) != 1 or path[0].op != "==":
        return None
    left, right = path[0].args
    if right.op == "register":
        left, right = right, left
    if left.op != "register" or right.op != "const":
        return None
    value = int(right.value or "0", 2) if isinstance(right.value, str) else right.value
    if not isinstance(value, int):
        return None
    found = next(r for r in circuit.cregs if r.name == left.value)
    bits = tuple(range(found.start, found.start + found.size))
    return _Condition(bits, frozenset({int(value)} if 0 <= value < 2**found.size else ()))


def _reduced(bits: tuple[int, ...], holds: set[int]) -> _Condition:
    """Drop the bits the function does not depend on."""
    kept = list(bits)
    for b in reversed(bits):
        k = kept.index(b)
        low = {v for v in holds if not v >> k & 1}
        high = {v & ~(1 << k) for v in holds if v >> k & 1}
        if low == high:
            holds = {(v & ((1 << k) - 1)) | (v >> (k + 1) << k) for v in low}
            kept.remove(b)
    return _Condition(tuple(kept), frozenset(holds))


# -- registers ---------------------------------------------------------------------------------


@dataclass
class _Plan:
    """The registers of the result, and per item its condition."""

    registers: list[tuple[str, tuple[int, ...], bool]]
    conditions: list[_Condition]


def _plan(circuit: Circuit, items: list[_Item]) -> _Plan:
    """Decide on registers such that every condition of several bits is about a whole one."""
    conditions: list[_Condition] = []
    cache: dict[Path, _Condition] = {}
    for item in items:
        path = item.path if item.condition is None else (*item.path, item.condition)
        if path not in cache:
            span = item.span if item.op is None else item.op.span
            cache[path] = _condition(path, circuit, span) if path else _Condition((), frozenset({0}))
        conditions.append(cache[path])
    parent = list(range(circuit.num_clbits))

    def root(b: int) -> int:
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        return b

    for condition in cache.values():
        for b in condition.bits[1:]:
            parent[root(b)] = root(condition.bits[0])
    groups: dict[int, list[int]] = {}
    for b in range(circuit.num_clbits):
        groups.setdefault(root(b), []).append(b)
    wide = [tuple(g) for g in groups.values() if len(g) > 1]
    for group in wide:
        if len(group) > _MAX_CONDITION_BITS:
            message = f"conditions that share bits join {len(group)} bits; the machine compares at most {_MAX_CONDITION_BITS}"
            span = next((i.span or (i.op.span if i.op else None) for i in items if i.path or i.condition), None)
            raise _Refused("target.control-flow", message, span)
    whole = {tuple(range(r.start, r.start + r.size)) for r in circuit.cregs}
    moved = {b for group in wide if group not in whole for b in group}
    taken = {r.name for r in circuit.cregs}
    result: list[tuple[str, tuple[int, ...], bool]] = []
    for r in circuit.cregs:
        bits = tuple(range(r.start, r.start + r.size))
        left = tuple(b for b in bits if b not in moved)
        if left or not bits:
            result.append((r.name, left, r.scalar))
        for group in wide:
            if group in whole or group[0] not in bits:
                continue
            name, number = r.name, 0
            while name in taken:
                name, number = f"{r.name}_{number}", number + 1
            taken.add(name)
            result.append((name, group, False))
    return _Plan(result, conditions)


# -- writing -----------------------------------------------------------------------------------


def _build(circuit: Circuit, items: list[_Item], plan: _Plan) -> Flattened:
    inputs = tuple(v for v in circuit.variables if v.kind == "input")
    builder = CircuitBuilder.like(replace(circuit, cregs=(), variables=inputs))
    position: dict[int, int] = {}
    owner: dict[int, Register] = {}
    order: list[int] = []
    for name, bits, scalar in plan.registers:
        made = builder.add_bits(name, None if scalar and len(bits) == 1 else len(bits))
        for i, b in enumerate(bits):
            position[b], owner[b] = made.start + i, made
            order.append(b)

    def append(into: CircuitBuilder, op: Operation) -> None:
        extra = op.extra
        if extra is not None and extra.clbits:
            extra = replace(extra, clbits=tuple(position[c] for c in extra.clbits))
        clbits = [position[c] for c in op.clbits]
        span = (op.span.start, op.span.end) if op.span is not None and op.span.source is circuit.source else None
        into.append(op.name, op.qubits, op.params, clbits, extra=extra, span=span)

    def body(operations: list[Operation]) -> Circuit:
        block = builder.block()
        for op in operations:
            append(block, op)
        return block.build()

    index = 0
    while index < len(items):
        item, condition = items[index], plan.conditions[index]
        index += 1
        if item.op is not None and not item.path:
            append(builder, item.op)
            continue
        if item.op is not None:
            gathered = [item.op]
            while index < len(items) and items[index].op is not None and items[index].path == item.path:
                following = items[index].op
                assert following is not None
                gathered.append(following)
                index += 1
            then, orelse = gathered, []
        else:
            then = list(item.branches[0])
            orelse = list(item.branches[1]) if len(item.branches) > 1 else []
        span = item.span if item.op is None else item.op.span
        for test, first, second in _tests(condition, then, orelse, position, owner, span):
            if test is None:
                for op in first:
                    append(builder, op)
            else:
                blocks = [body(first), *([body(second)] if second else [])]
                where = (span.start, span.end) if span is not None and span.source is circuit.source else None
                builder.control("if", If(test), *blocks, span=where)
    done = replace(builder.build(), global_phase=circuit.global_phase, frames=circuit.frames, diagnostics=circuit.diagnostics)
    found: tuple[Diagnostic, ...] = ()
    if [b for _, bits, _ in plan.registers for b in bits] != list(range(circuit.num_clbits)) or len(plan.registers) != len(
        circuit.cregs
    ):
        found = (info("target.dialect", "classical registers are divided so that conditions can be compared; see `names`"),)
    return Flattened(done, tuple(order), found)


def _tests(
    condition: _Condition,
    then: list[Operation],
    orelse: list[Operation],
    position: dict[int, int],
    owner: dict[int, Register],
    span: Span | None,
) -> Iterator[tuple[Expr | None, list[Operation], list[Operation]]]:
    """Comparisons that load, each with what runs when it holds and when not; None: always."""
    if condition.always is not None:
        chosen = then if condition.always else orelse
        if chosen:
            yield None, chosen, []
        return
    if len(condition.bits) == 1:
        test = bit(position[condition.bits[0]])
        if 1 in condition.values:
            yield test, then, orelse
        else:
            yield _not(test), then, orelse
        return
    home = owner[condition.bits[0]]
    values = _spread(condition, position, home)
    size = 2**home.size
    if len(values) == 1:
        yield _equals(home, values[0]), then, orelse
        return
    if len(values) == size - 1:
        missing = next(v for v in range(size) if v not in set(values))
        yield _equals(home, missing), orelse, then
        return
    if not values:
        if orelse:
            yield None, orelse, []
        return
    ifs = len(values) if not orelse else size
    if ifs > _MAX_IFS:
        help = "IBM machines compare a register with one number at a time; use fewer bits or outcomes"
        raise _Refused(
            "target.control-flow", f"a condition that needs {ifs} comparisons; at most {_MAX_IFS} are made", span, help
        )
    for value in values:
        yield _equals(home, value), then, []
    if orelse:
        for value in sorted(set(range(size)) - set(values)):
            yield _equals(home, value), orelse, []


def _equals(home: Register, value: int) -> Expr:
    return Expr("==", None, (register(home.name, home.size), constant(value)), BOOL)


def _spread(condition: _Condition, position: dict[int, int], home: Register) -> list[int]:
    """The values of the whole register for which the condition holds, ascending."""
    places = [position[b] - home.start for b in condition.bits]
    free = [i for i in range(home.size) if i not in places]
    if len(free) + max(1, len(condition.values)).bit_length() > 20:
        return list(range(_MAX_IFS + 2))  # Too many in any case; the caller refuses.
    result = []
    for value in condition.values:
        base = sum((value >> k & 1) << place for k, place in enumerate(places))
        for filling in product((0, 1), repeat=len(free)):
            result.append(base | sum(f << place for f, place in zip(filling, free)))
    return sorted(result)
