import numpy as np
import pandas as pd
import pytest

from relmark_research.relationships import campaign_advice, campaign_uplift, read_campaigns
from relmark_research.relationships.campaigns.campaign_advice import settling_test
from tests.relationships.campaigns.made import campaign


def advice(rows: pd.DataFrame, *, cost: float = 1.0) -> pd.DataFrame:
    table = read_campaigns(rows, control="nothing", contact_cost=cost)
    return campaign_advice(campaign_uplift(table.frame, margin=0.4, columns=table.columns))


@pytest.mark.parametrize(
    ("rows", "cost", "verdict"),
    [
        (campaign(effect=0.15), 1.0, "do"),
        (campaign(), 1.0, "stop"),  # no effect: the cost is lost
        (campaign(base=0.4, effect=-0.2), 1.0, "stop"),  # harm
        (campaign(base=0.4, effect=-0.2), 0.0, "stop"),  # harm without a cost
        (campaign(seed=8), 0.0, "test"),  # no effect and no cost: nothing is shown
        (campaign(30, base=0.3, effect=0.3), 1.0, "test"),  # thirty customers
        (campaign(base=-1), 1.0, "test"),  # nobody responds: no response to judge by
        (campaign(base=-1), 0.0, "test"),
    ],
)
def test_the_verdict_follows_the_profit(rows, cost, verdict):
    assert advice(rows, cost=cost)["verdict"].tolist() == [verdict]


def test_everybody_responding_alike_carries_no_verdict():
    rows = campaign(400, base=2.0).assign(value_in_window=10.0)
    found = advice(rows).iloc[0]
    assert found["verdict"] == "test"
    assert not found["enough"]
    assert np.isnan(found["probability_of_gain"])
    assert np.isnan(found["test_per_group"])


def test_one_arm_alone_has_the_verdict_that_it_has_among_others():
    letter, call = campaign(effect=0.15), campaign(effect=0.1, seed=9).replace("letter", "call")
    both = pd.concat([letter, call[call["arm"] == "call"]])
    among = advice(both).set_index("arm")
    alone = advice(letter).set_index("arm")
    assert among.loc["letter", "verdict"] == alone.loc["letter", "verdict"] == "do"
    assert among.loc["letter", "gain"] == pytest.approx(alone.loc["letter", "gain"])


def test_an_arm_that_pays_for_sure_is_never_advised_against():
    """Section D: one arm that pays was told not to be repeated, as the worst of one."""
    found = advice(campaign(effect=0.2)).iloc[0]
    assert found["gain_low"] > 0
    assert found["verdict"] == "do"
    assert found["probability_of_loss"] < 0.001


def test_the_test_that_is_proposed_would_settle_it():
    """A gain of 1 with s = 10: in 80% of tests of that size P(gain) is 95% or more."""
    n = settling_test(1.0, 10 * np.sqrt(2 / 500), np.array([500, 500]))
    assert n == 1237
    rng = np.random.default_rng(1)
    error = 10 * np.sqrt(2 / n)
    assert np.mean(rng.normal(1.0, error, 20_000) > 1.644854 * error) == pytest.approx(
        0.8, abs=0.01
    )


@pytest.mark.parametrize(("gain", "error"), [(0.0, 1.0), (1.0, 0.0), (1e-9, 1.0)])
def test_no_feasible_test_is_missing(gain, error):
    assert np.isnan(settling_test(gain, error, np.array([50, 50])))


def test_the_interval_is_read_at_its_level():
    table = read_campaigns(campaign(effect=0.02), control="nothing", contact_cost=1.0)
    sizes = [
        campaign_advice(
            campaign_uplift(table.frame, margin=0.4, columns=table.columns, level=level),
            level=level,
        )["test_per_group"].iloc[0]
        for level in (0.8, 0.95)
    ]
    assert sizes[0] == sizes[1]
