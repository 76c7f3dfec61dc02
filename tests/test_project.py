"""The project's promises: one set of dependencies, thin notebooks, a light import."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import relmark_research

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "relmark_research"
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))

CONDA_NAMES = {
    "python-duckdb": "duckdb",
    "python-fastjsonschema": "fastjsonschema",
    "ibis-duckdb": "ibis-framework",
}

HEAVY = ("matplotlib", "papermill", "ibis", "duckdb", "lifetimes")


LOCKS = {
    "requirements.lock": ("lab", "dev"),
    "requirements-engines.lock": ("postgres", "spark", "polars", "complete-journey"),
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


def _import_cpu(module: str) -> tuple[float, list[str]]:
    code = (
        f"import resource, sys; import {module}; u = resource.getrusage(resource.RUSAGE_SELF);"
        f"print(u.ru_utime + u.ru_stime, *(m for m in {HEAVY!r} if m in sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, *loaded = out.stdout.split()
    return float(seconds), loaded


def test_import_is_light():
    best, limit = float("inf"), 1.5 * _import_cpu("pandas")[0]
    for _ in range(4):  # a busy machine may slow one of them
        seconds, loaded = _import_cpu("relmark_research")
        assert loaded == []
        best = min(best, seconds)
        if best <= limit:
            break
    assert best <= limit


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


def test_the_citation_is_of_this_version():
    """CITATION.cff, by the format's schema 1.2.0."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == project["version"] == relmark_research.__version__
    for name, key in {"title": "name", "license": "license", "keywords": "keywords"}.items():
        assert citation[name] == project[key]
    assert citation["abstract"] == project["description"]
    (author,) = citation["authors"]
    owner = re.search(r"^Copyright \(c\) [\d-]+ (.+)$", (ROOT / "LICENSE").read_text(), re.M)
    assert owner[1] == author["name"]
    for paper in citation["references"]:
        assert {"type", "title", "authors", "journal", "volume", "year"} <= paper.keys()
        assert re.fullmatch(r"10\.\d{4,9}/[\w:/;.()-]+", paper.get("doi", "10.1000/none"))
        assert all({"family-names", "given-names"} <= each.keys() for each in paper["authors"])


def test_no_folder_can_stand_in_for_a_target():
    text = (ROOT / "Makefile").read_text()
    phony = set(re.search(r"^\.PHONY:(.*)$", text, re.M)[1].split())
    assert phony == set(re.findall(r"^([a-z-]+):", text, re.M))


def test_editors_see_types():
    assert (PACKAGE / "py.typed").is_file()
