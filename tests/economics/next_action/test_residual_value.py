"""Slow: coverage of residual values and accuracy of advice over many simulated firms.

RELMARK_SLOW_RUNS sets the number of firms.
"""

import os

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.simulation.sample_firm import simulate_firm
from tests.economics.firm import known_customers, log_of, true_residual

RUNS = int(os.environ.get("RELMARK_SLOW_RUNS", "300"))

pytestmark = pytest.mark.slow


def test_residual_values_cover_the_truth() -> None:
    """Customers simulated from the model: intervals cover 95%, and p_negative is calibrated."""
    covered, predicted, actual, ended = [], [], [], []
    for seed in range(max(4, RUNS // 30)):
        known = known_customers(1200, seed=seed)
        terms = rm.economics.FutureTerms(draws=400, seed=seed)
        advice = rm.recommend(log_of(known.transactions), contacts=known.contacts, terms=terms)
        table = advice.table
        truth = true_residual(known.truth, d=0.1, years=5, lag=0.5).reindex(table.index)
        covered.append((table["residual_low"] <= truth) & (truth <= table["residual_high"]))
        predicted.append(table["p_negative"])
        actual.append(truth < 0)
        ended.append(truth[table["action"] == "end"] < 0)
    coverage = np.concatenate(covered).mean()
    predicted, actual = np.concatenate(predicted), np.concatenate(actual)
    bins = pd.cut(predicted, [-0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0])
    rates = pd.DataFrame({"predicted": predicted, "actual": actual})
    rates = rates.groupby(bins, observed=True).mean()
    ended = np.concatenate(ended)
    print("residual", coverage, rates, "ended", len(ended), ended.mean())
    assert 0.925 < coverage < 0.975
    assert (rates["predicted"] - rates["actual"]).abs().max() < 0.06
    assert ended.mean() > 0.9


def test_predicted_values_agree_with_actual_values_of_simulated_firms() -> None:
    """The firm differs from the model: customers may leave once a year only."""
    ratios, ended = [], []
    for seed in range(max(6, RUNS // 12)):
        tables = simulate_firm(seed=9000 + seed).tables
        segments = tables["customers"].set_index("customer_id")["segment"]
        backtest = rm.economics.advice_backtest(
            log_of(tables["transactions"]), contacts=tables["contacts"], segments=segments,
            terms=rm.economics.FutureTerms(draws=150),
        )  # fmt: skip
        total = backtest[["expected", "actual"]].mul(backtest["customers"], axis=0).sum()
        ratios.append(total["expected"] / total["actual"])
        end = backtest[backtest["action"] == "end"]
        ended.extend(end[["customers", "actual"]].to_numpy().tolist())
    print("expected / actual", np.mean(ratios), np.std(ratios), np.array(ended).sum(axis=0))
    assert abs(np.mean(ratios) - 1) < 0.1
    people, actual = np.array(ended).T
    assert (people * actual).sum() / people.sum() < 5
