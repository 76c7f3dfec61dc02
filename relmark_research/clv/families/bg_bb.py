"""BG/BB: purchases at discrete opportunities, dropout possible before any of them.

    alpha, beta     purchase probability p ~ Beta(alpha, beta) at an opportunity while alive
    gamma, delta    dropout probability theta ~ Beta(gamma, delta) at the start of an opportunity
    x, t_x, n       purchases, the last opportunity with one (0: none), opportunities so far (T)

    L = [alive + sum_{i=0}^{n-t_x-1} dropout_i] / (B(alpha, beta) B(gamma, delta))
    alive     = B(alpha+x, beta+n-x) B(gamma, delta+n)
    dropout_i = B(alpha+x, beta+t_x-x+i) B(gamma+1, delta+t_x+i)

Each term is computed from the one before by their ratio, without overflow.

Source: Fader, Hardie & Shang (2010), Marketing Science 29(6), 1086-1108.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy import special

from relmark_research.clv.estimation.model import Array, MixingDistribution, PurchaseModel
from relmark_research.clv.families._validate_history import (
    validate_counts,
    validate_duration,
    validate_history,
)
from relmark_research.clv.families.shifted_beta_geometric import (
    infinite_survival_sum,
    survival_sum,
)
from relmark_research.errors import DataError, ParameterError
from relmark_research.stats.special import log_rising_factorial

if TYPE_CHECKING:
    from relmark_research.customers.log.customer_summary import CustomerSummary


_SLACK = 0.1  # calendar months and years, measured in mean ones, are whole to within this


@dataclass(frozen=True)
class BGBB(PurchaseModel):
    """The BG/BB model of purchases at discrete opportunities.

    The unit of time is an opportunity: a year with a yearly appeal, an issue of a catalogue. A
    horizon must be a whole number of them.

    Parameters
    ----------
    alpha, beta
        Shapes of the purchase probability, > 0; its mean is alpha / (alpha + beta).
    gamma, delta
        Shapes of the dropout probability before an opportunity, > 0.

    References
    ----------
    Fader, Hardie & Shang (2010), Customer-base analysis in a discrete-time noncontractual
    setting, Marketing Science 29(6).

    Examples
    --------
    P(alive at the seventh appeal) of donors in the paper after 6 yearly appeals:

    >>> donors = BGBB(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)
    >>> donors.p_alive(x=np.array([0, 2, 6]), t_x=np.array([0, 4, 6]), T=6).round(2)
    array([0.11, 0.59, 0.93])
    """

    alpha: float
    beta: float
    gamma: float
    delta: float

    mixtures: ClassVar[tuple[MixingDistribution, ...]] = (
        MixingDistribution("alpha", "beta", "purchase probability", "share"),
        MixingDistribution("gamma", "delta", "dropout probability", "share"),
    )
    memoryless: ClassVar[bool] = True

    def log_likelihood(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return each customer's log-likelihood, shape (rows,)."""
        x, t_x, T = _whole_numbers(*validate_history(x, t_x, T))
        result: Array = np.logaddexp(self._log_alive(x, T), self._dropout(x, t_x, T)[0])
        return result

    def score(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the gradient by the parameters of each log-likelihood, shape (4, rows)."""
        x, t_x, T = np.broadcast_arrays(*_whole_numbers(x, t_x, T))
        al, be, ga, de = self.alpha, self.beta, self.gamma, self.delta
        psi = special.digamma
        log_dropout, growth = self._dropout(x, t_x, T)
        share = special.expit(self._log_alive(x, T) - log_dropout)
        alive = np.stack(
            [
                psi(al + x) - psi(al + be + T),
                psi(be + T - x) - psi(al + be + T),
                psi(ga) - psi(ga + de + T),
                psi(de + T) - psi(ga + de + T),
            ]
        )
        dropout = np.stack(
            [
                psi(al + x) - psi(al + be + t_x) - growth[0],
                psi(be + t_x - x) + growth[1] - psi(al + be + t_x) - growth[0],
                psi(ga + 1) - psi(ga + 1 + de + t_x) - growth[2],
                psi(de + t_x) + growth[3] - psi(ga + 1 + de + t_x) - growth[2],
            ]
        )
        front = np.array([psi(al + be) - psi(al), psi(al + be) - psi(be),
                          psi(ga + de) - psi(ga), psi(ga + de) - psi(de)])  # fmt: skip
        mean = share * alive + (1 - share) * dropout
        result: Array = mean + front.reshape(front.shape + (1,) * (mean.ndim - front.ndim))
        return result

    @classmethod
    def start(cls, x: Array, t_x: Array, T: Array, weights: Array) -> Self:
        """Return the observed purchase rate, and a mean dropout probability of 1/6."""
        rate = np.average(x, weights=weights) / np.average(T, weights=weights)
        return cls(alpha=2 * rate, beta=2 * max(1 - rate, 0.1), gamma=0.5, delta=2.5)

    @classmethod
    def data(cls, customers: CustomerSummary) -> tuple[tuple[Array, ...], Array, str]:
        """Return x, t_x, T and weights; raise DataError unless they count opportunities."""
        arrays, weights, note = super().data(customers)
        x, t_x, T = arrays
        wrong = (_distance(t_x) > _SLACK) | (_distance(T) > _SLACK) | (x > np.rint(t_x))
        if wrong.any():
            first = ", ".join(
                f"({x[i]:g}, {t_x[i]:g}, {T[i]:g})" for i in np.flatnonzero(wrong)[:3]
            )
            raise DataError(
                "BGBB needs counts of opportunities: recency and T whole numbers, and frequency at "
                f"most recency; found {wrong.sum():,} of {len(x):,} rows (frequency, recency, T) "
                f"that are not: {first}. For purchases at any time use BGNBD, MBGNBD or ParetoNBD."
            )
        return (x, np.rint(t_x), np.rint(T)), weights, note

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return P(alive at the next opportunity, T + 1 | x, t_x, T)."""
        x, t_x, T = _whole_numbers(*validate_history(x, t_x, T))
        stay_probability = (self.delta + T) / (self.gamma + self.delta + T)
        result: Array = stay_probability * special.expit(
            self._log_alive(x, T) - self._dropout(x, t_x, T)[0]
        )
        return result

    def living(self, x: Array, t_x: Array, T: Array) -> BGBBSurvivor:
        """Return the model of a customer who is alive at opportunity T + 1."""
        x, T = _whole_numbers(x, T)
        return BGBBSurvivor(self.alpha + x, self.beta + T - x, self.gamma, self.delta + T)  # type: ignore[arg-type]

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)] = alpha / (alpha + beta) sum_{i=1}^t P(alive at i)."""
        result: Array = self._mean_probability() * survival_sum(
            self.gamma, self.delta, _opportunities(t)
        )
        return result

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n).

        Examples
        --------
        Expected numbers of 11,104 donors without a gift and with one each year:

        >>> donors = BGBB(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)
        >>> (11104 * donors.purchase_pmf(np.array([0, 6]), 6)).round(-1)
        array([3460., 1250.])
        """
        return self._pmf(n, t, alive_at_first=False)

    def survival(self, t: Array) -> Array:
        """Return P(alive at opportunity t) = B(gamma, delta + t) / B(gamma, delta)."""
        ga, de, t = self.gamma, self.delta, _opportunities(t)
        result: Array = np.exp(
            log_rising_factorial(de, t) - log_rising_factorial(np.add(ga, de), t)
        )
        return result

    def expected_lifetime(self, horizon: float) -> Array:
        """Return the expected number of opportunities within a horizon at which it is alive."""
        return survival_sum(self.gamma, self.delta, _opportunities(horizon))

    def draw_traits(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw dropout rates -ln(1 - theta) and purchase rates per opportunity.

        With rate p (1 - theta) / theta x the dropout rate, the expected purchases within a whole
        number of opportunities are exact.
        """
        p = rng.beta(self.alpha, self.beta, shape)
        theta = rng.beta(self.gamma, self.delta, shape)
        dropout = -np.log1p(-theta)
        odds = np.divide(dropout, theta, out=np.ones(shape), where=theta > 0)
        return p * (1 - theta) * odds, dropout

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return sum_{i=1}^horizon e^(-delta i) P(alive at i) E[p]; delta the rate per opportunity.

        With an infinite horizon the sum is e^-delta E[1 - theta] 2F1(1, delta + 1;
        gamma + delta + 1; e^-delta).
        """
        ga, de = self.gamma, self.delta
        if np.isinf(horizon):
            survival = infinite_survival_sum(ga, de, delta)
        else:
            survival = survival_sum(ga, de, _opportunities(horizon), np.exp(-delta))
        result: Array = self._mean_probability() * survival
        return result

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array, Array]:
        """Draw histories x, t_x, T of new customers with T opportunities, each of T's shape."""
        rng = np.random.default_rng(seed)
        T = np.atleast_1d(_opportunities(T))
        p = rng.beta(self.alpha, self.beta, size=T.shape)
        theta = rng.beta(self.gamma, self.delta, size=T.shape)
        x, t_x, alive = np.zeros(T.shape), np.zeros(T.shape), np.ones(T.shape, bool)
        for i in range(1, int(T.max(initial=0)) + 1):
            alive &= (i <= T) & (rng.random(T.shape) >= theta)
            purchase = alive & (rng.random(T.shape) < p)
            x, t_x = x + purchase, np.where(purchase, i, t_x)
        return x, t_x, T

    def _mean_probability(self) -> Array:
        return np.asarray(self.alpha) / (np.asarray(self.alpha) + self.beta)

    def _log_alive(self, x: Array, T: Array) -> Array:
        al, be, ga, de = self.alpha, self.beta, self.gamma, self.delta
        purchases = (
            log_rising_factorial(al, x)
            + log_rising_factorial(be, T - x)
            - log_rising_factorial(al + be, T)
        )
        result: Array = purchases + log_rising_factorial(de, T) - log_rising_factorial(ga + de, T)
        return result

    def _dropout(self, x: Array, t_x: Array, T: Array) -> tuple[Array, Array]:
        """Return ln sum dropout_i, and the parts of its gradient that depend on i, (4, ...)."""
        al, be, ga, de = self.alpha, self.beta, self.gamma, self.delta
        starts = (al + be + t_x, be + t_x - x, ga + 1 + de + t_x, de + t_x)
        a, b, c, d = np.broadcast_arrays(*starts, T)[:4]
        term, total = np.ones(a.shape), np.zeros(a.shape)
        slope, growth = np.zeros((4, *a.shape)), np.zeros((4, *a.shape))
        count = np.broadcast_to(T - t_x, a.shape)
        for i in range(int(np.max(count, initial=0))):
            summand = np.where(i < count, term, 0.0)
            total += summand
            growth += summand * slope
            slope += 1 / np.stack([a + i, b + i, c + i, d + i])
            term = term * ((b + i) / (a + i)) * ((d + i) / (c + i))
        log_first = (
            log_rising_factorial(al, x)
            + log_rising_factorial(be, t_x - x)
            - log_rising_factorial(al + be, t_x)
            + np.log(ga)
            + log_rising_factorial(de, t_x)
            - log_rising_factorial(ga + de, t_x + 1)
        )
        with np.errstate(divide="ignore"):
            return log_first + np.log(total), growth / np.maximum(total, 1e-300)

    def _pmf(self, n: Array, t: Array, *, alive_at_first: bool) -> Array:
        """Return P(X(t) = n), or P(X(t) = n and alive at the first opportunity)."""
        t = _opportunities(t)
        al, be, ga, de, n, t = np.broadcast_arrays(
            self.alpha, self.beta, self.gamma, self.delta, validate_counts(n), t
        )
        log_choices = special.gammaln(t + 1) - special.gammaln(n + 1)
        log_choices = log_choices - special.gammaln(np.maximum(t - n, 0) + 1)
        total = log_choices + self._log_alive(n, np.maximum(t, n))
        log = log_rising_factorial(al, n) - log_rising_factorial(al + be, n) + np.log(ga)
        log = log + log_rising_factorial(de, n) - log_rising_factorial(ga + de, n + 1)
        for j in range(int(np.max(t - n, initial=0))):
            possible = (n + j < t) & ~(alive_at_first & (n + j == 0))
            total = np.where(possible, np.logaddexp(total, log), total)
            ratio = (n + j + 1) / (j + 1) * (be + j) / (al + be + n + j)
            log = log + np.log(ratio * (de + n + j) / (ga + 1 + de + n + j))
        return np.where(n <= t, np.exp(total), 0.0)


@dataclass(frozen=True)
class BGBBSurvivor(PurchaseModel, registered=False):
    """BG/BB of customers who are known to be alive at their next opportunity.

    Parameters
    ----------
    alpha, beta, gamma, delta
        Parameters of the `BGBB` before it is known that they are alive.
    """

    alpha: float
    beta: float
    gamma: float
    delta: float

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t) | alive at the next opportunity]."""
        result: Array = self._unconditional().expected_purchases(t) / self._stay_probability()
        return result

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n | alive at the next opportunity)."""
        result: Array = (
            self._unconditional()._pmf(n, t, alive_at_first=True) / self._stay_probability()
        )
        return result

    def survival(self, t: Array) -> Array:
        """Return P(alive at opportunity t | alive at the next opportunity), 1 for t = 0."""
        t = np.asarray(t, float)
        later = self._unconditional().survival(np.maximum(t, 1)) / self._stay_probability()
        return np.where(t < 1, 1.0, later)

    def expected_lifetime(self, horizon: float) -> Array:
        """Return the expected number of opportunities alive, given alive at the next one."""
        result: Array = self._unconditional().expected_lifetime(horizon) / self._stay_probability()
        return result

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return the discounted purchases to a horizon, given alive at the next opportunity."""
        result: Array = (
            self._unconditional().discounted_purchases(delta, horizon) / self._stay_probability()
        )
        return result

    def _unconditional(self) -> BGBB:
        return BGBB(*astuple(self))

    def _stay_probability(self) -> Array:
        return np.asarray(self.delta) / (np.asarray(self.gamma) + self.delta)


def _whole_numbers(*columns: Array) -> tuple[Array, ...]:
    return tuple(_opportunities(column) for column in columns)


def _opportunities(t: float | Array) -> Array:
    """Return t as whole numbers, or raise ParameterError if one is not nearly whole."""
    t = validate_duration(t)
    fractional = _distance(t) > _SLACK
    if np.any(fractional):
        raise ParameterError(
            "BG/BB needs times as counts of opportunities, whole numbers; found "
            f"{t[fractional].flat[0]:g}. Give the horizon as a number of opportunities, in the "
            "data's unit."
        )
    result: Array = np.rint(t)
    return result


def _distance(t: Array) -> Array:
    """Return the distance of t from the nearest whole number."""
    result: Array = np.abs(t - np.rint(t))
    return result
