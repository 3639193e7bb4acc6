"""Result files made by the program, for the package to open."""

from __future__ import annotations

import os
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("Agg")

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("WINDROW_PROGRAM", ROOT / "build/bin/windrow")).absolute()

CLUSTER = """\
name: cluster
simulator: training
config: configs/training/osdi20.yaml
set: {window: [60, 160]}
axes:
  policy: [fifo, gandiva, allox]
  arrival_rate: [0.5, 2.0, 9.0]
  cluster: ["12:12:12", "6:6:6"]
  seed: {from: 0, count: 3}
output: {tables: [jobs], series: [cluster]}
"""

# Two axes move together, a combination is left out, points with seed 2 fail.
GRID = """\
name: grid
simulator: empty
set: {fail: throw, table_rows: 2}
axes:
  work_s: [0.002, 0, 0.001]
  seed: [3, 1, 2]
  fail_seed: [30, 2, 20]
zip: [[work_s, fail_seed]]
skip: ["work_s=0.001 seed=3"]
output: {tables: [rows]}
"""


def windrow(*arguments: object, cwd: Path, expected: int = 0) -> str:
    """Runs the program, and returns what it printed."""
    words = [str(PROGRAM), *map(str, arguments)]
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == expected, f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def run_sweep(folder: Path, text: str, expected: int = 0) -> Path:
    """Runs a sweep in `folder` to its end; the result file."""
    name = text.split("\n", 1)[0].removeprefix("name: ")
    (folder / f"{name}.yaml").write_text(text)
    windrow("run", f"{name}.yaml", "--quiet", cwd=folder, expected=expected)
    return folder / f"results/{name}.h5"


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    """A figure that warns is a figure that is wrong."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("error", RuntimeWarning)
        yield


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep of the training simulator: 54 points, some saturated, with a table and a series."""
    return run_sweep(tmp_path_factory.mktemp("cluster"), CLUSTER)


@pytest.fixture(scope="session")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight points of the empty simulator, of a grid of nine; one failed."""
    return run_sweep(tmp_path_factory.mktemp("grid"), GRID, expected=1)
