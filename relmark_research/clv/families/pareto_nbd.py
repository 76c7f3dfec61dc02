"""Pareto/NBD: Poisson purchases while alive, dropout at an unobserved time.

    r, alpha    purchase rate lambda ~ Gamma(shape r, rate alpha); mean r / alpha per unit of time
    s, beta     dropout rate mu ~ Gamma(shape s, rate beta); a lifetime tau is Pareto, with
                P(tau > t) = (beta / (beta + t))^s
    x, t_x, T   repeat purchases, time of the last, time observed (all from the first purchase)

A customer is alive at T, or dropped out at a time tau between t_x and T:

    L  =  Gamma(r+x)/Gamma(r) [ alive + int_{t_x}^T dropout(tau) dtau ]
    alive = (1+T/alpha)^-r (alpha+T)^-x (1+T/beta)^-s
    dropout(tau) = s/beta (1+tau/alpha)^-r (alpha+tau)^-x (1+tau/beta)^-(s+1)

The integral is computed by fixed quadrature nodes, without cancellation or overflow for any x; the
same nodes give the gradient and the Hessian. Powers are of 1 + T / beta instead of beta + T, and so
keep all digits at their limits: exp(-T s / beta) if s and beta grow without bound, and 1 without
dropout.

For the sum over customers, with h(t) = int_t^end dropout(tau) dtau,

    L = front alive(T) [1 + o],   o = (h(t_x) - h(T)) / alive(T),   front = Gamma(r+x)/Gamma(r)

There are far fewer distinct pairs (x, t_x) and (x, T) than customers, so h and its moments are
computed once per distinct pair. The difference loses no digits of L: h(T) never exceeds alive(T),
so that its rounding error is negligible in 1 + o.

Sources: Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1-24; Fader &
Hardie (2005), notes 009 and 015; Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4).
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
from relmark_research.clv.families._validate_history import (
    validate_counts,
    validate_duration,
    validate_history,
)
from relmark_research.customers.log.distinct_histories import distinct_rows
from relmark_research.stats import quadrature
from relmark_research.stats.special import (
    digamma_difference,
    log_rising_factorial,
    trigamma_difference,
)

_BLOCK = 1 << 12  # rows at once, so that the nodes of a block stay in the processor's cache
_PAIRS = 1 << 11  # pairs at once, for the same reason


@dataclass(frozen=True)
class Part:
    """One of the two terms of the likelihood, alive or dropout, at several pairs.

    Second derivatives are stored separately from squared first derivatives, whose rounding error
    would swamp them for large parameters. The second derivative of an average is the average of
    the second derivatives plus the covariance of the first.

    Attributes
    ----------
    log
        Logarithm, shape (pairs,).
    slope
        Its derivatives by r, alpha, s, beta, shape (4, pairs).
    curve
        Its second derivatives, shape (4, 4, pairs).
    """

    log: Array
    slope: Array
    curve: Array


@dataclass(frozen=True)
class ParetoNBDLikelihood:
    """The summed likelihood, with weighted rows arranged for fast evaluation.

    Attributes
    ----------
    x, t
        The distinct pairs of purchases with t_x or T.
    last, end
        Position of each row's (x, t_x) and (x, T) among the pairs.
    weights
        Customers per row.
    longest
        The longest T.
    """

    x: Array
    t: Array
    last: Array
    end: Array
    weights: Array
    longest: float

    @classmethod
    def from_rows(cls, data: tuple[Array, ...], weights: Array) -> ParetoNBDLikelihood:
        """Arrange rows x, t_x, T."""
        x, t_x, T = (np.asarray(column, float) for column in data)
        pairs = distinct_rows(np.concatenate([x, x]), np.concatenate([t_x, T]))
        last, end = np.split(pairs.inverse, 2)
        counts, times = pairs.columns
        return cls(counts, times, last, end, np.asarray(weights, float), float(T.max()))

    def __call__(self, values: Array) -> Derivatives:
        """Return value, gradient (4,) and Hessian (4, 4) by r, alpha, s, beta."""
        r, alpha, s, beta = map(float, values)
        dropout = self._dropout(r, alpha, s, beta)
        alive = _alive(r, alpha, s, beta, self.x, self.t)
        last, end, pairs = self.last, self.end, len(self.x)
        since_last = dropout.log[last] - alive.log[end]
        since_end = (dropout.log - alive.log)[end]
        with np.errstate(divide="ignore"):
            odds = since_last + np.log(-np.expm1(np.minimum(since_end - since_last, 0)))
        total = np.logaddexp(0, odds)
        share, beyond = np.exp(since_last - total), np.exp(since_end - total)
        off_last = dropout.slope[:, last] - alive.slope[:, end]
        off_end = dropout.slope - alive.slope
        slope = share * off_last - beyond * off_end[:, end]
        share, beyond = share * self.weights, beyond * self.weights
        by_end = np.bincount(end, beyond, pairs)
        hessian = dropout.curve @ (np.bincount(last, share, pairs) - by_end)
        hessian -= alive.curve @ (np.bincount(end, share, pairs) - by_end)
        hessian += (off_last * share) @ off_last.T - (off_end * by_end) @ off_end.T
        hessian -= (slope * self.weights) @ slope.T
        value, gradient, curve = self._all_alive(r, alpha, s, beta)
        return value + self.weights @ total, gradient + slope @ self.weights, hessian + curve

    def _dropout(self, r: float, alpha: float, s: float, beta: float) -> Part:
        blocks = [
            _dropout(
                r + self.x[i : i + _PAIRS], alpha, s, beta, self.t[i : i + _PAIRS], self.longest
            )
            for i in range(0, len(self.x), _PAIRS)
        ]
        return Part(
            np.concatenate([block.log for block in blocks]),
            np.concatenate([block.slope for block in blocks], axis=1),
            np.concatenate([block.curve for block in blocks], axis=2),
        )

    def _all_alive(self, r: float, alpha: float, s: float, beta: float) -> Derivatives:
        """Sum ln (front alive) over all rows."""
        n, x, t = np.bincount(self.end, self.weights, len(self.x)), self.x, self.t
        a, b = alpha + t, beta + t
        growth = np.log1p(t / alpha), np.log1p(t / beta)
        value = n @ (log_rising_factorial(r, x) - r * growth[0] - x * np.log(a) - s * growth[1])
        gradient = np.array(
            [
                n @ (digamma_difference(r, x) - growth[0]),
                n @ ((r * t / alpha - x) / a),
                -n @ growth[1],
                s * (n @ (t / b)) / beta,
            ]
        )
        hessian = np.zeros((4, 4))
        hessian[0, 0] = n @ trigamma_difference(r, x)
        hessian[0, 1] = hessian[1, 0] = n @ (t / a) / alpha
        hessian[2, 3] = hessian[3, 2] = n @ (t / b) / beta
        hessian[1, 1] = n @ ((x - r * t * (2 * alpha + t) / alpha**2) / a**2)
        hessian[3, 3] = -s * (n @ (t * (2 * beta + t) / b**2)) / beta**2
        return value, gradient, hessian


@dataclass(frozen=True)
class ParetoNBD(PurchaseModel):
    """The Pareto/NBD model of repeat purchases.

    Parameters
    ----------
    r
        Shape of the purchase rates, > 0.
    alpha
        Rate parameter of the purchase rates, > 0, in units of time.
    s
        Shape of the dropout rates, > 0; the mean lifetime exists only for s > 1.
    beta
        Rate parameter of the dropout rates, > 0, in units of time.

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), Counting your customers, Management Science 33(1).

    Examples
    --------
    CDNOW's customer with 26 repeats, the last in week 30.86 of 31:

    >>> model = ParetoNBD(r=0.5534, alpha=10.5802, s=0.6061, beta=11.6562)
    >>> print(f"{model.p_alive(x=26, t_x=30.86, T=31):.4f}")
    0.9979
    """

    r: float
    alpha: float
    s: float
    beta: float

    time_power: ClassVar[dict[str, int]] = {"alpha": 1, "beta": 1}
    mixtures: ClassVar[tuple[MixingDistribution, ...]] = (
        MixingDistribution("r", "alpha", "purchase rate", "rate"),
        MixingDistribution("s", "beta", "dropout rate", "rate", "no dropout"),
    )
    without_dropout: ClassVar[str] = "NBD"
    memoryless: ClassVar[bool] = True
    clocks: ClassVar[int] = 2
    calendar_assumption: ClassVar[str] = (
        "dropout of the Pareto/NBD runs on the clock of purchases: more customers leave per day in "
        "a season in which they buy more"
    )
    covariate_links: ClassVar[Mapping[str, CovariateLink]] = {
        "rate": CovariateLink("purchase rate", {"r": 1, "alpha": -1}, ({"alpha": -1.0},)),
        "dropout": CovariateLink("dropout rate", {"s": 1, "beta": -1}, ({"beta": -1.0},)),
    }

    def log_likelihood(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return each customer's log-likelihood, shape (rows,)."""
        x, t_x, T = validate_history(x, t_x, T)
        either = np.logaddexp(self._log_alive(x, T), self._log_dropout(x, t_x, T))
        result: Array = log_rising_factorial(self.r, x) + either
        return result

    def score(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return the gradient by r, alpha, s, beta of each log-likelihood, shape (4, rows)."""
        x, t_x, T = np.broadcast_arrays(*(np.asarray(column, float) for column in (x, t_x, T)))
        r, alpha, s, beta = (
            np.broadcast_to(v, x.shape) for v in (self.r, self.alpha, self.s, self.beta)
        )
        log_dropout, slope_dropout = self._dropout(x, t_x, T)
        a, b = alpha + T, beta + T
        by_rate = -np.log1p(T / alpha), (r * T / alpha - x) / a
        slope_alive = np.stack([*by_rate, -np.log1p(T / beta), s / beta * T / b])
        alive = special.expit(self._log_alive(x, T) - log_dropout)
        slope: Array = alive * slope_alive + (1 - alive) * slope_dropout
        slope[0] += digamma_difference(r, x)
        return slope

    @classmethod
    def summed(cls, data: tuple[Array, ...], weights: Array) -> SummedLikelihood:
        """Return the sums of log-likelihood, gradient and Hessian over weighted rows."""
        return ParetoNBDLikelihood.from_rows(data, weights)

    @classmethod
    def start(cls, x: Array, t_x: Array, T: Array, weights: Array) -> Self:
        """Return r = s = 1/2, alpha from the observed rate, beta a third of the mean T."""
        length = np.average(T, weights=weights)
        rate = np.average(x, weights=weights) / length
        return cls(r=0.5, alpha=0.35 / rate, s=0.5, beta=length / 3)

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return P(alive at T | x, t_x, T) = alive / (alive + int dropout)."""
        x, t_x, T = validate_history(x, t_x, T)
        result: Array = special.expit(self._log_alive(x, T) - self._log_dropout(x, t_x, T))
        return result

    def living(self, x: Array, t_x: Array, T: Array) -> ParetoNBD:
        """Return the model from T on if alive at T: Pareto/NBD(r + x, alpha + T, s, beta + T)."""
        x, T = np.asarray(x, float), np.asarray(T, float)
        return ParetoNBD(self.r + x, self.alpha + T, self.s, self.beta + T)  # type: ignore[arg-type]

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)] = (r / alpha) int_0^t P(tau > u) du.

        Examples
        --------
        >>> model = ParetoNBD(r=0.55, alpha=10.56, s=0.61, beta=11.64)
        >>> print(f"{model.expected_purchases(1):.8f}")
        0.05077821
        """
        t = validate_duration(t)
        growth = np.log1p(t / self.beta)
        exprel = special.exprel((1 - np.asarray(self.s)) * growth)
        result: Array = self.r / self.alpha * self.beta * growth * exprel
        return result

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n): the NBD of the time min(tau, t), integrated over tau."""
        r, alpha, s, beta, n, t = np.broadcast_arrays(
            self.r, self.alpha, self.s, self.beta, validate_counts(n), validate_duration(t)
        )
        log_choices = log_rising_factorial(r, n) - special.gammaln(n + 1)
        alive = log_choices - r * np.log1p(t / alpha) - s * np.log1p(t / beta)
        alive = alive + special.xlogy(n, t / (alpha + t))
        dropout = quadrature.log_unimodal_integral(
            rise=n, powers=((r + n, alpha), (s + 1, beta)), end=t
        )
        dropout = dropout + log_choices - n * np.log(alpha) + np.log(s) - np.log(beta)
        result: Array = np.exp(alive) + np.exp(dropout)
        return result

    def survival(self, t: Array) -> Array:
        """Return P(alive at t) = (beta / (beta + t))^s."""
        return (self.beta / (self.beta + validate_duration(t))) ** self.s

    def draw_traits(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw purchase rates lambda and dropout rates mu."""
        rate = rng.gamma(self.r, 1.0, shape) / self.alpha
        return rate, rng.gamma(self.s, 1.0, shape) / self.beta

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return (r / alpha) int_0^horizon exp(-delta u) P(tau > u) du.

        With an infinite horizon this is (r / alpha) beta^s delta^(s-1) U(s, s; delta beta), with
        Tricomi's U.

        Examples
        --------
        A customer of Fader, Hardie & Lee (2005) with 7 repeats, at 15% a year:

        >>> model = ParetoNBD(r=0.5629966, alpha=12.559037, s=0.4081095, beta=10.5148048)
        >>> print(f"{model.discounted_expected_purchases(0.0027, x=7, t_x=35, T=77.86):.7f}")
        1.8641833
        """
        r, alpha, s, beta = np.broadcast_arrays(self.r, self.alpha, self.s, self.beta)
        result: Array = r / alpha * quadrature.discounted_survival(s, beta, delta, horizon)
        return result

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array, Array]:
        """Draw histories x, t_x, T of new customers observed for T, each of T's shape."""
        rng = np.random.default_rng(seed)
        T = np.atleast_1d(np.asarray(T, float))
        rate = rng.gamma(self.r, 1 / self.alpha, size=T.shape)
        with np.errstate(divide="ignore", over="ignore"):
            lifetime = rng.standard_exponential(T.shape) / rng.gamma(self.s, 1 / self.beta, T.shape)
        active = np.minimum(lifetime, T)
        x = rng.poisson(rate * active).astype(float)
        last = rng.random(T.shape) ** (1 / np.maximum(x, 1))  # the largest of x uniform times
        return x, np.where(x > 0, active * last, 0.0), T

    def _log_alive(self, x: Array, T: Array) -> Array:
        purchases = -self.r * np.log1p(T / self.alpha) - x * np.log(self.alpha + T)
        result: Array = purchases - self.s * np.log1p(T / self.beta)
        return result

    def _log_dropout(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return ln int dropout; -inf for t_x = T."""
        return self._dropout(x, t_x, T, slopes=False)[0]

    def _dropout(
        self, x: Array, t_x: Array, T: Array, *, slopes: bool = True
    ) -> tuple[Array, Array]:
        """Return ln int dropout and, with ``slopes``, its gradient by the parameters, (4, ...)."""
        columns = np.broadcast_arrays(*self._parameters(), x, t_x, T)
        shape, size = columns[0].shape, columns[0].size
        rows = [np.ravel(column) for column in columns]
        log, slope = np.empty(size), np.empty((4, size if slopes else 0))
        for first in range(0, size, _BLOCK):
            block = slice(first, first + _BLOCK)
            log[block], means = _dropout_block(*(row[block] for row in rows), slopes=slopes)
            slope[:, block] = means
        return log.reshape(shape), slope.reshape(4, *(shape if slopes else (0,)))

    def _parameters(self) -> tuple[float, float, float, float]:
        return self.r, self.alpha, self.s, self.beta


def _dropout_block(
    r: Array, alpha: Array, s: Array, beta: Array, x: Array, t_x: Array, T: Array, *, slopes: bool
) -> tuple[Array, Array]:
    """Return ln int dropout and its gradient, summed over nodes between t_x and T."""
    p, a, b = r + x, alpha + t_x, beta + t_x
    length = np.minimum(T - t_x, quadrature.negligible_after(((p, a), (s + 1, b))))
    tau, weights = quadrature.decay_nodes(1 / ((p + 1) / a + (s + 1) / b), length)
    growth = np.log1p(tau / a[:, None]), np.log1p(tau / b[:, None])
    weights *= np.exp(-p[:, None] * growth[0] - (s[:, None] + 1) * growth[1])
    size = weights.sum(axis=1)
    before = np.log1p(t_x / alpha), np.log1p(t_x / beta)
    with np.errstate(divide="ignore"):
        log = np.log(size) + np.log(s / beta)
    log = log - r * before[0] - x * np.log(a) - (s + 1) * before[1]
    if not slopes:
        return log, np.empty((4, 0))
    weights /= np.maximum(size, 1e-300)[:, None]
    time, time_a, time_b = t_x[:, None] + tau, a[:, None] + tau, b[:, None] + tau
    parts = growth[0], time / time_a, 1 / time_a, growth[1], time / time_b
    mean = [np.einsum("pn,pn->p", part, weights) for part in parts]
    by_s = 1 / s - before[1] - mean[3]
    by_beta = ((s + 1) * mean[4] - 1) / beta
    return log, np.stack([-before[0] - mean[0], r / alpha * mean[1] - x * mean[2], by_s, by_beta])


def _alive(r: float, alpha: float, s: float, beta: float, x: Array, t: Array) -> Part:
    """Return ln alive(t) and its derivatives."""
    p, growth = r + x, (np.log1p(t / alpha), np.log1p(t / beta))
    part = t / (alpha + t), t / (beta + t)
    curve = np.zeros((4, 4, len(t)))
    curve[0, 1] = curve[1, 0] = part[0] / alpha
    curve[2, 3] = curve[3, 2] = part[1] / beta
    curve[1, 1] = -p / alpha**2 * part[0] * (2 - part[0])
    curve[3, 3] = -s / beta**2 * part[1] * (2 - part[1])
    slope = np.stack([-growth[0], p / alpha * part[0], -growth[1], s / beta * part[1]])
    return Part(-p * growth[0] - s * growth[1], slope, curve)


def _dropout(p: Array, alpha: float, s: float, beta: float, t: Array, longest: float) -> Part:
    """Return ln h(t) and its derivatives, summed over nodes between t and the longest T."""
    a, b = alpha + t, beta + t
    length = np.minimum(longest - t, quadrature.negligible_after(((p, a), (s + 1, b))))
    tau, weights = quadrature.decay_nodes(1 / ((p + 1) / a + (s + 1) / b), length)
    tau_a, tau_b = tau / a[:, None], tau / b[:, None]
    growth_a, growth_b = np.log1p(tau_a), np.log1p(tau_b)
    weights *= np.exp(-p[:, None] * growth_a - (s + 1) * growth_b)
    size = np.maximum(weights.sum(axis=1), 1e-300)  # the integral is 0 at the longest T
    weights /= size[:, None]
    before = np.log1p(t / alpha), np.log1p(t / beta)
    log = np.log(size) + np.log(s / beta) - p * before[0] - (s + 1) * before[1]
    off = (growth_a, tau_a / (1 + tau_a), growth_b, tau_b / (1 + tau_b))  # from their values at t
    mean = [np.einsum("pn,pn->p", part, weights) for part in off]
    spread = np.empty((4, 4, len(t)))
    for i in range(4):
        weighted = off[i] * weights
        for j in range(i, 4):
            both = np.einsum("pn,pn->p", weighted, off[j]) - mean[i] * mean[j]
            spread[i, j] = spread[j, i] = both
    mean[0], mean[2] = mean[0] + before[0], mean[2] + before[1]
    return _by_parameters(log, np.stack(mean), spread, (p, alpha, s, beta), t)


def _by_parameters(
    log: Array, mean: Array, spread: Array, at: tuple[Array, float, float, float], t: Array
) -> Part:
    """Return the term from the moments of its integrand over the dropout time t + tau.

    ``mean`` holds the means of ln(1 + (t + tau) / alpha) and of tau / (alpha + t + tau), and the
    same with beta; ``spread`` holds their covariances.
    """
    p, alpha, s, beta = at
    a, b = alpha + t, beta + t
    # means of (t + tau) / (alpha + t + tau), and of its square
    part_a, part_b = (t + alpha * mean[1]) / a, (t + beta * mean[3]) / b
    both_a = part_a**2 + (alpha / a) ** 2 * spread[1, 1]
    both_b = part_b**2 + (beta / b) ** 2 * spread[3, 3]
    by_beta = ((s + 1) * part_b - 1) / beta
    slope = np.stack([-mean[0], p / alpha * part_a, 1 / s - mean[2], by_beta])
    scale = np.stack([-np.ones_like(a), p / a, -np.ones_like(a), (s + 1) / b])
    curve = scale[:, None] * scale[None, :] * spread
    curve[0, 1] += part_a / alpha
    curve[2, 3] += part_b / beta
    curve[1, 0], curve[3, 2] = curve[0, 1], curve[2, 3]
    curve[1, 1] -= p / alpha**2 * (2 * part_a - both_a)
    curve[3, 3] -= ((s + 1) * (2 * part_b - both_b) - 1) / beta**2
    curve[2, 2] -= 1 / s**2
    return Part(log, slope, curve)
