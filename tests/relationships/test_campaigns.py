"""Campaigns: uplift by hand and by statsmodels, several arms, sizes, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships.campaigns.campaign_design import (
    CampaignColumns,
    campaign_balance,
    campaign_size,
)
from relmark_research.relationships.campaigns.response_margin import margin_shares, response_value
from relmark_research.relationships.campaigns.uplift import (
    Family,
    adjusted_values,
    campaign_uplift,
    total_profit,
)


@pytest.fixture(scope="module")
def campaigns() -> pd.DataFrame:
    return rm.load_sample("campaigns")


@pytest.fixture
def small() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    arm = np.repeat(["control", "mail", "call"], 40)
    before = rng.gamma(2, 20, 120)
    return pd.DataFrame(
        {
            "campaign_id": "spring",
            "customer_id": [f"C{i}" for i in range(120)],
            "arm": arm,
            "cost": np.select([arm == "mail", arm == "call"], [1.0, 6.0], 0.0),
            "responded": rng.integers(0, 2, 120),
            "value_in_window": before + rng.normal(0, 5, 120) + 10 * (arm != "control"),
            "pre_value": before,
        }
    )


def test_difference_ratio_and_profit_are_those_by_hand(small) -> None:
    found = campaign_uplift(small, margin=0.5, adjust=False).set_index("arm")
    arms = dict(iter(small.groupby("arm")))
    for arm in ("mail", "call"):
        one, none = arms[arm], arms["control"]
        row = found.loc[arm]
        assert row["uplift"] == pytest.approx(one["responded"].mean() - none["responded"].mean())
        assert row["ratio"] == pytest.approx(one["responded"].mean() / none["responded"].mean())
        profit = [0.5 * rows["value_in_window"] - rows["cost"] for rows in (one, none)]
        assert row["profit"] == pytest.approx(profit[0].mean() - profit[1].mean())
        half = stats.norm.ppf(0.975) * np.hypot(profit[0].sem(), profit[1].sem())
        assert row["profit_high"] - row["profit"] == pytest.approx(half)
        assert row["total"] == pytest.approx(40 * row["profit"])
        assert row["cost"] == one["cost"].mean()


def test_spending_before_takes_doubt_away(small) -> None:
    plain = campaign_uplift(small, margin=0.5, adjust=False).set_index("arm")
    better = campaign_uplift(small, margin=0.5).set_index("arm")
    for arm in ("mail", "call"):
        assert better.loc[arm, "less_doubt"] > 0.8
        width = better.loc[arm, "value_high"] - better.loc[arm, "value_low"]
        assert width < 0.5 * (plain.loc[arm, "value_high"] - plain.loc[arm, "value_low"])
        assert better.loc[arm, "value_low"] < 10 < better.loc[arm, "value_high"]
    assert (plain["less_doubt"] == 0).all()


def test_adjustment_is_the_slope_within_arms() -> None:
    rng = np.random.default_rng(0)
    before, group = rng.normal(size=(200, 1)), np.arange(200) % 2
    value = 3 * before[:, 0] + 7 * group
    adjusted, theta = adjusted_values(value, before, group)
    assert theta[0] == pytest.approx(3)
    assert adjusted.mean() == pytest.approx(value.mean())
    assert np.ptp(adjusted[group == 0]) == pytest.approx(0, abs=1e-9)


def test_bounds_for_all_arms_are_those_of_a_simulation() -> None:
    family = Family(1.3, np.array([0.5, 2.0, 1.0]))
    rng = np.random.default_rng(2)
    none = rng.normal(0, np.sqrt(1.3), 400_000)
    arms = rng.normal(0, np.sqrt(family.arm_variances), (400_000, 3))
    z = np.abs(arms - none[:, None]) / np.sqrt(1.3 + family.arm_variances)
    assert np.quantile(z.max(axis=1), 0.95) == pytest.approx(family.bound(0.95), abs=0.012)
    assert family.p_value(family.bound(0.95)) == pytest.approx(0.05, abs=1e-8)
    assert stats.norm.ppf(0.975) < family.bound(0.95) < stats.norm.ppf(1 - 0.025 / 3)


def test_one_arm_needs_no_adjustment(campaigns) -> None:
    found = campaign_uplift(campaigns, margin=0.4)
    alone = found[found["campaign_id"] == "2023-spring"].iloc[0]
    assert alone["uplift_low"] == alone["uplift_all_low"]
    pair = found[found["campaign_id"] == "2023-winter"]
    assert (pair["uplift_all_low"] < pair["uplift_low"]).all()
    assert (pair["p_value_all"] > pair["p_value"]).all()


def test_the_win_back_does_not_pay_and_spring_moves(campaigns) -> None:
    log = rm.read_transactions(
        "dataset:sample", customer="customer_id", date="date", value="value", cost="cost"
    )
    segment = rm.load_sample("customers").set_index("customer_id")["segment"]
    margin = margin_shares(log, segment)
    assert margin.groupby(segment).nunique().eq(1).all()
    found = campaign_uplift(campaigns, margin=margin).set_index("campaign_id")
    assert found.loc["2024-win-back", "profit_high"] < 0
    assert found.loc["2023-spring", "uplift_low"] > 0
    total, low, high = total_profit(found.reset_index())
    assert low < total < high
    assert total == pytest.approx(found["total"].sum())
    assert 20 < response_value(campaigns, margin) < 120


def test_order_of_rows_changes_nothing(campaigns) -> None:
    shuffled = campaigns.sample(frac=1, random_state=4)
    one, two = (
        campaign_uplift(table, margin=0.4).set_index(["campaign_id", "arm"]).sort_index()
        for table in (campaigns, shuffled)
    )
    pd.testing.assert_frame_equal(one, two, rtol=1e-9)


def test_sizes_are_those_of_the_formula_and_of_a_power_simulation() -> None:
    size = campaign_size(0.2, 0.05).loc[0, "per_arm"]
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert size == pytest.approx(2 * z**2 * 0.225 * 0.775 / 0.05**2, rel=0.02)
    rng = np.random.default_rng(8)
    a, b = (rng.binomial(size, rate, 4000) / size for rate in (0.25, 0.2))
    error = np.sqrt((a * (1 - a) + b * (1 - b)) / size)
    assert ((a - b) / error > stats.norm.ppf(0.975)).mean() == pytest.approx(0.8, abs=0.025)
    several = campaign_size(0.2, 0.05, arms=2, control_share=0.5).loc[0]
    assert several["control"] > size > 0
    assert several["total"] == several["control"] + 2 * several["per_arm"]
    with pytest.raises(ParameterError, match=r"response \+ uplift is a share in \(0, 1\)"):
        campaign_size(0.9, 0.2)
    with pytest.raises(ParameterError, match="an uplift other than 0"):
        campaign_size(0.2, 0.0)


def test_balance_sees_an_unfair_draw(small) -> None:
    assert campaign_balance(small)["p_value"].min() > 0.001
    unfair = small.assign(pre_value=small["pre_value"] + 60 * (small["arm"] == "mail"))
    worst = campaign_balance(unfair).set_index("arm").loc["mail"]
    assert worst["p_value"] < 1e-6
    assert worst["difference"] > 1


def test_a_campaign_without_a_control_group_is_refused(small) -> None:
    with pytest.raises(DataError, match=r"campaign 'spring' has no control group: .* mail, call"):
        campaign_uplift(small[small["arm"] != "control"], margin=0.4)
    with pytest.raises(DataError, match=r"two customers or more .* 1 in mail"):
        rows = small[(small["arm"] == "control") | (small.index == 40)]
        campaign_uplift(rows, margin=0.4)
    nobody = CampaignColumns(control="call")
    assert set(campaign_uplift(small, margin=0.4, columns=nobody)["arm"]) == {"control", "mail"}


def test_costs_without_a_customer_are_refused(small) -> None:
    small.loc[[41, 42], "customer_id"] = None
    with pytest.raises(DataError, match=r"costs without a customer: 2 of 120 .* 2\.00 in all"):
        campaign_uplift(small, margin=0.4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"responded": 2}, "expected 1 or 0 in responded; found 2 in 120"),
        ({"value_in_window": np.nan}, "a number in value_in_window of every row; 120 of 120"),
        ({"cost": -1.0}, "costs of 0 or more; found -1"),
        ({"customer_id": "C1"}, "each customer once in a campaign; 119 are there again"),
    ],
)
def test_rows_that_cannot_be_are_refused(small, change, words) -> None:
    with pytest.raises(DataError, match=words):
        campaign_uplift(small.assign(**change), margin=0.4)


def test_margins_are_shares_of_every_customer(small) -> None:
    with pytest.raises(ParameterError, match="first customer C0"):
        campaign_uplift(small, margin=40)
    with pytest.raises(ParameterError, match="119 of 120"):
        campaign_uplift(small, margin={"C0": 0.4})
