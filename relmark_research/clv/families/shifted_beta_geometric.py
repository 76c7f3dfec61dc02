"""Shifted beta-geometric (sBG): contract renewals with a constant churn probability per customer.

    alpha, beta   churn probability theta ~ Beta(alpha, beta) at a renewal; mean alpha/(alpha+beta)
    S(t)          share of a cohort surviving t renewals, B(alpha, beta+t) / B(alpha, beta)
                  = prod_{j=1}^t (beta + j - 1) / (alpha + beta + j - 1)

Retention rises with tenure although no customer changes: customers with a high churn probability
leave first.

Sources: Fader & Hardie (2007), Journal of Interactive Marketing 21(1), 76-90; residual lifetime:
Fader & Hardie (2010), Marketing Science 29(1), 85-93.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import special

from relmark_research.clv.estimation.model import Array, MixingDistribution
from relmark_research.clv.families.contractual import ContractModel
from relmark_research.stats.special import log_beta_ratio

Number = float | Array


@dataclass(frozen=True)
class ShiftedBetaGeometric(ContractModel):
    """The shifted beta-geometric model of contract renewals.

    Parameters
    ----------
    alpha, beta
        Shapes of the churn probability at a renewal, > 0.

    References
    ----------
    Fader & Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21.

    Examples
    --------
    Percent surviving of the paper's high-end customers, and the expected residual lifetime:

    >>> model = ShiftedBetaGeometric(alpha=0.668, beta=3.806)
    >>> (100 * model.survival(np.arange(1, 4))).round(1)
    array([85.1, 74.7, 67. ])
    >>> base = ShiftedBetaGeometric(alpha=3.80, beta=15.20)
    >>> base.expected_residual_lifetime(np.arange(1, 6), annual_discount_rate=0.1).round(2)
    array([3.31, 3.45, 3.59, 3.72, 3.84])
    """

    alpha: float
    beta: float

    mixtures: ClassVar[tuple[MixingDistribution, ...]] = (
        MixingDistribution("alpha", "beta", "churn probability at a renewal", "share"),
    )

    def log_survival(self, t: Array) -> Array:
        """Return ln S(t) = ln B(alpha, beta + t) - ln B(alpha, beta)."""
        return log_beta_ratio(self.alpha, self.beta, t)

    def log_retention(self, t: Array) -> Array:
        """Return ln (beta + t - 1) / (alpha + beta + t - 1), t >= 1."""
        t = np.asarray(t, float)
        return -np.log1p(np.asarray(self.alpha) / (self.beta + t - 1))

    def score(self, tenure: Array, churned: Array) -> Array:
        """Return the gradient by alpha, beta of each log-likelihood, shape (2, rows)."""
        tenure, churned = np.asarray(tenure, float), np.asarray(churned, bool)
        alpha, both, renewals = self.alpha, self.alpha + self.beta, tenure - churned
        psi = special.digamma
        by_both = psi(both) - psi(both + renewals)
        by_both = by_both - np.where(churned, 1 / (both + np.maximum(tenure, 1) - 1), 0.0)
        by_beta = psi(self.beta + renewals) - psi(self.beta)
        return np.stack([by_both + churned / alpha, by_both + by_beta])

    @classmethod
    def start(cls, tenure: Array, churned: Array, weights: Array) -> Self:
        """Return the observed churn rate per renewal, with alpha + beta = 4."""
        share = float(weights @ churned) / float(weights @ tenure)
        return cls(alpha=4 * share, beta=4 * (1 - share))

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array]:
        """Draw tenure and churned of customers with up to T renewals each, of T's shape."""
        rng = np.random.default_rng(seed)
        T = np.atleast_1d(np.asarray(T, float))
        theta = np.maximum(rng.beta(self.alpha, self.beta, size=T.shape), 1e-300)
        with np.errstate(divide="ignore", over="ignore"):
            churn = np.ceil(rng.standard_exponential(T.shape) / -np.log1p(-theta))
        churn = np.maximum(churn, 1)
        return np.minimum(churn, T), churn <= T

    def _payments(self, made: Array, rate: float, horizon: float) -> Array:
        alpha, beta = np.broadcast_arrays(self.alpha, np.asarray(self.beta) + made)
        if np.isinf(horizon):
            later = infinite_survival_sum(alpha, beta, rate)
        else:
            later = survival_sum(alpha, beta, np.asarray(horizon), np.exp(-rate))
        result: Array = np.exp(rate) * later
        return result


def survival_sum(alpha: Number, beta: Number, n: Number, discount: float = 1.0) -> Array:
    """Return sum_{i=1}^n discount^i S(i), from the ratios of successive terms.

    Examples
    --------
    >>> float(survival_sum(np.array(1.0), np.array(1.0), np.array(3.0)))  # 1/2 + 1/3 + 1/4
    1.0833333333333333
    """
    alpha, beta, n = np.broadcast_arrays(np.asarray(alpha, float), np.asarray(beta, float), n)
    term, total = np.ones(n.shape), np.zeros(n.shape)
    for i in range(int(n.max(initial=0))):
        term = term * (discount * (beta + i) / (alpha + beta + i))
        total = total + np.where(i < n, term, 0.0)
    return total


def infinite_survival_sum(alpha: Number, beta: Number, rate: float) -> Array:
    """Return sum_{i>=1} e^(-rate i) S(i) = 2F1(1, beta; alpha + beta; e^-rate) - 1.

    Gauss's continued fraction is evaluated from its end. Its terms shrink by a constant factor that
    depends on the rate, for any alpha and beta.

    Examples
    --------
    >>> print(f"{infinite_survival_sum(1.0, 1.0, np.log(2)):.12f}")  # 2 ln 2 - 1
    0.386294361120
    """
    alpha, beta = np.asarray(alpha, float), np.asarray(beta, float)
    z, b, c = np.exp(-rate), beta + 1, alpha + beta + 1
    depth = int(12 / np.sqrt(-np.expm1(-rate))) + 50
    tail = np.ones(np.broadcast(alpha, beta).shape)
    for m in range(depth, -1, -1):
        even = (m + 1) * (c - b + m) / ((c + 2 * m) * (c + 2 * m + 1))
        odd = (b + m) * (c - 1 + m) / ((c + 2 * m - 1) * (c + 2 * m))
        tail = 1 - odd * z / (1 - even * z / tail)
    result: Array = z * beta / (alpha + beta) / tail
    return result
