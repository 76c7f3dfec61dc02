"""The purchase-days of a log, aggregated once and shared by every window of the log.

The rows are aggregated to one row per customer and day before returns are netted, since a return
after a window's end does not reduce the purchases within it. A window selects its days from those
of the whole log and nets the returns among them.

Where the engine allows it, the days are stored in a temporary table of its session (Spark: its
cache), which goes with the log; the database itself is not changed. Summaries by customer of a log
in DuckDB come from rows sorted in memory (`_sorted_aggregation`), which are read once too. A larger
log, and one in another database, is aggregated anew for each result.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.customers.log import _sorted_aggregation, aggregation
from relmark_research.customers.log._sorted_aggregation import DayRange, PackedRows
from relmark_research.customers.log.returns import (
    EXACT_LIMIT,
    customer_days,
    grouping_column,
    net_of_returns,
)
from relmark_research.tables import sql_dialects
from relmark_research.tables.options import Returns

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from relmark_research.customers.log.audit import RowCounts

MAX_STORED_ROWS = 20_000_000  # the days of more rows would fill a small machine's memory


@dataclass(frozen=True, eq=False)
class PurchaseDays:
    """The purchase-days of a log, or of a window of it.

    Attributes
    ----------
    rows
        Usable rows of the whole log: customer_id, date[, value][, cost][, key].
    counts
        Counts of the rows read.
    returns
        Policy for negative values.
    days
        The days within the window; None is all of them.
    full
        The purchase-days of the whole log, whose aggregation is shared; None for these themselves.
    """

    rows: ir.Table
    counts: RowCounts
    returns: Returns
    days: DayRange | None = None
    full: PurchaseDays | None = field(default=None, repr=False)

    def until(self, last: date) -> PurchaseDays:
        """Return the purchase-days until the end of a day."""
        return self._window(replace(self._days, last=min(last, self._days.last)))

    def since(self, first: date) -> PurchaseDays:
        """Return the purchase-days from a day on."""
        return self._window(replace(self._days, first=max(first, self._days.first)))

    def without_customers_before(self, first: date) -> PurchaseDays:
        """Return the purchase-days of customers who have no row of this window before a day."""
        days = self._days
        return self._window(replace(days, left_out=(*days.left_out, (days.first, first))))

    @cached_property
    def customer_days(self) -> ir.Table:
        """Lazy table of the days with a row, before returns are netted; see `returns`."""
        stored = self._full._stored
        days, found = self._days, stored
        if days.first > self.counts.first_day:
            found = found.filter(found.date >= days.first)
        if days.last < self.counts.last_day:
            found = found.filter(found.date <= days.last)
        for begin, end in days.left_out:
            early = stored.filter((stored.date >= begin) & (stored.date < end))
            known = early.select(grouping_column(stored)).distinct()
            found = found.anti_join(known, grouping_column(stored))
        return found

    @cached_property
    def table(self) -> ir.Table:
        """Lazy table of the purchase-days: customer_id, date[, parts][, cost_parts][, key]."""
        return net_of_returns(self.customer_days)

    @property
    def bought_days(self) -> ir.Table:
        """Lazy table of the days on which something was bought, returned later or not."""
        days = self.customer_days
        return days.filter(days.largest >= 0) if "largest" in days.columns else days

    def per_customer(self, last: date, *, months: bool = False) -> pd.DataFrame:
        """Return one row per customer, as `aggregation.per_customer` does."""
        if self._packed is None:
            return aggregation.per_customer(self.table, last, months=months)
        return _sorted_aggregation.per_customer(
            self._packed, self._days, last, net=self._nets, months=months
        )

    def per_history(self, last: date, *, months: bool = False) -> pd.DataFrame:
        """Return one row per distinct history, as `aggregation.per_history` does."""
        if self._packed is None:
            return aggregation.per_history(self.table, last, months=months)
        return _sorted_aggregation.per_history(
            self._packed, self._days, last, net=self._nets, months=months
        )

    def customer_totals(self, *, months: bool = False) -> pd.DataFrame:
        """Return purchases and value by customer, as `aggregation.customer_totals` does."""
        if self._packed is None:
            return aggregation.customer_totals(self.table, months=months)
        return _sorted_aggregation.customer_totals(
            self._packed, self._days, net=self._nets, months=months
        )

    @property
    def day_range(self) -> DayRange:
        """The days within the window, and the customers left out of it."""
        return self._days

    @property
    def nets(self) -> bool:
        """Whether there are returns that are netted."""
        return self._nets

    def in_memory(self, max_rows: int) -> PackedRows:
        """Return the rows of the whole log, sorted in memory, from any engine."""
        if self._packed is not None:
            return self._packed
        full = self._full
        return _sorted_aggregation.sorted_rows(full.rows, full.counts, max_rows=max_rows)

    @property
    def _full(self) -> PurchaseDays:
        return self if self.full is None else self.full

    @property
    def _days(self) -> DayRange:
        every = DayRange(self.counts.first_day, self.counts.last_day)
        return every if self.days is None else self.days

    @property
    def _nets(self) -> bool:
        return self.returns == "net" and self.counts.negative > 0

    @property
    def _packed(self) -> PackedRows | None:
        return self._full._packed_rows

    @cached_property
    def _packed_rows(self) -> PackedRows | None:
        return _sorted_aggregation.packed_rows(self.rows, self.counts)

    @cached_property
    def _stored(self) -> ir.Table:
        days = customer_days(
            self.rows,
            returns=self.returns,
            has_returns=self.counts.negative > 0,
            exact_in_float=self.counts.absolute_value < EXACT_LIMIT,
        )
        return sql_dialects.stored(days) if self.counts.usable <= MAX_STORED_ROWS else days

    def _window(self, days: DayRange) -> PurchaseDays:
        return replace(self, days=days, full=self._full)
