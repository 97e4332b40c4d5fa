"""A light compiler for quantum circuits.

    import qir
    job = qir.compile(open("bell.qasm").read(), "qpu.forte-1", shots=1000)
    print(job.to_json())

Names are imported when first used, so `import qir` itself is nearly free.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qir.circuit import Circuit as Circuit
    from qir.circuit import CircuitBuilder as CircuitBuilder
    from qir.errors import CompileError as CompileError
    from qir.errors import ParseError as ParseError
    from qir.errors import QirError as QirError
    from qir.errors import SubmitError as SubmitError
    from qir.job import JobSpec as JobSpec
    from qir.targets.target import Target as Target

__version__ = "0.1.0"

_HOME = {
    "Circuit": "qir.circuit",
    "CircuitBuilder": "qir.circuit",
    "CompileError": "qir.errors",
    "JobSpec": "qir.job",
    "ParseError": "qir.errors",
    "QirError": "qir.errors",
    "SubmitError": "qir.errors",
    "Target": "qir.targets.target",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'qir' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
