"""Running sweeps: the journal, and files that are replaced at any moment."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import windrow
from windrow import Status, journal

from .conftest import PROGRAM
from .conftest import windrow as program

SLOW = """\
name: slow
simulator: empty
set: {work_s: 0.02, fail: throw, fail_seed: 7, table_rows: 3}
axes:
  seed: {from: 0, count: 300}
output: {tables: [rows]}
"""


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run of `SLOW` that has results in its journal. Whatever is left of it ends with the block."""
    (folder / "slow.yaml").write_text(SLOW)
    command = [str(PROGRAM), "run", "slow.yaml", "--quiet", "-j", "2"]
    process = subprocess.Popen(command, cwd=folder, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        beside = folder / "results/slow.h5.journal"
        while not (beside.exists() and beside.stat().st_size > 5000):
            assert process.poll() is None, "the run has ended before it was looked at"
            time.sleep(0.005)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def broken_off(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file beside which a killed run has left its journal."""
    folder = tmp_path_factory.mktemp("broken_off")
    with running(folder) as process:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return folder / "results/slow.h5"


def copied(path: Path, folder: Path) -> Path:
    for name in (path, Path(f"{path}.journal")):
        shutil.copy(name, folder / name.name)
    return folder / path.name


def done(path: Path, *, live: bool = True) -> int:
    return int((windrow.open(path, live=live).status == Status.OK).sum())


def test_live_sees_what_status_sees(tmp_path: Path) -> None:
    path = tmp_path / "results/slow.h5"
    with running(tmp_path) as process:
        os.kill(process.pid, signal.SIGSTOP)  # the one that writes: file and journal stay as they are
        counted = re.search(r"(\d+) ok, \d+ saturated, (\d+) failed", program("status", path, cwd=tmp_path))
        results = windrow.open(path, live=True)
        assert counted is not None
        assert int((results.status == Status.OK).sum()) == int(counted[1]) >= 10
        assert int((results.status == Status.FAILED).sum()) == int(counted[2])
        assert done(path, live=False) <= int(counted[1])
        assert bool((results.value.notnull() == (results.status == Status.OK)).all())
        os.kill(process.pid, signal.SIGCONT)


def test_what_live_shows_is_what_the_file_has_in_the_end(broken_off: Path, tmp_path: Path) -> None:
    path = copied(broken_off, tmp_path)
    early = windrow.open(path, live=True).load()
    known = early.isel(seed=np.flatnonzero(early.status == Status.OK))
    assert known.sizes["seed"] > done(path, live=False), "there is something in the journal that the file does not have"
    rows = windrow.table(known, "rows")
    failed = early.isel(seed=np.flatnonzero(early.status == Status.FAILED))
    (tmp_path / "slow.yaml").write_text(SLOW)
    program("run", "slow.yaml", "--quiet", "-o", path, cwd=tmp_path, expected=1)
    late = windrow.open(path).load()
    assert not Path(f"{path}.journal").exists() or done(path) == 299
    same = late.sel(seed=known.seed)
    for name in ("value", "point_id", "wall_s", "cpu_s", "completed", "rank", "host", "attempt", "message"):
        assert same[name].values.tolist() == known[name].values.tolist(), name
    assert windrow.table(same, "rows").equals(rows)
    assert len(rows) == 3 * known.sizes["seed"]
    assert windrow.table(known, "rows").equals(rows), "in the file by now, in the journal when they were opened"
    assert all("failed as asked" in str(text) for text in failed.message.values)


def test_a_journal_torn_at_any_byte_gives_the_whole_records_before_it(broken_off: Path, tmp_path: Path) -> None:
    path = copied(broken_off, tmp_path)
    data = Path(f"{path}.journal").read_bytes()
    whole = [*journal.records(data)]
    first = whole[0][1].nbytes + 24
    end = journal.HEADER_BYTES + first
    counts = [len([*journal.records(data[:length])]) for length in range(end + first + 200)]
    assert counts[:end] == [0] * end
    assert counts[end] == 1
    assert counts == sorted(counts)
    for length in (0, 60, end - 1, end, len(data) - 1):
        Path(f"{path}.journal").write_bytes(data[:length])
        assert windrow.open(path, live=True).sizes == {"seed": 300}


@pytest.mark.parametrize("few", [0, 10, 10_000])
def test_a_damaged_record_ends_the_journal(broken_off: Path, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_FEW", few)  # checksums are computed in two ways
    data = bytearray(Path(f"{broken_off}.journal").read_bytes())
    records = [*journal.records(bytes(data))]
    assert len(records) >= 20
    at = journal.HEADER_BYTES + sum(payload.nbytes + 24 for _, payload in records[:15]) + 30
    data[at] ^= 1
    assert [row for row, _ in journal.records(bytes(data))] == [row for row, _ in records[:15]]
    assert journal.rows_digest(bytes(data)) is not None
    data[20] ^= 1
    assert journal.rows_digest(bytes(data)) is None


def test_a_journal_of_other_rows_is_refused(broken_off: Path, tmp_path: Path, grid: Path) -> None:
    path = copied(broken_off, tmp_path)
    shutil.copy(grid, path)
    assert windrow.open(path).sizes == {"work_s": 3, "seed": 3}
    with pytest.raises(windrow.WindrowError, match="one of the two was replaced"):
        windrow.open(path, live=True)


def test_a_file_may_be_replaced_at_any_moment(broken_off: Path, tmp_path: Path) -> None:
    path = copied(broken_off, tmp_path)
    expected = done(path)
    stop = threading.Event()

    def replace() -> None:
        for beside in itertools.cycle([path, Path(f"{path}.journal")]):
            shutil.copy(beside, f"{beside}.new")
            os.replace(f"{beside}.new", beside)
            if stop.is_set():
                return

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        for _ in range(60):
            results = windrow.open(path, live=True)
            assert int((results.status == Status.OK).sum()) == expected
            assert int(results.value.notnull().sum()) == expected
            assert len(windrow.table(results.isel(seed=slice(0, 10)), "rows")) > 0
    finally:
        stop.set()
        thread.join()


def test_watching_a_sweep_until_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "results/slow.h5"
    seen = [0]
    with running(tmp_path) as process:
        while process.poll() is None:
            seen.append(done(path))
    seen.append(done(path))
    assert seen == sorted(seen)
    assert seen[-1] == 299
