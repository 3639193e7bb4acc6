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
    """What became of a point. `ABSENT`: the sweep has no point there (`skip`, or other replicates elsewhere)."""

    PENDING = 0
    RUNNING = 1
    OK = 2
    SATURATED = 3
    FAILED = 4
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
        self.late: dict[int, journal.Attempt] = {}
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
        attributes = {name: self._file[kind][name].attrs for name in names}
        return {
            name: journal.TableSchema(name, _texts(a["columns"]), _texts(a["types"])) for name, a in attributes.items()
        }

    def _take_late(self, records: bytes) -> None:
        status = self._points["status"][:] if records else np.empty(0)
        schemas = [*self.tables.values(), *self.series.values()]
        for row, payload in journal.records(records):
            held = self.late[row].status if row in self.late else status[row]
            if held not in _DONE:  # the first complete result stays
                self.late[row] = journal.decode(payload, schemas, len(self.metrics))

    def close(self) -> None:
        """Gives the file back. Nothing can be read from it any more."""
        self._file.close()

    def __enter__(self) -> ResultFile:
        """Closes at the end of `with`."""
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        """Closes."""
        self.close()

    @property
    def complete(self) -> bool:
        """Whether every point has a result."""
        return bool(np.isin(self.column("status"), _DONE).all())

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
        if self.late and name in ("status", "message", *PROVENANCE):
            for row, attempt in self.late.items():
                values[row] = getattr(attempt, name)
        elif self.late and name in self.metrics:
            which = self.metrics.index(name)
            for row, attempt in self.late.items():
                values[row] = attempt.metrics[which] if len(attempt.metrics) else np.nan
        return np.asarray(values)

    def table(self, name: str, rows: Iterable[int]) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
        """The rows that a table or series has of these points, in their order, and how many each has.

        `attrs` of the frame has units and descriptions by column, under `units` and `description`.
        """
        kind = "series" if name in self.series else "tables"
        schema = (self.series | self.tables)[one_of("table or series", name, [*self.tables, *self.series])]
        wanted = np.fromiter(rows, np.int64)
        first, counts = (self._points[f"{name}_{what}"][:][wanted] for what in ("first", "count"))
        late = [self.late.get(int(row)) for row in wanted]
        group, frame = self._file[kind][name], {}
        for column, how in zip(schema.columns, schema.types, strict=True):
            parts = [
                attempt.tables[name][column]
                if attempt and name in attempt.tables
                else _slice(group[column], begin, count)
                for attempt, begin, count in zip(late, first, counts, strict=True)
            ]
            lengths = np.array([len(part) for part in parts], np.int64)
            values = np.concatenate(parts) if parts else np.empty(0)
            if how == "text":
                codes, words = pd.factorize(values)
                values = np.array([_text(word) for word in words], object)[codes]
            frame[column] = values
        result = pd.DataFrame(frame)
        about = {column: self._attributes_of(group[column]) for column in schema.columns}
        for key in ("units", "description"):
            result.attrs[key] = {column: words.get(key, "") for column, words in about.items()}
        return result, lengths

    def has_rows(self, name: str) -> bool:
        """Whether any point has rows in this table or series."""
        return bool(self._points[f"{name}_count"][:].any()) or any(
            len(next(iter(attempt.tables[name].values()), ())) > 0
            for attempt in self.late.values()
            if name in attempt.tables
        )

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


def _slice(dataset: Any, first: int, count: int) -> npt.NDArray[Any]:
    return np.asarray(dataset[first : first + count] if count > 0 else dataset[:0])


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
