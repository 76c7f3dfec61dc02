"""Left truncation: whether a log begins in the middle of the business.

Where it does, customers of long standing are seen for the first time in the log's first weeks, and
are not new. `left_truncation` divides the log into 12 blocks of equal length (of at least 7 days;
fewer blocks for a log of less than 12 weeks, and no answer below 6) and compares the first block
with the second half of the log. It reports truncation where both hold:

more    more customers are first seen in the first block than in a later one: at least 1.5 times as
        many, and a difference of at least 3 standard errors (Poisson). Established customers add to
        the new ones, until each of them has been seen.
loyal   more of them buy again in the next block than of the customers first seen later: at least
        1.2 times the share, and a difference of at least 3 standard errors. Those who are seen
        first are the ones who buy often, and new customers are not.

A cohort by design (customers of one quarter, followed for years, such as CDNOW) has no customers
who are first seen later, so nothing is reported; neither is it for a young firm that grows, whose
first block is the smallest, or for a launch that attracts many customers who are like the later
ones. The test has limits: a firm whose first customers were both more numerous and more loyal than
the later ones looks the same, and a truncated log of a firm that grows fast, or of one with few
customers, may not be reported. In simulated logs of two years, none of 200 that begin with the firm
is reported (steady, growing, shrinking, launched with a burst, seasonal), and 75 of 80 steady firms
that are cut in the middle are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research._repr import one_line
from relmark_research.customers.log.returns import grouping_column
from relmark_research.tables import sql_dialects

if TYPE_CHECKING:
    import ibis.expr.types as ir

_BLOCKS = 12
_MIN_BLOCKS = 6
_MIN_DAYS = 7  # of a block
_MIN_CUSTOMERS = 20  # first seen in the second half, to compare with
_MORE, _LOYAL = 1.5, 1.2
_STANDARD_ERRORS = 3.0


@dataclass(frozen=True, repr=False)
class LeftTruncation:
    """Whether a log begins in the middle of the business, and the figures that show it.

    Attributes
    ----------
    detected
        Whether the log seems to begin in the middle of the business.
    until
        Last day of the first block; None for a log too short or without later customers.
    customers, usual_customers
        Customers first seen until then, and the mean number in a block of the log's second half.
    repeat_share, usual_repeat_share
        Share of these customers who bought in the next block; NaN where the first block does not
        have clearly more of them.
    """

    detected: bool = False
    until: date | None = None
    customers: int = 0
    usual_customers: float = math.nan
    repeat_share: float = math.nan
    usual_repeat_share: float = math.nan

    @property
    def words(self) -> str:
        """The finding in one or two sentences, with its figures."""
        if self.until is None:
            return (
                "The log is too short, or has too few customers who are first seen later, to tell "
                "whether it begins in the middle of the business."
            )
        figures = (
            f"{self.customers:,} customers were first seen until {self.until}, against "
            f"{self.usual_customers:,.0f} in a usual period of that length"
        )
        if not math.isnan(self.repeat_share):
            figures += (
                f", and {self.repeat_share:.0%} of them bought in the next one, against "
                f"{self.usual_repeat_share:.0%}"
            )
        figures += "."
        if self.detected:
            return f"The log seems to begin in the middle of the business: {figures}"
        return f"Nothing shows that the log begins in the middle of the business: {figures}"

    @property
    def audit_line(self) -> tuple[str, int, str]:
        """The line of the audit: check, number of customers, action."""
        usual = f"{self.usual_customers:,.0f} in a usual period of that length"
        return (
            f"customers first seen until {self.until}",
            self.customers,
            f"kept, but many may not be new: {usual}; the log seems to begin in mid-business",
        )

    def __repr__(self) -> str:
        return one_line("LeftTruncation", {"detected": self.detected, "until": self.until})


def left_truncation(days: ir.Table, observed_from: date, observed_until: date) -> LeftTruncation:
    """Compare the customers first seen in a log's first block with those first seen later.

    Parameters
    ----------
    days
        customer_id, date: days on which something was bought, returned later or not.
    observed_from, observed_until
        First and last day of the log.
    """
    span = (observed_until - observed_from).days + 1
    length = max(span // _BLOCKS, _MIN_DAYS)
    blocks = span // length
    if blocks < _MIN_BLOCKS:
        return LeftTruncation()
    counted = _first_seen(days, observed_from, length).reindex(range(blocks), fill_value=0)
    first_seen, again = counted["customers"], counted["again"]
    later = list(range(blocks // 2, blocks - 1))  # the last block has no next one
    if first_seen[later].sum() < _MIN_CUSTOMERS:
        return LeftTruncation()
    found = LeftTruncation(
        until=observed_from + timedelta(days=length - 1),
        customers=int(first_seen[0]),
        usual_customers=float(first_seen[later].mean()),
    )
    if not _more(found, len(later)):
        return found
    found = replace(
        found,
        repeat_share=float(again[0] / first_seen[0]),
        usual_repeat_share=float(again[later].sum() / first_seen[later].sum()),
    )
    return replace(found, detected=_more_loyal(found, int(first_seen[later].sum())))


def _first_seen(days: ir.Table, observed_from: date, length: int) -> pd.DataFrame:
    """Count customers by the block in which they are first seen, and those seen in the next.

    The blocks of a customer are the bits of an integer, so that days are grouped once.
    """
    import ibis

    start = (observed_from - date(1970, 1, 1)).days
    block = ((sql_dialects.epoch_day(days.date) - start) // length).cast("int32")
    bit = ibis.literal(1, type="int32") << block
    seen = days.group_by(grouping_column(days)).aggregate(
        blocks=sql_dialects.union_of_bits(bit).cast("int64")
    )
    table: pd.DataFrame = seen.group_by("blocks").aggregate(customers=seen.count()).to_pandas()
    lowest = table["blocks"] & -table["blocks"]
    again = table["customers"].where((table["blocks"] & (2 * lowest)) > 0, 0)
    first = np.log2(lowest.to_numpy(float)).astype(int)
    return table.assign(again=again).groupby(first)[["customers", "again"]].sum()


def _more(found: LeftTruncation, blocks: int) -> bool:
    """Return whether the first block has clearly more new faces than a usual one."""
    excess = found.customers - found.usual_customers
    error = math.sqrt(found.customers + found.usual_customers / blocks)
    return found.customers >= _MORE * found.usual_customers and excess >= _STANDARD_ERRORS * error


def _more_loyal(found: LeftTruncation, later: int) -> bool:
    """Return whether clearly more of them buy again than of the customers first seen later."""
    n, p, q = found.customers, found.repeat_share, found.usual_repeat_share
    pooled = (n * p + later * q) / (n + later)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / later))
    return p >= _LOYAL * q and p - q >= _STANDARD_ERRORS * error > 0
