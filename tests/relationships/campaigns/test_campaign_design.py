"""Design of campaigns: sample size, balance, and tables that are refused."""

import numpy as np
import pytest
from scipy import stats

from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships.campaigns.campaign_design import (
    CampaignColumns,
    campaign_balance,
    campaign_size,
)
from relmark_research.relationships.campaigns.uplift import campaign_uplift


def test_sample_sizes_are_those_of_the_formula_and_of_a_power_simulation() -> None:
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
    with pytest.raises(ParameterError, match=r"response \+ uplift must be a share in \(0, 1\)"):
        campaign_size(0.9, 0.2)
    with pytest.raises(ParameterError, match="an uplift other than 0"):
        campaign_size(0.2, 0.0)


def test_balance_detects_a_failed_randomisation(small) -> None:
    assert campaign_balance(small)["p_value"].min() > 0.001
    unbalanced = small.assign(pre_value=small["pre_value"] + 60 * (small["arm"] == "mail"))
    worst = campaign_balance(unbalanced).set_index("arm").loc["mail"]
    assert worst["p_value"] < 1e-6
    assert worst["standardised_difference"] > 1


def test_a_campaign_without_a_control_group_is_refused(small) -> None:
    with pytest.raises(DataError, match=r"campaign 'spring' has no control group: .* mail, call"):
        campaign_uplift(small[small["arm"] != "control"], margin=0.4)
    with pytest.raises(DataError, match=r"two customers or more .* 1 in mail"):
        rows = small[(small["arm"] == "control") | (small.index == 40)]
        campaign_uplift(rows, margin=0.4)
    columns = CampaignColumns(control="call")
    assert set(campaign_uplift(small, margin=0.4, columns=columns)["arm"]) == {"control", "mail"}


def test_costs_without_a_customer_are_refused(small) -> None:
    small.loc[[41, 42], "customer_id"] = None
    with pytest.raises(DataError, match=r"campaigns: customer_id must have a value; 2 of 120 rows"):
        campaign_uplift(small, margin=0.4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"responded": 2}, "responded must be 1 or 0; 120 of 120 rows"),
        ({"value_in_window": np.nan}, "value_in_window must have a value; 120 of 120"),
        ({"cost": -1.0}, "cost must be 0 or more; 120 of 120"),
        ({"customer_id": "C1"}, "each customer once in a campaign; found 119 repeated"),
    ],
)
def test_invalid_rows_are_refused(small, change, words) -> None:
    with pytest.raises(DataError, match=words):
        campaign_uplift(small.assign(**change), margin=0.4)
