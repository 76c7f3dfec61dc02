"""Whom to mail: cells of customers by recency, frequency and money, and their break-even response.

A mailing pays where the response is above p* = cost per contact / contribution per response. The
break-even index of a cell is (response / p* - 1) x 100. What a response says of the mailing is told
by a control group only: `uplift_cells` chooses by what the mailing causes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.customers.netting import SCALE
from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships.checks import check_columns, check_share
from relmark_research.relationships.shrinkage import (
    BetaBinomial,
    CellPosterior,
    shrinkage_table,
)

if TYPE_CHECKING:
    from relmark_research.customers.transactions import TransactionLog

NO_CELL = "none"
RFM = ("recency_days", "orders", "mean_value")


def break_even_response(cost_per_contact: float, contribution_per_response: float) -> float:
    """Return the response from which a mailing pays.

    Parameters
    ----------
    cost_per_contact
        Money per customer addressed, > 0.
    contribution_per_response
        Margin of the order that a response brings, money, > 0.

    Returns
    -------
    float
        p* = cost per contact / contribution per response; above 1 the mailing cannot pay.

    References
    ----------
    Hughes, Strategic database marketing.

    Examples
    --------
    >>> f"{break_even_response(0.55, 40):.3%}"
    '1.375%'
    """
    for name, value in (
        ("cost_per_contact", cost_per_contact),
        ("contribution_per_response", contribution_per_response),
    ):
        if not (np.isfinite(value) and value > 0):
            raise ParameterError(f"{name} is money above 0; found {value!r}.")
    return cost_per_contact / contribution_per_response


@dataclass(frozen=True)
class MailingPlan:
    """Which cells to mail.

    Attributes
    ----------
    table
        Row per cell, best first: mailed, responses, rate (as counted), shrunk (leaning on the other
        cells) with low and high, index (break-even index of the shrunk rate), probability_pays,
        profit (per contact, money; of the shrunk rate), mail (whether to).
    model
        The Beta between cells.
    break_even
        Response from which a mailing pays, a share.
    """

    table: pd.DataFrame
    model: BetaBinomial
    break_even: float

    @property
    def contacts(self) -> int:
        """Customers in the cells to mail."""
        return int(self.table.loc[self.table["mail"], "mailed"].sum())

    @property
    def saved(self) -> float:
        """Share of the mailings that can be spared."""
        return 1 - self.contacts / float(self.table["mailed"].sum())

    @property
    def changed(self) -> pd.DataFrame:
        """Cells that the counted rate would have decided otherwise."""
        return self.table[(self.table["rate"] > self.break_even) != self.table["mail"]]


def mailing_cells(
    cells: pd.DataFrame,
    *,
    cost_per_contact: float,
    contribution_per_response: float,
    certainty: float = 0.5,
    level: float = 0.95,
) -> MailingPlan:
    """Choose the cells to mail from a test mailing.

    Parameters
    ----------
    cells
        Row per customer with ``cell`` and ``responded`` (1 or 0), or row per cell with ``cell``,
        ``mailed`` and ``responses``.
    cost_per_contact, contribution_per_response
        Money, as for `break_even_response`.
    certainty
        How probable it must be that a cell pays, in [0.5, 1): 0.5 mails where profit is expected.
    level
        Probability of the intervals.

    Returns
    -------
    MailingPlan
        With ``certainty`` 0.5 a cell is mailed where E[theta] > p*, else where
        P(theta > p*) >= certainty as well.

    Raises
    ------
    DataError
        If the counts are none, or too few to tell how much cells differ.

    Examples
    --------
    >>> cells = pd.DataFrame({"cell": ["555", "551", "115", "111"],
    ...     "mailed": [500, 40, 30, 900], "responses": [20, 1, 1, 3]})
    >>> plan = mailing_cells(cells, cost_per_contact=0.55, contribution_per_response=40)
    >>> plan.table.set_index("cell")["mail"].to_dict()
    {'555': True, '115': True, '551': True, '111': False}
    """
    if not 0.5 <= certainty < 1:
        raise ParameterError(f"certainty is a probability in [0.5, 1); found {certainty!r}.")
    check_share("level", level)
    threshold = break_even_response(cost_per_contact, contribution_per_response)
    counts = _counted(cells)
    responses, mailed = (counts[name].to_numpy() for name in ("responses", "mailed"))
    posterior = CellPosterior.of(responses, mailed)
    table = shrinkage_table(posterior, level)
    table.insert(0, "cell", counts["cell"].to_numpy())
    table["index"] = 100 * (table["shrunk"] / threshold - 1)
    table["probability_pays"] = posterior.above(min(threshold, 1.0))
    table["profit"] = table["shrunk"] * contribution_per_response - cost_per_contact
    table["mail"] = (table["profit"] > 0) & (
        (table["probability_pays"] >= certainty) | (certainty == 0.5)
    )
    table = table.sort_values("shrunk", ascending=False, kind="stable", ignore_index=True)
    return MailingPlan(table, BetaBinomial.fit(responses, mailed), threshold)


def _counted(cells: pd.DataFrame) -> pd.DataFrame:
    if "responses" in cells.columns:
        check_columns(cells, "cells", ["cell", "mailed", "responses"])
        twice = cells["cell"].duplicated()
        if twice.any():
            raise DataError(
                f"expected each cell once; {cells.loc[twice, 'cell'].iloc[0]!r} is there again."
            )
        return cells
    check_columns(cells, "cells", ["cell", "responded"])
    nowhere = cells["cell"].isna()
    if nowhere.any():
        raise DataError(
            f"every customer mailed belongs to a cell; {nowhere.sum():,} of {len(cells):,} to none."
        )
    found = cells.groupby("cell")["responded"].agg(["size", "sum"]).reset_index()
    return found.set_axis(["cell", "mailed", "responses"], axis="columns")


def before_campaigns(log: TransactionLog, campaigns: pd.DataFrame) -> pd.DataFrame:
    """Return the campaigns with what each customer had done by the eve of each.

    Returns
    -------
    DataFrame
        ``campaigns`` with recency_days (since the last order), orders (days with one) and
        mean_value (money per such day); missing where a customer had never ordered.
    """
    check_columns(campaigns, "campaigns", ["customer_id", "date"])
    days = log.days.to_pandas().sort_values(["date", "customer_id"], kind="stable")
    days = pd.DataFrame(
        {
            "customer_id": days["customer_id"].astype(str),
            "date": pd.to_datetime(days["date"]),
            "value": days["parts"] / SCALE,
        }
    )
    by = days.groupby("customer_id")
    days = days.assign(
        last=days["date"], orders=by.cumcount() + 1, spent=by["value"].cumsum()
    ).drop(columns="value")
    asked = campaigns.assign(
        date=pd.to_datetime(campaigns["date"]).astype(days["date"].dtype),
        customer_id=campaigns["customer_id"].astype(str),
    )
    asked["_row"] = np.arange(len(asked))
    met = pd.merge_asof(
        asked.sort_values("date", kind="stable"), days, on="date", by="customer_id",
        allow_exact_matches=False,
    ).sort_values("_row")  # fmt: skip
    met["recency_days"] = (met["date"] - met["last"]).dt.days
    met["mean_value"] = met["spent"] / met["orders"]
    return met.drop(columns=["_row", "last", "spent"]).reset_index(drop=True)


def rfm_cells(table: pd.DataFrame, *, bins: tuple[int, int, int] = (5, 5, 5)) -> pd.Series:
    """Return the cell of each row, best customers highest: 555 bought last, most and dearest.

    Parameters
    ----------
    table
        Columns recency_days, orders, mean_value (`before_campaigns`); cells are formed within each
        ``campaign_id`` where there is one.
    bins
        Number of classes of recency, of frequency within recency, of money within both; each at
        least 1. The cut is sequential, as Hughes has it, so that cells are of equal size; ties are
        parted by the order of the rows.

    Returns
    -------
    Series
        Text of three digits, by row; ``"none"`` where nothing had been bought and kept before.

    References
    ----------
    Hughes, Strategic database marketing.
    """
    check_columns(table, "cells", [*RFM])
    if any(not 1 <= number <= 9 for number in bins):
        raise ParameterError(f"bins are three numbers from 1 to 9; found {bins!r}.")
    known = table[table[list(RFM)].notna().all(axis=1)]
    keys = [known["campaign_id"]] if "campaign_id" in known else [pd.Series(0, index=known.index)]
    cell = pd.Series("", index=known.index)
    for name, number, sign in zip(RFM, bins, (-1, 1, 1), strict=True):
        ranked = (sign * known[name]).groupby(keys)
        place = ranked.rank(method="first") - 1
        score = 1 + np.floor(place * number / ranked.transform("size")).astype(int)
        keys = [*keys, score]
        cell = cell + score.astype(str)
    return cell.reindex(table.index, fill_value=NO_CELL)
