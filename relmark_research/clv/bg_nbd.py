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

from relmark_research.clv.base import Array, PurchaseModel
from relmark_research.clv.quadrature import beta_nodes, span_nodes


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

    def log_likelihood(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return each customer's log-likelihood, shape (rows,) (FHL, 6, in logs)."""
        shared, alive, gone = self._log_terms(*_arrays(x, t_x, T))
        return shared + np.logaddexp(alive, gone)

    def score(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the gradient by r, alpha, a, b of each log-likelihood, shape (4, rows)."""
        x, t_x, T = _arrays(x, t_x, T)
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        alive, gone = self._log_terms(x, t_x, T)[1:]
        here, left = special.expit(alive - gone), special.expit(gone - alive)
        psi = special.digamma
        by_ab = psi(a + b) - psi(a + b + x)
        at_T, at_tx = np.log(alpha + T), np.log(alpha + t_x)
        return np.stack(
            [
                psi(r + x) - psi(r) + np.log(alpha) - here * at_T - left * at_tx,
                r / alpha - (r + x) * (here / (alpha + T) + left / (alpha + t_x)),
                by_ab + left / a,
                by_ab + psi(b + x) - psi(b) - left / (b + np.maximum(x, 1) - 1),
            ]
        )

    @classmethod
    def start(cls, x: Array, t_x: Array, T: Array, weights: Array) -> Self:
        """Return r = 1/2, alpha for the observed rate, and one in four leaving after a purchase."""
        rate = np.average(x, weights=weights) / np.average(T, weights=weights)
        return cls(r=0.5, alpha=0.5 / rate, a=0.5, b=1.5)

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return P(alive at T | x, t_x, T), 1 where x = 0."""
        _, alive, gone = self._log_terms(*_arrays(x, t_x, T))
        return special.expit(alive - gone)

    def living(self, x: Array, T: Array) -> BGNBD:
        """Return what a living customer follows from T on: BG/NBD(r + x, alpha + T, a, b + x)."""
        x, T = np.asarray(x, float), np.asarray(T, float)
        return BGNBD(self.r + x, self.alpha + T, self.a, self.b + x)  # type: ignore[arg-type]

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)] = E[(1 - (alpha / (alpha + p t))^r) / p], p ~ Beta(a, b) (FHL, 9).

        Examples
        --------
        >>> print(f"{BGNBD(0.243, 4.414, 0.793, 2.426).expected_purchases(32):.4f}")
        1.0437
        """
        r, alpha, a, b, t = np.broadcast_arrays(self.r, self.alpha, self.a, self.b, t)
        nodes = beta_nodes(a, b)
        r, span = r[..., None], (t / alpha)[..., None]
        bought = -np.expm1(-r * np.log1p(nodes.p * span))
        per_chance = np.divide(bought, nodes.p, out=r * span + 0 * bought, where=nodes.p > 1e-300)
        return nodes.mean(per_chance)

    def purchase_rate(self, t: Array) -> Array:
        """Return dE[X(t)]/dt = (r / alpha) E[(alpha / (alpha + p t))^(r + 1)], p ~ Beta(a, b)."""
        r, alpha, a, b, t = np.broadcast_arrays(self.r, self.alpha, self.a, self.b, t)
        nodes = beta_nodes(a, b)
        slowed = np.log1p(nodes.p * (t / alpha)[..., None])
        return r / alpha * nodes.mean(np.exp(-(r[..., None] + 1) * slowed))

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n) (FHL, 8)."""
        r, alpha, a, b, n, t = np.broadcast_arrays(self.r, self.alpha, self.a, self.b, n, t)
        log_beta = special.betaln(a, b)
        share = t / (alpha + t)
        log_nbd = (
            special.gammaln(r + n)
            - special.gammaln(r)
            - special.gammaln(n + 1)
            - r * np.log1p(t / alpha)
            + special.xlogy(n, share)
        )
        stayed = np.exp(special.betaln(a, b + n) - log_beta + log_nbd)
        at_least = special.betainc(np.maximum(n, 1), r, share)
        left = np.exp(special.betaln(a + 1, b + np.maximum(n, 1) - 1) - log_beta) * at_least
        return stayed + np.where(n > 0, left, 0.0)

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return the integral to the horizon of exp(-delta s) dE[X(s)], by quadrature."""
        far = 40 / delta if delta > 0 else np.inf
        s, weights = span_nodes(min(horizon, far))
        columns = [np.asarray(value)[..., None] for value in self._parameters()]
        rate = BGNBD(*columns).purchase_rate(s)
        return np.sum(weights * np.exp(-delta * s) * rate, axis=-1)

    def _parameters(self) -> tuple[float, float, float, float]:
        return self.r, self.alpha, self.a, self.b

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array, Array]:
        """Draw histories x, t_x, T of new customers observed for T, each of T's shape."""
        rng = np.random.default_rng(seed)
        T = np.atleast_1d(np.asarray(T, float))
        rate = rng.gamma(self.r, 1 / self.alpha, size=T.shape)
        chance = rng.beta(self.a, self.b, size=T.shape)
        x, t_x, alive = np.zeros(T.shape), np.zeros(T.shape), np.ones(T.shape, bool)
        while alive.any():
            with np.errstate(divide="ignore"):
                wait = rng.standard_exponential(T.shape) / rate
            bought = alive & (t_x + wait <= T)
            t_x, x = np.where(bought, t_x + wait, t_x), x + bought
            alive = bought & (rng.random(T.shape) >= chance)
        return x, t_x, T

    def _log_terms(self, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
        """Return what both cases share, and the logs of being alive and of having left at t_x."""
        r, alpha, a, b = self._parameters()
        shared = (
            special.gammaln(r + x)
            - special.gammaln(r)
            + r * np.log(alpha)
            + special.betaln(a, b + x)
            - special.betaln(a, b)
        )
        alive = -(r + x) * np.log(alpha + T)
        log_odds = np.log(a) - np.log(b + np.maximum(x, 1) - 1)
        gone = np.where(x > 0, log_odds - (r + x) * np.log(alpha + t_x), -np.inf)
        return shared, alive, gone


def _arrays(*columns: Array) -> tuple[Array, ...]:
    return tuple(np.asarray(column, float) for column in columns)
