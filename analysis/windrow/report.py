"""One HTML page of a result file that needs nothing beside it: figures, results to sort and filter, provenance."""

from __future__ import annotations

import datetime
import functools
import html
import importlib.resources
import io
import itertools
import json
import math
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from . import plot, stats, words
from .dataset import config_differences, open, replicates, status_counts
from .errors import WindrowError, one_of
from .file import PROVENANCE, Status

_FAMILIES = 6  # metrics that have a figure and a column at first
_LARGEST_LISTS = 10_000  # points, cells; more make a page that no browser likes
_MOST_PANELS = 4  # combinations of axes that no figure shows
_SVG = {"svg.fonttype": "none", "svg.hashsalt": "windrow"}  # text stays text; the same file gives the same page


def write(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    metrics: Sequence[str] = (),
    x: str | None = None,
    by: str | None = None,
) -> Path:
    """Writes the page of a result file, beside it unless `output` says where, and returns its path.

    Results that are in the journal of a running sweep alone are there too. `metrics`: which have figures and columns at
    first; `x`, `by`: the axes that figures have.
    """
    target = Path(output) if output is not None else Path(path).with_suffix(".html")
    text = page(path, metrics=metrics, x=x, by=by)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WindrowError(f"{target}: cannot write: {error.strerror}") from None
    return target


def page(
    path: str | os.PathLike[str], *, metrics: Sequence[str] = (), x: str | None = None, by: str | None = None
) -> str:
    """The page as text."""
    with open(path, live=True) as results:
        results.load()
        chosen = [one_of("metric", name, results.attrs["metrics"]) for name in metrics] or telling_metrics(results)
        for axis in filter(None, (x, by)):
            one_of("axis", axis, map(str, results.dims))
        figures = "\n".join(_figures(results, chosen, x, by))
        values = {
            "title": html.escape(str(results.attrs["sweep_name"])),
            "summary": _summary(results),
            "figures": figures or "<p>There is nothing to draw.</p>",
            "provenance": _provenance(results),
            "data": _json(_data(results, chosen)),
            "style": _resource("page.css"),
            "script": _resource("page.js"),
        }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], _resource("page.html"))


def _resource(name: str) -> str:
    return (importlib.resources.files("windrow") / "page" / name).read_text(encoding="utf-8")


def _json(value: Any) -> str:
    """JSON that may stand in a script element: nothing in it ends the element."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def telling_metrics(results: xr.Dataset) -> list[str]:
    """Metrics that say who is better and differ between points, one of a family (`jct_mean` stands for `jct_p99`)."""
    families: dict[str, str] = {}
    for name in results.attrs["metrics"]:
        values = results[name].values
        known = values[~np.isnan(values)]
        if results[name].attrs.get("better") in ("lower", "higher") and known.size and np.ptp(known) > 0:
            families.setdefault(name.split("_")[0], name)
    return [*families.values()][:_FAMILIES] or [plot.default_metric(results)]


# Figures.


def _figures(results: xr.Dataset, metrics: list[str], x: str | None, by: str | None) -> list[str]:
    if not plot.varied(results):
        return [figure for figure in _closer(results, {}, plot.default_metric(results), None, "") if figure]
    x, by = plot.two_axes(results, x, by)
    rest = [axis for axis in plot.varied(results) if axis not in (x, by)]
    figures = []
    for places in itertools.islice(itertools.product(*(range(results.sizes[axis]) for axis in rest)), _MOST_PANELS):
        panel = dict(zip(rest, places, strict=True))
        if rest:
            heading = ", ".join(
                f"{words.label(axis)} {words.value_text(results[axis].values[i])}" for axis, i in panel.items()
            )
            figures.append(f"<h2{_marks(panel)}>{html.escape(heading)}</h2>")
        figures += _panel(results.isel(panel), panel, metrics, x, by)
    return [figure for figure in figures if figure]


def _marks(panel: dict[str, int]) -> str:
    """Attributes by which the page hides what a filter leaves out."""
    return "".join(f' data-axis-{i}="{html.escape(axis)}:{value}"' for i, (axis, value) in enumerate(panel.items()))


def _panel(part: xr.Dataset, panel: dict[str, int], metrics: list[str], x: str, by: str | None) -> list[str]:
    """The figures of one combination of the axes that they do not show."""
    over = replicates(part)
    seeds = f"; mean over {over}s with its 95 % interval" if over and part.sizes[over] > 1 else ""
    first, against = words.label(metrics[0]), words.label(x).lower()
    figures = []

    def add(name: str, title: str, text: str, draw: Callable[[Axes], Any]) -> None:
        figures.append(_drawn(name, panel, _caption(title, text), draw))

    for metric in metrics:
        kind = plot.bars if "idle" in metric or not plot.is_number(part, x) else plot.lines
        about = f"against {against}: {part[metric].attrs.get('description', '')}{seeds}"
        add(metric, words.label(metric), about, functools.partial(_call, kind, part, metric, x=x, by=by))
    if by is not None:
        about = f"over {against} and {words.label(by).lower()}"
        add("heatmap", first, about, functools.partial(_call, plot.heatmap, part, metrics[0], x=x, y=by))
    place = _common_place(part, x)
    at = f"at {against} {words.value_text(part[x].values[place])}"
    return figures + _closer(part.isel({x: place}), panel, metrics[0], by, at)


def _closer(one: xr.Dataset, panel: dict[str, int], metric: str, by: str | None, at: str) -> list[str]:
    """Tables and series, at one place of the axis that other figures are against."""
    figures = []
    for name in one.attrs["tables"]:
        text = _caption(f"Distribution of the {name}", at, "all replicates together")
        figures.append(_drawn(f"cdf-{name}", panel, text, functools.partial(_call, plot.cdf, one, name, by=by)))
    for name in one.attrs["series"]:
        text = _caption(f"{words.label(name)} over time", at, "mean of the replicates and their range")
        figures.append(
            _drawn(f"series-{name}", panel, text, functools.partial(_call, plot.over_time, one, name, by=by))
        )
    single, which = _best(one, metric, by)
    for name in one.attrs["tables"][:1]:
        text = _caption(f"{words.label(name)} of one point", at, which, "some from the middle of the run")
        figures.append(_drawn(f"gantt-{name}", panel, text, functools.partial(_call, plot.gantt, single, name)))
    return figures


def _caption(title: str, *parts: str) -> str:
    return f"<b>{html.escape(title)}</b> {html.escape(', '.join(filter(None, parts)))}."


def _call(draw: Callable[..., Axes], *args: Any, **options: Any) -> Axes:
    """`draw` with its axes last, as functools.partial hands them over."""
    *rest, ax = args
    return draw(*rest, ax=ax, **options)


def _common_place(part: xr.Dataset, x: str) -> int:
    """The last place of `x` at which all points are done and unsaturated; failing that, the middle."""
    wanted = part["status"] != Status.ABSENT
    good = (~wanted | (part["status"] == Status.OK)).all([d for d in part.dims if d != x]).values
    return int(np.flatnonzero(good)[-1]) if good.any() else int(part.sizes[x] // 2)


def _best(one: xr.Dataset, metric: str, by: str | None) -> tuple[xr.Dataset, str]:
    """The first replicate of the curve that is best by `metric`, and what to call it."""
    over, parts = replicates(one), []
    if by is not None:
        means = stats.interval(one[metric], over)["mean"].squeeze().values
        sign = -1.0 if one[metric].attrs.get("better") == "higher" else 1.0
        best = 0 if np.isnan(means).all() else int(np.nanargmin(sign * means))
        parts.append(f"{words.label(by).lower()} {words.value_text(one[by].values[best])}")
        one = one.isel({by: best})
    if over is not None:
        parts.append(f"{over} {one[over].values[0]}")
        one = one.isel({over: 0})
    return one, ", ".join(parts)


def _drawn(name: str, panel: dict[str, int], text: str, draw: Callable[[Axes], Any]) -> str:
    """A figure element; nothing where there is nothing to draw."""
    with plot.style(**_SVG):
        figure = Figure(figsize=(5.4, 2.9), layout="constrained")
        FigureCanvasSVG(figure)
        try:
            draw(figure.subplots())
        except WindrowError:
            return ""
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = inline(out.getvalue(), "-".join([name, *(f"{axis}{i}" for axis, i in panel.items())]))
    return f'<figure data-name="{html.escape(name)}"{_marks(panel)}>{svg}<figcaption>{text}</figcaption></figure>'


def inline(svg: str, name: str) -> str:
    """An SVG file as an element of a page: its ids are its own, and what `plot` tagged says so in `data-axis`."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    used = {*re.findall(r'(?:href="#|url\(#)([^")]+)', svg)}
    prefix = re.sub(r"\W+", "-", name)

    def own(match: re.Match[str]) -> str:
        tag = re.fullmatch(r"windrow-\d+:(.+):(\d+)", html.unescape(match[1]))
        if tag:
            return f' data-axis="{html.escape(tag[1])}:{tag[2]}"'
        return f' id="{prefix}-{match[1]}"' if match[1] in used else ""

    svg = re.sub(r' id="([^"]*)"', own, svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\1{prefix}-", svg)
    return re.sub(
        r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1), count=1
    )


# What the tables are made of.


def _numbers(values: npt.ArrayLike) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in np.asarray(values, float).ravel()]


def _codes(results: xr.Dataset, axes: list[str], like: xr.DataArray, present: npt.NDArray[Any]) -> list[list[int]]:
    """For each axis, which of its values each cell has."""
    codes = []
    for axis in axes:
        dim = str(results[axis].dims[0])
        index = xr.DataArray(np.arange(results.sizes[dim]), dims=dim)
        codes.append(index.broadcast_like(like).transpose(*like.dims).values.ravel()[present].tolist())
    return codes


def _data(results: xr.Dataset, chosen: list[str]) -> dict[str, Any]:
    axes = [axis for axis in results.attrs["axes"] if axis in results.coords]
    metrics = results.attrs["metrics"]
    over = replicates(results)
    rows = results["point"].values.ravel()
    present = np.flatnonzero(rows >= 0)
    present = present[np.argsort(rows[present], kind="stable")]
    failed_first = np.argsort(results["status"].values.ravel()[present] != Status.FAILED, kind="stable")
    listed = present if len(present) <= _LARGEST_LISTS else np.sort(present[failed_first[:_LARGEST_LISTS]])
    differences = config_differences(results, rows[listed])
    return {
        "simulator": results.attrs["simulator"],
        "base": results.attrs["base_config"],
        "total": len(present),
        "axes": [
            {
                "name": axis,
                "label": words.axis_label(axis),
                "help": results[axis].attrs.get("description", ""),
                "values": [words.value_text(value) for value in results[axis].values],
                "numbers": _numbers(results[axis].values) if results[axis].dtype.kind in "iuf" else None,
                "replicate": axis == over,
            }
            for axis in axes
        ],
        "metrics": [
            {
                "name": name,
                "label": words.label(name),
                "unit": str(results[name].attrs.get("units", "")).removeprefix("1"),
                "scale": _scale(results[name]),
                "help": results[name].attrs.get("description", ""),
                "better": results[name].attrs.get("better", "neither"),
                "chosen": name in chosen,
            }
            for name in metrics
        ],
        "cells": _cells(results, [axis for axis in axes if axis != over], metrics, over),
        "points": {
            "codes": _codes(results, axes, results["point"], listed),
            "values": [_numbers(results[name].values.ravel()[listed]) for name in metrics],
            "row": rows[listed].tolist(),
            "status": [Status(s).name.lower() for s in results["status"].values.ravel()[listed]],
            "message": results["message"].values.ravel()[listed].tolist(),
            "id": results["point_id"].values.ravel()[listed].tolist(),
            "config": differences,
            **{
                name: values.tolist()
                if (values := results[name].values.ravel()[listed]).dtype.kind != "f"
                else _numbers(values)
                for name in PROVENANCE
            },
        },
    }


def _scale(values: xr.DataArray) -> list[Any]:
    """Unit and divisor of a column of the table."""
    unit, factor = words.scale(str(values.attrs.get("units", "")), values)
    return [unit.removeprefix("1"), factor]


def _cells(results: xr.Dataset, axes: list[str], metrics: list[str], over: str | None) -> dict[str, Any]:
    """Means over replicates: a cell for each combination of the other axes that the sweep has."""
    dims = [over] if over else []
    status = results["status"].reset_coords(drop=True)
    points = (~status.isin([Status.ABSENT, Status.SKIPPED])).astype(int).sum(dims)
    present = np.flatnonzero(points.values.ravel() > 0)[:_LARGEST_LISTS]
    counts = {
        s: (status == s).astype(int).sum(dims).values.ravel()[present].tolist()
        for s in (Status.OK, Status.SATURATED, Status.FAILED)
    }
    means = [stats.interval(results[name], over) for name in metrics]
    return {
        "codes": _codes(results, axes, points, present),
        "axes": axes,
        "points": points.values.ravel()[present].tolist(),
        **{s.name.lower(): values for s, values in counts.items()},
        "mean": [_numbers(m["mean"].values.ravel()[present]) for m in means],
        "half": [_numbers((m["high"] - m["mean"]).values.ravel()[present]) for m in means],
    }


# Where the results come from.


def _moment(unix_s: float) -> str:
    return datetime.datetime.fromtimestamp(unix_s, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def _summary(results: xr.Dataset) -> str:
    counts = status_counts(results)
    total = sum(counts.values())
    done = counts["ok"] + counts["saturated"]
    bar = "".join(
        f'<span class="{name}" style="flex-grow:{count}" title="{count} {name}"></span>'
        for name, count in counts.items()
        if count
    )
    counted = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return (
        f"<p>Simulator {html.escape(results.attrs['simulator'])}, version {results.attrs['simulator_version']}. "
        f'<span id="progress">{done} of {total} points done</span>: {counted}.</p><div class="bar">{bar}</div>'
    )


def _provenance(results: xr.Dataset) -> str:
    attributes = results.attrs
    wall, cpu = (float(np.nansum(results[name].values)) for name in ("wall_s", "cpu_s"))
    completed = results["completed"].values[~np.isnan(results["completed"].values)]
    hosts = sorted({*results["host"].values.ravel().tolist()} - {""})
    facts = {
        "File": attributes["source"],
        "Sweep": attributes["sweep_name"],
        "Simulator": f"{attributes['simulator']}, version {attributes['simulator_version']}",
        "Program": f"windrow {attributes['program_version']} ({attributes['git_commit']})",
        "File made": attributes["created"],
    }
    if completed.size and completed.max() > 0:  # `windrow simulate -o` tells no time
        facts["Results"] = f"from {_moment(float(completed.min()))} to {_moment(float(completed.max()))}"
        facts["Time in the simulator"] = f"{wall:.5g} s of wall time, {cpu:.5g} s of processor time"
        facts["Hosts"] = ", ".join(hosts)
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(str(value))}</dd>" for name, value in facts.items())
    texts = "".join(
        f"<details><summary>{title}</summary><pre>{html.escape(attributes[name])}</pre></details>"
        for title, name in (("Sweep file", "sweep_file"), ("Base configuration", "base_config"))
    )
    return f"<dl>{rows}</dl>{texts}"
