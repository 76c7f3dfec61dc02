"""Forecasts without a model: what purchase models have to beat.

Each is a total over the customers known at the origin, per customer of a group in the past times
the customers known now.

same as last period        purchases in the h days before the origin, of the customers known
                           before them
same period last year      purchases in the h days that began 364 days before the origin (52 weeks,
                           so that weekdays agree), of the customers known then
rate times horizon         repeat purchases per day of all customers since their first purchase,
                           times h
"""

from __future__ import annotations

from dataclasses import dataclass

from relmark_research.customers.log.purchase_history import KnownCustomers
from relmark_research.errors import check_choice

LAST_PERIOD = "same as last period"
LAST_YEAR = "same period last year"
RATE = "rate times horizon"
BENCHMARKS = (LAST_PERIOD, LAST_YEAR, RATE)

_YEAR = 364  # days: 52 weeks


@dataclass(frozen=True)
class BenchmarkTotal:
    """A forecast of the known customers' purchases and of their value."""

    purchases: float
    value: float


def benchmark_total(name: str, known: KnownCustomers, horizon: int) -> BenchmarkTotal | None:
    """Return a benchmark's forecast at the end of the last known day.

    Parameters
    ----------
    name
        One of `BENCHMARKS`.
    known
        The customers known at the origin, and their purchases.
    horizon
        In days, > 0.

    Returns
    -------
    BenchmarkTotal or None
        None where the history is too short for it.
    """
    check_choice("benchmark", name, BENCHMARKS)
    if name == RATE:
        return _rate(known, horizon)
    back = horizon if name == LAST_PERIOD else _YEAR
    return _earlier_period(known, horizon, known.day - back) if back >= horizon else None


def _rate(known: KnownCustomers, horizon: int) -> BenchmarkTotal | None:
    """Return repeat purchases per customer and day, times customers and days."""
    days = float((known.day - known.first).sum())
    if days <= 0:
        return None
    purchases = float(known.frequency.sum()) / days * horizon * len(known)
    return BenchmarkTotal(purchases, purchases * float(known.purchase_value.mean()))


def _earlier_period(known: KnownCustomers, horizon: int, origin: int) -> BenchmarkTotal | None:
    """Return the totals after an earlier origin, per customer known then, times those of today."""
    then = int((known.first <= origin).sum())
    if then == 0:
        return None
    purchases, value = known.totals(origin + 1, origin + horizon, known=origin)
    growth = len(known) / then
    return BenchmarkTotal(purchases * growth, value * growth)
