import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from relmark_research.reporting.pages.render import render_index, render_report
from relmark_research.reporting.record.manifest import Manifest, NotebookRun


class Page(HTMLParser):
    """Tags with their attributes, and whether each is closed where it should be."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def attributes(self, name):
        return [attrs[name] for _, attrs in self.tags if attrs.get(name) is not None]


@pytest.fixture
def report(notebook, run, manifest):
    return render_report(notebook, run, manifest)


@pytest.mark.parametrize("kind", ["report", "index"])
def test_pages_are_complete_and_download_nothing(kind, report, manifest):
    html = report if kind == "report" else render_index(manifest)
    page = Page(html)
    assert page.open == []
    assert [attrs.get("lang") for tag, attrs in page.tags if tag == "html"] == ["en"]
    assert sum(tag == "h1" for tag, _ in page.tags) == 1
    assert all(source.startswith("data:") for source in page.attributes("src"))
    links = [attrs["href"] for tag, attrs in page.tags if tag in ("link", "use", "image")]
    assert all(link.startswith(("data:", "#")) for link in links)
    assert not re.search(r"@import|url\((?!#)", html)
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    for link in page.attributes("href"):
        assert not link.startswith("#") or link[1:] in ids


def test_only_our_own_script_may_run(report):
    script = re.search(r"<script>(.*?)</script>", report, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in report
    assert "default-src 'none'" in report
    assert report.count("<script") == 1


def test_the_first_screen_comes_first(report):
    words = [
        "What are our customers worth?</h1>",
        "The customers will bring $1.2 million",
        "Value of all",
        "$1.1 to $1.3 million",
        "35% to 39%",
        "in the first quarter",
        "What was asked",
        "sales.csv",
        "67,591",
        "1 January 1997 to 30 June 1998",
        "39 weeks",
        "Purchases settle at &lt;400&gt; a week</a></h2>",
        "relmark run reports/recipes/own.yml",
        "20251121T183310Z",
        "UserWarning: noise",
    ]
    places = [report.index(word, report.index("<body")) for word in words[:11]]
    assert places == sorted(places)
    for word in words:
        assert word in report


def test_no_local_paths_and_no_duplicate_ids(report):
    assert "/home/me" not in report
    assert report.count("The customers will bring") == 1
    assert "Sales &lt;every&gt; month" in report
    assert "<every>" not in report


def test_the_unit_is_shown_once(report):
    assert '23,570 <span class="rm-unit">customers</span>' in report
    assert '<span class="rm-unit">USD' not in report


def test_many_parameters_are_folded(notebook, run, manifest):
    many = replace(run, parameters={f"name_{n}": n for n in range(9)})
    assert "<summary>9 parameters</summary>" in render_report(notebook, many, manifest)
    assert "parameters</summary>" not in render_report(notebook, run, manifest)


def test_a_failed_notebook_says_so_on_top(run, manifest):
    error = new_output("error", ename="DataError", evalue="no <rows>", traceback=["a", "DataError"])
    broken = new_notebook(cells=[new_code_cell("f()", outputs=[error])])
    failed = replace(run, state="failed", error=None, answer="", key_figures=())
    html = render_report(broken, failed, manifest)
    assert html.index("This report is not complete") < html.index("What was asked")
    assert "DataError: no &lt;rows&gt;" in html
    assert "This report is not complete" not in render_report(new_notebook(), run, manifest)


@pytest.mark.parametrize("state", ["timed out", "killed"])
def test_a_notebook_that_was_stopped_says_so(run, manifest, state):
    html = render_report(new_notebook(), replace(run, state=state, error=None), manifest)
    assert f"The notebook {state}." in html


def test_a_minimal_notebook_and_manifest_are_enough():
    bare = Manifest(recipe="r.yml", title="", run_id="1", started="yesterday")
    html = render_report(new_notebook(), NotebookRun("notebooks/x.ipynb"), bare)
    assert "<h1>notebooks/x.ipynb</h1>" in html
    assert "This run has no reports." in render_index(bare)


def test_the_index_has_a_card_for_each_notebook(manifest):
    html = render_index(manifest)
    assert html.count("<article") == 2
    assert '<a href="03_lifetime_value.html">What are our customers worth?</a>' in html
    assert "Done<span> in 12 seconds</span>" in html
    assert "Timed out</p>" in html
    assert "after 3600 s" in html
    assert "1 of 2 reports done, 21 November 2025, 18:34 UTC." in html
    assert "<h1>Sales &lt;every&gt; month</h1>" in html


def test_a_report_links_to_its_index(notebook, run, manifest):
    assert '<a href="index.html">Sales' in render_report(notebook, run, manifest)
    deep = replace(run, report="reports/03.html")
    assert '<a href="../index.html">Sales' in render_report(notebook, deep, manifest)
