"""Scratch folders of notebooks and processes; a later run can find and remove each of them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from relmark_research.reporting.privacy.permissions import is_own
from relmark_research.reporting.record.job import end_processes

_PREFIX = "relmark-"
_PROCESS_PREFIX = f"{_PREFIX}check-"  # followed by the id of the process that uses the folder
_MAX_ROOT = 60  # bytes; the path of a socket may have about 100


def scratch_path() -> Path:
    """Return an unused, short path for a scratch folder.

    The caller registers the path before it creates the folder.
    """
    return _root() / f"{_PREFIX}{uuid4().hex[:12]}"


def create_scratch(folder: Path) -> None:
    """Create a private scratch folder, with a subfolder for temporary files."""
    folder.mkdir(mode=0o700)
    (folder / "tmp").mkdir()


def remove_scratch(folder: Path) -> None:
    """Remove a scratch folder of this user, and end the processes that use it."""
    ours = folder.name.startswith(_PREFIX) and folder.parent == _root()
    if not ours or not folder.is_dir() or not is_own(folder.stat()):
        return
    end_processes(folder.name)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Put the temporary files of this process in a folder that is removed on exit.

    Database engines spill to this folder. If the process is killed, `remove_orphaned_folders`
    removes the folder later.
    """
    folder = _root() / f"{_PROCESS_PREFIX}{os.getpid()}-{uuid4().hex[:6]}"
    previous = tempfile.tempdir
    folder.mkdir(mode=0o700)
    tempfile.tempdir = str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = previous
        shutil.rmtree(folder, ignore_errors=True)


def remove_orphaned_folders() -> None:
    """Remove the temporary folders of processes that no longer exist."""
    import psutil

    for folder in _root().glob(f"{_PROCESS_PREFIX}*-*"):
        process = folder.name.removeprefix(_PROCESS_PREFIX).partition("-")[0]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            remove_scratch(folder)


def _root() -> Path:
    default = Path(tempfile.gettempdir())
    return default if len(os.fsencode(default)) <= _MAX_ROOT else Path("/tmp")
