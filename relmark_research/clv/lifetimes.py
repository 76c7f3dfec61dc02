"""Summed likelihood of Pareto/NBD: value, gradient and Hessian over many customers at once.

    L = front alive(T) [1 + o],   o = (h(t_x) - h(T)) / alive(T),   h(t) = int_t^end left(tau) dtau
    alive(T) = (alpha+T)^-(r+x) (beta+T)^-s,   left(tau) = s (alpha+tau)^-(r+x) (beta+tau)^-(s+1)

Customers share the pairs (x, t_x) and (x, T), which are far fewer than they; h and its moments are
computed once per distinct pair. The difference is safe: h(T) never exceeds alive(T), so that what
rounds away in it is nothing beside 1 + o.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from relmark_research.clv import decay
from relmark_research.clv.gammas import log_rising, trigamma
from relmark_research.customers.histories import distinct

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
                n @ (special.digamma(r + x) - special.digamma(r) - grown[0]),
                n @ ((r * t / alpha - x) / a),
                -n @ grown[1],
                s * (n @ (t / b)) / beta,
            ]
        )
        hessian = np.zeros((4, 4))
        hessian[0, 0] = n @ (trigamma(r + x) - trigamma(r))
        hessian[0, 1] = hessian[1, 0] = n @ (t / a) / alpha
        hessian[2, 3] = hessian[3, 2] = n @ (t / b) / beta
        hessian[1, 1] = n @ ((x - r * t * (2 * alpha + t) / alpha**2) / a**2)
        hessian[3, 3] = -s * (n @ (t * (2 * beta + t) / b**2)) / beta**2
        return value, gradient, hessian


def _alive(r: float, alpha: float, s: float, beta: float, x: Array, t: Array) -> Part:
    """Return ln alive(t) and its derivatives."""
    p, a, b = r + x, alpha + t, beta + t
    log = -p * np.log(a) - s * np.log(b)
    curve = np.zeros((4, 4, len(t)))
    curve[0, 1] = curve[1, 0] = -1 / a
    curve[2, 3] = curve[3, 2] = -1 / b
    curve[1, 1], curve[3, 3] = p / a**2, s / b**2
    return Part(log, -np.stack([np.log(a), p / a, np.log(b), s / b]), curve)


def _departures(p: Array, alpha: float, s: float, beta: float, t: Array, end: float) -> Part:
    """Return ln h(t) and its derivatives, summed over points between t and the end."""
    a, b = alpha + t, beta + t
    length = np.minimum(end - t, decay.fall_length(((p, a), (s + 1, b))))
    tau, weights = decay.falling_nodes(1 / ((p + 1) / a + (s + 1) / b), length)
    tau_a, tau_b = tau / a[:, None], tau / b[:, None]
    grown_a, grown_b = np.log1p(tau_a), np.log1p(tau_b)
    weights *= np.exp(-p[:, None] * grown_a - (s + 1) * grown_b)
    size = np.maximum(weights.sum(axis=1), 1e-300)  # nothing is left where t is the end
    weights /= size[:, None]
    log = np.log(s * size) - p * np.log(a) - (s + 1) * np.log(b)
    off = (grown_a, tau_a / (1 + tau_a), grown_b, tau_b / (1 + tau_b))  # from their values at t
    mean = [np.einsum("pn,pn->p", part, weights) for part in off]
    spread = np.empty((4, 4, len(t)))
    for i in range(4):
        weighted = off[i] * weights
        for j in range(i, 4):
            both = np.einsum("pn,pn->p", weighted, off[j]) - mean[i] * mean[j]
            spread[i, j] = spread[j, i] = both
    return _by_parameters(log, np.stack(mean), spread, (p, a, s, b))


def _by_parameters(
    log: Array, mean: Array, spread: Array, at: tuple[Array, Array, float, Array]
) -> Part:
    """Turn moments into derivatives.

    ``mean`` and ``spread`` are the means and covariances of ln(a + tau) - ln a, 1 - a / (a + tau),
    and the same of b, over the tau between t and the end.
    """
    p, a, s, b = at
    left_a, left_b = 1 - mean[1], 1 - mean[3]  # of a / (a + tau)
    slope = np.stack(
        [
            -np.log(a) - mean[0],
            -p / a * left_a,
            1 / s - np.log(b) - mean[2],
            -(s + 1) / b * left_b,
        ]
    )
    scale = np.stack([-np.ones_like(a), p / a, -np.ones_like(a), (s + 1) / b])
    curve = scale[:, None] * scale[None, :] * spread
    curve[0, 1] -= left_a / a
    curve[2, 3] -= left_b / b
    curve[1, 0], curve[3, 2] = curve[0, 1], curve[2, 3]
    curve[1, 1] += p / a**2 * (left_a**2 + spread[1, 1])
    curve[3, 3] += (s + 1) / b**2 * (left_b**2 + spread[3, 3])
    curve[2, 2] -= 1 / s**2
    return Part(log, slope, curve)
