"""Which cells of customers a mailing pays for: response against the rate that breaks even.

p* = c / m with c the cost of a contact and m the contribution of a response. A small cell's rate is
mostly luck; so rates are shrunk towards the mean of all cells, by a beta-binomial model:
(alpha + x) / (alpha + beta + n) for x responses of n contacts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.stats.beta_binomial import fit_beta_binomial


def break_even_response(*, cost_per_contact: float, contribution_per_response: float) -> float:
    """Return the share that must respond for a mailing to cost nothing, c / m.

    Parameters
    ----------
    cost_per_contact
        Money per contact, > 0.
    contribution_per_response
        Money that a response brings before the cost of contacts, > 0.

    References
    ----------
    Hughes 1994, Strategic Database Marketing.

    Examples
    --------
    >>> round(break_even_response(cost_per_contact=0.55, contribution_per_response=40), 5)
    0.01375
    """
    for name, amount in (
        ("cost_per_contact", cost_per_contact),
        ("contribution_per_response", contribution_per_response),
    ):
        if not 0 < amount < np.inf:
            raise ParameterError(f"{name} must be an amount of money > 0; found {amount!r}.")
    return cost_per_contact / contribution_per_response


def mailing_cells(
    cells: pd.DataFrame, *, cost_per_contact: float, contribution_per_response: float
) -> pd.DataFrame:
    """Judge cells by their response: which pay for a mailing, and what they bring.

    Parameters
    ----------
    cells
        One row per contacted customer: cell (text) and responded (true or false).
    cost_per_contact, contribution_per_response
        As in `break_even_response`.

    Returns
    -------
    DataFrame
        Row per cell, best first: cell, customers, responses, rate, expected_rate (shrunk), index
        ((expected_rate / p* - 1) * 100, 0 breaks even), pays (index > 0), profit (expected money
        of mailing the cell once more).
    """
    for name in ("cell", "responded"):
        if name not in cells.columns:
            raise DataError(unknown_name("column", name, cells.columns))
    level = break_even_response(
        cost_per_contact=cost_per_contact, contribution_per_response=contribution_per_response
    )
    grouped = cells.groupby("cell", observed=True)["responded"]
    table = grouped.agg(customers="size", responses="sum").astype("int64").reset_index()
    x, n = table["responses"].to_numpy(), table["customers"].to_numpy()
    table["rate"] = x / n
    table["expected_rate"] = fit_beta_binomial(x, n).posterior_mean(x, n)
    table["index"] = (table["expected_rate"] / level - 1) * 100
    table["pays"] = table["index"] > 0
    each = table["expected_rate"] * contribution_per_response - cost_per_contact
    table["profit"] = n * each
    return table.sort_values(["expected_rate", "cell"], ascending=[False, True], ignore_index=True)
