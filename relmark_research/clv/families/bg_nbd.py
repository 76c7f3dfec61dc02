"""BG/NBD: buys at random while alive, may leave after any repeat purchase.

    r, alpha    purchase rate lambda ~ Gamma(shape r, rate alpha); mean r / alpha per unit of time
    a, b        chance p ~ Beta(a, b) of leaving after each repeat purchase
    x, t_x, T   repeat purchases, time of the last, time observed (all from the first purchase)

Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284; here (FHL, equation).
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
from relmark_research.clv.families._validate_history import duration, history, purchases
from relmark_research.stats.special import digamma_rise, log_rising


@dataclass(frozen=True)
class BGNBD(PurchaseModel):
    """The BG/NBD model of repeat purchases.

    A customer without a repeat purchase is alive with certainty, by definition: nobody leaves
    after the first purchase. Where that is implausible, MBGNBD and ParetoNBD differ.

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
    mixtures: ClassVar[tuple[Mixture, ...]] = (
        Mixture("r", "alpha", "purchase rate", "rate"),
        Mixture("a", "b", "chance to leave after a purchase", "share", none="nobody leaves"),
    )

    def log_likelihood(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return each customer's log-likelihood, shape (rows,) (FHL, 6, in logs)."""
        x, t_x, T = history(x, t_x, T)
        return self._log_stayed(x, T) + np.logaddexp(0, self._log_odds_gone(x, t_x, T))

    def score(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the gradient by r, alpha, a, b of each log-likelihood, shape (4, rows)."""
        x, t_x, T = history(x, t_x, T)
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        left = special.expit(self._log_odds_gone(x, t_x, T))
        rise = digamma_rise
        by_ab = -rise(a + b, x)
        grown = np.log1p((T - t_x) / (alpha + t_x))
        slowed = (r + x) * (T - t_x) / ((alpha + T) * (alpha + t_x))
        return np.stack(
            [
                rise(r, x) - np.log1p(T / alpha) + left * grown,
                (r * T / alpha - x) / (alpha + T) - left * slowed,
                by_ab + left / a,
                by_ab + rise(b, x) - left / (b + np.maximum(x, 1) - 1),
            ]
        )

    @classmethod
    def summed(cls, data: tuple[Array, ...], weights: Array) -> Summed:
        """Return the sums of log-likelihood, gradient and Hessian over weighted rows."""
        sums = LeavingSums.of(data, weights, at_first=False)
        return lambda values: sums(*values)

    @classmethod
    def start(cls, x: Array, t_x: Array, T: Array, weights: Array) -> Self:
        """Return r = 1/2, alpha for the observed rate, and one in four leaving after a purchase."""
        rate = np.average(x, weights=weights) / np.average(T, weights=weights)
        return cls(r=0.5, alpha=0.5 / rate, a=0.5, b=1.5)

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return P(alive at T | x, t_x, T), 1 where x = 0."""
        return special.expit(-self._log_odds_gone(*history(x, t_x, T)))

    def living(self, x: Array, T: Array) -> BGNBD:
        """Return what a living customer follows from T on: BG/NBD(r + x, alpha + T, a, b + x)."""
        x, T = np.asarray(x, float), np.asarray(T, float)
        return BGNBD(self.r + x, self.alpha + T, self.a, self.b + x)  # type: ignore[arg-type]

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)] = E[(1 - (alpha / (alpha + p t))^r) / p], p ~ Beta(a, b) (FHL, 9).

        Examples
        --------
        >>> print(f"{BGNBD(0.2425945, 4.4136019, 0.7929199, 2.4258881).expected_purchases(32):.4f}")
        1.0437
        """
        return _beta_geometric.purchases(*self._parameters(), duration(t))

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n) (FHL, 8)."""
        r, alpha, a, b = self._parameters()
        n, t = purchases(n), duration(t)
        share, before = t / (alpha + t), np.maximum(n, 1)
        log_nbd = log_rising(r, n) - special.gammaln(n + 1)
        log_nbd = log_nbd - r * np.log1p(t / alpha) - special.xlogy(n, 1 + alpha / t)
        stayed = np.exp(log_rising(b, n) - log_rising(a + b, n) + log_nbd)
        log_left = log_rising(b, before - 1) - log_rising(a + b, before) + np.log(a)
        at_least = special.betainc(before, r, share)
        return stayed + np.where(n > 0, np.exp(log_left) * at_least, 0.0)

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return the integral to the horizon of exp(-delta s) dE[X(s)], by quadrature."""
        return _beta_geometric.discounted_purchases(*self._parameters(), delta, horizon)

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array, Array]:
        """Draw histories x, t_x, T of new customers observed for T, each of T's shape.

        Parameters that are arrays are one model per customer and broadcast with T.
        """
        return _beta_geometric.simulate(*self._parameters(), T, np.random.default_rng(seed))

    def _parameters(self) -> tuple[float, float, float, float]:
        return self.r, self.alpha, self.a, self.b

    def _log_stayed(self, x: Array, T: Array) -> Array:
        """Return the log-likelihood of having bought x times by T and stayed."""
        r, alpha, a, b = self._parameters()
        rates = log_rising(r, x) - r * np.log1p(T / alpha) - x * np.log(alpha + T)
        return rates + log_rising(b, x) - log_rising(a + b, x)

    def _log_odds_gone(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the log-odds of having left after the last purchase, -inf where x = 0."""
        chance = np.log(self.a) - np.log(self.b + (np.maximum(x, 1) - 1))
        silent = (self.r + x) * np.log1p((T - t_x) / (self.alpha + t_x))
        return np.where(x == 0, -np.inf, chance + silent)
