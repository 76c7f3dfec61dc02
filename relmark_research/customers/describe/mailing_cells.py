"""Which cells of customers a mailing pays for: response against the rate that breaks even.

p* = c / m with c the cost of a contact and m the contribution of a response. A small cell's rate is
mostly luck; so rates are shrunk towards the mean of all cells, by a beta-binomial model:
(alpha + x) / (alpha + beta + n) for x responses of n contacts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.errors import ConvergenceError, DataError, ParameterError, unknown_name


@dataclass(frozen=True)
class ResponseRates:
    """How response rates differ between cells: Beta(alpha, beta).

    Attributes
    ----------
    alpha, beta
        Parameters, > 0; their mean rate is alpha / (alpha + beta).
    log_likelihood
        Sum over the cells of ln C(n, x) B(alpha + x, beta + n - x) / B(alpha, beta).
    """

    alpha: float
    beta: float
    log_likelihood: float

    def shrunk(self, responses: np.ndarray, contacts: np.ndarray) -> np.ndarray:
        """Return the expected rates, (alpha + x) / (alpha + beta + n)."""
        return (self.alpha + responses) / (self.alpha + self.beta + contacts)


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


def fit_response_rates(responses: np.ndarray, contacts: np.ndarray) -> ResponseRates:
    """Fit a beta-binomial model to cells by maximum likelihood.

    Parameters
    ----------
    responses, contacts
        Whole numbers per cell, 0 <= responses <= contacts, shape (cells,).

    Raises
    ------
    DataError
        Where the numbers contradict each other.
    ConvergenceError
        Where the cells do not tell how rates differ.
    """
    from scipy.optimize import minimize
    from scipy.stats import betabinom

    x, n = np.asarray(responses), np.asarray(contacts)
    if len(x) < 2 or (x < 0).any() or (x > n).any() or x.sum() == 0 or (x == n).all():
        raise DataError(
            "response rates need two cells or more with 0 <= responses <= contacts, and both "
            f"responses and silence; found {int(x.sum())} responses of {int(n.sum())} contacts in "
            f"{len(x)} cells."
        )

    def loss(theta: np.ndarray) -> float:
        size, mean = np.exp(theta[0]), 1 / (1 + np.exp(-theta[1]))
        return -float(betabinom.logpmf(x, n, size * mean, size * (1 - mean)).sum())

    mean = x.sum() / n.sum()
    start, bounds = np.log(mean / (1 - mean)), [(-5, 14), (-16, 16)]
    tries = [  # flat where cells hardly differ: a search may stop on its way; the best counts
        minimize(loss, [np.log(size), start], method="L-BFGS-B", bounds=bounds)
        for size in (20.0, 1000.0)
    ]
    found = min(tries, key=lambda one: one.fun)
    if not np.isfinite(found.fun):
        raise ConvergenceError(f"the beta-binomial model did not settle: {found.message}")
    size, share = float(np.exp(found.x[0])), float(1 / (1 + np.exp(-found.x[1])))
    return ResponseRates(size * share, size * (1 - share), -float(found.fun))


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
    table["expected_rate"] = fit_response_rates(x, n).shrunk(x, n)
    table["index"] = (table["expected_rate"] / level - 1) * 100
    table["pays"] = table["index"] > 0
    each = table["expected_rate"] * contribution_per_response - cost_per_contact
    table["profit"] = n * each
    return table.sort_values(["expected_rate", "cell"], ascending=[False, True], ignore_index=True)
