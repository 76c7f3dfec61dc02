"""Who may read a run: its owner only, unless the recipe shares it."""

import os
from pathlib import Path

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
SHARED_FOLDER, SHARED_FILE = 0o755, 0o644


def make_private_folder(folder: Path) -> None:
    """Create a folder and its missing parents; the new ones can be used by their owner only."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def set_access(root: Path, *, share: bool) -> None:
    """Set the modes of a folder and all that is in it; symbolic links are not followed.

    Parameters
    ----------
    root
        A folder, or a file.
    share
        Whether every user of the machine may read it.
    """
    folder, file = (SHARED_FOLDER, SHARED_FILE) if share else (PRIVATE_FOLDER, PRIVATE_FILE)
    if not root.is_dir():
        root.chmod(file)
        return
    for path, _, names in os.walk(root):
        Path(path).chmod(folder)
        for name in names:
            entry = Path(path) / name
            if not entry.is_symlink():
                entry.chmod(file)


def is_own(status: os.stat_result) -> bool:
    """Return whether a file belongs to this user; on a system without owners every file does."""
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
