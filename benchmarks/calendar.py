"""Fit a model with twelve monthly effects beside the plain fit, on simulated customers.

    python -m benchmarks.calendar [--customers 1000000] [--days 900] [--repeats 3]

Customers come evenly until 200 days before the end, buy on the clock of a season by month and
leave after a purchase with a probability of their own. The plain fit is BG/NBD's on the same
distinct histories. Seconds are CPU time, the least of the repeats.
"""

import argparse
import time
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pandas as pd

import relmark_research as rm
from benchmarks.clv import machine
from relmark_research.clv.calendar._calendar_likelihood import DatedHistories
from relmark_research.clv.calendar.calendar_effects import estimate
from relmark_research.clv.calendar.calendar_options import CalendarOptions
from relmark_research.customers.log.distinct_histories import distinct_rows

START = date(2019, 1, 1)
MONTHS = np.array([0.8, 0.7, 0.9, 1.0, 1.05, 0.95, 0.8, 0.75, 1.0, 1.2, 1.5, 1.35])


def simulated(customers: int, days: int) -> DatedHistories:
    """Return the counted histories of customers who buy on the clock of a season."""
    rng = np.random.default_rng(1)
    dates = pd.date_range(START, periods=days)
    clock = np.cumsum(MONTHS[dates.month - 1]) / 7
    first = rng.integers(0, days - 200, customers)
    rate, leaving = rng.gamma(0.6, 1 / 9, customers), rng.beta(0.8, 3.0, customers)
    x, last, now = np.zeros(customers), first.copy(), clock[first]
    purchases, active = np.zeros(days), np.arange(customers)
    while len(active):
        now[active] += rng.standard_exponential(len(active)) / np.maximum(rate[active], 1e-300)
        active = active[now[active] < clock[-1]]
        day = np.searchsorted(clock, now[active])
        last[active], purchases = day, purchases + np.bincount(day, minlength=days)
        x[active] += 1
        active = active[rng.random(len(active)) >= leaving[active]]
    counted = distinct_rows(x, first.astype(float), last.astype(float))
    days_of = (column.astype(int) for column in counted.columns[1:])
    return DatedHistories(counted.columns[0], *days_of, counted.weights, purchases)


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the least CPU seconds of some runs."""
    found = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def main() -> None:
    """Print the seconds of both fits, and their ratio."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--customers", type=int, default=1_000_000)
    ask.add_argument("--days", type=int, default=900)
    ask.add_argument("--repeats", type=int, default=3)
    asked = ask.parse_args()
    histories = simulated(asked.customers, asked.days)
    end = asked.days - 1
    table = pd.DataFrame({
        "frequency": histories.x,
        "recency": (histories.last - histories.first) / 7,
        "T": (end - histories.first) / 7,
        "n_customers": histories.weights.astype(int),
    })  # fmt: skip
    customers = rm.CustomerSummary(table, unit="week")
    plain = seconds(lambda: rm.BGNBD.fit(customers), asked.repeats)
    until = START + timedelta(days=end)
    with_calendar = seconds(
        lambda: estimate(histories, START, until, options=CalendarOptions()), asked.repeats
    )
    print(machine())
    print("| customers | distinct histories | plain fit, CPU s | with 12 months, CPU s | ratio |")
    print("|---:|---:|---:|---:|---:|")
    print(
        f"| {asked.customers:,} | {len(histories.x):,} | {plain:.2f} | {with_calendar:.2f} "
        f"| {with_calendar / plain:.1f} |"
    )


if __name__ == "__main__":
    main()
