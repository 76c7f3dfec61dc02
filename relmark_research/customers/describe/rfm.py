"""RFM scores: recency, frequency and monetary value of customers, ranked into bins.

R, F and M run from 1 to `bins`, the best. They are computed in the engine; one row per customer is
loaded into memory.

Ties. With ``ties="together"`` (the default), equal values have equal scores: 1 + floor(bins w / n)
with w the number of customers of the group with a strictly worse value and n the size of the group.
Scores may then be skipped, and bins differ in size. With ``ties="split"``, bins are of equal size,
and equal values are ordered by the other two measures, then by the id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.returns import PARTS_PER_UNIT
from relmark_research.customers.log.transactions import TransactionLog
from relmark_research.errors import ParameterError, check_choice, unknown_name
from relmark_research.tables import sql_dialects
from relmark_research.tables.read_table import read_ids
from relmark_research.tables.sources import engine_sessions

if TYPE_CHECKING:
    import ibis.expr.types as ir

MEASURES = {"recency": "R", "frequency": "F", "monetary": "M"}


def rfm_scores(
    customers: TransactionLog | CustomerSummary | pd.DataFrame,
    *,
    bins: int = 5,
    method: Literal["independent", "nested"] = "independent",
    ties: Literal["together", "split"] = "together",
    cuts: Mapping[str, Sequence[float]] | None = None,
) -> pd.DataFrame:
    """Score every customer by recency, frequency and monetary value.

    Parameters
    ----------
    customers
        A log, or a CustomerSummary (then recency is T - recency in its unit, and the monetary
        value the mean of the repeat purchases, 0 without any).
    bins
        Number of scores, a whole number from 2 to 9.
    method
        ``"independent"``: each measure among all customers. ``"nested"`` (Hughes): frequency within
        equal R, monetary value within equal R and F.
    ties
        ``"together"`` or ``"split"``, as described at the top of this module.
    cuts
        Increasing cut points per measure, such as ``{"recency": [30, 90, 180, 365]}``. The score is
        then 1 + the number of cut points reached (frequency, money) or not exceeded (recency, in
        days). Measures without cut points are scored by ``bins``.

    Returns
    -------
    DataFrame
        Index customer_id, sorted; recency (days since the last purchase), frequency
        (purchase-days), monetary (value, net of returns), R, F, M and cell (``"543"``). Without
        money (a log read with ``value=None``, a summary without monetary_value) there is neither
        monetary nor M, and the cell is that of R and F (``"54"``).

    Raises
    ------
    ParameterError
        Where an option is unknown or cut points do not increase.

    References
    ----------
    Hughes 1994, Strategic Database Marketing.

    Examples
    --------
    >>> import relmark_research as rm
    >>> scores = rm.rfm_scores(rm.load_cdnow(), method="nested", ties="split")
    >>> scores.groupby("cell").size().agg(["count", "min", "max"]).to_list()
    [125, 18, 19]
    """
    check_choice("method", method, ("independent", "nested"))
    check_choice("rule for ties", ties, ("together", "split"))
    if not isinstance(bins, int) or not 2 <= bins <= 9:
        raise ParameterError(f"bins must be a whole number from 2 to 9; found {bins!r}.")
    cut_points = _checked_cuts(cuts or {})
    scored: list[str] = []
    table = _measures(customers)
    measures = {name: score for name, score in MEASURES.items() if name in table.columns}
    if "monetary" in cut_points and "monetary" not in measures:
        raise ParameterError(
            "these purchases have no money, so monetary value cannot be scored; found cuts for "
            "'monetary'. Leave them out, or read the log with value=..., the column of the value."
        )
    for measure, score in measures.items():
        if measure in cut_points:
            value = _by_cuts(table[measure], cut_points[measure], descending=measure == "recency")
        else:
            within = scored if method == "nested" else []
            value = _by_rank(table, measure, bins, within=within, split=ties == "split")
        table = table.mutate(**{score: value.cast("int64")})
        scored.append(score)
    result = sql_dialects.sorted_frame(table, "customer_id").set_index("customer_id")
    if "monetary" in measures:
        result["monetary"] /= PARTS_PER_UNIT
    scores = result[list(measures.values())].itertuples(index=False)
    result["cell"] = ["".join(map(str, cell)) for cell in scores]
    return result


def _measures(customers: TransactionLog | CustomerSummary | pd.DataFrame) -> ir.Table:
    """Return customer_id, recency, frequency[, monetary] (in ten-thousandths), lazily."""
    import ibis

    if isinstance(customers, TransactionLog):
        days = customers.days
        sums = {"last": days.date.max(), "frequency": days.count()}
        if customers.has_value:
            sums["monetary"] = days.parts.sum().cast("int64")
        summed = days.group_by("customer_id").aggregate(**sums)
        since = ibis.literal(customers.observed_until).delta(summed["last"], unit="day")
        measured = summed.mutate(recency=since)
        return measured.select("customer_id", *(m for m in MEASURES if m in measured.columns))
    summary = CustomerSummary.of(customers)
    frame = pd.DataFrame(
        {
            "customer_id": read_ids(summary.table.index),
            "recency": summary.T - summary.recency,
            "frequency": summary.frequency + 1,
        }
    )
    if "monetary_value" in summary.table:
        spend = summary.table["monetary_value"].fillna(0).to_numpy(float)
        frame["monetary"] = spend * PARTS_PER_UNIT
    return engine_sessions.connect(None).create_table("measures", frame, temp=True)


def _by_rank(
    table: ir.Table, measure: str, bins: int, *, within: list[str], split: bool
) -> ir.Value:
    import ibis

    others = (name for name in MEASURES if name != measure and name in table.columns)
    worst_first = [_worst_first(table, name) for name in (measure, *others)]
    groups = [table[name] for name in within]
    size = table.count().over(ibis.window(group_by=groups) if groups else ibis.window())
    if split:
        order = ibis.window(group_by=groups, order_by=[*worst_first, table.customer_id])
        worse = ibis.row_number().over(order)
    else:
        worse = ibis.rank().over(ibis.window(group_by=groups, order_by=worst_first[:1]))
    return (worse * bins).cast("int64") // size.cast("int64") + 1


def _worst_first(table: ir.Table, measure: str) -> Any:
    """Return the sort key of a measure from the worst value to the best."""
    import ibis

    return ibis.desc(table[measure]) if measure == "recency" else table[measure]


def _by_cuts(values: ir.Value, cuts: Sequence[float], *, descending: bool) -> ir.Value:
    reached = [(values <= cut if descending else values >= cut) for cut in cuts]
    return sum((is_reached.ifelse(1, 0) for is_reached in reached[1:]), reached[0].ifelse(1, 0)) + 1


def _checked_cuts(cuts: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    for measure, points in cuts.items():
        if measure not in MEASURES:
            raise ParameterError(unknown_name("measure", measure, MEASURES))
        if not points or any(b <= a for a, b in pairwise(points)):
            raise ParameterError(f"cut points must increase; found {list(points)} for {measure}.")
    scale = {"monetary": PARTS_PER_UNIT}
    return {name: [cut * scale.get(name, 1) for cut in points] for name, points in cuts.items()}
