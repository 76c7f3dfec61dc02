"""What a rule may say, how it is checked, and how it is said in words."""

import math

import pytest

from relmark_research.errors import LadderError
from relmark_research.ladder.history.ladder import LOYALTY_LADDER, PURCHASE_LADDER, LoyaltyLadder
from relmark_research.ladder.history.rules import Evidence, Range, condition_words

BOUGHT = {"first": {"purchases": 1, "quiet": "under 12"},
          "repeat": {"purchases": "2 or more", "quiet": "under 12"},
          "lost": {"purchases": "1 or more", "quiet": "12 or more"}}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "whole", "bounds"),
    [
        (0, True, (0, 1)), ("2 to 4", True, (2, 5)), ("3 or more", True, (3, math.inf)),
        ("under 12", False, (0, 12)), ("12 to under 24", False, (12, 24)),
        ("7.5 or more", False, (7.5, math.inf)), (" 2  TO 4 ", True, (2, 5)),
    ],
)  # fmt: skip
def test_ranges_are_read(text, whole, bounds):
    span = Range.parse(text, whole=whole)
    assert (span.low, span.high) == bounds
    assert not span.unknown
    assert Range.parse(span.words(whole=whole), whole=whole) == span


@pytest.mark.parametrize("text", ["3 to 2", "many", "12 to 24", "-1", "4", "", None])
def test_ranges_that_say_nothing_exact_are_refused(text):
    with pytest.raises(LadderError, match="a range is written"):
        Range.parse(text)


def test_unknown_is_a_range_of_its_own():
    assert Range.parse("unknown").words() == "unknown"
    assert Range.parse("7 or more or unknown").unknown


def test_conditions_are_said_in_words():
    reviews = Evidence.parse("r", {"count": ["review", "membership"], "within_months": 24})
    assert condition_words(reviews, Range(0, 1)) == "no review or membership in the last 24 months"
    assert condition_words(reviews, Range(2, math.inf)) == (
        "2 or more reviews or memberships in the last 24 months"
    )
    quiet = Evidence.parse("q", {"months_since": "purchase"})
    assert condition_words(quiet, Range(18, math.inf)) == "last purchase 18 months ago or more"
    answer = Evidence.parse("a", {"last": "answer"})
    assert condition_words(answer, Range.parse("7 or more")) == "latest answer 7 or more"


@pytest.mark.parametrize(
    "given",
    [{}, {"count": "a", "last": "b"}, {"counts": "a"}, {"last": "a", "within_months": 3},
     {"count": "a", "within_months": 0}],
)  # fmt: skip
def test_evidence_that_is_none_is_refused(given):
    with pytest.raises(LadderError, match="evidence 'x'"):
        Evidence.parse("x", given)


def test_bundled_ladders_are_complete_and_in_words():
    assert LOYALTY_LADDER.rungs == (
        "prospect", "first-time", "repeat", "client", "supporter", "advocate", "partner"
    )  # fmt: skip
    assert LOYALTY_LADDER.beside == PURCHASE_LADDER.beside == ("lapsed", "lost")
    for ladder in (LOYALTY_LADDER, PURCHASE_LADDER):
        words = ladder.describe().splitlines()
        assert [line.split(":")[0] for line in words] == list(ladder.states)
        assert list(ladder.table()["rung"]) == list(ladder.states)
    assert ("repeat", "first-time") in LOYALTY_LADDER.impossible


def test_a_gap_is_shown_with_a_person_who_falls_into_it():
    rules = BOUGHT | {"repeat": {"purchases": "3 or more", "quiet": "under 12"}}
    with pytest.raises(LadderError, match=r"a gap.*2 purchases; last purchase under 12 months"):
        LoyaltyLadder(["first", "repeat"], rules, beside=["lost"])


def test_an_overlap_names_both_rungs():
    rules = BOUGHT | {"lost": {"purchases": "1 or more", "quiet": "9 or more"}}
    with pytest.raises(LadderError, match=r"'first' and 'lost' are both.*9 to under 12 months"):
        LoyaltyLadder(["first", "repeat"], rules, beside=["lost"])


def test_unless_settles_an_overlap():
    rules = BOUGHT | {"lost": {"quiet": "9 or more"}}
    rules["first"] = rules["first"] | {"unless": "lost"}
    rules["repeat"] = rules["repeat"] | {"unless": ["lost"]}
    ladder = LoyaltyLadder(["first", "repeat"], rules, beside=["lost"])
    assert ladder.rule_words("first").endswith("; lost come first")


def test_what_cannot_be_is_no_gap():
    # nobody has two purchases in 6 months without two in 12, nor a purchase without a last one
    evidence = {"year": {"count": "purchase", "within_months": 12},
                "half": {"count": "purchase", "within_months": 6}}  # fmt: skip
    rules = {"cold": {"year": 0}, "warm": {"year": "1 or more", "half": 0},
             "hot": {"half": "1 or more"}}  # fmt: skip
    LoyaltyLadder(["cold", "warm", "hot"], rules, evidence=evidence)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"repeats": {"purchases": 1}}, "no rung 'repeats'.*Did you mean 'repeat'"),
        ({"repeat": {"purchase": "2 or more"}}, "no evidence 'purchase'.*Did you mean"),
        ({"repeat": {}}, "has no condition"),
        ({"repeat": 3}, "must map evidence to ranges"),
        ({"repeat": {"purchases": 2, "unless": ["gone"]}}, "no other rung 'gone'"),
    ],
)
def test_rules_that_name_nothing_are_refused(change, message):
    with pytest.raises(LadderError, match=message):
        LoyaltyLadder(["first", "repeat"], BOUGHT | change, beside=["lost"])


def test_a_rung_without_rule_and_twice_the_same_rung_are_refused():
    with pytest.raises(LadderError, match="found none for client"):
        LoyaltyLadder(["first", "repeat", "client"], BOUGHT, beside=["lost"])
    with pytest.raises(LadderError, match="Twice: first"):
        LoyaltyLadder(["first", "first"], BOUGHT)


def test_impossible_moves_are_read_and_checked():
    ladder = LoyaltyLadder(
        ["first", "repeat"],
        BOUGHT,
        beside=["lost"],
        impossible=[{"from": "*", "to": "first"}, ("first", "lost")],
    )
    assert set(ladder.impossible) == {("repeat", "first"), ("lost", "first"), ("first", "lost")}
    with pytest.raises(LadderError, match="no rung 'fist'"):
        LoyaltyLadder(["first", "repeat"], BOUGHT, beside=["lost"], impossible=[("fist", "lost")])


def test_yaml_is_read_and_its_errors_name_the_file(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(
        "rungs: [first, repeat]\nbeside: [lost]\nrules:\n  first: {purchases: 1, quiet: under 12}\n"
        "  repeat: {purchases: 2 or more, quiet: under 12}\n"
        "  lost: {purchases: 1 or more, quiet: 12 or more}\n"
    )
    assert LoyaltyLadder.read(path).states == ("first", "repeat", "lost")
    path.write_text(path.read_text().replace("2 or more", "3 or more"))
    with pytest.raises(LadderError, match=r"mine\.yml: everybody must stand"):
        LoyaltyLadder.read(path)
    path.write_text("rungs: [a, b]\nrule: {}")
    with pytest.raises(LadderError, match="needs the keys rungs and rules"):
        LoyaltyLadder.read(path)
    with pytest.raises(LadderError, match=r"there is no .*none\.yml"):
        LoyaltyLadder.read(tmp_path / "none.yml")
    with pytest.raises(LadderError, match=r"no bundled ladder 'loyalti'.*Did you mean 'loyalty'"):
        LoyaltyLadder.read("loyalti")
