"""Books of firms whose response to spend is known: trend, season, carry-over, counts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.economics.response.response_with_memory import adstock


@dataclass(frozen=True)
class Truth:
    """Long-run elasticities of customers won and of the hazard of losing one, and carry-over."""

    acquisition: float
    retention: float
    carry_over: float
    acquisition_spend: float = 400_000.0
    retention_per_head: float = 6.0
    won: float = 2_000.0
    hazard: float = 0.06
    spend_noise: float = 0.3


def simulate_books(truth: Truth, *, seed: int, periods: int, history: int = 20) -> pd.DataFrame:
    """Quarterly books: customers at risk are those kept and won in the quarter before."""
    rng = np.random.default_rng([seed, 77])
    n = periods + history
    spends = [np.exp(np.cumsum(0.04 * rng.standard_normal(n))
                     + truth.spend_noise * rng.standard_normal(n)) for _ in range(2)]  # fmt: skip
    worked = [np.log(adstock(spend, truth.carry_over)) for spend in spends]
    levels = [np.cumsum(0.015 * rng.standard_normal(n)) for _ in range(2)]
    season = np.resize([0.06, -0.03, -0.06, 0.03], n)
    noise = 0.03 * rng.standard_normal((2, n))
    won = truth.won * np.exp(truth.acquisition * worked[0] + levels[0] + season + noise[0])
    hazard = truth.hazard * np.exp(-truth.retention * worked[1] + levels[1] - season + noise[1])
    base, rows = truth.won / truth.hazard, []
    for t in range(n):
        kept = rng.binomial(round(base), np.exp(-hazard[t]))
        rows.append([base, kept, rng.poisson(won[t])])
        base = float(kept + rows[-1][2])
    columns = ["customers_at_risk", "customers_kept", "customers_won"]
    table = pd.DataFrame(rows, columns=columns)
    table["customers_at_risk"] = table["customers_at_risk"].round()
    table["acquisition_spend"] = truth.acquisition_spend * spends[0]
    table["retention_spend"] = truth.retention_per_head * spends[1] * table["customers_at_risk"]
    table.insert(0, "quarter", pd.period_range("2001Q1", periods=n, freq="Q").astype(str))
    return table.iloc[history:].reset_index(drop=True)
