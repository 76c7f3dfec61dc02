"""Partners and their survey: constituencies, summaries, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda p: pd.concat([p, p.head(2)]),
            r"one row per partner_id; found 2 repeated, first row 93 \('B001'\)",
        ),
        (lambda p: p.assign(transaction_cost=0), "transaction_cost must be above 0; 92 of 92"),
        (lambda p: p.assign(guarantees=-1), "guarantees must be 0 or more; 92 of 92"),
    ],
)
def test_invalid_records_are_refused(partners, survey, change, words):
    with pytest.raises(rm.DataError, match=words):
        rm.relationships.read_partners(change(partners), survey)


def test_kinds_of_partner_may_have_any_names(partners, survey):
    renamed = partners.assign(constituency=partners["constituency"].replace("supplier", "mill"))
    data = rm.relationships.read_partners(renamed, survey)
    assert (data.records.loc[data.records["constituency"] == "mill", "group"] == "mill").all()
    usual = data.records.loc[data.records["constituency"] == "agency", "group"]
    assert (usual == "marketing partners").all()
    with pytest.raises(rm.DataError, match="no kind of partner 'mill'"):
        rm.relationships.read_partners(renamed, survey, kinds={"agency": "agencies"})


def test_records_alone_have_the_measures_that_they_have(partners):
    columns = ["partner_id", "response_time_days"]
    data = rm.relationships.read_partners(partners[columns], None)
    figures = rm.relationships.partner_summary(data)
    assert figures["constituency"].tolist() == ["partner"]
    assert figures["partners"].tolist() == [len(partners)]
    assert "transaction_cost" not in figures
    assert "annual_cost" not in figures


def test_a_survey_alone_has_its_partners(partners, survey):
    both = rm.relationships.read_partners(partners, survey)
    alone = rm.relationships.read_partners(None, survey)
    assert sorted(alone.records.index) == sorted(survey["partner_id"].unique())
    means = [rm.relationships.relationship_quality(data).components.mean for data in (both, alone)]
    assert means[0] == means[1]
    with pytest.raises(rm.DataError, match="found neither"):
        rm.relationships.read_partners(None, None)
    quality = rm.relationships.relationship_quality(alone)
    with pytest.raises(rm.DataError, match="no column 'social_tie'"):
        rm.relationships.tie_effects(alone, quality)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.assign(trust_1=s["trust_1"].replace(7, 9)), "from 1 to 7; found 9"),
        (lambda s: s.assign(trust_1=s["trust_1"] + 0.5), "whole numbers from 1 to 7"),
        (lambda s: s.assign(trust_1=4), "expected answers that differ; found 4 in all 552"),
        (lambda s: s.assign(partner_id="X9"), r"found 1 others in 552 rows, first row 1 \('X9'\)"),
        (lambda s: s.drop(columns="trust_2"), "no column 'trust_2'"),
        (lambda s: s.assign(date="soon"), "dates in column 'date'; found 552 of 552"),
        (lambda s: s.head(0), "no answers"),
    ],
)
def test_invalid_answers_are_refused(survey, change, words):
    with pytest.raises(rm.DataError, match=words):
        rm.relationships.read_partners(rm.load_sample("partners"), change(survey))


def test_constituencies_and_dyads(data):
    groups = data.records.groupby("constituency")["group"].first()
    assert groups["agency"] == "marketing partners"
    assert groups["investor"] == "financial community"
    assert set(data.records["dyad"].dropna()) == {"supplier", "distributor"}
    assert rm.relationships.partner_summary(data, by="dyad")["partners"].tolist() == [26, 30]


def test_end_customers_are_a_constituency_and_a_dyad(partners, survey):
    changed = partners.assign(
        constituency=partners["constituency"].replace("agency", "end customer")
    )
    records = rm.relationships.read_partners(changed, survey).records
    mine = records[records["constituency"] == "end customer"]
    assert set(mine["group"]) == {"customers"}
    assert set(mine["dyad"]) == {"end customer"}


def test_summary_by_hand(data, partners):
    own = partners[partners["constituency"] == "agency"]
    row = rm.relationships.partner_summary(data).set_index("constituency").loc["agency"]
    assert row["response_days"] == pytest.approx(np.exp(np.log(own["response_time_days"]).mean()))
    assert row["guarantees"] == pytest.approx(own["guarantees"].mean())
    spent = own["transactions_per_year"] * own["transaction_cost"]
    assert row["annual_cost"] == pytest.approx(spent.sum())


def test_incomplete_questionnaires_are_left_out_and_noted(survey):
    holes = survey.astype({"trust_1": float})
    holes.loc[:4, "trust_1"] = np.nan
    data = rm.relationships.read_partners(rm.load_sample("partners"), holes)
    assert any("5 sheets lack an item" in note for note in data.notes)
    table = rm.relationships.scale_reliability(data, draws=50).set_index("scale")
    assert table["answers"].to_dict() == dict.fromkeys(table.index, 552) | {"trust": 547}
    assert rm.relationships.relationship_drivers(data, draws=50).left_out == 5


def test_pseudonyms_hide_names_and_ids_and_change_no_figure(data, costs):
    hidden = data.pseudonymous()
    assert not hidden.records.index.isin(data.records.index).any()
    assert not hidden.records["name"].isin(data.records["name"]).any()
    quality = rm.relationships.relationship_quality(hidden)
    same = rm.relationships.weak_partners(
        hidden, quality, rm.relationships.tie_effects(hidden, quality)
    )
    assert same.drivers["saving"].to_numpy() == pytest.approx(costs.drivers["saving"].to_numpy())


def test_answers_after_the_day_are_not_used(partners, survey):
    data = rm.relationships.read_partners(partners, survey, as_of="2024-01-01")
    assert len(data.answers) == 276


def test_the_index_of_the_survey_does_not_matter(partners, survey, data):
    """It may repeat, and it may have the name of a column."""
    indexed = survey.set_index("partner_id", drop=False)
    found = rm.relationships.read_partners(partners, indexed)
    pd.testing.assert_frame_equal(found.answers, data.answers)
    pd.testing.assert_frame_equal(found.composites, data.composites)


def test_the_data_show_themselves_in_short(data):
    assert repr(data).startswith("<PartnerData: partners 92, kinds 5, questionnaires 552")
    assert data._repr_html_().count("<tr>") == 4


def test_a_summary_is_by_a_column_with_values(data):
    with pytest.raises(rm.DataError, match="no column 'kind'"):
        rm.relationships.partner_summary(data, by="kind")
    empty = replace(data, records=data.records.assign(kind=None))
    with pytest.raises(rm.DataError, match="no partner has a value in kind; choose another"):
        rm.relationships.partner_summary(empty, by="kind")
    one = replace(data, records=data.records.head(1))
    found = rm.relationships.partner_summary(one).iloc[0]
    assert found["commitment_years"] == one.records["commitment_years"].iloc[0]
    assert np.isnan([found["commitment_years_low"], found["response_days_high"]]).all()


def test_uniform_sheets_and_silent_partners_are_noted(partners, survey):
    items = [name for name in survey.columns if name.rsplit("_", 1)[-1].isdigit()]
    answers = survey[survey["partner_id"] != "B001"].copy()
    answers.loc[answers.index[:2], items] = 4
    notes = rm.relationships.read_partners(partners, answers).notes
    assert "1 partners did not answer and are scored at the mean" in notes
    assert any(note.startswith("2 sheets give every item the same answer") for note in notes)
