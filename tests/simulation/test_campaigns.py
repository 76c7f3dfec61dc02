"""The arms of a campaign differ by the effects they were given."""

import numpy as np
import pytest

from relmark_research.simulation.firm import Truth

TRUTH = Truth()


@pytest.mark.parametrize("campaign", TRUTH.campaigns, ids=lambda one: one.campaign_id)
def test_arms_differ_by_their_effects(world, crm, campaign, assert_near):
    table = crm["campaigns"].reset_index(drop=True)
    person = world.addressed["person"]
    mean_order = TRUTH.by_segment("p")[world.people["segment"].to_numpy()[person]]
    mean_order = mean_order / world.people["spend_rate"].to_numpy()[person]
    table["effect"] = (world.addressed["extra_order_probability"] * mean_order).to_numpy()
    table["probability"] = world.addressed["extra_order_probability"].to_numpy()
    table = table[table["campaign_id"] == campaign.campaign_id]
    control = table[table["arm"] == "control"]
    for arm in campaign.arms:
        own = table[table["arm"] == arm.name]
        n = len(table)
        assert_near(len(own), n * arm.share, np.sqrt(n * arm.share * (1 - arm.share)))
        assert (own["cost"] == arm.cost).all()
        gain = own["value_in_window"].mean() - control["value_in_window"].mean()
        error = np.hypot(own["value_in_window"].sem(), control["value_in_window"].sem())
        if arm.name != "control":
            assert_near(gain, own["effect"].mean(), error, arm.name)
            # who would have ordered anyway does not respond twice
            more = own["responded"].mean() - control["responded"].mean()
            expected = own["probability"].mean() * (1 - control["responded"].mean())
            error = np.hypot(own["responded"].sem(), control["responded"].sem())
            assert_near(more, expected, error, arm.name)
    assert (control["effect"] == 0).all()


def test_some_campaigns_are_seen_to_work_and_one_does_not_pay(crm):
    table = crm["campaigns"]
    rate = table.groupby(["campaign_id", "arm"])["responded"].agg(["mean", "sem"])
    spring = rate.loc["2023-spring"]
    gain = spring["mean"]["mail"] - spring["mean"]["control"]
    assert gain > 3 * np.hypot(spring["sem"]["mail"], spring["sem"]["control"])
    back = table[table["campaign_id"] == "2024-win-back"].groupby("arm")[
        ["value_in_window", "cost"]
    ]
    mean = back.mean()
    gain = mean["value_in_window"]["mail"] - mean["value_in_window"]["control"]
    assert gain * 0.5 < mean["cost"]["mail"]
