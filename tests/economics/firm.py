"""Tables of a small firm with a known account, and of customers drawn from a known law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

import relmark_research as rm

Array = np.ndarray


def small_firm() -> dict[str, pd.DataFrame]:
    """Three customers whose account can be done by hand."""
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
        columns=["customer_id", "date", "cost", "kind", "level"],
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


@dataclass(frozen=True)
class Known:
    """Customers drawn from a known law: what is seen, and what each is truly like."""

    transactions: pd.DataFrame
    contacts: pd.DataFrame
    truth: pd.DataFrame


LAW = {"r": 1.2, "alpha": 8.0, "s": 1.5, "beta": 90.0, "p": 6.0, "q": 4.0, "v": 40.0}


def known_customers(n: int, *, seed: int, days: int = 730) -> Known:
    """Draw customers by Pareto/NBD and Gamma-Gamma, each with a margin and a cost of his own."""
    rng = np.random.default_rng(seed)
    born = rng.integers(0, days - 60, n)
    rate = rng.gamma(LAW["r"], 1 / LAW["alpha"], n) / 7  # per day
    leaving = rng.gamma(LAW["s"], 1 / LAW["beta"], n) / 7
    nu = rng.gamma(LAW["q"], 1 / LAW["v"], n)
    margin = 0.3 + 0.1 * rng.standard_normal(n)
    cost = rng.gamma(2.0, 15.0, n)  # money a year
    life = np.minimum(rng.exponential(1 / leaving), days - born)
    ids = np.array([f"K{place:05d}" for place in range(n)])
    count = rng.poisson(rate * life)
    who = np.concatenate([np.arange(n), np.repeat(np.arange(n), count)])
    elapsed = np.concatenate([np.zeros(n), rng.random(count.sum()) * life.repeat(count)])
    value = np.round(np.maximum(rng.gamma(LAW["p"], 1 / nu[who]), 0.01), 2)
    share = margin[who] + 0.05 * rng.standard_normal(len(who))
    start = pd.Timestamp("2022-01-01")

    def dated(person: Array, after: Array) -> pd.Series:
        return start + pd.to_timedelta(born[person] + np.floor(after), unit="D")

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
            "rate": rate, "leaving": leaving, "spend": LAW["p"] / nu, "margin": margin,
            "cost": cost, "alive": life >= days - born,
        },
        index=pd.Index(ids, name="customer_id"),
    )  # fmt: skip
    return Known(transactions, contacts, truth)


def true_residual(truth: pd.DataFrame, *, d: float, years: float, notice: float) -> pd.Series:
    """What customers of known ways are worth: contribution less cost, per day, discounted."""
    delta = np.log1p(d) / 365.2425
    gone = truth["leaving"] + delta
    span = -np.expm1(-gone * years * 365.2425) / gone
    unnoticed = -np.expm1(-delta * notice * 365.2425) / delta
    brings = truth["margin"] * truth["spend"] * truth["rate"] * span
    costs = truth["cost"] / 365.2425
    return (brings - costs * span).where(truth["alive"], -costs * unnoticed)
