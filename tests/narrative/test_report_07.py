"""The sentences of report 07: advice from experiments, hints from contacts, or break-evens."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research import economics
from relmark_research.formats import formatter
from relmark_research.narrative import report_07
from tests.economics.levels_of_relationship.made import drawn_years

CASH = formatter("EUR")
NAME = "07_relationship_levels"
RATE = 0.1


def choice(*, gain: float, low: float) -> SimpleNamespace:
    """One segment whose level care may pay, with a probability of a gain."""
    best = pd.DataFrame(
        {"segment": ["mills"], "customers": [60.0], "relationship_level": ["care"], "gain": [100.0],
         "probability_best": [0.7], "gain_low": [low], "gain_high": [180.0],
         "probability_gain": [gain], "value_of_information": [7.0], "value": [9.0]}
    )  # fmt: skip
    table = pd.DataFrame(
        {"segment": ["mills"] * 3, "relationship_level": ["basic", "care", "luxury"],
         "current_customers": [20, 20, 20], "probability_above_first": [np.nan, 0.9, 0.01],
         "break_even": [0.0, 0.058, np.nan]}
    )  # fmt: skip
    return SimpleNamespace(best=best, table=table)


PLANNED = pd.DataFrame(
    {"segment": ["mills"], "relationship_level": ["care"], "break_even": [0.058],
     "per_group": [25.0], "enough": [True]}
)  # fmt: skip


def steps(found: object, planned: pd.DataFrame = PLANNED, basis: str = "randomised") -> list[str]:
    claims = report_07.next_steps(found, planned, CASH, basis=basis)
    return [claim.text for claim in report_07.numbered(claims)]


def test_sure_levels_are_moved_to_and_others_tested_or_stopped() -> None:
    sure = choice(gain=0.97, low=20.0)
    (said,) = steps(sure)
    assert said.startswith("1. **Move mills to care**: expected gain €100")
    assert report_07.answer(sure, None, CASH, basis="randomised")[0].text.startswith(
        "Serving all mills at care pays: it gains"
    )
    stop, test = steps(choice(gain=0.8, low=-20.0))
    assert stop.startswith("1. **Stop luxury in mills**: it is worth more than basic with a")
    assert test.startswith("2. **Test care on a random half of mills**")
    assert "25 per group are enough to detect the 5.8 percentage points" in test
    assert "with a probability of 20% of a loss" in test
    doubtful = report_07.answer(choice(gain=0.8, low=-20.0), None, CASH, basis="randomised")[0]
    assert "no change of level is shown to pay" in doubtful.text
    assert doubtful.verdict == "hint"


@pytest.mark.parametrize("basis", ["observational", "assumed"])
def test_without_an_experiment_no_level_is_advised(basis) -> None:
    sure = choice(gain=0.999, low=20.0)
    (said,) = steps(sure, basis=basis)
    assert said.startswith("1. **Test care on a random part of mills**")
    text = " ".join(claim.text for claim in report_07.answer(sure, None, CASH, basis=basis))
    assert "must add 5.8 percentage points of yearly retention" in text
    assert "pays:" not in text
    (none,) = steps(sure, PLANNED.assign(per_group=np.nan), basis)
    assert "no retention could pay" in none
    (nothing,) = steps(None, None, "none")
    assert "**Record the level" in nothing


def test_a_segment_too_small_for_a_test_pools_years() -> None:
    doubtful = choice(gain=0.8, low=-20.0)
    small = steps(doubtful, PLANNED.assign(enough=False))[-1]
    assert "takes 25 per group, more than there are, so pool years" in small
    assert "per group" not in steps(doubtful, PLANNED.assign(per_group=float("nan")))[-1]
    two = pd.concat([PLANNED.assign(break_even=0.01, enough=False, per_group=900.0),
                     PLANNED.assign(relationship_level="luxury")])  # fmt: skip
    assert "**Test luxury" in steps(doubtful, two, "observational")[0]


def test_a_declared_experiment_is_doubted_where_levels_followed_margins() -> None:
    basis = report_07.basis_of
    given = {"effects": SimpleNamespace(), "measured": True}
    assert basis(**given, randomised=True, p_value=0.4) == "randomised"
    assert basis(**given, randomised=True, p_value=float("nan")) == "randomised"
    assert basis(**given, randomised=True, p_value=0.001) == "observational"
    assert basis(**given, randomised=False, p_value=0.4) == "observational"
    assert basis(SimpleNamespace(), measured=False, randomised=True, p_value=0.4) == "assumed"
    assert basis(None, measured=True, randomised=True, p_value=0.4) == "none"
    said = [report_07.recipients_paragraph(p, n, randomised=r)
            for p, n, r in ((0.5, 900, True), (1e-4, 900, True), (float("nan"), 9, True),
                            (0.5, 900, False))]  # fmt: skip
    assert "was unrelated to" in said[0][0].text
    assert "**Levels followed earlier margins** (p below 0.001" in said[1][0].text
    assert "cannot be checked" in said[2][0].text
    assert "takes differences between levels as hints" in said[3][1].text


def effects_of(effect: float, *, dear: float = 1.0, seed: int = 3) -> tuple:
    """Effects, choice and planned experiments of years with a known effect on retention."""
    years = drawn_years(4000, seed=seed, effect=effect)
    years["cost"] *= dear
    now = years.tail(400).assign(complete=False)
    found = economics.level_effects(pd.concat([years.head(3600), now]))
    chosen = rm.relationship_levels(found, annual_discount_rate=RATE)
    return found, chosen, economics.experiments(chosen)


def test_an_effect_is_raised_in_an_experiment_and_goes_with_otherwise() -> None:
    found, _, _ = effects_of(0.5)
    told = report_07.retention_heading(found, found.table(), basis="randomised")
    assert (told.verdict, told.text[:25]) == ("finding", "Proactive raises renewal:")
    seen = report_07.retention_heading(found, found.table(), basis="observational")
    assert (seen.design, seen.text[:31]) == ("observational", "Proactive goes with more renewa")
    none, _, _ = effects_of(0.0)
    told = report_07.retention_heading(none, none.table(), basis="randomised")
    assert told.text == "No level is shown to go with more renewals than basic"
    said = report_07.effects_paragraph("Effect on retention.", found, basis="observational")
    assert said[0].text == "Difference of retention."


def test_levels_that_add_nothing_or_harm_and_cost_much_are_left() -> None:
    for effect in (0.0, -0.5):
        _, chosen, planned = effects_of(effect, dear=20.0)
        found = steps(chosen, planned)
        assert any("**Move homes to basic**" in step for step in found)
        assert not any("to proactive**" in step and "Move homes" in step for step in found)


def test_segments_say_gain_and_worth_of_information() -> None:
    doubtful = choice(gain=0.8, low=-20.0)
    heading = report_07.segment_heading(doubtful, "mills", CASH)
    assert heading.text == "Mills: care may pay best, but is only 70% likely"
    said = report_07.segment_paragraph("Words.", doubtful, "mills", CASH)[1].text
    assert "is worth €100 (−20 to 180), under the assumed discount rate" in said
    assert "would be worth €7.00 more" in said
    sure = report_07.segment_heading(choice(gain=0.96, low=20.0), "mills", CASH)
    assert sure.text == "Mills: care pays, worth €100.00 more than today's mix"


def test_the_textbook_is_compared() -> None:
    table = pd.DataFrame(
        {"segment": ["homes", "mills"], "number": ["many", "few"], "size": ["low", "high"],
         "textbook": ["basic or reactive", "partnership"], "computed": ["care", "partnership"],
         "agrees": [False, True]}
    )  # fmt: skip
    heading, said = report_07.textbook_claims(table)
    assert heading.text == "The textbook agrees in 1 of 2 segments"
    assert said[0].text == (
        "The textbook's grid agrees with the figures in 1 of 2 segments: for homes (many "
        "customers, low margin) it says basic or reactive, the figures say care."
    )
    assert report_07.in_textbook(SimpleNamespace(levels=("basic", "partnership")))
    assert not report_07.in_textbook(SimpleNamespace(levels=("A", "basic")))


def test_a_point_of_retention_has_a_price() -> None:
    segments = pd.DataFrame(
        {"segment": ["homes", "mills"], "customers": [90, 10], "retention": [0.6, 0.8],
         "annual_margin": [40.0, -5.0]}
    )  # fmt: skip
    points = report_07.points_of_retention(segments, RATE)
    assert points["cost_of_a_point"].round(4).tolist()[0] == 0.8
    assert "up to €0.80 per customer and year" in report_07.point_claims(points, CASH)[0].text
    assert report_07.points_heading(points).text.startswith("62.0% of customers who buy")
    none = report_07.point_claims(points[1:], CASH)
    assert none[0].text.startswith("No segment has a margin")


def test_effects_that_somebody_assumed_carry_no_advice() -> None:
    level, effect = economics.RelationshipLevel, economics.Effect
    given = [level("Basis", cost=0.0), level("Nähe", cost=9.0, retention=effect(2.0, 0.01))]
    plain = report_07.without_effects(given)
    assert [each.retention for each in plain] == [None, None]
    segments = pd.DataFrame(
        {"segment": ["Haus"], "customers": [900], "retention": [0.6], "annual_margin": [40.0]}
    )
    assumed = economics.assumed_effects(segments, plain)
    chosen = rm.relationship_levels(assumed, annual_discount_rate=RATE)
    said = steps(chosen, economics.experiments(chosen), "assumed")
    assert "Move" not in " ".join(said)
    assert "**Test Nähe on a random part of Haus**" in said[0]


@pytest.mark.slow
def test_the_report_with_other_names_and_without_tables(page, tmp_path) -> None:
    """The sample firm, with levels and segments that no package knows."""
    levels = {"basic": "A", "reactive": "B", "accountable": "C", "proactive": "D",
              "partnership": "E"}  # fmt: skip
    contacts = rm.load_sample("contacts").rename(columns={"relationship_level": "Stufe"})
    contacts["Stufe"] = contacts["Stufe"].map(levels)
    contacts.to_csv(tmp_path / "contacts.csv", index=False)
    people = rm.load_sample("customers").rename(columns={"segment": "Gruppe"})
    people.to_csv(tmp_path / "people.csv", index=False)
    given = {"contacts": str(tmp_path / "contacts.csv"), "customers": str(tmp_path / "people.csv"),
             "segment": "Gruppe", "relationship_level": "Stufe"}  # fmt: skip
    drawn = page(NAME, **given, randomised=True)
    assert drawn.figures["gain_2"]["value"] == pytest.approx(122829.7, rel=1e-4)
    assert "**Move small business to D**" in drawn.text
    seen = page(NAME, **given)
    assert "**Move" not in seen.text
    assert "**Stop" not in seen.text
    assert "E goes with more renewals" in seen.text
    assert not {each["design"] for each in seen.claims} & {"randomised"}
    alone = page(NAME, contacts=None, customers=None)
    assert alone.left_out == ["What does each level of relationship add?", "Which level pays?"]
    assert "may cost up to" in alone.texts("answer")[0]
    revenue = page(NAME, **given, cost=None)
    assert revenue.left_out == ["What is a point of retention worth?", "Which level pays?"]
    assert "no cost of goods" in revenue.texts("answer")[0]


def test_a_short_log_says_what_is_missing(page, tmp_path) -> None:
    rows = [(f"c{i}", "2023-01-01", 5.0, 2.0) for i in range(12)]
    columns = ["customer_id", "date", "value", "cost"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "log.csv", index=False)
    found = page(NAME, source=str(tmp_path / "log.csv"), contacts=None, customers=None)
    assert found.left_out == [
        "What does each level of relationship add?",
        "How many customers buy in the next year too?",
        "Which level pays?",
    ]
    assert found.figures["customers"]["value"] == 12
    assert "no level was recorded" in found.texts("answer")[0]
