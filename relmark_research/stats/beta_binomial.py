"""The beta-binomial model: success probabilities that differ between cells.

x successes of n trials are Binomial(n, theta), theta ~ Beta(alpha, beta) between cells, so that

    P(x) = C(n, x) B(alpha + x, beta + n - x) / B(alpha, beta)
    E[theta | x, n] = (alpha + x) / (alpha + beta + n)

`fit_beta_binomial` estimates alpha and beta by maximum likelihood. `BetaBinomialPosterior` also
carries the uncertainty of alpha and beta: over a grid of the mean alpha / (alpha + beta) and of the
intra-class correlation 1 / (alpha + beta + 1), both with a flat prior, each point is weighted by
its likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaln, expit, logit

from relmark_research.errors import ConvergenceError, DataError

Array = np.ndarray

_BISECTIONS = 22  # quantiles to 2e-7
_NEGLIGIBLE = 1e-4  # weight relative to the largest, at or below which a grid point is dropped


@dataclass(frozen=True)
class BetaBinomial:
    """How success probabilities differ between cells: Beta(alpha, beta).

    Attributes
    ----------
    alpha, beta
        Parameters, > 0; the mean probability is alpha / (alpha + beta).
    log_likelihood
        Sum over the cells of ln C(n, x) B(alpha + x, beta + n - x) / B(alpha, beta).
    """

    alpha: float
    beta: float
    log_likelihood: float

    def posterior_mean(self, successes: Array, trials: Array) -> Array:
        """Return the shrunken probabilities, (alpha + x) / (alpha + beta + n).

        Examples
        --------
        >>> model = BetaBinomial(0.439, 95.411, -200.5)
        >>> round(float(model.posterior_mean(3, 40)), 5)
        0.02531
        """
        return (self.alpha + successes) / (self.alpha + self.beta + trials)


def fit_beta_binomial(successes: Array, trials: Array) -> BetaBinomial:
    """Fit a beta-binomial model to cells by maximum likelihood.

    Parameters
    ----------
    successes, trials
        Whole numbers per cell, 0 <= successes <= trials, shape (cells,).

    Raises
    ------
    DataError
        If a count is out of range, or there are fewer than two cells, no success or no failure.
    ConvergenceError
        If the likelihood has no finite maximum.
    """
    from scipy.optimize import minimize
    from scipy.stats import betabinom

    x, n = np.asarray(successes), np.asarray(trials)
    check_counts(x, n)

    def loss(theta: Array) -> float:
        size, mean = np.exp(theta[0]), 1 / (1 + np.exp(-theta[1]))
        return -float(betabinom.logpmf(x, n, size * mean, size * (1 - mean)).sum())

    mean = x.sum() / n.sum()
    start, bounds = np.log(mean / (1 - mean)), [(-5, 14), (-16, 16)]
    attempts = [  # the likelihood is flat where cells hardly differ: keep the best of two starts
        minimize(loss, [np.log(size), start], method="L-BFGS-B", bounds=bounds)
        for size in (20.0, 1000.0)
    ]
    best = min(attempts, key=lambda attempt: attempt.fun)
    if not np.isfinite(best.fun):
        raise ConvergenceError(f"the beta-binomial model did not converge: {best.message}")
    size, share = float(np.exp(best.x[0])), float(1 / (1 + np.exp(-best.x[1])))
    return BetaBinomial(size * share, size * (1 - share), -float(best.fun))


def check_counts(
    successes: Array, trials: Array, *, names: tuple[str, str] = ("successes", "trials")
) -> None:
    """Raise DataError unless the counts of two or more cells identify how much the cells differ.

    Parameters
    ----------
    successes, trials
        Counts per cell, shape (cells,); cells without trials are ignored.
    names
        Names of the two counts in the message.
    """
    x, n = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    bad = ~((n >= 0) & (x >= 0) & (x <= n))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"expected 0 <= {names[0]} <= {names[1]} in each cell; found {x[first]:g} of "
            f"{n[first]:g} in cell {first}, and {bad.sum() - 1} more."
        )
    x, n = x[n > 0], n[n > 0]
    if len(n) < 2 or not 0 < x.sum() < n.sum():
        raise DataError(
            "the differences between cells need two cells or more, and neither 0% nor 100% "
            f"{names[0]} in all; found {x.sum():g} {names[0]} of {n.sum():g} {names[1]} in "
            f"{len(n)} cells."
        )


@dataclass(frozen=True)
class BetaBinomialPosterior:
    """Posterior of each cell's success probability: a mixture of Betas over the grid.

    Attributes
    ----------
    alpha, beta, weight
        Grid points and their posterior weights, shape (points,).
    successes, trials
        Counts, shape (cells,).
    """

    alpha: Array
    beta: Array
    weight: Array
    successes: Array
    trials: Array

    @classmethod
    def from_counts(
        cls, successes: Array, trials: Array, *, points: int = 24
    ) -> BetaBinomialPosterior:
        """Weight a grid of ``points`` means and three times as many correlations.

        Raises
        ------
        DataError
            As `fit_beta_binomial`.
        """
        check_counts(successes, trials)
        x, n = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
        alpha, beta, log_prior = _grid(x, n, points)
        log = log_prior + sum(_log_kernel(alpha, beta, *cell) for cell in zip(x, n, strict=True))
        weight = np.exp(log - log.max())
        kept = weight > _NEGLIGIBLE * weight.max()
        return cls(alpha[kept], beta[kept], weight[kept] / weight[kept].sum(), x, n)

    @property
    def mean(self) -> Array:
        """E[theta] of each cell."""
        by_point = (self.alpha[:, None] + self.successes) / (
            self.alpha[:, None] + self.beta[:, None] + self.trials
        )
        return np.asarray(self.weight @ by_point)

    def probability_above(self, rate: float | Array) -> Array:
        """Return P(theta > rate) of each cell."""
        below = betainc(
            self.alpha[:, None] + self.successes,
            self.beta[:, None] + self.trials - self.successes,
            rate,
        )
        return np.asarray(1 - self.weight @ below)

    def quantile(self, probability: float) -> Array:
        """Return the quantile of theta in each cell, by bisection."""
        low, high = np.zeros(len(self.trials)), np.ones(len(self.trials))
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            too_low = 1 - self.probability_above(middle) < probability
            low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
        return (low + high) / 2


def _grid(x: Array, n: Array, points: int) -> tuple[Array, Array, Array]:
    """Return alpha, beta and the log prior of the grid points, centred on the pooled rate."""
    fit = fit_beta_binomial(x[n > 0], n[n > 0])
    spread = np.sqrt(1 / (x.sum() + 1) + 4 / (len(n) * max(fit.alpha, 0.2)))
    centre = logit(x.sum() / n.sum())
    mean = expit(centre + np.linspace(-4, 4, points) * min(spread, 1.5))
    correlation = expit(np.linspace(-13, 4, 3 * points))
    total = 1 / correlation - 1
    # Steps are equal on the logit; a flat prior on p has the density p (1 - p) there.
    prior = np.outer(mean * (1 - mean), correlation * (1 - correlation)).ravel()
    return np.outer(mean, total).ravel(), np.outer(1 - mean, total).ravel(), np.log(prior)


def _log_kernel(alpha: Array, beta: Array, x: float, n: float) -> Array:
    return np.asarray(betaln(alpha + x, beta + n - x) - betaln(alpha, beta))
