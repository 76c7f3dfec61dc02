"""Scales: reverse-scoring, item analysis, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.relationships.partners.scales import PARTNER_SCALES, Scale, reverse_scored


def test_reverse_scoring_twice_gives_the_answers_back(survey):
    once = reverse_scored(survey, PARTNER_SCALES)
    assert (8 - once["trust_4"] == survey["trust_4"]).all()
    twice = reverse_scored(survey.assign(trust_4=once["trust_4"]), PARTNER_SCALES)
    assert (twice["trust_4"] == survey["trust_4"]).all()


def test_a_forgotten_reversal_is_refused(survey):
    forgotten = rm.relationships.scales_from_items({"trust": [f"trust_{n}" for n in range(1, 5)]})
    with pytest.raises(rm.DataError, match=r"negative item-rest correlation in trust_4 .*reversed"):
        rm.relationships.read_partners(rm.load_sample("partners"), survey, scales=forgotten)
    items = rm.relationships.item_table(survey, forgotten)
    assert items.loc["trust_4", "item_rest"] < -0.5
    assert (
        items.loc["trust_4", "alpha_if_deleted"]
        > 0.8
        > items["alpha_if_deleted"].drop("trust_4").max()
    )


def test_a_wrong_reversal_is_refused(survey):
    wrong = rm.relationships.scales_from_items(
        {"commitment": [f"commitment_{n}" for n in range(1, 5)]}, reversed_items=["commitment_2"]
    )
    with pytest.raises(rm.DataError, match=r"commitment_2 is named as reversed: check"):
        rm.relationships.read_partners(rm.load_sample("partners"), survey, scales=wrong)


def test_noise_is_not_taken_for_a_miskeyed_item():
    rng, named = np.random.default_rng(4), 0
    for _ in range(40):
        noise = pd.DataFrame(rng.integers(1, 8, (100, 3)), columns=list("abc"))
        named += rm.relationships.item_table(
            noise, rm.relationships.scales_from_items({"none": list("abc")})
        )["miskeyed"].sum()
    assert named / 120 < 0.03


def test_invalid_scales_are_refused():
    with pytest.raises(rm.ParameterError, match="two or more different items; found trust_1"):
        rm.relationships.Scale("trust", ("trust_1",))
    with pytest.raises(rm.ParameterError, match="twenty belong to none"):
        rm.relationships.scales_from_items({"trust": ["a", "b"]}, reversed_items=["twenty"])
    with pytest.raises(rm.ParameterError, match="low must be below high"):
        rm.relationships.Scale("trust", ("a", "b"), low=5, high=1)


def test_a_scale_shows_itself_in_short():
    scale = rm.relationships.Scale("trust", ("honest", "cheats us"), ("cheats us",))
    assert repr(scale) == (
        "<Scale trust: items honest, cheats us, reversed cheats us, answers 1 to 7>"
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reversed_items": ("c",)}, "the reversed items c are not among its items a, b"),
        ({"low": 7, "high": 7}, "low must be below high; found 7 and 7"),
        ({"items": ("a", "a")}, "two or more different items; found a, a"),
        ({"items": ()}, "two or more different items; found none"),
    ],
)
def test_a_scale_has_items_and_two_ends(given, said):
    with pytest.raises(rm.ParameterError, match=f"scale 'trust': .*{said}"):
        Scale(**{"name": "trust", "items": ("a", "b")} | given)


def test_an_item_without_any_answer_is_refused():
    survey = pd.DataFrame({"a": [None, None], "b": [1, 2]}, dtype="float64")
    with pytest.raises(rm.DataError, match="a: expected answers that differ; found none"):
        reverse_scored(survey, [Scale("trust", ("a", "b"))])
