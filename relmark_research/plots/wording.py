"""Numbers, money, shares and days as people read them."""

import math

import pandas as pd


def count(value: float) -> str:
    """Return a number of things with thousands separators.

    Examples
    --------
    >>> count(23570), count(3.14159), count(1043.7)
    ('23,570', '3.14', '1,044')
    """
    if not math.isfinite(value):
        return "unknown" if math.isnan(value) else "∞"
    if value == round(value) or abs(value) >= 100:
        return f"{value:,.0f}".replace("-", "−")
    return significant(value)


def significant(value: float, digits: int = 3) -> str:
    """Return ``value`` with so many significant digits, never in powers of ten.

    Examples
    --------
    >>> significant(0.0125574), significant(4.41360), significant(1234.5)
    ('0.0126', '4.41', '1,234')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else count(value)
    rounded = abs(float(f"{value:.{digits - 1}e}"))
    decimals = max(0, digits - 1 - math.floor(math.log10(rounded)))
    return f"{value:,.{decimals}f}".replace("-", "−")


def percent(share: float) -> str:
    """Return a share as percent; only what is nothing is called 0%, only what is all 100%.

    Examples
    --------
    >>> percent(0.6), percent(0.0042), percent(0.998), percent(1)
    ('60%', '0.4%', '99.8%', '100%')
    """
    if not math.isfinite(share):
        return "unknown"
    if share in (0, 1) or 0.0095 <= abs(share) < 0.985 or abs(share) > 1:
        return f"{100 * share:,.0f}%".replace("-", "−")
    text = f"{100 * share:.1f}%".replace("-", "−")
    return {"0.0%": "under 0.1%", "−0.0%": "under 0.1%", "100.0%": "over 99.9%"}.get(text, text)


def money(value: float, currency: str = "") -> str:
    """Return an amount with its currency: a sign stands close, a code stands off.

    Examples
    --------
    >>> money(1234.5, "USD"), money(35.353, "$"), money(2_500_000, "EUR")
    ('USD 1,234', '$35.35', 'EUR 2.50 million')
    """
    size = abs(value)
    if not math.isfinite(value):
        digits = count(size)
    elif size >= 1e6:
        digits = f"{significant(size / 1e6)} million"
    else:
        digits = f"{size:,.0f}" if size >= 100 or size == round(size) else f"{size:,.2f}"
    gap = " " if currency.isalpha() else ""
    return f"{'−' if value < 0 else ''}{currency}{gap}{digits}"


def with_unit(name: str, unit: str) -> str:
    """Return an axis label with its unit in brackets, or the bare name where there is none."""
    return f"{name} ({unit})" if unit else name


def day(value: object) -> str:
    """Return a day in words.

    Examples
    --------
    >>> day("1997-09-30")
    '30 September 1997'
    """
    stamp = pd.Timestamp(value)  # type: ignore[arg-type]
    return f"{stamp.day} {stamp:%B %Y}"


def month(value: object) -> str:
    """Return a month in words."""
    return f"{pd.Timestamp(value):%B %Y}"  # type: ignore[arg-type]
