"""Purchases whose value has a season and a trend, by customers whose mix drifts.

Customers are acquired over the whole log, later ones with a higher or lower own level. Values are
own level x g(day) x gamma noise, and first purchases may differ.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

import relmark_research as rm
from relmark_research.customers.log.purchase_history import KnownCustomers

START = date(2021, 1, 1)
YEAR = 365.2425


@dataclass(frozen=True)
class Spend:
    """How spend moves.

    Attributes
    ----------
    season
        Amplitude of a yearly season of log spend, highest in December.
    trend
        Change of log spend per year.
    mix
        Change of the own log level of customers per year in which they are acquired later.
    first
        log factor of first purchases.
    shape
        Shape of the gamma noise.
    tail
        Share of purchases that are 30 times as large.
    dependence
        Power of the customer's purchase rate in the own level.
    """

    season: float = 0.0
    trend: float = 0.0
    mix: float = 0.0
    first: float = 0.0
    shape: float = 2.0
    tail: float = 0.0
    dependence: float = 0.0

    def log_season(self, days: np.ndarray) -> np.ndarray:
        """Return the season of log spend, by month: constant within each."""
        month = pd.DatetimeIndex(np.datetime64(START) + days.astype("timedelta64[D]")).month
        return self.season * np.cos(2 * np.pi * np.asarray(month) / 12)


def purchases(
    truth: Spend, *, customers: int = 400, days: int = 1096, seed: int, gap: float = 60.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return customer, day and value of purchase-days, sorted by customer and day."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, max(days - 30, 1), customers)
    rate = rng.gamma(2.0, 0.5 / gap, customers)
    count = rng.poisson(rate * (days - start))
    customer = np.repeat(np.arange(customers), count + 1)
    day = rng.integers(start[customer], days)
    first = np.cumsum(count + 1) - count - 1
    day[first] = start
    pairs = np.unique(customer * days + day)
    customer, day = pairs // days, pairs % days
    is_first = day == start[customer]
    level = rng.normal(3.0, 0.6, customers) + truth.mix * start / YEAR
    level += truth.dependence * np.log(rate * gap)
    log_value = level[customer] + truth.log_season(day) + truth.trend * day / YEAR
    log_value += truth.first * is_first
    noise = rng.gamma(truth.shape, 1 / truth.shape, len(day))
    noise *= np.where(rng.random(len(day)) < truth.tail, 30.0, 1.0)
    return customer, day, np.exp(log_value) * noise


def known_customers(
    customer: np.ndarray, day: np.ndarray, value: np.ndarray, *, last: int
) -> KnownCustomers:
    """Return them as what is known at the end of a day."""
    starts = np.flatnonzero(np.diff(customer, prepend=-1))
    count = np.diff(np.append(starts, len(customer)))
    return KnownCustomers(
        number=customer[starts],
        first=day[starts],
        last=day[starts + count - 1],
        frequency=count - 1,
        value=np.add.reduceat(value, starts),
        first_value=value[starts],
        day=last,
        purchase_day=day,
        purchase_value=value,
        purchase_first=np.repeat(day[starts], count),
    )


def known(truth: Spend, *, days: int = 1096, **how: float) -> tuple[KnownCustomers, date]:
    """Return simulated customers, and the last day."""
    found = purchases(truth, days=days, **how)
    return known_customers(*found, last=days - 1), START + timedelta(days=days - 1)


def spend_log(truth: Spend, **how: float) -> rm.TransactionLog:
    """Return such purchases as a log."""
    customer, day, value = purchases(truth, **how)
    dates = pd.Timestamp(START) + pd.to_timedelta(day, unit="D")
    table = pd.DataFrame({"customer_id": customer, "date": dates, "value": value.round(2)})
    return rm.read_transactions(table)
