"""A recipe over several runs: cases, reuse, alerts, comparison, overviews, verification."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from relmark_research import cli
from relmark_research.reporting.execution.runner import RunOptions, run_recipe
from relmark_research.reporting.execution.verify import verify_run
from relmark_research.reporting.pages.overview import sparkline
from relmark_research.reporting.record.manifest import read_manifest
from relmark_research.reporting.store.run_store import RunStore
from tests.reporting.books import write_notebook, write_recipe

PARAMETERS = "as_of = None\nsegment = 'all'\nmargin = 0.3\nseed = 7\nsource = ''\nreading = {}"
SPEAKS = """\
from relmark_research.reporting.display.story import answer, record
answer(f'A margin of {margin} for {segment}.')
record('margin', margin, low=margin - 0.01, high=margin + 0.01, unit='share', label='Margin')
record('customers', 100 * len(segment), unit='customers')"""
RECIPE = """\
title: "Margins <of> all"
notebooks: [speaks, steady]
data: {source: ../../sales.csv}
matrix: {segment: [private, "key <account>"]}
alerts: {speaks.margin: {falls_by: 10%}}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("life")
    write_notebook(folder / "notebooks", "speaks", SPEAKS, parameters=PARAMETERS)
    write_notebook(folder / "notebooks", "steady", "1 + 1", parameters="as_of = None")
    write_recipe(folder, RECIPE)
    (folder / "sales.csv").write_text("customer_id,date,value\na,2024-01-01,3\n")
    return folder


@pytest.fixture(scope="module")
def recipe(project) -> Path:
    return project / "reports" / "recipes" / "monthly.yml"


@pytest.fixture(scope="module")
def first(recipe) -> Path:
    run = run_recipe(recipe, RunOptions(jobs=2))
    assert (run.parent / "latest").resolve() == run.resolve()  # until the second run
    return run


@pytest.fixture(scope="module")
def second(recipe, first) -> Path:
    """A second run with a lower margin in one notebook, which fires an alert."""
    assert cli.exit_code(["run", str(recipe), "--set", "speaks.margin=0.2"]) == cli.ALERT
    return (first.parent / "latest").resolve()


@pytest.fixture(scope="module")
def third(recipe, second) -> Path:
    """A third run without changes."""
    return run_recipe(recipe, RunOptions(settings=("speaks.margin=0.2",)))


CASES = ["speaks-private", "speaks-key_account", "steady"]


def test_the_page_of_a_recipe_counts_its_runs(first):
    home = first.parent
    runs = len(RunStore(home).runs())
    lead = "One run, of " if runs == 1 else f"{runs} runs, the newest of "
    assert lead in (home / "index.html").read_text()


def test_a_matrix_has_one_report_per_case(first):
    manifest = read_manifest(first)
    assert [run.notebook for run in manifest.notebooks] == CASES
    assert manifest.notebooks[1].case == {"segment": "key <account>"}
    assert manifest.notebooks[1].answer == "A margin of 0.3 for key <account>."
    assert manifest.notebooks[0].seeds == {"seed": 7}
    page = (first / "speaks-key_account.html").read_text()
    assert '<p class="rm-case">key &lt;account&gt;</p>' in page
    assert "<account>" not in page


def test_the_manifests_of_real_runs_match_their_schema(first, third):
    import json

    import jsonschema

    from relmark_research.reporting.record.manifest import SCHEMA_FILE

    schema = json.loads(SCHEMA_FILE.read_text())
    for run in (first, third):
        record = json.loads((run / "manifest.json").read_text())
        jsonschema.validate(record, schema)
        assert {"index.html", "steady.html", "notebooks/steady.ipynb"} < record["files"].keys()


def test_an_unchanged_notebook_is_reused(first, second, third):
    origins = [
        {run.notebook: run.reused_from for run in read_manifest(each).notebooks}
        for each in (first, second, third)
    ]
    assert origins[0] == dict.fromkeys(CASES)
    assert origins[1] == {**dict.fromkeys(CASES), "steady": first.name}
    assert origins[2] == {**dict.fromkeys(CASES[:2], second.name), "steady": first.name}
    assert (third / "notebooks" / "steady.ipynb").read_bytes() == (
        first / "notebooks" / "steady.ipynb"
    ).read_bytes()
    assert "unchanged since run" in (third / "index.html").read_text()


def test_changed_data_are_read_again(project, recipe, third):
    sales = project / "sales.csv"
    sales.write_text(sales.read_text() + "b,2024-01-02,4\n")
    only = ("speaks-private", "steady")
    run = run_recipe(recipe, RunOptions(settings=("speaks.margin=0.2",), only=only))
    reused = {each.notebook: each.reused_from for each in read_manifest(run).notebooks}
    assert reused["speaks-private"] is None
    assert reused["steady"] is not None
    page = (run / "speaks-private.html").read_text()
    assert "<strong>Data:</strong> changed: 1 rows then, 2 now" in page


def test_an_alert_is_shown_everywhere(second):
    (alert, other) = read_manifest(second).alerts
    assert alert.startswith("speaks-private, speaks.margin: fell from 30.0% to 20.0%")
    assert alert in (second / "index.html").read_text()
    assert other in (second.parent / "index.html").read_text()


def test_cards_and_a_section_show_the_changes(first, second):
    page = (second / "speaks-private.html").read_text()
    assert "−10.0 points since " in page
    assert "no change since " in page
    assert 'id="since"' in page
    assert f"({first.name})" in page
    assert "<strong>Parameters:</strong> changed: margin." in page
    assert "beyond its range" in page
    assert "<strong>Code:</strong> the same." in page
    assert "since" not in re.sub("(?s)<style.*?</style>", "", (first / "steady.html").read_text())


def test_compare_prints_the_same(first, second, capsys):
    assert cli.exit_code(["compare", str(first), str(second)]) == cli.DONE
    said = capsys.readouterr().out
    assert "Data: the same." in said
    assert re.search(r"speaks-private\s+margin\s+30% .*−10\.0 points", said)
    assert cli.exit_code(["compare", str(first), str(first.parent / "no")]) == cli.REFUSED


@pytest.mark.slow
def test_a_run_can_be_repeated(first, capsys):
    before = {path: path.stat().st_mtime_ns for path in first.rglob("*")}
    assert cli.exit_code(["verify", str(first)]) == cli.DONE
    assert "The same: 4 key figures." in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in first.rglob("*")} == before


def test_a_different_result_is_not_reproduced(first, tmp_path):
    copy = shutil.copytree(first, tmp_path / "copy")
    manifest = read_manifest(copy)
    private, key_account, steady = manifest.notebooks
    margin, customers = private.key_figures
    private = replace(private, key_figures=(replace(margin, value=0.31), customers))
    others = (replace(each, state="failed") for each in (key_account, steady))  # one is enough
    replace(manifest, notebooks=(private, *others)).write(copy)
    found = verify_run(copy)
    assert not found.reproduced
    assert [(change.name, change.changed) for change in found.comparison.changes] == [
        ("margin", True),
        ("customers", False),
    ]


@pytest.mark.slow
def test_a_partial_run_is_published_but_not_latest(recipe, third):
    asked = {"settings": ("speaks.margin=0.2",), "out": third.parent.parent}
    run = run_recipe(recipe, RunOptions(only=("speaks-private",), **asked))
    states = {each.notebook: each.state for each in read_manifest(run).notebooks}
    assert states == {
        "speaks-private": "done",
        "speaks-key_account": "skipped",
        "steady": "skipped",
    }
    assert (run.parent / "latest").resolve() != run.resolve()
    assert "part of the recipe: 1 of 3" in (run.parent / "index.html").read_text()


def test_the_page_of_a_recipe_shows_its_runs_and_trends(first, third):
    page = (third.parent / "index.html").read_text()
    assert page.count('<svg class="rm-trend" role="img"') == 4
    assert re.search(r'aria-label="Margin, over \d runs: from 30\.0% to 20\.0%', page)
    for run in (first, third):
        assert f'href="{run.name}/index.html"' in page
    assert "Margins &lt;of&gt; all" in page
    above = (third.parent.parent / "index.html").read_text()
    assert 'href="monthly/index.html"' in above
    for html, folder in ((page, third.parent), (above, third.parent.parent)):
        links = [link for link in re.findall(r'href="([^"#]+)"', html) if link != "data:,"]
        assert len(links) > 3
        assert all((folder / link).exists() for link in links), links


def test_a_sparkline_needs_two_values_and_allows_gaps():
    assert sparkline([], "x") == sparkline([1.0], "x") == sparkline([None, 1.0], "x") == ""
    assert sparkline([1.0, None, 3.0], "a < b").count(",") == 2
    assert 'aria-label="a &lt; b"' in sparkline([1.0, 1.0], "a < b")
    assert "nan" not in sparkline([2.0, 2.0, 2.0], "x")
