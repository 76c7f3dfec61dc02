"""The pages in a real browser: themes, widths, names, print, and silence on the network."""

from pathlib import Path

import pytest

from relmark_research.reporting.render import render_index, render_report

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PAGES = ("report.html", "index.html")

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


@pytest.fixture
def visit(browser, tmp_path, notebook, run, manifest):
    """Open a page; what it asks of the network and what it complains about is kept."""
    (tmp_path / "report.html").write_text(render_report(notebook, run, manifest), "utf-8")
    (tmp_path / "index.html").write_text(render_index(manifest), "utf-8")
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
        page.goto((tmp_path / name).as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_no_request_and_no_complaint(visit, name):
    page = visit(name)
    page.mouse.wheel(0, 4000)
    page.wait_for_timeout(100)
    assert [url for url in page.asked[1:] if not url.startswith("data:")] == []
    assert page.complaints == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(visit, name, width):
    page = visit(name, width=width)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


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
    assert len(scrolling) >= 2
    assert set(scrolling) == {0}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(visit, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    page = visit(name, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    found = axe.Axe().run(page).response["violations"]
    grave = [
        (rule["id"], rule["nodes"][0]["html"][:200])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
    assert grave == []


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


def test_on_paper_navigation_and_code_are_gone_and_tables_are_there(visit):
    page = visit("report.html", scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.locator(".rm-contents").is_visible()
    assert not page.locator(".rm-code").first.is_visible()
    assert page.locator(".rm-table td").first.is_visible()
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 20_000


def test_a_table_is_downloaded_whole_without_a_network(visit):
    page = visit("report.html")
    page.evaluate("document.querySelector('.rm-table').open = true")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename == "weekly.csv"
    assert len(Path(download.value.path()).read_text("utf-8-sig").splitlines()) == 31
