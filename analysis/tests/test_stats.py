"""Intervals, paired comparisons, distributions, time averages."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats as theirs

import windrow
from windrow import Status, stats

from .conftest import windrow as program


def array(values: list[list[float]], status: list[list[Status]] | None = None) -> xr.DataArray:
    made = xr.DataArray(values, dims=("policy", "seed"), coords={"policy": ["a", "b"][: len(values)]})
    return made if status is None else made.assign_coords(status=(("policy", "seed"), np.array(status, np.uint8)))


def test_intervals_are_those_of_windrow_show(cluster: Path) -> None:
    results = windrow.open(cluster)
    means = stats.interval(results.jct_mean)
    text = program("show", cluster, "--metric", "jct_mean", "--csv", cwd=cluster.parent)
    rows = [*csv.DictReader(text.splitlines())]
    assert len(rows) == 18
    for row in rows:
        cell = means.sel(policy=row["policy"], arrival_rate=float(row["arrival_rate"]), cluster=row["cluster"])
        assert int(cell.saturated) == int(row["saturated"])
        assert int(cell["count"]) == int(row["jct_mean_n"])
        if int(cell.saturated) > 0:  # CSV has the mean of the others there
            assert bool(np.isnan(cell["mean"]))
            continue
        assert float(cell["mean"]) == pytest.approx(float(row["jct_mean"]), rel=1e-12)
        assert float(cell["high"] - cell["mean"]) == pytest.approx(float(row["jct_mean_ci95"]), rel=1e-9)
    assert 0 < int((means.saturated > 0).sum()) < 15
    assert means["mean"].attrs["units"] == "s"


def test_interval_by_hand() -> None:
    means = stats.interval(array([[1.0, 2.0, 3.0, 6.0], [5.0, np.nan, np.nan, np.nan]]))
    # mean 3, standard deviation sqrt(14/3), t(0.975, 3) = 3.182446
    half = 3.182446305284263 * np.sqrt(14 / 3 / 4)
    assert means["mean"].values.tolist() == [3, 5]
    assert means["high"].values[0] == pytest.approx(3 + half, rel=1e-12)
    assert means["low"].values[0] == pytest.approx(3 - half, rel=1e-12)
    assert np.isnan(means["low"].values[1])
    assert means["count"].values.tolist() == [4, 1]
    ninety = stats.interval(array([[1.0, 2.0, 3.0, 6.0]]), confidence=0.9)
    assert ninety["high"].values[0] == pytest.approx(3 + 2.3533634348018264 * np.sqrt(14 / 3 / 4), rel=1e-12)


def test_a_saturated_replicate_takes_the_mean_away_and_a_failed_one_is_left_out() -> None:
    ok, saturated, failed = Status.OK, Status.SATURATED, Status.FAILED
    means = stats.interval(array([[1, 2, 3], [4, 5, 7]], [[ok, saturated, ok], [ok, ok, failed]]))
    assert np.isnan(means["mean"].values[0])
    assert means["mean"].values[1] == 4.5
    assert means["saturated"].values.tolist() == [1, 0]
    assert means["count"].values.tolist() == [2, 2]


def test_without_replicates_a_value_is_its_own_mean() -> None:
    means = stats.interval(array([[1.0, 2.0]]).rename(seed="rate"))
    assert means["mean"].values.tolist() == [[1, 2]]
    assert bool(means["low"].isnull().all())
    with pytest.raises(windrow.WindrowError, match="no dimension 'sed'; did you mean 'seed'"):
        stats.interval(array([[1.0, 2.0]]), over="sed")


def test_paired_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(1)
    luck = rng.normal(100, 30, 12)
    a, b = luck + rng.normal(0, 1, 12), luck + 2 + rng.normal(0, 1, 12)
    versus = stats.paired(array([a.tolist(), b.tolist()]), "policy", "a").sel(policy="b")
    expected = theirs.ttest_rel(b, a)
    low, high = expected.confidence_interval(0.95)
    assert float(versus["p"]) == pytest.approx(expected.pvalue, rel=1e-9)
    assert (float(versus["low"]), float(versus["high"])) == pytest.approx((low, high), rel=1e-9)
    assert float(versus["ratio"]) == pytest.approx(b.mean() / a.mean(), rel=1e-12)
    alone = stats.interval(array([a.tolist(), b.tolist()]))
    assert float(versus["high"] - versus["low"]) < 0.1 * float((alone["high"] - alone["low"]).max()), "the luck is out"


def test_paired_takes_pairs_only() -> None:
    ok, saturated, failed = Status.OK, Status.SATURATED, Status.FAILED
    values = [[1.0, 2.0, 3.0], [2.0, 4.0, 5.0]]
    versus = stats.paired(array(values, [[ok, ok, failed], [ok, ok, ok]]), "policy", "a").sel(policy="b")
    assert (float(versus["count"]), float(versus["mean"])) == (2, 1.5)
    assert float(versus["ratio"]) == 2
    versus = stats.paired(array(values, [[ok, ok, saturated], [ok, ok, ok]]), "policy", "a").sel(policy="b")
    assert bool(versus["mean"].isnull())
    same = stats.paired(array([[1.0, 2.0], [1.0, 2.0]]), "policy", "a")
    assert same["p"].values.tolist() == [1, 1]
    with pytest.raises(windrow.WindrowError, match="policy has no value 'c'"):
        stats.paired(array(values), "policy", "c")


def test_cdf_counts_what_is_not_above() -> None:
    curve = stats.cdf([3.0, 1.0, np.nan, 3.0, 2.0])
    assert curve.index.tolist() == [1, 2, 3]
    assert curve.tolist() == [0.25, 0.5, 1.0]
    assert len(stats.cdf([np.nan])) == 0


def test_time_averages_keep_the_integral() -> None:
    times, values = [0.0, 1.0, 4.0, 6.0], [2.0, 0.0, 1.0, 9.0]
    assert stats.over_time(values, times, [0, 1, 3, 6]).tolist() == [2, 0, pytest.approx(2 / 3)]
    fine = stats.over_time(values, times, np.linspace(0, 6, 121))
    assert fine.sum() * 0.05 == pytest.approx(2 * 1 + 0 * 3 + 1 * 2)
    assert np.isnan(stats.over_time(values, times, [5, 7])).all()
