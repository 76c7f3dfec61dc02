"""Proposed options: what the data settle is proposed, and nothing else."""

import pandas as pd
import pytest
import yaml

import relmark_research as rm
from relmark_research.tables.options import ReadOptions
from relmark_research.tables.proposals import _opened, fitting_formats, propose
from relmark_research.tables.schemas import CONTACTS, TRANSACTIONS


def sales(separator: str = "\t") -> str:
    lines = [
        separator.join([f"K{k % 7:03d}", f"{1 + k % 9}/{13 + k % 15}/2012", f"{10 + k / 4:.2f}"])
        for k in range(60)
    ]
    return "\n".join(lines) + "\n"


def test_a_headerless_tab_separated_file_with_us_dates(tmp_path):
    path = tmp_path / "sales.txt"
    path.write_text(sales())
    found = propose(path, TRANSACTIONS)
    assert found.columns == {"customer_id": "column_1", "date": "column_2", "value": "column_3"}
    assert found.options["header"] == "none"
    assert found.options["date_format"] == "%m/%d/%Y"
    data = yaml.safe_load(found.data_section(str(path)))["data"]
    names = {name: data[name] for name in ("customer", "date", "value")}
    log = rm.read_transactions(path, **names, options=ReadOptions(**data["options"]))
    assert log.counts.read == 60


def test_names_with_blanks_are_matched_to_ours(tmp_path):
    path = tmp_path / "contacts.csv"
    path.write_text("Customer ID;Date;Cost;Kind\n7;03.04.2024;1,5;mail\n8;31.04.2024;1,5;mail\n")
    found = propose(path, CONTACTS)
    assert found.columns == {"customer_id": "Customer ID", "date": "Date", "cost": "Cost",
                             "kind": "Kind"}  # fmt: skip


def test_what_the_data_do_not_settle_is_left_open(tmp_path):
    path = tmp_path / "contacts.csv"
    path.write_text("customer_id,date,cost\n7,03/04/2024,1.5\n8,05/04/2024,2.5\n")
    found = propose(path, CONTACTS)
    assert "date_format" not in found.options
    assert any("%m/%d/%Y" in each and "%d/%m/%Y" in each for each in found.unsettled)


def test_a_log_without_numbers_is_a_log_without_money(tmp_path):
    path = tmp_path / "visits.csv"
    path.write_text("customer_id,date\n7,2024-01-31\n8,2024-02-01\n")
    assert propose(path, TRANSACTIONS).columns == {"value": "none"}


def test_a_value_that_several_columns_may_hold_can_be_an_expression(tmp_path):
    path = tmp_path / "lines.csv"
    path.write_text("customer_id,date,Qty,Unit Price\n7,2024-01-31,-2,1.5\n8,2024-02-01,3,2.5\n")
    (sentence,) = propose(path, TRANSACTIONS).unsettled
    assert "left open: Qty, Unit Price" in sentence
    assert "an expression such as Qty * `Unit Price`" in sentence


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["2024-01-31", "2024-02-01"], [None]),
        (["31.12.2023"], ["%d.%m.%Y"]),
        (["20240131"], ["%Y%m%d"]),
        (["9/28/2012 14:05"], ["%m/%d/%Y %H:%M"]),
        (["soon"], []),
    ],
)
def test_formats_that_read_every_text(texts, formats):
    assert fitting_formats(texts) == formats
    assert fitting_formats(pd.Series(texts)) == formats


def rows(separator: str) -> str:
    """Return sales in which semicolon and bar both fit if the separator is one of them."""
    return separator.join(["customer_id", "date", "value"]) + "\n" + sales(separator)


@pytest.mark.parametrize("separator", ["\t", ";", "|", ","])
def test_the_only_separator_that_gives_columns_is_found(tmp_path, separator):
    path = tmp_path / "sales.txt"
    path.write_text(rows(separator))
    found = propose(path, TRANSACTIONS)
    assert found.columns.get("date", "date") == "date"
    assert found.options["date_format"] == "%m/%d/%Y"


def test_a_separator_that_several_could_be_is_not_guessed(tmp_path):
    path = tmp_path / "sales.txt"
    path.write_text("customer_id;date|value\n" + "7;2024-01-31|5\n8;2024-02-01|6\n" * 5)
    dialect, frame = _opened(path, ReadOptions())
    assert dialect.separator is None
    assert frame is None or frame.shape[1] == 1
    declared, frame = _opened(path, ReadOptions(separator="|"))
    assert declared.separator == "|"
    assert list(frame.columns) == ["customer_id;date", "value"]


def test_blanks_part_columns_where_no_other_sign_does(tmp_path):
    path = tmp_path / "sales.txt"
    path.write_text("customer_id   date  value\n7  2024-01-31   5\n8 2024-02-01  6\n")
    dialect, frame = _opened(path, ReadOptions())
    assert dialect.separator == "whitespace"
    assert list(frame.columns) == ["customer_id", "date", "value"]
