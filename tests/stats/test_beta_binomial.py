"""The beta-binomial model: likelihood by formula, posterior by brute force, and coverage."""

import os

import numpy as np
import pytest
from scipy import stats
from scipy.special import betaln, gammaln

from relmark_research.errors import DataError
from relmark_research.stats.beta_binomial import (
    BetaBinomial,
    BetaBinomialPosterior,
    check_counts,
    fit_beta_binomial,
)

RUNS = int(os.environ.get("RELMARK_SLOW_RUNS", "300"))


def by_formula(alpha, beta, x, n):
    choose = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    return (choose + betaln(alpha + x, beta + n - x) - betaln(alpha, beta)).sum()


def test_parameters_are_recovered():
    random = np.random.default_rng(7)
    n = random.integers(50, 400, 1500)
    x = random.binomial(n, random.beta(2.0, 60.0, len(n)))
    fit = fit_beta_binomial(x, n)
    assert fit.alpha == pytest.approx(2.0, rel=0.12)
    assert fit.beta == pytest.approx(60.0, rel=0.12)
    assert fit.log_likelihood == pytest.approx(by_formula(fit.alpha, fit.beta, x, n), abs=1e-6)
    near = [
        by_formula(fit.alpha * a, fit.beta * b, x, n) for a in (0.98, 1.02) for b in (0.98, 1.02)
    ]
    assert fit.log_likelihood > max(near)


def test_small_cells_shrink_to_the_mean_and_large_ones_do_not():
    fit = fit_beta_binomial(np.array([0, 1, 40, 300, 5]), np.array([2, 3, 900, 3000, 90]))
    mean = fit.alpha / (fit.alpha + fit.beta)
    small, large = fit.posterior_mean(np.array([0, 300]), np.array([2, 3000]))
    assert 0.5 * mean < small < mean
    assert large == pytest.approx(0.1, rel=0.02)


def test_posterior_mean_of_the_published_model():
    model = BetaBinomial(0.439, 95.411, -200.5)  # Fader and Hardie's exercise; no data bundled
    assert float(model.posterior_mean(np.array(3), np.array(40))) == pytest.approx(3.439 / 135.85)


@pytest.mark.parametrize(
    ("x", "n"), [([1], [2]), ([3, 1], [2, 5]), ([0, 0], [5, 5]), ([5, 5], [5, 5])]
)
def test_counts_that_identify_nothing_are_refused(x, n):
    with pytest.raises(DataError, match=r"two cells or more|in each cell"):
        fit_beta_binomial(np.array(x), np.array(n))
    with pytest.raises(DataError, match=r"two cells or more|in each cell"):
        BetaBinomialPosterior.from_counts(np.array(x), np.array(n))


def test_the_message_names_the_counts_and_the_first_bad_cell():
    with pytest.raises(DataError, match=r"0 <= responses <= mailed .* found 10 of 9 in cell 1"):
        check_counts(np.array([1, 10]), np.array([9, 9]), names=("responses", "mailed"))


def test_the_posterior_is_that_of_brute_force():
    random = np.random.default_rng(7)
    rate, trials = random.beta(2, 60, 40), random.integers(10, 500, 40)
    x, m = random.binomial(trials, rate)[:6], trials[:6]
    ours = BetaBinomialPosterior.from_counts(x, m, points=60)
    rng = np.random.default_rng(1)  # importance sampling from the same prior
    mean, correlation = rng.beta(1, 1, 400_000) * 0.3, rng.random(400_000)
    total = 1 / correlation - 1
    alpha, beta = mean * total, (1 - mean) * total
    log = sum(stats.betabinom.logpmf(a, b, alpha, beta) for a, b in zip(x, m, strict=True))
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    effective = 1 / (weight**2).sum()
    slow = np.array(
        [weight @ ((alpha + a) / (alpha + beta + b)) for a, b in zip(x, m, strict=True)]
    )
    assert effective > 300
    np.testing.assert_allclose(ours.mean, slow, atol=0.004)


@pytest.mark.slow
@pytest.mark.parametrize("alpha, beta", [(0.439, 95.411), (2.0, 10.0), (2000.0, 38000.0)])
def test_posterior_intervals_cover_the_probabilities(alpha, beta) -> None:
    covered, tries, closer, runs = 0, 0, [], max(8, RUNS // 5)
    for seed in range(runs):
        rng = np.random.default_rng([seed, int(alpha)])
        rate = rng.beta(alpha, beta, 60)
        mailed = rng.integers(20, 400, 60)
        responses = rng.binomial(mailed, rate)
        posterior = BetaBinomialPosterior.from_counts(responses, mailed)
        low, high = posterior.quantile(0.025), posterior.quantile(0.975)
        covered, tries = covered + ((low <= rate) & (rate <= high)).sum(), tries + 60
        observed = responses / mailed
        closer.append(((posterior.mean - rate) ** 2).mean() < ((observed - rate) ** 2).mean())
    print(alpha, beta, covered / tries, np.mean(closer))
    assert np.mean(closer) > 0.6
    if alpha > 1000:  # cells that do not differ: the posterior is wider than the truth
        assert covered / tries >= 0.95
    else:
        reach = 3.3 * np.sqrt(0.95 * 0.05 / tries)
        assert abs(covered / tries - 0.95) <= 0.02 + reach


def test_a_posterior_of_known_parameters_is_a_beta_distribution():
    one = np.array([1.0])
    found = BetaBinomialPosterior(2 * one, 3 * one, one, np.array([4, 0]), np.array([10, 5]))
    exact = stats.beta([6, 2], [9, 8])
    np.testing.assert_allclose(found.mean, exact.mean())
    np.testing.assert_allclose(found.probability_above(0.3), exact.sf(0.3))
    np.testing.assert_allclose(found.quantile(0.9), exact.ppf(0.9), atol=1e-6)
