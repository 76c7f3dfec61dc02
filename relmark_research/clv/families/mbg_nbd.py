"""MBG/NBD: as BG/NBD, but dropout is possible after the first purchase as well.

    r, alpha    purchase rate lambda ~ Gamma(shape r, rate alpha); mean r / alpha per unit of time
    a, b        dropout probability p ~ Beta(a, b) after each purchase, including the first
    x, t_x, T   repeat purchases, time of the last, time observed (all from the first purchase)

A customer who does not drop out at the first purchase, probability b / (a + b), follows
BG/NBD(r, alpha, a, b + 1). All formulas follow from that, apart from the likelihood of dropout at
time 0.
Source: Batislam, Denizel & Filiztekin (2007), International Journal of Research in Marketing
24(3), 201-209; Hoppe & Wagner (2007), Marketing - Journal of Research and Management 3(2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import special

from relmark_research.clv.estimation.likelihood import Derivatives, SummedLikelihood
from relmark_research.clv.estimation.model import (
    Array,
    CovariateLink,
    MixingDistribution,
    PurchaseModel,
)
from relmark_research.clv.families import _beta_geometric
from relmark_research.clv.families._beta_geometric import BetaGeometricLikelihood
from relmark_research.clv.families._validate_history import validate_history
from relmark_research.clv.families.bg_nbd import BGNBD
from relmark_research.stats.special import digamma_difference


@dataclass(frozen=True)
class MBGNBD(PurchaseModel):
    """The MBG/NBD model of repeat purchases: dropout is possible after the first purchase.

    Parameters
    ----------
    r
        Shape of the purchase rates, > 0.
    alpha
        Rate parameter of the purchase rates, > 0, in units of time.
    a, b
        Shapes of the dropout probability after a purchase, > 0; its mean is a / (a + b).

    References
    ----------
    Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for
    customer base analysis, International Journal of Research in Marketing 24(3).

    Examples
    --------
    P(alive) in CDNOW's model of a customer whose only purchase was 38.86 weeks ago:

    >>> model = MBGNBD(r=0.525, alpha=6.183, a=0.891, b=1.614)
    >>> print(f"{model.p_alive(x=0, t_x=0, T=38.86):.3f}")
    0.390
    """

    r: float
    alpha: float
    a: float
    b: float

    time_power: ClassVar[dict[str, int]] = {"alpha": 1}
    mixtures: ClassVar[tuple[MixingDistribution, ...]] = BGNBD.mixtures
    without_dropout: ClassVar[str] = "NBD"
    memoryless: ClassVar[bool] = True
    clocks: ClassVar[int] = 1
    covariate_links: ClassVar[Mapping[str, CovariateLink]] = BGNBD.covariate_links

    def log_likelihood(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return each customer's log-likelihood, shape (rows,)."""
        x, t_x, T = validate_history(x, t_x, T)
        alive = self._after_first._log_alive(x, T) - np.log1p(self.a / self.b)
        result: Array = alive + np.logaddexp(0, self._log_odds_dropout(x, t_x, T))
        return result

    def score(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the gradient by r, alpha, a, b of each log-likelihood, shape (4, rows)."""
        x, t_x, T = validate_history(x, t_x, T)
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        dropout = special.expit(self._log_odds_dropout(x, t_x, T))
        rise = digamma_difference
        by_ab = -rise(a + b, x + 1)
        growth = np.log1p((T - t_x) / (alpha + t_x))
        slowed = (r + x) * (T - t_x) / ((alpha + T) * (alpha + t_x))
        return np.stack(
            [
                rise(r, x) - np.log1p(T / alpha) + dropout * growth,
                (r * T / alpha - x) / (alpha + T) - dropout * slowed,
                by_ab + dropout / a,
                by_ab + rise(b, x + 1) - dropout / (b + x),
            ]
        )

    def history_derivatives(self, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
        """Return each log-likelihood with its derivatives by r, alpha, a, b, t_x and T."""
        a, b = self.a, self.b
        value, gradient, hessian = _beta_geometric.history_derivatives(
            (self.r, self.alpha, a, b + 1), validate_history(x, t_x, T), dropout_at_first=True
        )
        both = 1 / (a + b)
        gradient[2] -= both
        gradient[3] += 1 / b - both
        hessian[2:4, 2:4] += both**2
        hessian[3, 3] -= 1 / b**2
        return value - np.log1p(a / b), gradient, hessian

    @classmethod
    def summed(cls, data: tuple[Array, ...], weights: Array) -> SummedLikelihood:
        """Return the sums of log-likelihood, gradient and Hessian over weighted rows."""
        likelihood = BetaGeometricLikelihood.from_rows(data, weights, dropout_at_first=True)
        customers = float(weights.sum())

        def summed(values: Array) -> Derivatives:
            r, alpha, a, b = values
            value, gradient, hessian = likelihood(r, alpha, a, b + 1)
            both = 1 / (a + b)
            first = np.array([0, 0, -both, 1 / b - both])
            second = np.zeros((4, 4))
            second[2:, 2:] = both**2
            second[3, 3] -= 1 / b**2
            return (
                value - customers * float(np.log1p(a / b)),
                gradient + customers * first,
                hessian + customers * second,
            )

        return summed

    @classmethod
    def start(cls, x: Array, t_x: Array, T: Array, weights: Array) -> Self:
        """Return r = 1/2, alpha from the observed rate, and a mean dropout probability of 1/4."""
        return cls.from_values(BGNBD.start(x, t_x, T, weights=weights).values)

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return P(alive at T | x, t_x, T), below 1 also for x = 0."""
        x, t_x, T = validate_history(x, t_x, T)
        result: Array = special.expit(-self._log_odds_dropout(x, t_x, T))
        return result

    def living(self, x: Array, t_x: Array, T: Array) -> BGNBD:
        """Return the model from T on if alive at T: BG/NBD(r + x, alpha + T, a, b + x + 1)."""
        return self._after_first.living(x, t_x, T)

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)] = b / (a + b) E[X(t) of BG/NBD(r, alpha, a, b + 1)]."""
        return self._stay_probability * self._after_first.expected_purchases(t)

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n)."""
        stayed = self._stay_probability * self._after_first.purchase_pmf(n, t)
        return stayed + np.where(np.asarray(n) == 0, 1 - self._stay_probability, 0.0)

    def survival(self, t: Array) -> Array:
        """Return P(alive at t) = b / (a + b) P(alive at t in BG/NBD(r, alpha, a, b + 1))."""
        return self._stay_probability * self._after_first.survival(t)

    def draw_traits(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw purchase rates lambda and dropout rates: lambda p, or infinity with probability p.

        An infinite rate is dropout at the first purchase.
        """
        rate = rng.gamma(self.r, 1.0, shape) / self.alpha
        p = rng.beta(self.a, self.b, shape)
        return rate, np.where(rng.random(shape) < p, np.inf, rate * p)

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return the integral of exp(-delta s) dE[X(s)] up to the horizon."""
        return self._stay_probability * self._after_first.discounted_purchases(delta, horizon)

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array, Array]:
        """Draw histories x, t_x, T of new customers observed for T, each of T's shape."""
        rng = np.random.default_rng(seed)
        T = np.atleast_1d(np.asarray(T, float))
        stays = rng.random(T.shape) < self._stay_probability
        after_first = self._after_first._parameters()
        x, t_x, _ = _beta_geometric.simulate(*after_first, np.where(stays, T, 0.0), rng)
        return x, t_x, T

    @property
    def _stay_probability(self) -> float:
        """Probability of no dropout at the first purchase."""
        return self.b / (self.a + self.b)

    @property
    def _after_first(self) -> BGNBD:
        """The model of customers without dropout at the first purchase."""
        return BGNBD(self.r, self.alpha, self.a, self.b + 1)

    def _log_odds_dropout(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the log-odds of dropout after the last purchase."""
        inactivity = (self.r + x) * np.log1p((T - t_x) / (self.alpha + t_x))
        result: Array = np.log(self.a) - np.log(self.b + x) + inactivity
        return result
