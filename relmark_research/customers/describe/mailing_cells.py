"""Profitability of mailing cells: expected response rates against the break-even rate.

The break-even rate is p* = c / m, with c the cost of a contact and m the contribution of a
response. The observed rate of a small cell is noisy, so rates are shrunk towards the mean of all
cells by a beta-binomial model: (alpha + x) / (alpha + beta + n) for x responses of n contacts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.errors import ParameterError
from relmark_research.stats.beta_binomial import fit_beta_binomial
from relmark_research.tables.read_table import read_columns


def break_even_response(*, cost_per_contact: float, contribution_per_response: float) -> float:
    """Return the response rate at which a mailing breaks even, c / m.

    Parameters
    ----------
    cost_per_contact
        Money per contact, > 0.
    contribution_per_response
        Money per response before the cost of contacts, > 0.

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
    """Return the expected response rate and profit of each mailing cell.

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
        ((expected_rate / p* - 1) * 100, 0 at break-even), pays (index > 0), profit (expected money
        from mailing the cell again).
    """
    cells = read_columns(cells, {"cell": "text", "responded": "flag"}, name="cells")
    break_even = break_even_response(
        cost_per_contact=cost_per_contact, contribution_per_response=contribution_per_response
    )
    grouped = cells.groupby("cell")["responded"]
    table = grouped.agg(customers="size", responses="sum").astype("int64").reset_index()
    x, n = table["responses"].to_numpy(), table["customers"].to_numpy()
    table["rate"] = x / n
    table["expected_rate"] = fit_beta_binomial(x, n).posterior_mean(x, n)
    table["index"] = (table["expected_rate"] / break_even - 1) * 100
    table["pays"] = table["index"] > 0
    profit_per_contact = table["expected_rate"] * contribution_per_response - cost_per_contact
    table["profit"] = n * profit_per_contact
    return table.sort_values(["expected_rate", "cell"], ascending=[False, True], ignore_index=True)
