"""Lesson 1: the first sale, payback by channel, and shares who buy again."""

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.teaching.answers import lesson_01
from tests.teaching.answers.grades import RIGHT, accepted_range, grade

PAYBACK = {"fair": 3, "field": 6, "mail": 3, "referral": 0, "web": 2}  # months


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("1.1", 4, RIGHT),  # 4 / (1 - 3/4) = 16, less 12
        ("1.1", -8, 1),
        ("1.1", -5, 2),  # 4 + 3 - 12
        ("1.1", 16, 3),
        ("1.1", 0, 4),  # 12 - 12
        ("1.1", 5, 0),
        ("1.2", PAYBACK, RIGHT),
        ("1.2", {name: max(month - 1, 0) for name, month in PAYBACK.items()}, 1),
        ("1.2", {name: month + 1 for name, month in PAYBACK.items()}, 2),
        ("1.3", [0.4832, 0.6462, 0.7160], RIGHT),
        ("1.3", [0.4832, 0.3123, 0.2236], 1),
        ("1.3", [0.5168, 0.3538, 0.2840], 2),
        ("1.4", {"third": 0.68, "proof": False}, RIGHT),  # (2 + 32) / (10 + 40)
        ("1.4", {"third": 0.5, "proof": False}, 1),
        ("1.4", {"third": 0.34, "proof": False}, 2),
        ("1.4", {"third": 0.68, "proof": True}, 3),
        ("1.4", {"third": 0.5, "proof": True}, 0),
    ],
)
def test_an_answer_is_right_or_a_recognised_mistake(key, answer, expected):
    assert grade(key, answer) == expected


def test_months_and_shares_have_a_tolerance():
    assert grade("1.2", {name: month + 0.09 for name, month in PAYBACK.items()}) == RIGHT
    assert grade("1.2", {name: month + 0.11 for name, month in PAYBACK.items()}) == 0
    shares = np.array(lesson_01._repeat_shares())
    assert grade("1.3", shares + 0.0045) == RIGHT
    assert grade("1.3", shares + 0.0055) == 0
    assert grade("1.4", {"third": 0.6755, "proof": False}) == RIGHT
    assert grade("1.4", {"third": 0.6745, "proof": False}) == 0


def test_shares_who_buy_again_are_those_of_the_log():
    days = rm.load_cdnow().to_pandas().groupby("customer_id")["date"].nunique()
    at_least = [int((days > k).sum()) for k in range(4)]
    assert lesson_01._customers_with_at_least() == at_least
    assert at_least[0] == 2357  # Fader & Hardie: a tenth of the cohort


def test_cumulative_profit_covers_a_year_and_starts_with_the_first_order():
    path = lesson_01._cumulative_profit()
    assert path.index.tolist() == list(range(13))
    acquired = rm.load_sample("customers").query("acquisition_date <= '2024-01-01'")
    web = acquired[acquired["channel"] == "web"].set_index("customer_id")
    orders = rm.load_sample("transactions").join(web, on="customer_id", how="inner")
    contacts = rm.load_sample("contacts").join(web, on="customer_id", how="inner")

    def of_first_year(rows):
        age = (rows["date"] - rows["acquisition_date"]).dt.days
        return rows[age <= 365]  # month 12 ends on day 365

    margin = of_first_year(orders).eval("value - cost").sum()
    spent = of_first_year(contacts)["cost"].sum() + web["acquisition_cost"].sum()
    assert path.loc[12, "web"] == pytest.approx((margin - spent) / len(web))
    first_day = orders[orders["date"] == orders["acquisition_date"]].eval("value - cost").sum()
    welcome = contacts[contacts["date"] == contacts["acquisition_date"]]["cost"].sum()
    start = (first_day - welcome - web["acquisition_cost"].sum()) / len(web)
    assert path.loc[0, "web"] == pytest.approx(start)


def test_a_stall_is_judged_within_half_a_percent():
    inside, outside = accepted_range("1.1", 0.005 * 4)
    assert (inside, outside) == ([RIGHT, RIGHT], [0, 0])
