"""Result files made by the program, for the tests to open."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("WINDROW_PROGRAM", ROOT / "build/bin/windrow"))


def windrow(*arguments, cwd, expected=0):
    """Runs the program, and returns what it printed. Another exit status than expected is an error that shows all it said."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == expected, f"windrow {' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


SMALL = """\
name: small
simulator: empty
set: {work_s: 0, fail: throw, fail_seed: 5}
axes:
  table_rows: [2, 0, 3]
  seed: [3, 5, 4]
output: {tables: [rows]}
"""


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A complete file of nine points, of which those with seed 5 failed; table_rows is the outer axis."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "small.yaml").write_text(SMALL)
    windrow("run", "small.yaml", "--quiet", cwd=folder, expected=1)
    return folder / "results/small.h5"


@pytest.fixture(scope="session")
def quickstart(tmp_path_factory):
    """The folder in which the README's sweep was run as the README says."""
    folder = tmp_path_factory.mktemp("quickstart")
    windrow("run", ROOT / "sweeps/quickstart.yaml", cwd=folder)
    return folder
