"""Lesson 3: who is still a customer, by a coin, by the printed model, and on CDNOW."""

import pytest

from relmark_research.teaching.answers import lesson_03
from tests.teaching.answers.grades import RIGHT, accepted_range, grade


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("3.1", 0.692, RIGHT),  # 80 x (3/4)^2 = 45 of 45 + 20
        ("3.1", 0.45, 1),
        ("3.1", 0.5625, 2),
        ("3.1", 0.5, 3),
        ("3.2", {"Anna": 0.643, "Ben": 0.260}, RIGHT),
        ("3.2", {"Anna": 0.357, "Ben": 0.740}, 1),
        ("3.2", {"Anna": 0.624, "Ben": 0.203}, 2),
        ("3.2", {"Anna": 0.754, "Ben": 0.922}, 3),
        ("3.3", 195, RIGHT),
        ("3.3", 141, 1),
        ("3.3", 529, 2),
        ("3.3", 506, 3),
        ("3.4", 577, RIGHT),
        ("3.4", 1411, 1),
        ("3.4", 1057, 2),
        ("3.5", 0.92, RIGHT),
        ("3.5", -0.0836, 1),
        ("3.5", 1.2056, 2),
    ],
)
def test_an_answer_is_right_or_a_recognised_mistake(key, answer, expected):
    assert grade(key, answer) == expected


@pytest.mark.parametrize(
    ("key", "tolerance"), [("3.2", 0.005), ("3.3", 0.6), ("3.4", 1.0), ("3.5", 0.005)]
)
def test_tolerances(key, tolerance):
    assert accepted_range(key, tolerance) == ([RIGHT, RIGHT], [0, 0])


def test_anna_and_ben_by_the_published_formula():
    """P(alive) = 1 / (1 + a / (b + x - 1) ((alpha + T) / (alpha + t_x))^(r + x))."""
    r, alpha, a, b = 0.243, 4.414, 0.793, 2.426

    def alive(x, t_x, T):
        return 1 / (1 + a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x))

    found = lesson_03._anna_and_ben()
    assert found.to_dict() == pytest.approx({"Anna": alive(1, 20, 33), "Ben": alive(8, 20, 33)})


def test_customers_without_a_purchase_for_thirteen_weeks():
    table = lesson_03._customers()
    assert len(table) == 2357
    silent = lesson_03._p_alive_of_inactive()
    rows = table.loc[silent.index]
    assert (rows["T"] - rows["recency"]).min() > 13
    assert (rows["frequency"] > 0).all()
    assert len(silent) == 529
    assert silent.equals(rows["bg"])


def test_the_models_differ_in_who_is_alive_after_one_purchase():
    once = lesson_03._one_time_buyers()
    assert (once["frequency"] == 0).all()
    assert (once["bg"] == 1).all()
    assert once["mbg"].max() < 1


def test_the_sum_over_repeat_customers_is_that_of_the_fitted_parameters():
    """Fader, Hardie & Lee (2005) print r, alpha, a, b to three digits: within one customer."""
    table = lesson_03._customers().query("frequency > 0")
    x, t_x, T = (table[name] for name in ("frequency", "recency", "T"))
    printed = 1 / (1 + 0.793 / (2.426 + x - 1) * ((4.414 + T) / (4.414 + t_x)) ** (0.243 + x))
    assert table["bg"].sum() == pytest.approx(printed.sum(), abs=1)
