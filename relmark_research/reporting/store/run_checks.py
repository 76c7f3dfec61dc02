"""Whether a stored run is what was published: its manifest, its name, and each of its files."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import (
    LaterVersionError,
    Manifest,
    read_manifest,
)

_RUN_ID = re.compile(r"\d{8}-\d{6}(-\d+)?")
_SHOWN = 3  # files named in a message
_UNLISTED = (".scratch", "manifest.json")


@dataclass(frozen=True)
class RunCheck:
    """A run folder, its manifest if that can be read, and what is wrong with it.

    Attributes
    ----------
    folder
        The folder of the run.
    manifest
        The manifest, or None.
    damage
        What is wrong, one sentence each; empty for a run that is as published.
    left_alone
        Whether a repair leaves it alone: another version wrote it, or it is a link.
    """

    folder: Path
    manifest: Manifest | None = None
    damage: tuple[str, ...] = ()
    left_alone: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether the manifest can be read, belongs to the folder, and nothing is damaged."""
        return self.manifest is not None and not self.damage

    @property
    def is_own(self) -> bool:
        """Whether the manifest can be read and belongs to the folder."""
        return self.manifest is not None and self.manifest.run_id == self.folder.name

    @property
    def is_complete(self) -> bool:
        """Whether the run is sound, succeeded, and covers its whole recipe."""
        manifest = self.manifest if self.is_sound else None
        return manifest is not None and manifest.succeeded and not manifest.partial

    def __str__(self) -> str:
        return f"run {self.folder.name}: {'; '.join(self.damage) or 'as published'}"


def is_run_id(name: str) -> bool:
    """Return whether a name is the id of a run.

    Examples
    --------
    >>> is_run_id("20261121-183005-2"), is_run_id("20261121-183005 (copy)")
    (True, False)
    """
    return _RUN_ID.fullmatch(name) is not None


def check_run(folder: Path, *, files: bool = False) -> RunCheck:
    """Return what is wrong with a stored run; never raises an error for what it finds.

    Parameters
    ----------
    folder
        The folder of the run.
    files
        Whether each file is also compared with its checksum.
    """
    try:
        if folder.is_symlink():
            return RunCheck(folder, damage=("it is a link to another folder",), left_alone=True)
        manifest = read_manifest(folder)
    except LaterVersionError as error:
        return RunCheck(folder, damage=(_reason(error),), left_alone=True)
    except (ReportError, OSError, ValueError, MemoryError) as error:  # ValueError: not UTF-8
        return RunCheck(folder, damage=(f"its manifest cannot be used: {_reason(error)}",))
    damage = []
    if manifest.run_id != folder.name:
        damage.append(f"it is a copy of run {manifest.run_id[:60]!r}")
    if not manifest.checksum:
        damage.append("an earlier version wrote it without checksums")
    elif files:
        damage += _damaged_files(folder, manifest)
    return RunCheck(folder, manifest, tuple(damage), left_alone=not manifest.checksum)


def file_checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a run, by its path in the folder, without the manifest.

    Raises
    ------
    OSError
        A file cannot be read.
    """
    return {name: checksum(folder / name) for name in sorted(_files(folder))}


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def changed_files(folder: Path, manifest: Manifest, *, below: tuple[str, ...] = ("",)) -> list[str]:
    """Return the files of a run that are missing, unreadable or differ from their checksums.

    Parameters
    ----------
    folder, manifest
        The folder of the run and its manifest.
    below
        Only files whose paths begin with one of these.
    """
    names = [name for name in manifest.files if name.startswith(below)]
    return [name for name in names if not _is_unchanged(folder, name, manifest.files[name])]


def unlisted_files(folder: Path, manifest: Manifest) -> list[str]:
    """Return the files in the folder of a run that were not published with it."""
    return sorted(_files(folder) - set(manifest.files))


def _damaged_files(folder: Path, manifest: Manifest) -> list[str]:
    changed = changed_files(folder, manifest)
    if not changed:
        return []
    more = f" and {len(changed) - _SHOWN} more" * (len(changed) > _SHOWN)
    names = ", ".join(changed[:_SHOWN])
    return [f"{names}{more} changed or missing since it was published"]


def _is_unchanged(folder: Path, name: str, expected: str) -> bool:
    inside = PurePosixPath(name)
    if inside.is_absolute() or ".." in inside.parts:  # a manifest names files of its run only
        return False
    try:
        return (folder / name).is_file() and checksum(folder / name) == expected
    except (OSError, ValueError):
        return False


def _files(folder: Path) -> set[str]:
    return {name for name in _walk(folder, "") if name not in _UNLISTED}


def _walk(folder: Path, below: str) -> Iterator[str]:
    for entry in (folder / below).iterdir():
        name = f"{below}{entry.name}"
        if entry.is_dir() and not entry.is_symlink():
            yield from _walk(folder, f"{name}/")
        else:
            yield name


def _reason(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return text.removesuffix(" Give the manifest.json of a run folder.").rstrip(".")
