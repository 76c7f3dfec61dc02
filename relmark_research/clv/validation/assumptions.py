"""What every value here takes for granted, tested on the data and said in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relmark_research.clv.validation.interpurchase_regularity import purchase_regularity
from relmark_research.clv.validation.spend_frequency_independence import spend_frequency_correlation
from relmark_research.errors import DataError

if TYPE_CHECKING:
    from relmark_research.customers.log.customer_summary import CustomerSummary
    from relmark_research.customers.log.transactions import TransactionLog


def assumptions_in_words(
    log: TransactionLog, customers: CustomerSummary, *, level: float = 0.95
) -> str:
    """Say whether spend depends on frequency, and whether purchases come at random.

    Parameters
    ----------
    log, customers
        The purchases, and the histories that `customer_summary` made of them.
    level
        Probability of the intervals.

    Returns
    -------
    str
        A sentence or two per assumption; where the data are too few for a test, why it says
        nothing.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.load_cdnow()
    >>> print(assumptions_in_words(log, log.customer_summary()).partition(". ")[0])
    Spend is taken not to depend on how often a customer buys
    """
    return f"{_on_spend(customers, level)} {_on_rhythm(log, level)}"


def _on_spend(customers: CustomerSummary, level: float) -> str:
    taken = "Spend is taken not to depend on how often a customer buys."
    try:
        found = spend_frequency_correlation(customers, level=level)
    except DataError as error:
        return f"{taken} That could not be tested: {error}"
    ends = f"({found.rank_low:.2f} to {found.rank_high:.2f})"
    return f"{taken} {found.words} The correlation of their ranks is {found.rank:.2f} {ends}."


def _on_rhythm(log: TransactionLog, level: float) -> str:
    try:
        return purchase_regularity(log, level=level).words
    except DataError as error:
        return f"Whether purchases come at random could not be tested: {error}"
