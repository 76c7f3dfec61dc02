"""NBD: Poisson purchases without dropout, the benchmark for models with dropout.

    r, alpha    purchase rate lambda ~ Gamma(shape r, rate alpha); mean r / alpha per unit of time
    x, T        repeat purchases and time observed; t_x carries no information

Source: Ehrenberg (1959), The pattern of consumer purchases, Applied Statistics 8(1), 26-41.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import special

from relmark_research.clv.estimation.model import Array, MixingDistribution, PurchaseModel
from relmark_research.clv.families._validate_history import (
    validate_counts,
    validate_duration,
    validate_history,
)
from relmark_research.stats.special import digamma_difference, log_rising_factorial


@dataclass(frozen=True)
class NBD(PurchaseModel):
    """The NBD model of repeat purchases: customers never drop out.

    Parameters
    ----------
    r
        Shape of the purchase rates, > 0.
    alpha
        Rate parameter of the purchase rates, > 0, in units of time.

    References
    ----------
    Ehrenberg (1959), The pattern of consumer purchases, Applied Statistics 8(1), 26-41.

    Examples
    --------
    >>> model = NBD(r=0.5, alpha=10)
    >>> print(model.expected_purchases(20), model.conditional_expected_purchases(6, 3, 9, 25))
    1.0 0.6
    """

    r: float
    alpha: float

    time_power: ClassVar[dict[str, int]] = {"alpha": 1}
    mixtures: ClassVar[tuple[MixingDistribution, ...]] = (
        MixingDistribution("r", "alpha", "purchase rate", "rate"),
    )
    memoryless: ClassVar[bool] = True

    def log_likelihood(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return lnG(r + x) - lnG(r) + r ln alpha - (r + x) ln(alpha + T) per customer."""
        x, _, T = validate_history(x, t_x, T)
        r, alpha = self.r, self.alpha
        result: Array = log_rising_factorial(r, x) - r * np.log1p(T / alpha) - x * np.log(alpha + T)
        return result

    def score(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the gradient by r, alpha of each log-likelihood, shape (2, rows)."""
        x, T, r, alpha = np.asarray(x, float), np.asarray(T, float), self.r, self.alpha
        by_r = digamma_difference(r, x) - np.log1p(T / alpha)
        return np.stack([by_r, (r * T / alpha - x) / (alpha + T)])

    @classmethod
    def start(cls, x: Array, t_x: Array, T: Array, weights: Array) -> Self:
        """Return r = 1/2 and alpha from the observed rate."""
        rate = np.average(x, weights=weights) / np.average(T, weights=weights)
        return cls(r=0.5, alpha=0.5 / rate)

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return 1, since there is no dropout."""
        columns = self.r, *validate_history(x, t_x, T)
        shape = np.broadcast_shapes(*(np.shape(column) for column in columns))
        return np.ones(shape)

    def living(self, x: Array, t_x: Array, T: Array) -> NBD:
        """Return the model from T on: NBD(r + x, alpha + T)."""
        return NBD(self.r + np.asarray(x, float), self.alpha + np.asarray(T, float))  # type: ignore[arg-type]

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)] = r t / alpha."""
        return np.asarray(self.r * validate_duration(t) / self.alpha)

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n), negative binomial."""
        n, t, r, alpha = validate_counts(n), validate_duration(t), self.r, self.alpha
        ways = log_rising_factorial(r, n) - special.gammaln(n + 1)
        result: Array = np.exp(ways - r * np.log1p(t / alpha) + special.xlogy(n, t / (alpha + t)))
        return result

    def survival(self, t: Array) -> Array:
        """Return 1, since there is no dropout."""
        return np.ones(np.broadcast_shapes(np.shape(self.r), np.shape(validate_duration(t))))

    def draw_traits(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw purchase rates lambda; the dropout rates are 0."""
        return rng.gamma(self.r, 1.0, shape) / self.alpha, np.zeros(shape)

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return (r / alpha) int_0^horizon exp(-delta u) du."""
        length = horizon if delta == 0 else -np.expm1(-delta * horizon) / delta
        return np.asarray(self.r / self.alpha * length)

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array, Array]:
        """Draw histories x, t_x, T of new customers observed for T, each of T's shape."""
        rng = np.random.default_rng(seed)
        T = np.atleast_1d(np.asarray(T, float))
        x = rng.poisson(rng.gamma(self.r, 1 / self.alpha, size=T.shape) * T).astype(float)
        last = rng.random(T.shape) ** (1 / np.maximum(x, 1))  # the largest of x uniform times
        return x, np.where(x > 0, T * last, 0.0), T
