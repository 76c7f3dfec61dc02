"""Pseudonyms are keyed hashes: stable, equal for equal ids, and different with another key."""

import hashlib

import pytest

from relmark_research.tables.pseudonyms import KEY_VARIABLE, pseudonyms


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


def test_pseudonyms_do_not_change():
    assert pseudonyms(["007"], key="a secret") == ["C-19423536c1"]
    assert pseudonyms([7]) == pseudonyms(["7"], key="") == ["C-ede52244b6"]


def test_equal_ids_have_equal_pseudonyms_and_others_others():
    one, two, again = pseudonyms(["a", "b", "a"], key="k")
    assert one == again != two
    assert pseudonyms(["a"], key="other")[0] != one


def test_the_key_is_taken_from_the_environment_unless_given(monkeypatch):
    monkeypatch.setenv("RELMARK_ID_KEY", "a secret")
    assert pseudonyms(["007"]) == pseudonyms(["007"], key="a secret")
    assert pseudonyms(["007"], key="other") != pseudonyms(["007"])
    assert pseudonyms(["007"], key="") != pseudonyms(["007"])


def test_a_key_counts_up_to_its_64th_byte():
    assert pseudonyms(["a"], key="x" * 64) == pseudonyms(["a"], key="x" * 65)
    assert pseudonyms(["a"], key="x" * 64) != pseudonyms(["a"], key="x" * 63)


def test_collisions_are_rare_enough_for_large_bases():
    names = pseudonyms(range(20_000), key="k")
    assert len(set(names)) == 20_000
    assert {len(name) for name in names} == {12}
    assert hashlib.blake2b(b"0", key=b"k", digest_size=5).hexdigest() == names[0][2:]
