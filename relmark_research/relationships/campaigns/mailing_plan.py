"""Whom to mail: cells of customers, their break-even response, and how sure the choice is.

A mailing pays where the response is above p* = cost per contact / contribution per response. The
break-even index of a cell is (response / p* - 1) x 100. What a response says of the mailing is told
by a control group only: `uplift_cells` chooses by what the mailing causes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.customers.describe.mailing_cells import (
    ResponseRates,
    break_even_response,
    fit_response_rates,
)
from relmark_research.customers.describe.rfm import rfm_scores
from relmark_research.errors import DataError, ParameterError, check_level
from relmark_research.relationships._validate import check_columns
from relmark_research.relationships.campaigns.beta_binomial import CellPosterior, shrinkage_table
from relmark_research.units import as_date

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

NO_CELL = "none"
_CHANCE = 2.71  # 90% quantile of chi-squared on one degree of freedom


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
    model: ResponseRates
    break_even: float

    @property
    def cells_differ(self) -> bool:
        """Whether the cells differ by more than chance: likelihood ratio against one rate for all.

        At five percent; the bound is 2.71, since no spread at all lies at the edge of what may be.
        """
        from scipy.stats import binom

        x, m = self.table["responses"], self.table["mailed"]
        alike = binom.logpmf(x, m, x.sum() / m.sum()).sum()
        return bool(2 * (self.model.log_likelihood - alike) > _CHANCE)

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


def mailing_plan(
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
    >>> plan = mailing_plan(cells, cost_per_contact=0.55, contribution_per_response=40)
    >>> plan.table.set_index("cell")["mail"].to_dict()
    {'555': True, '115': True, '551': True, '111': False}
    """
    if not 0.5 <= certainty < 1:
        raise ParameterError(f"certainty is a probability in [0.5, 1); found {certainty!r}.")
    check_level(level)
    threshold = break_even_response(
        cost_per_contact=cost_per_contact, contribution_per_response=contribution_per_response
    )
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
    return MailingPlan(table, fit_response_rates(responses, mailed), threshold)


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


def cells_before(
    log: TransactionLog, campaigns: pd.DataFrame, *, bins: int = 4, figures: str = "RF"
) -> pd.DataFrame:
    """Return the campaigns with the cell in which each customer was on the eve of his campaign.

    Parameters
    ----------
    log
        Transactions from before the first campaign on.
    campaigns
        Rows with customer_id and date (the campaign's day, which does not count itself).
    bins
        Number of classes of each figure, 2 to 9; of equal size among all customers of that day,
        frequency within recency, money within both (`rfm_scores`, nested).
    figures
        Which of R, F and M make the cell: ``"RF"`` makes bins x bins cells.

    Returns
    -------
    DataFrame
        ``campaigns`` with recency, frequency, monetary and cell; ``"none"`` for who had bought
        nothing by then that he kept.

    Raises
    ------
    DataError
        If a campaign's day lies before the first transaction.
    ParameterError
        If ``figures`` are none of R, F and M.
    """
    check_columns(campaigns, "campaigns", ["customer_id", "date"])
    if not figures or set(figures) - set("RFM"):
        raise ParameterError(f"figures are some of R, F and M; found {figures!r}.")
    parts = []
    for day, rows in campaigns.groupby(pd.to_datetime(campaigns["date"]).dt.date, sort=False):
        eve = as_date(day) - timedelta(days=1)
        if eve < log.observed_from:
            raise DataError(
                f"cells on the eve of {day} need earlier transactions; the first is of "
                f"{log.observed_from}. Read the transactions from before the campaign."
            )
        scores = rfm_scores(log.until(eve), bins=bins, method="nested", ties="split")
        scores["cell"] = scores[list(figures)].astype(str).agg("".join, axis=1)
        known = scores[["recency", "frequency", "monetary", "cell"]]
        met = known.reindex(rows["customer_id"].astype(str)).set_index(rows.index)
        parts.append(pd.concat([rows.drop(columns=known.columns, errors="ignore"), met], axis=1))
    found = pd.concat(parts).loc[campaigns.index]
    return found.assign(cell=found["cell"].fillna(NO_CELL))
