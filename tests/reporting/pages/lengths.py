"""The visible words of a run's pages: of the first screen, and of each page.

``python -m tests.reporting.pages.lengths RUN`` prints them, with ``--check`` it ends with exit
code 1 where a page is over its budget. Not counted: what is folded away (the summary is), the text
inside figures, the contents list, hidden text, and the section "How far to trust this".
"""

import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

FIRST_SCREEN, PAGE = 120, 900  # words at most
EXEMPT = "how far to trust this"
SKIPPED = {"script", "style", "svg", "nav", "head", "title", "math"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass(frozen=True)
class Lengths:
    """The words of a page."""

    first_screen: int
    page: int
    exempt: int

    @property
    def over(self) -> bool:
        """Whether a budget is exceeded."""
        return self.first_screen > FIRST_SCREEN or self.page > PAGE


@dataclass
class _Element:
    tag: str
    skipped: bool
    in_header: bool
    section: int
    folded: bool = False


@dataclass
class _Section:
    words: int = 0
    heading: list[str] = field(default_factory=list)

    @property
    def exempt(self) -> bool:
        return " ".join(self.heading).lower().startswith(EXEMPT)


class _Reader(HTMLParser):
    """Counts the words of a page by section; section 0 is what stands outside of any."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[_Element] = []
        self.sections = [_Section()]
        self.header = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        given = dict(attrs)
        above = self.open[-1] if self.open else _Element("", False, False, 0)
        if tag == "h2":  # a heading of another section ends an exempt one
            self.sections.append(_Section())
            for element in self.open:
                element.section = len(self.sections) - 1
        hidden = "rm-hidden" in (given.get("class") or "") or "display: none" in (
            given.get("style") or ""
        )
        skipped = above.skipped or tag in SKIPPED or "hidden" in given or hidden
        skipped = skipped or (above.folded and tag != "summary")
        in_header = above.in_header or (tag == "header" and given.get("class") == "rm-top")
        section = self.open[-1].section if self.open else 0
        folded = tag == "details" and "open" not in given
        self.open.append(_Element(tag, skipped, in_header, section, folded))

    def handle_endtag(self, tag: str) -> None:
        while self.open and any(element.tag == tag for element in self.open):
            if self.open.pop().tag == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1].skipped or self.open[-1].folded:
            return
        words = data.split()
        here = self.open[-1]
        if here.in_header:
            self.header += len(words)
            return
        section = self.sections[here.section]
        section.words += len(words)
        if any(element.tag == "h2" for element in self.open):
            section.heading += words


def lengths(html: str) -> Lengths:
    """Return the visible words of a page."""
    reader = _Reader()
    reader.feed(html)
    exempt = sum(section.words for section in reader.sections if section.exempt)
    words = sum(section.words for section in reader.sections) - exempt
    return Lengths(reader.header, reader.header + words, exempt)


def main(arguments: list[str]) -> int:
    """Print the lengths of the pages of runs."""
    check = "--check" in arguments
    folders = [Path(each) for each in arguments if each != "--check"]
    pages = sorted(path for folder in folders for path in folder.glob("*.html"))
    if not pages:
        print("no pages; name the folder of a run, such as reports/runs/cdnow/latest")
        return 2
    found = {path: lengths(path.read_text(encoding="utf-8")) for path in pages}
    print(f"{'page':32} {'first screen':>12} {'page':>6} {'trust':>6}")
    for path, each in found.items():
        note = "  over" if each.over else ""
        name = path.stem
        print(f"{name:32} {each.first_screen:>12,} {each.page:>6,} {each.exempt:>6,}{note}")
    print(f"{'at most':32} {FIRST_SCREEN:>12} {PAGE:>6}")
    return int(check and any(each.over for each in found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
