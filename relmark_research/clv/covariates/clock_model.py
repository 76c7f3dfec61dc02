"""Models of customers whose purchases run on clocks of their own.

In the time of its clock a customer follows the plain model, so every conditional quantity is that
of the plain model at A(t_x), A(T) and A(T + h) - A(T). The clock is that of covariates that change
with time (`_exposure`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, Self

import numpy as np

from relmark_research.clv.covariates._exposure import Clock, Pieces
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.units import TimeUnit

Array = np.ndarray

_STEP_DAYS = 7.0  # steps of a discounted sum


@dataclass(frozen=True, eq=False)
class ClockData:
    """The pieces of customers' time, with covariates.

    Attributes
    ----------
    pieces
        The pieces.
    code, values
        Distinct values of the covariates, (values, effects), and that of each piece.
    unit
        The unit of the model's times.
    dropout_values
        The same of the dropout rate, for a model with a clock of dropout.
    """

    pieces: Pieces = field(repr=False)
    code: Array = field(repr=False)
    values: Array = field(repr=False)
    unit: TimeUnit
    dropout_values: Array | None = field(default=None, repr=False)

    def clock(self, effects: Array) -> Clock:
        """Return the clock of all customers for these effects."""
        return Clock.running(self.pieces, np.exp(self.values @ effects)[self.code])

    def dropout_clock(self, effects: Array) -> Clock:
        """Return the clock of dropout for these effects."""
        assert self.dropout_values is not None  # the fit has made it
        return Clock.running(self.pieces, np.exp(self.dropout_values @ effects)[self.code])


class OnOwnClocks(PurchaseModel, registered=False):
    """Customers whose purchases run on clocks of their own; the base of all such models.

    Attributes
    ----------
    rows
        The customers, as positions among those of the clocks.
    """

    rows: Array

    on_own_clocks: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """The plain model has checked its parameters."""

    @property
    def row_counts(self) -> set[int]:
        """One model per customer."""
        return {len(self.rows)}

    def spread(self, rows: int) -> Self:
        """Return the model itself, which has its parameters per customer."""
        return self


@dataclass(frozen=True)
class FittedOnClocks(OnOwnClocks, registered=False):
    """One model per customer, from the first purchase on.

    Parameters
    ----------
    plain
        The model in the time of the clocks.
    effects
        Effects of the covariates on the logarithm of the clocks' speed.
    source
        What the clocks are made of.
    rows
        The customers, as positions in ``source.pieces.ids``.
    """

    plain: PurchaseModel
    effects: Array
    source: ClockData
    rows: Array

    shared: ClassVar[tuple[str, ...]] = ()  # cached values of all customers

    def new(self) -> PurchaseModel:
        """Return the model of these customers at their first purchase."""
        raise NotImplementedError

    def stacked(self) -> Array:
        """Return the parameters and exp(effects), the same for each customer."""
        values = np.concatenate([self.plain.values, np.exp(self.effects)])
        return np.repeat(values[:, None], len(self.rows), axis=1)

    def with_values(self, values: Array) -> Self:
        """Return the model with these parameters and exp(effects)."""
        first = np.asarray(values, float).reshape(len(values), -1)[:, 0]
        k = len(self.plain.values)
        return replace(self, plain=self.plain.with_values(first[:k]), effects=np.log(first[k:]))

    def take(self, rows: Array | slice) -> Self:
        """Return the model of some of these customers, with the clocks if they were made."""
        made = replace(self, rows=self.rows[rows])
        vars(made).update({name: vars(self)[name] for name in self.shared if name in vars(self)})
        return made

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)] of each customer from the first purchase on."""
        return self.new().expected_purchases(t)

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n) of each customer from the first purchase on."""
        return self.new().purchase_pmf(n, t)

    def survival(self, t: Array) -> Array:
        """Return P(alive at t) of each customer."""
        return self.new().survival(t)

    def draw_purchase_times(self, T: Array, rng: np.random.Generator) -> Sequence[Array]:
        """Draw the times of each customer's purchases, from the first purchase on."""
        return self.new().draw_purchase_times(T, rng)


@dataclass(frozen=True)
class ClockModel(FittedOnClocks, registered=False):
    """One model per customer: the plain model in the time of the customer's clock."""

    shared: ClassVar[tuple[str, ...]] = ("clock",)

    @cached_property
    def clock(self) -> Clock:
        """The clock of all customers."""
        return self.source.clock(self.effects)

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return P(alive at T | x, t_x, T), by the clock."""
        return self.plain.p_alive(x, self._from_first(t_x), self._from_first(T))

    def living(self, x: Array, t_x: Array, T: Array) -> PurchaseModel:
        """Return the model from T on, whose clock goes on from there."""
        living = self.plain.living(x, self._from_first(t_x), self._from_first(T))
        days = np.asarray(T, float) * self.source.unit.days
        return self._since(living, np.rint(self.source.pieces.first[self.rows] + days))

    def new(self) -> PurchaseModel:
        """Return the model of these customers at their first purchase."""
        return self._since(self.plain, self.source.pieces.first[self.rows].astype(float))

    def _since(self, model: PurchaseModel, start: Array) -> _LivingOnClock:
        spread = model.spread(len(self.rows))
        return _LivingOnClock(spread, self.clock, self.source.unit.days, self.rows, start)

    def _from_first(self, t: Array) -> Array:
        """Return A(t) since the first purchase, in the unit."""
        first, per = self.source.pieces.first[self.rows], self.source.unit.days
        stop = first + np.asarray(t, float) * per
        return self.clock.between(self.rows, first, stop) / per


@dataclass(frozen=True)
class _LivingOnClock(OnOwnClocks, registered=False):
    """Customers who are alive, from a day of their clocks on.

    Parameters
    ----------
    plain
        The model in the time of the clocks, with parameters per customer.
    clock
        The clocks.
    days
        Days per unit of time.
    rows
        The customers.
    since
        The day from which on they are looked at, counted from day 0.
    """

    plain: PurchaseModel
    clock: Clock
    days: float
    rows: Array
    since: Array

    def take(self, rows: Array | slice) -> Self:
        """Return the model of some of these customers."""
        plain = self.plain.take(rows)
        return replace(self, plain=plain, rows=self.rows[rows], since=self.since[rows])

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)]."""
        return self.plain.expected_purchases(self._ahead(t))

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n)."""
        return self.plain.purchase_pmf(n, self._ahead(t))

    def survival(self, t: Array) -> Array:
        """Return P(alive at t)."""
        return self.plain.survival(self._ahead(t))

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return the sum over weeks of exp(-delta t) x the purchases of the week, t its middle."""
        steps = int(np.ceil(horizon * self.days / _STEP_DAYS - 1e-9))
        ends = np.minimum(np.arange(steps + 1) * _STEP_DAYS / self.days, horizon)
        total, before = np.zeros(len(self.rows)), np.zeros(len(self.rows))
        for start, end in pairwise(ends):
            until = self.expected_purchases(end)
            total += np.exp(-delta * (start + end) / 2) * (until - before)
            before = until
        return total

    def draw_purchase_times(self, T: Array, rng: np.random.Generator) -> Sequence[Array]:
        """Draw times on the clock, and return them in plain time."""
        ahead = self._ahead(T)
        if self.plain.memoryless:
            drawn = _random_times(self.plain, ahead, rng)
        else:
            drawn = self.plain.draw_purchase_times(ahead, rng)
        return [self._in_plain_time(times) for times in drawn]

    def _in_plain_time(self, times: Array) -> Array:
        made = np.isfinite(times)
        passed = np.where(made, times, 0.0) * self.days
        day = self.clock.day_after(self.rows, self.since, passed)
        return np.where(made, (day - self.since) / self.days, np.inf)

    def _ahead(self, t: Array) -> Array:
        """Return the clock's time from the start to t later, in the unit."""
        t = np.asarray(t, float)
        stop = self.since + t * self.days
        passed = self.clock.between(self.rows, self.since, stop) / self.days
        return np.where(t == 0, 0.0, passed)


def _random_times(model: PurchaseModel, T: Array, rng: np.random.Generator) -> Sequence[Array]:
    """Draw the times of a memoryless model's purchases: uniform before the last of them."""
    n, last, _ = model.simulate(T, seed=int(rng.integers(1 << 62)))
    most = int(n.max(initial=0))
    place = np.arange(most)[:, None]
    share = np.where(place < n - 1, rng.random((most, len(n))), np.inf)
    times = np.sort(share, axis=0) * np.where(n > 1, last, 1.0)
    return list(np.where(place == n - 1, last, times))
