"""The wheel holds exactly the tree, and works from another folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # A copy, so that nothing an earlier build left behind gets in, and two builds do not meet.
    source = tmp_path_factory.mktemp("source") / "qir"
    left_out = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, source, symlinks=True, ignore=left_out)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (built,) = folder.glob("qir-*.whl")
    return built


def test_the_wheel_holds_the_tree(wheel: Path) -> None:
    tree = set()
    for top, inside in (("qir", "qir"), ("passes", "qir/passes"), ("grammars", "qir/grammars")):
        for path in (ROOT / top).rglob("*"):
            parts = path.relative_to(ROOT / top).parts
            if path.is_file() and "__pycache__" not in parts and not (top == "qir" and parts[0] in ("passes", "grammars")):
                tree.add("/".join((inside, *parts)))
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = next(name for name in archive.namelist() if name.endswith("METADATA"))
        requires = [
            re.split(r"[<>=!~;\[ ]", line.split(" ", 1)[1])[0]
            for line in archive.read(metadata).decode().splitlines()
            if line.startswith("Requires-Dist:") and "extra ==" not in line
        ]
    assert packed == tree
    assert sorted(requires) == ["click", "lark", "networkx", "numpy"]


def test_the_wheel_runs_from_elsewhere(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    install = [str(scripts / "python"), "-m", "pip", "install", "--quiet", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    program = tmp_path / "bell.qasm"
    program.write_bytes((ROOT / "examples" / "bell.qasm").read_bytes())
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    result = subprocess.run(
        [str(scripts / "qcompile"), str(program), "-t", "qpu.forte-1", "--shots", "100"],
        cwd=tmp_path, env=clean, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert '"backend": "qpu.forte-1"' in result.stdout
