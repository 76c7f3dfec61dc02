"""The forecast of a total over customers: purchases or value, with an interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.clv.calendar.calendar_options import CALENDAR
from relmark_research.errors import ParameterError
from relmark_research.stats.intervals import percentile_interval
from relmark_research.tables.read_table import groups_by_customer

if TYPE_CHECKING:
    from relmark_research.clv.calendar.calendar_effects import CalendarEffects
    from relmark_research.clv.forecasting.backtest import Backtest
    from relmark_research.clv.forecasting.forecast_errors import ForecastErrors

_DRAWS = 4000
UNKNOWN_GROUP = "not known"


@dataclass(frozen=True, repr=False)
class TotalForecast:
    """The forecast of a sum over customers.

    Attributes
    ----------
    expected
        Sum of the customers' expectations: purchases, or money.
    low, high
        Interval of the sum, in the same unit; None without a level.
    level
        Probability of the interval, in (0, 1).
    n_customers
        Customers in the sum.
    kind
        ``"estimate"``: the interval holds the uncertainty of the parameters only.
        ``"prediction"``: it also holds chance and the errors that past forecasts have had.
    measure
        ``"purchases"`` or ``"value"``.
    origin, end
        Last day known, and last day of the horizon; None where unknown.
    models
        Weight of each model and benchmark in the forecast.
    errors
        The errors that the interval of a prediction holds.
    backtest
        The same forecast in the log's own past; None where none was made.
    new_customers
        Forecast of the purchases of customers acquired within the horizon, who are not in the sum;
        None unless asked for.
    per_customer_expected
        Expected purchases or money by customer_id; None where the forecast has no such parts.
    log_variance
        Variance of the logarithm of ``expected`` from the parameters of the models.
    factor
        What a unit of value counts: the margin times the mean discount factor.
    calendar
        The calendar on which models were forecast; None without one.
    expected_without_calendar
        ``expected`` if the models on the calendar had been forecast without it, with the same
        weights; None without a calendar.

    Examples
    --------
    >>> TotalForecast(1653.4, 1580.2, 1730.1, level=0.95, n_customers=2357)
    <TotalForecast: expected 1,653, low 1,580, high 1,730, level 0.95, customers 2,357>
    """

    expected: float
    low: float | None
    high: float | None
    level: float | None
    n_customers: int
    kind: Literal["estimate", "prediction"] = "estimate"
    measure: Literal["purchases", "value"] = "purchases"
    origin: date | None = None
    end: date | None = None
    models: Mapping[str, float] = field(default_factory=dict)
    errors: ForecastErrors | None = field(default=None, compare=False)
    backtest: Backtest | None = field(default=None, compare=False)
    new_customers: TotalForecast | None = None
    per_customer_expected: pd.Series | None = field(default=None, compare=False)
    log_variance: float = 0.0
    factor: float = 1.0
    calendar: CalendarEffects | None = field(default=None, compare=False)
    expected_without_calendar: float | None = None

    @property
    def per_customer(self) -> tuple[float, float | None, float | None]:
        """The expected value, low and high divided by the number of customers."""
        n = self.n_customers
        low, high = (None if end is None else end / n for end in (self.low, self.high))
        return self.expected / n, low, high

    @property
    def calendar_weight(self) -> float:
        """Weight of the models on a calendar in the forecast, from 0 to 1."""
        return sum(weight for name, weight in self.models.items() if name.endswith(CALENDAR))

    @property
    def words(self) -> str:
        """The forecast, its range and its record, in two sentences."""
        what = "purchases" if self.measure == "purchases" else "value"
        text = f"Expected {what}: {self.expected:,.0f}"
        if self.end is not None:
            text += f" from the day after {self.origin} to {self.end}"
        text += f", from {self.n_customers:,} customers"
        if self.level is not None:
            text += f" ({self.level:.0%} range {self.low:,.0f} to {self.high:,.0f})"
        record = f" {self.backtest.words}" if self.backtest is not None else ""
        return f"{text}.{record}"

    def by(
        self, groups: pd.Series, *, level: float | None = None, draws: int = _DRAWS, seed: int = 0
    ) -> pd.DataFrame:
        """Return the forecast by group of customers: a segment, a channel, a cohort.

        Parameters
        ----------
        groups
            Group of each customer, by customer_id. Customers without one are "not known".
        level
            Probability of the ranges; by default that of the total.
        draws, seed
            Number of simulations, and their seed.

        Returns
        -------
        DataFrame
            Index group; customers, expected, low, high. The groups share the forecast's error, so
            the expectations add up to the total and the ends of the ranges do not.

        Raises
        ------
        ParameterError
            If the forecast has no parts by customer, or is no prediction.
        DataError
            If an id is missing, or a customer has more than one group.
        """
        parts = self._parts()
        labels = groups_by_customer(groups).reindex(parts.index).fillna(UNKNOWN_GROUP)
        grouped = parts.groupby(labels.to_numpy())
        table = pd.DataFrame({"customers": grouped.size(), "expected": grouped.sum()})
        table.index.name = groups.name or "group"
        return table.assign(**self._ranges(table["expected"].to_numpy(float), level, draws, seed))

    def draw(self, *, draws: int = _DRAWS, seed: int = 0) -> np.ndarray:
        """Return simulated totals, shape (draws,)."""
        drawn = self._simulated(np.array([self.expected]), draws, seed)
        result: np.ndarray = drawn[:, 0]
        return result

    def _ranges(
        self, expected: np.ndarray, level: float | None, draws: int, seed: int
    ) -> dict[str, np.ndarray]:
        used = level if level is not None else self.level or 0.95
        low, high = percentile_interval(self._simulated(expected, draws, seed), used)
        return {"low": low, "high": high}

    def _simulated(self, expected: np.ndarray, draws: int, seed: int) -> np.ndarray:
        if self.errors is None or self.origin is None or self.end is None:
            raise ParameterError(
                "draws of a total need a prediction; found an estimate. Use "
                "rm.forecast_total(log, horizon=...)."
            )
        horizon = (self.end - self.origin).days
        return self.errors.draw(
            expected, horizon=horizon, draws=draws, seed=seed, log_variance=self.log_variance
        )

    def _parts(self) -> pd.Series:
        if self.per_customer_expected is None:
            raise ParameterError(
                "this forecast has no parts by customer. Use rm.forecast_total(log, horizon=...)."
            )
        return self.per_customer_expected

    def _rows(self) -> dict[str, object]:
        rows: dict[str, object] = {"expected": self.expected}
        if self.level is not None:
            rows |= {"low": self.low, "high": self.high, "level": self.level}
        return rows | {"customers": self.n_customers}

    def __repr__(self) -> str:
        return one_line(type(self).__name__, self._rows())

    def _repr_html_(self) -> str:
        return html_table("Total forecast", self._rows() | {"interval": self.kind})
