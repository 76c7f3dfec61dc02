"""The sentences of report 06 from small tables."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

import relmark_research as rm
from relmark_research.formats import formatter
from relmark_research.narrative import report_06

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


def test_steps_are_sorted_by_gain_and_name_possible_losses() -> None:
    steps = report_06.next_steps(ADVICE, CASH)
    assert [step.split("**")[1] for step in steps] == [
        "Raise prices for 3 customers",
        "Invest more in 4 customers",
        "Stop serving 2 customers",
    ]
    assert [report_06._CAVEAT in step for step in steps] == [False, True, False]


def test_assumptions_are_named_with_their_break_even() -> None:
    said = report_06.assumptions_paragraph(ADVICE, rm.economics.Actions())
    assert "raise what a customer brings by 10.0%; for those advised it pays from 5.0% on" in said
    assert "elasticity of 2.50; it pays up to 4.40" in said
    assert "cheaply" not in said
    none = SimpleNamespace(summary=SUMMARY.assign(break_even=np.nan))
    assert report_06.assumptions_paragraph(none, rm.economics.Actions()) == (
        "No action is advised, so nothing is assumed."
    )


def test_the_answer_of_report_06() -> None:
    spread = pd.DataFrame({"value": [0.25]}, index=["losing"])
    account = pd.DataFrame({"profit": [500.0, -40.0, 10.0, 30.0]})
    said = report_06.answer(spread, account, ADVICE, CASH)
    assert "We earned €500.00. 25.0% of our customers" in said
    assert "€40.00 in all" in said
