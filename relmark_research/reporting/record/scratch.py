"""Private folders for what runs, each written down or named so that a later run can clear it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from relmark_research.reporting.execution.supervisor import end_all

_PREFIX = "relmark-"
_CHECK = f"{_PREFIX}check-"


def new_scratch() -> Path:
    """Return the name of a new private folder; the caller notes it down, then makes it.

    It is short: a socket's path has room for about 100 bytes.
    """
    return _home() / f"{_PREFIX}{uuid4().hex[:12]}"


def make_scratch(folder: Path) -> None:
    """Make a private folder, with one in it for temporary files."""
    folder.mkdir(mode=0o700)
    (folder / "tmp").mkdir()


def remove_scratch(folder: Path) -> None:
    """Remove a scratch folder of an earlier run, and end what may still run in it."""
    ours = folder.name.startswith(_PREFIX) and folder.parent == _home()
    if not ours or not folder.is_dir() or folder.stat().st_uid != os.getuid():
        return
    end_all(folder.name)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporary_files() -> Iterator[Path]:
    """Let this process keep its temporary files, and scratch folders, where they are removed.

    Engines spill there. A process that is killed leaves the folder, named after it, to
    `remove_abandoned`.
    """
    folder, before = _home() / f"{_CHECK}{os.getpid()}-{uuid4().hex[:6]}", tempfile.tempdir
    folder.mkdir(mode=0o700)
    tempfile.tempdir = str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned() -> None:
    """Remove the temporary files of processes that are no more."""
    import psutil

    for folder in _home().glob(f"{_CHECK}*-*"):
        process = folder.name.removeprefix(_CHECK).partition("-")[0]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            remove_scratch(folder)


def _home() -> Path:
    usual = Path(tempfile.gettempdir())
    return usual if len(os.fsencode(usual)) <= 60 else Path("/tmp")
