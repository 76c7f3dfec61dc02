"""The sentences of report 05 against the figures they are given."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from relmark_research.narrative import report_05

PUSH = pd.Series({"origin": "first", "destination": "client", "total": 900.0, "low": 700.0,
                  "high": 1100.0})  # fmt: skip
STEP = pd.Series({"origin": "first", "destination": "client", "gain": 40.0, "low": 20.0,
                  "high": 60.0})  # fmt: skip


def money(value: float, **_: object) -> str:
    return f"EUR {value:,.0f}"


TERMS = report_05.Terms("first", "client", "12 months", "month", 500, 0.04, 0.1, 0.3, money)
REJECTED = replace(TERMS, misplaced=0.62)
UNTESTED = replace(TERMS, misplaced=None, unchanged=None)


def way(periods=(0, 6, 11), observed=(0.0, 0.1, 0.2)):
    return pd.DataFrame(
        {"periods": periods, "at_risk": [500, 400, 90], "observed": observed,
         "observed_low": [x * 0.8 for x in observed], "observed_high": [x * 1.2 for x in observed]}
    )  # fmt: skip


def policy(name="calls", gain=(5.0, 1.0, 9.0)):
    row = {"relationship_level": name, "value": 90.0, "gain": gain[0], "gain_low": gain[1],
           "gain_high": gain[2], "probability_best": 1.0}  # fmt: skip
    return SimpleNamespace(table=pd.DataFrame([row], index=["first"]))


def text(claims) -> str:
    return " ".join(each.text for each in claims)


@pytest.mark.parametrize(
    ("misplaced", "unchanged", "holdout"),
    [(0.04, 0.1, True), (0.12, 0.1, False), (0.25, 0.5, False), (None, None, None)],
)
def test_the_matrix_is_supported_if_it_is_good_and_better_than_no_change(
    misplaced, unchanged, holdout
):
    assert replace(TERMS, misplaced=misplaced, unchanged=unchanged).holdout is holdout


def test_people_on_the_wrong_rung_are_counted_once():
    tested = pd.DataFrame({"start": [80, 20], "expected": [60.0, 40.0], "actual": [50.0, 50.0]})
    assert report_05.misplaced(tested) == pytest.approx((0.1, 0.3))


def test_the_answer_is_the_observed_share_within_the_time_asked_for():
    row = report_05.reached(way(), 6)
    said = report_05.answer(row, 6, report_05.best_step(STEP, TERMS), TERMS)
    assert said[0].text == "Of first customers, 10% (8 to 12) became client within 12 months."
    assert said[0].design == "counted"
    assert "the step worth most leads from first to client: EUR 40" in said[1].text
    assert "an assumed margin of 30%" in said[1].text


def test_the_answer_ends_with_the_follow_up():
    row = report_05.reached(way(), 24)
    (said,) = report_05.answer(row, 24, None, TERMS)
    assert "within 11 months" in said.text
    assert "do not follow enough of them for 12 months" in said.text


def test_no_number_of_a_matrix_that_the_backtest_contradicts_is_quoted():
    ways = pd.DataFrame({"probability": [0.3], "probability_low": [0.2], "probability_high": [0.4],
                         "mean": [9.0]}, index=["first"])  # fmt: skip
    values = pd.DataFrame({"rung": ["first"], "value": [7.0], "low": [6.0], "high": [8.0]})
    even = pd.DataFrame({"annual_cost": [3.0], "climb_odds_ratio": [1.2]}, index=["calls"])
    said = [
        report_05.best_step(STEP, REJECTED),
        report_05.extrapolated(ways, ways, "lost", REJECTED),
        report_05.best_rung(values, REJECTED),
        report_05.best_push(PUSH, REJECTED),
        report_05.break_even_heading(even, False, REJECTED),
        report_05.levels_heading(policy(), True, "basic", REJECTED),
        report_05.levels_heading(policy(), False, "basic", REJECTED),
        *[claim for step in report_05.next_steps(PUSH, policy(), True, REJECTED) for claim in step],
    ]
    assert {each.verdict for each in said[:-1]} == {"withheld"}
    assert "EUR" not in text(said)
    assert "the backtest put 62% of the people on the wrong rung" in said[0].text


def test_without_a_backtest_the_matrix_gives_hints():
    claim = report_05.best_step(STEP, UNTESTED)
    assert (claim.verdict, "too short for a backtest" in claim.text) == ("hint", True)


def test_extrapolated_shares_are_marked():
    ways = pd.DataFrame({"probability": [0.3], "probability_low": [0.2], "probability_high": [0.4],
                         "mean": [9.0]}, index=["first"])  # fmt: skip
    claim = report_05.extrapolated(ways, ways, "lost", TERMS)
    assert claim.verdict == "finding"
    assert claim.text.startswith("Extrapolated beyond the data with a constant matrix, 30.0% of")


def test_levels_with_assumed_effects_are_hints_without_certainty():
    claim = report_05.levels_heading(policy(), False, "basic", TERMS)
    assert (claim.design, claim.verdict) == ("assumed", "hint")
    assert "100" not in claim.text
    shown = report_05.policy_table(policy().table, False)
    assert "probability_best" not in shown
    assert "probability_best" in report_05.policy_table(policy().table, True)


def test_levels_seen_in_contacts_go_with_value_where_the_interval_says_so():
    claim = report_05.levels_heading(policy(), True, "basic", TERMS)
    assert (claim.design, claim.verdict) == ("observational", "finding")
    assert "goes with the highest value" in claim.text
    unsure = report_05.levels_heading(policy(gain=(5.0, -1.0, 9.0)), True, "basic", TERMS)
    assert (unsure.verdict, "is open" in unsure.text) == ("hint", True)
    same = report_05.levels_heading(policy("basic", (0.0, 0.0, 0.0)), True, "basic", TERMS)
    assert same.text == "No level is better than basic for first customers"


def test_a_break_even_names_cost_and_rise():
    even = pd.DataFrame(
        {"annual_cost": [0.0, 3.0], "climb_odds_ratio": [1.0, 1.2]}, index=["basic", "calls"]
    )
    claim = report_05.break_even_heading(even, False, TERMS)
    assert claim.text.startswith("At its assumed cost of EUR 3 a year, calls pays for itself")
    assert "odds of climbing by 20%" in claim.text
    none = even.assign(climb_odds_ratio=[1.0, float("nan")])
    assert "No rise in the odds" in report_05.break_even_heading(none, False, TERMS).text


def test_advice_is_a_test_and_its_amount_is_assumed():
    first, second, third = report_05.next_steps(PUSH, policy(), False, TERMS)
    assert first[0].text.startswith("1. **Test an action on the move from first to client**")
    assert "an assumed rise" in first[0].text and "no effect is known" in first[0].text
    assert second[0].text.startswith("2. **Test the level calls on first customers**, at random")
    assert third[0].text.startswith("3. **Run this report again**")
    (only,) = report_05.next_steps(None, None, False, TERMS)
    assert only[0].text.startswith("1. **Run this report again**")


def test_rungs_without_a_move_have_a_prior_which_is_said():
    (claim,) = report_05.filled(("lost",))
    assert "No move from lost was observed" in claim.text and "assumed" in claim.text
    assert report_05.filled(()) == []


def test_few_customers_or_periods_are_a_reason():
    assert report_05.few(19, 10).startswith("the transactions have 19 of the 20")
    assert report_05.few(20, 2).startswith("the transactions cover 2 of the 3")
    assert report_05.few(20, 3) == ""
    (claim,) = report_05.too_few(2, report_05.few(2, 9))
    assert "because the transactions have 2 of the 20 customers" in claim.text


def test_prospects_won_have_an_interval_and_an_empty_table_says_nothing():
    assert report_05.prospects_won(25, 100).text.startswith("25% (18 to 34) of 100 prospects")
    assert report_05.prospects_won(0, 0).verdict == "withheld"


def test_why_levels_and_segments_are_left_out():
    assert report_05.no_levels("", "value", None) == "there is no table of contacts"
    assert report_05.no_levels("", None, "contacts.csv") == "the transactions have no column value"
    assert report_05.no_segments("", None) == "there is no table of customers"
    assert "parameter segment" in report_05.no_segments("", "customers.csv")
