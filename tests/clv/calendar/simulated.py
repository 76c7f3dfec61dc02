"""A log whose customers buy on the clock of known relative rates by day."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

import relmark_research as rm

START = date(2019, 1, 1)
MONTHS = np.array([0.8, 0.7, 0.9, 1.0, 1.05, 0.95, 0.8, 0.75, 1.0, 1.2, 1.5, 1.35])
MODEL = rm.BGNBD(0.9, 9.0, 0.8, 4.0)


def rates(days, *, months=MONTHS, events=()):
    """Return s by day with a mean of about 1; each event is (first day, last day, factor)."""
    dates = pd.date_range(START, periods=days)
    found = months[dates.month.to_numpy() - 1].copy()
    for first, last, factor in events:
        found[(dates >= first) & (dates <= last)] *= factor
    return found


def purchases(s, *, customers, seed, acquired, model=MODEL):
    """Return the purchase-days of customers acquired evenly over the first days.

    A customer who came on day f has been exposed from f + 1 on; their k-th gap is exponential on
    the clock, and they leave after a repeat purchase with probability p.
    """
    rng = np.random.default_rng(seed)
    clock = np.cumsum(s) / 7
    first = np.sort(rng.integers(0, acquired, customers))
    now, alive = clock[first], np.ones(customers, bool)
    speed, leaving = (
        rng.gamma(model.r, 1 / model.alpha, customers),
        rng.beta(model.a, model.b, customers),
    )
    bought = [(np.arange(customers), first)]
    while alive.any():
        now = now + rng.standard_exponential(customers) / np.maximum(speed, 1e-300)
        alive = alive & (now < clock[-1])
        who = np.flatnonzero(alive)
        bought.append((who, np.searchsorted(clock, now[who], side="left")))
        alive = alive & (rng.random(customers) >= leaving)
    number, day = (np.concatenate(part) for part in zip(*bought, strict=True))
    dates = [START + timedelta(days=int(each)) for each in day]
    return pd.DataFrame({"customer_id": number, "date": pd.to_datetime(dates), "value": 10.0})


def seasonal_log(days=1200, *, customers=400, seed=5, acquired=700, **how):
    s = rates(days, **how)
    rows = purchases(s, customers=customers, seed=seed, acquired=acquired)
    return rm.read_transactions(rows)
