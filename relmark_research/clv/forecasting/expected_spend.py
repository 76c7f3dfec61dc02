"""Expected value of a purchase at an origin, from what was known then.

Values are restated to the level of the last day (`SpendCalendar`), a Gamma-Gamma model is fitted
to them, its level follows the purchase rate where the two depend on each other
(`SpendDependence`), and a forecast multiplies by the mean of g over its horizon. What cannot be
estimated is left out, and the reason is noted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from relmark_research.clv.calendar.calendar_design import CalendarDesign
from relmark_research.clv.calendar.calendar_options import CalendarOptions
from relmark_research.clv.calendar.spend_calendar import SpendCalendar, restated
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.clv.prediction.spend_dependence import SpendDependence
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.purchase_history import KnownCustomers, PurchaseHistory
from relmark_research.errors import RelmarkError
from relmark_research.units import TimeUnit

Array = np.ndarray

SPEND, SPEND_CALENDAR = "GammaGamma", "SpendCalendar"  # names in the failures of an origin
_SAMPLE = 100_000  # customers that spend is fitted to, at most
_SEED = 20_240_105
_WEEK = TimeUnit("week")


@dataclass(frozen=True, eq=False)
class ExpectedSpend:
    """Each known customer's expected value of a purchase.

    Attributes
    ----------
    day
        The last day known.
    per_purchase
        Per customer, at the level of the last day and in an average season.
    calendar
        Season and trend of spend; None where there is none.
    failures
        What could not be estimated, with the reason.
    """

    day: date
    per_purchase: Array = field(repr=False)
    calendar: SpendCalendar | None = None
    failures: Mapping[str, str] = field(default_factory=dict)

    def within(self, horizon: int, weights: Array | None = None) -> Array:
        """Return expected values of purchases within a horizon in days.

        Parameters
        ----------
        weights
            Expected purchases of all customers on each day; by default the same on all days.
        """
        if self.calendar is None:
            return self.per_purchase
        return self.per_purchase * self.calendar.mean_over(self.day, horizon, weights)

    def log_variance(self, horizon: int) -> float:
        """Return the variance of ln(value) from the effects of the calendar."""
        return 0.0 if self.calendar is None else self.calendar.log_variance_over(self.day, horizon)


def expected_spend(
    history: PurchaseHistory,
    known: KnownCustomers,
    day: date,
    purchases: Fit[PurchaseModel] | None,
    options: CalendarOptions | None,
) -> ExpectedSpend:
    """Return the expected value of a purchase of known customers, by `GammaGamma`.

    Where it cannot be fitted or has no mean, it is the mean value of all purchases, and the reason
    is in the failures.

    Parameters
    ----------
    history, known, day
        The rows of the log, and what was known at the end of a day.
    purchases
        A fit of purchases in weeks, on which spend may depend; None for no dependence.
    options
        Seasons and events of spend; None for spend that does not move.
    """
    failures: dict[str, str] = {}
    calendar, first_day = None, history.rows.first_day
    if options is not None:
        try:
            season, events = options.season, options.events
            design = CalendarDesign.of(season=season, events=events, trend_until=day)
            calendar = SpendCalendar.of_known(known, first_day, design, day)
        except RelmarkError as error:
            failures[SPEND_CALENDAR] = str(error)
    at_level = known if calendar is None else restated(calendar, known, first_day)
    summary = history.summary(at_level, day, _WEEK)
    per_purchase = _by_model(summary, purchases, failures)
    if per_purchase is None:
        values = at_level.purchase_value
        mean = max(float(values.mean()), 0.0) if len(values) else 0.0
        per_purchase = np.full(len(summary), mean)
    return ExpectedSpend(day, per_purchase, calendar, failures)


def _by_model(
    summary: CustomerSummary, purchases: Fit[PurchaseModel] | None, failures: dict[str, str]
) -> Array | None:
    """Return expected spend by the model; None, with the reason noted, where it has none."""
    sample = _sample(summary)
    try:
        if purchases is not None:
            found = SpendDependence.fit(sample, purchases, GammaGamma)
            if found.spend.model.has_mean:
                return found.conditional_expected_spend(summary)
        model = GammaGamma.fit(sample).model
        if model.has_mean:
            own = np.where(summary.frequency > 0, summary.monetary_value, 0.0)
            return model.conditional_expected_spend(summary.frequency, own)
        reason = f"the mean spend does not exist ({model.mean_condition})"
    except RelmarkError as error:
        reason = str(error)
    failures[SPEND] = f"{reason} The mean value of all purchases is used instead."
    return None


def _sample(summary: CustomerSummary) -> CustomerSummary:
    """Return a random sample of the customers, or all where there are few."""
    if len(summary) <= _SAMPLE:
        return summary
    rows = np.random.default_rng(_SEED).choice(len(summary), _SAMPLE, replace=False)
    return summary.with_rows(summary.table.iloc[np.sort(rows)])
