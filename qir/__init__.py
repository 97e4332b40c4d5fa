"""A light compiler for quantum circuits.

    import qir
    job = qir.compile(pathlib.Path("bell.qasm"), "qpu.forte-1", shots=1000)
    print(job.to_json())

Names are imported when first used, so `import qir` itself is nearly free.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from qir.version import VERSION as __version__

if TYPE_CHECKING:
    from qir.builder import CircuitBuilder as CircuitBuilder
    from qir.circuit import Circuit as Circuit
    from qir.compiler import Compiled as Compiled
    from qir.compiler import compile as compile
    from qir.compiler import dumps as dumps
    from qir.compiler import load as load
    from qir.compiler import load_all as load_all
    from qir.compiler import load_job as load_job
    from qir.compiler import loads as loads
    from qir.diagnostics import Diagnostic as Diagnostic
    from qir.errors import CompileError as CompileError
    from qir.errors import ParseError as ParseError
    from qir.errors import QirError as QirError
    from qir.errors import SubmitError as SubmitError
    from qir.job import JobSpec as JobSpec
    from qir.linter import lint as lint
    from qir.simulator import simulate as simulate
    from qir.submitters import submit as submit
    from qir.targets import all_targets as targets
    from qir.targets import find as target
    from qir.targets.target import Target as Target
    from qir.verify import equivalent as equivalent

_HOME = {
    "Circuit": "qir.circuit:Circuit",
    "CircuitBuilder": "qir.builder:CircuitBuilder",
    "CompileError": "qir.errors:CompileError",
    "Compiled": "qir.compiler:Compiled",
    "Diagnostic": "qir.diagnostics:Diagnostic",
    "JobSpec": "qir.job:JobSpec",
    "ParseError": "qir.errors:ParseError",
    "QirError": "qir.errors:QirError",
    "SubmitError": "qir.errors:SubmitError",
    "Target": "qir.targets.target:Target",
    "compile": "qir.compiler:compile",
    "dumps": "qir.compiler:dumps",
    "equivalent": "qir.verify:equivalent",
    "lint": "qir.linter:lint",
    "load": "qir.compiler:load",
    "load_all": "qir.compiler:load_all",
    "load_job": "qir.compiler:load_job",
    "loads": "qir.compiler:loads",
    "simulate": "qir.simulator:simulate",
    "submit": "qir.submitters:submit",
    "target": "qir.targets:find",
    "targets": "qir.targets:all_targets",
}
"""Public name to where it lives."""

__all__ = [
    "__version__",
    "Circuit",
    "CircuitBuilder",
    "CompileError",
    "Compiled",
    "Diagnostic",
    "JobSpec",
    "ParseError",
    "QirError",
    "SubmitError",
    "Target",
    "compile",
    "dumps",
    "equivalent",
    "lint",
    "load",
    "load_all",
    "load_job",
    "loads",
    "simulate",
    "submit",
    "target",
    "targets",
]


class _Face(ModuleType):
    """The package with its public names first.

    Python sets `qir.lint` to the package of that name when it is imported; the function of the
    same name is what `qir.lint` means here.  (`from qir.lint import ...` finds the package.)
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'qir' has no attribute {name!r}")
    module, _, attribute = home.partition(":")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
