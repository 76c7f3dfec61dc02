"""Bias of expected spend: forecast values against actual ones, with the actual purchases.

At each origin every known customer's expected value of a purchase, from what was known then, is
multiplied by the purchases that the customer then made. What is left of the error of a forecast of
value is that of spend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research._repr import one_line
from relmark_research.clv.calendar.calendar_options import CalendarChoice, calendar_options
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.families.bg_nbd import BGNBD
from relmark_research.clv.forecasting.expected_spend import expected_spend
from relmark_research.clv.forecasting.origin_records import horizon_days, origin_days
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.purchase_history import PurchaseHistory
from relmark_research.errors import RelmarkError
from relmark_research.units import Day, Horizon, TimeUnit

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

_ORIGINS = 8
_COLUMNS = ["origin", "end", "purchases", "expected", "actual", "bias", "se"]
_WEEK = TimeUnit("week")


@dataclass(frozen=True, repr=False, eq=False)
class ValueBias:
    """Expected spend at rolling origins, against what purchases were then worth.

    Attributes
    ----------
    table
        Row per origin: origin, end, purchases (actual), expected (value of them), actual, bias =
        expected / actual - 1, and se, its standard error by chance: the root of the summed squared
        errors of the customers, as a share of the actual.
    horizon
        In days.
    failures
        Origin and what could not be estimated, with the reason.
    """

    table: pd.DataFrame
    horizon: int
    failures: pd.DataFrame

    @property
    def bias(self) -> float:
        """Mean bias over the origins; NaN without any."""
        return float(self.table["bias"].mean())

    @property
    def error(self) -> float:
        """Mean absolute bias over the origins; NaN without any."""
        return float(self.table["bias"].abs().mean())

    @property
    def words(self) -> str:
        """How far expected spend was from actual spend."""
        found = self.table["bias"].dropna()
        if not len(found):
            return "The log is too short to test expected spend."
        if len(found) == 1:
            return (
                f"With the purchases that customers then made, expected value was "
                f"{_direction(float(found.iloc[0]))} (standard error by chance "
                f"{self.table['se'].iloc[0]:.1%})."
            )
        return (
            f"With the purchases that customers then made, expected value was "
            f"{_direction(self.bias)} on average over {len(found)} origins ({found.min():+.1%} to "
            f"{found.max():+.1%})."
        )

    def __repr__(self) -> str:
        rows = {"horizon (days)": self.horizon, "origins": len(self.table), "bias": self.bias}
        return one_line(type(self).__name__, rows)

    def _repr_html_(self) -> str:
        result: str = self.table._repr_html_()  # type: ignore[operator]
        return result


def value_bias(
    log: TransactionLog,
    *,
    horizon: str | date | Horizon = "26 weeks",
    origins: int | Sequence[Day] = _ORIGINS,
    calendar: CalendarChoice = None,
) -> ValueBias:
    """Compare expected with actual spend at rolling origins, with the actual purchases.

    Parameters
    ----------
    horizon
        ``"26 weeks"``, ``"6 months"``: a length of time.
    origins
        Number of origins, evenly spaced over the log, or the origins themselves.
    calendar
        None for a season by month and a trend of spend, False for spend that is constant, or
        `CalendarOptions` with declared events.

    Returns
    -------
    ValueBias
        bias = sum over customers of (expected spend x actual purchases) / actual value - 1.

    Raises
    ------
    ParameterError
        If the horizon is infinite.
    DataError
        If the log has no money, or an origin is too late.

    Examples
    --------
    >>> import relmark_research as rm
    >>> found = rm.clv.value_bias(rm.load_cdnow(), horizon="26 weeks", origins=3)
    >>> abs(found.bias) < 0.1
    True
    """
    log.require_value("a test of expected spend")
    last, options = log.observed_until, calendar_options(calendar)
    length = horizon_days(horizon, last)
    history = PurchaseHistory.of(log)
    rows, failures = [], []
    for day in origin_days(history, last, length, origins, "value"):
        if (last - day).days < length:
            continue
        known = history.known_at(day)
        fit = _purchases(history.summary(known, day, _WEEK))
        spend = expected_spend(history, known, day, fit, options)
        purchases, value = history.after(day, length, known)
        expected = purchases * spend.within(length)
        rows.append(_row(day, length, purchases, expected, value))
        failures += [(day, name, why) for name, why in spend.failures.items()]
    failed = pd.DataFrame(failures, columns=["origin", "model", "reason"])
    return ValueBias(pd.DataFrame(rows, columns=_COLUMNS), length, failed)


def _row(
    day: date, length: int, purchases: np.ndarray, expected: np.ndarray, value: np.ndarray
) -> tuple[object, ...]:
    actual = float(value.sum())
    start = pd.Timestamp(day)
    total, squares = float(expected.sum()), float(np.square(expected - value).sum())
    bias, error = (
        (total / actual - 1, np.sqrt(squares) / actual) if actual > 0 else (np.nan, np.nan)
    )
    return start, start + pd.Timedelta(days=length), purchases.sum(), total, actual, bias, error


def _purchases(customers: CustomerSummary) -> Fit[PurchaseModel] | None:
    """Return a fit of purchases, on which spend may depend; None where there is none."""
    try:
        fit = BGNBD.fit(customers)
    except RelmarkError:
        return None
    return None if fit.diagnosis.failed else fit


def _direction(bias: float) -> str:
    return f"{abs(bias):.1%} {'above' if bias > 0 else 'below'} the actual value"
