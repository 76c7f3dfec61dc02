"""The sentences of report 02: segments that differ or not, letters with and without response."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from relmark_research.evidence import Stated, stated
from relmark_research.formats import formatter
from relmark_research.narrative import report_02
from relmark_research.relationships.campaigns.mailing_response import mailing_response

CASH = formatter("USD")
PRICES = (2.0, 10.0)
GIVEN = Stated(10.0, "given")
NAME = "02_differentiation"


def segments(*rows: tuple[str, int, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["segment", "customers", "bought"])
    ends = {"bought_low": table["bought"] - 0.05, "bought_high": table["bought"] + 0.05}
    return table.assign(share=table["customers"] / table["customers"].sum(), **ends)


def measured(letter: tuple[int, int], control: tuple[int, int] | None) -> pd.DataFrame:
    groups = [("letter", letter)] + ([("control", control)] if control else [])
    rows = [(arm, int(i < x)) for arm, (x, n) in groups for i in range(n)]
    table = pd.DataFrame(rows, columns=["arm", "responded"])
    table["customer_id"] = [str(i) for i in range(len(table))]
    return mailing_response(table, cost_per_contact=2.0, contribution_per_response=10.0)


def test_segments_that_differ_are_named_and_others_are_not() -> None:
    scores = pd.DataFrame({"R": [5] * 900, "F": [5] * 900})
    apart = segments(("loyal", 300, 0.6), ("asleep", 300, 0.1), ("tiny", 3, 1.0))
    assert report_02.segments_heading(apart).text == (
        "60.0% of the segment loyal bought again, against 10.0% of the segment asleep"
    )
    assert "Of the segment loyal" in report_02.answer(apart, scores, days=90, bins=5)[0].text
    alike = segments(("loyal", 300, 0.31), ("asleep", 300, 0.3))
    assert report_02.segments_heading(alike).verdict == "hint"
    assert "not shown to differ" in report_02.answer(alike, scores, days=90, bins=5)[0].text
    few = segments(("loyal", 6, 1.0), ("asleep", 6, 0.0))
    assert report_02.segments_heading(few).verdict == "withheld"
    assert report_02.answer(few, scores, days=90, bins=5)[0].text.endswith("segments: 12.")


def test_without_a_measured_response_there_is_a_break_even_and_no_advice_to_mail() -> None:
    base = (0.06, 0.05, 0.07, 30)
    said = report_02.mailing_without_response(PRICES, base, 2000, CASH)
    text = " ".join(claim.text for claim in said)
    assert "assumed cost of $2.00" in text
    assert "adds 20.0% of the customers as responses" in text
    assert "an experiment needs 48 customers with a letter and 48 without" in text
    few = report_02.mailing_without_response(PRICES, base, 60, CASH)[-1].text
    assert "there are 60 in all" in few
    dear = report_02.mailing_without_response((12.0, 10.0), base, 60, CASH)
    assert "no response rate can pay" in dear[-1].text
    (step,) = report_02.mailing_advice(None, GIVEN, CASH, randomised=False)
    assert step.text.startswith("**Test before you mail.**")


@pytest.mark.parametrize(
    ("letter", "control", "verdict"),
    [
        ((600, 1000), (100, 1000), "**Repeat letter**"),
        ((100, 1000), (100, 1000), "**Do not repeat letter**"),
        ((100, 1000), (600, 1000), "**Do not repeat letter**"),
        ((33, 100), (12, 100), "**Test letter again**"),
    ],
)
def test_advice_on_a_letter_follows_its_verdict(letter, control, verdict: str) -> None:
    found = measured(letter, control)
    (said,) = report_02.mailing_advice(found, GIVEN, CASH, randomised=True)
    assert said.text.startswith(verdict)
    assert "at a contribution of $10.00" in said.text
    assert said.verdict == ("hint" if verdict.startswith("**Test") else "finding")
    assert said.advice == {"**R": "do", "**D": "stop", "**T": "test"}[verdict[:3]]


def test_an_assumed_contribution_gives_a_break_even_and_no_verdict() -> None:
    assumed = stated(None, default=10.0)
    (pays,) = report_02.mailing_advice(
        measured((600, 1000), (100, 1000)), assumed, CASH, randomised=True
    )
    assert pays.text.startswith("**Letter pays if a response it adds brings $4.00 (3.7")
    (none,) = report_02.mailing_advice(
        measured((100, 1000), (100, 1000)), assumed, CASH, randomised=True
    )
    assert none.text == "**Test letter again, or leave it**: it is not shown to add a response."
    assert (none.verdict, none.advice) == ("hint", None)


def test_effects_are_findings_of_experiments_only() -> None:
    found = measured((300, 1000), (200, 1000))
    (drawn,) = report_02.mailing_responses(found, randomised=True)
    assert (drawn.design, drawn.verdict) == ("randomised", "finding")
    assert "added 10.0 percentage points (6.2 to 13.7) of response" in drawn.text
    (chosen,) = report_02.mailing_responses(found, randomised=False)
    assert chosen.design == "observational"
    assert "goes with a response 10.0 percentage points" in chosen.text
    (none,) = report_02.mailing_responses(measured((200, 1000), (200, 1000)), randomised=True)
    assert (none.verdict, "no added response is shown" in none.text) == ("hint", True)
    (worse,) = report_02.mailing_responses(measured((100, 1000), (200, 1000)), randomised=True)
    assert "lost 10.0 percentage points (6.9 to 13.1)" in worse.text
    (counted,) = report_02.mailing_responses(measured((200, 1000), None), randomised=False)
    assert counted.design == "counted"
    assert "nothing is known of what the contact added" in counted.text
    (step,) = report_02.mailing_advice(found, GIVEN, CASH, randomised=False)
    assert "with a control group drawn at random" in step.text


def test_of_many_arms_without_effect_none_is_shown() -> None:
    rng = np.random.default_rng(4)
    drawn = [measured((int(rng.binomial(500, 0.2)), 500), (100, 500)) for _ in range(20)]
    arms = pd.concat(drawn, ignore_index=True)
    assert report_02.mailing_heading(arms, 0.2, randomised=True).text == (
        "None of 20 arms is shown to have added responses"
    )
    assert "go with" in report_02.mailing_heading(arms, 0.2, randomised=False).text


def test_randomisation_is_doubted_where_groups_differed_before() -> None:
    found = measured((300, 1000), (200, 1000))
    assert report_02.is_randomised(found, 0.2)
    assert report_02.is_randomised(found, float("nan"))
    assert not report_02.is_randomised(found, 1e-5)
    assert not report_02.is_randomised(None, 0.5)
    said = [report_02.balance_paragraph(found, p)[0].text for p in (0.5, 1e-5, float("nan"))]
    assert "did not differ" in said[0]
    assert "not drawn at random" in said[1]
    assert "cannot be checked" in said[2]


def test_a_log_that_begins_in_mid_business_is_said() -> None:
    found = SimpleNamespace(detected=True, words="It begins in mid-business.")
    said = report_02.second_purchase_paragraph("Curve.", 0.4, found)
    assert "It begins in mid-business. What is counted as the second" in said[-1].text
    said = report_02.second_purchase_paragraph("Curve.", 1e-5, SimpleNamespace(detected=False))
    assert said[-1].text == "The cohorts differ (log-rank test, p below 0.001)."


@pytest.fixture(scope="module")
def alike(tmp_path_factory) -> str:
    """A log of customers who all buy at one rate: past purchases tell nothing."""
    rng, rows = np.random.default_rng(5), []
    for customer in range(700):
        days = np.unique(rng.integers(0, 400, rng.poisson(4) + 1))
        rows += [(f"c{customer}", day, 20.0) for day in days]
    table = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    table["date"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(table["date"], unit="D")
    path = tmp_path_factory.mktemp("alike") / "log.csv"
    table.to_csv(path, index=False)
    return str(path)


def test_the_report_on_purchases_alone_advises_no_mailing(page, alike: str) -> None:
    found = page(NAME, source=alike)
    assert "Write to" not in found.text
    assert "**Test before you mail.**" in found.text
    assert "not shown to differ" in found.texts("answer")[0]
    assert {"break_even", "bought_again"} == set(found.figures)


@pytest.mark.slow
def test_the_report_without_money_and_with_a_response_of_nobody_in_particular(
    page, alike: str, tmp_path
) -> None:
    rng = np.random.default_rng(6)
    table = pd.DataFrame({"who": [f"c{i}" for i in range(700)]})
    table["group"] = np.where(rng.random(700) < 0.5, "Brief", "Niemand")
    table["answered"] = (rng.random(700) < 0.1).astype(int)
    table.to_csv(tmp_path / "letters.csv", index=False)
    columns = {"customer_id": "who", "arm": "group", "responded": "answered"}
    given = {"source": str(tmp_path / "letters.csv"), "columns": columns}
    found = page(NAME, source=alike, value=None, campaigns=given, control="Niemand")
    assert found.left_out == ["How much of the value do the best customers bring?"]
    assert "Brief: no added response is shown" in found.text
    assert "**Test Brief again, or leave it**" in found.text


def test_a_log_too_short_for_a_holdout_leaves_sections_out(page, tmp_path) -> None:
    rows = [(f"c{i}", "2023-01-01", 5.0) for i in range(12)]
    pd.DataFrame(rows, columns=["customer_id", "date", "value"]).to_csv(tmp_path / "a.csv")
    found = page(NAME, source=str(tmp_path / "a.csv"))
    assert found.left_out == [
        "Which segments buy again?",
        "What do letters add, and which pay?",
        "Who buys a second time?",
    ]
    assert found.texts("answer") == ["0 of 12 customers buy both lately and often."]
