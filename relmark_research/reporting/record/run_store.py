"""Runs on disk: made aside, moved in when complete, and never in the way of the last good one.

<home>/                     one recipe's runs
  index.html                the key figures over the runs
  latest -> 20261121-183005 the last good run of the whole recipe
  20261121-183005/          index.html, NOTEBOOK.html, manifest.json, notebooks/, files/
  .making-20261121-190000/  a run that is being made, or was when its machine went down
  .lock                     held while a run is made
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import Manifest, read_manifest
from relmark_research.reporting.record.scratch import remove_abandoned, remove_scratch

LATEST = "latest"
_MAKING = ".making-"
_GOING = ".going-"
_TEMPORARY = (_MAKING, _GOING, ".latest-", ".index.html.")


class RunningError(ReportError):
    """The same recipe is running already."""


@dataclass(frozen=True)
class Home:
    """The folder of one recipe's runs.

    Examples
    --------
    >>> Home(Path("reports/runs/monthly")).path.name
    'monthly'
    """

    path: Path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one run, and clear away what an interrupted one left.

        Raises
        ------
        RunningError
            Another process holds it.
        ReportError
            The folder cannot be made or written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / ".lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise ReportError(
                f"runs cannot be kept in {self.path}: {error.strerror}. "
                "Name another folder (--out)."
            ) from None
        with lock:
            _take(lock.fileno(), self.path)
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            self.clear()
            self.mend()
            yield

    def refuse_if_running(self) -> None:
        """Raise RunningError if another process holds the folder; leaves nothing behind."""
        lock = self.path / ".lock"
        if lock.is_file():
            with lock.open("a", encoding="utf-8") as file:
                _take(file.fileno(), self.path)

    def clear(self) -> None:
        """Remove what a run that never ended left behind, here and in its scratch folders."""
        for entry in sorted(self.path.iterdir()):
            if not entry.name.startswith(_TEMPORARY):
                continue
            if entry.is_symlink() or entry.is_file():
                entry.unlink()
                continue
            for line in _lines(entry / ".scratch"):
                remove_scratch(Path(line))
            shutil.rmtree(entry, ignore_errors=True)
        remove_abandoned()

    def mend(self) -> None:
        """Let ``latest`` point to the last good run, should a runner have ended before it did."""
        whole = [run for run in self.runs() if _is_whole(read_manifest(run))]
        if whole and (self.path / LATEST).resolve() != whole[-1].resolve():
            self._point_to(whole[-1].name)

    def new_run(self) -> tuple[str, Path]:
        """Return the id of a new run and the folder aside in which to make it.

        Ids follow one another even where the clock does not.
        """
        stamp = now().strftime("%Y%m%d-%H%M%S")
        last = max((_place(run.name) for run in self.runs()), default=("", 0))
        run_id = stamp if stamp > last[0] else f"{last[0]}-{last[1] + 1}"
        aside = self.path / f"{_MAKING}{run_id}"
        (aside / "notebooks").mkdir(parents=True)
        return run_id, aside

    def publish(self, aside: Path, manifest: Manifest) -> Path:
        """Move a complete run in, and let ``latest`` point to it if it is good and whole."""
        (aside / ".scratch").unlink(missing_ok=True)
        run = aside.rename(self.path / manifest.run_id)
        if _is_whole(manifest):
            self._point_to(manifest.run_id)
        return run

    def _point_to(self, run_id: str) -> None:
        link = self.path / f".latest-{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(run_id, target_is_directory=True)
        link.replace(self.path / LATEST)

    def runs(self) -> list[Path]:
        """Return the folders of the finished runs, the oldest first."""
        found = (
            entry
            for entry in self.path.iterdir()
            if not entry.is_symlink()
            and not entry.name.startswith(".")
            and (entry / "manifest.json").is_file()
        )
        return sorted(found, key=lambda run: _place(run.name))

    def latest(self) -> Manifest | None:
        """Return the manifest of the last good run, or None where there is none."""
        link = self.path / LATEST
        return read_manifest(link) if (link / "manifest.json").is_file() else None

    def prune(self, keep: int | None) -> None:
        """Remove all runs but the newest ``keep`` and the last good one; None keeps all."""
        if keep is None:
            return
        good = (self.path / LATEST).resolve()
        for run in self.runs()[:-keep]:
            if run.resolve() != good:  # renamed first, so that no half of a run is ever shown
                shutil.rmtree(run.rename(self.path / f"{_GOING}{run.name}"), ignore_errors=True)


def now() -> datetime:
    """Return the time of day, which may jump; lengths are measured on the monotonic clock."""
    return datetime.now(UTC)


def note_scratch(aside: Path, scratch: Path) -> None:
    """Write down a scratch folder before it is used, so that a later run can clear it away."""
    with (aside / ".scratch").open("a", encoding="utf-8") as file:
        file.write(f"{scratch}\n")
        file.flush()
        os.fsync(file.fileno())


def _take(lock: int, home: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = (_lines(home / ".lock") or ["unknown"])[0]
        raise RunningError(
            f"recipe {home.name!r} is running already (process {holder}, in {home}). "
            "Wait for it to end, or keep the runs of this one elsewhere (--out)."
        ) from None


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split() if path.is_file() else []


def _is_whole(manifest: Manifest) -> bool:
    return manifest.good and not manifest.partial


def _place(run_id: str) -> tuple[str, int]:
    """Where a run stands among the others: its second, and its number within it."""
    stamp, _, number = run_id.rpartition("-") if run_id.count("-") > 1 else (run_id, "", "1")
    return stamp, int(number) if number.isdigit() else 1
