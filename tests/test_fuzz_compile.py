"""A few random programs through the whole compiler in every run; `python tests/fuzz.py` runs many.

The journal is checked by the compile; `fuzz.check` also compares source and result as circuits, without the
journal, and runs both.  `QIR_FUZZ=5000 pytest tests/test_fuzz_compile.py` runs longer.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from fuzz import KINDS, TARGETS, allowed, check, program
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qir

EXAMPLES = int(os.environ.get("QIR_FUZZ", "40"))
NEAR = ("qpu.forte-1", "qpu.aria-1", "simulator", "local")
"""Targets that compile a small program in milliseconds."""


@given(st.integers(0, 2**32), st.sampled_from(NEAR), st.integers(0, 3))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_static_programs_stay_the_same(seed: int, target: str, level: int) -> None:
    check(seed, "static", target, level)


@given(st.integers(0, 2**32), st.integers(0, 3))
@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=list(HealthCheck))
def test_dynamic_programs_stay_the_same(seed: int, level: int) -> None:
    check(seed, "dynamic", "local", level)


@given(st.integers(0, 2**32), st.sampled_from(("qpu.forte-1", "qpu.aria-1", "local")), st.integers(0, 3))
@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=list(HealthCheck))
def test_symbolic_programs_stay_the_same(seed: int, target: str, level: int) -> None:
    check(seed, "symbolic", target, level)


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", ["ibm_fez", "ibm_sherbrooke"])
def test_routed_programs_stay_the_same(target: str, kind: str, level: int) -> None:
    check(11, kind, target, level)


# What the long run has found; each case stays.
FOUND = (
    (1, "dynamic", "ibm_fez", 0),  # the operands listed beside blocks came in another order: unchecked
)


@pytest.mark.parametrize(("seed", "kind", "target", "level"), FOUND)
def test_what_was_found_stays_mended(seed: int, kind: str, target: str, level: int) -> None:
    check(seed, kind, target, level)


def test_every_target_is_fuzzed_with_what_it_takes() -> None:
    assert all(allowed("static", target) for target in TARGETS)
    assert {kind for kind in KINDS for target in TARGETS if allowed(kind, target)} == set(KINDS)


@given(st.integers(0, 2**32), st.sampled_from(NEAR[:3]))
@settings(max_examples=max(EXAMPLES // 8, 3), deadline=None, suppress_health_check=list(HealthCheck))
def test_payloads_give_the_sources_distribution(seed: int, target: str) -> None:
    source = program(seed, "static")
    measured = "measure" in source.count_ops()
    sent = qir.simulate(qir.compile(source, target, shots=2000).payload, shots=2000).counts
    meant = qir.simulate(source, shots=2000, seed=1).counts
    assert sent is not None
    assert meant is not None
    if not measured:
        assert {len(key) for key in sent} == {source.num_qubits}
    for key in {*sent, *meant}:
        p = (sent.get(key, 0) + meant.get(key, 0)) / 4000
        assert abs(sent.get(key, 0) - meant.get(key, 0)) <= 6 * np.sqrt(4000 * p * (1 - p)) + 2, (seed, target, key)
