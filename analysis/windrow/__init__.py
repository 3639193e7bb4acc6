"""Reads the result files of Windrow.

>>> import windrow
>>> results = windrow.open("results/quickstart.h5")            # an xarray.Dataset
>>> results.jct_mean.sel(policy="fifo").mean("seed")
>>> point = results.sel(policy="fifo", arrival_rate=0.4, cluster="36:36:36", seed=0)
>>> windrow.table(point, "jobs")                               # a pandas.DataFrame

`windrow.stats` has intervals, paired comparisons and distributions, `windrow.plot` the figures, `windrow.report` the
page.
"""

from .dataset import config, open, points, rerun_command, series, table
from .errors import WindrowError
from .file import Status

__all__ = ["Status", "WindrowError", "config", "open", "points", "rerun_command", "series", "table"]
__version__ = "0.1.0"
