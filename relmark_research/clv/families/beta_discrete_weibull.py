"""Beta-discrete-Weibull (BdW): contract renewals with a churn probability that varies with tenure.

    alpha, beta   churn probability theta ~ Beta(alpha, beta) at the first renewal
    c             S(t | theta) = (1 - theta)^(t^c): the hazard rises with tenure for c > 1 and falls
                  for c < 1
    S(t)          B(alpha, beta + t^c) / B(alpha, beta); with c = 1 this is the sBG

Source: Fader, Hardie, Liu, Davin & Steenburgh (2018), Journal of Interactive Marketing 43, 1-16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import special

from relmark_research.clv.estimation.model import Array, MixingDistribution
from relmark_research.clv.families.contractual import ContractModel
from relmark_research.stats.special import digamma_difference, log_beta_ratio, log_rising_factorial

_FAR = 60.0  # ln t^c above which S(t) is its limit, G(alpha + beta) / G(beta) t^(-c alpha)


@dataclass(frozen=True)
class BetaDiscreteWeibull(ContractModel):
    """The beta-discrete-Weibull model of contract renewals.

    Parameters
    ----------
    alpha, beta
        Shapes of the churn probability at the first renewal, > 0.
    c
        Change of the hazard with tenure, > 0; 1 for no change.

    References
    ----------
    Fader, Hardie, Liu, Davin & Steenburgh (2018), "How to project customer retention" revisited,
    Journal of Interactive Marketing 43.

    Examples
    --------
    >>> BetaDiscreteWeibull(alpha=0.668, beta=3.806, c=1).survival(np.arange(1, 4)).round(3)
    array([0.851, 0.747, 0.67 ])
    """

    alpha: float
    beta: float
    c: float

    mixtures: ClassVar[tuple[MixingDistribution, ...]] = (
        MixingDistribution("alpha", "beta", "churn probability at a renewal", "share"),
    )

    def log_survival(self, t: Array) -> Array:
        """Return ln S(t) = ln B(alpha, beta + t^c) - ln B(alpha, beta)."""
        near, far = _power(t, self.c)
        limit = log_rising_factorial(self.beta, self.alpha) - np.asarray(self.alpha) * far
        return np.where(far > _FAR, limit, log_beta_ratio(self.alpha, self.beta, near))

    def log_retention(self, t: Array) -> Array:
        """Return ln S(t) - ln S(t-1), t >= 1, from the step t^c - (t-1)^c."""
        t = np.asarray(t, float)
        now, far = _power(t, self.c)
        before, far_before = _power(t - 1, self.c)
        with np.errstate(divide="ignore"):
            by_time = np.log1p(-1 / t)
            step = -now * np.expm1(self.c * by_time)
        within = log_beta_ratio(self.alpha, self.beta + before, step)
        across = self.log_survival(t) - self.log_survival(t - 1)
        both_far = np.multiply(self.alpha, self.c) * np.where(t > 1, by_time, 0.0)
        return np.where(far <= _FAR, within, np.where(far_before > _FAR, both_far, across))

    def score(self, tenure: Array, churned: Array) -> Array:
        """Return the gradient by alpha, beta, c of each log-likelihood, shape (3, rows)."""
        tenure, churned = np.asarray(tenure, float), np.asarray(churned, bool)
        survival_slope = self._log_survival_slope(tenure - churned)
        step = self._log_survival_slope(tenure) - survival_slope
        log_retention = self.log_retention(np.maximum(tenure, 1))
        odds = -np.exp(log_retention) / np.expm1(log_retention)  # of renewing
        return survival_slope - np.where(churned, odds * step, 0.0)

    def _log_survival_slope(self, t: Array) -> Array:
        """Return the gradient of ln S(t), shape (3, ...)."""
        both, log_t = np.add(self.alpha, self.beta), np.log(np.maximum(t, 1))
        u, far = _power(t, self.c)
        by_both = np.where(far > _FAR, special.digamma(both) - far, -digamma_difference(both, u))
        limit = digamma_difference(self.beta, self.alpha)
        by_beta = np.where(far > _FAR, limit, by_both + digamma_difference(self.beta, u))
        by_u = -u * digamma_difference(self.beta + u, self.alpha)
        return np.stack([by_both, by_beta, np.where(far > _FAR, -self.alpha, by_u) * log_t])

    @classmethod
    def start(cls, tenure: Array, churned: Array, weights: Array) -> Self:
        """Return the observed churn rate per renewal, with alpha + beta = 4, and c = 1."""
        share = float(weights @ churned) / float(weights @ tenure)
        return cls(alpha=4 * share, beta=4 * (1 - share), c=1.0)

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array]:
        """Draw tenure and churned of customers with up to T renewals each, of T's shape."""
        rng = np.random.default_rng(seed)
        T = np.atleast_1d(np.asarray(T, float))
        theta = np.maximum(rng.beta(self.alpha, self.beta, size=T.shape), 1e-300)
        with np.errstate(divide="ignore", over="ignore"):
            geometric = rng.standard_exponential(T.shape) / -np.log1p(-theta)
            churn = np.maximum(np.ceil(geometric ** (1 / self.c)), 1)
        return np.minimum(churn, T), churn <= T


def _power(t: Array, c: float | Array) -> tuple[Array, Array]:
    """Return t^c, or 1 if that would overflow, and its logarithm."""
    t = np.asarray(t, float)
    with np.errstate(divide="ignore"):
        log = c * np.log(t)
    return np.where(log > _FAR, 1.0, t ** np.where(log > _FAR, 0.0, c)), log
