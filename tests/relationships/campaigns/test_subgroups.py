from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.relationships import campaign_subgroups, read_campaigns
from relmark_research.relationships.campaigns.subgroups import covariate_groups
from tests.relationships.campaigns.made import campaign


def looked(rows: pd.DataFrame, **options) -> pd.DataFrame:
    table = read_campaigns(rows, control="nothing", covariates=["age", "town"])
    return campaign_subgroups(table, **options)


def test_an_arm_that_works_in_one_group_is_found_with_its_interval():
    top = looked(campaign(8000, for_town=0.12)).iloc[0]
    assert (top["covariate"], top["group"]) == ("town", "A")
    assert top["p_value_adjusted"] < 0.001
    assert top["difference_simultaneous_low"] < 0.12 < top["difference_simultaneous_high"]
    assert top["difference_simultaneous_low"] > 0
    assert top["rest_effect_low"] < 0 < top["rest_effect_high"]


def test_the_effect_of_a_group_is_the_difference_of_its_means():
    rows = campaign(2000, effect=0.05)
    own = rows[rows["town"] == "A"]
    means = own.groupby("arm")["responded"].mean()
    found = looked(rows).set_index(["covariate", "group"]).loc[("town", "A")]
    assert found["effect"] == pytest.approx(means["letter"] - means["nothing"])
    rates = [(own.loc[own["arm"] == arm, "responded"].sum() + 1, (own["arm"] == arm).sum() + 2)
             for arm in ("letter", "nothing")]  # fmt: skip
    variance = sum(x / n * (1 - x / n) / (n - 2) for x, n in rates)
    assert found["high"] - found["effect"] == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-5)


def test_without_any_difference_few_looks_find_one():
    """Holm's method: at most 5% of the campaigns have a group that seems to differ."""
    table = read_campaigns(campaign(800), control="nothing", covariates=["age", "town"])
    found = []
    for seed in range(40):
        rows = campaign(800, base=0.3, effect=0.1, seed=seed)
        own = replace(table, frame=table.frame.assign(**rows[["responded", "age", "town"]]))
        found.append((campaign_subgroups(own)["p_value_adjusted"] < 0.05).any())
    assert np.mean(found) <= 0.125  # 97.5% of draws of 40 at 0.05


def test_both_sides_of_two_groups_are_one_test():
    rows = campaign(2000, for_town=0.1)
    table = read_campaigns(rows, control="nothing", covariates=["town"])
    found = campaign_subgroups(table)
    assert len(found) == 2
    assert found["p_value_adjusted"].tolist() == found["p_value"].tolist()
    assert found["difference"].sum() == pytest.approx(0)
    simultaneous = found[["difference_simultaneous_low", "difference_low"]]
    assert simultaneous["difference_simultaneous_low"].tolist() == pytest.approx(
        simultaneous["difference_low"].tolist()
    )


def test_simultaneous_intervals_are_wider_with_more_looks():
    found = looked(campaign(2000))
    pointwise = found["difference_high"] - found["difference_low"]
    joint = found["difference_simultaneous_high"] - found["difference_simultaneous_low"]
    assert (joint > pointwise).all()


def test_groups_of_too_few_customers_are_left_out():
    assert looked(campaign(30)).empty
    rows = campaign(400)
    rows.loc[:5, "town"] = "C"
    assert "C" not in set(looked(rows)["group"])


def test_revenue_is_an_outcome_too():
    found = looked(campaign(4000, base=0.3, for_town=0.3), outcome="value_in_window")
    assert found.iloc[0]["group"] == "A"
    assert found.iloc[0]["difference"] > 5


def test_nobody_and_everybody_responding_give_no_difference():
    for base in (-1.0, 2.0):
        found = looked(campaign(400, base=base))
        assert (found["difference"] == 0).all()
        assert (found["low"] < 0).all()
        assert (found["p_value_adjusted"] == 1).all()


def test_numbers_are_cut_into_classes_and_rare_groups_are_joined():
    ages = covariate_groups(pd.Series([20.0, 30, 40, 50, None]), bins=2)
    assert ages.tolist() == ["up to 35", "up to 35", "above 35", "above 35", "not known"]
    few = covariate_groups(pd.Series([0.0, 1, 1, None]))
    assert few.tolist() == ["0", "1", "1", "not known"]
    towns = covariate_groups(pd.Series(["A", "A", "B", "B", "C"]), most=2)
    assert towns.tolist() == ["A", "A", "B", "B", "other"]
    constant_tail = covariate_groups(pd.Series([1.0, 2, 3, 4, 5, 9, 9, 9, 9, 9, 9]), bins=4)
    assert set(constant_tail) == {"up to 3.5", "above 3.5"}
    with pytest.raises(rm.ParameterError, match="bins"):
        covariate_groups(pd.Series([1.0]), bins=1)
