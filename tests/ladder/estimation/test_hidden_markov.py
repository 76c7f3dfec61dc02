"""Latent rungs: the recursion against all paths, and recovery."""

import itertools

import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError, ParameterError
from relmark_research.ladder.estimation.hidden_markov import (
    HiddenLadder,
    _forward,
    choose_rungs,
    fit_hidden_ladder,
    purchase_panel,
)
from relmark_research.units import Period

B = np.array([0.1, 0.8])
M = np.array([[0.85, 0.15], [0.1, 0.9]])
START = np.array([0.6, 0.4])


def bought(seed: int, people: int = 700, periods: int = 8) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    state = (rng.random(people) < START[1]).astype(int)
    y = np.empty((people, periods))
    for t in range(periods):
        y[:, t] = rng.random(people) < B[state]
        state = np.where(rng.random(people) < M[state, 1], 1, 0)
    return pd.DataFrame(y)


def test_the_recursion_is_the_sum_over_all_paths():
    y = np.array([[1.0, 0, 0, 1], [np.nan, 0, 1, 1]])
    logs = _forward(y, B, M, START)[0]
    for row, log in zip(y, logs, strict=True):
        seen = row[np.isfinite(row)]
        total = 0.0
        for path in itertools.product((0, 1), repeat=len(seen)):
            probability = START[path[0]]
            for t, (state, value) in enumerate(zip(path, seen, strict=True)):
                probability *= B[state] if value else 1 - B[state]
                probability *= M[path[t], path[t + 1]] if t + 1 < len(path) else 1
            total += probability
        assert log == pytest.approx(np.log(total))


def test_rungs_are_recovered_in_order_of_propensity():
    data = bought(1)
    found = fit_hidden_ladder(data, rungs=2, starts=1)
    table = found.summary(0.999)
    assert found.converged
    assert ((table["low"] < B) & (table["high"] > B)).all()
    np.testing.assert_allclose(found.matrix, M, atol=0.1)
    assert found.log_likelihood >= _forward(data.to_numpy(), B, M, START)[0].sum()
    one = choose_rungs(data.head(150), rungs=(2, 3), starts=1)
    assert one["bic"].idxmin() == 2


def test_filtered_probabilities_are_given_the_past():
    model = HiddenLadder(B, M, START, 0.0, 1, 1, np.zeros(2))
    now = model.filtered(pd.DataFrame([[1.0, 1.0], [0.0, 0.0]], index=["often", "never"]))
    joint = START * B
    joint = (joint @ M) * B
    np.testing.assert_allclose(now.loc["often", ["rung 1", "rung 2"]], joint / joint.sum())
    assert now.loc["often", "next_purchase"] > now.loc["never", "next_purchase"]
    assert now.loc["often", "next_purchase"] == pytest.approx(joint @ M @ B / joint.sum())


def test_a_panel_begins_with_the_first_purchase():
    rows = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "period": [3, 3, 5, 4]})
    panel = purchase_panel(rows, first=2, last=5)
    assert panel.loc["a"].tolist()[1:] == [1, 0, 1]
    assert panel.loc["b"].isna().tolist() == [True, True, False, False]


def test_a_panel_counts_days_in_calendar_periods():
    rows = pd.DataFrame(
        {"customer_id": ["a", "a", "b"], "date": ["2023-07-05", "2024-02-29", "2023-12-31"]}
    )
    fiscal = Period("quarter", first_month=7)
    panel = purchase_panel(rows, first="2023-07-01", last="2024-03-31", period=fiscal)
    assert [fiscal.label(number) for number in panel] == ["2024Q1", "2024Q2", "2024Q3"]
    assert panel.loc["a"].tolist() == [1, 0, 1]
    assert panel.loc["b"].fillna(-1).tolist() == [-1, 1, 0]
    labels = pd.DataFrame({"customer_id": ["a", "a"], "period": ["2024-01", "2024-03"]})
    panel = purchase_panel(labels, first="2024-01-01", last="2024-03-31")
    assert panel.loc["a"].tolist() == [1, 0, 1]
    with pytest.raises(ParameterError, match="first is the number of a period"):
        purchase_panel(labels.assign(period=[1, 2]), first="2024-01-01", last=2)
    with pytest.raises(DataError, match="found '5/7/2023'"):
        purchase_panel(rows.assign(date="5/7/2023"), first=1, last=2, period="month")


def test_bad_panels_are_refused():
    with pytest.raises(DataError, match="1 other values"):
        fit_hidden_ladder(pd.DataFrame([[0.0, 2.0]]))
    with pytest.raises(DataError, match="and 1 rows that end"):
        fit_hidden_ladder(pd.DataFrame([[0.0, np.nan, 1.0]]))
    with pytest.raises(ParameterError, match="rungs >= 2"):
        fit_hidden_ladder(bought(2, people=10), rungs=1)


@pytest.mark.parametrize("column", ["customer_id", "date"])
def test_purchases_have_customers_and_dates(column):
    bought = pd.DataFrame({"customer_id": ["a"], "date": ["2024-01-07"]}).drop(columns=column)
    with pytest.raises(DataError, match=f"purchases: no column '{column}'"):
        purchase_panel(bought, first="2024-01-01", last="2024-03-31", period="month")


def test_a_panel_of_purchases_has_its_periods_in_order():
    panel = pd.DataFrame([[1.0, 0.0], [0.0, 1.0]], columns=[2, 1])
    with pytest.raises(DataError, match="a column per period, in order; found 2, 1"):
        fit_hidden_ladder(panel, rungs=2)
