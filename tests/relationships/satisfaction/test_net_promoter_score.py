"""The Net Promoter Score: published, by hand, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError
from relmark_research.relationships.satisfaction.net_promoter_score import (
    NetPromoterScore,
    net_promoter_score,
    nps_table,
)


def test_the_published_score() -> None:
    scores = pd.Series(np.repeat([10, 8, 3], [450, 300, 250]))
    score = net_promoter_score(scores)
    assert score.score == 20
    assert score.standard_error == pytest.approx(2.5690, abs=5e-5)
    low, high = score.interval()
    assert low == pytest.approx(20 - 1.96 * 2.569, abs=0.1)
    assert high == pytest.approx(20 + 1.96 * 2.569, abs=0.1)


def test_standard_error_is_that_of_the_answers_themselves() -> None:
    scores = pd.Series([10, 9, 8, 3, 0, 7, 10, 6])
    signs = np.array([1, 1, 0, -1, -1, 0, 1, -1])
    error = 100 * signs.std() / np.sqrt(len(signs))
    assert net_promoter_score(scores).standard_error == pytest.approx(error)


def test_customers_who_answer_often_count_as_one() -> None:
    once = pd.DataFrame({"customer_id": list("abcdefgh"), "nps": [10, 9, 8, 3, 0, 7, 10, 6]})
    twice = pd.concat([once, once], ignore_index=True)
    one, two = net_promoter_score(once), net_promoter_score(twice)
    assert two.score == one.score
    assert two.standard_error == pytest.approx(one.standard_error * np.sqrt(8 / 7))
    assert net_promoter_score(twice["nps"]).standard_error < one.standard_error


def test_answers_of_one_class_still_have_an_interval() -> None:
    low, high = NetPromoterScore(20, 0, 0).interval()
    assert low < 95
    assert high == 100


def test_scores_by_group_and_period(answers) -> None:
    table = nps_table(answers, by="segment").set_index("group")
    own = net_promoter_score(answers[answers["segment"] == "private"])
    assert table.loc["private", "nps"] == own.score
    assert table["answers"].sum() == len(answers)
    assert len(nps_table(answers, period="year")) == 3


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([10, 11, 3], "nps: expected whole numbers from 0 to 10; found 11 in 1 of 3 answers"),
        ([10, 9.5, 3], r"found 9\.5 in 1 of 3"),
        ([10, "good", -1], "expected numbers in column 'nps'; found 1 of 3"),
        (list(range(1, 6)) * 8, "40 answers from 1 to 5, as on a shorter scale"),
        ([1, 2, 3, 4, 5, 5], "6 answers from 1 to 5.*scale=.0, 10."),
        ([np.nan], "needs answers; found 0 promoters"),
    ],
)
def test_answers_outside_the_scale_are_refused(scores, words) -> None:
    with pytest.raises(DataError, match=words):
        net_promoter_score(pd.Series(scores, name="nps"))


def test_the_score_shows_itself_in_short() -> None:
    score = NetPromoterScore(450, 300, 250)
    assert repr(score).startswith("<NetPromoterScore: score 20, 95% interval 14.9 to 25.0")
    assert score._repr_html_().count("<tr>") == 5


def test_one_customer_with_several_answers_has_no_spread_between_customers() -> None:
    answers = pd.DataFrame({"customer_id": ["a", "a"], "nps": [10, 3]})
    found = net_promoter_score(answers)
    assert found.standard_error == 0
    assert found.clustered_error == 0
