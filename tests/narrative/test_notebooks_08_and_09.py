"""The notebooks of reports 08 and 09 on any subset of tables, and on another firm's columns."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.reporting.display import story
from relmark_research.reporting.recipe.plan import plan
from relmark_research.reporting.recipe.recipe_file import read_recipe
from tests.relationships.campaigns.made import campaign

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NONE_09 = dict.fromkeys(
    ("campaigns", "source", "customers", "prospects", "stage_counts", "answers", "contacts")
)
CAMPAIGN = {"control": "nothing", "margin": 0.4, "contact_cost": 1.0}


@pytest.fixture
def run(monkeypatch):
    """Run a notebook with parameters; return what it shows: kind and text."""

    def execute(name: str, **parameters) -> list[dict]:
        shown: list[dict] = []
        monkeypatch.setattr(story, "_show", lambda fields, markdown: shown.append(fields))
        monkeypatch.setattr(story, "_show_html", lambda html, text: None)
        monkeypatch.setattr(story, "save_figure", lambda *given: "")
        cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        names: dict = {}
        for cell in cells:
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
            if "parameters" in cell["metadata"].get("tags", []):
                assert set(parameters) <= set(names)
                names |= parameters
        return shown

    return execute


def texts(shown: list[dict], *kinds: str) -> str:
    return "\n".join(each["text"] for each in shown if not kinds or each["kind"] in kinds)


def left_out(shown: list[dict]) -> list[str]:
    return [each["question"] for each in shown if each["kind"] == "left_out"]


def test_a_recipe_with_a_campaign_alone_is_planned_without_the_other_tables(tmp_path):
    """Section D: it was impossible to say that there are no prospects."""
    campaign(40).to_csv(tmp_path / "mine.csv", index=False)
    path = tmp_path / "mine.yml"
    path.write_text(
        f"title: Mine\nnotebooks: [{NOTEBOOKS / '09_campaigns.ipynb'}]\n"
        "tables:\n  campaigns: mine.csv\nparameters:\n  control: nothing\n  margin: 0.4\n"
    )
    (task,) = plan(read_recipe(path))
    assert task.missing_table == ""
    others = set(NONE_09) - {"campaigns"}
    assert {name: task.parameters[name] for name in others} == dict.fromkeys(others)
    assert task.parameters["campaigns"].endswith("mine.csv")


def test_a_campaign_alone_has_its_sections_and_no_other(run):
    shown = run("09_campaigns", **NONE_09 | CAMPAIGN | {
        "campaigns": campaign(effect=0.15), "traits": ["age", "town"],
    })  # fmt: skip
    assert left_out(shown) == ["Where are prospects lost?", "Do satisfied customers stay?"]
    assert "**Repeat letter**" in texts(shown, "say")
    assert "assumed margin of 40%" in texts(shown, "answer")
    names = [each["name"] for each in shown if each["kind"] == "key_figure"]
    assert names == ["campaign_profit", "anyway"]
    assert all(each["claims"] for each in shown if each["kind"] in ("answer", "finding", "say"))


def test_transactions_alone_say_nothing_of_campaigns(run):
    rng = np.random.default_rng(1)
    log = pd.DataFrame(
        {"wer": rng.integers(1, 50, 200), "wann": pd.date_range("2023-01-01", periods=200)}
    )
    shown = run("09_campaigns", **NONE_09 | {
        "source": log, "customer": "wer", "date": "wann", "value": None, "cost": None,
    })  # fmt: skip
    assert "measures nothing" in texts(shown, "answer")
    assert len(left_out(shown)) == 3
    assert not [each for each in shown if each["kind"] in ("finding", "key_figure")]


def test_a_funnel_from_dated_stages_of_any_name(run):
    met = pd.date_range("2023-01-01", periods=200)
    rows = pd.DataFrame({"erstkontakt": met, "demo": met + pd.Timedelta(days=5)})
    rows["unterschrift"] = rows["demo"].where(np.arange(200) % 4 == 0) + pd.Timedelta(days=9)
    shown = run("09_campaigns", **NONE_09 | {
        "prospects": {"source": rows, "columns": {"first_contact": "erstkontakt"}},
        "steps": ["demo", "unterschrift"],
    })  # fmt: skip
    assert "reach the stage “unterschrift”" in texts(shown, "answer")
    assert "What does a customer won cost?" in left_out(shown)


def test_a_funnel_from_counts_by_stage(run):
    counts = pd.DataFrame({"stage": ["met", "offer", "won"], "count": [200, 80, 20]})
    shown = run("09_campaigns", **NONE_09 | {"stage_counts": counts})
    assert texts(shown, "answer") == "10.0% of the prospects reach the stage “won”"
    assert "to date" in texts(shown, "say")


def test_answers_alone_on_another_scale_are_left_out_with_the_reason(run):
    rng = np.random.default_rng(2)
    rows = {"customer_id": range(90), "date": "2023-05-01", "nps": rng.integers(1, 6, 90)}
    answers = pd.DataFrame(rows).assign(retained=rng.integers(0, 2, 90))
    shown = run("09_campaigns", **NONE_09 | {"answers": answers})
    assert "shorter scale" in texts(shown, "left_out")
    assert not [each for each in shown if each["kind"] == "finding"]
    declared = run("09_campaigns", **NONE_09 | {"answers": answers, "scale": [1, 5], "knot": 3.0})
    assert texts(declared, "finding") == "Retention is not shown to differ by the answer"


def test_a_campaign_that_chance_did_not_form_has_no_effect(run):
    shown = run("09_campaigns", **NONE_09 | CAMPAIGN | {
        "campaigns": campaign(effect=0.15), "traits": ["town"], "randomised": False,
    })  # fmt: skip
    designs = {claim["design"] for each in shown for claim in each.get("claims", [])}
    assert designs == {"observational", "counted", "method"}
    assert "For whom do campaigns work?" in left_out(shown)


def test_partners_without_a_survey_and_a_survey_without_partners(run):
    records = rm.load_sample("partners")[["partner_id", "response_time_days"]]
    shown = run("08_partners", partners=records.assign(constituency="Händler"), survey=None)
    assert texts(shown, "answer").startswith("92 partners. Offers are answered after")
    assert len(left_out(shown)) == 2
    survey = rm.load_sample("partner_survey")[["partner_id", "date", "trust_1", "trust_2"]]
    own = survey.rename(columns={"trust_1": "q1", "trust_2": "q2"})
    shown = run("08_partners", partners=None, survey=own, items={"faith": ["q1", "q2"]},
                reversed_items=[], draws=60)  # fmt: skip
    assert "Relationship quality is" in texts(shown, "answer")
    assert "What do weak relationships cost?" in left_out(shown)
    neither = run("08_partners", partners=None, survey=None)
    assert "nothing is measured" in texts(neither, "answer")
