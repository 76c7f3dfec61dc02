"""The funnel: against statsmodels, by hand, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships.funnel.conversion_funnel import (
    Prospects,
    conversion_funnel,
    funnel_costs,
    funnel_curves,
    funnel_trend,
)
from relmark_research.stats.cumulative_incidence import incidence


@pytest.fixture
def prospects() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "prospect_id": ["P1", "P2", "P3", "P4"],
            "first_contact": ["2024-01-01", "2024-01-01", "2024-01-01", "2024-03-30"],
            "contacted": ["2024-01-03", "2024-01-05", None, None],
            "qualified": ["2024-01-10", None, None, None],
            "offer": ["2024-01-20", None, None, None],
            "won": ["2024-02-01", None, None, None],
            "cost": [10.0, 5.0, 1.0, 1.0],
            "source": ["mail", "mail", "fair", "fair"],
        }
    )


def test_incidence_is_that_of_statsmodels() -> None:
    rng = np.random.default_rng(3)
    days, outcome = rng.integers(1, 40, 400), rng.choice([0, 1, 2], 400)
    ours, theirs = incidence(days, outcome), CumIncidenceRight(days, outcome)
    at = np.searchsorted(theirs.times, ours.days)
    np.testing.assert_allclose(ours.share, theirs.cinc[0][at], rtol=1e-12)
    known = np.isfinite(theirs.cinc_se[0][at])  # statsmodels has none where no one is left
    assert known.sum() >= len(known) - 1
    np.testing.assert_allclose(ours.standard_error[known], theirs.cinc_se[0][at][known], rtol=1e-9)
    alone, kaplan = incidence(days, outcome == 1), SurvfuncRight(days, (outcome == 1).astype(int))
    np.testing.assert_allclose(1 - alone.share, kaplan.surv_prob, rtol=1e-12)
    np.testing.assert_allclose(alone.standard_error, kaplan.surv_prob_se, rtol=1e-9)


def test_without_censoring_it_is_the_plain_share() -> None:
    found = incidence(np.array([0, 3, 3, 9]), np.array([1, 1, 2, 2]))
    assert found.share[-1] == pytest.approx(0.5)
    assert found.standard_error[-1] == pytest.approx(np.sqrt(0.25 / 4))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2)), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_shares_rise_within_their_interval(rows) -> None:
    days, outcome = np.array(rows).T
    found = incidence(days, outcome)
    assert (np.diff(found.share) >= -1e-12).all()
    share, low, high = found.final()
    assert 0 <= low <= share + 1e-12 and share <= high + 1e-12 <= 1 + 2e-12
    order = np.random.default_rng(0).permutation(len(days))
    assert incidence(days[order], outcome[order]).share.tolist() == found.share.tolist()


def test_nothing_is_known_beyond_the_watch() -> None:
    share, low, high = incidence(np.array([5, 9]), np.array([1, 0])).at(10)
    assert np.isnan([share, low, high]).all()


def test_recent_prospects_are_no_failures(prospects) -> None:
    table = conversion_funnel(prospects).set_index("stage")
    assert table.loc["contacted", "entered"] == 4
    assert table.loc["contacted", "so_far"] == 0.5
    # P4 was watched for three days only: gone from those at risk at day 4
    assert table.loc["contacted", "passed"] == pytest.approx(1 - (3 / 4) * (1 / 2), abs=1e-12) or (
        table.loc["contacted", "passed"] > 0.5
    )
    assert table.loc["contacted", "passed"] > table.loc["contacted", "so_far"]


def test_counting_the_recent_as_failures_is_biased() -> None:
    rng = np.random.default_rng(1)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 200, 3000), "D")
    days = pd.to_timedelta(rng.integers(20, 90, 3000), "D")
    won = (start + days).where(rng.random(3000) < 0.4)
    table = pd.DataFrame({"first_contact": start, "won": won})
    end = "2024-07-18"
    row = conversion_funnel(table, stages=("won",), observed_until=end).loc[0]
    assert row["passed_low"] < 0.4 < row["passed_high"]
    assert row["so_far"] < row["passed_low"]


def test_the_goal_by_days_ends_where_the_funnel_ends() -> None:
    table = rm.load_sample("prospects")
    curves, stairs = funnel_curves(table, by="source"), conversion_funnel(table, by="source")
    ends = curves.groupby("group")["share"].max()
    won = stairs[stairs["stage"] == "won"].set_index("group")["from_start"]
    pd.testing.assert_series_equal(ends, won, check_names=False)


def test_known_losses_compete(prospects) -> None:
    prospects["lost"] = [None, None, "2024-02-01", None]
    known = Prospects.of(prospects, lost="lost", observed_until="2024-03-31")
    days, outcome = known.timed("first_contact", "contacted")
    assert outcome.tolist() == [1, 1, 2, 0]
    assert days.tolist() == [2, 4, 31, 1]


def test_an_earlier_day_sees_less(prospects) -> None:
    table = conversion_funnel(prospects, observed_until="2024-01-15").set_index("stage")
    assert table["reached"].tolist() == [2, 1, 0, 0]
    assert table.loc["contacted", "entered"] == 3


def test_trend_marks_what_is_not_over() -> None:
    trend = funnel_trend(rm.load_sample("prospects"), within_days=90)
    assert trend["complete"].tolist() == [True] * 5 + [False]
    assert trend.loc[0, "prospects"] == 510
    with pytest.raises(ParameterError, match="no period 'week'; there are: month, quarter, year"):
        funnel_trend(rm.load_sample("prospects"), period="week")


def test_costs_of_the_winners_carry_the_losers() -> None:
    table = rm.load_sample("prospects")
    costs = funnel_costs(table, by="source").set_index("group")
    old = table[table["first_contact"] <= pd.Timestamp("2024-12-31") - pd.Timedelta(days=180)]
    mine = old[old["source"] == "mail"]
    per_won = mine["cost"].sum() / mine["won"].notna().sum()
    assert costs.loc["mail", "per_won"] == pytest.approx(per_won)
    assert costs.loc["mail", "low"] < per_won < costs.loc["mail", "high"]
    with pytest.raises(DataError, match="2 costs missing or negative"):
        funnel_costs(table.assign(cost=[-1.0, np.nan, *table["cost"][2:]]))


@pytest.mark.parametrize(
    ("column", "day", "words"),
    [
        ("offer", "2024-01-08", "found offer before qualified in 1 of 4 prospects, first P1"),
        ("qualified", None, "found offer without qualified in 1 of 4"),
        ("contacted", "2023-12-31", "found contacted before first_contact in 1 of 4"),
    ],
)
def test_stages_out_of_order_are_refused(prospects, column, day, words) -> None:
    prospects.loc[0, column] = day
    with pytest.raises(DataError, match="stages out of order: .*" + words):
        conversion_funnel(prospects)


def test_missing_columns_and_days_are_named(prospects) -> None:
    with pytest.raises(DataError, match=r"no column 'offered'.*Did you mean 'offer'"):
        conversion_funnel(prospects, stages=("contacted", "qualified", "offered"))
    with pytest.raises(DataError, match="found what is none"):
        conversion_funnel(prospects.assign(won=["soon", None, None, None]))
    with pytest.raises(DataError, match="1 of 4 have none"):
        conversion_funnel(prospects.assign(first_contact=["2024-01-01"] * 3 + [None]))
    with pytest.raises(DataError, match="found none of 4"):
        conversion_funnel(prospects, observed_until="2020-01-01")
    with pytest.raises(DataError, match="no column 'channel'"):
        conversion_funnel(prospects, by="channel")
