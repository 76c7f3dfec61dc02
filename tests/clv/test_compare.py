"""Several models on one holdout: their order, what stands beside them, and the words."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.validation.model_comparison import Comparison, chosen
from tests.clv.models import staying


@pytest.fixture(scope="module")
def split():
    return rm.load_cdnow().split(at="1997-09-30")


@pytest.fixture(scope="module")
def compared(split):
    return rm.compare_models(split, spend=rm.GammaGamma)


def test_models_stand_by_log_score_and_naive_forecasts_last(compared):
    table = compared.table
    models = table[~table["naive"]]
    assert set(models.index) == {"BGNBD", "MBGNBD", "ParetoNBD"}
    assert models["log_score"].is_monotonic_decreasing
    assert table.index[-2:].to_list() == ["NBD", "as before"]
    assert table["best"].sum() == 1
    assert table.index[0] == compared.best
    assert set(compared.fits) == set(models.index)


def test_scores_are_those_of_each_model_alone(compared, split):
    for name in ("BGNBD", "ParetoNBD"):
        score = rm.clv.holdout_score(compared.fits[name], split)
        row = compared.table.loc[name]
        for column in ("log_score", "bias", "mean_absolute_error", "root_mean_squared_error"):
            assert row[column] == pytest.approx(getattr(score, column))
        coverage = rm.clv.interval_coverage(compared.fits[name], split, levels=[0.5, 0.9])
        assert coverage["actual"].to_list() == pytest.approx([row.coverage_50, row.coverage_90])
        assert row["aic"] == pytest.approx(compared.fits[name].aic)


def test_behind_is_the_mean_difference_with_its_interval(compared):
    table = compared.table
    scores = table["log_score"]
    np.testing.assert_allclose(table["behind"].dropna(), scores.dropna().max() - scores.dropna())
    assert table.loc[compared.best, ["behind", "behind_low", "behind_high"]].to_list() == [0, 0, 0]
    assert table.loc["NBD", "behind_low"] > 0


def test_as_before_is_each_customers_own_rate(compared, split):
    x, T = split.calibration.frequency, split.calibration.T
    expected = (x / T * split.length).sum()
    assert compared.table.loc["as before", "expected"] == pytest.approx(expected)
    assert np.isnan(compared.table.loc["as before", "log_score"])


def test_value_of_the_holdout_is_judged_too(compared, split):
    spend = rm.GammaGamma.fit(split.calibration).model
    customers = split.calibration
    paid = spend.conditional_expected_spend(customers.frequency, customers.monetary_value)
    model = compared.fits["BGNBD"].model
    bought = model.conditional_expected_purchases(
        split.length, customers.frequency, customers.recency, customers.T
    )
    bias = (paid * bought).sum() / split.holdout["value"].sum() - 1
    assert compared.table.loc["BGNBD", "value_bias"] == pytest.approx(bias)


def test_choice_is_nearest_in_total_among_those_within_chance(compared):
    table = compared.table[~compared.table["naive"]]
    near = table[table["behind_low"] <= 0]
    assert compared.choice in near.index
    assert abs(near.loc[compared.choice, "bias"]) == near["bias"].abs().min()


def words_of(rows, best, choice, unusable=()):
    columns = ["behind", "behind_low", "bias", "mean_absolute_error", "alive", "expected", "naive"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table["best"], table["usable"] = table.index == best, ~table.index.isin(unusable)
    table["note"] = np.where(table["usable"], "", "not used, not converged: a slope is left")
    return Comparison(table, best, choice, {})


def test_words_name_the_choice_and_why():
    compared = words_of(
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
        "A foretold the months kept back best; B did as well, within chance; behind it in log "
        "score per customer: C (by 0.004). Of those that did as well B came nearest in total "
        "(−14% against −19%), so it is the one to use. To suppose that nobody ever leaves would be "
        "worse: the mean error of B by customer is 22% smaller. They all expected too few "
        "purchases, by 13% to 19%: customers bought more than their histories let expect."
    )
    assert compared.words_on_leaving == (
        "On what customers will do the models differ by at most 7% in total. On how many were "
        "still customers at the cut they do not agree: from 90 (A) to 190 (B). A customer who "
        "stays away and one who has left look the same."
    )


def test_a_total_that_is_hardly_nearer_decides_nothing(compared):
    table = compared.table.copy()
    table.loc[["MBGNBD", "BGNBD"], "bias"] = -0.066, -0.06
    assert chosen(table, compared.fits) == "MBGNBD"
    table.loc["BGNBD", "bias"] = -0.055
    assert chosen(table, compared.fits) == "BGNBD"


def test_words_say_where_leaving_explains_nothing():
    compared = words_of(
        {
            "A": (0.0, 0.0, 0.01, 0.8, 90, 81, False),
            "NBD": (-0.001, -0.002, 0.0, 0.8, 99, 80, True),
        },
        "A",
        "A",
    )
    assert compared.words == (
        "A was the only model tried. A did no better than to suppose that nobody leaves."
    )
    assert compared.words_on_leaving == ""


def test_words_say_what_was_not_used_and_why():
    compared = words_of(
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
        "To suppose that nobody ever leaves would be worse"
    )
    assert compared.near == ["A"]


def lose(model, monkeypatch):
    """Let every search of a model end on a slope."""
    fit = model.fit

    def without_end(customers, **kept):
        found = fit(customers, **kept)
        said = replace(found.diagnosis, grade="not converged", words="a slope is left")
        return replace(found, diagnosis=said)

    monkeypatch.setattr(model, "fit", without_end)


@pytest.fixture
def lost_pareto(monkeypatch):
    lose(rm.ParetoNBD, monkeypatch)


def test_a_fit_without_a_maximum_is_neither_best_nor_chosen(split, compared, monkeypatch):
    assert compared.best == "MBGNBD"
    lose(rm.MBGNBD, monkeypatch)
    again = rm.compare_models(split)
    assert again.best == "BGNBD"
    assert again.choice in {"BGNBD", "ParetoNBD"}
    row = again.table.loc["MBGNBD"]
    assert not row["usable"]
    assert row["log_score"] > again.table.loc["BGNBD", "log_score"]
    assert row["note"] == "not used, not converged: a slope is left"
    assert again.table.index.to_list() == ["BGNBD", "ParetoNBD", "MBGNBD", "NBD", "as before"]
    assert "MBGNBD is not used, not converged: a slope is left." in again.words
    assert again.overview.loc["MBGNBD", "Note"] == "not used, not converged"


def test_where_no_model_can_be_used_nbd_stands_in(split, lost_pareto):
    compared = rm.compare_models(split, models=["ParetoNBD"])
    assert (compared.best, compared.choice) == ("NBD", "NBD")
    assert compared.words.startswith(
        "None of the models could be used; NBD, in which nobody leaves, stands in. ParetoNBD is "
        "not used, not converged: a slope is left."
    )
    selected = compared.refit(split.calibration)
    assert list(selected.fits) == ["NBD"]
    assert selected.limit is None


def kept_back(customers, t=26.0):
    """A split whose customers go on as before: each buys at random at the own past rate."""
    rate = (customers.frequency + 0.5) / (customers.T + 10)
    bought = np.random.default_rng(5).poisson(rate * t)
    holdout = pd.DataFrame({"purchases": bought, "value": 0.0}, index=customers.table.index)
    return rm.Split(customers, holdout, t, 0, None)


def test_where_nobody_leaves_nbd_is_used_and_gives_intervals():
    customers = staying()
    compared = rm.compare_models(kept_back(customers))
    assert compared.choice == "NBD"
    assert (compared.table["note"] == "nobody leaves").sum() == 3
    assert " all end at the limit in which nobody leaves. There they say what" in compared.words
    assert compared.words_on_leaving == "In all of the models it is as likely that nobody leaves."
    assert compared.fits["NBD"].no_interval == ""
    assert (compared.overview["Behind, per 1,000"].dropna() == 0).all()
    selected = compared.refit(customers)
    assert (selected.name, list(selected.fits)) == ("NBD", ["NBD"])
    assert selected.nobody_leaves
    assert len(selected.most_leaving(0.9)) > 5
    assert "too, ends where nobody leaves; NBD says the same" in selected.words


def test_who_seemed_to_stay_may_be_seen_to_leave(cdnow):
    compared = rm.compare_models(kept_back(staying()), models=["MBGNBD", "ParetoNBD"])
    selected = compared.refit(cdnow)
    assert selected.name in {"MBGNBD", "ParetoNBD"}
    assert selected.words == (
        f"In all the data some do leave, so {selected.name} is used instead of NBD."
    )
    assert selected.most_leaving() == []


def test_a_choice_that_fails_on_all_customers_is_replaced(cdnow, compared, lost_pareto):
    chosen = replace(compared, choice="ParetoNBD").refit(cdnow)
    assert chosen.name == "MBGNBD"
    assert list(chosen.fits) == ["MBGNBD", "BGNBD"]
    assert chosen.words == (
        "ParetoNBD is not used for all customers: not converged: a slope is left."
    )


def test_the_choice_is_kept_for_all_customers(cdnow, compared):
    selected = compared.refit(cdnow)
    assert selected.name == compared.choice
    assert set(selected.fits) == set(compared.fits)
    assert selected.words == ""
    assert selected.fit.diagnosis.grade == "converged"


def test_one_that_can_say_how_sure_it_is_goes_first(compared):
    name = compared.choice
    fit = compared.fits[name]
    open_ = replace(fit.diagnosis, grade="at infinity", words="a and b run off", loose=("a", "b"))
    fits = compared.fits | {name: replace(fit, diagnosis=open_)}
    assert fits[name].no_interval
    assert chosen(compared.table, fits) != name
    alone = compared.table[compared.table["naive"] | (compared.table.index == name)]
    assert chosen(alone, fits) == name
    unsure = replace(compared, table=alone, fits=fits, best=name)
    assert "How sure its numbers are cannot be said (at infinity: a and b" in unsure.words


def test_the_true_model_wins_where_models_differ():
    """Customers who leave at once are told from those who never do by Pareto/NBD's rival."""
    truth = rm.ParetoNBD(0.8, 4.0, 0.5, 1.0)
    x, t_x, T = truth.simulate(np.full(4000, 40.0), seed=4)
    t_x = np.ceil(t_x)  # few distinct histories
    table = pd.DataFrame({"frequency": x, "recency": t_x, "T": T})
    alive = np.random.default_rng(7).random(len(x)) < truth.p_alive(x, t_x, T)
    bought = alive * truth.living(x, T).simulate(np.full(len(x), 40.0), seed=5)[0]
    holdout = pd.DataFrame({"purchases": bought.astype(int), "value": 0.0})
    split = rm.Split(rm.CustomerSummary(table, unit="week"), holdout, 40.0, 0, None)
    compared = rm.compare_models(split, models=[rm.BGNBD, "ParetoNBD"])
    assert compared.best == "ParetoNBD"
    assert compared.table.loc["BGNBD", "behind_low"] > 0


def test_unknown_models_are_named(split):
    with pytest.raises(rm.ParameterError, match="Did you mean 'ParetoNBD'"):
        rm.compare_models(split, models=["ParetoNDB"])
    with pytest.raises(rm.ParameterError, match="no model of purchases 'GammaGamma'"):
        rm.compare_models(split, models=["GammaGamma"])
    with pytest.raises(rm.ParameterError, match="at least one model"):
        rm.compare_models(split, models=[])


def test_one_name_is_enough_and_a_split_is_needed(split):
    assert rm.compare_models(split, models="BGNBD").best == "BGNBD"
    with pytest.raises(rm.ParameterError, match=r"on a Split.*found CustomerSummary"):
        rm.compare_models(split.calibration)
