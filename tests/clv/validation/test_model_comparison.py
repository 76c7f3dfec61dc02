"""Comparison of models on a holdout: scores, order, and words."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.validation.model_comparison import ModelComparison
from tests.clv.validation.conftest import fail_search


def test_models_are_sorted_by_log_score_and_naive_forecasts_are_last(compared):
    table = compared.table
    models = table[~table["naive"]]
    assert set(models.index) == {"BGNBD", "MBGNBD", "ParetoNBD"}
    assert models["log_score"].is_monotonic_decreasing
    assert table.index[-2:].to_list() == ["NBD", "as before"]
    assert table["best"].sum() == 1
    assert table.index[0] == compared.best
    assert set(compared.fits) == set(models.index)


def test_scores_are_those_of_holdout_score(compared, split):
    for name in ("BGNBD", "ParetoNBD"):
        score = rm.clv.holdout_score(compared.fits[name], split)
        row = compared.table.loc[name]
        for column in ("log_score", "bias", "mean_absolute_error", "root_mean_squared_error"):
            assert row[column] == pytest.approx(getattr(score, column))
        coverage = rm.clv.interval_coverage(compared.fits[name], split, levels=[0.5, 0.9])
        assert coverage["actual"].to_list() == pytest.approx([row.coverage_50, row.coverage_90])
        assert row["aic"] == pytest.approx(compared.fits[name].aic)


def test_log_score_gap_is_the_mean_difference_with_its_interval(compared):
    table = compared.table
    scores, gap = table["log_score"], "log_score_gap"
    np.testing.assert_allclose(
        table["log_score_gap"].dropna(), scores.dropna().max() - scores.dropna()
    )
    assert (table.loc[compared.best, [gap, f"{gap}_low", f"{gap}_high"]] == 0).all()
    assert table.loc["NBD", "log_score_gap_low"] > 0


def test_past_rate_is_extrapolated_per_customer(compared, split):
    x, T = split.calibration.frequency, split.calibration.T
    expected = (x / T * split.length).sum()
    assert compared.table.loc["as before", "expected"] == pytest.approx(expected)
    assert np.isnan(compared.table.loc["as before", "log_score"])


def test_value_of_the_holdout_is_compared(compared, split):
    spend = rm.GammaGamma.fit(split.calibration).model
    customers = split.calibration
    paid = spend.conditional_expected_spend(customers.frequency, customers.monetary_value)
    model = compared.fits["BGNBD"].model
    bought = model.conditional_expected_purchases(
        split.length, customers.frequency, customers.recency, customers.T
    )
    bias = (paid * bought).sum() / split.holdout["value"].sum() - 1
    assert compared.table.loc["BGNBD", "value_bias"] == pytest.approx(bias)


def test_selected_model_has_the_highest_log_score(compared):
    table = compared.table[~compared.table["naive"]]
    assert compared.selected == table["log_score"].idxmax()


def comparison_of(rows, best, selected, unusable=()):
    columns = [
        "log_score_gap",
        "log_score_gap_low",
        "bias",
        "mean_absolute_error",
        "expected_alive",
        "expected",
        "naive",
    ]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table["best"], table["usable"] = table.index == best, ~table.index.isin(unusable)
    table["note"] = np.where(table["usable"], "", "not used, not converged: a slope is left")
    return ModelComparison(table, best, selected, {})


def test_words_name_the_selected_model_and_the_reason():
    compared = comparison_of(
        {
            "A": (0.0, 0.0, -0.19, 0.8, 90, 81, False),
            "B": (0.001, -0.001, -0.14, 0.82, 190, 86, False),
            "C": (0.004, 0.002, -0.13, 0.79, 105, 87, False),
            "NBD": (0.067, 0.058, 0.47, 1.05, 236, 147, True),
        },
        "A",
        "B",
    )
    assert compared.words == (
        "A and B predict the holdout equally well; worse in log score per customer: C (lower by "
        "0.004). B is used, because it provides intervals. NBD, a model without dropout, predicts "
        "worse: the mean error per customer of B is 22% smaller. All models forecast too few "
        "purchases, by 13% to 19%: customers bought more than predicted."
    )
    assert compared.dropout_words == (
        "The models' forecasts of total purchases differ by at most 7%. Their estimates of the "
        "number of active customers at the end of calibration range from 90 (A) to 190 (B)."
    )


def test_words_if_dropout_explains_nothing():
    compared = comparison_of(
        {
            "A": (0.0, 0.0, 0.01, 0.8, 90, 81, False),
            "NBD": (-0.001, -0.002, 0.0, 0.8, 99, 80, True),
        },
        "A",
        "A",
    )
    assert compared.words == (
        "A was the only model tried. A predicts no better than NBD, a model without dropout."
    )
    assert compared.dropout_words == ""


def test_words_name_unused_models_and_the_reason():
    compared = comparison_of(
        {
            "A": (0.0, 0.0, 0.01, 0.8, 90, 81, False),
            "B": (-0.1, -0.2, 0.0, 0.7, 90, 80, False),
            "NBD": (0.067, 0.058, 0.47, 1.05, 236, 147, True),
        },
        "A",
        "A",
        unusable=["B"],
    )
    assert compared.words.startswith(
        "A was the only model that could be used. B is not used, not converged: a slope is left. "
        "NBD, a model without dropout, predicts worse"
    )
    assert compared.indistinguishable == ["A"]


def test_a_fit_that_did_not_converge_is_neither_best_nor_selected(split, compared, monkeypatch):
    assert compared.best == "MBGNBD"
    fail_search(rm.MBGNBD, monkeypatch)
    again = rm.compare_models(split)
    assert again.best == "BGNBD"
    assert again.selected in {"BGNBD", "ParetoNBD"}
    row = again.table.loc["MBGNBD"]
    assert not row["usable"]
    assert row["log_score"] > again.table.loc["BGNBD", "log_score"]
    assert row["note"] == "not used, not converged: a slope is left"
    assert again.table.index.to_list() == ["BGNBD", "ParetoNBD", "MBGNBD", "NBD", "as before"]
    assert "MBGNBD is not used, not converged: a slope is left." in again.words
    assert again.overview.loc["MBGNBD", "Note"] == "not used, not converged"


def test_nbd_is_used_if_no_model_is_usable(split, failed_pareto):
    compared = rm.compare_models(split, models=["ParetoNBD"])
    assert (compared.best, compared.selected) == ("NBD", "NBD")
    assert compared.words.startswith(
        "None of the models could be used; NBD (no dropout) is used instead. ParetoNBD is not "
        "used, not converged: a slope is left."
    )
    selection = compared.refit(split.calibration)
    assert list(selection.fits) == ["NBD"]
    assert selection.boundary_fit is None


def test_models_that_cannot_be_fitted_are_named_with_the_reason():
    once = pd.DataFrame({"frequency": [0, 0, 0], "recency": 0.0, "T": [9.0, 8.0, 7.0]})
    holdout = pd.DataFrame({"purchases": [1, 0, 0], "value": 0.0})
    split = rm.Split(rm.CustomerSummary(once, unit="week"), holdout, 9.0, 0, None)
    with pytest.raises(rm.DataError, match=r"no model could be fitted: .+"):
        rm.compare_models(split, models=["BGNBD"])


def test_the_true_model_is_best_if_models_differ():
    """Customers who leave at once are told from those who never do by Pareto/NBD's rival."""
    truth = rm.ParetoNBD(0.8, 4.0, 0.5, 1.0)
    x, t_x, T = truth.simulate(np.full(4000, 40.0), seed=4)
    t_x = np.ceil(t_x)  # few distinct histories
    table = pd.DataFrame({"frequency": x, "recency": t_x, "T": T})
    alive = np.random.default_rng(7).random(len(x)) < truth.p_alive(x, t_x, T)
    bought = alive * truth.living(x, t_x, T).simulate(np.full(len(x), 40.0), seed=5)[0]
    holdout = pd.DataFrame({"purchases": bought.astype(int), "value": 0.0})
    split = rm.Split(rm.CustomerSummary(table, unit="week"), holdout, 40.0, 0, None)
    compared = rm.compare_models(split, models=[rm.BGNBD, "ParetoNBD"])
    assert compared.best == "ParetoNBD"
    assert compared.table.loc["BGNBD", "log_score_gap_low"] > 0


def test_unknown_models_are_named(split):
    with pytest.raises(rm.ParameterError, match="Did you mean 'ParetoNBD'"):
        rm.compare_models(split, models=["ParetoNDB"])
    with pytest.raises(rm.ParameterError, match="no model of purchases 'GammaGamma'"):
        rm.compare_models(split, models=["GammaGamma"])
    with pytest.raises(rm.ParameterError, match="at least one model"):
        rm.compare_models(split, models=[])


def test_one_name_is_accepted_and_a_split_is_required(split):
    assert rm.compare_models(split, models="BGNBD").best == "BGNBD"
    with pytest.raises(rm.ParameterError, match=r"on a Split.*found CustomerSummary"):
        rm.compare_models(split.calibration)


def test_repr_names_the_best_and_the_selected_model(compared):
    assert repr(compared).startswith(
        f"<ModelComparison: best {compared.best}, selected {compared.selected}, models "
    )
