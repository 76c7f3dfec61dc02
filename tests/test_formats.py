"""Numbers as text: examples, and laws over all numbers."""

import math

import pandas as pd
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from relmark_research.formats import (
    WHOLE,
    Detail,
    count,
    day,
    formatter,
    interval,
    listing,
    money,
    month,
    number,
    percent,
    share,
    supported_step,
    with_interval,
    with_unit,
)

amounts = st.floats(-1e14, 1e14, allow_nan=False).filter(lambda v: v == 0 or abs(v) > 1.1e-4)


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (1234567, "USD", "$1.23 million"),
        (1234.6, "USD", "$1,235"),
        (35.17, "USD", "$35.17"),
        (35.1, "USD", "$35.10"),
        (-35.171, "EUR", "−€35.17"),
        (-1234567, "GBP", "−£1.23 million"),
        (1234.6, "CHF", "1,235 CHF"),
        (35.7, "JPY", "¥36"),
        (0, "USD", "$0"),
        (999.996, "USD", "$1,000"),
        (999_400, "USD", "$999,400"),
        (999_999, "USD", "$1.00 million"),
        (0.0031, "USD", "$0.0031"),
        (1e-9, "USD", "about $0"),
        (12_345_678_901, "USD", "$12.3 billion"),
        (4.2e18, "USD", "$4.20 × 10¹⁸"),
        (35.353, "$", "$35.35"),
        (7.5, "", "7.50"),
        (2.5e6, "XAU", "2.50 million XAU"),
    ],
)
def test_money(value, currency, text):
    assert money(value, currency) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1234, "12.3%"),
        (0, "0%"),
        (1, "100%"),
        (-0.05, "−5.0%"),
        (1.5, "150.0%"),
        (0.9996, "more than 99.9%"),
        (0.0004, "0.040%"),
        (2e-7, "about 0%"),
    ],
)
def test_share(value, text):
    assert share(value) == text


def test_count_keeps_whole_numbers_whole():
    assert count(23570) == "23,570"
    assert count(1_234_567_890) == "1,234,567,890"
    assert count(2.3149) == "2.31"
    assert count(12345.6) == "12,346"
    assert count(-3) == "−3"


def test_number_has_three_digits():
    assert [number(v) for v in (0.24256, 4.4136, 793.2, -0.5)] == ["0.243", "4.41", "793", "−0.500"]
    assert number(9.999) == "10.0"


def test_whole_units_and_significant_digits_on_request():
    assert money(34.6, "EUR", detail=WHOLE) == "€35"
    assert [number(v, detail=Detail(digits=2)) for v in (0.0996, 4.41, 11.2, 123.4)] == [
        "0.10", "4.4", "11", "123",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0%"), (0.0001, "under 0.1%"), (0.004, "0.4%"), (0.0095, "1%"), (0.5, "50%"),
     (0.99, "99.0%"), (0.9999, "more than 99.9%"), (1, "100%"), (1.25, "125%"), (-0.04, "−4%")],
)  # fmt: skip
def test_percent(value, text):
    assert percent(value) == text


@given(st.floats(1e-9, 1 - 1e-9))
@example(0.9995)
@example(0.0005)
def test_a_part_is_never_0_or_100_percent(part):
    assert percent(part) not in ("0%", "0.0%", "100%", "100.0%")


def test_days_months_units_and_lists():
    assert day("1997-09-03") == "3 September 1997"
    assert month("1997-09-03") == "September 1997"
    assert with_unit("Value", "USD") == "Value (USD)"
    assert with_unit("Value", "") == "Value"
    assert [listing(each) for each in ([], ["a"], ["a", 2], ("a", "b", "c"))] == [
        "", "a", "a and 2", "a, b and c",
    ]  # fmt: skip


@pytest.mark.parametrize("form", [money, share, count, number, percent])
def test_a_missing_value_is_not_available(form):
    assert {form(v) for v in (None, math.nan, pd.NA, "none")} == {"not available"}
    assert (form(math.inf), form(-math.inf)) == ("∞", "−∞")


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "text"),
    [
        (1234567, 1112000, 1321000, "USD", "$1.2 million (1.1 to 1.3)"),
        (1234567, 1230000, 1239000, "USD", "$1.235 million (1.230 to 1.239)"),
        (35.17, 33.1, 37.2, "USD", "$35 (33 to 37)"),
        (35.17, 35.08, 35.26, "USD", "$35.17 (35.08 to 35.26)"),
        (8.77, 8.29, 9.31, "USD", "$8.77 (8.29 to 9.31)"),
        (8.7712, 8.7693, 8.7731, "USD", "$8.77 (8.77 to 8.77)"),
        (0.0031, 0.0028, 0.0034, "USD", "$0.0031 (0.0028 to 0.0034)"),
        (1234567, 1234550, 1234580, "USD", "$1.235 million (1.235 to 1.235)"),
        (8.77, 8.29, 9.31, "JPY", "¥9 (8 to 9)"),
        (52345, 50200, 54400, "EUR", "€52,000 (50,000 to 54,000)"),
        (0.1234, 0.1187, 0.1281, "share", "12.3% (11.9 to 12.8)"),
        (0.5, 0.3, 0.7, "share", "50% (30 to 70)"),
        (23570, 21000, 26000, "customers", "24,000 (21,000 to 26,000)"),
        (0.9312, 0.89, 0.97, "purchases", "0.93 (0.89 to 0.97)"),
        (-3.0, -5.2, -0.9, "", "−3 (−5 to −1)"),
        (3.0, 0.1, 40.0, "", "3 (0.1 to 40)"),
        (158_000, 45_365, 271_365, "USD", "$160,000 (50,000 to 270,000)"),
        (113_000, 0, 226_000, "USD", "$100,000 (0 to 200,000)"),
        (-20_000, -250_000, -3000, "USD", "−$20,000 (−250,000 to −3,000)"),
        (1.2e6, 3000, 2.4e6, "USD", "$1.2 million (0.003 to 2.4)"),
        (1.2e6, -300, 2.4e6, "USD", "$1 million (0 to 2)"),
        (0.2, 0.00012, 0.4, "share", "20% (0.01 to 40)"),
        (5.0, 1e-9, 9.0, "", "5 (0 to 9)"),
        (900_000, 700_000, 1_200_000, "USD", "$900,000 (700,000 to 1,200,000)"),
    ],
)
def test_an_interval_decides_the_digits(value, low, high, unit, text):
    assert with_interval(value, low, high, formatter(unit)) == text


def test_without_an_interval_only_the_value_is_written():
    for low, high in ((None, None), (math.nan, 2), (1, math.inf), (1.5, 1.5)):
        assert with_interval(1.5, low, high) == "1.50"
        assert interval(1.5, low, high) == ""


def test_an_interval_alone_names_its_unit():
    assert interval(1234567, 1112000, 1321000, money) == "$1.1 to $1.3 million"
    assert interval(0.12, 0.1, 0.14, share) == "10% to 14%"


@given(amounts)
def test_a_sign_changes_the_sign_only(value):
    assume(value > 0)
    for form in (money, count, number):
        assert form(-value) == "−" + form(value)


@given(amounts)
def test_the_text_is_within_half_a_percent_or_half_a_cent(value):
    text = money(value, "XXX").removesuffix(" XXX").replace("−", "-").replace(",", "")
    digits, _, word = text.partition(" ")
    read = float(digits) * {"": 1, "million": 1e6, "billion": 1e9, "trillion": 1e12}[word]
    half = 5.1e-3 if abs(value) >= 0.005 else 0.051 * abs(value)  # two digits of less than a cent
    assert read == pytest.approx(value, rel=5.1e-3, abs=half)


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e6))
def test_no_more_digits_than_the_interval_supports(value, width):
    low, high = value - width, value + width
    half = (high - low) / 2  # as the floats have it
    step = supported_step(value, low, high)
    assert step is not None
    assert step <= half * (1 + 1e-6)
    finer = abs(value) < half or min(abs(low), abs(high)) < half
    assert step > half / (100.0001 if finer else 10.00001)


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e6), st.sampled_from(["USD", "share", ""]))
def test_no_end_becomes_zero_or_changes_its_sign(middle, width, unit):
    low, high = middle - width, middle + width
    ends = with_interval(middle, low, high, formatter(unit)).partition("(")[2].split(" to ")
    for end, text in zip((low, high), ends, strict=True):
        shown = any(digit in "123456789" for digit in text)
        assert shown or abs(end) < width / 1000 or (unit == "USD" and abs(end) < 0.005)
        assert text.startswith("−") == (end < 0 and shown)


def test_an_estimate_lost_in_its_interval_is_not_written_with_endless_digits():
    assert with_interval(1e-300, -5, 5) == "0.0 (−5.0 to 5.0)"
