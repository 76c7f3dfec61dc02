"""Logs simulated from a BG/NBD model, and from models that differ from it in one known way.

Customers are acquired evenly over the first days of the log. A living customer buys with a density
lambda s(t) of time, lambda ~ Gamma(r, alpha) per week, and leaves after each repeat purchase with
probability p ~ Beta(a, b). Gaps are Erlang-k in operational time, the integral of s. With s = 1 and
k = 1 this is the BG/NBD model, on days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

import relmark_research as rm

START = date(2021, 1, 4)


@dataclass(frozen=True)
class Truth:
    """A way in which customers buy.

    Attributes
    ----------
    r, alpha, a, b
        The BG/NBD parameters, in weeks.
    k
        Shape of the gaps.
    season
        Amplitude of a yearly season: s = 1 + season cos(2 pi t / 364).
    drift
        Growth of the rates per year: s = exp(drift t / 364).
    """

    r: float = 0.8
    alpha: float = 8.0
    a: float = 0.8
    b: float = 4.0
    k: int = 1
    season: float = 0.0
    drift: float = 0.0

    def clock(self, days: int) -> np.ndarray:
        """Return operational time in weeks at the beginning of each day, and at the end."""
        day = np.arange(days)
        density = 1 + self.season * np.cos(2 * np.pi * day / 364)
        density = density * np.exp(self.drift * day / 364)
        return np.concatenate([[0.0], np.cumsum(density) / 7])


def purchases(
    truth: Truth, *, customers: int, days: int, seed: int, acquired: int = 182
) -> pd.DataFrame:
    """Return the purchase-days: customer_id, date and value (log-normal, by customer)."""
    rng = np.random.default_rng(seed)
    clock = truth.clock(days)
    first = rng.integers(0, acquired, customers)
    now = np.interp(first + rng.random(customers), np.arange(days + 1), clock)
    rates = rng.gamma(truth.r, 1 / truth.alpha, customers)
    leaving = rng.beta(truth.a, truth.b, customers)
    alive, bought = np.ones(customers, bool), [(np.arange(customers), first)]
    while alive.any():
        with np.errstate(over="ignore", divide="ignore"):
            now = now + rng.gamma(truth.k, 1 / truth.k, customers) / np.maximum(rates, 1e-300)
        alive = alive & (now < clock[-1])
        who = np.flatnonzero(alive)
        bought.append((who, np.searchsorted(clock, now[who], side="right") - 1))
        alive = alive & (rng.random(customers) >= leaving)
    number, day = (np.concatenate(part) for part in zip(*bought, strict=True))
    spend = np.exp(rng.normal(3.0, 0.5, customers))
    frame = pd.DataFrame({
        "customer_id": number,
        "date": pd.Timestamp(START) + pd.to_timedelta(day, unit="D"),
        "value": (spend[number] * np.exp(rng.normal(0, 0.4, len(day)))).round(2),
    })  # fmt: skip
    return frame.sort_values(["date", "customer_id"], ignore_index=True)


def simulated_log(truth: Truth, **how: int) -> rm.TransactionLog:
    """Return such purchases as a log."""
    return rm.read_transactions(purchases(truth, **how))
