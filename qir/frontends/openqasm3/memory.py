"""Classical variables and bits while a program is lowered.

What a variable holds is followed as long as it is known; nothing of it appears in the circuit
until it has to.  Inside a block that may or may not run (`depth` > 0) an assignment to something
from outside is written to the circuit at once, and journalled, so that the values from before can
be put back for the other branch and forgotten after the block.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Union

from qir.circuit import Assign, Extra, Register
from qir.circuit import Variable as Cell
from qir.columns import OPERATIONS
from qir.expressions import BIT, Expr, bit, constant, register
from qir.frontends.openqasm3 import syntax as s
from qir.frontends.openqasm3.gates import GateCalls
from qir.frontends.openqasm3.resolve import _NOTHING, Bits, Variable
from qir.frontends.openqasm3.rows import Rows
from qir.frontends.openqasm3.types import Value
from qir.limits import Limits
from qir.source import Source

__all__ = ["Memory"]

_UNSET = object()
Key = Union[int, Variable]


class Memory(GateCalls):
    """Reads and writes classical storage."""

    def __init__(self, source: Source, statements: list[s.Statement], version: int, limits: Limits) -> None:
        super().__init__(source, statements, version, limits)
        self.depth = 0
        """Blocks around the current statement that are run-time control flow."""
        self.journals: list[dict[Key, Any]] = []
        self.dynamic = False
        """Whether a measurement or run-time statement was made."""
        self._cells: set[str] = set()

    # -- bits ------------------------------------------------------------------------------

    def new_bits(self, name: str, size: int | None, value: Value | None) -> tuple[int, ...]:
        """Add classical bits to the circuit; `size` None for a single one."""
        wiring = self.wiring
        start, count = wiring.num_clbits, 1 if size is None else size
        wiring.cregs.append(Register(self.cell_name(name), start, count, size is None))
        wiring.num_clbits += count
        known = None if value is None or value.known is None else int(value.known)
        for i in range(count):
            self.bit_values.append(None if known is None else (known >> i) & 1)
            self.bit_stored.append(None if known is None else (0 if not self.depth else None))
        return tuple(range(start, start + count))

    def registers(self) -> list[Register]:
        return self.wiring.cregs

    def register_of(self, bits: Bits) -> tuple[str, int, int] | None:
        for found in self.wiring.cregs:
            if found.start <= bits.bits[0] < found.start + found.size:
                inside = all(found.start <= b < found.start + found.size for b in bits.bits)
                return (found.name, found.start, found.size) if inside and not found.scalar else None
        return None

    def flush_bits(self, bits: tuple[int, ...]) -> None:
        """Write known values that the circuit's bits do not hold yet."""
        for b in bits:
            value = self.bit_values[b]
            if value is not None and self.bit_stored[b] != value:
                self.emit_assign(bit(b), constant(value, BIT), (b,))
                self._note(b)
                self.bit_stored[b] = value

    def write_bits(self, bits: Bits, value: Value) -> None:
        """Assign a value of fitting width."""
        if value.known is not None:
            pattern = int(value.known)
            known = [(pattern >> i) & 1 for i in range(len(bits.bits))]
            for b, v in zip(bits.bits, known):
                self._note(b)
                self.bit_values[b] = v
            if self.depth:
                changed = [i for i, b in enumerate(bits.bits) if self.bit_stored[b] != known[i] or self.depth]
                if changed and bits.register is not None and not bits.scalar:
                    target = register(bits.register, len(bits.bits))
                    self.emit_assign(target, Value(bits.type, pattern).to_expr(), bits.bits)
                else:
                    for i in changed:
                        self.emit_assign(bit(bits.bits[i]), constant(known[i], BIT), (bits.bits[i],))
                for b, v in zip(bits.bits, known):
                    self.bit_stored[b] = v
            return
        expression = value.to_expr()
        if bits.scalar:
            self.emit_assign(bit(bits.bits[0]), expression, bits.bits)
        elif bits.register is not None:
            self.emit_assign(register(bits.register, len(bits.bits)), expression, bits.bits)
        else:
            for i, b in enumerate(bits.bits):
                self.emit_assign(bit(b), Expr("index", None, (expression, constant(i)), BIT), (b,))
        self.forget_bits(bits.bits)

    def checkpoint(self) -> tuple[Rows, int, int, int, int]:
        """Where the circuit stands before something that may measure into bits of its own."""
        rows = self.rows
        return rows, len(rows.opcode), len(rows.chunks), len(rows.extras), len(self.wiring.cregs)

    def take_measurements(self, value: Value, before: tuple[Rows, int, int, int, int], target: tuple[int, ...]) -> list[int]:
        """Measurements since a checkpoint that gave a value, into bits that nothing else names: they
        can go straight into `target`.  Returns their rows, in the order of the value's bits, and
        takes the bits away; nothing when it is not so."""
        rows, begin, chunks, extras, cregs = before
        expression = value.expr
        wiring = self.wiring
        if expression is None or rows is not self.rows or len(rows.chunks) != chunks or len(wiring.cregs) == cregs:
            return []
        if expression.op == "bit" and isinstance(expression.value, int):
            bits = [expression.value]
        elif expression.op == "register":
            found = next(r for r in wiring.cregs if r.name == expression.value)
            bits = list(range(found.start, found.start + found.size))
        else:
            return []
        first = wiring.cregs[cregs].start
        named = {b for extra in rows.extras[extras:] for b in extra.clbits}
        written: dict[int, list[int]] = {}
        for row in range(begin, len(rows.clbit)):
            if rows.clbit[row] >= 0:
                written.setdefault(rows.clbit[row], []).append(row)
        if any(b < first or b in named or len(written.get(b, ())) != 1 for b in bits):
            return []
        if named.intersection(target) or any(b in written for b in target):
            return []
        taken = [written.pop(b)[0] for b in bits]
        while len(wiring.cregs) > cregs:
            last = wiring.cregs[-1]
            if any(b in named or b in written for b in range(last.start, last.start + last.size)):
                break
            wiring.cregs.pop()
            self._cells.discard(last.name)
            wiring.num_clbits -= last.size
            del self.bit_values[last.start :], self.bit_stored[last.start :]
            for journal in self.journals:
                for b in range(last.start, last.start + last.size):
                    journal.pop(b, None)
        return taken

    def put_measurements(self, taken: list[int], target: tuple[int, ...]) -> None:
        """Let measurements give other bits."""
        for row, b in zip(taken, target):
            self.rows.clbit[row] = b
        self.forget_bits(target)

    def forget_bits(self, bits: tuple[int, ...]) -> None:
        """The bits hold what the run gave them."""
        for b in bits:
            self._note(b)
            self.bit_values[b] = self.bit_stored[b] = None
        self.dynamic = True

    # -- variables -------------------------------------------------------------------------

    def cell_name(self, name: str) -> str:
        """A name that no other register or variable of the circuit has."""
        chosen, number = name, 0
        while chosen in self._cells:
            chosen = f"{name}_{number}"
            number += 1
        self._cells.add(chosen)
        return chosen

    def materialise(self, variable: Variable) -> Expr:
        """The variable as an expression of run time; declares it in the circuit when it is not yet."""
        if variable.cell is None:
            variable.cell = self.cell_name(variable.name)
            kind = variable.role if variable.role in ("input", "output") else "local"
            self.wiring.variables.append(Cell(variable.cell, variable.type, kind))
        return Expr("var", variable.cell, (), variable.type)

    def assign(self, variable: Variable, value: Value) -> None:
        """Give a variable a value of its own type."""
        self._note(variable)
        variable.value = value
        if value.known is not None and variable.level >= self.depth:
            return
        self.store(variable, value)

    def store(self, variable: Variable, value: Value) -> None:
        """Write a value to the variable's cell now."""
        target = self.materialise(variable)
        expression = value.to_expr()
        self.emit_assign(target, expression, ())
        variable.stored = value.known if value.known is not None else _UNSET
        if value.known is None:
            variable.value = None
            variable.value = Value(variable.type, None, target)

    def flush(self, variable: Variable) -> None:
        """Make the variable's cell hold what is known of it."""
        value = variable.value
        if value is None:
            self.materialise(variable)
        elif value.known is not None and self.depth == 0 and variable.stored is _NOTHING and variable.role == "local":
            # Nothing has written the cell yet: it can begin with the value.
            self.materialise(variable)
            cells = self.wiring.variables
            row = next(i for i, cell in enumerate(cells) if cell.name == variable.cell)
            cells[row] = replace(cells[row], initial=value.to_expr())
            variable.stored = value.known
        elif value.known is None:
            if value.expr is not None and (value.expr.op, value.expr.value) != ("var", variable.cell):
                self.store(variable, value)
        elif not _same(variable.stored, value.known):
            self.store(variable, value)
        else:
            self.materialise(variable)

    def forget(self, variable: Variable) -> None:
        """The variable holds what the run gave it."""
        self._note(variable)
        variable.value = Value(variable.type, None, self.materialise(variable))
        variable.stored = _UNSET

    # -- run-time blocks -------------------------------------------------------------------

    def _note(self, key: Key) -> None:
        if self.journals:
            journal = self.journals[-1]
            if key not in journal:
                if isinstance(key, Variable):
                    journal[key] = (key.value, key.stored)
                else:
                    journal[key] = (self.bit_values[key], self.bit_stored[key])

    def enter_block(self) -> Rows:
        """Begin a block that may not run; returns the rows to go back to."""
        before = self.rows
        self.rows = Rows()
        self.journals.append({})
        self.depth += 1
        return before

    def leave_block(self, before: Rows) -> tuple[Rows, dict[Key, Any]]:
        """End it: values are those from before again; returns the block and what it wrote."""
        block = self.rows
        self.rows = before
        self.depth -= 1
        journal = self.journals.pop()
        for key, (value, stored) in journal.items():
            if isinstance(key, Variable):
                key.value, key.stored = value, stored
            else:
                self.bit_values[key], self.bit_stored[key] = value, stored
        before.max_definition = max(before.max_definition, block.max_definition)
        return block, journal

    def settle(self, written: list[dict[Key, Any]]) -> None:
        """Before a block's operation is made: write what it may change to the circuit, and forget
        its value."""
        keys: dict[Key, None] = {}
        for journal in written:
            keys |= dict.fromkeys(journal)
        for key in keys:
            if isinstance(key, Variable):
                if key.level > self.depth or key.cell is None:
                    continue
                self.flush(key)
            else:
                self.flush_bits((key,))
        for key in keys:
            if isinstance(key, Variable):
                if key.level <= self.depth and key.cell is not None:
                    self.forget(key)
            else:
                self.forget_bits((key,))

    def emit_assign(self, target: Expr, value: Expr, bits: tuple[int, ...]) -> None:
        """An assignment in the circuit."""
        self.dynamic = True
        read = {*bits, *value.clbits, *target.clbits}
        for found in self.wiring.cregs:
            if found.name in value.registers:
                read |= set(range(found.start, found.start + found.size))
        extra = Extra(clbits=tuple(sorted(read)), payload=Assign(target, value))
        self.rows.add(OPERATIONS["assign"], (), (), -1, extra, self.current_span)

    def flush_outputs(self) -> None:
        """At the end: bits of a program that runs, and outputs, hold what is known of them."""
        outputs = [e for e in self.scopes[0].names.values() if isinstance(e, Variable) and e.role == "output"]
        for variable in outputs:
            if variable.value is not None and variable.value.known is not None:
                self.flush(variable)
            else:
                self.materialise(variable)
        for entity in self.scopes[0].names.values():
            if isinstance(entity, Bits) and entity.io == "output":
                self.flush_bits(entity.bits)
        if self.dynamic:
            self.flush_bits(tuple(range(len(self.bit_values))))


def _same(stored: Any, known: Any) -> bool:
    return stored is not _NOTHING and stored is not _UNSET and type(stored) is type(known) and bool(stored == known)


