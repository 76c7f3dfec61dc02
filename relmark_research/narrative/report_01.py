"""The text of report 01, the customer base: the answer, first-seen customers, advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relmark_research.customers.describe.base_profile import CustomerBase
from relmark_research.evidence import Claim, method
from relmark_research.formats import Formatter, count, share, with_interval

if TYPE_CHECKING:
    import pandas as pd

    from relmark_research.customers.log.left_truncation import LeftTruncation

FEWEST_CUSTOMERS = 20  # for shares of value and for cohorts


def answer(base: CustomerBase, money: Formatter) -> list[Claim]:
    """Return the answer: customers, spend or purchases, and the share who bought again."""
    again = with_interval(base.repeat_share, base.repeat_share_low, base.repeat_share_high, share)
    if not base.has_value:
        size = f"{count(base.customers)} customers made {count(base.purchases)} purchases."
        no_money = method("The log has no money, so nothing is said about value.")
        return [_counted(size, base), _repeat(f"{again} of them bought again.", base), no_money]
    size = f"{count(base.customers)} customers spent {money(base.value)}."
    if base.customers < FEWEST_CUSTOMERS:
        return [_counted(size, base), _repeat(f"{again} of them bought again.", base)]
    words = (
        f"{again} of them bought again, and the best fifth account for "
        f"{share(base.top_fifth_share)} of the value."
    )
    return [_counted(size, base), _repeat(words, base)]


def returning(base: CustomerBase) -> Claim:
    """Return the heading of growth: the share of returning customers among a month's buyers."""
    found = share(base.returning_share)
    return _counted(
        f"{found} of the last whole month's buyers had bought before",
        base,
        estimate=base.returning_share,
        withheld="How many buyers return each month",
    )


def growth(table: pd.DataFrame, start: LeftTruncation, words: str) -> list[Claim]:
    """Return what the months show, and a caution where the log begins in the middle of business.

    Parameters
    ----------
    table
        The months, as `growth_table` returns them.
    start
        Whether the log begins in the middle of the business.
    words
        The description of the figure.
    """
    said = [Claim(statement=words, design="counted", rows=len(table), source="transactions")]
    if not start.detected:
        return said
    note = (
        f"{start.words} Customers first seen in a log are not all new: many of them had bought "
        "before it began. The first months therefore overstate new customers, and the first "
        "cohorts look more loyal than new customers are; the averages over cohorts leave these "
        "cohorts out."
    )
    return [*said, Claim(statement=note, design="counted", source="transactions")]


def bought_once(base: CustomerBase) -> Claim:
    """Return the heading of repeat purchases: the share who have bought only once."""
    once = 1 - base.repeat_share
    low, high = 1 - base.repeat_share_high, 1 - base.repeat_share_low
    return _counted(f"{share(once)} have bought only once", base, estimate=once, low=low, high=high)


def repeat_value(base: CustomerBase, money: Formatter) -> list[Claim]:
    """Return the value of customers with and without a second purchase; none without money."""
    if not base.has_value or not 0 < base.repeat_share < 1:
        return []
    words = (
        "The average value of customers with a second purchase is "
        f"{money(base.value_per_repeat_customer)}, of the others "
        f"{money(base.value_per_one_time_customer)}."
    )
    return [_counted(words, base, estimate=base.value_per_repeat_customer)]


def best_fifth(base: CustomerBase) -> Claim:
    """Return the heading of concentration: the share of value of the best fifth."""
    return _counted(
        f"The best fifth of customers account for {share(base.top_fifth_share)} of the value",
        base,
        estimate=base.top_fifth_share,
        fewest=FEWEST_CUSTOMERS,
    )


def last_age(ages: pd.Series, base: CustomerBase) -> Claim:
    """Return the heading of cohorts: the share that buys in the last month that is observed."""
    return _counted(
        f"{share(ages.iloc[-1])} of a cohort buy in month {ages.index[-1]} after their first "
        "purchase",
        base,
        estimate=float(ages.iloc[-1]),
        fewest=FEWEST_CUSTOMERS,
    )


def described(words: str, base: CustomerBase) -> Claim:
    """Return the description of a figure as a claim about what the log holds."""
    return _counted(words, base)


def no_value(has_value: bool, base: CustomerBase) -> str:
    """Return why nothing is said of the value."""
    return _few(base) if has_value else "the transactions have no column value"


def no_cohorts(base: CustomerBase) -> str:
    """Return why nothing is said of the months after the first purchase."""
    if base.customers < FEWEST_CUSTOMERS:
        return _few(base)
    return "no cohort was observed for a whole month after its first purchase"


def rows_used(audit: pd.DataFrame) -> Claim:
    """Return how many rows of the log are used."""
    rows = audit.set_index("check")["rows"]
    words = (
        f"Of {count(rows['rows read'])} rows, {count(rows['rows used'])} are used. The table "
        "accounts for every row, with the first examples of each kind."
    )
    return Claim(statement=words, design="counted", rows=int(rows["rows read"]), source="audit")


def limits() -> Claim:
    """Return what the report cannot know."""
    return method(
        "A customer here is an id: two ids of one person count twice, and a purchase without an id "
        "is not seen. Returns are netted against the same customer's latest earlier purchases. The "
        "shares describe the past; whether a silent customer has left is estimated in the report "
        "*What are our customers worth?*"
    )


def next_steps(base: CustomerBase, money: Formatter) -> list[list[Claim]]:
    """Return the advice: the second purchase, and the best customers where value is known."""
    once = _counted(
        f"1. **Test an offer for the second purchase.** {share(1 - base.repeat_share)} of the "
        "customers have bought once.",
        base,
        estimate=1 - base.repeat_share,
    )
    test = method(
        "An offer to a random half of the first-time customers would measure how many more of them "
        "buy again."
    )
    if not base.has_value:
        value = method(
            "2. **Read the value of each purchase**, where it is known: the reports on segments "
            "and on lifetime value need it."
        )
        return [[once, test], [value]]
    names = method(
        "2. **List the best fifth by name**: their lifetime values are in the report *What are our "
        "customers worth?*"
    )
    return [[once, *_second_purchase(base, money), test], [names]]


def _second_purchase(base: CustomerBase, money: Formatter) -> list[Claim]:
    """Return what a second purchase goes with, and the value of more of them if assumed."""
    gap = base.value_per_repeat_customer - base.value_per_one_time_customer
    if not gap > 0:
        return []
    more = _counted(
        f"Customers who bought again spent {money(gap)} more on average.", base, estimate=gap
    )
    words = (
        f"If one more in a hundred of all customers bought again, and then as much as those who "
        f"did (both assumed), that is at most {money(gap * base.customers / 100)}."
    )
    bound = Claim(
        statement=words,
        design="assumed",
        estimate=gap * base.customers / 100,
        rows=base.customers,
        source="transactions",
        assumptions=("one more in a hundred buys again", "and then as those who did"),
    )
    return [more, bound]


def _repeat(words: str, base: CustomerBase) -> Claim:
    low, high = base.repeat_share_low, base.repeat_share_high
    return _counted(words, base, estimate=base.repeat_share, low=low, high=high)


def _few(base: CustomerBase) -> str:
    return (
        f"the transactions have {count(base.customers)} of the {FEWEST_CUSTOMERS} customers that "
        "it needs"
    )


def _counted(
    statement: str,
    base: CustomerBase,
    *,
    estimate: float | None = None,
    low: float | None = None,
    high: float | None = None,
    fewest: int = 1,
    withheld: str = "",
) -> Claim:
    return Claim(
        statement=statement,
        design="counted",
        estimate=estimate,
        low=low,
        high=high,
        rows=base.customers,
        fewest=fewest,
        source="transactions",
        withheld=withheld,
    )
