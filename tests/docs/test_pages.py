"""What the site promises, as far as it can be said without building it."""

import re
from functools import reduce
from pathlib import Path

import pytest
import yaml

import relmark_research as rm

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = sorted((DOCS / "api").glob("*.md"))
PAGES = sorted(page for page in DOCS.rglob("*.md") if not {"_build", "lessons"} & set(page.parts))
PACKAGES = ("customers", "clv", "customer_tables", "economics", "ladder", "relationships")
COMING_FROM = sorted((DOCS / "coming_from").glob("*.md"))


def listed() -> list[str]:
    """Every name in the reference's lists, as it stands there."""
    blocks = re.findall(r"```\{names\}\n(.*?)```", "".join(map(Path.read_text, REFERENCE)), re.S)
    return [name for block in blocks for name in block.split()]


def found(name: str) -> object:
    """What a listed name stands for: at the top, or in the first folder that has it."""
    if name.endswith(".*"):
        return None
    holders = [rm, *(getattr(rm, package) for package in PACKAGES)]
    first = name.split(".")[0]
    holder = next((each for each in holders if first in each.__all__), None)
    return None if holder is None else reduce(getattr, name.split("."), holder)


def test_every_public_name_is_in_the_reference_once():
    names = listed()
    assert sorted(names) == sorted(set(names))
    shown = {id(found(name)) for name in names if found(name) is not None}
    public = {
        f"{package.__name__}.{name}": getattr(package, name)
        for package in (rm, *(getattr(rm, each) for each in PACKAGES))
        for name in package.__all__
    }
    missing = [
        path for path, each in public.items() if id(each) not in shown and not is_module(each)
    ]
    assert missing == []


def is_module(each: object) -> bool:
    return type(each).__name__ == "module"


def code_cells(page: Path) -> list[str]:
    return re.findall(r"```\{code-cell\} python\n(.*?)```", page.read_text(), re.S)


def rows(page: Path) -> list[list[str]]:
    lines = [line for line in page.read_text().splitlines() if line.startswith("| ")]
    return [[part.strip() for part in line.strip("|").split(" | ")] for line in lines[1:]]


@pytest.mark.parametrize("page", COMING_FROM, ids=lambda page: page.stem)
def test_every_line_of_ours_for_users_of_other_packages_runs(page: Path):
    names: dict[str, object] = {}
    exec(code_cells(page)[0], names)
    lines = [row[1].strip("`") for row in rows(page) if row[1].startswith("`")]
    assert len(lines) >= 12
    for line in lines:
        assert eval(line, names) is not None, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_that_holds_code_to_run_is_a_notebook(page: Path):
    text = page.read_text()
    head = yaml.safe_load(text.split("---\n")[1]) if text.startswith("---\n") else {}
    assert bool(code_cells(page)) == (head.get("file_format") == "mystnb")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_asks_for_nothing_from_a_network(page: Path):
    assert not re.search(r"(src=|!\[[^]]*\]\()\s*[\"']?https?:", page.read_text())


def test_a_page_has_one_title_and_stands_in_a_contents_list():
    lists = re.findall(r"```\{toctree\}\n(.*?)```", "".join(map(Path.read_text, PAGES)), re.S)
    entries = {Path(line).name for each in lists for line in each.split() if line[0] != ":"}
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
        titles = re.findall(r"^# .+", text, re.M)
        assert len(titles) == (0 if page.stem == "changelog" else 1), page
        is_top = page == DOCS / "index.md"
        assert is_top or page.stem in entries or page.parent.name in ("api", "models"), page
