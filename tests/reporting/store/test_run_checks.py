"""Whether a stored run is as published, whatever happened to it."""

import pytest

from relmark_research.reporting.record.manifest import Manifest, NotebookRun
from relmark_research.reporting.store.run_checks import (
    RunCheck,
    changed_files,
    check_run,
    file_checksums,
    is_run_id,
    unlisted_files,
)
from relmark_research.reporting.store.run_store import RunStore
from tests.reporting.store.made_runs import publish_run


@pytest.fixture
def run(tmp_path):
    store = RunStore(tmp_path / "monthly")
    with store.locked():
        return publish_run(store)


NAMES = ["files/one/table.csv", "index.html", "notebooks/one.ipynb", "one.html"]


def test_a_published_run_has_a_checksum_of_every_file(run):
    check = check_run(run, files=True)
    assert (check.damage, check.is_sound, check.is_complete) == ((), True, True)
    assert list(check.manifest.files) == NAMES
    assert check.manifest.files == file_checksums(run)
    assert str(check) == f"run {run.name}: as published"


@pytest.mark.parametrize("name", NAMES)
def test_an_edited_file_is_named(run, name):
    (run / name).write_text("5,000,000")
    assert check_run(run).is_sound  # of the manifest alone
    check = check_run(run, files=True)
    assert check.damage == (f"{name} changed or missing since it was published",)
    assert check.is_own
    assert not check.is_complete
    assert changed_files(run, check.manifest) == [name]
    assert changed_files(run, check.manifest, below=("none",)) == []


def test_many_changed_files_are_counted(run):
    for name in NAMES:
        (run / name).unlink()
    words = ", ".join(NAMES[:3])
    assert check_run(run, files=True).damage == (
        f"{words} and 1 more changed or missing since it was published",
    )


def test_paths_outside_of_the_run_are_not_read(run):
    manifest = Manifest("r", "t", run.name, "s", files={"../x": "0", "/etc/passwd": "0", "\0": ""})
    assert changed_files(run, manifest) == ["../x", "/etc/passwd", "\0"]


def test_added_files_are_listed(run):
    (run / "remarks.txt").write_text("mine")
    assert unlisted_files(run, check_run(run).manifest) == ["remarks.txt"]


def test_a_run_is_complete_if_all_its_notebooks_are_done(run):
    manifest = check_run(run).manifest
    skipped = manifest.with_run(NotebookRun("one", "skipped"))
    assert not RunCheck(run, skipped).is_complete
    assert not RunCheck(run, None).is_complete
    assert not RunCheck(run, manifest, ("damage",)).is_complete


@pytest.mark.parametrize("name", ["latest", "20261121", "20261121-18300", "x20261121-183005", ""])
def test_other_names_are_no_run_ids(name):
    assert not is_run_id(name)
