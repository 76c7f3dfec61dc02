"""Lesson 4: the next order by a coin, by the printed model, and regression to the mean."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.teaching.answers import lesson_04
from tests.teaching.answers.grades import RIGHT, accepted_range, grade


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("4.1", 41.67, RIGHT),  # 12.5 small ones at 25, 25 large ones at 50
        ("4.1", 40, 1),
        ("4.1", 37.5, 2),
        ("4.1", 50, 3),
        ("4.2", {"Dora": 94.2, "Emil": 96.6}, RIGHT),
        ("4.2", {"Dora": 120, "Emil": 100}, 1),
        ("4.2", {"Dora": 104.76, "Emil": 96.99}, 2),
        ("4.2", {"Dora": 61.06, "Emil": 38.58}, 3),
        ("4.3", 0.114, RIGHT),
        ("4.3", 0.457, 1),
        ("4.3", 0.596, 2),
        ("4.4", {"rise": 0.909, "foreseen": 0.396}, RIGHT),
        ("4.4", {"rise": 1.909, "foreseen": 1.396}, 1),
        ("4.4", {"rise": 0.476, "foreseen": 0.284}, 2),
        ("4.4", {"rise": 0.396, "foreseen": 0.909}, 3),
    ],
)
def test_an_answer_is_right_or_a_recognised_mistake(key, answer, expected):
    assert grade(key, answer) == expected


@pytest.mark.parametrize(("key", "tolerance"), [("4.2", 0.3), ("4.3", 0.005), ("4.4", 0.01)])
def test_tolerances(key, tolerance):
    assert accepted_range(key, tolerance) == ([RIGHT, RIGHT], [0, 0])


def test_expected_spend_is_a_weighted_mean():
    """E(M) = ((q - 1) v p / (q - 1) + p x m) / (p x + q - 1), Fader & Hardie (2013)."""
    p, q, v = 6.25, 3.74, 15.44
    found = lesson_04._expected_spend()
    for name, x, m in (("Dora", 1, 120), ("Emil", 8, 100)):
        assert found[name] == pytest.approx(p * (v + x * m) / (p * x + q - 1))
    overall = p * v / (q - 1)
    own_weight = p / (p + q - 1)  # Dora's
    swapped = own_weight * overall + (1 - own_weight) * 120
    assert lesson_04._swapped_weights()["Dora"] == pytest.approx(swapped)


def test_the_lowest_fifth_is_measured_on_those_who_came_back():
    rows = rm.load_cdnow().to_pandas()
    days = rows.groupby(["customer_id", "date"])["value"].sum().reset_index()
    first = days.groupby("customer_id")["date"].transform("min")
    past = days[(days["date"] <= "1997-09-30") & (days["date"] > first)]
    after = days[days["date"] > "1997-09-30"]
    means = pd.DataFrame(
        {name: part.groupby("customer_id")["value"].mean()
         for name, part in (("own", past), ("after", after))}
    ).dropna()  # fmt: skip
    lowest = means[means["own"] <= means["own"].quantile(0.2)].mean()
    found = lesson_04._lowest_fifth()
    assert found["own"] == pytest.approx(lowest["own"], rel=1e-6)
    assert found["rise"] == pytest.approx(lowest["after"], rel=1e-6)
