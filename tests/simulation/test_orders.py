"""Orders, values, margins and returns come from their parameters."""

import numpy as np
import pandas as pd

from relmark_research.simulation.accounts import YEAR
from relmark_research.simulation.firm import Truth

TRUTH = Truth()


def test_purchase_rates_are_gamma_mixed(world, assert_near):
    years = world.years[world.years["renews"] & (world.years["start"] + YEAR < TRUTH.days)]
    orders = world.lines.merge(years, on="person")
    age = orders["day"] - orders["start"]
    count = orders[(age > 0) & (age < YEAR)].groupby(["person", "tenure"]).size()
    key = pd.MultiIndex.from_frame(years[["person", "tenure"]])
    years = years.assign(count=count.reindex(key, fill_value=0).to_numpy())
    years = years[years["tenure"] == 0]  # one year per customer: independent rows
    raised = np.array([level.purchase_multiplier for level in TRUTH.levels])[years["level"]]
    years = years.assign(rate=years["count"] / raised / (YEAR / 7), raised=raised)
    segment = world.people["segment"].to_numpy()[years["person"]]
    for position, truth in enumerate(TRUTH.segments):
        own = years[segment == position]
        mean = truth.r / truth.alpha
        assert_near(own["rate"].mean(), mean, own["rate"].sem(), truth.name)
        expected = mean * own["raised"] * YEAR / 7
        spread = (own["count"] - expected) ** 2 - expected - expected**2 / truth.r
        assert_near(spread.mean(), 0, spread.sem(), truth.name)


def test_order_values_and_margins(world, assert_near):
    segment = world.people["segment"].to_numpy()[world.lines["person"]]
    lines = world.lines.assign(margin=1 - world.lines["cost"] / world.lines["value"])
    for position, truth in enumerate(TRUTH.segments):
        own = lines[segment == position].groupby("person")[["value", "margin"]].mean()
        mean = truth.p * truth.v / (truth.q - 1)
        assert_near(own["value"].mean(), mean, own["value"].sem(), truth.name)
        assert_near(own["margin"].mean(), truth.margin_share, own["margin"].sem(), truth.name)


def test_shares_returned(world, crm, assert_near):
    log = crm["transactions"].merge(crm["customers"])
    returns = log[log["value"] < 0].groupby("segment").size()
    orders = log[log["order_id"].str.fullmatch(r"O\d+")].groupby("segment").size()
    for segment in TRUTH.segments:
        p, n = segment.return_share, orders[segment.name]
        # a return due after the last day is not there: at most a month of three years
        assert_near(returns[segment.name], n * p, np.sqrt(n * p * (1 - p)), segment.name)
