"""Optimisation and decomposition passes, one a file."""

from __future__ import annotations

from .base import Pass
from .basis import LowerQis, RzzToRxx
from .best import Best, IfChanged
from .cancel import CancelInverses
from .check_target import CheckTarget
from .decompose import Decompose
from .elide import ElideSwaps, RestoreOrder
from .flip import AlignFlips, FoldAngles
from .fuse import Fuse
from .inline import Inline
from .invisible import RemoveBeforeMeasure, RemoveFreshResets, RemoveUnmeasured
from .lower_ionq import LowerIonq
from .merge import MergeRotations
from .pauli_simplify import SimplifyPaulis
from .rebuild import RebuildPairs
from .relocate import Relocate
from .resynthesise import Resynthesise
from .route import RouteQubits
from .translate_ibm import ToEntangler, ToIbmBasis

__all__ = ["PASSES"]

PASSES: dict[str, type[Pass]] = {
    cls.name: cls
    for cls in (
        Inline, RemoveFreshResets, RemoveUnmeasured, CancelInverses, Decompose, ElideSwaps, RestoreOrder, RemoveBeforeMeasure,
        Fuse, AlignFlips, MergeRotations, SimplifyPaulis, RebuildPairs, Best, IfChanged, FoldAngles, RzzToRxx, LowerIonq,
        LowerQis, RouteQubits, Relocate, Resynthesise, ToEntangler, ToIbmBasis, CheckTarget,
    )
}  # fmt: skip
"""Name to class, in the order of a pipeline."""
