"""Every report on data where the right answer is nothing, no effect, too little, or unusual."""

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from tests.null_data import firms
from tests.null_data.recipes import NOTEBOOKS, write_firm
from tests.sentences.printing import unsupported
from tests.sentences.records import Run, run

pytestmark = pytest.mark.slow

DATA = {
    "no effects": firms.no_effects,
    "opposite": firms.opposite,
    "few": lambda: {"transactions": firms.few()},
    "once": lambda: {"transactions": firms.once()},
    "at random": lambda: {"transactions": firms.at_random()},
    "price up": lambda: {"books": firms.price_up()},
}
ALONE = {"few", "once", "at random"}  # transactions only


@pytest.fixture(scope="session")
def said(tmp_path_factory: pytest.TempPathFactory):
    """What the reports say of a data set; each set is run once."""

    @cache
    def of(name: str) -> Run:
        folder = Path(tmp_path_factory.mktemp(name.replace(" ", "_")))
        tables: dict[str, pd.DataFrame] = DATA[name]()
        return run(write_firm(folder, tables), folder / "out")

    return of


def about(found: Run, report: str, start: str = "") -> list[dict]:
    return [claim for claim in found.claims(report) if claim["text"].startswith(start)]


@pytest.mark.parametrize("name", DATA)
def test_every_report_runs_or_is_skipped_with_a_reason(said, name: str) -> None:
    found = said(name)
    assert set(found.states) == set(NOTEBOOKS)
    assert set(found.states.values()) <= {"done", "skipped"}, found.errors
    assert all(found.errors[each] for each, state in found.states.items() if state == "skipped")


@pytest.mark.parametrize("name", ["no effects", "opposite"])
def test_a_whole_firm_with_other_columns_and_segments_runs(said, name: str) -> None:
    assert set(said(name).states.values()) == {"done"}


@pytest.mark.parametrize("name", DATA)
def test_no_sentence_is_without_a_claim(said, name: str) -> None:
    assert unsupported(said(name)) == []


@pytest.mark.parametrize("name", DATA)
def test_nothing_is_advised_where_nothing_works(said, name: str) -> None:
    claims = said(name).claims()
    assert [claim["text"] for claim in claims if claim["advice"] == "do"] == []
    assert [claim["text"] for claim in claims if "**Repeat" in claim["text"]] == []


@pytest.mark.parametrize("name", ["no effects", "opposite"])
def test_no_campaign_is_said_to_pay(said, name: str) -> None:
    answer = [each.text for each in said(name).of("09") if each.kind == "answer"]
    assert any(text.startswith("0 of 7 arms pay") for text in answer), answer


def test_campaigns_that_cost_more_than_they_bring_are_stopped(said) -> None:
    stopped = about(said("opposite"), "09", "**Do not repeat")
    assert len(stopped) >= 4
    assert {claim["design"] for claim in stopped} == {"randomised"}
    assert {claim["advice"] for claim in stopped} == {"stop"}
    assert all(claim["estimate"] < 0 for claim in stopped)


@pytest.mark.parametrize("name", ["no effects", "opposite"])
def test_levels_without_a_measured_effect_are_not_findings(said, name: str) -> None:
    compared = [claim for claim in said(name).claims("07") if claim["no_effect"] is not None]
    positive = [each for each in compared if (each["estimate"] or 0) > each["no_effect"]]
    assert compared
    assert [each["text"] for each in positive if each["verdict"] == "finding"] == []


def test_satisfaction_that_goes_with_leaving_is_said_so(said) -> None:
    found = about(said("opposite"), "09", "Retention is ")
    assert [claim["text"] for claim in found if claim["verdict"] == "finding"] == [
        "Retention is lower for customers with higher answers"
    ]
    none = about(said("no effects"), "09", "Retention is ")
    assert "finding" not in {claim["verdict"] for claim in none}


def test_satisfaction_without_a_link_has_no_certain_value(said) -> None:
    (heading,) = about(said("no effects"), "09", "One point more")
    assert heading["verdict"] == "hint"
    assert "no certain difference" in heading["text"]


@pytest.mark.parametrize("name", ["no effects", "opposite"])
def test_retention_spend_without_effect_is_not_advised(said, name: str) -> None:
    claims = said(name).claims("04")
    assert {claim["advice"] for claim in claims if claim["advice"]} == {"test"}
    shift = [claim for claim in claims if "from acquisition to retention, each" in claim["text"]]
    assert [claim["high"] < 0 for claim in shift] == [True]  # more retention spend loses money


def test_a_price_that_goes_with_more_sales_is_no_response_to_spend(said) -> None:
    found = about(said("price up"), "04", "The books do not show a response to")
    assert [claim["verdict"] for claim in found] == ["hint", "hint"]
    assert all(claim["low"] < 0 < claim["high"] for claim in found)


def test_customers_who_buy_at_random_are_not_ranked(said) -> None:
    found = said("at random")
    ranked = [claim for claim in found.claims("03") if "best tenth" in claim["text"]]
    assert "finding" not in {claim["verdict"] for claim in ranked}
    assert any("forecasts of single customers do not go" in text for _, text in found.left_out)


def test_one_purchase_each_leaves_single_customers_out(said) -> None:
    found = said("once")
    questions = [text for report, text in found.left_out if report.startswith("03")]
    assert any("bought a second time" in text for text in questions)
    assert not [claim for claim in found.claims("03") if "are worth less" in claim["text"]]


@pytest.mark.parametrize("name", sorted(ALONE))
def test_transactions_alone_advise_no_letter_and_no_split(said, name: str) -> None:
    found = said(name)
    assert {claim["advice"] for claim in found.claims()} <= {None, "test"}
    assert any("Which split of the budget is best?" in text for _, text in found.left_out)
    assert not [text for claim in found.claims("02") if "Write to" in (text := claim["text"])]
