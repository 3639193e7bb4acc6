"""Figures: that they show the numbers of the file, and refuse what they cannot show."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb

import windrow
from windrow import plot, stats, words


@pytest.fixture
def results(cluster: Path) -> Iterator[xr.Dataset]:
    yield windrow.open(cluster)
    plt.close("all")


def test_lines_show_means_in_hours_with_their_intervals(results: xr.Dataset) -> None:
    part = results.sel(cluster="12:12:12")
    ax = plot.lines(part)
    means = stats.interval(part.jct_mean)
    shown = {line.get_label(): line.get_ydata() for line in ax.lines if len(np.atleast_1d(line.get_ydata())) == 3}
    assert set(shown) >= {"fifo", "gandiva", "allox"}
    for policy in ("fifo", "gandiva", "allox"):
        assert np.allclose(shown[policy], means["mean"].sel(policy=policy) / 3600, equal_nan=True)
    assert ax.get_ylabel() == "Mean JCT [h]"
    assert ax.get_xlabel() == "Arrival rate (generated jobs per hour)"
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["fifo", "gandiva", "allox", "saturated"]
    assert len(ax.collections) == 3, "a band for each"


def test_a_dimension_that_is_not_shown_must_be_selected(results: xr.Dataset) -> None:
    with pytest.raises(windrow.WindrowError, match=r"cluster has 2 values, and the figure does not show it"):
        plot.lines(results)
    with pytest.raises(windrow.WindrowError, match="no metric 'jct_maen'; did you mean 'jct_mean'"):
        plot.lines(results.sel(cluster="6:6:6"), "jct_maen")


def test_axes_are_chosen_by_name_or_by_kind(results: xr.Dataset) -> None:
    part = results.sel(policy="fifo")
    assert plot.default_x(part) == "arrival_rate"
    assert plot.default_by(part, but="arrival_rate") == "cluster"
    ax = plot.lines(part, "utilization", x="cluster", by="arrival_rate")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["12:12:12", "6:6:6"]
    assert ax.get_ylabel() == "Utilization"


def test_cdf_is_of_the_measured_rows(results: xr.Dataset) -> None:
    part = results.sel(cluster="12:12:12", arrival_rate=0.5)
    ax = plot.cdf(part, "jobs", "jct")
    jobs = windrow.table(part.sel(policy="fifo"), "jobs")
    measured = np.sort(jobs[jobs.in_window == 1].jct) / 3600
    line = ax.lines[0]
    at, fraction = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
    assert (at[0], at[-1]) == pytest.approx((measured[0], measured[-1]))
    assert np.interp(0.5, fraction, at) == pytest.approx(np.median(measured), rel=0.05)
    assert ax.get_xlabel() == "JCT [h]"
    assert len(ax.lines) == 3


def test_over_time_has_the_mean_of_the_replicates(results: xr.Dataset) -> None:
    part = results.sel(cluster="12:12:12", arrival_rate=0.5)
    ax = plot.over_time(part, "cluster", "utilization", bins=50)
    assert len(ax.patches) == 3
    assert ax.get_xlabel() == "Time [h]"
    end = ax.get_xlim()[1] * 3600
    edges = np.linspace(0, end, 51)
    frames = [windrow.table(part.sel(policy="fifo", seed=seed), "cluster") for seed in range(3)]
    expected = np.mean([stats.over_time(f.utilization, f.time, edges) for f in frames], axis=0)
    assert np.allclose(ax.patches[0].get_data().values, expected, equal_nan=True)  # type: ignore[attr-defined]


def test_bars_show_idle_time_unless_told_otherwise(results: xr.Dataset) -> None:
    part = results.sel(cluster="12:12:12")
    ax = plot.bars(part)
    means = stats.interval(part.idle_gpu_time)["mean"].sel(policy="fifo") / 3600
    heights = [bar.get_height() for bar in ax.patches[:3]]  # type: ignore[attr-defined]
    assert np.allclose(heights, means, equal_nan=True)
    assert ax.get_ylabel() == "Idle GPU time [GPU h]"


def test_heatmap_has_a_cell_for_each_pair(results: xr.Dataset) -> None:
    part = results.sel(cluster="6:6:6")
    ax = plot.heatmap(part, "jct_mean", x="arrival_rate", y="policy")
    means = stats.interval(part.jct_mean)
    shown = np.asarray(ax.collections[0].get_array(), float).reshape(3, 3)
    assert np.allclose(shown, means["mean"].transpose("policy", "arrival_rate") / 3600, equal_nan=True)
    texts = [text.get_text() for text in ax.texts]
    assert texts.count("sat") == int((means["saturated"] > 0).sum()) > 0


def test_gantt_has_a_bar_for_each_job(results: xr.Dataset) -> None:
    point = results.sel(policy="gandiva", arrival_rate=0.5, cluster="12:12:12", seed=0)
    ax = plot.gantt(point, limit=30)
    bars = [path.get_extents() for kind in ax.collections for path in kind.get_paths()]
    assert len(bars) == 30
    jobs = windrow.table(point, "jobs").dropna(subset="completion").sort_values("arrival")
    middle = jobs.iloc[(len(jobs) - 30) // 2 :][:30]
    assert sum(bar.width for bar in bars) == pytest.approx(middle.jct.sum() / 3600)
    with pytest.raises(windrow.WindrowError, match="of one point"):
        plot.gantt(results.sel(policy="gandiva", arrival_rate=0.5, cluster="12:12:12"))
    with pytest.raises(windrow.WindrowError, match="no column 'begin'"):
        plot.gantt(point, begin="begin")


def test_another_simulator_has_other_defaults(grid: Path) -> None:
    results = windrow.open(grid)
    assert plot.lines(results).get_ylabel() == "Value"
    assert plot.lines(results).get_xlabel() == "Work [s]"
    ax = plot.cdf(results.sel(work_s=0.002), "rows")
    assert ax.get_xlabel() == "Value"
    assert ax.get_xscale() == "linear"
    with pytest.raises(windrow.WindrowError, match="the simulator has no series"):
        plot.over_time(results.sel(work_s=0.002))
    with pytest.raises(windrow.WindrowError, match="name `begin` and `end`"):
        plot.gantt(results.sel(work_s=0.002, seed=1), "rows")
    plt.close("all")


# Linear RGB as dichromats see it: Viénot, Brettel and Mollon, Digital video colourmaps for checking the legibility of
# displays by dichromats, 1999 (protan, deutan).
DICHROMATS = {
    "normal": np.eye(3),
    "protan": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deutan": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
}


def lab(linear: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """CIE L*a*b* of linear sRGB."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.clip(to_xyz @ linear / [0.9505, 1.0, 1.089], 0, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", DICHROMATS)
def test_colours_can_be_told_apart(eye: str) -> None:
    seen = [lab(DICHROMATS[eye] @ np.power(to_rgb(colour), 2.2)) for colour in plot.COLOURS[:6]]
    distances = [float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)]
    assert min(distances) > 10  # 2.3 is what an eye just notices


def test_more_curves_than_colours_differ_in_markers_and_dashes() -> None:
    looks = [plot._look(i) for i in range(24)]
    assert len({(look["color"], look["marker"], look["linestyle"]) for look in looks}) == 24


def test_numbers_and_names_in_words() -> None:
    assert words.label("jct_mean_low_priority", "s") == "JCT mean low priority [s]"
    assert words.label("ttft_p99", "1") == "TTFT p99"
    assert words.scale("s", [10.0, np.nan, 7300.0]) == ("h", 3600.0)
    assert words.scale("s", [10.0]) == ("s", 1.0)
    assert words.scale("tokens/s", [1e9]) == ("tokens/s", 1.0)
    assert words.scale("s", [np.nan]) == ("s", 1.0)
    assert words.value_text(1.2000000000000002) == "1.2"


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_equal_figures_make_equal_files(results: xr.Dataset, tmp_path: Path, kind: str) -> None:
    for name in ("a", "b"):
        plot.save(plot.lines(results.sel(cluster="6:6:6")), tmp_path / f"{name}.{kind}")
    first = (tmp_path / f"a.{kind}").read_bytes()
    assert first == (tmp_path / f"b.{kind}").read_bytes()
    assert b"/Type3" not in first, "publishers refuse fonts of type 3"
    assert kind != "svg" or b">gandiva</text>" in first


def test_figures_have_the_style_of_print_and_leave_the_rest_alone(results: xr.Dataset) -> None:
    before = plt.rcParams["font.size"]
    figure = plot.lines(results.sel(cluster="6:6:6")).figure
    assert figure.get_figwidth() == plot.ONE_COLUMN[0]  # type: ignore[union-attr]
    assert plt.rcParams["font.size"] == before
    mine, ax = plt.subplots()
    assert plot.lines(results.sel(cluster="6:6:6"), ax=ax).figure is mine
