"""Reliability: by hand, by statsmodels, and its laws."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.multivariate.factor import Factor

import relmark_research as rm
from relmark_research.relationships.partners.reliability import (
    CompleteCases,
    average_variance_extracted,
    composite_reliability,
    cronbach_alpha,
    factor_loadings,
    feldt_interval,
    htmt,
    one_factor_loadings,
)


def test_alpha_by_hand():
    # two items 1,2,3,4 and 2,1,4,3: variances 5/3 each, sum 3,3,7,7 of variance 16/3
    items = np.array([[1, 2], [2, 1], [3, 4], [4, 3]], float)
    assert cronbach_alpha(np.cov(items, rowvar=False)) == pytest.approx(
        2 * (1 - (10 / 3) / (16 / 3))
    )


@given(k=st.integers(2, 12), r=st.floats(0.05, 0.95))
@settings(max_examples=30, deadline=None)
def test_alpha_of_parallel_items_is_spearman_browns(k: int, r: float):
    matrix = np.full((k, k), r) + (1 - r) * np.eye(k)
    assert cronbach_alpha(matrix) == pytest.approx(k * r / (1 + (k - 1) * r))
    assert composite_reliability(one_factor_loadings(matrix)) == pytest.approx(
        float(cronbach_alpha(matrix)), rel=1e-6
    )
    assert average_variance_extracted(one_factor_loadings(matrix)) == pytest.approx(r, rel=1e-6)


def test_feldts_interval_comes_from_the_ratio_of_mean_squares():
    """Alpha = 1 - MS residual / MS sheets, so that the interval inverts an F ratio."""
    rng = np.random.default_rng(1)
    items = rng.normal(size=(60, 1)) + rng.normal(size=(60, 5))
    rows, columns = items.mean(1, keepdims=True), items.mean(0, keepdims=True)
    sheets = 5 * ((rows - items.mean()) ** 2).sum() / 59
    residual = ((items - rows - columns + items.mean()) ** 2).sum() / (59 * 4)
    value = float(cronbach_alpha(np.cov(items, rowvar=False)))
    assert value == pytest.approx(1 - residual / sheets)
    low, high = feldt_interval(value, 60, 5)
    quantiles = stats.f.ppf([0.025, 0.975], 59, 59 * 4)
    assert (low, high) == pytest.approx(
        (1 - residual / sheets * quantiles[1], 1 - residual / sheets * quantiles[0])
    )


def test_feldts_interval_covers_when_sheets_are_independent():
    rng, hits, r = np.random.default_rng(2), 0, 0.5
    for _ in range(400):
        items = np.sqrt(r) * rng.normal(size=(40, 1)) + np.sqrt(1 - r) * rng.normal(size=(40, 4))
        low, high = feldt_interval(float(cronbach_alpha(np.cov(items, rowvar=False))), 40, 4)
        hits += low <= 0.8 <= high
    assert 0.92 <= hits / 400 <= 0.98


@pytest.mark.parametrize("loadings", [[0.9, 0.7, 0.5], [0.8, 0.75, 0.6, 0.5]])
def test_loadings_are_found_and_agree_with_statsmodels(loadings: list[float]):
    load = np.array(loadings)
    matrix = np.outer(load, load)
    np.fill_diagonal(matrix, 1)
    assert one_factor_loadings(matrix) == pytest.approx(load, abs=1e-4)
    assert factor_loadings(matrix, 100) == pytest.approx(load, abs=1e-4)
    likely = Factor(corr=matrix, n_factor=1, method="ml", nobs=100).fit().loadings[:, 0]
    assert np.abs(likely) == pytest.approx(load, abs=1e-3)


def test_batch_and_statsmodels_agree_on_the_sample(data):
    for scale in data.scales:
        matrix = data.answers[list(scale.items)].corr().to_numpy()
        assert one_factor_loadings(matrix) == pytest.approx(factor_loadings(matrix, 552), abs=1e-5)


def test_htmt_of_perfect_measures_is_their_correlation():
    load, between = np.array([0.9, 0.9, 0.6, 0.6]), 0.4
    factors = np.array([[1, 1, between, between]] * 2 + [[between, between, 1, 1]] * 2)
    matrix = np.outer(load, load) * factors
    np.fill_diagonal(matrix, 1)
    assert htmt(matrix, [0, 1], [2, 3]) == pytest.approx(between)


def test_alpha_needs_two_items():
    with pytest.raises(rm.ParameterError, match="two or more items; found 1"):
        cronbach_alpha([[1.0]])


def test_scales_are_distinct_by_htmt_and_by_their_correlation(data):
    found = rm.relationships.discriminant_validity(data, draws=20)
    assert len(found) == 10  # pairs of five scales
    complete = data.answers[[item for scale in data.scales for item in scale.items]].dropna()
    correlation = complete.corr()
    for row in found.to_dict("records"):
        assert row["htmt_low"] < row["htmt"] < row["htmt_high"]
        assert row["distinct"] == (row["htmt_high"] < 0.9)
        assert row["fornell_larcker"] == (row["min_root_ave"] > abs(row["correlation"]))
    first = found.iloc[0]
    a, b = (scale for scale in data.scales[:2])
    roots = [
        average_variance_extracted(
            one_factor_loadings(correlation.loc[list(s.items), list(s.items)].to_numpy())
        )
        ** 0.5
        for s in (a, b)
    ]
    assert first["min_root_ave"] == pytest.approx(min(roots))
    scores = [complete[list(s.items)].sum(axis=1) for s in (a, b)]
    alphas = [float(cronbach_alpha(complete[list(s.items)].cov().to_numpy())) for s in (a, b)]
    expected = np.corrcoef(*scores)[0, 1] / np.sqrt(alphas[0] * alphas[1])
    assert first["correlation"] == pytest.approx(expected)


def test_an_interval_of_reliability_needs_sheets_and_items():
    for wrong in ({"n": 1, "k": 4}, {"n": 9, "k": 1}, {"n": 9, "k": 4, "design_effect": 0}):
        with pytest.raises(rm.ParameterError, match="expected n > 1, k > 1 and a design effect"):
            feldt_interval(0.8, **wrong)
    assert feldt_interval(0.8, n=2, k=2)[0] < 0.8


def test_ten_complete_questionnaires_are_enough(data):
    columns = list(data.scales[0].items)
    few = SimpleNamespace(answers=data.answers.head(10))
    assert CompleteCases.from_data(few, columns).items.shape == (10, len(columns))
    few.answers = data.answers.head(9)
    with pytest.raises(rm.DataError, match="expected 10 or more complete questionnaires; found 9"):
        CompleteCases.from_data(few, columns)
