"""Tests mirror the package: every module has a test file of its name in the folder of its name."""

from pathlib import Path

import pytest

from tests.house.layout import MODULES, PACKAGE, ROOT

FACES = {"__init__", "__main__"}


def mirror(path: Path) -> Path:
    """Return the test file of a module; a leading underscore is dropped."""
    folder = path.relative_to(PACKAGE).parent
    return Path("tests") / folder / f"test_{path.stem.lstrip('_')}.py"


def without_tests() -> list[str]:
    modules = [path for path in MODULES.values() if path.stem not in FACES]
    return [mirror(path).as_posix() for path in modules if not (ROOT / mirror(path)).is_file()]


@pytest.mark.parametrize(
    ("module", "test"),
    [
        ("units.py", "tests/test_units.py"),
        ("clv/families/bg_nbd.py", "tests/clv/families/test_bg_nbd.py"),
        ("clv/families/_nbd.py", "tests/clv/families/test_nbd.py"),
    ],
)
def test_a_test_file_has_the_place_and_name_of_its_module(module, test):
    assert mirror(PACKAGE / module).as_posix() == test


def test_every_module_has_a_test_file():
    assert without_tests() == []


def test_test_folders_of_rooms_are_packages():
    """Two test files of the same name collide unless their folders are packages."""
    folders = {mirror(path).parent for path in MODULES.values() if path.stem not in FACES}
    missing = [str(one) for one in sorted(folders) if not (ROOT / one / "__init__.py").is_file()]
    assert missing == []
