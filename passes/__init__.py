"""Optimisation and decomposition passes, one a file."""

from __future__ import annotations

from .base import Pass
from .basis import LowerQis, RzzToRxx
from .cancel import CancelInverses
from .decompose import Decompose
from .elide import ElideSwaps, RestoreOrder
from .flip import AlignFlips, FoldAngles
from .fuse import Fuse
from .inline import Inline
from .invisible import RemoveBeforeMeasure, RemoveFreshResets, RemoveUnmeasured
from .lower_ionq import LowerIonq
from .merge import MergeRotations

__all__ = ["PASSES"]

PASSES: dict[str, type[Pass]] = {
    cls.name: cls
    for cls in (
        Inline, RemoveFreshResets, RemoveUnmeasured, CancelInverses, Decompose, ElideSwaps, RestoreOrder, RemoveBeforeMeasure,
        Fuse, AlignFlips, MergeRotations, FoldAngles, RzzToRxx, LowerIonq, LowerQis,
    )
}  # fmt: skip
"""Name to class, in the order of a pipeline."""
