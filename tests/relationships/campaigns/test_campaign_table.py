import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.relationships import campaign_uplift, read_campaigns
from tests.relationships.campaigns.made import campaign


def test_columns_of_any_name_are_mapped_and_missing_ones_follow():
    theirs = campaign(200).rename(columns={"arm": "gruppe", "value_in_window": "umsatz"})
    source = {"source": theirs, "columns": {"arm": "gruppe", "value_in_window": "umsatz"}}
    found = read_campaigns(source, control="nothing", covariates=["age", "town"])
    assert set(found.frame["campaign_id"]) == {"campaign"}
    assert found.frame["customer_id"].is_unique
    assert not found.has_customers
    assert found.has_value
    assert found.cost_from == "none"
    assert found.covariates == ("age", "town")
    assert found.numeric == ("age",)


def test_a_response_follows_from_a_value_and_a_value_from_a_response():
    rows = campaign(200, base=0.4)
    by_value = read_campaigns(rows.drop(columns="responded"), control="nothing")
    assert by_value.frame["responded"].tolist() == (rows["value_in_window"] > 0).tolist()
    by_response = read_campaigns(
        rows.drop(columns="value_in_window"), control="nothing", response_value=20.0
    )
    assert by_response.has_value
    assert by_response.frame["value_in_window"].tolist() == (20.0 * rows["responded"]).tolist()
    counted = read_campaigns(rows.drop(columns="value_in_window"), control="nothing")
    assert not counted.has_value


def test_a_contact_costs_what_is_given_and_the_control_nothing():
    rows = pd.concat([campaign(100), campaign(100).replace({"letter": "call"})])
    one = read_campaigns(rows, control="nothing", contact_cost=0.5).frame
    assert one.groupby("arm")["cost"].unique().map(list).to_dict() == {
        "call": [0.5], "letter": [0.5], "nothing": [0.0],
    }  # fmt: skip
    each = read_campaigns(rows, control="nothing", contact_cost={"letter": 1, "call": 6.0}).frame
    assert each.groupby("arm")["cost"].max().to_dict() == {"call": 6, "letter": 1, "nothing": 0}
    given = read_campaigns(rows.assign(cost=2.0), control="nothing", contact_cost=9.0)
    assert given.cost_from == "table"
    assert set(given.frame["cost"]) == {2.0}


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda t: t, {"control": "none"}, "no control group.*found letter, nothing"),
        (lambda t: t[["arm"]], {}, "expected a response"),
        (lambda t: t, {"covariates": ["agee"]}, "Did you mean 'age'"),
        (lambda t: t.drop(columns="arm"), {}, "no column 'arm'"),
        (lambda t: t.assign(responded=2), {}, "responded"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(change, options, words):
    with pytest.raises(rm.DataError, match=words):
        read_campaigns(change(campaign(50)), **({"control": "nothing"} | options))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"contact_cost": -1.0}, "contact_cost"),
        ({"contact_cost": {"latter": 1.0}}, "Did you mean 'letter'"),
        ({"contact_cost": {}}, "found none of 'letter'"),
        ({"response_value": 0.0}, "response_value"),
        ({"covariates": ["responded"]}, "from before the campaign"),
    ],
)
def test_a_number_that_cannot_be_is_refused(options, words):
    rows = campaign(50).drop(columns="value_in_window")
    with pytest.raises(rm.ParameterError, match=words):
        read_campaigns(rows, control="nothing", **options)


def test_campaigns_without_a_control_group_are_left_out_and_named():
    lone = campaign(60).assign(campaign_id="lone", arm="letter")
    both = pd.concat([campaign(60).assign(campaign_id="tested"), lone])
    found = read_campaigns(both, control="nothing")
    assert set(found.frame["campaign_id"]) == {"tested"}
    assert found.without_control == ("lone",)


def test_numbers_written_with_a_decimal_comma_are_covariates(tmp_path):
    path = tmp_path / "campaign.csv"
    rows = campaign(40).assign(income=[f"{i},5" for i in range(40)])
    rows.drop(columns="value_in_window").to_csv(path, sep=";", index=False)
    source = {"source": str(path), "options": {"separator": ";", "decimal": ","}}
    found = read_campaigns(source, control="nothing", covariates=["income", "town"])
    assert found.frame["income"].iloc[3] == 3.5
    assert found.numeric == ("income",)


def test_a_covariate_with_blanks_does_not_adjust_the_profit():
    rows = campaign(400, base=0.3)
    rows.loc[3, "age"] = None
    found = read_campaigns(rows, control="nothing", covariates=["age"])
    assert found.numeric == ("age",)
    assert found.columns.covariates == ()
    uplift = campaign_uplift(found.frame, margin=0.4, columns=found.columns)
    assert uplift["variance_reduction"].tolist() == [0.0]


def test_history_before_the_campaign_is_a_covariate():
    sample = rm.load_sample("campaigns")
    log = rm.read_transactions("dataset:sample")
    found = read_campaigns(sample).with_history(log)
    assert found.covariates == ("pre_value", "recency", "frequency", "monetary")
    assert found.with_history(log) is found
    assert read_campaigns(sample.drop(columns="date")).with_history(log).covariates == (
        "pre_value",
    )


def test_campaigns_are_cut_at_a_day_if_they_have_days():
    table = read_campaigns(rm.load_sample("campaigns"))
    early = table.until("2024-01-31", window_days=28)
    assert early.frame["date"].max() <= pd.Timestamp("2024-01-03")
    assert table.until(None) is table
    undated = read_campaigns(campaign(50), control="nothing")
    assert undated.until("2000-01-01") is undated
