"""The transaction log: reading, checking, windows, and summaries by customer.

A log is a lazy table of an engine. Only summaries are loaded into memory: one row per customer, or
one per distinct history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from datetime import date as Date  # noqa: N812  (`date` is an argument's public name)
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.customers.log import (
    _feed_gap,
    audit,
    record_linkage,
)
from relmark_research.customers.log._purchase_days import PurchaseDays
from relmark_research.customers.log.customer_summary import CustomerSummary, Split
from relmark_research.customers.log.left_truncation import LeftTruncation, left_truncation
from relmark_research.customers.operational_time import Calendar, operational_days
from relmark_research.errors import DataError, ParameterError, check_choice, values_shown
from relmark_research.tables import row_checks, sql_dialects
from relmark_research.tables.options import Columns, ReadOptions, Returns, dialect_of
from relmark_research.tables.sources import open_source
from relmark_research.units import Day, TimeUnit, as_date

if TYPE_CHECKING:
    import ibis.expr.types as ir

Earlier = Literal["keep", "leave out"]


@dataclass(frozen=True, repr=False)
class TransactionLog:
    """A checked log of purchases, made by `read_transactions`.

    Attributes
    ----------
    rows
        Lazy table of the usable rows: customer_id (text), date (day)[, value][, cost], and the
        options' keep_columns. A log without money has no value.
    observed_from, observed_until
        First and last day that the log covers.
    returns
        Policy for negative values: ``"net"``, ``"drop"``, ``"keep"`` or ``"refuse"``.
    source
        Name of the source, without secrets.
    source_rows
        Lazy table of all rows read, with the problem of each.
    purchase_days
        The purchase-days, aggregated once for the log and all its windows.
    counts
        Counts of the rows read.
    options
        The options with which the log was read.
    earlier_customers
        Customers of a window who had bought before it; 0 for a whole log.
    """

    rows: ir.Table
    observed_from: Date
    observed_until: Date
    returns: Returns = "net"
    source: str = ""
    source_rows: ir.Table = field(kw_only=True)
    purchase_days: PurchaseDays = field(kw_only=True)
    counts: audit.RowCounts = field(kw_only=True)
    options: ReadOptions = field(kw_only=True)
    earlier_customers: int = field(default=0, kw_only=True)

    @property
    def has_value(self) -> bool:
        """Whether the log has money: the value of each row."""
        return "value" in self.rows.columns

    def require_value(self, what: str) -> None:
        """Raise DataError for a log without money; ``what`` needs it, such as ``"a profit"``."""
        if not self.has_value:
            raise DataError(
                f"this log has no money, and {what} needs the value of each purchase. Read the log "
                "with the column of the value: read_transactions(..., value=...)."
            )

    @property
    def has_cost(self) -> bool:
        """Whether the log has the cost of goods."""
        return "cost" in self.rows.columns

    @cached_property
    def days(self) -> ir.Table:
        """Lazy table of purchase-days: customer_id, date[, parts (value in ten-thousandths)].

        All rows of a customer's day are one purchase, however many line items it has.
        """
        return self.purchase_days.table

    @cached_property
    def audit(self) -> pd.DataFrame:
        """Account of every row read: check, rows, share, action, examples."""
        rows = audit.AuditedRows(
            source_rows=self.source_rows,
            rows=self.rows,
            customer_days=self.purchase_days.customer_days,
            options=self.options,
            returns=self.returns,
            earlier_customers=self.earlier_customers,
            left_truncation=self.left_truncation,
        )
        return audit.audit_table(self.counts, rows)

    @cached_property
    def left_truncation(self) -> LeftTruncation:
        """Whether the log begins in the middle of the business, so that first seen is not new."""
        days = self.purchase_days.bought_days
        return left_truncation(days, self.observed_from, self.observed_until)

    def until(self, day: Day | None) -> TransactionLog:
        """Return the log until the end of ``day``; None returns the whole log.

        Raises
        ------
        DataError
            Where the day is before the log begins, or so long after its last row that the feed may
            have stopped: `ReadOptions.max_feed_gap`.
        """
        if day is None:
            return self
        last = as_date(day, name="until")
        _refuse_before(last, self.observed_from, "until")
        self._refuse_feed_gap(last)
        rows = self.rows.filter(self.rows.date <= last)
        days = self.purchase_days.until(last)
        return replace(self, rows=rows, purchase_days=days, observed_until=last)

    def after(self, day: Day) -> TransactionLog:
        """Return the log of the purchases after ``day``."""
        start = as_date(day, name="after") + timedelta(days=1)
        _refuse_after(start, self.observed_until, str(day))
        rows = self.rows.filter(self.rows.date >= start)
        days = self.purchase_days.since(start)
        return replace(self, rows=rows, purchase_days=days, observed_from=start)

    def window(
        self,
        *,
        observed_from: Day | None = None,
        observed_until: Day | None = None,
        earlier: Earlier = "keep",
    ) -> TransactionLog:
        """Return the log from one day to another, and count the customers who bought before it.

        Parameters
        ----------
        observed_from, observed_until
            First and last day of the window, both included; None is the log's own.
        earlier
            Policy for customers who had bought before the window: ``"keep"`` them, as if their
            history began in it, or ``"leave out"``. Either way the audit counts them.
        """
        check_choice("policy for earlier customers", earlier, ("keep", "leave out"))
        log = self.until(observed_until)
        if observed_from is None:
            return log
        start = as_date(observed_from, name="observed_from")
        _refuse_after(start, log.observed_until, str(start - timedelta(days=1)))
        rows, earlier_customers = _rows_from(log.rows, start, earlier)
        days = log.purchase_days
        if earlier == "leave out":
            days = days.without_customers_before(start)
        return replace(
            log,
            rows=rows,
            purchase_days=days.since(start),
            observed_from=start,
            earlier_customers=earlier_customers,
        )

    def linked(self, links: record_linkage.CustomerLinks) -> TransactionLog:
        """Return the log with the ids of each person replaced by one, as `link_customers` found."""
        rows = record_linkage.with_person_ids(self.rows, links)
        return replace(self, rows=rows, purchase_days=PurchaseDays(rows, self.counts, self.returns))

    def customer_summary(
        self,
        *,
        unit: str | TimeUnit = "week",
        observed_until: Day | None = None,
        calendar: Calendar | None = None,
    ) -> CustomerSummary:
        """Return each customer's history: frequency, recency, T and monetary_value.

        Parameters
        ----------
        unit
            ``"day"`` or ``"week"``: recency and T are whole days divided by the unit's length.
            ``"month"``: calendar months; a purchase then is a purchase-month, in every number that
            follows: frequency, monetary_value (mean value of a purchase-month), forecasts, holdout.
        observed_until
            The last day observed; None is the log's last day. A day before the log's last purchase
            raises DataError: cut the log with `until` first. So does a day after it by more than
            `ReadOptions.max_feed_gap`.
        calendar
            Calendar effects, such as `CalendarEffects.fit(log)`: recency and T are then operational
            time, and forecasts convert their horizons to it. Not with ``unit="month"``.

        Returns
        -------
        CustomerSummary
            One row per customer. frequency: purchase-days (or months) after the first; recency:
            time from first to last purchase; T: time from first purchase to observed_until;
            monetary_value: mean value of the purchase-days after the first, missing without any
            (no such column for a log without money).

        Examples
        --------
        >>> import relmark_research as rm
        >>> customers = rm.load_cdnow().until("1997-09-30").customer_summary(unit="week")
        >>> len(customers), int(customers.table["frequency"].sum())
        (2357, 2457)
        """
        return self._summarised(self.purchase_days.per_customer, unit, observed_until, calendar)

    def distinct_histories(
        self,
        *,
        unit: str | TimeUnit = "week",
        observed_until: Day | None = None,
        calendar: Calendar | None = None,
    ) -> CustomerSummary:
        """Return the distinct histories, grouped in the engine: frequency, recency, T, n_customers.

        They suffice to fit a purchase model. Arguments as in `customer_summary`.
        """
        return self._summarised(self.purchase_days.per_history, unit, observed_until, calendar)

    def _refuse_feed_gap(self, last: Date) -> None:
        """Raise DataError where the feed may have stopped before ``last``."""
        if last > self.counts.last_day:
            _feed_gap.refuse_feed_gap(self.source_rows, self.counts, self.options, last)

    def _summarised(
        self,
        aggregate: Callable[..., pd.DataFrame],
        unit: str | TimeUnit,
        observed_until: Day | None,
        calendar: Calendar | None,
    ) -> CustomerSummary:
        unit = TimeUnit.of(unit)
        last = _last_day(self.rows, self.observed_until, observed_until)
        self._refuse_feed_gap(last)
        months = unit.name == "month"
        if months:
            _refuse_partial_month(last)
        histories = aggregate(last, months=months)
        refuse_without_purchases(self, histories)
        return CustomerSummary.from_days(
            histories, unit=unit, observed_until=last, calendar=calendar
        )

    def split(
        self,
        *,
        at: Day | None = None,
        unit: str | TimeUnit = "week",
        calendar: Calendar | None = None,
    ) -> Split:
        """Split the log after the day ``at`` into calibration and holdout.

        Parameters
        ----------
        at
            Last day of the calibration; None is two thirds of the log's length (with months, the
            last month that ends by then).
        unit
            As in `customer_summary`. With ``"month"`` the holdout counts purchase-months, as the
            calibration does, and both must end on the last day of a month.
        calendar
            Calendar effects, estimated from the calibration alone:
            ``CalendarEffects.fit(log.until(at))``.

        Returns
        -------
        Split
            calibration (a CustomerSummary until ``at``), holdout (purchases and value after ``at``
            of each calibration customer), length (of the holdout, in ``unit``) and new_customers
            (number of customers acquired in the holdout, who are in neither table).
        """
        unit = TimeUnit.of(unit)
        months = unit.name == "month"
        if months:
            _refuse_partial_month(self.observed_until)
        last = self._cut(months) if at is None else as_date(at, name="at")
        before, later = self.until(last), self.after(last)
        calibration = before.customer_summary(unit=unit, calendar=calendar)
        totals = later.purchase_days.customer_totals(months=months)
        bought = totals.set_index("customer_id")
        holdout = bought.reindex(calibration.table.index).fillna(0)
        holdout["purchases"] = holdout["purchases"].astype("int64")
        return Split(
            calibration=calibration,
            holdout=holdout,
            length=unit.between(last, self.observed_until)
            if calendar is None
            else operational_days(calendar, last, self.observed_until) / unit.days,
            new_customers=int((~bought.index.isin(calibration.table.index)).sum()),
            observed_until=self.observed_until,
        )

    def _cut(self, months: bool) -> Date:
        """Return the last day of the first two thirds of the log, or of the last month in them."""
        cut = self.observed_from + (self.observed_until - self.observed_from) * 2 // 3
        if months and not _ends_month(cut):
            cut = cut.replace(day=1) - timedelta(days=1)
        return cut

    def to_pandas(self) -> pd.DataFrame:
        """Return the usable rows in memory, ordered by customer and day."""
        shown = [name for name in self.rows.columns if name != "key"]
        return sql_dialects.sorted_frame(self.rows.select(*shown), "customer_id", "date")

    def __repr__(self) -> str:
        return one_line("TransactionLog", self._facts())

    def _repr_html_(self) -> str:
        return html_table("Transaction log", self._facts())

    def _facts(self) -> dict[str, object]:
        """Return what is known of the log without a query."""
        return {
            "source": self.source,
            "rows read": self.counts.read,
            "rows usable": self.counts.usable,
            "observed": f"{self.observed_from} to {self.observed_until}",
            "returns": self.returns,
        }


def read_transactions(
    source: Any,
    *,
    customer: str = "customer_id",
    date: str = "date",
    value: str | None = "value",
    cost: str | None = None,
    returns: Returns = "net",
    engine: Any = None,
    options: ReadOptions | None = None,
) -> TransactionLog:
    """Read a log of transactions and check every row; the log's audit accounts for each.

    Parameters
    ----------
    source
        Path, folder or glob of CSV (plain or gzip) or Parquet files, ``"dataset:cdnow"``, a table
        or query of a database (``"sqlite:///crm.db#orders"``, ``"postgresql://host/crm#SELECT
        ..."``, ``(URL, table)``, ``"env:CRM_URL#orders"``), a pandas, polars, Arrow or Spark table,
        or an Ibis table.
    customer, date
        Columns of the customer's id (read as text) and of the date or time of purchase.
    value, cost
        A column of money, or an expression of columns such as ``"Quantity * UnitPrice"``; value is
        revenue, cost the cost of goods (None where unknown). ``value=None`` reads a log without
        money: everything about purchases works, and whatever needs money is refused.
    returns
        Policy for negative values: ``"net"`` against the customer's latest earlier purchases,
        ``"drop"``, ``"keep"`` as they are, or ``"refuse"``.
    engine
        ``"duckdb"``, ``"pyspark"``, a Spark master such as ``"local[2]"``, a Spark session, or an
        Ibis backend; None is the engine of the options, or an embedded DuckDB.
    options
        Format of the source and policies for unusable rows: `ReadOptions`.

    Raises
    ------
    DataError
        Where a column is missing, the source is empty, or rows are unusable and the options do not
        leave them out; the message shows the first of them.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"id": ["007", "007", "a"], "day": "2024-01-01", "paid": [5, 2, 9]})
    >>> log = read_transactions(rows, customer="id", date="day", value="paid")
    >>> log.customer_summary().table["frequency"].to_dict()
    {'007': 0, 'a': 0}
    """
    check_choice("policy for returns", returns, ("net", "drop", "keep", "refuse"))
    options, columns = options or ReadOptions(), Columns(customer, date, value, cost)
    _refuse_money_policies(columns, options)
    name = open_source.describe_source(source)
    engine = options.engine if engine is None else engine
    opened = open_source.opened_source(source, dialect=dialect_of(options), engine=engine)
    options = replace(options, separator=opened.dialect.separator)
    sql_dialects.refuse_bytes(opened.table, filter(None, (customer, date, value, cost)))
    rows = row_checks.checked_rows(opened.table, columns, options)
    counts = audit.count_rows(rows, columns, options, name)
    if returns == "refuse":
        audit.refuse_negative(rows, counts)
    used = row_checks.usable_rows(
        rows, options, all_usable=not counts.by_problem, clean_ids=counts.clean_ids
    )
    if returns == "drop" and counts.negative:
        used = used.filter(used.value >= 0)
    return TransactionLog(
        rows=used,
        observed_from=counts.first_day,
        observed_until=counts.last_day,
        returns=returns,
        source=name,
        source_rows=rows,
        purchase_days=PurchaseDays(used, counts, returns),
        counts=counts,
        options=options,
    )


def _last_day(rows: ir.Table, ends: date, observed_until: Day | None) -> date:
    """Return the last day observed; raise DataError where rows are dated later."""
    if observed_until is None:
        return ends
    last = as_date(observed_until, name="observed_until")
    if last < ends:
        later = rows.filter(rows.date > last)
        found = int(later.count().to_pandas())
        if found:
            first = later.order_by("date", "customer_id").limit(3).to_pandas()
            raise DataError(_later_rows_message(last, found, first))
    return last


def _later_rows_message(last: date, found: int, first: pd.DataFrame) -> str:
    days = pd.to_datetime(first["date"]).dt.date
    shown = "; ".join(
        f"{customer} on {day}" if values_shown() else f"on {day}"
        for customer, day in zip(first["customer_id"], days, strict=True)
    )
    return (
        f"observed_until is {last}, but {found:,} rows are dated later, first: {shown}. "
        f"To leave them out, cut the log: log.until('{last}') or log.split(at='{last}')."
    )


def _refuse_before(last: date, starts: date, name: str) -> None:
    """Raise DataError where a day is before the first of the log."""
    if last < starts:
        raise DataError(f"{name} must not be before the log begins ({starts}); found {last}.")


def _refuse_after(start: date, ends: date, name: str) -> None:
    """Raise DataError where the log ends before a day."""
    if start > ends:
        raise DataError(
            f"the log must continue after {name}; it ends on {ends}. Choose an earlier day."
        )


def _rows_from(rows: ir.Table, start: date, earlier: Earlier) -> tuple[ir.Table, int]:
    """Return the rows from a day on, and the number of their customers with rows before it."""
    before = rows.filter(rows.date < start).select("customer_id").distinct()
    within = rows.filter(rows.date >= start)
    known = within.select("customer_id").distinct().semi_join(before, "customer_id")
    count = int(known.count().to_pandas())
    return within.anti_join(known, "customer_id") if earlier == "leave out" else within, count


def _refuse_money_policies(columns: Columns, options: ReadOptions) -> None:
    """Raise ParameterError for policies about money where a log has none."""
    if columns.value is not None:
        return
    for name, unused in (("rate_column", None), ("zero_values", "keep")):
        if getattr(options, name) != unused:
            raise ParameterError(
                f"a log without money (value=None) has nothing that {name} could change; found "
                f"{name}={getattr(options, name)!r}. Leave it out, or name the column of the value."
            )


def _ends_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _refuse_partial_month(last: date) -> None:
    """Raise DataError unless a day is the last of its month."""
    if not _ends_month(last):
        end = last.replace(day=1) - timedelta(days=1)
        raise DataError(
            f"unit='month' needs a log that ends on the last day of a month; it ends on {last}. "
            f"Cut it: log.until('{end}')."
        )


def refuse_without_purchases(log: TransactionLog, table: pd.DataFrame) -> None:
    """Raise DataError where a table of a log's customers or purchases is empty."""
    if len(table):
        return
    negative = log.counts.negative
    how = (
        f"netting its {negative:,} rows of negative value against earlier purchases left no "
        "customer with a purchase. Check the sign of the value, or choose another policy: "
        "returns='drop' or 'keep'."
        if log.returns == "net" and negative
        else "it has no customer with a purchase. Choose another window."
    )
    raise DataError(f"expected at least one customer in the log; {how}")
