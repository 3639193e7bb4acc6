"""Result files as other people's programs see them: h5py, and xarray by the README's recipe, which is read from the README."""

import json
import math
import re
import shutil

import h5py
import numpy as np
import pytest
import xarray as xr
from conftest import ROOT, SMALL, windrow

README = (ROOT / "README.md").read_text()
AXES = ["policy", "arrival_rate", "cluster", "seed"]


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="session")
def results(quickstart):
    """What the name `results` stands for once the README's Python has run, as it stands, beside the README's sweep."""
    code = blocks("python")[0]  # the other one is of the package in analysis/, whose tests have it
    names = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(quickstart)
        patch.setenv("MPLBACKEND", "Agg")
        exec(compile(code, "README.md", "exec"), names)  # pylint: disable=exec-used
    assert (quickstart / "quickstart.png").stat().st_size > 5000
    return names["results"]


def test_recipe_of_the_readme_gives_an_array_with_the_axes_as_dimensions(quickstart, results):
    with h5py.File(quickstart / "results/quickstart.h5") as file:
        points = file["points"]
        assert [*points.attrs["axes"]] == AXES
        columns = {axis: points[axis].asstr()[:] if axis in ("policy", "cluster") else points[axis][:] for axis in AXES}
    assert set(results.jct_mean.dims) == set(AXES)
    assert math.prod(results.sizes.values()) == len(columns["seed"]) >= 3 * 4 * 3
    for axis in AXES:
        assert list(results[axis].values) == sorted(set(columns[axis]))
    assert results.jct_mean.attrs["units"] == "s"
    assert "completion" in results.jct_mean.attrs["description"]


def test_a_label_finds_what_a_single_simulation_computes(results):
    where = {"policy": "allox", "arrival_rate": 0.4, "cluster": "36:36:36", "seed": 1}
    settings = [word for key, value in where.items() for word in ("--set", f"{key}={value}")]
    answer = json.loads(windrow("simulate", ROOT / "configs/training/osdi20.yaml", *settings, "--json", cwd=ROOT))
    point = results.sel(where)
    assert answer["status"] == "ok"
    for name in ["jct_mean", "jct_p99", "utilization", "makespan"]:
        assert float(point[name]) == answer["metrics"][name], name


def test_jobs_of_a_point_are_consecutive_rows_whose_mean_is_its_metric(quickstart):
    with h5py.File(quickstart / "results/quickstart.h5") as file:
        points, jobs = file["points"], file["tables/jobs"]
        for row in range(len(points["point"])):
            first, count = points["jobs_first"][row], points["jobs_count"][row]
            assert count > 0
            measured = jobs["in_window"][first : first + count] == 1
            assert measured.sum() == 1000
            assert count == points["jobs_completed"][row] + points["jobs_dropped"][row]
            assert jobs["jct"][first : first + count][measured].mean() == pytest.approx(points["jct_mean"][row], rel=1e-12)


def test_sweep_file_of_the_readme_is_valid(tmp_path):
    (text,) = blocks("yaml")
    (tmp_path / "my.yaml").write_text(text.replace("../configs", str(ROOT / "configs")))
    assert "points" in windrow("plan", "my.yaml", cwd=tmp_path)


def test_h5py_reads_columns_of_equal_length_with_units_and_descriptions(small):
    with h5py.File(small) as file:
        assert file.attrs["simulator"] == "empty"
        assert file.attrs["sweep_file"] == SMALL
        assert {"schema_version", "program_version", "git_commit", "base_config"} <= set(file.attrs)
        points = file["points"]
        assert {column.shape for column in points.values()} == {(9,)}
        assert list(points["table_rows"][:]) == [2, 2, 2, 0, 0, 0, 3, 3, 3]
        assert list(points["seed"][:]) == [3, 5, 4] * 3
        assert len(set(points["point_id"][:])) == 9
        for metric in points.attrs["metrics"]:
            attributes = points[metric].attrs
            assert attributes["description"] and attributes["better"] in ("lower", "higher", "neither")
            assert "units" in attributes and "long_name" in attributes


def test_a_failed_point_has_a_reason_and_no_numbers(small):
    with h5py.File(small) as file:
        points = file["points"]
        words = points["status"].attrs["flag_meanings"].split()
        statuses = [words[status] for status in points["status"][:]]
        assert statuses == ["ok", "failed", "ok"] * 3
        messages = points["message"].asstr()[:]
        assert all(bool(message) == (status == "failed") for message, status in zip(messages, statuses))
        assert list(np.isnan(points["value"][:])) == [status == "failed" for status in statuses]


def test_table_rows_are_found_by_the_offsets_of_their_point(small):
    with h5py.File(small) as file:
        points, rows = file["points"], file["tables/rows"]
        ok = points["status"][:] == 2
        counts = points["rows_count"][:]
        assert list(counts[ok]) == [2, 2, 0, 0, 3, 3]
        columns = [rows[name] for name in rows.attrs["columns"]]
        assert {len(column) for column in columns} == {counts.sum()}
        taken = [(first, first + count) for first, count in zip(points["rows_first"][ok], counts[ok]) if count]
        assert sorted(i for first, last in taken for i in range(first, last)) == list(range(counts.sum()))


def test_xarray_marks_what_is_missing(small):
    with xr.open_dataset(small, group="points") as points:
        grid = points.set_index(point=["table_rows", "seed"]).unstack("point")
        assert bool(grid.value.sel(seed=5).isnull().all())
        assert bool(grid.value.sel(seed=[3, 4]).notnull().all())


@pytest.mark.parametrize("place", ["points/value", "tables/rows/value"])
def test_a_number_that_a_point_does_not_compute_is_found_by_running_it_again(small, tmp_path, place):
    shutil.copy(small, tmp_path / "changed.h5")
    with h5py.File(tmp_path / "changed.h5", "r+") as file:
        file[place][0] = np.nextafter(file[place][0], 2)  # by a program that keeps the checksums right
    windrow("verify", "changed.h5", cwd=tmp_path, expected=3)  # sound, and incomplete as it was made
    printed = windrow("verify", "changed.h5", "--rerun", 6, cwd=tmp_path, expected=1)
    assert "point 0 " in printed
    assert ("value: stored" if place.startswith("points") else "table rows differs") in printed
    assert "point 2 " not in printed


def test_a_sweep_that_was_stopped_early_opens_and_has_all_its_rows(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL.replace("fail: throw", "fail: never"))
    windrow("run", "small.yaml", "--limit", 4, "--quiet", cwd=tmp_path, expected=3)
    with h5py.File(tmp_path / "results/small.h5") as file:
        assert list(file["points/status"][:]).count(2) == 4
        assert len(file["points/status"]) == 9
    windrow("run", "small.yaml", "--quiet", cwd=tmp_path)
    with h5py.File(tmp_path / "results/small.h5") as file:
        assert set(file["points/status"][:]) == {2}
        assert max(file["points/attempt"][:]) == 1


def test_extending_a_sweep_appends_rows_and_leaves_the_old_ones(tmp_path):
    sweep = tmp_path / "small.yaml"
    sweep.write_text(SMALL.replace("fail: throw", "fail: never"))
    windrow("run", "small.yaml", "--quiet", cwd=tmp_path)
    with h5py.File(tmp_path / "results/small.h5") as file:
        before = {name: file["points"][name][:] for name in ("point_id", "value", "completed")}
    sweep.write_text(sweep.read_text().replace("[3, 5, 4]", "[3, 5, 4, 9]"))
    windrow("run", "small.yaml", "--quiet", cwd=tmp_path)
    with xr.open_dataset(tmp_path / "results/small.h5", group="points") as points:
        assert points.sizes["point"] == 12
        assert sorted(points.seed.values[9:]) == [9, 9, 9]
        assert bool(points.value.notnull().all())
    with h5py.File(tmp_path / "results/small.h5") as file:
        for name, values in before.items():
            assert list(file["points"][name][:9]) == list(values)
