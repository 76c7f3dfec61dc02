"""The pages in a browser: themes, widths, names, print, and no network requests."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from relmark_research.errors import ReportError
from relmark_research.reporting.pages.overview import (
    RunHistory,
    render_recipe_list,
    render_recipe_page,
)
from relmark_research.reporting.pages.pdf import find_browser, print_pages
from relmark_research.reporting.pages.render import render_index, render_report

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PAGES = (
    "report.html",
    "index.html",
    "compared.html",
    "failed.html",
    "story.html",
    "recipes.html",
)

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
if not CHROMIUM.is_file():
    pytest.skip(f"no chromium at {CHROMIUM}; apt-get install chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


def render_pages(notebook, run, manifest):
    """A page of every kind: a report, one that is compared, one that failed, and the indexes."""
    moved = tuple(replace(figure, value=figure.value * 0.9) for figure in run.key_figures)
    day = "2025-11-14T06:00:00+00:00"
    earlier = (replace(run, key_figures=moved, parameters={"horizon": "26 weeks"}),)
    before = replace(
        manifest, run_id="20251114-060000", started=day, finished=day, notebooks=earlier
    )
    now = replace(
        manifest,
        before=before.run_id,
        alerts=("total_clv: fell from $1,000 to $800; <set> at 10%.",),
    )
    error = new_output(
        "error", ename="ValueError", evalue="no <rows>", traceback=["line " * 40, "ValueError"]
    )
    broken = new_notebook(cells=[new_code_cell("f()", outputs=[error])])
    failed = replace(run, state="out of memory", error="stopped when it held 2.1 GB", answer="")
    case = replace(failed, case={"segment": "key <account>"}, key_figures=())
    story = RunHistory(
        "own", (before, *[replace(before, run_id=f"b{n}") for n in range(9)], now), "b3"
    )
    return {
        "report.html": render_report(notebook, run, manifest),
        "index.html": render_index(now, before),
        "compared.html": render_report(notebook, run, now, before),
        "failed.html": render_report(broken, case, now, before),
        "story.html": render_recipe_page(story),
        "recipes.html": render_recipe_list([story, RunHistory("other", (now,))]),
    }


@pytest.fixture(scope="module")
def rendered():
    """What `render_pages` made, once it has."""
    return {}


@pytest.fixture
def pages(tmp_path, rendered, request):
    if not rendered:
        needed = (request.getfixturevalue(name) for name in ("notebook", "run", "manifest"))
        rendered.update(render_pages(*needed))
    for name, html in rendered.items():
        (tmp_path / name).write_text(html, "utf-8")
    return tmp_path


@pytest.fixture
def visit(browser, pages):
    """Open a page; what it asks of the network and what it complains about is kept."""
    contexts = []

    def open_page(name, *, width=1280, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=False
        )
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto((pages / name).as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")


@pytest.mark.parametrize("name", PAGES)
def test_it_asks_for_nothing_complains_of_nothing_and_fits_the_screen(visit, name):
    page = visit(name)
    page.mouse.wheel(0, 4000)
    for width in (320, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.wait_for_timeout(100)
    assert [url for url in page.asked[1:] if not url.startswith("data:")] == []
    assert page.complaints == []


def test_figures_have_names_and_regions_that_scroll_can_be_reached(visit):
    page = visit("report.html", width=320)
    names = [page.get_by_role("img", name=f"A falling line ({n}).") for n in ("decline", "again")]
    assert [name.count() for name in names] == [1, 1]
    page.evaluate("document.querySelector('.rm-table').open = true")
    page.wait_for_timeout(50)
    scrolling = page.evaluate(
        "[...document.querySelectorAll('.rm-scroll')].filter("
        "box => box.scrollWidth > box.clientWidth + 1).map(box => box.tabIndex)"
    )
    assert len(scrolling) >= 1  # the table; figures are drawn again for a narrow screen
    assert set(scrolling) == {0}


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious_in_light_and_dark(visit, name):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    page = visit(name)
    unfold(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        options = {"resultTypes": ["violations"]}
        if scheme == "dark":  # which changes colours only
            options["runOnly"] = ["color-contrast"]
        found = axe.Axe().run(page, options=options).response["violations"]
        grave = [
            (rule["id"], rule["nodes"][0]["html"][:200])
            for rule in found
            if rule["impact"] in ("serious", "critical")
        ]
        assert grave == [], scheme


def test_the_dark_theme_reaches_the_page_and_its_figures(visit):
    paper = "getComputedStyle(document.body).backgroundColor"
    ink = "getComputedStyle(document.querySelector('.rm-figure svg text')).fill"
    seen = {scheme: visit("report.html", scheme=scheme) for scheme in ("light", "dark")}
    colours = {scheme: (page.evaluate(paper), page.evaluate(ink)) for scheme, page in seen.items()}
    brightness = {
        scheme: [sum(map(int, colour[4:-1].split(","))) for colour in pair]
        for scheme, pair in colours.items()
    }
    assert brightness["light"][0] > 700 > 150 > brightness["light"][1]
    assert brightness["dark"][0] < 150 < 600 < brightness["dark"][1]


def test_contents_stay_in_view_on_wide_screens_and_fold_on_phones(visit):
    wide, phone = visit("report.html"), visit("report.html", width=390)
    wide.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    assert wide.evaluate("document.querySelector('.rm-contents details').open")
    box = wide.locator(".rm-contents details").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 844
    assert not phone.evaluate("document.querySelector('.rm-contents details').open")


def test_the_keyboard_reaches_the_content_first(visit):
    page = visit("report.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "rm-skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_print_hides_navigation_and_code_and_shows_tables(visit):
    page = visit("report.html", scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.locator(".rm-contents").is_visible()
    assert not page.locator(".rm-code").first.is_visible()
    assert page.locator(".rm-table td").first.is_visible()
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 20_000


def test_the_whole_table_is_downloaded_without_a_network(visit):
    page = visit("report.html")
    page.evaluate("document.querySelector('.rm-table').open = true")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename == "weekly.csv"
    assert len(Path(download.value.path()).read_text("utf-8-sig").splitlines()) == 31


@pytest.mark.slow
def test_the_systems_chromium_prints_pages(pages, monkeypatch, capsys):
    for name in PAGES[2:]:
        (pages / name).unlink()
    (made, other) = print_pages(pages, find_browser())
    assert (made.name, other.name) == ("index.pdf", "report.pdf")
    for path in (made, other):
        assert path.read_bytes().startswith(b"%PDF")
        assert path.stat().st_size > 10_000
    made.unlink()
    other.unlink()
    assert print_pages(pages, "false") == []
    assert "relmark: no PDF of index.html: it ended with code 1" in capsys.readouterr().err
    monkeypatch.setenv("RELMARK_CHROMIUM", "no-such-browser")
    with pytest.raises(ReportError, match="found none of no-such-browser"):
        find_browser()
    monkeypatch.delenv("RELMARK_CHROMIUM")
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(ReportError, match="--pdf needs a Chromium"):
        find_browser()
