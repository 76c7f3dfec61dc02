"""The sentences of report 06: profit or revenue, assumed gains, relationships that end or not."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.profitability.customer_quadrants import QUADRANTS
from relmark_research.economics.profitability.usable_costs import UsableCosts
from relmark_research.formats import formatter
from relmark_research.narrative import report_06

CASH = formatter("EUR")
NAME = "06_profitability"
SUMMARY = pd.DataFrame(
    {
        "action": ["keep", "grow", "serve more cheaply", "reprice", "end"],
        "customers": [5, 4, 0, 3, 2],
        "expected_gain": [0.0, 200.0, 0.0, 900.0, 30.0],
        "gain_low": [0.0, -50.0, 0.0, 300.0, 10.0],
        "gain_high": [0.0, 450.0, 0.0, 1500.0, 50.0],
        "probability_gain": [0.0, 0.9, np.nan, 1.0, 0.99],
        "break_even": [np.nan, 0.05, np.nan, 4.4, np.nan],
    }
)
ACTIONS = ["keep"] * 5 + ["grow"] * 4 + ["reprice"] * 3 + ["end"] * 2
TABLE = pd.DataFrame({"action": ACTIONS}, index=[f"c{i}" for i in range(14)])
ADVICE = SimpleNamespace(
    summary=SUMMARY, table=TABLE, level=0.95,
    total=pd.Series([1130.0, 300.0, 1900.0], ["expected_gain", "gain_low", "gain_high"]),
)  # fmt: skip
NONE = SimpleNamespace(
    summary=SUMMARY.assign(customers=0), table=TABLE, level=0.95, total=pd.Series([0.0, 0.0, 0.0])
)
ACCOUNT = pd.DataFrame({"profit": np.arange(14) * 10.0}, index=TABLE.index)
WITHOUT = UsableCosts(None, None, None)
KNOWN = UsableCosts(pd.DataFrame(), pd.DataFrame(), None)


def steps(ends: object) -> list[str]:
    found = report_06.next_steps(ADVICE, ACCOUNT, ends, CASH, days=730, horizon="5 years")
    return [claim.text for claim in report_06.numbered(found)]


def backtest(low: float, high: float, customers: int = 9) -> pd.DataFrame:
    return pd.DataFrame(
        {"action": ["end"], "customers": [customers], "actual_low": [low], "actual_high": [high]}
    )


def test_steps_are_sorted_by_gain_and_follow_their_verdicts() -> None:
    ends = report_06.ending(ADVICE, backtest(-9, -1), KNOWN, CASH)
    found = steps(ends)
    assert found[0].startswith("1. **Raise prices for 3 customers** with too low a margin: under")
    assert "with a probability above 99.9% of a gain" in found[0]
    assert found[1].startswith("2. **Test: Invest more in 4 customers** whose margin")
    assert "with a probability of 10% of a loss. Start with a random half of them." in found[1]
    assert "customers per group would detect that gain" in found[1]
    assert found[2].startswith("3. **Stop serving 2 customers**")
    assert all("assumed" in step for step in found[:2])


@pytest.mark.parametrize(
    ("checked", "verdict", "says"),
    [
        (backtest(-9, -1), "finding", "**Stop serving 2 customers**"),
        (backtest(-9, 1), "hint", "**Stop the service of a random half of 2 customers**"),
        (backtest(-9, -1, customers=1), "hint", "random half"),
        (None, "hint", "random half"),
        (backtest(1, 9), "withheld", ""),
    ],
)
def test_relationships_end_where_earlier_advice_proved_right(checked, verdict, says) -> None:
    ends = report_06.ending(ADVICE, checked, KNOWN, CASH)
    assert ends.verdict == verdict
    found = " ".join(steps(ends))
    assert says in found
    assert ("Stop" in found) == bool(says)


def test_no_relationship_ends_without_a_reason() -> None:
    said = report_06.ending(NONE, None, WITHOUT, CASH).text
    assert said.startswith("No customer surely costs more than they bring")
    assert said.endswith("Costs of service are not known.")
    ends = report_06.ending(NONE, None, KNOWN, CASH)
    (step,) = report_06.next_steps(NONE, ACCOUNT, ends, CASH, days=730, horizon="5 years")
    assert (
        step.text == "Under the assumed effects no action is expected to gain more than it costs."
    )


def test_assumptions_are_named_with_their_break_even() -> None:
    claims = report_06.assumptions_paragraph(ADVICE, rm.economics.Actions())
    said = " ".join(claim.text for claim in claims)
    assert "raise what a customer brings by 10.0% at an assumed cost of 12 a year" in said
    assert "it pays from 5.0% on" in said
    assert "elasticity of 2.50; it pays up to 4.40" in said
    assert "cheaply" not in said
    assert {claim.design for claim in claims} == {"assumed"}
    none = SimpleNamespace(summary=SUMMARY.assign(break_even=np.nan))
    assert report_06.assumptions_paragraph(none, rm.economics.Actions())[0].text == (
        "No action is advised, so nothing is assumed."
    )
    named = rm.economics.Actions(grow_cost={"all": 12.0, "mills": 40.0})
    assert "12 (all) and 40 (mills)" in report_06.assumptions_paragraph(ADVICE, named)[0].text


def test_the_answer_counts_profit_and_marks_the_gain_as_assumed() -> None:
    account = pd.DataFrame({"profit": [500.0, -40.0, 10.0, 30.0]})
    counted, gain = report_06.answer(account, KNOWN, ADVICE, CASH, has_cost=True)
    assert counted.text.startswith("We earned €500.00. 25%")
    assert counted.text.endswith("€40.00 in all.")
    assert (gain.design, gain.verdict) == ("assumed", "hint")
    assert gain.text.startswith("Under the assumed effects")
    (loss,) = report_06.answer(-account, WITHOUT, None, CASH, has_cost=True)
    assert "We lost €500.00 before the costs of contacts and acquisition, which are" in loss.text
    (none,) = report_06.answer(account[2:], KNOWN, None, CASH, has_cost=True)
    assert none.text.endswith("None of our 2 customers has been unprofitable so far.")
    (revenue,) = report_06.answer(account, WITHOUT, None, CASH, has_cost=False)
    assert "a revenue of €500.00. Who is profitable is not known" in revenue.text


def test_headings_say_revenue_where_there_is_no_cost() -> None:
    spread = rm.economics.profit_concentration(pd.Series([90.0, 60.0, 30.0, 20.0, -10.0]))
    assert "take" in report_06.losses_heading(spread, has_cost=True).text
    assert report_06.losses_heading(spread, has_cost=False).text.endswith("of the revenue")
    words = "Curve of cumulative profit over customers, most profitable first."
    said = report_06.losses_paragraph(words, spread, has_cost=False)
    assert said[0].text == "Curve of cumulative revenue over customers, most valuable first."
    tiers = rm.economics.tier_table(rm.profit_classes(pd.Series([9.0, 3.0, 2.0, 1.0])))
    assert report_06.tiers_heading(tiers, has_cost=False).text.endswith("of the revenue")
    lost = rm.economics.tier_table(rm.profit_classes(pd.Series([-9.0, 3.0, 2.0, 1.0])))
    assert report_06.tiers_heading(lost, has_cost=True).text == (
        "All customers together brought no profit"
    )


def test_customers_who_do_not_differ_are_not_divided() -> None:
    four = pd.DataFrame({"quadrant": QUADRANTS, "customers": [0, 0, 40, 0]})
    assert "do not differ" in report_06.quadrants_heading(four).text
    assert "Too few" in report_06.quadrants_heading(four.assign(customers=[1, 2, 3, 4])).text
    found = report_06.quadrants_heading(four.assign(customers=[9, 20, 30, 4]))
    assert (found.verdict, found.text[:12]) == ("hint", "30 customers")


@pytest.fixture(scope="module")
def firm(tmp_path_factory) -> tuple[str, str, str]:
    """A firm of two groups: one whose service costs more than it brings, and one that pays."""
    rng, folder = np.random.default_rng(8), tmp_path_factory.mktemp("firm")
    bought, contacts, people = [], [], []
    for number in range(150):
        name, heavy = f"c{number}", number % 3 == 0
        start = int(rng.integers(0, 200))
        people.append((name, "Plage" if heavy else "Treue"))
        for day in np.unique(np.r_[start, rng.integers(start, 1095, 14)]):
            bought.append((name, day, 10.0 if heavy else 40.0, 8.0 if heavy else 24.0))
        for day in rng.integers(start, 1095, 24 if heavy else 2):
            contacts.append((name, day, 9.0, "support"))
    tables = {
        "log": pd.DataFrame(bought, columns=["customer_id", "date", "value", "cost"]),
        "contacts": pd.DataFrame(contacts, columns=["customer_id", "date", "cost", "kind"]),
        "people": pd.DataFrame(people, columns=["customer_id", "Art"]),
    }
    for name, table in tables.items():
        if "date" in table:
            table["date"] = pd.Timestamp("2022-01-01") + pd.to_timedelta(table["date"], unit="D")
        table.to_csv(folder / f"{name}.csv", index=False)
    return tuple(str(folder / f"{name}.csv") for name in tables)


def test_a_group_that_costs_more_than_it_brings_ends_and_another_does_not(firm) -> None:
    log, contacts, people = firm
    given = {
        "contacts": rm.read_table(contacts, schema="contacts").frame,
        "segments": pd.read_csv(people).set_index("customer_id")["Art"],
        "actions": rm.economics.Actions(end_certainty=0.95, min_gain=5.0),
        "terms": rm.economics.FutureTerms(draws=100),
    }
    read = rm.read_transactions(log, cost="cost")
    advice = rm.recommend(read, **given)
    ended = advice.table["action"] == "end"
    by_group = ended.groupby(advice.table["segment"]).mean()
    assert by_group["Plage"] > 0.9
    assert by_group["Treue"] == 0
    checked = rm.economics.advice_backtest(read, **given)
    ends = report_06.ending(advice, checked, KNOWN, CASH)
    assert ends.verdict == "finding"
    assert "**Stop serving" in " ".join(claim.text for claim in report_06.next_steps(
        advice, rm.profit_table(read), ends, CASH, days=1095, horizon="5 years"))  # fmt: skip


@pytest.mark.slow
def test_the_report_on_transactions_alone_and_on_revenue_alone(page, firm) -> None:
    log, contacts, people = firm
    alone = page(NAME, source=log, contacts=None, customers=None)
    assert "before the costs of contacts and acquisition, which are not known" in alone.text
    assert "Stop serving" not in alone.text
    table = pd.read_csv(log).drop(columns="cost")
    table.to_csv(log.replace("log.csv", "revenue.csv"), index=False)
    revenue = page(NAME, source=log.replace("log.csv", "revenue.csv"), contacts=contacts,
                   customers=people)  # fmt: skip
    assert "revenue" in revenue.figures
    assert "profit" not in revenue.figures
    assert len(revenue.left_out) == 3
    full = page(NAME, source=log, contacts=contacts, customers=people, segment="Art",
                grow_cost={"all": 12.0, "Treue": 3.0})  # fmt: skip
    assert "**Stop serving" in full.text
    with pytest.raises(rm.ParameterError, match="no segment 'private'; there are: Plage, Treue"):
        page(NAME, source=log, customers=people, contacts=None, segment="Art",
             grow_cost={"private": 12.0})  # fmt: skip


def test_twelve_customers_and_equal_customers_leave_sections_out(page, tmp_path) -> None:
    rows = [(f"c{i}", "2023-01-01", 5.0, 2.0) for i in range(12)]
    columns = ["customer_id", "date", "value", "cost"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "log.csv", index=False)
    found = page(NAME, source=str(tmp_path / "log.csv"), contacts=None, customers=None)
    assert len(found.left_out) == 2
    assert "None of our 12 customers has been unprofitable" in found.texts("answer")[0]
