"""windrow.open() and what finds tables, series and configurations of its points."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import windrow
from windrow import Status, stats
from windrow.dataset import status_counts
from windrow.file import ResultFile, merge_config

from .conftest import CLUSTER, PROGRAM, ROOT, run_sweep
from .conftest import windrow as program

AXES = ["policy", "arrival_rate", "cluster", "seed"]


def test_axes_are_dimensions_numbers_ascend_and_names_keep_their_order(cluster: Path) -> None:
    results = windrow.open(cluster)
    assert dict(results.sizes) == {"policy": 3, "arrival_rate": 3, "cluster": 2, "seed": 3}
    assert results.jct_mean.dims == (*AXES,)
    assert results.policy.values.tolist() == ["fifo", "gandiva", "allox"]
    assert results.cluster.values.tolist() == ["12:12:12", "6:6:6"]
    assert results.arrival_rate.values.tolist() == [0.5, 2.0, 9.0]


def test_every_value_lies_where_its_labels_say(cluster: Path) -> None:
    results = windrow.open(cluster)
    with h5py.File(cluster) as file:
        points = file["points"]
        columns = {axis: [v.decode() if isinstance(v, bytes) else v for v in points[axis][:]] for axis in AXES}
        for row in range(len(points["point"])):
            cell = results.sel({axis: columns[axis][row] for axis in AXES})
            assert int(cell.point) == row
            assert int(cell.status) == points["status"][row]
            for metric in ("jct_mean", "utilization", "cost"):
                assert np.array_equal(cell[metric].values, points[metric][row], equal_nan=True)
            assert str(cell.point_id.values) == points["point_id"][row].decode()
            assert str(cell.message.values) == points["message"][row].decode()
            assert float(cell.wall_s) == points["wall_s"][row]


def test_metrics_carry_what_the_simulator_declares(cluster: Path) -> None:
    results = windrow.open(cluster)
    with h5py.File(cluster) as file:
        assert results.attrs["metrics"] == list(file["points"].attrs["metrics"])
        for metric in results.attrs["metrics"]:
            for name in ("units", "long_name", "description", "better"):
                assert results[metric].attrs[name] == file["points"][metric].attrs[name]
    assert results.jct_mean.attrs["units"] == "s"
    assert results.attrs["sweep_file"] == CLUSTER
    assert results.attrs["simulator"] == "training"


def test_nothing_is_read_before_it_is_looked_at(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    column = ResultFile.column

    def noted(self: ResultFile, name: str) -> Any:
        read.append(name)
        return column(self, name)

    monkeypatch.setattr(ResultFile, "column", noted)
    results = windrow.open(cluster)
    part = results.sel(policy="fifo", arrival_rate=slice(0, 3)).transpose("seed", ...).isel(cluster=[1, 0])
    assert set(read) == {*AXES, "status"}
    values = part.jct_mean.values
    assert set(read) == {*AXES, "status", "jct_mean"}
    whole = windrow.open(cluster).load().jct_mean
    expected = whole.sel(policy="fifo", arrival_rate=[0.5, 2.0]).transpose("seed", ...).isel(cluster=[1, 0])
    assert np.array_equal(values, expected.values, equal_nan=True)


def test_points_that_are_left_out_are_absent_and_failed_ones_have_no_numbers(grid: Path) -> None:
    results = windrow.open(grid)
    assert results.sizes == {"work_s": 3, "seed": 3}
    statuses = results.status.to_series()
    assert statuses.pop((0.001, 3)) == Status.ABSENT
    assert statuses.pop((0, 2)) == Status.FAILED
    assert set(statuses) == {Status.OK}
    assert int(results.point.sel(work_s=0.001, seed=3)) == -1
    assert results.message.sel(work_s=0.001, seed=3) == ""
    assert "failed as asked" in str(results.message.sel(work_s=0, seed=2).values)
    assert results.value.isnull().sum() == 2
    assert "absent" in results.status.attrs["flag_meanings"].split()
    assert results.value.where(results.status == Status.OK).count() == 7


def test_axes_that_move_together_share_a_dimension(grid: Path) -> None:
    results = windrow.open(grid)
    assert results.fail_seed.dims == ("work_s",)
    assert {float(cell.work_s): int(cell.fail_seed) for cell in (results.isel(work_s=i) for i in range(3))} == {
        0.002: 30,
        0.0: 2,
        0.001: 20,
    }


def test_points_that_are_not_done_are_pending(tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(CLUSTER)
    program("run", "grid.yaml", "--quiet", "--limit", 5, "-o", "part.h5", cwd=tmp_path, expected=3)
    results = windrow.open(tmp_path / "part.h5")
    pending = results.status == Status.PENDING
    assert int(pending.sum()) == 49
    assert bool(results.utilization.where(pending).isnull().all())
    assert bool(results.utilization.where(~pending).isnull().sum() == 49)


def test_without_grid_rows_are_as_in_the_file(grid: Path) -> None:
    results = windrow.open(grid, grid=False)
    assert results.sizes == {"point": 8}
    with h5py.File(grid) as file:
        assert results.seed.values.tolist() == file["points/seed"][:].tolist()
        assert np.array_equal(results.value.values, file["points/value"][:], equal_nan=True)
    assert windrow.table(results.isel(point=[4, 1]), "rows").point.tolist() == [4, 4, 1, 1]


def test_a_file_without_axes_is_one_point(tmp_path: Path) -> None:
    config = ROOT / "configs/training/osdi20.yaml"
    program("simulate", config, "--set", "window=[5,20]", "-o", "one.h5", cwd=tmp_path)
    results = windrow.open(tmp_path / "one.h5")
    assert results.sizes == {}
    assert float(results.jct_mean) > 0
    assert len(windrow.table(results, "jobs")) > 20


def test_opens_by_name_in_xarray_and_goes_into_other_files(cluster: Path, tmp_path: Path) -> None:
    results = xr.open_dataset(cluster, engine=windrow.dataset.WindrowBackend, drop_variables=["jct_mean"])
    assert "jct_mean" not in results
    results.to_netcdf(tmp_path / "copy.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "copy.nc", engine="h5netcdf") as copy:
        assert np.array_equal(copy.jct_p90.values, results.jct_p90.values, equal_nan=True)


def test_table_of_one_point_has_the_columns_of_the_simulator(cluster: Path) -> None:
    results = windrow.open(cluster)
    point = results.sel(policy="gandiva", arrival_rate=2.0, cluster="12:12:12", seed=1)
    jobs = windrow.table(point, "jobs")
    assert list(jobs.columns) == list(h5py.File(cluster)["tables/jobs"].attrs["columns"])
    assert jobs[jobs.in_window == 1].jct.mean() == pytest.approx(float(point.jct_mean), rel=1e-12)
    assert all(isinstance(name, str) for name in jobs.job_type)
    assert jobs.attrs["units"]["arrival"] == "s"
    assert "completion minus arrival" in jobs.attrs["description"]["jct"]


def test_table_of_several_points_tells_whose_rows_they_are(cluster: Path) -> None:
    results = windrow.open(cluster)
    part = results.sel(arrival_rate=0.5, cluster="6:6:6").transpose("seed", "policy")
    jobs = windrow.table(part, "jobs")
    assert list(jobs.columns[:3]) == ["point", "policy", "seed"]
    means = jobs[jobs.in_window == 1].groupby(["policy", "seed"]).jct.mean()
    for (policy, seed), mean in zip(means.index.tolist(), means.tolist(), strict=True):
        cell = part.sel(policy=policy, seed=seed)
        assert mean == pytest.approx(float(cell.jct_mean), rel=1e-12)
        assert set(jobs[(jobs.policy == policy) & (jobs.seed == seed)].point) == {int(cell.point)}
    assert len(means) == 9


def test_series_of_one_point_is_over_time(cluster: Path) -> None:
    point = windrow.open(cluster).sel(policy="fifo", arrival_rate=0.5, cluster="6:6:6", seed=0)
    state = windrow.series(point, "cluster")
    assert state.utilization.dims == ("time",)
    assert state.time.attrs["units"] == "s"
    assert bool((np.diff(state.time) > 0).all())
    busy = 1 - (state.idle_k80 + state.idle_p100 + state.idle_v100) / 18
    assert np.allclose(state.utilization, busy)


def test_a_series_is_of_one_point_and_the_error_tells_how_to_select_it(cluster: Path) -> None:
    results = windrow.open(cluster)
    with pytest.raises(windrow.WindrowError, match=r"found 3; select one, as by .sel\(seed=0\)"):
        windrow.series(results.sel(policy="fifo", arrival_rate=0.5, cluster="6:6:6"), "cluster")


def test_points_is_a_frame_with_all_that_is_known(grid: Path) -> None:
    frame = windrow.points(windrow.open(grid))
    assert frame.index.tolist() == list(range(8))
    assert frame.status.value_counts().to_dict() == {"ok": 7, "failed": 1}
    assert {"work_s", "seed", "fail_seed", "value", "message", "wall_s", "host"} <= set(frame.columns)


def test_configuration_and_command_run_a_point_again(cluster: Path) -> None:
    point = windrow.open(cluster).sel(policy="allox", arrival_rate=2.0, cluster="12:12:12", seed=2)
    text = windrow.config(point)
    assert "seed: 2\n" in text
    assert 'policy: "allox"\n' in text
    command = windrow.rerun_command(point, str(PROGRAM)).replace("<<", "--json <<", 1)
    answer = json.loads(subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True).stdout)
    assert answer["status"] == "ok"
    for metric, value in answer["metrics"].items():
        assert value is None or value == float(point[metric]), metric


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        ("", "a: 1\nb: 2\nc: 3\n"),
        ("b: 5\n", "a: 1\nb: 5\nc: 3\n"),
        ("-a\nbb: 7\n", "b: 2\nbb: 7\nc: 3\n"),
        ("=\nz: 1\na: 2\n", "z: 1\na: 2\n"),
    ],
)
def test_configurations_are_stored_as_differences(difference: str, expected: str) -> None:
    assert merge_config("a: 1\nb: 2\nc: 3\n", difference) == expected


def test_unknown_names_are_answered_with_the_nearest(cluster: Path) -> None:
    with pytest.raises(windrow.WindrowError, match="no table or series 'job'; did you mean 'jobs'"):
        windrow.table(windrow.open(cluster), "job")


def test_what_is_no_result_file_is_refused(tmp_path: Path, cluster: Path) -> None:
    with pytest.raises(windrow.WindrowError, match="there is no such file"):
        windrow.open(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(windrow.WindrowError, match="is no HDF5 file"):
        windrow.open(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1]
    with pytest.raises(windrow.WindrowError, match="no result file of Windrow"):
        windrow.open(tmp_path / "other.h5")
    shutil.copy(cluster, tmp_path / "newer.h5")
    with h5py.File(tmp_path / "newer.h5", "r+") as file:
        file.attrs["schema_version"] = 2
    with pytest.raises(windrow.WindrowError, match="schema version 2"):
        windrow.open(tmp_path / "newer.h5")
    with pytest.raises(windrow.WindrowError, match=r"expected results of windrow\.open"):
        windrow.table(xr.Dataset(), "jobs")


def test_a_file_that_another_sweep_has_replaced_is_not_mistaken(tmp_path: Path, cluster: Path, grid: Path) -> None:
    path = tmp_path / "results.h5"
    shutil.copy(cluster, path)
    results = windrow.open(path)
    windrow.table(results, "jobs")
    shutil.copy(grid, tmp_path / "new.h5")
    with h5py.File(tmp_path / "new.h5", "r+") as file:
        file.attrs["created"] = "2001-01-01T00:00:00Z"
    os.replace(tmp_path / "new.h5", path)
    with pytest.raises(windrow.WindrowError, match="replaced by another sweep's"):
        windrow.table(results, "jobs")
    assert float(results.jct_mean.count()) > 0, "what was opened stays what it was"


def test_an_axis_of_a_taken_name_and_one_of_truth_values(tmp_path: Path) -> None:
    text = "name: bools\nsimulator: training\nset: {window: [5, 20]}\nconfig: configs/training/osdi20.yaml\naxes:\n"
    results = windrow.open(run_sweep(tmp_path, text + "  jobs.multi_gpu: [true, false]\n"))
    assert results["jobs.multi_gpu"].dtype == bool
    assert results.sel({"jobs.multi_gpu": True}).jct_mean.ndim == 0


def test_a_product_far_larger_than_the_sweep_is_refused(monkeypatch: pytest.MonkeyPatch, grid: Path) -> None:
    monkeypatch.setattr(windrow.dataset, "_LARGEST_GRID", 5)
    monkeypatch.setattr(windrow.dataset, "_SPARSEST_GRID", 1)
    with pytest.raises(windrow.WindrowError, match="open it with grid=False"):
        windrow.open(grid)


def test_a_series_may_have_the_name_of_a_table(tmp_path: Path) -> None:
    text = """\
name: same
simulator: spot
set: {strategy: redundant, duration_s: 7200, availability.addition: 0.8}
axes: {seed: [1, 2]}
output: {tables: [instances], series: [instances]}
"""
    results = windrow.open(run_sweep(tmp_path, text))
    for seed in (1, 2):
        point = results.sel(seed=seed)
        instances = windrow.table(point, "instances")
        assert "lifetime" not in windrow.series(point, "instances")
        assert instances["name"].is_unique
        curve = windrow.series(point, "instances")
        assert curve.time.values[-1] <= 7200
        assert list(curve.data_vars) == ["hour", "instances"]
        assert float(curve.instances.max()) == float(point.instances_max)


def test_an_adaptive_sweep_opens_with_cells_of_different_numbers_of_seeds(tmp_path: Path) -> None:
    """The empty simulator's value is uniform: half the cells of a loose rule end early."""
    path = run_sweep(
        tmp_path,
        "name: adaptive\nsimulator: empty\nset: {table_rows: 2}\n"
        "axes:\n  work_s: [0, 0.0001, 0.0002, 0.0003]\n  seed: {from: 0, count: 3}\n"
        "replicate: {metric: value, relative_ci: 0.3, max: 40}\noutput: {tables: [rows]}\n",
    )
    with windrow.open(path) as results:
        status = results["status"]
        assert status.sizes == {"work_s": 4, "seed": 40}
        asked = status == Status.OK
        assert bool((asked | (status == Status.SKIPPED)).all())
        assert bool(results["value"].isnull().where(~asked, other=False).sum() == (~asked).sum())
        replicates = asked.sum("seed").values
        assert 3 <= replicates.min() < replicates.max() <= 40
        assert stats.interval(results["value"])["count"].values.tolist() == replicates.tolist()
        assert status_counts(results)["ok"] == replicates.sum()
        assert "skipped" not in status_counts(results), "what no rule asks for is no point of the sweep"
        assert len(windrow.table(results, "rows")) == 2 * int(replicates.sum())
