"""Years of runs: any order of runs, changes, edits, kills, copies and repairs.

After every run that ends, the published figure is that of the inputs of today, the run is as
published, and ``latest`` points to it. A run that is killed or fails changes neither.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from relmark_research.reporting.execution.runner import RunOptions, run_recipe
from relmark_research.reporting.record.manifest import read_manifest
from relmark_research.reporting.store.doctor import examine_store, repair_store
from relmark_research.reporting.store.run_checks import check_run
from relmark_research.reporting.store.run_store import RunStore
from tests.reporting.played_notebooks import VARIABLE, WEIGHTS, PlayedProject, play
from tests.reporting.store.made_runs import DAMAGES

CHANGES = ("rename", "replace", "symlink_to", "unlink", "mkdir", "rmdir")
SECOND = DAMAGES.keys() - {"run that is a link", "folder without permission"}  # leave the store


class YearsOfRuns(RuleBasedStateMachine):
    """A project with its store, and the inputs of the last good run."""

    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setenv(VARIABLE, "1")
        self.project = PlayedProject(Path(tempfile.mkdtemp(prefix="rmy-", dir="/tmp"))).create()
        play(self.project, self.patch)
        self.good: tuple[str, dict[str, int]] | None = None
        self.intact = False  # whether nothing touched the store since the last good run
        self.run()

    @property
    def store(self) -> RunStore:
        return RunStore(self.project.home)

    @rule(name=st.sampled_from(sorted(WEIGHTS)), value=st.integers(1, 9))
    def change_an_input(self, name: str, value: int) -> None:
        self.project.change(name, value)

    @rule()
    def run(self) -> None:
        self.project.fails, played = False, self.project.played
        folder = run_recipe(self.project.recipe, RunOptions(keep=4))
        manifest = read_manifest(folder)
        (one,) = manifest.notebooks
        assert one.key_figures[0].value == self.project.expected
        assert (one.reused_from is None) == (self.project.played > played)
        if self.good and self.intact:
            unchanged = self.good[1] == self.project.inputs
            assert (one.reused_from is not None) == unchanged, one.reason
        assert check_run(folder, files=True).is_complete
        assert self.store.latest_run() == folder
        self.good, self.intact = (folder.name, dict(self.project.inputs)), True

    @rule()
    def run_and_fail(self) -> None:
        self.project.change("sales.csv", self.project.inputs["sales.csv"] % 9 + 1)
        self.project.fails, before = True, self.store.last_good_run()
        folder = run_recipe(self.project.recipe)
        (one,) = read_manifest(folder).notebooks
        if one.reused_from is None:
            assert one.state == "failed"
            assert self.store.last_good_run() == before
        else:  # the data are those of the last good run again
            assert one.key_figures[0].value == self.project.expected
            self.good, self.intact = (folder.name, dict(self.project.inputs)), True

    @rule(at=st.integers(1, 40))
    def run_and_die(self, at: int) -> None:
        """The process ends at one of its changes to the disk, without a word."""
        child = os.fork()
        if child == 0:
            try:
                self._die_at(at)
                self.project.fails = False
                run_recipe(self.project.recipe)
            finally:
                os._exit(9)
        os.waitpid(child, 0)
        good = self.store.last_good_run()
        published = good is None or self.good is None or good.name != self.good[0]
        self.intact = self.intact and not published

    def _die_at(self, at: int) -> None:
        count = [0]

        def dying(change):
            def instead(*given, **named):
                count[0] += 1
                if count[0] == at:
                    os._exit(9)
                return change(*given, **named)

            return instead

        for name in CHANGES:
            setattr(Path, name, dying(getattr(Path, name)))

    @rule(kind=st.sampled_from(sorted(SECOND)))
    def damage(self, kind: str) -> None:
        newest = self.store.latest_run()
        if newest and check_run(newest, files=True).is_sound:
            with suppress(FileExistsError):  # of the same damage before
                DAMAGES[kind](newest)
            self.intact = False

    @rule(name=st.sampled_from(["notebooks/one.ipynb", "files/one/table.csv", "manifest.json"]))
    def edit_what_was_published(self, name: str) -> None:
        run = self.store.latest_run()
        if run and (run / name).is_file():
            text = (run / name).read_text(errors="replace")
            (run / name).write_text(text.replace(str(int(self.project.expected)), "5000000"))
            self.intact = False

    @rule(links=st.booleans())
    def restore_from_a_copy(self, links: bool) -> None:
        """Replace the store by its copy, with links kept (rsync) or followed (cp -L, zip)."""
        copy = self.project.home.with_name("copy")
        try:
            shutil.copytree(self.project.home, copy, symlinks=links)
        except (shutil.Error, OSError):  # a link to itself has no content
            shutil.rmtree(copy, ignore_errors=True)
            return
        shutil.rmtree(self.project.home)
        copy.rename(self.project.home)
        self.intact = self.intact and (links or self.store.latest_run() is None)

    @rule()
    def repair(self) -> None:
        repair_store(self.store)
        assert {finding.repair for finding in examine_store(self.store)} <= {""}
        self.intact = False

    @invariant()
    def latest_is_never_a_failed_run(self) -> None:
        latest = self.store.latest()
        assert latest is None or latest.succeeded

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.project.folder, ignore_errors=True)


HEALTH = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


class TestAFewYears(YearsOfRuns.TestCase):
    settings = settings(
        max_examples=3,
        stateful_step_count=12,
        deadline=None,
        derandomize=True,
        suppress_health_check=HEALTH,
        database=None,
        phases=[Phase.generate],  # a failure is printed step by step; shrinking takes minutes
    )


@pytest.mark.slow
class TestManyYears(YearsOfRuns.TestCase):
    settings = settings(
        max_examples=30,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=HEALTH,
        database=None,
        phases=[Phase.generate],  # a failure is printed step by step; shrinking takes minutes
    )
