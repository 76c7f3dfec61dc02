"""The sentences of report 04, with and without advice."""

from dataclasses import replace

import numpy as np
import pytest

from relmark_research.economics.budget import equity_plot_tables
from relmark_research.economics.budget.spending_position import spending_position
from relmark_research.economics.budget.unit_costs import unit_costs
from relmark_research.formats import formatter
from relmark_research.narrative import report_04

CASH = formatter("EUR")
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
    said = report_04.answer(costs, best, CASH)
    assert said.startswith(
        "The marginal cost is €103 per customer acquired and €150 per customer retained."
    )
    unsure = replace(best, probability=0.6)
    assert "No allocation is clearly better than today's" in report_04.answer(costs, unsure, CASH)
    assert report_04.allocation_heading(unsure, CASH).startswith("No allocation is clearly better")
    assert "Keep the current allocation" in report_04.next_steps(unsure, costs, CASH)[0]


def test_costs_finding_follows_the_figures(costs) -> None:
    assert report_04.costs_heading(costs, CASH) == (
        "On average acquisition costs more, but the marginal retention cost (€153) exceeds the "
        "marginal acquisition cost (€103)"
    )
    turned = costs.copy()
    for name, value in (("marginal_cost_ratio", 2.0), ("marginal_cost_ratio_low", 1.5),
                        ("marginal_cost_ratio_high", 3.0)):  # fmt: skip
        turned.loc["all", name] = value
    assert report_04.costs_heading(turned, CASH).startswith("The marginal acquisition cost (")
    turned.loc["all", "marginal_cost_ratio_low"] = 0.5
    assert "about the same" in report_04.costs_heading(turned, CASH)
    assert "note" not in report_04.unit_costs_table(costs)


def test_steps_and_words_have_their_numbers(position, best) -> None:
    fitted = equity_plot_tables.fit_table(position)
    steps = report_04.next_steps(best, fitted, CASH)
    assert [step[:2] for step in steps] == ["1.", "2.", "3.", "4."]
    assert "web retention from €154,000 to €" in steps[1]
    said = [
        report_04.allocation_paragraph(best, CASH),
        report_04.returns_paragraph(
            position.marginal_returns(draws=100), position.shift(draws=100), CASH
        ),
        report_04.payback_paragraph(position.values(draws=50), CASH),
        report_04.curves_paragraph(fitted),
        report_04.retention_sentence(equity_plot_tables.retention_table(position)),
        report_04.trust_paragraph(position, fitted, MARGIN),
        report_04.limits_paragraph(0.1),
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
