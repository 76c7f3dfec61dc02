import json
import math

import pytest

from relmark_research.errors import ParameterError
from relmark_research.evidence import Claim, advice_verdict, causal_words, check_words, method


def _claim(**evidence):
    return Claim(statement="It pays", **({"design": "randomised"} | evidence))


@pytest.mark.parametrize(
    ("evidence", "verdict", "reason"),
    [
        ({"low": 0.1, "high": 0.3, "no_effect": 0}, "finding", ""),
        ({"low": -0.3, "high": -0.1, "no_effect": 0}, "finding", ""),
        ({"low": -0.1, "high": 0.3, "no_effect": 0}, "hint", "the interval holds 0."),
        ({"low": 0.0, "high": 0.3, "no_effect": 0}, "hint", "the interval holds 0."),
        ({"no_effect": 0}, "hint", "the interval holds 0."),
        ({"estimate": math.nan}, "withheld", "the number does not exist in these data."),
        ({"rows": 3, "fewest": 20}, "withheld", "3 of the 20 rows that it needs."),
        ({"holdout": False}, "withheld", "the data kept back contradict it."),
        ({"design": "forecast"}, "hint", "it was not tested on data kept back."),
        ({"design": "forecast", "holdout": True}, "finding", ""),
        ({"design": "counted"}, "finding", ""),
    ],
)
def test_the_verdict_follows_the_evidence(evidence, verdict, reason):
    claim = _claim(**evidence)
    assert (claim.verdict, claim.reason) == (verdict, reason)


def test_the_gravest_doubt_decides():
    claim = _claim(holdout=False, low=-1, high=1, no_effect=0)
    assert claim.verdict == "withheld"


def test_what_is_said_follows_the_verdict():
    words = {"hint": "It is not shown to pay", "withheld": "Too few to say"}
    sure = _claim(low=1, high=2, no_effect=0, **words)
    unsure = _claim(low=-1, high=2, no_effect=0, **words)
    few = _claim(rows=1, fewest=2, **words)
    assert [each.text for each in (sure, unsure, few)] == ["It pays", *words.values()]
    assert _claim(rows=1, fewest=2).text == "No statement: 1 of the 2 rows that it needs."


@pytest.mark.parametrize("design", ["counted", "observational", "forecast"])
@pytest.mark.parametrize("word", ["causes", "Led to", "drives", "thanks to", "an effect on"])
def test_a_causal_word_needs_an_experiment(design, word):
    sentence = f"The e-mail {word} sales"
    with pytest.raises(ParameterError, match=r"one thing brings another about.*goes with"):
        Claim(statement=sentence, design=design)
    assert Claim(statement=sentence, design="randomised").statement == sentence


def test_a_hint_is_held_to_the_same_words():
    with pytest.raises(ParameterError, match="'leads to'"):
        Claim(statement="Members buy more", hint="It leads to more", design="observational")


def test_an_assumption_stands_in_its_sentence():
    check_words("The assumed effect leads to 12 more", design="assumed")
    with pytest.raises(ParameterError, match="expected the word 'assumed'"):
        Claim(statement="They would bring 12 more", design="assumed")


def test_words_within_words_are_not_causal():
    assert causal_words("The lead tower overdrives becausewise") == []


def test_an_unknown_design_is_refused():
    with pytest.raises(ParameterError, match=r"design: expected one of counted.*got 'felt'"):
        Claim(statement="It pays", design="felt")


@pytest.mark.parametrize(
    ("probability", "verdict"),
    [(1, "do"), (0.95, "do"), (0.949, "test"), (0.051, "test"), (0.05, "stop"), (0, "stop")],
)
def test_starting_and_stopping_have_the_same_bar(probability, verdict):
    assert advice_verdict(probability) == verdict


@pytest.mark.parametrize("probability", [-0.1, 1.1, math.nan])
def test_a_probability_lies_between_0_and_1(probability):
    with pytest.raises(ParameterError, match="probability_of_gain"):
        advice_verdict(probability)


def test_a_record_is_valid_json():
    record = _claim(estimate=math.inf, low=1.0).as_record()
    assert (record["estimate"], record["low"], record["verdict"]) == (None, 1.0, "withheld")
    json.dumps(record, allow_nan=False)


def test_a_sentence_on_method_claims_nothing_of_customers():
    assert method("Noise leads to wide intervals.").verdict == "finding"
