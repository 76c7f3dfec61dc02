import hashlib
import subprocess

import pytest

from relmark_research.errors import DataError, ReportError
from relmark_research.reporting.record.provenance import (
    check_data,
    fingerprint,
    git_state,
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
