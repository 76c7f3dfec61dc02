"""What changed between two tables of customers: who moved, and why the totals changed.

A total is the sum of e v over customers: e expected purchases, v expected value per purchase. The
change of the total has four parts, which add up to it:

new customers   the sum over customers who are in the later table only
left            minus the sum over customers who are in the earlier table only
activity        over customers in both: (e1 - e0)(v0 + v1) / 2
value           over customers in both: (v1 - v0)(e0 + e1) / 2

The same customers' change e1 v1 - e0 v0 is activity + value exactly, whichever is changed first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.customer_tables.table_of_customers import CustomerTable
from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.tables.read_table import read_ids

Array = np.ndarray

PARTS = ("new customers", "left", "activity", "value")
NOT_IN_TABLE = "(not in the table)"
NOT_KNOWN = "(not known)"
_MEASURES = ("customers", "expected_purchases", "expected_value")
_NUMBERS = _MEASURES[1:]


@dataclass(frozen=True, repr=False)
class CustomerChanges:
    """The changes between two tables of customers.

    Attributes
    ----------
    totals
        Index measure (customers, expected_purchases, expected_value); before, after, change, and
        its parts new customers, left, activity and value, which add up to it. The value is missing
        where a table has none.
    moves
        Column (segment or rung), before, after, customers, expected_value_before and
        expected_value_after, sorted by customers; customers who stayed are counted too.
    customers
        Index customer_id, those who moved, came or left: segment_before, segment_after,
        rung_before, rung_after, expected_value_before, expected_value_after.
    """

    totals: pd.DataFrame
    moves: pd.DataFrame
    customers: pd.DataFrame

    def _facts(self) -> dict[str, object]:
        rows = self.totals.loc["customers"]
        moved = self.moves["before"] != self.moves["after"]
        stayed = ~self.moves[["before", "after"]].isin([NOT_IN_TABLE]).any(axis=1)
        counts = {
            f"changed {column}": int(self.moves.loc[here & moved & stayed, "customers"].sum())
            for column in ("segment", "rung")
            for here in [self.moves["column"] == column]
        }
        return {"before": rows["before"], "after": rows["after"]} | counts

    def __repr__(self) -> str:
        return one_line(type(self).__name__, self._facts())

    def _repr_html_(self) -> str:
        return html_table("Changes of customers", self._facts())


def customer_changes(
    before: CustomerTable | pd.DataFrame, after: CustomerTable | pd.DataFrame
) -> CustomerChanges:
    """Return who moved between segments and rungs, and why the totals changed.

    Parameters
    ----------
    before, after
        Two tables of customers, or their DataFrames as `CustomerTable.to` wrote them, with the same
        form of ids and, for tables, the same horizon.

    Returns
    -------
    CustomerChanges
        totals, moves and customers. change = new customers + left + activity + value for every
        measure.

    Raises
    ------
    DataError
        If a column is missing, an id comes twice, or no customer is in both tables.
    ParameterError
        If the tables have another horizon or another form of ids.

    Examples
    --------
    >>> rows = {"customer_id": ["a", "b"], "segment": ["x", "x"], "rung": ["client", "client"],
    ...         "expected_purchases": [2.0, 1.0], "expected_value": [20.0, 10.0]}
    >>> before = pd.DataFrame(rows)
    >>> after = before.assign(customer_id=["a", "c"], expected_value=[30.0, 5.0])
    >>> customer_changes(before, after).totals.loc["expected_value"].to_dict()
    {'before': 30.0, 'after': 35.0, 'change': 5.0, 'new customers': 5.0, 'left': -10.0, \
'activity': 0.0, 'value': 10.0}
    """
    _check_alike(before, after)
    first, second = _read(before, "before"), _read(after, "after")
    ids = first.index.union(second.index, sort=True)
    same = first.index.intersection(second.index)
    if len(same) == 0:
        raise DataError(
            f"expected customers who are in both tables; none of {len(first):,} and "
            f"{len(second):,} ids is. Are the ids of one table pseudonyms?"
        )
    old, new = first.reindex(ids), second.reindex(ids)
    was, is_now = ids.isin(first.index), ids.isin(second.index)
    labels = {
        f"{column}_{time}": _label(table[column], present)
        for column in ("segment", "rung")
        for time, table, present in (("before", old, was), ("after", new, is_now))
    }
    customers = pd.DataFrame(labels, index=ids)
    customers["expected_value_before"] = old["expected_value"]
    customers["expected_value_after"] = new["expected_value"]
    moved = (customers["segment_before"] != customers["segment_after"]) | (
        customers["rung_before"] != customers["rung_after"]
    )
    return CustomerChanges(
        totals=_totals(old, new, was, is_now),
        moves=pd.concat([_moves(customers, "segment"), _moves(customers, "rung")]).reset_index(
            drop=True
        ),
        customers=customers[moved.to_numpy() | ~was | ~is_now],
    )


def _check_alike(before: Any, after: Any) -> None:
    if not (isinstance(before, CustomerTable) and isinstance(after, CustomerTable)):
        return
    for name in ("horizon", "ids"):
        first, second = getattr(before, name), getattr(after, name)
        if first != second:
            raise ParameterError(
                f"expected two tables with the same {name}; found {first!r} before and {second!r} "
                "after. Make both tables with the same arguments."
            )


def _read(table: CustomerTable | pd.DataFrame, name: str) -> pd.DataFrame:
    """Return segment, rung and the measures by customer_id."""
    frame = table.table if isinstance(table, CustomerTable) else frame_in_memory(table, name)
    needed = ("customer_id", "segment", "rung", *_NUMBERS)
    for column in needed:
        if column not in frame:
            raise DataError(f"{name}: {unknown_name('column', column, frame.columns)}")
    read = frame[list(needed[1:])].set_axis(read_ids(pd.Index(frame["customer_id"])))
    if not read.index.is_unique:
        raise DataError(
            f"{name}: expected one row per customer; "
            f"{read.index[read.index.duplicated()].nunique():,} ids come more than once."
        )
    for column in _NUMBERS:
        read[column] = pd.to_numeric(read[column], errors="coerce")
    if read["expected_purchases"].isna().any():
        raise DataError(
            f"{name}: expected a number in expected_purchases of every row; "
            f"{int(read['expected_purchases'].isna().sum()):,} have none."
        )
    return read


def _label(values: pd.Series, present: Array) -> Array:
    """Return labels as text, with words for a missing one and for an absent customer."""
    texts = values.astype(object).where(values.notna(), NOT_KNOWN)
    return np.where(present, texts.astype(str).to_numpy(object), NOT_IN_TABLE)


def _totals(old: pd.DataFrame, new: pd.DataFrame, was: Array, is_now: Array) -> pd.DataFrame:
    """Return before, after and change of each measure, with the parts of the change."""
    came, left, both = is_now & ~was, was & ~is_now, was & is_now
    e0, e1 = (table["expected_purchases"].to_numpy(float) for table in (old, new))
    w0, w1 = (table["expected_value"].to_numpy(float) for table in (old, new))
    v0, v1 = (np.divide(w, e, out=np.zeros_like(w), where=e > 0) for w, e in ((w0, e0), (w1, e1)))
    ones = np.ones(len(e0))
    nothing = np.zeros(int(both.sum()))
    activity = ((e1 - e0) * (v0 + v1) / 2)[both]
    parts = {
        "customers": (ones, ones, nothing, nothing),
        "expected_purchases": (e0, e1, (e1 - e0)[both], nothing),
        "expected_value": (w0, w1, activity, (w1 - w0)[both] - activity),
    }
    rows = {}
    for measure, (before, after, by_activity, by_value) in parts.items():
        found = [math.fsum(after[came]), -math.fsum(before[left]),
                 math.fsum(by_activity), math.fsum(by_value)]  # fmt: skip
        start, end = math.fsum(before[was]), math.fsum(after[is_now])
        rows[measure] = [start, end, end - start, *found]
    columns = ["before", "after", "change", *PARTS]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns) + 0.0
    return table.where(table["change"].notna()).rename_axis("measure")


def _moves(customers: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the number of customers and their value by label before and after."""
    keys = [customers[f"{column}_{time}"].rename(time) for time in ("before", "after")]
    values = customers[["expected_value_before", "expected_value_after"]]
    grouped = values.groupby(keys, sort=True)
    table = grouped.sum().assign(customers=grouped.size()).reset_index()
    table.insert(0, "column", column)
    table = table.sort_values(["customers", "before", "after"], ascending=[False, True, True])
    return table[["column", "before", "after", "customers", *values.columns]]
