"""Every public name can be typed, is documented, and shows itself in a few lines."""

import importlib.util
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import relmark_research as rm
from tests.house.layout import ROOT

FOLDERS = ("customers", "clv", "customer_tables", "economics", "ladder", "relationships")


def _public_names() -> ModuleType:
    """Return the module by which the site finds the names that it documents."""
    path = ROOT / "docs" / "_ext" / "public_names.py"
    spec = importlib.util.spec_from_file_location("public_names", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def documented() -> list[str]:
    """Every dotted path that the reference shows: names, and the public members of classes."""
    names = _public_names()
    pages = sorted((ROOT / "docs" / "api").glob("*.md"))
    blocks = re.findall(r"```\{names\}\n(.*?)```", "".join(map(Path.read_text, pages)), re.S)
    paths = []
    for line in [line for block in blocks for line in block.split()]:
        for name in names.names_in(line):
            path = names.path_of(name)
            for each in [path, *names.results_of(path)]:
                paths += [each, *_members(each, names.object_at(each))]
    return sorted(set(paths))


def _members(path: str, found: object) -> list[str]:
    if not inspect.isclass(found):
        return []
    own = [name for name, member in vars(found).items() if not name.startswith("_")]
    return [f"{path}.{name}" for name in own if hasattr(found, name)]


def test_every_documented_path_can_be_typed(documented: list[str]):
    code = (
        "import json, sys\nfrom functools import reduce\nimport relmark_research as rm\n"
        "paths, wrong = json.load(sys.stdin), []\n"
        "for path in paths:\n"
        "    try:\n        reduce(getattr, path.split('.')[1:], rm)\n"
        "    except AttributeError as error:\n        wrong.append(path)\n"
        "print(json.dumps(wrong))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(documented),
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(documented) > 500
    assert json.loads(run.stdout) == []


def test_every_documented_name_stands_in_a_face(documented: list[str]):
    """A name that is reached through a submodule exists only once that module was imported."""
    hidden = []
    for path in documented:
        found, parts = rm, path.split(".")[1:]
        for part in parts:
            if isinstance(found, ModuleType) and part not in getattr(found, "__all__", dir(found)):
                hidden.append(path)
                break
            found = getattr(found, part)
    assert hidden == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_public_name_is_a_module_or_lacks_a_docstring(folder: str):
    inside = getattr(rm, folder)
    for name in inside.__all__:
        found = getattr(inside, name)
        assert not isinstance(found, ModuleType), name
        assert found.__doc__, name


def test_the_everyday_names_are_few_and_documented():
    assert len(rm.__all__) == len(set(rm.__all__)) <= 78  # DESIGN, 4 and 8
    assert [name for name in rm.__all__ if not getattr(rm, name).__doc__] == []


def test_the_listing_of_a_folder_holds_its_public_names():
    for folder in (rm, *(getattr(rm, name) for name in FOLDERS)):
        assert set(folder.__all__) <= set(dir(folder))
