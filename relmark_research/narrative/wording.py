"""Numbers in the sentences of several reports: probabilities, rounded money, ranges."""

import math

import pandas as pd

from relmark_research.evidence import Claim
from relmark_research.formats import Detail, Formatter


def probability_text(probability: float) -> str:
    """Return a simulated probability as text; it is never shown as certain.

    Examples
    --------
    >>> probability_text(1.0), probability_text(0.9652), probability_text(0.0)
    ('a probability above 99.9%', 'a probability of 97%', 'a probability below 0.1%')
    """
    if probability > 0.999:
        return "a probability above 99.9%"
    if probability < 0.001:
        return "a probability below 0.1%"
    decimals = 0 if 0.01 <= probability <= 0.99 else 1
    return f"a probability of {100 * probability:.{decimals}f}%"


def rounded_money(value: float, cash: Formatter) -> str:
    """Return an amount with three significant digits, for plans rather than accounts.

    Examples
    --------
    >>> from relmark_research.formats import money
    >>> rounded_money(233991.2, money), rounded_money(1.0, money), rounded_money(12.345, money)
    ('$234,000', '$1', '$12.34')
    """
    if value == 0 or not math.isfinite(value):
        return cash(value)
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    is_small_integer = value == round(value) and abs(value) < 1000
    step = 1.0 if is_small_integer else step if step >= 0.1 else 0.01
    return cash(value, detail=Detail(step=step))


def range_text(values: pd.Series, form: Formatter) -> str:
    """Return the range of values, or one number if both ends look the same.

    Examples
    --------
    >>> from relmark_research.formats import share
    >>> range_text(pd.Series([0.1, 0.25]), share), range_text(pd.Series([0.1, 0.1]), share)
    ('10.0% to 25.0%', '10.0%')
    """
    low, high = form(values.min()), form(values.max())
    return low if low == high else f"{low} to {high}"


def counted(
    statement: str, *, source: str, estimate: float | None = None, rows: int | None = None
) -> Claim:
    """Return a claim that is read off the data.

    Parameters
    ----------
    statement
        The sentence or heading.
    source
        The tables that it is counted in.
    estimate, rows
        Its number, and how many rows carry it.

    Examples
    --------
    >>> counted("6 customers bought", source="transactions", estimate=6, rows=6).verdict
    'finding'
    """
    return Claim(statement=statement, design="counted", estimate=estimate, rows=rows, source=source)
