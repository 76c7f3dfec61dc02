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
from scipy import special

from relmark_research.clv.gammas import log_rising, trigamma
from relmark_research.customers.histories import coded

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
    weights
        Their weights.
    """

    x: Array
    T: Array
    t_x: Array
    by_x: Array
    by_until: Array
    rows: tuple[Array, Array, Array]
    weights: Array

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
        )

    def __call__(self, r: float, alpha: float, a: float, b: float) -> Sums:
        """Return value, gradient (4,) and Hessian (4, 4) by r, alpha, a, b."""
        parts = (self._counts(r, a, b), self._times(r, alpha), self._left(r, alpha, a, b))
        value, gradient, hessian = zip(*parts, strict=True)
        return float(sum(value)), sum(gradient), sum(hessian)  # type: ignore[return-value]

    def _counts(self, r: float, a: float, b: float) -> Sums:
        """Sum u over customers."""
        x, n = self.x, self.by_x
        psi, psi1 = special.digamma, trigamma
        value = n @ (log_rising(r, x) + log_rising(b, x) - log_rising(a + b, x))
        both = n @ (psi(a + b) - psi(a + b + x))
        both1 = n @ (psi1(a + b) - psi1(a + b + x))
        gradient = np.array([n @ (psi(r + x) - psi(r)), 0, both, both + n @ (psi(b + x) - psi(b))])
        hessian = np.zeros((4, 4))
        hessian[0, 0] = n @ (psi1(r + x) - psi1(r))
        hessian[2:, 2:] = both1
        hessian[3, 3] += n @ (psi1(b + x) - psi1(b))
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
        shape, odds = r + self.x, b + self.x - 1
        scale = (shape, np.log(alpha + self.T), np.log(alpha + self.t_x))
        shape_row, grown = scale[0][x_code], scale[1][T_code] - scale[2][t_code]
        with np.errstate(divide="ignore", invalid="ignore"):
            start = np.log(a) - np.log(odds)
        d = start[x_code] + shape_row * grown
        left = special.expit(d)
        value = self.weights @ np.logaddexp(0, d)
        rate_T, rate_t = 1 / (alpha + self.T), 1 / (alpha + self.t_x)
        slope = np.empty((3, len(d)))  # of d by r, alpha, b; by a it is 1 / a
        slope[0] = grown
        slope[1] = rate_T[T_code] - rate_t[t_code]
        curved = slope[1] * (rate_T[T_code] + rate_t[t_code])
        unshaped = slope[1].copy()
        slope[1] *= shape_row
        slope[2] = -1 / odds[x_code]
        w = self.weights * left
        v = w * (1 - left)
        first, weighted, total = slope @ w, slope * v, float(v.sum())
        cross = np.zeros((4, 4))
        order = np.array([0, 1, 3])
        cross[np.ix_(order, order)] = weighted @ slope.T
        cross[2, order] = cross[order, 2] = weighted.sum(axis=1) / a
        cross[2, 2] = total / a**2 - w.sum() / a**2
        cross[0, 1] += w @ unshaped
        cross[1, 0] = cross[0, 1]
        cross[1, 1] -= w @ (shape_row * curved)
        cross[3, 3] += w @ slope[2] ** 2
        return value, np.array([first[0], first[1], w.sum() / a, first[2]]), cross
