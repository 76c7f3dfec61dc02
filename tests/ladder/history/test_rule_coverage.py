"""Rules must assign every customer to exactly one rung."""

import pytest

from relmark_research.errors import LadderError
from relmark_research.ladder.history import _rule_coverage
from relmark_research.ladder.history.ladder import LoyaltyLadder

BOUGHT = {"first": {"purchases": 1, "quiet": "under 12"},
          "repeat": {"purchases": "2 or more", "quiet": "under 12"},
          "lost": {"purchases": "1 or more", "quiet": "12 or more"}}  # fmt: skip


def test_a_gap_is_shown_with_an_example():
    rules = BOUGHT | {"repeat": {"purchases": "3 or more", "quiet": "under 12"}}
    with pytest.raises(LadderError, match=r"a gap.*2 purchases; last purchase under 12 months"):
        LoyaltyLadder(["first", "repeat"], rules, off_ladder=["lost"])


def test_an_overlap_names_both_rungs():
    rules = BOUGHT | {"lost": {"purchases": "1 or more", "quiet": "9 or more"}}
    with pytest.raises(LadderError, match=r"'first' and 'lost' both cover.*9 to under 12 months"):
        LoyaltyLadder(["first", "repeat"], rules, off_ladder=["lost"])


def test_unless_settles_an_overlap():
    rules = BOUGHT | {"lost": {"quiet": "9 or more"}}
    rules["first"] = rules["first"] | {"unless": "lost"}
    rules["repeat"] = rules["repeat"] | {"unless": ["lost"]}
    ladder = LoyaltyLadder(["first", "repeat"], rules, off_ladder=["lost"])
    assert ladder.describe_rule("first").endswith("; lost come first")


def test_impossible_combinations_are_no_gap():
    # nobody has two purchases in 6 months without two in 12, nor a purchase without a last one
    evidence = {"year": {"count": "purchase", "within_months": 12},
                "half": {"count": "purchase", "within_months": 6}}  # fmt: skip
    rules = {"cold": {"year": 0}, "warm": {"year": "1 or more", "half": 0},
             "hot": {"half": "1 or more"}}  # fmt: skip
    LoyaltyLadder(["cold", "warm", "hot"], rules, evidence=evidence)


def test_rules_with_too_many_thresholds_are_refused(monkeypatch):
    rules = {"x": {"purchases": "0 to 1"}, "y": {"purchases": "2 or more"}}
    monkeypatch.setattr(_rule_coverage, "MAX_CELLS", 3)
    LoyaltyLadder(["x", "y"], rules)
    monkeypatch.setattr(_rule_coverage, "MAX_CELLS", 2)
    with pytest.raises(LadderError, match="into 3 cells; at most 2 can be checked"):
        LoyaltyLadder(["x", "y"], rules)
