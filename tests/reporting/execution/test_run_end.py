"""Every end of a run reaches the hooks, and what ends one notebook ends no other."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from relmark_research import cli
from relmark_research.errors import ReportError
from relmark_research.reporting.execution import _run_end, run_execution
from relmark_research.reporting.execution.runner import RunOptions, run_recipe, runs_folder
from relmark_research.reporting.recipe.recipe_file import hooks_of_file, read_recipe
from relmark_research.reporting.record.manifest import read_manifest
from relmark_research.reporting.store.run_store import RunStore
from tests.reporting.books import write_notebook, write_recipe

ROOT = Path(__file__).parents[3]
HOOK = """\
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
number = len(list(folder.iterdir()))
(folder / f"{number}.json").write_text(sys.stdin.read())
"""
SPEAKS = """\
from relmark_research.reporting import story
story.record("n", 3)
story.answer("Yes.")"""
RECORD = "application/vnd.relmark.record+json"
DISPLAY = "from IPython.display import display\ndisplay({'%s': %s, 'text/plain': 'x'}, raw=True)"
BAD_RECORDS = {
    "unnamed": "{'kind': 'key_figure', 'value': 1.0}",
    "wordy": "{'kind': 'key_figure', 'name': 'n', 'value': 'many'}",
    "nested": "{'kind': 'key_figure', 'name': 'n', 'value': 1, 'unit': {'a': 1}}",
    "huge": "{'kind': 'answer', 'text': 'x' * 20_000}",
    "listed": "[1, 2]",
}
ENDS = {
    "exits": ("import sys\nsys.exit(0)", "print('never')"),
    "vanishes": ("import os\nos._exit(0)", "1"),
    "floods": ("print('x' * 60_000_000)", "1"),
    "sprays": ("for n in range(60_000):\n    display(n)", "1"),
}


@pytest.fixture
def told(tmp_path):
    """Return what the hook was told, and the recipe's lines of the hook."""
    folder = tmp_path / "told"
    folder.mkdir()
    script = tmp_path / "hook.py"
    script.write_text(HOOK)

    class Told:
        lines = f"hooks: [{{when: failed, command: ['{sys.executable}', '{script}', '{folder}']}}]"

        @property
        def news(self):
            paths = sorted(folder.iterdir(), key=lambda path: int(path.stem))
            return [json.loads(path.read_text()) for path in paths]

    return Told()


@pytest.fixture
def recipe(tmp_path, told):
    write_notebook(tmp_path / "notebooks", "one", "1 + 1")
    return write_recipe(tmp_path, f"title: T\nnotebooks: [one]\n{told.lines}")


@pytest.fixture
def _nothing_runs(monkeypatch):
    """The run goes from its checks to publishing; no notebook is executed."""

    def execute(self, manifest, fingerprints, *, jobs):
        manifest.write(self.folder)
        return manifest

    monkeypatch.setattr(run_execution.RunExecution, "execute", execute)


@pytest.mark.usefixtures("_nothing_runs")
def test_a_full_disk_at_publishing_is_told(recipe, told, monkeypatch, capsys):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunStore, "publish", full)
    assert cli.exit_code(["run", str(recipe)]) == cli.FAILED
    (news,) = told.news
    assert news["state"] == "failed"
    assert "No space left on device" in news["said"]
    assert "No space left" in capsys.readouterr().err
    home = runs_folder(read_recipe(recipe), None)
    assert not [entry for entry in home.iterdir() if entry.name != ".lock"]


def test_an_unexpected_error_is_told_by_its_place(recipe, told, monkeypatch, capsys):
    def broken(*_, **__):
        raise KeyError("bob@example.com")

    monkeypatch.setenv("RELMARK_SHOW_VALUES", "0")
    monkeypatch.setattr(run_execution.RunExecution, "execute", broken)
    assert cli.exit_code(["run", str(recipe)]) == cli.FAILED
    (news,) = told.news
    assert news["state"] == "failed"
    assert "unexpected KeyError in test_run_end.py" in news["said"]
    assert "bob@" not in json.dumps(news) + capsys.readouterr().err


@pytest.mark.parametrize("line", ["nonsense: 1", "data: {source: none.csv}"])
def test_a_recipe_that_is_refused_is_told(tmp_path, recipe, told, line):
    recipe.write_text(recipe.read_text() + f"\n{line}\n")
    with pytest.raises(ReportError):
        run_recipe(recipe)
    assert [news["state"] for news in told.news] == ["refused"]
    assert told.news[0]["said"]


def test_an_unexpected_error_in_a_recipe_is_told(recipe, told, monkeypatch):
    def broken(*_, **__):
        raise TypeError("bob@example.com")

    monkeypatch.setattr("relmark_research.reporting.recipe.recipe_file.check_recipe", broken)
    with pytest.raises(TypeError):
        run_recipe(recipe)
    assert [news["state"] for news in told.news] == ["failed"]
    assert "bob@" not in told.news[0]["said"]


def test_hooks_of_a_file_are_read_as_far_as_possible(tmp_path):
    path = tmp_path / "r.yml"
    path.write_text("hooks: [{command: [a]}, {mail: {too: 1}}, 7, {when: done}]\nnonsense: [1")
    assert hooks_of_file(path) == ()
    path.write_text("hooks: [{command: [a]}, {mail: {too: 1}}, 7, {when: done}]\nnonsense: 1")
    assert [hook.command for hook in hooks_of_file(path)] == [("a",)]


def test_a_stop_by_the_user_is_told(recipe, told, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(run_execution.RunExecution, "execute", stop)
    with pytest.raises(KeyboardInterrupt):
        run_recipe(recipe)
    assert [news["state"] for news in told.news] == ["stopped"]


@pytest.mark.usefixtures("_nothing_runs")
def test_a_hook_that_breaks_hides_no_end(recipe, monkeypatch, capsys):
    def broken(*_, **__):
        raise KeyError("hook")

    monkeypatch.setattr("relmark_research.reporting.recipe.hooks._run_command", broken)
    monkeypatch.setattr(RunStore, "publish", broken)
    with pytest.raises(KeyError):
        run_recipe(recipe)
    assert "hook command" in capsys.readouterr().err


class TestRunsThatDied:
    def test_a_marker_of_a_living_process_is_no_death(self, tmp_path):
        _run_end.write_marker(tmp_path)
        assert list(_run_end._dead_runs(tmp_path)) == []
        assert [path.name for path in tmp_path.iterdir()] == [f".running-{os.getpid()}"]
        _run_end.remove_marker(tmp_path)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("content", ['{"started": "2026-01-01", "born": 1.0}', "{", "[]"])
    def test_any_other_marker_is_a_death_and_is_told_once(self, tmp_path, content):
        (tmp_path / f".running-{os.getpid()}").write_text(content)
        (sentence,) = _run_end._dead_runs(tmp_path)
        assert "did not reach its end" in sentence
        assert list(_run_end._dead_runs(tmp_path)) == []

    @pytest.mark.slow
    def test_the_next_start_tells_of_a_killed_run(self, tmp_path, told, capsys):
        waits = "import time\ntime.sleep(300)"
        write_notebook(tmp_path / "notebooks", "one", "1 + 1")
        write_notebook(tmp_path / "notebooks", "endless", waits)
        recipe = write_recipe(tmp_path, f"title: T\nnotebooks: [endless, one]\n{told.lines}")
        home = runs_folder(read_recipe(recipe), None)
        words = [sys.executable, "-m", "relmark_research", "run", str(recipe)]
        runner = subprocess.Popen(words, stdout=subprocess.DEVNULL, cwd=ROOT)
        end = time.monotonic() + 60
        while not list(home.glob(".making-*")) and time.monotonic() < end:
            time.sleep(0.05)
        runner.send_signal(signal.SIGKILL)
        runner.wait()
        run = run_recipe(recipe, RunOptions(only=("one",)))
        (news,) = told.news
        assert news["state"] == "died"
        assert "did not reach its end" in news["said"]
        assert any("did not reach its end" in note for note in read_manifest(run).notes)
        assert "did not reach its end" in (run / "index.html").read_text()
        assert "did not reach its end" in capsys.readouterr().err
        run_recipe(recipe, RunOptions(only=("one",)))
        assert len(told.news) == 1


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A run of a healthy notebook and of many that end in an unusual way."""
    folder = tmp_path_factory.mktemp("mixed")
    books = folder / "notebooks"
    write_notebook(books, "healthy", SPEAKS, parameters="as_of = None")
    for name, content in BAD_RECORDS.items():
        write_notebook(books, name, DISPLAY % (RECORD, content), parameters="as_of = None")
    for name, cells in ENDS.items():
        write_notebook(books, name, *cells, parameters="as_of = None")
    names = ", ".join(["healthy", *BAD_RECORDS, *ENDS])
    recipe = write_recipe(folder, f"title: T\nnotebooks: [{names}]")
    code = cli.exit_code(["run", str(recipe), "--jobs", "2"])
    (run,) = RunStore(runs_folder(read_recipe(recipe), None)).runs()
    return run, read_manifest(run), code


@pytest.mark.slow
class TestOneVerdict:
    def test_the_healthy_notebook_is_published(self, mixed):
        run, manifest, _ = mixed
        healthy = manifest.run_of("healthy")
        assert (healthy.state, healthy.answer) == ("done", "Yes.")
        assert "Not complete" not in (run / "healthy.html").read_text()

    @pytest.mark.parametrize("name", [*BAD_RECORDS, *ENDS])
    def test_page_index_and_manifest_say_the_same(self, mixed, name):
        run, manifest, _ = mixed
        ended = manifest.run_of(name)
        assert ended.state in ("failed", "killed")
        assert ended.error
        page = (run / ended.report).read_text()
        assert "not-complete" in page
        assert len(page) < 5_000_000
        assert f"rm-{ended.state}" in (run / "index.html").read_text()

    def test_exit_code_and_latest_say_the_same(self, mixed):
        run, manifest, code = mixed
        assert code == cli.FAILED
        assert not manifest.succeeded
        assert not (run.parent / "latest").exists()

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("exits", "SystemExit: 0 .*the notebook ended early"),
            ("floods", "may display 50 MB in 10,000 outputs"),
            ("sprays", "may display 50 MB in 10,000 outputs"),
            ("unnamed", "a record is malformed: a key_figure must have a name"),
            ("wordy", "value of a key figure must be a number"),
            ("huge", "at most 10,000 characters; found str of 20,000"),
        ],
    )
    def test_the_reason_is_said_in_words(self, mixed, name, said):
        assert re.search(said, mixed[1].run_of(name).error)

    def test_the_runs_are_private(self, mixed):
        run = mixed[0]
        for path in [run, *run.rglob("*")]:
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), path
        assert stat.S_IMODE(run.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE((run.parent / "index.html").stat().st_mode) == 0o600


@pytest.mark.slow
def test_a_shared_run_can_be_read_by_all(tmp_path):
    write_notebook(tmp_path / "notebooks", "one", "1 + 1")
    run = run_recipe(write_recipe(tmp_path, "title: T\nnotebooks: [one]\nshare: true"))
    for path in [run.parent.parent, run.parent, run, *run.rglob("*"), run.parent / "index.html"]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o755 if path.is_dir() else 0o644), path
