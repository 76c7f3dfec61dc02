"""Pareto/NBD on two clocks per customer: one of purchases, one of dropout.

From T on a customer who is alive buys at lambda a(u) and drops out at mu c(u), with lambda ~
Gamma(r + x, alpha + A(T)) and mu ~ Gamma(s, beta + C(T)). Quantities are integrals over the time u
of dropout, by Gauss-Legendre points on parts of a week at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, Self

import numpy as np
from scipy import special

from relmark_research.clv.covariates._exposure import Clock
from relmark_research.clv.covariates._pareto_clocks import ParetoClocks
from relmark_research.clv.covariates.clock_model import FittedOnClocks, OnOwnClocks
from relmark_research.clv.families._validate_history import validate_counts
from relmark_research.errors import ParameterError
from relmark_research.stats.renewals import negative_binomial_pmf

Array = np.ndarray

_PART = 7.0  # longest part of an integral, in days
_POINTS = 6  # Gauss-Legendre points per part


@dataclass(frozen=True)
class TwoClockModel(FittedOnClocks, registered=False):
    """One Pareto/NBD per customer, on the customer's clocks of purchases and of dropout.

    Effects are those on the purchase rate, then on the dropout rate.

    Parameters
    ----------
    likelihood
        The likelihood of the customers' histories.
    """

    likelihood: ParetoClocks = field(repr=False)

    shared: ClassVar[tuple[str, ...]] = ("pair", "_log_odds")

    @cached_property
    def pair(self) -> tuple[Clock, Clock]:
        """The clocks of purchases and of dropout, of all customers."""
        p = self.source.values.shape[1]
        purchases, dropout = self.effects[:p], self.effects[p:]
        return self.source.clock(purchases), self.source.dropout_clock(dropout)

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return P(alive at the end of the covariates' log); T must be that day."""
        self._since(T)
        result: Array = special.expit(self._log_odds[self.rows])
        return result

    def living(self, x: Array, t_x: Array, T: Array) -> LivingOnTwoClocks:
        """Return the model from the end of the log on, whose clocks go on from there."""
        since, per = self._since(T), self.source.unit.days
        first = self.source.pieces.first[self.rows].astype(float)
        A, C = (clock.between(self.rows, first, since) / per for clock in self.pair)
        r, alpha, s, beta = self.plain.values
        gamma = (r + np.asarray(x, float), alpha + A), (np.full_like(C, s), beta + C)
        return LivingOnTwoClocks(*gamma, self.pair, per, self.rows, since)

    @cached_property
    def _log_odds(self) -> Array:
        at = np.concatenate([np.log(self.plain.values), self.effects])
        with np.errstate(all="ignore"):
            return self.likelihood.log_odds_alive(at)

    def new(self) -> LivingOnTwoClocks:
        """Return the model of these customers at their first purchase."""
        ones, first = np.ones(len(self.rows)), self.source.pieces.first[self.rows].astype(float)
        r, alpha, s, beta = self.plain.values
        gamma = (r * ones, alpha * ones), (s * ones, beta * ones)
        return LivingOnTwoClocks(*gamma, self.pair, self.source.unit.days, self.rows, first)

    def _since(self, T: Array) -> Array:
        """Return the day T, or raise ParameterError if it is not the end of the log."""
        pieces = self.source.pieces
        since = pieces.first[self.rows] + np.asarray(T, float) * self.source.unit.days
        if np.abs(since - pieces.end).max(initial=0.0) > 0.01:
            raise ParameterError(
                "P(alive) of Pareto/NBD with covariates that change with time is known at the end "
                "of the log only; found other times T. Fit or move it to a log that ends there: "
                "fit.on(log.until(...), covariates=...)."
            )
        return np.full(len(self.rows), float(pieces.end))


Gamma = tuple[Array, Array]


@dataclass(frozen=True)
class LivingOnTwoClocks(OnOwnClocks, registered=False):
    """Customers who are alive, from a day of their clocks on.

    Parameters
    ----------
    rate, dropout
        Shape and rate of lambda and of mu, per customer.
    pair
        The clocks of purchases and of dropout.
    days
        Days per unit of time.
    rows
        The customers.
    since
        The day from which on they are looked at, counted from day 0.
    """

    rate: Gamma
    dropout: Gamma
    pair: tuple[Clock, Clock]
    days: float
    rows: Array
    since: Array

    def take(self, rows: Array | slice) -> Self:
        """Return the model of some of these customers."""
        rate, dropout = ((g[0][rows], g[1][rows]) for g in (self.rate, self.dropout))
        since = self.since[rows]
        return replace(self, rate=rate, dropout=dropout, rows=self.rows[rows], since=since)

    def expected_purchases(self, t: Array) -> Array:
        """Return (r / alpha) int_0^t a(u) P(tau > u) du; the first axis of t of two ascends."""
        t = np.asarray(t, float)
        if t.ndim == 2:
            steps = [self._between(*pair) for pair in pairwise([np.zeros_like(t[0]), *t])]
            return np.cumsum(steps, axis=0)
        return self._between(np.zeros_like(t), t)

    def _between(self, start: Array, stop: Array) -> Array:
        """Return the expected purchases from a time to another."""
        nodes = _Nodes.between(self, start, stop)
        (r, alpha), (s, beta) = self.rate, self.dropout
        stays = np.exp(-s[nodes.who] * np.log1p(nodes.dropout / beta[nodes.who]))
        result: Array = (r / alpha) * nodes.summed(nodes.weight * nodes.speed[0] * stays)
        return result

    def survival(self, t: Array) -> Array:
        """Return P(tau > t)."""
        _, passed = self._ahead(t)
        s, beta = self.dropout
        result: Array = np.exp(-s * np.log1p(passed / beta))
        return result

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n): the NBD on the clock until dropout or t."""
        n, t = validate_counts(n), np.asarray(t, float)
        if n.ndim == 2 and len(n) > 1:
            return np.concatenate([self.purchase_pmf(row[None], t) for row in n])
        (r, alpha), (s, beta) = self.rate, self.dropout
        passed, _ = self._ahead(t)
        count = np.broadcast_to(n, passed.shape)
        alive = self.survival(t) * negative_binomial_pmf(count, r, passed / alpha)
        nodes = _Nodes.between(self, np.zeros_like(t), t)
        who = nodes.who
        log = -(s[who] + 1) * np.log1p(nodes.dropout / beta[who])
        leaves = nodes.weight * nodes.speed[1] * s[who] / beta[who] * np.exp(log)
        many = np.ravel(count)[nodes.cell]
        bought = negative_binomial_pmf(many, r[who], nodes.rate / alpha[who])
        result: Array = alive + nodes.summed(leaves * bought)
        return result

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return the integral of exp(-delta u) dE[X(u)]."""
        nodes = _Nodes.between(self, np.zeros(()), np.asarray(horizon))
        (r, alpha), (s, beta) = self.rate, self.dropout
        stays = np.exp(-s[nodes.who] * np.log1p(nodes.dropout / beta[nodes.who]))
        weight = nodes.weight * np.exp(-delta * nodes.time)
        result: Array = (r / alpha) * nodes.summed(weight * nodes.speed[0] * stays)
        return result

    def draw_purchase_times(self, T: Array, rng: np.random.Generator) -> Sequence[Array]:
        """Draw dropout on its clock, then purchases on theirs until then."""
        (r, alpha), (s, beta) = self.rate, self.dropout
        _, whole = self._ahead(T)
        lifetime = rng.standard_exponential(len(r)) / rng.gamma(s) * beta
        passed = np.minimum(lifetime, whole) * self.days
        stop = self.pair[1].day_after(self.rows, self.since, passed)
        end = self.pair[0].between(self.rows, self.since, stop) / self.days
        rate, now, times = rng.gamma(r) / alpha, np.zeros(len(r)), list[Array]()
        while True:
            now = now + rng.standard_exponential(len(r)) / rate
            made = now <= end
            if not made.any():
                return times
            day = self.pair[0].day_after(
                self.rows, self.since, np.where(made, now, 0.0) * self.days
            )
            times.append(np.where(made, (day - self.since) / self.days, np.inf))

    def _ahead(self, t: Array) -> tuple[Array, Array]:
        """Return the time of both clocks until t later, in the unit."""
        stop = self.since + np.asarray(t, float) * self.days
        first, second = (c.between(self.rows, self.since, stop) / self.days for c in self.pair)
        return first, second


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Points of an integral over the time since a day, for every customer and end.

    Attributes
    ----------
    cell, who
        Place of each point in the result, and its customer's place.
    weight, time
        Weight and time of each point, in the unit.
    rate, dropout, speed
        Time of both clocks at each point, and their speeds.
    shape
        Shape of the result.
    """

    cell: Array
    who: Array
    weight: Array
    time: Array
    rate: Array
    dropout: Array
    speed: tuple[Array, Array]
    shape: tuple[int, ...]

    @classmethod
    def between(cls, model: LivingOnTwoClocks, start: Array, stop: Array) -> _Nodes:
        """Return the points between two times, one per customer or the same for all."""
        pair, pieces = model.pair, model.pair[0].pieces
        t, early, since, rows = np.broadcast_arrays(stop, start, model.since, model.rows)
        place = np.broadcast_to(np.arange(len(model.rows)), t.shape).ravel()
        since, rows, stop = since.ravel(), rows.ravel(), (since + t * model.days).ravel()
        begin = since + early.ravel() * model.days
        pair[0].at(rows, stop)  # refuses days without covariates
        key = rows * pieces.span
        low = np.searchsorted(pieces.starts, key + np.floor(begin).astype(int), side="right") - 1
        high = np.searchsorted(pieces.starts, key + np.ceil(stop).astype(int))
        high = np.maximum(high, low)
        counts = high - low
        cell = np.repeat(np.arange(len(rows)), counts)
        piece = np.arange(len(cell)) - np.repeat(np.cumsum(counts) - counts, counts) + low[cell]
        begun = (pieces.starts[piece] - rows[cell] * pieces.span).astype(float)
        first = np.maximum(begun, begin[cell])
        last = np.minimum(begun + pieces.lengths[piece], stop[cell])
        parts = np.maximum(np.ceil((last - first) / _PART), 1).astype(int)
        part = np.repeat(np.arange(len(parts)), parts)
        number = np.arange(len(part)) - np.repeat(np.cumsum(parts) - parts, parts)
        width = (np.maximum(last - first, 0.0) / parts)[part]
        points, weights = np.polynomial.legendre.leggauss(_POINTS)
        day = first[part][:, None] + width[:, None] * (number[:, None] + (points + 1) / 2)
        cells = np.repeat(cell[part], _POINTS)
        origin, customer, at = since[cells], rows[cells], day.ravel()
        clocks = [clock.between(customer, origin, at) / model.days for clock in pair]
        owner = np.repeat(piece[part], _POINTS)
        return cls(
            cell=cells,
            who=place[cells],
            weight=(width[:, None] * weights / 2).ravel() / model.days,
            time=(at - origin) / model.days,
            rate=clocks[0],
            dropout=clocks[1],
            speed=(pair[0].rates[owner], pair[1].rates[owner]),
            shape=t.shape,
        )

    def summed(self, values: Array) -> Array:
        """Return the sum over the points of each cell."""
        size = int(np.prod(self.shape))
        return np.bincount(self.cell, values, size).reshape(self.shape)
