"""The funnel: by hand, under censoring, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships.funnel.conversion_funnel import (
    SHARE_COLUMNS,
    Prospects,
    conversion_funnel,
    funnel_costs,
    funnel_curves,
    funnel_trend,
)


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


def test_recent_prospects_are_censored(prospects) -> None:
    table = conversion_funnel(prospects).set_index("stage")
    assert table.loc["contacted", "entered"] == 4
    assert table.loc["contacted", "conversion_to_date"] == 0.5
    # P4 was observed for one day only: not at risk at day 4
    assert table.loc["contacted", "conversion"] == pytest.approx(
        1 - (3 / 4) * (1 / 2), abs=1e-12
    ) or (table.loc["contacted", "conversion"] > 0.5)
    assert table.loc["contacted", "conversion"] > table.loc["contacted", "conversion_to_date"]


def test_counting_the_recent_as_failures_is_biased() -> None:
    rng = np.random.default_rng(1)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 200, 3000), "D")
    days = pd.to_timedelta(rng.integers(20, 90, 3000), "D")
    won = (start + days).where(rng.random(3000) < 0.4)
    table = pd.DataFrame({"first_contact": start, "won": won})
    end = "2024-07-18"
    row = conversion_funnel(table, stages=("won",), observed_until=end).loc[0]
    assert row["conversion_low"] < 0.4 < row["conversion_high"]
    assert row["conversion_to_date"] < row["conversion_low"]


def test_the_goal_by_days_ends_where_the_funnel_ends() -> None:
    table = rm.load_sample("prospects")
    curves, funnel = funnel_curves(table, by="source"), conversion_funnel(table, by="source")
    ends = curves.groupby("group")["share"].max()
    won = funnel[funnel["stage"] == "won"].set_index("group")["cumulative_conversion"]
    pd.testing.assert_series_equal(ends, won, check_names=False)


def test_known_losses_compete(prospects) -> None:
    prospects["lost"] = [None, None, "2024-02-01", None]
    known = Prospects.from_table(prospects, lost="lost", observed_until="2024-03-31")
    days, outcome = known.durations("first_contact", "contacted")
    assert outcome.tolist() == [1, 1, 2, 0]
    assert days.tolist() == [2, 4, 31, 1]


def test_an_earlier_last_day_censors_more(prospects) -> None:
    table = conversion_funnel(prospects, observed_until="2024-01-15").set_index("stage")
    assert table["reached"].tolist() == [2, 1, 0, 0]
    assert table.loc["contacted", "entered"] == 3


def test_trend_marks_incomplete_periods() -> None:
    trend = funnel_trend(rm.load_sample("prospects"), within_days=90)
    assert trend["complete"].tolist() == [True] * 5 + [False]
    assert trend.loc[0, "prospects"] == 510
    with pytest.raises(ParameterError, match="no period 'fortnight'; there are:"):
        funnel_trend(rm.load_sample("prospects"), period="fortnight")


def test_acquisition_cost_includes_the_prospects_lost() -> None:
    table = rm.load_sample("prospects")
    costs = funnel_costs(table, by="source").set_index("group")
    old = table[table["first_contact"] <= pd.Timestamp("2024-12-31") - pd.Timedelta(days=180)]
    own = old[old["source"] == "mail"]
    expected = own["cost"].sum() / own["won"].notna().sum()
    assert costs.loc["mail", "acquisition_cost"] == pytest.approx(expected)
    assert costs.loc["mail", "low"] < expected < costs.loc["mail", "high"]
    with pytest.raises(DataError, match=f"cost must be 0 or more; 1 of {len(table):,} rows"):
        funnel_costs(table.assign(cost=[-1.0, *table["cost"][1:]]))
    with pytest.raises(DataError, match="1 costs missing"):
        funnel_costs(table.assign(cost=[np.nan, *table["cost"][1:]]))


@pytest.mark.parametrize(
    ("column", "day", "words"),
    [
        (
            "offer",
            "2024-01-08",
            r"offer before qualified in 1 of 4 prospects, first row 1 \('P1'\)",
        ),
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
    with pytest.raises(DataError, match="expected dates in column 'won'; found 1 of 4"):
        conversion_funnel(prospects.assign(won=["soon", None, None, None]))
    with pytest.raises(DataError, match="1 of 4 have none"):
        conversion_funnel(prospects.assign(first_contact=["2024-01-01"] * 3 + [None]))
    with pytest.raises(DataError, match="found none of 4"):
        conversion_funnel(prospects, observed_until="2020-01-01")
    with pytest.raises(DataError, match="no column 'channel'"):
        conversion_funnel(prospects, by="channel")


def test_prospects_show_themselves_in_short(prospects) -> None:
    known = Prospects.from_table(prospects)
    assert repr(known).startswith("<Prospects: prospects 4, stages contacted, qualified, offer")
    assert known._repr_html_().count("<tr>") == 5


def test_costs_and_lengths_of_a_funnel_are_checked(prospects):
    with pytest.raises(ParameterError, match="within_days must be above 0; found 0"):
        funnel_trend(prospects, within_days=0)
    with pytest.raises(DataError, match="cost must be 0 or more; 1 of 4 rows"):
        funnel_costs(prospects.assign(cost=[0.0, -1.0, 1.0, 1.0]), follow_up_days=1)
    with pytest.raises(DataError, match="found 1 costs missing or negative"):
        funnel_costs(prospects.assign(cost=[0.0, np.nan, 1.0, 1.0]), follow_up_days=1)
    with pytest.raises(DataError, match="longest follow-up of 89 days"):
        funnel_costs(prospects, follow_up_days=90)
    with pytest.raises(DataError, match="the acquisition cost needs the column 'price'"):
        funnel_costs(prospects, cost="price")


def test_shares_of_a_funnel_are_listed_with_their_limits(prospects):
    found = conversion_funnel(prospects)
    assert set(SHARE_COLUMNS) <= set(found.columns)
    assert len(SHARE_COLUMNS) == len(set(SHARE_COLUMNS)) == 10
