"""The circuits that the benchmarks generate are what they say, and peers' gates are counted right."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

import qir
from qir.builder import CircuitBuilder
from qir.simulator import simulate

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module
    for name in ("families", "peers"):
        sys.modules.pop(name, None)


def test_the_suite_is_the_same_each_time_and_reads(load: Any) -> None:
    families = load("families")
    texts = dict(families.suite(3))
    assert texts == dict(families.suite(3))
    assert sum(text != dict(families.suite(4))[name] for name, text in texts.items()) > len(texts) / 2
    for text in texts.values():
        assert len(qir.loads(text).columns) > 5


def run(writer: Any, ones: list[int]) -> str:
    """The bits after a circuit that begins with some qubits set."""
    builder = CircuitBuilder(writer.width)
    for q in ones:
        builder.x(q)
    for name, angles, qubits in writer.gates:
        builder.append({"cu1": "cp"}.get(name, name), qubits, angles)
    counts = simulate(builder.build(), shots=20).counts
    assert counts is not None
    (text,) = counts
    return text[::-1]


def number(bits: str) -> int:
    return int(bits[::-1], 2)


def set_bits(value: int, start: int) -> list[int]:
    return [start + k for k in range(8) if value >> k & 1]


@pytest.mark.parametrize(("a", "b"), [(0, 5), (3, 6), (7, 7)])
@pytest.mark.parametrize("kind", ["ripple_adder", "draper_adder"])
def test_adders_add(load: Any, kind: str, a: int, b: int) -> None:
    bits = run(getattr(load("families"), kind)(3, None), set_bits(a, 0) + set_bits(b, 3))
    assert number(bits[:3]) == a
    assert number(bits[3:6]) == (a + b) % 8


@pytest.mark.parametrize(("a", "b"), [(0, 3), (2, 3), (3, 3)])
def test_the_multiplier_multiplies(load: Any, a: int, b: int) -> None:
    bits = run(load("families").multiplier(2, None), set_bits(a, 0) + set_bits(b, 2))
    assert number(bits[4:8]) == a * b
    assert "1" not in bits[8:]


@pytest.mark.parametrize(("a", "b"), [(1, 4), (4, 1), (5, 5)])
def test_the_comparator_compares(load: Any, a: int, b: int) -> None:
    bits = run(load("families").comparator(3, None), set_bits(a, 0) + set_bits(b, 3))
    assert bits[7] == str(int(a > b))
    assert (number(bits[:3]), number(bits[3:6])) == (a, b)


def test_pulses_are_counted_up_to_frames(load: Any) -> None:
    pytest.importorskip("qiskit")
    from qiskit import QuantumCircuit

    peers = load("peers")
    circuit = QuantumCircuit(2)
    circuit.rx(0.3, 0)  # 2 pulses
    circuit.rz(0.4, 1)
    circuit.rzz(0.5, 0, 1)
    circuit.rz(0.1, 0)
    circuit.rx(3.141592653589793, 0)  # 1
    circuit.h(1)  # with the h of the cx: none
    circuit.cx(0, 1)  # after it: 1
    circuit.h(0)
    circuit.h(0)  # together none
    assert peers.count(peers._steps_qiskit(circuit)) == {"two": 2, "one": 5, "pulses": 4}
    circuit.swap(0, 1)
    with pytest.raises(ValueError, match="swap is left"):
        peers.count(peers._steps_qiskit(circuit))
