"""What a lint rule is."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import ClassVar

from qir.codes import CODES
from qir.diagnostics import Diagnostic
from qir.program import Program
from qir.targets.target import Target

__all__ = ["Rule", "manual"]


class Rule:
    """One rule.  The docstring is its manual page: what it does, why it matters, an example, how to
    fix it, and where the fact comes from.

    `slug` names its row in `qir.codes`.  `check` is pure: it looks at a program that was read, and
    at the machine it is for when there is one, and yields diagnostics of that slug.
    """

    slug: ClassVar[str]

    def check(self, program: Program, target: Target | None) -> Iterable[Diagnostic]:
        raise NotImplementedError


def manual(rule: type[Rule]) -> str:
    """The manual page of a rule."""
    row = CODES[rule.slug]
    return f"{row.code} {row.slug}\n\n{inspect.getdoc(rule) or row.meaning}\n"
