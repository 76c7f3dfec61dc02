"""Overview pages: the history of a recipe, its sections, its runs and their trends."""

import json
import re
from dataclasses import replace

import pytest

from relmark_research.reporting.pages import overview
from relmark_research.reporting.pages.overview import (
    RunHistory,
    render_recipe_list,
    render_recipe_page,
    sparkline,
    write_overviews,
)
from relmark_research.reporting.record.manifest import KeyFigure, Manifest, NotebookRun
from relmark_research.reporting.store.run_store import RunStore


def figure(value, *, unit="USD", name="clv"):
    return KeyFigure(name, value, unit=unit, label="Value")


def run_of(day, value=None, *, state="done", **fields):
    """Return the run of a day in January, with one notebook and one key figure."""
    figures = () if value is None else (figure(value),)
    book = NotebookRun("value", state, "Worth?", key_figures=figures, report="value.html")
    stamp = f"202401{day:02}-060000"
    started = f"2024-01-{day:02}T06:00:00+00:00"
    made = {"notebooks": (book,), "title": "Sales", **fields}
    return Manifest("monthly", run_id=stamp, started=started, **made)


def history(*runs, last_good=""):
    return RunHistory("monthly", tuple(runs), last_good)


def points_of(svg):
    pairs = re.search(r'points="([^"]*)"', svg)[1].split()
    return [tuple(map(float, pair.split(","))) for pair in pairs]


def test_a_sparkline_spans_its_box():
    svg = sparkline([1.0, 3.0, 2.0], "a < b")
    assert points_of(svg) == [(3.0, 25.0), (60.0, 3.0), (117.0, 14.0)]
    assert 'cx="117.0" cy="14.0"' in svg
    assert 'viewBox="0 0 120 28" width="120" height="28"' in svg
    assert 'aria-label="a &lt; b"' in svg


def test_a_gap_keeps_its_place():
    assert points_of(sparkline([1.0, None, 2.0, 1.0], "x")) == [
        (3.0, 25.0),
        (79.0, 3.0),
        (117.0, 25.0),
    ]


def test_equal_values_are_a_level_line():
    assert points_of(sparkline([2.0, 2.0], "x")) == [(3.0, 14.0), (117.0, 14.0)]


@pytest.mark.parametrize("values", [[], [1.0], [None, 1.0]])
def test_one_value_has_no_trend(values):
    assert sparkline(values, "x") == ""


def test_the_title_is_that_of_the_newest_run():
    assert history(run_of(1, title="Old"), run_of(2, title="New")).title == "New"
    assert history(run_of(1, title="")).title == "monthly"
    assert history().title == "monthly"


@pytest.fixture
def store(tmp_path):
    return made_store(tmp_path / "runs" / "monthly")


def made_store(path):
    path.mkdir(parents=True)
    (path / ".lock").write_text("")
    return RunStore(path)


def stored(store, manifest):
    folder = store.path / manifest.run_id
    folder.mkdir()
    manifest.write(folder)
    return folder


def test_a_history_is_read_from_the_stored_runs(store):
    folders = [stored(store, run_of(day, day)) for day in (1, 2, 3)]
    (folders[1] / "manifest.json").write_text(json.dumps({"another": "version"}))
    assert RunHistory.read(store).last_good == ""
    (store.path / "latest").symlink_to(folders[0].name)
    found = RunHistory.read(store)
    assert (found.name, found.last_good) == ("monthly", folders[0].name)
    assert [run.run_id for run in found.runs] == [folders[0].name, folders[2].name]


def test_a_history_has_the_newest_thirty_runs(store):
    days = [replace(run_of(1), run_id=f"20240101-0600{second:02}") for second in range(32)]
    for manifest in days:
        stored(store, manifest)
    found = RunHistory.read(store).runs
    assert [run.run_id for run in found] == [run.run_id for run in days[2:]]


def test_both_pages_are_written(store):
    stored(store, run_of(1, 5))
    root = store.path.parent
    made_store(root / "empty")
    (root / "alias").symlink_to(store.path)
    (root / "notes").mkdir()
    write_overviews(store, "Our <sales>")
    assert "<h1>Our &lt;sales&gt;</h1>" in (store.path / "index.html").read_text()
    page = (root / "index.html").read_text()
    assert "1 recipe." in page
    assert 'href="monthly/index.html"' in page
    for other in ("empty", "alias", "notes"):
        assert f'href="{other}/' not in page


def rows(page):
    """Return the texts of a page without its style and tags."""
    body = page[page.index("<body") :]
    return " ".join(re.sub(r"(?s)<(script|svg).*?</\1>|<[^>]*>", " ", body).split())


def test_the_page_of_a_recipe_says_how_many_runs_there_are():
    one, two = history(run_of(1)), history(run_of(1), run_of(2))
    assert "One run, of 1 January 2024, 06:00 UTC." in rows(render_recipe_page(one))
    assert "2 runs, the newest of 2 January 2024, 06:00 UTC." in rows(render_recipe_page(two))
    page = render_recipe_page(history(), "Sales")
    assert "<h1>Sales</h1>" in page
    assert "run, of" not in rows(page)
    assert "<h1>Sales</h1>" in render_recipe_page(one)
    assert "<h1>Other</h1>" in render_recipe_page(one, "Other")


def test_the_newest_run_comes_first_in_the_table():
    page = render_recipe_page(history(run_of(1), run_of(2)))
    assert page.index('href="20240102-060000/index.html"') < page.index(
        'href="20240101-060000/index.html"'
    )


def test_the_list_of_recipes_counts_them():
    assert "0 recipes." in render_recipe_list([])
    both = [history(run_of(1)), RunHistory("a b", (run_of(2),), "20240102-060000")]
    page = render_recipe_list(both)
    assert "2 recipes." in page
    assert 'href="a%20b/index.html"' in page
    assert 'href="a%20b/20240102-060000/index.html"' in page
    assert 'href="a%20b/20240102-060000/value.html"' in page


def test_sections_are_those_of_the_last_good_run():
    good, bad = run_of(1, 5), run_of(2, 7, state="failed")
    (section,) = overview._sections(history(good, bad, last_good=good.run_id), "x/")
    assert section["link"] == "x/20240101-060000/value.html"
    (section,) = overview._sections(history(good, bad), "")
    assert (section["link"], section["state"]) == ("20240102-060000/value.html", "failed")
    assert overview._sections(history(), "") == []


def test_a_section_has_the_title_and_the_case_of_its_notebook():
    skipped = NotebookRun("other", "skipped")
    case = NotebookRun("value", "done", "", case={"segment": "key", "year": 3}, answer="Much.")
    found = overview._sections(history(replace(run_of(1), notebooks=(skipped, case))), "")
    assert [section["title"] for section in found] == ["value (key, 3)"]
    assert (found[0]["link"], found[0]["answer"]) == ("", "Much.")


def test_a_card_has_the_trend_of_comparable_values():
    other_unit = replace(run_of(2), notebooks=(NotebookRun("value", key_figures=(
        figure(9.0, unit="EUR"), figure(8.0, name="other")),),))  # fmt: skip
    infinite = run_of(3, float("nan"))
    without = replace(run_of(4), notebooks=(NotebookRun("gone"),))
    last = run_of(6, 12.0)
    story = history(run_of(1, 10.0), other_unit, infinite, without, run_of(5, 14.0), last)
    card = overview._card_with_trend(story, last.notebooks[0], figure(12.0))
    label = re.search(r'aria-label="([^"]*)"', card["trend"])[1]
    assert label == "Value, over 3 runs: from $10.00 to $12.00, between $10.00 and $14.00"
    assert [x for x, _ in points_of(card["trend"])] == [3.0, 94.2, 117.0]
    alone = overview._card_with_trend(history(infinite), infinite.notebooks[0], figure(1.0))
    assert alone["trend"] == ""


def row(manifest, **given):
    return overview._row(history(manifest, **given), manifest)


def test_the_row_of_a_good_run():
    good = run_of(1)
    found = row(good, last_good=good.run_id)
    assert (found["state"], found["reports"], found["latest"]) == ("done", "1 of 1", True)
    assert (found["link"], found["when"]) == (
        "20240101-060000/index.html",
        "1 January 2024, 06:00 UTC",
    )
    assert found["notes"] == ""
    assert row(good, last_good="x")["latest"] is False


def test_the_row_of_a_run_that_failed_or_fired_an_alert():
    books = [NotebookRun("a"), NotebookRun("b", "killed"), NotebookRun("c", "failed")]
    done = replace(books[0], state="done")
    bad = replace(run_of(1), notebooks=(done, *books[1:]), alerts=("x",))
    assert (row(bad)["state"], row(bad)["reports"]) == ("killed", "1 of 3")
    assert row(replace(run_of(1), alerts=("x",)))["state"] == "alert"
    assert row(replace(run_of(1), alerts=("x",)))["alerts"] == ("x",)


def test_the_notes_of_a_run():
    reused = NotebookRun("a", "done", reused_from="7")
    skipped = NotebookRun("b", "skipped")
    part = replace(run_of(1), notebooks=(reused, skipped), as_of="2024-01-31")
    assert row(part)["notes"] == "part of the recipe: 1 of 2; 1 unchanged; as of 31 January 2024"
    assert row(part)["reports"] == "1 of 1"


def test_the_notes_name_the_tables_of_which_rows_are_left_out():
    tables = {
        "contacts": {"rows_read": 8, "rows_used": 8},
        "events": {"rows_read": 10, "rows_used": 9},
    }
    part = replace(run_of(1), fingerprint={"rows_read": 4, "rows_used": 3, "tables": tables})
    transactions, events = row(part)["notes"].split("; e")
    assert transactions.startswith("transactions: 3 of 4 rows used")
    assert events.startswith("vents: 9 of 10 rows used")
    assert row(replace(part, fingerprint={"rows_read": 4, "rows_used": 4}))["notes"] == ""
