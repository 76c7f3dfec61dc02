"""The layout of the package: small folders, imports that run one way, no circles."""

import ast
from collections import Counter, defaultdict

import pytest
import yaml

from tests.house.layout import IMPORTS, MODULES, PACKAGE, ROOT, circles, importers

LIMIT = 12  # modules in a folder, the face (__init__) not counted

LAYERS = [
    {"errors", "units", "formats", "stats", "evidence"},
    {"tables"},
    {"customers"},
    {"clv"},
    {"contracts"},
    {"ladder"},
    {"economics"},
    {"relationships"},
    {"customer_tables"},
    {"reporting"},
    {"narrative"},
    {"teaching"},
    {"cli", "__main__"},
]
PLOTS_MAY_USE = {"errors", "formats", "stats", "plots"}
SAME_NAME = {"__init__", "__main__"}  # names of files that may stand in several folders


def _room(name: str) -> str:
    return name.split(".")[0]


def _layer(name: str) -> int:
    return next((i for i, rooms in enumerate(LAYERS) if _room(name) in rooms), -1)


def test_folders_hold_at_most_twelve_modules():
    counts = Counter(
        path.parent.relative_to(PACKAGE) for name, path in MODULES.items() if "__init__" not in name
    )
    assert {str(folder): n for folder, n in counts.items() if n > LIMIT} == {}


def test_imports_run_one_way():
    wrong = []
    for name, used in IMPORTS.items():
        for other in used:
            if name.endswith("__init__"):
                continue
            if _room(name) == "plots":
                allowed = _room(other) in PLOTS_MAY_USE
            elif _room(name) == "simulation":
                allowed = _room(other) != "plots"
            else:
                allowed = _room(other) not in {"plots", "simulation"} and (
                    _layer(other) <= _layer(name)
                )
            if not allowed:
                wrong.append(f"{name} imports {other}")
    assert wrong == []


def test_there_is_no_import_circle_annotations_included():
    assert circles() == []


def test_imports_by_name_are_declared():
    """`import_module` is not seen above: the registry loads families, an exercise its answers."""
    found = {name for name, path in MODULES.items() if "import_module(" in path.read_text()}
    assert found == {"clv.estimation.registry", "teaching.exercises"}


def test_no_file_name_stands_in_two_folders():
    folders = defaultdict(set)
    for name, path in MODULES.items():
        if path.stem not in SAME_NAME and _room(name) != "plots":
            folders[path.stem].add(str(path.parent.relative_to(PACKAGE)))
    assert {stem: found for stem, found in folders.items() if len(found) > 1} == {}


def test_a_module_with_one_importer_in_its_folder_is_public_or_underscored():
    """Files that answer one of the frozen questions keep their names."""
    users, stubs = importers(), _in_stubs() | _in_questions()
    lonely = []
    for name in MODULES:
        stem = name.rsplit(".", 1)[-1]
        if stem.startswith("_") or "." not in name or name in stubs:
            continue
        found = users[name]
        same = {u for u in found if u.rpartition(".")[0] == name.rpartition(".")[0]}
        if len(found) == 1 and same:
            lonely.append(f"{name} is used by {found.pop()} only")
    assert lonely == []


def _in_stubs() -> set[str]:
    """Return the modules whose names a face exports."""
    found = set()
    for stub in PACKAGE.rglob("*.pyi"):
        base = ".".join(stub.parent.relative_to(PACKAGE).parts)
        for node in ast.walk(ast.parse(stub.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(f"{base}.{node.module}".strip("."))
    return found


def _in_questions() -> set[str]:
    questions = yaml.safe_load((ROOT / "tests" / "house" / "questions.yml").read_text())
    return {each["path"].removesuffix(".py").replace("/", ".") for each in questions}


def test_nothing_is_called_utils():
    assert [name for name in MODULES if "util" in name.rsplit(".", 1)[-1]] == []


@pytest.mark.parametrize("name", [n for n in MODULES if n.endswith("__init__")])
def test_a_folder_says_what_it_holds(name: str):
    assert ast.get_docstring(ast.parse(MODULES[name].read_text()))
