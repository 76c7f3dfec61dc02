"""Time regular purchases and covariates that change with time.

    python -m benchmarks.covariates [--customers 1000000] [--moving 100000] [--weeks 200]
        [--repeats 3]

Customers are simulated (not timed). MBG/CNBD-k with k from 1 to 12 is timed beside MBG/NBD on the
same histories with their gaps; then the fit of MBG/NBD with a season that all share and a campaign
per customer, both by week. Medians of wall and CPU seconds; on a busy machine trust those of CPU.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

import relmark_research as rm

START = pd.Timestamp("2020-01-06")


def regular(customers: int) -> rm.CustomerSummary:
    """Return histories of MBG/CNBD-2 in whole days, with the sums of the logarithms of gaps."""
    rng = np.random.default_rng(1)
    T = rng.integers(189, 273, customers).astype(float)
    times = rm.MBGCNBD(1.3, 19.6, 0.42, 0.79, 2).draw_purchase_times(T, rng)
    before, x, logs = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    for each in times:
        day = np.where(np.isfinite(each), np.ceil(each), np.inf)
        made = (day > before) & (day <= T)
        logs += np.where(made, np.log(np.where(made, day - before, 1.0) / 7), 0.0)
        x, before = x + made, np.where(made, day, before)
    columns = {"frequency": x.astype(int), "recency": before / 7, "T": T / 7}
    return rm.CustomerSummary(pd.DataFrame({**columns, "sum_log_gaps": logs}), unit="week")


def moving(customers: int, weeks: int) -> tuple[rm.TransactionLog, pd.DataFrame]:
    """Return the log of customers whose purchase rate follows a season and a campaign."""
    rng = np.random.default_rng(1)
    season = np.sin(2 * np.pi * np.arange(weeks) / 52)
    campaign = (rng.random((customers, weeks)) < 0.2).astype(float)
    speed = np.exp(0.5 * season + 0.7 * campaign)
    rate, dropout = rng.gamma(0.8, 1 / 6, customers), rng.beta(0.8, 2.5, customers)
    alive, first = rng.random(customers) > dropout, rng.integers(0, weeks // 4, customers)
    rows = [(np.arange(customers), 7 * first)]
    for week in range(1, weeks):
        bought = alive & (week > first)
        bought &= rng.random(customers) < -np.expm1(-rate * speed[:, week])
        rows.append((np.flatnonzero(bought), np.full(bought.sum(), 7 * week)))
        alive &= ~bought | (rng.random(customers) > dropout)
    who, day = (np.concatenate(part) for part in zip(*rows, strict=True))
    sold = pd.DataFrame({"customer_id": who, "date": START + pd.to_timedelta(day, unit="D")})
    dates = START + pd.to_timedelta(7 * np.arange(weeks), unit="D")
    values = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(customers), weeks),
            "date": np.tile(dates, customers),
            "season": np.tile(season, customers),
            "campaign": campaign.ravel(),
        }
    )
    return rm.read_transactions(sold, value=None), values


def timed(task: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the medians of wall and CPU seconds, after a first run that is not counted."""
    task()
    found = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        task()
        found.append((time.perf_counter() - wall, time.process_time() - cpu))
    walls, cpus = zip(*found, strict=True)
    return statistics.median(walls), statistics.median(cpus)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--moving", type=int, default=100_000)
    parser.add_argument("--weeks", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    customers = regular(asked.customers)
    plain = timed(lambda: rm.MBGNBD.fit(customers), asked.repeats)
    searched = timed(lambda: rm.MBGCNBD.fit(customers), asked.repeats)
    log, values = moving(asked.moving, asked.weeks)
    covariates = timed(
        lambda: rm.clv.fit_covariates(rm.MBGNBD, log, rate="season + campaign", covariates=values),
        asked.repeats,
    )
    print("| task | wall s | CPU s |\n|---|---:|---:|")
    for name, (wall, cpu) in {
        f"MBG/NBD, {asked.customers:,} customers": plain,
        f"MBG/CNBD-k, k from 1 to 12, {asked.customers:,} customers": searched,
        f"covariates by week, {asked.moving:,} customers x {asked.weeks} weeks": covariates,
    }.items():
        print(f"| {name} | {wall:.2f} | {cpu:.2f} |")
    print(f"\nk from 1 to 12 takes {searched[1] / plain[1]:.1f} times the plain fit (CPU).")


if __name__ == "__main__":
    main()
