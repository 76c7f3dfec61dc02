"""Summaries of customers' purchase histories, one row per customer, and calibration splits.

frequency       purchase-days after the first, 0, 1, 2, ...
recency         time from first to last purchase, 0 where frequency is 0
T               time from first purchase to the end of observation
monetary_value  mean value of the purchase-days after the first, missing where there are none
sum_log_gaps    sum of ln(gap) over the gaps between purchase-days in the unit, 0 without any; in a
                row of several customers their mean
n_customers     number of customers with this history (1 where there is no such column)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.customers.operational_time import Calendar, elapsed, operational_days
from relmark_research.errors import (
    DataError,
    ParameterError,
    first_rows,
    unknown_name,
    values_shown,
)
from relmark_research.tables.read_table import read_ids, read_values
from relmark_research.tables.schemas import Column
from relmark_research.units import Day, Horizon, TimeUnit, as_date

HISTORY = ("frequency", "recency", "T")


@dataclass(frozen=True, init=False, repr=False)
class CustomerSummary:
    """Customers' purchase histories, with the unit of time and the last day observed.

    Parameters
    ----------
    table
        Columns frequency (whole number >= 0), recency and T (0 <= recency <= T, in ``unit``)[,
        monetary_value (>= 0)][, sum_log_gaps (in ``unit``)][, n_customers (whole number >= 0)];
        index or column customer_id,
        whose ids are text as in a log: 7, 7.0 and ``"7"`` are one customer.
    unit
        The unit of recency and T; None where unknown (then horizons cannot be given in calendar
        terms).
    observed_until
        The last day observed; None where unknown.
    calendar
        The calendar whose operational time recency and T are; None for plain time. It converts
        horizons, which needs ``observed_until``.

    Raises
    ------
    DataError
        Where a column is missing or a value is outside its domain; the message shows the first
        rows.

    Examples
    --------
    >>> histories = pd.DataFrame({"frequency": [2, 0], "recency": [30.43, 0], "T": [38.86, 38.86]})
    >>> CustomerSummary(histories, unit="week").n_customers
    2
    """

    table: pd.DataFrame
    unit: TimeUnit | None
    observed_until: date | None
    calendar: Calendar | None

    def __init__(
        self,
        table: pd.DataFrame,
        *,
        unit: str | TimeUnit | None = None,
        observed_until: Day | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        last = None if observed_until is None else as_date(observed_until, name="observed_until")
        known = None if unit is None else TimeUnit.of(unit)
        object.__setattr__(self, "table", _checked(table, known))
        object.__setattr__(self, "unit", known)
        object.__setattr__(self, "observed_until", last)
        object.__setattr__(self, "calendar", _checked_calendar(calendar, known, last))

    @classmethod
    def of(cls, customers: CustomerSummary | pd.DataFrame) -> CustomerSummary:
        """Return ``customers`` as a summary, whether it is one or a DataFrame of its columns.

        Raises
        ------
        DataError
            Where ``customers`` is anything else; for a log the message names the missing step.
        """
        return customers if isinstance(customers, CustomerSummary) else cls(customers)

    @classmethod
    def from_days(
        cls,
        histories: pd.DataFrame,
        *,
        unit: TimeUnit,
        observed_until: date,
        calendar: Calendar | None = None,
    ) -> CustomerSummary:
        """Return a summary of times in whole days (divided by days per unit) or calendar months.

        With a calendar the days are those of its operational time, and there is no sum_log_gaps.
        """
        if len(histories) == 0:
            raise DataError(
                "the log has no customer with a purchase: every purchase was returned in full. "
                "See log.audit, or read the log with returns='keep'."
            )
        _checked_calendar(calendar, unit, observed_until)
        length, per = ("months", 1.0) if "T_months" in histories else ("days", unit.days)
        recency, T = (histories[f"{name}_{length}"].to_numpy() for name in ("recency", "T"))
        if calendar is not None:
            T, recency = T.astype(np.int64), recency.astype(np.int64)
            recency, T = (
                elapsed(calendar, T, end, observed_until) for end in (T - recency, np.zeros_like(T))
            )
        table = pd.DataFrame(
            {
                "frequency": histories["frequency"].astype("int64"),
                "recency": recency.astype(float) / per,
                "T": T.astype(float) / per,
            }
        )
        if "repeat_value" in histories:
            table["monetary_value"] = histories["repeat_value"].astype("float64")
        if "sum_log_gaps" in histories and calendar is None:
            logs = histories["sum_log_gaps"].to_numpy(float)
            table["sum_log_gaps"] = logs - table["frequency"] * np.log(per)
        if "customer_id" in histories:
            table.index = pd.Index(histories["customer_id"], name="customer_id")
        if "n_customers" in histories:
            table["n_customers"] = histories["n_customers"].astype("int64")
        known = {"unit": unit, "observed_until": observed_until, "calendar": calendar}
        return cls._unchecked(table=table, **known)  # the engine's result needs no checks

    @classmethod
    def _unchecked(cls, **fields: object) -> CustomerSummary:
        summary = cls.__new__(cls)
        for name, value in fields.items():
            object.__setattr__(summary, name, value)
        return summary

    def with_rows(self, table: pd.DataFrame) -> CustomerSummary:
        """Return rows with the same unit, last day and calendar; own rows are not checked again."""
        until, calendar = self.observed_until, self.calendar
        if isinstance(table, pd.DataFrame) and table.dtypes.equals(self.table.dtypes):
            return self._unchecked(
                table=table, unit=self.unit, observed_until=until, calendar=calendar
            )
        return CustomerSummary(table, unit=self.unit, observed_until=until, calendar=calendar)

    def length(self, horizon: Horizon, unit: TimeUnit) -> float:
        """Return a horizon after the last day in a unit, on the customers' calendar.

        Returns
        -------
        float
            A(T + h) - A(T); h itself without a calendar; infinite for an endless horizon.
        """
        if self.calendar is None or horizon.endless or self.observed_until is None:
            return horizon.length(unit, self.observed_until)
        horizon.length(unit, self.observed_until)  # refuses a day before the last
        end = horizon.end(self.observed_until)
        return operational_days(self.calendar, self.observed_until, end) / unit.days

    @property
    def frequency(self) -> np.ndarray:
        """Repeat purchases, shape (rows,)."""
        return self.table["frequency"].to_numpy(float)

    @property
    def recency(self) -> np.ndarray:
        """Time from first to last purchase, shape (rows,)."""
        return self.table["recency"].to_numpy(float)

    @property
    def T(self) -> np.ndarray:
        """Time from first purchase to the end of observation, shape (rows,)."""
        return self.table["T"].to_numpy(float)

    @property
    def monetary_value(self) -> np.ndarray:
        """Mean value of repeat purchases, NaN where there are none, shape (rows,)."""
        if "monetary_value" not in self.table:
            raise DataError(
                "expected the column monetary_value, which spend models need; it is missing. "
                "Summarise a log that has money with log.customer_summary(), or add the column; a "
                "log read without money (value=None) has none."
            )
        spend = self.table["monetary_value"].to_numpy(float)
        return np.where(self.frequency > 0, spend, np.nan)

    @property
    def sum_log_gaps(self) -> np.ndarray | None:
        """Sum of ln(gap) between purchases, shape (rows,); None in a table without the column."""
        if "sum_log_gaps" not in self.table:
            return None
        return self.table["sum_log_gaps"].to_numpy(float)

    @property
    def weights(self) -> np.ndarray:
        """Number of customers of each row, shape (rows,)."""
        if "n_customers" not in self.table:
            return np.ones(len(self.table))
        return self.table["n_customers"].to_numpy(float)

    @property
    def n_customers(self) -> int:
        """Number of customers in all rows."""
        return int(self.weights.sum())

    def distinct_histories(self) -> CustomerSummary:
        """Return one row per distinct history, with its number of customers in n_customers."""
        summed = self.table[list(HISTORY)].copy()
        if self.sum_log_gaps is not None:
            summed["sum_log_gaps"] = self.sum_log_gaps * self.weights
        summed["n_customers"] = self.weights
        counted = summed.groupby(list(HISTORY), sort=True).sum().reset_index()
        if self.sum_log_gaps is not None:
            counted["sum_log_gaps"] /= np.maximum(counted["n_customers"], 1)
        return self._unchecked(
            table=counted,
            unit=self.unit,
            observed_until=self.observed_until,
            calendar=self.calendar,
        )

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return one_line("CustomerSummary", self._facts())

    def _repr_html_(self) -> str:
        return html_table("Customer summary", self._facts())

    def _facts(self) -> dict[str, object]:
        repeat = (self.frequency > 0) @ self.weights / max(self.weights.sum(), 1)
        return {
            "customers": self.n_customers,
            "share with repeat purchases": float(repeat),
            "unit": self.unit,
            "observed until": self.observed_until,
            "calendar": "none" if self.calendar is None else "operational time",
            "columns": ", ".join(map(str, self.table.columns)),
        }


@dataclass(frozen=True, repr=False)
class Split:
    """A log split in two: models are fitted to the calibration and evaluated on the holdout.

    Attributes
    ----------
    calibration
        CustomerSummary until the last day of the calibration.
    holdout
        Index customer_id as in the calibration; purchases (purchase-days in the holdout, or
        purchase-months where the calibration's unit is the month) and value (unless the log has no
        money).
    length
        Length of the holdout, in the calibration's unit.
    new_customers
        Number of customers acquired in the holdout, for whom there is no forecast.
    observed_until
        Last day of the holdout.
    """

    calibration: CustomerSummary
    holdout: pd.DataFrame
    length: float
    new_customers: int
    observed_until: date

    def __repr__(self) -> str:
        return one_line("Split", self._facts())

    def _repr_html_(self) -> str:
        return html_table("Calibration and holdout", self._facts())

    def _facts(self) -> dict[str, object]:
        unit = self.calibration.unit
        return {
            "customers": self.calibration.n_customers,
            "calibration until": self.calibration.observed_until,
            "holdout until": self.observed_until,
            f"holdout length ({unit}s)" if unit else "holdout length": self.length,
            "holdout purchases": int(self.holdout["purchases"].sum()),
            "new customers": self.new_customers,
        }


def _checked(table: pd.DataFrame, unit: TimeUnit | None) -> pd.DataFrame:
    """Return the table indexed by customer_id, or raise DataError for invalid values."""
    if not isinstance(table, pd.DataFrame):
        raise DataError(_not_a_summary(table))
    for name in HISTORY:
        if name not in table.columns:
            raise DataError(unknown_name("column", name, table.columns))
    if len(table) == 0:
        raise DataError("expected at least one customer; the table has no rows.")
    if "customer_id" in table.columns:
        table = table.set_index("customer_id")
    if table.index.name == "customer_id":
        table = table.set_axis(_ids(table.index))
    if table.index.name == "customer_id" and not table.index.is_unique:
        again = table.index.duplicated()
        raise DataError(
            f"expected one row per customer; {table.index[again].nunique():,} ids come more than "
            f"once, first: {first_rows(again, table.index)}. log.customer_summary() makes such a "
            "table."
        )
    table = _with_numbers(table, unit)
    _check_values(table)
    return table


def _checked_calendar(
    calendar: Calendar | None, unit: TimeUnit | None, last: date | None
) -> Calendar | None:
    """Return the calendar, or raise ParameterError where it cannot be used."""
    if calendar is None:
        return None
    if not hasattr(calendar, "relative_rates"):
        raise ParameterError(
            "calendar must be calendar effects, such as rm.CalendarEffects.fit(log); found "
            f"{type(calendar).__name__}."
        )
    if unit is None or last is None:
        raise ParameterError(
            "a calendar needs the unit of time and the last day: CustomerSummary(table, "
            "unit='week', observed_until='2024-12-31', calendar=effects)."
        )
    if unit.name == "month":
        raise ParameterError(
            "operational time is counted in days, weeks or years; found unit='month', whose "
            "purchases are purchase-months. Use unit='week'."
        )
    return calendar


def _ids(labels: pd.Index) -> pd.Index:
    """Return ids as text; raise DataError for a blank one."""
    ids = read_ids(labels)
    blank = np.flatnonzero(ids.isna())
    if len(blank):
        rows = ", ".join(f"{place + 1:,}" for place in blank[:3])
        raise DataError(
            f"expected a customer_id in every row; {len(blank):,} of {len(ids):,} are blank, first "
            f"row {rows}. Fill them in, or leave customer_id out of the table."
        )
    return ids


def _with_numbers(table: pd.DataFrame, unit: TimeUnit | None) -> pd.DataFrame:
    """Return the table with columns of numbers; lengths of time are counted in the unit."""
    changed = {}
    for name in (*HISTORY, "monetary_value", "sum_log_gaps", "n_customers"):
        if name not in table or table[name].dtype in ("int64", "float64"):
            continue
        column = Column(name, "number", "a number")
        if table[name].dtype.kind == "m":
            changed[name] = _counted(table[name], unit)
        elif table[name].dtype.kind == "M":
            raise DataError(
                f"{name} must be a number of time units; found days, first "
                f"{table[name].iloc[0]}. Subtract: T is the time from the first purchase to the "
                "last day observed."
            )
        else:
            changed[name] = read_values(table[name], column)
    return table.assign(**changed) if changed else table


def _counted(lengths: pd.Series, unit: TimeUnit | None) -> pd.Series:
    """Return lengths of time in a unit; raise DataError for a frequency, or without a unit."""
    if unit is None or lengths.name not in ("recency", "T"):
        raise DataError(
            f"{lengths.name} must be a number; found lengths of time, first {lengths.iloc[0]}. "
            "Name the unit in which recency and T are counted: CustomerSummary(table, "
            "unit='week')."
        )
    days: pd.Series = lengths.dt.total_seconds() / 86_400
    return days / unit.days


def _not_a_summary(customers: Any) -> str:
    if hasattr(customers, "customer_summary"):  # a TransactionLog, which imports this module
        return (
            "expected a CustomerSummary or a DataFrame; customers is a "
            f"{type(customers).__name__}; summarise it first: log.customer_summary(unit='week')."
        )
    return (
        "customers must be a CustomerSummary or a DataFrame with the columns frequency, recency, T"
        f"[, monetary_value]; found {type(customers).__name__}."
    )


def _check_values(table: pd.DataFrame) -> None:
    columns = [*HISTORY, *(name for name in ("n_customers",) if name in table)]
    x, t_x, T = (_numbers(table[name]) for name in HISTORY)
    for name in columns:
        values = _numbers(table[name])
        _refuse(table, ~np.isfinite(values), f"{name} must be a finite number", columns)
        _refuse(table, values < 0, f"{name} must be 0 or more", columns)
    if "n_customers" in table:
        n = _numbers(table["n_customers"])
        _refuse(table, n != n.round(), "n_customers must be a whole number", ["n_customers"])
    _refuse(table, x != x.round(), "frequency must be a whole number of repeat purchases", columns)
    _refuse(table, t_x > T, "recency must not be greater than T", columns)
    _refuse(table, (x == 0) & (t_x > 0), "recency must be 0 where frequency is 0", columns)
    _refuse(table, (x > 0) & (t_x <= 0), "recency must be > 0 where frequency is > 0", columns)
    if "sum_log_gaps" in table:
        _check_gaps(table, x, t_x)
    if "monetary_value" in table:
        spend = _numbers(table["monetary_value"])
        columns = ["frequency", "monetary_value"]
        _refuse(table, np.isinf(spend), "monetary_value must be finite", columns)
        _refuse(
            table,
            (x > 0) & spend.isna(),
            "monetary_value must be given for repeat customers",
            columns,
        )
        _refuse(table, (x > 0) & (spend < 0), "monetary_value must be 0 or more", columns)


def _check_gaps(table: pd.DataFrame, x: pd.Series, t_x: pd.Series) -> None:
    """Refuse sums of logarithms that no x gaps with the sum t_x can have."""
    logs, columns = _numbers(table["sum_log_gaps"]), ["frequency", "recency", "sum_log_gaps"]
    _refuse(table, ~np.isfinite(logs), "sum_log_gaps must be a finite number", columns)
    greatest = x * np.log(t_x.where(x > 0, 1.0) / x.where(x > 0, 1.0))
    rule = (
        "sum_log_gaps must be at most frequency x ln(recency / frequency), its value for equal "
        "gaps, and 0 where frequency is 0; is it in the unit of recency?"
    )
    wrong = (logs > greatest + 1e-9 * (1 + greatest.abs())) | ((x == 0) & (logs != 0))
    _refuse(table, wrong, rule, columns)


def _numbers(column: pd.Series) -> pd.Series:
    """Return a column as floats, with pd.NA as NaN."""
    return pd.to_numeric(column, errors="coerce").astype(float)


def _refuse(
    table: pd.DataFrame, offending: pd.Series | np.ndarray, rule: str, columns: list[str]
) -> None:
    invalid = np.asarray(offending, dtype=bool)
    if invalid.any():
        places = np.flatnonzero(invalid)[:3]
        labels = [f", {label!r}" if values_shown() else "" for label in table.index[places]]
        records = table[columns].iloc[places].to_dict("records")
        shown = "; ".join(
            f"row {place + 1:,}{label} ({', '.join(f'{name} {row[name]!s}' for name in columns)})"
            for place, label, row in zip(places, labels, records, strict=True)
        )
        raise DataError(f"{rule}; {invalid.sum():,} of {len(table):,} rows break this: {shown}.")
