"""The sentences of report 04, with and without advice."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from relmark_research.economics.budget import equity_plot_tables
from relmark_research.economics.budget.spending_position import spending_position
from relmark_research.economics.budget.unit_costs import unit_costs
from relmark_research.formats import formatter
from relmark_research.narrative.value import report_04 as module
from relmark_research.narrative.value import report_04_joint
from relmark_research.narrative.wording import rounded_money
from tests.narrative.texts import Texts

CASH = formatter("EUR")
report_04 = Texts(module, report_04_joint)
ASSUMED = {"discount_rate": 0.1}
MARGIN = {"web": 110, "mail": 160, "referral": 280, "fair": 390, "field": 1110}


@pytest.fixture(scope="module")
def position():
    return spending_position(
        "sample:books", annual_margin=MARGIN, annual_discount_rate=0.1, by="channel", recent=4
    )


@pytest.fixture(scope="module")
def best(position):
    return position.recommend(draws=300)


@pytest.fixture(scope="module")
def costs():
    return unit_costs("sample:books", by="channel", recent=4)


def test_the_answer_names_costs_and_gain(costs, best) -> None:
    said = report_04.answer(costs, best, CASH, **ASSUMED)
    assert said.startswith(
        "The marginal cost is €103 per customer acquired and €150 per customer retained."
    )
    unsure = replace(best, probability=0.6)
    assert "No allocation is clearly better than today's" in report_04.answer(
        costs, unsure, CASH, **ASSUMED
    )
    assert report_04.allocation_heading(unsure, CASH).startswith("No allocation is clearly better")
    steps = module.next_steps(unsure, costs.assign(identification="identified"), CASH, rows=60)
    assert steps[0].advice == "test"
    assert steps[0].text.startswith("1. **Test the reallocation")


def test_costs_finding_follows_the_figures(costs) -> None:
    assert report_04.costs_heading(costs, CASH) == (
        "On average acquisition costs more, but the marginal retention cost (€152) exceeds the "
        "marginal acquisition cost (€103)"
    )
    turned = costs.copy()
    for name, value in (("marginal_cost_ratio", 2.0), ("marginal_cost_ratio_low", 1.5),
                        ("marginal_cost_ratio_high", 3.0)):  # fmt: skip
        turned.loc["all", name] = value
    assert report_04.costs_heading(turned, CASH).startswith("The marginal acquisition cost (")
    turned.loc["all", "marginal_cost_ratio_low"] = 0.5
    assert "do not differ clearly" in report_04.costs_heading(turned, CASH)
    assert "note" not in report_04.unit_costs_table(costs)


def test_steps_and_words_have_their_numbers(position, best) -> None:
    fitted = equity_plot_tables.fit_table(position)
    steps = [step.text for step in module.next_steps(best, fitted, CASH, rows=60)]
    assert [step[:2] for step in steps] == ["1.", "2.", "3.", "4.", "5."]
    assert "web retention from €154,000 to €" in steps[2]
    said = [
        report_04.allocation_paragraph(best, CASH),
        report_04.returns_paragraph(
            position.marginal_returns(draws=100), position.shift(draws=100), CASH
        ),
        report_04.payback_paragraph(position.values(draws=50), CASH),
        report_04.curves_paragraph(fitted),
        report_04.retention_sentence(equity_plot_tables.retention_table(position)),
        report_04.trust_paragraph(position, fitted, MARGIN),
        report_04.limits_paragraph(position),
        report_04.memory_paragraph(position),
        report_04.sensitivity_heading(equity_plot_tables.sensitivity_table(position)),
    ]
    for words in said:
        assert "nan" not in words and "None" not in words
    assert report_04.segment_with_largest_change(best) in position.segments


def test_never_and_unidentified_curves_are_reported(position) -> None:
    values = position.values(draws=50)
    values.loc["web", "payback_months"] = np.inf
    assert (
        report_04.payback_heading(values)
        == "In web a customer never pays back the acquisition cost"
    )
    fitted = equity_plot_tables.fit_table(position)
    fitted.loc[("field", "acquisition"), "identification"] = "ceiling not identified"
    assert "identify 9 of 10 response curves" in report_04.curves_heading(fitted)
    assert (
        "For field acquisition the data do not identify the ceiling"
        in report_04.curves_paragraph(fitted)
    )


def test_each_figure_has_its_value_bounds_and_label(costs, position, best) -> None:
    shift = replace(position.shift(draws=20), probability=0.75, share=0.05)
    won, kept, moved = report_04.key_figures(costs, shift, "EUR")
    row = costs.loc["all"]
    for figure, purpose in ((won, "acquisition"), (kept, "retention")):
        name = f"marginal_{purpose}_cost"
        assert (figure["value"], figure["low"], figure["high"]) == tuple(
            row[[name, f"{name}_low", f"{name}_high"]]
        )
        assert figure["label"] == f"Marginal {purpose} cost"
        assert rounded_money(row[f"{purpose}_cost"], CASH) in figure["meaning"]
    assert (won["name"], kept["name"]) == ("next_customer_won", "next_customer_kept")
    assert (moved["value"], moved["label"]) == (
        0.75, "Probability that moving 5% to retention pays",
    )  # fmt: skip
    said = report_04.gain_meaning(replace(best, probability=0.75))
    assert said.startswith("annual customer equity at the same budget; positive with a prob")
    assert said.endswith("75%")


def test_headings_and_paragraphs_name_their_numbers(costs, position, best) -> None:
    returned = position.marginal_returns(draws=20)
    most, least = (returned["marginal_return"].agg(how) for how in ("idxmax", "idxmin"))
    heading = report_04.returns_heading(returned, CASH)
    assert heading.startswith("An additional €1 goes with €")
    first, second = heading.split(" and ")[0], heading.split(" and ")[-1]
    assert first.endswith(f" in {' '.join(most)}".replace("all ", ""))
    assert second.endswith(f" in {' '.join(least)}".replace("all ", ""))
    row = costs.loc["all"]
    paragraph = report_04.costs_paragraph(costs)
    assert f"is {row['cost_ratio']:.1f}" in paragraph
    assert f"the ratio is {row['marginal_cost_ratio']:.2f}" in paragraph
    formats = report_04.unit_costs_formats(costs)
    assert (formats["cost_ratio"], formats["acquisition_cost"]) == ("number", "money")
    assert "note" not in formats
    sure = replace(best, probability=0.96)
    heading = report_04.allocation_heading(sure, CASH)
    assert heading.startswith("By the response curves, reallocating the same budget gains")


def test_payback_is_one_length_a_range_or_never() -> None:
    def heading(*months):
        return report_04.payback_heading(
            pd.DataFrame({"payback_months": months}, ["web", "fair"][: len(months)])
        )

    who = "A customer pays back the acquisition cost within"
    assert heading(7.0, 7.0) == f"{who} 7 months"
    assert heading(7.0, 19.0) == f"{who} 7 to 19 months"
    assert heading(7.0, np.inf) == "In fair a customer never pays back the acquisition cost"


def test_points_of_equity_and_claims_are_counted(position) -> None:
    points = {
        name: SimpleNamespace(acquisition_spend=a, retention_spend=r, customer_equity=e)
        for name, a, r, e in (("at", 3, 40, 554), ("optimum", 6, 90, 812))
    }
    equity = SimpleNamespace(**{name: lambda found=p: found for name, p in points.items()})
    marked = report_04.equity_points(equity)
    assert marked.to_numpy().tolist() == [["today", 3, 40, 554], ["best", 6, 90, 812]]
    assert report_04.surface_heading("web", marked, CASH) == (
        "In web a prospect is worth €554 today and would be worth €812 without a budget limit"
    )
    assert report_04.surface_heading("all", marked, CASH).startswith("A prospect is worth €554")
    paragraph = report_04.surface_paragraph(marked, CASH)
    assert "€3 per prospect and €40 per customer" in paragraph
    assert "€6 and €90 would be optimal" in paragraph
    claims = [SimpleNamespace(verdict=verdict) for verdict in ("holds", "does not", "holds")]
    assert report_04.claims_heading(claims) == "2 of 3 textbook claims hold here"
    fitted = equity_plot_tables.fit_table(position).assign(identification="identified")
    assert report_04.curves_heading(fitted) == (
        f"The data identify all {len(fitted)} response curves, including their ceilings"
    )
    margins = pd.DataFrame({"customers": range(10, 10 + len(position.segments))}, position.segments)
    last = 9 + len(position.segments)
    said = report_04.trust_paragraph(position, fitted, margins)
    assert f"of {margins['customers'].sum()} customers' first years, between 10 and {last} " in said
    assert "Margins are those" not in report_04.trust_paragraph(position, fitted, MARGIN)
    one = pd.DataFrame({"customers": [40]}, index=["all"])
    said = report_04.trust_paragraph(position, fitted, one)
    assert "those of 40 customers' first years, the same for every segment;" in said


@pytest.mark.parametrize(
    ("stay", "said"),
    [
        ((-0.02, -0.04, 0.01), "who stay about as long (−4.0% to 1.0%)"),
        ((0.0, 0.0, 0.01), "who stay about as long"),
        ((-0.02, -0.03, -0.01), "shorter"),
        ((0.02, 0.01, 0.03), "longer"),
    ],
)
def test_the_heading_on_effort_and_duration_follows_the_interval(stay, said):
    effect = pd.DataFrame([(0.05, 0.03, 0.07), stay], columns=["relative_change", "low", "high"])
    heading = report_04.joint_heading(SimpleNamespace(effect_of_effort=lambda: effect))
    assert said in heading
    assert "5.0% (3.0 to 7.0) more customers" in heading


def test_a_better_s_shape_makes_the_split_a_hint(costs, position, best) -> None:
    assert best.s_shaped == ()
    hint = replace(best, s_shaped=(("web", "retention"),))
    fitted = equity_plot_tables.fit_table(position)
    steps = report_04.next_steps(hint, fitted, CASH, rows=40)
    assert "2. **Do not let the budget follow the new split before the test**" in steps
    assert "an S-shaped curve fits web retention better" in steps
    assert "Largest increases" not in steps
    assert "may gain" in report_04.allocation_heading(hint, CASH)
    said = report_04.answer(costs, hint, CASH, **ASSUMED)
    assert "but test it first: the split assumes" in said
