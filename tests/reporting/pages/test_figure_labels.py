"""No label of a figure is cut off or lies over another on a phone."""

import os
from pathlib import Path

import pytest

from tests.reporting.pages.figure_labels import ARGUMENTS, CHROMIUM, labels_of_pages, wrong_labels

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
if not CHROMIUM.is_file():
    pytest.skip(f"no chromium at {CHROMIUM}; apt-get install chromium", allow_module_level=True)

RECIPES = Path(__file__).parents[3] / "reports" / "recipes"
SVG = '<svg viewBox="0 0 300 100" width="300" height="100" style="overflow: visible">{}</svg>'
FIGURE = (
    f'<figure id="figure-one"><div class="rm-scroll" style="overflow-x: auto">{SVG}</div></figure>'
)
LABELS = {
    "in place": '<text x="10" y="20">left</text><text x="200" y="20">right</text>',
    "cut off": '<text x="280" y="20">a long label</text>',
    "over another": '<text x="10" y="20">one label</text><text x="30" y="22">another</text>',
}


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.mark.parametrize("kind", LABELS)
def test_a_label_that_is_cut_off_or_covered_is_found(browser, kind):
    page = browser.new_page(viewport={"width": 320, "height": 400})
    page.set_content(f"<body style='margin: 0'>{FIGURE.format(LABELS[kind])}")
    found = wrong_labels(page)
    page.close()
    expected = {
        "in place": [],
        "cut off": ["figure-one: 'a long label' is cut off"],
        "over another": ["figure-one: 'another' lies over 'one label'"],
    }
    assert found == expected[kind]


def test_figures_of_a_page_fit_a_phone(browser, notebook, run, manifest, tmp_path):
    from relmark_research.reporting.pages.render import render_report

    (tmp_path / "report.html").write_text(render_report(notebook, run, manifest), "utf-8")
    assert labels_of_pages(browser, [tmp_path / "report.html"]) == {}


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["cdnow", "crm"])
def test_no_label_of_any_report_is_cut_off_on_a_phone(browser, recipe, tmp_path, monkeypatch):
    from relmark_research.reporting.execution.runner import RunOptions, run_recipe

    monkeypatch.setenv("RELMARK_ID_KEY", "a secret")
    options = RunOptions(jobs=os.cpu_count() or 1, out=tmp_path)
    pages = sorted(run_recipe(RECIPES / f"{recipe}.yml", options).glob("*.html"))
    assert len(pages) > 2
    assert labels_of_pages(browser, pages) == {}
