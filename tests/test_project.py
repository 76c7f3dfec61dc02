"""The project's promises: one set of dependencies, thin notebooks, light import, one-way house."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "relmark_research"
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))

CONDA_NAMES = {"python-duckdb": "duckdb", "ibis-duckdb": "ibis-framework"}

LAYERS = [
    {"errors", "units"},
    {"customers"},
    {"clv"},
    {"economics", "ladder", "relationships"},
    {"reporting"},
    {"teaching"},
    {"cli", "__main__"},
]

HEAVY = ("matplotlib", "papermill", "ibis", "duckdb", "lifetimes")


LOCKS = {
    "requirements.lock": ("lab", "dev"),
    "requirements-engines.lock": ("postgres", "spark", "polars"),
    "requirements-docs.lock": ("docs",),
}


def _requirements(*extras: str) -> dict[str, str]:
    """Name -> range, of what pyproject.toml asks for: the package's own needs and those extras'."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *(project["optional-dependencies"][e] for e in extras)]
    return dict(_parted(line) for group in groups for line in group)


def _parted(requirement: str) -> tuple[str, str]:
    name, _, limits = re.match(r"([A-Za-z0-9_-]+)(\[[a-z]+\])?(.*)", requirement).groups()
    return CONDA_NAMES.get(name.lower(), name.lower()), limits


def test_environment_asks_for_what_pyproject_asks_for():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    plain = [line for line in listed if isinstance(line, str)]
    by_pip = [line for part in listed if isinstance(part, dict) for line in part["pip"]]
    found = dict(_parted(line) for line in [*plain, *by_pip] if not line.startswith("--"))
    assert found.pop("python") == ">=3.11"
    found.pop("pip")
    assert found == _requirements(*LOCKS["requirements.lock"])


def test_every_extra_is_in_a_lock():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert sorted(project["optional-dependencies"]) == sorted(
        e for extras in LOCKS.values() for e in extras
    )


@pytest.mark.parametrize(("name", "extras"), LOCKS.items())
def test_lock_pins_every_requirement_within_its_range(name, extras):
    from packaging.specifiers import SpecifierSet

    lock = (ROOT / name).read_text()
    pins = re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", lock, flags=re.M)
    for name, limits in _requirements(*extras).items():
        versions = [version for pinned, version in pins if pinned == name]
        assert versions, f"{name} is not in the lock"
        assert all(version in SpecifierSet(limits) for version in versions), name


@pytest.mark.parametrize("name", LOCKS)
def test_lock_has_hashes_and_no_address(name):
    lock = (ROOT / name).read_text()
    assert "://" not in lock
    assert lock.count("--hash=sha256:") > lock.count("==")


def _imports(path: Path) -> set[str]:
    """The modules of ours that a file imports, anywhere in it, as names below the package."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    prefix = "relmark_research."
    return {name.removeprefix(prefix) for name in found if name.startswith(prefix)}


def _layer(dotted: str) -> int:
    head = dotted.split(".")[0]
    return next((i for i, names in enumerate(LAYERS) if head in names), -1)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.name))
def test_imports_run_one_way(path: Path):
    own = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    for used in _imports(path):
        if own.startswith("plots"):
            assert used.split(".")[0] in {"errors", "plots"}, f"{own} imports {used}"
        else:
            assert not used.startswith("plots"), f"only notebooks import plots; {own} does"
            assert _layer(used) <= _layer(own) or own == "__init__", f"{own} imports {used}"


def test_nothing_is_called_utils():
    assert not [path for path in PACKAGE.rglob("*.py") if "util" in path.stem]


def _import_cpu(module: str) -> tuple[float, list[str]]:
    code = (
        f"import resource, sys; import {module}; u = resource.getrusage(resource.RUSAGE_SELF);"
        f"print(u.ru_utime + u.ru_stime, *(m for m in {HEAVY!r} if m in sys.modules))"
    )
    best, loaded = float("inf"), []
    for _ in range(3):
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        seconds, *loaded = out.stdout.split()
        best = min(best, float(seconds))
    return best, loaded


def test_import_is_light():
    ours, loaded = _import_cpu("relmark_research")
    assert loaded == []
    assert ours <= 1.5 * _import_cpu("pandas")[0]


def test_every_public_name_exists_and_has_a_docstring():
    import relmark_research as rm

    assert len(rm.__all__) == len(set(rm.__all__)) <= 60
    for name in rm.__all__:
        assert getattr(rm, name).__doc__, name


@pytest.mark.parametrize("folder", ["clv", "customers", "economics", "ladder", "relationships"])
def test_every_name_of_a_folder_exists_and_is_no_module(folder: str):
    import relmark_research as rm

    inside = getattr(rm, folder)
    for name in inside.__all__:
        found = getattr(inside, name)
        assert not isinstance(found, ModuleType), name
        assert found.__doc__, name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_are_thin_and_hold_no_outputs(path: Path):
    limit = 12 if "lessons" in path.parts else 8
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        lines = [line for line in "".join(cell["source"]).splitlines() if line.strip()]
        if "parameters" not in cell["metadata"].get("tags", []):
            assert len(lines) <= limit, lines


def test_files_and_functions_stay_small():
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        assert text.count("\n") <= 300, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = (
                    node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
                )
                assert node.end_lineno - body[0].lineno < 40, f"{path}: {node.name}"
                count = len(
                    [
                        a
                        for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
                        if a.arg not in ("self", "cls")
                    ]
                )
                is_command = any(
                    ast.unparse(each).startswith("app.command") for each in node.decorator_list
                )  # typer's options are parameters; they go into a dataclass at once
                assert count <= 8 or is_command, f"{path}: {node.name} has {count} parameters"


def test_no_folder_can_stand_in_for_a_target():
    text = (ROOT / "Makefile").read_text()
    phony = set(re.search(r"^\.PHONY:(.*)$", text, re.M)[1].split())
    assert phony == set(re.findall(r"^([a-z-]+):", text, re.M))
