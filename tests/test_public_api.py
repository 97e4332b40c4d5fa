"""The face of the package: its names, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import qir


def test_names_are_pinned() -> None:
    assert sorted(set(qir.__all__) - {"__version__"}) == [
        "Circuit", "CircuitBuilder", "CompileError", "Compiled", "Diagnostic", "JobSpec", "ParseError", "QirError",
        "SubmitError", "Target", "compile", "dumps", "equivalent", "lint", "load", "load_all", "load_job", "loads", "simulate",
        "submit",
        "target", "targets",
    ]  # fmt: skip
    for name in set(qir.__all__) - {"__version__"}:
        assert callable(getattr(qir, name))


def test_functions_win_over_packages_of_the_same_name() -> None:
    import qir.lint
    import qir.targets

    assert qir.lint.__class__.__name__ == "function"
    assert [t.name for t in qir.targets()].count("qpu.forte-1") == 1


def test_errors_have_one_root() -> None:
    assert issubclass(qir.ParseError, qir.QirError)
    assert issubclass(qir.CompileError, qir.QirError)
    assert issubclass(qir.SubmitError, qir.QirError)


def _modules_after(code: str) -> set[str]:
    script = f"import sys\nsys.argv = ['qcompile', '--version']\n{code}\nprint('\\n'.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_importing_is_light() -> None:
    heavy = {"numpy", "lark", "networkx", "click", "rich", "urllib3"}
    assert not heavy & _modules_after("import qir")
    assert not heavy & _modules_after("from qir.cli import main\nmain()")
