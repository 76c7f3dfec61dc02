"""Shifted beta-geometric (sBG): under contract, each renews with a constant chance of their own.

    alpha, beta   chance theta ~ Beta(alpha, beta) of leaving at a renewal; mean alpha/(alpha+beta)
    S(t)          share of a cohort still there after t renewals, B(alpha, beta+t) / B(alpha, beta)

Nobody becomes more loyal; retention rises with tenure since those likely to leave leave first.

Sources: Fader & Hardie (2007), Journal of Interactive Marketing 21(1), 76-90; residual lifetime:
Fader & Hardie (2010), Marketing Science 29(1), 85-93.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import special

from relmark_research.clv.estimation.model import Array, Mixture
from relmark_research.clv.families.contract import ContractModel, endless_survivals, survivals
from relmark_research.stats.special import log_beta_ratio


@dataclass(frozen=True)
class ShiftedBetaGeometric(ContractModel):
    """The shifted beta-geometric model of contract renewals.

    Parameters
    ----------
    alpha, beta
        Shapes of the chance to leave at a renewal, > 0.

    References
    ----------
    Fader & Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21.

    Examples
    --------
    The paper's high-end customers, percent surviving, and what is to come of the base:

    >>> model = ShiftedBetaGeometric(alpha=0.668, beta=3.806)
    >>> (100 * model.survival(np.arange(1, 4))).round(1)
    array([85.1, 74.7, 67. ])
    >>> base = ShiftedBetaGeometric(alpha=3.80, beta=15.20)
    >>> base.expected_residual_lifetime(np.arange(1, 6), annual_discount_rate=0.1).round(2)
    array([3.31, 3.45, 3.59, 3.72, 3.84])
    """

    alpha: float
    beta: float

    mixtures: ClassVar[tuple[Mixture, ...]] = (
        Mixture("alpha", "beta", "chance to leave at a renewal", "share"),
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
        alpha, both, stayed = self.alpha, self.alpha + self.beta, tenure - churned
        psi = special.digamma
        by_both = psi(both) - psi(both + stayed)
        by_both = by_both - np.where(churned, 1 / (both + np.maximum(tenure, 1) - 1), 0.0)
        by_beta = psi(self.beta + stayed) - psi(self.beta)
        return np.stack([by_both + churned / alpha, by_both + by_beta])

    @classmethod
    def start(cls, tenure: Array, churned: Array, weights: Array) -> Self:
        """Return the observed share leaving per renewal, spread like Beta with sum 4."""
        share = float(weights @ churned) / float(weights @ tenure)
        return cls(alpha=4 * share, beta=4 * (1 - share))

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array]:
        """Draw tenure and churned of customers asked up to T times each, of T's shape."""
        rng = np.random.default_rng(seed)
        T = np.atleast_1d(np.asarray(T, float))
        leaves = np.maximum(rng.beta(self.alpha, self.beta, size=T.shape), 1e-300)
        with np.errstate(divide="ignore", over="ignore"):
            said_no = np.ceil(rng.standard_exponential(T.shape) / -np.log1p(-leaves))
        said_no = np.maximum(said_no, 1)
        return np.minimum(said_no, T), said_no <= T

    def _payments(self, made: Array, rate: float, horizon: float) -> Array:
        alpha, beta = np.broadcast_arrays(self.alpha, np.asarray(self.beta) + made)
        if np.isinf(horizon):
            return np.exp(rate) * endless_survivals(alpha, beta, rate)
        return np.exp(rate) * survivals(alpha, beta, np.asarray(horizon), np.exp(-rate))
