"""Means with intervals, paired comparisons, distributions, averages over time.

Everything is over replicates: points that differ by `seed` alone. Policies of a sweep meet the same seeds, hence the
same jobs and failures, so that comparing them pair by pair takes the luck of the draw out of the difference.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import special

from .dataset import replicates
from .errors import WindrowError, one_of
from .file import Status


def interval(values: xr.DataArray, over: str | None = None, confidence: float = 0.95) -> xr.Dataset:
    """Mean over replicates with its interval by Student's t.

    A cell in which a replicate is saturated has no mean: the ones that are left would be the lucky ones. Points that
    failed or are not done are left out. (So does `windrow show`.)

    Parameters
    ----------
    values
        A metric of `windrow.open()`, whose coordinate `status` is heeded, or any array.
    over
        The dimension of replicates: `seed` if there is one; without it, each value is its own mean.
    confidence
        Of the interval, 0 .. 1.

    Returns
    -------
    Dataset
        `mean`, `low`, `high` in the unit of `values` (NaN where there is no value; `low` and `high` also for fewer than
        two), `count` of replicates with a value, and `saturated`, how many were.

    """
    dimension = _replicates(values, over)
    saturated = _status_is(values, Status.SATURATED)
    usable = values.where(_status_is(values, Status.OK)) if "status" in values.coords else values
    usable, dims = usable.reset_coords(drop=True), [dimension] if dimension else []
    count = usable.notnull().sum(dims)
    lost = saturated.reset_coords(drop=True).sum(dims)
    mean = usable.mean(dims).where(lost == 0) if dims else usable.where(lost == 0)
    half = _half_width(usable, dims, count, confidence)
    result = xr.Dataset({"mean": mean, "low": mean - half, "high": mean + half, "count": count, "saturated": lost})
    for name in ("mean", "low", "high"):
        result[name].attrs = dict(values.attrs)
    return result.assign_attrs(confidence=confidence, over=dimension or "")


def paired(
    values: xr.DataArray, axis: str, reference: Any, over: str | None = None, confidence: float = 0.95
) -> xr.Dataset:
    """Each value of `axis` against `reference`, replicate by replicate.

    Returns
    -------
    Dataset
        `mean`, `low`, `high`: of the differences from the reference, in the unit of `values`; `ratio`: mean of the one
        over mean of the other, same replicates; `p`: two-sided, of the paired t-test that there is no difference;
        `count` of pairs. Cells with a saturated replicate on either side have none of these.

    """
    dimension = _replicates(values, over)
    if dimension is None:
        raise WindrowError("expected replicates to pair: there is no dimension 'seed', and `over` names none")
    if axis not in values.dims:
        raise WindrowError(f"no dimension '{axis}'. There is: {', '.join(map(str, values.dims))}")
    if reference not in values[axis].values:
        raise WindrowError(f"{axis} has no value {reference!r}. There is: {', '.join(map(str, values[axis].values))}")
    usable = values.where(_status_is(values, Status.OK)) if "status" in values.coords else values
    spoilt = _status_is(values, Status.SATURATED).reset_coords(drop=True).any(dimension)
    usable = usable.reset_coords(drop=True)
    base = usable.sel({axis: reference}, drop=True)
    difference = (usable - base).where(~spoilt & ~spoilt.sel({axis: reference}, drop=True))
    paired_only = difference.notnull()
    count = paired_only.sum(dimension)
    mean = difference.mean(dimension)
    half = _half_width(difference, [dimension], count, confidence)
    error = _standard_error(difference, [dimension], count)
    with np.errstate(divide="ignore", invalid="ignore"):
        tail = mean.copy(data=special.stdtr(np.maximum(count - 1, 1), -np.abs(mean / error)))
    certain = (mean == 0).astype(float)  # all differences are equal
    p = (2 * tail).where(error > 0, certain).where(count > 1)
    ratio = usable.where(paired_only).mean(dimension) / base.where(paired_only).mean(dimension)
    result = xr.Dataset({"mean": mean, "low": mean - half, "high": mean + half, "ratio": ratio, "p": p, "count": count})
    for name in ("mean", "low", "high"):
        result[name].attrs = dict(values.attrs)
    return result.assign_attrs(confidence=confidence, over=dimension, reference=str(reference))


def cdf(values: npt.ArrayLike) -> pd.Series[float]:
    """Empirical distribution: for each distinct value (index) the fraction of values not above it. NaN is no value."""
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    distinct, counts = np.unique(known, return_counts=True)
    return pd.Series(np.cumsum(counts) / max(len(known), 1), index=pd.Index(distinct, name="value"), name="probability")


def over_time(values: npt.ArrayLike, times: npt.ArrayLike, edges: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Time averages, between each two of `edges`, of a quantity that keeps `values[i]` from `times[i]` on.

    NaN where a bin begins before the first time or ends after the last.
    """
    time, value, edge = (np.asarray(a, float) for a in (times, values, edges))
    if len(time) < 2:
        return np.full(len(edge) - 1, np.nan)
    area = np.concatenate([[0.0], np.cumsum(value[:-1] * np.diff(time))])
    at = np.interp(edge, time, area, left=np.nan, right=np.nan)
    return np.asarray(np.diff(at) / np.diff(edge))


def _replicates(values: xr.DataArray, over: str | None) -> str | None:
    if over is None:
        return replicates(values)
    return one_of("dimension", over, map(str, values.dims))


def _status_is(values: xr.DataArray, status: Status) -> xr.DataArray:
    if "status" not in values.coords:
        return xr.zeros_like(values, dtype=bool)
    return values["status"] == int(status)


def _half_width(values: xr.DataArray, dims: list[str], count: xr.DataArray, confidence: float) -> xr.DataArray:
    if not dims:
        return xr.full_like(values, np.nan, dtype=float)
    t = count.copy(data=special.stdtrit(np.maximum(count.values - 1, 1), 0.5 + confidence / 2))
    return t * _standard_error(values, dims, count)


def _standard_error(values: xr.DataArray, dims: list[str], count: xr.DataArray) -> xr.DataArray:
    """Of the mean; NaN for fewer than two values."""
    squares = ((values - values.mean(dims)) ** 2).sum(dims)
    known = count.where(count > 1)
    return (squares / (known - 1) / known) ** 0.5
