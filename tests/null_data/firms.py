"""Firms whose truth gives no report anything to advise, and firms with the opposite of usual.

`no_effects`: levels of relationship, campaigns, satisfaction, loyalty events and retention spend
move nothing. `opposite`: costly levels and high satisfaction go with leaving, campaigns cost much
and bring nothing. `few`, `once` and `at_random` are logs of 12 customers, of one purchase each, and
of customers who are alike and buy at random. `price_up` are books whose sales rise with the price.
Segments, arms and columns have names of their own, so that nothing can rest on those of the sample.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from relmark_research.simulation import Truth, simulate_crm
from relmark_research.simulation.firm import CurveTruth

SEGMENTS = dict(zip(Truth().segment_names, ("bronze", "silver", "gold"), strict=True))
ARMS = {"control": "left alone", "mail": "brochure", "call": "phone"}
COLUMNS = {"customer_id": "buyer", "date": "day", "value": "turnover", "cost": "goods"}
NO_EXTRA = (0.0, 0.0, 0.0)


def no_effects(seed: int = 11) -> dict[str, pd.DataFrame]:
    """Return the tables of a firm where nothing that the firm does changes what customers do."""
    return _renamed(simulate_crm(_without_effects(Truth()), seed=seed))


def opposite(seed: int = 12) -> dict[str, pd.DataFrame]:
    """Return the tables of a firm where effort goes with leaving, and campaigns lose money."""
    truth = _without_effects(Truth(), contact=9.0)
    levels = tuple(
        replace(level, renewal_effect=-1.5 * sum(level.contacts) / 12) for level in truth.levels
    )
    satisfaction = replace(truth.satisfaction, slope_below=-0.55, slope_above=-0.55)
    truth = replace(truth, levels=levels, satisfaction=satisfaction)
    return _renamed(simulate_crm(truth, seed=seed))


def _without_effects(truth: Truth, *, contact: float | None = None) -> Truth:
    """Return the truth with named segments and arms, and no effect of anything.

    Parameters
    ----------
    contact
        Money per contact of a campaign; None leaves the costs as they are.
    """
    levels = tuple(
        replace(level, renewal_effect=0.0, purchase_multiplier=1.0) for level in truth.levels
    )
    events = tuple(
        replace(event, tenure_effect=0.0, satisfaction_effect=0.0) for event in truth.events
    )
    campaigns = tuple(
        replace(
            campaign,
            arms=tuple(
                replace(arm, extra_order=NO_EXTRA, cost=(contact or arm.cost) if arm.cost else 0.0)
                for arm in campaign.arms
            ),
        )
        for campaign in truth.campaigns
    )
    channels = tuple(replace(one, retention=_flat(one.retention)) for one in truth.channels)
    satisfaction = replace(truth.satisfaction, slope_below=0.0, slope_above=0.0)
    return replace(
        truth, levels=levels, events=events, campaigns=campaigns, channels=channels,
        satisfaction=satisfaction,
    )  # fmt: skip


def _flat(curve: CurveTruth) -> CurveTruth:
    """Return a curve with today's rate at every spend."""
    rate = float(curve.rate_at(np.array([curve.spend]))[0])
    return replace(curve, ceiling=rate, steepness=1e6)


def _renamed(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables with segments, arms and columns of another firm."""
    tables = dict(tables)
    customers = tables["customers"]
    tables["customers"] = customers.assign(segment=customers["segment"].map(SEGMENTS))
    campaigns = tables["campaigns"]
    tables["campaigns"] = campaigns.assign(arm=campaigns["arm"].map(ARMS))
    tables["transactions"] = tables["transactions"].rename(columns=COLUMNS)
    return tables


def at_random(customers: int = 300, *, seed: int = 1, again: float = 3.0) -> pd.DataFrame:
    """Return two years of purchases of customers who are alike and buy at random.

    Parameters
    ----------
    customers
        Number of customers, first seen in the first year.
    again
        Mean number of later purchases in two years; 0: one purchase each.
    """
    rng, days, rows = np.random.default_rng(seed), 730, []
    for customer in range(customers):
        first = int(rng.integers(0, days // 2))
        later = rng.poisson(again * (days - first) / days)
        bought = [first, *(first + np.unique(rng.integers(1, days - first, later)))]
        rows += [(f"K{customer}", day, round(float(rng.gamma(5, 10)), 2)) for day in bought]
    table = pd.DataFrame(rows, columns=[COLUMNS[name] for name in ("customer_id", "date", "value")])
    table["day"] = pd.Timestamp("2022-01-03") + pd.to_timedelta(table["day"], unit="D")
    return table


def few(seed: int = 1) -> pd.DataFrame:
    """Return the purchases of 12 customers."""
    return at_random(12, seed=seed)


def once(seed: int = 1) -> pd.DataFrame:
    """Return 300 customers with one purchase each."""
    return at_random(300, seed=seed, again=0.0)


def price_up(seed: int = 1, *, quarters: int = 32, rises: float = 0.8) -> pd.DataFrame:
    """Return books whose customers won rise with the price and not with spend.

    Parameters
    ----------
    rises
        Percent more customers won for a price that is one percent higher.
    """
    rng = np.random.default_rng(seed)
    price = 100 * np.exp(0.1 * rng.standard_normal(quarters))
    spend = 400_000 * np.exp(0.3 * rng.standard_normal((2, quarters)))
    won = rng.poisson(2_000 * (price / 100) ** rises)
    at_risk, kept = [30_000], []
    for new in won:
        kept.append(int(rng.binomial(at_risk[-1], 0.94)))
        at_risk.append(kept[-1] + int(new))
    return pd.DataFrame(
        {
            "quarter": pd.period_range("2016Q1", periods=quarters, freq="Q").astype(str),
            "customers_won": won,
            "customers_at_risk": at_risk[:-1],
            "customers_kept": kept,
            "acquisition_spend": spend[0],
            "retention_spend": spend[1],
            "price": price,
        }
    )
