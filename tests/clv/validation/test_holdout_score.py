"""The score of a forecast of the holdout: against print, and against a slow reference."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.validation.holdout_score import HoldoutScore

CUT = "1997-09-30"


@pytest.fixture(scope="module")
def fit(split):
    return rm.BGNBD.fit(split.calibration)


def test_score_of_cdnow(fit, split):
    """CLVTools expects 1,653.41 in the holdout; 1,882 purchase-days were made."""
    score = rm.clv.holdout_score(fit, split)
    assert f"{score.expected:.2f} {score.actual:.0f}" == "1653.41 1882"
    assert score.bias == pytest.approx(1653.41 / 1882 - 1, abs=1e-5)
    assert score.verdict == "12.1% below actual purchases"


def test_score_agrees_with_a_loop_over_customers(fit, split):
    few = split.calibration.table.iloc[:60]
    small = rm.Split(
        calibration=rm.CustomerSummary(few, unit="week", observed_until=CUT),
        holdout=split.holdout.loc[few.index],
        length=split.length,
        new_customers=0,
        observed_until=split.observed_until,
    )
    score = rm.clv.holdout_score(fit, small)
    made = small.holdout["purchases"].to_numpy()
    logs, expected = [], []
    for n, row in zip(made, few.itertuples(), strict=True):
        history = row.frequency, row.recency, row.T
        probability = fit.model.conditional_purchase_pmf(n, split.length, *history)
        logs.append(np.log(float(probability)))
        expected.append(float(fit.model.conditional_expected_purchases(split.length, *history)))
    assert score.log_score == pytest.approx(np.mean(logs), rel=1e-10)
    assert score.mean_absolute_error == pytest.approx(np.abs(np.array(expected) - made).mean())
    assert score.root_mean_squared_error == pytest.approx(
        np.sqrt(np.mean((np.array(expected) - made) ** 2))
    )


@pytest.mark.parametrize(
    ("bias", "words"),
    [
        (0.004, "within half a percent of actual purchases"),
        (0.2, "20.0% above actual purchases"),
        (-0.143, "14.3% below actual purchases"),
    ],
)
def test_verdict_is_the_bias_in_words(bias, words):
    assert HoldoutScore(1, 1, bias, 0, 0, 0, 0).verdict == words


def test_a_holdout_without_purchases_is_refused():
    days = [date(2024, 1, 1) + timedelta(days=i) for i in (0, 3, 0, 9)]
    rows = pd.DataFrame({"customer_id": [*"aabb"], "date": days, "value": 1.0})
    later = pd.DataFrame({"customer_id": ["c"], "date": [date(2024, 3, 1)], "value": 1.0})
    cut = rm.read_transactions(pd.concat([rows, later])).split(at="2024-01-20")
    with pytest.raises(rm.DataError, match="no customer bought in the holdout"):
        rm.clv.holdout_score(rm.BGNBD(0.5, 4, 1, 2), cut)


def test_a_spend_model_is_refused(split):
    spend = rm.GammaGamma.fit(split.calibration)
    with pytest.raises(rm.ParameterError, match="model of purchases such as BGNBD; found Gam"):
        rm.clv.holdout_score(spend, split)


def test_score_shows_its_bias():
    score = HoldoutScore(100, 88, -0.12, 0.8, 1.5, 0.6, -1.1)
    assert repr(score) == "<HoldoutScore: expected 88, actual 100, bias -12.0%, log score -1.1>"
    assert "<td>-12.0%</td>" in score._repr_html_()
