"""Ranges, evidence and conditions: how they are read and described."""

import math

import pytest

from relmark_research.errors import LadderError
from relmark_research.ladder.history.rules import (
    Evidence,
    Range,
    Rule,
    RuleSet,
    describe_condition,
)


@pytest.mark.parametrize(
    ("text", "count", "bounds"),
    [
        (0, True, (0, 1)), ("2 to 4", True, (2, 5)), ("3 or more", True, (3, math.inf)),
        ("under 12", False, (0, 12)), ("12 to under 24", False, (12, 24)),
        ("7.5 or more", False, (7.5, math.inf)), (" 2  TO 4 ", True, (2, 5)),
    ],
)  # fmt: skip
def test_ranges_are_read(text, count, bounds):
    span = Range.parse(text, count=count)
    assert (span.low, span.high) == bounds
    assert not span.unknown
    assert Range.parse(span.describe(count=count), count=count) == span


@pytest.mark.parametrize("text", ["3 to 2", "many", "12 to 24", "-1", "4", "", None])
def test_inexact_ranges_are_refused(text):
    with pytest.raises(LadderError, match="a range is written"):
        Range.parse(text)


def test_unknown_is_a_separate_range():
    assert Range.parse("unknown").describe() == "unknown"
    assert Range.parse("7 or more or unknown").unknown


def test_conditions_are_described():
    reviews = Evidence.parse("r", {"count": ["review", "membership"], "within_months": 24})
    assert (
        describe_condition(reviews, Range(0, 1)) == "no review or membership in the last 24 months"
    )
    assert describe_condition(reviews, Range(2, math.inf)) == (
        "2 or more reviews or memberships in the last 24 months"
    )
    quiet = Evidence.parse("q", {"months_since": "purchase"})
    assert describe_condition(quiet, Range(18, math.inf)) == "last purchase 18 months ago or more"
    answer = Evidence.parse("a", {"last": "answer"})
    assert describe_condition(answer, Range.parse("7 or more")) == "latest answer 7 or more"


@pytest.mark.parametrize(
    "given",
    [{}, {"count": "a", "last": "b"}, {"counts": "a"}, {"last": "a", "within_months": 3},
     {"count": "a", "within_months": 0}],
)  # fmt: skip
def test_invalid_evidence_is_refused(given):
    with pytest.raises(LadderError, match="evidence 'x'"):
        Evidence.parse("x", given)


BOUGHT = {"purchases": Evidence("purchases", "count", ("purchase",), within_months=12)}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"x": 3}, "the rule of 'x' must map evidence to ranges.*found 3"),
        ({"x": {}}, "the rule of 'x' has no condition"),
        ({"x": {"any": []}}, "the rule of 'x' has no condition"),
        ({"x": {"purchses": 1}}, "the rule of 'x': no evidence 'purchses'"),
        ({"z": {"purchases": 1}}, "a rule for an unknown rung: no rung 'z'"),
        ({"x": {"purchases": 1}, "y": {"purchases": 1, "unless": "z"}}, "no other rung 'z'"),
        ({"x": {"purchases": 1}, "y": {"purchases": 1, "unless": "y"}}, "no other rung 'y'"),
        ({"x": {"purchases": 1}}, "every rung needs a rule; found none for y"),
    ],
)
def test_a_rule_is_a_condition_of_a_known_rung(rules, said):
    given = rules if "z" in rules or len(rules) == 2 or said.startswith("every") else (
        rules | {"y": {"purchases": 2}}
    )  # fmt: skip
    with pytest.raises(LadderError, match=said):
        RuleSet.parse(("x", "y"), given, BOUGHT)


def test_a_rule_is_described_with_its_alternatives_and_what_comes_first():
    either = {"any": [{"purchases": 0}, {"purchases": "3 or more"}], "unless": ["y"]}
    found = RuleSet.parse(("x", "y"), {"x": either, "y": {"purchases": "1 to 2"}}, BOUGHT)
    assert found.describe("x") == (
        "no purchase in the last 12 months; or 3 or more purchases in the last 12 months; "
        "y come first"
    )
    assert "come first" not in found.describe("y")
    assert found.event_kinds == {"purchase"}
    assert Rule.parse("x", found.rules["x"], BOUGHT) is found.rules["x"]
    assert BOUGHT["purchases"].window_days == 365
    assert Evidence("purchases", "count", ("purchase",)).window_days is None
