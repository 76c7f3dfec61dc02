"""Which cells of customers to mail after a test mailing: break-even response and shrinkage.

A mailing pays where the response rate is above p* = cost per contact / contribution per response.
The break-even index of a cell is (response rate / p* - 1) x 100. A beta-binomial model shrinks the
rates of small cells to the mean of all cells. A response rate is not the effect of the mailing:
with a control group, `uplift_cells` selects cells by their uplift.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.customers.describe.mailing_cells import break_even_response
from relmark_research.customers.describe.rfm import rfm_scores
from relmark_research.errors import DataError, ParameterError, check_level
from relmark_research.relationships._validate import check_columns
from relmark_research.stats.beta_binomial import (
    BetaBinomial,
    BetaBinomialPosterior,
    check_counts,
    fit_beta_binomial,
)
from relmark_research.stats.intervals import tail_probabilities
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.tables.read_table import open_table, read_columns
from relmark_research.tables.schemas import CAMPAIGNS
from relmark_research.units import as_date

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

NO_CELL = "none"
_CHI_SQUARED_90 = 2.71  # 90% quantile of chi-squared on one degree of freedom


@dataclass(frozen=True, repr=False)
class MailingPlan:
    """Which cells to mail.

    Attributes
    ----------
    table
        Row per cell, highest posterior mean first: mailed, responses, rate (observed),
        posterior_mean of the rate with low and high, index (break-even index of the posterior
        mean), probability_profitable, profit (expected, money per contact), mail (whether to mail
        the cell).
    model
        The beta-binomial model of the cells.
    break_even
        Response rate at which a mailing breaks even, a share.
    """

    table: pd.DataFrame
    model: BetaBinomial
    break_even: float

    @property
    def cells_differ(self) -> bool:
        """Whether a likelihood-ratio test rejects equal response rates at 5%.

        The critical value is 2.71: the hypothesis lies on the boundary of the parameter space.
        """
        from scipy.stats import binom

        x, m = self.table["responses"], self.table["mailed"]
        pooled = binom.logpmf(x, m, x.sum() / m.sum()).sum()
        return bool(2 * (self.model.log_likelihood - pooled) > _CHI_SQUARED_90)

    @property
    def contacts(self) -> int:
        """Customers in the cells to mail."""
        return int(self.table.loc[self.table["mail"], "mailed"].sum())

    @property
    def excluded_share(self) -> float:
        """Share of the customers in the cells not to mail."""
        return 1 - self.contacts / float(self.table["mailed"].sum())

    @property
    def reclassified(self) -> pd.DataFrame:
        """Cells for which the observed rate gives another decision than the plan."""
        return self.table[(self.table["rate"] > self.break_even) != self.table["mail"]]

    def _rows(self) -> dict[str, object]:
        return {
            "cells": len(self.table),
            "cells to mail": int(self.table["mail"].sum()),
            "contacts": self.contacts,
            "break-even response": self.break_even,
            "cells differ": self.cells_differ,
        }

    def __repr__(self) -> str:
        return one_line("MailingPlan", self._rows())

    def _repr_html_(self) -> str:
        return html_table("Mailing plan", self._rows())


def mailing_plan(
    cells: pd.DataFrame,
    *,
    cost_per_contact: float,
    contribution_per_response: float,
    certainty: float = 0.5,
    level: float = 0.95,
) -> MailingPlan:
    """Select the cells to mail from the responses to a test mailing.

    Parameters
    ----------
    cells
        Row per customer with ``cell`` and ``responded`` (1 or 0), or row per cell with ``cell``,
        ``mailed`` and ``responses``.
    cost_per_contact, contribution_per_response
        Money, as for `break_even_response`.
    certainty
        Required probability that a cell is profitable, in [0.5, 1); 0.5 selects by expected profit
        alone.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    MailingPlan
        A cell is mailed where E[theta] > p* and, for a ``certainty`` above 0.5, also
        P(theta > p*) >= certainty.

    Raises
    ------
    DataError
        If the counts are invalid, or there are too few cells or responses.

    Examples
    --------
    >>> cells = pd.DataFrame({"cell": ["555", "551", "115", "111"],
    ...     "mailed": [500, 40, 30, 900], "responses": [20, 1, 1, 3]})
    >>> plan = mailing_plan(cells, cost_per_contact=0.55, contribution_per_response=40)
    >>> plan.table.set_index("cell")["mail"].to_dict()
    {'555': True, '115': True, '551': True, '111': False}
    """
    if not 0.5 <= certainty < 1:
        raise ParameterError(f"certainty must be a probability in [0.5, 1); found {certainty!r}.")
    check_level(level)
    break_even = break_even_response(
        cost_per_contact=cost_per_contact, contribution_per_response=contribution_per_response
    )
    counts = _cell_counts(cells)
    responses, mailed = (counts[name].to_numpy() for name in ("responses", "mailed"))
    check_counts(responses, mailed, names=("responses", "mailed"))
    posterior = BetaBinomialPosterior.from_counts(responses, mailed)
    table = _posterior_table(posterior, level)
    table.insert(0, "cell", counts["cell"].to_numpy())
    table["index"] = 100 * (table["posterior_mean"] / break_even - 1)
    table["probability_profitable"] = posterior.probability_above(min(break_even, 1.0))
    table["profit"] = table["posterior_mean"] * contribution_per_response - cost_per_contact
    table["mail"] = (table["profit"] > 0) & (
        (table["probability_profitable"] >= certainty) | (certainty == 0.5)
    )
    table = table.sort_values("posterior_mean", ascending=False, kind="stable", ignore_index=True)
    return MailingPlan(table, fit_beta_binomial(responses, mailed), break_even)


def cells_before_campaign(
    log: TransactionLog, campaigns: pd.DataFrame, *, bins: int = 4, measures: str = "RF"
) -> pd.DataFrame:
    """Return the campaigns with each customer's RFM cell on the day before the campaign.

    Parameters
    ----------
    log
        Transactions, from before the first campaign.
    campaigns
        Rows with customer_id and date (the day of the campaign, which is excluded).
    bins
        Number of classes of each measure, 2 to 9; of equal size among all customers of that day,
        frequency within recency, money within both (`rfm_scores`, nested).
    measures
        Which of R, F and M define the cell: ``"RF"`` gives bins x bins cells.

    Returns
    -------
    DataFrame
        ``campaigns`` with recency, frequency, monetary (unless the log has no money) and cell; the
        cell is ``"none"`` for
        customers without a purchase by then.

    Raises
    ------
    DataError
        If a campaign's day is not after the first transaction.
    ParameterError
        If ``measures`` contains anything but R, F and M.
    """
    campaigns = open_table(campaigns, CAMPAIGNS.relaxed().requiring("customer_id", "date"))
    if not measures or set(measures) - set("RFM"):
        raise ParameterError(f"measures must be some of R, F and M; found {measures!r}.")
    if "M" in measures:
        log.require_value("the measure M")
    parts = []
    for day, rows in campaigns.groupby(campaigns["date"].dt.date, sort=False):
        day_before = as_date(day) - timedelta(days=1)
        if day_before < log.observed_from:
            raise DataError(
                f"cells on the day before {day} need earlier transactions; the first is of "
                f"{log.observed_from}. Read the transactions from before the campaign."
            )
        scores = rfm_scores(log.until(day_before), bins=bins, method="nested", ties="split")
        scores["cell"] = scores[list(measures)].astype(str).agg("".join, axis=1)
        scores = scores.drop(columns=["R", "F", "M"], errors="ignore")
        own = scores.reindex(rows["customer_id"]).set_index(rows.index)
        parts.append(pd.concat([rows.drop(columns=scores.columns, errors="ignore"), own], axis=1))
    found = pd.concat(parts).loc[campaigns.index]
    return found.assign(cell=found["cell"].fillna(NO_CELL))


def _cell_counts(cells: pd.DataFrame) -> pd.DataFrame:
    cells = frame_in_memory(cells, "cells")
    if "responses" in cells.columns:
        check_columns(cells, "cells", ["cell", "mailed", "responses"])
        cells = read_columns(
            cells, {"cell": "text", "mailed": "number", "responses": "number"}, name="cells"
        )
        repeated = cells["cell"].duplicated()
        if repeated.any():
            raise DataError(
                f"expected each cell once; found {cells.loc[repeated, 'cell'].iloc[0]!r} repeated."
            )
        return cells
    check_columns(cells, "cells", ["cell", "responded"])
    cells = read_columns(cells, {"cell": "text", "responded": "flag"}, name="cells")
    missing = cells["cell"].isna()
    if missing.any():
        raise DataError(
            f"expected a cell for every mailed customer; {missing.sum():,} of {len(cells):,} have "
            "none."
        )
    found = cells.groupby("cell")["responded"].agg(["size", "sum"]).reset_index()
    return found.set_axis(["cell", "mailed", "responses"], axis="columns")


def _posterior_table(posterior: BetaBinomialPosterior, level: float) -> pd.DataFrame:
    with np.errstate(invalid="ignore"):
        rate = posterior.successes / np.where(posterior.trials > 0, posterior.trials, np.nan)
    low, high = (posterior.quantile(one) for one in tail_probabilities(level))
    return pd.DataFrame(
        {
            "mailed": posterior.trials.astype(int),
            "responses": posterior.successes.astype(int),
            "rate": rate,
            "posterior_mean": posterior.mean,
            "low": low,
            "high": high,
        }
    )
