"""Calendar effects: how much more, or less, all customers buy on a day.

    s(d) = exp(z(d)'beta + log index(d)) / c

z(d)         the design of `calendar_design`: seasons, events and trend
index        known relative rates, where a user gives them
c            the mean of exp(z'beta) index over the year that ends with the log, so that s has a
             mean of 1 there and the model's alpha keeps its meaning

The effects are estimated jointly with a model of purchases (`_calendar_likelihood`), each group
with a penalty whose size is estimated as well (`_effect_sizes`). Beside them each month observed
has an irregular effect that does not come again, what years differ by; it is not part of s. In a
log of one year a month's season and its irregular effect are the same variable, and the priors of
their sizes decide: the season is shrunk. A log that has seen a month several times decides itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from relmark_research._repr import html_table, one_line
from relmark_research.clv.calendar._calendar_likelihood import CalendarLikelihood, DatedHistories
from relmark_research.clv.calendar._effect_sizes import PenalisedFit, SizePrior, penalised_fit
from relmark_research.clv.calendar._given_index import DailyIndex
from relmark_research.clv.calendar.calendar_design import (
    TREND,
    CalendarDesign,
    Events,
    Season,
    Seasons,
    dates_of,
    day_numbers,
    season_codes,
)
from relmark_research.clv.calendar.calendar_options import CalendarOptions
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.families.bg_nbd import BGNBD
from relmark_research.customers.log import aggregation
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.distinct_histories import distinct_rows
from relmark_research.errors import DataError, ParameterError
from relmark_research.stats.intervals import normal_quantile
from relmark_research.units import DAYS_PER_YEAR, Day, TimeUnit, as_date

if TYPE_CHECKING:
    from relmark_research.clv.estimation.fit import Fit
    from relmark_research.customers.log.purchase_history import KnownCustomers
    from relmark_research.customers.log.transactions import TransactionLog

Array = np.ndarray

PRIORS: dict[str, SizePrior] = {
    "month": SizePrior(0.2, 1.0),
    "week": SizePrior(0.2, 1.0),
    "day_of_week": SizePrior(0.2, 1.0),
    "irregular": SizePrior(0.05, 1.5),
    "event": SizePrior(1.0),
    TREND: SizePrior(0.2),
}
_YEAR = 365  # days over which s has a mean of 1
_ONE_COHORT = 0.25  # share of the log within which 90% of the customers of "one cohort" came
_SAMPLE = 50_000  # customers from whom a backtest estimates a calendar, at most
_SEED = 20_240_104
_WEEK = TimeUnit("week")


@dataclass(frozen=True, repr=False, eq=False)
class JointEstimate:
    """The model, the data and the maximum of a joint fit."""

    model: type[PurchaseModel]
    histories: DatedHistories
    found: PenalisedFit


@dataclass(frozen=True, repr=False, eq=False)
class CalendarEffects:
    """The relative rates of purchases by day, which all customers share.

    Attributes
    ----------
    options
        What the calendar consists of.
    design
        Its columns.
    effects, covariance
        Effects on log s by column, and their covariance.
    first, until
        First and last day of the log.
    sizes
        Standard deviation of the effects of each group, as estimated; ``"irregular"`` is what one
        month differs from the same month of other years.
    irregular
        Effect on log s of each month observed, which does not come again.
    log_likelihood, plain_log_likelihood
        Of the model with the calendar, without penalties, and of the model alone.
    notes
        What is uncertain or assumed, in sentences.
    joint
        What the effects were fitted with; None if they were given.
    """

    options: CalendarOptions
    design: CalendarDesign
    effects: Array
    covariance: Array
    first: date
    until: date
    sizes: Mapping[str, float] = field(default_factory=dict)
    irregular: Array = field(default_factory=lambda: np.zeros(0))
    log_likelihood: float = float("nan")
    plain_log_likelihood: float = float("nan")
    notes: tuple[str, ...] = ()
    joint: JointEstimate | None = None

    @classmethod
    def fit(
        cls,
        log: TransactionLog,
        *,
        season: Seasons = "month",
        events: Events = None,
        trend: bool = False,
        index: pd.Series | None = None,
        model: type[PurchaseModel] = BGNBD,
    ) -> CalendarEffects:
        """Estimate the calendar of a log jointly with a model of purchases.

        Parameters
        ----------
        season
            ``"month"``, ``"week"`` (of the year), ``"day_of_week"``, several of them, or None.
        events
            Declared events: a mapping of names to days, (first day, last day) pairs or a Series of
            strengths by day, or a table with the columns event, start[, end][, strength]. Future
            days count in forecasts.
        trend
            Whether the rate may drift; the drift is damped to flat after the log. With one cohort
            it cannot be distinguished from the customers' dropout, as `words` then says.
        index
            A Series of relative rates by date, > 0, for logs shorter than a year; days that it does
            not cover have the rate of another year.
        model
            `BGNBD`, `MBGNBD`, or another `memoryless` model of purchases.

        Returns
        -------
        CalendarEffects
            s(d) = exp(z(d)'effects) index(d) / c, with a mean of 1 over the log's last year. The
            effects are penalised with a weight that the data choose: a short log gives a flat
            calendar.

        Raises
        ------
        DataError
            If the log has no repeat purchases, or the index does not cover its days.
        ParameterError
            If a season, an event or the model cannot be used.

        Examples
        --------
        >>> import relmark_research as rm
        >>> effects = rm.CalendarEffects.fit(rm.load_cdnow(), season="month")
        >>> effects.table().loc["Dec", ["relative", "low", "high"]].round(2).to_list()
        [0.99, 0.84, 1.18]
        """
        if not (isinstance(model, type) and issubclass(model, PurchaseModel)):
            raise ParameterError(
                f"model must be a model of purchases such as BGNBD; found {model!r}."
            )
        if not model.memoryless:
            raise ParameterError(
                f"a calendar is estimated with purchases at random times; found {model.__name__}, "
                "whose likelihood depends on the times between purchases. Estimate it with BGNBD, "
                "and fit the model to log.customer_summary(calendar=effects)."
            )
        options = CalendarOptions(season, events, trend, index)
        _design(options, log.observed_until)  # refuses early what cannot be read
        histories, first = _of_log(log)
        return estimate(histories, first, log.observed_until, options=options, model=model)

    @classmethod
    def of_index(cls, index: pd.Series, *, until: Day) -> CalendarEffects:
        """Return the calendar of known relative rates, without a log.

        Parameters
        ----------
        index
            A Series of relative rates by date, > 0.
        until
            Last day known; the mean of s over the year that ends with it is 1.
        """
        options = CalendarOptions(season=None, trend=False, index=index)
        last = as_date(until, name="until")
        return cls(options, CalendarDesign(), np.zeros(0), np.zeros((0, 0)), last, last)

    def relative_rates(self, first: Day, last: Day) -> Array:
        """Return s of each day from ``first`` to ``last``, shape (days,)."""
        numbers = _numbers(first, last)
        log_rates = self._log_unscaled(numbers) - self._log_level
        result: Array = np.exp(log_rates)
        return result

    def log_variance(self, after: date, until: date) -> float:
        """Return the variance of ln(A(until) - A(after)), from the effects and irregular months."""
        numbers = np.arange(after.toordinal() + 1, until.toordinal() + 1)
        months = max(len(numbers) / (DAYS_PER_YEAR / 12), 1.0)
        chance = self.sizes.get("irregular", 0.0) ** 2 / months
        if not len(self.effects):
            return chance
        slope = self._mean_row(numbers) - self._mean_row(self._reference)
        return float(slope @ self.covariance @ slope) + chance

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return the effects as relative rates.

        Returns
        -------
        DataFrame
            Index effect; group, relative (exp of the effect: of a season, relative to the mean of
            the year; of an event, to days without it; of the trend, per year), low, high.
        """
        z, rows = normal_quantile(level), self._contrasts()
        center = rows @ self.effects - self._season_levels()
        spread = np.sqrt(np.einsum("ij,jk,ik->i", rows, self.covariance, rows))
        ends = {"relative": center, "low": center - z * spread, "high": center + z * spread}
        return pd.DataFrame(
            {"group": self.design.groups} | {name: np.exp(end) for name, end in ends.items()},
            index=pd.Index(self.design.names, name="effect"),
        )

    def by_day(self, first: Day, last: Day) -> pd.DataFrame:
        """Return s and the declared events by day: date, rate, events."""
        numbers = _numbers(first, last)
        rows = self.design.matrix(numbers)
        active = np.array([group == "event" for group in self.design.groups], bool)
        named = [
            ", ".join(name for name, on in zip(self.design.names, row, strict=True) if on)
            for row in (rows != 0) & active
        ]
        return pd.DataFrame(
            {
                "date": dates_of(numbers),
                "rate": self.relative_rates(first, last),
                "events": named,
            }
        )

    @cached_property
    def purchase_fit(self) -> Fit[Any] | None:
        """The model of purchases on this clock; None if the effects were given.

        Its covariance holds the uncertainty of the effects too.
        """
        if self.joint is None:
            return None
        rates = self.relative_rates(self.first, self.until)
        fit = self.joint.model.fit(_summary(self.joint.histories, _times(self.joint, rates)))
        return _joint_fit(replace(fit, calendar=self), self.joint.found, self)

    @property
    def words(self) -> str:
        """What the calendar shows, in a few sentences."""
        return " ".join([*self._findings(), *self.notes])

    def __repr__(self) -> str:
        return one_line(type(self).__name__, self._facts())

    def _repr_html_(self) -> str:
        return html_table("Calendar effects", self._facts())

    def _facts(self) -> dict[str, object]:
        facts: dict[str, object] = {
            name: f"standard deviation {size:.2f}" for name, size in self.sizes.items()
        }
        facts["log"] = f"{self.first} to {self.until}"
        return facts | {"log-likelihood gained": self.log_likelihood - self.plain_log_likelihood}

    def _findings(self) -> list[str]:
        table = self.table()
        found = []
        for season in self.design.seasons:
            part = table[table["group"] == season]
            rates = part["relative"]
            if ((part["low"] <= 1) & (part["high"] >= 1)).all():
                named = season.replace("_", " ")
                found.append(f"No season by {named} is distinguishable from chance.")
                continue
            found.append(
                f"Purchases are {rates.max():.2f} times the mean in {rates.idxmax()} and "
                f"{rates.min():.2f} times in {rates.idxmin()}."
            )
        for name, row in table[table["group"] == "event"].iterrows():
            if name in self._unseen_events:
                found.append(
                    f"No day of {name} is in the log, so its effect is not known and is taken as 0 "
                    "in the estimate."
                )
                continue
            found.append(
                f"On days of {name} they are {row['relative']:.2f} times those of other days "
                f"(95% interval {row['low']:.2f} to {row['high']:.2f})."
            )
        return found

    @property
    def _unseen_events(self) -> set[str]:
        """Return the events without a day in the log."""
        first, last = self.first.toordinal(), self.until.toordinal()
        return {
            event.name
            for event in self.design.events
            if not any(
                first <= day <= last and strength != 0
                for day, strength in zip(event.days, event.strength, strict=True)
            )
        }

    @property
    def _reference(self) -> Array:
        last = self.until.toordinal()
        return np.arange(last - _YEAR + 1, last + 1)

    @cached_property
    def _index(self) -> DailyIndex | None:
        return None if self.options.index is None else DailyIndex.of(self.options.index)

    @cached_property
    def _log_level(self) -> float:
        return float(np.log(np.exp(self._log_unscaled(self._reference)).mean()))

    def _log_unscaled(self, numbers: Array) -> Array:
        found = self.design.log_rates(numbers, self.effects)
        return found if self._index is None else found + self._index.log_rates(numbers)

    def _mean_row(self, numbers: Array) -> Array:
        """Return the mean of z over some days, weighted by s: the gradient of ln sum s."""
        weights = np.exp(self._log_unscaled(numbers))
        result: Array = weights @ self.design.matrix(numbers) / weights.sum()
        return result

    def _contrasts(self) -> Array:
        """Return for each effect the combination that its row of the table shows."""
        rows = np.eye(len(self.design))
        for season, columns in self._season_columns().items():
            rows[columns] -= self._season_shares(season, columns)
        return rows

    def _season_columns(self) -> dict[Season, Array]:
        groups = np.array(self.design.groups)
        return {season: np.flatnonzero(groups == season) for season in self.design.seasons}

    def _season_shares(self, season: Season, columns: Array) -> Array:
        """Return each part's share of a year's purchases, as a row over all effects."""
        days = np.bincount(season_codes(season, self._reference), minlength=len(columns))
        shares = days * np.exp(self.effects[columns])
        row = np.zeros(len(self.design))
        row[columns] = shares / shares.sum()
        return row

    def _season_levels(self) -> Array:
        """Return what to subtract so that each season has a mean of 1 over the year."""
        levels, rows = np.zeros(len(self.design)), self._contrasts()
        for season, columns in self._season_columns().items():
            days = np.bincount(season_codes(season, self._reference), minlength=len(columns))
            level = np.log((days @ np.exp(self.effects[columns])) / days.sum())
            shown = rows[columns] @ self.effects
            levels[columns] = shown - (self.effects[columns] - level)
        return levels


def _numbers(first: Day, last: Day) -> Array:
    """Return the numbers of the days from ``first`` to ``last``."""
    start, end = as_date(first, name="first"), as_date(last, name="last")
    return np.arange(start.toordinal(), end.toordinal() + 1)


def month_columns(first: date, until: date, numbers: Array) -> Array:
    """Return a column per month of a log, 1 on its days; 0 on days outside the log."""
    start = _month_number(np.array([first.toordinal()]))[0]
    count = int(_month_number(np.array([until.toordinal()]))[0] - start) + 1
    within = (numbers >= first.toordinal()) & (numbers <= until.toordinal())
    codes = np.where(within, _month_number(numbers) - start, count)
    columns: Array = np.eye(count + 1)[codes][:, :count]
    return columns


def _month_number(numbers: Array) -> Array:
    dates = dates_of(numbers)
    result: Array = (dates.year * 12 + dates.month).to_numpy()
    return result


def estimate(
    histories: DatedHistories,
    first: date,
    until: date,
    *,
    options: CalendarOptions,
    model: type[PurchaseModel] = BGNBD,
) -> CalendarEffects:
    """Estimate a calendar from counted histories.

    Parameters
    ----------
    histories
        Days are counted from ``first``; the last is ``until``.
    options
        What the calendar consists of.
    model
        The model of purchases that is fitted jointly.
    """
    design = _design(options, until)
    numbers = np.arange(first.toordinal(), until.toordinal() + 1)
    base = CalendarEffects(
        options, design, np.zeros(len(design)), np.zeros((len(design),) * 2), first, until
    )
    regular = design.matrix(numbers)
    monthly = month_columns(first, until, numbers)
    offset = np.zeros(len(numbers)) if base._index is None else base._index.log_rates(numbers)
    offset = offset - special.logsumexp(offset) + np.log(len(numbers))  # only ratios count
    likelihood = CalendarLikelihood(
        model, histories, np.concatenate([regular, monthly], axis=1), offset, _WEEK.days
    )
    plain = model.fit(_summary(histories, likelihood.times(np.ones(len(numbers)))))
    groups = [*design.groups, *("irregular" for _ in monthly.T)]
    start = np.concatenate([np.log(plain.model.values), np.zeros(len(groups))])
    found = penalised_fit(likelihood.evaluate, start, groups, PRIORS)
    k, columns = len(plain.model.values), len(design)
    return replace(
        base,
        effects=found.estimates[k : k + columns],
        covariance=found.covariance[k : k + columns, k : k + columns],
        sizes=found.sizes,
        irregular=found.estimates[k + columns :],
        log_likelihood=found.log_likelihood,
        plain_log_likelihood=plain.log_likelihood,
        notes=_notes(found, histories, model, design),
        joint=JointEstimate(model, histories, found),
    )


def _times(joint: JointEstimate, rates: Array) -> tuple[Array, Array]:
    """Return the times of histories on the clock of some rates."""
    no_effects = np.zeros((len(rates), 0))
    likelihood = CalendarLikelihood(
        joint.model, joint.histories, no_effects, np.log(rates), _WEEK.days
    )
    return likelihood.times(rates)


def _design(options: CalendarOptions, until: date) -> CalendarDesign:
    """Return the design of a log that ends on a day."""
    trend_until = until if options.trend else None
    return CalendarDesign.of(season=options.season, events=options.events, trend_until=trend_until)


def _joint_fit(fit: Fit[Any], found: PenalisedFit, effects: CalendarEffects) -> Fit[Any]:
    """Return the fit on the clock with the covariance that includes that of the effects."""
    if fit.diagnosis.unidentified or not found.converged:
        return fit
    k, columns = len(fit.model.values), len(effects.design)
    power = np.array([fit.model.time_power.get(name, 0) for name in fit.model.names()], float)
    slopes = np.zeros((k, len(found.estimates)))
    slopes[:, :k] = np.eye(k)
    if columns:
        slopes[:, k : k + columns] = -power[:, None] * effects._mean_row(effects._reference)
    logs = slopes @ found.covariance @ slopes.T
    return replace(fit, covariance=logs * np.outer(fit.model.values, fit.model.values))


def _summary(histories: DatedHistories, times: tuple[Array, Array]) -> CustomerSummary:
    table = pd.DataFrame({"frequency": histories.x, "recency": times[0], "T": times[1]})
    weighted = table.assign(n_customers=histories.weights.astype("int64"))
    return CustomerSummary(weighted, unit=_WEEK)


def _one_cohort(histories: DatedHistories) -> bool:
    """Return whether most customers came within a short part of the log."""
    order = np.argsort(histories.first, kind="stable")
    shares = np.cumsum(histories.weights[order]) / histories.weights.sum()
    low, high = (histories.first[order][np.searchsorted(shares, q)] for q in (0.05, 0.95))
    return bool((high - low) < _ONE_COHORT * histories.n_days)


def _notes(
    found: PenalisedFit,
    histories: DatedHistories,
    model: type[PurchaseModel],
    design: CalendarDesign,
) -> tuple[str, ...]:
    yearly = {"month", "week"} & set(design.seasons)
    notes = []
    if design.trend_until is not None and _one_cohort(histories):
        notes.append(
            "90% of the customers came within a short part of the log, so that the trend and their "
            "dropout cannot be distinguished."
        )
    if yearly and histories.n_days < _YEAR:
        notes.append(
            f"The log has {histories.n_days} days, less than a year: months that it has not seen "
            "are taken as average. Give a known season by index."
        )
    elif yearly and histories.n_days < 2 * _YEAR:
        notes.append("Most of the year was seen once, so the season is shrunk towards flat.")
    if model.calendar_assumption:
        notes.append(f"Assumed: {model.calendar_assumption}.")
    if not found.converged:
        notes.append("The search for the effects did not settle; they are approximate.")
    return tuple(notes)


def of_known(
    known: KnownCustomers, first_day: date, *, options: CalendarOptions, model: type[PurchaseModel]
) -> CalendarEffects:
    """Estimate a calendar from what is known at the end of a day, as a backtest asks.

    Parameters
    ----------
    known
        Customers and their purchases until that day.
    first_day
        The day from which the days of ``known`` are counted.
    """
    rows = np.arange(len(known))
    if len(rows) > _SAMPLE:
        rows = np.sort(np.random.default_rng(_SEED).choice(rows, _SAMPLE, replace=False))
    chosen = np.zeros(len(known), bool)
    chosen[rows] = True
    start = int(known.first[rows].min())
    counted = distinct_rows(
        *(column[rows].astype(float) for column in (known.frequency, known.first, known.last))
    )
    x, first, last = counted.columns
    repeats = np.repeat(chosen, known.frequency + 1) & (known.purchase_day > known.purchase_first)
    histories = DatedHistories(
        x=x,
        first=first.astype(int) - start,
        last=last.astype(int) - start,
        weights=counted.weights,
        purchases=np.bincount(
            known.purchase_day[repeats] - start, minlength=known.day - start + 1
        ).astype(float),
    )
    begins, ends = (first_day + timedelta(days=day) for day in (start, known.day))
    return estimate(histories, begins, ends, options=options, model=model)


def _of_log(log: TransactionLog) -> tuple[DatedHistories, date]:
    """Return the counted histories of a log and its first day, aggregated in the engine."""
    last = log.observed_until
    table = log.purchase_days.per_history(last)
    if len(table) == 0:
        raise DataError("a calendar needs a log with purchases; found none that was not returned.")
    days = int(table["T_days"].max())
    first_day = last - timedelta(days=days)
    by_day = aggregation.by_day(log.days, last)["repeat_purchases"]
    at = day_numbers(by_day.index) - first_day.toordinal()
    first = days - table["T_days"].to_numpy(int)
    histories = DatedHistories(
        x=table["frequency"].to_numpy(float),
        first=first,
        last=first + table["recency_days"].to_numpy(int),
        weights=table["n_customers"].to_numpy(float),
        purchases=np.bincount(at, by_day.to_numpy(float), days + 1),
    )
    return histories, first_day
