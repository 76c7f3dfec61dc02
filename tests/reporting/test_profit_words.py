"""What reports 06 and 07 say, from tables small enough to read."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

import relmark_research as rm
from relmark_research.formats import formatter
from relmark_research.narrative import report_06, report_07

CASH = formatter("EUR")
SUMMARY = pd.DataFrame(
    {
        "action": ["keep", "grow", "serve more cheaply", "reprice", "end"],
        "customers": [5, 4, 0, 3, 2],
        "expected_gain": [0.0, 200.0, 0.0, 900.0, 30.0],
        "gain_low": [0.0, -50.0, 0.0, 300.0, 10.0],
        "gain_high": [0.0, 450.0, 0.0, 1500.0, 50.0],
        "break_even": [np.nan, 0.05, np.nan, 4.4, np.nan],
    }
)
ADVICE = SimpleNamespace(summary=SUMMARY, total=pd.Series([1130.0, 300.0, 1900.0]))


def test_steps_come_by_their_gain_and_say_what_may_lose() -> None:
    steps = report_06.next_steps(ADVICE, CASH)
    assert [step.split("**")[1] for step in steps] == [
        "Raise prices for 3 customers",
        "Put more care into 4 customers",
        "Stop serving 2 customers",
    ]
    assert ["may also lose" in step for step in steps] == [False, True, False]


def test_assumptions_are_named_with_their_break_even() -> None:
    said = report_06.assumptions(ADVICE, rm.economics.Actions())
    assert "raise what a customer brings by 10.0%; for those advised it pays from 5.0% on" in said
    assert "elasticity of 2.50; it pays up to 4.40" in said
    assert "cheaply" not in said
    none = SimpleNamespace(summary=SUMMARY.assign(break_even=np.nan))
    assert report_06.assumptions(none, rm.economics.Actions()) == (
        "No action is advised, so nothing is assumed."
    )


def test_the_answer_of_report_06() -> None:
    spread = pd.DataFrame({"value": [0.25]}, index=["losing"])
    account = pd.DataFrame({"profit": [500.0, -40.0, 10.0, 30.0]})
    said = report_06.answer(spread, account, ADVICE, CASH)
    assert "We earned €500.00. 25.0% of our customers" in said
    assert "€40.00 in all" in said


def choice(*, probability: float, low: float) -> SimpleNamespace:
    best = pd.DataFrame(
        {"segment": ["mills"], "customers": [60.0], "level": ["care"], "gain": [100.0],
         "probability_best": [probability], "gain_low": [low], "gain_high": [180.0],
         "worth_knowing": [7.0], "value": [9.0]}
    )  # fmt: skip
    table = pd.DataFrame(
        {"segment": ["mills"] * 2, "level": ["basic", "care"], "retention": [0.6, 0.8]}
    )
    return SimpleNamespace(best=best, table=table)


PLANNED = pd.DataFrame(
    {"segment": ["mills"], "level": ["care"], "break_even": [0.058], "per_arm": [25.0],
     "enough": [True]}
)  # fmt: skip


def test_what_is_sure_is_done_and_what_is_not_is_tried() -> None:
    sure = choice(probability=0.97, low=20.0)
    assert report_07.next_steps(sure, PLANNED, CASH)[0].startswith("**Move mills to care**")
    assert "Sure enough to act on: mills" in report_07.answer(sure)
    for doubtful in (choice(probability=0.7, low=20.0), choice(probability=0.97, low=-20.0)):
        step = report_07.next_steps(doubtful, PLANNED, CASH)[0]
        assert step.startswith("**Try care on half of mills**, drawn at random")
        assert "25 in each half are enough to see the 5.8 points" in step
    assert "None of this is sure yet" in report_07.answer(choice(probability=0.7, low=20.0))


def test_findings_and_gains() -> None:
    doubtful = choice(probability=0.7, low=20.0)
    assert report_07.of_segment(doubtful, "mills", CASH) == (
        "Mills: care may pay best, but is only 70% likely"
    )
    assert report_07.keeps(doubtful) == "Care keeps 80.0% of mills a year, basic 60.0%"
    assert "would be worth €7.00 more" in report_07.gain_of(doubtful, "mills", CASH)


def test_trust_says_whether_levels_were_left_to_chance() -> None:
    effects = SimpleNamespace(years=2000)
    assert "nothing to do with" in report_07.trust(effects, (0.5, 900))
    assert "**Levels followed" in report_07.trust(effects, (0.001, 900))
    assert "cannot be checked" in report_07.trust(effects, (float("nan"), 10))
    assert "**assumed**" in report_07.trust(SimpleNamespace(years=0), (0.5, 900))


def test_the_textbook_is_compared() -> None:
    table = pd.DataFrame(
        {"segment": ["homes", "mills"], "number": ["many", "few"], "size": ["low", "high"],
         "textbook": ["basic or reactive", "partnership"], "computed": ["care", "partnership"],
         "agrees": [False, True]}
    )  # fmt: skip
    assert report_07.textbook(table) == (
        "The textbook's grid agrees with the figures in 1 of 2 segments: for homes (many "
        "customers, low margin) it says basic or reactive, the figures say care."
    )
    assert report_07.textbook(table[1:]).endswith("in 1 of 1 segments.")
