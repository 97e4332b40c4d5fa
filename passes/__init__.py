"""Optimisation and decomposition passes, one a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from .base import Pass

__all__ = ["PASSES"]

_HOME = {
    "inline": "inline:Inline",
    "remove_fresh_resets": "invisible:RemoveFreshResets",
    "remove_zero_input": "zero:RemoveZeroInput",
    "remove_unmeasured": "invisible:RemoveUnmeasured",
    "cancel_inverses": "cancel:CancelInverses",
    "decompose": "decompose:Decompose",
    "elide_swaps": "elide:ElideSwaps",
    "restore_order": "elide:RestoreOrder",
    "remove_before_measure": "invisible:RemoveBeforeMeasure",
    "fuse": "fuse:Fuse",
    "align_flips": "flip:AlignFlips",
    "merge_rotations": "merge:MergeRotations",
    "fold_phases": "fold_phases:FoldPhases",
    "simplify_paulis": "pauli_simplify:SimplifyPaulis",
    "rebuild_pairs": "rebuild:RebuildPairs",
    "improve_windows": "improve_windows:ImproveWindows",
    "best": "best:Best",
    "if_changed": "best:IfChanged",
    "choose_view": "views:ChooseView",
    "fold_angles": "flip:FoldAngles",
    "rzz_to_rxx": "basis:RzzToRxx",
    "lower_ionq": "lower_ionq:LowerIonq",
    "lower_qis": "basis:LowerQis",
    "route": "route:RouteQubits",
    "relocate": "relocate:Relocate",
    "resynthesise": "resynthesise:Resynthesise",
    "to_entangler": "translate_ibm:ToEntangler",
    "to_ibm_basis": "translate_ibm:ToIbmBasis",
    "decouple": "decouple:Decouple",
    "check_target": "check_target:CheckTarget",
}
"""A pass's name to its module and class, in the order of a pipeline."""


class _Passes(Mapping[str, type[Pass]]):
    """Name to class; a pass is imported when it is asked for, its name costs nothing."""

    def __getitem__(self, name: str) -> type[Pass]:
        module, _, cls = _HOME[name].partition(":")
        found: type[Pass] = getattr(import_module(f"{__name__}.{module}"), cls)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_HOME)

    def __len__(self) -> int:
        return len(_HOME)


PASSES: Mapping[str, type[Pass]] = _Passes()
"""Every pass by its name."""
