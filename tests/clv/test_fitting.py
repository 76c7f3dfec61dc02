"""Fits of the ordinary kind and of every kind of trouble, and what they say of themselves."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

import relmark_research as rm
from relmark_research.clv.estimation.likelihood import Likelihood
from relmark_research.errors import DataError, ParameterError


def simulated(model, n, T, seed=1):
    x, t_x, T = model.simulate(np.full(n, float(T)), seed=seed)
    return pd.DataFrame({"frequency": x, "recency": t_x, "T": T})


@pytest.fixture(scope="module")
def alike():
    """Customers who all leave with the same chance, one in four."""
    return rm.BGNBD.fit(simulated(rm.BGNBD(0.5, 4.0, 1e5, 3e5), 3000, 40))


@pytest.fixture(scope="module")
def few():
    return rm.BGNBD.fit(simulated(rm.BGNBD(0.5, 4.0, 0.8, 2.4), 60, 10, seed=2))


def test_search_from_a_sample_ends_where_a_whole_search_does():
    table = simulated(rm.BGNBD(0.243, 4.414, 0.793, 2.426), 15_000, 39)
    fit = rm.BGNBD.fit(table)
    assert len(fit.likelihood.weights) > 2000
    slope = np.abs(fit.likelihood.at(np.log(fit.model.values)).gradient).max()
    assert slope < 1e-6
    other = optimize.minimize(
        lambda logs: -fit.likelihood.at(logs).value,
        np.log(fit.model.values) + 0.3,
        jac=lambda logs: -fit.likelihood.at(logs).gradient,
        method="BFGS",
    )
    np.testing.assert_allclose(np.exp(other.x), fit.model.values, rtol=1e-4)


def test_a_chance_that_all_share_is_at_infinity_and_its_mean_is_told(alike):
    said = alike.diagnosis
    assert said.grade == "at infinity"
    assert said.loose == ("a", "b")
    assert "a and b run off to infinity together" in said.words
    assert "only a / (a + b) is told by the data" in said.words
    table = alike.summary()
    assert np.isnan(table.loc[["a", "b"], "standard_error"]).all()
    assert np.isinf(table.loc[["a", "b"], "high"]).all()
    assert (table.loc[["a", "b"], "basis"] == "profile").all()
    ratio = table.loc["a / (a + b)"]
    assert ratio["low"] < 0.25 < ratio["high"]
    assert 0 < ratio["standard_error"] < 0.02
    assert table.loc["r", "standard_error"] < 0.03


def test_a_rate_that_all_share_is_at_infinity():
    fit = rm.BGNBD.fit(simulated(rm.BGNBD(1e4, 4e4, 0.8, 2.4), 2000, 40, seed=2))
    assert fit.diagnosis.grade == "at infinity"
    assert "only r / alpha" in fit.diagnosis.words
    ratio = fit.ratios().loc["r / alpha"]
    assert ratio["low"] < 0.25 < ratio["high"]


def test_forecast_of_a_fit_at_infinity_has_a_sober_interval(alike):
    table = simulated(rm.BGNBD(0.5, 4.0, 1e5, 3e5), 3000, 40)
    customers = rm.CustomerSummary(table, unit="week")
    with pytest.warns(UserWarning, match=r"BGNBD's intervals rest on a / \(a \+ b\) alone"):
        ahead = rm.forecast(alike, customers, horizon="9 weeks", level=0.95)
    width = ahead["expected_purchases_high"] / ahead["expected_purchases_low"]
    assert 1 < width.median() < 1.3


def test_flat_parameters_get_profile_intervals(few):
    assert few.diagnosis.grade == "flat"
    assert "intervals are from the likelihood's profile" in few.diagnosis.words
    interval = few.interval()
    profile = few.profile("a")
    assert (interval.loc["a"] == [profile.low, profile.high]).all()
    assert profile.low < few.model.a < profile.high


def test_never_tells_to_try_a_larger_penalizer(alike, few):
    for fit in (alike, few):
        assert "penal" not in fit.diagnosis.words


def test_profile_ends_where_the_likelihood_has_fallen_by_half_a_quantile(bought):
    found = bought.profile("b", level=0.9)
    logs = np.log(bought.model.values)
    for end in (found.low, found.high):
        start = np.append(logs[:3], np.log(end))
        best = optimize.minimize(
            lambda free, end=start[3]: -bought.likelihood.at(np.append(free, end)).value,
            start[:3], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-9},
        )  # fmt: skip
        assert bought.log_likelihood + best.fun == pytest.approx(2.705543 / 2, abs=1e-4)
    assert found.low < bought.model.b < found.high
    assert (found.fall >= -1e-9).all()


def test_profile_refuses_what_it_cannot_follow(bought):
    with pytest.raises(ParameterError, match="one of r, alpha, a, b; found 'beta'"):
        bought.profile("beta")
    with pytest.raises(ParameterError, match="a level is a probability"):
        bought.profile("a", level=95)
    with pytest.raises(ParameterError, match="needs the data"):
        rm.Fit.from_json(bought.to_json()).profile("a")


def test_json_keeps_a_fit(bought, alike):
    for fit in (bought, alike):
        read = rm.Fit.from_json(fit.to_json())
        assert read.model == fit.model
        assert read.diagnosis == fit.diagnosis
        np.testing.assert_array_equal(read.covariance, fit.covariance)
        pd.testing.assert_frame_equal(read.summary(), fit.summary())
        assert read.to_json() == fit.to_json()
    assert json.loads(bought.to_json())["unit"] == "week"


def test_json_is_strict_and_keeps_what_is_infinite(alike):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    content = json.loads(alike.to_json(), parse_constant=refuse)
    assert content["kept"]["a"][1] == "inf"
    assert rm.Fit.from_json(alike.to_json()).interval().loc["a", "high"] == np.inf
    endless = replace(alike, diagnosis=replace(alike.diagnosis, condition=np.inf))
    assert rm.Fit.from_json(endless.to_json()).diagnosis.condition == np.inf
    before = alike.to_json().replace('"inf"', "Infinity")  # as it was once written
    assert rm.Fit.from_json(before).to_json() == alike.to_json()


def test_json_of_something_else_is_refused(bought):
    content = json.loads(bought.to_json())
    model = {key: value for key, value in content["parameters"].items() if key != "b"}
    for said, text in {
        "cannot be read as JSON": "not json",
        "found a list": "[1, 2]",
        "found an object with 'title', 'runs'": json.dumps({"title": "x", "runs": 3}),
        "no model 'BGNBDD'.*Did you mean 'BGNBD'": json.dumps({**content, "model": "BGNBDD"}),
        "the fit has no 'covariance'": json.dumps(
            {key: value for key, value in content.items() if key != "covariance"}
        ),
        "has the shape": json.dumps({**content, "covariance": [[1.0]]}),
        "cannot be read .*missing 1 required": json.dumps({**content, "parameters": model}),
        "cannot be read .*no grade 'fine'": json.dumps(
            {**content, "diagnosis": {**content["diagnosis"], "grade": "fine"}}
        ),
        "cannot be read .*float": json.dumps({**content, "log_likelihood": None}),
    }.items():
        with pytest.raises((DataError, ParameterError), match=said):
            rm.Fit.from_json(text)


def test_kept_profile_is_not_passed_off_for_another_level(alike):
    read = rm.Fit.from_json(alike.to_json())
    assert np.isnan(read.interval(level=0.5).loc["a"]).all()


def test_penalty_is_in_no_unit_and_not_in_the_likelihood():
    weeks = simulated(rm.BGNBD(0.5, 4.0, 0.8, 2.4), 60, 10, seed=2)
    weeks = weeks.assign(recency=np.ceil(weeks["recency"] * 7) / 7)
    days = weeks.assign(recency=weeks["recency"] * 7, T=weeks["T"] * 7)
    by_week, by_day = (rm.BGNBD.fit(table, penalty=0.5) for table in (weeks, days))
    longer = np.array([1, 7, 1, 1])
    np.testing.assert_allclose(by_day.model.values, by_week.model.values * longer, rtol=1e-8)
    at_best = by_week.model.log_likelihood(*weeks.to_numpy().T).sum()
    assert by_week.log_likelihood == pytest.approx(at_best, rel=1e-12)
    plain = rm.BGNBD.fit(weeks)
    assert by_week.log_likelihood < plain.log_likelihood
    with pytest.raises(ParameterError, match="found -1"):
        rm.BGNBD.fit(weeks, penalty=-1)
    for penalty, said in {"1": "found the text '1'", np.inf: "found inf", None: "None"}.items():
        with pytest.raises(ParameterError, match=f"a penalty's weight is a finite .*{said}"):
            rm.BGNBD.fit(weeks, penalty=penalty)
    with pytest.raises(ParameterError, match=r"a level is a probability .*found the text '0.95'"):
        plain.interval("0.95")


def test_one_customer_and_no_repeats_are_refused():
    one = pd.DataFrame({"frequency": [2], "recency": [3.0], "T": [9.0]})
    with pytest.raises(DataError, match=r"BGNBD.*needs at least 2; found 1"):
        rm.BGNBD.fit(one)
    silent = pd.DataFrame({"frequency": [0, 0], "recency": [0.0, 0.0], "T": [9.0, 8.0]})
    with pytest.raises(DataError, match="none of 2 customers bought again"):
        rm.BGNBD.fit(silent)


class Stuck(rm.BGNBD):
    """A likelihood that falls in every direction from a start that is no maximum by its slope."""

    @classmethod
    def summed(cls, data, weights):
        start = cls.start(*data, weights=weights).values

        def at(values):
            off = np.log(values / start)
            return -float(np.abs(off).sum()), np.ones(4) / values, np.zeros((4, 4))

        return at


def test_a_search_that_cannot_leave_its_start_says_so(cdnow):
    fit = Stuck.fit(cdnow)
    assert fit.diagnosis.grade == "did not move"
    assert "no step from the start was better" in fit.diagnosis.words


class Walled(rm.BGNBD):
    """A likelihood that is not a number where the search would begin, but is a step away."""

    @classmethod
    def summed(cls, data, weights):
        plain = super().summed(data, weights)
        start = cls.start(*data, weights=weights).values
        broken = (np.nan, np.full(4, np.nan), np.full((4, 4), np.nan))
        return lambda values: broken if np.allclose(values, start) else plain(values)


def test_other_starts_are_tried_where_the_first_fails(cdnow, bought):
    fit = Walled.fit(cdnow)
    np.testing.assert_allclose(fit.model.values, bought.model.values, rtol=1e-7)
    assert fit.diagnosis.grade == "converged"


def test_sample_stands_for_the_whole(bought):
    sample = bought.likelihood.sample(500)
    assert sample.customers == 500
    whole = bought.likelihood.at(np.log(bought.model.values)).value / 2357
    part = sample.at(np.log(bought.model.values)).value / 500
    assert part == pytest.approx(whole, rel=0.01)


def test_criteria(bought):
    assert bought.aic == pytest.approx(2 * 9582.4292 + 8, abs=1e-3)
    assert bought.bic == pytest.approx(2 * 9582.4292 + 4 * np.log(2357), abs=1e-3)


def test_draws_spread_as_the_covariance_says(bought):
    logs = np.log([model.values for model in bought.draws(4000, seed=3)])
    np.testing.assert_allclose(np.cov(logs.T), bought.log_covariance, atol=0.01)
    again = bought.draws(2, seed=3)
    assert again == bought.draws(2, seed=3)
    for n in (-1, 0, 2.5, "9"):
        with pytest.raises(ParameterError, match="number of draws must be a whole number, 1 or"):
            bought.draws(n, seed=3)


def test_penalised_surface_has_the_slopes_it_says(cdnow):
    history = cdnow.frequency, cdnow.recency, cdnow.T
    surface = Likelihood(rm.BGNBD, history, cdnow.weights, penalty=3.0)
    at, steps = np.log([0.3, 5, 0.7, 2.0]), np.eye(4) * 1e-5
    point = surface.at(at)
    slope = [(surface.at(at + s).value - surface.at(at - s).value) / 2e-5 for s in steps]
    bend = [(surface.at(at + s).gradient - surface.at(at - s).gradient) / 2e-5 for s in steps]
    np.testing.assert_allclose(point.gradient, slope, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(point.hessian, bend, rtol=1e-6, atol=1e-4)
