"""A run can be read by its owner only, unless it is shared."""

import stat

import pytest

from relmark_research.reporting.privacy.permissions import is_own, make_private_folder, set_access


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_new_folders_are_private_and_existing_ones_stay_as_they_are(tmp_path):
    tmp_path.chmod(0o755)
    make_private_folder(tmp_path / "runs" / "monthly")
    assert (mode(tmp_path), mode(tmp_path / "runs"), mode(tmp_path / "runs" / "monthly")) == (
        0o755, 0o700, 0o700,
    )  # fmt: skip
    make_private_folder(tmp_path / "runs" / "monthly")


@pytest.mark.parametrize(("share", "folder", "file"), [(False, 0o700, 0o600), (True, 0o755, 0o644)])
def test_all_that_is_in_a_folder_gets_the_same_access(tmp_path, share, folder, file):
    outside = tmp_path / "outside.csv"
    outside.write_text("x")
    outside.chmod(0o640)
    run = tmp_path / "run"
    (run / "files").mkdir(parents=True)
    (run / "files" / "a.csv").write_text("x")
    (run / "link").symlink_to(outside)
    set_access(run, share=share)
    assert (mode(run), mode(run / "files"), mode(run / "files" / "a.csv")) == (folder, folder, file)
    assert mode(outside) == 0o640
    set_access(outside, share=share)
    assert mode(outside) == file


def test_a_system_without_owners_has_own_files_only(tmp_path, monkeypatch):
    status = tmp_path.stat()
    assert is_own(status)
    monkeypatch.setattr("os.geteuid", lambda: status.st_uid + 1)
    assert not is_own(status)
    monkeypatch.delattr("os.geteuid")
    assert is_own(status)
