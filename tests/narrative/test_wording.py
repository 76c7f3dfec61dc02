"""Numbers in sentences: probabilities, rounded money, ranges."""

import math

import pandas as pd
import pytest

from relmark_research.formats import formatter, share
from relmark_research.narrative.wording import probability_text, range_text, rounded_money

CASH = formatter("USD")


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (1.0, "above 99.9%"),
        (0.9991, "above 99.9%"),
        (0.999, "of 99.9%"),
        (0.9949, "of 99.5%"),
        (0.99, "of 99%"),
        (0.5, "of 50%"),
        (0.01, "of 1%"),
        (0.0099, "of 1.0%"),
        (0.0051, "of 0.5%"),
        (0.001, "of 0.1%"),
        (0.0009, "below 0.1%"),
        (0.0, "below 0.1%"),
    ],
)
def test_a_probability_is_never_certain(probability, text):
    assert probability_text(probability).endswith(f" {text}")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (233_991.2, "$234,000"),
        (-233_991.2, "−$234,000"),
        (1_234_567, "$1.23 million"),
        (1_004.0, "$1,000"),
        (1_006.0, "$1,010"),
        (999.0, "$999"),
        (437.0, "$437"),
        (-437.0, "−$437"),
        (437.4, "$437"),
        (43.76, "$43.76"),
        (9.876, "$9.88"),
        (1.0, "$1"),
        (0.1234, "$0.12"),
        (0.1265, "$0.13"),
    ],
)
def test_money_has_three_significant_digits(value, text):
    assert rounded_money(value, CASH) == text


@pytest.mark.parametrize("value", [0.0, math.nan, math.inf])
def test_nothing_and_no_number_are_shown_as_they_are(value):
    assert rounded_money(value, CASH) == CASH(value)


def test_a_range_has_two_ends_unless_they_look_the_same():
    assert range_text(pd.Series([0.25, 0.1, 0.2]), share) == "10.0% to 25.0%"
    assert range_text(pd.Series([0.1, 0.10001]), share) == "10.0%"
