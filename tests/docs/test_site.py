"""The built site in a browser: offline, no wider than the screen, readable in both themes.

Run after `make docs`; with RELMARK_SITE=required a missing site is a failure, else it is a skip.
"""

import os
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "docs" / "_build" / "html"
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
KINDS = (
    "index",
    "howto/researcher",
    "howto/scheduler",
    "howto/student",
    "models/pareto_nbd",
    "coming_from/lifetimes",
    "gallery",
    "glossary",
    "api/clv",
    "changelog",
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
if os.environ.get("RELMARK_SITE") != "required":
    if not CHROMIUM.is_file():
        pytest.skip(f"no chromium at {CHROMIUM}", allow_module_level=True)
    if not (SITE / "index.html").is_file():
        pytest.skip("the site is not built: make docs", allow_module_level=True)

LESSONS = tuple(f"lessons/{page.stem}" for page in sorted((SITE / "lessons").glob("*.html")))
PAGES = (*KINDS, *LESSONS)
UNFOLD = "document.querySelectorAll('article details').forEach(fold => { fold.open = true; })"


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


def open_page(browser, name, **how):
    """Open a page; what it asks for and what it complains about is kept."""
    page = browser.new_context(reduced_motion="reduce", **how).new_page()
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto((SITE / f"{name}.html").as_uri())
    return page


@pytest.fixture
def visit(browser):
    """Open a page of one's own."""
    pages = []

    def visited(name, *, scheme="light"):
        pages.append(open_page(browser, name, color_scheme=scheme))
        return pages[-1]

    yield visited
    for page in pages:
        page.context.close()


@pytest.fixture(scope="module", params=PAGES)
def page(browser, request):
    """Each page in turn, with everything unfolded."""
    opened = open_page(browser, request.param, viewport={"width": 1280, "height": 844})
    opened.evaluate(UNFOLD)
    yield opened
    opened.context.close()


def test_nothing_comes_from_a_network(page):
    page.mouse.wheel(0, 4000)
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
    assert page.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    page.emulate_media(color_scheme=scheme)
    grave = [
        (rule["id"], rule["nodes"][0]["html"][:200], len(rule["nodes"]))
        for rule in axe.Axe().run(page).response["violations"]
        if rule["impact"] in ("serious", "critical")
    ]
    assert grave == []


def test_nothing_is_wider_than_the_screen(page):
    for width in (1280, 768, 390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", ["gallery", "howto/researcher", *LESSONS])
def test_every_picture_says_what_it_shows(visit, name):
    page = visit(name)
    words = "[...document.querySelectorAll('article figure svg')].map(each => each.textContent)"
    shown = page.evaluate(words)
    titles = page.evaluate(
        "[...document.querySelectorAll('article figure svg > title')].map(each => each.textContent)"
    )
    assert len(titles) == len(shown)
    assert all(len(title) > 30 for title in titles)
    assert page.locator("article img").count() == 0


def test_figures_and_formulas_follow_the_theme(visit):
    ink = "getComputedStyle(document.querySelector('.rm-figure svg text')).fill"
    seen = {scheme: visit("gallery", scheme=scheme).evaluate(ink) for scheme in ("light", "dark")}
    bright = {scheme: sum(map(int, colour[4:-1].split(","))) for scheme, colour in seen.items()}
    assert bright["light"] < 150
    assert bright["dark"] > 600
    page = visit("models/pareto_nbd")
    assert page.locator("math").count() > 20
    assert page.evaluate(
        "document.querySelector('div.math math').getBoundingClientRect().height > 30"
    )


def test_persian_runs_from_the_right(visit):
    page = visit("glossary")
    term = page.locator("[lang=fa]").first
    assert term.evaluate("each => getComputedStyle(each).direction") == "rtl"
    assert page.locator("[lang=fa]").count() == page.locator("[lang=ja]").count() > 60


def test_the_search_finds_without_a_network(visit):
    page = visit("search")
    page.goto((SITE / "search.html").as_uri() + "?q=recency")
    page.wait_for_selector("#search-results li", timeout=10_000)
    assert page.locator("#search-results li").count() > 3
