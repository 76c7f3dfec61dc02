"""The files that the project's own pages name exist."""

import re

import pytest

from tests.house.layout import PACKAGE, ROOT

PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "benchmarks/README.md")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_files_that_exist(page: str):
    text = (ROOT / page).read_text()
    named = set(re.findall(r"`([\w./]+\.(?:py|yml|md|toml|lock))`", text))
    named = {name for name in named if not re.search(r"your_|_NN|/\.\.\.", name)}  # examples
    roots = (ROOT, PACKAGE, (ROOT / page).parent)
    missing = [name for name in named if not any((root / name).exists() for root in roots)]
    assert missing == []
