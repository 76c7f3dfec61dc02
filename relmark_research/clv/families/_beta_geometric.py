"""Summed likelihood of models whose customers may leave when they buy: BG/NBD and MBG/NBD.

    l = u(x) + [r ln alpha - (r + x) ln(alpha + T)] + ln(1 + e^d)
    u = lnG(r + x) - lnG(r) + lnB(a, b + x) - lnB(a, b)
    d = ln a - ln(b + x - 1) + (r + x) [ln(alpha + T) - ln(alpha + t_x)], log-odds of having left

d stands only where the customer had a chance to leave: x > 0 in BG/NBD, everywhere in MBG/NBD.
Slow functions depend on x, on T or on t_x alone, so they are computed once per distinct value and
looked up; per row there remain one exponential and sums of products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relmark_research.customers.log.distinct_histories import coded
from relmark_research.stats.quadrature import beta_nodes, in_blocks, span_nodes
from relmark_research.stats.special import digamma_rise, log_rising, trigamma_rise

Array = np.ndarray
Sums = tuple[float, Array, Array]


@dataclass(frozen=True)
class LeavingSums:
    """Weighted rows, arranged so that the sums are cheap at any parameters.

    Attributes
    ----------
    x, T, t_x
        Distinct values of each column; t_x those of the rows with a chance to leave.
    by_x, by_until
        Sums of weights over each x, and of weights and weighted x over each T, (2, distinct T).
    rows
        Codes into x, T and t_x of the rows with a chance to leave, (3, rows).
    weights, gap
        Their weights, and T - t_x.
    """

    x: Array
    T: Array
    t_x: Array
    by_x: Array
    by_until: Array
    rows: tuple[Array, Array, Array]
    weights: Array
    gap: Array

    @classmethod
    def of(cls, data: tuple[Array, ...], weights: Array, *, at_first: bool) -> LeavingSums:
        """Arrange rows x, t_x, T; ``at_first``: whether the first purchase is a chance to leave."""
        x, t_x, T = (np.asarray(column, float) for column in data)
        x_code, x_values = coded(x)
        T_code, T_values = coded(T)
        chance = np.flatnonzero((x > 0) | at_first)
        t_code, t_values = coded(t_x[chance])
        return cls(
            x=x_values,
            T=T_values,
            t_x=t_values,
            by_x=np.bincount(x_code, weights, len(x_values)),
            by_until=np.stack(
                [np.bincount(T_code, w, len(T_values)) for w in (weights, weights * x)]
            ),
            rows=(x_code[chance], T_code[chance], t_code),
            weights=weights[chance],
            gap=(T - t_x)[chance],
        )

    def __call__(self, r: float, alpha: float, a: float, b: float) -> Sums:
        """Return value, gradient (4,) and Hessian (4, 4) by r, alpha, a, b."""
        counts, times = self._counts(r, a, b), self._times(r, alpha)
        left = self._left(r, alpha, a, b)
        value = counts[0] + times[0] + left[0]
        return value, counts[1] + times[1] + left[1], counts[2] + times[2] + left[2]

    def _counts(self, r: float, a: float, b: float) -> Sums:
        """Sum u over customers."""
        x, n = self.x, self.by_x
        rise, curve = digamma_rise, trigamma_rise
        value = n @ (log_rising(r, x) + log_rising(b, x) - log_rising(a + b, x))
        both = -(n @ rise(a + b, x))
        both1 = -(n @ curve(a + b, x))
        gradient = np.array([n @ rise(r, x), 0, both, both + n @ rise(b, x)])
        hessian = np.zeros((4, 4))
        hessian[0, 0] = n @ curve(r, x)
        hessian[2:, 2:] = both1
        hessian[3, 3] += n @ curve(b, x)
        return value, gradient, hessian

    def _times(self, r: float, alpha: float) -> Sums:
        """Sum r ln alpha - (r + x) ln(alpha + T) = -r ln(1 + T / alpha) - x ln(alpha + T)."""
        (n, nx), until = self.by_until, alpha + self.T
        grown, rate = np.log1p(self.T / alpha), 1 / until
        value = -r * (n @ grown) - nx @ np.log(until)
        gradient, hessian = np.zeros(4), np.zeros((4, 4))
        gradient[:2] = -n @ grown, r * (n @ (self.T * rate)) / alpha - nx @ rate
        hessian[0, 1] = hessian[1, 0] = n @ (self.T * rate) / alpha
        hessian[1, 1] = nx @ rate**2 - r * (n @ (1 / alpha**2 - rate**2))
        return value, gradient, hessian

    def _left(self, r: float, alpha: float, a: float, b: float) -> Sums:
        """Sum ln(1 + e^d) over rows with a chance to leave."""
        x_code, T_code, t_code = self.rows
        odds = b + (self.x - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            chance, by_b = (np.log(a) - np.log(odds))[x_code], (-1 / odds)[x_code]
        shape = (r + self.x)[x_code]
        by_r = np.log1p(self.T / alpha)[T_code] - np.log1p(self.t_x / alpha)[t_code]
        d = chance + shape * by_r
        until, since = (1 / (alpha + self.T))[T_code], (1 / (alpha + self.t_x))[t_code]
        slowed = -self.gap * until * since
        by_alpha = shape * slowed
        near = np.exp(-np.abs(d))
        w = self.weights * np.where(d >= 0, 1, near) / (1 + near)
        v = w / (1 + np.exp(d))
        value = _sum(self.weights, np.maximum(d, 0) + np.log1p(near))
        total, even = float(w.sum()), float(v.sum())
        slopes = (by_r, by_alpha, by_b)
        first = [_sum(w, slope) for slope in slopes]
        mixed = [_sum(v, slope) / a for slope in slopes]
        rr, r_alpha, rb, alpha2, alpha_b, bb = (
            _sum(v, one, other) for k, one in enumerate(slopes) for other in slopes[k:]
        )
        r_alpha += _sum(w, slowed)
        alpha2 -= _sum(w, by_alpha, until + since)
        bb += _sum(w, by_b, by_b)
        gradient = np.array([first[0], first[1], total / a, first[2]])
        hessian = np.array(
            [
                [rr, r_alpha, mixed[0], rb],
                [r_alpha, alpha2, mixed[1], alpha_b],
                [mixed[0], mixed[1], (even - total) / a**2, mixed[2]],
                [rb, alpha_b, mixed[2], bb],
            ]
        )
        return value, gradient, hessian


def _sum(*columns: Array) -> float:
    """Return the sum of the columns' product, in one pass and one thread.

    BLAS would wake its threads for a sum that is over before they are.
    """
    return float(np.einsum(",".join("i" * len(columns)) + "->", *columns))


# Purchases of customers who buy at a mixed rate and leave at a mixed chance: BG/NBD and MBG/NBD.
# lambda ~ Gamma(r, rate alpha), p ~ Beta(a, b); given p, a customer who may leave after each
# purchase buys E[X(t) | p] = E[1 - exp(-lambda p t)] / p = (1 - (1 + p t / alpha)^-r) / p What
# is asked is its mean over p: a positive integrand, so nothing cancels.

Values = Array | float

_WIDTH = 128  # points held per customer and moment, about
_END = 42.0  # exp(-42) is nothing beside a sum of doubles


def purchases(r: Values, alpha: Values, a: Values, b: Values, t: Values) -> Array:
    """Return E[X(t)], all arguments broadcast together."""

    def mean(r: Array, z: Array, a: Array, b: Array) -> Array:
        return _purchases(r, z[:, None], a, b)[:, 0]

    return in_blocks(mean, (r, np.asarray(t, float) / alpha, a, b), _WIDTH)


def discounted_purchases(
    r: Values, alpha: Values, a: Values, b: Values, delta: float, horizon: float
) -> Array:
    """Return the integral to the horizon of exp(-delta s) dE[X(s)], integrated by parts.

    Returns
    -------
    ndarray
        exp(-delta h) E[X(h)] + delta x integral of exp(-delta s) E[X(s)] over (0, h), where E[X(s)]
        is smooth.
    """
    if delta == 0:
        return purchases(r, alpha, a, b, np.asarray(horizon))
    end = min(horizon, _END / delta)

    def mean(r: Array, alpha: Array, a: Array, b: Array) -> Array:
        fastest = np.minimum(alpha / np.maximum(r, 1), 1 / delta)
        s, weights = span_nodes(np.full_like(alpha, end), fastest)
        moments = np.concatenate([s, np.full((len(s), 1), end)], axis=1)
        bought = _purchases(r, moments / alpha[:, None], a, b)
        weights = np.concatenate([delta * weights, np.ones((len(s), 1))], axis=1)
        return np.sum(weights * np.exp(-delta * moments) * bought, axis=1)

    return in_blocks(mean, (r, alpha, a, b), 24 * _WIDTH)


def simulate(
    r: Values, alpha: Values, a: Values, b: Values, T: Values, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Draw x, t_x, T of customers observed for T, following each until gone or the end."""
    columns = np.broadcast_arrays(r, alpha, a, b, np.atleast_1d(np.asarray(T, float)))
    shape = columns[0].shape
    r, alpha, a, b, T = (np.array(column, float).reshape(-1) for column in columns)
    rate, chance = rng.gamma(r, 1 / alpha), rng.beta(a, b)
    x, t_x, now = np.zeros(len(T)), np.zeros(len(T)), np.zeros(len(T))
    active = np.arange(len(T))
    while len(active):
        with np.errstate(divide="ignore"):
            now[active] += rng.standard_exponential(len(active)) / rate[active]
        active = active[now[active] <= T[active]]
        x[active] += 1
        t_x[active] = now[active]
        active = active[rng.random(len(active)) >= chance[active]]
    return x.reshape(shape), t_x.reshape(shape), T.reshape(shape)


def _purchases(r: Array, z: Array, a: Array, b: Array) -> Array:
    """Return E[X] at times z (in units of alpha), shape (customers, times), from shared points."""
    knee = -np.log(np.maximum(z.max(axis=1) * np.maximum(r, 1), 1e-300))
    fine = 1.4 if np.any(z.max(axis=1) > 300 * z.min(axis=1)) else 1.0
    nodes = beta_nodes(a, b, knee=np.minimum(knee, 0.0), fine=fine)
    p, r = nodes.p[:, None, :], r[:, None, None]
    bought = -np.expm1(-r * np.log1p(p * z[:, :, None]))
    early = p < 1e-290
    mean = np.einsum("ckp,cp->ck", bought, nodes.weights / np.where(early, 1, p)[:, 0])
    if early.any():
        mean += r[:, :, 0] * z * np.sum(nodes.weights * early[:, 0], axis=1)[:, None]
    return mean
