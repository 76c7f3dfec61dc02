"""The text of report 01, the customer base: the answer, first-seen customers, advice."""

from relmark_research.customers.describe.base_profile import CustomerBase
from relmark_research.customers.log.left_truncation import LeftTruncation
from relmark_research.formats import Formatter, count, share, with_interval


def answer(base: CustomerBase, money: Formatter) -> str:
    """Return the answer: customers, spend or purchases, and the share who bought again."""
    again = with_interval(base.repeat_share, base.repeat_share_low, base.repeat_share_high, share)
    if not base.has_value:
        return (
            f"{count(base.customers)} customers made {count(base.purchases)} purchases. {again} of "
            "them bought again. The log has no money, so nothing is said about value."
        )
    return (
        f"{count(base.customers)} customers spent {money(base.value)}. {again} of them "
        f"bought again, and the best fifth brought {share(base.top_fifth_share)} of the value."
    )


def first_seen_note(found: LeftTruncation) -> list[str]:
    """Return a paragraph where the log begins in the middle of the business; otherwise none."""
    if not found.detected:
        return []
    return [
        f"{found.words} Customers first seen in a log are not all new: many of them had bought "
        "before it began. Counts of new customers, and the cohorts of the first period, are "
        "therefore too high or too loyal; the averages over cohorts leave these cohorts out."
    ]


def repeat_value_note(base: CustomerBase, money: Formatter) -> list[str]:
    """Return the value of customers with and without a second purchase; none without money."""
    if not base.has_value:
        return []
    return [
        "The average value of customers with a second purchase is "
        f"{money(base.value_per_repeat_customer)}, of the others "
        f"{money(base.value_per_one_time_customer)}."
    ]


def next_steps(base: CustomerBase, money: Formatter) -> list[str]:
    """Return the advice: the second purchase, and the best customers where value is known."""
    if not base.has_value:
        return [
            f"1. **Win the second purchase.** {share(1 - base.repeat_share)} of the customers have "
            "bought once. An offer to first-time customers with a control group would measure how "
            "many more of them can be won.",
            "2. **Read the value of each purchase**, where it is known: the reports on segments "
            "and on lifetime value need it.",
        ]
    gap = base.value_per_repeat_customer - base.value_per_one_time_customer
    return [
        f"1. **Win the second purchase.** Customers who bought again brought "
        f"{money(gap)} more on average. If one more in a hundred did, and then bought as "
        f"others do, that is up to {money(gap * base.customers / 100)}; an offer to "
        f"first-time customers with a control group would tell how much of it can be had.",
        "2. **Know the best fifth by name**, and what each is worth: see the lifetime values.",
    ]
