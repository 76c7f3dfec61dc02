"""The section on covariates: what it says of differences, of none, and of what is missing."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.evidence import causal_words
from relmark_research.narrative.value import report_03_drivers as drivers
from tests.clv.covariates.moving import MODELS, drawn


@pytest.fixture(scope="module")
def case():
    """Values by week: a season with more purchases, a campaign with fewer, a random flag."""
    table, log = drawn(MODELS["MBGNBD"], 300, 60, seed=3)
    table["random"] = np.random.default_rng(5).integers(0, 2, len(table)).astype(float)
    return table, log, rm.MBGNBD.fit(log.customer_summary())


@pytest.fixture(scope="module")
def found(case):
    table, log, fit = case
    return drivers.purchase_drivers(log, table, fit=fit)


def test_each_covariate_has_its_difference_and_interval(case, found):
    table, log, _ = case
    assert list(found.table.index) == ["season", "campaign", "random"]
    fit = rm.clv.fit_covariates(rm.MBGNBD, log, rate="season + campaign + random", covariates=table)
    effects = fit.effects().loc["rate"]
    np.testing.assert_allclose(found.table["low"], effects["relative_low"])
    assert found.p_value < 1e-9
    shown = drivers.drivers_table(found)
    assert list(shown) == ["Times as many", "From", "To", "p-value"]
    assert shown.index.name == "Covariate"
    assert shown["p-value"].iloc[0] == "< 0.001"


def test_the_clearest_covariate_is_the_heading(found):
    claim = drivers.drivers_heading(found)
    assert claim.verdict == "finding"
    assert claim.design == "observational"
    assert claim.text.startswith("season goes with 2.")
    assert claim.text.endswith("times as many purchases")


def test_no_sentence_says_that_one_thing_brings_another_about(found):
    said = [claim.text for claim in drivers.drivers_paragraph(found)]
    assert not any(causal_words(sentence) for sentence in said)
    assert "campaign: 4" in said[2]
    assert "% fewer purchases (0." in said[2]
    assert said[3].startswith("random: no difference is shown (0.")
    assert "better than none (likelihood-ratio test, p < 0.001; MBGNBD, 300 customers)" in said[4]
    assert "was not randomised as far as this report knows" in said[5]


def test_noise_alone_is_no_finding(case):
    table, log, fit = case
    found = drivers.purchase_drivers(log, table[["customer_id", "date", "random"]], fit=fit)
    claim = drivers.drivers_heading(found)
    assert claim.verdict == "hint"
    assert claim.text == "No covariate is shown to go with more or with fewer purchases"
    assert "are not shown to fit the purchases" in drivers.drivers_paragraph(found)[2].text


def test_values_from_a_file_are_numbers_or_groups(case, tmp_path):
    table, log, fit = case
    shop = np.where(table["customer_id"].str[-1].isin(list("01234")), "web", "shop")
    given = table.rename(columns={"season": "High season"}).drop(columns="random")
    given.assign(channel=shop).to_csv(tmp_path / "values.csv", index=False)
    found = drivers.purchase_drivers(log, str(tmp_path / "values.csv"), fit=fit)
    assert list(found.table.index) == ["High season", "campaign", "channel web"]


def test_a_table_without_dates_is_of_the_customers(case):
    table, log, fit = case
    ids = table["customer_id"].unique()
    kinds = pd.DataFrame({"customer_id": ids, "size": np.arange(len(ids)) % 7.0})
    found = drivers.purchase_drivers(log, kinds, fit=fit)
    assert list(found.table.index) == ["size"]
    assert type(found.fit).__name__ == "CovariateFit"


def test_pareto_nbd_and_models_of_no_dropout_give_way_to_a_fast_model(case):
    table, log, _ = case
    pareto = rm.ParetoNBD.fit(log.customer_summary())
    seasons = table[["customer_id", "date", "season"]]
    found = drivers.purchase_drivers(log, seasons, fit=pareto)
    assert type(found.fit.base) is rm.MBGNBD


def test_what_is_missing_is_the_reason(case):
    table, log, fit = case
    none = drivers.purchase_drivers(log, None, fit=fit)
    assert (none.reason, len(none.table)) == ("there is no table of covariates", 0)
    early = drivers.purchase_drivers(log, table[table["date"] < "2023-03-01"], fit=fit)
    assert early.reason.startswith("the covariates cannot be used: the covariates end on 2023-03")
    bare = drivers.purchase_drivers(log, table[["customer_id", "date"]], fit=fit)
    assert "no column beside customer_id and date" in bare.reason
    same = drivers.purchase_drivers(log, table.assign(same=1.0), fit=fit)
    assert same.unidentified == ["same"]
    assert "do not identify them: same" in drivers.drivers_paragraph(same)[-1].text
