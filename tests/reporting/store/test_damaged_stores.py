"""Whatever happened to a store, the next run goes on, with true figures and a word about it."""

import shutil

import pytest

from relmark_research.reporting.execution.runner import run_recipe
from relmark_research.reporting.record.manifest import read_manifest
from relmark_research.reporting.store.doctor import examine_store, repair_store
from relmark_research.reporting.store.run_checks import check_run
from relmark_research.reporting.store.run_store import RunStore
from tests.reporting.played_notebooks import VARIABLE, PlayedProject, play
from tests.reporting.store.made_runs import DAMAGES


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    project = PlayedProject(tmp_path).create()
    play(project, monkeypatch)
    for value in (1, 2):
        project.change("sales.csv", value)
        run_recipe(project.recipe)
    return project


WITHOUT_A_WORD = {  # nothing that was published is concerned
    "latest is a broken link",
    "latest is a link to itself",
    "latest is a link outside",
    "foreign folders and files",
    "folder instead of the lock",
    "folder instead of the index",
    "leftovers of another kind",
    "manifest without permission",  # root may read it; tests of the doctor are run as a user
    "folder without permission",
}


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.every(3)
def test_a_run_survives(project, kind, capsys):
    store = RunStore(project.home)
    DAMAGES[kind](store.folders()[-1])
    capsys.readouterr()
    run = run_recipe(project.recipe)
    manifest = read_manifest(run)
    assert manifest.succeeded
    assert manifest.notebooks[0].key_figures[0].value == project.expected
    assert check_run(run, files=True).is_complete
    assert store.latest_run() == run
    said, page = capsys.readouterr().err, (run / "index.html").read_text()
    assert bool(manifest.notes) == (kind not in WITHOUT_A_WORD)
    for note in manifest.notes:
        assert f"relmark: {note}" in said
        assert "Earlier runs that were not used" in page
    project.change("hidden.txt", 7)  # and the next one
    assert read_manifest(run_recipe(project.recipe)).notebooks[0].reused_from is None
    repair_store(store)
    assert {finding.repair for finding in examine_store(store)} <= {""}


@pytest.mark.parametrize("name", ["notebooks/one.ipynb", "files/one/table.csv", "manifest.json"])
def test_an_edited_file_never_becomes_a_key_figure(project, name):
    path = project.home / "latest" / name
    figure = str(int(project.expected))
    assert figure in path.read_text()
    path.write_text(path.read_text().replace(figure, "5000000"))
    run = run_recipe(project.recipe)
    one = read_manifest(run).notebooks[0]
    assert one.reused_from is None or name == "manifest.json"  # the first run has other data
    assert one.key_figures[0].value == project.expected
    for file in run.rglob("*"):
        if file.is_file():
            assert "5000000" not in file.read_text()
            assert "5,000,000" not in file.read_text()


def test_a_damaged_run_is_left_out_of_the_overview_with_its_reason(project):
    store = RunStore(project.home)
    (store.folders()[0] / "manifest.json").write_text("{")
    run_recipe(project.recipe)
    page = (project.home / "index.html").read_text()
    assert "These stored runs are not as published" in page
    assert f"run {store.folders()[0].name}: its manifest cannot be used" in page
    assert f'href="{store.folders()[0].name}/index.html"' not in page


def test_damaged_runs_are_not_removed_and_do_not_count_for_keep(project):
    project.recipe.write_text(project.recipe.read_text() + "\nkeep: 2")
    store = RunStore(project.home)
    first, second = store.folders()
    (first / "manifest.json").write_text("{")
    third = run_recipe(project.recipe)
    assert store.folders() == [first, second, third]


def test_runs_of_another_recipe_do_not_stop_the_overview(project):
    other = project.home.parent / "other"
    shutil.copytree(project.home, other, symlinks=True)
    for folder in RunStore(other).folders():
        (folder / "manifest.json").write_bytes(b"\xff\xfe")
    shutil.copytree(project.home, project.home.parent / "flat", symlinks=False)
    assert read_manifest(run_recipe(project.recipe)).succeeded
    page = (project.home.parent / "index.html").read_text()
    assert 'href="monthly/index.html"' in page


def test_an_overview_that_cannot_be_written_does_not_undo_the_run(project, capsys):
    (project.home.parent / "index.html").unlink()
    (project.home.parent / "index.html" / "inside").mkdir(parents=True)
    run = run_recipe(project.recipe)
    assert RunStore(project.home).latest_run() == run
    assert "relmark: the overview could not be written" in capsys.readouterr().err
