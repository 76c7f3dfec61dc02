"""BG/BB: buys or not at each of a row of opportunities, may leave before any of them.

    alpha, beta     chance p ~ Beta(alpha, beta) of buying at an opportunity while alive
    gamma, delta    chance theta ~ Beta(gamma, delta) of leaving at the start of an opportunity
    x, t_x, n       purchases, the last opportunity with one (0: none), opportunities so far (T)

    L = [alive + sum_{i=0}^{n-t_x-1} left_i] / (B(alpha, beta) B(gamma, delta))
    alive  = B(alpha+x, beta+n-x) B(gamma, delta+n)
    left_i = B(alpha+x, beta+t_x-x+i) B(gamma+1, delta+t_x+i)

Terms are built one from the other by their ratio, so that nothing overflows.

Source: Fader, Hardie & Shang (2010), Marketing Science 29(6), 1086-1108.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy import special

from relmark_research.clv.estimation.model import Array, Mixture, PurchaseModel
from relmark_research.clv.families._validate_history import duration, history, purchases
from relmark_research.clv.families.contract import endless_survivals, survivals
from relmark_research.errors import DataError, ParameterError
from relmark_research.stats.special import log_rising

if TYPE_CHECKING:
    from relmark_research.customers.log.customer_summary import CustomerSummary


_SLACK = 0.1  # calendar months and years, counted in mean ones, are whole to within this


@dataclass(frozen=True)
class BGBB(PurchaseModel):
    """The BG/BB model of purchases at discrete opportunities.

    Time is counted in opportunities: years of a yearly appeal, issues of a catalogue. A horizon
    must be a whole number of them.

    Parameters
    ----------
    alpha, beta
        Shapes of the chance to buy, > 0; its mean is alpha / (alpha + beta).
    gamma, delta
        Shapes of the chance to leave before an opportunity, > 0.

    References
    ----------
    Fader, Hardie & Shang (2010), Customer-base analysis in a discrete-time noncontractual
    setting, Marketing Science 29(6).

    Examples
    --------
    Donors of the paper after 6 yearly appeals: will they be alive at the seventh?

    >>> donors = BGBB(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)
    >>> donors.p_alive(x=np.array([0, 2, 6]), t_x=np.array([0, 4, 6]), T=6).round(2)
    array([0.11, 0.59, 0.93])
    """

    alpha: float
    beta: float
    gamma: float
    delta: float

    mixtures: ClassVar[tuple[Mixture, ...]] = (
        Mixture("alpha", "beta", "chance to buy", "share"),
        Mixture("gamma", "delta", "chance to leave", "share"),
    )

    def log_likelihood(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return each customer's log-likelihood, shape (rows,)."""
        x, t_x, T = _whole(*history(x, t_x, T))
        return np.logaddexp(self._log_alive(x, T), self._left(x, t_x, T)[0])

    def score(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the gradient by the parameters of each log-likelihood, shape (4, rows)."""
        x, t_x, T = np.broadcast_arrays(*_whole(x, t_x, T))
        al, be, ga, de = self.alpha, self.beta, self.gamma, self.delta
        psi = special.digamma
        log_left, grown = self._left(x, t_x, T)
        share = special.expit(self._log_alive(x, T) - log_left)
        alive = np.stack(
            [
                psi(al + x) - psi(al + be + T),
                psi(be + T - x) - psi(al + be + T),
                psi(ga) - psi(ga + de + T),
                psi(de + T) - psi(ga + de + T),
            ]
        )
        left = np.stack(
            [
                psi(al + x) - psi(al + be + t_x) - grown[0],
                psi(be + t_x - x) + grown[1] - psi(al + be + t_x) - grown[0],
                psi(ga + 1) - psi(ga + 1 + de + t_x) - grown[2],
                psi(de + t_x) + grown[3] - psi(ga + 1 + de + t_x) - grown[2],
            ]
        )
        front = np.array([psi(al + be) - psi(al), psi(al + be) - psi(be),
                          psi(ga + de) - psi(ga), psi(ga + de) - psi(de)])  # fmt: skip
        own = share * alive + (1 - share) * left
        return own + front.reshape(front.shape + (1,) * (own.ndim - front.ndim))

    @classmethod
    def start(cls, x: Array, t_x: Array, T: Array, weights: Array) -> Self:
        """Return the observed rate of buying, and one in six leaving before an opportunity."""
        rate = np.average(x, weights=weights) / np.average(T, weights=weights)
        return cls(alpha=2 * rate, beta=2 * max(1 - rate, 0.1), gamma=0.5, delta=2.5)

    @classmethod
    def data(cls, customers: CustomerSummary) -> tuple[tuple[Array, ...], Array, str]:
        """Return x, t_x, T and weights, refusing what cannot be counts of opportunities."""
        arrays, weights, note = super().data(customers)
        x, t_x, T = arrays
        wrong = (_distance(t_x) > _SLACK) | (_distance(T) > _SLACK) | (x > np.rint(t_x))
        if wrong.any():
            first = ", ".join(
                f"({x[i]:g}, {t_x[i]:g}, {T[i]:g})" for i in np.flatnonzero(wrong)[:3]
            )
            raise DataError(
                "BGBB counts opportunities: recency and T must be whole, and frequency at most "
                f"recency; {wrong.sum():,} of {len(x):,} rows (frequency, recency, T) break this: "
                f"{first}. For purchases at any time use BGNBD, MBGNBD or ParetoNBD."
            )
        return (x, np.rint(t_x), np.rint(T)), weights, note

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return P(alive at the next opportunity, T + 1 | x, t_x, T)."""
        x, t_x, T = _whole(*history(x, t_x, T))
        stays = (self.delta + T) / (self.gamma + self.delta + T)
        return stays * special.expit(self._log_alive(x, T) - self._left(x, t_x, T)[0])

    def living(self, x: Array, T: Array) -> BGBBSurvivor:
        """Return what a customer follows who is alive at opportunity T + 1."""
        x, T = _whole(x, T)
        return BGBBSurvivor(self.alpha + x, self.beta + T - x, self.gamma, self.delta + T)  # type: ignore[arg-type]

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)] = alpha / (alpha + beta) sum_{i=1}^t P(alive at i)."""
        return self._mean_chance() * survivals(self.gamma, self.delta, _opportunities(t))

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n).

        Examples
        --------
        Of 11,104 donors, those with no gift and with one each year:

        >>> donors = BGBB(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)
        >>> (11104 * donors.purchase_pmf(np.array([0, 6]), 6)).round(-1)
        array([3460., 1250.])
        """
        return self._pmf(n, t, sure=False)

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return sum_{i=1}^horizon e^(-delta i) P(alive at i) E[p]; delta the rate per opportunity.

        Without a horizon the sum is e^-delta E[1 - theta] 2F1(1, delta + 1; gamma + delta + 1;
        e^-delta).
        """
        if np.isinf(horizon):
            return self._mean_chance() * endless_survivals(self.gamma, self.delta, delta)
        count = _opportunities(horizon)
        return self._mean_chance() * survivals(self.gamma, self.delta, count, np.exp(-delta))

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array, Array]:
        """Draw histories x, t_x, T of new customers given T opportunities, each of T's shape."""
        rng = np.random.default_rng(seed)
        T = np.atleast_1d(_opportunities(T))
        buys = rng.beta(self.alpha, self.beta, size=T.shape)
        leaves = rng.beta(self.gamma, self.delta, size=T.shape)
        x, t_x, alive = np.zeros(T.shape), np.zeros(T.shape), np.ones(T.shape, bool)
        for i in range(1, int(T.max(initial=0)) + 1):
            alive &= (i <= T) & (rng.random(T.shape) >= leaves)
            bought = alive & (rng.random(T.shape) < buys)
            x, t_x = x + bought, np.where(bought, i, t_x)
        return x, t_x, T

    def _mean_chance(self) -> Array:
        return np.asarray(self.alpha) / (np.asarray(self.alpha) + self.beta)

    def _log_alive(self, x: Array, T: Array) -> Array:
        al, be, ga, de = self.alpha, self.beta, self.gamma, self.delta
        bought = log_rising(al, x) + log_rising(be, T - x) - log_rising(al + be, T)
        return bought + log_rising(de, T) - log_rising(ga + de, T)

    def _left(self, x: Array, t_x: Array, T: Array) -> tuple[Array, Array]:
        """Return ln sum left_i, and what of its gradient grows with i, (4, ...)."""
        al, be, ga, de = self.alpha, self.beta, self.gamma, self.delta
        starts = (al + be + t_x, be + t_x - x, ga + 1 + de + t_x, de + t_x)
        a, b, c, d = np.broadcast_arrays(*starts, T)[:4]
        term, total = np.ones(a.shape), np.zeros(a.shape)
        slope, grown = np.zeros((4, *a.shape)), np.zeros((4, *a.shape))
        later = np.broadcast_to(T - t_x, a.shape)
        for i in range(int(np.max(later, initial=0))):
            here = np.where(i < later, term, 0.0)
            total += here
            grown += here * slope
            slope += 1 / np.stack([a + i, b + i, c + i, d + i])
            term = term * ((b + i) / (a + i)) * ((d + i) / (c + i))
        log_first = (
            log_rising(al, x)
            + log_rising(be, t_x - x)
            - log_rising(al + be, t_x)
            + np.log(ga)
            + log_rising(de, t_x)
            - log_rising(ga + de, t_x + 1)
        )
        with np.errstate(divide="ignore"):
            return log_first + np.log(total), grown / np.maximum(total, 1e-300)

    def _pmf(self, n: Array, t: Array, *, sure: bool) -> Array:
        """Return P(X(t) = n), times P(alive at the first opportunity) where that is sure."""
        t = _opportunities(t)
        al, be, ga, de, n, t = np.broadcast_arrays(
            self.alpha, self.beta, self.gamma, self.delta, purchases(n), t
        )
        log_ways = special.gammaln(t + 1) - special.gammaln(n + 1)
        log_ways = log_ways - special.gammaln(np.maximum(t - n, 0) + 1)
        total = log_ways + self._log_alive(n, np.maximum(t, n))
        log = log_rising(al, n) - log_rising(al + be, n) + np.log(ga)
        log = log + log_rising(de, n) - log_rising(ga + de, n + 1)
        for j in range(int(np.max(t - n, initial=0))):
            counts = (n + j < t) & ~(sure & (n + j == 0))
            total = np.where(counts, np.logaddexp(total, log), total)
            ratio = (n + j + 1) / (j + 1) * (be + j) / (al + be + n + j)
            log = log + np.log(ratio * (de + n + j) / (ga + 1 + de + n + j))
        return np.where(n <= t, np.exp(total), 0.0)


@dataclass(frozen=True)
class BGBBSurvivor(PurchaseModel):
    """BG/BB of customers who are known to be alive at their next opportunity.

    Parameters
    ----------
    alpha, beta, gamma, delta
        As in `BGBB`, of what is known before that opportunity.
    """

    alpha: float
    beta: float
    gamma: float
    delta: float

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t) | alive at the next opportunity]."""
        return self._unsure().expected_purchases(t) / self._stays()

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n | alive at the next opportunity)."""
        return self._unsure()._pmf(n, t, sure=True) / self._stays()

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return the discounted purchases to a horizon, given alive at the next opportunity."""
        return self._unsure().discounted_purchases(delta, horizon) / self._stays()

    def _unsure(self) -> BGBB:
        return BGBB(*astuple(self))

    def _stays(self) -> Array:
        return np.asarray(self.delta) / (np.asarray(self.gamma) + self.delta)


def _whole(*columns: Array) -> tuple[Array, ...]:
    return tuple(_opportunities(column) for column in columns)


def _opportunities(t: float | Array) -> Array:
    """Return t as whole numbers, refusing what is not nearly one."""
    t = duration(t)
    off = _distance(t) > _SLACK
    if np.any(off):
        raise ParameterError(
            f"BG/BB counts opportunities, so times must be whole; found {t[off].flat[0]:g}. "
            "Give the horizon as a count of opportunities, in the data's unit."
        )
    return np.rint(t)


def _distance(t: Array) -> Array:
    """Return how far t is from whole."""
    return np.abs(t - np.rint(t))
