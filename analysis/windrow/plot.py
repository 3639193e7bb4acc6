"""Figures of a sweep, ready for print: colours that everybody can tell apart, units, intervals where there are seeds.

Each function draws into `ax`, or into a figure of its own, and returns the axes. What is drawn is chosen by arguments;
what is left out of them follows from what the file says of its axes, metrics and tables. Dimensions that the figure
does not show must be selected first: nothing is averaged but replicates.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from . import stats, words
from .dataset import replicates, table
from .errors import WindrowError, one_of

# Okabe and Ito: told apart by all kinds of colour vision, and in grey by markers and dashes. Their yellow is too pale.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D1F")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (6, 1.5, 1.5, 1.5)))
COLOUR_MAP = "cividis"
NO_VALUE = "#D9D9D9"

STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Liberation Sans", "Helvetica", "Arial"],
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.5,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "lines.linewidth": 1.3,
    "lines.markersize": 4,
    "figure.dpi": 150,
    "savefig.dpi": 300,
    "savefig.bbox": "tight",
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
}
ONE_COLUMN = (3.4, 2.4)  # inches: a column of a paper
TWO_COLUMNS = (7.0, 2.8)

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def style(**changes: Any) -> Iterator[None]:
    """The look of these figures, for figures of your own; `changes` are matplotlib's parameters."""
    with mpl.rc_context({**STYLE, **changes}):
        yield


def save(ax: Axes, path: str | os.PathLike[str]) -> None:
    """Saves the figure of `ax` for print, in the format of the name: text as text, no margins, no date in it."""
    dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    with style(**{"svg.fonttype": "none", "svg.hashsalt": "windrow"}):
        ax.figure.canvas.figure.savefig(path, metadata=dates.get(Path(path).suffix.lower()))


def _styled(function: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(function)
    def styled(*args: P.args, **kwargs: P.kwargs) -> R:
        with style():
            return function(*args, **kwargs)

    return styled


# What is drawn, where the caller leaves it open.


def default_metric(results: xr.Dataset) -> str:
    """The first metric: simulators declare the one that matters most first."""
    metrics = results.attrs["metrics"]
    if not metrics:
        raise WindrowError("the file has no metrics")
    return str(metrics[0])


def varied(results: xr.Dataset) -> list[str]:
    """Axes with more than one value, without replicates."""
    over = replicates(results)
    return [axis for axis in results.attrs["axes"] if axis in results.dims and axis != over and results.sizes[axis] > 1]


def is_number(results: xr.Dataset, axis: str) -> bool:
    """Whether the values of an axis are numbers."""
    return results[axis].dtype.kind in "iuf"


def default_x(results: xr.Dataset, but: str | None = None) -> str:
    """The varied axis of numbers with the most values; where there is none, the first that varies."""
    axes = [axis for axis in varied(results) if axis != but]
    numbers = sorted((axis for axis in axes if is_number(results, axis)), key=lambda axis: -results.sizes[axis])
    if not axes:
        raise WindrowError("no axis has more than one value: there is nothing to draw against")
    return (numbers or axes)[0]


def default_by(results: xr.Dataset, but: str | None = None) -> str | None:
    """The varied axis that tells curves apart: the first of names, else the one of numbers with the fewest values."""
    axes = [axis for axis in varied(results) if axis != but]
    names = [axis for axis in axes if not is_number(results, axis)]
    return next(iter(names or sorted(axes, key=lambda axis: results.sizes[axis])), None)


def default_column(results: xr.Dataset, frame: pd.DataFrame) -> str:
    """The column that metrics are statistics of (`jct` of `jct_mean`), else the last of fractions."""
    real = [name for name in frame.columns if frame[name].dtype.kind == "f" and name not in results.attrs["axes"]]
    for metric in results.attrs["metrics"]:
        for name in real:
            if metric.startswith(name + "_"):
                return str(name)
    if not real:
        raise WindrowError("the table has no column of fractions: name one")
    return str(real[-1])


def _described(results: xr.Dataset, axis: str) -> str:
    """With the description of an axis of numbers, if it is short: `Arrival rate (generated jobs per hour)`."""
    help = str(results[axis].attrs.get("description", ""))
    name = words.axis_label(axis)
    return f"{name} ({help})" if 0 < len(help) <= 32 and is_number(results, axis) and "[" not in name else name


def _require(results: xr.Dataset, shown: Sequence[str | None]) -> None:
    """A WindrowError if a dimension varies that the figure does not show."""
    for axis in results.dims:
        if results.sizes[axis] > 1 and axis not in shown:
            example = words.value_text(results[axis].values[0])
            raise WindrowError(
                f"{axis} has {results.sizes[axis]} values, and the figure does not show it: select one, "
                f"as by .sel({{{str(axis)!r}: {example}}})"
            )


def _flat(results: xr.Dataset, keep: Sequence[str | None]) -> xr.Dataset:
    """Without the dimensions of length one that are not shown."""
    return results.squeeze([d for d in results.dims if results.sizes[d] == 1 and d not in keep])


def _groups(results: xr.Dataset, by: str | None) -> Iterator[tuple[int, str, xr.Dataset]]:
    if by is None or by not in results.dims:
        yield 0, "", results
        return
    for i, value in enumerate(results[by].values):
        yield i, words.value_text(value), results.isel({by: i})


def _look(i: int) -> dict[str, Any]:
    return {
        "color": COLOURS[i % len(COLOURS)],
        "marker": MARKERS[(i + i // len(COLOURS)) % len(MARKERS)],
        "linestyle": DASHES[(i + i // len(COLOURS)) % len(DASHES)],
    }


def _own_axes(ax: Axes | None, size: tuple[float, float] = ONE_COLUMN) -> Axes:
    return ax if ax is not None else plt.subplots(figsize=size, layout="constrained")[1]


def _tag(artist: Any, by: str | None, i: int) -> None:
    """Names an artist by what it shows, so that the page of a report can filter it."""
    if by is not None:
        number = next(_tags.setdefault(artist.figure, itertools.count()))
        artist.set_gid(f"windrow-{number}:{by}:{i}")


_tags: WeakKeyDictionary[Any, Iterator[int]] = WeakKeyDictionary()  # by figure: ids are of one file


def _legend(ax: Axes, by: str | None, entries: Sequence[tuple[Any, int | None]]) -> None:
    """Of the values of `by`: handles, and which value each stands for, if for one."""
    if by is None or not entries:
        return
    legend = _draw_legend(ax, by, [handle for handle, _ in entries])
    drawn = getattr(legend, "legend_handles", None) or getattr(legend, "legendHandles", [])  # matplotlib before 3.7
    for handle, text, (_, i) in zip(drawn, legend.get_texts(), entries, strict=True):
        if i is not None:
            _tag(handle, by, i)
            _tag(text, by, i)


def _draw_legend(ax: Axes, title: str, handles: Sequence[Any]) -> Legend:
    """At the right, or above where that would leave a narrow figure little room."""
    narrow = ax.figure.get_figwidth() < 4.5  # type: ignore[union-attr]
    longest = max(len(str(handle.get_label())) for handle in handles)
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.02), "borderaxespad": 0.3}
    if narrow and longest <= 24:
        columns = max(1, min(len(handles), 44 // (longest + 6)))
        place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "borderaxespad": 0.2, "ncols": columns}
    else:
        place["title"] = words.axis_label(title)
    return ax.legend(
        handles=handles,
        title_fontsize=mpl.rcParams["legend.fontsize"],
        alignment="left",
        columnspacing=1.2,
        **place,
    )


@_styled
def lines(
    results: xr.Dataset,
    metric: str | None = None,
    *,
    x: str | None = None,
    by: str | None = None,
    over: str | None = None,
    confidence: float = 0.95,
    ax: Axes | None = None,
) -> Axes:
    """A metric against an axis, a curve for each value of another, with the interval of its mean as a band.

    A curve ends where points are saturated; a triangle at the upper edge says so. `over`: the dimension of replicates.
    """
    metric = one_of("metric", metric or default_metric(results), results.attrs["metrics"])
    x, by = two_axes(results, x, by)
    over = over or replicates(results)
    _require(results, [x, by, over])
    data = _flat(results, [x, by, over])
    ax = _own_axes(ax)
    means = stats.interval(data[metric], over, confidence)
    unit, factor = words.scale(str(data[metric].attrs.get("units", "")), means["mean"])
    numeric = is_number(data, x)
    place = data[x].values if numeric else np.arange(data.sizes[x])
    entries: list[tuple[Any, int | None]] = []
    for i, name, group in _groups(means, by):
        mean, low, high = (group[part].transpose(x).values / factor for part in ("mean", "low", "high"))
        look = _look(i)
        (line,) = ax.plot(place, mean, markeredgecolor="white", markeredgewidth=0.5, **look, label=name)
        entries.append((Line2D([], [], **look, label=name), i))
        _tag(line, by, i)
        if not np.isnan(low).all():
            _tag(ax.fill_between(place, low, high, color=look["color"], alpha=0.18, linewidth=0), by, i)
        lost = place[group["saturated"].values > 0]
        if lost.size:
            above = ax.get_xaxis_transform()
            height = 0.97 - 0.04 * (i % 4)  # side by side where several are lost at once
            marks = ax.plot(
                lost, np.full(lost.size, height), color=look["color"], marker="^", ls="", ms=3.5, transform=above
            )
            _tag(marks[0], by, i)
    if int(means["saturated"].sum()):
        entries.append((Line2D([], [], color="#555555", marker="^", ls="", ms=3.5, label="saturated"), None))
    if not numeric:
        ax.set_xticks(place, [words.value_text(value) for value in data[x].values])
    ax.set_xlabel(_described(data, x))
    ax.set_ylabel(words.label(metric, unit))
    _from_zero(ax, means["mean"] / factor)
    _legend(ax, by, entries)
    return ax


def two_axes(results: xr.Dataset, x: str | None, by: str | None) -> tuple[str, str | None]:
    """The horizontal axis and the one that tells curves apart: as named, else by default."""
    dims = [str(d) for d in results.dims]
    x = one_of("axis", x, dims) if x else default_x(results, but=by)
    return x, (one_of("axis", by, dims) if by else default_by(results, but=x))


def _from_zero(ax: Axes, values: npt.ArrayLike) -> None:
    """The vertical axis from zero, unless values are negative, or far above zero and close together."""
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    if known.size and known.min() >= 0 and known.min() < 0.8 * known.max():
        ax.set_ylim(bottom=0)
    elif known.size and known.min() >= 0:
        ax.set_ylim(bottom=max(0, ax.get_ylim()[0]))  # an interval may reach below what the quantity can
    if known.size and known.max() >= 1e4:
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}".replace(",", "\N{THIN SPACE}"))


@_styled
def cdf(
    results: xr.Dataset,
    name: str | None = None,
    column: str | None = None,
    *,
    by: str | None = None,
    where: Callable[[pd.DataFrame], Any] | None = None,
    log: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Distribution of a column of a table, over all replicates together, a curve for each value of `by`.

    `where` picks rows of the table; without it those with `in_window` 1, where there is such a column. `log`: the
    scale; chosen by the spread without it.
    """
    name = name or _default_table(results, "tables")
    by = by or default_by(results)
    over = replicates(results)
    _require(results, [by, over])
    ax = _own_axes(ax)
    curves, everything, unit = [], [], ""
    for i, word, group in _groups(results, by):
        frame = table(group, name)
        unit = unit or _unit_in(frame, column or default_column(results, frame))
        column = one_of("column", column or default_column(results, frame), frame.columns)
        if where is not None:
            frame = frame[where(frame)]
        elif "in_window" in frame.columns:
            frame = frame[frame["in_window"] == 1]
        curve = stats.cdf(frame[column])
        if len(curve):
            curves.append((i, word, curve))
            everything.append(np.asarray(curve.index, float))
    if column is None or not curves:
        raise WindrowError(f"no point of these has values in table {name}")
    values = np.concatenate(everything)
    unit, factor = words.scale(unit, np.quantile(values, 0.9))
    positive = values[values > 0]
    wide = positive.size > 0 and float(np.quantile(positive, 0.99)) > 30 * float(np.median(positive))
    entries: list[tuple[Any, int | None]] = []
    for i, word, curve in curves:
        at, fraction = _thinned(np.asarray(curve.index, float) / factor, curve.to_numpy(np.float64))
        look = _look(i)
        line = ax.plot(
            at, fraction, drawstyle="steps-post", color=look["color"], linestyle=look["linestyle"], label=word
        )[0]
        entries.append((line, i))
        _tag(line, by, i)
    if log if log is not None else wide:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:g}")
    else:
        ax.set_xlim(left=0 if positive.size == values.size else None)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(words.label(column, unit))
    ax.set_ylabel("Fraction not above")
    _legend(ax, by, entries)
    return ax


def _thinned(at: npt.NDArray[Any], fraction: npt.NDArray[Any]) -> tuple[Any, Any]:
    """A curve of at most some 600 steps, the ends of the distribution kept: more cannot be seen."""
    if len(at) > 600:
        keep = np.unique(
            np.concatenate([np.linspace(0, len(at) - 1, 500).astype(int), np.arange(50), len(at) - 1 - np.arange(50)])
        )
        at, fraction = at[keep], fraction[keep]
    return np.concatenate([at[:1], at]), np.concatenate([[0.0], fraction])


def _unit_in(frame: pd.DataFrame, column: str) -> str:
    return str(frame.attrs.get("units", {}).get(column, ""))


def _default_table(results: xr.Dataset, kind: str) -> str:
    names = results.attrs[kind]
    if not names:
        raise WindrowError(f"the simulator has no {kind}")
    return str(names[0])


@_styled
def over_time(
    results: xr.Dataset,
    name: str | None = None,
    column: str | None = None,
    *,
    by: str | None = None,
    bins: int = 160,
    ax: Axes | None = None,
) -> Axes:
    """A column of a time series as averages over `bins` equal spans, a curve for each value of `by`.

    With replicates: the mean of theirs, and the range from lowest to highest as a band, as far as all of them go.
    """
    name = name or _default_table(results, "series")
    by = by or default_by(results)
    over = replicates(results)
    _require(results, [by, over])
    ax = _own_axes(ax, (5.0, 2.4))
    runs: list[tuple[int, str, list[pd.DataFrame]]] = []
    for i, word, group in _groups(results, by):
        each = [group.isel({over: k}) for k in range(group.sizes[over])] if over else [group]
        parts = [table(one, name, series_first=True) for one in each]
        runs.append((i, word, [part for part in parts if len(part) > 1]))
    frames = [frame for _, _, parts in runs for frame in parts]
    if not frames:
        raise WindrowError(f"no point of these has rows in series {name}")
    columns = [str(c) for c in frames[0].columns if c not in results.attrs["axes"] and c != "point"]
    time = columns[0]
    column = one_of("column", column or columns[1], columns)
    end = max(min(float(part[time].iloc[-1]) for part in parts) for _, _, parts in runs if parts)
    edges = np.linspace(0, end, bins + 1)
    time_unit, per = words.scale(_unit_in(frames[0], time), end)
    unit, factor = words.scale(_unit_in(frames[0], column), frames[0][column])
    means: list[npt.NDArray[np.float64]] = []
    entries: list[tuple[Any, int | None]] = []
    for i, word, parts in runs:
        if not parts:
            continue
        curves = np.array([stats.over_time(part[column], part[time], edges) for part in parts]) / factor
        mean = curves.mean(axis=0)
        means.append(mean)
        look = _look(i)
        _tag(ax.stairs(mean, edges / per, color=look["color"], linewidth=1.1, baseline=None), by, i)
        entries.append((Line2D([], [], color=look["color"], linewidth=1.1, label=word), i))
        if len(curves) > 1:
            low, high = (np.append(bound, bound[-1]) for bound in (curves.min(axis=0), curves.max(axis=0)))
            band = ax.fill_between(edges / per, low, high, step="post", color=look["color"], alpha=0.15, linewidth=0)
            _tag(band, by, i)
    ax.set_xlim(0, end / per)
    ax.set_xlabel(words.label(time, time_unit))
    ax.set_ylabel(words.label(column, unit))
    _from_zero(ax, np.concatenate([[0.0], *means]))
    _legend(ax, by, entries)
    return ax


@_styled
def bars(
    results: xr.Dataset,
    metric: str | None = None,
    *,
    x: str | None = None,
    by: str | None = None,
    over: str | None = None,
    confidence: float = 0.95,
    ax: Axes | None = None,
) -> Axes:
    """A metric as bars, grouped by `x`, with intervals. Without `metric`: the first that has to do with idle time."""
    metrics = results.attrs["metrics"]
    idle = next((name for name in metrics if "idle" in name), None)
    metric = one_of("metric", metric or idle or default_metric(results), metrics)
    x, by = two_axes(results, x, by)
    over = over or replicates(results)
    _require(results, [x, by, over])
    data = _flat(results, [x, by, over])
    ax = _own_axes(ax)
    means = stats.interval(data[metric], over, confidence)
    unit, factor = words.scale(str(data[metric].attrs.get("units", "")), means["mean"])
    groups = [*_groups(means, by)]
    width = 0.82 / len(groups)
    place = np.arange(data.sizes[x])
    entries: list[tuple[Any, int | None]] = []
    for i, word, group in groups:
        mean, low, high = (group[part].transpose(x).values / factor for part in ("mean", "low", "high"))
        at = place + (i - (len(groups) - 1) / 2) * width
        colour = COLOURS[i % len(COLOURS)]
        hatch = ("", "////", "....", "\\\\\\\\")[i % 4]
        drawn = ax.bar(at, mean, width * 0.92, color=colour, hatch=hatch, edgecolor="white", linewidth=0, label=word)
        for bar in drawn:
            _tag(bar, by, i)
        if not np.isnan(low).all():
            known = ~np.isnan(low)
            _tag(ax.vlines(at[known], low[known], high[known], color="#222222", linewidth=0.8), by, i)
        lost = at[group["saturated"].transpose(x).values > 0]
        if lost.size:
            marks = ax.plot(
                lost,
                np.full(lost.size, 0.015),
                color=colour,
                marker="^",
                ls="",
                ms=3.5,
                transform=ax.get_xaxis_transform(),
            )
            _tag(marks[0], by, i)
        entries.append((Patch(facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0, label=word), i))
    if int(means["saturated"].sum()):
        entries.append((Line2D([], [], color="#555555", marker="^", ls="", ms=3.5, label="saturated"), None))
    ax.grid(axis="x", visible=False)
    ax.tick_params(axis="x", length=0)
    ax.set_xticks(place, [words.value_text(value) for value in data[x].values])
    ax.set_xlabel(_described(data, x))
    ax.set_ylabel(words.label(metric, unit))
    _from_zero(ax, np.append(means["mean"].values.ravel() / factor, 0.0))
    _legend(ax, by, entries)
    return ax


@_styled
def heatmap(
    results: xr.Dataset,
    metric: str | None = None,
    *,
    x: str | None = None,
    y: str | None = None,
    over: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The mean of a metric over two axes. Cells without a mean are grey: `sat` where points are saturated."""
    metric = one_of("metric", metric or default_metric(results), results.attrs["metrics"])
    x, by = two_axes(results, x, y)
    if by is None:
        raise WindrowError("a heat map takes two axes with more than one value; there is one")
    y, over = by, over or replicates(results)
    _require(results, [x, y, over])
    data = _flat(results, [x, y, over])
    ax = _own_axes(ax)
    means = stats.interval(data[metric], over)
    unit, factor = words.scale(str(data[metric].attrs.get("units", "")), means["mean"])
    values = means["mean"].transpose(y, x).values / factor
    lost = means["saturated"].transpose(y, x).values > 0
    darkest_is_best = data[metric].attrs.get("better") == "lower"
    colours = mpl.colormaps[COLOUR_MAP + ("_r" if darkest_is_best else "")].with_extremes(bad=NO_VALUE)
    mesh = ax.pcolormesh(values, cmap=colours, edgecolors="white", linewidth=0.6)
    if values.size <= 200:
        for row, column in np.ndindex(values.shape):
            if np.isnan(values[row, column]):
                text, dark = ("sat" if lost[row, column] else ""), True
            else:
                text = f"{values[row, column]:.3g}"
                r, g, b, _ = colours(mesh.norm(values[row, column]))
                dark = 0.299 * r + 0.587 * g + 0.114 * b > 0.55
            ax.text(
                column + 0.5, row + 0.5, text, ha="center", va="center", size=6.5, color="#222222" if dark else "white"
            )
    for which, axis in ((ax.xaxis, x), (ax.yaxis, y)):
        names = [words.value_text(value) for value in data[axis].values]
        step = max(1, len(names) // 20)
        which.set_ticks(np.arange(len(names))[::step] + 0.5, names[::step])
        which.set_label_text(_described(data, axis))
    ax.tick_params(length=0)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    bar = ax.figure.colorbar(mesh, ax=ax, pad=0.02)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.ax.grid(visible=False)
    bar.set_label(words.label(metric, unit))
    return ax


_BEGINS = ("start", "first_start", "begin", "launch", "admitted", "arrival")
_ENDS = ("completion", "end", "finish", "finished", "departure", "stop")


@_styled
def gantt(
    results: xr.Dataset,
    name: str | None = None,
    *,
    begin: str | None = None,
    end: str | None = None,
    colour: str | None = None,
    limit: int = 80,
    where: Callable[[pd.DataFrame], Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """When each entity of one point was there: a bar from column `begin` to column `end`, a line for each.

    `results`: one point. `colour`: a column whose values tell bars apart; without it the first of texts. `limit`: how
    many; they are taken from the middle, where the run is neither filling up nor draining.
    """
    name = name or _default_table(results, "tables")
    frame = table(results.squeeze(), name)
    if "point" in frame.columns:
        raise WindrowError("a Gantt chart is of one point: select one")
    begin = one_of("column", begin or _first_of(frame, _BEGINS, name), frame.columns)
    end = one_of("column", end or _first_of(frame, _ENDS, name), frame.columns)
    if colour is None:
        colour = next((str(c) for c in frame.columns if frame[c].dtype == object), None)
    if where is not None:
        frame = frame[where(frame)]
    about = frame.attrs
    frame = frame[frame[begin].notna() & frame[end].notna()].sort_values(begin, kind="stable", ignore_index=True)
    if frame.empty:
        raise WindrowError(f"table {name} of this point has no rows with {begin} and {end}")
    first = max(0, (len(frame) - limit) // 2)
    frame = frame.iloc[first : first + limit]
    ax = _own_axes(ax, (7.0, 3.4))
    unit, factor = words.scale(str(about["units"][begin]), frame[end])
    kinds = _kinds(frame, colour)
    left, right = frame[begin].to_numpy(float) / factor, frame[end].to_numpy(float) / factor
    lane = np.arange(len(frame), dtype=float)
    for i, kind in enumerate(pd.unique(kinds)):
        mine = (kinds == kind).to_numpy()
        corners = np.stack(
            [
                np.stack([left[mine], lane[mine] - 0.4], 1),
                np.stack([right[mine], lane[mine] - 0.4], 1),
                np.stack([right[mine], lane[mine] + 0.4], 1),
                np.stack([left[mine], lane[mine] + 0.4], 1),
            ],
            1,
        )
        bars_of_kind = PolyCollection([*corners], facecolors=COLOURS[i % len(COLOURS)], linewidths=0, label=str(kind))
        ax.add_collection(bars_of_kind)
    ax.set_xlim(float(left.min()), float(right.max()))
    ax.set_ylim(len(frame), -1)
    ax.grid(axis="y", visible=False)
    ax.set_yticks([])
    ax.set_xlabel(words.label("time", unit))
    ax.set_ylabel(f"{words.label(name)}, from {words.label(begin).lower()} to {words.label(end).lower()}")
    if colour is not None:
        handles = [
            Patch(facecolor=COLOURS[i % len(COLOURS)], label=str(kind)) for i, kind in enumerate(pd.unique(kinds))
        ]
        _draw_legend(ax, colour, handles)
    return ax


def _first_of(frame: pd.DataFrame, names: Sequence[str], table_name: str) -> str:
    found = next((name for name in names if name in frame.columns), None)
    if found is None:
        raise WindrowError(f"table {table_name} has no column of {', '.join(names)}: name `begin` and `end`")
    return found


def _kinds(frame: pd.DataFrame, colour: str | None) -> pd.Series[Any]:
    """The kind of each row: the seven most frequent, in order of frequency for the first colours, and `other`."""
    if colour is None:
        return pd.Series("", index=frame.index)
    kinds = frame[one_of("column", colour, frame.columns)].astype(str)
    # `ResNet-50 (batch size 64)` is of the kind `ResNet-50`, if there are too many to tell apart.
    if kinds.nunique() > len(COLOURS):
        kinds = kinds.str.replace(r"\s*\(.*\)$", "", regex=True)
    frequent = kinds.value_counts(sort=True)
    if len(frequent) > len(COLOURS):
        kinds = kinds.where(kinds.isin(frequent.index[: len(COLOURS) - 1]), "other")
    return kinds
