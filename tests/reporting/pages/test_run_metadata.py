"""Data, parameters and provenance of a run as terms with their text."""

from dataclasses import replace

import pytest

from relmark_research.reporting.pages.run_metadata import (
    column_terms,
    data_terms,
    format_duration,
    format_short_day,
    format_time,
    label_of,
    parameter_terms,
    provenance_terms,
)
from relmark_research.reporting.record.manifest import Manifest, NotebookRun

DATA = {
    "source": "/home/me/sales.csv",
    "currency": "USD",
    "customer": "client",
    "options": {"decimal_sign": ",", "sheets": ["a", "b"], "header": True, "dates": None},
}
RUN = NotebookRun(
    "value",
    parameters={"source": "x", "as_of": None, "customer": "client", "margin": 0.3, "top": None},
    seconds=12.3,
    memory=412_000_000,
    reused_from="7",
)
MANIFEST = Manifest(
    "monthly.yml", "Sales", "8", "2025-11-21T18:33:10+00:00", as_of="1998-06-30", data=DATA,
    fingerprint={
        "rows_used": 67591, "rows": 3, "first_day": "1997-01-01", "last_day": "1998-06-30",
    },
    git={"commit": "abc", "dirty": False},
    notebooks=(RUN,),
)  # fmt: skip


def test_data_have_source_rows_period_day_and_currency():
    assert data_terms(MANIFEST) == [
        ("Data", "sales.csv"),
        ("Rows", "67,591"),
        ("Period", "1 January 1997 to 30 June 1998"),
        ("As of", "30 June 1998"),
        ("Currency", "USD"),
    ]


def test_what_is_not_known_is_left_out():
    assert data_terms(Manifest("r", "t", "1", "s")) == []
    fingerprint = {"rows": 9999, "first_day": "1997-01-01", "last_day": None}
    found = data_terms(replace(MANIFEST, fingerprint=fingerprint, as_of=None, data={}))
    assert found == [("Rows", "9,999"), ("Period", "1 January 1997")]


def test_a_case_and_its_own_data_come_before_those_of_the_run():
    case = {"source": "C:\\data\\other.csv", "segment": "key account", "currency": "EUR"}
    run = replace(RUN, case=case, fingerprint={"rows_used": 10_000})
    found = dict(data_terms(MANIFEST, run))
    assert found["Rows"] == "10,000"
    assert found["Segment"] == "key account"
    assert found["Currency"] == "EUR"
    assert "Period" not in found
    assert dict(data_terms(MANIFEST, RUN))["Rows"] == "67,591"


def test_every_table_of_the_recipe_has_its_rows():
    tables = {"contact_costs": {"rows_read": 200, "rows_used": 150}}
    manifest = replace(MANIFEST, fingerprint={"rows_read": 3, "rows_used": 3, "tables": tables})
    found = dict(data_terms(manifest))
    assert found["Rows"] == "all 3 rows used"
    assert found["Contact costs"].startswith("150 of 200 rows used")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("C:\\data\\other.csv", "other.csv"),
        ("sales.csv", "sales.csv"),
        ("https://host/deep/sales.csv", "https://host/deep/sales.csv"),
        ("dataset:cdnow", "cdnow, comes with the package"),
    ],
)
def test_a_source_is_named_without_folders(source, name):
    manifest = replace(MANIFEST, data={"source": source})
    assert dict(data_terms(manifest))["Data"] == name


def test_columns_and_options_are_written_out():
    assert column_terms(MANIFEST) == [
        ("Customer", "client"),
        ("Options", "decimal sign: ,, sheets: a, b, header: yes, dates: "),
    ]
    assert column_terms(replace(MANIFEST, data={"cost": None, "as_of": "x", "date": "day"})) == [
        ("Date", "day")
    ]


def test_parameters_are_those_that_other_terms_do_not_contain():
    assert parameter_terms(RUN, MANIFEST) == [("Margin", "0.3"), ("Top", "none")]
    with_case = replace(RUN, case={"margin": 0.3})
    assert parameter_terms(with_case, MANIFEST) == [("Top", "none")]


def test_whole_numbers_from_ten_thousand_have_separators():
    run = replace(RUN, parameters={"year": 9_999, "price": 10_000, "loss": -10_000, "rate": 2e4})
    texts = [text for _, text in parameter_terms(run, MANIFEST)]
    assert texts[0] == "9999"
    assert texts[1] == "10,000"
    assert texts[2].endswith("10,000")
    assert texts[3] == "20000.0"
    assert parameter_terms(replace(RUN, parameters={"deep": (True, False)}), MANIFEST) == [
        ("Deep", "yes, no")
    ]


def test_provenance_of_a_run():
    manifest = replace(MANIFEST, fingerprint={"rows_used": 3})
    assert provenance_terms(manifest) == [
        ("Run", "8"),
        ("Recipe", "monthly.yml"),
        ("Started", "21 November 2025, 18:33 UTC"),
        ("Data: rows used", "3"),
        ("Code: commit", "abc"),
        ("Code: dirty", "no"),
    ]


def test_provenance_of_a_notebook_has_its_duration_and_memory():
    found = dict(provenance_terms(replace(MANIFEST, finished="2025-11-21T18:35:00+00:00"), RUN))
    assert found["Finished"] == "21 November 2025, 18:35 UTC"
    assert found["Time"] == "12 seconds"
    assert found["Memory"] == "412 MB"
    assert found["Taken from run"] == "7"
    bare = dict(provenance_terms(MANIFEST, NotebookRun("value")))
    assert not {"Time", "Memory", "Taken from run"} & set(bare)
    assert dict(provenance_terms(MANIFEST, NotebookRun("value", seconds=0.0)))["Time"] == (
        "0 seconds"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 seconds"),
        (0.6, "1 second"),
        (1.4, "1 second"),
        (1.6, "2 seconds"),
        (89.4, "89 seconds"),
        (90, "2 minutes"),
        (149, "2 minutes"),
        (3600, "60 minutes"),
    ],
)
def test_durations(seconds, text):
    assert format_duration(seconds) == text


def test_times_and_days():
    assert format_time("2026-11-02T08:07:59") == "2 November 2026, 08:07"
    assert format_time("yesterday") == "yesterday"
    assert format_time(None) == ""
    assert format_short_day("2026-11-02") == "2 Nov 2026"
    assert format_short_day("yesterday") == "yesterday"
    assert format_short_day(3) == "3"


def test_labels():
    assert label_of("annual_discount_rate") == "Annual discount rate"
    assert label_of("speaks.margin") == "Speaks, margin"
    assert label_of("cLV") == "CLV"
    assert label_of("") == ""


def test_parts_of_a_fact_that_are_not_known_are_not_named():
    books = {"rows_read": 30, "rows_used": 30, "money_left_out": None}
    found = provenance_terms(replace(MANIFEST, fingerprint={"tables": {"books": books}}))
    assert dict(found)["Data: tables"] == "books: rows read: 30, rows used: 30"
