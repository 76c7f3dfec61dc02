"""The doctor of stored runs: what is not as published, and what is done about it.

A damaged file is restored where another run of the recipe has the same content; a run that stays
damaged is moved into the folder ``damaged`` of its store. What is not ours is named and left alone.
"""

import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from relmark_research.errors import ReportError
from relmark_research.reporting.privacy.permissions import is_own
from relmark_research.reporting.store.run_checks import (
    RunCheck,
    changed_files,
    check_run,
    checksum,
    is_run_id,
    unlisted_files,
)
from relmark_research.reporting.store.run_store import DAMAGED, LATEST, RunStore

_OWN = ("index.html", DAMAGED, ".lock")
_MARKER = ".running-"  # of a run that died, for the hooks at the next start
_LEFTOVERS = (".making-", ".going-", ".latest-", ".index.html.")


@dataclass(frozen=True)
class Finding:
    """Something in a store that is not as published.

    Attributes
    ----------
    place
        The entry, relative to the folder that was examined.
    problem
        What is wrong.
    repair
        What was done, or would be done; empty where it is left alone.
    """

    place: str
    problem: str
    repair: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}; {self.repair or 'left alone'}"


def find_stores(where: Path) -> list[RunStore]:
    """Return the stores of runs in a folder: the folder itself, or the folders in it.

    Raises
    ------
    ReportError
        There is none.
    """
    folders = [where, *(sorted(where.iterdir()) if where.is_dir() else ())]
    found = [RunStore(folder) for folder in folders if _is_store(folder)]
    if not found:
        raise ReportError(
            f"expected a folder of runs, such as reports/runs or reports/runs/monthly; found none "
            f"at {where}."
        )
    return found


def examine_store(store: RunStore) -> list[Finding]:
    """Return what is wrong in a store, with the repair that `repair_store` would make.

    Raises
    ------
    AlreadyRunningError
        A run is in progress.
    """
    store.check_not_running()
    found = [*_leftovers(store), *_of_runs(store), *_of_latest(store), *_foreign(store)]
    return [
        replace(each, repair=f"would be {each.repair}") if each.repair else each for each in found
    ]


def repair_store(store: RunStore) -> list[Finding]:
    """Repair a store, and return what was wrong and what was done.

    Raises
    ------
    AlreadyRunningError
        A run is in progress.
    """
    findings, latest = list(_leftovers(store)), list(_of_latest(store))
    with store.locked() as notes:
        if notes:
            latest = [Finding(LATEST, *_two(note)) for note in notes]
        for check in store.check_runs(files=True):
            if not check.is_sound:
                findings.append(_repaired(store, check))
        store.repair_latest()
    return [*findings, *latest, *_unlisted(store), *_foreign(store)]


def _repaired(store: RunStore, check: RunCheck) -> Finding:
    """Repair one run as far as possible; move it aside if it stays damaged."""
    name, problem = check.folder.name, "; ".join(check.damage)
    if check.left_alone:
        return Finding(name, problem)
    done = []
    if _grant_access(check.folder):
        done.append("its permissions were restored")
        check = check_run(check.folder, files=True)
    if check.manifest and check.is_own and not check.is_sound:
        restored = _restore_files(store, check)
        done += [f"{restored} files were restored from other runs"] if restored else []
        check = check_run(check.folder, files=True)
    if not check.is_sound:
        try:
            aside = store.set_aside(check.folder, problem)
            done.append(f"moved to {DAMAGED}/{aside.name}")
        except OSError as error:
            done.append(f"it cannot be moved ({error.strerror})")
    return Finding(name, problem, "; ".join(done))


def _restore_files(store: RunStore, check: RunCheck) -> int:
    """Copy the changed files of a run from runs that have the same content; return how many."""
    if check.manifest is None:
        return 0
    restored = 0
    others = [each for each in store.check_runs() if each.is_own and each.folder != check.folder]
    for name in changed_files(check.folder, check.manifest):
        wanted = check.manifest.files[name]
        for other in others:
            files = other.manifest.files if other.manifest else {}
            source = other.folder / name
            with suppress(OSError):
                if files.get(name) == wanted and checksum(source) == wanted:
                    (check.folder / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, check.folder / name)
                    restored += 1
                    break
    return restored


def _grant_access(folder: Path) -> bool:
    """Give the owner access to a run again; return whether a permission changed."""
    changed = False
    for path in _tree(folder):
        with suppress(OSError):
            status = path.lstat()
            needed = stat.S_IRWXU if stat.S_ISDIR(status.st_mode) else stat.S_IRUSR | stat.S_IWUSR
            own = is_own(status) and not stat.S_ISLNK(status.st_mode)
            if own and status.st_mode & needed != needed:
                path.chmod(stat.S_IMODE(status.st_mode) | needed)
                changed = True
    return changed


def _tree(folder: Path) -> Iterator[Path]:
    """Yield a folder and what is in it; each folder before its content is listed."""
    yield folder
    with suppress(OSError):
        for entry in sorted(folder.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                yield from _tree(entry)
            else:
                yield entry


def _of_runs(store: RunStore) -> Iterator[Finding]:
    for check in store.check_runs(files=True):
        if not check.is_sound:
            repair = "" if check.left_alone else f"restored, or moved to {DAMAGED}"
            yield Finding(check.folder.name, "; ".join(check.damage), repair)
    yield from _unlisted(store)


def _unlisted(store: RunStore) -> Iterator[Finding]:
    """Yield the files that somebody added to a run."""
    for check in store.check_runs():
        if check.is_sound and check.manifest:
            with suppress(OSError):
                for name in unlisted_files(check.folder, check.manifest):
                    yield Finding(
                        f"{check.folder.name}/{name}", "it was not published with the run"
                    )


def _of_latest(store: RunStore) -> Iterator[Finding]:
    link, good = store.path / LATEST, store.last_good_run()
    if not link.is_symlink() and link.exists():
        yield Finding(LATEST, "it was no link", "made a link again")
    elif good and store.latest_run() != good:
        yield Finding(LATEST, "it did not point to the last good run", "linked to it")
    elif not good and link.is_symlink() and not link.exists():
        yield Finding(LATEST, "it pointed to nothing", "removed")


def _leftovers(store: RunStore) -> Iterator[Finding]:
    for entry in sorted(store.path.iterdir()):
        if entry.name.startswith(_LEFTOVERS):
            yield Finding(entry.name, "an interrupted run left it", "removed")


def _foreign(store: RunStore) -> Iterator[Finding]:
    for entry in sorted(store.path.iterdir()):
        ours = entry.name in (*_OWN, LATEST) or entry.name.startswith(
            (*_LEFTOVERS, _MARKER, DAMAGED)
        )
        if not ours and not (is_run_id(entry.name) and entry.is_dir()):
            yield Finding(entry.name, "it is not a run")


def _is_store(folder: Path) -> bool:
    with suppress(OSError):
        if not folder.is_symlink() and folder.is_dir() and folder.name != DAMAGED:
            return any(is_run_id(each.name) or each.name == LATEST for each in folder.iterdir())
    return False


def _two(note: str) -> tuple[str, str]:
    problem, _, repair = note.removeprefix(f"{LATEST} ").partition("; ")
    return problem, repair
