"""Pictures of circuits: plain text, and SVG without any library.

Both draw the same picture: one column per moment, where an operation also keeps the wires between
its operands to itself, so that lines never cross boxes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from qir.circuit import Circuit, Duration, For, If, Operation, Switch, While
from qir.expressions import Expr
from qir.gates import GATES
from qir.params import Angle, expr_text, format_float

__all__ = ["draw_svg", "draw_text"]

@dataclass(frozen=True, slots=True)
class _Cell:
    """What stands on one wire in one moment.  kind: box, dot, open, cross, plus."""

    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Glyph:
    """One operation in the picture: its moment, the wires it spans, a cell per operand."""

    moment: int
    low: int
    high: int
    cells: dict[int, _Cell]


def draw_text(circuit: Circuit, width: int | None = None) -> str:
    """The circuit in box-drawing characters; folded into several strips when wider than `width`."""
    wires, labels, glyphs = _place(circuit)
    if not wires:
        return "(no qubits)\n"
    moments = max((g.moment for g in glyphs), default=-1) + 1
    columns = [1] * moments
    for g in glyphs:
        columns[g.moment] = max(columns[g.moment], *(len(_text(c)) for c in g.cells.values()))
    margin = max(map(len, labels))
    strips: list[list[int]] = [[]]
    used = margin + 2
    for moment, size in enumerate(columns):
        if width is not None and strips[-1] and used + size + 2 > width:
            strips.append([])
            used = margin + 2
        strips[-1].append(moment)
        used += size + 2
    table: dict[tuple[int, int], _Glyph] = {(g.moment, w): g for g in glyphs for w in range(g.low, g.high + 1)}
    return "\n".join(_strip(strip, labels, columns, table, margin) for strip in strips)


def _strip(moments: list[int], labels: list[str], columns: list[int], table: dict[tuple[int, int], _Glyph], margin: int) -> str:
    lines: list[str] = []
    for row, label in enumerate(labels):
        wire = f"{label:>{margin}}: ─"
        below = " " * (margin + 3)
        for moment in moments:
            size = columns[moment]
            glyph = table.get((moment, row))
            cell = glyph.cells.get(row) if glyph else None
            text = _text(cell) if cell else ("┼" if glyph else "─")
            left = (size - len(text)) // 2
            wire += "─" * left + text + "─" * (size - len(text) - left + 1)
            middle = (size - 1) // 2
            joined = glyph is not None and glyph.high > row
            below += " " * middle + ("│" if joined else " ") + " " * (size - middle)
        lines.append(wire.rstrip(" "))
        if row + 1 < len(labels):
            lines.append(below.rstrip(" "))
    return "\n".join(lines) + "\n"


def _text(cell: _Cell) -> str:
    return {"dot": "●", "open": "○", "cross": "╳", "plus": "⊕"}.get(cell.kind) or f"┤{cell.text}├"


def draw_svg(circuit: Circuit) -> str:
    """The circuit as a self-contained SVG document; light and dark backgrounds both work."""
    _, labels, glyphs = _place(circuit)
    pitch, gap, char = 40, 12, 7.4
    moments = max((g.moment for g in glyphs), default=-1) + 1
    sizes = [26.0] * moments
    for g in glyphs:
        for c in g.cells.values():
            if c.kind == "box":
                sizes[g.moment] = max(sizes[g.moment], len(c.text) * char + 14)
    left = max((len(x) for x in labels), default=0) * char + 20
    centres: list[float] = []
    x = left + gap
    for size in sizes:
        centres.append(x + size / 2)
        x += size + gap
    total, height = x + gap, max(1, len(labels)) * pitch + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total:.0f}" height="{height}" viewBox="0 0 {total:.0f} {height}" '
        'font-family="ui-monospace, monospace" font-size="12" stroke="currentColor" fill="none" color="#555">'
    ]
    for row, label in enumerate(labels):
        y = pitch * row + pitch / 2
        style = 'text-anchor="end" stroke="none" fill="currentColor"'
        parts.append(f'<text x="{left - 8:.1f}" y="{y + 4}" {style}>{escape(label)}</text>')
        parts.append(f'<path d="M{left:.1f} {y}H{total - gap:.1f}"/>')
    for g in glyphs:
        parts.extend(_svg_glyph(g, centres[g.moment], sizes[g.moment], pitch))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _svg_glyph(g: _Glyph, x: float, size: float, pitch: int) -> Iterable[str]:
    def middle(wire: int) -> float:
        return pitch * wire + pitch / 2

    if g.high > g.low:
        yield f'<path d="M{x:.1f} {middle(g.low)}V{middle(g.high)}"/>'
    for wire, cell in sorted(g.cells.items()):
        y = middle(wire)
        if cell.kind in ("dot", "open"):
            fill = "currentColor" if cell.kind == "dot" else "#fff"
            yield f'<circle cx="{x:.1f}" cy="{y}" r="4.5" fill="{fill}"/>'
        elif cell.kind == "plus":
            yield f'<circle cx="{x:.1f}" cy="{y}" r="9"/><path d="M{x:.1f} {y - 9}v18"/>'
        elif cell.kind == "cross":
            yield f'<path d="M{x - 6:.1f} {y - 6}l12 12m0 -12l-12 12"/>'
        else:
            yield f'<rect x="{x - size / 2:.1f}" y="{y - 13}" width="{size:.1f}" height="26" rx="3" fill="#eef3fb"/>'
            yield f'<text x="{x:.1f}" y="{y + 4}" text-anchor="middle" stroke="none" fill="#123">{escape(cell.text)}</text>'


def _place(circuit: Circuit) -> tuple[list[int], list[str], list[_Glyph]]:
    """The wires drawn, their labels, and every operation in its moment."""
    names = {q: f"${q}" for q in range(circuit.num_physical)}
    for r in circuit.qregs:
        names |= {r.start + i: r.name if r.scalar else f"{r.name}[{i}]" for i in range(r.size)}
    wires = [q for q in range(circuit.num_qubits) if q >= circuit.num_physical] if not circuit.num_physical else []
    if circuit.num_physical:
        wires = sorted({*circuit.touched_qubits, *range(circuit.num_physical, circuit.num_qubits)})
    row = {q: i for i, q in enumerate(wires)}
    bits = {r.start + i: r.name if r.scalar else f"{r.name}[{i}]" for r in circuit.cregs for i in range(r.size)}
    free = [0] * len(wires)
    glyphs: list[_Glyph] = []
    for op in circuit.ops:
        if not op.qubits:
            continue
        rows = [row[q] for q in op.qubits]
        low, high = min(rows), max(rows)
        moment = max(free[low : high + 1])
        for i in range(low, high + 1):
            free[i] = moment + 1
        glyphs.append(_Glyph(moment, low, high, dict(zip(rows, _cells(op, bits)))))
    return wires, [names.get(q, str(q)) for q in wires], glyphs


def _cells(op: Operation, bits: dict[int, str]) -> list[_Cell]:
    extra = op.extra
    controls = [_Cell("dot" if c == "1" else "open") for c in (extra.controls if extra else "")]
    count = len(op.qubits) - len(controls)
    if op.name == "measure":
        return [_Cell("box", f"M {bits.get(op.clbits[0], '')}".strip() if op.clbits else "M")]
    if op.name == "barrier":
        return [_Cell("box", "░")] * count
    if op.name == "reset":
        return [_Cell("box", "|0>")]
    if op.name == "pauliexp" and extra is not None and isinstance(extra.payload, str):
        angle = _angles(op.params)
        return [_Cell("box", f"{letter}{angle}") for letter in reversed(extra.payload)]
    if extra is not None and (extra.blocks or isinstance(extra.payload, (If, While, For, Switch))):
        return [_Cell("box", _control_text(op, bits))] * count
    dots, name, params = _control_form(op)
    power = f"^{extra.power:g}" if extra is not None and extra.power != 1 else ""
    cells = controls + [_Cell("dot")] * dots
    rest = count - dots
    if name == "swap":
        return cells + [_Cell("cross")] * rest
    if dots and name == "x" and not power:
        return [*cells, _Cell("plus")]
    if dots and name == "z" and not power:
        return [*cells, _Cell("dot")]
    label = name + _angles(params) + power
    if isinstance(getattr(extra, "payload", None), Duration):
        duration = extra.payload  # type: ignore[union-attr]
        label = f"{name}[{duration.value:g}{duration.unit}]" if not isinstance(duration.value, Expr) else name  # type: ignore[union-attr]
    if rest > 1 and op.name not in ("rxx", "ryy", "rzz", "zz", "ms"):
        return cells + [_Cell("box", f"{label}:{i}") for i in range(rest)]
    return cells + [_Cell("box", label)] * rest


def _control_text(op: Operation, bits: dict[int, str]) -> str:
    payload = op.extra.payload if op.extra else None
    if isinstance(payload, (If, While)):
        condition = expr_text(payload.condition, lambda e: bits.get(e.value, "") if isinstance(e.value, int) else str(e.value))
        return f"{op.name} {condition}"
    return op.name


def _control_form(op: Operation) -> tuple[int, str, tuple[float | Angle, ...]]:
    """How many operands are controls, and the gate on the rest, as the gate table defines it."""
    dots, name, params = 0, op.name, op.params
    while (row := GATES.get(name)) is not None and row.define is not None:
        rows = row.define(*params)
        if len(rows) != 1 or not (rows[0][0].startswith("ctrl ") or rows[0][0][0] == "c"):
            break
        name, params = rows[0][0], rows[0][1]
        if name.startswith("ctrl "):
            dots, name = dots + 1, name.removeprefix("ctrl ")
    return dots, name, params


def _angles(params: tuple[float | Angle, ...]) -> str:
    if not params:
        return ""
    return f"({','.join(str(p) if isinstance(p, Angle) else _short(p) for p in params)})"


def _short(value: float) -> str:
    text = format_float(value)
    return text if len(text) <= 8 else f"{value:.4g}"
