"""Values per customer and date, as they are given."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.covariates._dated_table import DatedTable, is_dated

IDS = pd.Index(["7", "b"], name="customer_id")
END = np.datetime64("2024-01-20")
DATES = pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-15"])


def table(**columns):
    frame = pd.DataFrame({"customer_id": [7, 7, 7, "b", "b", "b"], "date": [*DATES, *DATES]})
    return frame.assign(**{"ad": [0, 1, 0, 1, 1, 0], **columns})


def test_rows_are_sorted_and_joined_by_ids_as_text():
    shuffled = table().sample(frac=1, random_state=1)
    found = DatedTable.read(shuffled.assign(date=shuffled["date"].astype(str)), IDS, END)
    assert found.customer.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.values["ad"].to_numpy()[found.code].tolist() == [0, 1, 0, 1, 1, 0]
    assert len(found.values) == 2  # distinct
    assert found.covered == np.datetime64("2024-01-22")


def test_values_without_ids_are_those_of_all():
    found = DatedTable.read(table().iloc[:3].drop(columns="customer_id"), IDS, END)
    assert found.values["ad"].to_numpy()[found.code].tolist() == [0, 1, 0] * 2


def test_customers_of_another_log_are_left_out():
    found = DatedTable.read(table(), IDS[:1], END)
    assert len(found.day) == 3


def test_values_that_all_differ_stay_as_they_are():
    dates = pd.date_range("2023-01-01", "2024-01-20", freq="D")
    every = pd.DataFrame({"customer_id": 7, "date": dates, "ad": np.arange(float(len(dates)))})
    found = DatedTable.read(every, IDS[:1], END)
    assert found.values["ad"].to_numpy()[found.code].tolist() == every["ad"].tolist()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda t: t.iloc[[0, 1, 2, 2]],
            r"found 1 repeated, first on 2024-01-15, of customer '7'",
        ),
        (lambda t: t[t["date"] < "2024-01-10"], r"end on 2024-01-14 .*observed until 2024-01-20"),
        (lambda t: t.iloc[:0], r"the table has no rows"),
        (
            lambda t: t.assign(date=[*DATES, *DATES[:2], None]),
            r"date in every row; 1 of 6 .* row 6",
        ),
    ],
)
def test_what_is_wrong_is_said(change, said):
    with pytest.raises(rm.DataError, match=said):
        DatedTable.read(change(table()), IDS, END)


def test_a_table_with_dates_is_known():
    assert is_dated(table())
    assert not is_dated(table().drop(columns="date"))
    assert not is_dated(None)
