"""The package as pip takes it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import windrow

from .conftest import PROGRAM, ROOT

ANALYSIS = ROOT / "analysis"


def test_a_wheel_has_all_that_the_package_needs(tmp_path: Path) -> None:
    command = "from flit_core import buildapi; print(buildapi.build_wheel(__import__('sys').argv[1]))"
    made = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path)], cwd=ANALYSIS, check=True, capture_output=True, text=True
    )
    with zipfile.ZipFile(tmp_path / made.stdout.strip()) as wheel:
        names = set(wheel.namelist())
        (metadata,) = (wheel.read(name).decode() for name in names if name.endswith("/METADATA"))
        (entries,) = (wheel.read(name).decode() for name in names if name.endswith("/entry_points.txt"))
    sources = {str(path.relative_to(ANALYSIS)) for path in (ANALYSIS / "windrow").rglob("*") if path.is_file()}
    assert {name for name in sources if "__pycache__" not in name} <= names
    assert "windrow/py.typed" in names
    assert not [name for name in names if "test" in name]
    assert f"\nVersion: {windrow.__version__}\n" in metadata
    assert "windrow=windrow.dataset:WindrowBackend" in entries.replace(" ", "")


def test_versions_agree() -> None:
    text = (ROOT / "CMakeLists.txt").read_text()
    (version,) = re.findall(r"project\(windrow VERSION (\S+)", text)
    assert windrow.__version__ == version
    assert f'\nversion = "{version}"\n' in (ANALYSIS / "pyproject.toml").read_text()


def test_program_and_package_have_the_same_options() -> None:
    def options(*command: str) -> set[str]:
        environment = {**os.environ, "PYTHONPATH": str(ANALYSIS)}
        done = subprocess.run(
            [*command, "report", "--help"], check=True, env=environment, capture_output=True, text=True
        )
        return set(re.findall(r"(?<!\w)--[a-z]+", done.stdout))

    assert options(str(PROGRAM)) == options(sys.executable, "-m", "windrow")


def test_what_is_imported_is_what_lies_here() -> None:
    assert Path(windrow.__file__).parent == ANALYSIS / "windrow"
