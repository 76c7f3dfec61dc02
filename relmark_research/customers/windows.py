"""Windows on a log: what lies in them, whom they cut, and how a wrong one is refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import pandas as pd

from relmark_research.errors import DataError
from relmark_research.units import Day, as_date

if TYPE_CHECKING:
    import ibis.expr.types as ir

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
