"""A result file with the journal beside it, column by column. What other modules know of HDF5 is here."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd

from . import journal
from .errors import WindrowError, one_of

SCHEMA_VERSION = 1
_ATTEMPTS_AT_A_PAIR = 5


class Status(enum.IntEnum):
    """What became of a point.

    `SKIPPED`: the rules of an adaptive sweep do not ask for it. `ABSENT`: the sweep has no point there (`skip`, or
    other replicates elsewhere).
    """

    PENDING = 0
    RUNNING = 1
    OK = 2
    SATURATED = 3
    FAILED = 4
    SKIPPED = 5
    ABSENT = 255


_DONE = (Status.OK, Status.SATURATED)
PROVENANCE = ["wall_s", "cpu_s", "completed", "rank", "host", "attempt"]


def _text(value: Any) -> str:
    if isinstance(value, h5py.Empty):
        return ""
    return value.decode() if isinstance(value, bytes) else str(value)


def _texts(values: Any) -> list[str]:
    if isinstance(values, h5py.Empty):  # HDF5's list of nothing
        return []
    return [_text(value) for value in np.atleast_1d(values)]


class ResultFile:
    """A result file as it was when it was opened: a run that goes on replaces the file, and never writes into it.

    With `live`, results that are in the journal alone are there as well.
    """

    def __init__(self, path: str | os.PathLike[str], *, live: bool = False) -> None:
        self.path = Path(path).absolute()
        self._late: dict[int, memoryview] = {}  # by row: records of the journal
        self._attempts: dict[int, journal.Attempt] = {}  # those of them that were looked at
        # The journal first: what leaves it for the file meanwhile is then seen twice, never missed. A run that adds
        # rows replaces both, one after the other.
        for _ in range(_ATTEMPTS_AT_A_PAIR):
            records = self._read_journal() if live else b""
            self._open()
            rows = journal.rows_digest(records)
            if rows is None or rows == self.attributes["rows_digest"]:
                break
            self.close()
        else:
            raise WindrowError(f"{self.path}.journal: is of other rows than the file: one of the two was replaced")
        self._take_late(records if rows else b"")

    def _read_journal(self) -> bytes:
        try:
            return Path(f"{self.path}.journal").read_bytes()
        except FileNotFoundError:
            return b""

    def _open(self) -> None:
        if not self.path.exists():
            raise WindrowError(f"{self.path}: there is no such file")
        try:
            self._file = h5py.File(self.path, "r")
        except OSError:
            try:  # some file systems cannot lock; nobody writes into a result file, so there is nothing to lock
                self._file = h5py.File(self.path, "r", locking=False)
            except OSError as error:
                raise WindrowError(f"{self.path}: is no HDF5 file, or a damaged one ({error})") from None
        self.attributes: dict[str, Any] = {
            name: value if isinstance(value, np.ndarray) else _text(value) for name, value in self._file.attrs.items()
        }
        if "windrow" not in self.attributes or "points" not in self._file:
            raise WindrowError(f"{self.path}: is an HDF5 file, but no result file of Windrow")
        if int(self.attributes["schema_version"]) > SCHEMA_VERSION:
            raise WindrowError(
                f"{self.path}: has schema version {self.attributes['schema_version']}; this package knows "
                f"{SCHEMA_VERSION}: a newer one is needed"
            )
        self._points = self._file["points"]
        self.metrics = _texts(self._points.attrs["metrics"])
        self.tables = self._schemas("tables")
        self.series = self._schemas("series")
        names = _texts(self._points.attrs["axes"])
        self.axes = [name if f"config.{name}" not in self._points else f"config.{name}" for name in names]
        self.rows: int = len(self._points["point"])

    def _schemas(self, kind: str) -> dict[str, journal.TableSchema]:
        names = _texts(self._file.attrs[kind])
        tables = _texts(self._file.attrs["tables"]) if kind == "series" else []
        return {
            name: journal.TableSchema(
                f"{name}_series" if name in tables else name,
                _texts(group.attrs["columns"]),
                _texts(group.attrs["types"]),
            )
            for name, group in ((name, self._file[kind][name]) for name in names)
        }

    def _take_late(self, records: bytes) -> None:
        status = self._points["status"][:] if records else np.empty(0)
        for row, payload in journal.records(records):
            held = journal.status_of(self._late[row]) if row in self._late else status[row]
            if held not in _DONE:  # the first complete result stays
                self._late[row] = payload

    def _attempt(self, row: int) -> journal.Attempt:
        if row not in self._attempts:
            schemas = [*self.tables.values(), *self.series.values()]
            self._attempts[row] = journal.decode(self._late[row], schemas, len(self.metrics))
        return self._attempts[row]

    def close(self) -> None:
        """Gives the file back. Nothing can be read from it any more."""
        self._file.close()

    def __enter__(self) -> ResultFile:
        """Closes at the end of `with`."""
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        """Closes."""
        self.close()

    def describe(self, column: str) -> dict[str, Any]:
        """Units, long name, description and `better` of a column of `/points`."""
        return self._attributes_of(self._points[column])

    @staticmethod
    def _attributes_of(dataset: Any) -> dict[str, Any]:
        wanted = ("units", "long_name", "description", "better")
        return {name: _text(dataset.attrs[name]) for name in wanted if name in dataset.attrs}

    def column(self, name: str) -> npt.NDArray[Any]:
        """A column of `/points`, whole. Texts are of dtype object."""
        dataset = self._points[name]
        if h5py.check_string_dtype(dataset.dtype) is not None:
            values = dataset.asstr()[:]
        elif _text(dataset.attrs.get("dtype", "")) == "bool":
            values = dataset[:].astype(bool)
        else:
            values = dataset[:]
        if name == "status":
            for row, payload in self._late.items():
                values[row] = journal.status_of(payload)
        elif name in ("message", *PROVENANCE):
            for row in self._late:
                values[row] = getattr(self._attempt(row), name)
        elif name in self.metrics:
            which = self.metrics.index(name)
            for row in self._late:
                metrics = self._attempt(row).metrics
                values[row] = metrics[which] if len(metrics) else np.nan
        return np.asarray(values)

    def table(
        self, name: str, rows: Iterable[int], *, series_first: bool = False
    ) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
        """The rows that a table or series has of these points, in their order, and how many each has.

        Where both have that name it is the table, unless `series_first`.

        `attrs` of the frame has units and descriptions by column, under `units` and `description`.
        """
        one_of("table or series", name, [*self.tables, *self.series])
        kinds = (
            {"series": self.series, "tables": self.tables}
            if series_first
            else {"tables": self.tables, "series": self.series}
        )
        kind, schema = next((kind, schemas[name]) for kind, schemas in kinds.items() if name in schemas)
        wanted = np.fromiter(rows, np.int64)
        first, counts = (self._points[f"{schema.span}_{what}"][:][wanted] for what in ("first", "count"))
        late = [i for i, row in enumerate(wanted.tolist()) if row in self._late] if self._late else []
        group, frame = self._file[kind][name], {}
        for column, how in zip(schema.columns, schema.types, strict=True):
            values = _gather(group[column], first, counts)
            if late:
                parts = np.split(values, np.cumsum(counts)[:-1])
                for i in late:
                    parts[i] = self._attempt(int(wanted[i])).tables.get(schema.span, {}).get(column, parts[i][:0])
                values, lengths = np.concatenate(parts), np.array([len(part) for part in parts], np.int64)
            if how == "text":
                codes, words = pd.factorize(values)
                values = np.array([_text(word) for word in words], object)[codes]
            frame[column] = values
        lengths = lengths if late else counts
        result = pd.DataFrame(frame)
        about = {column: self._attributes_of(group[column]) for column in schema.columns}
        for key in ("units", "description"):
            result.attrs[key] = {column: words.get(key, "") for column, words in about.items()}
        return result, lengths

    def config(self, row: int) -> str:
        """Canonical configuration of a point, a line `key: value` for each key: what its id is the hash of."""
        return merge_config(self.attributes["base_config"], self.config_differences([row])[0])

    def config_differences(self, rows: Iterable[int]) -> list[str]:
        """How the configuration of each of these points differs from `base_config`, as `merge_config` takes it."""
        wanted = np.fromiter(rows, np.int64)
        first, counts = (self._points[f"config_{what}"][:][wanted] for what in ("first", "count"))
        if not len(wanted):
            return []
        start = int(first.min())
        text = bytes(self._file["configs/text"][start : int((first + counts).max())])
        return [text[at - start : at - start + count].decode() for at, count in zip(first, counts, strict=True)]


def _gather(dataset: Any, first: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The slices of a column that begin at `first`, one after the other; those that adjoin are read at once."""
    order = np.argsort(first, kind="stable")
    order = order[counts[order] > 0]
    begins, ends = first[order], (first + counts)[order]
    new = np.flatnonzero(np.append(True, begins[1:] != ends[:-1])) if len(order) else order
    last = np.append(new[1:], len(order)) - 1 if len(order) else new
    read = [dataset[begins[i] : ends[j]] for i, j in zip(new, last, strict=True)]
    values = np.concatenate(read) if read else np.asarray(dataset[:0])
    held = np.zeros(len(first), np.int64)  # where each slice begins in `values`
    held[order] = np.cumsum(counts[order]) - counts[order]
    starts = np.cumsum(counts) - counts
    return np.asarray(values[np.repeat(held - starts, counts) + np.arange(counts.sum())])


def merge_config(base: str, difference: str) -> str:
    """The configuration that differs so from `base`: a line stands for its key, `-key` takes it away, `=` is all."""
    if difference.startswith("="):
        return difference.split("\n", 1)[1]
    lines = {line.split(": ", 1)[0]: line for line in base.splitlines()}
    for line in difference.splitlines():
        if line.startswith("-"):
            lines.pop(line[1:], None)
        else:
            lines[line.split(": ", 1)[0]] = line
    return "".join(f"{lines[key]}\n" for key in sorted(lines))
