"""Pseudonyms are keyed hashes: stable, equal for equal ids, different with another key."""

import hashlib
import stat

import pytest

from relmark_research.errors import ParameterError
from relmark_research.tables.pseudonyms import (
    KEY_VARIABLE,
    has_key,
    id_key,
    key_path,
    pseudonyms,
    write_key,
)


@pytest.fixture(autouse=True)
def _no_key(monkeypatch, tmp_path):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)


def test_a_pseudonym_is_the_keyed_hash_of_the_id_with_80_bits():
    (name,) = pseudonyms(["007"], key="a secret")
    expected = hashlib.blake2b(b"007", key=b"a secret", digest_size=10).hexdigest()
    assert name == f"C-{expected}"
    assert len(expected) * 4 == 80


def test_equal_ids_have_equal_pseudonyms_and_others_others():
    one, two, again = pseudonyms(["a", "b", "a"], key="k")
    assert one == again != two
    assert pseudonyms(["a"], key="other")[0] != one
    assert pseudonyms([7.0], key="k") == pseudonyms(["7"], key="k") == pseudonyms([7], key="k")


def test_the_key_is_taken_from_the_environment_unless_given(monkeypatch):
    monkeypatch.setenv("RELMARK_ID_KEY", "a secret")
    assert pseudonyms(["007"]) == pseudonyms(["007"], key="a secret")
    assert pseudonyms(["007"], key="other") != pseudonyms(["007"])


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_there_are_no_pseudonyms_and_the_error_says_what_to_do(key):
    assert not has_key()
    with pytest.raises(ParameterError, match="relmark key"):
        pseudonyms(["007"], key=key)


def test_a_long_key_counts_to_its_last_character():
    assert pseudonyms(["a"], key="x" * 64 + "y") != pseudonyms(["a"], key="x" * 64 + "z")


def test_collisions_are_rare_enough_for_large_bases():
    names = pseudonyms(range(20_000), key="k")
    assert len(set(names)) == 20_000


class TestKeyFile:
    def test_a_key_is_random_private_and_ignored_by_git(self, tmp_path):
        path = write_key(tmp_path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert (path.parent / ".gitignore").read_text() == "*\n"
        assert len(bytes.fromhex(id_key())) == 32
        (tmp_path / "other").mkdir()
        other = write_key(tmp_path / "other")
        assert other.read_text() != path.read_text()

    def test_it_is_found_from_the_folders_below(self, tmp_path, monkeypatch):
        path = write_key(tmp_path)
        (tmp_path / "notebooks").mkdir()
        monkeypatch.chdir(tmp_path / "notebooks")
        assert key_path() == path
        assert pseudonyms(["007"]) == pseudonyms(["007"], key=path.read_text().strip())

    def test_the_environment_comes_first(self, tmp_path, monkeypatch):
        write_key(tmp_path)
        monkeypatch.setenv(KEY_VARIABLE, "another")
        assert id_key() == "another"

    def test_it_is_replaced_on_request_only(self, tmp_path):
        write_key(tmp_path)
        before = pseudonyms(["007"])
        with pytest.raises(ParameterError, match="--rotate"):
            write_key(tmp_path)
        assert pseudonyms(["007"]) == before
        path = write_key(tmp_path, rotate=True)
        assert pseudonyms(["007"]) != before
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_a_key_that_others_can_read_is_refused(self, tmp_path):
        write_key(tmp_path).chmod(0o640)
        with pytest.raises(ParameterError, match=r"mode 0640.*chmod 600"):
            pseudonyms(["007"])


def test_a_system_without_owners_and_modes_reads_the_key_too(tmp_path, monkeypatch):
    monkeypatch.delenv("RELMARK_ID_KEY", raising=False)
    path = write_key(tmp_path)
    path.chmod(0o666)
    monkeypatch.setattr("relmark_research.tables.pseudonyms._HAS_OWNERS", False)
    monkeypatch.delattr("os.getuid")
    assert len(id_key(tmp_path)) == 64
