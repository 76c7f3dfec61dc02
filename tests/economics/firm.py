"""A small firm whose account can be calculated by hand, and simulated customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

import relmark_research as rm

Array = np.ndarray


def small_firm() -> dict[str, pd.DataFrame]:
    """Three customers whose account can be calculated by hand."""
    transactions = pd.DataFrame(
        [
            ("a", "2023-01-10", 100.0, 60.0),
            ("a", "2023-06-10", 50.0, 30.0),
            ("a", "2023-06-20", -20.0, -9.0),
            ("b", "2023-02-01", 10.0, 12.0),
            ("b", "2024-02-01", 40.0, 20.0),
        ],
        columns=["customer_id", "date", "value", "cost"],
    )
    contacts = pd.DataFrame(
        [
            ("a", "2023-03-01", 5.0, "call", "basic"),
            ("b", "2023-03-02", 7.0, "support", "basic"),
            ("c", "2024-01-05", 3.0, "mail", "basic"),
        ],
        columns=["customer_id", "date", "cost", "kind", "relationship_level"],
    )
    customers = pd.DataFrame(
        [
            ("a", "2023-01-10", 12.0, "homes"),
            ("b", "2023-02-01", 24.0, "homes"),
            ("c", "2023-12-01", 6.0, "mills"),
        ],
        columns=["customer_id", "acquisition_date", "acquisition_cost", "segment"],
    )
    return {"transactions": transactions, "contacts": contacts, "customers": customers}


def log_of(transactions: pd.DataFrame, **options: object) -> rm.TransactionLog:
    return rm.read_transactions(transactions, cost="cost", **options)


ROWS = [
    ("a", "2022-01-01", 100.0, 60.0),
    ("a", "2022-06-01", 50.0, 30.0),
    ("a", "2023-05-01", 80.0, 40.0),
    ("b", "2022-02-01", 10.0, 5.0),
    ("b", "2023-01-15", 20.0, 5.0),
    ("c", "2022-12-20", 30.0, 10.0),
    ("d", "2023-12-31", 30.0, 10.0),
]
"""customer, date, value and cost of a log whose holdout profit can be calculated by hand."""


def log_of_rows(rows: list[tuple], **columns: object) -> rm.TransactionLog:
    table = pd.DataFrame(rows, columns=["customer", "date", "value", "cost"])
    return rm.read_transactions(table, customer="customer", **{"cost": "cost", **columns})


@dataclass(frozen=True)
class Known:
    """Simulated customers: observed tables, and the true parameters of each customer."""

    transactions: pd.DataFrame
    contacts: pd.DataFrame
    truth: pd.DataFrame


PARAMETERS = {"r": 1.2, "alpha": 8.0, "s": 1.5, "beta": 90.0, "p": 6.0, "q": 4.0, "v": 40.0}


def known_customers(n: int, *, seed: int, days: int = 730) -> Known:
    """Simulate Pareto/NBD and Gamma-Gamma customers, each with a margin and a cost to serve."""
    rng = np.random.default_rng(seed)
    start_day = rng.integers(0, days - 60, n)
    rate = rng.gamma(PARAMETERS["r"], 1 / PARAMETERS["alpha"], n) / 7  # per day
    dropout = rng.gamma(PARAMETERS["s"], 1 / PARAMETERS["beta"], n) / 7
    nu = rng.gamma(PARAMETERS["q"], 1 / PARAMETERS["v"], n)
    margin = 0.3 + 0.1 * rng.standard_normal(n)
    cost = rng.gamma(2.0, 15.0, n)  # money a year
    life = np.minimum(rng.exponential(1 / dropout), days - start_day)
    ids = np.array([f"K{place:05d}" for place in range(n)])
    count = rng.poisson(rate * life)
    who = np.concatenate([np.arange(n), np.repeat(np.arange(n), count)])
    elapsed = np.concatenate([np.zeros(n), rng.random(count.sum()) * life.repeat(count)])
    value = np.round(np.maximum(rng.gamma(PARAMETERS["p"], 1 / nu[who]), 0.01), 2)
    share = margin[who] + 0.05 * rng.standard_normal(len(who))
    start = pd.Timestamp("2022-01-01")

    def dated(person: Array, after: Array) -> pd.Series:
        return start + pd.to_timedelta(start_day[person] + np.floor(after), unit="D")

    transactions = pd.DataFrame(
        {"customer_id": ids[who], "date": dated(who, elapsed), "value": value}
    )
    transactions["cost"] = np.round(transactions["value"] * (1 - share), 2)
    met = rng.poisson(cost / 6.0 * life / 365.25)
    whom = np.repeat(np.arange(n), met)
    contacts = pd.DataFrame(
        {
            "customer_id": ids[whom],
            "date": dated(whom, rng.random(met.sum()) * life.repeat(met)),
            "cost": np.round(rng.gamma(3.0, 2.0, met.sum()), 2),
        }
    )
    truth = pd.DataFrame(
        {
            "rate": rate, "dropout": dropout, "spend": PARAMETERS["p"] / nu, "margin": margin,
            "cost": cost, "alive": life >= days - start_day,
        },
        index=pd.Index(ids, name="customer_id"),
    )  # fmt: skip
    return Known(transactions, contacts, truth)


def true_residual(truth: pd.DataFrame, *, d: float, years: float, lag: float) -> pd.Series:
    """Return the true residual value: discounted contribution less cost to serve."""
    delta = np.log1p(d) / 365.2425
    hazard = truth["dropout"] + delta
    lifetime = -np.expm1(-hazard * years * 365.2425) / hazard
    undetected = -np.expm1(-delta * lag * 365.2425) / delta
    contribution = truth["margin"] * truth["spend"] * truth["rate"] * lifetime
    costs = truth["cost"] / 365.2425
    return (contribution - costs * lifetime).where(truth["alive"], -costs * undetected)
