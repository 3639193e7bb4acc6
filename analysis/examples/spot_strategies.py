"""Figure of sweeps/spot-strategies.yaml: all strategies against the rate of losses, with 95 % intervals over the seeds.

    ./windrow run sweeps/spot-strategies.yaml
    python3 analysis/examples/spot_strategies.py results/spot-strategies.h5 spot-strategies.png

Needs numpy, xarray, h5netcdf and matplotlib (tests/python/requirements.txt).
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

PROBABILITY = "availability.removal_probability"
AXES = ["strategy", PROBABILITY, "seed"]
METRICS = [("throughput", "samples/s"), ("samples_per_dollar", "samples/usd"), ("end_time", "time to the end, h")]


def main(results, picture):
    points = xr.open_dataset(results, group="points").set_index(point=AXES).unstack("point")
    figure, panels = plt.subplots(1, len(METRICS), figsize=(4.5 * len(METRICS), 3.6))
    for panel, (metric, label) in zip(panels, METRICS):
        values = points[metric] / (3600 if metric == "end_time" else 1)
        mean = values.mean("seed")
        interval = 1.96 * values.std("seed", ddof=1) / np.sqrt(values.count("seed"))
        for strategy in points["strategy"].values:
            one = {"strategy": strategy}
            panel.errorbar(points[PROBABILITY], mean.sel(one), interval.sel(one), capsize=2, label=str(strategy))
        panel.set_xlabel("probability of a loss per instance and hour")
        panel.set_ylabel(label)
        panel.set_ylim(bottom=0)
    panels[0].legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(picture, dpi=120)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
