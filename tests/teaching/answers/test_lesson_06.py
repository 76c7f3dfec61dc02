"""Lesson 6: retention rates that rise without anybody changing."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.teaching.answers import lesson_06
from tests.teaching.answers.grades import RIGHT, accepted_range, grade

ALPHA, BETA = 0.704, 1.182  # Regular, Fader & Hardie (2007)


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("6.1", 0.68, RIGHT),  # (320 + 20) / (400 + 100)
        ("6.1", 0.5, 1),
        ("6.1", 0.34, 2),
        ("6.1", 0.8, 3),
        ("6.2", (BETA + 4) / (ALPHA + BETA + 4), RIGHT),
        ("6.2", (BETA + 3) / (ALPHA + BETA + 3), 1),
        ("6.2", np.prod([(BETA + t) / (ALPHA + BETA + t) for t in range(5)]), 2),
        ("6.2", BETA / (ALPHA + BETA), 3),
        ("6.3", 301.2, RIGHT),
        ("6.3", 216.6, 1),
        ("6.3", 194.0, 2),
        ("6.3", 319.8, 3),
        ("6.3", 293.8, 4),
        ("6.3", 7.53, 5),
        ("6.4", {"Morning": 0, "Evening": 0.1}, RIGHT),
        ("6.4", {"Morning": 0.0818, "Evening": 0.1115}, 1),
        ("6.4", {"Morning": 0.6, "Evening": 0.7}, 2),
        ("6.4", {"Morning": 0.15, "Evening": 0.15}, 3),
    ],
)
def test_an_answer_is_right_or_a_recognised_mistake(key, answer, expected):
    assert grade(key, answer) == expected


def test_rises_have_a_tolerance():
    assert accepted_range("6.4", 0.002) == ([RIGHT, RIGHT], [0, 0])


def test_the_model_of_high_end_is_the_published_one():
    """Fader & Hardie (2007): alpha = 0.668, beta = 3.806."""
    found = lesson_06._high_end_model()
    assert (found.alpha, found.beta) == pytest.approx((0.668, 3.806), abs=0.001)


def test_the_value_before_a_renewal_is_a_sum_of_payments():
    model = lesson_06._high_end_model()
    rates = [(model.beta + t - 1) / (model.alpha + model.beta + t - 1) for t in range(8, 20_008)]
    survival = np.cumprod(rates)
    discount = 1.1 ** -np.arange(len(survival) + 1.0)
    expected = 40 * (survival * discount[:-1]).sum()
    assert lesson_06._residual_value(8) == pytest.approx(expected, rel=1e-4)
    kept = np.cumprod([1.0, *rates[1:]])
    renewed = 40 * (kept * discount[:-1]).sum()  # the eighth payment is certain
    assert lesson_06._residual_value(8, renewed=True) == pytest.approx(renewed, rel=1e-4)


def test_one_rate_for_all_undervalues_customers_who_renewed():
    rate = pd.Series([86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1]).sum()
    rate /= pd.Series([100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7]).sum()
    expected = 40 * sum(rate ** (t + 1) / 1.1**t for t in range(2000))
    assert lesson_06._value_at_constant_retention() == pytest.approx(expected)
