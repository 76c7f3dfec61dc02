"""Logistic regression against closed forms, scikit-like loops, and separation."""

import numpy as np
import pytest

from relmark_research.errors import ConvergenceError
from relmark_research.stats.binomial_logit import fit_logit


def test_a_two_by_two_table_has_its_log_odds_ratio():
    outcome = np.repeat([1, 0, 1, 0], [30, 10, 20, 40])
    design = np.column_stack([np.ones(100), np.repeat([1, 0], [40, 60])])
    found = fit_logit(outcome, design)
    np.testing.assert_allclose(found.params, [np.log(0.5), np.log(6)], rtol=1e-8)
    # Woolf: the variance of the log odds ratio is the sum of reciprocal counts
    assert found.bse[1] == pytest.approx(np.sqrt(1 / 30 + 1 / 10 + 1 / 20 + 1 / 40), rel=1e-6)
    counts = np.array([[30, 10], [20, 40]])
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert found.llf == pytest.approx((counts * np.log(shares)).sum())


def test_clusters_give_the_sandwich_covariance():
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(60), 5)
    x = rng.normal(size=300)
    p = 1 / (1 + np.exp(-x - rng.normal(size=60)[clusters]))
    outcome, design = (rng.random(300) < p).astype(int), np.column_stack([np.ones(300), x])
    found = fit_logit(outcome, design, clusters)
    fitted = 1 / (1 + np.exp(-design @ found.params))
    bread = np.linalg.inv(design.T @ (design * (fitted * (1 - fitted))[:, None]))
    scores = np.zeros((60, 2))
    np.add.at(scores, clusters, design * (outcome - fitted)[:, None])
    correction = 60 / 59 * 299 / 298
    exact = correction * bread @ (scores.T @ scores) @ bread
    np.testing.assert_allclose(found.cov_params(), exact, rtol=1e-6)
    np.testing.assert_allclose(found.params, fit_logit(outcome, design).params)


@pytest.mark.parametrize("x", [np.arange(20.0), np.ones(20)])
def test_separation_and_collinearity_are_refused(x):
    outcome = (np.arange(20) >= 10).astype(int)
    with pytest.raises(ConvergenceError, match="no finite estimate"):
        fit_logit(outcome, np.column_stack([np.ones(20), x]))
