"""Every key figure and every table of the nine reports, on CDNOW and the sample firm."""

from functools import cache
from pathlib import Path

import pytest

from tests.golden import reports
from tests.golden.comparing import Renames, complaint, corrections, differences, recorded

pytestmark = pytest.mark.slow

RENAMES = Renames.read()
WAS = recorded("reports.json")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory):
    """What a recipe gives now; each is run once."""

    @cache
    def run(recipe: str) -> dict:
        return reports.run(recipe, Path(tmp_path_factory.mktemp(recipe)))

    return run


def _recipe(old: str) -> str:
    return RENAMES.group(old).partition("/")[0]


@pytest.mark.parametrize("old", WAS)
def test_report_says_what_it_said(old: str, made):
    name, found = RENAMES.group(old), made(_recipe(old))
    assert name in found, f"the report {name} vanished; there are {', '.join(found)}"
    assert reports.FAILED not in found[name], found[name][reports.FAILED]
    lines = differences(RENAMES.apply(old, WAS[old]), found[name], corrections(name))
    assert not lines, complaint(name, lines)


@pytest.mark.parametrize("recipe", reports.RECIPES)
def test_no_report_is_new(recipe: str, made):
    assert set(made(recipe)) == {RENAMES.group(old) for old in WAS if _recipe(old) == recipe}
