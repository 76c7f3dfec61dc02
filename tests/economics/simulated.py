"""Firms with known response curves, and simulated binomial spend ledgers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.economics.budget.allocation import BudgetLines
from relmark_research.economics.response.curve_shapes import exponential_rate

STEPS = np.array([0.4, 0.6, 0.8, 1.0, 1.0, 1.3, 1.6, 2.0, 0.7, 1.1, 0.9, 1.4])


@dataclass(frozen=True)
class Firm:
    """True parameters by segment, shape (segments,); the first row of a pair is acquisition."""

    ceiling: np.ndarray  # (2, segments)
    steepness: np.ndarray
    spend: np.ndarray  # usual spend per head
    people: np.ndarray  # per quarter
    annual_margin: np.ndarray
    rate: float = 0.10

    @property
    def names(self) -> list[str]:
        return [f"segment {place}" for place in range(len(self.annual_margin))]

    def ledger(
        self, seed: int, periods: int = 12, *, market: np.ndarray | None = None
    ) -> pd.DataFrame:
        """Books by quarter; `market` multiplies the rate at which prospects are acquired."""
        rng = np.random.default_rng(seed)
        tables = []
        for place, name in enumerate(self.names):
            columns = {"quarter": [f"{2022 + q // 4}Q{q % 4 + 1}" for q in range(periods)]}
            for side, (money, people, successes) in enumerate(
                [
                    ("acquisition_spend", "prospects_reached", "customers_won"),
                    ("retention_spend", "customers_at_risk", "customers_kept"),
                ]
            ):
                spend = self.spend[side, place] * rng.permutation(np.resize(STEPS, periods))
                n = int(self.people[side, place])
                truth = exponential_rate(
                    self.ceiling[side, place], self.steepness[side, place], spend
                )
                if market is not None and side == 0:
                    truth = np.minimum(truth * market, 1)
                columns |= {money: spend * n, people: n, successes: rng.binomial(n, truth)}
            tables.append(pd.DataFrame(columns).assign(channel=name))
        return pd.concat(tables, ignore_index=True)

    def lines(self, today: np.ndarray) -> BudgetLines:
        """The true budget lines of a year; spend per head then stays at its current level."""
        half = len(self.annual_margin)
        rate = exponential_rate(self.ceiling[1], self.steepness[1], today[half:])
        value = (self.annual_margin * (1 + self.rate) - today[half:]) / (1 + self.rate - rate)
        return BudgetLines(
            self.ceiling.ravel(), self.steepness.ravel(), 4 * self.people.ravel(), np.tile(value, 2)
        )


def random_firm(rng: np.random.Generator, segments: int) -> Firm:
    """A firm whose spends are near the optimum, so that advice is difficult."""
    ceiling = np.array([rng.uniform(0.05, 0.4, segments), rng.uniform(0.6, 0.95, segments)])
    margin = rng.uniform(50, 400, segments)
    worth = margin * rng.uniform(1.5, 3, segments)
    steepness = rng.uniform(5, 20, (2, segments)) / (worth * ceiling)
    best = np.log(steepness * ceiling * worth) / steepness
    spend = best * rng.uniform(0.3, 0.9) * np.exp(rng.normal(0, 0.25, (2, segments)))
    people = np.array([rng.integers(1500, 8000, segments), rng.integers(300, 1500, segments)])
    return Firm(ceiling, steepness, spend, people, margin)
