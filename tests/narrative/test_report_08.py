"""The sentences of report 08 from small tables: which rows they choose, which figures they show."""

from types import SimpleNamespace

import pandas as pd
import pytest

from relmark_research.evidence import Claim
from relmark_research.formats import formatter
from relmark_research.narrative import report_08

CASH = formatter("EUR")
DRIVERS = pd.DataFrame(
    {
        "driver": ["social_tie", "quality", "technical_tie", "all together"],
        "weak": [12, 30, 7, 35],
        "saving": [100.0, 400.0, 200.0, 712.0],
        "saving_low": [-20.0, 0.0, 150.0, 500.0],
        "saving_high": [220.0, 800.0, 250.0, 900.0],
    }
)
PARTNERS = pd.DataFrame(
    {
        "below": ["social_tie, quality", ""],
        "saving": [40.0, 10.0],
        "saving_low": [30.0, 5.0],
        "saving_high": [50.0, 15.0],
        "share": [0.2, 0.04],
        "current": [200.0, 250.0],
    },
    index=["P1", "P2"],
)
COSTS = SimpleNamespace(drivers=DRIVERS, table=PARTNERS, current=1234.0)


def words(said):
    """Return what a claim, or a paragraph of claims, says."""
    return said.text if isinstance(said, Claim) else " ".join(each.text for each in said)


def holds(said, *parts):
    """Assert that claims have some parts in their order."""
    text = words(said)
    place = 0
    for part in parts:
        assert part in text[place:], f"{part!r} is missing after {text[:place]!r} in {text!r}"
        place = text.index(part, place) + len(part)


def test_the_answer_has_the_whole_saving_and_the_largest_driver():
    said = words(report_08.answer(COSTS, CASH))
    assert report_08.answer(COSTS, CASH)[1].design == "observational"
    holds(
        report_08.answer(COSTS, CASH),
        "2 partners",
        "€1,234",
        "€710",
        "500",
        "900",
        "quality of the relationship",
    )
    assert "social" not in said


def test_the_heading_has_the_whole_saving():
    said = words(report_08.weak_partners_heading(COSTS, CASH))
    assert "€710" in said  # 712, as far as 500 to 900 supports it
    assert "400" not in said
    none = SimpleNamespace(drivers=DRIVERS.assign(saving_low=-1.0))
    assert "not shown" in words(report_08.weak_partners_heading(none, CASH))


def test_the_threshold_is_the_median_or_a_share_of_partners():
    assert "median" in words(report_08.threshold_definition(0.5))
    said = words(report_08.threshold_definition(0.25))
    holds(report_08.threshold_definition(0.25), "75.0% of", "partners")
    assert "median" not in said


def test_drivers_are_named_in_words():
    assert report_08.driver_table(COSTS)["driver"].tolist() == [
        "social ties", "quality of the relationship", "technical ties", "all together",
    ]  # fmt: skip
    assert COSTS.drivers["driver"][0] == "social_tie"


def test_the_least_reliable_scale_is_named():
    scales = pd.DataFrame({"scale": ["trust", "joint_action"], "alpha": [0.9, 0.65]})
    holds(report_08.reliability_heading(scales), "Joint action", "not reliable", "0.65")
    enough = report_08.reliability_heading(scales.assign(alpha=[0.9, 0.7]))
    holds(enough, "reliable", "0.7")
    assert "not" not in words(enough)
    assert "trust" not in words(enough)


PAIRS = pd.DataFrame(
    {
        "scale_a": ["trust", "trust", "power"],
        "scale_b": ["commitment", "joint_action", "joint_action"],
        "htmt": [0.6, 0.8, 0.7],
        "htmt_high": [0.7, 0.85, 0.75],
        "distinct": [True, True, True],
    }
)


def test_the_closest_pair_of_distinct_scales_is_named():
    said = report_08.discriminant_validity_sentence(PAIRS)
    holds(said, "trust and joint action", "0.8", "0.85")
    assert "power" not in words(said)


def test_scales_that_are_not_distinct_are_listed():
    said = report_08.discriminant_validity_sentence(PAIRS.assign(distinct=[False, True, False]))
    holds(said, "trust and commitment, power and joint action")
    assert "trust and joint action" not in words(said)


EFFECTS = pd.DataFrame(
    {
        "cause": ["trust", "joint_action", "trust", "power"],
        "effect": ["commitment", "loyal_use", "loyal_use", "loyal_use"],
        "total": [0.9, 0.5, 0.3, -0.6],
        "total_low": [0.8, 0.4, 0.2, -0.7],
        "total_high": [1.0, 0.6, 0.4, -0.5],
        "indirect": [0.0, 0.0, 0.126, -0.204],
        "indirect_low": [0.0, 0.0, 0.05, -0.3],
        "indirect_high": [0.0, 0.0, 0.2, -0.1],
    }
)
PATHS = SimpleNamespace(
    paths=pd.DataFrame({"effect": ["commitment", "loyal_use"]}),
    effects=EFFECTS,
    improper_draws=0.0,
    answers=1234,
    left_out=56,
)


def test_the_largest_effect_on_the_last_outcome_is_named():
    holds(report_08.drivers_heading(PATHS), "Joint action", "goes most with", "loyal use")
    unsure = SimpleNamespace(paths=PATHS.paths, effects=EFFECTS.assign(total_low=-0.1))
    assert "not" not in words(report_08.drivers_heading(PATHS))
    holds(report_08.drivers_heading(unsure), "No scale is shown")


def test_the_largest_indirect_effect_is_named():
    said = report_08.indirect_effect_sentence(PATHS)
    holds(said, "trust", "loyal use", "0.13", "0.05", "0.20")
    negative = SimpleNamespace(effects=EFFECTS.iloc[[0, 3]])
    holds(report_08.indirect_effect_sentence(negative), "power", "−0.20", "−0.30", "−0.10")
    assert report_08.indirect_effect_sentence(SimpleNamespace(effects=EFFECTS[:2])) == []


@pytest.fixture
def cards():
    page = pd.DataFrame(
        {"standing": ["weak", "strong", "like its peers", "weak"]},
        index=["social_tie", "quality", "revenue", "trust"],
    )
    return SimpleNamespace(costs=COSTS, card=lambda partner: page if partner == "P1" else page[1:3])


def test_a_partner_has_strengths_weaknesses_and_a_saving(cards):
    said = report_08.partner_paragraph(cards, "P1", CASH)
    holds(
        said, "Weak: social tie, trust.", "Strong: quality.", "social_tie, quality",
        "€40", "30", "50", "20.0%", "€200",
    )  # fmt: skip
    other = report_08.partner_paragraph(cards, "P2", CASH)
    holds(other, "Weak: nothing.", "Strong: quality.", "€10", "4.0%", "€250")
    assert ": ." not in words(other)


def test_the_tie_that_saves_most_is_named():
    change = [-0.04, -0.11, 0.02]
    effects = pd.DataFrame({"change": change}, index=["social_tie", "quality", "x"])
    effects = effects.assign(change_low=effects.change - 0.02, change_high=effects.change + 0.02)
    holds(report_08.ties_heading(effects), "standard deviation of quality", "11.0%")
    holds(report_08.ties_heading(effects.drop(index="quality")), "point of social tie", "4.0%")
    holds(report_08.ties_heading(effects.assign(change_high=0.01)), "No tie is shown")


def test_response_times_by_kind_of_partner():
    figures = pd.DataFrame({"kind": ["mill", "farm", "port"], "response_days": [5.0, 9.0, 2.0]})
    said = report_08.response_time_heading(figures, "kind")
    holds(said, "farm", "9", "port", "2")
    assert "mill" not in words(said)
    one = report_08.response_time_heading(figures[:1], "kind")
    holds(one, "5")
    assert "mill" not in words(one)


def test_commitments_by_kind_of_partner():
    figures = pd.DataFrame(
        {"kind": ["mill", "farm"], "commitment_years": [2.04, 1.5], "guarantees": [0.5, 3.0]}
    )
    said = report_08.commitments_sentence(figures, "kind")
    holds(said, "mill 2.0 years, 0.5 guarantees; farm 1.5 years, 3.0 guarantees.")


def test_the_saving_of_response_time():
    drivers = DRIVERS.assign(saving=[1, 1, 1, 2.5], saving_low=2.2, saving_high=2.8)
    times = SimpleNamespace(drivers=drivers, current=7.25)
    holds(report_08.response_time_saving(times), "7.25 days", "2.5 (2.2 to 2.8) days")


def test_excluded_samples_are_reported():
    data = SimpleNamespace(notes=("30 partners", "2 rows left out"))
    said = report_08.trust_paragraph(data, PATHS)
    holds(said, "30 partners; 2 rows left out", "1,234", "56", "not randomised")
    assert "samples" not in words(said)
    assert "questionnaires" not in words(report_08.trust_paragraph(data, None))
    improper = SimpleNamespace(**{**vars(PATHS), "improper_draws": 0.034})
    holds(report_08.trust_paragraph(data, improper), "3.4% of", "samples")


def test_steps_are_tests_sorted_by_cost_and_doubts_are_named(cards):
    steps = report_08.next_steps(cards, CASH)
    assert [step.verdict for step in steps] == ["hint", "finding", "hint"]
    holds(steps[0], "Do not act on quality", "not certain", "€400")
    holds(steps[1], "Test connecting", "7 partners", "€200", "150", "250")
    assert all(step.design == "observational" for step in steps)


def test_scales_and_paths_are_those_of_the_survey():
    items = {"trust": ["a", "b"], "power": ["c"]}
    assert report_08.known_items(items, ["a", "b", "x"]) == {"trust": ["a", "b"]}
    model = {"trust": ["power"], "power": ["trust", "other"], "other": ["trust"]}
    assert report_08.known_model(model, ["power", "trust"]) == {
        "trust": ["power"], "power": ["trust"],
    }  # fmt: skip


def test_records_without_response_times_are_counted_only():
    figures = pd.DataFrame({"kind": ["mill", "farm"], "partners": [3, 4]})
    holds(report_08.records_answer(figures, "kind"), "7 partners", "no response times")
    assert report_08.commitments_sentence(figures, "kind") == []
    assert report_08.figure_formats(figures) == {}
