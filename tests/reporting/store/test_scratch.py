"""Scratch folders: private, short, and removed only if they are this package's."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from relmark_research.reporting.store import scratch
from relmark_research.reporting.store.scratch import (
    create_scratch,
    remove_orphaned_folders,
    remove_scratch,
    scratch_path,
    temporary_folder,
)


@pytest.fixture
def root(monkeypatch):
    """Return a short folder for temporary files, and record whose processes are ended."""
    with tempfile.TemporaryDirectory(prefix="rm", dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


@pytest.fixture
def ended(monkeypatch):
    marks = []
    monkeypatch.setattr(scratch, "end_processes", marks.append)
    return marks


def test_paths_are_unused_and_below_the_folder_for_temporary_files(root):
    one, other = scratch_path(), scratch_path()
    assert one != other
    assert one.parent == root
    assert one.name.startswith("relmark-")
    assert len(one.name) == len("relmark-") + 12
    assert not one.exists()


def test_a_long_folder_for_temporary_files_is_replaced(monkeypatch):
    for name, expected in (("é" * 29, "/é" + "é" * 28), ("é" * 30, "/tmp")):
        monkeypatch.setattr(tempfile, "tempdir", f"/{name}")
        assert scratch_path().parent == Path(expected)  # 59 and 61 bytes
    monkeypatch.setattr(tempfile, "tempdir", "/" + "x" * 59)
    assert str(scratch_path().parent) == "/" + "x" * 59
    monkeypatch.setattr(tempfile, "tempdir", "/" + "x" * 60)
    assert scratch_path().parent == Path("/tmp")


def test_a_scratch_folder_is_private(root):
    folder = scratch_path()
    create_scratch(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "tmp").is_dir()
    with pytest.raises(FileExistsError):
        create_scratch(folder)


def test_a_scratch_folder_is_removed_with_its_processes(root, ended):
    folder = scratch_path()
    create_scratch(folder)
    remove_scratch(folder)
    assert not folder.exists()
    assert ended == [folder.name]


def test_other_folders_are_never_removed(root, ended, monkeypatch):
    named, deeper = root / "precious", root / "deeper" / "relmark-1"
    for folder in (named, deeper):
        folder.mkdir(parents=True)
        remove_scratch(folder)
        assert folder.is_dir()
    file = root / "relmark-file"
    file.write_text("")
    remove_scratch(file)
    remove_scratch(root / "relmark-none")
    foreign = root / "relmark-foreign"
    foreign.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: foreign.stat().st_uid + 1)
    remove_scratch(foreign)
    assert file.is_file()
    assert foreign.is_dir()
    assert ended == []


def test_temporary_files_are_put_into_a_folder_that_is_removed(root):
    before = tempfile.gettempdir()
    with pytest.raises(ValueError, match="inside"), temporary_folder() as folder:
        assert tempfile.gettempdir() == str(folder)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.name.startswith(f"relmark-check-{os.getpid()}-")
        (folder / "spill").write_text("x")
        raise ValueError("inside")
    assert not folder.exists()
    assert tempfile.gettempdir() == before


def test_folders_of_processes_that_ended_are_removed(root, ended):
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    orphan = root / f"relmark-check-{process.pid}-abc123"
    ours = root / f"relmark-check-{os.getpid()}-abc123"
    unreadable, scratch_folder = root / "relmark-check-x-abc123", root / "relmark-0123456789ab"
    folders = [orphan, ours, unreadable, scratch_folder]
    for folder in folders:
        folder.mkdir()
    remove_orphaned_folders()
    assert [folder.exists() for folder in folders] == [False, True, True, True]


def test_a_folder_that_is_gone_already_is_no_error(root, monkeypatch):
    folder = scratch_path()
    create_scratch(folder)
    monkeypatch.setattr(scratch, "end_processes", lambda mark: shutil.rmtree(folder))
    remove_scratch(folder)
    with temporary_folder() as temporary:
        temporary.rmdir()
    assert list(root.iterdir()) == []
