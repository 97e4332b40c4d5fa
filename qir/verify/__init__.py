"""Are two circuits the same?  And how is that known?"""

from __future__ import annotations

from qir.verify.equivalence import equivalent
from qir.verify.result import Equivalence

__all__ = ["Equivalence", "equivalent"]
