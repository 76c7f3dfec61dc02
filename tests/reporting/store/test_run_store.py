import json
import multiprocessing
import shutil
import tempfile

import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import Manifest, NotebookRun
from relmark_research.reporting.store.run_store import (
    AlreadyRunningError,
    RunStore,
    register_scratch,
)
from relmark_research.reporting.store.scratch import create_scratch, scratch_path


def made(home: RunStore, state: str = "done"):
    """Make and publish a run of one notebook."""
    run_id, aside = home.new_run()
    manifest = Manifest("r", "t", run_id, "s", notebooks=(NotebookRun("one", state),))
    manifest.write(aside)
    register_scratch(aside, aside / "none")
    return home.publish(aside, manifest)


@pytest.fixture
def home(tmp_path):
    home = RunStore(tmp_path / "runs" / "monthly")
    with home.locked():
        yield home


def names(home: RunStore) -> list[str]:
    return sorted(entry.name for entry in home.path.iterdir())


def test_a_good_run_is_latest(home):
    run = made(home)
    assert (home.path / "latest").resolve() == run.resolve()
    assert names(home) == sorted([".lock", run.name, "latest"])
    assert sorted(entry.name for entry in run.iterdir()) == ["manifest.json", "notebooks"]
    assert home.latest().run_id == run.name


def test_a_failed_run_is_kept_and_latest_does_not_change(home):
    good, bad = made(home), made(home, "failed")
    assert bad.is_dir()
    assert (home.path / "latest").resolve() == good.resolve()
    assert home.latest().run_id == good.name


def test_there_is_no_latest_before_a_good_run(home):
    made(home, "killed")
    assert home.latest() is None
    assert not (home.path / "latest").is_symlink()


def test_runs_in_the_same_second_have_different_names(home):
    runs = [made(home) for _ in range(4)]
    assert len({run.name for run in runs}) == 4
    assert home.runs() == sorted(runs)


def test_keep_removes_the_oldest_but_never_the_last_good_one(home):
    good = made(home)
    failed = [made(home, "failed") for _ in range(4)]
    home.prune(2)
    assert set(home.runs()) == {good, *failed[-2:]}
    home.prune(None)
    assert len(home.runs()) == 3


def test_files_of_an_interrupted_run_are_removed(tmp_path):
    home = RunStore(tmp_path / "runs")
    with home.locked():
        run = made(home)
        _, aside = home.new_run()
        (aside / "half.html").write_text("<html>")
        (home.path / ".latest-1").symlink_to("nowhere")
        (home.path / ".going-1").mkdir()
    with home.locked():
        assert names(home) == sorted([".lock", run.name, "latest"])


def test_only_our_own_scratch_folders_are_removed(tmp_path):
    home, mine = RunStore(tmp_path / "runs"), tmp_path / "precious"
    mine.mkdir()
    with home.locked():
        _, aside = home.new_run()
        register_scratch(aside, mine)
    with home.locked():
        assert mine.is_dir()


def hold(path, held, done):
    with RunStore(path).locked():
        held.set()
        done.wait(20)


def test_a_second_run_is_refused_while_one_holds_the_lock(tmp_path):
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, held, done))
    other.start()
    assert held.wait(30)
    with pytest.raises(AlreadyRunningError, match=f"is already running .process {other.pid}"):
        RunStore(tmp_path).locked().__enter__()
    with pytest.raises(AlreadyRunningError):
        RunStore(tmp_path).check_not_running()
    done.set()
    other.join()
    RunStore(tmp_path).check_not_running()
    RunStore(tmp_path / "new").check_not_running()
    assert not (tmp_path / "new").exists()
    with RunStore(tmp_path).locked():
        assert names(RunStore(tmp_path)) == [".lock"]


def test_a_folder_that_cannot_be_created_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="runs cannot be stored in"):
        RunStore(tmp_path / "file" / "runs").locked().__enter__()


def test_the_scratch_folder_of_an_interrupted_run_is_removed_below_a_path_with_spaces(
    home, monkeypatch
):
    with tempfile.TemporaryDirectory(prefix="rm of ours ", dir="/tmp") as temporary:
        monkeypatch.setattr(tempfile, "tempdir", temporary)
        scratch = scratch_path()
        create_scratch(scratch)
        register_scratch(home.new_run()[1], scratch)
        home.remove_interrupted()
        assert not scratch.exists()


def test_a_damaged_run_does_not_stop_later_runs(home):
    good, damaged = made(home), made(home)
    (damaged / "manifest.json").write_text("{")
    assert home.latest() is None
    home.repair_latest()
    assert (home.path / "latest").resolve() == good.resolve()
    assert home.latest().run_id == good.name


def test_a_store_without_a_folder_has_no_runs(tmp_path):
    assert RunStore(tmp_path / "none").runs() == []


def test_foreign_folders_are_neither_runs_nor_the_last_id(home):
    run = made(home)
    shutil.copytree(run, home.path / "zzz")
    shutil.copytree(run, home.path / f"{run.name} (copy)")
    assert home.runs() == [run]
    run_id, _ = home.new_run()
    assert run_id > run.name
    assert not run_id.startswith("zzz")
    assert home.new_run()[0] > run_id  # a run in progress that cannot be removed is passed over


def test_a_run_of_another_version_stays_the_last_good_one(home):
    made(home)
    newest = made(home)
    record = json.loads((newest / "manifest.json").read_text()) | {"schema": 99}
    (newest / "manifest.json").write_text(json.dumps(record))
    assert home.repair_latest() == []
    assert home.latest_run() == newest
    assert home.latest() is None
    home.prune(1)
    assert newest.is_dir()


def test_what_is_set_aside_has_its_reason(home):
    (home.path / "x").write_text("1")
    assert home.set_aside(home.path / "x", "in the way") == home.path / "damaged" / "x"
    assert (home.path / "damaged" / "why.txt").read_text() == "x: in the way\n"


def test_a_file_in_the_place_of_the_folder_for_damaged_runs_is_kept(home):
    (home.path / "damaged").write_text("mine")
    (home.path / "x").write_text("1")
    home.set_aside(home.path / "x", "in the way")
    assert [path.read_text() for path in home.path.glob("damaged-*")] == ["mine"]


def test_publishing_keeps_the_permissions_of_the_manifest(home):
    run_id, aside = home.new_run()
    manifest = Manifest("r", "t", run_id, "s", notebooks=(NotebookRun("one", "done"),))
    for mode in (0o600, 0o640):
        manifest.write(aside).chmod(mode)
        assert (
            home.publish(aside, manifest).joinpath("manifest.json").stat().st_mode & 0o777 == mode
        )
        (home.path / run_id).rename(aside)
