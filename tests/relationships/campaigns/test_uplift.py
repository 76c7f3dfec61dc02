"""Uplift by hand, by simulation, and for several arms at once."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships.campaigns.response_margin import (
    contribution_per_response,
    margin_by_customer,
)
from relmark_research.relationships.campaigns.uplift import (
    DunnettDistribution,
    campaign_uplift,
    cuped_adjusted,
    total_profit,
)


def test_difference_ratio_and_profit_are_those_by_hand(small) -> None:
    found = campaign_uplift(small, margin=0.5, adjust=False).set_index("arm")
    arms = dict(iter(small.groupby("arm")))
    for arm in ("mail", "call"):
        treated, control = arms[arm], arms["control"]
        row = found.loc[arm]
        assert row["uplift"] == pytest.approx(
            treated["responded"].mean() - control["responded"].mean()
        )
        assert row["response_ratio"] == pytest.approx(
            treated["responded"].mean() / control["responded"].mean()
        )
        profit = [0.5 * rows["value_in_window"] - rows["cost"] for rows in (treated, control)]
        assert row["incremental_profit"] == pytest.approx(profit[0].mean() - profit[1].mean())
        half = stats.norm.ppf(0.975) * np.hypot(profit[0].sem(), profit[1].sem())
        assert row["incremental_profit_high"] - row["incremental_profit"] == pytest.approx(half)
        assert row["total_incremental_profit"] == pytest.approx(40 * row["incremental_profit"])
        assert row["cost"] == treated["cost"].mean()


def test_covariates_reduce_the_variance(small) -> None:
    plain = campaign_uplift(small, margin=0.5, adjust=False).set_index("arm")
    better = campaign_uplift(small, margin=0.5).set_index("arm")
    for arm in ("mail", "call"):
        assert better.loc[arm, "variance_reduction"] > 0.8
        width = better.loc[arm, "incremental_value_high"] - better.loc[arm, "incremental_value_low"]
        assert width < 0.5 * (
            plain.loc[arm, "incremental_value_high"] - plain.loc[arm, "incremental_value_low"]
        )
        assert (
            better.loc[arm, "incremental_value_low"]
            < 10
            < better.loc[arm, "incremental_value_high"]
        )
    assert (plain["variance_reduction"] == 0).all()


def test_adjustment_is_the_slope_within_arms() -> None:
    rng = np.random.default_rng(0)
    before, group = rng.normal(size=(200, 1)), np.arange(200) % 2
    value = 3 * before[:, 0] + 7 * group
    adjusted, theta = cuped_adjusted(value, before, group)
    assert theta[0] == pytest.approx(3)
    assert adjusted.mean() == pytest.approx(value.mean())
    assert np.ptp(adjusted[group == 0]) == pytest.approx(0, abs=1e-9)


def test_critical_values_are_those_of_a_simulation() -> None:
    dunnett = DunnettDistribution(1.3, np.array([0.5, 2.0, 1.0]))
    rng = np.random.default_rng(2)
    none = rng.normal(0, np.sqrt(1.3), 400_000)
    arms = rng.normal(0, np.sqrt(dunnett.arm_variances), (400_000, 3))
    z = np.abs(arms - none[:, None]) / np.sqrt(1.3 + dunnett.arm_variances)
    assert np.quantile(z.max(axis=1), 0.95) == pytest.approx(
        dunnett.critical_value(0.95), abs=0.012
    )
    assert dunnett.p_value(dunnett.critical_value(0.95)) == pytest.approx(0.05, abs=1e-8)
    assert stats.norm.ppf(0.975) < dunnett.critical_value(0.95) < stats.norm.ppf(1 - 0.025 / 3)


def test_one_arm_needs_no_adjustment(campaigns) -> None:
    found = campaign_uplift(campaigns, margin=0.4)
    alone = found[found["campaign_id"] == "2023-spring"].iloc[0]
    assert alone["uplift_low"] == alone["uplift_simultaneous_low"]
    pair = found[found["campaign_id"] == "2023-winter"]
    assert (pair["uplift_simultaneous_low"] < pair["uplift_low"]).all()
    assert (pair["p_value_adjusted"] > pair["p_value"]).all()


def test_the_win_back_loses_money_and_spring_has_an_uplift(campaigns) -> None:
    log = rm.read_transactions(
        "dataset:sample", customer="customer_id", date="date", value="value", cost="cost"
    )
    segment = rm.load_sample("customers").set_index("customer_id")["segment"]
    margin = margin_by_customer(log, segment)
    assert margin.groupby(segment).nunique().eq(1).all()
    found = campaign_uplift(campaigns, margin=margin).set_index("campaign_id")
    assert found.loc["2024-win-back", "incremental_profit_high"] < 0
    assert found.loc["2023-spring", "uplift_low"] > 0
    total, low, high = total_profit(found.reset_index())
    assert low < total < high
    assert total == pytest.approx(found["total_incremental_profit"].sum())
    assert 20 < contribution_per_response(campaigns, margin) < 120


def test_order_of_rows_changes_nothing(campaigns) -> None:
    shuffled = campaigns.sample(frac=1, random_state=4)
    one, two = (
        campaign_uplift(table, margin=0.4).set_index(["campaign_id", "arm"]).sort_index()
        for table in (campaigns, shuffled)
    )
    pd.testing.assert_frame_equal(one, two, rtol=1e-9)


def test_margins_are_shares_of_every_customer(small) -> None:
    with pytest.raises(ParameterError, match=r"first row 1 \('C0'\)"):
        campaign_uplift(small, margin=40)
    with pytest.raises(ParameterError, match="119 of 120"):
        campaign_uplift(small, margin={"C0": 0.4})


def test_a_total_needs_arms_and_an_unknown_estimate_has_no_p_value() -> None:
    with pytest.raises(DataError, match="expected the table of campaign_uplift; found no rows"):
        total_profit(pd.DataFrame())
    two = DunnettDistribution(1.0, np.array([1.0, 1.0]))
    assert np.isnan(two.p_value(float("nan")))
    assert two.p_value(-two.critical_value(0.9)) == pytest.approx(0.1)
