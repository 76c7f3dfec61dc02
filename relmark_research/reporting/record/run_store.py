"""Stored runs: written to a temporary folder, published by one rename, the last good run protected.

<store>/                    the runs of one recipe
  index.html                the key figures over the runs
  latest -> 20261121-183005 the last good run of the whole recipe
  20261121-183005/          index.html, NOTEBOOK.html, manifest.json, notebooks/, files/
  .making-20261121-190000/  a run in progress, or one that was interrupted
  .lock                     held while a run is in progress
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
from relmark_research.reporting.privacy.permissions import make_private_folder
from relmark_research.reporting.record.manifest import Manifest, read_manifest
from relmark_research.reporting.record.scratch import remove_orphaned_folders, remove_scratch

LATEST = "latest"

_IN_PROGRESS = ".making-"
_TO_DELETE = ".going-"
_TEMPORARY = (_IN_PROGRESS, _TO_DELETE, ".latest-", ".index.html.")


class AlreadyRunningError(ReportError):
    """The recipe is already running in another process."""


@dataclass(frozen=True)
class RunStore:
    """The folder with the runs of one recipe.

    Examples
    --------
    >>> RunStore(Path("reports/runs/monthly")).path.name
    'monthly'
    """

    path: Path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder for one run, and remove what an interrupted run left.

        Raises
        ------
        AlreadyRunningError
            Another process holds the lock.
        ReportError
            The folder cannot be created or written.
        """
        try:
            make_private_folder(self.path)
            lock = (self.path / ".lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise ReportError(
                f"runs cannot be stored in {self.path}: {error.strerror}. "
                "Choose another folder with --out."
            ) from None
        with lock:
            _acquire(lock.fileno(), self.path)
            os.fchmod(lock.fileno(), 0o600)
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            self.remove_interrupted()
            self.repair_latest()
            yield

    def check_not_running(self) -> None:
        """Raise AlreadyRunningError if another process holds the lock; create nothing."""
        lock = self.path / ".lock"
        if lock.is_file():
            with lock.open("a", encoding="utf-8") as file:
                _acquire(file.fileno(), self.path)

    def remove_interrupted(self) -> None:
        """Remove the temporary files of interrupted runs, here and in their scratch folders."""
        for entry in sorted(self.path.iterdir()):
            if not entry.name.startswith(_TEMPORARY):
                continue
            if entry.is_symlink() or entry.is_file():
                entry.unlink()
                continue
            for path in _lines(entry / ".scratch"):
                remove_scratch(Path(path))
            shutil.rmtree(entry, ignore_errors=True)
        remove_orphaned_folders()

    def repair_latest(self) -> None:
        """Point ``latest`` to the last good run, if a runner was killed before it did so."""
        complete = [run for run in self.runs() if _is_complete(readable_manifest(run))]
        if complete and (self.path / LATEST).resolve() != complete[-1].resolve():
            self._link_latest(complete[-1].name)

    def new_run(self) -> tuple[str, Path]:
        """Return the id of a new run and the temporary folder in which to write it.

        Ids increase even if the clock goes back.
        """
        stamp = utc_now().strftime("%Y%m%d-%H%M%S")
        last = max((_sort_key(run.name) for run in self.runs()), default=("", 0))
        run_id = stamp if stamp > last[0] else f"{last[0]}-{last[1] + 1}"
        folder = self.path / f"{_IN_PROGRESS}{run_id}"
        folder.mkdir(mode=0o700, parents=True)
        (folder / "notebooks").mkdir()
        return run_id, folder

    def publish(self, folder: Path, manifest: Manifest) -> Path:
        """Rename a finished run into place; point ``latest`` to it if it is complete."""
        (folder / ".scratch").unlink(missing_ok=True)
        run = folder.rename(self.path / manifest.run_id)
        if _is_complete(manifest):
            self._link_latest(manifest.run_id)
        return run

    def _link_latest(self, run_id: str) -> None:
        link = self.path / f".latest-{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(run_id, target_is_directory=True)
        link.replace(self.path / LATEST)

    def runs(self) -> list[Path]:
        """Return the folders of the finished runs, the oldest first; none without a folder."""
        if not self.path.is_dir():
            return []
        finished = (
            entry
            for entry in self.path.iterdir()
            if not entry.is_symlink()
            and not entry.name.startswith(".")
            and (entry / "manifest.json").is_file()
        )
        return sorted(finished, key=lambda run: _sort_key(run.name))

    def latest(self) -> Manifest | None:
        """Return the manifest of the last good run; None if there is none, or it is damaged."""
        link = self.path / LATEST
        return readable_manifest(link)

    def prune(self, keep: int | None) -> None:
        """Remove all runs except the newest ``keep`` and the last good one; None keeps all."""
        if keep is None:
            return
        good = (self.path / LATEST).resolve()
        for run in self.runs()[:-keep]:
            if run.resolve() != good:  # renamed first, so that no partly deleted run is shown
                hidden = run.rename(self.path / f"{_TO_DELETE}{run.name}")
                shutil.rmtree(hidden, ignore_errors=True)


def utc_now() -> datetime:
    """Return the wall-clock time, which may jump; durations use the monotonic clock."""
    return datetime.now(UTC)


def register_scratch(folder: Path, scratch: Path) -> None:
    """Record the path of a scratch folder in a run, so that a later run can remove it.

    Parameters
    ----------
    folder
        Temporary folder of the run.
    scratch
        The scratch folder, not created yet.
    """
    with (folder / ".scratch").open("a", encoding="utf-8") as file:
        file.write(f"{scratch}\n")
        file.flush()
        os.fsync(file.fileno())


def _acquire(lock: int, store: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = (_lines(store / ".lock") or ["unknown"])[0]
        raise AlreadyRunningError(
            f"recipe {store.name!r} is already running (process {holder}, in {store}). "
            "Wait until it ends, or store the runs in another folder with --out."
        ) from None


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def readable_manifest(run: Path) -> Manifest | None:
    """Return the manifest of a run; None if it is missing or damaged."""
    try:
        return read_manifest(run)
    except (ReportError, OSError, ValueError):  # no manifest, no access, no text
        return None


def _is_complete(manifest: Manifest | None) -> bool:
    """Return whether a run succeeded and covers the whole recipe."""
    return manifest is not None and manifest.succeeded and not manifest.partial


def _sort_key(run_id: str) -> tuple[str, int]:
    """Return the second of a run id, and its number within that second."""
    stamp, _, number = run_id.rpartition("-") if run_id.count("-") > 1 else (run_id, "", "1")
    return stamp, int(number) if number.isdigit() else 1
