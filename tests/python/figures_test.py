"""The figures of analysis/, drawn from sweeps as they are shipped, with fewer seeds."""

import subprocess
import sys

from conftest import ROOT, windrow


def test_figure_of_the_strategies_on_spot_instances(tmp_path):
    windrow("run", ROOT / "sweeps/spot-strategies.yaml", "--only", "seed=1,2,3", "--quiet", cwd=tmp_path)
    script = ROOT / "analysis/examples/spot_strategies.py"
    subprocess.run([sys.executable, script, "results/spot-strategies.h5", "figure.png"], cwd=tmp_path, check=True)
    assert (tmp_path / "figure.png").stat().st_size > 5000
