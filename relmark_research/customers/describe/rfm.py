"""Recency, frequency and monetary value, scored: who bought lately, often, and for much.

R, F and M run from 1 to `bins`, `bins` being the best. The scores are computed in the engine; what
comes to memory is one row per customer.

Ties. ``ties="together"`` (the default): equal figures have equal scores, namely
1 + floor(bins * w / n) with w the customers of the group whose figure is strictly worse and n the
group's customers; so scores may be skipped and groups differ in size. ``ties="split"``: groups of
equal size, equal figures being ordered by the other two figures and at last by the id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from relmark_research.customers.log import returns
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.transactions import TransactionLog
from relmark_research.errors import ParameterError, check_choice, unknown_name
from relmark_research.tables import sql_dialects
from relmark_research.tables.sources import engine_sessions

if TYPE_CHECKING:
    import ibis.expr.types as ir

FIGURES = {"recency": "R", "frequency": "F", "monetary": "M"}


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
        value the mean of the repeat purchases, 0 where there are none).
    bins
        Scores run from 1 to this, 2 to 9.
    method
        ``"independent"``: each figure among all customers. ``"nested"`` (Hughes): frequency within
        equal R, monetary value within equal R and F.
    ties
        See the top of this module.
    cuts
        Own rising cut points per figure, such as ``{"recency": [30, 90, 180, 365]}``; a score then
        counts the cuts that are reached (frequency, money) or not exceeded (recency, in days), plus
        one. Figures without cuts are scored by ``bins``.

    Returns
    -------
    DataFrame
        Index customer_id, sorted; recency (days since the last purchase), frequency
        (purchase-days), monetary (money spent, returns netted), R, F, M and cell (``"543"``).

    Raises
    ------
    ParameterError
        Where an option is not known or cut points do not rise.

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
    own = _checked_cuts(cuts or {})
    scored: list[str] = []
    table = _figures(customers)
    for figure, score in FIGURES.items():
        if figure in own:
            value = _by_cuts(table[figure], own[figure], fewer=figure == "recency")
        else:
            within = scored if method == "nested" else []
            value = _by_rank(table, figure, bins, within=within, split=ties == "split")
        table = table.mutate(**{score: value.cast("int64")})
        scored.append(score)
    result = sql_dialects.sorted_frame(table, "customer_id").set_index("customer_id")
    result["monetary"] /= returns.SCALE
    result["cell"] = [f"{r}{f}{m}" for r, f, m in result[["R", "F", "M"]].itertuples(index=False)]
    return result


def _figures(customers: TransactionLog | CustomerSummary | pd.DataFrame) -> ir.Table:
    """Return customer_id, recency, frequency and monetary (in ten-thousandths), lazily."""
    import ibis

    if isinstance(customers, TransactionLog):
        days = customers.days
        summed = days.group_by("customer_id").aggregate(
            last=days.date.max(), frequency=days.count(), monetary=days.parts.sum().cast("int64")
        )
        since = ibis.literal(customers.observed_until).delta(summed["last"], unit="day")
        return summed.mutate(recency=since).select("customer_id", *FIGURES)
    summary = CustomerSummary.of(customers)
    spend = summary.table.get("monetary_value", pd.Series(0.0, summary.table.index))
    frame = pd.DataFrame(
        {
            "customer_id": summary.table.index.astype(str),
            "recency": summary.T - summary.recency,
            "frequency": summary.frequency + 1,
            "monetary": spend.fillna(0).to_numpy(float) * returns.SCALE,
        }
    )
    return engine_sessions.connect(None).create_table("figures", frame, temp=True)


def _by_rank(
    table: ir.Table, figure: str, bins: int, *, within: list[str], split: bool
) -> ir.Value:
    import ibis

    worst_first = [_upwards(table, name) for name in (figure, *(f for f in FIGURES if f != figure))]
    groups = [table[name] for name in within]
    everyone = table.count().over(ibis.window(group_by=groups) if groups else ibis.window())
    if split:
        order = ibis.window(group_by=groups, order_by=[*worst_first, table.customer_id])
        worse = ibis.row_number().over(order)
    else:
        worse = ibis.rank().over(ibis.window(group_by=groups, order_by=worst_first[:1]))
    return (worse * bins).cast("int64") // everyone.cast("int64") + 1


def _upwards(table: ir.Table, figure: str) -> Any:
    """Order from the worst to the best."""
    import ibis

    return ibis.desc(table[figure]) if figure == "recency" else table[figure]


def _by_cuts(values: ir.Value, cuts: Sequence[float], *, fewer: bool) -> ir.Value:
    reached = [(values <= cut if fewer else values >= cut) for cut in cuts]
    return sum((met.ifelse(1, 0) for met in reached[1:]), reached[0].ifelse(1, 0)) + 1


def _checked_cuts(cuts: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    for figure, points in cuts.items():
        if figure not in FIGURES:
            raise ParameterError(unknown_name("figure", figure, FIGURES))
        if not points or any(b <= a for a, b in pairwise(points)):
            raise ParameterError(
                f"cut points rise from one to the next; found {list(points)} for {figure}."
            )
    scale = {"monetary": returns.SCALE}
    return {name: [cut * scale.get(name, 1) for cut in points] for name, points in cuts.items()}
