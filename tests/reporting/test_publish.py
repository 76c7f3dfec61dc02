import multiprocessing

import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import Manifest, NotebookRun
from relmark_research.reporting.record.run_store import Home, RunningError, note_scratch


def made(home: Home, state: str = "done"):
    """Make and publish a run of one notebook."""
    run_id, aside = home.new_run()
    manifest = Manifest("r", "t", run_id, "s", notebooks=(NotebookRun("one", state),))
    manifest.write(aside)
    note_scratch(aside, aside / "none")
    return home.publish(aside, manifest)


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "runs" / "monthly")
    with home.locked():
        yield home


def names(home: Home) -> list[str]:
    return sorted(entry.name for entry in home.path.iterdir())


def test_a_good_run_is_latest(home):
    run = made(home)
    assert (home.path / "latest").resolve() == run.resolve()
    assert names(home) == sorted([".lock", run.name, "latest"])
    assert sorted(entry.name for entry in run.iterdir()) == ["manifest.json", "notebooks"]
    assert home.latest().run_id == run.name


def test_a_failed_run_is_kept_and_latest_stays(home):
    good, bad = made(home), made(home, "failed")
    assert bad.is_dir()
    assert (home.path / "latest").resolve() == good.resolve()
    assert home.latest().run_id == good.name


def test_there_is_no_latest_before_a_good_run(home):
    made(home, "killed")
    assert home.latest() is None
    assert not (home.path / "latest").is_symlink()


def test_runs_of_the_same_second_have_names_of_their_own(home):
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


def test_what_an_interrupted_run_left_is_cleared(tmp_path):
    home = Home(tmp_path / "runs")
    with home.locked():
        run = made(home)
        _, aside = home.new_run()
        (aside / "half.html").write_text("<html>")
        (home.path / ".latest-1").symlink_to("nowhere")
        (home.path / ".going-1").mkdir()
    with home.locked():
        assert names(home) == sorted([".lock", run.name, "latest"])


def test_only_our_own_scratch_folders_are_cleared(tmp_path):
    home, mine = Home(tmp_path / "runs"), tmp_path / "precious"
    mine.mkdir()
    with home.locked():
        _, aside = home.new_run()
        note_scratch(aside, mine)
    with home.locked():
        assert mine.is_dir()


def hold(path, held, done):
    with Home(path).locked():
        held.set()
        done.wait(20)


def test_a_second_run_is_refused_while_one_holds_the_lock(tmp_path):
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, held, done))
    other.start()
    assert held.wait(30)
    with pytest.raises(RunningError, match=f"is running already .process {other.pid}"):
        Home(tmp_path).locked().__enter__()
    with pytest.raises(RunningError):
        Home(tmp_path).refuse_if_running()
    done.set()
    other.join()
    Home(tmp_path).refuse_if_running()
    Home(tmp_path / "new").refuse_if_running()
    assert not (tmp_path / "new").exists()
    with Home(tmp_path).locked():
        assert names(Home(tmp_path)) == [".lock"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="runs cannot be kept in"):
        Home(tmp_path / "file" / "runs").locked().__enter__()
