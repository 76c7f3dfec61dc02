"""Stored runs: written to a temporary folder, published by one rename, the last good run protected.

<store>/                    the runs of one recipe
  index.html                the key figures over the runs
  latest -> 20261121-183005 the last good run of the whole recipe
  20261121-183005/          index.html, NOTEBOOK.html, manifest.json, notebooks/, files/
  .making-20261121-190000/  a run in progress, or one that was interrupted
  damaged/                  what was moved aside because it is not as published
  .lock                     held while a run is in progress

A run is used again only if its manifest can be read, is unchanged, and belongs to its folder. What
else lies in the folder is left alone and named.
"""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from relmark_research.errors import ReportError
from relmark_research.reporting.privacy.permissions import make_private_folder
from relmark_research.reporting.record.manifest import Manifest
from relmark_research.reporting.store.run_checks import (
    RunCheck,
    check_run,
    file_checksums,
    is_run_id,
    unlisted_files,
)
from relmark_research.reporting.store.scratch import remove_orphaned_folders, remove_scratch

LATEST = "latest"
DAMAGED = "damaged"

_IN_PROGRESS = ".making-"
_TO_DELETE = ".going-"
_TEMPORARY = (_IN_PROGRESS, _TO_DELETE, ".latest-", ".index.html.")
_LINK_BYTES = 200  # of a link that an archive turned into a file


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
    def locked(self) -> Iterator[list[str]]:
        """Lock the folder for one run, remove what an interrupted run left, and repair ``latest``.

        Yields what was repaired, a sentence each.

        Raises
        ------
        AlreadyRunningError
            Another process holds the lock.
        ReportError
            The folder cannot be created or written.
        """
        try:
            make_private_folder(self.path)
            self._free_places()
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
            yield self.repair_latest()

    def check_not_running(self) -> None:
        """Raise AlreadyRunningError if another process holds the lock; create nothing."""
        lock = self.path / ".lock"
        with suppress(OSError):  # `locked` says what is wrong
            if lock.is_file():
                with lock.open("a", encoding="utf-8") as file:
                    _acquire(file.fileno(), self.path)

    def remove_interrupted(self) -> None:
        """Remove the temporary files of interrupted runs, here and in their scratch folders.

        What cannot be removed stays, and stops no run.
        """
        for entry in self._entries():
            if not entry.name.startswith(_TEMPORARY):
                continue
            with suppress(OSError, ValueError):
                for path in _lines(entry / ".scratch"):
                    remove_scratch(Path(path))
            with suppress(OSError):
                _remove(entry)
        with suppress(OSError):
            remove_orphaned_folders()

    def repair_latest(self) -> list[str]:
        """Point ``latest`` to the last good run, and return what was done apart from that.

        It may be missing, point to another run after a runner was killed, or be a folder or a file
        in a copy of the store. A folder that is a run of its own becomes one again.
        """
        link = self.path / LATEST
        notes = []
        with suppress(OSError):
            if not link.is_symlink() and link.exists():
                notes.append(self._replace_latest(link))
        good = self.last_good_run()
        if good is None:
            with suppress(OSError):
                if link.is_symlink() and not link.exists():
                    link.unlink()
        elif self.latest_run() != good:
            self._link_latest(good.name)
        return notes

    def last_good_run(self) -> Path | None:
        """Return the newest run that is sound and complete; None if there is none.

        A newer one that ``latest`` points to counts, if another version of this package wrote it.
        """
        complete = [check.folder for check in self.check_runs() if check.is_complete]
        linked = self.latest_run()
        if linked and check_run(linked).left_alone:
            complete.append(linked)
        return max(complete, key=lambda run: _sort_key(run.name), default=None)

    def _replace_latest(self, link: Path) -> str:
        """Move away a ``latest`` that is no link, and say how."""
        if link.is_file():
            if _is_former_link(link):
                link.unlink()
                return f"{LATEST} was a file; it is a link again"
        elif (check := check_run(link, files=True)).manifest:
            run_id = check.manifest.run_id
            is_intact = check.damage == (f"it is a copy of run {run_id!r}",)
            if is_intact and is_run_id(run_id) and not (self.path / run_id).exists():
                link.rename(self.path / run_id)
                return f"{LATEST} was a folder; it is run {run_id} again"
            if is_intact and self._is_copy(link, check.manifest):
                shutil.rmtree(link)
                return f"{LATEST} was a copy of run {run_id}; it is a link again"
        aside = self.set_aside(link, f"{LATEST} was no link, and not a run as published")
        return f"{LATEST} was no link; what was there is now in {DAMAGED}/{aside.name}"

    def _is_copy(self, folder: Path, manifest: Manifest) -> bool:
        """Return whether a folder holds nothing but a copy of a sound run of this store."""
        original = check_run(self.path / manifest.run_id, files=True)
        return (
            original.is_sound
            and original.manifest == manifest
            and not unlisted_files(folder, manifest)
        )

    def set_aside(self, entry: Path, reason: str) -> Path:
        """Move a file or folder of the store into ``damaged/``, and note the reason there."""
        folder = self.path / DAMAGED
        if not folder.is_dir():
            with suppress(FileNotFoundError):
                folder.rename(folder.with_name(f"{DAMAGED}-{os.getpid()}"))  # a file of that name
            folder.mkdir()
        target, number = folder / entry.name.lstrip("."), 1
        while target.exists() or target.is_symlink():
            number += 1
            target = folder / f"{entry.name.lstrip('.')}-{number}"
        entry.rename(target)
        with (folder / "why.txt").open("a", encoding="utf-8") as file:
            file.write(f"{target.name}: {reason}\n")
        return target

    def new_run(self) -> tuple[str, Path]:
        """Return the id of a new run and the temporary folder in which to write it.

        Ids increase even if the clock goes back.
        """
        stamp = utc_now().strftime("%Y%m%d-%H%M%S")
        names = (entry.name.removeprefix(_IN_PROGRESS) for entry in self._entries())
        last = max((_sort_key(name) for name in names if is_run_id(name)), default=("", 0))
        run_id = stamp if stamp > last[0] else f"{last[0]}-{last[1] + 1}"
        folder = self.path / f"{_IN_PROGRESS}{run_id}"
        folder.mkdir(mode=0o700, parents=True)
        (folder / "notebooks").mkdir()
        return run_id, folder

    def publish(self, folder: Path, manifest: Manifest) -> Path:
        """Publish a finished run; point ``latest`` to it if it is complete.

        The manifest is written with the checksum of every file, then one rename publishes them.
        """
        (folder / ".scratch").unlink(missing_ok=True)
        manifest = replace(manifest, files=file_checksums(folder))
        written = folder / "manifest.json"
        mode = written.stat().st_mode if written.exists() else None
        manifest.write(folder)
        if mode is not None:  # whoever might read it still may
            written.chmod(stat.S_IMODE(mode))
        run = folder.rename(self.path / manifest.run_id)
        if RunCheck(run, manifest).is_complete:
            self._link_latest(manifest.run_id)
        return run

    def _link_latest(self, run_id: str) -> None:
        link = self.path / f".latest-{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(run_id, target_is_directory=True)
        link.replace(self.path / LATEST)

    def folders(self) -> list[Path]:
        """Return the folders that are named like runs, damaged ones included, the oldest first."""
        named = (entry for entry in self._entries() if is_run_id(entry.name))
        return sorted(filter(_is_folder, named), key=lambda run: _sort_key(run.name))

    def check_runs(self, *, files: bool = False) -> list[RunCheck]:
        """Return the state of each run, the oldest first.

        Parameters
        ----------
        files
            Whether each file of each run is compared with its checksum.
        """
        return [check_run(folder, files=files) for folder in self.folders()]

    def runs(self) -> list[Path]:
        """Return the folders of the sound runs, the oldest first; none without a folder."""
        return [check.folder for check in self.check_runs() if check.is_sound]

    def latest_run(self) -> Path | None:
        """Return the run of this store that ``latest`` points to; None if there is none."""
        with suppress(OSError, RuntimeError):  # RuntimeError: a link to itself
            run = (self.path / LATEST).resolve(strict=True)
            if run.parent == self.path.resolve() and is_run_id(run.name):
                return self.path / run.name
        return None

    def latest(self) -> Manifest | None:
        """Return the manifest of the last good run; None if there is none, or it is damaged."""
        run = self.latest_run()
        check = check_run(run) if run else None
        return check.manifest if check and check.is_sound else None

    def prune(self, keep: int | None) -> None:
        """Remove all runs except the newest ``keep`` and the last good one; None keeps all."""
        if keep is None:
            return
        good = self.latest_run()
        readable = [check.folder for check in self.check_runs() if check.is_own]
        for run in readable[:-keep]:
            if run == good:
                continue
            with suppress(OSError):  # it is removed by a later run
                # renamed first, so that no partly deleted run is shown
                hidden = run.rename(self.path / f"{_TO_DELETE}{run.name}")
                shutil.rmtree(hidden, ignore_errors=True)

    def _entries(self) -> list[Path]:
        try:
            return sorted(self.path.iterdir())
        except OSError:
            return []

    def _free_places(self) -> None:
        """Move away what stands in the place of the lock or of the page and is no file."""
        for path in (self.path / ".lock", self.path / "index.html"):
            if path.is_symlink() or (path.exists() and not path.is_file()):
                self.set_aside(path, f"it stood in the place of {path.name}")


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


def _is_folder(path: Path) -> bool:
    with suppress(OSError):
        return path.is_dir()
    return False


def _is_former_link(path: Path) -> bool:
    """Return whether a file is what an archive without links makes of ``latest``."""
    with suppress(OSError, ValueError), path.open("rb") as file:
        return is_run_id(Path(file.read(_LINK_BYTES).decode().strip()).name)
    return False


def _remove(entry: Path) -> None:
    if entry.is_symlink() or entry.is_file():
        entry.unlink()
    else:
        shutil.rmtree(entry, ignore_errors=True)


def _sort_key(run_id: str) -> tuple[str, int]:
    """Return the second of a run id, and its number within that second."""
    stamp, _, number = run_id.rpartition("-") if run_id.count("-") > 1 else (run_id, "", "1")
    return stamp, int(number) if number.isdigit() else 1
