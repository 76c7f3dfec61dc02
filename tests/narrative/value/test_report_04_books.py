"""The sentences of report 04 for a firm that has nothing but its books."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from relmark_research.economics.budget.book_flow import book_retention
from relmark_research.economics.budget.books_value import books_value
from relmark_research.economics.budget.spend_ledger import SpendLedger
from relmark_research.economics.response.acquisition_and_retention import (
    acquisition_and_retention,
)
from relmark_research.economics.value_of_retention.payment_terms import PaymentTerms
from relmark_research.errors import ParameterError
from relmark_research.formats import formatter
from relmark_research.narrative.value import report_04 as module
from relmark_research.narrative.value import report_04_books as books
from relmark_research.narrative.value import report_04_inputs, report_04_joint
from tests.economics.budget.made_books import Truth, simulate_books
from tests.economics.response.test_acquisition_and_retention import TRAITS, prospects
from tests.narrative.texts import Texts

CASH = formatter("USD")
words = Texts(books, report_04_inputs)
report_04 = Texts(module, report_04_joint)
ASK = {"annual_margin": 400, "annual_discount_rate": 0.1}


def firm_of(table: pd.DataFrame, **options):
    return books_value(SpendLedger.from_table(table), **{**ASK, **options})


@pytest.fixture(scope="module")
def split() -> pd.DataFrame:
    table = simulate_books(Truth(0.35, 0.45, 0.3), seed=3, periods=45)
    table["customers_lost"] = table["customers_at_risk"] - table["customers_kept"]
    table["closing_customers"] = table["customers_kept"] + table["customers_won"]
    return table


@pytest.fixture(scope="module")
def total(split) -> pd.DataFrame:
    names = ["quarter", "customers_won", "customers_lost", "closing_customers"]
    return split[names].assign(marketing_spend=split["acquisition_spend"])


@pytest.fixture(scope="module")
def counted(total) -> pd.DataFrame:
    return total.drop(columns="marketing_spend")


def test_bundled_data_never_stand_beside_own_books() -> None:
    given = ("dataset:sample", "sample:customers", "own.csv", None)
    assert words.own_data("books.csv", *given) == (None, None, "own.csv", None)
    assert words.own_data({"source": "books.csv"}, *given) == (None, None, "own.csv", None)
    assert words.own_data("sample:books", *given) == given


def test_the_margin_of_the_firm_is_money_or_a_share() -> None:
    by_channel = pd.DataFrame({"annual_margin": [9.0, 7.0]}, index=["web", "all"])
    assert words.firm_margin(by_channel, None) == {"annual_margin": 7.0}
    assert words.firm_margin({"all": 80}, None) == {"annual_margin": 80.0}
    assert words.firm_margin({"web": 80}, None) == {"annual_margin": 80.0}
    assert words.firm_margin(None, 0.4) == {"margin": 0.4}
    for none in (None, {}, {"web": 1, "shop": 2}):
        with pytest.raises(ParameterError, match=r"needs a margin: parameters: annual_margin"):
            words.firm_margin(none, None)


def test_the_first_screen_of_a_firm_with_totals(total) -> None:
    firm = firm_of(total)
    found, unanswered = words.responses(firm.ledger)
    said = words.answer(firm, found, None, CASH)
    value, (low, high) = firm.customer_value, firm.customer_value_interval
    assert low < value < high
    assert said.startswith("A customer is worth $1,200 (1,1")
    assert "at an assumed margin of $400 a year and an assumed discount rate of 10% a year." in said
    assert "one costs at most $256 (all marketing spend per customer acquired), which is" in said
    assert f"paid back in {firm.payback}." in said
    assert "to retention pays if annual retention rises by more than 0.097 percentage" in said
    assert unanswered == {"retention": "the books have no retention_spend"}
    assert words.shift_or_none(firm, found, level=0.95, seed=1) is None
    names = [each["name"] for each in words.key_figures(firm, None, "USD")]
    assert names == ["customer_value", "annual_retention", "acquisition_cost", "payback"]
    steps = [step.text for step in books.next_steps(firm, found, None, CASH)]
    assert steps[0] == (
        "1. **Run an experiment on retention spend**: raise and lower it in regions chosen at "
        "random. The books alone do not identify what it brings."
    )
    assert "**Add acquisition_spend and retention_spend to the books**" in steps[1]


def test_the_first_screen_of_a_firm_that_splits_its_spend(split) -> None:
    firm = firm_of(split)
    found, unanswered = words.responses(firm.ledger)
    shift = words.shift_or_none(firm, found, level=0.95, seed=1)
    said = words.answer(firm, found, shift, CASH)
    assert unanswered == {}
    assert "Moving 1% of the budget, $28,400, from acquisition to retention would gain $" in said
    assert said.endswith("if spend did not follow expected demand.")
    figure = words.key_figures(firm, shift, "USD")[-1]
    assert (figure["name"], figure["value"]) == ("shift_probability", shift.probability)
    assert "carry-over" in figure["meaning"]
    ways = {0.99: "acquisition to retention", 0.5: "acquisition to", 0.01: "retention to acq"}
    for probability, way in ways.items():
        moved = replace(shift, probability=probability)
        step = books.next_steps(firm, found, moved, CASH)[0]
        assert step.text.startswith(f"1. **Test a move of 1% of the budget from {way}")
        assert "region-periods of varied spend would settle it" in step.text
        assert (step.verdict, step.advice) == ("hint", "test")  # books are no experiment


def test_the_first_screen_of_a_firm_that_counts_customers_only(counted) -> None:
    firm = firm_of(counted)
    found, unanswered = words.responses(firm.ledger)
    assert (found, set(unanswered)) == ({}, {"acquisition", "retention"})
    said = words.answer(firm, found, None, CASH)
    assert "Acquiring one must cost less than that" in said
    assert "do not show the spend on acquisition and on retention, so they cannot show" in said
    part = firm_of(counted.assign(acquisition_spend=0))
    assert "not show the spend on retention, so" in words.answer(part, found, None, CASH)
    assert not words.can_break_even(firm, found)
    assert words.value_heading(firm, CASH).endswith(
        "the upper limit of what acquiring one may cost"
    )
    assert "there is no payback period" in words.value_paragraph(firm, CASH)
    questions = words.left_out(firm, "the books have no spend", unanswered)
    assert (
        "neither acquisition_spend nor"
        in questions["When does a customer pay back the cost of acquiring them?"]
    )
    assert words.left_out(None, "x", {}, no_value="no margin") == {
        "Which split of the budget is best?": "x", "What is a customer worth?": "no margin",
    }  # fmt: skip
    never = firm_of(counted, acquisition_cost=1e6)
    assert "which is never paid back." in words.answer(never, found, None, CASH)
    assert "Do not spend more on acquisition" in books.next_steps(never, found, None, CASH)[0].text
    assert words.value_heading(never, CASH).endswith(
        "and never pays back the acquisition cost of $1.00 million"
    )
    assert words.key_figures(never, None, "USD")[-1]["value"] is None


def test_retention_shows_its_conversion(split, counted) -> None:
    firm = firm_of(counted)
    rates = firm.retention.rates["rate"]
    assert words.conversion(firm).count("×") == 3
    assert f"{100 * rates.iloc[0]:.1f}% × " in words.retention_paragraph(firm)
    assert words.retention_heading(firm).endswith("of customers stay for a year")
    assert len(words.rate_lines(firm)) == 45
    assert set(words.rate_formats(firm)) == {"at_risk", "won", "lost", "rate"}
    assert words.rate_table(firm)["period"].iloc[-1] == counted["quarter"].iloc[-1]
    active = pd.DataFrame({"quarter": split["quarter"], "customers_won": split["customers_won"],
                           "active_customers": split["customers_at_risk"]})  # fmt: skip
    busy = firm_of(active)
    assert "Returning customers imply an annual" in words.retention_heading(busy)
    assert "it is not the share of customers who ever buy" in words.retention_paragraph(busy)
    assert "Returning customers imply an annual" in words.answer(busy, {}, None, CASH)
    yearly = firm_of(SpendLedger.from_table("sample:books", by=""))
    assert words.conversion(yearly) == "the rate of one year"
    monthly = split.assign(quarter=[str(pd.Period("2020-01", "M") + i) for i in range(len(split))])
    assert "the product of 12 monthly rates between" in words.conversion(firm_of(monthly))


def test_responses_say_what_they_can_and_cannot(split) -> None:
    firm = firm_of(split)
    found, _ = words.responses(firm.ledger)
    heading = words.response_heading(found, CASH)
    assert heading.startswith("One more customer acquired costs $500 (380 to 660) and one more")
    paragraph = words.response_paragraph(found["acquisition"], CASH)
    assert "0.51% (0.39 to 0.68) more customers acquired, after adjustment for trend" in paragraph
    assert "The carry-over to later periods is 48% (35 to 60) of the effect" in paragraph
    doubt = words.identification_paragraph(found["acquisition"])
    assert "was not assigned at random" in doubt and "An experiment would settle it" in doubt
    lines = words.response_lines(found["acquisition"])
    assert lines.columns.to_list() == ["actual", "model"] and len(lines) == 45
    short = simulate_books(Truth(0.35, 0.45, 0.3, spend_noise=0.02), seed=3, periods=14)
    few, _ = words.responses(SpendLedger.from_table(short))
    assert "do not identify what one more customer" in words.response_heading(few, CASH)
    said = words.break_even_paragraph(firm_of(short), few, CASH)
    assert "do not identify the marginal cost" in said and "average acquisition cost" in said


def test_doubts_and_limits_are_those_of_the_firm(counted) -> None:
    firm = firm_of(counted)
    assert words.flow_paragraph(firm).startswith("The books cover 45 quarters. No number in them")
    off = counted.copy()
    off["closing_customers"] = off["closing_customers"] * np.where(off.index == 40, 1.1, 1)
    assert "differs from closing customers" in words.flow_paragraph(firm_of(off))
    assert "stay as they were in" in words.limits_paragraph(firm)
    assert words.flow_paragraph(firm_of(counted[:1])).startswith("The books cover 1 quarter.")
    revised = pd.concat([counted.assign(published="2024-01-01"),
                         counted.iloc[[3]].assign(published="2024-06-01")])  # fmt: skip
    assert "1 row was replaced by a later publication" in words.flow_paragraph(firm_of(revised))


def test_a_position_needs_its_columns_margin_and_periods(split, total) -> None:
    ask = {"annual_discount_rate": 0.1, "recent": 4, "payment": PaymentTerms()}
    ledger = SpendLedger.from_table(total)
    found, reason = words.position_or_reason(ledger, {"all": 400}, **ask)
    assert found is None and reason.startswith("the books have no acquisition_spend, prospects_")
    sample = SpendLedger.from_table("sample:books", by="")
    assert words.position_or_reason(sample, None, **ask)[1] == "there is no annual margin in money"
    flat = split.assign(prospects_reached=9e5, acquisition_spend=100.0)
    found, reason = words.position_or_reason(SpendLedger.from_table(flat), {"all": 400}, **ask)
    assert found is None and "at least 2 different spends" in reason
    margins = {"web": 110, "mail": 160, "referral": 280, "fair": 390, "field": 1110}
    found, reason = words.position_or_reason(sample, margins, **ask)
    assert (reason, found.segments) == ("", sample.segments)
    mean = words.annual_margin_of(found, margins, None)
    assert 110 < mean < 1110
    assert words.annual_margin_of(None, None, firm_of(total)) == 400
    assert "its curves" not in report_04.memory_paragraph(found)
    assert "largest probability that one does" in report_04.memory_paragraph(found)


def test_the_joint_model_is_told_beside_the_separate_ones() -> None:
    joint = acquisition_and_retention(prospects(1)[0], **TRAITS)
    heading = report_04.joint_heading(joint)
    assert heading.startswith("10% more acquisition spend goes with ") and "who stay" in heading
    paragraph = report_04.joint_paragraph(joint, 120, 0.1, CASH)
    assert "a regression of duration on acquired customers alone is biased" in paragraph
    assert "two separate regressions" in paragraph and "$120" in paragraph
    assert report_04.joint_table(joint, level=0.95).shape == (10, 8)
    none = acquisition_and_retention(prospects(2, rho=0.0)[0], **TRAITS)
    assert "which may be chance" in report_04.joint_paragraph(none, 120, 0.1, CASH)


def test_every_number_of_the_table_names_its_source(total) -> None:
    table = words.value_table(firm_of(total))
    assert table["source"].str.len().min() > 0
    assert "retention spend" not in table["measure"].to_list()  # the books have none
    assert np.isfinite(table["value"]).all()
    retention = book_retention(SpendLedger.from_table(total)).annual
    assert table["value"].iloc[0] == pytest.approx(retention)


def test_a_margin_from_transactions_is_not_called_assumed(counted) -> None:
    measured = pd.DataFrame({"annual_margin": [400.0]}, index=["all"])
    firm = words.with_margin_source(firm_of(counted), measured)
    said = words.answer(firm, {}, None, CASH)
    assert "at a margin of $400 a year (mean of customers' first year in the transactions)" in said
    assert "an assumed discount rate" in said
    assert firm.table()["source"]["annual margin"] == "transactions"
    same = words.with_margin_source(firm_of(counted), {"all": 400})
    assert same.margin_basis == "given"
    share = words.firm_margin(measured, 0.4)
    assert share == {"margin": 0.4}


def test_a_stated_share_keeps_its_digits(counted) -> None:
    said = words.answer(firm_of(counted, annual_discount_rate=0.125), {}, None, CASH)
    assert "an assumed discount rate of 12.5% a year" in said


@pytest.mark.parametrize(
    ("margins", "margin", "words_"),
    [
        (None, "30%", "margin must be a share of the revenue.*found the text '30%'"),
        (None, 30, "margin must be a share of the revenue.*found 30"),
        ({"all": 90}, 0.3, "not both; found annual_margin: {'all': 90} and margin: 0.3"),
    ],
)
def test_a_margin_that_is_none_is_refused_in_the_words_of_the_recipe(margins, margin, words_):
    with pytest.raises(ParameterError, match=words_):
        words.firm_margin(margins, margin)


def test_books_that_do_not_add_up_say_so_on_the_first_screen(counted) -> None:
    off = counted.assign(closing_customers=counted["closing_customers"] * 1.0)
    off.loc[off.index % 2 == 0, "closing_customers"] *= 1.05
    assert "The books do not add up" in words.answer(firm_of(off), {}, None, CASH)
    assert "add up" not in words.answer(firm_of(counted), {}, None, CASH)


def test_counts_of_one_are_singular() -> None:
    months = pd.DataFrame({"payback_months": [1.0, 1.0]}, index=["web", "mail"])
    assert report_04.payback_heading(months).endswith("within 1 month")
    assert report_04.payback_heading(months.assign(payback_months=[1.0, 2.0])).endswith("2 months")
