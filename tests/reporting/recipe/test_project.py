"""A new project, also from an installed wheel outside the repository."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.project import create_project

ROOT = Path(__file__).parents[3]


def test_a_project_has_the_files_of_a_first_run(tmp_path):
    made = create_project(tmp_path / "ours")
    names = {str(path.relative_to(tmp_path / "ours")) for path in made}
    assert {"README.md", ".gitignore", "data/README.md"} <= names
    assert {f"reports/recipes/{name}.yml" for name in ("cdnow", "own")} <= names
    books = {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert books <= names
    assert not [name for name in names if "lessons" in name], "their sources hold the solutions"


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(ReportError, match="is not empty"):
        create_project(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    with pytest.raises(ReportError, match="a project cannot be created in"):
        create_project(tmp_path / "mine" / "below")


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The wheel, built and unpacked as pip would put it."""
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site-packages")
    return folder / "site-packages"


def test_the_wheel_contains_notebooks_recipes_and_data(installed):
    package = installed / "relmark_research"
    assert (package / "notebooks" / "01_customer_base.ipynb").is_file()
    assert (package / "recipes" / "own.yml").is_file()
    assert (package / "sample" / "transactions.csv").is_file()
    assert (package / "reporting" / "pages" / "templates" / "report" / "style.css").is_file()
    assert not list(package.rglob(".ipynb_checkpoints"))


@pytest.mark.slow
def test_everything_works_from_the_wheel(installed, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.chdir(tmp_path)

    def relmark(*words: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "relmark_research", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr[-2000:]
        return done.stdout

    where = [sys.executable, "-c", "import relmark_research as r; print(r.__file__)"]
    found = subprocess.run(where, capture_output=True, text=True, check=True).stdout
    assert found.startswith(str(installed))
    relmark("init", "ours")
    monkeypatch.chdir(tmp_path / "ours")
    assert "01_customer_base" in relmark("list")
    assert list(Path("lessons", "student").glob("*.ipynb"))
    (tmp_path / "ours" / "data" / "sales.csv").write_text(
        "customer_id,date,value\n"
        + "".join(
            f"c{n % 40},2024-{1 + n % 12:02}-{1 + n % 28:02},{5 + n % 9}\n" for n in range(300)
        )
    )
    assert "2024" in relmark("check", "data/sales.csv")
    words = ["reports/recipes/own.yml", "--set", "data.source=data/sales.csv"]
    index = relmark("run", *words, "--only", "01_customer_base").strip().splitlines()[-1]
    page = (Path(index).parent / "01_customer_base.html").read_text()
    assert "40 customers spent" in page
    assert Path(index).is_relative_to(tmp_path / "ours" / "reports" / "runs")


def test_a_project_explains_itself_and_keeps_its_runs_out_of_git(tmp_path):
    create_project(tmp_path / "new")
    for name in ("README.md", "data/README.md", ".gitignore"):
        assert (tmp_path / "new" / name).read_text(encoding="utf-8").strip()
    assert "runs" in (tmp_path / "new" / ".gitignore").read_text(encoding="utf-8")
