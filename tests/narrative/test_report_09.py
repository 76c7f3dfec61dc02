"""The claims of report 09 on campaigns whose truth is known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from relmark_research.evidence import causal_words
from relmark_research.narrative import report_09
from relmark_research.relationships import (
    campaign_advice,
    campaign_balance,
    campaign_subgroups,
    campaign_uplift,
    read_campaigns,
)
from relmark_research.relationships.campaigns.uplift import total_profit
from tests.relationships.campaigns.made import campaign

NAMES = ["age", "town"]


class Said:
    """What report 09 says of a table of campaigns."""

    def __init__(self, rows, *, margin=0.4, cost=1.0, randomised=True, **options):
        table = read_campaigns(
            rows, control="nothing", covariates=NAMES, contact_cost=cost, **options
        )
        self.table, self.balance = table, campaign_balance(table.frame, columns=table.columns)
        used = 1.0 if margin is None else margin
        self.uplift = campaign_uplift(table.frame, margin=used, columns=table.columns)
        self.advice = campaign_advice(self.uplift)
        self.terms = report_09.basis(
            table, self.balance, randomised=randomised, margin=margin, contact_cost=cost,
            response_value=options.get("response_value"), currency="EUR",
        )  # fmt: skip

    @property
    def answer(self):
        total = total_profit(self.uplift, measure=self.terms.measure)
        return report_09.answer(total, self.advice, self.terms)

    @property
    def steps(self):
        return report_09.advice_steps(self.uplift, self.advice, self.terms)

    @property
    def heading(self):
        return report_09.arms_heading(self.uplift, self.advice, self.terms)


def text(claims):
    return " ".join(claim.text for claim in claims)


def arms(*effects):
    """Return arms letter, mail, ... of these effects, with one control group."""
    names = ["letter", "mail", "call"]
    parts = []
    for name, (effect, seed) in zip(names, effects, strict=False):
        own = campaign(effect=effect, seed=seed).replace("letter", name)
        parts.append(own if not parts else own[own["arm"] == name])
    return pd.concat(parts, ignore_index=True)


def test_one_arm_that_pays_is_repeated_alone_and_among_others():
    """Section D: one campaign arm that pays for sure is never told not to be repeated."""
    alone, among = Said(arms((0.15, 3))), Said(arms((0.15, 3), (0.0, 4)))
    assert alone.steps[0].text.startswith("**Repeat letter**")
    assert among.steps[0].text.startswith("**Repeat letter**")
    assert "Do not repeat" not in text(alone.steps)
    assert alone.heading.text == "letter pays with a probability of 95% or more"
    assert "assumed margin of 40%" in alone.steps[0].text
    assert "assumed cost" in alone.steps[0].text


def test_all_arms_that_pay_are_repeated():
    said = Said(arms((0.15, 3), (0.12, 4)))
    assert [step.text.partition("**:")[0] for step in said.steps] == [
        "**Repeat letter", "**Repeat mail",
    ]  # fmt: skip
    assert said.heading.text == "2 of 2 arms pay, with a probability of 95% or more"
    assert said.answer[0].verdict == "finding"
    assert said.answer[0].text.startswith("The campaigns gained")


def test_harm_and_a_lost_cost_are_stopped():
    for rows in (campaign(), campaign(base=0.4, effect=-0.2)):
        said = Said(rows)
        assert said.steps[0].text.startswith("**Do not repeat letter**")
        assert said.heading.text == "letter loses money with a probability of 95% or more"
        assert said.answer[0].text.startswith("The campaigns lost €")


def test_between_them_the_size_of_the_test_is_said():
    said = Said(campaign(seed=8), cost=0.0)
    step = said.steps[0].text
    assert step.startswith("**Test letter again before deciding**: expected profit")
    assert "of a loss" in step
    size = int(said.advice["test_per_group"].iloc[0])
    assert f"two groups of {size:,} customers" in step
    assert said.answer[0].verdict == "hint"
    assert "not certain" in said.answer[0].text
    assert "undecided" in said.heading.text


@pytest.mark.parametrize(
    "rows",
    [campaign(30, base=0.2), campaign(base=-1), campaign(400, base=2).assign(value_in_window=9.0)],
    ids=["30 customers", "nobody responds", "everybody responds alike"],
)
def test_too_little_data_carry_no_verdict(rows):
    said = Said(rows)
    assert said.steps[0].text.startswith("**Test letter again, with more customers**")
    assert "undecided" in said.heading.text
    assert np.isnan(report_09.anyway_share(said.uplift)) == (rows["responded"].sum() == 0)


def test_without_chance_nothing_is_said_to_be_an_effect():
    said = Said(campaign(effect=0.15), randomised=False)
    claims = [*said.answer, said.heading, *said.steps]
    claims += report_09.arm_paragraph(said.uplift.iloc[0], said.terms)
    assert all(claim.design in ("observational", "counted", "method") for claim in claims)
    assert not causal_words(text(claims))
    assert "chance did not decide" in text(said.answer)
    assert said.steps[0].text.startswith("**Test letter with a random control group")
    assert "Repeat" not in text(said.steps)


def test_arms_that_were_not_alike_are_no_experiment():
    rows = campaign(effect=0.15)
    rows.loc[rows["arm"] == "letter", "age"] += 10
    said = Said(rows)
    assert said.terms.design == "observational"
    assert "not alike before" in text(said.answer)
    assert "not alike" in text(report_09.balance_paragraph(said.balance, randomised=True))


def test_without_a_margin_the_break_even_margin_is_said():
    said = Said(campaign(effect=0.15), margin=None)
    row = said.uplift.iloc[0]
    bar = row["cost"] / row["incremental_value_low"]
    assert said.terms.kind == "revenue"
    assert f"at margins above {100 * bar:.1f}%" in said.steps[0].text
    assert "revenue" in text(said.answer)
    nothing = Said(campaign(), margin=None)
    assert "may be nothing" in nothing.steps[0].text
    free = Said(campaign(effect=0.15), margin=None, cost=None)
    assert "Compare letter with its cost" in free.steps[0].text


def test_without_values_the_break_even_of_a_response_is_said():
    rows = campaign(effect=0.15).drop(columns="value_in_window")
    said = Said(rows)
    assert said.terms.kind == "responses"
    assert "if a response is worth more than €" in said.steps[0].text
    valued = Said(rows, response_value=30.0)
    assert valued.terms.kind == "profit"
    assert "assumed value of €30.00 a response" in valued.steps[0].text


def test_an_unknown_cost_is_said():
    assert "without the cost of contacts" in Said(campaign(effect=0.15), cost=None).answer[0].text


def test_several_campaigns_are_told_apart_by_name():
    rows = arms((0.15, 3))
    both = pd.concat([rows.assign(campaign_id="May"), rows.assign(campaign_id="June")])
    assert Said(both).steps[0].text.startswith("**Repeat May by letter**")


def test_a_group_through_which_an_arm_works_is_named_with_its_interval():
    said = Said(campaign(8000, for_town=0.15))
    found = campaign_subgroups(said.table)
    heading = report_09.subgroups_heading(found, said.terms)
    assert heading.verdict == "finding"
    assert "larger for customers with town = A" in heading.text
    paragraph = report_09.subgroups_paragraph(found, said.terms)[0].text
    assert f"corrected for {report_09.comparisons(found)} comparisons" in paragraph
    assert report_09.comparisons(found) == 5  # four classes of age, and one pair of towns


def test_without_a_difference_no_group_is_named_in_the_heading():
    said = Said(campaign(8000, effect=0.1))
    found = campaign_subgroups(said.table)
    heading = report_09.subgroups_heading(found, said.terms)
    assert heading.verdict == "hint"
    assert heading.text.startswith("No group of customers responds differently")


CLASSES = pd.DataFrame(
    {
        "class": [1, 2, 3], "share": [0.2, 0.5, 0.3], "customers": [200, 500, 300],
        "uplift": [0.2, 0.1, 0.0], "uplift_low": [0.1, 0.0, -0.1], "uplift_high": [0.3, 0.2, 0.1],
        "profit": [3.0, 1.0, -2.0], "profit_low": [1.0, -1.0, -3.0],
        "profit_high": [5.0, 3.0, -1.0], "probability_profitable": [0.99, 0.8, 0.001],
    }
)  # fmt: skip


def curve(low):
    return SimpleNamespace(
        coefficient=0.01, coefficient_low=low, coefficient_high=0.02, probability_positive=0.99
    )


def test_customers_are_chosen_only_where_choosing_is_shown_to_help():
    terms = Said(campaign()).terms
    step = report_09.targeting_step(CLASSES, curve(0.005), "letter", terms).text
    assert "Address first the 20.0%" in step
    assert "50.0% of customers it is undecided" in step
    assert "30.0% lose money" in step
    none = report_09.targeting_step(CLASSES, curve(-0.005), "letter", terms).text
    assert "address all or none" in none
    unsure = CLASSES.assign(probability_profitable=0.5)
    assert "no class" in report_09.targeting_step(unsure, curve(0.005), "letter", terms).text
    assert report_09.targeting_heading(curve(-0.005), "letter", terms).verdict == "hint"
    assert report_09.targeting_heading(curve(0.005), "letter", terms).verdict == "finding"


def test_equal_scores_are_said_to_tell_nobody_apart():
    said = report_09.targeting_paragraph(CLASSES[:1], curve(0), ("age",), Said(campaign()).terms)
    assert "do not tell customers apart" in text(said)


def test_what_a_table_lacks_is_said():
    lone = campaign(40).assign(campaign_id="lone", arm="letter")
    rows = pd.concat([campaign(400).assign(campaign_id="tested"), lone])
    said = text(report_09.sources_paragraph(Said(rows).table))
    assert "name no customers" in said
    assert "no dates" in said
    assert "lone" in said


def test_responses_that_come_anyway_are_those_of_the_control_group():
    uplift = pd.DataFrame(
        {"response": [0.2, 0.4], "control_response": [0.1, 0.4], "customers": [100, 50]}
    )
    assert report_09.anyway_share(uplift) == pytest.approx(30 / 40)
