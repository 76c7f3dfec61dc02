"""Do intervals of seasonal effects hold the truth as often as they say?

RELMARK_SLOW_RUNS sets how many simulated logs are fitted, RELMARK_SLOW_FIRST the first seed; 400
and 0 if they are not set. What is claimed is that the interval of each month's relative rate, and
of a declared event, holds the truth in 92% to 98% of all logs, and all in 94% to 96% on average.
With few runs the bounds are as wide as chance makes them.
"""

import os
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from relmark_research.clv.calendar._calendar_likelihood import DatedHistories
from relmark_research.clv.calendar.calendar_effects import estimate
from relmark_research.clv.calendar.calendar_options import CalendarOptions
from tests.clv.calendar.simulated import MONTHS, START, purchases, rates

RUNS = int(os.environ.get("RELMARK_SLOW_RUNS", "400"))
FIRST = int(os.environ.get("RELMARK_SLOW_FIRST", "0"))
DAYS = 3 * 365
EVENT = [("2019-05-06", "2019-05-31"), ("2020-09-07", "2020-09-30"), ("2021-02-01", "2021-02-28")]
EFFECT = 1.4
OPTIONS = CalendarOptions(season="month", events={"sale": EVENT})


def counted(rows):
    """Return purchase-days as histories."""
    days = (rows["date"] - pd.Timestamp(START)).dt.days
    unique = pd.DataFrame({"customer": rows["customer_id"], "day": days}).drop_duplicates()
    each = unique.groupby("customer")["day"].agg(["min", "max", "count"])
    repeats = unique["day"][unique["day"] > unique["customer"].map(each["min"])]
    columns = (each[name].to_numpy() for name in ("count", "min", "max"))
    x, first, last = columns
    counts = np.bincount(repeats, minlength=DAYS).astype(float)
    return DatedHistories(x - 1.0, first, last, np.ones(len(x)), counts)


def held(seed):
    """Return which intervals of one log hold the truth."""
    s = rates(DAYS, events=[(*period, EFFECT) for period in EVENT])
    rows = purchases(s, customers=1500, seed=seed, acquired=800)
    effects = estimate(counted(rows), START, START + timedelta(days=DAYS - 1), options=OPTIONS)
    table = effects.table()
    days = np.bincount(pd.date_range(date(2021, 1, 1), periods=365).month - 1)
    truth = np.append(MONTHS / (MONTHS @ days / 365), EFFECT)
    return ((table["low"] < truth) & (truth < table["high"])).to_numpy()


@pytest.mark.slow
def test_intervals_of_seasonal_effects_hold_the_truth():
    inside = np.array([held(seed) for seed in range(FIRST, FIRST + RUNS)])
    shares = inside.mean(axis=0)
    print(dict(zip((*range(1, 13), "sale"), shares.round(3).tolist(), strict=True)), shares.mean())
    least = stats.binom.ppf(0.001, RUNS, 0.92) / RUNS
    most = stats.binom.ppf(0.999, RUNS, 0.98) / RUNS
    assert ((shares >= least) & (shares <= most)).all()
    slack = 3 * inside.mean(axis=1).std() / np.sqrt(RUNS)  # effects of one log are correlated
    assert 0.94 - slack <= shares.mean() <= 0.96 + slack
