"""Where DuckDB writes what does not fit into memory: a folder for each connection, gone with it.

A process that is killed leaves its folders. Each holds a file that its process has locked, and the
system gives up a lock with its process, so a later process knows which folders nobody uses.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import weakref
from pathlib import Path
from typing import IO

PREFIX = "relmark-spill-"
_LOCK = "lock"
_NEW = 60.0  # seconds in which a folder may be on its way to being locked


class Spill:
    """A new folder to spill to, locked by this process.

    Attributes
    ----------
    folder
        The folder; it is there until `remove_with` says that it may go.
    """

    def __init__(self) -> None:
        remove_abandoned()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = (self.folder / _LOCK).open("w")
        _locked(self._lock)

    def remove_with(self, connection: object) -> None:
        """Remove the folder when the connection is forgotten, at the latest when Python ends."""
        weakref.finalize(connection, _remove, self.folder, self._lock, os.getpid())


def remove_abandoned() -> None:
    """Remove the folders of this user that no living process has locked."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            about = folder.lstat()
            mine = not hasattr(os, "getuid") or about.st_uid == os.getuid()
            if not mine or time.time() - about.st_mtime < _NEW:
                continue
            with (folder / _LOCK).open("r+") as lock:
                if _locked(lock):
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # gone meanwhile, or not such a folder


def _locked(file: IO[str]) -> bool:
    """Lock a file for this process; False where another has, or the system has no such locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove(folder: Path, lock: IO[str], process: int) -> None:
    lock.close()
    if os.getpid() == process:  # a forked child has the folder from its parent
        shutil.rmtree(folder, ignore_errors=True)
