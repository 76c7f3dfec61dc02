"""The wheel in an empty environment: a project is made, a log checked, and every report runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RECIPES = ("cdnow", "crm")  # together all nine reports


def command(*arguments: object, cwd: Path) -> str:
    """Run a command without this environment's packages; fail with its last words."""
    hidden = {"PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        list(map(str, arguments)), cwd=cwd, env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{arguments}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def constraints() -> str:
    """Return the versions of the lock: the wheel is tried with those that CI has tested."""
    pinned = re.findall(
        r"^([A-Za-z0-9_.-]+==[^\\\n]+)", (ROOT / "requirements.lock").read_text(), re.M
    )
    return "\n".join(line.strip() for line in pinned)


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A virtual environment with the wheel and what it depends on, and nothing else."""
    folder = tmp_path_factory.mktemp("bare wheel")
    python = folder / "venv" / "bin" / "python"
    command(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    pip = (python, "-m", "pip", "--disable-pip-version-check", "--quiet")
    command(*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    (folder / "constraints.txt").write_text(constraints())
    command(*pip, "install", "--constraint", folder / "constraints.txt", wheel, cwd=folder)
    return folder / "venv" / "bin"


@pytest.mark.slow
def test_a_bare_wheel_makes_a_project_checks_a_log_and_runs_every_report(installed, tmp_path):
    relmark = installed / "relmark"
    found = command(installed / "python", "-m", "pip", "list", "--format=freeze", cwd=tmp_path)
    assert "ipywidgets" not in found and "pytest" not in found
    command(relmark, "init", tmp_path / "project", cwd=tmp_path)
    project = tmp_path / "project"
    assert "rows used" in command(relmark, "check", "dataset:cdnow", cwd=project)
    reports: set[str] = set()
    for name in RECIPES:
        said = command(relmark, "run", f"reports/recipes/{name}.yml", "--jobs", 2, cwd=project)
        pages = Path(said.strip().splitlines()[-1]).parent.glob("0*.html")
        reports |= {page.stem[:2] for page in pages}
    assert reports == {f"{n:02}" for n in range(1, 10)}
