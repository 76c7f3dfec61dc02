import json
import math
from dataclasses import fields

import pandas as pd
import pytest
from matplotlib import pyplot

from relmark_research.errors import ReportError
from relmark_research.evidence import Claim
from relmark_research.reporting import story
from relmark_research.reporting.display.story import RECORD_MIME
from relmark_research.reporting.record.manifest import KeyFigure


def test_an_answer_is_a_record_that_jupyterlab_shows(spoken):
    (data,) = spoken(lambda: story.answer("They bring $5 to $7 *each*."))
    assert data[RECORD_MIME] == {"kind": "answer", "text": "They bring $5 to $7 *each*."}
    assert (
        data["text/markdown"]
        == r"**They bring <span>&#36;</span>5 to <span>&#36;</span>7 \*each\*.**"
    )


def test_a_record_has_the_fields_of_a_key_figure(spoken):
    (data,) = spoken(
        lambda: story.record("total_clv", 1234567, low=1112000, high=1321000, unit="USD")
    )
    record = data[RECORD_MIME]
    assert record.pop("kind") == "key_figure"
    assert set(record) == {field.name for field in fields(KeyFigure)}
    assert record["text"] == "$1.2 million"
    assert record["label"] == "Total clv"
    assert data["text/markdown"] == r"Total clv: <span>&#36;</span>1.2 million (1.1 to 1.3)"


def test_a_missing_value_is_valid_json(spoken):
    for value in (math.nan, None, math.inf, pd.NA):
        (data,) = spoken(lambda given=value: story.record("spend", given, unit="USD"))
        assert data[RECORD_MIME]["text"] == "not available"
        json.dumps(data[RECORD_MIME], allow_nan=False)


def test_a_reversed_interval_is_refused():
    with pytest.raises(ReportError, match=r"low <= high; found low=3.0, high=1.0"):
        story.record("spend", 2, low=3, high=1)


@pytest.mark.parametrize("name", ["Total CLV", "", "1st", 'a"b'])
def test_a_name_is_an_identifier(name):
    with pytest.raises(ReportError, match="lower-case letters"):
        story.record(name, 1)


@pytest.mark.parametrize("speak", [story.answer, story.finding, story.say])
def test_an_empty_text_is_refused(speak):
    with pytest.raises(ReportError, match="found an empty text"):
        speak("  \n")


def test_a_paragraph_is_markdown_without_formulas_and_html(spoken):
    (data,) = spoken(lambda: story.say("**$5** <b>or</b> $7"))
    assert data["text/markdown"] == r"**<span>&#36;</span>5** &lt;b>or&lt;/b> <span>&#36;</span>7"
    assert data[RECORD_MIME] == {"kind": "say", "text": "**$5** <b>or</b> $7"}


def test_a_figure_is_shown_named_and_closed(spoken):
    figure, ax = pyplot.subplots()
    (data,) = spoken(lambda: story.figure(ax, alt="A line.", name="line", caption="a < b"))
    html = data["text/html"]
    assert html.startswith('<figure class="rm-figure" id="figure-line">')
    assert ">A line.</title>" in html
    assert "<figcaption>a &lt; b</figcaption>" in html
    assert 'tabindex="0"' in html
    assert not pyplot.fignum_exists(figure.number)


def test_a_figure_is_found_from_axes(spoken):
    figure, several = pyplot.subplots(1, 2)
    drawings = [figure, several, several[0], list(several)]
    shown = [
        spoken(lambda d=drawing: story.figure(d, alt="Two.", name="two"))[0]["text/html"]
        for drawing in drawings
    ]
    assert len(set(shown)) == 1


def test_a_figure_without_alt_text_is_refused():
    _, ax = pyplot.subplots()
    with pytest.raises(ReportError, match=r"alt text for figure 'line'; found an empty text"):
        story.figure(ax, alt=" ", name="line")
    pyplot.close(ax.figure)


def test_figures_and_tables_are_named_by_identifiers():
    _, ax = pyplot.subplots()
    with pytest.raises(ReportError, match="lower-case letters"):
        story.figure(ax, alt="A line.", name="A line")
    pyplot.close(ax.figure)
    with pytest.raises(ReportError, match="lower-case letters"):
        story.table(pd.DataFrame({"n": [1]}), caption="Counts", name="1st")


def test_a_table_is_folded_by_default(spoken):
    frame = pd.DataFrame({"n": [1]})
    (folded,) = spoken(lambda: story.table(frame, caption="Counts", name="counts"))
    (opened,) = spoken(lambda: story.table(frame, caption="Counts", name="counts", open=True))
    assert folded["text/html"].startswith('<details class="rm-table">')
    assert opened["text/html"].startswith('<details class="rm-table" open>')
    assert 'download="counts.csv"' in folded["text/html"]


@pytest.mark.parametrize("speak", [story.answer, story.finding, story.say])
def test_a_claim_says_what_its_evidence_carries(spoken, speak):
    words = {"statement": "It pays", "hint": "It may pay"}
    claim = Claim(**words, design="randomised", estimate=1, low=-1, high=3, no_effect=0)
    (data,) = spoken(lambda: speak(claim))
    record = data[RECORD_MIME]
    assert record["text"] == "It may pay"
    assert record["claims"][0]["verdict"] == "hint"
    assert record["claims"][0]["design"] == "randomised"


def test_several_claims_make_a_paragraph(spoken):
    claims = [Claim(statement=f"We counted {n}.", design="counted") for n in (1, 2)]
    (data,) = spoken(lambda: story.say(claims))
    assert data[RECORD_MIME]["text"] == "We counted 1. We counted 2."
    assert [each["text"] for each in data[RECORD_MIME]["claims"]] == [
        "We counted 1.",
        "We counted 2.",
    ]


def test_a_question_that_is_left_out_says_what_would_answer_it(spoken):
    (data,) = spoken(lambda: story.left_out("Where are they lost?", "there is no table"))
    assert data[RECORD_MIME]["text"] == (
        "Left out: Where are they lost? This report has no answer because there is no table."
    )
