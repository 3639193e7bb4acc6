"""Result files as labelled arrays: the axes of the sweep are the dimensions, what is not known is NaN."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from .errors import WindrowError
from .file import PROVENANCE, ResultFile, Status

_MISSING: dict[str, Any] = {"message": "", "host": "", "point_id": "", "rank": -1, "attempt": 0}
# A grid may have so many cells, or so many for each point of the file. Sweeps that look for knees are sparse.
_LARGEST_GRID, _SPARSEST_GRID = 50_000_000, 16
_REPLICATES = "seed"

# xarray's dataset attributes that go into other files must be of types that NetCDF has.
_ATTRIBUTES = (
    "title",
    "sweep_name",
    "simulator",
    "simulator_version",
    "program_version",
    "git_commit",
    "created",
    "sweep_file",
    "base_config",
)


class _Column(BackendArray):
    """A column of `/points`, laid out over the grid, read when it is looked at."""

    def __init__(self, file: ResultFile, name: str, rows: npt.NDArray[np.int64], missing: Any, dtype: Any) -> None:
        self.file, self.name, self.rows, self.missing = file, name, rows, missing
        self.shape, self.dtype = rows.shape, np.dtype(dtype)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._at)

    def _at(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        column = fill(self.file.column(self.name), self.rows_at(key), self.missing)
        return column.astype(self.dtype, copy=False)

    def rows_at(self, key: tuple[Any, ...]) -> npt.NDArray[np.int64]:
        """The rows under an index for each dimension."""
        rows = self.rows
        for axis in reversed(range(len(key))):  # from behind, as a number takes its dimension away
            rows = rows[(slice(None),) * axis + (key[axis],)]
        return np.asarray(rows)


class _Lazy(indexing.LazilyIndexedArray):
    """A column that is selected from, and turned, before it is read."""

    def transpose(self, order: Iterable[int]) -> _Lazy:
        """Turns the rows: what xarray would keep as an index for each dimension it could not select from any more."""
        column: _Column = self.array
        rows = column.rows_at(self.key.tuple).transpose([*order])
        return _Lazy(_Column(column.file, column.name, rows, column.missing, column.dtype))


def fill(column: npt.NDArray[Any], rows: npt.NDArray[np.int64], missing: Any) -> npt.NDArray[Any]:
    """`column` at `rows`, and `missing` where there is none (-1)."""
    if column.size == 0:
        return np.full(rows.shape, missing, column.dtype)
    values = np.asarray(column[np.maximum(rows, 0)])
    return np.where(rows >= 0, values, np.asarray(missing, column.dtype if column.dtype != object else object))


def _axis_values(column: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Distinct values and which of them each row has. Numbers ascend; names keep the order of the sweep."""
    if column.dtype == object:
        codes, values = pd.factorize(column)
        return np.asarray(values, object), codes.astype(np.int64)
    numbers, codes = np.unique(column, return_inverse=True)
    return numbers, codes.reshape(-1).astype(np.int64)


class _Grid:
    """Where each row of the file lies in the product of the axes.

    Axes that move together one to one (`zip`) share the dimension of the first; the others are coordinates along it.
    """

    def __init__(self, file: ResultFile) -> None:
        self.values: dict[str, npt.NDArray[Any]] = {}
        self.beside: dict[str, tuple[str, npt.NDArray[Any]]] = {}
        codes: dict[str, npt.NDArray[np.int64]] = {}
        for axis in file.axes:
            values, code = _axis_values(file.column(axis))
            leader = next((d for d in codes if len(values) > 1 and _one_to_one(codes[d], code, len(values))), None)
            if leader is None:
                self.values[axis], codes[axis] = values, code
            else:
                where = np.empty(len(values), np.int64)
                where[codes[leader]] = code
                self.beside[axis] = (leader, values[where])
        self.dims = (*codes,)
        shape = tuple(len(values) for values in self.values.values())
        cells = int(np.prod([float(n) for n in shape]))
        if cells > max(_LARGEST_GRID, _SPARSEST_GRID * file.rows):
            raise WindrowError(
                f"{file.path}: the product of its axes has {cells} cells for {file.rows} points; "
                "open it with grid=False"
            )
        flat = np.ravel_multi_index([*codes.values()], shape) if codes else np.zeros(file.rows, np.int64)
        rows = np.full(cells, -1, np.int64)
        rows[flat] = np.arange(file.rows)
        if np.count_nonzero(rows >= 0) != file.rows:
            raise WindrowError(f"{file.path}: has several points of equal axis values; open it with grid=False")
        self.rows: npt.NDArray[np.int64] = rows.reshape(shape)


def _one_to_one(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64], count: int) -> bool:
    if int(a.max()) + 1 != count:
        return False
    return len(np.unique(a * count + b)) == count


class WindrowBackend(BackendEntrypoint):
    """Makes `xarray.open_dataset(FILE, engine="windrow")` the same as `windrow.open(FILE)`."""

    description = "Result files of Windrow, with the axes of the sweep as dimensions"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", "live", "grid")

    def open_dataset(  # type: ignore[override]
        self,
        filename_or_obj: str | os.PathLike[str],
        *,
        drop_variables: str | Iterable[str] | None = None,
        live: bool = False,
        grid: bool = True,
    ) -> xr.Dataset:
        """The file as a dataset whose variables are read when they are looked at."""
        file = ResultFile(filename_or_obj, live=live)
        coords: dict[str, xr.Variable]
        if grid:
            layout = _Grid(file)
            dims, rows = layout.dims, layout.rows
            coords = {axis: xr.Variable(axis, values) for axis, values in layout.values.items()}
            coords |= {axis: xr.Variable(dim, values) for axis, (dim, values) in layout.beside.items()}
        else:
            dims, rows = ("point",), np.arange(file.rows)
            coords = {axis: xr.Variable("point", file.column(axis)) for axis in file.axes}
        for axis in file.axes:
            coords[axis].attrs = file.describe(axis)
        coords["point"] = xr.Variable(dims, rows, {"long_name": "row in the result file, -1 where there is no point"})
        status = fill(file.column("status"), rows, Status.ABSENT)
        flags = {
            "flag_values": np.array([*Status], np.uint8),
            "flag_meanings": " ".join(status.name.lower() for status in Status),
        }
        coords["status"] = xr.Variable(dims, status, {"long_name": "what became of the point", **flags})
        variables = {}
        for name in [*file.metrics, "message", "point_id", *PROVENANCE]:
            missing = _MISSING.get(name, np.nan)
            dtype = object if isinstance(missing, str) else np.int64 if isinstance(missing, int) else np.float64
            lazy = _Lazy(_Column(file, name, rows, missing, dtype))
            variables[name] = xr.Variable(dims, lazy, file.describe(name), fastpath=True)
        if drop_variables:
            dropped = {drop_variables} if isinstance(drop_variables, str) else {*drop_variables}
            variables = {name: variable for name, variable in variables.items() if name not in dropped}
        attributes: dict[str, Any] = {name: file.attributes[name] for name in _ATTRIBUTES}
        attributes |= {
            "source": str(file.path),
            "live": int(live),
            "axes": file.axes,
            "metrics": file.metrics,
            "tables": [*file.tables],
            "series": [*file.series],
        }
        dataset = xr.Dataset(variables, coords, attributes)
        dataset.set_close(file.close)
        return dataset

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Never: without an engine named, other people's HDF5 files stay with their engines."""
        return False


def open(path: str | os.PathLike[str], *, live: bool = False, grid: bool = True, **options: Any) -> xr.Dataset:
    """A result file as labelled arrays.

    Parameters
    ----------
    path
        The file, `results/NAME.h5`.
    live
        Also takes the results that a running (or broken-off) sweep has in its journal and not yet in the file. What
        comes later is not seen: open again for a newer view.
    grid
        With False, one dimension `point` in the order of the file, with the axes as coordinates along it.
    options
        For `xarray.open_dataset`: `chunks={}` makes dask arrays of it, for instance.

    Returns
    -------
    Dataset
        Dimensions: the axes of the sweep; of axes that move together (`zip`) the first. Data variables: each metric,
        with `units`, `long_name`, `description` and `better`, and of each point `message`, `point_id` and provenance.
        Values are NaN where a point is not done, and read when they are looked at. Coordinates: `status` (see
        `Status`), and `point`, the row in the file, by which `table`, `series` and `config` find their point.

    """
    return xr.open_dataset(path, engine=WindrowBackend, live=live, grid=grid, **options)


_opened: list[tuple[tuple[object, ...], ResultFile]] = []  # the file that was asked last: figures ask for many points


def _file_of(results: xr.Dataset) -> ResultFile:
    source = results.attrs["source"]
    live = bool(results.attrs.get("live", 0))
    key = (source, live, *(_stamp(path) for path in (source, f"{source}.journal")))
    if not _opened or _opened[0][0] != key:
        while _opened:
            _opened.pop()[1].close()
        _opened.append((key, ResultFile(source, live=live)))
    file = _opened[0][1]
    if file.attributes["created"] != results.attrs["created"]:
        raise WindrowError(f"{source}: was replaced by another sweep's since it was opened; open it again")
    return file


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _rows_of(results: xr.Dataset) -> npt.NDArray[np.int64]:
    if "source" not in results.attrs or "point" not in results.coords:
        raise WindrowError("expected results of windrow.open(), or a selection of them")
    rows = results["point"].values.ravel()
    return rows[rows >= 0]


def _one_row(results: xr.Dataset) -> int:
    rows = _rows_of(results)
    if len(rows) != 1:
        varied = [
            f"{d}={results[d].values.tolist()[0]!r}" for d in results.dims if d != "point" and results.sizes[d] > 1
        ]
        hint = f"; select one, as by .sel({', '.join(varied)})" if varied else ""
        raise WindrowError(f"expected one point, found {len(rows)}{hint}")
    return int(rows[0])


def table(results: xr.Dataset, name: str, *, series_first: bool = False) -> pd.DataFrame:
    """The rows that a table or series has of all points in `results`, one after the other.

    Where a table and a series have the same name it is the table, unless `series_first`.

    Axes that are still dimensions of `results` become columns in front, and `point` tells the rows of one point. Units
    and descriptions are in `attrs`, by column.
    """
    rows = _rows_of(results)
    frame, lengths = _file_of(results).table(name, rows, series_first=series_first)
    axes = [axis for axis in results.attrs["axes"] if axis in results.coords and results[axis].ndim > 0]
    grid = results["point"]
    present = grid.values.ravel() >= 0
    for position, axis in enumerate(["point", *axes]):
        labels = (
            rows
            if axis == "point"
            else results[axis].broadcast_like(grid).transpose(*grid.dims).values.ravel()[present]
        )
        if grid.ndim > 0:
            frame.insert(position, axis, pd.Series(np.repeat(labels, lengths)))
    return frame


def series(results: xr.Dataset, name: str) -> xr.Dataset:
    """A time series of one point, over the dimension that its first column is: simulated time."""
    row = _one_row(results)
    frame, _ = _file_of(results).table(name, [row], series_first=True)
    time, *columns = frame.columns
    about = frame.attrs
    attributes = {c: {k: about[k][c] for k in ("units", "description") if about[k][c]} for c in frame.columns}
    return xr.Dataset(
        {column: (time, frame[column].to_numpy(), attributes[column]) for column in columns},
        {time: (time, frame[time].to_numpy(), attributes[time])},
    )


def points(results: xr.Dataset) -> pd.DataFrame:
    """One row per point: axes, status as a word, metrics, message and provenance, by row in the file."""
    rows = results["point"].values.ravel()
    present = rows >= 0
    names = [*results.attrs["axes"], "status", *results.data_vars]
    grid = results["point"]
    columns = {name: results[name].broadcast_like(grid).transpose(*grid.dims).values.ravel()[present] for name in names}
    frame = pd.DataFrame(columns, index=pd.Index(rows[present], name="point"))
    frame["status"] = [Status(status).name.lower() for status in frame["status"]]
    return frame.sort_index()


def config(results: xr.Dataset) -> str:
    """Canonical configuration of one point."""
    row = _one_row(results)
    return _file_of(results).config(row)


def config_differences(results: xr.Dataset, rows: npt.NDArray[np.int64]) -> list[str]:
    """For each of these rows, the lines in which its configuration differs from `base_config` (docs/result-file.md)."""
    return _file_of(results).config_differences(rows)


def rerun_command(results: xr.Dataset, program: str = "windrow") -> str:
    """A command for a POSIX shell that runs one point again, without file or sweep: its configuration is in it."""
    return command_of(config(results), results.attrs["simulator"], program)


def command_of(text: str, simulator: str, program: str = "windrow") -> str:
    """The command that runs this canonical configuration."""
    return f"{shlex.quote(program)} simulate /dev/stdin --simulator {shlex.quote(simulator)} <<'END'\n{text}END\n"


def replicates(results: xr.Dataset | xr.DataArray) -> str | None:
    """The dimension along which points differ by chance alone: `seed`, if it is one."""
    return _REPLICATES if _REPLICATES in results.dims else None


def status_counts(results: xr.Dataset) -> dict[str, int]:
    """How many points of the sweep there are of each status."""
    statuses = results["status"].values
    none = (Status.ABSENT, Status.SKIPPED)
    return {s.name.lower(): int(np.count_nonzero(statuses == s)) for s in Status if s not in none}
