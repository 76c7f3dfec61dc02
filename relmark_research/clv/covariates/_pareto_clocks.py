"""Pareto/NBD with covariates that change with time: one clock of purchases, one of dropout.

With A and C the clocks of the purchase rate and of the dropout rate, a = A' and c = C',

    L = G(r + x)/G(r) alpha^r beta^s prod_j a(t_j) { (alpha + A(T))^-(r + x) (beta + C(T))^-s
        + s int_tx^T c(u) (alpha + A(u))^-(r + x) (beta + C(u))^-(s + 1) du }.

The integrand is smooth on each piece, and integrated by six Gauss-Legendre points on parts of a
week at most, shorter where a customer buys often. Everything is in logarithms relative to the
largest value, since the integral underflows for customers with many purchases.

Source: Bachmann, Meierer & Naef (2021), Marketing Science 40(4), 783-809.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy import special

from relmark_research.clv.covariates._exposure import Pieces
from relmark_research.stats.newton import Point
from relmark_research.stats.special import digamma_difference, log_rising_factorial

Array = np.ndarray

_POINTS = 6  # Gauss-Legendre points per part
_PART_DAYS = 7.0  # longest part
_FALL = 2.5  # largest fall of the logarithm of the integrand within a part, about
_STEP = 1e-4  # of the estimates, for the Hessian
_LIMIT = 300.0  # larger logarithms would overflow


@dataclass(frozen=True, eq=False)
class ParetoClocks:
    """The log-likelihood by the log-parameters and the effects on both rates.

    Attributes
    ----------
    x
        Repeat purchases, shape (customers,).
    rate, dropout
        Distinct values of the covariates of both rates, (values, effects).
    code, length, owner
        Value, length and customer of each observed piece.
    last
        Whether each piece is before the last purchase.
    piece, share, weight
        Piece of each node, its place in the piece as a share, and its weight times length.
    totals
        Sum of the covariates of the rate over repeat purchases, (effects, customers).
    """

    x: Array = field(repr=False)
    rate: Array = field(repr=False)
    dropout: Array = field(repr=False)
    code: Array = field(repr=False)
    length: Array = field(repr=False)
    owner: Array = field(repr=False)
    last: Array = field(repr=False)
    piece: Array = field(repr=False)
    share: Array = field(repr=False)
    weight: Array = field(repr=False)
    totals: Array = field(repr=False)

    @classmethod
    def of(
        cls, pieces: Pieces, code: Array, rate: Array, dropout: Array, days: float
    ) -> ParetoClocks:
        """Arrange pieces, whose covariates are distinct values; ``code`` is that of each row."""
        observed = pieces.is_observed & (pieces.lengths > 0)
        starts, length = pieces.starts[observed], pieces.lengths[observed] / days
        owner = starts // pieces.span
        stop = np.append(pieces.opened[1:], len(pieces.purchases)) - 1
        before = starts < pieces.purchases[stop][owner]
        x = pieces.frequency
        span = np.maximum(np.bincount(owner, np.where(before, length, 0.0), len(x)), 1e-9)
        fall = np.where(x > 0, x / span, 0.0)[owner] * length / _FALL
        parts = np.maximum(np.ceil(length * days / _PART_DAYS), np.ceil(fall)).astype(int)
        open_ = np.flatnonzero(~before)
        piece, share, weight = _nodes(open_, parts[open_], length[open_])
        repeats, buyer = pieces.purchase_row[pieces.is_repeat], pieces.purchase_owner
        buyer = buyer[pieces.is_repeat]
        columns = rate[code[repeats]].T
        totals = np.array([np.bincount(buyer, column, len(x)) for column in columns])
        kinds = code[pieces.row[observed]]
        return cls(x, rate, dropout, kinds, length, owner, before, piece, share, weight, totals)

    @property
    def customers(self) -> int:
        """Number of customers."""
        return len(self.x)

    def moments(self) -> tuple[Array, Array]:
        """Return mean and standard deviation of all covariates over the time observed."""
        both = np.column_stack([self.rate, self.dropout])
        time = np.bincount(self.code, self.length, len(both))
        mean = time @ both / time.sum()
        return mean, np.sqrt(time @ (both - mean) ** 2 / time.sum())

    def scaled(self, centre: Array, scale: Array) -> ParetoClocks:
        """Return the likelihood by the effects of centred and scaled covariates."""
        p = self.rate.shape[1]
        totals = (self.totals - self.x * centre[:p, None]) / scale[:p, None]
        rate = (self.rate - centre[:p]) / scale[:p]
        dropout = (self.dropout - centre[p:]) / scale[p:]
        return replace(self, rate=rate, dropout=dropout, totals=totals)

    def evaluate(self, at: Array) -> Point:
        """Return value, gradient and Hessian by the log-parameters and the effects."""
        with np.errstate(all="ignore"):
            value, gradient = self.summed(at)
            steps = np.eye(len(at)) * _STEP
            columns = [(self.summed(at + u)[1] - self.summed(at - u)[1]) for u in steps]
        hessian = np.array(columns) / (2 * _STEP)
        return Point(np.asarray(at, float), value, gradient, (hessian + hessian.T) / 2)

    def summed(self, at: Array) -> tuple[float, Array]:
        """Return the sum of the log-likelihood and its gradient."""
        value, gradient = self.by_customer(at)
        return float(value.sum()), gradient.sum(axis=1)

    def searched(self, at: Array) -> Point:
        """Return the same with minus the sum of squared scores for the Hessian, 20 times faster."""
        with np.errstate(all="ignore"):
            value, gradient = self.by_customer(at)
        return Point(
            np.asarray(at, float), float(value.sum()), gradient.sum(axis=1), -gradient @ gradient.T
        )

    def log_odds_alive(self, at: Array) -> Array:
        """Return the log-odds of being alive at the end, per customer."""
        terms = self._terms(at)
        result: Array = terms[0] - terms[2]
        return result

    def by_customer(self, at: Array) -> tuple[Array, Array]:
        """Return each log-likelihood and its gradient, (estimates, customers)."""
        r, x = float(np.exp(at[0])), self.x
        alive, by_alive, left, by_left = self._terms(at)
        chance = special.expit(alive - left)
        gradient = chance * by_alive + (1 - chance) * np.where(np.isfinite(left), by_left, 0.0)
        gradient[0] += digamma_difference(r, x)
        gradient[:4] *= np.exp(at[:4])[:, None]
        effects = at[4 : 4 + len(self.totals)]
        gradient[4 : 4 + len(effects)] += self.totals
        value = log_rising_factorial(r, x) + np.logaddexp(alive, left) + effects @ self.totals
        return value, gradient

    def _terms(self, at: Array) -> tuple[Array, Array, Array, Array]:
        """Return the logarithms of both terms with their gradients by parameters and effects."""
        r, alpha, s, beta = np.exp(np.clip(at[:4], -_LIMIT, _LIMIT))
        p = self.rate.shape[1]
        A, C = (
            _Clock.of(self, values, effects)
            for values, effects in ((self.rate, at[4 : 4 + p]), (self.dropout, at[4 + p :]))
        )
        n = r + self.x
        end_a, end_c = A.end, C.end
        alive = -r * np.log1p(end_a[0] / alpha) - self.x * np.log(alpha + end_a[0])
        alive = alive - s * np.log1p(end_c[0] / beta)
        by_alive = np.concatenate(
            [
                [-np.log1p(end_a[0] / alpha)],
                [(r * end_a[0] - self.x * alpha) / (alpha * (alpha + end_a[0]))],
                [-np.log1p(end_c[0] / beta), s * end_c[0] / (beta * (beta + end_c[0]))],
                -n / (alpha + end_a[0]) * end_a[1:],
                -s / (beta + end_c[0]) * end_c[1:],
            ]
        )
        left, by_left = self._integral((r, alpha, s, beta), A, C)
        return alive, by_alive, left, by_left

    def _integral(
        self, parameters: tuple[float, float, float, float], A: _Clock, C: _Clock
    ) -> tuple[Array, Array]:
        """Return the logarithm of the term of dropout and its gradient, per customer."""
        r, alpha, s, beta = parameters
        group, present, first = self._groups
        at_a, at_c = A.at_nodes(self), C.at_nodes(self)
        x = self.x[present][group]
        passed_a, passed_c = np.log1p(at_a[0] / alpha), np.log1p(at_c[0] / beta)
        per_a, per_c = 1 / (alpha + at_a[0]), 1 / (beta + at_c[0])
        log = self._log_weight + np.log(C.speed)[self.piece] + np.log(s / beta)
        log = log - (r + x) * passed_a - (s + 1) * passed_c
        top = np.maximum.reduceat(log, first)
        share = np.exp(log - top[group])
        total = np.add.reduceat(share, first)

        def mean(column: Array) -> Array:
            """Return the mean over the nodes of each customer with nodes."""
            result: Array = np.add.reduceat(share * column, first) / total
            return result

        n = r + self.x[present]
        slopes = [
            -mean(passed_a),
            mean((r * at_a[0] - x * alpha) * per_a) / alpha,
            1 / s - mean(passed_c),
            mean((s * at_c[0] - beta) * per_c) / beta,
            *(-n * mean(per_a * row) for row in at_a[1:]),
        ]
        moved = self.dropout[self.code[self.piece]].T - (s + 1) * per_c * at_c[1:]
        slopes += [mean(row) for row in moved]
        value, gradient = np.full(len(self.x), -np.inf), np.full((len(slopes), len(self.x)), np.nan)
        value[present] = top + np.log(total) - self.x[present] * np.log(alpha)
        gradient[:, present] = slopes
        return value, gradient

    @cached_property
    def _groups(self) -> tuple[Array, Array, Array]:
        """Place of each node's customer among those with nodes, these, and their first nodes."""
        owner = self.owner[self.piece]
        first = np.flatnonzero(np.diff(owner, prepend=-1))
        return np.cumsum(np.diff(owner, prepend=-1) > 0) - 1, owner[first], first

    @cached_property
    def _log_weight(self) -> Array:
        result: Array = np.log(self.weight)
        return result


@dataclass(frozen=True, eq=False)
class _Clock:
    """A clock with its derivatives by the effects: rows are A, then dA per effect."""

    speed: Array
    values: Array
    before: Array
    end: Array

    @classmethod
    def of(cls, data: ParetoClocks, values: Array, effects: Array) -> _Clock:
        """Return the clock of the pieces for these effects."""
        by_value = np.exp(np.clip(values @ effects, -_LIMIT, _LIMIT))
        columns = np.column_stack([by_value, by_value[:, None] * values])[data.code]
        passed = columns.T * data.length
        running = np.cumsum(passed, axis=1, dtype=np.longdouble)
        starts = np.flatnonzero(np.diff(data.owner, prepend=-1))
        first = np.zeros((len(running), len(data.x)), np.longdouble)
        first[:, data.owner[starts]] = running[:, starts] - passed[:, starts]
        before = (running - passed - first[:, data.owner]).astype(float)
        end = np.array([np.bincount(data.owner, row, len(data.x)) for row in passed])
        return cls(by_value[data.code], values, before, end)

    def at_nodes(self, data: ParetoClocks) -> Array:
        """Return the clock at each node, with its derivatives."""
        within = self.speed[data.piece] * data.length[data.piece] * data.share
        slopes = self.values[data.code[data.piece]].T
        result: Array = self.before[:, data.piece] + np.concatenate([within[None], within * slopes])
        return result


def _nodes(pieces: Array, parts: Array, length: Array) -> tuple[Array, Array, Array]:
    """Return piece, place as a share and weight of the nodes of pieces cut into equal parts."""
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    whole = np.repeat(np.arange(len(pieces)), parts)
    number = np.arange(len(whole)) - np.repeat(np.cumsum(parts) - parts, parts)
    share = (number[:, None] + (points + 1) / 2) / parts[whole][:, None]
    weight = length[whole][:, None] / parts[whole][:, None] * weights / 2
    return np.repeat(pieces[whole], _POINTS), share.ravel(), weight.ravel()
