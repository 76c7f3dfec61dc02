"""The transaction log: read, checked, cleaned, audited, and reduced where it lies.

A log is a lazy table. What leaves the engine is one row per customer, or one per distinct history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from datetime import date as Date  # noqa: N812  (`date` is an argument's public name)
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from relmark_research.customers.log import (
    aggregation,
    audit,
    record_linkage,
    sorted_aggregation,
)
from relmark_research.customers.log import (
    returns as netting,
)
from relmark_research.customers.log.customer_summary import CustomerSummary, Split
from relmark_research.errors import DataError, check_choice
from relmark_research.tables import row_checks, sql_dialects
from relmark_research.tables.options import Columns, ReadOptions, Returns
from relmark_research.tables.sources import open_source
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
    seen_before
        Customers of a window who had bought before it; 0 for a whole log.
    """

    rows: ir.Table
    observed_from: Date
    observed_until: Date
    returns: Returns = "net"
    source: str = ""
    source_rows: ir.Table = field(kw_only=True, repr=False)
    checks: audit.Checks = field(kw_only=True, repr=False)
    options: ReadOptions = field(kw_only=True, repr=False)
    seen_before: int = field(default=0, kw_only=True)

    @property
    def has_cost(self) -> bool:
        """Whether the log says what its goods cost."""
        return "cost" in self.rows.columns

    @cached_property
    def days(self) -> ir.Table:
        """Lazy table of purchase-days: customer_id, date, parts (value in ten-thousandths)."""
        return netting.purchase_days(
            self.rows,
            returns=self.returns,
            any_returns=self.checks.negative > 0,
            small=self.checks.size < netting.EXACT,
        )

    @cached_property
    def audit(self) -> pd.DataFrame:
        """Every row accounted for: check, rows, share, action, examples."""
        kept = audit.Kept(
            self.source_rows, self.rows, self.days, self.options, self.returns, self.seen_before
        )
        return audit.table(self.checks, kept)

    def until(self, day: Day | None) -> TransactionLog:
        """Return the log as it stood at the end of ``day``; None returns it whole."""
        if day is None:
            return self
        last = as_date(day, name="until")
        refuse_before(last, self.observed_from, "until")
        return replace(self, rows=self.rows.filter(self.rows.date <= last), observed_until=last)

    def after(self, day: Day) -> TransactionLog:
        """Return the log of what came after ``day``."""
        start = as_date(day, name="after") + timedelta(days=1)
        refuse_after(start, self.observed_until, str(day))
        return replace(self, rows=self.rows.filter(self.rows.date >= start), observed_from=start)

    def window(
        self,
        *,
        observed_from: Day | None = None,
        observed_until: Day | None = None,
        earlier: Earlier = "keep",
    ) -> TransactionLog:
        """Return the log from one day to another, and say whom the beginning cuts.

        Parameters
        ----------
        observed_from, observed_until
            First and last day of the window, both in it; None is the log's own.
        earlier
            Customers who had bought before the window: ``"keep"`` them, as if they had come in it,
            or ``"leave out"``. Either way the audit counts them.
        """
        check_choice("policy for earlier customers", earlier, ("keep", "leave out"))
        log = self.until(observed_until)
        if observed_from is None:
            return log
        start = as_date(observed_from, name="observed_from")
        refuse_after(start, log.observed_until, str(start - timedelta(days=1)))
        rows, seen = begun(log.rows, start, earlier)
        return replace(log, rows=rows, observed_from=start, seen_before=seen)

    def linked(self, links: record_linkage.CustomerLinks) -> TransactionLog:
        """Return the log with the ids of one person made one, as `link_customers` found them."""
        return replace(self, rows=record_linkage.people_of(self.rows, links))

    def customer_summary(
        self, *, unit: str | TimeUnit = "week", observed_until: Day | None = None
    ) -> CustomerSummary:
        """Sum up each customer's history: frequency, recency, T and monetary_value.

        Parameters
        ----------
        unit
            ``"day"`` or ``"week"``: recency and T are whole days divided by its length.
            ``"month"``: calendar months, for contractual models; purchases of a month are one.
        observed_until
            The last day on which a purchase would have been seen; the log's last day if None.
            Earlier than the log's last purchase is refused: cut the log with `until` first.

        Returns
        -------
        CustomerSummary
            One row per customer. frequency: purchase-days (or months) after the first; recency:
            first to last purchase; T: first purchase to observed_until; monetary_value: mean value
            of the purchase-days after the first, missing where there are none.

        Examples
        --------
        >>> import relmark_research as rm
        >>> customers = rm.load_cdnow().until("1997-09-30").customer_summary(unit="week")
        >>> len(customers), int(customers.table["frequency"].sum())
        (2357, 2457)
        """
        return self._summed(self._per_customer, unit, observed_until)

    def distinct_histories(
        self, *, unit: str | TimeUnit = "week", observed_until: Day | None = None
    ) -> CustomerSummary:
        """Collapse equal histories in the engine: frequency, recency, T and n_customers.

        A purchase model's fit needs no more. Arguments as in `customer_summary`.
        """
        return self._summed(aggregation.per_history, unit, observed_until)

    def _per_customer(self, days: ir.Table, last: Date, *, months: bool) -> pd.DataFrame:
        span = None if months else sorted_aggregation.span_of(self.rows, self.checks, self.returns)
        if span is None:
            return aggregation.per_customer(days, last, months=months)
        return sorted_aggregation.per_customer(self.rows, span, last)

    def _summed(
        self,
        reduce: Callable[..., pd.DataFrame],
        unit: str | TimeUnit,
        observed_until: Day | None,
    ) -> CustomerSummary:
        unit = TimeUnit.of(unit)
        last = last_day(self.rows, self.observed_until, observed_until)
        months = unit.name == "month"
        if months:
            whole_months(last)
        measured = reduce(self.days, last, months=months)
        refuse_nobody(measured, self.returns, self.checks.negative)
        return CustomerSummary.from_days(measured, unit=unit, observed_until=last)

    def split(self, *, at: Day | None = None, unit: str | TimeUnit = "week") -> Split:
        """Cut the log after the day ``at``: fit on what came before, judge by what came after.

        Parameters
        ----------
        at
            Last day of the calibration; None cuts at two thirds. Unit as in `customer_summary`.

        Returns
        -------
        Split
            calibration (a CustomerSummary until ``at``), holdout (per calibration customer:
            purchases and value after ``at``), length (of the holdout, in ``unit``) and newcomers
            (customers first seen in the holdout, who are in neither table).
        """
        cut = self.observed_from + (self.observed_until - self.observed_from) * 2 // 3
        last = cut if at is None else as_date(at, name="at")
        before, later = self.until(last), self.after(last)
        calibration = before.customer_summary(unit=unit)
        bought = aggregation.totals(later.days).set_index("customer_id")
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
        shown = [name for name in self.rows.columns if name != "key"]
        return sql_dialects.sorted_frame(self.rows.select(*shown), "customer_id", "date")

    def _repr_html_(self) -> str:
        return self.audit._repr_html_()  # type: ignore[operator]


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
        Path, folder or glob of CSV (plain or gzip) or Parquet files, ``"dataset:cdnow"``, a table
        or query of a database (``"sqlite:///crm.db#orders"``, ``"postgresql://host/crm#SELECT
        ..."``, ``(URL, table)``, ``"env:CRM_URL#orders"``), a pandas, polars, Arrow or Spark table,
        or an Ibis table.
    customer, date
        Columns with the customer's id (read as text) and the day or moment of purchase.
    value, cost
        A column of money, or an expression of columns such as ``"Quantity * UnitPrice"``; value is
        revenue, cost what the goods cost (None where unknown).
    returns
        Negative values: ``"net"`` against the customer's latest earlier purchases, ``"drop"``
        them, ``"keep"`` them as they are, or ``"refuse"``.
    engine
        None is that of the options, else an embedded DuckDB; ``"pyspark"``, a Spark master such as
        ``"local[2]"``, a Spark session, or an Ibis backend.
    options
        How the source is written and what to do with unusable rows: `ReadOptions`.

    Raises
    ------
    DataError
        Where a column is missing, the source is empty, or rows that are not to be left out cannot
        be used; the message shows the first of them.

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
    described = open_source.describe_source(source)
    engine = options.engine if engine is None else engine
    raw = open_source.open_source(source, separator=options.separator, engine=engine)
    rows = row_checks.marked(raw, names, options)
    checks = audit.check(rows, names, options, described)
    if returns == "refuse":
        audit.refuse_negative(rows, checks)
    used = row_checks.usable(rows, options, whole=not checks.problems, tidy=checks.tidy)
    if returns == "drop" and checks.negative:
        used = used.filter(used.value >= 0)
    return TransactionLog(
        rows=used,
        observed_from=checks.first,
        observed_until=checks.last,
        returns=returns,
        source=described,
        source_rows=rows,
        checks=checks,
        options=options,
    )


# Windows on a log: what lies in them, whom they cut, and how a wrong one is refused.

Earlier = Literal["keep", "leave out"]


def last_day(rows: ir.Table, ends: date, observed_until: Day | None) -> date:
    """Return the last day observed, refusing one after which there are rows."""
    if observed_until is None:
        return ends
    last = as_date(observed_until, name="observed_until")
    if last < ends:
        later = rows.filter(rows.date > last)
        found = int(later.count().to_pandas())
        if found:
            first = later.order_by("date", "customer_id").limit(3).to_pandas()
            raise DataError(_after_the_end(last, found, first))
    return last


def _after_the_end(last: date, found: int, first: pd.DataFrame) -> str:
    days = pd.to_datetime(first["date"]).dt.date
    shown = "; ".join(
        f"{who} on {day}" for who, day in zip(first["customer_id"], days, strict=True)
    )
    return (
        f"observed_until is {last}, but {found:,} rows are dated later, first: {shown}. "
        f"To leave them out on purpose, cut the log: log.until('{last}') or log.split(at='{last}')."
    )


def refuse_before(last: date, starts: date, name: str) -> None:
    """Raise DataError where a day lies before the log begins."""
    if last < starts:
        raise DataError(f"{name} must not lie before the log begins ({starts}); found {last}.")


def refuse_after(start: date, ends: date, name: str) -> None:
    """Raise DataError where nothing of the log is left from a day on."""
    if start > ends:
        raise DataError(
            f"the log must go on after {name}; it ends on {ends}. Choose an earlier day."
        )


def begun(rows: ir.Table, start: date, earlier: Earlier) -> tuple[ir.Table, int]:
    """Return the rows from a day on, and how many of their customers have rows before it."""
    before = rows.filter(rows.date < start).select("customer_id").distinct()
    within = rows.filter(rows.date >= start)
    known = within.select("customer_id").distinct().semi_join(before, "customer_id")
    seen = int(known.count().to_pandas())
    return within.anti_join(known, "customer_id") if earlier == "leave out" else within, seen


def whole_months(last: date) -> None:
    """Raise DataError unless a day is the last one of its month."""
    if (last + timedelta(days=1)).day != 1:
        end = last.replace(day=1) - timedelta(days=1)
        raise DataError(
            f"calendar months need whole months, and the log ends on {last}. "
            f"Cut it at a month's end: log.until('{end}')."
        )


def refuse_nobody(table: pd.DataFrame, returns: str, negative: int) -> None:
    """Raise DataError where a log has no customer left."""
    if len(table):
        return
    how = (
        f"netting its {negative:,} rows of negative value against earlier purchases left no "
        "customer with a purchase. Say what a negative value means: returns='drop' or 'keep'."
        if returns == "net" and negative
        else "there is no customer with a purchase in it. Choose another window."
    )
    raise DataError(f"expected at least one customer in the log; {how}")
