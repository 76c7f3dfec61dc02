"""Beta-discrete-Weibull (BdW): under contract, the chance to leave changes with tenure.

    alpha, beta   chance theta ~ Beta(alpha, beta) of leaving at the first renewal
    c             S(t | theta) = (1 - theta)^(t^c): c > 1 leaves ever more readily, c < 1 ever less
    S(t)          B(alpha, beta + t^c) / B(alpha, beta); with c = 1 this is the sBG

Source: Fader, Hardie, Liu, Davin & Steenburgh (2018), Journal of Interactive Marketing 43, 1-16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import special

from relmark_research.clv.estimation.model import Array, Mixture
from relmark_research.clv.families.contract import ContractModel
from relmark_research.stats.special import digamma_rise, log_beta_ratio, log_rising

_FAR = 60.0  # ln t^c from where S(t) is its limit, G(alpha + beta) / G(beta) t^(-c alpha)


@dataclass(frozen=True)
class BetaDiscreteWeibull(ContractModel):
    """The beta-discrete-Weibull model of contract renewals.

    Parameters
    ----------
    alpha, beta
        Shapes of the chance to leave at the first renewal, > 0.
    c
        How it changes with tenure, > 0; 1 for no change.

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

    mixtures: ClassVar[tuple[Mixture, ...]] = (
        Mixture("alpha", "beta", "chance to leave at a renewal", "share"),
    )

    def log_survival(self, t: Array) -> Array:
        """Return ln S(t) = ln B(alpha, beta + t^c) - ln B(alpha, beta)."""
        near, far = _power(t, self.c)
        limit = log_rising(self.beta, self.alpha) - np.asarray(self.alpha) * far
        return np.where(far > _FAR, limit, log_beta_ratio(self.alpha, self.beta, near))

    def log_retention(self, t: Array) -> Array:
        """Return ln S(t) - ln S(t-1), t >= 1, from the step t^c - (t-1)^c itself."""
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
        stayed = self._log_survival_slope(tenure - churned)
        step = self._log_survival_slope(tenure) - stayed
        asked = self.log_retention(np.maximum(tenure, 1))
        odds = -np.exp(asked) / np.expm1(asked)  # of renewing
        return stayed - np.where(churned, odds * step, 0.0)

    def _log_survival_slope(self, t: Array) -> Array:
        """Return the gradient of ln S(t), shape (3, ...)."""
        both, log_t = np.add(self.alpha, self.beta), np.log(np.maximum(t, 1))
        u, far = _power(t, self.c)
        by_both = np.where(far > _FAR, special.digamma(both) - far, -digamma_rise(both, u))
        limit = digamma_rise(self.beta, self.alpha)
        by_beta = np.where(far > _FAR, limit, by_both + digamma_rise(self.beta, u))
        by_u = -u * digamma_rise(self.beta + u, self.alpha)
        return np.stack([by_both, by_beta, np.where(far > _FAR, -self.alpha, by_u) * log_t])

    @classmethod
    def start(cls, tenure: Array, churned: Array, weights: Array) -> Self:
        """Return the observed share leaving per renewal, spread like Beta with sum 4, and c = 1."""
        share = float(weights @ churned) / float(weights @ tenure)
        return cls(alpha=4 * share, beta=4 * (1 - share), c=1.0)

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array]:
        """Draw tenure and churned of customers asked up to T times each, of T's shape."""
        rng = np.random.default_rng(seed)
        T = np.atleast_1d(np.asarray(T, float))
        leaves = np.maximum(rng.beta(self.alpha, self.beta, size=T.shape), 1e-300)
        with np.errstate(divide="ignore", over="ignore"):
            reach = rng.standard_exponential(T.shape) / -np.log1p(-leaves)
            said_no = np.maximum(np.ceil(reach ** (1 / self.c)), 1)
        return np.minimum(said_no, T), said_no <= T


def _power(t: Array, c: float | Array) -> tuple[Array, Array]:
    """Return t^c, or 1 where that is too large to compute with, and its logarithm."""
    t = np.asarray(t, float)
    with np.errstate(divide="ignore"):
        log = c * np.log(t)
    return np.where(log > _FAR, 1.0, t ** np.where(log > _FAR, 0.0, c)), log
