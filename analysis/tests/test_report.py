"""The page of a report, as text and in a headless Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import h5py
import pytest

import windrow
from windrow import report
from windrow.__main__ import main

from .browser import Browser, find
from .conftest import PROGRAM, ROOT
from .conftest import windrow as windrow_program

BROWSER = find()
needs_browser = pytest.mark.skipif(BROWSER is None and "CI" not in os.environ, reason="there is no Chromium")


@pytest.fixture(scope="module")
def page(cluster: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report.write(cluster, tmp_path_factory.mktemp("page") / "cluster.html")


@pytest.fixture(scope="module")
def shared_browser() -> Iterator[Browser]:
    assert BROWSER is not None, "CI has a Chromium"
    with Browser(BROWSER) as opened:
        yield opened


@pytest.fixture
def browser(shared_browser: Browser, page: Path) -> Browser:
    shared_browser.open(page)
    return shared_browser


class Elements(HTMLParser):
    """What a page is made of, and everything in it that could be fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href", "data", "srcset", "action"):
                self.addresses.append(value or "")


def test_the_page_needs_nothing_beside_it(page: Path) -> None:
    text = page.read_text()
    elements = Elements(text)
    assert elements.tags.count("figure") == elements.tags.count("svg") >= 18
    assert not {"link", "img", "iframe", "object"} & set(elements.tags)
    assert elements.addresses
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in elements.addresses)
    assert all(address[1:] in elements.ids for address in elements.addresses if address.startswith("#"))
    assert len(elements.ids) == len(set(elements.ids))
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert "{{" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def test_the_same_file_gives_the_same_page(cluster: Path, page: Path) -> None:
    assert report.page(cluster) == page.read_text()


def test_text_of_a_sweep_stays_text(tmp_path: Path, grid: Path) -> None:
    path = tmp_path / "grid.h5"
    shutil.copy(grid, path)
    with h5py.File(path, "r+") as file:
        file.attrs["sweep_name"] = "<b>&amp;"
        file.attrs["base_config"] = file.attrs["base_config"] + "# </script><script>alert(1)</script>\n"
    text = report.page(path)
    assert "<title>&lt;b&gt;&amp;amp;</title>" in text
    assert "<script>alert" not in text


def test_figures_and_columns_follow_what_is_asked_for(cluster: Path, grid: Path, tmp_path: Path) -> None:
    page = report.page(cluster, metrics=["jct_p99"], x="cluster", by="policy")
    assert re.findall(r'data-name="(\w+)"', page).count("jct_p99") == 3, "one for each arrival rate"
    assert "jct_mean" not in re.findall(r'data-name="(\w+)"', page)
    with pytest.raises(windrow.WindrowError, match="no metric 'jct'"):
        report.page(cluster, metrics=["jct"])
    with pytest.raises(windrow.WindrowError, match="no axis 'polcy'; did you mean 'policy'"):
        report.page(cluster, by="polcy")
    with pytest.raises(windrow.WindrowError, match="cannot write"):
        report.write(grid, tmp_path / "no/folder.html")


def test_a_sweep_without_results_has_a_page(grid: Path, tmp_path: Path) -> None:
    subprocess.run(
        [PROGRAM, "run", grid.parents[1] / "grid.yaml", "--quiet", "--limit", "1", "-o", "one.h5"],
        cwd=tmp_path,
        check=False,
    )
    assert ">1 of 8 points done<" in report.page(tmp_path / "one.h5")


@needs_browser
def test_one_saturated_point_has_a_page(shared_browser: Browser, tmp_path: Path) -> None:
    config = ROOT / "configs/training/osdi20.yaml"
    windrow_program(
        "simulate", config, "--set", "arrival_rate=9", "--set", "cluster=3:3:3", "-o", "one.h5", cwd=tmp_path
    )
    shared_browser.open(report.write(tmp_path / "one.h5"))
    assert shared_browser.errors == []
    assert column(shared_browser, "metric:jct_mean") == ["saturated 1/1"]
    names = shared_browser.evaluate("[...document.querySelectorAll('figure')].map(figure => figure.dataset.name)")
    assert names == ["series-cluster", "gantt-jobs"], (
        "of measured jobs there is no distribution, for none was completed"
    )
    assert "1970" not in shared_browser.evaluate("document.querySelector('#provenance').textContent")


@needs_browser
def test_the_browser_asks_for_nothing_and_finds_no_fault(browser: Browser) -> None:
    assert browser.evaluate("document.querySelectorAll('#table tbody tr').length") == 18
    assert [a for a in browser.requests if not a.startswith(("file:", "data:"))] == []
    assert len([a for a in browser.requests if a.startswith("file:")]) >= 1
    assert browser.errors == []
    assert browser.evaluate("document.querySelector('figure svg').getBoundingClientRect().width") > 300


def column(browser: Browser, key: str) -> list[str]:
    script = f"""(() => {{
      const at = [...document.querySelectorAll('#table th')].findIndex(cell => cell.dataset.key === '{key}');
      return [...document.querySelectorAll('#table tbody tr:not(.detail)')].map(row => row.cells[at].textContent);
    }})()"""
    return [str(text) for text in browser.evaluate(script)]


def click(browser: Browser, selector: str) -> None:
    browser.evaluate(f"document.querySelector({json.dumps(selector)}).click()")


@needs_browser
def test_the_table_has_the_means_and_sorts_them(browser: Browser, cluster: Path) -> None:
    unsorted = column(browser, "metric:jct_mean")
    first = windrow.stats.interval(windrow.open(cluster).jct_mean)["mean"].values.ravel()[0]
    assert float(unsorted[0].split(" ± ")[0]) == pytest.approx(first / 3600, rel=1e-4)
    click(browser, "th[data-key='metric:jct_mean'] button")
    values = [float(text.split(" ± ")[0]) for text in column(browser, "metric:jct_mean") if "±" in text]
    assert values == sorted(values)
    assert len(values) < 18
    lost = len([text for text in unsorted if text.startswith("saturated")])
    assert lost == 18 - len(values), "what has no mean says why"
    assert all(text.startswith("saturated") for text in column(browser, "metric:jct_mean")[-lost:])
    assert browser.evaluate("document.querySelector('[aria-sort]').ariaSort") == "ascending"
    click(browser, "th[data-key='metric:jct_mean'] button")
    again = column(browser, "metric:jct_mean")
    assert [float(text.split(" ± ")[0]) for text in again[: len(values)]] == values[::-1]
    assert all(text.startswith("saturated") for text in again[-lost:]), "missing comes last either way"
    click(browser, "th[data-key='axis:arrival_rate'] button")
    assert column(browser, "axis:arrival_rate") == ["0.5"] * 6 + ["2"] * 6 + ["9"] * 6


@needs_browser
def test_filters_take_rows_curves_and_figures_away(browser: Browser) -> None:
    figures = browser.evaluate("document.querySelectorAll('figure:not([hidden])').length")
    faded = "document.querySelectorAll('svg .off').length"
    assert browser.evaluate(faded) == 0
    click(browser, "[data-axis=policy] input[value=fifo]")
    assert set(column(browser, "axis:policy")) == {"gandiva", "allox"}
    assert browser.evaluate("document.getElementById('count').textContent") == "12 of 18 combinations"
    off = browser.evaluate("[...document.querySelectorAll('svg .off')].map(part => part.dataset.axis)")
    assert len(off) > 10
    assert set(off) == {"policy:0"}
    click(browser, "[data-axis=cluster] input[value='6:6:6']")
    assert browser.evaluate("document.querySelectorAll('figure:not([hidden])').length") == figures / 2
    click(browser, "[data-view=points]")
    assert browser.evaluate("document.getElementById('count').textContent") == "18 of 54 points"
    click(browser, "[data-axis=seed] input[value='2']")
    assert set(column(browser, "axis:seed")) == {"0", "1"}
    for chip in ("[data-axis=policy] input[value=fifo]", "[data-axis=cluster] input[value='6:6:6']"):
        click(browser, chip)
    assert browser.evaluate(faded) == 0
    assert browser.evaluate("document.getElementById('count').textContent") == "36 of 54 points"


@needs_browser
def test_the_command_of_a_point_runs_it_again(browser: Browser, cluster: Path) -> None:
    click(browser, "[data-view=points]")
    click(browser, "tr.point[data-row='20']")
    command = browser.evaluate("document.querySelector('pre.command').textContent")
    with windrow.open(cluster, grid=False) as results:
        point = results.isel(point=20).load()
    assert command == windrow.rerun_command(point)
    answer = subprocess.run(
        ["bash", "-c", command.replace("windrow simulate", 'exec "$0" simulate --json', 1), PROGRAM],
        check=True,
        capture_output=True,
        text=True,
    )
    metrics = json.loads(answer.stdout)["metrics"]
    detail = browser.evaluate(
        "[...document.querySelectorAll('.detail table')[0].rows].map(r => r.cells[1].textContent)"
    )
    shown = [None if text == "\N{EN DASH}" else float(text) for text in detail]
    assert shown == [None if value is None else float(value) for value in metrics.values()]
    text = browser.evaluate("document.querySelector('.detail').textContent")
    assert str(point.point_id.values) in text
    click(browser, "tr.point[data-row='20']")
    assert browser.evaluate("document.querySelectorAll('.detail').length") == 0


@needs_browser
def test_columns_can_be_chosen(browser: Browser) -> None:
    assert browser.evaluate("document.querySelector('th[data-key=\"metric:jct_p99\"]')") is None
    browser.evaluate(
        "[...document.querySelectorAll('#columns label')].find(l => l.textContent.trim() === 'JCT p99').click()"
    )
    assert len(column(browser, "metric:jct_p99")) == 18


@needs_browser
def test_failed_points_say_why(shared_browser: Browser, grid: Path, tmp_path: Path) -> None:
    shared_browser.open(report.write(grid, tmp_path / "grid.html"))
    assert shared_browser.evaluate("document.getElementById('progress').textContent") == "7 of 8 points done"
    click(shared_browser, "[data-view=points]")
    click(shared_browser, "th[data-key=status] button")
    assert column(shared_browser, "status") == ["failed"] + ["ok"] * 7
    click(shared_browser, "tr.point")
    assert "failed as asked" in shared_browser.evaluate("document.querySelector('.detail').textContent")
    assert shared_browser.errors == []


def test_the_command_line_writes_the_page_beside_the_file(
    grid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my sweep.h5"
    shutil.copy(grid, path)
    assert main(["report", str(path), "--metric", "value"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/my sweep.html\n"
    assert "my sweep.h5" in (tmp_path / "my sweep.html").read_text()
    assert main(["report", str(tmp_path / "none.h5")]) == 2
    assert "there is no such file" in capsys.readouterr().err


def test_the_program_hands_over_to_the_package(grid: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "WINDROW_PYTHON": sys.executable}

    def run(*words: str) -> tuple[int, str, str]:
        command = [str(PROGRAM), "report", str(grid), "-o", "page.html", "--metric=value", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    assert run("--x", "work_s") == (0, "page.html\n", "")
    assert 'data-name="value"' in (tmp_path / "page.html").read_text()
    status, out, err = run("--x=work")
    assert (status, out) == (2, "")
    assert err.startswith("no axis 'work'; did you mean 'work_s'?")
