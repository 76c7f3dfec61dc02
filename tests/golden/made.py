"""What several calls begin with: logs, splits, fits and tables, each made once."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from tests.golden.public import rm

CUT = "1997-09-30"  # of CDNOW: 39 weeks to fit on, 39 more


@cache
def cdnow() -> Any:
    return rm.load_cdnow()


@cache
def split() -> Any:
    return cdnow().split(at=CUT)


@cache
def firm() -> Any:
    return rm.read_transactions("dataset:sample", cost="cost")


@cache
def sample(name: str) -> pd.DataFrame:
    return rm.load_sample(name)


@cache
def fitted(name: str) -> Any:
    """A model of purchases on the first 39 weeks of CDNOW."""
    return rm.clv.MODELS[name].fit(split().calibration)


@cache
def spend() -> Any:
    return rm.GammaGamma.fit(split().calibration)


@cache
def segment() -> pd.Series:
    return sample("customers").set_index("customer_id")["segment"]


@cache
def firm_years() -> pd.DataFrame:
    return rm.economics.account_years(
        firm(), contacts=sample("contacts"), customers=sample("customers")
    )


@cache
def firm_account() -> pd.DataFrame:
    return rm.profit_table(firm(), contacts=sample("contacts"), customers=sample("customers"))


@cache
def firm_history() -> Any:
    ladder = rm.LoyaltyLadder.read("loyalty")
    tables = {"events": sample("events"), "prospects": sample("prospects")}
    history = ladder.assign(firm(), answers=sample("satisfaction"), period="quarter", **tables)
    return history.with_customers(sample("customers"))


@cache
def firm_chances() -> Any:
    return rm.estimate_transitions(firm_history())


@cache
def cdnow_history() -> Any:
    return rm.PURCHASE_LADDER.assign(cdnow(), period="month")


@cache
def cdnow_chances() -> Any:
    return rm.estimate_transitions(cdnow_history())


@cache
def partner_data() -> Any:
    return rm.relationships.read_partners(sample("partners"), sample("partner_survey"))


@cache
def partner_quality() -> Any:
    return rm.relationships.relationship_quality(partner_data())


@cache
def partner_ties() -> Any:
    return rm.relationships.tie_effects(partner_data(), partner_quality())


@cache
def partner_costs() -> Any:
    return rm.relationships.weak_partners(
        partner_data(), partner_quality(), partner_ties(), draws=1000
    )


@cache
def unit_costs() -> pd.DataFrame:
    return rm.unit_costs(sample("books"), by="channel", recent=4)


@cache
def position() -> Any:
    margin = {"web": 110, "mail": 160, "referral": 280, "fair": 390, "field": 1110}
    return rm.economics.spending_position(
        sample("books"), by="channel", recent=4, margin=margin, annual_discount_rate=0.1
    )


@cache
def histories() -> pd.DataFrame:
    """Customers as published tables and hard cases have them: frequency, recency, T."""
    rows = [(0, 0, 38.86), (2, 30.43, 38.86), (7, 35, 77.86), (26, 30.86, 31), (1, 1.7, 38.86)]
    return pd.DataFrame(rows, columns=["frequency", "recency", "T"])


@cache
def bought_panel() -> pd.DataFrame:
    """Whether 300 people of two kinds bought in each of eight periods, drawn with a fixed seed."""
    rng = np.random.default_rng(5)
    often = rng.random(300) < 0.4
    rows = []
    for _ in range(8):
        rows.append(rng.random(300) < np.where(often, 0.8, 0.1))
        often = rng.random(300) < np.where(often, 0.9, 0.15)
    return pd.DataFrame(np.array(rows, float).T)


@cache
def looks() -> pd.DataFrame:
    """On which rung 200 people were found at four irregular times, drawn with a fixed seed."""
    rng = np.random.default_rng(7)
    rungs = np.array(["first", "repeat", "client"])
    found, time = rng.integers(0, 2, 200), np.zeros(200)
    rows = [pd.DataFrame({"customer_id": range(200), "time": time, "rung": rungs[found]})]
    for _ in range(3):
        time = time + rng.uniform(0.3, 2.0, 200)
        found = np.clip(found + rng.choice([-1, 0, 1], 200, p=[0.2, 0.5, 0.3]), 0, 2)
        rows.append(pd.DataFrame({"customer_id": range(200), "time": time, "rung": rungs[found]}))
    return pd.concat(rows, ignore_index=True)


@cache
def regular_buyers() -> pd.DataFrame:
    """Customers who buy more regularly than at random, so that nobody seems to leave."""
    rng = np.random.default_rng(3)
    rows = []
    for _ in range(600):
        days, often = rng.integers(70, 280), rng.gamma(1.2, 1 / 8.0)
        times = np.cumsum(rng.gamma(3, 7 / (3 * often), 400))
        bought = np.unique(np.ceil(times[times <= days]))
        rows.append((len(bought), bought.max(initial=0) / 7, days / 7))
    return pd.DataFrame(rows, columns=["frequency", "recency", "T"])
