"""One row per customer: what a purchase model needs to know of a history.

frequency       purchase-days after the first, 0, 1, 2, ...
recency         time from first to last purchase, 0 where frequency is 0
T               time from first purchase to the end of observation
monetary_value  mean value of the purchase-days after the first, missing where there are none
n_customers     how many customers share the row (1 where there is no such column)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, unknown_name
from relmark_research.units import Day, TimeUnit, as_date

HISTORY = ("frequency", "recency", "T")


@dataclass(frozen=True, init=False)
class CustomerSummary:
    """Customers' histories with the unit of their times and the last day observed.

    Parameters
    ----------
    table
        Columns frequency, recency, T[, monetary_value][, n_customers], times in ``unit``; index or
        column customer_id.
    unit
        The unit of recency and T; None where a plain table came without one (then a horizon cannot
        be given in calendar terms).
    observed_until
        The last day observed; None where it is not known.

    Examples
    --------
    >>> histories = pd.DataFrame({"frequency": [2, 0], "recency": [30.43, 0], "T": [38.86, 38.86]})
    >>> CustomerSummary(histories, unit="week").n_customers
    2
    """

    table: pd.DataFrame
    unit: TimeUnit | None
    observed_until: date | None

    def __init__(
        self,
        table: pd.DataFrame,
        *,
        unit: str | TimeUnit | None = None,
        observed_until: Day | None = None,
    ) -> None:
        last = None if observed_until is None else as_date(observed_until, name="observed_until")
        object.__setattr__(self, "table", _checked(table))
        object.__setattr__(self, "unit", None if unit is None else TimeUnit.of(unit))
        object.__setattr__(self, "observed_until", last)

    @classmethod
    def of(cls, customers: CustomerSummary | pd.DataFrame) -> CustomerSummary:
        """Return ``customers`` as a summary, whether they came as one or as a plain table."""
        return customers if isinstance(customers, CustomerSummary) else cls(customers)

    @classmethod
    def from_days(
        cls, measured: pd.DataFrame, *, unit: TimeUnit, observed_until: date
    ) -> CustomerSummary:
        """Make a summary from lengths in whole days (days / days per unit) or calendar months."""
        if len(measured) == 0:
            raise DataError(
                "the log leaves no customer with a purchase: every purchase was returned in full. "
                "Look at log.audit, or read it with returns='keep'."
            )
        length, per = ("months", 1.0) if "T_months" in measured else ("days", unit.days)
        table = pd.DataFrame(
            {
                "frequency": measured["frequency"].astype("int64"),
                "recency": measured[f"recency_{length}"].to_numpy(float) / per,
                "T": measured[f"T_{length}"].to_numpy(float) / per,
            }
        )
        if "repeat_value" in measured:
            table["monetary_value"] = measured["repeat_value"].astype("float64")
            table.index = pd.Index(measured["customer_id"], name="customer_id")
        if "n_customers" in measured:
            table["n_customers"] = measured["n_customers"].astype("int64")
        made = cls.__new__(cls)  # what the engine has made is not looked at again
        for name, value in (("table", table), ("unit", unit), ("observed_until", observed_until)):
            object.__setattr__(made, name, value)
        return made

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
                "these customers have no column monetary_value, which spend needs. "
                "Make them with log.customer_summary(), or add it."
            )
        spend = self.table["monetary_value"].to_numpy(float)
        return np.where(self.frequency > 0, spend, np.nan)

    @property
    def weights(self) -> np.ndarray:
        """Customers per row, shape (rows,)."""
        if "n_customers" not in self.table:
            return np.ones(len(self.table))
        return self.table["n_customers"].to_numpy(float)

    @property
    def n_customers(self) -> int:
        """Customers in all rows."""
        return int(self.weights.sum())

    def distinct_histories(self) -> CustomerSummary:
        """Collapse equal histories to one row each, with their number in n_customers."""
        weighted = self.table.assign(n_customers=self.weights)
        counted = weighted.groupby(list(HISTORY), sort=True)["n_customers"].sum().reset_index()
        return CustomerSummary(counted, unit=self.unit, observed_until=self.observed_until)

    def __len__(self) -> int:
        return len(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()  # type: ignore[operator]


@dataclass(frozen=True)
class Split:
    """A log cut in two: models are fitted on the calibration and judged on the holdout.

    Attributes
    ----------
    calibration
        CustomerSummary of everything until the cut.
    holdout
        Index customer_id as in the calibration; purchases (purchase-days after the cut) and value.
    length
        Length of the holdout, in the calibration's unit.
    newcomers
        Customers first seen in the holdout; no model fitted on the calibration knows them.
    observed_until
        Last day of the holdout.
    """

    calibration: CustomerSummary
    holdout: pd.DataFrame
    length: float
    newcomers: int
    observed_until: date


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table indexed by customer_id, or raise DataError for what no model can take."""
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            "customers are a CustomerSummary or a DataFrame with the columns frequency, recency, T"
            f"[, monetary_value]; found {type(table).__name__}."
        )
    for name in HISTORY:
        if name not in table.columns:
            raise DataError(unknown_name("column", name, table.columns))
    if len(table) == 0:
        raise DataError("expected at least one customer; the table has no rows.")
    if "customer_id" in table.columns:
        table = table.set_index("customer_id")
    if table.index.name == "customer_id" and not table.index.is_unique:
        twice = table.index[table.index.duplicated()].unique()
        raise DataError(
            f"expected one row per customer; {len(twice):,} ids come more than once, first: "
            f"{', '.join(map(repr, twice[:3]))}. Sum their histories, or make them from a log."
        )
    _check_values(table)
    return table


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
    if "monetary_value" in table:
        spend = _numbers(table["monetary_value"])
        columns = ["frequency", "monetary_value"]
        _refuse(table, np.isinf(spend), "monetary_value must be finite", columns)
        _refuse(table, (x > 0) & spend.isna(), "repeat customers must have a value", columns)
        _refuse(table, (x > 0) & (spend < 0), "monetary_value must be 0 or more", columns)


def _numbers(column: pd.Series) -> pd.Series:
    """Return a column as floats, also where pandas keeps missing values as pd.NA."""
    return pd.to_numeric(column, errors="coerce").astype(float)


def _refuse(
    table: pd.DataFrame, offending: pd.Series | np.ndarray, rule: str, columns: list[str]
) -> None:
    wrong = np.asarray(offending, dtype=bool)
    if wrong.any():
        first = table.loc[wrong, columns].head(3)
        shown = "; ".join(
            f"{label!r} ({', '.join(f'{name} {row[name]!s}' for name in columns)})"
            for label, row in zip(first.index, first.to_dict("records"), strict=True)
        )
        raise DataError(f"{rule}; {wrong.sum():,} of {len(table):,} rows break this: {shown}.")
