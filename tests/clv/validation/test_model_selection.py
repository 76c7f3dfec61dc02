"""Selection of a model on a holdout, and its fit to all customers."""

from dataclasses import replace

import numpy as np
import pandas as pd

import relmark_research as rm
from relmark_research.clv.validation.interpurchase_regularity import PurchaseRegularity
from relmark_research.clv.validation.model_selection import ModelSelection, select_on_holdout
from tests.clv.models import staying


def test_the_bias_of_one_holdout_does_not_override_the_log_score(compared):
    table = compared.table.copy()
    table.loc[["MBGNBD", "BGNBD"], "bias"] = -0.3, 0.0
    assert select_on_holdout(table, compared.fits) == "MBGNBD"


def holdout_without_dropout(customers, t=26.0):
    """Return a split whose customers buy at random at their past rates."""
    rate = (customers.frequency + 0.5) / (customers.T + 10)
    bought = np.random.default_rng(5).poisson(rate * t)
    holdout = pd.DataFrame({"purchases": bought, "value": 0.0}, index=customers.table.index)
    return rm.Split(customers, holdout, t, 0, None)


def regularity(low):
    return PurchaseRegularity(low + 0.2, low, low + 0.4, 0.5, 0.5, 0.4, 0.6, 1.0, 100)


def test_nbd_with_intervals_is_used_if_there_is_no_dropout():
    customers = staying()
    split = holdout_without_dropout(customers)
    regular = rm.compare_models(split, models=["BGNBD", "MBGCNBD"])
    assert "By MBGCNBD purchases are more regular than that, so NBD may" in regular.words
    compared = rm.compare_models(split, models=["BGNBD", "MBGNBD", "ParetoNBD"])
    assert compared.selected == "NBD"
    assert "more regular" not in compared.words
    assert (compared.table["note"] == "no dropout").sum() == 3
    assert " are all at the boundary without dropout. There they equal NBD" in compared.words
    assert compared.dropout_words == "All models are at the boundary without dropout."
    assert compared.fits["NBD"].no_interval == ""
    assert (compared.overview["Behind, per 1,000"].dropna() == 0).all()
    selection = compared.refit(customers)
    assert (selection.name, list(selection.fits)) == ("NBD", ["NBD"])
    assert selection.no_dropout
    assert len(selection.dropout_upper_bound(0.9)) > 5
    random, regular = (regularity(low) for low in (0.9, 1.1))
    assert len(selection.dropout_upper_bound(0.9, regularity=random)) > 5
    assert selection.dropout_upper_bound(0.9, regularity=regular) == []
    assert "is also at the boundary without dropout; NBD gives the same" in selection.words


def test_dropout_may_be_visible_among_all_customers_only(cdnow):
    compared = rm.compare_models(holdout_without_dropout(staying()), models=["MBGNBD", "ParetoNBD"])
    selection = compared.refit(cdnow)
    assert selection.name in {"MBGNBD", "ParetoNBD"}
    assert selection.words == (
        f"With all data dropout is identified, so {selection.name} is used instead of NBD."
    )
    assert selection.dropout_upper_bound() == []


def test_a_selected_model_that_fails_on_all_customers_is_replaced(cdnow, compared, failed_pareto):
    selection = replace(compared, selected="ParetoNBD").refit(cdnow)
    assert selection.name == "MBGNBD"
    assert list(selection.fits) == ["MBGNBD", "BGNBD"]
    assert selection.words == (
        "ParetoNBD is not used for all customers: not converged: a slope is left."
    )


def test_the_selected_model_is_kept_for_all_customers(cdnow, compared):
    selection = compared.refit(cdnow)
    assert selection.name == compared.selected
    assert set(selection.fits) == set(compared.fits)
    assert selection.words == ""
    assert selection.fit.diagnosis.status == "converged"


def test_a_model_with_intervals_is_preferred(compared):
    name = compared.selected
    fit = compared.fits[name]
    diagnosis = replace(
        fit.diagnosis, status="at infinity", message="a and b run off", unidentified=("a", "b")
    )
    fits = compared.fits | {name: replace(fit, diagnosis=diagnosis)}
    assert fits[name].no_interval
    assert select_on_holdout(compared.table, fits) != name
    alone = compared.table[compared.table["naive"] | (compared.table.index == name)]
    assert select_on_holdout(alone, fits) == name
    unsure = replace(compared, table=alone, fits=fits, best=name)
    assert "No interval is available (at infinity: a and b" in unsure.words


def test_repr_names_the_selected_and_the_other_models(compared):
    selection = ModelSelection("NBD", {"NBD": compared.fits["BGNBD"]}, failures={"BGNBD": "flat"})
    assert repr(selection) == "<ModelSelection: selected NBD, also fitted none, failed BGNBD>"
    assert "<caption>Model selection</caption>" in selection._repr_html_()
