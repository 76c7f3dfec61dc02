import hashlib
import sqlite3
import subprocess

import pytest

from relmark_research.errors import DataError, ReportError
from relmark_research.reporting.record import provenance
from relmark_research.reporting.record.provenance import (
    check_data,
    code_hash,
    fingerprint,
    git_state,
    installed_packages,
    read_options,
    versions,
)
from relmark_research.tables.sources.bundled_files import sample_folder


@pytest.fixture
def sales(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("customer_id,date,value\na,2024-01-01,3\nb,2024-01-05,4\na,2024-02-01,5\n")
    return path


def test_a_file_has_a_hash(sales):
    found = fingerprint(str(sales))
    assert found == {
        "files": 1,
        "bytes": sales.stat().st_size,
        "sha256": hashlib.sha256(sales.read_bytes()).hexdigest(),
    }


def test_several_files_have_one_hash(sales, tmp_path):
    pattern = str(tmp_path / "*.csv")
    alone = fingerprint(pattern)
    more = tmp_path / "more.csv"
    more.write_text("x")
    two = fingerprint(pattern)
    more.rename(tmp_path / "other.csv")
    renamed = fingerprint(pattern)
    assert two["files"] == 2
    assert len({alone["sha256"], two["sha256"], renamed["sha256"]}) == 3


@pytest.mark.parametrize(("name", "size"), [("cdnow", 228_327), ("cdnow_full", 1_950_500)])
def test_bundled_data_have_the_hash_of_their_raw_file(name, size):
    found = fingerprint(f"dataset:{name}")
    assert found["files"] == 1
    assert found["bytes"] == size


def test_the_sample_has_the_hash_of_its_transactions():
    found = fingerprint("dataset:sample")
    assert (
        found["sha256"]
        == hashlib.sha256((sample_folder() / "transactions.csv").read_bytes()).hexdigest()
    )


def test_a_database_in_a_file_has_the_hash_of_its_content(tmp_path):
    path = tmp_path / "crm.db"
    with sqlite3.connect(path) as database:
        database.execute("create table orders (id)")
    source = f"sqlite:///{path}#orders"
    before = fingerprint(source)
    assert before["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "crm.db-wal").write_bytes(b"")  # a reader leaves an empty one
    assert fingerprint(source) == before
    (tmp_path / "crm.db-wal").write_bytes(b"pending")
    assert fingerprint(source)["files"] == 2
    database.close()
    assert fingerprint(f"duckdb:///{tmp_path}/none.duckdb#orders") == {}


def test_a_bundled_table_has_the_hash_of_its_file():
    found = fingerprint("sample:contacts")
    path = sample_folder() / "contacts.csv"
    assert found["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert fingerprint("sample:none") == {}


def test_a_file_that_moves_to_another_folder_of_a_glob_changes_the_hash(tmp_path):
    for name in ("a/1.csv", "b/2.csv"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(name)
    before = fingerprint(str(tmp_path / "*" / "*.csv"))
    (tmp_path / "a" / "1.csv").rename(tmp_path / "b" / "1.csv")
    assert fingerprint(str(tmp_path / "*" / "*.csv")) != before


def test_the_hash_of_the_package_covers_its_data_files_and_tables(tmp_path, monkeypatch):
    real = code_hash()
    monkeypatch.setattr(provenance, "_PACKAGE", tmp_path)
    (tmp_path / "segments.yml").write_text("scale: 5")
    (tmp_path / "__pycache__").mkdir()
    one = code_hash()
    (tmp_path / "__pycache__" / "x.pyc").write_text("1")
    assert code_hash() == one != real
    (tmp_path / "segments.yml").write_text("scale: 6")
    assert code_hash() != one


def test_all_installed_packages_are_listed():
    found = installed_packages()
    assert found["pandas"] == versions()["pandas"]
    assert found["python"].endswith(versions()["python"])
    assert len(found) > 50


def test_a_url_is_not_downloaded_for_its_hash():
    assert fingerprint("https://example.invalid/sales.csv") == {}


def test_the_fingerprint_ends_at_as_of(sales):
    whole = check_data({"source": str(sales)})
    assert (whole["rows_used"], whole["first_day"], whole["last_day"]) == (
        3,
        "2024-01-01",
        "2024-02-01",
    )
    early = check_data({"source": str(sales)}, as_of="2024-01-10")
    assert (early["rows_read"], early["rows_used"], early["last_day"]) == (3, 2, "2024-01-10")
    assert check_data({}) == {}


def test_data_are_refused_before_anything_runs(sales):
    with pytest.raises(DataError, match="no column 'paid'"):
        check_data({"source": str(sales), "value": "paid"})
    with pytest.raises(DataError, match=r"options: unusable: .leave out.*Options stand under data"):
        check_data({"source": str(sales), "date": "value"})
    with pytest.raises(ValueError, match=r"no policy for returns 'nett'; .*Did you mean 'net'"):
        check_data({"source": str(sales), "returns": "nett"})


def test_options_are_checked_by_name():
    assert read_options({"decimal": ","}).decimal == ","
    with pytest.raises(ReportError, match=r"data\.options: no option 'seperator'; .*'separator'"):
        read_options({"seperator": ";"})


def test_versions_name_the_packages_in_use():
    assert {"python", "pandas", "numpy", "scipy", "duckdb", "ibis-framework"} <= versions().keys()


def test_git_state_has_commit_and_dirty_flag(tmp_path):
    def git(*words):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
        subprocess.run(["git", "-C", tmp_path, *identity, *words], check=True, capture_output=True)

    git("init")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-m", "first")
    clean = git_state(tmp_path)
    (tmp_path / "file").write_text("2")
    changed = git_state(tmp_path)
    assert len(clean["commit"]) == 40
    assert clean["dirty"] is False
    assert changed == {"commit": clean["commit"], "dirty": True}


def test_without_a_checkout_there_is_no_git_state(tmp_path):
    assert git_state(tmp_path / "nowhere") == {}
