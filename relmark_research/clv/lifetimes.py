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
from relmark_research.customers.histories import distinct

Array = np.ndarray
Sums = tuple[float, Array, Array]

_BLOCK = 1 << 11  # pairs at once, so that the points of a block stay in the processor's cache


@dataclass(frozen=True)
class Moments:
    """What is known of h at some pairs: its logarithm, and derivatives relative to its size.

    Attributes
    ----------
    log
        ln h, shape (pairs,).
    first
        d h / h by r, alpha, s, beta, shape (4, pairs).
    second
        d d h / h, shape (4, 4, pairs).
    """

    log: Array
    first: Array
    second: Array


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
        return cls(*pairs.columns, last, end, np.asarray(weights, float), float(T.max()))

    def __call__(self, values: Array) -> Sums:
        """Return value, gradient (4,) and Hessian (4, 4) by r, alpha, s, beta."""
        left, alive = self._left(*values), _alive(*values, self.x, self.t)
        last, end = self.from_last, self.from_end
        since_last = left.log[last] - alive.log[end]
        since_end = (left.log - alive.log)[end]
        with np.errstate(divide="ignore"):
            odds = since_last + np.log(-np.expm1(np.minimum(since_end - since_last, 0)))
        total = np.logaddexp(0, odds)
        shares = [np.exp(part - total) for part in (since_last, since_end, 0.0)]
        slope = shares[0] * left.first[:, last]
        slope += -shares[1] * left.first[:, end] + shares[2] * alive.first[:, end]
        sums = [
            np.bincount(at, self.weights * share, len(self.x))
            for share, at in zip(shares, (last, end, end), strict=True)
        ]
        value = self.weights @ total + np.bincount(end, self.weights, len(self.x)) @ alive.log
        second = left.second @ (sums[0] - sums[1]) + alive.second @ sums[2]
        second -= (slope * self.weights) @ slope.T
        front = self._front(*values)
        return value + front[0], slope @ self.weights + front[1], second + front[2]

    def _left(self, r: float, alpha: float, s: float, beta: float) -> Moments:
        blocks = [
            _moments(r + self.x[i : i + _BLOCK], alpha, s, beta, self.t[i : i + _BLOCK], self.end)
            for i in range(0, len(self.x), _BLOCK)
        ]
        return Moments(
            np.concatenate([block.log for block in blocks]),
            np.concatenate([block.first for block in blocks], axis=1),
            np.concatenate([block.second for block in blocks], axis=2),
        )

    def _front(self, r: float, alpha: float, s: float, beta: float) -> Sums:
        """Sum lnG(r + x) - lnG(r) + r ln alpha + s ln beta."""
        weights, n = np.bincount(self.from_end, self.weights, len(self.x)), self.weights.sum()
        x, counts = self.x, weights
        value = counts @ (special.gammaln(r + x) - special.gammaln(r))
        value += n * (r * np.log(alpha) + s * np.log(beta))
        by_r = counts @ (special.digamma(r + x) - special.digamma(r)) + n * np.log(alpha)
        hessian = np.zeros((4, 4))
        hessian[0, 0] = counts @ (special.zeta(2, r + x) - special.zeta(2, r))
        hessian[0, 1] = hessian[1, 0] = n / alpha
        hessian[2, 3] = hessian[3, 2] = n / beta
        hessian[1, 1], hessian[3, 3] = -n * r / alpha**2, -n * s / beta**2
        return value, np.array([by_r, n * r / alpha, n * np.log(beta), n * s / beta]), hessian


def _alive(r: float, alpha: float, s: float, beta: float, x: Array, t: Array) -> Moments:
    """Return ln alive(t) and its derivatives."""
    p, a, b = r + x, alpha + t, beta + t
    log = -p * np.log(a) - s * np.log(b)
    first = np.stack([-np.log(a), -p / a, -np.log(b), -s / b])
    second = first[:, None] * first[None, :]
    second[0, 1] -= 1 / a
    second[2, 3] -= 1 / b
    second[1, 0], second[3, 2] = second[0, 1], second[2, 3]
    second[1, 1] += p / a**2
    second[3, 3] += s / b**2
    return Moments(log, first, second)


def _moments(p: Array, alpha: float, s: float, beta: float, t: Array, end: float) -> Moments:
    """Return ln h(t) and its derivatives, summed over points between t and the end."""
    a, b = alpha + t, beta + t
    length = np.minimum(end - t, decay.fall_length(((p, a), (s + 1, b))))
    tau, weights = decay.falling_nodes(1 / ((p + 1) / a + (s + 1) / b), length)
    p, a, b = p[:, None], a[:, None], b[:, None]
    grown = np.log1p(tau / a), np.log1p(tau / b)
    weights *= np.exp(-p * grown[0] - (s + 1) * grown[1])
    size = np.maximum(weights.sum(axis=1), 1e-300)  # nothing is left where t is the end
    weights /= size[:, None]
    far = (grown[0] + np.log(a), 1 / (a + tau), grown[1] + np.log(b), 1 / (b + tau))
    mean = [np.einsum("pn,pn->p", part, weights) for part in far]
    square = np.empty((4, 4, len(t)))
    for i in range(4):
        weighted = far[i] * weights
        for j in range(i, 4):
            square[i, j] = square[j, i] = np.einsum("pn,pn->p", weighted, far[j])
    log = np.log(s * size) - p[:, 0] * np.log(a[:, 0]) - (s + 1) * np.log(b[:, 0])
    return _by_parameters(log, np.stack(mean), square, p[:, 0], s)


def _by_parameters(log: Array, mean: Array, square: Array, p: Array, s: float) -> Moments:
    """Turn moments of ln(alpha+tau), 1/(alpha+tau), ln(beta+tau), 1/(beta+tau) into derivatives."""
    scale = np.ones((4, len(p)))
    scale[1], scale[3] = p, s + 1
    first = -scale * mean
    second = scale[:, None] * scale[None, :] * square
    second[2] += first / s
    second[:, 2] += first / s  # and 1 / s^2 - 1 / s^2
    first[2] += 1 / s
    second[0, 1] -= mean[1]
    second[2, 3] -= mean[3]
    second[1, 0], second[3, 2] = second[0, 1], second[2, 3]
    second[1, 1] += p * square[1, 1]
    second[3, 3] += (s + 1) * square[3, 3]
    return Moments(log, first, second)
