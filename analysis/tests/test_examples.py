"""The notebook, cell by cell, on the sweep that it names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest

from .conftest import ROOT
from .conftest import windrow as program

EXAMPLES = ROOT / "analysis/examples"


def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program("run", EXAMPLES / "load.yaml", "--quiet", cwd=tmp_path)
    folder = tmp_path / "analysis/examples"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    notebook = json.loads((EXAMPLES / "load.ipynb").read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    names: dict[str, Any] = {}
    figures = 0
    plt.close("all")
    for cell in notebook["cells"]:
        assert len(cell["id"]) > 0
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec(compile("".join(cell["source"]), f"load.ipynb:{cell['id']}", "exec"), names)
            figures += len(plt.get_fignums())
            plt.close("all")
    assert figures == 6
    assert (folder / "jct.pdf").stat().st_size > 5000
    assert len(names["versus"]["policy"]) == 4
    assert float(names["versus"]["ratio"].sel(policy="fifo_perf")) < 1
    assert set(names["measured"].groupby("policy").size()) == {4 * 200}


def test_the_readme_draws_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program("run", ROOT / "sweeps/quickstart.yaml", "--quiet", cwd=tmp_path)
    monkeypatch.chdir(tmp_path)
    _, code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    plt.close("all")
    assert min((tmp_path / name).stat().st_size for name in ("jct.pdf", "cdf.pdf")) > 5000
