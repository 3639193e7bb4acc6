"""The journal beside a result file: results that the file does not have yet (docs/result-file.md)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

HEADER_BYTES = 128
_VERSION = 1
_HEADER = struct.Struct("<8sIIQQQ64s")  # magic, version, pid, rows digest (2), generation, host
_RECORD = struct.Struct("<4sIQ")  # magic, length of the payload, row
_SUM = struct.Struct("<Q")
_FNV_BASIS, _FNV_PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1
_FEW = 64  # records; below it a loop over bytes is quicker than one over columns of bytes


@dataclass
class TableSchema:
    """Columns of a table or series, as the simulator declares them: names and `real`, `integer` or `text`.

    `span` is its name, or NAME_series of a series whose name a table has, too.
    """

    span: str
    columns: list[str]
    types: list[str]


@dataclass
class Attempt:
    """One attempt at a point, as a worker reported it."""

    status: int
    message: str
    wall_s: float
    cpu_s: float
    completed: float
    rank: int
    attempt: int
    host: str
    metrics: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    tables: dict[str, dict[str, npt.NDArray[np.generic]]] = field(default_factory=dict)


class _Reader:
    """Takes little-endian values off the front of a byte string."""

    def __init__(self, data: memoryview) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> memoryview:
        if self.at + count > len(self.data):
            raise ValueError("the byte string ends too early")
        part = self.data[self.at : self.at + count]
        self.at += count
        return part

    def number(self, form: str) -> int | float:
        (value,) = struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))
        return value  # type: ignore[no-any-return]

    def text(self) -> str:
        return bytes(self.take(int(self.number("I")))).decode("utf-8", "replace")

    def array(self, dtype: str) -> npt.NDArray[np.generic]:
        return np.frombuffer(self.take(8 * int(self.number("I"))), dtype)


def fnv1a(data: bytes | memoryview, state: int = _FNV_BASIS) -> int:
    """FNV-1a, 64 bits."""
    for byte in data:
        state = ((state ^ byte) * _FNV_PRIME) & _MASK
    return state


def _fnv1a_of(
    data: memoryview, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint64]:
    """FNV-1a of many parts of `data`, which advance together, the longest in front, so that the others can fall out."""
    order = np.argsort(-lengths, kind="stable")
    first, length = starts[order], lengths[order]
    state = np.full(len(order), _FNV_BASIS, np.uint64)
    octets, prime = np.frombuffer(data, np.uint8), np.uint64(_FNV_PRIME)
    at = 0
    while (active := int(np.searchsorted(-length, -at))) > _FEW:
        state[:active] = (state[:active] ^ octets[first[:active] + at]) * prime
        at += 1
    for i in range(active):
        state[i] = fnv1a(data[first[i] + at : first[i] + length[i]], int(state[i]))
    sums = np.empty_like(state)
    sums[order] = state
    return sums


def rows_digest(data: bytes) -> str | None:
    """Which rows a journal speaks of, as 32 digits; None for bytes that are not a journal of this version."""
    if len(data) < HEADER_BYTES:
        return None
    magic, version, _, high, low, _, _ = _HEADER.unpack_from(data)
    (checksum,) = _SUM.unpack_from(data, HEADER_BYTES - 8)
    if magic != b"WINDROWJ" or version != _VERSION or checksum != fnv1a(data[: HEADER_BYTES - 8]):
        return None
    return f"{high:016x}{low:016x}"


def records(data: bytes) -> Iterator[tuple[int, memoryview]]:
    """Row and payload of each record, up to the first that is torn or damaged."""
    view, at, found = memoryview(data), HEADER_BYTES, []
    while at + _RECORD.size + _SUM.size <= len(data):
        magic, length, row = _RECORD.unpack_from(data, at)
        total = _RECORD.size + length + _SUM.size
        if magic != b"WREC" or at + total > len(data):
            break
        found.append((at, _RECORD.size + length, row))
        at += total
    if not found:
        return
    starts, lengths, _ = np.array(found, np.uint64).astype(np.int64).T
    sums = _fnv1a_of(view, starts, lengths)
    for (start, length, row), computed in zip(found, sums, strict=True):
        if _SUM.unpack_from(data, start + length)[0] != int(computed):
            return
        yield row, view[start + _RECORD.size : start + length]


def status_of(payload: memoryview) -> int:
    """The status alone, which comes after the index: what there is to know of most records."""
    return int(payload[8])


def decode(payload: memoryview, tables: Sequence[TableSchema], metrics: int) -> Attempt:
    """What `payload` says. `tables`: all tables, then all series, in the order in which the simulator declares them."""
    reader = _Reader(payload)
    reader.number("Q")  # index of the point in its sweep: the row is what counts here
    status, message = int(reader.number("B")), reader.text()
    output = _Reader(reader.take(int(reader.number("I"))))
    wall_s, cpu_s, completed = (float(reader.number("d")) for _ in range(3))
    rank, number = int(reader.number("I")), int(reader.number("I"))
    attempt = Attempt(status, message, wall_s, cpu_s, completed, rank, number, reader.text())
    if not output.data:
        return attempt
    output.number("B")
    output.text()
    attempt.metrics = output.array("<f8").astype(np.float64)
    if len(attempt.metrics) != metrics:
        raise ValueError(f"a result of {len(attempt.metrics)} metrics, where {metrics} are declared")
    for table in tables:
        if output.number("B") == 0:
            continue
        attempt.tables[table.span] = {
            column: _column(output, kind) for column, kind in zip(table.columns, table.types, strict=True)
        }
    return attempt


def _column(reader: _Reader, kind: str) -> npt.NDArray[np.generic]:
    if kind == "text":
        return np.array([reader.text() for _ in range(int(reader.number("I")))], dtype=object)
    return reader.array("<f8" if kind == "real" else "<i8")
