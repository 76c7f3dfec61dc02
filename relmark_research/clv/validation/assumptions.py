"""Tests of the assumptions behind lifetime values, with their results in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relmark_research.clv.validation.interpurchase_regularity import purchase_regularity
from relmark_research.clv.validation.spend_frequency_independence import spend_frequency_correlation
from relmark_research.errors import DataError

if TYPE_CHECKING:
    from relmark_research.customers.log.customer_summary import CustomerSummary
    from relmark_research.customers.log.transactions import TransactionLog


def describe_assumptions(
    log: TransactionLog, customers: CustomerSummary, *, level: float = 0.95
) -> str:
    """Report whether spend is independent of frequency and whether purchasing is random.

    Parameters
    ----------
    log, customers
        The purchases, and the histories that `customer_summary` made of them.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    str
        One or two sentences per assumption; if the data are too few for a test, the reason. Spend
        is left out for a log without money.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.load_cdnow()
    >>> print(describe_assumptions(log, log.customer_summary()).partition(". ")[0])
    Lifetime values assume that spend per purchase is independent of purchase frequency
    """
    regularity = _describe_regularity(log, level)
    return (
        f"{_describe_independence(customers, level)} {regularity}" if log.has_value else regularity
    )


def _describe_independence(customers: CustomerSummary, level: float) -> str:
    assumption = (
        "Lifetime values assume that spend per purchase is independent of purchase frequency."
    )
    try:
        found = spend_frequency_correlation(customers, level=level)
    except DataError as error:
        return f"{assumption} This could not be tested: {error}"
    interval = f"({found.spearman_low:.2f} to {found.spearman_high:.2f})"
    correlation = f"Spearman's rank correlation is {found.spearman:.2f} {interval}."
    return f"{assumption} {found.words} {correlation}"


def _describe_regularity(log: TransactionLog, level: float) -> str:
    try:
        return purchase_regularity(log, level=level).words
    except DataError as error:
        return f"The regularity of purchases could not be tested: {error}"
