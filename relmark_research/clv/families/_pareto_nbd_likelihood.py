"""Summed likelihood of Pareto/NBD: value, gradient and Hessian over many customers at once.

    L = front alive(T) [1 + o],   o = (h(t_x) - h(T)) / alive(T),   h(t) = int_t^end left(tau) dtau
    alive(T) = (1+T/alpha)^-(r+x) (1+T/beta)^-s,   front = Gamma(r+x)/Gamma(r) alpha^-x
    left(tau) = s/beta (1+tau/alpha)^-(r+x) (1+tau/beta)^-(s+1)

Customers share the pairs (x, t_x) and (x, T), which are far fewer than they; h and its moments are
computed once per distinct pair. The difference is safe: h(T) never exceeds alive(T), so that what
rounds away in it is nothing beside 1 + o.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relmark_research.customers.log.distinct_histories import distinct
from relmark_research.stats import quadrature
from relmark_research.stats.special import digamma_rise, log_rising, trigamma_rise

Array = np.ndarray
Sums = tuple[float, Array, Array]

_BLOCK = 1 << 11  # pairs at once, so that the points of a block stay in the processor's cache


@dataclass(frozen=True)
class Part:
    """Alive or left, at some pairs: its logarithm, and the derivatives of that.

    Derivatives are kept apart from their squares, which would round away where parameters are
    large: the second derivative of an average is that of its parts, and how their first differ.

    Attributes
    ----------
    log
        Shape (pairs,).
    slope
        By r, alpha, s, beta, shape (4, pairs).
    curve
        Second derivatives, shape (4, 4, pairs).
    """

    log: Array
    slope: Array
    curve: Array


@dataclass(frozen=True)
class LifetimeSums:
    """Weighted rows, arranged so that the sums are cheap at any parameters.

    Attributes
    ----------
    x, t
        The distinct pairs of purchases with t_x or T.
    from_last, from_end
        For each row, where its (x, t_x) and its (x, T) stand among the pairs.
    weights
        Customers per row.
    end
        The longest T.
    """

    x: Array
    t: Array
    from_last: Array
    from_end: Array
    weights: Array
    end: float

    @classmethod
    def of(cls, data: tuple[Array, ...], weights: Array) -> LifetimeSums:
        """Arrange rows x, t_x, T."""
        x, t_x, T = (np.asarray(column, float) for column in data)
        pairs = distinct(np.concatenate([x, x]), np.concatenate([t_x, T]))
        last, end = np.split(pairs.inverse, 2)
        counts, moments = pairs.columns
        return cls(counts, moments, last, end, np.asarray(weights, float), float(T.max()))

    def __call__(self, values: Array) -> Sums:
        """Return value, gradient (4,) and Hessian (4, 4) by r, alpha, s, beta."""
        r, alpha, s, beta = map(float, values)
        left, alive = self._left(r, alpha, s, beta), _alive(r, alpha, s, beta, self.x, self.t)
        last, end, pairs = self.from_last, self.from_end, len(self.x)
        since_last = left.log[last] - alive.log[end]
        since_end = (left.log - alive.log)[end]
        with np.errstate(divide="ignore"):
            odds = since_last + np.log(-np.expm1(np.minimum(since_end - since_last, 0)))
        total = np.logaddexp(0, odds)
        share, beyond = np.exp(since_last - total), np.exp(since_end - total)
        off_last = left.slope[:, last] - alive.slope[:, end]
        off_end = left.slope - alive.slope
        slope = share * off_last - beyond * off_end[:, end]
        share, beyond = share * self.weights, beyond * self.weights
        by_end = np.bincount(end, beyond, pairs)
        hessian = left.curve @ (np.bincount(last, share, pairs) - by_end)
        hessian -= alive.curve @ (np.bincount(end, share, pairs) - by_end)
        hessian += (off_last * share) @ off_last.T - (off_end * by_end) @ off_end.T
        hessian -= (slope * self.weights) @ slope.T
        value, gradient, curve = self._all_alive(r, alpha, s, beta)
        return value + self.weights @ total, gradient + slope @ self.weights, hessian + curve

    def _left(self, r: float, alpha: float, s: float, beta: float) -> Part:
        blocks = [
            _departures(
                r + self.x[i : i + _BLOCK], alpha, s, beta, self.t[i : i + _BLOCK], self.end
            )
            for i in range(0, len(self.x), _BLOCK)
        ]
        return Part(
            np.concatenate([block.log for block in blocks]),
            np.concatenate([block.slope for block in blocks], axis=1),
            np.concatenate([block.curve for block in blocks], axis=2),
        )

    def _all_alive(self, r: float, alpha: float, s: float, beta: float) -> Sums:
        """Sum ln (front alive), as if everybody were alive."""
        n, x, t = np.bincount(self.from_end, self.weights, len(self.x)), self.x, self.t
        a, b = alpha + t, beta + t
        grown = np.log1p(t / alpha), np.log1p(t / beta)
        value = n @ (log_rising(r, x) - r * grown[0] - x * np.log(a) - s * grown[1])
        gradient = np.array(
            [
                n @ (digamma_rise(r, x) - grown[0]),
                n @ ((r * t / alpha - x) / a),
                -n @ grown[1],
                s * (n @ (t / b)) / beta,
            ]
        )
        hessian = np.zeros((4, 4))
        hessian[0, 0] = n @ trigamma_rise(r, x)
        hessian[0, 1] = hessian[1, 0] = n @ (t / a) / alpha
        hessian[2, 3] = hessian[3, 2] = n @ (t / b) / beta
        hessian[1, 1] = n @ ((x - r * t * (2 * alpha + t) / alpha**2) / a**2)
        hessian[3, 3] = -s * (n @ (t * (2 * beta + t) / b**2)) / beta**2
        return value, gradient, hessian


def _alive(r: float, alpha: float, s: float, beta: float, x: Array, t: Array) -> Part:
    """Return ln alive(t) and its derivatives."""
    p, grown = r + x, (np.log1p(t / alpha), np.log1p(t / beta))
    part = t / (alpha + t), t / (beta + t)
    curve = np.zeros((4, 4, len(t)))
    curve[0, 1] = curve[1, 0] = part[0] / alpha
    curve[2, 3] = curve[3, 2] = part[1] / beta
    curve[1, 1] = -p / alpha**2 * part[0] * (2 - part[0])
    curve[3, 3] = -s / beta**2 * part[1] * (2 - part[1])
    slope = np.stack([-grown[0], p / alpha * part[0], -grown[1], s / beta * part[1]])
    return Part(-p * grown[0] - s * grown[1], slope, curve)


def _departures(p: Array, alpha: float, s: float, beta: float, t: Array, end: float) -> Part:
    """Return ln h(t) and its derivatives, summed over points between t and the end."""
    a, b = alpha + t, beta + t
    length = np.minimum(end - t, quadrature.fall_length(((p, a), (s + 1, b))))
    tau, weights = quadrature.falling_nodes(1 / ((p + 1) / a + (s + 1) / b), length)
    tau_a, tau_b = tau / a[:, None], tau / b[:, None]
    grown_a, grown_b = np.log1p(tau_a), np.log1p(tau_b)
    weights *= np.exp(-p[:, None] * grown_a - (s + 1) * grown_b)
    size = np.maximum(weights.sum(axis=1), 1e-300)  # nothing is left where t is the end
    weights /= size[:, None]
    before = np.log1p(t / alpha), np.log1p(t / beta)
    log = np.log(size) + np.log(s / beta) - p * before[0] - (s + 1) * before[1]
    off = (grown_a, tau_a / (1 + tau_a), grown_b, tau_b / (1 + tau_b))  # from their values at t
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
    """Turn moments into derivatives.

    ``mean`` holds the means of ln(1 + moment / alpha) and of tau / (alpha + t + tau), and the same
    of beta, over the moment t + tau between t and the end; ``spread`` their covariances.
    """
    p, alpha, s, beta = at
    a, b = alpha + t, beta + t
    # of moment / (alpha + moment), and of that squared
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
