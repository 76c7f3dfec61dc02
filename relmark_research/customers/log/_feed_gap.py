"""A feed that has stopped: days observed after a log's last row.

A day without a row is observed as a day without purchases. Where a feed has stopped, that is wrong:
every customer seems to have left. So the last day observed may follow the last row by at most three
times the longest quiet spell of the log, the number of days in a row without a purchase, and at
least 7 days; `ReadOptions.max_feed_gap` replaces that number.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.errors import DataError
from relmark_research.tables.options import ReadOptions

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from relmark_research.customers.log.audit import RowCounts

_TIMES = 3  # the longest quiet spell
_MIN_GAP = 7  # days


def refuse_feed_gap(
    source_rows: ir.Table, counts: RowCounts, options: ReadOptions, last: date
) -> None:
    """Raise DataError where the last day observed is too long after the last row.

    Parameters
    ----------
    source_rows
        The checked rows of the whole source.
    counts
        Their counts.
    options
        ``max_feed_gap`` is the number of days allowed; None derives it from the log.
    last
        The last day observed.
    """
    gap, allowed = (last - counts.last_day).days, options.max_feed_gap
    if gap <= (_MIN_GAP if allowed is None else allowed):
        return
    spell = longest_quiet_spell(source_rows)
    allowed = max(_MIN_GAP, _TIMES * spell) if allowed is None else allowed
    if gap > allowed:
        raise DataError(
            f"expected a last day observed of at most {counts.last_day + timedelta(days=allowed)}; "
            f"found {last}. The last row is of {counts.last_day}, {gap:,} days before it, and the "
            f"longest quiet spell of the log is {_days(spell)}, so the feed may have stopped. "
            f"Read a later export, or choose an earlier day. If nobody bought in these {gap:,} "
            f"days, allow them: ReadOptions(max_feed_gap={gap})."
        )


def longest_quiet_spell(source_rows: ir.Table) -> int:
    """Return the most days in a row without a usable row, between the first and the last."""
    usable = source_rows.filter(source_rows.relmark_problem.isnull())
    found = pd.to_datetime(usable.select("relmark_date").distinct().to_pandas()["relmark_date"])
    between = found.sort_values().diff().dt.days.dropna()
    return max(int(between.max()) - 1, 0) if len(between) else 0


def _days(count: int) -> str:
    return f"{count:,} day" + "s" * (count != 1)
