"""The transaction log: read, checked, cleaned, audited, and reduced where it lies.

A log is a lazy table. What leaves the engine is one row per customer, or one per distinct history.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date as Date  # noqa: N812  (`date` is an argument's public name)
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from relmark_research.customers import audit, cleaning, netting, reduction, sources
from relmark_research.customers.cleaning import Columns, ReadOptions, Returns
from relmark_research.customers.summary import CustomerSummary, Split
from relmark_research.errors import DataError, check_choice
from relmark_research.units import Day, TimeUnit, as_date

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class TransactionLog:
    """A checked log of purchases, made by `read_transactions`.

    Attributes
    ----------
    rows
        Lazy table of the usable rows: customer_id (text), date (day), value[, cost].
    observed_from, observed_until
        First and last day that the log covers.
    returns
        How negative rows are treated: ``"net"``, ``"drop"``, ``"keep"`` or ``"refuse"``.
    source
        What the log was read from, in words.
    """

    rows: ir.Table
    observed_from: Date
    observed_until: Date
    returns: Returns = "net"
    source: str = ""
    source_rows: ir.Table = field(kw_only=True, repr=False)
    checks: audit.Checks = field(kw_only=True, repr=False)
    options: ReadOptions = field(kw_only=True, repr=False)

    @property
    def has_cost(self) -> bool:
        """Whether the log says what its goods cost."""
        return "cost" in self.rows.columns

    @cached_property
    def days(self) -> ir.Table:
        """Lazy table of purchase-days: customer_id, date, parts (value in ten-thousandths)."""
        return netting.purchase_days(
            self.rows, returns=self.returns, any_returns=self.checks.negative > 0
        )

    @cached_property
    def audit(self) -> pd.DataFrame:
        """Every row accounted for: check, rows, share, action, examples."""
        return audit.table(
            self.checks,
            source_rows=self.source_rows,
            rows=self.rows,
            days=self.days,
            options=self.options,
            returns=self.returns,
        )

    def until(self, day: Day | None) -> TransactionLog:
        """Return the log as it stood at the end of ``day``; None returns it whole."""
        if day is None:
            return self
        last = as_date(day, name="until")
        self._refuse_before_start(last, "until")
        return replace(self, rows=self.rows.filter(self.rows.date <= last), observed_until=last)

    def after(self, day: Day) -> TransactionLog:
        """Return the log of what came after ``day``."""
        start = as_date(day, name="after") + timedelta(days=1)
        if start > self.observed_until:
            raise DataError(
                f"the log must go on after {day}; it ends on {self.observed_until}. "
                "Choose an earlier day."
            )
        return replace(self, rows=self.rows.filter(self.rows.date >= start), observed_from=start)

    def customer_summary(
        self, *, unit: str | TimeUnit = "week", observed_until: Day | None = None
    ) -> CustomerSummary:
        """Sum up each customer's history: frequency, recency, T and monetary_value.

        Parameters
        ----------
        unit
            ``"day"`` or ``"week"``: recency and T are whole days divided by its length.
        observed_until
            The last day on which a purchase would have been seen; the log's last day if None.
            Earlier than the log's last purchase is refused: cut the log with `until` first.

        Returns
        -------
        CustomerSummary
            One row per customer. frequency: purchase-days after the first; recency: first to last
            purchase; T: first purchase to observed_until; monetary_value: mean value of the
            purchase-days after the first, missing where there are none.

        Examples
        --------
        >>> import relmark_research as rm
        >>> customers = rm.load_cdnow().until("1997-09-30").customer_summary(unit="week")
        >>> len(customers), int(customers.table["frequency"].sum())
        (2357, 2457)
        """
        last = self._last_day(observed_until)
        measured = reduction.per_customer(self.days, last)
        return CustomerSummary.from_days(measured, unit=TimeUnit.of(unit), observed_until=last)

    def distinct_histories(
        self, *, unit: str | TimeUnit = "week", observed_until: Day | None = None
    ) -> CustomerSummary:
        """Collapse equal histories in the engine: frequency, recency, T and n_customers.

        A purchase model's fit needs no more, and the result stays small where there are millions
        of customers. Arguments as in `customer_summary`.
        """
        last = self._last_day(observed_until)
        measured = reduction.per_history(self.days, last)
        return CustomerSummary.from_days(measured, unit=TimeUnit.of(unit), observed_until=last)

    def split(self, *, at: Day | None = None, unit: str | TimeUnit = "week") -> Split:
        """Cut the log after the day ``at``: fit on what came before, judge by what came after.

        Parameters
        ----------
        at
            Last day of the calibration; None cuts two thirds of the way.
        unit
            As in `customer_summary`.

        Returns
        -------
        Split
            calibration (a CustomerSummary until ``at``), holdout (per calibration customer:
            purchases and value after ``at``), length (of the holdout, in ``unit``) and newcomers
            (customers first seen in the holdout, who are in neither table).
        """
        last = self._two_thirds() if at is None else as_date(at, name="at")
        before, later = self.until(last), self.after(last)
        calibration = before.customer_summary(unit=unit)
        bought = reduction.totals(later.days).set_index("customer_id")
        holdout = bought.reindex(calibration.table.index).fillna({"purchases": 0, "value": 0.0})
        holdout["purchases"] = holdout["purchases"].astype("int64")
        return Split(
            calibration=calibration,
            holdout=holdout,
            length=TimeUnit.of(unit).between(last, self.observed_until),
            newcomers=int((~bought.index.isin(calibration.table.index)).sum()),
            observed_until=self.observed_until,
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return the usable rows in memory, ordered by customer and day."""
        return self.rows.order_by("customer_id", "date").to_pandas()

    def _two_thirds(self) -> Date:
        return self.observed_from + (self.observed_until - self.observed_from) * 2 // 3

    def _last_day(self, observed_until: Day | None) -> Date:
        if observed_until is None:
            return self.observed_until
        last = as_date(observed_until, name="observed_until")
        if last < self.observed_until:
            later = self.rows.filter(self.rows.date > last)
            found = int(later.count().to_pandas())
            if found:
                first = later.order_by("date", "customer_id").limit(3).to_pandas()
                raise DataError(_after_the_end(last, found, first))
        return last

    def _refuse_before_start(self, last: Date, name: str) -> None:
        if last < self.observed_from:
            raise DataError(
                f"{name} must not lie before the log begins ({self.observed_from}); found {last}."
            )

    def _repr_html_(self) -> str:
        return self.audit._repr_html_()  # type: ignore[operator]


def _after_the_end(last: Date, found: int, first: pd.DataFrame) -> str:
    days = pd.to_datetime(first["date"]).dt.date
    shown = "; ".join(
        f"{who} on {day}" for who, day in zip(first["customer_id"], days, strict=True)
    )
    return (
        f"observed_until is {last}, but {found:,} rows are dated later, first: {shown}. "
        f"To leave them out on purpose, cut the log: log.until('{last}') or log.split(at='{last}')."
    )


def read_transactions(
    source: Any,
    *,
    customer: str = "customer_id",
    date: str = "date",
    value: str = "value",
    cost: str | None = None,
    returns: Returns = "net",
    engine: Any = None,
    options: ReadOptions | None = None,
) -> TransactionLog:
    """Read a log of transactions, check every row, and say what was done with each.

    Parameters
    ----------
    source
        Path or glob of CSV (plain or gzip) or Parquet files, ``"dataset:cdnow"``, a pandas,
        polars or Arrow table, or an Ibis table.
    customer, date
        Columns with the customer's id (read as text) and the day or moment of purchase.
    value, cost
        A column of money, or an expression of columns such as ``"Quantity * UnitPrice"``; value is
        revenue, cost what the goods cost (None where unknown).
    returns
        Negative values: ``"net"`` against the customer's latest earlier purchases, ``"drop"``
        them, ``"keep"`` them as they are, or ``"refuse"``.
    engine
        An Ibis backend; None is an embedded DuckDB.
    options
        How the source is written and what to do with unusable rows: `ReadOptions`.

    Raises
    ------
    DataError
        Where a column is missing, the source is empty, or rows cannot be used and are not to be
        left out; the message shows the first of them.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"id": ["007", "007", "a"], "day": "2024-01-01", "paid": [5, 2, 9]})
    >>> log = read_transactions(rows, customer="id", date="day", value="paid")
    >>> log.customer_summary().table["frequency"].to_dict()
    {'007': 0, 'a': 0}
    """
    check_choice("policy for returns", returns, ("net", "drop", "keep", "refuse"))
    options, names = options or ReadOptions(), Columns(customer, date, value, cost)
    raw = sources.open_source(source, separator=options.separator, engine=engine)
    rows = cleaning.marked(raw, names, options)
    counted = cleaning.tally(rows)
    described = sources.describe_source(source)
    checks = audit.check(rows, counted, names, options, described)
    if returns == "refuse" and checks.negative:
        shown = cleaning.examples(rows, rows.relmark_value < 0, names)
        raise DataError(
            f"expected no negative value; found {checks.negative:,}, first: {shown}. "
            "Say what a negative value means: returns='net', 'drop' or 'keep'."
        )
    return TransactionLog(
        rows=cleaning.usable(rows, options),
        observed_from=checks.first,
        observed_until=checks.last,
        returns=returns,
        source=described,
        source_rows=rows,
        checks=checks,
        options=options,
    )
