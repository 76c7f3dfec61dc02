"""Runs that are interrupted: the last good run is intact, and the manifest is correct."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from relmark_research import cli
from relmark_research.reporting.execution.runner import RunOptions, run_recipe
from relmark_research.reporting.pages.overview import write_overviews
from relmark_research.reporting.record.manifest import Manifest, NotebookRun, read_manifest
from relmark_research.reporting.store import run_store
from relmark_research.reporting.store.run_store import RunStore
from tests.reporting.books import write_notebook, write_recipe

ROOT = Path(__file__).parents[3]
MARK = f"faults-{os.getpid()}"
HUNGRY = "held = [b'x' * 2_000_000_000]"
LEFT = (".making-", ".going-", ".latest-", ".index.html.")


@pytest.fixture(scope="module")
def temporary(tmp_path_factory) -> Path:
    """A separate folder for temporary files, with a path short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="rmf-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module", autouse=True)
def own_marks(temporary):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RELMARK_TEST", MARK)
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr("tempfile.tempdir", None)
        yield


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("faults")
    books = folder / "notebooks"
    write_notebook(books, "quick", "1 + 1", parameters="as_of = None\nturn = 0")
    write_notebook(books, "second", "2 + 2", parameters="as_of = None\nturn = 0")
    write_notebook(books, "hungry", HUNGRY, "after = 1")
    write_notebook(books, "greedy", "raise MemoryError('no room')")
    write_recipe(folder, "title: T\nnotebooks: [quick]\nkeep: 2", name="small")
    write_recipe(folder, "title: T\nnotebooks: [quick, second]\nkeep: 2\nreuse: false", name="two")
    write_recipe(
        folder,
        "title: T\nnotebooks: [hungry, greedy]\nmemory_limit: 700 MB\ntime_limit: 2 minutes",
        name="hungry",
    )
    return folder


def start(recipe: Path, *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "relmark_research", "run", str(recipe), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )


def ours() -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            marks = process.environ()
            if marks.get("RELMARK_TEST") == MARK and "RELMARK_PROCESS" in marks:
                found += [process] if process.status() != "zombie" else []
        except psutil.Error:
            continue
    return found


def check_latest(home: Path) -> Manifest:
    """Check that the last good run is complete and matches its manifest."""
    latest = home / "latest"
    manifest = read_manifest(latest)
    assert manifest.succeeded
    assert not manifest.partial
    assert manifest.run_id == latest.resolve().name
    assert (latest / "index.html").read_text().rstrip().endswith("</html>")
    for run in manifest.notebooks:
        assert (latest / run.report).read_text().rstrip().endswith("</html>")
        assert (latest / "notebooks" / f"{run.notebook}.ipynb").is_file()
    for page in (home / "index.html", home.parent / "index.html"):
        assert page.read_text().rstrip().endswith("</html>")
    return manifest


def check_clean(home: Path, temporary: Path) -> None:
    """Check that nothing is left of an interrupted run."""
    assert [entry.name for entry in home.iterdir() if entry.name.startswith(LEFT)] == []
    end = time.monotonic() + 20
    while ours() and time.monotonic() < end:
        time.sleep(0.1)
    assert ours() == []
    assert [entry.name for entry in temporary.glob("relmark-*")] == []


def kill_at(moments: list[float], recipe: Path, home: Path) -> int:
    """Kill a run at each moment, check the last good run, and return the number of kills."""
    count = 0
    for turn, moment in enumerate(moments):
        runner = start(recipe, "--set", f"turn={turn + 1}")
        try:
            runner.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            os.kill(runner.pid, signal.SIGKILL)
            runner.communicate()
            count += 1
        check_latest(home)
        for aside in home.glob(".making-*"):
            if (aside / "manifest.json").exists():
                states = {run.state for run in read_manifest(aside).notebooks}
                assert states <= {"queued", "running", "done"}
    return count


def kill_many(project: Path, temporary: Path, times: int, name: str) -> None:
    recipe = project / "reports" / "recipes" / f"{name}.yml"
    home = project / "reports" / "runs" / name
    began = time.monotonic()
    run_recipe(recipe)
    lasts = time.monotonic() - began + 1.0  # and the interpreter's own start
    source = random.Random(20261121)
    count = kill_at([source.uniform(0.05, lasts) for _ in range(times)], recipe, home)
    assert count >= times * 0.6
    final = start(recipe, "--set", "turn=-1")
    assert final.communicate(timeout=120)[0].strip().endswith("index.html")
    assert final.returncode == cli.DONE
    manifest = check_latest(home)
    assert {run.parameters["turn"] for run in manifest.notebooks} == {-1}
    check_clean(home, temporary)


@pytest.mark.slow
def test_a_run_killed_at_fifty_moments_leaves_the_last_good_one(project, temporary):
    kill_many(project, temporary, 50, "two")


PLACES = ("rename", "replace", "symlink_to", "unlink", "mkdir", "rmdir")


def publish_and_die(home: Path, at: int) -> None:
    """Publish a run in a process that ends at one of its changes to the disk."""
    count = [0]

    def dying(change):
        def instead(*given, **named):
            count[0] += 1
            if count[0] == at:
                os._exit(9)
            return change(*given, **named)

        return instead

    for place in PLACES:
        setattr(Path, place, dying(getattr(Path, place)))
    os.rename, os.replace = dying(os.rename), dying(os.replace)
    publish_one(home, turn=at)
    os._exit(0)


def publish_one(home: Path, turn: int) -> None:
    runs = RunStore(home)
    with runs.locked():
        run_id, aside = runs.new_run()
        run = NotebookRun("one", "done", report="one.html", parameters={"turn": turn})
        manifest = Manifest("r", "t", run_id, "2026-11-21T18:00:00+00:00", notebooks=(run,))
        manifest.write(aside)
        for name in ("index.html", "one.html", "notebooks/one.ipynb"):
            (aside / name).write_text("<html></html>")
        runs.publish(aside, manifest)
        runs.prune(2)
        write_overviews(runs, "t")


def test_publication_may_be_interrupted_at_any_step(tmp_path):
    home = tmp_path / "runs" / "monthly"
    for turn in range(3):
        publish_one(home, turn)
    for at in range(1, 60):
        child = os.fork()
        if child == 0:
            try:
                publish_and_die(home, at)
            finally:
                os._exit(1)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, 9)
        check_latest(home)
        if code == 0:
            break
    else:
        pytest.fail("it never came to its end")
    assert at > 10
    assert check_latest(home).notebooks[0].parameters["turn"] == at
    assert sorted(entry.name for entry in home.iterdir() if entry.is_dir())[-1] == "latest"
    assert [entry.name for entry in home.iterdir() if entry.name.startswith(LEFT)] == []


def test_latest_is_repaired_after_a_runner_was_killed(tmp_path):
    home = tmp_path / "runs" / "monthly"
    publish_one(home, 1)
    first = (home / "latest").resolve().name
    publish_one(home, 2)
    second = (home / "latest").resolve().name
    RunStore(home)._link_latest(first)
    with RunStore(home).locked():
        assert (home / "latest").resolve().name == second


@pytest.mark.slow
def test_a_full_disk_ends_with_1_and_leaves_the_last_good_run(project, temporary, capsys):
    disk = project / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk needs root and the right to mount")
    try:
        words = ["run", str(project / "reports" / "recipes" / "small.yml"), "--out", str(disk)]
        assert cli.exit_code(words) == cli.DONE
        before = check_latest(disk / "small")
        (disk / "filler").write_bytes(b"x" * (shutil.disk_usage(disk).free - 45_000))
        capsys.readouterr()
        assert cli.exit_code([*words, "--force"]) == cli.FAILED
        assert "No space left on device" in capsys.readouterr().err
        assert check_latest(disk / "small") == before
        check_clean(disk / "small", temporary)
        (disk / "filler").unlink()
        assert cli.exit_code([*words, "--force"]) == cli.DONE
        assert check_latest(disk / "small").run_id > before.run_id
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.slow
def test_too_much_memory_ends_a_notebook_before_the_machine(project, temporary):
    run = run_recipe(project / "reports" / "recipes" / "hungry.yml", RunOptions(jobs=2))
    runs = {each.notebook: each for each in read_manifest(run).notebooks}
    assert {each.state for each in runs.values()} == {"out of memory"}
    assert "above its limit of 700 MB, in cell 3 of " in runs["hungry"].error
    assert "MemoryError: no room" in runs["greedy"].error
    assert 700e6 < runs["hungry"].memory < 2.2e9
    assert "Out of memory" in (run / "index.html").read_text()
    check_clean(run.parent, temporary)


@pytest.mark.slow
def test_a_kernel_that_does_not_start_is_retried_once(project, tmp_path, monkeypatch):
    flag = tmp_path / "flag"
    (tmp_path / "ipykernel_launcher.py").write_text(
        "import os, pathlib\n"
        f"flag = pathlib.Path({str(flag)!r})\n"
        "tried = flag.read_text() if flag.exists() else ''\n"
        "flag.write_text(tried + 'x')\n"
        "if not tried:\n    os._exit(1)\n"
        "from ipykernel import kernelapp\nkernelapp.launch_new_instance()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    recipe = project / "reports" / "recipes" / "small.yml"
    again = read_manifest(run_recipe(recipe, RunOptions(out=tmp_path / "once"))).notebooks[0]
    assert (again.state, again.attempts, flag.read_text()) == ("done", 2, "xx")


@pytest.mark.slow
def test_no_installed_kernel_is_needed(project, tmp_path, monkeypatch):
    import nbformat

    path = write_notebook(project / "notebooks", "foreign", "1 + 1")
    book = nbformat.read(path, as_version=4)
    book.metadata["kernelspec"] = {"name": "deleted", "display_name": "Gone", "language": "python"}
    nbformat.write(book, path)
    recipe = write_recipe(project, "title: T\nnotebooks: [foreign]", name="foreign")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "nothing"))
    assert read_manifest(run_recipe(recipe)).succeeded


def test_a_second_run_exits_with_4_while_the_first_runs(project, temporary, capsys):
    recipe = project / "reports" / "recipes" / "small.yml"
    with RunStore(project / "reports" / "runs" / "small").locked():
        assert cli.exit_code(["run", str(recipe)]) == cli.RUNNING
    assert f"is already running (process {os.getpid()}" in capsys.readouterr().err
    assert cli.exit_code(["run", str(recipe), "--force"]) == cli.DONE
    check_clean(project / "reports" / "runs" / "small", temporary)


@pytest.mark.slow
def test_a_clock_going_back_changes_neither_order_nor_durations(project, monkeypatch):
    recipe = write_recipe(project, "title: T\nnotebooks: [quick]\nkeep: 3", name="clock")
    days = {"at": datetime(2030, 1, 1, 6, tzinfo=UTC)}
    monkeypatch.setattr(run_store, "utc_now", lambda: days["at"])
    monkeypatch.setattr("relmark_research.reporting.execution.runner.utc_now", lambda: days["at"])
    first = run_recipe(recipe)
    days["at"] = datetime(2026, 11, 21, tzinfo=UTC)
    later = [run_recipe(recipe) for _ in range(3)]
    home = RunStore(first.parent)
    assert home.runs() == later
    assert later[0].name.startswith("20300101-060000-")
    assert (first.parent / "latest").resolve() == later[-1].resolve()
    for manifest in map(read_manifest, later):
        assert manifest.finished >= manifest.started
        assert all(0 <= run.seconds < 120 for run in manifest.notebooks)


def test_more_than_nine_runs_in_one_second_are_distinct(tmp_path, monkeypatch):
    monkeypatch.setattr(run_store, "utc_now", lambda: datetime(2026, 11, 21, tzinfo=UTC))
    home = tmp_path / "runs" / "monthly"
    for turn in range(12):
        publish_one(home, turn)
    names = [run.name for run in RunStore(home).runs()]
    assert names == ["20261121-000000-11", "20261121-000000-12"]


def test_data_that_change_during_the_run_fail_it(project):
    sales = project / "moving.csv"
    sales.write_text("customer_id,date,value\na,2024-01-01,3\n")
    change = f"open({str(sales)!r}, 'a').write('b,2024-01-02,4\\n')"
    parameters = "source = ''\nas_of = None\ncurrency = 'EUR'\nreading = {}"
    write_notebook(project / "notebooks", "changes", change, parameters=parameters)
    text = "title: T\nnotebooks: [changes]\ndata: {source: ../../moving.csv}"
    run = run_recipe(write_recipe(project, text, name="moving"))
    ended = read_manifest(run).notebooks[0]
    assert ended.state == "failed"
    assert "the data changed during the run" in ended.error
    assert "the data changed during" in (run / ended.report).read_text()
    assert not (run.parent / "latest").exists()
