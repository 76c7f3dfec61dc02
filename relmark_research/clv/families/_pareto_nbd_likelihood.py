"""Summed likelihood of Pareto/NBD: value, gradient and Hessian over many customers at once.

    L = front alive(T) [1 + o],   o = (h(t_x) - h(T)) / alive(T)
    h(t) = int_t^end dropout(tau) dtau
    alive(T) = (1+T/alpha)^-(r+x) (1+T/beta)^-s,   front = Gamma(r+x)/Gamma(r) alpha^-x
    dropout(tau) = s/beta (1+tau/alpha)^-(r+x) (1+tau/beta)^-(s+1)

There are far fewer distinct pairs (x, t_x) and (x, T) than customers, so h and its moments are
computed once per distinct pair. The difference loses no digits of L: h(T) never exceeds alive(T),
so that its rounding error is negligible in 1 + o.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relmark_research.clv.estimation.likelihood import Derivatives
from relmark_research.customers.log.distinct_histories import distinct_rows
from relmark_research.stats import quadrature
from relmark_research.stats.special import (
    digamma_difference,
    log_rising_factorial,
    trigamma_difference,
)

Array = np.ndarray

_BLOCK = 1 << 11  # pairs at once, so that the nodes of a block stay in the processor's cache


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
                r + self.x[i : i + _BLOCK], alpha, s, beta, self.t[i : i + _BLOCK], self.longest
            )
            for i in range(0, len(self.x), _BLOCK)
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
