"""BG/NBD: Poisson purchases while alive, dropout possible after any repeat purchase.

    r, alpha    purchase rate lambda ~ Gamma(shape r, rate alpha); mean r / alpha per unit of time
    a, b        dropout probability p ~ Beta(a, b) after each repeat purchase
    x, t_x, T   repeat purchases, time of the last, time observed (all from the first purchase)

Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284; here (FHL, equation).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import special

from relmark_research.clv.estimation.likelihood import SummedLikelihood
from relmark_research.clv.estimation.model import (
    Array,
    CovariateLink,
    MixingDistribution,
    PurchaseModel,
)
from relmark_research.clv.families import _beta_geometric
from relmark_research.clv.families._beta_geometric import BetaGeometricLikelihood
from relmark_research.clv.families._validate_history import (
    validate_counts,
    validate_duration,
    validate_history,
)
from relmark_research.stats.special import digamma_difference, log_rising_factorial


@dataclass(frozen=True)
class BGNBD(PurchaseModel):
    """The BG/NBD model of repeat purchases.

    A customer without a repeat purchase is alive with probability 1, since dropout is possible only
    after a repeat purchase. If that is implausible, use MBGNBD or ParetoNBD.

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
    Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2).

    Examples
    --------
    The paper's customer with 2 repeats, the last in week 30.43 of 38.86, in the next 39 weeks:

    >>> model = BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> print(f"{model.conditional_expected_purchases(39, x=2, t_x=30.43, T=38.86):.3f}")
    1.226
    """

    r: float
    alpha: float
    a: float
    b: float

    time_power: ClassVar[dict[str, int]] = {"alpha": 1}
    mixtures: ClassVar[tuple[MixingDistribution, ...]] = (
        MixingDistribution("r", "alpha", "purchase rate", "rate"),
        MixingDistribution("a", "b", "dropout probability after a purchase", "share", "no dropout"),
    )
    without_dropout: ClassVar[str] = "NBD"
    memoryless: ClassVar[bool] = True
    clocks: ClassVar[int] = 1
    covariate_links: ClassVar[Mapping[str, CovariateLink]] = {
        "rate": CovariateLink("purchase rate", {"r": 1, "alpha": -1}, ({"alpha": -1.0},)),
        "dropout": CovariateLink("dropout odds", {"a": 1, "b": -1}, ({"a": 1.0}, {"b": 1.0})),
        "dropout odds": CovariateLink("dropout odds", {"a": 1, "b": -1}, ({"a": 0.5, "b": -0.5},)),
    }

    def log_likelihood(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return each customer's log-likelihood, shape (rows,) (FHL, 6, in logs)."""
        x, t_x, T = validate_history(x, t_x, T)
        result: Array = self._log_alive(x, T) + np.logaddexp(0, self._log_odds_dropout(x, t_x, T))
        return result

    def score(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the gradient by r, alpha, a, b of each log-likelihood, shape (4, rows)."""
        x, t_x, T = validate_history(x, t_x, T)
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        dropout = special.expit(self._log_odds_dropout(x, t_x, T))
        rise = digamma_difference
        by_ab = -rise(a + b, x)
        growth = np.log1p((T - t_x) / (alpha + t_x))
        slowed = (r + x) * (T - t_x) / ((alpha + T) * (alpha + t_x))
        return np.stack(
            [
                rise(r, x) - np.log1p(T / alpha) + dropout * growth,
                (r * T / alpha - x) / (alpha + T) - dropout * slowed,
                by_ab + dropout / a,
                by_ab + rise(b, x) - dropout / (b + np.maximum(x, 1) - 1),
            ]
        )

    def history_derivatives(self, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
        """Return each log-likelihood with its derivatives by r, alpha, a, b, t_x and T."""
        return _beta_geometric.history_derivatives(
            self._parameters(), validate_history(x, t_x, T), dropout_at_first=False
        )

    @classmethod
    def summed(cls, data: tuple[Array, ...], weights: Array) -> SummedLikelihood:
        """Return the sums of log-likelihood, gradient and Hessian over weighted rows."""
        likelihood = BetaGeometricLikelihood.from_rows(data, weights, dropout_at_first=False)
        return lambda values: likelihood(*values)

    @classmethod
    def start(cls, x: Array, t_x: Array, T: Array, weights: Array) -> Self:
        """Return r = 1/2, alpha from the observed rate, and a mean dropout probability of 1/4."""
        rate = np.average(x, weights=weights) / np.average(T, weights=weights)
        return cls(r=0.5, alpha=0.5 / rate, a=0.5, b=1.5)

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return P(alive at T | x, t_x, T), 1 for x = 0."""
        result: Array = special.expit(-self._log_odds_dropout(*validate_history(x, t_x, T)))
        return result

    def living(self, x: Array, t_x: Array, T: Array) -> BGNBD:
        """Return the model from T on if alive at T: BG/NBD(r + x, alpha + T, a, b + x)."""
        x, T = np.asarray(x, float), np.asarray(T, float)
        return BGNBD(self.r + x, self.alpha + T, self.a, self.b + x)  # type: ignore[arg-type]

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)] = E[(1 - (alpha / (alpha + p t))^r) / p], p ~ Beta(a, b) (FHL, 9).

        Examples
        --------
        >>> print(f"{BGNBD(0.2425945, 4.4136019, 0.7929199, 2.4258881).expected_purchases(32):.4f}")
        1.0437
        """
        return _beta_geometric.expected_purchases(*self._parameters(), validate_duration(t))

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n) (FHL, 8)."""
        r, alpha, a, b = self._parameters()
        n, t = validate_counts(n), validate_duration(t)
        share, n_positive = t / (alpha + t), np.maximum(n, 1)
        log_nbd = log_rising_factorial(r, n) - special.gammaln(n + 1)
        log_nbd = log_nbd - r * np.log1p(t / alpha) - special.xlogy(n, 1 + alpha / t)
        alive = np.exp(log_rising_factorial(b, n) - log_rising_factorial(a + b, n) + log_nbd)
        log_dropout = (
            log_rising_factorial(b, n_positive - 1)
            - log_rising_factorial(a + b, n_positive)
            + np.log(a)
        )
        at_least_n = special.betainc(n_positive, r, share)
        result: Array = alive + np.where(n > 0, np.exp(log_dropout) * at_least_n, 0.0)
        return result

    def survival(self, t: Array) -> Array:
        """Return P(alive at t), the mean of (1 + p t / alpha)^-r over p ~ Beta(a, b).

        While alive, a customer drops out at rate lambda p, so that the mean is a Gauss
        hypergeometric function.

        Examples
        --------
        >>> print(f"{BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426).survival(52):.3f}")
        0.764
        """
        return _beta_geometric.survival(*self._parameters(), validate_duration(t))

    def draw_traits(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw purchase rates lambda and dropout rates lambda p."""
        rate = rng.gamma(self.r, 1.0, shape) / self.alpha
        return rate, rate * rng.beta(self.a, self.b, shape)

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return the integral of exp(-delta s) dE[X(s)] up to the horizon, by quadrature."""
        return _beta_geometric.discounted_purchases(*self._parameters(), delta, horizon)

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array, Array]:
        """Draw histories x, t_x, T of new customers observed for T, each of T's shape.

        Array parameters are one model per customer and broadcast with T.
        """
        return _beta_geometric.simulate(*self._parameters(), T, np.random.default_rng(seed))

    def _parameters(self) -> tuple[float, float, float, float]:
        return self.r, self.alpha, self.a, self.b

    def _log_alive(self, x: Array, T: Array) -> Array:
        """Return the log-likelihood of x purchases by T without dropout."""
        r, alpha, a, b = self._parameters()
        rates = log_rising_factorial(r, x) - r * np.log1p(T / alpha) - x * np.log(alpha + T)
        result: Array = rates + log_rising_factorial(b, x) - log_rising_factorial(a + b, x)
        return result

    def _log_odds_dropout(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the log-odds of dropout after the last purchase, -inf for x = 0."""
        prior = np.log(self.a) - np.log(self.b + (np.maximum(x, 1) - 1))
        inactivity = (self.r + x) * np.log1p((T - t_x) / (self.alpha + t_x))
        return np.where(x == 0, -np.inf, prior + inactivity)
