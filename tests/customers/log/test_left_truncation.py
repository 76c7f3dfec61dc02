"""A log that begins in the middle of the business is told from one that does not."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.customers.log.left_truncation import LeftTruncation
from relmark_research.narrative import report_01

DAYS = 360


def simulated(arrivals, start: int = 0, *, seed: int = 1) -> rm.TransactionLog:
    """Return a log from day ``start`` on: customers by day of arrival, with their own rates."""
    rng = np.random.default_rng(seed)
    first = np.repeat(np.arange(len(arrivals)), arrivals).astype(float)
    rate, stay = rng.gamma(1.0, 1 / 30, len(first)), rng.beta(6, 1, len(first))
    customer, day, rows = np.arange(len(first)), first, []
    while len(customer):
        rows.append(pd.DataFrame({"customer_id": customer.astype(str), "day": day.astype(int)}))
        again = rng.random(len(customer)) < stay[customer]
        customer, day = customer[again], day[again]
        day = day + rng.exponential(1 / rate[customer])
        customer, day = customer[day < len(arrivals)], day[day < len(arrivals)]
    table = pd.concat(rows)
    table = table[table["day"] >= start]
    table["date"] = [date(2022, 1, 1) + timedelta(int(day)) for day in table["day"]]
    return rm.read_transactions(table, value=None)


@pytest.fixture(scope="module")
def truncated():
    return simulated(np.full(2 * DAYS, 8), DAYS)


def test_a_log_that_starts_in_the_middle_of_the_business_is_detected(truncated):
    found = truncated.left_truncation
    assert found.detected
    assert found.until == truncated.observed_from + timedelta(days=29)
    assert found.customers > 1.5 * found.usual_customers
    assert found.repeat_share > 1.2 * found.usual_repeat_share
    first = truncated.until(found.until)
    assert found.customers == len(first.customer_summary())


@pytest.mark.parametrize(
    "arrivals",
    [
        np.full(DAYS, 4),
        np.linspace(1, 8, DAYS).astype(int),  # a young firm that grows
        np.linspace(8, 1, DAYS).astype(int),  # one that wins fewer and fewer
        np.where(np.arange(DAYS) < 30, 20, 4),  # a launch whose customers are like the later ones
        np.where(np.arange(DAYS) < 90, 10, 0),  # one cohort by design
    ],
)
@pytest.mark.every(2)
def test_a_log_from_the_first_day_of_a_business_is_not(arrivals):
    assert not simulated(arrivals).left_truncation.detected


def test_cdnow_is_one_cohort_by_design_and_not_judged():
    found = rm.load_cdnow().left_truncation
    assert (found.detected, found.until) == (False, None)
    assert "too few customers who are first seen later" in found.words


def test_the_sample_is_whole_until_it_is_cut():
    sample = rm.read_transactions("dataset:sample")
    assert not sample.left_truncation.detected
    assert sample.left_truncation.until is not None
    assert sample.after("2023-01-01").left_truncation.detected


def test_a_short_log_is_not_judged(truncated):
    short = truncated.until(truncated.observed_from + timedelta(days=40))
    assert short.left_truncation == LeftTruncation()


def test_the_audit_says_so_and_only_then(truncated):
    found = truncated.left_truncation
    lines = truncated.audit.set_index("check")
    line = lines.loc[f"customers first seen until {found.until}"]
    assert line["rows"] == found.customers
    assert "seems to begin in mid-business" in line["action"]
    assert not any("first seen" in check for check in rm.load_cdnow().audit["check"])


def test_the_cohorts_of_the_first_period_are_marked(truncated):
    cohorts = rm.cohort_table(truncated)
    first = truncated.observed_from  # 2022-12-27
    marked = cohorts.index[cohorts["truncated"]].to_list()
    assert marked == [str(first)[:7], str(truncated.left_truncation.until)[:7]]
    assert "truncated" not in rm.cohort_table(rm.load_cdnow())
    shares = rm.customers.cohort_shares(cohorts)
    assert list(shares.columns) == list(range(shares.shape[1]))


def test_averages_over_cohorts_leave_the_truncated_ones_out(truncated):
    cohorts = rm.cohort_table(truncated)
    own = cohorts[~cohorts["truncated"]].drop(columns="truncated")
    expected = rm.customers.cohort_averages(own)
    pd.testing.assert_series_equal(rm.customers.cohort_averages(cohorts), expected)
    only = cohorts[cohorts["truncated"]]
    assert rm.customers.cohort_averages(only).loc[0] == 1


def test_the_report_says_first_seen_where_it_cannot_say_new(truncated):
    months = pd.DataFrame(index=range(12))
    _, note = report_01.growth(months, truncated.left_truncation, "Bars per month.")
    assert note.text.startswith("The log seems to begin in the middle of the business: ")
    assert "not all new" in note.text
    whole = rm.load_cdnow().left_truncation
    assert [each.text for each in report_01.growth(months, whole, "Bars.")] == ["Bars."]
