"""Labels of figures in a browser: those outside of their figure, and those over another.

``python -m tests.reporting.pages.figure_labels RUN`` prints them for the pages of a run.
"""

import sys
from pathlib import Path
from typing import Any

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]
WIDTHS = (320, 375, 430)  # of phones, in CSS pixels

_OUTSIDE, _ACROSS, _ALONG = 1.0, 1.5, 0.3  # pixels; pixels; share of the lower label
_BOXES = """() => [...document.querySelectorAll('figure svg')].filter(
  svg => svg.getBoundingClientRect().width > 0
).map(svg => {
  const box = element => {
    const found = element.getBoundingClientRect();
    return [found.left, found.top, found.right, found.bottom];
  };
  const frame = box(svg.closest('.rm-scroll') || svg), own = box(svg);
  return {
    name: (svg.closest('figure') || svg).id,
    frame: [Math.max(frame[0], own[0]), Math.min(frame[1], own[1]),
            Math.min(frame[2], own[2]), Math.max(frame[3], own[3])],
    labels: [...svg.querySelectorAll('text')].filter(text => text.textContent.trim()).map(
      text => ({text: text.textContent.trim(), box: box(text)})
    ),
  };
})"""
_UNFOLD = "document.querySelectorAll('details').forEach(fold => { fold.open = true; })"


def wrong_labels(page: Any) -> list[str]:
    """Return the labels of an open page that are cut off or lie over another, in words."""
    page.evaluate(_UNFOLD)
    found = []
    for figure in page.evaluate(_BOXES):
        labels = figure["labels"]
        for label in labels:
            if _outside(label["box"], figure["frame"]):
                found.append(f"{figure['name']}: {label['text']!r} is cut off")
        for place, label in enumerate(labels):
            found += [
                f"{figure['name']}: {label['text']!r} lies over {other['text']!r}"
                for other in labels[:place]
                if _over(label["box"], other["box"])
            ]
    return found


def _outside(box: list[float], frame: list[float]) -> bool:
    left, top, right, bottom = (inner - outer for inner, outer in zip(box, frame, strict=True))
    return min(left, top) < -_OUTSIDE or max(right, bottom) > _OUTSIDE


def _over(one: list[float], other: list[float]) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    along = min(one[3], other[3]) - max(one[1], other[1])
    lower = min(one[3] - one[1], other[3] - other[1])
    return across > _ACROSS and along > _ALONG * lower


def labels_of_pages(browser: Any, pages: list[Path]) -> dict[str, list[str]]:
    """Return the wrong labels of pages, by page and width."""
    wrong = {}
    for path in pages:
        page = browser.new_page(viewport={"width": WIDTHS[0], "height": 844})
        page.goto(path.absolute().as_uri())
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            if found := wrong_labels(page):
                wrong[f"{path.name} at {width} px"] = found
        page.close()
    return wrong


def main(folders: list[str]) -> int:
    """Print the wrong labels of runs."""
    from playwright.sync_api import sync_playwright

    pages = [page for folder in folders for page in sorted(Path(folder).glob("*.html"))]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        wrong = labels_of_pages(browser, pages)
        browser.close()
    for page, found in wrong.items():
        print("\n".join([page, *(f"  {each}" for each in found)]))
    print(f"{len(pages)} pages, {sum(map(len, wrong.values()))} wrong labels")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
