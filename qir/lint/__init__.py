"""Lint rules over `Program` and `JobSpec`.  To add one: a class, a line in its file's table, a fixture."""

from __future__ import annotations

from qir.lint.circuit_rules import CIRCUIT_RULES
from qir.lint.rule import Rule
from qir.lint.target_rules import TARGET_RULES
from qir.lint.text_rules import TEXT_RULES

__all__ = ["RULES", "Rule"]

RULES: tuple[type[Rule], ...] = (*TEXT_RULES, *CIRCUIT_RULES, *TARGET_RULES)
"""Every rule for programs, in the order in which they run."""
