"""Report 04's sentences, on the sample and where there is nothing to advise."""

from dataclasses import replace

import numpy as np
import pytest

from relmark_research.economics import outlook
from relmark_research.economics.acquisition import unit_costs
from relmark_research.economics.spending import spending_position
from relmark_research.reporting import advice, background
from relmark_research.reporting.numbers import formatter

CASH = formatter("EUR")
MARGIN = {"web": 110, "mail": 160, "referral": 280, "fair": 390, "field": 1110}


@pytest.fixture(scope="module")
def position():
    return spending_position(
        "sample:books", margin=MARGIN, annual_discount_rate=0.1, by="channel", recent=4
    )


@pytest.fixture(scope="module")
def best(position):
    return position.recommend(draws=300)


@pytest.fixture(scope="module")
def costs():
    return unit_costs("sample:books", by="channel", recent=4)


def test_the_answer_names_costs_and_gain(costs, best) -> None:
    said = advice.answer(costs, best, CASH)
    assert said.startswith("One more customer costs €103 to win and €150 to keep.")
    unsure = replace(best, probability=0.6)
    assert "No other split of the budget is surely better" in advice.answer(costs, unsure, CASH)
    assert advice.split_finding(unsure, CASH).startswith("No split is surely better")
    assert "Leave the split as it is" in advice.steps(unsure, costs, CASH)[0]


def test_costs_finding_follows_the_figures(costs) -> None:
    assert advice.costs_finding(costs, CASH) == (
        "On average winning costs more, but the next customer is dearer in keeping"
    )
    turned = costs.copy()
    for name, value in (("marginal_ratio", 2.0), ("marginal_ratio_low", 1.5),
                        ("marginal_ratio_high", 3.0)):  # fmt: skip
        turned.loc["all", name] = value
    assert advice.costs_finding(turned, CASH) == "The next customer is dearer in winning"
    turned.loc["all", "marginal_ratio_low"] = 0.5
    assert "about the same" in advice.costs_finding(turned, CASH)
    assert "note" not in advice.costs_table(costs)


def test_steps_and_words_have_their_numbers(position, best) -> None:
    fitted = outlook.fit_table(position)
    steps = advice.steps(best, fitted, CASH)
    assert [step[:2] for step in steps] == ["1.", "2.", "3.", "4."]
    assert "keeping in web from €154,000 to €" in steps[1]
    said = [
        advice.split_words(best, CASH),
        advice.returns_words(position.returns(draws=100), position.shift(draws=100), CASH),
        background.payback_words(position.values(draws=50), CASH),
        background.curves_words(fitted),
        background.retention_words(outlook.retention_table(position)),
        background.trust_words(position, fitted, MARGIN),
        background.limits_words(0.1),
        background.sensitivity_finding(outlook.sensitivity_table(position)),
    ]
    for words in said:
        assert "nan" not in words and "None" not in words
    assert background.focus(best) in position.segments


def test_never_and_open_curves_are_said(position) -> None:
    values = position.values(draws=50)
    values.loc["web", "payback_months"] = np.inf
    assert background.payback_finding(values) == "In web a customer never pays back what it cost"
    fitted = outlook.fit_table(position)
    fitted.loc[("field", "acquisition"), "told"] = "ceiling not identified"
    assert "tell 9 of 10 curves" in background.curves_finding(fitted)
    assert "winning in field the books do not say" in background.curves_words(fitted)
