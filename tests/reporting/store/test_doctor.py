"""What the doctor finds in stored runs, and what it repairs."""

import os
import shutil
import tempfile
import zipfile
from pathlib import Path

import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.store.doctor import (
    Finding,
    examine_store,
    find_stores,
    repair_store,
)
from relmark_research.reporting.store.run_store import AlreadyRunningError, RunStore
from tests.reporting.store.made_runs import DAMAGES, publish_run

KEPT = {  # what is named and left alone
    "manifest of a later version",
    "manifest of an earlier version",
    "foreign folders and files",
    "run that is a link",
}


@pytest.fixture
def store(tmp_path):
    store = RunStore(tmp_path / "runs" / "monthly")
    with store.locked():
        for value in (1.0, 2.0, 3.0):
            publish_run(store, value)
    return store


@pytest.fixture
def users_store():
    """A store of a user who is not root, since root may read everything."""
    folder = Path(tempfile.mkdtemp(prefix="rmd-", dir="/tmp"))
    root = os.geteuid() == 0
    try:
        if root:
            os.chown(folder, 65534, -1)
            os.seteuid(65534)
        store = RunStore(folder / "monthly")
        with store.locked():
            for value in (1.0, 2.0, 3.0):
                publish_run(store, value)
        yield store
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder, ignore_errors=True)


def newest(store: RunStore) -> Path:
    return store.folders()[-1]


def test_an_intact_store_has_no_findings(store):
    assert examine_store(store) == []
    assert repair_store(store) == []


UNSEEN = {"folder instead of the lock", "folder instead of the index"}  # set right by any run


@pytest.mark.parametrize("kind", DAMAGES)
def test_every_damage_is_named_and_repaired(users_store, kind):
    store = users_store
    before = {path.name for path in store.path.iterdir()}
    DAMAGES[kind](newest(store))
    findings = examine_store(store)
    assert bool(findings) == (kind not in UNSEEN)
    repaired = repair_store(store)
    assert {each.place for each in findings} <= {each.place for each in repaired}
    assert len(store.runs()) >= 2
    assert (store.latest() is None) == ("version" in kind)
    assert (store.path / "latest").is_symlink()
    left = examine_store(store)
    assert {each.repair for each in left} <= {""}
    assert bool(left) == (kind in KEPT)
    moved = {path.name for path in (store.path / "damaged").glob("*")}
    assert before <= {path.name for path in store.path.iterdir()} | moved


@pytest.mark.parametrize("kind", ["manifest without permission", "folder without permission"])
def test_permissions_are_restored(users_store, kind):
    DAMAGES[kind](newest(users_store))
    (finding,) = repair_store(users_store)[:1]
    assert finding.repair == "its permissions were restored"
    assert len(users_store.runs()) == 3


def test_a_damaged_run_is_moved_aside_with_the_reason(store):
    run = newest(store)
    (run / "files" / "one" / "table.csv").write_text("5,000,000")
    (finding,) = repair_store(store)
    assert finding.place == run.name
    assert finding.problem == ("files/one/table.csv changed or missing since it was published")
    assert finding.repair == f"moved to damaged/{run.name}"
    assert (store.path / "damaged" / run.name / "files" / "one" / "table.csv").is_file()
    assert run.name in (store.path / "damaged" / "why.txt").read_text()
    assert store.latest_run() == store.runs()[-1]
    assert len(store.runs()) == 2


def test_a_file_is_restored_from_a_run_with_the_same_content(tmp_path):
    store = RunStore(tmp_path / "monthly")
    with store.locked():
        publish_run(store)
        run = publish_run(store)
    (run / "notebooks" / "one.ipynb").unlink()
    (run / "one.html").write_text("edited")
    (finding,) = repair_store(store)
    assert finding.repair == "2 files were restored from other runs"
    assert examine_store(store) == []
    assert store.latest_run() == run


def test_files_that_somebody_added_are_named_and_left_alone(store):
    (newest(store) / "remarks.txt").write_text("mine")
    place = f"{newest(store).name}/remarks.txt"
    assert repair_store(store) == [Finding(place, "it was not published with the run")]
    assert (store.path / place).is_file()


def test_a_finding_is_a_sentence():
    assert str(Finding("a", "b", "c")) == "a: b; c"
    assert str(Finding("a", "b")) == "a: b; left alone"


def test_two_damaged_runs_of_one_name_are_both_kept(store):
    for _ in range(2):
        (store.path / ".x").write_text("")
        store.set_aside(store.path / ".x", "test")
    assert {path.name for path in (store.path / "damaged").iterdir()} == {"x", "x-2", "why.txt"}


def test_stores_are_found_in_their_folder_and_from_it(store, tmp_path):
    other = tmp_path / "runs" / "none"
    other.mkdir()
    assert find_stores(tmp_path / "runs") == [store]
    assert find_stores(store.path) == [store]
    with pytest.raises(ReportError, match="expected a folder of runs"):
        find_stores(other)
    with pytest.raises(ReportError, match="expected a folder of runs"):
        find_stores(tmp_path / "missing")


def by_copy(store: Path, target: Path) -> None:
    shutil.copytree(store, target, symlinks=False)  # cp -L


def by_zip(store: Path, target: Path) -> None:
    archive = target.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as file:
        for path in store.rglob("*"):
            if path.is_file() and path.name != ".lock":
                file.write(path, path.relative_to(store))
    with zipfile.ZipFile(archive) as file:
        file.extractall(target)


def by_rsync_that_stopped(store: Path, target: Path) -> None:
    shutil.copytree(store, target, symlinks=True)
    last = sorted(path for path in target.iterdir() if path.is_dir())[-2]
    (last / "notebooks" / "one.ipynb").unlink()
    (last / "manifest.json").write_text((last / "manifest.json").read_text()[:100])
    (target / "latest").unlink()


@pytest.mark.parametrize("copy", [by_copy, by_zip, by_rsync_that_stopped])
def test_a_copied_store_goes_on(store, tmp_path, copy):
    copied = RunStore(tmp_path / "other" / "monthly")
    copied.path.parent.mkdir()
    copy(store.path, copied.path)
    with copied.locked():
        run = publish_run(copied, 4.0)
    assert copied.latest_run() == run
    assert (copied.path / "latest").is_symlink()
    assert len(copied.runs()) >= 3
    repair_store(copied)
    assert examine_store(copied) == []


def test_the_doctor_waits_for_a_run_in_progress(store):
    with store.locked(), pytest.raises(AlreadyRunningError):
        examine_store(store)


def test_an_examination_says_what_would_be_done(store):
    (store.path / ".going-x").write_text("")
    (store.path / ".running-7").write_text("{}")
    newest(store).joinpath("one.html").write_text("edited")
    found = [str(each) for each in examine_store(store)]
    assert len(found) == 2
    assert found[0] == ".going-x: an interrupted run left it; would be removed"
    assert found[1].endswith("; would be restored, or moved to damaged")
