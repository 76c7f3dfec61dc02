"""Filters compare columns with values of their type; a frame and a file of text give the same."""

import io

import ibis
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from relmark_research.tables.values.filters import filter_condition

FRAME = pd.DataFrame(
    {
        "customer_id": ["007", "8", "9", "10"],
        "date": pd.to_datetime(["2024-01-01", "2024-01-15", "2024-02-01", "2024-02-20"]),
        "value": [5.0, 15.0, 100.0, -1.0],
        "Unit Price": [1.5, 2.0, 2.5, 3.0],
        "Country": ["BG", "DE", None, "BG "],
        "other": [5.0, 1.0, 100.0, 2.0],
    }
)
TEXT = pd.read_csv(io.StringIO(FRAME.to_csv(index=False)), dtype="str", keep_default_na=False)


def kept(frame, exclude):
    log = rm.read_transactions(frame, options=rm.ReadOptions(exclude=exclude))
    return sorted(log.to_pandas()["customer_id"], key=int)


LEFT = {  # filter: the customers whose rows it leaves
    "value > 15": ["007", "8", "10"],
    "value >= 15.0 or value < 0": ["007"],
    "15 <= value": ["007", "10"],
    "1 < value < 50": ["9", "10"],
    "value in (5, 100)": ["8", "10"],
    "value not in (5, 100)": ["007", "9"],
    "`Unit Price` == 2": ["007", "9", "10"],
    "`Unit Price` > 1.75 and not value > 50": ["007", "9"],
    "value == other": ["8", "10"],
    "date > '2024-01-15'": ["007", "8"],
    "date == '2024-02-01'": ["007", "8", "10"],
    "date in ('2024-01-01', '2024-02-20')": ["8", "9"],
    "'2024-01-10' <= date < '2024-02-10'": ["007", "10"],
    "Country == 'BG'": ["8", "9"],
    "Country != 'BG'": ["007", "9", "10"],
    "blank(Country)": ["007", "8", "10"],
    "startswith(Country, 'B')": ["8", "9"],
    "customer_id == '8' or customer_id == 9": ["007", "10"],
    "customer_id in ('8', '007')": ["9", "10"],
    "customer_id == 7": ["007", "8", "9", "10"],
}


@pytest.mark.parametrize("frame", [FRAME, TEXT], ids=["types", "text"])
def test_a_frame_and_text_leave_the_same_rows(frame):
    table = ibis.memtable(frame)
    found = {
        f"f{place}": filter_condition(table, exclude, ids="customer_id")
        for place, exclude in enumerate(LEFT)
    }
    read = table.select("customer_id", **found).to_pandas()
    for place, (exclude, left) in enumerate(LEFT.items()):
        assert read.loc[~read[f"f{place}"], "customer_id"].to_list() == left, exclude


def test_value_above_15_excluded_from_a_csv_file(tmp_path):
    """Section A: exclude="value > 15" on a CSV."""
    FRAME.to_csv(tmp_path / "sales.csv", index=False)
    assert kept(tmp_path / "sales.csv", "value > 15") == ["007", "8", "10"]


def test_ids_are_compared_as_they_are_read():
    frame = FRAME.head(2).assign(customer_id=[8, 9])
    assert kept(frame, "customer_id == '8'") == ["9"]
    assert kept(frame.assign(customer_id=["8.0", "9"]), "customer_id == 8") == ["9"]


def test_declared_formats_hold_in_filters():
    frame = pd.DataFrame(
        {"customer_id": ["1", "2"], "date": ["2/1/2024", "1/31/2024"], "value": ["1,5", "2,5"]}
    )
    options = rm.ReadOptions(date_format="%m/%d/%Y", exclude="date < '2024-02-01' or value > 2")
    assert rm.read_transactions(frame, options=options).to_pandas()["customer_id"].to_list() == [
        "1"
    ]


def test_columns_of_truth_values():
    frame = FRAME.assign(test=[True, False, True, False])
    assert kept(frame, "test") == kept(frame, "test == True") == ["8", "10"]


@pytest.mark.parametrize(
    ("exclude", "said"),
    [
        (
            "value > '15'",
            "'value', which holds numbers, with '15'. Write the number without quotes: 15",
        ),
        ("value == 'x'", "'value', which holds numbers, with 'x'"),
        ("date > 15", "'date', which holds dates, with 15"),
        ("date > '15.01.2024'", "Write a day as '2024-01-31'"),
        ("Country > 5.5 and Country < 'M'", "text has none here"),
        ("Country == True", "'Country', which holds text, with True"),
        ("date == value", "'date', which holds dates, with 'column value'"),
        ("Country is None", "a missing value is blank"),
        ("Country == None", "a missing value is blank"),
        ("value in 5", "a filter compares columns with values"),
        ("value == (5, 6)", "a filter compares columns with values"),
        ("value in ()", "a filter compares columns with values"),
        ("value in (5, 'x')", "a filter compares columns with values"),
        ("value in Country", "a filter compares columns with values"),
        ("value + 1 > 5", "a filter compares columns with values"),
        ("1 == 1", "a filter compares columns with values"),
        ("value == 1e999", "a filter compares columns with values"),
        ("Country", "a filter compares columns with values"),
        ("blank('Country')", "a filter compares columns with values"),
        ("startswith(Country, 5)", "a filter compares columns with values"),
        ("Unit Price > 5", "stand in backticks"),
        ("x = 5", "a filter compares columns with values"),
        ("__import__('os')", "a filter compares columns with values"),
        ("", "a filter compares columns with values"),
        (5, "a filter compares columns with values"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(exclude, said):
    with pytest.raises(ParameterError) as refused:
        filter_condition(ibis.memtable(FRAME), exclude)
    assert said in str(refused.value)


def test_on_text_the_quoted_number_is_refused_too():
    """Section A: the quoted form compares text."""
    with pytest.raises(ParameterError, match="Write the number without quotes: 15"):
        filter_condition(ibis.memtable(TEXT), "value > '15'")


@pytest.mark.parametrize("name", ["valeu", "`Unit Prise`", "relmark_value"])
def test_unknown_columns_get_the_closest_match(name):
    with pytest.raises(DataError, match="no column"):
        filter_condition(ibis.memtable(FRAME).mutate(relmark_value=1.0), f"{name} > 5")
