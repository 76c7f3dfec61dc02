import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relmark_research import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (23570, "23,570"), (-1200, "−1,200"), (0.2345, "0.234"), (99.95, "100"),
     (12.34, "12.3"), (1043.7, "1,044"), (math.nan, "unknown"), (math.inf, "∞")],
)  # fmt: skip
def test_count(value, text) -> None:
    assert formats.count(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0%"), (0.0001, "under 0.1%"), (0.004, "0.4%"), (0.0095, "1%"), (0.5, "50%"),
     (0.99, "99.0%"), (0.9999, "over 99.9%"), (1, "100%"), (1.25, "125%"), (-0.04, "−4%"),
     (math.nan, "unknown")],
)  # fmt: skip
def test_percent(share, text) -> None:
    assert formats.percent(share) == text


@given(st.floats(1e-9, 1 - 1e-9))
@example(0.9995)
@example(0.0005)
def test_percent_never_calls_some_none_or_most_all(share) -> None:
    assert formats.percent(share) not in ("0%", "0.0%", "100%", "100.0%")


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [(1234.5, "USD", "USD 1,234"), (35.353, "$", "$35.35"), (20, "€", "€20"), (7, "", "7"),
     (-1500, "$", "−$1,500"), (2.5e6, "EUR", "EUR 2.50 million"), (math.inf, "$", "$∞")],
)  # fmt: skip
def test_money(value, currency, text) -> None:
    assert formats.money(value, currency) == text


@given(st.floats(1e-6, 1e9), st.integers(1, 6))
def test_significant_is_within_half_a_unit_of_its_last_digit(value, digits) -> None:
    text = formats.significant(value, digits)
    assert "e" not in text
    assert abs(float(text.replace(",", "")) - value) <= max(
        0.5 * 10 ** (math.floor(math.log10(value)) - digits + 1), 0.5 if value >= 10**digits else 0
    ) * (1 + 1e-9)


def test_days_and_months() -> None:
    assert formats.day("1997-09-03") == "3 September 1997"
    assert formats.month("1997-09-03") == "September 1997"
    assert formats.with_unit("Value", "USD") == "Value (USD)"
    assert formats.with_unit("Value", "") == "Value"
