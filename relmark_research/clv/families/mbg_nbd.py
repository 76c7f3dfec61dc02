"""MBG/NBD: as BG/NBD, but a customer may leave after the first purchase already.

    r, alpha    purchase rate lambda ~ Gamma(shape r, rate alpha); mean r / alpha per unit of time
    a, b        chance p ~ Beta(a, b) of leaving after each purchase, the first included
    x, t_x, T   repeat purchases, time of the last, time observed (all from the first purchase)

Who stays at the first purchase, a share b / (a + b), follows BG/NBD(r, alpha, a, b + 1): from there
come all formulas but the likelihood's chance to leave at time 0.
Source: Batislam, Denizel & Filiztekin (2007), International Journal of Research in Marketing
24(3), 201-209; Hoppe & Wagner (2007), Marketing - Journal of Research and Management 3(2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import special

from relmark_research.clv.estimation.likelihood import Summed
from relmark_research.clv.estimation.model import Array, Mixture, PurchaseModel
from relmark_research.clv.families import _beta_geometric
from relmark_research.clv.families._beta_geometric import LeavingSums
from relmark_research.clv.families._validate_history import history
from relmark_research.clv.families.bg_nbd import BGNBD
from relmark_research.stats.special import digamma_rise


@dataclass(frozen=True)
class MBGNBD(PurchaseModel):
    """The MBG/NBD model of repeat purchases: a first purchase may be the last.

    Parameters
    ----------
    r
        Shape of the purchase rates, > 0.
    alpha
        Rate parameter of the purchase rates, > 0, in units of time.
    a, b
        Shapes of the chance to leave after a purchase, > 0; its mean is a / (a + b).

    References
    ----------
    Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for
    customer base analysis, International Journal of Research in Marketing 24(3).

    Examples
    --------
    CDNOW's model: a customer seen once, 38.86 weeks ago, is still one with probability

    >>> model = MBGNBD(r=0.525, alpha=6.183, a=0.891, b=1.614)
    >>> print(f"{model.p_alive(x=0, t_x=0, T=38.86):.3f}")
    0.390
    """

    r: float
    alpha: float
    a: float
    b: float

    time_power: ClassVar[dict[str, int]] = {"alpha": 1}
    mixtures: ClassVar[tuple[Mixture, ...]] = BGNBD.mixtures

    def log_likelihood(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return each customer's log-likelihood, shape (rows,)."""
        x, t_x, T = history(x, t_x, T)
        stayed = self._stayer._log_stayed(x, T) - np.log1p(self.a / self.b)
        return stayed + np.logaddexp(0, self._log_odds_gone(x, t_x, T))

    def score(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the gradient by r, alpha, a, b of each log-likelihood, shape (4, rows)."""
        x, t_x, T = history(x, t_x, T)
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        left = special.expit(self._log_odds_gone(x, t_x, T))
        rise = digamma_rise
        by_ab = -rise(a + b, x + 1)
        grown = np.log1p((T - t_x) / (alpha + t_x))
        slowed = (r + x) * (T - t_x) / ((alpha + T) * (alpha + t_x))
        return np.stack(
            [
                rise(r, x) - np.log1p(T / alpha) + left * grown,
                (r * T / alpha - x) / (alpha + T) - left * slowed,
                by_ab + left / a,
                by_ab + rise(b, x + 1) - left / (b + x),
            ]
        )

    @classmethod
    def summed(cls, data: tuple[Array, ...], weights: Array) -> Summed:
        """Return the sums of log-likelihood, gradient and Hessian over weighted rows."""
        sums, customers = LeavingSums.of(data, weights, at_first=True), float(weights.sum())

        def at(values: Array) -> tuple[float, Array, Array]:
            r, alpha, a, b = values
            value, gradient, hessian = sums(r, alpha, a, b + 1)
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

        return at

    @classmethod
    def start(cls, x: Array, t_x: Array, T: Array, weights: Array) -> Self:
        """Return r = 1/2, alpha for the observed rate, and one in four leaving after a purchase."""
        return cls.from_values(BGNBD.start(x, t_x, T, weights=weights).values)

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return P(alive at T | x, t_x, T), below 1 for those who bought once, too."""
        x, t_x, T = history(x, t_x, T)
        return special.expit(-self._log_odds_gone(x, t_x, T))

    def living(self, x: Array, T: Array) -> BGNBD:
        """Return what a living customer follows: BG/NBD(r + x, alpha + T, a, b + x + 1)."""
        return self._stayer.living(x, T)

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)] = b / (a + b) E[X(t) of BG/NBD(r, alpha, a, b + 1)]."""
        return self._staying * self._stayer.expected_purchases(t)

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n)."""
        stayed = self._staying * self._stayer.purchase_pmf(n, t)
        return stayed + np.where(np.asarray(n) == 0, 1 - self._staying, 0.0)

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return the integral to the horizon of exp(-delta s) dE[X(s)]."""
        return self._staying * self._stayer.discounted_purchases(delta, horizon)

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array, Array]:
        """Draw histories x, t_x, T of new customers observed for T, each of T's shape."""
        rng = np.random.default_rng(seed)
        T = np.atleast_1d(np.asarray(T, float))
        stayed = rng.random(T.shape) < self._staying
        stayer = self._stayer
        watched = np.where(stayed, T, 0.0)
        x, t_x, _ = _beta_geometric.simulate(
            stayer.r, stayer.alpha, stayer.a, stayer.b, watched, rng
        )
        return x, t_x, T

    @property
    def _staying(self) -> float:
        """Chance to stay at the first purchase."""
        return self.b / (self.a + self.b)

    @property
    def _stayer(self) -> BGNBD:
        """What those follow who stayed at the first purchase."""
        return BGNBD(self.r, self.alpha, self.a, self.b + 1)

    def _log_odds_gone(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the log-odds of having left after the last purchase."""
        silent = (self.r + x) * np.log1p((T - t_x) / (self.alpha + t_x))
        return np.log(self.a) - np.log(self.b + x) + silent
