"""Bundled files are found in a repository and in an installed package; errors say what to do."""

import shutil
import subprocess
import sys
from importlib.machinery import ModuleSpec

import pandas as pd
import pytest

from relmark_research.customers import datasets
from relmark_research.errors import DataError, ParameterError
from relmark_research.tables.sources import bundled_files


@pytest.mark.parametrize(("full", "customers", "rows"), [(False, 2357, 6919), (True, 23570, 69659)])
def test_cdnow_has_its_published_size(full, customers, rows):
    table = bundled_files.cdnow_rows(full=full)
    assert list(table.columns) == ["customer_id", "date", "quantity", "value"]
    assert (table["customer_id"].nunique(), len(table)) == (customers, rows)
    assert table["customer_id"].str.fullmatch(r"\d{5}").all()
    assert table["date"].min() == pd.Timestamp("1997-01-01")
    assert table["date"].max() == pd.Timestamp("1998-06-30")
    assert (table["value"] >= 0).all() and (table["quantity"] > 0).all()


def test_the_sample_is_part_of_the_master():
    part, whole = bundled_files.cdnow_rows(), bundled_files.cdnow_rows(full=True)
    same = whole[whole["customer_id"].isin(part["customer_id"])]
    pd.testing.assert_frame_equal(
        part.sort_values(list(part), ignore_index=True),
        same.sort_values(list(same), ignore_index=True),
    )


def test_cdnow_has_its_published_repeat_purchases():
    # Fader, Hardie and Lee 2005: 2,457 repeat purchase-days to 1997-09-30, 1,882 in the 39 weeks
    # after
    days = bundled_files.cdnow_rows()[["customer_id", "date"]].drop_duplicates()
    early = days[days["date"] <= "1997-09-30"]
    assert len(early) - early["customer_id"].nunique() == 2457
    assert len(days) - len(early) == 1882


def test_without_lifetimes_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(bundled_files, "find_spec", lambda name: None)
    for load in (bundled_files.cdnow_rows, datasets.load_donations):
        with pytest.raises(
            DataError, match=r"found no lifetimes installed.*pip install 'lifetimes"
        ):
            load()


def test_a_lifetimes_without_its_files_is_named(monkeypatch, tmp_path):
    spec = ModuleSpec("lifetimes", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(bundled_files, "find_spec", lambda name: spec)
    with pytest.raises(DataError, match=r"CDNOW_master\.txt") as raised:
        bundled_files.cdnow_rows(full=True)
    assert str(tmp_path) in str(raised.value)


def test_the_sample_is_found_inside_an_installed_package(monkeypatch, tmp_path):
    package = tmp_path / "relmark_research"
    shutil.copytree(bundled_files.sample_folder(), package / "sample")
    monkeypatch.setattr(
        bundled_files, "__file__", str(package / "tables" / "sources" / "bundled_files.py")
    )
    assert bundled_files.sample_folder() == package / "sample"
    assert len(datasets.load_sample("books")) == 60


def test_without_the_sample_the_error_says_how_to_make_it(monkeypatch, tmp_path):
    module = tmp_path / "package" / "tables" / "sources" / "bundled_files.py"
    monkeypatch.setattr(bundled_files, "__file__", str(module))
    with pytest.raises(DataError, match=r"relmark_research\.simulation data/sample"):
        datasets.load_sample("books")


def test_reading_cdnow_does_not_import_lifetimes():
    code = (
        "import sys; from relmark_research.tables.sources import bundled_files;"
        "bundled_files.cdnow_rows(); bundled_files.donations(); "
        "print(sorted({'lifetimes', 'ibis', 'duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_bundled_logs_and_tables_are_known_by_name():
    rows = bundled_files.log_rows("cdnow")
    assert list(rows) == ["customer_id", "date", "value"]
    assert "order_id" in bundled_files.log_rows("sample")
    assert bundled_files.dataset_file("sample").name == "transactions.csv"
    assert bundled_files.dataset_file("cdnow_full").name == "CDNOW_master.txt"
    with pytest.raises(DataError, match=r"no bundled data set 'cdnw'.*Did you mean 'cdnow'"):
        bundled_files.log_rows("cdnw")
    for call in (bundled_files.sample_table, bundled_files.dataset_file):
        with pytest.raises(ParameterError, match="nothing"):
            call("nothing")
    assert {"T", "n_customers"} <= set(bundled_files.donations())
