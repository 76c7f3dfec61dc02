"""Cohorts: shares who buy k periods after the first, counted by hand."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.customers.describe.cohorts import cohort_averages, cohort_table
from relmark_research.errors import RelmarkError
from relmark_research.units import Period

ROWS = [
    ("a", "2024-01-01"), ("a", "2024-02-10"), ("a", "2024-02-11"), ("a", "2024-04-30"),
    ("b", "2024-01-31"), ("c", "2024-01-05"), ("c", "2024-02-29"), ("d", "2024-01-20"),
    ("e", "2024-02-01"), ("e", "2024-04-01"), ("f", "2024-04-15"),
]  # fmt: skip


def log_of(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "date"]).assign(value=1.0)
    return rm.read_transactions(frame.assign(date=pd.to_datetime(frame["date"])))


def shares(table):
    """Return the cohorts' sizes, and the shares by age."""
    return table["customers"].to_dict(), table[[c for c in table if isinstance(c, int)]]


def assert_shares(found, expected):
    np.testing.assert_allclose(found.to_numpy(float), np.array(expected, float))


def test_shares_of_each_cohort_by_month():
    sizes, found = shares(cohort_table(log_of(ROWS)))
    assert sizes == {"2024-01": 4, "2024-02": 1, "2024-04": 1}
    assert list(found) == [0, 1, 2, 3]
    assert_shares(found, [[1, 0.5, 0, 0.25], [1, 0, 1, np.nan], [1, np.nan, np.nan, np.nan]])


def test_a_period_that_the_log_does_not_cover_is_missing():
    rows = [*ROWS[:3], *ROWS[4:-1], ("a", "2024-04-29")]  # the log ends a day before April does
    _, found = shares(cohort_table(log_of(rows)))
    assert_shares(found, [[1, 0.5, 0, np.nan], [1, 0, np.nan, np.nan]])


def test_the_cohort_of_the_last_period_is_whole_at_age_0():
    _, found = shares(cohort_table(log_of([("a", "2024-01-10"), ("b", "2024-02-10")])))
    assert found[0].tolist() == [1.0, 1.0]


def test_quarters_weeks_years_and_fiscal_periods():
    log = log_of(ROWS)
    sizes, found = shares(cohort_table(log, period="quarter"))
    assert sizes == {"2024Q1": 5, "2024Q2": 1}
    assert_shares(found, [[1, np.nan], [1, np.nan]])  # the second quarter is not over
    whole = log_of([*ROWS, ("b", "2024-06-30")])
    _, found = shares(cohort_table(whole, period="quarter"))
    assert_shares(found, [[1, 0.6], [1, np.nan]])
    sizes, _ = shares(cohort_table(log, period="year"))
    assert list(sizes.values()) == [6]
    sizes, found = shares(cohort_table(log, period=Period("quarter", first_month=2)))
    assert list(sizes.values()) == [4, 2]  # February to April is one quarter, January before it
    assert_shares(found, [[1, 0.5], [1, np.nan]])
    sizes, found = shares(cohort_table(log, period="week"))
    assert sum(sizes.values()) == 6
    assert found.iloc[0, [4, 5, 6, 8]].tolist() == [0.0, 0.5, 0.0, 0.5]  # a, then c, of both
    with pytest.raises(RelmarkError, match="fortnight"):
        cohort_table(log, period="fortnight")


def test_averages_weigh_cohorts_by_their_customers():
    found = cohort_averages(cohort_table(log_of(ROWS)))
    assert found.index.tolist() == [0, 1, 2, 3]
    assert found.tolist() == pytest.approx([1.0, 2 / 5, 1 / 5, 1 / 4])
    assert (found.name, found.index.name) == ("share", "age")


def test_an_age_that_no_cohort_has_is_left_out():
    table = cohort_table(log_of([("a", "2024-01-31"), ("a", "2024-02-10"), ("b", "2024-01-31")]))
    assert cohort_averages(table).to_dict() == {0: 1.0}
