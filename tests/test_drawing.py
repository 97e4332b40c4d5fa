"""Pictures of circuits."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from qir.builder import CircuitBuilder
from qir.drawing import draw_svg, draw_text


def test_bell_as_text() -> None:
    circuit = CircuitBuilder(2, 1).h(0).cx(0, 1).measure(1, 0).build()
    assert draw_text(circuit) == "q[0]: ─┤h├─●──────────\n           │\nq[1]: ─────⊕─┤M c[0]├─\n"


def test_lines_do_not_cross_boxes() -> None:
    lines = draw_text(CircuitBuilder(3).cx(0, 2).h(1).build()).splitlines()
    assert lines[2].index("┼") < lines[2].index("h")


def test_long_circuits_fold() -> None:
    builder = CircuitBuilder(1)
    for _ in range(50):
        builder.h(0)
    lines = draw_text(builder.build(), width=60).splitlines()
    assert max(map(len, lines)) <= 60
    assert sum(line.count("h") for line in lines) == 50


def test_svg_is_well_formed_and_complete() -> None:
    builder = CircuitBuilder(3, 1).h(0).ccx(0, 1, 2).rz("theta", 1).swap(0, 2).measure(0, 0)
    builder.if_((0, 1), builder.block().x(1)).controlled("h", [0], [1], state="0").barrier()
    root = ElementTree.fromstring(draw_svg(builder.build()))
    texts = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
    for expected in ("q[0]", "h", "rz(theta)", "M c[0]", "if c[0]"):
        assert expected in texts
