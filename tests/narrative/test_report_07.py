"""The sentences of report 07 from small tables."""

from types import SimpleNamespace

import pandas as pd

from relmark_research.formats import formatter
from relmark_research.narrative import report_07

CASH = formatter("EUR")


def choice(*, probability: float, low: float) -> SimpleNamespace:
    best = pd.DataFrame(
        {"segment": ["mills"], "customers": [60.0], "relationship_level": ["care"], "gain": [100.0],
         "probability_best": [probability], "gain_low": [low], "gain_high": [180.0],
         "value_of_information": [7.0], "value": [9.0]}
    )  # fmt: skip
    table = pd.DataFrame(
        {"segment": ["mills"] * 2, "relationship_level": ["basic", "care"], "retention": [0.6, 0.8]}
    )
    return SimpleNamespace(best=best, table=table)


PLANNED = pd.DataFrame(
    {"segment": ["mills"], "relationship_level": ["care"], "break_even": [0.058],
     "per_group": [25.0], "enough": [True]}
)  # fmt: skip


def test_certain_levels_are_advised_and_others_tested() -> None:
    sure = choice(probability=0.97, low=20.0)
    assert report_07.next_steps(sure, PLANNED, CASH)[0].startswith("**Move mills to care**")
    assert "Certain enough to act on: mills" in report_07.answer(sure)
    for doubtful in (choice(probability=0.7, low=20.0), choice(probability=0.97, low=-20.0)):
        step = report_07.next_steps(doubtful, PLANNED, CASH)[0]
        assert step.startswith("**Test care on a random half of mills**")
        assert "25 per group are enough to detect the 5.8 percentage points" in step
    assert "None of these is certain" in report_07.answer(choice(probability=0.7, low=20.0))


def test_findings_and_gains() -> None:
    doubtful = choice(probability=0.7, low=20.0)
    assert report_07.segment_heading(doubtful, "mills", CASH) == (
        "Mills: care may pay best, but is only 70% likely"
    )
    assert (
        report_07.retention_heading(doubtful) == "Care retains 80.0% of mills a year, basic 60.0%"
    )
    assert "would be worth €7.00 more" in report_07.segment_gain(doubtful, "mills", CASH)


def test_trust_reports_the_balance_of_levels() -> None:
    effects = SimpleNamespace(n_account_years=2000)
    assert "was unrelated to" in report_07.trust_paragraph(effects, (0.5, 900))
    assert "**Levels followed" in report_07.trust_paragraph(effects, (0.001, 900))
    assert "cannot be checked" in report_07.trust_paragraph(effects, (float("nan"), 10))
    assert "**assumed**" in report_07.trust_paragraph(
        SimpleNamespace(n_account_years=0), (0.5, 900)
    )


def test_the_textbook_is_compared() -> None:
    table = pd.DataFrame(
        {"segment": ["homes", "mills"], "number": ["many", "few"], "size": ["low", "high"],
         "textbook": ["basic or reactive", "partnership"], "computed": ["care", "partnership"],
         "agrees": [False, True]}
    )  # fmt: skip
    assert report_07.textbook_comparison(table) == (
        "The textbook's grid agrees with the figures in 1 of 2 segments: for homes (many "
        "customers, low margin) it says basic or reactive, the figures say care."
    )
    assert report_07.textbook_comparison(table[1:]).endswith("in 1 of 1 segments.")


def test_a_confident_level_is_named_with_its_gain_and_too_small_a_segment_pools_years() -> None:
    sure = choice(probability=0.9, low=20.0)
    assert report_07.segment_heading(sure, "mills", CASH) == (
        "Mills: care pays best, worth €100.00 more than today's mix"
    )
    doubtful = choice(probability=0.7, low=20.0)
    step = report_07.next_steps(doubtful, PLANNED.assign(enough=False), CASH)[0]
    assert "5.8 percentage points" in step
    assert "takes 25 per group, more than there are, so pool years" in step
    unknown = report_07.next_steps(doubtful, PLANNED.assign(per_group=float("nan")), CASH)[0]
    assert "per group" not in unknown
