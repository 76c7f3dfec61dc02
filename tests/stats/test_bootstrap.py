"""The bootstrap: laws of the resamples, and coverage of its intervals."""

import numpy as np
import pytest
from scipy import stats

from relmark_research.stats import bootstrap
from relmark_research.stats.bootstrap import (
    LOG,
    LOGIT,
    Scale,
    bayesian_bootstrap_sums,
    bootstrap_t_interval,
    cluster_covariances,
    correlations,
    resampling_counts,
)


def test_resamples_have_as_many_units_and_do_not_depend_on_blocks(monkeypatch):
    (whole,) = resampling_counts(7, 50, np.random.default_rng(0))
    monkeypatch.setattr(bootstrap, "_CELLS", 20)
    blocks = list(resampling_counts(7, 50, np.random.default_rng(0)))
    assert len(blocks) == 25
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
    assert (whole.sum(axis=1) == 7).all()


def test_counts_are_multinomial():
    counts = np.concatenate(list(resampling_counts(4, 20_000, np.random.default_rng(1))))
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.03)
    np.testing.assert_allclose(np.cov(counts.T), np.eye(4) - 0.25, atol=0.03)


def test_the_bayesian_bootstrap_of_one_move_each_is_dirichlet(monkeypatch):
    units, draws = np.array([6, 3, 1]), 4000
    sums = bayesian_bootstrap_sums(np.eye(3), units, draws, np.random.default_rng(2))
    shares = sums / sums.sum(axis=1, keepdims=True)
    expected = stats.dirichlet(units)
    np.testing.assert_allclose(shares.mean(axis=0), expected.mean(), atol=0.01)
    np.testing.assert_allclose(shares.var(axis=0), expected.var(), atol=0.002)
    monkeypatch.setattr(bootstrap, "_CELLS", 100)
    again = bayesian_bootstrap_sums(np.eye(3), units, draws, np.random.default_rng(2))
    np.testing.assert_array_equal(again, sums)
    assert bayesian_bootstrap_sums(np.eye(3), units, 0, np.random.default_rng(2)).shape == (0, 3)


@pytest.mark.parametrize("scale", [LOG, LOGIT])
def test_scales_invert_and_their_slopes_are_derivatives(scale: Scale):
    at, h = np.array([0.01, 0.4, 0.97]), 1e-6
    np.testing.assert_allclose(scale.inverse(scale.transform(at)), at)
    slope = (scale.transform(at + h) - scale.transform(at - h)) / (2 * h)
    np.testing.assert_allclose(scale.slope(at), slope, rtol=1e-5)


def test_bootstrap_t_covers_the_mean_of_a_skewed_variable():
    rng, covered, n = np.random.default_rng(4), 0, 40
    for _ in range(200):
        y = rng.lognormal(0, 1, n)
        (counts,) = resampling_counts(n, 400, rng)
        means = counts @ y / n
        errors = np.sqrt((counts @ y**2 / n - means**2) / n)
        low, high = bootstrap_t_interval((y.mean(), y.std() / n**0.5), (means, errors), 0.9)
        covered += low < np.exp(0.5) < high
    assert 160 <= covered <= 195


def test_equal_samples_have_an_interval_of_no_width():
    assert bootstrap_t_interval((2.0, 0.0), (np.full(5, 2.0), np.zeros(5))) == (2, 2)


def test_cluster_covariances_against_repeated_rows():
    rng = np.random.default_rng(5)
    items, clusters = rng.normal(size=(12, 3)), np.repeat([0, 1, 2, 3], [2, 5, 1, 4])
    found = cluster_covariances(items, clusters, draws=30, seed=6)
    (counts,) = resampling_counts(4, 30, np.random.default_rng(6))
    for one, row in zip(found, counts, strict=True):
        rows = np.repeat(np.arange(12), row[clusters])
        np.testing.assert_allclose(one, np.cov(items[rows].T), atol=1e-12)


def test_correlations_against_numpy():
    items = np.random.default_rng(7).normal(size=(2, 30, 4))
    covariances = np.stack([np.cov(each.T) for each in items])
    expected = np.stack([np.corrcoef(each.T) for each in items])
    np.testing.assert_allclose(correlations(covariances), expected)
