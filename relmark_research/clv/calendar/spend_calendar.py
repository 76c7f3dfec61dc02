"""Spend that moves: season, events and trend in spend per purchase, within customers.

    value of a purchase on day d = g(d) x the customer's own level
    log g(d) = season(d) + events(d) + trend(d) + month(d)

g is 1 in an average season, without events, at the level of the last day known. Months have
deviations of their own up to that day, so that one unusual month is not taken for a season or a
trend; after it they are 0, and the trend is damped to flat. The effects are estimated within
customers (`WithinCustomers`), so that a change in the mix of customers is not taken for a trend,
and shrunk by the variance that each group of them shows (`shrunk_effects`). First purchases have a
level of their own and no part in g.

A spend model is fitted to values restated to that level, value / g. A forecast multiplies its
expected spend by the mean of g over the horizon. Within customers, calendar time and time since
the first purchase differ by a constant: a trend may be either. It holds for the customers at hand
and is not applied to new ones, who have the season and the events only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from relmark_research._repr import one_line
from relmark_research.clv.calendar._shrunk_effects import scale_grid, shrunk_effects
from relmark_research.clv.calendar._within_customers import WithinCustomers
from relmark_research.clv.calendar.calendar_design import (
    FIRST_PURCHASE,
    TREND,
    CalendarDesign,
    Events,
    Seasons,
    dates_of,
    day_numbers,
)
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.purchase_history import KnownCustomers, PurchaseHistory
from relmark_research.errors import DataError, ParameterError, check_count
from relmark_research.stats.delta_method import positive_interval
from relmark_research.units import Day, as_date

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog
    from relmark_research.units import TimeUnit

Array = np.ndarray

_IRREGULAR = "irregular"
_SCALES = (0.0, 0.03, 0.1, 0.3)  # standard deviations of a group's effects
_GRIDS = {TREND: (0.0, 0.02, 0.05, 0.1), _IRREGULAR: (0.0, 0.02, 0.05, 0.1), FIRST_PURCHASE: (3.0,)}
_SAMPLE = 50_000  # customers that effects are estimated from, at most
_SEED = 20_240_103
_STEPS, _SMALL = 12, 3e-4
_LEVEL = 0.95
_YEARS = 1461  # days of four years, over which the season is 1 on average


@dataclass(frozen=True, eq=False, repr=False)
class SpendCalendar:
    """Season, events and trend in spend per purchase, within customers.

    Attributes
    ----------
    design
        Columns of seasons, events and trend.
    months
        Numbers (12 year + month) of the months with deviations of their own.
    effects
        log effects by column: those of the design, the months' deviations, and that of first
        purchases, shape (columns,).
    covariance
        Their covariance, shape (columns, columns).
    scales
        Standard deviation of the effects of each group, by which they are shrunk; 0 is flat.
    until
        The last day known.
    n_customers, n_purchases
        Customers with two or more purchases, and their purchases, from whom it is estimated.
    past
        Mean of the columns over repeat purchases, weighted by restated value, shape (columns,).
    shift
        Added to log g; 0 but for `for_new_customers`.

    Examples
    --------
    >>> import relmark_research as rm
    >>> calendar = rm.clv.SpendCalendar.fit(rm.load_cdnow(), season=None)
    >>> calendar.table.index.to_list()
    ['trend', 'first purchase']
    """

    design: CalendarDesign
    months: tuple[int, ...]
    effects: Array = field(repr=False)
    covariance: Array = field(repr=False)
    scales: dict[str, float]
    until: date
    n_customers: int
    n_purchases: int
    past: Array = field(repr=False)
    shift: float = 0.0

    @classmethod
    def fit(
        cls,
        log: TransactionLog | PurchaseHistory,
        *,
        season: Seasons = "month",
        events: Events = None,
        trend: bool = True,
        until: Day | None = None,
    ) -> Self:
        """Estimate g from all purchase-days of customers with two or more.

        Parameters
        ----------
        log
            A log with money, or its purchase history.
        season
            ``"month"``, ``"week"``, ``"day_of_week"``, several of them, or None.
        events
            Declared events by name: days, or (first day, last day) pairs.
        trend
            Whether spend may have a trend, damped to flat after the last day known.
        until
            The last day known; by default the end of the log.

        Returns
        -------
        SpendCalendar
            Effects with the expectation given the data, over the grid of scales.

        Raises
        ------
        DataError
            If the log has no money, or no customer with two purchases of a value above 0.

        References
        ----------
        Wooldridge (1999), Distribution-free estimation of some nonlinear panel data models,
        Journal of Econometrics 90(1), 77-97.

        Examples
        --------
        >>> import relmark_research as rm
        >>> calendar = rm.clv.SpendCalendar.fit(rm.load_cdnow())
        >>> 0.9 < calendar.mean_over("1998-06-30", 91) < 1.1
        True
        """
        history = log if isinstance(log, PurchaseHistory) else PurchaseHistory.of(log)
        if not history.has_value:
            raise DataError(
                "a calendar of spend needs a log with money; found none. Name the column of the "
                "value when you read it."
            )
        last = history.days.last if until is None else as_date(until, name="until")
        design = CalendarDesign.of(
            season=season, events=events, trend_until=last if trend else None
        )
        return cls.of_known(history.known_at(last), history.rows.first_day, design, last)

    @classmethod
    def of_known(
        cls, known: KnownCustomers, first_day: date, design: CalendarDesign, until: date
    ) -> Self:
        """Estimate g of a design from the purchases of known customers.

        Parameters
        ----------
        known
            What is known at the end of the last day.
        first_day
            The day of number 0.
        design
            Seasons, events and trend.
        until
            The last day.

        Raises
        ------
        DataError
            If no customer has two purchases of a value above 0.
        """
        purchases = _Purchases.of(known, first_day, design)
        within = purchases.within()
        if not len(within):
            raise DataError(
                "a calendar of spend is estimated within customers: it needs some with two "
                f"purchases of a value above 0; found {len(known):,} customers and none of these."
            )
        groups = _groups(design, purchases.months)
        effects, covariance, scales = _estimated(within, groups)
        del scales[FIRST_PURCHASE]
        return cls(
            design,
            purchases.months,
            effects,
            covariance,
            scales,
            until,
            len(within),
            len(within.value),
            purchases.past(effects),
        )

    def g(self, days: Array | pd.DatetimeIndex | Sequence[date]) -> Array:
        """Return g of each day, shape (days,): dates, or day numbers as of date.toordinal."""
        numbers = day_numbers(days)
        season = self._season_level()[0]
        result: Array = np.exp(self._columns(numbers) @ self.effects - season + self.shift)
        return result

    def mean_over(self, start: Day, days: int, weights: Array | None = None) -> float:
        """Return the mean of g over the days after a day.

        Parameters
        ----------
        start
            The day before the first of them.
        days
            Their number, > 0.
        weights
            Expected purchases of each day, >= 0, shape (days,); by default all days count alike.
        """
        numbers, weights = self._days_after(start, days, weights)
        return float(np.average(self.g(numbers), weights=weights))

    def log_variance_over(self, start: Day, days: int, weights: Array | None = None) -> float:
        """Return the variance of ln(mean of g over days / mean of g of the past purchases)."""
        numbers, weights = self._days_after(start, days, weights)
        share = weights * self.g(numbers)
        difference = (share / share.sum()) @ self._columns(numbers) - self.past
        return float(difference @ self.covariance @ difference)

    @property
    def table(self) -> pd.DataFrame:
        """Effects: group, factor, low and high (95%).

        The factor of a season is that of its month, week or weekday against the average season; of
        an event, that of its days; of the trend, that of a year up to the last day known; of first
        purchases, theirs against repeat purchases.
        """
        groups = _groups(self.design, self.months)
        names = (*self.design.names, *("" for _ in self.months), FIRST_PURCHASE)
        level, season = self._season_level()
        seasonal = np.array([group in self.design.seasons for group in groups])
        contrasts = np.eye(len(names)) - np.outer(seasonal, season)
        logs = self.effects - np.where(seasonal, level, 0.0)
        variances = np.einsum("ki,ij,kj->k", contrasts, self.covariance, contrasts)
        low, high = positive_interval(np.exp(logs), variances, _LEVEL)
        found = {"group": groups, "factor": np.exp(logs), "low": low, "high": high}
        table = pd.DataFrame(found, index=pd.Index(names, name="effect"))
        return table[table["group"] != _IRREGULAR]

    def customer_summary(
        self,
        log: TransactionLog,
        *,
        unit: str | TimeUnit = "week",
        observed_until: Day | None = None,
    ) -> CustomerSummary:
        """Return the summary of a log with spend restated to the level of the last day.

        Returns
        -------
        CustomerSummary
            As `TransactionLog.customer_summary`, with monetary_value = mean of value / g.

        Examples
        --------
        >>> import relmark_research as rm
        >>> log = rm.load_cdnow()
        >>> calendar = rm.clv.SpendCalendar.fit(log, season=None)
        >>> spend = rm.GammaGamma.fit(calendar.customer_summary(log))
        """
        plain = log.customer_summary(unit=unit, observed_until=observed_until)
        history = PurchaseHistory.of(log)
        known = history.known_at(plain.observed_until or history.days.last)
        found = restated(self, known, history.rows.first_day)
        means = pd.Series(
            (found.value - found.first_value) / np.maximum(known.frequency, 1),
            index=history.ids(known).astype(str),
        )
        own = means.reindex(plain.table.index.astype(str)).to_numpy()
        spend = np.where(plain.frequency > 0, np.maximum(own, 0.0), np.nan)
        table = plain.table.assign(monetary_value=spend)
        return CustomerSummary(table, unit=plain.unit, observed_until=plain.observed_until)

    def for_new_customers(self) -> SpendCalendar:
        """Return the calendar of customers yet to come: seasons and events, at the past's level.

        A trend within customers may be one of their tenure, so it is left out, and what restating
        to the level of the last day had added is taken back.
        """
        groups = _groups(self.design, self.months)
        drifting = np.array([group in (TREND, _IRREGULAR) for group in groups])
        past = float(self.past[drifting] @ self.effects[drifting])
        kept = ~drifting
        return replace(
            self,
            effects=np.where(kept, self.effects, 0.0),
            covariance=self.covariance * np.outer(kept, kept),
            shift=self.shift + past,
        )

    @property
    def words(self) -> str:
        """What moves spend per purchase, and for whom it is used."""
        table = self.table
        parts = [self._season_words(season, table) for season in self.design.seasons]
        parts += [self._event_words(event.name, table) for event in self.design.events]
        if self.design.trend_until is not None:
            parts.append(self._trend_words(table))
        return " ".join(parts) or "Spend per purchase is taken as constant over time."

    def __repr__(self) -> str:
        rows: dict[str, object] = {"customers": self.n_customers, "purchases": self.n_purchases}
        rows |= {f"scale of {name}": f"{scale:.3f}" for name, scale in self.scales.items()}
        return one_line(type(self).__name__, rows)

    def _repr_html_(self) -> str:
        result: str = self.table._repr_html_()  # type: ignore[operator]
        return result

    def _season_words(self, season: str, table: pd.DataFrame) -> str:
        own = table[table["group"] == season]
        factor = own["factor"]
        if ((own["low"] <= 1) & (own["high"] >= 1)).all():
            named = season.replace("_", " ")
            return f"No season of spend per purchase by {named} is distinguishable from chance."
        return (
            f"Spend per purchase is highest in {factor.idxmax()} ({factor.max() - 1:+.0%}) and "
            f"lowest in {factor.idxmin()} ({factor.min() - 1:+.0%} against the average)."
        )

    def _event_words(self, name: str, table: pd.DataFrame) -> str:
        return f"{name}: {_change(table, name)} per purchase."

    def _trend_words(self, table: pd.DataFrame) -> str:
        change = f"{_change(table, TREND)} a year"
        low, high = table.loc[[TREND], ["low", "high"]].to_numpy(float)[0]
        if low <= 1 <= high:
            return f"No trend in spend per purchase is distinguishable from chance: {change}."
        return (
            f"Customers' spend per purchase changes by {change}. Within customers, calendar time "
            "and time since the first purchase differ by a constant, so this trend is not applied "
            "to new customers."
        )

    def _columns(self, numbers: Array) -> Array:
        return _columns(self.design, self.months, numbers)

    def _season_level(self) -> tuple[float, Array]:
        """Return ln(mean of the season over a year), and its gradient by the effects."""
        columns = self._columns(self.until.toordinal() + np.arange(_YEARS))
        seasonal = np.array([group in self.design.seasons for group in self.design.groups], bool)
        columns[:, : len(seasonal)] *= seasonal
        columns[:, len(seasonal) :] = 0.0
        factor = np.exp(columns @ self.effects)
        return float(np.log(factor.mean())), factor @ columns / factor.sum()

    def _days_after(self, start: Day, days: int, weights: Array | None) -> tuple[Array, Array]:
        count = check_count("days", days)
        numbers = as_date(start, name="start").toordinal() + 1 + np.arange(count)
        given = np.ones(count) if weights is None else np.asarray(weights, float)
        if given.shape != (count,) or not (given >= 0).all() or given.sum() <= 0:
            raise ParameterError(
                f"weights are {count} numbers >= 0, one per day, not all 0; found shape "
                f"{given.shape}, sum {given.sum():g}."
            )
        return numbers, given


def restated(calendar: SpendCalendar, known: KnownCustomers, first_day: date) -> KnownCustomers:
    """Return known customers with values restated to the level of the last day, value / g.

    Parameters
    ----------
    calendar
        The calendar of spend.
    known
        The customers and their purchase-days.
    first_day
        The day of number 0.
    """
    days = known.purchase_day + first_day.toordinal()
    distinct, place = np.unique(days, return_inverse=True)
    value = known.purchase_value / calendar.g(distinct)[place]
    customer = _customer_numbers(known)
    starts = np.flatnonzero(np.diff(customer, prepend=-1))
    total = np.bincount(customer, value, minlength=len(known))
    return replace(known, purchase_value=value, value=total, first_value=value[starts])


@dataclass(frozen=True, eq=False)
class _Purchases:
    """Purchases with the row of the design of each.

    The design has a row per distinct day for repeat purchases, and below them one per distinct day
    for first purchases.
    """

    value: Array
    customer: Array
    row: Array
    columns: Array
    months: tuple[int, ...]

    @classmethod
    def of(cls, known: KnownCustomers, first_day: date, design: CalendarDesign) -> Self:
        """Return the purchases, those of a random sample where there are many customers."""
        customer = _customer_numbers(known)
        kept = np.ones(len(customer), bool)
        if len(known) > _SAMPLE:
            chosen = np.zeros(len(known), bool)
            chosen[np.random.default_rng(_SEED).choice(len(known), _SAMPLE, replace=False)] = True
            kept = chosen[customer]
        day = known.purchase_day[kept] + first_day.toordinal()
        numbers, place = np.unique(day, return_inverse=True)
        first = known.purchase_day[kept] == known.purchase_first[kept]
        months = tuple(np.unique(_month_numbers(numbers)).tolist())
        repeat = _columns(design, months, numbers)
        columns = np.concatenate([repeat, repeat])
        columns[len(numbers) :, -1] = 1.0
        row = place + len(numbers) * first
        return cls(known.purchase_value[kept], customer[kept], row, columns, months)

    def within(self) -> WithinCustomers:
        """Return them arranged for the score."""
        return WithinCustomers.of(self.value, self.customer, self.row, self.columns)

    def past(self, effects: Array) -> Array:
        """Return the mean of the columns over repeat purchases, weighted by value / g."""
        weight = np.maximum(self.value, 0.0) * np.exp(-(self.columns @ effects)[self.row])
        by_row = np.bincount(self.row, weight, len(self.columns))
        by_row[len(by_row) // 2 :] = 0.0
        if by_row.sum() <= 0:
            return np.zeros(self.columns.shape[1])
        result: Array = by_row @ self.columns / by_row.sum()
        return result


def _estimated(
    within: WithinCustomers, groups: Sequence[str]
) -> tuple[Array, Array, dict[str, float]]:
    """Return effects, covariance and scales: Fisher scoring with the grid of scales."""
    information = within.information()
    grid = scale_grid(groups, {name: _GRIDS.get(name, _SCALES) for name in groups})
    effects = np.zeros(len(groups))
    for _ in range(_STEPS):
        scores = within.scores(effects)
        variance = _score_variance(scores, information)
        observed = scores.sum(0) + information @ effects
        shrunk = shrunk_effects(information, observed, variance, groups, grid)
        grid = shrunk.grid
        step, effects = float(np.abs(shrunk.mean - effects).max()), shrunk.mean
        if step < _SMALL:
            break
    return effects, shrunk.covariance, shrunk.scales


def _score_variance(scores: Array, information: Array) -> Array:
    """Return the variance of the total score, from the customers' scores.

    With few customers it is drawn towards the information, scaled to the same total.
    """
    observed: Array = scores.T @ scores
    rank = int(np.linalg.matrix_rank(information, hermitian=True))
    if rank == 0:
        return observed
    inverse = np.linalg.pinv(information, rcond=1e-9, hermitian=True)
    dispersion = max(float(np.sum(inverse * observed)) / rank, 1e-12)
    share = rank / (rank + len(scores) / 8)
    result: Array = (1 - share) * observed + share * dispersion * information
    return result


def _groups(design: CalendarDesign, months: tuple[int, ...]) -> tuple[str, ...]:
    return (*design.groups, *(_IRREGULAR for _ in months), FIRST_PURCHASE)


def _columns(design: CalendarDesign, months: tuple[int, ...], numbers: Array) -> Array:
    """Return the columns of repeat purchases on each day: design, months, and 0 for the first."""
    member = _month_numbers(numbers)[:, None] == np.asarray(months, dtype=int)
    zeros = np.zeros((len(numbers), 1))
    return np.concatenate([design.matrix(numbers), member.astype(float), zeros], axis=1)


def _change(table: pd.DataFrame, name: str) -> str:
    """Return an effect as a change in percent, with its interval."""
    row = table[["factor", "low", "high"]].loc[[name]].to_numpy(float)[0] - 1
    return f"{row[0]:+.1%} (95% interval {row[1]:+.1%} to {row[2]:+.1%})"


def _month_numbers(numbers: Array) -> Array:
    """Return 12 year + month of each day."""
    dates = dates_of(numbers)
    result: Array = np.asarray(12 * dates.year + dates.month, dtype=int)
    return result


def _customer_numbers(known: KnownCustomers) -> Array:
    """Return the place of each purchase's customer among the known ones."""
    return np.repeat(np.arange(len(known)), known.frequency + 1)
